package lab

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// imageRef is an image reference taken apart.
type imageRef struct {
	full    string // as in the task definition
	host    string // ECR registry or registry-1.docker.io
	account string // of an ECR registry, else ""
	repo    string // shop/orders, or library/nginx on Docker Hub
	ref     string // ":tag" or "@sha256:..."
	region  string
}

var ecrHost = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$`)

// parseImage reads an image reference the way a container runtime does: without a registry it is Docker Hub's.
func parseImage(s string) imageRef {
	r := imageRef{full: s, ref: ":latest"}
	name := s
	if before, digest, ok := strings.Cut(s, "@"); ok {
		name, r.ref = before, "@"+digest
	}
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		if !strings.HasPrefix(r.ref, "@") {
			r.ref = name[i:]
		}
		name = name[:i]
	}
	host, rest, ok := strings.Cut(name, "/")
	if !ok || !strings.ContainsAny(host, ".:") && host != "localhost" {
		host, rest = "docker.io", name
	}
	r.host, r.repo = host, rest
	if m := ecrHost.FindStringSubmatch(host); m != nil {
		r.account, r.region = m[1], m[2]
	}
	if host == "docker.io" {
		r.host = "registry-1.docker.io"
		if !strings.Contains(rest, "/") {
			r.repo = "library/" + rest
		}
	}
	return r
}

// tag is what stands in a manifest URL.
func (r imageRef) tag() string { return r.ref[1:] }

// resolved is the reference with a digest in the place of the tag, when the deployment is pinned to one.
func (r imageRef) resolved(digest string) imageRef {
	if digest != "" {
		name, _, _ := strings.Cut(r.full, "@")
		if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
			name = name[:i]
		}
		r.full, r.ref = name+"@"+digest, "@"+digest
	}
	return r
}

// manifest resolves the image of a container. Version consistency: the digest that the first task of a deployment found is the
// digest of all its tasks.
func (w *World) manifest(t *task, c *container) *failure {
	if t.PullStartedAt == nil {
		t.PullStartedAt = aws.Time(w.now)
	}
	name := aws.ToString(c.def.Name)
	d := t.launch.deployment
	r := parseImage(aws.ToString(c.def.Image))
	if d != nil && c.def.VersionConsistency != ecstypes.VersionConsistencyDisabled {
		r = r.resolved(d.digests[name])
	}
	img, f := w.lookup(t, c, r)
	if f != nil {
		f.container = c
		return f
	}
	want := t.platform()
	if (img.Index || len(img.Platforms) > 1) && !slices.Contains(img.Platforms, want) {
		return &failure{container: c, reason: fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform '%s'", want)}
	}
	c.image = img
	t.Containers[c.index].ImageDigest = aws.String(img.Digest)
	if d != nil && d.digests[name] == "" {
		d.digests[name] = img.Digest
	}
	return nil
}

// lookup asks the registry for the image.
func (w *World) lookup(t *task, c *container, r imageRef) (*image, *failure) {
	const retried = "CannotPullContainerError: pull image manifest has been retried %d time(s): failed to resolve ref %s: %s"
	if r.account == "" {
		return w.lookupPublic(t, r)
	}
	endpoint, broken := w.dial(t, r.host, 443)
	if broken != "" {
		return nil, &failure{patience: patience, reason: fmt.Sprintf("CannotPullContainerError: The task cannot pull '%s' from the Amazon ECR repository '%s/%s'. There is a connection issue between the task and Amazon ECR. "+
			"Check your task network configuration. : failed to resolve ref %s: failed to do request: Head \"https://%s/v2/%s/manifests/%s\": %s", r.full, r.host, r.repo, r.full, r.host, r.repo, r.tag(), broken)}
	}
	arn := fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", w.Partition, r.region, r.account, r.repo)
	repo, img := w.findImage(r.repo, r.ref)
	if r.account != w.Account || r.region != w.Region {
		repo, img = nil, nil
	}
	policy := ""
	if repo != nil {
		policy = repo.policy
	}
	if no := w.denied(t, "ecr:BatchGetImage", arn, policy, endpoint); no != "" {
		return nil, &failure{reason: fmt.Sprintf(retried, 1, r.full, fmt.Sprintf("pulling from host %s failed with status code [manifests %s]: 403 Forbidden", r.host, r.tag()))}
	}
	if img == nil {
		var f *failure
		if img, f = w.pullThrough(t, r, endpoint); f != nil {
			return nil, f
		}
	}
	if img == nil { // a missing repository looks the same as a missing tag to the runtime
		return nil, &failure{reason: fmt.Sprintf(retried, 7, r.full, r.full+": not found")}
	}
	return img, nil
}

// lookupPublic is a registry without AWS: Docker Hub, public.ecr.aws and others.
func (w *World) lookupPublic(t *task, r imageRef) (*image, *failure) {
	const retried = "CannotPullContainerError: pull image manifest has been retried %d time(s): failed to resolve ref %s: %s"
	canonical := r.host + "/" + r.repo
	if r.host == "registry-1.docker.io" {
		canonical = "docker.io/" + r.repo
	}
	full := canonical + r.ref
	if _, broken := w.dial(t, r.host, 443); broken != "" {
		return nil, &failure{patience: patience, reason: fmt.Sprintf(retried, 5, full, fmt.Sprintf("failed to do request: Head \"https://%s/v2/%s/manifests/%s\": %s", r.host, r.repo, r.tag(), broken))}
	}
	if w.hubLimited && r.host == "registry-1.docker.io" {
		return nil, &failure{reason: fmt.Sprintf(retried, 1, full, fmt.Sprintf("unexpected status from HEAD request to https://%s/v2/%s/manifests/%s: 429 Too Many Requests - Server message: toomanyrequests: "+
			"You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit", r.host, r.repo, r.tag()))}
	}
	p := w.public[canonical]
	if p == nil {
		return nil, &failure{reason: fmt.Sprintf(retried, 1, full, "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed")}
	}
	if !slices.Contains(p.Tags, r.tag()) && r.tag() != p.Digest {
		return nil, &failure{reason: fmt.Sprintf(retried, 1, full, full+": not found")}
	}
	return &p.image, nil
}

// layers downloads the image.
func (w *World) layers(t *task, c *container) *failure {
	r := parseImage(aws.ToString(c.def.Image))
	if r.account == "" {
		return nil // the registry that gave the manifest gives the layers
	}
	// ECR hands out the place of a layer on the registry's own connection, the layer itself comes from S3.
	layer := "sha256:" + strings.Repeat(strings.TrimPrefix(c.image.Digest, "sha256:"), 2)[7:71]
	arn := fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", w.Partition, r.region, r.account, r.repo)
	repo, _ := w.findImage(r.repo, "@"+c.image.Digest)
	policy := ""
	if repo != nil {
		policy = repo.policy
	}
	registry, _ := w.dial(t, r.host, 443)
	if no := w.denied(t, "ecr:GetDownloadUrlForLayer", arn, policy, registry); no != "" {
		return &failure{container: c, reason: fmt.Sprintf("CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://%s/v2/%s/blobs/%s: 403 Forbidden", r.host, r.repo, layer)}
	}
	host := w.hostOf("layers")
	endpoint, broken := w.dial(t, host, 443)
	if broken != "" {
		return &failure{container: c, patience: patience, reason: fmt.Sprintf("CannotPullContainerError: The task cannot pull %s from the registry %s. There is a connection issue between the task and the registry. "+
			"Check your task network configuration. : failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://%s/%s/%s\": %s", r.full, r.host, host, strings.TrimPrefix(layer, "sha256:")[:4], layer, broken)}
	}
	if !w.endpointAllows(endpoint, "s3:GetObject", fmt.Sprintf("arn:%s:s3:::prod-%s-starport-layer-bucket/*", w.Partition, w.Region)).Allowed {
		return &failure{container: c, reason: fmt.Sprintf("CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://%s/%s/%s: 403 Forbidden", host, strings.TrimPrefix(layer, "sha256:")[:4], layer)}
	}
	return nil
}

// pullTime is how long the layers take: a second and what 60 MB/s give.
func pullTime(i *image) time.Duration {
	if i == nil {
		return time.Second
	}
	return time.Second + time.Duration(i.Size)*time.Second/60e6
}
