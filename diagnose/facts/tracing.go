package facts

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// SymptomNoTraces is a service that works and sends no traces.
const SymptomNoTraces = "tracing/no-traces"

// Tracing is how the tasks of a service send traces to X-Ray.
type Tracing struct {
	Collector   string         `json:"collector"` // container of the X-Ray daemon or OpenTelemetry collector, "" = none
	App         string         `json:"app"`       // container that sends
	Role        string         `json:"role"`      // task role, name
	Denied      Check          `json:"denied"`    // it may not send traces
	Unreachable Check          `json:"unreachable"`
	Unsampled   Check          `json:"unsampled"`
	Basis       evidence.Basis `json:"-"`
}

// tracingFact keeps what the watch found; no other failure is about traces.
func tracingFact(v *evidence.View, in *Incident) {
	if in.Symptom != SymptomNoTraces {
		b := v.Track().Decided()
		x := Check{Basis: b}
		in.Tracing = Tracing{Basis: b, Denied: x, Unreachable: x, Unsampled: x}
	}
}

func collects(c evidence.ContainerDefinition) bool {
	low := strings.ToLower(c.Image)
	return strings.Contains(low, "xray-daemon") || strings.Contains(low, "aws-otel-collector") || strings.Contains(low, "opentelemetry-collector") || strings.Contains(low, "adot")
}

func traces(c evidence.ContainerDefinition) bool {
	return slices.ContainsFunc(c.EnvironmentNames, func(n string) bool {
		return strings.HasPrefix(n, "AWS_XRAY_") || strings.HasPrefix(n, "OTEL_EXPORTER_OTLP") || n == "OTEL_TRACES_EXPORTER"
	})
}

// tracingWatch looks at the traces of a service that is well and was asked for alone. Only a task definition with a
// collector, or with variables that tell a program where to send traces, is worth a further look.
func tracingWatch(v *evidence.View, g *grouping, found []Incident) []Incident {
	if !g.alone || len(found) > 0 || g.svc.Status != "ACTIVE" || g.svc.Running == 0 {
		return nil
	}
	td, st := evidence.Read(v, evidence.TaskDefinitionKey(g.svc.TaskDefinition))
	if st != evidence.Found {
		return nil
	}
	t := Tracing{Role: iam.RoleName(td.TaskRoleARN)}
	app := evidence.ContainerDefinition{}
	for _, c := range td.Containers {
		if collects(c) && t.Collector == "" {
			t.Collector = c.Name
		}
		if app.Name == "" && !collects(c) && (traces(c) || c.Essential) {
			app = c
		}
	}
	if t.Collector == "" && !traces(app) {
		return nil
	}
	t.App = app.Name
	w := v.Track()
	w.Cite(evidence.TaskDefinitionKey(g.svc.TaskDefinition).Key, "task definition "+td.ID, "containerDefinitions", "collector: "+orNobody(t.Collector))
	t.Basis = w.Decided()
	d := iam.RoleMay(v.Track(), td.TaskRoleARN, "xray:PutTraceSegments", "*", nil)
	t.Denied = Check{Holds: d.Denied, Resource: t.Role, Detail: d.Says, Basis: d.Basis}
	t.Unsampled = unsampled(v, g.svc.Name)
	t.Unreachable = g.unreachable(v, app)
	in := g.eventIncident(message.Reading{Family: "tracing", Step: "run", Symptom: SymptomNoTraces, Text: "(no message: the tasks send no traces)"}, evidence.ServiceEvent{At: g.now})
	in.Kind, in.Symptom, in.Tasks, in.Tracing, in.Basis = KindRunning, SymptomNoTraces, 0, t, t.Basis
	wrong := false
	for _, c := range []Check{t.Denied, t.Unreachable, t.Unsampled} {
		for _, k := range c.Basis.Missing {
			v.Want(k)
		}
		wrong = wrong || !c.Basis.Unknown && c.Holds
	}
	if !wrong {
		return nil // traces that nothing stands in the way of are no incident
	}
	return []Incident{in}
}

func orNobody(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// unsampled tells whether no rule that fits the service lets a request through, and names the first by priority of those that fit. A program
// may call itself otherwise than its ECS service; here both have one name.
func unsampled(v *evidence.View, service string) Check {
	w := v.Track()
	key := evidence.SamplingRulesKey()
	list, st := evidence.Read(w, key)
	if st != evidence.Found {
		return Check{Basis: w.Undecided("")}
	}
	rules := slices.Clone(list.Rules)
	slices.SortStableFunc(rules, func(a, b evidence.SamplingRule) int { return cmp.Compare(a.Priority, b.Priority) })
	c := Check{}
	takes := false
	for _, r := range rules {
		switch fits, _ := path.Match(r.ServiceName, service); { // a malformed pattern fits nothing
		case !fits && r.ServiceName != "*" && r.ServiceName != "":
			continue
		case r.FixedRate > 0 || r.Reservoir > 0:
			takes = true
		case c.Resource == "":
			c.Resource, c.Detail = r.Name, "rule "+r.Name+" takes none of the requests, and no other rule that fits takes any"
		}
		w.Cite(key.Key, "sampling rule "+r.Name, "FixedRate, ReservoirSize", fmt.Sprintf("%g, %d", r.FixedRate, r.Reservoir))
	}
	c.Holds = !takes && c.Resource != ""
	c.Basis = w.Decided()
	return c
}

// unreachable looks for the line in which the program says that nobody listens where it sends its traces: the X-Ray
// daemon's port 2000, or those of OTLP.
func (g *grouping) unreachable(v *evidence.View, app evidence.ContainerDefinition) Check {
	w := v.Track()
	list, st := evidence.Read(w, evidence.RunningTasksKey(g.svc.Cluster, g.svc.Name))
	if st != evidence.Found {
		return Check{Basis: w.Undecided("")}
	}
	i := slices.IndexFunc(list.Tasks, func(t evidence.Task) bool { return t.LastStatus == "RUNNING" })
	group, prefix := option(app, "awslogs-group"), option(app, "awslogs-stream-prefix")
	if i < 0 || app.LogDriver != "awslogs" || group == "" || prefix == "" {
		return Check{Basis: w.Undecided("no log of a running task can be read from CloudWatch Logs")}
	}
	key := evidence.LogTailKey(group, prefix+"/"+app.Name+"/"+list.Tasks[i].ID)
	tail, lst := evidence.Read(w, key)
	if lst != evidence.Found && lst != evidence.Absent {
		return Check{Basis: w.Undecided("")}
	}
	for _, l := range slices.Backward(tail.Lines) {
		low := strings.ToLower(l.Text)
		port := strings.Contains(low, ":2000") || strings.Contains(low, ":4317") || strings.Contains(low, ":4318")
		if port && (strings.Contains(low, "refused") || strings.Contains(low, "unreachable") || strings.Contains(low, "timeout") || strings.Contains(low, "unavailable")) {
			w.Cite(key.Key, "log stream "+prefix+"/"+app.Name+"/"+list.Tasks[i].ID, "message", l.Text)
			return Check{Holds: true, Resource: app.Name, Detail: l.Text, Basis: w.Decided()}
		}
	}
	w.Cite(key.Key, "log stream of "+app.Name, "message", "no line about it among the last ones")
	return Check{Basis: w.Decided()}
}
