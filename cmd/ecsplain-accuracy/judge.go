package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecsplain/ecsplain/collectors"
	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab"
	"github.com/ecsplain/ecsplain/lab/worlds"
)

// outcome is what came of one world.
type outcome struct {
	seed    uint64
	family  string // row of the table
	what    string // what was done
	symptom string // how the service is broken; "" = it is not
	err     error  // a defect of the generator or of the lab

	report     diagnose.TargetReport
	top1, top3 bool
	exact      bool     // the first finding is the playbook and subject that were expected
	undecided  bool     // nothing is confirmed
	wrong      []string // confirmed, and not a cause
	unseen     bool     // the account cannot see the cause, or not that it is the cause
	named      bool     // of unseen: nothing is confirmed, and the report names what the way vanishes at
	alarm      bool     // something is said to be wrong with a service that is well
	calls      int
	waves      int
	story      []string // what is in the world and what was done to it, for -one
}

// check draws a world, breaks it, diagnoses it, and judges the answer.
func check(o settings, seed uint64) outcome {
	out := outcome{seed: seed}
	c, err := worlds.Draw(worlds.Options{Seed: seed, Family: o.family, Services: o.services, Networks: o.networks})
	if err != nil {
		out.err = err
		return out
	}
	out.family, out.what = familyOf(c), describe(c)
	symptom, err := c.Broken(nil)
	if err != nil {
		out.err = err
		return out
	}
	if symptom != nil {
		out.symptom = symptom.Error()
	} else if len(c.Faults) > 0 {
		out.family = "harmless"
	}
	w, err := c.Start(nil)
	if err != nil {
		out.err = err
		return out
	}
	if o.expired {
		if out.err = w.Apply([]lab.Step{{Service: "lab", Operation: "ForgetStoppedTasks", Input: map[string]any{"Service": c.Target}}}); out.err != nil {
			return out
		}
	}
	denied := o.denied(seed)
	if len(denied) > 0 {
		w.Deny(wireNames(denied)...)
		out.what += " | denied " + strings.Join(denied, " ")
		if o.caller.name == "full" {
			out.family = "denied"
		}
	}
	if out.err = out.diagnose(o, w, c.Target); out.err != nil {
		return out
	}
	if o.fixed {
		out.err = out.afterFix(o, w, c)
		return out
	}
	out.judge(c, w)
	out.story = c.Story(w)
	return out
}

// denied draws which reads are refused: those of the caller, or a few for every eighth world of a full one.
func (o settings) denied(seed uint64) []string {
	if o.caller.name != "full" {
		return o.caller.lacks()
	}
	r := rand.New(rand.NewPCG(seed, 0x64656e69))
	if !o.oddDenials || r.IntN(8) > 0 {
		return nil
	}
	all := collectors.Actions()
	out := []string{}
	for range 1 + r.IntN(3) {
		if a := all[r.IntN(len(all))]; a != "sts:GetCallerIdentity" {
			out = append(out, a)
		}
	}
	return out
}

// familyOf is the row of the table that a case is counted in.
func familyOf(c *worlds.Case) string {
	switch {
	case len(c.Faults) == 0:
		return "none"
	case unseen(c):
		return "unseen"
	case len(c.Faults) == 1:
		return c.Faults[0].Family
	}
	return "two faults"
}

func describe(c *worlds.Case) string {
	var kinds []string
	for _, f := range c.Faults {
		kinds = append(kinds, f.Kind)
	}
	return c.Target + ": " + strings.Join(kinds, " + ")
}

// diagnose looks at the target with AWS's own clients; requests go straight to the account in this process.
func (out *outcome) diagnose(o settings, w *lab.World, target string) error {
	a := collectors.New(aws.Config{
		Region: w.Region, BaseEndpoint: aws.String("http://127.0.0.1"), HTTPClient: &http.Client{Transport: w.Transport()},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "lab", SecretAccessKey: "lab"}, nil
		}),
	}, collectors.Options{MaxAttempts: 2})
	cluster, service, _ := strings.Cut(target, "/")
	e := &diagnose.Engine{Playbooks: o.playbooks, Fetch: a.Fetch, Progress: func(wave int, _ []evidence.Key) { out.waves = wave }}
	r, err := e.Run(context.Background(), evidence.NewStore(), []evidence.Target{{Kind: evidence.TargetService, Cluster: cluster, Service: service}})
	if err != nil {
		return err
	}
	out.report, out.calls = r.Targets[0], a.Stats().Total
	return nil
}

// judge compares the findings with what was done to the world. A finding is right if it is an expected answer, if its subject is what was
// changed, or if its own fix heals a copy of the world that has no other fault.
func (out *outcome) judge(c *worlds.Case, w *lab.World) {
	findings := out.report.Findings
	broken := out.symptom != ""
	out.unseen = broken && unseen(c)
	if !broken {
		out.alarm = len(findings) > 0 || out.report.Health == facts.Down || out.report.Health == facts.Degraded
	}
	out.undecided = true
	for i, f := range findings {
		right, exact := false, false
		if broken {
			right, exact = rightFor(c, w, f)
		}
		switch {
		case i == 0:
			out.top1, out.top3, out.exact = right && f.Verdict == diagnose.Confirmed, right, exact && f.Verdict == diagnose.Confirmed
		case i < 3:
			out.top3 = out.top3 || right
		}
		if f.Verdict != diagnose.Confirmed || f.Consequence && !right {
			continue
		}
		out.undecided = false
		if !right {
			out.wrong = append(out.wrong, f.ID+" on "+f.Subject.ID)
		}
	}
	out.named = out.unseen && out.undecided && names(c, w, findings)
}

// unseen tells whether a fault of a case is one that the account cannot see, or not for sure.
func unseen(c *worlds.Case) bool {
	return slices.ContainsFunc(c.Faults, func(f worlds.Fault) bool { return len(f.Unseen) > 0 })
}

// names tells whether a finding says in what it lacks, on its path or in its own words at which of the places that count the way leaves what the account sees.
func names(c *worlds.Case, w *lab.World, findings []diagnose.Finding) bool {
	var said []string
	for _, f := range findings {
		said = append(said, f.Says, f.Subject.ID)
		for _, s := range f.Steps {
			said = append(said, s.Missing...)
		}
		for _, h := range f.Path {
			if h.State == network.HopUnknown {
				said = append(said, h.ID, h.Says)
			}
		}
	}
	all := strings.Join(said, "\n")
	for _, f := range c.Faults {
		for _, name := range f.Unseen {
			if id, err := w.Resolve(name); err == nil && strings.Contains(all, id) {
				return true
			}
		}
	}
	return false
}

// rightFor tells whether a finding names a cause, and whether it is one of the answers expected.
func rightFor(c *worlds.Case, w *lab.World, f diagnose.Finding) (right, exact bool) {
	for _, fault := range c.Faults {
		if fault.Hidden {
			continue
		}
		for _, a := range fault.Answers {
			if a.ID == f.ID && worlds.Means(w, a.Subject, f.Subject.ID) {
				return true, true
			}
		}
		if slices.ContainsFunc(fault.Subjects, func(s string) bool { return worlds.Means(w, s, f.Subject.ID) }) {
			right = true
		}
	}
	if right || len(f.Fix) == 0 || len(f.Fix[0].Calls) == 0 {
		return right, false
	}
	for i := range c.Faults {
		if c.Faults[i].Hidden {
			continue
		}
		if symptom, err := c.Broken([]int{i}); err == nil && symptom != nil && c.Heals([]int{i}, stepsOf(f.Fix[0].Calls)) {
			return true, false
		}
	}
	return false, false
}

// askAWS tells whether a fix is a request that people at AWS decide about.
func askAWS(calls []diagnose.Call) bool { return strings.Contains(calls[0].Service, "quotas") }

func stepsOf(calls []diagnose.Call) (out []lab.Step) {
	for _, c := range calls {
		out = append(out, lab.Step{Service: c.Service, Operation: c.Operation, Input: c.Input})
	}
	return out
}

// afterFix reverts the faults as the report says, and looks again: right away, and when the service had time to come back. Nothing may
// be confirmed against a service that is well.
func (out *outcome) afterFix(o settings, w *lab.World, c *worlds.Case) error {
	out.undecided = true
	if out.symptom == "" || len(c.Faults) != 1 || len(out.report.Findings) == 0 || out.report.Findings[0].Verdict != diagnose.Confirmed ||
		len(out.report.Findings[0].Fix) == 0 || len(out.report.Findings[0].Fix[0].Calls) == 0 || w.Healed(c.Target, 0) == nil || askAWS(out.report.Findings[0].Fix[0].Calls) {
		out.family = "no fix by calls"
		return nil
	}
	first := out.report.Findings[0]
	if err := w.Apply(c.Signed(stepsOf(first.Fix[0].Calls))); err != nil {
		out.wrong = append(out.wrong, fmt.Sprintf("the fix of %s cannot be applied: %v", first.ID, err))
		return nil
	}
	if !c.Heals(nil, stepsOf(first.Fix[0].Calls)) {
		out.wrong = append(out.wrong, "the fix of "+first.ID+" does not heal: "+first.Fix[0].Command)
		return nil
	}
	out.top1, out.top3, out.exact, out.undecided = true, true, true, false
	for _, wait := range []string{"1s", "50m"} {
		if err := w.Apply([]lab.Step{{Service: "lab", Operation: "Advance", Input: map[string]any{"For": wait}}}); err != nil {
			return err
		}
		if err := out.diagnose(o, w, c.Target); err != nil {
			return err
		}
		for _, f := range out.report.Findings {
			if f.Verdict == diagnose.Confirmed && !f.Consequence {
				out.wrong = append(out.wrong, fmt.Sprintf("%s after the fix, %s on %s", wait, f.ID, f.Subject.ID))
			}
		}
		if len(out.wrong) > 0 {
			return nil // the report that says so is the one to show
		}
	}
	return nil
}
