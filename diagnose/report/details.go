package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
)

// details is everything after the first screen of a target.
func (v *view) details(t diagnose.TargetReport) {
	p := v.page
	rest := t.Findings
	if f, ok := answer(t); ok {
		v.argument(f)
		v.actions("First aid", f.Mitigate)
		v.actions("Ways to fix it", f.Fix)
		if f.Verify != "" {
			p.heading("See that it worked")
			p.paraIn(bold, "", 2, sentence(clean(f.Verify)), 0)
		}
		v.explained(f.Explained)
		v.docs(f.Docs)
		rest = rest[1:]
	}
	v.incidents(t)
	for _, f := range rest {
		if f.Verdict != diagnose.NotClear {
			v.other(f)
		}
	}
	for _, f := range t.Past {
		v.other(f)
	}
	v.open(rest)
	v.ruledOut(t)
	v.undecided(t)
	v.gaps(t.Gaps)
}

// argument is why a cause does what it does, and how it was proven.
func (v *view) argument(f diagnose.Finding) {
	p := v.page
	if v.cut {
		p.heading("The cause, in full")
		p.paraIn(bold, "", 2, sentence(clean(f.Title)), 0)
		p.paraIn(bold, "", 2, sentence(clean(f.Says)), 0)
		p.paraIn(bold, "", 2, sentence(clean(f.ChangedBy)), 0)
	}
	if f.Why != "" {
		p.heading("Why")
		p.paraIn(bold, "", 2, sentence(clean(f.Why)), 0)
	}
	p.heading("How it was found out")
	v.steps(f.Steps)
	if len(f.Path) > 0 {
		p.heading("The way of the packets")
		for _, h := range f.Path {
			p.paraIn(hopStyle[h.State], "  "+hopWords[h.State], 12, strings.TrimSpace(clean(h.Kind)+" "+clean(h.ID))+": "+clean(h.Says), 0)
		}
	}
	if len(f.Log) > 0 {
		p.heading("The end of the log")
		for _, l := range f.Log {
			p.lines = append(p.lines, "  | "+clean(l))
		}
	}
}

var (
	hopWords = map[string]string{network.HopOK: "ok", network.HopBlocked: "BLOCKED", network.HopUnknown: "unknown"}
	hopStyle = map[string]string{network.HopOK: green, network.HopBlocked: red, network.HopUnknown: yellow}
)

// stepWords are the answers of a check.
var stepWords = map[string]string{"true": "yes", "false": "no", "unknown": "?"}

const (
	citesShown    = 3
	ruledOutShown = 4
)

func (v *view) steps(steps []diagnose.Step) {
	p := v.page
	for _, s := range steps {
		p.paraIn(bold, "  "+orWord(stepWords[s.Verdict], clean(s.Verdict)), 6, clean(s.Check), 0)
		cites := s.Cites
		if !v.verbose && len(cites) > citesShown {
			cites = cites[:citesShown]
		}
		for _, c := range cites {
			line := citeWords(c, 300)
			if v.verbose {
				line = citeWords(c, 0) + " (read " + stamp(c.At) + ")"
			}
			p.paraIn(bold, "      -", 8, line, 0)
		}
		if n := len(s.Cites) - len(cites); n > 0 {
			p.paraIn(bold, "      -", 8, plural(n, "more fact")+", shown by --verbose", 0)
		}
		if len(s.Missing) > 0 {
			p.paraIn(bold, "", 8, missingWords(diagnose.Finding{Steps: []diagnose.Step{s}}), 0)
		}
	}
}

func (v *view) actions(title string, actions []diagnose.Action) {
	if len(actions) == 0 {
		return
	}
	v.page.heading(title)
	for i, a := range actions {
		v.action(i+1, a)
	}
}

func (v *view) action(n int, a diagnose.Action) {
	p := v.page
	p.numbered(n, sentence(clean(a.Say)))
	if a.Command != "" {
		p.command(a.Command)
	}
	tell := func(label, s string) {
		if s != "" {
			p.paraIn(bold, "     "+label, 15, s, 0)
		}
	}
	tell("replaces", clean(a.Replaces))
	if a.ReducesCapacity {
		tell("capacity", "fewer tasks may serve meanwhile")
	} else if len(a.Calls) > 0 {
		tell("capacity", "stays as it is")
	}
	if strings.HasPrefix(a.Undo, "aws ") {
		p.paraIn(bold, "     undo", 15, "by this:", 0)
		p.command(a.Undo)
	} else {
		tell("undo", clean(a.Undo))
	}
	tell("owner", ownerWords(a.Owner))
}

func (v *view) explained(list []diagnose.Finding) {
	if len(list) == 0 {
		return
	}
	v.page.heading("This also explains")
	v.nested(list, 0)
}

func (v *view) nested(list []diagnose.Finding, depth int) {
	for _, f := range list {
		v.page.paraIn(bold, strings.Repeat("  ", depth+1)+"-", 2*depth+4, clean(f.Title)+" ("+clean(f.ID)+", "+subjectWords(f.Subject)+")", 0)
		v.nested(f.Explained, depth+1)
	}
}

func (v *view) docs(links []string) {
	if len(links) == 0 {
		return
	}
	v.page.heading("AWS's pages")
	for _, l := range links {
		v.page.lines = append(v.page.lines, "  "+clean(l))
	}
}

// incidents lists what failed, with AWS's own words.
func (v *view) incidents(t diagnose.TargetReport) {
	p := v.page
	if len(t.Incidents) > 0 {
		p.heading("What failed")
	}
	told := map[string]bool{}
	for _, in := range t.Incidents {
		if in.Message != "" && told[in.Message] {
			p.item("-", incidentHead(in)+", with the same words.")
		} else {
			p.item("-", incidentWords(in, 1024))
		}
		told[in.Message] = true
		tail := ""
		if !in.First.IsZero() {
			tail = "at " + stamp(in.First)
		}
		if in.Last.After(in.First) {
			tail = "from " + stamp(in.First) + " to " + stamp(in.Last)
		}
		if in.ExplainedBy != "" {
			tail = strings.TrimPrefix(tail+"; explained by "+clean(in.ExplainedBy), "; ")
			if in.Via != "" {
				tail += ", of which it is the effect (" + clean(in.Via) + ")"
			}
		} else {
			tail = strings.TrimPrefix(tail+"; nothing explains it yet", "; ")
		}
		p.paraIn(bold, "", 4, capital(tail), 0)
		if v.verbose && len(in.Samples) > 0 {
			p.paraIn(bold, "", 4, "For example "+strings.Join(cleaned(in.Samples), ", "), 0)
		}
	}
	for _, u := range t.Untried {
		p.paraIn(bold, "", 2, sentence(capital(clean(u))), 0)
	}
	if t.StoodIn != "" {
		p.paraIn(bold, "", 2, sentence(capital(clean(t.StoodIn))), 0)
	}
	if t.Impact.RolloutWords != "" {
		p.paraIn(bold, "", 2, "ECS on the deployment: "+quoted(t.Impact.RolloutWords, 300), 0)
	}
	if len(t.Resolved) > 0 {
		p.heading("Over by now")
		for _, s := range t.Resolved {
			p.item("-", sentence(clean(s)))
		}
	}
}

// other is a finding that is not the first answer, in short.
func (v *view) other(f diagnose.Finding) {
	p := v.page
	p.heading(capital(verdictWords[f.Verdict]) + ": " + clean(f.Title))
	p.paraIn(bold, "", 2, clean(f.ID)+", "+subjectWords(f.Subject), 0)
	if f.Says != "" {
		p.paraIn(bold, "", 2, sentence(clean(f.Says)), 0)
	}
	if f.ChangedBy != "" {
		p.paraIn(bold, "", 2, "Changed: "+sentence(clean(f.ChangedBy)), 0)
	}
	v.steps(f.Steps)
	for i, a := range f.Fix {
		v.action(i+1, a)
	}
	if len(f.Explained) > 0 {
		p.paraIn(bold, "", 2, "It also explains:", 0)
		v.nested(f.Explained, 1)
	}
}

// open lists the causes that could not be judged, the likeliest first, and what would decide each.
func (v *view) open(findings []diagnose.Finding) {
	p, first := v.page, true
	for _, f := range findings {
		if f.Verdict != diagnose.NotClear {
			continue
		}
		if first {
			p.heading("Not decided (and what would decide it)")
			first = false
		}
		p.item("-", clean(f.ID)+": "+sentence(clean(f.Title))+" "+missingWords(f))
		if v.verbose {
			v.steps(f.Steps)
		}
	}
}

// missingWords name what the checks of a finding miss, each once.
func missingWords(f diagnose.Finding) string {
	var out []string
	for _, s := range f.Steps {
		for _, m := range s.Missing {
			if m = missing(m); !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "Missing: " + strings.Join(out, ", ") + "."
}

func missing(m string) string { return strings.TrimSuffix(clean(m), "/") }

func (v *view) ruledOut(t diagnose.TargetReport) {
	if len(t.RuledOut) == 0 {
		return
	}
	p := v.page
	p.heading("Ruled out (the symptom would fit)")
	list := t.RuledOut
	if !v.verbose && len(list) > ruledOutShown+1 {
		list = list[:ruledOutShown]
	}
	col := 0
	for _, r := range list {
		col = max(col, len(clean(r.ID)))
	}
	for _, r := range list {
		if col+30 > p.width {
			p.item("-", clean(r.ID)+": "+clean(r.Says))
			continue
		}
		p.paraIn(bold, "  "+clean(r.ID), col+4, clean(r.Says), 0)
	}
	if n := len(t.RuledOut) - len(list); n > 0 {
		p.paraIn(bold, "", 2, plural(n, "cause")+" more, farther from the symptom, shown by --verbose.", 0)
	}
}

func (v *view) undecided(t diagnose.TargetReport) {
	if len(t.Undecided) == 0 {
		return
	}
	v.page.heading("Not decided, besides")
	for _, u := range t.Undecided {
		v.page.item("-", clean(u.ID)+": missing "+orWord(strings.Join(u.Missing, ", "), "evidence"))
	}
}

// gaps lists what could not be read; gaps with the same cause and cure share a line.
func (v *view) gaps(gaps []evidence.Gap) {
	if len(gaps) == 0 {
		return
	}
	v.page.heading("Could not be read")
	type cause struct{ call, reason, message, fix string }
	var order []cause
	keys := map[cause][]string{}
	for _, g := range gaps {
		c := cause{g.Call, g.Reason, g.Message, g.Fix}
		if keys[c] == nil {
			order = append(order, c)
		}
		keys[c] = append(keys[c], keyWords(g.Key))
	}
	for _, c := range order {
		g := evidence.Gap{Call: c.call, Reason: c.reason, Message: c.message, Fix: c.fix}
		names := keys[c]
		if n := len(names); !v.verbose && n > citesShown {
			names = append(names[:citesShown:citesShown], fmt.Sprintf("%d more", n-citesShown))
		}
		_, rest, _ := strings.Cut(gapWords(g), ": ")
		v.page.item("-", strings.Join(names, ", ")+": "+rest)
	}
}

// calls tells what the diagnosis cost.
func (v *view) calls() {
	c := v.report.Calls
	p := v.page
	p.blank()
	s := plural(c.Total, "call") + " to AWS, all of them read-only, in " + plural(c.Waves, "wave")
	if c.Retries > 0 {
		s += fmt.Sprintf("; %d retried", c.Retries)
	}
	if c.Throttled > 0 {
		s += fmt.Sprintf(", %d throttled", c.Throttled)
	}
	p.paraIn(bold, "", 0, s+".", 0)
	if !v.byCall {
		return
	}
	for _, a := range slices.Sorted(maps.Keys(c.ByAction)) {
		p.lines = append(p.lines, fmt.Sprintf("%4d  %s", c.ByAction[a], clean(a)))
	}
}
