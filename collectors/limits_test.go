package collectors

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecsplain/ecsplain/evidence"
)

// Half of what AWS publishes for its buckets (refill per second, burst).
func TestLimitsStayUnderAWSs(t *testing.T) {
	published := map[string]struct {
		perSecond float64
		burst     int
	}{
		"ecs:ListTasks": {20, 100}, "ecs:DescribeServices": {20, 100}, "ecs:DescribeClusters": {20, 50}, "ecs:DescribeTaskDefinition": {20, 50},
		"ecs:ListServiceDeployments": {20, 50}, "ec2:DescribeSubnets": {20, 100}, "logs:GetLogEvents": {10, 20}, "logs:DescribeLogGroups": {10, 20},
		"ssm:DescribeParameters": {3, 6}, "elasticloadbalancing:DescribeTargetGroups": {10, 40}, "secretsmanager:DescribeSecret": {40000, 40000},
	}
	l := newLimits()
	for action, aws := range published {
		lim := l.byFamily[family(action)]
		if lim == nil || float64(lim.Limit()) > aws.perSecond/2 || lim.Burst() > aws.burst/2 {
			t.Errorf("%s: limit %+v, want at most half of %+v", action, lim, aws)
		}
	}
	for _, a := range Actions() {
		if l.byFamily[family(a)] == nil {
			t.Errorf("%s has no limit", a)
		}
	}
	if l.byFamily[family("ecs:ListTasks")] != l.byFamily[family("ecs:DescribeTasks")] {
		t.Error("ListTasks and DescribeTasks share a bucket at AWS and none here")
	}
}

// A limit that the run's deadline does not leave time for is a gap at once, without a request.
func TestLimitBeyondTheDeadline(t *testing.T) {
	w := serve(t)
	a, store, k := w.account(), evidence.NewStore(), evidence.ParameterKey("/web/flag").Key
	lim := a.limits.byFamily["ssm:DescribeParameters"]
	lim.AllowN(time.Now(), lim.Burst())
	lim.SetLimit(1e-9)
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	a.Fetch(ctx, store, []evidence.Key{k})
	wantGap(t, store, k, evidence.ReasonDeadline, "--deadline")
	if len(w.seen()) != 0 || a.Stats().Total != 0 {
		t.Errorf("requests were sent or counted: %v, %+v", w.seen(), a.Stats())
	}
}

func TestCredentialsLostInTheMiddle(t *testing.T) {
	cfg := testConfig(serve(t).url, 1)
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("the token has expired and refresh failed")
	})
	store, k := evidence.NewStore(), evidence.RoleKey("r").Key
	New(cfg, Options{Profile: "work"}).Fetch(context.Background(), store, []evidence.Key{k})
	wantGap(t, store, k, ReasonNoCredentials, "aws sso login --profile work")
}

func TestProgressNamesEveryCall(t *testing.T) {
	var mu sync.Mutex
	var said []string
	w := serve(t)
	a := New(testConfig(w.url, 1), Options{Progress: func(s string) {
		if !mu.TryLock() {
			t.Error("progress was called concurrently")
			return
		}
		defer mu.Unlock()
		said = append(said, s)
	}})
	a.Fetch(context.Background(), evidence.NewStore(), sample)
	if len(said) != len(w.seen()) || !strings.Contains(strings.Join(said, " "), "ecs:DescribeServices") {
		t.Errorf("%d of %d calls were told: %v", len(said), len(w.seen()), said)
	}
}
