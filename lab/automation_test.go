package lab

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// A queue that grows raises the alarm, the alarm adds tasks, the queue shrinks, and tasks are taken away one by one down to the least number.
func TestScalingFollowsTheQueue(t *testing.T) {
	w := New(Options{Seed: 1, Worker: true})
	w.produce("shop-orders", 140)
	w.Advance(20 * time.Minute)
	s := w.services["shop/worker"]
	first := w.activities["service/shop/worker"][len(w.activities["service/shop/worker"])-1]
	if d, c := aws.ToString(first.Description), aws.ToString(first.Cause); d != "Setting desired count to 4." || !strings.Contains(c, "monitor alarm worker-backlog-high in state ALARM triggered policy worker-backlog-high") || first.StatusCode != "Successful" {
		t.Errorf("first activity: %s (%s), %s", d, c, first.StatusCode)
	}
	w.produce("shop-orders", 20)
	w.Advance(time.Hour)
	if visible, _, _ := w.queues["shop-orders"].counts(w.now); s.DesiredCount != 2 || visible > 10 {
		t.Errorf("%d tasks are wanted and %d orders wait once little comes in", s.DesiredCount, visible)
	}
}

// Every metric that has data is listed, whoever keeps it.
func TestAllMetricsAreListed(t *testing.T) {
	w := New(Options{Seed: 1, Worker: true, Jobs: true})
	w.Advance(time.Hour)
	known := map[string]bool{}
	for _, m := range w.knownMetrics() {
		known[metricKey(*m.Namespace, *m.MetricName, m.Dimensions)] = true
	}
	for _, want := range []string{"AWS/Events|Invocations|RuleName=stock-sync", "AWS/Usage|ResourceCount|Class=Standard/OnDemand,Resource=vCPU,Service=Fargate,Type=Resource",
		"AWS/ECS|CPUUtilization|ClusterName=shop,ServiceName=worker", "AWS/SQS|ApproximateNumberOfMessagesVisible|QueueName=shop-orders"} {
		if !known[want] {
			t.Errorf("%s is not listed", want)
		}
	}
}

// What cannot be worked on is set aside after as many receives as the redrive policy allows.
func TestRedrive(t *testing.T) {
	w := New(Options{Seed: 2})
	for _, in := range []*sqs.CreateQueueInput{
		{QueueName: aws.String("dead")},
		{QueueName: aws.String("jobs"), Attributes: map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:111122223333:dead","maxReceiveCount":"5"}`}},
	} {
		if _, err := w.createQueue(in); err != nil {
			t.Fatal(err)
		}
	}
	q := w.queues["jobs"]
	w.enqueue(q, "{}", 0)
	for range 5 {
		if got := w.receive(q, 1, time.Second); len(got) != 1 {
			t.Fatalf("%d messages received", len(got))
		}
		w.Advance(2 * time.Second)
	}
	if got := w.receive(q, 1, time.Second); len(got) != 0 || len(q.messages) != 0 || len(w.queues["dead"].messages) != 1 {
		t.Errorf("after five receives: %d received, %d in the queue, %d set aside", len(got), len(q.messages), len(w.queues["dead"].messages))
	}
}

// The mean over the tasks of a service says little of the one that dies: its memory is seen in Maximum.
func TestAveragesHidePeaks(t *testing.T) {
	w, s, err := Start("the-137-club", Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	cluster, service, _ := strings.Cut(s.Target, "/")
	dimensions := []cwtypes.Dimension{{Name: aws.String("ClusterName"), Value: &cluster}, {Name: aws.String("ServiceName"), Value: &service}}
	w.Advance(10 * time.Minute)
	hidden := false
	for _, d := range w.series("AWS/ECS", "MemoryUtilization", dimensions, 5*time.Minute, w.now.Add(-time.Hour), w.now) {
		average, _ := d.stat("Average")
		highest, _ := d.stat("Maximum")
		for _, x := range w.services[s.Target].tasks {
			killed := x.StoppingAt != nil && !x.StoppingAt.Before(d.at) && x.StoppingAt.Before(d.at.Add(5*time.Minute)) && x.StopCode == "EssentialContainerExited"
			hidden = hidden || killed && average <= 60 && highest >= average+20
		}
	}
	if !hidden {
		t.Error("in no five minutes with a kill for memory the mean is 60 % or less and the maximum well above it")
	}
}
