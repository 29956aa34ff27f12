package facts

import (
	"cmp"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/diagnose/facts/image"
	"github.com/ecsplain/ecsplain/evidence"
)

// stepAction is the API action that a launch step performs with the execution role, where the message does not name
// one (AWS documentation: task execution IAM role).
var stepAction = map[string]string{
	"registry-auth": "ecr:GetAuthorizationToken",
	"manifest":      "ecr:BatchGetImage",
	"pull":          "ecr:BatchGetImage",
	"layers":        "ecr:GetDownloadUrlForLayer",
	"secret":        "secretsmanager:GetSecretValue",
	"parameter":     "ssm:GetParameters",
	"log-driver":    "logs:CreateLogStream",
}

// ownReasons are the ends of AWS's sentence that blame the role's own policies or boundary; the others name a policy
// that lies elsewhere.
var ownReasons = map[string]bool{"no-identity-policy": true, "identity-deny": true, "boundary": true}

func permissionFact(v *evidence.View, in *Incident) {
	p := &in.Permission
	f := in.Message.Fields
	p.Action, p.Resource = cmp.Or(f.Action, stepAction[in.Message.Step]), f.Resource
	p.SaidDenied = in.Message.Nature == "permission"
	p.RoleKind = "execution"
	if in.Message.Step == "run" || in.Message.Step == "efs" {
		p.RoleKind = "task"
	}
	w := v.Track()
	if p.Action == "" {
		b := w.Undecided("the failed step needs no permission that is known")
		p.Basis, p.Denied.Basis, p.OtherRole.Basis, p.Repository.Basis = b, b, b, b
		return
	}
	if in.Definition.Basis.Unknown {
		b := in.Definition.Basis
		p.Basis, p.Denied.Basis, p.OtherRole.Basis, p.Repository.Basis = b, b, b, b
		return
	}
	p.RoleARN = in.Definition.ExecutionRole
	other := in.Definition.TaskRole
	if said := iam.RoleName(f.Role); p.RoleKind == "task" || said != "" && said != iam.RoleName(p.RoleARN) && said == iam.RoleName(other) {
		p.RoleKind, p.RoleARN, other = "task", in.Definition.TaskRole, in.Definition.ExecutionRole
	}
	p.Role = cmp.Or(iam.RoleName(p.RoleARN), iam.RoleName(f.Role))
	if p.Resource == "" || p.Resource == "*" {
		p.Resource = resourceOf(in, p.Action)
	}
	p.Basis = evidence.Basis{Cites: append(append([]evidence.Cite{}, in.Basis.Cites...), citeDefinition(v, in, p.RoleKind+"RoleArn", p.RoleARN)...)}
	p.Denied = denied(v, in, p)
	p.OtherRole = OtherRole{Role: iam.RoleName(other)}
	if other == "" || other == p.RoleARN {
		p.OtherRole.Basis = evidence.Basis{}
	} else {
		d := iam.RoleMay(v.Track(), other, p.Action, p.Resource, nil)
		p.OtherRole.Holds, p.OtherRole.Basis = d.Allowed, d.Basis
	}
	p.Repository = repositorySide(v, in, p)
}

// resourceOf names the resource that an action of the launch works on: "*" for an action without resources, "" where
// it is not known.
func resourceOf(in *Incident, action string) string {
	l := in.Launch
	switch {
	case action == "ecr:GetAuthorizationToken":
		return "*"
	case strings.HasPrefix(action, "ecr:"):
		ref := image.Parse(cmp.Or(in.Message.Fields.Image, in.Definition.Image))
		if ref.ECR {
			return "arn:" + cmp.Or(ref.Partition, l.Partition) + ":ecr:" + ref.Region + ":" + ref.Account + ":repository/" + ref.Repository
		}
	case strings.HasPrefix(action, "logs:"):
		group := cmp.Or(in.Message.Fields.LogGroup, in.Definition.LogGroup)
		return "arn:" + l.Partition + ":logs:" + l.Region + ":" + l.Account + ":log-group:" + group + ":log-stream:*"
	case strings.HasPrefix(action, "secretsmanager:"):
		if in.Message.Fields.Secret != "" {
			return in.Message.Fields.Secret
		}
		for _, s := range in.Definition.Secrets {
			if strings.Contains(s, ":secretsmanager:") {
				return secretID(s)
			}
		}
	case strings.HasPrefix(action, "ssm:"):
		return "arn:" + l.Partition + ":ssm:" + l.Region + ":" + l.Account + ":parameter/" + strings.TrimPrefix(parameterName(in.Message.Fields.Parameter), "/")
	}
	return ""
}

// denied tells whether the role's own policies refuse. AWS's sentence of then, where it blames them, is proof even if
// IAM cannot be read; a policy that allows now says that something changed since. A refusal without a reason ("403
// Forbidden") proves nothing about the role: the policies decide.
func denied(v *evidence.View, in *Incident, p *Permission) Check {
	c := Check{Resource: p.Role}
	now := iam.Decision{Basis: evidence.Basis{Unknown: true}}
	if p.RoleARN != "" {
		now = iam.RoleMay(v.Track(), p.RoleARN, p.Action, p.Resource, nil)
	}
	reason := in.Message.Fields.DenyReason
	cites := append(append([]evidence.Cite{}, in.Basis.Cites...), now.Basis.Cites...)
	switch {
	case p.SaidDenied && reason != "" && !ownReasons[reason]:
		c.Detail, c.Basis = "AWS says that another policy refuses: "+reason, evidence.Basis{Cites: cites}
	case !p.SaidDenied || reason == "":
		c.Holds, c.Detail, c.Basis = now.Denied, now.Says, now.Basis
	case now.Basis.Unknown || now.Denied:
		c.Holds, c.Detail = true, cmp.Or(now.Says, "AWS says: no policy of the role allows it")
		if now.Basis.Unknown {
			c.Detail = "AWS says so itself: " + reasonWords[reason]
		}
		// The sentence decides, but reading the policies may still show that they changed: keep asking for them.
		c.Basis = evidence.Basis{Cites: cites, Missing: now.Basis.Missing}
	default:
		c.Holds, c.Detail = true, "AWS refused it then; the role's policies allow it now"
		c.Basis = evidence.Basis{Cites: cites, Changed: cmp.Or(now.ChangedAt, evidence.When(newest(now.Basis.Cites)))}
		if !c.Basis.Changed.At.After(in.Last) {
			c.Basis.Changed = evidence.When(newest(now.Basis.Cites))
		}
	}
	return c
}

var reasonWords = map[string]string{
	"no-identity-policy": "no identity-based policy allows it",
	"identity-deny":      "an identity-based policy denies it explicitly",
	"boundary":           "the permissions boundary does not allow it",
}

func repositorySide(v *evidence.View, in *Incident, p *Permission) RepositorySide {
	w := v.Track()
	ref := image.Parse(cmp.Or(in.Message.Fields.Image, in.Definition.Image))
	if !strings.HasPrefix(p.Action, "ecr:") || p.Action == "ecr:GetAuthorizationToken" || !ref.ECR {
		return RepositorySide{Basis: w.Undecided("no repository policy takes part in this step")}
	}
	r := RepositorySide{CrossAccount: ref.Account != in.Launch.Account, Resource: ref.Repository}
	key := evidence.RepositoryPolicyKey(ref.RepositoryID())
	doc, st := evidence.Read(w, key)
	switch st {
	case evidence.Absent:
		w.Cite(key.Key, "repository "+ref.Repository, "policyText", "none")
		r.Denies, r.Basis = r.CrossAccount, w.Decided()
	case evidence.Found:
		decision, statement := iam.ResourceAllows(doc.Document, p.RoleARN, in.Launch.Account, p.Action, "")
		w.Cite(key.Key, "repository "+ref.Repository, "policyText", cmp.Or(statement, decision))
		r.Statement, r.Denies, r.Basis = statement, decision == "deny" || decision == "none" && r.CrossAccount, w.Decided()
		if decision == "unknown" {
			r.Basis = w.Undecided("the repository policy has conditions that cannot be judged from here")
		}
	default:
		r.Basis = w.Undecided("")
	}
	return r
}
