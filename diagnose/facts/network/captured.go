package network

import (
	"fmt"
	"net/netip"

	"github.com/ecsplain/ecsplain/evidence"
)

// captured reports whether an interface endpoint answers for the name. The address that was dialled decides where it
// is known: a public one went past every endpoint. Without DNS support no name resolves at all, which is a fault of
// its own, so the endpoint is then judged as if the names worked.
func (c *calc) captured(s evidence.Subnet) (tri, evidence.Endpoint) {
	if c.to.EndpointService == "" || c.ip.IsValid() && isPublic(c.ip) {
		return no, evidence.Endpoint{}
	}
	if c.ip.IsValid() {
		return c.dialledInside(s)
	}
	list, ok := c.endpoints(s)
	if !ok {
		return unknown, evidence.Endpoint{}
	}
	for _, e := range list {
		if !isInterface(e) || !available(e) || !e.PrivateDNS || !sameService(e.Service, c.to.EndpointService) {
			continue
		}
		dns, st := evidence.Read(c.v, evidence.VpcDNSKey(s.VpcID))
		switch {
		case st != evidence.Found:
			return unknown, e
		case dns.Support && !dns.Hostnames:
			return no, evidence.Endpoint{}
		case c.to.Gateway && hasGateway(list, c.to.EndpointService):
			c.because("%s has both an interface and a gateway endpoint for %s, and which of them the name leads to is not told", s.VpcID, c.to.Name)
			return unknown, e
		}
		return yes, e
	}
	return no, evidence.Endpoint{}
}

func hasGateway(list []evidence.Endpoint, service string) bool {
	for _, e := range list {
		if isGateway(e) && sameService(e.Service, service) {
			return true
		}
	}
	return false
}

// dialledInside judges a private address that was dialled: inside the VPC it is an endpoint's.
func (c *calc) dialledInside(s evidence.Subnet) (tri, evidence.Endpoint) {
	blocks, ok := c.vpcBlocks(s)
	list, listed := c.endpoints(s)
	switch {
	case !ok:
		return unknown, evidence.Endpoint{}
	case covered(single(c.ip), blocks) != all:
		return no, evidence.Endpoint{}
	case !listed:
		return unknown, evidence.Endpoint{}
	}
	for _, e := range list {
		if isInterface(e) && available(e) && sameService(e.Service, c.to.EndpointService) {
			return yes, e
		}
	}
	return no, evidence.Endpoint{}
}

// widestVpc is the prefix length of the largest block that a VPC can have (Amazon VPC user guide, "VPC CIDR blocks").
const widestVpc = 16

// diverted is the way of a packet to an address inside the VPC whose local route leads elsewhere: a middlebox, for which AWS lets the target
// of the local route be replaced, and longer routes be added (Amazon VPC user guide, "Replace or restore the target for a local route").
// Which of the endpoint's addresses it reaches that way cannot be seen. The blocks of the VPC are read off the local routes.
func (c *calc) diverted(s evidence.Subnet) []way {
	t, ok := c.table(s, s.ID)
	if !ok {
		return openWays(endBeyond)
	}
	own, _ := prefix(s.CIDR)
	var blocks []netip.Prefix
	for _, r := range t.Routes {
		if p, ok := prefix(r.DestinationCIDR); ok && r.Target == "local" {
			blocks = append(blocks, p)
		}
	}
	for _, r := range t.Routes {
		p, ok := prefix(r.DestinationCIDR)
		replaced := p.Bits() >= widestVpc && contains(p, own) && covered([]netip.Prefix{own}, blocks) != all
		if !ok || r.Target == "local" || covered([]netip.Prefix{p}, blocks) != all && !replaced {
			continue
		}
		c.citeRoute(s, t, r)
		why := fmt.Sprintf("%s sends %s, which lies inside %s, to %s, behind which the path cannot be seen", t.ID, r.DestinationCIDR, s.VpcID, r.Target)
		c.because("%s", why)
		return []way{{end: endBeyond, table: t.ID, route: r, hop: r.Target, why: why}}
	}
	return nil
}
