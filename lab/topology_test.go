package lab

import (
	"fmt"
	"testing"
	"time"
)

// TestTopologyIsHealthy: every block, alone and with all that it goes with, in every kind of network, makes a service that runs.
func TestTopologyIsHealthy(t *testing.T) {
	nets := []Network{{Name: "n1", Octet: 1, Zones: 2, NAT: true}, {Name: "n2", Octet: 2, Zones: 3, Endpoints: true}, {Name: "n3", Octet: 3, Zones: 2, NAT: true, Endpoints: true},
		{Name: "n4", Octet: 4, Zones: 2, NAT: true, Owner: networkAccount}, {Name: "n5", Octet: 5, Zones: 3, Hub: true}, {Name: "n6", Octet: 6, Zones: 2, Wide: true, Hub: true, Central: true}}
	top := Topology{Networks: nets}
	for i, n := range nets {
		for j, b := range Blocks {
			if b.Needs == nil || b.Needs(n) {
				top.Services = append(top.Services, Workload{Cluster: "shop", Name: fmt.Sprintf("s%d-%d", i, j), Network: i, Count: 2, Blocks: []string{b.Name}})
			}
		}
		top.Services = append(top.Services, Workload{Cluster: "back", Name: fmt.Sprintf("all%d", i), Network: i, Count: 1, Blocks: []string{
			"public", "secret", "parameter", "balancer", "container-check", "sidecar", "shared-role", "spot", "breaker", "narrow-egress"}})
	}
	w := New(Options{Seed: 3, Topology: &top})
	w.Advance(5 * time.Hour)
	for _, s := range top.Services {
		if err := w.Healed(s.Cluster+"/"+s.Name, 0); err != nil {
			t.Errorf("%s %v: %v%s", s.Name, s.Blocks, err, story(w, s.Cluster+"/"+s.Name))
		}
	}
}

// TestDefinitionsThatECSRefuses: a check that never waits, and a log driver without its options.
func TestDefinitionsThatECSRefuses(t *testing.T) {
	w := New(Options{})
	for _, change := range []func(c map[string]any){
		func(c map[string]any) {
			c["healthCheck"] = map[string]any{"command": []any{"CMD", "true"}, "interval": 0}
		},
		func(c map[string]any) {
			c["logConfiguration"] = map[string]any{"logDriver": "awslogs", "options": map[string]any{"awslogs-region": "eu-west-1"}}
		},
		func(c map[string]any) {
			c["logConfiguration"] = map[string]any{"logDriver": "awslogs", "options": map[string]any{"awslogs-region": "eu-west-1", "awslogs-group": ""}}
		},
	} {
		c := map[string]any{"name": "a", "image": "nginx", "memory": 128}
		change(c)
		if _, err := w.Look("ecs", "RegisterTaskDefinition", map[string]any{"family": "x", "containerDefinitions": []any{c}}); err == nil {
			t.Errorf("registered: %v", c)
		}
	}
}
