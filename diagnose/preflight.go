package diagnose

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
)

// PreflightSchema names the version of the JSON preflight; docs/preflight.schema.json describes it.
const PreflightSchema = "ecsplain.preflight/v1"

// Preflight answers whether the next task of a service would start.
type Preflight struct {
	Schema   string          `json:"schema"`
	At       time.Time       `json:"at"`
	Caller   evidence.Caller `json:"caller"`
	Note     []string        `json:"notes"`
	Target   evidence.Target `json:"target"`
	Revision string          `json:"revision"` // family:revision that was looked at
	Verdict  string          `json:"verdict"`  // true: nothing stands in the way; false: something will fail; unknown
	Lines    []PreflightLine `json:"lines"`    // in the order of a launch
	Findings []Finding       `json:"findings"` // what will fail, each cause once
	Gaps     []evidence.Gap  `json:"gaps"`
	Calls    Calls           `json:"calls"`
}

// PreflightLine is one question and its answer.
type PreflightLine struct {
	Asks    string          `json:"asks"` // true when nothing stands in the way
	Step    string          `json:"step"`
	Subnet  string          `json:"subnet"`
	Verdict string          `json:"verdict"` // true, false, unknown
	Says    string          `json:"says"`    // why not; "" where nothing stands in the way
	Causes  []string        `json:"causes"`  // ids of the causes that hold, or that could not be judged
	Cites   []evidence.Cite `json:"cites"`
	Missing []string        `json:"missing"` // what would decide it
	Checked int             `json:"checked"` // how many causes were looked at
}

// ExitCode is 0 when nothing stands in the way, 3 when something will fail, 4 when something could not be judged.
func (p Preflight) ExitCode() int {
	switch p.Verdict {
	case no.String():
		return 3
	case unknown.String():
		return 4
	}
	return 0
}

// foreseen reports whether a playbook speaks of a step of a launch that has not happened yet: it may be judged beforehand
// and one of its symptoms arises in that step.
func foreseen(p *Playbook, step string) bool {
	return (p.Preflight == nil || *p.Preflight) && !p.Consequence && slices.Contains(p.steps, step)
}

// Preflight judges the next start of a service. It reads what is missing in waves, as Run does.
func (e *Engine) Preflight(ctx context.Context, store *evidence.Store, t evidence.Target, revision string) (Preflight, error) {
	for wave := 1; ; wave++ {
		v := evidence.NewView(store)
		f := facts.Foresee(v, t, revision)
		c := &targetCase{screening: facts.Screening{Now: f.Now, Service: f.Service}}
		c.want(f.Missing)
		for _, s := range f.Steps {
			c.incidents = append(c.incidents, s.Incident)
		}
		if err := e.judgeAll(store, v, c); err != nil {
			return Preflight{}, err
		}
		need := unread(store, c.need)
		if len(need) == 0 || wave > maxWaves {
			return e.preflight(store, t, f, c)
		}
		if e.Progress != nil {
			e.Progress(wave, need)
		}
		e.Fetch(ctx, store, need)
		if err := e.ensureAnswered(store, need); err != nil {
			return Preflight{}, err
		}
	}
}

func (e *Engine) preflight(store *evidence.Store, t evidence.Target, f facts.Forward, c *targetCase) (Preflight, error) {
	if err := c.fault(); err != nil {
		return Preflight{}, err
	}
	r := e.report(store, []*targetCase{c})
	p := Preflight{Schema: PreflightSchema, At: r.At, Caller: r.Caller, Note: r.Note, Target: t, Revision: f.Revision, Verdict: yes.String(), Lines: []PreflightLine{}, Findings: []Finding{}, Gaps: r.Gaps}
	switch {
	case !f.Exists:
		return p, &TargetError{Text: t.String(), Message: "there is no such service"}
	case f.Unknown:
		return p, &TargetError{Text: f.Revision, Message: "there is no such task definition; the service is set to " + f.Service.TaskDefinition}
	}
	for _, finding := range r.Targets[0].Findings {
		if finding.Verdict == Confirmed || finding.Verdict == Changed {
			p.Findings = append(p.Findings, finding)
		}
	}
	for i := range c.incidents {
		line := e.line(store, f.Steps[i], c, &c.incidents[i])
		switch {
		case line.Checked == 0 && f.Steps[i].Open == "":
			continue // no cause known to this build lies there
		case line.Verdict == no.String():
			p.Verdict = no.String()
		case line.Verdict == unknown.String() && p.Verdict == yes.String():
			p.Verdict = unknown.String()
		}
		p.Lines = append(p.Lines, line)
	}
	if len(p.Lines) == 0 {
		p.Verdict = unknown.String()
	}
	return p, nil
}

const lineCites = 4

// line sums up what the playbooks of one step say.
func (e *Engine) line(store *evidence.Store, step facts.ForwardStep, c *targetCase, in *facts.Incident) PreflightLine {
	l := PreflightLine{Asks: step.Asks, Step: in.Message.Step, Subnet: in.Launch.Subnet, Verdict: yes.String(), Causes: []string{}, Cites: []evidence.Cite{}, Missing: []string{}}
	var held, open []outcome
	for i, o := range c.outcomes {
		if o.in != in {
			continue
		}
		l.Checked++
		switch o.verdict {
		case Confirmed, Changed:
			held = append(held, o)
			if l.Says == "" {
				f, _ := e.say(c.scenes[i], &o, store)
				l.Says = f.Says
			}
		case NotClear:
			open = append(open, o)
		}
	}
	decisive := held
	switch {
	case len(held) > 0:
		l.Verdict = no.String()
	case len(open) > 0:
		l.Verdict, decisive = unknown.String(), open
	default:
		decisive = nil
		for _, o := range c.outcomes {
			if o.in == in {
				decisive = append(decisive, o)
			}
		}
	}
	for _, o := range decisive {
		if l.Verdict != yes.String() {
			l.Causes = append(l.Causes, o.pb.ID)
		}
		for _, s := range o.steps {
			for _, m := range s.Missing {
				if !slices.Contains(l.Missing, m) {
					l.Missing = append(l.Missing, m)
				}
			}
			for _, cite := range s.Cites {
				if len(l.Cites) < lineCites && !slices.Contains(l.Cites, cite) {
					l.Cites = append(l.Cites, cite)
				}
			}
		}
	}
	switch {
	case step.Open != "" && l.Verdict != no.String():
		l.Verdict, l.Says, l.Missing = unknown.String(), step.Open, append(l.Missing, step.Open)
	case l.Verdict == unknown.String():
		l.Says = fmt.Sprintf("%d of %d known causes could not be judged: %s", len(open), l.Checked, strings.Join(l.Causes, ", "))
	}
	return l
}
