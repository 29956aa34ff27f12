package lab

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// tryExec is the code with which ExecuteCommand refuses a session in the nth live task of orders, "" when it opens one.
func tryExec(t *testing.T, w *World, n int) string {
	t.Helper()
	id := w.services["shop/orders"].live(nil)[n].id
	out, err := w.executeCommand(nil, &ecs.ExecuteCommandInput{Cluster: aws.String("shop"), Task: &id, Command: aws.String("/bin/sh"), Interactive: true})
	var refused *wire.Error
	switch {
	case errors.As(err, &refused):
		return refused.Code
	case err != nil:
		t.Fatal(err)
	case aws.ToString(out.Session.SessionId) == "" || aws.ToString(out.Session.StreamUrl) == "" || aws.ToString(out.ContainerName) != "orders":
		t.Fatalf("%+v is no session", out)
	}
	return ""
}

func mustApply(t *testing.T, w *World, steps ...Step) {
	t.Helper()
	if err := w.Apply(steps); err != nil {
		t.Fatal(err)
	}
}

func setExec(on bool) Step {
	return Step{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders", "enableExecuteCommand": on}}
}

func TestTheAgentComesWithTheStart(t *testing.T) {
	w := New(Options{})
	w.roles["orders-task"].inline["sessions"] = sessionPolicy
	before := len(w.services["shop/orders"].history)
	mustApply(t, w, setExec(true))
	w.Advance(10 * time.Minute)
	if n := len(w.services["shop/orders"].history); n != before {
		t.Errorf("the setting started %d deployments", n-before)
	}
	if code := tryExec(t, w, 0); code != "InvalidParameterException" {
		t.Errorf("a task that is older than the setting: %q", code)
	}
	mustApply(t, w, Step{Service: "ecs", Operation: "StopTask", Input: map[string]any{"cluster": "shop", "task": w.services["shop/orders"].live(nil)[0].id}})
	w.Advance(5 * time.Minute)
	if code := tryExec(t, w, 0); code != "InvalidParameterException" {
		t.Errorf("the older task: %q", code)
	}
	if code := tryExec(t, w, 1); code != "" {
		t.Errorf("the task that replaced another of the same deployment: %q", code)
	}
	young := w.services["shop/orders"].live(nil)[1]
	if a := young.Containers[0].ManagedAgents; len(a) != 1 || *a[0].LastStatus != "RUNNING" || a[0].LastStartedAt == nil {
		t.Errorf("managedAgents are %+v", a)
	}
}

func TestExecNeedsATaskRole(t *testing.T) {
	w := New(Options{})
	d := w.ordersDefinition("1.4.1")
	d.TaskRoleArn = nil
	if _, err := w.register(d); err != nil {
		t.Fatal(err)
	}
	steps := []Step{
		{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders", "taskDefinition": "orders:3", "enableExecuteCommand": true}},
		{Service: "ecs", Operation: "RunTask", Input: map[string]any{"cluster": "shop", "taskDefinition": "orders:3", "enableExecuteCommand": true, "launchType": "FARGATE",
			"networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []any{"${subnet:private-a}"}}}}},
	}
	for _, s := range steps {
		var refused *wire.Error
		if err := w.Apply([]Step{s}); !errors.As(err, &refused) || refused.Code != "InvalidParameterException" {
			t.Errorf("%s: %v", s.Operation, err)
		}
	}
	mustApply(t, w, setExec(true), Step{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders", "taskDefinition": "orders:3"}})
}

func TestTheChannelFollowsPolicyAndWay(t *testing.T) {
	w := New(Options{Endpoints: true, Sessions: true})
	if code := tryExec(t, w, 0); code != "" {
		t.Fatalf("in the beginning: %q", code)
	}
	delete(w.roles["orders-task"].inline, "sessions")
	w.Advance(2 * time.Minute)
	if code := tryExec(t, w, 0); code != "TargetNotConnectedException" {
		t.Errorf("without the policy: %q", code)
	}
	w.roles["orders-task"].inline["sessions"] = sessionPolicy
	w.Advance(2 * time.Minute)
	if code := tryExec(t, w, 0); code != "" {
		t.Errorf("with the policy again: %q", code)
	}
	w.groups[w.names["sg:sessions"]].IpPermissions = nil
	w.Advance(2 * time.Minute)
	if code := tryExec(t, w, 0); code != "TargetNotConnectedException" {
		t.Errorf("with the endpoint closed: %q", code)
	}
	if s := w.services["shop/orders"].live(nil)[0].Containers[0].ManagedAgents[0]; *s.LastStatus != "RUNNING" {
		t.Errorf("the agent is %s; it runs without a channel", *s.LastStatus)
	}
	if _, err := w.executeCommand(nil, &ecs.ExecuteCommandInput{Cluster: aws.String("shop"), Task: aws.String("none"), Command: aws.String("/bin/sh"), Interactive: true}); err == nil {
		t.Error("a task that is not there has a session")
	}
}

// proxied is what a task of checkout hears of prices.
func proxied(t *testing.T, w *World) string {
	t.Helper()
	c := w.services["shop/checkout"].live(nil)[0].containers[0]
	return c.unanswered
}

func TestProxiesAnswerLikeEnvoy(t *testing.T) {
	for _, x := range []struct {
		what, want string
		do         func(*World)
	}{
		{"nothing", "", func(*World) {}},
		{"nobody runs", "no healthy upstream", func(w *World) {
			mustApply(t, w, Step{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "prices", "desiredCount": 0}})
		}},
		{"all are unhealthy", "no healthy upstream", func(w *World) {
			for _, p := range w.services["shop/prices"].live(nil) {
				p.Containers[0].HealthStatus = ecstypes.HealthStatusUnhealthy
			}
		}},
		{"closed", "reset reason: connection timeout", func(w *World) { w.groups[w.names["sg:prices"]].IpPermissions = nil }},
		{"slow", "upstream request timeout", func(w *World) {
			for _, p := range w.services["shop/prices"].live(nil) {
				slow := *p.containers[0].image
				slow.App.Answers = 20 * time.Second
				p.containers[0].image = &slow
			}
		}},
		{"bytes", "EOF", func(w *World) {
			w.services["shop/prices"].DesiredCount = 0
			d := w.services["shop/checkout"].primary()
			known := d.connection.known["prices:9090"]
			known.http = false
			d.connection.known["prices:9090"] = known
			w.reconcile(w.services["shop/prices"])
		}},
	} {
		w := New(Options{Connect: true})
		x.do(w)
		w.Advance(2 * time.Minute)
		got := proxied(t, w)
		if (x.want == "") != (got == "") || !strings.Contains(got, x.want) {
			t.Errorf("%s: %q, want %q", x.what, got, x.want)
		}
	}
}

func TestDiscoveredNames(t *testing.T) {
	w := New(Options{Connect: true})
	from := w.interfaces[w.services["shop/checkout"].live(nil)[0].eni]
	if r := w.reach(from, "stock.shop.internal", 9191); !r.OK {
		t.Fatalf("%+v", r)
	}
	if r := w.reach(from, "nobody.shop.internal", 9191); r.Failure != "dns" {
		t.Errorf("a name that is not there: %+v", r)
	}
	mustApply(t, w, Step{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "stock", "desiredCount": 0}})
	w.Advance(3 * time.Minute)
	if r := w.reach(from, "stock.shop.internal", 9191); r.Failure != "dns" {
		t.Errorf("a name without instances: %+v", r)
	}
}

func TestServiceConnectIsChecked(t *testing.T) {
	w := New(Options{Connect: true})
	update := func(in map[string]any) string {
		in["cluster"], in["service"] = "shop", "prices"
		var refused *wire.Error
		if errors.As(w.Apply([]Step{{Service: "ecs", Operation: "UpdateService", Input: in}}), &refused) {
			return refused.Code
		}
		return ""
	}
	port := func(name string) []any { return []any{map[string]any{"portName": name}} }
	for _, x := range []struct {
		in   map[string]any
		want string
	}{
		{map[string]any{"serviceConnectConfiguration": map[string]any{"enabled": true, "namespace": "nowhere"}}, "NamespaceNotFoundException"},
		{map[string]any{"serviceConnectConfiguration": map[string]any{"enabled": true}}, "NamespaceNotFoundException"},
		{map[string]any{"serviceConnectConfiguration": map[string]any{"enabled": true, "namespace": "shop", "services": port("grpc")}}, "InvalidParameterException"},
		{map[string]any{"taskDefinition": "checkout:1"}, "InvalidParameterException"},
		{map[string]any{"serviceConnectConfiguration": map[string]any{"enabled": true, "namespace": "shop", "services": port("http")}}, ""},
	} {
		if got := update(x.in); got != x.want {
			t.Errorf("%v: %q, want %q", x.in, got, x.want)
		}
	}
	mustApply(t, w, Step{Service: "ecs", Operation: "UpdateCluster", Input: map[string]any{"cluster": "shop", "serviceConnectDefaults": map[string]any{"namespace": "shop"}}})
	if got := update(map[string]any{"serviceConnectConfiguration": map[string]any{"enabled": true, "services": port("http")}}); got != "" {
		t.Errorf("with the cluster's default namespace: %q", got)
	}
	if err := w.Apply([]Step{{Service: "servicediscovery", Operation: "DeleteNamespace", Input: map[string]any{"Id": "${namespace:shop}"}}}); err == nil {
		t.Error("a namespace with services in it was deleted")
	}
}
