package lab

import (
	"cmp"
	"fmt"
	"testing"
	"time"
)

const (
	settle     = 40 * time.Minute // long enough for the longest start back-off and a start
	healthyFor = 15 * time.Minute // how long a healed target must stay so
)

// TestScenarios: on every seed the base is healthy, the mutation breaks the target, solve and every alt heal it, no cheat does.
func TestScenarios(t *testing.T) {
	all, err := Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			for seed := range *seeds {
				harmless(t, s, seed)
				if s.Answer.ID == NoFault {
					nothingWrong(t, s, seed)
					continue
				}
				try(t, s, seed, "as it is", nil, false)
				try(t, s, seed, "solve", s.Solve, true)
				for i, steps := range s.Alt {
					try(t, s, seed, fmt.Sprintf("alt %d", i+1), steps, true)
				}
				for i, steps := range s.Cheat {
					try(t, s, seed, fmt.Sprintf("cheat %d", i+1), steps, false)
				}
			}
		})
	}
}

// harmless holds a scenario's herrings to their promise: without the mutation they break nothing.
func harmless(t *testing.T, s Scenario, seed uint64) {
	t.Helper()
	s.Mutation = nil
	w, err := s.Start(Options{Seed: seed})
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	targets := []string{s.Target, "shop/orders", "shop/catalog"}
	for _, target := range targets { // what runs is not disturbed by what only a start meets: every service has to start again
		if service, _ := Sessions(target); !Scheduled(target) && w.Has(target) {
			apply(t, w, []Step{{Service: "lab", Operation: "RetireTasks", Input: map[string]any{"Service": cmp.Or(service, target)}}})
		}
	}
	w.Advance(10 * time.Minute)
	for _, target := range targets {
		if w.Has(target) {
			if err := w.Healed(target, 5*time.Minute); err != nil {
				t.Errorf("seed %d: the herrings alone break %s: %v%s", seed, target, err, story(w, target))
			}
		}
	}
	for i, h := range s.Herrings {
		if _, err := w.Resolve(h.Blames); err != nil {
			t.Errorf("seed %d: herrings[%d].blames: %v", seed, i, err)
		}
	}
}

// nothingWrong: in a control nothing is wrong, and nothing goes wrong.
func nothingWrong(t *testing.T, s Scenario, seed uint64) {
	t.Helper()
	w, err := s.Start(Options{Seed: seed})
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	w.Advance(settle)
	if err := w.Healed(s.Target, 5*time.Minute); err != nil {
		t.Errorf("seed %d: nothing should be wrong: %v%s", seed, err, story(w, s.Target))
	}
}

// try starts the scenario, runs steps, and looks whether the target is healed afterwards.
func try(t *testing.T, s Scenario, seed uint64, what string, steps []Step, heals bool) {
	t.Helper()
	w, err := s.Start(Options{Seed: seed})
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if _, err := w.Resolve(s.Answer.Subject); err != nil {
		t.Fatalf("seed %d: answer.subject: %v", seed, err)
	}
	if err := w.Healed(s.Target, 5*time.Minute); err == nil {
		t.Fatalf("seed %d: the mutation does not break %s", seed, s.Target)
	}
	if err := w.Apply(steps); err != nil {
		t.Fatalf("seed %d: %s: %v", seed, what, err)
	}
	w.Advance(settle)
	err = w.Healed(s.Target, healthyFor)
	if heals && err != nil {
		t.Errorf("seed %d: %s does not heal: %v%s", seed, what, err, story(w, s.Target))
	}
	if !heals && err == nil {
		t.Errorf("seed %d: %s heals, and should not", seed, what)
	}
}

// story is what a service's events and tasks say, for a failing test.
func story(w *World, target string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.services[target]
	if s == nil {
		return ""
	}
	out := ""
	for i, e := range s.events {
		if i < 6 {
			out += "\n    event " + e.CreatedAt.Format(time.TimeOnly) + " " + *e.Message
		}
	}
	for _, t := range s.tasks {
		if t.StoppedReason != nil {
			out += "\n    task " + t.id[:6] + " " + *t.StoppedReason
		}
	}
	if len(out) > 3000 {
		out = out[:3000]
	}
	return out
}

func TestBaseWorldsAreHealthy(t *testing.T) {
	for seed := range uint64(3) {
		for _, o := range []Options{{}, {Endpoints: true}, {Jobs: true}, {Worker: true}, {Files: true}, {Endpoints: true, Sessions: true}, {Connect: true}} {
			o.Seed = seed
			w := New(o)
			targets := []string{"shop/orders", "shop/catalog"}
			if o.Jobs {
				targets = append(targets, "--rule nightly-report shop", "--rule stock-sync shop", "--schedule default/cleanup shop")
			}
			if o.Worker {
				targets = append(targets, "shop/worker")
			}
			if o.Sessions {
				targets = append(targets, "--exec shop/orders")
			}
			if o.Connect {
				targets = append(targets, "shop/prices", "shop/stock", "shop/checkout")
			}
			if o.Files {
				targets = append(targets, "shop/invoices")
			}
			for _, target := range targets {
				if err := w.Healed(target, 8*time.Hour); err != nil {
					t.Errorf("%+v: %v%s", o, err, story(w, target))
				}
			}
		}
	}
}
