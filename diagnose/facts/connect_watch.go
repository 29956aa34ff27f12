package facts

import (
	"slices"

	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// Symptoms of services that do not find or reach each other.
const (
	SymptomNamespace     = "service-connect/namespace"
	SymptomConnectConfig = "service-connect/config"
	SymptomProxyRoom     = "service-connect/proxy-resources"
	SymptomUnresolved    = "service-connect/unresolved-name"
	SymptomUpstream      = "service-connect/upstream-error"
	SymptomNotRegistered = "service-connect/not-registered"
)

// connectWatch looks at a service that is well, was asked for alone, and uses Service Connect or service discovery: at its
// namespace, the names of its ports, what is registered, and at what the log of one of its tasks says of other services.
func connectWatch(v *evidence.View, g *grouping, found []Incident) []Incident {
	svc := g.svc
	if !g.alone || len(found) > 0 || svc.Status != "ACTIVE" || svc.Running == 0 || !svc.Connect.Enabled && len(svc.Registries) == 0 {
		return nil
	}
	list, st := evidence.Read(v, evidence.RunningTasksKey(svc.Cluster, svc.Name))
	i := slices.IndexFunc(list.Tasks, func(t evidence.Task) bool { return t.LastStatus == "RUNNING" })
	if st != evidence.Found || i < 0 {
		return nil
	}
	in := g.eventIncident(message.Reading{Family: "service-connect", Step: "run"}, evidence.ServiceEvent{At: g.now})
	l := g.launchOf(list.Tasks[i])
	in.Kind, in.Tasks, in.Launch, in.Samples = KindRunning, 0, l, []string{list.Tasks[i].ID}
	definitionFact(v, &in)
	logFact(v, &in)
	connectFact(v, &in)
	c := &in.Connect
	wrong := func(checks ...Check) bool {
		return slices.ContainsFunc(checks, func(x Check) bool { return x.Holds && !x.Basis.Unknown })
	}
	open := in.Definition.Basis.Missing
	open = append(append(open, in.Log.Basis.Missing...), c.Basis.Missing...)
	for _, x := range c.checks() {
		open = append(open, x.Basis.Missing...)
	}
	for _, k := range open {
		v.Want(k)
	}
	said := c.Line != "" && !slices.ContainsFunc(open, func(k evidence.Key) bool { return v.State(k) == evidence.Unread })
	switch {
	case wrong(c.NamespaceMissing):
		return []Incident{in.as(SymptomNamespace, "the namespace of the service is gone")}
	case wrong(c.PortMissing):
		return []Incident{in.as(SymptomConnectConfig, c.PortMissing.Detail)}
	case wrong(c.NotRegistered, c.RegistryMissing):
		return []Incident{in.as(SymptomNotRegistered, "a running task is not found by its name")}
	case said && c.Host == "":
		return []Incident{in.as(SymptomUpstream, c.Line)}
	case said && (c.Upstream != "" || c.NotJoined.Basis.Unknown):
		return []Incident{in.as(SymptomUnresolved, c.Line)}
	}
	return nil
}
