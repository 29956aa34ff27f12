package lab

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
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

// TestUnhealthyTasksTripTheCircuitBreaker: tasks that run and fail the load balancer's checks count as failures of the rollout, are never
// throttled, and the old tasks serve on.
func TestUnhealthyTasksTripTheCircuitBreaker(t *testing.T) {
	w := New(Options{Seed: 4, Web: true})
	s, err := FindScenario("follow-the-sign")
	if err != nil {
		t.Fatal(err)
	}
	old := w.services["shop/web"].live(nil)
	apply(t, w, []Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "web",
		"deploymentConfiguration": map[string]any{"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true}}}}})
	apply(t, w, s.Mutation)
	w.Advance(20 * time.Minute)
	d := w.services["shop/web"].history[0]
	if d.status != "ROLLBACK_SUCCESSFUL" || d.FailedTasks != 3 || d.startFailures != 0 {
		t.Errorf("the deployment is %s with %d failed tasks, %d failed starts; want ROLLBACK_SUCCESSFUL, 3, 0%s", d.status, d.FailedTasks, d.startFailures, story(w, "shop/web"))
	}
	for _, x := range old {
		if !x.is("RUNNING") || !x.healthy {
			t.Errorf("the old task %s is %s", x.id, *x.LastStatus)
		}
	}
	if err := w.Healed("shop/web", 5*time.Minute); err != nil {
		t.Error(err)
	}
}

// TestTheGracePeriodHoldsTheScheduler: an unhealthy task is left alone until the grace period ends, and not longer.
func TestTheGracePeriodHoldsTheScheduler(t *testing.T) {
	w, s := started(t, "the-late-riser", 6)
	began := w.now
	apply(t, w, []Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "web", "healthCheckGracePeriodSeconds": 90}}})
	w.Advance(8 * time.Minute)
	seen := 0
	for _, x := range w.services[s.Target].tasks {
		if x.StartedAt == nil || x.StartedAt.Before(began) || !strings.HasPrefix(aws.ToString(x.StoppedReason), "Task failed ELB health checks in (target-group arn:") {
			continue
		}
		seen++
		if d := x.StoppingAt.Sub(*x.StartedAt); d != 90*time.Second {
			t.Errorf("the task was stopped %s after RUNNING, want 90 s", d)
		}
	}
	if seen == 0 {
		t.Error("no task was stopped at the end of the grace period")
	}
}

// TestWhyATargetFails: every obstacle on the way of a health check has its own state and reason.
func TestWhyATargetFails(t *testing.T) {
	for _, c := range []struct {
		name, state, reason, says string
		break_                    []Step
	}{
		{"egress of the load balancer", "unhealthy", "Target.Timeout", "Request timed out",
			[]Step{{Service: "elasticloadbalancing", Operation: "SetSecurityGroups", Input: map[string]any{"LoadBalancerArn": "${load-balancer:web}", "SecurityGroups": []any{"${sg:orders}"}}}}},
		{"network ACL", "unhealthy", "Target.Timeout", "Request timed out",
			[]Step{{Service: "ec2", Operation: "CreateNetworkAclEntry", Input: map[string]any{"NetworkAclId": "${acl:private}", "RuleNumber": 50, "Protocol": "6", "RuleAction": "deny", "Egress": false,
				"CidrBlock": "10.0.0.0/23", "PortRange": map[string]any{"From": 8080, "To": 8080}}}}},
		{"path", "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]",
			[]Step{{Service: "elasticloadbalancing", Operation: "ModifyTargetGroup", Input: map[string]any{"TargetGroupArn": "${target-group:web}", "HealthCheckPath": "/nothing"}}}},
		{"protocol", "unhealthy", "Target.FailedHealthChecks", "Health checks failed",
			[]Step{{Service: "elasticloadbalancing", Operation: "ModifyTargetGroup", Input: map[string]any{"TargetGroupArn": "${target-group:web}", "HealthCheckProtocol": "HTTPS"}}}},
		{"listener", "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer",
			[]Step{{Service: "elasticloadbalancing", Operation: "DeleteListener", Input: map[string]any{"ListenerArn": "${listener:web}"}}}},
	} {
		w := New(Options{Seed: 1, Web: true})
		apply(t, w, []Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "web", "healthCheckGracePeriodSeconds": 7200}}})
		apply(t, w, c.break_)
		w.Advance(2 * time.Minute)
		for _, x := range w.elb.targetGroups[w.names["target-group:web"]].targets {
			if string(x.state) != c.state || string(x.reason) != c.reason || x.description != c.says {
				t.Errorf("%s: the target is %s, %s, %s; want %s, %s, %s", c.name, x.state, x.reason, x.description, c.state, c.reason, c.says)
			}
		}
	}
}

// TestTheTrailIsLate: a change is found by its resource, with who and what, not before five minutes and not after eleven.
func TestTheTrailIsLate(t *testing.T) {
	w := New(Options{Seed: 1})
	apply(t, w, []Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders", "desiredCount": 0}},
		{Service: "secretsmanager", Operation: "PutSecretValue", Input: map[string]any{"SecretId": "${secret:db}", "SecretString": "hush"}}})
	look := func() []trailtypes.Event {
		w.mu.Lock()
		defer w.mu.Unlock()
		out, err := w.lookupEvents(&cloudtrail.LookupEventsInput{LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: trailtypes.LookupAttributeKeyResourceName, AttributeValue: aws.String("orders")}}})
		if err != nil {
			t.Fatal(err)
		}
		return out.Events
	}
	w.Advance(4 * time.Minute)
	if n := len(look()); n != 0 {
		t.Errorf("%d records after four minutes", n)
	}
	w.Advance(7 * time.Minute)
	got := look()
	if len(got) != 1 || *got[0].EventName != "UpdateService" || *got[0].Username != "lab" || !strings.Contains(*got[0].CloudTrailEvent, `"desiredCount":0`) {
		t.Errorf("after eleven minutes: %+v", got)
	}
	for _, r := range w.trail {
		if strings.Contains(*r.CloudTrailEvent, "hush") {
			t.Error("a secret's value is in the record: " + *r.CloudTrailEvent)
		}
	}
}
