package diagnose_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/lab"
)

func update(input map[string]any) lab.Step {
	input["cluster"], input["service"] = "shop", "orders"
	return lab.Step{Service: "ecs", Operation: "UpdateService", Input: input}
}

func pass(minutes string) lab.Step {
	return lab.Step{Service: "lab", Operation: "Advance", Input: map[string]any{"For": minutes}}
}

// rollout plays calls on the lab's healthy account and looks at shop/orders.
func rollout(t *testing.T, steps ...lab.Step) (diagnose.TargetReport, *lab.World) {
	t.Helper()
	w := lab.New(lab.Options{Seed: 5})
	if err := w.Apply(steps); err != nil {
		t.Fatal(err)
	}
	return look(t, context.Background(), load(t), serve(t, w), "shop/orders"), w
}

func breaker(t *testing.T) []lab.Step {
	t.Helper()
	s, err := lab.FindScenario("tag-you-are-not-it")
	if err != nil {
		t.Fatal(err)
	}
	return append([]lab.Step{update(map[string]any{"deploymentConfiguration": map[string]any{"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true}}})}, s.Mutation...)
}

// After a rollback everything is steady. While tasks of the failed revision are left to read their cause is the answer, the
// rollback is folded under it; afterwards the rollback itself is told.
func TestRollbackHidesNothing(t *testing.T) {
	r, _ := rollout(t, append(breaker(t), pass("20m"))...)
	if r.Impact.Running != r.Impact.Desired || r.Health == facts.Healthy {
		t.Errorf("%d of %d run and the health is %s; want all running and not healthy", r.Impact.Running, r.Impact.Desired, r.Health)
	}
	if len(r.Findings) != 1 || r.Findings[0].ID != "image.tag-missing" || r.Findings[0].Verdict != diagnose.Confirmed ||
		!slices.ContainsFunc(r.Findings[0].Explained, func(f diagnose.Finding) bool { return f.ID == "svc.rolled-back" }) {
		t.Errorf("want image.tag-missing over svc.rolled-back, got\n%s", summary(r))
	}
	r, _ = rollout(t, append(breaker(t), pass("3h"))...)
	if len(r.Findings) != 1 || r.Findings[0].ID != "svc.rolled-back" || !strings.Contains(r.Findings[0].Says, "3 failed tasks, the limit is 3") {
		t.Errorf("want svc.rolled-back alone, got\n%s", summary(r))
	}
}

func TestMinMaxDeadlock(t *testing.T) {
	r, w := rollout(t, update(map[string]any{"deploymentConfiguration": map[string]any{"minimumHealthyPercent": 100, "maximumPercent": 100}}),
		update(map[string]any{"forceNewDeployment": true}), pass("20m"))
	if len(r.Findings) != 1 || r.Findings[0].ID != "svc.min-max-deadlock" || r.Findings[0].Verdict != diagnose.Confirmed {
		t.Fatalf("want svc.min-max-deadlock alone, got\n%s", summary(r))
	}
	if err := w.Apply(append(stepsOf(r.Findings[0].Fix[0].Calls), pass("10m"))); err != nil {
		t.Fatal(err)
	}
	if r := look(t, context.Background(), load(t), serve(t, w), "shop/orders"); r.Health != facts.Healthy || r.Impact.Rollout != "COMPLETED" {
		t.Errorf("the fix heals nothing:\n%s", summary(r))
	}
}

// A desired count of 0 is healthy by the counts and is told all the same; the lab keeps no CloudTrail, so who did it stays open.
func TestDesiredZero(t *testing.T) {
	r, _ := rollout(t, update(map[string]any{"desiredCount": 0}), pass("20m"))
	if r.Health != facts.Healthy || len(r.Findings) != 1 || r.Findings[0].ID != "svc.desired-zero" {
		t.Errorf("want a healthy service with svc.desired-zero, got\n%s", summary(r))
	}
}
