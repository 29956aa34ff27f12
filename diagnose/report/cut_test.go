package report

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/ecsplain/ecsplain/diagnose"
)

func TestTextIsCutAtSentencesAndWords(t *testing.T) {
	for _, c := range []struct {
		text         string
		width, limit int
		want         string
	}{
		{"one two three", 20, 1, "one two three"},
		{"Start new tasks in the other subnets only. Until this is undone the service stands in fewer zones", 30, 2, "Start new tasks in the other|subnets only. ..."},
		{"Tasks start by themselves once the image is there", 24, 1, "Tasks start by ..."},
		{"First, a clause that goes on and on without an end in sight", 16, 2, "First, a clause|that goes on ..."},
		{"rtb-0c4d21a0d0264cd44rtb-0c4d21a0d0264cd44 x y z", 20, 1, ""},
	} {
		lines, cut := within(c.text, c.width, c.limit)
		got := strings.Join(lines, "|")
		if c.want != "" && got != c.want || cut != strings.HasSuffix(got, dots) || len(lines) > c.limit {
			t.Errorf("%q within %d x %d: got %q, want %q", c.text, c.limit, c.width, got, c.want)
		}
	}
}

// Whatever AWS says, its quote is closed, and its last word stands.
func TestQuotesAreClosedAndKeepTheEnd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.StringMatching(`[a-z:/]{1,9}`), 1, 80).Draw(rt, "words"), " ") + " i/o timeout"
		p := &page{width: rapid.IntRange(40, 120).Draw(rt, "width")}
		limit := rapid.IntRange(2, 5).Draw(rt, "limit")
		p.spoken("AWS said", "", text, limit)
		got := clean(strings.Join(p.lines, " "))
		if len(p.lines) > limit || !strings.HasSuffix(got, `timeout"`) || strings.Count(got, `"`) != 2 {
			rt.Fatalf("%d lines: %s", len(p.lines), got)
		}
		if n := utf8.RuneCountInString(text); n < (p.width-indent)*(limit-1) && strings.Contains(got, dots) {
			rt.Fatalf("cut without need: %s", got)
		}
	})
}

func TestTheTellingEndOfAMessageStands(t *testing.T) {
	for _, r := range []diagnose.Report{noRoute(), denied()} {
		s := text(t, r, TextOptions{})
		if !strings.Contains(clean(s), `i/o timeout"`) {
			t.Errorf("got\n%s", s)
		}
	}
}
