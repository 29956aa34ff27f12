package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	deploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// deployGroup is a deployment group of CodeDeploy for one ECS service.
type deployGroup struct {
	application, name string
	service           string    // CLUSTER/NAME
	role              string    // name of the role that CodeDeploy acts with
	listener          string    // ARN of the production listener
	pair              [2]string // ARNs of the two target groups
	ready             time.Duration
	terminate         time.Duration // how long the old tasks stay after the traffic went over
	alarms            []string
	attempts          []*codeDeployment // newest first
}

// codeDeployment is one deployment of CodeDeploy.
type codeDeployment struct {
	id                string
	group             *deployGroup
	definition        *ecstypes.TaskDefinition
	balancer          ecstypes.LoadBalancer // container and port that the AppSpec names
	status            deploytypes.DeploymentStatus
	code              deploytypes.ErrorCode
	message           string
	created, finished time.Time
	blue, green       *deployment
	at                codeStage
	since             time.Time // of the stage
	continued         bool
	events            []deploytypes.LifecycleEvent
}

// codeStage is how far a deployment is.
type codeStage int

const (
	codeInstall codeStage = iota
	codeReady
	codeTraffic
	codeTerminate
)

const installTimeout = time.Hour // CodeDeploy gives a replacement task set that long

func (d *codeDeployment) over() bool {
	return d.status == deploytypes.DeploymentStatusSucceeded || d.status == deploytypes.DeploymentStatusFailed || d.status == deploytypes.DeploymentStatusStopped
}

// groupOf is the deployment group of a service; nil when it has none.
func (w *World) groupOf(s *service) *deployGroup {
	for _, g := range sorted(w.deployGroups) {
		if g.service == s.cluster+"/"+s.name() {
			return g
		}
	}
	return nil
}

// beginCodeDeploy starts a deployment: it makes the replacement task set.
func (w *World) beginCodeDeploy(g *deployGroup, s *service, d *codeDeployment) {
	d.status, d.created, d.since, d.blue = deploytypes.DeploymentStatusInProgress, w.now, w.now, s.primary()
	g.attempts = append([]*codeDeployment{d}, g.attempts...)
	if trusted, exists := w.canAssume(g.role, "codedeploy.amazonaws.com"); !trusted {
		code := deploytypes.ErrorCodeIamRolePermissions
		if !exists {
			code = deploytypes.ErrorCodeIamRoleMissing
		}
		w.endCodeDeploy(s, d, deploytypes.DeploymentStatusFailed, code, "The provided role cannot be assumed: "+g.role)
		return
	}
	if r := w.authorizeCall(g.role, "ecs:CreateTaskSet", aws.ToString(s.ServiceArn), nil); !r.Allowed {
		w.endCodeDeploy(s, d, deploytypes.DeploymentStatusFailed, deploytypes.ErrorCodeIamRolePermissions, "The service role does not give permission to perform: ecs:CreateTaskSet")
		return
	}
	if d.blue != nil && !w.behind(g.listener, d.blue.group(0)) {
		w.endCodeDeploy(s, d, deploytypes.DeploymentStatusFailed, deploytypes.ErrorCodeElasticLoadBalancingInvalid,
			"The ELB could not be updated due to the following error: Primary taskset target group must be behind listener "+g.listener)
		return
	}
	if w.stoppedByAlarm(g, s, d) {
		return
	}
	d.balancer.TargetGroupArn = aws.String(g.pair[0])
	if d.blue != nil && d.blue.group(0) == g.pair[0] {
		d.balancer.TargetGroupArn = aws.String(g.pair[1])
	}
	d.green = w.newTaskSet(s, d.definition, s.NetworkConfiguration, []ecstypes.LoadBalancer{d.balancer}, taskSet{external: d.id, startedBy: "CODE_DEPLOY", scale: 100})
	d.lifecycle(w.now, "BeforeInstall", "Install")
	w.after(installTimeout, func() { w.reconcile(s) })
}

// behind tells whether a listener or a rule of it sends to a target group.
func (w *World) behind(listener, group string) bool {
	l := w.elb.listeners[listener]
	if l == nil {
		return false
	}
	for _, r := range w.rulesOf(l) {
		if slices.Contains(forwards(r.Actions), group) {
			return true
		}
	}
	return false
}

// stoppedByAlarm ends a deployment where an alarm of its group is in ALARM, also one that was when it began.
func (w *World) stoppedByAlarm(g *deployGroup, s *service, d *codeDeployment) bool {
	var fired []string
	for _, name := range g.alarms {
		if a := w.alarms[name]; a != nil && a.StateValue == cwtypes.StateValueAlarm {
			fired = append(fired, name)
		}
	}
	if len(fired) == 0 {
		return false
	}
	w.endCodeDeploy(s, d, deploytypes.DeploymentStatusStopped, deploytypes.ErrorCodeAlarmActive,
		"One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected deployments have been stopped. Activated alarms: "+strings.Join(fired, ", "))
	return true
}

// stepCodeDeploy takes the deployment of a service as far as it gets.
func (w *World) stepCodeDeploy(s *service) {
	g := w.groupOf(s)
	if g == nil || len(g.attempts) == 0 || g.attempts[0].over() || g.attempts[0].green == nil {
		return
	}
	d := g.attempts[0]
	for !d.over() && w.stepCode(g, s, d) {
	}
}

// stepCode is one step; false when there is nothing to do yet.
func (w *World) stepCode(g *deployGroup, s *service, d *codeDeployment) bool {
	spent := w.now.Sub(d.since)
	switch d.at {
	case codeInstall:
		if !d.green.set.steady {
			if spent >= installTimeout {
				w.endCodeDeploy(s, d, deploytypes.DeploymentStatusFailed, deploytypes.ErrorCodeTimeout,
					"The deployment timed out while waiting for the replacement task set to become healthy. This time out period is 60 minutes.")
			}
			return false
		}
		d.lifecycle(w.now, "AfterInstall")
		if g.ready > 0 {
			d.status = deploytypes.DeploymentStatusReady
		}
	case codeReady:
		if left := g.ready - spent; left > 0 && !d.continued {
			w.reconcileIn(s, left)
			return false
		}
		if g.ready > 0 && !d.continued {
			w.endCodeDeploy(s, d, deploytypes.DeploymentStatusStopped, "", "")
			return false
		}
		d.status = deploytypes.DeploymentStatusInProgress
		d.lifecycle(w.now, "BeforeAllowTraffic", "AllowTraffic")
	case codeTraffic:
		if !w.behind(g.listener, d.blue.group(0)) {
			w.endCodeDeploy(s, d, deploytypes.DeploymentStatusFailed, deploytypes.ErrorCodeElasticLoadBalancingInvalid,
				"The ELB could not be updated due to the following error: Primary taskset target group must be behind listener "+g.listener)
			return false
		}
		w.swap(g.listener, d.blue.group(0), d.green.group(0))
		w.makePrimary(s, d.green)
		d.lifecycle(w.now, "AfterAllowTraffic")
	case codeTerminate:
		if left := g.terminate - spent; left > 0 {
			w.reconcileIn(s, left)
			return false
		}
		w.dropSet(s, d.blue)
		w.endCodeDeploy(s, d, deploytypes.DeploymentStatusSucceeded, "", "")
		return false
	}
	d.at, d.since = d.at+1, w.now
	return true
}

// swap puts one target group in the place of another in a listener and its rules.
func (w *World) swap(listener, from, to string) {
	w.elb.listeners[listener].DefaultActions = swapped(w.elb.listeners[listener].DefaultActions, from, to)
	for _, r := range w.elb.rules {
		if r.listener == listener {
			r.Actions = swapped(r.Actions, from, to)
		}
	}
}

func swapped(actions []elbAction, from, to string) []elbAction {
	out := slices.Clone(actions)
	for i := range out {
		if slices.Contains(forwards(out[i:i+1]), from) {
			out[i] = forwardTo(to)
		}
	}
	return out
}

// endCodeDeploy ends a deployment. One that did not get through loses its task set: the groups of this world roll back by themselves.
func (w *World) endCodeDeploy(s *service, d *codeDeployment, status deploytypes.DeploymentStatus, code deploytypes.ErrorCode, message string) {
	d.status, d.code, d.message, d.finished = status, code, message, w.now
	if status == deploytypes.DeploymentStatusSucceeded {
		return
	}
	for i := range d.events {
		if d.events[i].Status == deploytypes.LifecycleEventStatusInProgress {
			d.events[i].Status, d.events[i].EndTime = deploytypes.LifecycleEventStatusFailed, aws.Time(w.now)
		}
	}
	if d.green == nil {
		return
	}
	if d.at == codeTerminate && d.blue != nil { // the traffic goes back
		w.swap(d.group.listener, d.green.group(0), d.blue.group(0))
		w.makePrimary(s, d.blue)
	}
	w.dropSet(s, d.green)
}

// lifecycle ends the event under way and begins the next ones; the last of them goes on.
func (d *codeDeployment) lifecycle(now time.Time, names ...string) {
	for i := range d.events {
		if d.events[i].Status == deploytypes.LifecycleEventStatusInProgress {
			d.events[i].Status, d.events[i].EndTime = deploytypes.LifecycleEventStatusSucceeded, aws.Time(now)
		}
	}
	for i, name := range names {
		e := deploytypes.LifecycleEvent{LifecycleEventName: aws.String(name), StartTime: aws.Time(now), Status: deploytypes.LifecycleEventStatusSucceeded}
		if i == len(names)-1 && !strings.HasPrefix(name, "After") {
			e.Status = deploytypes.LifecycleEventStatusInProgress
		} else {
			e.EndTime = aws.Time(now)
		}
		d.events = append(d.events, e)
	}
}

// watchCodeDeploy ends the deployments whose alarms fired.
func (w *World) watchCodeDeploy() {
	for _, g := range sorted(w.deployGroups) {
		if s := w.services[g.service]; s != nil && len(g.attempts) > 0 && !g.attempts[0].over() {
			w.stoppedByAlarm(g, s, g.attempts[0])
		}
	}
}

// failedCode is the task definition of a deployment of CodeDeploy that did not get through, as FAMILY:REVISION; "" = the last one did.
func (w *World) failedCode(s *service) string {
	g := w.groupOf(s)
	if g == nil || len(g.attempts) == 0 || g.attempts[0].status == deploytypes.DeploymentStatusSucceeded {
		return ""
	}
	return fmt.Sprintf("%s:%d", aws.ToString(g.attempts[0].definition.Family), g.attempts[0].definition.Revision)
}
