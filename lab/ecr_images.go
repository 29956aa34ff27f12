package lab

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

const (
	indexType    = "application/vnd.oci.image.index.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
)

func (i *image) isIndex() bool { return i.Index || len(i.Platforms) > 1 }

func (i *image) mediaType() string {
	if i.isIndex() {
		return indexType
	}
	return manifestType
}

// blobs are the digests of an image's configuration and layer, or of the manifests of an index. They follow from its digest.
func (i *image) blobs() []string {
	if !i.isIndex() {
		return []string{"sha256:" + stableHex(64, i.Digest, "config"), "sha256:" + stableHex(64, i.Digest, "layer")}
	}
	var out []string
	for _, p := range i.Platforms {
		out = append(out, "sha256:"+stableHex(64, i.Digest, p))
	}
	return out
}

type descriptor struct {
	MediaType string    `json:"mediaType"`
	Digest    string    `json:"digest"`
	Size      int64     `json:"size"`
	Platform  *platform `json:"platform,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

// manifestDocument is an OCI image manifest, or an OCI index. One without a platform does not say what it runs on: that
// stands in the configuration, which is not part of the manifest.
type manifestDocument struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        *descriptor  `json:"config,omitempty"`
	Layers        []descriptor `json:"layers,omitempty"`
	Manifests     []descriptor `json:"manifests,omitempty"`
}

func (i *image) manifest() string {
	d := manifestDocument{SchemaVersion: 2, MediaType: i.mediaType()}
	blobs := i.blobs()
	if i.isIndex() {
		for n, p := range i.Platforms {
			os, arch, _ := strings.Cut(p, "/")
			d.Manifests = append(d.Manifests, descriptor{manifestType, blobs[n], 1640, &platform{arch, os}})
		}
	} else {
		d.Config = &descriptor{"application/vnd.oci.image.config.v1+json", blobs[0], 2310, nil}
		d.Layers = []descriptor{{"application/vnd.oci.image.layer.v1.tar+gzip", blobs[1], i.Size, nil}}
	}
	b, err := json.Marshal(d)
	if err != nil {
		panic("lab: a manifest cannot be written: " + err.Error()) // plain texts and numbers always can
	}
	return string(b)
}

// noImage is ECR's text; the part of the identifier that was not asked for is null.
func (w *World) noImage(repo string, id ecrtypes.ImageIdentifier) error {
	show := func(s *string) string {
		if s == nil {
			return "null"
		}
		return *s
	}
	return wire.Errorf("ImageNotFoundException", "The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the repository with name '%s' in the registry with id '%s'",
		show(id.ImageDigest), show(id.ImageTag), repo, w.Account)
}

// named finds an image by digest, tag, or both.
func (r *repository) named(id ecrtypes.ImageIdentifier) *image {
	for _, i := range r.images {
		if (id.ImageDigest == nil || i.Digest == *id.ImageDigest) && (id.ImageTag == nil || slices.Contains(i.Tags, *id.ImageTag)) && (id.ImageDigest != nil || id.ImageTag != nil) {
			return i
		}
	}
	return nil
}

func (w *World) describeImages(in *ecr.DescribeImagesInput) (*ecr.DescribeImagesOutput, error) {
	r, err := w.findRepository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	var list []*image
	for _, id := range in.ImageIds {
		i := r.named(id)
		if i == nil {
			return nil, w.noImage(*in.RepositoryName, id)
		}
		if !slices.Contains(list, i) {
			list = append(list, i)
		}
	}
	if len(in.ImageIds) == 0 {
		for _, i := range r.images {
			if in.Filter == nil || tagStatus(i, in.Filter.TagStatus) {
				list = append(list, i)
			}
		}
	}
	page, next, err := wire.Page(list, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	out := &ecr.DescribeImagesOutput{NextToken: optional(next)}
	for _, i := range page {
		out.ImageDetails = append(out.ImageDetails, ecrtypes.ImageDetail{
			RegistryId: aws.String(w.Account), RepositoryName: in.RepositoryName, ImageDigest: aws.String(i.Digest), ImageTags: slices.Clone(i.Tags), ImagePushedAt: aws.Time(i.Pushed),
			ImageSizeInBytes: aws.Int64(i.Size), ImageManifestMediaType: aws.String(i.mediaType()), ImageStatus: ecrtypes.ImageStatusActive,
		})
	}
	return out, err
}

func tagStatus(i *image, s ecrtypes.TagStatus) bool {
	switch s {
	case ecrtypes.TagStatusTagged:
		return len(i.Tags) > 0
	case ecrtypes.TagStatusUntagged:
		return len(i.Tags) == 0
	}
	return true
}

func (w *World) listImages(in *ecr.ListImagesInput) (*ecr.ListImagesOutput, error) {
	r, err := w.findRepository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	var all []ecrtypes.ImageIdentifier
	for _, i := range r.images {
		if in.Filter != nil && !tagStatus(i, in.Filter.TagStatus) {
			continue
		}
		for _, tag := range i.Tags {
			all = append(all, ecrtypes.ImageIdentifier{ImageDigest: aws.String(i.Digest), ImageTag: aws.String(tag)})
		}
		if len(i.Tags) == 0 {
			all = append(all, ecrtypes.ImageIdentifier{ImageDigest: aws.String(i.Digest)})
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &ecr.ListImagesOutput{ImageIds: page, NextToken: optional(next)}, err
}

func (w *World) batchGetImage(in *ecr.BatchGetImageInput) (*ecr.BatchGetImageOutput, error) {
	r, err := w.findRepository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	out := &ecr.BatchGetImageOutput{}
	for _, id := range in.ImageIds {
		i := r.named(id)
		if i == nil {
			out.Failures = append(out.Failures, ecrtypes.ImageFailure{ImageId: &id, FailureCode: ecrtypes.ImageFailureCodeImageNotFound, FailureReason: aws.String("Requested image not found")})
			continue
		}
		out.Images = append(out.Images, ecrtypes.Image{
			RegistryId: aws.String(w.Account), RepositoryName: in.RepositoryName, ImageId: &ecrtypes.ImageIdentifier{ImageDigest: aws.String(i.Digest), ImageTag: id.ImageTag},
			ImageManifest: aws.String(i.manifest()), ImageManifestMediaType: aws.String(i.mediaType()),
		})
	}
	return out, nil
}

// putImage gives a manifest a tag. The manifest of an image that the registry knows brings the program with it; any other
// makes an image whose program starts and says nothing.
func (w *World) putImage(in *ecr.PutImageInput) (*ecr.PutImageOutput, error) {
	r, err := w.findRepository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	i, err := w.pushed(*in.ImageManifest)
	if err != nil {
		return nil, err
	}
	if in.ImageDigest != nil && *in.ImageDigest != i.Digest {
		return nil, wire.Errorf("ImageDigestDoesNotMatchException", "The specified imageDigest '%s' does not match the digest '%s' calculated for the image", *in.ImageDigest, i.Digest)
	}
	tag := aws.ToString(in.ImageTag)
	have := r.named(ecrtypes.ImageIdentifier{ImageDigest: &i.Digest})
	if have != nil && (tag == "" || slices.Contains(have.Tags, tag)) {
		return nil, wire.Errorf("ImageAlreadyExistsException", "Image with digest '%s' and tag '%s' already exists in the repository with name '%s' in registry with id '%s'", i.Digest, tag, *in.RepositoryName, w.Account)
	}
	if tag != "" {
		if old := r.named(ecrtypes.ImageIdentifier{ImageTag: &tag}); old != nil {
			if r.ImageTagMutability == ecrtypes.ImageTagMutabilityImmutable {
				return nil, wire.Errorf("ImageTagAlreadyExistsException", "The image tag '%s' already exists in the '%s' repository and cannot be overwritten because the tag is immutable.", tag, *in.RepositoryName)
			}
			old.untag(tag)
		}
	}
	if have == nil {
		i.Tags, i.Pushed = nil, w.now
		r.images = append(slices.Clone(r.images), i)
		have = i
	}
	if tag != "" {
		have.Tags = append(slices.Clone(have.Tags), tag)
	}
	return &ecr.PutImageOutput{Image: &ecrtypes.Image{
		RegistryId: aws.String(w.Account), RepositoryName: in.RepositoryName, ImageManifest: in.ImageManifest, ImageManifestMediaType: aws.String(have.mediaType()),
		ImageId: &ecrtypes.ImageIdentifier{ImageDigest: aws.String(have.Digest), ImageTag: in.ImageTag},
	}}, nil
}

// pushed is the image of a manifest, a copy that belongs to no repository yet.
func (w *World) pushed(text string) (*image, error) {
	var compact bytes.Buffer
	var d manifestDocument
	if json.Compact(&compact, []byte(text)) != nil || json.Unmarshal([]byte(text), &d) != nil || d.SchemaVersion != 2 {
		return nil, wire.Errorf("InvalidParameterException", "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'")
	}
	for _, r := range sorted(w.repositories) {
		for _, i := range r.images {
			if i.manifest() == compact.String() {
				known := *i
				return &known, nil
			}
		}
	}
	sum := sha256.Sum256([]byte(text))
	i := &image{Digest: "sha256:" + hex.EncodeToString(sum[:]), Index: len(d.Manifests) > 0}
	for _, m := range d.Manifests {
		if m.Platform != nil {
			i.Platforms = append(i.Platforms, m.Platform.OS+"/"+m.Platform.Architecture)
		}
	}
	for _, l := range d.Layers {
		i.Size += l.Size
	}
	if !i.Index {
		i.Platforms = []string{"linux/amd64"}
	}
	return i, nil
}

func (i *image) untag(tag string) {
	i.Tags = slices.DeleteFunc(slices.Clone(i.Tags), func(t string) bool { return t == tag })
}

// batchDeleteImage by tag takes the tag away, and the image with its last tag; by digest it takes the image.
func (w *World) batchDeleteImage(in *ecr.BatchDeleteImageInput) (*ecr.BatchDeleteImageOutput, error) {
	r, err := w.findRepository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	out := &ecr.BatchDeleteImageOutput{}
	for _, id := range in.ImageIds {
		i := r.named(id)
		if i == nil {
			out.Failures = append(out.Failures, ecrtypes.ImageFailure{ImageId: &id, FailureCode: ecrtypes.ImageFailureCodeImageNotFound, FailureReason: aws.String("Requested image not found")})
			continue
		}
		if id.ImageDigest == nil {
			i.untag(*id.ImageTag)
		}
		if id.ImageDigest != nil || len(i.Tags) == 0 {
			r.images = slices.DeleteFunc(slices.Clone(r.images), func(o *image) bool { return o == i })
		}
		out.ImageIds = append(out.ImageIds, ecrtypes.ImageIdentifier{ImageDigest: aws.String(i.Digest), ImageTag: id.ImageTag})
	}
	return out, nil
}

// findImage looks an image up by ":tag" or "@sha256:...". Both results are nil without the repository, the image alone
// when only it is missing.
func (w *World) findImage(repo, ref string) (*repository, *image) {
	r := w.repositories[repo]
	if r == nil {
		return nil, nil
	}
	tag, byTag := strings.CutPrefix(ref, ":")
	digest, byDigest := strings.CutPrefix(ref, "@")
	for _, i := range r.images {
		if byTag && slices.Contains(i.Tags, tag) || byDigest && i.Digest == digest {
			return r, i
		}
	}
	return r, nil
}
