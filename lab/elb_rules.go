package lab

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

func (w *World) describeListeners(in *elb.DescribeListenersInput) (*elb.DescribeListenersOutput, error) {
	all := []elbtypes.Listener{}
	if in.LoadBalancerArn != nil {
		if _, err := w.balancerNamed(in.LoadBalancerArn); err != nil {
			return nil, err
		}
		for _, l := range sorted(w.elb.listeners) {
			if aws.ToString(l.LoadBalancerArn) == *in.LoadBalancerArn {
				all = append(all, *l)
			}
		}
	}
	for _, arn := range in.ListenerArns {
		l, err := w.listenerNamed(&arn)
		if err != nil {
			return nil, err
		}
		all = append(all, *l)
	}
	page, next, err := wire.Page(all, aws.ToString(in.Marker), int(aws.ToInt32(in.PageSize)), 400)
	return &elb.DescribeListenersOutput{Listeners: page, NextMarker: optional(next)}, err
}

func (w *World) createListener(in *elb.CreateListenerInput) (*elb.CreateListenerOutput, error) {
	b, err := w.balancerNamed(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if err := w.checkActions(in.DefaultActions); err != nil {
		return nil, err
	}
	for _, l := range w.elb.listeners {
		if aws.ToString(l.LoadBalancerArn) == *in.LoadBalancerArn && aws.ToInt32(l.Port) == aws.ToInt32(in.Port) {
			return nil, wire.Errorf("DuplicateListener", "A listener already exists on this port for this load balancer '%s'", *in.LoadBalancerArn)
		}
	}
	l := &elbtypes.Listener{
		ListenerArn:     aws.String(w.elbARN("listener/" + balancerPath(*b.LoadBalancerArn) + "/" + w.newHex(16))),
		LoadBalancerArn: in.LoadBalancerArn, Port: in.Port, Protocol: in.Protocol, DefaultActions: in.DefaultActions, Certificates: in.Certificates, SslPolicy: in.SslPolicy,
	}
	w.elb.listeners[*l.ListenerArn] = l
	w.elb.tags[*l.ListenerArn] = in.Tags
	return &elb.CreateListenerOutput{Listeners: []elbtypes.Listener{*l}}, nil
}

func (w *World) modifyListener(in *elb.ModifyListenerInput) (*elb.ModifyListenerOutput, error) {
	l, err := w.listenerNamed(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	if err := w.checkActions(in.DefaultActions); err != nil {
		return nil, err
	}
	l.Port = cmp.Or(in.Port, l.Port)
	l.Protocol = cmp.Or(in.Protocol, l.Protocol)
	if in.DefaultActions != nil {
		l.DefaultActions = in.DefaultActions
	}
	return &elb.ModifyListenerOutput{Listeners: []elbtypes.Listener{*l}}, nil
}

func (w *World) deleteListener(in *elb.DeleteListenerInput) (*elb.DeleteListenerOutput, error) {
	if _, err := w.listenerNamed(in.ListenerArn); err != nil {
		return nil, err
	}
	delete(w.elb.listeners, *in.ListenerArn)
	maps.DeleteFunc(w.elb.rules, func(_ string, r *listenerRule) bool { return r.listener == *in.ListenerArn })
	return &elb.DeleteListenerOutput{}, nil
}

// rulesOf lists the rules of a listener as AWS does: by priority, and last the default, which is the listener's own action.
func (w *World) rulesOf(l *elbtypes.Listener) []elbtypes.Rule {
	out := []elbtypes.Rule{}
	for _, r := range sorted(w.elb.rules) {
		if r.listener == aws.ToString(l.ListenerArn) {
			out = append(out, r.Rule)
		}
	}
	slices.SortStableFunc(out, func(a, b elbtypes.Rule) int {
		return cmp.Compare(number(aws.ToString(a.Priority)), number(aws.ToString(b.Priority)))
	})
	arn := strings.Replace(aws.ToString(l.ListenerArn), ":listener/", ":listener-rule/", 1) + "/" + stableHex(16, "default", aws.ToString(l.ListenerArn))
	return append(out, elbtypes.Rule{RuleArn: aws.String(arn), IsDefault: aws.Bool(true), Priority: aws.String("default"), Actions: l.DefaultActions, Conditions: []elbtypes.RuleCondition{}})
}

func (w *World) describeRules(in *elb.DescribeRulesInput) (*elb.DescribeRulesOutput, error) {
	var all []elbtypes.Rule
	if in.ListenerArn != nil {
		l, err := w.listenerNamed(in.ListenerArn)
		if err != nil {
			return nil, err
		}
		all = w.rulesOf(l)
	}
	for _, arn := range in.RuleArns {
		r := w.elb.rules[arn]
		if r == nil {
			return nil, noRule()
		}
		all = append(all, r.Rule)
	}
	page, next, err := wire.Page(all, aws.ToString(in.Marker), int(aws.ToInt32(in.PageSize)), 400)
	return &elb.DescribeRulesOutput{Rules: page, NextMarker: optional(next)}, err
}

func noRule() error { return wire.Errorf("RuleNotFound", "One or more rules not found") }

func (w *World) createRule(in *elb.CreateRuleInput) (*elb.CreateRuleOutput, error) {
	l, err := w.listenerNamed(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	if err := w.checkActions(in.Actions); err != nil {
		return nil, err
	}
	if err := w.priorityFree(*in.ListenerArn, "", aws.ToInt32(in.Priority)); err != nil {
		return nil, err
	}
	r := &listenerRule{listener: *in.ListenerArn, Rule: elbtypes.Rule{
		RuleArn:  aws.String(strings.Replace(aws.ToString(l.ListenerArn), ":listener/", ":listener-rule/", 1) + "/" + w.newHex(16)),
		Priority: aws.String(strconv.Itoa(int(aws.ToInt32(in.Priority)))), IsDefault: aws.Bool(false), Actions: in.Actions, Conditions: in.Conditions,
	}}
	w.elb.rules[*r.RuleArn] = r
	w.elb.tags[*r.RuleArn] = in.Tags
	return &elb.CreateRuleOutput{Rules: []elbtypes.Rule{r.Rule}}, nil
}

// priorityFree refuses a priority that another rule of the listener has.
func (w *World) priorityFree(listener, except string, priority int32) error {
	for arn, r := range w.elb.rules {
		if r.listener == listener && arn != except && aws.ToString(r.Priority) == fmt.Sprint(priority) {
			return wire.Errorf("PriorityInUse", "Priority '%d' is currently in use", priority)
		}
	}
	return nil
}

func (w *World) modifyRule(in *elb.ModifyRuleInput) (*elb.ModifyRuleOutput, error) {
	r := w.elb.rules[aws.ToString(in.RuleArn)]
	if r == nil {
		return nil, noRule()
	}
	if err := w.checkActions(in.Actions); err != nil {
		return nil, err
	}
	if in.Actions != nil {
		r.Actions = in.Actions
	}
	if in.Conditions != nil {
		r.Conditions = in.Conditions
	}
	return &elb.ModifyRuleOutput{Rules: []elbtypes.Rule{r.Rule}}, nil
}

func (w *World) deleteRule(in *elb.DeleteRuleInput) (*elb.DeleteRuleOutput, error) {
	if w.elb.rules[aws.ToString(in.RuleArn)] == nil {
		return nil, noRule()
	}
	delete(w.elb.rules, *in.RuleArn)
	return &elb.DeleteRuleOutput{}, nil
}

func (w *World) setRulePriorities(in *elb.SetRulePrioritiesInput) (*elb.SetRulePrioritiesOutput, error) {
	out := &elb.SetRulePrioritiesOutput{}
	for _, p := range in.RulePriorities {
		r := w.elb.rules[aws.ToString(p.RuleArn)]
		if r == nil {
			return nil, noRule()
		}
		if err := w.priorityFree(r.listener, *p.RuleArn, aws.ToInt32(p.Priority)); err != nil {
			return nil, err
		}
	}
	for _, p := range in.RulePriorities {
		r := w.elb.rules[*p.RuleArn]
		r.Priority = aws.String(fmt.Sprint(aws.ToInt32(p.Priority)))
		out.Rules = append(out.Rules, r.Rule)
	}
	return out, nil
}
