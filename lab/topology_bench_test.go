package lab

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

const bigServices = 500

// big is an account of 500 services with 5,000 running tasks in three networks.
func big() Topology {
	t := Topology{}
	for i := range 3 {
		t.Networks = append(t.Networks, Network{Name: fmt.Sprintf("net%d", i), Octet: 10 + i, Zones: 3, NAT: true, Wide: true})
	}
	for i := range bigServices {
		l := Workload{Cluster: fmt.Sprintf("c%d", i%5), Name: fmt.Sprintf("svc%d", i), Network: i % 3, Count: 10, Blocks: []string{"secret"}}
		if i%10 == 0 {
			l.Blocks = append(l.Blocks, "balancer")
		}
		t.Services = append(t.Services, l)
	}
	return t
}

// BenchmarkBigWorld builds 500 services with 5,000 running tasks and lets 100 of them be deployed anew: 1,000 stopped tasks. It reports the
// memory that the world keeps.
func BenchmarkBigWorld(b *testing.B) {
	for range b.N {
		top := big()
		w := New(Options{Topology: &top})
		var steps []Step
		for i := range bigServices / 5 {
			steps = append(steps, Step{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": fmt.Sprintf("c%d", i%5), "service": fmt.Sprintf("svc%d", i), "forceNewDeployment": true}})
		}
		if err := w.Apply(steps); err != nil {
			b.Fatal(err)
		}
		w.Advance(15 * time.Minute)
		running, stopped := 0, 0
		for _, t := range w.tasks {
			switch {
			case t.is("RUNNING"):
				running++
			case t.is("STOPPED"):
				stopped++
			}
		}
		if running != 10*bigServices || stopped != 2*bigServices {
			b.Fatalf("%d run, %d stopped", running, stopped)
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/1e6, "MB-kept")
		b.ReportMetric(float64(m.Sys)/1e6, "MB-sys")
		runtime.KeepAlive(w)
	}
}
