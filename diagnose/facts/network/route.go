package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// goal is the set of addresses that the packet may be sent to when it leaves the VPC: the one dialled, else all of
// the public space.
func (c *calc) goal() []netip.Prefix {
	if c.ip.Is4() {
		return single(c.ip)
	}
	return publicSpace
}

// lookup returns the routes that the longest match picks for the goal, a Route without a target where nothing
// matches. One result is certain; several mean that it depends on an address we do not know or a list we did not read.
func (c *calc) lookup(s evidence.Subnet, t evidence.RouteTable) []evidence.Route {
	type entry struct {
		block netip.Prefix
		route int
	}
	var entries []entry
	var maybe []int
	for i, r := range t.Routes {
		if p, ok := prefix(r.DestinationCIDR); ok {
			entries = append(entries, entry{p, i})
		}
		if r.DestinationPrefixList == "" || c.otherService(s, r) {
			continue
		}
		_, blocks, known := c.listBlocks(r.DestinationPrefixList)
		for _, p := range blocks {
			entries = append(entries, entry{p, i})
		}
		if !known {
			maybe = append(maybe, i)
		}
	}
	// Longest first, so that the first block that contains a piece wins unless a longer one cuts it. Of the same length,
	// a static route comes before one by prefix list, and that before a propagated one (Amazon VPC user guide, route priority).
	rank := func(e entry) int {
		switch r := t.Routes[e.route]; {
		case r.Origin == "EnableVgwRoutePropagation":
			return 2
		case r.DestinationPrefixList != "":
			return 1
		}
		return 0
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(b.block.Bits()-a.block.Bits(), rank(a)-rank(b))
	})
	at := func(p netip.Prefix) (int, bool) {
		for _, e := range entries {
			if contains(e.block, p) {
				return e.route, true
			}
			if e.block.Overlaps(p) {
				return 0, false
			}
		}
		return -1, true
	}
	found := map[int]bool{}
	for _, p := range c.goal() {
		pieces(p, at, func(_ netip.Prefix, i int) { found[i] = true })
	}
	if !c.ip.IsValid() {
		for i, r := range t.Routes {
			if r.Target == "local" { // a VPC may use public blocks, but the destination is not in them
				delete(found, i)
			}
		}
	}
	found[-1] = found[-1] || len(found) == 0
	for _, i := range maybe {
		found[i] = true
	}
	return c.distinct(t, found)
}

// distinct drops routes that lead to the same place.
func (c *calc) distinct(t evidence.RouteTable, found map[int]bool) (out []evidence.Route) {
	var targets []string
	if found[-1] {
		out = append(out, evidence.Route{})
	}
	for i, r := range t.Routes {
		if !found[i] {
			continue
		}
		if key := r.Target + "|" + r.State; !slices.Contains(targets, key) {
			targets, out = append(targets, key), append(out, r)
		}
	}
	if len(out) > 1 {
		c.because("which address of %s is dialled is not known, and %s sends different addresses different ways", c.name(), t.ID)
	}
	return out
}

func (c *calc) name() string {
	for _, s := range []string{c.to.Host, c.to.Name} {
		if s != "" {
			return s
		}
	}
	return "the destination"
}

// otherService reports whether a route leads to a gateway endpoint, which carries its own service and nothing else.
// The endpoint for the destination itself was looked for before.
func (c *calc) otherService(s evidence.Subnet, r evidence.Route) bool {
	if !strings.HasPrefix(r.Target, "vpce-") {
		return false
	}
	list, _ := c.endpoints(s)
	for _, e := range list {
		if e.ID == r.Target {
			return isGateway(e)
		}
	}
	name, _, known := c.listBlocks(r.DestinationPrefixList)
	return known && awsService(name)
}

// byNAT follows a route into a NAT gateway, and out of the gateway's own subnet.
func (c *calc) byNAT(s evidence.Subnet, w way) []way {
	key := evidence.NatGatewayKey(w.route.Target)
	nat, st := evidence.Read(c.v, key)
	owner, shared := c.owner(s)
	switch {
	case st == evidence.Absent && shared:
		c.becauseOwner(owner, w.route.Target)
		return c.openNAT(w, endNatFailed, endNatNoInternet, endNAT, endBeyond)
	case st == evidence.Absent:
		w.end, w.resource = endNatFailed, w.route.Target
		w.detail = fmt.Sprintf("%s sends %s to %s, which does not exist", w.table, destinationOf(w.route), w.route.Target)
		return []way{w}
	case st != evidence.Found:
		return c.openNAT(w, endNatFailed, endNatNoInternet, endNAT, endBeyond)
	}
	w.nat = nat
	c.v.Cite(key.Key, nat.ID, "State", strings.TrimSpace(nat.State+" "+nat.FailureMessage))
	if nat.State != "available" {
		w.end, w.resource = endNatFailed, nat.ID
		w.detail = strings.TrimRight(fmt.Sprintf("%s is %s, not available: %s %s", nat.ID, nat.State, nat.FailureCode, nat.FailureMessage), ": ")
		return []way{w}
	}
	if nat.SubnetID == "" && nat.Connectivity != "private" {
		w.end = endNAT // a regional NAT gateway has a way out of its own (Amazon VPC user guide, regional NAT gateways)
		return []way{w}
	}
	t, ok := c.table(s, nat.SubnetID)
	if !ok {
		return c.openNAT(w, endNatNoInternet, endNAT, endBeyond)
	}
	var out []way
	for _, r := range c.lookup(s, t) {
		out = append(out, c.outOfNAT(s, t, r, w)...)
	}
	return out
}

// openNAT are the ways that are still possible through the NAT gateway of a route.
func (c *calc) openNAT(w way, ends ...end) []way {
	var out []way
	for _, e := range ends {
		w.end, w.open, w.natOpen = e, true, w.nat.ID == ""
		out = append(out, w)
	}
	return out
}

// outOfNAT follows one matching route of the NAT gateway's own subnet.
func (c *calc) outOfNAT(s evidence.Subnet, t evidence.RouteTable, r evidence.Route, w way) []way {
	c.citeRoute(s, t, r)
	w.end, w.resource = endNatNoInternet, t.ID
	where := fmt.Sprintf("%s is in %s, whose route table %s", w.nat.ID, w.nat.SubnetID, t.ID)
	switch {
	case r.Target == "":
		if owner, shared := c.owner(s); shared {
			c.becauseOwner(owner, "a route of "+t.ID)
			return c.openNAT(w, endNatNoInternet, endNAT, endBeyond)
		}
		w.detail = where + " has no route to an internet gateway"
	case r.State == "blackhole":
		w.detail = fmt.Sprintf("%s sends %s to %s, which no longer exists (blackhole)", where, destinationOf(r), r.Target)
	case strings.HasPrefix(r.Target, "igw-") && w.nat.Connectivity == "private":
		w.resource = w.nat.ID
		w.detail = w.nat.ID + " is a private NAT gateway: it has no public address to reach the internet with"
	case strings.HasPrefix(r.Target, "igw-"):
		w.end, w.resource = endNAT, ""
	case strings.HasPrefix(r.Target, "nat-"):
		w.detail = fmt.Sprintf("%s sends %s to %s instead of an internet gateway", where, destinationOf(r), r.Target)
	default:
		w.end, w.resource, w.hop = endBeyond, "", r.Target
		w.why = fmt.Sprintf("%s sends on to %s, and beyond it the path cannot be seen", w.nat.ID, r.Target)
	}
	return []way{w}
}

func destinationOf(r evidence.Route) string {
	if r.DestinationCIDR != "" {
		return r.DestinationCIDR
	}
	return r.DestinationPrefixList
}

// citeRoute points at the route that matched, or at the table in which none did.
func (c *calc) citeRoute(s evidence.Subnet, t evidence.RouteTable, r evidence.Route) {
	key := evidence.RouteTablesKey(s.VpcID).Key
	if r.Target == "" {
		c.v.Cite(key, t.ID, "Routes", "none for "+c.wanted())
		return
	}
	c.v.Cite(key, t.ID, "Routes", fmt.Sprintf("%s -> %s (%s)", destinationOf(r), r.Target, r.State))
}
