package worlds

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/ecsplain/ecsplain/lab"
)

var names = []string{"orders", "catalog", "web", "cart", "search", "pay", "mail", "stock", "users", "feed", "quotes", "media", "audit", "rates", "notes", "tours", "maps", "login", "price", "board"}

// drawTopology draws one to three networks and at most so many services in them.
func drawTopology(r *rand.Rand, most int, networks string) lab.Topology {
	var t lab.Topology
	for i := range 1 + r.IntN(3) {
		n := lab.Network{Name: fmt.Sprintf("net%d", i+1), Octet: 10 + i, Zones: 2 + r.IntN(2), NAT: true}
		switch r.IntN(4) {
		case 0:
			n.NAT, n.Endpoints = false, true
		case 1:
			n.Endpoints = true
		}
		t.Networks = append(t.Networks, ofKind(r, networks, n))
	}
	order := r.Perm(len(names))
	clusters := []string{"shop", "back"}[:1+r.IntN(2)]
	for i := range 1 + r.IntN(cmp.Or(most, 12)) {
		l := lab.Workload{Cluster: clusters[r.IntN(len(clusters))], Name: names[order[i%len(names)]], Network: r.IntN(len(t.Networks)), Count: 1 + r.Int32N(3)}
		if i >= len(names) {
			l.Name = fmt.Sprintf("%s%d", l.Name, i/len(names)+1)
		}
		for _, b := range lab.Blocks {
			fits := b.Needs == nil || b.Needs(t.Networks[l.Network])
			if fits && r.Float64() < b.Odds && !slices.ContainsFunc(b.Not, func(n string) bool { return slices.Contains(l.Blocks, n) }) {
				l.Blocks = append(l.Blocks, b.Name)
			}
		}
		t.Services = append(t.Services, l)
	}
	return t
}
