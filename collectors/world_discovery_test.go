package collectors

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	discoverytypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab/wire"
)

// taskChange is an event of EventBridge about a task, as event capture writes it into the log group.
func taskChange(id, group, status string) string {
	return fmt.Sprintf(`{"version":"0","detail-type":"ECS Task State Change","source":"aws.ecs","detail":{"taskArn":"%s","clusterArn":"%scluster/shop","group":"%s","lastStatus":"%s","desiredStatus":"STOPPED",`+
		`"stopCode":"TaskFailedToStart","stoppedReason":"CannotPullContainerError: token=abc","launchType":"FARGATE","taskDefinitionArn":"%stask-definition/web:7","startedBy":"ecs-svc/1","cpu":"256",`+
		`"createdAt":"2026-11-20T06:00:00.123Z","stoppedAt":"2026-11-20T06:01:00Z","attachments":[{"id":"a","type":"eni","status":"DELETED","details":[{"name":"subnetId","value":"subnet-1"}]}],`+
		`"containers":[{"name":"web","exitCode":1,"lastStatus":"STOPPED","reason":"no","networkInterfaces":[{"privateIpv4Address":"10.0.1.9"}]}],"overrides":{"containerOverrides":[]}}}`,
		taskARN(id), arnPrefix, group, status, arnPrefix)
}

const actionEntry = `{"timestamp":1795165200000,"logLevel":"ERROR","resourceArn":"arn","actionSourceId":"` + arnPrefix + `service/shop/%s","eventName":"TASK_FAILED","detail":{"task":{"reason":"(service web) was unable to place a task.","password":"token=abc of ours"},"n":1}}`

var ordinaryDiscovery = []wire.Operation{
	op("logs", "FilterLogEvents", func(in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
		if in.StartTime == nil || time.UnixMilli(*in.StartTime).Before(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) {
			return nil, wire.Errorf("InvalidParameterException", "a day is asked for and no more")
		}
		lines := func(texts ...string) *cloudwatchlogs.FilterLogEventsOutput {
			out := &cloudwatchlogs.FilterLogEventsOutput{}
			for _, t := range texts {
				out.Events = append(out.Events, logstypes.FilteredLogEvent{Message: p(t), Timestamp: p(int64(1))})
			}
			return out
		}
		switch {
		case *in.LogGroupName == "/aws/vendedlogs/ecs/action-logs/shop":
			return lines(fmt.Sprintf(actionEntry, "web"), fmt.Sprintf(actionEntry, "other"), "no JSON"), nil
		case *in.LogGroupName != "/aws/events/ecs/containerinsights/shop/performance":
			return nil, wire.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
		case !strings.Contains(*in.FilterPattern, `"service:web"`):
			return lines(), nil
		case in.NextToken == nil:
			out := lines()
			out.NextToken = p("2")
			return out, nil
		}
		return lines(taskChange("old1", "service:web", "STOPPED"), taskChange("old1", "service:web", "STOPPED"), taskChange("old2", "service:other", "STOPPED"), `{"detail-type":"ECS Service Action","detail":{}}`, "{"), nil
	}),
	op("ecs", "ListServicesByNamespace", func(in *ecs.ListServicesByNamespaceInput) (*ecs.ListServicesByNamespaceOutput, error) {
		if *in.Namespace == "ns-gone" {
			return nil, wire.Errorf("NamespaceNotFoundException", "The specified namespace wasn't found.")
		}
		return &ecs.ListServicesByNamespaceOutput{ServiceArns: []string{arnPrefix + "service/shop/web", arnPrefix + "service/other/api"}}, nil
	}),
	op("servicediscovery", "GetService", func(in *servicediscovery.GetServiceInput) (*servicediscovery.GetServiceOutput, error) {
		if *in.Id != "srv-web" {
			return nil, wire.Errorf("ServiceNotFound", "Service not found")
		}
		return &servicediscovery.GetServiceOutput{Service: &discoverytypes.Service{Id: in.Id, Name: p("web"), NamespaceId: p("ns-shop"), CreateDate: p(answeredAt), Type: discoverytypes.ServiceTypeDnsHttp,
			DnsConfig: &discoverytypes.DnsConfig{DnsRecords: []discoverytypes.DnsRecord{{Type: discoverytypes.RecordTypeSrv, TTL: p(int64(60))}}}}}, nil
	}),
	op("servicediscovery", "ListInstances", func(in *servicediscovery.ListInstancesInput) (*servicediscovery.ListInstancesOutput, error) {
		if *in.ServiceId != "srv-web" {
			return nil, wire.Errorf("ServiceNotFound", "Service not found")
		}
		return &servicediscovery.ListInstancesOutput{Instances: []discoverytypes.InstanceSummary{{Id: p("t1"), Attributes: map[string]string{"AWS_INSTANCE_IPV4": "10.0.1.9", "AWS_INSTANCE_PORT": "8080", "AWS_INIT_HEALTH_STATUS": "HEALTHY"}}}}, nil
	}),
	op("servicediscovery", "GetInstancesHealthStatus", func(in *servicediscovery.GetInstancesHealthStatusInput) (*servicediscovery.GetInstancesHealthStatusOutput, error) {
		return &servicediscovery.GetInstancesHealthStatusOutput{Status: map[string]discoverytypes.HealthStatus{"t1": discoverytypes.HealthStatusUnhealthy}}, nil
	}),
	op("kinesis", "DescribeStreamSummary", func(in *kinesis.DescribeStreamSummaryInput) (*kinesis.DescribeStreamSummaryOutput, error) {
		if *in.StreamName != "logs" {
			return nil, wire.Errorf("ResourceNotFoundException", "Stream %s under account 111122223333 not found.", *in.StreamName)
		}
		return &kinesis.DescribeStreamSummaryOutput{StreamDescriptionSummary: &kinesistypes.StreamDescriptionSummary{StreamName: in.StreamName, StreamARN: p("arn:stream"), StreamStatus: kinesistypes.StreamStatusActive,
			StreamCreationTimestamp: p(answeredAt), RetentionPeriodHours: p(int32(24)), EnhancedMonitoring: []kinesistypes.EnhancedMetrics{}, OpenShardCount: p(int32(1))}}, nil
	}),
}

func TestDiscoveryReads(t *testing.T) {
	gone := []evidence.Key{evidence.NamespaceServicesKey("ns-gone").Key, evidence.CloudMapServiceKey("srv-gone").Key,
		evidence.CloudMapInstancesKey("srv-gone").Key, evidence.StreamKey("gone").Key, evidence.CapturedTasksKey("plain", "web").Key, evidence.ActionLogKey("plain", "web").Key}
	s := serve(t).fetch(t, append(slices.Clone(sampleScaling), gone...)...)
	wantAbsent(t, s, gone...)
	if v := value(t, s, evidence.NamespaceServicesKey("ns-shop")); !slices.Equal(v.Names, []string{"shop/web", "other/api"}) {
		t.Errorf("services of the namespace read %+v", v)
	}
	if v := value(t, s, evidence.CloudMapServiceKey("srv-web")); !slices.Equal(v.Records, []string{"SRV"}) || v.TTLSeconds != 60 || !v.CreatedAt.Known {
		t.Errorf("Cloud Map service reads %+v", v)
	}
	if v := value(t, s, evidence.CloudMapInstancesKey("srv-web")).Instances[0]; v.IPv4 != "10.0.1.9" || v.Port != 8080 || v.Health != "UNHEALTHY" {
		t.Errorf("instance reads %+v, want the health of now", v)
	}
	if v := value(t, s, evidence.StreamKey("logs")); v.Status != "ACTIVE" {
		t.Errorf("stream reads %+v", v)
	}
}

func TestCapturedTasks(t *testing.T) {
	s := serve(t).fetch(t, evidence.CapturedTasksKey("shop", "web").Key, evidence.CapturedTasksKey("shop", "quiet").Key, evidence.ActionLogKey("shop", "web").Key)
	if v := value(t, s, evidence.CapturedTasksKey("shop", "quiet")); len(v.Tasks) != 0 {
		t.Errorf("a service without events reads %+v", v)
	}
	list := value(t, s, evidence.CapturedTasksKey("shop", "web"))
	if len(list.Tasks) != 1 || list.Truncated {
		t.Fatalf("captured tasks read %+v, want one task though its event came twice", list)
	}
	v := list.Tasks[0]
	if v.ID != "old1" || v.Group != "service:web" || v.StopCode != "TaskFailedToStart" || v.TaskDefinition != "web:7" || v.SubnetID != "subnet-1" || v.LaunchType != "FARGATE" {
		t.Errorf("task reads %+v", v)
	}
	if !v.StoppedAt.Known || !v.CreatedAt.Known || v.StartedAt.Known || !v.Containers[0].Exit.Known || v.Containers[0].Exit.Code != 1 || v.Containers[0].IPs[0] != "10.0.1.9" {
		t.Errorf("times and containers read %+v", v)
	}
	log := value(t, s, evidence.ActionLogKey("shop", "web"))
	if len(log.Entries) != 1 || log.Entries[0].Event != "TASK_FAILED" || len(log.Entries[0].Texts) != 2 || !log.Entries[0].At.Known {
		t.Fatalf("action log reads %+v", log)
	}
	for _, text := range log.Entries[0].Texts {
		if strings.Contains(text, "token=abc") {
			t.Errorf("%q was not redacted", text)
		}
	}
}
