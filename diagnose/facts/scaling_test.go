package facts

import (
	"slices"
	"testing"

	"github.com/ecsplain/ecsplain/evidence"
)

// What a healthy service costs: one key where it is under no auto scaling and one of many; its policies and alarms
// beside where it is, and nothing of activities while the alarms are quiet.
func TestQuietScalingCostsLittle(t *testing.T) {
	store, of := balanced(target("10.0.0.1", "healthy", ""), target("10.0.0.2", "healthy", ""))
	if s := Screen(evidence.NewView(store), of); len(s.Missing) != 0 || s.Health != Healthy {
		t.Errorf("without auto scaling: missing %v, health %s", s.Missing, s.Health)
	}
	scaled := evidence.NewStore()
	for _, it := range store.Items() {
		if it.Key.Kind != evidence.KindScalableTarget {
			scaled.Put(it)
		}
	}
	put := func(k evidence.Key, v any) { scaled.Put(evidence.Item{Key: k, Found: true, Value: v}) }
	put(evidence.ScalableTargetKey("shop", "web").Key, evidence.ScalableTarget{Min: 2, Max: 4})
	put(evidence.ScalingPoliciesKey("shop", "web").Key, evidence.ScalingPolicies{Policies: []evidence.ScalingPolicy{{Name: "cpu", ARN: "p", Type: "TargetTrackingScaling", Alarms: []string{"high"}}}})
	if s := Screen(evidence.NewView(scaled), of); !slices.Equal(s.Missing, []evidence.Key{evidence.AlarmKey("high").Key}) {
		t.Errorf("missing %v, want the alarm alone", s.Missing)
	}
	put(evidence.AlarmKey("high").Key, evidence.Alarm{Name: "high", State: "OK", ActionsEnabled: true, Actions: []string{"p"}, Comparison: "GreaterThanThreshold"})
	if s := Screen(evidence.NewView(scaled), of); len(s.Missing) != 0 || len(s.Incidents) != 0 {
		t.Errorf("quiet: missing %v, incidents %v", s.Missing, s.Incidents)
	}
}

func TestReceivedFrom(t *testing.T) {
	for _, c := range []struct {
		name, document string
		want           []string
	}{
		{"named", `{"Statement":[{"Effect":"Allow","Action":["sqs:ReceiveMessage"],"Resource":"arn:aws:sqs:eu-west-1:1:jobs"}]}`, []string{"jobs"}},
		{"one statement, any case", `{"Statement":{"Effect":"Allow","Action":"SQS:receivemessage","Resource":["arn:aws:sqs:eu-west-1:1:a","arn:aws:sqs:eu-west-1:1:b"]}}`, []string{"a", "b"}},
		{"sending is not receiving", `{"Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:eu-west-1:1:jobs"}]}`, nil},
		{"a pattern names none", `{"Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:eu-west-1:1:jobs-*"}]}`, nil},
		{"denied", `{"Statement":[{"Effect":"Deny","Action":"sqs:*","Resource":"arn:aws:sqs:eu-west-1:1:jobs"}]}`, nil},
		{"not JSON", `hello`, nil},
	} {
		if got := receivedFrom(c.document); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestSetsTo(t *testing.T) {
	for text, want := range map[string]int{"Setting desired count to 4.": 4, "Setting desired count to 12": 12, "Setting min capacity to 1 and max capacity to 2": -1, "": -1} {
		if n, ok := setsTo(text); ok != (want >= 0) || ok && n != want {
			t.Errorf("%q: %d, %v", text, n, ok)
		}
	}
}
