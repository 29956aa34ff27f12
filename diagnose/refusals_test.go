package diagnose

import (
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/evidence"
)

func TestMayNeed(t *testing.T) {
	e := &Engine{Reads: []string{"ecs:ListTasks", "ec2:DescribeSubnets", "ec2:DescribeRouteTables", "ec2:DescribeRouteTables", "iam:GetRole"}}
	gap := func(fix string) evidence.Gap { return evidence.Gap{Fix: fix} }
	for _, c := range []struct {
		name string
		gaps []evidence.Gap
		want string
	}{
		{"nothing refused", nil, ""},
		{"a service that refuses everything", []evidence.Gap{gap("allow ec2:DescribeSubnets")}, "ec2:DescribeRouteTables"},
		{"a service that answers other calls", []evidence.Gap{gap("allow ecs:ListTasks")}, ""},
		{"no refusal", []evidence.Gap{gap("run again later")}, ""},
	} {
		store := evidence.NewStore()
		store.Put(evidence.Item{Key: evidence.CallerKey().Key, Found: true, Call: "ecs:DescribeServices", Value: evidence.Caller{}})
		if got := strings.Join(e.mayNeed(store, c.gaps), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
