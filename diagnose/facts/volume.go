package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
)

// nfsPort is the only port of EFS. The answers come back to high ports: the client does not use reserved ones.
const nfsPort = 2049

// VolumeFact is the EFS volume of the task definition that the failure is about: the one whose file system the message
// names, else the first one with a fault. A task definition without EFS volumes has none of these faults.
type VolumeFact struct {
	Any           bool     `json:"any"` // the task definition has EFS volumes
	Name          string   `json:"name"`
	FileSystem    string   `json:"file_system"`
	AccessPoint   string   `json:"access_point"` // "" = none
	Root          string   `json:"root"`         // root directory as written, "/" where none is
	IAM           bool     `json:"iam"`
	Encrypted     bool     `json:"encrypted"` // in transit
	Zone          string   `json:"zone"`      // of the task's subnet
	Target        string   `json:"target"`    // mount target in that zone; "" = none
	TargetState   string   `json:"target_state"`
	TargetSubnet  string   `json:"target_subnet"`
	Address       string   `json:"address"`
	Group         string   `json:"group"`          // a security group of the file system's mount targets in this VPC; "" = not known
	TaskGroup     string   `json:"task_group"`     // first of the task's
	OtherSubnets  []string `json:"other_subnets"`  // subnets of the service in zones that have a mount target
	OneZone       string   `json:"one_zone"`       // zone of a One Zone file system; "" = Regional
	Elsewhere     string   `json:"elsewhere"`      // another VPC in which the mount targets are; "" = none
	ContainerUser string   `json:"container_user"` // "" = the image's
	ActsAs        string   `json:"acts_as"`        // uid:gid that the access point imposes; "" = none

	Missing            Check              `json:"missing"`         // no such file system
	NoTarget           Check              `json:"no_mount_target"` // none in the task's zone and VPC
	Unavailable        Check              `json:"unavailable"`     // the mount target there is not available
	Hostnames          Check              `json:"hostnames"`       // DNS works in the VPC, but DNS hostnames are off
	Network            network.InsidePath `json:"network"`
	AccessPointMissing Check              `json:"access_point_missing"`
	RootMissing        Check              `json:"root_missing"` // a directory is asked for that EFS does not make
	Unencrypted        Check              `json:"unencrypted"`  // settings that need encryption in transit, which is off
	Mount              MountRight         `json:"mount"`
	Write              MountRight         `json:"write"`
	Basis              evidence.Basis     `json:"-"`
}

func volumeFact(v *evidence.View, in *Incident) {
	d := in.Definition
	if d.Basis.Unknown {
		in.Volume = noVolume(d.Basis)
		return
	}
	td, _ := evidence.Read(v.Track(), evidence.TaskDefinitionKey(d.ID))
	if len(td.EFSVolumes) == 0 {
		in.Volume = noVolume(evidence.Basis{Cites: citeDefinition(v, in, "volumes.efsVolumeConfiguration", "none")})
		return
	}
	var all []VolumeFact
	for _, vol := range td.EFSVolumes {
		f := oneVolume(v, in, vol)
		if vol.Name == in.Launch.Volume || strings.Contains(in.Message.Text, vol.FileSystemID) {
			in.Volume = f
			return
		}
		all = append(all, f)
	}
	pick := slices.IndexFunc(all, VolumeFact.broken)
	if pick < 0 {
		pick = max(0, slices.IndexFunc(all, VolumeFact.open))
	}
	in.Volume = all[pick]
}

// noVolume answers every question alike.
func noVolume(b evidence.Basis) VolumeFact {
	f := VolumeFact{Basis: b}
	for _, c := range f.checks() {
		c.Basis = b
	}
	for _, c := range []*network.Blocker{&f.Network.TaskSG, &f.Network.TargetSG, &f.Network.Nacl} {
		c.Basis = b
	}
	f.Mount.Basis, f.Write.Basis = b, b
	return f
}

func (f *VolumeFact) checks() []*Check {
	return []*Check{&f.Missing, &f.NoTarget, &f.Unavailable, &f.Hostnames, &f.AccessPointMissing, &f.RootMissing, &f.Unencrypted}
}

func (f VolumeFact) broken() bool {
	n := f.Network
	return slices.ContainsFunc(f.checks(), func(c *Check) bool { return c.Holds }) || n.TaskSG.Blocks || n.TargetSG.Blocks || n.Nacl.Blocks || f.Mount.Refused
}

func (f VolumeFact) open() bool {
	n := f.Network
	return slices.ContainsFunc(f.checks(), func(c *Check) bool { return c.Basis.Unknown }) || n.TaskSG.Basis.Unknown || n.TargetSG.Basis.Unknown ||
		n.Nacl.Basis.Unknown || f.Mount.Basis.Unknown
}

func oneVolume(v *evidence.View, in *Incident, vol evidence.EFSVolume) VolumeFact {
	f := VolumeFact{Any: true, Name: vol.Name, FileSystem: vol.FileSystemID, AccessPoint: vol.AccessPointID, Root: cmp.Or(vol.RootDirectory, "/"),
		IAM: vol.IAM, Encrypted: vol.TransitEncryption}
	f.Basis.Cites = citeDefinition(v, in, "volumes.efsVolumeConfiguration", fmt.Sprintf("%s: %s%s, access point %s, iam %t, encryption in transit %t", vol.Name, vol.FileSystemID, f.Root,
		cmp.Or(vol.AccessPointID, "none"), vol.IAM, vol.TransitEncryption))
	if len(in.Launch.SecurityGroups) > 0 {
		f.TaskGroup = in.Launch.SecurityGroups[0]
	}
	f.target(v, in)
	f.network(v, in)
	f.hostnames(v, in)
	f.accessPoint(v, in)
	f.rights(v, in)
	f.unencrypted()
	return f
}

// target looks for the mount target that the file system's name resolves to: the one in the task's zone and VPC (EFS user
// guide, "Mounting on EC2 with a DNS name"). Without one there the name does not resolve.
func (f *VolumeFact) target(v *evidence.View, in *Incident) {
	w := v.Track()
	key := evidence.MountTargetsKey(f.FileSystem)
	list, st := evidence.Read(w, key)
	if st == evidence.Absent {
		w.Cite(key.Key, "file system "+f.FileSystem, "FileSystemId", "does not exist in this account and region")
		f.Missing = Check{Holds: true, Resource: f.FileSystem, Detail: f.FileSystem + " does not exist in this account and region", Basis: w.Decided()}
		f.NoTarget.Basis, f.Unavailable.Basis = w.Decided(), w.Decided()
		return
	}
	subnet, known := evidence.Subnet{}, in.Launch.Subnet != ""
	if known {
		var sst evidence.State
		subnet, sst = evidence.Read(w, evidence.SubnetKey(in.Launch.Subnet))
		known = sst == evidence.Found
	}
	if st != evidence.Found {
		b := w.Undecided("")
		f.Missing.Basis, f.NoTarget.Basis, f.Unavailable.Basis = b, b, b
		return
	}
	w.Cite(key.Key, "file system "+f.FileSystem, "MountTargets", targetsSay(list.Targets))
	f.Missing.Basis = w.Decided()
	if !known {
		b := w.Undecided("the subnet of the failed start is not known")
		f.NoTarget.Basis, f.Unavailable.Basis = b, b
		return
	}
	w.Cite(evidence.SubnetKey(subnet.ID).Key, subnet.ID, "AvailabilityZone", subnet.AvailabilityZone)
	f.Zone = subnet.AvailabilityZone
	var served []string
	for _, t := range list.Targets {
		if t.VpcID != subnet.VpcID {
			f.Elsewhere = t.VpcID
			continue
		}
		served = append(served, t.ZoneID)
		if t.ZoneID == subnet.ZoneID && f.Target == "" {
			f.Target, f.TargetState, f.TargetSubnet, f.Address = t.ID, t.State, t.SubnetID, t.IP
		}
	}
	b := w.Decided()
	f.NoTarget = Check{Holds: f.Target == "", Basis: b}
	f.Unavailable = Check{Holds: f.Target != "" && f.TargetState != "available", Resource: f.Target, Basis: b}
	if f.Unavailable.Holds {
		f.Unavailable.Detail = fmt.Sprintf("mount target %s of %s in %s is %s", f.Target, f.FileSystem, f.Zone, f.TargetState)
	}
	if f.NoTarget.Holds {
		f.NoTarget.Resource, f.NoTarget.Detail = f.FileSystem, noTargetSays(f, list, subnet)
		f.material(v, in, list, subnet, served)
	}
}

func targetsSay(ts []evidence.MountTarget) string {
	var out []string
	for _, t := range ts {
		out = append(out, fmt.Sprintf("%s in %s (%s, %s) is %s", t.ID, t.AvailabilityZone, t.SubnetID, t.VpcID, t.State))
	}
	return cmp.Or(strings.Join(out, "; "), "none")
}

func noTargetSays(f *VolumeFact, list evidence.MountTargets, s evidence.Subnet) string {
	var zones []string
	for _, t := range list.Targets {
		if t.VpcID == s.VpcID {
			zones = append(zones, t.AvailabilityZone)
		}
	}
	switch {
	case len(list.Targets) == 0:
		return f.FileSystem + " has no mount target at all"
	case len(zones) == 0:
		return fmt.Sprintf("all mount targets of %s are in %s, and the task is in %s", f.FileSystem, f.Elsewhere, s.VpcID)
	}
	return fmt.Sprintf("%s has mount targets in %s and none in %s, the zone of %s", f.FileSystem, strings.Join(zones, ", "), s.AvailabilityZone, s.ID)
}

// material reads what a fix for a missing mount target is made of.
func (f *VolumeFact) material(v *evidence.View, in *Incident, list evidence.MountTargets, s evidence.Subnet, served []string) {
	w := v.Track()
	if fs, st := evidence.Read(w, evidence.FileSystemKey(f.FileSystem)); st == evidence.Found {
		f.OneZone = fs.AvailabilityZone
	}
	for _, t := range list.Targets {
		if t.VpcID == s.VpcID && f.Group == "" {
			groups, _ := evidence.Read(w, evidence.MountTargetGroupsKey(t.ID))
			if len(groups.Names) > 0 {
				f.Group = groups.Names[0]
			}
		}
	}
	for _, id := range in.Launch.Subnets {
		if other, st := evidence.Read(w, evidence.SubnetKey(id)); st == evidence.Found && slices.Contains(served, other.ZoneID) {
			f.OtherSubnets = append(f.OtherSubnets, id)
		}
	}
	f.NoTarget.Basis.Missing = w.Missed()
}

// network judges the way to the mount target. Where there is none, nothing stands in its way.
func (f *VolumeFact) network(v *evidence.View, in *Incident) {
	switch {
	case f.NoTarget.Basis.Unknown:
		b := f.NoTarget.Basis
		f.Network = network.InsidePath{TaskSG: network.Blocker{Basis: b}, TargetSG: network.Blocker{Basis: b}, Nacl: network.Blocker{Basis: b}}
		return
	case f.Target == "":
		b := evidence.Basis{Cites: f.NoTarget.Basis.Cites}
		f.Network = network.InsidePath{TaskSG: network.Blocker{Basis: b}, TargetSG: network.Blocker{Basis: b}, Nacl: network.Blocker{Basis: b}}
		return
	}
	l := in.Launch
	w := v.Track()
	groups, st := evidence.Read(w, evidence.MountTargetGroupsKey(f.Target))
	if len(groups.Names) > 0 {
		f.Group = groups.Names[0]
	}
	from := network.From{Account: l.Account, Region: l.Region, Partition: l.Partition, Subnet: l.Subnet, SecurityGroups: l.SecurityGroups, PublicIP: l.PublicIP}
	to := network.Interface{Name: "mount target " + f.Target, IP: f.Address, Subnet: f.TargetSubnet, Groups: groups.Names, Known: st == evidence.Found, Port: nfsPort}
	f.Network = network.ReachInside(v, from, to)
	if b := &f.Network.TargetSG.Basis; b.Unknown {
		b.Missing = evidence.SortKeys(append(b.Missing, w.Missed()...))
	}
	if b := &f.Network.TaskSG.Basis; b.Unknown {
		b.Missing = evidence.SortKeys(append(b.Missing, w.Missed()...))
	}
}

// hostnames: EFS names need both of the VPC's DNS attributes (EFS user guide, "Mounting on EC2 with a DNS name"). DNS
// support off is a fault of its own, which stops every name.
func (f *VolumeFact) hostnames(v *evidence.View, in *Incident) {
	w := v.Track()
	if in.Launch.Subnet == "" {
		f.Hostnames.Basis = w.Undecided("the subnet of the failed start is not known")
		return
	}
	subnet, st := evidence.Read(w, evidence.SubnetKey(in.Launch.Subnet))
	if st != evidence.Found {
		f.Hostnames.Basis = w.Undecided("")
		return
	}
	key := evidence.VpcDNSKey(subnet.VpcID)
	dns, st := evidence.Read(w, key)
	if st != evidence.Found {
		f.Hostnames.Basis = w.Undecided("")
		return
	}
	w.Cite(key.Key, subnet.VpcID, "enableDnsHostnames", fmt.Sprint(dns.Hostnames))
	f.Hostnames = Check{Holds: dns.Support && !dns.Hostnames, Resource: subnet.VpcID, Detail: "DNS hostnames are off in " + subnet.VpcID, Basis: w.Decided()}
}

func (f *VolumeFact) accessPoint(v *evidence.View, in *Incident) {
	basis := evidence.Basis{Cites: f.Basis.Cites}
	f.AccessPointMissing.Basis, f.RootMissing.Basis = basis, basis
	if f.AccessPoint == "" {
		f.RootMissing = Check{Holds: f.Root != "/", Resource: f.Root, Detail: fmt.Sprintf("volume %s asks for the directory %s of %s, and EFS makes no directories of its own there", f.Name, f.Root, f.FileSystem), Basis: basis}
		return
	}
	w := v.Track()
	key := evidence.AccessPointKey(f.AccessPoint)
	ap, st := evidence.Read(w, key)
	c := &f.AccessPointMissing
	switch {
	case st == evidence.Absent:
		w.Cite(key.Key, "access point "+f.AccessPoint, "AccessPointId", "does not exist")
		c.Holds, c.Detail = true, f.AccessPoint+" does not exist"
	case st != evidence.Found:
		c.Basis, f.RootMissing.Basis = w.Undecided(""), w.Undecided("")
		return
	case ap.FileSystemID != f.FileSystem:
		w.Cite(key.Key, "access point "+f.AccessPoint, "FileSystemId", ap.FileSystemID)
		c.Holds, c.Detail = true, fmt.Sprintf("%s belongs to %s and not to %s", f.AccessPoint, ap.FileSystemID, f.FileSystem)
	case ap.State != "available":
		w.Cite(key.Key, "access point "+f.AccessPoint, "LifeCycleState", ap.State)
		c.Holds, c.Detail = true, f.AccessPoint+" is "+ap.State
	default:
		w.Cite(key.Key, "access point "+f.AccessPoint, "FileSystemId", ap.FileSystemID)
	}
	c.Resource, c.Basis = f.AccessPoint, w.Decided()
	if ap.User.Known {
		f.ActsAs = fmt.Sprintf("%d:%d", ap.User.UID, ap.User.GID)
	}
	f.RootMissing = Check{Holds: !c.Holds && ap.RootPath != "/" && !ap.Creation.Known, Resource: ap.RootPath, Basis: w.Decided(),
		Detail: fmt.Sprintf("access point %s leads to the directory %s of %s and is not told how to make it", f.AccessPoint, ap.RootPath, f.FileSystem)}
}

// unencrypted: an access point, IAM and some file system policies need encryption in transit.
func (f *VolumeFact) unencrypted() {
	c := &f.Unencrypted
	c.Resource = f.Name
	switch {
	case !f.Encrypted && (f.IAM || f.AccessPoint != ""):
		c.Holds, c.Basis = true, evidence.Basis{Cites: f.Basis.Cites}
		c.Detail = "an access point and IAM authorization both need encryption in transit"
	case f.Encrypted:
		c.Basis = evidence.Basis{Cites: f.Basis.Cites}
	default:
		c.Holds, c.Basis = f.Mount.Cause == byEncryption, f.Mount.Basis
		c.Detail = f.Mount.Says
	}
}
