package report

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts/message"
)

// mostGuesses bounds the causes shown for words that are new; the rest is counted.
const mostGuesses = 6

// recognised reports whether anything in the text speaks of AWS.
func (m Match) recognised() bool {
	return m.Symptom != "" || m.Category != "" || m.Step != "" || m.Nature != "" || m.Family != ""
}

// newForm says what the layers give of a message whose exact words are not known, or whose end is missing.
func newForm(r message.Reading, cut bool) string {
	var known []string
	add := func(what, value string) {
		if value != "" {
			known = append(known, what+" "+value)
		}
	}
	add("AWS's category is", r.Category)
	add("the step is", r.Step)
	add("the nature is", r.Nature)
	add("it belongs with", r.Family)
	s := "These exact words are new to ecsplain. "
	switch {
	case len(known) == 0:
		return s + "Nothing in them tells which step failed or why. It may be no message of AWS at all."
	case cut:
		s = "The text ends before it says why: read its end first (the whole of it stands in the stoppedReason of aws ecs describe-tasks). "
	}
	return s + "What can be read in them: " + strings.Join(known, ", ") + "."
}

// likelyCauses are the causes of the cases that a text without one may be: those of the likeliest cases first, and of
// equally likely cases the first cause of each before the second of any. What no command tells apart comes last.
func likelyCauses(r message.Reading, playbooks []*diagnose.Playbook) []CandidateCause {
	type ranked struct {
		CandidateCause
		score, nth int
	}
	var all []ranked
	seen := map[string]bool{}
	for _, g := range message.Likely(r) {
		c, _ := message.CaseOf(g.Case)
		for i, cause := range causesOf(c, r.Fields, playbooks) {
			all = append(all, ranked{cause, g.Score, i})
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		return cmp.Or(compareBool(a.Look == "", b.Look == ""), cmp.Compare(b.score, a.score), cmp.Compare(a.nth, b.nth))
	})
	var out []CandidateCause
	for _, c := range all {
		if key := cmp.Or(c.ID, c.Title); !seen[key] {
			seen[key], out = true, append(out, c.CandidateCause)
		}
	}
	for _, p := range playbooks { // those of one's own, which the catalogue does not know
		if r.Family != "" && !seen[p.ID] && !(p.OnlyECR && outsideECR(r.Fields)) && slices.ContainsFunc(p.Symptoms, func(s string) bool { return strings.HasPrefix(s, r.Family+"/") }) {
			out = append(out, CandidateCause{ID: p.ID, Title: p.Title})
		}
	}
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// causesOf are the causes of a case as far as they can be behind a text that names these fields.
func causesOf(c message.Case, f message.Fields, playbooks []*diagnose.Playbook) []CandidateCause {
	var out []CandidateCause
	for _, cause := range c.Causes {
		i := slices.IndexFunc(playbooks, func(p *diagnose.Playbook) bool { return cause.Playbook != "" && p.ID == cause.Playbook })
		if i >= 0 && playbooks[i].OnlyECR && outsideECR(f) {
			continue
		}
		one := CandidateCause{Title: strings.TrimSpace(cause.Text), Look: fill(cause.Look, f), Undecidable: strings.TrimSpace(cause.Undecidable)}
		if i >= 0 {
			one.ID = cause.Playbook
		}
		out = append(out, one)
	}
	return out
}

// Groups: 1 region, 2 service or task, 3 what follows, which the old form of ARNs has without the cluster.
var thingARN = regexp.MustCompile(`arn:aws[a-z-]*:ecs:([a-z0-9-]+):\d{12}:(service|task|service-deployment|service-revision)/([A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)?)`)

// targetOf is what the text names that a diagnosis can be made of. Hard wraps may have broken an ARN; those of a frame
// are gone by message.Plain. A service is a better target than a task: a task is gone after an hour.
func targetOf(text string) (target, region string) {
	for _, m := range thingARN.FindAllStringSubmatch(message.Plain(text), -1) {
		cluster, name, ok := strings.Cut(m[3], "/")
		switch {
		case ok && m[2] != "task":
			return cluster + "/" + name, m[1]
		case target != "":
		case !ok && m[2] == "service":
			target, region = m[3], m[1]
		case m[2] == "task":
			target, region = m[0], m[1]
		}
	}
	return target, region
}

// fillTarget puts the service that the text names into a command. The names are of letters that a shell leaves alone.
func fillTarget(command, target string) string {
	cluster, service, ok := strings.Cut(target, "/")
	if !ok || strings.HasPrefix(target, "arn:") {
		return command
	}
	return strings.NewReplacer("<cluster>", cluster, "<service>", service).Replace(command)
}

// diagnoseCommand is what to type next: with the service that the text names, and with the flag that makes a diagnosis
// look at the thing that the message is about, where it would not by itself.
func diagnoseCommand(e Explanation) string {
	s := "ecsplain diagnose " + cmp.Or(e.Target, "CLUSTER/SERVICE")
	if e.Region != "" {
		s += " --region " + e.Region
	}
	if len(e.Matches) > 0 && e.Matches[0].Family == "exec" {
		s += " --exec"
	}
	return s
}
