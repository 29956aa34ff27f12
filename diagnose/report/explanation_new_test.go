package report

import (
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/diagnose"
)

func TestTargetOfAText(t *testing.T) {
	const service, task = "arn:aws:ecs:eu-west-1:111122223333:service/shop/orders", "arn:aws-cn:ecs:cn-north-1:111122223333:task/shop/0123456789abcdef0123456789abcdef"
	for text, want := range map[string][2]string{
		"waiting for ECS Service (" + service + ") update":                                              {"shop/orders", "eu-west-1"},
		"│ Error: waiting for ECS Service (arn:aws:ecs:eu-west-1:111122223333:service/\n│ shop/orders)": {"shop/orders", "eu-west-1"},
		`{"taskArn": "` + task + `", "stoppedReason": "x"}`:                                             {task, "cn-north-1"},
		task + " of " + service:                                                   {"shop/orders", "eu-west-1"},
		"arn:aws:ecs:eu-west-1:111122223333:service/orders":                       {"orders", "eu-west-1"},
		"arn:aws:ecs:eu-west-1:111122223333:service-deployment/shop/orders/AbC12": {"shop/orders", "eu-west-1"},
		"arn:aws:ecs:eu-west-1:111122223333:cluster/shop":                         {"", ""},
		"no ARN": {"", ""},
	} {
		target, region := targetOf(text)
		if target != want[0] || region != want[1] {
			t.Errorf("%s: target %q in %q, want %q", text, target, region, want)
		}
	}
	e, s := explained(t, "An error occurred (TargetNotConnectedException) when calling the ExecuteCommand operation: "+service+": The execute command failed due to an internal error. Try again later.", TextOptions{Width: 200})
	if want := "ecsplain diagnose shop/orders --region eu-west-1 --exec\n"; e.Target != "shop/orders" || !strings.Contains(s, want) {
		t.Errorf("want %q in\n%s", want, s)
	}
}

// New words get the likeliest causes, each with a command that only reads; a cause of one's own comes after them.
func TestExplainNewWordsRanked(t *testing.T) {
	own := []*diagnose.Playbook{{ID: "a.own", Title: "A cause of one's own", Symptoms: []string{"image-pull/ecr/throttled"}}, {ID: "image.tag-missing", Title: "No such tag", Symptoms: []string{"image-pull/ecr/image-not-found"}}}
	const text = "CannotPullContainerError: the image manifest could not be had: 429 Too Many Requests"
	e := Explain("", text, own)
	if e.Known || e.Nothing || len(e.Causes) < 2 || e.Causes[len(e.Causes)-1].ID == "" {
		t.Fatalf("got %+v", e)
	}
	for i, c := range e.Causes[:min(len(e.Causes), mostGuesses)] {
		if c.ID == "" && !strings.HasPrefix(c.Look, "aws ") {
			t.Errorf("cause %d has no command: %+v", i+1, c)
		}
	}
	if !strings.Contains(e.Causes[0].Title+e.Causes[1].Title, "counted by address") {
		t.Errorf("the first causes are %q, %q, want those of a limit", e.Causes[0].Title, e.Causes[1].Title)
	}
	if e := Explain("", "banana hammock", own); !e.Nothing || len(e.Causes) > 0 {
		t.Errorf("of small talk: %+v", e)
	}
}
