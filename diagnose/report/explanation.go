package report

import (
	"cmp"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// ExplanationSchema names the version of the JSON explanation; docs/explanation.schema.json describes it.
const ExplanationSchema = "ecsplain.explanation/v1"

// Explanation is what a message means, told without looking at any account.
type Explanation struct {
	Schema  string           `json:"schema"`
	Text    string           `json:"text"`    // the message as given, secrets removed
	Matches []Match          `json:"matches"` // what it says, the most telling first; several where AWS joined several failures
	Says    string           `json:"says"`    // the first match in plain words
	Known   bool             `json:"known"`   // false: the exact words are new to us, only the layers of the first match speak
	Causes  []CandidateCause `json:"causes"`  // of the first match, in the order in which to check them
}

// Match is one failure that the text speaks of.
type Match struct {
	Symptom  string           `json:"symptom"` // the case id; "" = the form is new
	Family   string           `json:"family"`
	Surface  string           `json:"surface"`
	Wrappers []string         `json:"wrappers"`
	Category string           `json:"category"` // AWS's own first word
	Step     string           `json:"step"`
	Nature   string           `json:"nature"`
	Recalled bool             `json:"recalled"` // matched by a form that no source confirms
	Normal   bool             `json:"normal"`   // a message of healthy operation
	Cut      bool             `json:"cut"`      // the form is new, and the text stops where known messages say why
	Fields   message.Fields   `json:"fields"`
	Text     string           `json:"text"` // the part of the message
	Says     string           `json:"says"`
	Launch   string           `json:"launch"`     // where in the launch of a task it arises
	Not      []string         `json:"not"`        // what it is not, though it looks so
	Applies  string           `json:"applies_to"` // fargate, fargate+ec2, ec2; "" unknown
	Causes   []CandidateCause `json:"causes"`     // in the order in which to check them
}

// CandidateCause is one thing that may be behind a message.
type CandidateCause struct {
	ID          string `json:"id"` // the playbook that checks it; "" = none does
	Title       string `json:"title"`
	Undecidable string `json:"undecidable"` // one line why no evidence in the account decides it; "" where that is not so
	Look        string `json:"look"`        // the read-only command that settles it; <words> are for the reader to fill. "" = the account cannot tell
}

// Recognised reports whether anything in the text says what failed: its words, or at least AWS's category, the step or
// the nature of the failure.
func (e Explanation) Recognised() bool {
	return slices.ContainsFunc(e.Matches, Match.recognised)
}

func (m Match) recognised() bool {
	return m.Symptom != "" || m.Category != "" || m.Step != "" || m.Nature != "" || m.Cut
}

// Explain reads a text seen on a surface ("" = tell by the text). playbooks are the causes that ecsplain can check.
func Explain(surface, text string, playbooks []*diagnose.Playbook) Explanation {
	text = evidence.Redact(evidence.Clean(text))
	e := Explanation{Schema: ExplanationSchema, Text: strings.TrimSpace(text)}
	readings := message.Read(surface, text)
	best := message.ReadOne(surface, text)
	if i := slices.IndexFunc(readings, func(r message.Reading) bool { return r.Text == best.Text }); i > 0 {
		readings = append([]message.Reading{readings[i]}, slices.Delete(readings, i, i+1)...)
	}
	for _, r := range readings {
		e.Matches = append(e.Matches, match(r, playbooks))
	}
	if len(e.Matches) > 0 {
		e.Says, e.Known, e.Causes = e.Matches[0].Says, e.Matches[0].Symptom != "", e.Matches[0].Causes
	}
	return e
}

func match(r message.Reading, playbooks []*diagnose.Playbook) Match {
	m := Match{Symptom: r.Symptom, Family: r.Family, Surface: r.Surface, Wrappers: r.Wrappers, Category: r.Category, Step: r.Step,
		Nature: r.Nature, Recalled: r.Recalled, Normal: r.Normal, Fields: r.Fields, Text: r.Text}
	c, known := message.CaseOf(r.Symptom)
	if !known {
		return unknownForm(m, r, playbooks)
	}
	m.Says, m.Launch, m.Not, m.Applies = strings.TrimSpace(c.Says), c.Launch, c.Not, c.AppliesTo
	byID := map[string]*diagnose.Playbook{}
	for _, p := range playbooks {
		byID[p.ID] = p
	}
	seen := map[string]bool{}
	for _, cause := range c.Causes {
		if p := byID[cause.Playbook]; p != nil && p.OnlyECR && outsideECR(r.Fields) {
			continue
		}
		seen[cause.Playbook] = true
		m.Causes = append(m.Causes, candidate(cause, r.Fields, byID[cause.Playbook]))
	}
	for _, p := range playbooks {
		if slices.Contains(p.Symptoms, r.Symptom) && !seen[p.ID] && !(p.OnlyECR && outsideECR(r.Fields)) {
			m.Causes = append(m.Causes, CandidateCause{ID: p.ID, Title: p.Title})
		}
	}
	return m
}

// outsideECR reports whether the message names an image of another registry.
func outsideECR(f message.Fields) bool {
	return f.Registry != "" && !ecrRegistry.MatchString(f.Registry)
}

// candidate is a cause with what the message names filled in. checks is the playbook that decides it, nil = none.
func candidate(cause message.Cause, f message.Fields, checks *diagnose.Playbook) CandidateCause {
	out := CandidateCause{Title: strings.TrimSpace(cause.Text), Look: fill(cause.Look, f), Undecidable: strings.TrimSpace(cause.Undecidable)}
	if checks != nil {
		out.ID = checks.ID
	}
	return out
}

// unknownForm explains a message by what its layers tell.
func unknownForm(m Match, r message.Reading, playbooks []*diagnose.Playbook) Match {
	likely := message.LikelyOf(r)
	m.Cut, m.Launch = likely.Cut, message.LaunchOf(r.Step)
	for _, cause := range likely.Causes {
		var checks *diagnose.Playbook
		if i := slices.IndexFunc(playbooks, func(p *diagnose.Playbook) bool { return p.ID == cause.Playbook }); i >= 0 {
			checks = playbooks[i]
		}
		if checks != nil && checks.OnlyECR && outsideECR(r.Fields) {
			continue
		}
		m.Causes = append(m.Causes, candidate(cause, r.Fields, checks))
	}
	m.Says = newForm(m, likely.Natures)
	return m
}

// naturesInWords say what kind of failure the missing rest of a text may tell of.
var naturesInWords = map[string]string{"network": "no answer over the network", "permission": "a refused permission", "not-found": "a thing that is not there", "throttled": "too many requests",
	"dns": "a name that does not resolve", "malformed": "something malformed", "platform": "an image for another platform", "crash": "a program that ended", "capacity": "a lack of capacity",
	"quota": "a quota", "unhealthy": "a failed health check", "timeout": "something that took too long", "disk": "a full disk", "memory": "a lack of memory", "tls": "a certificate",
	"conflict": "a conflict", "unsupported": "something that is not supported", "transient": "a passing fault of AWS"}

// newForm says what the layers give of a message whose exact words are not known.
func newForm(m Match, natures []string) string {
	var known []string
	add := func(what, value string) {
		if value != "" {
			known = append(known, what+" "+value)
		}
	}
	add("AWS's category is", m.Category)
	add("the step is", m.Step)
	add("the nature is", m.Nature)
	add("it belongs with", m.Family)
	switch {
	case m.Cut:
		var may []string
		for _, n := range natures {
			if w := naturesInWords[n]; w != "" {
				may = append(may, w)
			}
		}
		s := "The text stops before it says why."
		if len(may) > 0 {
			s += " As far as it goes, it may be about " + orList(may) + "."
		}
		return s
	case !m.recognised():
		return "Nothing in this text is known to ecsplain: these exact words are new to it. Nothing in them tells which step failed or why."
	case len(known) == 0:
		return "These exact words are new to ecsplain."
	}
	return "These exact words are new to ecsplain. What can be read in them: " + strings.Join(known, ", ") + "."
}

func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// placeholders name the field that fills a <word> of a command.
var placeholders = map[string]func(message.Fields) string{
	"subnet":         func(f message.Fields) string { return f.Subnet },
	"security-group": func(f message.Fields) string { return f.SecurityGroup },
	"role":           func(f message.Fields) string { return f.Role[strings.LastIndexByte(f.Role, '/')+1:] },
	"role-arn":       func(f message.Fields) string { return onlyARN(f.Role) },
	"action":         func(f message.Fields) string { return f.Action },
	"resource":       func(f message.Fields) string { return f.Resource },
	"image":          func(f message.Fields) string { return f.Image },
	"repository":     func(f message.Fields) string { return f.Repository },
	"tag":            func(f message.Fields) string { return f.Tag },
	"digest":         func(f message.Fields) string { return f.Digest },
	"secret":         func(f message.Fields) string { return f.Secret },
	"parameter":      func(f message.Fields) string { return f.Parameter },
	"log-group":      func(f message.Fields) string { return f.LogGroup },
	"target-group":   func(f message.Fields) string { return f.TargetGroup },
	"task":           func(f message.Fields) string { return f.Task },
	"container":      func(f message.Fields) string { return f.Container },
	"account":        func(f message.Fields) string { return ecrHost(f.Registry, 1) },
	"cluster":        func(f message.Fields) string { return f.Cluster },
	"service":        func(f message.Fields) string { return f.Service },
	"region": func(f message.Fields) string {
		return cmp.Or(f.Region, ecrHost(f.Registry, 2), awsHost(f.Host), awsHost(f.Registry))
	},
}

func onlyARN(s string) string {
	if strings.HasPrefix(s, "arn:") {
		return s
	}
	return ""
}

var ecrRegistry = regexp.MustCompile(`^(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.`)

func ecrHost(registry string, part int) string {
	if m := ecrRegistry.FindStringSubmatch(registry); m != nil {
		return m[part]
	}
	return ""
}

var regionOfHost = regexp.MustCompile(`\.([a-z]{2}(?:-[a-z]+)+-\d)\.`)

// awsHost is the region in a name such as api.ecr.eu-west-1.amazonaws.com.
func awsHost(host string) string {
	if m := regionOfHost.FindStringSubmatch(host); m != nil {
		return m[1]
	}
	return ""
}

var placeholder = regexp.MustCompile(`<([a-z-]+)>`)

// fill puts what the message names into a command. The message is foreign text: what a shell could read otherwise
// stays a placeholder.
func fill(command string, f message.Fields) string {
	return placeholder.ReplaceAllStringFunc(command, func(word string) string {
		get := placeholders[strings.Trim(word, "<>")]
		if get == nil {
			return word
		}
		if v := get(f); v != "" && plainWord(v) {
			return v
		}
		return word
	})
}

// ExplanationJSON writes an explanation as docs/explanation.schema.json describes it. indent "" gives one line.
func ExplanationJSON(w io.Writer, e Explanation, indent string) error { return encode(w, e, indent) }

// ExplanationText writes an explanation for a terminal.
func ExplanationText(w io.Writer, e Explanation, o TextOptions) error {
	p := o.page()
	var normal []Match
	if !e.Recognised() {
		nothingKnown(p)
		return p.flush(w)
	}
	for i, m := range e.Matches {
		if i > 0 && m.Normal {
			normal = append(normal, m)
			continue
		}
		if i > 0 {
			p.blank()
			p.paraIn(bold, "", 0, "The text speaks of another failure as well:", 0)
		}
		explainMatch(p, m, o)
	}
	for i, m := range normal {
		if i == 0 {
			p.heading("Also in the text, and normal")
		}
		p.item("-", sentence(clean(m.Says))+" ("+clean(m.Symptom)+")")
	}
	p.heading("Let ecsplain check the causes on your account (it only reads)")
	p.command("ecsplain diagnose " + e.target() + flagFor(e))
	return p.flush(w)
}

// nothingKnown says so plainly, and how to go on.
func nothingKnown(p *page) {
	p.paraIn(yellow, "UNKNOWN", indent, "Nothing in this text is known to ecsplain: these exact words are new to it. Nothing in them tells which step failed or why.", 0)
	p.heading("Where the message of a failure stands (both only read)")
	p.command("aws ecs describe-tasks --cluster CLUSTER --tasks TASK --query 'tasks[].[stoppedReason,containers[].reason]'")
	p.command("aws ecs describe-services --cluster CLUSTER --services SERVICE --query 'services[].events[:10].message'")
	p.heading("Let ecsplain look by itself (it only reads)")
	p.command("ecsplain diagnose CLUSTER/SERVICE")
}

// target is what the text names to diagnose, as one types it.
func (e Explanation) target() string {
	for _, m := range e.Matches {
		f := m.Fields
		name := cmp.Or(f.Service, f.Task)
		if t := f.Cluster + "/" + name; f.Cluster != "" && name != "" && plainWord(t) {
			if f.Region != "" && plainWord(f.Region) {
				t += " --region " + f.Region
			}
			return t
		}
	}
	return "CLUSTER/SERVICE"
}

// plainWord reports whether a shell reads foreign text as one word and no option.
func plainWord(s string) bool { return s == shellQuote(s) && !strings.HasPrefix(s, "-") }

// flagFor is what makes a diagnosis look at the thing that the message is about, where it would not by itself.
func flagFor(e Explanation) string {
	if len(e.Matches) > 0 && e.Matches[0].Family == "exec" {
		return " --exec"
	}
	return ""
}

// ExplanationLine writes an explanation in short: the message, what it means, and how many causes to check.
func ExplanationLine(w io.Writer, e Explanation, o TextOptions) error {
	p := o.page()
	p.paraIn(bold, "", 0, quoted(e.Text, p.width-2), 1)
	for _, m := range e.Matches {
		code, label := bold, "MEANS"
		switch {
		case m.Normal:
			code, label = green, "NORMAL"
		case m.Symptom == "":
			code, label = yellow, m.label()
		}
		p.paraIn(code, "  "+label, 2+indent, sentence(clean(m.Says)), 0)
		if m.Symptom != "" {
			p.paraIn(bold, "", 2+indent, clean(m.Symptom)+", "+plural(len(m.Causes), "possible cause"), 0)
		}
	}
	return p.flush(w)
}

// label says how well a message without a known form is understood.
func (m Match) label() string {
	switch {
	case m.Cut:
		return "CUT OFF"
	case m.recognised():
		return "PARTLY"
	}
	return "UNKNOWN"
}

// mostCauses is how many causes of a message are shown that is known only in part.
const mostCauses = 6

func explainMatch(p *page, m Match, o TextOptions) {
	switch {
	case m.Normal:
		p.paraIn(green, "NORMAL", indent, sentence(clean(m.Says)), 0)
	case m.Symptom == "":
		p.paraIn(yellow, m.label(), indent, clean(m.Says), 0)
	default:
		p.paraIn(bold, "MEANS", indent, sentence(clean(m.Says)), 0)
	}
	if m.Recalled {
		p.para("Note", "We never saw AWS print exactly these words, so this meaning is likely, not certain. The commands below tell.")
	}
	if m.Launch != "" {
		p.para("When", sentence(clean(m.Launch)))
	}
	if m.Applies == "ec2" {
		p.para("Where", "Only tasks on EC2 capacity say this, never tasks on Fargate.")
	}
	for i, n := range m.Not {
		label := ""
		if i == 0 {
			label = "Not"
		}
		p.para(label, sentence(capital(clean(n))))
	}
	if w := classWords(m); w != "" {
		p.para("Case", w)
	}
	names(p, m.Fields)
	if o.Verbose && len(m.Wrappers) > 0 {
		p.para("Wrapped", strings.Join(cleaned(m.Wrappers), ", "))
	}
	if m.Cut {
		p.heading("Read the whole text first")
		p.command(fill("aws ecs describe-tasks --cluster <cluster> --tasks <task> --query 'tasks[].[stoppedReason,containers[].reason]'", m.Fields))
	}
	causes := m.Causes
	if m.Symptom == "" && !o.AllCauses && len(causes) > mostCauses {
		causes = causes[:mostCauses]
	}
	if len(causes) == 0 {
		return
	}
	p.heading("What may be behind it, in the order to check")
	for i, c := range causes {
		title := sentence(capital(clean(c.Title)))
		if c.ID != "" {
			title += " ecsplain checks this: " + clean(c.ID) + "."
		}
		if c.Undecidable != "" {
			title += " Not from the account: " + sentence(clean(c.Undecidable))
		}
		p.numbered(i+1, title)
		if c.Look != "" {
			p.command(c.Look)
		}
	}
	if more := len(m.Causes) - len(causes); more > 0 {
		p.para("", "and "+strconv.Itoa(more)+" more, less likely: ecsplain explain --all")
	}
}

// classWords gives the case and the layers, for those who look it up.
func classWords(m Match) string {
	var parts []string
	for _, s := range []string{m.Symptom, m.Category, m.Step, m.Nature} {
		if s != "" && !slices.Contains(parts, s) {
			parts = append(parts, clean(s))
		}
	}
	if m.Surface != "" {
		parts = append(parts, "seen as "+clean(m.Surface))
	}
	return strings.Join(parts, ", ")
}

// names lists the things that the message names.
func names(p *page, f message.Fields) {
	var parts []string
	for _, n := range []struct{ what, value string }{
		{"host", f.Host}, {"address", f.IP}, {"port", f.Port}, {"role", f.Role}, {"action", f.Action}, {"resource", f.Resource},
		{"image", f.Image}, {"secret", f.Secret}, {"JSON key", f.JSONKey}, {"parameter", f.Parameter}, {"subnet", f.Subnet},
		{"security group", f.SecurityGroup}, {"target group", f.TargetGroup}, {"log group", f.LogGroup}, {"log stream", f.LogStream},
		{"platform", f.Platform}, {"exit code", f.ExitCode}, {"entry point", f.EntryPoint}, {"refused by", f.DenyReason},
		{"deployment", f.Deployment}, {"cluster", f.Cluster}, {"service", f.Service}, {"region", f.Region}, {"task", f.Task}, {"container", f.Container},
	} {
		if n.value != "" {
			parts = append(parts, n.what+" "+clean(n.value))
		}
	}
	if len(parts) > 0 {
		p.para("Names", strings.Join(parts, "; "))
	}
}
