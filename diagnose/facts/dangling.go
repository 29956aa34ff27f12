package facts

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/diagnose/facts/image"
	"github.com/ecsplain/ecsplain/evidence"
)

// DanglingFact is a resource policy of the failed step that names a deleted role by its unique id. IAM turns the ARN of a
// role in a stored policy into that id; when the role is deleted the id stays, and a new role of the same name is not
// meant (IAM user guide, "AWS JSON policy elements: Principal").
type DanglingFact struct {
	Kind      string         `json:"of"`        // repository, secret, key, file-system; "" = no resource policy takes part
	Resource  string         `json:"resource"`  // name, ARN or id of the resource
	Principal string         `json:"principal"` // AROA...
	Role      string         `json:"role"`      // name of the role that is refused
	Mended    string         `json:"mended"`    // the policy with the role's ARN in place of the id, JSON text
	Holds     bool           `json:"holds"`     // it names such an id, and does not let the role in
	Basis     evidence.Basis `json:"-"`
}

var roleID = regexp.MustCompile(`"(AROA[A-Z0-9]{12,})"`)

func danglingFact(v *evidence.View, in *Incident) {
	d := &in.Dangling
	if in.Definition.Basis.Unknown {
		d.Basis = in.Definition.Basis
		return
	}
	arn, ref, action := in.Definition.ExecutionRole, evidence.Ref[evidence.PolicyDocument]{}, ""
	img := image.Parse(cmp.Or(in.Message.Fields.Image, in.Definition.Image))
	switch {
	case slices.Contains([]string{"manifest", "layers", "pull"}, in.Message.Step) && img.ECR:
		d.Kind, d.Resource, ref, action = "repository", img.Repository, evidence.RepositoryPolicyKey(img.RepositoryID()), "ecr:BatchGetImage"
	case strings.HasSuffix(in.Symptom, "/kms-denied") && in.Key.ARN == "":
		d.Basis = in.Key.Unusable.Basis // not read yet, or no key of the customer's own
		return
	case strings.HasSuffix(in.Symptom, "/kms-denied"), in.Kind == KindForward && slices.Contains([]string{"secret", "parameter"}, in.Message.Step) && in.Key.ARN != "" && (in.Key.PolicyDenied.Holds || in.Key.RoleDenied.Holds):
		d.Kind, d.Resource, ref, action = "key", in.Key.ARN, evidence.KeyPolicyKey(in.Key.ID), "kms:Decrypt"
	case in.Message.Step == "secret" && in.SecretUse.ID != "":
		d.Kind, d.Resource, ref, action = "secret", in.SecretUse.ID, evidence.SecretPolicyKey(in.SecretUse.ID), "secretsmanager:GetSecretValue"
	case in.Message.Step == "efs" && in.Volume.IAM:
		arn = in.Definition.TaskRole
		d.Kind, d.Resource, ref, action = "file-system", in.Volume.FileSystem, evidence.FileSystemPolicyKey(in.Volume.FileSystem), "elasticfilesystem:ClientMount"
	case in.Kind == KindForward && in.Message.Step == "parameter":
		d.Basis = in.Definition.Basis // a parameter of the account's own has no policy that could name a role
		return
	default:
		d.Basis = v.Track().Undecided("no resource policy is known that takes part in the failed step")
		return
	}
	w := v.Track()
	d.Role = iam.RoleName(arn)
	doc, st := evidence.Read(w, ref)
	role, rst := evidence.Read(w, evidence.RoleKey(d.Role))
	if st == evidence.Absent {
		w.Cite(ref.Key, d.Kind+" "+d.Resource, "policy", "none")
		d.Basis = w.Decided()
		return
	}
	if st != evidence.Found {
		d.Basis = w.Undecided("")
		return
	}
	var ids []string
	for _, m := range roleID.FindAllStringSubmatch(doc.Document, -1) {
		ids = append(ids, m[1])
	}
	says := iam.ReadResource(doc.Document, arn, in.Launch.Account, action, "", nil)
	w.Cite(ref.Key, d.Kind+" "+d.Resource, "policy", cmp.Or(strings.Join(ids, ", "), "names no role by its id"))
	switch {
	case len(ids) == 0 || says.Decision == iam.ResourceAllow && !says.ToAccount:
		d.Basis = w.Decided()
		return
	case rst != evidence.Found || role.ID == "":
		d.Basis = w.Undecided("")
		return
	}
	w.Cite(evidence.RoleKey(d.Role).Key, "role "+d.Role, "RoleId", role.ID)
	if i := slices.IndexFunc(ids, func(id string) bool { return id != role.ID }); i >= 0 {
		d.Holds, d.Principal = true, ids[i]
		d.Mended = strings.ReplaceAll(doc.Document, `"`+ids[i]+`"`, `"`+arn+`"`)
	}
	d.Basis = w.Decided()
}
