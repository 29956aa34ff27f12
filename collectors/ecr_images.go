package collectors

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/smithy-go"

	"github.com/ecsplain/ecsplain/evidence"
)

// splitImage splits an image id into its repository id and its reference, ":TAG" or "@DIGEST".
func splitImage(id string) (repository, reference string) {
	if i := strings.IndexByte(id, '@'); i >= 0 {
		return id[:i], id[i:]
	}
	if i := strings.LastIndexByte(id, ':'); i >= 0 {
		return id[:i], id[i:]
	}
	return id, ":latest"
}

func repositoryOf(id string) string { r, _ := splitImage(id); return r }

func imageID(id string) types.ImageIdentifier {
	_, ref := splitImage(id)
	name := ref[1:]
	if ref[0] == '@' {
		return types.ImageIdentifier{ImageDigest: &name}
	}
	return types.ImageIdentifier{ImageTag: &name}
}

var namedImage = regexp.MustCompile(`imageTag:\s*'?([^',}\s]+)|imageDigest:\s*'?(sha256:[0-9a-f]+)`)

// images asks for the images of a repository at once. One that does not exist fails the call, and AWS names it: it is
// left out and the others are asked for again.
func images(ctx context.Context, w *Wave, keys []evidence.Key) {
	grouped(ctx, keys, repositoryOf, func(ctx context.Context, repository string, keys []evidence.Key) {
		account, region, name := repositoryName(repository)
		w.batches(ctx, keys, imageBatch, func(ctx context.Context, keys []evidence.Key) (answer, error) {
			for len(keys) > 0 {
				out, from, err := call(ctx, w.ecr(region).DescribeImages, &ecr.DescribeImagesInput{
					RegistryId: &account, RepositoryName: &name, ImageIds: mapped(keys, func(k evidence.Key) types.ImageIdentifier { return imageID(k.ID) })})
				switch {
				case is(err, "RepositoryNotFoundException"):
					for _, k := range keys {
						w.absent(k, from)
					}
					return from, nil
				case is(err, "ImageNotFoundException"):
					rest := w.withoutImage(keys, from, err)
					if len(rest) == len(keys) {
						return from, err
					}
					keys = rest
					continue
				case err != nil:
					return from, err
				}
				for _, k := range keys {
					if i := slices.IndexFunc(out.ImageDetails, func(d types.ImageDetail) bool { return isImage(imageID(k.ID), d) }); i >= 0 {
						w.found(k, from, toImage(out.ImageDetails[i]))
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

func isImage(id types.ImageIdentifier, d types.ImageDetail) bool {
	if id.ImageDigest != nil {
		return *id.ImageDigest == str(d.ImageDigest)
	}
	return slices.Contains(d.ImageTags, *id.ImageTag)
}

// withoutImage is without for images: AWS names the digest, the tag, or both with 'null' for the one not asked.
func (w *Wave) withoutImage(keys []evidence.Key, from answer, err error) []evidence.Key {
	if len(keys) == 1 {
		w.absent(keys[0], from)
		return nil
	}
	var named []string
	for _, m := range namedImage.FindAllStringSubmatch(err.Error(), -1) {
		if m[1] != "" && m[1] != "null" {
			named = append(named, ":"+m[1])
		}
		if m[2] != "" {
			named = append(named, "@"+m[2])
		}
	}
	var rest []evidence.Key
	for _, k := range keys {
		if _, ref := splitImage(k.ID); slices.Contains(named, ref) {
			w.absent(k, from)
		} else {
			rest = append(rest, k)
		}
	}
	return rest
}

// Media types of manifests, so that ECR does not translate one into another.
const (
	ociIndex    = "application/vnd.oci.image.index.v1+json"
	dockerList  = "application/vnd.docker.distribution.manifest.list.v2+json"
	ociManifest = "application/vnd.oci.image.manifest.v1+json"
	dockerV2    = "application/vnd.docker.distribution.manifest.v2+json"
)

// manifests uses the pull API, which on a pull-through repository contacts the upstream registry: on demand only.
func manifests(ctx context.Context, w *Wave, keys []evidence.Key) {
	grouped(ctx, keys, repositoryOf, func(ctx context.Context, repository string, keys []evidence.Key) {
		account, region, name := repositoryName(repository)
		w.batches(ctx, keys, imageBatch, func(ctx context.Context, keys []evidence.Key) (answer, error) {
			out, from, err := call(ctx, w.ecr(region).BatchGetImage, &ecr.BatchGetImageInput{
				RegistryId: &account, RepositoryName: &name, AcceptedMediaTypes: []string{ociIndex, dockerList, ociManifest, dockerV2},
				ImageIds: mapped(keys, func(k evidence.Key) types.ImageIdentifier { return imageID(k.ID) })})
			switch {
			case is(err, "RepositoryNotFoundException"):
				for _, k := range keys {
					w.absent(k, from)
				}
				return from, nil
			case err != nil:
				return from, err
			}
			for _, k := range keys {
				w.manifest(k, from, out)
			}
			return from, nil
		})
	})
}

func (w *Wave) manifest(k evidence.Key, from answer, out *ecr.BatchGetImageOutput) {
	id := imageID(k.ID)
	same := func(o *types.ImageIdentifier) bool {
		return o != nil && (id.ImageDigest != nil && str(o.ImageDigest) == *id.ImageDigest || id.ImageTag != nil && str(o.ImageTag) == *id.ImageTag)
	}
	for _, i := range out.Images {
		if !same(i.ImageId) {
			continue
		}
		if m, err := toManifest(i); err != nil {
			w.gap(from, &smithy.DeserializationError{Err: err}, k)
		} else {
			w.found(k, from, m)
		}
		return
	}
	for _, f := range out.Failures {
		if !same(f.ImageId) {
			continue
		}
		if f.FailureCode == types.ImageFailureCodeImageNotFound {
			w.absent(k, from)
		} else {
			w.gap(from, imageFailure{f}, k)
		}
		return
	}
	w.missing(k, from)
}

func toManifest(i types.Image) (evidence.Manifest, error) {
	var doc struct {
		MediaType string `json:"mediaType"`
		Manifests []struct {
			Platform struct {
				OS           string `json:"os"`
				Architecture string `json:"architecture"`
			} `json:"platform"`
		} `json:"manifests"`
	}
	if err := json.Unmarshal([]byte(str(i.ImageManifest)), &doc); err != nil {
		return evidence.Manifest{}, err
	}
	m := evidence.Manifest{MediaType: str(i.ImageManifestMediaType)}
	if m.MediaType == "" {
		m.MediaType = doc.MediaType
	}
	m.Index = m.MediaType == ociIndex || m.MediaType == dockerList || m.MediaType == "" && len(doc.Manifests) > 0
	for _, p := range doc.Manifests {
		// Build attestations hide in the index as unknown/unknown.
		if name := p.Platform.OS + "/" + p.Platform.Architecture; name != "/" && name != "unknown/unknown" && !slices.Contains(m.Platforms, name) {
			m.Platforms = append(m.Platforms, name)
		}
	}
	return m, nil
}
