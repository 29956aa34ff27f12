package facts

import (
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

const testGroup = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0123"

// balanced is a service with one target group and two tasks that run since ten minutes.
func balanced(targets ...evidence.RegisteredTarget) (*evidence.Store, evidence.Target) {
	now := time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)
	s := evidence.NewStore()
	put := func(k evidence.Key, v any) {
		s.Put(evidence.Item{Key: k, Found: true, Value: v, At: now, Call: "test"})
	}
	put(evidence.CallerKey().Key, evidence.Caller{Account: "111122223333", Region: "eu-west-1"})
	put(evidence.ServiceKey("shop", "web").Key, evidence.Service{Cluster: "shop", Name: "web", Status: "ACTIVE", Desired: 2, Running: 2, GracePeriodSeconds: 60,
		TargetGroups: []evidence.ServiceTargetGroup{{ARN: testGroup, Container: "web", ContainerPort: 8080}},
		Deployments:  []evidence.Deployment{{ID: "ecs-svc/1", Status: "PRIMARY", Desired: 2, Running: 2, RolloutState: "COMPLETED", TaskDefinition: "web:7"}}})
	put(evidence.StoppedTasksKey("shop", "web").Key, evidence.TaskList{})
	s.Put(evidence.Item{Key: evidence.ScalableTargetKey("shop", "web").Key, At: now}) // no auto scaling
	task := func(id, ip string, age time.Duration) evidence.Task {
		return evidence.Task{ID: id, PrivateIP: ip, LastStatus: "RUNNING", DesiredStatus: "RUNNING", TaskDefinition: "web:7", SubnetID: "subnet-1", StartedAt: evidence.When(now.Add(-age)), CreatedAt: evidence.When(now.Add(-age))}
	}
	put(evidence.RunningTasksKey("shop", "web").Key, evidence.TaskList{Tasks: []evidence.Task{task("t1", "10.0.0.1", 10*time.Minute), task("t2", "10.0.0.2", 30*time.Second)}})
	if targets != nil {
		put(evidence.TargetHealthKey(testGroup).Key, evidence.TargetHealth{Targets: targets})
	}
	return s, evidence.Target{Kind: evidence.TargetService, Cluster: "shop", Service: "web"}
}

func target(ip, state, reason string) evidence.RegisteredTarget {
	return evidence.RegisteredTarget{ID: ip, Port: 8080, State: state, Reason: reason}
}

func TestTargetsOfAService(t *testing.T) {
	for _, c := range []struct {
		name     string
		targets  []evidence.RegisteredTarget
		health   Health
		symptoms []string
		counts   [2]int // healthy of registered
	}{
		{"all healthy", []evidence.RegisteredTarget{target("10.0.0.1", "healthy", ""), target("10.0.0.2", "healthy", "")}, Healthy, nil, [2]int{2, 2}},
		{"still checking is no failure", []evidence.RegisteredTarget{target("10.0.0.1", "healthy", ""), target("10.0.0.2", "initial", "Elb.InitialHealthChecking")}, Healthy, nil, [2]int{1, 2}},
		{"leaving is no failure and does not count", []evidence.RegisteredTarget{target("10.0.0.1", "healthy", ""), target("10.0.0.2", "healthy", ""), target("10.0.0.9", "draining", "Target.DeregistrationInProgress")}, Healthy, nil, [2]int{2, 2}},
		{"unhealthy within the grace period", []evidence.RegisteredTarget{target("10.0.0.1", "healthy", ""), target("10.0.0.2", "unhealthy", "Target.Timeout")}, Healthy, nil, [2]int{1, 2}},
		{"another service's target", []evidence.RegisteredTarget{target("10.0.0.1", "healthy", ""), target("10.0.0.2", "healthy", ""), target("10.0.9.9", "unhealthy", "Target.Timeout")}, Healthy, nil, [2]int{2, 3}},
		{"one of two", []evidence.RegisteredTarget{target("10.0.0.1", "unhealthy", "Target.Timeout"), target("10.0.0.2", "healthy", "")}, Degraded, []string{"health/elb/timeout"}, [2]int{1, 2}},
		{"none healthy although all run", []evidence.RegisteredTarget{target("10.0.0.1", "unhealthy", "Target.ResponseCodeMismatch"), target("10.0.0.2", "initial", "Elb.InitialHealthChecking")}, Down, []string{"health/elb/code-mismatch"}, [2]int{0, 2}},
		{"an old task is missing, a young one may be", []evidence.RegisteredTarget{target("10.0.0.2", "healthy", "")}, Degraded, []string{"health/elb/not-registered"}, [2]int{1, 1}},
		{"a young task is missing", []evidence.RegisteredTarget{target("10.0.0.1", "healthy", "")}, Healthy, nil, [2]int{1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			store, of := balanced(c.targets...)
			s := Screen(evidence.NewView(store), of)
			var got []string
			for _, in := range s.Incidents {
				got = append(got, in.Symptom)
			}
			if len(got) != len(c.symptoms) || len(got) > 0 && got[0] != c.symptoms[0] {
				t.Errorf("symptoms %v, want %v", got, c.symptoms)
			}
			if s.Health != c.health {
				t.Errorf("health %s, want %s", s.Health, c.health)
			}
			if im := s.Impact; !im.TargetsKnown || im.TargetsHealthy != c.counts[0] || im.Targets != c.counts[1] || im.Failures != 0 {
				t.Errorf("impact %+v, want %d of %d targets healthy and no failed task", im, c.counts[0], c.counts[1])
			}
		})
	}
}

// Health of targets that could not be read is no health: the key stays missing, and nothing is counted.
func TestTargetHealthDenied(t *testing.T) {
	store, of := balanced()
	key := evidence.TargetHealthKey(testGroup).Key
	if s := Screen(evidence.NewView(store), of); len(s.Missing) != 1 || s.Missing[0] != key {
		t.Errorf("missing %v, want %s", s.Missing, key)
	}
	store.PutGap(evidence.Gap{Key: key, Reason: "AccessDenied"})
	if s := Screen(evidence.NewView(store), of); s.Impact.TargetsKnown || len(s.Incidents) != 0 {
		t.Errorf("impact %+v, incidents %v: nothing is known of the targets", s.Impact, s.Incidents)
	}
}

// A service whose targets are all healthy costs one call for each target group, and no more.
func TestHealthyTargetsCostOneRead(t *testing.T) {
	store, of := balanced(target("10.0.0.1", "healthy", ""), target("10.0.0.2", "healthy", ""))
	fresh := evidence.NewStore()
	for _, it := range store.Items() {
		if it.Key.Kind != evidence.KindRunningTasks {
			fresh.Put(it)
		}
	}
	if s := Screen(evidence.NewView(fresh), of); len(s.Missing) != 0 {
		t.Errorf("missing %v, want nothing", s.Missing)
	}
}

func TestWhereAProgramListens(t *testing.T) {
	for line, want := range map[string]struct {
		port  int
		local bool
	}{
		"Server listening on port 3000":                                           {3000, false},
		"[INFO] Listening at: http://127.0.0.1:8000 (7)":                          {8000, true},
		"INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)": {8000, false},
		" * Running on http://127.0.0.1:5000":                                     {5000, true},
		"Tomcat started on port(s): 8080 (http) with context path ''":             {8080, false},
		"Tomcat started on port 8080 (http)":                                      {8080, false},
		"started server on 0.0.0.0:3000, url: http://localhost:3000":              {3000, false},
		"* Listening on http://[::]:3000":                                         {3000, false},
		"Now listening on: http://localhost:5000":                                 {5000, true},
		"2026/11/20 09:30:01 listening on :8080":                                  {8080, false},
		"connecting to database on 10.0.3.4:5432":                                 {0, false},
		"listening for messages on queue orders":                                  {0, false},
		"2026-11-20 09:30:01 started":                                             {0, false},
		"dial tcp 127.0.0.1:5432: connect: connection refused, server not ready":  {0, false},
		`10.0.0.7 - "GET /ready HTTP/1.1" 404 running 127.0.0.1:8080`:             {0, false},
	} {
		port, local, ok := servesAt(line)
		if port != want.port || local != want.local && ok || ok != (want.port > 0) {
			t.Errorf("%q reads port %d, local %t, ok %t; want %+v", line, port, local, ok, want)
		}
	}
}

func TestShellSyntax(t *testing.T) {
	for _, c := range []struct {
		command []string
		want    bool
	}{
		{[]string{"CMD", "curl -f http://localhost/ || exit 1"}, true},
		{[]string{"CMD", "curl", "-f", "http://localhost/", "||", "exit", "1"}, true},
		{[]string{"CMD", "curl", "-f", "http://localhost/?a=1&b=2"}, false},
		{[]string{"CMD", "/bin/sh", "-c", "a || b"}, false},
		{[]string{"CMD-SHELL", "curl -f http://localhost/ || exit 1"}, false},
		{[]string{"CMD", "/healthcheck"}, false},
	} {
		if got := shellSyntax(c.command); got != c.want {
			t.Errorf("%q needs a shell: %t, want %t", c.command, got, c.want)
		}
	}
}

// A service without target groups has nothing wrong with any: what judges a launch alone says no, not unknown.
func TestNoTargetGroup(t *testing.T) {
	store, _ := balanced()
	store.Put(evidence.Item{Key: evidence.ServiceKey("shop", "batch").Key, Found: true, Value: evidence.Service{Cluster: "shop", Name: "batch", Desired: 1}, Call: "test"})
	in := Incident{Cluster: "shop", Service: "batch", Launch: Launch{TaskDefinition: "web:7", Subnet: "subnet-1"}}
	targetFact(evidence.NewView(store), &in)
	ingressFact(evidence.NewView(store), &in)
	listenerFact(evidence.NewView(store), &in)
	for name, c := range map[string]Check{"missing": in.Target.Missing, "type": in.Target.WrongType, "vpc": in.Target.OtherVPC, "port": in.Target.Undeclared,
		"group": in.Ingress.SecurityGroup, "acl": in.Ingress.Nacl, "listener": in.Listener.NotUsed} {
		if c.Basis.Unknown || c.Holds {
			t.Errorf("%s: %+v, want a plain no", name, c)
		}
	}
}
