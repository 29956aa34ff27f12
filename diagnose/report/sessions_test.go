package report

import (
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
)

// A service that runs well and in which no session opens is not called degraded, and no time is told of which nothing is known.
func TestSessionsAreNotTheService(t *testing.T) {
	sick := func(running int, kinds ...string) string {
		r := diagnose.TargetReport{Target: service("orders"), Health: facts.Degraded, Impact: facts.Impact{Desired: 2, Running: running, NewRevision: "orders:7", Status: "ACTIVE", Rollout: "COMPLETED"}}
		for _, k := range kinds {
			r.Incidents = append(r.Incidents, diagnose.IncidentInfo{Kind: k, Symptom: "exec/not-enabled", Message: "(no message)", Ongoing: true})
		}
		return text(t, reportOn(r), TextOptions{})
	}
	if s := sick(2, facts.KindExec, facts.KindExec); strings.Contains(s, "DEGRADED") || !strings.Contains(s, "orders runs well; sessions (ECS Exec) DO NOT OPEN in it.") || strings.Contains(s, "Since") {
		t.Errorf("only sessions are wrong:\n%s", s)
	}
	for _, s := range []string{sick(1, facts.KindExec), sick(2, facts.KindExec, facts.KindUnhealthy)} {
		if !strings.Contains(s, "DEGRADED") || strings.Contains(s, "runs well") || !strings.Contains(s, "Since") {
			t.Errorf("more is wrong than sessions:\n%s", s)
		}
	}
}
