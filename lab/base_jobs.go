package lab

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	trustEvents    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	trustScheduler = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
)

// job is a program that does its work and ends.
func job(name string, takes time.Duration, last string) App {
	return App{Programs: []string{"/app/" + name, "/bin/sh"}, Boot: 2 * time.Second, Memory: 90, Says: []string{name + ": begins"}, Runs: takes, LastSays: []string{last}}
}

var jobBuilds = map[string][]build{
	"report":  {{"4.2.0", anywhere, true, job("report", 40*time.Second, "report: sent to 3 recipients"), 30 * day}},
	"stock":   {{"1.8.2", anywhere, true, stockApp(), 25 * day}},
	"cleanup": {{"0.9.4", anywhere, true, job("cleanup", 20*time.Second, "cleanup: removed 1204 carts"), 50 * day}},
}

func stockApp() App {
	a := job("stock", 25*time.Second, "stock: 311 articles updated")
	a.Needs = []string{"DB_PASSWORD"}
	return a
}

// buildJobs adds three jobs to the shop, each a task that ends by itself, in private subnets:
//
//	report   by the rule nightly-report, at 02:00 UTC
//	stock    by the rule stock-sync, every 15 minutes; reads a secret
//	cleanup  by the schedule default/cleanup, at 03:30 in Dublin
func (w *World) buildJobs() {
	for _, name := range []string{"report", "stock", "cleanup"} {
		w.addJob(name)
	}
	rule := func(name, family, expression string) {
		r, err := w.putRule(&eventbridge.PutRuleInput{Name: aws.String(name), ScheduleExpression: aws.String(expression)})
		w.must(r, err)
		t, err := w.putTargets(&eventbridge.PutTargetsInput{Rule: aws.String(name), Targets: []eventtypes.Target{{
			Id: aws.String("run"), Arn: aws.String(w.ecsARN("cluster/shop")), RoleArn: w.roles["start-"+family].Arn,
			EcsParameters: &eventtypes.EcsParameters{
				TaskDefinitionArn: aws.String(w.ecsARN("task-definition/" + family)), LaunchType: eventtypes.LaunchTypeFargate, TaskCount: aws.Int32(1),
				NetworkConfiguration: &eventtypes.NetworkConfiguration{AwsvpcConfiguration: &eventtypes.AwsVpcConfiguration{
					Subnets: w.jobSubnets(), SecurityGroups: []string{w.names["sg:orders"]}, AssignPublicIp: eventtypes.AssignPublicIpDisabled,
				}},
			},
		}}})
		w.must(t, err)
	}
	rule("nightly-report", "report", "cron(0 2 * * ? *)")
	rule("stock-sync", "stock", "rate(15 minutes)")
	s, err := w.createSchedule(&scheduler.CreateScheduleInput{
		Name: aws.String("cleanup"), ScheduleExpression: aws.String("cron(30 3 * * ? *)"), ScheduleExpressionTimezone: aws.String("Europe/Dublin"),
		FlexibleTimeWindow: &schedulertypes.FlexibleTimeWindow{Mode: schedulertypes.FlexibleTimeWindowModeOff},
		Target: &schedulertypes.Target{
			Arn: aws.String(w.ecsARN("cluster/shop")), RoleArn: w.roles["start-cleanup"].Arn,
			EcsParameters: &schedulertypes.EcsParameters{
				TaskDefinitionArn: aws.String(w.ecsARN("task-definition/cleanup")), LaunchType: schedulertypes.LaunchTypeFargate, TaskCount: aws.Int32(1),
				NetworkConfiguration: &schedulertypes.NetworkConfiguration{AwsvpcConfiguration: &schedulertypes.AwsVpcConfiguration{
					Subnets: w.jobSubnets(), SecurityGroups: []string{w.names["sg:orders"]}, AssignPublicIp: schedulertypes.AssignPublicIpDisabled,
				}},
			},
		},
	})
	w.must(s, err)
	w.families = map[string]string{"nightly-report": "report", "stock-sync": "stock", "default/cleanup": "cleanup"}
}

func (w *World) jobSubnets() []string {
	return []string{w.names["subnet:private-a"], w.names["subnet:private-b"]}
}

// addJob makes the image, log group, roles and task definition of a job, and the role that starts it.
func (w *World) addJob(name string) {
	w.addRepository("shop/"+name, jobBuilds[name])
	w.logGroups["/ecs/"+name] = &logGroup{Name: "/ecs/" + name, Created: w.now.Add(-40 * day), Retention: 30, Class: "STANDARD", streams: map[string]*logStream{}}
	more := allow("logs:PutLogEvents", "*")
	if name == "stock" {
		more = allow("secretsmanager:GetSecretValue", w.names["secret:db"])
	}
	w.newRole(name+"-execution", trustTasks, w.names["policy:AmazonECSTaskExecutionRolePolicy"], "more", more)
	w.newRole(name+"-task", trustTasks, "", "files", allow("s3:PutObject", fmt.Sprintf("arn:%s:s3:::shop-%s/*", w.Partition, name)))
	trust := trustEvents
	if name == "cleanup" {
		trust = trustScheduler
	}
	w.newRole("start-"+name, trust, "", "start", w.startPolicy(name))
	d := w.definition(name, jobBuilds[name][0].tag, 0)
	c := &d.ContainerDefinitions[0]
	c.PortMappings = nil
	if name == "stock" {
		c.Secrets = []ecstypes.Secret{{Name: aws.String("DB_PASSWORD"), ValueFrom: aws.String(w.names["secret:db"] + ":password::")}}
	}
	w.must(w.register(d))
}

// startPolicy is what starting a job takes: the task in this cluster, and its two roles (ECS developer guide, "Amazon ECS EventBridge IAM Role").
func (w *World) startPolicy(name string) string {
	role := func(kind string) string { return aws.ToString(w.roles[name+"-"+kind].Arn) }
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecs:RunTask","Resource":%q,"Condition":{"ArnEquals":{"ecs:cluster":%q}}},`+
		`{"Effect":"Allow","Action":"iam:PassRole","Resource":[%q,%q],"Condition":{"StringEquals":{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}}]}`,
		w.ecsARN("task-definition/"+name+":*"), w.ecsARN("cluster/shop"), role("execution"), role("task"))
}
