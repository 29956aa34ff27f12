package lab

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// TestLoadBalancing: what a caller reads of the load balancer of web, and changes.
func TestLoadBalancing(t *testing.T) {
	w, cfg := served(t, Options{Web: true})
	c, ctx := elb.NewFromConfig(cfg), context.Background()
	lb := must[*elb.DescribeLoadBalancersOutput](t)(c.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{"web"}})).LoadBalancers[0]
	if len(lb.AvailabilityZones) != 2 || lb.State.Code != elbtypes.LoadBalancerStateEnumActive || len(lb.SecurityGroups) != 1 {
		t.Errorf("load balancer: %+v", lb)
	}
	g := must[*elb.DescribeTargetGroupsOutput](t)(c.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{LoadBalancerArn: lb.LoadBalancerArn})).TargetGroups[0]
	if *g.HealthCheckPath != "/healthz" || *g.Matcher.HttpCode != "200" || g.TargetType != elbtypes.TargetTypeEnumIp || len(g.LoadBalancerArns) != 1 {
		t.Errorf("target group: %+v", g)
	}
	l := must[*elb.DescribeListenersOutput](t)(c.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: lb.LoadBalancerArn})).Listeners[0]
	rules := must[*elb.DescribeRulesOutput](t)(c.DescribeRules(ctx, &elb.DescribeRulesInput{ListenerArn: l.ListenerArn})).Rules
	if len(rules) != 2 || *rules[0].Priority != "10" || *rules[0].Actions[0].TargetGroupArn != *g.TargetGroupArn || !*rules[1].IsDefault {
		t.Errorf("rules: %+v", rules)
	}
	attributes := must[*elb.DescribeTargetGroupAttributesOutput](t)(c.DescribeTargetGroupAttributes(ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: g.TargetGroupArn})).Attributes
	delay := ""
	for _, a := range attributes {
		if *a.Key == "deregistration_delay.timeout_seconds" {
			delay = *a.Value
		}
	}
	if delay != "30" {
		t.Errorf("deregistration delay %q", delay)
	}
	health := func(targets ...elbtypes.TargetDescription) []elbtypes.TargetHealthDescription {
		return must[*elb.DescribeTargetHealthOutput](t)(c.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: g.TargetGroupArn, Targets: targets})).TargetHealthDescriptions
	}
	all := health()
	if len(all) != 2 || all[0].TargetHealth.State != elbtypes.TargetHealthStateEnumHealthy || *all[0].HealthCheckPort != "8080" {
		t.Errorf("target health: %+v", all)
	}
	if x := health(elbtypes.TargetDescription{Id: aws.String("10.0.10.60")}); x[0].TargetHealth.Reason != elbtypes.TargetHealthReasonEnumNotRegistered {
		t.Errorf("a stranger is %+v", x[0].TargetHealth)
	}

	// A target that nobody answers at goes from registration over checks to unhealthy, and leaves by way of draining.
	stranger := []elbtypes.TargetDescription{{Id: aws.String("10.0.10.60"), Port: aws.Int32(8080)}}
	must[*elb.RegisterTargetsOutput](t)(c.RegisterTargets(ctx, &elb.RegisterTargetsInput{TargetGroupArn: g.TargetGroupArn, Targets: stranger}))
	seen := []elbtypes.TargetHealthReasonEnum{health(stranger...)[0].TargetHealth.Reason}
	for _, wait := range []time.Duration{5 * time.Second, 30 * time.Second} {
		w.Advance(wait)
		seen = append(seen, health(stranger...)[0].TargetHealth.Reason)
	}
	must[*elb.DeregisterTargetsOutput](t)(c.DeregisterTargets(ctx, &elb.DeregisterTargetsInput{TargetGroupArn: g.TargetGroupArn, Targets: stranger}))
	seen = append(seen, health(stranger...)[0].TargetHealth.Reason)
	w.Advance(31 * time.Second)
	seen = append(seen, health(stranger...)[0].TargetHealth.Reason)
	want := []elbtypes.TargetHealthReasonEnum{"Elb.RegistrationInProgress", "Elb.InitialHealthChecking", "Target.Timeout", "Target.DeregistrationInProgress", "Target.NotRegistered"}
	for i := range want {
		if seen[i] != want[i] {
			t.Errorf("the stranger's life is %v, want %v", seen, want)
			break
		}
	}
	wantCode(t, "InvalidTarget")(c.RegisterTargets(ctx, &elb.RegisterTargetsInput{TargetGroupArn: g.TargetGroupArn, Targets: []elbtypes.TargetDescription{{Id: aws.String("192.0.2.1")}}}))
	wantCode(t, "ResourceInUse")(c.DeleteTargetGroup(ctx, &elb.DeleteTargetGroupInput{TargetGroupArn: g.TargetGroupArn}))
	wantCode(t, "TargetGroupNotFound")(c.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{"nobody"}}))
	wantCode(t, "LoadBalancerNotFound")(c.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{"nobody"}}))
	wantCode(t, "InvalidConfigurationRequest")(c.SetSubnets(ctx, &elb.SetSubnetsInput{LoadBalancerArn: lb.LoadBalancerArn, Subnets: []string{w.names["subnet:public-a"]}}))
	action := []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: g.TargetGroupArn}}
	condition := []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/api/*"}}}
	wantCode(t, "PriorityInUse")(c.CreateRule(ctx, &elb.CreateRuleInput{ListenerArn: l.ListenerArn, Priority: aws.Int32(10), Actions: action, Conditions: condition}))
	r := must[*elb.CreateRuleOutput](t)(c.CreateRule(ctx, &elb.CreateRuleInput{ListenerArn: l.ListenerArn, Priority: aws.Int32(5), Actions: action, Conditions: condition})).Rules[0]
	if rules := must[*elb.DescribeRulesOutput](t)(c.DescribeRules(ctx, &elb.DescribeRulesInput{ListenerArn: l.ListenerArn})).Rules; *rules[0].RuleArn != *r.RuleArn {
		t.Errorf("the rule of priority 5 is not the first: %+v", rules)
	}
}

// TestServicesAndTheirLoadBalancers: ECS refuses what cannot work before anything starts.
func TestServicesAndTheirLoadBalancers(t *testing.T) {
	for _, c := range []struct {
		want  string
		input map[string]any
		first []Step
	}{
		{"The container wep does not exist in the task definition.", map[string]any{"containerName": "wep", "containerPort": 8080}, nil},
		{"The container web did not have a container port 80 defined.", map[string]any{"containerName": "web", "containerPort": 80}, nil},
		{"does not have an associated load balancer.", map[string]any{"containerName": "web", "containerPort": 8080},
			[]Step{{Service: "elasticloadbalancing", Operation: "DeleteRule", Input: map[string]any{"RuleArn": "${rule:web}"}}}},
	} {
		w := New(Options{Web: true})
		apply(t, w, c.first)
		c.input["targetGroupArn"] = "${target-group:web}"
		err := w.Apply([]Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "web", "forceNewDeployment": true, "loadBalancers": []any{c.input}}}})
		wantText(t, err, c.want)
	}
	w := New(Options{Web: true})
	apply(t, w, []Step{{Service: "ecs", Operation: "DeregisterTaskDefinition", Input: map[string]any{"taskDefinition": "web:2"}}})
	force := []Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "web", "forceNewDeployment": true}}}
	wantText(t, w.Apply(force), "TaskDefinition is inactive")
	// A service goes on with a revision that was deregistered, and scales.
	apply(t, w, []Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "web", "desiredCount": 3}}})
	w.Advance(5 * time.Minute)
	if err := w.Healed("shop/web", time.Minute); err != nil {
		t.Error(err)
	}
}
