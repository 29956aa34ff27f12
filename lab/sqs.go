package lab

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// queue is an SQS queue with its messages.
type queue struct {
	name, url, arn    string
	attributes        map[string]string // what callers set, with AWS's defaults
	created, modified time.Time
	purged            time.Time
	messages          []*message // in order of sending
	waiting           []longWait // long polls that a message ends
	sent              int        // since the last full minute, as received and done
	received, done    int
	minutes           []queueMinute
	total             struct{ received, done int } // since it was made
}

// longWait is a receive that waits for a message.
type longWait struct {
	lasts func() bool // false: it was given up meanwhile
	again func()
}

// message is one message of a queue until it is deleted.
type message struct {
	id, body, handle string
	sent, visible    time.Time // visible: it cannot be received before
	first            time.Time // when it was received first
	receives         int
}

// sqsOperations lists what the lab answers of SQS.
func (w *World) sqsOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("sqs", "CreateQueue", changes(w, w.createQueue)),
		wire.Op("sqs", "DeleteQueue", changes(w, w.deleteQueue)),
		wire.Op("sqs", "GetQueueUrl", reads(w, w.getQueueURL)),
		wire.Op("sqs", "ListQueues", reads(w, w.listQueues)),
		wire.Op("sqs", "GetQueueAttributes", reads(w, w.getQueueAttributes)),
		wire.Op("sqs", "SetQueueAttributes", changes(w, w.setQueueAttributes)),
		wire.Op("sqs", "PurgeQueue", changes(w, w.purgeQueue)),
		wire.Op("sqs", "SendMessage", changes(w, w.sendMessage)),
		wire.Op("sqs", "SendMessageBatch", changes(w, w.sendMessageBatch)),
		wire.Op("sqs", "ReceiveMessage", changes(w, w.receiveMessage)),
		wire.Op("sqs", "DeleteMessage", changes(w, w.deleteMessage)),
		wire.Op("sqs", "ChangeMessageVisibility", changes(w, w.changeMessageVisibility)),
	}
}

// queueDefaults are the attributes of a queue that nobody set (SQS API reference, SetQueueAttributes).
var queueDefaults = map[string]string{
	"VisibilityTimeout": "30", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "DelaySeconds": "0", "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true",
}

// queueLimits are the bounds of the numbers among them.
var queueLimits = map[string][2]int{
	"VisibilityTimeout": {0, 43200}, "MaximumMessageSize": {1024, 1048576}, "MessageRetentionPeriod": {60, 1209600}, "DelaySeconds": {0, 900}, "ReceiveMessageWaitTimeSeconds": {0, 20},
}

// queueAt finds a queue by its URL or ARN.
func (w *World) queueAt(ref *string) (*queue, error) {
	name := aws.ToString(ref)
	name = name[strings.LastIndexAny(name, "/:")+1:]
	if q := w.queues[name]; q != nil {
		return q, nil
	}
	return nil, &sqstypes.QueueDoesNotExist{Message: aws.String("The specified queue does not exist.")}
}

func (w *World) createQueue(in *sqs.CreateQueueInput) (*sqs.CreateQueueOutput, error) {
	name := aws.ToString(in.QueueName)
	if old := w.queues[name]; old != nil {
		for _, k := range slices.Sorted(maps.Keys(in.Attributes)) {
			if old.attributes[k] != in.Attributes[k] {
				return nil, wire.Errorf("QueueNameExists", "A queue already exists with the same name and a different value for attribute %s", k)
			}
		}
		return &sqs.CreateQueueOutput{QueueUrl: aws.String(old.url)}, nil
	}
	if at, ok := w.deleted[name]; ok && w.now.Sub(at) < time.Minute {
		return nil, wire.Errorf("QueueDeletedRecently", "You must wait 60 seconds after deleting a queue before you can create another with the same name.")
	}
	suffix := "amazonaws.com"
	if w.Partition == "aws-cn" {
		suffix = "amazonaws.com.cn"
	}
	q := &queue{
		name: name, url: fmt.Sprintf("https://sqs.%s.%s/%s/%s", w.Region, suffix, w.Account, name), arn: fmt.Sprintf("arn:%s:sqs:%s:%s:%s", w.Partition, w.Region, w.Account, name),
		attributes: maps.Clone(queueDefaults), created: w.now, modified: w.now,
	}
	if err := w.setAttributes(q, in.Attributes); err != nil {
		return nil, err
	}
	put(&w.queues, name, q)
	w.everyMinute()
	return &sqs.CreateQueueOutput{QueueUrl: aws.String(q.url)}, nil
}

func (w *World) deleteQueue(in *sqs.DeleteQueueInput) (*sqs.DeleteQueueOutput, error) {
	q, err := w.queueAt(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	delete(w.queues, q.name)
	put(&w.deleted, q.name, w.now)
	return nil, nil
}

func (w *World) getQueueURL(in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
	q, err := w.queueAt(in.QueueName)
	if err != nil {
		return nil, err
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: aws.String(q.url)}, nil
}

func (w *World) listQueues(in *sqs.ListQueuesInput) (*sqs.ListQueuesOutput, error) {
	var urls []string
	for _, q := range sorted(w.queues) {
		if strings.HasPrefix(q.name, aws.ToString(in.QueueNamePrefix)) {
			urls = append(urls, q.url)
		}
	}
	page, next, err := wire.Page(urls, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 1000)
	return &sqs.ListQueuesOutput{QueueUrls: page, NextToken: token(next)}, err
}

func (w *World) getQueueAttributes(in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
	q, err := w.queueAt(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(q.attributes)
	visible, hidden, delayed := q.counts(w.now)
	maps.Copy(all, map[string]string{
		"QueueArn": q.arn, "CreatedTimestamp": strconv.FormatInt(q.created.Unix(), 10), "LastModifiedTimestamp": strconv.FormatInt(q.modified.Unix(), 10),
		"ApproximateNumberOfMessages": strconv.Itoa(visible), "ApproximateNumberOfMessagesNotVisible": strconv.Itoa(hidden), "ApproximateNumberOfMessagesDelayed": strconv.Itoa(delayed),
	})
	out := map[string]string{}
	for _, name := range in.AttributeNames {
		switch v, ok := all[string(name)]; {
		case name == sqstypes.QueueAttributeNameAll:
			maps.Copy(out, all)
		case ok:
			out[string(name)] = v
		}
	}
	return &sqs.GetQueueAttributesOutput{Attributes: out}, nil
}

func (w *World) setQueueAttributes(in *sqs.SetQueueAttributesInput) (*sqs.SetQueueAttributesOutput, error) {
	q, err := w.queueAt(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return nil, w.setAttributes(q, in.Attributes)
}

// setAttributes checks all before it changes any. An empty policy or redrive policy takes it away.
func (w *World) setAttributes(q *queue, in map[string]string) error {
	next := maps.Clone(q.attributes)
	for _, k := range slices.Sorted(maps.Keys(in)) {
		v := in[k]
		limits, numeric := queueLimits[k]
		n, err := strconv.Atoi(v)
		switch {
		case numeric && (err != nil || n < limits[0] || n > limits[1]):
			return wire.Errorf("InvalidAttributeValue", "Invalid value for the parameter %s.", k)
		case k == "RedrivePolicy" && v != "":
			var r redrive
			if json.Unmarshal([]byte(v), &r) != nil || r.Target == "" || r.most() < 1 || r.most() > 1000 {
				return wire.Errorf("InvalidParameterValue", "Value %s for parameter RedrivePolicy is invalid. Reason: Redrive policy is not a valid JSON map.", v)
			}
			if _, err := w.queueAt(&r.Target); err != nil {
				return wire.Errorf("InvalidParameterValue", "Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.", v)
			}
		case k == "All" || strings.HasPrefix(k, "Approximate") || k == "QueueArn" || strings.HasSuffix(k, "Timestamp"):
			return wire.Errorf("InvalidAttributeName", "Unknown Attribute %s.", k)
		}
		if next[k] = v; v == "" {
			delete(next, k)
		}
	}
	q.attributes, q.modified = next, w.now
	return nil
}

// redrive is a redrive policy. maxReceiveCount may be written as a number or as text.
type redrive struct {
	Target string      `json:"deadLetterTargetArn"`
	Max    json.Number `json:"maxReceiveCount"`
}

func (r redrive) most() int {
	n, err := r.Max.Int64()
	if err != nil {
		return 0
	}
	return int(n)
}

func (w *World) purgeQueue(in *sqs.PurgeQueueInput) (*sqs.PurgeQueueOutput, error) {
	q, err := w.queueAt(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if w.now.Sub(q.purged) < time.Minute {
		return nil, wire.Errorf("PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
	}
	q.purged, q.messages = w.now, nil
	return nil, nil
}

func (w *World) sendMessage(in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	q, err := w.queueAt(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	m := w.enqueue(q, aws.ToString(in.MessageBody), time.Duration(in.DelaySeconds)*time.Second)
	return &sqs.SendMessageOutput{MessageId: aws.String(m.id), MD5OfMessageBody: aws.String(md5Of(m.body))}, nil
}

func (w *World) sendMessageBatch(in *sqs.SendMessageBatchInput) (*sqs.SendMessageBatchOutput, error) {
	q, err := w.queueAt(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if len(in.Entries) == 0 {
		return nil, wire.Errorf("EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request.")
	}
	if len(in.Entries) > 10 {
		return nil, wire.Errorf("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent %d.", len(in.Entries))
	}
	seen := map[string]bool{}
	for _, e := range in.Entries {
		if seen[aws.ToString(e.Id)] {
			return nil, wire.Errorf("BatchEntryIdsNotDistinct", "Id %s repeated.", aws.ToString(e.Id))
		}
		seen[aws.ToString(e.Id)] = true
	}
	out := &sqs.SendMessageBatchOutput{}
	for _, e := range in.Entries {
		m := w.enqueue(q, aws.ToString(e.MessageBody), time.Duration(e.DelaySeconds)*time.Second)
		out.Successful = append(out.Successful, sqstypes.SendMessageBatchResultEntry{Id: e.Id, MessageId: aws.String(m.id), MD5OfMessageBody: aws.String(md5Of(m.body))})
	}
	return out, nil
}

// receiveMessage answers at once: the world's clock stands still during a call, so there is nothing to wait for.
func (w *World) receiveMessage(in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
	q, err := w.queueAt(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	out := &sqs.ReceiveMessageOutput{}
	for _, m := range w.receive(q, max(1, int(in.MaxNumberOfMessages)), time.Duration(in.VisibilityTimeout)*time.Second) {
		out.Messages = append(out.Messages, sqstypes.Message{MessageId: aws.String(m.id), Body: aws.String(m.body), ReceiptHandle: aws.String(m.handle), MD5OfBody: aws.String(md5Of(m.body)),
			Attributes: map[string]string{"ApproximateReceiveCount": strconv.Itoa(m.receives), "SentTimestamp": strconv.FormatInt(m.sent.UnixMilli(), 10),
				"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.first.UnixMilli(), 10)}})
	}
	return out, nil
}

func (w *World) deleteMessage(in *sqs.DeleteMessageInput) (*sqs.DeleteMessageOutput, error) {
	q, err := w.queueAt(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	w.finish(q, aws.ToString(in.ReceiptHandle))
	return nil, nil
}

func (w *World) changeMessageVisibility(in *sqs.ChangeMessageVisibilityInput) (*sqs.ChangeMessageVisibilityOutput, error) {
	q, err := w.queueAt(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	for _, m := range q.messages {
		if m.handle == aws.ToString(in.ReceiptHandle) && m.visible.After(w.now) {
			m.visible = w.now.Add(time.Duration(in.VisibilityTimeout) * time.Second)
			return nil, nil
		}
	}
	return nil, wire.Errorf("MessageNotInflight", "Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", aws.ToString(in.ReceiptHandle))
}

func md5Of(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}
