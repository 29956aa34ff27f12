package collectors

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/evidence"
)

const (
	taskBatch      = 100
	maxTaskPages   = 10 // of ListTasks for one service: 1000 tasks
	waveTaskPages  = 40 // of ListTasks for all services of one wave
	servicePrefix  = "service:"
	familyFallback = "ecs:ListTasks by family %s, kept group service:%s (listing by service name gave none)"
)

func tasks(ctx context.Context, w *Wave, keys []evidence.Key) {
	grouped(ctx, keys, head, func(ctx context.Context, cluster string, keys []evidence.Key) {
		w.batches(ctx, keys, taskBatch, func(ctx context.Context, keys []evidence.Key) (answer, error) {
			out, from, err := w.describeTasks(ctx, cluster, ids(keys, tail))
			if is(err, "ClusterNotFoundException") {
				for _, k := range keys {
					w.absent(k, from)
				}
				return from, nil
			}
			if err != nil {
				return from, err
			}
			got := map[string]types.Task{}
			for _, t := range out.Tasks {
				got[last(str(t.TaskArn))] = t
			}
			for _, k := range keys {
				if t, ok := got[tail(k.ID)]; ok {
					w.found(k, from, toTask(cluster, t))
				} else {
					w.failed(k, from, tail(k.ID), out.Failures)
				}
			}
			return from, nil
		})
	})
}

func (w *Wave) describeTasks(ctx context.Context, cluster string, tasks []string) (*ecs.DescribeTasksOutput, answer, error) {
	return call(ctx, w.ports.ecs.DescribeTasks, &ecs.DescribeTasksInput{
		Cluster: &cluster, Tasks: tasks, Include: []types.TaskField{types.TaskFieldTags}})
}

func stoppedTasks(ctx context.Context, w *Wave, keys []evidence.Key) {
	taskLists(ctx, w, keys, types.DesiredStatusStopped)
}

func runningTasks(ctx context.Context, w *Wave, keys []evidence.Key) {
	taskLists(ctx, w, keys, types.DesiredStatusRunning)
}

// listing is the way to the tasks of one service.
type listing struct {
	key   evidence.Key
	arns  []string
	more  bool
	how   string
	group string // keep only tasks of this group; "" = all

	standalone bool // keep only tasks of no service
}

// taskLists lists the tasks of each service, then describes all tasks of a cluster together.
func taskLists(ctx context.Context, w *Wave, keys []evidence.Key, status types.DesiredStatus) {
	pages := max(1, min(maxTaskPages, waveTaskPages/len(keys)))
	grouped(ctx, keys, head, func(ctx context.Context, cluster string, keys []evidence.Key) {
		var mu sync.Mutex
		var lists []listing
		each(ctx, keys, func(ctx context.Context, k evidence.Key) {
			if l, ok := w.listService(ctx, k, status, pages); ok {
				mu.Lock()
				defer mu.Unlock()
				lists = append(lists, l)
			}
		})
		w.fillLists(ctx, cluster, lists)
	})
}

// listService finds the task ARNs of one service; ok is false where the key has been answered on the way.
//
// AWS documents serviceName and desiredStatus of ecs:ListTasks as filters that combine. Reports differ whether stopped
// tasks of a service are found that way. Where none are found and the service looks sick, they are looked for by task
// definition family, which also matches tasks of others: their group tells them apart.
func (w *Wave) listService(ctx context.Context, k evidence.Key, status types.DesiredStatus, pages int) (listing, bool) {
	cluster, service := head(k.ID), tail(k.ID)
	l := listing{key: k, how: "ecs:ListTasks by service name"}
	arns, more, from, err := w.listTasks(ctx, ecs.ListTasksInput{Cluster: &cluster, ServiceName: &service, DesiredStatus: status}, pages)
	switch {
	case is(err, "ClusterNotFoundException", "ServiceNotFoundException"):
		w.absent(k, from)
		return l, false
	case err != nil:
		w.gap(from, err, k)
		return l, false
	}
	l.arns, l.more = arns, more
	if len(arns) == 0 && status == types.DesiredStatusStopped {
		families := w.sickFamilies(ctx, cluster, service)
		if len(families) > 0 {
			l.group = servicePrefix + service
			l.how = fmt.Sprintf(familyFallback, strings.Join(families, ", "), service)
		}
		for _, f := range families {
			arns, more, famFrom, err := w.listTasks(ctx, ecs.ListTasksInput{Cluster: &cluster, Family: &f, DesiredStatus: status}, max(1, pages/len(families)))
			if err != nil {
				w.gap(famFrom, err, k)
				return l, false
			}
			from, l.arns, l.more = famFrom, append(l.arns, arns...), l.more || more
		}
	}
	if len(l.arns) == 0 {
		w.found(k, from, evidence.TaskList{How: l.how, Truncated: l.more})
		return l, false
	}
	return l, true
}

func (w *Wave) listTasks(ctx context.Context, in ecs.ListTasksInput, pages int) (arns []string, more bool, from answer, err error) {
	in.MaxResults = aws.Int32(listPage)
	more, err = paged(pages, func(token *string) (*string, error) {
		in := in
		in.NextToken = token
		out, f, err := call(ctx, w.ports.ecs.ListTasks, &in)
		from = f
		if err != nil {
			return nil, err
		}
		arns = append(arns, out.TaskArns...)
		return out.NextToken, nil
	})
	return arns, more, from, err
}

// steadyEvent is the last thing that a service says when it has come to rest.
const steadyEvent = "has reached a steady state."

// sickFamilies are the task definition families of a service that does not run as it should, as far as this wave or an
// earlier one has read it; none for a service that looks well. Counts alone do not tell: between two crashes all tasks run.
func (w *Wave) sickFamilies(ctx context.Context, cluster, service string) []string {
	w.await(ctx, evidence.KindService)
	it, state := w.store.Lookup(evidence.ServiceKey(cluster, service).Key)
	s, ok := it.Value.(evidence.Service)
	if state != evidence.Found || !ok {
		return nil
	}
	sick := s.Running < s.Desired || restless(s.Events)
	revisions := []string{s.TaskDefinition}
	for _, d := range s.Deployments {
		sick = sick || d.Failed > 0
		revisions = append(revisions, d.TaskDefinition)
	}
	if !sick {
		return nil
	}
	var families []string
	for _, r := range revisions {
		if f, _, _ := strings.Cut(r, ":"); f != "" && !slices.Contains(families, f) {
			families = append(families, f)
		}
	}
	return families
}

// restless reports whether a service's last word is not that it has come to rest, or whether it started tasks three times and more within the
// hour before: it may come to rest between two crashes.
func restless(events []evidence.ServiceEvent) bool {
	if len(events) == 0 {
		return false
	}
	starts := 0
	for _, e := range events {
		if strings.Contains(e.Message, ") has started ") && events[0].At.Sub(e.At) < time.Hour {
			starts++
		}
	}
	return starts >= 3 || !strings.HasSuffix(events[0].Message, steadyEvent)
}

// fillLists describes the tasks of all lists of one cluster in full batches and answers their keys.
func (w *Wave) fillLists(ctx context.Context, cluster string, lists []listing) {
	owners := map[string][]evidence.Key{} // task id -> the keys it was listed for
	var arns []string
	for _, l := range lists {
		for _, a := range l.arns {
			if owners[last(a)] == nil {
				arns = append(arns, a)
			}
			owners[last(a)] = append(owners[last(a)], l.key)
		}
	}
	slices.Sort(arns) // so that runs repeat
	var mu sync.Mutex
	described, answers, gapped := map[string]types.Task{}, map[evidence.Key]answer{}, map[evidence.Key]bool{}
	each(ctx, slices.Collect(slices.Chunk(arns, taskBatch)), func(ctx context.Context, chunk []string) {
		out, from, err := w.describeTasks(ctx, cluster, chunk)
		mu.Lock()
		defer mu.Unlock()
		forget := map[string]bool{} // stopped so long ago that AWS forgot them since the list
		if err == nil {
			for _, t := range out.Tasks {
				described[last(str(t.TaskArn))] = t
			}
			for _, f := range out.Failures {
				if str(f.Reason) == reasonMissing {
					forget[last(str(f.Arn))] = true
				} else {
					err = ecsFailure{f}
				}
			}
		}
		for _, a := range chunk {
			id := last(a)
			_, there := described[id]
			for _, k := range owners[id] {
				answers[k] = from
				switch {
				case there || forget[id]:
				case err != nil:
					gapped[k] = true
					w.gap(from, err, k)
				default:
					gapped[k] = true
					w.missing(k, from)
				}
			}
		}
	})
	for _, l := range lists {
		if gapped[l.key] {
			continue
		}
		list := evidence.TaskList{How: l.how, Truncated: l.more}
		for _, a := range l.arns {
			if t, ok := described[last(a)]; ok && (l.group == "" || str(t.Group) == l.group) && !(l.standalone && strings.HasPrefix(str(t.Group), servicePrefix)) {
				list.Tasks = append(list.Tasks, toTask(cluster, t))
			}
		}
		newestFirst(list.Tasks, func(t evidence.Task) evidence.Moment {
			if t.StoppedAt.Known {
				return t.StoppedAt
			}
			return t.CreatedAt
		})
		w.found(l.key, answers[l.key], list)
	}
}
