package lab

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// scalingPolicy is a step scaling or target tracking policy. Predictive scaling is not part of this world.
type scalingPolicy struct {
	aastypes.ScalingPolicy
}

func (p *scalingPolicy) key() string {
	return aws.ToString(p.ResourceId) + "/" + aws.ToString(p.PolicyName)
}

// out and in are how long the policy waits after it scaled. AWS's default is 300 seconds (API reference).
func (p *scalingPolicy) cooldowns() (out, in int32) {
	out, in = 300, 300
	if c := p.TargetTrackingScalingPolicyConfiguration; c != nil {
		return *cmp.Or(c.ScaleOutCooldown, &out), *cmp.Or(c.ScaleInCooldown, &in)
	}
	if c := p.StepScalingPolicyConfiguration; c != nil {
		return aws.ToInt32(c.Cooldown), aws.ToInt32(c.Cooldown)
	}
	return out, in
}

// putScalingPolicy makes a policy or replaces one. A target tracking policy brings its own two alarms (developer guide: they are
// named TargetTracking-service/CLUSTER/NAME-AlarmHigh-ID and -AlarmLow-ID; 3 of 3 minutes above, 15 of 15 below nine tenths).
func (w *World) putScalingPolicy(in *aas.PutScalingPolicyInput) (*aas.PutScalingPolicyOutput, error) {
	id := aws.ToString(in.ResourceId)
	if err := onlyECS(in.ServiceNamespace); err != nil {
		return nil, err
	}
	if w.scalables[id] == nil {
		return nil, w.noTarget(id)
	}
	p := &scalingPolicy{aastypes.ScalingPolicy{PolicyName: in.PolicyName, PolicyType: in.PolicyType, ResourceId: in.ResourceId, ScalableDimension: in.ScalableDimension, ServiceNamespace: in.ServiceNamespace,
		CreationTime: aws.Time(w.now), StepScalingPolicyConfiguration: in.StepScalingPolicyConfiguration, TargetTrackingScalingPolicyConfiguration: in.TargetTrackingScalingPolicyConfiguration,
		PolicyARN: aws.String(fmt.Sprintf("arn:%s:autoscaling:%s:%s:scalingPolicy:%s:resource/ecs/%s:policyName/%s", w.Partition, w.Region, w.Account, stableHex(32, id), id, aws.ToString(in.PolicyName)))}}
	old := w.policiesOfScaling[p.key()]
	if old != nil {
		p.CreationTime, p.PolicyType = old.CreationTime, old.PolicyType
	}
	switch p.PolicyType {
	case aastypes.PolicyTypeTargetTrackingScaling:
		if p.TargetTrackingScalingPolicyConfiguration == nil {
			return nil, wire.Errorf("ValidationException", "A target tracking policy needs TargetTrackingScalingPolicyConfiguration.")
		}
	case aastypes.PolicyTypeStepScaling, "":
		p.PolicyType = aastypes.PolicyTypeStepScaling
		if c := p.StepScalingPolicyConfiguration; c == nil || len(c.StepAdjustments) == 0 {
			return nil, wire.Errorf("ValidationException", "A step scaling policy needs StepScalingPolicyConfiguration with StepAdjustments.")
		}
	default:
		return nil, wire.Errorf("ValidationException", "The lab has no policies of type %s.", p.PolicyType)
	}
	if old != nil {
		w.dropPolicy(old)
	}
	if err := w.trackingAlarms(p); err != nil {
		return nil, err
	}
	put(&w.policiesOfScaling, p.key(), p)
	w.everyMinute()
	return &aas.PutScalingPolicyOutput{PolicyARN: p.PolicyARN, Alarms: w.alarmsOf(p)}, nil
}

// createdBy stands between a policy's ARN and an id in the actions of the alarms that target tracking makes; describe-scaling-policies
// answers the ARN without it (seen in public reports).
const createdBy = ":createdBy/"

// trackingAlarms makes the alarms of a target tracking policy.
func (w *World) trackingAlarms(p *scalingPolicy) error {
	c := p.TargetTrackingScalingPolicyConfiguration
	if c == nil {
		return nil
	}
	m, err := w.trackedMetric(p)
	if err != nil {
		return err
	}
	target, action := aws.ToFloat64(c.TargetValue), aws.ToString(p.PolicyARN)+createdBy+w.newUUID()
	make := func(which string, compare cwtypes.ComparisonOperator, threshold float64, periods int32) {
		a := m
		a.AlarmName = aws.String(fmt.Sprintf("TargetTracking-%s-Alarm%s-%s", aws.ToString(p.ResourceId), which, w.newUUID()))
		a.AlarmDescription = aws.String("DO NOT EDIT OR DELETE. For TargetTrackingScaling policy " + action + ".")
		a.ComparisonOperator, a.Threshold, a.EvaluationPeriods, a.Period = compare, &threshold, aws.Int32(periods), aws.Int32(60)
		a.ActionsEnabled, a.AlarmActions = aws.Bool(true), []string{action}
		w.putAlarm(a)
		p.Alarms = append(p.Alarms, aastypes.Alarm{AlarmName: a.AlarmName, AlarmARN: aws.String(w.alarmARN(*a.AlarmName))})
	}
	make("High", cwtypes.ComparisonOperatorGreaterThanThreshold, target, 3)
	if !aws.ToBool(c.DisableScaleIn) {
		make("Low", cwtypes.ComparisonOperatorLessThanThreshold, target*0.9, 15)
	}
	return nil
}

func (w *World) trackedMetric(p *scalingPolicy) (cwtypes.MetricAlarm, error) {
	c := p.TargetTrackingScalingPolicyConfiguration
	if m := c.CustomizedMetricSpecification; m != nil {
		if len(m.Metrics) > 0 {
			return cwtypes.MetricAlarm{}, noMath()
		}
		a := cwtypes.MetricAlarm{Namespace: m.Namespace, MetricName: m.MetricName, Statistic: cwtypes.Statistic(m.Statistic)}
		for _, d := range m.Dimensions {
			a.Dimensions = append(a.Dimensions, cwtypes.Dimension{Name: d.Name, Value: d.Value})
		}
		return a, nil
	}
	s := w.scaledService(aws.ToString(p.ResourceId))
	if c.PredefinedMetricSpecification == nil || s == nil {
		return cwtypes.MetricAlarm{}, wire.Errorf("ValidationException", "Either a predefined or a customized metric must be specified.")
	}
	names := map[aastypes.MetricType]string{aastypes.MetricTypeECSServiceAverageCPUUtilization: "CPUUtilization", aastypes.MetricTypeECSServiceAverageMemoryUtilization: "MemoryUtilization"}
	name, ok := names[c.PredefinedMetricSpecification.PredefinedMetricType]
	if !ok {
		return cwtypes.MetricAlarm{}, wire.Errorf("ValidationException", "The lab does not measure %s.", c.PredefinedMetricSpecification.PredefinedMetricType)
	}
	return cwtypes.MetricAlarm{Namespace: aws.String("AWS/ECS"), MetricName: aws.String(name), Statistic: cwtypes.StatisticAverage,
		Dimensions: []cwtypes.Dimension{{Name: aws.String("ClusterName"), Value: aws.String(s.cluster)}, {Name: aws.String("ServiceName"), Value: aws.String(s.name())}}}, nil
}

// alarmsOf are the alarms that name a policy among their actions: of target tracking its own, of step scaling the account's.
func (w *World) alarmsOf(p *scalingPolicy) (out []aastypes.Alarm) {
	if p.PolicyType == aastypes.PolicyTypeTargetTrackingScaling {
		return p.Alarms
	}
	for _, a := range sorted(w.alarms) {
		if slices.Contains(a.AlarmActions, aws.ToString(p.PolicyARN)) {
			out = append(out, aastypes.Alarm{AlarmName: a.AlarmName, AlarmARN: a.AlarmArn})
		}
	}
	return out
}

func (w *World) dropPolicy(p *scalingPolicy) {
	for _, a := range p.Alarms {
		delete(w.alarms, aws.ToString(a.AlarmName))
	}
	delete(w.policiesOfScaling, p.key())
}

func (w *World) deleteScalingPolicy(in *aas.DeleteScalingPolicyInput) (*aas.DeleteScalingPolicyOutput, error) {
	p := w.policiesOfScaling[aws.ToString(in.ResourceId)+"/"+aws.ToString(in.PolicyName)]
	if p == nil {
		return nil, wire.Errorf("ObjectNotFoundException", "No scaling policy found for service namespace: ecs, resource ID: %s, policy name: %s", aws.ToString(in.ResourceId), aws.ToString(in.PolicyName))
	}
	w.dropPolicy(p)
	return nil, nil
}

func (w *World) describeScalingPolicies(in *aas.DescribeScalingPoliciesInput) (*aas.DescribeScalingPoliciesOutput, error) {
	var all []aastypes.ScalingPolicy
	for _, p := range sorted(w.policiesOfScaling) {
		if in.ResourceId != nil && *in.ResourceId != aws.ToString(p.ResourceId) || len(in.PolicyNames) > 0 && !slices.Contains(in.PolicyNames, aws.ToString(p.PolicyName)) {
			continue
		}
		shown := p.ScalingPolicy
		shown.Alarms = w.alarmsOf(p)
		all = append(all, shown)
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 10)
	return &aas.DescribeScalingPoliciesOutput{ScalingPolicies: page, NextToken: token(next)}, err
}
