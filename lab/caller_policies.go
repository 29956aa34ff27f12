package lab

import (
	"encoding/json"
	"strings"
)

// callerPolicy is an AWS managed policy that people have, cut down to the services that the lab speaks.
type callerPolicy struct {
	name      string
	version   string // of AWS's document, and when that was made
	allow     string // actions, separated by blanks
	notAction string // instead of actions: everything but these
}

// callerPolicies are the policies of AWS's managed policy reference (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/), without
// the actions of services that the lab does not have. ReadOnlyAccess reads log events; ViewOnlyAccess
// does not, nor roles, secrets, parameters or scaling.
var callerPolicies = []callerPolicy{
	{name: "AdministratorAccess", version: "v1, 2015-02-06", allow: "*"},
	{name: "PowerUserAccess", version: "v12, 2026-02-12", notAction: "iam:* organizations:* account:*",
		allow: "iam:CreateServiceLinkedRole iam:DeleteServiceLinkedRole iam:ListRoles organizations:DescribeOrganization"},
	{name: "ReadOnlyAccess", version: "v87, 2022-05-23", allow: `application-autoscaling:Describe* cloudtrail:Describe* cloudtrail:Get* cloudtrail:List* cloudtrail:LookupEvents
		cloudwatch:Describe* cloudwatch:Get* cloudwatch:List* codedeploy:BatchGet* codedeploy:Get* codedeploy:List* ec2:Describe* ec2:Get* ec2:SearchTransitGatewayRoutes
		ecr:BatchCheck* ecr:BatchGet* ecr:Describe* ecr:Get* ecr:List* ecs:Describe* ecs:List* elasticfilesystem:Describe* elasticloadbalancing:Describe* events:Describe* events:List* events:Test*
		iam:Generate* iam:Get* iam:List* iam:Simulate* kinesis:Describe* kinesis:Get* kinesis:List* kms:Describe* kms:Get* kms:List*
		logs:Describe* logs:FilterLogEvents logs:Get* logs:ListTagsLogGroup logs:StartQuery logs:StopQuery logs:TestMetricFilter network-firewall:Describe* network-firewall:List*
		route53resolver:Get* route53resolver:List* scheduler:Get* scheduler:List* secretsmanager:Describe* secretsmanager:GetResourcePolicy secretsmanager:List*
		servicediscovery:Get* servicediscovery:List* servicequotas:GetServiceQuota servicequotas:GetAWSDefaultServiceQuota servicequotas:ListAWSDefaultServiceQuotas servicequotas:ListServiceQuotas
		servicequotas:ListServices sqs:Get* sqs:List* sqs:Receive* ssm:Describe* ssm:Get* ssm:List* sts:GetAccessKeyInfo sts:GetCallerIdentity sts:GetSessionToken xray:BatchGet* xray:Get*`},
	{name: "ViewOnlyAccess", version: "v36, 2026-02-11", allow: `cloudtrail:DescribeTrails cloudtrail:ListTrails cloudtrail:LookupEvents cloudwatch:Get* cloudwatch:List* codedeploy:BatchGetApplicationRevisions
		codedeploy:BatchGetApplications codedeploy:BatchGetDeploymentGroups codedeploy:BatchGetDeployments codedeploy:BatchGetDeploymentTargets codedeploy:Get* codedeploy:List*
		ec2:DescribeAddresses ec2:DescribeAvailabilityZones ec2:DescribeDhcpOptions ec2:DescribeFlowLogs ec2:DescribeInstance* ec2:DescribeInternetGateways ec2:DescribeNatGateways ec2:DescribeNetwork*
		ec2:DescribePrefixLists ec2:DescribeRegions ec2:DescribeRouteTables ec2:DescribeSecurityGroupRules ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeTags ec2:DescribeVpc* ec2:DescribeVpnGateways
		ecr:DescribeRegistry ecr:DescribeRepositories ecr:ListImages ecs:Describe* ecs:List* elasticfilesystem:DescribeFileSystems elasticloadbalancing:DescribeListeners
		elasticloadbalancing:DescribeLoadBalancerAttributes elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeTargetGroups elasticloadbalancing:DescribeTargetHealth
		events:ListRuleNamesByTarget events:ListRules events:ListTargetsByRule iam:GetAccountSummary iam:GetLoginProfile iam:List* kinesis:ListStreams kms:ListKeys kms:ListResourceTags
		logs:Describe* logs:ListTagsForResource route53resolver:Get* route53resolver:List* sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListDeadLetterSourceQueues sqs:ListMessageMoveTasks sqs:ListQueues
		sqs:ListQueueTags ssm:ListAssociations ssm:ListDocuments xray:GetEncryptionConfig xray:GetGroups xray:GetSamplingRules xray:GetSamplingTargets`},
	{name: "CloudWatchLogsReadOnlyAccess", version: "v8, 2025-12-02", allow: "logs:Describe* logs:Get* logs:List* logs:StartQuery logs:StopQuery logs:TestMetricFilter logs:FilterLogEvents logs:StartLiveTail logs:StopLiveTail cloudwatch:GenerateQuery"},
}

func (p callerPolicy) document() string {
	type statement struct {
		Effect    string
		Action    []string `json:",omitempty"`
		NotAction []string `json:",omitempty"`
		Resource  string
	}
	list := []statement{{"Allow", strings.Fields(p.allow), nil, "*"}}
	if p.notAction != "" {
		list = append(list, statement{"Allow", nil, strings.Fields(p.notAction), "*"})
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": list})
	if err != nil {
		panic(err) // plain texts
	}
	return string(text)
}
