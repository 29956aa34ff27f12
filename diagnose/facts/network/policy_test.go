package network

import "testing"

func TestEndpointPolicy(t *testing.T) {
	const full = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`
	for _, tc := range []struct {
		name, to, policy string
		blocks, unknown  bool
	}{
		{"full access", "ecr.api", full, false, false},
		{"a statement that is no list", "ecr.api", `{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["ecr:*"],"Resource":["*"]}}`, false, false},
		{"another action", "ecr.api", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage","Resource":"*"}]}`, true, false},
		{"case of actions", "ecr.api", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"ECR:getauthorization*","Resource":"*"}]}`, false, false},
		{"a login allowed on repositories only", "ecr.api", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:*","Resource":"arn:aws:ecr:eu-west-1:111122223333:repository/*"}]}`, true, false},
		{"explicit deny", "ecr.dkr", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"ecr:BatchGet*","Resource":"*"}]}`, true, false},
		{"deny of something else", "ecr.dkr", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"ecr:PutImage","Resource":"*"}]}`, false, false},
		{"deny of all but", "ecr.dkr", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","NotAction":"ecr:*","Resource":"*"}]}`, false, false},
		{"conditions", "ecr.api", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}`, false, true},
		{"a named principal", "ecr.api", `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/x"},"Action":"*","Resource":"*"}]}`, false, true},
		{"some repositories", "ecr.dkr", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:ecr:eu-west-1:111122223333:repository/shop/*"}]}`, false, true},
		{"another account's repositories", "ecr.dkr", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:ecr:eu-west-1:999999999999:repository/*"}]}`, true, false},
		{"the layer bucket", "s3", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"}]}`, false, false},
		{"the layer bucket of another region", "s3", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*"}]}`, true, false},
		{"the layer bucket, not its objects", "s3", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::prod-eu-west-1-starport-layer-bucket"}]}`, true, false},
		{"only one's own buckets", "s3", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::mine","arn:aws:s3:::mine/*"]}]}`, true, false},
		{"some secrets", "secretsmanager", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/*"}]}`, false, true},
		{"no secrets", "secretsmanager", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"secretsmanager:DescribeSecret","Resource":"*"}]}`, true, false},
		{"a service without known actions, full access", "xray", full, false, false},
		{"a service without known actions", "xray", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"xray:*","Resource":"*"}]}`, false, true},
		{"unreadable", "ecr.api", `{"Statement":`, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld()
			if tc.to == "s3" {
				w.s3("rtb-private").Policy = tc.policy
			} else {
				w.endpoint(tc.to).Policy = tc.policy
			}
			b := w.reach(tc.to).EndpointPolicy
			if b.Blocks != tc.blocks || b.Basis.Unknown != tc.unknown {
				t.Errorf("blocks %t, unknown %t; want %t, %t (%s, %s)", b.Blocks, b.Basis.Unknown, tc.blocks, tc.unknown, b.Detail, b.Basis.Why)
			}
			if b.Basis.Unknown && b.Basis.Why == "" {
				t.Error("unknown without a reason")
			}
		})
	}
}

func TestMatch(t *testing.T) {
	for _, tc := range []struct {
		pattern, name string
		want          tri
	}{
		{"*", "*", yes}, {"a*", "*", no}, {"a?c", "abc", yes}, {"a?c", "ac", no}, {"a*c", "abbc", yes}, {"a*c", "abb", no},
		{"a/*", "a/*", yes}, {"a*", "a/*", yes}, {"a/b*", "a/*", unknown}, {"b*", "a/*", no}, {"a/", "a/*", no}, {"a/?", "a/*", unknown}, {"", "a", no},
	} {
		if got := match(tc.pattern, tc.name); got != tc.want {
			t.Errorf("match(%q, %q) = %d, want %d", tc.pattern, tc.name, got, tc.want)
		}
	}
}
