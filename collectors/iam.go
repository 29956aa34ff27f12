package collectors

import (
	"context"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"github.com/ecsplain/ecsplain/evidence"
)

const (
	noSuchEntity = "NoSuchEntity"
	iamPage      = 1000
	maxIAMPages  = 10
)

func roles(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.iam.GetRole, &iam.GetRoleInput{RoleName: &k.ID})
		switch {
		case is(err, noSuchEntity):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		case out.Role == nil:
			w.missing(k, from)
		default:
			trust, err := document(out.Role.AssumeRolePolicyDocument)
			if err != nil {
				w.gap(from, err, k)
				return
			}
			w.found(k, from, toRole(out.Role, trust))
		}
	})
}

func toRole(r *types.Role, trust string) evidence.Role {
	v := evidence.Role{
		Name:      str(r.RoleName),
		ARN:       str(r.Arn),
		Path:      str(r.Path),
		ID:        str(r.RoleId),
		Trust:     trust,
		CreatedAt: when(r.CreateDate),
		Tags:      mapped(r.Tags, func(t types.Tag) evidence.Tag { return tag(t.Key, t.Value) }),
	}
	if b := r.PermissionsBoundary; b != nil {
		v.BoundaryARN = str(b.PermissionsBoundaryArn)
	}
	return v
}

// document decodes a policy: IAM gives them URL-encoded.
func document(p *string) (string, error) {
	s, err := url.QueryUnescape(str(p))
	if err != nil {
		return "", &smithy.DeserializationError{Err: err}
	}
	return s, nil
}

// rolePolicies lists attached and inline policies at the same time; the one is worth nothing without the other.
func rolePolicies(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		type half struct {
			list  func(ctx context.Context, marker *string) (names []string, next *string, from answer, err error)
			names []string
			from  answer
			err   error
		}
		attached, inline := &half{list: w.attachedPage(k.ID)}, &half{list: w.inlinePage(k.ID)}
		each(ctx, []*half{attached, inline}, func(ctx context.Context, h *half) {
			h.err = pages(maxIAMPages, func(marker *string) (*string, error) {
				names, next, from, err := h.list(ctx, marker)
				h.names, h.from = append(h.names, names...), from
				return next, err
			})
		})
		for _, h := range []*half{attached, inline} {
			if h.err == nil {
				continue
			}
			if is(h.err, noSuchEntity) {
				w.absent(k, h.from)
			} else {
				w.gap(h.from, h.err, k)
			}
			return
		}
		w.found(k, attached.from, evidence.RolePolicies{Attached: attached.names, Inline: inline.names})
	})
}

func (w *Wave) attachedPage(role string) func(context.Context, *string) ([]string, *string, answer, error) {
	return func(ctx context.Context, marker *string) ([]string, *string, answer, error) {
		out, from, err := call(ctx, w.ports.iam.ListAttachedRolePolicies, &iam.ListAttachedRolePoliciesInput{
			RoleName: &role, MaxItems: aws.Int32(iamPage), Marker: marker})
		if err != nil {
			return nil, nil, from, err
		}
		names := mapped(out.AttachedPolicies, func(p types.AttachedPolicy) string { return str(p.PolicyArn) })
		return names, nextMarker(out.IsTruncated, out.Marker), from, nil
	}
}

func (w *Wave) inlinePage(role string) func(context.Context, *string) ([]string, *string, answer, error) {
	return func(ctx context.Context, marker *string) ([]string, *string, answer, error) {
		out, from, err := call(ctx, w.ports.iam.ListRolePolicies, &iam.ListRolePoliciesInput{
			RoleName: &role, MaxItems: aws.Int32(iamPage), Marker: marker})
		if err != nil {
			return nil, nil, from, err
		}
		return out.PolicyNames, nextMarker(out.IsTruncated, out.Marker), from, nil
	}
}

func nextMarker(truncated bool, marker *string) *string {
	if !truncated {
		return nil
	}
	return marker
}

func inlinePolicies(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		role, policy := head(k.ID), tail(k.ID)
		out, from, err := call(ctx, w.ports.iam.GetRolePolicy, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &policy})
		if err != nil {
			w.noPolicy(k, from, err)
			return
		}
		w.policy(k, from, policy, out.PolicyDocument, evidence.Moment{})
	})
}

// managedPolicies reads the default version of each policy, which takes two calls that follow each other.
func managedPolicies(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		p, from, err := call(ctx, w.ports.iam.GetPolicy, &iam.GetPolicyInput{PolicyArn: &k.ID})
		switch {
		case err != nil:
			w.noPolicy(k, from, err)
			return
		case p.Policy == nil || p.Policy.DefaultVersionId == nil:
			w.missing(k, from)
			return
		}
		v, from, err := call(ctx, w.ports.iam.GetPolicyVersion, &iam.GetPolicyVersionInput{PolicyArn: &k.ID, VersionId: p.Policy.DefaultVersionId})
		switch {
		case err != nil:
			w.noPolicy(k, from, err)
		case v.PolicyVersion == nil:
			w.missing(k, from)
		default:
			w.policy(k, from, str(p.Policy.PolicyName), v.PolicyVersion.Document, when(p.Policy.UpdateDate))
		}
	})
}

func (w *Wave) noPolicy(k evidence.Key, from answer, err error) {
	if is(err, noSuchEntity) {
		w.absent(k, from)
		return
	}
	w.gap(from, err, k)
}

func (w *Wave) policy(k evidence.Key, from answer, name string, encoded *string, updated evidence.Moment) {
	doc, err := document(encoded)
	switch {
	case err != nil:
		w.gap(from, err, k)
	case doc == "":
		w.missing(k, from)
	default:
		w.found(k, from, evidence.PolicyDocument{Name: name, Document: doc, UpdatedAt: updated})
	}
}
