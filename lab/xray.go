package lab

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/xray"
	xraytypes "github.com/aws/aws-sdk-go-v2/service/xray/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// xrayOperations lists what the lab answers of X-Ray.
func (w *World) xrayOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("xray", "GetSamplingRules", reads(w, w.getSamplingRules)),
		wire.Op("xray", "CreateSamplingRule", changes(w, w.createSamplingRule)),
		wire.Op("xray", "UpdateSamplingRule", changes(w, w.updateSamplingRule)),
		wire.Op("xray", "DeleteSamplingRule", changes(w, w.deleteSamplingRule)),
		wire.Op("xray", "PutTraceSegments", changes(w, func(*xray.PutTraceSegmentsInput) (*xray.PutTraceSegmentsOutput, error) {
			return &xray.PutTraceSegmentsOutput{UnprocessedTraceSegments: []xraytypes.UnprocessedTraceSegment{}}, nil
		})),
	}
}

// defaultSampling is the rule that every account has: one request a second and five percent of the rest.
func (w *World) defaultSampling() *xraytypes.SamplingRuleRecord {
	return w.samplingRecord(xraytypes.SamplingRule{
		RuleName: aws.String("Default"), Priority: aws.Int32(10000), FixedRate: 0.05, ReservoirSize: 1, Version: aws.Int32(1),
		ServiceName: aws.String("*"), ServiceType: aws.String("*"), Host: aws.String("*"), HTTPMethod: aws.String("*"), URLPath: aws.String("*"), ResourceARN: aws.String("*"),
	})
}

func (w *World) samplingRecord(r xraytypes.SamplingRule) *xraytypes.SamplingRuleRecord {
	r.RuleARN = aws.String("arn:" + w.Partition + ":xray:" + w.Region + ":" + w.Account + ":sampling-rule/" + aws.ToString(r.RuleName))
	return &xraytypes.SamplingRuleRecord{SamplingRule: &r, CreatedAt: aws.Time(w.now), ModifiedAt: aws.Time(w.now)}
}

// samplingRules lists the rules by priority, Default last.
func (w *World) samplingRules() []*xraytypes.SamplingRuleRecord {
	if w.sampling == nil {
		w.sampling = []*xraytypes.SamplingRuleRecord{w.defaultSampling()}
	}
	slices.SortStableFunc(w.sampling, func(a, b *xraytypes.SamplingRuleRecord) int {
		return int(aws.ToInt32(a.SamplingRule.Priority)) - int(aws.ToInt32(b.SamplingRule.Priority))
	})
	return w.sampling
}

func (w *World) getSamplingRules(in *xray.GetSamplingRulesInput) (*xray.GetSamplingRulesOutput, error) {
	var all []xraytypes.SamplingRuleRecord
	for _, r := range w.samplingRules() {
		all = append(all, *r)
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), 0, 100)
	return &xray.GetSamplingRulesOutput{SamplingRuleRecords: page, NextToken: optional(next)}, err
}

func (w *World) samplingNamed(name *string) int {
	return slices.IndexFunc(w.samplingRules(), func(r *xraytypes.SamplingRuleRecord) bool {
		return aws.ToString(r.SamplingRule.RuleName) == aws.ToString(name)
	})
}

func (w *World) createSamplingRule(in *xray.CreateSamplingRuleInput) (*xray.CreateSamplingRuleOutput, error) {
	if w.samplingNamed(in.SamplingRule.RuleName) >= 0 {
		return nil, wire.Errorf("InvalidRequestException", "Sampling rule already exists with rule name %s", aws.ToString(in.SamplingRule.RuleName))
	}
	r := w.samplingRecord(*in.SamplingRule)
	w.sampling = append(slices.Clone(w.sampling), r)
	return &xray.CreateSamplingRuleOutput{SamplingRuleRecord: r}, nil
}

// updateSamplingRule changes what the call names and leaves the rest.
func (w *World) updateSamplingRule(in *xray.UpdateSamplingRuleInput) (*xray.UpdateSamplingRuleOutput, error) {
	u := in.SamplingRuleUpdate
	i := w.samplingNamed(u.RuleName)
	if i < 0 {
		return nil, wire.Errorf("InvalidRequestException", "Sampling rule does not exist.")
	}
	v := *w.sampling[i].SamplingRule
	if u.FixedRate != nil {
		v.FixedRate = *u.FixedRate
	}
	if u.ReservoirSize != nil {
		v.ReservoirSize = *u.ReservoirSize
	}
	for _, set := range []struct{ into, from **string }{
		{&v.ServiceName, &u.ServiceName}, {&v.ServiceType, &u.ServiceType}, {&v.Host, &u.Host}, {&v.HTTPMethod, &u.HTTPMethod}, {&v.URLPath, &u.URLPath}, {&v.ResourceARN, &u.ResourceARN},
	} {
		if *set.from != nil {
			*set.into = *set.from
		}
	}
	if u.Priority != nil {
		v.Priority = u.Priority
	}
	r := &xraytypes.SamplingRuleRecord{SamplingRule: &v, CreatedAt: w.sampling[i].CreatedAt, ModifiedAt: aws.Time(w.now)}
	w.sampling = slices.Clone(w.sampling)
	w.sampling[i] = r
	return &xray.UpdateSamplingRuleOutput{SamplingRuleRecord: r}, nil
}

func (w *World) deleteSamplingRule(in *xray.DeleteSamplingRuleInput) (*xray.DeleteSamplingRuleOutput, error) {
	i := w.samplingNamed(in.RuleName)
	if i < 0 || aws.ToString(in.RuleName) == "Default" {
		return nil, wire.Errorf("InvalidRequestException", "Sampling rule does not exist or cannot be deleted.")
	}
	r := w.sampling[i]
	w.sampling = slices.Delete(slices.Clone(w.sampling), i, i+1)
	return &xray.DeleteSamplingRuleOutput{SamplingRuleRecord: r}, nil
}

const (
	exportEvery = 30 * time.Second // how often a collector sends what it has
	unsentAfter = 6 * time.Minute  // without traces for so long, none arrive; programs read the sampling rules every five minutes
)

// export is a collector that sends traces to X-Ray from now on, with the role of its task. It has something to send when a program of
// the task is traced and a sampling rule lets requests through.
func (w *World) export(t *task, c *container) {
	w.later(t, w.about(exportEvery), func() {
		switch {
		case c.done || !c.serving:
			return
		case w.sampled(aws.ToString(t.launch.definition.Family)):
			c.sent = w.send(t, c)
		}
		w.export(t, c)
	})
}

// sampled tells whether any request of a service is recorded. The first rule by priority that fits a request decides; one that is for certain
// hosts, methods or paths fits some requests, and the others go on to the next.
func (w *World) sampled(service string) bool {
	for _, record := range w.samplingRules() {
		r := record.SamplingRule
		takes := r.FixedRate > 0 || r.ReservoirSize > 0
		every := aws.ToString(r.Host) == "*" && aws.ToString(r.HTTPMethod) == "*" && aws.ToString(r.URLPath) == "*"
		if wildcard(aws.ToString(r.ServiceName), service) && (takes || every) {
			return takes
		}
	}
	return false
}

// send is one PutTraceSegments. The time of the last that arrived is answered.
func (w *World) send(t *task, c *container) time.Time {
	endpoint, text := w.dial(t, "xray."+w.Region+".amazonaws.com", 443)
	role := lastPart(aws.ToString(t.launch.definition.TaskRoleArn))
	if text != "" {
		w.say(t, c, `error exporterhelper/queue_sender.go Exporting failed. Dropping data. {"kind": "exporter", "name": "awsxray", "error": "RequestError: send request failed caused by: Post \"https://xray.`+w.Region+`.amazonaws.com/TraceSegments\": `+text+`"}`)
		return c.sent
	}
	r := w.authorize(role, "xray:PutTraceSegments", "*", "", endpoint)
	if r.Allowed {
		return w.now
	}
	w.say(t, c, `error exporterhelper/queue_sender.go Exporting failed. Dropping data. {"kind": "exporter", "name": "awsxray", "error": "Permanent error: AccessDeniedException: User: arn:`+w.Partition+`:sts::`+w.Account+
		`:assumed-role/`+role+`/`+t.id+` is not authorized to perform: xray:PutTraceSegments on resource: arn:`+w.Partition+`:xray:`+w.Region+`:`+w.Account+`:* `+r.Reason+`"}`)
	return c.sent
}

// untraced says which task of a service is meant to be traced and is not; "" when none is.
func (w *World) untraced(s *service) string {
	for _, t := range s.live(nil) {
		for _, c := range t.containers {
			if c.image != nil && c.image.App.Collects && w.now.Sub(latest(c.sent, aws.ToTime(t.StartedAt))) > unsentAfter {
				return "no traces of task " + t.id + " arrive"
			}
		}
	}
	return ""
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
