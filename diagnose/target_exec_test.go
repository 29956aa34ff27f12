package diagnose_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/evidence"
)

const execTask, looseTask = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"

// twoTasks answers for service shop/orders with a task, and for a task of no service.
func twoTasks(_ context.Context, s *evidence.Store, keys []evidence.Key) {
	values := map[evidence.Key]any{
		evidence.CallerKey().Key:                    evidence.Caller{Account: "111122223333", Region: "eu-west-1", Partition: "aws"},
		evidence.ClusterKey("shop").Key:             evidence.Cluster{Name: "shop"},
		evidence.ServiceKey("shop", "orders").Key:   evidence.Service{Cluster: "shop", Name: "orders"},
		evidence.TaskKey("shop", execTask).Key:      evidence.Task{ID: execTask, Cluster: "shop", Group: "service:orders"},
		evidence.TaskKey("shop", looseTask).Key:     evidence.Task{ID: looseTask, Cluster: "shop", Group: "family:report"},
		evidence.ClustersKey().Key:                  evidence.Names{Names: []string{"shop"}},
		evidence.ClusterServicesKey("shop").Key:     evidence.Names{Names: []string{"orders"}},
		evidence.EventRuleKey("nightly").Key:        evidence.EventRule{Name: "nightly"},
		evidence.EventRuleTargetsKey("nightly").Key: evidence.EventTargets{Targets: []evidence.RunTarget{{Ecs: true, ARN: "arn:aws:ecs:eu-west-1:111122223333:cluster/shop"}}},
	}
	for _, k := range keys {
		v, ok := values[k]
		s.Put(evidence.Item{Key: k, Found: ok, Value: v, Call: "test", At: time.Unix(1, 0)})
	}
}

func TestResolveExec(t *testing.T) {
	for _, c := range []struct{ text, note, wrong string }{
		{text: "shop/orders"},
		{text: "shop"},
		{text: "arn:aws:ecs:eu-west-1:111122223333:service/shop/orders"},
		{text: "shop/" + execTask, note: "belongs to service orders"},
		{text: "shop/" + looseTask, wrong: "belongs to none"},
		{text: "shop/gone", wrong: "gone"},
		{text: diagnose.RuleText("shop", "nightly"), wrong: "running tasks of a service"},
	} {
		got, notes, err := diagnose.Resolve(context.Background(), diagnose.ExecText(c.text), evidence.NewStore(), twoTasks)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: got %v, %v; want an error with %q", c.text, got, err, c.wrong)
			}
			continue
		}
		if err != nil || len(got) != 1 || got[0].String() != "shop/orders" || got[0].Kind != evidence.TargetService || !got[0].Exec {
			t.Errorf("%s: got %+v, %v; want shop/orders marked", c.text, got, err)
		}
		if !strings.Contains(strings.Join(notes, "\n"), c.note) {
			t.Errorf("%s: notes %q, want %q", c.text, notes, c.note)
		}
	}
}
