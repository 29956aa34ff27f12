package image

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

const statusArchived = "ARCHIVED"

// maxOtherTags bounds the advice.
const maxOtherTags = 5

// Look reads what is known of the image behind a reference. os and arch are those of the task definition (LINUX,
// X86_64; "" = these defaults). It asks for the repository and the image together, so that one wave decides; for the
// manifest only where wantPlatforms, because reading it is what a pull does.
//
// Images outside ECR and references that are not valid leave every check unknown, with the reason.
func Look(v *evidence.View, ref, os, arch string, wantPlatforms bool) Image {
	r := Parse(ref)
	img := Image{Text: ref, Registry: r.Registry, Account: r.Account, Region: r.Region, Repository: r.Repository, Tag: r.Tag, Digest: r.Digest,
		ECR: r.ECR, DockerHub: r.DockerHub, PublicECR: r.PublicECR, Valid: r.Valid, Problem: r.Problem, Wanted: wanted(os, arch)}
	if why := outOfReach(r); why != "" {
		x := Check{Basis: v.Track().Undecided(why)}
		img.RepositoryMissing, img.TagMissing, img.DigestGone, img.WrongPlatform, img.Archived = x, x, x, x, x
		img.OtherTags.Basis = x.Basis
		return img
	}
	l := look{view: v, ref: r, repository: evidence.RepositoryKey(r.RepositoryID()), image: evidence.ImageKey(r.RepositoryID(), r.Suffix())}
	_, l.repositoryState = evidence.Read(v, l.repository)
	l.found, l.imageState = evidence.Read(v, l.image)
	img.RepositoryMissing = l.repositoryMissing()
	img.TagMissing = l.missing(r.Digest == "", "tag "+r.Tag)
	img.DigestGone = l.missing(r.Digest != "", "digest "+r.Digest)
	img.Archived = l.archived()
	img.WrongPlatform, img.Platforms = l.platform(img.Wanted, wantPlatforms)
	img.OtherTags = l.otherTags(img.TagMissing, img.DigestGone)
	return img
}

// outOfReach says why nobody can be asked about the image; "" = ECR can.
func outOfReach(r Reference) string {
	switch {
	case !r.Valid:
		return "the image reference is not valid: " + r.Problem
	case !r.ECR:
		return fmt.Sprintf("the image is in the registry %s, which is not asked", r.Registry)
	}
	return ""
}

// look is the state of one image in ECR.
type look struct {
	view            *evidence.View
	ref             Reference
	repository      evidence.Ref[evidence.Repository]
	image           evidence.Ref[evidence.Image]
	repositoryState evidence.State
	imageState      evidence.State
	found           evidence.Image
}

// window opens a window of its own for one check and asks both keys again, so that the check names what it misses.
func (l look) window() *evidence.View {
	w := l.view.Track()
	w.Want(l.repository.Key)
	w.Want(l.image.Key)
	return w
}

// answer is a decided check.
func (l look) answer(w *evidence.View, holds bool, resource, detail string) Check {
	return Check{Holds: holds, Resource: resource, Detail: detail, Basis: w.Decided()}
}

func (l look) citeRepository(w *evidence.View, value string) {
	w.Cite(l.repository.Key, "repository "+l.ref.Repository, "repositoryName", value)
}

func (l look) citeImage(w *evidence.View, field, value string) {
	w.Cite(l.image.Key, "image "+l.ref.Text, field, value)
}

// where names the repository as people would look for it.
func (l look) where() string {
	return fmt.Sprintf("repository %s in account %s, %s", l.ref.Repository, l.ref.Account, l.ref.Region)
}

func (l look) repositoryMissing() Check {
	w := l.window()
	switch {
	case l.repositoryState == evidence.Absent:
		l.citeRepository(w, "does not exist")
		return l.answer(w, true, l.ref.Repository, "there is no "+l.where())
	case l.repositoryState == evidence.Found:
		l.citeRepository(w, l.ref.Repository)
		return l.answer(w, false, l.ref.Repository, l.where()+" exists")
	case l.imageState == evidence.Found:
		l.citeImage(w, "imageDigest", l.found.Digest)
		return l.answer(w, false, l.ref.Repository, l.where()+" exists, for it holds the image")
	}
	return Check{Basis: w.Undecided("")}
}

// missing is whether the repository is there and the tag or digest is not. asked is false where the reference has no
// such part.
func (l look) missing(asked bool, part string) Check {
	w := l.window()
	switch {
	case !asked:
		return l.answer(w, false, l.ref.Text, "the reference is not by "+strings.Fields(part)[0])
	case l.imageState == evidence.Found:
		l.citeImage(w, "imageDigest", l.found.Digest)
		return l.answer(w, false, l.ref.Text, fmt.Sprintf("%s exists in %s", part, l.where()))
	case l.repositoryState == evidence.Absent:
		l.citeRepository(w, "does not exist")
		return l.answer(w, false, l.ref.Text, "there is no "+l.where())
	case l.imageState == evidence.Absent && l.repositoryState == evidence.Found:
		l.citeRepository(w, l.ref.Repository)
		l.citeImage(w, "imageId", "does not exist")
		return l.answer(w, true, l.ref.Text, fmt.Sprintf("%s is not in %s", part, l.where()))
	}
	return Check{Basis: w.Undecided("")}
}

// noImage is the "no" of a question about an image that is not there.
func (l look) noImage(w *evidence.View) Check {
	if l.repositoryState == evidence.Absent {
		l.citeRepository(w, "does not exist")
	} else {
		l.citeImage(w, "imageId", "does not exist")
	}
	return l.answer(w, false, l.ref.Text, "the image does not exist")
}

// archived: an archived image cannot be pulled until it is restored. Amazon ECR API reference, ImageDetail.imageStatus.
func (l look) archived() Check {
	w := l.window()
	switch {
	case l.repositoryState == evidence.Absent || l.imageState == evidence.Absent:
		return l.noImage(w)
	case l.imageState != evidence.Found:
		return Check{Basis: w.Undecided("")}
	case l.found.Status == "":
		return Check{Basis: w.Undecided("AWS did not tell whether the image is archived")}
	}
	l.citeImage(w, "imageStatus", l.found.Status)
	return l.answer(w, l.found.Status == statusArchived, l.ref.Text, "the image is "+l.found.Status)
}

func (l look) platform(want string, asked bool) (Check, []string) {
	w := l.window()
	if l.repositoryState == evidence.Absent || l.imageState == evidence.Absent {
		return l.noImage(w), nil
	}
	if !asked {
		return Check{Basis: l.view.Track().Undecided("the platforms of the image were not asked for: nothing speaks of a platform")}, nil
	}
	key := evidence.ManifestKey(l.ref.RepositoryID(), l.ref.Suffix())
	m, st := evidence.Read(w, key)
	l.view.Want(key.Key)
	has := platforms(m.Platforms)
	switch {
	case st == evidence.Absent:
		return Check{Basis: w.Undecided("the registry has no manifest of the image to show")}, nil
	case st != evidence.Found:
		return Check{Basis: w.Undecided("")}, nil
	case len(has) == 0:
		return Check{Basis: w.Undecided("an image for a single platform names it only in its configuration, which is not read")}, nil
	}
	w.Cite(key.Key, "image "+l.ref.Text, "platforms", strings.Join(has, ", "))
	fits := slices.ContainsFunc(has, func(p string) bool { return p == want || strings.HasPrefix(p, want+"/") })
	return l.answer(w, !fits, l.ref.Text, fmt.Sprintf("the image is for %s; the task asks for %s", strings.Join(has, ", "), want)), has
}

// platforms drops what is no platform: attestations stand in an index as unknown/unknown.
func platforms(in []string) []string {
	var out []string
	for _, p := range in {
		if p = strings.ToLower(p); p != "" && !strings.HasPrefix(p, "unknown/") && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// otherTags reads what could be run instead.
func (l look) otherTags(missing ...Check) OtherTags {
	w := l.view.Track()
	if !slices.ContainsFunc(missing, func(c Check) bool { return !c.Basis.Unknown && c.Holds }) {
		return OtherTags{Basis: w.Decided()}
	}
	key := evidence.RepositoryImagesKey(l.ref.RepositoryID())
	images, st := evidence.Read(w, key)
	l.view.Want(key.Key)
	if st != evidence.Found && st != evidence.Absent {
		return OtherTags{Basis: w.Undecided("")}
	}
	newest := slices.Clone(images.Images)
	slices.SortStableFunc(newest, func(a, b evidence.Image) int {
		return cmp.Or(b.PushedAt.At.Compare(a.PushedAt.At), cmp.Compare(a.Digest, b.Digest))
	})
	var tags []string
	for _, img := range newest {
		if img.Status == statusArchived {
			continue
		}
		tags = append(tags, img.Tags...)
	}
	tags = tags[:min(len(tags), maxOtherTags)]
	w.Cite(key.Key, "repository "+l.ref.Repository, "imageTags", strings.Join(tags, ", "))
	return OtherTags{Tags: tags, Basis: w.Decided()}
}

// wanted is the platform that a task definition asks for, in the words of an OCI index. ECS API reference,
// RuntimePlatform: LINUX or WINDOWS_SERVER_..., X86_64 or ARM64; LINUX and X86_64 where it is not set.
func wanted(os, arch string) string {
	platform := "linux"
	if strings.HasPrefix(strings.ToUpper(os), "WINDOWS") {
		platform = "windows"
	}
	if strings.EqualFold(arch, "ARM64") {
		return platform + "/arm64"
	}
	return platform + "/amd64"
}
