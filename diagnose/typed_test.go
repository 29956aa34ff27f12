package diagnose

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
)

func TestAimed(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"aws ecs list-tasks", "aws ecs list-tasks --region r"},
		{"aws x get | jq 'del(.A)' > f.json\naws x put --cli-input-json file://f.json", "aws --region r x get | jq 'del(.A)' > f.json\naws x put --cli-input-json file://f.json --region r"},
		{"aws x put --a $(aws y get --query b)", "aws --region r x put --a $(aws --region r y get --query b)"},
		{"ecsplain diagnose shop/laws", "ecsplain diagnose shop/laws"},
	} {
		if got := aimed(c.in, " --region r"); got != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.in, got, c.want)
		}
	}
}

func TestRevisionLines(t *testing.T) {
	in := &facts.Incident{Cluster: "shop", Service: "orders", Definition: facts.Definition{ID: "orders:7"}}
	got := revision(in, `.memory = "1024"`, " --region r")
	want := []string{`jq '` + notGiven + ` | .memory = "1024"' > revision.json`, "register-task-definition --cli-input-json file://revision.json --region r", "--service orders --task-definition orders --region r"}
	for i, l := range strings.Split(got, "\n") {
		if !strings.HasSuffix(l, want[i]) {
			t.Errorf("line %d: %s", i, l)
		}
	}
	in.Service = ""
	if got := revision(in, byHand, ""); strings.Contains(got, "update-service") || !strings.Contains(got, "\nvi revision.json\n") {
		t.Errorf("by hand, no service:\n%s", got)
	}
}

// A value that is not known leaves no half a command behind.
func TestTypedLines(t *testing.T) {
	const text = `
id: net.x
title: t
case: pending
symptoms: [stuck/provisioning]
over: incidents
as: incident
checks: [{name: c, if: incident.tasks > 0}]
subject: {kind: x, id: y}
say: s
why: w
verify: v
fix:
  - {say: a, type: "aws ecs list-tasks --cluster ${incident.cluster} --x ${incident.launch.subnets}"}
  - {say: b, type: "aws ecs list-tasks --family ${incident.definition.id}"}
  - {say: c, revise: ".cpu = \"1\""}
`
	all, err := Load(fstest.MapFS{"net.x.yaml": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	p := all[0]
	in := &facts.Incident{Cluster: "it's", Tasks: 1}
	in.Launch.Subnets = []string{"subnet-1", "subnet-2"}
	in.Definition.Basis = evidence.Basis{Unknown: true}
	s, err := newScene("incident", in)
	if err != nil {
		t.Fatal(err)
	}
	w, err := p.words()
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{Profile: "prod"}
	got, _ := e.actions(s, w.fix, func([]evidence.Key) string { return "?" }, "r", Owner{})
	if want := `aws ecs list-tasks --cluster 'it'\''s' --x subnet-1 subnet-2 --profile prod --region r`; got[0].Command != want {
		t.Errorf("got %s, want %s", got[0].Command, want)
	}
	if got[1].Command != "" || got[2].Command != "" {
		t.Errorf("half a command: %q, %q", got[1].Command, got[2].Command)
	}
}
