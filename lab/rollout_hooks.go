package lab

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// function is a Lambda function that deployments call: what it answers. Nothing else of Lambda is part of this world.
type function struct {
	Name   string
	Path   string // it asks the new tasks for this path, and says SUCCEEDED where all answer with 200, else FAILED
	Answer string // what it says instead: SUCCEEDED, FAILED, IN_PROGRESS, or "nothing" for an answer without hookStatus; "" = as Path tells
}

// hookRun is one lifecycle hook at one stage of one deployment.
type hookRun struct {
	id      string
	hook    ecstypes.DeploymentLifecycleHook
	stage   ecstypes.ServiceDeploymentLifecycleStage
	status  ecstypes.DeploymentLifecycleHookStatus
	expires time.Time
	again   time.Time // when a function that is not ready is asked again
}

const (
	askAgain    = 30 * time.Second // the default callBackDelay of a function that says IN_PROGRESS
	hookMinutes = 1440             // how long a hook may take unless it says otherwise
)

func (h *hookRun) pause() bool {
	return h.hook.TargetType == ecstypes.DeploymentLifecycleHookTargetTypePause
}

func (h *hookRun) onTimeout() ecstypes.DeploymentLifecycleHookAction {
	if c := h.hook.TimeoutConfiguration; c != nil && c.Action != "" {
		return c.Action
	}
	return ecstypes.DeploymentLifecycleHookActionRollback
}

func (h *hookRun) shown() ecstypes.DeploymentLifecycleHookDetail {
	v := ecstypes.DeploymentLifecycleHookDetail{HookId: aws.String(h.id), TargetType: h.hook.TargetType, TargetArn: h.hook.HookTargetArn, Status: h.status,
		ExpiresAt: aws.Time(h.expires), TimeoutAction: h.onTimeout()}
	if v.TargetType == "" {
		v.TargetType = ecstypes.DeploymentLifecycleHookTargetTypeAwsLambda
	}
	return v
}

// runHooks runs the hooks of a stage; done when all of them let the deployment go on.
func (w *World) runHooks(s *service, d *deployment, stage ecstypes.ServiceDeploymentLifecycleStage) (bool, string) {
	w.beginHooks(s, d, stage)
	done := true
	for _, h := range d.staged.hooks {
		if h.stage != stage || h.status == ecstypes.DeploymentLifecycleHookStatusSucceeded {
			continue
		}
		if failure := w.runHook(s, d, h); failure != "" {
			return false, fmt.Sprintf("Service deployment rolled back because %s %s", stage, failure)
		}
		done = done && (h.status == ecstypes.DeploymentLifecycleHookStatusSucceeded || h.status == ecstypes.DeploymentLifecycleHookStatusTimedOut)
	}
	return done, ""
}

func (w *World) beginHooks(s *service, d *deployment, stage ecstypes.ServiceDeploymentLifecycleStage) {
	if slices.ContainsFunc(d.staged.hooks, func(h *hookRun) bool { return h.stage == stage }) {
		return
	}
	for _, c := range s.DeploymentConfiguration.LifecycleHooks {
		if !slices.ContainsFunc(c.LifecycleStages, func(x ecstypes.DeploymentLifecycleHookStage) bool { return string(x) == string(stage) }) {
			continue
		}
		minutes := int32(hookMinutes)
		if t := c.TimeoutConfiguration; t != nil && t.TimeoutInMinutes != nil {
			minutes = *t.TimeoutInMinutes
		}
		h := &hookRun{hook: c, stage: stage, status: ecstypes.DeploymentLifecycleHookStatusInProgress, expires: w.now.Add(time.Duration(minutes) * time.Minute)}
		kind := "lambda"
		if h.pause() {
			kind, h.status = "pause", ecstypes.DeploymentLifecycleHookStatusAwaitingAction
		}
		h.id = "ecs-" + kind + "-" + w.newHex(32)
		d.staged.hooks = append(d.staged.hooks, h)
	}
}

// runHook asks a function, or looks whether a pause is over. The result is why the deployment has to go back, without its beginning.
func (w *World) runHook(s *service, d *deployment, h *hookRun) string {
	if !w.now.Before(h.expires) && h.status != ecstypes.DeploymentLifecycleHookStatusTimedOut {
		h.status = ecstypes.DeploymentLifecycleHookStatusTimedOut
		if h.onTimeout() == ecstypes.DeploymentLifecycleHookActionRollback {
			if h.pause() {
				return "pause hook timed out."
			}
			return "lifecycle hook(s) timed out."
		}
	}
	if h.status == ecstypes.DeploymentLifecycleHookStatusTimedOut {
		return ""
	}
	if h.pause() {
		w.reconcileIn(s, h.expires.Sub(w.now))
		return ""
	}
	if w.now.Before(h.again) {
		w.reconcileIn(s, h.again.Sub(w.now))
		return ""
	}
	answer, why := w.ask(s, d, h)
	switch answer {
	case "SUCCEEDED":
		h.status = ecstypes.DeploymentLifecycleHookStatusSucceeded
		return ""
	case "IN_PROGRESS":
		h.again = w.now.Add(askAgain)
		w.reconcileIn(s, askAgain)
		return ""
	}
	h.status = ecstypes.DeploymentLifecycleHookStatusFailed
	return "lifecycle hook(s) failed. " + why
}

// ask calls a hook's function with the hook's role. answer is its hookStatus, why ECS's words where that is no good one.
func (w *World) ask(s *service, d *deployment, h *hookRun) (answer, why string) {
	target, role := aws.ToString(h.hook.HookTargetArn), lastPart(aws.ToString(h.hook.RoleArn))
	if ok, _ := w.canAssume(role, "ecs.amazonaws.com"); !ok {
		return "", "ECS was unable to assume role " + aws.ToString(h.hook.RoleArn)
	}
	unable := "ECS was unable to invoke hook target " + target + " due to "
	if r := w.authorizeCall(role, "lambda:InvokeFunction", target, nil); !r.Allowed {
		return "", fmt.Sprintf("%sUser: arn:%s:sts::%s:assumed-role/%s/ecs-service-deployment is not authorized to perform: lambda:InvokeFunction on resource: %s %s", unable, w.Partition, w.Account, role, target, r.Reason)
	}
	f := w.functions[target]
	if f == nil {
		return "", unable + "Function not found: " + target
	}
	answer = f.Answer
	if answer == "" {
		answer = w.tryOut(s, d, f)
	}
	switch answer {
	case "nothing":
		w.functionSays(f, "REPORT the function ended without a hookStatus")
		return "", fmt.Sprintf("ECS was unable to parse the response from %s due to HookStatus must not be null", target)
	case "FAILED":
		why = fmt.Sprintf("Lifecycle hook target %s returned FAILED status.", target)
	}
	w.functionSays(f, "hookStatus "+answer)
	return answer, why
}

// tryOut lets the function ask every new task.
func (w *World) tryOut(s *service, d *deployment, f *function) string {
	verdict := "SUCCEEDED"
	for _, t := range s.live(d) {
		code, from := http.StatusServiceUnavailable, "task "+t.id
		for _, r := range t.targets {
			if c := t.listener(r.target.port, false); c != nil {
				code, from = c.image.App.answer(f.Path, ""), r.target.ip
			}
		}
		w.functionSays(f, fmt.Sprintf("GET http://%s%s answers %d", from, f.Path, code))
		if code != http.StatusOK {
			verdict = "FAILED"
		}
	}
	return verdict
}

func (w *World) functionSays(f *function, line string) {
	group := "/aws/lambda/" + f.Name
	if w.logGroups[group] == nil {
		w.logGroups[group] = &logGroup{Name: group, Created: w.now, Class: "STANDARD", streams: map[string]*logStream{}}
	}
	w.putLog(group, w.now.UTC().Format("2006/01/02")+"/[$LATEST]"+stableHex(32, f.Name), w.now, line)
}

// labMakeFunction puts a Lambda function into the account, or a new version of it.
func (w *World) labMakeFunction(in map[string]any) error {
	f := &function{Name: textOf(in, "Name"), Path: textOf(in, "Path"), Answer: textOf(in, "Answer")}
	if f.Name == "" || f.Path == "" && f.Answer == "" {
		return fmt.Errorf("input Name is needed, and Path or Answer")
	}
	w.putFunction(f)
	return nil
}

func (w *World) putFunction(f *function) {
	arn := fmt.Sprintf("arn:%s:lambda:%s:%s:function:%s", w.Partition, w.Region, w.Account, f.Name)
	put(&w.functions, arn, f)
	w.names["function:"+f.Name] = arn
}

func (w *World) continueServiceDeployment(_ *wire.Request, in *ecs.ContinueServiceDeploymentInput) (*ecs.ContinueServiceDeploymentOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, d, err := w.underWay(in.ServiceDeploymentArn, "Continuing a service deployment is not allowed for service deployment in terminal states.")
	if err != nil {
		return nil, err
	}
	id := aws.ToString(in.HookId)
	if !strings.HasPrefix(id, "ecs-") {
		return nil, invalid("Invalid hookId: hookId must follow the format: ecs-{hookType}-{id}")
	}
	var run *hookRun
	if d.staged != nil {
		for _, h := range d.staged.hooks {
			if h.id == id && h.status == ecstypes.DeploymentLifecycleHookStatusAwaitingAction {
				run = h
			}
		}
	}
	if run == nil {
		return nil, invalid("Provided hookId is either completed, unavailable, or not associated with the given Resource ARN")
	}
	if in.Action == ecstypes.DeploymentLifecycleHookActionRollback {
		run.status = ecstypes.DeploymentLifecycleHookStatusFailed
		w.fail(s, d, fmt.Sprintf("Service deployment rolled back because %s pause hook was rolled back.", run.stage))
	} else {
		run.status = ecstypes.DeploymentLifecycleHookStatusSucceeded
		w.reconcileIn(s, w.about(3*time.Second))
	}
	return &ecs.ContinueServiceDeploymentOutput{ServiceDeploymentArn: in.ServiceDeploymentArn}, nil
}

func (w *World) stopServiceDeployment(_ *wire.Request, in *ecs.StopServiceDeploymentInput) (*ecs.StopServiceDeploymentOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, d, err := w.underWay(in.ServiceDeploymentArn, "Stopping a service deployment is not allowed for service deployment in terminal states.")
	if err != nil {
		return nil, err
	}
	w.fail(s, d, "Service deployment was stopped by a user.")
	return &ecs.StopServiceDeploymentOutput{ServiceDeploymentArn: in.ServiceDeploymentArn}, nil
}

// underWay is a service deployment that has not ended.
func (w *World) underWay(arn *string, over string) (*service, *deployment, error) {
	s, d := w.deploymentBy(func(d *deployment) bool { return d.arn == aws.ToString(arn) })
	if d == nil {
		return nil, nil, wire.Errorf("ServiceDeploymentNotFoundException", "The service deployment does not exist.")
	}
	if d.status != ecstypes.ServiceDeploymentStatusInProgress {
		return nil, nil, wire.Errorf("ConflictException", "%s", over)
	}
	return s, d, nil
}
