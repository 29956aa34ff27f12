package lab

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// rule is an EventBridge rule of the default bus with its targets. Event patterns are kept and never match: the lab sends no events.
type rule struct {
	eventtypes.Rule
	targets []eventtypes.Target
}

// eventsOperations lists what the lab answers of EventBridge.
func (w *World) eventsOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("events", "PutRule", changes(w, w.putRule)),
		wire.Op("events", "EnableRule", changes(w, w.enableRule)),
		wire.Op("events", "DisableRule", changes(w, w.disableRule)),
		wire.Op("events", "DeleteRule", changes(w, w.deleteEventRule)),
		wire.Op("events", "DescribeRule", reads(w, w.describeRule)),
		wire.Op("events", "ListRules", reads(w, w.listEventRules)),
		wire.Op("events", "ListRuleNamesByTarget", reads(w, w.listRuleNamesByTarget)),
		wire.Op("events", "PutTargets", changes(w, w.putTargets)),
		wire.Op("events", "RemoveTargets", changes(w, w.removeTargets)),
		wire.Op("events", "ListTargetsByRule", reads(w, w.listTargetsByRule)),
	}
}

const targetsPerRule = 5

func (w *World) busNamed(name *string) error {
	if n := lastPart(aws.ToString(name)); n != "" && n != "default" {
		return wire.Errorf("ResourceNotFoundException", "Event bus %s does not exist.", n)
	}
	return nil
}

func (w *World) ruleNamed(bus, name *string) (*starter, error) {
	if err := w.busNamed(bus); err != nil {
		return nil, err
	}
	if s := w.starterOf("events", aws.ToString(name)); s != nil {
		return s, nil
	}
	return nil, wire.Errorf("ResourceNotFoundException", "Rule %s does not exist on EventBus default.", aws.ToString(name))
}

// putRule makes a rule or replaces one but for its targets: what the call leaves out goes back to its default.
func (w *World) putRule(in *eventbridge.PutRuleInput) (*eventbridge.PutRuleOutput, error) {
	if err := w.busNamed(in.EventBusName); err != nil {
		return nil, err
	}
	expression := aws.ToString(in.ScheduleExpression)
	if expression == "" && aws.ToString(in.EventPattern) == "" {
		return nil, wire.Errorf("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
	}
	table := timetable{}
	if expression != "" {
		var err error
		if table, err = parseTimetable(expression, time.UTC, false); err != nil {
			return nil, wire.Errorf("ValidationException", "Parameter ScheduleExpression is not valid.")
		}
	}
	name := aws.ToString(in.Name)
	s := w.starterOf("events", name)
	if s == nil {
		s = &starter{id: name, service: "events", rule: &rule{}}
		w.addStarter(s)
	}
	arn := fmt.Sprintf("arn:%s:events:%s:%s:rule/%s", w.Partition, w.Region, w.Account, name)
	s.rule.Rule = eventtypes.Rule{
		Name: in.Name, Arn: aws.String(arn), EventBusName: aws.String("default"), Description: in.Description, EventPattern: in.EventPattern, RoleArn: in.RoleArn,
		ScheduleExpression: in.ScheduleExpression, State: cmp.Or(in.State, eventtypes.RuleStateEnabled),
	}
	s.source, s.table, s.since = arn, table, w.now
	w.switchRule(s)
	return &eventbridge.PutRuleOutput{RuleArn: aws.String(arn)}, nil
}

// switchRule takes up a rule's state.
func (w *World) switchRule(s *starter) {
	s.on = s.rule.State != eventtypes.RuleStateDisabled && s.rule.ScheduleExpression != nil
	w.replan(s)
}

func (w *World) enableRule(in *eventbridge.EnableRuleInput) (*eventbridge.EnableRuleOutput, error) {
	s, err := w.ruleNamed(in.EventBusName, in.Name)
	if err == nil {
		s.rule.State = eventtypes.RuleStateEnabled
		w.switchRule(s)
	}
	return nil, err
}

func (w *World) disableRule(in *eventbridge.DisableRuleInput) (*eventbridge.DisableRuleOutput, error) {
	s, err := w.ruleNamed(in.EventBusName, in.Name)
	if err == nil {
		s.rule.State = eventtypes.RuleStateDisabled
		w.switchRule(s)
	}
	return nil, err
}

func (w *World) deleteEventRule(in *eventbridge.DeleteRuleInput) (*eventbridge.DeleteRuleOutput, error) {
	s, err := w.ruleNamed(in.EventBusName, in.Name)
	switch {
	case err != nil:
		return nil, nil // a rule that is not there is no error
	case len(s.rule.targets) > 0:
		return nil, wire.Errorf("ValidationException", "Rule can't be deleted since it has targets.")
	}
	w.dropStarter(s)
	return nil, nil
}

func (w *World) describeRule(in *eventbridge.DescribeRuleInput) (*eventbridge.DescribeRuleOutput, error) {
	s, err := w.ruleNamed(in.EventBusName, in.Name)
	if err != nil {
		return nil, err
	}
	r := s.rule
	return &eventbridge.DescribeRuleOutput{
		Name: r.Name, Arn: r.Arn, EventBusName: r.EventBusName, Description: r.Description, EventPattern: r.EventPattern, RoleArn: r.RoleArn,
		ScheduleExpression: r.ScheduleExpression, State: r.State, CreatedBy: aws.String(w.Account),
	}, nil
}

func (w *World) listEventRules(in *eventbridge.ListRulesInput) (*eventbridge.ListRulesOutput, error) {
	if err := w.busNamed(in.EventBusName); err != nil {
		return nil, err
	}
	var all []eventtypes.Rule
	for _, s := range w.startersOf("events") {
		if strings.HasPrefix(s.id, aws.ToString(in.NamePrefix)) {
			all = append(all, s.rule.Rule)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.Limit)), 100)
	return &eventbridge.ListRulesOutput{Rules: page, NextToken: optional(next)}, err
}

func (w *World) listRuleNamesByTarget(in *eventbridge.ListRuleNamesByTargetInput) (*eventbridge.ListRuleNamesByTargetOutput, error) {
	if err := w.busNamed(in.EventBusName); err != nil {
		return nil, err
	}
	var all []string
	for _, s := range w.startersOf("events") {
		if slices.ContainsFunc(s.rule.targets, func(t eventtypes.Target) bool { return aws.ToString(t.Arn) == aws.ToString(in.TargetArn) }) {
			all = append(all, s.id)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.Limit)), 100)
	return &eventbridge.ListRuleNamesByTargetOutput{RuleNames: page, NextToken: optional(next)}, err
}

// putTargets adds targets, or replaces those of the same id as a whole. It checks their form alone: not roles, nor whether what they name
// is there.
func (w *World) putTargets(in *eventbridge.PutTargetsInput) (*eventbridge.PutTargetsOutput, error) {
	s, err := w.ruleNamed(in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	targets := slices.Clone(s.rule.targets)
	for _, t := range in.Targets {
		if t.EcsParameters != nil && aws.ToString(t.RoleArn) == "" {
			return nil, wire.Errorf("ValidationException", "RoleArn is required for target %s.", aws.ToString(t.Arn))
		}
		targets = slices.DeleteFunc(targets, func(o eventtypes.Target) bool { return aws.ToString(o.Id) == aws.ToString(t.Id) })
		targets = append(targets, t)
	}
	if len(targets) > targetsPerRule {
		return nil, wire.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	w.setTargets(s, targets)
	return &eventbridge.PutTargetsOutput{FailedEntries: []eventtypes.PutTargetsResultEntry{}}, nil
}

func (w *World) removeTargets(in *eventbridge.RemoveTargetsInput) (*eventbridge.RemoveTargetsOutput, error) {
	s, err := w.ruleNamed(in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	w.setTargets(s, slices.DeleteFunc(slices.Clone(s.rule.targets), func(t eventtypes.Target) bool { return slices.Contains(in.Ids, aws.ToString(t.Id)) }))
	return &eventbridge.RemoveTargetsOutput{FailedEntries: []eventtypes.RemoveTargetsResultEntry{}}, nil
}

func (w *World) listTargetsByRule(in *eventbridge.ListTargetsByRuleInput) (*eventbridge.ListTargetsByRuleOutput, error) {
	s, err := w.ruleNamed(in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	page, next, err := wire.Page(s.rule.targets, aws.ToString(in.NextToken), int(aws.ToInt32(in.Limit)), 100)
	return &eventbridge.ListTargetsByRuleOutput{Targets: page, NextToken: optional(next)}, err
}

func (w *World) setTargets(s *starter, targets []eventtypes.Target) {
	s.rule.targets, s.targets = targets, nil
	for _, t := range targets {
		s.targets = append(s.targets, eventTarget(t))
	}
}

func eventTarget(t eventtypes.Target) runTarget {
	r := runTarget{role: aws.ToString(t.RoleArn)}
	p := t.EcsParameters
	if p == nil {
		return r
	}
	r.input = ecs.RunTaskInput{
		Cluster: t.Arn, TaskDefinition: p.TaskDefinitionArn, Count: cmp.Or(p.TaskCount, aws.Int32(1)), LaunchType: ecstypes.LaunchType(p.LaunchType), Group: p.Group,
		PlatformVersion: p.PlatformVersion, EnableECSManagedTags: p.EnableECSManagedTags, EnableExecuteCommand: p.EnableExecuteCommand, Overrides: overridesOf(t.Input),
	}
	for _, i := range p.CapacityProviderStrategy {
		r.input.CapacityProviderStrategy = append(r.input.CapacityProviderStrategy, ecstypes.CapacityProviderStrategyItem{CapacityProvider: i.CapacityProvider, Base: i.Base, Weight: i.Weight})
	}
	if n := p.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil {
		r.input.NetworkConfiguration = &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
			Subnets: n.AwsvpcConfiguration.Subnets, SecurityGroups: n.AwsvpcConfiguration.SecurityGroups, AssignPublicIp: ecstypes.AssignPublicIp(n.AwsvpcConfiguration.AssignPublicIp),
		}}
	}
	return r
}
