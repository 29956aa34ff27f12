package lab

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// scaled is the last thing that a policy did, for its cooldown.
type scaled struct {
	at  time.Time
	out bool
}

// keepActivities is how long an activity can be read: six weeks (Application Auto Scaling user guide).
const keepActivities = 42 * day

// policyOfAction is the policy that an alarm's action names; nil = another kind of action, or a policy that is gone.
func (w *World) policyOfAction(arn string) *scalingPolicy {
	arn, _, _ = strings.Cut(arn, createdBy)
	for _, p := range sorted(w.policiesOfScaling) {
		if aws.ToString(p.PolicyARN) == arn {
			return p
		}
	}
	return nil
}

// scale is what a policy does when an alarm tells it to. newest is the alarm's newest value, nil where none is known.
func (w *World) scale(p *scalingPolicy, a *alarm, newest *float64) {
	id := aws.ToString(p.ResourceId)
	t, s := w.scalables[id], w.scaledService(id)
	if t == nil || s == nil || aws.ToString(s.Status) != "ACTIVE" {
		return
	}
	now := s.DesiredCount
	want := p.wants(a, newest, now)
	if want == now {
		return
	}
	out := want > now
	suspended := t.SuspendedState.DynamicScalingInSuspended
	if out {
		suspended = t.SuspendedState.DynamicScalingOutSuspended
	}
	last := w.lastScaled[p.key()]
	outCooldown, inCooldown := p.cooldowns()
	cooldown := inCooldown
	if last.out && out {
		cooldown = outCooldown
	}
	limited := min(max(want, *t.MinCapacity), *t.MaxCapacity)
	cause := fmt.Sprintf("monitor alarm %s in state ALARM triggered policy %s", aws.ToString(a.AlarmName), aws.ToString(p.PolicyName))
	switch {
	case aws.ToBool(suspended):
		return
	case !last.at.IsZero() && w.now.Sub(last.at) < time.Duration(cooldown)*time.Second:
		return
	case !out && len(s.deployments) > 1: // a service is not made smaller while a deployment is in progress
		return
	case limited == now && out:
		w.notScaled(t, cause, "AlreadyAtMaxCapacity", aastypes.NotScaledReason{Code: aws.String("AlreadyAtMaxCapacity"), MaxCapacity: t.MaxCapacity, CurrentCapacity: aws.Int32(now)})
		return
	case limited == now:
		return
	}
	put(&w.lastScaled, p.key(), scaled{w.now, out})
	w.setDesired(t, s, limited, cause)
}

// wants is the number of tasks that a policy wants, without the limits of the target.
func (p *scalingPolicy) wants(a *alarm, newest *float64, now int32) int32 {
	if c := p.TargetTrackingScalingPolicyConfiguration; c != nil {
		low := strings.Contains(aws.ToString(a.AlarmName), "-AlarmLow-")
		switch {
		case low: // one by one, as AWS scales in with care
			return now - 1
		case newest == nil:
			return now
		}
		// How far AWS goes is not published: in proportion, and at most twice as many at once.
		return max(now+1, int32(math.Ceil(float64(max(now, 1))*min(*newest/aws.ToFloat64(c.TargetValue), 2))))
	}
	c := p.StepScalingPolicyConfiguration
	if newest == nil {
		return now
	}
	over := *newest - aws.ToFloat64(a.Threshold)
	for _, step := range c.StepAdjustments {
		from, to := math.Inf(-1), math.Inf(1)
		if step.MetricIntervalLowerBound != nil {
			from = *step.MetricIntervalLowerBound
		}
		if step.MetricIntervalUpperBound != nil {
			to = *step.MetricIntervalUpperBound
		}
		if over < from || over >= to && !math.IsInf(to, 1) {
			continue
		}
		by := aws.ToInt32(step.ScalingAdjustment)
		switch c.AdjustmentType {
		case aastypes.AdjustmentTypeExactCapacity:
			return by
		case aastypes.AdjustmentTypePercentChangeInCapacity:
			change := int32(math.Trunc(float64(now) * float64(by) / 100))
			if least := aws.ToInt32(c.MinAdjustmentMagnitude); by > 0 {
				return now + max(change, least, 1)
			}
			return now + min(change, -1)
		}
		return now + by
	}
	return now
}

// setDesired changes the desired count of a service, as UpdateService by Application Auto Scaling does.
func (w *World) setDesired(t *aastypes.ScalableTarget, s *service, n int32, cause string) {
	s.DesiredCount = n
	s.steadyAt = time.Time{}
	w.reconcileIn(s, w.about(3*time.Second))
	w.act(t, &aastypes.ScalingActivity{Cause: &cause, Description: aws.String(fmt.Sprintf("Setting desired count to %d.", n)), StatusCode: aastypes.ScalingActivityStatusCodeInProgress,
		StatusMessage: aws.String(fmt.Sprintf("Successfully set desired count to %d. Waiting for change to be fulfilled by ecs.", n))})
}

// moveWithin moves a desired count outside of the limits of a target into them (user guide, "Scaling activities").
func (w *World) moveWithin(t *aastypes.ScalableTarget, s *service) {
	switch {
	case s.DesiredCount < *t.MinCapacity:
		w.setDesired(t, s, *t.MinCapacity, fmt.Sprintf("minimum capacity was set to %d", *t.MinCapacity))
	case s.DesiredCount > *t.MaxCapacity:
		w.setDesired(t, s, *t.MaxCapacity, fmt.Sprintf("maximum capacity was set to %d", *t.MaxCapacity))
	}
}

func (w *World) notScaled(t *aastypes.ScalableTarget, cause, code string, reason aastypes.NotScaledReason) {
	list := w.activities[aws.ToString(t.ResourceId)]
	if len(list) > 0 && len(list[0].NotScaledReasons) > 0 && aws.ToString(list[0].NotScaledReasons[0].Code) == code {
		return // told once
	}
	w.act(t, &aastypes.ScalingActivity{Cause: &cause, Description: aws.String("Attempting to scale due to alarm triggered"), StatusCode: aastypes.ScalingActivityStatusCodeFailed,
		StatusMessage: aws.String("Did not scale: " + code), NotScaledReasons: []aastypes.NotScaledReason{reason}, EndTime: aws.Time(w.now)})
}

func (w *World) act(t *aastypes.ScalableTarget, a *aastypes.ScalingActivity) {
	id := aws.ToString(t.ResourceId)
	a.ActivityId, a.ResourceId, a.ServiceNamespace, a.ScalableDimension, a.StartTime = aws.String(w.newUUID()), t.ResourceId, t.ServiceNamespace, t.ScalableDimension, aws.Time(w.now)
	list := append([]*aastypes.ScalingActivity{a}, w.activities[id]...)
	put(&w.activities, id, slices.DeleteFunc(list, func(x *aastypes.ScalingActivity) bool { return w.now.Sub(*x.StartTime) > keepActivities }))
}

// finishActivities ends the activities whose services have reached their number, and those that were overtaken.
func (w *World) finishActivities() {
	for id, list := range w.activities {
		s := w.scaledService(id)
		for i, a := range list {
			if a.StatusCode != aastypes.ScalingActivityStatusCodeInProgress || s == nil {
				continue
			}
			running, pending := count(s.live(s.primary()))
			newest := !slices.ContainsFunc(list[:i], func(x *aastypes.ScalingActivity) bool { return len(x.NotScaledReasons) == 0 })
			switch n := aws.ToString(a.Description); {
			case !newest:
				a.StatusCode, a.EndTime = aastypes.ScalingActivityStatusCodeOverridden, aws.Time(w.now)
			case running == s.DesiredCount && pending == 0:
				a.StatusCode, a.EndTime = aastypes.ScalingActivityStatusCodeSuccessful, aws.Time(w.now)
				a.StatusMessage = aws.String(fmt.Sprintf("Successfully set desired count to %s Change successfully fulfilled by ecs.", n[strings.LastIndex(n, " ")+1:]))
			case w.now.Sub(*a.StartTime) > 15*time.Minute:
				a.StatusCode, a.EndTime = aastypes.ScalingActivityStatusCodeUnfulfilled, aws.Time(w.now)
				a.StatusMessage = aws.String("Failed to fulfil the change within the time.")
			}
		}
	}
}

// plan finds the next moment of a scheduled action after now.
func (a *scheduledAction) plan(now time.Time) {
	a.next, _ = a.when.next(now, *a.CreationTime)
	if a.EndTime != nil && a.next.After(*a.EndTime) {
		a.next = time.Time{}
	}
}

// runSchedules carries out the scheduled actions whose time has come: new limits, and the desired count moved within them.
func (w *World) runSchedules() {
	for _, a := range sorted(w.scheduledActions) {
		t := w.scalables[aws.ToString(a.ResourceId)]
		if a.next.IsZero() || a.next.After(w.now) || t == nil {
			continue
		}
		a.plan(w.now)
		if aws.ToBool(t.SuspendedState.ScheduledScalingSuspended) || a.StartTime != nil && w.now.Before(*a.StartTime) {
			continue
		}
		next := *t
		var said []string
		if c := a.ScalableTargetAction; c != nil && c.MinCapacity != nil {
			next.MinCapacity = c.MinCapacity
			said = append(said, fmt.Sprintf("min capacity to %d", *c.MinCapacity))
		}
		if c := a.ScalableTargetAction; c != nil && c.MaxCapacity != nil {
			next.MaxCapacity = c.MaxCapacity
			said = append(said, fmt.Sprintf("max capacity to %d", *c.MaxCapacity))
		}
		w.scalables[aws.ToString(t.ResourceId)] = &next
		cause := "scheduled action name " + aws.ToString(a.ScheduledActionName) + " was triggered"
		w.act(&next, &aastypes.ScalingActivity{Cause: &cause, Description: aws.String("Setting " + strings.Join(said, " and ")), StatusCode: aastypes.ScalingActivityStatusCodeSuccessful,
			StatusMessage: aws.String("Successfully set " + strings.Join(said, " and ")), EndTime: aws.Time(w.now)})
		if s := w.scaledService(aws.ToString(t.ResourceId)); s != nil {
			w.moveWithin(&next, s)
		}
	}
}
