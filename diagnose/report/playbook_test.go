package report

import (
	"bytes"
	"testing"

	"github.com/ecsplain/ecsplain/diagnose"
)

func TestPlaybook(t *testing.T) {
	b := &diagnose.Playbook{ID: "net.no-egress-route", Title: "The task's subnet has no way out", Case: "pending", Symptoms: []string{"stuck/pending"}, As: "incident",
		Checks: []diagnose.Check{{Name: "the route table leads nowhere", If: "incident.reach.no_route.blocks &&\n  incident.reach.blocked"}},
		Say:    "Route table ${incident.reach.no_route.resource} leads nowhere", Why: "Packets need a route.",
		Fix:    []diagnose.ActionSpec{{Say: "Add a route.", Calls: []diagnose.CallSpec{{Service: "ec2", Operation: "CreateRoute"}}}},
		Verify: "a task runs", Ask: []diagnose.Ask{{Question: "Why minutes?", Answer: "Nothing answers, so it times out"}}}
	var buf bytes.Buffer
	if err := Playbook(&buf, b, "no route at all, not a blackhole", TextOptions{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "playbook", buf.String())
}
