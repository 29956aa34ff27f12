package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// storage is EFS, each map by id.
type storage struct {
	fileSystems  map[string]*fileSystem
	mountTargets map[string]*mountTarget
	accessPoints map[string]*accessPoint
}

func newStorage() storage {
	return storage{map[string]*fileSystem{}, map[string]*mountTarget{}, map[string]*accessPoint{}}
}

type fileSystem struct {
	efstypes.FileSystemDescription
	policy      string           // JSON text; "" = EFS's default, which lets every client in that reaches a mount target
	directories map[string]bool  // besides /
	owners      map[string]owner // of directories that access points made
}

type mountTarget struct {
	efstypes.MountTargetDescription
	groups []string
}

type accessPoint struct {
	efstypes.AccessPointDescription
}

// How long EFS takes. The user guide gives no times but "a few minutes" for a mount target; 90 seconds are seen in public
// logs of infrastructure tools.
const (
	makesFileSystem    = 6 * time.Second
	makesMountTarget   = 90 * time.Second
	makesAccessPoint   = 3 * time.Second
	deletesFromEFS     = 5 * time.Second
	deletesMountTarget = 40 * time.Second
)

// efsOperations lists what the lab answers of EFS.
func (w *World) efsOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op(efsService, "CreateFileSystem", changes(w, w.createFileSystem)),
		wire.Op(efsService, "DescribeFileSystems", reads(w, w.describeFileSystems)),
		wire.Op(efsService, "DeleteFileSystem", changes(w, w.deleteFileSystem)),
		wire.Op(efsService, "CreateMountTarget", changes(w, w.createMountTarget)),
		wire.Op(efsService, "DescribeMountTargets", reads(w, w.describeMountTargets)),
		wire.Op(efsService, "DeleteMountTarget", changes(w, w.deleteMountTarget)),
		wire.Op(efsService, "DescribeMountTargetSecurityGroups", reads(w, w.describeMountTargetGroups)),
		wire.Op(efsService, "ModifyMountTargetSecurityGroups", changes(w, w.modifyMountTargetGroups)),
		wire.Op(efsService, "CreateAccessPoint", changes(w, w.createAccessPoint)),
		wire.Op(efsService, "DescribeAccessPoints", reads(w, w.describeAccessPoints)),
		wire.Op(efsService, "DeleteAccessPoint", changes(w, w.deleteAccessPoint)),
		wire.Op(efsService, "PutFileSystemPolicy", changes(w, w.putFileSystemPolicy)),
		wire.Op(efsService, "DescribeFileSystemPolicy", reads(w, w.describeFileSystemPolicy)),
		wire.Op(efsService, "DeleteFileSystemPolicy", changes(w, w.deleteFileSystemPolicy)),
		wire.Op(efsService, "TagResource", changes(w, w.tagFileSystem)),
		wire.Op(efsService, "ListTagsForResource", reads(w, w.listFileSystemTags)),
	}
}

const efsService = "elasticfilesystem"

func (w *World) efsARN(resource string) string {
	return fmt.Sprintf("arn:%s:elasticfilesystem:%s:%s:%s", w.Partition, w.Region, w.Account, resource)
}

// fileSystem finds a file system by id or ARN.
func (w *World) fileSystem(id *string) (*fileSystem, error) {
	if f := w.storage.fileSystems[lastPart(aws.ToString(id))]; f != nil {
		return f, nil
	}
	return nil, wire.Errorf("FileSystemNotFound", "File system '%s' does not exist.", aws.ToString(id))
}

func (f *fileSystem) available() error {
	if f.LifeCycleState != efstypes.LifeCycleStateAvailable {
		return wire.Errorf("IncorrectFileSystemLifeCycleState", "None of the file system lifecycle states of '%s' allow this operation: it is %s.", *f.FileSystemId, f.LifeCycleState)
	}
	return nil
}

// targetsOf lists the mount targets of a file system.
func (w *World) targetsOf(fileSystemID string) []*mountTarget {
	var out []*mountTarget
	for _, t := range sorted(w.storage.mountTargets) {
		if *t.FileSystemId == fileSystemID {
			out = append(out, t)
		}
	}
	return out
}

func (w *World) describedFileSystem(f *fileSystem) efstypes.FileSystemDescription {
	d := f.FileSystemDescription
	d.NumberOfMountTargets = int32(len(w.targetsOf(*d.FileSystemId)))
	return d
}

func (w *World) createFileSystem(in *efs.CreateFileSystemInput) (*efs.CreateFileSystemOutput, error) {
	for _, f := range sorted(w.storage.fileSystems) {
		if in.CreationToken != nil && aws.ToString(f.CreationToken) == *in.CreationToken {
			return nil, &efstypes.FileSystemAlreadyExists{FileSystemId: f.FileSystemId, Message: aws.String(fmt.Sprintf("File system '%s' already exists with creation token '%s'", *f.FileSystemId, *in.CreationToken))}
		}
	}
	zone := aws.ToString(in.AvailabilityZoneName)
	zoneLetter := strings.TrimPrefix(zone, w.Region)
	if zone != "" && len(zoneLetter) != 1 {
		return nil, wire.Errorf("AvailabilityZonesMismatch", "The Availability Zone '%s' is not in this Region.", zone)
	}
	key, err := w.fileSystemKey(in)
	if err != nil {
		return nil, err
	}
	id := w.newID("fs")
	f := &fileSystem{directories: map[string]bool{}, owners: map[string]owner{}, FileSystemDescription: efstypes.FileSystemDescription{
		FileSystemId: aws.String(id), FileSystemArn: aws.String(w.efsARN("file-system/" + id)), OwnerId: aws.String(w.Account), CreationToken: in.CreationToken, CreationTime: aws.Time(w.now),
		LifeCycleState: efstypes.LifeCycleStateCreating, PerformanceMode: efstypes.PerformanceModeGeneralPurpose, ThroughputMode: efstypes.ThroughputModeBursting,
		Encrypted: aws.Bool(key != nil), KmsKeyId: key, Tags: append([]efstypes.Tag{}, in.Tags...), Name: nameOf(in.Tags), SizeInBytes: &efstypes.FileSystemSize{Value: 6144},
		FileSystemProtection: &efstypes.FileSystemProtectionDescription{ReplicationOverwriteProtection: efstypes.ReplicationOverwriteProtectionEnabled},
	}}
	if in.CreationToken == nil {
		f.CreationToken = aws.String(w.newUUID())
	}
	if in.PerformanceMode != "" {
		f.PerformanceMode = in.PerformanceMode
	}
	if in.ThroughputMode != "" {
		f.ThroughputMode, f.ProvisionedThroughputInMibps = in.ThroughputMode, in.ProvisionedThroughputInMibps
	}
	if zone != "" {
		f.AvailabilityZoneName, f.AvailabilityZoneId = aws.String(zone), aws.String(zoneID(w.Region, zoneLetter))
	}
	w.storage.fileSystems[id] = f
	w.after(makesFileSystem, func() { f.LifeCycleState = efstypes.LifeCycleStateAvailable })
	d := f.FileSystemDescription
	return &efs.CreateFileSystemOutput{
		FileSystemId: d.FileSystemId, FileSystemArn: d.FileSystemArn, OwnerId: d.OwnerId, CreationToken: d.CreationToken, CreationTime: d.CreationTime, LifeCycleState: d.LifeCycleState,
		PerformanceMode: d.PerformanceMode, ThroughputMode: d.ThroughputMode, ProvisionedThroughputInMibps: d.ProvisionedThroughputInMibps, Encrypted: d.Encrypted, KmsKeyId: d.KmsKeyId, Tags: d.Tags, Name: d.Name,
		SizeInBytes: d.SizeInBytes, AvailabilityZoneName: d.AvailabilityZoneName, AvailabilityZoneId: d.AvailabilityZoneId, FileSystemProtection: d.FileSystemProtection,
	}, nil
}

// fileSystemKey is the ARN of the key of an encrypted file system, nil for one without encryption.
func (w *World) fileSystemKey(in *efs.CreateFileSystemInput) (*string, error) {
	switch {
	case in.KmsKeyId != nil && !aws.ToBool(in.Encrypted):
		return nil, wire.Errorf("BadRequest", "If you specify a KmsKeyId, you must also set Encrypted to true.")
	case !aws.ToBool(in.Encrypted):
		return nil, nil
	}
	name := "alias/aws/elasticfilesystem"
	if in.KmsKeyId != nil {
		name = *in.KmsKeyId
	}
	if !w.usableKey(name) {
		return nil, wire.Errorf("BadRequest", "KMS Key '%s' cannot be used.", name)
	}
	return w.findKey(name).Arn, nil
}

// nameOf is the value of the Name tag, which EFS shows as a member of its own.
func nameOf(tags []efstypes.Tag) *string {
	for _, t := range tags {
		if aws.ToString(t.Key) == "Name" {
			return t.Value
		}
	}
	return nil
}

func (w *World) describeFileSystems(in *efs.DescribeFileSystemsInput) (*efs.DescribeFileSystemsOutput, error) {
	if in.FileSystemId != nil {
		f, err := w.fileSystem(in.FileSystemId)
		if err != nil {
			return nil, err
		}
		return &efs.DescribeFileSystemsOutput{FileSystems: []efstypes.FileSystemDescription{w.describedFileSystem(f)}}, nil
	}
	all := []efstypes.FileSystemDescription{}
	for _, f := range sorted(w.storage.fileSystems) {
		if in.CreationToken == nil || aws.ToString(f.CreationToken) == *in.CreationToken {
			all = append(all, w.describedFileSystem(f))
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.Marker), int(aws.ToInt32(in.MaxItems)), 100)
	return &efs.DescribeFileSystemsOutput{FileSystems: page, Marker: in.Marker, NextMarker: optional(next)}, err
}

func (w *World) deleteFileSystem(in *efs.DeleteFileSystemInput) (*efs.DeleteFileSystemOutput, error) {
	f, err := w.fileSystem(in.FileSystemId)
	if err != nil {
		return nil, err
	}
	if len(w.targetsOf(*f.FileSystemId)) > 0 {
		return nil, wire.Errorf("FileSystemInUse", "%s cannot be deleted because it has mount targets.", *f.FileSystemId)
	}
	f.LifeCycleState = efstypes.LifeCycleStateDeleting
	w.after(deletesFromEFS, func() {
		delete(w.storage.fileSystems, *f.FileSystemId)
		for id, a := range w.storage.accessPoints {
			if *a.FileSystemId == *f.FileSystemId {
				delete(w.storage.accessPoints, id)
			}
		}
	})
	return nil, nil
}

func (w *World) tagFileSystem(in *efs.TagResourceInput) (*efs.TagResourceOutput, error) {
	id := lastPart(*in.ResourceId)
	tags := func(old []efstypes.Tag) []efstypes.Tag {
		out := slices.Clone(old)
		for _, t := range in.Tags {
			out = append(slices.DeleteFunc(out, func(o efstypes.Tag) bool { return *o.Key == *t.Key }), t)
		}
		return out
	}
	if f := w.storage.fileSystems[id]; f != nil {
		f.Tags = tags(f.Tags)
		f.Name = nameOf(f.Tags)
		return nil, nil
	}
	if a := w.storage.accessPoints[id]; a != nil {
		a.Tags = tags(a.Tags)
		a.Name = nameOf(a.Tags)
		return nil, nil
	}
	return nil, wire.Errorf("FileSystemNotFound", "File system '%s' does not exist.", id)
}

func (w *World) listFileSystemTags(in *efs.ListTagsForResourceInput) (*efs.ListTagsForResourceOutput, error) {
	id := lastPart(*in.ResourceId)
	var all []efstypes.Tag
	switch f, a := w.storage.fileSystems[id], w.storage.accessPoints[id]; {
	case f != nil:
		all = f.Tags
	case a != nil:
		all = a.Tags
	default:
		return nil, wire.Errorf("FileSystemNotFound", "File system '%s' does not exist.", id)
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &efs.ListTagsForResourceOutput{Tags: page, NextToken: optional(next)}, err
}
