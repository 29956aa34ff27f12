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
	v.ExecEnabled, v.Connectivity = t.EnableExecuteCommand, string(t.Connectivity)
	if t.EphemeralStorage != nil {
		v.EphemeralGiB = int(t.EphemeralStorage.SizeInGiB)
	}
	if t.Overrides != nil {
		v.ExecutionRoleARN, v.TaskRoleARN = str(t.Overrides.ExecutionRoleArn), str(t.Overrides.TaskRoleArn)
		v.Overrides = mapped(t.Overrides.ContainerOverrides, toOverride)
	}
	v.Attachments = mapped(t.Attachments, toAttachment)
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
	v.Agents = mapped(c.ManagedAgents, func(a types.ManagedAgent) evidence.ManagedAgent {
		return evidence.ManagedAgent{Name: string(a.Name), LastStatus: str(a.LastStatus), Reason: text(a.Reason)}
	})
	for _, n := range c.NetworkInterfaces {
		v.IPs = append(v.IPs, str(n.PrivateIpv4Address))
	}
	if c.ExitCode != nil {
		v.Exit = evidence.Exit{Known: true, Code: int(*c.ExitCode)}
	}
	return v
}

func toAttachment(a types.Attachment) evidence.Attachment {
	return evidence.Attachment{Type: str(a.Type), Status: str(a.Status),
		Details: mapped(a.Details, func(d types.KeyValuePair) evidence.Tag { return tag(d.Name, d.Value) })}
}

func toOverride(o types.ContainerOverride) evidence.ContainerOverride {
	return evidence.ContainerOverride{Name: str(o.Name), Command: evidence.RedactArgs(mapped(o.Command, evidence.Clean)), CPU: num(o.Cpu), MemoryMiB: num(o.Memory),
		EnvironmentNames: mapped(o.Environment, func(e types.KeyValuePair) string { return str(e.Name) })}
}
