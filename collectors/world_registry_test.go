package collectors

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab/wire"
)

// ordinaryRegistry gives its two rules on two pages.
var ordinaryRegistry = []wire.Operation{
	op("ecr", "DescribePullThroughCacheRules", func(in *ecr.DescribePullThroughCacheRulesInput) (*ecr.DescribePullThroughCacheRulesOutput, error) {
		if in.NextToken == nil {
			return &ecr.DescribePullThroughCacheRulesOutput{NextToken: p("more"), PullThroughCacheRules: []ecrtypes.PullThroughCacheRule{
				{EcrRepositoryPrefix: p("docker-hub"), UpstreamRegistryUrl: p("registry-1.docker.io"), UpstreamRegistry: ecrtypes.UpstreamRegistryDockerHub, CredentialArn: p("arn:secret")}}}, nil
		}
		return &ecr.DescribePullThroughCacheRulesOutput{PullThroughCacheRules: []ecrtypes.PullThroughCacheRule{{EcrRepositoryPrefix: p("quay"), UpstreamRegistryUrl: p("quay.io")}}}, nil
	}),
	op("ecr", "GetLifecyclePolicy", func(in *ecr.GetLifecyclePolicyInput) (*ecr.GetLifecyclePolicyOutput, error) {
		return &ecr.GetLifecyclePolicyOutput{LifecyclePolicyText: p(`{"rules":[]}`), LastEvaluatedAt: p(answeredAt)}, nil
	}),
}

func TestPullThroughRulesAreReadToTheEnd(t *testing.T) {
	key := evidence.PullThroughRulesKey("111122223333", "eu-west-1")
	w := serve(t)
	got := value(t, w.fetch(t, key.Key), key)
	if len(got.Rules) != 2 || got.Rules[0].Upstream != "docker-hub" || got.Rules[0].Credential != "arn:secret" || got.Rules[1].Prefix != "quay" {
		t.Errorf("got %+v", got)
	}
}

func TestRegistryWithoutRulesAndPolicies(t *testing.T) {
	rules := evidence.PullThroughRulesKey("111122223333", "eu-west-1")
	policy := evidence.LifecyclePolicyKey(evidence.RepositoryID("111122223333", "eu-west-1", "team/web"))
	w := serve(t,
		op("ecr", "DescribePullThroughCacheRules", func(*ecr.DescribePullThroughCacheRulesInput) (*ecr.DescribePullThroughCacheRulesOutput, error) {
			return nil, &ecrtypes.PullThroughCacheRuleNotFoundException{Message: p("none")}
		}),
		op("ecr", "GetLifecyclePolicy", func(*ecr.GetLifecyclePolicyInput) (*ecr.GetLifecyclePolicyOutput, error) {
			return nil, &ecrtypes.LifecyclePolicyNotFoundException{Message: p("Lifecycle policy does not exist")}
		}))
	s := w.fetch(t, rules.Key, policy.Key)
	if got := value(t, s, rules); len(got.Rules) != 0 {
		t.Errorf("got %+v, want no rule", got)
	}
	wantAbsent(t, s, policy.Key)
}
