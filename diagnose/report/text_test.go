package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
)

func text(t *testing.T, r diagnose.Report, o TextOptions) string {
	t.Helper()
	var buf bytes.Buffer
	if err := Text(&buf, r, o); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (rewrite with -update)\n%s", path, diff)
	}
}

// screenOf is what a terminal of 80 columns shows in its first 24 rows; long lines take several.
func screenOf(s string) string {
	var out []string
	rows := 0
	for _, l := range strings.Split(s, "\n") {
		if rows += max(1, (visible(l)+stdWidth-1)/stdWidth); rows > screenRows {
			break
		}
		out = append(out, l)
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n") + "\n"
}

// The first screen of one sick service, the whole of it at 80 columns and 24 rows.
func TestFirstScreen(t *testing.T) {
	for name, r := range map[string]diagnose.Report{"no-route": noRoute(), "crash-loop": crashLoop(), "tag-missing": tagMissing(), "denied": denied(), "changed": changed()} {
		golden(t, "screen-"+name, screenOf(text(t, r, TextOptions{})))
	}
}

// Whatever the length of the sentences, the command of the first fix is on the first screen.
func TestFirstScreenHoldsTheFix(t *testing.T) {
	upTo := func(n int) *rapid.Generator[string] {
		return rapid.Map(rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,12}`), 1, n), func(w []string) string { return strings.Join(w, " ") })
	}
	words, few := upTo(60), upTo(15) // what the fix does and replaces is never cut, so it must be short
	rapid.Check(t, func(rt *rapid.T) {
		r := noRoute()
		f := &r.Targets[0].Findings[0]
		f.Says, f.Title, f.Fix[0].Say, f.Mitigate[0].Say = words.Draw(rt, "says"), words.Draw(rt, "title"), few.Draw(rt, "fix"), words.Draw(rt, "aid")
		f.Fix[0].Owner.Say, f.Steps[0].Cites[0].Value = words.Draw(rt, "owner"), words.Draw(rt, "cite")
		f.Fix[0].Replaces = few.Draw(rt, "replaces")
		var buf bytes.Buffer
		if err := Text(&buf, r, TextOptions{}); err != nil {
			rt.Fatal(err)
		}
		for _, whole := range []string{f.Says, f.Title, f.Fix[0].Say, f.Fix[0].Replaces, f.Mitigate[0].Say, f.Fix[0].Owner.Say} {
			if !strings.Contains(clean(buf.String()), clean(whole)) {
				rt.Fatalf("%q stands nowhere in full\n%s", whole, buf.String())
			}
		}
		screen := screenOf(buf.String())
		if !strings.Contains(clean(screen), clean(f.Fix[0].Say)) {
			rt.Fatalf("what the fix does is cut\n%s", screen)
		}
		for _, want := range []string{"111122223333", "eu-west-1", "oncall/me", "Impact", "31 min ago", "CAUSE", "rtb-0a1b", "Proof", "Careful  It replaces", f.Mitigate[0].Command, f.Fix[0].Command} {
			if !strings.Contains(screen, want) {
				rt.Fatalf("the first screen lacks %q\n%s", want, screen)
			}
		}
	})
}

// Everything below the first screen.
func TestDetails(t *testing.T) {
	r := noRoute()
	s := text(t, r, TextOptions{})
	_, rest, _ := strings.Cut(s, "\nWhy\n")
	golden(t, "details-no-route", "Why\n"+rest)
}

func TestHealthyIsTwoLines(t *testing.T) {
	want := "shop/orders is healthy: 2 of 2 tasks run orders:6.\n" +
		"Account 111122223333, eu-west-1, as assumed-role/oncall/me. Read 2026-11-20\n09:30:12 UTC. 23 calls.\n"
	if got := text(t, reportOn(healthy("orders")), TextOptions{}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	h := healthy("orders")
	h.Resolved = []string{"2 tasks failed until 08:00: a later start succeeded"}
	if got := text(t, reportOn(h), TextOptions{}); !strings.Contains(got, "\nOver     2 tasks failed until 08:00") {
		t.Errorf("a failure that is over is not told:\n%s", got)
	}
}

func TestManyTargets(t *testing.T) {
	s := text(t, sweep(), TextOptions{})
	table, _, _ := strings.Cut(s, "\n-----")
	golden(t, "table", table+"\n")
	if n := strings.Count(s, "create-route"); n != 2 { // in the cause and in the list of fixes
		t.Errorf("the fix of the shared cause stands %d times, want it told once:\n%s", n, s)
	}
	for _, name := range []string{"shop/orders", "shop/billing", "shop/cart", "shop/audit"} {
		if !strings.Contains(s, "\n"+name) {
			t.Errorf("no section on %s", name)
		}
	}
}

// A service that is told to run nothing is not hidden among those that are well.
func TestParkedServicesStandApart(t *testing.T) {
	parked := healthy("orders")
	parked.Impact = facts.Impact{Status: "ACTIVE"}
	s := text(t, diagnose.Report{Targets: []diagnose.TargetReport{parked, healthy("catalog")}}, TextOptions{})
	if !strings.Contains(s, "\nhealthy  shop/catalog\n") || !strings.Contains(s, "\ntold 0   shop/orders (told to run no task") {
		t.Errorf("got\n%s", s)
	}
	if s := text(t, reportOn(parked), TextOptions{}); !strings.HasPrefix(s, "shop/orders runs nothing: it is told to run 0 tasks.") {
		t.Errorf("got\n%s", s)
	}
}

// What could not be read never reads as a count of zero.
func TestUnreadableServiceHasNoCounts(t *testing.T) {
	for _, r := range sweep().Targets {
		if r.Health != facts.Unknown {
			continue
		}
		s := text(t, reportOn(r), TextOptions{})
		if strings.Contains(s, "0 of 0") || !strings.Contains(s, "UNKNOWN") || !strings.Contains(s, "allow ecs:DescribeServices") && !strings.Contains(s, "Allow ecs:DescribeServices") {
			t.Errorf("got\n%s", s)
		}
	}
}

func TestTaskTarget(t *testing.T) {
	r := crashLoop()
	r.Targets[0].Target = evidence.Target{Kind: evidence.TargetTask, Cluster: "shop", Task: "1f0a"}
	r.Targets[0].Impact = facts.Impact{Desired: 1, NewRevision: "orders:7", Status: "STOPPED"}
	if s := text(t, r, TextOptions{}); !strings.Contains(s, "shop/1f0a is DOWN.") || !strings.Contains(s, "The task of orders:7 is STOPPED.") {
		t.Errorf("got\n%s", s)
	}
}

func TestNoteComesFirst(t *testing.T) {
	r := noRoute()
	r.Note = []string{"the calls go to http://127.0.0.1:4566, not to AWS"}
	if s := screenOf(text(t, r, TextOptions{})); !strings.Contains(s, "Note     the calls go to http://127.0.0.1:4566, not to AWS") {
		t.Errorf("got\n%s", s)
	}
}

func TestColourChangesNothingElse(t *testing.T) {
	for _, r := range []diagnose.Report{noRoute(), denied(), sweep(), reportOn(healthy("web"))} {
		plain, colour := text(t, r, TextOptions{Verbose: true}), text(t, r, TextOptions{Verbose: true, Color: true})
		if plain == colour {
			t.Error("colour makes no difference")
		}
		if got := evidence.Clean(colour); got != plain {
			t.Errorf("colour changes the text:\n%s", cmp.Diff(plain, got))
		}
	}
}

// No string of a report can move the cursor, and no line but a command's or a single word's is wider than the terminal.
func TestHostileText(t *testing.T) {
	piece := rapid.OneOf(rapid.SampledFrom([]string{"\x1b[2J", "\x1b]0;x\a", "\r", "\n", "\u202e", "\x00", "\u009b31m", "\xff", "a b", " ", "x", "it's"}), rapid.String())
	rapid.Check(t, func(rt *rapid.T) {
		r := sweep()
		if rapid.Bool().Draw(rt, "one") {
			r = noRoute()
		}
		v := reflect.ValueOf(&r).Elem()
		poison(v, func() string { return strings.Join(rapid.SliceOfN(piece, 0, 4).Draw(rt, "text"), "") })
		var buf bytes.Buffer
		if err := Text(&buf, r, TextOptions{Verbose: rapid.Bool().Draw(rt, "verbose")}); err != nil {
			rt.Fatal(err)
		}
		for _, c := range buf.String() {
			if c != '\n' && unicode.IsControl(c) || c == '\u202e' || c == utf8.RuneError && !strings.Contains(buf.String(), "\uFFFD") {
				rt.Fatalf("%q comes through", c)
			}
		}
		buf.Reset()
		if err := JSON(&buf, r); err != nil {
			rt.Fatal(err)
		}
		var back any
		if err := json.Unmarshal(buf.Bytes(), &back); err != nil {
			rt.Fatal(err)
		}
		if s := find(back, func(s string) bool { return s != evidence.Clean(s) }); s != "" {
			rt.Fatalf("%q comes through in JSON", s)
		}
	})
}

// poison replaces every free string of a report; those that steer the layout stay.
func poison(v reflect.Value, next func() string) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			poison(v.Field(i), next)
		}
	case reflect.Slice:
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(out, v) // samples share their slices
		for i := range out.Len() {
			poison(out.Index(i), next)
		}
		v.Set(out)
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(next())
		}
	}
}

// find returns the first string in a JSON value that has the property.
func find(v any, has func(string) bool) string {
	switch v := v.(type) {
	case string:
		if has(v) {
			return v
		}
	case []any:
		for _, e := range v {
			if s := find(e, has); s != "" {
				return s
			}
		}
	case map[string]any:
		for _, e := range v {
			if s := find(e, has); s != "" {
				return s
			}
		}
	}
	return ""
}

func TestLinesFitTheTerminal(t *testing.T) {
	for _, width := range []int{40, 80, 120} {
		for _, r := range []diagnose.Report{noRoute(), crashLoop(), tagMissing(), denied(), changed()} {
			for _, l := range strings.Split(text(t, r, TextOptions{Width: width}), "\n") {
				command := strings.HasPrefix(l, cmdIndent+"aws ") || strings.HasPrefix(l, cmdIndent+"ecsplain ") || strings.HasPrefix(l, "  | ")
				if len(l) > width && !command && strings.Contains(strings.TrimSpace(l[min(len(l), 15):]), " ") {
					t.Errorf("at %d columns, wider: %q", width, l)
				}
			}
		}
	}
}

func TestCommandsAreNeverWrapped(t *testing.T) {
	r := noRoute()
	s := text(t, r, TextOptions{Width: 40})
	f := r.Targets[0].Findings[0]
	for _, a := range append(f.Mitigate, f.Fix...) {
		if !strings.Contains(s, "\n"+cmdIndent+a.Command+"\n") {
			t.Errorf("no line of its own for %q", a.Command)
		}
	}
}

// What a shell reads in a command is the same before and after it was made safe to show.
func TestInertCommandsKeepTheirQuotes(t *testing.T) {
	piece := rapid.OneOf(rapid.SampledFrom([]string{"\x1b", "\x1b[", "\u009b", "'", `\`, ";", " ", "\t", "\a", "rm", "$(x)", "\x00"}), rapid.String())
	rapid.Check(t, func(rt *rapid.T) {
		value := strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(rt, "value"), "")
		cmd := diagnose.Command([]diagnose.Call{{Service: "ecs", Operation: "X", Input: map[string]any{"a": value, "b": []string{value}}}}, value, "r")
		want, got := shellWords(cmd), shellWords(inert(cmd))
		if len(want) != len(got) {
			rt.Fatalf("%d words became %d\n%q\n%q", len(want), len(got), cmd, inert(cmd))
		}
	})
}

// shellWords splits as a POSIX shell does a line of our commands: blanks, single quotes, and a backslash outside them.
func shellWords(s string) (words []string) {
	word, in, quoted := "", false, false
	for r := []rune(s); len(r) > 0; r = r[1:] {
		switch c := r[0]; {
		case quoted && c != '\'':
			word += string(c)
		case c == '\'':
			quoted, in = !quoted, true
		case c == '\\' && len(r) > 1:
			r = r[1:]
			word, in = word+string(r[0]), true
		case c == ' ' || c == '\n' || c == '\t':
			if in {
				words = append(words, word)
			}
			word, in = "", false
		default:
			word, in = word+string(c), true
		}
	}
	if in {
		words = append(words, word)
	}
	return words
}

func TestJSON(t *testing.T) {
	for name, r := range map[string]diagnose.Report{"no route": noRoute(), "denied": denied(), "sweep": sweep(), "empty": reportOn(), "changed": changed()} {
		var a, b bytes.Buffer
		if err := JSON(&a, r); err != nil {
			t.Fatal(err)
		}
		if err := JSON(&b, r); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s: two writings differ", name)
		}
		if err := Validate(a.Bytes()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var back diagnose.Report
		if err := json.Unmarshal(a.Bytes(), &back); err != nil {
			t.Fatal(err)
		}
		var c bytes.Buffer
		if err := JSON(&c, back); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), c.Bytes()) {
			t.Errorf("%s: reading it back loses something", name)
		}
	}
}
