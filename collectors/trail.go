package collectors

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/ecsplain/ecsplain/evidence"
)

const (
	trailPage = 50 // the largest page
	trailSpan = 24 * time.Hour
)

// trailEvents reads the newest page of one attribute and keeps what the last 24 hours hold. CloudTrail gives the newest
// first, so that no time needs to be asked for; AWS allows two such calls a second in an account and region.
func trailEvents(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		attribute, value, _ := strings.Cut(k.ID, "=")
		out, from, err := call(ctx, w.ports.rollout.LookupEvents, &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(trailPage),
			LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKey(attribute), AttributeValue: &value}}})
		if err != nil {
			w.gap(from, err, k)
			return
		}
		v := evidence.TrailEvents{Events: []evidence.TrailEvent{}, Truncated: out.NextToken != nil}
		for _, e := range out.Events {
			if e.EventTime == nil || from.At.Sub(*e.EventTime) > trailSpan {
				v.Truncated = false // the page reaches beyond the span, so it holds all of it
				continue
			}
			v.Events = append(v.Events, toTrailEvent(e))
		}
		newestFirst(v.Events, func(e evidence.TrailEvent) evidence.Moment { return e.At })
		w.found(k, from, v)
	})
}

// trailRecord is the part of CloudTrail's record that is read. Addresses and every other parameter stay out.
type trailRecord struct {
	UserAgent    string `json:"userAgent"`
	ErrorCode    string `json:"errorCode"`
	ErrorMessage string `json:"errorMessage"`
	UserIdentity struct {
		ARN       string `json:"arn"`
		InvokedBy string `json:"invokedBy"`
	} `json:"userIdentity"`
	Request struct {
		Cluster        string `json:"cluster"`
		Service        string `json:"service"`
		ServiceName    string `json:"serviceName"`
		Task           string `json:"task"`
		DesiredCount   *int   `json:"desiredCount"`
		TaskDefinition string `json:"taskDefinition"`
		ForceNew       bool   `json:"forceNewDeployment"`
		Reason         string `json:"reason"`
	} `json:"requestParameters"`
}

func toTrailEvent(e types.Event) evidence.TrailEvent {
	v := evidence.TrailEvent{At: when(e.EventTime), Name: str(e.EventName), Source: str(e.EventSource), Who: text(e.Username),
		Resources: mapped(e.Resources, func(r types.Resource) string { return text(r.ResourceName) })}
	var r trailRecord
	if json.Unmarshal([]byte(str(e.CloudTrailEvent)), &r) != nil {
		return v // a parameter of another type than expected: who did what and when stays known
	}
	q := r.Request
	v.Who = evidence.Clean(cmp.Or(r.UserIdentity.ARN, r.UserIdentity.InvokedBy, v.Who))
	v.InvokedBy, v.UserAgent = evidence.Clean(r.UserIdentity.InvokedBy), evidence.Clean(r.UserAgent)
	v.ErrorCode, v.ErrorMessage = evidence.Clean(r.ErrorCode), evidence.Redact(evidence.Clean(r.ErrorMessage))
	v.Cluster, v.Service, v.Task = evidence.Clean(last(q.Cluster)), evidence.Clean(last(cmp.Or(q.Service, q.ServiceName))), evidence.Clean(last(q.Task))
	v.TaskDefinition, v.ForceNew, v.Reason = evidence.Clean(last(q.TaskDefinition)), q.ForceNew, evidence.Redact(evidence.Clean(q.Reason))
	if q.DesiredCount != nil {
		v.DesiredCount = evidence.Count{Known: true, N: *q.DesiredCount}
	}
	return v
}
