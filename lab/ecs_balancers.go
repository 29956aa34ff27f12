package lab

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// checkBalancers refuses the load balancers of a service that do not fit its task definition, as ECS does before anything starts.
func (w *World) checkBalancers(def *ecstypes.TaskDefinition, balancers []ecstypes.LoadBalancer) error {
	for _, l := range balancers {
		arn, name, port := aws.ToString(l.TargetGroupArn), aws.ToString(l.ContainerName), aws.ToInt32(l.ContainerPort)
		g := w.elb.targetGroups[arn]
		if g == nil {
			return invalid("The specified target group does not exist. Specify a valid target group and try again.")
		}
		i := slices.IndexFunc(def.ContainerDefinitions, func(c ecstypes.ContainerDefinition) bool { return aws.ToString(c.Name) == name })
		if i < 0 {
			return invalid("The container %s does not exist in the task definition.", name)
		}
		if !slices.ContainsFunc(def.ContainerDefinitions[i].PortMappings, func(m ecstypes.PortMapping) bool { return aws.ToInt32(m.ContainerPort) == port }) {
			return invalid("The container %s did not have a container port %d defined.", name, port)
		}
		if def.NetworkMode == ecstypes.NetworkModeAwsvpc && g.TargetType != elbtypes.TargetTypeEnumIp {
			return invalid("The provided target group %s has target type %s, which is incompatible with the awsvpc network mode specified in the task definition.", arn, g.TargetType)
		}
		if w.balancerOf(arn) == nil {
			return invalid("The target group with targetGroupArn %s does not have an associated load balancer.", arn)
		}
	}
	return nil
}

// checkRollout refuses a new deployment of a task definition that was deregistered, or of load balancers that do not fit it.
func (w *World) checkRollout(s ecstypes.Service) error {
	def := w.taskDefs[defKey(s.TaskDefinition)]
	if def == nil || def.Status != ecstypes.TaskDefinitionStatusActive {
		return client("TaskDefinition is inactive")
	}
	return w.checkBalancers(def, s.LoadBalancers)
}
