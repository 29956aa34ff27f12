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
		out, from, err := call(ctx, w.ports.ecs.DescribeTaskDefinition, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &k.ID, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags}})
		switch {
		case is(err, "ClientException") && strings.Contains(err.Error(), "Unable to describe task definition"):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		case out.TaskDefinition == nil:
			w.missing(k, from)
		default:
			v := toTaskDefinition(out.TaskDefinition)
			v.Tags = mapped(out.Tags, toECSTag)
			w.found(k, from, v)
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
		PidMode:          string(d.PidMode),
		RequiresFargate:  slices.Contains(d.RequiresCompatibilities, types.CompatibilityFargate),
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
		v.Volumes = append(v.Volumes, evidence.Volume{Name: str(vol.Name), Kind: volumeKind(vol)})
		if e := vol.EfsVolumeConfiguration; e != nil {
			v.EFSVolumes = append(v.EFSVolumes, toEFSVolume(str(vol.Name), e))
		}
	}
	if p := d.ProxyConfiguration; p != nil {
		v.Proxy.Container = str(p.ContainerName)
		v.Proxy.Properties = mapped(p.Properties, func(k types.KeyValuePair) evidence.Tag { return tag(k.Name, k.Value) })
	}
	return v
}

func volumeKind(v types.Volume) string {
	switch {
	case v.EfsVolumeConfiguration != nil:
		return "efs"
	case v.S3filesVolumeConfiguration != nil:
		return "s3files"
	case v.FsxWindowsFileServerVolumeConfiguration != nil:
		return "fsx"
	case v.DockerVolumeConfiguration != nil:
		return "docker"
	case yes(v.ConfiguredAtLaunch):
		return "ebs"
	}
	return "bind"
}

func toEFSVolume(name string, e *types.EFSVolumeConfiguration) evidence.EFSVolume {
	v := evidence.EFSVolume{Name: name, FileSystemID: str(e.FileSystemId), RootDirectory: str(e.RootDirectory),
		TransitEncryption: e.TransitEncryption == types.EFSTransitEncryptionEnabled}
	if a := e.AuthorizationConfig; a != nil {
		v.AccessPointID, v.IAM = str(a.AccessPointId), a.Iam == types.EFSAuthorizationConfigIAMEnabled
	}
	return v
}
