package playbooks_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/playbooks"
)

var update = flag.Bool("update", false, "rewrite docs/coverage.md")

const coverageDoc = "../docs/coverage.md"

// openCauses is how many causes nobody has looked at yet: neither a playbook nor a reason. It may only get smaller.
const openCauses = 10

// Every case of the catalogue and each of its causes leads to a playbook that is considered for it, or says in one line
// why no evidence in the account decides it. docs/coverage.md is that table.
func TestCoverage(t *testing.T) {
	all, err := diagnose.Load(playbooks.FS)
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]*diagnose.Playbook{}
	for _, p := range all {
		byID[p.ID] = p
	}
	named := map[string]bool{}
	var table strings.Builder
	cases, causes, decided, open := 0, 0, 0, 0
	for _, id := range message.Symptoms() {
		c, _ := message.CaseOf(id)
		cases++
		fmt.Fprintf(&table, "\n### %s\n\n", id)
		if len(c.Causes) == 0 {
			fmt.Fprintf(&table, "Normal: there is nothing to find.\n")
			continue
		}
		fmt.Fprintf(&table, "| cause | decided by |\n| --- | --- |\n")
		for _, cause := range c.Causes {
			causes++
			by := ""
			switch p := byID[cause.Playbook]; {
			case cause.Playbook != "" && cause.Undecidable != "":
				t.Errorf("%s: cause %q has a playbook and says that none decides it", id, cause.Text)
			case p != nil:
				decided++
				named[p.ID] = true
				by = "`" + p.ID + "`"
				if !slices.Contains(p.Symptoms, id) {
					open, decided = open+1, decided-1
					by = "not judged under this message yet; under others by `" + p.ID + "`"
				}
			case cause.Playbook != "":
				t.Errorf("%s: cause %q names playbook %s, which there is not", id, cause.Text, cause.Playbook)
			case len(cause.Undecidable) < 15:
				open++
				by = "not yet"
			default:
				by = "not from the account: " + cause.Undecidable
			}
			fmt.Fprintf(&table, "| %s | %s |\n", cell(cause.Text), cell(by))
		}
	}
	unnamed := 0
	for _, p := range all {
		if !named[p.ID] {
			unnamed++
			t.Logf("%s is the answer to no cause of the catalogue", p.ID)
		}
	}
	if unnamed != unnamedPlaybooks {
		t.Errorf("%d playbooks are the answer to no cause of the catalogue, want %d", unnamed, unnamedPlaybooks)
	}
	doc := fmt.Sprintf("# What is decided, and by what\n\nGenerated from the catalogue of failures and the playbooks (`make update`). %d cases with %d causes: a playbook decides %d of them;\n"+
		"for %d a line says why no evidence in the account can; %d are not looked at yet.\n%s", cases, causes, decided, causes-decided-open, open, table.String())
	if open != openCauses {
		t.Errorf("%d causes are open, want %d", open, openCauses)
	}
	if *update {
		if err := os.WriteFile(coverageDoc, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := os.ReadFile(coverageDoc); string(got) != doc {
		t.Errorf("%s is not what the catalogue and the playbooks say; run: make update", coverageDoc)
	}
	t.Logf("%d cases, %d causes, %d decided by %d playbooks", cases, causes, decided, len(all))
}

// unnamedPlaybooks is how many playbooks no cause of the catalogue names yet. It may only get smaller.
const unnamedPlaybooks = 0

func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
}
