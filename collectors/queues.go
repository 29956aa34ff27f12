package collectors

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/ecsplain/ecsplain/evidence"
)

type sqsPort struct {
	GetQueueUrl        func(context.Context, *sqs.GetQueueUrlInput, ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error)
	GetQueueAttributes func(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

func newSQSPort(c *sqs.Client) sqsPort { return sqsPort{c.GetQueueUrl, c.GetQueueAttributes} }

type quotaPort struct {
	GetServiceQuota func(context.Context, *servicequotas.GetServiceQuotaInput, ...func(*servicequotas.Options)) (*servicequotas.GetServiceQuotaOutput, error)
}

var noQueue = []string{"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}

// queues reads attributes only: a message is never received.
func queues(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		at, from, err := call(ctx, w.ports.sqs.GetQueueUrl, &sqs.GetQueueUrlInput{QueueName: &k.ID})
		var out *sqs.GetQueueAttributesOutput
		if err == nil {
			out, from, err = call(ctx, w.ports.sqs.GetQueueAttributes, &sqs.GetQueueAttributesInput{QueueUrl: at.QueueUrl, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
		}
		switch {
		case is(err, noQueue...):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		default:
			w.found(k, from, toQueue(k.ID, str(at.QueueUrl), out.Attributes))
		}
	})
}

func toQueue(name, url string, a map[string]string) evidence.Queue {
	n := func(attribute types.QueueAttributeName) int {
		v, err := strconv.Atoi(a[string(attribute)])
		if err != nil {
			return 0
		}
		return v
	}
	q := evidence.Queue{Name: name, URL: url, ARN: a["QueueArn"], Fifo: a["FifoQueue"] == "true", KmsKey: a["KmsMasterKeyId"],
		Visible: n(types.QueueAttributeNameApproximateNumberOfMessages), InFlight: n(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible),
		Delayed: n(types.QueueAttributeNameApproximateNumberOfMessagesDelayed), VisibilityTimeout: n(types.QueueAttributeNameVisibilityTimeout),
		RetentionSeconds: n(types.QueueAttributeNameMessageRetentionPeriod)}
	// maxReceiveCount is a number or a text, as the owner wrote it.
	var redrive struct {
		Target string      `json:"deadLetterTargetArn"`
		Max    json.Number `json:"maxReceiveCount"`
	}
	if json.Unmarshal([]byte(a["RedrivePolicy"]), &redrive) == nil {
		max, _ := redrive.Max.Int64()
		q.DeadLetterARN, q.MaxReceiveCount = redrive.Target, int(max)
	}
	return q
}

func quotas(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.quota.GetServiceQuota, &servicequotas.GetServiceQuotaInput{ServiceCode: aws.String(head(k.ID)), QuotaCode: aws.String(tail(k.ID))})
		switch {
		case is(err, "NoSuchResourceException"):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		case out.Quota == nil || out.Quota.Value == nil:
			w.missing(k, from)
		default:
			q := out.Quota
			w.found(k, from, evidence.Quota{Service: str(q.ServiceCode), Code: str(q.QuotaCode), Name: text(q.QuotaName), Value: *q.Value, Adjustable: q.Adjustable})
		}
	})
}
