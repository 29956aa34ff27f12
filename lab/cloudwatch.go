package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// cloudwatchOperations lists what the lab answers of CloudWatch.
func (w *World) cloudwatchOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("monitoring", "GetMetricData", reads(w, w.getMetricData)),
		wire.Op("monitoring", "GetMetricStatistics", reads(w, w.getMetricStatistics)),
		wire.Op("monitoring", "ListMetrics", reads(w, w.listMetrics)),
		wire.Op("monitoring", "PutMetricData", changes(w, w.putMetricData)),
		wire.Op("monitoring", "DescribeAlarms", reads(w, w.describeAlarms)),
		wire.Op("monitoring", "DescribeAlarmsForMetric", reads(w, w.describeAlarmsForMetric)),
		wire.Op("monitoring", "PutMetricAlarm", changes(w, w.putMetricAlarm)),
		wire.Op("monitoring", "DeleteAlarms", changes(w, w.deleteAlarms)),
		wire.Op("monitoring", "EnableAlarmActions", changes(w, func(in *cloudwatch.EnableAlarmActionsInput) (*cloudwatch.EnableAlarmActionsOutput, error) {
			return nil, w.switchActions(in.AlarmNames, true)
		})),
		wire.Op("monitoring", "DisableAlarmActions", changes(w, func(in *cloudwatch.DisableAlarmActionsInput) (*cloudwatch.DisableAlarmActionsOutput, error) {
			return nil, w.switchActions(in.AlarmNames, false)
		})),
		wire.Op("monitoring", "SetAlarmState", changes(w, w.setAlarmState)),
	}
}

// noMath is the answer to a metric expression.
func noMath() error {
	return &wire.Error{Code: "NotImplemented", Message: "the lab does not compute metric expressions; it is a gap of the lab, not of your account", Status: 501}
}

func (w *World) getMetricData(in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
	out := &cloudwatch.GetMetricDataOutput{}
	for _, q := range in.MetricDataQueries {
		if q.MetricStat == nil || q.MetricStat.Metric == nil {
			return nil, noMath()
		}
		m, stat := q.MetricStat.Metric, aws.ToString(q.MetricStat.Stat)
		r := cwtypes.MetricDataResult{Id: q.Id, Label: q.Label, StatusCode: cwtypes.StatusCodeComplete, Timestamps: []time.Time{}, Values: []float64{}}
		if r.Label == nil {
			r.Label = m.MetricName
		}
		for _, d := range w.series(aws.ToString(m.Namespace), aws.ToString(m.MetricName), m.Dimensions, seconds(q.MetricStat.Period), aws.ToTime(in.StartTime), aws.ToTime(in.EndTime)) {
			v, ok := d.stat(stat)
			if !ok {
				return nil, &wire.Error{Code: "NotImplemented", Message: "the lab does not compute the statistic " + stat + "; it is a gap of the lab, not of your account", Status: 501}
			}
			r.Timestamps, r.Values = append(r.Timestamps, d.at), append(r.Values, v)
		}
		if in.ScanBy != cwtypes.ScanByTimestampAscending { // AWS's default is the newest first
			slices.Reverse(r.Timestamps)
			slices.Reverse(r.Values)
		}
		if q.ReturnData == nil || *q.ReturnData {
			out.MetricDataResults = append(out.MetricDataResults, r)
		}
	}
	return out, nil
}

func (w *World) getMetricStatistics(in *cloudwatch.GetMetricStatisticsInput) (*cloudwatch.GetMetricStatisticsOutput, error) {
	out := &cloudwatch.GetMetricStatisticsOutput{Label: in.MetricName}
	for _, d := range w.series(aws.ToString(in.Namespace), aws.ToString(in.MetricName), in.Dimensions, seconds(in.Period), aws.ToTime(in.StartTime), aws.ToTime(in.EndTime)) {
		p := cwtypes.Datapoint{Timestamp: aws.Time(d.at)}
		for _, s := range in.Statistics {
			v, ok := d.stat(string(s))
			if !ok {
				continue // the enum holds no other
			}
			switch s {
			case cwtypes.StatisticAverage:
				p.Average = &v
			case cwtypes.StatisticSum:
				p.Sum = &v
			case cwtypes.StatisticMinimum:
				p.Minimum = &v
			case cwtypes.StatisticMaximum:
				p.Maximum = &v
			case cwtypes.StatisticSampleCount:
				p.SampleCount = &v
			}
		}
		out.Datapoints = append(out.Datapoints, p)
	}
	return out, nil
}

func (w *World) listMetrics(in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
	wanted := func(m cwtypes.Metric) bool {
		return (in.Namespace == nil || *in.Namespace == *m.Namespace) && (in.MetricName == nil || *in.MetricName == *m.MetricName) &&
			!slices.ContainsFunc(in.Dimensions, func(f cwtypes.DimensionFilter) bool {
				return !slices.ContainsFunc(m.Dimensions, func(d cwtypes.Dimension) bool {
					return aws.ToString(d.Name) == aws.ToString(f.Name) && (f.Value == nil || aws.ToString(d.Value) == *f.Value)
				})
			})
	}
	var all []cwtypes.Metric
	for _, m := range w.knownMetrics() {
		if wanted(m) {
			all = append(all, m)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), 0, 500)
	return &cloudwatch.ListMetricsOutput{Metrics: page, NextToken: token(next)}, err
}

func (w *World) putMetricData(in *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
	if strings.HasPrefix(aws.ToString(in.Namespace), "AWS/") {
		return nil, wire.Errorf("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")
	}
	for _, m := range in.MetricData {
		d := datum{at: w.now}
		if m.Timestamp != nil {
			d.at = *m.Timestamp
		}
		switch s := m.StatisticValues; {
		case s != nil:
			d.merge(datum{n: aws.ToFloat64(s.SampleCount), sum: aws.ToFloat64(s.Sum), low: aws.ToFloat64(s.Minimum), high: aws.ToFloat64(s.Maximum)})
		case m.Value != nil:
			d.add(*m.Value)
		}
		for i, v := range m.Values {
			n := 1.0
			if i < len(m.Counts) {
				n = m.Counts[i]
			}
			d.merge(datum{n: n, sum: n * v, low: v, high: v})
		}
		if d.n == 0 {
			return nil, wire.Errorf("MissingParameter", "At least one of the parameters must be specified.")
		}
		w.sample(cwtypes.Metric{Namespace: in.Namespace, MetricName: m.MetricName, Dimensions: m.Dimensions}, d)
	}
	return nil, nil
}

func (w *World) alarmARN(name string) string {
	return fmt.Sprintf("arn:%s:cloudwatch:%s:%s:alarm:%s", w.Partition, w.Region, w.Account, name)
}

func (w *World) describeAlarms(in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
	if in.AlarmNamePrefix != nil && len(in.AlarmNames) > 0 {
		return nil, wire.Errorf("ValidationError", "AlarmNames and AlarmNamePrefix cannot be specified together.")
	}
	var all []cwtypes.MetricAlarm
	for _, a := range sorted(w.alarms) {
		name := aws.ToString(a.AlarmName)
		if len(in.AlarmNames) > 0 && !slices.Contains(in.AlarmNames, name) || !strings.HasPrefix(name, aws.ToString(in.AlarmNamePrefix)) ||
			in.StateValue != "" && in.StateValue != a.StateValue || in.ActionPrefix != nil && !slices.ContainsFunc(a.AlarmActions, func(x string) bool { return strings.HasPrefix(x, *in.ActionPrefix) }) {
			continue
		}
		all = append(all, a.MetricAlarm)
	}
	if len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, cwtypes.AlarmTypeMetricAlarm) {
		all = nil
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxRecords)), 50)
	return &cloudwatch.DescribeAlarmsOutput{MetricAlarms: page, NextToken: token(next)}, err
}

func (w *World) describeAlarmsForMetric(in *cloudwatch.DescribeAlarmsForMetricInput) (*cloudwatch.DescribeAlarmsForMetricOutput, error) {
	out := &cloudwatch.DescribeAlarmsForMetricOutput{}
	for _, a := range sorted(w.alarms) {
		if metricKey(aws.ToString(a.Namespace), aws.ToString(a.MetricName), a.Dimensions) == metricKey(aws.ToString(in.Namespace), aws.ToString(in.MetricName), in.Dimensions) {
			out.MetricAlarms = append(out.MetricAlarms, a.MetricAlarm)
		}
	}
	return out, nil
}

// putMetricAlarm makes an alarm or replaces one as a whole; a replaced one keeps its state until it is evaluated.
func (w *World) putMetricAlarm(in *cloudwatch.PutMetricAlarmInput) (*cloudwatch.PutMetricAlarmOutput, error) {
	switch {
	case len(in.Metrics) > 0:
		return nil, noMath()
	case in.MetricName == nil || in.Namespace == nil || in.Period == nil || in.Threshold == nil:
		return nil, wire.Errorf("ValidationError", "MetricName, Namespace, Period and Threshold must be specified for a metric alarm")
	case in.Statistic == "":
		return nil, &wire.Error{Code: "NotImplemented", Message: "the lab does not compute extended statistics; it is a gap of the lab, not of your account", Status: 501}
	case aws.ToInt32(in.DatapointsToAlarm) > aws.ToInt32(in.EvaluationPeriods):
		return nil, wire.Errorf("ValidationError", "DatapointsToAlarm must be less than or equal to EvaluationPeriods")
	}
	w.putAlarm(cwtypes.MetricAlarm{
		AlarmName: in.AlarmName, AlarmDescription: in.AlarmDescription, ActionsEnabled: aws.Bool(in.ActionsEnabled == nil || *in.ActionsEnabled), AlarmActions: in.AlarmActions, OKActions: in.OKActions,
		InsufficientDataActions: in.InsufficientDataActions, Namespace: in.Namespace, MetricName: in.MetricName, Dimensions: in.Dimensions, Statistic: in.Statistic, Period: in.Period, Unit: in.Unit,
		EvaluationPeriods: in.EvaluationPeriods, DatapointsToAlarm: in.DatapointsToAlarm, Threshold: in.Threshold, ComparisonOperator: in.ComparisonOperator, TreatMissingData: in.TreatMissingData,
	})
	return nil, nil
}

func (w *World) putAlarm(a cwtypes.MetricAlarm) {
	name := aws.ToString(a.AlarmName)
	a.AlarmArn, a.AlarmConfigurationUpdatedTimestamp = aws.String(w.alarmARN(name)), aws.Time(w.now)
	if a.AlarmActions == nil {
		a.AlarmActions = []string{}
	}
	if old := w.alarms[name]; old != nil {
		a.StateValue, a.StateReason, a.StateReasonData = old.StateValue, old.StateReason, old.StateReasonData
		a.StateUpdatedTimestamp, a.StateTransitionedTimestamp = old.StateUpdatedTimestamp, old.StateTransitionedTimestamp
	} else {
		a.StateValue, a.StateReason = cwtypes.StateValueInsufficientData, aws.String("Unchecked: Initial alarm creation")
		a.StateUpdatedTimestamp, a.StateTransitionedTimestamp = aws.Time(w.now), aws.Time(w.now)
	}
	put(&w.alarms, name, &alarm{MetricAlarm: a})
	w.everyMinute()
}

func (w *World) deleteAlarms(in *cloudwatch.DeleteAlarmsInput) (*cloudwatch.DeleteAlarmsOutput, error) {
	for _, name := range in.AlarmNames {
		if w.alarms[name] == nil {
			return nil, wire.Errorf("ResourceNotFound", "Unknown alarm %s", name)
		}
	}
	for _, name := range in.AlarmNames {
		delete(w.alarms, name)
	}
	return nil, nil
}

// switchActions does nothing to alarms that do not exist, as AWS does nothing.
func (w *World) switchActions(names []string, on bool) error {
	for _, name := range names {
		if a := w.alarms[name]; a != nil {
			a.ActionsEnabled, a.AlarmConfigurationUpdatedTimestamp = aws.Bool(on), aws.Time(w.now)
		}
	}
	return nil
}

// setAlarmState lasts until the next evaluation.
func (w *World) setAlarmState(in *cloudwatch.SetAlarmStateInput) (*cloudwatch.SetAlarmStateOutput, error) {
	a := w.alarms[aws.ToString(in.AlarmName)]
	if a == nil {
		return nil, wire.Errorf("ResourceNotFound", "Unknown alarm %s", aws.ToString(in.AlarmName))
	}
	w.enter(a, in.StateValue, aws.ToString(in.StateReason), nil)
	return nil, nil
}
