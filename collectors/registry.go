package collectors

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"github.com/ecsplain/ecsplain/evidence"
)

const maxRulePages = 10

// pullThroughRules reads all rules of a registry: one call, for an account may have 50.
func pullThroughRules(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		account, region, _ := repositoryName(k.ID)
		var first answer
		v := evidence.PullThroughRules{}
		err := pages(maxRulePages, func(token *string) (*string, error) {
			out, from, err := call(ctx, w.ecr(region).DescribePullThroughCacheRules, &ecr.DescribePullThroughCacheRulesInput{RegistryId: &account, NextToken: token})
			if token == nil || err != nil {
				first = from
			}
			if err != nil {
				return nil, err
			}
			for _, r := range out.PullThroughCacheRules {
				v.Rules = append(v.Rules, evidence.PullThroughRule{Prefix: str(r.EcrRepositoryPrefix), URL: str(r.UpstreamRegistryUrl), Upstream: string(r.UpstreamRegistry),
					UpstreamPrefix: str(r.UpstreamRepositoryPrefix), Credential: str(r.CredentialArn), RoleARN: str(r.CustomRoleArn), CreatedAt: when(r.CreatedAt), UpdatedAt: when(r.UpdatedAt)})
			}
			return out.NextToken, nil
		})
		switch {
		case is(err, "PullThroughCacheRuleNotFoundException"):
			w.found(k, first, v)
		case err != nil:
			w.gap(first, err, k)
		default:
			w.found(k, first, v)
		}
	})
}

// lifecyclePolicies reads what a repository expires by itself.
func lifecyclePolicies(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		account, region, name := repositoryName(k.ID)
		out, from, err := call(ctx, w.ecr(region).GetLifecyclePolicy, &ecr.GetLifecyclePolicyInput{RegistryId: &account, RepositoryName: &name})
		switch {
		case is(err, "LifecyclePolicyNotFoundException"), is(err, "RepositoryNotFoundException"):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		default:
			w.found(k, from, evidence.LifecyclePolicy{Document: str(out.LifecyclePolicyText), EvaluatedAt: when(out.LastEvaluatedAt)})
		}
	})
}
