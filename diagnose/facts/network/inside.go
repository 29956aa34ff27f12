package network

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// Interface is a network interface inside the task's VPC that a task calls by its address, such as an EFS mount target.
type Interface struct {
	Name   string   // in words, "mount target fsmt-0a"
	IP     string   // IPv4
	Subnet string   // where it stands
	Groups []string // its security groups
	Known  bool     // Groups were read
	Port   int      // TCP
}

// InsidePath is the way from a task to an interface inside its VPC. Routes have no part in it: the VPC's own route
// takes it. Every Blocker is decided by itself.
type InsidePath struct {
	TaskSG   Blocker `json:"task_sg"`   // the task's groups do not let it out
	TargetSG Blocker `json:"target_sg"` // the interface's groups do not let it in
	Nacl     Blocker `json:"nacl"`
}

// ReachInside judges the way from a task to an interface of the same VPC. Where target_sg blocks it names the first of
// the interface's groups. Inside one subnet no network ACL is crossed.
func ReachInside(v *evidence.View, from From, to Interface) InsidePath {
	d := Destination{Name: to.Name, Port: to.Port, IP: to.IP}
	run := func(f func(*calc, Interface) Blocker) Blocker { return f(newCalc(v, from, d), to) }
	return InsidePath{TaskSG: run((*calc).insideEgress), TargetSG: run((*calc).insideIngress), Nacl: run((*calc).insideNacl)}
}

func (c *calc) insideEgress(to Interface) Blocker {
	groups, known := c.taskGroups()
	if !c.ip.Is4() {
		c.because("the address of %s is not known", to.Name)
		return c.answer(unknown, "", "")
	}
	var rules []evidence.SGRule
	for _, g := range groups {
		rules = append(rules, g.Egress...)
	}
	admitted := c.admits(rules, peer{set: single(c.ip), member: func(g string) tri {
		switch {
		case slices.Contains(to.Groups, g):
			return yes
		case !to.Known:
			return unknown
		}
		return no
	}})
	if admitted == no && !known {
		admitted = unknown
	}
	return c.egressAnswer(not(admitted), groups, "no egress rule admits %s/%d to %s")
}

func (c *calc) insideIngress(to Interface) Blocker {
	s, ok := c.subnet()
	if !ok || !to.Known {
		return c.answer(unknown, "", "")
	}
	admitted := c.groupsAdmit(to.Groups, to.Name)
	if admitted == unknown {
		return c.answer(unknown, "", "")
	}
	return c.answer(not(admitted), to.Groups[0], fmt.Sprintf("%s of %s: no ingress rule admits tcp/%d from %s",
		strings.Join(to.Groups, ", "), to.Name, c.to.Port, strings.Join(append(slices.Clone(c.from.SecurityGroups), s.CIDR), " or ")))
}

func (c *calc) insideNacl(to Interface) Blocker {
	s, ok := c.subnet()
	if !ok || to.Subnet == "" || !c.ip.Is4() {
		return c.answer(unknown, "", "")
	}
	if to.Subnet == s.ID {
		c.v.Cite(evidence.SubnetKey(s.ID).Key, s.ID, "SubnetId", to.Name+" is in the task's own subnet, where no network ACL is crossed")
		return c.answer(no, "", "")
	}
	out := leg{subnet: s.ID, egress: true, set: single(c.ip), other: to.Name, lo: c.to.Port, hi: c.to.Port}
	in := leg{subnet: to.Subnet, set: prefixes([]string{s.CIDR}), other: s.CIDR, lo: c.to.Port, hi: c.to.Port}
	d := c.firstStop(s, []leg{out, out.answers(), in, in.answers()})
	if d.blocks == no {
		c.v.Cite(evidence.NetworkAclsKey(s.VpcID).Key, s.ID, "network ACLs", cmp.Or(to.Name, to.IP)+" is admitted both ways")
	}
	return c.answer(d.blocks, d.resource, d.detail)
}
