package prove

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// taskIDs are the ids of the tasks that a case makes fail, newest first.
var taskIDs = []string{"1f00000000000000000000000000000a", "1f00000000000000000000000000000b"}

// failure writes the shorthands of a case as evidence: the way ECS would show such a failure.
func (c Case) failure() map[string]any {
	out := map[string]any{}
	sick := map[string]any{
		"running": 0, "events": []any{},
		"deployments": []any{map[string]any{
			"id": "ecs-svc/7000000000000000007", "status": "PRIMARY", "task_definition": "orders:7", "desired": 2, "failed": 2,
			"rollout_state": "IN_PROGRESS", "created_at": at(-25), "updated_at": at(-2), "launch_type": "FARGATE",
			"network": map[string]any{"subnets": []any{"subnet-0priva", "subnet-0privb"}, "security_groups": []any{"sg-0task"}},
		}},
	}
	switch {
	case c.Stopped != "":
		out["service/shop/orders"] = sick
		out["stopped-tasks/shop/orders"] = map[string]any{"tasks": []any{c.task(0, "TaskFailedToStart", c.Stopped, nil), c.task(1, "TaskFailedToStart", c.Stopped, nil)}}
	case c.Exit != nil:
		out["service/shop/orders"] = sick
		reason := "Essential container in task exited"
		out["stopped-tasks/shop/orders"] = map[string]any{"tasks": []any{c.task(0, "EssentialContainerExited", reason, c.Exit), c.task(1, "EssentialContainerExited", reason, c.Exit)}}
	case c.Stuck != "":
		sick["pending"] = 1
		out["service/shop/orders"] = sick
		t := c.task(0, "", "", nil)
		t["last_status"], t["desired_status"], t["stopped_at"], t["created_at"] = c.Stuck, "RUNNING", nil, at(-4)
		out["running-tasks/shop/orders"] = map[string]any{"tasks": []any{t}}
	case c.Rollout != nil:
		return c.rollout()
	case c.Expired:
		out["service/shop/orders"] = sick
	case c.Event != "":
		sick["events"] = []any{map[string]any{"id": "e1", "at": at(-3), "message": c.Event}}
		out["service/shop/orders"] = sick
	}
	if len(c.Log) > 0 {
		var lines []any
		for i, l := range c.Log {
			lines = append(lines, map[string]any{"at": Now.Add(-3*time.Minute + time.Duration(i)*time.Millisecond).Format(time.RFC3339Nano), "text": l})
		}
		out["log-tail//ecs/orders:orders/app/"+taskIDs[0]] = map[string]any{"group": "/ecs/orders", "stream": "orders/app/" + taskIDs[0], "lines": lines}
	}
	return out
}

func at(minutes int) string {
	return Now.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339)
}

func (c Case) task(i int, stopCode, reason string, exit *Exit) map[string]any {
	container := map[string]any{"name": "app", "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/orders:1.4.2", "last_status": "STOPPED"}
	t := map[string]any{
		"id": taskIDs[i], "arn": "arn:aws:ecs:eu-west-1:111122223333:task/shop/" + taskIDs[i], "cluster": "shop", "group": "service:orders",
		"started_by": "ecs-svc/7000000000000000007", "task_definition": "orders:7", "last_status": "STOPPED", "desired_status": "STOPPED",
		"stop_code": stopCode, "stopped_reason": reason, "launch_type": "FARGATE", "availability_zone": "eu-west-1a", "subnet_id": cmp.Or(c.Subnet, "subnet-0priva"),
		"created_at": at(-8 - i), "stopped_at": at(-3 - i), "containers": append([]any{container}, c.others()...),
	}
	if exit != nil {
		t["started_at"] = at(-7 - i)
		container["reason"] = exit.Reason
		container["image_digest"] = fmt.Sprintf("sha256:%064d", 7)
		if exit.Code != nil {
			container["exit"] = map[string]any{"known": true, "code": *exit.Code}
		}
		if exit.Waited > 0 {
			t["stopping_at"] = Now.Add(time.Duration(-3-i)*time.Minute - time.Duration(exit.Waited)*time.Second).Format(time.RFC3339)
		}
	}
	return t
}

// others are the containers beside app.
func (c Case) others() (out []any) {
	for _, name := range slices.Sorted(maps.Keys(c.Others)) {
		o := c.Others[name]
		m := map[string]any{"name": name, "last_status": cmp.Or(o.Status, "STOPPED"), "reason": o.Reason, "health_status": o.Health}
		if o.Code != nil {
			m["exit"] = map[string]any{"known": true, "code": *o.Code}
		}
		out = append(out, m)
	}
	return out
}

// rollout is a service whose newest deployment, of orders:8, did not succeed: it was rolled back to orders:7, or goes on.
func (c Case) rollout() map[string]any {
	const arn = "arn:aws:ecs:eu-west-1:111122223333:"
	d := map[string]any{"arn": arn + "service-deployment/shop/orders/d8", "status": "ROLLBACK_SUCCESSFUL", "created_at": at(-30), "started_at": at(-30), "finished_at": at(-18),
		"failure_threshold": 3, "target_service_revision": arn + "service-revision/shop/orders/8", "rollback_service_revision": arn + "service-revision/shop/orders/7"}
	d = merge(d, c.Rollout).(map[string]any)
	svc := map[string]any{"events": []any{map[string]any{"id": "e9", "at": at(-20), "message": "(service orders) rolling back to deployment ecs-svc/7000000000000000007."}}}
	if d["status"] == "IN_PROGRESS" {
		net := map[string]any{"subnets": []any{"subnet-0priva", "subnet-0privb"}, "security_groups": []any{"sg-0task"}}
		svc = map[string]any{"task_definition": "orders:8", "events": []any{}, "deployments": []any{
			map[string]any{"id": "ecs-svc/8000000000000000008", "status": "PRIMARY", "task_definition": "orders:8", "desired": 2, "running": 2, "rollout_state": "IN_PROGRESS", "created_at": at(-30), "updated_at": at(-2), "launch_type": "FARGATE", "network": net},
			map[string]any{"id": "ecs-svc/7000000000000000007", "status": "ACTIVE", "task_definition": "orders:7", "desired": 2, "running": 2, "rollout_state": "COMPLETED", "created_at": at(-1500), "updated_at": at(-1490), "launch_type": "FARGATE", "network": net},
		}}
	}
	return map[string]any{"service/shop/orders": svc, "service-deployments/shop/orders": map[string]any{"deployments": []any{d}}}
}
