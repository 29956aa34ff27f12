package evidence

import "time"

// Names is a list of names in AWS's order.
type Names struct {
	Names []string `json:"names"`
}

// Caller is who asks, from sts:GetCallerIdentity, and where.
type Caller struct {
	Account   string `json:"account"`
	ARN       string `json:"arn"`
	Region    string `json:"region"`
	Partition string `json:"partition"` // aws, aws-us-gov, aws-cn
}

// StrategyItem is one line of a capacity provider strategy.
type StrategyItem struct {
	Provider string `json:"provider"`
	Weight   int    `json:"weight"`
	Base     int    `json:"base"`
}

type Cluster struct {
	Name              string         `json:"name"`
	ARN               string         `json:"arn"`
	Status            string         `json:"status"`
	CapacityProviders []string       `json:"capacity_providers"`
	DefaultStrategy   []StrategyItem `json:"default_strategy"`
	Instances         int            `json:"instances"` // registered container instances
	RunningTasks      int            `json:"running_tasks"`
	PendingTasks      int            `json:"pending_tasks"`
	ContainerInsights string         `json:"container_insights"` // enabled, enhanced, disabled; "" = not told
	ExecKmsKey        string         `json:"exec_kms_key"`       // of executeCommandConfiguration; "" = none
	ExecLogging       string         `json:"exec_logging"`       // NONE, DEFAULT, OVERRIDE; "" = not set
	ExecLogGroup      string         `json:"exec_log_group"`
	ExecBucket        string         `json:"exec_bucket"`
	StorageKmsKey     string         `json:"storage_kms_key"`   // of Fargate's ephemeral storage; "" = AWS's own
	ConnectNamespace  string         `json:"connect_namespace"` // default Service Connect namespace, ARN; "" = none
	Tags              []Tag          `json:"tags"`
}

type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// NetworkConfiguration is awsvpcConfiguration. SecurityGroups empty means the VPC's default group.
type NetworkConfiguration struct {
	Subnets        []string `json:"subnets"`
	SecurityGroups []string `json:"security_groups"`
	AssignPublicIP bool     `json:"assign_public_ip"`
}

// Service is one element of ecs:DescribeServices.
type Service struct {
	Cluster              string               `json:"cluster"` // name
	Name                 string               `json:"name"`
	ARN                  string               `json:"arn"`
	Status               string               `json:"status"` // ACTIVE, DRAINING, INACTIVE
	Desired              int                  `json:"desired"`
	Running              int                  `json:"running"`
	Pending              int                  `json:"pending"`
	TaskDefinition       string               `json:"task_definition"` // family:revision
	LaunchType           string               `json:"launch_type"`     // "" when a capacity provider strategy is set
	Strategy             []StrategyItem       `json:"strategy"`
	PlatformVersion      string               `json:"platform_version"`
	SchedulingStrategy   string               `json:"scheduling_strategy"`
	DeploymentController string               `json:"deployment_controller"` // ECS, CODE_DEPLOY, EXTERNAL
	Network              NetworkConfiguration `json:"network"`
	TargetGroups         []ServiceTargetGroup `json:"target_groups"`
	GracePeriodSeconds   int                  `json:"grace_period_seconds"`
	MinimumHealthy       int                  `json:"minimum_healthy_percent"`
	Maximum              int                  `json:"maximum_percent"`
	CircuitBreaker       bool                 `json:"circuit_breaker"`
	Rollback             bool                 `json:"rollback"`
	Deployments          []Deployment         `json:"deployments"`         // AWS's order: PRIMARY first
	Events               []ServiceEvent       `json:"events"`              // newest first, at most 100
	DeploymentStrategy   string               `json:"deployment_strategy"` // ROLLING, BLUE_GREEN, LINEAR, CANARY; "" = not told
	BakeMinutes          int                  `json:"bake_time_minutes"`
	Alarms               DeploymentAlarms     `json:"deployment_alarms"`
	Hooks                []DeploymentHook     `json:"lifecycle_hooks"`
	TaskSets             []TaskSet            `json:"task_sets"` // of the controllers CODE_DEPLOY and EXTERNAL
	Registries           []ServiceRegistry    `json:"service_registries"`
	Connect              ServiceConnect       `json:"service_connect"` // of the PRIMARY deployment
	Volumes              []ServiceVolume      `json:"volume_configurations"`
	ExecEnabled          bool                 `json:"enable_execute_command"`
	ZoneRebalancing      string               `json:"availability_zone_rebalancing"` // ENABLED, DISABLED; "" = not told
	RoleARN              string               `json:"role_arn"`
	CurrentDeployment    string               `json:"current_service_deployment"` // ARN; "" = none told
	PropagateTags        string               `json:"propagate_tags"`             // SERVICE, TASK_DEFINITION, NONE
	CreatedAt            Moment               `json:"created_at"`
	CreatedBy            string               `json:"created_by"`
	Tags                 []Tag                `json:"tags"`
}

type ServiceTargetGroup struct {
	ARN            string `json:"arn"`  // "" for a Classic Load Balancer
	Name           string `json:"name"` // of a Classic Load Balancer; else ""
	Container      string `json:"container"`
	ContainerPort  int    `json:"container_port"`
	AlternateARN   string `json:"alternate_arn"`   // the second target group of blue/green; "" = none
	ProductionRule string `json:"production_rule"` // listener rule ARN of blue/green
	TestRule       string `json:"test_rule"`
	RoleARN        string `json:"role_arn"` // with which ECS changes the listener rules
}

// DeploymentAlarms are the CloudWatch alarms that may fail a deployment.
type DeploymentAlarms struct {
	Enabled  bool     `json:"enabled"`
	Rollback bool     `json:"rollback"`
	Names    []string `json:"names"`
}

// DeploymentHook is a lifecycle hook of a deployment.
type DeploymentHook struct {
	Target  string   `json:"target"` // ARN of the function; "" for a pause
	RoleARN string   `json:"role_arn"`
	Stages  []string `json:"stages"`
	Type    string   `json:"type"` // AWS_LAMBDA, PAUSE; "" = not told
}

// TaskSet is one element of Service.TaskSets.
type TaskSet struct {
	ID             string               `json:"id"`
	ARN            string               `json:"arn"`
	Status         string               `json:"status"` // PRIMARY, ACTIVE, DRAINING
	StartedBy      string               `json:"started_by"`
	ExternalID     string               `json:"external_id"` // CodeDeploy's deployment id
	TaskDefinition string               `json:"task_definition"`
	ScalePercent   float64              `json:"scale_percent"`
	Desired        int                  `json:"computed_desired_count"`
	Running        int                  `json:"running"`
	Pending        int                  `json:"pending"`
	Stability      string               `json:"stability_status"` // STEADY_STATE, STABILIZING
	LaunchType     string               `json:"launch_type"`
	Strategy       []StrategyItem       `json:"strategy"`
	Network        NetworkConfiguration `json:"network"`
	TargetGroups   []ServiceTargetGroup `json:"target_groups"`
	CreatedAt      Moment               `json:"created_at"`
	UpdatedAt      Moment               `json:"updated_at"`
}

// ServiceRegistry ties a service to an AWS Cloud Map service.
type ServiceRegistry struct {
	ARN           string `json:"arn"`
	Container     string `json:"container"`
	ContainerPort int    `json:"container_port"`
	Port          int    `json:"port"`
}

// ServiceConnect is serviceConnectConfiguration.
type ServiceConnect struct {
	Enabled   bool                    `json:"enabled"`
	Namespace string                  `json:"namespace"` // name or ARN
	Services  []ServiceConnectService `json:"services"`
}

type ServiceConnectService struct {
	PortName       string   `json:"port_name"`
	DiscoveryName  string   `json:"discovery_name"`
	Aliases        []string `json:"aliases"`                     // DNSNAME:PORT
	IngressPort    int      `json:"ingress_port"`                // 0 = the container's
	RequestTimeout int      `json:"per_request_timeout_seconds"` // 0 = the default of 15 s
	IdleTimeout    int      `json:"idle_timeout_seconds"`
	TLSRoleARN     string   `json:"tls_role_arn"` // "" = no TLS
	TLSKmsKey      string   `json:"tls_kms_key"`
	TLSAuthority   string   `json:"tls_authority_arn"`
}

// ServiceVolume is an EBS volume that the service makes for each task.
type ServiceVolume struct {
	Name       string `json:"name"`
	RoleARN    string `json:"role_arn"` // the infrastructure role
	KmsKey     string `json:"kms_key"`
	Encrypted  bool   `json:"encrypted"`
	SizeGiB    int    `json:"size_gib"`
	Filesystem string `json:"filesystem_type"`
	SnapshotID string `json:"snapshot_id"`
	VolumeType string `json:"volume_type"`
}

// Deployment is one element of Service.Deployments.
type Deployment struct {
	ID             string               `json:"id"`
	Status         string               `json:"status"` // PRIMARY, ACTIVE, INACTIVE
	TaskDefinition string               `json:"task_definition"`
	Desired        int                  `json:"desired"`
	Running        int                  `json:"running"`
	Pending        int                  `json:"pending"`
	Failed         int                  `json:"failed"`
	RolloutState   string               `json:"rollout_state"` // COMPLETED, IN_PROGRESS, FAILED
	RolloutReason  string               `json:"rollout_reason"`
	LaunchType     string               `json:"launch_type"`
	Strategy       []StrategyItem       `json:"strategy"`
	Network        NetworkConfiguration `json:"network"`
	Connect        ServiceConnect       `json:"service_connect"`
	CreatedAt      Moment               `json:"created_at"`
	UpdatedAt      Moment               `json:"updated_at"`
}

type ServiceEvent struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Message string    `json:"message"`
}

// TaskList is a bounded list of tasks.
type TaskList struct {
	Tasks     []Task `json:"tasks"`
	Truncated bool   `json:"truncated"` // more exist than were read
	How       string `json:"how"`       // which listing found them, for the report
}

// Task is one element of ecs:DescribeTasks.
type Task struct {
	ID                 string              `json:"id"`
	ARN                string              `json:"arn"`
	Cluster            string              `json:"cluster"`
	Group              string              `json:"group"`      // service:NAME or family:NAME
	StartedBy          string              `json:"started_by"` // the deployment id for tasks of a service
	TaskDefinition     string              `json:"task_definition"`
	LastStatus         string              `json:"last_status"`
	DesiredStatus      string              `json:"desired_status"`
	StopCode           string              `json:"stop_code"` // "" when AWS gave none
	StoppedReason      string              `json:"stopped_reason"`
	LaunchType         string              `json:"launch_type"`
	CapacityProvider   string              `json:"capacity_provider"`
	PlatformVersion    string              `json:"platform_version"`
	AvailabilityZone   string              `json:"availability_zone"`
	CPU                string              `json:"cpu"`
	Memory             string              `json:"memory"`
	HealthStatus       string              `json:"health_status"`
	ExecutionRoleARN   string              `json:"execution_role_arn"` // override; "" = as in the task definition
	TaskRoleARN        string              `json:"task_role_arn"`      // override; "" = as in the task definition
	SubnetID           string              `json:"subnet_id"`          // from the network interface attachment; "" when none was made
	InterfaceID        string              `json:"interface_id"`
	PrivateIP          string              `json:"private_ip"`
	AttachmentStatus   string              `json:"attachment_status"`
	Attachments        []Attachment        `json:"attachments"` // every attachment, the network interface too
	ExecEnabled        bool                `json:"enable_execute_command"`
	Connectivity       string              `json:"connectivity"`  // CONNECTED, DISCONNECTED
	EphemeralGiB       int                 `json:"ephemeral_gib"` // 0 = not told
	Overrides          []ContainerOverride `json:"overrides"`
	Containers         []Container         `json:"containers"`
	CreatedAt          Moment              `json:"created_at"`
	PullStartedAt      Moment              `json:"pull_started_at"`
	PullStoppedAt      Moment              `json:"pull_stopped_at"`
	StartedAt          Moment              `json:"started_at"`
	StoppingAt         Moment              `json:"stopping_at"`
	StoppedAt          Moment              `json:"stopped_at"`
	ExecutionStoppedAt Moment              `json:"execution_stopped_at"`
	Tags               []Tag               `json:"tags"`
}

// Exit is a container's exit code; Known false means AWS reported none: it never ran, or its host was lost.
type Exit struct {
	Known bool `json:"known"`
	Code  int  `json:"code"`
}

// Attachment is a network interface, volume or Service Connect attachment of a task.
type Attachment struct {
	Type    string `json:"type"`   // ElasticNetworkInterface, AmazonElasticBlockStorage, Service Connect, ...
	Status  string `json:"status"` // PRECREATED, CREATED, ATTACHING, ATTACHED, DETACHING, DETACHED, DELETED
	Details []Tag  `json:"details"`
}

// ContainerOverride is what the starter of a task changed of one container. Values of variables are left out.
type ContainerOverride struct {
	Name             string   `json:"name"`
	Command          []string `json:"command"`
	EnvironmentNames []string `json:"environment_names"`
	CPU              int      `json:"cpu"`
	MemoryMiB        int      `json:"memory_mib"`
}

// ManagedAgent is an agent that ECS runs in a container: ExecuteCommandAgent.
type ManagedAgent struct {
	Name       string `json:"name"`
	LastStatus string `json:"last_status"` // PENDING, RUNNING, STOPPED
	Reason     string `json:"reason"`
}

type Container struct {
	Name         string         `json:"name"`
	Image        string         `json:"image"`        // "" for sidecars injected by AWS
	ImageDigest  string         `json:"image_digest"` // "" until pulled
	RuntimeID    string         `json:"runtime_id"`
	LastStatus   string         `json:"last_status"`
	Reason       string         `json:"reason"`
	Exit         Exit           `json:"exit"`
	HealthStatus string         `json:"health_status"`
	Agents       []ManagedAgent `json:"managed_agents"`
	IPs          []string       `json:"private_ips"` // of its network interfaces
}

// ServiceDeployments is the history from ecs:ListServiceDeployments and DescribeServiceDeployments.
type ServiceDeployments struct {
	Deployments []ServiceDeployment `json:"deployments"`
}

type ServiceDeployment struct {
	ARN              string       `json:"arn"`
	Status           string       `json:"status"`
	StatusReason     string       `json:"status_reason"`
	CreatedAt        Moment       `json:"created_at"`
	StartedAt        Moment       `json:"started_at"`
	FinishedAt       Moment       `json:"finished_at"`
	FailureCount     int          `json:"failure_count"`
	FailureThreshold int          `json:"failure_threshold"`
	RollbackReason   string       `json:"rollback_reason"`
	RollbackTo       string       `json:"rollback_service_revision"` // ARN; "" = none
	LifecycleStage   string       `json:"lifecycle_stage"`
	TargetRevision   string       `json:"target_service_revision"` // ARN
	TargetRequested  int          `json:"target_requested"`        // task counts of the target revision
	TargetRunning    int          `json:"target_running"`
	TargetPending    int          `json:"target_pending"`
	SourceRevisions  []string     `json:"source_service_revisions"` // ARNs
	AlarmStatus      string       `json:"alarm_status"`             // TRIGGERED, MONITORING, MONITORING_COMPLETE, DISABLED
	TriggeredAlarms  []string     `json:"triggered_alarms"`
	BreakerStatus    string       `json:"circuit_breaker_status"`
	Hooks            []HookStatus `json:"hooks"`
}

// HookStatus is where a lifecycle hook of a deployment stands.
type HookStatus struct {
	ID      string `json:"id"`
	Target  string `json:"target"` // ARN; "" for a pause
	Type    string `json:"type"`   // AWS_LAMBDA, PAUSE
	Status  string `json:"status"` // AWAITING_ACTION, IN_PROGRESS, SUCCEEDED, FAILED, TIMED_OUT
	Expires Moment `json:"expires_at"`
}
