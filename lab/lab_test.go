package lab

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// started makes a scenario's account or ends the test.
func started(t *testing.T, name string, seed uint64) (*World, Scenario) {
	t.Helper()
	w, s, err := Start(name, Options{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return w, s
}

func apply(t *testing.T, w *World, steps []Step) {
	t.Helper()
	if err := w.Apply(steps); err != nil {
		t.Fatal(err)
	}
}

// failedTasks are the stopped tasks of a service that never ran.
func failedTasks(w *World, target string) []*task {
	var out []*task
	for _, t := range w.services[target].tasks {
		if t.StopCode == ecstypes.TaskStopCodeTaskFailedToStart {
			out = append(out, t)
		}
	}
	return out
}

// TestARefusalTakesSecondsATimeoutMinutes: what tells the two families apart before any text is read.
func TestARefusalTakesSecondsATimeoutMinutes(t *testing.T) {
	for _, c := range []struct {
		scenario string
		atLeast  time.Duration
		atMost   time.Duration
	}{
		{"no-way-out", 4 * time.Minute, 6 * time.Minute},
		{"no-door-for-logs", 4 * time.Minute, 6 * time.Minute},
		{"the-forgotten-gateway", 4 * time.Minute, 6 * time.Minute},
		{"wrong-hat", 0, 40 * time.Second},
		{"the-closed-safe", 0, 40 * time.Second},
		{"the-log-group-that-never-was", 0, 40 * time.Second},
		{"tag-you-are-not-it", 0, 40 * time.Second},
		{"full-house", 0, 40 * time.Second},
	} {
		w, s := started(t, c.scenario, 7)
		failed := failedTasks(w, s.Target)
		if len(failed) == 0 {
			t.Errorf("%s: no task failed to start", c.scenario)
		}
		for _, f := range failed {
			if d := f.StoppingAt.Sub(*f.CreatedAt); d < c.atLeast || d > c.atMost {
				t.Errorf("%s: the task gave up after %s, want %s to %s", c.scenario, d, c.atLeast, c.atMost)
			}
			if f.StartedAt != nil {
				t.Errorf("%s: a task that failed to start has a startedAt", c.scenario)
			}
		}
	}
}

// TestAFixTouchesNoTaskThatRuns: after the right fix every task that ran before still runs, the same ones.
func TestAFixTouchesNoTaskThatRuns(t *testing.T) {
	w, s := started(t, "full-house", 3)
	var before []string
	for _, x := range w.services[s.Target].live(nil) {
		if x.is("RUNNING") {
			before = append(before, x.id)
		}
	}
	if len(before) == 0 {
		t.Fatal("nothing ran before the fix")
	}
	apply(t, w, s.Alt[0])
	w.Advance(settle)
	for _, id := range before {
		if x := w.tasks[id]; x == nil || !x.is("RUNNING") {
			t.Errorf("task %s ran before the fix and does not after it", id)
		}
	}
}

// TestAFixShowsAtTheNextStart: giving a role its permission back does not help the task that was refused.
func TestAFixShowsAtTheNextStart(t *testing.T) {
	w, s := started(t, "wrong-hat", 1)
	refused := failedTasks(w, s.Target)
	apply(t, w, s.Solve)
	w.Advance(settle)
	for _, f := range refused {
		if f.StartedAt != nil {
			t.Errorf("task %s was refused and ran later", f.id)
		}
	}
	if err := w.Healed(s.Target, time.Minute); err != nil {
		t.Error(err)
	}
}

// TestFailedTasksGiveTheirAddressesBack: a service that fails for hours holds no more addresses than its tasks of now.
func TestFailedTasksGiveTheirAddressesBack(t *testing.T) {
	w, s := started(t, "wrong-hat", 2)
	w.Advance(3 * time.Hour)
	held := 0
	for _, n := range w.interfaces {
		if n.InterfaceType == "interface" {
			held++
		}
	}
	var alive int
	for _, x := range w.tasks {
		if x.eni != "" {
			alive++
		}
	}
	if held != alive {
		t.Errorf("%d interfaces for %d tasks that have one", held, alive)
	}
	for _, x := range failedTasks(w, s.Target) {
		if x.is("STOPPED") && x.eni != "" {
			t.Errorf("the stopped task %s holds %s", x.id, x.eni)
		}
	}
}

// TestStoppedTasksVanish: they can be described for an hour and not much longer.
func TestStoppedTasksVanish(t *testing.T) {
	w, s := started(t, "wrong-hat", 2)
	first := failedTasks(w, s.Target)[0]
	w.Advance(50 * time.Minute)
	if w.tasks[first.id] == nil {
		t.Error("the task cannot be described 50 minutes after it stopped")
	}
	w.Advance(30 * time.Minute)
	if w.tasks[first.id] != nil {
		t.Error("the task can still be described 80 minutes after it stopped")
	}
}

// TestStartBackoff: tasks that never ran come at growing distances up to 27 minutes; crashes after RUNNING do not wait; a new
// deployment starts at once.
func TestStartBackoff(t *testing.T) {
	w, s := started(t, "wrong-hat", 4)
	w.Advance(5 * time.Hour)
	last := time.Duration(0)
	var at time.Time
	for _, x := range w.services[s.Target].tasks {
		if !at.IsZero() && x.CreatedAt.Sub(at) > time.Minute {
			last = x.CreatedAt.Sub(at)
		}
		at = *x.CreatedAt
	}
	if last < 26*time.Minute || last > 29*time.Minute {
		t.Errorf("after hours the attempts are %s apart, want about 27 minutes", last)
	}
	began := w.now
	apply(t, w, []Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders", "forceNewDeployment": true}}})
	w.Advance(30 * time.Second)
	tasks := w.services[s.Target].tasks
	if newest := tasks[len(tasks)-1]; newest.CreatedAt.Before(began) {
		t.Error("a new deployment did not end the back-off")
	}
	w, s = started(t, "the-last-words", 4)
	w.Advance(time.Hour)
	if n := len(w.services[s.Target].tasks); n < 60 {
		t.Errorf("a crash loop of about half a minute made %d tasks in an hour; it is not meant to be throttled", n)
	}
	for _, e := range w.services[s.Target].events {
		if strings.Contains(*e.Message, "unable to consistently start") {
			t.Error("a crash loop after RUNNING said: " + *e.Message)
		}
	}
}

// TestCircuitBreaker: at three failed tasks it ends the rollout and goes back to the last completed one.
func TestCircuitBreaker(t *testing.T) {
	w := New(Options{Seed: 5})
	s, err := FindScenario("tag-you-are-not-it")
	if err != nil {
		t.Fatal(err)
	}
	apply(t, w, []Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders",
		"deploymentConfiguration": map[string]any{"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true}}}}})
	apply(t, w, s.Mutation)
	w.Advance(20 * time.Minute)
	svc := w.services["shop/orders"]
	if got := *svc.TaskDefinition; !strings.HasSuffix(got, "orders:2") {
		t.Errorf("after the rollback the service names %s", got)
	}
	if err := w.Healed("shop/orders", 10*time.Minute); err != nil {
		t.Error(err)
	}
	var said string
	for _, e := range svc.events {
		said += *e.Message + "\n"
	}
	for _, want := range []string{"deployment failed: tasks failed to start.", "rolling back to deployment ecs-svc/"} {
		if !strings.Contains(said, want) {
			t.Errorf("no event says %q:\n%s", want, said)
		}
	}
	if d := svc.history[0]; d.status != ecstypes.ServiceDeploymentStatusRollbackSuccessful || d.FailedTasks != 3 {
		t.Errorf("the service deployment is %s with %d failed tasks, want ROLLBACK_SUCCESSFUL with 3", d.status, d.FailedTasks)
	}
}

// TestSecretsAreFrozenAtStart: a rotation reaches no running container.
func TestSecretsAreFrozenAtStart(t *testing.T) {
	w := New(Options{Seed: 6})
	running := w.services["shop/orders"].live(nil)[0]
	apply(t, w, []Step{{Service: "secretsmanager", Operation: "PutSecretValue", Input: map[string]any{"SecretId": "${secret:db}", "SecretString": `{"password":"new"}`}}})
	if got := running.containers[0].env["DB_PASSWORD"]; got != "correct-horse" {
		t.Errorf("a running container has %q", got)
	}
	apply(t, w, []Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders", "forceNewDeployment": true}}})
	w.Advance(5 * time.Minute)
	if got := w.services["shop/orders"].live(nil)[0].containers[0].env["DB_PASSWORD"]; got != "new" {
		t.Errorf("a container of the next deployment has %q", got)
	}
}

// TestRunFollowsTheWallClock: the world moves by itself until the context ends, and then stands still.
func TestRunFollowsTheWallClock(t *testing.T) {
	w := New(Options{})
	began := w.Now()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { w.Run(ctx, 600); close(done) }()
	for w.Now().Sub(began) < time.Minute {
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
	if at := w.Now(); !w.Now().Equal(at) {
		t.Error("the clock moves after Run ended")
	}
}

// transcript is what a caller sees of the account.
func transcript(t interface{ Fatal(...any) }, w *World) string {
	c := wire.Client{Endpoint: "http://lab", Region: w.Region, HTTP: &http.Client{Transport: inProcess{w.Handler()}}}
	var out []any
	call := func(service, operation string, in map[string]any) map[string]any {
		got, err := c.Call(context.Background(), service, operation, in)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, got)
		return got
	}
	call("ecs", "DescribeServices", map[string]any{"cluster": "shop", "services": []any{"orders", "catalog"}})
	for _, status := range []string{"RUNNING", "STOPPED"} {
		list := call("ecs", "ListTasks", map[string]any{"cluster": "shop", "desiredStatus": status})
		if arns, _ := list["taskArns"].([]any); len(arns) > 0 {
			call("ecs", "DescribeTasks", map[string]any{"cluster": "shop", "tasks": arns[:min(len(arns), 100)]})
		}
	}
	call("ecs", "ListServiceDeployments", map[string]any{"cluster": "shop", "service": "orders"})
	text, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return w.Now().String() + "\n" + string(text)
}

// TestSameSeedSameCallsSameTranscript: any mixture of scenarios' steps and waiting gives the same answers twice.
func TestSameSeedSameCallsSameTranscript(t *testing.T) {
	all, err := Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		var lists [][]Step
		var waits []time.Duration
		for range rapid.IntRange(1, 4).Draw(rt, "lists") {
			s := rapid.SampledFrom(all).Draw(rt, "scenario")
			lists = append(lists, rapid.SampledFrom(append([][]Step{s.Mutation, s.Solve}, s.Cheat...)).Draw(rt, "steps"))
			waits = append(waits, time.Duration(rapid.IntRange(0, 40).Draw(rt, "minutes"))*time.Minute)
		}
		web := rapid.Bool().Draw(rt, "web")
		var seen [2]string
		for i := range seen {
			w := New(Options{Seed: seed, Web: web})
			for n, steps := range lists {
				if err := w.Apply(steps); err != nil {
					seen[i] += err.Error() + "\n" // a list may not fit the account it meets; the refusal must be the same too
				}
				w.Advance(waits[n])
			}
			seen[i] += transcript(rt, w)
		}
		if d := cmp.Diff(seen[0], seen[1]); d != "" {
			rt.Fatalf("two runs differ:\n%s", d)
		}
	})
}

// TestInjectedFaults: a denied action is refused in the service's own way and recorded; the rest works.
func TestInjectedFaults(t *testing.T) {
	w := New(Options{})
	c := wire.Client{Endpoint: "http://lab", Region: w.Region, HTTP: &http.Client{Transport: inProcess{w.Handler()}}}
	w.Deny("ecs:ListTasks", "ec2:*", "iam:GetRole")
	for _, x := range []struct{ service, operation, code string }{
		{"ecs", "ListTasks", "AccessDeniedException"}, {"ec2", "DescribeVpcs", "UnauthorizedOperation"}, {"iam", "GetRole", "AccessDenied"}, {"ecs", "ListClusters", ""},
	} {
		in := map[string]any{}
		if x.operation == "GetRole" {
			in["RoleName"] = "orders-task"
		}
		_, err := c.Call(context.Background(), x.service, x.operation, in)
		e, _ := err.(*wire.Error)
		if x.code == "" && err != nil || x.code != "" && (e == nil || e.Code != x.code) {
			t.Errorf("%s:%s: got %v, want %q", x.service, x.operation, err, x.code)
		}
		if e != nil && !strings.Contains(e.Message, "is not authorized to perform: "+x.service+":"+x.operation+" ") {
			t.Errorf("%s:%s: the message does not name the action: %s", x.service, x.operation, e.Message)
		}
	}
	w.Deny()
	w.Throttle("ecs:ListTasks", 1)
	if _, err := c.Call(context.Background(), "ecs", "ListTasks", map[string]any{"cluster": "shop"}); err == nil {
		t.Error("a throttled call was answered")
	}
	if _, err := c.Call(context.Background(), "ecs", "ListTasks", map[string]any{"cluster": "shop"}); err != nil {
		t.Errorf("the call after a throttled one: %v", err)
	}
	w.Mangle("ecs:ListTasks", true)
	if _, err := c.Call(context.Background(), "ecs", "ListTasks", map[string]any{"cluster": "shop"}); err == nil {
		t.Error("a mangled answer was read")
	}
	if got := len(w.Calls()); got != 7 {
		t.Errorf("%d calls recorded, want 7", got)
	}
}

// TestScenarioFilesAreStrict: a scenario that is not well formed says where and what.
func TestScenarioFilesAreStrict(t *testing.T) {
	good, err := scenarioFiles.ReadFile("scenarios/no-way-out/scenario.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"brief:", "breif:", `unknown field "breif"`},
		{"after: 8m", "after: soon", `after is "soon"`},
		{"target: shop/orders", "target: orders", `target is "orders"`},
		{"id: net.no-egress-route", `id: ""`, "answer.id is missing"},
	} {
		_, err := ParseScenario("x", []byte(strings.Replace(string(good), c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.new, err, c.want)
		}
	}
	w := New(Options{})
	for _, c := range []struct {
		step Step
		want string
	}{
		{Step{Service: "lab", Operation: "FailNatGatway"}, "the lab has no operation FailNatGatway; it has Advance"},
		{Step{Service: "lab", Operation: "SetVcpuQuota", Input: map[string]any{"Cout": 1}}, "there is no input Cout; SetVcpuQuota takes Count"},
		{Step{Service: "ec2", Operation: "DeleteRoute", Input: map[string]any{"RouteTableId": "${route-table:privat}"}}, "${route-table:privat}: the account has no route-table of that name"},
	} {
		if err := w.Apply([]Step{c.step}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

// TestRegistrationRefusesBadSizes: AWS's own words, before anything runs.
func TestRegistrationRefusesBadSizes(t *testing.T) {
	w := New(Options{})
	for _, c := range []struct{ cpu, memory, want string }{
		{"512", "512", "No Fargate configuration exists for given values: 512 CPU, 512 memory."},
		{"300", "512", "Invalid 'cpu' setting for task."},
		{".5 vCPU", "1 GB", ""},
		{"32768", "122880", ""},
		{"32768", "65536", "No Fargate configuration exists"},
	} {
		in := w.ordersDefinition("1.4.1")
		in.Cpu, in.Memory = aws.String(c.cpu), aws.String(c.memory)
		_, err := w.register(in)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s/%s: got %v, want %q", c.cpu, c.memory, err, c.want)
		}
	}
}
