package evidence

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
	Volumes          []Volume              `json:"volumes"` // every volume by name and kind
	Proxy            ProxyConfiguration    `json:"proxy_configuration"`
	PidMode          string                `json:"pid_mode"`         // task, host; "" = each container its own
	RequiresFargate  bool                  `json:"requires_fargate"` // requiresCompatibilities lists FARGATE
	Tags             []Tag                 `json:"tags"`
	RegisteredAt     Moment                `json:"registered_at"`
	RegisteredBy     string                `json:"registered_by"`
}

type EFSVolume struct {
	Name              string `json:"name"`
	FileSystemID      string `json:"file_system_id"`
	RootDirectory     string `json:"root_directory"` // "" = "/"
	TransitEncryption bool   `json:"transit_encryption"`
	AccessPointID     string `json:"access_point_id"` // "" = none
	IAM               bool   `json:"iam"`             // the mount is authorised with the task role
}

// Volume is a volume of a task definition.
type Volume struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // efs, ebs (configured at launch), docker, fsx, s3files, bind
}

// ProxyConfiguration is App Mesh's proxy; Container "" = none.
type ProxyConfiguration struct {
	Container  string `json:"container"`
	Properties []Tag  `json:"properties"`
}

// HealthCheck is a container's health check; Command empty = none. Seconds; the defaults of AWS are filled in.
type HealthCheck struct {
	Command     []string `json:"command"`
	Interval    int      `json:"interval"`
	Timeout     int      `json:"timeout"`
	Retries     int      `json:"retries"`
	StartPeriod int      `json:"start_period"`
}

// ContainerDependency is one entry of dependsOn.
type ContainerDependency struct {
	Container string `json:"container"`
	Condition string `json:"condition"` // START, COMPLETE, SUCCESS, HEALTHY
}

// PortMapping is one entry of portMappings.
type PortMapping struct {
	Name          string `json:"name"`
	ContainerPort int    `json:"container_port"`
	HostPort      int    `json:"host_port"`    // 0 = the container's
	Protocol      string `json:"protocol"`     // tcp, udp
	AppProtocol   string `json:"app_protocol"` // http, http2, grpc; "" = tcp
}

type MountPoint struct {
	Volume        string `json:"volume"`
	ContainerPath string `json:"container_path"`
	ReadOnly      bool   `json:"read_only"`
}

type Ulimit struct {
	Name string `json:"name"`
	Soft int    `json:"soft"`
	Hard int    `json:"hard"`
}

// RestartPolicy restarts a container inside its task, unseen by ECS's counts.
type RestartPolicy struct {
	Enabled              bool  `json:"enabled"`
	IgnoredExitCodes     []int `json:"ignored_exit_codes"`
	AttemptPeriodSeconds int   `json:"restart_attempt_period"`
}

type ContainerDefinition struct {
	Name                  string                `json:"name"`
	Image                 string                `json:"image"`
	Essential             bool                  `json:"essential"`
	CPU                   int                   `json:"cpu"`
	MemoryMiB             int                   `json:"memory_mib"`             // 0 = no limit of its own
	ReservationMiB        int                   `json:"memory_reservation_mib"` // 0 = none
	EntryPoint            []string              `json:"entry_point"`
	Command               []string              `json:"command"`
	EnvironmentNames      []string              `json:"environment_names"` // names only: values may be secret
	Secrets               []SecretRef           `json:"secrets"`
	RepositoryCredentials string                `json:"repository_credentials"` // secret ARN, "" = none
	LogDriver             string                `json:"log_driver"`
	LogOptions            []Tag                 `json:"log_options"` // values of secret options are left out
	Ports                 []int                 `json:"ports"`
	EnvironmentFiles      []string              `json:"environment_files"` // S3 object ARNs
	PortMappings          []PortMapping         `json:"port_mappings"`
	HealthCheck           HealthCheck           `json:"health_check"`
	DependsOn             []ContainerDependency `json:"depends_on"`
	StartTimeout          int                   `json:"start_timeout"` // seconds; 0 = not set
	StopTimeout           int                   `json:"stop_timeout"`  // seconds; 0 = not set, which is 30
	User                  string                `json:"user"`
	WorkingDirectory      string                `json:"working_directory"`
	ReadonlyRoot          bool                  `json:"readonly_root_filesystem"`
	MountPoints           []MountPoint          `json:"mount_points"`
	Ulimits               []Ulimit              `json:"ulimits"`
	Restart               RestartPolicy         `json:"restart_policy"`
	FirelensType          string                `json:"firelens_type"` // fluentbit, fluentd; "" = not the log router
	FirelensOptions       []Tag                 `json:"firelens_options"`
	InitProcess           bool                  `json:"init_process_enabled"`
	NoProxy               string                `json:"no_proxy"` // value of NO_PROXY or no_proxy, which is no secret
}

// SecretRef is one entry of secrets or of logConfiguration.secretOptions.
type SecretRef struct {
	Name      string `json:"name"`
	ValueFrom string `json:"value_from"`
}
