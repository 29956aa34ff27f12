package collectors

import (
	"slices"
	"testing"
	"time"

	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	quotatypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/xray"
	xraytypes "github.com/aws/aws-sdk-go-v2/service/xray/types"

	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab/wire"
)

const (
	scalableWeb = "service/shop/web"
	clusterARN  = arnPrefix + "cluster/shop"
)

var webCPU = evidence.MetricName{Namespace: "AWS/ECS", Name: "CPUUtilization", Dimensions: []evidence.Tag{{Key: "ClusterName", Value: "shop"}, {Key: "ServiceName", Value: "web"}}}

// sampleScaling is one key of each kind about scaling, queues, schedules and traces, in the order of evidence.Kinds.
var sampleScaling = []evidence.Key{
	evidence.ScalableTargetKey("shop", "web").Key,
	evidence.ScalingPoliciesKey("shop", "web").Key,
	evidence.ScalingActivitiesKey("shop", "web").Key,
	evidence.ScheduledActionsKey("shop", "web").Key,
	evidence.AlarmKey("web-high").Key,
	evidence.MetricKey(webCPU, "Average", 300).Key,
	evidence.QuotaKey("fargate", "L-3032A538").Key,
	evidence.QueueKey("jobs").Key,
	evidence.EventRulesKey("").Key,
	evidence.EventRuleKey("nightly").Key,
	evidence.EventRuleTargetsKey("nightly").Key,
	evidence.SchedulesKey().Key,
	evidence.ScheduleKey("default", "nightly").Key,
	evidence.SamplingRulesKey().Key,
	evidence.CapturedTasksKey("shop", "web").Key,
	evidence.ActionLogKey("shop", "web").Key,
	evidence.NamespaceServicesKey("ns-shop").Key,
	evidence.CloudMapServiceKey("srv-web").Key,
	evidence.CloudMapInstancesKey("srv-web").Key,
	evidence.StreamKey("logs").Key,
	evidence.FamilyTasksKey("shop", "report").Key,
}

var ordinaryScaling = []wire.Operation{
	op("application-autoscaling", "DescribeScalableTargets", func(in *scaling.DescribeScalableTargetsInput) (*scaling.DescribeScalableTargetsOutput, error) {
		out := &scaling.DescribeScalableTargetsOutput{}
		if slices.Contains(in.ResourceIds, scalableWeb) {
			out.ScalableTargets = []scalingtypes.ScalableTarget{{ResourceId: p(scalableWeb), MinCapacity: p(int32(1)), MaxCapacity: p(int32(4)), RoleARN: p("arn:role"), CreationTime: p(answeredAt),
				ServiceNamespace: scalingNamespace, ScalableDimension: scalableDimension, SuspendedState: &scalingtypes.SuspendedState{DynamicScalingOutSuspended: p(true)}}}
		}
		return out, nil
	}),
	op("application-autoscaling", "DescribeScalingPolicies", func(in *scaling.DescribeScalingPoliciesInput) (*scaling.DescribeScalingPoliciesOutput, error) {
		return &scaling.DescribeScalingPoliciesOutput{ScalingPolicies: []scalingtypes.ScalingPolicy{{PolicyName: p("cpu"), PolicyARN: p("arn:policy"), PolicyType: scalingtypes.PolicyTypeTargetTrackingScaling,
			CreationTime: p(answeredAt), ResourceId: in.ResourceId, ServiceNamespace: scalingNamespace, ScalableDimension: scalableDimension,
			Alarms: []scalingtypes.Alarm{{AlarmName: p("web-high"), AlarmARN: p("arn:alarm")}},
			TargetTrackingScalingPolicyConfiguration: &scalingtypes.TargetTrackingScalingPolicyConfiguration{TargetValue: p(60.0), ScaleOutCooldown: p(int32(60)),
				CustomizedMetricSpecification: &scalingtypes.CustomizedMetricSpecification{Namespace: p("AWS/SQS"), MetricName: p("ApproximateNumberOfMessagesVisible"),
					Statistic: scalingtypes.MetricStatisticAverage, Dimensions: []scalingtypes.MetricDimension{{Name: p("QueueName"), Value: p("jobs")}}}}}}}, nil
	}),
	op("application-autoscaling", "DescribeScalingActivities", func(in *scaling.DescribeScalingActivitiesInput) (*scaling.DescribeScalingActivitiesOutput, error) {
		if in.IncludeNotScaledActivities == nil || !*in.IncludeNotScaledActivities {
			return nil, wire.Errorf("ValidationException", "those that did nothing are wanted too")
		}
		return &scaling.DescribeScalingActivitiesOutput{ScalingActivities: []scalingtypes.ScalingActivity{{ActivityId: p("a1"), Cause: p("c"), Description: p("Attempting to scale due to alarm triggered"),
			ResourceId: in.ResourceId, ServiceNamespace: scalingNamespace, ScalableDimension: scalableDimension, StartTime: p(answeredAt), StatusCode: scalingtypes.ScalingActivityStatusCodeFailed,
			NotScaledReasons: []scalingtypes.NotScaledReason{{Code: p("AlreadyAtMaxCapacity"), CurrentCapacity: p(int32(4)), MaxCapacity: p(int32(4))}}}}}, nil
	}),
	op("application-autoscaling", "DescribeScheduledActions", func(in *scaling.DescribeScheduledActionsInput) (*scaling.DescribeScheduledActionsOutput, error) {
		return &scaling.DescribeScheduledActionsOutput{ScheduledActions: []scalingtypes.ScheduledAction{{ScheduledActionName: p("night"), ScheduledActionARN: p("arn:a"), Schedule: p("cron(0 20 * * ? *)"),
			CreationTime: p(answeredAt), ResourceId: in.ResourceId, ServiceNamespace: scalingNamespace, ScalableTargetAction: &scalingtypes.ScalableTargetAction{MaxCapacity: p(int32(2))}}}}, nil
	}),
	op("monitoring", "DescribeAlarms", func(in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
		out := &cloudwatch.DescribeAlarmsOutput{}
		if slices.Contains(in.AlarmNames, "web-high") {
			out.MetricAlarms = []cwtypes.MetricAlarm{{AlarmName: p("web-high"), AlarmArn: p("arn:alarm"), StateValue: cwtypes.StateValueAlarm, ActionsEnabled: p(true), AlarmActions: []string{"arn:policy"},
				Namespace: p("AWS/ECS"), MetricName: p("CPUUtilization"), Statistic: cwtypes.StatisticAverage, Period: p(int32(60)), Threshold: p(60.0), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold,
				Dimensions: []cwtypes.Dimension{{Name: p("ServiceName"), Value: p("web")}}, StateTransitionedTimestamp: p(answeredAt)}}
		}
		return out, nil
	}),
	op("monitoring", "GetMetricData", func(in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
		out := &cloudwatch.GetMetricDataOutput{}
		for _, q := range in.MetricDataQueries {
			r := cwtypes.MetricDataResult{Id: q.Id, StatusCode: cwtypes.StatusCodeComplete}
			if *q.MetricStat.Metric.MetricName == "CPUUtilization" {
				r.Timestamps, r.Values = []time.Time{answeredAt.Add(-time.Minute), answeredAt.Add(-6 * time.Minute)}, []float64{91, 80}
			}
			out.MetricDataResults = append(out.MetricDataResults, r)
		}
		return out, nil
	}),
	op("servicequotas", "GetServiceQuota", func(in *servicequotas.GetServiceQuotaInput) (*servicequotas.GetServiceQuotaOutput, error) {
		return &servicequotas.GetServiceQuotaOutput{Quota: &quotatypes.ServiceQuota{ServiceCode: in.ServiceCode, QuotaCode: in.QuotaCode, QuotaName: p("Fargate On-Demand vCPU resource count"), Value: p(6.0), Adjustable: true}}, nil
	}),
	op("sqs", "GetQueueUrl", func(in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
		if *in.QueueName != "jobs" {
			return nil, wire.Errorf("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
		}
		return &sqs.GetQueueUrlOutput{QueueUrl: p("https://sqs.eu-west-1.amazonaws.com/111122223333/jobs")}, nil
	}),
	op("sqs", "GetQueueAttributes", func(in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
		return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"QueueArn": "arn:aws:sqs:eu-west-1:111122223333:jobs", "ApproximateNumberOfMessages": "12", "ApproximateNumberOfMessagesNotVisible": "3",
			"VisibilityTimeout": "30", "RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:111122223333:dead","maxReceiveCount":"5"}`}}, nil
	}),
	op("events", "ListRules", func(in *eventbridge.ListRulesInput) (*eventbridge.ListRulesOutput, error) {
		return &eventbridge.ListRulesOutput{Rules: []eventtypes.Rule{{Name: p("nightly")}}}, nil
	}),
	op("events", "DescribeRule", func(in *eventbridge.DescribeRuleInput) (*eventbridge.DescribeRuleOutput, error) {
		if *in.Name != "nightly" {
			return nil, wire.Errorf("ResourceNotFoundException", "Rule %s does not exist on EventBus default.", *in.Name)
		}
		return &eventbridge.DescribeRuleOutput{Name: in.Name, EventBusName: p("default"), State: eventtypes.RuleStateEnabled, ScheduleExpression: p("rate(1 day)")}, nil
	}),
	op("events", "ListTargetsByRule", func(in *eventbridge.ListTargetsByRuleInput) (*eventbridge.ListTargetsByRuleOutput, error) {
		if *in.Rule != "nightly" {
			return nil, wire.Errorf("ResourceNotFoundException", "Rule %s does not exist on EventBus default.", *in.Rule)
		}
		return &eventbridge.ListTargetsByRuleOutput{Targets: []eventtypes.Target{{Id: p("1"), Arn: p(clusterARN), RoleArn: p("arn:role"), EcsParameters: &eventtypes.EcsParameters{
			TaskDefinitionArn: p(arnPrefix + "task-definition/report:3"), LaunchType: eventtypes.LaunchTypeFargate, NetworkConfiguration: &eventtypes.NetworkConfiguration{
				AwsvpcConfiguration: &eventtypes.AwsVpcConfiguration{Subnets: []string{"subnet-1"}, AssignPublicIp: eventtypes.AssignPublicIpEnabled}}}}}}, nil
	}),
	op("scheduler", "ListSchedules", func(in *scheduler.ListSchedulesInput) (*scheduler.ListSchedulesOutput, error) {
		return &scheduler.ListSchedulesOutput{Schedules: []schedulertypes.ScheduleSummary{{GroupName: p("default"), Name: p("nightly")}}}, nil
	}),
	op("scheduler", "GetSchedule", func(in *scheduler.GetScheduleInput) (*scheduler.GetScheduleOutput, error) {
		if *in.Name != "nightly" {
			return nil, wire.Errorf("ResourceNotFoundException", "Schedule %s does not exist.", *in.Name)
		}
		return &scheduler.GetScheduleOutput{Name: in.Name, GroupName: in.GroupName, State: schedulertypes.ScheduleStateEnabled, ScheduleExpression: p("cron(0 2 * * ? *)"), ScheduleExpressionTimezone: p("Europe/Zurich"),
			EndDate: p(answeredAt), Target: &schedulertypes.Target{Arn: p(clusterARN), RoleArn: p("arn:role"), EcsParameters: &schedulertypes.EcsParameters{TaskDefinitionArn: p(arnPrefix + "task-definition/report")}}}, nil
	}),
	op("xray", "GetSamplingRules", func(in *xray.GetSamplingRulesInput) (*xray.GetSamplingRulesOutput, error) {
		return &xray.GetSamplingRulesOutput{SamplingRuleRecords: []xraytypes.SamplingRuleRecord{{SamplingRule: &xraytypes.SamplingRule{RuleName: p("Default"), FixedRate: 0.05, ReservoirSize: 1, Priority: p(int32(10000)),
			ServiceName: p("*"), ServiceType: p("*"), Host: p("*"), HTTPMethod: p("*"), URLPath: p("*"), ResourceARN: p("*"), Version: p(int32(1))}}}}, nil
	}),
}

func TestScalingReads(t *testing.T) {
	none := evidence.ScalableTargetKey("shop", "plain")
	noAlarm, noQueue, noRule, noSchedule := evidence.AlarmKey("gone"), evidence.QueueKey("gone"), evidence.EventRuleKey("gone"), evidence.ScheduleKey("default", "gone")
	silent := evidence.MetricKey(evidence.MetricName{Namespace: "AWS/SQS", Name: "Nothing"}, "Sum", 3600)
	w := serve(t)
	s := w.fetch(t, append(slices.Clone(sampleScaling), none.Key, noAlarm.Key, noQueue.Key, noRule.Key, noSchedule.Key, silent.Key)...)
	wantAbsent(t, s, none.Key, noAlarm.Key, noQueue.Key, noRule.Key, noSchedule.Key)
	if v := value(t, s, evidence.ScalableTargetKey("shop", "web")); v.Max != 4 || !v.OutSuspended || v.InSuspended {
		t.Errorf("scalable target reads %+v", v)
	}
	if v := value(t, s, evidence.ScalingPoliciesKey("shop", "web")).Policies[0]; v.Alarms[0] != "web-high" || v.ScaleOutCooldown != 60 || v.ScaleInCooldown != 300 || v.Metrics[0].Dimension("QueueName") != "jobs" {
		t.Errorf("policy reads %+v, want AWS's default of 300 s where none is given", v)
	}
	if v := value(t, s, evidence.ScalingActivitiesKey("shop", "web")).Activities[0]; v.NotScaled[0].Code != "AlreadyAtMaxCapacity" || v.Status != "Failed" {
		t.Errorf("activity reads %+v", v)
	}
	if v := value(t, s, evidence.ScheduledActionsKey("shop", "web")).Actions[0]; !v.Max.Set || v.Max.N != 2 || v.Min.Set {
		t.Errorf("scheduled action reads %+v", v)
	}
	if v := value(t, s, evidence.AlarmKey("web-high")); v.State != "ALARM" || !v.ActionsEnabled || v.Metrics[0].Dimension("ServiceName") != "web" || v.Threshold != 60 {
		t.Errorf("alarm reads %+v", v)
	}
	if v := value(t, s, evidence.MetricKey(webCPU, "Average", 300)); len(v.Points) != 2 || v.Points[1].Value != 91 {
		t.Errorf("metric reads %+v, want the oldest point first", v)
	}
	if v := value(t, s, silent); len(v.Points) != 0 {
		t.Errorf("a metric without data reads %+v", v)
	}
	if v := value(t, s, evidence.QueueKey("jobs")); v.Visible != 12 || v.InFlight != 3 || v.VisibilityTimeout != 30 || v.MaxReceiveCount != 5 || v.DeadLetterARN == "" {
		t.Errorf("queue reads %+v", v)
	}
	if v := value(t, s, evidence.EventRuleTargetsKey("nightly")).Targets[0]; !v.Ecs || !v.HasNetwork || !v.Network.AssignPublicIP || v.TaskCount != 1 || v.MaxRetries != -1 {
		t.Errorf("target reads %+v", v)
	}
	if v := value(t, s, evidence.ScheduleKey("default", "nightly")); v.TimeZone != "Europe/Zurich" || !v.EndAt.Known || !v.Target.Ecs || v.Target.HasNetwork {
		t.Errorf("schedule reads %+v", v)
	}
	if n := w.count("cloudwatch:GetMetricData"); n != 2 {
		t.Errorf("%d calls for metrics of two spans, want 2", n)
	}
}
