package facts

import (
	"slices"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

// stages is the order in which a launch passes its steps. A task that has a start time passed them all.
var stages = []string{"assume-role", "placement", "eni", "registry-auth", "secret", "parameter", "env-file", "log-driver", "efs", "ebs", "manifest", "layers", "pull", "container-start", "run"}

// Control looks for a sibling that refutes a constant cause: a task of the same revision in the same subnet (so the
// same security groups, role and image) that was created after the failures began, before they ended, and passed the
// stage at which they failed.
func Control(in Incident, running []evidence.Task) (evidence.Task, bool) {
	stage := slices.Index(stages, in.Message.Step)
	if stage < 0 || in.Message.Step == "run" || in.Kind == KindNotPlaced {
		return evidence.Task{}, false
	}
	pulled := slices.Index(stages, "pull")
	for _, t := range running {
		if t.TaskDefinition != in.Launch.TaskDefinition || t.SubnetID != in.Launch.Subnet || !t.CreatedAt.Known {
			continue
		}
		if !t.CreatedAt.At.After(in.First) || t.CreatedAt.At.After(in.Last) {
			continue
		}
		if t.StartedAt.Known || t.PullStoppedAt.Known && stage < pulled {
			return t, true
		}
	}
	return evidence.Task{}, false
}

// Passed is when a control passed the stage.
func Passed(t evidence.Task) time.Time {
	if t.StartedAt.Known {
		return t.StartedAt.At
	}
	return t.PullStoppedAt.At
}
