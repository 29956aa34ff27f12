package iam

import (
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/evidence"
)

func TestTrustedBy(t *testing.T) {
	tests := []struct {
		name, trust, want, principals string
	}{
		{"the usual", doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}`), "yes", "ecs-tasks.amazonaws.com"},
		{"arrays", doc(`[{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com","ecs-tasks.amazonaws.com"]},"Action":["sts:TagSession","sts:AssumeRole"]}]`), "yes", "ec2.amazonaws.com, ecs-tasks.amazonaws.com"},
		{"wildcard action", doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:Assume*"}`), "yes", "ecs-tasks.amazonaws.com"},
		{"everyone", doc(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}`), "yes", "everyone"},
		{"ecs instead of ecs-tasks", doc(`{"Effect":"Allow","Principal":{"Service":"ecs.amazonaws.com"},"Action":"sts:AssumeRole"}`), "no", "ecs.amazonaws.com"},
		{"an account", doc(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}`), "no", "account 123456789012"},
		{"federated", doc(`{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity"}`), "no", "cognito-identity.amazonaws.com"},
		{"wrong action", doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRoleWithSAML"}`), "no", "ecs-tasks.amazonaws.com"},
		{"denied", doc(`[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Deny","Principal":"*","Action":"*"}]`), "no", "ecs-tasks.amazonaws.com"},
		{"SourceAccount fits", doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}`), "yes", "ecs-tasks.amazonaws.com"},
		{"SourceAccount of another", doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"999999999999"}}}`), "no", "ecs-tasks.amazonaws.com"},
		{"SourceArn fits", doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:ecs:eu-west-1:123456789012:*"}}}`), "yes", "ecs-tasks.amazonaws.com"},
		{"SourceArn of another region", doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:ecs:us-east-1:123456789012:*"}}}`), "no", "ecs-tasks.amazonaws.com"},
		{"SourceArn of one cluster", doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"}}}`), "unknown", ""},
		{"SourceArn with StringEquals and a star", doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceArn":"arn:aws:ecs:eu-west-1:123456789012:*"}}}`), "no", "ecs-tasks.amazonaws.com"},
		{"SourceArn with StringLike", doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringLike":{"aws:SourceArn":"arn:aws:ecs:*:123456789012:*"}}}`), "yes", "ecs-tasks.amazonaws.com"},
		{"ExternalId is never sent", doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"x"}}}`), "no", "ecs-tasks.amazonaws.com"},
		{"condition nobody knows", doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceOrgID":"o-1"}}}`), "unknown", ""},
		{"condition nobody knows on another principal", doc(`{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceOrgID":"o-1"}}}`), "no", "ec2.amazonaws.com"},
		{"not JSON", `{"Statement":`, "unknown", ""},
		{"no principal", doc(`{"Effect":"Allow","Action":"sts:AssumeRole"}`), "unknown", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := TrustedBy(evidence.NewView(account{trust: tt.trust}.store()), roleARN, TasksService)
			word := map[bool]string{true: "yes", false: "no"}[got.Trusts]
			if got.Basis.Unknown {
				word = "unknown"
			}
			if word != tt.want || !got.Basis.Unknown && got.Principals != tt.principals {
				t.Fatalf("%s %q, want %s %q; says %q, why %q", word, got.Principals, tt.want, tt.principals, got.Says, got.Basis.Why)
			}
			if got.Basis.Unknown != (got.Basis.Why != "") || !got.Basis.Unknown && (len(got.Basis.Cites) == 0 || got.Says == "" || !got.Exists) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestTrustOfARoleThatIsNotThere(t *testing.T) {
	trust := doc(`{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}`)
	full := account{trust: trust}.store()
	isRole := func(k evidence.Key) bool { return k.Kind == evidence.KindRole }

	other := TrustedBy(evidence.NewView(full), "arn:aws:iam::123456789012:role/exec", TasksService)
	if other.Basis.Unknown || other.Exists || other.Trusts || !strings.Contains(other.Says, roleARN) {
		t.Errorf("same name, other path: %+v", other)
	}
	if byName := TrustedBy(evidence.NewView(full), "exec", TasksService); !byName.Exists || !byName.Trusts {
		t.Errorf("bare name: %+v", byName)
	}
	if foreign := TrustedBy(evidence.NewView(full), "arn:aws:iam::999999999999:role/exec", TasksService); !foreign.Basis.Unknown || foreign.Basis.Why == "" {
		t.Errorf("another account: %+v", foreign)
	}
	if unread := TrustedBy(evidence.NewView(without(full, isRole)), roleARN, TasksService); !unread.Basis.Unknown || len(unread.Basis.Missing) != 1 {
		t.Errorf("unread: %+v", unread)
	}
	absent := without(full, isRole)
	absent.Put(evidence.Item{Key: evidence.RoleKey("exec").Key, Call: "iam:GetRole"})
	if gone := TrustedBy(evidence.NewView(absent), roleARN, TasksService); gone.Basis.Unknown || gone.Exists || gone.Trusts || len(gone.Basis.Cites) != 1 {
		t.Errorf("absent: %+v", gone)
	}
	blind := without(absent, func(k evidence.Key) bool { return k.Kind == evidence.KindCaller })
	if whose := TrustedBy(evidence.NewView(blind), roleARN, TasksService); !whose.Basis.Unknown || len(whose.Basis.Missing) != 1 {
		t.Errorf("absent in an account that nobody knows: %+v", whose)
	}
}

// EventBridge and its Scheduler send the ARN of a rule or of a schedule group, never one of ECS.
func TestTrustOfOtherServices(t *testing.T) {
	for _, c := range []struct{ service, source, want string }{
		{"scheduler.amazonaws.com", "arn:aws:scheduler:eu-west-1:123456789012:*", "yes"},
		{"scheduler.amazonaws.com", "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/default", "unknown"},
		{"scheduler.amazonaws.com", "arn:aws:ecs:eu-west-1:123456789012:*", "no"},
		{"events.amazonaws.com", "arn:aws:events:eu-west-1:123456789012:*", "yes"},
		{"events.amazonaws.com", "arn:aws:events:us-east-1:123456789012:*", "no"},
	} {
		trust := doc(`{"Effect":"Allow","Principal":{"Service":"` + c.service + `"},"Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:SourceArn":"` + c.source + `"}}}`)
		got := TrustedBy(evidence.NewView(account{trust: trust}.store()), roleARN, c.service)
		word := map[bool]string{true: "yes", false: "no"}[got.Trusts]
		if got.Basis.Unknown {
			word = "unknown"
		}
		if word != c.want {
			t.Errorf("%s with %s: %s, want %s; %s %s", c.service, c.source, word, c.want, got.Says, got.Basis.Why)
		}
	}
}
