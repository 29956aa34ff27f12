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
		CreatedAt:          when(s.CreatedAt),
		CreatedBy:          str(s.CreatedBy),
		Tags:               mapped(s.Tags, toECSTag),
	}
	// AWS leaves the controller out where it is the default.
	v.DeploymentController = string(types.DeploymentControllerTypeEcs)
	if s.DeploymentController != nil && s.DeploymentController.Type != "" {
		v.DeploymentController = string(s.DeploymentController.Type)
	}
	for _, lb := range s.LoadBalancers {
		v.TargetGroups = append(v.TargetGroups, evidence.ServiceTargetGroup{
			ARN: str(lb.TargetGroupArn), Container: str(lb.ContainerName), ContainerPort: num(lb.ContainerPort)})
	}
	if d := s.DeploymentConfiguration; d != nil {
		v.MinimumHealthy, v.Maximum = num(d.MinimumHealthyPercent), num(d.MaximumPercent)
		if b := d.DeploymentCircuitBreaker; b != nil {
			v.CircuitBreaker, v.Rollback = b.Enable, b.Rollback
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

const deploymentHistory = 20 // as many as one DescribeServiceDeployments takes

func serviceDeployments(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		cluster, service, limit := head(k.ID), tail(k.ID), int32(deploymentHistory)
		list, from, err := call(ctx, w.ports.ecs.ListServiceDeployments, &ecs.ListServiceDeploymentsInput{
			Cluster: &cluster, Service: &service, MaxResults: &limit})
		switch {
		case is(err, "ClusterNotFoundException", "ServiceNotFoundException"):
			w.absent(k, from)
			return
		case err != nil:
			w.gap(from, err, k)
			return
		case len(list.ServiceDeployments) == 0:
			w.found(k, from, evidence.ServiceDeployments{})
			return
		}
		arns := mapped(list.ServiceDeployments[:min(len(list.ServiceDeployments), deploymentHistory)],
			func(d types.ServiceDeploymentBrief) string { return str(d.ServiceDeploymentArn) })
		out, from, err := call(ctx, w.ports.ecs.DescribeServiceDeployments, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: arns})
		if err != nil {
			w.gap(from, err, k)
			return
		}
		for _, f := range out.Failures {
			if str(f.Reason) != reasonMissing { // MISSING: it was deleted since the list
				w.gap(from, ecsFailure{f}, k)
				return
			}
		}
		ds := mapped(out.ServiceDeployments, toServiceDeployment)
		newestFirst(ds, func(d evidence.ServiceDeployment) evidence.Moment { return d.CreatedAt })
		w.found(k, from, evidence.ServiceDeployments{Deployments: ds})
	})
}

func toServiceDeployment(d types.ServiceDeployment) evidence.ServiceDeployment {
	v := evidence.ServiceDeployment{
		ARN:          str(d.ServiceDeploymentArn),
		Status:       string(d.Status),
		StatusReason: text(d.StatusReason),
		CreatedAt:    when(d.CreatedAt),
		StartedAt:    when(d.StartedAt),
		FinishedAt:   when(d.FinishedAt),
	}
	if b := d.DeploymentCircuitBreaker; b != nil {
		v.FailureCount, v.FailureThreshold = int(b.FailureCount), int(b.Threshold)
	}
	if d.Rollback != nil {
		v.RollbackReason = text(d.Rollback.Reason)
	}
	return v
}
