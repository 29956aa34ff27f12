package diagnose_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/evidence"
)

const (
	groupARN = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/orders/0123456789abcdef"
	lbName   = "shop-1234567890.eu-west-1.elb.amazonaws.com"
	taskOne  = "1f00000000000000000000000000000a"
)

// region answers for two clusters: shop with orders and catalog, batch with orders only.
func region(_ context.Context, s *evidence.Store, keys []evidence.Key) {
	found := func(k evidence.Key, v any) {
		s.Put(evidence.Item{Key: k, Found: true, Value: v, Call: "test", At: time.Unix(1, 0)})
	}
	service := func(cluster, name string, groups ...string) evidence.Service {
		out := evidence.Service{Cluster: cluster, Name: name, Status: "ACTIVE"}
		for _, g := range groups {
			out.TargetGroups = append(out.TargetGroups, evidence.ServiceTargetGroup{ARN: g})
		}
		return out
	}
	values := map[evidence.Key]any{
		evidence.CallerKey().Key:                    evidence.Caller{Account: "111122223333", Region: "eu-west-1", Partition: "aws"},
		evidence.ClustersKey().Key:                  evidence.Names{Names: []string{"shop", "batch"}},
		evidence.ClusterServicesKey("shop").Key:     evidence.Names{Names: []string{"orders", "catalog"}},
		evidence.ClusterServicesKey("batch").Key:    evidence.Names{Names: []string{"orders", "nightly"}},
		evidence.ServiceKey("shop", "orders").Key:   service("shop", "orders", groupARN),
		evidence.ServiceKey("shop", "catalog").Key:  service("shop", "catalog"),
		evidence.ServiceKey("batch", "orders").Key:  service("batch", "orders"),
		evidence.ServiceKey("batch", "nightly").Key: service("batch", "nightly"),
		evidence.TaskKey("batch", taskOne).Key:      evidence.Task{ID: taskOne, Cluster: "batch"},
		evidence.LoadBalancerKey(lbName).Key:        evidence.LoadBalancer{DNSName: lbName, TargetGroups: []string{groupARN}},
	}
	for _, k := range keys {
		if v, ok := values[k]; ok {
			found(k, v)
			continue
		}
		s.Put(evidence.Item{Key: k, Call: "test", At: time.Unix(1, 0)})
	}
}

func TestResolve(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"shop/orders", "shop/orders"},
		{"shop", "shop/orders shop/catalog"},
		{"catalog", "shop/catalog"},
		{taskOne, "batch/" + taskOne},
		{"batch/" + taskOne, "batch/" + taskOne},
		{"arn:aws:ecs:eu-west-1:111122223333:service/shop/orders", "shop/orders"},
		{"arn:aws:ecs:eu-west-1:111122223333:service/catalog", "shop/catalog"},
		{"arn:aws:ecs:eu-west-1:111122223333:cluster/shop", "shop/orders shop/catalog"},
		{"arn:aws:ecs:eu-west-1:111122223333:task/batch/" + taskOne, "batch/" + taskOne},
		{"arn:aws:ecs:eu-west-1:111122223333:task/" + taskOne, "batch/" + taskOne},
		{groupARN, "shop/orders"},
		{lbName, "shop/orders"},
		{"https://dualstack." + strings.ToUpper(lbName[:4]) + lbName[4:] + "/health", "shop/orders"},
		{"https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/shop/services/orders/health?region=eu-west-1", "shop/orders"},
		{"https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/batch/tasks/" + taskOne + "/configuration", "batch/" + taskOne},
		{"https://console.aws.amazon.com/ecs/home?region=eu-west-1#/clusters/shop/services/orders/details", "shop/orders"},
		{diagnose.All, "shop/orders shop/catalog batch/orders batch/nightly"},
	} {
		targets, _, err := diagnose.Resolve(context.Background(), c.text, evidence.NewStore(), region)
		var got []string
		for _, x := range targets {
			got = append(got, x.String())
		}
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %v, %v; want %s", c.text, got, err, c.want)
		}
	}
}

// What cannot be found is said with the nearest names or the next thing to type.
func TestResolveSaysWhatToType(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "type a target"},
		{"shop/order", "did you mean orders"},
		{"shp/orders", "did you mean shop"},
		{"catalogue", "did you mean shop/catalog"},
		{"orders", "say which; did you mean shop/orders, batch/orders"},
		{"shop/", "want CLUSTER/SERVICE"},
		{"a/b/c", "want CLUSTER/SERVICE"},
		{"arn:aws:ecs:eu-west-1", "not a whole ARN"},
		{"arn:aws:ecs:us-east-1:111122223333:service/shop/orders", "add --region us-east-1"},
		{"arn:aws:ecs:eu-west-1:999999999999:service/shop/orders", "belongs to account 999999999999"},
		{"arn:aws:ecs:eu-west-1:999999999999:task/batch/" + taskOne, "use a --profile of that account"},
		{strings.Replace(groupARN, "111122223333", "999999999999", 1), "belongs to account 999999999999"},
		{"arn:aws:s3:::bucket", "is wanted"},
		{"shop/" + strings.Repeat("0", 32), "diagnose its service instead"},
		{strings.Repeat("0", 32), "diagnose its service instead"},
		{"gone-1.eu-west-1.elb.amazonaws.com", "no load balancer"},
		{"https://example.com/x", "not a page of the ECS console"},
		{strings.Replace(groupARN, "orders", "other", 1), "no ECS service of this region registers with it"},
	} {
		_, _, err := diagnose.Resolve(context.Background(), c.text, evidence.NewStore(), region)
		var te *diagnose.TargetError
		if !errors.As(err, &te) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
	}
}
