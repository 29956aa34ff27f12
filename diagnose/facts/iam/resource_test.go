package iam

import (
	"testing"

	"github.com/ecsplain/ecsplain/evidence"
)

func TestResourceAllows(t *testing.T) {
	const (
		role    = "arn:aws:iam::111111111111:role/exec"
		session = "arn:aws:sts::111111111111:assumed-role/exec/abc"
		pull    = `"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]`
	)
	tests := []struct {
		name, principal, doc, want, statement string
	}{
		{"no policy", role, "", "none", ""},
		{"not JSON", role, "{", "unknown", ""},
		{"the role", role, doc(`{"Sid":"Pull","Effect":"Allow","Principal":{"AWS":"` + role + `"},` + pull + `}`), "allow", "statement Pull"},
		{"the role in an array", role, doc(`{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::2:root","` + role + `"]},` + pull + `}`), "allow", "statement 1"},
		{"another role", role, doc(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/other"},` + pull + `}`), "none", ""},
		{"same name in another account", role, doc(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/exec"},` + pull + `}`), "none", ""},
		{"the account by ARN", role, doc(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},` + pull + `}`), "allow", "statement 1"},
		{"the account by number", role, doc(`{"Effect":"Allow","Principal":{"AWS":"111111111111"},` + pull + `}`), "allow", "statement 1"},
		{"another account", role, doc(`{"Effect":"Allow","Principal":{"AWS":"222222222222"},` + pull + `}`), "none", ""},
		{"everyone", role, doc(`{"Effect":"Allow","Principal":"*",` + pull + `}`), "allow", "statement 1"},
		{"everyone, long form", role, doc(`{"Effect":"Allow","Principal":{"AWS":"*"},` + pull + `}`), "allow", "statement 1"},
		{"a service", role, doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},` + pull + `}`), "none", ""},
		{"another action", role, doc(`{"Effect":"Allow","Principal":"*","Action":"ecr:PutImage"}`), "none", ""},
		{"a session of the role", session, doc(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/path/exec"},` + pull + `}`), "allow", "statement 1"},
		{"this session", session, doc(`{"Effect":"Allow","Principal":{"AWS":"` + session + `"},` + pull + `}`), "allow", "statement 1"},
		{"another session", session, doc(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::111111111111:assumed-role/exec/other"},` + pull + `}`), "none", ""},
		{"one session, and the role asks", role, doc(`{"Effect":"Allow","Principal":{"AWS":"` + session + `"},` + pull + `}`), "unknown", "statement 1"},
		{"denied", role, doc(`[{"Effect":"Allow","Principal":"*","Action":"*"},{"Sid":"Not","Effect":"Deny","Principal":{"AWS":"111111111111"},"Action":"ecr:*"}]`), "deny", "statement Not"},
		{"all but us denied", role, doc(`[{"Effect":"Allow","Principal":"*","Action":"*"},{"Effect":"Deny","NotPrincipal":{"AWS":["111111111111","` + role + `"]},"Action":"*"}]`), "allow", "statement 1"},
		{"all but another denied", role, doc(`[{"Effect":"Allow","Principal":"*","Action":"*"},{"Effect":"Deny","NotPrincipal":{"AWS":"222222222222"},"Action":"*"}]`), "deny", "statement 2"},
		{"exempt by half", role, doc(`[{"Effect":"Allow","Principal":"*","Action":"*"},{"Effect":"Deny","NotPrincipal":{"AWS":"` + role + `"},"Action":"*"}]`), "unknown", "statement 2"},
		{"condition on the account", role, doc(`{"Effect":"Allow","Principal":"*",` + pull + `,"Condition":{"StringEquals":{"aws:PrincipalAccount":"111111111111"}}}`), "allow", "statement 1"},
		{"condition on the role", role, doc(`{"Effect":"Allow","Principal":"*",` + pull + `,"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/ex*"}}}`), "allow", "statement 1"},
		{"condition on the organization", role, doc(`{"Effect":"Allow","Principal":"*",` + pull + `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`), "unknown", "statement 1"},
		{"resource written", role, doc(`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:ecr:*:*:repository/other"}`), "none", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, statement := ResourceAllows(tt.doc, tt.principal, "", "ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:222222222222:repository/app")
			if got != tt.want || statement != tt.statement {
				t.Errorf("%s %q, want %s %q", got, statement, tt.want, tt.statement)
			}
		})
	}
}

func TestUnknownResourceDecisionSaysWhy(t *testing.T) {
	org := doc(`{"Sid":"Org","Effect":"Allow","Principal":"*","Action":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`)
	got := ReadResource(org, roleARN, "", "ecr:BatchGetImage", repoARN, nil)
	if want := "statement Org depends on aws:PrincipalOrgID, which is not known"; got.Why != want {
		t.Errorf("why %q, want %q", got.Why, want)
	}
	if got := ReadResource(org, roleARN, "", "ecr:BatchGetImage", repoARN, Context{"aws:PrincipalOrgID": {"o-1"}}); got.Decision != ResourceAllow {
		t.Errorf("with the key known: %+v", got)
	}
}

func TestToAccount(t *testing.T) {
	root := doc(`{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"*"}`)
	both := doc(`[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"*"},{"Effect":"Allow","Principal":{"AWS":"` + roleARN + `"},"Action":"*"}]`)
	for doc, want := range map[string]bool{root: true, both: false} {
		if got := ReadResource(doc, roleARN, "", "ecr:BatchGetImage", repoARN, nil); got.Decision != ResourceAllow || got.ToAccount != want {
			t.Errorf("%s: %+v", doc, got)
		}
	}
}

func TestCombine(t *testing.T) {
	lost := evidence.Key{Kind: evidence.KindRepositoryPolicy, ID: "x"}
	var (
		allowed  = Decision{Role: "exec", Action: "a:b", Allowed: true, Layer: LayerIdentity}
		silent   = Decision{Role: "exec", Action: "a:b", Denied: true, Layer: LayerIdentity, Liftable: true}
		perhaps  = Decision{Role: "exec", Action: "a:b", Denied: true, Layer: LayerIdentity}
		explicit = Decision{Role: "exec", Action: "a:b", Denied: true, Explicit: true, Layer: LayerIdentity}
		fenced   = Decision{Role: "exec", Action: "a:b", Denied: true, Layer: LayerBoundary}
		open     = Decision{Role: "exec", Action: "a:b", Basis: evidence.Basis{Unknown: true, Why: "who knows"}}

		allow   = ResourceDecision{Decision: ResourceAllow, Statement: "statement 1"}
		toAll   = ResourceDecision{Decision: ResourceAllow, Statement: "statement 1", ToAccount: true}
		deny    = ResourceDecision{Decision: ResourceDeny, Statement: "statement 1"}
		none    = ResourceDecision{Decision: ResourceNone}
		neither = ResourceDecision{Decision: ResourceUnknown, Why: "who knows"}
	)
	tests := []struct {
		name        string
		identity    Decision
		res         ResourceDecision
		same, cross string
	}{
		{"both allow", allowed, allow, "allowed", "allowed"},
		{"role alone", allowed, none, "allowed", "denied"},
		{"account delegated", allowed, toAll, "allowed", "allowed"},
		{"resource denies", allowed, deny, "denied", "denied"},
		{"resource not known", allowed, neither, "unknown", "unknown"},
		{"resource alone", silent, allow, "allowed", "denied"},
		{"resource alone, something may deny", perhaps, allow, "unknown", "denied"},
		{"account alone", silent, toAll, "denied", "denied"},
		{"nobody", silent, none, "denied", "denied"},
		{"silent and resource not known", silent, neither, "unknown", "denied"},
		{"explicit beats the resource", explicit, allow, "denied", "denied"},
		{"boundary beats the resource", fenced, allow, "denied", "denied"},
		{"role not known", open, allow, "unknown", "unknown"},
		{"role not known, resource denies", open, deny, "denied", "denied"},
		{"role not known, resource silent", open, none, "unknown", "denied"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := answer(Combine(tt.identity, tt.res, "the policy", evidence.Basis{}, false)); got != tt.same {
				t.Errorf("same account: %s, want %s", got, tt.same)
			}
			if got := answer(Combine(tt.identity, tt.res, "the policy", evidence.Basis{}, true)); got != tt.cross {
				t.Errorf("across accounts: %s, want %s", got, tt.cross)
			}
			unread := Combine(tt.identity, tt.res, "the policy", evidence.Basis{Unknown: true, Missing: []evidence.Key{lost}}, true)
			if got := answer(unread); got != "denied" && (got != "unknown" || len(unread.Basis.Missing) != 1) {
				t.Errorf("policy unread: %s %+v", got, unread.Basis)
			}
		})
	}
}
