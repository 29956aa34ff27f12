package lab

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// watch is what the alarms of a service mean for a deployment.
type watch struct {
	watched   []string  // alarms that end the deployment when they fire
	triggered []string  // those that did
	whole     time.Time // when all tasks were there, of a rolling deployment; zero = not yet
}

// beginWatch takes the alarms that are to end a deployment. One that is in ALARM when the deployment begins is left out, or no deployment
// could mend what it tells of (ECS developer guide, "How CloudWatch alarms detect Amazon ECS deployment failures").
func (w *World) beginWatch(s *service, d *deployment) {
	c := s.DeploymentConfiguration.Alarms
	if c == nil || !c.Enable {
		return
	}
	for _, name := range c.AlarmNames {
		if a := w.alarms[name]; a != nil && a.StateValue != cwtypes.StateValueAlarm {
			d.watched = append(d.watched, name)
		}
	}
}

// watchDeployments ends the deployments whose alarms fired.
func (w *World) watchDeployments() {
	for _, s := range sorted(w.services) {
		p := s.primary()
		if p == nil || p.RolloutState != ecstypes.DeploymentRolloutStateInProgress || len(p.watched) == 0 || p.status != ecstypes.ServiceDeploymentStatusInProgress {
			continue
		}
		for _, name := range p.watched {
			if a := w.alarms[name]; a != nil && a.StateValue == cwtypes.StateValueAlarm {
				p.triggered = append(p.triggered, name)
			}
		}
		if len(p.triggered) > 0 {
			w.alarmed(s, p)
		}
	}
}

func (w *World) alarmed(s *service, d *deployment) {
	d.stalled = true
	d.RolloutState, d.RolloutStateReason, d.UpdatedAt = ecstypes.DeploymentRolloutStateFailed, aws.String("ECS deployment failed: alarm detected."), aws.Time(w.now)
	d.status, d.reason, d.finished = ecstypes.ServiceDeploymentStatusStopped, "Service deployment stopped because alarm(s) are in ALARM state.", w.now
	w.record(s, fmt.Sprintf("(service %s) (deployment %s) deployment failed: alarm detected.", s.name(), d.id()))
	if c := s.DeploymentConfiguration.Alarms; c != nil && c.Rollback {
		w.takeBack(s, d, "Service deployment rolled back because alarm(s) are in ALARM state.", "ECS deployment alarm: rolling back to deploymentId ")
	}
}

// baking tells whether a rolling deployment has to stay under watch for a while. AWS computes that time from the alarms and does not say
// how; here it is the longest time that one of them needs to judge, and one period more.
func (w *World) baking(s *service, d *deployment) bool {
	if len(d.watched) == 0 || d.staged != nil {
		return false
	}
	if d.whole.IsZero() {
		d.whole = w.now
	}
	bake := time.Duration(0)
	for _, name := range d.watched {
		if a := w.alarms[name]; a != nil {
			bake = max(bake, seconds(a.Period)*time.Duration(aws.ToInt32(a.EvaluationPeriods)+1))
		}
	}
	left := bake - w.now.Sub(d.whole)
	if left > 0 {
		w.reconcileIn(s, left)
	}
	return left > 0
}

func (d *deployment) showWatch(v *ecstypes.ServiceDeployment, s *service) {
	c := s.DeploymentConfiguration.Alarms
	v.Alarms = &ecstypes.ServiceDeploymentAlarms{Status: ecstypes.ServiceDeploymentRollbackMonitorsStatusDisabled}
	if c == nil || !c.Enable || len(d.watched) == 0 {
		return
	}
	v.Alarms.AlarmNames, v.Alarms.TriggeredAlarmNames = slices.Clone(d.watched), slices.Clone(d.triggered)
	switch {
	case len(d.triggered) > 0:
		v.Alarms.Status = ecstypes.ServiceDeploymentRollbackMonitorsStatusTriggered
	case d.RolloutState == ecstypes.DeploymentRolloutStateInProgress:
		v.Alarms.Status = ecstypes.ServiceDeploymentRollbackMonitorsStatusMonitoring
	default:
		v.Alarms.Status = ecstypes.ServiceDeploymentRollbackMonitorsStatusMonitoringComplete
	}
}
