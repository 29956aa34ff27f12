package lab

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// What learners must not learn wrong, as far as no other test holds it; Lessons and Assumptions name them all.

func again(service string) Step {
	return Step{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": service, "forceNewDeployment": true}}
}

// TestSecurityGroupsRememberNetworkACLsDoNot: no rule lets answers into the task's security group, and it starts; an ACL that lets out
// everything and keeps answers out stops it.
func TestSecurityGroupsRememberNetworkACLsDoNot(t *testing.T) {
	w := New(Options{Seed: 8})
	for _, g := range w.groups {
		if *g.GroupId == w.names["sg:orders"] {
			g.IpPermissions = nil
		}
	}
	apply(t, w, []Step{again("orders")})
	w.Advance(10 * time.Minute)
	if err := w.Healed("shop/orders", time.Minute); err != nil {
		t.Errorf("without any inbound rule: %v%s", err, story(w, "shop/orders"))
	}
	apply(t, w, []Step{{Service: "ec2", Operation: "CreateNetworkAclEntry", Input: map[string]any{"NetworkAclId": "${acl:private}", "RuleNumber": 10, "Protocol": "6", "RuleAction": "deny", "Egress": false,
		"CidrBlock": "0.0.0.0/0", "PortRange": map[string]any{"From": 1024, "To": 65535}}}, again("orders")})
	w.Advance(10 * time.Minute)
	if len(failedTasks(w, "shop/orders")) == 0 {
		t.Error("an ACL that keeps answers out lets tasks start")
	}
}

// TestDigestsArePinnedPerDeployment: a task that replaces another runs what the deployment began with, whatever the tag means by now.
func TestDigestsArePinnedPerDeployment(t *testing.T) {
	w := New(Options{Seed: 8})
	digest := func() string {
		live := w.services["shop/orders"].live(nil)
		return aws.ToString(live[len(live)-1].Containers[0].ImageDigest)
	}
	before := digest()
	_, image, _ := strings.Cut(aws.ToString(w.services["shop/orders"].live(nil)[0].Containers[0].Image), "/")
	_, tag, ok := strings.Cut(image, ":")
	if !ok || before == "" {
		t.Fatalf("no tag or digest: %s %s", image, before)
	}
	apply(t, w, []Step{
		{Service: "ecr", Operation: "BatchGetImage", As: "image", Input: map[string]any{"repositoryName": "shop/orders", "imageIds": []any{map[string]any{"imageTag": "1.4.0"}}}},
		{Service: "ecr", Operation: "PutImage", Input: map[string]any{"repositoryName": "shop/orders", "imageTag": tag, "imageManifest": "${image.images.0.imageManifest}"}},
		{Service: "ecs", Operation: "StopTask", Input: map[string]any{"cluster": "shop", "task": "${task:orders}"}},
	})
	w.Advance(5 * time.Minute)
	if got := digest(); got != before {
		t.Errorf("the successor of a stopped task runs %s, its deployment began with %s", got, before)
	}
	apply(t, w, []Step{again("orders")})
	w.Advance(5 * time.Minute)
	if got := digest(); got == before {
		t.Error("the next deployment runs the old digest")
	}
}

// TestADrainingTargetIsNoFailure: a healthy rollout shows draining targets, and nobody counts them as failed or unhealthy.
func TestADrainingTargetIsNoFailure(t *testing.T) {
	w := New(Options{Seed: 8, Web: true})
	apply(t, w, []Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "web", "forceNewDeployment": true,
		"deploymentConfiguration": map[string]any{"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true}}}}})
	draining := 0
	for range 60 {
		w.Advance(5 * time.Second)
		for _, x := range w.elb.targetGroups[w.names["target-group:web"]].targets {
			if x.state == elbtypes.TargetHealthStateEnumDraining {
				draining++
			}
		}
	}
	if draining == 0 {
		t.Error("no target was seen draining")
	}
	s := w.services["shop/web"]
	if d := s.primary(); d.FailedTasks != 0 || d.RolloutState != ecstypes.DeploymentRolloutStateCompleted {
		t.Errorf("the rollout is %s with %d failed tasks", d.RolloutState, d.FailedTasks)
	}
	for _, e := range s.events {
		if strings.Contains(*e.Message, "unhealthy") {
			t.Error("an event says " + *e.Message)
		}
	}
}

// TestTheFirstObstacleDecides: of two faults on the way of one start AWS tells the earlier.
func TestTheFirstObstacleDecides(t *testing.T) {
	login := Step{Service: "iam", Operation: "DetachRolePolicy", Input: map[string]any{"RoleName": "orders-execution", "PolicyArn": "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"}}
	secret := Step{Service: "iam", Operation: "DeleteRolePolicy", Input: map[string]any{"RoleName": "orders-execution", "PolicyName": "read-db-secret"}}
	group := Step{Service: "logs", Operation: "DeleteLogGroup", Input: map[string]any{"logGroupName": "/ecs/orders"}}
	image := Step{Service: "ecr", Operation: "BatchDeleteImage", Input: map[string]any{"repositoryName": "shop/orders", "imageIds": []any{map[string]any{"imageTag": "1.4.1"}}}}
	for _, c := range []struct {
		steps []Step
		want  string
	}{
		{[]Step{image, group, secret, login}, "ecr:GetAuthorizationToken"},
		{[]Step{image, group, secret}, "secretsmanager:GetSecretValue"},
		{[]Step{image, group}, "failed to validate logger args"},
		{[]Step{image}, "CannotPullContainerError"},
	} {
		w := New(Options{Seed: 8})
		apply(t, w, append(c.steps, again("orders")))
		w.Advance(3 * time.Minute)
		failed := failedTasks(w, "shop/orders")
		if len(failed) == 0 {
			t.Errorf("%s: no start failed", c.want)
		}
		for _, f := range failed {
			if !strings.Contains(*f.StoppedReason, c.want) {
				t.Errorf("want a reason with %s, got %s", c.want, *f.StoppedReason)
			}
		}
	}
}

// TestAStartTakesHalfAMinute: from createdAt to startedAt, on several seeds; and no pull is shorter for what was pulled before.
func TestAStartTakesHalfAMinute(t *testing.T) {
	for seed := range uint64(5) {
		w := New(Options{Seed: seed})
		apply(t, w, []Step{again("orders")})
		w.Advance(5 * time.Minute)
		for _, x := range w.services["shop/orders"].live(nil) {
			if d := x.StartedAt.Sub(*x.CreatedAt); d < 15*time.Second || d > 60*time.Second {
				t.Errorf("seed %d: a start took %s", seed, d)
			}
		}
	}
	if small, big := pullTime(&image{Size: 60e6}), pullTime(&image{Size: 600e6}); big-small != 9*time.Second {
		t.Errorf("540 MB more take %s more, want 9 s", big-small)
	}
}

// TestAProgramThatIgnoresSIGTERMIsKilled: after stopTimeout, with 137; one that listens ends at once, with 0.
func TestAProgramThatIgnoresSIGTERMIsKilled(t *testing.T) {
	for _, ignores := range []bool{false, true} {
		w := New(Options{Seed: 8})
		x := w.services["shop/orders"].live(nil)[0]
		x.containers[0].image.App.Ignores = ignores
		apply(t, w, []Step{{Service: "ecs", Operation: "StopTask", Input: map[string]any{"cluster": "shop", "task": *x.TaskArn}}})
		w.Advance(2 * time.Minute)
		d, code := x.ExecutionStoppedAt.Sub(*x.StoppingAt), aws.ToInt32(x.Containers[0].ExitCode)
		if ignores && (d < 30*time.Second || d > 31*time.Second || code != 137) || !ignores && (d > 5*time.Second || code != 0) {
			t.Errorf("ignores %t: it ended after %s with %d", ignores, d, code)
		}
	}
}

// TestServiceEventsAreFew: a hundred are kept, a message is not repeated while its cause lasts and six hours have not passed.
func TestServiceEventsAreFew(t *testing.T) {
	w, s := started(t, "wrong-hat", 8)
	w.Advance(20 * time.Hour)
	svc := w.services[s.Target]
	var said []time.Time
	for _, e := range svc.events {
		if strings.Contains(*e.Message, "unable to consistently start tasks") {
			said = append(said, *e.CreatedAt)
		}
	}
	if len(svc.events) > keepEvents || len(said) < 2 {
		t.Errorf("%d events, %d of them about the starts", len(svc.events), len(said))
	}
	for i := 1; i < len(said); i++ {
		if d := said[i-1].Sub(said[i]); d < 6*time.Hour {
			t.Errorf("the same message came again after %s", d)
		}
	}
	w, s = started(t, "the-last-words", 8)
	w.Advance(3 * time.Hour)
	if n := len(w.services[s.Target].events); n != keepEvents {
		t.Errorf("a crash loop of hours left %d events, want %d", n, keepEvents)
	}
	w = New(Options{Seed: 8})
	apply(t, w, []Step{{Service: "ecr", Operation: "BatchDeleteImage", Input: map[string]any{"repositoryName": "shop/orders", "imageIds": []any{map[string]any{"imageTag": "1.4.1"}}}}, again("orders")})
	impaired := false
	for range 1800 {
		w.Advance(time.Second)
		for _, e := range w.services["shop/orders"].events {
			impaired = impaired || strings.Contains(*e.Message, "unable to consistently start tasks")
		}
		if n := w.services["shop/orders"].primary().startFailures; impaired && n < 4 {
			t.Fatalf("the event came after %d failed starts of a service of 2 tasks, want 4", n)
		}
	}
	if !impaired {
		t.Error("nothing says that the starts fail")
	}
}

// TestCircuitBreakerThreshold: the arithmetic of AWS's page on the circuit breaker.
func TestCircuitBreakerThreshold(t *testing.T) {
	percent := func(kind ecstypes.ThresholdType, value int32) *ecstypes.DeploymentCircuitBreaker {
		return &ecstypes.DeploymentCircuitBreaker{Enable: true, ThresholdConfiguration: &ecstypes.ThresholdConfiguration{Type: kind, Value: value}}
	}
	plain := &ecstypes.DeploymentCircuitBreaker{Enable: true}
	for _, c := range []struct {
		breaker *ecstypes.DeploymentCircuitBreaker
		desired int
		want    int
	}{
		{plain, 1, 3}, {plain, 6, 3}, {plain, 7, 4}, {plain, 25, 13}, {plain, 400, 200}, {plain, 1000, 200},
		{percent(ecstypes.ThresholdTypeCount, 8), 2, 8}, {percent(ecstypes.ThresholdTypeBoundedPercent, 10), 10, 3}, {percent(ecstypes.ThresholdTypeUnboundedPercent, 10), 10, 1}, {percent(ecstypes.ThresholdTypeUnboundedPercent, 50), 1000, 500},
	} {
		if got := threshold(c.breaker, c.desired); got != c.want {
			t.Errorf("desired %d, %+v: %d, want %d", c.desired, c.breaker.ThresholdConfiguration, got, c.want)
		}
	}
	d := &deployment{}
	d.FailedTasks = 2
	s := &service{}
	s.DeploymentConfiguration = &ecstypes.DeploymentConfiguration{DeploymentCircuitBreaker: plain}
	w := New(Options{})
	w.noteHealthy(&task{launch: launch{service: s, deployment: d}})
	if d.FailedTasks != 0 {
		t.Errorf("after a healthy task %d failed ones are counted", d.FailedTasks)
	}
}

// TestRolloutArithmetic: maximumPercent is rounded down, minimumHealthyPercent up.
func TestRolloutArithmetic(t *testing.T) {
	for _, c := range []struct{ desired, maximum, minimum, most, fewest int32 }{
		{2, 200, 100, 4, 2}, {1, 150, 50, 1, 1}, {3, 150, 50, 4, 2}, {4, 100, 50, 4, 2}, {5, 110, 90, 5, 5}, {10, 110, 91, 11, 10}, {0, 200, 100, 0, 0},
	} {
		s := &service{}
		s.DesiredCount = c.desired
		s.DeploymentConfiguration = &ecstypes.DeploymentConfiguration{MaximumPercent: &c.maximum, MinimumHealthyPercent: &c.minimum}
		if most, fewest := s.limits(); most != int(c.most) || fewest != int(c.fewest) {
			t.Errorf("%d tasks, %d/%d %%: at most %d, at least %d; want %d, %d", c.desired, c.maximum, c.minimum, most, fewest, c.most, c.fewest)
		}
	}
}

// TestATaskCountsAsHealthyAfterFortySeconds: without health checks and load balancer; the rollout completes then and not before.
func TestATaskCountsAsHealthyAfterFortySeconds(t *testing.T) {
	w := New(Options{Seed: 8})
	apply(t, w, []Step{again("orders")})
	for range 600 {
		w.Advance(time.Second)
		for _, x := range w.services["shop/orders"].live(w.services["shop/orders"].primary()) {
			if x.StartedAt == nil {
				continue
			}
			if age := w.now.Sub(*x.StartedAt); x.healthy != (age >= 40*time.Second) {
				t.Fatalf("a task that runs for %s counts as healthy: %t", age, x.healthy)
			}
		}
	}
}

// TestStoppedTasksByService: both ways that reports tell of; PENDING finds nothing, while a task is starting too.
func TestStoppedTasksByService(t *testing.T) {
	for _, hide := range []bool{false, true} {
		s, err := FindScenario("wrong-hat")
		if err != nil {
			t.Fatal(err)
		}
		w, err := s.Start(Options{Seed: 8, HideStopped: hide})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			in   map[string]any
			some bool
		}{
			{map[string]any{"desiredStatus": "STOPPED", "serviceName": "orders"}, !hide}, {map[string]any{"desiredStatus": "STOPPED"}, true}, {map[string]any{"desiredStatus": "PENDING"}, false},
		} {
			c.in["cluster"] = "shop"
			apply(t, w, []Step{again("orders")})
			w.Advance(5 * time.Second) // a task is on its way
			out, err := callsOf(&Running{world: w}).Call(t.Context(), "ecs", "ListTasks", c.in)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(out["taskArns"].([]any)); (n > 0) != c.some {
				t.Errorf("hidden %t: %v finds %d tasks", hide, c.in, n)
			}
		}
	}
}
