package lab

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// listTasks follows AWS's rules: desiredStatus defaults to RUNNING (and then finds what is on its way there), PENDING finds
// nothing, and startedBy must be the only filter.
func (w *World) listTasks(_ *wire.Request, in *ecs.ListTasksInput) (*ecs.ListTasksOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	cluster, err := w.clusterNamed(in.Cluster)
	if err != nil {
		return nil, err
	}
	if in.StartedBy != nil && (in.ServiceName != nil || in.Family != nil || in.ContainerInstance != nil || in.LaunchType != "") {
		return nil, invalid("Cannot specify 'startedBy' with other filters: startedBy must be the only filter.")
	}
	if in.ServiceName != nil && in.Family != nil {
		return nil, invalid("Cannot specify both 'family' and 'serviceName'.")
	}
	name := lastPart(aws.ToString(in.ServiceName))
	if in.ServiceName != nil && w.services[cluster+"/"+name] == nil {
		return nil, wire.Errorf("ServiceNotFoundException", "Service not found.")
	}
	want := string(cmp.Or(in.DesiredStatus, ecstypes.DesiredStatusRunning))
	var found []*task
	for _, t := range w.tasks {
		switch {
		case t.launch.cluster != cluster || aws.ToString(t.DesiredStatus) != want:
		case in.ServiceName != nil && (t.launch.group != "service:"+name || want == "STOPPED" && !w.listStopped):
		case in.Family != nil && aws.ToString(t.launch.definition.Family) != aws.ToString(in.Family):
		case in.StartedBy != nil && t.launch.startedBy != aws.ToString(in.StartedBy):
		case in.LaunchType != "" && t.LaunchType != in.LaunchType:
		case in.ContainerInstance != nil && lastPart(aws.ToString(t.ContainerInstanceArn)) != lastPart(aws.ToString(in.ContainerInstance)):
		default:
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *task) int { return cmp.Compare(a.id, b.id) })
	var arns []string
	for _, t := range found {
		arns = append(arns, aws.ToString(t.TaskArn))
	}
	page, next, err := wire.Page(arns, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &ecs.ListTasksOutput{TaskArns: page, NextToken: token(next)}, err
}

func (w *World) describeTasks(_ *wire.Request, in *ecs.DescribeTasksInput) (*ecs.DescribeTasksOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	cluster, err := w.clusterNamed(in.Cluster)
	if err != nil {
		return nil, err
	}
	if len(in.Tasks) == 0 {
		return nil, invalid("Tasks cannot be empty.")
	}
	if len(in.Tasks) > 100 {
		return nil, invalid("Tasks must have at most 100 elements")
	}
	out := &ecs.DescribeTasksOutput{}
	for _, ref := range in.Tasks {
		if t := w.tasks[lastPart(ref)]; t != nil && t.launch.cluster == cluster {
			out.Tasks = append(out.Tasks, t.shown())
		} else {
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: aws.String(w.ecsARN("task/" + cluster + "/" + lastPart(ref))), Reason: aws.String("MISSING")})
		}
	}
	return out, nil
}

// shown is a copy of the task that does not change while it is written out.
func (t *task) shown() ecstypes.Task {
	v := t.Task
	v.Containers = slices.Clone(v.Containers)
	v.Attachments = slices.Clone(v.Attachments)
	for i := range v.Attachments {
		v.Attachments[i].Details = slices.Clone(v.Attachments[i].Details)
	}
	return v
}

func (w *World) runTask(_ *wire.Request, in *ecs.RunTaskInput) (*ecs.RunTaskOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.run(in)
}

// run is RunTask, whoever calls it.
func (w *World) run(in *ecs.RunTaskInput) (*ecs.RunTaskOutput, error) {
	cluster, err := w.clusterNamed(in.Cluster)
	if err != nil {
		return nil, err
	}
	def, err := w.definitionNamed(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	n := aws.ToInt32(cmp.Or(in.Count, aws.Int32(1)))
	if n < 1 || n > 10 {
		return nil, invalid("Count must be between 1 and 10.")
	}
	strategy, launchType, err := w.chooseCapacity(cluster, in.CapacityProviderStrategy, in.LaunchType)
	if err != nil {
		return nil, err
	}
	if launchType == ecstypes.LaunchTypeFargate && !slices.Contains(def.Compatibilities, ecstypes.CompatibilityFargate) {
		return nil, invalid("Task definition does not support launch_type FARGATE.")
	}
	network, err := w.checkNetwork(def, in.NetworkConfiguration)
	if err != nil {
		return nil, err
	}
	if role := w.unassumable(def); role != "" {
		return nil, client("%s", cannotAssume(role))
	}
	if err := checkExec(in.EnableExecuteCommand, def, noRoleForTask); err != nil {
		return nil, err
	}
	l := launch{cluster: cluster, definition: def, launchType: launchType, strategy: strategy, overrides: in.Overrides, exec: in.EnableExecuteCommand,
		group: "family:" + aws.ToString(def.Family), startedBy: aws.ToString(in.StartedBy)}
	if in.Group != nil {
		l.group = *in.Group
	}
	if network != nil && network.AwsvpcConfiguration != nil {
		l.network = *network.AwsvpcConfiguration
	}
	if launchType == ecstypes.LaunchTypeEc2 && len(w.instancesOf(l)) == 0 {
		return nil, invalid("No Container Instances were found in your cluster.")
	}
	out := &ecs.RunTaskOutput{}
	for i := range int(n) {
		p, reason := w.capacity(l)
		if reason != "" {
			f := ecstypes.Failure{Reason: aws.String(reason)}
			if c := w.closest(l); c != nil && p.launchType == ecstypes.LaunchTypeEc2 {
				f.Arn = c.ContainerInstanceArn
			}
			out.Failures = append(out.Failures, f)
			continue
		}
		subnet := ""
		if len(l.network.Subnets) > 0 {
			subnet = l.network.Subnets[i%len(l.network.Subnets)]
		}
		out.Tasks = append(out.Tasks, w.newTask(l, subnet, p).shown())
	}
	return out, nil
}

func (w *World) stopTask(_ *wire.Request, in *ecs.StopTaskInput) (*ecs.StopTaskOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	cluster, err := w.clusterNamed(in.Cluster)
	if err != nil {
		return nil, err
	}
	t := w.tasks[lastPart(aws.ToString(in.Task))]
	if t == nil || t.launch.cluster != cluster {
		return nil, invalid("The referenced task was not found.")
	}
	w.stop(t, ecstypes.TaskStopCodeUserInitiated, cmp.Or(aws.ToString(in.Reason), "Task stopped by user"))
	if t.launch.service != nil {
		w.reconcileIn(t.launch.service, w.about(5*time.Second))
	}
	v := t.shown()
	return &ecs.StopTaskOutput{Task: &v}, nil
}

func (w *World) listServiceDeployments(_ *wire.Request, in *ecs.ListServiceDeploymentsInput) (*ecs.ListServiceDeploymentsOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, err := w.serviceNamed(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	var all []ecstypes.ServiceDeploymentBrief
	for _, d := range s.history {
		v := w.deploymentView(s, d)
		if len(in.Status) > 0 && !slices.Contains(in.Status, v.Status) {
			continue
		}
		all = append(all, ecstypes.ServiceDeploymentBrief{
			ClusterArn: v.ClusterArn, ServiceArn: v.ServiceArn, ServiceDeploymentArn: v.ServiceDeploymentArn, Status: v.Status, StatusReason: v.StatusReason,
			CreatedAt: v.CreatedAt, StartedAt: v.StartedAt, FinishedAt: v.FinishedAt, TargetServiceRevisionArn: aws.String(d.rev),
		})
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 20)
	return &ecs.ListServiceDeploymentsOutput{ServiceDeployments: page, NextToken: token(next)}, err
}

func (w *World) describeServiceDeployments(_ *wire.Request, in *ecs.DescribeServiceDeploymentsInput) (*ecs.DescribeServiceDeploymentsOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := &ecs.DescribeServiceDeploymentsOutput{}
	for _, arn := range in.ServiceDeploymentArns {
		if s, d := w.deploymentBy(func(d *deployment) bool { return d.arn == arn }); d != nil {
			out.ServiceDeployments = append(out.ServiceDeployments, w.deploymentView(s, d))
		} else {
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: aws.String(arn), Reason: aws.String("MISSING")})
		}
	}
	return out, nil
}

func (w *World) describeServiceRevisions(_ *wire.Request, in *ecs.DescribeServiceRevisionsInput) (*ecs.DescribeServiceRevisionsOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := &ecs.DescribeServiceRevisionsOutput{}
	for _, arn := range in.ServiceRevisionArns {
		s, d := w.deploymentBy(func(d *deployment) bool { return d.rev == arn })
		if d == nil {
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: aws.String(arn), Reason: aws.String("MISSING")})
			continue
		}
		r := ecstypes.ServiceRevision{
			ServiceRevisionArn: aws.String(arn), ServiceArn: s.ServiceArn, ClusterArn: s.ClusterArn, TaskDefinition: d.TaskDefinition, CreatedAt: d.CreatedAt,
			NetworkConfiguration: d.NetworkConfiguration, LaunchType: d.LaunchType, CapacityProviderStrategy: d.CapacityProviderStrategy,
			PlatformVersion: d.PlatformVersion, PlatformFamily: d.PlatformFamily, LoadBalancers: d.launch.balancers,
		}
		for _, c := range d.launch.definition.ContainerDefinitions {
			i := ecstypes.ContainerImage{ContainerName: c.Name, Image: c.Image}
			if digest := d.digests[aws.ToString(c.Name)]; digest != "" {
				i.ImageDigest = aws.String(digest)
			}
			r.ContainerImages = append(r.ContainerImages, i)
		}
		out.ServiceRevisions = append(out.ServiceRevisions, r)
	}
	return out, nil
}

func (w *World) deploymentBy(is func(*deployment) bool) (*service, *deployment) {
	for _, key := range slices.Sorted(maps.Keys(w.services)) {
		s := w.services[key]
		if i := slices.IndexFunc(s.history, is); i >= 0 {
			return s, s.history[i]
		}
	}
	return nil, nil
}

func (w *World) deploymentView(s *service, d *deployment) ecstypes.ServiceDeployment {
	running, pending := count(s.live(d))
	v := ecstypes.ServiceDeployment{
		ServiceDeploymentArn: aws.String(d.arn), ServiceArn: s.ServiceArn, ClusterArn: s.ClusterArn, CreatedAt: d.CreatedAt, StartedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
		Status: d.status, DeploymentConfiguration: s.DeploymentConfiguration, Rollback: d.rollback,
		TargetServiceRevision: &ecstypes.ServiceRevisionSummary{Arn: aws.String(d.rev), RequestedTaskCount: s.DesiredCount, RunningTaskCount: running, PendingTaskCount: pending},
	}
	if d.reason != "" {
		v.StatusReason = aws.String(d.reason)
	}
	d.showStages(&v)
	d.showWatch(&v, s)
	if !d.finished.IsZero() {
		v.FinishedAt = aws.Time(d.finished)
	}
	if o := d.source; o != nil {
		r, p := count(s.live(o))
		v.SourceServiceRevisions = []ecstypes.ServiceRevisionSummary{{Arn: aws.String(o.rev), RequestedTaskCount: r + p, RunningTaskCount: r, PendingTaskCount: p}}
	}
	if b := s.DeploymentConfiguration.DeploymentCircuitBreaker; b != nil && b.Enable {
		v.DeploymentCircuitBreaker = &ecstypes.ServiceDeploymentCircuitBreaker{
			FailureCount: d.FailedTasks, Threshold: int32(threshold(b, int(s.DesiredCount))), Status: ecstypes.ServiceDeploymentRollbackMonitorsStatusMonitoring,
		}
		if d.tripped {
			v.DeploymentCircuitBreaker.Status = ecstypes.ServiceDeploymentRollbackMonitorsStatusTriggered
		} else if d.RolloutState == ecstypes.DeploymentRolloutStateCompleted {
			v.DeploymentCircuitBreaker.Status = ecstypes.ServiceDeploymentRollbackMonitorsStatusMonitoringComplete
		}
	} else {
		v.DeploymentCircuitBreaker = &ecstypes.ServiceDeploymentCircuitBreaker{Status: ecstypes.ServiceDeploymentRollbackMonitorsStatusDisabled}
	}
	return v
}
