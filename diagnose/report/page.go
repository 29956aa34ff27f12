package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/ecsplain/ecsplain/evidence"
)

// page collects lines for a terminal. Text from the account reaches it only through clean or commandText.
type page struct {
	width int
	color bool
	lines []string
}

const (
	indent    = 9 // width of the label column
	minWidth  = 40
	stdWidth  = 80
	cmdIndent = "     "
)

// Styles, as SGR parameters.
const (
	bold   = "1"
	red    = "1;31"
	green  = "1;32"
	yellow = "1;33"
)

// clean makes one line of foreign text: no control character, no line break, no run of blanks.
func clean(s string) string { return strings.Join(strings.Fields(evidence.Clean(s)), " ") }

// inert makes a command safe to show and to copy. Each unprintable character becomes a question mark: taking out whole
// escape sequences, as evidence.Clean does, could take a closing quote with them.
func inert(cmd string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == '\n' || evidence.Clean(string(r)) == string(r):
			return r
		}
		return '?'
	}, strings.ToValidUTF8(cmd, "?"))
}

func (p *page) style(code, s string) string {
	if !p.color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p *page) blank() {
	if n := len(p.lines); n > 0 && p.lines[n-1] != "" {
		p.lines = append(p.lines, "")
	}
}

// heading starts a section.
func (p *page) heading(s string) {
	p.blank()
	for _, l := range wrap(s, p.width) {
		p.lines = append(p.lines, p.style(bold, l))
	}
}

// para writes text with a hanging indent under label, which stands in the first column.
func (p *page) para(label, text string) { p.paraIn(bold, label, indent, text, 0) }

// paraIn is para with a style for the label, its own column width, and a limit of lines (0 = none). It reports
// whether text was cut, which within does.
func (p *page) paraIn(code, label string, col int, text string, limit int) (cut bool) {
	lines, cut := within(text, p.width-col, limit)
	for i, l := range lines {
		lead := strings.Repeat(" ", col)
		if i == 0 && label != "" {
			lead = p.style(code, label) + strings.Repeat(" ", max(1, col-utf8.RuneCountInString(label)))
		}
		p.lines = append(p.lines, strings.TrimRight(lead+l, " "))
	}
	return cut
}

// listIndent is where the text of a numbered list stands.
const listIndent = 5

// item is an entry of a list.
func (p *page) item(mark, text string) { p.paraIn(bold, "  "+mark, 2+len(mark)+1, text, 0) }

// numbered is entry n of a numbered list.
func (p *page) numbered(n int, text string) {
	p.paraIn(bold, fmt.Sprintf(" %2d.", n), listIndent, text, 0)
}

// command writes lines to type. They are never wrapped, so that they can be copied.
func (p *page) command(cmd string) {
	if cmd = strings.TrimSpace(inert(cmd)); cmd == "" {
		return
	}
	for _, l := range strings.Split(cmd, "\n") {
		p.lines = append(p.lines, cmdIndent+p.style(bold, l))
	}
}

func (p *page) flush(w io.Writer) error {
	out := strings.TrimRight(strings.Join(p.lines, "\n"), "\n") + "\n"
	_, err := io.WriteString(w, out)
	return err
}

// rows counts the rows that the lines take on a terminal of the page's width.
func (p *page) rows() int {
	n := 0
	for _, l := range p.lines {
		n += max(1, (visible(l)+p.width-1)/p.width)
	}
	return n
}

// visible counts the characters of a line that take a column.
func visible(l string) int {
	n, inCode := 0, false
	for _, r := range l {
		switch {
		case r == '\x1b':
			inCode = true
		case inCode:
			inCode = r != 'm'
		default:
			n++
		}
	}
	return n
}

// wrap breaks text at blanks. A word longer than width stays whole: broken ids cannot be copied.
func wrap(text string, width int) []string {
	var out []string
	line, n := "", 0
	for _, word := range strings.Fields(text) {
		k := utf8.RuneCountInString(word)
		switch {
		case line == "":
			line, n = word, k
		case n+1+k <= width:
			line, n = line+" "+word, n+1+k
		default:
			out = append(out, line)
			line, n = word, k
		}
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}
