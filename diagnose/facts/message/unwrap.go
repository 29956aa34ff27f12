package message

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// piece is one message of a text, without what other tools put around it.
type piece struct {
	text     string
	wrappers []string
	wrapped  bool // its lines were joined: white space inside words is not to be trusted
}

// unwrap takes other tools' decoration off a text and splits it where AWS joined several failures.
func unwrap(text string) []piece {
	if values := jsonValues(text); len(values) > 0 {
		var out []piece
		for _, v := range values {
			for _, p := range unwrap(v) {
				p.wrappers = append([]string{"json"}, p.wrappers...)
				out = append(out, p)
			}
		}
		return out
	}
	p := undecorated(text)
	low := asciiLower(p.text)
	for _, take := range []func(text, low string) (rest, wrapper string){commandLine, goSDK} {
		rest, w := take(p.text, low)
		if w == "" {
			continue
		}
		if p.text, low = rest, asciiLower(rest); !slices.Contains(p.wrappers, w) {
			p.wrappers = append(p.wrappers, w)
		}
	}
	for _, w := range awsWrappers {
		if strings.Contains(low, w.words) && !slices.Contains(p.wrappers, w.says) {
			p.wrappers = append(p.wrappers, w.says)
		}
	}
	var out []piece
	for _, t := range split(p.text) {
		out = append(out, piece{text: t, wrappers: slices.Clone(p.wrappers), wrapped: p.wrapped})
	}
	return out
}

// awsWrappers are what AWS itself, or the tool that called it, says around another message.
var awsWrappers = []struct{ says, words string }{
	{"resource-handler", "resource handler returned message"},
	{"sdk-operation-error", "operation error "},
	{"unable-to-place-a-task", "was unable to place a task. reason: "},
	{"failed-to-launch-a-task", "failed to launch a task with (error"},
	{"could-not-launch-tasks", "could not launch"},
	{"failed-to-register-targets", "failed to register targets in"},
	{"rolled-back", "deployment rolled back because"},
	{"task-failed-to-start", "taskfailedtostart: "},
	{"error-response-from-daemon", "error response from daemon: "},
}

// jsonKeys are the fields of an API answer or event whose values are messages.
var jsonKeys = []string{`"stoppedReason"`, `"reason"`, `"message"`, `"statusReason"`, `"rolloutStateReason"`, `"errorMessage"`}

// jsonValues finds the messages in a piece of JSON, such as the output of describe-tasks, whole or in part. The text is
// gone through once.
func jsonValues(text string) []string {
	var out []string
	if strings.IndexByte(text, '{') < 0 && !strings.HasPrefix(strings.TrimSpace(text), `"`) {
		return nil
	}
	seen := map[string]bool{}
	for at := 0; at < len(text); {
		i := strings.IndexByte(text[at:], '"')
		if i < 0 {
			return out
		}
		at += i
		key := slices.IndexFunc(jsonKeys, func(k string) bool { return strings.HasPrefix(text[at:], k) })
		if key < 0 {
			at++
			continue
		}
		at += len(jsonKeys[key])
		rest := strings.TrimLeft(text[at:], " \t\r\n")
		if !strings.HasPrefix(rest, ":") {
			continue
		}
		rest = strings.TrimLeft(rest[1:], " \t\r\n")
		if !strings.HasPrefix(rest, `"`) {
			continue // an object or a list: what is in it is met on the way
		}
		dec := json.NewDecoder(strings.NewReader(rest))
		var v string
		if dec.Decode(&v) != nil {
			continue
		}
		at = len(text) - len(rest) + int(dec.InputOffset())
		if strings.TrimSpace(v) != "" && !seen[v] {
			seen[v], out = true, append(out, v)
		}
	}
	return out
}

// commandLine turns the AWS command line's and botocore's "An error occurred (X) when calling the Y operation: Z"
// into the "X: Z" that every other tool shows. wrapper "" = there is nothing of the kind.
func commandLine(text, low string) (rest, wrapper string) {
	const first, middle, last = "an error occurred (", ") when calling the ", " operation"
	i := strings.Index(low, first)
	if i < 0 {
		return text, ""
	}
	j := strings.Index(low[i:], middle)
	if j < 0 {
		return text, ""
	}
	j += i
	k := strings.Index(low[j:], last)
	if k < 0 {
		return text, ""
	}
	k += j + len(last)
	if strings.HasPrefix(low[k:], " (reached max retries: ") {
		k += strings.IndexByte(low[k:], ')') + 1
	}
	said, ok := strings.CutPrefix(text[k:], ": ")
	if !ok {
		return text, ""
	}
	return text[:i] + text[i+len(first):j] + ": " + said, "aws-cli"
}

// sdkError is what the Go SDK, and so Terraform, puts before an answer of the ECS API that is an error.
var sdkError = regexp.MustCompile(`(?i)operation error ECS: [a-z]{1,60}, (?:exceeded maximum number of attempts, \d{1,3}, )?https response error StatusCode: \d{1,3}, RequestID: [^, ]{0,80}, (?:api error )?([a-z]{3,60}: )`)

// goSDK takes it off: "operation error ECS: Y, https response error ..., X: Z" is "X: Z". What other services are called
// with stays: it is AWS's own text inside a message of ECS.
func goSDK(text, low string) (rest, wrapper string) {
	if !strings.Contains(low, "operation error ecs: ") {
		return text, ""
	}
	m := sdkError.FindStringSubmatchIndex(text)
	if m == nil {
		return text, ""
	}
	return text[:m[0]] + text[m[2]:], "sdk-operation-error"
}

// Plain is a text as one line: without frames, quote marks, time stamps and colours, what was broken joined again.
func Plain(text string) string { return undecorated(text).text }

// undecorated joins the lines of a text, without frames, quote marks, time stamps and colours.
func undecorated(text string) piece {
	var p piece
	note := func(w string) {
		if w != "" && !slices.Contains(p.wrappers, w) {
			p.wrappers = append(p.wrappers, w)
		}
	}
	if strings.IndexByte(text, 0x1b) >= 0 {
		text = colourless(text)
		note("colour")
	}
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(strings.TrimRight(line, "\r\n"), "│╷╵┃")
		for {
			rest, w := decoration(line)
			note(w)
			if len(rest) == len(line) {
				break
			}
			line = rest
		}
		if strings.TrimSpace(line) != "" {
			lines = append(lines, line)
		}
	}
	p.wrapped = len(lines) > 1
	even := evenWidth(lines)
	var b strings.Builder
	for i, line := range lines {
		if i > 0 && !broken(lines[i-1], line, even) {
			b.WriteByte(' ')
		}
		b.WriteString(line)
	}
	p.text = collapse(b.String())
	return p
}

// decoration takes one ornament off the start of a line and names it.
func decoration(line string) (rest, wrapper string) {
	t := strings.TrimLeft(line, " \t")
	r, n := utf8.DecodeRuneInString(t)
	switch {
	case strings.HasPrefix(t, "##[error]"):
		return t[len("##[error]"):], "log-level"
	case r >= 0x2500 && r <= 0x257f:
		return strings.TrimPrefix(t[n:], " "), "frame"
	case r == '>' || r == '#' || r == '|':
		return strings.TrimPrefix(t[n:], " "), "quote"
	}
	if m := stamp(t); m > 0 {
		return t[m:], "timestamp"
	}
	return line, ""
}

// stamp measures the time stamp at the start of a line: 2026-01-31T10:00:00.123Z, [2026-01-31 10:00:00], 10:00:00 AM |.
func stamp(t string) int {
	i := 0
	if i < len(t) && t[i] == '[' {
		i++
	}
	from := i
	for i < len(t) && (t[i] >= '0' && t[i] <= '9' || strings.IndexByte("-:.,TZ+", t[i]) >= 0 || t[i] == ' ' && i+3 < len(t) && t[i+3] == ':') {
		i++
	}
	if !clock(t[from:i]) || i < len(t) && strings.IndexByte(" ]|", t[i]) < 0 {
		return 0
	}
	for i < len(t) && strings.IndexByte(" ]|", t[i]) >= 0 {
		i++
	}
	for _, half := range []string{"AM |", "PM |"} {
		if strings.HasPrefix(t[i:], half) {
			i += len(half)
		}
	}
	return i
}

// clock reports whether a time of day stands in s: two digits, a colon, two digits, a colon, two digits.
func clock(s string) bool {
	d := func(i int) bool { return s[i] >= '0' && s[i] <= '9' }
	for i := 0; i+8 <= len(s); i++ {
		if d(i) && d(i+1) && s[i+2] == ':' && d(i+3) && d(i+4) && s[i+5] == ':' && d(i+6) && d(i+7) {
			return true
		}
	}
	return false
}

func colourless(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != 0x1b {
			b.WriteByte(s[i])
			continue
		}
		for i++; i < len(s) && !(lower[s[i]] >= 'a' && lower[s[i]] <= 'z'); i++ {
		}
	}
	return b.String()
}

// evenWidth is the width of lines that a tool made which breaks anywhere: all but the last are equally long, save for
// one that ended in a space and may have lost it. 0 = the lines were not made so.
func evenWidth(lines []string) int {
	if len(lines) < 3 {
		return 0
	}
	narrowest, widest := len(lines[0])+1, 0
	for _, l := range lines[:len(lines)-1] {
		n := utf8.RuneCountInString(l)
		narrowest, widest = min(narrowest, n), max(widest, n)
	}
	if narrowest < widest-1 {
		return 0
	}
	return widest
}

// broken reports whether next goes on inside the word with which prev ended: the lines are of an even width (0 = they
// are not), or the break is inside an ARN or a URL.
func broken(prev, next string, even int) bool {
	if strings.HasPrefix(next, " ") || strings.HasSuffix(prev, " ") {
		return true // the space between the words, if there was one, is still there
	}
	if width := utf8.RuneCountInString(prev); width >= 40 && even > 0 {
		return width == even
	}
	last := prev[strings.LastIndexByte(prev, ' ')+1:]
	if len(prev) < 60 || !strings.Contains(last, "arn:") && !strings.Contains(last, "://") && !strings.Contains(last, ".amazonaws.") {
		return false
	}
	first, _, _ := strings.Cut(next, " ")
	return strings.ContainsAny(first, "0123456789/:-.") || strings.HasSuffix(last, "/") || strings.HasSuffix(last, ":") && strings.Contains(last, "arn:") || strings.HasSuffix(last, "-")
}

func collapse(s string) string {
	clean := true
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == ' ' && (i == 0 || s[i-1] == ' ' || i == len(s)-1) || s[i] == 0xc2 {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// heads introduce the failures that the Fargate agent joins with semicolons; the parts after the first do not repeat
// them.
var heads = []string{"unable to retrieve secret from asm: ", "unable to retrieve secrets from ssm: ", "unable to retrieve ecr registry auth: ", "execution resource retrieval failed: ",
	"unable to pull secrets or registry auth: "}

// parts are how a joined failure starts.
var parts = []string{"unable to retrieve ", "failed to fetch secret", "service call has been retried", "invalid ssm parameters", "fetching secret data", "execution resource retrieval failed"}

// split separates failures that AWS joined with semicolons. Other semicolons are part of a message.
func split(text string) []string {
	if strings.IndexByte(text, ';') < 0 {
		return []string{text}
	}
	var out []string
	at := headsAt(text)
	head, from := "", 0
	for i := 0; i < len(text); i++ {
		if text[i] != ';' {
			continue
		}
		next := text[i+1 : min(len(text), i+1+mostStart)]
		next = strings.TrimLeft(next, " ")
		starts, own := startsFailure(next)
		if !starts {
			continue
		}
		out = append(out, head+strings.TrimSpace(text[from:i]))
		if head = headOf(text[:i], next, at); own {
			head = ""
		}
		from = i + 1
	}
	return append(out, head+strings.TrimSpace(text[from:]))
}

// mostStart and mostHead bound, in bytes, what is looked at to tell that a failure begins, and what of the first one is
// said again before the next.
const mostStart, mostHead = 100, 500

// startsFailure reports whether a failure begins here, and whether it has its own category.
func startsFailure(s string) (starts, own bool) {
	if name, _, ok := strings.Cut(s, ":"); ok && !strings.Contains(name, " ") && categoryOf[squeeze(name)] != "" {
		return true, true
	}
	low := asciiLower(s[:min(len(s), 60)])
	if strings.HasPrefix(low, "resource:") {
		return true, true // reasons of a placement
	}
	for _, p := range parts {
		if strings.HasPrefix(low, p) {
			return true, false
		}
	}
	return false, false
}

// headsAt is where each of heads ends in a text for the first time, -1 where it is not there.
func headsAt(text string) []int {
	low := asciiLower(text)
	at := make([]int, len(heads))
	for i, h := range heads {
		at[i] = strings.Index(low, h)
		if at[i] >= 0 {
			at[i] += len(h)
		}
	}
	return at
}

// headOf is what the first failure says before its details, as far as the next one does not say it itself. at is where
// the heads end.
func headOf(first, next string, at []int) string {
	nextLow := asciiLower(next)
	for i, h := range heads {
		if strings.HasPrefix(nextLow, "unable to retrieve ") && strings.HasPrefix(h, "unable to retrieve ") {
			continue
		}
		if strings.HasPrefix(nextLow, h) {
			continue
		}
		switch end := at[i]; {
		case end < 0 || end > len(first):
		case end > mostHead:
			return first[end-len(h) : end]
		default:
			return first[:end]
		}
	}
	return ""
}

func asciiLower(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				b[i] = lower[b[i]]
			}
			return string(b)
		}
	}
	return s
}
