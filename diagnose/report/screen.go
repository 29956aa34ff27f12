package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
)

// screenRows is what a terminal shows at once. The first screen of one target shrinks to it.
const screenRows = 24

// budget limits the parts of the first screen that may be cut; what is cut stands whole in the details.
type budget struct {
	words    int  // lines of AWS's own words of the failure
	cites    int  // facts cited
	says     int  // lines of the cause; 0 = all
	firstAid int  // lines of what the mitigation does; 0 = all
	lines    int  // lines of each of the rest: title, a fact, the owner
	later    bool // the lines to type of a second way stand in the details alone
}

// budgets are tried in this order until the screen fits. What the fix does, and what it replaces, is never cut.
var budgets = []budget{
	{4, 3, 0, 0, 3, false},
	{3, 3, 0, 0, 3, false},
	{2, 2, 0, 0, 2, false},
	{2, 2, 0, 0, 2, true},
	{0, 2, 0, 0, 2, true},
	{0, 1, 0, 0, 2, true},
	{0, 1, 5, 3, 2, true},
	{0, 1, 4, 2, 2, true},
	{0, 1, 3, 2, 2, true},
	{0, 1, 3, 1, 1, true},
	{0, 1, 2, 1, 2, true},
}

// screen writes what a tired person must see first on one sick target.
func (v *view) screen(t diagnose.TargetReport) {
	for i, b := range budgets {
		p := &page{width: v.page.width, color: v.page.color}
		v.screenWithin(p, t, b)
		if p.rows() <= screenRows*max(1, stdWidth/p.width) || i == len(budgets)-1 {
			v.page.lines = append(v.page.lines, p.lines...)
			return
		}
	}
}

func (v *view) screenWithin(p *page, t diagnose.TargetReport, b budget) {
	v.headline(p, t)
	p.paraIn(bold, "", 0, who(v.report), 0)
	for _, n := range v.report.Note {
		p.paraIn(yellow, "Note", indent, clean(n), 4)
	}
	p.blank()
	if w := impactWords(t); w != "" {
		p.para("Impact", w)
		if !noSessions(t) { // when a session would have opened last, nobody tells
			p.para("Since", sinceWords(t, v.report.At))
		}
	}
	f, answered := answer(t)
	if aid, ok := firstAid(t); ok {
		todo(p, "Do first", aid, b.firstAid, b.lines)
	}
	p.blank()
	if !answered {
		v.unproven(p, t, b)
		return
	}
	v.causeBlock(p, t, f, b)
}

// causeBlock writes the cause, its proof and the first fix.
func (v *view) causeBlock(p *page, t diagnose.TargetReport, f diagnose.Finding, b budget) {
	label, style := "CAUSE", red
	if f.Verdict == diagnose.Changed {
		label, style = "FITS", yellow
	}
	v.cut = p.paraIn(style, label, indent, clean(f.Title)+" ("+verdictWords[f.Verdict]+").", b.lines)
	v.cut = p.paraIn(bold, "", indent, clean(f.Says), b.says) || v.cut
	if f.Verdict == diagnose.Changed {
		v.cut = p.paraIn(yellow, "Changed", indent, sentence(orWord(f.ChangedBy, "the evidence is newer than the failure")), 2) || v.cut
	}
	p.paraIn(bold, "", indent, clean(f.ID)+", "+subjectWords(f.Subject), 2)
	v.proof(p, f, b)
	if in, ok := heard(t); ok && b.words > 0 {
		p.spoken("AWS said", "", in.Message, b.words)
	}
	v.firstFix(p, t, f, b)
}

func (v *view) headline(p *page, t diagnose.TargetReport) {
	h := healthWords[t.Health]
	name := clean(t.Target.String())
	s := name + " is " + p.style(h.style, h.word) + "."
	if noSessions(t) {
		s = name + " runs well; sessions (ECS Exec) " + p.style(h.style, "DO NOT OPEN") + " in it."
	}
	if t.Health == facts.Unknown {
		s = name + ": its health is " + p.style(h.style, h.word) + ", for it could not be read."
	}
	p.lines = append(p.lines, s)
}

// noSessions reports whether nothing is wrong with a service but that sessions do not open in its tasks.
func noSessions(t diagnose.TargetReport) bool {
	im := t.Impact
	return t.Health == facts.Degraded && len(t.Incidents) > 0 && im.Running >= im.Desired && im.Rollout != "FAILED" && im.OldRevision == "" &&
		!slices.ContainsFunc(t.Incidents, func(in diagnose.IncidentInfo) bool { return in.Kind != facts.KindExec })
}

// answer is the finding that answers: the first, where it is confirmed or fits.
func answer(t diagnose.TargetReport) (diagnose.Finding, bool) {
	if len(t.Findings) == 0 || t.Findings[0].Verdict == diagnose.NotClear {
		return diagnose.Finding{}, false
	}
	return t.Findings[0], true
}

// firstAid is the safest mitigation that the findings offer: one that keeps capacity before one that may not.
func firstAid(t diagnose.TargetReport) (best diagnose.Action, ok bool) {
	if t.Health == facts.Healthy {
		return best, false
	}
	for _, f := range t.Findings {
		for _, a := range f.Mitigate {
			if !ok || best.ReducesCapacity && !a.ReducesCapacity {
				best, ok = a, true
			}
		}
		if ok {
			return best, true
		}
	}
	return best, false
}

// todo writes what an action does, what to mind before it is typed, and its command. Only what it does may be cut.
func todo(p *page, label string, a diagnose.Action, lines, rest int) {
	p.paraIn(bold, label, indent, sentence(clean(a.Say)), lines)
	var mind []string
	if a.Replaces != "" {
		mind = append(mind, "It replaces "+sentence(clean(a.Replaces)))
	}
	if a.ReducesCapacity {
		mind = append(mind, "Fewer tasks may serve meanwhile.")
	}
	p.paraIn(yellow, "Careful", indent, strings.Join(mind, " "), 0)
	p.paraIn(bold, "", indent, ownerWords(a.Owner), rest)
	p.command(a.Command)
}

func (v *view) proof(p *page, f diagnose.Finding, b budget) {
	label := "Proof"
	for _, c := range deciding(f, b.cites) {
		p.fitted(label, 200, b.lines, func(n int) string { return citeWords(c, n) })
		label = ""
	}
}

// deciding picks n cites: the first of each true check, then the next ones.
func deciding(f diagnose.Finding, n int) (out []evidence.Cite) {
	seen := map[evidence.Cite]bool{}
	for depth := range 3 {
		for _, s := range f.Steps {
			if s.Verdict != "true" || depth >= len(s.Cites) || seen[s.Cites[depth]] {
				continue
			}
			if seen[s.Cites[depth]] = true; len(out) < n {
				out = append(out, s.Cites[depth])
			}
		}
	}
	return out
}

func (v *view) firstFix(p *page, t diagnose.TargetReport, f diagnose.Finding, b budget) {
	if len(f.Fix) == 0 {
		return
	}
	a, label := f.Fix[0], "Fix"
	if aid, ok := firstAid(t); ok && a.Command != "" && aid.Command == a.Command {
		p.paraIn(bold, label, indent, "The command above.", 0)
		if len(f.Fix) == 1 {
			return
		}
		a, label = f.Fix[1], "Or"
		if b.later && a.Command != "" {
			a.Say, a.Command = sentence(a.Say)+" The lines to type stand below.", ""
		}
	}
	todo(p, label, a, 0, b.lines)
}

func ownerWords(o diagnose.Owner) string {
	if o.Tool == "" {
		return ""
	}
	s := clean(o.Tool) + " manages it"
	if o.Name != "" {
		s += " (" + clean(o.Name) + ")"
	}
	return s + ": " + sentence(clean(o.Say))
}

// heard is the incident with the most failures whose message is known.
func heard(t diagnose.TargetReport) (diagnose.IncidentInfo, bool) {
	for _, in := range t.Incidents {
		if in.Message != "" {
			return in, true
		}
	}
	return diagnose.IncidentInfo{}, false
}

// unproven writes the first screen where nothing is proven: what failed, what may be behind it, what could not be read.
func (v *view) unproven(p *page, t diagnose.TargetReport, b budget) {
	if len(t.Untried) > 0 && len(t.Findings) == 0 {
		p.paraIn(yellow, "MENDED?", indent, "No known cause of this failure holds now: it may have been mended since, and no start has shown it yet.", 0)
	} else {
		p.paraIn(yellow, "UNPROVEN", indent, "No cause is proven.", 0)
	}
	label := "Failed"
	for i, in := range t.Incidents {
		if i == max(1, b.cites) {
			break
		}
		if in.Message == "" {
			p.paraIn(bold, label, indent, incidentWords(in, 0), 4)
		} else {
			p.spoken(label, incidentHead(in)+": ", in.Message, 5)
		}
		label = ""
	}
	label = "May be"
	for i, f := range t.Findings {
		if i == max(2, b.cites) {
			p.paraIn(bold, "", indent, fmt.Sprintf("and %d more, see below", len(t.Findings)-i), 0)
			break
		}
		p.paraIn(bold, label, indent, fmt.Sprintf("%s (%s; %s)", clean(f.Title), clean(f.ID), truths(f)), 2)
		label = ""
	}
	if len(t.Past) > 0 {
		p.paraIn(bold, "Before", indent, fmt.Sprintf("earlier failures fit another cause: %s (%s, %s %s)", clean(t.Past[0].Title), clean(t.Past[0].ID), clean(t.Past[0].Subject.Kind), clean(t.Past[0].Subject.ID)), 2)
	}
	label = "Unread"
	refused := refusals(t.Gaps)
	for i, g := range refused {
		if i == max(1, b.cites) {
			p.paraIn(bold, "", indent, fmt.Sprintf("and %d more, see below", len(refused)-i), 0)
			break
		}
		p.paraIn(bold, label, indent, g, 1)
		label = ""
	}
	v.next(p, t)
}

// refusals are the calls that gave no answer and why, each once.
func refusals(gaps []evidence.Gap) (out []string) {
	for _, g := range gaps {
		s := orWord(g.Call, keyWords(g.Key)) + ": " + orWord(g.Reason, "no answer")
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// next says what to do when nothing is proven.
func (v *view) next(p *page, t diagnose.TargetReport) {
	if len(t.Untried) > 0 && len(t.Findings) == 0 && len(t.Gaps) == 0 {
		p.paraIn(bold, "Next", indent, "Wait for the next start and run this again. ECS delays starts that fail, up to 27 minutes; a new deployment, which replaces nothing that runs before its own tasks are healthy, tries at once:", 0)
		if t.Target.Kind == evidence.TargetService {
			p.command(fmt.Sprintf("aws ecs update-service --cluster %s --service %s --force-new-deployment", shellQuote(clean(t.Target.Cluster)), shellQuote(clean(t.Target.Service))))
		}
		return
	}
	if cures := curesOf(t.Gaps); len(cures) > 0 {
		p.paraIn(bold, "Next", indent, capital(strings.Join(cures, "; "))+". Then run this again.", 8)
		if strings.HasPrefix(cures[0], "allow ") {
			if len(t.MayNeed) > 0 {
				p.paraIn(bold, "", indent, "The next answers may need as well: "+strings.Join(cleaned(t.MayNeed), ", ")+".", 0)
			}
			p.paraIn(bold, "", indent, "All that ecsplain reads, as one policy:", 0)
			p.command("ecsplain policy")
		}
		return
	}
	if in, ok := heard(t); ok {
		p.paraIn(bold, "Next", indent, "See what the message can mean and how to check each cause:", 0)
		p.command("ecsplain explain " + shellQuote(clean(in.Message)))
		return
	}
	for _, f := range t.Findings {
		for _, s := range f.Steps {
			if len(s.Missing) > 0 {
				p.paraIn(bold, "Next", indent, "Find out: "+sentence(missing(s.Missing[0])), 3)
				return
			}
		}
	}
	if t.Target.Kind == evidence.TargetService {
		p.paraIn(bold, "Next", indent, "Look at the service's events and at its newest stopped task:", 0)
		p.command(fmt.Sprintf("aws ecs describe-services --cluster %s --services %s --query 'services[].events[:10]'", shellQuote(clean(t.Target.Cluster)), shellQuote(clean(t.Target.Service))))
	}
}

// curesOf lists what would fill the gaps, each once; permissions stand together.
func curesOf(gaps []evidence.Gap) (out []string) {
	var allow []string
	for _, g := range gaps {
		fix := strings.TrimSuffix(clean(g.Fix), ".")
		action, isPermission := strings.CutPrefix(fix, "allow ")
		switch {
		case isPermission && !slices.Contains(allow, action):
			allow = append(allow, action)
		case fix != "" && !isPermission && !slices.Contains(out, fix):
			out = append(out, fix)
		}
	}
	if len(allow) > 0 {
		out = append([]string{"allow " + strings.Join(allow, ", ")}, out...)
	}
	return out
}

func truths(f diagnose.Finding) string {
	n := 0
	for _, s := range f.Steps {
		if s.Verdict == "true" {
			n++
		}
	}
	return fmt.Sprintf("%d of %d checks true", n, len(f.Steps))
}

// incidentWords sum up one incident in a line.
func incidentWords(in diagnose.IncidentInfo, limit int) string {
	switch {
	case in.Message == "" && in.Seen != "":
		return incidentHead(in) + ": " + sentence(clean(in.Seen))
	case in.Message == "":
		return incidentHead(in) + ", and AWS gave no reason."
	}
	return incidentHead(in) + ": " + quoted(in.Message, limit)
}

// otherKinds open the line of an incident that is not about tasks which failed or wait.
var otherKinds = map[string]string{
	facts.KindRollout:  "The deployment does not get on",
	facts.KindIdle:     "The service wants no task",
	facts.KindScaling:  "The service is not scaled as set",
	facts.KindSchedule: "The schedule starts no task",
	facts.KindRunning:  "Tasks run, and something beside them does not work",
}

func incidentHead(in diagnose.IncidentInfo) (s string) {
	switch {
	case in.Kind == facts.KindNotPlaced:
		s = "The service places no task"
	case in.Kind == facts.KindUnhealthy:
		s = plural(in.Tasks, "task") + " unhealthy"
	case otherKinds[in.Kind] != "":
		s = otherKinds[in.Kind]
	case in.Kind == facts.KindScaling:
		return "The number of tasks does not follow what is needed"
	case in.Kind == facts.KindSchedule:
		return "The rule or schedule starts no task, or one that fails"
	case in.Kind == facts.KindStuck && in.Tasks+in.Stuck > 0:
		s = plural(max(in.Tasks, in.Stuck), "task") + " stuck"
	default:
		s = plural(in.Tasks, "task") + " stopped"
	}
	if in.Subnet != "" {
		s += " in " + clean(in.Subnet)
	}
	if in.Revision != "" {
		s += " (" + clean(in.Revision) + ")"
	}
	return s
}

func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") || strings.HasSuffix(s, "!") {
		return s
	}
	return s + "."
}

func capital(s string) string {
	if s == "" || strings.HasPrefix(s, "aws ") || strings.HasPrefix(s, "ecsplain ") {
		return s // a command stays as it is typed
	}
	r, n := utf8.DecodeRuneInString(s)
	return strings.ToUpper(string(r)) + s[n:]
}

func cleaned(in []string) []string {
	out := make([]string, len(in))
	for i := range in {
		out[i] = clean(in[i])
	}
	return out
}

// shellQuote makes one word for a POSIX shell.
func shellQuote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@,+%") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
