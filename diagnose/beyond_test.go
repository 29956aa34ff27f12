package diagnose_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/lab"
)

// retire makes the service start anew, and lets the failures show.
var retire = []lab.Step{{Service: "lab", Operation: "RetireTasks", Input: map[string]any{"Service": "shop/orders"}}, {Service: "lab", Operation: "Advance", Input: map[string]any{"For": "15m"}}}

// What another account does behind a transit gateway cannot be seen: nothing is confirmed, and what stays open names the hop.
func TestBeyondTheTransitGatewayIsUndecided(t *testing.T) {
	pbs := load(t)
	for _, hub := range []map[string]any{{"Internet": "false"}, {"Returns": "false"}} {
		w := lab.New(lab.Options{Seed: 1, Hub: true})
		if err := w.Apply(append([]lab.Step{{Service: "lab", Operation: "SetHub", Input: hub}}, retire...)); err != nil {
			t.Fatal(err)
		}
		gateway, err := w.Resolve("${tgw:company}")
		if err != nil {
			t.Fatal(err)
		}
		r := look(t, context.Background(), pbs, serve(t, w), "shop/orders")
		if r.Health == facts.Healthy || len(r.Findings) == 0 {
			t.Fatalf("%v: want an open question, got\n%s", hub, summary(r))
		}
		named := false
		for _, f := range r.Findings {
			if f.Verdict == diagnose.Confirmed {
				t.Errorf("%v: %s is confirmed, and nobody can know\n%s", hub, f.ID, summary(r))
			}
			for _, s := range f.Steps {
				named = named || slices.ContainsFunc(s.Missing, func(m string) bool { return strings.Contains(m, gateway) })
			}
		}
		if !named {
			t.Errorf("%v: nothing names %s\n%s", hub, gateway, summary(r))
		}
	}
}

// A firewall that drops by name lets the TCP connection be made: the words are those of the TLS handshake at whatever step.
func TestAFirewallThatKnowsNoNameOfECR(t *testing.T) {
	pbs := load(t)
	for _, allowed := range [][]any{{"api.payments.example"}, {"api.ecr.eu-west-1.amazonaws.com", "secretsmanager.eu-west-1.amazonaws.com"}, {"api.ecr.eu-west-1.amazonaws.com"},
		{"api.ecr.eu-west-1.amazonaws.com", "secretsmanager.eu-west-1.amazonaws.com", "logs.eu-west-1.amazonaws.com"}} {
		w := lab.New(lab.Options{Seed: 1, Inspected: true})
		steps := []lab.Step{
			{Service: "network-firewall", Operation: "DescribeRuleGroup", Input: map[string]any{"RuleGroupName": "allowed-names", "Type": "STATEFUL"}, As: "g"},
			{Service: "network-firewall", Operation: "UpdateRuleGroup", Input: map[string]any{"RuleGroupName": "allowed-names", "Type": "STATEFUL", "UpdateToken": "${g.UpdateToken}", "RuleGroup": map[string]any{
				"RulesSource": map[string]any{"RulesSourceList": map[string]any{"GeneratedRulesType": "ALLOWLIST", "TargetTypes": []any{"TLS_SNI"}, "Targets": allowed}}}}},
		}
		if err := w.Apply(append(steps, retire...)); err != nil {
			t.Fatal(err)
		}
		w.Advance(time.Minute)
		r := look(t, context.Background(), pbs, serve(t, w), "shop/orders")
		if len(r.Findings) == 0 || r.Findings[0].ID != "net.network-firewall" || r.Findings[0].Verdict != diagnose.Confirmed {
			t.Errorf("%v: want net.network-firewall, got\n%s", allowed, summary(r))
		}
	}
}
