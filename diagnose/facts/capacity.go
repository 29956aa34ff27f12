package facts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// fargate reports whether a launch type or capacity provider is Fargate's own.
func fargate(name string) bool { return name == "FARGATE" || name == "FARGATE_SPOT" }

// placementFact tells where the service sends its tasks. A service without launch type and strategy takes the
// cluster's default strategy; without that, EC2.
func placementFact(v *evidence.View, in *Incident) {
	w := v.Track()
	p := &in.Placement
	*p = Placement{}
	svcKey := evidence.ServiceKey(in.Cluster, in.Service)
	svc, st := evidence.Read(w, svcKey)
	if in.Service == "" || st != evidence.Found {
		p.Basis = w.Undecided("")
		return
	}
	launchType, strategy := svc.LaunchType, svc.Strategy
	if d, ok := primary(svc); ok && (d.LaunchType != "" || len(d.Strategy) > 0) {
		launchType, strategy = d.LaunchType, d.Strategy
	}
	p.Source = "service"
	if s, ok := nextSet(svc); ok && (s.LaunchType != "" || len(s.Strategy) > 0) {
		launchType, strategy, p.Source = s.LaunchType, s.Strategy, "task set "+s.ID
	} else if svc.DeploymentController == "EXTERNAL" {
		p.Basis = w.Undecided("an external controller decides where the tasks go, by a task set that is not there yet")
		return
	}
	w.Cite(svcKey.Key, "service "+svc.Name, "launchType, capacityProviderStrategy", strings.TrimSpace(launchType+" "+providers(strategy)))
	cluster, cst := evidence.Read(w, evidence.ClusterKey(in.Cluster))
	p.Instances = cluster.Instances
	if launchType == "" && len(strategy) == 0 {
		if cst != evidence.Found {
			p.Basis = w.Undecided("")
			return
		}
		strategy, p.Source = cluster.DefaultStrategy, "the cluster's default strategy"
		if len(strategy) == 0 {
			launchType = "EC2"
		}
	}
	p.Provider = launchType
	if launchType == "" {
		p.Provider = providers(strategy)
	}
	p.OnFargate = fargate(launchType) || len(strategy) > 0 && !slices.ContainsFunc(strategy, func(s evidence.StrategyItem) bool { return !fargate(s.Provider) })
	td, tst := evidence.Read(w, evidence.TaskDefinitionKey(in.Launch.TaskDefinition))
	if cst == evidence.Found {
		w.Cite(evidence.ClusterKey(in.Cluster).Key, "cluster "+in.Cluster, "registeredContainerInstancesCount", itoa(cluster.Instances))
	}
	if !p.OnFargate && (tst == evidence.Unread || tst == evidence.Gapped) {
		p.Basis = w.Undecided("")
		return
	}
	p.Compatible = slices.Contains(td.Compatibilities, "FARGATE")
	p.Basis = w.Decided()
}

func providers(s []evidence.StrategyItem) string {
	var out []string
	for _, i := range s {
		out = append(out, i.Provider)
	}
	return strings.Join(out, ", ")
}

// sizes is Fargate's table of task sizes in CPU units and MiB (AWS documentation: fargate-tasks-services, read 2026).
// The SDK's own comments stop at 16 vCPU; the table does not.
var sizes = []struct{ cpu, min, max, step int }{
	{256, 512, 2048, 0},
	{512, 1024, 4096, 1024},
	{1024, 2048, 8192, 1024},
	{2048, 4096, 16384, 1024},
	{4096, 8192, 30720, 1024},
	{8192, 16384, 61440, 4096},
	{16384, 32768, 122880, 8192},
	{32768, 61440, 249856, 0},
}

// validMemory lists the memory values in MiB that go with a CPU value; nil where the CPU value itself is unknown.
func validMemory(cpu int) []int {
	for _, s := range sizes {
		if s.cpu != cpu {
			continue
		}
		switch cpu {
		case 256:
			return []int{512, 1024, 2048}
		case 32768:
			return []int{61440, 122880, 249856}
		}
		var out []int
		for m := s.min; m <= s.max; m += s.step {
			out = append(out, m)
		}
		return out
	}
	return nil
}

// nextSize is the smallest size with more memory, on the same CPU where there is one.
func nextSize(cpu, memory int) (nextCPU, nextMemory int) {
	for _, s := range sizes {
		if s.cpu < cpu {
			continue
		}
		for _, m := range validMemory(s.cpu) {
			if m > memory {
				return s.cpu, m
			}
		}
	}
	return 0, 0
}

func sizeFact(v *evidence.View, in *Incident) {
	d := in.Definition
	if d.Basis.Unknown {
		in.Size = Size{Basis: d.Basis}
		return
	}
	cpu, errC := cpuUnits(d.CPU)
	memory, errM := memoryMiB(d.Memory)
	if errC != nil || errM != nil {
		in.Size = Size{Basis: v.Track().Undecided("the task definition names no task size")}
		return
	}
	valid := validMemory(cpu)
	s := Size{CPU: cpu, Memory: memory, Invalid: !slices.Contains(valid, memory), Basis: evidence.Basis{Cites: citeDefinition(v, in, "cpu, memory", d.CPU+", "+d.Memory)}}
	if len(valid) > 0 {
		s.Valid = fmt.Sprintf("%d to %d MiB", valid[0], valid[len(valid)-1])
	}
	s.NextCPU, s.Next = nextSize(cpu, memory)
	in.Size = s
}

// cpuUnits reads "512", "0.5 vCPU" or ".5 vcpu".
func cpuUnits(s string) (int, error) {
	low := strings.ToLower(strings.TrimSpace(s))
	if n, ok := strings.CutSuffix(low, "vcpu"); ok {
		f, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
		return int(f * 1024), err
	}
	return strconv.Atoi(low)
}

// memoryMiB reads "1024", "1 GB" or "0.5GB".
func memoryMiB(s string) (int, error) {
	low := strings.ToLower(strings.TrimSpace(s))
	if n, ok := strings.CutSuffix(low, "gb"); ok {
		f, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
		return int(f * 1024), err
	}
	return strconv.Atoi(low)
}
