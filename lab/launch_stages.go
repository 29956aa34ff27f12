package lab

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// stages lists what stands between a task that has its interface and RUNNING, in order: registry token, secrets, environment
// files, log streams, EFS volumes, then manifest and layers of every container, then the start. The first that fails decides what AWS says.
func (w *World) stages(t *task) []stage {
	var out []stage
	add := func(took time.Duration, attempt func() *failure) {
		out = append(out, stage{attempt, func() time.Duration { return took }})
	}
	for _, c := range t.containers {
		if parseImage(aws.ToString(c.def.Image)).account != "" {
			add(time.Second, func() *failure { return w.registryAuth(t) })
			break // one token serves every container
		}
	}
	for _, c := range t.containers {
		for _, s := range c.def.Secrets {
			add(300*time.Millisecond, func() *failure { return w.fetchSecret(t, c, s) })
		}
	}
	for _, c := range t.containers {
		for _, f := range c.def.EnvironmentFiles {
			add(300*time.Millisecond, func() *failure { return w.fetchEnvFile(t, c, f) })
		}
	}
	for _, c := range t.containers {
		if l := c.def.LogConfiguration; l != nil && l.LogDriver == ecstypes.LogDriverAwslogs {
			add(500*time.Millisecond, func() *failure { return w.logDriver(t, c) })
		}
	}
	if r := t.router(); r != nil {
		add(200*time.Millisecond, func() *failure { return w.routerConfig(t, r) })
	}
	for _, v := range t.efsVolumes() {
		add(time.Second, func() *failure { return w.mount(t, v) })
	}
	for _, c := range t.containers {
		add(time.Second, func() *failure { return w.manifest(t, c) })
		out = append(out, stage{func() *failure { return w.layers(t, c) }, func() time.Duration { return pullTime(c.image) }})
	}
	add(0, func() *failure { return w.startContainers(t) })
	return out
}

// startContainers runs the programs. When all could be executed the task is RUNNING.
func (w *World) startContainers(t *task) *failure {
	t.PullStoppedAt = aws.Time(w.now)
	for _, c := range t.containers {
		if program := c.command(); !c.image.App.has(program) {
			why := "executable file not found in $PATH"
			if strings.Contains(program, "/") {
				why = fmt.Sprintf("stat %s: no such file or directory", program)
			}
			return &failure{container: c, reason: "CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed to create shim task: " +
				fmt.Sprintf("OCI runtime create failed: runc create failed: unable to start container process: exec: %q: %s: unknown", program, why)}
		}
	}
	if f := t.unrouted(); f != nil {
		return f
	}
	if t.ordered() {
		w.order(t)
		return nil
	}
	w.later(t, w.about(1500*time.Millisecond), func() { w.running(t) })
	return nil
}

// running is a task's way into RUNNING.
func (w *World) running(t *task) {
	t.StartedAt = aws.Time(w.now)
	t.set("RUNNING")
	w.noteRunning(t)
	for _, c := range t.containers {
		if !c.started {
			w.startContainer(t, c)
		}
	}
	w.startAgents(t)
	t.startProxy()
	w.announce(t)
	w.enlist(t)
	w.later(t, settled, func() { w.assess(t) })
}

// exit is the end of a container. The end of an essential one is the end of the task.
func (w *World) exit(t *task, c *container, code int32, reason string) {
	if c.done || t.stopping() {
		return
	}
	c.done = true
	a := &t.Containers[c.index]
	a.ExitCode, a.LastStatus = aws.Int32(code), aws.String("STOPPED")
	if reason != "" {
		a.Reason = aws.String(reason)
	}
	if !c.essential() {
		w.order(t)
		return
	}
	t.StopCode, t.StoppedReason = ecstypes.TaskStopCodeEssentialContainerExited, aws.String("Essential container in task exited")
	for _, other := range t.containers {
		if !other.done {
			other.done = true
			t.Containers[other.index].ExitCode = aws.Int32(other.signalled())
		}
	}
	w.leave(t)
	w.noteCrash(t)
}

// stop ends a task on request.
func (w *World) stop(t *task, code ecstypes.TaskStopCode, reason string) {
	if t.stopping() {
		return
	}
	t.StopCode, t.StoppedReason, t.DesiredStatus = code, aws.String(reason), aws.String("STOPPED")
	if !t.is("RUNNING") {
		w.leave(t)
		return
	}
	t.StoppingAt, t.ended = aws.Time(w.now), true
	w.withdraw(t)
	if drain := w.deregister(t); drain > 0 { // the programs run on until the connections are drained
		t.set("DEACTIVATING")
		w.after(drain, func() { w.terminate(t) })
		return
	}
	w.terminate(t)
}

// terminate tells the programs of a task to stop.
func (w *World) terminate(t *task) {
	t.set("STOPPING")
	grace := w.about(2 * time.Second)
	for _, c := range t.containers {
		if c.image.App.Ignores {
			grace = max(grace, c.stopTimeout())
		}
	}
	w.after(grace, func() {
		began := t.StoppingAt
		for _, c := range t.containers {
			if !c.done {
				c.done = true
				t.Containers[c.index].ExitCode = aws.Int32(c.signalled())
			}
		}
		w.leave(t)
		t.StoppingAt = began
	})
}

// signalled is the exit code of a program that was told to stop: 0 when it stops in order, 137 when it had to be killed.
func (c *container) signalled() int32 {
	if c.image != nil && c.image.App.Ignores {
		return 137
	}
	return 0
}
