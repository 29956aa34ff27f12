package lab

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	deploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/goccy/go-yaml"

	"github.com/ecsplain/ecsplain/lab/wire"
)

type elbAction = elbtypes.Action

func forwardTo(group string) elbAction {
	return elbtypes.Action{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: aws.String(group)}
}

// codedeployOperations lists what the lab answers of CodeDeploy.
func (w *World) codedeployOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("codedeploy", "CreateDeployment", changes(w, w.createDeployment)),
		wire.Op("codedeploy", "GetDeployment", reads(w, w.getDeployment)),
		wire.Op("codedeploy", "GetDeploymentGroup", reads(w, w.getDeploymentGroup)),
		wire.Op("codedeploy", "ListDeployments", reads(w, w.listDeployments)),
		wire.Op("codedeploy", "ContinueDeployment", changes(w, w.continueDeployment)),
		wire.Op("codedeploy", "StopDeployment", changes(w, w.stopDeployment)),
		wire.Op("codedeploy", "ListDeploymentTargets", reads(w, w.listDeploymentTargets)),
		wire.Op("codedeploy", "BatchGetDeploymentTargets", reads(w, w.batchGetDeploymentTargets)),
	}
}

func (w *World) deployGroupNamed(application, name *string) (*deployGroup, error) {
	known := false
	for _, g := range w.deployGroups {
		known = known || g.application == aws.ToString(application)
	}
	switch g := w.deployGroups[aws.ToString(application)+"/"+aws.ToString(name)]; {
	case g != nil:
		return g, nil
	case !known:
		return nil, wire.Errorf("ApplicationDoesNotExistException", "No application found for name: %s", aws.ToString(application))
	}
	return nil, wire.Errorf("DeploymentGroupDoesNotExistException", "No Deployment Group found for name: %s", aws.ToString(name))
}

func (w *World) codeDeploymentNamed(id *string) (*codeDeployment, error) {
	for _, g := range sorted(w.deployGroups) {
		for _, d := range g.attempts {
			if d.id == aws.ToString(id) {
				return d, nil
			}
		}
	}
	return nil, wire.Errorf("DeploymentDoesNotExistException", "The deployment %s could not be found", aws.ToString(id))
}

// appSpec is what the lab reads of an AppSpec file, in YAML or JSON.
type appSpec struct {
	Resources []map[string]struct {
		Properties struct {
			TaskDefinition   string `yaml:"TaskDefinition"`
			LoadBalancerInfo struct {
				ContainerName string `yaml:"ContainerName"`
				ContainerPort int32  `yaml:"ContainerPort"`
			} `yaml:"LoadBalancerInfo"`
		} `yaml:"Properties"`
	} `yaml:"Resources"`
}

func (w *World) createDeployment(in *codedeploy.CreateDeploymentInput) (*codedeploy.CreateDeploymentOutput, error) {
	g, err := w.deployGroupNamed(in.ApplicationName, in.DeploymentGroupName)
	if err != nil {
		return nil, err
	}
	s := w.services[g.service]
	if s == nil {
		return nil, wire.Errorf("InvalidECSServiceException", "The ECS service cannot be found for deployment group %s", g.name)
	}
	if len(g.attempts) > 0 && !g.attempts[0].over() {
		return nil, wire.Errorf("DeploymentLimitExceededException", "The Deployment Group '%s' already has an active Deployment '%s'", g.name, g.attempts[0].id)
	}
	if in.Revision == nil || in.Revision.AppSpecContent == nil {
		return nil, wire.Errorf("RevisionRequiredException", "The lab reads the AppSpec from revision.appSpecContent")
	}
	var spec appSpec
	if err := yaml.Unmarshal([]byte(aws.ToString(in.Revision.AppSpecContent.Content)), &spec); err != nil || len(spec.Resources) == 0 {
		return nil, wire.Errorf("InvalidRevisionException", "The AppSpec cannot be read, or has no Resources")
	}
	d := &codeDeployment{id: "d-" + strings.ToUpper(w.newHex(9)), group: g}
	for _, r := range spec.Resources[0] {
		def, err := w.definitionNamed(aws.String(r.Properties.TaskDefinition))
		if err != nil {
			return nil, wire.Errorf("InvalidRevisionException", "The task definition of the AppSpec is not there or not active: %s", r.Properties.TaskDefinition)
		}
		d.definition = def
		d.balancer = ecstypes.LoadBalancer{ContainerName: aws.String(r.Properties.LoadBalancerInfo.ContainerName), ContainerPort: aws.Int32(r.Properties.LoadBalancerInfo.ContainerPort)}
	}
	w.beginCodeDeploy(g, s, d)
	return &codedeploy.CreateDeploymentOutput{DeploymentId: aws.String(d.id)}, nil
}

func (w *World) getDeployment(in *codedeploy.GetDeploymentInput) (*codedeploy.GetDeploymentOutput, error) {
	d, err := w.codeDeploymentNamed(in.DeploymentId)
	if err != nil {
		return nil, err
	}
	v := &deploytypes.DeploymentInfo{
		ApplicationName: aws.String(d.group.application), DeploymentGroupName: aws.String(d.group.name), DeploymentId: aws.String(d.id), DeploymentConfigName: aws.String("CodeDeployDefault.ECSAllAtOnce"),
		Status: d.status, CreateTime: aws.Time(d.created), StartTime: aws.Time(d.created), Creator: deploytypes.DeploymentCreatorUser, ComputePlatform: deploytypes.ComputePlatformEcs,
		BlueGreenDeploymentConfiguration: d.group.blueGreen(),
		DeploymentStyle:                  &deploytypes.DeploymentStyle{DeploymentType: deploytypes.DeploymentTypeBlueGreen, DeploymentOption: deploytypes.DeploymentOptionWithTrafficControl},
	}
	if d.over() {
		v.CompleteTime = aws.Time(d.finished)
	}
	if d.code != "" {
		v.ErrorInformation = &deploytypes.ErrorInformation{Code: d.code, Message: aws.String(d.message)}
	}
	return &codedeploy.GetDeploymentOutput{DeploymentInfo: v}, nil
}

func (g *deployGroup) blueGreen() *deploytypes.BlueGreenDeploymentConfiguration {
	ready := &deploytypes.DeploymentReadyOption{ActionOnTimeout: deploytypes.DeploymentReadyActionContinueDeployment}
	if g.ready > 0 {
		ready = &deploytypes.DeploymentReadyOption{ActionOnTimeout: deploytypes.DeploymentReadyActionStopDeployment, WaitTimeInMinutes: int32(g.ready / time.Minute)}
	}
	return &deploytypes.BlueGreenDeploymentConfiguration{DeploymentReadyOption: ready, TerminateBlueInstancesOnDeploymentSuccess: &deploytypes.BlueInstanceTerminationOption{
		Action: deploytypes.InstanceActionTerminate, TerminationWaitTimeInMinutes: int32(g.terminate / time.Minute)}}
}

func (w *World) getDeploymentGroup(in *codedeploy.GetDeploymentGroupInput) (*codedeploy.GetDeploymentGroupOutput, error) {
	g, err := w.deployGroupNamed(in.ApplicationName, in.DeploymentGroupName)
	if err != nil {
		return nil, err
	}
	cluster, name, _ := strings.Cut(g.service, "/")
	v := &deploytypes.DeploymentGroupInfo{
		ApplicationName: aws.String(g.application), DeploymentGroupName: aws.String(g.name), ComputePlatform: deploytypes.ComputePlatformEcs, BlueGreenDeploymentConfiguration: g.blueGreen(),
		ServiceRoleArn: aws.String(fmt.Sprintf("arn:%s:iam::%s:role/%s", w.Partition, w.Account, g.role)),
		EcsServices:    []deploytypes.ECSService{{ClusterName: aws.String(cluster), ServiceName: aws.String(name)}},
	}
	if len(g.alarms) > 0 {
		v.AlarmConfiguration = &deploytypes.AlarmConfiguration{Enabled: true}
		for _, a := range g.alarms {
			v.AlarmConfiguration.Alarms = append(v.AlarmConfiguration.Alarms, deploytypes.Alarm{Name: aws.String(a)})
		}
	}
	for i, d := range g.attempts {
		last := &deploytypes.LastDeploymentInfo{DeploymentId: aws.String(d.id), Status: d.status, CreateTime: aws.Time(d.created)}
		if d.over() {
			last.EndTime = aws.Time(d.finished)
		}
		if i == 0 {
			v.LastAttemptedDeployment = last
		}
		if d.status == deploytypes.DeploymentStatusSucceeded {
			v.LastSuccessfulDeployment = last
			break
		}
	}
	return &codedeploy.GetDeploymentGroupOutput{DeploymentGroupInfo: v}, nil
}

func (w *World) listDeployments(in *codedeploy.ListDeploymentsInput) (*codedeploy.ListDeploymentsOutput, error) {
	out := &codedeploy.ListDeploymentsOutput{Deployments: []string{}}
	for _, g := range sorted(w.deployGroups) {
		if in.ApplicationName != nil && *in.ApplicationName != g.application || in.DeploymentGroupName != nil && *in.DeploymentGroupName != g.name {
			continue
		}
		for _, d := range g.attempts {
			out.Deployments = append(out.Deployments, d.id)
		}
	}
	return out, nil
}

func (w *World) continueDeployment(in *codedeploy.ContinueDeploymentInput) (*codedeploy.ContinueDeploymentOutput, error) {
	d, err := w.codeDeploymentNamed(in.DeploymentId)
	if err != nil {
		return nil, err
	}
	if d.status != deploytypes.DeploymentStatusReady {
		return nil, wire.Errorf("DeploymentIsNotInReadyStateException", "The deployment %s does not have a status of Ready and can't continue yet", d.id)
	}
	d.continued = true
	w.reconcileIn(w.services[d.group.service], w.about(3*time.Second))
	return &codedeploy.ContinueDeploymentOutput{}, nil
}

func (w *World) stopDeployment(in *codedeploy.StopDeploymentInput) (*codedeploy.StopDeploymentOutput, error) {
	d, err := w.codeDeploymentNamed(in.DeploymentId)
	if err != nil {
		return nil, err
	}
	if d.over() {
		return nil, wire.Errorf("DeploymentAlreadyCompletedException", "The deployment %s has already completed", d.id)
	}
	w.endCodeDeploy(w.services[d.group.service], d, deploytypes.DeploymentStatusStopped, deploytypes.ErrorCodeManualStop, "The deployment was stopped by a user.")
	return &codedeploy.StopDeploymentOutput{Status: deploytypes.StopStatusSucceeded, StatusMessage: aws.String("Deployment stopped")}, nil
}

func (w *World) listDeploymentTargets(in *codedeploy.ListDeploymentTargetsInput) (*codedeploy.ListDeploymentTargetsOutput, error) {
	d, err := w.codeDeploymentNamed(in.DeploymentId)
	if err != nil {
		return nil, err
	}
	return &codedeploy.ListDeploymentTargetsOutput{TargetIds: []string{strings.Replace(d.group.service, "/", ":", 1)}}, nil
}

func (w *World) batchGetDeploymentTargets(in *codedeploy.BatchGetDeploymentTargetsInput) (*codedeploy.BatchGetDeploymentTargetsOutput, error) {
	d, err := w.codeDeploymentNamed(in.DeploymentId)
	if err != nil {
		return nil, err
	}
	v := &deploytypes.ECSTarget{DeploymentId: aws.String(d.id), TargetId: aws.String(strings.Replace(d.group.service, "/", ":", 1)), LifecycleEvents: d.events, Status: deploytypes.TargetStatusInProgress}
	switch d.status {
	case deploytypes.DeploymentStatusSucceeded:
		v.Status = deploytypes.TargetStatusSucceeded
	case deploytypes.DeploymentStatusFailed, deploytypes.DeploymentStatusStopped:
		v.Status = deploytypes.TargetStatusFailed
	case deploytypes.DeploymentStatusReady:
		v.Status = deploytypes.TargetStatusReady
	}
	return &codedeploy.BatchGetDeploymentTargetsOutput{DeploymentTargets: []deploytypes.DeploymentTarget{{DeploymentTargetType: deploytypes.DeploymentTargetTypeEcsTarget, EcsTarget: v}}}, nil
}

// labSetDeployGroup changes a deployment group: how long its deployments wait before the traffic, and which alarms stop them.
func (w *World) labSetDeployGroup(in map[string]any) error {
	g := w.deployGroups[textOf(in, "Group")]
	if g == nil {
		return fmt.Errorf("there is no deployment group %q; write APPLICATION/GROUP", textOf(in, "Group"))
	}
	if in["ReadyWaitMinutes"] != nil {
		g.ready = time.Duration(numberOf(in, "ReadyWaitMinutes")) * time.Minute
	}
	if in["Alarm"] != nil {
		if g.alarms = nil; textOf(in, "Alarm") != "" {
			g.alarms = []string{textOf(in, "Alarm")}
		}
	}
	return nil
}
