package lab

import (
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// createMountTarget makes a network interface for a file system: one for each zone, all in one VPC.
func (w *World) createMountTarget(in *efs.CreateMountTargetInput) (*efs.CreateMountTargetOutput, error) {
	f, err := w.fileSystem(in.FileSystemId)
	if err == nil {
		err = f.available()
	}
	if err != nil {
		return nil, err
	}
	s := w.subnets[*in.SubnetId]
	if s == nil {
		return nil, wire.Errorf("SubnetNotFound", "The subnet ID '%s' is invalid", *in.SubnetId)
	}
	if len(in.SecurityGroups) > 5 {
		return nil, wire.Errorf("SecurityGroupLimitExceeded", "The maximum number of security groups per interface has been reached.")
	}
	if zone := f.AvailabilityZoneName; zone != nil && *zone != *s.AvailabilityZone {
		return nil, wire.Errorf("AvailabilityZonesMismatch", "The file system's Availability Zone must be the same as the subnet's Availability Zone: %s", *zone)
	}
	for _, t := range w.targetsOf(*f.FileSystemId) {
		switch {
		case *t.VpcId != *s.VpcId:
			return nil, wire.Errorf("MountTargetConflict", "requested subnet for new mount target is not in the same VPC as existing mount targets")
		case *t.AvailabilityZoneName == *s.AvailabilityZone:
			return nil, wire.Errorf("MountTargetConflict", "mount target already exists in this AZ")
		}
	}
	id := w.newID("fsmt")
	eni, failed := w.createInterface(*s.SubnetId, in.SecurityGroups, false, "EFS mount target for "+*f.FileSystemId+" ("+id+")")
	switch {
	case failed != nil && failed.Code == "InsufficientFreeAddressesInSubnet":
		return nil, wire.Errorf("NoFreeAddressesInSubnet", "%s", failed.Message)
	case failed != nil:
		return nil, wire.Errorf("SecurityGroupNotFound", "%s", failed.Message)
	}
	t := &mountTarget{MountTargetDescription: efstypes.MountTargetDescription{
		MountTargetId: aws.String(id), FileSystemId: f.FileSystemId, SubnetId: s.SubnetId, VpcId: s.VpcId, AvailabilityZoneName: s.AvailabilityZone, AvailabilityZoneId: s.AvailabilityZoneId,
		OwnerId: aws.String(w.Account), NetworkInterfaceId: eni.NetworkInterfaceId, IpAddress: eni.PrivateIpAddress, LifeCycleState: efstypes.LifeCycleStateCreating,
	}}
	for _, g := range eni.Groups {
		t.groups = append(t.groups, *g.GroupId)
	}
	w.storage.mountTargets[id] = t
	w.after(makesMountTarget, func() {
		if t.LifeCycleState == efstypes.LifeCycleStateCreating {
			t.LifeCycleState = efstypes.LifeCycleStateAvailable
		}
	})
	d := t.MountTargetDescription
	return &efs.CreateMountTargetOutput{
		MountTargetId: d.MountTargetId, FileSystemId: d.FileSystemId, SubnetId: d.SubnetId, VpcId: d.VpcId, AvailabilityZoneName: d.AvailabilityZoneName, AvailabilityZoneId: d.AvailabilityZoneId,
		OwnerId: d.OwnerId, NetworkInterfaceId: d.NetworkInterfaceId, IpAddress: d.IpAddress, LifeCycleState: d.LifeCycleState,
	}, nil
}

func (w *World) mountTarget(id *string) (*mountTarget, error) {
	if t := w.storage.mountTargets[aws.ToString(id)]; t != nil {
		return t, nil
	}
	return nil, wire.Errorf("MountTargetNotFound", "Mount target '%s' does not exist.", aws.ToString(id))
}

func (w *World) describeMountTargets(in *efs.DescribeMountTargetsInput) (*efs.DescribeMountTargetsOutput, error) {
	all := []efstypes.MountTargetDescription{}
	fileSystemID := in.FileSystemId
	switch {
	case in.MountTargetId != nil:
		t, err := w.mountTarget(in.MountTargetId)
		if err != nil {
			return nil, err
		}
		return &efs.DescribeMountTargetsOutput{MountTargets: append(all, t.MountTargetDescription)}, nil
	case in.AccessPointId != nil:
		a, err := w.accessPoint(in.AccessPointId)
		if err != nil {
			return nil, err
		}
		fileSystemID = a.FileSystemId
	case in.FileSystemId == nil:
		return nil, wire.Errorf("BadRequest", "One of FileSystemId, MountTargetId and AccessPointId must be given.")
	}
	f, err := w.fileSystem(fileSystemID)
	if err != nil {
		return nil, err
	}
	for _, t := range w.targetsOf(*f.FileSystemId) {
		all = append(all, t.MountTargetDescription)
	}
	page, next, err := wire.Page(all, aws.ToString(in.Marker), int(aws.ToInt32(in.MaxItems)), 100)
	return &efs.DescribeMountTargetsOutput{MountTargets: page, Marker: in.Marker, NextMarker: optional(next)}, err
}

func (w *World) deleteMountTarget(in *efs.DeleteMountTargetInput) (*efs.DeleteMountTargetOutput, error) {
	t, err := w.mountTarget(in.MountTargetId)
	if err != nil {
		return nil, err
	}
	t.LifeCycleState = efstypes.LifeCycleStateDeleting
	w.after(deletesMountTarget, func() {
		if w.storage.mountTargets[*t.MountTargetId] == t {
			delete(w.storage.mountTargets, *t.MountTargetId)
			w.deleteInterface(*t.NetworkInterfaceId)
		}
	})
	return nil, nil
}

func (w *World) describeMountTargetGroups(in *efs.DescribeMountTargetSecurityGroupsInput) (*efs.DescribeMountTargetSecurityGroupsOutput, error) {
	t, err := w.mountTarget(in.MountTargetId)
	if err == nil && t.LifeCycleState == efstypes.LifeCycleStateDeleting {
		err = wire.Errorf("IncorrectMountTargetState", "Mount target '%s' is in state deleting.", *t.MountTargetId)
	}
	if err != nil {
		return nil, err
	}
	return &efs.DescribeMountTargetSecurityGroupsOutput{SecurityGroups: slices.Clone(t.groups)}, nil
}

func (w *World) modifyMountTargetGroups(in *efs.ModifyMountTargetSecurityGroupsInput) (*efs.ModifyMountTargetSecurityGroupsOutput, error) {
	t, err := w.mountTarget(in.MountTargetId)
	if err != nil {
		return nil, err
	}
	eni := w.interfaces[*t.NetworkInterfaceId]
	groups, failed := w.groupIdentifiers(*t.VpcId, in.SecurityGroups)
	switch {
	case t.LifeCycleState != efstypes.LifeCycleStateAvailable || eni == nil:
		return nil, wire.Errorf("IncorrectMountTargetState", "Mount target '%s' is in state %s.", *t.MountTargetId, t.LifeCycleState)
	case len(in.SecurityGroups) > 5:
		return nil, wire.Errorf("SecurityGroupLimitExceeded", "The maximum number of security groups per interface has been reached.")
	case failed != nil:
		return nil, wire.Errorf("SecurityGroupNotFound", "%s", failed.Message)
	}
	eni.Groups, t.groups = groups, nil
	for _, g := range groups {
		t.groups = append(t.groups, *g.GroupId)
	}
	return nil, nil
}

func (w *World) accessPoint(id *string) (*accessPoint, error) {
	if a := w.storage.accessPoints[lastPart(aws.ToString(id))]; a != nil {
		return a, nil
	}
	return nil, wire.Errorf("AccessPointNotFound", "Access Point '%s' does not exist.", aws.ToString(id))
}

func (w *World) createAccessPoint(in *efs.CreateAccessPointInput) (*efs.CreateAccessPointOutput, error) {
	f, err := w.fileSystem(in.FileSystemId)
	if err == nil {
		err = f.available()
	}
	if err != nil {
		return nil, err
	}
	root := efstypes.RootDirectory{Path: aws.String("/")}
	if in.RootDirectory != nil {
		root = *in.RootDirectory
		root.Path = aws.String(path.Clean("/" + aws.ToString(root.Path)))
	}
	id := w.newID("fsap")
	a := &accessPoint{efstypes.AccessPointDescription{
		AccessPointId: aws.String(id), AccessPointArn: aws.String(w.efsARN("access-point/" + id)), FileSystemId: f.FileSystemId, ClientToken: in.ClientToken, OwnerId: aws.String(w.Account),
		LifeCycleState: efstypes.LifeCycleStateCreating, PosixUser: in.PosixUser, RootDirectory: &root, Tags: append([]efstypes.Tag{}, in.Tags...), Name: nameOf(in.Tags),
	}}
	w.storage.accessPoints[id] = a
	w.after(makesAccessPoint, func() { a.LifeCycleState = efstypes.LifeCycleStateAvailable })
	d := a.AccessPointDescription
	return &efs.CreateAccessPointOutput{
		AccessPointId: d.AccessPointId, AccessPointArn: d.AccessPointArn, FileSystemId: d.FileSystemId, ClientToken: d.ClientToken, OwnerId: d.OwnerId, LifeCycleState: d.LifeCycleState,
		PosixUser: d.PosixUser, RootDirectory: d.RootDirectory, Tags: d.Tags, Name: d.Name,
	}, nil
}

func (w *World) describeAccessPoints(in *efs.DescribeAccessPointsInput) (*efs.DescribeAccessPointsOutput, error) {
	if in.AccessPointId != nil {
		a, err := w.accessPoint(in.AccessPointId)
		if err != nil {
			return nil, err
		}
		return &efs.DescribeAccessPointsOutput{AccessPoints: []efstypes.AccessPointDescription{a.AccessPointDescription}}, nil
	}
	if in.FileSystemId != nil {
		if _, err := w.fileSystem(in.FileSystemId); err != nil {
			return nil, err
		}
	}
	all := []efstypes.AccessPointDescription{}
	for _, a := range sorted(w.storage.accessPoints) {
		if in.FileSystemId == nil || *a.FileSystemId == lastPart(*in.FileSystemId) {
			all = append(all, a.AccessPointDescription)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &efs.DescribeAccessPointsOutput{AccessPoints: page, NextToken: optional(next)}, err
}

func (w *World) deleteAccessPoint(in *efs.DeleteAccessPointInput) (*efs.DeleteAccessPointOutput, error) {
	a, err := w.accessPoint(in.AccessPointId)
	if err != nil {
		return nil, err
	}
	a.LifeCycleState = efstypes.LifeCycleStateDeleting
	w.after(deletesFromEFS, func() { delete(w.storage.accessPoints, *a.AccessPointId) })
	return nil, nil
}

// putFileSystemPolicy refuses what is no policy, and one after which the caller could not set another. Resources may only be
// this file system.
func (w *World) putFileSystemPolicy(in *efs.PutFileSystemPolicyInput) (*efs.PutFileSystemPolicyOutput, error) {
	f, err := w.fileSystem(in.FileSystemId)
	if err == nil {
		err = f.available()
	}
	if err != nil {
		return nil, err
	}
	if checkDocument(in.Policy) != nil || w.unknownPrincipal(*in.Policy) != "" {
		return nil, wire.Errorf("InvalidPolicyException", "Policy contains invalid Principal block or syntax errors.")
	}
	q := query{w: w, action: "elasticfilesystem:PutFileSystemPolicy", resource: *f.FileSystemArn, context: map[string]string{"aws:principalarn": w.callerARN(), "aws:securetransport": "true"}}
	if v := q.ask("the policy of "+*f.FileSystemId, *in.Policy, q.orAccount); v.deny && !in.BypassPolicyLockoutSafetyCheck {
		return nil, wire.Errorf("InvalidPolicyException", "The policy would lock you out of changing it. Set BypassPolicyLockoutSafetyCheck to override.")
	}
	f.policy = *in.Policy
	return &efs.PutFileSystemPolicyOutput{FileSystemId: f.FileSystemId, Policy: in.Policy}, nil
}

func (w *World) describeFileSystemPolicy(in *efs.DescribeFileSystemPolicyInput) (*efs.DescribeFileSystemPolicyOutput, error) {
	f, err := w.fileSystem(in.FileSystemId)
	switch {
	case err != nil:
		return nil, err
	case f.policy == "":
		return nil, wire.Errorf("PolicyNotFound", "No policy found for the file system '%s'.", *f.FileSystemId)
	}
	return &efs.DescribeFileSystemPolicyOutput{FileSystemId: f.FileSystemId, Policy: aws.String(f.policy)}, nil
}

func (w *World) deleteFileSystemPolicy(in *efs.DeleteFileSystemPolicyInput) (*efs.DeleteFileSystemPolicyOutput, error) {
	f, err := w.fileSystem(in.FileSystemId)
	if err == nil {
		f.policy = ""
	}
	return nil, err
}

// storedName is the ARN of a key by its alias, or the id of something of EFS by its Name tag; "" when there is none.
func (w *World) storedName(kind, name string) string {
	switch kind {
	case "key":
		if k := w.findKey("alias/" + name); k != nil {
			return *k.Arn
		}
	case "file-system":
		for _, f := range sorted(w.storage.fileSystems) {
			if aws.ToString(f.Name) == name {
				return *f.FileSystemId
			}
		}
	case "access-point":
		for _, a := range sorted(w.storage.accessPoints) {
			if aws.ToString(a.Name) == name {
				return *a.AccessPointId
			}
		}
	case "mount-target":
		of, in, _ := strings.Cut(name, "/")
		for _, t := range w.targetsOf(w.storedName("file-system", of)) {
			if *t.SubnetId == w.names["subnet:"+in] {
				return *t.MountTargetId
			}
		}
	}
	return ""
}
