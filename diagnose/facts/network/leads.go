package network

import (
	"fmt"
	"net/netip"

	"github.com/ecsplain/ecsplain/evidence"
)

// Leads sums what the routes do to an address outside of the VPC: the first that stops it, else unknown where one of them
// is. A NAT or internet gateway leads a private address nowhere: the internet has no way to it.
func (p Path) Leads(address string) Blocker {
	var open Blocker
	for _, b := range []Blocker{p.NoRoute, p.Blackhole, p.NatFailed, p.NatNoInternet, p.NoPublicIP, p.PastNAT, p.BlockPublicAccess, p.Beyond} {
		if b.Blocks && !b.Basis.Unknown {
			return b
		}
		if b.Basis.Unknown {
			open.Basis.Unknown = true
			open.Basis.Missing = evidence.SortKeys(append(open.Basis.Missing, b.Basis.Missing...))
			if open.Basis.Why == "" {
				open.Basis.Why = b.Basis.Why
			}
		}
		open.Basis.Cites = addCites(open.Basis.Cites, b.Basis.Cites)
	}
	ip, err := netip.ParseAddr(address)
	if err == nil && ip.Is4() && !open.Basis.Unknown && !isPublic(ip) && (p.Means == MeansNAT || p.Means == MeansInternetGateway) {
		return Blocker{Blocks: true, Resource: p.RouteTable, Basis: open.Basis,
			Detail: fmt.Sprintf("%s has no route of its own to %s and sends it to %s, behind which private addresses lead nowhere", p.RouteTable, ip, p.Via)}
	}
	return open
}
