package lab

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

func (w *World) describeServices(_ *wire.Request, in *ecs.DescribeServicesInput) (*ecs.DescribeServicesOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	cluster, err := w.clusterNamed(in.Cluster)
	if err != nil {
		return nil, err
	}
	if len(in.Services) == 0 {
		return nil, invalid("Services cannot be empty.")
	}
	if len(in.Services) > 10 {
		return nil, invalid("Services must have at most 10 elements")
	}
	out := &ecs.DescribeServicesOutput{}
	for _, ref := range in.Services {
		if s := w.services[cluster+"/"+lastPart(ref)]; s != nil {
			v := s.view()
			if !slices.Contains(in.Include, ecstypes.ServiceFieldTags) {
				v.Tags = nil
			}
			out.Services = append(out.Services, v)
		} else {
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: aws.String(w.ecsARN("service/" + cluster + "/" + lastPart(ref))), Reason: aws.String("MISSING")})
		}
	}
	return out, nil
}

// view is the service as DescribeServices shows it.
func (s *service) view() ecstypes.Service {
	v := s.Service
	v.RunningCount, v.PendingCount = count(s.live(nil))
	v.Deployments = []ecstypes.Deployment{}
	if s.driven() {
		v.Events, v.TaskSets = slices.Clone(s.events), s.setViews(s.deployments)
		return v
	}
	for _, d := range s.deployments {
		dv := d.Deployment
		dv.RunningCount, dv.PendingCount = count(s.live(d))
		dv.DesiredCount = s.DesiredCount
		if aws.ToString(d.Status) != "PRIMARY" {
			dv.DesiredCount = dv.RunningCount + dv.PendingCount
		}
		v.Deployments = append(v.Deployments, dv)
	}
	slices.SortStableFunc(v.Deployments, func(a, b ecstypes.Deployment) int { // the primary first, as AWS shows them
		return cmp.Compare(aws.ToString(b.Status), aws.ToString(a.Status))
	})
	for _, d := range s.deployments {
		running, pending := count(s.live(d))
		v.CurrentServiceRevisions = append(v.CurrentServiceRevisions, ecstypes.ServiceCurrentRevisionSummary{
			Arn: aws.String(d.rev), RequestedTaskCount: running + pending, RunningTaskCount: running, PendingTaskCount: pending,
		})
		if d.status == ecstypes.ServiceDeploymentStatusInProgress || d.status == ecstypes.ServiceDeploymentStatusRollbackInProgress {
			v.CurrentServiceDeployment = aws.String(d.arn)
		}
	}
	v.Events = slices.Clone(s.events)
	return v
}

func (s *service) shown() *ecstypes.Service {
	v := s.view()
	return &v
}

func (w *World) listServices(_ *wire.Request, in *ecs.ListServicesInput) (*ecs.ListServicesOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	cluster, err := w.clusterNamed(in.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, key := range slices.Sorted(maps.Keys(w.services)) {
		s := w.services[key]
		if s.cluster == cluster && aws.ToString(s.Status) != "INACTIVE" && (in.LaunchType == "" || in.LaunchType == s.LaunchType) {
			arns = append(arns, aws.ToString(s.ServiceArn))
		}
	}
	page, next, err := wire.Page(arns, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 10)
	return &ecs.ListServicesOutput{ServiceArns: page, NextToken: token(next)}, err
}

func (w *World) createService(_ *wire.Request, in *ecs.CreateServiceInput) (*ecs.CreateServiceOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, err := w.newService(in)
	if err != nil {
		return nil, err
	}
	return &ecs.CreateServiceOutput{Service: s.shown()}, nil
}

// newService checks what CreateService checks, makes the service and starts its first deployment.
func (w *World) newService(in *ecs.CreateServiceInput) (*service, error) {
	cluster, err := w.clusterNamed(in.Cluster)
	if err != nil {
		return nil, err
	}
	if controllerOf(in.DeploymentController).Type == ecstypes.DeploymentControllerTypeExternal {
		return w.newExternal(cluster, in)
	}
	def, err := w.definitionNamed(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	name := aws.ToString(in.ServiceName)
	if old := w.services[cluster+"/"+name]; old != nil && aws.ToString(old.Status) == "ACTIVE" {
		return nil, invalid("Creation of service was not idempotent.")
	} else if old != nil && aws.ToString(old.Status) == "DRAINING" {
		return nil, invalid("Unable to Start a service that is still Draining.")
	}
	strategy, launchType, err := w.chooseCapacity(cluster, in.CapacityProviderStrategy, in.LaunchType)
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
	if err := w.checkStrategy(deploymentDefaults(nil, in.DeploymentConfiguration), in.LoadBalancers); err != nil {
		return nil, err
	}
	if err := w.checkConnect(cluster, in.ServiceConnectConfiguration, in.ServiceRegistries, def); err != nil {
		return nil, err
	}
	if err := checkExec(in.EnableExecuteCommand, def, fmt.Sprintf(noRoleForService, "created")); err != nil {
		return nil, err
	}
	volumes, err := checkLaunchVolumes(def, in.VolumeConfigurations)
	if err != nil {
		return nil, err
	}
	s := &service{cluster: cluster, said: map[string]time.Time{}, connect: in.ServiceConnectConfiguration, volumes: volumes}
	s.Service = ecstypes.Service{
		ServiceName: in.ServiceName, ServiceArn: aws.String(w.ecsARN("service/" + cluster + "/" + name)), ClusterArn: aws.String(w.ecsARN("cluster/" + cluster)),
		Status: aws.String("ACTIVE"), DesiredCount: aws.ToInt32(in.DesiredCount), TaskDefinition: def.TaskDefinitionArn, CreatedAt: aws.Time(w.now),
		CreatedBy: aws.String(w.callerARN()), LaunchType: launchType, CapacityProviderStrategy: strategy, NetworkConfiguration: network,
		PlatformVersion: cmp.Or(in.PlatformVersion, aws.String("LATEST")), PlatformFamily: aws.String("Linux"), SchedulingStrategy: ecstypes.SchedulingStrategyReplica,
		DeploymentController: controllerOf(in.DeploymentController), DeploymentConfiguration: deploymentDefaults(nil, in.DeploymentConfiguration),
		RoleArn:       aws.String(fmt.Sprintf("arn:%s:iam::%s:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", w.Partition, w.Account)),
		LoadBalancers: append([]ecstypes.LoadBalancer{}, in.LoadBalancers...), HealthCheckGracePeriodSeconds: in.HealthCheckGracePeriodSeconds, ServiceRegistries: append([]ecstypes.ServiceRegistry{}, in.ServiceRegistries...), PlacementConstraints: []ecstypes.PlacementConstraint{}, PlacementStrategy: []ecstypes.PlacementStrategy{},
		EnableECSManagedTags: in.EnableECSManagedTags, EnableExecuteCommand: in.EnableExecuteCommand, PropagateTags: cmp.Or(in.PropagateTags, ecstypes.PropagateTagsNone),
		AvailabilityZoneRebalancing: cmp.Or(in.AvailabilityZoneRebalancing, ecstypes.AvailabilityZoneRebalancingEnabled), Tags: in.Tags,
	}
	w.services[cluster+"/"+name] = s
	w.deploy(s)
	return s, nil
}

// deploymentDefaults completes a deployment configuration as ECS does: 100 and 200 percent, no circuit breaker, rolling.
func deploymentDefaults(old, in *ecstypes.DeploymentConfiguration) *ecstypes.DeploymentConfiguration {
	c := ecstypes.DeploymentConfiguration{
		MaximumPercent: aws.Int32(200), MinimumHealthyPercent: aws.Int32(100), Strategy: ecstypes.DeploymentStrategyRolling, BakeTimeInMinutes: aws.Int32(0),
		DeploymentCircuitBreaker: &ecstypes.DeploymentCircuitBreaker{},
	}
	if old != nil {
		c = *old
	}
	if in != nil {
		c.MaximumPercent = cmp.Or(in.MaximumPercent, c.MaximumPercent)
		c.MinimumHealthyPercent = cmp.Or(in.MinimumHealthyPercent, c.MinimumHealthyPercent)
		c.DeploymentCircuitBreaker = cmp.Or(in.DeploymentCircuitBreaker, c.DeploymentCircuitBreaker)
		c.Strategy, c.BakeTimeInMinutes, c.Alarms = cmp.Or(in.Strategy, c.Strategy), cmp.Or(in.BakeTimeInMinutes, c.BakeTimeInMinutes), cmp.Or(in.Alarms, c.Alarms)
		if in.LifecycleHooks != nil {
			c.LifecycleHooks = in.LifecycleHooks
		}
	}
	return &c
}

func (w *World) updateService(_ *wire.Request, in *ecs.UpdateServiceInput) (*ecs.UpdateServiceOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, err := w.serviceNamed(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	if aws.ToString(s.Status) != "ACTIVE" {
		return nil, wire.Errorf("ServiceNotActiveException", "Service was not ACTIVE.")
	}
	if err := s.refuseDriven(in); err != nil {
		return nil, err
	}
	next := s.Service
	if in.TaskDefinition != nil {
		def, err := w.definitionNamed(in.TaskDefinition)
		if err != nil {
			return nil, err
		}
		next.TaskDefinition = def.TaskDefinitionArn
	}
	if in.NetworkConfiguration != nil {
		if next.NetworkConfiguration, err = w.checkNetwork(w.taskDefs[defKey(next.TaskDefinition)], in.NetworkConfiguration); err != nil {
			return nil, err
		}
	}
	if in.CapacityProviderStrategy != nil {
		if next.CapacityProviderStrategy, next.LaunchType, err = w.chooseCapacity(s.cluster, in.CapacityProviderStrategy, ""); err != nil {
			return nil, err
		}
		if !in.ForceNewDeployment && next.LaunchType != s.LaunchType {
			return nil, invalid("When switching from launch type to capacity provider strategy on an existing service, or making a change to a capacity provider strategy on a service that is already using one, you must force a new deployment.")
		}
	}
	if in.PlatformVersion != nil {
		next.PlatformVersion = in.PlatformVersion
	}
	if err := checkExec(aws.ToBool(in.EnableExecuteCommand), w.taskDefs[defKey(next.TaskDefinition)], fmt.Sprintf(noRoleForService, "updated")); err != nil {
		return nil, err
	}
	if in.LoadBalancers != nil {
		next.LoadBalancers = in.LoadBalancers
	}
	connect := s.connect
	if in.ServiceConnectConfiguration != nil {
		connect = in.ServiceConnectConfiguration
	}
	if in.ServiceRegistries != nil {
		next.ServiceRegistries = in.ServiceRegistries
	}
	volumes := s.volumes
	if in.VolumeConfigurations != nil {
		volumes = in.VolumeConfigurations
	}
	if volumes, err = checkLaunchVolumes(w.taskDefs[defKey(next.TaskDefinition)], volumes); err != nil {
		return nil, err
	}
	rollout := in.ForceNewDeployment || !reflect.DeepEqual(next, s.Service) || !reflect.DeepEqual(connect, s.connect) || !reflect.DeepEqual(volumes, s.volumes)
	if rollout {
		if err := w.checkConnect(s.cluster, connect, next.ServiceRegistries, w.taskDefs[defKey(next.TaskDefinition)]); err != nil {
			return nil, err
		}
		if err := w.checkRollout(next); err != nil {
			return nil, err
		}
	}
	if in.EnableExecuteCommand != nil { // starts no deployment
		next.EnableExecuteCommand = *in.EnableExecuteCommand
	}
	next.HealthCheckGracePeriodSeconds = cmp.Or(in.HealthCheckGracePeriodSeconds, next.HealthCheckGracePeriodSeconds)
	if in.DesiredCount != nil {
		next.DesiredCount = *in.DesiredCount
	}
	next.DeploymentConfiguration = deploymentDefaults(s.DeploymentConfiguration, in.DeploymentConfiguration)
	if err := w.checkStrategy(next.DeploymentConfiguration, next.LoadBalancers); err != nil {
		return nil, err
	}
	s.Service, s.connect, s.volumes = next, connect, volumes
	if rollout {
		w.deploy(s)
	} else {
		s.steadyAt = time.Time{}
		w.reconcileIn(s, w.about(3*time.Second))
	}
	return &ecs.UpdateServiceOutput{Service: s.shown()}, nil
}

func (w *World) deleteService(_ *wire.Request, in *ecs.DeleteServiceInput) (*ecs.DeleteServiceOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, err := w.serviceNamed(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	if s.DesiredCount > 0 && !aws.ToBool(in.Force) {
		return nil, invalid("The service cannot be stopped while it is scaled above 0.")
	}
	s.Status, s.DesiredCount = aws.String("DRAINING"), 0
	w.reconcile(s)
	w.drain(s)
	return &ecs.DeleteServiceOutput{Service: s.shown()}, nil
}

// drain waits until the last task of a deleted service is gone.
func (w *World) drain(s *service) {
	if slices.ContainsFunc(s.tasks, func(t *task) bool { return !t.is("STOPPED") }) {
		w.after(5*time.Second, func() { w.drain(s) })
		return
	}
	s.Status, s.deployments = aws.String("INACTIVE"), nil
}

// deploy starts a rollout of what the service's fields say now.
func (w *World) deploy(s *service) {
	id := strconv.FormatInt(7e18+w.rng.Int64N(2e18), 10)
	if s.driven() { // others make its task sets; CodeDeploy finds a first one that CreateService made
		if len(s.deployments) == 0 && s.DeploymentController.Type == ecstypes.DeploymentControllerTypeCodeDeploy {
			w.makePrimary(s, w.newTaskSet(s, w.taskDefs[defKey(s.TaskDefinition)], s.NetworkConfiguration, s.LoadBalancers, taskSet{scale: 100}))
		}
		return
	}
	old := s.primary()
	d := &deployment{digests: map[string]string{}, source: old, status: ecstypes.ServiceDeploymentStatusInProgress}
	d.Deployment = ecstypes.Deployment{
		Id: aws.String("ecs-svc/" + id), Status: aws.String("PRIMARY"), TaskDefinition: s.TaskDefinition, CreatedAt: aws.Time(w.now), UpdatedAt: aws.Time(w.now),
		LaunchType: s.LaunchType, CapacityProviderStrategy: s.CapacityProviderStrategy, NetworkConfiguration: s.NetworkConfiguration,
		RolloutState: ecstypes.DeploymentRolloutStateInProgress, RolloutStateReason: aws.String("ECS deployment ecs-svc/" + id + " in progress."),
		VolumeConfigurations: s.volumes,
	}
	if s.LaunchType == ecstypes.LaunchTypeFargate || s.LaunchType == "" {
		d.PlatformVersion, d.PlatformFamily = aws.String("1.4.0"), aws.String("Linux")
	}
	path := s.cluster + "/" + s.name() + "/"
	d.arn, d.rev = w.ecsARN("service-deployment/"+path+w.newHex(20)), w.ecsARN("service-revision/"+path+id)
	d.launch = launch{
		cluster: s.cluster, definition: w.taskDefs[defKey(s.TaskDefinition)], launchType: s.LaunchType, strategy: s.CapacityProviderStrategy,
		group: "service:" + s.name(), startedBy: "ecs-svc/" + id, service: s, deployment: d,
		balancers: s.LoadBalancers, volumes: s.volumes,
	}
	if s.NetworkConfiguration != nil && s.NetworkConfiguration.AwsvpcConfiguration != nil {
		d.launch.network = *s.NetworkConfiguration.AwsvpcConfiguration
	}
	d.registries = s.ServiceRegistries
	w.connect(s, d)
	d.configured = s.LoadBalancers
	w.beginStages(s, d)
	w.beginWatch(s, d)
	if old != nil {
		old.Deployment.Status, old.UpdatedAt = aws.String("ACTIVE"), aws.Time(w.now)
		if old.status == ecstypes.ServiceDeploymentStatusInProgress {
			old.status, old.reason, old.finished = ecstypes.ServiceDeploymentStatusStopped, "Service deployment was stopped because a new service deployment started.", w.now
		}
	}
	s.deployments = append([]*deployment{d}, s.deployments...)
	s.history = append([]*deployment{d}, s.history...)
	s.steadyAt = time.Time{}
	clear(s.said)
	w.reconcileIn(s, w.about(3*time.Second))
}

// serviceNamed finds a service by name or ARN.
func (w *World) serviceNamed(cluster, ref *string) (*service, error) {
	name, err := w.clusterNamed(cluster)
	if err != nil {
		return nil, err
	}
	if s := w.services[name+"/"+lastPart(aws.ToString(ref))]; s != nil {
		return s, nil
	}
	return nil, wire.Errorf("ServiceNotFoundException", "Service not found.")
}

// chooseCapacity checks launch type and strategy against each other and against the cluster.
func (w *World) chooseCapacity(cluster string, strategy []ecstypes.CapacityProviderStrategyItem, lt ecstypes.LaunchType) ([]ecstypes.CapacityProviderStrategyItem, ecstypes.LaunchType, error) {
	c := w.clusters[cluster]
	if len(strategy) > 0 && lt != "" {
		return nil, "", invalid("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
	}
	if len(strategy) == 0 && lt == "" {
		strategy = c.DefaultCapacityProviderStrategy
	}
	if len(strategy) == 0 {
		return nil, cmp.Or(lt, ecstypes.LaunchTypeEc2), nil
	}
	weight := int32(0)
	for _, i := range strategy {
		if name := aws.ToString(i.CapacityProvider); !slices.Contains(c.CapacityProviders, name) {
			return nil, "", invalid("The specified capacity provider '%s' is not associated with the cluster '%s'.", name, cluster)
		}
		weight += i.Weight
	}
	if weight == 0 {
		return nil, "", invalid("The specified capacity provider strategy must contain at least one capacity provider with a weight greater than zero.")
	}
	return strategy, "", nil
}

// checkNetwork checks subnets and groups as ECS does before anything starts.
func (w *World) checkNetwork(def *ecstypes.TaskDefinition, n *ecstypes.NetworkConfiguration) (*ecstypes.NetworkConfiguration, error) {
	if def == nil || def.NetworkMode != ecstypes.NetworkModeAwsvpc {
		return n, nil
	}
	if n == nil || n.AwsvpcConfiguration == nil {
		return nil, invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	a := *n.AwsvpcConfiguration
	a.AssignPublicIp = cmp.Or(a.AssignPublicIp, ecstypes.AssignPublicIpDisabled)
	vpc := ""
	for _, id := range a.Subnets {
		s := w.openSubnet(id)
		if s == nil {
			return nil, invalid("Error retrieving subnet information for [%s]: The subnet ID '%s' does not exist (ErrorCode: InvalidSubnetID.NotFound)", strings.Join(a.Subnets, ", "), id)
		}
		if v := aws.ToString(s.VpcId); vpc != "" && v != vpc {
			return nil, invalid("Subnets must all be in the same VPC.")
		} else {
			vpc = v
		}
	}
	for _, id := range a.SecurityGroups {
		g := w.groups[id]
		if g == nil {
			return nil, invalid("Error retrieving security group information for [%s]: The security group '%s' does not exist (ErrorCode: InvalidGroup.NotFound)", strings.Join(a.SecurityGroups, ", "), id)
		}
		if aws.ToString(g.VpcId) != vpc {
			return nil, invalid("Security group %s does not belong to VPC %s.", id, vpc)
		}
	}
	if len(a.SecurityGroups) == 0 {
		for _, id := range slices.Sorted(maps.Keys(w.groups)) {
			if g := w.groups[id]; aws.ToString(g.VpcId) == vpc && aws.ToString(g.GroupName) == "default" {
				a.SecurityGroups = []string{id}
			}
		}
	}
	return &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &a}, nil
}
