package facts

import (
	"slices"
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

var rolloutNow = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

func ago(d time.Duration) evidence.Moment { return evidence.When(rolloutNow.Add(-d)) }

func steadyService() evidence.Service {
	return evidence.Service{Cluster: "shop", Name: "orders", Status: "ACTIVE", Desired: 2, Running: 2, TaskDefinition: "orders:7", DeploymentController: "ECS", MinimumHealthy: 100, Maximum: 200,
		Deployments: []evidence.Deployment{{ID: "ecs-svc/7", Status: "PRIMARY", TaskDefinition: "orders:7", Desired: 2, Running: 2, RolloutState: "COMPLETED", CreatedAt: ago(30 * time.Hour), UpdatedAt: ago(29 * time.Hour)}}}
}

// screenOf screens a service of which nothing else is known, and tells what it still wants to read.
func screenOf(svc evidence.Service, stopped ...evidence.Task) Screening {
	s := evidence.NewStore()
	put := func(k evidence.Key, v any) {
		s.Put(evidence.Item{Key: k, Found: true, Value: v, Call: "test", At: rolloutNow})
	}
	put(evidence.CallerKey().Key, evidence.Caller{Account: "111122223333"})
	put(evidence.ServiceKey("shop", "orders").Key, svc)
	put(evidence.StoppedTasksKey("shop", "orders").Key, evidence.TaskList{Tasks: stopped})
	return Screen(evidence.NewView(s), evidence.Target{Kind: evidence.TargetService, Cluster: "shop", Service: "orders"})
}

// A service that is well, or on its way for minutes, costs no call more than itself, its stopped tasks, and the question
// whether it is under auto scaling.
func TestRolloutsOfHealthyServicesAreNotRead(t *testing.T) {
	for name, change := range map[string]func(*evidence.Service){
		"steady": func(*evidence.Service) {},
		"new deployment, whole": func(s *evidence.Service) {
			s.Deployments[0].RolloutState, s.Deployments[0].CreatedAt = "IN_PROGRESS", ago(5*time.Minute)
		},
		"rolled back the day before yesterday": func(s *evidence.Service) {
			s.Events = []evidence.ServiceEvent{{At: rolloutNow.Add(-40 * time.Hour), Message: "(service orders) rolling back to deployment ecs-svc/7."}}
		},
		"hooks, and complete": func(s *evidence.Service) { s.Hooks = []evidence.DeploymentHook{{Type: "PAUSE"}} },
		"deployed by CodeDeploy": func(s *evidence.Service) {
			s.DeploymentController, s.Deployments = "CODE_DEPLOY", nil
			s.TaskSets = []evidence.TaskSet{{ID: "ecs-svc/1", Status: "PRIMARY", ExternalID: "d-1", ScalePercent: 100, Desired: 2, Running: 2, Stability: "STEADY_STATE"}}
		},
	} {
		svc := steadyService()
		change(&svc)
		s := screenOf(svc)
		missing := slices.DeleteFunc(s.Missing, func(k evidence.Key) bool { return k.Kind == evidence.KindScalableTarget })
		if len(missing) > 0 || len(s.Incidents) > 0 || s.Health != Healthy {
			t.Errorf("%s: health %s, %d incidents, wants to read %v", name, s.Health, len(s.Incidents), missing)
		}
	}
}

// What the service itself tells decides which history is read.
func TestRolloutsThatAreRead(t *testing.T) {
	deployments, code := evidence.ServiceDeploymentsKey("shop", "orders").Key, evidence.CodeDeploymentKey("d-2").Key
	for name, c := range map[string]struct {
		change func(*evidence.Service)
		want   evidence.Key
	}{
		"failed": {func(s *evidence.Service) { s.Deployments[0].RolloutState = "FAILED" }, deployments},
		"slow":   {func(s *evidence.Service) { s.Deployments[0].RolloutState = "IN_PROGRESS" }, deployments},
		"taken back": {func(s *evidence.Service) {
			s.Events = []evidence.ServiceEvent{{At: rolloutNow.Add(-time.Hour), Message: "(service orders) rolling back to deployment ecs-svc/7."}}
		}, deployments},
		"hooks on way": {func(s *evidence.Service) {
			s.Hooks, s.Deployments[0].RolloutState, s.Deployments[0].CreatedAt = []evidence.DeploymentHook{{Type: "PAUSE"}}, "IN_PROGRESS", ago(time.Minute)
		}, deployments},
		"two task sets": {func(s *evidence.Service) {
			s.DeploymentController, s.Deployments = "CODE_DEPLOY", nil
			s.TaskSets = []evidence.TaskSet{{ID: "a", Status: "PRIMARY", ExternalID: "d-1", Desired: 2, CreatedAt: ago(time.Hour)}, {ID: "b", Status: "ACTIVE", ExternalID: "d-2", Desired: 2, CreatedAt: ago(time.Minute)}}
		}, code},
	} {
		svc := steadyService()
		c.change(&svc)
		if s := screenOf(svc); !slices.Contains(s.Missing, c.want) {
			t.Errorf("%s: wants to read %v, want %s among it", name, s.Missing, c.want)
		}
	}
}

// A service that is told to have no task is healthy by its counts, and yet the report has a word on it.
func TestIdleIsHealthyAndTold(t *testing.T) {
	svc := steadyService()
	svc.Desired, svc.Running = 0, 0
	s := screenOf(svc)
	if s.Health != Healthy || len(s.Incidents) != 1 || s.Incidents[0].Kind != KindIdle {
		t.Errorf("health %s, incidents %+v", s.Health, s.Incidents)
	}
}

// Stops from outside are normal while the service has its tasks.
func TestStopsFromOutside(t *testing.T) {
	for code, symptom := range stopSymptoms {
		svc := steadyService()
		task := evidence.Task{ID: "t1", StopCode: code, LastStatus: "STOPPED", TaskDefinition: "orders:7", StoppedAt: ago(time.Minute)}
		if s := screenOf(svc, task); len(s.Incidents) > 0 {
			t.Errorf("%s with all tasks there: %+v", code, s.Incidents)
		}
		svc.Running, svc.Deployments[0].Running = 1, 1
		if s := screenOf(svc, task); len(s.Incidents) != 1 || s.Incidents[0].Symptom != symptom {
			t.Errorf("%s with a task missing: %+v, want %s alone", code, s.Incidents, symptom)
		}
		task.StoppedAt = ago(50 * time.Minute)
		if s := screenOf(svc, task); slices.ContainsFunc(s.Incidents, func(in Incident) bool { return in.Symptom == symptom }) {
			t.Errorf("%s of an hour ago is blamed for a task that is missing now", code)
		}
	}
}
