package lab

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func wantText(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestContainersStartInOrder: what a container waits for decides when it starts, and whether.
func TestContainersStartInOrder(t *testing.T) {
	migrate := func(exit int32) App {
		return App{Programs: []string{"/migrate"}, Boot: 5 * time.Second, Runs: time.Second, Exit: exit}
	}
	for _, c := range []struct {
		condition ecstypes.ContainerCondition
		app       App
		health    *ecstypes.HealthCheck
		want      string // the reason that the task stopped for, "" = it runs
	}{
		{ecstypes.ContainerConditionStart, App{Programs: []string{"/x"}}, nil, ""},
		{ecstypes.ContainerConditionComplete, migrate(3), nil, ""},
		{ecstypes.ContainerConditionSuccess, migrate(0), nil, ""},
		{ecstypes.ContainerConditionSuccess, migrate(3), nil, "dependency graph: failed to resolve container ordering dependency [first] for target [web] as dependency did not exit successfully."},
		{ecstypes.ContainerConditionComplete, App{Programs: []string{"/x"}}, nil, "dependency graph: container ordering dependency [first] for target [web] has timed out."},
		{ecstypes.ContainerConditionHealthy, App{Programs: []string{"/x"}}, &ecstypes.HealthCheck{Command: []string{"CMD", "/x"}, Interval: aws.Int32(5)}, ""},
		{ecstypes.ContainerConditionHealthy, App{Programs: []string{"/x"}}, &ecstypes.HealthCheck{Command: []string{"CMD", "/y"}, Interval: aws.Int32(5)}, "dependency graph: container ordering dependency [first] for target [web] has timed out."},
	} {
		w := New(Options{Web: true, Seed: 3})
		w.addRepository("shop/first", []build{{"1", anywhere, true, c.app, day}})
		in := w.definition("web", "3.0.1", 8080)
		in.ContainerDefinitions[0].DependsOn = []ecstypes.ContainerDependency{{ContainerName: aws.String("first"), Condition: c.condition}}
		in.ContainerDefinitions = append(in.ContainerDefinitions, ecstypes.ContainerDefinition{
			Name: aws.String("first"), Image: aws.String(w.registryHost() + "/shop/first:1"), Essential: aws.Bool(false), HealthCheck: c.health, StartTimeout: aws.Int32(60),
		})
		w.must(w.register(in))
		apply(t, w, []Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "web", "taskDefinition": "web:3"}}})
		w.Advance(6 * time.Minute)
		if c.want == "" {
			if err := w.Healed("shop/web", time.Minute); err != nil {
				t.Errorf("%s: %v%s", c.condition, err, story(w, "shop/web"))
			}
			continue
		}
		failed := failedTasks(w, "shop/web")
		if len(failed) == 0 {
			t.Errorf("%s: no task failed to start%s", c.condition, story(w, "shop/web"))
		}
		for _, x := range failed {
			if aws.ToString(x.StoppedReason) != c.want || aws.ToString(x.Containers[0].Reason) != c.want || x.StartedAt != nil {
				t.Errorf("%s: the task says %q, its container %q; want %q", c.condition, aws.ToString(x.StoppedReason), aws.ToString(x.Containers[0].Reason), c.want)
			}
		}
	}
}
