package facts

import (
	"cmp"

	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// Symptoms of sessions that do not open.
const (
	SymptomExecNotEnabled   = "exec/not-enabled"
	SymptomExecNotConnected = "exec/target-not-connected"
	SymptomExecAgent        = "exec/agent-exited"
	SymptomExecUnsupported  = "exec/unsupported"
	SymptomExecLogging      = "exec/kms-or-logging"
	SymptomExecCaller       = "exec/caller-denied"
)

// execWatch looks at sessions of ECS Exec where they were asked for: at the setting, the agents, the task role, the way to
// Systems Manager and what the cluster wants of a session. Each symptom for which there is a cause, or for which one could
// not be read, is an incident.
func execWatch(v *evidence.View, g *grouping, _ []Incident) []Incident {
	if !g.exec || g.svc.Status != "ACTIVE" {
		return nil
	}
	s := sessions{grouping: g, key: evidence.RunningTasksKey(g.svc.Cluster, g.svc.Name).Key}
	list, st := evidence.Read(v, evidence.RunningTasksKey(g.svc.Cluster, g.svc.Name))
	s.cluster, _ = evidence.Read(v, evidence.ClusterKey(g.svc.Cluster))
	if st != evidence.Found {
		return s.unreadable(v, s.incident(evidence.Task{}), s.key)
	}
	for _, t := range list.Tasks {
		if t.LastStatus == "RUNNING" {
			s.tasks = append(s.tasks, t)
		}
	}
	if len(s.tasks) == 0 {
		return nil // a service without a running task has other worries
	}
	in := s.incident(s.tasks[0])
	var dst evidence.State
	if s.td, dst = evidence.Read(v, evidence.TaskDefinitionKey(in.Launch.TaskDefinition)); dst != evidence.Found {
		return s.unreadable(v, in, evidence.TaskDefinitionKey(in.Launch.TaskDefinition).Key)
	}
	definitionFact(v, &in)
	reachFact(v, &in)
	keyFact(v, &in)
	in.Exec = s.look(v, &in)
	return s.split(v, in)
}

// unreadable leaves every question open but the one that the service itself answers.
func (s *sessions) unreadable(v *evidence.View, in Incident, missing evidence.Key) []Incident {
	w := v.Track()
	w.Want(missing)
	in.Exec = in.Exec.all(w.Undecided(""))
	in.Key, in.Reach = noKey(in.Exec.Basis), undecidedPath(in.Exec.Basis)
	in.Exec.NotEnabled = s.off(v)
	return s.split(v, in)
}

// incident is one about sessions in a task.
func (s *sessions) incident(t evidence.Task) Incident {
	in := s.eventIncident(message.Reading{Family: "exec", Step: "exec"}, evidence.ServiceEvent{At: s.now})
	in.Kind, in.Tasks = KindExec, 0
	if t.ID == "" {
		return in
	}
	l := s.launchOf(t)
	l.Account, l.Region, l.Partition = in.Launch.Account, in.Launch.Region, in.Launch.Partition
	in.Launch, in.Samples = l, []string{t.ID}
	return in
}

func (in Incident) as(symptom, words string) Incident {
	in.Symptom, in.Message.Symptom, in.Message.Text = symptom, symptom, "(no message: "+words+")"
	return in
}

// split makes one incident for each symptom that something would bring about.
func (s *sessions) split(v *evidence.View, in Incident) (out []Incident) {
	e := &in.Exec
	for _, x := range []struct {
		symptom string
		words   string
		checks  []Check
	}{
		{SymptomExecNotEnabled, "ExecuteCommand would say that it was not enabled, or that the agent is not running", []Check{e.NotEnabled, e.StartedPrior}},
		{SymptomExecAgent, "the session agent of a container does not run", []Check{e.ReadonlyRoot, e.AgentStopped}},
		{SymptomExecUnsupported, "the task is of a kind in which no session opens", []Check{e.IPv6Only, e.OldPlatform}},
		{SymptomExecNotConnected, "ExecuteCommand would answer TargetNotConnectedException", s.unconnected(in)},
		{SymptomExecLogging, "a session would be refused its key or its log", []Check{e.LogMissing, e.LogDenied, in.Key.Unusable, in.Key.RoleDenied, in.Key.PolicyDenied}},
		{SymptomExecCaller, "ExecuteCommand would be refused", []Check{e.CallerDenied, e.CallerKey}},
	} {
		wrong := false
		for _, c := range x.checks {
			for _, k := range c.Basis.Missing {
				v.Want(k)
			}
			wrong = wrong || c.Holds && !c.Basis.Unknown || c.Basis.Unknown && c.Basis.Why == ""
		}
		if wrong {
			one := in.as(x.symptom, x.words)
			one.Basis.Cites = append(one.Basis.Cites[:len(one.Basis.Cites):len(one.Basis.Cites)], e.Basis.Cites...)
			out = append(out, one)
		}
	}
	return out
}

// unconnected is what keeps the agent from its channel. Where no session can open in such a subnet at all, its way out
// does not matter.
func (s *sessions) unconnected(in Incident) []Check {
	e := in.Exec
	if e.IPv6Only.Holds {
		return []Check{e.Starting, e.NoRole, e.RoleDenied}
	}
	way := Check{Holds: in.Reach.Blocked, Resource: cmp.Or(in.Reach.Via, in.Reach.Host), Basis: in.Reach.Basis}
	return []Check{e.Starting, e.NoRole, e.RoleDenied, way}
}
