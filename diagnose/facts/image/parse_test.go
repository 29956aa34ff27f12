package image

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	ecr    = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
)

func TestParse(t *testing.T) {
	ofECR := func(host, region, partition, repository, tag, digest string) Reference {
		return Reference{Registry: host, Account: "123456789012", Region: region, Partition: partition, Repository: repository, Tag: tag, Digest: digest, ECR: true, Valid: true}
	}
	hub := func(repository, tag, digest string) Reference {
		return Reference{Registry: "docker.io", Repository: repository, Tag: tag, Digest: digest, DockerHub: true, Valid: true}
	}
	tests := []struct {
		ref  string
		want Reference
	}{
		{ecr + "/app:1", ofECR(ecr, "eu-west-1", "aws", "app", "1", "")},
		{ecr + "/team/app:1", ofECR(ecr, "eu-west-1", "aws", "team/app", "1", "")},
		{ecr + "/a/b/c/app", ofECR(ecr, "eu-west-1", "aws", "a/b/c/app", "latest", "")},
		{ecr + "/team/app@" + digest, ofECR(ecr, "eu-west-1", "aws", "team/app", "", digest)},
		{ecr + "/team/app:1@" + digest, ofECR(ecr, "eu-west-1", "aws", "team/app", "1", digest)},
		{ecr + "/team/app.x_y--z:v1.2_3-rc", ofECR(ecr, "eu-west-1", "aws", "team/app.x_y--z", "v1.2_3-rc", "")},
		{"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app:1", ofECR("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "aws-cn", "app", "1", "")},
		{"123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/app:1", ofECR("123456789012.dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1", "aws-us-gov", "app", "1", "")},
		{"123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/app:1", ofECR("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1", "aws", "app", "1", "")},
		{"123456789012.dkr-ecr.eu-west-1.on.aws/team/app:1", ofECR("123456789012.dkr-ecr.eu-west-1.on.aws", "eu-west-1", "aws", "team/app", "1", "")},
		{"123456789012.dkr-ecr-fips.us-east-1.on.aws/app:1", ofECR("123456789012.dkr-ecr-fips.us-east-1.on.aws", "us-east-1", "aws", "app", "1", "")},
		{"123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn/app:1", ofECR("123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1", "aws-cn", "app", "1", "")},
		{"12345.dkr.ecr.eu-west-1.amazonaws.com/app:1", Reference{Registry: "12345.dkr.ecr.eu-west-1.amazonaws.com", Repository: "app", Tag: "1", Valid: true}},
		{ecr + ".evil.example/app:1", Reference{Registry: ecr + ".evil.example", Repository: "app", Tag: "1", Valid: true}},
		{"nginx", hub("library/nginx", "latest", "")},
		{"nginx:1.27", hub("library/nginx", "1.27", "")},
		{"nginx@" + digest, hub("library/nginx", "", digest)},
		{"grafana/grafana:11", hub("grafana/grafana", "11", "")},
		{"docker.io/grafana/grafana:11", hub("grafana/grafana", "11", "")},
		{"docker.io/nginx", hub("library/nginx", "latest", "")},
		{"index.docker.io/library/nginx", hub("library/nginx", "latest", "")},
		{"localhost:5000/x", Reference{Registry: "localhost:5000", Repository: "x", Tag: "latest", Valid: true}},
		{"localhost/x:1", Reference{Registry: "localhost", Repository: "x", Tag: "1", Valid: true}},
		{"registry.example.com:8443/team/app:1", Reference{Registry: "registry.example.com:8443", Repository: "team/app", Tag: "1", Valid: true}},
		{"[::1]:5000/x", Reference{Registry: "[::1]:5000", Repository: "x", Tag: "latest", Valid: true}},
		{"public.ecr.aws/nginx/nginx:1", Reference{Registry: "public.ecr.aws", Repository: "nginx/nginx", Tag: "1", PublicECR: true, Valid: true}},
		{"ghcr.io/team/app:1", Reference{Registry: "ghcr.io", Repository: "team/app", Tag: "1", Valid: true}},
	}
	for _, tt := range tests {
		t.Run(tt.ref, func(t *testing.T) {
			tt.want.Text = tt.ref
			if diff := cmp.Diff(tt.want, Parse(tt.ref)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInvalid(t *testing.T) {
	for ref, want := range map[string]string{
		"":                                       "empty",
		ecr + "/team/App:1":                      "small letters",
		"MyApp:1":                                "small letters",
		ecr + "/app:":                            "tag after the colon is empty",
		ecr + "/:1":                              "repository name is empty",
		ecr + "/app: 1":                          "white space",
		ecr + "/app:1\n":                         "white space",
		"https://" + ecr + "/a":                  "protocol",
		ecr + "/app:${TAG}":                      "placeholder",
		ecr + "/app:<tag>":                       "placeholder",
		ecr + "/app@sha256:12":                   "digest",
		ecr + "/app@" + strings.ToUpper(digest):  "digest",
		ecr + "/app@":                            "digest",
		ecr + "/app:-1":                          "tag",
		ecr + "/app:" + strings.Repeat("a", 129): "tag",
		ecr + "/team//app":                       "repository",
		ecr + "/team/app/":                       "repository",
		ecr + "/-app":                            "repository",
		"ex_ample.com/app":                       "registry",
		ecr + "/" + strings.Repeat("a", 250):     "longer than 255",
		strings.TrimPrefix(digest, "sha256:"):    "repository",
	} {
		r := Parse(ref)
		if r.Valid || !strings.Contains(r.Problem, want) {
			t.Errorf("%q: valid %v, problem %q; want a problem with %q", ref, r.Valid, r.Problem, want)
		}
		if r.RepositoryID() != "" || r.Suffix() != "" {
			t.Errorf("%q: id %q, suffix %q of an invalid reference", ref, r.RepositoryID(), r.Suffix())
		}
	}
}

func TestKeys(t *testing.T) {
	for ref, want := range map[string]string{
		ecr + "/team/app:1":           "123456789012/eu-west-1/team/app:1",
		ecr + "/team/app":             "123456789012/eu-west-1/team/app:latest",
		ecr + "/team/app:1@" + digest: "123456789012/eu-west-1/team/app@" + digest,
		"nginx:1":                     ":1",
	} {
		r := Parse(ref)
		if got := r.RepositoryID() + r.Suffix(); got != want {
			t.Errorf("%s: %s, want %s", ref, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{ecr + "/team/app:1@" + digest, "localhost:5000/x", "[::1]:5/x", "nginx", "a:b@c:d/e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		r := Parse(ref)
		if r.Valid == (r.Problem != "") {
			t.Fatalf("valid %v, problem %q", r.Valid, r.Problem)
		}
		if !r.Valid {
			return
		}
		if r.Tag == "" && r.Digest == "" || r.Repository == "" || r.Registry == "" {
			t.Fatalf("%+v", r)
		}
		// What was read, written out in full, reads the same.
		again := Parse(r.Registry + "/" + r.Repository + r.Suffix())
		if !again.Valid || again.RepositoryID() != r.RepositoryID() || again.Suffix() != r.Suffix() || again.Repository != r.Repository {
			t.Fatalf("%+v\n%+v", r, again)
		}
	})
}
