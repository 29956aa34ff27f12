package lab

import (
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// ecrOperations lists what the lab answers of ECR.
func (w *World) ecrOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("ecr", "DescribeRepositories", reads(w, w.describeRepositories)),
		wire.Op("ecr", "CreateRepository", changes(w, w.createRepository)),
		wire.Op("ecr", "DeleteRepository", changes(w, w.deleteRepository)),
		wire.Op("ecr", "GetRepositoryPolicy", reads(w, w.getRepositoryPolicy)),
		wire.Op("ecr", "SetRepositoryPolicy", changes(w, w.setRepositoryPolicy)),
		wire.Op("ecr", "DeleteRepositoryPolicy", changes(w, w.deleteRepositoryPolicy)),
		wire.Op("ecr", "GetLifecyclePolicy", reads(w, w.getLifecyclePolicy)),
		wire.Op("ecr", "DescribeRegistry", reads(w, w.describeRegistry)),
		wire.Op("ecr", "DescribePullThroughCacheRules", reads(w, w.describePullThroughCacheRules)),
		wire.Op("ecr", "CreatePullThroughCacheRule", changes(w, w.createPullThroughCacheRule)),
		wire.Op("ecr", "UpdatePullThroughCacheRule", changes(w, w.updatePullThroughCacheRule)),
		wire.Op("ecr", "DeletePullThroughCacheRule", changes(w, w.deletePullThroughCacheRule)),
		wire.Op("ecr", "GetAuthorizationToken", reads(w, w.getAuthorizationToken)),
		wire.Op("ecr", "DescribeImages", reads(w, w.describeImages)),
		wire.Op("ecr", "ListImages", reads(w, w.listImages)),
		wire.Op("ecr", "BatchGetImage", reads(w, w.batchGetImage)),
		wire.Op("ecr", "GetDownloadUrlForLayer", reads(w, w.getDownloadURL)),
		wire.Op("ecr", "PutImage", changes(w, w.putImage)),
		wire.Op("ecr", "BatchDeleteImage", changes(w, w.batchDeleteImage)),
	}
}

// findRepository looks a repository up in a registry; the registries of other accounts let nobody in.
func (w *World) findRepository(registry, name *string) (*repository, error) {
	if err := w.ownRegistry(registry, "arn:"+w.Partition+":ecr:"+w.Region+":"+aws.ToString(registry)+":repository/"+aws.ToString(name)); err != nil {
		return nil, err
	}
	if r := w.repositories[aws.ToString(name)]; r != nil {
		return r, nil
	}
	return nil, w.noRepository(aws.ToString(name))
}

func (w *World) noRepository(name string) error {
	return wire.Errorf("RepositoryNotFoundException", "The repository with name '%s' does not exist in the registry with id '%s'", name, w.Account)
}

func (w *World) ownRegistry(registry *string, resource string) error {
	if registry == nil || *registry == w.Account {
		return nil
	}
	return wire.Errorf("AccessDeniedException", "User: %s is not authorized to perform this operation on resource: %s because no resource-based policy allows it", w.callerARN(), resource)
}

func (w *World) describeRepositories(in *ecr.DescribeRepositoriesInput) (*ecr.DescribeRepositoriesOutput, error) {
	var all []ecrtypes.Repository
	if err := w.ownRegistry(in.RegistryId, "*"); err != nil {
		return nil, err
	}
	for _, name := range in.RepositoryNames {
		if w.repositories[name] == nil {
			return nil, w.noRepository(name)
		}
		all = append(all, w.repositories[name].Repository)
	}
	if len(in.RepositoryNames) == 0 {
		for _, r := range sorted(w.repositories) {
			all = append(all, r.Repository)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &ecr.DescribeRepositoriesOutput{Repositories: page, NextToken: optional(next)}, err
}

func (w *World) createRepository(in *ecr.CreateRepositoryInput) (*ecr.CreateRepositoryOutput, error) {
	name := *in.RepositoryName
	if w.repositories[name] != nil {
		return nil, wire.Errorf("RepositoryAlreadyExistsException", "The repository with name '%s' already exists in the registry with id '%s'", name, w.Account)
	}
	r := &repository{Repository: ecrtypes.Repository{
		RepositoryName: in.RepositoryName, RegistryId: aws.String(w.Account), CreatedAt: aws.Time(w.now), RepositoryUri: aws.String(w.registryHost() + "/" + name),
		RepositoryArn:      aws.String(fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", w.Partition, w.Region, w.Account, name)),
		ImageTagMutability: ecrtypes.ImageTagMutabilityMutable, ImageScanningConfiguration: &ecrtypes.ImageScanningConfiguration{}, EncryptionConfiguration: in.EncryptionConfiguration,
	}}
	if in.ImageTagMutability != "" {
		r.ImageTagMutability = in.ImageTagMutability
	}
	if r.EncryptionConfiguration == nil {
		r.EncryptionConfiguration = &ecrtypes.EncryptionConfiguration{EncryptionType: ecrtypes.EncryptionTypeAes256}
	}
	w.repositories[name] = r
	answer := r.Repository
	return &ecr.CreateRepositoryOutput{Repository: &answer}, nil
}

func (w *World) deleteRepository(in *ecr.DeleteRepositoryInput) (*ecr.DeleteRepositoryOutput, error) {
	r, err := w.findRepository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	if len(r.images) > 0 && !in.Force {
		return nil, wire.Errorf("RepositoryNotEmptyException", "The repository with name '%s' in registry with id '%s' cannot be deleted because it still contains images", *in.RepositoryName, w.Account)
	}
	delete(w.repositories, *in.RepositoryName)
	answer := r.Repository
	return &ecr.DeleteRepositoryOutput{Repository: &answer}, nil
}

// policyOf is a repository that has a policy, or ECR's error.
func (w *World) policyOf(registry, name *string) (*repository, error) {
	r, err := w.findRepository(registry, name)
	if err == nil && r.policy == "" {
		return nil, wire.Errorf("RepositoryPolicyNotFoundException", "Repository policy does not exist for the repository with name '%s' in the registry with id '%s'", *name, w.Account)
	}
	return r, err
}

func (w *World) getRepositoryPolicy(in *ecr.GetRepositoryPolicyInput) (*ecr.GetRepositoryPolicyOutput, error) {
	r, err := w.policyOf(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	return &ecr.GetRepositoryPolicyOutput{RegistryId: aws.String(w.Account), RepositoryName: in.RepositoryName, PolicyText: aws.String(r.policy)}, nil
}

func (w *World) setRepositoryPolicy(in *ecr.SetRepositoryPolicyInput) (*ecr.SetRepositoryPolicyOutput, error) {
	r, err := w.findRepository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	if checkDocument(in.PolicyText) != nil {
		return nil, wire.Errorf("InvalidParameterException", "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'")
	}
	r.policy = *in.PolicyText
	return &ecr.SetRepositoryPolicyOutput{RegistryId: aws.String(w.Account), RepositoryName: in.RepositoryName, PolicyText: in.PolicyText}, nil
}

func (w *World) deleteRepositoryPolicy(in *ecr.DeleteRepositoryPolicyInput) (*ecr.DeleteRepositoryPolicyOutput, error) {
	r, err := w.policyOf(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	old := r.policy
	r.policy = ""
	return &ecr.DeleteRepositoryPolicyOutput{RegistryId: aws.String(w.Account), RepositoryName: in.RepositoryName, PolicyText: aws.String(old)}, nil
}

// getLifecyclePolicy: no repository of this world has one.
func (w *World) getLifecyclePolicy(in *ecr.GetLifecyclePolicyInput) (*ecr.GetLifecyclePolicyOutput, error) {
	if _, err := w.findRepository(in.RegistryId, in.RepositoryName); err != nil {
		return nil, err
	}
	return nil, wire.Errorf("LifecyclePolicyNotFoundException", "Lifecycle policy does not exist for the repository with name '%s' in the registry with id '%s'", *in.RepositoryName, w.Account)
}

func (w *World) describeRegistry(*ecr.DescribeRegistryInput) (*ecr.DescribeRegistryOutput, error) {
	return &ecr.DescribeRegistryOutput{RegistryId: aws.String(w.Account), ReplicationConfiguration: &ecrtypes.ReplicationConfiguration{Rules: []ecrtypes.ReplicationRule{}}}, nil
}

func (w *World) getAuthorizationToken(*ecr.GetAuthorizationTokenInput) (*ecr.GetAuthorizationTokenOutput, error) {
	return &ecr.GetAuthorizationTokenOutput{AuthorizationData: []ecrtypes.AuthorizationData{{
		AuthorizationToken: aws.String(base64.StdEncoding.EncodeToString([]byte("AWS:" + w.newHex(64)))), ExpiresAt: aws.Time(w.now.Add(12 * time.Hour)), ProxyEndpoint: aws.String("https://" + w.registryHost()),
	}}}, nil
}

func (w *World) getDownloadURL(in *ecr.GetDownloadUrlForLayerInput) (*ecr.GetDownloadUrlForLayerOutput, error) {
	r, err := w.findRepository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(r.images, func(i *image) bool { return slices.Contains(i.blobs(), *in.LayerDigest) }) {
		return nil, wire.Errorf("LayersNotFoundException", "The layer with digest '%s' does not exist in the repository with name '%s' in the registry with id '%s'", *in.LayerDigest, *in.RepositoryName, w.Account)
	}
	return &ecr.GetDownloadUrlForLayerOutput{LayerDigest: in.LayerDigest, DownloadUrl: aws.String("https://" + w.hostOf("layers") + "/" + *in.LayerDigest)}, nil
}
