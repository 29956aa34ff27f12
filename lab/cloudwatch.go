package lab

import (
	"cmp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// point is one sample of a metric.
type point struct {
	at    time.Time
	value float64
}

// metricSource gives the samples of a metric in [start, end), oldest first. ok is false where it knows no such metric; a known one
// may have no samples.
type metricSource func(namespace, name string, dimensions map[string]string, start, end time.Time) (samples []point, ok bool)

// metricSources lists who keeps numbers; the first that knows a metric answers.
func (w *World) metricSources() []metricSource {
	return []metricSource{w.startSamples, w.usageSamples}
}

// cloudwatchOperations lists what the lab answers of CloudWatch.
func (w *World) cloudwatchOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("monitoring", "GetMetricData", reads(w, w.getMetricData)),
	}
}

// getMetricData answers for every query the samples of its metric, put together by period. A metric that nobody keeps has no data
// points, as in CloudWatch.
func (w *World) getMetricData(in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
	out := &cloudwatch.GetMetricDataOutput{}
	for _, q := range in.MetricDataQueries {
		r := cwtypes.MetricDataResult{Id: q.Id, Label: q.Label, StatusCode: cwtypes.StatusCodeComplete}
		if q.MetricStat == nil || q.MetricStat.Metric == nil {
			return nil, wire.Errorf("ValidationError", "The lab answers metrics and no expressions: query %s has no MetricStat.", aws.ToString(q.Id))
		}
		m := q.MetricStat.Metric
		r.Label = cmp.Or(r.Label, m.MetricName)
		period := time.Duration(aws.ToInt32(q.MetricStat.Period)) * time.Second
		start := aws.ToTime(in.StartTime).Truncate(max(period, time.Second))
		points := byPeriod(w.samples(m, start, *in.EndTime), period, aws.ToString(q.MetricStat.Stat))
		if in.ScanBy != cwtypes.ScanByTimestampAscending {
			slices.Reverse(points)
		}
		for _, p := range points {
			r.Timestamps, r.Values = append(r.Timestamps, p.at), append(r.Values, p.value)
		}
		out.MetricDataResults = append(out.MetricDataResults, r)
	}
	return out, nil
}

func (w *World) samples(m *cwtypes.Metric, start, end time.Time) []point {
	dimensions := map[string]string{}
	for _, d := range m.Dimensions {
		dimensions[aws.ToString(d.Name)] = aws.ToString(d.Value)
	}
	for _, source := range w.metricSources() {
		if samples, ok := source(aws.ToString(m.Namespace), aws.ToString(m.MetricName), dimensions, start, end); ok {
			return samples
		}
	}
	return nil
}

// byPeriod puts samples together: one point for each period that has any, at the period's start, oldest first.
func byPeriod(samples []point, period time.Duration, stat string) []point {
	var out []point
	var in []float64
	put := func() {
		if len(out) > 0 {
			out[len(out)-1].value = statistic(in, stat)
		}
	}
	for _, s := range samples {
		at := s.at.Truncate(max(period, time.Second))
		if len(out) == 0 || !out[len(out)-1].at.Equal(at) {
			put()
			out, in = append(out, point{at: at}), nil
		}
		in = append(in, s.value)
	}
	put()
	return out
}

// statistic is Sum, Average, Maximum, Minimum or SampleCount of at least one value.
func statistic(values []float64, stat string) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	switch stat {
	case "Average":
		return sum / float64(len(values))
	case "Maximum":
		return slices.Max(values)
	case "Minimum":
		return slices.Min(values)
	case "SampleCount":
		return float64(len(values))
	}
	return sum
}

// between is the part of samples, oldest first, in [start, end).
func between(samples []point, start, end time.Time) []point {
	var out []point
	for _, s := range samples {
		if !s.at.Before(start) && s.at.Before(end) {
			out = append(out, s)
		}
	}
	return out
}
