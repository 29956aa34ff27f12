package lab

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
)

func TestTimetable(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02T15:04:05Z07:00", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ expression, zone, after, want string }{
		{"rate(5 minutes)", "UTC", "2026-11-02T09:01:00Z", "2026-11-02T09:05:00Z"},
		{"rate(1 hour)", "UTC", "2026-11-02T09:00:00Z", "2026-11-02T10:00:00Z"},
		{"rate(1 day)", "UTC", "2026-11-02T09:30:00Z", "2026-11-03T09:00:00Z"},
		{"cron(0 2 * * ? *)", "UTC", "2026-11-02T09:00:00Z", "2026-11-03T02:00:00Z"},
		{"cron(0/15 * * * ? *)", "UTC", "2026-11-02T09:16:00Z", "2026-11-02T09:30:00Z"},
		{"cron(15 10 ? * MON-FRI *)", "UTC", "2026-11-06T11:00:00Z", "2026-11-09T10:15:00Z"},
		{"cron(0 8 1 * ? *)", "UTC", "2026-11-02T09:00:00Z", "2026-12-01T08:00:00Z"},
		{"cron(0 8 L * ? *)", "UTC", "2026-11-02T09:00:00Z", "2026-11-30T08:00:00Z"},
		{"cron(0 8 1W * ? *)", "UTC", "2026-11-02T09:00:00Z", "2026-12-01T08:00:00Z"},
		{"cron(0 8 15W * ? *)", "UTC", "2026-11-02T09:00:00Z", "2026-11-16T08:00:00Z"}, // the 15th is a Sunday
		{"cron(0 8 ? * 6#3 *)", "UTC", "2026-11-02T09:00:00Z", "2026-11-20T08:00:00Z"},
		{"cron(0 8 ? * 6L *)", "UTC", "2026-11-02T09:00:00Z", "2026-11-27T08:00:00Z"},
		{"cron(0 12 * DEC ? 2027)", "UTC", "2026-11-02T09:00:00Z", "2027-12-01T12:00:00Z"},
		{"cron(0 12 * * ? 2025)", "UTC", "2026-11-02T09:00:00Z", ""},
		{"cron(30 3 * * ? *)", "Europe/Dublin", "2026-11-02T09:00:00Z", "2026-11-03T03:30:00Z"},
		{"cron(30 3 * * ? *)", "Europe/Dublin", "2026-07-02T09:00:00Z", "2026-07-03T02:30:00Z"},
		{"cron(30 1 * * ? *)", "Europe/Dublin", "2027-03-28T00:45:00Z", "2027-03-29T00:30:00Z"}, // 01:30 does not exist on the 28th
		{"at(2026-11-03T02:00:00)", "America/New_York", "2026-11-02T09:00:00Z", "2026-11-03T07:00:00Z"},
		{"at(2026-11-01T02:00:00)", "UTC", "2026-11-02T09:00:00Z", ""},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		table, err := parseTimetable(c.expression, zone, true)
		if err != nil {
			t.Errorf("%s: %v", c.expression, err)
			continue
		}
		got, ok := table.next(at(c.after), at("2026-11-02T09:00:00Z"))
		if ok != (c.want != "") || ok && !got.Equal(at(c.want)) {
			t.Errorf("%s in %s after %s: %s, %v; want %q", c.expression, c.zone, c.after, got.UTC(), ok, c.want)
		}
	}
	for _, wrong := range []string{"", "rate(0 minutes)", "rate(1 minutes)", "rate(5 minute)", "rate(5)", "cron(0 2 * * *)", "cron(0 2 * * * *)", "cron(0 2 ? * ? *)", "cron(60 2 * * ? *)", "cron(0 24 * * ? *)", "cron(0 2 32 * ? *)", "cron(0/0 2 * * ? *)", "0 2 * * ? *", "at(tomorrow)", "cron(0 2 * * ? *"} {
		if _, err := parseTimetable(wrong, time.UTC, true); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
	if _, err := parseTimetable("at(2026-11-03T02:00:00)", time.UTC, false); err == nil {
		t.Error("a rule takes at()")
	}
}

// total adds up a metric over the world's life.
func total(t *testing.T, w *World, c *cloudwatch.Client, namespace, name string, dimensions ...string) float64 {
	t.Helper()
	m := &cwtypes.Metric{Namespace: &namespace, MetricName: &name}
	for i := 0; i < len(dimensions); i += 2 {
		m.Dimensions = append(m.Dimensions, cwtypes.Dimension{Name: &dimensions[i], Value: &dimensions[i+1]})
	}
	out := must[*cloudwatch.GetMetricDataOutput](t)(c.GetMetricData(context.Background(), &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(w.Now().Add(-14 * day)), EndTime: aws.Time(w.Now()),
		MetricDataQueries: []cwtypes.MetricDataQuery{{Id: aws.String("q"), MetricStat: &cwtypes.MetricStat{Metric: m, Period: aws.Int32(3600), Stat: aws.String("Sum")}}},
	}))
	sum := 0.0
	for _, v := range out.MetricDataResults[0].Values {
		sum += v
	}
	return sum
}

// A healthy job leaves a task that names its rule, and counts an invocation. A refused one leaves none, counts a failure, and CloudTrail keeps
// the refusal with the session of the rule's role.
func TestRuleStartsTasks(t *testing.T) {
	w, cfg := served(t, Options{Seed: 3, Jobs: true})
	ctx := context.Background()
	metrics, tasks := cloudwatch.NewFromConfig(cfg), ecs.NewFromConfig(cfg)
	w.Advance(2 * time.Minute)
	before := total(t, w, metrics, "AWS/Events", "Invocations", "RuleName", "stock-sync")
	w.Advance(15 * time.Minute)
	if got := total(t, w, metrics, "AWS/Events", "Invocations", "RuleName", "stock-sync"); got != before+1 {
		t.Errorf("%g invocations in a quarter of an hour", got-before)
	}
	w.Advance(3 * time.Minute)
	list := must[*ecs.ListTasksOutput](t)(tasks.ListTasks(ctx, &ecs.ListTasksInput{Cluster: aws.String("shop"), Family: aws.String("stock"), DesiredStatus: ecstypes.DesiredStatusStopped})).TaskArns
	shown := must[*ecs.DescribeTasksOutput](t)(tasks.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String("shop"), Tasks: list})).Tasks
	if len(shown) == 0 || aws.ToString(shown[0].StartedBy) != "events-rule/stock-sync" || aws.ToInt32(shown[0].Containers[0].ExitCode) != 0 || aws.ToString(shown[0].Group) != "family:stock" {
		t.Fatalf("%d stopped tasks: %+v", len(shown), shown)
	}
	if err := w.Apply([]Step{{Service: "iam", Operation: "DeleteRolePolicy", Input: map[string]any{"RoleName": "start-stock", "PolicyName": "start"}}}); err != nil {
		t.Fatal(err)
	}
	w.Advance(30 * time.Minute)
	if got := total(t, w, metrics, "AWS/Events", "FailedInvocations", "RuleName", "stock-sync"); got != 2 {
		t.Errorf("%g failed invocations, want 2", got)
	}
	events := must[*cloudtrail.LookupEventsOutput](t)(cloudtrail.NewFromConfig(cfg).LookupEvents(ctx, &cloudtrail.LookupEventsInput{
		LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: trailtypes.LookupAttributeKeyEventName, AttributeValue: aws.String("RunTask")}},
	})).Events
	if len(events) == 0 {
		t.Fatal("CloudTrail has no RunTask")
	}
	for _, want := range []string{`"errorCode":"AccessDenied"`, "is not authorized to perform: ecs:RunTask on resource: arn:aws:ecs:eu-west-1:111122223333:task-definition/stock:1 because no identity-based policy allows", `"invokedBy":"events.amazonaws.com"`, "assumed-role/start-stock/"} {
		if !strings.Contains(aws.ToString(events[0].CloudTrailEvent), want) {
			t.Errorf("the record lacks %s: %s", want, aws.ToString(events[0].CloudTrailEvent))
		}
	}
}

// What starts nothing: a rule that is off or was changed meanwhile, a schedule that is over; a role that does not trust the scheduler is
// refused when the schedule is saved.
func TestStartersThatDoNotStart(t *testing.T) {
	w, cfg := served(t, Options{Seed: 3, Jobs: true})
	ctx := context.Background()
	rules, schedules, metrics := eventbridge.NewFromConfig(cfg), scheduler.NewFromConfig(cfg), cloudwatch.NewFromConfig(cfg)
	must[*eventbridge.DisableRuleOutput](t)(rules.DisableRule(ctx, &eventbridge.DisableRuleInput{Name: aws.String("stock-sync")}))
	before := total(t, w, metrics, "AWS/Events", "Invocations", "RuleName", "stock-sync")
	w.Advance(2 * time.Hour)
	if got := total(t, w, metrics, "AWS/Events", "Invocations", "RuleName", "stock-sync"); got != before {
		t.Errorf("a rule that is off fired %g times", got-before)
	}
	must[*eventbridge.PutRuleOutput](t)(rules.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("stock-sync"), ScheduleExpression: aws.String("rate(30 minutes)")}))
	w.Advance(61 * time.Minute)
	if got := total(t, w, metrics, "AWS/Events", "Invocations", "RuleName", "stock-sync"); got != before+2 {
		t.Errorf("rate(30 minutes) fired %g times in an hour", got-before)
	}
	wantCode(t, "ValidationException")(rules.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("x"), ScheduleExpression: aws.String("cron(0 2 * * * *)")}))
	wantCode(t, "ValidationException")(rules.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("stock-sync")}))
	wantCode(t, "ResourceNotFoundException")(rules.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("none")}))

	x := must[*scheduler.GetScheduleOutput](t)(schedules.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: aws.String("cleanup")}))
	once := *x.Target
	once.RoleArn = aws.String(strings.Replace(*once.RoleArn, "start-cleanup", "start-stock", 1))
	wantCode(t, "ValidationException")(schedules.CreateSchedule(ctx, &scheduler.CreateScheduleInput{Name: aws.String("once"), ScheduleExpression: aws.String("rate(1 hour)"), FlexibleTimeWindow: x.FlexibleTimeWindow, Target: &once}))
	must[*scheduler.CreateScheduleOutput](t)(schedules.CreateSchedule(ctx, &scheduler.CreateScheduleInput{
		Name: aws.String("once"), ScheduleExpression: aws.String("at(" + w.Now().Add(time.Hour).Format("2006-01-02T15:04:05") + ")"), FlexibleTimeWindow: x.FlexibleTimeWindow, Target: x.Target, ActionAfterCompletion: "DELETE",
	}))
	attempts := total(t, w, metrics, "AWS/Scheduler", "InvocationAttemptCount", "ScheduleGroup", "default")
	w.Advance(65 * time.Minute)
	if got := total(t, w, metrics, "AWS/Scheduler", "InvocationAttemptCount", "ScheduleGroup", "default"); got != attempts+1 {
		t.Errorf("at() was tried %g times", got-attempts)
	}
	wantCode(t, "ResourceNotFoundException")(schedules.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: aws.String("once")}))
	if n := len(must[*scheduler.ListSchedulesOutput](t)(schedules.ListSchedules(ctx, &scheduler.ListSchedulesInput{})).Schedules); n != 1 {
		t.Errorf("%d schedules, want cleanup alone", n)
	}
}

// AWS/Usage counts the vCPUs of all Fargate tasks; a request for more is granted after a while and not twice at once.
func TestQuotas(t *testing.T) {
	w, cfg := served(t, Options{Seed: 3})
	ctx := context.Background()
	quotas, metrics := servicequotas.NewFromConfig(cfg), cloudwatch.NewFromConfig(cfg)
	value := func() float64 {
		return aws.ToFloat64(must[*servicequotas.GetServiceQuotaOutput](t)(quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: aws.String("fargate"), QuotaCode: aws.String("L-3032A538")})).Quota.Value)
	}
	usage := must[*cloudwatch.GetMetricDataOutput](t)(metrics.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(w.Now().Add(-10 * time.Minute)), EndTime: aws.Time(w.Now()), ScanBy: cwtypes.ScanByTimestampAscending,
		MetricDataQueries: []cwtypes.MetricDataQuery{{Id: aws.String("q"), MetricStat: &cwtypes.MetricStat{Period: aws.Int32(300), Stat: aws.String("Maximum"), Metric: &cwtypes.Metric{
			Namespace: aws.String("AWS/Usage"), MetricName: aws.String("ResourceCount"), Dimensions: []cwtypes.Dimension{
				{Name: aws.String("Service"), Value: aws.String("Fargate")}, {Name: aws.String("Type"), Value: aws.String("Resource")}, {Name: aws.String("Resource"), Value: aws.String("vCPU")}, {Name: aws.String("Class"), Value: aws.String("Standard/OnDemand")},
			}}}}},
	})).MetricDataResults[0].Values
	if len(usage) != 2 || usage[0] != 1 || usage[1] != 1 { // four tasks of a quarter
		t.Errorf("usage %v, want 1 twice", usage)
	}
	more := &servicequotas.RequestServiceQuotaIncreaseInput{ServiceCode: aws.String("fargate"), QuotaCode: aws.String("L-3032A538"), DesiredValue: aws.Float64(32)}
	must[*servicequotas.RequestServiceQuotaIncreaseOutput](t)(quotas.RequestServiceQuotaIncrease(ctx, more))
	wantCode(t, "ResourceAlreadyExistsException")(quotas.RequestServiceQuotaIncrease(ctx, more))
	if v := value(); v != 6 {
		t.Errorf("granted at once: %g", v)
	}
	w.Advance(20 * time.Minute)
	if v := value(); v != 32 {
		t.Errorf("after 20 minutes the quota is %g", v)
	}
	wantCode(t, "IllegalArgumentException")(quotas.RequestServiceQuotaIncrease(ctx, more))
	wantCode(t, "NoSuchResourceException")(quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: aws.String("fargate"), QuotaCode: aws.String("L-1")}))
}
