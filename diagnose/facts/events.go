package facts

import (
	"cmp"
	"slices"
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// fromEvents makes incidents of what the service itself says: that it places no task, newer than any task that failed
// or waits; or, where no task is left to speak, that every trace of them has expired. stoodIn says in words what spoke
// instead of the tasks.
func (g *grouping) fromEvents(stopped evidence.State, tasks []Incident) (out []Incident, stoodIn string) {
	if !g.short() {
		return nil, ""
	}
	var last time.Time
	for _, in := range tasks {
		if in.Last.After(last) {
			last = in.Last
		}
	}
	seen := map[string]int{}
	for _, e := range currentEvents(g.svc, g.now) {
		r := message.ReadOne(message.SurfaceServiceEvent, e.Message)
		if !e.At.After(last) {
			continue
		}
		if r.Symptom == "deployment/start-impaired" || r.Family == "deployment" {
			continue // says that something fails, never what
		}
		if r.Family == "health" && g.svc.Desired > 0 && (len(g.svc.TargetGroups) > 0 || len(tasks) > 0) {
			continue // unhealthyTargets looks at the targets themselves
		}
		key := cmp.Or(r.Symptom, r.Text)
		if i, ok := seen[key]; ok {
			out[i].Tasks++
			out[i].First = e.At
			continue
		}
		seen[key] = len(out)
		out = append(out, g.eventIncident(r, e))
	}
	if len(out) > 0 {
		return g.perSubnet(out), ""
	}
	if len(tasks) > 0 || !g.overdue() || stopped != evidence.Found || g.held() {
		return nil, ""
	}
	if old, words := g.recall(); g.recalling || len(old) > 0 {
		return old, words
	}
	in := g.eventIncident(message.Reading{Family: "stuck", Symptom: SymptomStuckPending, Text: "(no message: nothing of the failed tasks is left to read)"}, evidence.ServiceEvent{At: g.since()})
	// Nothing speaks of the failure any more, so the next start is judged instead.
	_, next := g.foresee(g.view, "")
	for _, step := range next {
		step.Incident.First, step.Incident.Ongoing = g.since(), true
		g.forward = append(g.forward, step.Incident)
	}
	return g.perSubnet([]Incident{in}), "AWS forgets stopped tasks after about an hour and none is left; the service's counts, deployments and events stood in, and the next start was judged beforehand"
}

func (g *grouping) since() time.Time {
	if p, ok := primary(g.svc); ok && p.CreatedAt.Known {
		return p.CreatedAt.At
	}
	return g.now
}

func (g *grouping) eventIncident(r message.Reading, e evidence.ServiceEvent) Incident {
	d, _ := primary(g.svc)
	net := d.Network
	if len(net.Subnets) == 0 {
		net = g.svc.Network
	}
	l := Launch{TaskDefinition: cmp.Or(d.TaskDefinition, g.svc.TaskDefinition), Deployment: d.ID, Subnet: r.Fields.Subnet, Subnets: net.Subnets, SecurityGroups: net.SecurityGroups,
		PublicIP: net.AssignPublicIP, LaunchType: cmp.Or(d.LaunchType, g.svc.LaunchType), Account: g.caller.Account, Region: g.caller.Region, Partition: g.caller.Partition}
	strategy := d.Strategy
	if len(strategy) == 0 {
		strategy = g.svc.Strategy
	}
	if len(strategy) == 1 {
		l.CapacityProvider = strategy[0].Provider
	}
	in := Incident{Kind: KindNotPlaced, Cluster: g.svc.Cluster, Service: g.svc.Name, Symptom: r.Symptom, Message: r, First: e.At, Last: e.At, Ongoing: true, Share: 1, Launch: l}
	if g.cite != nil {
		key := evidence.ServiceKey(g.svc.Cluster, g.svc.Name).Key
		if e.Message != "" {
			in.Basis.Cites = g.cite(key, "service "+g.svc.Name, "events.message", e.Message)
		} else {
			in.Basis.Cites = g.cite(key, "service "+g.svc.Name, "runningCount", itoa(g.svc.Running)+" of "+itoa(g.svc.Desired)+" desired")
		}
	}
	return in
}

// perSubnet splits incidents whose subnet is not known into one for each subnet the service may use; findings with the
// same cause and subject merge again later.
func (g *grouping) perSubnet(in []Incident) (out []Incident) {
	for _, i := range in {
		if i.Launch.Subnet != "" || len(i.Launch.Subnets) == 0 {
			out = append(out, i)
			continue
		}
		for _, s := range slices.Sorted(slices.Values(i.Launch.Subnets)) {
			c := i
			c.Launch.Subnet = s
			out = append(out, c)
		}
	}
	return out
}
