package facts

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// Exits tells how the containers of one sample task ended, seen together with the task definition: only an essential
// container takes the task down, and what is told to stop because of it is a victim.
type Exits struct {
	Main        string         `json:"main"`  // the container that serves: the load balancer's, else the first essential one
	First       string         `json:"first"` // the essential container that ended first; "" = two ended alike and AWS tells no order
	Code        int            `json:"code"`  // of First
	Finished    bool           `json:"finished"`
	Sidecar     bool           `json:"sidecar"`      // First is another one than Main
	Victims     []string       `json:"victims"`      // essential containers that were told to stop or killed because of First
	Containers  int            `json:"containers"`   // of the task definition
	KilledLate  bool           `json:"killed_late"`  // SIGKILL after the stop timeout: told to stop, and did not
	Waited      int            `json:"waited"`       // seconds from the order to stop until the last container had ended; 0 = not told
	StopTimeout int            `json:"stop_timeout"` // seconds, of the container killed, else of Main
	Basis       evidence.Basis `json:"-"`
}

// defaultStopTimeout is AWS's stopTimeout in seconds where the container sets none (ECS API, ContainerDefinition).
const defaultStopTimeout = 30

const sigkill, sigterm = 137, 143

// exitsFact runs before the definition is looked at: where the task definition shows that the container picked by its
// code alone is not essential, the incident is about the one that is.
func exitsFact(v *evidence.View, in *Incident) {
	w := v.Track()
	if in.Message.Family != "exit" && in.Message.Step != "run" {
		in.Exits = Exits{Basis: w.Undecided("no container of the task ran")}
		return
	}
	task, key, known := sampleTask(w, in)
	td, read := launched(w, in)
	if !known || !read {
		in.Exits = Exits{Basis: w.Undecided("")}
		return
	}
	x := Exits{Main: mainContainer(w, in, td), Containers: len(td.Containers), StopTimeout: defaultStopTimeout, Waited: stopSeconds(task)}
	ended := essentialEnds(task, td)
	x.order(ended, td)
	w.Cite(key, "task "+task.ID, "containers.exitCode", sayEnds(ended))
	in.Exits = x
	in.Exits.Basis = w.Decided()
	in.aboutFirst(ended, x.First)
	if d, _ := containerNamed(td, in.Exit.Container); d.FirelensType != "" && !in.Exit.OOM && strings.HasPrefix(in.Symptom, "exit/") {
		in.Symptom = "logging/firelens/router-exited"
		in.Message.Symptom = in.Symptom
	}
}

// aboutFirst makes the incident one of the container that ended first.
func (in *Incident) aboutFirst(ended []evidence.Container, first string) {
	i := slices.IndexFunc(ended, func(c evidence.Container) bool { return c.Name == first })
	if first == "" || first == in.Exit.Container || i < 0 {
		return
	}
	c := ended[i]
	in.Exit = ExitFact{Known: c.Exit.Known, Code: c.Exit.Code, Container: c.Name, Reason: c.Reason, OOM: strings.Contains(c.Reason, "OutOfMemory")}
	in.Launch.Container = first
	if strings.HasPrefix(in.Symptom, "exit/") {
		in.Symptom = exitSymptom(in.Exit)
		in.Message.Symptom = in.Symptom
	}
}

func mainContainer(w *evidence.View, in *Incident, td evidence.TaskDefinition) string {
	if k := evidence.ServiceKey(in.Cluster, in.Service); in.Service != "" && w.State(k.Key) == evidence.Found {
		svc, _ := evidence.Read(w, k)
		for _, g := range svc.TargetGroups {
			if _, ok := containerNamed(td, g.Container); ok {
				return g.Container
			}
		}
	}
	for _, c := range td.Containers {
		if c.Essential && c.FirelensType == "" {
			return c.Name
		}
	}
	return ""
}

// essentialEnds are the task's essential containers that have an exit code.
func essentialEnds(t evidence.Task, td evidence.TaskDefinition) (out []evidence.Container) {
	for _, c := range t.Containers {
		if d, ok := containerNamed(td, c.Name); ok && d.Essential && c.Exit.Known {
			out = append(out, c)
		}
	}
	return out
}

func sayEnds(ended []evidence.Container) string {
	var out []string
	for _, c := range ended {
		out = append(out, c.Name+": "+itoa(c.Exit.Code))
	}
	return cmp.Or(strings.Join(out, ", "), "no essential container has one")
}

// stopSeconds is how long the task took from the order to stop to the end of its last container; 0 = not told.
func stopSeconds(t evidence.Task) int {
	end := t.ExecutionStoppedAt
	if !end.Known {
		end = t.StoppedAt
	}
	if !t.StoppingAt.Known || !end.Known {
		return 0
	}
	return int(end.At.Sub(t.StoppingAt.At).Seconds())
}

// order finds out who ended first. A code of its own goes before 0, for a program that is told to stop may well end
// with 0; 143 and 137 are those of victims, unless nothing else ended. Among 0 and 137 the time decides: a victim is
// killed only once its stop timeout is over.
func (x *Exits) order(ended []evidence.Container, td evidence.TaskDefinition) {
	var own, zero, killed, told []evidence.Container
	for _, c := range ended {
		switch oom := strings.Contains(c.Reason, "OutOfMemory"); {
		case oom || c.Exit.Code != 0 && c.Exit.Code != sigkill && c.Exit.Code != sigterm:
			own = append(own, c)
		case c.Exit.Code == 0:
			zero = append(zero, c)
		case c.Exit.Code == sigkill:
			killed = append(killed, c)
		default:
			told = append(told, c)
		}
	}
	late := false
	if len(killed) > 0 {
		if d, ok := containerNamed(td, killed[0].Name); ok {
			x.StopTimeout = cmp.Or(d.StopTimeout, defaultStopTimeout)
		}
		late = x.Waited >= x.StopTimeout
	}
	x.KilledLate = late
	candidates := own
	if len(own) == 0 {
		candidates = zero
		if len(killed) > 0 && !late {
			candidates = append(slices.Clone(zero), killed...)
			if x.Waited > 0 {
				candidates = killed // it was gone long before its timeout: nobody had told it to stop
			}
		}
		if len(candidates) == 0 {
			candidates = told
		}
	}
	x.Finished = len(candidates) > 0 && !slices.ContainsFunc(candidates, func(c evidence.Container) bool { return c.Exit.Code != 0 })
	if len(candidates) != 1 {
		return
	}
	x.First, x.Code = candidates[0].Name, candidates[0].Exit.Code
	x.Sidecar = x.Main != "" && x.First != x.Main
	for _, c := range ended {
		if c.Name != x.First {
			x.Victims = append(x.Victims, c.Name)
		}
	}
}
