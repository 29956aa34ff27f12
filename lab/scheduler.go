package lab

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	keepEvents     = 100           // AWS keeps a service's latest 100 events
	repeatEvent    = 6 * time.Hour // and leaves out a repeated message until the cause is gone or six hours passed
	placementRetry = time.Minute   // how often a task that could not be placed is tried again
	longestBackoff = 27 * time.Minute
)

// reconcileIn plans a look at the service.
func (w *World) reconcileIn(s *service, d time.Duration) {
	at := w.now.Add(d)
	if !s.wake.IsZero() && !s.wake.After(at) && s.wake.After(w.now) {
		return // one is planned that is not later
	}
	s.wake = at
	w.after(d, func() {
		if s.wake.Equal(at) {
			s.wake = time.Time{}
		}
		w.reconcile(s)
	})
}

// reconcile does what the service scheduler does: stop what is too much, start what is missing, say where the service is.
func (w *World) reconcile(s *service) {
	if s.driven() {
		w.reconcileSets(s)
		return
	}
	p := s.primary()
	if p == nil {
		return
	}
	w.stepStages(s, p)
	if p = s.primary(); p == nil { // a stage that failed may have gone back
		return
	}
	stopped := w.stopSurplus(s, p)
	started := w.startMissing(s, p)
	if p.staging() && p.source != nil { // what serves is kept whole until the new tasks have taken over
		started = append(started, w.startMissing(s, p.source)...)
	}
	w.dropDrained(s)
	if len(stopped)+len(started) == 0 {
		w.settle(s, p)
	} else {
		s.steadyAt = time.Time{}
	}
}

// limits are the most tasks that may live and the fewest that must run.
func (s *service) limits() (most, fewest int) {
	c := s.DeploymentConfiguration
	most = int(s.DesiredCount) * int(aws.ToInt32(c.MaximumPercent)) / 100
	fewest = int(math.Ceil(float64(s.DesiredCount) * float64(aws.ToInt32(c.MinimumHealthyPercent)) / 100))
	return most, fewest
}

// stopSurplus stops tasks of older deployments as far as enough stay up, and what the primary has too many.
func (w *World) stopSurplus(s *service, p *deployment) []*task {
	most, fewest := s.limits()
	primary, all := s.live(p), s.live(nil)
	up := 0
	for _, t := range all {
		if t.healthy || t.is("RUNNING") && t.launch.deployment != p {
			up++
		}
	}
	missing := max(0, int(s.DesiredCount)-len(primary))
	if p.stalled {
		missing = 0
	}
	var out []*task
	for _, t := range all {
		switch left := len(all) - len(out); {
		case t.launch.deployment == p, p.staging() && t.launch.deployment == p.source:
		case !t.is("RUNNING"):
			out = append(out, t) // nothing is lost with a task that does not run yet
		case up > fewest && (left > int(s.DesiredCount) || left+missing > most):
			out = append(out, t)
			up--
		}
	}
	if surplus := int(s.DesiredCount); surplus < len(primary) {
		out = append(out, primary[surplus:]...)
	}
	for _, t := range out {
		w.stop(t, ecstypes.TaskStopCodeServiceSchedulerInitiated, "Scaling activity initiated by (deployment "+p.id()+")")
	}
	if len(out) > 0 {
		w.record(s, fmt.Sprintf("(service %s) has stopped %d running tasks: %s.", s.name(), len(out), taskList(out)))
	}
	return out
}

// startMissing starts tasks of the primary deployment, unless it waits.
func (w *World) startMissing(s *service, p *deployment) []*task {
	missing := int(s.DesiredCount) - len(s.live(p))
	if missing <= 0 || p.stalled || p.early() || aws.ToString(s.Status) != "ACTIVE" {
		return nil
	}
	if w.now.Before(p.notBefore) {
		w.reconcileIn(s, p.notBefore.Sub(w.now))
		return nil
	}
	most, _ := s.limits()
	room := most - len(s.live(nil))
	if s.primary().staging() {
		room = missing
	}
	if room <= 0 {
		if older := len(s.live(nil)) - len(s.live(p)); older > 0 && !slices.ContainsFunc(s.live(p), func(t *task) bool { return !t.healthy }) {
			w.event(s, fmt.Sprintf("(service %s) was unable to stop or start tasks during a deployment because of the service deployment configuration. "+
				"Update the minimumHealthyPercent or maximumPercent value and try again.", s.name()))
		}
		return nil
	}
	var started []*task
	for range min(missing, room) {
		subnet := w.spread(s, p)
		at, refused := w.place(p.launch, s)
		if refused != "" {
			w.event(s, refused)
			p.notBefore = w.now.Add(placementRetry)
			w.reconcileIn(s, placementRetry)
			w.countFailure(s, p)
			break
		}
		if !w.mayLaunch(at) {
			w.holdBack(s, p)
			break
		}
		started = append(started, w.newTask(p.launch, subnet, at))
	}
	if len(started) > 0 {
		w.record(s, fmt.Sprintf("(service %s) has started %d tasks: %s.", s.name(), len(started), taskList(started)))
	}
	return started
}

// spread picks the subnet whose zone has the fewest tasks of the deployment.
func (w *World) spread(s *service, d *deployment) string {
	load := map[string]int{}
	for _, t := range s.live(d) {
		load[aws.ToString(t.AvailabilityZone)]++
	}
	best, least := "", math.MaxInt
	for _, id := range d.launch.network.Subnets {
		zone := ""
		if n := w.subnets[id]; n != nil {
			zone = aws.ToString(n.AvailabilityZone)
		}
		if load[zone] < least && !w.azUnavailable[zone] {
			best, least = id, load[zone]
		}
	}
	return best
}

// dropDrained forgets older deployments without tasks, but keeps a completed one for a rollback until the primary is complete.
func (w *World) dropDrained(s *service) {
	p := s.primary()
	s.deployments = slices.DeleteFunc(s.deployments, func(d *deployment) bool {
		return d != p && len(s.live(d)) == 0 &&
			(p.RolloutState == ecstypes.DeploymentRolloutStateCompleted || d.RolloutState == ecstypes.DeploymentRolloutStateInProgress)
	})
	w.sweep()
}

// settle completes a rollout and says when the service is steady.
func (w *World) settle(s *service, p *deployment) {
	live := s.live(nil)
	if p.staging() {
		return
	}
	if len(live) != int(s.DesiredCount) || len(s.live(p)) != len(live) || slices.ContainsFunc(live, func(t *task) bool { return !t.healthy }) {
		s.steadyAt = time.Time{}
		return
	}
	if p.RolloutState == ecstypes.DeploymentRolloutStateInProgress {
		if w.baking(s, p) {
			return
		}
		w.complete(s, p)
	}
	if s.steadyAt.IsZero() || w.now.Sub(s.steadyAt) >= repeatEvent {
		s.steadyAt = w.now
		clear(s.said)
		w.record(s, fmt.Sprintf("(service %s) has reached a steady state.", s.name()))
	}
	w.reconcileIn(s, repeatEvent)
}

// complete ends a rollout well.
func (w *World) complete(s *service, p *deployment) {
	p.RolloutState, p.RolloutStateReason = ecstypes.DeploymentRolloutStateCompleted, aws.String("ECS deployment "+p.id()+" completed.")
	p.UpdatedAt, p.finished, p.status = aws.Time(w.now), w.now, ecstypes.ServiceDeploymentStatusSuccessful
	w.record(s, fmt.Sprintf("(service %s) (deployment %s) deployment completed.", s.name(), p.id()))
	for _, d := range s.history {
		if d != p && d.status == ecstypes.ServiceDeploymentStatusRollbackInProgress {
			d.status, d.finished = ecstypes.ServiceDeploymentStatusRollbackSuccessful, w.now
		}
	}
	w.dropDrained(s)
}

// event puts a message into the service's events, unless it was said already and its cause lasts.
func (w *World) event(s *service, message string) {
	if last, ok := s.said[message]; ok && w.now.Sub(last) < repeatEvent {
		return
	}
	s.said[message] = w.now
	w.record(s, message)
}

func (w *World) record(s *service, message string) {
	e := ecstypes.ServiceEvent{Id: aws.String(w.newUUID()), CreatedAt: aws.Time(w.now), Message: aws.String(message)}
	s.events = append([]ecstypes.ServiceEvent{e}, s.events[:min(len(s.events), keepEvents-1)]...)
}

func taskList(tasks []*task) string {
	var names []string
	for _, t := range tasks {
		names = append(names, "(task "+t.id+")")
	}
	return strings.Join(names, " ")
}
