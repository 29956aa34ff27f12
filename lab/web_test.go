package lab

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// TestTheWebIsHealthy: the third service is served and stays so, and the other two do not notice it.
func TestTheWebIsHealthy(t *testing.T) {
	for seed := range uint64(3) {
		w := New(Options{Seed: seed, Web: true})
		for _, target := range []string{"shop/web", "shop/orders", "shop/catalog"} {
			if err := w.Healed(target, 3*time.Hour); err != nil {
				t.Errorf("seed %d: %v%s", seed, err, story(w, target))
			}
		}
		g := w.elb.targetGroups[w.names["target-group:web"]]
		for _, x := range g.targets {
			if x.state != elbtypes.TargetHealthStateEnumHealthy || x.reason != "" || x.description != "" {
				t.Errorf("seed %d: target %s is %s %s %s", seed, x.ip, x.state, x.reason, x.description)
			}
		}
		if len(g.targets) != 2 {
			t.Errorf("seed %d: %d targets for 2 tasks", seed, len(g.targets))
		}
	}
}

// TestARolloutDrains: every old task leaves the target group first, and its programs end after the deregistration delay.
func TestARolloutDrains(t *testing.T) {
	w := New(Options{Seed: 2, Web: true})
	s := w.services["shop/web"]
	old := s.live(nil)
	apply(t, w, []Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "web", "forceNewDeployment": true}}})
	w.Advance(10 * time.Minute)
	if err := w.Healed("shop/web", time.Minute); err != nil {
		t.Fatal(err, story(w, "shop/web"))
	}
	for _, x := range old {
		if d := x.ExecutionStoppedAt.Sub(*x.StoppingAt); d < 30*time.Second || d > 45*time.Second {
			t.Errorf("task %s ran on for %s after it was told to stop, want 30 s and a little", x.id, d)
		}
	}
	var said string
	for _, e := range s.events {
		said += aws.ToString(e.Message) + "\n"
	}
	for _, want := range []string{"registered 1 targets in (target-group arn:", "deregistered 1 targets in (target-group arn:", "has begun draining connections on 1 tasks."} {
		if !strings.Contains(said, want) {
			t.Errorf("no event says %q:\n%s", want, said)
		}
	}
	if n := len(w.elb.targetGroups[w.names["target-group:web"]].targets); n != 2 {
		t.Errorf("%d targets are left, want 2", n)
	}
}
