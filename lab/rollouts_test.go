package lab

import (
	"testing"
	"time"
)

// The services that are not deployed by rolling are healthy, and stay so.
func TestRolloutsBaseIsHealthy(t *testing.T) {
	for seed := range uint64(3) {
		w := New(Options{Rollouts: true, Seed: seed})
		for _, target := range []string{"shop/orders", "shop/catalog", "shop/web", "shop/checkout", "shop/search"} {
			if err := w.Healed(target, time.Hour); err != nil {
				t.Errorf("seed %d: %v%s", seed, err, story(w, target))
			}
		}
	}
}
