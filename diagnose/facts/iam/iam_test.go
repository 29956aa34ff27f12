package iam

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

const (
	roleARN = "arn:aws:iam::123456789012:role/service-role/exec"
	repoARN = "arn:aws:ecr:eu-west-1:123456789012:repository/team/app"
)

// account is a small account for tests: one role with policies.
type account struct {
	inline   map[string]string
	attached map[string]string // ARN to document
	boundary string            // document
	trust    string
	tags     []evidence.Tag
}

const boundaryARN = "arn:aws:iam::123456789012:policy/fence"

func (a account) store() *evidence.Store {
	s := evidence.NewStore()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	put := func(k evidence.Key, v any, call string) {
		s.Put(evidence.Item{Key: k, Found: true, Value: v, Call: call, At: at})
	}
	put(evidence.CallerKey().Key, evidence.Caller{Account: "123456789012", Region: "eu-west-1", Partition: "aws"}, "sts:GetCallerIdentity")
	role := evidence.Role{Name: "exec", ARN: roleARN, Path: "/service-role/", Trust: a.trust, Tags: a.tags}
	if a.boundary != "" {
		role.BoundaryARN = boundaryARN
		put(evidence.ManagedPolicyKey(boundaryARN).Key, evidence.PolicyDocument{Name: "fence", Document: a.boundary}, "iam:GetPolicyVersion")
	}
	put(evidence.RoleKey("exec").Key, role, "iam:GetRole")
	var names evidence.RolePolicies
	for name, doc := range a.inline {
		names.Inline = append(names.Inline, name)
		put(evidence.InlinePolicyKey("exec", name).Key, evidence.PolicyDocument{Name: name, Document: doc}, "iam:GetRolePolicy")
	}
	for arn, doc := range a.attached {
		names.Attached = append(names.Attached, arn)
		put(evidence.ManagedPolicyKey(arn).Key, evidence.PolicyDocument{Name: RoleName(arn), Document: doc}, "iam:GetPolicyVersion")
	}
	put(evidence.RolePoliciesKey("exec").Key, names, "iam:ListRolePolicies")
	return s
}

// without copies a store, leaving out keys.
func without(s *evidence.Store, drop func(evidence.Key) bool) *evidence.Store {
	out := evidence.NewStore()
	for _, it := range s.Items() {
		if !drop(it.Key) {
			out.Put(it)
		}
	}
	return out
}

// doc writes a policy of one statement.
func doc(statement string) string {
	return `{"Version":"2012-10-17","Statement":` + statement + `}`
}

// answer puts a decision in one word.
func answer(d Decision) string {
	switch {
	case d.Basis.Unknown:
		return "unknown"
	case d.Allowed && !d.Denied:
		return "allowed"
	case d.Denied && !d.Allowed:
		return "denied"
	}
	return fmt.Sprintf("both or neither: %+v", d)
}

func TestStatement(t *testing.T) {
	pull := "ecr:BatchGetImage"
	tests := []struct {
		name, statement, action, resource, want string
	}{
		{"one action", `{"Effect":"Allow","Action":"ecr:BatchGetImage","Resource":"*"}`, pull, repoARN, "allowed"},
		{"array of statements", `[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":"*"},{"Effect":"Allow","Action":["ecr:BatchGetImage"],"Resource":["*"]}]`, pull, repoARN, "allowed"},
		{"case of the action", `{"Effect":"Allow","Action":"ECR:batchgetimage","Resource":"*"}`, pull, repoARN, "allowed"},
		{"wildcard in the action", `{"Effect":"Allow","Action":"ecr:Batch*","Resource":"*"}`, pull, repoARN, "allowed"},
		{"question mark in the action", `{"Effect":"Allow","Action":"ecr:BatchGetImag?","Resource":"*"}`, pull, repoARN, "allowed"},
		{"question mark is one character", `{"Effect":"Allow","Action":"ecr:BatchGetImage?","Resource":"*"}`, pull, repoARN, "denied"},
		{"other service", `{"Effect":"Allow","Action":"logs:*","Resource":"*"}`, pull, repoARN, "denied"},
		{"NotAction hits", `{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`, pull, repoARN, "allowed"},
		{"NotAction excludes", `{"Effect":"Allow","NotAction":["iam:*","ecr:*"],"Resource":"*"}`, pull, repoARN, "denied"},
		{"resource", `{"Effect":"Allow","Action":"ecr:*","Resource":"arn:aws:ecr:*:123456789012:repository/team/*"}`, pull, repoARN, "allowed"},
		{"other resource", `{"Effect":"Allow","Action":"ecr:*","Resource":"arn:aws:ecr:*:123456789012:repository/app"}`, pull, repoARN, "denied"},
		{"case of the resource", `{"Effect":"Allow","Action":"ecr:*","Resource":"arn:aws:ecr:*:123456789012:repository/Team/*"}`, pull, repoARN, "denied"},
		{"NotResource", `{"Effect":"Allow","Action":"ecr:*","NotResource":"arn:aws:ecr:*:*:repository/team/*"}`, pull, repoARN, "denied"},
		{"action without resource needs *", `{"Effect":"Allow","Action":"ecr:*","Resource":"` + repoARN + `"}`, "ecr:GetAuthorizationToken", "*", "denied"},
		{"action without resource has *", `{"Effect":"Allow","Action":"ecr:*","Resource":"*"}`, "ecr:GetAuthorizationToken", "*", "allowed"},
		{"explicit deny wins", `[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"ecr:*","Resource":"*"}]`, pull, repoARN, "denied"},
		{"deny elsewhere", `[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"ecr:Delete*","Resource":"*"}]`, pull, repoARN, "allowed"},
		{"shape taken in", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:secretsmanager:*:*:secret:db-*"}`, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-??????", "allowed"},
		{"shape taken in exactly", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:secretsmanager:*:*:secret:db-??????"}`, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-??????", "allowed"},
		{"shape perhaps", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:secretsmanager:*:*:secret:db-AbCdEf"}`, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-??????", "unknown"},
		{"shape never", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:secretsmanager:*:*:secret:db"}`, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-??????", "denied"},
		{"resource not known", `{"Effect":"Allow","Action":"*","Resource":"` + repoARN + `"}`, pull, "", "unknown"},
		{"resource not known, all allowed", `{"Effect":"Allow","Action":"*","Resource":"*"}`, pull, "", "allowed"},
		{"no resource element", `{"Effect":"Allow","Action":"*"}`, pull, repoARN, "unknown"},
		{"no action element", `{"Effect":"Allow","Resource":"*"}`, pull, repoARN, "unknown"},
		{"misspelt effect", `{"Effect":"allow","Action":"*","Resource":"*"}`, pull, repoARN, "unknown"},
		{"empty list of statements", `[]`, pull, repoARN, "denied"},
		{"variable of the role's account", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:ecr:*:${aws:PrincipalAccount}:repository/*"}`, pull, repoARN, "allowed"},
		{"variable of a tag", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*"}`, pull, repoARN, "allowed"},
		{"variable not known", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:ecr:*:*:repository/${aws:PrincipalTag/other}/*"}`, pull, repoARN, "unknown"},
		{"variable not known, cannot fit", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:PrincipalTag/other}"}`, pull, repoARN, "denied"},
		{"variable absent", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:ecr:*:*:repository/*${aws:username}"}`, pull, repoARN, "denied"},
		{"variable absent with default", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:ecr:*:*:repository/${aws:username, 'team'}/app"}`, pull, repoARN, "allowed"},
		{"escaped star", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:ecr:*:*:repository/${*}"}`, pull, repoARN, "denied"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := account{inline: map[string]string{"p": doc(tt.statement)}, tags: []evidence.Tag{{Key: "team", Value: "team"}}}
			d := RoleMay(evidence.NewView(a.store()), roleARN, tt.action, tt.resource, nil)
			if got := answer(d); got != tt.want {
				t.Errorf("%s, want %s; says %q, why %q", got, tt.want, d.Says, d.Basis.Why)
			}
			if d.Basis.Unknown && (len(d.Basis.Missing) > 0 || d.Basis.Why == "") {
				t.Errorf("unknown must say why where everything was read: %+v", d.Basis)
			}
		})
	}
}

func TestVariablesNeedTheVersion(t *testing.T) {
	old := `{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:ecr:*:${aws:PrincipalAccount}:repository/*"}}`
	a := account{inline: map[string]string{"p": old}}
	if got := answer(RoleMay(evidence.NewView(a.store()), roleARN, "ecr:BatchGetImage", repoARN, nil)); got != "denied" {
		t.Errorf("%s: without Version 2012-10-17 a variable is plain text", got)
	}
}

func TestCondition(t *testing.T) {
	ctx := Context{"k": {"abc"}, "n": {"10"}, "d": {"2026-01-02T03:04:05Z"}, "b": {"true"}, "ip": {"10.0.1.7"}, "bin": {"aGk="},
		"arn": {"arn:aws:ecs:eu-west-1:123456789012:task/prod/1"}, "many": {"a", "b"}, "gone": {}}
	tests := []struct{ condition, want string }{
		{`"StringEquals":{"k":"abc"}`, "allowed"},
		{`"StringEquals":{"K":["x","abc"]}`, "allowed"},
		{`"StringEquals":{"k":"ab*"}`, "denied"},
		{`"StringEquals":{"gone":"abc"}`, "denied"},
		{`"StringEquals":{"new":"abc"}`, "unknown"},
		{`"StringEqualsIfExists":{"gone":"abc"}`, "allowed"},
		{`"StringEqualsIfExists":{"k":"x"}`, "denied"},
		{`"StringEqualsIfExists":{"new":"abc"}`, "unknown"},
		{`"StringNotEquals":{"k":"abc"}`, "denied"},
		{`"StringNotEquals":{"k":["x","abc"]}`, "denied"},
		{`"StringNotEquals":{"gone":"abc"}`, "allowed"},
		{`"StringNotEquals":{"new":"abc"}`, "unknown"},
		{`"StringEqualsIgnoreCase":{"k":"ABC"}`, "allowed"},
		{`"StringNotEqualsIgnoreCase":{"k":"ABC"}`, "denied"},
		{`"StringLike":{"k":"a*"}`, "allowed"},
		{`"StringLike":{"k":"a?"}`, "denied"},
		{`"StringLike":{"k":"A*"}`, "denied"},
		{`"StringNotLike":{"k":"a*"}`, "denied"},
		{`"NumericEquals":{"n":10}`, "allowed"},
		{`"NumericNotEquals":{"n":"10"}`, "denied"},
		{`"NumericLessThan":{"n":"11"}`, "allowed"},
		{`"NumericLessThanEquals":{"n":"10"}`, "allowed"},
		{`"NumericGreaterThan":{"n":"10"}`, "denied"},
		{`"NumericGreaterThanEquals":{"n":"10"}`, "allowed"},
		{`"NumericEquals":{"n":"ten"}`, "unknown"},
		{`"DateEquals":{"d":"2026-01-02T03:04:05Z"}`, "allowed"},
		{`"DateNotEquals":{"d":"2026-01-02T03:04:05Z"}`, "denied"},
		{`"DateLessThan":{"d":"2026-01-03"}`, "allowed"},
		{`"DateLessThanEquals":{"d":"2026-01-01"}`, "denied"},
		{`"DateGreaterThan":{"d":"1767225600"}`, "allowed"},
		{`"DateGreaterThanEquals":{"d":"2026-01-02T03:04:05Z"}`, "allowed"},
		{`"Bool":{"b":true}`, "allowed"},
		{`"Bool":{"b":"false"}`, "denied"},
		{`"Bool":{"aws:SecureTransport":"false"}`, "denied"},
		{`"BinaryEquals":{"bin":"aGk="}`, "allowed"},
		{`"IpAddress":{"ip":"10.0.0.0/16"}`, "allowed"},
		{`"IpAddress":{"ip":"10.0.1.7"}`, "allowed"},
		{`"IpAddress":{"ip":["10.1.0.0/16","2001:db8::/32"]}`, "denied"},
		{`"NotIpAddress":{"ip":"10.0.0.0/16"}`, "denied"},
		{`"IpAddress":{"ip":"ten"}`, "unknown"},
		{`"ArnLike":{"arn":"arn:aws:ecs:*:123456789012:*"}`, "allowed"},
		{`"ArnEquals":{"arn":"arn:aws:ecs:*:123456789012:task/*"}`, "allowed"},
		{`"ArnLike":{"arn":"arn:aws:*:task/prod/1"}`, "unknown"},
		{`"ArnLike":{"arn":"arn:aws:*:*:*:other/*"}`, "denied"},
		{`"ArnLike":{"arn":"*"}`, "allowed"},
		{`"ArnNotLike":{"arn":"arn:aws:ecs:*:123456789012:*"}`, "denied"},
		{`"ArnNotEquals":{"arn":"arn:aws:ecs:us-east-1:*:*"}`, "allowed"},
		{`"Null":{"gone":"true"}`, "allowed"},
		{`"Null":{"k":"true"}`, "denied"},
		{`"Null":{"k":false}`, "allowed"},
		{`"Null":{"new":"true"}`, "unknown"},
		{`"ForAllValues:StringEquals":{"many":["a","b","c"]}`, "allowed"},
		{`"ForAllValues:StringEquals":{"many":["a"]}`, "denied"},
		{`"ForAllValues:StringEquals":{"gone":["a"]}`, "allowed"},
		{`"ForAnyValue:StringEquals":{"many":["a"]}`, "allowed"},
		{`"ForAnyValue:StringEquals":{"many":["c"]}`, "denied"},
		{`"ForAnyValue:StringEquals":{"gone":["a"]}`, "denied"},
		{`"ForAnyValue:StringNotEquals":{"many":["a"]}`, "allowed"},
		{`"ForAllValues:StringNotEquals":{"many":["a"]}`, "denied"},
		{`"ForAnyValue:StringNotEquals":{"gone":["a"]}`, "denied"},
		{`"ForAnyValue:StringLikeIfExists":{"gone":["a"]}`, "allowed"},
		{`"StringEquals":{"k":"abc","n":"11"}`, "denied"},
		{`"StringEquals":{"k":"abc"},"Bool":{"b":"false"}`, "denied"},
		{`"StringEquals":{"new":"abc"},"Bool":{"b":"false"}`, "denied"},
		{`"StringEquals":{"new":"abc"},"Bool":{"b":"true"}`, "unknown"},
		{`"StringMatches":{"k":"abc"}`, "unknown"},
		{`"StringEquals":{"k":"${k}"}`, "allowed"},
		{`"StringEquals":{"k":"${new}"}`, "unknown"},
		{`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/service-role/*"}`, "allowed"},
	}
	for _, tt := range tests {
		t.Run(tt.condition, func(t *testing.T) {
			a := account{inline: map[string]string{"p": doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{` + tt.condition + `}}`)}}
			d := RoleMay(evidence.NewView(a.store()), roleARN, "s3:GetObject", "arn:aws:s3:::b/k", ctx)
			if got := answer(d); got != tt.want {
				t.Errorf("allow: %s, want %s; why %q", got, tt.want, d.Basis.Why)
			}
			// The same condition on a Deny beside an Allow decides the other way round.
			a.inline["q"] = doc(`{"Effect":"Allow","Action":"*","Resource":"*"}`)
			a.inline["p"] = strings.Replace(a.inline["p"], "Allow", "Deny", 1)
			opposite := map[string]string{"allowed": "denied", "denied": "allowed", "unknown": "unknown"}
			if got := answer(RoleMay(evidence.NewView(a.store()), roleARN, "s3:GetObject", "arn:aws:s3:::b/k", ctx)); got != opposite[tt.want] {
				t.Errorf("deny: %s, want %s", got, opposite[tt.want])
			}
		})
	}
}

func TestUnknownNamesTheKey(t *testing.T) {
	a := account{inline: map[string]string{"p": doc(`{"Sid":"Inside","Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}`)}}
	d := RoleMay(evidence.NewView(a.store()), roleARN, "ecr:BatchGetImage", repoARN, nil)
	if want := "inline policy p, statement Inside depends on aws:SourceVpc, which is not known"; d.Basis.Why != want {
		t.Errorf("why %q, want %q", d.Basis.Why, want)
	}
	d = RoleMay(evidence.NewView(a.store()), roleARN, "ecr:BatchGetImage", repoARN, Context{"aws:sourcevpc": {"vpc-1"}})
	if answer(d) != "allowed" {
		t.Errorf("%s with the key known", answer(d))
	}
}

func TestBoundary(t *testing.T) {
	all := doc(`{"Effect":"Allow","Action":"*","Resource":"*"}`)
	logs := doc(`{"Effect":"Allow","Action":"logs:*","Resource":"*"}`)
	a := account{inline: map[string]string{"p": all}, boundary: logs}
	d := RoleMay(evidence.NewView(a.store()), roleARN, "ecr:BatchGetImage", repoARN, nil)
	if answer(d) != "denied" || d.Explicit || d.Layer != LayerBoundary || d.Policy != boundaryARN {
		t.Errorf("outside the boundary: %+v", d)
	}
	if d := RoleMay(evidence.NewView(a.store()), roleARN, "logs:PutLogEvents", "*", nil); answer(d) != "allowed" {
		t.Errorf("inside both: %+v", d)
	}
	a.inline["p"] = logs
	a.boundary = all
	if d := RoleMay(evidence.NewView(a.store()), roleARN, "ecr:BatchGetImage", repoARN, nil); answer(d) != "denied" || d.Layer != LayerIdentity {
		t.Errorf("a boundary alone allows nothing: %+v", d)
	}
}

func TestDecisionTellsWhy(t *testing.T) {
	a := account{
		inline:   map[string]string{"secrets": doc(`{"Sid":"ReadDb","Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"}`)},
		attached: map[string]string{"arn:aws:iam::123456789012:policy/guard": doc(`{"Effect":"Deny","Action":"kms:*","Resource":"*"}`)},
	}
	allowed := RoleMay(evidence.NewView(a.store()), roleARN, "secretsmanager:GetSecretValue", "*", nil)
	if allowed.By != "inline policy secrets, statement ReadDb" || allowed.Policy != "secrets" || allowed.Role != "exec" {
		t.Errorf("allowed: %+v", allowed)
	}
	denied := RoleMay(evidence.NewView(a.store()), roleARN, "kms:Decrypt", "*", nil)
	if !denied.Explicit || denied.By != "managed policy guard, statement 1" || denied.Policy != "arn:aws:iam::123456789012:policy/guard" {
		t.Errorf("explicit: %+v", denied)
	}
	if c := denied.Basis.Cites; len(c) != 1 || c[0].Call != "iam:GetPolicyVersion" {
		t.Errorf("explicit cites %+v", c)
	}
	silent := RoleMay(evidence.NewView(a.store()), roleARN, "ecr:BatchGetImage", repoARN, nil)
	if silent.Explicit || silent.By != "" || silent.Says != "no policy of role exec allows ecr:BatchGetImage on "+repoARN {
		t.Errorf("implicit: %+v", silent)
	}
	if len(silent.Basis.Cites) != 3 { // the list and both documents
		t.Errorf("implicit cites %+v", silent.Basis.Cites)
	}
}

func TestMisses(t *testing.T) {
	allow := doc(`{"Effect":"Allow","Action":"*","Resource":"*"}`)
	deny := doc(`{"Effect":"Deny","Action":"*","Resource":"*"}`)
	full := account{inline: map[string]string{"a": allow, "b": allow}, boundary: allow}
	kinds := func(want ...evidence.Kind) func(evidence.Key) bool {
		return func(k evidence.Key) bool {
			for _, w := range want {
				if k.Kind == w {
					return true
				}
			}
			return false
		}
	}
	tests := []struct {
		name    string
		account account
		drop    func(evidence.Key) bool
		want    string
		missing int
	}{
		{"all there", full, kinds(), "allowed", 0},
		{"role and list are asked together", full, kinds(evidence.KindRole, evidence.KindRolePolicies), "unknown", 2},
		{"every document is asked at once", full, kinds(evidence.KindInlinePolicy, evidence.KindManagedPolicy), "unknown", 3},
		{"one document missing may deny", full, func(k evidence.Key) bool { return k.ID == "exec/a" }, "unknown", 1},
		{"no boundary known", full, kinds(evidence.KindRole), "unknown", 1},
		{"deny decides early", account{inline: map[string]string{"a": allow, "b": deny}}, func(k evidence.Key) bool { return k.ID == "exec/a" }, "denied", 0},
		{"silence decides without the boundary", account{inline: map[string]string{"a": doc(`[]`)}, boundary: allow}, kinds(evidence.KindManagedPolicy, evidence.KindRole), "denied", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := evidence.NewView(without(tt.account.store(), tt.drop))
			d := RoleMay(v, roleARN, "ecr:BatchGetImage", repoARN, nil)
			if answer(d) != tt.want || len(d.Basis.Missing) != tt.missing {
				t.Errorf("%s missing %v, want %s missing %d", answer(d), d.Basis.Missing, tt.want, tt.missing)
			}
			if len(v.Missed()) < len(d.Basis.Missing) {
				t.Errorf("the caller's view does not know of %v", d.Basis.Missing)
			}
		})
	}
}

func TestRoleNotReadable(t *testing.T) {
	s := account{}.store()
	if d := RoleMay(evidence.NewView(s), "", "a:b", "*", nil); answer(d) != "unknown" || d.Basis.Why == "" {
		t.Errorf("no role: %+v", d)
	}
	v := evidence.NewView(s)
	if d := RoleMay(v, "arn:aws:iam::999999999999:role/exec", "a:b", "*", nil); answer(d) != "unknown" || !strings.Contains(d.Basis.Why, "999999999999") || len(v.Missed()) != 0 {
		t.Errorf("role of another account: %+v, missed %v", d, v.Missed())
	}
	gone := without(s, func(k evidence.Key) bool { return k.Kind == evidence.KindRole || k.Kind == evidence.KindRolePolicies })
	gone.Put(evidence.Item{Key: evidence.RoleKey("exec").Key, Call: "iam:GetRole"})
	gone.Put(evidence.Item{Key: evidence.RolePoliciesKey("exec").Key, Call: "iam:ListRolePolicies"})
	if d := RoleMay(evidence.NewView(gone), roleARN, "a:b", "*", nil); answer(d) != "unknown" || len(d.Basis.Missing) != 0 || !strings.Contains(d.Basis.Why, "does not exist") {
		t.Errorf("no such role: %+v", d)
	}
}

func TestPublishedPolicyStandsIn(t *testing.T) {
	arn := "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
	s := without(account{attached: map[string]string{arn: "{}"}}.store(), func(k evidence.Key) bool { return k.Kind == evidence.KindManagedPolicy })
	if d := RoleMay(evidence.NewView(s), roleARN, "ecr:BatchGetImage", repoARN, nil); answer(d) != "unknown" {
		t.Errorf("%s before the policy was asked for", answer(d))
	}
	s.PutGap(evidence.Gap{Key: evidence.ManagedPolicyKey(arn).Key, Call: "iam:GetPolicy", Reason: "AccessDenied"})
	d := RoleMay(evidence.NewView(s), roleARN, "ecr:BatchGetImage", repoARN, nil)
	if answer(d) != "allowed" || len(d.Basis.Cites) != 1 || d.Basis.Cites[0].Call != PublishedCall {
		t.Errorf("%+v", d)
	}
	if d := RoleMay(evidence.NewView(s), roleARN, "logs:CreateLogGroup", "*", nil); answer(d) != "denied" {
		t.Errorf("the published policy has no logs:CreateLogGroup: %+v", d)
	}
	if _, ok := publishedPolicy("arn:aws:iam::123456789012:policy/AmazonECSTaskExecutionRolePolicy"); ok {
		t.Error("a policy of the customer's with that name is not AWS's")
	}
}

func TestPublishedDocumentsParse(t *testing.T) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(published, &all); err != nil || len(all) == 0 {
		t.Fatal(err, len(all))
	}
	for name, doc := range all {
		if _, err := parse(string(doc), identity); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRoleName(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:iam::123456789012:role/exec":                                   "exec",
		"arn:aws:iam::123456789012:role/service-role/exec":                      "exec",
		"arn:aws:sts::123456789012:assumed-role/exec/0123456789abcdef":          "exec",
		"arn:aws-cn:iam::123456789012:role/a/b/exec":                            "exec",
		"arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy": "AmazonECSTaskExecutionRolePolicy",
		"exec":         "exec",
		"path/to/exec": "exec",
		"":             "",
		"arn:broken":   "",
	} {
		if got := RoleName(arn); got != want {
			t.Errorf("RoleName(%q) = %q, want %q", arn, got, want)
		}
	}
}
