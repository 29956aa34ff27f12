package message

import (
	"encoding/json"
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
	p.text, p.wrappers = commandLine(p.text, p.wrappers)
	p.text, p.wrappers = operationError(p.text, p.wrappers)
	low := asciiLower(p.text)
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

// jsonValues finds the messages in a piece of JSON, such as the output of describe-tasks, whole or in part. Each is
// named once.
func jsonValues(text string) []string {
	if strings.IndexByte(text, '{') < 0 && !strings.HasPrefix(strings.TrimSpace(text), `"`) {
		return nil
	}
	var out []string
	seen := map[string]bool{}
	for at := 0; ; {
		i := strings.IndexByte(text[at:], '"')
		if i < 0 {
			return out
		}
		at += i
		key := jsonKey(text[at:])
		if key == "" {
			at++
			continue
		}
		at += len(key)
		rest := strings.TrimLeft(text[at:], " \t\r\n")
		if !strings.HasPrefix(rest, ":") {
			continue
		}
		v := jsonString(strings.TrimLeft(rest[1:], " \t\r\n"))
		if strings.TrimSpace(v) != "" && !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
}

func jsonKey(s string) string {
	for _, k := range jsonKeys {
		if strings.HasPrefix(s, k) {
			return k
		}
	}
	return ""
}

// jsonString decodes the string at the start of s; "" where none is there, or its end is missing.
func jsonString(s string) string {
	if !strings.HasPrefix(s, `"`) {
		return ""
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			var v string
			if json.Unmarshal([]byte(s[:i+1]), &v) != nil {
				return ""
			}
			return v
		}
	}
	return ""
}

// commandLine turns the AWS command line's and botocore's "An error occurred (X) when calling the Y operation: Z"
// into the "X: Z" that every other tool shows.
func commandLine(text string, wrappers []string) (string, []string) {
	const head, middle = "an error occurred (", ") when calling the "
	low := asciiLower(text)
	i := strings.Index(low, head)
	if i < 0 {
		return text, wrappers
	}
	j := strings.Index(low[i:], middle)
	if j < 0 {
		return text, wrappers
	}
	k := strings.Index(low[i+j:], ": ")
	if k < 0 {
		return text, wrappers
	}
	name := text[i+len(head) : i+j]
	return text[:i] + name + ": " + text[i+j+k+2:], append(wrappers, "aws-cli")
}

// operationError turns the Go SDK's "operation error ECS: OP, https response error StatusCode: 400, RequestID: ID, CODE: Z",
// which Terraform and others show, into "CODE: Z". What the agent of Fargate says of other services stays as it is.
func operationError(text string, wrappers []string) (string, []string) {
	const head, middle = "operation error ecs: ", "requestid: "
	low := asciiLower(text)
	i := strings.Index(low, head)
	if i < 0 {
		return text, wrappers
	}
	j := strings.Index(low[i:], middle)
	if j < 0 || !strings.Contains(low[i:i+j], "response error statuscode: ") {
		return text, wrappers
	}
	_, rest, ok := strings.Cut(text[i+j:], ", ")
	if !ok {
		return text, wrappers
	}
	return text[:i] + strings.TrimPrefix(rest, "api error "), append(wrappers, "sdk-operation-error")
}

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
	width := evenWidth(lines)
	var b strings.Builder
	for i, line := range lines {
		if i > 0 && !broken(lines[i-1], line, width) {
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

// evenWidth is the width of lines that a tool broke anywhere: all but the last are equally long; a line that ended in a
// space may have lost it. 0 = they are not.
func evenWidth(lines []string) int {
	if len(lines) < 3 {
		return 0
	}
	widest, least := 0, 0
	for i, l := range lines[:len(lines)-1] {
		n := utf8.RuneCountInString(l)
		if widest = max(widest, n); i == 0 || n < least {
			least = n
		}
	}
	if least < widest-1 {
		return 0
	}
	return widest
}

// broken reports whether a line goes on inside the word with which the line before it ended: the lines are evenly
// broken, or the break is inside an ARN or a URL. even is their evenWidth.
func broken(prev, next string, even int) bool {
	if strings.HasPrefix(next, " ") || strings.HasSuffix(prev, " ") {
		return true // the space between the words, if there was one, is still there
	}
	if even > 0 && len(prev) >= 40 {
		if width := utf8.RuneCountInString(prev); width >= 40 {
			return width == even
		}
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

// mostFailures bounds how many failures one text is split into; what comes after stays with the last.
const mostFailures = 100

// split separates failures that AWS joined with semicolons. Other semicolons are part of a message.
func split(text string) []string {
	if strings.IndexByte(text, ';') < 0 {
		return []string{text}
	}
	var out []string
	head, from := "", 0
	for at := 0; at < len(text) && len(out) < mostFailures; at++ {
		if text[at] != ';' {
			continue
		}
		next := strings.TrimLeft(text[at+1:], " ")
		starts, own := startsFailure(next)
		if !starts {
			continue
		}
		out = append(out, head+strings.TrimSpace(text[from:at]))
		if head = headOf(text[:at], next); own {
			head = ""
		}
		from = at + 1
	}
	return append(out, head+strings.TrimSpace(text[from:]))
}

// opening is how much of a failure tells that one starts, and whose words it repeats.
const opening = 2000

// startsFailure reports whether a failure begins here, and whether it has its own category.
func startsFailure(s string) (starts, own bool) {
	s = s[:min(len(s), 60)]
	if name, _, ok := strings.Cut(s, ":"); ok && !strings.Contains(name, " ") && categoryOf[squeeze(name)] != "" {
		return true, true
	}
	low := asciiLower(s)
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

// headOf is what the first failure says before its details, as far as the next one does not say it itself.
func headOf(first, next string) string {
	first, next = first[:min(len(first), opening)], next[:min(len(next), opening)]
	low, nextLow := asciiLower(first), asciiLower(next)
	for _, h := range heads {
		if strings.HasPrefix(nextLow, "unable to retrieve ") && strings.HasPrefix(h, "unable to retrieve ") {
			continue
		}
		if strings.HasPrefix(nextLow, h) {
			continue
		}
		if i := strings.Index(low, h); i >= 0 {
			return first[:i+len(h)]
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
