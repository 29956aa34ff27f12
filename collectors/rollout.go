package collectors

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/evidence"
)

// rolloutPort is what tells how a deployment went, beside the services themselves.
type rolloutPort struct {
	DescribeServiceRevisions func(context.Context, *ecs.DescribeServiceRevisionsInput, ...func(*ecs.Options)) (*ecs.DescribeServiceRevisionsOutput, error)
	GetTaskProtection        func(context.Context, *ecs.GetTaskProtectionInput, ...func(*ecs.Options)) (*ecs.GetTaskProtectionOutput, error)
	LookupEvents             func(context.Context, *cloudtrail.LookupEventsInput, ...func(*cloudtrail.Options)) (*cloudtrail.LookupEventsOutput, error)
	GetDeployment            func(context.Context, *codedeploy.GetDeploymentInput, ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentOutput, error)
	GetDeploymentGroup       func(context.Context, *codedeploy.GetDeploymentGroupInput, ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentGroupOutput, error)
}

func newRolloutPort(cfg aws.Config) rolloutPort {
	e, t, d := ecs.NewFromConfig(cfg), cloudtrail.NewFromConfig(cfg), codedeploy.NewFromConfig(cfg)
	return rolloutPort{e.DescribeServiceRevisions, e.GetTaskProtection, t.LookupEvents, d.GetDeployment, d.GetDeploymentGroup}
}

const revisionBatch = 20

func serviceRevisions(ctx context.Context, w *Wave, keys []evidence.Key) {
	w.batches(ctx, keys, revisionBatch, func(ctx context.Context, keys []evidence.Key) (answer, error) {
		out, from, err := call(ctx, w.ports.rollout.DescribeServiceRevisions, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: ids(keys, whole)})
		if err != nil {
			return from, err
		}
		got := map[string]types.ServiceRevision{}
		for _, r := range out.ServiceRevisions {
			got[str(r.ServiceRevisionArn)] = r
		}
		for _, k := range keys {
			r, ok := got[k.ID]
			if !ok {
				w.failed(k, from, last(k.ID), out.Failures)
				continue
			}
			w.found(k, from, evidence.ServiceRevision{ARN: k.ID, TaskDefinition: last(str(r.TaskDefinition)), LaunchType: string(r.LaunchType),
				Strategy: mapped(r.CapacityProviderStrategy, toStrategyItem), Network: toNetwork(r.NetworkConfiguration), CreatedAt: when(r.CreatedAt)})
		}
		return from, nil
	})
}

const protectionBatch = 100

// taskProtections asks for the protection of tasks of a service; a task that is gone has none.
func taskProtections(ctx context.Context, w *Wave, keys []evidence.Key) {
	grouped(ctx, keys, head, func(ctx context.Context, cluster string, keys []evidence.Key) {
		w.batches(ctx, keys, protectionBatch, func(ctx context.Context, keys []evidence.Key) (answer, error) {
			out, from, err := call(ctx, w.ports.rollout.GetTaskProtection, &ecs.GetTaskProtectionInput{Cluster: &cluster, Tasks: ids(keys, tail)})
			if err != nil {
				return from, err
			}
			got := map[string]types.ProtectedTask{}
			for _, p := range out.ProtectedTasks {
				got[last(str(p.TaskArn))] = p
			}
			for _, k := range keys {
				if p, ok := got[tail(k.ID)]; ok {
					w.found(k, from, evidence.TaskProtection{Enabled: p.ProtectionEnabled, Expires: when(p.ExpirationDate)})
				} else {
					w.failed(k, from, tail(k.ID), out.Failures)
				}
			}
			return from, nil
		})
	})
}

func codeDeployments(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.rollout.GetDeployment, &codedeploy.GetDeploymentInput{DeploymentId: &k.ID})
		switch {
		case is(err, "DeploymentDoesNotExistException", "InvalidDeploymentIdException"):
			w.absent(k, from)
			return
		case err != nil:
			w.gap(from, err, k)
			return
		case out.DeploymentInfo == nil:
			w.missing(k, from)
			return
		}
		d := out.DeploymentInfo
		v := evidence.CodeDeployment{ID: k.ID, Application: str(d.ApplicationName), Group: str(d.DeploymentGroupName), Status: string(d.Status),
			Creator: string(d.Creator), CreatedAt: when(d.CreateTime), FinishedAt: when(d.CompleteTime)}
		if e := d.ErrorInformation; e != nil {
			v.ErrorCode, v.ErrorMessage = string(e.Code), text(e.Message)
		}
		if r := d.RollbackInfo; r != nil {
			v.RollbackMessage, v.RollbackID = text(r.RollbackMessage), str(r.RollbackDeploymentId)
		}
		if b := d.BlueGreenDeploymentConfiguration; b != nil && b.DeploymentReadyOption != nil {
			v.Waits, v.WaitMinutes = string(b.DeploymentReadyOption.ActionOnTimeout), int(b.DeploymentReadyOption.WaitTimeInMinutes)
		}
		w.found(k, from, v)
	})
}

func codeDeployGroups(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		application, group := head(k.ID), tail(k.ID)
		out, from, err := call(ctx, w.ports.rollout.GetDeploymentGroup, &codedeploy.GetDeploymentGroupInput{ApplicationName: &application, DeploymentGroupName: &group})
		switch {
		case is(err, "ApplicationDoesNotExistException", "DeploymentGroupDoesNotExistException"):
			w.absent(k, from)
			return
		case err != nil:
			w.gap(from, err, k)
			return
		case out.DeploymentGroupInfo == nil:
			w.missing(k, from)
			return
		}
		v := evidence.CodeDeployGroup{}
		if l := out.DeploymentGroupInfo.LastAttemptedDeployment; l != nil {
			v.LastAttempted, v.LastStatus = str(l.DeploymentId), string(l.Status)
		}
		if l := out.DeploymentGroupInfo.LastSuccessfulDeployment; l != nil {
			v.LastSuccess = str(l.DeploymentId)
		}
		w.found(k, from, v)
	})
}
