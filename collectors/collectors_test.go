package collectors

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/ecsplain/ecsplain/evidence"
)

func TestEveryKindHasOneCollector(t *testing.T) {
	var got, want []evidence.Kind
	for _, c := range Collectors {
		got = append(got, c.Kind)
		if len(c.Calls) == 0 {
			t.Errorf("%s lists no calls", c.Kind)
		}
	}
	for _, k := range evidence.Kinds {
		want = append(want, k.Kind)
	}
	if !slices.Equal(got, want) {
		t.Errorf("collectors for %v\nkinds of evidence %v", got, want)
	}
}

func TestEveryActionSaysWhy(t *testing.T) {
	for _, a := range Actions() {
		if Why(a) == "" {
			t.Errorf("no word on what %s shows", a)
		}
		if service, _, _ := strings.Cut(a, ":"); !slices.Contains([]string{"ecs", "ec2", "logs", "ecr", "iam", "sts", "secretsmanager", "ssm", "kms", "elasticfilesystem", "elasticloadbalancing", "cloudtrail", "codedeploy",
			"application-autoscaling", "cloudwatch", "events", "scheduler", "servicequotas", "sqs", "xray", "route53resolver", "servicediscovery", "kinesis", "network-firewall"}, service) {
			t.Errorf("%s: no IAM prefix of a service that is read", a)
		}
	}
	if len(shows) != len(Actions()) {
		t.Errorf("%d reasons for %d actions", len(shows), len(Actions()))
	}
}

// Every collector answers its sample key by calls of its own list only; all lists together hold no call that nobody makes.
func TestCollectorsReadTheOrdinaryWorld(t *testing.T) {
	made := map[string]bool{}
	for i, c := range Collectors {
		k := sample[i]
		if k.Kind != c.Kind {
			t.Fatalf("sample %d is %s, want one of %s", i, k, c.Kind)
		}
		w := serve(t)
		s := w.fetch(t, k)
		it, state := s.Lookup(k)
		if state != evidence.Found {
			g, _ := s.Gap(k)
			t.Errorf("%s: state %d, gap %+v", k, state, g)
			continue
		}
		if !it.At.Equal(answeredAt) || !slices.Contains(c.Calls, it.Call) {
			t.Errorf("%s: answered by %q at %s; want one of %v at the Date header %s", k, it.Call, it.At, c.Calls, answeredAt)
		}
		for _, a := range w.seen() {
			made[a] = true
			if !slices.Contains(c.Calls, a) {
				t.Errorf("%s made a call that it does not list: %s", c.Kind, a)
			}
		}
		text, err := json.Marshal(it.Value)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := evidence.Kinds[i].Decode(text); err != nil {
			t.Errorf("%s: the value is not of the kind's type: %v", k, err)
		}
		if strings.Contains(string(text), "hunter2") {
			t.Errorf("%s holds a secret: %s", k, text)
		}
		if strings.Contains(string(text), `\u001b`) {
			t.Errorf("%s holds a terminal escape: %s", k, text)
		}
	}
	for _, a := range Actions() {
		if !made[a] {
			t.Errorf("%s is on a list and was never called", a)
		}
	}
}

// One wave of everything: each call once, nothing asked twice, and the longest chain is that of prefix lists.
func TestOneWaveOfEverything(t *testing.T) {
	w := serve(t)
	a, store := w.account(), evidence.NewStore()
	a.Fetch(context.Background(), store, append(slices.Clone(sample), sample...))
	if n := len(store.Items()); n != len(sample) {
		t.Errorf("%d of %d keys answered; gaps %+v", n, len(sample), store.Gaps())
	}
	st := a.Stats()
	if st.Total != len(w.seen()) || st.Waves != 1 || st.Chain != 3 || st.Retries != 0 || st.Throttled != 0 {
		t.Errorf("stats %+v after %d requests; want chain 3 (prefix lists), one wave, no retries", st, len(w.seen()))
	}
	a.Fetch(context.Background(), store, sample)
	if again := a.Stats(); again.Total != st.Total || again.Waves != 1 {
		t.Errorf("answered keys were asked again: %+v", again)
	}
}

func TestGuardSendsNothingThatIsNotOnTheList(t *testing.T) {
	w := serve(t)
	a, ctx := w.account(), context.Background()
	ecsClient, ec2Client := ecs.NewFromConfig(a.cfg), ec2.NewFromConfig(a.cfg)
	one := ""
	for name, do := range map[string]func() error{
		"ecs:UpdateService": func() error {
			_, err := ecsClient.UpdateService(ctx, &ecs.UpdateServiceInput{Service: &one})
			return err
		},
		"ecs:StopTask": func() error { _, err := ecsClient.StopTask(ctx, &ecs.StopTaskInput{Task: &one}); return err },
		"ec2:CreateRoute": func() error {
			_, err := ec2Client.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: &one})
			return err
		},
		"secretsmanager:GetSecretValue": func() error {
			_, err := secretsmanager.NewFromConfig(a.cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &one})
			return err
		},
		"ssm:GetParameters": func() error {
			_, err := ssm.NewFromConfig(a.cfg).GetParameters(ctx, &ssm.GetParametersInput{Names: []string{one}})
			return err
		},
		"ecr:GetAuthorizationToken": func() error {
			_, err := ecr.NewFromConfig(a.cfg).GetAuthorizationToken(ctx, nil)
			return err
		},
	} {
		var refused Refused
		if err := do(); !errors.As(err, &refused) || refused.Action != name {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
	if seen := w.seen(); len(seen) != 0 {
		t.Errorf("requests were sent: %v", seen)
	}
}

// A collector may make no call of another one's list either.
func TestGuardHoldsACollectorToItsOwnList(t *testing.T) {
	w := serve(t)
	a, store := w.account(), evidence.NewStore()
	k := evidence.RoleKey("web-exec").Key
	wave := &Wave{Account: a, store: store, answered: map[evidence.Key]bool{}}
	wave.run(context.Background(), Collector{evidence.KindRole, []string{"iam:GetRolePolicy"}, roles}, []evidence.Key{k})
	wantGap(t, store, k, ReasonRefused, "defect")
	if len(w.seen()) != 0 {
		t.Errorf("requests were sent: %v", w.seen())
	}
}

func TestUnknownKindIsAGap(t *testing.T) {
	k := evidence.Key{Kind: "star-sign", ID: "leo"}
	wantGap(t, serve(t).fetch(t, k), k, evidence.ReasonNoCollector, "")
}
