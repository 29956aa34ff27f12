package collectors

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"github.com/ecsplain/ecsplain/evidence"
)

type eventsPort struct {
	DescribeRule      func(context.Context, *eventbridge.DescribeRuleInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeRuleOutput, error)
	ListRules         func(context.Context, *eventbridge.ListRulesInput, ...func(*eventbridge.Options)) (*eventbridge.ListRulesOutput, error)
	ListTargetsByRule func(context.Context, *eventbridge.ListTargetsByRuleInput, ...func(*eventbridge.Options)) (*eventbridge.ListTargetsByRuleOutput, error)
}

func newEventsPort(c *eventbridge.Client) eventsPort {
	return eventsPort{c.DescribeRule, c.ListRules, c.ListTargetsByRule}
}

type schedulerPort struct {
	GetSchedule   func(context.Context, *scheduler.GetScheduleInput, ...func(*scheduler.Options)) (*scheduler.GetScheduleOutput, error)
	ListSchedules func(context.Context, *scheduler.ListSchedulesInput, ...func(*scheduler.Options)) (*scheduler.ListSchedulesOutput, error)
}

func newSchedulerPort(c *scheduler.Client) schedulerPort {
	return schedulerPort{c.GetSchedule, c.ListSchedules}
}

const maxNamePages = 10 // of 100 rules or schedules

// busAndRule splits BUS/NAME; the bus is nil for the default one. A rule's name holds no slash, a bus's may.
func busAndRule(id string) (bus *string, rule string) {
	if i := strings.LastIndexByte(id, '/'); i >= 0 {
		return aws.String(id[:i]), id[i+1:]
	}
	return nil, id
}

func eventRules(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		var names evidence.Names
		var from answer
		in := &eventbridge.ListRulesInput{}
		if k.ID != "" {
			in.EventBusName = &k.ID
		}
		_, err := paged(maxNamePages, func(token *string) (*string, error) {
			in := *in
			in.NextToken = token
			out, f, err := call(ctx, w.ports.events.ListRules, &in)
			from = f
			if err != nil {
				return nil, err
			}
			for _, r := range out.Rules {
				names.Names = append(names.Names, str(r.Name))
			}
			return out.NextToken, nil
		})
		if is(err, "ResourceNotFoundException") {
			w.absent(k, from)
			return
		}
		w.list(k, from, names, err)
	})
}

func eventRule(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		bus, name := busAndRule(k.ID)
		out, from, err := call(ctx, w.ports.events.DescribeRule, &eventbridge.DescribeRuleInput{Name: &name, EventBusName: bus})
		switch {
		case is(err, "ResourceNotFoundException"):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		default:
			w.found(k, from, evidence.EventRule{Name: str(out.Name), ARN: str(out.Arn), Bus: str(out.EventBusName), State: string(out.State),
				Expression: text(out.ScheduleExpression), Pattern: text(out.EventPattern), ManagedBy: str(out.ManagedBy)})
		}
	})
}

func eventRuleTargets(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		bus, name := busAndRule(k.ID)
		var v evidence.EventTargets
		var from answer
		err := pages(2, func(token *string) (*string, error) {
			out, f, err := call(ctx, w.ports.events.ListTargetsByRule, &eventbridge.ListTargetsByRuleInput{Rule: &name, EventBusName: bus, NextToken: token})
			from = f
			if err != nil {
				return nil, err
			}
			v.Targets = append(v.Targets, mapped(out.Targets, toRunTarget)...)
			return out.NextToken, nil
		})
		if is(err, "ResourceNotFoundException") {
			w.absent(k, from)
			return
		}
		w.list(k, from, v, err)
	})
}

func toRunTarget(t eventtypes.Target) evidence.RunTarget {
	v := evidence.RunTarget{ID: str(t.Id), ARN: str(t.Arn), RoleARN: str(t.RoleArn), MaxRetries: -1, HasInput: t.Input != nil || t.InputPath != nil || t.InputTransformer != nil}
	if t.DeadLetterConfig != nil {
		v.DeadLetterARN = str(t.DeadLetterConfig.Arn)
	}
	if t.RetryPolicy != nil {
		v.MaxRetries = orDefault(t.RetryPolicy.MaximumRetryAttempts, -1)
	}
	e := t.EcsParameters
	if e == nil {
		return v
	}
	v.Ecs, v.TaskDefinition, v.TaskCount, v.LaunchType = true, str(e.TaskDefinitionArn), orDefault(e.TaskCount, 1), string(e.LaunchType)
	v.PlatformVersion, v.PropagateTags, v.EnableExecuteCmd = str(e.PlatformVersion), string(e.PropagateTags), e.EnableExecuteCommand
	for _, s := range e.CapacityProviderStrategy {
		v.Strategy = append(v.Strategy, evidence.StrategyItem{Provider: str(s.CapacityProvider), Weight: int(s.Weight), Base: int(s.Base)})
	}
	if e.NetworkConfiguration != nil && e.NetworkConfiguration.AwsvpcConfiguration != nil {
		n := e.NetworkConfiguration.AwsvpcConfiguration
		v.HasNetwork = true
		v.Network = evidence.NetworkConfiguration{Subnets: n.Subnets, SecurityGroups: n.SecurityGroups, AssignPublicIP: n.AssignPublicIp == eventtypes.AssignPublicIpEnabled}
	}
	return v
}

func scheduleNames(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		var names evidence.Names
		var from answer
		_, err := paged(maxNamePages, func(token *string) (*string, error) {
			out, f, err := call(ctx, w.ports.scheduler.ListSchedules, &scheduler.ListSchedulesInput{NextToken: token})
			from = f
			if err != nil {
				return nil, err
			}
			for _, s := range out.Schedules {
				names.Names = append(names.Names, str(s.GroupName)+"/"+str(s.Name))
			}
			return out.NextToken, nil
		})
		w.list(k, from, names, err)
	})
}

func schedules(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.scheduler.GetSchedule, &scheduler.GetScheduleInput{GroupName: aws.String(head(k.ID)), Name: aws.String(tail(k.ID))})
		switch {
		case is(err, "ResourceNotFoundException"):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		default:
			w.found(k, from, toSchedule(out))
		}
	})
}

func toSchedule(s *scheduler.GetScheduleOutput) evidence.Schedule {
	v := evidence.Schedule{Name: str(s.Name), Group: str(s.GroupName), ARN: str(s.Arn), State: string(s.State), Expression: text(s.ScheduleExpression),
		TimeZone: str(s.ScheduleExpressionTimezone), StartAt: when(s.StartDate), EndAt: when(s.EndDate), CreatedAt: when(s.CreationDate), ChangedAt: when(s.LastModificationDate),
		AfterDone: string(s.ActionAfterCompletion)}
	if f := s.FlexibleTimeWindow; f != nil {
		v.Flexible = num(f.MaximumWindowInMinutes)
	}
	if s.Target != nil {
		v.Target = toScheduleTarget(*s.Target)
	}
	return v
}

func toScheduleTarget(t schedulertypes.Target) evidence.RunTarget {
	v := evidence.RunTarget{ARN: str(t.Arn), RoleARN: str(t.RoleArn), MaxRetries: -1, HasInput: t.Input != nil}
	if t.DeadLetterConfig != nil {
		v.DeadLetterARN = str(t.DeadLetterConfig.Arn)
	}
	if t.RetryPolicy != nil {
		v.MaxRetries = orDefault(t.RetryPolicy.MaximumRetryAttempts, -1)
	}
	e := t.EcsParameters
	if e == nil {
		return v
	}
	v.Ecs, v.TaskDefinition, v.TaskCount, v.LaunchType = true, str(e.TaskDefinitionArn), orDefault(e.TaskCount, 1), string(e.LaunchType)
	v.PlatformVersion, v.PropagateTags, v.EnableExecuteCmd = str(e.PlatformVersion), string(e.PropagateTags), yes(e.EnableExecuteCommand)
	for _, s := range e.CapacityProviderStrategy {
		v.Strategy = append(v.Strategy, evidence.StrategyItem{Provider: str(s.CapacityProvider), Weight: int(s.Weight), Base: int(s.Base)})
	}
	if e.NetworkConfiguration != nil && e.NetworkConfiguration.AwsvpcConfiguration != nil {
		n := e.NetworkConfiguration.AwsvpcConfiguration
		v.HasNetwork = true
		v.Network = evidence.NetworkConfiguration{Subnets: n.Subnets, SecurityGroups: n.SecurityGroups, AssignPublicIP: n.AssignPublicIp == schedulertypes.AssignPublicIpEnabled}
	}
	return v
}

// familyTasks lists the tasks of a family, running and stopped, that belong to no service. ecs:ListTasks takes startedBy
// only by itself, without desiredStatus, so stopped tasks of a starter are not to be had that way.
func familyTasks(ctx context.Context, w *Wave, keys []evidence.Key) {
	grouped(ctx, keys, head, func(ctx context.Context, cluster string, keys []evidence.Key) {
		for _, k := range keys {
			family := tail(k.ID)
			l := listing{key: k, how: "ecs:ListTasks by family " + family, standalone: true}
			var from answer
			var err error
			for _, status := range []ecstypes.DesiredStatus{ecstypes.DesiredStatusRunning, ecstypes.DesiredStatusStopped} {
				var arns []string
				var more bool
				arns, more, from, err = w.listTasks(ctx, ecs.ListTasksInput{Cluster: &cluster, Family: &family, DesiredStatus: status}, maxTaskPages/2)
				if err != nil {
					break
				}
				l.arns, l.more = append(l.arns, arns...), l.more || more
			}
			switch {
			case is(err, "ClusterNotFoundException"):
				w.absent(k, from)
			case err != nil:
				w.gap(from, err, k)
			case len(l.arns) == 0:
				w.found(k, from, evidence.TaskList{How: l.how, Truncated: l.more})
			default:
				w.fillLists(ctx, cluster, []listing{l})
			}
		}
	})
}
