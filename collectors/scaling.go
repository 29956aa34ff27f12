package collectors

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecsplain/ecsplain/evidence"
)

type scalingPort struct {
	DescribeScalableTargets   func(context.Context, *scaling.DescribeScalableTargetsInput, ...func(*scaling.Options)) (*scaling.DescribeScalableTargetsOutput, error)
	DescribeScalingPolicies   func(context.Context, *scaling.DescribeScalingPoliciesInput, ...func(*scaling.Options)) (*scaling.DescribeScalingPoliciesOutput, error)
	DescribeScalingActivities func(context.Context, *scaling.DescribeScalingActivitiesInput, ...func(*scaling.Options)) (*scaling.DescribeScalingActivitiesOutput, error)
	DescribeScheduledActions  func(context.Context, *scaling.DescribeScheduledActionsInput, ...func(*scaling.Options)) (*scaling.DescribeScheduledActionsOutput, error)
}

func newScalingPort(c *scaling.Client) scalingPort {
	return scalingPort{c.DescribeScalableTargets, c.DescribeScalingPolicies, c.DescribeScalingActivities, c.DescribeScheduledActions}
}

const (
	scalableBatch     = 50
	maxPolicyPages    = 5 // of 10 policies
	activityCount     = 20
	maxActionPages    = 5
	scalingNamespace  = types.ServiceNamespaceEcs
	scalableDimension = types.ScalableDimensionECSServiceDesiredCount
)

// resourceID is what Application Auto Scaling calls the service CLUSTER/SERVICE.
func resourceID(id string) string { return "service/" + id }

func scalableTargets(ctx context.Context, w *Wave, keys []evidence.Key) {
	w.batches(ctx, keys, scalableBatch, func(ctx context.Context, keys []evidence.Key) (answer, error) {
		got := map[string]types.ScalableTarget{}
		var from answer
		err := pages(2, func(token *string) (*string, error) {
			out, f, err := call(ctx, w.ports.scaling.DescribeScalableTargets, &scaling.DescribeScalableTargetsInput{
				ServiceNamespace: scalingNamespace, ScalableDimension: scalableDimension, ResourceIds: ids(keys, resourceID), NextToken: token})
			from = f
			if err != nil {
				return nil, err
			}
			for _, t := range out.ScalableTargets {
				got[str(t.ResourceId)] = t
			}
			return out.NextToken, nil
		})
		if err != nil {
			return from, err
		}
		settle(w, keys, from, got, resourceID, toScalableTarget)
		return from, nil
	})
}

func toScalableTarget(t types.ScalableTarget) evidence.ScalableTarget {
	v := evidence.ScalableTarget{Min: num(t.MinCapacity), Max: num(t.MaxCapacity), RoleARN: str(t.RoleARN), CreatedAt: when(t.CreationTime)}
	if s := t.SuspendedState; s != nil {
		v.InSuspended, v.OutSuspended, v.ScheduledSuspended = yes(s.DynamicScalingInSuspended), yes(s.DynamicScalingOutSuspended), yes(s.ScheduledScalingSuspended)
	}
	return v
}

func scalingPolicies(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		var v evidence.ScalingPolicies
		var from answer
		err := pages(maxPolicyPages, func(token *string) (*string, error) {
			out, f, err := call(ctx, w.ports.scaling.DescribeScalingPolicies, &scaling.DescribeScalingPoliciesInput{
				ServiceNamespace: scalingNamespace, ScalableDimension: scalableDimension, ResourceId: aws.String(resourceID(k.ID)), NextToken: token})
			from = f
			if err != nil {
				return nil, err
			}
			v.Policies = append(v.Policies, mapped(out.ScalingPolicies, toScalingPolicy)...)
			return out.NextToken, nil
		})
		w.list(k, from, v, err)
	})
}

// list answers a key with a list that was read by pages.
func (w *Wave) list(k evidence.Key, from answer, v any, err error) {
	if err != nil {
		w.gap(from, err, k)
		return
	}
	w.found(k, from, v)
}

func toScalingPolicy(p types.ScalingPolicy) evidence.ScalingPolicy {
	v := evidence.ScalingPolicy{Name: text(p.PolicyName), ARN: str(p.PolicyARN), Type: string(p.PolicyType), CreatedAt: when(p.CreationTime),
		Alarms: mapped(p.Alarms, func(a types.Alarm) string { return str(a.AlarmName) })}
	if c := p.StepScalingPolicyConfiguration; c != nil {
		v.ScaleInCooldown, v.ScaleOutCooldown = num(c.Cooldown), num(c.Cooldown)
	}
	c := p.TargetTrackingScalingPolicyConfiguration
	if c == nil {
		return v
	}
	v.Target, v.DisableScaleIn = aws.ToFloat64(c.TargetValue), yes(c.DisableScaleIn)
	v.ScaleInCooldown, v.ScaleOutCooldown = orDefault(c.ScaleInCooldown, 300), orDefault(c.ScaleOutCooldown, 300)
	if m := c.PredefinedMetricSpecification; m != nil {
		v.Predefined = string(m.PredefinedMetricType)
	}
	if m := c.CustomizedMetricSpecification; m != nil {
		if m.MetricName != nil {
			v.Metrics = append(v.Metrics, evidence.MetricName{Namespace: text(m.Namespace), Name: text(m.MetricName), Stat: string(m.Statistic),
				Dimensions: mapped(m.Dimensions, func(d types.MetricDimension) evidence.Tag { return tag(d.Name, d.Value) })})
		}
		for _, q := range m.Metrics {
			if q.Expression != nil && yes(q.ReturnData) {
				v.Expression = text(q.Expression)
			}
			if q.MetricStat != nil && q.MetricStat.Metric != nil {
				x := q.MetricStat.Metric
				v.Metrics = append(v.Metrics, evidence.MetricName{Namespace: text(x.Namespace), Name: text(x.MetricName), Stat: str(q.MetricStat.Stat),
					Dimensions: mapped(x.Dimensions, func(d types.TargetTrackingMetricDimension) evidence.Tag { return tag(d.Name, d.Value) })})
			}
		}
	}
	return v
}

// orDefault is the value, or AWS's default where none was given (API reference: TargetTrackingScalingPolicyConfiguration).
func orDefault(p *int32, otherwise int) int {
	if p == nil {
		return otherwise
	}
	return int(*p)
}

// scalingActivities reads the newest page, with those activities that changed nothing.
func scalingActivities(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.scaling.DescribeScalingActivities, &scaling.DescribeScalingActivitiesInput{
			ServiceNamespace: scalingNamespace, ScalableDimension: scalableDimension, ResourceId: aws.String(resourceID(k.ID)),
			IncludeNotScaledActivities: aws.Bool(true), MaxResults: aws.Int32(activityCount)})
		if err != nil {
			w.gap(from, err, k)
			return
		}
		v := evidence.ScalingActivities{Truncated: out.NextToken != nil, Activities: mapped(out.ScalingActivities, toActivity)}
		newestFirst(v.Activities, func(a evidence.ScalingActivity) evidence.Moment { return a.StartedAt })
		w.found(k, from, v)
	})
}

func toActivity(a types.ScalingActivity) evidence.ScalingActivity {
	return evidence.ScalingActivity{ID: str(a.ActivityId), Description: text(a.Description), Cause: text(a.Cause), Status: string(a.StatusCode), StatusMessage: text(a.StatusMessage),
		StartedAt: when(a.StartTime), EndedAt: when(a.EndTime), NotScaled: mapped(a.NotScaledReasons, func(r types.NotScaledReason) evidence.NotScaledReason {
			return evidence.NotScaledReason{Code: str(r.Code), Current: num(r.CurrentCapacity), Min: num(r.MinCapacity), Max: num(r.MaxCapacity)}
		})}
}

func scheduledActions(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		var v evidence.ScheduledActions
		var from answer
		err := pages(maxActionPages, func(token *string) (*string, error) {
			out, f, err := call(ctx, w.ports.scaling.DescribeScheduledActions, &scaling.DescribeScheduledActionsInput{
				ServiceNamespace: scalingNamespace, ScalableDimension: scalableDimension, ResourceId: aws.String(resourceID(k.ID)), NextToken: token})
			from = f
			if err != nil {
				return nil, err
			}
			for _, a := range out.ScheduledActions {
				s := evidence.ScheduledAction{Name: text(a.ScheduledActionName), Schedule: text(a.Schedule), TimeZone: str(a.Timezone), StartAt: when(a.StartTime), EndAt: when(a.EndTime)}
				if t := a.ScalableTargetAction; t != nil {
					s.Min, s.Max = toCapacity(t.MinCapacity), toCapacity(t.MaxCapacity)
				}
				v.Actions = append(v.Actions, s)
			}
			return out.NextToken, nil
		})
		w.list(k, from, v, err)
	})
}

func toCapacity(p *int32) evidence.Capacity { return evidence.Capacity{Set: p != nil, N: num(p)} }
