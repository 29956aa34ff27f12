package lab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// needsCredential are the registries that ECR caches only with a login (Amazon ECR user guide, "Creating a pull through cache rule").
var needsCredential = []string{"registry-1.docker.io", "ghcr.io", "registry.gitlab.com"}

// secretOfCache is how the name of a rule's secret must begin.
const secretOfCache = "ecr-pullthroughcache/"

func (w *World) noCacheRule(prefix string) error {
	return wire.Errorf("PullThroughCacheRuleNotFoundException", "Pull through cache rule not found for ECR repository prefix '%s' in the registry with id '%s'", prefix, w.Account)
}

func (w *World) describePullThroughCacheRules(in *ecr.DescribePullThroughCacheRulesInput) (*ecr.DescribePullThroughCacheRulesOutput, error) {
	var all []ecrtypes.PullThroughCacheRule
	for _, prefix := range in.EcrRepositoryPrefixes {
		r := w.cacheRules[prefix]
		if r == nil {
			return nil, w.noCacheRule(prefix)
		}
		all = append(all, *r)
	}
	if len(in.EcrRepositoryPrefixes) == 0 {
		for _, r := range sorted(w.cacheRules) {
			all = append(all, *r)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &ecr.DescribePullThroughCacheRulesOutput{PullThroughCacheRules: page, NextToken: optional(next)}, err
}

func (w *World) createPullThroughCacheRule(in *ecr.CreatePullThroughCacheRuleInput) (*ecr.CreatePullThroughCacheRuleOutput, error) {
	prefix, host := *in.EcrRepositoryPrefix, *in.UpstreamRegistryUrl
	if w.cacheRules[prefix] != nil {
		return nil, wire.Errorf("PullThroughCacheRuleAlreadyExistsException", "A pull through cache rule with the prefix '%s' already exists in the registry with id '%s'", prefix, w.Account)
	}
	if in.CredentialArn == nil && slices.Contains(needsCredential, host) {
		return nil, wire.Errorf("InvalidParameterException", "Invalid parameter at 'credentialArn' failed to satisfy constraint: 'credentialArn is required for the upstream registry %s'", host)
	}
	if err := w.mayCacheWith(in.CredentialArn); err != nil {
		return nil, err
	}
	r := &ecrtypes.PullThroughCacheRule{
		EcrRepositoryPrefix: in.EcrRepositoryPrefix, UpstreamRegistryUrl: in.UpstreamRegistryUrl, UpstreamRegistry: in.UpstreamRegistry, CredentialArn: in.CredentialArn,
		UpstreamRepositoryPrefix: in.UpstreamRepositoryPrefix, RegistryId: aws.String(w.Account), CreatedAt: aws.Time(w.now), UpdatedAt: aws.Time(w.now),
	}
	put(&w.cacheRules, prefix, r)
	return &ecr.CreatePullThroughCacheRuleOutput{EcrRepositoryPrefix: r.EcrRepositoryPrefix, UpstreamRegistryUrl: r.UpstreamRegistryUrl, UpstreamRegistry: r.UpstreamRegistry,
		CredentialArn: r.CredentialArn, RegistryId: r.RegistryId, CreatedAt: r.CreatedAt, UpstreamRepositoryPrefix: r.UpstreamRepositoryPrefix}, nil
}

// mayCacheWith checks a rule's secret as ECR does when a rule is made; nil names none.
func (w *World) mayCacheWith(arn *string) error {
	if arn == nil {
		return nil
	}
	s := w.findSecret(*arn)
	if s == nil || !s.Deleted.IsZero() {
		return wire.Errorf("SecretNotFoundException", "The ARN of the secret specified in the pull through cache rule was not found.")
	}
	if !strings.HasPrefix(s.Name, secretOfCache) {
		return wire.Errorf("InvalidParameterException", "Invalid parameter at 'credentialArn' failed to satisfy constraint: 'the name of the secret must begin with %s'", secretOfCache)
	}
	return nil
}

func (w *World) updatePullThroughCacheRule(in *ecr.UpdatePullThroughCacheRuleInput) (*ecr.UpdatePullThroughCacheRuleOutput, error) {
	r := w.cacheRules[*in.EcrRepositoryPrefix]
	if r == nil {
		return nil, w.noCacheRule(*in.EcrRepositoryPrefix)
	}
	if err := w.mayCacheWith(in.CredentialArn); err != nil {
		return nil, err
	}
	if in.CredentialArn != nil {
		r.CredentialArn = in.CredentialArn
	}
	r.UpdatedAt = aws.Time(w.now)
	return &ecr.UpdatePullThroughCacheRuleOutput{EcrRepositoryPrefix: r.EcrRepositoryPrefix, RegistryId: r.RegistryId, CredentialArn: r.CredentialArn, UpdatedAt: r.UpdatedAt, UpstreamRepositoryPrefix: r.UpstreamRepositoryPrefix}, nil
}

func (w *World) deletePullThroughCacheRule(in *ecr.DeletePullThroughCacheRuleInput) (*ecr.DeletePullThroughCacheRuleOutput, error) {
	r := w.cacheRules[*in.EcrRepositoryPrefix]
	if r == nil {
		return nil, w.noCacheRule(*in.EcrRepositoryPrefix)
	}
	delete(w.cacheRules, *in.EcrRepositoryPrefix)
	return &ecr.DeletePullThroughCacheRuleOutput{EcrRepositoryPrefix: r.EcrRepositoryPrefix, UpstreamRegistryUrl: r.UpstreamRegistryUrl, CredentialArn: r.CredentialArn,
		RegistryId: r.RegistryId, CreatedAt: r.CreatedAt, UpstreamRepositoryPrefix: r.UpstreamRepositoryPrefix}, nil
}

// cacheRule is the rule with the longest prefix that a repository's name has; nil = none.
func (w *World) cacheRule(repository string) (best *ecrtypes.PullThroughCacheRule) {
	for _, r := range sorted(w.cacheRules) {
		prefix := aws.ToString(r.EcrRepositoryPrefix)
		if strings.HasPrefix(repository, prefix+"/") && (best == nil || len(prefix) > len(aws.ToString(best.EcrRepositoryPrefix))) {
			best = r
		}
	}
	return best
}

// pullThrough fills the cache with the image that a pull asks for and that ECR does not have; nil and no failure where there is no rule for
// it, or ECR does not even ask because the role may not fill the cache: both look like an image that is not there. That ECR reaches the
// other registry by itself is taken for granted.
func (w *World) pullThrough(t *task, r imageRef, endpoint string) (*image, *failure) {
	rule := w.cacheRule(r.repo)
	if rule == nil || r.account != w.Account || r.region != w.Region {
		return nil, nil
	}
	arn := fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", w.Partition, r.region, r.account, r.repo)
	repo := w.repositories[r.repo]
	policy := ""
	if repo != nil {
		policy = repo.policy
	}
	if repo == nil && w.denied(t, "ecr:CreateRepository", arn, "", endpoint) != "" || w.denied(t, "ecr:BatchImportUpstreamImage", arn, policy, endpoint) != "" {
		return nil, nil
	}
	resolve := fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref %s: ", r.full)
	if rule.CredentialArn != nil {
		if s := w.findSecret(*rule.CredentialArn); s == nil || !s.Deleted.IsZero() {
			return nil, &failure{reason: resolve + "UnableToGetUpstreamImageException: The image or images were unable to be pulled using the pull through cache rule. This is usually caused because of an issue with the Secrets Manager secret containing the credentials for the upstream registry."}
		}
	}
	host := aws.ToString(rule.UpstreamRegistryUrl)
	name := strings.TrimPrefix(r.repo, aws.ToString(rule.EcrRepositoryPrefix)+"/")
	upstream := w.public[map[bool]string{true: "docker.io", false: host}[host == "registry-1.docker.io"]+"/"+name]
	if upstream == nil { // a registry tells strangers nothing of what it does not have
		return nil, &failure{reason: resolve + fmt.Sprintf("pulling from host %s failed with status code [manifests %s]: 403 Forbidden", r.host, r.tag())}
	}
	if !slices.Contains(upstream.Tags, r.tag()) && r.tag() != upstream.Digest {
		return nil, nil
	}
	if repo == nil {
		if _, err := w.createRepository(&ecr.CreateRepositoryInput{RepositoryName: aws.String(r.repo)}); err != nil {
			return nil, nil
		}
		repo = w.repositories[r.repo]
	}
	img := upstream.image
	img.Pushed = w.now
	if r.tag() != upstream.Digest {
		img.Tags = []string{r.tag()}
	}
	repo.images = append(repo.images, &img)
	return &img, nil
}
