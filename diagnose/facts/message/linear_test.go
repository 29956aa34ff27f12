package message

import (
	"fmt"
	"strings"
	"testing"
)

// hostile are texts of which every part begins something that does not end.
var hostile = []struct{ name, unit string }{
	{"even lines", strings.Repeat("QUJDREVGR0g/", 6) + "\n"},
	{"log lines", "2026-01-31T10:00:00.123Z INFO http: request done status=200 exit code: 0 path=/v1/orders/%d?x=1\n"},
	{"one word", "NaTLOQGsypgf+/wM"},
	{"semicolons", "unable to retrieve secret;"},
	{"semicolons without end", "x; "},
	{"JSON keys", `{"reason":`},
	{"JSON messages", `{"message": "exit code 1 of %d"}, `},
	{"JSON in one key", `{"reason": {"x": 1, `},
	{"links", "https://docs.x"},
	{"colons", "CannotPullContainerError:"},
	{"starts of forms", "unable to pull secrets or registry auth: registry auth "},
	{"starts of services", "(service x) was unable to place a task. Reason: "},
	{"ids", "subnet-"},
	{"escapes", `\u00`},
	{"marks of quotes", "> # | "},
	{"colours", "\x1b["},
}

func grown(unit string, size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		if strings.Contains(unit, "%d") {
			fmt.Fprintf(&b, unit, i)
		} else {
			b.WriteString(unit)
		}
	}
	return b.String()
}

// Twice the text is at most about twice the work; what a reading costs apart from its length may be anything.
func TestWorkGrowsWithTheText(t *testing.T) {
	work := func(text string) int {
		c := load()
		n := 0
		for _, p := range unwrap(text) {
			s := c.index.pool.Get().(*scratch)
			c.readWith(s, "", p)
			n += s.q.looked + len(p.text)
			c.index.pool.Put(s)
		}
		return n
	}
	for _, h := range hostile {
		const size = 64 << 10
		once, twice := work(grown(h.unit, size)), work(grown(h.unit, 2*size))
		if twice > once*5/2 {
			t.Errorf("%s: %d bytes took %d looks, %d bytes %d: more than in proportion", h.name, size, once, 2*size, twice)
		}
	}
}

// Half of what explain takes is read at all: what grows with the square of the text would not come back.
func TestLongTextsAreRead(t *testing.T) {
	for _, h := range hostile {
		if got := Read("", grown(h.unit, 512<<10)); len(got) == 0 {
			t.Errorf("%s: nothing was read", h.name)
		}
	}
}

// BenchmarkReadLong reads texts of growing length; the rate must stay the same.
func BenchmarkReadLong(b *testing.B) {
	for _, h := range hostile {
		for _, size := range []int{64 << 10, 1 << 20} {
			text := grown(h.unit, size)
			b.Run(fmt.Sprintf("%s/%dK", strings.ReplaceAll(h.name, " ", "-"), size>>10), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					Read("", text)
				}
			})
		}
	}
}
