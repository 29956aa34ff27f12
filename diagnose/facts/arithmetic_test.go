package facts

import (
	"testing"

	"github.com/ecsplain/ecsplain/evidence"
)

// A deployment is in a deadlock exactly when one more task would be too many and one less too few, by cross-multiplication.
func TestDeadlockIsNoMoveLeft(t *testing.T) {
	dead, alive := 0, 0
	check := func(desired, least, most, fresh, old int) {
		svc := evidence.Service{Desired: desired, Running: fresh + old, MinimumHealthy: least, Maximum: most, Deployments: []evidence.Deployment{
			{Status: "PRIMARY", Desired: desired, Running: fresh, RolloutState: "IN_PROGRESS"}, {Status: "ACTIVE", Running: old}}}
		mayStart := (fresh+old+1)*100 <= desired*most
		mayStop := (fresh+old-1)*100 >= desired*least
		switch got := arithmetic(svc).Deadlock; {
		case got != (!mayStart && !mayStop):
			t.Errorf("deadlock %v of %+v; may start %v, may stop %v", got, arithmetic(svc), mayStart, mayStop)
		case got:
			dead++
		default:
			alive++
		}
	}
	for desired := 1; desired <= 12; desired++ {
		for fresh := range desired {
			for old := 0; old <= desired; old++ {
				for _, least := range []int{0, 34, 50, 66, 100} {
					for _, most := range []int{100, 110, 125, 150, 200} {
						check(desired, least, most, fresh, old)
					}
				}
			}
		}
	}
	if dead == 0 || alive == 0 {
		t.Errorf("%d deadlocks and %d others, want both", dead, alive)
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
