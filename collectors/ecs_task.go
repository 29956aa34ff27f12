package collectors

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/evidence"
)

func toTask(cluster string, t types.Task) evidence.Task {
	v := evidence.Task{
		ID:                 last(str(t.TaskArn)),
		ARN:                str(t.TaskArn),
		Cluster:            cluster,
		Group:              str(t.Group),
		StartedBy:          str(t.StartedBy),
		TaskDefinition:     last(str(t.TaskDefinitionArn)),
		LastStatus:         str(t.LastStatus),
		DesiredStatus:      str(t.DesiredStatus),
		StopCode:           string(t.StopCode),
		StoppedReason:      text(t.StoppedReason),
		LaunchType:         string(t.LaunchType),
		CapacityProvider:   str(t.CapacityProviderName),
		PlatformVersion:    str(t.PlatformVersion),
		AvailabilityZone:   str(t.AvailabilityZone),
		CPU:                str(t.Cpu),
		Memory:             str(t.Memory),
		HealthStatus:       string(t.HealthStatus),
		Containers:         mapped(t.Containers, toContainer),
		CreatedAt:          when(t.CreatedAt),
		PullStartedAt:      when(t.PullStartedAt),
		PullStoppedAt:      when(t.PullStoppedAt),
		StartedAt:          when(t.StartedAt),
		StoppingAt:         when(t.StoppingAt),
		StoppedAt:          when(t.StoppedAt),
		ExecutionStoppedAt: when(t.ExecutionStoppedAt),
		Tags:               mapped(t.Tags, toECSTag),
	}
	if t.Overrides != nil {
		v.ExecutionRoleARN, v.TaskRoleARN = str(t.Overrides.ExecutionRoleArn), str(t.Overrides.TaskRoleArn)
	}
	for _, a := range t.Attachments {
		if str(a.Type) != "ElasticNetworkInterface" && str(a.Type) != "eni" {
			continue
		}
		v.AttachmentStatus = str(a.Status)
		for _, d := range a.Details {
			switch str(d.Name) {
			case "subnetId":
				v.SubnetID = str(d.Value)
			case "networkInterfaceId":
				v.InterfaceID = str(d.Value)
			case "privateIPv4Address":
				v.PrivateIP = str(d.Value)
			}
		}
	}
	return v
}

func toContainer(c types.Container) evidence.Container {
	v := evidence.Container{
		Name:         str(c.Name),
		Image:        str(c.Image),
		ImageDigest:  str(c.ImageDigest),
		RuntimeID:    str(c.RuntimeId),
		LastStatus:   str(c.LastStatus),
		Reason:       text(c.Reason),
		HealthStatus: string(c.HealthStatus),
	}
	if c.ExitCode != nil {
		v.Exit = evidence.Exit{Known: true, Code: int(*c.ExitCode)}
	}
	return v
}
