package facts

import (
	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/evidence"
)

// EBSFact is the EBS volume that the service makes for each task, and the infrastructure role that ECS makes it with.
// A service without such a volume has none of these faults.
type EBSFact struct {
	Volume  string         `json:"volume"`
	Role    string         `json:"role"` // name
	RoleARN string         `json:"role_arn"`
	Missing Check          `json:"missing"`   // no such role
	Trust   Check          `json:"untrusted"` // it exists and does not trust ecs.amazonaws.com
	Denied  Check          `json:"denied"`    // it may not make a volume
	Basis   evidence.Basis `json:"-"`
}

func ebsFact(v *evidence.View, in *Incident) {
	w := v.Track()
	e := &in.EBS
	same := func(b evidence.Basis) {
		*e = EBSFact{Basis: b, Missing: Check{Basis: b}, Trust: Check{Basis: b}, Denied: Check{Basis: b}}
	}
	if in.Service == "" {
		same(w.Undecided("the task belongs to no service, and what it was started with is not shown"))
		return
	}
	key := evidence.ServiceKey(in.Cluster, in.Service)
	svc, st := evidence.Read(w, key)
	switch {
	case st != evidence.Found:
		same(w.Undecided(""))
		return
	case len(svc.Volumes) == 0:
		w.Cite(key.Key, "service "+in.Service, "volumeConfigurations", "none")
		same(w.Decided())
		return
	}
	vol := svc.Volumes[0]
	w.Cite(key.Key, "service "+in.Service, "volumeConfigurations["+vol.Name+"].roleArn", vol.RoleARN)
	*e = EBSFact{Volume: vol.Name, Role: iam.RoleName(vol.RoleARN), RoleARN: vol.RoleARN, Basis: w.Decided()}
	t := iam.TrustedBy(v.Track(), vol.RoleARN, "ecs.amazonaws.com")
	t.Basis.Cites = append(w.Cites(), t.Basis.Cites...)
	e.Missing = Check{Holds: !t.Exists, Resource: e.Role, Detail: t.Says, Basis: t.Basis}
	e.Trust = Check{Holds: t.Exists && !t.Trusts, Resource: e.Role, Detail: t.Says, Basis: t.Basis}
	if !t.Basis.Unknown && !t.Exists {
		e.Denied.Basis = t.Basis
		return
	}
	l := in.Launch
	task := "arn:" + l.Partition + ":ecs:" + l.Region + ":" + l.Account + ":task/" + in.Cluster + "/*"
	d := iam.RoleMay(v.Track(), vol.RoleARN, "ec2:CreateVolume", "arn:"+l.Partition+":ec2:"+l.Region+":"+l.Account+":volume/*",
		iam.Context{"aws:RequestTag/AmazonECSManaged": {"true"}, "aws:RequestTag/AmazonECSCreated": {task}})
	e.Denied = Check{Holds: d.Denied, Resource: e.Role, Detail: d.Says, Basis: d.Basis}
}
