package collectors

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	deploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab/wire"
)

const revisionARN = arnPrefix + "service-revision/shop/web/42"

// trailRecordJSON is a record as CloudTrail keeps it, cut to what matters and to what must stay out.
const trailRecordJSON = `{"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/admin/ann","invokedBy":"AWS Internal"},
	"sourceIPAddress":"203.0.113.9","userAgent":"aws-cli/2\u001b[31m","requestParameters":{"cluster":"shop","service":"arn:aws:ecs:eu-west-1:111122223333:service/shop/web",
	"desiredCount":0,"taskDefinition":"web:7","forceNewDeployment":true,"reason":"password=hunter2","overrides":{"environment":"hunter2"}}}`

func trailEvent(name string, hoursAgo int, record string) trailtypes.Event {
	return trailtypes.Event{EventName: p(name), EventSource: p("ecs.amazonaws.com"), EventTime: p(answeredAt.Add(-time.Duration(hoursAgo) * time.Hour)),
		Username: p("ann"), CloudTrailEvent: p(record), Resources: []trailtypes.Resource{{ResourceName: p("web")}}}
}

var ordinaryRollout = []wire.Operation{
	op("ecs", "DescribeServiceRevisions", func(in *ecs.DescribeServiceRevisionsInput) (*ecs.DescribeServiceRevisionsOutput, error) {
		out := &ecs.DescribeServiceRevisionsOutput{}
		for _, arn := range in.ServiceRevisionArns {
			if arn != revisionARN {
				out.Failures = append(out.Failures, ecstypes.Failure{Arn: p(arn), Reason: p("MISSING")})
				continue
			}
			out.ServiceRevisions = append(out.ServiceRevisions, ecstypes.ServiceRevision{ServiceRevisionArn: p(arn), TaskDefinition: p(arnPrefix + "task-definition/web:8"), CreatedAt: p(answeredAt)})
		}
		return out, nil
	}),
	op("ecs", "GetTaskProtection", func(in *ecs.GetTaskProtectionInput) (*ecs.GetTaskProtectionOutput, error) {
		out := &ecs.GetTaskProtectionOutput{}
		for _, id := range in.Tasks {
			if id == "gone" {
				out.Failures = append(out.Failures, ecstypes.Failure{Arn: p(taskARN(id)), Reason: p("MISSING")})
				continue
			}
			out.ProtectedTasks = append(out.ProtectedTasks, ecstypes.ProtectedTask{TaskArn: p(taskARN(id)), ProtectionEnabled: true, ExpirationDate: p(answeredAt.Add(time.Hour))})
		}
		return out, nil
	}),
	op("cloudtrail", "LookupEvents", func(in *cloudtrail.LookupEventsInput) (*cloudtrail.LookupEventsOutput, error) {
		return &cloudtrail.LookupEventsOutput{NextToken: p("more"), Events: []trailtypes.Event{trailEvent("UpdateService", 1, trailRecordJSON),
			trailEvent("UpdateService", 2, `{"requestParameters":{"desiredCount":"two"}}`)}}, nil
	}),
	op("codedeploy", "GetDeployment", func(in *codedeploy.GetDeploymentInput) (*codedeploy.GetDeploymentOutput, error) {
		if *in.DeploymentId != "d-1" {
			return nil, wire.Errorf("DeploymentDoesNotExistException", "no such deployment")
		}
		return &codedeploy.GetDeploymentOutput{DeploymentInfo: &deploytypes.DeploymentInfo{ApplicationName: p("web"), DeploymentGroupName: p("blue-green"), Status: deploytypes.DeploymentStatusStopped,
			ErrorInformation: &deploytypes.ErrorInformation{Code: deploytypes.ErrorCodeAlarmActive, Message: p("One or more alarms have been activated")}}}, nil
	}),
	op("codedeploy", "GetDeploymentGroup", func(in *codedeploy.GetDeploymentGroupInput) (*codedeploy.GetDeploymentGroupOutput, error) {
		if *in.ApplicationName != "web" || *in.DeploymentGroupName != "blue-green" {
			return nil, wire.Errorf("DeploymentGroupDoesNotExistException", "no such group")
		}
		return &codedeploy.GetDeploymentGroupOutput{DeploymentGroupInfo: &deploytypes.DeploymentGroupInfo{
			LastAttemptedDeployment: &deploytypes.LastDeploymentInfo{DeploymentId: p("d-1"), Status: deploytypes.DeploymentStatusStopped}}}, nil
	}),
}

func TestRolloutCollectors(t *testing.T) {
	w := serve(t)
	gone := evidence.ServiceRevisionKey(arnPrefix + "service-revision/shop/web/1").Key
	noTask, noDeployment, noGroup := evidence.TaskProtectionKey("shop", "gone").Key, evidence.CodeDeploymentKey("d-2").Key, evidence.CodeDeployGroupKey("web", "other").Key
	s := w.fetch(t, evidence.ServiceRevisionKey(revisionARN).Key, gone, evidence.TaskProtectionKey("shop", "t1").Key, noTask,
		evidence.CodeDeploymentKey("d-1").Key, noDeployment, evidence.CodeDeployGroupKey("web", "blue-green").Key, noGroup)
	wantAbsent(t, s, gone, noTask, noDeployment, noGroup)
	if r := value(t, s, evidence.ServiceRevisionKey(revisionARN)); r.TaskDefinition != "web:8" {
		t.Errorf("revision %+v", r)
	}
	if p := value(t, s, evidence.TaskProtectionKey("shop", "t1")); !p.Enabled || !p.Expires.Known {
		t.Errorf("protection %+v", p)
	}
	if d := value(t, s, evidence.CodeDeploymentKey("d-1")); d.Status != "Stopped" || d.ErrorCode != "ALARM_ACTIVE" || d.Application != "web" || d.Group != "blue-green" {
		t.Errorf("deployment %+v", d)
	}
	if g := value(t, s, evidence.CodeDeployGroupKey("web", "blue-green")); g.LastAttempted != "d-1" || g.LastStatus != "Stopped" {
		t.Errorf("group %+v", g)
	}
	if n := w.count("ecs:DescribeServiceRevisions") + w.count("ecs:GetTaskProtection"); n != 2 {
		t.Errorf("%d calls, want both kinds in one batch each", n)
	}
}

// Of a CloudTrail record only what tells who changed what is kept; a record of an unexpected form still says who and when.
func TestTrailEvents(t *testing.T) {
	key := evidence.TrailEventsKey("EventName", "UpdateService")
	v := value(t, serve(t).fetch(t, key.Key), key)
	if len(v.Events) != 2 || !v.Truncated {
		t.Fatalf("%d events, truncated %v; want two and more left", len(v.Events), v.Truncated)
	}
	e := v.Events[0]
	if e.Who != "arn:aws:sts::111122223333:assumed-role/admin/ann" || e.InvokedBy != "AWS Internal" || e.Cluster != "shop" || e.Service != "web" ||
		e.DesiredCount != (evidence.Count{Known: true}) || e.TaskDefinition != "web:7" || !e.ForceNew || e.Resources[0] != "web" || e.UserAgent != "aws-cli/2" {
		t.Errorf("event %+v", e)
	}
	if odd := v.Events[1]; odd.Who != "ann" || odd.Name != "UpdateService" || odd.DesiredCount.Known {
		t.Errorf("event of another form %+v", odd)
	}
	old := op("cloudtrail", "LookupEvents", func(in *cloudtrail.LookupEventsInput) (*cloudtrail.LookupEventsOutput, error) {
		return &cloudtrail.LookupEventsOutput{NextToken: p("more"), Events: []trailtypes.Event{trailEvent("StopTask", 3, "{}"), trailEvent("StopTask", 25, "{}")}}, nil
	})
	stop := evidence.TrailEventsKey("EventName", "StopTask")
	if v := value(t, serve(t, old).fetch(t, stop.Key), stop); len(v.Events) != 1 || v.Truncated {
		t.Errorf("%+v; want the event of the last 24 hours alone, and nothing left unread", v)
	}
	refuse := op("cloudtrail", "LookupEvents", func(in *cloudtrail.LookupEventsInput) (*cloudtrail.LookupEventsOutput, error) {
		return nil, wire.Errorf("ThrottlingException", "Rate exceeded")
	})
	wantGap(t, serve(t, refuse).fetch(t, stop.Key), stop.Key, "ThrottlingException", "run again later")
}
