package lab

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func webName(w *World) string {
	return aws.ToString(w.elb.balancers[w.names["load-balancer:web"]].DNSName)
}

// TestALoadBalancerFailsOpen: while a target is healthy, only healthy ones are asked; when none is, all of them are, and visitors are served.
func TestALoadBalancerFailsOpen(t *testing.T) {
	w := New(Options{Seed: 8, Web: true})
	g := w.elb.targetGroups[w.names["target-group:web"]]
	served := func() map[string]bool {
		out := map[string]bool{}
		for range 8 {
			v, known := w.visit(webName(w), "/healthz")
			if !known || v.code != 200 {
				t.Errorf("a visitor gets %+v", v)
			}
			out[v.target] = true
		}
		return out
	}
	if n := len(served()); n != 2 {
		t.Errorf("two healthy targets: %d serve", n)
	}
	g.targets[0].state = elbtypes.TargetHealthStateEnumUnhealthy
	if by := served(); len(by) != 1 || !by[g.targets[1].ip] {
		t.Errorf("one healthy target: served by %v", by)
	}
	g.targets[1].state = elbtypes.TargetHealthStateEnumUnhealthy
	if n := len(served()); n != 2 {
		t.Errorf("no healthy target: %d serve, want both: it fails open", n)
	}
	g.targets[1].state = elbtypes.TargetHealthStateEnumDraining
	if by := served(); len(by) != 1 || !by[g.targets[0].ip] {
		t.Errorf("one unhealthy and one draining target: served by %v", by)
	}
	g.targets = nil
	if v, _ := w.visit(webName(w), "/healthz"); v.code != 503 {
		t.Errorf("no target: %+v", v)
	}
}

// rule answers requests that fit a condition with 410.
func ruleOn(field, value string) []Step {
	condition := map[string]any{"Field": field, "Values": []any{value}}
	if field == "source-ip" {
		condition = map[string]any{"Field": field, "SourceIpConfig": map[string]any{"Values": []any{value}}}
	}
	return []Step{{Service: "elasticloadbalancing", Operation: "CreateRule", Input: map[string]any{"ListenerArn": "${listener:web}", "Priority": 5, "Conditions": []any{condition},
		"Actions": []any{map[string]any{"Type": "fixed-response", "FixedResponseConfig": map[string]any{"StatusCode": "410"}}}}}}
}

// TestWhatVisitorsSee: each obstacle as a visitor meets it, through the running lab.
func TestWhatVisitorsSee(t *testing.T) {
	hold := Step{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "web", "healthCheckGracePeriodSeconds": 7200}}
	for _, c := range []struct {
		name  string
		steps []Step
		path  string
		want  int // 0 = no connection
	}{
		{"all is well", nil, "/healthz", 200},
		{"a page that is not there", nil, "/nothing", 404},
		{"a wrong health check path, for visitors all is well", []Step{{Service: "elasticloadbalancing", Operation: "ModifyTargetGroup", Input: map[string]any{"TargetGroupArn": "${target-group:web}", "HealthCheckPath": "/nothing"}}}, "/healthz", 200},
		{"a rule for another page", ruleOn("path-pattern", "/shut*"), "/healthz", 200},
		{"a rule for the page", ruleOn("path-pattern", "/health*"), "/healthz", 410},
		{"a rule for another host", ruleOn("host-header", "other.example"), "/healthz", 200},
		{"a rule on what the lab does not look at", ruleOn("source-ip", "0.0.0.0/0"), "/healthz", 200},
		{"the listener is gone", []Step{{Service: "elasticloadbalancing", Operation: "DeleteListener", Input: map[string]any{"ListenerArn": "${listener:web}"}}}, "/healthz", 0},
		{"the load balancer lets nobody in", []Step{{Service: "elasticloadbalancing", Operation: "SetSecurityGroups", Input: map[string]any{"LoadBalancerArn": "${load-balancer:web}", "SecurityGroups": []any{"${sg:orders}"}}}}, "/healthz", 0},
		{"the ACL keeps the load balancer from the tasks", []Step{{Service: "ec2", Operation: "CreateNetworkAclEntry", Input: map[string]any{"NetworkAclId": "${acl:private}", "RuleNumber": 50, "Protocol": "6", "RuleAction": "deny", "Egress": false,
			"CidrBlock": "10.0.0.0/23", "PortRange": map[string]any{"From": 8080, "To": 8080}}}}, "/healthz", 504},
	} {
		w := New(Options{Seed: 8, Web: true})
		apply(t, w, append([]Step{hold}, c.steps...))
		w.Advance(5 * time.Minute)
		got := func() (code int) {
			defer func() {
				if v := recover(); v != nil && v != http.ErrAbortHandler {
					panic(v)
				}
			}()
			rec := httptest.NewRecorder()
			(&Running{world: w}).Handler().ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "http://"+webName(w)+c.path, nil))
			return rec.Code
		}()
		if got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
