package facts

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ecsplain/ecsplain/evidence"
)

// A deployment is in a deadlock exactly when one more task would be too many and one less too few, by cross-multiplication.
func TestDeadlockIsNoMoveLeft(t *testing.T) {
	dead, alive := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		desired := rapid.IntRange(1, 12).Draw(t, "desired")
		least := rapid.SampledFrom([]int{0, 34, 50, 66, 100}).Draw(t, "minimum")
		most := rapid.SampledFrom([]int{100, 110, 125, 150, 200}).Draw(t, "maximum")
		fresh := rapid.IntRange(0, desired-1).Draw(t, "new")
		old := rapid.IntRange(0, desired).Draw(t, "old")
		svc := evidence.Service{Desired: desired, Running: fresh + old, MinimumHealthy: least, Maximum: most, Deployments: []evidence.Deployment{
			{Status: "PRIMARY", Desired: desired, Running: fresh, RolloutState: "IN_PROGRESS"}, {Status: "ACTIVE", Running: old}}}
		mayStart := (fresh+old+1)*100 <= desired*most
		mayStop := (fresh+old-1)*100 >= desired*least
		if got := arithmetic(svc).Deadlock; got != (!mayStart && !mayStop) {
			t.Fatalf("deadlock %v of %+v; may start %v, may stop %v", got, arithmetic(svc), mayStart, mayStop)
		} else if got {
			dead++
		} else {
			alive++
		}
	})
	if dead == 0 || alive == 0 {
		t.Errorf("%d deadlocks and %d others were drawn, want both", dead, alive)
	}
}

func TestDeadlockNeedsADeploymentOnItsWay(t *testing.T) {
	base := evidence.Service{Desired: 2, Running: 2, MinimumHealthy: 100, Maximum: 100, Deployments: []evidence.Deployment{
		{Status: "PRIMARY", Desired: 2, RolloutState: "IN_PROGRESS"}, {Status: "ACTIVE", Running: 2}}}
	if !arithmetic(base).Deadlock {
		t.Fatal("100/100 with two tasks is a deadlock")
	}
	for name, change := range map[string]func(*evidence.Service){
		"complete":       func(s *evidence.Service) { s.Deployments[0].RolloutState = "COMPLETED" },
		"alone":          func(s *evidence.Service) { s.Deployments = s.Deployments[:1] },
		"a task is gone": func(s *evidence.Service) { s.Running = 1 },
		"one comes":      func(s *evidence.Service) { s.Pending = 1 },
		"blue/green":     func(s *evidence.Service) { s.DeploymentStrategy = "BLUE_GREEN" },
		"not told":       func(s *evidence.Service) { s.Maximum = 0 },
		"new is whole":   func(s *evidence.Service) { s.Deployments[0].Running = 2 },
	} {
		s := base
		s.Deployments = append([]evidence.Deployment{}, base.Deployments...)
		change(&s)
		if arithmetic(s).Deadlock {
			t.Errorf("%s: a deadlock is told of %+v", name, s)
		}
	}
}
