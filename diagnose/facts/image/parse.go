package image

import (
	"fmt"
	"regexp"
	"strings"
)

// The grammar is that of the OCI distribution specification and of Docker's reference library: a host is what stands
// before the first slash and holds a dot, a colon or a capital letter, or is "localhost".
var (
	hostForm   = regexp.MustCompile(`^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$`)
	pathForm   = regexp.MustCompile(`^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$`)
	tagForm    = regexp.MustCompile(`^\w[\w.-]{0,127}$`)
	digestForm = regexp.MustCompile(`^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$`)
	bareID     = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// ecrHost is a private ECR registry: the classic name, dual-stack (dkr-ecr, on.aws) and FIPS. Amazon ECR user guide,
// "Amazon ECR private registry" and "Making requests to Amazon ECR registries".
var ecrHost = regexp.MustCompile(`^([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z]{2,5}(?:-[a-z]+)+-[0-9]+)\.(?:` +
	`amazonaws\.com|amazonaws\.com\.cn|on\.aws|on\.amazonwebservices\.com\.cn|amazonaws\.eu|on\.amazonwebservices\.eu|` +
	`c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$`)

// partitions are those of regions whose names start so; all others are in "aws".
var partitions = []struct{ prefix, partition string }{
	{"cn-", "aws-cn"},
	{"us-gov-", "aws-us-gov"},
	{"us-iso-", "aws-iso"},
	{"us-isob-", "aws-iso-b"},
	{"eu-isoe-", "aws-iso-e"},
	{"us-isof-", "aws-iso-f"},
	{"eusc-", "aws-eusc"},
}

// Parse takes a reference apart. It never fails: what the runtime would refuse is not Valid and says why.
func Parse(ref string) Reference {
	r := Reference{Text: ref}
	if r.Problem = problemOf(ref); r.Problem != "" {
		return r
	}
	rest, digest, hasDigest := strings.Cut(ref, "@")
	host, path := splitHost(rest)
	tag, hasTag := "", false
	if i := strings.LastIndexByte(path, ':'); i >= 0 {
		path, tag, hasTag = path[:i], path[i+1:], true
	}
	switch {
	case hasDigest && !digestForm.MatchString(digest):
		r.Problem = fmt.Sprintf("digest %q: want sha256: and 64 digits 0-9 a-f", digest)
	case hasTag && tag == "":
		r.Problem = "the tag after the colon is empty"
	case hasTag && !tagForm.MatchString(tag):
		r.Problem = fmt.Sprintf("tag %q: want up to 128 letters, digits, dots, underscores and dashes, not beginning with a dot or dash", tag)
	case path == "":
		r.Problem = "the repository name is empty"
	case path != strings.ToLower(path):
		r.Problem = fmt.Sprintf("repository %q: want small letters only", path)
	case !pathForm.MatchString(path) || bareID.MatchString(path):
		r.Problem = fmt.Sprintf("repository %q: want small letters and digits, with single dots, underscores or dashes between them", path)
	case host != "" && !hostForm.MatchString(host):
		r.Problem = fmt.Sprintf("registry %q is not a host name", host)
	case len(host)+len(path) > 254:
		r.Problem = "the name is longer than 255 characters"
	}
	if r.Problem != "" {
		return r
	}
	r.Valid, r.Registry, r.Repository, r.Tag, r.Digest = true, host, path, tag, digest
	if !hasTag && !hasDigest {
		r.Tag = "latest"
	}
	r.place()
	return r
}

// problemOf says what is wrong with the text as a whole.
func problemOf(ref string) string {
	switch {
	case ref == "":
		return "the reference is empty"
	case strings.TrimSpace(ref) != ref || strings.ContainsAny(ref, " \t\r\n"):
		return "the reference holds white space"
	case strings.Contains(ref, "://"):
		return "the reference begins with a protocol such as https://, which has no place in it"
	case strings.ContainsAny(ref, "${}<>"):
		return "the reference holds a placeholder that nobody filled in"
	}
	return ""
}

// splitHost splits the registry host off; host is "" where none is written.
func splitHost(name string) (host, path string) {
	first, rest, ok := strings.Cut(name, "/")
	if ok && (strings.ContainsAny(first, ".:") || first == "localhost" || first != strings.ToLower(first)) {
		return first, rest
	}
	return "", name
}

// place says whose registry it is and fills in Docker's defaults.
func (r *Reference) place() {
	host := strings.ToLower(r.Registry)
	switch {
	case host == "" || host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io" || host == "registry.hub.docker.com":
		r.DockerHub = true
		if host == "" || host == "index.docker.io" {
			r.Registry = "docker.io"
		}
		if !strings.Contains(r.Repository, "/") {
			r.Repository = "library/" + r.Repository
		}
	case host == "public.ecr.aws" || host == "ecr-public.aws.com":
		r.PublicECR = true
	}
	m := ecrHost.FindStringSubmatch(host)
	if m == nil {
		return
	}
	r.ECR, r.Account, r.Region, r.Partition = true, m[1], m[2], "aws"
	for _, p := range partitions {
		if strings.HasPrefix(r.Region, p.prefix) {
			r.Partition = p.partition
		}
	}
}
