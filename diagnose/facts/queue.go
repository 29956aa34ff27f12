package facts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/evidence"
)

// QueueFact is the SQS queue that the service works on: the one that its task role may receive from, else the one that
// its scaling measures.
type QueueFact struct {
	Name              string         `json:"name"` // "" = none is known
	URL               string         `json:"url"`
	Visible           int            `json:"visible"`
	InFlight          int            `json:"in_flight"`
	OldestSeconds     int            `json:"oldest_seconds"` // age of the oldest message; 0 = not told
	VisibilityTimeout int            `json:"visibility_timeout"`
	Redrive           bool           `json:"redrive"` // it has a dead-letter queue
	MaxReceiveCount   int            `json:"max_receive_count"`
	DeadLetter        string         `json:"dead_letter"` // name
	Consumers         int            `json:"consumers"`   // running tasks
	Backlog           Check          `json:"backlog"`     // messages wait longer than five minutes
	Returning         QueueFlow      `json:"returning"`   // messages are received more than once
	Crashes           Check          `json:"crashes"`     // the log of the dead container speaks of a message
	Poison            PoisonFact     `json:"poison"`      // one message that ends task after task
	Basis             evidence.Basis `json:"-"`
}

// QueueFlow is what went through the queue in the last three hours.
type QueueFlow struct {
	Holds    bool           `json:"holds"` // clearly more messages were received than done
	Received int            `json:"received"`
	Deleted  int            `json:"deleted"`
	Detail   string         `json:"detail"`
	Basis    evidence.Basis `json:"-"`
}

func openQueue(b evidence.Basis) QueueFact {
	x := Check{Basis: b}
	return QueueFact{Basis: b, Backlog: x, Returning: QueueFlow{Basis: b}, Crashes: x, Poison: PoisonFact{Basis: b}}
}

// queueFact reads the queue of a service whose scaling is in question, or whose log speaks of messages when it dies.
func queueFact(v *evidence.View, in *Incident) {
	w := v.Track()
	crashes := messageCrash(v, in)
	poison := poisonFact(v, in, crashes)
	if in.Kind != KindScaling && (crashes.Basis.Unknown || !crashes.Holds) {
		in.Queue = openQueue(w.Undecided("no queue takes part in this failure, as far as is known"))
		in.Queue.Crashes, in.Queue.Poison = crashes, poison
		return
	}
	own, known := roleQueues(w, in.Definition.TaskRole, in.Definition.Basis)
	names := own
	unread := !known && slices.ContainsFunc(w.Missed(), func(k evidence.Key) bool { return w.State(k) == evidence.Unread })
	if len(names) == 0 && !unread {
		names = measuredQueues(w, in.Cluster, in.Service)
	}
	if len(names) == 0 {
		b := w.Decided()
		if !known {
			b = w.Undecided("")
		}
		in.Queue = openQueue(b)
		in.Queue.Crashes, in.Queue.Poison = crashes, poison
		return
	}
	in.Queue = readQueue(v, in, names[0])
	in.Queue.Crashes, in.Queue.Poison = crashes, poison
}

func readQueue(v *evidence.View, in *Incident, name string) QueueFact {
	w := v.Track()
	key := evidence.QueueKey(name)
	metric := func(metric, stat string) evidence.Ref[evidence.MetricSeries] {
		return evidence.MetricKey(evidence.MetricName{Namespace: "AWS/SQS", Name: metric, Dimensions: []evidence.Tag{{Key: "QueueName", Value: name}}}, stat, cpuPeriod)
	}
	ageKey, receivedKey, deletedKey := metric("ApproximateAgeOfOldestMessage", "Maximum"), metric("NumberOfMessagesReceived", "Sum"), metric("NumberOfMessagesDeleted", "Sum")
	queue, st := evidence.Read(w, key)
	svc, _ := evidence.Read(w, evidence.ServiceKey(in.Cluster, in.Service))
	if st != evidence.Found {
		q := openQueue(w.Undecided(""))
		if st == evidence.Absent {
			q = openQueue(w.Undecided("queue " + name + " does not exist in this account and region"))
		}
		q.Name = name
		return q
	}
	q := QueueFact{Name: name, URL: queue.URL, Visible: queue.Visible, InFlight: queue.InFlight, VisibilityTimeout: queue.VisibilityTimeout, Redrive: queue.DeadLetterARN != "",
		MaxReceiveCount: queue.MaxReceiveCount, DeadLetter: queue.DeadLetterARN[strings.LastIndexByte(queue.DeadLetterARN, ':')+1:], Consumers: svc.Running}
	w.Cite(key.Key, "queue "+name, "ApproximateNumberOfMessages", itoa(queue.Visible))
	w.Cite(key.Key, "queue "+name, "VisibilityTimeout", itoa(queue.VisibilityTimeout))
	redrive := "none"
	if q.Redrive {
		redrive = fmt.Sprintf("%s after %s", q.DeadLetter, evidence.Counted(q.MaxReceiveCount, "receive"))
	}
	w.Cite(key.Key, "queue "+name, "RedrivePolicy", redrive)
	q.Basis = w.Decided()
	b := v.Track()
	age, ageState := evidence.Read(b, ageKey)
	if p, ok := age.Newest(); ok {
		q.OldestSeconds = int(p.Value)
		b.Cite(ageKey.Key, "queue "+name, "ApproximateAgeOfOldestMessage", fmt.Sprintf("%d s", q.OldestSeconds))
	}
	b.Cite(key.Key, "queue "+name, "ApproximateNumberOfMessages", itoa(queue.Visible))
	q.Backlog = Check{Resource: name, Holds: queue.Visible >= backlogAlone || queue.Visible > 0 && q.OldestSeconds >= oldMessage,
		Detail: messagesWait(queue.Visible) + " in queue " + name, Basis: b.Decided()}
	if q.OldestSeconds > 0 { // 0: the metric has no point yet
		q.Backlog.Detail += fmt.Sprintf(", the oldest for %d s", q.OldestSeconds)
	}
	if !q.Backlog.Holds && queue.Visible > 0 && ageState != evidence.Found {
		q.Backlog.Basis = b.Undecided("")
	}
	q.Returning = returning(v, name, receivedKey, deletedKey)
	return q
}

const (
	fewReceives = 20
	tooOften    = 1.5 // receives for each message that is done
)

func returning(v *evidence.View, queue string, receivedKey, deletedKey evidence.Ref[evidence.MetricSeries]) QueueFlow {
	w := v.Track()
	received, rst := evidence.Read(w, receivedKey)
	deleted, dst := evidence.Read(w, deletedKey)
	if rst != evidence.Found || dst != evidence.Found {
		return QueueFlow{Basis: w.Undecided("")}
	}
	f := QueueFlow{Received: int(received.Sum()), Deleted: int(deleted.Sum())}
	w.Cite(receivedKey.Key, "queue "+queue, "NumberOfMessagesReceived", itoa(f.Received)+" in three hours")
	w.Cite(deletedKey.Key, "queue "+queue, "NumberOfMessagesDeleted", itoa(f.Deleted)+" in three hours")
	f.Holds = f.Received >= fewReceives && float64(f.Received) >= tooOften*float64(max(f.Deleted, 1))
	f.Detail, f.Basis = evidence.Counted(f.Received, "receive")+" for "+evidence.Counted(f.Deleted, "message")+" done", w.Decided()
	return f
}

// messageCrash tells whether the last lines of a dead container speak of a message of a queue.
func messageCrash(v *evidence.View, in *Incident) Check {
	if in.Log.Basis.Unknown {
		return Check{Basis: in.Log.Basis}
	}
	for _, line := range slices.Backward(in.Log.Tail) {
		low := strings.ToLower(line)
		if strings.Contains(low, "sqs") || strings.Contains(low, "messageid") || strings.Contains(low, "message_id") || strings.Contains(low, "receivecount") || strings.Contains(low, "receive count") {
			return Check{Holds: true, Resource: in.Log.Stream, Detail: line, Basis: in.Log.Basis}
		}
	}
	return Check{Basis: in.Log.Basis}
}

// measuredQueues are the queues whose metrics the service's scaling policies and their alarms name.
func measuredQueues(w *evidence.View, cluster, service string) (names []string) {
	a := readAlarms(w, cluster, service, w.State(evidence.ScalableTargetKey(cluster, service).Key) == evidence.Found)
	add := func(metrics []evidence.MetricName) {
		for _, m := range metrics {
			if q := m.Dimension("QueueName"); q != "" && !slices.Contains(names, q) {
				names = append(names, q)
			}
		}
	}
	for _, p := range a.policies {
		add(p.Metrics)
	}
	for _, x := range a.alarms {
		add(x.Metrics)
	}
	return names
}

// roleQueues are the queues of this account that the policies of the task role name for receiving. known is false where
// a policy could not be read; a role that may receive from every queue names none.
func roleQueues(w *evidence.View, roleARN string, definition evidence.Basis) (names []string, known bool) {
	if definition.Unknown {
		for _, k := range definition.Missing {
			w.Want(k)
		}
		return nil, false
	}
	if roleARN == "" {
		return nil, true
	}
	role := iam.RoleName(roleARN)
	list, st := evidence.Read(w, evidence.RolePoliciesKey(role))
	if st == evidence.Absent {
		return nil, true
	}
	if st != evidence.Found {
		return nil, false
	}
	known = true
	read := func(doc evidence.PolicyDocument, st evidence.State) {
		known = known && (st == evidence.Found || st == evidence.Absent)
		for _, q := range receivedFrom(doc.Document) {
			if !slices.Contains(names, q) {
				names = append(names, q)
			}
		}
	}
	for _, p := range list.Inline {
		read(evidence.Read(w, evidence.InlinePolicyKey(role, p)))
	}
	for _, arn := range list.Attached {
		if !strings.Contains(arn, ":iam::aws:policy/") { // AWS's own name no queue of anybody's
			read(evidence.Read(w, evidence.ManagedPolicyKey(arn)))
		}
	}
	slices.Sort(names)
	return names, known
}

// oneOrMany is a JSON value that IAM lets stand as a text or a list of texts.
type oneOrMany []string

func (o *oneOrMany) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*o = []string{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(o))
}

// receivedFrom lists the names of queues that a policy allows to receive from, leaving out patterns.
func receivedFrom(document string) (names []string) {
	type statement struct {
		Effect   string
		Action   oneOrMany
		Resource oneOrMany
	}
	var many struct{ Statement []statement }
	if json.Unmarshal([]byte(document), &many) != nil {
		var one struct{ Statement statement }
		if json.Unmarshal([]byte(document), &one) != nil {
			return nil
		}
		many.Statement = []statement{one.Statement}
	}
	for _, s := range many.Statement {
		receives := slices.ContainsFunc(s.Action, func(a string) bool {
			a = strings.ToLower(a)
			return a == "sqs:receivemessage" || a == "sqs:*" || a == "sqs:receive*"
		})
		if s.Effect != "Allow" || !receives {
			continue
		}
		for _, r := range s.Resource {
			parts := strings.Split(r, ":")
			if len(parts) == 6 && parts[2] == "sqs" && !strings.ContainsAny(parts[5], "*?") && !slices.Contains(names, parts[5]) {
				names = append(names, parts[5])
			}
		}
	}
	return names
}

// messagesWait says how many messages wait.
func messagesWait(n int) string {
	if n == 1 {
		return "1 message waits"
	}
	return evidence.Counted(n, "message") + " wait"
}
