package report

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
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
	Nothing bool             `json:"nothing"` // nothing at all was recognised: neither words nor any layer
	Target  string           `json:"target"`  // what to give to ecsplain diagnose: CLUSTER/SERVICE, or the ARN of a task; "" where the text names none
	Region  string           `json:"region"`  // of the target; "" unknown
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
	Cut      bool             `json:"cut"`      // no case, for the text ends before it says why
	Recalled bool             `json:"recalled"` // matched by a form that no source confirms
	Normal   bool             `json:"normal"`   // a message of healthy operation
	Fields   message.Fields   `json:"fields"`
	Text     string           `json:"text"` // the part of the message
	Says     string           `json:"says"`
	Launch   string           `json:"launch"`     // where in the launch of a task it arises
	Not      []string         `json:"not"`        // what it is not, though it looks so
	Applies  string           `json:"applies_to"` // fargate, fargate+ec2, ec2; "" unknown
	Causes   []CandidateCause `json:"causes"`
}

// CandidateCause is one thing that may be behind a message.
type CandidateCause struct {
	ID          string `json:"id"` // the playbook that checks it; "" = none does
	Title       string `json:"title"`
	Undecidable string `json:"undecidable"` // one line why no evidence in the account decides it; "" where that is not so
	Look        string `json:"look"`        // the read-only command that settles it; <words> are for the reader to fill. "" = the account cannot tell
}

// Explain reads a text seen on a surface ("" = tell by the text). playbooks are the causes that ecsplain can check.
func Explain(surface, text string, playbooks []*diagnose.Playbook) Explanation {
	text = evidence.Redact(evidence.Clean(text))
	e := Explanation{Schema: ExplanationSchema, Text: strings.TrimSpace(text)}
	e.Target, e.Region = targetOf(text)
	readings := message.Read(surface, text)
	if i := message.MostTelling(readings); i > 0 {
		best := readings[i]
		readings = append([]message.Reading{best}, slices.Delete(readings, i, i+1)...)
	}
	for _, r := range readings {
		m := match(r, playbooks)
		for i := range m.Causes {
			m.Causes[i].Look = fillTarget(m.Causes[i].Look, e.Target)
		}
		e.Matches = append(e.Matches, m)
	}
	if len(e.Matches) > 0 {
		e.Says, e.Known, e.Causes = e.Matches[0].Says, e.Matches[0].Symptom != "", e.Matches[0].Causes
	}
	e.Nothing = !slices.ContainsFunc(e.Matches, Match.recognised)
	return e
}

func match(r message.Reading, playbooks []*diagnose.Playbook) Match {
	m := Match{Symptom: r.Symptom, Family: r.Family, Surface: r.Surface, Wrappers: r.Wrappers, Category: r.Category, Step: r.Step,
		Nature: r.Nature, Recalled: r.Recalled, Normal: r.Normal, Fields: r.Fields, Text: r.Text}
	c, known := message.CaseOf(r.Symptom)
	if !known {
		m.Cut = message.Cut(r)
		m.Says, m.Launch = newForm(r, m.Cut), message.LaunchOf(r.Step)
		m.Causes = likelyCauses(r, playbooks)
		return m
	}
	m.Says, m.Launch, m.Not, m.Applies = strings.TrimSpace(c.Says), c.Launch, c.Not, c.AppliesTo
	m.Causes = causesOf(c, r.Fields, playbooks)
	seen := map[string]bool{}
	for _, cause := range m.Causes {
		seen[cause.ID] = true
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
	"region": func(f message.Fields) string {
		return cmp.Or(ecrHost(f.Registry, 2), awsHost(f.Host), awsHost(f.Registry))
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
		if v := get(f); v != "" && v == shellQuote(v) && !strings.HasPrefix(v, "-") {
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
	p.command(diagnoseCommand(e))
	return p.flush(w)
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
		case m.Cut:
			code, label = yellow, "CUT"
		case m.Symptom == "":
			code, label = yellow, "NEW"
		}
		p.paraIn(code, "  "+label, 2+indent, sentence(clean(m.Says)), 0)
		if m.Symptom != "" {
			p.paraIn(bold, "", 2+indent, clean(m.Symptom)+", "+plural(len(m.Causes), "possible cause"), 0)
		}
	}
	return p.flush(w)
}

func explainMatch(p *page, m Match, o TextOptions) {
	switch {
	case m.Normal:
		p.paraIn(green, "NORMAL", indent, sentence(clean(m.Says)), 0)
	case m.Cut:
		p.paraIn(yellow, "CUT", indent, clean(m.Says), 0)
	case m.Symptom == "":
		p.paraIn(yellow, "NEW", indent, clean(m.Says), 0)
	default:
		p.paraIn(bold, "MEANS", indent, sentence(clean(m.Says)), 0)
	}
	if m.Recalled {
		p.para("", "Take this as likely, not as certain: these words were never compared with a message that AWS is known to have sent, and AWS may use them for something else as well.")
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
	if len(m.Causes) == 0 {
		return
	}
	p.heading("What may be behind it, in the order to check")
	shown := m.Causes
	if m.Symptom == "" && !o.All && len(shown) > mostGuesses {
		shown = shown[:mostGuesses]
	}
	for i, c := range shown {
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
	if n := len(m.Causes) - len(shown); n > 0 {
		p.para("", fmt.Sprintf("And %d more that fit less: ecsplain explain --all", n))
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
		parts = append(parts, "seen "+orWord(surfaceWords[m.Surface], "as "+m.Surface))
	}
	return strings.Join(parts, ", ")
}

// surfaceWords tell where AWS shows a text.
var surfaceWords = map[string]string{
	message.SurfaceStoppedReason: "as task.stopped-reason", message.SurfaceContainerReason: "as container.reason", message.SurfaceServiceEvent: "as service.event",
	message.SurfaceRunTaskFailure: "as run-task.failure (an answer of the ECS API)", message.SurfaceLog: "as log (output of a program or tool)",
}

// names lists the things that the message names.
func names(p *page, f message.Fields) {
	var parts []string
	for _, n := range []struct{ what, value string }{
		{"host", f.Host}, {"address", f.IP}, {"port", f.Port}, {"role", f.Role}, {"action", f.Action}, {"resource", f.Resource},
		{"image", f.Image}, {"secret", f.Secret}, {"JSON key", f.JSONKey}, {"parameter", f.Parameter}, {"subnet", f.Subnet},
		{"security group", f.SecurityGroup}, {"target group", f.TargetGroup}, {"log group", f.LogGroup}, {"log stream", f.LogStream},
		{"platform", f.Platform}, {"exit code", f.ExitCode}, {"entry point", f.EntryPoint}, {"refused by", f.DenyReason},
		{"deployment", f.Deployment}, {"task", f.Task}, {"container", f.Container},
	} {
		if n.value != "" {
			parts = append(parts, n.what+" "+clean(n.value))
		}
	}
	if len(parts) > 0 {
		p.para("Names", strings.Join(parts, "; "))
	}
}
