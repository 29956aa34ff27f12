package collectors

import (
	"slices"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

const webTargets = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0123"

var ordinaryELB = []wire.Operation{
	op("elasticloadbalancing", "DescribeLoadBalancers", func(in *elb.DescribeLoadBalancersInput) (*elb.DescribeLoadBalancersOutput, error) {
		if len(in.Names) > 0 && in.Names[0] != "web-lb" || slices.Contains(in.LoadBalancerArns, "arn:gone") {
			return nil, wire.Errorf("LoadBalancerNotFound", "One or more load balancers not found")
		}
		return &elb.DescribeLoadBalancersOutput{LoadBalancers: []elbtypes.LoadBalancer{{LoadBalancerArn: p("arn:lb"), LoadBalancerName: p("web-lb"),
			DNSName: p("internal-web-lb-1234567890.eu-west-1.elb.amazonaws.com"), Type: elbtypes.LoadBalancerTypeEnumNetwork, Scheme: elbtypes.LoadBalancerSchemeEnumInternal,
			VpcId: p("vpc-1"), State: &elbtypes.LoadBalancerState{Code: elbtypes.LoadBalancerStateEnumActive}, SecurityGroups: []string{"sg-lb"},
			AvailabilityZones: []elbtypes.AvailabilityZone{{ZoneName: p("eu-west-1a"), SubnetId: p("subnet-1"),
				LoadBalancerAddresses: []elbtypes.LoadBalancerAddress{{PrivateIPv4Address: p("10.0.1.7")}, {AllocationId: p("eipalloc-1")}}}}}}}, nil
	}),
	op("elasticloadbalancing", "DescribeTargetGroups", func(in *elb.DescribeTargetGroupsInput) (*elb.DescribeTargetGroupsOutput, error) {
		if slices.Contains(in.TargetGroupArns, "arn:gone") {
			return nil, wire.Errorf("TargetGroupNotFound", "One or more target groups not found")
		}
		out := &elb.DescribeTargetGroupsOutput{}
		if in.LoadBalancerArn != nil {
			out.TargetGroups = []elbtypes.TargetGroup{{TargetGroupArn: p("arn:tg")}}
		}
		for _, arn := range in.TargetGroupArns {
			out.TargetGroups = append(out.TargetGroups, elbtypes.TargetGroup{TargetGroupArn: p(arn), TargetGroupName: p("web"), Protocol: elbtypes.ProtocolEnumHttp,
				ProtocolVersion: p("HTTP1"), Port: p(int32(80)), TargetType: elbtypes.TargetTypeEnumIp, VpcId: p("vpc-1"), LoadBalancerArns: []string{"arn:lb"},
				HealthCheckEnabled: p(true), HealthCheckProtocol: elbtypes.ProtocolEnumHttp, HealthCheckPort: p("traffic-port"), HealthCheckPath: p("/health"),
				HealthCheckIntervalSeconds: p(int32(30)), HealthCheckTimeoutSeconds: p(int32(5)), HealthyThresholdCount: p(int32(5)), UnhealthyThresholdCount: p(int32(2)),
				Matcher: &elbtypes.Matcher{HttpCode: p("200-299")}})
		}
		return out, nil
	}),
	op("elasticloadbalancing", "DescribeTargetGroupAttributes", func(in *elb.DescribeTargetGroupAttributesInput) (*elb.DescribeTargetGroupAttributesOutput, error) {
		return &elb.DescribeTargetGroupAttributesOutput{Attributes: []elbtypes.TargetGroupAttribute{
			{Key: p("deregistration_delay.timeout_seconds"), Value: p("300")}, {Key: p("preserve_client_ip.enabled"), Value: p("false")}}}, nil
	}),
	op("elasticloadbalancing", "DescribeTargetHealth", func(in *elb.DescribeTargetHealthInput) (*elb.DescribeTargetHealthOutput, error) {
		if *in.TargetGroupArn == "arn:gone" {
			return nil, wire.Errorf("TargetGroupNotFound", "One or more target groups not found")
		}
		return &elb.DescribeTargetHealthOutput{TargetHealthDescriptions: []elbtypes.TargetHealthDescription{{
			Target: &elbtypes.TargetDescription{Id: p("10.0.1.9"), Port: p(int32(8080)), AvailabilityZone: p("eu-west-1a")}, HealthCheckPort: p("8080"),
			TargetHealth: &elbtypes.TargetHealth{State: elbtypes.TargetHealthStateEnumUnhealthy, Reason: elbtypes.TargetHealthReasonEnumResponseCodeMismatch,
				Description: p("Health checks failed with these codes: [404]")}}}}, nil
	}),
	op("elasticloadbalancing", "DescribeListeners", func(in *elb.DescribeListenersInput) (*elb.DescribeListenersOutput, error) {
		return &elb.DescribeListenersOutput{Listeners: []elbtypes.Listener{{ListenerArn: p("arn:listener"), LoadBalancerArn: in.LoadBalancerArn, Port: p(int32(443)),
			Protocol: elbtypes.ProtocolEnumHttps, DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: p("arn:tg")}}}}}, nil
	}),
	op("elasticloadbalancing", "DescribeRules", func(in *elb.DescribeRulesInput) (*elb.DescribeRulesOutput, error) {
		if in.Marker == nil {
			return &elb.DescribeRulesOutput{NextMarker: p("2"), Rules: []elbtypes.Rule{{RuleArn: p("arn:rule"), Priority: p("10"),
				Conditions: []elbtypes.RuleCondition{{Field: p("path-pattern"), PathPatternConfig: &elbtypes.PathPatternConditionConfig{Values: []string{"/shop/*"}}}},
				Actions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{
					TargetGroups: []elbtypes.TargetGroupTuple{{TargetGroupArn: p("arn:blue"), Weight: p(int32(0))}, {TargetGroupArn: p("arn:green"), Weight: p(int32(100))}}}}}}}}, nil
		}
		return &elb.DescribeRulesOutput{Rules: []elbtypes.Rule{{RuleArn: p("arn:rule-default"), Priority: p("default"), IsDefault: p(true)}}}, nil
	}),
}
