package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/image"
	"github.com/ecsplain/ecsplain/evidence"
)

// Parameters is the task definition held against what Fargate takes. Every Detail is a sentence about the first fault.
type Parameters struct {
	Unsupported  Check          `json:"unsupported"`   // something that works on EC2 only
	SumExceeds   Check          `json:"sum_exceeds"`   // the containers together want more than the task has
	SizeMissing  Check          `json:"size_missing"`  // no CPU or memory for the task as a whole
	RoleRequired Check          `json:"role_required"` // no execution role, and something needs one
	HostPort     Check          `json:"host_port"`     // host port and container port differ
	NotFargate   Check          `json:"not_fargate"`   // registered without FARGATE
	Inactive     Check          `json:"inactive"`      // the revision was deregistered, is being deleted, or is gone
	Heap         Check          `json:"heap"`          // a heap is set larger than the memory of its container
	Platform     Check          `json:"platform"`      // the service asks for a platform version that is too old for the revision
	OnFargate    bool           `json:"on_fargate"`    // the launch goes to Fargate
	Basis        evidence.Basis `json:"-"`
}

func parametersFact(v *evidence.View, in *Incident) {
	w := v.Track()
	td, known := launched(w, in)
	p := &in.Parameters
	*p = Parameters{OnFargate: fargate(cmp.Or(in.Launch.LaunchType, in.Launch.CapacityProvider))}
	checks := []struct {
		to    *Check
		field string
		fault func(evidence.TaskDefinition) string
	}{
		{&p.Unsupported, "networkMode, pidMode, volumes, logDriver", unsupported},
		{&p.SumExceeds, "cpu, memory, containerDefinitions", sumExceeds},
		{&p.SizeMissing, "cpu, memory", sizeMissing},
		{&p.RoleRequired, "executionRoleArn", roleRequired},
		{&p.HostPort, "containerDefinitions.portMappings", hostPort},
		{&p.NotFargate, "compatibilities", notFargate},
		{&p.Inactive, "status", inactive},
		{&p.Heap, "containerDefinitions.command", heap},
	}
	if !known {
		p.Basis = w.Undecided("")
		p.Platform.Basis = p.Basis
	} else {
		p.platform(v, in, td)
	}
	for _, c := range checks {
		if !known {
			c.to.Basis = p.Basis
			continue
		}
		detail := c.fault(td)
		if td.ID == "" && c.field != "status" {
			detail = ""
		}
		w := v.Track()
		w.Cite(evidence.TaskDefinitionKey(in.Launch.TaskDefinition).Key, "task definition "+in.Launch.TaskDefinition, c.field, cmp.Or(detail, "as Fargate takes it"))
		*c.to = Check{Holds: detail != "", Resource: in.Launch.TaskDefinition, Detail: detail, Basis: w.Decided()}
	}
}

// platform asks the service for its platform version only where the revision has something that needs 1.4.0.
func (p *Parameters) platform(v *evidence.View, in *Incident, td evidence.TaskDefinition) {
	w := v.Track()
	need := ""
	cpu, _ := cpuUnits(td.CPU)
	switch {
	case len(td.EFSVolumes) > 0:
		need = "EFS volumes"
	case td.EphemeralGiB > 0:
		need = "its own size of ephemeral storage"
	case td.Arch == "ARM64":
		need = "ARM64"
	case cpu >= 8192:
		need = "8 vCPU and more"
	}
	p.Platform = Check{Resource: in.Service, Basis: evidence.Basis{Cites: citeDefinition(v, in, "volumes, ephemeralStorage, runtimePlatform, cpu", cmp.Or(need, "nothing that needs 1.4.0"))}}
	if need == "" || in.Service == "" {
		return
	}
	key := evidence.ServiceKey(in.Cluster, in.Service)
	svc, st := evidence.Read(w, key)
	if st != evidence.Found {
		p.Platform.Basis = w.Undecided("")
		return
	}
	w.Cite(key.Key, "service "+svc.Name, "platformVersion", svc.PlatformVersion)
	p.Platform.Holds = slices.Contains([]string{"1.0.0", "1.1.0", "1.2.0", "1.3.0"}, svc.PlatformVersion) && !strings.HasPrefix(td.OS, "WINDOWS")
	p.Platform.Detail = "platform version " + svc.PlatformVersion + " does not have " + need
	p.Platform.Basis = w.Decided()
}

// fargateDrivers are the log drivers of Fargate (AWS documentation, fargate-tasks-services).
var fargateDrivers = []string{"", "awslogs", "splunk", "awsfirelens"}

func unsupported(td evidence.TaskDefinition) string {
	switch {
	case td.NetworkMode != "awsvpc":
		return "network mode " + cmp.Or(td.NetworkMode, "bridge") + ": Fargate knows awsvpc only"
	case td.PidMode == "host":
		return "pidMode host: Fargate knows task only"
	}
	for _, x := range td.Volumes {
		if x.Kind == "docker" || x.Kind == "fsx" {
			return "volume " + x.Name + " of kind " + x.Kind + ", which needs an EC2 instance"
		}
	}
	for _, c := range td.Containers {
		if !slices.Contains(fargateDrivers, c.LogDriver) {
			return "log driver " + c.LogDriver + " of container " + c.Name + ": Fargate knows awslogs, splunk and awsfirelens"
		}
	}
	return ""
}

func sumExceeds(td evidence.TaskDefinition) string {
	cpu, errC := cpuUnits(td.CPU)
	memory, errM := memoryMiB(td.Memory)
	if errC != nil || errM != nil {
		return ""
	}
	sumCPU, sumMemory := 0, 0
	for _, c := range td.Containers {
		sumCPU += c.CPU
		sumMemory += cmp.Or(c.ReservationMiB, c.MemoryMiB)
		if c.MemoryMiB > memory {
			return fmt.Sprintf("container %s has a limit of %d MiB in a task of %d MiB", c.Name, c.MemoryMiB, memory)
		}
	}
	switch {
	case sumMemory > memory:
		return fmt.Sprintf("the containers reserve %d MiB together in a task of %d MiB", sumMemory, memory)
	case sumCPU > cpu:
		return fmt.Sprintf("the containers ask for %d CPU units together in a task of %d", sumCPU, cpu)
	}
	return ""
}

func sizeMissing(td evidence.TaskDefinition) string {
	switch {
	case td.CPU == "" && td.Memory == "":
		return "the task has neither cpu nor memory"
	case td.CPU == "":
		return "the task has no cpu"
	case td.Memory == "":
		return "the task has no memory"
	}
	return ""
}

func roleRequired(td evidence.TaskDefinition) string {
	if td.ExecutionRoleARN != "" {
		return ""
	}
	for _, c := range td.Containers {
		switch {
		case image.Parse(c.Image).ECR:
			return "container " + c.Name + " pulls from ECR"
		case len(c.Secrets) > 0:
			return "container " + c.Name + " gets secrets"
		case c.RepositoryCredentials != "":
			return "container " + c.Name + " logs in to a private registry"
		case c.LogDriver == "awslogs":
			return "container " + c.Name + " writes its log with awslogs"
		}
	}
	return ""
}

func hostPort(td evidence.TaskDefinition) string {
	for _, c := range td.Containers {
		for _, m := range c.PortMappings {
			if td.NetworkMode == "awsvpc" && m.HostPort != 0 && m.HostPort != m.ContainerPort {
				return fmt.Sprintf("container %s maps host port %d to container port %d", c.Name, m.HostPort, m.ContainerPort)
			}
		}
	}
	return ""
}

func notFargate(td evidence.TaskDefinition) string {
	if slices.Contains(td.Compatibilities, "FARGATE") {
		return ""
	}
	return "it is compatible with " + cmp.Or(strings.Join(td.Compatibilities, ", "), "nothing") + ", not with FARGATE"
}

func inactive(td evidence.TaskDefinition) string {
	switch td.Status {
	case "ACTIVE":
		return ""
	case "":
		return "it does not exist"
	}
	return "its status is " + td.Status
}

// heap finds a heap in a command that is larger than what its container may use. Values of variables are not read, so
// JAVA_TOOL_OPTIONS and NODE_OPTIONS are out of sight.
func heap(td evidence.TaskDefinition) string {
	task, err := memoryMiB(td.Memory)
	if err != nil {
		return ""
	}
	for _, c := range td.Containers {
		limit := cmp.Or(c.MemoryMiB, task)
		for _, arg := range strings.Fields(strings.Join(slices.Concat(c.EntryPoint, c.Command), " ")) {
			if n := heapMiB(arg); n >= limit && n > 0 && limit > 0 {
				return fmt.Sprintf("%s in container %s allows a heap of %d MiB, and the container has %d MiB in all", arg, c.Name, n, limit)
			}
		}
	}
	return ""
}

// heapMiB reads -Xmx2g, -Xmx512m, -XX:MaxHeapSize=2g and --max-old-space-size=2048; 0 = another argument.
func heapMiB(arg string) int {
	for _, p := range []string{"-Xmx", "-XX:MaxHeapSize="} {
		if rest, ok := strings.CutPrefix(arg, p); ok && rest != "" {
			unit := strings.ToLower(rest[len(rest)-1:])
			n, err := strconv.Atoi(strings.TrimRight(rest, "kKmMgGtT"))
			if err != nil {
				return 0
			}
			switch unit {
			case "t":
				return n * 1024 * 1024
			case "g":
				return n * 1024
			case "m":
				return n
			case "k":
				return n / 1024
			}
			return n / 1024 / 1024
		}
	}
	for _, p := range []string{"--max-old-space-size=", "--max_old_space_size="} {
		if rest, ok := strings.CutPrefix(arg, p); ok {
			n, _ := strconv.Atoi(rest)
			return n
		}
	}
	return 0
}
