package lab

import (
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// limit is one of the token buckets by which AWS throttles calls, for each account and region.
type limit struct {
	name   string
	size   float64  // tokens of a full bucket: the burst
	refill float64  // tokens a second: the sustained rate
	calls  []string // patterns of the calls that take a token, as in ecs:Describe*; the services by their signing names
	each   bool     // every call has such a bucket of its own
	also   bool     // the calls take a token from the next bucket that names them, too
	only   func(input any) bool
	source string
}

const (
	ecsThrottling = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/request-throttling.html"
	ec2Throttling = "https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html"
	elbThrottling = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/request-throttling.html"
	cwlQuotas     = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"
	cwQuotas      = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"
)

// limits lists the buckets that AWS publishes, the special before the general: a call takes its token from the first that names it.
// Where regions differ the sizes are those of eu-west-1. Services that are not here publish none (IAM, STS, ECR's describing calls, EFS, SQS, Application Auto Scaling), and are not throttled.
var limits = []limit{
	{name: "ECS cluster modify", size: 20, refill: 1, source: ecsThrottling, calls: ecsCalls("CreateCluster", "DeleteCluster", "PutClusterCapacityProviders", "UpdateCluster", "UpdateClusterSettings")},
	{name: "ECS cluster read", size: 50, refill: 20, source: ecsThrottling, calls: ecsCalls("DescribeClusters", "ListClusters")},
	{name: "ECS task definition modify", size: 20, refill: 1, source: ecsThrottling, calls: ecsCalls("RegisterTaskDefinition", "DeregisterTaskDefinition")},
	{name: "ECS task definition read", size: 50, refill: 20, source: ecsThrottling, calls: ecsCalls("DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies")},
	{name: "ECS task definition deletion", size: 5, refill: 1, source: ecsThrottling, calls: ecsCalls("DeleteTaskDefinitions")},
	{name: "ECS capacity provider modify", size: 10, refill: 1, source: ecsThrottling, calls: ecsCalls("CreateCapacityProvider", "DeleteCapacityProvider", "UpdateCapacityProvider")},
	{name: "ECS capacity provider read", size: 50, refill: 20, source: ecsThrottling, calls: ecsCalls("DescribeCapacityProviders")},
	{name: "ECS tag modify", size: 20, refill: 10, source: ecsThrottling, calls: ecsCalls("TagResource", "UntagResource")},
	{name: "ECS tag read", size: 50, refill: 20, source: ecsThrottling, calls: ecsCalls("ListTagsForResource")},
	{name: "ECS setting modify", size: 10, refill: 1, source: ecsThrottling, calls: ecsCalls("DeleteAccountSetting", "PutAccountSetting", "PutAccountSettingDefault")},
	{name: "ECS setting read", size: 50, refill: 20, source: ecsThrottling, calls: ecsCalls("ListAccountSettings")},
	{name: "ECS cluster resource modify", size: 100, refill: 40, source: ecsThrottling, calls: ecsCalls("RunTask", "StartTask", "StopTask", "ExecuteCommand", "PutAttributes", "DeleteAttributes", "DeregisterContainerInstance", "UpdateContainerAgent", "UpdateContainerInstancesState")},
	{name: "ECS cluster resource read", size: 100, refill: 20, source: ecsThrottling, calls: ecsCalls("DescribeTasks", "ListTasks", "DescribeContainerInstances", "ListContainerInstances", "ListAttributes")},
	{name: "ECS service modify", size: 50, refill: 5, source: ecsThrottling, calls: ecsCalls("CreateService", "UpdateService", "DeleteService")},
	{name: "ECS service read", size: 100, refill: 20, source: ecsThrottling, calls: ecsCalls("DescribeServices", "ListServices")},
	{name: "ECS service deployment", size: 50, refill: 20, source: ecsThrottling, calls: ecsCalls("DescribeServiceDeployments", "ListServiceDeployments")},
	{name: "ECS service revision", size: 50, refill: 20, source: ecsThrottling, calls: ecsCalls("DescribeServiceRevisions")},
	{name: "ECS task protection", size: 200, refill: 80, source: ecsThrottling, calls: ecsCalls("GetTaskProtection", "UpdateTaskProtection")},
	{name: "ECS services by namespace", size: 10, refill: 1, source: ecsThrottling, calls: ecsCalls("ListServicesByNamespace")},

	{name: "EC2 NAT gateways", size: 10, refill: 1, each: true, source: ec2Throttling, calls: []string{"ec2:CreateNatGateway", "ec2:DeleteNatGateway"}},
	{name: "EC2 endpoints", size: 4, refill: 0.3, each: true, source: ec2Throttling, calls: []string{"ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints"}},
	{name: "EC2 interfaces", size: 100, refill: 5, each: true, source: ec2Throttling, calls: []string{"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:ModifyNetworkInterfaceAttribute"}},
	{name: "EC2 tags", size: 100, refill: 10, each: true, source: ec2Throttling, calls: []string{"ec2:CreateTags", "ec2:DeleteTags"}},
	{name: "EC2 reads without filter and page size", size: 50, refill: 10, each: true, only: unfiltered, source: ec2Throttling, calls: []string{"ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups"}},
	{name: "EC2 reads", size: 100, refill: 20, each: true, source: ec2Throttling, calls: []string{"ec2:Describe*", "ec2:Get*", "ec2:Search*", "ec2:List*"}},
	{name: "EC2 changes", size: 50, refill: 5, each: true, source: ec2Throttling, calls: []string{"ec2:*"}},

	{name: "ELB account", size: 40, refill: 10, also: true, source: elbThrottling, calls: []string{"elasticloadbalancing:*"}},
	{name: "ELB resource-intensive", size: 10, refill: 0.2, source: elbThrottling, calls: []string{"elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:SetSubnets"}},
	{name: "ELB registration", size: 20, refill: 4, source: elbThrottling, calls: []string{"elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"}},
	{name: "ELB read", size: 40, refill: 10, source: elbThrottling, calls: []string{"elasticloadbalancing:Describe*"}},
	{name: "ELB changes", size: 20, refill: 3, source: elbThrottling, calls: []string{"elasticloadbalancing:*"}},

	{name: "logs groups", size: 10, refill: 10, source: cwlQuotas, calls: []string{"logs:DescribeLogGroups"}},
	{name: "logs streams", size: 25, refill: 25, source: cwlQuotas, calls: []string{"logs:DescribeLogStreams"}},
	{name: "logs events", size: 10, refill: 10, each: true, source: cwlQuotas, calls: []string{"logs:GetLogEvents", "logs:FilterLogEvents"}},
	{name: "SSM parameters: describe and write", size: 3, refill: 3, source: "https://docs.aws.amazon.com/general/latest/gr/ssm.html", calls: []string{"ssm:DescribeParameters", "ssm:PutParameter", "ssm:DeleteParameter", "ssm:DeleteParameters", "ssm:GetParameterHistory"}},
	{name: "SSM parameters: read", size: 40, refill: 40, source: "https://docs.aws.amazon.com/general/latest/gr/ssm.html", calls: []string{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"}},
	{name: "secrets: policies", size: 50, refill: 50, source: "https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html", calls: []string{"secretsmanager:GetResourcePolicy", "secretsmanager:PutResourcePolicy", "secretsmanager:DeleteResourcePolicy"}},
	{name: "secrets: list", size: 100, refill: 100, source: "https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html", calls: []string{"secretsmanager:ListSecrets"}},
	{name: "CloudTrail lookup", size: 2, refill: 2, source: "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html", calls: []string{"cloudtrail:LookupEvents"}},
	{name: "CloudWatch alarms", size: 9, refill: 9, source: cwQuotas, calls: []string{"monitoring:DescribeAlarms"}},
	{name: "CloudWatch list", size: 25, refill: 25, source: cwQuotas, calls: []string{"monitoring:ListMetrics"}},
	{name: "EventBridge control plane", size: 50, refill: 50, source: "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html", calls: []string{"events:*"}},
	{name: "Scheduler lists", size: 50, refill: 50, source: "https://docs.aws.amazon.com/scheduler/latest/UserGuide/scheduler-quotas.html", calls: []string{"scheduler:List*"}},
	{name: "Service Quotas: one", size: 5, refill: 5, each: true, source: "https://docs.aws.amazon.com/general/latest/gr/servicequotas.html", calls: []string{"servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota"}},
	{name: "Service Quotas: lists", size: 10, refill: 10, each: true, source: "https://docs.aws.amazon.com/general/latest/gr/servicequotas.html", calls: []string{"servicequotas:List*"}},
	{name: "Kinesis summary", size: 20, refill: 20, source: "https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html", calls: []string{"kinesis:DescribeStreamSummary"}},
}

func ecsCalls(names ...string) []string {
	for i, n := range names {
		names[i] = "ecs:" + n
	}
	return names
}

// unfiltered tells whether a call asks for everything at once: these calls have smaller buckets. A list of ids counts as a filter, which AWS
// does not say.
func unfiltered(input any) bool {
	switch in := input.(type) {
	case *ec2.DescribeNetworkInterfacesInput:
		return len(in.Filters)+len(in.NetworkInterfaceIds) == 0 && in.MaxResults == nil && in.NextToken == nil
	case *ec2.DescribeSecurityGroupsInput:
		return len(in.Filters)+len(in.GroupIds)+len(in.GroupNames) == 0 && in.MaxResults == nil && in.NextToken == nil
	}
	return false
}

func (l limit) names(call string) bool {
	for _, pattern := range l.calls {
		if ok, err := path.Match(pattern, call); err == nil && ok {
			return true
		}
	}
	return false
}

// bucket is the fill of one token bucket.
type bucket struct {
	tokens float64
	at     time.Time
}

// meter holds the buckets of the account; its clock is the callers'.
type meter struct {
	now     func() time.Time
	buckets map[string]*bucket // by the limit's name, and the call where each has its own
}

// take takes a token for a call from every bucket that the call needs, or from none.
func (m *meter) take(call string, input any) bool {
	now := m.now()
	var from []*bucket
	for _, l := range limits {
		if !l.names(call) || l.only != nil && !l.only(input) {
			continue
		}
		b := m.bucket(l, call, now)
		if b.tokens < 1 {
			return false
		}
		if from = append(from, b); !l.also {
			break
		}
	}
	for _, b := range from {
		b.tokens--
	}
	return true
}

// bucket is a limit's bucket, filled up to now.
func (m *meter) bucket(l limit, call string, now time.Time) *bucket {
	key := l.name
	if l.each {
		key += " " + call
	}
	b := m.buckets[key]
	if b == nil {
		b = &bucket{l.size, now}
		m.buckets[key] = b
	}
	if gone := now.Sub(b.at).Seconds(); gone > 0 {
		b.tokens, b.at = min(l.size, b.tokens+gone*l.refill), now
	}
	return b
}

// Limit throttles callers by AWS's published token buckets, or no longer. The buckets fill by clock, which is the caller's time and not the
// world's: a caller waits in his own time. nil is the machine's clock.
func (w *World) Limit(on bool, clock func() time.Time) {
	if clock == nil {
		clock = time.Now
	}
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	if w.faults.meter = nil; on {
		w.faults.meter = &meter{now: clock, buckets: map[string]*bucket{}}
	}
}

// throttled is how a service says that there were too many calls.
func throttled(service string) *wire.Error {
	switch service {
	case "ec2":
		return &wire.Error{Code: "RequestLimitExceeded", Message: "Request limit exceeded.", Status: 503}
	case "iam", "sts", "elasticloadbalancing":
		return wire.Errorf("Throttling", "Rate exceeded")
	case "servicequotas":
		return &wire.Error{Code: "TooManyRequestsException", Message: "Rate exceeded", Status: 429}
	case "sqs":
		return &wire.Error{Code: "RequestThrottled", Message: "Request is throttled.", Status: 403}
	}
	return wire.Errorf("ThrottlingException", "Rate exceeded")
}
