package lab

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// taskSet is what a deployment has more when it is a task set: a share of the service's tasks that CodeDeploy or an external controller made.
type taskSet struct {
	external  string // id that its maker gave
	startedBy string
	scale     float64 // per cent of the service's desired count
	steady    bool
	steadyAt  time.Time
}

// driven tells whether others than ECS make the service's deployments.
func (s *service) driven() bool {
	c := s.DeploymentController
	return c != nil && c.Type != ecstypes.DeploymentControllerTypeEcs
}

func controllerOf(in *ecstypes.DeploymentController) *ecstypes.DeploymentController {
	if in == nil || in.Type == "" {
		return &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeEcs}
	}
	return in
}

// refuseDriven refuses what UpdateService does not change in a service that others deploy.
func (s *service) refuseDriven(in *ecs.UpdateServiceInput) error {
	if !s.driven() {
		return nil
	}
	kind, who := s.DeploymentController.Type, "Use the task set APIs to deploy."
	if kind == ecstypes.DeploymentControllerTypeCodeDeploy {
		who = "Use AWS CodeDeploy to trigger a new deployment."
	}
	switch {
	case in.TaskDefinition != nil:
		return invalid("Unable to update task definition on services with a %s deployment controller. %s", kind, who)
	case in.NetworkConfiguration != nil:
		return invalid("Unable to update network parameters on services with a %s deployment controller. %s", kind, who)
	case in.LoadBalancers != nil:
		return invalid("Unable to update load balancers on services with a %s deployment controller. %s", kind, who)
	case in.ForceNewDeployment:
		return invalid("Cannot force a new deployment on services with a %s deployment controller. %s", kind, who)
	}
	return nil
}

// newExternal makes a service of which ECS knows only how many tasks it is to have: everything else is its task sets'.
func (w *World) newExternal(cluster string, in *ecs.CreateServiceInput) (*service, error) {
	name := aws.ToString(in.ServiceName)
	switch {
	case w.services[cluster+"/"+name] != nil && aws.ToString(w.services[cluster+"/"+name].Status) != "INACTIVE":
		return nil, invalid("Creation of service was not idempotent.")
	case in.TaskDefinition != nil || in.LoadBalancers != nil || in.NetworkConfiguration != nil:
		return nil, invalid("Task definition, load balancers and network configuration cannot be specified on services with an EXTERNAL deployment controller. Specify them in CreateTaskSet.")
	}
	s := &service{cluster: cluster, said: map[string]time.Time{}}
	s.Service = ecstypes.Service{
		ServiceName: in.ServiceName, ServiceArn: aws.String(w.ecsARN("service/" + cluster + "/" + name)), ClusterArn: aws.String(w.ecsARN("cluster/" + cluster)),
		Status: aws.String("ACTIVE"), DesiredCount: aws.ToInt32(in.DesiredCount), CreatedAt: aws.Time(w.now), CreatedBy: aws.String(w.callerARN()),
		SchedulingStrategy: ecstypes.SchedulingStrategyReplica, DeploymentController: in.DeploymentController, DeploymentConfiguration: deploymentDefaults(nil, in.DeploymentConfiguration),
		HealthCheckGracePeriodSeconds: in.HealthCheckGracePeriodSeconds, Tags: in.Tags,
	}
	w.services[cluster+"/"+name] = s
	return s, nil
}

// wanted is the number of tasks that a task set is to have: AWS rounds up.
func (d *deployment) wanted(s *service) int {
	if aws.ToString(s.Status) != "ACTIVE" {
		return 0
	}
	return int(math.Ceil(float64(s.DesiredCount) * d.set.scale / 100))
}

// reconcileSets brings every task set of a service to its count and says when one is steady.
func (w *World) reconcileSets(s *service) {
	for _, d := range slices.Clone(s.deployments) {
		live, want := s.live(d), d.wanted(s)
		for _, t := range live[min(want, len(live)):] {
			w.stop(t, ecstypes.TaskStopCodeServiceSchedulerInitiated, "Scaling activity initiated by (deployment "+d.id()+")")
		}
		if len(live) < want {
			w.startForSet(s, d, want-len(live))
		}
		w.settleSet(s, d)
	}
	w.stepCodeDeploy(s)
}

// startForSet starts tasks of a task set, unless it waits.
func (w *World) startForSet(s *service, d *deployment, missing int) {
	if w.now.Before(d.notBefore) {
		w.reconcileIn(s, d.notBefore.Sub(w.now))
		return
	}
	var started []*task
	for range missing {
		subnet := w.spread(s, d)
		at, refused := w.place(d.launch, s)
		if refused != "" {
			w.event(s, refused)
			d.notBefore = w.now.Add(placementRetry)
			w.reconcileIn(s, placementRetry)
			break
		}
		started = append(started, w.newTask(d.launch, subnet, at))
	}
	if len(started) > 0 {
		w.record(s, fmt.Sprintf("(service %s, taskSet %s) has started %d tasks: %s.", s.name(), d.id(), len(started), taskList(started)))
	}
}

func (w *World) settleSet(s *service, d *deployment) {
	live := s.live(d)
	steady := len(live) == d.wanted(s) && !slices.ContainsFunc(live, func(t *task) bool { return !t.healthy })
	if steady && !d.set.steady {
		w.record(s, fmt.Sprintf("(service %s, taskSet %s) has reached a steady state.", s.name(), d.id()))
	}
	if steady != d.set.steady {
		d.set.steady, d.set.steadyAt, d.UpdatedAt = steady, w.now, aws.Time(w.now)
	}
}

// newTaskSet adds a task set to a service.
func (w *World) newTaskSet(s *service, def *ecstypes.TaskDefinition, network *ecstypes.NetworkConfiguration, balancers []ecstypes.LoadBalancer, set taskSet) *deployment {
	id := strconv.FormatInt(7e18+w.rng.Int64N(2e18), 10)
	d := &deployment{digests: map[string]string{}, set: &set}
	d.Deployment = ecstypes.Deployment{
		Id: aws.String("ecs-svc/" + id), Status: aws.String("ACTIVE"), TaskDefinition: def.TaskDefinitionArn, CreatedAt: aws.Time(w.now), UpdatedAt: aws.Time(w.now),
		LaunchType: ecstypes.LaunchTypeFargate, NetworkConfiguration: network, PlatformVersion: aws.String("1.4.0"), PlatformFamily: aws.String("Linux"),
		RolloutState: ecstypes.DeploymentRolloutStateCompleted, // no circuit breaker takes part
	}
	d.arn = w.ecsARN("task-set/" + s.cluster + "/" + s.name() + "/ecs-svc/" + id)
	d.set.steadyAt = w.now
	d.launch = launch{
		cluster: s.cluster, definition: def, launchType: ecstypes.LaunchTypeFargate, group: "service:" + s.name(), startedBy: "ecs-svc/" + id, service: s, deployment: d, balancers: balancers,
	}
	if network != nil && network.AwsvpcConfiguration != nil {
		d.launch.network = *network.AwsvpcConfiguration
	}
	s.deployments = append([]*deployment{d}, s.deployments...)
	w.reconcileIn(s, w.about(3*time.Second))
	return d
}

// setViews are task sets as DescribeServices and DescribeTaskSets show them.
func (s *service) setViews(sets []*deployment) []ecstypes.TaskSet {
	out := []ecstypes.TaskSet{}
	for _, d := range sets {
		running, pending := count(s.live(d))
		v := ecstypes.TaskSet{
			Id: d.Id, TaskSetArn: aws.String(d.arn), ServiceArn: s.ServiceArn, ClusterArn: s.ClusterArn, StartedBy: optional(d.set.startedBy), ExternalId: optional(d.set.external), Status: d.Deployment.Status,
			TaskDefinition: d.TaskDefinition, ComputedDesiredCount: int32(d.wanted(s)), RunningCount: running, PendingCount: pending, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
			LaunchType: d.LaunchType, PlatformVersion: d.PlatformVersion, PlatformFamily: d.PlatformFamily, NetworkConfiguration: d.NetworkConfiguration, LoadBalancers: d.launch.balancers,
			Scale: &ecstypes.Scale{Unit: ecstypes.ScaleUnitPercent, Value: d.set.scale}, StabilityStatus: ecstypes.StabilityStatusStabilizing, StabilityStatusAt: aws.Time(d.set.steadyAt),
		}
		if d.set.steady {
			v.StabilityStatus = ecstypes.StabilityStatusSteadyState
		}
		out = append(out, v)
	}
	return out
}

// rolloutName is what placeholders call a part of a rollout: the newest there is.
func (w *World) rolloutName(kind, name string) string {
	if g := w.deployGroups[name]; kind == "code-deployment" && g != nil && len(g.attempts) > 0 {
		return g.attempts[0].id
	}
	for _, s := range sorted(w.services) {
		if s.name() != name {
			continue
		}
		switch {
		case kind == "task-set" && s.driven() && len(s.deployments) > 0:
			return s.deployments[0].id()
		case kind == "service-deployment" && len(s.history) > 0:
			return s.history[0].arn
		case kind == "hook" && len(s.history) > 0 && s.history[0].staged != nil && len(s.history[0].staged.hooks) > 0:
			return s.history[0].staged.hooks[len(s.history[0].staged.hooks)-1].id
		}
	}
	return ""
}

// setOf is a service that others deploy, and one of its task sets by id or ARN.
func (w *World) setOf(cluster, ref, set *string) (*service, *deployment, error) {
	s, err := w.externalService(cluster, ref)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range s.deployments {
		if lastPart(d.id()) == lastPart(aws.ToString(set)) {
			return s, d, nil
		}
	}
	return nil, nil, wire.Errorf("TaskSetNotFoundException", "The referenced task set was not found.")
}

// externalService is a service whose task sets anybody may make.
func (w *World) externalService(cluster, ref *string) (*service, error) {
	s, err := w.serviceNamed(cluster, ref)
	if err == nil && s.DeploymentController.Type != ecstypes.DeploymentControllerTypeExternal {
		return nil, invalid("Task set operations are only supported on services with an EXTERNAL deployment controller.")
	}
	return s, err
}

func (w *World) createTaskSet(_ *wire.Request, in *ecs.CreateTaskSetInput) (*ecs.CreateTaskSetOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, err := w.externalService(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	def, err := w.definitionNamed(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	network, err := w.checkNetwork(def, in.NetworkConfiguration)
	if err != nil {
		return nil, err
	}
	if err := w.checkBalancers(def, in.LoadBalancers); err != nil {
		return nil, err
	}
	if len(s.deployments) >= 5 {
		return nil, wire.Errorf("LimitExceededException", "The service has reached its limit of 5 task sets.")
	}
	set := taskSet{external: aws.ToString(in.ExternalId)} // without a scale it has none of the tasks
	if in.Scale != nil {
		set.scale = in.Scale.Value
	}
	d := w.newTaskSet(s, def, network, in.LoadBalancers, set)
	return &ecs.CreateTaskSetOutput{TaskSet: &s.setViews([]*deployment{d})[0]}, nil
}

func (w *World) describeTaskSets(_ *wire.Request, in *ecs.DescribeTaskSetsInput) (*ecs.DescribeTaskSetsOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, err := w.serviceNamed(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	if !s.driven() {
		return nil, invalid("Task set operations are only supported on services with an EXTERNAL or CODE_DEPLOY deployment controller.")
	}
	out := &ecs.DescribeTaskSetsOutput{}
	for _, d := range s.deployments {
		if len(in.TaskSets) == 0 || slices.ContainsFunc(in.TaskSets, func(ref string) bool { return lastPart(ref) == lastPart(d.id()) }) {
			out.TaskSets = append(out.TaskSets, s.setViews([]*deployment{d})...)
		}
	}
	for _, ref := range in.TaskSets {
		if !slices.ContainsFunc(out.TaskSets, func(v ecstypes.TaskSet) bool { return lastPart(*v.Id) == lastPart(ref) }) {
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: aws.String(ref), Reason: aws.String("MISSING")})
		}
	}
	return out, nil
}

func (w *World) updateTaskSet(_ *wire.Request, in *ecs.UpdateTaskSetInput) (*ecs.UpdateTaskSetOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, d, err := w.setOf(in.Cluster, in.Service, in.TaskSet)
	if err != nil {
		return nil, err
	}
	d.set.scale, d.set.steady, d.UpdatedAt = in.Scale.Value, false, aws.Time(w.now)
	w.reconcileIn(s, w.about(3*time.Second))
	return &ecs.UpdateTaskSetOutput{TaskSet: &s.setViews([]*deployment{d})[0]}, nil
}

func (w *World) updateServicePrimaryTaskSet(_ *wire.Request, in *ecs.UpdateServicePrimaryTaskSetInput) (*ecs.UpdateServicePrimaryTaskSetOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, d, err := w.setOf(in.Cluster, in.Service, in.PrimaryTaskSet)
	if err != nil {
		return nil, err
	}
	w.makePrimary(s, d)
	return &ecs.UpdateServicePrimaryTaskSetOutput{TaskSet: &s.setViews([]*deployment{d})[0]}, nil
}

func (w *World) makePrimary(s *service, d *deployment) {
	for _, o := range s.deployments {
		o.Deployment.Status = aws.String("ACTIVE")
	}
	d.Deployment.Status, d.UpdatedAt = aws.String("PRIMARY"), aws.Time(w.now)
	s.TaskDefinition, s.NetworkConfiguration, s.LoadBalancers = d.TaskDefinition, d.NetworkConfiguration, d.launch.balancers
}

func (w *World) deleteTaskSet(_ *wire.Request, in *ecs.DeleteTaskSetInput) (*ecs.DeleteTaskSetOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, d, err := w.setOf(in.Cluster, in.Service, in.TaskSet)
	if err != nil {
		return nil, err
	}
	if d.set.scale > 0 && !aws.ToBool(in.Force) {
		return nil, invalid("The task set cannot be deleted while it is scaled above 0. Use force.")
	}
	v := s.setViews([]*deployment{d})[0]
	w.dropSet(s, d)
	v.Status = aws.String("DRAINING")
	return &ecs.DeleteTaskSetOutput{TaskSet: &v}, nil
}

// dropSet takes a task set away with its tasks.
func (w *World) dropSet(s *service, d *deployment) {
	d.set.scale = 0
	for _, t := range s.live(d) {
		w.stop(t, ecstypes.TaskStopCodeServiceSchedulerInitiated, "Scaling activity initiated by (deployment "+d.id()+")")
	}
	s.deployments = slices.DeleteFunc(s.deployments, func(o *deployment) bool { return o == d })
	w.reconcileIn(s, w.about(3*time.Second))
}
