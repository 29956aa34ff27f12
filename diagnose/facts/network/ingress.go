package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// Balancer is the load balancer whose packets must get into a task.
type Balancer struct {
	ARN     string
	Vpc     string
	Groups  []string // security groups; empty for a network load balancer made without
	Subnets []string
}

// Ingress is whether the packets of a load balancer get into a task. Where SecurityGroup blocks, its Resource is the
// group to change: the task's, or (Side "load-balancer") the load balancer's own.
type Ingress struct {
	SecurityGroup Blocker
	Side          string // of SecurityGroup: task, load-balancer; "" where it does not block
	Nacl          Blocker
	TaskGroup     string   // the task's first security group; "" not known
	BalancerCIDRs []string // the blocks of the load balancer's subnets, where its nodes have their addresses
	TaskCIDR      string   // the block of the task's subnet
}

// Admits judges whether load balancer lb reaches a task at every one of the TCP ports. Its nodes have addresses in its
// subnets, and its security groups; a health check comes from there whatever addresses clients have (Elastic Load
// Balancing user guides: security groups of application and network load balancers).
func Admits(v *evidence.View, task From, lb Balancer, ports []int) Ingress {
	var out Ingress
	w := v.Track()
	for _, id := range lb.Subnets {
		if s, st := evidence.Read(w, evidence.SubnetKey(id)); st == evidence.Found && s.CIDR != "" {
			out.BalancerCIDRs = append(out.BalancerCIDRs, s.CIDR)
		}
	}
	for _, port := range ports {
		c := newCalc(v, task, Destination{Name: "the load balancer", Port: port})
		sg, side := c.lets(lb)
		nacl := newCalc(v, task, Destination{Name: "the load balancer", Port: port}).aclsLet(lb)
		if len(ports) == 1 || worse(sg, out.SecurityGroup) {
			out.SecurityGroup, out.Side = sg, side
		}
		if len(ports) == 1 || worse(nacl, out.Nacl) {
			out.Nacl = nacl
		}
	}
	c := newCalc(v, task, Destination{})
	out.TaskGroup = c.firstTaskGroup()
	if s, ok := c.subnet(); ok {
		out.TaskCIDR = s.CIDR
	}
	return out
}

// worse reports whether a says more against the way than b: a block over an unknown over an open way.
func worse(a, b Blocker) bool {
	rank := func(x Blocker) int {
		switch {
		case x.Basis.Unknown:
			return 1
		case x.Blocks:
			return 2
		}
		return 0
	}
	return rank(a) > rank(b) || len(b.Basis.Cites) == 0 && rank(a) == rank(b)
}

// lets judges security groups: the load balancer's way out, then the task's way in.
func (c *calc) lets(lb Balancer) (Blocker, string) {
	s, ok := c.subnet()
	groups, known := c.taskGroups()
	set, placed := c.subnetBlocks(lb.Subnets)
	var in []evidence.SGRule
	for _, g := range groups {
		in = append(in, g.Ingress...)
	}
	member := func(g string) tri {
		if slices.Contains(lb.Groups, g) {
			return yes
		}
		return no
	}
	if !placed {
		set = nil
	}
	admitted := c.admits(in, peer{set: set, member: member})
	if admitted == no && !known {
		admitted = unknown
	}
	out, lbGroups := c.letsOut(lb, s, ok)
	if admitted == no {
		c.citeIngress(groups, s)
		first := c.firstTaskGroup()
		return c.answer(yes, first, fmt.Sprintf("no inbound rule of %s, the task's security group, admits tcp/%d from %s", first, c.to.Port, fromOf(lb, set))), "task"
	}
	if out == no {
		for _, g := range lbGroups {
			c.v.Cite(evidence.SecurityGroupKey(g.ID).Key, g.ID, "IpPermissionsEgress", rulesSay(g.Egress))
		}
		return c.answer(yes, lb.Groups[0], fmt.Sprintf("no outbound rule of %s, the load balancer's security group, admits tcp/%d to the tasks", lb.Groups[0], c.to.Port)), "load-balancer"
	}
	c.citeIngress(groups, s)
	return c.answer(not(and(admitted, out)), "", ""), ""
}

// letsOut judges the outbound rules of the load balancer's groups. A load balancer without groups sends what it likes.
func (c *calc) letsOut(lb Balancer, s evidence.Subnet, ok bool) (tri, []evidence.SecurityGroup) {
	if len(lb.Groups) == 0 {
		return yes, nil
	}
	var groups []evidence.SecurityGroup
	var rules []evidence.SGRule
	known := true
	for _, id := range lb.Groups {
		g, ok := c.group(id)
		groups, rules, known = append(groups, g), append(rules, g.Egress...), known && ok
	}
	var set []netip.Prefix
	if p, valid := prefix(s.CIDR); ok && valid {
		set = []netip.Prefix{p}
	}
	out := c.admits(rules, peer{set: set, member: func(g string) tri {
		if slices.Contains(c.from.SecurityGroups, g) {
			return yes
		}
		return no
	}})
	if out == no && !known {
		out = unknown
	}
	return out, groups
}

func (c *calc) citeIngress(groups []evidence.SecurityGroup, s evidence.Subnet) {
	for _, g := range groups {
		key := evidence.SecurityGroupKey(g.ID).Key
		if len(c.from.SecurityGroups) == 0 {
			key = evidence.DefaultSecurityGroupKey(s.VpcID).Key
		}
		c.v.Cite(key, g.ID, "IpPermissions", rulesSay(g.Ingress))
	}
}

func fromOf(lb Balancer, set []netip.Prefix) string {
	if len(lb.Groups) > 0 {
		return "the load balancer's security group " + strings.Join(lb.Groups, ", ")
	}
	blocks := make([]string, len(set))
	for i, p := range set {
		blocks[i] = p.String()
	}
	return "the load balancer's subnets " + strings.Join(blocks, ", ")
}

// aclsLet judges the network ACLs between the load balancer's subnets and the task's, both ways. Inside one subnet none
// is crossed.
func (c *calc) aclsLet(lb Balancer) Blocker {
	s, ok := c.subnet()
	if !ok {
		return c.answer(unknown, "", "")
	}
	if lb.Vpc != s.VpcID {
		c.because("the load balancer is in %s and the task in %s, and the ACLs between two VPCs are not judged", lb.Vpc, s.VpcID)
		return c.answer(unknown, "", "")
	}
	var answers []tri
	var first verdict
	for _, id := range lb.Subnets {
		if id == s.ID {
			answers = append(answers, no)
			continue
		}
		from, known := c.subnetBlocks([]string{id})
		if !known {
			answers = append(answers, unknown)
			c.v.Want(evidence.NetworkAclsKey(s.VpcID).Key)
			continue
		}
		in := leg{subnet: s.ID, set: from, other: id, lo: c.to.Port, hi: c.to.Port}
		out := leg{subnet: id, egress: true, set: prefixes([]string{s.CIDR}), other: s.CIDR, lo: c.to.Port, hi: c.to.Port}
		d := c.firstStop(s, []leg{in, in.answers(), out, out.answers()})
		if d.blocks == yes && first.blocks != yes {
			first = d
		}
		answers = append(answers, d.blocks)
	}
	blocks := agree(answers)
	if blocks == unknown && slices.Contains(answers, yes) {
		c.because("%s, so the checks of some of the load balancer's nodes are lost", first.detail)
	}
	return c.answer(blocks, first.resource, first.detail)
}
