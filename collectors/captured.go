package collectors

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/evidence"
)

// filterPort searches log groups.
type filterPort struct {
	FilterLogEvents func(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

const (
	capturedSpan  = 24 * time.Hour
	capturedPages = 10 // pages may be empty: AWS searches for a while and hands over what it has
	capturedTasks = 100
	actionEntries = 50
)

// search reads what a log group of the last 24 hours holds that fits a pattern, the newest last.
func (w *Wave) search(ctx context.Context, group, pattern string) (events []logstypes.FilteredLogEvent, more bool, from answer, err error) {
	start := w.serverTime().Add(-capturedSpan).UnixMilli()
	more, err = paged(capturedPages, func(token *string) (*string, error) {
		out, f, err := call(ctx, w.ports.filter.FilterLogEvents, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, FilterPattern: &pattern, StartTime: aws.Int64(start), NextToken: token})
		from = f
		if err != nil {
			return nil, err
		}
		events = append(events, out.Events...)
		return out.NextToken, nil
	})
	return events, more, from, err
}

// capturedTasksOf reads the tasks that stopped from the events which ECS puts into a log group of the cluster where event
// capture is on: the state changes that EventBridge got, whole (ECS developer guide, "Event capture").
func capturedTasksOf(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		cluster, service := head(k.ID), tail(k.ID)
		pattern := fmt.Sprintf(`{ ($.detail.lastStatus = "STOPPED") && ($.detail.group = "%s%s") }`, servicePrefix, service)
		events, more, from, err := w.search(ctx, evidence.CapturedGroup(cluster), pattern)
		switch {
		case is(err, "ResourceNotFoundException"):
			w.absent(k, from)
			return
		case err != nil:
			w.gap(from, err, k)
			return
		}
		seen := map[string]evidence.Task{}
		for _, e := range events {
			if t, ok := toCaptured(cluster, str(e.Message)); ok && t.Group == servicePrefix+service && t.LastStatus == "STOPPED" {
				seen[t.ID] = t
			}
		}
		list := evidence.TaskList{Tasks: []evidence.Task{}, Truncated: more, How: "captured events in log group " + evidence.CapturedGroup(cluster)}
		for _, t := range seen {
			list.Tasks = append(list.Tasks, t)
		}
		slices.SortFunc(list.Tasks, func(a, b evidence.Task) int { return strings.Compare(a.ID, b.ID) })
		newestFirst(list.Tasks, func(t evidence.Task) evidence.Moment { return t.StoppedAt })
		if len(list.Tasks) > capturedTasks {
			list.Tasks, list.Truncated = list.Tasks[:capturedTasks], true
		}
		w.found(k, from, list)
	})
}

// toCaptured reads one event "ECS Task State Change". Its detail is a task as DescribeTasks shows it, with times in words
// and names in lower camel case (ECS developer guide, "Amazon ECS task state change events").
func toCaptured(cluster, message string) (evidence.Task, bool) {
	var event struct {
		Type   string          `json:"detail-type"`
		Detail json.RawMessage `json:"detail"`
	}
	if json.Unmarshal([]byte(message), &event) != nil || event.Type != "ECS Task State Change" {
		return evidence.Task{}, false
	}
	var t taskEvent
	if json.Unmarshal(event.Detail, &t) != nil {
		return evidence.Task{}, false
	}
	return toTask(cluster, t.task()), true
}

// taskEvent is the detail of an event about a task.
type taskEvent struct {
	TaskArn, ClusterArn, Group, StartedBy, TaskDefinitionArn, LastStatus, DesiredStatus, StopCode, StoppedReason, LaunchType, CapacityProviderName,
	PlatformVersion, AvailabilityZone, Cpu, Memory string
	EnableExecuteCommand                                                                          bool
	CreatedAt, PullStartedAt, PullStoppedAt, StartedAt, StoppingAt, StoppedAt, ExecutionStoppedAt *time.Time
	Attachments                                                                                   []attachmentEvent
	Containers                                                                                    []containerEvent
	Overrides                                                                                     struct{ ExecutionRoleArn, TaskRoleArn string }
}

type attachmentEvent struct {
	Type, Status string
	Details      []struct{ Name, Value string }
}

type containerEvent struct {
	Name, Image, ImageDigest, RuntimeId, LastStatus, Reason, HealthStatus string
	ExitCode                                                              *int32
	NetworkInterfaces                                                     []struct{ PrivateIpv4Address string }
}

// task is the event's task in the shape of DescribeTasks. Names match without regard to case; an empty text is none.
func (t taskEvent) task() types.Task {
	out := types.Task{TaskArn: given(t.TaskArn), ClusterArn: given(t.ClusterArn), Group: given(t.Group), StartedBy: given(t.StartedBy), TaskDefinitionArn: given(t.TaskDefinitionArn),
		LastStatus: given(t.LastStatus), DesiredStatus: given(t.DesiredStatus), StopCode: types.TaskStopCode(t.StopCode), StoppedReason: given(t.StoppedReason),
		LaunchType: types.LaunchType(t.LaunchType), CapacityProviderName: given(t.CapacityProviderName), PlatformVersion: given(t.PlatformVersion),
		AvailabilityZone: given(t.AvailabilityZone), Cpu: given(t.Cpu), Memory: given(t.Memory), EnableExecuteCommand: t.EnableExecuteCommand,
		CreatedAt: t.CreatedAt, PullStartedAt: t.PullStartedAt, PullStoppedAt: t.PullStoppedAt, StartedAt: t.StartedAt, StoppingAt: t.StoppingAt,
		StoppedAt: t.StoppedAt, ExecutionStoppedAt: t.ExecutionStoppedAt}
	if t.Overrides.ExecutionRoleArn != "" || t.Overrides.TaskRoleArn != "" {
		out.Overrides = &types.TaskOverride{ExecutionRoleArn: given(t.Overrides.ExecutionRoleArn), TaskRoleArn: given(t.Overrides.TaskRoleArn)}
	}
	for _, a := range t.Attachments {
		att := types.Attachment{Type: given(a.Type), Status: given(a.Status)}
		for _, d := range a.Details {
			att.Details = append(att.Details, types.KeyValuePair{Name: given(d.Name), Value: given(d.Value)})
		}
		out.Attachments = append(out.Attachments, att)
	}
	for _, c := range t.Containers {
		con := types.Container{Name: given(c.Name), Image: given(c.Image), ImageDigest: given(c.ImageDigest), RuntimeId: given(c.RuntimeId), LastStatus: given(c.LastStatus),
			Reason: given(c.Reason), HealthStatus: types.HealthStatus(c.HealthStatus), ExitCode: c.ExitCode}
		for _, n := range c.NetworkInterfaces {
			con.NetworkInterfaces = append(con.NetworkInterfaces, types.NetworkInterface{PrivateIpv4Address: given(n.PrivateIpv4Address)})
		}
		out.Containers = append(out.Containers, con)
	}
	return out
}

func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// actionLogs reads the warnings and errors of ECS Action Logs about one service, where the cluster sends them to the log
// group that the console gives them (ECS developer guide, "Action Logs"). Sent elsewhere they are not found.
func actionLogs(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		events, more, from, err := w.search(ctx, evidence.ActionGroup(head(k.ID)), `{ ($.logLevel = "ERROR") || ($.logLevel = "WARN") }`)
		switch {
		case is(err, "ResourceNotFoundException"):
			w.absent(k, from)
			return
		case err != nil:
			w.gap(from, err, k)
			return
		}
		v := evidence.ActionLog{Entries: []evidence.ActionEntry{}, Truncated: more}
		for _, e := range events {
			if entry, ok := toActionEntry(k.ID, str(e.Message)); ok {
				v.Entries = append(v.Entries, entry)
			}
		}
		newestFirst(v.Entries, func(e evidence.ActionEntry) evidence.Moment { return e.At })
		if len(v.Entries) > actionEntries {
			v.Entries, v.Truncated = v.Entries[:actionEntries], true
		}
		w.found(k, from, v)
	})
}

func toActionEntry(service, message string) (evidence.ActionEntry, bool) {
	var e struct {
		Timestamp      int64
		LogLevel       string
		ActionSourceId string
		EventName      string
		Detail         any
	}
	if json.Unmarshal([]byte(message), &e) != nil || !strings.HasSuffix(e.ActionSourceId, "service/"+service) {
		return evidence.ActionEntry{}, false
	}
	out := evidence.ActionEntry{At: millis(&e.Timestamp), Level: evidence.Clean(e.LogLevel), Event: evidence.Clean(e.EventName)}
	texts(e.Detail, &out.Texts)
	slices.SortStableFunc(out.Texts, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
	return out, true
}

// texts gathers every text below v that is more than a name.
func texts(v any, out *[]string) {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, " ") && len(v) <= maxLine && len(*out) < actionEntries {
			*out = append(*out, evidence.Redact(evidence.Clean(v)))
		}
	case []any:
		for _, x := range v {
			texts(x, out)
		}
	case map[string]any:
		for _, x := range v {
			texts(x, out)
		}
	}
}
