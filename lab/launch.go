package lab

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// keepStopped is how long a stopped task can be described. AWS: "at least one hour".
const keepStopped = time.Hour

// stage is one step of a task's start, in the order the steps happen.
type stage struct {
	attempt func() *failure      // nil = passed
	took    func() time.Duration // from a passed attempt to the next stage
}

// failure is why a stage did not pass.
type failure struct {
	reason    string        // the task's stoppedReason
	container *container    // whose reason it is too; nil = none
	patience  time.Duration // how long the step is tried again before the task gives up: minutes for a connection nobody answers, 0 for a refusal
}

// newTask makes a task in PROVISIONING and lets its start take its course. Placement has already said yes.
func (w *World) newTask(l launch, subnet string, p placement) *task {
	id := w.newHex(32)
	def := l.definition
	t := &task{id: id, launch: l, instance: p.instance}
	arch := "x86_64"
	if t.platform() == "linux/arm64" {
		arch = "arm64"
	}
	t.Task = ecstypes.Task{
		TaskArn: aws.String(w.ecsARN("task/" + l.cluster + "/" + id)), ClusterArn: aws.String(w.ecsARN("cluster/" + l.cluster)),
		TaskDefinitionArn: def.TaskDefinitionArn, Cpu: def.Cpu, Memory: def.Memory, Group: aws.String(l.group),
		DesiredStatus: aws.String("RUNNING"), LastStatus: aws.String("PROVISIONING"), CreatedAt: aws.Time(w.now),
		LaunchType: p.launchType, HealthStatus: ecstypes.HealthStatusUnknown, Overrides: taskOverride(l), Version: 1,
		Attributes: []ecstypes.Attribute{{Name: aws.String("ecs.cpu-architecture"), Value: aws.String(arch)}}, Tags: []ecstypes.Tag{},
	}
	if l.startedBy != "" {
		t.StartedBy = aws.String(l.startedBy)
	}
	if p.provider != "" {
		t.CapacityProviderName = aws.String(p.provider)
	}
	if p.launchType == ecstypes.LaunchTypeFargate {
		t.PlatformVersion, t.PlatformFamily = aws.String("1.4.0"), aws.String("Linux")
		t.EphemeralStorage = &ecstypes.EphemeralStorage{SizeInGiB: 20}
		t.FargateEphemeralStorage = &ecstypes.TaskEphemeralStorage{SizeInGiB: 20}
		if def.EphemeralStorage != nil {
			t.EphemeralStorage.SizeInGiB, t.FargateEphemeralStorage.SizeInGiB = def.EphemeralStorage.SizeInGiB, def.EphemeralStorage.SizeInGiB
		}
	}
	if p.instance != nil {
		t.ContainerInstanceArn = p.instance.ContainerInstanceArn
		w.reserve(p.instance, def, -1)
	}
	if s := w.subnets[subnet]; s != nil {
		t.AvailabilityZone = s.AvailabilityZone
	}
	attachment := w.newUUID()
	t.Attachments = []ecstypes.Attachment{{
		Id: aws.String(attachment), Type: aws.String("ElasticNetworkInterface"), Status: aws.String("PRECREATED"),
		Details: []ecstypes.KeyValuePair{{Name: aws.String("subnetId"), Value: aws.String(subnet)}},
	}}
	w.addVolumes(t)
	for i := range def.ContainerDefinitions {
		cd := &def.ContainerDefinitions[i]
		t.containers = append(t.containers, &container{index: i, def: cd, env: environment(cd, l.overrides)})
		t.Containers = append(t.Containers, ecstypes.Container{
			ContainerArn: aws.String(w.ecsARN("container/" + l.cluster + "/" + id + "/" + w.newUUID())), TaskArn: t.TaskArn, Name: cd.Name, Image: cd.Image,
			LastStatus: aws.String("PENDING"), HealthStatus: ecstypes.HealthStatusUnknown, Cpu: aws.String(fmt.Sprint(cd.Cpu)),
			Memory: int32Text(cd.Memory), MemoryReservation: int32Text(cd.MemoryReservation), NetworkInterfaces: []ecstypes.NetworkInterface{},
		})
	}
	w.equip(t)
	w.addProxy(t)
	w.tasks[id] = t
	w.noteUsage(t, +1)
	if l.service != nil {
		l.service.tasks = append(l.service.tasks, t)
	}
	w.later(t, w.about(9*time.Second), func() { w.attach(t, subnet, attachment) })
	return t
}

// later plans f unless the task is on its way out by then.
func (w *World) later(t *task, d time.Duration, f func()) {
	w.after(d, func() {
		if !t.ended && !t.stopping() {
			f()
		}
	})
}

// attach gives the task its network interface, and goes on to the stages that need the network.
func (w *World) attach(t *task, subnet, attachment string) {
	n := t.launch.network
	public := n.AssignPublicIp == ecstypes.AssignPublicIpEnabled
	eni, err := w.createInterface(subnet, n.SecurityGroups, public, t.interfaceDescription(attachment))
	if err == nil && w.openSubnet(subnet) == nil {
		w.deleteInterface(*eni.NetworkInterfaceId)
		err = withdrawn
	}
	if err != nil {
		with := ""
		if public {
			with = "with public IP assignment enabled "
		}
		w.failStart(t, &failure{reason: fmt.Sprintf("Unexpected EC2 error while attempting to Create Network Interface %sin subnet '%s': %s", with, subnet, err.Code)})
		return
	}
	t.eni = aws.ToString(eni.NetworkInterfaceId)
	w.held.tasks[t.eni] = t
	t.Attachments[0].Status = aws.String("ATTACHED")
	t.Connectivity, t.ConnectivityAt = ecstypes.ConnectivityConnected, aws.Time(w.now) // before the pull begins: published task state change events of Fargate
	for _, kv := range [][2]string{
		{"networkInterfaceId", t.eni}, {"macAddress", aws.ToString(eni.MacAddress)},
		{"privateDnsName", aws.ToString(eni.PrivateDnsName)}, {"privateIPv4Address", aws.ToString(eni.PrivateIpAddress)},
	} {
		if kv[1] != "" {
			t.Attachments[0].Details = append(t.Attachments[0].Details, ecstypes.KeyValuePair{Name: aws.String(kv[0]), Value: aws.String(kv[1])})
		}
	}
	for i := range t.Containers {
		t.Containers[i].NetworkInterfaces = []ecstypes.NetworkInterface{{AttachmentId: aws.String(attachment), PrivateIpv4Address: eni.PrivateIpAddress}}
	}
	pending := func() {
		t.set("PENDING")
		w.later(t, w.about(4*time.Second), func() { w.walk(t, w.stages(t), w.now) })
	}
	if len(t.launch.volumes) > 0 {
		w.walk(t, w.volumeStages(t, pending), w.now)
		return
	}
	pending()
}

// walk runs the stages one after the other; began is when the first of them was first tried.
func (w *World) walk(t *task, stages []stage, began time.Time) {
	if len(stages) == 0 {
		return
	}
	f := stages[0].attempt()
	switch {
	case f == nil:
		w.later(t, w.about(stages[0].took()), func() { w.walk(t, stages[1:], w.now) })
	case w.now.Sub(began) < f.patience:
		w.later(t, w.about(20*time.Second), func() { w.walk(t, stages, began) })
	default:
		w.later(t, w.about(2*time.Second), func() { w.failStart(t, f) })
	}
}

// failStart ends a task that never reached RUNNING.
func (w *World) failStart(t *task, f *failure) {
	t.StopCode, t.StoppedReason = ecstypes.TaskStopCodeTaskFailedToStart, aws.String(f.reason)
	if f.container != nil {
		t.Containers[f.container.index].Reason = aws.String(f.reason)
	}
	w.leave(t)
	w.noteStartFailure(t)
}

// leave takes a task from wherever it is to STOPPED, by the states that are left.
func (w *World) leave(t *task) {
	t.DesiredStatus, t.StoppingAt, t.ended = aws.String("STOPPED"), aws.Time(w.now), true
	t.HealthStatus = ecstypes.HealthStatusUnknown
	for i := range t.Containers {
		t.Containers[i].LastStatus = aws.String("STOPPED")
	}
	w.deregister(t)
	t.stopAgents()
	w.withdraw(t)
	t.ExecutionStoppedAt = aws.Time(w.now)
	t.set("DEPROVISIONING")
	w.after(w.about(20*time.Second), func() { w.stopped(t) })
}

// stopped is the end: the interface and its address go back, the task can be described for another hour.
func (w *World) stopped(t *task) {
	if t.eni != "" {
		w.deleteInterface(t.eni)
		t.eni = ""
	}
	if t.instance != nil {
		w.reserve(t.instance, t.launch.definition, +1)
	}
	for i := range t.Attachments {
		t.Attachments[i].Status = aws.String("DELETED")
	}
	t.StoppedAt = aws.Time(w.now)
	t.set("STOPPED")
	w.noteUsage(t, -1)
	if s := t.launch.service; s != nil {
		w.reconcileIn(s, time.Second)
	}
	w.after(keepStopped+w.about(5*time.Minute), func() { w.forget(t) })
}

// forget drops a task that stopped more than an hour ago.
func (w *World) forget(t *task) {
	delete(w.tasks, t.id)
	if s := t.launch.service; s != nil {
		for i, other := range s.tasks {
			if other == t {
				s.tasks = append(s.tasks[:i:i], s.tasks[i+1:]...)
				return
			}
		}
	}
}

func (t *task) interfaceDescription(attachment string) string {
	account, _, _ := strings.Cut(aws.ToString(t.ClusterArn), ":cluster/")
	return account + ":attachment/" + attachment
}

func taskOverride(l launch) *ecstypes.TaskOverride {
	if l.overrides != nil {
		return l.overrides
	}
	o := &ecstypes.TaskOverride{ContainerOverrides: []ecstypes.ContainerOverride{}}
	for _, c := range l.definition.ContainerDefinitions {
		o.ContainerOverrides = append(o.ContainerOverrides, ecstypes.ContainerOverride{Name: c.Name})
	}
	return o
}

func environment(c *ecstypes.ContainerDefinition, o *ecstypes.TaskOverride) map[string]string {
	env := map[string]string{}
	for _, kv := range c.Environment {
		env[aws.ToString(kv.Name)] = aws.ToString(kv.Value)
	}
	if o == nil {
		return env
	}
	for _, co := range o.ContainerOverrides {
		if aws.ToString(co.Name) == aws.ToString(c.Name) {
			for _, kv := range co.Environment {
				env[aws.ToString(kv.Name)] = aws.ToString(kv.Value)
			}
		}
	}
	return env
}

func int32Text(n *int32) *string {
	if n == nil {
		return nil
	}
	return aws.String(fmt.Sprint(*n))
}
