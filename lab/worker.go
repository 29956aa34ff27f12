package lab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Consumer is how a program works on the messages of a queue. It takes part in nothing until it may: its task role needs
// sqs:ReceiveMessage and sqs:DeleteMessage.
type Consumer struct {
	QueueEnv string        // environment variable with the queue's URL
	Lanes    int           // messages it works on at once
	Each     time.Duration // work on one message
	Tries    int           // refused or failed receives in a row after which it exits with code 1; 0 = it goes on for ever
	Catches  bool          // a message that it cannot read is logged and deleted; else it ends the program
}

// consumerState is what a container that consumes is doing.
type consumerState struct {
	busy     int           // lanes that work
	worked   time.Duration // lane time since the last full minute
	since    []time.Time   // when each busy lane began, or the last full minute
	failures int           // receives in a row that went wrong
	polling  uint64        // the poll that is planned; an older one does nothing
	refusal  map[string]decision
}

// decision is what IAM said, kept for as long as a change of a policy may take to be felt.
type decision struct {
	reason string // "" = allowed
	until  time.Time
}

const (
	policyLag  = 15 * time.Second
	pollAgain  = 10 * time.Second // after a receive that went wrong
	notAnOrder = "panic: cannot parse order: unexpected end of JSON input"
)

// consume starts a consumer's loop.
func (w *World) consume(t *task, c *container) {
	c.consumer = &consumerState{refusal: map[string]decision{}}
	w.pollIn(t, c, 0)
}

func (w *World) pollIn(t *task, c *container, d time.Duration) {
	c.consumer.polling++
	planned := c.consumer.polling
	w.later(t, d, func() {
		if c.consumer.polling == planned && !c.done {
			w.poll(t, c)
		}
	})
}

// poll is one ReceiveMessage and what follows from it.
func (w *World) poll(t *task, c *container) {
	how := c.image.App.Consumes
	free := min(max(1, how.Lanes)-c.consumer.busy, 10)
	if free <= 0 {
		return // a lane that ends polls again
	}
	url := c.env[how.QueueEnv]
	q, wrong := w.mayQueue(t, c, "ReceiveMessage", url)
	if wrong != "" {
		wrong = "cannot receive: " + wrong
	} else {
		wrong = w.callsInVain(t, c)
	}
	if wrong != "" {
		w.say(t, c, fmt.Sprintf("level=error msg=%q", wrong))
		if c.consumer.failures++; how.Tries > 0 && c.consumer.failures >= how.Tries {
			w.exit(t, c, 1, "")
			return
		}
		w.pollIn(t, c, pollAgain)
		return
	}
	c.consumer.failures = 0
	got := w.receive(q, free, 0)
	if len(got) == 0 {
		w.pollIn(t, c, q.nextMessage(w.now))
		planned := c.consumer.polling
		q.waiting = append(q.waiting, longWait{
			func() bool { return c.consumer.polling == planned && !c.done && !t.ended && !t.stopping() }, func() { w.poll(t, c) },
		})
		return
	}
	for _, m := range got {
		if !json.Valid([]byte(m.body)) && how.Catches {
			w.say(t, c, fmt.Sprintf("level=error msg=\"cannot parse order, put aside\" messageId=%s receiveCount=%d", m.id, m.receives))
			w.finish(q, m.handle)
			continue
		}
		if !json.Valid([]byte(m.body)) {
			w.say(t, c, fmt.Sprintf("received messageId=%s receiveCount=%d", m.id, m.receives), notAnOrder, "", "goroutine 1 [running]:", "main.handle(...)")
			w.exit(t, c, 2, "")
			return
		}
		w.workOn(t, c, m.handle, how.Each)
	}
	if c.consumer.busy < how.Lanes {
		w.pollIn(t, c, 0)
	}
}

// workOn is the work on one message, and its end.
func (w *World) workOn(t *task, c *container, handle string, each time.Duration) {
	s := c.consumer
	began := w.now
	s.busy++
	s.since = append(s.since, began)
	w.later(t, w.about(each), func() {
		if c.done {
			return
		}
		s.busy--
		s.worked += w.now.Sub(s.since[0])
		s.since = s.since[1:]
		q, wrong := w.mayQueue(t, c, "DeleteMessage", c.env[c.image.App.Consumes.QueueEnv])
		if wrong != "" {
			w.say(t, c, fmt.Sprintf("level=error msg=%q", "cannot delete: "+wrong))
		} else {
			w.finish(q, handle)
		}
		w.pollIn(t, c, 0)
	})
}

// mayQueue finds the queue of a URL as the program in a container does: over its network, and as its task role.
func (w *World) mayQueue(t *task, c *container, operation, url string) (q *queue, wrong string) {
	failed := "operation error SQS: " + operation + ", "
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
	endpoint, broken := w.dial(t, host, 443)
	if broken != "" {
		return nil, failed + fmt.Sprintf("exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, Post \"https://%s/\": %s", host, broken)
	}
	name := url[strings.LastIndex(url, "/")+1:]
	arn := fmt.Sprintf("arn:%s:sqs:%s:%s:%s", w.Partition, w.Region, w.Account, name)
	if no := w.refusedTask(t, c, "sqs:"+operation, arn, endpoint); no != "" {
		return nil, failed + "https response error StatusCode: 403, RequestID: " + w.newUUID() + ", api error AccessDenied: " + no
	}
	if q = w.queues[name]; q == nil {
		return nil, failed + "https response error StatusCode: 400, RequestID: " + w.newUUID() + ", AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist."
	}
	return q, ""
}

// refusedTask is IAM's sentence when the task role may not do an action of SQS, which writes actions in small letters; else "".
func (w *World) refusedTask(t *task, c *container, action, arn, endpoint string) string {
	known, ok := c.consumer.refusal[action]
	if ok && w.now.Before(known.until) {
		return known.reason
	}
	role := lastPart(aws.ToString(t.launch.definition.TaskRoleArn))
	policy := ""
	if q := w.queues[lastName(arn)]; q != nil {
		policy = q.attributes["Policy"]
	}
	reason := ""
	if r := w.authorize(role, action, arn, policy, endpoint); !r.Allowed {
		who := fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", w.Partition, w.Account, role, t.id)
		reason = fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", who, strings.ToLower(action), arn, strings.Replace(r.Reason, action, strings.ToLower(action), 1))
	}
	c.consumer.refusal[action] = decision{reason, w.now.Add(policyLag)}
	return reason
}

func lastName(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// measureWork closes a minute of every service that consumes: the CPU of its tasks.
func (w *World) measureWork() {
	for _, s := range sorted(w.services) {
		var d datum
		for _, t := range s.tasks {
			for _, c := range t.containers {
				if c.consumer == nil {
					continue
				}
				for i, at := range c.consumer.since {
					c.consumer.worked += w.now.Sub(at)
					c.consumer.since[i] = w.now
				}
				share := float64(c.consumer.worked) / float64(time.Minute) / float64(max(1, c.image.App.Consumes.Lanes))
				c.consumer.worked = 0
				if t.is("RUNNING") && !c.done {
					d.add(max(1, share*float64(c.image.App.cpu())))
				}
			}
		}
		if d.n > 0 {
			d.at = w.now.Add(-time.Minute)
			key := s.cluster + "/" + s.name()
			put(&w.work, key, append(w.work[key], d))
		}
	}
}

// cpu is the percent of its task's CPU that a program uses while it serves.
func (a App) cpu() int {
	if a.CPU == 0 {
		return 5
	}
	return a.CPU
}

// queueWorked tells what is wrong with the queue that a service works on; nil also where it works on none.
func (w *World) queueWorked(s *service) error {
	q, name := w.queueOf(s)
	switch {
	case name == "":
		return nil
	case q == nil:
		return fmt.Errorf("queue %s, which %s works on, does not exist", name, s.name())
	}
	if wait := q.waits(w.now); wait > longestWait {
		visible, _, _ := q.counts(w.now)
		return fmt.Errorf("%d messages wait in queue %s, the oldest for %s", visible, name, wait.Truncate(time.Second))
	}
	return nil
}

// longestWait is how long a message may wait where its consumers are well.
const longestWait = 5 * time.Minute

// queueOf is the queue that the program of a service works on, by what its running tasks were started with; name is "" where it
// works on none.
func (w *World) queueOf(s *service) (q *queue, name string) {
	tasks := s.live(nil)
	for _, t := range slices.Backward(tasks) {
		for _, c := range t.containers {
			if c.image != nil && c.image.App.Consumes != nil {
				url := c.env[c.image.App.Consumes.QueueEnv]
				name = url[strings.LastIndex(url, "/")+1:]
				return w.queues[name], name
			}
		}
	}
	return nil, ""
}

// wasted tells whether a queue handed its messages out clearly more often than they were done, since it had handed out and done so
// many.
func (q *queue) wasted(received, done int) error {
	got, did := q.total.received-received, q.total.done-done
	if got > did+did/4+10 {
		return fmt.Errorf("queue %s handed out %d messages for %d that were done", q.name, got, did)
	}
	return nil
}
