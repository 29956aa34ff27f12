package lab

import (
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// placement is where a task goes.
type placement struct {
	launchType ecstypes.LaunchType
	provider   string // capacity provider, "" when the launch type was asked for
	instance   *ecstypes.ContainerInstance
}

const seeTroubleshooting = " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."

// place finds room for one task of a service. refused is the service's event when there is none; nothing exists of the task then.
func (w *World) place(l launch, s *service) (p placement, refused string) {
	if role := w.unassumable(l.definition); role != "" {
		return p, fmt.Sprintf("(service %s) failed to launch a task with (error %s).", s.name(), cannotAssume(role))
	}
	p, reason := w.capacity(l)
	switch {
	case reason == "":
		return p, ""
	case p.launchType == ecstypes.LaunchTypeFargate:
		return p, fmt.Sprintf("(service %s) was unable to place a task. Reason: %s.%s", s.name(), reason, seeTroubleshooting)
	}
	event := fmt.Sprintf("(service %s) was unable to place a task because no container instance met all of its requirements. ", s.name())
	if closest := w.closest(l); closest != nil {
		what := "CPU units"
		if reason == "RESOURCE:MEMORY" {
			what = "memory"
		}
		return p, event + fmt.Sprintf("The closest matching container-instance %s has insufficient %s available.", lastPart(aws.ToString(closest.ContainerInstanceArn)), what) + seeTroubleshooting
	}
	return p, event + "Reason: No Container Instances were found in your cluster." + seeTroubleshooting
}

func cannotAssume(role string) string {
	return fmt.Sprintf("ECS was unable to assume the role '%s' that was provided for this task. Please verify that the role being passed has the proper trust relationship "+
		"and permissions and that your IAM user has permissions to pass this role.", role)
}

// unassumable is the first role of the definition that ECS cannot assume for a task, or "".
func (w *World) unassumable(def *ecstypes.TaskDefinition) string {
	for _, role := range []*string{def.ExecutionRoleArn, def.TaskRoleArn} {
		if arn := aws.ToString(role); arn != "" {
			if ok, exists := w.canAssume(lastPart(arn), "ecs-tasks.amazonaws.com"); !ok || !exists {
				return arn
			}
		}
	}
	return ""
}

// capacity decides where a task goes by launch type or strategy; reason is RunTask's failure when there is no room.
func (w *World) capacity(l launch) (placement, string) {
	p := placement{launchType: l.launchType}
	if len(l.strategy) > 0 {
		p.provider = w.choose(l)
		p.launchType = ecstypes.LaunchTypeEc2
		if p.provider == "FARGATE" || p.provider == "FARGATE_SPOT" {
			p.launchType = ecstypes.LaunchTypeFargate
		}
	}
	if p.launchType == ecstypes.LaunchTypeFargate {
		return p, w.fargateCapacity(l, p.provider)
	}
	fits, best := w.closest(l), ""
	if fits == nil {
		return p, "RESOURCE:MEMORY"
	}
	for _, i := range w.instancesOf(l) {
		cpu, memory := remaining(i)
		switch {
		case cpu >= number(aws.ToString(l.definition.Cpu)) && memory >= number(aws.ToString(l.definition.Memory)):
			p.instance = i
			return p, ""
		case memory < number(aws.ToString(l.definition.Memory)):
			best = "RESOURCE:MEMORY"
		case best == "":
			best = "RESOURCE:CPU"
		}
	}
	return p, best
}

// choose picks the capacity provider whose share of the deployment is furthest behind its weight, after the base is filled.
func (w *World) choose(l launch) string {
	have := map[string]int{}
	if l.service != nil {
		for _, t := range l.service.live(l.deployment) {
			have[aws.ToString(t.CapacityProviderName)]++
		}
	}
	best, bestShare := "", 0.0
	for _, i := range l.strategy {
		name := aws.ToString(i.CapacityProvider)
		if have[name] < int(i.Base) {
			return name
		}
		if i.Weight == 0 {
			continue
		}
		if share := float64(have[name]-int(i.Base)+1) / float64(i.Weight); best == "" || share < bestShare {
			best, bestShare = name, share
		}
	}
	return best
}

// fargateCapacity is the reason why Fargate takes no further task, or "".
func (w *World) fargateCapacity(l launch, provider string) string {
	used := float64(number(aws.ToString(l.definition.Cpu)))/1024 + w.vcpus(provider == "FARGATE_SPOT")
	quota := w.vcpuQuota
	if provider == "FARGATE_SPOT" {
		quota = w.spotQuota
	}
	if used > quota {
		return "You’ve reached the limit on the number of vCPUs you can run concurrently"
	}
	if provider == "FARGATE_SPOT" && w.spotGone {
		return noCapacity
	}
	for _, id := range l.network.Subnets {
		if s := w.subnets[id]; s == nil || !w.azUnavailable[aws.ToString(s.AvailabilityZone)] {
			return ""
		}
	}
	return noCapacity
}

// instancesOf lists the active container instances that a launch may use, by id.
func (w *World) instancesOf(l launch) []*ecstypes.ContainerInstance {
	var out []*ecstypes.ContainerInstance
	for _, id := range slices.Sorted(maps.Keys(w.instances)) {
		i := w.instances[id]
		if aws.ToString(i.Status) == "ACTIVE" && containsCluster(aws.ToString(i.ContainerInstanceArn), l.cluster) {
			out = append(out, i)
		}
	}
	return out
}

// closest is the instance with the most free memory, or nil when the cluster has none.
func (w *World) closest(l launch) *ecstypes.ContainerInstance {
	var best *ecstypes.ContainerInstance
	most := -1
	for _, i := range w.instancesOf(l) {
		if _, memory := remaining(i); memory > most {
			best, most = i, memory
		}
	}
	return best
}

func containsCluster(arn, cluster string) bool {
	return slices.Contains(splitPath(arn), cluster)
}

// remaining is what an instance has free, in CPU units and MiB.
func remaining(i *ecstypes.ContainerInstance) (cpu, memory int) {
	for _, r := range i.RemainingResources {
		switch aws.ToString(r.Name) {
		case "CPU":
			cpu = int(r.IntegerValue)
		case "MEMORY":
			memory = int(r.IntegerValue)
		}
	}
	return cpu, memory
}

// reserve takes a task's size from an instance (sign -1) or gives it back (+1).
func (w *World) reserve(i *ecstypes.ContainerInstance, def *ecstypes.TaskDefinition, sign int32) {
	for n := range i.RemainingResources {
		r := &i.RemainingResources[n]
		switch aws.ToString(r.Name) {
		case "CPU":
			r.IntegerValue += sign * int32(number(aws.ToString(def.Cpu)))
		case "MEMORY":
			r.IntegerValue += sign * int32(number(aws.ToString(def.Memory)))
		}
	}
}
