package prove

import (
	"cmp"
	_ "embed"
	"time"
)

//go:embed balanced.yaml
var balancedYAML []byte

// targetGroup is the one of balanced.yaml.
const targetGroup = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/orders/0a1b2c3d"

// Unhealthy makes both tasks of the service sick targets. It implies the base balanced.
type Unhealthy struct {
	Reason      string `yaml:"reason"`      // AWS's code: Target.Timeout, ...
	Description string `yaml:"description"` // in AWS's words
	State       string `yaml:"state"`       // "" = unhealthy
}

// Killed makes two tasks die because their health check failed. It implies the base balanced.
type Killed struct {
	Reason   string `yaml:"reason"`    // stopped reason
	Lived    int    `yaml:"lived"`     // seconds from start to stop
	LogAfter int    `yaml:"log_after"` // seconds from the start to the first line of the log
}

// sickTargets writes the shorthands of unhealthy tasks as evidence.
func (c Case) sickTargets() map[string]any {
	out := map[string]any{}
	if u := c.Unhealthy; u != nil {
		var targets []any
		for _, ip := range []string{"10.0.10.5", "10.0.10.6"} {
			targets = append(targets, map[string]any{"id": ip, "port": 8080, "zone": "eu-west-1a", "health_check_port": "8080",
				"state": cmp.Or(u.State, "unhealthy"), "reason": u.Reason, "description": u.Description})
		}
		out["target-health/"+targetGroup] = map[string]any{"targets": targets}
		c.logAt(out, Now.Add(-19*time.Minute))
	}
	if k := c.Killed; k != nil {
		stopped := Now.Add(-3 * time.Minute)
		started := stopped.Add(-time.Duration(k.Lived) * time.Second)
		var tasks []any
		for i := range taskIDs {
			t := c.task(i, "ServiceSchedulerInitiated", k.Reason, nil)
			t["started_at"], t["created_at"] = started.Format(time.RFC3339), started.Add(-time.Minute).Format(time.RFC3339)
			t["stopping_at"], t["stopped_at"] = stopped.Format(time.RFC3339), stopped.Add(30*time.Second).Format(time.RFC3339)
			tasks = append(tasks, t)
		}
		out["stopped-tasks/shop/orders"] = map[string]any{"tasks": tasks}
		out["service/shop/orders"] = map[string]any{"running": 0, "events": []any{}, "deployments": []any{map[string]any{
			"id": "ecs-svc/7000000000000000007", "status": "PRIMARY", "task_definition": "orders:7", "desired": 2, "failed": 2,
			"rollout_state": "IN_PROGRESS", "created_at": at(-25), "updated_at": at(-2), "launch_type": "FARGATE",
			"network": map[string]any{"subnets": []any{"subnet-0priva", "subnet-0privb"}, "security_groups": []any{"sg-0task"}}}}}
		out["running-tasks/shop/orders"] = map[string]any{"tasks": []any{}}
		out["target-health/"+targetGroup] = map[string]any{"targets": []any{}}
		c.logAt(out, started.Add(time.Duration(cmp.Or(k.LogAfter, 5))*time.Second))
	}
	return out
}

// logAt writes the case's log from a time on, or an empty stream.
func (c Case) logAt(out map[string]any, from time.Time) {
	lines := []any{}
	for i, l := range c.Log {
		lines = append(lines, map[string]any{"at": from.Add(time.Duration(i) * time.Second).Format(time.RFC3339Nano), "text": l})
	}
	out["log-tail//ecs/orders:orders/app/"+taskIDs[0]] = map[string]any{"group": "/ecs/orders", "stream": "orders/app/" + taskIDs[0], "lines": lines}
}
