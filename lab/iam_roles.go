package lab

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// iamOperations lists what the lab answers of IAM.
func (w *World) iamOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("iam", "GetRole", reads(w, w.getRole)),
		wire.Op("iam", "ListRoles", reads(w, w.listRoles)),
		wire.Op("iam", "CreateRole", changes(w, w.createRole)),
		wire.Op("iam", "DeleteRole", changes(w, w.deleteRole)),
		wire.Op("iam", "UpdateAssumeRolePolicy", changes(w, w.updateAssumeRolePolicy)),
		wire.Op("iam", "ListAttachedRolePolicies", reads(w, w.listAttachedRolePolicies)),
		wire.Op("iam", "AttachRolePolicy", changes(w, w.attachRolePolicy)),
		wire.Op("iam", "DetachRolePolicy", changes(w, w.detachRolePolicy)),
		wire.Op("iam", "ListRolePolicies", reads(w, w.listRolePolicies)),
		wire.Op("iam", "GetRolePolicy", reads(w, w.getRolePolicy)),
		wire.Op("iam", "PutRolePolicy", changes(w, w.putRolePolicy)),
		wire.Op("iam", "DeleteRolePolicy", changes(w, w.deleteRolePolicy)),
		wire.Op("iam", "PutRolePermissionsBoundary", changes(w, w.putBoundary)),
		wire.Op("iam", "DeleteRolePermissionsBoundary", changes(w, w.deleteBoundary)),
		wire.Op("iam", "GetPolicy", reads(w, w.getPolicy)),
		wire.Op("iam", "GetPolicyVersion", reads(w, w.getPolicyVersion)),
		wire.Op("iam", "ListPolicyVersions", reads(w, w.listPolicyVersions)),
		wire.Op("iam", "CreatePolicy", changes(w, w.createPolicy)),
		wire.Op("iam", "CreatePolicyVersion", changes(w, w.createPolicyVersion)),
		wire.Op("iam", "DeletePolicyVersion", changes(w, w.deletePolicyVersion)),
		wire.Op("iam", "SetDefaultPolicyVersion", changes(w, w.setDefaultPolicyVersion)),
		wire.Op("iam", "SimulatePrincipalPolicy", reads(w, w.simulatePrincipalPolicy)),
	}
}

func (w *World) findRole(name *string) (*role, error) {
	if r := w.roles[aws.ToString(name)]; r != nil {
		return r, nil
	}
	return nil, wire.Errorf("NoSuchEntity", "The role with name %s cannot be found.", aws.ToString(name))
}

func (w *World) findPolicy(arn *string) (*managedPolicy, error) {
	if p := w.policies[aws.ToString(arn)]; p != nil {
		return p, nil
	}
	return nil, wire.Errorf("NoSuchEntity", "Policy %s does not exist or is not attachable.", aws.ToString(arn))
}

// encoded is a policy document as IAM answers it: percent-encoded after RFC 3986.
func encoded(document string) *string {
	return aws.String(strings.ReplaceAll(url.QueryEscape(document), "+", "%20"))
}

// checkDocument refuses what is not a policy at all.
func checkDocument(document *string) error {
	var p policy
	if err := json.Unmarshal([]byte(aws.ToString(document)), &p); err != nil || len(p.Statement) == 0 {
		return wire.Errorf("MalformedPolicyDocument", "Syntax errors in policy.")
	}
	for _, s := range p.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" || len(s.Action) == 0 && len(s.NotAction) == 0 {
			return wire.Errorf("MalformedPolicyDocument", "Syntax errors in policy.")
		}
	}
	return nil
}

// describe is the role as IAM answers it.
func (r *role) describe() *iamtypes.Role {
	out := r.Role
	out.AssumeRolePolicyDocument = encoded(aws.ToString(r.AssumeRolePolicyDocument))
	out.PermissionsBoundary = nil
	if r.boundary != "" {
		out.PermissionsBoundary = &iamtypes.AttachedPermissionsBoundary{PermissionsBoundaryArn: aws.String(r.boundary), PermissionsBoundaryType: iamtypes.PermissionsBoundaryAttachmentTypePolicy}
	}
	return &out
}

func (w *World) getRole(in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	r, err := w.findRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	return &iam.GetRoleOutput{Role: r.describe()}, nil
}

func (w *World) listRoles(in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	var all []iamtypes.Role
	for _, r := range sorted(w.roles) {
		if strings.HasPrefix(aws.ToString(r.Path), aws.ToString(in.PathPrefix)) {
			d := *r.describe()
			d.PermissionsBoundary, d.Tags, d.RoleLastUsed = nil, nil, nil // ListRoles leaves them out
			all = append(all, d)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.Marker), int(aws.ToInt32(in.MaxItems)), 100)
	return &iam.ListRolesOutput{Roles: page, Marker: optional(next), IsTruncated: next != ""}, err
}

func (w *World) createRole(in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	if w.roles[*in.RoleName] != nil {
		return nil, wire.Errorf("EntityAlreadyExists", "Role with name %s already exists.", *in.RoleName)
	}
	if err := checkDocument(in.AssumeRolePolicyDocument); err != nil {
		return nil, err
	}
	if in.PermissionsBoundary != nil && w.policies[*in.PermissionsBoundary] == nil {
		return nil, wire.Errorf("NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.", *in.PermissionsBoundary)
	}
	path := "/"
	if in.Path != nil {
		path = *in.Path
	}
	r := &role{inline: map[string]string{}, boundary: aws.ToString(in.PermissionsBoundary), Role: iamtypes.Role{
		RoleName: in.RoleName, Path: aws.String(path), RoleId: aws.String(w.newIAMID("AROA")), CreateDate: aws.Time(w.now), Description: in.Description, MaxSessionDuration: aws.Int32(3600),
		Arn: aws.String(fmt.Sprintf("arn:%s:iam::%s:role%s%s", w.Partition, w.Account, path, *in.RoleName)), AssumeRolePolicyDocument: in.AssumeRolePolicyDocument, Tags: in.Tags,
	}}
	w.roles[*in.RoleName] = r
	return &iam.CreateRoleOutput{Role: r.describe()}, nil
}

func (w *World) deleteRole(in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	r, err := w.findRole(in.RoleName)
	switch {
	case err != nil:
		return nil, err
	case len(r.attached) > 0:
		return nil, wire.Errorf("DeleteConflict", "Cannot delete entity, must detach all policies first.")
	case len(r.inline) > 0:
		return nil, wire.Errorf("DeleteConflict", "Cannot delete entity, must delete policies first.")
	}
	delete(w.roles, *in.RoleName)
	w.orphan(r)
	return nil, nil
}

func (w *World) updateAssumeRolePolicy(in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	r, err := w.findRole(in.RoleName)
	if err == nil {
		err = checkDocument(in.PolicyDocument)
	}
	if err != nil {
		return nil, err
	}
	r.AssumeRolePolicyDocument = in.PolicyDocument
	return nil, nil
}

func (w *World) listAttachedRolePolicies(in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
	r, err := w.findRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	var all []iamtypes.AttachedPolicy
	for _, arn := range r.attached {
		all = append(all, iamtypes.AttachedPolicy{PolicyArn: aws.String(arn), PolicyName: aws.String(lastPart(arn))})
	}
	page, next, err := wire.Page(all, aws.ToString(in.Marker), int(aws.ToInt32(in.MaxItems)), 100)
	return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: page, Marker: optional(next), IsTruncated: next != ""}, err
}

func (w *World) attachRolePolicy(in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	r, err := w.findRole(in.RoleName)
	if err == nil {
		_, err = w.findPolicy(in.PolicyArn)
	}
	switch {
	case err != nil:
		return nil, err
	case slices.Contains(r.attached, *in.PolicyArn):
		return nil, nil
	case len(r.attached) >= 10:
		return nil, wire.Errorf("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")
	}
	r.attached = append(slices.Clone(r.attached), *in.PolicyArn)
	return nil, nil
}

func (w *World) detachRolePolicy(in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	r, err := w.findRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	i := slices.Index(r.attached, *in.PolicyArn)
	if i < 0 {
		return nil, wire.Errorf("NoSuchEntity", "Policy %s was not found.", *in.PolicyArn)
	}
	r.attached = slices.Delete(slices.Clone(r.attached), i, i+1)
	return nil, nil
}

func (w *World) listRolePolicies(in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	r, err := w.findRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	page, next, err := wire.Page(slices.Sorted(maps.Keys(r.inline)), aws.ToString(in.Marker), int(aws.ToInt32(in.MaxItems)), 100)
	return &iam.ListRolePoliciesOutput{PolicyNames: page, Marker: optional(next), IsTruncated: next != ""}, err
}

func (w *World) findInline(roleName, name *string) (*role, error) {
	r, err := w.findRole(roleName)
	if err != nil {
		return nil, err
	}
	if _, ok := r.inline[*name]; !ok {
		return nil, wire.Errorf("NoSuchEntity", "The role policy with name %s cannot be found.", *name)
	}
	return r, nil
}

func (w *World) getRolePolicy(in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	r, err := w.findInline(in.RoleName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &iam.GetRolePolicyOutput{RoleName: in.RoleName, PolicyName: in.PolicyName, PolicyDocument: encoded(r.inline[*in.PolicyName])}, nil
}

func (w *World) putRolePolicy(in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	r, err := w.findRole(in.RoleName)
	if err == nil {
		err = checkDocument(in.PolicyDocument)
	}
	if err != nil {
		return nil, err
	}
	if r.inline == nil {
		r.inline = map[string]string{}
	}
	r.inline[*in.PolicyName] = *in.PolicyDocument
	return nil, nil
}

func (w *World) deleteRolePolicy(in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	r, err := w.findInline(in.RoleName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	delete(r.inline, *in.PolicyName)
	return nil, nil
}

func (w *World) putBoundary(in *iam.PutRolePermissionsBoundaryInput) (*iam.PutRolePermissionsBoundaryOutput, error) {
	r, err := w.findRole(in.RoleName)
	if err == nil {
		_, err = w.findPolicy(in.PermissionsBoundary)
	}
	if err != nil {
		return nil, err
	}
	r.boundary = *in.PermissionsBoundary
	return nil, nil
}

func (w *World) deleteBoundary(in *iam.DeleteRolePermissionsBoundaryInput) (*iam.DeleteRolePermissionsBoundaryOutput, error) {
	r, err := w.findRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	r.boundary = ""
	return nil, nil
}
