package lab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// policyOr404 says what the reading operations say; the attaching ones have another text.
func (w *World) policyOr404(arn *string) (*managedPolicy, error) {
	p := w.policies[aws.ToString(arn)]
	if p == nil {
		return nil, wire.Errorf("NoSuchEntity", "Policy %s was not found.", aws.ToString(arn))
	}
	return p, nil
}

func (w *World) getPolicy(in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	p, err := w.policyOr404(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := p.Policy
	var attached, bounds int32
	for _, r := range w.roles {
		if slices.Contains(r.attached, *p.Arn) {
			attached++
		}
		if r.boundary == *p.Arn {
			bounds++
		}
	}
	out.AttachmentCount, out.PermissionsBoundaryUsageCount = aws.Int32(attached), aws.Int32(bounds)
	return &iam.GetPolicyOutput{Policy: &out}, nil
}

func (p *managedPolicy) version(id *string) (*policyVersion, error) {
	for i := range p.versions {
		if p.versions[i].ID == aws.ToString(id) {
			return &p.versions[i], nil
		}
	}
	return nil, wire.Errorf("NoSuchEntity", "Policy %s version %s does not exist or is not attachable.", aws.ToString(p.Arn), aws.ToString(id))
}

func (v policyVersion) describe(withDocument bool) iamtypes.PolicyVersion {
	out := iamtypes.PolicyVersion{VersionId: aws.String(v.ID), IsDefaultVersion: v.IsDefault, CreateDate: aws.Time(v.Created)}
	if withDocument {
		out.Document = encoded(v.Document)
	}
	return out
}

func (w *World) getPolicyVersion(in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	p, err := w.policyOr404(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := p.version(in.VersionId)
	if err != nil {
		return nil, err
	}
	d := v.describe(true)
	return &iam.GetPolicyVersionOutput{PolicyVersion: &d}, nil
}

func (w *World) listPolicyVersions(in *iam.ListPolicyVersionsInput) (*iam.ListPolicyVersionsOutput, error) {
	p, err := w.policyOr404(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	var all []iamtypes.PolicyVersion
	for _, v := range slices.Backward(p.versions) { // the newest first
		all = append(all, v.describe(false))
	}
	page, next, err := wire.Page(all, aws.ToString(in.Marker), int(aws.ToInt32(in.MaxItems)), 100)
	return &iam.ListPolicyVersionsOutput{Versions: page, Marker: optional(next), IsTruncated: next != ""}, err
}

func (w *World) createPolicy(in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	if err := checkDocument(in.PolicyDocument); err != nil {
		return nil, err
	}
	path := "/"
	if in.Path != nil {
		path = *in.Path
	}
	arn := fmt.Sprintf("arn:%s:iam::%s:policy%s%s", w.Partition, w.Account, path, *in.PolicyName)
	if w.policies[arn] != nil {
		return nil, wire.Errorf("EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", *in.PolicyName)
	}
	p := &managedPolicy{
		Policy: iamtypes.Policy{
			Arn: aws.String(arn), PolicyName: in.PolicyName, PolicyId: aws.String(w.newIAMID("ANPA")), Path: aws.String(path), DefaultVersionId: aws.String("v1"), IsAttachable: true,
			CreateDate: aws.Time(w.now), UpdateDate: aws.Time(w.now), Description: in.Description, Tags: in.Tags, AttachmentCount: aws.Int32(0), PermissionsBoundaryUsageCount: aws.Int32(0),
		},
		versions: []policyVersion{{ID: "v1", Document: *in.PolicyDocument, IsDefault: true, Created: w.now}},
	}
	w.policies[arn] = p
	out := p.Policy
	return &iam.CreatePolicyOutput{Policy: &out}, nil
}

// own refuses to change what is AWS's.
func (w *World) own(p *managedPolicy) error {
	if strings.Contains(*p.Arn, ":iam::aws:") {
		return wire.Errorf("AccessDenied", "User: %s is not authorized to perform this operation on resource: policy %s", w.callerARN(), *p.Arn)
	}
	return nil
}

func (w *World) createPolicyVersion(in *iam.CreatePolicyVersionInput) (*iam.CreatePolicyVersionOutput, error) {
	p, err := w.policyOr404(in.PolicyArn)
	if err == nil {
		err = w.own(p)
	}
	if err == nil {
		err = checkDocument(in.PolicyDocument)
	}
	switch {
	case err != nil:
		return nil, err
	case len(p.versions) >= 5:
		return nil, wire.Errorf("LimitExceeded", "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.")
	}
	newest := 0
	for _, v := range p.versions {
		var n int
		if _, err := fmt.Sscanf(v.ID, "v%d", &n); err == nil {
			newest = max(newest, n)
		}
	}
	p.versions = append(p.versions, policyVersion{ID: fmt.Sprintf("v%d", newest+1), Document: *in.PolicyDocument, Created: w.now})
	v := &p.versions[len(p.versions)-1]
	if in.SetAsDefault {
		p.setDefault(v.ID)
	}
	p.UpdateDate = aws.Time(w.now)
	d := v.describe(false)
	return &iam.CreatePolicyVersionOutput{PolicyVersion: &d}, nil
}

func (p *managedPolicy) setDefault(id string) {
	for i := range p.versions {
		p.versions[i].IsDefault = p.versions[i].ID == id
	}
	p.DefaultVersionId = aws.String(id)
}

func (w *World) deletePolicyVersion(in *iam.DeletePolicyVersionInput) (*iam.DeletePolicyVersionOutput, error) {
	p, err := w.policyOr404(in.PolicyArn)
	if err == nil {
		err = w.own(p)
	}
	if err != nil {
		return nil, err
	}
	v, err := p.version(in.VersionId)
	switch {
	case err != nil:
		return nil, err
	case v.IsDefault:
		return nil, wire.Errorf("DeleteConflict", "Cannot delete the default version of a policy.")
	}
	p.versions = slices.DeleteFunc(p.versions, func(o policyVersion) bool { return o.ID == *in.VersionId })
	return nil, nil
}

func (w *World) setDefaultPolicyVersion(in *iam.SetDefaultPolicyVersionInput) (*iam.SetDefaultPolicyVersionOutput, error) {
	p, err := w.policyOr404(in.PolicyArn)
	if err == nil {
		err = w.own(p)
	}
	if err == nil {
		_, err = p.version(in.VersionId)
	}
	if err != nil {
		return nil, err
	}
	p.setDefault(*in.VersionId)
	p.UpdateDate = aws.Time(w.now)
	return nil, nil
}

// simulatePrincipalPolicy evaluates identity policies and boundary, as IAM does for roles: no resource policies, no endpoint
// policies. The caller's own user may do everything.
func (w *World) simulatePrincipalPolicy(in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	user := *in.PolicySourceArn == w.callerARN()
	name := lastPart(*in.PolicySourceArn)
	if r := w.roles[name]; !user && (r == nil || *r.Arn != *in.PolicySourceArn) {
		return nil, wire.Errorf("NoSuchEntity", "The role with name %s cannot be found.", name)
	}
	resources := in.ResourceArns
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	var all []iamtypes.EvaluationResult
	for _, action := range in.ActionNames {
		for _, resource := range resources {
			q := query{w: w, action: action, resource: resource, role: name, context: w.requestContext(name, "")}
			for _, e := range in.ContextEntries {
				if len(e.ContextKeyValues) > 0 {
					q.context[strings.ToLower(aws.ToString(e.ContextKeyName))] = e.ContextKeyValues[0]
				}
			}
			r := iamtypes.EvaluationResult{EvalActionName: aws.String(action), EvalResourceName: aws.String(resource), EvalDecision: iamtypes.PolicyEvaluationDecisionTypeAllowed}
			if !user {
				q.simulate(&r)
			}
			all = append(all, r)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.Marker), int(aws.ToInt32(in.MaxItems)), 1000)
	return &iam.SimulatePrincipalPolicyOutput{EvaluationResults: page, Marker: optional(next), IsTruncated: next != ""}, err
}

func (q query) simulate(r *iamtypes.EvaluationResult) {
	identity, boundary := q.identity(), q.boundary()
	if owner := q.w.roles[q.role]; owner != nil && owner.boundary != "" {
		r.PermissionsBoundaryDecisionDetail = &iamtypes.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: boundary.allow && !boundary.deny}
	}
	switch {
	case identity.deny || boundary.deny:
		r.EvalDecision = iamtypes.PolicyEvaluationDecisionTypeExplicitDeny
	case !identity.allow || !boundary.allow:
		r.EvalDecision = iamtypes.PolicyEvaluationDecisionTypeImplicitDeny
	}
}
