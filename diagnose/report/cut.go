package report

import (
	"strings"
	"unicode/utf8"
)

// dots stand where text was cut.
const dots = " ..."

// within wraps text into at most limit lines (0 = any number) and reports whether it had to be cut. It is cut at the end of a sentence
// where that keeps half of the lines, else behind a word.
func within(text string, width, limit int) (lines []string, cut bool) {
	lines = wrap(text, width)
	if limit <= 0 || len(lines) <= limit {
		return lines, false
	}
	words := strings.Fields(text)
	best := wrap(short(words[0], width-len(dots))+dots, width)
	for n := 1; n < len(words); n++ {
		try := wrap(strings.TrimRight(strings.Join(words[:n], " "), ",;:")+dots, width)
		if len(try) > limit {
			break
		}
		best = try
	}
	for n := len(words) - 1; n > 0; n-- {
		try := wrap(strings.Join(words[:n], " ")+dots, width)
		if endsSentence(words[n-1]) && len(try) <= limit && len(try) > limit/2 {
			return try, true
		}
	}
	return best, true
}

func endsSentence(word string) bool {
	return len(word) > 2 && (strings.HasSuffix(word, ".") || strings.HasSuffix(word, ";") || strings.HasSuffix(word, "?"))
}

// spoken is lead and foreign text in quotes in at most limit lines. Of the text its head and its tail stay, for AWS tells the reason last.
func (p *page) spoken(label, lead, text string, limit int) {
	p.fitted(label, utf8.RuneCountInString(text), limit, func(n int) string { return lead + quoted(text, n) })
}

// fitted writes what write gives for the largest n, up to most, that takes at most limit lines.
func (p *page) fitted(label string, most, limit int, write func(n int) string) {
	n := most
	for n > 16 && len(wrap(write(n), p.width-indent)) > limit {
		n -= 4
	}
	p.paraIn(bold, label, indent, write(n), limit)
}

// short cuts foreign text to about n characters. Head and tail stay, each up to a blank where one is near: messages tell at their end
// what went wrong.
func short(s string, n int) string {
	s = clean(s)
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	room := max(2, n-len(dots)-1)
	head := string(r[:room-room*2/5])
	tail := string(r[len(r)-room*2/5:])
	if i := strings.LastIndexByte(head, ' '); i > len(head)/2 {
		head = head[:i]
	}
	if i := strings.IndexByte(tail, ' '); i >= 0 && i < len(tail)/2 {
		tail = tail[i+1:]
	}
	return strings.TrimRight(head, " ,;:") + dots + " " + strings.TrimLeft(tail, " ")
}

// quoted is foreign text in quotes, cut to about limit characters between them.
func quoted(s string, limit int) string { return `"` + short(s, limit) + `"` }
