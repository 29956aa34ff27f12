package main

// services is the one list: which operations of which service the tables hold. Folder is botocore's name,
// SigningName the name in the SigV4 credential scope, which is how the lab routes.
var services = []struct{ SigningName, Folder, Operations string }{
	{"ecs", "ecs", `
		CreateCluster DeleteCluster DescribeClusters ListClusters UpdateClusterSettings
		PutClusterCapacityProviders DescribeCapacityProviders
		CreateService UpdateService DeleteService DescribeServices ListServices
		ListTasks DescribeTasks RunTask StopTask
		RegisterTaskDefinition DeregisterTaskDefinition DescribeTaskDefinition ListTaskDefinitions ListTaskDefinitionFamilies
		ListServiceDeployments DescribeServiceDeployments DescribeServiceRevisions StopServiceDeployment
		ListContainerInstances DescribeContainerInstances
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
		DescribeAddresses AllocateAddress CreateTags`},
	{"logs", "logs", `
		DescribeLogGroups DescribeLogStreams GetLogEvents FilterLogEvents
		CreateLogGroup DeleteLogGroup CreateLogStream PutLogEvents PutRetentionPolicy`},
	{"ecr", "ecr", `
		DescribeRepositories DescribeImages ListImages BatchGetImage BatchCheckLayerAvailability GetDownloadUrlForLayer
		GetAuthorizationToken GetRepositoryPolicy SetRepositoryPolicy DeleteRepositoryPolicy
		CreateRepository DeleteRepository PutImage BatchDeleteImage GetLifecyclePolicy
		DescribePullThroughCacheRules DescribeRegistry`},
	{"iam", "iam", `
		GetRole ListRoles CreateRole DeleteRole UpdateAssumeRolePolicy
		ListAttachedRolePolicies AttachRolePolicy DetachRolePolicy
		ListRolePolicies GetRolePolicy PutRolePolicy DeleteRolePolicy
		GetPolicy GetPolicyVersion ListPolicyVersions CreatePolicy CreatePolicyVersion DeletePolicyVersion SetDefaultPolicyVersion
		PutRolePermissionsBoundary DeleteRolePermissionsBoundary SimulatePrincipalPolicy`},
	{"sts", "sts", `GetCallerIdentity AssumeRole`},
	{"elasticloadbalancing", "elbv2", `
		DescribeLoadBalancers DescribeListeners DescribeRules DescribeTargetGroups DescribeTargetHealth ModifyTargetGroup`},
	{"secretsmanager", "secretsmanager", `
		DescribeSecret ListSecrets CreateSecret PutSecretValue GetSecretValue RestoreSecret DeleteSecret
		GetResourcePolicy PutResourcePolicy DeleteResourcePolicy ListSecretVersionIds UpdateSecret`},
	{"ssm", "ssm", `DescribeParameters PutParameter GetParameter GetParameters DeleteParameter`},
}
