package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// The answers of a TCP connection come back to a port of this range (Amazon VPC user guide, ephemeral ports). Which
// one cannot be known, so all of it must be admitted: where none is, the ACL blocks; where a part is, it is unknown.
const ephemeralLow, ephemeralHigh = 1024, 65535

// leg is one crossing of a network ACL: packets of the connection in one direction.
type leg struct {
	subnet string // whose ACL is crossed
	egress bool
	set    []netip.Prefix                // the addresses on the other side
	narrow func() ([]netip.Prefix, bool) // a smaller set, read only where the larger does not decide; nil = none
	other  string                        // the other side in words
	lo, hi int                           // ports
	udp    bool                          // else TCP
}

// answers are the legs back of a leg: same subnet, other direction, ephemeral ports.
func (l leg) answers() leg {
	l.egress, l.lo, l.hi = !l.egress, ephemeralLow, ephemeralHigh
	return l
}

// admitted tells how much of a set and a range of ports an ACL lets pass: the lowest number that matches decides.
func admitted(entries []evidence.AclEntry, l leg, set []netip.Prefix) (addresses, ports share) {
	var rules []evidence.AclEntry
	var blocks []netip.Prefix
	for _, e := range entries {
		if p, ok := prefix(e.CIDR); ok && e.Egress == l.egress && carries(e, l.udp) {
			rules, blocks = append(rules, e), append(blocks, p)
		}
	}
	order := make([]int, len(rules))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return rules[a].Number - rules[b].Number })
	var in, out, partIn, partOut bool
	for _, port := range cuts(rules, l.lo, l.hi) {
		at := func(p netip.Prefix) (bool, bool) {
			for _, i := range order {
				if !covers(rules[i], port) {
					continue
				}
				if contains(blocks[i], p) {
					return rules[i].Allow, true
				}
				if blocks[i].Overlaps(p) {
					return false, false
				}
			}
			return false, true
		}
		var portIn, portOut bool
		for _, p := range set {
			pieces(p, at, func(_ netip.Prefix, ok bool) { portIn, portOut = portIn || ok, portOut || !ok })
		}
		in, out = in || portIn, out || portOut
		partIn, partOut = partIn || portIn && !portOut, partOut || portOut && !portIn
	}
	return shareOf(in, out), shareOf(partIn, partOut)
}

// denier is the entry without which the leg would pass; nil = there is none.
func denier(entries []evidence.AclEntry, l leg) *evidence.AclEntry {
	for i, e := range entries {
		if e.Allow || e.Egress != l.egress || e.Number >= lastRule {
			continue
		}
		if got, _ := admitted(slices.Delete(slices.Clone(entries), i, i+1), l, l.set); got == all {
			return &e
		}
	}
	return nil
}

// lastRule is the number of the entry that denies the rest, which cannot be deleted.
const lastRule = 32767

// carries reports whether an entry is about the leg's protocol.
func carries(e evidence.AclEntry, udp bool) bool {
	p := strings.ToLower(e.Protocol)
	if udp {
		return p == "-1" || p == "17" || p == "udp" || p == "all"
	}
	return p == "-1" || p == "6" || p == "tcp" || p == "all"
}

func covers(e evidence.AclEntry, port int) bool {
	if p := strings.ToLower(e.Protocol); p == "-1" || p == "all" {
		return true
	}
	return e.FromPort <= port && port <= e.ToPort
}

// cuts are the ports at which the verdict of some rule may change: one for each stretch of the range.
func cuts(rules []evidence.AclEntry, lo, hi int) []int {
	out := []int{lo}
	for _, r := range rules {
		for _, p := range []int{r.FromPort, r.ToPort + 1} {
			if lo < p && p <= hi {
				out = append(out, p)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// stops reports whether an ACL stops a leg.
func (c *calc) stops(s evidence.Subnet, l leg) (tri, string, string) {
	acl, ok := c.acl(s, l.subnet)
	if !ok || len(l.set) == 0 {
		return unknown, "", ""
	}
	got, ports := admitted(acl.Entries, l, l.set)
	if got == some && l.narrow != nil {
		set, ok := l.narrow()
		if !ok {
			return unknown, acl.ID, ""
		}
		got, ports = admitted(acl.Entries, l, set)
	}
	way, side := "inbound", "from"
	if l.egress {
		way, side = "outbound", "to"
	}
	protocol := "tcp"
	if l.udp {
		protocol = "udp"
	}
	what := fmt.Sprintf("%s %s/%s %s %s", way, protocol, portsOf(l), side, l.other)
	switch got {
	case all:
		return no, "", ""
	case none:
		c.v.Cite(evidence.NetworkAclsKey(s.VpcID).Key, acl.ID, "Entries", entriesSay(acl.Entries, l.egress))
		if c.deny == nil {
			c.deny = denier(acl.Entries, l)
		}
		return yes, acl.ID, fmt.Sprintf("%s, the network ACL of %s, does not allow %s", acl.ID, l.subnet, what)
	}
	if ports == some {
		c.because("%s allows only a part of %s, and which port the answer comes to is not known", acl.ID, what)
	} else {
		c.because("%s allows %s for a part of the addresses, and which one is dialled is not known", acl.ID, what)
	}
	return unknown, acl.ID, ""
}

func portsOf(l leg) string {
	if l.lo == l.hi {
		return fmt.Sprint(l.lo)
	}
	return fmt.Sprintf("%d-%d", l.lo, l.hi)
}

func entriesSay(entries []evidence.AclEntry, egress bool) string {
	var out []string
	for _, e := range entries {
		if e.Egress != egress || len(out) == 6 {
			continue
		}
		verb := "deny"
		if e.Allow {
			verb = "allow"
		}
		out = append(out, fmt.Sprintf("%d %s %s %d-%d %s", e.Number, verb, e.Protocol, e.FromPort, e.ToPort, e.CIDR))
	}
	return strings.Join(out, ", ")
}

// verdict is what the ACLs say about one way.
type verdict struct {
	blocks           tri
	resource, detail string
}

// nacl judges every ACL that the packet and its answer cross, on each way that is still possible.
func (c *calc) nacl() Blocker {
	s, ok := c.subnet()
	if ok {
		c.v.Want(evidence.NetworkAclsKey(s.VpcID).Key)
	}
	var answers []tri
	var first verdict
	for _, w := range c.ways() {
		d := verdict{blocks: unknown}
		if ok {
			d = c.naclOn(s, w)
		}
		if d.blocks == yes && first.blocks != yes {
			first = d
		}
		answers = append(answers, d.blocks)
	}
	return c.answer(agree(answers), first.resource, first.detail)
}

func (c *calc) naclOn(s evidence.Subnet, w way) verdict {
	switch w.end {
	case endEndpointMissing:
		return verdict{} // an endpoint may be put into the task's own subnet, where no ACL is crossed
	case endEndpoint, endPrivateDNS:
		return c.naclToEndpoint(s, w)
	}
	out := leg{subnet: s.ID, egress: true, set: c.goal(), other: c.name(), lo: c.to.Port, hi: c.to.Port}
	if c.to.Gateway && !c.ip.IsValid() {
		out.narrow = func() ([]netip.Prefix, bool) { return c.serviceBlocks(w) }
	}
	legs := []leg{out, out.answers()}
	if n := w.nat.SubnetID; n != "" && n != s.ID {
		in := leg{subnet: n, set: prefixes([]string{s.CIDR}), other: s.CIDR, lo: c.to.Port, hi: c.to.Port}
		on := out
		on.subnet = n
		legs = append(legs, in, in.answers(), on, on.answers())
	}
	d := c.firstStop(s, legs)
	if w.natOpen && d.blocks == no {
		d.blocks = unknown
	}
	return d
}

func (c *calc) firstStop(s evidence.Subnet, legs []leg) verdict {
	var out verdict
	for _, l := range legs {
		t, id, says := c.stops(s, l)
		if t == yes {
			return verdict{yes, id, says}
		}
		out.blocks = or(out.blocks, t)
	}
	return out
}

// naclToEndpoint: an endpoint has an interface in each of its subnets and the name leads to any of them. Inside the
// task's own subnet no ACL is crossed.
func (c *calc) naclToEndpoint(s evidence.Subnet, w way) verdict {
	e := w.endpoint
	if w.open || e.ID == "" {
		return verdict{blocks: unknown}
	}
	if len(e.Subnets) == 0 {
		c.because("no subnet of %s is told", e.ID)
		return verdict{blocks: unknown}
	}
	own, okOwn := prefix(s.CIDR)
	if c.ip.Is4() && okOwn && own.Contains(c.ip) {
		return verdict{}
	}
	var answers []tri
	var first verdict
	for _, id := range e.Subnets {
		if id == s.ID {
			if !c.ip.IsValid() {
				answers = append(answers, no)
			}
			continue
		}
		d := c.firstStop(s, c.endpointLegs(s, id))
		if d.blocks == yes && first.blocks != yes {
			first = d
		}
		answers = append(answers, d.blocks)
	}
	if len(answers) == 0 {
		c.because("%s was dialled, which is in no subnet of %s", c.ip, e.ID)
	}
	first.blocks = agree(answers)
	if first.blocks == unknown && slices.Contains(answers, yes) {
		c.because("the network ACLs stop the way to some of the subnets of %s (%s), and which of them is dialled is not known", e.ID, first.detail)
	}
	return first
}

func (c *calc) endpointLegs(s evidence.Subnet, id string) []leg {
	vpc, _ := c.vpcBlocks(s)
	out := leg{subnet: s.ID, egress: true, set: vpc, other: "the endpoint in " + id, lo: c.to.Port, hi: c.to.Port}
	out.narrow = func() ([]netip.Prefix, bool) { return c.subnetBlocks([]string{id}) }
	if c.ip.IsValid() {
		out.set, out.narrow = single(c.ip), nil
	}
	in := leg{subnet: id, set: prefixes([]string{s.CIDR}), other: s.CIDR, lo: c.to.Port, hi: c.to.Port}
	return []leg{out, out.answers(), in, in.answers()}
}
