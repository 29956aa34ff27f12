package lab

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// pipelineRole is the role that a deployment pipeline of the account calls with.
const pipelineRole = "deploy-pipeline"

// labKeepCount begins or ends what a pipeline does that names the desired count of a service: it writes its number at every run.
func (w *World) labKeepCount(in map[string]any) error {
	name := textOf(in, "Service")
	if w.services[name] == nil {
		return fmt.Errorf("there is no service %q; write CLUSTER/SERVICE, one of %s", name, strings.Join(slices.Sorted(maps.Keys(w.services)), ", "))
	}
	every, err := time.ParseDuration(textOf(in, "Every"))
	if err != nil {
		return fmt.Errorf("input Every: %w; write it as 10m, or 0s to end it", err)
	}
	put(&w.pipelines, name, w.pipelines[name]+1)
	generation, n := w.pipelines[name], int32(numberOf(in, "DesiredCount"))
	var run func()
	run = func() {
		s := w.services[name]
		if w.pipelines[name] != generation || s == nil {
			return
		}
		w.writeCount(s, n)
		w.after(every, run)
	}
	if every > 0 {
		w.after(every, run)
	}
	return nil
}

// writeCount is UpdateService with a desired count and nothing else, called by the pipeline.
func (w *World) writeCount(s *service, n int32) {
	if w.roles[pipelineRole] == nil {
		w.newRole(pipelineRole, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"codebuild.amazonaws.com"},"Action":"sts:AssumeRole"}]}`, "", "deploy", allow("ecs:*", "*"))
	}
	if s.DesiredCount != n {
		s.DesiredCount, s.steadyAt = n, time.Time{}
		w.reconcileIn(s, w.about(3*time.Second))
	}
	in := ecs.UpdateServiceInput{Cluster: aws.String(s.cluster), Service: aws.String(s.name()), DesiredCount: aws.Int32(n)}
	w.keep(wire.Call{Service: "ecs", Operation: "UpdateService", Region: w.Region, Input: &in, Time: w.now, RequestID: w.newUUID(), UserAgent: "codebuild.amazonaws.com"},
		w.sessionCaller(pipelineRole, "build", "codebuild.amazonaws.com"), nil)
}

const noCapacity = "Capacity is unavailable at this time. Please try again later or in a different availability zone"

// labTakeSpot takes the capacity of Fargate Spot back, or gives it again. A task gets its SIGTERM with the warning, and its programs then have
// their stopTimeout, which is two minutes at most (ECS developer guide, "Fargate capacity providers").
func (w *World) labTakeSpot(in map[string]any) error {
	w.spotGone = textOf(in, "Taken") == "true"
	if !w.spotGone {
		return nil
	}
	for _, t := range sorted(w.tasks) {
		if aws.ToString(t.CapacityProviderName) == "FARGATE_SPOT" && t.is("RUNNING") {
			w.stop(t, ecstypes.TaskStopCodeSpotInterruption, "Your Spot Task was interrupted.")
			if s := t.launch.service; s != nil {
				w.reconcileIn(s, w.about(5*time.Second))
			}
		}
	}
	return nil
}
