package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/lab"
)

// What lab up says to type works as it stands, whatever the scenario's target is: the first look with aws, and the diagnosis.
func TestWhatLabUpSaysToType(t *testing.T) {
	for target, scenario := range firstOfEachTarget(t) {
		t.Run(target, func(t *testing.T) {
			r, err := lab.StartRunning(scenario, lab.Options{}, lab.Injection{}, 0)
			if err != nil {
				t.Fatal(err)
			}
			url, stop, err := serve(r.Handler(), 0)
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
			t.Setenv("AWS_ENDPOINT_URL", url)
			t.Setenv("AWS_REGION", r.Status().Region)
			t.Setenv("AWS_ACCESS_KEY_ID", "lab")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "lab")
			var said bytes.Buffer
			(&app{stdout: &said, getenv: func(string) string { return "" }}).greet(url, r.Status())
			looks, diagnoses := 0, 0
			for line := range strings.Lines(said.String()) {
				line = strings.TrimSpace(line)
				switch {
				case strings.HasPrefix(line, "ecsplain diagnose "):
					diagnoses++
					if code, out, errs := typed(url, "", strings.Fields(line)[1:]...); code != exitConfirmed || !strings.Contains(out, "CAUSE") {
						t.Errorf("%s: exit %d\n%s%s", line, code, out, errs)
					}
				case strings.HasPrefix(line, "aws "):
					looks++
					if _, err := exec.LookPath("aws"); err != nil {
						continue
					}
					if code, out, errs := typed(url, "", "lab", "shell", "--", "sh", "-ec", line); code != 0 {
						t.Errorf("%s: exit %d\n%s%s", line, code, out, errs)
					}
				}
			}
			if looks != 1 || diagnoses != 1 {
				t.Errorf("%d looks and %d diagnoses in\n%s", looks, diagnoses, said.String())
			}
		})
	}
}

// firstOfEachTarget is one scenario with a cause for each way to write a target.
func firstOfEachTarget(t *testing.T) map[string]lab.Scenario {
	t.Helper()
	all, err := lab.Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]lab.Scenario{}
	for _, s := range all {
		flag := "service"
		if strings.HasPrefix(s.Target, "--") {
			flag, _, _ = strings.Cut(s.Target, " ")
		}
		if _, ok := out[flag]; !ok && s.Answer.ID != lab.NoFault {
			out[flag] = s
		}
	}
	if len(out) != 4 {
		t.Fatalf("targets of %d kinds, want service, --exec, --rule and --schedule", len(out))
	}
	return out
}
