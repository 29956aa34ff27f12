package lab

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// authResult is IAM's decision.
type authResult struct {
	Allowed  bool
	Explicit bool   // refused by a Deny statement
	Reason   string // the end of AWS's sentence: "because no identity-based policy allows the ecr:GetAuthorizationToken action"; "" when allowed
}

// authorize evaluates what a role may do: its attached and inline policies, its boundary, a resource policy (JSON text) and
// the policy of a VPC endpoint where they are given. Role and resource belong to this account (IAM user guide, "Policy
// evaluation for requests within a single account"). A role that does not exist has no policies.
func (w *World) authorize(roleName, action, resource string, resourcePolicy, endpointID string) authResult {
	q := query{w: w, action: action, resource: resource, role: roleName, context: w.requestContext(roleName, endpointID)}
	return q.decide(resourcePolicy, endpointID)
}

// authorizeCall is authorize for a call that an AWS service makes with a role, with what conditions can see of it beside.
func (w *World) authorizeCall(roleName, action, resource string, keys map[string]string) authResult {
	q := query{w: w, action: action, resource: resource, role: roleName, context: w.requestContext(roleName, "")}
	delete(q.context, "aws:sourceip")
	maps.Copy(q.context, keys)
	return q.decide("", "")
}

// decide is authorize for a question whose context is known.
func (q query) decide(resourcePolicy, endpointID string) authResult {
	action := q.action
	identity := q.identity()
	boundary := q.boundary()
	byResource := verdict{}
	if resourcePolicy != "" {
		byResource = q.ask("the policy of "+q.resource, resourcePolicy, q.isCaller)
	}
	endpoint := q.endpoint(endpointID)

	for _, l := range []struct {
		denied bool
		layer  string
	}{
		{identity.deny, "an identity-based policy"}, {boundary.deny, "a permissions boundary"},
		{byResource.deny, "a resource-based policy"}, {endpoint.deny, "a VPC endpoint policy"},
	} {
		if l.denied {
			return authResult{Explicit: true, Reason: "with an explicit deny in " + l.layer}
		}
	}
	switch {
	case !endpoint.allow:
		return missing("VPC endpoint policy", action)
	case !identity.allow && !byResource.allow:
		return missing("identity-based policy", action)
	case !boundary.allow && !byResource.session:
		return missing("permissions boundary", action)
	}
	return authResult{Allowed: true}
}

func missing(layer, action string) authResult {
	return authResult{Reason: fmt.Sprintf("because no %s allows the %s action", layer, action)}
}

// endpointAllows asks the policy of a VPC endpoint about a request that somebody else signed, as ECR's requests for image
// layers in S3 are.
func (w *World) endpointAllows(endpointID, action, resource string) authResult {
	q := query{w: w, action: action, resource: resource, context: w.requestContext("", endpointID)}
	switch v := q.endpoint(endpointID); {
	case v.deny:
		return authResult{Explicit: true, Reason: "with an explicit deny in a VPC endpoint policy"}
	case !v.allow:
		return missing("VPC endpoint policy", action)
	}
	return authResult{Allowed: true}
}

// canAssume tells whether a role exists and whether its trust policy lets a service (ecs-tasks.amazonaws.com) assume it.
func (w *World) canAssume(roleName, service string) (ok bool, exists bool) {
	// ECS sends no narrower source than this (ECS developer guide, "Task IAM role", the trust policy's condition).
	return w.canAssumeFor(roleName, service, w.ecsARN("*"))
}

// canAssumeFor is canAssume with the resource on whose behalf the service asks.
func (w *World) canAssumeFor(roleName, service, source string) (ok bool, exists bool) {
	r := w.roles[roleName]
	if r == nil {
		return false, false
	}
	q := query{w: w, action: "sts:AssumeRole", resource: aws.ToString(r.Arn), context: map[string]string{
		"aws:sourcearn": source, "aws:sourceaccount": w.Account, "aws:requestedregion": w.Region,
	}, anyResource: true}
	v := q.ask("the trust policy of "+roleName, aws.ToString(r.AssumeRolePolicyDocument), func(p principals) grant {
		if slices.Contains(p["Service"], service) || slices.Contains(p["*"], "*") {
			return granted
		}
		return notNamed
	})
	return v.allow && !v.deny, true
}

// requestContext is what conditions can see. Keys are in lower case: IAM's are not case-sensitive.
func (w *World) requestContext(roleName, endpointID string) map[string]string {
	c := map[string]string{
		"aws:principalaccount": w.Account, "aws:resourceaccount": w.Account, "aws:requestedregion": w.Region,
		"aws:securetransport": "true", "aws:principaltype": "AssumedRole", "aws:principalisawsservice": "false", "aws:viaawsservice": "false",
	}
	if r := w.roles[roleName]; r != nil {
		c["aws:principalarn"] = aws.ToString(r.Arn)
		for _, t := range r.Tags {
			c["aws:principaltag/"+strings.ToLower(aws.ToString(t.Key))] = aws.ToString(t.Value)
		}
	}
	if e := w.endpoints[endpointID]; e != nil {
		c["aws:sourcevpce"], c["aws:sourcevpc"] = endpointID, aws.ToString(e.VpcId)
		return c
	}
	var public []string // the address that requests by way of the internet come from, where there is only one
	for _, n := range sorted(w.nats) {
		for _, a := range n.NatGatewayAddresses {
			if n.State == "available" && a.PublicIp != nil {
				public = append(public, *a.PublicIp)
			}
		}
	}
	if len(public) == 1 {
		c["aws:sourceip"] = public[0]
	}
	return c
}

// query is one question to policies.
type query struct {
	w                      *World
	action, resource, role string
	context                map[string]string
	anyResource            bool // trust policies have no resource
}

// verdict is what one layer of policies says.
type verdict struct {
	allow, deny bool
	session     bool // the Allow names the role's session itself, which a boundary does not limit
}

func (v *verdict) add(o verdict) {
	v.allow, v.deny, v.session = v.allow || o.allow, v.deny || o.deny, v.session || o.session
}

// grant is how far a statement's principal covers the caller.
type grant int

const (
	notNamed  grant = iota
	delegated       // the account: its own IAM policies decide
	granted
	grantedSession
)

func anybody(principals) grant { return granted }

func (q query) identity() verdict {
	var v verdict
	r := q.w.roles[q.role]
	if r == nil {
		return v
	}
	for _, arn := range r.attached {
		v.add(q.ask("policy "+arn, q.w.defaultDocument(arn), anybody))
	}
	for name, doc := range r.inline {
		v.add(q.ask("policy "+name+" of role "+q.role, doc, anybody))
	}
	return v
}

func (q query) boundary() verdict {
	r := q.w.roles[q.role]
	if r == nil || r.boundary == "" {
		return verdict{allow: true}
	}
	return q.ask("boundary "+r.boundary, q.w.defaultDocument(r.boundary), anybody)
}

func (q query) endpoint(id string) verdict {
	e := q.w.endpoints[id]
	if e == nil || aws.ToString(e.PolicyDocument) == "" {
		return verdict{allow: true}
	}
	who := q.isCaller
	if q.role == "" {
		who = func(p principals) grant {
			if slices.Contains(p["*"], "*") {
				return granted
			}
			return notNamed
		}
	}
	v := q.ask("the policy of "+id, *e.PolicyDocument, func(p principals) grant {
		if g := who(p); g != delegated {
			return g
		}
		return granted // in an endpoint policy the account stands for all its principals
	})
	return v
}

// defaultDocument is the default version of a managed policy, or "" when there is no such policy.
func (w *World) defaultDocument(arn string) string {
	if p := w.policies[arn]; p != nil {
		for _, v := range p.versions {
			if v.IsDefault {
				return v.Document
			}
		}
	}
	return ""
}

// isCaller compares the principals of a statement with the role.
func (q query) isCaller(p principals) grant {
	if slices.Contains(p["*"], "*") {
		return granted
	}
	arn := q.context["aws:principalarn"]
	session := fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/", q.w.Partition, q.w.Account, q.role)
	best := notNamed
	for _, name := range p["AWS"] {
		switch {
		case strings.HasPrefix(name, session):
			best = max(best, grantedSession)
		case name == "*" || arn != "" && name == arn:
			best = max(best, granted)
		case name == q.w.Account || name == fmt.Sprintf("arn:%s:iam::%s:root", q.w.Partition, q.w.Account):
			best = max(best, delegated)
		}
	}
	return best
}

// ask evaluates one policy document. A document that cannot be read says nothing, and is noted.
func (q query) ask(where, document string, who func(principals) grant) verdict {
	var v verdict
	if document == "" {
		return v
	}
	var p policy
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		q.w.notePolicy(where, err.Error())
		return v
	}
	for _, s := range p.Statement {
		g := who(s.Principal)
		if s.NotPrincipal != nil {
			q.w.notePolicy(where, "NotPrincipal is not supported")
			continue
		}
		if g == notNamed || !q.concerns(s) || !q.holds(where, s.Condition) {
			continue
		}
		switch {
		case strings.EqualFold(s.Effect, "Deny"):
			v.deny = true
		case g != delegated:
			v.allow = true
			v.session = v.session || g == grantedSession
		}
	}
	return v
}

// concerns compares action and resource. Actions are compared without regard to case, resources exactly.
func (q query) concerns(s statement) bool {
	action := func(pattern string) bool {
		return wildcard(strings.ToLower(pattern), strings.ToLower(q.action))
	}
	resource := func(pattern string) bool { return wildcard(pattern, q.resource) }
	switch {
	case s.Action != nil && !slices.ContainsFunc(s.Action, action), s.NotAction != nil && slices.ContainsFunc(s.NotAction, action):
		return false
	case s.Action == nil && s.NotAction == nil:
		return false
	case q.anyResource || s.Resource == nil && s.NotResource == nil: // trust policies and ECR's repository policies name none
		return true
	case s.NotResource != nil:
		return !slices.ContainsFunc(s.NotResource, resource)
	}
	return slices.ContainsFunc(s.Resource, resource)
}

// notePolicy records that a policy uses what the lab cannot evaluate. The statement then counts as not there: nobody may
// take the lab's decision for AWS's.
func (w *World) notePolicy(where, what string) {
	note := where + ": " + what
	if !slices.Contains(w.policyFaults, note) {
		w.policyFaults = append(w.policyFaults, note)
	}
}
