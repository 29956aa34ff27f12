package message

import (
	"bytes"
	"fmt"
	"strings"
)

// form is one wording of a case: fixed words with placeholders between them, all squeezed.
type form struct {
	of       int      // index of its case
	text     string   // as in the catalogue
	literals []string // fixed words, at least one
	holes    []hole   // holes[i] stands before literals[i]; the last one stands at the end
	fixed    int      // number of fixed characters: of two forms that fit, the one with more is closer
	rank     int      // the higher rank wins whatever the number of characters
	recalled bool
	whole    bool // fits only a text that has nothing else
}

// hole is a placeholder, or none.
type hole struct {
	name  string // as in the catalogue, "" = no placeholder
	class class
	min   int // fewest characters it may stand for
	max   int
	apart [2]bool // white space stands before, after it
}

// class limits the characters that a placeholder may stand for, so that forms with many short fixed words do not fit
// by accident.
type class func(c byte) bool

func anything(byte) bool   { return true }
func digits(c byte) bool   { return c >= '0' && c <= '9' }
func token(c byte) bool    { return c != ';' }
func account(c byte) bool  { return c != '/' && c != ':' && c != '@' }
func region(c byte) bool   { return alnum(c) || c == '-' }
func repoPath(c byte) bool { return c != ':' && c != '@' }
func tag(c byte) bool      { return c != '/' }
func address(c byte) bool {
	return alnum(c) || c == '.' || c == ':' || c == '[' || c == ']' || c == '-'
}

// classes are the placeholders whose content has a shape; all others stand for anything without a semicolon.
var classes = map[string]class{
	"N": digits, "n": digits, "i": digits, "s": digits, "port": digits, "cpu": digits, "memory": digits,
	"acct": account, "region": region, "repo": repoPath, "tag": tag, "digest": region, "az": region, "ip": address, "resolver-ip": address, "host": address,
	"...": anything, "reason": anything, "err": anything, "error": anything, "msg": anything, "text": anything, "custom": anything,
}

const longest = 2000

// parseForm splits a form of the catalogue.
func parseForm(text string) (form, error) {
	f := form{text: text}
	rest, h := text, hole{}
	for {
		i := strings.IndexByte(rest, '<')
		j := -1
		if i >= 0 {
			j = strings.IndexByte(rest[i:], '>')
		}
		if i < 0 || j < 0 {
			i = len(rest)
		}
		if lit := squeeze(rest[:i]); lit != "" {
			h.apart[1] = h.name != "" && spaceFirst(rest[:i])
			f.literals, f.holes, h = append(f.literals, lit), append(f.holes, h), hole{}
			f.fixed += len(lit)
		}
		if i == len(rest) {
			break
		}
		next := placeholder(rest[i+1 : i+j])
		next.apart[0] = strings.HasSuffix(strings.TrimRight(rest[:i], "(\"'"), " ")
		if h.name != "" { // two in a row are one that is free
			next = hole{name: h.name + " " + next.name, class: anything, min: min(h.min, next.min), max: longest}
		}
		h, rest = next, rest[i+j+1:]
	}
	f.holes = append(f.holes, h)
	if len(f.literals) == 0 {
		return f, fmt.Errorf("form %q: has no fixed words to match", text)
	}
	return f, nil
}

// spaceFirst reports whether white space stands before the first character that is compared.
func spaceFirst(s string) bool {
	return strings.HasPrefix(strings.TrimLeft(s, ")\"'"), " ")
}

func placeholder(name string) hole {
	h := hole{name: name, class: token, min: 1, max: 400}
	if c, ok := classes[name]; ok {
		h.class = c
	}
	switch name {
	case "...":
		h.min, h.max = 0, longest
	case "reason", "err", "error", "msg", "text", "custom":
		h.max = longest
	case "N", "n", "i", "s", "port", "cpu", "memory":
		h.max = 12
	}
	return h
}

func (h hole) fits(s []byte) bool {
	if len(s) < h.min || len(s) > h.max {
		return false
	}
	for _, c := range s {
		if !h.class(c) {
			return false
		}
	}
	return true
}

// span is a piece of the squeezed text.
type span struct{ from, to int }

// maxSteps bounds how many places one form may be tried at.
const maxSteps = 200

// match reports whether the form fits somewhere in the text, and what its placeholders stand for.
func (f *form) match(q *squeezed, holes []span) ([]span, bool) {
	if f.whole {
		all, core := q.alone()
		return holes[:0], len(f.literals) == 1 && (string(all) == f.literals[0] || string(core) == f.literals[0])
	}
	steps := 0
	for at := 0; ; at++ {
		i := bytes.Index(q.low[at:], []byte(f.literals[0]))
		if i < 0 || steps > maxSteps {
			return nil, false
		}
		at += i
		if f.holes[0].name == "" && !q.starts(at, f.literals[0]) || f.holes[0].min > at {
			steps++
			continue
		}
		holes = append(holes[:0], span{0, at})
		if got, ok := f.rest(q, 1, at+len(f.literals[0]), holes, &steps); ok {
			return got, true
		}
	}
}

// rest matches the literals from number k on, the one before ended at from.
func (f *form) rest(q *squeezed, k, from int, holes []span, steps *int) ([]span, bool) {
	if k == len(f.literals) {
		if f.holes[k].name == "" && !q.ends(from, f.literals[k-1]) || len(q.low)-from < f.holes[k].min {
			return nil, false
		}
		return append(holes, span{from, len(q.low)}), true
	}
	if h := f.holes[k]; h.apart[0] && from < len(q.low) && !q.gap[from] {
		return nil, false
	}
	end := min(len(q.low), from+f.holes[k].max+len(f.literals[k])) // what is farther off is longer than the hole may be
	for at := from; *steps < maxSteps && at <= end; at++ {
		i := bytes.Index(q.low[at:end], []byte(f.literals[k]))
		if i < 0 {
			return nil, false
		}
		at += i
		*steps++
		if at-from < f.holes[k].min || f.holes[k].apart[1] && !q.gap[at] {
			continue
		}
		if !f.holes[k].fits(q.low[from:at]) {
			return nil, false // what is longer does not fit either
		}
		if got, ok := f.rest(q, k+1, at+len(f.literals[k]), append(holes, span{from, at}), steps); ok {
			return got, true
		}
	}
	return nil, false
}

// alone is the text as a form is compared with it that is a whole text: without the dots or the colon at its end, and,
// second, without what AWS puts before every reason, too.
func (q *squeezed) alone() (all, core []byte) {
	all = bytes.TrimRight(q.low, ".:")
	core = all
	if i := bytes.Index(core, []byte(placing)); i >= 0 {
		core = core[i+len(placing):]
	}
	for {
		head, rest, ok := bytes.Cut(core, []byte(":"))
		if !ok || categoryOf[string(head)] == "" {
			return all, core
		}
		core = rest
	}
}

// placing stands in a service event before the reason why a task could not be placed.
const placing = "wasunabletoplaceatask.reason:"

// starts and ends keep a form from fitting inside a longer word or number.
func (q *squeezed) starts(at int, lit string) bool {
	return at == 0 || q.gap[at] || !alnum(lit[0]) || !alnum(q.low[at-1])
}

func (q *squeezed) ends(at int, lit string) bool {
	return at >= len(q.low) || q.gap[at] || !alnum(lit[len(lit)-1]) || !alnum(q.low[at])
}

// cut matches a form whose end is missing because the text was cut short. It returns how many fixed characters were
// there before the text ended, 0 if the form does not lead up to the end of the text.
func (f *form) cut(q *squeezed) int {
	from, n := 0, 0
	for k, lit := range f.literals {
		i := bytes.Index(q.low[from:], []byte(lit))
		if i >= 0 && (k == 0 || f.holes[k].fits(q.low[from:from+i])) {
			from, n = from+i+len(lit), n+len(lit)
			continue
		}
		tail := q.low[from:]
		for m := min(len(lit)-1, len(tail)); m > 0; m-- {
			if bytes.HasSuffix(tail, []byte(lit[:m])) && (k == 0 || f.holes[k].fits(tail[:len(tail)-m])) {
				return n + m
			}
		}
		if k > 0 && f.holes[k].name != "" && f.holes[k].fits(tail) {
			return n
		}
		return 0
	}
	return 0
}
