package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// An EBS volume that a service makes for each of its tasks, in the name of the infrastructure role (ECS developer guide, "Use Amazon EBS
// volumes with Amazon ECS"). What the volume holds takes no part.

const (
	// infrastructureVolumes is what AWS's managed AmazonECSInfrastructureRolePolicyForVolumes allows, as far as the lab asks.
	infrastructureVolumes = `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Allow","Action":"ec2:CreateVolume","Resource":"arn:*:ec2:*:*:volume/*","Condition":{"ArnLike":{"aws:RequestTag/AmazonECSCreated":"arn:*:ecs:*:*:task/*"},"StringEquals":{"aws:RequestTag/AmazonECSManaged":"true"}}},` +
		`{"Effect":"Allow","Action":"ec2:CreateVolume","Resource":"arn:*:ec2:*:*:snapshot/*"},` +
		`{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"arn:*:ec2:*:*:volume/*","Condition":{"StringEquals":{"ec2:CreateAction":"CreateVolume"}}},` +
		`{"Effect":"Allow","Action":["ec2:DescribeVolumes","ec2:DescribeAvailabilityZones"],"Resource":"*"},` +
		`{"Effect":"Allow","Action":["ec2:AttachVolume","ec2:DetachVolume","ec2:DeleteVolume"],"Resource":"arn:*:ec2:*:*:volume/*","Condition":{"StringEquals":{"aws:ResourceTag/AmazonECSManaged":"true"}}},` +
		`{"Effect":"Allow","Action":["ec2:AttachVolume","ec2:DetachVolume"],"Resource":"arn:*:ec2:*:*:instance/*"}]}`

	ebsAttachment = "AmazonElasticBlockStorage"

	// attachPatience is how long ECS tries to make and attach a volume that does not become ready.
	attachPatience = 4 * time.Minute
)

// launchVolumes are the volumes of a definition that are configured where a task is started.
func launchVolumes(def *ecstypes.TaskDefinition) (names []string) {
	for _, v := range def.Volumes {
		if aws.ToBool(v.ConfiguredAtLaunch) {
			names = append(names, aws.ToString(v.Name))
		}
	}
	return names
}

// checkLaunchVolumes answers the configurations for the volumes of a definition; each must have one. What the definition no longer names is
// left out. The words of the refusals are not AWS's.
func checkLaunchVolumes(def *ecstypes.TaskDefinition, all []ecstypes.ServiceVolumeConfiguration) ([]ecstypes.ServiceVolumeConfiguration, error) {
	var out []ecstypes.ServiceVolumeConfiguration
	for _, name := range launchVolumes(def) {
		i := slices.IndexFunc(all, func(v ecstypes.ServiceVolumeConfiguration) bool { return aws.ToString(v.Name) == name })
		if i < 0 {
			return nil, invalid("The task definition has a volume '%s' that is configured at launch, and volumeConfigurations has none of that name.", name)
		}
		e := all[i].ManagedEBSVolume
		if e == nil || e.SizeInGiB == nil && e.SnapshotId == nil {
			return nil, invalid("managedEBSVolume of volume '%s' must have sizeInGiB or snapshotId.", name)
		}
		out = append(out, all[i])
	}
	return out, nil
}

// addVolumes gives a new task the attachments of its volumes.
func (w *World) addVolumes(t *task) {
	for _, v := range t.launch.volumes {
		t.Attachments = append(t.Attachments, ecstypes.Attachment{Id: aws.String(w.newUUID()), Type: aws.String(ebsAttachment), Status: aws.String("PRECREATED"), Details: []ecstypes.KeyValuePair{
			{Name: aws.String("roleArn"), Value: v.ManagedEBSVolume.RoleArn}, {Name: aws.String("volumeName"), Value: v.Name}, {Name: aws.String("deleteOnTermination"), Value: aws.String("true")},
		}})
	}
}

// volumeStages make and attach the volumes of a task, while it is in PROVISIONING; then comes next.
func (w *World) volumeStages(t *task, next func()) []stage {
	var out []stage
	for i, v := range t.launch.volumes {
		a := &t.Attachments[1+i] // the first is the network interface
		out = append(out, stage{func() *failure { return w.makeVolume(t, v.ManagedEBSVolume, a) }, func() time.Duration { return 6 * time.Second }})
	}
	return append(out, stage{func() *failure { next(); return nil }, func() time.Duration { return 0 }})
}

// makeVolume is one volume from its order to its attachment.
func (w *World) makeVolume(t *task, v *ecstypes.ServiceManagedEBSVolumeConfiguration, a *ecstypes.Attachment) *failure {
	role := lastPart(aws.ToString(v.RoleArn))
	failed := func(f failure) *failure {
		a.Details = slices.DeleteFunc(a.Details, func(kv ecstypes.KeyValuePair) bool { return aws.ToString(kv.Name) == "statusReason" })
		a.Details = append(a.Details, ecstypes.KeyValuePair{Name: aws.String("statusReason"), Value: aws.String(f.reason)})
		return &f
	}
	if ok, exists := w.canAssume(role, "ecs.amazonaws.com"); !ok || !exists {
		return failed(failure{reason: fmt.Sprintf("ECS was unable to assume the configured ECS Infrastructure Role '%s'. Please verify that the role being passed has the proper trust relationship with Amazon ECS", aws.ToString(v.RoleArn))})
	}
	tags := map[string]string{"aws:requesttag/amazonecsmanaged": "true", "aws:requesttag/amazonecscreated": aws.ToString(t.TaskArn)}
	may := func(kind string) bool {
		return w.authorizeCall(role, "ec2:CreateVolume", fmt.Sprintf("arn:%s:ec2:%s:%s:%s/*", w.Partition, w.Region, w.Account, kind), tags).Allowed
	}
	if !may("volume") || v.SnapshotId != nil && !may("snapshot") {
		return failed(failure{reason: "ECS failed to set up the EBS volume. Encountered UnauthorizedOperation; \"You are not authorized to perform this operation.\""})
	}
	if id := aws.ToString(v.KmsKeyId); id != "" && !w.keyMakesVolumes(role, id) { // EC2 takes the order, loses the volume, and does not know it when asked again
		return failed(failure{reason: "ECS failed to set up the EBS volume. Encountered IdempotentParameterMismatch\"; \"The client token you have provided is associated with a resource that is already deleted. Please use a different client token.\""})
	}
	if holds, ok := w.snapshots[aws.ToString(v.SnapshotId)]; v.SnapshotId != nil {
		wants := string(v.FilesystemType)
		switch {
		case !ok:
			return failed(failure{reason: fmt.Sprintf("ECS failed to set up the EBS volume. Encountered InvalidSnapshot.NotFound; \"The snapshot '%s' does not exist.\"", *v.SnapshotId)})
		case wants != "" && wants != holds:
			return failed(failure{patience: attachPatience, reason: "ECS timed out while configuring the EBS volume attachment to your Task."})
		}
	}
	a.Status = aws.String("ATTACHED")
	a.Details = append(a.Details, ecstypes.KeyValuePair{Name: aws.String("volumeId"), Value: aws.String(w.newID("vol"))})
	return nil
}

// keyMakesVolumes tells whether EC2 may use a key in the name of a role for a new volume.
func (w *World) keyMakesVolumes(role, id string) bool {
	k := w.findKey(id)
	if k == nil || !w.usableKey(id) {
		return false
	}
	extra := map[string]string{"kms:calleraccount": w.Account, "kms:viaservice": "ec2." + w.Region + ".amazonaws.com", "kms:grantisforawsresource": "true"}
	return w.authorizeKey(role, "kms:GenerateDataKeyWithoutPlaintext", k, extra).Allowed && w.authorizeKey(role, "kms:CreateGrant", k, extra).Allowed
}

// labMakeSnapshot: a snapshot of a volume with a file system is there.
func (w *World) labMakeSnapshot(in map[string]any) error {
	id := textOf(in, "SnapshotId")
	if !strings.HasPrefix(id, "snap-") {
		return fmt.Errorf("input SnapshotId is %q; write it as snap-0a1b", id)
	}
	put(&w.snapshots, id, textOf(in, "Filesystem"))
	return nil
}
