package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// ECS Exec: an agent of Systems Manager in each container of a task that was started with enableExecuteCommand. With the task role it
// holds a control channel open to ssmmessages, over which it is told of sessions.

const (
	agentComesUp = 8 * time.Second  // from the container's start to the agent's
	channelRetry = 30 * time.Second // how often an agent looks after its channel
)

const (
	notEnabledText   = "The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t running. Wait and try again or run a new task with execute command enabled and try again."
	notConnectedText = "The execute command failed due to an internal error. Try again later."
)

var (
	controlActions = []string{"ssmmessages:CreateControlChannel", "ssmmessages:OpenControlChannel"}
	dataActions    = []string{"ssmmessages:CreateDataChannel", "ssmmessages:OpenDataChannel"}
)

// withExec tells whether a task that is started now gets the agents: the service's setting of this moment counts, whatever deployment the
// task belongs to.
func (l launch) withExec() bool {
	if l.service != nil {
		return l.service.EnableExecuteCommand
	}
	return l.exec
}

// agent is what DescribeTasks shows of the agent in a container.
func agent(status string, started *time.Time) []ecstypes.ManagedAgent {
	return []ecstypes.ManagedAgent{{Name: ecstypes.ManagedAgentNameExecuteCommandAgent, LastStatus: aws.String(status), LastStartedAt: started}}
}

// equip gives a new task its agents, which wait for their containers.
func (w *World) equip(t *task) {
	if t.EnableExecuteCommand = t.launch.withExec(); !t.EnableExecuteCommand {
		return
	}
	for i := range t.containers {
		t.Containers[i].ManagedAgents = agent("PENDING", nil)
	}
}

// startAgents lets the agents of a task that runs come up. One that cannot write in its container ends at once; AWS gives no reason then.
func (w *World) startAgents(t *task) {
	if !t.EnableExecuteCommand {
		return
	}
	w.later(t, w.about(agentComesUp), func() {
		for i, c := range t.containers {
			switch {
			case c.done:
			case aws.ToBool(c.def.ReadonlyRootFilesystem):
				t.Containers[i].ManagedAgents = agent("STOPPED", nil)
			default:
				t.Containers[i].ManagedAgents = agent("RUNNING", aws.Time(w.now))
			}
		}
		w.later(t, w.about(3*time.Second), func() { w.holdChannel(t) })
	})
}

// holdChannel opens the control channel of a task's agents or finds that it cannot be open, again and again.
func (w *World) holdChannel(t *task) {
	endpoint, broken := w.dial(t, w.hostOf("ssmmessages"), 443)
	t.channel = broken == "" && len(w.taskRoleLacks(t, controlActions, endpoint)) == 0
	w.later(t, w.about(channelRetry), func() { w.holdChannel(t) })
}

// taskRoleLacks lists the actions that the task role may not do on every resource.
func (w *World) taskRoleLacks(t *task, actions []string, endpoint string) []string {
	role := lastPart(aws.ToString(t.launch.definition.TaskRoleArn))
	var out []string
	for _, a := range actions {
		if !w.authorize(role, a, "*", "", endpoint).Allowed {
			out = append(out, a)
		}
	}
	return out
}

// stopAgents ends the agents with their task.
func (t *task) stopAgents() {
	t.channel = false
	for i := range t.containers {
		if t.EnableExecuteCommand {
			t.Containers[i].ManagedAgents = agent("STOPPED", nil)
		}
	}
}

// sessionRefused is why ExecuteCommand refuses a session in a container, nil when it does not.
func (w *World) sessionRefused(t *task, index int) *wire.Error {
	agents := t.Containers[index].ManagedAgents
	if !t.EnableExecuteCommand || len(agents) == 0 || aws.ToString(agents[0].LastStatus) != "RUNNING" {
		return invalid("%s", notEnabledText)
	}
	if !t.channel {
		return wire.Errorf("TargetNotConnectedException", "%s", notConnectedText)
	}
	return nil
}

// sessionEnds is why a session that ExecuteCommand granted ends before there is a prompt, "" when it does not.
func (w *World) sessionEnds(t *task) string {
	endpoint, broken := w.dial(t, w.hostOf("ssmmessages"), 443)
	if broken != "" {
		return broken
	}
	if lacks := w.taskRoleLacks(t, dataActions, endpoint); len(lacks) > 0 {
		return "the task role may not " + strings.Join(lacks, ", ")
	}
	return w.sessionUnlogged(t)
}

// sessionUnlogged is why the log of a session cannot be written, "" where it can or none is wanted: with logging OVERRIDE the agent
// writes it, with the task role, and there is no session without it.
func (w *World) sessionUnlogged(t *task) string {
	c := w.clusters[t.launch.cluster].Configuration
	if c == nil || c.ExecuteCommandConfiguration == nil || c.ExecuteCommandConfiguration.Logging != ecstypes.ExecuteCommandLoggingOverride || c.ExecuteCommandConfiguration.LogConfiguration == nil {
		return ""
	}
	group := aws.ToString(c.ExecuteCommandConfiguration.LogConfiguration.CloudWatchLogGroupName)
	if group == "" {
		return ""
	}
	endpoint, broken := w.dial(t, w.hostOf("logs"), 443)
	if broken != "" {
		return broken
	}
	if w.logGroups[group] == nil {
		return "the log group " + group + " of the cluster's sessions does not exist"
	}
	arn := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s:*", w.Partition, w.Region, w.Account, group)
	role := lastPart(aws.ToString(t.launch.definition.TaskRoleArn))
	for _, x := range []struct{ action, on string }{{"logs:DescribeLogGroups", "*"}, {"logs:CreateLogStream", arn}, {"logs:DescribeLogStreams", arn}, {"logs:PutLogEvents", arn}} {
		if !w.authorize(role, x.action, x.on, "", endpoint).Allowed {
			return "the task role may not " + x.action + ", so the session cannot be logged"
		}
	}
	return ""
}

// executeCommand opens a session. What is said over it is not part of this world: whoever connects to streamUrl finds nobody.
func (w *World) executeCommand(_ *wire.Request, in *ecs.ExecuteCommandInput) (*ecs.ExecuteCommandOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	cluster, err := w.clusterNamed(in.Cluster)
	if err != nil {
		return nil, err
	}
	if !in.Interactive {
		return nil, invalid("Interactive is the only mode supported currently.")
	}
	t := w.tasks[lastPart(aws.ToString(in.Task))]
	if t == nil || t.launch.cluster != cluster {
		return nil, invalid("The referenced task was not found.")
	}
	i := 0
	if name := aws.ToString(in.Container); name != "" {
		i = slices.IndexFunc(t.containers, func(c *container) bool { return aws.ToString(c.def.Name) == name })
	} else if len(t.containers) > 1 {
		i = -1
	}
	if i < 0 {
		return nil, invalid("The container name was not found in the task. Specify a container of the task and try again.")
	}
	if refused := w.sessionRefused(t, i); refused != nil {
		return nil, refused
	}
	id := "ecs-execute-command-" + w.newHex(17)
	return &ecs.ExecuteCommandOutput{
		ClusterArn: t.ClusterArn, TaskArn: t.TaskArn, ContainerArn: t.Containers[i].ContainerArn, ContainerName: t.Containers[i].Name, Interactive: true,
		Session: &ecstypes.Session{SessionId: aws.String(id), TokenValue: aws.String(w.newHex(64)),
			StreamUrl: aws.String("wss://" + w.hostOf("ssmmessages") + "/v1/data-channel/" + id + "?role=publish_subscribe")},
	}, nil
}

// updateCluster changes what the call names.
func (w *World) updateCluster(_ *wire.Request, in *ecs.UpdateClusterInput) (*ecs.UpdateClusterOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, err := w.clusterNamed(in.Cluster)
	if err != nil {
		return nil, err
	}
	c := w.clusters[name]
	if in.Configuration != nil {
		c.Configuration = in.Configuration
	}
	if in.Settings != nil {
		c.Settings = in.Settings
	}
	if d := in.ServiceConnectDefaults; d != nil {
		arn, err := w.defaultNamespace(aws.ToString(d.Namespace))
		if err != nil {
			return nil, err
		}
		c.ServiceConnectDefaults = arn
	}
	v := w.clusterView(name)
	return &ecs.UpdateClusterOutput{Cluster: &v}, nil
}

// checkExec refuses the agents to tasks without a role to act with.
func checkExec(wanted bool, def *ecstypes.TaskDefinition, text string) error {
	if wanted && def != nil && aws.ToString(def.TaskRoleArn) == "" {
		return invalid("%s", text)
	}
	return nil
}

const (
	noRoleForService = "The service couldn't be %s because a valid taskRoleArn is not being used. Specify a valid task role in your task definition and try again."
	noRoleForTask    = "The execute command failed because a valid task role is not being used. Specify a valid task role in your task definition or as a task override and try again."
)

// A scenario about sessions has the target that is typed for it: "--exec CLUSTER/SERVICE".
const execStart = "--exec "

// Sessions tells whether a scenario's target asks for sessions in the tasks of a service; service is that service.
func Sessions(target string) (service string, ok bool) { return strings.CutPrefix(target, execStart) }

// healedSessions tells whether the service is well and a session opens in every container of its running tasks, now and after sustain.
func (w *World) healedSessions(name string, sustain time.Duration) error {
	for range 2 {
		if err := w.well(name); err != nil {
			return err
		}
		for _, t := range w.services[name].live(nil) {
			for i, c := range t.containers {
				if refused := w.sessionRefused(t, i); refused != nil {
					return fmt.Errorf("no session opens in container %s of task %s: %w", aws.ToString(c.def.Name), t.id, refused)
				}
			}
			if why := w.sessionEnds(t); why != "" {
				return fmt.Errorf("a session in task %s ends at once: %s", t.id, why)
			}
		}
		w.advance(sustain)
	}
	return nil
}
