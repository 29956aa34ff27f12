package lab

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// stsOperations lists what the lab answers of STS.
func (w *World) stsOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("sts", "GetCallerIdentity", reads(w, w.getCallerIdentity)),
		wire.Op("sts", "AssumeRole", reads(w, w.assumeRole)),
	}
}

func (w *World) getCallerIdentity(*sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{Account: aws.String(w.Account), Arn: aws.String(w.callerARN()), UserId: aws.String("AIDALABUSER2222222222")}, nil
}

// assumeRole checks the role's trust policy. The lab does not look at credentials, so the session acts like the caller.
func (w *World) assumeRole(in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	name := lastPart(*in.RoleArn)
	r := w.roles[name]
	if r == nil || *r.Arn != *in.RoleArn || !w.trustsCaller(r, aws.ToString(in.ExternalId)) {
		return nil, &wire.Error{Code: "AccessDenied", Status: 403, Message: fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", w.callerARN(), *in.RoleArn)}
	}
	valid := time.Hour
	if in.DurationSeconds != nil {
		valid = time.Duration(*in.DurationSeconds) * time.Second
	}
	return &sts.AssumeRoleOutput{
		AssumedRoleUser: &ststypes.AssumedRoleUser{
			Arn: aws.String(fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", w.Partition, w.Account, name, *in.RoleSessionName)), AssumedRoleId: aws.String(*r.RoleId + ":" + *in.RoleSessionName),
		},
		Credentials: &ststypes.Credentials{
			AccessKeyId: aws.String("ASIA" + w.random(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")), SecretAccessKey: aws.String(w.newHex(40)), SessionToken: aws.String(w.newHex(64)), Expiration: aws.Time(w.now.Add(valid)),
		},
	}, nil
}

func (w *World) trustsCaller(r *role, externalID string) bool {
	q := query{w: w, action: "sts:AssumeRole", anyResource: true, context: map[string]string{"aws:principalarn": w.callerARN(), "aws:principalaccount": w.Account, "aws:requestedregion": w.Region}}
	if externalID != "" {
		q.context["sts:externalid"] = externalID
	}
	root := fmt.Sprintf("arn:%s:iam::%s:root", w.Partition, w.Account)
	v := q.ask("the trust policy of "+*r.RoleName, aws.ToString(r.AssumeRolePolicyDocument), func(p principals) grant {
		for _, name := range []string{"*", w.callerARN(), w.Account, root} {
			if slices.Contains(p["AWS"], name) || slices.Contains(p["*"], name) {
				return granted
			}
		}
		return notNamed
	})
	return v.allow && !v.deny
}
