package lab

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
)

// nfsPort is the only port of EFS.
const nfsPort = 2049

// mountPatience is how long the mount helper tries: two attempts of 15 seconds that it cuts short, then one that the NFS client
// gives up after its two minutes (efs-utils, "retry_nfs_mount_command"; nfs(5), "retry").
const mountPatience = 2*time.Minute + 30*time.Second

// efsVolumes are the volumes of a task that EFS gives.
func (t *task) efsVolumes() []*ecstypes.EFSVolumeConfiguration {
	var out []*ecstypes.EFSVolumeConfiguration
	for _, v := range t.launch.definition.Volumes {
		if v.EfsVolumeConfiguration != nil {
			out = append(out, v.EfsVolumeConfiguration)
		}
	}
	return out
}

// mountFailed is a failure of the mount helper, with what it wrote and its exit code.
func mountFailed(stderr string, code int, patience time.Duration) *failure {
	return &failure{patience: patience, reason: fmt.Sprintf("ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: %s : unsuccessful EFS utils command execution; code: %d", stderr, code)}
}

// mount mounts one EFS volume: name, way, permission, directory.
func (w *World) mount(t *task, v *ecstypes.EFSVolumeConfiguration) *failure {
	id := aws.ToString(v.FileSystemId)
	host := w.fileSystemName(id)
	eni := w.interfaces[t.eni]
	switch r := w.reach(eni, host, nfsPort); {
	case r.Failure == "dns":
		return mountFailed(fmt.Sprintf("Failed to resolve %q - check that your file system ID is correct, and ensure that the VPC has an EFS mount target for this file system ID.", host), 1, 0)
	case !r.OK:
		return mountFailed("Mount attempt 1/3 failed due to timeout after 15 sec, wait 0 sec before next attempt. Mount attempt 2/3 failed due to timeout after 15 sec, wait 0 sec before next attempt. "+
			"b'mount.nfs4: Connection timed out'", 32, mountPatience)
	}
	f := w.storage.fileSystems[id] // it has a mount target, so it is there
	ap, ok := w.mountPoint(v)
	root := path.Clean("/" + aws.ToString(v.RootDirectory))
	if encrypted(v) {
		host = "127.0.0.1" // the helper's own TLS proxy
	}
	if !ok || !w.mayMount(t, v, f) {
		return mountFailed(fmt.Sprintf("b'mount.nfs4: access denied by server while mounting %s:%s'", host, root), 32, 0)
	}
	if ap != nil {
		root = aws.ToString(ap.RootDirectory.Path)
		if i := ap.RootDirectory.CreationInfo; i != nil && !f.directories[root] { // made at the first mount
			f.directories[root] = true
			f.owners[root] = owner{aws.ToInt64(i.OwnerUid), aws.ToInt64(i.OwnerGid), aws.ToString(i.Permissions)}
		}
	}
	if root != "/" && !f.directories[root] {
		return mountFailed(fmt.Sprintf("b'mount.nfs4: mounting %s:%s failed, reason given by server: No such file or directory'", host, path.Clean("/"+aws.ToString(v.RootDirectory))), 32, 0)
	}
	return nil
}

func encrypted(v *ecstypes.EFSVolumeConfiguration) bool {
	return v.TransitEncryption == ecstypes.EFSTransitEncryptionEnabled
}

// mountPoint is the access point of a volume, nil where it names none; ok is false for one that is not there or belongs to
// another file system, which EFS refuses.
func (w *World) mountPoint(v *ecstypes.EFSVolumeConfiguration) (ap *accessPoint, ok bool) {
	if v.AuthorizationConfig == nil || aws.ToString(v.AuthorizationConfig.AccessPointId) == "" {
		return nil, true
	}
	ap = w.storage.accessPoints[*v.AuthorizationConfig.AccessPointId]
	if ap == nil || ap.LifeCycleState != efstypes.LifeCycleStateAvailable || *ap.FileSystemId != aws.ToString(v.FileSystemId) {
		return nil, false
	}
	return ap, true
}

// mayMount asks IAM for elasticfilesystem:ClientMount. Without a policy of its own a file system lets every client in, so that
// only a Deny of the role's counts. A volume without IAM connects as nobody, for whom the policy alone decides (EFS user
// guide, "Using IAM to control access to file systems").
func (w *World) mayMount(t *task, v *ecstypes.EFSVolumeConfiguration, f *fileSystem) bool {
	return w.mayUse(t, v, f, "elasticfilesystem:ClientMount")
}

// mayUse is mayMount for any action of a client.
func (w *World) mayUse(t *task, v *ecstypes.EFSVolumeConfiguration, f *fileSystem, action string) bool {
	extra := map[string]string{"aws:securetransport": fmt.Sprint(encrypted(v)), "elasticfilesystem:accessedviamounttarget": "true"}
	a := v.AuthorizationConfig
	if a != nil && aws.ToString(a.AccessPointId) != "" {
		extra["elasticfilesystem:accesspointarn"] = w.efsARN("access-point/" + *a.AccessPointId)
	}
	byRole := a != nil && a.Iam == ecstypes.EFSAuthorizationConfigIAMEnabled
	role := ""
	if byRole {
		role = lastPart(aws.ToString(t.launch.definition.TaskRoleArn))
	}
	q := query{w: w, action: action, resource: *f.FileSystemArn, role: role, context: w.requestContext(role, "")}
	delete(q.context, "aws:sourceip") // the request comes from inside the VPC
	maps.Copy(q.context, extra)
	switch {
	case byRole && f.policy == "":
		return !q.identity().deny && !q.boundary().deny
	case byRole:
		return q.decide(f.policy, "").Allowed
	case f.policy == "":
		return true
	}
	q.context["aws:principaltype"] = "Anonymous"
	delete(q.context, "aws:principalaccount")
	all := q.ask("the policy of "+*f.FileSystemId, f.policy, q.isCaller)
	return all.allow && !all.deny
}

// fileSystemName is the name that a file system's mount targets have.
func (w *World) fileSystemName(id string) string {
	return id + "." + w.hostOf("efs")
}

// fileSystemOf is the id in the name of a file system, "" for any other host.
func (w *World) fileSystemOf(host string) string {
	id, ok := strings.CutSuffix(host, "."+w.hostOf("efs"))
	if !ok || strings.Contains(id, ".") {
		return ""
	}
	return id
}

// lookupFileSystem answers the name of a file system: inside a VPC with both DNS attributes on it is the address of the mount
// target in the asker's zone (EFS user guide, "Mounting on EC2 with a DNS name"). Nowhere else it exists.
func (w *World) lookupFileSystem(v *vpc, eni *ec2types.NetworkInterface, id string, private bool) destination {
	if !private || !v.dnsSupport || !v.dnsHostnames {
		return destination{blocker: *v.VpcId}
	}
	for _, t := range w.targetsOf(id) {
		n := w.interfaces[*t.NetworkInterfaceId]
		if *t.VpcId == *v.VpcId && aws.ToString(t.AvailabilityZoneName) == aws.ToString(eni.AvailabilityZone) && t.LifeCycleState == efstypes.LifeCycleStateAvailable && n != nil {
			return destination{ip: address(n), ok: true}
		}
	}
	return destination{blocker: id}
}

// checkVolumes refuses what ECS refuses at registration about volumes.
func checkVolumes(in *ecs.RegisterTaskDefinitionInput) error {
	known := map[string]bool{}
	for _, v := range in.Volumes {
		known[aws.ToString(v.Name)] = true
		e := v.EfsVolumeConfiguration
		if e == nil {
			continue
		}
		a := cmp.Or(e.AuthorizationConfig, &ecstypes.EFSAuthorizationConfig{})
		iam := a.Iam == ecstypes.EFSAuthorizationConfigIAMEnabled
		switch root := aws.ToString(e.RootDirectory); {
		case iam && aws.ToString(in.TaskRoleArn) == "":
			return client("EFS IAM authorization requires a task role.")
		case (iam || aws.ToString(a.AccessPointId) != "") && !encrypted(e):
			return client("Transit encryption must be enabled for EFS volume '%s' with IAM authorization or an access point.", aws.ToString(v.Name))
		case aws.ToString(a.AccessPointId) != "" && root != "" && root != "/":
			return client("Root directory of EFS volume '%s' must be omitted or set to / when an access point is used.", aws.ToString(v.Name))
		}
	}
	for _, c := range in.ContainerDefinitions {
		for _, m := range c.MountPoints {
			if !known[aws.ToString(m.SourceVolume)] {
				return client("Unknown volume '%s'.", aws.ToString(m.SourceVolume))
			}
		}
	}
	return nil
}
