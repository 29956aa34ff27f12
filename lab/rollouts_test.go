package lab

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The services that are not deployed by rolling are healthy, and stay so.
func TestRolloutsBaseIsHealthy(t *testing.T) {
	for seed := range uint64(3) {
		w := New(Options{Rollouts: true, Seed: seed})
		for _, target := range []string{"shop/orders", "shop/catalog", "shop/web", "shop/checkout", "shop/search"} {
			if err := w.Healed(target, time.Hour); err != nil {
				t.Errorf("seed %d: %v%s", seed, err, story(w, target))
			}
		}
	}
}

// released is a world in which web is on its way to its second revision.
func released(t *testing.T, before ...Step) *World {
	t.Helper()
	s, err := FindScenario("the-taster")
	if err != nil {
		t.Fatal(err)
	}
	w := New(Options{Rollouts: true, Seed: 4})
	if err := w.Apply(append(before, s.Solve...)); err != nil { // the good release
		t.Fatal(err)
	}
	return w
}

func stageOf(w *World) (ecstypes.ServiceDeploymentLifecycleStage, int, []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.services["shop/web"]
	return s.history[0].stage(), len(s.live(nil)), serving(w.elb.rules[w.names["rule:web"]].Actions)
}

// A blue/green deployment keeps the old tasks until the traffic went over and the bake time is done, and goes through its stages in order.
func TestBlueGreenStages(t *testing.T) {
	w := released(t)
	old := serving(w.elb.rules[w.names["rule:web"]].Actions)
	var seen []ecstypes.ServiceDeploymentLifecycleStage
	for range 150 {
		w.Advance(5 * time.Second)
		stage, tasks, traffic := stageOf(w)
		if len(seen) == 0 || seen[len(seen)-1] != stage {
			seen = append(seen, stage)
		}
		moved := !slices.Equal(traffic, old)
		if bake := stage == ecstypes.ServiceDeploymentLifecycleStageBakeTime; bake && (tasks != 4 || !moved) || stage == ecstypes.ServiceDeploymentLifecycleStageScaleUp && moved {
			t.Fatalf("in %s %d tasks live and the traffic moved: %v", stage, tasks, moved)
		}
	}
	want := []ecstypes.ServiceDeploymentLifecycleStage{ecstypes.ServiceDeploymentLifecycleStageScaleUp, ecstypes.ServiceDeploymentLifecycleStageBakeTime, ecstypes.ServiceDeploymentLifecycleStageCleanUp}
	if seen = slices.DeleteFunc(seen, func(x ecstypes.ServiceDeploymentLifecycleStage) bool { return !slices.Contains(want, x) }); !slices.Equal(seen, want) {
		t.Errorf("stages %v, want %v", seen, want)
	}
	if err := w.Healed("shop/web", time.Minute); err != nil {
		t.Error(err)
	}
}

// A function that says IN_PROGRESS is asked again until it says something else.
func TestAHookThatIsNotReady(t *testing.T) {
	answer := func(v string) Step {
		return Step{Service: "lab", Operation: "MakeFunction", Input: map[string]any{"Name": "smoke-test", "Answer": v}}
	}
	w := released(t, answer("IN_PROGRESS"))
	w.Advance(30 * time.Minute)
	if stage, tasks, _ := stageOf(w); stage != ecstypes.ServiceDeploymentLifecycleStagePostTestTrafficShift || tasks != 4 {
		t.Fatalf("the deployment is in %s with %d tasks", stage, tasks)
	}
	if err := w.Apply([]Step{answer("SUCCEEDED")}); err != nil {
		t.Fatal(err)
	}
	w.Advance(10 * time.Minute)
	if err := w.Healed("shop/web", time.Minute); err != nil {
		t.Error(err)
	}
}

// An alarm that is in ALARM when a deployment of ECS begins does not end it.
func TestAnAlarmThatWasOnBefore(t *testing.T) {
	w := released(t,
		Step{Service: "cloudwatch", Operation: "PutMetricAlarm", Input: map[string]any{"AlarmName": "heartbeat", "Namespace": "Shop", "MetricName": "Heartbeat", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
			"Threshold": 1, "ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching"}},
		Step{Service: "lab", Operation: "Advance", Input: map[string]any{"For": "3m"}},
		Step{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "web",
			"deploymentConfiguration": map[string]any{"alarms": map[string]any{"alarmNames": []any{"heartbeat"}, "enable": true, "rollback": true}}}})
	if w.alarms["heartbeat"].StateValue != "ALARM" {
		t.Fatal("the alarm is not on")
	}
	w.Advance(20 * time.Minute)
	if err := w.Healed("shop/web", time.Minute); err != nil {
		t.Error(err)
	}
}

// A task set has its share of the desired count, rounded up; none without a scale.
func TestTaskSetShares(t *testing.T) {
	for _, c := range []struct {
		desired int32
		scale   float64
		want    int
	}{{2, 0, 0}, {2, 100, 2}, {3, 50, 2}, {10, 1, 1}} {
		s := &service{}
		s.DesiredCount, s.Status = c.desired, aws.String("ACTIVE")
		if got := (&deployment{set: &taskSet{scale: c.scale}}).wanted(s); got != c.want {
			t.Errorf("%v%% of %d is %d, want %d", c.scale, c.desired, got, c.want)
		}
	}
}

// ECS does not deploy a service that others deploy.
func TestServicesThatOthersDeploy(t *testing.T) {
	w := New(Options{Rollouts: true})
	for _, service := range []string{"checkout", "search"} {
		err := w.Apply([]Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": service, "taskDefinition": service + ":1"}}})
		if err == nil || !strings.Contains(err.Error(), "deployment controller") {
			t.Errorf("%s: %v", service, err)
		}
	}
}

// A rolling deployment with alarms is complete only when they were watched for a while.
func TestARollingDeploymentBakes(t *testing.T) {
	w := New(Options{})
	if err := w.Apply([]Step{
		{Service: "cloudwatch", Operation: "PutMetricAlarm", Input: map[string]any{"AlarmName": "errors", "Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 9,
			"Threshold": 1, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching"}},
		{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders", "forceNewDeployment": true,
			"deploymentConfiguration": map[string]any{"alarms": map[string]any{"alarmNames": []any{"errors"}, "enable": true, "rollback": true}}}}}); err != nil {
		t.Fatal(err)
	}
	w.Advance(9 * time.Minute)
	if s := w.services["shop/orders"].primary().RolloutState; s != ecstypes.DeploymentRolloutStateInProgress {
		t.Errorf("after 9 minutes the rollout is %s", s)
	}
	w.Advance(6 * time.Minute)
	if err := w.Healed("shop/orders", time.Minute); err != nil {
		t.Error(err)
	}
}

// codeDeployed plays a scenario of checkout and lets time pass; the result is its last deployment.
func codeDeployed(t *testing.T, name string, d time.Duration) *codeDeployment {
	t.Helper()
	w, _, err := Start(name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(d)
	if n := len(w.services["shop/checkout"].deployments); n != 1 {
		t.Errorf("%d task sets are left", n)
	}
	return w.deployGroups["checkout/live"].attempts[0]
}

func TestCodeDeployGivesUp(t *testing.T) {
	if d := codeDeployed(t, "the-understudy", 40*time.Minute); d.status != "Failed" || d.code != "TIMEOUT" || d.finished.Sub(d.created) < time.Hour {
		t.Errorf("%s %s after %s", d.status, d.code, d.finished.Sub(d.created))
	}
}

func TestCodeDeployStopsWaiting(t *testing.T) {
	if d := codeDeployed(t, "green-and-waiting", 9*time.Hour); d.status != "Stopped" || d.finished.Sub(d.created) < 8*time.Hour {
		t.Errorf("%s after %s", d.status, d.finished.Sub(d.created))
	}
}
