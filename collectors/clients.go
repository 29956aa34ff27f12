package collectors

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/xray"
)

// The SDK's clients are held as functions, only those that are used. A client that gets into an interface value makes
// the linker keep all of its operations: 27 MB of EC2.

type ports struct {
	ecs     ecsPort
	ec2     ec2Port
	elb     elbPort
	targets targetsPort
	logs    logsPort
	iam     iamPort
	sts     stsPort
	secrets secretsPort
	ssm     ssmPort
	rollout rolloutPort
	kms     kmsPort
	efs     efsPort

	scaling    scalingPort
	cloudwatch cloudwatchPort
	sqs        sqsPort
	quota      quotaPort
	events     eventsPort
	scheduler  schedulerPort
	xray       xrayPort
	discovery  discoveryPort
	kinesis    kinesisPort
	filter     filterPort
	names      namesPort
	beyond     beyondPort
}

type ecsPort struct {
	ListClusters               func(context.Context, *ecs.ListClustersInput, ...func(*ecs.Options)) (*ecs.ListClustersOutput, error)
	DescribeClusters           func(context.Context, *ecs.DescribeClustersInput, ...func(*ecs.Options)) (*ecs.DescribeClustersOutput, error)
	ListServices               func(context.Context, *ecs.ListServicesInput, ...func(*ecs.Options)) (*ecs.ListServicesOutput, error)
	DescribeServices           func(context.Context, *ecs.DescribeServicesInput, ...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error)
	ListTasks                  func(context.Context, *ecs.ListTasksInput, ...func(*ecs.Options)) (*ecs.ListTasksOutput, error)
	DescribeTasks              func(context.Context, *ecs.DescribeTasksInput, ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error)
	DescribeTaskDefinition     func(context.Context, *ecs.DescribeTaskDefinitionInput, ...func(*ecs.Options)) (*ecs.DescribeTaskDefinitionOutput, error)
	ListServiceDeployments     func(context.Context, *ecs.ListServiceDeploymentsInput, ...func(*ecs.Options)) (*ecs.ListServiceDeploymentsOutput, error)
	DescribeServiceDeployments func(context.Context, *ecs.DescribeServiceDeploymentsInput, ...func(*ecs.Options)) (*ecs.DescribeServiceDeploymentsOutput, error)
}

type ec2Port struct {
	DescribeSubnets             func(context.Context, *ec2.DescribeSubnetsInput, ...func(*ec2.Options)) (*ec2.DescribeSubnetsOutput, error)
	DescribeNetworkInterfaces   func(context.Context, *ec2.DescribeNetworkInterfacesInput, ...func(*ec2.Options)) (*ec2.DescribeNetworkInterfacesOutput, error)
	DescribeVpcs                func(context.Context, *ec2.DescribeVpcsInput, ...func(*ec2.Options)) (*ec2.DescribeVpcsOutput, error)
	DescribeVpcAttribute        func(context.Context, *ec2.DescribeVpcAttributeInput, ...func(*ec2.Options)) (*ec2.DescribeVpcAttributeOutput, error)
	DescribeRouteTables         func(context.Context, *ec2.DescribeRouteTablesInput, ...func(*ec2.Options)) (*ec2.DescribeRouteTablesOutput, error)
	DescribeNetworkAcls         func(context.Context, *ec2.DescribeNetworkAclsInput, ...func(*ec2.Options)) (*ec2.DescribeNetworkAclsOutput, error)
	DescribeSecurityGroups      func(context.Context, *ec2.DescribeSecurityGroupsInput, ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupsOutput, error)
	DescribeVpcEndpoints        func(context.Context, *ec2.DescribeVpcEndpointsInput, ...func(*ec2.Options)) (*ec2.DescribeVpcEndpointsOutput, error)
	DescribeDhcpOptions         func(context.Context, *ec2.DescribeDhcpOptionsInput, ...func(*ec2.Options)) (*ec2.DescribeDhcpOptionsOutput, error)
	DescribeNatGateways         func(context.Context, *ec2.DescribeNatGatewaysInput, ...func(*ec2.Options)) (*ec2.DescribeNatGatewaysOutput, error)
	DescribeInternetGateways    func(context.Context, *ec2.DescribeInternetGatewaysInput, ...func(*ec2.Options)) (*ec2.DescribeInternetGatewaysOutput, error)
	DescribePrefixLists         func(context.Context, *ec2.DescribePrefixListsInput, ...func(*ec2.Options)) (*ec2.DescribePrefixListsOutput, error)
	DescribeManagedPrefixLists  func(context.Context, *ec2.DescribeManagedPrefixListsInput, ...func(*ec2.Options)) (*ec2.DescribeManagedPrefixListsOutput, error)
	GetManagedPrefixListEntries func(context.Context, *ec2.GetManagedPrefixListEntriesInput, ...func(*ec2.Options)) (*ec2.GetManagedPrefixListEntriesOutput, error)
}

type elbPort struct {
	DescribeLoadBalancers func(context.Context, *elb.DescribeLoadBalancersInput, ...func(*elb.Options)) (*elb.DescribeLoadBalancersOutput, error)
	DescribeTargetGroups  func(context.Context, *elb.DescribeTargetGroupsInput, ...func(*elb.Options)) (*elb.DescribeTargetGroupsOutput, error)
}

type logsPort struct {
	DescribeLogGroups func(context.Context, *cloudwatchlogs.DescribeLogGroupsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogGroupsOutput, error)
	GetLogEvents      func(context.Context, *cloudwatchlogs.GetLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
}

type ecrPort struct {
	DescribeRepositories func(context.Context, *ecr.DescribeRepositoriesInput, ...func(*ecr.Options)) (*ecr.DescribeRepositoriesOutput, error)
	DescribeImages       func(context.Context, *ecr.DescribeImagesInput, ...func(*ecr.Options)) (*ecr.DescribeImagesOutput, error)
	GetRepositoryPolicy  func(context.Context, *ecr.GetRepositoryPolicyInput, ...func(*ecr.Options)) (*ecr.GetRepositoryPolicyOutput, error)
	BatchGetImage        func(context.Context, *ecr.BatchGetImageInput, ...func(*ecr.Options)) (*ecr.BatchGetImageOutput, error)

	DescribePullThroughCacheRules func(context.Context, *ecr.DescribePullThroughCacheRulesInput, ...func(*ecr.Options)) (*ecr.DescribePullThroughCacheRulesOutput, error)
	GetLifecyclePolicy            func(context.Context, *ecr.GetLifecyclePolicyInput, ...func(*ecr.Options)) (*ecr.GetLifecyclePolicyOutput, error)
}

type iamPort struct {
	GetRole                  func(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error)
	ListAttachedRolePolicies func(context.Context, *iam.ListAttachedRolePoliciesInput, ...func(*iam.Options)) (*iam.ListAttachedRolePoliciesOutput, error)
	ListRolePolicies         func(context.Context, *iam.ListRolePoliciesInput, ...func(*iam.Options)) (*iam.ListRolePoliciesOutput, error)
	GetRolePolicy            func(context.Context, *iam.GetRolePolicyInput, ...func(*iam.Options)) (*iam.GetRolePolicyOutput, error)
	GetPolicy                func(context.Context, *iam.GetPolicyInput, ...func(*iam.Options)) (*iam.GetPolicyOutput, error)
	GetPolicyVersion         func(context.Context, *iam.GetPolicyVersionInput, ...func(*iam.Options)) (*iam.GetPolicyVersionOutput, error)
}

type stsPort struct {
	GetCallerIdentity func(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error)
}

type secretsPort struct {
	GetResourcePolicy func(context.Context, *secretsmanager.GetResourcePolicyInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetResourcePolicyOutput, error)
	DescribeSecret    func(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
}

type ssmPort struct {
	DescribeParameters func(context.Context, *ssm.DescribeParametersInput, ...func(*ssm.Options)) (*ssm.DescribeParametersOutput, error)
}

func newPorts(cfg aws.Config) ports {
	return ports{
		ecs:     newECSPort(ecs.NewFromConfig(cfg)),
		ec2:     newEC2Port(ec2.NewFromConfig(cfg)),
		elb:     newELBPort(elb.NewFromConfig(cfg)),
		targets: newTargetsPort(elb.NewFromConfig(cfg)),
		logs:    newLogsPort(cloudwatchlogs.NewFromConfig(cfg)),
		iam:     newIAMPort(iam.NewFromConfig(cfg)),
		sts:     stsPort{sts.NewFromConfig(cfg).GetCallerIdentity},
		secrets: newSecretsPort(cfg),
		kms:     newKMSPort(cfg),
		efs:     newEFSPort(cfg),
		ssm:     ssmPort{ssm.NewFromConfig(cfg).DescribeParameters},
		rollout: newRolloutPort(cfg),

		scaling:    newScalingPort(applicationautoscaling.NewFromConfig(cfg)),
		cloudwatch: newCloudwatchPort(cloudwatch.NewFromConfig(cfg)),
		sqs:        newSQSPort(sqs.NewFromConfig(cfg)),
		quota:      quotaPort{servicequotas.NewFromConfig(cfg).GetServiceQuota},
		events:     newEventsPort(eventbridge.NewFromConfig(cfg)),
		scheduler:  newSchedulerPort(scheduler.NewFromConfig(cfg)),
		xray:       xrayPort{xray.NewFromConfig(cfg).GetSamplingRules},
		discovery:  newDiscoveryPort(servicediscovery.NewFromConfig(cfg), ecs.NewFromConfig(cfg)),
		kinesis:    kinesisPort{kinesis.NewFromConfig(cfg).DescribeStreamSummary},
		filter:     filterPort{cloudwatchlogs.NewFromConfig(cfg).FilterLogEvents},
		names:      newNamesPort(cfg),
		beyond:     newBeyondPort(cfg),
	}
}

func newECSPort(c *ecs.Client) ecsPort {
	return ecsPort{c.ListClusters, c.DescribeClusters, c.ListServices, c.DescribeServices, c.ListTasks, c.DescribeTasks,
		c.DescribeTaskDefinition, c.ListServiceDeployments, c.DescribeServiceDeployments}
}

func newEC2Port(c *ec2.Client) ec2Port {
	return ec2Port{c.DescribeSubnets, c.DescribeNetworkInterfaces, c.DescribeVpcs, c.DescribeVpcAttribute, c.DescribeRouteTables,
		c.DescribeNetworkAcls, c.DescribeSecurityGroups, c.DescribeVpcEndpoints, c.DescribeDhcpOptions, c.DescribeNatGateways, c.DescribeInternetGateways,
		c.DescribePrefixLists, c.DescribeManagedPrefixLists, c.GetManagedPrefixListEntries}
}

func newELBPort(c *elb.Client) elbPort {
	return elbPort{c.DescribeLoadBalancers, c.DescribeTargetGroups}
}

func newLogsPort(c *cloudwatchlogs.Client) logsPort {
	return logsPort{c.DescribeLogGroups, c.GetLogEvents}
}

func newIAMPort(c *iam.Client) iamPort {
	return iamPort{c.GetRole, c.ListAttachedRolePolicies, c.ListRolePolicies, c.GetRolePolicy, c.GetPolicy, c.GetPolicyVersion}
}

// ecr returns the functions of the ECR client of a region: an image may be pulled from another region than the task's.
func (a *Account) ecr(region string) *ecrPort {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p, ok := a.ecrs[region]; ok {
		return p
	}
	cfg := a.cfg.Copy()
	cfg.Region = region
	c := ecr.NewFromConfig(cfg)
	p := &ecrPort{c.DescribeRepositories, c.DescribeImages, c.GetRepositoryPolicy, c.BatchGetImage, c.DescribePullThroughCacheRules, c.GetLifecyclePolicy}
	a.ecrs[region] = p
	return p
}
