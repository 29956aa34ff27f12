package lab

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

const badNetworking = "Service deployment rolled back because of invalid networking configuration"

// serving lists the target groups that actions give traffic to: those with a weight, or the only one.
func serving(actions []elbtypes.Action) []string {
	var out []string
	for _, a := range actions {
		if a.Type != elbtypes.ActionTypeEnumForward {
			continue
		}
		if a.ForwardConfig == nil {
			out = append(out, aws.ToString(a.TargetGroupArn))
			continue
		}
		for _, g := range a.ForwardConfig.TargetGroups {
			if len(a.ForwardConfig.TargetGroups) == 1 || aws.ToInt32(g.Weight) > 0 {
				out = append(out, aws.ToString(g.TargetGroupArn))
			}
		}
	}
	return out
}

// checkTraffic looks at the listener rules of a service as they are before a deployment (ECS developer guide, "Troubleshooting Amazon ECS
// blue/green deployments").
func (w *World) checkTraffic(s *service) (bool, string) {
	for _, l := range s.LoadBalancers {
		a := l.AdvancedConfiguration
		if a == nil {
			continue
		}
		if why := w.mayDrive(a, "elasticloadbalancing:DescribeRules"); why != "" {
			return false, why
		}
		var production, both []string
		if r := w.elb.rules[aws.ToString(a.ProductionListenerRule)]; r != nil {
			production, both = serving(r.Actions), forwards(r.Actions)
		}
		if r := w.elb.rules[aws.ToString(a.TestListenerRule)]; r != nil {
			both = append(both, forwards(r.Actions)...)
		}
		pair := []string{aws.ToString(l.TargetGroupArn), aws.ToString(a.AlternateTargetGroupArn)}
		if len(production) > 1 {
			return false, fmt.Sprintf("%s. productionListenerRule %s should have exactly one target group serving traffic but found %d target groups which are serving traffic",
				badNetworking, aws.ToString(a.ProductionListenerRule), len(production))
		}
		if len(production) == 1 && !slices.Contains(pair, production[0]) {
			return false, fmt.Sprintf("%s. Production listener rule is forwarding traffic to unexpected target group %s. Expected traffic to be forwarded to either targetGroupArn: %s or alternateTargetGroupArn: %s",
				badNetworking, production[0], pair[0], pair[1])
		}
		for _, g := range pair {
			if !slices.Contains(both, g) {
				return false, fmt.Sprintf("%s: Target group %s is not associated with either productionListenerRule or testListenerRule.", badNetworking, g)
			}
		}
	}
	return true, ""
}

// mayDrive says why ECS may not act on the load balancer with the infrastructure role; "" = it may.
func (w *World) mayDrive(a *ecstypes.AdvancedConfiguration, action string) string {
	role := lastPart(aws.ToString(a.RoleArn))
	trusted, _ := w.canAssume(role, "ecs.amazonaws.com")
	if trusted && w.authorizeCall(role, action, aws.ToString(a.ProductionListenerRule), nil).Allowed {
		return ""
	}
	return fmt.Sprintf("%s. ECS was unable to manage the ELB resources due to missing permissions on ECS Infrastructure Role '%s'.", badNetworking, aws.ToString(a.RoleArn))
}

// shiftTest gives the test traffic to the new tasks, where there is a test rule.
func (w *World) shiftTest(s *service, d *deployment) (bool, string) {
	for i, l := range s.LoadBalancers {
		a := l.AdvancedConfiguration
		if a == nil || a.TestListenerRule == nil {
			continue
		}
		if why := w.mayDrive(a, "elasticloadbalancing:ModifyRule"); why != "" {
			return false, why
		}
		w.turn(a.TestListenerRule, d.group(i))
	}
	return true, ""
}

// shiftProduction gives the production traffic to the new tasks, after a last look at the rules.
func (w *World) shiftProduction(s *service, d *deployment) (bool, string) {
	if ok, why := w.checkTraffic(s); !ok {
		return false, why
	}
	for i, l := range s.LoadBalancers {
		a := l.AdvancedConfiguration
		if a == nil {
			continue
		}
		if why := w.mayDrive(a, "elasticloadbalancing:ModifyRule"); why != "" {
			return false, why
		}
		w.turn(a.ProductionListenerRule, d.group(i))
	}
	d.staged.shifted = true
	return true, ""
}

// restoreTraffic gives the traffic back to the tasks of the deployment that a failed one is taken back to.
func (w *World) restoreTraffic(s *service, from, to *deployment) {
	if from.staged == nil {
		return
	}
	for i, l := range s.LoadBalancers {
		if a := l.AdvancedConfiguration; a != nil && from.staged.shifted {
			w.turn(a.ProductionListenerRule, to.group(i))
		}
	}
	from.staged.shifted = false
}

// group is the target group of the deployment's tasks at a load balancer of the service.
func (d *deployment) group(i int) string {
	if i >= len(d.launch.balancers) {
		return ""
	}
	return aws.ToString(d.launch.balancers[i].TargetGroupArn)
}

// turn makes a rule send everything to one of its target groups, or to that group alone where it is not among them.
func (w *World) turn(rule *string, group string) {
	r := w.elb.rules[aws.ToString(rule)]
	if r == nil || group == "" {
		return
	}
	tuples := []elbtypes.TargetGroupTuple{{TargetGroupArn: aws.String(group), Weight: aws.Int32(100)}}
	if all := forwards(r.Actions); slices.Contains(all, group) {
		tuples = nil
		for _, arn := range all {
			weight := int32(0)
			if arn == group {
				weight = 100
			}
			tuples = append(tuples, elbtypes.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(weight)})
		}
	}
	r.Actions = []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, Order: aws.Int32(1), ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: tuples}}}
}

// served says what is wrong with the production traffic of a blue/green service; nil also for a rolling one.
func (w *World) served(s *service, p *deployment) error {
	for i, l := range s.LoadBalancers {
		a := l.AdvancedConfiguration
		if a == nil || s.DeploymentConfiguration.Strategy != ecstypes.DeploymentStrategyBlueGreen {
			continue
		}
		r := w.elb.rules[aws.ToString(a.ProductionListenerRule)]
		if r == nil || !slices.Equal(serving(r.Actions), []string{p.group(i)}) {
			return fmt.Errorf("the production rule does not send all traffic to target group %s, where its tasks are", lastPart(p.group(i)))
		}
	}
	return nil
}
