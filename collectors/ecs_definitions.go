package collectors

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/evidence"
)

// taskDefinitions costs one call each: AWS has no batch for them.
func taskDefinitions(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.ecs.DescribeTaskDefinition, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &k.ID})
		switch {
		case is(err, "ClientException") && strings.Contains(err.Error(), "Unable to describe task definition"):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		case out.TaskDefinition == nil:
			w.missing(k, from)
		default:
			w.found(k, from, toTaskDefinition(out.TaskDefinition))
		}
	})
}

func toTaskDefinition(d *types.TaskDefinition) evidence.TaskDefinition {
	v := evidence.TaskDefinition{
		ID:               last(str(d.TaskDefinitionArn)),
		ARN:              str(d.TaskDefinitionArn),
		Status:           string(d.Status),
		CPU:              str(d.Cpu),
		Memory:           str(d.Memory),
		NetworkMode:      string(d.NetworkMode),
		Compatibilities:  mapped(d.Compatibilities, func(c types.Compatibility) string { return string(c) }),
		ExecutionRoleARN: str(d.ExecutionRoleArn),
		TaskRoleARN:      str(d.TaskRoleArn),
		OS:               string(types.OSFamilyLinux),
		Arch:             string(types.CPUArchitectureX8664),
		Containers:       mapped(d.ContainerDefinitions, toContainerDefinition),
		RegisteredAt:     when(d.RegisteredAt),
		RegisteredBy:     str(d.RegisteredBy),
	}
	if p := d.RuntimePlatform; p != nil {
		if p.OperatingSystemFamily != "" {
			v.OS = string(p.OperatingSystemFamily)
		}
		if p.CpuArchitecture != "" {
			v.Arch = string(p.CpuArchitecture)
		}
	}
	if d.EphemeralStorage != nil {
		v.EphemeralGiB = int(d.EphemeralStorage.SizeInGiB)
	}
	for _, vol := range d.Volumes {
		if vol.EfsVolumeConfiguration != nil {
			v.EFSVolumes = append(v.EFSVolumes, evidence.EFSVolume{Name: str(vol.Name), FileSystemID: str(vol.EfsVolumeConfiguration.FileSystemId)})
		}
	}
	return v
}

// toContainerDefinition keeps the names of environment variables and drops their values: they may be secret.
func toContainerDefinition(c types.ContainerDefinition) evidence.ContainerDefinition {
	v := evidence.ContainerDefinition{
		Name:             str(c.Name),
		Image:            str(c.Image),
		Essential:        c.Essential == nil || *c.Essential,
		CPU:              int(c.Cpu),
		MemoryMiB:        num(c.Memory),
		ReservationMiB:   num(c.MemoryReservation),
		EntryPoint:       evidence.RedactArgs(mapped(c.EntryPoint, evidence.Clean)),
		Command:          evidence.RedactArgs(mapped(c.Command, evidence.Clean)),
		EnvironmentNames: mapped(c.Environment, func(e types.KeyValuePair) string { return str(e.Name) }),
		Secrets:          mapped(c.Secrets, toSecretRef),
		Ports:            mapped(c.PortMappings, func(p types.PortMapping) int { return num(p.ContainerPort) }),
		EnvironmentFiles: mapped(c.EnvironmentFiles, func(f types.EnvironmentFile) string { return str(f.Value) }),
	}
	if c.RepositoryCredentials != nil {
		v.RepositoryCredentials = str(c.RepositoryCredentials.CredentialsParameter)
	}
	if l := c.LogConfiguration; l != nil {
		v.LogDriver = string(l.LogDriver)
		v.LogOptions = toLogOptions(l.Options)
		v.Secrets = append(v.Secrets, mapped(l.SecretOptions, toSecretRef)...)
	}
	return v
}

func toSecretRef(s types.Secret) evidence.SecretRef {
	return evidence.SecretRef{Name: str(s.Name), ValueFrom: str(s.ValueFrom)}
}

// toLogOptions sorts the options by name; an option whose name says that it is secret has no value.
func toLogOptions(options map[string]string) []evidence.Tag {
	var out []evidence.Tag
	for name, value := range options {
		if evidence.SecretName(name) {
			value = ""
		}
		out = append(out, evidence.Tag{Key: name, Value: evidence.Redact(evidence.Clean(value))})
	}
	slices.SortFunc(out, func(a, b evidence.Tag) int { return strings.Compare(a.Key, b.Key) })
	return out
}
