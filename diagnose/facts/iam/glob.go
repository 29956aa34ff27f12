package iam

import (
	"strings"
	"unicode/utf8"
)

// A pattern is text in which some places stand for other text. The same form serves for the values of a policy
// ("ecr:Get*") and for requests of which only the shape is known ("...:secret:db-??????").
type pattern struct {
	toks []tok
	hole bool // a policy variable stands in it whose value nobody knows; its place matches anything
	gone bool // a policy variable stands in it that the request does not have: the pattern matches nothing
}

type tok struct {
	kind tokKind
	char rune
}

type tokKind int8

const (
	one    tokKind = iota // exactly char
	anyOne                // any one character
	star                  // any text
)

// literal is a pattern that stands for exactly s.
func literal(s string) pattern {
	toks := make([]tok, 0, len(s))
	for _, r := range s {
		toks = append(toks, tok{one, r})
	}
	return pattern{toks: toks}
}

// glob reads * and ? as wildcards; nothing else is special.
func glob(s string) pattern {
	p := literal(s)
	for i, t := range p.toks {
		switch t.char {
		case '*':
			p.toks[i] = tok{kind: star}
		case '?':
			p.toks[i] = tok{kind: anyOne}
		}
	}
	return p
}

// expand reads a value of a policy with its variables ${name} and ${name, 'default'}; ${*}, ${?} and ${$} are the
// characters themselves. wild says whether * and ? are wildcards. Text put in for a variable is never a wildcard.
func expand(s string, wild bool, lookup func(name string) (value string, st known)) pattern {
	var p pattern
	plain := func(s string) {
		part := literal(s)
		if wild {
			part = glob(s)
		}
		p.toks = append(p.toks, part.toks...)
	}
	for {
		before, rest, ok := strings.Cut(s, "${")
		inside, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			plain(s)
			return p
		}
		plain(before)
		s = after
		name, fallback, hasFallback := strings.Cut(inside, ",")
		switch name = strings.TrimSpace(name); name {
		case "*", "?", "$":
			p.toks = append(p.toks, literal(name).toks...)
			continue
		}
		value, st := lookup(name)
		switch {
		case st == present:
			p.toks = append(p.toks, literal(value).toks...)
		case st == absent && hasFallback:
			p.toks = append(p.toks, literal(strings.Trim(strings.TrimSpace(fallback), "'")).toks...)
		case st == absent:
			p.gone = true
		default:
			p.hole = true
			p.toks = append(p.toks, tok{kind: star})
		}
	}
}

// wild reports whether p stands for more than one text.
func (p pattern) wild() bool {
	for _, t := range p.toks {
		if t.kind != one {
			return true
		}
	}
	return false
}

// matches says whether the policy's pattern p takes in every text that req stands for (yes), none (no), or some.
func (p pattern) matches(req pattern) tri {
	switch {
	case p.gone:
		return no
	case covers(p.toks, req.toks):
		if p.hole {
			return unknown
		}
		return yes
	case !req.wild() || !overlap(p.toks, req.toks):
		return no
	}
	return unknown
}

// covers reports whether every text of req is a text of p. It may miss a cover where stars and question marks
// change places, never claim a false one. It runs in len(p)*len(req).
func covers(p, req []tok) bool {
	i, j, back, from := 0, 0, -1, 0
	for j < len(req) {
		switch {
		case i < len(p) && p[i].kind == star:
			back, from = i, j
			i++
		case i < len(p) && (p[i] == req[j] && p[i].kind == one || p[i].kind == anyOne && req[j].kind != star):
			i, j = i+1, j+1
		case back >= 0:
			from++
			i, j = back+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i].kind == star {
		i++
	}
	return i == len(p)
}

// overlap reports whether some text is a text of both.
func overlap(a, b []tok) bool {
	row := make([]bool, len(b)+1) // row[j]: a[i:] and b[j:] have a text in common
	for i := len(a); i >= 0; i-- {
		next := row
		row = make([]bool, len(b)+1)
		for j := len(b); j >= 0; j-- {
			switch {
			case i == len(a) && j == len(b):
				row[j] = true
			case i < len(a) && a[i].kind == star:
				row[j] = next[j] || j < len(b) && row[j+1]
			case j < len(b) && b[j].kind == star:
				row[j] = row[j+1] || i < len(a) && next[j]
			case i < len(a) && j < len(b):
				row[j] = next[j+1] && (a[i] == b[j] || a[i].kind == anyOne || b[j].kind == anyOne)
			}
		}
	}
	return row[0]
}

// fold makes letters small, for what matches without regard to case.
func (p pattern) fold() pattern {
	out := make([]tok, len(p.toks))
	for i, t := range p.toks {
		if t.kind == one {
			t.char = lower(t.char)
		}
		out[i] = t
	}
	p.toks = out
	return p
}

func lower(r rune) rune {
	s, _ := utf8.DecodeRuneInString(strings.ToLower(string(r)))
	return s
}

// arnParts splits a pattern at its first five literal colons; ok is false where it has fewer.
func (p pattern) arnParts() (parts [6]pattern, ok bool) {
	n, start := 0, 0
	for i, t := range p.toks {
		if t == (tok{one, ':'}) && n < 5 {
			parts[n] = pattern{toks: p.toks[start:i], hole: p.hole, gone: p.gone}
			n, start = n+1, i+1
		}
	}
	parts[n] = pattern{toks: p.toks[start:], hole: p.hole, gone: p.gone}
	return parts, n == 5
}

// matchesARN is matches with each of the six parts of an ARN compared by itself, as ArnLike does. What AWS makes of a
// pattern with fewer parts is not documented: unknown, but for "*" alone.
func (p pattern) matchesARN(req pattern) tri {
	a, ok := p.arnParts()
	b, okReq := req.arnParts()
	if !ok || !okReq {
		t := p.matches(req)
		if !ok && len(p.toks) > 1 && !p.hole {
			t = min(t, unknown)
		}
		return t
	}
	return min(a[0].matches(b[0]), a[1].matches(b[1]), a[2].matches(b[2]), a[3].matches(b[3]), a[4].matches(b[4]), a[5].matches(b[5]))
}
