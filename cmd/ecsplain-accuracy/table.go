package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose"
)

// row counts the worlds of one family.
type row struct {
	worlds, top1, exact, top3, undecided, named, wrong, alarms, calls, waves, defects int
}

func (r *row) add(o outcome) {
	if o.err != nil {
		r.defects++
		return
	}
	r.worlds++
	r.calls, r.waves = r.calls+o.calls, r.waves+o.waves
	for _, c := range []struct {
		is bool
		n  *int
	}{{o.top1, &r.top1}, {o.exact, &r.exact}, {o.top3, &r.top3}, {o.undecided, &r.undecided}, {o.named, &r.named}, {len(o.wrong) > 0, &r.wrong}, {o.alarm, &r.alarms}} {
		if c.is {
			*c.n++
		}
	}
}

// table is the result: rows by family, and sums over the worlds that were broken and over those that were not.
type table struct {
	rows         map[string]*row
	broken, well row
}

// apart are rows that do not count for the share of right first answers: nothing was wrong, or our hands were tied.
var apart = []string{"none", "harmless", "denied", "no fix by calls", "unseen"}

func tabulate(all []outcome) table {
	t := table{rows: map[string]*row{}}
	for _, o := range all {
		name := o.family
		if o.err != nil {
			name = "defects"
		}
		if t.rows[name] == nil {
			t.rows[name] = &row{}
		}
		t.rows[name].add(o)
		switch {
		case o.err == nil && o.symptom == "":
			t.well.add(o)
		case !slices.Contains(apart, name):
			t.broken.add(o)
		}
	}
	return t
}

func share(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(n)/float64(of))
}

func (t table) print(out io.Writer, o settings) {
	fmt.Fprintf(out, "caller %s (%s), seeds %d to %d%s%s%s\n", o.caller.name, o.caller.about, o.seed, o.seed+uint64(o.n)-1, flagWord(o.foreign(), ", "+o.networks+" networks"), flagWord(o.expired, ", stopped tasks gone"), flagWord(o.fixed, ", after the report's own fix"))
	if r := t.rows["unseen"]; r != nil {
		defer fmt.Fprintf(out, "unseen: of %d worlds whose cause the account cannot see, or not for sure, %s were told right: %d by the cause, %d undecided with the name of the hop\n", r.worlds, share(r.top1+r.named, r.worlds), r.top1, r.named)
	}
	fmt.Fprintf(out, "%-16s %6s %7s %7s %7s %9s %7s %7s %6s %6s\n", "family", "worlds", "top-1", "exact", "top-3", "undecided", "wrong", "alarms", "calls", "waves")
	for _, name := range append(slices.Sorted(maps.Keys(t.rows)), "ALL BROKEN", "ALL WELL") {
		r := t.rows[name]
		switch name {
		case "ALL BROKEN":
			r = &t.broken
		case "ALL WELL":
			r = &t.well
		case "defects":
			continue
		}
		n := max(r.worlds, 1)
		fmt.Fprintf(out, "%-16s %6d %7s %7s %7s %9s %7d %7d %6.1f %6.1f\n", name, r.worlds, share(r.top1, r.worlds), share(r.exact, r.worlds), share(r.top3, r.worlds),
			share(r.undecided, r.worlds), r.wrong, r.alarms, float64(r.calls)/float64(n), float64(r.waves)/float64(n))
	}
}

// foreign tells whether the networks are another account's, or lead to one.
func (o settings) foreign() bool { return o.networks != "" && o.networks != "own" }

func flagWord(on bool, word string) string {
	if on {
		return word
	}
	return ""
}

// missed says which aims were missed; nil = none.
func (t table) missed(o settings) error {
	var out []string
	wrong, worlds := 0, 0
	for _, r := range t.rows {
		wrong, worlds = wrong+r.wrong, worlds+r.worlds
	}
	if float64(wrong) > wrongAim*float64(worlds) {
		out = append(out, fmt.Sprintf("confirmed and wrong in %d of %d worlds, the aim is %.1f%%", wrong, worlds, 100*wrongAim))
	}
	if t.well.alarms > 0 {
		out = append(out, fmt.Sprintf("%d false alarms, the aim is 0", t.well.alarms))
	}
	if full := o.caller.name == "full" && !o.expired && !o.fixed; full && float64(t.broken.top1) < top1Aim*float64(t.broken.worlds) {
		out = append(out, fmt.Sprintf("the first answer is right in %s, the aim is %.0f%%", share(t.broken.top1, t.broken.worlds), 100*top1Aim))
	}
	if t.rows["defects"] != nil {
		out = append(out, fmt.Sprintf("%d worlds could not be made", t.rows["defects"].defects))
	}
	if len(out) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(out, "; "))
}

// failed tells why an outcome is one to look at; "" = it is as it should be.
func (o outcome) failed(s settings) string {
	switch {
	case o.err != nil:
		return "defect: " + o.err.Error()
	case len(o.wrong) > 0:
		return "confirmed and wrong: " + strings.Join(o.wrong, ", ")
	case o.alarm:
		return "false alarm"
	case o.unseen && !o.top1 && !o.named && o.family != "denied" && s.caller.name == "full" && !s.expired && !s.fixed:
		return "neither the cause nor the hop"
	case o.symptom != "" && !o.top1 && !o.unseen && s.caller.name == "full" && !s.expired && !s.fixed && o.family != "denied":
		return "not the first answer"
	}
	return ""
}

func printFailures(out io.Writer, all []outcome, s settings) {
	for _, o := range all {
		why := o.failed(s)
		if why == "" {
			continue
		}
		first := "nothing found"
		if len(o.report.Findings) > 0 {
			f := o.report.Findings[0]
			first = fmt.Sprintf("%s %s on %s", f.ID, f.Verdict, f.Subject.ID)
		}
		fmt.Fprintf(out, "  -one %d  %s: %s (%s) health %s; %s; symptom: %s\n", o.seed, o.family, o.what, why, o.report.Health, first, o.symptom)
	}
}

// printOne tells all about one world.
func printOne(out io.Writer, o outcome, s settings) {
	fmt.Fprintf(out, "seed %d, %s: %s\n", o.seed, o.family, o.what)
	if o.err != nil {
		fmt.Fprintf(out, "defect: %v\n", o.err)
		return
	}
	fmt.Fprintf(out, "symptom: %s\nverdict: top-1 %t, exact %t, top-3 %t, undecided %t, alarm %t, wrong %v, %d calls in %d waves %s\n", o.symptom, o.top1, o.exact, o.top3, o.undecided, o.alarm, o.wrong, o.calls, o.waves, o.failed(s))
	for _, line := range o.story {
		fmt.Fprintln(out, "  "+line)
	}
	r := o.report
	fmt.Fprintf(out, "health %s, %d of %d run\n", r.Health, r.Impact.Running, r.Impact.Desired)
	for _, in := range r.Incidents {
		fmt.Fprintf(out, "  incident %s %s x%d, explained by %q: %s\n", in.Kind, in.Symptom, in.Tasks, in.ExplainedBy, in.Message)
	}
	for _, f := range r.Findings {
		printFinding(out, f, "  ")
	}
	for _, x := range r.RuledOut {
		fmt.Fprintf(out, "  ruled out %s by %s\n", x.ID, x.By)
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(out, "  gap %s: %s %s %s\n", g.Key, g.Call, g.Reason, g.Message)
	}
	for _, x := range r.Resolved {
		fmt.Fprintf(out, "  resolved %s\n", x)
	}
	for _, x := range r.Untried {
		fmt.Fprintf(out, "  untried %s\n", x)
	}
}

func printFinding(out io.Writer, f diagnose.Finding, indent string) {
	fmt.Fprintf(out, "%sfinding %s %s on %s: %s\n", indent, f.ID, f.Verdict, f.Subject.ID, f.Says)
	for _, step := range f.Steps {
		fmt.Fprintf(out, "%s  %s: %s %v\n", indent, step.Verdict, step.Check, step.Missing)
	}
	if len(f.Fix) > 0 {
		fmt.Fprintf(out, "%s  fix: %s\n", indent, f.Fix[0].Command)
	}
	for _, e := range f.Explained {
		printFinding(out, e, indent+"    ")
	}
}
