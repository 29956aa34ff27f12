package network

import (
	"net/netip"
	"slices"
)

// share tells how much of a set of addresses or ports is admitted.
type share int8

const (
	none share = iota
	some
	all
)

var (
	anywhere = netip.MustParsePrefix("0.0.0.0/0")

	// notPublic are the IPv4 blocks in which no address of the public internet lies (IANA special-purpose registry).
	notPublic = prefixes([]string{"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"})

	// publicSpace is all the rest: where an AWS service may have its public address when we do not know which.
	publicSpace = without(anywhere, notPublic)
)

// prefixes keeps the IPv4 blocks of a list, in order.
func prefixes(cidrs []string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range cidrs {
		if p, ok := prefix(s); ok {
			out = append(out, p)
		}
	}
	return out
}

// prefix reads one IPv4 block; ok is false for anything else.
func prefix(cidr string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(cidr)
	if err != nil || !p.Addr().Is4() {
		return netip.Prefix{}, false
	}
	return p.Masked(), true
}

// contains reports whether all of q lies in p.
func contains(p, q netip.Prefix) bool { return p.Bits() <= q.Bits() && p.Contains(q.Addr()) }

// halves splits a block in two; it must be larger than one address.
func halves(p netip.Prefix) (netip.Prefix, netip.Prefix) {
	bits := p.Bits() + 1
	b := p.Addr().As4()
	b[p.Bits()/8] |= 1 << (7 - p.Bits()%8)
	return netip.PrefixFrom(p.Addr(), bits), netip.PrefixFrom(netip.AddrFrom4(b), bits)
}

// pieces cuts a block until every piece has one verdict, and calls found for each. at answers for a piece, with
// uniform false where the piece is not all alike; at must be uniform for single addresses.
func pieces[T any](p netip.Prefix, at func(netip.Prefix) (verdict T, uniform bool), found func(netip.Prefix, T)) {
	verdict, uniform := at(p)
	if uniform || p.Bits() == 32 {
		found(p, verdict)
		return
	}
	lo, hi := halves(p)
	pieces(lo, at, found)
	pieces(hi, at, found)
}

// without is a block less some others.
func without(p netip.Prefix, others []netip.Prefix) (out []netip.Prefix) {
	pieces(p, inAny(others), func(q netip.Prefix, inside bool) {
		if !inside {
			out = append(out, q)
		}
	})
	return out
}

// inAny answers for pieces: is it inside one of the blocks?
func inAny(blocks []netip.Prefix) func(netip.Prefix) (bool, bool) {
	return func(p netip.Prefix) (bool, bool) {
		if slices.ContainsFunc(blocks, func(b netip.Prefix) bool { return contains(b, p) }) {
			return true, true
		}
		return false, !slices.ContainsFunc(blocks, p.Overlaps)
	}
}

// covered tells how much of the set lies in the blocks. An empty set is not covered at all.
func covered(set, blocks []netip.Prefix) share {
	var in, out bool
	for _, p := range set {
		pieces(p, inAny(blocks), func(_ netip.Prefix, inside bool) {
			in, out = in || inside, out || !inside
		})
	}
	return shareOf(in, out)
}

func shareOf(in, out bool) share {
	switch {
	case in && out:
		return some
	case in:
		return all
	}
	return none
}

// single is the set of one address.
func single(a netip.Addr) []netip.Prefix { return []netip.Prefix{netip.PrefixFrom(a, 32)} }

func isPublic(a netip.Addr) bool { return covered(single(a), publicSpace) == all }
