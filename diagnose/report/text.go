// Package report renders what was decided: a diagnosis (diagnose.Report) and the meaning of a message (Explanation),
// as text for a terminal and as JSON with a published schema. It adds nothing and leaves nothing out that the reader
// must know; it never decides.
package report

import (
	"io"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
)

// TextOptions say how text is laid out.
type TextOptions struct {
	Width   int  // columns; 0 = 80, less than 40 counts as 40
	Color   bool // SGR colours
	Verbose bool // every cite with its time, every call, samples of tasks
	All     bool // of an explanation: every cause that may be behind new words, however little speaks for it
	Calls   bool // the calls made, by action
}

func (o TextOptions) page() *page {
	width := o.Width
	if width == 0 {
		width = stdWidth
	}
	return &page{width: max(width, minWidth), color: o.Color}
}

// view is one report being written.
type view struct {
	report  diagnose.Report
	page    *page
	verbose bool
	byCall  bool
	cut     bool // the first screen shortened what the cause is
}

// Text writes a report for a terminal. The first 24 lines of a report on one sick target hold the whole answer:
// account, impact, since when, first aid, cause, proof, and what to type. Strings from the account lose their control
// characters.
func Text(w io.Writer, r diagnose.Report, o TextOptions) error {
	v := &view{report: r, page: o.page(), verbose: o.Verbose, byCall: o.Calls || o.Verbose}
	switch len(r.Targets) {
	case 0:
		v.page.paraIn(bold, "", 0, "There is nothing to diagnose. "+who(r), 0)
		v.notes()
	case 1:
		v.one(r.Targets[0])
	default:
		v.many()
	}
	return v.page.flush(w)
}

func (v *view) notes() {
	for _, n := range v.report.Note {
		v.page.paraIn(yellow, "Note", indent, clean(n), 0)
	}
}

// one writes a report on one target.
func (v *view) one(t diagnose.TargetReport) {
	if t.Health == facts.Healthy {
		v.healthy(t)
		return
	}
	v.screen(t)
	v.details(t)
	v.calls()
}

// parked services are told to run no task: healthy by arithmetic, and perhaps not meant.
func parked(t diagnose.TargetReport) bool {
	return t.Target.Kind == evidence.TargetService && t.Health == facts.Healthy && t.Impact.Desired == 0
}

// healthy takes two lines, and more only where there is more to know.
func (v *view) healthy(t diagnose.TargetReport) {
	p := v.page
	s := clean(t.Target.String()) + " is " + p.style(green, "healthy")
	if parked(t) {
		s = clean(t.Target.String()) + " " + p.style(yellow, "runs nothing") + ": it is told to run 0 tasks"
	} else if w := impactWords(t); w != "" {
		s += ": " + w
	}
	if t.Impact.NewRevision != "" && t.Impact.Running > 0 {
		s += " " + clean(t.Impact.NewRevision)
	}
	p.lines = append(p.lines, s+".")
	p.paraIn(bold, "", 0, who(v.report)+" "+plural(v.report.Calls.Total, "call")+".", 0)
	v.notes()
	for _, s := range t.Resolved {
		p.para("Over", sentence(clean(s)))
	}
	for _, f := range t.Findings {
		label := "Earlier"
		if f.Verdict != diagnose.Changed { // a state of now that harms nobody, such as a desired count of 0
			label = "Mind"
		}
		p.para(label, clean(f.Title)+" ("+verdictWords[f.Verdict]+"; "+clean(f.ID)+", "+subjectWords(f.Subject)+"). "+sentence(clean(f.Says)))
		if label == "Mind" && len(f.Fix) > 0 {
			todo(p, "Fix", f.Fix[0], 0, 0)
		}
	}
	for _, g := range t.Gaps {
		p.para("Unread", gapWords(g))
	}
	if v.byCall {
		v.calls()
	}
}
