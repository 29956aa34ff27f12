package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/report"
	"github.com/ecsplain/ecsplain/lab"
)

func scenarioReport(t *testing.T, name string) (diagnose.Report, string) {
	t.Helper()
	s, err := lab.FindScenario(name)
	if err != nil {
		t.Fatal(err)
	}
	r := reportOn(t, s)
	var text bytes.Buffer
	if err := report.Text(&text, r, report.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	return r, text.String()
}

// What must be there to type, and what must not stand in a report, by scenario.
func TestReportsGiveLinesToType(t *testing.T) {
	for _, c := range []struct {
		scenario string
		exit     int
		has      []string
		hasNot   []string
	}{
		{"last-orders", exitConfirmed, []string{"jq 'del(.Arn, .CreationDate, .LastModificationDate, .EndDate)' > schedule.json\n", "update-schedule --cli-input-json file://schedule.json --region eu-west-1\n", "The schedule has ended"}, []string{"no message", "EXPIRED"}},
		{"the-137-club", exitConfirmed, []string{"Do first Go back to orders:2, which ran before", ".memory = \"1024\"' > revision.json\n"}, nil},
		{"a-zone-is-full", exitConfirmed, []string{"\n     aws ecs update-service --cluster shop --service orders --network-configuration 'awsvpcConfiguration={subnets=["}, []string{"1 subnets"}},
		{"the-unlisted-number", exitConfirmed, []string{"targetgroup/web/fc2cf82ba9796a66\n"}, []string{"LISTENER --priority N"}},
		{"lights-out", exitConfirmed, []string{"with user agent"}, nil},
		{"full-house", exitConfirmed, []string{"1 ECS task.", "look that the others have addresses", "net.subnet-no-free-ips, of which it is the effect"}, []string{"nothing explains it yet", "1 ECS tasks"}},
	} {
		t.Run(c.scenario, func(t *testing.T) {
			r, text := scenarioReport(t, c.scenario)
			if got := r.ExitCode(); got != c.exit {
				t.Errorf("exit code %d, want %d", got, c.exit)
			}
			flat := strings.Join(strings.Fields(text), " ")
			for _, s := range c.has {
				if !strings.Contains(text, s) && !strings.Contains(flat, s) {
					t.Errorf("lacks %q:\n%s", s, text)
				}
			}
			for _, s := range c.hasNot {
				if strings.Contains(flat, s) {
					t.Errorf("says %q:\n%s", s, text)
				}
			}
		})
	}
}
