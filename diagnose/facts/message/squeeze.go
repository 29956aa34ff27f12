package message

import "unicode/utf8"

// squeezed is a text as forms are compared with it: lower case, without white space, quotes, round brackets, back
// slashes and box drawing. What other tools do to a text (wrap it inside a word, quote it, escape it, change its
// case, draw a frame around it) is gone; what AWS says is still there.
type squeezed struct {
	low  []byte // compared
	orig []byte // the same bytes in the case as written: what placeholders stand for is cut from here
	gap  []bool // something that was dropped stood before this byte
}

func (q *squeezed) reset() { q.low, q.orig, q.gap = q.low[:0], q.orig[:0], q.gap[:0] }

// add appends a text.
func (q *squeezed) add(s string) {
	gap := true
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			switch plain[c] {
			case drop:
				if c == '\\' {
					n, as := escape(s[i:])
					i += n
					if as != 0 && plain[as] != drop {
						q.put(as, gap)
						gap = false
						continue
					}
					gap = true
					continue
				}
				gap = true
			default:
				q.put(c, gap)
				gap = false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if dropped(r) {
			gap = true
		} else {
			for _, b := range []byte(s[i : i+n]) {
				q.put(b, gap)
				gap = false
			}
		}
		i += n
	}
}

func (q *squeezed) put(c byte, gap bool) {
	q.orig = append(q.orig, c)
	q.low = append(q.low, lower[c])
	q.gap = append(q.gap, gap)
}

// squeeze is add for a text of its own.
func squeeze(s string) string {
	var q squeezed
	q.add(s)
	return string(q.low)
}

const drop = 1

var plain, lower = tables()

func tables() (p, l [256]byte) {
	for i := range l {
		l[i] = byte(i)
		if i < ' ' || i == 0x7f {
			p[i] = drop
		}
	}
	for i := byte('A'); i <= 'Z'; i++ {
		l[i] = i + 'a' - 'A'
	}
	for _, c := range []byte(" '\"`()\\") {
		p[c] = drop
	}
	return p, l
}

// escape reads the escape of a JSON string at the start of s: how long it is, and the byte it stands for, 0 for none.
func escape(s string) (n int, as byte) {
	if len(s) < 2 {
		return 1, 0
	}
	switch s[1] {
	case 'n', 'r', 't':
		return 2, 0
	case '/':
		return 2, '/'
	case 'u':
		if len(s) < 6 {
			return 1, 0
		}
		var v rune
		for _, c := range []byte(s[2:6]) {
			switch c = lower[c]; {
			case c >= '0' && c <= '9':
				v = v<<4 | rune(c-'0')
			case c >= 'a' && c <= 'f':
				v = v<<4 | rune(c-'a'+10)
			default:
				return 1, 0
			}
		}
		if v < utf8.RuneSelf {
			return 6, byte(v)
		}
		return 6, 0
	}
	return 1, 0
}

// dropped tells typographic quotes, spaces of every width and the lines of frames.
func dropped(r rune) bool {
	switch {
	case r >= 0x2018 && r <= 0x201f, r >= 0x2500 && r <= 0x257f, r >= 0x2000 && r <= 0x200f:
		return true
	}
	switch r {
	case 0xa0, 0x2026, 0x2028, 0x2029, 0x202f, 0x2032, 0x2033, 0x3000, 0xfeff, 0xb4, 0xfffd:
		return true
	}
	return false
}

func alnum(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
