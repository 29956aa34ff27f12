package iam

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDenialOf(t *testing.T) {
	const session = "arn:aws:sts::123456789012:assumed-role/exec/0a1b2c"
	tests := []struct {
		name, text string
		want       Denial
	}{
		{
			"registry auth",
			"ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: User: " + session + " is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action",
			Denial{Found: true, Principal: session, Role: "exec", Account: "123456789012", Action: "ecr:GetAuthorizationToken", Resource: "*", Layer: LayerIdentity,
				Text: "User: " + session + " is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action"},
		},
		{
			"explicit, policy named",
			"User: " + session + " is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:1:key/k with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1.",
			Denial{Found: true, Principal: session, Role: "exec", Account: "123456789012", Action: "kms:Decrypt", Resource: "arn:aws:kms:eu-west-1:1:key/k", Layer: LayerServiceControl, Explicit: true,
				Policy: "arn:aws:organizations::1:policy/o-1/service_control_policy/p-1",
				Text:   "User: " + session + " is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:1:key/k with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1"},
		},
		{
			"endpoint policy, a user",
			"User: arn:aws:iam::123456789012:user/ann is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k because no VPC endpoint policy allows the s3:GetObject action",
			Denial{Found: true, Principal: "arn:aws:iam::123456789012:user/ann", Account: "123456789012", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Layer: LayerEndpoint,
				Text: "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k because no VPC endpoint policy allows the s3:GetObject action"},
		},
		{
			"cut off",
			"User: " + session + " is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-we",
			Denial{Found: true, Principal: session, Role: "exec", Account: "123456789012", Action: "secretsmanager:GetSecretValue", Resource: "arn:aws:secretsmanager:eu-we",
				Text: "User: " + session + " is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-we"},
		},
		{"nothing said", "AccessDenied: Access Denied", Denial{}},
		{"another sentence", "you are not authorized to perform this operation", Denial{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, DenialOf(tt.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for words, want := range map[string]string{
		"because no permissions boundary allows the a:B action":        LayerBoundary,
		"because no session policy allows the a:B action":              LayerSession,
		"because no resource-based policy allows the a:B action":       LayerResource,
		"because no resource control policy allows the a:B action":     LayerResourceControl,
		"with an explicit deny in an identity-based policy":            LayerIdentity,
		"with an explicit deny in the permissions boundary: arn:aws:x": LayerBoundary,
		"with an explicit deny in a VPC endpoint policy":               LayerEndpoint,
	} {
		if got := DenialOf("X is not authorized to perform: a:B on resource: r " + words).Layer; got != want {
			t.Errorf("%q: layer %q, want %q", words, got, want)
		}
	}
}

func FuzzDenialOf(f *testing.F) {
	f.Add("User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: a:B on resource: c because no session policy allows the a:B action")
	f.Add("is not authorized to perform: a:B on resource: ) with an explicit deny in a session policy: arn:")
	f.Fuzz(func(t *testing.T, text string) {
		d := DenialOf(text)
		if d.Found != (d.Action != "") || !d.Found && d != (Denial{}) {
			t.Errorf("%+v", d)
		}
	})
}
