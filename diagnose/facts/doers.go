package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// Desired is the number of tasks that the service is told to have.
type Desired struct {
	Count   int            `json:"count"`
	Zero    bool           `json:"zero"`    // 0, and nothing runs
	Restore int            `json:"restore"` // the count before, as CloudTrail tells, else the tasks that the service's last event says it stopped, else 1
	Set     Doer           `json:"set"`     // who set it to 0
	Basis   evidence.Basis `json:"-"`
}

// Doer is who did something, as CloudTrail tells. Where Found is false nobody did within 24 hours, or the record is not
// there yet: it arrives up to 15 minutes late.
type Doer struct {
	Found   bool           `json:"found"`
	Who     string         `json:"who"` // ARN, or the AWS service that called
	At      time.Time      `json:"at"`
	Agent   string         `json:"agent"`
	Reason  string         `json:"reason"`  // as given to StopTask
	Scaling bool           `json:"scaling"` // it was Application Auto Scaling
	ByECS   bool           `json:"by_ecs"`  // it was ECS itself
	Words   string         `json:"words"`   // a sentence for a report
	Basis   evidence.Basis `json:"-"`
}

// idleIncidents tells of a service that is told to have no task. Its counts fit, so that everything calls it steady.
func idleIncidents(_ *evidence.View, g *grouping, _ []Incident) []Incident {
	if g.svc.Status != "ACTIVE" || g.svc.Desired != 0 || g.svc.Running+g.svc.Pending > 0 || g.svc.SchedulingStrategy == "DAEMON" {
		return nil
	}
	in := g.rollout("deployment/desired-zero", "(no message: the desired count is 0)", g.since())
	in.Kind, in.Share = KindIdle, 1
	return []Incident{in}
}

func desiredFact(v *evidence.View, in *Incident) {
	w := v.Track()
	key := evidence.ServiceKey(in.Cluster, in.Service)
	svc, st := evidence.Read(w, key)
	if in.Service == "" || st != evidence.Found {
		b := w.Undecided("")
		in.Desired = Desired{Basis: b, Set: Doer{Basis: b}}
		return
	}
	w.Cite(key.Key, "service "+svc.Name, "desiredCount", itoa(svc.Desired))
	in.Desired = Desired{Count: svc.Desired, Zero: svc.Desired == 0 && svc.Running+svc.Pending == 0, Restore: stoppedLast(svc.Events), Basis: w.Decided()}
	trail, _ := evidence.Read(v.Track(), evidence.TrailEventsKey("EventName", "UpdateService"))
	for _, e := range trail.Events {
		if e.ErrorCode == "" && e.DesiredCount.N > 0 && e.Service == in.Service && cmp.Or(e.Cluster, "default") == in.Cluster {
			in.Desired.Restore = e.DesiredCount.N
			break
		}
	}
	in.Desired.Set = doer(v, in, in.Kind == KindIdle, "UpdateService", "set the desired count to 0", func(e evidence.TrailEvent) bool {
		return e.DesiredCount.Known && e.DesiredCount.N == 0 && e.Service == in.Service && cmp.Or(e.Cluster, "default") == in.Cluster
	})
}

// stoppedLast is how many tasks the newest event of the kind "has stopped 2 running tasks" tells of, 1 where none is left.
func stoppedLast(events []evidence.ServiceEvent) int {
	newest, n := time.Time{}, 1
	for _, e := range events {
		_, rest, found := strings.Cut(e.Message, " has stopped ")
		count, err := strconv.Atoi(strings.TrimSuffix(rest, strings.TrimLeft(rest, "0123456789")))
		if found && err == nil && count > 0 && e.At.After(newest) {
			newest, n = e.At, count
		}
	}
	return n
}

// stopperFact finds who called StopTask for one of the tasks.
func stopperFact(v *evidence.View, in *Incident) {
	in.Stopper = doer(v, in, in.Symptom == "lifecycle/user-stopped", "StopTask", "stopped the task", func(e evidence.TrailEvent) bool {
		return slices.Contains(in.Samples, e.Task)
	})
}

// doer finds the newest call of a name that fits and was not refused. It asks CloudTrail only where it is wanted.
func doer(v *evidence.View, in *Incident, wanted bool, call, did string, fits func(evidence.TrailEvent) bool) Doer {
	w := v.Track()
	if !wanted {
		return Doer{Basis: w.Undecided("nobody's call has to do with this failure")}
	}
	key := evidence.TrailEventsKey("EventName", call)
	trail, st := evidence.Read(w, key)
	if st != evidence.Found {
		return Doer{Basis: w.Undecided("")}
	}
	i := slices.IndexFunc(trail.Events, func(e evidence.TrailEvent) bool { return e.ErrorCode == "" && fits(e) })
	if i < 0 {
		d := Doer{Words: "CloudTrail knows of nobody who did it in the last 24 hours; its records arrive up to 15 minutes late."}
		if trail.Truncated {
			d.Words = "CloudTrail has more " + call + " calls of the last 24 hours than were read, and the newest name nobody who did it."
		}
		d.Basis = w.Decided()
		return d
	}
	e := trail.Events[i]
	d := Doer{Found: true, Who: e.Who, At: e.At.At, Agent: e.UserAgent, Reason: e.Reason, Scaling: strings.Contains(e.Who+e.InvokedBy+e.UserAgent, "application-autoscaling")}
	d.ByECS = e.InvokedBy == "ecs.amazonaws.com" || strings.Contains(e.Who, "AWSServiceRoleForECS/")
	d.Words = fmt.Sprintf("%s %s at %s, with user agent %s.", d.Who, did, evidence.UTC(d.At), cmp.Or(d.Agent, "(none)"))
	w.Cite(key.Key, "CloudTrail "+call, "userIdentity", d.Who+" at "+evidence.UTC(d.At))
	d.Basis = w.Decided()
	return d
}

// stopSymptoms are the case ids of tasks that were stopped from outside, by their stop code.
var stopSymptoms = map[string]string{
	"UserInitiated":        "lifecycle/user-stopped",
	"SpotInterruption":     "capacity/fargate/spot-interrupted",
	"TerminationNotice":    "lifecycle/maintenance",
	"InfrastructureHealth": "lifecycle/infrastructure-health",
}

// outside names the case of a task that was stopped from outside; "" = it was not.
func outside(t evidence.Task) string {
	if strings.Contains(t.StoppedReason, "performing maintenance") {
		return "lifecycle/maintenance"
	}
	return stopSymptoms[t.StopCode]
}

// stopIncidents tells of tasks that were stopped from outside, where the service lacks tasks because of it: by itself such
// a stop is normal, and its replacement is on the way.
func stopIncidents(v *evidence.View, g *grouping, found []Incident) (out []Incident) {
	if !g.short() || slices.ContainsFunc(found, func(in Incident) bool { return in.Kind != KindRollout }) { // something else keeps the replacements away
		return nil
	}
	stopped, _ := evidence.Read(v, evidence.StoppedTasksKey(g.svc.Cluster, g.svc.Name))
	tasks := slices.Clone(stopped.Tasks)
	newestFirst(tasks)
	index := map[string]int{}
	for _, t := range tasks {
		symptom := outside(t)
		if symptom == "" || g.now.Sub(ended(t)) > recentFailure {
			continue
		}
		i, ok := index[symptom]
		if !ok {
			in := *g.newIncident(failure{task: t, reading: message.ReadOne(message.SurfaceStoppedReason, t.StoppedReason), exit: firstExit(t)})
			in.Symptom, in.Message.Symptom, in.Message.Normal, in.Ongoing, in.Share = symptom, symptom, false, true, 1
			in.Message.Family, _, _ = strings.Cut(symptom, "/")
			i = len(out)
			index[symptom] = i
			out = append(out, in)
		}
		in := &out[i]
		in.Tasks++
		if at := ended(t); at.Before(in.First) {
			in.First = at
		}
		if len(in.Samples) < samplesPerCase {
			in.Samples = append(in.Samples, t.ID)
		}
	}
	return out
}

// How long a task may stay in STOPPING before it is worth a word. stopTimeout is at most 120 seconds on Fargate.
const stoppingSlow = time.Minute

// leavingIncidents tells of what should be gone and is not: a service that is deleted, tasks that do not stop.
func leavingIncidents(v *evidence.View, g *grouping, _ []Incident) (out []Incident) {
	if g.svc.Status == "DRAINING" {
		in := g.rollout("stuck/service-draining", "(no message: the service is DRAINING)", g.since())
		in.Share = 1
		out = append(out, in)
	}
	stopped, _ := evidence.Read(v, evidence.StoppedTasksKey(g.svc.Cluster, g.svc.Name))
	for _, t := range stopped.Tasks {
		if t.LastStatus != "STOPPING" || !t.StoppingAt.Known || g.now.Sub(t.StoppingAt.At) < stoppingSlow {
			continue
		}
		if len(out) > 0 && out[len(out)-1].Symptom == "stuck/stopping" {
			in := &out[len(out)-1]
			in.Samples = append(in.Samples, t.ID)[:min(len(in.Samples)+1, samplesPerCase)]
			continue
		}
		in := *g.newIncident(failure{task: t, reading: message.Reading{Family: "stuck", Symptom: "stuck/stopping", Step: "stop", Text: "(no message: the task is STOPPING)"}})
		in.Kind, in.Tasks, in.Samples, in.Ongoing, in.First, in.Last = KindRunning, 0, []string{t.ID}, true, t.StoppingAt.At, g.now
		out = append(out, in)
	}
	return out
}

// harmless reports whether an incident takes nothing from the users of the service, so that its health is not touched.
func harmless(in Incident) bool { return in.Kind == KindIdle || in.Symptom == "stuck/stopping" }

// Leaving is how long tasks that were told to stop take.
type Leaving struct {
	Task     string         `json:"task"`
	Seconds  int            `json:"seconds"`  // in STOPPING
	Timeout  int            `json:"timeout"`  // the longest stopTimeout of its containers, in seconds
	Default  bool           `json:"default"`  // no container sets one: 30 seconds
	Ignores  bool           `json:"ignores"`  // it waits within its stopTimeout: the program did not end by itself
	Overdue  bool           `json:"overdue"`  // longer than stopTimeout allows
	Draining bool           `json:"draining"` // the service itself is DRAINING
	Left     int            `json:"left"`     // tasks of the draining service that still run
	Basis    evidence.Basis `json:"-"`
}

func leavingFact(v *evidence.View, in *Incident) {
	w := v.Track()
	if in.Symptom != "stuck/stopping" && in.Symptom != "stuck/service-draining" && in.Symptom != "config/service/still-draining" {
		in.Leaving = Leaving{Basis: w.Undecided("nothing of this failure is on its way out")}
		return
	}
	svcKey := evidence.ServiceKey(in.Cluster, in.Service)
	svc, _ := evidence.Read(w, svcKey)
	l := &in.Leaving
	*l = Leaving{Draining: svc.Status == "DRAINING", Left: svc.Running + svc.Pending}
	w.Cite(svcKey.Key, "service "+svc.Name, "status, runningCount", svc.Status+", "+itoa(svc.Running))
	if in.Symptom != "stuck/stopping" {
		running, st := evidence.Read(w, evidence.RunningTasksKey(in.Cluster, in.Service))
		l.Left = max(svc.Running+svc.Pending, len(running.Tasks))
		l.Basis = w.Decided()
		if st != evidence.Found {
			l.Basis = w.Undecided("")
		}
		return
	}
	td, st := evidence.Read(w, evidence.TaskDefinitionKey(in.Launch.TaskDefinition))
	if st != evidence.Found {
		l.Basis = w.Undecided("")
		return
	}
	l.Default = true
	for _, c := range td.Containers {
		if c.StopTimeout > 0 {
			l.Default = false
		}
		l.Timeout = max(l.Timeout, cmp.Or(c.StopTimeout, 30))
	}
	l.Task, l.Seconds = in.Samples[0], int(in.Last.Sub(in.First).Seconds())
	l.Overdue = l.Seconds > l.Timeout+60
	l.Ignores = !l.Overdue
	w.Cite(evidence.TaskDefinitionKey(in.Launch.TaskDefinition).Key, "task definition "+td.ID, "stopTimeout", itoa(l.Timeout)+" seconds")
	l.Basis = w.Decided()
}

// Protection is which tasks of the service protect themselves from being stopped.
type Protection struct {
	Tasks   []string       `json:"tasks"` // ids
	Until   time.Time      `json:"until"` // the last of them
	Holds   bool           `json:"holds"`
	Basis   evidence.Basis `json:"-"`
	Looked  int            `json:"looked"` // tasks that were asked about
	OldOnly bool           `json:"old_only"`
}

// maxProtected bounds how many tasks are asked about; one call takes 100.
const maxProtected = 100

func protectionFact(v *evidence.View, in *Incident) {
	w := v.Track()
	if in.Symptom != "deployment/protected-tasks" && in.Symptom != "deployment/stuck-old-tasks" {
		in.Protection = Protection{Basis: w.Undecided("no task has to go for this")}
		return
	}
	running, st := evidence.Read(w, evidence.RunningTasksKey(in.Cluster, in.Service))
	if st != evidence.Found {
		in.Protection = Protection{Basis: w.Undecided("")}
		return
	}
	p := &in.Protection
	*p = Protection{OldOnly: in.Symptom == "deployment/stuck-old-tasks"}
	open := false
	for _, t := range running.Tasks[:min(len(running.Tasks), maxProtected)] {
		if p.OldOnly && t.TaskDefinition == in.Launch.TaskDefinition {
			continue
		}
		key := evidence.TaskProtectionKey(in.Cluster, t.ID)
		is, st := evidence.Read(w, key)
		open = open || st == evidence.Unread || st == evidence.Gapped
		p.Looked++
		if st == evidence.Found && is.Enabled {
			p.Tasks, p.Holds = append(p.Tasks, t.ID), true
			if is.Expires.Known && is.Expires.At.After(p.Until) {
				p.Until = is.Expires.At
			}
			w.Cite(key.Key, "task "+t.ID, "protectionEnabled", "true until "+evidence.UTC(is.Expires.At))
		}
	}
	p.Basis = w.Decided()
	if open && !p.Holds {
		p.Basis = w.Undecided("")
	}
}
