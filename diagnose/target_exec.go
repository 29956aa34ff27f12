package diagnose

import (
	"context"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

const execPrefix = "--exec "

// ExecText is the target text of a service of which is asked, too, whether sessions (ECS Exec) open in its tasks. target
// is any text that stands for services, or for a task of one.
func ExecText(target string) string { return execPrefix + target }

// exec marks the services that a text stands for. A task stands for its service.
func (r *resolver) exec(ctx context.Context, text string) ([]evidence.Target, error) {
	targets, notes, err := Resolve(ctx, text, r.store, r.fetch)
	if err != nil {
		return nil, err
	}
	r.notes = append(r.notes, notes...)
	for i, t := range targets {
		switch t.Kind {
		case evidence.TargetTask:
			name, ok := r.serviceOf(t)
			if !ok {
				return nil, r.fail("--exec looks at the running tasks of a service, and %s belongs to none; type CLUSTER/SERVICE --exec", t)
			}
			r.notes = append(r.notes, "task "+t.Task+" belongs to service "+name+": sessions are judged for all of its running tasks")
			t = evidence.Target{Kind: evidence.TargetService, Cluster: t.Cluster, Service: name}
		case evidence.TargetService:
		default:
			return nil, r.fail("--exec looks at the running tasks of a service; type CLUSTER/SERVICE --exec")
		}
		t.Exec = true
		targets[i] = t
	}
	return targets, nil
}

// serviceOf is the service of a task by its group.
func (r *resolver) serviceOf(t evidence.Target) (string, bool) {
	key := evidence.TaskKey(t.Cluster, t.Task)
	r.get(key.Key)
	task, _ := evidence.Read(evidence.NewView(r.store), key)
	return strings.CutPrefix(task.Group, "service:")
}
