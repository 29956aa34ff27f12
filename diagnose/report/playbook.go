package report

import (
	"io"
	"regexp"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose"
)

var hole = regexp.MustCompile(`\$\{([^}]*)\}`)

// template writes a playbook's text for readers: ${incident.launch.subnet} becomes <launch.subnet>.
func template(as, s string) string {
	return clean(hole.ReplaceAllStringFunc(s, func(h string) string {
		return "<" + strings.TrimPrefix(strings.TrimSpace(h[2:len(h)-1]), as+".") + ">"
	}))
}

// Playbook writes one cause for readers: what it is, how it is proven, how it is mended, and what an interviewer asks.
// definition says what belongs under its id and what does not; "" leaves it out.
func Playbook(w io.Writer, b *diagnose.Playbook, definition string, o TextOptions) error {
	p := o.page()
	text := func(s string) string { return sentence(template(b.As, s)) }
	p.paraIn(bold, "", 0, b.ID+": "+b.Title, 0)
	p.blank()
	if definition != "" {
		p.para("Is", sentence(capital(clean(definition))))
	}
	p.para("Says", text(b.Say))
	p.para("Why", text(b.Why))
	p.para("Case", b.Case)
	p.para("Seen as", strings.Join(b.Symptoms, ", "))
	p.heading("Confirmed when all of these are true. One that is false rules it out; one that cannot be read leaves it open.")
	for i, c := range b.Checks {
		p.numbered(i+1, sentence(capital(c.Name)))
		p.command(strings.Join(strings.Fields(c.If), " "))
	}
	actionSpecs(p, "First aid", b.Mitigate, text)
	actionSpecs(p, "Ways to fix it", b.Fix, text)
	p.heading("See that it worked")
	p.paraIn(bold, "", 2, capital(text(b.Verify)), 0)
	if len(b.Explains) > 0 {
		p.heading("It explains")
		p.paraIn(bold, "", 2, strings.Join(b.Explains, ", "), 0)
	}
	if len(b.Corrects) > 0 {
		p.heading("Often said, and not so")
	}
	for _, c := range b.Corrects {
		p.paraIn(bold, "  -", 5, text(c.Claim)+" ("+clean(c.SaidBy)+")", 0)
		p.paraIn(bold, "", 5, "As of "+c.AsOf+": "+text(c.Right), 0)
	}
	if len(b.Ask) > 0 {
		p.heading("What an interviewer asks")
	}
	for _, q := range b.Ask {
		p.paraIn(bold, "  Q", 5, text(q.Question), 0)
		p.paraIn(bold, "  A", 5, text(q.Answer), 0)
	}
	v := view{page: p}
	v.docs(b.Docs)
	return p.flush(w)
}

func actionSpecs(p *page, title string, list []diagnose.ActionSpec, text func(string) string) {
	if len(list) == 0 {
		return
	}
	p.heading(title)
	for i, a := range list {
		s := text(a.Say)
		for j, c := range a.Calls {
			if j == 0 {
				s += " Calls"
			}
			s += " " + c.Service + ":" + c.Operation
			if j == len(a.Calls)-1 {
				s += "."
			}
		}
		p.numbered(i+1, s)
	}
}
