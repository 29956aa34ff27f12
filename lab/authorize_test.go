package lab

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func doc(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

const (
	secretARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-a1b2c3"
	roleARN   = "arn:aws:iam::111122223333:role/r"
	read      = "secretsmanager:GetSecretValue"

	allowRead = `{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"}`
	denyRead  = `{"Effect":"Deny","Action":"secretsmanager:*","Resource":"*"}`
	allowAll  = `{"Effect":"Allow","Action":"*","Resource":"*"}`
)

// asker is a world with one role, r, with the given policies.
func asker(inline, attached, boundary, endpoint string) *World {
	w := &World{Account: "111122223333", Region: "eu-west-1", Partition: "aws", policies: map[string]*managedPolicy{}, endpoints: map[string]*ec2types.VpcEndpoint{}}
	r := &role{Role: iamtypes.Role{RoleName: aws.String("r"), Arn: aws.String(roleARN)}, inline: map[string]string{}}
	managed := func(name, document string) string {
		arn := "arn:aws:iam::111122223333:policy/" + name
		w.policies[arn] = &managedPolicy{versions: []policyVersion{{ID: "v1", Document: doc(denyRead)}, {ID: "v2", Document: document, IsDefault: true}}}
		return arn
	}
	if inline != "" {
		r.inline["i"] = inline
	}
	if attached != "" {
		r.attached = []string{managed("m", attached)}
	}
	if boundary != "" {
		r.boundary = managed("b", boundary)
	}
	w.roles = map[string]*role{"r": r}
	w.endpoints["vpce-1"] = &ec2types.VpcEndpoint{VpcEndpointId: aws.String("vpce-1"), VpcId: aws.String("vpc-1")}
	if endpoint != "" {
		w.endpoints["vpce-1"].PolicyDocument = aws.String(endpoint)
	}
	return w
}

func TestAuthorize(t *testing.T) {
	no := func(layer string) string { return "because no " + layer + " allows the " + read + " action" }
	deny := func(layer string) string { return "with an explicit deny in " + layer }
	condition := func(effect, c string) string {
		return doc(fmt.Sprintf(`{"Effect":%q,"Action":"*","Resource":"*","Condition":{%s}}`, effect, c))
	}
	principal := func(effect, who string) string {
		return doc(fmt.Sprintf(`{"Effect":%q,"Principal":%s,"Action":"secretsmanager:GetSecretValue","Resource":"*"}`, effect, who))
	}
	for _, c := range []struct {
		name                                           string
		inline, attached, boundary, resource, endpoint string
		over                                           string // endpoint used
		want                                           string // "" = allowed
	}{
		{name: "nothing", want: no("identity-based policy")},
		{name: "inline", inline: doc(allowRead)},
		{name: "managed, its default version only", attached: doc(allowRead)},
		{name: "one statement without a list", inline: `{"Statement":` + allowRead + `}`},
		{name: "action in another case", inline: doc(`{"Effect":"Allow","Action":["s3:*","SecretsManager:getsecretvalue"],"Resource":"*"}`)},
		{name: "wildcards", inline: doc(`{"Effect":"Allow","Action":"secretsmanager:Get*Valu?","Resource":"arn:aws:secretsmanager:*:*:secret:shop/*"}`)},
		{name: "wildcard needs its letter", inline: doc(`{"Effect":"Allow","Action":"secretsmanager:GetSecretValue?","Resource":"*"}`), want: no("identity-based policy")},
		{name: "other resource", inline: doc(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:secretsmanager:*:*:secret:other-*"}`), want: no("identity-based policy")},
		{name: "resources have a case", inline: doc(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:secretsmanager:*:*:secret:Shop/*"}`), want: no("identity-based policy")},
		{name: "deny goes before allow", inline: doc(denyRead), attached: doc(allowAll), want: deny("an identity-based policy")},
		{name: "NotAction leaves out", inline: doc(`{"Effect":"Allow","NotAction":"secretsmanager:*","Resource":"*"}`), want: no("identity-based policy")},
		{name: "NotAction takes the rest", inline: doc(`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`)},
		{name: "NotResource leaves out", inline: doc(`{"Effect":"Allow","Action":"*","NotResource":"arn:aws:secretsmanager:*:*:secret:shop/*"}`), want: no("identity-based policy")},
		{name: "NotResource takes the rest", inline: doc(`{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::*"}`)},

		{name: "boundary allows", inline: doc(allowRead), boundary: doc(allowAll)},
		{name: "boundary alone gives nothing", boundary: doc(allowAll), want: no("identity-based policy")},
		{name: "boundary leaves out", inline: doc(allowRead), boundary: doc(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`), want: no("permissions boundary")},
		{name: "boundary denies", inline: doc(allowRead), boundary: doc(allowAll, denyRead), want: deny("a permissions boundary")},

		{name: "resource policy names the role", resource: principal("Allow", `{"AWS":"`+roleARN+`"}`)},
		{name: "resource policy for everybody", resource: principal("Allow", `"*"`)},
		{name: "resource policy for the account leaves it to IAM", resource: principal("Allow", `{"AWS":"111122223333"}`), want: no("identity-based policy")},
		{name: "resource policy names another", resource: principal("Allow", `{"AWS":"arn:aws:iam::111122223333:role/other"}`), want: no("identity-based policy")},
		{name: "resource policy denies", inline: doc(allowRead), resource: principal("Deny", `{"AWS":["`+roleARN+`"]}`), want: deny("a resource-based policy")},
		{name: "resource policy denies the account", inline: doc(allowRead), resource: principal("Deny", `{"AWS":"arn:aws:iam::111122223333:root"}`), want: deny("a resource-based policy")},
		{name: "boundary limits what the resource policy gives the role", boundary: doc(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`), resource: principal("Allow", `{"AWS":"`+roleARN+`"}`), want: no("permissions boundary")},
		{name: "boundary does not limit what it gives the session", boundary: doc(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`), resource: principal("Allow", `{"AWS":"arn:aws:sts::111122223333:assumed-role/r/0123"}`)},

		{name: "endpoint without a policy", inline: doc(allowRead), over: "vpce-1"},
		{name: "endpoint leaves out", inline: doc(allowRead), over: "vpce-1", endpoint: doc(`{"Effect":"Allow","Principal":"*","Action":"ecr:*","Resource":"*"}`), want: no("VPC endpoint policy")},
		{name: "endpoint not used", inline: doc(allowRead), endpoint: doc(`{"Effect":"Allow","Principal":"*","Action":"ecr:*","Resource":"*"}`)},
		{name: "endpoint for the account", inline: doc(allowRead), over: "vpce-1", endpoint: principal("Allow", `{"AWS":"arn:aws:iam::111122223333:root"}`)},
		{name: "endpoint denies", inline: doc(allowRead), over: "vpce-1", endpoint: doc(`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`, `{"Effect":"Deny","Principal":"*","Action":"secretsmanager:*","Resource":"*"}`), want: deny("a VPC endpoint policy")},

		{name: "condition on the endpoint", over: "vpce-1", inline: condition("Allow", `"StringEquals":{"aws:SourceVpce":"vpce-1"}`)},
		{name: "condition without the endpoint", inline: condition("Allow", `"StringEquals":{"aws:sourceVpce":"vpce-1"}`), want: no("identity-based policy")},
		{name: "negated condition holds without the key", inline: doc(allowRead, `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}`), want: deny("an identity-based policy")},
		{name: "negated condition with the key", over: "vpce-1", inline: doc(allowRead, `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}`)},
		{name: "IfExists holds without the key", inline: condition("Allow", `"StringEqualsIfExists":{"aws:SourceVpc":["vpc-2"]}`)},
		{name: "IfExists compares with the key", over: "vpce-1", inline: condition("Allow", `"StringEqualsIfExists":{"aws:SourceVpc":["vpc-2"]}`), want: no("identity-based policy")},
		{name: "any value", over: "vpce-1", inline: condition("Allow", `"StringLike":{"aws:SourceVpc":["x-*","vpc-?"]}`)},
		{name: "all operators", inline: condition("Allow", `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/r"},"Bool":{"aws:SecureTransport":true}`)},
		{name: "one operator of two fails", inline: condition("Allow", `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/q"},"Bool":{"aws:SecureTransport":"true"}`), want: no("identity-based policy")},
		{name: "Null", inline: condition("Allow", `"Null":{"aws:SourceVpce":"true"}`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := asker(c.inline, c.attached, c.boundary, c.endpoint)
			got := w.authorize("r", read, secretARN, c.resource, c.over)
			if got.Allowed != (c.want == "") || got.Reason != c.want || got.Explicit != strings.HasPrefix(c.want, "with an explicit deny") {
				t.Errorf("authorize = %+v, want %q", got, c.want)
			}
			if len(w.policyFaults) > 0 {
				t.Errorf("policies that could not be evaluated: %v", w.policyFaults)
			}
		})
	}
}

// What the lab cannot evaluate never allows and never denies, and leaves a note.
func TestAuthorizeNotesWhatItCannotEvaluate(t *testing.T) {
	for _, inline := range []string{
		doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}}`),
		doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalArn":"${aws:PrincipalArn}"}}}`),
		doc(`{"Effect":"Allow","NotPrincipal":{"AWS":"1"},"Action":"*","Resource":"*"}`),
		`{"Statement":[{"Effect":"Allow","Action":{}}]}`,
		`not JSON`,
	} {
		w := asker(inline, "", "", "")
		if got := w.authorize("r", read, secretARN, "", ""); got.Allowed || len(w.policyFaults) != 1 {
			t.Errorf("%s: %+v with notes %q", inline, got, w.policyFaults)
		}
	}
}

func TestAuthorizeOfARoleThatDoesNotExist(t *testing.T) {
	if got := asker(doc(allowAll), "", "", "").authorize("gone", "ecr:GetAuthorizationToken", "*", "", ""); got.Reason != "because no identity-based policy allows the ecr:GetAuthorizationToken action" {
		t.Errorf("got %+v", got)
	}
}

// GetAuthorizationToken has no resource but *: a policy on repositories does not give it.
func TestAuthorizationTokenNeedsEveryResource(t *testing.T) {
	w := asker(doc(`{"Effect":"Allow","Action":"ecr:*","Resource":"arn:aws:ecr:*:*:repository/*"}`), "", "", "")
	if w.authorize("r", "ecr:GetAuthorizationToken", "*", "", "").Allowed {
		t.Error("a policy on repositories allowed ecr:GetAuthorizationToken")
	}
}

func TestEndpointAllows(t *testing.T) {
	object := "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/sha256"
	w := asker("", "", "", doc(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::my-bucket/*"}`))
	if got := w.endpointAllows("vpce-1", "s3:GetObject", object); got.Allowed || got.Reason != "because no VPC endpoint policy allows the s3:GetObject action" {
		t.Errorf("a policy for another bucket: %+v", got)
	}
	w = asker("", "", "", doc(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"}`))
	if got := w.endpointAllows("vpce-1", "s3:GetObject", object); !got.Allowed {
		t.Errorf("a policy for this bucket: %+v", got)
	}
}

func TestCanAssume(t *testing.T) {
	trust := func(rest string) string {
		return doc(`{"Effect":"Allow","Principal":{"Service":["ecs.amazonaws.com","ecs-tasks.amazonaws.com"]},"Action":"sts:AssumeRole"` + rest + `}`)
	}
	for name, c := range map[string]struct {
		trust string
		want  bool
	}{
		"service":         {trust(""), true},
		"another service": {doc(`{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`), false},
		"this account":    {trust(`,"Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:ecs:eu-west-1:111122223333:*"}}`), true},
		"another account": {trust(`,"Condition":{"StringEquals":{"aws:SourceAccount":"444455556666"}}`), false},
		"denied":          {doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}`, `{"Effect":"Deny","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:*"}`), false},
	} {
		w := asker("", "", "", "")
		w.roles["r"].AssumeRolePolicyDocument = aws.String(c.trust)
		if ok, exists := w.canAssume("r", "ecs-tasks.amazonaws.com"); ok != c.want || !exists {
			t.Errorf("%s: canAssume = %v, %v", name, ok, exists)
		}
	}
	if ok, exists := asker("", "", "", "").canAssume("gone", "ecs-tasks.amazonaws.com"); ok || exists {
		t.Error("a role that does not exist can be assumed")
	}
}

func TestWildcard(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"*", "", true}, {"?", "", false}, {"a*b*c", "a-b-b-c", true}, {"a*b*c", "a-b-b", false}, {"*.*", "a.b", true}, {"a?c", "abc", true}, {"a?c", "ac", false},
		{"abc", "abcd", false}, {"*abc", "ababc", true}, {"a**", "a", true}, {"[a]*", "a", false},
	} {
		if got := wildcard(c.pattern, c.s); got != c.want {
			t.Errorf("wildcard(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}
