package lab

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// rememberReleases takes what was rolled back by now as what Healed expects to run in the end: that release or a later one.
func (w *World) rememberReleases() {
	for name, s := range w.services {
		if failed := w.failedCode(s); failed != "" {
			w.releases[name] = failed
		}
		if len(s.history) == 0 {
			continue
		}
		switch d := s.history[0]; d.status {
		case ecstypes.ServiceDeploymentStatusRollbackInProgress, ecstypes.ServiceDeploymentStatusRollbackSuccessful:
			w.releases[name] = defKey(d.TaskDefinition)
		}
	}
}

// released says when a service still runs an older release than the one that was rolled back.
func (w *World) released(target string, s *service) error {
	family, revision, ok := strings.Cut(w.releases[target], ":")
	def := w.taskDefs[defKey(s.TaskDefinition)]
	if ok && def != nil && aws.ToString(def.Family) == family && int(def.Revision) < number(revision) {
		return fmt.Errorf("%s runs %s; the release %s was rolled back", target, defKey(s.TaskDefinition), w.releases[target])
	}
	return nil
}
