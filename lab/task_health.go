package lab

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// settled is how long a task without any health check runs before ECS counts it as healthy.
const settled = 40 * time.Second

// registration is one place that a task has in a target group.
type registration struct {
	group  *targetGroup
	target *target
}

// enlist puts a task that runs into the target groups of its service.
func (w *World) enlist(t *task) {
	s := t.launch.service
	if s == nil || w.interfaces[t.eni] == nil {
		return
	}
	ip := aws.ToString(w.interfaces[t.eni].PrivateIpAddress)
	for _, l := range t.launch.balancers {
		arn, port := aws.ToString(l.TargetGroupArn), aws.ToInt32(l.ContainerPort)
		g := w.elb.targetGroups[arn]
		if g == nil {
			w.event(s, fmt.Sprintf("(service %s) failed to register targets in (target-group %s) with (error One or more target groups not found)", s.name(), arn))
			continue
		}
		if err := w.registerTarget(g, ip, port); err != nil {
			w.event(s, fmt.Sprintf("(service %s) failed to register targets in (target-group %s) with (error %s)", s.name(), arn, err))
			continue
		}
		t.targets = append(t.targets, registration{g, g.find(ip, port)})
		w.record(s, fmt.Sprintf("(service %s) registered 1 targets in (target-group %s)", s.name(), arn))
	}
}

// deregister takes a task out of its target groups; the result is how long connections to it drain, 0 when there were none.
func (w *World) deregister(t *task) time.Duration {
	drain := time.Duration(0)
	for _, r := range t.targets {
		if r.target.state == elbtypes.TargetHealthStateEnumDraining || !slices.Contains(r.group.targets, r.target) {
			continue
		}
		drain = max(drain, r.group.delay())
		w.drainTarget(r.group, r.target)
		w.record(t.launch.service, fmt.Sprintf("(service %s) deregistered 1 targets in (target-group %s)", t.launch.service.name(), aws.ToString(r.group.TargetGroupArn)))
	}
	if drain > 0 {
		w.record(t.launch.service, fmt.Sprintf("(service %s) has begun draining connections on 1 tasks.", t.launch.service.name()))
	}
	return drain
}

// ailment is why a task is not healthy.
type ailment struct {
	waiting bool   // not known yet, or nothing that ECS stops a task for
	reason  string // the task's stoppedReason
	event   string // what the service says of it
}

// ailing is what ECS knows against a task that runs; nil = it is healthy. Container health checks of essential containers and the
// health of targets count; without either it is healthy after 40 seconds. Not verified: to ECS a target in a zone that the load balancer
// does not serve is unhealthy; one whose group no listener uses is not, but the service is not steady with it.
func (w *World) ailing(t *task) *ailment {
	s := t.launch.service
	var waits *ailment
	checked := false
	for _, c := range t.containers {
		if c.def.HealthCheck == nil || !c.essential() {
			continue
		}
		checked = true
		switch t.Containers[c.index].HealthStatus {
		case ecstypes.HealthStatusUnhealthy:
			return &ailment{reason: "Task failed container health checks", event: fmt.Sprintf("(service %s) (task %s) failed container health checks.", s.name(), t.id)}
		case ecstypes.HealthStatusUnknown:
			waits = &ailment{waiting: true}
		}
	}
	for _, r := range t.targets {
		checked = true
		x, arn := r.target, aws.ToString(r.group.TargetGroupArn)
		switch {
		case x.state == elbtypes.TargetHealthStateEnumUnhealthy, x.state == elbtypes.TargetHealthStateEnumUnused && x.description == sayZone:
			return &ailment{
				reason: fmt.Sprintf("Task failed ELB health checks in (target-group %s)", arn),
				event:  fmt.Sprintf("(service %s) (task %s) (port %d) is unhealthy in (target-group %s) due to (reason %s)", s.name(), t.id, x.port, arn, x.description),
			}
		case t.launch.deployment.set != nil && x.state == elbtypes.TargetHealthStateEnumUnused:
			checked = false // the idle group of CodeDeploy gets its listener later, so nobody checks it
		case x.state != elbtypes.TargetHealthStateEnumHealthy:
			waits = &ailment{waiting: true}
		}
	}
	if len(t.targets) < len(t.launch.balancers) || !checked && w.now.Sub(*t.StartedAt) < settled {
		waits = &ailment{waiting: true}
	}
	return waits
}

// assess looks at a task's health after something changed: it may count as a success now, or be stopped for good. An unhealthy task
// is left alone while the service's grace period runs. Not verified: since October 2023 ECS may start the replacement first where
// maximumPercent allows it; here the task is stopped first, so that tasks die at a constant age, as public reports show them.
func (w *World) assess(t *task) {
	s := t.launch.service
	if t.stopping() || !t.is("RUNNING") || t.StartedAt == nil || s == nil {
		return
	}
	bad := w.ailing(t)
	if bad == nil {
		if !t.healthy {
			t.proven = true
			w.noteHealthy(t)
		}
		return
	}
	if t.healthy {
		t.healthy, s.steadyAt = false, time.Time{}
		w.reconcileIn(s, time.Second)
	}
	if bad.waiting {
		return
	}
	if left := seconds(s.HealthCheckGracePeriodSeconds) - w.now.Sub(*t.StartedAt); left > 0 {
		w.later(t, left, func() { w.assess(t) })
		return
	}
	w.event(s, bad.event)
	w.stop(t, ecstypes.TaskStopCodeServiceSchedulerInitiated, bad.reason)
	w.record(s, fmt.Sprintf("(service %s) has stopped 1 running tasks: (task %s).", s.name(), t.id))
	if !t.proven {
		w.countFailure(s, t.launch.deployment)
	}
	w.reconcileIn(s, w.about(5*time.Second))
}
