package collectors

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ecsplain/ecsplain/evidence"
)

type cloudwatchPort struct {
	DescribeAlarms func(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
	GetMetricData  func(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
}

func newCloudwatchPort(c *cloudwatch.Client) cloudwatchPort {
	return cloudwatchPort{c.DescribeAlarms, c.GetMetricData}
}

const (
	alarmBatch     = 100
	maxAlarmPages  = 3
	metricBatch    = 100 // AWS takes 500; a smaller call answers sooner
	maxMetricPages = 10
	metricWindow   = 3 * time.Hour
	metricHistory  = 14 * 24 * time.Hour // for periods of an hour and more
)

func alarms(ctx context.Context, w *Wave, keys []evidence.Key) {
	w.batches(ctx, keys, alarmBatch, func(ctx context.Context, keys []evidence.Key) (answer, error) {
		got := map[string]types.MetricAlarm{}
		var from answer
		err := pages(maxAlarmPages, func(token *string) (*string, error) {
			out, f, err := call(ctx, w.ports.cloudwatch.DescribeAlarms, &cloudwatch.DescribeAlarmsInput{
				AlarmNames: ids(keys, whole), AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm}, MaxRecords: aws.Int32(alarmBatch), NextToken: token})
			from = f
			if err != nil {
				return nil, err
			}
			for _, a := range out.MetricAlarms {
				got[str(a.AlarmName)] = a
			}
			return out.NextToken, nil
		})
		if err != nil {
			return from, err
		}
		settle(w, keys, from, got, whole, toAlarm)
		return from, nil
	})
}

func toAlarm(a types.MetricAlarm) evidence.Alarm {
	v := evidence.Alarm{Name: str(a.AlarmName), ARN: str(a.AlarmArn), State: string(a.StateValue), StateReason: text(a.StateReason),
		StateSince: when(a.StateTransitionedTimestamp), ActionsEnabled: yes(a.ActionsEnabled), Actions: a.AlarmActions, Comparison: string(a.ComparisonOperator),
		Threshold: aws.ToFloat64(a.Threshold), PeriodSeconds: num(a.Period), EvaluationPeriods: num(a.EvaluationPeriods), TreatMissingData: str(a.TreatMissingData),
		ConfigurationSince: when(a.AlarmConfigurationUpdatedTimestamp)}
	if !v.StateSince.Known {
		v.StateSince = when(a.StateUpdatedTimestamp)
	}
	if a.MetricName != nil {
		stat := string(a.Statistic)
		if stat == "" {
			stat = str(a.ExtendedStatistic)
		}
		v.Metrics = []evidence.MetricName{toMetricName(types.Metric{Namespace: a.Namespace, MetricName: a.MetricName, Dimensions: a.Dimensions}, stat)}
	}
	for _, q := range a.Metrics {
		if q.Expression != nil && (q.ReturnData == nil || *q.ReturnData) {
			v.Expression = text(q.Expression)
		}
		if q.MetricStat != nil && q.MetricStat.Metric != nil {
			v.Metrics = append(v.Metrics, toMetricName(*q.MetricStat.Metric, str(q.MetricStat.Stat)))
			v.PeriodSeconds = num(q.MetricStat.Period)
		}
	}
	return v
}

func toMetricName(m types.Metric, stat string) evidence.MetricName {
	return evidence.MetricName{Namespace: text(m.Namespace), Name: text(m.MetricName), Stat: stat,
		Dimensions: mapped(m.Dimensions, func(d types.Dimension) evidence.Tag { return tag(d.Name, d.Value) })}
}

// metrics reads the recent past of metrics. What has no data is found with no points: CloudWatch answers the same for a
// metric that does not exist.
func metrics(ctx context.Context, w *Wave, keys []evidence.Key) {
	short, long := []evidence.Key{}, []evidence.Key{}
	for _, k := range keys {
		if _, _, period, err := evidence.ParseMetricID(k.ID); err != nil {
			w.gap(answer{Call: "cloudwatch:GetMetricData"}, err, k)
		} else if period >= 3600 {
			long = append(long, k)
		} else {
			short = append(short, k)
		}
	}
	now := w.serverTime()
	each(ctx, []metricSpan{{short, metricWindow}, {long, metricHistory}}, func(ctx context.Context, s metricSpan) {
		w.batches(ctx, s.keys, metricBatch, func(ctx context.Context, keys []evidence.Key) (answer, error) {
			return w.metricData(ctx, keys, now.Add(-s.window), now)
		})
	})
}

type metricSpan struct {
	keys   []evidence.Key
	window time.Duration
}

// serverTime is the newest Date header among the answers so far: the clock of the account that is read, which need not
// be ours.
func (w *Wave) serverTime() time.Time {
	var t time.Time
	for _, it := range w.store.Items() {
		if it.At.After(t) {
			t = it.At
		}
	}
	if t.IsZero() {
		t = time.Now().UTC()
	}
	return t
}

func (w *Wave) metricData(ctx context.Context, keys []evidence.Key, start, end time.Time) (answer, error) {
	queries := make([]types.MetricDataQuery, len(keys))
	for i, k := range keys {
		m, stat, period, _ := evidence.ParseMetricID(k.ID) // read before
		dims := mapped(m.Dimensions, func(d evidence.Tag) types.Dimension { return types.Dimension{Name: &d.Key, Value: &d.Value} })
		queries[i] = types.MetricDataQuery{Id: aws.String(fmt.Sprintf("q%d", i)), ReturnData: aws.Bool(true), MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: &m.Namespace, MetricName: &m.Name, Dimensions: dims}, Stat: &stat, Period: aws.Int32(int32(period))}}
	}
	series, partial := make([]evidence.MetricSeries, len(keys)), make([]bool, len(keys))
	var from answer
	err := pages(maxMetricPages, func(token *string) (*string, error) {
		out, f, err := call(ctx, w.ports.cloudwatch.GetMetricData, &cloudwatch.GetMetricDataInput{
			MetricDataQueries: queries, StartTime: &start, EndTime: &end, ScanBy: types.ScanByTimestampAscending, NextToken: token})
		from = f
		if err != nil {
			return nil, err
		}
		for _, r := range out.MetricDataResults {
			var i int
			if _, err := fmt.Sscanf(str(r.Id), "q%d", &i); err != nil || i < 0 || i >= len(keys) {
				continue
			}
			partial[i] = r.StatusCode == types.StatusCodeInternalError || r.StatusCode == types.StatusCodeForbidden
			for j := range min(len(r.Timestamps), len(r.Values)) {
				series[i].Points = append(series[i].Points, evidence.MetricPoint{At: r.Timestamps[j].UTC(), Value: r.Values[j]})
			}
		}
		return out.NextToken, nil
	})
	if err != nil {
		return from, err
	}
	for i, k := range keys {
		if partial[i] {
			w.missing(k, from)
			continue
		}
		slices.SortStableFunc(series[i].Points, func(a, b evidence.MetricPoint) int { return a.At.Compare(b.At) })
		w.found(k, from, series[i])
	}
	return from, nil
}
