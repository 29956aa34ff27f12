// Package logline finds, in the last lines that a container wrote, the line that tells why it ended. It knows the
// crash messages of common runtimes and servers as data (signatures/*.yaml). Pure functions: no clock, no I/O.
package logline

import (
	"regexp"
	"strings"
)

// Verdict is the line that tells the cause. Line is "" where no line says anything.
type Verdict struct {
	Line      string   `json:"line"`      // the deciding line, as written
	Index     int      `json:"index"`     // its place in the lines given; -1 where Line is ""
	Signature string   `json:"signature"` // app.db-refused; "" where not Known
	Says      string   `json:"says"`      // one sentence with the names that the line holds
	Name      string   `json:"name"`      // what the line is about: a variable, file, host or port; "" = not told
	Means     string   `json:"means"`     // what such a line means
	Mistaken  string   `json:"mistaken"`  // what it is often mistaken for
	Fix       string   `json:"fix"`       // what to do
	Known     bool     `json:"known"`     // a signature matched; otherwise Line is the best candidate
	Trace     []string `json:"trace"`     // the whole trace around the line, as written; empty where the line stands alone
}

// grade orders what was found. Of several with the same grade the last one wins: it is nearest to the end.
type grade int

const (
	gradeNoise       grade = iota // shut down, stack frames, rulers
	gradePlain                    // any other line
	gradeError                    // looks like an error
	gradeConsequence              // known, and follows from something else
	gradeWarned                   // a known cause, reported as a warning or less
	gradeFatal                    // a trace or a fatal line that nobody knows
	gradeCause                    // a known cause
)

// Deciding returns the line that tells the cause: a known one before an unknown one, a cause before what follows from
// it, the innermost error of a trace before the outer ones, and never a stack frame. Where nothing is known it is the
// last line that looks like an error and is not part of the shut down.
func Deciding(lines []string) Verdict {
	best, bestGrade := Verdict{Index: -1}, grade(-1)
	blocks := split(lines)
	for i := len(blocks) - 1; i >= 0 && bestGrade < gradeCause; i-- {
		if v, g := blocks[i].judge(lines, bestGrade); g > bestGrade {
			best, bestGrade = v, g
		}
	}
	return best
}

// judge gives the block's own best line and how good it is; what cannot pass floor is not looked into further.
func (b block) judge(lines []string, floor grade) (Verdict, grade) {
	index, found, groups := b.known(lines)
	if found == nil {
		return b.verdict(lines, b.head), b.unknown(lines, floor)
	}
	v := b.verdict(lines, index)
	v.Known, v.Signature, v.Says = true, found.ID, fill(found.Says, groups)
	v.Name = firstOf(groups, "name", "other", "path", "file", "host", "port")
	v.Means, v.Mistaken, v.Fix = found.Means, found.Mistaken, found.Fix
	switch {
	case found.Consequence:
		return v, gradeConsequence
	case b.mild(lines):
		return v, gradeWarned
	}
	return v, gradeCause
}

// firstOf is the first of some named groups that holds something.
func firstOf(groups map[string]string, names ...string) string {
	for _, n := range names {
		if groups[n] != "" {
			return groups[n]
		}
	}
	return ""
}

// known is the best signature of the block: a particular one before a general one, a cause before a consequence, then
// the line that is likelier to name the cause.
func (b block) known(lines []string) (index int, found *signature, groups map[string]string) {
	for _, i := range b.says {
		s, g := recognize(lines[i])
		if s != nil && (found == nil || rank(s) < rank(found)) {
			index, found, groups = i, s, g
		}
	}
	return index, found, groups
}

// recognize is the signature of one line, nil where none fits.
func recognize(line string) (found *signature, groups map[string]string) {
	low := strings.ToLower(line)
	for _, s := range signatures() {
		if found != nil && rank(found) <= rank(s) {
			continue
		}
		if g, ok := s.find(line, low); ok {
			found, groups = s, g
		}
	}
	return found, groups
}

// rank orders signatures that fit the same thing.
func rank(s *signature) int {
	switch {
	case s.Consequence:
		return 2
	case s.General:
		return 1
	}
	return 0
}

func (b block) verdict(lines []string, index int) Verdict {
	v := Verdict{Line: lines[index], Index: index}
	if b.trace {
		v.Trace = append([]string(nil), lines[b.from:b.to]...)
	}
	return v
}

var (
	mildWord = regexp.MustCompile(`\b(?:WARN|WARNING|INFO|DEBUG|TRACE|NOTICE|VERBOSE)\b|^(?:warn|info|dbug|debug|trace)[: ]|(?i:"?(?:level|severity|lvl)"?\s*[=:]\s*"?(?:warn|warning|info|debug|trace|notice)\b)|"level":\s*(?:10|20|30|40)\b`)
	// levelAt is how far into a line its level may stand.
	levelAt   = 100
	fatalWord = regexp.MustCompile(`\b(?:FATAL|PANIC|CRITICAL|EMERG)\b|^(?:panic|fatal(?: error)?): |(?i:unhandled exception|uncaught exception)|(?i:"?(?:level|severity)"?\s*[=:]\s*"?(?:fatal|critical|panic)\b)|"level":\s*60\b`)
	errorWord = regexp.MustCompile(`(?i)\b(?:error|exception|fatal|panic|critical|fail(?:ed|ure|s)?|cannot|can't|could not|couldn't|unable to|denied|refused|abort(?:ed|ing)?|crash(?:ed)?|emerg|unhandled|uncaught|not found|invalid|missing|must be)\b|[a-z](?:Error|Exception)\b`)
	noError   = regexp.MustCompile(`(?i)\b(?:no|0|zero|without) (?:errors?|failures?|exceptions?)\b|\b(?:errors?|failures?|failed)["']?\s*[=:]\s*["']?(?:0|null|nil|none|false|undefined)\b`)
	noiseLine = regexp.MustCompile(`(?i)^\s*[\^~=*_-]+\s*$|^Node\.js v\d|^npm (?:err!|error|notice|warn)|^(?:error|info) (?:command failed|visit https://yarnpkg)|exit(?:ed|ing)?\b.{0,20}\b(?:code|status)\b|\bshut(?:ting)?[ -]?down\b|\bgraceful|\bSIG(?:TERM|INT|KILL)\b|\bstopp(?:ed|ing)\b|\bclos(?:ed|ing)\b|\bterminat(?:ed|ing)\b|\bgood ?bye\b|^exiting\b|see .{0,40} for (?:more|details)|a complete log of this run|^\s*elifecycle\b`)
)

// mild reports whether the block says of itself that it is a warning or less, in its head or in the line that announces
// it.
func (b block) mild(lines []string) bool {
	return isMild(lines[b.from]) && !fatalWord.MatchString(lines[b.from]) || b.trace && b.from > 0 && isMild(lines[b.from-1]) && strings.HasSuffix(strings.TrimSpace(lines[b.from-1]), ":")
}

func isMild(line string) bool { return mildWord.MatchString(line[:min(len(line), levelAt)]) }

// errorStems are what every match of fatalWord and errorWord holds, in small letters.
var errorStems = []string{"err", "exception", "fatal", "panic", "crit", "fail", "can", "could", "unable", "denied", "refused", "abort", "crash",
	"emerg", "unhandled", "uncaught", "not found", "invalid", "missing", "must be", `"level":`}

// unknown grades a block that no signature fits. A calm line is not told from noise where floor is as good as either.
func (b block) unknown(lines []string, floor grade) grade {
	line := lines[b.head]
	if b.trace && !b.mild(lines) {
		return gradeFatal
	}
	suspect := containsAny(strings.ToLower(line), errorStems)
	if !suspect && floor >= gradePlain || noiseLine.MatchString(line) || isFrame(line) {
		return gradeNoise
	}
	switch {
	case suspect && fatalWord.MatchString(line):
		return gradeFatal
	case suspect && errorWord.MatchString(line) && !noError.MatchString(line) && !b.mild(lines):
		return gradeError
	}
	return gradePlain
}
