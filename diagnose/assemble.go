package diagnose

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
)

// report turns what was decided into what is shown.
func (e *Engine) report(store *evidence.Store, cases []*targetCase) Report {
	r := Report{Schema: Schema, Note: []string{}, Targets: []TargetReport{}, Gaps: store.Gaps()}
	caller, st := evidence.Read(evidence.NewView(store), evidence.CallerKey())
	if st == evidence.Found {
		r.Caller = caller
	}
	for _, it := range store.Items() {
		if it.At.After(r.At) {
			r.At = it.At
		}
	}
	for _, c := range cases {
		r.Targets = append(r.Targets, e.targetReport(store, c))
	}
	r.Shared = shared(r.Targets)
	return r
}

func (e *Engine) targetReport(store *evidence.Store, c *targetCase) TargetReport {
	s := c.screening
	t := TargetReport{Target: s.Target, Health: s.Health, Impact: s.Impact, Resolved: orEmpty(s.Resolved), StoodIn: s.StoodIn,
		Incidents: []IncidentInfo{}, RuledOut: []RuledOut{}, Undecided: []Undecided{}, Gaps: []evidence.Gap{}}
	for _, k := range evidence.SortKeys(slices.Clone(c.asked)) {
		if g, ok := store.Gap(k); ok {
			t.Gaps = append(t.Gaps, g)
		}
	}
	t.MayNeed = e.mayNeed(store, t.Gaps)
	findings := e.findings(store, c)
	findings = fold(findings)
	explained, via := explainedBy(c, findings)
	t.Untried = untried(c)
	if len(t.Untried) > 0 && alone(findings) {
		findings = nil
	}
	findings, past := bygone(findings, c)
	t.Findings, t.Undecided = settle(findings, c, explained)
	t.Past, _ = settle(past, c, explained)
	t.RuledOut = ruledOut(c, t.Findings)
	for i := range c.incidents {
		in := &c.incidents[i]
		if in.Kind == facts.KindForward {
			continue // no failure
		}
		seen, _ := in.Message.Seen()
		t.Incidents = append(t.Incidents, IncidentInfo{Kind: in.Kind, Symptom: in.Symptom, Message: in.Message.Said(), Seen: seen, Tasks: in.Tasks, Stuck: in.Stuck,
			Samples: orEmpty(in.Samples), First: in.First, Last: in.Last, Share: in.Share, Ongoing: in.Ongoing, Subnet: in.Launch.Subnet,
			Revision: in.Launch.TaskDefinition, ExplainedBy: explained[in], Via: via[in]})
	}
	return t
}

// bygone sets apart the causes that fit, but changed, of failures that were over before the ones began that go on now without any cause
// being confirmed: they answer a question of before.
func bygone(all []*draft, c *targetCase) (findings, past []*draft) {
	confirmed := slices.ContainsFunc(all, func(d *draft) bool { return d.Verdict == Confirmed && !d.pb.Consequence })
	var began time.Time
	for i := range c.incidents {
		in := &c.incidents[i]
		fits := func(d *draft) bool { return d.Verdict != NotClear && slices.Contains(d.incidents, in) }
		if in.Kind == facts.KindStopped && in.Ongoing && !slices.ContainsFunc(all, fits) && (began.IsZero() || in.First.Before(began)) {
			began = in.First
		}
	}
	if confirmed || began.IsZero() {
		return all, nil
	}
	for _, d := range all {
		over := d.Verdict == Changed && !slices.ContainsFunc(d.incidents, func(in *facts.Incident) bool { return !in.Last.Before(began) })
		if over {
			past = append(past, d)
		} else {
			findings = append(findings, d)
		}
	}
	return findings, past
}

// alone reports whether nothing is found but effects. Where the failures have no cause any more, an effect of theirs is no answer.
func alone(all []*draft) bool {
	return !slices.ContainsFunc(all, func(d *draft) bool { return !d.pb.Consequence })
}

// untried finds failed starts that nothing explains any more. Evidence is of now: where causes fitted the message and
// every one of them is ruled out, something may have been mended since, and until the next start nothing can show it.
func untried(c *targetCase) []string {
	out := []string{}
	for i := range c.incidents {
		in := &c.incidents[i]
		refuted, open := 0, 0
		for _, o := range c.outcomes {
			switch {
			case o.in != in:
			case o.verdict == Refuted:
				refuted++
			default:
				open++
			}
		}
		if in.Kind == facts.KindStopped && in.StopCode == "TaskFailedToStart" && refuted > 0 && open == 0 {
			out = append(out, "every known cause of "+affects(in)+" is ruled out as things are now, and no start has come to an end there since the last failure at "+evidence.UTC(in.Last))
		}
	}
	return out
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// draft is a finding with the incidents it came from.
type draft struct {
	Finding
	pb        *Playbook
	incidents []*facts.Incident
	truths    int
	folded    bool
	effects   []*draft // folded under it
}

// findings makes one draft for each cause and subject: incidents that share both merge.
func (e *Engine) findings(store *evidence.Store, c *targetCase) []*draft {
	var out []*draft
	index := map[string]*draft{}
	for i := range c.outcomes {
		o := &c.outcomes[i]
		if o.verdict == Refuted {
			continue
		}
		f, _ := e.say(c.scenes[i], o, store)
		key := f.ID + "\x00" + string(f.Verdict) + "\x00" + f.Subject.ID
		if o.verdict == NotClear {
			key = f.ID + "\x00" + string(f.Verdict)
		}
		if d := index[key]; d != nil {
			d.merge(f, o)
			continue
		}
		f.Consequence = o.pb.Consequence
		d := &draft{Finding: f, pb: o.pb, incidents: []*facts.Incident{o.in}, truths: o.truths}
		index[key] = d
		out = append(out, d)
	}
	return oneOfEach(out)
}

// oneOfEach takes a cause that was confirmed on a subject together with the same cause on the same subject that fits failures before a
// change: what still holds accounts for those too.
func oneOfEach(all []*draft) (out []*draft) {
	for _, d := range all {
		i := slices.IndexFunc(all, func(f *draft) bool { return f.Verdict == Confirmed && f.ID == d.ID && f.Subject.ID == d.Subject.ID })
		if d.Verdict != Changed || i < 0 {
			out = append(out, d)
			continue
		}
		all[i].incidents = append(all[i].incidents, d.incidents...)
		all[i].Tasks += d.Tasks
		for _, a := range d.Affects {
			if !slices.Contains(all[i].Affects, a) {
				all[i].Affects = append(all[i].Affects, a)
			}
		}
	}
	return out
}

func (d *draft) merge(f Finding, o *outcome) {
	d.incidents = append(d.incidents, o.in)
	d.Tasks += f.Tasks
	d.Share = min(1, d.Share+f.Share)
	d.truths = max(d.truths, o.truths)
	for _, a := range f.Affects {
		if !slices.Contains(d.Affects, a) {
			d.Affects = append(d.Affects, a)
		}
	}
}

// fold nests what a confirmed finding explains under it: F explains G if F is confirmed, lists G or G is a
// consequence. With several explainers G nests under the one with the larger share.
func fold(all []*draft) []*draft {
	rank(all)
	for _, g := range all {
		var best *draft
		for _, f := range all {
			if f == g || f.folded || f.Verdict != Confirmed || g.Verdict == NotClear {
				continue
			}
			if !slices.Contains(f.pb.Explains, g.ID) && !(g.pb.Consequence && !f.pb.Consequence) {
				continue
			}
			if best == nil || f.Share > best.Share {
				best = f
			}
		}
		if best != nil {
			g.folded = true
			best.Explained = append(best.Explained, g.Finding)
			best.effects = append(best.effects, g)
		}
	}
	all = slices.DeleteFunc(all, func(d *draft) bool { return d.folded })
	open := slices.ContainsFunc(all, func(d *draft) bool { return d.Verdict == NotClear })
	for _, d := range all {
		if d.pb.Consequence && d.Verdict == Confirmed && open {
			d.Verdict = NotClear // an effect whose cause may be among those that could not be judged
		}
	}
	return all
}

var verdictOrder = map[Verdict]int{Confirmed: 0, Changed: 1, NotClear: 2}

// last is 1 for what is always the effect of something else: alone it is worth a word, and never the answer.
func (d *draft) last() int {
	if d.pb.Consequence {
		return 1
	}
	return 0
}

// rank puts confirmed findings first, by the share of current failures they account for; then those that fit but
// changed; then the undecided ones by how much of their case is already true.
func rank(all []*draft) {
	slices.SortStableFunc(all, func(a, b *draft) int {
		return cmp.Or(cmp.Compare(a.last(), b.last()), cmp.Compare(verdictOrder[a.Verdict], verdictOrder[b.Verdict]), cmp.Compare(b.Share, a.Share),
			cmp.Compare(b.Tasks, a.Tasks), cmp.Compare(b.truths, a.truths), cmp.Compare(len(a.missingNames()), len(b.missingNames())), strings.Compare(a.ID, b.ID), strings.Compare(a.Subject.ID, b.Subject.ID))
	})
}

func (d *draft) missingNames() (out []string) {
	for _, s := range d.Steps {
		for _, m := range s.Missing {
			if !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	return out
}

// explainedBy tells which confirmed finding accounts for each incident, by itself or (via) by one that is folded under it.
func explainedBy(c *targetCase, findings []*draft) (by, via map[*facts.Incident]string) {
	by, via = map[*facts.Incident]string{}, map[*facts.Incident]string{}
	for i := range c.incidents {
		in := &c.incidents[i]
		for _, f := range findings {
			if f.Verdict == Confirmed && slices.Contains(f.incidents, in) {
				by[in] = f.ID
				break
			}
		}
		for _, f := range findings {
			if by[in] != "" || f.Verdict != Confirmed {
				continue
			}
			if e := f.effectOn(in); e != nil {
				by[in], via[in] = f.ID, e.ID
			}
		}
	}
	return by, via
}

// effectOn finds the draft folded under d, at any depth, that came from an incident.
func (d *draft) effectOn(in *facts.Incident) *draft {
	for _, e := range d.effects {
		if slices.Contains(e.incidents, in) {
			return e
		}
		if deeper := e.effectOn(in); deeper != nil {
			return deeper
		}
	}
	return nil
}

// settle keeps as findings what answers; an undecided cause of incidents that all have a confirmed one is only listed.
func settle(all []*draft, c *targetCase, explained map[*facts.Incident]string) (findings []Finding, open []Undecided) {
	findings, open = []Finding{}, []Undecided{}
	for _, d := range all {
		covered := len(d.incidents) > 0
		for _, in := range d.incidents {
			covered = covered && explained[in] != ""
		}
		if d.Verdict == NotClear && covered {
			open = append(open, Undecided{ID: d.ID, Missing: orEmpty(d.missingNames())})
			continue
		}
		f := d.Finding
		f.Affects, f.Steps, f.Path, f.Log, f.Mitigate, f.Fix, f.Explained, f.Docs = orEmpty(f.Affects), steps(f.Steps), orEmpty(f.Path), orEmpty(f.Log), actionsOf(f.Mitigate), actionsOf(f.Fix), orEmpty(f.Explained), orEmpty(f.Docs)
		findings = append(findings, f)
	}
	return findings, open
}

func steps(in []Step) []Step {
	for i := range in {
		in[i].Cites, in[i].Missing = orEmpty(in[i].Cites), orEmpty(in[i].Missing)
	}
	return orEmpty(in)
}

func actionsOf(in []Action) []Action {
	for i := range in {
		in[i].Calls = orEmpty(in[i].Calls)
	}
	return orEmpty(in)
}

// ruledOut lists each cause whose symptom fitted and which is no finding, once, with the check that refuted it, the nearest first: those
// of the answer's family, then those of which most checks held, then the ones made for the fewest symptoms.
func ruledOut(c *targetCase, findings []Finding) []RuledOut {
	out, near := []RuledOut{}, map[string]*outcome{}
	for i := range c.outcomes {
		o := &c.outcomes[i]
		if o.verdict != Refuted || slices.ContainsFunc(out, func(r RuledOut) bool { return r.ID == o.pb.ID }) ||
			slices.ContainsFunc(findings, func(f Finding) bool { return f.ID == o.pb.ID }) || symptomFits(o.pb, o.in) != yes {
			continue
		}
		r := RuledOut{ID: o.pb.ID, By: o.by, Says: "not so: " + o.by}
		if o.sibling {
			r.Says = o.by
		}
		out, near[o.pb.ID] = append(out, r), o
	}
	kin := func(id string) int { // 1 for a cause of the same family as the answer
		if len(findings) > 0 && familyOf(id) == familyOf(findings[0].ID) {
			return 1
		}
		return 0
	}
	slices.SortFunc(out, func(a, b RuledOut) int {
		x, y := near[a.ID], near[b.ID]
		return cmp.Or(cmp.Compare(kin(y.pb.ID), kin(x.pb.ID)), cmp.Compare(y.truths, x.truths), cmp.Compare(len(x.pb.Symptoms), len(y.pb.Symptoms)), strings.Compare(a.ID, b.ID))
	})
	return out
}

// familyOf is the part of a playbook's id before the dot.
func familyOf(id string) string {
	family, _, _ := strings.Cut(id, ".")
	return family
}

// shared folds the same cause with the same subject over several services into one.
func shared(targets []TargetReport) []Shared {
	out := []Shared{}
	for _, t := range targets {
		for _, f := range t.Findings {
			if f.Verdict != Confirmed {
				continue
			}
			i := slices.IndexFunc(out, func(s Shared) bool { return s.ID == f.ID && s.Subject.ID == f.Subject.ID })
			if i < 0 {
				out = append(out, Shared{ID: f.ID, Title: f.Title, Subject: f.Subject})
				i = len(out) - 1
			}
			if !slices.Contains(out[i].Services, t.Target.String()) {
				out[i].Services = append(out[i].Services, t.Target.String())
			}
		}
	}
	out = slices.DeleteFunc(out, func(s Shared) bool { return len(s.Services) < 2 })
	slices.SortStableFunc(out, func(a, b Shared) int { return cmp.Compare(len(b.Services), len(a.Services)) })
	return out
}
