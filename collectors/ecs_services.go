package collectors

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/evidence"
)

const (
	serviceBatch = 10
	maxEvents    = 100
)

func services(ctx context.Context, w *Wave, keys []evidence.Key) {
	grouped(ctx, keys, head, func(ctx context.Context, cluster string, keys []evidence.Key) {
		w.batches(ctx, keys, serviceBatch, func(ctx context.Context, keys []evidence.Key) (answer, error) {
			out, from, err := call(ctx, w.ports.ecs.DescribeServices, &ecs.DescribeServicesInput{
				Cluster:  &cluster,
				Services: ids(keys, tail),
				Include:  []types.ServiceField{types.ServiceFieldTags},
			})
			if is(err, "ClusterNotFoundException") {
				for _, k := range keys {
					w.absent(k, from)
				}
				return from, nil
			}
			if err != nil {
				return from, err
			}
			got := map[string]types.Service{}
			for _, s := range out.Services {
				got[str(s.ServiceName)] = s
			}
			for _, k := range keys {
				if s, ok := got[tail(k.ID)]; ok {
					w.found(k, from, toService(cluster, s))
				} else {
					w.failed(k, from, tail(k.ID), out.Failures)
				}
			}
			return from, nil
		})
	})
}

func toService(cluster string, s types.Service) evidence.Service {
	v := evidence.Service{
		Cluster:            cluster,
		Name:               str(s.ServiceName),
		ARN:                str(s.ServiceArn),
		Status:             str(s.Status),
		Desired:            int(s.DesiredCount),
		Running:            int(s.RunningCount),
		Pending:            int(s.PendingCount),
		TaskDefinition:     last(str(s.TaskDefinition)),
		LaunchType:         string(s.LaunchType),
		Strategy:           mapped(s.CapacityProviderStrategy, toStrategyItem),
		PlatformVersion:    str(s.PlatformVersion),
		SchedulingStrategy: string(s.SchedulingStrategy),
		Network:            toNetwork(s.NetworkConfiguration),
		GracePeriodSeconds: num(s.HealthCheckGracePeriodSeconds),
		Deployments:        mapped(s.Deployments, toDeployment),
		TaskSets:           mapped(s.TaskSets, toTaskSet),
		Registries:         mapped(s.ServiceRegistries, toRegistry),
		ExecEnabled:        s.EnableExecuteCommand,
		ZoneRebalancing:    string(s.AvailabilityZoneRebalancing),
		RoleARN:            str(s.RoleArn),
		CurrentDeployment:  str(s.CurrentServiceDeployment),
		PropagateTags:      string(s.PropagateTags),
		TargetGroups:       mapped(s.LoadBalancers, toServiceTargetGroup),
		CreatedAt:          when(s.CreatedAt),
		CreatedBy:          str(s.CreatedBy),
		Tags:               mapped(s.Tags, toECSTag),
	}
	// AWS leaves the controller out where it is the default.
	v.DeploymentController = string(types.DeploymentControllerTypeEcs)
	if s.DeploymentController != nil && s.DeploymentController.Type != "" {
		v.DeploymentController = string(s.DeploymentController.Type)
	}
	if d := s.DeploymentConfiguration; d != nil {
		v.MinimumHealthy, v.Maximum = num(d.MinimumHealthyPercent), num(d.MaximumPercent)
		if b := d.DeploymentCircuitBreaker; b != nil {
			v.CircuitBreaker, v.Rollback = b.Enable, b.Rollback
		}
		v.DeploymentStrategy, v.BakeMinutes = string(d.Strategy), num(d.BakeTimeInMinutes)
		if a := d.Alarms; a != nil {
			v.Alarms = evidence.DeploymentAlarms{Enabled: a.Enable, Rollback: a.Rollback, Names: a.AlarmNames}
		}
		v.Hooks = mapped(d.LifecycleHooks, toHook)
	}
	for _, d := range s.Deployments {
		if str(d.Status) == "PRIMARY" {
			v.Connect = toConnect(d.ServiceConnectConfiguration)
			v.Volumes = mapped(d.VolumeConfigurations, toServiceVolume)
		}
	}
	for _, e := range s.Events[:min(len(s.Events), maxEvents)] {
		v.Events = append(v.Events, evidence.ServiceEvent{ID: str(e.Id), At: when(e.CreatedAt).At, Message: text(e.Message)})
	}
	return v
}

func toDeployment(d types.Deployment) evidence.Deployment {
	return evidence.Deployment{
		ID:             str(d.Id),
		Status:         str(d.Status),
		TaskDefinition: last(str(d.TaskDefinition)),
		Desired:        int(d.DesiredCount),
		Running:        int(d.RunningCount),
		Pending:        int(d.PendingCount),
		Failed:         int(d.FailedTasks),
		RolloutState:   string(d.RolloutState),
		RolloutReason:  text(d.RolloutStateReason),
		LaunchType:     string(d.LaunchType),
		Strategy:       mapped(d.CapacityProviderStrategy, toStrategyItem),
		Network:        toNetwork(d.NetworkConfiguration),
		Connect:        toConnect(d.ServiceConnectConfiguration),
		CreatedAt:      when(d.CreatedAt),
		UpdatedAt:      when(d.UpdatedAt),
	}
}

func toNetwork(n *types.NetworkConfiguration) evidence.NetworkConfiguration {
	if n == nil || n.AwsvpcConfiguration == nil {
		return evidence.NetworkConfiguration{}
	}
	c := n.AwsvpcConfiguration
	return evidence.NetworkConfiguration{
		Subnets:        c.Subnets,
		SecurityGroups: c.SecurityGroups,
		AssignPublicIP: c.AssignPublicIp == types.AssignPublicIpEnabled,
	}
}
