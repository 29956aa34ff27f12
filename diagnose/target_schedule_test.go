package diagnose_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/evidence"
)

// eventBus answers for one rule and one schedule that start tasks in cluster shop, and a rule that calls a function.
func eventBus(_ context.Context, s *evidence.Store, keys []evidence.Key) {
	run := evidence.RunTarget{Ecs: true, ARN: "arn:aws:ecs:eu-west-1:111122223333:cluster/shop"}
	values := map[evidence.Key]any{
		evidence.CallerKey().Key:                    evidence.Caller{Account: "111122223333", Region: "eu-west-1", Partition: "aws"},
		evidence.EventRulesKey("").Key:              evidence.Names{Names: []string{"nightly", "hourly"}},
		evidence.EventRuleKey("nightly").Key:        evidence.EventRule{Name: "nightly"},
		evidence.EventRuleTargetsKey("nightly").Key: evidence.EventTargets{Targets: []evidence.RunTarget{{ARN: "arn:aws:sns:eu-west-1:111122223333:x"}, run}},
		evidence.EventRuleKey("hourly").Key:         evidence.EventRule{Name: "hourly"},
		evidence.EventRuleTargetsKey("hourly").Key:  evidence.EventTargets{Targets: []evidence.RunTarget{{ARN: "arn:aws:lambda:eu-west-1:111122223333:function:f"}}},
		evidence.SchedulesKey().Key:                 evidence.Names{Names: []string{"default/nightly", "jobs/report"}},
		evidence.ScheduleKey("jobs", "report").Key:  evidence.Schedule{Name: "report", Group: "jobs", Target: run},
	}
	for _, k := range keys {
		v, ok := values[k]
		s.Put(evidence.Item{Key: k, Found: ok, Value: v, Call: "test", At: time.Unix(1, 0)})
	}
}

func TestResolveScheduled(t *testing.T) {
	for _, c := range []struct{ text, want, cluster, wrong, note string }{
		{text: diagnose.RuleText("shop", "nightly"), want: "rule nightly", cluster: "shop"},
		{text: diagnose.RuleText("", "nightly"), want: "rule nightly", cluster: "shop"},
		{text: diagnose.RuleText("web", "nightly"), want: "rule nightly", cluster: "shop", note: "in cluster shop, not in web"},
		{text: diagnose.RuleText("shop", "nightli"), wrong: "did you mean nightly?"},
		{text: diagnose.RuleText("shop", "hourly"), wrong: "starts no ECS task; its targets: arn:aws:lambda"},
		{text: diagnose.ScheduleText("shop", "jobs/report"), want: "schedule jobs/report", cluster: "shop"},
		{text: diagnose.ScheduleText("shop", "report"), wrong: "did you mean jobs/report?"},
		{text: "arn:aws:events:eu-west-1:111122223333:rule/nightly", want: "rule nightly", cluster: "shop"},
		{text: "arn:aws:scheduler:eu-west-1:111122223333:schedule/jobs/report", want: "schedule jobs/report", cluster: "shop"},
	} {
		got, notes, err := diagnose.Resolve(context.Background(), c.text, evidence.NewStore(), eventBus)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: got %v, %v; want an error with %q", c.text, got, err, c.wrong)
			}
			continue
		}
		if err != nil || len(got) != 1 || got[0].String() != c.want || got[0].Cluster != c.cluster {
			t.Errorf("%s: got %+v, %v; want %s of cluster %s", c.text, got, err, c.want, c.cluster)
		}
		if !strings.Contains(strings.Join(notes, "\n"), c.note) {
			t.Errorf("%s: notes %q, want %q", c.text, notes, c.note)
		}
	}
}
