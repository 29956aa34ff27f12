package main

// services is the one list: which operations of which service the tables hold. Folder is botocore's name,
// SigningName the name in the SigV4 credential scope, which is how the lab routes.
var services = []struct{ SigningName, Folder, Operations string }{
	{"ecs", "ecs", `
		CreateCluster DeleteCluster DescribeClusters ListClusters UpdateCluster UpdateClusterSettings
		PutClusterCapacityProviders DescribeCapacityProviders
		CreateService UpdateService DeleteService DescribeServices ListServices ListServicesByNamespace
		ListTasks DescribeTasks RunTask StopTask
		RegisterTaskDefinition DeregisterTaskDefinition DescribeTaskDefinition ListTaskDefinitions ListTaskDefinitionFamilies
		ListServiceDeployments DescribeServiceDeployments DescribeServiceRevisions StopServiceDeployment ContinueServiceDeployment
		ListContainerInstances DescribeContainerInstances
		DescribeTaskSets CreateTaskSet UpdateTaskSet DeleteTaskSet UpdateServicePrimaryTaskSet
		GetTaskProtection UpdateTaskProtection ExecuteCommand PutAccountSetting PutAccountSettingDefault
		ListTagsForResource TagResource UntagResource ListAccountSettings`},
	{"ec2", "ec2", `
		DescribeVpcs DescribeVpcAttribute ModifyVpcAttribute
		DescribeSubnets CreateSubnet ModifySubnetAttribute
		DescribeRouteTables CreateRoute ReplaceRoute DeleteRoute CreateRouteTable
		AssociateRouteTable DisassociateRouteTable ReplaceRouteTableAssociation
		DescribeSecurityGroups DescribeSecurityGroupRules CreateSecurityGroup
		AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress
		DescribeNetworkAcls CreateNetworkAclEntry ReplaceNetworkAclEntry DeleteNetworkAclEntry ReplaceNetworkAclAssociation
		DescribeNetworkInterfaces DeleteNetworkInterface
		DescribeVpcEndpoints CreateVpcEndpoint ModifyVpcEndpoint DeleteVpcEndpoints
		DescribeNatGateways CreateNatGateway DeleteNatGateway
		DescribeInternetGateways AttachInternetGateway DetachInternetGateway CreateInternetGateway
		DescribePrefixLists DescribeManagedPrefixLists GetManagedPrefixListEntries
		DescribeDhcpOptions DescribeAvailabilityZones
		DescribeVpcBlockPublicAccessOptions ModifyVpcBlockPublicAccessOptions
		DescribeVpcBlockPublicAccessExclusions CreateVpcBlockPublicAccessExclusion
		DescribeAddresses AllocateAddress CreateTags AssociateDhcpOptions CreateDhcpOptions
		DescribeVpcPeeringConnections DescribeTransitGatewayVpcAttachments DescribeTransitGatewayAttachments DescribeVolumes
		ModifyTransitGatewayVpcAttachment DeleteTransitGatewayVpcAttachment`},
	{"logs", "logs", `
		DescribeLogGroups DescribeLogStreams GetLogEvents FilterLogEvents
		CreateLogGroup DeleteLogGroup CreateLogStream PutLogEvents PutRetentionPolicy
		DescribeDeliverySources DescribeDeliveries DescribeSubscriptionFilters`},
	{"ecr", "ecr", `
		DescribeRepositories DescribeImages ListImages BatchGetImage BatchCheckLayerAvailability GetDownloadUrlForLayer
		GetAuthorizationToken GetRepositoryPolicy SetRepositoryPolicy DeleteRepositoryPolicy
		CreateRepository DeleteRepository PutImage BatchDeleteImage GetLifecyclePolicy
		DescribePullThroughCacheRules CreatePullThroughCacheRule DeletePullThroughCacheRule UpdatePullThroughCacheRule DescribeRegistry
		PutLifecyclePolicy GetLifecyclePolicyPreview`},
	{"iam", "iam", `
		GetRole ListRoles CreateRole DeleteRole UpdateAssumeRolePolicy
		ListAttachedRolePolicies AttachRolePolicy DetachRolePolicy
		ListRolePolicies GetRolePolicy PutRolePolicy DeleteRolePolicy
		GetPolicy GetPolicyVersion ListPolicyVersions CreatePolicy CreatePolicyVersion DeletePolicyVersion SetDefaultPolicyVersion
		PutRolePermissionsBoundary DeleteRolePermissionsBoundary SimulatePrincipalPolicy`},
	{"sts", "sts", `GetCallerIdentity AssumeRole`},
	{"elasticloadbalancing", "elbv2", `
		DescribeLoadBalancers DescribeListeners DescribeRules DescribeTargetGroups DescribeTargetHealth
		DescribeLoadBalancerAttributes DescribeTargetGroupAttributes DescribeTags
		ModifyLoadBalancerAttributes ModifyTargetGroup ModifyTargetGroupAttributes RegisterTargets DeregisterTargets
		CreateTargetGroup DeleteTargetGroup CreateListener ModifyListener DeleteListener
		CreateRule ModifyRule DeleteRule SetRulePriorities SetSecurityGroups SetSubnets`},
	{"secretsmanager", "secretsmanager", `
		DescribeSecret ListSecrets CreateSecret PutSecretValue GetSecretValue RestoreSecret DeleteSecret
		GetResourcePolicy PutResourcePolicy DeleteResourcePolicy ListSecretVersionIds UpdateSecret`},
	{"ssm", "ssm", `DescribeParameters PutParameter GetParameter GetParameters DeleteParameter`},
	{"kms", "kms", `
		DescribeKey GetKeyPolicy PutKeyPolicy ListAliases ListKeys EnableKey DisableKey CancelKeyDeletion ScheduleKeyDeletion
		CreateKey ListGrants CreateGrant ListKeyPolicies CreateAlias DeleteAlias`},
	{"application-autoscaling", "application-autoscaling", `
		DescribeScalableTargets DescribeScalingPolicies DescribeScalingActivities DescribeScheduledActions
		RegisterScalableTarget DeregisterScalableTarget PutScalingPolicy DeleteScalingPolicy PutScheduledAction DeleteScheduledAction`},
	{"servicequotas", "service-quotas", `
		GetServiceQuota ListServiceQuotas GetAWSDefaultServiceQuota RequestServiceQuotaIncrease ListRequestedServiceQuotaChangeHistoryByQuota`},
	{"cloudtrail", "cloudtrail", `LookupEvents DescribeTrails`},
	{"events", "events", `
		DescribeRule ListRules ListTargetsByRule ListRuleNamesByTarget PutRule PutTargets RemoveTargets EnableRule DisableRule DeleteRule`},
	{"sqs", "sqs", `
		ListQueues GetQueueUrl GetQueueAttributes SetQueueAttributes CreateQueue DeleteQueue PurgeQueue
		SendMessage SendMessageBatch ReceiveMessage DeleteMessage DeleteMessageBatch ChangeMessageVisibility`},
	{"servicediscovery", "servicediscovery", `
		ListNamespaces GetNamespace CreateHttpNamespace CreatePrivateDnsNamespace DeleteNamespace
		ListServices GetService CreateService DeleteService ListInstances RegisterInstance DeregisterInstance GetInstancesHealthStatus GetOperation`},
	{"codedeploy", "codedeploy", `
		ListDeployments GetDeployment GetDeploymentGroup ListDeploymentTargets BatchGetDeploymentTargets StopDeployment ContinueDeployment CreateDeployment`},
	{"kinesis", "kinesis", `DescribeStreamSummary ListStreams`},
	{"network-firewall", "network-firewall", `
		ListFirewalls DescribeFirewall DescribeFirewallPolicy ListRuleGroups DescribeRuleGroup UpdateRuleGroup UpdateFirewallPolicy`},
	{"route53resolver", "route53resolver", `
		ListFirewallRuleGroupAssociations ListFirewallRules ListFirewallDomainLists ListFirewallDomains GetFirewallConfig
		DeleteFirewallRule UpdateFirewallRule UpdateFirewallDomains DisassociateFirewallRuleGroup
		ListResolverRules ListResolverRuleAssociations GetResolverRule DisassociateResolverRule
		CreateFirewallDomainList CreateFirewallRuleGroup CreateFirewallRule AssociateFirewallRuleGroup CreateResolverRule AssociateResolverRule`},
	{"elasticfilesystem", "efs", `
		DescribeFileSystems DescribeMountTargets DescribeMountTargetSecurityGroups DescribeAccessPoints DescribeFileSystemPolicy
		CreateFileSystem DeleteFileSystem CreateMountTarget DeleteMountTarget ModifyMountTargetSecurityGroups
		PutFileSystemPolicy DeleteFileSystemPolicy CreateAccessPoint DeleteAccessPoint TagResource ListTagsForResource`},
	{"scheduler", "scheduler", `GetSchedule ListSchedules CreateSchedule UpdateSchedule DeleteSchedule ListScheduleGroups`},
	{"xray", "xray", `GetSamplingRules CreateSamplingRule UpdateSamplingRule DeleteSamplingRule GetGroups GetTraceSummaries GetServiceGraph PutTraceSegments GetEncryptionConfig`},
	{"monitoring", "cloudwatch", `
		GetMetricData GetMetricStatistics ListMetrics DescribeAlarms DescribeAlarmsForMetric
		PutMetricAlarm DeleteAlarms EnableAlarmActions DisableAlarmActions SetAlarmState PutMetricData`},
}
