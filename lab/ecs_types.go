package lab

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// service is an ECS service: the part of the answer that callers set, and what the scheduler knows.
type service struct {
	ecstypes.Service               // Deployments, Events and the counts are filled in by view
	cluster          string        // cluster name
	deployments      []*deployment // newest first, PRIMARY is the first that is not failed back from
	history          []*deployment // every deployment since the service was made, newest first
	tasks            []*task       // in order of creation; stopped ones stay for an hour
	connect          *ecstypes.ServiceConnectConfiguration
	volumes          []ecstypes.ServiceVolumeConfiguration // EBS volumes that its tasks get
	events           []ecstypes.ServiceEvent
	said             map[string]time.Time // when a message was last put in the events; cleared when the cause is gone
	steadyAt         time.Time            // last "has reached a steady state"; zero = not steady
	wake             time.Time            // the earliest reconcile that is planned
}

// deployment is a rollout of one revision of a service.
type deployment struct {
	ecstypes.Deployment
	launch  launch
	arn     string            // of the service deployment
	rev     string            // ARN of the service revision
	digests map[string]string // container name -> digest that this deployment is pinned to

	connection connection                 // Service Connect
	registries []ecstypes.ServiceRegistry // Cloud Map services that its tasks are registered with

	startFailures int       // tasks in a row that never reached RUNNING
	notBefore     time.Time // start back-off
	stalled       bool      // the circuit breaker stopped it
	tripped       bool
	status        ecstypes.ServiceDeploymentStatus
	reason        string
	source        *deployment // what it replaces
	rollback      *ecstypes.Rollback
	finished      time.Time

	configured []ecstypes.LoadBalancer // the service's load balancers as they were asked for; launch.balancers has the target group that was chosen of two
	staged     *staged                 // of a blue/green deployment; nil = rolling
	watch                              // alarms
	set        *taskSet                // the deployment is a task set of CodeDeploy or an external controller; nil = it is ECS's own
}

// launch is what one task is started from.
type launch struct {
	cluster    string
	definition *ecstypes.TaskDefinition
	network    ecstypes.AwsVpcConfiguration
	launchType ecstypes.LaunchType // "" when a capacity provider decides
	strategy   []ecstypes.CapacityProviderStrategyItem
	group      string
	startedBy  string
	overrides  *ecstypes.TaskOverride
	exec       bool        // enableExecuteCommand of RunTask
	service    *service    // nil = standalone
	deployment *deployment // nil = standalone
	balancers  []ecstypes.LoadBalancer
	volumes    []ecstypes.ServiceVolumeConfiguration
}

// task is an ECS task with its way through the launch pipeline.
type task struct {
	ecstypes.Task
	id         string
	launch     launch
	containers []*container
	eni        string // "" before it is made and after it is deleted
	instance   *ecstypes.ContainerInstance
	healthy    bool // counts as a success: its health checks pass, or without any it is RUNNING for long enough
	proven     bool // it was healthy once
	complete   bool // every container was started in its order
	channel    bool // the agents of ECS Exec hold a control channel open
	targets    []registration
	ended      bool // nothing planned for it happens any more
}

// container is one container of a task. Its part of the answer is Task.Containers at the same index.
type container struct {
	index               int
	def                 *ecstypes.ContainerDefinition
	image               *image // after the manifest was read
	env                 map[string]string
	logGroup, logStream string
	done                bool
	started             bool
	sent                time.Time // when its last traces arrived at X-Ray
	handed              time.Time // when its program last handed traces over to a collector
	serving             bool      // its program is up, and listens if it has a port
	consumer            *consumerState
	unanswered          string // the newest call of another service that failed; "" = the newest calls were all answered
}

func (w *World) ecsARN(resource string) string {
	return fmt.Sprintf("arn:%s:ecs:%s:%s:%s", w.Partition, w.Region, w.Account, resource)
}

// lastPart is what follows the last slash of an ARN, or the whole string.
func lastPart(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

func (s *service) name() string { return aws.ToString(s.ServiceName) }

// primary is the deployment that new tasks are started for.
func (s *service) primary() *deployment {
	for _, d := range s.deployments {
		if aws.ToString(d.Status) == "PRIMARY" {
			return d
		}
	}
	return nil
}

// live lists the tasks of a deployment that are meant to run; nil means any deployment.
func (s *service) live(d *deployment) []*task {
	var out []*task
	for _, t := range s.tasks {
		if !t.stopping() && (d == nil || t.launch.deployment == d) {
			out = append(out, t)
		}
	}
	return out
}

func (d *deployment) id() string { return aws.ToString(d.Id) }

// count is the number of tasks that run and that are on their way there.
func count(tasks []*task) (running, pending int32) {
	for _, t := range tasks {
		if aws.ToString(t.LastStatus) == "RUNNING" {
			running++
		} else {
			pending++
		}
	}
	return running, pending
}

// stopping tells whether the task is stopped or on its way there.
func (t *task) stopping() bool { return aws.ToString(t.DesiredStatus) == "STOPPED" }

func (t *task) is(status string) bool { return aws.ToString(t.LastStatus) == status }

// set changes the task's state.
func (t *task) set(status string) {
	t.LastStatus = aws.String(status)
	t.Version++
}

// detail is a value of the task's network attachment.
func (t *task) detail(name string) string {
	for _, a := range t.Attachments {
		for _, kv := range a.Details {
			if aws.ToString(kv.Name) == name {
				return aws.ToString(kv.Value)
			}
		}
	}
	return ""
}

// platform is what the task runs on: linux/amd64.
func (t *task) platform() string {
	p := t.launch.definition.RuntimePlatform
	if p != nil && p.CpuArchitecture == ecstypes.CPUArchitectureArm64 {
		return "linux/arm64"
	}
	return "linux/amd64"
}

// memoryLimit is the MiB at which a container is killed: its own hard limit, else the task's size.
func (t *task) memoryLimit(c *container) int {
	limit := int(aws.ToInt32(c.def.Memory))
	if whole := number(aws.ToString(t.Memory)); limit == 0 || whole > 0 && whole < limit {
		limit = whole
	}
	return limit
}

// stopTimeout is how long a container may take to stop. ECS's default is 30 seconds.
func (c *container) stopTimeout() time.Duration {
	if c.def.StopTimeout == nil {
		return 30 * time.Second
	}
	return time.Duration(*c.def.StopTimeout) * time.Second
}

// command is the program that the container executes.
func (c *container) command() string {
	if args := slices.Concat(c.def.EntryPoint, c.def.Command); len(args) > 0 {
		return args[0]
	}
	if c.image != nil && len(c.image.App.Programs) > 0 {
		return c.image.App.Programs[0]
	}
	return "/app"
}

func (c *container) essential() bool { return c.def.Essential == nil || *c.def.Essential }

// number reads a task's cpu or memory as ECS takes them: 256, "512", "1024"; 0 when it is none.
func number(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		return 0
	}
	return n
}
