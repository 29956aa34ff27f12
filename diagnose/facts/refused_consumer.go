package facts

import (
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/diagnose/facts/logline"
	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// Symptoms of programs that are refused and run on: by AWS, and by something that they log in to.
const (
	SymptomRunningRefused = "iam/task-role/app-access-denied"
	SymptomLoginRefused   = "secrets/stale-after-rotation"
)

// refusedConsumer looks into the log of the oldest task that runs where messages wait in the queue of its service: a consumer that is refused
// and goes on trying looks well from outside. The oldest, since what was changed at run time is missed by those that started before. ok is false where the log tells nothing of it; waits says that it is not read yet.
func (g *grouping) refusedConsumer(v *evidence.View, about *Incident) (in Incident, ok, waits bool) {
	if about.Queue.Backlog.Basis.Unknown || !about.Queue.Backlog.Holds || about.Queue.Consumers == 0 {
		return in, false, false
	}
	w := v.Track()
	list, st := evidence.Read(w, evidence.RunningTasksKey(g.svc.Cluster, g.svc.Name))
	td, tst := evidence.Read(w, evidence.TaskDefinitionKey(g.svc.TaskDefinition))
	if st == evidence.Unread || tst == evidence.Unread {
		v.Want(evidence.RunningTasksKey(g.svc.Cluster, g.svc.Name).Key)
		v.Want(evidence.TaskDefinitionKey(g.svc.TaskDefinition).Key)
		return in, false, true
	}
	i := oldest(list.Tasks, g.svc.TaskDefinition)
	app := evidence.ContainerDefinition{}
	for _, c := range td.Containers {
		if app.Name == "" && c.Essential && c.FirelensType == "" {
			app = c
		}
	}
	group, prefix := option(app, "awslogs-group"), option(app, "awslogs-stream-prefix")
	if st != evidence.Found || tst != evidence.Found || i < 0 || app.LogDriver != "awslogs" || group == "" || prefix == "" {
		return in, false, false
	}
	task := list.Tasks[i].ID
	key := evidence.LogTailKey(group, prefix+"/"+app.Name+"/"+task)
	tail, lst := evidence.Read(w, key)
	if lst == evidence.Unread {
		v.Want(key.Key)
		return in, false, true
	}
	if lst != evidence.Found || len(tail.Lines) == 0 {
		return in, false, false
	}
	last := tail.Lines[len(tail.Lines)-1].Text // refused now, not some time ago
	family, symptom := "iam", SymptomRunningRefused
	switch {
	case iam.DenialOf(last).Found:
	case strings.HasSuffix(logline.Deciding([]string{last}).Signature, "-auth"):
		family, symptom = "secrets", SymptomLoginRefused
	default:
		return in, false, false
	}
	in = g.eventIncident(message.Reading{Family: family, Step: "run", Symptom: symptom, Text: "(no message: the tasks run, and " + about.Queue.Backlog.Detail + ")"}, evidence.ServiceEvent{At: g.now})
	in.Kind, in.Symptom, in.Tasks, in.Samples, in.Launch.Container = KindRunning, symptom, 0, []string{task}, app.Name
	w.Cite(key.Key, "log stream "+prefix+"/"+app.Name+"/"+task, "message", last)
	in.Basis = w.Decided()
	return in, true, false
}

// oldest is the place of the task of a revision that has run longest; -1 = none runs.
func oldest(tasks []evidence.Task, revision string) int {
	best := -1
	for i, t := range tasks {
		if t.LastStatus != "RUNNING" || t.TaskDefinition != revision {
			continue
		}
		if best < 0 || t.StartedAt.Known && tasks[best].StartedAt.Known && t.StartedAt.At.Before(tasks[best].StartedAt.At) {
			best = i
		}
	}
	return best
}
