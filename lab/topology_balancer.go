package lab

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// addBalancerOf puts a service behind a load balancer of its own in the public subnets: load-balancer:NAME, listener:NAME, rule:NAME,
// target-group:NAME, sg:NAME-alb. Only the load balancer may call the tasks then.
func (w *World) addBalancerOf(d *draft) {
	name := d.load.Name
	front := w.addGroup(d.net, name+"-alb", 80, ec2types.IpPermission{IpRanges: everywhere()})
	d.ingress = ec2types.IpPermission{UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: aws.String(front), UserId: aws.String(w.Account)}}}
	arn := w.newBalancer(name, w.names["vpc:"+d.net.Name], front, w.subnetsOf(d.net, "public"))
	g, err := w.createTargetGroup(&elb.CreateTargetGroupInput{
		Name: aws.String(name), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: aws.String(w.names["vpc:"+d.net.Name]), TargetType: elbtypes.TargetTypeEnumIp,
		HealthCheckPath: aws.String("/healthz"), HealthCheckIntervalSeconds: aws.Int32(15), HealthyThresholdCount: aws.Int32(2), UnhealthyThresholdCount: aws.Int32(2),
	})
	w.must(g, err)
	group := g.TargetGroups[0].TargetGroupArn
	w.elb.targetGroups[*group].attributes["deregistration_delay.timeout_seconds"] = "30"
	w.names["target-group:"+name] = *group
	l, err := w.createListener(&elb.CreateListenerInput{LoadBalancerArn: aws.String(arn), Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp, DefaultActions: []elbtypes.Action{{
		Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("404"), ContentType: aws.String("text/plain")},
	}}})
	w.must(l, err)
	w.names["listener:"+name] = *l.Listeners[0].ListenerArn
	r, err := w.createRule(&elb.CreateRuleInput{
		ListenerArn: l.Listeners[0].ListenerArn, Priority: aws.Int32(10), Actions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: group}},
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/*"}}},
	})
	w.must(r, err)
	w.names["rule:"+name] = *r.Rules[0].RuleArn
	d.svc.LoadBalancers = []ecstypes.LoadBalancer{{TargetGroupArn: group, ContainerName: aws.String(name), ContainerPort: aws.Int32(8080)}}
	d.svc.HealthCheckGracePeriodSeconds = aws.Int32(30)
}

// newBalancer makes an application load balancer that faces the internet.
func (w *World) newBalancer(name, vpcID, group string, subnets []string) string {
	arn := w.elbARN("loadbalancer/app/" + name + "/" + w.newHex(16))
	b := &loadBalancer{nodes: map[string]string{}, LoadBalancer: elbtypes.LoadBalancer{
		LoadBalancerArn: aws.String(arn), LoadBalancerName: aws.String(name), DNSName: aws.String(fmt.Sprintf("%s-%d.%s.elb.amazonaws.com", name, 1e9+w.rng.Int64N(1e9), w.Region)),
		CanonicalHostedZoneId: aws.String("Z32O12XQLNTSW2"), CreatedTime: aws.Time(w.now.Add(-40 * day)), Scheme: elbtypes.LoadBalancerSchemeEnumInternetFacing,
		VpcId: aws.String(vpcID), State: &elbtypes.LoadBalancerState{Code: elbtypes.LoadBalancerStateEnumActive}, Type: elbtypes.LoadBalancerTypeEnumApplication,
		SecurityGroups: []string{group}, IpAddressType: elbtypes.IpAddressTypeIpv4,
	}, attributes: map[string]string{
		"idle_timeout.timeout_seconds": "60", "client_keep_alive.seconds": "3600", "deletion_protection.enabled": "false", "access_logs.s3.enabled": "false", "access_logs.s3.bucket": "",
		"access_logs.s3.prefix": "", "load_balancing.cross_zone.enabled": "true", "routing.http2.enabled": "true", "routing.http.preserve_host_header.enabled": "false",
	}}
	if err := w.placeBalancer(b, subnets); err != nil {
		panic("lab: the topology has no place for its load balancer: " + err.Error())
	}
	w.elb.balancers[arn] = b
	w.names["load-balancer:"+name] = arn
	return arn
}
