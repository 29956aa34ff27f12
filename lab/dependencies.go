package lab

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// startTimeout is how long others wait for a container when its definition has no startTimeout. ECS's default is three minutes.
func (c *container) startTimeout() time.Duration {
	return seconds(cmp.Or(c.def.StartTimeout, aws.Int32(180)))
}

// ordered tells whether some container waits for another.
func (t *task) ordered() bool {
	return slices.ContainsFunc(t.containers, func(c *container) bool { return len(c.def.DependsOn) > 0 })
}

// order starts every container whose dependencies are met. The task is RUNNING when the last one was started.
func (w *World) order(t *task) {
	if !t.ordered() || t.ended || t.stopping() || t.PullStoppedAt == nil {
		return
	}
	for again := true; again; {
		again = false
		for _, c := range t.containers {
			if c.started {
				continue
			}
			ready, never := w.met(t, c)
			if never != "" {
				w.failStart(t, &failure{reason: never, container: c})
				return
			}
			if ready {
				w.startContainer(t, c)
				w.waitFor(t, c)
				again = true
			}
		}
	}
	if t.is("RUNNING") || slices.ContainsFunc(t.containers, func(c *container) bool { return !c.started }) {
		return
	}
	if !t.complete {
		t.complete = true
		w.later(t, time.Second, func() { w.running(t) })
	}
}

// met tells whether all that a container depends on is as it must be; never says why that cannot happen any more.
func (w *World) met(t *task, c *container) (ready bool, never string) {
	ready = true
	for _, need := range c.def.DependsOn {
		name := aws.ToString(need.ContainerName)
		i := slices.IndexFunc(t.containers, func(o *container) bool { return aws.ToString(o.def.Name) == name })
		if i < 0 {
			return false, fmt.Sprintf("dependency graph: container ordering dependency [%s] for target [%s] does not exist.", name, aws.ToString(c.def.Name))
		}
		d, state := t.containers[i], t.Containers[i]
		ok := false
		switch need.Condition {
		case ecstypes.ContainerConditionStart:
			ok = d.started
		case ecstypes.ContainerConditionComplete:
			ok = d.done
		case ecstypes.ContainerConditionSuccess:
			ok = d.done && aws.ToInt32(state.ExitCode) == 0
			if d.done && !ok {
				return false, fmt.Sprintf("dependency graph: failed to resolve container ordering dependency [%s] for target [%s] as dependency did not exit successfully.", name, aws.ToString(c.def.Name))
			}
		case ecstypes.ContainerConditionHealthy:
			ok = state.HealthStatus == ecstypes.HealthStatusHealthy
		}
		ready = ready && ok
	}
	return ready, ""
}

// waitFor gives up on a container that was started when others still wait for it after its startTimeout.
func (w *World) waitFor(t *task, d *container) {
	w.later(t, d.startTimeout(), func() {
		for _, c := range t.containers {
			if c.started {
				continue
			}
			for _, need := range c.def.DependsOn {
				if aws.ToString(need.ContainerName) == aws.ToString(d.def.Name) {
					w.failStart(t, &failure{container: c, reason: fmt.Sprintf("dependency graph: container ordering dependency [%s] for target [%s] has timed out.",
						aws.ToString(d.def.Name), aws.ToString(c.def.Name))})
					return
				}
			}
		}
	})
}

// startContainer begins a container: its program and its health check.
func (w *World) startContainer(t *task, c *container) {
	c.started = true
	a := &t.Containers[c.index]
	a.LastStatus, a.RuntimeId = aws.String("RUNNING"), aws.String(t.id+"-"+fmt.Sprint(1000000000+c.index))
	w.startApp(t, c)
	w.startHealthCheck(t, c)
}
