package network

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// Reach judges the path from a task to a destination: every blocker by itself, with the keys that would decide those
// that are still open. It reads the subnet and the security groups first, then what belongs to the VPC, then what the
// path really touches (the NAT gateway of the route, the endpoint's groups, prefix lists that a route or rule names).
//
// Definitions, at the level of names and routes, each excluding the others:
//   - dns: enableDnsSupport is off. The rest of the path is then judged as if names worked.
//   - Captured: an available interface endpoint for the service with private DNS, in a VPC with DNS hostnames, answers
//     for the name. Nothing falls back to the route then. For S3 a route to a gateway endpoint carries the packet.
//     A private address that was dialled inside the VPC is an endpoint's; a public one went past all endpoints.
//   - blackhole: the longest match is a route whose target is gone. nat_failed: it leads to a NAT gateway that is not
//     available. nat_no_internet: the gateway's own subnet has no active route to an internet gateway. no_public_ip:
//     it leads to an internet gateway and the task has no public address. past_nat: the same by a route narrower than
//     one of the same table that leads to a NAT gateway.
//   - No route matches, and: endpoint_private_dns, where an available interface endpoint for the service is there;
//     endpoint_missing, where there is none but the VPC has available interface endpoints for other AWS services, or
//     the one for the service is not available; s3_gateway_missing, the same for S3; no_route otherwise, also where
//     the VPC has a gateway endpoint, for one alone does not replace a way out.
//   - beyond: the route leads to a transit gateway, peering, VPN, appliance, ...: unknown, and never a fault.
//
// In a network that another account owns, absence is unknown; what is seen stays what it is.
//
// A decided Blocker that blocks, and a decided Path, may still list Missing keys: they add only material for fixes.
func Reach(v *evidence.View, from From, to Destination) Path {
	p := Path{Destination: to.Name, Host: to.Host, Port: cmp.Or(to.Port, 443), Subnet: from.Subnet}
	run := func(f func(*calc) Blocker) Blocker { return f(newCalc(v, from, to)) }
	fault := func(e end) Blocker { return run(func(c *calc) Blocker { return c.fault(e) }) }
	p.DNS = run((*calc).dns)
	p.NoRoute, p.Blackhole = fault(endNoRoute), fault(endBlackhole)
	p.NatFailed, p.NatNoInternet = fault(endNatFailed), fault(endNatNoInternet)
	p.NoPublicIP, p.PastNAT = fault(endNoPublicIP), fault(endPastNAT)
	p.EndpointMissing, p.EndpointPrivateDNS = fault(endEndpointMissing), fault(endPrivateDNS)
	p.S3GatewayMissing = fault(endS3GatewayMissing)
	p.EndpointSG, p.EndpointPolicy = run((*calc).endpointSG), run((*calc).endpointPolicy)
	p.TaskSG, p.EgressPrefixList = run((*calc).taskSG), run((*calc).egressPrefixList)
	p.Nacl = run(func(c *calc) Blocker {
		b := c.nacl()
		if c.deny != nil && b.Blocks && !b.Basis.Unknown {
			p.DenyRule, p.DenyEgress, p.DenySays = c.deny.Number, c.deny.Egress, entriesSay([]evidence.AclEntry{*c.deny}, c.deny.Egress)
		}
		return b
	})
	p.BlockPublicAccess = run((*calc).blockPublicAccess)
	p.Beyond = run((*calc).beyond)

	describe(newCalc(v, from, to), &p)
	material(newCalc(v, from, to), &p)
	newCalc(v, from, to).narrowRoute(&p)
	p.sum()
	p.Hops = hops(newCalc(v, from, to), p)
	return p
}

// blockers are all blockers of a path, in the order in which a packet would meet them.
func (p *Path) blockers() []*Blocker {
	return []*Blocker{&p.DNS, &p.EndpointPrivateDNS, &p.TaskSG, &p.EgressPrefixList, &p.Nacl, &p.NoRoute, &p.Blackhole, &p.EndpointMissing,
		&p.S3GatewayMissing, &p.EndpointSG, &p.EndpointPolicy, &p.NatFailed, &p.NatNoInternet, &p.NoPublicIP, &p.PastNAT, &p.BlockPublicAccess, &p.Beyond}
}

// sum makes the path's own answer out of its blockers'.
func (p *Path) sum() {
	var open, shut evidence.Basis
	var whys []string
	for _, b := range p.blockers() {
		switch {
		case b.Basis.Unknown:
			open.Unknown = true
			open.Missing = append(open.Missing, b.Basis.Missing...)
			open.Cites = addCites(open.Cites, b.Basis.Cites)
			if b.Basis.Why != "" && !slices.Contains(whys, b.Basis.Why) {
				whys = append(whys, b.Basis.Why)
			}
		case b.Blocks:
			p.Blocked = true
			shut.Missing = append(shut.Missing, b.Basis.Missing...)
			shut.Cites = addCites(shut.Cites, b.Basis.Cites)
		default:
			open.Cites = addCites(open.Cites, b.Basis.Cites)
		}
	}
	p.Basis = open
	p.Basis.Why = strings.Join(whys, "; ")
	if p.Blocked {
		p.Basis = shut
	}
	p.Basis.Missing = evidence.SortKeys(p.Basis.Missing)
}

func addCites(to, cites []evidence.Cite) []evidence.Cite {
	for _, c := range cites {
		if !slices.Contains(to, c) {
			to = append(to, c)
		}
	}
	return to
}

// fault reports whether the packet ends so.
func (c *calc) fault(e end) Blocker {
	var answers []tri
	var first way
	one := true
	for _, w := range c.ways() {
		t := no
		if w.end == e {
			t = yes
			one = one && (first.resource == "" || first.resource == w.resource)
			first = w
		}
		answers = append(answers, t)
	}
	t := agree(answers)
	if t == yes && (first.resource == "" || !one) {
		t = unknown // its end is certain, where it lies is not
	}
	return c.answer(t, first.resource, first.detail)
}

// beyond never blocks: it is unknown where the path leaves what can be seen.
func (c *calc) beyond() Blocker {
	t := no
	for _, w := range c.ways() {
		if w.end == endBeyond {
			t = unknown
			if w.why != "" {
				c.because("%s", w.why)
			}
		}
	}
	return c.answer(t, "", "")
}

func (c *calc) dns() Blocker {
	s, ok := c.subnet()
	if !ok {
		return c.answer(unknown, "", "")
	}
	key := evidence.VpcDNSKey(s.VpcID)
	dns, st := evidence.Read(c.v, key)
	if st != evidence.Found {
		return c.answer(unknown, "", "")
	}
	c.v.Cite(key.Key, s.VpcID, "enableDnsSupport", fmt.Sprint(dns.Support))
	if dns.Support {
		return c.answer(no, "", "")
	}
	return c.answer(yes, s.VpcID, s.VpcID+" has DNS support off, so no name resolves in it")
}

const (
	blockBoth    = "block-bidirectional"
	blockIngress = "block-ingress"
)

// blockPublicAccess judges VPC Block Public Access where the path passes an internet gateway. A subnet's own mode
// counts (an exclusion turns it off), else the VPC's. In mode block-ingress AWS lets only NAT gateways and egress-only
// internet gateways pass (Amazon EC2 API, BlockPublicAccessStates); what that means for a connection that a task with
// a public address opens itself is not said clearly enough to decide.
func (c *calc) blockPublicAccess() Blocker {
	s, ok := c.subnet()
	if !ok {
		return c.answer(unknown, "", "")
	}
	var answers []tri
	for _, w := range c.ways() {
		t := no
		switch w.end {
		case endIGW, endNoPublicIP, endPastNAT:
			t = c.bpaDirect(s)
		case endNAT, endNatFailed, endNatNoInternet:
			t = c.bpaNAT(s, w)
		}
		answers = append(answers, t)
	}
	c.v.Cite(evidence.SubnetKey(s.ID).Key, s.ID, "InternetGatewayBlockMode", cmp.Or(s.BlockPublicAccess, "off"))
	return c.answer(agree(answers), s.VpcID, fmt.Sprintf("VPC Block Public Access is %s for %s: nothing passes its internet gateway", blockBoth, s.VpcID))
}

// bpaMode is the mode that holds for a subnet.
func (c *calc) bpaMode(s evidence.Subnet) (string, bool) {
	if s.BlockPublicAccess != "" {
		return s.BlockPublicAccess, true
	}
	vpc, st := evidence.Read(c.v, evidence.VpcKey(s.VpcID))
	return vpc.BlockPublicAccess, st == evidence.Found
}

func (c *calc) bpaDirect(s evidence.Subnet) tri {
	mode, ok := c.bpaMode(s)
	switch {
	case !ok:
		return unknown
	case mode == blockBoth:
		return yes
	case mode == blockIngress:
		c.because("VPC Block Public Access is %s for %s, which lets only NAT gateways and egress-only internet gateways pass", blockIngress, s.ID)
		return unknown
	}
	return no
}

// bpaNAT: through a NAT gateway it is the gateway's subnet that faces the internet gateway.
func (c *calc) bpaNAT(s evidence.Subnet, w way) tri {
	own, ok := c.bpaMode(s)
	vpc, st := evidence.Read(c.v, evidence.VpcKey(s.VpcID))
	if !ok || st != evidence.Found {
		return unknown
	}
	if own != blockBoth && vpc.BlockPublicAccess != blockBoth {
		return no
	}
	faces := vpc.BlockPublicAccess
	switch {
	case w.natOpen:
		return unknown
	case w.nat.SubnetID != "":
		at, st := evidence.Read(c.v, evidence.SubnetKey(w.nat.SubnetID))
		if st != evidence.Found {
			return unknown
		}
		faces, _ = c.bpaMode(at)
	}
	switch {
	case faces == blockBoth:
		return yes
	case own == blockBoth:
		c.because("VPC Block Public Access is %s for %s but not where its NAT gateway is", blockBoth, s.ID)
		return unknown
	}
	return no
}

// describe fills what the path is made of, as far as it is known.
func describe(c *calc, p *Path) {
	s, ok := c.subnet()
	if !ok {
		return
	}
	p.Vpc, p.Zone = s.VpcID, s.AvailabilityZone
	if t, ok := c.table(s, s.ID); ok {
		p.RouteTable = t.ID
	}
	if a, ok := c.acl(s, s.ID); ok {
		p.Acl = a.ID
	}
	ws := c.ways()
	for i, w := range ws {
		via, means := w.carrier()
		if i > 0 && (via != p.Via || means != p.Means) {
			p.Via, p.Means, p.LeavesBy, p.LeavesAt = "", "", "", ""
			return
		}
		p.Via, p.Means = via, means
		if w.end == endBeyond && !w.open && len(ws) == 1 {
			p.LeavesBy, p.LeavesAt = w.hop, cmp.Or(w.nat.SubnetID, s.ID)
		}
	}
}

// carrier is what carries the packet out of the subnet, and which sort of thing that is.
func (w way) carrier() (via, means string) {
	switch {
	case w.end == endEndpoint && !w.open:
		return w.endpoint.ID, MeansInterfaceEndpoint
	case w.end == endGateway:
		return w.endpoint.ID, MeansGatewayEndpoint
	case w.route.Target == "" || w.end == endBlackhole:
		return "", ""
	}
	for _, m := range []struct{ prefix, means string }{{"nat-", MeansNAT}, {"igw-", MeansInternetGateway}, {"tgw-", MeansTransitGateway}, {"pcx-", MeansPeering},
		{"vgw-", MeansVirtualGateway}, {"vpce-", MeansFirewall}, {"eni-", MeansAppliance}, {"i-", MeansAppliance}, {"local", MeansLocal}} {
		if strings.HasPrefix(w.route.Target, m.prefix) {
			return w.route.Target, m.means
		}
	}
	return w.route.Target, MeansOther
}

// Either is the answer where none of two paths is known to be blocked: a blocker is open where it is open on one of
// them. What describes the path is the first's.
func Either(a, b Path) Path {
	theirs := b.blockers()
	for i, x := range a.blockers() {
		y := theirs[i]
		if !y.Basis.Unknown {
			continue
		}
		missing := append(slices.Clone(x.Basis.Missing), y.Basis.Missing...)
		if !x.Basis.Unknown {
			*x = *y
		}
		x.Basis.Missing = evidence.SortKeys(missing)
	}
	a.sum()
	return a
}
