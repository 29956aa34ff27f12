package network

import (
	"cmp"
	"fmt"
	"strings"
)

// hops draws a path: the stations a packet passes, in order, each with what its own blockers say.
func hops(c *calc, p Path) []Hop {
	group := strings.Join(c.from.SecurityGroups, ", ")
	out := []Hop{
		{Kind: "task", ID: p.Subnet, Says: strings.TrimSpace("the task in " + p.Subnet + " " + p.Zone), State: HopOK},
		hop("dns", p.Vpc, "resolves "+c.name(), p.DNS, p.EndpointPrivateDNS),
		hop("security-group", cmp.Or(group, p.TaskGroup), fmt.Sprintf("lets out tcp/%d", p.Port), p.TaskSG, p.EgressPrefixList),
		hop("network-acl", p.Acl, "passes both directions", p.Nacl),
	}
	if p.Means == MeansInterfaceEndpoint {
		out = append(out, hop("vpc-endpoint", p.Via, "answers for "+c.name(), p.EndpointSG, p.EndpointPolicy))
		return append(out, goalHop(c, p))
	}
	route := hop("route-table", p.RouteTable, routeSays(p), p.NoRoute, p.Blackhole, p.EndpointMissing, p.S3GatewayMissing)
	out = append(out, route)
	switch p.Means {
	case MeansGatewayEndpoint:
		out = append(out, hop("vpc-endpoint", p.Via, "carries "+c.to.Name, p.EndpointPolicy))
	case MeansNAT:
		out = append(out, hop("nat-gateway", p.Via, "translates to its public address", p.NatFailed, p.NatNoInternet, p.Beyond),
			hop("internet-gateway", p.InternetGateway, "leads to the internet", p.BlockPublicAccess))
	case MeansInternetGateway:
		out = append(out, hop("internet-gateway", p.Via, "leads to the internet", p.NoPublicIP, p.BlockPublicAccess))
	case "":
	default:
		out = append(out, hop(p.Means, p.Via, "the path goes on where it cannot be seen", p.Beyond))
	}
	return append(out, goalHop(c, p))
}

func routeSays(p Path) string {
	if p.Via == "" {
		return "picks the way out"
	}
	return "sends it to " + p.Via
}

// hop sums its blockers: what blocks speaks, else what is unknown.
func hop(kind, id, says string, blockers ...Blocker) Hop {
	h := Hop{Kind: kind, ID: id, Says: says, State: HopOK}
	for _, b := range blockers {
		switch {
		case b.Basis.Unknown && h.State == HopOK:
			h.State, h.Says = HopUnknown, cmp.Or(b.Basis.Why, "not known yet")
		case !b.Basis.Unknown && b.Blocks && h.State != HopBlocked:
			h.State, h.Says = HopBlocked, b.Detail
		}
	}
	return h
}

// goalHop is the destination: reached, not reached, or not known.
func goalHop(c *calc, p Path) Hop {
	h := Hop{Kind: "destination", ID: c.name(), Says: "can be reached", State: HopOK}
	switch {
	case p.Blocked:
		h.State, h.Says = HopBlocked, "cannot be reached"
	case p.Basis.Unknown:
		h.State, h.Says = HopUnknown, "whether it can be reached is not known"
	}
	return h
}
