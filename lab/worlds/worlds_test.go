package worlds

import (
	"testing"
	"time"
)

// TestDraw: worlds can be drawn, are healthy before the fault, and the same seed is the same case.
func TestDraw(t *testing.T) {
	began := time.Now()
	for seed := range uint64(20) {
		c, err := Draw(Options{Seed: seed})
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		}
		symptom, err := c.Broken(nil)
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		kinds := ""
		for _, f := range c.Faults {
			kinds += f.Kind + "; "
		}
		t.Logf("%v seed %d: %d services, %s %v: %s-> %v", time.Since(began), seed, len(c.Topology.Services), c.Target, c.Oddities, kinds, symptom)
	}
}
