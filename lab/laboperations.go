package lab

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// labOperations lists what scenarios may do that no API can: acts of AWS, of time, and of other people. Each takes the step's input.
var labOperations = []struct {
	name  string
	about string
	do    func(*World, map[string]any) error
}{
	{"Advance", "For: let so much time pass", (*World).labAdvance},
	{"RetireTasks", "Service: Fargate maintenance stops the service's tasks; they are replaced", (*World).labRetireTasks},
	{"ForgetStoppedTasks", "Service: more than an hour has passed for the service's stopped tasks, so nobody can describe them any more", (*World).labForgetStopped},
	{"FailNatGateway", "NatGatewayId: the NAT gateway goes to the state failed", (*World).labFailNAT},
	{"LeakInterfaces", "SubnetId, Leave: somebody's forgotten interfaces take all addresses of a subnet but so many", (*World).labLeakInterfaces},
	{"DeleteInterfaces", "SubnetId: the forgotten interfaces are cleaned up", (*World).labDeleteInterfaces},
	{"LimitDockerHub", "Limited: Docker Hub answers anonymous pulls with 429, or no longer", (*World).labLimitDockerHub},
	{"PutObject", "Bucket, Key, Body: an object is put into a bucket of S3", (*World).labPutObject},
	{"DeleteObject", "Bucket, Key: an object is deleted from its bucket", (*World).labDeleteObject},
	{"SetDatabasePassword", "Password: user orders has another password in the database from now on; connections that were made before are closed", (*World).labSetDatabasePassword},
	{"MakeSnapshot", "SnapshotId, Filesystem: a snapshot of a volume with that file system (ext4, xfs) is there", (*World).labMakeSnapshot},
	{"SetVcpuQuota", "Count: Fargate vCPUs that may run at once", (*World).labSetQuota},
	{"LoseZone", "AvailabilityZone, Lost: Fargate has no capacity there, or has it again", (*World).labLoseZone},
	{"MakeFunction", "Name, Path, Answer: a Lambda function of that name is there; called by a deployment it asks the new tasks for Path, or always answers Answer (SUCCEEDED, FAILED, IN_PROGRESS, nothing)", (*World).labMakeFunction},
	{"SetDeployGroup", "Group, ReadyWaitMinutes, Alarm: a deployment group of CodeDeploy is changed; its deployments wait so long before the traffic, 0 = not, and Alarm stops them", (*World).labSetDeployGroup},
	{"Produce", "Queue, PerMinute: so many messages a minute reach the queue from now on, evenly; 0 = none", (*World).labProduce},
	{"KeepCount", "Service, DesiredCount, Every: a pipeline writes this desired count at every run from now on; Every 0s ends it", (*World).labKeepCount},
	{"TakeSpot", "Taken: Fargate Spot takes its tasks back and has no capacity, or has it again", (*World).labTakeSpot},
	{"Visit", "Service, PerSecond: so many visitors ask the service through its load balancer from now on; 0 = none", (*World).labVisit},
	{"SetHub", "Internet, Returns, Endpoints: whether the network behind the transit gateway leads to the internet, and back to the VPC, and its central endpoints answer", (*World).labSetHub},
	{"WithdrawShare", "SubnetId: the owner of a shared network shares this subnet no longer; what is in it runs on", (*World).labWithdrawShare},
	{"SetNameServer", "Address, Knows: a name server of the company knows all names, the company's alone (company), or without Knows is gone", (*World).labSetNameServer},
	{"RegisterInstances", "Cluster, Count, Cpu, Memory, CapacityProvider: EC2 container instances with so much free join the cluster", (*World).labRegisterInstances},
}

// labOperation runs one of them.
func (w *World) labOperation(name string, in map[string]any) error {
	var names []string
	for _, o := range labOperations {
		if o.name != name {
			names = append(names, o.name)
			continue
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		known := strings.Split(strings.SplitN(o.about, ":", 2)[0], ", ")
		for key := range in {
			if !slices.Contains(known, key) {
				return fmt.Errorf("there is no input %s; %s takes %s", key, name, strings.Join(known, ", "))
			}
		}
		return o.do(w, in)
	}
	return fmt.Errorf("the lab has no operation %s; it has %s", name, strings.Join(names, ", "))
}

// textOf and numberOf read an input; a number may come as any kind of Go number.
func textOf(in map[string]any, key string) string {
	if in[key] == nil {
		return ""
	}
	return fmt.Sprint(in[key])
}

func numberOf(in map[string]any, key string) int { return number(textOf(in, key)) }

func (w *World) labAdvance(in map[string]any) error {
	d, err := time.ParseDuration(textOf(in, "For"))
	if err != nil {
		return fmt.Errorf("input For: %w; write it as 12m", err)
	}
	w.advance(d)
	return nil
}

func (w *World) labRetireTasks(in map[string]any) error {
	s := w.services[textOf(in, "Service")]
	if s == nil {
		return fmt.Errorf("there is no service %q; write CLUSTER/SERVICE, one of %s", textOf(in, "Service"), strings.Join(slices.Sorted(maps.Keys(w.services)), ", "))
	}
	for _, t := range s.live(nil) {
		w.stop(t, ecstypes.TaskStopCodeServiceSchedulerInitiated, "ECS is performing maintenance on the underlying infrastructure hosting the task.")
	}
	w.reconcileIn(s, w.about(5*time.Second))
	return nil
}

func (w *World) labForgetStopped(in map[string]any) error {
	s := w.services[textOf(in, "Service")]
	if s == nil {
		return fmt.Errorf("there is no service %q; write CLUSTER/SERVICE, one of %s", textOf(in, "Service"), strings.Join(slices.Sorted(maps.Keys(w.services)), ", "))
	}
	for _, t := range slices.Clone(s.tasks) {
		if t.is("STOPPED") {
			w.forget(t)
		}
	}
	return nil
}

func (w *World) labFailNAT(in map[string]any) error {
	n := w.nats[textOf(in, "NatGatewayId")]
	if n == nil {
		return fmt.Errorf("there is no NAT gateway %q", textOf(in, "NatGatewayId"))
	}
	n.State, n.FailureCode, n.FailureMessage = ec2types.NatGatewayStateFailed, aws.String("InternalError"), aws.String("An unknown error occurred while creating the NAT gateway.")
	w.touch()
	return nil
}

const leaked = "left over from a load test"

func (w *World) labLeakInterfaces(in map[string]any) error {
	id := textOf(in, "SubnetId")
	s := w.subnets[id]
	if s == nil {
		return fmt.Errorf("there is no subnet %q", id)
	}
	for int(aws.ToInt32(s.AvailableIpAddressCount)) > numberOf(in, "Leave") {
		n, err := w.createInterface(id, nil, false, leaked)
		if err != nil {
			return err
		}
		n.Status, n.Attachment, n.RequesterManaged = ec2types.NetworkInterfaceStatusAvailable, nil, aws.Bool(false)
	}
	return nil
}

func (w *World) labDeleteInterfaces(in map[string]any) error {
	for _, id := range slices.Sorted(maps.Keys(w.interfaces)) {
		n := w.interfaces[id]
		if aws.ToString(n.SubnetId) == textOf(in, "SubnetId") && n.Status == ec2types.NetworkInterfaceStatusAvailable {
			w.deleteInterface(id)
		}
	}
	return nil
}

func (w *World) labLimitDockerHub(in map[string]any) error {
	w.hubLimited = textOf(in, "Limited") == "true"
	return nil
}

func (w *World) labSetQuota(in map[string]any) error {
	w.vcpuQuota = float64(numberOf(in, "Count"))
	return nil
}

func (w *World) labLoseZone(in map[string]any) error {
	w.azUnavailable[textOf(in, "AvailabilityZone")] = textOf(in, "Lost") == "true"
	return nil
}

func (w *World) labRegisterInstances(in map[string]any) error {
	cluster := textOf(in, "Cluster")
	if w.clusters[cluster] == nil {
		return fmt.Errorf("there is no cluster %q", cluster)
	}
	provider := textOf(in, "CapacityProvider")
	if provider != "" && w.providers[provider] == nil {
		w.providers[provider] = &ecstypes.CapacityProvider{
			Name: aws.String(provider), CapacityProviderArn: aws.String(w.ecsARN("capacity-provider/" + provider)), Status: ecstypes.CapacityProviderStatusActive,
			AutoScalingGroupProvider: &ecstypes.AutoScalingGroupProvider{
				AutoScalingGroupArn: aws.String(fmt.Sprintf("arn:%s:autoscaling:%s:%s:autoScalingGroup:%s:autoScalingGroupName/%s", w.Partition, w.Region, w.Account, w.newUUID(), provider)),
				ManagedScaling:      &ecstypes.ManagedScaling{Status: ecstypes.ManagedScalingStatusDisabled},
			},
		}
		w.clusters[cluster].CapacityProviders = append(w.clusters[cluster].CapacityProviders, provider)
	}
	for range numberOf(in, "Count") {
		id := w.newHex(32)
		free := []ecstypes.Resource{
			{Name: aws.String("CPU"), Type: aws.String("INTEGER"), IntegerValue: int32(cmp.Or(numberOf(in, "Cpu"), 2048))},
			{Name: aws.String("MEMORY"), Type: aws.String("INTEGER"), IntegerValue: int32(cmp.Or(numberOf(in, "Memory"), 3884))},
		}
		i := &ecstypes.ContainerInstance{
			ContainerInstanceArn: aws.String(w.ecsARN("container-instance/" + cluster + "/" + id)), Ec2InstanceId: aws.String(w.newID("i")), Status: aws.String("ACTIVE"),
			AgentConnected: true, RegisteredAt: aws.Time(w.now), RegisteredResources: slices.Clone(free), RemainingResources: free,
		}
		if provider != "" {
			i.CapacityProviderName = aws.String(provider)
		}
		w.instances[id] = i
	}
	return nil
}
