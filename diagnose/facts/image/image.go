// Package image reads image references and says what is known of the image behind one: whether its repository, tag
// or digest exists and for which platforms it was built. Pure functions over an evidence.View: no clock, no I/O.
package image

import "github.com/ecsplain/ecsplain/evidence"

// Reference is an image reference taken apart, with Docker's defaults filled in. Where Valid is false the container
// runtime refuses the text and only Text and Problem mean anything.
type Reference struct {
	Text       string `json:"text"`       // as written
	Registry   string `json:"registry"`   // host, with port; docker.io where none is written
	Account    string `json:"account"`    // of an ECR registry
	Region     string `json:"region"`     // of an ECR registry
	Partition  string `json:"partition"`  // of an ECR registry: aws, aws-cn, aws-us-gov, ...
	Repository string `json:"repository"` // everything between registry and tag: team/app
	Tag        string `json:"tag"`        // "latest" where neither tag nor digest is written; "" where only a digest is
	Digest     string `json:"digest"`     // sha256:...; where it is set, it decides and Tag is decoration
	ECR        bool   `json:"ecr"`        // a private ECR registry
	DockerHub  bool   `json:"docker_hub"`
	PublicECR  bool   `json:"public_ecr"`
	Valid      bool   `json:"valid"`
	Problem    string `json:"problem"` // why it is not valid
}

// RepositoryID is evidence.RepositoryID of a valid ECR reference, "" for others.
func (r Reference) RepositoryID() string {
	if !r.Valid || !r.ECR {
		return ""
	}
	return evidence.RepositoryID(r.Account, r.Region, r.Repository)
}

// Suffix is ":TAG", or "@sha256:..." where a digest is written: the digest wins. It is "" where Valid is false.
func (r Reference) Suffix() string {
	switch {
	case !r.Valid:
		return ""
	case r.Digest != "":
		return "@" + r.Digest
	}
	return ":" + r.Tag
}

// Check is one yes-or-no question about a named thing. Where its Basis is Unknown the other fields mean nothing.
type Check struct {
	Holds    bool           `json:"holds"`
	Resource string         `json:"resource"`
	Detail   string         `json:"detail"` // one sentence of fact
	Basis    evidence.Basis `json:"-"`
}

// Image is what is known of an image. The checks about absence exclude each other: a missing repository has no missing
// tag. An image that is there may be archived and for the wrong platform.
type Image struct {
	Text       string `json:"text"` // the reference as written
	Registry   string `json:"registry"`
	Account    string `json:"account"`
	Region     string `json:"region"`
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
	Digest     string `json:"digest"`
	ECR        bool   `json:"ecr"`
	DockerHub  bool   `json:"docker_hub"`
	PublicECR  bool   `json:"public_ecr"`
	Valid      bool   `json:"valid"`
	Problem    string `json:"problem"` // why the reference is not valid

	RepositoryMissing Check `json:"repository_missing"`
	TagMissing        Check `json:"tag_missing"`    // the repository is there, the tag is not
	DigestGone        Check `json:"digest_gone"`    // the repository is there, the digest is not
	WrongPlatform     Check `json:"wrong_platform"` // the image is there, not for Wanted
	Archived          Check `json:"archived"`       // the image is there, in the archive: it cannot be pulled

	OtherTags OtherTags `json:"other_tags"` // for advice, where tag or digest is missing
	Platforms []string  `json:"platforms"`  // linux/amd64, ...; empty where not read or not told
	Wanted    string    `json:"wanted"`     // the platform that the task asks for: linux/amd64
}

// OtherTags are the newest tags that the repository does have, newest first, at most 5. It is empty and decided where
// nothing is missing, so it costs a call only where the advice is of use.
type OtherTags struct {
	Tags  []string       `json:"tags"`
	Basis evidence.Basis `json:"-"`
}
