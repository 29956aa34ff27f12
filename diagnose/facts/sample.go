package facts

import "github.com/ecsplain/ecsplain/evidence"

// sampleTask is the newest task of the incident that the evidence still shows, and the key that shows it. known is false
// while nothing was read that could show it.
func sampleTask(w *evidence.View, in *Incident) (task evidence.Task, key evidence.Key, known bool) {
	for _, id := range in.Samples {
		k := evidence.TaskKey(in.Cluster, id)
		if w.State(k.Key) == evidence.Found {
			t, _ := evidence.Read(w, k)
			return t, k.Key, true
		}
	}
	if len(in.Samples) == 0 {
		return evidence.Task{}, evidence.Key{}, false
	}
	list := evidence.StoppedTasksKey(in.Cluster, in.Service)
	if in.Kind == KindStuck || in.Kind == KindRunning || in.Kind == KindExec || in.Kind == KindUnhealthy {
		list = evidence.RunningTasksKey(in.Cluster, in.Service)
	}
	tasks, _ := evidence.Read(w, list)
	captured := evidence.CapturedTasksKey(in.Cluster, in.Service)
	if w.State(captured.Key) == evidence.Found { // AWS forgot the task, and a record of it was read
		list = captured
		tasks, _ = evidence.Read(w, list)
	}
	for _, t := range tasks.Tasks {
		if t.ID == in.Samples[0] {
			return t, list.Key, true
		}
	}
	return evidence.Task{}, list.Key, false
}

// launched is the revision of the incident's launch. known is false while it was not read; a revision that does not
// exist is known and has no containers.
func launched(w *evidence.View, in *Incident) (td evidence.TaskDefinition, known bool) {
	if in.Launch.TaskDefinition == "" {
		return td, false
	}
	td, st := evidence.Read(w, evidence.TaskDefinitionKey(in.Launch.TaskDefinition))
	return td, st == evidence.Found || st == evidence.Absent
}

// concernedContainer is the container the incident is about, whole.
func concernedContainer(td evidence.TaskDefinition, in *Incident) evidence.ContainerDefinition {
	c, _ := containerNamed(td, in.Definition.Container)
	return c
}

func containerNamed(td evidence.TaskDefinition, name string) (evidence.ContainerDefinition, bool) {
	for _, c := range td.Containers {
		if c.Name == name && name != "" {
			return c, true
		}
	}
	return evidence.ContainerDefinition{}, false
}

func containerOf(t evidence.Task, name string) (evidence.Container, bool) {
	for _, c := range t.Containers {
		if c.Name == name {
			return c, true
		}
	}
	return evidence.Container{}, false
}
