package facts

import (
	"slices"
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

func exited(name string, code int, reason string) evidence.Container {
	return evidence.Container{Name: name, Exit: evidence.Exit{Known: true, Code: code}, Reason: reason}
}

// 137 is not out of memory by itself, 143 marks a victim, and what AWS injects is never to blame.
func TestFirstExit(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []evidence.Container
		want ExitFact
	}{
		{"the one that ended by itself", []evidence.Container{exited("app", 143, ""), exited("job", 1, "")}, ExitFact{Known: true, Code: 1, Container: "job"}},
		{"killed for memory", []evidence.Container{exited("app", 137, "OutOfMemoryError: Container killed due to memory usage"), exited("side", 1, "")},
			ExitFact{Known: true, Code: 137, Container: "app", Reason: "OutOfMemoryError: Container killed due to memory usage", OOM: true}},
		{"137 without a reason", []evidence.Container{exited("app", 137, "")}, ExitFact{Known: true, Code: 137, Container: "app"}},
		{"never ran", []evidence.Container{{Name: "app", Reason: "CannotPullContainerError: x"}}, ExitFact{Container: "app", Reason: "CannotPullContainerError: x"}},
		{"a sidecar of AWS's own", []evidence.Container{exited("aws-guardduty-agent-x", 1, ""), exited("app", 0, "")}, ExitFact{Known: true, Container: "app"}},
		{"none", nil, ExitFact{}},
	} {
		if got := firstExit(evidence.Task{Containers: c.in}); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

// Which stopped tasks of a service are failures.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		code, reason string
		containers   []evidence.Container
		bad          bool
		symptom      string
	}{
		{"UserInitiated", "Task stopped by user", nil, false, ""},
		{"SpotInterruption", "Your Spot Task was interrupted.", nil, false, ""},
		{"ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)", nil, false, ""},
		{"ServiceSchedulerInitiated", "Task failed container health checks", nil, true, "health/container/unhealthy"},
		{"EssentialContainerExited", "Essential container in task exited", []evidence.Container{exited("app", 0, "")}, true, "exit/0-essential"},
		{"EssentialContainerExited", "Essential container in task exited", []evidence.Container{exited("app", 1, "")}, true, "exit/1-application"},
		{"EssentialContainerExited", "Essential container in task exited", []evidence.Container{exited("app", 137, "")}, true, "exit/137-sigkill-after-stop"},
		{"EssentialContainerExited", "Essential container in task exited", []evidence.Container{exited("app", 137, "OutOfMemoryError: Container killed due to memory usage")}, true, "exit/137-oom-container"},
		{"TaskFailedToStart", "Something AWS never said before", nil, true, ""},
		{"SomethingNew", "ECS is performing maintenance on the underlying infrastructure hosting the task", nil, false, ""},
	} {
		f, bad := judge(evidence.Task{StopCode: c.code, StoppedReason: c.reason, Containers: c.containers, LastStatus: "STOPPED"})
		if bad != c.bad || bad && f.reading.Symptom != c.symptom {
			t.Errorf("%s %q: failed %v as %q; want %v as %q", c.code, c.reason, bad, f.reading.Symptom, c.bad, c.symptom)
		}
	}
}

func TestWaiting(t *testing.T) {
	now := time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)
	ago := func(d time.Duration) evidence.Moment { return evidence.When(now.Add(-d)) }
	for _, c := range []struct {
		name string
		task evidence.Task
		want string
	}{
		{"young", evidence.Task{LastStatus: "PENDING", CreatedAt: ago(time.Minute)}, ""},
		{"stuck", evidence.Task{LastStatus: "PENDING", CreatedAt: ago(3 * time.Minute)}, SymptomStuckPending},
		{"still pulling", evidence.Task{LastStatus: "PENDING", CreatedAt: ago(3 * time.Minute), PullStartedAt: ago(2 * time.Minute)}, ""},
		{"pulling for ever", evidence.Task{LastStatus: "PENDING", CreatedAt: ago(9 * time.Minute), PullStartedAt: ago(8 * time.Minute)}, SymptomStuckPending},
		{"no interface", evidence.Task{LastStatus: "PROVISIONING", CreatedAt: ago(5 * time.Minute)}, SymptomStuckProvisioning},
		{"running", evidence.Task{LastStatus: "RUNNING", CreatedAt: ago(time.Hour)}, ""},
	} {
		c.task.DesiredStatus = "RUNNING"
		if got, _ := waiting(c.task, now); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		cpu, memory int
		valid       bool
		nextCPU     int
		next        int
	}{
		{256, 512, true, 256, 1024}, {256, 2048, true, 512, 3072}, {256, 4096, false, 1024, 5120}, {512, 512, false, 512, 1024},
		{1024, 8192, true, 2048, 9216}, {4096, 30720, true, 8192, 32768}, {8192, 20480, true, 8192, 24576}, {8192, 18432, false, 8192, 20480},
		{16384, 122880, true, 32768, 249856}, {32768, 61440, true, 32768, 122880}, {32768, 65536, false, 32768, 122880}, {300, 512, false, 512, 1024},
	} {
		if got := slices.Contains(validMemory(c.cpu), c.memory); got != c.valid {
			t.Errorf("%d with %d: valid %v, want %v", c.cpu, c.memory, got, c.valid)
		}
		if cpu, m := nextSize(c.cpu, c.memory); cpu != c.nextCPU || m != c.next {
			t.Errorf("after %d with %d comes %d with %d, want %d with %d", c.cpu, c.memory, cpu, m, c.nextCPU, c.next)
		}
	}
	for text, want := range map[string]int{"512": 512, "0.5 vCPU": 512, ".25 vcpu": 256, "1 vCPU": 1024} {
		if got, err := cpuUnits(text); err != nil || got != want {
			t.Errorf("cpuUnits(%q) = %d, %v", text, got, err)
		}
	}
	for text, want := range map[string]int{"512": 512, "0.5GB": 512, "2 GB": 2048} {
		if got, err := memoryMiB(text); err != nil || got != want {
			t.Errorf("memoryMiB(%q) = %d, %v", text, got, err)
		}
	}
}

func TestSecretReferences(t *testing.T) {
	arn := "arn:aws:secretsmanager:eu-west-1:1:secret:shop/db-AbCdEf"
	for in, want := range map[string][2]string{arn: {arn, ""}, arn + ":password::": {arn, "password"}, "shop/db": {"shop/db", ""}} {
		if id, key := secretID(in), jsonKey(in); id != want[0] || key != want[1] {
			t.Errorf("%q: %q %q", in, id, key)
		}
	}
	for in, want := range map[string]string{"/shop/mode": "/shop/mode", "arn:aws:ssm:eu-west-1:1:parameter/shop/mode": "/shop/mode", "arn:aws:ssm:eu-west-1:1:parameter/mode": "mode"} {
		if got := parameterName(in); got != want {
			t.Errorf("parameterName(%q) = %q, want %q", in, got, want)
		}
	}
}

// A service that dies every two minutes reaches a steady state between two deaths; that ends nothing until the rhythm stops.
func TestSteadyStateDoesNotEndACrashLoop(t *testing.T) {
	start := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	svc := evidence.Service{Cluster: "c", Name: "s", Desired: 1, Running: 1, Deployments: []evidence.Deployment{{ID: "d", Status: "PRIMARY", Desired: 1, Running: 1, RolloutState: "COMPLETED"}},
		Events: []evidence.ServiceEvent{{At: start.Add(9 * time.Minute), Message: "(service s) has reached a steady state."}}}
	var dead []evidence.Task
	for i := range 5 {
		dead = append(dead, evidence.Task{ID: itoa(i), StartedBy: "d", StopCode: "EssentialContainerExited", StoppedReason: "Essential container in task exited", LastStatus: "STOPPED",
			Containers: []evidence.Container{exited("app", 1, "")}, CreatedAt: evidence.When(start), StoppedAt: evidence.When(start.Add(time.Duration(2*i) * time.Minute))})
	}
	for _, c := range []struct {
		at      time.Duration
		current bool
	}{{10 * time.Minute, true}, {30 * time.Minute, false}} {
		g := grouping{svc: svc, now: start.Add(c.at)}
		g.sortOut(dead)
		in, resolved := g.incidents()
		if (len(in) == 1) != c.current || (len(resolved) == 1) == c.current {
			t.Errorf("after %s: %d incidents, resolved %v", c.at, len(in), resolved)
		}
		if c.current && g.health(in, true) != Degraded {
			t.Errorf("after %s: health %s", c.at, g.health(in, true))
		}
	}
}
