package network

import (
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// passes is what would carry the packet if r were not there: a NAT gateway, or a gateway endpoint for the destination; "" = nothing.
func (c *calc) passes(t evidence.RouteTable, r evidence.Route) string {
	if nat := widerNAT(t, r); nat != "" {
		return nat
	}
	for _, g := range t.Routes {
		if g.DestinationPrefixList != "" && strings.HasPrefix(g.Target, "vpce-") && c.to.Gateway && g.State != "blackhole" {
			return g.Target
		}
	}
	return ""
}

// widerNAT is the NAT gateway of the narrowest route of the table that r takes addresses away from; "" = it takes them from none.
func widerNAT(t evidence.RouteTable, r evidence.Route) string {
	block, ok := prefix(r.DestinationCIDR)
	target, bits := "", -1
	for _, wide := range t.Routes {
		if w, is := prefix(wide.DestinationCIDR); ok && is && w.Bits() < block.Bits() && contains(w, block) && w.Bits() > bits {
			target, bits = wide.Target, w.Bits()
		}
	}
	if strings.HasPrefix(target, "nat-") {
		return target
	}
	return ""
}

// narrower reports whether a route by block carries the packet although one by prefix list leads to a gateway endpoint: a longer match
// wins, and of the same length the one by block (Amazon VPC user guide, route priority). Where the address is not known it can be open.
func (c *calc) narrower(t evidence.RouteTable) tri {
	answer := no
	for _, gateway := range t.Routes {
		if gateway.DestinationPrefixList == "" || !strings.HasPrefix(gateway.Target, "vpce-") {
			continue
		}
		for _, r := range t.Routes {
			block, ok := prefix(r.DestinationCIDR)
			if !ok || block.Bits() == 0 || r.Target == "local" || c.ip.Is4() && !block.Contains(c.ip) {
				continue
			}
			_, listed, known := c.listBlocks(gateway.DestinationPrefixList)
			if !known {
				answer = unknown
			}
			for _, l := range listed {
				switch {
				case block.Bits() < l.Bits() || !l.Overlaps(block):
				case c.ip.Is4() && l.Contains(c.ip):
					return yes
				case !c.ip.Is4():
					c.because("which address of %s is dialled is not known, and %s sends some of them past the gateway endpoint", c.name(), t.ID)
					answer = unknown
				}
			}
		}
	}
	return answer
}

// narrowRoute notes the route that leads some of the possible addresses past the NAT gateway.
func (c *calc) narrowRoute(p *Path) {
	for _, w := range c.ways() {
		if w.end == endPastNAT && !w.open {
			p.NarrowRoute, p.NarrowTarget = w.route.DestinationCIDR, w.route.Target
			p.past = Blocker{Blocks: true, Resource: w.resource, Detail: w.detail, Basis: c.v.Decided()}
			return
		}
	}
}

// Failed tells a path that packets were lost on it. Where some of the addresses that may have been dialled lead past the NAT gateway to
// where no answer comes from, and nothing else stops any of them, it was one of those.
func (p *Path) Failed() {
	if !p.past.Blocks || !p.PastNAT.Basis.Unknown {
		return
	}
	open := false
	for _, b := range p.blockers() {
		switch {
		case b == &p.PastNAT:
		case b.Blocks && !b.Basis.Unknown:
			return
		case b.Basis.Unknown:
			open = true
			p.PastNAT.Basis.Missing = evidence.SortKeys(append(p.PastNAT.Basis.Missing, b.Basis.Missing...))
		}
	}
	if open {
		return
	}
	p.PastNAT = p.past
	p.sum()
}
