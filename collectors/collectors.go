package collectors

import (
	"context"
	"slices"

	"github.com/ecsplain/ecsplain/evidence"
)

// Collector reads one kind of evidence.
type Collector struct {
	Kind evidence.Kind
	// Calls are the IAM actions it may make, the one that answers first. It can make no other: the guard holds it to them.
	Calls []string
	// Run answers every key by w.found, w.absent or w.gap; keys are sorted and distinct, and at least one.
	Run func(ctx context.Context, w *Wave, keys []evidence.Key)
}

// Collectors is the closed list, in the order of evidence.Kinds.
var Collectors = []Collector{
	{evidence.KindCaller, []string{"sts:GetCallerIdentity"}, caller},
	{evidence.KindClusters, []string{"ecs:ListClusters"}, clusters},
	{evidence.KindCluster, []string{"ecs:DescribeClusters"}, cluster},
	{evidence.KindClusterServices, []string{"ecs:ListServices"}, clusterServices},
	{evidence.KindService, []string{"ecs:DescribeServices"}, services},
	{evidence.KindStoppedTasks, []string{"ecs:ListTasks", "ecs:DescribeTasks"}, stoppedTasks},
	{evidence.KindRunningTasks, []string{"ecs:ListTasks", "ecs:DescribeTasks"}, runningTasks},
	{evidence.KindTask, []string{"ecs:DescribeTasks"}, tasks},
	{evidence.KindTaskDefinition, []string{"ecs:DescribeTaskDefinition"}, taskDefinitions},
	{evidence.KindServiceDeployments, []string{"ecs:ListServiceDeployments", "ecs:DescribeServiceDeployments"}, serviceDeployments},
	{evidence.KindServiceRevision, []string{"ecs:DescribeServiceRevisions"}, serviceRevisions},
	{evidence.KindTaskProtection, []string{"ecs:GetTaskProtection"}, taskProtections},
	{evidence.KindTrailEvents, []string{"cloudtrail:LookupEvents"}, trailEvents},
	{evidence.KindCodeDeployment, []string{"codedeploy:GetDeployment"}, codeDeployments},
	{evidence.KindCodeDeployGroup, []string{"codedeploy:GetDeploymentGroup"}, codeDeployGroups},
	{evidence.KindSubnet, []string{"ec2:DescribeSubnets"}, subnets},
	{evidence.KindSubnetInterfaces, []string{"ec2:DescribeNetworkInterfaces"}, subnetInterfaces},
	{evidence.KindVpc, []string{"ec2:DescribeVpcs"}, vpcs},
	{evidence.KindVpcDNS, []string{"ec2:DescribeVpcAttribute"}, vpcDNS},
	{evidence.KindRouteTables, []string{"ec2:DescribeRouteTables"}, routeTables},
	{evidence.KindNetworkAcls, []string{"ec2:DescribeNetworkAcls"}, networkAcls},
	{evidence.KindSecurityGroup, []string{"ec2:DescribeSecurityGroups"}, securityGroups},
	{evidence.KindVpcSecurityGroups, []string{"ec2:DescribeSecurityGroups"}, defaultSecurityGroups},
	{evidence.KindVpcEndpoints, []string{"ec2:DescribeVpcEndpoints"}, vpcEndpoints},
	{evidence.KindNatGateway, []string{"ec2:DescribeNatGateways"}, natGateways},
	{evidence.KindNatGateways, []string{"ec2:DescribeNatGateways"}, vpcNatGateways},
	{evidence.KindInternetGateways, []string{"ec2:DescribeInternetGateways"}, internetGateways},
	{evidence.KindPrefixList, []string{"ec2:DescribePrefixLists", "ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries"}, prefixLists},
	{evidence.KindServicePrefixList, []string{"ec2:DescribePrefixLists"}, servicePrefixLists},
	{evidence.KindLogGroup, []string{"logs:DescribeLogGroups"}, logGroups},
	{evidence.KindLogTail, []string{"logs:GetLogEvents"}, logTails},
	{evidence.KindRepository, []string{"ecr:DescribeRepositories"}, repositories},
	{evidence.KindRepositoryImages, []string{"ecr:DescribeImages"}, repositoryImages},
	{evidence.KindImage, []string{"ecr:DescribeImages"}, images},
	{evidence.KindRepositoryPolicy, []string{"ecr:GetRepositoryPolicy"}, repositoryPolicies},
	{evidence.KindPullThroughRules, []string{"ecr:DescribePullThroughCacheRules"}, pullThroughRules},
	{evidence.KindLifecyclePolicy, []string{"ecr:GetLifecyclePolicy"}, lifecyclePolicies},
	{evidence.KindManifest, []string{"ecr:BatchGetImage"}, manifests},
	{evidence.KindRole, []string{"iam:GetRole"}, roles},
	{evidence.KindRolePolicies, []string{"iam:ListAttachedRolePolicies", "iam:ListRolePolicies"}, rolePolicies},
	{evidence.KindInlinePolicy, []string{"iam:GetRolePolicy"}, inlinePolicies},
	{evidence.KindManagedPolicy, []string{"iam:GetPolicy", "iam:GetPolicyVersion"}, managedPolicies},
	{evidence.KindSecret, []string{"secretsmanager:DescribeSecret"}, secrets},
	{evidence.KindSecretPolicy, []string{"secretsmanager:GetResourcePolicy"}, secretPolicies},
	{evidence.KindKey, []string{"kms:DescribeKey"}, kmsKeys},
	{evidence.KindKeyPolicy, []string{"kms:GetKeyPolicy"}, keyPolicies},
	{evidence.KindFileSystem, []string{"elasticfilesystem:DescribeFileSystems"}, fileSystems},
	{evidence.KindMountTargets, []string{"elasticfilesystem:DescribeMountTargets"}, mountTargets},
	{evidence.KindMountTargetGroups, []string{"elasticfilesystem:DescribeMountTargetSecurityGroups"}, mountTargetGroups},
	{evidence.KindAccessPoint, []string{"elasticfilesystem:DescribeAccessPoints"}, accessPoints},
	{evidence.KindFileSystemPolicy, []string{"elasticfilesystem:DescribeFileSystemPolicy"}, fileSystemPolicies},
	{evidence.KindParameter, []string{"ssm:DescribeParameters"}, parameters},
	{evidence.KindLoadBalancer, []string{"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTargetGroups"}, loadBalancers},
	{evidence.KindTargetGroup, []string{"elasticloadbalancing:DescribeTargetGroups"}, targetGroups},
	{evidence.KindTargetGroupAttrs, []string{"elasticloadbalancing:DescribeTargetGroupAttributes"}, targetGroupAttributes},
	{evidence.KindTargetHealth, []string{"elasticloadbalancing:DescribeTargetHealth"}, targetHealth},
	{evidence.KindBalancer, []string{"elasticloadbalancing:DescribeLoadBalancers"}, balancers},
	{evidence.KindListeners, []string{"elasticloadbalancing:DescribeListeners"}, listeners},
	{evidence.KindRules, []string{"elasticloadbalancing:DescribeRules"}, rules},
	{evidence.KindScalableTarget, []string{"application-autoscaling:DescribeScalableTargets"}, scalableTargets},
	{evidence.KindScalingPolicies, []string{"application-autoscaling:DescribeScalingPolicies"}, scalingPolicies},
	{evidence.KindScalingActivities, []string{"application-autoscaling:DescribeScalingActivities"}, scalingActivities},
	{evidence.KindScheduledActions, []string{"application-autoscaling:DescribeScheduledActions"}, scheduledActions},
	{evidence.KindAlarm, []string{"cloudwatch:DescribeAlarms"}, alarms},
	{evidence.KindMetric, []string{"cloudwatch:GetMetricData"}, metrics},
	{evidence.KindQuota, []string{"servicequotas:GetServiceQuota"}, quotas},
	{evidence.KindQueue, []string{"sqs:GetQueueUrl", "sqs:GetQueueAttributes"}, queues},
	{evidence.KindEventRules, []string{"events:ListRules"}, eventRules},
	{evidence.KindEventRule, []string{"events:DescribeRule"}, eventRule},
	{evidence.KindEventRuleTargets, []string{"events:ListTargetsByRule"}, eventRuleTargets},
	{evidence.KindSchedules, []string{"scheduler:ListSchedules"}, scheduleNames},
	{evidence.KindSchedule, []string{"scheduler:GetSchedule"}, schedules},
	{evidence.KindSamplingRules, []string{"xray:GetSamplingRules"}, samplingRules},
	{evidence.KindCapturedTasks, []string{"logs:FilterLogEvents"}, capturedTasksOf},
	{evidence.KindActionLog, []string{"logs:FilterLogEvents"}, actionLogs},
	{evidence.KindNamespaceServices, []string{"ecs:ListServicesByNamespace"}, namespaceServices},
	{evidence.KindCloudMapService, []string{"servicediscovery:GetService"}, cloudMapServices},
	{evidence.KindCloudMapInstances, []string{"servicediscovery:ListInstances", "servicediscovery:GetInstancesHealthStatus"}, cloudMapInstances},
	{evidence.KindStream, []string{"kinesis:DescribeStreamSummary"}, streams},
	{evidence.KindFamilyTasks, []string{"ecs:ListTasks", "ecs:DescribeTasks"}, familyTasks},
	{evidence.KindInterfaceAt, []string{"ec2:DescribeNetworkInterfaces"}, interfacesAt},
	{evidence.KindDhcpOptions, []string{"ec2:DescribeDhcpOptions"}, dhcpOptions},
	{evidence.KindDNSFirewall, []string{"route53resolver:ListFirewallRuleGroupAssociations", "route53resolver:ListFirewallRules", "route53resolver:ListFirewallDomains"}, dnsFirewalls},
	{evidence.KindNamespace, []string{"servicediscovery:ListNamespaces"}, namespaces},
	{evidence.KindResolverRules, []string{"route53resolver:ListResolverRuleAssociations", "route53resolver:GetResolverRule"}, resolverRules},
	{evidence.KindTransit, []string{"ec2:DescribeTransitGatewayVpcAttachments"}, transitAttachments},
	{evidence.KindFirewall, []string{"network-firewall:DescribeFirewall"}, firewalls},
	{evidence.KindFirewallPolicy, []string{"network-firewall:DescribeFirewallPolicy"}, firewallPolicies},
	{evidence.KindFirewallRules, []string{"network-firewall:DescribeRuleGroup"}, firewallRules},
}

func collectorOf(kind evidence.Kind) (Collector, bool) {
	i := slices.IndexFunc(Collectors, func(c Collector) bool { return c.Kind == kind })
	if i < 0 {
		return Collector{}, false
	}
	return Collectors[i], true
}

// Actions returns every IAM action that ecsplain calls, sorted, each once.
func Actions() []string {
	var all []string
	for _, c := range Collectors {
		all = append(all, c.Calls...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// shows says for each action what the report loses without it.
var shows = map[string]string{
	"ec2:DescribeInternetGateways":                        "whether the VPC has an internet gateway",
	"ec2:DescribeManagedPrefixLists":                      "your own prefix lists named in routes and security groups",
	"ec2:DescribeNatGateways":                             "whether the NAT gateway that a route names works, and where it stands",
	"ec2:DescribeNetworkAcls":                             "network ACLs on the way of a task",
	"ec2:DescribeNetworkInterfaces":                       "who holds the addresses of a full subnet, and who has an address that a program calls",
	"ec2:DescribeDhcpOptions":                             "whom the VPC tells its tasks to ask for names",
	"route53resolver:ListResolverRuleAssociations":        "which names are sent to other name servers by rules of Route 53 Resolver",
	"route53resolver:GetResolverRule":                     "where a rule of Route 53 Resolver sends names",
	"ec2:DescribeTransitGatewayVpcAttachments":            "whether a transit gateway on the way serves the task's zone",
	"network-firewall:DescribeFirewall":                   "which firewall stands in a task's way",
	"network-firewall:DescribeFirewallPolicy":             "what that firewall does with what no rule names",
	"network-firewall:DescribeRuleGroup":                  "which names and addresses that firewall stops",
	"route53resolver:ListFirewallRuleGroupAssociations":   "whether DNS Firewall watches over the names of the VPC",
	"route53resolver:ListFirewallRules":                   "which names DNS Firewall blocks",
	"route53resolver:ListFirewallDomains":                 "which names DNS Firewall blocks",
	"servicediscovery:ListNamespaces":                     "whether the namespace of Service Connect exists",
	"ec2:DescribePrefixLists":                             "the address ranges of AWS services named in routes and security groups",
	"ec2:DescribeRouteTables":                             "where a task's packets go",
	"ec2:DescribeSecurityGroups":                          "what tasks and endpoints may send and receive",
	"ec2:DescribeSubnets":                                 "free addresses, zone and owner of a task's subnet",
	"ec2:DescribeVpcAttribute":                            "whether DNS works in the VPC",
	"ec2:DescribeVpcEndpoints":                            "private ways to ECR, S3, CloudWatch Logs, Secrets Manager",
	"ec2:DescribeVpcs":                                    "owner and address ranges of the VPC",
	"ec2:GetManagedPrefixListEntries":                     "the entries of your own prefix lists",
	"ecr:BatchGetImage":                                   "for which platforms an image was built; asked only where nothing else tells",
	"ecr:DescribeImages":                                  "whether the image exists, and which newer ones do",
	"ecr:DescribePullThroughCacheRules":                   "which repositories are filled from another registry",
	"ecr:GetLifecyclePolicy":                              "whether a rule of the repository removes images by itself",
	"ecr:DescribeRepositories":                            "whether the repository exists",
	"ecr:GetRepositoryPolicy":                             "whether the repository lets the task's role pull",
	"ecs:DescribeClusters":                                "whether the cluster exists and what capacity it uses",
	"ecs:DescribeServiceDeployments":                      "why earlier deployments failed or were rolled back",
	"ecs:DescribeServices":                                "desired and running counts, deployments and events of a service",
	"ecs:DescribeTaskDefinition":                          "image, roles, secrets and log settings of a task",
	"ecs:DescribeTasks":                                   "why tasks stopped",
	"ecs:ListClusters":                                    "the names of clusters, to help with a wrong one",
	"ecs:ListServiceDeployments":                          "the history of deployments",
	"ecs:ListServices":                                    "the names of services, to help with a wrong one and for a whole cluster",
	"ecs:ListTasks":                                       "which tasks stopped and which run",
	"iam:GetPolicy":                                       "which version of a managed policy is in force",
	"iam:GetPolicyVersion":                                "what a managed policy or boundary allows",
	"iam:GetRole":                                         "whether a role exists, who may assume it, and its boundary",
	"iam:GetRolePolicy":                                   "what an inline policy of a role allows",
	"iam:ListAttachedRolePolicies":                        "which managed policies a role has",
	"iam:ListRolePolicies":                                "which inline policies a role has",
	"logs:DescribeLogGroups":                              "whether the log group of a container exists",
	"logs:GetLogEvents":                                   "the last lines of a container that stopped, with secrets removed",
	"secretsmanager:DescribeSecret":                       "whether a secret exists, its key and versions; never its value",
	"ssm:DescribeParameters":                              "whether a parameter exists and its key; never its value",
	"sts:GetCallerIdentity":                               "which account this is; it needs no permission",
	"elasticloadbalancing:DescribeListeners":              "whether a listener of the load balancer sends to the service's target group",
	"elasticloadbalancing:DescribeLoadBalancers":          "where a load balancer stands: its zones, subnets and security groups; and which one has a DNS name",
	"elasticloadbalancing:DescribeRules":                  "whether a rule sends requests to the service's target group, and with which weight",
	"elasticloadbalancing:DescribeTargetGroupAttributes":  "how long a target may end its connections before its task stops",
	"elasticloadbalancing:DescribeTargetGroups":           "how a load balancer checks the service's tasks; and which services it sends to",
	"elasticloadbalancing:DescribeTargetHealth":           "which tasks the load balancer holds to be healthy, and why not the others",
	"cloudtrail:LookupEvents":                             "who stopped a task or set a desired count, and what was refused",
	"codedeploy:GetDeployment":                            "why a blue/green deployment of CodeDeploy stopped or what it waits for",
	"codedeploy:GetDeploymentGroup":                       "which deployment of CodeDeploy was tried last",
	"ecs:DescribeServiceRevisions":                        "which task definition a deployment that failed had",
	"ecs:GetTaskProtection":                               "which tasks protect themselves from being stopped",
	"elasticfilesystem:DescribeAccessPoints":              "whether the access point of an EFS volume exists, and as whom it acts",
	"elasticfilesystem:DescribeFileSystemPolicy":          "whether the policy of an EFS file system lets a task mount it",
	"elasticfilesystem:DescribeFileSystems":               "whether the EFS file system of a volume exists",
	"elasticfilesystem:DescribeMountTargets":              "whether an EFS file system can be reached from the task's zone",
	"elasticfilesystem:DescribeMountTargetSecurityGroups": "whether an EFS mount target lets a task in",
	"kms:DescribeKey":                                     "whether an encryption key is enabled, and whose it is",
	"kms:GetKeyPolicy":                                    "whom an encryption key lets use it",
	"secretsmanager:GetResourcePolicy":                    "whether a secret lets a role of another account read it",
	"application-autoscaling:DescribeScalableTargets":     "whether auto scaling may change a service, and within which limits",
	"application-autoscaling:DescribeScalingPolicies":     "on which alarms a service is scaled",
	"application-autoscaling:DescribeScalingActivities":   "what auto scaling did last, and why it did nothing",
	"application-autoscaling:DescribeScheduledActions":    "scheduled changes of the limits",
	"cloudwatch:DescribeAlarms":                           "state and actions of the alarms that scale a service",
	"cloudwatch:GetMetricData":                            "load of a service, backlog of its queue, failed calls of a rule or schedule, Fargate vCPUs in use",
	"events:DescribeRule":                                 "whether an EventBridge rule is on, and when it fires",
	"events:ListRules":                                    "the names of rules, to help with a wrong one",
	"events:ListTargetsByRule":                            "which task a rule starts, and with which role and network",
	"scheduler:GetSchedule":                               "when a schedule starts which task, and with which role and network",
	"scheduler:ListSchedules":                             "the names of schedules, to help with a wrong one",
	"servicequotas:GetServiceQuota":                       "how much Fargate the account may run at once",
	"sqs:GetQueueAttributes":                              "backlog, visibility timeout and redrive policy of a service's queue; never a message",
	"logs:FilterLogEvents":                                "tasks that stopped more than an hour ago, from the cluster's captured events or Action Logs",
	"servicediscovery:GetService":                         "which DNS records a service discovery name has",
	"servicediscovery:ListInstances":                      "which tasks are registered under a service discovery name",
	"servicediscovery:GetInstancesHealthStatus":           "which of these are healthy for Cloud Map",
	"ecs:ListServicesByNamespace":                         "which services can be called by a Service Connect name",
	"kinesis:DescribeStreamSummary":                       "whether the stream exists to which a log router sends",
	"xray:GetSamplingRules":                               "how many requests X-Ray records",
	"sqs:GetQueueUrl":                                     "whether the queue exists",
}

// Why says what an action of Actions shows, in words for the comments of a policy.
func Why(action string) string { return shows[action] }

// Permission is the IAM permission that a call needs. It is the action itself for every call of this list but
// sts:GetCallerIdentity, which needs none ("").
func Permission(call string) string {
	if call == "sts:GetCallerIdentity" {
		return ""
	}
	return call
}
