package worlds

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ecsplain/ecsplain/lab"
)

// Story tells what is in a case and what was done to it, and what its service said last, for a person who looks into it.
func (c *Case) Story(w *lab.World) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, n := range c.Topology.Networks {
		add("network %s: NAT %t, endpoints %t, %d zones, owner %q, hub %t, central endpoints %t", n.Name, n.NAT, n.Endpoints, n.Zones, n.Owner, n.Hub, n.Central)
	}
	for _, l := range c.Topology.Services {
		mark := ""
		if l.Cluster+"/"+l.Name == c.Target {
			mark = " <- looked at"
		}
		add("service %s/%s in %s: %d tasks, %s%s", l.Cluster, l.Name, c.Topology.Networks[l.Network].Name, l.Count, strings.Join(l.Blocks, ", "), mark)
	}
	add("harmless: %s", strings.Join(c.Oddities, "; "))
	for _, f := range c.Faults {
		add("fault %s, expected %v, or about %s", f.Kind, f.Answers, strings.Join(f.Subjects, " "))
		for _, s := range f.Steps {
			in, _ := json.Marshal(s.Input) // plain data always marshals
			add("  %s:%s %s%s", s.Service, s.Operation, in, map[bool]string{true: " by the owner"}[s.Owner])
		}
	}
	cluster, service, _ := strings.Cut(c.Target, "/")
	answer, err := w.Look("ecs", "DescribeServices", input{"cluster": cluster, "services": []any{service}})
	if err != nil {
		return append(out, err.Error())
	}
	if services, ok := answer["services"].([]any); ok && len(services) > 0 {
		events, _ := services[0].(input)["events"].([]any)
		for _, e := range events[:min(10, len(events))] {
			add("event %v %v", e.(input)["createdAt"], e.(input)["message"])
		}
	}
	return out
}
