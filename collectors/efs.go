package collectors

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/efs/types"

	"github.com/ecsplain/ecsplain/evidence"
)

type efsPort struct {
	DescribeFileSystems               func(context.Context, *efs.DescribeFileSystemsInput, ...func(*efs.Options)) (*efs.DescribeFileSystemsOutput, error)
	DescribeMountTargets              func(context.Context, *efs.DescribeMountTargetsInput, ...func(*efs.Options)) (*efs.DescribeMountTargetsOutput, error)
	DescribeMountTargetSecurityGroups func(context.Context, *efs.DescribeMountTargetSecurityGroupsInput, ...func(*efs.Options)) (*efs.DescribeMountTargetSecurityGroupsOutput, error)
	DescribeAccessPoints              func(context.Context, *efs.DescribeAccessPointsInput, ...func(*efs.Options)) (*efs.DescribeAccessPointsOutput, error)
	DescribeFileSystemPolicy          func(context.Context, *efs.DescribeFileSystemPolicyInput, ...func(*efs.Options)) (*efs.DescribeFileSystemPolicyOutput, error)
}

func newEFSPort(cfg aws.Config) efsPort {
	c := efs.NewFromConfig(cfg)
	return efsPort{c.DescribeFileSystems, c.DescribeMountTargets, c.DescribeMountTargetSecurityGroups, c.DescribeAccessPoints, c.DescribeFileSystemPolicy}
}

// EFS takes one id in each call, and answers ids that do not exist with an error.
var (
	noFileSystem  = []string{"FileSystemNotFound"}
	noMountTarget = []string{"MountTargetNotFound"}
	noAccessPoint = []string{"AccessPointNotFound"}
)

func fileSystems(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.efs.DescribeFileSystems, &efs.DescribeFileSystemsInput{FileSystemId: &k.ID})
		switch {
		case is(err, noFileSystem...):
			w.absent(k, from)
			return
		case err != nil:
			w.gap(from, err, k)
			return
		}
		i := slices.IndexFunc(out.FileSystems, func(f types.FileSystemDescription) bool { return str(f.FileSystemId) == k.ID })
		if i < 0 {
			w.missing(k, from)
			return
		}
		f := out.FileSystems[i]
		w.found(k, from, evidence.FileSystem{ID: str(f.FileSystemId), ARN: str(f.FileSystemArn), Owner: str(f.OwnerId), State: string(f.LifeCycleState),
			AvailabilityZone: str(f.AvailabilityZoneName), Encrypted: yes(f.Encrypted), KmsKey: str(f.KmsKeyId)})
	})
}

const maxMountTargetPages = 10

func mountTargets(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		v := evidence.MountTargets{Targets: []evidence.MountTarget{}}
		var from answer
		err := pages(maxMountTargetPages, func(marker *string) (*string, error) {
			out, f, err := call(ctx, w.ports.efs.DescribeMountTargets, &efs.DescribeMountTargetsInput{FileSystemId: &k.ID, Marker: marker})
			from = f
			if err != nil {
				return nil, err
			}
			v.Targets = append(v.Targets, mapped(out.MountTargets, toMountTarget)...)
			return out.NextMarker, nil
		})
		switch {
		case is(err, noFileSystem...):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		default:
			slices.SortFunc(v.Targets, func(a, b evidence.MountTarget) int { return strings.Compare(a.ID, b.ID) })
			w.found(k, from, v)
		}
	})
}

func toMountTarget(t types.MountTargetDescription) evidence.MountTarget {
	return evidence.MountTarget{ID: str(t.MountTargetId), SubnetID: str(t.SubnetId), VpcID: str(t.VpcId), AvailabilityZone: str(t.AvailabilityZoneName),
		ZoneID: str(t.AvailabilityZoneId), IP: str(t.IpAddress), State: string(t.LifeCycleState), Owner: str(t.OwnerId)}
}

func mountTargetGroups(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.efs.DescribeMountTargetSecurityGroups, &efs.DescribeMountTargetSecurityGroupsInput{MountTargetId: &k.ID})
		switch {
		case is(err, noMountTarget...):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		default:
			names := slices.Sorted(slices.Values(out.SecurityGroups))
			w.found(k, from, evidence.Names{Names: names})
		}
	})
}

func accessPoints(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.efs.DescribeAccessPoints, &efs.DescribeAccessPointsInput{AccessPointId: &k.ID})
		switch {
		case is(err, noAccessPoint...):
			w.absent(k, from)
			return
		case err != nil:
			w.gap(from, err, k)
			return
		}
		i := slices.IndexFunc(out.AccessPoints, func(a types.AccessPointDescription) bool { return str(a.AccessPointId) == k.ID })
		if i < 0 {
			w.missing(k, from)
			return
		}
		w.found(k, from, toAccessPoint(out.AccessPoints[i]))
	})
}

func toAccessPoint(a types.AccessPointDescription) evidence.AccessPoint {
	v := evidence.AccessPoint{ID: str(a.AccessPointId), ARN: str(a.AccessPointArn), FileSystemID: str(a.FileSystemId), State: string(a.LifeCycleState), RootPath: "/"}
	if u := a.PosixUser; u != nil {
		v.User = evidence.PosixUser{Known: true, UID: num(u.Uid), GID: num(u.Gid)}
	}
	if r := a.RootDirectory; r != nil {
		v.RootPath = cmp.Or(str(r.Path), "/")
		if c := r.CreationInfo; c != nil {
			v.Creation = evidence.CreationInfo{Known: true, OwnerUID: num(c.OwnerUid), OwnerGID: num(c.OwnerGid), Permissions: str(c.Permissions)}
		}
	}
	return v
}

// fileSystemPolicies: PolicyNotFound means that EFS's default policy is in force, which lets every client in that can
// reach a mount target (EFS user guide, "Using IAM to control access to file systems").
func fileSystemPolicies(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.efs.DescribeFileSystemPolicy, &efs.DescribeFileSystemPolicyInput{FileSystemId: &k.ID})
		switch {
		case is(err, "PolicyNotFound"), is(err, noFileSystem...):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		default:
			w.found(k, from, evidence.PolicyDocument{Name: k.ID, Document: str(out.Policy)})
		}
	})
}
