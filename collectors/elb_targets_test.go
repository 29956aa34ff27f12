package collectors

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecsplain/ecsplain/evidence"
)

func TestTargetGroupReads(t *testing.T) {
	s := serve(t).fetch(t, evidence.TargetGroupKey(webTargets).Key, evidence.TargetHealthKey(webTargets).Key, evidence.TargetGroupAttributesKey(webTargets).Key)
	want := evidence.TargetGroup{ARN: webTargets, Name: "web", Protocol: "HTTP", ProtocolVersion: "HTTP1", Port: 80, TargetType: "ip", VpcID: "vpc-1", LoadBalancers: []string{"arn:lb"},
		HealthCheck: evidence.TargetHealthCheck{Enabled: true, Protocol: "HTTP", Port: "traffic-port", Path: "/health", Interval: 30, Timeout: 5, Healthy: 5, Unhealthy: 2, Matcher: "200-299"}}
	if diff := cmp.Diff(want, value(t, s, evidence.TargetGroupKey(webTargets))); diff != "" {
		t.Errorf("target group (-want +got):\n%s", diff)
	}
	health := evidence.TargetHealth{Targets: []evidence.RegisteredTarget{{ID: "10.0.1.9", Port: 8080, Zone: "eu-west-1a", CheckPort: "8080", State: "unhealthy",
		Reason: "Target.ResponseCodeMismatch", Description: "Health checks failed with these codes: [404]"}}}
	if diff := cmp.Diff(health, value(t, s, evidence.TargetHealthKey(webTargets))); diff != "" {
		t.Errorf("target health (-want +got):\n%s", diff)
	}
	if v := value(t, s, evidence.TargetGroupAttributesKey(webTargets)); v.DeregistrationDelay != 300 || v.PreserveClientIP != "false" {
		t.Errorf("attributes read %+v", v)
	}
}

func TestLoadBalancerReads(t *testing.T) {
	s := serve(t).fetch(t, evidence.BalancerKey("arn:lb").Key, evidence.ListenersKey("arn:lb").Key, evidence.RulesKey("arn:listener").Key)
	want := evidence.Balancer{ARN: "arn:lb", Name: "web-lb", DNSName: "internal-web-lb-1234567890.eu-west-1.elb.amazonaws.com", Type: "network", Scheme: "internal", State: "active",
		VpcID: "vpc-1", SecurityGroups: []string{"sg-lb"}, Zones: []evidence.BalancerZone{{Name: "eu-west-1a", SubnetID: "subnet-1", Addresses: []string{"10.0.1.7"}}}}
	if diff := cmp.Diff(want, value(t, s, evidence.BalancerKey("arn:lb"))); diff != "" {
		t.Errorf("load balancer (-want +got):\n%s", diff)
	}
	listeners := evidence.Listeners{Listeners: []evidence.Listener{{ARN: "arn:listener", Port: 443, Protocol: "HTTPS", Forwards: []evidence.Forward{{TargetGroup: "arn:tg", Weight: 1}}}}}
	if diff := cmp.Diff(listeners, value(t, s, evidence.ListenersKey("arn:lb"))); diff != "" {
		t.Errorf("listeners (-want +got):\n%s", diff)
	}
	rules := evidence.Rules{Rules: []evidence.Rule{
		{ARN: "arn:rule", Priority: "10", Conditions: []string{"path-pattern=/shop/*"}, Forwards: []evidence.Forward{{TargetGroup: "arn:blue"}, {TargetGroup: "arn:green", Weight: 100}}},
		{ARN: "arn:rule-default", Priority: "default", Default: true}}}
	if diff := cmp.Diff(rules, value(t, s, evidence.RulesKey("arn:listener"))); diff != "" {
		t.Errorf("rules over both pages (-want +got):\n%s", diff)
	}
}

// Many target groups cost one call; one of them that is gone costs the others nothing but calls.
func TestManyTargetGroups(t *testing.T) {
	w := serve(t)
	var keys []evidence.Key
	for i := range 20 {
		keys = append(keys, evidence.TargetGroupKey(fmt.Sprint("arn:tg-", i)).Key)
	}
	w.fetch(t, keys...)
	if n := w.count("elasticloadbalancing:DescribeTargetGroups"); n != 1 {
		t.Errorf("%d calls for 20 target groups, want 1", n)
	}
	s := w.fetch(t, append(keys[:3:3], evidence.TargetGroupKey("arn:gone").Key, evidence.BalancerKey("arn:gone").Key, evidence.TargetHealthKey("arn:gone").Key)...)
	wantAbsent(t, s, evidence.TargetGroupKey("arn:gone").Key, evidence.BalancerKey("arn:gone").Key, evidence.TargetHealthKey("arn:gone").Key)
	if v := value(t, s, evidence.TargetGroupKey("arn:tg-1")); v.Name != "web" {
		t.Errorf("the neighbour of a missing group reads %+v", v)
	}
}
