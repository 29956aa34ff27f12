package evidence

const (
	KindPullThroughRules Kind = "pull-through-cache-rules" // id ACCOUNT/REGION; PullThroughRules: all of the registry
	KindLifecyclePolicy  Kind = "ecr-lifecycle-policy"     // id ACCOUNT/REGION/NAME; LifecyclePolicy
)

// PullThroughRulesKey takes the account and region of a registry.
func PullThroughRulesKey(account, region string) Ref[PullThroughRules] {
	return ref[PullThroughRules](KindPullThroughRules, account+"/"+region)
}

// LifecyclePolicyKey takes a repository id.
func LifecyclePolicyKey(repositoryID string) Ref[LifecyclePolicy] {
	return ref[LifecyclePolicy](KindLifecyclePolicy, repositoryID)
}

// PullThroughRules are the pull-through cache rules of an ECR registry.
type PullThroughRules struct {
	Rules []PullThroughRule `json:"rules"`
}

// PullThroughRule fills repositories under a prefix from another registry.
type PullThroughRule struct {
	Prefix         string `json:"prefix"`          // ecrRepositoryPrefix; ROOT = the whole registry
	URL            string `json:"url"`             // upstreamRegistryUrl: registry-1.docker.io, public.ecr.aws, quay.io, ...
	Upstream       string `json:"upstream"`        // upstreamRegistry: docker-hub, ecr-public, quay, k8s, github-container-registry, ...
	UpstreamPrefix string `json:"upstream_prefix"` // upstreamRepositoryPrefix; "" = none
	Credential     string `json:"credential"`      // ARN of the secret with the login; "" = none
	RoleARN        string `json:"role_arn"`        // customRoleArn, for a rule to another account's ECR; "" = none
	CreatedAt      Moment `json:"created_at"`
	UpdatedAt      Moment `json:"updated_at"`
}

// LifecyclePolicy is a repository's policy of what to expire; absent where it has none.
type LifecyclePolicy struct {
	Document    string `json:"document"` // JSON text
	EvaluatedAt Moment `json:"evaluated_at"`
}
