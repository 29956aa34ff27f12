package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// MetricName is one CloudWatch metric.
type MetricName struct {
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	Dimensions []Tag  `json:"dimensions"`
	Stat       string `json:"stat"` // Average, Sum, ...; "" = not told
}

// Dimension is the value of a dimension, "" where the metric has none of that name.
func (m MetricName) Dimension(name string) string {
	for _, d := range m.Dimensions {
		if d.Key == name {
			return d.Value
		}
	}
	return ""
}

// Alarm is a metric alarm.
type Alarm struct {
	Name               string       `json:"name"`
	ARN                string       `json:"arn"`
	State              string       `json:"state"` // OK, ALARM, INSUFFICIENT_DATA
	StateReason        string       `json:"state_reason"`
	StateSince         Moment       `json:"state_since"`
	ActionsEnabled     bool         `json:"actions_enabled"`
	Actions            []string     `json:"alarm_actions"` // ARNs
	Metrics            []MetricName `json:"metrics"`       // one, or those of its expression
	Expression         string       `json:"expression"`    // "" = the one metric itself
	Comparison         string       `json:"comparison"`    // GreaterThanThreshold, ...
	Threshold          float64      `json:"threshold"`
	PeriodSeconds      int          `json:"period_seconds"`
	EvaluationPeriods  int          `json:"evaluation_periods"`
	TreatMissingData   string       `json:"treat_missing_data"` // missing, ignore, breaching, notBreaching
	ConfigurationSince Moment       `json:"configuration_since"`
}

// MetricSeries is the recent past of a metric, oldest first. No points: the metric exists with no data, or not at all;
// CloudWatch does not tell them apart.
type MetricSeries struct {
	Points []MetricPoint `json:"points"`
}

type MetricPoint struct {
	At    time.Time `json:"at"`
	Value float64   `json:"value"`
}

// Newest is the newest point; ok is false where there is none.
func (s MetricSeries) Newest() (p MetricPoint, ok bool) {
	if len(s.Points) == 0 {
		return p, false
	}
	return s.Points[len(s.Points)-1], true
}

// Sum adds all points.
func (s MetricSeries) Sum() (sum float64) {
	for _, p := range s.Points {
		sum += p.Value
	}
	return sum
}

// Average is the mean of the points; 0 where there are none.
func (s MetricSeries) Average() float64 {
	if len(s.Points) == 0 {
		return 0
	}
	return s.Sum() / float64(len(s.Points))
}

// MetricID is the id of a metric key: NAMESPACE|METRIC|NAME=VALUE,...|STAT|PERIOD with the period in seconds.
func MetricID(m MetricName, stat string, periodSeconds int) string {
	dims := make([]string, len(m.Dimensions))
	for i, d := range m.Dimensions {
		dims[i] = d.Key + "=" + d.Value
	}
	slices.Sort(dims)
	return strings.Join([]string{m.Namespace, m.Name, strings.Join(dims, ","), stat, fmt.Sprint(periodSeconds)}, "|")
}

// ParseMetricID reads what MetricID writes.
func ParseMetricID(id string) (m MetricName, stat string, periodSeconds int, err error) {
	parts := strings.Split(id, "|")
	if len(parts) != 5 {
		return m, "", 0, fmt.Errorf("metric id %q: want NAMESPACE|METRIC|NAME=VALUE,...|STAT|PERIOD", id)
	}
	m = MetricName{Namespace: parts[0], Name: parts[1]}
	for d := range strings.SplitSeq(parts[2], ",") {
		name, value, ok := strings.Cut(d, "=")
		if !ok && parts[2] != "" {
			return m, "", 0, fmt.Errorf("metric id %q: dimension %q is not NAME=VALUE", id, d)
		}
		if ok {
			m.Dimensions = append(m.Dimensions, Tag{Key: name, Value: value})
		}
	}
	if _, err := fmt.Sscan(parts[4], &periodSeconds); err != nil || periodSeconds < 1 {
		return m, "", 0, fmt.Errorf("metric id %q: period %q is not a number of seconds", id, parts[4])
	}
	return m, parts[3], periodSeconds, nil
}
