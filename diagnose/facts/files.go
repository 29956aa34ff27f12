package facts

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/image"
	"github.com/ecsplain/ecsplain/evidence"
)

// FilesFact is what the deciding log line says of a file that the program may not write, open or make, and what the task
// definition has to do with it. Where the line speaks of no such thing, none of its checks holds.
type FilesFact struct {
	Path          string         `json:"path"`        // absolute path in the line; "" = none
	Line          string         `json:"line"`        // the deciding line
	Mount         string         `json:"mount"`       // container path of the mount point that Path lies in; "" = the container's root
	Volume        string         `json:"volume"`      // its volume
	VolumeKind    string         `json:"volume_kind"` // efs, ebs, bind, ...; "" = the container's root
	User          string         `json:"user"`        // of the container; "" = the image's
	ReadOnlyRoot  Check          `json:"read_only_root"`
	ReadOnlyMount Check          `json:"read_only_mount"` // the mount point is read-only
	Refused       Check          `json:"refused"`         // permission denied or read-only on an EFS volume whose mount point may be written
	DiskFull      Check          `json:"disk_full"`       // the task's ephemeral storage
	EphemeralGiB  int            `json:"ephemeral_gib"`   // 20 where the revision sets none
	ImageMiB      int            `json:"image_mib"`       // compressed, all images of the task in ECR that could be read; 0 = not known
	NextGiB       int            `json:"next_gib"`        // twice the size, at most 200
	Basis         evidence.Basis `json:"-"`
}

// Fargate's ephemeral storage (ECS developer guide, "Fargate task ephemeral storage").
const (
	defaultEphemeralGiB = 20
	maxEphemeralGiB     = 200
)

var absolutePath = regexp.MustCompile(`(?:^|[\s'"(:=\[])(/[^\s'"():,;\]]+)`)

func filesFact(v *evidence.View, in *Incident) {
	f := &in.Files
	b := in.Log.Basis
	if in.Definition.Basis.Unknown {
		b = in.Definition.Basis
	}
	if b.Unknown {
		*f = FilesFact{Basis: b}
		f.ReadOnlyRoot.Basis, f.ReadOnlyMount.Basis, f.Refused.Basis, f.DiskFull.Basis = b, b, b, b
		return
	}
	td, _ := evidence.Read(v.Track(), evidence.TaskDefinitionKey(in.Definition.ID))
	i := slices.IndexFunc(td.Containers, func(c evidence.ContainerDefinition) bool { return c.Name == in.Definition.Container })
	if i < 0 {
		b = v.Track().Undecided("the container that wrote the line is not in the task definition")
		*f = FilesFact{Basis: b}
		f.ReadOnlyRoot.Basis, f.ReadOnlyMount.Basis, f.Refused.Basis, f.DiskFull.Basis = b, b, b, b
		return
	}
	c := td.Containers[i]
	f.Line, f.User = in.Log.Deciding.Line, c.User
	f.place(td, c)
	basis := evidence.Basis{Cites: append(slices.Clone(in.Log.Basis.Cites), citeDefinition(v, in, "containerDefinitions["+c.Name+"]",
		fmt.Sprintf("readonlyRootFilesystem %t, mountPoints %s, user %q", c.ReadonlyRoot, mountsSay(c.MountPoints), c.User))...)}
	f.Basis = basis
	readOnly, denied := in.Log.Deciding.Signature == "app.read-only-filesystem", in.Log.Deciding.Signature == "app.file-permission"
	m := slices.IndexFunc(c.MountPoints, func(m evidence.MountPoint) bool { return m.ContainerPath == f.Mount && f.Mount != "" })
	mountReadOnly := m >= 0 && c.MountPoints[m].ReadOnly
	f.ReadOnlyRoot = Check{Holds: readOnly && c.ReadonlyRoot && f.Mount == "", Resource: c.Name, Basis: basis}
	f.ReadOnlyMount = Check{Holds: (readOnly || denied) && mountReadOnly, Resource: f.Volume, Basis: basis}
	f.Refused = Check{Holds: (readOnly || denied) && f.VolumeKind == "efs" && !mountReadOnly, Resource: f.Volume, Basis: basis}
	f.disk(v, in, td, basis)
}

// place finds the path in the line and the mount point it lies in: the longest one that fits.
func (f *FilesFact) place(td evidence.TaskDefinition, c evidence.ContainerDefinition) {
	for _, m := range absolutePath.FindAllStringSubmatch(f.Line, -1) {
		path := strings.TrimRight(m[1], ".")
		f.Path = cmp.Or(f.Path, path)
		for _, p := range c.MountPoints {
			at := strings.TrimSuffix(p.ContainerPath, "/")
			if (path == at || strings.HasPrefix(path, at+"/")) && len(p.ContainerPath) > len(f.Mount) {
				f.Path, f.Mount, f.Volume = path, p.ContainerPath, p.Volume
			}
		}
	}
	for _, v := range td.Volumes {
		if v.Name == f.Volume && f.Volume != "" {
			f.VolumeKind = v.Kind
		}
	}
}

func mountsSay(ms []evidence.MountPoint) string {
	var out []string
	for _, m := range ms {
		s := m.Volume + " on " + m.ContainerPath
		if m.ReadOnly {
			s += " (read-only)"
		}
		out = append(out, s)
	}
	return cmp.Or(strings.Join(out, ", "), "none")
}

// disk: images and everything that containers write outside EFS and EBS share the task's ephemeral storage. "No space
// left" about file watchers is a kernel limit and no disk.
func (f *FilesFact) disk(v *evidence.View, in *Incident, td evidence.TaskDefinition, basis evidence.Basis) {
	f.EphemeralGiB = cmp.Or(td.EphemeralGiB, defaultEphemeralGiB)
	f.NextGiB = min(max(2*f.EphemeralGiB, f.EphemeralGiB+1), maxEphemeralGiB)
	full := in.Log.Deciding.Signature == "app.disk-full" && !strings.Contains(strings.ToLower(f.Line), "watcher")
	f.DiskFull = Check{Holds: full && f.VolumeKind != "efs" && f.VolumeKind != "ebs", Resource: in.Definition.ID, Basis: basis}
	if !f.DiskFull.Holds {
		return
	}
	w := v.Track()
	for _, c := range td.Containers {
		if ref := image.Parse(c.Image); ref.ECR {
			img, st := evidence.Read(w, evidence.ImageKey(ref.RepositoryID(), ref.Suffix()))
			if st == evidence.Found {
				f.ImageMiB += int(img.SizeBytes >> 20)
			}
		}
	}
	f.DiskFull.Basis.Missing = w.Missed() // the size of the images is advice, not proof
}
