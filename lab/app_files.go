package lab

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// owner is whose a directory of a file system is, as NFS knows it: numbers alone.
type owner struct {
	uid, gid int64
	mode     string // of creation info: 0750
}

// allows tells whether a user may write the directory.
func (o owner) allows(uid, gid int64) bool {
	digit := o.mode[len(o.mode)-1]
	switch {
	case uid == 0:
		return true
	case uid == o.uid:
		digit = o.mode[len(o.mode)-3]
	case gid == o.gid:
		digit = o.mode[len(o.mode)-2]
	}
	return (digit-'0')&2 != 0
}

// mountOf is the mount point that a path lies in, the longest one; nil = the container's own file system.
func (c *container) mountOf(path string) *ecstypes.MountPoint {
	var best *ecstypes.MountPoint
	for i := range c.def.MountPoints {
		m := &c.def.MountPoints[i]
		at := strings.TrimSuffix(aws.ToString(m.ContainerPath), "/")
		if strings.HasPrefix(path, at+"/") && (best == nil || len(*m.ContainerPath) > len(*best.ContainerPath)) {
			best = m
		}
	}
	return best
}

// volumeOf is the EFS volume of a mount point, nil for any other volume.
func (t *task) volumeOf(m *ecstypes.MountPoint) *ecstypes.EFSVolumeConfiguration {
	for _, v := range t.launch.definition.Volumes {
		if m != nil && aws.ToString(v.Name) == aws.ToString(m.SourceVolume) {
			return v.EfsVolumeConfiguration
		}
	}
	return nil
}

// openFile is what the kernel says when the program opens a file to write; "" = it may.
func (w *World) openFile(t *task, c *container, path string) string {
	m := c.mountOf(path)
	switch {
	case m == nil && aws.ToBool(c.def.ReadonlyRootFilesystem), m != nil && aws.ToBool(m.ReadOnly):
		return "read-only file system"
	}
	v := t.volumeOf(m)
	if v == nil {
		return ""
	}
	f := w.storage.fileSystems[aws.ToString(v.FileSystemId)]
	if f == nil {
		return "stale NFS file handle"
	}
	if !w.mayUse(t, v, f, "elasticfilesystem:ClientWrite") {
		return "read-only file system"
	}
	uid, gid := numberPair(aws.ToString(c.def.User))
	root := "/" + strings.Trim(aws.ToString(v.RootDirectory), "/")
	if ap, ok := w.mountPoint(v); ok && ap != nil {
		root = aws.ToString(ap.RootDirectory.Path)
		if ap.PosixUser != nil {
			uid, gid = *ap.PosixUser.Uid, *ap.PosixUser.Gid
		}
	}
	if !f.ownerOf(root).allows(uid, gid) {
		return "permission denied"
	}
	return ""
}

// ownerOf is whose a directory is; what nobody made by an access point is root's, as a new file system's own root.
func (f *fileSystem) ownerOf(directory string) owner {
	if o, ok := f.owners[directory]; ok {
		return o
	}
	return owner{mode: "0755"}
}

// numberPair reads a container's user: UID or UID:GID; a name is not looked up and counts as root.
func numberPair(user string) (uid, gid int64) {
	a, b, _ := strings.Cut(user, ":")
	return int64(number(a)), int64(number(b))
}

const defaultDisk = 20 // GiB of ephemeral storage on Fargate

// freeDisk is the room in MiB that the images leave on a task's disk: each lies there compressed and unpacked, which is taken to be three times
// its size in the registry together.
func (t *task) freeDisk() int {
	size := defaultDisk
	if e := t.launch.definition.EphemeralStorage; e != nil {
		size = int(e.SizeInGiB)
	}
	free := size * 1024
	for _, c := range t.containers {
		if c.image != nil {
			free -= int(3 * c.image.Size >> 20)
		}
	}
	return free
}

// useFiles makes the program open and fill its files. false = it ended.
func (w *World) useFiles(t *task, c *container) bool {
	app := c.image.App
	if app.Writes != "" {
		if refused := w.openFile(t, c, app.Writes); refused != "" {
			w.say(t, c, fmt.Sprintf("level=fatal msg=\"cannot keep the books: open %s: %s\"", app.Writes, refused))
			w.exit(t, c, 1, "")
			return false
		}
	}
	if app.Spools > 0 && t.volumeOf(c.mountOf(app.SpoolsTo)) == nil {
		if free := t.freeDisk(); free < app.Spools {
			after := time.Duration(float64(app.Growth) * float64(free) / float64(app.Spools))
			w.later(t, after, func() {
				w.say(t, c, fmt.Sprintf("level=fatal msg=\"write %s: no space left on device\"", app.SpoolsTo))
				w.exit(t, c, 1, "")
			})
		}
	}
	return true
}
