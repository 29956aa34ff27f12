package report

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts/message"
)

var checkable = []*diagnose.Playbook{
	{ID: "net.no-egress-route", Title: "The task's subnet has no way to the registry", Symptoms: []string{"image-pull/ecr/registry-auth-network"}},
	{ID: "svc.own", Title: "A cause of one's own", Symptoms: []string{"image-pull/ecr/registry-auth-network"}},
}

func explained(t *testing.T, text string, o TextOptions) (Explanation, string) {
	t.Helper()
	e := Explain("", text, checkable)
	var buf bytes.Buffer
	if err := ExplanationText(&buf, e, o); err != nil {
		t.Fatal(err)
	}
	return e, buf.String()
}

func TestExplainKnownMessage(t *testing.T) {
	e, s := explained(t, noAnswer, TextOptions{})
	golden(t, "explain-no-answer", s)
	ids := []string{}
	for _, c := range e.Causes {
		ids = append(ids, c.ID)
	}
	if !slices.Contains(ids, "svc.own") {
		t.Errorf("a playbook that names the symptom is no candidate: %q", ids)
	}
	for _, id := range ids {
		if id != "" && !slices.ContainsFunc(checkable, func(p *diagnose.Playbook) bool { return p.ID == id }) {
			t.Errorf("cause %s is said to be checked, but no such playbook is loaded", id)
		}
	}
}

func TestExplainSaysWhatIsNew(t *testing.T) {
	for text, want := range map[string]string{
		"ResourceInitializationError: the flux capacitor could not be attached: i/o timeout": "These exact words are new to ecsplain. What can be read in them: AWS's category is ResourceInitializationError",
		"bananas": "Nothing in them tells which step failed or why.",
	} {
		e, s := explained(t, text, TextOptions{Width: 500})
		if e.Known || !strings.Contains(s, want) || !strings.Contains(s, "ecsplain diagnose CLUSTER/SERVICE") {
			t.Errorf("%q: known %v\n%s", text, e.Known, s)
		}
	}
}

func TestExplainNormalMessage(t *testing.T) {
	if _, s := explained(t, "(service orders) has reached a steady state.", TextOptions{}); !strings.HasPrefix(s, "NORMAL ") {
		t.Errorf("got\n%s", s)
	}
}

func TestExplainInOneLine(t *testing.T) {
	for text, want := range map[string]string{
		noAnswer:  "\n           image-pull/ecr/registry-auth-network, ",
		"bananas": "\"bananas\"\n  NEW      These exact words are new to ecsplain.",
		"(service orders) has reached a steady state.": "\n  NORMAL   ",
	} {
		var buf bytes.Buffer
		if err := ExplanationLine(&buf, Explain("", text, nil), TextOptions{}); err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(buf.String(), "\n"); len(first) > stdWidth || !strings.Contains(buf.String(), want) {
			t.Errorf("got\n%s", buf.String())
		}
	}
}

func TestExplainHidesSecrets(t *testing.T) {
	e, s := explained(t, "ResourceInitializationError: password=hunter2secret", TextOptions{Verbose: true})
	var buf bytes.Buffer
	if err := ExplanationJSON(&buf, e, ""); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(s+buf.String(), "hunter2secret") {
		t.Errorf("the secret comes through:\n%s%s", s, buf.String())
	}
}

func TestFill(t *testing.T) {
	f := message.Fields{Role: "arn:aws:iam::111122223333:role/ops/exec", Host: "api.ecr.eu-west-1.amazonaws.com", Registry: "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com",
		Repository: "shop/orders", Tag: "x; rm -rf /", Secret: "--query", Subnet: "subnet-0a"}
	for in, want := range map[string]string{
		"get-role --role-name <role>":              "get-role --role-name exec",
		"<role-arn>":                               "arn:aws:iam::111122223333:role/ops/exec",
		"--ids <subnet> <vpc>":                     "--ids subnet-0a <vpc>",
		"<repository>:<tag>":                       "shop/orders:<tag>", // a shell would run it
		"<secret>":                                 "<secret>",          // an option
		"<account> <region>":                       "111122223333 us-gov-west-1",
		"Name=service-name,Values=<region>.<name>": "Name=service-name,Values=us-gov-west-1.<name>",
	} {
		if got := fill(in, f); got != want {
			t.Errorf("fill(%q) = %q, want %q", in, got, want)
		}
	}
	if got := fill("<region>", message.Fields{Host: "secretsmanager.eu-west-1.amazonaws.com"}); got != "eu-west-1" {
		t.Errorf("the region of a host is %q", got)
	}
}

// Any text gets an explanation that keeps the contract.
func TestExplainAnything(t *testing.T) {
	piece := rapid.OneOf(rapid.SampledFrom([]string{noAnswer, "CannotPullContainerError: ", "{", `{"stoppedReason":"`, `"}`, "\n", "RESOURCE:MEMORY", "\x1b[31m"}), rapid.String())
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 5).Draw(rt, "text"), "")
		var js, txt bytes.Buffer
		e := Explain("", text, checkable)
		if err := ExplanationJSON(&js, e, "  "); err != nil {
			rt.Fatal(err)
		}
		if err := ValidateExplanation(js.Bytes()); err != nil {
			rt.Fatal(err)
		}
		if err := ExplanationText(&txt, e, TextOptions{}); err != nil {
			rt.Fatal(err)
		}
		if strings.Contains(txt.String(), "\x1b") || !json.Valid(js.Bytes()) {
			rt.Fatalf("got %q", txt.String())
		}
	})
}
