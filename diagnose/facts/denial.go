package facts

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/evidence"
)

// DenialFact is AWS's own "not authorized" sentence, in the message or in the line that decides the log, and what the
// policies that can be read say of it.
type DenialFact struct {
	Found    bool           `json:"found"`
	Text     string         `json:"text"`
	FromLog  bool           `json:"from_log"` // the program was refused, not the launch
	Layer    string         `json:"layer"`    // sort of policy, in AWS's words; "" = not told
	Explicit bool           `json:"explicit"` // a Deny refused
	Role     string         `json:"role"`     // name; "" = no role session, or not told
	Action   string         `json:"action"`
	Actions  string         `json:"actions"`  // the action and those that a program makes with it, as the JSON that a policy takes
	Beside   string         `json:"beside"`   // the others, in words; "" = none
	Resource string         `json:"resource"` // "" = not told
	Policy   string         `json:"policy"`   // ARN of the refusing policy, where AWS names it
	TaskRole bool           `json:"task_role"`
	Other    OtherRole      `json:"other_role"`  // the other role of the task definition
	Identity Check          `json:"identity"`    // the role's own policies do not allow it, or deny it
	Boundary Check          `json:"boundary"`    // the role's permissions boundary does
	Mended   string         `json:"mended"`      // the boundary with the action allowed, JSON text; "" = not read
	Linked   Check          `json:"linked_role"` // ECS's service-linked role does not exist
	Proxy    Check          `json:"proxy"`       // a proxy variable is set and NO_PROXY leaves out 169.254.170.2
	Keys     Check          `json:"static_keys"` // access keys stand in the container's environment
	Basis    evidence.Basis `json:"-"`
}

// layerWords are AWS's words for what the message reader calls a deny reason.
var layerWords = map[string]string{"no-identity-policy": iam.LayerIdentity, "identity-deny": iam.LayerIdentity, "no-resource-policy": iam.LayerResource,
	"resource-deny": iam.LayerResource, "boundary": iam.LayerBoundary, "session": iam.LayerSession, "scp": iam.LayerServiceControl,
	"rcp": iam.LayerResourceControl, "vpc-endpoint": iam.LayerEndpoint}

func denialFact(v *evidence.View, in *Incident) {
	d := &in.Denial
	d.Linked = linkedRole(v, in)
	d.environment(v, in)
	f := in.Message.Fields
	said := iam.DenialOf(in.Message.Text)
	d.Basis.Cites = in.Basis.Cites
	if !said.Found && f.DenyReason == "" && (in.Message.Step == "run" || in.Message.Family == "exit") {
		if in.Log.Basis.Unknown {
			b := in.Log.Basis
			*d = DenialFact{Basis: b, Other: OtherRole{Basis: b}, Identity: Check{Basis: b}, Boundary: Check{Basis: b}, Linked: d.Linked, Proxy: d.Proxy, Keys: d.Keys}
			return
		}
		said, d.FromLog, d.Basis.Cites = iam.DenialOf(in.Log.Deciding.Line), true, in.Log.Basis.Cites
	}
	d.Found, d.Text, d.Explicit, d.Role, d.Policy = said.Found, said.Text, said.Explicit, said.Role, said.Policy
	d.Layer = cmp.Or(said.Layer, layerWords[f.DenyReason])
	d.Action, d.Resource = cmp.Or(said.Action, f.Action), cmp.Or(said.Resource, f.Resource)
	d.Role = cmp.Or(d.Role, iam.RoleName(f.Role))
	d.Actions, d.Beside = together(d.Action)
	d.policies(v, in)
}

// companions are the calls that a program makes together with another one, so that allowing one alone would only move the refusal.
// Source: Amazon SQS developer guide, "Consuming messages"; keys in lower case, as SQS writes them in its refusals.
var companions = map[string][]string{
	"sqs:receivemessage": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"},
	"sqs:deletemessage":  {"sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"},
}

func together(action string) (list, beside string) {
	all := companions[strings.ToLower(action)]
	if all == nil {
		all = []string{action}
	}
	text, _ := json.Marshal(all) // strings cannot fail
	return string(text), strings.Join(all[1:], " and ")
}

// policies asks what the role's policies say now. AWS's sentence of then is proof even where they cannot be read.
func (d *DenialFact) policies(v *evidence.View, in *Incident) {
	basis := evidence.Basis{Cites: d.Basis.Cites}
	d.Identity.Basis, d.Boundary.Basis, d.Other.Basis = basis, basis, basis
	if in.Definition.Basis.Unknown || d.Action == "" {
		if d.Action != "" || in.Definition.Basis.Unknown && !d.Found {
			d.Identity.Basis, d.Boundary.Basis, d.Other.Basis = in.Definition.Basis, in.Definition.Basis, in.Definition.Basis
		}
		d.spoken(in)
		return
	}
	arn, other := in.Definition.ExecutionRole, in.Definition.TaskRole
	if d.TaskRole = d.FromLog || d.Role != "" && d.Role == iam.RoleName(other) && d.Role != iam.RoleName(arn); d.TaskRole {
		arn, other = other, arn
	}
	if d.Role != "" && d.Role != iam.RoleName(arn) {
		b := v.Track().Undecided("role " + d.Role + " is no role of this task definition")
		d.Identity.Basis, d.Boundary.Basis, d.Other.Basis = b, b, b
		d.spoken(in)
		return
	}
	d.Role = cmp.Or(d.Role, iam.RoleName(arn))
	own := iam.RoleMay(v.Track(), arn, d.Action, d.Resource, nil)
	d.Identity = Check{Holds: own.Denied && own.Layer != iam.LayerBoundary, Resource: d.Role, Detail: own.Says, Basis: own.Basis}
	d.Boundary = Check{Holds: own.Denied && own.Layer == iam.LayerBoundary, Resource: cmp.Or(own.Policy, d.Role), Detail: own.Says, Basis: own.Basis}
	if d.Boundary.Holds && own.Policy != "" {
		if doc, st := evidence.Read(v.Track(), evidence.ManagedPolicyKey(own.Policy)); st == evidence.Found {
			d.Mended = addAllow(doc.Document, own.By, map[string]any{"Sid": "AllowForTasks", "Effect": "Allow", "Action": d.Action, "Resource": cmp.Or(d.Resource, "*")})
		}
	}
	d.Other = OtherRole{Role: iam.RoleName(other)}
	if other != "" && other != arn {
		o := iam.RoleMay(v.Track(), other, d.Action, d.Resource, nil)
		d.Other.Holds, d.Other.Basis = o.Allowed, o.Basis
	}
	d.spoken(in)
}

// spoken: the sentence names the layer that refused, so the others did not; and it decides where nothing could be read.
func (d *DenialFact) spoken(in *Incident) {
	if d.Layer == "" {
		return
	}
	for _, c := range []struct {
		check *Check
		layer string
	}{{&d.Identity, iam.LayerIdentity}, {&d.Boundary, iam.LayerBoundary}} {
		missing := c.check.Basis.Missing
		switch {
		case d.Layer != c.layer:
			*c.check = Check{Basis: evidence.Basis{Cites: d.Basis.Cites}}
		case c.check.Basis.Unknown:
			*c.check = Check{Holds: true, Resource: d.Role, Detail: "AWS says so itself: " + cmp.Or(d.Text, d.Layer), Basis: evidence.Basis{Cites: d.Basis.Cites, Missing: missing}}
		case !c.check.Holds:
			now := newest(c.check.Basis.Cites)
			*c.check = Check{Holds: true, Resource: d.Role, Detail: "AWS refused it then; the policies allow it now", Basis: evidence.Basis{Cites: c.check.Basis.Cites, Changed: evidence.When(now)}}
		}
	}
}

const linkedRoleName = "AWSServiceRoleForECS"

func linkedRole(v *evidence.View, in *Incident) Check {
	w := v.Track()
	key := evidence.RoleKey(linkedRoleName)
	_, st := evidence.Read(w, key)
	if st != evidence.Found && st != evidence.Absent {
		return Check{Basis: w.Undecided("")}
	}
	w.Cite(key.Key, "role "+linkedRoleName, "role", map[bool]string{true: "does not exist", false: "exists"}[st == evidence.Absent])
	return Check{Holds: st == evidence.Absent, Resource: linkedRoleName, Basis: w.Decided()}
}

// environment looks for what keeps an SDK from the task's credentials: 169.254.170.2 asked through a proxy, or keys in
// the environment, which SDKs take first.
func (d *DenialFact) environment(v *evidence.View, in *Incident) {
	if in.Definition.Basis.Unknown {
		d.Proxy.Basis, d.Keys.Basis = in.Definition.Basis, in.Definition.Basis
		return
	}
	td, _ := evidence.Read(v.Track(), evidence.TaskDefinitionKey(in.Definition.ID))
	i := slices.IndexFunc(td.Containers, func(c evidence.ContainerDefinition) bool { return c.Name == in.Definition.Container })
	basis := evidence.Basis{}
	var names []string
	noProxy := ""
	if i >= 0 {
		names, noProxy = slices.Clone(td.Containers[i].EnvironmentNames), td.Containers[i].NoProxy
		for _, s := range td.Containers[i].Secrets {
			names = append(names, s.Name)
		}
	}
	basis.Cites = citeDefinition(v, in, "containerDefinitions["+in.Definition.Container+"].environment", strings.Join(names, ", "))
	proxied := slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, "HTTP_PROXY") || strings.EqualFold(n, "ALL_PROXY") })
	d.Proxy = Check{Holds: proxied && !strings.Contains(noProxy, "169.254.170.2") && noProxy != "*", Resource: in.Definition.Container, Basis: basis}
	d.Keys = Check{Holds: slices.Contains(names, "AWS_ACCESS_KEY_ID"), Resource: in.Definition.Container, Basis: basis}
}
