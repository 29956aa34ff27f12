package facts

import (
	"fmt"

	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// recall looks for records of tasks that AWS has forgotten, an hour after they stopped: the events that ECS captures into a
// log group of the cluster, and its Action Logs, each only where that log group exists. It returns the incidents that
// they tell of and says in words what spoke; none where there is no record. g.recalling is set while a read is to come.
func (g *grouping) recall() (out []Incident, stoodIn string) {
	c, s := g.svc.Cluster, g.svc.Name
	_, captured := evidence.Read(g.view, evidence.LogGroupKey(evidence.CapturedGroup(c)))
	_, actions := evidence.Read(g.view, evidence.LogGroupKey(evidence.ActionGroup(c)))
	if captured == evidence.Unread || actions == evidence.Unread {
		g.recalling = true
		return nil, ""
	}
	var tasks evidence.TaskList
	var log evidence.ActionLog
	if captured == evidence.Found {
		tasks, captured = evidence.Read(g.view, evidence.CapturedTasksKey(c, s))
	}
	if actions == evidence.Found {
		log, actions = evidence.Read(g.view, evidence.ActionLogKey(c, s))
	}
	if captured == evidence.Unread || actions == evidence.Unread {
		g.recalling = true
		return nil, ""
	}
	if out = g.fromCaptured(tasks); len(out) > 0 {
		return out, fmt.Sprintf("AWS forgets stopped tasks after about an hour and none is left; the events of %d that log group %s holds stood in", len(tasks.Tasks), evidence.CapturedGroup(c))
	}
	if out = g.fromActions(log); len(out) > 0 {
		return g.perSubnet(out), "AWS forgets stopped tasks after about an hour and none is left; ECS Action Logs in log group " + evidence.ActionGroup(c) + " stood in"
	}
	return nil, ""
}

// fromCaptured groups forgotten tasks like those that AWS still shows.
func (g *grouping) fromCaptured(list evidence.TaskList) []Incident {
	g.source = evidence.CapturedTasksKey(g.svc.Cluster, g.svc.Name).Key
	g.sortOut(list.Tasks)
	out, _ := g.incidents()
	return out
}

// fromActions takes the newest failure of each sort that Action Logs speak of in a form that is known.
func (g *grouping) fromActions(log evidence.ActionLog) (out []Incident) {
	steady := steadySince(g.svc)
	key := evidence.ActionLogKey(g.svc.Cluster, g.svc.Name).Key
	seen := map[string]int{}
	for _, e := range log.Entries {
		if !e.At.Known || !e.At.At.After(steady) {
			continue
		}
		for _, text := range e.Texts {
			r := message.ReadOne("", text)
			if r.Normal || r.Symptom == "" || r.Family == "deployment" {
				continue
			}
			if i, ok := seen[r.Symptom]; ok {
				out[i].Tasks++
				out[i].First = e.At.At
				break
			}
			seen[r.Symptom] = len(out)
			in := g.eventIncident(r, evidence.ServiceEvent{At: e.At.At, Message: text})
			in.Tasks = 1
			if r.Surface != message.SurfaceServiceEvent {
				in.Kind, in.StopCode = KindStopped, "TaskFailedToStart"
			}
			if g.cite != nil {
				in.Basis.Cites = g.cite(key, "Action Logs of "+g.svc.Name, e.Event, text)
			}
			out = append(out, in)
			break
		}
	}
	return out
}
