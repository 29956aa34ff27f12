package message

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var refusal = regexp.MustCompile(`^([A-Z][A-Za-z]+Exception): (.+)`)

// What the AWS command line, the Go SDK and Terraform put before an answer of the API never hides which case it is.
func TestPrefixesOfTools(t *testing.T) {
	prefixes := []struct {
		name string
		put  func(code, said string) string
	}{
		{"AWS command line", func(code, said string) string {
			return "An error occurred (" + code + ") when calling the ExecuteCommand operation: " + said
		}},
		{"AWS command line after retries", func(code, said string) string {
			return "aws: [ERROR]: An error occurred (" + code + ") when calling the RunTask operation (reached max retries: 4): " + said
		}},
		{"Go SDK", func(code, said string) string {
			return "operation error ECS: RunTask, https response error StatusCode: 400, RequestID: 6f1c8e0a-1, " + code + ": " + said
		}},
		{"Go SDK, an error without a type", func(code, said string) string {
			return "operation error ECS: RunTask, https response error StatusCode: 400, RequestID: 6f1c8e0a-1, api error " + code + ": " + said
		}},
		{"Terraform", func(code, said string) string {
			return "╷\n│ Error: creating ECS Service (web): operation error ECS: CreateService, https response error StatusCode: 400, RequestID: 6f1c8e0a-1, " + code + ": " + said + "\n│ \n╵"
		}},
	}
	n := 0
	for _, k := range load().cases {
		for _, w := range k.Forms {
			m := refusal.FindStringSubmatch(w.Text)
			if m == nil || w.Recalled {
				continue
			}
			n++
			rapid.Check(t, func(t *rapid.T) {
				said := written(t, m[2])
				want := ReadOne(k.Surfaces[0], m[1]+": "+said)
				for _, p := range prefixes {
					text := p.put(m[1], said)
					if got := ReadOne("", text); got.Symptom != want.Symptom && got.Symptom != k.ID && !slices.Contains(w.SameTextAs, got.Symptom) {
						t.Fatalf("%s: %q\nread as %q (seen as %q), want %q", p.name, text, got.Symptom, got.Surface, want.Symptom)
					}
				}
			})
		}
	}
	if n < 30 {
		t.Errorf("%d forms are refusals of an API, want at least 30", n)
	}
}

// What is pasted most: the end is missing, the quotes are curly, or a tool waited in vain.
func TestWhatPeoplePaste(t *testing.T) {
	const exec = "The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t running. Wait and try again or run a new task with execute command enabled and try again."
	const cli = "An error occurred (InvalidParameterException) when calling the ExecuteCommand operation: "
	const arn = "arn:aws:ecs:eu-west-1:111122223333:service/shop/orders"
	const stable = "timeout while waiting for state to become 'tfSTABLE' (last state: 'tfPENDING', timeout: 20m0s)"
	for _, c := range []struct{ text, symptom string }{
		{"ResourceInitializationError: unable to pull secrets or registry auth: ...", "secrets/reason-cut-off"},
		{"ResourceInitializationError: unable to pull secrets or registry auth: …", "secrets/reason-cut-off"},
		{"ResourceInitializationError: unable to pull secrets or registry auth", "secrets/reason-cut-off"},
		{"TaskFailedToStart: ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed:", "secrets/reason-cut-off"},
		{"(service orders) was unable to place a task. Reason: ResourceInitializationError: unable to pull secrets or registry auth.", "secrets/reason-cut-off"},
		{"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/library/nginx:latest: 429 Too Many Requests", "image-pull/docker-hub/rate-limit"},
		{"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/library/nginx:latest: unexpected status from GET request to https://registry-1.docker.io/v2/: 429 Too Many Requests", "image-pull/docker-hub/rate-limit"},
		{exec, "exec/not-enabled"},
		{cli + exec, "exec/not-enabled"},
		{cli + strings.ReplaceAll(exec, "’", "'"), "exec/not-enabled"},
		{strings.ReplaceAll(exec, "’", "'"), "exec/not-enabled"},
		{"Error: waiting for ECS Service (" + arn + ") update: " + stable, "deployment/waiter-timeout"},
		{"╷\n│ Error: waiting for ECS Service (" + arn + ") update: timeout while\n│ waiting for state to become 'tfSTABLE' (last state: 'tfPENDING', timeout: 20m0s)\n│ \n│   with aws_ecs_service.orders,\n│   on main.tf line 12, in resource \"aws_ecs_service\" \"orders\":\n│   12: resource \"aws_ecs_service\" \"orders\" {\n╵", "deployment/waiter-timeout"},
		{"Error: waiting for ECS Service (" + arn + ") create: " + stable, "deployment/waiter-timeout"},
		{"Error: error waiting for ECS service (orders) to reach a steady state: ResourceNotReady: exceeded wait attempts", "deployment/waiter-timeout"},
		{"Error: error waiting for ECS service (" + arn + ") to reach a steady state after creation: ResourceNotReady: exceeded wait attempts", "deployment/waiter-timeout"},
		{"Error: waiting for ECS Service (" + arn + ") to reach a steady state", "deployment/waiter-timeout"},
		{"Error: error waiting for ECS service (" + arn + ") to become stable: " + stable, "deployment/waiter-timeout"},
		{"exit code 137", "exit/137"},
	} {
		if r := ReadOne("", c.text); r.Symptom != c.symptom {
			t.Errorf("%s\nread as %q (surface %q, step %q, nature %q), want %q", c.text, r.Symptom, r.Surface, r.Step, r.Nature, c.symptom)
		}
	}
}
