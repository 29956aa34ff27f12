package facts

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/evidence"
)

// SecretUse is how the task definition refers to its secrets, and what their own policies say. Where several secrets take
// part, each check is about the first one that it holds for.
type SecretUse struct {
	ID             string         `json:"id"`      // ARN of the secret that Refused is about; "" = none of another account or message
	Account        string         `json:"account"` // its account
	CrossAccount   bool           `json:"cross_account"`
	Refused        Check          `json:"refused"`         // its own policy denies the execution role, or belongs to another account and does not allow it
	Mended         string         `json:"mended"`          // its policy with the role let in, JSON text; "" = not read
	VersionMissing Check          `json:"version_missing"` // no version carries the stage or id that the reference asks for
	BadReference   Check          `json:"bad_reference"`   // a reference that cannot be taken apart
	NoRole         Check          `json:"no_role"`         // secrets are named and no execution role is
	Stale          Check          `json:"stale"`           // changed between the start of the task and its end
	Basis          evidence.Basis `json:"-"`
}

func secretUseFact(v *evidence.View, in *Incident) {
	u := &in.SecretUse
	if in.Definition.Basis.Unknown {
		b := in.Definition.Basis
		*u = SecretUse{Basis: b, Refused: Check{Basis: b}, VersionMissing: Check{Basis: b}, BadReference: Check{Basis: b}, NoRole: Check{Basis: b}, Stale: Check{Basis: b}}
		return
	}
	refs := in.Definition.Secrets
	u.Basis.Cites = citeDefinition(v, in, "containerDefinitions.secrets", cmp.Or(strings.Join(refs, ", "), "none"))
	u.BadReference.Basis, u.NoRole.Basis = u.Basis, u.Basis
	for _, ref := range refs {
		if why := badReference(ref); why != "" {
			u.BadReference = Check{Holds: true, Resource: ref, Detail: why, Basis: u.Basis}
			break
		}
	}
	u.NoRole = Check{Holds: len(refs) > 0 && in.Definition.ExecutionRole == "", Resource: in.Definition.ID, Basis: u.Basis}
	u.policy(v, in, refs)
	u.versions(v, in, refs)
	u.stale(v, in, refs)
}

// badReference says what is wrong with a valueFrom; "" = nothing that can be seen. A secret is named by its ARN alone or
// with all three of JSON key, stage and version, each of which may be empty (ECS developer guide, "Pass Secrets Manager
// secrets through environment variables"). Whatever is no ARN is the name of a parameter.
func badReference(ref string) string {
	if !strings.HasPrefix(ref, "arn:") {
		return ""
	}
	parts := strings.Split(ref, ":")
	service := ""
	if len(parts) > 2 {
		service = parts[2]
	}
	switch {
	case service == "ssm" && (len(parts) != 6 || !strings.HasPrefix(parts[5], "parameter/")):
		return "the ARN of a parameter is arn:PARTITION:ssm:REGION:ACCOUNT:parameter/NAME"
	case service == "ssm":
		return ""
	case service != "secretsmanager":
		return "it is the ARN of neither a secret nor a parameter"
	case len(parts) < 7 || parts[5] != "secret" || parts[6] == "":
		return "the ARN of a secret is arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX"
	case len(parts) != 7 && len(parts) != 10:
		return fmt.Sprintf("after the ARN stand %s, and there must be none or three: JSON key, stage and version, each of which may be empty", evidence.Counted(len(parts)-7, "part"))
	}
	return ""
}

// mine are the secrets of the failure: the one that the message names, else all of the task definition.
func (u *SecretUse) mine(in *Incident, refs []string) (out []string) {
	for _, ref := range refs {
		if strings.Contains(ref, ":secretsmanager:") && badReference(ref) == "" && (in.Message.Fields.Secret == "" || secretID(ref) == secretID(in.Message.Fields.Secret)) {
			out = append(out, ref)
		}
	}
	if s := in.Message.Fields.Secret; len(out) == 0 && strings.HasPrefix(s, "arn:") {
		out = []string{s}
	}
	return out
}

// policy asks the secret's own policy. Within the account only a deny of it counts; across accounts it must allow.
func (u *SecretUse) policy(v *evidence.View, in *Incident, refs []string) {
	u.Refused.Basis = u.Basis
	for _, ref := range u.mine(in, refs) {
		id := secretID(ref)
		one := SecretUse{ID: id, Account: iam.AccountOf(id)}
		one.CrossAccount = one.Account != "" && in.Launch.Account != "" && one.Account != in.Launch.Account
		one.ask(v, in)
		if u.ID == "" || one.Refused.Holds || one.Refused.Basis.Unknown && !u.Refused.Holds {
			u.ID, u.Account, u.CrossAccount, u.Refused, u.Mended = one.ID, one.Account, one.CrossAccount, one.Refused, one.Mended
		}
		if u.Refused.Holds {
			return
		}
	}
}

func (u *SecretUse) ask(v *evidence.View, in *Incident) {
	w := v.Track()
	key := evidence.SecretPolicyKey(u.ID)
	doc, st := evidence.Read(w, key)
	role := in.Definition.ExecutionRole
	c := &u.Refused
	c.Resource = u.ID
	allow := map[string]any{"Sid": "AllowRead", "Effect": "Allow", "Principal": map[string]any{"AWS": role}, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
	switch st {
	case evidence.Absent:
		w.Cite(key.Key, "secret "+u.ID, "ResourcePolicy", "none")
		c.Holds, c.Detail, c.Basis = u.CrossAccount, "it has no policy, and across accounts its policy must allow the role", w.Decided()
		text, _ := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{allow}})
		u.Mended = string(text)
	case evidence.Found:
		d := iam.ReadResource(doc.Document, role, in.Launch.Account, "secretsmanager:GetSecretValue", u.ID, nil)
		w.Cite(key.Key, "secret "+u.ID, "ResourcePolicy", strings.TrimSpace(d.Decision+" "+d.Statement))
		u.Mended = addAllow(doc.Document, d.Statement, allow)
		c.Holds, c.Detail, c.Basis = d.Decision == iam.ResourceDeny || d.Decision == iam.ResourceNone && u.CrossAccount, "its policy does not allow the role", w.Decided()
		if d.Decision == iam.ResourceDeny {
			c.Detail = "its policy, " + d.Statement + " denies the role"
		}
		if d.Decision == iam.ResourceUnknown {
			c.Basis = w.Undecided(d.Why)
		}
	default:
		c.Basis = w.Undecided("")
	}
	said := in.Message.Fields.DenyReason == "no-resource-policy" || in.Message.Fields.DenyReason == "resource-deny"
	if c.Basis.Unknown && said && in.Message.Nature == "permission" {
		*c = Check{Holds: true, Resource: u.ID, Detail: "AWS says that its policy does not allow the role", Basis: evidence.Basis{Cites: in.Basis.Cites, Missing: c.Basis.Missing}}
	}
}

// versions: a reference without stage and version means the stage AWSCURRENT.
func (u *SecretUse) versions(v *evidence.View, in *Incident, refs []string) {
	w := v.Track()
	open := false
	for _, ref := range u.mine(in, refs) {
		stage, version := "AWSCURRENT", ""
		if parts := strings.Split(ref, ":"); len(parts) == 10 {
			version = parts[9]
			if version == "" || parts[8] != "" {
				stage = cmp.Or(parts[8], "AWSCURRENT")
			} else {
				stage = ""
			}
		}
		key := evidence.SecretKey(secretID(ref))
		sec, st := evidence.Read(w, key)
		if st != evidence.Found {
			open = open || st != evidence.Absent
			continue
		}
		has := slices.ContainsFunc(sec.Versions, func(x evidence.SecretVersion) bool {
			return (version == "" || x.ID == version) && (stage == "" || slices.Contains(x.Stages, stage))
		})
		w.Cite(key.Key, "secret "+key.ID, "VersionIdsToStages", versionsSay(sec.Versions))
		if !has {
			u.VersionMissing = Check{Holds: true, Resource: secretID(ref), Detail: "no version has " + strings.TrimSpace("stage "+cmp.Or(stage, "(any)")+" "+version) + "; there are " + versionsSay(sec.Versions), Basis: w.Decided()}
			return
		}
	}
	u.VersionMissing.Basis = w.Decided()
	if open {
		u.VersionMissing.Basis = w.Undecided("")
	}
}

func versionsSay(vs []evidence.SecretVersion) string {
	var out []string
	for _, v := range vs {
		out = append(out, v.ID+" ("+cmp.Or(strings.Join(v.Stages, ", "), "no stage")+")")
	}
	return cmp.Or(strings.Join(out, ", "), "none")
}

// stale: values are read once, when the task starts. Where the log speaks of a refused login, a secret that changed
// between the task's start and its end explains it.
func (u *SecretUse) stale(v *evidence.View, in *Incident, refs []string) {
	switch {
	case in.Log.Basis.Unknown:
		u.Stale.Basis = in.Log.Basis
		return
	case !strings.HasSuffix(in.Log.Deciding.Signature, "-auth") || len(in.Samples) == 0:
		u.Stale.Basis = evidence.Basis{Cites: in.Log.Basis.Cites}
		return
	}
	w := v.Track()
	w.CiteAll(in.Log.Basis.Cites)
	key := evidence.StoppedTasksKey(in.Cluster, in.Service)
	if in.Kind == KindRunning {
		key = evidence.RunningTasksKey(in.Cluster, in.Service)
	}
	tasks, st := evidence.Read(w, key)
	i := slices.IndexFunc(tasks.Tasks, func(t evidence.Task) bool { return t.ID == in.Samples[0] })
	if st != evidence.Found || i < 0 || !tasks.Tasks[i].StartedAt.Known {
		u.Stale.Basis = w.Undecided("")
		return
	}
	started, until, open := tasks.Tasks[i].StartedAt.At, ended(tasks.Tasks[i]), false
	if in.Kind == KindRunning {
		until = in.Last
	}
	for _, ref := range refs {
		if !strings.Contains(ref, ":secretsmanager:") {
			continue
		}
		key := evidence.SecretKey(secretID(ref))
		sec, st := evidence.Read(w, key)
		open = open || st != evidence.Found && st != evidence.Absent
		if sec.ChangedAt.Known && sec.ChangedAt.At.After(started) && !sec.ChangedAt.At.After(until) {
			at := evidence.UTC(sec.ChangedAt.At)
			w.Cite(key.Key, "secret "+key.ID, "LastChangedDate", at)
			u.Stale = Check{Holds: true, Resource: key.ID, Detail: fmt.Sprintf("it changed at %s, after task %s had read it at its start at %s", at, in.Samples[0], evidence.UTC(started)), Basis: w.Decided()}
			return
		}
	}
	u.Stale.Basis = w.Decided()
	if open {
		u.Stale.Basis = w.Undecided("")
	}
}
