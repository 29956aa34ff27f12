package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/diagnose/facts/image"
	"github.com/ecsplain/ecsplain/evidence"
)

// KeyFact is the KMS key of the thing that the failed step reads or makes: a secret, a parameter, a repository, an EBS
// volume or Fargate's own disk. Where several take part it is the first with a fault. A thing without a key of the
// customer's own has none of these faults but SharedDefault.
type KeyFact struct {
	ID           string         `json:"id"`  // as the thing names it; "" = a key of AWS's own
	ARN          string         `json:"arn"` // "" = not read
	Of           string         `json:"of"`  // "secret shop/db"
	Thing        string         `json:"thing"`
	State        string         `json:"state"`   // Enabled, Disabled, PendingDeletion, ...; "" = not read
	Deletes      string         `json:"deletes"` // RFC 3339; "" = it does not wait for deletion
	Role         string         `json:"role"`    // who must use it, by name; "" = Fargate itself
	Account      string         `json:"account"` // the key's
	Action       string         `json:"action"`
	Unusable     Check          `json:"unusable"`      // disabled, waiting for deletion, or gone
	RoleDenied   Check          `json:"role_denied"`   // the role's policies do not allow it, and the key's policy does not name the role
	PolicyDenied Check          `json:"policy_denied"` // the key's policy denies, or allows neither the role nor its account
	Default      Check          `json:"default"`       // another account's thing with the key that AWS manages there, which nobody else may use
	Mended       string         `json:"mended"`        // the key's policy with the role or Fargate let in, JSON text; "" = not read
	Basis        evidence.Basis `json:"-"`
}

// keyUse is one thing, its key and who must use it for what.
type keyUse struct {
	of, thing string
	id        string // the key as the thing names it; "" = AWS's own
	account   string // the thing's
	via       string // service that calls KMS in the role's name
	roleARN   string // who must use it; "" = service
	service   string // the service that uses it in its own name; "" = the role does
	actions   []string
	context   iam.Context
	basis     evidence.Basis // how the key is known
}

func keyFact(v *evidence.View, in *Incident) {
	uses, b := keyUses(v, in)
	if len(uses) == 0 {
		in.Key = noKey(b)
		return
	}
	var all []KeyFact
	for _, u := range uses {
		all = append(all, u.fact(v, in))
	}
	pick := slices.IndexFunc(all, func(k KeyFact) bool {
		return k.Unusable.Holds || k.RoleDenied.Holds || k.PolicyDenied.Holds || k.Default.Holds
	})
	if pick < 0 {
		pick = max(0, slices.IndexFunc(all, func(k KeyFact) bool {
			return k.Unusable.Basis.Unknown || k.RoleDenied.Basis.Unknown || k.PolicyDenied.Basis.Unknown || k.Default.Basis.Unknown
		}))
	}
	in.Key = all[pick]
}

func noKey(b evidence.Basis) KeyFact {
	c := Check{Basis: b}
	return KeyFact{Basis: b, Unusable: c, RoleDenied: c, PolicyDenied: c, Default: c}
}

// keyUses lists the keys that the failed step needs. Where there is none, the Basis says why.
func keyUses(v *evidence.View, in *Incident) ([]keyUse, evidence.Basis) {
	switch {
	case in.Symptom == "storage/ephemeral/provision-timeout":
		return ephemeralKey(v, in)
	case in.Message.Step == "exec":
		return execKey(v, in)
	case in.Message.Step == "ebs":
		return ebsKeys(v, in)
	case in.Definition.Basis.Unknown:
		return nil, in.Definition.Basis
	case slices.Contains([]string{"manifest", "layers", "pull"}, in.Message.Step):
		return repositoryKey(v, in)
	case in.Message.Step == "secret" || in.Message.Step == "parameter":
		return secretKeys(v, in)
	}
	return nil, v.Track().Undecided("the failed step uses no key that is known")
}

// secretKeys are those of the secret or parameter that the message names, else of all in the task definition.
func secretKeys(v *evidence.View, in *Incident) (out []keyUse, b evidence.Basis) {
	refs := in.Definition.Secrets
	if s := cmp.Or(in.Message.Fields.Secret, in.Message.Fields.Parameter); s != "" && !strings.Contains(s, ":kms:") {
		refs = []string{s}
	}
	b = evidence.Basis{Cites: citeDefinition(v, in, "containerDefinitions.secrets", cmp.Or(strings.Join(refs, ", "), "none"))}
	for _, ref := range refs {
		w := v.Track()
		u := keyUse{account: in.Launch.Account, roleARN: in.Definition.ExecutionRole, actions: []string{"kms:Decrypt"}}
		if strings.Contains(ref, ":secretsmanager:") {
			if in.Message.Step == "parameter" {
				continue
			}
			u.thing = secretID(ref)
			u.of, u.via, u.account = "secret "+u.thing, "secretsmanager", iam.AccountOf(u.thing)
			sec, st := evidence.Read(w, evidence.SecretKey(u.thing))
			w.Cite(evidence.SecretKey(u.thing).Key, u.of, "KmsKeyId", cmp.Or(sec.KmsKey, "the account's aws/secretsmanager key"))
			u.id, u.basis = sec.KmsKey, w.Decided()
			u.context = iam.Context{"kms:EncryptionContext:SecretARN": {cmp.Or(sec.ARN, u.thing)}}
			if st != evidence.Found {
				u.basis = w.Undecided("")
			}
		} else {
			if in.Message.Step == "secret" && in.Message.Fields.Parameter == "" {
				continue
			}
			u.thing = parameterName(ref)
			u.of, u.via = "parameter "+u.thing, "ssm"
			p, st := evidence.Read(w, evidence.ParameterKey(u.thing))
			w.Cite(evidence.ParameterKey(u.thing).Key, u.of, "KeyId", cmp.Or(p.KmsKey, "none"))
			u.id, u.basis = p.KmsKey, w.Decided()
			u.context = iam.Context{"kms:EncryptionContext:PARAMETER_ARN": {"arn:" + in.Launch.Partition + ":ssm:" + in.Launch.Region + ":" + in.Launch.Account + ":parameter/" + strings.TrimPrefix(u.thing, "/")}}
			if st != evidence.Found {
				u.basis = w.Undecided("")
			}
		}
		out = append(out, u)
	}
	return out, b
}

// repositoryKey: ECR decrypts layers by grants of its own, so that the pulling role needs no right on the key; but the
// key must be there and enabled (Amazon ECR user guide, "Encryption at rest").
func repositoryKey(v *evidence.View, in *Incident) ([]keyUse, evidence.Basis) {
	ref := image.Parse(cmp.Or(in.Message.Fields.Image, in.Definition.Image))
	if !ref.ECR {
		return nil, evidence.Basis{Cites: citeDefinition(v, in, "containerDefinitions.image", ref.Text)}
	}
	w := v.Track()
	key := evidence.RepositoryKey(ref.RepositoryID())
	repo, st := evidence.Read(w, key)
	w.Cite(key.Key, "repository "+ref.Repository, "encryptionConfiguration.kmsKey", cmp.Or(repo.KmsKey, "none"))
	u := keyUse{of: "repository " + ref.Repository, thing: ref.Repository, id: repo.KmsKey, account: ref.Account, via: "ecr", basis: w.Decided()}
	if st != evidence.Found {
		u.basis = w.Undecided("")
	}
	return []keyUse{u}, evidence.Basis{}
}

// ebsKeys: the infrastructure role makes the volume, so it must be able to use its key (ECS developer guide, "Encrypt
// data stored in Amazon EBS volumes").
func ebsKeys(v *evidence.View, in *Incident) (out []keyUse, b evidence.Basis) {
	w := v.Track()
	svc, st := evidence.Read(w, evidence.ServiceKey(in.Cluster, in.Service))
	if in.Service == "" || st != evidence.Found {
		return nil, w.Undecided("")
	}
	for _, vol := range svc.Volumes {
		w := v.Track()
		w.Cite(evidence.ServiceKey(in.Cluster, in.Service).Key, "service "+in.Service, "volumeConfigurations["+vol.Name+"].kmsKeyId", cmp.Or(vol.KmsKey, "none"))
		out = append(out, keyUse{of: "volume " + vol.Name, thing: vol.Name, id: vol.KmsKey, account: in.Launch.Account, via: "ec2", roleARN: vol.RoleARN, basis: w.Decided(),
			actions: []string{"kms:CreateGrant", "kms:GenerateDataKeyWithoutPlaintext"}, context: iam.Context{"kms:GrantIsForAWSResource": {"true"}}})
	}
	return out, evidence.Basis{}
}

// ephemeralKey: Fargate itself uses the cluster's key for the disks of tasks (ECS developer guide, "Customer managed keys
// for Fargate ephemeral storage").
func ephemeralKey(v *evidence.View, in *Incident) ([]keyUse, evidence.Basis) {
	w := v.Track()
	key := evidence.ClusterKey(in.Cluster)
	c, st := evidence.Read(w, key)
	w.Cite(key.Key, "cluster "+in.Cluster, "managedStorageConfiguration.fargateEphemeralStorageKmsKeyId", cmp.Or(c.StorageKmsKey, "none"))
	u := keyUse{of: "the tasks' disks in cluster " + in.Cluster, thing: in.Cluster, id: c.StorageKmsKey, account: in.Launch.Account, basis: w.Decided(), service: "fargate.amazonaws.com",
		actions: []string{"kms:GenerateDataKeyWithoutPlaintext", "kms:CreateGrant"},
		context: iam.Context{"kms:EncryptionContext:aws:ecs:clusterAccount": {in.Launch.Account}, "kms:EncryptionContext:aws:ecs:clusterName": {in.Cluster},
			"kms:EncryptionContextKeys": {"aws:ecs:clusterAccount", "aws:ecs:clusterName"}, "kms:GrantOperations": {"Decrypt"}}}
	if st != evidence.Found {
		u.basis = w.Undecided("")
	}
	return []keyUse{u}, evidence.Basis{}
}

// awsOwn reports whether the key is one that AWS manages: its policy lets everybody in the account use it through the
// service, and nobody else.
func awsOwn(id string) bool { return id == "" || strings.Contains(id, "alias/aws/") }

func (u keyUse) fact(v *evidence.View, in *Incident) KeyFact {
	k := KeyFact{ID: u.id, Of: u.of, Thing: u.thing, Role: iam.RoleName(u.roleARN), Basis: u.basis}
	if len(u.actions) > 0 {
		k.Action = u.actions[0]
	}
	if u.basis.Unknown {
		return k.all(u.basis)
	}
	foreign := u.via == "secretsmanager" && u.account != "" && u.account != in.Launch.Account
	if awsOwn(u.id) {
		k = k.all(u.basis)
		k.Default = Check{Holds: foreign, Resource: u.thing, Detail: fmt.Sprintf("%s is encrypted with the key that Secrets Manager keeps in account %s for that account alone", u.of, u.account), Basis: u.basis}
		return k
	}
	k.Default.Basis = u.basis
	w := v.Track()
	w.CiteAll(u.basis.Cites)
	key := evidence.KmsKeyKey(u.id)
	enc, st := evidence.Read(w, key)
	if !strings.Contains(u.id, "alias/") {
		w.Want(evidence.KeyPolicyKey(u.id).Key)
	}
	switch {
	case st == evidence.Absent:
		w.Cite(key.Key, "key "+u.id, "KeyState", "does not exist")
		k = k.all(w.Decided())
		k.Unusable = Check{Holds: true, Resource: u.id, Detail: "key " + u.id + " does not exist", Basis: w.Decided()}
		k.State = "missing"
		return k
	case st != evidence.Found:
		return k.all(w.Undecided("")).said(in, u)
	}
	w.Cite(key.Key, "key "+u.id, "KeyState", enc.State)
	k.ARN, k.State, k.Account = enc.ARN, enc.State, cmp.Or(enc.Account, iam.AccountOf(enc.ARN))
	if enc.DeletesAt.Known {
		k.Deletes = evidence.UTC(enc.DeletesAt.At)
	}
	k.Unusable = Check{Holds: enc.State != "Enabled" && enc.State != "Updating", Resource: enc.ARN, Detail: fmt.Sprintf("key %s is %s", enc.ARN, enc.State), Basis: w.Decided()}
	if enc.Manager == "AWS" {
		k.RoleDenied.Basis, k.PolicyDenied.Basis = w.Decided(), w.Decided()
		k.Default = Check{Holds: foreign, Resource: u.thing, Detail: fmt.Sprintf("%s is encrypted with a key that AWS manages for account %s alone", u.of, u.account), Basis: w.Decided()}
		return k
	}
	return u.rights(v, in, k).said(in, u)
}

// all gives every question the same basis.
func (k KeyFact) all(b evidence.Basis) KeyFact {
	k.Unusable.Basis, k.RoleDenied.Basis, k.PolicyDenied.Basis, k.Default.Basis = b, b, b, b
	return k
}

// rights judges the key's policy and the role's. KMS differs from other services: the key's policy must let the role in
// by name, or its account, and only then do the role's own policies count (KMS developer guide, "Key policies").
func (u keyUse) rights(v *evidence.View, in *Incident, k KeyFact) KeyFact {
	k.RoleDenied.Basis, k.PolicyDenied.Basis = k.Unusable.Basis, k.Unusable.Basis
	for _, action := range u.actions {
		one := u.right(v, in, k, action)
		k.Mended = one.Mended
		if one.PolicyDenied.Holds || one.RoleDenied.Holds {
			return one
		}
		for _, pair := range [][2]*Check{{&k.PolicyDenied, &one.PolicyDenied}, {&k.RoleDenied, &one.RoleDenied}} {
			if !pair[0].Basis.Unknown {
				*pair[0] = *pair[1]
			}
		}
	}
	return k
}

func (u keyUse) right(v *evidence.View, in *Incident, k KeyFact, action string) KeyFact {
	k.Action = action
	w := v.Track()
	id := u.id
	if strings.Contains(id, "alias/") {
		id = k.ARN
	}
	key := evidence.KeyPolicyKey(id)
	doc, st := evidence.Read(w, key)
	ctx := iam.Context{"kms:CallerAccount": {in.Launch.Account}}
	if u.via != "" {
		ctx["kms:ViaService"] = []string{u.via + "." + in.Launch.Region + ".amazonaws.com"}
	}
	for name, values := range u.context {
		ctx[name] = values
	}
	res := iam.ResourceDecision{Decision: iam.ResourceUnknown}
	who := map[string]any{"Service": u.service}
	switch {
	case st != evidence.Found:
	case u.service != "":
		res = iam.ReadServiceRights(doc.Document, u.service, action, k.ARN, ctx)
	case u.roleARN == "":
		res.Why = "no role is named that could use the key"
	default:
		who = map[string]any{"AWS": u.roleARN}
		res = iam.ReadResource(doc.Document, u.roleARN, in.Launch.Account, action, k.ARN, ctx)
	}
	if st == evidence.Found {
		w.Cite(key.Key, "key "+k.ARN, "Policy", strings.TrimSpace(res.Decision+" "+res.Statement))
		k.Mended = addAllow(doc.Document, res.Statement, map[string]any{"Sid": "AllowUse", "Effect": "Allow", "Principal": who, "Action": u.actions, "Resource": "*"})
	}
	name := cmp.Or(k.Role, u.service)
	p := &k.PolicyDenied
	p.Resource = k.ARN
	switch {
	case st != evidence.Found || res.Decision == iam.ResourceUnknown:
		p.Basis = w.Undecided(res.Why)
	default:
		p.Basis = w.Decided()
		p.Holds = res.Decision != iam.ResourceAllow
		p.Detail = fmt.Sprintf("the policy of key %s does not let %s %s", k.ARN, name, action)
		if res.Decision == iam.ResourceDeny {
			p.Detail = fmt.Sprintf("the policy of key %s, %s denies %s to %s", k.ARN, res.Statement, action, name)
		}
	}
	if u.service != "" {
		k.RoleDenied.Basis = p.Basis
		k.RoleDenied.Basis.Unknown = false
		return k
	}
	own := iam.RoleMay(v.Track(), u.roleARN, action, k.ARN, ctx)
	byName := !p.Basis.Unknown && res.Decision == iam.ResourceAllow && !res.ToAccount && k.Account == in.Launch.Account
	r := &k.RoleDenied
	r.Resource, r.Detail, r.Basis = own.Role, own.Says, own.Basis
	r.Holds = own.Denied && !(byName && own.Liftable)
	if own.Denied && own.Liftable && p.Basis.Unknown { // the key's policy may name the role
		r.Holds, r.Basis = false, p.Basis
	}
	return k
}

// said takes AWS's own sentence for proof where policies could not be read.
func (k KeyFact) said(in *Incident, u keyUse) KeyFact {
	f := in.Message.Fields
	if !strings.HasPrefix(f.Action, "kms:") {
		return k
	}
	cites := evidence.Basis{Cites: in.Basis.Cites}
	if ownReasons[f.DenyReason] && k.RoleDenied.Basis.Unknown {
		k.RoleDenied = Check{Holds: true, Resource: k.Role, Detail: "AWS says: " + reasonWords[f.DenyReason], Basis: evidence.Basis{Cites: cites.Cites, Missing: k.RoleDenied.Basis.Missing}}
	}
	if strings.Contains(f.DenyReason, "resource") && k.PolicyDenied.Basis.Unknown {
		k.PolicyDenied = Check{Holds: true, Resource: cmp.Or(k.ARN, u.id), Detail: "AWS says that the policy of key " + u.id + " refuses it", Basis: evidence.Basis{Cites: cites.Cites, Missing: k.PolicyDenied.Basis.Missing}}
	}
	return k
}
