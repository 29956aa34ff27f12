package facts

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// reasonSymptoms are the cases of AWS's reason codes of target health (Elastic Load Balancing API, TargetHealth).
var reasonSymptoms = map[string]string{
	"Target.Timeout":              "health/elb/timeout",
	"Target.ResponseCodeMismatch": "health/elb/code-mismatch",
	"Target.FailedHealthChecks":   "health/elb/failed",
	"Target.NotInUse":             "health/elb/not-in-use",
	"Target.NotRegistered":        "health/elb/not-registered",
	"Target.InvalidState":         "health/elb/internal-or-disabled",
	"Target.IpUnusable":           "health/elb/internal-or-disabled",
	"Target.HealthCheckDisabled":  "health/elb/internal-or-disabled",
	"Elb.InternalError":           "health/elb/internal-or-disabled",
}

// registrationTime is how long a running task may be missing from its target group before that counts.
const registrationTime = 2 * time.Minute

// targetCounts are the targets of a service's target groups: those that are leaving do not count.
type targetCounts struct {
	known               bool
	registered, healthy int
}

// sickTarget is one target, or one task that should be one.
type sickTarget struct {
	group  evidence.ServiceTargetGroup
	target evidence.RegisteredTarget
	task   evidence.Task // ID "" where no running task has the target's address
}

// unhealthyTargets looks at the targets of a service whose tasks run. It costs one call for each target group, and the
// running tasks where a target is not healthy.
func unhealthyTargets(v *evidence.View, g *grouping, found []Incident) []Incident {
	if g.svc.Desired == 0 || !slices.ContainsFunc(g.svc.TargetGroups, func(t evidence.ServiceTargetGroup) bool { return t.ARN != "" }) {
		return nil
	}
	var sick []sickTarget
	var missing []Incident
	read := g.svc.Running > 0
	for _, tg := range g.svc.TargetGroups {
		if tg.ARN == "" || g.svc.Running == 0 {
			continue
		}
		health, st := evidence.Read(v, evidence.TargetHealthKey(tg.ARN))
		switch st {
		case evidence.Found:
			sick = append(sick, g.judgeTargets(tg, health)...)
		case evidence.Absent:
			missing = append(missing, g.groupMissing(tg))
		default:
			read = false
		}
	}
	if !read {
		return append(missing, g.healthEvents(found)...)
	}
	g.targets.known = true
	if len(sick) > 0 {
		running, st := evidence.Read(v, evidence.RunningTasksKey(g.svc.Cluster, g.svc.Name))
		if st == evidence.Unread {
			return missing
		}
		sick = g.match(sick, running, st == evidence.Found && !running.Truncated)
	}
	return append(missing, g.targetIncidents(sick)...)
}

// judgeTargets counts the targets of one group and returns those that are not as they should be. A target group that
// holds fewer targets than tasks run lacks some: a sick target without an address stands for them.
func (g *grouping) judgeTargets(tg evidence.ServiceTargetGroup, health evidence.TargetHealth) (sick []sickTarget) {
	live := 0
	for _, t := range health.Targets {
		if strings.HasSuffix(t.State, "draining") {
			continue
		}
		live++
		if t.State == "healthy" {
			g.targets.healthy++
		}
		if _, known := reasonSymptoms[t.Reason]; known && t.State != "healthy" && t.State != "initial" {
			sick = append(sick, sickTarget{group: tg, target: t})
		}
	}
	g.targets.registered += live
	g.registeredAt = append(g.registeredAt, groupTargets{tg, health.Targets})
	ownTargets := tg.AlternateARN == "" && (g.svc.DeploymentController == "" || g.svc.DeploymentController == "ECS")
	if ownTargets && live < g.svc.Running {
		sick = append(sick, sickTarget{group: tg, target: evidence.RegisteredTarget{State: "unused", Reason: "Target.NotRegistered", Description: "Target is not registered to the target group"}})
	}
	return sick
}

// groupTargets are all targets of one group of the service.
type groupTargets struct {
	group   evidence.ServiceTargetGroup
	targets []evidence.RegisteredTarget
}

// match gives each sick target its running task. Where all running tasks are known, targets of others (another service, a
// task that is gone) are left out, and so are tasks within their grace period.
func (g *grouping) match(sick []sickTarget, running evidence.TaskList, all bool) (out []sickTarget) {
	byIP := map[string]evidence.Task{}
	for _, t := range running.Tasks {
		if t.PrivateIP != "" && t.LastStatus == "RUNNING" {
			byIP[t.PrivateIP] = t
		}
	}
	for _, s := range sick {
		if s.target.Reason == "Target.NotRegistered" {
			out = append(out, g.unregistered(s, running)...)
			continue
		}
		s.task = byIP[s.target.ID]
		switch {
		case s.task.ID == "" && all:
			continue
		case s.task.ID != "" && s.task.StartedAt.Known && g.now.Sub(s.task.StartedAt.At) < time.Duration(g.svc.GracePeriodSeconds)*time.Second:
			continue
		}
		out = append(out, s)
	}
	return out
}

// unregistered are the running tasks that their target group does not hold.
func (g *grouping) unregistered(s sickTarget, running evidence.TaskList) (out []sickTarget) {
	i := slices.IndexFunc(g.registeredAt, func(r groupTargets) bool { return r.group.ARN == s.group.ARN })
	for _, t := range running.Tasks {
		if t.LastStatus != "RUNNING" || t.PrivateIP == "" || !t.StartedAt.Known || g.now.Sub(t.StartedAt.At) < registrationTime {
			continue
		}
		if !slices.ContainsFunc(g.registeredAt[i].targets, func(r evidence.RegisteredTarget) bool { return r.ID == t.PrivateIP }) {
			one := s
			one.task, one.target.ID, one.target.Port = t, t.PrivateIP, s.group.ContainerPort
			out = append(out, one)
		}
	}
	return out
}

// targetIncidents groups sick targets that are sick in the same way on the same launch.
func (g *grouping) targetIncidents(sick []sickTarget) []Incident {
	groups := map[string]*Incident{}
	var order []string
	for _, s := range sick {
		k := strings.Join([]string{s.group.ARN, s.target.Reason, s.target.Description, s.task.TaskDefinition, s.task.SubnetID}, "\x00")
		in := groups[k]
		if in == nil {
			in = g.targetIncident(s)
			groups[k] = in
			order = append(order, k)
		}
		in.Tasks++
		if s.task.StartedAt.Known && s.task.StartedAt.At.Before(in.First) {
			in.First = s.task.StartedAt.At
		}
		if s.task.ID != "" && len(in.Samples) < samplesPerCase {
			in.Samples = append(in.Samples, s.task.ID)
		}
	}
	var out []Incident
	for _, k := range order {
		in := *groups[k]
		in.Share = min(1, float64(in.Tasks)/float64(max(1, g.targets.registered)))
		if in.Launch.Subnet == "" {
			out = append(out, g.perSubnet([]Incident{in})...)
			continue
		}
		out = append(out, in)
	}
	return out
}

func (g *grouping) targetIncident(s sickTarget) *Incident {
	symptom := reasonSymptoms[s.target.Reason]
	text := "target " + s.target.ID + ":" + strconv.Itoa(s.target.Port) + " is " + s.target.State + " in " + groupName(s.group.ARN) + ": " + cmp.Or(s.target.Description, s.target.Reason)
	in := g.healthIncident(symptom, text, s.group.ARN, s.target.Port)
	if s.task.ID != "" {
		in.Launch = g.launchOf(s.task)
		in.Launch.Container = s.group.Container
		if s.task.StartedAt.Known {
			in.First = s.task.StartedAt.At
		}
	}
	if g.cite != nil {
		in.Basis.Cites = g.cite(evidence.TargetHealthKey(s.group.ARN).Key, "target "+s.target.ID+":"+strconv.Itoa(s.target.Port), "TargetHealth",
			strings.Join(strings.Fields(s.target.State+" "+s.target.Reason+" "+s.target.Description), " "))
	}
	return in
}

// healthIncident is an incident of kind KindUnhealthy on the launch of the newest deployment.
func (g *grouping) healthIncident(symptom, text, group string, port int) *Incident {
	nature := map[string]string{"health/elb/timeout": "network", "health/elb/not-in-use": "malformed", "health/elb/not-registered": "not-found", "health/elb/target-group-missing": "not-found"}[symptom]
	r := message.Reading{Text: text, Surface: message.SurfaceServiceEvent, Wrappers: []string{}, Family: "health", Step: "target-health", Nature: cmp.Or(nature, "unhealthy"), Symptom: symptom,
		Fields: message.Fields{TargetGroup: group}}
	if port > 0 {
		r.Fields.Port = strconv.Itoa(port)
	}
	in := g.eventIncident(r, evidence.ServiceEvent{At: g.now, Message: text})
	in.Kind, in.Basis = KindUnhealthy, evidence.Basis{}
	return &in
}

func (g *grouping) groupMissing(tg evidence.ServiceTargetGroup) Incident {
	in := g.healthIncident("health/elb/target-group-missing", "target group "+groupName(tg.ARN)+" does not exist", tg.ARN, tg.ContainerPort)
	in.Tasks = g.svc.Running
	if g.cite != nil {
		in.Basis.Cites = g.cite(evidence.TargetHealthKey(tg.ARN).Key, "target group "+groupName(tg.ARN), "TargetGroupArn", "does not exist")
	}
	return *in
}

// healthEvents makes incidents of what the service says of its targets, where nothing else can: no task runs and none
// that was killed for its health is left, or target health cannot be read.
func (g *grouping) healthEvents(found []Incident) (out []Incident) {
	if slices.ContainsFunc(found, func(in Incident) bool { return in.Message.Family == "health" && in.Kind == KindStopped }) {
		return nil
	}
	seen := map[string]bool{}
	for _, e := range currentEvents(g.svc, g.now) {
		r := message.ReadOne(message.SurfaceServiceEvent, e.Message)
		k := r.Symptom + "\x00" + r.Fields.TargetGroup
		if r.Family != "health" || r.Symptom == "health/replaced-tasks" || seen[k] {
			continue
		}
		seen[k] = true
		in := g.eventIncident(r, e)
		in.Kind, in.Tasks = KindUnhealthy, 1
		out = append(out, in)
	}
	return g.perSubnet(out)
}

// groupName is the name in a target group's ARN; the text itself where it is none.
func groupName(arn string) string {
	if _, rest, ok := strings.Cut(arn, ":targetgroup/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		return name
	}
	return arn
}

// afterStart reports whether an incident is about tasks that had started: later starts prove nothing about it.
func afterStart(in *Incident) bool {
	return slices.Contains([]string{"run", "target-health", "container-health"}, in.Message.Step) || in.Message.Family == "exit"
}
