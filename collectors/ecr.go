package collectors

import (
	"context"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/ecsplain/ecsplain/evidence"
)

const (
	repositoryBatch = 100
	imageBatch      = 100
	newestImages    = 10
)

// repositoryName splits a repository id: registry account, region, name.
func repositoryName(id string) (account, region, name string) {
	account, rest, _ := strings.Cut(id, "/")
	region, name, _ = strings.Cut(rest, "/")
	return account, region, name
}

// registryOf is the part of an id that one DescribeRepositories call can cover: account and region.
func registryOf(id string) string {
	account, region, _ := repositoryName(id)
	return account + "/" + region
}

var namedRepository = regexp.MustCompile(`repository with name '([^']+)'`)

// repositories asks for many at once. One that does not exist fails the call, and AWS names it: it is left out and the
// others are asked for again.
func repositories(ctx context.Context, w *Wave, keys []evidence.Key) {
	grouped(ctx, keys, registryOf, func(ctx context.Context, registry string, keys []evidence.Key) {
		account, region, _ := repositoryName(registry)
		w.batches(ctx, keys, repositoryBatch, func(ctx context.Context, keys []evidence.Key) (answer, error) {
			for len(keys) > 0 {
				out, from, err := call(ctx, w.ecr(region).DescribeRepositories, &ecr.DescribeRepositoriesInput{
					RegistryId: &account, RepositoryNames: ids(keys, func(id string) string { _, _, n := repositoryName(id); return n })})
				if is(err, "RepositoryNotFoundException") {
					rest := w.without(keys, from, err, namedRepository, func(id, name string) bool { _, _, n := repositoryName(id); return n == name })
					if len(rest) == len(keys) {
						return from, err
					}
					keys = rest
					continue
				}
				if err != nil {
					return from, err
				}
				got := map[string]types.Repository{}
				for _, r := range out.Repositories {
					got[str(r.RepositoryName)] = r
				}
				for _, k := range keys {
					_, _, name := repositoryName(k.ID)
					if r, ok := got[name]; ok {
						w.found(k, from, toRepository(region, r))
					} else {
						w.missing(k, from)
					}
				}
				return from, nil
			}
			return answer{}, nil
		})
	})
}

// without marks the key that err names as absent and returns the others. A single key needs no name.
func (w *Wave) without(keys []evidence.Key, from answer, err error, name *regexp.Regexp, same func(id, name string) bool) []evidence.Key {
	if len(keys) == 1 {
		w.absent(keys[0], from)
		return nil
	}
	m := name.FindStringSubmatch(err.Error())
	if m == nil {
		return keys
	}
	var rest []evidence.Key
	for _, k := range keys {
		if same(k.ID, m[1]) {
			w.absent(k, from)
		} else {
			rest = append(rest, k)
		}
	}
	return rest
}

func toRepository(region string, r types.Repository) evidence.Repository {
	v := evidence.Repository{Account: str(r.RegistryId), Region: region, Name: str(r.RepositoryName), URI: str(r.RepositoryUri)}
	if r.EncryptionConfiguration != nil {
		v.KmsKey = str(r.EncryptionConfiguration.KmsKey)
	}
	return v
}

// repositoryImages advises which image to use instead: the newest tagged ones of one page, which ECR does not sort.
func repositoryImages(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		account, region, name := repositoryName(k.ID)
		out, from, err := call(ctx, w.ecr(region).DescribeImages, &ecr.DescribeImagesInput{
			RegistryId: &account, RepositoryName: &name, MaxResults: aws.Int32(imageBatch),
			Filter: &types.DescribeImagesFilter{TagStatus: types.TagStatusTagged}})
		switch {
		case is(err, "RepositoryNotFoundException"):
			w.absent(k, from)
			return
		case err != nil:
			w.gap(from, err, k)
			return
		}
		list := mapped(out.ImageDetails, toImage)
		newestFirst(list, func(i evidence.Image) evidence.Moment { return i.PushedAt })
		w.found(k, from, evidence.Images{
			Images:    list[:min(len(list), newestImages)],
			Truncated: str(out.NextToken) != "" || len(list) > newestImages,
		})
	})
}

func toImage(d types.ImageDetail) evidence.Image {
	v := evidence.Image{
		Digest:    str(d.ImageDigest),
		Tags:      d.ImageTags,
		PushedAt:  when(d.ImagePushedAt),
		MediaType: str(d.ImageManifestMediaType),
		Status:    string(d.ImageStatus),
	}
	if d.ImageSizeInBytes != nil {
		v.SizeBytes = *d.ImageSizeInBytes
	}
	return v
}

func repositoryPolicies(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		account, region, name := repositoryName(k.ID)
		out, from, err := call(ctx, w.ecr(region).GetRepositoryPolicy, &ecr.GetRepositoryPolicyInput{RegistryId: &account, RepositoryName: &name})
		switch {
		case is(err, "RepositoryPolicyNotFoundException", "RepositoryNotFoundException"):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		default:
			w.found(k, from, evidence.PolicyDocument{Name: name, Document: str(out.PolicyText)})
		}
	})
}
