package facts

import (
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// ScreenTask looks at one task by itself. A task of a service is screened with its service's counts around it.
func ScreenTask(v *evidence.View, t evidence.Target) Screening {
	s := Screening{Target: t, Health: Unknown}
	caller, _ := evidence.Read(v, evidence.CallerKey())
	key := evidence.TaskKey(t.Cluster, t.Task)
	task, st := evidence.Read(v, key)
	if st != evidence.Found {
		s.Missing, s.Exists = v.Missed(), st != evidence.Absent
		return s
	}
	s.Exists, s.Now = true, answeredAt(v, key.Key)
	g := grouping{svc: evidence.Service{Cluster: t.Cluster}, now: s.Now, caller: caller}
	name, ofService := strings.CutPrefix(task.Group, "service:")
	if ofService {
		svc, sst := evidence.Read(v, evidence.ServiceKey(t.Cluster, name))
		if sst == evidence.Found {
			g.svc, s.Service = svc, svc
		}
	}
	s.Missing = v.Missed()
	g.cite = func(_ evidence.Key, resource, field, value string) []evidence.Cite {
		w := v.Track()
		w.Cite(key.Key, resource, field, value)
		return w.Cites()
	}
	switch task.LastStatus {
	case "STOPPED", "DEPROVISIONING", "STOPPING", "DEACTIVATING":
		f, bad := judge(task)
		if !ofService && f.exit.Known && f.exit.Code == 0 {
			bad = false // a batch task that ended with 0 did its work
		}
		s.Health = Healthy
		if bad {
			in := g.newIncident(f)
			in.Tasks, in.Samples, in.Share, in.Ongoing = 1, []string{task.ID}, 1, true
			s.Incidents, s.Health = []Incident{*in}, Down
		}
	default:
		g.running = []evidence.Task{task}
		s.Incidents = g.addStuck(nil)
		s.Health = Healthy
		if len(s.Incidents) > 0 {
			s.Health = Down
		}
	}
	s.Impact = Impact{Desired: 1, NewRevision: task.TaskDefinition, Status: task.LastStatus}
	if task.LastStatus == "RUNNING" {
		s.Impact.Running = 1
	}
	return s
}
