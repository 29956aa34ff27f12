package report

import (
	"io"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose"
)

// PreflightJSON writes a preflight as docs/preflight.schema.json describes it.
func PreflightJSON(w io.Writer, p diagnose.Preflight) error { return encode(w, p, "  ") }

var preflightWords = map[string]struct{ style, word, says string }{
	"true":    {green, "ok", "nothing stands in the way of the next task"},
	"false":   {red, "NO", "the next task will not start"},
	"unknown": {yellow, "?", "nothing is known to stand in the way, and not everything could be judged"},
}

// PreflightText writes a preflight for a terminal: the verdict, a line for each question, then what to do.
func PreflightText(w io.Writer, f diagnose.Preflight, o TextOptions) error {
	p := o.page()
	v := preflightWords[f.Verdict]
	p.paraIn(bold, "", 0, clean(f.Target.String())+" with "+clean(f.Revision)+": "+p.style(v.style, v.says)+".", 0)
	p.paraIn(bold, "", 0, who(diagnose.Report{Caller: f.Caller, At: f.At}), 0)
	for _, n := range f.Note {
		p.paraIn(yellow, "Note", indent, clean(n), 3)
	}
	p.blank()
	for _, l := range f.Lines {
		preflightLine(p, l, o.Verbose)
	}
	for _, finding := range f.Findings {
		p.heading(sentence(clean(finding.Title)) + " (" + clean(finding.ID) + ")")
		p.paraIn(bold, "", 2, sentence(clean(finding.Says)), 0)
		if o.Verbose {
			p.paraIn(bold, "", 2, sentence(clean(finding.Why)), 0)
		}
		for i, a := range finding.Fix {
			if i > 0 && !o.Verbose {
				break
			}
			todo(p, "Fix", a, 0, 0)
		}
	}
	(&view{page: p}).gaps(f.Gaps)
	p.blank()
	p.paraIn(bold, "", 0, plural(f.Calls.Total, "call")+" to AWS, all of them read-only, in "+plural(f.Calls.Waves, "wave")+".", 0)
	return p.flush(w)
}

func preflightLine(p *page, l diagnose.PreflightLine, verbose bool) {
	v := preflightWords[l.Verdict]
	p.paraIn(v.style, "  "+v.word, 6, clean(l.Asks), 0)
	switch {
	case l.Verdict == "false" && !verbose: // the causes stand below, each once
		p.paraIn(bold, "", 8, strings.Join(cleaned(l.Causes), ", "), 0)
	case l.Says != "":
		p.paraIn(bold, "", 8, sentence(clean(l.Says)), 0)
	}
	if l.Verdict == "unknown" && len(l.Causes) > 0 {
		p.paraIn(bold, "", 8, missingWords(diagnose.Finding{Steps: []diagnose.Step{{Missing: l.Missing}}}), 0)
	}
	if !verbose {
		return
	}
	for _, c := range l.Cites {
		p.paraIn(bold, "      -", 8, citeWords(c, 0)+" (read "+stamp(c.At)+")", 0)
	}
}
