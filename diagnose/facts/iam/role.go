package iam

import (
	"fmt"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// RoleMay decides whether a role may do action on resource, by its identity policies and its boundary. It asks for the
// role and the names of its policies, then for every document, and decides as soon as what it has read decides: an
// explicit Deny whatever else is missing, an Allow only once all that could deny is read.
//
// roleARN may be a bare name; "" is unknown. resource may hold * and ? where only its shape is known
// ("...:secret:db-??????"); "*" alone is the resource of actions that have none, "" one that nobody knows.
// A role of another account is unknown: what the caller's own account tells of that name is about another role.
// So is a role that does not exist: no policy speaks for it, and Trust tells the cause.
func RoleMay(v *evidence.View, roleARN, action, resource string, ctx Context) Decision {
	w := v.Track()
	defer handOn(v, w)
	d := Decision{Action: action, Resource: resource, Role: RoleName(roleARN)}
	if d.Role == "" {
		d.Basis = w.Undecided("no role is named")
		return d
	}
	if why := foreign(w, roleARN); why != "" {
		d.Basis = w.Undecided(why)
		return d
	}
	role, st := evidence.Read(w, evidence.RoleKey(d.Role))
	names, stNames := evidence.Read(w, evidence.RolePoliciesKey(d.Role))
	if st == evidence.Absent || stNames == evidence.Absent {
		w.Cite(evidence.RoleKey(d.Role).Key, "role "+d.Role, "role", "does not exist")
		d.Basis = w.Undecided("role " + d.Role + " does not exist, so no policy speaks for it")
		return d
	}
	r := newRequest(action, resource, derivedKeys(role, st, resource), ctx)
	docs := roleDocuments(w, d.Role, role, names)
	for i := range docs {
		docs[i].judge(r)
	}
	f := findings{docs: docs, roleRead: st == evidence.Found, namesRead: stNames == evidence.Found}
	return f.decide(w, d)
}

// foreign says why the caller's account cannot tell of the role; "" = it can, or nobody knows better.
func foreign(w *evidence.View, roleARN string) string {
	account := AccountOf(roleARN)
	if account == "" || w.State(evidence.CallerKey().Key) != evidence.Found {
		return ""
	}
	if caller, _ := evidence.Read(w, evidence.CallerKey()); caller.Account != "" && caller.Account != account {
		return fmt.Sprintf("role %s belongs to account %s; only that account shows its policies", RoleName(roleARN), account)
	}
	return ""
}

// derivedKeys are the condition keys that every request of a task with this role holds. Tags of the role are the
// session's tags: ECS passes none of its own.
func derivedKeys(role evidence.Role, st evidence.State, resource string) Context {
	c := taskKeys(resource)
	if st != evidence.Found {
		return c
	}
	if role.ARN != "" {
		c["aws:PrincipalArn"] = []string{role.ARN}
		c["aws:PrincipalAccount"] = []string{AccountOf(role.ARN)}
	}
	for _, t := range role.Tags {
		c["aws:PrincipalTag/"+t.Key] = []string{t.Value}
	}
	return c
}

// taskKeys are the condition keys of a request that a role session of a task makes, whatever the role. IAM user guide,
// "AWS global condition context keys".
func taskKeys(resource string) Context {
	c := Context{
		"aws:PrincipalType":         {"AssumedRole"},
		"aws:PrincipalIsAWSService": {"false"},
		"aws:SecureTransport":       {"true"},
		"aws:username":              {},
	}
	if account := AccountOf(resource); account != "" && !strings.ContainsAny(account, "*?") {
		c["aws:ResourceAccount"] = []string{account}
	}
	return c
}

// document is one policy of a role and how it bears on the request.
type document struct {
	key      evidence.Key
	call     string // not "" where a published text stands in for the answer
	title    string // "inline policy secrets"
	policy   string // name of an inline policy, ARN of a managed one
	boundary bool
	text     string
	read     bool
	vanished bool // deleted since its name was read: it says nothing any more
	changed  evidence.Moment

	matches []match
	broken  string // why the text cannot be read as a policy
}

// roleDocuments reads every policy of a role: attached, inline, boundary.
func roleDocuments(w *evidence.View, role string, r evidence.Role, names evidence.RolePolicies) []document {
	var out []document
	add := func(d document, ref evidence.Ref[evidence.PolicyDocument]) {
		doc, st := evidence.Read(w, ref)
		d.key, d.text, d.changed = ref.Key, doc.Document, doc.UpdatedAt
		d.read, d.vanished = st == evidence.Found || st == evidence.Absent, st == evidence.Absent
		if text, ok := publishedPolicy(d.policy); ok && st == evidence.Gapped {
			d.text, d.call, d.read = text, PublishedCall, true
		}
		out = append(out, d)
	}
	if arn := r.BoundaryARN; arn != "" {
		add(document{title: "permissions boundary " + RoleName(arn), policy: arn, boundary: true}, evidence.ManagedPolicyKey(arn))
	}
	for _, name := range names.Inline {
		add(document{title: "inline policy " + name, policy: name}, evidence.InlinePolicyKey(role, name))
	}
	for _, arn := range names.Attached {
		add(document{title: "managed policy " + RoleName(arn), policy: arn}, evidence.ManagedPolicyKey(arn))
	}
	return out
}

func (d *document) judge(r request) {
	if !d.read || d.vanished {
		return
	}
	p, err := parse(d.text, identity)
	if err != nil {
		d.broken = fmt.Sprintf("%s is not readable as a policy: %v", d.title, err)
		return
	}
	d.matches = r.judge(p, func(statement) tri { return yes })
}

// says is how strongly the document speaks with an effect, and by which statement.
func (d document) says(effect string) (tri, match) {
	if !d.read || d.broken != "" {
		return unknown, match{}
	}
	return verdict(d.matches, effect)
}

// handOn tells the outer view what the inner one asked for and cited.
func handOn(outer, inner *evidence.View) {
	for _, k := range inner.Missed() {
		outer.Want(k)
	}
	outer.CiteAll(inner.Cites())
}
