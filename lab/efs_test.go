package lab

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
)

func TestEFS(t *testing.T) {
	w, cfg := served(t, Options{})
	c, ctx := efs.NewFromConfig(cfg), context.Background()
	in := &efs.CreateFileSystemInput{CreationToken: aws.String("once"), Encrypted: aws.Bool(true)}
	id := must[*efs.CreateFileSystemOutput](t)(c.CreateFileSystem(ctx, in)).FileSystemId
	wantCode(t, "FileSystemAlreadyExists")(c.CreateFileSystem(ctx, in))
	target := func(subnet, group string) (*efs.CreateMountTargetOutput, error) {
		return c.CreateMountTarget(ctx, &efs.CreateMountTargetInput{FileSystemId: id, SubnetId: aws.String(w.names["subnet:"+subnet]), SecurityGroups: []string{group}})
	}
	orders := w.names["sg:orders"]
	wantCode(t, "IncorrectFileSystemLifeCycleState")(target("private-a", orders))
	w.Advance(makesFileSystem)
	wantCode(t, "SecurityGroupNotFound")(target("private-a", "sg-0123456789abcdef0"))
	a := must[*efs.CreateMountTargetOutput](t)(target("private-a", orders))
	wantCode(t, "MountTargetConflict")(target("public-a", orders))
	wantCode(t, "SubnetNotFound")(c.CreateMountTarget(ctx, &efs.CreateMountTargetInput{FileSystemId: id, SubnetId: aws.String("subnet-0123456789abcdef0")}))
	wantCode(t, "FileSystemInUse")(c.DeleteFileSystem(ctx, &efs.DeleteFileSystemInput{FileSystemId: id}))
	if n := w.interfaces[*a.NetworkInterfaceId]; n == nil || !strings.HasPrefix(*n.Description, "EFS mount target for "+*id) || *n.PrivateIpAddress != *a.IpAddress {
		t.Errorf("the mount target's interface: %+v", n)
	}
	state := func() efstypes.LifeCycleState {
		all := must[*efs.DescribeMountTargetsOutput](t)(c.DescribeMountTargets(ctx, &efs.DescribeMountTargetsInput{FileSystemId: id})).MountTargets
		if len(all) == 0 {
			return ""
		}
		return all[0].LifeCycleState
	}
	if state() != efstypes.LifeCycleStateCreating {
		t.Errorf("a new mount target is %s", state())
	}
	w.Advance(makesMountTarget)
	must[*efs.ModifyMountTargetSecurityGroupsOutput](t)(c.ModifyMountTargetSecurityGroups(ctx, &efs.ModifyMountTargetSecurityGroupsInput{MountTargetId: a.MountTargetId, SecurityGroups: []string{w.names["sg:catalog"]}}))
	if g := must[*efs.DescribeMountTargetSecurityGroupsOutput](t)(c.DescribeMountTargetSecurityGroups(ctx, &efs.DescribeMountTargetSecurityGroupsInput{MountTargetId: a.MountTargetId})).SecurityGroups; state() != efstypes.LifeCycleStateAvailable ||
		len(g) != 1 || g[0] != w.names["sg:catalog"] || *w.interfaces[*a.NetworkInterfaceId].Groups[0].GroupId != g[0] {
		t.Errorf("mount target %s, groups %v", state(), g)
	}
	testFileSystemPolicy(t, c, id)
	testAccessPoint(t, w, c, id)

	must[*efs.DeleteMountTargetOutput](t)(c.DeleteMountTarget(ctx, &efs.DeleteMountTargetInput{MountTargetId: a.MountTargetId}))
	wantCode(t, "IncorrectMountTargetState")(c.DescribeMountTargetSecurityGroups(ctx, &efs.DescribeMountTargetSecurityGroupsInput{MountTargetId: a.MountTargetId}))
	w.Advance(deletesMountTarget)
	wantCode(t, "MountTargetNotFound")(c.DescribeMountTargetSecurityGroups(ctx, &efs.DescribeMountTargetSecurityGroupsInput{MountTargetId: a.MountTargetId}))
	if w.interfaces[*a.NetworkInterfaceId] != nil || state() != "" {
		t.Error("the mount target is gone and its interface is not")
	}
	must[*efs.DeleteFileSystemOutput](t)(c.DeleteFileSystem(ctx, &efs.DeleteFileSystemInput{FileSystemId: id}))
	w.Advance(deletesFromEFS)
	wantCode(t, "FileSystemNotFound")(c.DescribeFileSystems(ctx, &efs.DescribeFileSystemsInput{FileSystemId: id}))
}

func testFileSystemPolicy(t *testing.T, c *efs.Client, id *string) {
	ctx := context.Background()
	get := &efs.DescribeFileSystemPolicyInput{FileSystemId: id}
	wantCode(t, "PolicyNotFound")(c.DescribeFileSystemPolicy(ctx, get))
	for document, code := range map[string]string{
		"{": "InvalidPolicyException",
		doc(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/nobody"},"Action":"elasticfilesystem:ClientMount"}`): "InvalidPolicyException",
		doc(`{"Effect":"Deny","Principal":"*","Action":"*"}`):                                                                          "InvalidPolicyException",
	} {
		wantCode(t, code)(c.PutFileSystemPolicy(ctx, &efs.PutFileSystemPolicyInput{FileSystemId: id, Policy: aws.String(document)}))
	}
	document := aws.String(doc(`{"Effect":"Allow","Principal":"*","Action":"elasticfilesystem:ClientMount"}`))
	must[*efs.PutFileSystemPolicyOutput](t)(c.PutFileSystemPolicy(ctx, &efs.PutFileSystemPolicyInput{FileSystemId: id, Policy: document}))
	if got := must[*efs.DescribeFileSystemPolicyOutput](t)(c.DescribeFileSystemPolicy(ctx, get)).Policy; *got != *document {
		t.Errorf("policy came back as %s", *got)
	}
	must[*efs.DeleteFileSystemPolicyOutput](t)(c.DeleteFileSystemPolicy(ctx, &efs.DeleteFileSystemPolicyInput{FileSystemId: id}))
	wantCode(t, "PolicyNotFound")(c.DescribeFileSystemPolicy(ctx, get))
}

func testAccessPoint(t *testing.T, w *World, c *efs.Client, id *string) {
	ctx := context.Background()
	made := must[*efs.CreateAccessPointOutput](t)(c.CreateAccessPoint(ctx, &efs.CreateAccessPointInput{
		ClientToken: aws.String("t"), FileSystemId: id, RootDirectory: &efstypes.RootDirectory{Path: aws.String("/a/")}, Tags: []efstypes.Tag{{Key: aws.String("Name"), Value: aws.String("n")}},
	}))
	w.Advance(makesAccessPoint)
	got := must[*efs.DescribeAccessPointsOutput](t)(c.DescribeAccessPoints(ctx, &efs.DescribeAccessPointsInput{AccessPointId: made.AccessPointId})).AccessPoints[0]
	if *got.RootDirectory.Path != "/a" || *got.Name != "n" || got.LifeCycleState != efstypes.LifeCycleStateAvailable {
		t.Errorf("access point: %+v", got)
	}
	must[*efs.DeleteAccessPointOutput](t)(c.DeleteAccessPoint(ctx, &efs.DeleteAccessPointInput{AccessPointId: made.AccessPointId}))
	w.Advance(deletesFromEFS)
	wantCode(t, "AccessPointNotFound")(c.DescribeAccessPoints(ctx, &efs.DescribeAccessPointsInput{AccessPointId: made.AccessPointId}))
}

func TestTheNameOfAFileSystem(t *testing.T) {
	w := New(Options{Files: true})
	host := w.fileSystemName(w.storedName("file-system", "invoices"))
	from := func(zone string) *ec2types.NetworkInterface {
		for _, s := range w.services["shop/invoices"].tasks {
			if strings.HasSuffix(*s.AvailabilityZone, zone) {
				return w.interfaces[s.eni]
			}
		}
		t.Fatalf("no task in zone %s", zone)
		return nil
	}
	for _, zone := range []string{"a", "b"} {
		target := w.storage.mountTargets[w.storedName("mount-target", "invoices/private-"+zone)]
		if d := w.resolve(from(zone), host); !d.ok || d.ip.String() != *target.IpAddress {
			t.Errorf("in zone %s: %+v, want %s", zone, d, *target.IpAddress)
		}
	}
	w.storage.mountTargets[w.storedName("mount-target", "invoices/private-b")].LifeCycleState = efstypes.LifeCycleStateDeleting
	if w.resolve(from("b"), host).ok || !w.resolve(from("a"), host).ok {
		t.Error("a mount target of one zone decides about the other")
	}
	w.vpcs[w.names["vpc:shop"]].dnsHostnames = false
	if w.resolve(from("a"), host).ok {
		t.Error("the name resolves without DNS hostnames")
	}
}

func TestWhoMayMount(t *testing.T) {
	const (
		mount     = `{"Effect":"Allow","Action":"elasticfilesystem:ClientMount","Resource":"*"}`
		notMount  = `{"Effect":"Deny","Action":"elasticfilesystem:ClientMount","Resource":"*"}`
		nothing   = `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`
		everybody = `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"elasticfilesystem:ClientMount"}`
		account   = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"elasticfilesystem:ClientMount"}`
		byName    = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/invoices-task"},"Action":"elasticfilesystem:ClientMount"}`
		encrypted = `{"Effect":"Deny","Principal":"*","Action":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`
		byTarget  = `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"elasticfilesystem:ClientMount","Condition":{"Bool":{"elasticfilesystem:AccessedViaMountTarget":"true"}}}`
		byPoint   = `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"elasticfilesystem:ClientMount","Condition":{"ArnLike":{"elasticfilesystem:AccessPointArn":"*:access-point/fsap-other"}}}`
	)
	for _, c := range []struct {
		name, role, policy string
		iam, tls, want     bool
	}{
		{"no policy, no right", nothing, "", true, true, true},
		{"no policy, denied", notMount, "", true, true, false},
		{"no policy, nobody", nothing, "", false, false, true},
		{"policy, no right", nothing, encrypted, true, true, false},
		{"policy, right", mount, encrypted, true, true, true},
		{"policy names the role", nothing, byName, true, true, true},
		{"policy names the account", nothing, account, true, true, false},
		{"policy names the account, right", mount, account, true, true, true},
		{"nobody, everybody", nothing, everybody, false, true, true},
		{"nobody, account", mount, account, false, true, false},
		{"nobody, not encrypted", mount, everybody + "," + encrypted, false, false, false},
		{"by the mount target", nothing, byTarget, false, true, true},
		{"by another access point", nothing, byPoint, true, true, false},
	} {
		w := New(Options{Files: true})
		f := w.storage.fileSystems[w.storedName("file-system", "invoices")]
		f.policy = ""
		if c.policy != "" {
			f.policy = doc(c.policy)
		}
		w.roles["invoices-task"].inline = map[string]string{"p": doc(c.role)}
		v := &ecstypes.EFSVolumeConfiguration{FileSystemId: f.FileSystemId, AuthorizationConfig: &ecstypes.EFSAuthorizationConfig{}}
		if c.iam {
			v.AuthorizationConfig.Iam = ecstypes.EFSAuthorizationConfigIAMEnabled
		}
		if c.tls {
			v.TransitEncryption = ecstypes.EFSTransitEncryptionEnabled
		}
		if got := w.mayMount(w.services["shop/invoices"].tasks[0], v, f); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
		if w.policyFaults != nil {
			t.Errorf("%s: %v", c.name, w.policyFaults)
		}
	}
}

// lastStop is a stopped task of invoices: its reason, and how long it tried.
func lastStop(t *testing.T, w *World) (reason string, took time.Duration) {
	t.Helper()
	for _, x := range w.services["shop/invoices"].tasks {
		if x.StopCode == ecstypes.TaskStopCodeTaskFailedToStart {
			return *x.StoppedReason, x.StoppingAt.Sub(*x.CreatedAt)
		}
	}
	t.Fatal("no start failed")
	return "", 0
}

func retireInvoices(t *testing.T, w *World) {
	t.Helper()
	if err := w.Apply([]Step{{Service: "lab", Operation: "RetireTasks", Input: map[string]any{"Service": "shop/invoices"}}}); err != nil {
		t.Fatal(err)
	}
	w.Advance(6 * time.Minute)
}

func TestAMountTimesOutInMinutes(t *testing.T) {
	w := New(Options{Files: true})
	w.groups[w.names["sg:files"]].IpPermissions = nil
	retireInvoices(t, w)
	if reason, took := lastStop(t, w); !strings.Contains(reason, "Connection timed out") || took < 2*time.Minute || took > 4*time.Minute {
		t.Errorf("after %s: %s", took, reason)
	}
	w = New(Options{Files: true})
	w.roles["invoices-task"].inline = nil
	retireInvoices(t, w)
	if reason, took := lastStop(t, w); !strings.Contains(reason, "access denied by server while mounting 127.0.0.1:/'") || took > time.Minute {
		t.Errorf("after %s: %s", took, reason)
	}
}

func TestAVolumeIsMountedBeforeTheImageIsLookedUp(t *testing.T) {
	w := New(Options{Files: true})
	w.roles["invoices-task"].inline = nil
	w.repositories["shop/invoices"].images = nil
	retireInvoices(t, w)
	if reason, _ := lastStop(t, w); !strings.Contains(reason, "set up EFS volumes") {
		t.Errorf("the start says: %s", reason)
	}
}

func TestRunningTasksKeepTheirVolume(t *testing.T) {
	w := New(Options{Files: true})
	for _, x := range w.storage.mountTargets {
		x.LifeCycleState = efstypes.LifeCycleStateDeleting
	}
	w.roles["invoices-task"].inline = nil
	if err := w.Healed("shop/invoices", time.Hour); err != nil {
		t.Error(err)
	}
}

// What ECS refuses of volumes when a revision is registered.
func TestVolumesAreChecked(t *testing.T) {
	w := New(Options{Files: true})
	for _, c := range []struct {
		name, want string
		change     func(*ecstypes.EFSVolumeConfiguration)
	}{
		{"as it is", "", func(*ecstypes.EFSVolumeConfiguration) {}},
		{"no encryption", "Transit encryption must be enabled", func(v *ecstypes.EFSVolumeConfiguration) { v.TransitEncryption = "" }},
		{"directory and access point", "Root directory", func(v *ecstypes.EFSVolumeConfiguration) { v.RootDirectory = aws.String("/a") }},
	} {
		d := w.definition("invoices", "5.0.0", 8080)
		v := *w.taskDefs["invoices:2"].Volumes[0].EfsVolumeConfiguration
		c.change(&v)
		d.Volumes = []ecstypes.Volume{{Name: aws.String("data"), EfsVolumeConfiguration: &v}}
		if _, err := w.register(d); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	d := w.definition("invoices", "5.0.0", 8080)
	d.ContainerDefinitions[0].MountPoints = []ecstypes.MountPoint{{SourceVolume: aws.String("nothing"), ContainerPath: aws.String("/data")}}
	if _, err := w.register(d); err == nil || !strings.Contains(err.Error(), "Unknown volume 'nothing'.") {
		t.Errorf("unknown volume: %v", err)
	}
	d.ContainerDefinitions[0].MountPoints, d.TaskRoleArn = nil, nil
	d.Volumes = w.taskDefs["invoices:2"].Volumes
	if _, err := w.register(d); err == nil || !strings.Contains(err.Error(), "EFS IAM authorization requires a task role.") {
		t.Errorf("no task role: %v", err)
	}
}
