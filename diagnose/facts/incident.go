// Package facts computes what follows from evidence: which failures there are and, for each, everything a
// playbook may ask about. Pure functions over an evidence.View: no clock, no I/O, no decision about causes.
//
// Every struct with a Basis is one answer with three sides. Where its Basis is Unknown, the engine makes the
// struct's path unknown in playbooks, and the keys it misses are what the collectors read next.
package facts

import (
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/diagnose/facts/image"
	"github.com/ecsplain/ecsplain/diagnose/facts/logline"
	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
)

// Kinds of incident.
const (
	KindStopped   = "stopped"    // tasks that stopped and should not have
	KindStuck     = "stuck"      // tasks that sit in PROVISIONING, PENDING or ACTIVATING
	KindNotPlaced = "not-placed" // the service creates no task at all
	KindUnhealthy = "unhealthy"  // tasks run, and the load balancer or a health check does not take them
	KindRollout   = "rollout"    // a deployment does not get on, is paused, failed or was taken back
	KindIdle      = "idle"       // the service wants no task: somebody set its desired count to 0
	KindScaling   = "scaling"    // auto scaling does not do what its settings promise
	KindSchedule  = "schedule"   // an EventBridge rule or schedule starts no task
	KindExec      = "exec"       // tasks run and sessions (ECS Exec) do not open in them; only where it was asked for
	KindRunning   = "running"    // tasks run and something beside them does not work: exec, Service Connect, volumes
)

// KindForward is no failure: one step of a launch that has not happened yet, to be judged beforehand.
const KindForward = "forward"

// Kinds is the closed list.
var Kinds = []string{KindStopped, KindStuck, KindNotPlaced, KindUnhealthy, KindRollout, KindIdle, KindScaling, KindSchedule, KindExec, KindRunning, KindForward}

// Incident is a group of tasks that failed in the same way on the same launch. It is the variable `incident` of
// playbooks; the json tags are its field names there.
type Incident struct {
	Kind      string          `json:"kind"`
	Cluster   string          `json:"cluster"`
	Service   string          `json:"service"` // "" for a task that belongs to none
	Symptom   string          `json:"symptom"` // the case id; "" when no form matched
	Message   message.Reading `json:"message"`
	StopCode  string          `json:"stop_code"` // "" where AWS gave none
	Tasks     int             `json:"tasks"`     // how many tasks failed so
	Stuck     int             `json:"stuck"`     // how many more sit on the same launch without a verdict
	Samples   []string        `json:"samples"`   // task ids, newest first, at most 3
	First     time.Time       `json:"first"`
	Last      time.Time       `json:"last"`
	Share     double          `json:"share"`      // of all current failures of the service, 0 to 1
	Ongoing   bool            `json:"ongoing"`    // the service is still short of tasks, or failed minutes ago
	Anew      evidence.Moment `json:"anew"`       // since the last failure the service was told to start other tasks than those that failed
	TakenBack bool            `json:"taken_back"` // the service runs another revision than that of the tasks that failed: it must be deployed again
	made      time.Time       // when the newest of the failed tasks was created; zero = not known
	Launch    Launch          `json:"launch"` // what is known without reading the task definition
	Exit      ExitFact        `json:"exit"`
	Basis     evidence.Basis  `json:"-"`

	Definition Definition        `json:"definition"`
	Reach      network.Path      `json:"reach"`      // to the destination that the failed step needed
	Egress     Egress            `json:"egress"`     // what the security groups lack for all that the launch needs
	Addresses  network.Addresses `json:"addresses"`  // of the launch's subnet
	Surge      Surge             `json:"surge"`      // of a deployment that has not begun
	NetConfig  NetConfig         `json:"net_config"` // the network configuration against what exists
	ENI        ENIFact           `json:"eni"`        // what EC2 said when ECS made the interface
	Permission Permission        `json:"permission"` // to do what the failed step needed
	Trust      iam.Trust         `json:"trust"`      // of the execution role
	TaskTrust  iam.Trust         `json:"task_trust"` // of the task role
	Image      ImageFact         `json:"image"`
	Secret     SecretFact        `json:"secret"`
	SecretUse  SecretUse         `json:"secret_use"` // references to secrets, their policies and versions
	EnvFile    EnvFile           `json:"env_file"`
	Denial     DenialFact        `json:"denial"`   // AWS's own sentence about a refusal
	Dangling   DanglingFact      `json:"dangling"` // a policy that names a deleted role by its id
	EBS        EBSFact           `json:"ebs"`      // the EBS volume that the service makes for each task
	Key        KeyFact           `json:"key"`      // the KMS key of what the failed step needs
	Volume     VolumeFact        `json:"volume"`   // the EFS volume concerned
	Parameter  ParameterFact     `json:"parameter"`
	LogGroup   LogGroupFact      `json:"log_group"`
	Placement  Placement         `json:"placement"`
	Size       Size              `json:"size"`
	Log        LogFact           `json:"log"`
	Files      FilesFact         `json:"files"` // what the log says of a file, against the task's volumes
	Previous   Previous          `json:"previous"`

	Exits      Exits      `json:"exits"`      // how the containers of the task ended, together
	Line       Line       `json:"line"`       // what the one line that decides tells
	Dependency Dependency `json:"dependency"` // the entry of dependsOn that holds the task up
	Logging    Logging    `json:"logging"`
	Parameters Parameters `json:"parameters"` // the task definition against what Fargate takes

	PullThrough   PullThrough     `json:"pull_through"`
	RegistryLogin RegistryLogin   `json:"registry_login"`
	Lifecycle     Lifecycle       `json:"lifecycle"` // of the image's repository
	Elsewhere     Elsewhere       `json:"elsewhere"` // the image in the task's own account and region
	Disk          Disk            `json:"disk"`
	IPv6Only      Check           `json:"ipv6_only"`    // an IPv6-only subnet and ECR by its IPv4 name
	Target        TargetFact      `json:"target"`       // the target group that the incident is about
	CPU           CPUFact         `json:"cpu"`          // only where the check of the load balancer times out
	Ingress       IngressFact     `json:"ingress"`      // from its load balancer into the task
	Listener      ListenerFact    `json:"listener"`     // what of the load balancer sends to it
	Listening     Listening       `json:"listening"`    // where the program says that it listens
	Check         HealthCheckFact `json:"health_check"` // of the container

	Rollout      Rollout      `json:"rollout"` // of KindRollout
	Arithmetic   Arithmetic   `json:"arithmetic"`
	Desired      Desired      `json:"desired"`
	Stopper      Doer         `json:"stopper"` // who called StopTask
	Leaving      Leaving      `json:"leaving"`
	Protection   Protection   `json:"protection"`
	TaskSet      TaskSetFact  `json:"task_set"`
	Strategy     Strategy     `json:"strategy"`
	ClusterState ClusterState `json:"cluster_state"`
	Scaling      Scaling      `json:"scaling"` // only of incidents about scaling
	Queue        QueueFact    `json:"queue"`
	Quota        QuotaFact    `json:"quota"`
	Exec         ExecFact     `json:"exec"`     // only of incidents about ECS Exec
	Peer         PeerFact     `json:"peer"`     // the address that the program called in vain
	Resolver     ResolverFact `json:"resolver"` // whom the tasks ask for names
	Connect      ConnectFact  `json:"connect"`  // Service Connect and service discovery
	Way          WayFact      `json:"way"`      // out of the VPC, behind what the VPC's own settings say
	Tracing      Tracing      `json:"tracing"`  // only of incidents about traces
	Schedule     ScheduleFact `json:"schedule"` // only of incidents about a rule or schedule
}

type double = float64

// Launch is what one start needs, as the service or the task itself tells it.
type Launch struct {
	TaskDefinition   string   `json:"task_definition"` // family:revision
	Deployment       string   `json:"deployment"`      // "" for a standalone task
	Subnet           string   `json:"subnet"`
	Zone             string   `json:"zone"`
	Subnets          []string `json:"subnets"` // all that the service may use
	SecurityGroups   []string `json:"security_groups"`
	PublicIP         bool     `json:"public_ip"`
	LaunchType       string   `json:"launch_type"`       // FARGATE, EC2, MANAGED_INSTANCES, "" unknown
	CapacityProvider string   `json:"capacity_provider"` // FARGATE, FARGATE_SPOT, or a name of one's own
	Container        string   `json:"container"`         // the container the message or the exit is about; "" unknown
	Volume           string   `json:"volume"`            // the volume that a step of the next start mounts; "" = not such a step
	Digest           string   `json:"digest"`            // of its image, where one was pulled
	Account          string   `json:"account"`
	Region           string   `json:"region"`
	Partition        string   `json:"partition"`
}

// ExitFact is how the container that ended first ended.
type ExitFact struct {
	Known     bool   `json:"known"`
	Code      int    `json:"code"`
	Container string `json:"container"`
	Reason    string `json:"reason"` // the container's own reason; "" = none
	OOM       bool   `json:"oom"`    // AWS said OutOfMemoryError
}

// Definition is the task definition of the launch.
type Definition struct {
	ID            string         `json:"id"`
	Exists        bool           `json:"exists"`
	Status        string         `json:"status"`
	ExecutionRole string         `json:"execution_role"` // ARN, "" = none
	TaskRole      string         `json:"task_role"`
	OS            string         `json:"os"`
	Arch          string         `json:"arch"`
	CPU           string         `json:"cpu"`
	Memory        string         `json:"memory"`
	Container     string         `json:"container"` // the container concerned: the message's, else the first essential one
	Image         string         `json:"image"`
	MemoryMiB     int            `json:"memory_mib"` // the container's own hard limit, 0 = none
	EntryPoint    []string       `json:"entry_point"`
	Command       []string       `json:"command"`
	LogDriver     string         `json:"log_driver"`
	LogGroup      string         `json:"log_group"`
	Secrets       []string       `json:"secrets"`     // valueFrom of every secret
	ReadPolicy    string         `json:"read_policy"` // a policy that lets a role read exactly these, JSON text; "" = none is named
	Basis         evidence.Basis `json:"-"`
}

// Permission is whether the role that the failed step used may do what the step does. Its Basis says whether the
// role and the action are known; Denied has a Basis of its own.
type Permission struct {
	Action     string         `json:"action"`
	Resource   string         `json:"resource"`
	Role       string         `json:"role"` // name
	RoleARN    string         `json:"role_arn"`
	RoleKind   string         `json:"role_kind"`   // execution, task
	SaidDenied bool           `json:"said_denied"` // AWS's message says so
	Denied     Check          `json:"denied"`      // what AWS said of then, checked against what the policies say now
	OtherRole  OtherRole      `json:"other_role"`
	Repository RepositorySide `json:"repository"`
	Basis      evidence.Basis `json:"-"`
}

// OtherRole tells whether the task role holds what the execution role lacks: the permission was put on the wrong one.
type OtherRole struct {
	Role  string         `json:"role"`
	Holds bool           `json:"holds"`
	Basis evidence.Basis `json:"-"`
}

// RepositorySide is what the repository policy says to the pulling role.
type RepositorySide struct {
	CrossAccount bool           `json:"cross_account"`
	Denies       bool           `json:"denies"` // an explicit deny, or cross-account without an allow
	Statement    string         `json:"statement"`
	Resource     string         `json:"resource"`
	Basis        evidence.Basis `json:"-"`
}

// ImageFact is the image the failed step was about.
type ImageFact struct {
	Reference string         `json:"reference"`
	DockerHub bool           `json:"docker_hub"`
	ECR       bool           `json:"ecr"`
	Look      image.Image    `json:"look"`
	Tagged    Check          `json:"tagged"` // the tag that the task definition names is there, so that a new deployment finds an image; judged where a digest is gone
	Basis     evidence.Basis `json:"-"`
}

// Check is one yes-or-no question about a named thing.
type Check struct {
	Holds    bool           `json:"holds"`
	Resource string         `json:"resource"`
	Detail   string         `json:"detail"`
	Basis    evidence.Basis `json:"-"`
}

// SecretFact is about the secret that the message names, else the first broken one of the task definition.
type SecretFact struct {
	ID      string `json:"id"`
	JSONKey string `json:"json_key"`
	Missing Check  `json:"missing"`
	Deleted Check  `json:"deleted"` // marked for deletion
	NoStage Check  `json:"no_stage"`
}

type ParameterFact struct {
	Name    string `json:"name"`
	Missing Check  `json:"missing"`
}

type LogGroupFact struct {
	Name    string `json:"name"`
	Missing Check  `json:"missing"`
}

// Placement is about where the service sends its tasks.
type Placement struct {
	OnFargate  bool           `json:"on_fargate"`
	Provider   string         `json:"provider"`   // the capacity provider or launch type that took it elsewhere
	Source     string         `json:"source"`     // where that choice is written: "service", "the cluster's default strategy"
	Instances  int            `json:"instances"`  // registered container instances of the cluster
	Compatible bool           `json:"compatible"` // the task definition lists FARGATE among its compatibilities
	Basis      evidence.Basis `json:"-"`
}

// Size is the task's CPU and memory against Fargate's table.
type Size struct {
	CPU     int            `json:"cpu"`    // units
	Memory  int            `json:"memory"` // MiB
	Invalid bool           `json:"invalid"`
	Valid   string         `json:"valid"`       // the memory values that go with this CPU, in words
	Next    int            `json:"next_memory"` // the next larger valid memory with this CPU, MiB; 0 = none
	NextCPU int            `json:"next_cpu"`    // the CPU to take with next_memory where this CPU has no larger one
	Basis   evidence.Basis `json:"-"`
}

// LogFact is the end of the log of the container that ended first, from one sample task.
type LogFact struct {
	Group    string          `json:"group"`
	Stream   string          `json:"stream"`
	Exists   bool            `json:"exists"` // a stream with lines is there
	Deciding logline.Verdict `json:"deciding"`
	Tail     []string        `json:"tail"` // last 10 lines
	Basis    evidence.Basis  `json:"-"`
}

// Previous is the revision to go back to: one that still runs, or ran last.
type Previous struct {
	TaskDefinition string         `json:"task_definition"` // "" = none known
	Running        int            `json:"running"`         // its tasks that still serve
	Active         bool           `json:"active"`          // its revision may still be started
	Basis          evidence.Basis `json:"-"`
}
