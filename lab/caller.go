package lab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// callerAddress is where the lab's user calls from.
const callerAddress = "198.51.100.7"

// LimitCaller lets the caller do only what policies allow; IAM evaluates them for each of his calls. A policy is a document (JSON text), or
// the name or ARN of a managed one: ReadOnlyAccess, ViewOnlyAccess, PowerUserAccess, AdministratorAccess, or of the account. Without any
// he may do everything again. The error names a policy that cannot be used.
func (w *World) LimitCaller(policies ...string) error {
	var documents []string
	for _, p := range policies {
		d, err := w.policyDocument(p)
		if err != nil {
			return err
		}
		documents = append(documents, d)
	}
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	w.faults.policies = documents
	return nil
}

// policyDocument is the text of a policy, by its text, name or ARN.
func (w *World) policyDocument(p string) (string, error) {
	if strings.HasPrefix(strings.TrimSpace(p), "{") {
		if err := checkDocument(&p); err != nil {
			return "", fmt.Errorf("the caller's policy: %w", err)
		}
		return p, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	name := lastPart(p)
	for _, m := range callerPolicies {
		if m.name == name {
			return m.document(), nil
		}
	}
	for arn := range w.policies {
		if arn == p || lastPart(arn) == p {
			return w.defaultDocument(arn), nil
		}
	}
	return "", fmt.Errorf("there is no managed policy %q; write a document, or one of %s", p, strings.Join(w.policyNames(), ", "))
}

func (w *World) policyNames() []string {
	var names []string
	for _, m := range callerPolicies {
		names = append(names, m.name)
	}
	for arn := range w.policies {
		names = append(names, lastPart(arn))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// judge evaluates the caller's policies for a call. Who somebody is may be asked by everybody.
func (w *World) judge(r *wire.Request, input any) error {
	w.faults.mu.Lock()
	documents := w.faults.policies
	w.faults.mu.Unlock()
	if documents == nil || r.Service == "sts" && r.Operation == "GetCallerIdentity" {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, need := range w.needs(r, input) {
		q := query{w: w, action: need.action, resource: need.resource, context: w.callerContext(need)}
		var v verdict
		for _, d := range documents {
			v.add(q.ask("the caller's policy", d, anybody))
		}
		switch {
		case v.deny:
			return w.refusal(r.Service, need.action, need.resource, "with an explicit deny in an identity-based policy")
		case !v.allow:
			return w.refusal(r.Service, need.action, need.resource, missing("identity-based policy", need.action).Reason)
		}
	}
	return nil
}

func (w *World) callerContext(need permission) map[string]string {
	c := w.requestContext("", "")
	c["aws:principalarn"], c["aws:principaltype"], c["aws:username"] = w.callerARN(), "User", lastPart(w.callerARN())
	c["aws:sourceip"] = callerAddress
	if need.passedTo != "" {
		c["iam:passedtoservice"] = need.passedTo
	}
	return c
}

// permission is one thing that a call needs.
type permission struct {
	action, resource string
	passedTo         string // iam:PassRole: the service that gets the role
}

// iamAction is the name of a call's permission, which most often is the call's own.
func iamAction(r *wire.Request) string {
	if r.Service == "monitoring" {
		return "cloudwatch:" + r.Operation
	}
	return action(r)
}

// passes lists the calls that hand a role to a service, and the members (below lists, too) that name it; they need iam:PassRole. Source: the
// service authorization reference, and for RunTask the ECS developer guide, "Amazon ECS IAM roles".
var passes = []struct{ call, member, to string }{
	{"ecs:RegisterTaskDefinition", "executionRoleArn", "ecs-tasks.amazonaws.com"},
	{"ecs:RegisterTaskDefinition", "taskRoleArn", "ecs-tasks.amazonaws.com"},
	{"ecs:RunTask", "overrides.executionRoleArn", "ecs-tasks.amazonaws.com"},
	{"ecs:RunTask", "overrides.taskRoleArn", "ecs-tasks.amazonaws.com"},
	{"events:PutTargets", "targets.roleArn", "events.amazonaws.com"},
	{"scheduler:CreateSchedule", "target.roleArn", "scheduler.amazonaws.com"},
	{"scheduler:UpdateSchedule", "target.roleArn", "scheduler.amazonaws.com"},
}

// needs lists what a call needs: its own action on every resource it names, and iam:PassRole for roles that it hands on.
func (w *World) needs(r *wire.Request, input any) []permission {
	parameters := requestParameters(input)
	var out []permission
	for _, resource := range w.resourcesOfCall(r, parameters) {
		out = append(out, permission{action: iamAction(r), resource: resource})
	}
	pass := func(role, to string) {
		if role != "" {
			out = append(out, permission{action: "iam:PassRole", resource: w.exactARN("iam", role), passedTo: to})
		}
	}
	if def := w.findDefinition(lastPart(textOf(parameters, "taskDefinition"))); action(r) == "ecs:RunTask" && def != nil {
		pass(aws.ToString(def.ExecutionRoleArn), "ecs-tasks.amazonaws.com")
		pass(aws.ToString(def.TaskRoleArn), "ecs-tasks.amazonaws.com")
	}
	for _, p := range passes {
		if p.call == action(r) {
			for _, role := range textsAt(parameters, strings.Split(p.member, ".")) {
				pass(role, p.to)
			}
		}
	}
	return out
}

// textsAt lists the texts at a path of members, in all elements of lists on the way.
func textsAt(v any, path []string) []string {
	switch v := v.(type) {
	case string:
		if len(path) == 0 {
			return []string{v}
		}
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, textsAt(e, path)...)
		}
		return out
	case map[string]any:
		if len(path) > 0 {
			return textsAt(v[path[0]], path[1:])
		}
	}
	return nil
}
