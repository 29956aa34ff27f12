package lab

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Injection is what shall be wrong with the account's endpoint: how AWS treats the caller, not what is in the account. Actions are written
// as in IAM, ecs:ListTasks or iam:*.
type Injection struct {
	Deny         []string          `yaml:"deny"`          // actions that the caller may not do
	CallerPolicy any               `yaml:"caller_policy"` // all that he may do: a managed policy's name or ARN, a document, or a list of these
	Throttle     bool              `yaml:"throttle"`      // token buckets of the sizes that AWS publishes
	Latency      map[string]string `yaml:"latency"`       // by action, "*" for all: how long a call takes, as in 800ms
	Mangle       []string          `yaml:"mangle"`        // actions whose answers nobody can read
	Outage       []string          `yaml:"outage"`        // services that are down, as in ec2
}

// ParseInjection reads an Injection from YAML. Unknown keys are errors.
func ParseInjection(text []byte) (Injection, error) {
	var in Injection
	if err := yaml.UnmarshalWithOptions(text, &in, yaml.Strict()); err != nil {
		return in, err
	}
	return in, nil
}

func (in Injection) empty() bool {
	return len(in.Deny)+len(in.Latency)+len(in.Mangle)+len(in.Outage) == 0 && in.CallerPolicy == nil && !in.Throttle
}

// Inject makes wrong what an Injection says, and nothing else. The error names the key; nothing has changed then.
func (w *World) Inject(in Injection) error {
	policies, err := policyList(in.CallerPolicy)
	if err != nil {
		return fmt.Errorf("caller_policy: %w", err)
	}
	for key, list := range map[string][]string{"deny": in.Deny, "mangle": in.Mangle, "latency": slices.Collect(maps.Keys(in.Latency))} {
		for _, pattern := range list {
			if len(w.actionsLike(pattern)) == 0 && (key != "latency" || pattern != "*") {
				return fmt.Errorf("%s: the lab answers no call like %q; write it as ecs:ListTasks or ecs:*", key, pattern)
			}
		}
	}
	latencies := map[string]time.Duration{}
	for pattern, text := range in.Latency {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return fmt.Errorf("latency: %s: %q is no duration; write it as 800ms or 2s", pattern, text)
		}
		latencies[pattern] = d
	}
	var out []string
	for _, s := range in.Outage {
		if s == "cloudwatch" {
			s = "monitoring" // which is what it calls itself on the wire
		}
		if services := w.serviceNames(); !slices.Contains(services, s) {
			return fmt.Errorf("outage: the lab has no service %q; it has %s", s, strings.Join(services, ", "))
		}
		out = append(out, s)
	}
	if err := w.LimitCaller(policies...); err != nil {
		return fmt.Errorf("caller_policy: %w", err)
	}
	w.clearFaults()
	w.Deny(in.Deny...)
	w.Limit(in.Throttle, nil)
	for _, pattern := range slices.Sorted(maps.Keys(latencies)) { // "*" comes first, and special ones overwrite it
		if pattern == "*" {
			w.Slow(latencies[pattern])
			continue
		}
		w.Slow(latencies[pattern], w.actionsLike(pattern)...)
	}
	for _, pattern := range in.Mangle {
		for _, a := range w.actionsLike(pattern) {
			w.Mangle(a, true)
		}
	}
	w.Outage(true, out...)
	return nil
}

// clearFaults takes back what was injected, but for the caller's policies.
func (w *World) clearFaults() {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	f := &w.faults
	f.denied, f.throttle, f.failing, f.mangled, f.latency, f.perCall, f.out, f.meter = nil, nil, nil, nil, 0, nil, nil, nil
}

// policyList reads caller_policy: texts stay, objects become documents.
func policyList(v any) ([]string, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []any:
		var out []string
		for _, e := range v {
			one, err := policyList(e)
			if err != nil {
				return nil, err
			}
			out = append(out, one...)
		}
		return out, nil
	case map[string]any:
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		return []string{string(text)}, nil
	}
	return nil, fmt.Errorf("it is neither a name nor a policy document nor a list of these")
}

// actionsLike lists the calls that the lab answers and a pattern covers, by their names on the wire; cloudwatch: is taken for monitoring:.
func (w *World) actionsLike(pattern string) []string {
	var out []string
	for _, o := range w.front.Operations {
		a := o.Service + ":" + o.Name
		if covers(pattern, a) || o.Service == "monitoring" && covers(pattern, "cloudwatch:"+o.Name) {
			out = append(out, a)
		}
	}
	return out
}

// serviceNames lists the services that the lab speaks, by signing names.
func (w *World) serviceNames() []string {
	var out []string
	for _, o := range w.front.Operations {
		out = append(out, o.Service)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
