package lab

import (
	"testing"
	"time"
)

// TestBeyondIsHealthy: the shop runs as well through a transit gateway and through a firewall.
func TestBeyondIsHealthy(t *testing.T) {
	for seed := range uint64(2) {
		for _, o := range []Options{{Hub: true}, {Inspected: true}} {
			o.Seed = seed
			w := New(o)
			apply(t, w, []Step{{Service: "lab", Operation: "RetireTasks", Input: map[string]any{"Service": "shop/orders"}}, {Service: "lab", Operation: "Advance", Input: map[string]any{"For": "5m"}}})
			for _, target := range []string{"shop/orders", "shop/catalog"} {
				if err := w.Healed(target, 10*time.Minute); err != nil {
					t.Errorf("%+v: %v%s", o, err, story(w, target))
				}
			}
		}
	}
}
