package message

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// playbooks is the closed list of playbook ids that a cause may name.
var playbooks = listed()

// listed reads the ids of playbooks from the closed list; no package of the playbooks may be imported here.
func listed() (ids []string) {
	text, err := os.ReadFile("../../../playbooks/ids.txt")
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(text)) {
		if id, _, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, "#") {
			ids = append(ids, id)
		}
	}
	return ids
}

var readOnly = regexp.MustCompile(`^aws [a-z0-9-]+ (describe|list|get|lookup|head|batch-get|simulate)[a-z0-9-]*( |$)`)

func TestCatalogue(t *testing.T) {
	c, err := open(files)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.cases) < 280 {
		t.Errorf("%d cases, want at least 280", len(c.cases))
	}
	for name, command := range c.looks {
		if !readOnly.MatchString(command) {
			t.Errorf("looks.yaml %s: %q does not only read", name, command)
		}
	}
	for _, k := range c.cases {
		if k.Says == "" || len(k.Says) < 20 {
			t.Errorf("%s: says %q, want a sentence", k.ID, k.Says)
		}
		if len(k.Causes) == 0 && !k.Normal {
			t.Errorf("%s: has no causes", k.ID)
		}
		if len(k.Surfaces) == 0 {
			t.Errorf("%s: has no surface", k.ID)
		}
		if k.Normal && k.Nature != "normal" {
			t.Errorf("%s: is normal with the nature %q", k.ID, k.Nature)
		}
		for _, n := range k.Not {
			if strings.HasPrefix(strings.ToLower(n), "not ") {
				t.Errorf("%s: not %q already says not", k.ID, n)
			}
		}
		for _, cause := range k.Causes {
			if cause.Look != "" && !readOnly.MatchString(cause.Look) {
				t.Errorf("%s: look %q does not only read", k.ID, cause.Look)
			}
			if cause.Playbook != "" && !slices.Contains(playbooks, cause.Playbook) {
				t.Errorf("%s: playbook %q is not on the list", k.ID, cause.Playbook)
			}
		}
		for _, w := range k.Forms {
			for _, id := range w.SameTextAs {
				if _, ok := c.byID[id]; !ok || id == k.ID {
					t.Errorf("%s: same_text_as %q, which is no other case", k.ID, id)
				}
			}
		}
	}
}

// Forms with the same words in two cases can never be told apart: the data must say so.
func TestSameTextIsDeclared(t *testing.T) {
	c := load()
	type owner struct {
		id   string
		same []string
	}
	seen := map[string]owner{}
	for _, k := range c.cases {
		for _, w := range k.Forms {
			if w.Text == "" {
				continue
			}
			words := squeeze(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(w.Text, "<>"))
			if first, ok := seen[words]; ok && first.id != k.ID && !slices.Contains(w.SameTextAs, first.id) && !slices.Contains(first.same, k.ID) {
				t.Errorf("%s and %s: %q is in both, and neither says same_text_as", first.id, k.ID, w.Text)
			}
			seen[words] = owner{k.ID, w.SameTextAs}
		}
	}
}

func TestCaseOf(t *testing.T) {
	for _, id := range Symptoms() {
		got, ok := CaseOf(id)
		if !ok || !Known(id) || got.ID != id {
			t.Fatalf("CaseOf(%q) = %v, %v", id, got.ID, ok)
		}
		if !slices.Contains(Families, got.Family) || got.Family == "" {
			t.Errorf("%s: family %q", id, got.Family)
		}
		for _, c := range got.Causes {
			if c.Look != "" && !strings.HasPrefix(c.Look, "aws ") {
				t.Errorf("%s: look %q is not a command", id, c.Look)
			}
		}
	}
	if !slices.IsSorted(Symptoms()) {
		t.Error("Symptoms are not sorted")
	}
	if got, ok := CaseOf("image-pull/no-such-case"); ok || Known("image-pull/no-such-case") {
		t.Errorf("an unknown case is known: %v", got)
	}
	if got, _ := CaseOf("logging/awslogs/network"); !strings.Contains(got.Launch, "log driver") {
		t.Errorf("launch = %q, want where the log driver opens its stream", got.Launch)
	}
}

// Every part of the closed lists is used: a word on them that nothing can have is a trap for playbooks.
func TestClosedListsAreUsed(t *testing.T) {
	steps, natures := map[string]bool{"": true}, map[string]bool{"": true}
	for _, k := range load().cases {
		steps[k.Step], natures[k.Nature] = true, true
	}
	for _, l := range stepLayers {
		steps[l.says] = true
		if stepFamily[l.says] == "" {
			t.Errorf("step %q has no family", l.says)
		}
	}
	for _, l := range natureLayers {
		natures[l.says] = true
	}
	for _, s := range Steps {
		if !steps[s] {
			t.Errorf("no case and no layer has the step %q", s)
		}
		if s != "" && launchOf[s] == "" {
			t.Errorf("step %q: nothing says where in the launch it is", s)
		}
	}
	for _, n := range Natures {
		if !natures[n] {
			t.Errorf("no case and no layer has the nature %q", n)
		}
	}
	for s := range steps {
		if !slices.Contains(Steps, s) {
			t.Errorf("step %q is not on the list", s)
		}
	}
	for n := range natures {
		if !slices.Contains(Natures, n) {
			t.Errorf("nature %q is not on the list", n)
		}
	}
}

func TestBrokenCatalogue(t *testing.T) {
	const looks = "a: aws ec2 describe-vpcs\n"
	for _, c := range []struct{ name, yaml, want string }{
		{"unknown field", "family: exit\ncases:\n  - id: exit/x\n    sayz: hm\n", "sayz"},
		{"unknown step", "family: exit\ncases:\n  - id: exit/x\n    applies_to: ec2\n    step: dance\n", `step "dance" is not one of`},
		{"unknown nature", "family: exit\ncases:\n  - id: exit/x\n    applies_to: ec2\n    nature: sad\n", `nature "sad" is not one of`},
		{"twice", "family: exit\ncases:\n  - id: exit/x\n    applies_to: ec2\n  - id: exit/x\n    applies_to: ec2\n", "is there twice"},
		{"wrong file", "family: iam\ncases: []\n", "want the file's name"},
		{"no words", "family: exit\ncases:\n  - id: exit/x\n    applies_to: ec2\n    forms:\n      - text: <...>\n", "no fixed words"},
		{"two kinds of form", "family: exit\ncases:\n  - id: exit/x\n    applies_to: ec2\n    forms:\n      - text: a\n        field: b=c\n", "want one"},
		{"unknown look", "family: exit\ncases:\n  - id: exit/x\n    applies_to: ec2\n    causes:\n      - text: t\n        look: rm\n", "neither a name of looks.yaml nor an aws command"},
	} {
		_, err := open(fstest.MapFS{"catalogue/exit.yaml": {Data: []byte(c.yaml)}, "catalogue/looks.yaml": {Data: []byte(looks)}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
}
