package logline

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var placeholder = regexp.MustCompile(`\{\w+[|}]`)

// Every signature decides its own cases, alone and among all the others, and none of its look-alikes.
func TestSignatures(t *testing.T) {
	for _, s := range signatures() {
		t.Run(s.ID, func(t *testing.T) {
			for _, line := range s.Cases {
				if got := Deciding([]string{line}); got.Signature != s.ID {
					t.Errorf("%q\nis decided as %q", line, got.Signature)
				} else if placeholder.MatchString(got.Says) || got.Says == "" || got.Line != line {
					t.Errorf("%q\nsays %q", line, got.Says)
				}
			}
			for _, line := range s.Not {
				if _, ok := s.find(line, strings.ToLower(line)); ok {
					t.Errorf("%q\nmust not match", line)
				}
			}
			for i, re := range s.match {
				if !slices.ContainsFunc(s.Cases, re.MatchString) {
					t.Errorf("match %d has no case", i+1)
				}
			}
		})
	}
}

func TestSignaturesAreComplete(t *testing.T) {
	idForm := regexp.MustCompile(`^app\.[a-z0-9]+(-[a-z0-9]+)*$`)
	all := signatures()
	if len(all) < 60 {
		t.Errorf("%d signatures, want at least 60", len(all))
	}
	seen := map[string]bool{}
	for _, s := range all {
		if !idForm.MatchString(s.ID) || seen[s.ID] {
			t.Errorf("id %q: want app.words-with-dashes, once", s.ID)
		}
		seen[s.ID] = true
		for name, text := range map[string]string{"says": s.Says, "means": s.Means, "mistaken": s.Mistaken, "fix": s.Fix} {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: %s is empty", s.ID, name)
			}
		}
		if len(s.Cases) == 0 || len(s.Not) == 0 || len(s.Match) == 0 || len(s.Needs) == 0 {
			t.Errorf("%s: want cases, look-alikes, a match and what it needs", s.ID)
		}
		for _, n := range s.Needs {
			if n != strings.ToLower(n) {
				t.Errorf("%s: needs %q: want small letters", s.ID, n)
			}
		}
	}
}

// Every group that a sentence names exists, and every file is in the order.
func TestSignatureData(t *testing.T) {
	group := regexp.MustCompile(`\{(\w+)`)
	for _, s := range signatures() {
		var names []string
		for _, re := range s.match {
			names = append(names, re.SubexpNames()...)
		}
		for _, m := range group.FindAllStringSubmatch(s.Says, -1) {
			if !slices.Contains(names, m[1]) {
				t.Errorf("%s says {%s}, which no match names", s.ID, m[1])
			}
		}
	}
	entries, err := files.ReadDir("signatures")
	if err != nil || len(entries) != len(order) {
		t.Errorf("%d files, %d in the order: %v", len(entries), len(order), err)
	}
}

func TestLoadIsStrict(t *testing.T) {
	for _, bad := range []string{"- id: app.x\n  meens: typo\n", "- id: app.x\n  match: ['(']\n", "id: app.x\n"} {
		if _, err := load([]byte(bad)); err == nil {
			t.Errorf("%q loads", bad)
		}
	}
}

func TestFill(t *testing.T) {
	groups := map[string]string{"a": "A", "long": strings.Repeat("x", 500)}
	for template, want := range map[string]string{
		"one {a} two":     "one A two",
		"one {b|three}":   "one three",
		"one {b|{c|{a}}}": "one A",
		"one {b|} two":    "one two",
		"one {b":          "one {b",
		"{long}":          strings.Repeat("x", maxName) + "...",
	} {
		if got := fill(template, groups); got != want {
			t.Errorf("%q: %q, want %q", template, got, want)
		}
	}
}
