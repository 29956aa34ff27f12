package facts

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/evidence"
)

// What refuses a mount.
const (
	byRole       = "role"       // the task role's policies
	byPolicy     = "policy"     // the file system's policy
	byEncryption = "encryption" // the file system's policy, because the connection is not encrypted
)

// MountRight is whether EFS lets the task do one thing with the file system, by what could be read.
//
// Rules (EFS user guide, "Using IAM to control access to file systems"): while no policy is set, EFS's default one lets
// every client in. With one, an allow by it or by the client's identity policies is enough, and a deny wins. A volume
// without IAM connects as nobody, so that only the policy counts.
type MountRight struct {
	Refused   bool           `json:"refused"`
	Cause     string         `json:"cause"` // role, policy, encryption; "" where not refused
	Action    string         `json:"action"`
	Resource  string         `json:"resource"` // ARN of the file system
	Role      string         `json:"role"`     // task role by name; "" = none, or IAM is off
	Says      string         `json:"says"`
	Statement string         `json:"statement"` // of the file system's policy that refuses; "" = none speaks
	Mended    string         `json:"mended"`    // the file system's policy with the task role let in, JSON text; "" = IAM is off
	Basis     evidence.Basis `json:"-"`
}

func (f *VolumeFact) rights(v *evidence.View, in *Incident) {
	l := in.Launch
	resource := "arn:" + cmp.Or(l.Partition, "aws") + ":elasticfilesystem:" + l.Region + ":" + l.Account + ":file-system/" + f.FileSystem
	if l.Account == "" || l.Region == "" {
		w := v.Track()
		w.Want(evidence.CallerKey().Key)
		f.Mount.Basis, f.Write.Basis = w.Undecided(""), w.Undecided("")
		return
	}
	m := mount{v: v, in: in, vol: f, resource: resource}
	f.Mount, f.Write = m.right("elasticfilesystem:ClientMount"), m.right("elasticfilesystem:ClientWrite")
}

type mount struct {
	v        *evidence.View
	in       *Incident
	vol      *VolumeFact
	resource string
}

func (m mount) keys(encrypted bool) iam.Context {
	c := iam.Context{"aws:SecureTransport": {fmt.Sprint(encrypted)}, "elasticfilesystem:AccessedViaMountTarget": {"true"}, "elasticfilesystem:AccessPointArn": {}}
	if m.vol.AccessPoint != "" {
		c["elasticfilesystem:AccessPointArn"] = []string{strings.Replace(m.resource, "file-system/"+m.vol.FileSystem, "access-point/"+m.vol.AccessPoint, 1)}
	}
	if !m.vol.IAM {
		c["aws:PrincipalType"], c["aws:PrincipalArn"], c["aws:PrincipalAccount"] = []string{"Anonymous"}, nil, nil
	}
	return c
}

func (m mount) right(action string) MountRight {
	r := MountRight{Action: action, Resource: m.resource}
	w := m.v.Track()
	key := evidence.FileSystemPolicyKey(m.vol.FileSystem)
	doc, st := evidence.Read(w, key)
	switch {
	case st == evidence.Absent:
		w.Cite(key.Key, "file system "+m.vol.FileSystem, "Policy", "none: EFS's default policy lets every client in")
	case st == evidence.Found:
		w.Cite(key.Key, "file system "+m.vol.FileSystem, "Policy", m.policySays(doc, action))
	}
	if !m.vol.IAM {
		return m.anonymous(r, w, doc, st)
	}
	r.Role = iam.RoleName(m.in.Definition.TaskRole)
	if r.Role == "" {
		r.Basis = w.Undecided("the volume uses IAM and the task definition names no task role")
		return r
	}
	if st == evidence.Absent {
		own := iam.RoleMay(m.v.Track(), m.in.Definition.TaskRole, action, m.resource, m.keys(m.vol.Encrypted))
		r.Refused, r.Basis = own.Explicit, own.Basis // only a deny takes away what the default policy gives
		if own.Explicit {
			r.Cause, r.Says = byRole, own.Says
		}
		r.Basis.Cites = append(r.Basis.Cites, w.Cites()...)
		return r
	}
	d := m.asRole(w, doc, st, action, m.vol.Encrypted)
	r.Refused, r.Says, r.Basis = d.Denied, d.Says, d.Basis
	if !r.Refused {
		return r
	}
	r.Cause, r.Statement = byRole, ""
	if d.Layer == iam.LayerResource {
		r.Cause, r.Statement = byPolicy, d.By
		if !m.vol.Encrypted && m.asRole(m.v.Track(), doc, st, action, true).Allowed {
			r.Cause = byEncryption
		}
		r.Mended = letIn(doc.Document, d.By, m.in.Definition.TaskRole)
	}
	return r
}

// policySays is what the file system's policy says of the action, in a few words.
func (m mount) policySays(doc evidence.PolicyDocument, action string) string {
	role, account := "", ""
	if m.vol.IAM {
		role, account = m.in.Definition.TaskRole, m.in.Launch.Account
	}
	d := iam.ReadResource(doc.Document, role, account, action, m.resource, m.keys(m.vol.Encrypted))
	if d.Decision == iam.ResourceNone {
		return "no statement speaks of " + action
	}
	return strings.TrimSpace(d.Decision+" "+d.Statement) + " of " + action
}

// asRole is what the role's policies and the file system's say together.
func (m mount) asRole(w *evidence.View, doc evidence.PolicyDocument, st evidence.State, action string, encrypted bool) iam.Decision {
	keys := m.keys(encrypted)
	own := iam.RoleMay(m.v.Track(), m.in.Definition.TaskRole, action, m.resource, keys)
	basis := w.Decided()
	var res iam.ResourceDecision
	if st != evidence.Found {
		basis = w.Undecided("")
	} else {
		res = iam.ReadResource(doc.Document, m.in.Definition.TaskRole, m.in.Launch.Account, action, m.resource, keys)
	}
	return iam.Combine(own, res, "the policy of file system "+m.vol.FileSystem, basis, false)
}

// anonymous is a volume without IAM: nobody asks, so only what the policy allows to everybody is allowed.
func (m mount) anonymous(r MountRight, w *evidence.View, doc evidence.PolicyDocument, st evidence.State) MountRight {
	if st == evidence.Absent {
		r.Basis = w.Decided()
		return r
	}
	if st != evidence.Found {
		r.Basis = w.Undecided("")
		return r
	}
	says := func(encrypted bool) iam.ResourceDecision {
		return iam.ReadResource(doc.Document, "", "", r.Action, m.resource, m.keys(encrypted))
	}
	d := says(m.vol.Encrypted)
	if d.Decision == iam.ResourceUnknown {
		r.Basis = w.Undecided(d.Why)
		return r
	}
	r.Basis = w.Decided()
	if d.Decision == iam.ResourceAllow {
		return r
	}
	r.Refused, r.Cause, r.Statement = true, byPolicy, d.Statement
	if !m.vol.Encrypted && says(true).Decision == iam.ResourceAllow {
		r.Cause = byEncryption
	}
	r.Says = fmt.Sprintf("the policy of file system %s does not allow %s to clients without IAM", m.vol.FileSystem, r.Action)
	if d.Decision == iam.ResourceDeny {
		r.Says = fmt.Sprintf("the policy of file system %s, %s denies %s", m.vol.FileSystem, d.Statement, r.Action)
	}
	return r
}

// letIn is a file system's policy without the statement that refuses and with an allow for the role. by ends in the
// statement's name. It is "" where the document cannot be read.
func letIn(document, by, roleARN string) string {
	return addAllow(document, by, map[string]any{"Sid": "AllowTaskMount", "Effect": "Allow", "Principal": map[string]any{"AWS": roleARN},
		"Action":    []string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"},
		"Condition": map[string]any{"Bool": map[string]any{"elasticfilesystem:AccessedViaMountTarget": "true"}}})
}

// addAllow is a resource policy with one more statement, and without the Deny statement whose name by ends in ("" =
// none). All others stay as they are. It is "" where the document cannot be read.
func addAllow(document, by string, allow map[string]any) string {
	var doc map[string]any
	if json.Unmarshal([]byte(document), &doc) != nil {
		return ""
	}
	list, ok := doc["Statement"].([]any)
	if alone := doc["Statement"]; !ok && alone != nil {
		list = []any{alone}
	}
	var kept []any
	for i, s := range list {
		one, _ := s.(map[string]any)
		name := fmt.Sprintf("statement %d", i+1)
		if sid, _ := one["Sid"].(string); sid != "" {
			name = "statement " + sid
		}
		if one["Effect"] == "Deny" && strings.HasSuffix(by, name) {
			continue
		}
		kept = append(kept, s)
	}
	doc["Statement"] = append(kept, allow)
	out, err := json.Marshal(doc)
	if err != nil {
		return ""
	}
	return string(out)
}
