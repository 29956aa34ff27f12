package lab

import (
	"encoding/json"
	"flag"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

var (
	seeds  = flag.Uint64("seeds", 3, "how many accounts each scenario is tried on")
	useAWS = flag.String("aws", "", "type the calls of every scenario with the aws command line too: solve, or all for alt and cheat beside it")
)

// TestScenariosByCommandLine: what solves a scenario in process solves it typed, and what does not does not: each call of solve, alt and cheat
// as `aws SERVICE OPERATION --cli-input-json`, on one seed.
func TestScenariosByCommandLine(t *testing.T) {
	if *useAWS == "" {
		t.Skip("make test-scenarios runs this: a process for each call takes minutes")
	}
	if _, err := exec.LookPath("aws"); err != nil {
		t.Fatal("-aws was asked for and the aws command line is not on PATH; install awscli")
	}
	all, err := Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			if len(s.Solve) > 0 {
				s.typed(t, "solve", s.Solve, true)
			}
			if *useAWS != "all" {
				return
			}
			for i, steps := range s.Alt {
				s.typed(t, fmt.Sprintf("alt %d", i+1), steps, true)
			}
			for i, steps := range s.Cheat {
				s.typed(t, fmt.Sprintf("cheat %d", i+1), steps, false)
			}
		})
	}
}

// typed starts the scenario, types steps, and looks whether the target is healed afterwards.
func (s Scenario) typed(t *testing.T, what string, steps []Step, heals bool) {
	t.Helper()
	w, err := s.Start(Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	c := newCommandLine(t, w)
	kept := map[string]any{}
	for i, step := range steps {
		if err := c.do(step, kept); err != nil {
			t.Errorf("%s: step %d, %s:%s: %v", what, i+1, step.Service, step.Operation, err)
			return
		}
	}
	w.Advance(settle)
	if err := w.Healed(s.Target, healthyFor); (err == nil) != heals {
		t.Errorf("%s, typed: heals %t, want %t: %v%s", what, err == nil, heals, err, story(w, s.Target))
	}
}

// do types one step, keeping its answer where the step says so.
func (c commandLine) do(step Step, kept map[string]any) error {
	in, err := c.w.fill(step.Input, kept)
	if err != nil {
		return err
	}
	if step.Service == "lab" {
		input, _ := in.(map[string]any)
		return c.w.labOperation(step.Operation, input)
	}
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	args := []string{cliName(step.Service), kebab(step.Operation)}
	if in != nil {
		args = append(args, "--cli-input-json", string(text))
	}
	stdout, stderr, ok := c.words(args)
	if !ok {
		return fmt.Errorf("aws %s: %s", strings.Join(args, " "), stderr)
	}
	if step.As != "" {
		var out map[string]any
		if err := json.Unmarshal([]byte(stdout), &out); err != nil {
			return fmt.Errorf("the answer is no JSON: %w: %.200s", err, stdout)
		}
		kept[step.As] = out
	}
	return nil
}
