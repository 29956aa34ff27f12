package lab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// starter is an EventBridge rule or a schedule of EventBridge Scheduler: it starts tasks at its times.
type starter struct {
	id       string // rule NAME or schedule GROUP/NAME, as ecsplain writes them after their kind
	service  string // events, scheduler
	source   string // ARN that the service names when it takes a role on
	table    timetable
	since    time.Time // when a rate began
	from, to time.Time // a schedule's dates; zero = none
	on       bool
	window   time.Duration // of a flexible schedule
	targets  []runTarget

	rule     *rule
	schedule *schedule

	plan  int // counts changes: what was planned before the last one does nothing
	fired []firing
}

// runTarget is what a starter calls. Without a task definition it is something that the lab does not have.
type runTarget struct {
	role  string // ARN
	input ecs.RunTaskInput
}

// firing is one time at which a starter did its work.
type firing struct {
	at      time.Time
	refused string // why nothing was started; "" = RunTask answered
	tasks   []*task
}

func (s *starter) principal() string { return s.service + ".amazonaws.com" }

// next is when it fires next after a moment.
func (s *starter) next(after time.Time) (time.Time, bool) {
	if !s.on {
		return time.Time{}, false
	}
	if after.Before(s.from) {
		after = s.from.Add(-time.Second)
	}
	at, ok := s.table.next(after, s.since)
	return at, ok && (s.to.IsZero() || !at.After(s.to))
}

// replan is called after every change: the next time is planned and what was planned is not done.
func (w *World) replan(s *starter) {
	s.plan++
	plan := s.plan
	at, ok := s.next(w.now)
	if !ok {
		return
	}
	late := w.about(10 * time.Second) // both services fire within the minute
	if s.window > 0 {
		late = time.Duration(w.rng.Int64N(int64(s.window)))
	}
	w.after(at.Sub(w.now)+late, func() {
		if s.plan == plan {
			w.fire(s)
			w.replan(s)
		}
	})
}

// fire calls every target once. Refusals of permissions and of wrong parameters are not tried again (EventBridge user guide, "Event retry
// policy": an event is not delivered again where the target refuses for want of permissions or is gone).
func (w *World) fire(s *starter) {
	for _, t := range s.targets {
		f := firing{at: w.now}
		if t.input.TaskDefinition != nil {
			f = w.invoke(s, t)
		}
		s.fired = append(s.fired[max(0, len(s.fired)-99):], f)
		w.countStart(s, f)
	}
	if s.service == "events" {
		w.countOne("AWS/Events", "TriggeredRules", "RuleName="+s.id)
	}
	if x := s.schedule; x != nil && !s.table.once.IsZero() && x.ActionAfterCompletion == "DELETE" {
		w.dropStarter(s)
	}
}

// invoke takes the target's role on and calls RunTask with it.
func (w *World) invoke(s *starter, t runTarget) firing {
	f := firing{at: w.now}
	role := lastPart(t.role)
	if ok, _ := w.canAssumeFor(role, s.principal(), s.source); !ok {
		f.refused = "AccessDenied: " + s.principal() + " may not assume " + t.role
		return f
	}
	in := t.input
	in.StartedBy = aws.String(s.startedBy())
	session := w.newHex(32)
	out, err := w.runWith(role, session, in)
	call := wire.Call{Service: "ecs", Operation: "RunTask", Region: w.Region, Input: &in, Time: w.now, RequestID: w.newUUID(), UserAgent: s.principal()}
	var answer map[string]any // nil where nothing was started
	if err != nil {
		call.Code, call.Message = err.Code, err.Message
		f.refused = err.Error()
	} else {
		f.tasks, answer = w.runAnswer(out)
	}
	w.keep(call, w.sessionCaller(role, session, s.principal()), answer)
	return f
}

// startedBy names the starter to ECS, which takes 36 characters.
func (s *starter) startedBy() string {
	name := "events-rule/" + s.id
	if s.schedule != nil {
		name = "chronos-schedule/" + aws.ToString(s.schedule.Name)
	}
	return name[:min(len(name), 36)]
}

// runWith is RunTask called by a session of a role: permissions first, then the call.
func (w *World) runWith(role, session string, in ecs.RunTaskInput) (*ecs.RunTaskOutput, *wire.Error) {
	who := fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", w.Partition, w.Account, role, session)
	denied := func(action, resource string, keys map[string]string) *wire.Error {
		r := w.authorizeCall(role, action, resource, keys)
		if r.Allowed {
			return nil
		}
		return wire.Errorf("AccessDenied", "User: %s is not authorized to perform: %s on resource: %s %s", who, action, resource, r.Reason)
	}
	arn := aws.ToString(in.TaskDefinition)
	def := w.findDefinition(defKey(in.TaskDefinition))
	if def != nil {
		arn = aws.ToString(def.TaskDefinitionArn)
	}
	if err := denied("ecs:RunTask", arn, map[string]string{"ecs:cluster": aws.ToString(in.Cluster)}); err != nil {
		return nil, err
	}
	if def != nil {
		for _, passed := range []*string{def.ExecutionRoleArn, def.TaskRoleArn} {
			if passed == nil || *passed == "" {
				continue
			}
			if err := denied("iam:PassRole", *passed, map[string]string{"iam:passedtoservice": "ecs-tasks.amazonaws.com"}); err != nil {
				return nil, err
			}
		}
	}
	out, err := w.run(&in)
	if err == nil {
		return out, nil
	}
	if e, ok := err.(*wire.Error); ok {
		return nil, e
	}
	return nil, wire.Errorf("ServerException", "%s", err.Error())
}

// runAnswer takes apart what RunTask answered: the tasks, and what CloudTrail keeps of the answer.
func (w *World) runAnswer(out *ecs.RunTaskOutput) (tasks []*task, answer map[string]any) {
	shown, failures := []any{}, []any{}
	for _, t := range out.Tasks {
		tasks = append(tasks, w.tasks[lastPart(aws.ToString(t.TaskArn))])
		shown = append(shown, map[string]any{"taskArn": aws.ToString(t.TaskArn), "lastStatus": aws.ToString(t.LastStatus), "startedBy": aws.ToString(t.StartedBy)})
	}
	for _, f := range out.Failures {
		failures = append(failures, map[string]any{"arn": aws.ToString(f.Arn), "reason": aws.ToString(f.Reason)})
	}
	return tasks, map[string]any{"tasks": shown, "failures": failures}
}

// sessionCaller is a service that acts with a role, as CloudTrail shows it.
func (w *World) sessionCaller(role, session, service string) trailCaller {
	r := w.roles[role]
	return trailCaller{name: session, address: service, identity: map[string]any{
		"type": "AssumedRole", "principalId": aws.ToString(r.RoleId) + ":" + session, "accountId": w.Account, "invokedBy": service,
		"arn":            fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", w.Partition, w.Account, role, session),
		"sessionContext": map[string]any{"sessionIssuer": map[string]any{"type": "Role", "arn": aws.ToString(r.Arn), "userName": role, "accountId": w.Account}},
	}}
}

// overridesOf reads a target's input: {"containerOverrides": [...]}, as RunTask takes it. Anything else is no override.
func overridesOf(input *string) *ecstypes.TaskOverride {
	o := &ecstypes.TaskOverride{}
	if input == nil || json.Unmarshal([]byte(*input), o) != nil || len(o.ContainerOverrides) == 0 && o.Cpu == nil && o.Memory == nil {
		return nil
	}
	return o
}

// starterOf is a rule by its name, or a schedule by GROUP/NAME.
func (w *World) starterOf(service, id string) *starter { return w.starters[service+" "+id] }

func (w *World) addStarter(s *starter) {
	if w.starters == nil {
		w.starters = map[string]*starter{}
	}
	w.starters[s.service+" "+s.id] = s
}

func (w *World) dropStarter(s *starter) {
	s.on = false
	s.plan++
	delete(w.starters, s.service+" "+s.id)
}

// startersOf lists the rules, or the schedules, by name.
func (w *World) startersOf(service string) []*starter {
	var out []*starter
	for _, s := range w.starters {
		if s.service == service {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *starter) int { return cmp.Compare(a.id, b.id) })
	return out
}

// countStart counts one call of a target as AWS does: a rule's by its name, a schedule's by its group.
func (w *World) countStart(s *starter, f firing) {
	if s.service == "events" {
		w.countOne("AWS/Events", "Invocations", "RuleName="+s.id)
		if f.refused != "" {
			w.countOne("AWS/Events", "FailedInvocations", "RuleName="+s.id)
		}
		return
	}
	group, _, _ := strings.Cut(s.id, "/")
	for _, dimensions := range []string{"ScheduleGroup=" + group, ""} {
		w.countOne("AWS/Scheduler", "InvocationAttemptCount", dimensions)
		if f.refused != "" {
			w.countOne("AWS/Scheduler", "TargetErrorCount", dimensions)
			w.countOne("AWS/Scheduler", "InvocationDroppedCount", dimensions)
		}
	}
}

// countOne adds 1 to a metric with one dimension, NAME=VALUE, or with none.
func (w *World) countOne(namespace, name, dimension string) {
	m := cwtypes.Metric{Namespace: aws.String(namespace), MetricName: aws.String(name)}
	if k, v, ok := strings.Cut(dimension, "="); ok {
		m.Dimensions = []cwtypes.Dimension{{Name: &k, Value: &v}}
	}
	d := datum{at: w.now}
	d.add(1)
	w.sample(m, d)
}
