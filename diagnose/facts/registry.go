package facts

import (
	"cmp"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/diagnose/facts/image"
	"github.com/ecsplain/ecsplain/evidence"
)

// PullThrough is the pull-through cache rule that fills the repository of the image, and what keeps it from doing so.
type PullThrough struct {
	Prefix     string         `json:"prefix"`     // of the rule; "" = no rule fits the image
	Upstream   string         `json:"upstream"`   // URL of the registry behind it
	Prefixes   []string       `json:"prefixes"`   // of all rules of the registry
	Path       string         `json:"path"`       // what follows the prefix
	Action     string         `json:"action"`     // what the first pull needs: ecr:CreateRepository or ecr:BatchImportUpstreamImage
	NoRule     Check          `json:"no_rule"`    // the name looks like one of a cache and no rule fits
	Denied     Check          `json:"denied"`     // the execution role may not do Action
	Library    Check          `json:"library"`    // a Docker official image without library/ in its name
	Credential Check          `json:"credential"` // the rule's secret is missing, marked for deletion, misnamed, or not set where one is needed
	Basis      evidence.Basis `json:"-"`
}

// upstreams are the names that AWS's console proposes as prefixes (Amazon ECR user guide, pull through cache rules).
var upstreams = []string{"docker-hub", "dockerhub", "docker", "ecr-public", "public-ecr", "quay", "kubernetes", "k8s", "github", "ghcr", "gitlab", "azure", "acr", "chainguard"}

// needsLogin are the upstream registries for which a rule must have credentials (Amazon ECR user guide).
var needsLogin = []string{"registry-1.docker.io", "ghcr.io", "registry.gitlab.com"}

func pullThroughFact(v *evidence.View, in *Incident) {
	w := v.Track()
	p := &in.PullThrough
	*p = PullThrough{}
	ref := image.Parse(cmp.Or(in.Definition.Image, in.Message.Fields.Image))
	if in.Definition.Basis.Unknown || !ref.ECR {
		b := in.Definition.Basis
		if !b.Unknown {
			b = evidence.Basis{Cites: citeDefinition(v, in, "containerDefinitions.image", in.Definition.Image)}
		}
		p.Basis, p.NoRule.Basis, p.Denied.Basis, p.Library.Basis, p.Credential.Basis = b, b, b, b, b
		return
	}
	key := evidence.PullThroughRulesKey(ref.Account, ref.Region)
	rules, st := evidence.Read(w, key)
	if st != evidence.Found && st != evidence.Absent {
		b := w.Undecided("")
		p.Basis, p.NoRule.Basis, p.Denied.Basis, p.Library.Basis, p.Credential.Basis = b, b, b, b, b
		return
	}
	var rule evidence.PullThroughRule
	for _, r := range rules.Rules {
		p.Prefixes = append(p.Prefixes, r.Prefix)
		if strings.HasPrefix(ref.Repository, r.Prefix+"/") && len(r.Prefix) > len(rule.Prefix) {
			rule = r
		}
	}
	first, _, nested := strings.Cut(ref.Repository, "/")
	w.Cite(key.Key, "registry "+ref.Account, "pullThroughCacheRules.ecrRepositoryPrefix", cmp.Or(strings.Join(p.Prefixes, ", "), "none"))
	p.Basis = w.Decided()
	p.Prefix, p.Upstream, p.Path = rule.Prefix, rule.URL, strings.TrimPrefix(ref.Repository, rule.Prefix+"/")
	looks := nested && slices.ContainsFunc(append(slices.Clone(upstreams), p.Prefixes...), func(s string) bool { return near(first, s) })
	p.NoRule = Check{Holds: rule.Prefix == "" && looks, Resource: ref.Repository, Detail: "no pull-through cache rule has the prefix " + first, Basis: p.Basis}
	p.Library = Check{Holds: rule.URL == "registry-1.docker.io" && rule.UpstreamPrefix == "" && !strings.Contains(p.Path, "/"), Resource: ref.Text, Basis: p.Basis}
	p.Credential = pullThroughCredential(v, rule, p.Basis)
	p.Denied = pullThroughDenied(v, in, p, ref)
}

// near reports whether two names are the same but for case, separators and one letter.
func near(a, b string) bool {
	clean := func(s string) string { return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s)) }
	a, b = clean(a), clean(b)
	if a == b {
		return true
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || len(a) < 4 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return a[i+1:] == b[i+1:]
	}
	return a[i:] == b[i+1:]
}

func pullThroughCredential(v *evidence.View, rule evidence.PullThroughRule, basis evidence.Basis) Check {
	c := Check{Resource: rule.Prefix, Basis: basis}
	if rule.Credential == "" {
		c.Holds = slices.Contains(needsLogin, rule.URL)
		c.Detail = "the rule has no credentials, and " + rule.URL + " needs a login"
		return c
	}
	c.Resource = rule.Credential
	w := v.Track()
	key := evidence.SecretKey(rule.Credential)
	secret, st := evidence.Read(w, key)
	_, name, _ := strings.Cut(rule.Credential, ":secret:")
	switch {
	case !strings.HasPrefix(name, "ecr-pullthroughcache/"):
		c.Holds, c.Detail = true, "the secret's name does not begin with ecr-pullthroughcache/"
		return c
	case st == evidence.Absent:
		c.Holds, c.Detail = true, "the secret does not exist"
		w.Cite(key.Key, "secret "+rule.Credential, "ARN", "does not exist")
	case st == evidence.Found && secret.DeletedAt.Known:
		c.Holds, c.Detail = true, "the secret is marked for deletion"
		w.Cite(key.Key, "secret "+rule.Credential, "DeletedDate", "set")
	case st != evidence.Found:
		c.Basis = w.Undecided("")
		return c
	default:
		w.Cite(key.Key, "secret "+rule.Credential, "ARN", "exists")
	}
	c.Basis = w.Decided()
	return c
}

// pullThroughDenied: the role that pulls makes the repository and imports the image, where they are not there yet
// (Amazon ECR user guide, IAM permissions for pull through cache).
func pullThroughDenied(v *evidence.View, in *Incident, p *PullThrough, ref image.Reference) Check {
	c := Check{Resource: iam.RoleName(in.Definition.ExecutionRole), Basis: p.Basis}
	if p.Prefix == "" || in.Definition.ExecutionRole == "" {
		return c
	}
	arn := "arn:" + cmp.Or(ref.Partition, in.Launch.Partition) + ":ecr:" + ref.Region + ":" + ref.Account + ":repository/" + ref.Repository
	create := iam.RoleMay(v.Track(), in.Definition.ExecutionRole, "ecr:CreateRepository", arn, nil)
	imports := iam.RoleMay(v.Track(), in.Definition.ExecutionRole, "ecr:BatchImportUpstreamImage", arn, nil)
	missing := in.Image.Look.RepositoryMissing
	if missing.Basis.Unknown {
		c.Basis = missing.Basis
		return c
	}
	d := imports
	p.Action = "ecr:BatchImportUpstreamImage"
	if missing.Holds && (create.Basis.Unknown || create.Denied) {
		d, p.Action = create, "ecr:CreateRepository"
	}
	c.Holds, c.Detail, c.Basis = d.Denied, d.Says, d.Basis
	return c
}

// RegistryLogin is how the container logs in to a registry that is not ECR.
type RegistryLogin struct {
	Host    string         `json:"host"`    // of the registry
	Foreign bool           `json:"foreign"` // it is not ECR
	Secret  string         `json:"secret"`  // repositoryCredentials; "" = none
	Missing Check          `json:"missing"` // the secret does not exist or is marked for deletion
	Basis   evidence.Basis `json:"-"`
}

func registryLoginFact(v *evidence.View, in *Incident) {
	w := v.Track()
	td, known := launched(w, in)
	if !known {
		b := w.Undecided("")
		in.RegistryLogin = RegistryLogin{Missing: Check{Basis: b}, Basis: b}
		return
	}
	c := concernedContainer(td, in)
	ref := image.Parse(c.Image)
	r := RegistryLogin{Host: ref.Registry, Foreign: ref.Valid && !ref.ECR, Secret: c.RepositoryCredentials,
		Basis: evidence.Basis{Cites: citeDefinition(v, in, "containerDefinitions["+c.Name+"].repositoryCredentials", cmp.Or(c.RepositoryCredentials, "none"))}}
	r.Missing = Check{Resource: r.Secret, Basis: r.Basis}
	if r.Secret != "" {
		key := evidence.SecretKey(r.Secret)
		s, st := evidence.Read(w, key)
		r.Missing.Holds = st == evidence.Absent || st == evidence.Found && s.DeletedAt.Known
		w.Cite(key.Key, "secret "+r.Secret, "ARN", map[bool]string{true: "does not exist or is being deleted", false: "exists"}[r.Missing.Holds])
		r.Missing.Basis = w.Decided()
		if st != evidence.Found && st != evidence.Absent {
			r.Missing.Basis = w.Undecided("")
		}
	}
	in.RegistryLogin = r
}

// Lifecycle is whether a rule of the repository's lifecycle policy removes images such as the one that is gone.
type Lifecycle struct {
	Selects  bool           `json:"selects"`
	Rule     string         `json:"rule"`      // its description, else its selection, in words
	RanOnce  bool           `json:"ran_once"`  // a deployment of this revision completed or has running tasks: the image was there
	HasRules bool           `json:"has_rules"` // the repository has a policy
	Basis    evidence.Basis `json:"-"`
}

func lifecycleFact(v *evidence.View, in *Incident) {
	w := v.Track()
	ref := image.Parse(in.Image.Reference)
	if in.Image.Basis.Unknown || !ref.ECR {
		b := in.Image.Basis
		if !b.Unknown {
			b = w.Undecided("the image is not in ECR")
		}
		in.Lifecycle = Lifecycle{Basis: b}
		return
	}
	key := evidence.LifecyclePolicyKey(ref.RepositoryID())
	doc, st := evidence.Read(w, key)
	if st != evidence.Found && st != evidence.Absent {
		in.Lifecycle = Lifecycle{Basis: w.Undecided("")}
		return
	}
	l := Lifecycle{HasRules: st == evidence.Found, RanOnce: ref.Digest != "" || ranOnce(v, in)}
	l.Rule = expires(doc.Document, ref)
	l.Selects = l.Rule != ""
	w.Cite(key.Key, "repository "+ref.Repository, "lifecyclePolicyText", cmp.Or(l.Rule, map[bool]string{true: "no rule selects such an image", false: "none"}[l.HasRules]))
	l.Basis = w.Decided()
	in.Lifecycle = l
}

// ranOnce reports whether the service shows that this revision's image was there before.
func ranOnce(v *evidence.View, in *Incident) bool {
	svc, _ := evidence.Read(v.Track(), evidence.ServiceKey(in.Cluster, in.Service))
	return slices.ContainsFunc(svc.Deployments, func(d evidence.Deployment) bool {
		return d.TaskDefinition == in.Launch.TaskDefinition && (d.RolloutState == "COMPLETED" || d.Running > 0)
	})
}

// expires names the first rule that selects an image such as ref; "" = none does. A digest stands for an image whose tag
// was moved away, so rules for untagged images select it.
func expires(policy string, ref image.Reference) string {
	var doc struct {
		Rules []struct {
			Description string `json:"description"`
			Selection   struct {
				TagStatus      string   `json:"tagStatus"`
				TagPrefixList  []string `json:"tagPrefixList"`
				TagPatternList []string `json:"tagPatternList"`
				CountType      string   `json:"countType"`
				CountNumber    int      `json:"countNumber"`
			} `json:"selection"`
			Action struct {
				Type string `json:"type"`
			} `json:"action"`
		} `json:"rules"`
	}
	if json.Unmarshal([]byte(policy), &doc) != nil {
		return ""
	}
	for _, r := range doc.Rules {
		s := r.Selection
		tagged := slices.ContainsFunc(s.TagPrefixList, func(p string) bool { return strings.HasPrefix(ref.Tag, p) }) ||
			slices.ContainsFunc(s.TagPatternList, func(p string) bool { ok, _ := path.Match(p, ref.Tag); return ok })
		hit := s.TagStatus == "any" || s.TagStatus == "untagged" && ref.Digest != "" || s.TagStatus == "tagged" && ref.Digest == "" && tagged
		if hit && (r.Action.Type == "expire" || r.Action.Type == "") {
			return cmp.Or(r.Description, s.TagStatus+" images, "+s.CountType+" "+itoa(s.CountNumber))
		}
	}
	return ""
}

// Elsewhere is whether the image that is missing where the reference points stands in the task's own account and region.
type Elsewhere struct {
	Exists    bool           `json:"exists"`
	Reference string         `json:"reference"` // the one that would work
	Foreign   bool           `json:"foreign"`   // the reference names another account or region than the task's
	Basis     evidence.Basis `json:"-"`
}

func elsewhereFact(v *evidence.View, in *Incident) {
	w := v.Track()
	ref := image.Parse(in.Image.Reference)
	if in.Image.Basis.Unknown {
		in.Elsewhere = Elsewhere{Basis: in.Image.Basis}
		return
	}
	l := in.Launch
	e := Elsewhere{Foreign: ref.ECR && (ref.Region != l.Region || ref.Account != l.Account)}
	if !e.Foreign {
		e.Basis = in.Image.Basis
		in.Elsewhere = e
		return
	}
	key := evidence.ImageKey(evidence.RepositoryID(l.Account, l.Region, ref.Repository), ref.Suffix())
	_, st := evidence.Read(w, key)
	if st != evidence.Found && st != evidence.Absent {
		in.Elsewhere = Elsewhere{Foreign: true, Basis: w.Undecided("")}
		return
	}
	e.Exists = st == evidence.Found
	e.Reference = strings.Replace(ref.Text, ref.Account+".dkr.ecr."+ref.Region+".", l.Account+".dkr.ecr."+l.Region+".", 1)
	w.Cite(key.Key, "image "+e.Reference, "imageId", map[bool]string{true: "exists", false: "does not exist"}[e.Exists])
	e.Basis = w.Decided()
	in.Elsewhere = e
}

// Disk is the task's ephemeral storage against its images.
type Disk struct {
	GiB       int            `json:"gib"`        // ephemeral storage; 20 where nothing is set
	ImagesMiB int            `json:"images_mib"` // the images of all containers as ECR stores them, compressed; 0 = not known
	Next      int            `json:"next_gib"`   // a size to go to, at most 200
	Basis     evidence.Basis `json:"-"`
}

func diskFact(v *evidence.View, in *Incident) {
	w := v.Track()
	td, known := launched(w, in)
	if !known {
		in.Disk = Disk{Basis: w.Undecided("")}
		return
	}
	d := Disk{GiB: cmp.Or(td.EphemeralGiB, 20)}
	var bytes int64
	for _, c := range td.Containers {
		if ref := image.Parse(c.Image); ref.ECR {
			if i, st := evidence.Read(v.Track(), evidence.ImageKey(ref.RepositoryID(), ref.Suffix())); st == evidence.Found {
				bytes += i.SizeBytes
			}
		}
	}
	d.ImagesMiB = int(bytes >> 20)
	d.Next = min(200, max(21, d.GiB*2, int(bytes>>30)*4))
	w.Cite(evidence.TaskDefinitionKey(in.Launch.TaskDefinition).Key, "task definition "+in.Launch.TaskDefinition, "ephemeralStorage.sizeInGiB", itoa(d.GiB))
	d.Basis = w.Decided()
	in.Disk = d
}

// ipv6OnlyFact: the classic names of ECR (ACCOUNT.dkr.ecr.REGION.amazonaws.com) have IPv4 addresses only; a subnet that
// is IPv6-only reaches ECR by ACCOUNT.dkr-ecr.REGION.on.aws (Amazon ECR user guide, dual-stack endpoints).
func ipv6OnlyFact(v *evidence.View, in *Incident) {
	w := v.Track()
	c := &in.IPv6Only
	*c = Check{Resource: in.Image.Reference}
	if in.Launch.Subnet == "" {
		c.Basis = w.Undecided("the subnet of the failed start is not known")
		return
	}
	key := evidence.SubnetKey(in.Launch.Subnet)
	subnet, st := evidence.Read(w, key)
	if st != evidence.Found || in.Image.Basis.Unknown {
		c.Basis = w.Undecided("")
		c.Basis.Missing = append(c.Basis.Missing, in.Image.Basis.Missing...)
		return
	}
	w.Cite(key.Key, "subnet "+subnet.ID, "ipv6Native", map[bool]string{true: "true", false: "false"}[subnet.IPv6Native])
	c.Holds = subnet.IPv6Native && in.Image.ECR && strings.Contains(in.Image.Reference, ".dkr.ecr.")
	c.Detail = subnet.ID + " is IPv6-only"
	c.Basis = w.Decided()
}
