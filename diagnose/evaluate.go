package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
)

// outcome is one playbook judged on one incident.
type outcome struct {
	pb      *Playbook
	in      *facts.Incident
	applies bool // its symptom fits, or could
	verdict Verdict
	steps   []Step
	by      string // for Refuted: the check that refuted it
	sibling bool   // for Refuted: by names a task that works, and is true
	why     string // for Changed: why
	changed evidence.Moment
	missing []evidence.Key // what would decide it
	truths  int            // checks that are true
	fault   string         // a check that failed to evaluate: a defect of the playbook
}

// scene is an incident ready to be judged by many playbooks.
type scene struct {
	in    *facts.Incident
	bases bases
	vars  cel.PartialActivation
	as    string
}

func newScene(as string, in *facts.Incident) (*scene, error) {
	b := indexBases(as, in)
	vars, err := cel.PartialVars(map[string]any{as: in}, b.patterns...)
	if err != nil {
		return nil, fmt.Errorf("preparing facts for CEL: %w", err)
	}
	return &scene{in: in, bases: b, vars: vars, as: as}, nil
}

// tri is a three-valued answer.
type tri int

const (
	no tri = iota
	yes
	unknown
)

func (t tri) String() string { return [...]string{"false", "true", "unknown"}[t] }

// value is the outcome of one expression.
type value struct {
	val     ref.Val
	unknown bool
	missing []evidence.Key
	why     []string // what no read can show
	err     error
}

func (s *scene) eval(e *expression) value {
	out, _, err := e.program.Eval(s.vars)
	if err != nil {
		return value{err: err}
	}
	u, isUnknown := out.(*types.Unknown)
	if !isUnknown {
		return value{val: out}
	}
	v := value{unknown: true}
	for _, id := range u.IDs() {
		trails, _ := u.GetAttributeTrails(id)
		for _, trail := range trails {
			b := s.bases.at(strings.TrimPrefix(strings.TrimPrefix(trail.String(), s.as), "."))
			if b == nil {
				continue
			}
			v.missing = append(v.missing, b.Missing...)
			if b.Why != "" && !slices.Contains(v.why, b.Why) {
				v.why = append(v.why, b.Why)
			}
		}
	}
	v.missing = evidence.SortKeys(v.missing)
	return v
}

// symptomFits compares the incident's symptom with the playbook's list. A message that nobody could classify is
// unknown, unless its layers already place it in another family.
func symptomFits(p *Playbook, in *facts.Incident) tri {
	if in.Kind == facts.KindForward {
		if foreseen(p, in.Message.Step) {
			return yes
		}
		return no
	}
	if in.Symptom != "" {
		if slices.Contains(p.Symptoms, in.Symptom) {
			return yes
		}
		return no
	}
	family := in.Message.Family
	if family == "" {
		return unknown
	}
	if slices.ContainsFunc(p.Symptoms, func(s string) bool { return strings.HasPrefix(s, family+"/") }) {
		return unknown
	}
	return no
}

// judge decides one playbook on one incident.
func (s *scene) judge(p *Playbook) outcome {
	o := outcome{pb: p, in: s.in, verdict: Refuted}
	fits := symptomFits(p, s.in)
	if fits == no {
		return o
	}
	o.applies = true
	checks, err := p.proof()
	if err != nil {
		o.fault = err.Error()
		return o
	}
	var undecided bool
	var missing []evidence.Key
	for i, check := range p.Checks {
		step, v := s.step(check, checks[i])
		o.steps = append(o.steps, step)
		switch {
		case v.err != nil:
			o.fault = fmt.Sprintf("playbook %s, check %q: %v", p.ID, check.Name, v.err)
			undecided = true
		case v.unknown:
			undecided = true
			missing = append(missing, v.missing...)
		case v.val == types.False:
			o.by = check.Name
			return o
		default:
			o.truths++
			o.noteChange(s, checks[i])
			missing = append(missing, s.wanted(checks[i])...)
		}
	}
	o.missing = missing
	switch {
	case undecided:
		o.verdict = NotClear
	case fits == unknown:
		o.verdict = NotClear
		o.steps = append(o.steps, Step{Check: "the message is one of this cause's", Verdict: unknown.String(), Missing: []string{"the message is not a known form"}})
	default:
		o.verdict = Confirmed
	}
	return o
}

// wanted are keys that a decided fact would still like to read, because they could show a change.
func (s *scene) wanted(e *expression) (out []evidence.Key) {
	for _, path := range e.paths {
		if b := s.bases.at(path); b != nil && !b.Unknown {
			out = append(out, b.Missing...)
		}
	}
	return out
}

func (o *outcome) noteChange(s *scene, e *expression) {
	for _, path := range e.paths {
		if b := s.bases.at(path); b != nil && b.Changed.Known && b.Changed.At.After(s.in.Last) {
			o.changed = b.Changed
			o.why = "what was read says that it changed at " + evidence.UTC(b.Changed.At) + ", after the last failure"
		}
	}
}

func (s *scene) step(c Check, e *expression) (Step, value) {
	v := s.eval(e)
	st := Step{Check: c.Name, Verdict: unknown.String(), Cites: s.cites(e)}
	switch {
	case v.err != nil:
		st.Missing = []string{"the check itself failed: " + v.err.Error()}
	case v.unknown:
		for _, k := range v.missing {
			st.Missing = append(st.Missing, k.String())
		}
		st.Missing = append(st.Missing, v.why...)
	case v.val == types.True:
		st.Verdict = yes.String()
	default:
		st.Verdict = no.String()
	}
	return st, v
}

// holds reports whether a condition is true; nil always is. missing are the keys that would decide it where it is unknown.
func (s *scene) holds(e *expression) (is bool, missing []evidence.Key) {
	if e == nil {
		return true, nil
	}
	v := s.eval(e)
	return v.err == nil && !v.unknown && v.val.Value() == true, v.missing
}

// cites are those of the deepest fact on each path that the expression reads, each once.
func (s *scene) cites(e *expression) (out []evidence.Cite) {
	for _, path := range e.paths {
		b := s.bases.at(path)
		if b == nil {
			continue
		}
		for _, c := range b.Cites {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}

// render fills a template. Unknown parts are collected as missing and shown by gap.
func (s *scene) render(t *template, gap func([]evidence.Key) string) (string, []evidence.Key) {
	var sb strings.Builder
	var missing []evidence.Key
	for _, part := range t.parts {
		if part.expr == nil {
			sb.WriteString(part.text)
			continue
		}
		v := s.eval(part.expr)
		switch {
		case v.err != nil:
			sb.WriteString("(" + v.err.Error() + ")")
		case v.unknown:
			missing = append(missing, v.missing...)
			sb.WriteString(gap(v.missing))
		default:
			sb.WriteString(words(v.val))
		}
	}
	return sb.String(), missing
}

// data gives the value of a template that is one expression, typed; else its text.
func (s *scene) data(t *template, gap func([]evidence.Key) string) (any, []evidence.Key) {
	if len(t.parts) == 1 && t.parts[0].expr != nil {
		v := s.eval(t.parts[0].expr)
		if v.err == nil && !v.unknown {
			return native(v.val), nil
		}
	}
	return s.render(t, gap)
}

func native(v ref.Val) any {
	switch v := v.(type) {
	case types.String:
		return string(v)
	case types.Int:
		return int64(v)
	case types.Double:
		return float64(v)
	case types.Bool:
		return bool(v)
	}
	switch x := v.Value().(type) {
	case []string:
		return x
	case []ref.Val:
		out := make([]any, len(x))
		for i := range x {
			out[i] = native(x[i])
		}
		return out
	default:
		return x
	}
}

// words writes a value into a sentence.
func words(v ref.Val) string {
	switch x := native(v).(type) {
	case string:
		return x
	case []string:
		return strings.Join(x, ", ")
	case time.Time:
		return evidence.UTC(x)
	default:
		return fmt.Sprint(x)
	}
}
