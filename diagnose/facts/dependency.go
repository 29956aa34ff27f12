package facts

import (
	"cmp"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// Dependency is the entry of dependsOn that keeps a container of the task from starting, or that ended the task.
type Dependency struct {
	Target       string         `json:"target"`        // the container that waits; "" = none does
	On           string         `json:"on"`            // the container it waits for
	Condition    string         `json:"condition"`     // START, COMPLETE, SUCCESS, HEALTHY
	StartTimeout int            `json:"start_timeout"` // seconds, of the container waited for; 0 = not set
	HealthCheck  string         `json:"health_check"`  // its command; "" = none
	Essential    bool           `json:"essential"`     // the container waited for is essential
	Code         int            `json:"code"`          // with which it ended, where Failed
	Health       string         `json:"health"`        // HEALTHY, UNHEALTHY, UNKNOWN; "" = not told
	Failed       bool           `json:"failed"`        // it had to succeed and ended with another code than 0
	Unhealthy    bool           `json:"unhealthy"`     // it had to get healthy and is not
	TimedOut     bool           `json:"timed_out"`     // AWS says that the wait took longer than it may
	NeverStarts  bool           `json:"never_starts"`  // the name is of no container, or the containers wait for each other
	Basis        evidence.Basis `json:"-"`
}

func dependencyFact(v *evidence.View, in *Incident) {
	w := v.Track()
	waits := in.Message.Family == "container-dependency" || in.Message.Family == "exit" || in.Kind == KindStuck && in.Symptom != SymptomStuckProvisioning
	if !waits {
		in.Dependency = Dependency{Basis: w.Undecided("no container of the task waits for another one")}
		return
	}
	task, key, known := sampleTask(w, in)
	td, read := launched(w, in)
	if !read || !known && len(in.Samples) > 0 {
		in.Dependency = Dependency{Basis: w.Undecided("")}
		return
	}
	said := in.Message.Family == "container-dependency"
	d := Dependency{}
	for _, c := range td.Containers {
		for _, dep := range c.DependsOn {
			if d.Target != "" || said && !saidOf(in, c.Name, dep.Container) {
				continue
			}
			if got := holdUp(td, task, c, dep); got.Target != "" || said {
				got.Target = c.Name
				d = got
				w.Cite(evidence.TaskDefinitionKey(in.Launch.TaskDefinition).Key, "task definition "+in.Launch.TaskDefinition, "containerDefinitions["+c.Name+"].dependsOn", dep.Container+" "+dep.Condition)
				on, _ := containerOf(task, dep.Container)
				w.Cite(key, "task "+task.ID, "containers["+dep.Container+"]", strings.TrimSpace(cmp.Or(on.LastStatus, "STOPPED")+" "+on.HealthStatus+sayCode(on)))
			}
		}
	}
	d.TimedOut = said && in.Message.Nature == "timeout"
	in.Dependency = d
	in.Dependency.Basis = w.Decided()
}

func sayCode(c evidence.Container) string {
	if !c.Exit.Known {
		return ""
	}
	return " exit code " + itoa(c.Exit.Code)
}

// saidOf reports whether the message is about this pair: "ordering dependency [ON] for target [TARGET]". Where it names
// nothing it is about any.
func saidOf(in *Incident, target, on string) bool {
	text := in.Message.Text
	return (in.Message.Fields.Container == "" || in.Message.Fields.Container == target) &&
		(!strings.Contains(text, "ordering dependency [") || strings.Contains(text, "ordering dependency ["+on+"]"))
}

// holdUp judges one entry of dependsOn on one task; Target is "" where it holds nothing up.
func holdUp(td evidence.TaskDefinition, t evidence.Task, c evidence.ContainerDefinition, dep evidence.ContainerDependency) Dependency {
	other, exists := containerNamed(td, dep.Container)
	d := Dependency{On: dep.Container, Condition: dep.Condition, StartTimeout: other.StartTimeout, Essential: other.Essential, HealthCheck: strings.Join(other.HealthCheck.Command, " ")}
	target, _ := containerOf(t, c.Name)
	on, there := containerOf(t, dep.Container)
	d.Health = on.HealthStatus
	d.NeverStarts = !exists || circular(td, c.Name, dep.Container, len(td.Containers))
	ran := target.RuntimeID != "" || target.LastStatus == "RUNNING" || target.Exit.Known && target.Exit.Code != sigterm
	if ran || !there && exists {
		return d
	}
	switch dep.Condition {
	case "SUCCESS":
		d.Failed, d.Code = on.Exit.Known && on.Exit.Code != 0, on.Exit.Code
	case "HEALTHY":
		d.Unhealthy = on.HealthStatus != "HEALTHY" && (on.LastStatus == "RUNNING" || on.HealthStatus == "UNHEALTHY")
	}
	if d.Failed || d.Unhealthy || d.NeverStarts {
		d.Target = c.Name
	}
	return d
}

// circular reports whether on waits, by any number of steps, for name.
func circular(td evidence.TaskDefinition, name, on string, depth int) bool {
	if on == name {
		return true
	}
	other, ok := containerNamed(td, on)
	if !ok || depth == 0 {
		return false
	}
	for _, d := range other.DependsOn {
		if circular(td, name, d.Container, depth-1) {
			return true
		}
	}
	return false
}
