package lab

import (
	"fmt"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// What a task's fate means for its deployment.

// noteStartFailure hears of a task that never reached RUNNING: only these are throttled.
func (w *World) noteStartFailure(t *task) {
	s, d := t.launch.service, t.launch.deployment
	if s == nil {
		return
	}
	d.startFailures++
	d.notBefore = w.now.Add(w.backoff(d.startFailures, int(s.DesiredCount)))
	if d.startFailures >= max(3, 2*int(s.DesiredCount)) {
		w.event(s, fmt.Sprintf("(service %s) is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.", s.name()))
	}
	d.unpin()
	w.countFailure(s, d)
	w.reconcileIn(s, d.notBefore.Sub(w.now))
}

// backoff is the wait after so many failed starts in a row. It doubles with every round of the desired count and ends at AWS's
// longest of 27 minutes; the steps in between are not published.
func (w *World) backoff(failures, desired int) time.Duration {
	round := (failures - 1) / max(1, desired)
	return min(w.about(20*time.Second)<<min(round, 10), longestBackoff)
}

// unpin lets a deployment none of whose tasks ever started look its tags up again: ECS goes on without a digest after three tries.
func (d *deployment) unpin() {
	if d.startFailures >= 3 && d.RolloutState == ecstypes.DeploymentRolloutStateInProgress {
		clear(d.digests)
	}
}

// noteRunning hears of a task that reached RUNNING: the start back-off is over.
func (w *World) noteRunning(t *task) {
	s, d := t.launch.service, t.launch.deployment
	if s == nil {
		return
	}
	d.startFailures, d.notBefore = 0, time.Time{}
	w.reconcileIn(s, time.Second)
}

// noteHealthy hears of a task that ran long enough to count as a success.
func (w *World) noteHealthy(t *task) {
	t.healthy = true
	s, d := t.launch.service, t.launch.deployment
	if s == nil {
		return
	}
	if b := s.DeploymentConfiguration.DeploymentCircuitBreaker; !d.tripped && (b == nil || b.ResetOnHealthyTask == nil || *b.ResetOnHealthyTask) {
		d.FailedTasks = 0
	}
	w.reconcileIn(s, time.Second)
}

// noteCrash hears of a task that ended by itself after RUNNING: it is replaced without back-off.
func (w *World) noteCrash(t *task) {
	s, d := t.launch.service, t.launch.deployment
	if s == nil {
		return
	}
	s.steadyAt = time.Time{}
	if !t.proven {
		w.countFailure(s, d)
	}
	w.reconcileIn(s, w.about(5*time.Second))
}

// countFailure counts a task that could not be placed, never ran, or ended before it counted as healthy, and lets the circuit
// breaker look.
func (w *World) countFailure(s *service, d *deployment) {
	if d.RolloutState != ecstypes.DeploymentRolloutStateInProgress {
		return
	}
	d.FailedTasks++
	b := s.DeploymentConfiguration.DeploymentCircuitBreaker
	if b == nil || !b.Enable || int(d.FailedTasks) < threshold(b, int(s.DesiredCount)) {
		return
	}
	w.trip(s, d, b.Rollback)
}

// threshold is the number of failed tasks that trips the breaker: half of the desired count, at least 3 and at most 200, unless
// the service says otherwise.
func threshold(b *ecstypes.DeploymentCircuitBreaker, desired int) int {
	percent, bounded := 50.0, true
	if c := b.ThresholdConfiguration; c != nil && c.Value > 0 {
		if c.Type == ecstypes.ThresholdTypeCount {
			return int(c.Value)
		}
		percent, bounded = float64(c.Value), c.Type != ecstypes.ThresholdTypeUnboundedPercent
	}
	n := int(math.Ceil(percent / 100 * float64(desired)))
	if bounded {
		return min(max(n, 3), 200)
	}
	return max(n, 1)
}

// trip ends a rollout badly, and goes back to the last one that was completed if that is wanted.
func (w *World) trip(s *service, d *deployment, rollback bool) {
	if d.tripped {
		return
	}
	d.tripped, d.stalled = true, true
	d.RolloutState, d.RolloutStateReason = ecstypes.DeploymentRolloutStateFailed, aws.String("ECS deployment circuit breaker: tasks failed to start.")
	d.UpdatedAt, d.status, d.reason = aws.Time(w.now), ecstypes.ServiceDeploymentStatusStopped, "Service deployment stopped because the circuit breaker threshold was exceeded."
	d.finished = w.now
	w.record(s, fmt.Sprintf("(service %s) (deployment %s) deployment failed: tasks failed to start.", s.name(), d.id()))
	if rollback {
		w.takeBack(s, d, "Service deployment rolled back because the circuit breaker threshold was exceeded.", "ECS deployment circuit breaker: rolling back to deploymentId ")
	}
}

// takeBack goes from a deployment that failed back to the last one that was completed, if there is one.
func (w *World) takeBack(s *service, d *deployment, reason, words string) {
	var to *deployment
	for _, c := range s.deployments {
		if c != d && c.RolloutState == ecstypes.DeploymentRolloutStateCompleted {
			to = c
			break
		}
	}
	if to == nil {
		d.status, d.reason = ecstypes.ServiceDeploymentStatusRollbackFailed, "No rollback candidate was found to run the rollback."
		w.record(s, "No rollback candidate was found to run the rollback.")
		return
	}
	w.restoreTraffic(s, d, to)
	d.status, d.reason, d.finished = ecstypes.ServiceDeploymentStatusRollbackInProgress, reason, time.Time{}
	d.rollback = &ecstypes.Rollback{Reason: aws.String(d.reason), ServiceRevisionArn: aws.String(to.rev), StartedAt: aws.Time(w.now)}
	d.Deployment.Status, to.Deployment.Status = aws.String("ACTIVE"), aws.String("PRIMARY")
	to.RolloutState, to.RolloutStateReason = ecstypes.DeploymentRolloutStateInProgress, aws.String(words+to.id()+".")
	to.UpdatedAt, to.source = aws.Time(w.now), d
	s.adopt(to)
	w.record(s, fmt.Sprintf("(service %s) rolling back to deployment %s.", s.name(), to.id()))
	w.reconcileIn(s, time.Second)
}

// adopt makes the service's own fields those of a deployment.
func (s *service) adopt(d *deployment) {
	s.TaskDefinition, s.NetworkConfiguration = d.TaskDefinition, d.NetworkConfiguration
	s.LaunchType, s.CapacityProviderStrategy = d.LaunchType, d.CapacityProviderStrategy
	s.volumes = d.VolumeConfigurations
	s.connect, s.ServiceRegistries = d.connection.config, d.registries
	s.LoadBalancers = d.configured
}
