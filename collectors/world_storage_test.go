package collectors

import (
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/ecsplain/ecsplain/lab/wire"
)

const (
	keyARN    = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	goneKey   = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000"
	keyPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`
	plainText = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:plain-AbCdEf"
)

// storage is what the ordinary world tells of keys and of the policies of secrets.
var storage = []wire.Operation{
	op("kms", "DescribeKey", func(in *kms.DescribeKeyInput) (*kms.DescribeKeyOutput, error) {
		if *in.KeyId == goneKey {
			return nil, wire.Errorf("NotFoundException", "Key '%s' does not exist", goneKey)
		}
		return &kms.DescribeKeyOutput{KeyMetadata: &kmstypes.KeyMetadata{KeyId: p("1234abcd-12ab-34cd-56ef-1234567890ab"), Arn: p(keyARN), AWSAccountId: p("111122223333"),
			KeyState: kmstypes.KeyStatePendingDeletion, KeyManager: kmstypes.KeyManagerTypeCustomer, DeletionDate: p(answeredAt)}}, nil
	}),
	op("kms", "GetKeyPolicy", func(in *kms.GetKeyPolicyInput) (*kms.GetKeyPolicyOutput, error) {
		if *in.PolicyName != "default" {
			return nil, wire.Errorf("NotFoundException", "No such policy exists")
		}
		return &kms.GetKeyPolicyOutput{Policy: p(keyPolicy)}, nil
	}),
	op("secretsmanager", "GetResourcePolicy", func(in *secretsmanager.GetResourcePolicyInput) (*secretsmanager.GetResourcePolicyOutput, error) {
		out := &secretsmanager.GetResourcePolicyOutput{ARN: in.SecretId, Name: p("db")}
		if *in.SecretId != plainText {
			out.ResourcePolicy = p(`{"Version":"2012-10-17","Statement":[]}`)
		}
		return out, nil
	}),
}

// fileSystem is what the ordinary world tells of EFS: one file system with two pages of mount targets.
var fileSystem = []wire.Operation{
	op("elasticfilesystem", "DescribeFileSystems", func(in *efs.DescribeFileSystemsInput) (*efs.DescribeFileSystemsOutput, error) {
		if *in.FileSystemId != "fs-1" {
			return nil, wire.Errorf("FileSystemNotFound", "File system '%s' does not exist.", *in.FileSystemId)
		}
		return &efs.DescribeFileSystemsOutput{FileSystems: []efstypes.FileSystemDescription{{FileSystemId: p("fs-1"), FileSystemArn: p("arn:fs-1"), OwnerId: p("111122223333"),
			CreationToken: p("t"), CreationTime: p(answeredAt), LifeCycleState: efstypes.LifeCycleStateAvailable, NumberOfMountTargets: 2, PerformanceMode: efstypes.PerformanceModeGeneralPurpose,
			SizeInBytes: &efstypes.FileSystemSize{Value: 6144}, Tags: []efstypes.Tag{}, AvailabilityZoneName: p("eu-west-1a"), Encrypted: p(true), KmsKeyId: p(keyARN)}}}, nil
	}),
	op("elasticfilesystem", "DescribeMountTargets", func(in *efs.DescribeMountTargetsInput) (*efs.DescribeMountTargetsOutput, error) {
		target := func(id, zone string) efstypes.MountTargetDescription {
			return efstypes.MountTargetDescription{MountTargetId: p(id), FileSystemId: in.FileSystemId, SubnetId: p("subnet-1"), VpcId: p("vpc-1"), AvailabilityZoneName: p("eu-west-1a"),
				AvailabilityZoneId: p(zone), IpAddress: p("10.0.1.9"), LifeCycleState: efstypes.LifeCycleStateAvailable, OwnerId: p("111122223333")}
		}
		switch {
		case *in.FileSystemId != "fs-1":
			return nil, wire.Errorf("FileSystemNotFound", "File system '%s' does not exist.", *in.FileSystemId)
		case in.Marker == nil:
			return &efs.DescribeMountTargetsOutput{MountTargets: []efstypes.MountTargetDescription{target("fsmt-00000002", "euw1-az2")}, NextMarker: p("more")}, nil
		}
		return &efs.DescribeMountTargetsOutput{MountTargets: []efstypes.MountTargetDescription{target("fsmt-00000001", "euw1-az1")}}, nil
	}),
	op("elasticfilesystem", "DescribeMountTargetSecurityGroups", func(in *efs.DescribeMountTargetSecurityGroupsInput) (*efs.DescribeMountTargetSecurityGroupsOutput, error) {
		if *in.MountTargetId != "fsmt-00000001" {
			return nil, wire.Errorf("MountTargetNotFound", "Mount target '%s' does not exist.", *in.MountTargetId)
		}
		return &efs.DescribeMountTargetSecurityGroupsOutput{SecurityGroups: []string{"sg-2", "sg-1"}}, nil
	}),
	op("elasticfilesystem", "DescribeAccessPoints", func(in *efs.DescribeAccessPointsInput) (*efs.DescribeAccessPointsOutput, error) {
		if *in.AccessPointId != "fsap-1" {
			return nil, wire.Errorf("AccessPointNotFound", "Access point '%s' does not exist.", *in.AccessPointId)
		}
		return &efs.DescribeAccessPointsOutput{AccessPoints: []efstypes.AccessPointDescription{{AccessPointId: p("fsap-1"), AccessPointArn: p("arn:fsap-1"), FileSystemId: p("fs-1"),
			LifeCycleState: efstypes.LifeCycleStateAvailable, PosixUser: &efstypes.PosixUser{Uid: p(int64(1000)), Gid: p(int64(0))},
			RootDirectory: &efstypes.RootDirectory{Path: p("/web"), CreationInfo: &efstypes.CreationInfo{OwnerUid: p(int64(1000)), OwnerGid: p(int64(0)), Permissions: p("0755")}}}}}, nil
	}),
	op("elasticfilesystem", "DescribeFileSystemPolicy", func(in *efs.DescribeFileSystemPolicyInput) (*efs.DescribeFileSystemPolicyOutput, error) {
		if *in.FileSystemId != "fs-1" {
			return nil, wire.Errorf("PolicyNotFound", "No policy is set.")
		}
		return &efs.DescribeFileSystemPolicyOutput{FileSystemId: in.FileSystemId, Policy: p(`{"Version":"2012-10-17","Statement":[]}`)}, nil
	}),
}
