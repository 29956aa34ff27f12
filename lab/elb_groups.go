package lab

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

func (w *World) describeTargetGroups(in *elb.DescribeTargetGroupsInput) (*elb.DescribeTargetGroupsOutput, error) {
	all := []elbtypes.TargetGroup{}
	for _, arn := range in.TargetGroupArns {
		g, err := w.groupNamed(&arn)
		if err != nil {
			return nil, err
		}
		all = append(all, w.groupView(g))
	}
	if in.LoadBalancerArn != nil {
		if _, err := w.balancerNamed(in.LoadBalancerArn); err != nil {
			return nil, err
		}
	}
	found := map[string]bool{}
	for _, g := range sorted(w.elb.targetGroups) {
		v := w.groupView(g)
		name := aws.ToString(g.TargetGroupName)
		switch {
		case len(in.TargetGroupArns) > 0:
		case len(in.Names) > 0 && !slices.Contains(in.Names, name):
		case in.LoadBalancerArn != nil && !slices.Contains(v.LoadBalancerArns, *in.LoadBalancerArn):
		default:
			found[name] = true
			all = append(all, v)
		}
	}
	for _, name := range in.Names {
		if !found[name] {
			return nil, noTargetGroup()
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.Marker), int(aws.ToInt32(in.PageSize)), 400)
	return &elb.DescribeTargetGroupsOutput{TargetGroups: page, NextMarker: optional(next)}, err
}

// createTargetGroup completes the health check as AWS does for application load balancers: HTTP, traffic-port, /, every 30 s with
// 5 s to answer, 5 good and 2 bad in a row, code 200 (ELBv2 API, CreateTargetGroup).
func (w *World) createTargetGroup(in *elb.CreateTargetGroupInput) (*elb.CreateTargetGroupOutput, error) {
	name := aws.ToString(in.Name)
	for _, g := range w.elb.targetGroups {
		if aws.ToString(g.TargetGroupName) == name {
			return nil, wire.Errorf("DuplicateTargetGroupName", "A target group with the same name '%s' exists, but with different settings", name)
		}
	}
	if w.vpcs[aws.ToString(in.VpcId)] == nil {
		return nil, wire.Errorf("ValidationError", "The VPC ID '%s' is not found", aws.ToString(in.VpcId))
	}
	matcher := in.Matcher
	if matcher == nil {
		matcher = &elbtypes.Matcher{HttpCode: aws.String("200")}
	}
	g := &targetGroup{TargetGroup: elbtypes.TargetGroup{
		TargetGroupArn: aws.String(w.elbARN("targetgroup/" + name + "/" + w.newHex(16))), TargetGroupName: in.Name, Protocol: cmp.Or(in.Protocol, elbtypes.ProtocolEnumHttp), Port: in.Port,
		VpcId: in.VpcId, TargetType: cmp.Or(in.TargetType, elbtypes.TargetTypeEnumInstance), IpAddressType: cmp.Or(in.IpAddressType, elbtypes.TargetGroupIpAddressTypeEnumIpv4),
		ProtocolVersion: cmp.Or(in.ProtocolVersion, aws.String("HTTP1")), HealthCheckEnabled: aws.Bool(true), HealthCheckProtocol: cmp.Or(in.HealthCheckProtocol, elbtypes.ProtocolEnumHttp),
		HealthCheckPort: cmp.Or(in.HealthCheckPort, aws.String("traffic-port")), HealthCheckPath: cmp.Or(in.HealthCheckPath, aws.String("/")), Matcher: matcher,
		HealthCheckIntervalSeconds: cmp.Or(in.HealthCheckIntervalSeconds, aws.Int32(30)), HealthCheckTimeoutSeconds: cmp.Or(in.HealthCheckTimeoutSeconds, aws.Int32(5)),
		HealthyThresholdCount: cmp.Or(in.HealthyThresholdCount, aws.Int32(5)), UnhealthyThresholdCount: cmp.Or(in.UnhealthyThresholdCount, aws.Int32(2)),
	}, attributes: map[string]string{
		"deregistration_delay.timeout_seconds": "300", "stickiness.enabled": "false", "stickiness.type": "lb_cookie", "slow_start.duration_seconds": "0",
		"load_balancing.algorithm.type": "round_robin", "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1", "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
	}}
	if err := sane(g.TargetGroup); err != nil {
		return nil, err
	}
	w.elb.targetGroups[*g.TargetGroupArn] = g
	w.elb.tags[*g.TargetGroupArn] = in.Tags
	return &elb.CreateTargetGroupOutput{TargetGroups: []elbtypes.TargetGroup{w.groupView(g)}}, nil
}

// sane refuses a health check that cannot work.
func sane(g elbtypes.TargetGroup) error {
	if aws.ToInt32(g.HealthCheckTimeoutSeconds) >= aws.ToInt32(g.HealthCheckIntervalSeconds) {
		return wire.Errorf("ValidationError", "Health check timeout '%d' must be smaller than or equal to the interval '%d'", aws.ToInt32(g.HealthCheckTimeoutSeconds), aws.ToInt32(g.HealthCheckIntervalSeconds))
	}
	if !strings.HasPrefix(aws.ToString(g.HealthCheckPath), "/") {
		return wire.Errorf("ValidationError", "Health check path '%s' must begin with a '/' character", aws.ToString(g.HealthCheckPath))
	}
	return nil
}

func (w *World) modifyTargetGroup(in *elb.ModifyTargetGroupInput) (*elb.ModifyTargetGroupOutput, error) {
	g, err := w.groupNamed(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	next := g.TargetGroup
	next.HealthCheckProtocol = cmp.Or(in.HealthCheckProtocol, next.HealthCheckProtocol)
	next.HealthCheckPort = cmp.Or(in.HealthCheckPort, next.HealthCheckPort)
	next.HealthCheckPath = cmp.Or(in.HealthCheckPath, next.HealthCheckPath)
	next.HealthCheckIntervalSeconds = cmp.Or(in.HealthCheckIntervalSeconds, next.HealthCheckIntervalSeconds)
	next.HealthCheckTimeoutSeconds = cmp.Or(in.HealthCheckTimeoutSeconds, next.HealthCheckTimeoutSeconds)
	next.HealthyThresholdCount = cmp.Or(in.HealthyThresholdCount, next.HealthyThresholdCount)
	next.UnhealthyThresholdCount = cmp.Or(in.UnhealthyThresholdCount, next.UnhealthyThresholdCount)
	next.Matcher = cmp.Or(in.Matcher, next.Matcher)
	if err := sane(next); err != nil {
		return nil, err
	}
	g.TargetGroup = next
	return &elb.ModifyTargetGroupOutput{TargetGroups: []elbtypes.TargetGroup{w.groupView(g)}}, nil
}

func (w *World) deleteTargetGroup(in *elb.DeleteTargetGroupInput) (*elb.DeleteTargetGroupOutput, error) {
	arn := aws.ToString(in.TargetGroupArn)
	if w.balancerOf(arn) != nil {
		return nil, wire.Errorf("ResourceInUse", "Target group '%s' is currently in use by a listener or a rule", arn)
	}
	delete(w.elb.targetGroups, arn) // one that is not there is no error
	return &elb.DeleteTargetGroupOutput{}, nil
}

func (g *targetGroup) listed() []elbtypes.TargetGroupAttribute {
	out := []elbtypes.TargetGroupAttribute{}
	for _, k := range slices.Sorted(maps.Keys(g.attributes)) {
		out = append(out, elbtypes.TargetGroupAttribute{Key: aws.String(k), Value: aws.String(g.attributes[k])})
	}
	return out
}

func (w *World) describeTargetGroupAttributes(in *elb.DescribeTargetGroupAttributesInput) (*elb.DescribeTargetGroupAttributesOutput, error) {
	g, err := w.groupNamed(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	return &elb.DescribeTargetGroupAttributesOutput{Attributes: g.listed()}, nil
}

func (w *World) modifyTargetGroupAttributes(in *elb.ModifyTargetGroupAttributesInput) (*elb.ModifyTargetGroupAttributesOutput, error) {
	g, err := w.groupNamed(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	for _, a := range in.Attributes {
		if _, ok := g.attributes[aws.ToString(a.Key)]; !ok {
			return nil, badAttribute("Target group", a.Key)
		}
	}
	for _, a := range in.Attributes {
		g.attributes[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	return &elb.ModifyTargetGroupAttributesOutput{Attributes: g.listed()}, nil
}

// checkPort is the port that health checks of a target go to.
func (g *targetGroup) checkPort(t *target) int32 {
	if n := number(aws.ToString(g.HealthCheckPort)); n > 0 {
		return int32(n)
	}
	return t.port
}

func (w *World) describeTargetHealth(in *elb.DescribeTargetHealthInput) (*elb.DescribeTargetHealthOutput, error) {
	g, err := w.groupNamed(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	out := &elb.DescribeTargetHealthOutput{}
	show := func(t *target) {
		d := elbtypes.TargetHealthDescription{
			Target: &elbtypes.TargetDescription{Id: aws.String(t.ip), Port: aws.Int32(t.port), AvailabilityZone: optional(t.zone)}, HealthCheckPort: aws.String(fmt.Sprint(g.checkPort(t))),
			TargetHealth: &elbtypes.TargetHealth{State: t.state, Reason: t.reason, Description: optional(t.description)},
		}
		out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, d)
	}
	for _, want := range in.Targets {
		port := aws.ToInt32(cmp.Or(want.Port, g.Port))
		if t := g.find(aws.ToString(want.Id), port); t != nil {
			show(t)
			continue
		}
		show(&target{ip: aws.ToString(want.Id), port: port, state: elbtypes.TargetHealthStateEnumUnused, reason: elbtypes.TargetHealthReasonEnumNotRegistered,
			description: "Target is not registered to the target group"})
	}
	if len(in.Targets) == 0 {
		for _, t := range g.targets {
			show(t)
		}
	}
	return out, nil
}

func (w *World) registerTargets(in *elb.RegisterTargetsInput) (*elb.RegisterTargetsOutput, error) {
	g, err := w.groupNamed(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	for _, t := range in.Targets {
		if err := w.registerTarget(g, aws.ToString(t.Id), aws.ToInt32(cmp.Or(t.Port, g.Port))); err != nil {
			return nil, err
		}
	}
	return &elb.RegisterTargetsOutput{}, nil
}

func (w *World) deregisterTargets(in *elb.DeregisterTargetsInput) (*elb.DeregisterTargetsOutput, error) {
	g, err := w.groupNamed(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	for _, t := range in.Targets {
		if found := g.find(aws.ToString(t.Id), aws.ToInt32(cmp.Or(t.Port, g.Port))); found != nil {
			w.drainTarget(g, found)
		}
	}
	return &elb.DeregisterTargetsOutput{}, nil
}
