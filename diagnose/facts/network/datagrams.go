package network

import (
	"net/netip"

	"github.com/ecsplain/ecsplain/evidence"
)

// QueryNacl judges the network ACL of the task's own subnet for UDP queries to a port of an address, such as a name server
// of the VPC's own, and for the answers. Other ACLs on the way are not judged. Inside one subnet none is crossed.
func QueryNacl(v *evidence.View, from From, address string, port int) Blocker {
	c := newCalc(v, from, Destination{Name: address, IP: address, Port: port})
	s, ok := c.subnet()
	if !ok {
		return c.answer(unknown, "", "")
	}
	if !c.ip.Is4() {
		c.because("%s is no IPv4 address, whose paths alone are judged", address)
		return c.answer(unknown, "", "")
	}
	if p, ok := prefix(s.CIDR); ok && p.Contains(c.ip) {
		c.v.Cite(evidence.SubnetKey(s.ID).Key, s.ID, "CidrBlock", s.CIDR)
		return c.answer(no, "", "")
	}
	out := leg{subnet: s.ID, egress: true, set: []netip.Prefix{netip.PrefixFrom(c.ip, 32)}, other: address, lo: port, hi: port, udp: true}
	d := c.firstStop(s, []leg{out, out.answers()})
	return c.answer(d.blocks, d.resource, d.detail)
}

// QueryEgress judges whether the task's security groups let a query out to an address by UDP. Answers need no rule: groups remember.
func QueryEgress(v *evidence.View, from From, address string, port int) Blocker {
	c := newCalc(v, from, Destination{Name: address, IP: address, Port: port})
	c.udp = true
	return c.insideEgress(Interface{Name: address, IP: address})
}
