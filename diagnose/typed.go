package diagnose

import (
	"regexp"
	"strings"

	"cel.dev/cel-go/common/types/ref"

	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
)

// typed writes the lines of an action that calls cannot say: those of type, then those of revise. Where a value is not known there is no
// line at all: half a command is none.
func (e *Engine) typed(s *scene, a actionTemplate, region string) (lines string, missing []evidence.Key) {
	var parts []string
	if a.lines != nil {
		text, m, ok := s.shell(a.lines, shellWords)
		if missing = append(missing, m...); !ok {
			return "", missing
		}
		parts = append(parts, aimed(strings.TrimSpace(text), globals(e.Profile, region)))
	}
	if a.jq != nil {
		if s.in.Definition.Basis.Unknown || s.in.Definition.ID == "" {
			return "", append(missing, s.in.Definition.Basis.Missing...)
		}
		edit, m, ok := s.shell(a.jq, words)
		if missing = append(missing, m...); !ok {
			return "", missing
		}
		parts = append(parts, revision(s.in, strings.TrimSpace(edit), globals(e.Profile, region)))
	}
	return strings.Join(parts, "\n"), missing
}

// byHand stands for an edit that only a person can make.
const byHand = "by hand"

// notGiven are the members that DescribeTaskDefinition shows and RegisterTaskDefinition does not take.
const notGiven = "del(.taskDefinitionArn,.revision,.status,.requiresAttributes,.compatibilities,.registeredAt,.registeredBy,.deregisteredAt)"

// revision are the lines that take a task definition, edit it with a jq filter, register it, and give it to the service if there is one.
func revision(in *facts.Incident, edit, globals string) string {
	id, file := in.Definition.ID, "revision.json"
	family, _, _ := strings.Cut(id, ":")
	filter := notGiven
	if edit != byHand {
		filter += " | " + edit
	}
	lines := []string{"aws ecs describe-task-definition --task-definition " + quote(id) + " --query taskDefinition" + globals + " | jq " + quote(filter) + " > " + file}
	if edit == byHand {
		lines = append(lines, "vi "+file)
	}
	lines = append(lines, "aws ecs register-task-definition --cli-input-json file://"+file+globals)
	if in.Service != "" {
		lines = append(lines, "aws ecs update-service --cluster "+quote(in.Cluster)+" --service "+quote(in.Service)+" --task-definition "+quote(family)+globals)
	}
	return strings.Join(lines, "\n")
}

// globals are the options that aim a command of aws at the account and region; they begin with a blank.
func globals(profile, region string) (s string) {
	if profile != "" {
		s += " --profile " + quote(profile)
	}
	if region != "" {
		s += " --region " + quote(region)
	}
	return s
}

// awsCommand is where a call of aws begins in a shell line.
var awsCommand = regexp.MustCompile(`(^|\$\(|\| )aws `)

// aimed gives each call of aws the global options: behind it, or where a line has several parts, in front.
func aimed(lines, globals string) string {
	out := strings.Split(lines, "\n")
	for i, l := range out {
		l = strings.TrimSpace(l)
		switch {
		case strings.ContainsAny(l, "|$>"):
			l = awsCommand.ReplaceAllString(l, "${1}aws"+strings.ReplaceAll(globals, "$", "$$")+" ")
		case strings.HasPrefix(l, "aws "):
			l += globals
		}
		out[i] = l
	}
	return strings.Join(out, "\n")
}

// shell renders a template for a shell line; ok is false where a value is not known or is an error.
func (s *scene) shell(t *template, write func(ref.Val) string) (text string, missing []evidence.Key, ok bool) {
	var sb strings.Builder
	ok = true
	for _, part := range t.parts {
		if part.expr == nil {
			sb.WriteString(part.text)
			continue
		}
		v := s.eval(part.expr)
		if v.err != nil || v.unknown {
			missing, ok = append(missing, v.missing...), false
			continue
		}
		sb.WriteString(write(v.val))
	}
	return sb.String(), missing, ok
}

// shellWords writes a value as a word of a shell, a list as several.
func shellWords(v ref.Val) string {
	list, ok := native(v).([]string)
	if !ok {
		return quote(words(v))
	}
	out := make([]string, len(list))
	for i := range list {
		out[i] = quote(list[i])
	}
	return strings.Join(out, " ")
}
