package playbooks_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/prove"
	"github.com/ecsplain/ecsplain/playbooks"
)

// Every playbook type-checks, and every case beside it comes out as its folder says.
func TestCases(t *testing.T) {
	r, err := prove.Check(playbooks.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Failures {
		t.Error(f)
	}
	t.Logf("%d cases of %d playbooks", r.Cases, r.Playbooks)
}

// Each confirmed case is put before all playbooks at once: its own cause must come first, and no other may claim to be
// one as well, unless the case's name says that there are two faults.
func TestOneFaultIsOneAnswer(t *testing.T) {
	all, err := diagnose.Load(playbooks.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		cases, err := prove.Cases(p.ID, playbooks.FS)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			if c.Verdict != "confirmed" {
				continue
			}
			t.Run(p.ID+"/"+c.Name, func(t *testing.T) {
				got, err := prove.Claims(t.Context(), all, c)
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasPrefix(c.Name, "two-faults") {
					if !slices.Contains(got, p.ID) || len(got) != 2 {
						t.Errorf("confirmed %v, want %s and one other", got, p.ID)
					}
				} else if !slices.Equal(got, []string{p.ID}) {
					t.Errorf("confirmed %v, want %s alone", got, p.ID)
				}
			})
		}
	}
}

// ids.txt is the closed list: every playbook is on it, and everything on it is a playbook, with a definition and a
// limit to its neighbours. Neighbours that it names exist.
func TestClosedList(t *testing.T) {
	all, err := diagnose.Load(playbooks.FS)
	if err != nil {
		t.Fatal(err)
	}
	text, err := playbooks.FS.ReadFile("ids.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, rest, _ := strings.Cut(line, ": ")
		if _, twice := listed[id]; twice {
			t.Errorf("%s is listed twice", id)
		}
		listed[id] = rest
		what, not, _ := strings.Cut(rest, ". Not this when ")
		if len(what) < 20 || len(not) < 20 {
			t.Errorf("%s: want a definition, then \"Not this when ...\", got %q", id, rest)
		}
	}
	loaded := map[string]bool{}
	for _, p := range all {
		loaded[p.ID] = true
		if listed[p.ID] == "" {
			t.Errorf("%s is a playbook and not in ids.txt", p.ID)
		}
	}
	neighbour := regexp.MustCompile(`\b(net|dns|sc|iam|image|task|log|secret|storage|cap|app|lb|svc|scale|queue|sched|trace|exec|sc)\.[a-z][a-z0-9-]+`)
	for id, rest := range listed {
		if !loaded[id] {
			t.Errorf("%s is in ids.txt and has no playbook", id)
		}
		for _, n := range neighbour.FindAllString(rest, -1) {
			if !loaded[n] {
				t.Errorf("%s names %s, which is no playbook", id, n)
			}
		}
	}
}

// The example of docs/playbooks.md is a playbook whose cases pass.
func TestDocumentedExample(t *testing.T) {
	text, err := os.ReadFile("../docs/playbooks.md")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, kind := range []string{"yaml", "txtar"} {
		_, rest, ok := strings.Cut(string(text), "```"+kind+"\n")
		body, _, closed := strings.Cut(rest, "```\n")
		if !ok || !closed {
			t.Fatalf("docs/playbooks.md has no ```%s block", kind)
		}
		files["log.group-missing."+kind] = &fstest.MapFile{Data: []byte(body)}
	}
	r, err := prove.Check(files)
	if err != nil || len(r.Failures) > 0 || r.Playbooks != 1 || r.Cases != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}
