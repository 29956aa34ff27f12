package lab

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
)

var invoicesBuilds = []build{
	{"5.0.0", anywhere, true, invoicesApp(), 30 * day},
	{"5.0.1", anywhere, true, invoicesApp(), 12 * day},
	{"5.1.0", anywhere, true, invoicesApp(), 2 * day},
	{"5.2.0", anywhere, true, printer(), 30 * time.Hour},
}

func invoicesApp() App {
	return App{Programs: []string{"/app/invoices", "/bin/sh"}, Boot: 2 * time.Second, Memory: 90, Writes: "/data/invoices.db", Says: []string{"invoices are kept in /data"}}
}

// printer is a release that draws every invoice of the year anew at its start.
func printer() App {
	a := invoicesApp()
	a.Spools, a.SpoolsTo, a.Growth = 30000, "/var/spool/invoices/2026.ps", 6*time.Minute
	return a
}

// buildFiles adds a service to the shop that keeps its files on EFS:
//
//	invoices  2 tasks in private subnets; /data is the file system invoices, by an access point, with IAM and encryption
//
// The file system has a mount target in each zone, and a policy that lets nobody in without encryption.
func (w *World) buildFiles() {
	w.addRepository("shop/invoices", invoicesBuilds)
	w.logGroups["/ecs/invoices"] = &logGroup{Name: "/ecs/invoices", Created: w.now.Add(-40 * day), Retention: 30, Class: "STANDARD", streams: map[string]*logStream{}}
	w.addFilesGroups()
	fileSystem, point := w.addFileSystem()
	w.newRole("invoices-execution", trustTasks, w.names["policy:AmazonECSTaskExecutionRolePolicy"], "nothing-more", allow("logs:PutLogEvents", "*"))
	w.newRole("invoices-task", trustTasks, "", "files", fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["elasticfilesystem:ClientMount","elasticfilesystem:ClientWrite"],"Resource":%q}]}`, w.efsARN("file-system/"+fileSystem)))
	for _, tag := range []string{"5.0.0", "5.0.1"} {
		d := w.definition("invoices", tag, 8080)
		d.Volumes = []ecstypes.Volume{{Name: aws.String("data"), EfsVolumeConfiguration: &ecstypes.EFSVolumeConfiguration{
			FileSystemId: aws.String(fileSystem), TransitEncryption: ecstypes.EFSTransitEncryptionEnabled,
			AuthorizationConfig: &ecstypes.EFSAuthorizationConfig{AccessPointId: aws.String(point), Iam: ecstypes.EFSAuthorizationConfigIAMEnabled},
		}}}
		d.ContainerDefinitions[0].MountPoints = []ecstypes.MountPoint{{SourceVolume: aws.String("data"), ContainerPath: aws.String("/data"), ReadOnly: aws.Bool(false)}}
		w.must(w.register(d))
	}
	w.must(w.newService(&ecs.CreateServiceInput{
		Cluster: aws.String("shop"), ServiceName: aws.String("invoices"), TaskDefinition: aws.String("invoices:2"), DesiredCount: aws.Int32(2), LaunchType: ecstypes.LaunchTypeFargate,
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
			SecurityGroups: []string{w.names["sg:invoices"]}, Subnets: []string{w.names["subnet:private-a"], w.names["subnet:private-b"]}, AssignPublicIp: ecstypes.AssignPublicIpDisabled,
		}},
	}))
}

// addFilesGroups makes the security groups of the tasks, and of the mount targets, open to the former.
func (w *World) addFilesGroups() {
	for _, name := range []string{"invoices", "files"} {
		id := w.call("sg:"+name, "sg")
		about, in := "tasks of invoices", []ec2types.IpPermission{}
		if name == "files" {
			about = "mount targets"
			in = []ec2types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(nfsPort), ToPort: aws.Int32(nfsPort), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: aws.String(w.names["sg:invoices"]), UserId: aws.String(w.Account)}}}}
		}
		w.groups[id] = &ec2types.SecurityGroup{
			GroupId: aws.String(id), GroupName: aws.String(name), Description: aws.String(about), VpcId: aws.String(w.names["vpc:shop"]), OwnerId: aws.String(w.Account),
			SecurityGroupArn: aws.String(w.ec2ARN("security-group/" + id)), Tags: tagged(name),
			IpPermissions: in, IpPermissionsEgress: []ec2types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: everywhere()}},
		}
	}
}

// addFileSystem makes the file system, its mount targets and access point, all of them long since available.
func (w *World) addFileSystem() (id, point string) {
	f, err := w.createFileSystem(&efs.CreateFileSystemInput{Encrypted: aws.Bool(true), Tags: []efstypes.Tag{{Key: aws.String("Name"), Value: aws.String("invoices")}}})
	w.must(f, err)
	id = *f.FileSystemId
	born := aws.Time(w.now.Add(-40 * day))
	fs := w.storage.fileSystems[id]
	fs.CreationTime, fs.LifeCycleState = born, efstypes.LifeCycleStateAvailable
	fs.policy = `{"Version":"2012-10-17","Statement":[{"Sid":"OnlyEncrypted","Effect":"Deny","Principal":{"AWS":"*"},"Action":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`
	for _, subnet := range []string{"private-a", "private-b"} {
		w.must(w.createMountTarget(&efs.CreateMountTargetInput{FileSystemId: f.FileSystemId, SubnetId: aws.String(w.names["subnet:"+subnet]), SecurityGroups: []string{w.names["sg:files"]}}))
	}
	for _, t := range w.targetsOf(id) {
		t.LifeCycleState = efstypes.LifeCycleStateAvailable
	}
	a, err := w.createAccessPoint(&efs.CreateAccessPointInput{
		FileSystemId: f.FileSystemId, ClientToken: aws.String("invoices"), Tags: []efstypes.Tag{{Key: aws.String("Name"), Value: aws.String("invoices")}},
		PosixUser:     &efstypes.PosixUser{Uid: aws.Int64(1000), Gid: aws.Int64(1000)},
		RootDirectory: &efstypes.RootDirectory{Path: aws.String("/invoices"), CreationInfo: &efstypes.CreationInfo{OwnerUid: aws.Int64(1000), OwnerGid: aws.Int64(1000), Permissions: aws.String("0750")}},
	})
	w.must(a, err)
	w.storage.accessPoints[*a.AccessPointId].LifeCycleState = efstypes.LifeCycleStateAvailable
	return id, *a.AccessPointId
}
