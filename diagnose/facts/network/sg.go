package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// opens reports whether a rule admits the destination's port at all, to or from whomever.
func (c *calc) opens(r evidence.SGRule) bool {
	switch number := map[string]string{"tcp": "6", "udp": "17"}[c.protocol()]; strings.ToLower(r.Protocol) {
	case "-1", "all":
		return true
	case c.protocol(), number:
		return r.FromPort < 0 || r.FromPort <= c.to.Port && c.to.Port <= r.ToPort
	}
	return false
}

func (c *calc) protocol() string {
	if c.udp {
		return "udp"
	}
	return "tcp"
}

// peer is what a rule may name to admit the other side of a connection.
type peer struct {
	set    []netip.Prefix                         // the addresses that the other side may have; all of them must be admitted
	list   string                                 // the prefix list that is exactly the other side, "" = none
	narrow func() ([]netip.Prefix, bool)          // a smaller set, read only where the larger one does not decide; nil = none
	member func(group string) (is tri)            // whether the other side is in a security group
	named  func(name string) (itself, other bool) // of an AWS prefix list by name: it is the other side's, or another service's
}

// admits reports whether rules admit a peer on the destination's port.
func (c *calc) admits(rules []evidence.SGRule, p peer) tri {
	var blocks []netip.Prefix
	open := false // a rule that may admit could not be read
	for _, r := range rules {
		if !c.opens(r) {
			continue
		}
		if b, ok := prefix(r.CIDR); ok {
			blocks = append(blocks, b)
		}
		if r.Group != "" && p.member != nil {
			switch p.member(r.Group) {
			case yes:
				return yes
			case unknown:
				open = true
			}
		}
	}
	if covered(p.set, blocks) == all {
		return yes
	}
	for _, r := range rules {
		if !c.opens(r) || r.PrefixList == "" {
			continue
		}
		if r.PrefixList == p.list {
			return yes
		}
		more, itself, known := c.ruleList(r.PrefixList, p)
		if itself {
			return yes
		}
		blocks, open = append(blocks, more...), open || !known
	}
	return c.covers(blocks, p, open)
}

// ruleList reads the prefix list that a rule names.
func (c *calc) ruleList(id string, p peer) (blocks []netip.Prefix, itself, known bool) {
	name, blocks, known := c.listBlocks(id)
	if p.named != nil && awsService(name) {
		if itself, other := p.named(name); itself || other {
			return nil, itself, known
		}
	}
	return blocks, false, known
}

// covers decides from the blocks of the rules.
func (c *calc) covers(blocks []netip.Prefix, p peer, open bool) tri {
	if len(p.set) == 0 {
		c.because("no IPv4 address is known where %s could be", c.name())
		return unknown
	}
	got := covered(p.set, blocks)
	if got == some && p.narrow != nil {
		smaller, ok := p.narrow()
		if !ok {
			return unknown
		}
		got = covered(smaller, blocks)
	}
	switch {
	case got == all:
		return yes
	case open:
		return unknown
	case got == some:
		c.because("the rules admit a part of the addresses of %s, and which one is dialled is not known", c.name())
		return unknown
	}
	return no
}

// egress reports whether the task's groups let the packet out, on each way that is still possible.
func (c *calc) egress() (tri, []evidence.SecurityGroup, bool) {
	groups, known := c.taskGroups()
	s, ok := c.subnet()
	if !ok || s.IPv6Native || c.ip.Is6() {
		c.ways() // tells why
		return unknown, groups, known
	}
	var rules []evidence.SGRule
	for _, g := range groups {
		rules = append(rules, g.Egress...)
	}
	if c.admits(rules, peer{set: []netip.Prefix{anywhere}}) == yes {
		return yes, groups, known
	}
	var answers []tri
	for _, w := range c.ways() {
		t := c.egressOn(rules, w)
		if t == no && !known {
			t = unknown
		}
		answers = append(answers, t)
	}
	return agree(answers), groups, known
}

func (c *calc) egressOn(rules []evidence.SGRule, w way) tri {
	switch w.end {
	case endEndpoint, endPrivateDNS, endEndpointMissing:
		return c.egressToEndpoint(rules, w)
	}
	p := peer{set: c.goal()}
	p.named = func(name string) (bool, bool) {
		itself := c.to.Gateway && sameService(name, c.to.EndpointService)
		return itself, !itself
	}
	if c.to.Gateway {
		if w.end == endGateway {
			p.list = w.route.DestinationPrefixList
		}
		if !c.ip.IsValid() {
			p.narrow = func() ([]netip.Prefix, bool) { return c.serviceBlocks(w) }
		}
	}
	return c.admits(rules, p)
}

// serviceBlocks are the public blocks of the destination's service, from the list that the route names or by name.
func (c *calc) serviceBlocks(w way) ([]netip.Prefix, bool) {
	if w.end == endGateway && !w.open {
		_, blocks, known := c.listBlocks(w.route.DestinationPrefixList)
		if known && len(blocks) == 0 {
			c.because("the prefix list %s holds no IPv4 block", w.route.DestinationPrefixList)
		}
		return blocks, known && len(blocks) > 0
	}
	pl, st := evidence.Read(c.v, evidence.ServicePrefixListKey(c.to.EndpointService))
	return prefixes(pl.CIDRs), st == evidence.Found
}

// egressToEndpoint: an endpoint's addresses lie in the blocks of its subnets. Of an endpoint that is not there yet
// nothing is known but that it will be in the VPC, so that only rules that admit nothing in the VPC close the way.
func (c *calc) egressToEndpoint(rules []evidence.SGRule, w way) tri {
	s, ok := c.subnet()
	if !ok {
		return unknown
	}
	vpc, ok := c.vpcBlocks(s)
	if !ok {
		return unknown
	}
	p := peer{set: vpc, member: func(string) tri { return unknown }}
	if c.ip.IsValid() {
		p.set = single(c.ip)
	}
	switch {
	case w.end == endEndpointMissing:
		if c.admitsAny(rules, vpc) {
			return yes
		}
	case w.endpoint.ID != "" && !w.open:
		p.member = func(g string) tri {
			if slices.Contains(w.endpoint.Groups, g) {
				return yes
			}
			return no
		}
		if !c.ip.IsValid() {
			p.narrow = func() ([]netip.Prefix, bool) { return c.subnetBlocks(w.endpoint.Subnets) }
		}
	}
	return c.admits(rules, p)
}

// admitsAny reports whether some rule admits the port to a group or to a part of the blocks.
func (c *calc) admitsAny(rules []evidence.SGRule, blocks []netip.Prefix) bool {
	return slices.ContainsFunc(rules, func(r evidence.SGRule) bool {
		if !c.opens(r) {
			return false
		}
		b, ok := prefix(r.CIDR)
		return r.Group != "" || ok && slices.ContainsFunc(blocks, b.Overlaps)
	})
}

// subnetBlocks are the blocks of subnets; known is false where one of them could not be read.
func (c *calc) subnetBlocks(ids []string) (out []netip.Prefix, known bool) {
	known = len(ids) > 0
	for _, id := range ids {
		s, st := evidence.Read(c.v, evidence.SubnetKey(id))
		p, ok := prefix(s.CIDR)
		if ok {
			out = append(out, p)
		}
		known = known && ok && st == evidence.Found
	}
	return out, known
}

// elsewhere reports whether some rule lets the task out on the port, wherever to.
func (c *calc) elsewhere(groups []evidence.SecurityGroup, known bool) tri {
	for _, g := range groups {
		for _, r := range g.Egress {
			if c.opens(r) && (r.CIDR != "" || r.PrefixList != "" || r.Group != "") {
				return yes
			}
		}
	}
	if !known {
		return unknown
	}
	return no
}

// taskSG: no egress rule of the task's groups admits the destination. To S3 it is egressPrefixList instead where the
// groups do let out something else on the same port: then they were written for restricted egress, and the S3 prefix
// list was forgotten.
func (c *calc) taskSG() Blocker {
	admitted, groups, known := c.egress()
	blocks := not(admitted)
	if c.to.Gateway {
		blocks = and(blocks, not(c.elsewhere(groups, known)))
	}
	return c.egressAnswer(blocks, groups, "no egress rule admits %s/%d to %s")
}

func (c *calc) egressPrefixList() Blocker {
	if !c.to.Gateway {
		return c.answer(no, "", "")
	}
	admitted, groups, known := c.egress()
	return c.egressAnswer(and(not(admitted), c.elsewhere(groups, known)), groups, "the egress rules admit %s/%d elsewhere, but not to the prefix list of %s")
}

func (c *calc) egressAnswer(blocks tri, groups []evidence.SecurityGroup, says string) Blocker {
	var ids []string
	for _, g := range groups {
		ids = append(ids, g.ID)
		key := evidence.SecurityGroupKey(g.ID).Key
		if len(c.from.SecurityGroups) == 0 {
			key = evidence.DefaultSecurityGroupKey(g.VpcID).Key
		}
		c.v.Cite(key, g.ID, "IpPermissionsEgress", rulesSay(g.Egress))
	}
	if blocks != yes || len(ids) == 0 {
		return c.answer(blocks, "", "")
	}
	return c.answer(yes, ids[0], strings.Join(ids, ", ")+": "+fmt.Sprintf(says, c.protocol(), c.to.Port, c.name()))
}

// rulesSay writes rules for a cite, the first few of them.
func rulesSay(rules []evidence.SGRule) string {
	var out []string
	for i, r := range rules {
		if i == 6 {
			out = append(out, fmt.Sprintf("and %d more", len(rules)-i))
			break
		}
		ports := fmt.Sprintf("%s/%d-%d", r.Protocol, r.FromPort, r.ToPort)
		if r.Protocol == "-1" {
			ports = "all"
		} else if r.FromPort == r.ToPort {
			ports = fmt.Sprintf("%s/%d", r.Protocol, r.FromPort)
		}
		out = append(out, ports+" "+strings.Join(strings.Fields(strings.Join([]string{r.CIDR, r.IPv6CIDR, r.PrefixList, r.Group}, " ")), " "))
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}
