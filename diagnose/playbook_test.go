package diagnose_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ecsplain/ecsplain/diagnose"
)

// valid is a playbook that loads; the faults below each break one thing.
const valid = `id: net.example
title: An example
case: pending
symptoms: [stuck/pending]
over: incidents
as: incident
checks:
  - name: no way out
    if: incident.reach.no_route.blocks && incident.message.nature != "permission"
subject: {kind: route-table, id: "${incident.reach.no_route.resource}"}
say: "${incident.reach.no_route.detail}"
why: because
verify: look
fix:
  - say: add a route
`

func TestPlaybookFaultsNameThePlace(t *testing.T) {
	for _, c := range []struct{ name, old, new, want, line string }{
		{"valid", "", "", "", ""},
		{"unknown key", "why: because", "wy: because", `unknown field "wy"`, ""},
		{"misspelt field", "no_route.blocks &&", "no_rout.blocks &&", "undefined field 'no_rout'", ":9:"},
		{"literal on no list", `"permission"`, `"permisson"`, `did you mean "permission"?`, ":9:"},
		{"not a boolean", "incident.reach.no_route.blocks && incident.message.nature != \"permission\"", "incident.symptom", "want a bool", ":9:"},
		{"unknown symptom", "[stuck/pending]", "[stuck/pendin]", `did you mean "stuck/pending"?`, ":4:"},
		{"symptom literal", `incident.message.nature != "permission"`, `incident.symptom == "stuck/pendng"`, `did you mean "stuck/pending"?`, ":9:"},
		{"misspelt template", "no_route.detail}", "no_route.detai}", "undefined field 'detai'", ":11:"},
		{"open template", "no_route.detail}", "no_route.detail", "closing brace", ":11:"},
		{"id and file differ", "id: net.example", "id: net.other", "file name says", ":1:"},
		{"family", "id: net.example", "id: network.example", "", ""},
		{"case", "case: pending", "case: waiting", "is not one of", ":3:"},
		{"no check", "checks:\n  - name: no way out\n    if: incident.reach.no_route.blocks && incident.message.nature != \"permission\"\n", "", "confirm everything", ""},
		{"unknown explains", "why: because", "why: because\nexplains: [net.exampl]", `did you mean "net.example"?`, ""},
		{"circle", "why: because", "why: because\nexplains: [net.example]", "in a circle", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := strings.Replace(valid, c.old, c.new, 1)
			_, err := diagnose.Load(fstest.MapFS{"net.example.yaml": {Data: []byte(src)}})
			if c.name == "valid" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil {
				t.Fatal("loaded")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "net.example.yaml"+c.line) {
				t.Errorf("got\n%v\nwant %q at net.example.yaml%s", err, c.want, c.line)
			}
			if c.line != "" && !strings.Contains(err.Error(), "^") {
				t.Errorf("no caret in\n%v", err)
			}
		})
	}
}

// Calls that replace running tasks are no fix unless the playbook says why the next task starts; stopping a task is none.
func TestFixesDoNotGamble(t *testing.T) {
	all, err := diagnose.Load(os.DirFS("../playbooks"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		for _, a := range append(append([]diagnose.ActionSpec{}, p.Fix...), p.Mitigate...) {
			for _, c := range a.Calls {
				if c.Operation == "StopTask" {
					t.Errorf("%s stops a task as a fix", p.ID)
				}
				if c.Input["forceNewDeployment"] == true && a.NextStarts == "" {
					t.Errorf("%s forces a new deployment and does not say in next_starts why the next task starts", p.ID)
				}
				if a.Undo == "" {
					t.Errorf("%s: %s has no undo", p.ID, c.Operation)
				}
				if wholesale[c.Operation] && a.Replaces == "" {
					t.Errorf("%s: %s replaces a document as a whole; say so in replaces", p.ID, c.Operation)
				}
			}
		}
	}
}

// wholesale are operations that replace a document instead of adding to it.
var wholesale = map[string]bool{"UpdateAssumeRolePolicy": true, "SetRepositoryPolicy": true, "DeleteRepositoryPolicy": true, "CreatePolicyVersion": true}

// A playbook is compiled when a failure comes under it, not before, and its fault shows then.
func TestPlaybooksCompileWhenNeeded(t *testing.T) {
	broken := fstest.MapFS{"net.example.yaml": {Data: []byte(strings.Replace(valid, "no_route.detail}", "no_route.detai}", 1))}}
	all, err := diagnose.Parse(broken)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d playbooks, %v", len(all), err)
	}
	for range 2 {
		if err := diagnose.Compile(all); err == nil || !strings.Contains(err.Error(), "undefined field 'detai'") {
			t.Errorf("compiled: %v", err)
		}
	}
}
