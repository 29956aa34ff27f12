package logline

import (
	"regexp"
	"strings"
)

// block is one thing that was said: a line, or a trace of several lines that belong together.
type block struct {
	from, to int   // lines[from:to]
	head     int   // the line that names the error where no cause decides
	says     []int // the lines that may name the cause, the likeliest first; holds head
	trace    bool  // several lines
}

var (
	// frame is a line that only makes sense below the line that it belongs to.
	frame = regexp.MustCompile(`^\s+at\s|^\s*from \S+:\d+|^\s*\.{3} \d+ (?:more|common frames)|^#\d+\s|^Stack trace:|^\s*--- End of |` +
		`^goroutine \d+ \[|^\[signal |^created by |^\s*thrown in |^\s+File "|^\s*\[?(?:cause|errors)\]?: ?\[?$|^\s*\.\.\. \d+ lines matching`)
	// cause begins the inner error of a trace.
	cause = regexp.MustCompile(`^Caused by: |^\s*---> |^\s+\[cause\]: `)

	bracket  = regexp.MustCompile(`^[}\])]+[;,]?\s*$`)
	goCall   = regexp.MustCompile(`^[\w./*()\[\]·{}-]+\(.*\)$|^\S+\.go:\d+|^exit status \d+$|^r\w\w\s+0x`)
	caret    = regexp.MustCompile(`^\s*\^+\s*$`)
	nodeSite = regexp.MustCompile(`^\S+:\d+$`)
)

const (
	pyTrace   = "Traceback (most recent call last)"
	pyDuring  = "During handling of the above exception"
	pyBecause = "The above exception was the direct cause"
)

func blank(line string) bool { return strings.TrimSpace(line) == "" }

func indented(line string) bool { return !blank(line) && (line[0] == ' ' || line[0] == '\t') }

// isFrame and isCause look at the first character before they ask the regular expression, for most lines are neither.
func isFrame(line string) bool {
	return line != "" && strings.IndexByte(" \t#Sgcf[te.-", line[0]) >= 0 && frame.MatchString(line)
}

func isCause(line string) bool {
	return line != "" && strings.IndexByte(" \tC-", line[0]) >= 0 && cause.MatchString(line)
}

func beginsPanic(line string) bool {
	return strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "runtime: goroutine stack exceeds")
}

// split cuts lines into blocks. Every line is in at most one; empty lines outside a trace are in none.
func split(lines []string) []block {
	var out []block
	for i := 0; i < len(lines); {
		b := block{from: i, to: i + 1, head: i, says: []int{i}}
		switch {
		case blank(lines[i]):
			i++
			continue
		case strings.Contains(lines[i], pyTrace):
			b = python(lines, i)
		case beginsPanic(lines[i]):
			b = goroutines(lines, i)
		case beginsTrace(lines, i):
			b = stack(lines, i)
		}
		b.trace = b.to-b.from > 1
		out = append(out, b)
		i = b.to
	}
	return withSource(lines, out)
}

// beginsTrace reports whether the next line that is not empty belongs below line i.
func beginsTrace(lines []string, i int) bool {
	if isFrame(lines[i]) || i+1 >= len(lines) {
		return false
	}
	return isFrame(lines[i+1]) || isCause(lines[i+1])
}

// stack reads a trace of Java, Node, .NET, Ruby or PHP: a head, frames, inner causes. The innermost cause decides.
func stack(lines []string, i int) block {
	b := block{from: i, head: i}
	var causes, others []int
	j := i + 1
	for ; j < len(lines); j++ {
		line := lines[j]
		switch {
		case isCause(line):
			causes = append(causes, j)
		case isFrame(line), bracket.MatchString(line):
		case blank(line):
			if j+1 >= len(lines) || !isFrame(lines[j+1]) && !isCause(lines[j+1]) {
				return b.close(j, causes, others)
			}
		case indented(line):
			others = append(others, j)
		default:
			return b.close(j, causes, others)
		}
	}
	return b.close(j, causes, others)
}

// close ends a block: inner causes come first, the innermost ahead, then the head, then what else is told.
func (b block) close(to int, causes, others []int) block {
	b.to = to
	for k := len(causes) - 1; k >= 0; k-- {
		b.says = append(b.says, causes[k])
	}
	b.says = append(append(b.says, b.head), others...)
	b.head = b.says[0]
	return b
}

// goroutines reads a Go panic and the goroutines below it. The panic line decides.
func goroutines(lines []string, i int) block {
	b := block{from: i, head: i, says: []int{i}}
	j := i + 1
	for ; j < len(lines); j++ {
		line := lines[j]
		if blank(line) || isFrame(line) || goCall.MatchString(line) || indented(line) {
			continue
		}
		break
	}
	b.to = trimBlank(lines, i, j)
	return b
}

// python reads one or more tracebacks that belong together. The exception that started it decides where the others
// name it as their cause; where one was raised while another was handled, the last one is what ended the program, but
// an earlier one that is known says more.
func python(lines []string, i int) block {
	b := block{from: i}
	because := false
	for j := i; ; {
		j = pythonException(lines, j+1)
		if j >= len(lines) { // the trace is cut off
			b.to = len(lines)
			break
		}
		b.says = append(b.says, j)
		if !because {
			b.head = j
		}
		j++
		for j < len(lines) && indented(lines[j]) {
			j++
		}
		b.to = j
		next := skipBlank(lines, j)
		if next >= len(lines) || !strings.HasPrefix(lines[next], pyDuring) && !strings.HasPrefix(lines[next], pyBecause) {
			break
		}
		because = strings.HasPrefix(lines[next], pyBecause)
		if j = skipBlank(lines, next+1); j >= len(lines) || !strings.Contains(lines[j], pyTrace) {
			break
		}
	}
	if len(b.says) == 0 {
		b.says, b.head = []int{i}, i
	}
	return b
}

// pythonException is the line below a traceback that names the exception: the first that is not indented.
func pythonException(lines []string, j int) int {
	for j < len(lines) && (blank(lines[j]) || indented(lines[j])) {
		j++
	}
	return j
}

func skipBlank(lines []string, j int) int {
	for j < len(lines) && blank(lines[j]) {
		j++
	}
	return j
}

func trimBlank(lines []string, from, to int) int {
	for to > from+1 && blank(lines[to-1]) {
		to--
	}
	return to
}

// withSource joins the excerpt of source that Node prints above an error (place, line, carets) to the error's trace.
func withSource(lines []string, in []block) []block {
	var out []block
	for _, b := range in {
		start := len(out)
		for start > 0 && start > len(out)-4 && !out[start-1].trace && lines[out[start-1].from] != "" {
			start--
			if nodeSite.MatchString(lines[out[start].from]) {
				break
			}
		}
		if b.trace && len(out)-start >= 2 && nodeSite.MatchString(lines[out[start].from]) && caret.MatchString(lines[out[len(out)-1].from]) {
			b.from = out[start].from
			out = out[:start]
		}
		out = append(out, b)
	}
	return out
}
