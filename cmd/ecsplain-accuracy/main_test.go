package main

import (
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/playbooks"
)

// The slice that every test run measures. Its worlds are always the same.
const (
	sliceWorlds = 25
	sliceSeed   = 700
	sliceTop1   = 0.95
)

func settingsOf(t *testing.T, who string) settings {
	t.Helper()
	c, err := findCaller(who)
	if err != nil {
		t.Fatal(err)
	}
	pbs, err := diagnose.Load(playbooks.FS)
	if err != nil {
		t.Fatal(err)
	}
	return settings{n: sliceWorlds, seed: sliceSeed, services: 5, jobs: 2, caller: c, oddDenials: true, playbooks: pbs}
}

// In the slice nothing is confirmed and wrong, no service that is well is blamed, and the first answer is right.
func TestSlice(t *testing.T) {
	s := settingsOf(t, "full")
	all := measure(s)
	table := tabulate(all)
	for _, o := range all {
		if o.err != nil || len(o.wrong) > 0 || o.alarm {
			t.Errorf("-services %d -one %d: %s: %s", s.services, o.seed, o.what, o.failed(s))
		}
	}
	if table.broken.worlds < sliceWorlds/2 || table.well.worlds == 0 {
		t.Errorf("%d worlds broken, %d well: the slice holds too little", table.broken.worlds, table.well.worlds)
	}
	if float64(table.broken.top1) < sliceTop1*float64(table.broken.worlds) {
		var out strings.Builder
		table.print(&out, s)
		printFailures(&out, all, s)
		t.Errorf("the first answer is right in %d of %d worlds\n%s", table.broken.top1, table.broken.worlds, out.String())
	}
}

// A caller who sees ECS and logs alone knows less, and is told nothing wrong.
func TestSliceWithFewPermissions(t *testing.T) {
	s := settingsOf(t, "ecs+logs")
	s.n = 8
	for _, o := range measure(s) {
		if o.err != nil || len(o.wrong) > 0 || o.alarm {
			t.Errorf("-caller ecs+logs -services %d -one %d: %s: %s", s.services, o.seed, o.what, o.failed(s))
		}
	}
}

// In networks that another account shares, and in spokes of its hub, nothing is confirmed from what cannot be seen: the cause is told, or the hop.
func TestSliceInForeignNetworks(t *testing.T) {
	for networks, seed := range map[string]uint64{"shared": 1000, "hub": 60} {
		s := settingsOf(t, "full")
		s.n, s.networks, s.seed, s.oddDenials = 12, networks, seed, false
		unseen := 0
		for _, o := range measure(s) {
			if why := o.failed(s); why != "" {
				t.Errorf("-networks %s -services %d -denials=false -one %d: %s: %s", networks, s.services, o.seed, o.what, why)
			}
			if o.unseen {
				unseen++
			}
		}
		if unseen == 0 {
			t.Errorf("%s: no world of the slice has a cause that cannot be seen", networks)
		}
	}
}

func TestSameSeedSameOutcome(t *testing.T) {
	s := settingsOf(t, "full")
	for seed := range uint64(3) {
		a, b := check(s, seed), check(s, seed)
		if a.what != b.what || a.symptom != b.symptom || a.top1 != b.top1 || len(a.report.Findings) != len(b.report.Findings) {
			t.Errorf("seed %d: %s: %s and %s: %s", seed, a.what, a.symptom, b.what, b.symptom)
		}
	}
}
