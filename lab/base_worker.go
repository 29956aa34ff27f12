package lab

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// workerBuilds are the releases of worker. 2.4.0 works on five orders at once, six seconds on each, so fifty a minute and task; 2.5.0 makes
// the invoice too, which takes a minute, and works on a hundred at once. 2.4.1 puts aside what it cannot read, 2.4.2 goes on for ever where
// its queue refuses it.
var workerBuilds = []build{
	{"2.4.0", anywhere, true, workerApp(5, 6*time.Second), 20 * day},
	{"2.4.1", anywhere, true, worker(func(c *Consumer) { c.Catches = true }), 12 * day},
	{"2.4.2", anywhere, true, worker(func(c *Consumer) { c.Tries = 0 }), 6 * day},
	{"2.5.0", anywhere, true, workerApp(100, time.Minute), day},
}

func workerApp(lanes int, each time.Duration) App {
	return App{
		Programs: []string{"/app/worker", "/bin/sh"}, Boot: 2 * time.Second, Memory: 120, CPU: 80, Needs: []string{"QUEUE_URL"}, Says: []string{`level=info msg="worker waits for orders"`},
		Consumes: &Consumer{QueueEnv: "QUEUE_URL", Lanes: lanes, Each: each, Tries: 3},
	}
}

// worker is worker 2.4.0 with another way to work on its queue.
func worker(change func(*Consumer)) App {
	a := workerApp(5, 6*time.Second)
	change(a.Consumes)
	return a
}

// buildWorker adds a third service to the shop, a queue that it works on, and its scaling:
//
//	worker  2 to 10 tasks in private subnets, which empty queue shop-orders; 60 orders a minute come in, and a task does 50.
//	        Alarm worker-backlog-high adds two tasks where more than 100 wait for two minutes, worker-backlog-low takes one away
//	        where fewer than 10 do for ten.
func (w *World) buildWorker(release string) {
	w.addRepository("shop/worker", workerBuilds)
	w.logGroups["/ecs/worker"] = &logGroup{Name: "/ecs/worker", Created: w.now.Add(-40 * day), Retention: 30, Class: "STANDARD", streams: map[string]*logStream{}}
	dead, err := w.createQueue(&sqs.CreateQueueInput{QueueName: aws.String("shop-orders-dead")})
	w.must(dead, err)
	arn := func(queue string) string {
		return fmt.Sprintf("arn:%s:sqs:%s:%s:%s", w.Partition, w.Region, w.Account, queue)
	}
	q, err := w.createQueue(&sqs.CreateQueueInput{QueueName: aws.String("shop-orders"), Attributes: map[string]string{
		"VisibilityTimeout": "60", "RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":5}`, arn("shop-orders-dead"))}})
	w.must(q, err)
	w.names["queue:orders"] = aws.ToString(q.QueueUrl)
	w.newRole("worker-execution", trustTasks, w.names["policy:AmazonECSTaskExecutionRolePolicy"], "nothing-more", allow("logs:PutLogEvents", "*"))
	w.newRole("worker-task", trustTasks, "", "queue", fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes"],"Resource":%q}]}`, arn("shop-orders")))
	d := w.definition("worker", release, 0)
	d.ContainerDefinitions[0].PortMappings = nil
	d.ContainerDefinitions[0].Environment = []ecstypes.KeyValuePair{{Name: aws.String("QUEUE_URL"), Value: q.QueueUrl}}
	w.must(w.register(d))
	w.must(w.newService(&ecs.CreateServiceInput{
		Cluster: aws.String("shop"), ServiceName: aws.String("worker"), TaskDefinition: aws.String("worker:1"), DesiredCount: aws.Int32(2), LaunchType: ecstypes.LaunchTypeFargate,
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
			SecurityGroups: []string{w.names["sg:orders"]}, Subnets: w.jobSubnets(), AssignPublicIp: ecstypes.AssignPublicIpDisabled,
		}},
	}))
	w.scaleWorker()
	w.produce("shop-orders", 60)
}

// scaleWorker puts worker under auto scaling by the length of its queue.
func (w *World) scaleWorker() {
	const resource = "service/shop/worker"
	target, err := w.registerScalableTarget(&aas.RegisterScalableTargetInput{ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceId: aws.String(resource),
		ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount, MinCapacity: aws.Int32(2), MaxCapacity: aws.Int32(10)})
	w.must(target, err)
	for _, x := range []struct {
		name      string
		by        int32
		compare   cwtypes.ComparisonOperator
		threshold float64
		periods   int32
	}{
		{"worker-backlog-high", 2, cwtypes.ComparisonOperatorGreaterThanThreshold, 100, 2},
		{"worker-backlog-low", -1, cwtypes.ComparisonOperatorLessThanThreshold, 10, 10},
	} {
		step := aastypes.StepAdjustment{MetricIntervalLowerBound: aws.Float64(0), ScalingAdjustment: aws.Int32(x.by)}
		if x.by < 0 {
			step = aastypes.StepAdjustment{MetricIntervalUpperBound: aws.Float64(0), ScalingAdjustment: aws.Int32(x.by)}
		}
		p, err := w.putScalingPolicy(&aas.PutScalingPolicyInput{ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceId: aws.String(resource), ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
			PolicyName: aws.String(x.name), PolicyType: aastypes.PolicyTypeStepScaling, StepScalingPolicyConfiguration: &aastypes.StepScalingPolicyConfiguration{
				AdjustmentType: aastypes.AdjustmentTypeChangeInCapacity, Cooldown: aws.Int32(120), StepAdjustments: []aastypes.StepAdjustment{step}}})
		w.must(p, err)
		a, err := w.putMetricAlarm(&cloudwatch.PutMetricAlarmInput{AlarmName: aws.String(x.name), Namespace: aws.String("AWS/SQS"), MetricName: aws.String("ApproximateNumberOfMessagesVisible"),
			Dimensions: []cwtypes.Dimension{{Name: aws.String("QueueName"), Value: aws.String("shop-orders")}}, Statistic: cwtypes.StatisticAverage, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(x.periods),
			ComparisonOperator: x.compare, Threshold: aws.Float64(x.threshold), AlarmActions: []string{aws.ToString(p.PolicyARN)}})
		w.must(a, err)
	}
}
