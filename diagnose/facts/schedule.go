package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/evidence"
)

// ScheduleFact is an EventBridge rule or a schedule of EventBridge Scheduler, with the task that it should start.
type ScheduleFact struct {
	Kind           string         `json:"what"` // rule, schedule
	Name           string         `json:"name"` // NAME or BUS/NAME of a rule, GROUP/NAME of a schedule
	Bare           string         `json:"bare"` // NAME alone
	State          string         `json:"state"`
	Disabled       bool           `json:"disabled"`
	Expired        bool           `json:"expired"`
	Expression     string         `json:"expression"`
	TimeZone       string         `json:"time_zone"`
	EndAt          time.Time      `json:"end_at"`
	Principal      string         `json:"principal"` // the service that must be trusted
	Cluster        string         `json:"cluster"`
	TaskDefinition string         `json:"task_definition"` // ARN as the target has it
	Family         string         `json:"family"`
	Pinned         bool           `json:"pinned"` // the target names a revision
	Role           string         `json:"role"`   // name; "" = none
	RoleARN        string         `json:"role_arn"`
	DeadLetter     string         `json:"dead_letter"` // ARN, "" = none
	Untrusted      Check          `json:"untrusted"`   // the role does not exist or does not trust the service
	RunTask        Check          `json:"run_task"`    // the role may not run the task
	OtherRevision  Check          `json:"other_revision"`
	PassRole       Check          `json:"pass_role"`
	Inactive       Check          `json:"inactive"` // the task definition or its revision is not there any more
	Network        Check          `json:"network"`  // the network configuration is missing or names what is gone
	ClusterGone    Check          `json:"cluster_gone"`
	Failed         ScheduleCount  `json:"failed"`       // invocations that failed
	WithoutTask    Check          `json:"without_task"` // an invocation succeeded and left no task behind
	TasksFailed    Check          `json:"tasks_failed"` // a task that it started failed; resource is its id
	Basis          evidence.Basis `json:"-"`
}

// ScheduleCount counts events of the last fourteen days.
type ScheduleCount struct {
	Count int            `json:"count"`
	Basis evidence.Basis `json:"-"`
}

func openSchedule(b evidence.Basis) ScheduleFact {
	x := Check{Basis: b}
	return ScheduleFact{Basis: b, Untrusted: x, RunTask: x, OtherRevision: x, PassRole: x, Inactive: x, Network: x, ClusterGone: x, Failed: ScheduleCount{Basis: b}, WithoutTask: x, TasksFailed: x}
}

// scheduleFact keeps what ScreenSchedule computed; other failures have no schedule.
func scheduleFact(v *evidence.View, in *Incident) {
	if in.Kind != KindSchedule {
		in.Schedule = openSchedule(v.Track().Decided()) // none takes part, so nothing of it is wrong
	}
}

// scheduled is a rule or schedule as read.
type scheduled struct {
	target evidence.RunTarget
	fact   ScheduleFact
	caller evidence.Caller
	now    time.Time
	key    evidence.Key // of the rule or schedule
	ends   evidence.Key // of its target
}

// readScheduled reads a rule or schedule; st is that of the thing itself.
func readScheduled(v *evidence.View, t evidence.Target) (s scheduled, st evidence.State) {
	s.caller, _ = evidence.Read(v, evidence.CallerKey())
	w := v.Track()
	if t.Kind == evidence.TargetRule {
		ruleKey, targetsKey := evidence.EventRuleKey(t.Name), evidence.EventRuleTargetsKey(t.Name)
		rule, rst := evidence.Read(v, ruleKey)
		targets, tst := evidence.Read(v, targetsKey)
		switch {
		case rst == evidence.Absent || tst == evidence.Found && rst != evidence.Found:
			return s, rst
		case rst != evidence.Found || tst != evidence.Found:
			return s, min(rst, tst) // what was not read yet before what cannot be
		}
		s.key, s.ends = ruleKey.Key, targetsKey.Key
		for _, x := range targets.Targets {
			if x.Ecs && (!s.target.Ecs || clusterOf(x.ARN) == t.Cluster) {
				s.target = x
			}
		}
		s.fact = ScheduleFact{Kind: t.Kind, State: rule.State, Expression: cmp.Or(rule.Expression, rule.Pattern), TimeZone: "UTC", Principal: "events.amazonaws.com"}
	} else {
		group, name, _ := strings.Cut(t.Name, "/")
		key := evidence.ScheduleKey(group, name)
		sch, sst := evidence.Read(v, key)
		if sst != evidence.Found {
			return s, sst
		}
		s.key, s.ends, s.target = key.Key, key.Key, sch.Target
		s.fact = ScheduleFact{Kind: t.Kind, State: sch.State, Expression: sch.Expression, TimeZone: cmp.Or(sch.TimeZone, "UTC"), EndAt: sch.EndAt.At, Principal: "scheduler.amazonaws.com"}
		s.fact.Expired = sch.EndAt.Known && sch.EndAt.At.Before(answeredAt(v, key.Key))
	}
	f := &s.fact
	s.now = answeredAt(v, s.key)
	f.Name, f.Bare = t.Name, t.Name[strings.LastIndexByte(t.Name, '/')+1:]
	f.Disabled = f.State == "DISABLED"
	f.Cluster, f.TaskDefinition, f.RoleARN, f.Role, f.DeadLetter = clusterOf(s.target.ARN), s.target.TaskDefinition, s.target.RoleARN, iam.RoleName(s.target.RoleARN), s.target.DeadLetterARN
	id := s.target.TaskDefinition[strings.LastIndexByte(s.target.TaskDefinition, '/')+1:]
	f.Family, _, f.Pinned = strings.Cut(id, ":")
	w.Cite(s.key, f.Kind+" "+f.Name, "State", f.State)
	w.Cite(s.key, f.Kind+" "+f.Name, "ScheduleExpression", f.Expression+" "+f.TimeZone)
	if !f.EndAt.IsZero() {
		w.Cite(s.key, f.Kind+" "+f.Name, "EndDate", evidence.UTC(f.EndAt))
	}
	f.Basis = w.Decided()
	return s, evidence.Found
}

func clusterOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// definition is the key of the task definition: without a revision ECS takes the newest active one.
func (s scheduled) definition() evidence.Ref[evidence.TaskDefinition] {
	return evidence.TaskDefinitionKey(s.target.TaskDefinition[strings.LastIndexByte(s.target.TaskDefinition, '/')+1:])
}

// complete asks for everything that can be known of a scheduled start before it happens, and what became of the last.
func (s *scheduled) complete(v *evidence.View) {
	f := &s.fact
	td, st := evidence.Read(v.Track(), s.definition())
	f.Inactive = s.inactive(v, td, st)
	f.ClusterGone = s.clusterGone(v)
	f.Network = s.network(v, td, st)
	f.Untrusted = s.untrusted(v)
	f.RunTask, f.OtherRevision = s.mayRun(v, td, st)
	f.PassRole = s.mayPass(v, td, st)
	f.Failed = s.failures(v)
	s.outcome(v)
}

func (s *scheduled) untrusted(v *evidence.View) Check {
	t := iam.TrustedBy(v.Track(), s.fact.RoleARN, s.fact.Principal)
	detail := t.Says
	if t.Exists && !t.Trusts {
		detail = "it trusts " + cmp.Or(t.Principals, "nobody")
	}
	return Check{Holds: !t.Trusts, Resource: s.fact.Role, Detail: detail, Basis: t.Basis}
}

func (s *scheduled) inactive(v *evidence.View, td evidence.TaskDefinition, st evidence.State) Check {
	w := v.Track()
	key := s.definition()
	if st != evidence.Found && st != evidence.Absent {
		w.Want(key.Key)
		return Check{Basis: w.Undecided("")}
	}
	w.Cite(key.Key, "task definition "+key.ID, "status", cmp.Or(td.Status, "does not exist"))
	return Check{Holds: st == evidence.Absent || td.Status != "ACTIVE", Resource: key.ID, Detail: cmp.Or(td.Status, "does not exist"), Basis: w.Decided()}
}

func (s *scheduled) clusterGone(v *evidence.View) Check {
	w := v.Track()
	key := evidence.ClusterKey(s.fact.Cluster)
	cluster, st := evidence.Read(w, key)
	if st != evidence.Found && st != evidence.Absent {
		return Check{Basis: w.Undecided("")}
	}
	w.Cite(key.Key, "cluster "+s.fact.Cluster, "status", cmp.Or(cluster.Status, "does not exist"))
	return Check{Holds: st == evidence.Absent || cluster.Status == "INACTIVE", Resource: s.fact.Cluster, Detail: cmp.Or(cluster.Status, "does not exist"), Basis: w.Decided()}
}

// network tells whether RunTask can place the task's interface: a task definition of network mode awsvpc needs subnets.
func (s *scheduled) network(v *evidence.View, td evidence.TaskDefinition, st evidence.State) Check {
	w := v.Track()
	if st != evidence.Found {
		w.Want(s.definition().Key)
		return Check{Basis: w.Undecided("")}
	}
	c := Check{}
	switch {
	case td.NetworkMode == "awsvpc" && !s.target.HasNetwork:
		c.Holds, c.Resource, c.Detail = true, s.fact.Name, "the target gives no network configuration and the task definition's network mode is awsvpc"
		w.Cite(s.ends, s.fact.Kind+" "+s.fact.Name, "NetworkConfiguration", "none")
	default:
		open := false
		for _, id := range s.target.Network.Subnets {
			_, sst := evidence.Read(w, evidence.SubnetKey(id))
			open = open || sst == evidence.Unread || sst == evidence.Gapped
			if sst == evidence.Absent && !c.Holds {
				c = Check{Holds: true, Resource: id, Detail: "subnet " + id + " does not exist"}
				w.Cite(evidence.SubnetKey(id).Key, "subnet "+id, "SubnetId", "does not exist")
			}
		}
		for _, id := range s.target.Network.SecurityGroups {
			_, gst := evidence.Read(w, evidence.SecurityGroupKey(id))
			open = open || gst == evidence.Unread || gst == evidence.Gapped
			if gst == evidence.Absent && !c.Holds {
				c = Check{Holds: true, Resource: id, Detail: "security group " + id + " does not exist"}
				w.Cite(evidence.SecurityGroupKey(id).Key, "security group "+id, "GroupId", "does not exist")
			}
		}
		if open && !c.Holds {
			return Check{Basis: w.Undecided("")}
		}
	}
	c.Basis = w.Decided()
	return c
}

// mayRun tells whether the role may run this task, and where not, whether it may run another revision of it.
func (s *scheduled) mayRun(v *evidence.View, td evidence.TaskDefinition, st evidence.State) (denied, other Check) {
	arn := s.target.TaskDefinition
	if st == evidence.Found && td.ARN != "" {
		arn = td.ARN
	}
	ctx := iam.Context{"ecs:cluster": {s.target.ARN}}
	d := iam.RoleMay(v.Track(), s.fact.RoleARN, "ecs:RunTask", arn, ctx)
	denied = Check{Holds: d.Denied, Resource: s.fact.Role, Detail: d.Says, Basis: d.Basis}
	other = Check{Basis: d.Basis}
	if d.Basis.Unknown || !d.Denied || d.Explicit {
		return denied, other
	}
	i := strings.LastIndexByte(arn, ':')
	revision, err := strconv.Atoi(arn[i+1:])
	if err != nil {
		return denied, other
	}
	for n := max(1, revision-30); n < revision+10; n++ {
		x := iam.RoleMay(v.Track(), s.fact.RoleARN, "ecs:RunTask", fmt.Sprintf("%s:%d", arn[:i], n), ctx)
		if n != revision && x.Allowed && !x.Basis.Unknown {
			return denied, Check{Holds: true, Resource: s.fact.Role, Detail: fmt.Sprintf("it may run revision %d and not %d", n, revision), Basis: x.Basis}
		}
	}
	return denied, other
}

func (s *scheduled) mayPass(v *evidence.View, td evidence.TaskDefinition, st evidence.State) Check {
	if st != evidence.Found {
		w := v.Track()
		w.Want(s.definition().Key)
		return Check{Basis: w.Undecided("")}
	}
	out := Check{}
	w := v.Track()
	for _, role := range []string{td.ExecutionRoleARN, td.TaskRoleARN} {
		if role == "" {
			continue
		}
		d := iam.RoleMay(w, s.fact.RoleARN, "iam:PassRole", role, iam.Context{"iam:PassedToService": {"ecs-tasks.amazonaws.com"}})
		switch {
		case d.Basis.Unknown:
			out.Basis = d.Basis
		case d.Denied:
			return Check{Holds: true, Resource: role, Detail: d.Says, Basis: d.Basis}
		case !out.Basis.Unknown:
			out.Basis = evidence.Basis{Cites: append(out.Basis.Cites, d.Basis.Cites...)}
		}
	}
	return out
}

const (
	dayPeriod      = 3600
	forgottenAfter = 50 * time.Minute // AWS keeps stopped tasks for about an hour
	startTakes     = 2 * time.Minute
)

// metric names what EventBridge counts: for a rule by itself, for schedules by their group.
func (s *scheduled) metric(ofRule, ofSchedule string) evidence.MetricName {
	if s.fact.Kind == evidence.TargetRule {
		m := evidence.MetricName{Namespace: "AWS/Events", Name: ofRule, Dimensions: []evidence.Tag{{Key: "RuleName", Value: s.fact.Bare}}}
		if bus, _, custom := strings.Cut(s.fact.Name, "/"); custom {
			m.Dimensions = append(m.Dimensions, evidence.Tag{Key: "EventBusName", Value: bus})
		}
		return m
	}
	group, _, _ := strings.Cut(s.fact.Name, "/")
	return evidence.MetricName{Namespace: "AWS/Scheduler", Name: ofSchedule, Dimensions: []evidence.Tag{{Key: "ScheduleGroup", Value: group}}}
}

func (s *scheduled) failures(v *evidence.View) ScheduleCount {
	w := v.Track()
	m := s.metric("FailedInvocations", "TargetErrorCount")
	key := evidence.MetricKey(m, "Sum", dayPeriod)
	series, st := evidence.Read(w, key)
	if st != evidence.Found {
		return ScheduleCount{Basis: w.Undecided("")}
	}
	over, known := s.recovered(w, series)
	if !known {
		return ScheduleCount{Basis: w.Undecided("")}
	}
	w.Cite(key.Key, s.fact.Kind+" "+s.fact.Name, m.Name, fmt.Sprintf("%.0f in 14 days%s", series.Sum(), over))
	if over != "" {
		return ScheduleCount{Basis: w.Decided()}
	}
	return ScheduleCount{Count: int(series.Sum()), Basis: w.Decided()}
}

// recovered tells, in words, that a run after the last failed one did not fail; "" = none did. A rule's invocations are counted for itself. Those
// of a schedule are counted for its group, so that only a task of its own tells.
func (s *scheduled) recovered(w *evidence.View, failed evidence.MetricSeries) (says string, known bool) {
	var last time.Time
	for _, p := range failed.Points {
		if p.Value > 0 {
			last = p.At
		}
	}
	switch {
	case last.IsZero():
		return "", true
	case s.fact.Kind == evidence.TargetSchedule:
		tasks, _ := s.tasks(w)
		if slices.ContainsFunc(tasks, func(t evidence.Task) bool {
			return t.CreatedAt.Known && t.CreatedAt.At.Sub(last) >= dayPeriod*time.Second
		}) {
			return ", none since a task was started", true
		}
		return "", true
	}
	all, st := evidence.Read(w, evidence.MetricKey(s.metric("Invocations", ""), "Sum", dayPeriod))
	if st != evidence.Found {
		return "", false
	}
	for _, p := range all.Points {
		if p.Value > 0 && p.At.After(last) {
			return ", none since " + evidence.UTC(last), true
		}
	}
	return "", true
}

// startedBy is what ECS notes of tasks that a rule or schedule started; ECS cuts it at 36 characters, so it is compared
// as far as it goes.
func (s *scheduled) startedBy(t evidence.Task) bool {
	prefix := "chronos-schedule/"
	if s.fact.Kind == evidence.TargetRule {
		prefix = "events-rule/"
	}
	name, ok := strings.CutPrefix(t.StartedBy, prefix)
	return ok && name != "" && strings.HasPrefix(s.fact.Bare, name)
}

// tasks are those that it started and that ECS still knows.
func (s *scheduled) tasks(w *evidence.View) ([]evidence.Task, bool) {
	list, st := evidence.Read(w, evidence.FamilyTasksKey(s.fact.Cluster, s.fact.Family))
	tasks := slices.DeleteFunc(slices.Clone(list.Tasks), func(t evidence.Task) bool { return !s.startedBy(t) })
	return tasks, (st == evidence.Found || st == evidence.Absent) && !list.Truncated
}

// outcome compares the last invocations with the tasks that are there. A stopped task stays for an hour: where one was
// started in that time and none is there, RunTask answered with failures and started nothing.
func (s *scheduled) outcome(v *evidence.View) {
	w := v.Track()
	m := s.metric("Invocations", "InvocationAttemptCount")
	key := evidence.MetricKey(m, "Sum", cpuPeriod)
	series, st := evidence.Read(w, key)
	tasks, known := s.tasks(w)
	at := time.Time{}
	for _, p := range series.Points {
		if p.Value > 0 && s.now.Sub(p.At) < forgottenAfter && s.now.Sub(p.At) > cpuPeriod*time.Second+startTakes {
			at = p.At
		}
	}
	switch {
	case st != evidence.Found || !known || s.fact.Kind == evidence.TargetSchedule && !at.IsZero():
		why := ""
		if st == evidence.Found && known {
			why = "invocations of schedules are counted for their whole group; CloudTrail's RunTask events tell of this one"
		}
		s.fact.WithoutTask = Check{Basis: w.Undecided(why)}
	default:
		s.fact.WithoutTask = Check{Holds: !at.IsZero() && len(tasks) == 0, Resource: s.fact.Name, Detail: "it was invoked at about " + evidence.UTC(at)}
		w.Cite(key.Key, s.fact.Kind+" "+s.fact.Name, m.Name, fmt.Sprintf("%.0f in three hours", series.Sum()))
		w.Cite(evidence.FamilyTasksKey(s.fact.Cluster, s.fact.Family).Key, "tasks of "+s.fact.Family, "startedBy", fmt.Sprintf("%d started by it", len(tasks)))
		s.fact.WithoutTask.Basis = w.Decided()
	}
	s.fact.TasksFailed = s.died(v)
}

func (s *scheduled) died(v *evidence.View) Check {
	w := v.Track()
	tasks, known := s.tasks(w)
	key := evidence.FamilyTasksKey(s.fact.Cluster, s.fact.Family).Key
	for _, t := range tasks {
		if f, bad := judgeBatch(t); bad {
			w.Cite(key, "task "+t.ID, "stoppedReason", t.StoppedReason)
			return Check{Holds: true, Resource: t.ID, Detail: cmp.Or(f.reading.Text, t.StoppedReason), Basis: w.Decided()}
		}
	}
	if !known {
		return Check{Basis: w.Undecided("")}
	}
	w.Cite(key, "tasks of "+s.fact.Family, "startedBy", fmt.Sprintf("%d started by it, none failed", len(tasks)))
	return Check{Basis: w.Decided()}
}

// judgeBatch judges a task that is meant to end: exit code 0 is success.
func judgeBatch(t evidence.Task) (failure, bool) {
	f, bad := judge(t)
	if t.LastStatus != "STOPPED" || f.exit.Known && f.exit.Code == 0 && t.StopCode == "EssentialContainerExited" {
		return f, false
	}
	return f, bad
}
