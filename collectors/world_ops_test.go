package collectors

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/ecsplain/ecsplain/lab/wire"
)

const arnPrefix = "arn:aws:ecs:eu-west-1:111122223333:"

func p[T any](v T) *T { return &v }

// op is wire.Op for a handler that cares for nothing but its input.
func op[I, O any](service, name string, f func(*I) (*O, error)) wire.Operation {
	return wire.Op(service, name, func(_ *wire.Request, in *I) (*O, error) { return f(in) })
}

// wants reports whether one of the filters names id.
func wants(filters []ec2types.Filter, name, id string) bool {
	return slices.ContainsFunc(filters, func(f ec2types.Filter) bool { return aws.ToString(f.Name) == name && slices.Contains(f.Values, id) })
}

func taskARN(id string) string { return arnPrefix + "task/shop/" + id }

func stoppedTask(id, group string, minute int) ecstypes.Task {
	return ecstypes.Task{
		TaskArn: p(taskARN(id)), ClusterArn: p(arnPrefix + "cluster/shop"), Group: p(group), TaskDefinitionArn: p(arnPrefix + "task-definition/web:7"),
		LastStatus: p("STOPPED"), DesiredStatus: p("STOPPED"), StopCode: ecstypes.TaskStopCodeTaskFailedToStart,
		StoppedReason: p("CannotPullContainerError: pull image manifest has been retried 5 time(s)"),
		CreatedAt:     p(answeredAt.Add(time.Duration(minute-60) * time.Minute)), StoppedAt: p(answeredAt.Add(time.Duration(minute-59) * time.Minute)),
		Attachments: []ecstypes.Attachment{{Type: p("ElasticNetworkInterface"), Status: p("DELETED"), Details: []ecstypes.KeyValuePair{
			{Name: p("subnetId"), Value: p("subnet-1")}, {Name: p("networkInterfaceId"), Value: p("eni-1")}, {Name: p("privateIPv4Address"), Value: p("10.0.1.9")}}}},
		Containers: []ecstypes.Container{{Name: p("web"), Image: p("111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/web:v7"), ExitCode: p(int32(0))}, {Name: p("side")}},
	}
}

func webService() ecstypes.Service {
	return ecstypes.Service{
		ServiceName: p("web"), ServiceArn: p(arnPrefix + "service/shop/web"), Status: p("ACTIVE"), DesiredCount: 2, RunningCount: 0,
		TaskDefinition: p(arnPrefix + "task-definition/web:7"),
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
			Subnets: []string{"subnet-1"}, SecurityGroups: []string{"sg-1"}, AssignPublicIp: ecstypes.AssignPublicIpEnabled}},
		Deployments: []ecstypes.Deployment{{Id: p("ecs-svc/1"), Status: p("PRIMARY"), TaskDefinition: p(arnPrefix + "task-definition/web:7"), FailedTasks: 4, CreatedAt: p(answeredAt)}},
		Events:      []ecstypes.ServiceEvent{{Id: p("e1"), CreatedAt: p(answeredAt), Message: p("(service web) \x1b[31mis unable")}},
	}
}

// ordinary answers every call of the collectors for the sample keys.
var ordinary = slices.Concat(ordinaryECS, ordinaryRollout, ordinaryEC2, ordinaryELB, ordinaryRest, ordinaryRegistry, storage, fileSystem, ordinaryScaling, ordinaryNames, ordinaryDiscovery, ordinaryBeyond)

var ordinaryECS = []wire.Operation{
	op("ecs", "ListClusters", func(*ecs.ListClustersInput) (*ecs.ListClustersOutput, error) {
		return &ecs.ListClustersOutput{ClusterArns: []string{arnPrefix + "cluster/shop"}}, nil
	}),
	op("ecs", "DescribeClusters", func(in *ecs.DescribeClustersInput) (*ecs.DescribeClustersOutput, error) {
		return &ecs.DescribeClustersOutput{Clusters: []ecstypes.Cluster{{ClusterName: p("shop"), Status: p("ACTIVE"), CapacityProviders: []string{"FARGATE"}}}}, nil
	}),
	op("ecs", "ListServices", func(*ecs.ListServicesInput) (*ecs.ListServicesOutput, error) {
		return &ecs.ListServicesOutput{ServiceArns: []string{arnPrefix + "service/shop/web"}}, nil
	}),
	op("ecs", "DescribeServices", func(in *ecs.DescribeServicesInput) (*ecs.DescribeServicesOutput, error) {
		return &ecs.DescribeServicesOutput{Services: []ecstypes.Service{webService()}}, nil
	}),
	op("ecs", "ListTasks", func(in *ecs.ListTasksInput) (*ecs.ListTasksOutput, error) {
		return &ecs.ListTasksOutput{TaskArns: []string{taskARN("t1"), taskARN("t2")}}, nil
	}),
	op("ecs", "DescribeTasks", func(in *ecs.DescribeTasksInput) (*ecs.DescribeTasksOutput, error) {
		out := &ecs.DescribeTasksOutput{}
		for i, id := range in.Tasks {
			out.Tasks = append(out.Tasks, stoppedTask(last(id), "service:web", i))
		}
		return out, nil
	}),
	op("ecs", "DescribeTaskDefinition", func(in *ecs.DescribeTaskDefinitionInput) (*ecs.DescribeTaskDefinitionOutput, error) {
		return &ecs.DescribeTaskDefinitionOutput{TaskDefinition: &ecstypes.TaskDefinition{
			TaskDefinitionArn: p(arnPrefix + "task-definition/web:7"), Family: p("web"), Revision: 7, Cpu: p("256"), Memory: p("512"),
			ContainerDefinitions: []ecstypes.ContainerDefinition{{
				Name: p("web"), Image: p("nginx"), Environment: []ecstypes.KeyValuePair{{Name: p("DB_PASSWORD"), Value: p("hunter2")}},
				Command: []string{"serve", "--token", "hunter2"},
				Secrets: []ecstypes.Secret{{Name: p("DB"), ValueFrom: p("arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf")}},
				LogConfiguration: &ecstypes.LogConfiguration{LogDriver: ecstypes.LogDriverSplunk, Options: map[string]string{"splunk-token": "hunter2", "splunk-url": "https://splunk"},
					SecretOptions: []ecstypes.Secret{{Name: p("splunk-token"), ValueFrom: p("/splunk")}}},
			}},
		}}, nil
	}),
	op("ecs", "ListServiceDeployments", func(in *ecs.ListServiceDeploymentsInput) (*ecs.ListServiceDeploymentsOutput, error) {
		return &ecs.ListServiceDeploymentsOutput{ServiceDeployments: []ecstypes.ServiceDeploymentBrief{
			{ServiceDeploymentArn: p("arn:old")}, {ServiceDeploymentArn: p("arn:new")}}}, nil
	}),
	op("ecs", "DescribeServiceDeployments", func(in *ecs.DescribeServiceDeploymentsInput) (*ecs.DescribeServiceDeploymentsOutput, error) {
		return &ecs.DescribeServiceDeploymentsOutput{ServiceDeployments: []ecstypes.ServiceDeployment{
			{ServiceDeploymentArn: p("arn:old"), CreatedAt: p(answeredAt.Add(-time.Hour))},
			{ServiceDeploymentArn: p("arn:new"), CreatedAt: p(answeredAt), Status: ecstypes.ServiceDeploymentStatusRollbackSuccessful,
				DeploymentCircuitBreaker: &ecstypes.ServiceDeploymentCircuitBreaker{FailureCount: 3, Threshold: 3}}}}, nil
	}),
}

var ordinaryEC2 = []wire.Operation{
	op("ec2", "DescribeSubnets", func(in *ec2.DescribeSubnetsInput) (out *ec2.DescribeSubnetsOutput, err error) {
		out = &ec2.DescribeSubnetsOutput{}
		if wants(in.Filters, "subnet-id", "subnet-1") {
			out.Subnets = []ec2types.Subnet{{SubnetId: p("subnet-1"), VpcId: p("vpc-1"), OwnerId: p("111122223333"), AvailableIpAddressCount: p(int32(7)), AvailabilityZoneId: p("euw1-az1"),
				BlockPublicAccessStates: &ec2types.BlockPublicAccessStates{InternetGatewayBlockMode: ec2types.BlockPublicAccessModeOff}}}
		}
		return out, nil
	}),
	op("ec2", "DescribeNetworkInterfaces", func(in *ec2.DescribeNetworkInterfacesInput) (*ec2.DescribeNetworkInterfacesOutput, error) {
		return &ec2.DescribeNetworkInterfacesOutput{NetworkInterfaces: []ec2types.NetworkInterface{{NetworkInterfaceId: p("eni-1"), SubnetId: p("subnet-1"), Description: p("lambda")}}}, nil
	}),
	op("ec2", "DescribeVpcs", func(in *ec2.DescribeVpcsInput) (*ec2.DescribeVpcsOutput, error) {
		return &ec2.DescribeVpcsOutput{Vpcs: []ec2types.Vpc{{VpcId: p("vpc-1"), CidrBlock: p("10.0.0.0/16")}}}, nil
	}),
	op("ec2", "DescribeVpcAttribute", func(in *ec2.DescribeVpcAttributeInput) (*ec2.DescribeVpcAttributeOutput, error) {
		out := &ec2.DescribeVpcAttributeOutput{VpcId: in.VpcId}
		if in.Attribute == ec2types.VpcAttributeNameEnableDnsSupport {
			out.EnableDnsSupport = &ec2types.AttributeBooleanValue{Value: p(true)}
		} else {
			out.EnableDnsHostnames = &ec2types.AttributeBooleanValue{Value: p(false)}
		}
		return out, nil
	}),
	op("ec2", "DescribeRouteTables", func(in *ec2.DescribeRouteTablesInput) (*ec2.DescribeRouteTablesOutput, error) {
		return &ec2.DescribeRouteTablesOutput{RouteTables: []ec2types.RouteTable{{RouteTableId: p("rtb-1"), VpcId: p("vpc-1"),
			Associations: []ec2types.RouteTableAssociation{{Main: p(true)}, {SubnetId: p("subnet-1")}},
			Routes: []ec2types.Route{{DestinationCidrBlock: p("10.0.0.0/16"), GatewayId: p("local"), State: ec2types.RouteStateActive},
				{DestinationCidrBlock: p("0.0.0.0/0"), NatGatewayId: p("nat-1"), State: ec2types.RouteStateBlackhole}}}}}, nil
	}),
	op("ec2", "DescribeNetworkAcls", func(in *ec2.DescribeNetworkAclsInput) (*ec2.DescribeNetworkAclsOutput, error) {
		return &ec2.DescribeNetworkAclsOutput{NetworkAcls: []ec2types.NetworkAcl{{NetworkAclId: p("acl-1"), VpcId: p("vpc-1"), IsDefault: p(true),
			Entries: []ec2types.NetworkAclEntry{{RuleNumber: p(int32(100)), Egress: p(true), Protocol: p("6"), CidrBlock: p("0.0.0.0/0"), RuleAction: ec2types.RuleActionAllow,
				PortRange: &ec2types.PortRange{From: p(int32(443)), To: p(int32(443))}}}}}}, nil
	}),
	op("ec2", "DescribeSecurityGroups", func(in *ec2.DescribeSecurityGroupsInput) (*ec2.DescribeSecurityGroupsOutput, error) {
		return &ec2.DescribeSecurityGroupsOutput{SecurityGroups: []ec2types.SecurityGroup{{GroupId: p("sg-1"), GroupName: p("default"), VpcId: p("vpc-1"),
			IpPermissionsEgress: []ec2types.IpPermission{
				{IpProtocol: p("tcp"), FromPort: p(int32(443)), ToPort: p(int32(443)), IpRanges: []ec2types.IpRange{{CidrIp: p("10.0.0.0/8")}, {CidrIp: p("192.168.0.0/16")}},
					PrefixListIds: []ec2types.PrefixListId{{PrefixListId: p("pl-1")}}},
				{IpProtocol: p("-1"), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: p("sg-2")}}}}}}}, nil
	}),
	op("ec2", "DescribeVpcEndpoints", func(in *ec2.DescribeVpcEndpointsInput) (*ec2.DescribeVpcEndpointsOutput, error) {
		return &ec2.DescribeVpcEndpointsOutput{VpcEndpoints: []ec2types.VpcEndpoint{{VpcEndpointId: p("vpce-1"), VpcId: p("vpc-1"), ServiceName: p("com.amazonaws.eu-west-1.ecr.api"),
			State: "available", VpcEndpointType: ec2types.VpcEndpointTypeInterface, PrivateDnsEnabled: p(true)}}}, nil
	}),
	op("ec2", "DescribeNatGateways", func(in *ec2.DescribeNatGatewaysInput) (*ec2.DescribeNatGatewaysOutput, error) {
		return &ec2.DescribeNatGatewaysOutput{NatGateways: []ec2types.NatGateway{{NatGatewayId: p("nat-1"), VpcId: p("vpc-1"), State: ec2types.NatGatewayStateFailed, FailureCode: p("Gateway.NotAttached")}}}, nil
	}),
	op("ec2", "DescribeInternetGateways", func(in *ec2.DescribeInternetGatewaysInput) (*ec2.DescribeInternetGatewaysOutput, error) {
		return &ec2.DescribeInternetGatewaysOutput{InternetGateways: []ec2types.InternetGateway{{InternetGatewayId: p("igw-1"),
			Attachments: []ec2types.InternetGatewayAttachment{{VpcId: p("vpc-1"), State: "available"}}}}}, nil
	}),
	op("ec2", "DescribePrefixLists", func(in *ec2.DescribePrefixListsInput) (*ec2.DescribePrefixListsOutput, error) {
		out := &ec2.DescribePrefixListsOutput{}
		if wants(in.Filters, "prefix-list-name", "com.amazonaws.eu-west-1.s3") || wants(in.Filters, "prefix-list-id", "pl-1") {
			out.PrefixLists = []ec2types.PrefixList{{PrefixListId: p("pl-1"), PrefixListName: p("com.amazonaws.eu-west-1.s3"), Cidrs: []string{"52.218.0.0/17"}}}
		}
		return out, nil
	}),
	op("ec2", "DescribeManagedPrefixLists", func(in *ec2.DescribeManagedPrefixListsInput) (*ec2.DescribeManagedPrefixListsOutput, error) {
		out := &ec2.DescribeManagedPrefixListsOutput{}
		if wants(in.Filters, "prefix-list-id", "pl-own") {
			out.PrefixLists = []ec2types.ManagedPrefixList{{PrefixListId: p("pl-own"), PrefixListName: p("offices")}}
		}
		return out, nil
	}),
	op("ec2", "GetManagedPrefixListEntries", func(in *ec2.GetManagedPrefixListEntriesInput) (*ec2.GetManagedPrefixListEntriesOutput, error) {
		return &ec2.GetManagedPrefixListEntriesOutput{Entries: []ec2types.PrefixListEntry{{Cidr: p("203.0.113.0/24")}}}, nil
	}),
}

const digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

var ordinaryRest = []wire.Operation{
	op("sts", "GetCallerIdentity", func(*sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
		return &sts.GetCallerIdentityOutput{Account: p("111122223333"), Arn: p("arn:aws-cn:iam::111122223333:user/ana")}, nil
	}),
	op("logs", "DescribeLogGroups", func(in *cloudwatchlogs.DescribeLogGroupsInput) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
		out := &cloudwatchlogs.DescribeLogGroupsOutput{}
		if slices.Contains(in.LogGroupIdentifiers, "/ecs/web") || in.LogGroupNamePrefix != nil && strings.HasPrefix("/ecs/web", *in.LogGroupNamePrefix) {
			out.LogGroups = []logstypes.LogGroup{{LogGroupName: p("/ecs/web"), RetentionInDays: p(int32(30)), CreationTime: p(answeredAt.UnixMilli())}}
		}
		return out, nil
	}),
	op("logs", "GetLogEvents", func(in *cloudwatchlogs.GetLogEventsInput) (*cloudwatchlogs.GetLogEventsOutput, error) {
		return &cloudwatchlogs.GetLogEventsOutput{NextBackwardToken: p("b/1"), NextForwardToken: p("f/1"), Events: []logstypes.OutputLogEvent{
			{Timestamp: p(answeredAt.UnixMilli()), Message: p("\x1b[31mcannot open postgres://app:hunter2@db/shop")}}}, nil
	}),
	op("ecr", "DescribeRepositories", func(in *ecr.DescribeRepositoriesInput) (*ecr.DescribeRepositoriesOutput, error) {
		return &ecr.DescribeRepositoriesOutput{Repositories: []ecrtypes.Repository{{RepositoryName: p("team/web"), RegistryId: p("111122223333")}}}, nil
	}),
	op("ecr", "DescribeImages", func(in *ecr.DescribeImagesInput) (*ecr.DescribeImagesOutput, error) {
		return &ecr.DescribeImagesOutput{ImageDetails: []ecrtypes.ImageDetail{{ImageDigest: p(digest), ImageTags: []string{"v7", "latest"}, ImagePushedAt: p(answeredAt)}}}, nil
	}),
	op("ecr", "GetRepositoryPolicy", func(in *ecr.GetRepositoryPolicyInput) (*ecr.GetRepositoryPolicyOutput, error) {
		return &ecr.GetRepositoryPolicyOutput{PolicyText: p(`{"Version":"2012-10-17"}`)}, nil
	}),
	op("ecr", "BatchGetImage", func(in *ecr.BatchGetImageInput) (*ecr.BatchGetImageOutput, error) {
		return &ecr.BatchGetImageOutput{Images: []ecrtypes.Image{{ImageId: &ecrtypes.ImageIdentifier{ImageTag: p("v7"), ImageDigest: p(digest)}, ImageManifestMediaType: p(ociIndex),
			ImageManifest: p(`{"manifests":[{"platform":{"os":"linux","architecture":"arm64"}},{"platform":{"os":"unknown","architecture":"unknown"}}]}`)}}}, nil
	}),
	op("iam", "GetRole", func(in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
		return &iam.GetRoleOutput{Role: &iamtypes.Role{RoleName: in.RoleName, Arn: p("arn:aws:iam::111122223333:role/" + *in.RoleName), Path: p("/"), RoleId: p("AROA1"), CreateDate: p(answeredAt),
			AssumeRolePolicyDocument: p(url.QueryEscape(`{"Version":"2012-10-17", "a":"b+c"}`))}}, nil
	}),
	op("iam", "ListAttachedRolePolicies", func(in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
		out := &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: []iamtypes.AttachedPolicy{{PolicyArn: p("arn:aws:iam::aws:policy/A")}}}
		if in.Marker == nil {
			out.IsTruncated, out.Marker = true, p("page2")
		} else {
			out.AttachedPolicies[0].PolicyArn = p("arn:aws:iam::aws:policy/B")
		}
		return out, nil
	}),
	op("iam", "ListRolePolicies", func(in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
		return &iam.ListRolePoliciesOutput{PolicyNames: []string{"read-secret"}}, nil
	}),
	op("iam", "GetRolePolicy", func(in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
		return &iam.GetRolePolicyOutput{RoleName: in.RoleName, PolicyName: in.PolicyName, PolicyDocument: p("%7B%22Version%22%3A%20%222012-10-17%22%7D")}, nil
	}),
	op("iam", "GetPolicy", func(in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
		return &iam.GetPolicyOutput{Policy: &iamtypes.Policy{PolicyName: p("A"), DefaultVersionId: p("v3"), UpdateDate: p(answeredAt)}}, nil
	}),
	op("iam", "GetPolicyVersion", func(in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
		return &iam.GetPolicyVersionOutput{PolicyVersion: &iamtypes.PolicyVersion{Document: p("%7B%22of%22%3A%22" + *in.VersionId + "%22%7D")}}, nil
	}),
	op("secretsmanager", "DescribeSecret", func(in *secretsmanager.DescribeSecretInput) (*secretsmanager.DescribeSecretOutput, error) {
		return &secretsmanager.DescribeSecretOutput{ARN: in.SecretId, Name: p("db"), VersionIdsToStages: map[string][]string{"v1": {"AWSCURRENT"}}}, nil
	}),
	op("ssm", "DescribeParameters", func(in *ssm.DescribeParametersInput) (*ssm.DescribeParametersOutput, error) {
		out := &ssm.DescribeParametersOutput{}
		if slices.Contains(in.ParameterFilters[0].Values, "/web/flag") {
			out.Parameters = []ssmtypes.ParameterMetadata{{Name: p("/web/flag"), Type: ssmtypes.ParameterTypeSecureString, KeyId: p("alias/aws/ssm")}}
		}
		return out, nil
	}),
}
