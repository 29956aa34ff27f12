package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarm is a metric alarm.
type alarm struct {
	cwtypes.MetricAlarm
}

// lookBack is how many periods more than it needs an alarm looks at where data is missing. AWS does not publish the number.
const lookBack = 2

// evaluate judges an alarm by the periods that are over, and tells its actions. An action of auto scaling is repeated each minute while
// the alarm is in ALARM (CloudWatch user guide, "Alarm actions").
func (w *World) evaluate(a *alarm) {
	state, reason, newest := w.judgeAlarm(a)
	if state != "" {
		w.enter(a, state, reason, newest)
	}
}

// enter puts an alarm into a state and lets it act.
func (w *World) enter(a *alarm, state cwtypes.StateValue, reason string, newest *float64) {
	if state != a.StateValue {
		a.StateValue, a.StateReason = state, aws.String(reason)
		a.StateUpdatedTimestamp, a.StateTransitionedTimestamp = aws.Time(w.now), aws.Time(w.now)
	}
	if !aws.ToBool(a.ActionsEnabled) || state != cwtypes.StateValueAlarm {
		return
	}
	for _, action := range a.AlarmActions {
		if p := w.policyOfAction(action); p != nil {
			w.scale(p, a, newest)
		}
	}
}

// judge is the state that an alarm ought to be in, in AWS's words and with the newest value; "" = it stays as it is. What is missing of the
// periods it needs is filled by TreatMissingData (CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data").
func (w *World) judgeAlarm(a *alarm) (state cwtypes.StateValue, reason string, newest *float64) {
	period, need := seconds(a.Period), int(aws.ToInt32(a.EvaluationPeriods))
	atLeast := need
	if a.DatapointsToAlarm != nil {
		atLeast = int(*a.DatapointsToAlarm)
	}
	end := w.now.Truncate(period)
	points := w.series(aws.ToString(a.Namespace), aws.ToString(a.MetricName), a.Dimensions, period, end.Add(-time.Duration(need+lookBack)*period), end)
	slices.Reverse(points) // the newest first
	points = points[:min(len(points), need)]
	var values []string
	breaching := 0
	for _, p := range points {
		v, _ := p.stat(string(a.Statistic)) // alarms with other statistics cannot be made
		if newest == nil {
			newest = &v
		}
		if a.breaches(v) {
			breaching++
		}
		values = append(values, fmt.Sprintf("%s (%s)", plainNumber(v), p.at.UTC().Format("02/01/06 15:04:05")))
	}
	missing := need - len(points)
	treat := aws.ToString(a.TreatMissingData)
	none := fmt.Sprintf("Threshold Crossed: no datapoints were received for %d %s and %d missing %s treated as ", need, some(need, "period"), missing, some(missing, "datapoint was", "datapoints were"))
	switch {
	case missing > 0 && treat == "ignore" && breaching < atLeast && len(points)-breaching < need-atLeast+1:
		return "", "", newest
	case len(points) == 0 && treat == "breaching":
		return cwtypes.StateValueAlarm, none + "[Breaching].", nil
	case len(points) == 0 && treat == "notBreaching":
		return cwtypes.StateValueOk, none + "[NonBreaching].", nil
	case len(points) == 0:
		return cwtypes.StateValueInsufficientData, fmt.Sprintf("Insufficient Data: %d %s unknown.", need, some(need, "datapoint was", "datapoints were")), nil
	case treat == "breaching" || (treat == "" || treat == "missing") && breaching > 0:
		breaching += missing
	}
	if breaching >= atLeast {
		return cwtypes.StateValueAlarm, a.crossed(values, "", atLeast), newest
	}
	return cwtypes.StateValueOk, a.crossed(values, "not ", atLeast), newest
}

// some is one word for one and another for more: "period" and "periods", or the two that are given.
func some(n int, words ...string) string {
	if n == 1 {
		return words[0]
	}
	if len(words) == 1 {
		return words[0] + "s"
	}
	return words[1]
}

func (a *alarm) breaches(v float64) bool {
	limit := aws.ToFloat64(a.Threshold)
	switch a.ComparisonOperator {
	case cwtypes.ComparisonOperatorGreaterThanThreshold:
		return v > limit
	case cwtypes.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return v >= limit
	case cwtypes.ComparisonOperatorLessThanThreshold:
		return v < limit
	case cwtypes.ComparisonOperatorLessThanOrEqualToThreshold:
		return v <= limit
	}
	return false // bands of anomaly detection are not part of this world
}

var comparisonWords = map[cwtypes.ComparisonOperator]string{
	cwtypes.ComparisonOperatorGreaterThanThreshold: "greater than", cwtypes.ComparisonOperatorGreaterThanOrEqualToThreshold: "greater than or equal to",
	cwtypes.ComparisonOperatorLessThanThreshold: "less than", cwtypes.ComparisonOperatorLessThanOrEqualToThreshold: "less than or equal to",
}

// crossed is AWS's sentence about a threshold.
func (a *alarm) crossed(values []string, not string, atLeast int) string {
	n := len(values)
	text := fmt.Sprintf("%d %s [%s] %s %s%s the threshold (%s)", n, some(n, "datapoint"), strings.Join(values, ", "), some(n, "was", "were"), not, comparisonWords[a.ComparisonOperator], plainNumber(aws.ToFloat64(a.Threshold)))
	if a.DatapointsToAlarm == nil {
		return "Threshold Crossed: " + text + "."
	}
	change := "OK -> ALARM"
	if not != "" {
		change = "ALARM -> OK"
	}
	return fmt.Sprintf("Threshold Crossed: %d out of the last %s (minimum %d %s for %s transition).", n, text, atLeast, some(atLeast, "datapoint"), change)
}
