package network

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// end is what becomes of the packet at the level of names and routes.
type end string

const (
	endEndpoint         end = "endpoint" // to an interface endpoint that answers for the name
	endGateway          end = "gateway"  // to a gateway endpoint
	endNAT              end = "nat"      // out through a NAT gateway
	endIGW              end = "igw"      // out through the internet gateway, with a public address
	endBeyond           end = "beyond"   // to where this account cannot see
	endNoRoute          end = "no_route"
	endBlackhole        end = "blackhole"
	endNatFailed        end = "nat_failed"
	endNatNoInternet    end = "nat_no_internet"
	endNoPublicIP       end = "no_public_ip"
	endPastNAT          end = "past_nat"
	endEndpointMissing  end = "endpoint_missing"
	endPrivateDNS       end = "endpoint_private_dns"
	endS3GatewayMissing end = "s3_gateway_missing"
)

var (
	routeEnds = []end{endGateway, endNAT, endIGW, endBeyond, endBlackhole, endNatFailed, endNatNoInternet, endNoPublicIP, endPastNAT}
	noneEnds  = []end{endNoRoute, endEndpointMissing, endPrivateDNS, endS3GatewayMissing}
)

// way is one way that the packet may take. With all evidence there is one; while evidence is missing there are as
// many as are still possible, and those that are not worked out (open) know nothing but their end.
type way struct {
	end      end
	open     bool
	endpoint evidence.Endpoint   // the endpoint it goes to, or should go to
	table    string              // the task's route table
	route    evidence.Route      // the matching route
	nat      evidence.NatGateway // the NAT gateway it meets; ID "" = none
	natOpen  bool                // it meets a NAT gateway that was not read
	resource string              // of a fault: the thing to change
	detail   string              // of a fault: what is wrong with it
	why      string              // of endBeyond
	hop      string              // of endBeyond: what it leads to, the first thing that cannot be seen behind
}

func openWays(ends ...end) []way {
	var out []way
	for _, e := range ends {
		out = append(out, way{end: e, open: true, natOpen: e == endNAT || e == endNatFailed || e == endNatNoInternet || e == endBeyond})
	}
	return out
}

// possible leaves out what cannot happen to this destination.
func (c *calc) possible(ws []way) []way {
	var out []way
	for _, w := range ws {
		switch w.end {
		case endEndpoint, endPrivateDNS, endEndpointMissing:
			if c.to.EndpointService == "" || c.to.Gateway && w.end != endEndpoint {
				continue
			}
		case endGateway, endS3GatewayMissing:
			if !c.to.Gateway {
				continue
			}
		case endIGW:
			if !c.from.PublicIP {
				continue
			}
		case endNoPublicIP, endPastNAT:
			if c.from.PublicIP {
				continue
			}
		}
		out = append(out, w)
	}
	return out
}

func (c *calc) anyWay() []way {
	return c.possible(append(append(openWays(endEndpoint), openWays(routeEnds...)...), openWays(noneEnds...)...))
}

// ways works out where the packet goes: first the name, then the route.
func (c *calc) ways() []way {
	s, ok := c.subnet()
	if !ok {
		return c.anyWay()
	}
	c.wantVpc(s)
	switch {
	case s.IPv6Native:
		c.because("%s is an IPv6-only subnet, whose paths are not judged", s.ID)
		return c.anyWay()
	case c.ip.Is6():
		c.because("the address dialled, %s, is IPv6, whose paths are not judged", c.ip)
		return c.anyWay()
	}
	captured, e := c.captured(s)
	var out []way
	if captured != no {
		w := way{end: endEndpoint, endpoint: e, open: e.ID == ""}
		c.citeEndpoint(s, e)
		out = append(append(out, w), c.diverted(s)...)
	}
	if captured != yes {
		out = append(out, c.possible(c.routeWays(s))...)
	}
	return out
}

// wantVpc asks at once for all that the path's level of names and routes is read from.
func (c *calc) wantVpc(s evidence.Subnet) {
	c.v.Want(evidence.RouteTablesKey(s.VpcID).Key)
	c.v.Want(evidence.VpcEndpointsKey(s.VpcID).Key)
	if c.to.EndpointService != "" {
		c.v.Want(evidence.VpcDNSKey(s.VpcID).Key)
	}
}

func (c *calc) citeEndpoint(s evidence.Subnet, e evidence.Endpoint) {
	if e.ID != "" {
		c.v.Cite(evidence.VpcEndpointsKey(s.VpcID).Key, e.ID, "ServiceName", fmt.Sprintf("%s, %s, private DNS %t", e.Service, e.State, e.PrivateDNS))
	}
}

// routeWays follows the task's route table.
func (c *calc) routeWays(s evidence.Subnet) []way {
	t, ok := c.table(s, s.ID)
	if !ok {
		return append(openWays(routeEnds...), c.noWay(s, t)...)
	}
	var out []way
	if narrower := c.narrower(t); c.to.Gateway && narrower != yes {
		found, ws := c.gatewayRoute(s, t)
		if found == yes && narrower == no {
			return ws
		}
		out = append(out, ws...)
	}
	for _, r := range c.lookup(s, t) {
		out = append(out, c.onRoute(s, t, r)...)
	}
	return out
}

// gatewayRoute finds the route to a gateway endpoint for the destination. Its association with a route table is the
// route: a prefix list with a vpce- target.
func (c *calc) gatewayRoute(s evidence.Subnet, t evidence.RouteTable) (tri, []way) {
	var open []way
	for _, r := range t.Routes {
		if r.DestinationPrefixList == "" || !strings.HasPrefix(r.Target, "vpce-") {
			continue
		}
		e := evidence.Endpoint{ID: r.Target}
		is := c.gatewayOf(s, r, &e)
		if is == no {
			continue
		}
		w := way{end: endGateway, endpoint: e, table: t.ID, route: r}
		if r.State == "blackhole" {
			w.end, w.resource = endBlackhole, t.ID
			w.detail = fmt.Sprintf("%s sends %s to %s, which no longer exists (blackhole)", t.ID, c.to.Name, r.Target)
		}
		c.citeRoute(s, t, r)
		if is == yes {
			return yes, []way{w}
		}
		open = append(open, w)
	}
	if len(open) > 0 {
		return unknown, open
	}
	return no, nil
}

// gatewayOf reports whether a route leads to a gateway endpoint for the destination; e is filled where it is listed.
func (c *calc) gatewayOf(s evidence.Subnet, r evidence.Route, e *evidence.Endpoint) tri {
	list, _ := c.endpoints(s)
	for _, x := range list {
		if x.ID == r.Target {
			*e = x
			if isGateway(x) && sameService(x.Service, c.to.EndpointService) {
				return yes
			}
			return no
		}
	}
	name, _, known := c.listBlocks(r.DestinationPrefixList)
	switch {
	case !known:
		return unknown
	case sameService(name, c.to.EndpointService):
		return yes
	}
	return no
}

// onRoute follows one matching route; a route without a target means that nothing matches.
func (c *calc) onRoute(s evidence.Subnet, t evidence.RouteTable, r evidence.Route) []way {
	c.citeRoute(s, t, r)
	w := way{table: t.ID, route: r}
	switch {
	case r.Target == "":
		return c.noWay(s, t)
	case r.State == "blackhole":
		w.end, w.resource = endBlackhole, t.ID
		w.detail = fmt.Sprintf("%s sends %s to %s, which no longer exists (blackhole)", t.ID, destinationOf(r), r.Target)
	case strings.HasPrefix(r.Target, "nat-"):
		return c.byNAT(s, w)
	case strings.HasPrefix(r.Target, "igw-") && c.from.PublicIP:
		w.end = endIGW
	case strings.HasPrefix(r.Target, "igw-") && c.passes(t, r) != "":
		w.end, w.resource = endPastNAT, t.ID
		w.detail = fmt.Sprintf("%s sends %s to the internet gateway %s, past %s, and the task has no public address", t.ID, destinationOf(r), r.Target, c.passes(t, r))
	case strings.HasPrefix(r.Target, "igw-"):
		w.end, w.resource = endNoPublicIP, s.ID
		w.detail = fmt.Sprintf("%s sends %s to the internet gateway %s, but the task has no public address", t.ID, destinationOf(r), r.Target)
	case r.Target == "local":
		w.end = endBeyond
		w.why = fmt.Sprintf("%s lies inside %s, and no endpoint for %s was found there", cmp.Or(c.to.IP, "the address"), s.VpcID, cmp.Or(c.to.Name, c.to.Host))
	default:
		w.end, w.hop = endBeyond, r.Target
		w.why = fmt.Sprintf("beyond %s the path cannot be seen", r.Target)
	}
	return []way{w}
}

// noWay tells why nothing matches. An isolated design has interface endpoints for AWS services in the VPC; there the
// missing endpoint is the fault, not the missing route. A gateway endpoint alone does not make a design isolated.
func (c *calc) noWay(s evidence.Subnet, t evidence.RouteTable) []way {
	if owner, shared := c.owner(s); shared {
		c.becauseOwner(owner, "a route or an endpoint")
		return c.anyWay()
	}
	noRoute := way{end: endNoRoute, table: t.ID, resource: t.ID, detail: fmt.Sprintf("%s, the route table of %s, has no route for %s", t.ID, s.ID, c.wanted())}
	if c.to.EndpointService == "" {
		return []way{noRoute}
	}
	list, ok := c.endpoints(s)
	switch {
	case !ok && c.ip.IsValid():
		return append(openWays(endBeyond, endEndpointMissing, endPrivateDNS, endS3GatewayMissing), noRoute)
	case !ok:
		return append(openWays(endEndpointMissing, endPrivateDNS, endS3GatewayMissing), noRoute)
	case c.to.Gateway && isolated(list):
		return []way{c.noGateway(s, t, list)}
	case c.to.Gateway:
		return []way{noRoute}
	}
	for _, e := range list {
		if isInterface(e) && sameService(e.Service, c.to.EndpointService) {
			return c.unusedEndpoint(s, t, e)
		}
	}
	if isolated(list) {
		return []way{{end: endEndpointMissing, table: t.ID, resource: s.VpcID,
			detail: fmt.Sprintf("%s has no endpoint for %s, and %s has no route out", s.VpcID, c.to.EndpointService, t.ID)}}
	}
	return []way{noRoute}
}

func (c *calc) wanted() string {
	if c.ip.IsValid() {
		return c.ip.String()
	}
	return anywhere.String()
}

// isolated reports whether a VPC reaches AWS services by interface endpoints.
func isolated(list []evidence.Endpoint) bool {
	for _, e := range list {
		if isInterface(e) && available(e) && awsService(e.Service) {
			return true
		}
	}
	return false
}

func (c *calc) noGateway(s evidence.Subnet, t evidence.RouteTable, list []evidence.Endpoint) way {
	w := way{end: endS3GatewayMissing, table: t.ID, resource: t.ID, detail: fmt.Sprintf("%s has no gateway endpoint for S3, and %s has no route out", s.VpcID, t.ID)}
	if e, ok := unassociated(list, c.to.EndpointService, t); ok {
		w.resource = e.ID
		w.detail = fmt.Sprintf("the S3 gateway endpoint %s is not associated with %s, the route table of %s", e.ID, t.ID, s.ID)
		c.citeEndpoint(s, e)
	}
	return w
}

// unassociated finds a gateway endpoint that serves other route tables than this one.
func unassociated(list []evidence.Endpoint, service string, t evidence.RouteTable) (evidence.Endpoint, bool) {
	for _, e := range list {
		if !isGateway(e) || !available(e) || !sameService(e.Service, service) {
			continue
		}
		used := false
		for _, r := range t.Routes {
			used = used || r.Target == e.ID
		}
		if !used {
			return e, true
		}
	}
	return evidence.Endpoint{}, false
}

// unusedEndpoint tells why the endpoint that exists for the service does not answer for its name. With DNS hostnames off no private name
// of an endpoint works; while that is not known, both an answer of the endpoint and none are possible.
func (c *calc) unusedEndpoint(s evidence.Subnet, t evidence.RouteTable, e evidence.Endpoint) []way {
	c.citeEndpoint(s, e)
	w := way{end: endPrivateDNS, table: t.ID, endpoint: e, resource: e.ID, detail: fmt.Sprintf("%s for %s has private DNS off", e.ID, e.Service)}
	switch {
	case !available(e):
		return []way{{end: endEndpointMissing, table: t.ID, resource: e.ID, detail: fmt.Sprintf("%s for %s is %s, not available", e.ID, e.Service, e.State)}}
	case !e.PrivateDNS:
		return []way{w}
	}
	dns, st := evidence.Read(c.v, evidence.VpcDNSKey(s.VpcID))
	switch {
	case c.ip.IsValid() && st != evidence.Found:
		return openWays(endPrivateDNS, endBeyond)
	case c.ip.IsValid() && (dns.Hostnames || !dns.Support):
		c.because("the message dialled %s, but now %s answers for the name", c.ip, e.ID)
		return []way{{end: endBeyond, table: t.ID, endpoint: e, resource: w.resource, detail: w.detail, open: true, why: c.whys[len(c.whys)-1]}}
	}
	w.resource = s.VpcID
	w.detail = fmt.Sprintf("%s has DNS hostnames off, so the private DNS name of %s does not work", s.VpcID, e.ID)
	return []way{w}
}
