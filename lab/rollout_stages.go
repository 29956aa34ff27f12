package lab

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// staged is how far a blue/green deployment is.
type staged struct {
	at      int       // index into rolloutStages
	acted   bool      // the stage's own act is done; its hooks may still run
	began   time.Time // of the stage
	shifted bool      // production traffic was given to the new tasks
	hooks   []*hookRun
}

// rolloutStages are the stages of a blue/green deployment in their order (ECS developer guide, "Amazon ECS blue/green service deployments
// workflow"). RECONCILE_SERVICE is passed over: no hook of this world asks for it.
var rolloutStages = []ecstypes.ServiceDeploymentLifecycleStage{
	ecstypes.ServiceDeploymentLifecycleStagePreScaleUp, ecstypes.ServiceDeploymentLifecycleStageScaleUp, ecstypes.ServiceDeploymentLifecycleStagePostScaleUp,
	ecstypes.ServiceDeploymentLifecycleStageTestTrafficShift, ecstypes.ServiceDeploymentLifecycleStagePostTestTrafficShift,
	ecstypes.ServiceDeploymentLifecycleStageProductionTrafficShift, ecstypes.ServiceDeploymentLifecycleStagePostProductionTrafficShift,
	ecstypes.ServiceDeploymentLifecycleStageBakeTime,
}

// actInStage does what ECS itself does in a stage: done tells that nothing is left to do, failure why the deployment has to be taken back.
func (w *World) actInStage(s *service, d *deployment) (done bool, failure string) {
	switch d.stage() {
	case ecstypes.ServiceDeploymentLifecycleStagePreScaleUp:
		return w.checkTraffic(s)
	case ecstypes.ServiceDeploymentLifecycleStageScaleUp:
		return s.scaledUp(d), ""
	case ecstypes.ServiceDeploymentLifecycleStageTestTrafficShift:
		return w.shiftTest(s, d)
	case ecstypes.ServiceDeploymentLifecycleStageProductionTrafficShift:
		return w.shiftProduction(s, d)
	case ecstypes.ServiceDeploymentLifecycleStageBakeTime:
		return w.bakeTime(s, d), ""
	}
	return true, ""
}

const stageScaleUp = 1 // index of SCALE_UP

// beginStages makes a deployment a blue/green one where the service says so, and chooses the target group that does not serve yet.
func (w *World) beginStages(s *service, d *deployment) {
	old := s.primary()
	if old != nil && old.staging() && !old.staged.shifted { // it never served: what served before goes on
		d.source = old.source
	}
	if s.DeploymentConfiguration.Strategy != ecstypes.DeploymentStrategyBlueGreen {
		return
	}
	d.launch.balancers = slices.Clone(s.LoadBalancers)
	for i, l := range d.launch.balancers {
		if a := l.AdvancedConfiguration; a != nil && d.source != nil && i < len(d.source.launch.balancers) && aws.ToString(d.source.launch.balancers[i].TargetGroupArn) == aws.ToString(l.TargetGroupArn) {
			d.launch.balancers[i].TargetGroupArn = a.AlternateTargetGroupArn
		}
	}
	if d.source != nil {
		d.staged = &staged{began: w.now}
	}
}

// staging tells whether the deployment still keeps the tasks before it.
func (d *deployment) staging() bool {
	return d != nil && d.staged != nil && d.staged.at < len(rolloutStages)
}

// early tells whether the deployment may not start tasks yet.
func (d *deployment) early() bool { return d.staging() && d.staged.at < stageScaleUp }

// stage is what DescribeServiceDeployments calls it; "" for a rolling deployment.
func (d *deployment) stage() ecstypes.ServiceDeploymentLifecycleStage {
	switch {
	case d.staged == nil:
		return ""
	case d.staging():
		return rolloutStages[d.staged.at]
	}
	return ecstypes.ServiceDeploymentLifecycleStageCleanUp
}

// stepStages takes a blue/green deployment as far as it gets.
func (w *World) stepStages(s *service, d *deployment) {
	for d.staging() && d.RolloutState == ecstypes.DeploymentRolloutStateInProgress {
		done, failure := true, ""
		if !d.staged.acted {
			done, failure = w.actInStage(s, d)
		}
		if failure == "" && done {
			d.staged.acted = true
			done, failure = w.runHooks(s, d, d.stage())
		}
		switch {
		case failure != "":
			w.fail(s, d, failure)
			return
		case !done:
			return
		}
		d.staged.at++
		d.staged.acted, d.staged.began, d.UpdatedAt = false, w.now, aws.Time(w.now)
	}
}

// fail ends a deployment badly and takes it back.
func (w *World) fail(s *service, d *deployment, reason string) {
	d.stalled = true
	d.RolloutState, d.RolloutStateReason, d.UpdatedAt = ecstypes.DeploymentRolloutStateFailed, aws.String(reason), aws.Time(w.now)
	d.status, d.reason, d.finished = ecstypes.ServiceDeploymentStatusStopped, reason, w.now
	w.takeBack(s, d, reason, "ECS deployment rolling back to deploymentId ")
}

// scaledUp tells whether the new tasks are all there and healthy.
func (s *service) scaledUp(d *deployment) bool {
	live := s.live(d)
	return len(live) == int(s.DesiredCount) && !slices.ContainsFunc(live, func(t *task) bool { return !t.healthy })
}

// bakeTime lets both revisions run for a while; true = it is over.
func (w *World) bakeTime(s *service, d *deployment) bool {
	left := time.Duration(aws.ToInt32(s.DeploymentConfiguration.BakeTimeInMinutes))*time.Minute - w.now.Sub(d.staged.began)
	if left > 0 {
		w.reconcileIn(s, left)
	}
	return left <= 0
}

// checkStrategy refuses a deployment strategy that the service's load balancers do not fit.
func (w *World) checkStrategy(c *ecstypes.DeploymentConfiguration, balancers []ecstypes.LoadBalancer) error {
	advanced := func(l ecstypes.LoadBalancer) bool { return l.AdvancedConfiguration != nil }
	switch c.Strategy {
	case ecstypes.DeploymentStrategyRolling:
	case ecstypes.DeploymentStrategyBlueGreen:
		if slices.ContainsFunc(balancers, func(l ecstypes.LoadBalancer) bool { return !advanced(l) }) {
			return invalid("advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy")
		}
	default:
		return invalid("the lab knows the deployment strategies ROLLING and BLUE_GREEN, not %s", c.Strategy)
	}
	for _, l := range balancers {
		a := l.AdvancedConfiguration
		switch {
		case a == nil:
		case w.elb.targetGroups[aws.ToString(a.AlternateTargetGroupArn)] == nil:
			return invalid("The specified target group does not exist. Specify a valid target group and try again.")
		case w.elb.rules[aws.ToString(a.ProductionListenerRule)] == nil:
			return invalid("productionListenerRule has an invalid ARN format. Must be RuleArn for ALB or ListenerArn for NLB. Got: %s", aws.ToString(a.ProductionListenerRule))
		case a.TestListenerRule != nil && *a.TestListenerRule == aws.ToString(a.ProductionListenerRule):
			return invalid("The following rules cannot be used as both production and test listener rules: %s", *a.TestListenerRule)
		}
	}
	return nil
}

func (d *deployment) showStages(v *ecstypes.ServiceDeployment) {
	v.LifecycleStage = d.stage()
	if d.staged == nil {
		return
	}
	for _, h := range d.staged.hooks {
		v.LifecycleHookDetails = append(v.LifecycleHookDetails, h.shown())
	}
}
