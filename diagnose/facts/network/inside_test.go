package network

import (
	"testing"

	"github.com/ecsplain/ecsplain/evidence"
)

func nfs(r evidence.SGRule) evidence.SGRule {
	r.Protocol, r.FromPort, r.ToPort = "tcp", 2049, 2049
	return r
}

// A mount target in the task's own zone, in another subnet.
func TestReachInside(t *testing.T) {
	for _, c := range []struct {
		name                 string
		change               func(w *world, to *Interface)
		taskSG, target, nacl string
	}{
		{"all open", func(*world, *Interface) {}, "no", "no", "no"},
		{"only 443 out", func(w *world, _ *Interface) {
			w.groups["sg-task"].Egress = []evidence.SGRule{tcp443(evidence.SGRule{CIDR: "0.0.0.0/0"})}
		}, "yes", "no", "no"},
		{"out to the group", func(w *world, _ *Interface) {
			w.groups["sg-task"].Egress = []evidence.SGRule{nfs(evidence.SGRule{Group: "sg-nfs"})}
		}, "no", "no", "no"},
		{"out to another group", func(w *world, _ *Interface) {
			w.groups["sg-task"].Egress = []evidence.SGRule{nfs(evidence.SGRule{Group: "sg-ep"})}
		}, "yes", "no", "no"},
		{"out to another address", func(w *world, _ *Interface) {
			w.groups["sg-task"].Egress = []evidence.SGRule{nfs(evidence.SGRule{CIDR: "10.0.11.0/24"})}
		}, "yes", "no", "no"},
		{"another group is let in", func(w *world, _ *Interface) {
			w.groups["sg-nfs"].Ingress = []evidence.SGRule{nfs(evidence.SGRule{Group: "sg-ep"})}
		}, "no", "yes", "no"},
		{"the subnet is let in", func(w *world, _ *Interface) {
			w.groups["sg-nfs"].Ingress = []evidence.SGRule{nfs(evidence.SGRule{CIDR: "10.0.10.0/23"})}
		}, "no", "no", "no"},
		{"a part of the subnet is let in", func(w *world, _ *Interface) {
			w.groups["sg-nfs"].Ingress = []evidence.SGRule{nfs(evidence.SGRule{CIDR: "10.0.10.0/25"})}
		}, "no", "unknown", "no"},
		{"groups not read", func(w *world, to *Interface) {
			to.Known, to.Groups = false, nil
			w.groups["sg-task"].Egress = []evidence.SGRule{nfs(evidence.SGRule{Group: "sg-nfs"})}
		}, "unknown", "unknown", "no"},
		{"the answers are dropped", func(w *world, _ *Interface) {
			w.acls["acl-public"].Entries = []evidence.AclEntry{{Number: 100, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"}, {Number: 32767, Egress: true, Protocol: "-1", CIDR: "0.0.0.0/0"}}
		}, "no", "no", "yes"},
		{"in the task's own subnet no ACL is crossed", func(w *world, to *Interface) {
			to.Subnet, to.IP = "subnet-private", "10.0.10.9"
			w.acls["acl-private"].Entries = nil
		}, "no", "no", "no"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.groups["sg-nfs"] = &evidence.SecurityGroup{ID: "sg-nfs", VpcID: "vpc-1", Ingress: []evidence.SGRule{nfs(evidence.SGRule{Group: "sg-task"})}}
			to := Interface{Name: "mount target fsmt-1", IP: "10.0.0.9", Subnet: "subnet-public", Groups: []string{"sg-nfs"}, Known: true, Port: 2049}
			c.change(w, &to)
			got := ReachInside(evidence.NewView(w.store()), From{Account: mine, Region: region, Subnet: "subnet-private", SecurityGroups: w.taskSGs}, to)
			for _, x := range []struct {
				what, want string
				b          Blocker
			}{{"task's groups", c.taskSG, got.TaskSG}, {"target's groups", c.target, got.TargetSG}, {"ACLs", c.nacl, got.Nacl}} {
				if s := insideAnswer(x.b); s != x.want {
					t.Errorf("%s block: %s (%s, %v), want %s", x.what, s, x.b.Detail, x.b.Basis.Why, x.want)
				}
			}
		})
	}
}

func insideAnswer(b Blocker) string {
	switch {
	case b.Basis.Unknown:
		return "unknown"
	case b.Blocks:
		return "yes"
	}
	return "no"
}
