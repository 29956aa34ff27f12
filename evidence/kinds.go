package evidence

// The kinds of evidence, their ids and their values. Names are AWS's own.
const (
	KindCaller             Kind = "caller"                  // id ""; Caller
	KindClusters           Kind = "clusters"                // id ""; Names: every cluster of the region
	KindCluster            Kind = "cluster"                 // id NAME; Cluster
	KindClusterServices    Kind = "cluster-services"        // id CLUSTER; Names: every service of the cluster
	KindService            Kind = "service"                 // id CLUSTER/SERVICE; Service
	KindStoppedTasks       Kind = "stopped-tasks"           // id CLUSTER/SERVICE; TaskList, newest first
	KindRunningTasks       Kind = "running-tasks"           // id CLUSTER/SERVICE; TaskList: desired status RUNNING, so PENDING ones too
	KindTask               Kind = "task"                    // id CLUSTER/TASK-ID; Task
	KindTaskDefinition     Kind = "task-definition"         // id FAMILY:REVISION; TaskDefinition
	KindServiceDeployments Kind = "service-deployments"     // id CLUSTER/SERVICE; ServiceDeployments, newest first
	KindSubnet             Kind = "subnet"                  // id SUBNET-ID; Subnet
	KindSubnetInterfaces   Kind = "subnet-interfaces"       // id SUBNET-ID; Interfaces: who holds its addresses
	KindVpc                Kind = "vpc"                     // id VPC-ID; Vpc
	KindVpcDNS             Kind = "vpc-dns"                 // id VPC-ID; VpcDNS
	KindRouteTables        Kind = "route-tables"            // id VPC-ID; RouteTables: all of the VPC
	KindNetworkAcls        Kind = "network-acls"            // id VPC-ID; NetworkAcls: all of the VPC
	KindSecurityGroup      Kind = "security-group"          // id SG-ID; SecurityGroup
	KindVpcSecurityGroups  Kind = "vpc-security-groups"     // id VPC-ID; SecurityGroups: the VPC's default group only
	KindVpcEndpoints       Kind = "vpc-endpoints"           // id VPC-ID; Endpoints: all of the VPC
	KindNatGateway         Kind = "nat-gateway"             // id NAT-ID; NatGateway
	KindNatGateways        Kind = "nat-gateways"            // id VPC-ID; NatGateways: all of the VPC
	KindInternetGateways   Kind = "internet-gateways"       // id VPC-ID; InternetGateways attached to the VPC
	KindPrefixList         Kind = "prefix-list"             // id PL-ID; PrefixList
	KindServicePrefixList  Kind = "service-prefix-list"     // id com.amazonaws.REGION.s3; PrefixList of an AWS service, by name
	KindLogGroup           Kind = "log-group"               // id NAME; LogGroup
	KindLogTail            Kind = "log-tail"                // id GROUP:STREAM; LogTail
	KindRepository         Kind = "ecr-repository"          // id ACCOUNT/REGION/NAME; Repository
	KindRepositoryImages   Kind = "ecr-repository-images"   // id ACCOUNT/REGION/NAME; Images: the newest tagged ones, for advice
	KindImage              Kind = "ecr-image"               // id ACCOUNT/REGION/NAME:TAG or ACCOUNT/REGION/NAME@DIGEST; Image
	KindRepositoryPolicy   Kind = "ecr-repository-policy"   // id ACCOUNT/REGION/NAME; PolicyDocument
	KindManifest           Kind = "ecr-manifest"            // id as ecr-image; Manifest
	KindRole               Kind = "iam-role"                // id NAME; Role
	KindRolePolicies       Kind = "iam-role-policies"       // id ROLE-NAME; RolePolicies: the names only
	KindInlinePolicy       Kind = "iam-inline-policy"       // id ROLE-NAME/POLICY-NAME; PolicyDocument
	KindManagedPolicy      Kind = "iam-managed-policy"      // id POLICY-ARN; PolicyDocument: the default version
	KindSecret             Kind = "secret"                  // id ARN or NAME, as the task definition writes it without :KEY:STAGE:VERSION; Secret
	KindLoadBalancer       Kind = "load-balancer"           // id DNS name, lower case; LoadBalancer
	KindTargetGroup        Kind = "target-group"            // id TARGET-GROUP-ARN; TargetGroup
	KindTargetGroupAttrs   Kind = "target-group-attributes" // id TARGET-GROUP-ARN; TargetGroupAttributes
	KindTargetHealth       Kind = "target-health"           // id TARGET-GROUP-ARN; TargetHealth
	KindBalancer           Kind = "lb"                      // id LOAD-BALANCER-ARN; Balancer
	KindListeners          Kind = "lb-listeners"            // id LOAD-BALANCER-ARN; Listeners
	KindRules              Kind = "lb-rules"                // id LISTENER-ARN; Rules
	KindParameter          Kind = "parameter"               // id NAME, without the ARN before it; Parameter
	KindServiceRevision    Kind = "service-revision"        // id ARN; ServiceRevision: what a deployment ran
	KindTaskProtection     Kind = "task-protection"         // id CLUSTER/TASK-ID; TaskProtection
	KindTrailEvents        Kind = "trail-events"            // id EventName=NAME or ResourceName=NAME; TrailEvents of the last 24 hours
	KindCodeDeployment     Kind = "codedeploy-deployment"   // id DEPLOYMENT-ID; CodeDeployment
	KindCodeDeployGroup    Kind = "codedeploy-group"        // id APPLICATION/GROUP; CodeDeployGroup
	KindSecretPolicy       Kind = "secret-policy"           // id as secret; PolicyDocument: the secret's resource policy; absent = it has none
	KindKey                Kind = "kms-key"                 // id key ARN, key id or alias/NAME; Encryption
	KindKeyPolicy          Kind = "kms-key-policy"          // id key ARN or key id, never an alias; PolicyDocument
	KindFileSystem         Kind = "efs-file-system"         // id FS-ID; FileSystem
	KindMountTargets       Kind = "efs-mount-targets"       // id FS-ID; MountTargets; absent = no such file system
	KindMountTargetGroups  Kind = "mount-target-groups"     // id FSMT-ID; Names: its security groups
	KindAccessPoint        Kind = "efs-access-point"        // id FSAP-ID; AccessPoint
	KindFileSystemPolicy   Kind = "efs-policy"              // id FS-ID; PolicyDocument; absent = none, so EFS's default is in force

	KindScalableTarget    Kind = "scalable-target"     // id CLUSTER/SERVICE; ScalableTarget; absent = the service is not under auto scaling
	KindScalingPolicies   Kind = "scaling-policies"    // id CLUSTER/SERVICE; ScalingPolicies
	KindScalingActivities Kind = "scaling-activities"  // id CLUSTER/SERVICE; ScalingActivities
	KindScheduledActions  Kind = "scheduled-actions"   // id CLUSTER/SERVICE; ScheduledActions
	KindAlarm             Kind = "alarm"               // id NAME; Alarm
	KindMetric            Kind = "metric"              // id as MetricID writes it; MetricSeries: 3 hours, or 14 days where the period is an hour or more
	KindQuota             Kind = "quota"               // id SERVICE/CODE; Quota
	KindQueue             Kind = "queue"               // id NAME, of this account and region; Queue
	KindEventRules        Kind = "event-rules"         // id BUS, "" = default; Names: every rule of the bus
	KindEventRule         Kind = "event-rule"          // id NAME or BUS/NAME; EventRule
	KindEventRuleTargets  Kind = "event-rule-targets"  // id NAME or BUS/NAME; EventTargets
	KindSchedules         Kind = "schedules"           // id ""; Names: every schedule as GROUP/NAME
	KindSchedule          Kind = "schedule"            // id GROUP/NAME; Schedule
	KindSamplingRules     Kind = "xray-sampling-rules" // id ""; SamplingRules of X-Ray
	KindCapturedTasks     Kind = "captured-tasks"      // id CLUSTER/SERVICE; TaskList: stopped ones of the last 24 hours from the cluster's captured events; absent = no such log group
	KindActionLog         Kind = "action-log"          // id CLUSTER/SERVICE; ActionLog: warnings and errors of the last 24 hours; absent = no such log group
	KindNamespaceServices Kind = "namespace-services"  // id as cloudmap-namespace; Names: CLUSTER/SERVICE of every ECS service in it
	KindCloudMapService   Kind = "cloudmap-service"    // id srv-...; CloudMapService
	KindCloudMapInstances Kind = "cloudmap-instances"  // id srv-...; CloudMapInstances
	KindStream            Kind = "kinesis-stream"      // id NAME; Stream
	KindFamilyTasks       Kind = "family-tasks"        // id CLUSTER/FAMILY; TaskList: tasks of the family that belong to no service, newest first

	KindInterfaceAt    Kind = "interface-at"            // id VPC-ID/ADDRESS; Interface: who has a private address; absent = nobody
	KindDhcpOptions    Kind = "dhcp-options"            // id DOPT-ID; DhcpOptions
	KindResolverRules  Kind = "resolver-rules"          // id VPC-ID; ResolverRules that are associated with the VPC
	KindTransit        Kind = "transit-attachment"      // id TGW-ID/VPC-ID; TransitAttachment; absent = the VPC is not attached, or another account's attachment
	KindFirewall       Kind = "network-firewall"        // id ARN; Firewall of AWS Network Firewall
	KindFirewallPolicy Kind = "network-firewall-policy" // id ARN; FirewallPolicy
	KindFirewallRules  Kind = "network-firewall-rules"  // id ARN; FirewallRules of a stateful rule group
	KindDNSFirewall    Kind = "dns-firewall"            // id VPC-ID; DNSFirewall: the rules in force, in the order of AWS
	KindNamespace      Kind = "cloudmap-namespace"      // id NAME or ARN; Namespace of Cloud Map, of this account and region
)

// KindInfo ties a kind to the type of its value.
type KindInfo struct {
	Kind   Kind
	Decode func(data []byte) (any, error) // strict JSON to the value's type
}

// Kinds is the closed list of kinds.
var Kinds = []KindInfo{
	{KindCaller, decode[Caller]},
	{KindClusters, decode[Names]},
	{KindCluster, decode[Cluster]},
	{KindClusterServices, decode[Names]},
	{KindService, decode[Service]},
	{KindStoppedTasks, decode[TaskList]},
	{KindRunningTasks, decode[TaskList]},
	{KindTask, decode[Task]},
	{KindTaskDefinition, decode[TaskDefinition]},
	{KindServiceDeployments, decode[ServiceDeployments]},
	{KindServiceRevision, decode[ServiceRevision]},
	{KindTaskProtection, decode[TaskProtection]},
	{KindTrailEvents, decode[TrailEvents]},
	{KindCodeDeployment, decode[CodeDeployment]},
	{KindCodeDeployGroup, decode[CodeDeployGroup]},
	{KindSubnet, decode[Subnet]},
	{KindSubnetInterfaces, decode[Interfaces]},
	{KindVpc, decode[Vpc]},
	{KindVpcDNS, decode[VpcDNS]},
	{KindRouteTables, decode[RouteTables]},
	{KindNetworkAcls, decode[NetworkAcls]},
	{KindSecurityGroup, decode[SecurityGroup]},
	{KindVpcSecurityGroups, decode[SecurityGroups]},
	{KindVpcEndpoints, decode[Endpoints]},
	{KindNatGateway, decode[NatGateway]},
	{KindNatGateways, decode[NatGateways]},
	{KindInternetGateways, decode[InternetGateways]},
	{KindPrefixList, decode[PrefixList]},
	{KindServicePrefixList, decode[PrefixList]},
	{KindLogGroup, decode[LogGroup]},
	{KindLogTail, decode[LogTail]},
	{KindRepository, decode[Repository]},
	{KindRepositoryImages, decode[Images]},
	{KindImage, decode[Image]},
	{KindRepositoryPolicy, decode[PolicyDocument]},
	{KindPullThroughRules, decode[PullThroughRules]},
	{KindLifecyclePolicy, decode[LifecyclePolicy]},
	{KindManifest, decode[Manifest]},
	{KindRole, decode[Role]},
	{KindRolePolicies, decode[RolePolicies]},
	{KindInlinePolicy, decode[PolicyDocument]},
	{KindManagedPolicy, decode[PolicyDocument]},
	{KindSecret, decode[Secret]},
	{KindSecretPolicy, decode[PolicyDocument]},
	{KindKey, decode[Encryption]},
	{KindKeyPolicy, decode[PolicyDocument]},
	{KindFileSystem, decode[FileSystem]},
	{KindMountTargets, decode[MountTargets]},
	{KindMountTargetGroups, decode[Names]},
	{KindAccessPoint, decode[AccessPoint]},
	{KindFileSystemPolicy, decode[PolicyDocument]},
	{KindParameter, decode[Parameter]},
	{KindLoadBalancer, decode[LoadBalancer]},
	{KindTargetGroup, decode[TargetGroup]},
	{KindTargetGroupAttrs, decode[TargetGroupAttributes]},
	{KindTargetHealth, decode[TargetHealth]},
	{KindBalancer, decode[Balancer]},
	{KindListeners, decode[Listeners]},
	{KindRules, decode[Rules]},
	{KindScalableTarget, decode[ScalableTarget]},
	{KindScalingPolicies, decode[ScalingPolicies]},
	{KindScalingActivities, decode[ScalingActivities]},
	{KindScheduledActions, decode[ScheduledActions]},
	{KindAlarm, decode[Alarm]},
	{KindMetric, decode[MetricSeries]},
	{KindQuota, decode[Quota]},
	{KindQueue, decode[Queue]},
	{KindEventRules, decode[Names]},
	{KindEventRule, decode[EventRule]},
	{KindEventRuleTargets, decode[EventTargets]},
	{KindSchedules, decode[Names]},
	{KindSchedule, decode[Schedule]},
	{KindSamplingRules, decode[SamplingRules]},
	{KindCapturedTasks, decode[TaskList]},
	{KindActionLog, decode[ActionLog]},
	{KindNamespaceServices, decode[Names]},
	{KindCloudMapService, decode[CloudMapService]},
	{KindCloudMapInstances, decode[CloudMapInstances]},
	{KindStream, decode[Stream]},
	{KindFamilyTasks, decode[TaskList]},
	{KindInterfaceAt, decode[Interface]},
	{KindDhcpOptions, decode[DhcpOptions]},
	{KindDNSFirewall, decode[DNSFirewall]},
	{KindNamespace, decode[Namespace]},
	{KindResolverRules, decode[ResolverRules]},
	{KindTransit, decode[TransitAttachment]},
	{KindFirewall, decode[Firewall]},
	{KindFirewallPolicy, decode[FirewallPolicy]},
	{KindFirewallRules, decode[FirewallRules]},
}

func ref[T any](k Kind, id string) Ref[T] { return Ref[T]{Key{k, id}} }

// The constructors below are the only way facts and collectors name a key.

func CallerKey() Ref[Caller]                       { return ref[Caller](KindCaller, "") }
func ClustersKey() Ref[Names]                      { return ref[Names](KindClusters, "") }
func ClusterKey(name string) Ref[Cluster]          { return ref[Cluster](KindCluster, name) }
func ClusterServicesKey(cluster string) Ref[Names] { return ref[Names](KindClusterServices, cluster) }
func ServiceKey(cluster, service string) Ref[Service] {
	return ref[Service](KindService, cluster+"/"+service)
}
func StoppedTasksKey(cluster, service string) Ref[TaskList] {
	return ref[TaskList](KindStoppedTasks, cluster+"/"+service)
}
func RunningTasksKey(cluster, service string) Ref[TaskList] {
	return ref[TaskList](KindRunningTasks, cluster+"/"+service)
}
func TaskKey(cluster, id string) Ref[Task] { return ref[Task](KindTask, cluster+"/"+id) }
func TaskDefinitionKey(familyRevision string) Ref[TaskDefinition] {
	return ref[TaskDefinition](KindTaskDefinition, familyRevision)
}
func ServiceDeploymentsKey(cluster, service string) Ref[ServiceDeployments] {
	return ref[ServiceDeployments](KindServiceDeployments, cluster+"/"+service)
}
func ServiceRevisionKey(arn string) Ref[ServiceRevision] {
	return ref[ServiceRevision](KindServiceRevision, arn)
}
func TaskProtectionKey(cluster, task string) Ref[TaskProtection] {
	return ref[TaskProtection](KindTaskProtection, cluster+"/"+task)
}

// TrailEventsKey takes an attribute of cloudtrail:LookupEvents, EventName or ResourceName, and its value.
func TrailEventsKey(attribute, value string) Ref[TrailEvents] {
	return ref[TrailEvents](KindTrailEvents, attribute+"="+value)
}
func CodeDeploymentKey(id string) Ref[CodeDeployment] {
	return ref[CodeDeployment](KindCodeDeployment, id)
}
func CodeDeployGroupKey(application, group string) Ref[CodeDeployGroup] {
	return ref[CodeDeployGroup](KindCodeDeployGroup, application+"/"+group)
}
func SubnetKey(id string) Ref[Subnet]               { return ref[Subnet](KindSubnet, id) }
func SubnetInterfacesKey(id string) Ref[Interfaces] { return ref[Interfaces](KindSubnetInterfaces, id) }
func VpcKey(id string) Ref[Vpc]                     { return ref[Vpc](KindVpc, id) }
func VpcDNSKey(vpc string) Ref[VpcDNS]              { return ref[VpcDNS](KindVpcDNS, vpc) }
func RouteTablesKey(vpc string) Ref[RouteTables]    { return ref[RouteTables](KindRouteTables, vpc) }
func NetworkAclsKey(vpc string) Ref[NetworkAcls]    { return ref[NetworkAcls](KindNetworkAcls, vpc) }
func SecurityGroupKey(id string) Ref[SecurityGroup] { return ref[SecurityGroup](KindSecurityGroup, id) }
func DefaultSecurityGroupKey(vpc string) Ref[SecurityGroups] {
	return ref[SecurityGroups](KindVpcSecurityGroups, vpc)
}
func VpcEndpointsKey(vpc string) Ref[Endpoints]  { return ref[Endpoints](KindVpcEndpoints, vpc) }
func NatGatewayKey(id string) Ref[NatGateway]    { return ref[NatGateway](KindNatGateway, id) }
func NatGatewaysKey(vpc string) Ref[NatGateways] { return ref[NatGateways](KindNatGateways, vpc) }
func InternetGatewaysKey(vpc string) Ref[InternetGateways] {
	return ref[InternetGateways](KindInternetGateways, vpc)
}
func PrefixListKey(id string) Ref[PrefixList] { return ref[PrefixList](KindPrefixList, id) }

// ServicePrefixListKey takes the full service name, e.g. "com.amazonaws.eu-west-1.s3".
func ServicePrefixListKey(name string) Ref[PrefixList] {
	return ref[PrefixList](KindServicePrefixList, name)
}
func LogGroupKey(name string) Ref[LogGroup] { return ref[LogGroup](KindLogGroup, name) }
func LogTailKey(group, stream string) Ref[LogTail] {
	return ref[LogTail](KindLogTail, group+":"+stream)
}

// RepositoryID is the id of an ECR repository in keys: registry account, region, name (which may hold slashes).
func RepositoryID(account, region, name string) string { return account + "/" + region + "/" + name }

func RepositoryKey(id string) Ref[Repository]   { return ref[Repository](KindRepository, id) }
func RepositoryImagesKey(id string) Ref[Images] { return ref[Images](KindRepositoryImages, id) }
func RepositoryPolicyKey(id string) Ref[PolicyDocument] {
	return ref[PolicyDocument](KindRepositoryPolicy, id)
}

// ImageKey takes a repository id and a reference, ":TAG" or "@sha256:...".
func ImageKey(repositoryID, reference string) Ref[Image] {
	return ref[Image](KindImage, repositoryID+reference)
}

// ManifestKey takes the same arguments as ImageKey.
func ManifestKey(repositoryID, reference string) Ref[Manifest] {
	return ref[Manifest](KindManifest, repositoryID+reference)
}
func RoleKey(name string) Ref[Role]                 { return ref[Role](KindRole, name) }
func RolePoliciesKey(role string) Ref[RolePolicies] { return ref[RolePolicies](KindRolePolicies, role) }
func InlinePolicyKey(role, policy string) Ref[PolicyDocument] {
	return ref[PolicyDocument](KindInlinePolicy, role+"/"+policy)
}
func ManagedPolicyKey(arn string) Ref[PolicyDocument] {
	return ref[PolicyDocument](KindManagedPolicy, arn)
}
func SecretKey(id string) Ref[Secret]         { return ref[Secret](KindSecret, id) }
func ParameterKey(name string) Ref[Parameter] { return ref[Parameter](KindParameter, name) }

// The keys of load balancing take ARNs.

func TargetGroupKey(arn string) Ref[TargetGroup] { return ref[TargetGroup](KindTargetGroup, arn) }
func TargetGroupAttributesKey(arn string) Ref[TargetGroupAttributes] {
	return ref[TargetGroupAttributes](KindTargetGroupAttrs, arn)
}
func TargetHealthKey(arn string) Ref[TargetHealth] { return ref[TargetHealth](KindTargetHealth, arn) }
func BalancerKey(arn string) Ref[Balancer]         { return ref[Balancer](KindBalancer, arn) }
func ListenersKey(balancer string) Ref[Listeners]  { return ref[Listeners](KindListeners, balancer) }
func RulesKey(listener string) Ref[Rules]          { return ref[Rules](KindRules, listener) }

// SecretPolicyKey takes what SecretKey takes.
func SecretPolicyKey(id string) Ref[PolicyDocument] { return ref[PolicyDocument](KindSecretPolicy, id) }

// KmsKeyKey takes a key's ARN, id or alias, as another answer of AWS names it.
func KmsKeyKey(id string) Ref[Encryption] { return ref[Encryption](KindKey, id) }

// KeyPolicyKey takes a key's ARN or id. KMS does not take an alias here.
func KeyPolicyKey(id string) Ref[PolicyDocument]    { return ref[PolicyDocument](KindKeyPolicy, id) }
func FileSystemKey(id string) Ref[FileSystem]       { return ref[FileSystem](KindFileSystem, id) }
func MountTargetsKey(fs string) Ref[MountTargets]   { return ref[MountTargets](KindMountTargets, fs) }
func MountTargetGroupsKey(target string) Ref[Names] { return ref[Names](KindMountTargetGroups, target) }
func AccessPointKey(id string) Ref[AccessPoint]     { return ref[AccessPoint](KindAccessPoint, id) }
func FileSystemPolicyKey(fs string) Ref[PolicyDocument] {
	return ref[PolicyDocument](KindFileSystemPolicy, fs)
}

func ScalableTargetKey(cluster, service string) Ref[ScalableTarget] {
	return ref[ScalableTarget](KindScalableTarget, cluster+"/"+service)
}
func ScalingPoliciesKey(cluster, service string) Ref[ScalingPolicies] {
	return ref[ScalingPolicies](KindScalingPolicies, cluster+"/"+service)
}
func ScalingActivitiesKey(cluster, service string) Ref[ScalingActivities] {
	return ref[ScalingActivities](KindScalingActivities, cluster+"/"+service)
}
func ScheduledActionsKey(cluster, service string) Ref[ScheduledActions] {
	return ref[ScheduledActions](KindScheduledActions, cluster+"/"+service)
}
func AlarmKey(name string) Ref[Alarm] { return ref[Alarm](KindAlarm, name) }

// MetricKey takes a metric, a statistic such as Average, and a period in seconds.
func MetricKey(m MetricName, stat string, periodSeconds int) Ref[MetricSeries] {
	return ref[MetricSeries](KindMetric, MetricID(m, stat, periodSeconds))
}

// QuotaKey takes codes of Service Quotas, e.g. "fargate" and "L-3032A538".
func QuotaKey(service, code string) Ref[Quota] { return ref[Quota](KindQuota, service+"/"+code) }
func QueueKey(name string) Ref[Queue]          { return ref[Queue](KindQueue, name) }
func EventRulesKey(bus string) Ref[Names]      { return ref[Names](KindEventRules, bus) }

// EventRuleKey takes NAME, or BUS/NAME where the bus is not the default one.
func EventRuleKey(name string) Ref[EventRule] { return ref[EventRule](KindEventRule, name) }
func EventRuleTargetsKey(name string) Ref[EventTargets] {
	return ref[EventTargets](KindEventRuleTargets, name)
}
func SamplingRulesKey() Ref[SamplingRules] {
	return ref[SamplingRules](KindSamplingRules, "")
}
func SchedulesKey() Ref[Names] { return ref[Names](KindSchedules, "") }
func ScheduleKey(group, name string) Ref[Schedule] {
	return ref[Schedule](KindSchedule, group+"/"+name)
}
func CapturedTasksKey(cluster, service string) Ref[TaskList] {
	return ref[TaskList](KindCapturedTasks, cluster+"/"+service)
}
func ActionLogKey(cluster, service string) Ref[ActionLog] {
	return ref[ActionLog](KindActionLog, cluster+"/"+service)
}

// NamespaceServicesKey takes what NamespaceKey takes.
func NamespaceServicesKey(id string) Ref[Names] { return ref[Names](KindNamespaceServices, id) }
func CloudMapServiceKey(id string) Ref[CloudMapService] {
	return ref[CloudMapService](KindCloudMapService, id)
}
func CloudMapInstancesKey(id string) Ref[CloudMapInstances] {
	return ref[CloudMapInstances](KindCloudMapInstances, id)
}
func StreamKey(name string) Ref[Stream] { return ref[Stream](KindStream, name) }
func FamilyTasksKey(cluster, family string) Ref[TaskList] {
	return ref[TaskList](KindFamilyTasks, cluster+"/"+family)
}

// LoadBalancerKey takes the DNS name in lower case, without a leading "dualstack.".
func LoadBalancerKey(dnsName string) Ref[LoadBalancer] {
	return ref[LoadBalancer](KindLoadBalancer, dnsName)
}

// InterfaceAtKey takes a VPC and a private IPv4 address in it.
func InterfaceAtKey(vpc, address string) Ref[Interface] {
	return ref[Interface](KindInterfaceAt, vpc+"/"+address)
}
func DhcpOptionsKey(id string) Ref[DhcpOptions]  { return ref[DhcpOptions](KindDhcpOptions, id) }
func DNSFirewallKey(vpc string) Ref[DNSFirewall] { return ref[DNSFirewall](KindDNSFirewall, vpc) }
func ResolverRulesKey(vpc string) Ref[ResolverRules] {
	return ref[ResolverRules](KindResolverRules, vpc)
}
func TransitKey(gateway, vpc string) Ref[TransitAttachment] {
	return ref[TransitAttachment](KindTransit, gateway+"/"+vpc)
}

// The keys of AWS Network Firewall take ARNs.

func FirewallKey(arn string) Ref[Firewall] { return ref[Firewall](KindFirewall, arn) }
func FirewallPolicyKey(arn string) Ref[FirewallPolicy] {
	return ref[FirewallPolicy](KindFirewallPolicy, arn)
}
func FirewallRulesKey(arn string) Ref[FirewallRules] {
	return ref[FirewallRules](KindFirewallRules, arn)
}
func NamespaceKey(nameOrARN string) Ref[Namespace] { return ref[Namespace](KindNamespace, nameOrARN) }
