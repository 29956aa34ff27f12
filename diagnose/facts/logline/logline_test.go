package logline

import (
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"
)

func TestLogs(t *testing.T) {
	data, err := os.ReadFile("testdata/logs.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse(data).Files {
		t.Run(f.Name, func(t *testing.T) {
			head, body, _ := strings.Cut(string(f.Data), "\n")
			signature, line, _ := strings.Cut(head, " |")
			lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
			got := Deciding(lines)
			if got.Signature != strings.Trim(signature, "-") || strings.TrimSpace(got.Line) != strings.TrimSpace(line) {
				t.Errorf("decided %q by %q\nwant    %q by %q", got.Line, got.Signature, strings.TrimSpace(line), signature)
			}
			if got.Known != (got.Signature != "") || got.Known != (got.Says != "") {
				t.Errorf("known %v, signature %q, says %q", got.Known, got.Signature, got.Says)
			}
		})
	}
}

func TestTraceIsWhole(t *testing.T) {
	lines := strings.Split(`2026/01/02 ready
/app/index.js:3
    throw new Error('JWT_SECRET must be set')
    ^

Error: JWT_SECRET must be set
    at main (/app/index.js:3:9)
    at Object.<anonymous> (/app/index.js:9:1)

Node.js v22.11.0`, "\n")
	got := Deciding(lines)
	if want := lines[1:8]; !slices.Equal(got.Trace, want) || got.Index != 5 {
		t.Errorf("line %d, trace\n%s\nwant\n%s", got.Index, strings.Join(got.Trace, "\n"), strings.Join(want, "\n"))
	}
	if alone := Deciding([]string{"Error: JWT_SECRET must be set"}); len(alone.Trace) != 0 {
		t.Errorf("a line alone is no trace: %q", alone.Trace)
	}
}

func TestSaysTheNames(t *testing.T) {
	for line, want := range map[string]string{
		"Error: connect ECONNREFUSED 10.0.3.4:5432":                "nothing listens at the database 10.0.3.4 (port 5432)",
		"SQLSTATE[HY000] [2002] Connection refused":                "nothing listens at the database the connection names (port of the connection)",
		"Error: Missing required environment variable: STRIPE_KEY": "the setting STRIPE_KEY is missing",
	} {
		if got := Deciding([]string{line}).Says; got != want {
			t.Errorf("%q says %q, want %q", line, got, want)
		}
	}
}

func TestNothingToSay(t *testing.T) {
	for _, lines := range [][]string{nil, {}, {"", "  ", "\t"}} {
		if got := Deciding(lines); got.Line != "" || got.Index != -1 || got.Known {
			t.Errorf("%q: %+v", lines, got)
		}
	}
}

// Whatever surrounds it: a known cause at the end of a calm log is decided, and the line is one of those given.
func TestACauseIsFoundAmongCalmLines(t *testing.T) {
	all := signatures()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(all).Draw(t, "signature")
		line := rapid.SampledFrom(s.Cases).Draw(t, "line")
		calm := rapid.SliceOfN(rapid.SampledFrom([]string{"GET /health 200", "INFO ready", "", `{"level":"info","msg":"job done"}`, "connections closed"}), 0, 5)
		before, after := calm.Draw(t, "before"), calm.Draw(t, "after")
		got := Deciding(slices.Concat(before, []string{line}, after))
		if got.Signature != s.ID || got.Index != len(before) {
			t.Fatalf("%q is decided as %q at %d", line, got.Signature, got.Index)
		}
	})
}

// The blocks hold every line that is not empty exactly once, in order.
func TestSplitLosesNothing(t *testing.T) {
	piece := rapid.SampledFrom([]string{"", "Traceback (most recent call last):", "  File \"/a.py\", line 1", "KeyError: 'X'", "\tat a.B.c(B.java:1)", "Caused by: x.Y: z",
		"panic: boom", "goroutine 1 [running]:", "main.main()", "\t/a.go:1", "Error: x", "    at f (/a.js:1:1) {", "  code: 'E'", "}", "/a.js:3", "    ^",
		"During handling of the above exception, another exception occurred:", "plain", " ---> System.X: y", "#0 /a.php(7)"})
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(piece, 0, 25).Draw(t, "lines")
		next := 0
		for _, b := range split(lines) {
			for ; next < b.from; next++ {
				if lines[next] != "" {
					t.Fatalf("line %d is in no block", next)
				}
			}
			if b.to <= b.from || b.from != next || b.to > len(lines) || !slices.Contains(b.says, b.head) {
				t.Fatalf("block %+v after line %d", b, next)
			}
			for _, i := range b.says {
				if i < b.from || i >= b.to {
					t.Fatalf("block %+v speaks of line %d", b, i)
				}
			}
			next = b.to
		}
		for ; next < len(lines); next++ {
			if lines[next] != "" {
				t.Fatalf("line %d is in no block", next)
			}
		}
	})
}

func FuzzDeciding(f *testing.F) {
	f.Add("Traceback (most recent call last):\n  File \"a\"\nKeyError: 'DATABASE_URL'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):")
	f.Add("panic: x\n\ngoroutine 1 [running]:\nmain.main()\nCaused by: y\n ---> z")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		got := Deciding(lines)
		if got.Line != "" && lines[got.Index] != got.Line {
			t.Fatalf("%+v", got)
		}
	})
}
