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
	Deployments          []Deployment         `json:"deployments"` // AWS's order: PRIMARY first
	Events               []ServiceEvent       `json:"events"`      // newest first, at most 100
	CreatedAt            Moment               `json:"created_at"`
	CreatedBy            string               `json:"created_by"`
	Tags                 []Tag                `json:"tags"`
}

type ServiceTargetGroup struct {
	ARN           string `json:"arn"`
	Container     string `json:"container"`
	ContainerPort int    `json:"container_port"`
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
	ID                 string      `json:"id"`
	ARN                string      `json:"arn"`
	Cluster            string      `json:"cluster"`
	Group              string      `json:"group"`      // service:NAME or family:NAME
	StartedBy          string      `json:"started_by"` // the deployment id for tasks of a service
	TaskDefinition     string      `json:"task_definition"`
	LastStatus         string      `json:"last_status"`
	DesiredStatus      string      `json:"desired_status"`
	StopCode           string      `json:"stop_code"` // "" when AWS gave none
	StoppedReason      string      `json:"stopped_reason"`
	LaunchType         string      `json:"launch_type"`
	CapacityProvider   string      `json:"capacity_provider"`
	PlatformVersion    string      `json:"platform_version"`
	AvailabilityZone   string      `json:"availability_zone"`
	CPU                string      `json:"cpu"`
	Memory             string      `json:"memory"`
	HealthStatus       string      `json:"health_status"`
	ExecutionRoleARN   string      `json:"execution_role_arn"` // override; "" = as in the task definition
	TaskRoleARN        string      `json:"task_role_arn"`      // override; "" = as in the task definition
	SubnetID           string      `json:"subnet_id"`          // from the network interface attachment; "" when none was made
	InterfaceID        string      `json:"interface_id"`
	PrivateIP          string      `json:"private_ip"`
	AttachmentStatus   string      `json:"attachment_status"`
	Containers         []Container `json:"containers"`
	CreatedAt          Moment      `json:"created_at"`
	PullStartedAt      Moment      `json:"pull_started_at"`
	PullStoppedAt      Moment      `json:"pull_stopped_at"`
	StartedAt          Moment      `json:"started_at"`
	StoppingAt         Moment      `json:"stopping_at"`
	StoppedAt          Moment      `json:"stopped_at"`
	ExecutionStoppedAt Moment      `json:"execution_stopped_at"`
	Tags               []Tag       `json:"tags"`
}

// Exit is a container's exit code; Known false means AWS reported none: it never ran, or its host was lost.
type Exit struct {
	Known bool `json:"known"`
	Code  int  `json:"code"`
}

type Container struct {
	Name         string `json:"name"`
	Image        string `json:"image"`        // "" for sidecars injected by AWS
	ImageDigest  string `json:"image_digest"` // "" until pulled
	RuntimeID    string `json:"runtime_id"`
	LastStatus   string `json:"last_status"`
	Reason       string `json:"reason"`
	Exit         Exit   `json:"exit"`
	HealthStatus string `json:"health_status"`
}

// TaskDefinition is one revision; revisions never change.
type TaskDefinition struct {
	ID               string                `json:"id"` // family:revision
	ARN              string                `json:"arn"`
	Status           string                `json:"status"` // ACTIVE, INACTIVE, DELETE_IN_PROGRESS
	CPU              string                `json:"cpu"`    // CPU units as text, "" when not set
	Memory           string                `json:"memory"` // MiB as text
	NetworkMode      string                `json:"network_mode"`
	Compatibilities  []string              `json:"compatibilities"`
	ExecutionRoleARN string                `json:"execution_role_arn"`
	TaskRoleARN      string                `json:"task_role_arn"`
	OS               string                `json:"os"`   // LINUX when not set
	Arch             string                `json:"arch"` // X86_64 when not set
	EphemeralGiB     int                   `json:"ephemeral_gib"`
	Containers       []ContainerDefinition `json:"containers"`
	EFSVolumes       []EFSVolume           `json:"efs_volumes"`
	RegisteredAt     Moment                `json:"registered_at"`
	RegisteredBy     string                `json:"registered_by"`
}

type EFSVolume struct {
	Name         string `json:"name"`
	FileSystemID string `json:"file_system_id"`
}

type ContainerDefinition struct {
	Name                  string      `json:"name"`
	Image                 string      `json:"image"`
	Essential             bool        `json:"essential"`
	CPU                   int         `json:"cpu"`
	MemoryMiB             int         `json:"memory_mib"`             // 0 = no limit of its own
	ReservationMiB        int         `json:"memory_reservation_mib"` // 0 = none
	EntryPoint            []string    `json:"entry_point"`
	Command               []string    `json:"command"`
	EnvironmentNames      []string    `json:"environment_names"` // names only: values may be secret
	Secrets               []SecretRef `json:"secrets"`
	RepositoryCredentials string      `json:"repository_credentials"` // secret ARN, "" = none
	LogDriver             string      `json:"log_driver"`
	LogOptions            []Tag       `json:"log_options"` // values of secret options are left out
	Ports                 []int       `json:"ports"`
	EnvironmentFiles      []string    `json:"environment_files"` // S3 object ARNs
}

// SecretRef is one entry of secrets or of logConfiguration.secretOptions.
type SecretRef struct {
	Name      string `json:"name"`
	ValueFrom string `json:"value_from"`
}

// ServiceDeployments is the history from ecs:ListServiceDeployments and DescribeServiceDeployments.
type ServiceDeployments struct {
	Deployments []ServiceDeployment `json:"deployments"`
}

type ServiceDeployment struct {
	ARN              string `json:"arn"`
	Status           string `json:"status"`
	StatusReason     string `json:"status_reason"`
	CreatedAt        Moment `json:"created_at"`
	StartedAt        Moment `json:"started_at"`
	FinishedAt       Moment `json:"finished_at"`
	FailureCount     int    `json:"failure_count"`
	FailureThreshold int    `json:"failure_threshold"`
	RollbackReason   string `json:"rollback_reason"`
}
