package facts

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// Rollout is where the newest deployment of the service stands, as ECS itself counts it. Only for KindRollout.
type Rollout struct {
	Deployment   string         `json:"deployment"`    // ARN of the service deployment
	State        string         `json:"state"`         // IN_PROGRESS, STOPPED, ROLLBACK_SUCCESSFUL, ...
	Reason       string         `json:"reason"`        // AWS's words; "" = none
	Stage        string         `json:"stage"`         // lifecycle stage, e.g. POST_TEST_TRAFFIC_SHIFT; "" = none
	Minutes      int            `json:"minutes"`       // since it began
	Failed       int            `json:"failed"`        // failed tasks that the circuit breaker counted
	Threshold    int            `json:"threshold"`     // failed tasks at which it gives up; 0 = not told
	BreakerOn    bool           `json:"breaker_on"`    // the circuit breaker is enabled
	BreakerTrip  bool           `json:"breaker_trip"`  // it ended this deployment
	RolledBack   bool           `json:"rolled_back"`   // ECS went back, or is on its way
	NoCandidate  bool           `json:"no_candidate"`  // it wanted to go back and there was nothing to go back to
	AlarmTripped bool           `json:"alarm_tripped"` // CloudWatch alarms ended this deployment
	Alarms       []string       `json:"alarms"`        // those that fired
	OldRunning   int            `json:"old_running"`   // tasks of older deployments that still run
	NewIsWhole   bool           `json:"new_is_whole"`  // the newest deployment has all of its tasks
	Said         string         `json:"said"`          // what a task of the failed revision said; "" = none is left
	Hook         HookFact       `json:"hook"`          // the lifecycle hook that it waits for or that ended it
	Revision     RevisionFact   `json:"revision"`      // which revision failed and which runs
	Basis        evidence.Basis `json:"-"`
}

// HookFact is the lifecycle hook that holds a deployment up or ended it.
type HookFact struct {
	ID      string    `json:"id"` // "" = no hook takes part
	Type    string    `json:"type"`
	Target  string    `json:"target"`
	Status  string    `json:"status"`
	Waiting bool      `json:"waiting"` // ECS waits for somebody to say that it may go on
	Expires time.Time `json:"expires"`
	Known   bool      `json:"expires_known"`
}

// RevisionFact names what a deployment was to bring and what runs now, as family:revision.
type RevisionFact struct {
	Failed string         `json:"failed"`
	Now    string         `json:"now"`
	Same   bool           `json:"same"` // the deployment changed something else than the task definition
	Basis  evidence.Basis `json:"-"`
}

// Rollouts that take longer than this are looked into; one that waits for a hook is, whatever its age.
const slowRollout = 15 * time.Minute

// rolloutIncidents looks at the newest deployment of a service that ECS itself deploys. The history is read only where the
// service's own answer says that something is going on or went wrong.
func rolloutIncidents(v *evidence.View, g *grouping, found []Incident) (out []Incident) {
	svc := g.svc
	if svc.Status != "ACTIVE" || cmp.Or(svc.DeploymentController, "ECS") != "ECS" || svc.Desired == 0 {
		return nil
	}
	out = g.spokenOf(found)
	if a := arithmetic(svc); a.Deadlock {
		return append(out, g.rollout("deployment/config/min-max-deadlock", deadlockWords, g.since()))
	}
	if !g.worthReading() {
		return out
	}
	ds, st := evidence.Read(v, evidence.ServiceDeploymentsKey(svc.Cluster, svc.Name))
	p, _ := primary(svc)
	switch {
	case st == evidence.Unread:
		return out
	case st == evidence.Found && len(ds.Deployments) > 0:
		d := ds.Deployments[0]
		symptom, text := g.trouble(d)
		if symptom == "" {
			return out
		}
		since := cmp.Or(d.FinishedAt, d.StartedAt, d.CreatedAt)
		out = append(out, g.rollout(symptom, text, since.At))
		return append(out, g.tasksOf(v, d)...)
	case p.RolloutState == "FAILED":
		symptom := "deployment/circuit-breaker/failed"
		if r := message.ReadOne(message.SurfaceServiceEvent, p.RolloutReason); r.Family == "deployment" && r.Symptom != "" {
			symptom = r.Symptom
		}
		return append(out, g.rollout(symptom, p.RolloutReason, p.UpdatedAt.At))
	case p.RolloutState == "IN_PROGRESS" && g.endless(p):
		return append(out, g.rollout("deployment/circuit-breaker/disabled", endlessWords, g.since()))
	}
	return out
}

const deadlockWords = "(no message: minimum and maximum leave no room for a start or a stop)"

// worthReading reports whether the service's own answer makes its deployments worth a call.
func (g *grouping) worthReading() bool {
	p, ok := primary(g.svc)
	switch {
	case !ok:
		return false
	case p.RolloutState == "FAILED":
		return true
	case p.RolloutState == "IN_PROGRESS" && (len(g.svc.Hooks) > 0 || p.CreatedAt.Known && g.now.Sub(p.CreatedAt.At) > slowRollout):
		return true
	}
	return slices.ContainsFunc(g.svc.Events, func(e evidence.ServiceEvent) bool {
		return g.now.Sub(e.At) < 24*time.Hour && (strings.Contains(e.Message, "rolling back to") || strings.Contains(e.Message, "deployment failed") || strings.Contains(e.Message, "rolled back because"))
	})
}

// held reports whether something else than failing tasks keeps the service short of them: its own deployment settings, a
// pause, task sets that want none, or somebody who stopped tasks minutes ago.
func (g *grouping) held() bool {
	t := taskSet(g.svc)
	if arithmetic(g.svc).Deadlock || driven(g.svc) && (t.ScaledDown || !t.HasPrimary || g.inFlight()) || g.svc.Status == "DRAINING" {
		return true
	}
	stopped, _ := evidence.Read(g.view, evidence.StoppedTasksKey(g.svc.Cluster, g.svc.Name))
	if slices.ContainsFunc(stopped.Tasks, func(t evidence.Task) bool {
		return stopSymptoms[t.StopCode] != "" && g.now.Sub(ended(t)) < recentFailure
	}) {
		return true
	}
	if len(g.svc.Hooks) == 0 {
		return false
	}
	ds, st := evidence.Read(g.view, evidence.ServiceDeploymentsKey(g.svc.Cluster, g.svc.Name))
	return st == evidence.Unread || len(ds.Deployments) > 0 && hookOf(ds.Deployments[0]).Waiting
}

// trouble names what is wrong with a deployment by the case ids of the catalogue; "" = nothing.
func (g *grouping) trouble(d evidence.ServiceDeployment) (symptom, text string) {
	said := cmp.Or(d.RollbackReason, d.StatusReason)
	read := message.ReadOne(message.SurfaceServiceEvent, said)
	waiting := slices.ContainsFunc(d.Hooks, func(h evidence.HookStatus) bool { return h.Status == "AWAITING_ACTION" })
	p, _ := primary(g.svc)
	switch {
	case d.Status == "ROLLBACK_FAILED":
		return "deployment/circuit-breaker/no-candidate", said
	case strings.HasPrefix(d.Status, "ROLLBACK_") || d.Status == "STOPPED" || d.Status == "STOP_REQUESTED":
		switch {
		case strings.HasPrefix(read.Symptom, "deployment/blue-green/"):
			return read.Symptom, said
		case d.AlarmStatus == "TRIGGERED" || read.Symptom == "deployment/alarm":
			return "deployment/alarm", said
		case strings.HasPrefix(d.Status, "ROLLBACK_"):
			return "deployment/circuit-breaker/rolled-back", said
		case d.BreakerStatus == "TRIGGERED" || p.RolloutState == "FAILED":
			return "deployment/circuit-breaker/failed", cmp.Or(said, p.RolloutReason)
		}
	case d.Status == "IN_PROGRESS" && waiting:
		return "deployment/paused", "(no message: the deployment waits at " + d.LifecycleStage + ")"
	case d.Status == "IN_PROGRESS" && p.Running >= p.Desired && older0(g.svc) > 0 && g.now.Sub(g.since()) > slowRollout:
		return "deployment/stuck-old-tasks", "(no message: tasks of the old deployment do not go away)"
	case d.Status == "IN_PROGRESS" && g.endless(p):
		return "deployment/circuit-breaker/disabled", endlessWords
	}
	return "", ""
}

const endlessWords = "(no message: the deployment goes on and on)"

// endless reports whether a deployment fails and nothing will end it.
func (g *grouping) endless(p evidence.Deployment) bool {
	return !g.svc.CircuitBreaker && p.Failed >= 10 && g.now.Sub(g.since()) > slowRollout
}

// older0 counts the running tasks of all deployments but the newest.
func older0(svc evidence.Service) (n int) {
	for _, d := range svc.Deployments {
		if d.Status != "PRIMARY" {
			n += d.Running
		}
	}
	return n
}

// spoken are the case ids of service events that speak of the service as a whole, not of a task.
var spoken = []string{"deployment/start-impaired", "deployment/protected-tasks", "deployment/throttled/ecs"}

// spokenOf makes incidents of such events since the last steady state, one for each case.
func (g *grouping) spokenOf(found []Incident) (out []Incident) {
	for _, e := range currentEvents(g.svc, g.now) {
		r := message.ReadOne(message.SurfaceServiceEvent, e.Message)
		if !slices.Contains(spoken, r.Symptom) || slices.ContainsFunc(slices.Concat(out, found), func(in Incident) bool { return in.Symptom == r.Symptom }) {
			continue
		}
		in := g.rollout(r.Symptom, e.Message, e.At)
		in.Message = r
		out = append(out, in)
	}
	return out
}

// rollout makes the incident of a deployment. It counts no task and takes no share of the failures: tasks that failed speak
// for themselves.
func (g *grouping) rollout(symptom, text string, since time.Time) Incident {
	r := message.ReadOne(message.SurfaceServiceEvent, text)
	r.Symptom, r.Text, r.Normal = symptom, text, false
	r.Family, _, _ = strings.Cut(symptom, "/")
	in := g.eventIncident(r, evidence.ServiceEvent{At: since})
	in.Kind, in.Last, in.Share = KindRollout, g.now, 0
	return in
}

// tasksOf brings back the failed tasks of a deployment that was taken back: by the service's counts all is well again, and
// yet the revision is as broken as it was.
func (g *grouping) tasksOf(v *evidence.View, d evidence.ServiceDeployment) (out []Incident) {
	if !strings.HasPrefix(d.Status, "ROLLBACK_") {
		return nil
	}
	rev, st := evidence.Read(v, evidence.ServiceRevisionKey(d.TargetRevision))
	if st != evidence.Found {
		return nil
	}
	index := map[string]int{}
	for _, f := range g.failed {
		if f.task.TaskDefinition != rev.TaskDefinition || !d.CreatedAt.Before(f.task.CreatedAt) {
			continue
		}
		key := f.reading.Symptom + "\x00" + f.reading.Category + "\x00" + f.task.SubnetID
		i, ok := index[key]
		if !ok {
			in := *g.newIncident(f)
			in.Ongoing, in.Launch.SecurityGroups, in.Launch.PublicIP = true, rev.Network.SecurityGroups, rev.Network.AssignPublicIP
			if len(rev.Network.Subnets) > 0 {
				in.Launch.Subnets = rev.Network.Subnets
			}
			i = len(out)
			index[key] = i
			out = append(out, in)
		}
		in := &out[i]
		in.Tasks++
		if at := ended(f.task); at.Before(in.First) {
			in.First = at
		}
		if len(in.Samples) < samplesPerCase {
			in.Samples = append(in.Samples, f.task.ID)
		}
	}
	for i := range out {
		out[i].Share = 1 / float64(len(out))
	}
	return out
}

// rolloutFact fills what the history tells of the newest deployment.
func rolloutFact(v *evidence.View, in *Incident) {
	w := v.Track()
	if in.Kind != KindRollout {
		b := w.Undecided("the failure is not one of a deployment")
		in.Rollout = Rollout{Basis: b, Revision: RevisionFact{Basis: b}}
		return
	}
	svcKey, key := evidence.ServiceKey(in.Cluster, in.Service), evidence.ServiceDeploymentsKey(in.Cluster, in.Service)
	svc, _ := evidence.Read(w, svcKey)
	ds, st := evidence.Read(w, key)
	r := &in.Rollout
	*r = Rollout{BreakerOn: svc.CircuitBreaker, OldRunning: older0(svc)}
	p, _ := primary(svc)
	r.NewIsWhole = p.Running >= p.Desired
	if st != evidence.Found || len(ds.Deployments) == 0 {
		r.Basis = w.Undecided("")
		if st == evidence.Found {
			r.Basis = w.Undecided("ECS lists no deployment of this service")
		}
		r.Revision.Basis = r.Basis
		return
	}
	d := ds.Deployments[0]
	r.Deployment, r.State, r.Reason, r.Stage = d.ARN, d.Status, cmp.Or(d.RollbackReason, d.StatusReason), d.LifecycleStage
	r.Failed, r.Threshold, r.Alarms = d.FailureCount, d.FailureThreshold, d.TriggeredAlarms
	r.BreakerTrip = d.BreakerStatus == "TRIGGERED" || strings.Contains(r.Reason, "circuit breaker threshold")
	r.AlarmTripped = d.AlarmStatus == "TRIGGERED"
	r.RolledBack = strings.HasPrefix(d.Status, "ROLLBACK_") && d.Status != "ROLLBACK_FAILED"
	r.NoCandidate = d.Status == "ROLLBACK_FAILED"
	now := answeredAt(v, key.Key)
	if d.CreatedAt.Known {
		r.Minutes = int(now.Sub(d.CreatedAt.At).Minutes())
	}
	r.Hook = hookOf(d)
	r.Said = saidBy(v, in)
	w.Cite(key.Key, "deployment "+last(d.ARN), "status", strings.TrimSpace(d.Status+" "+r.Reason))
	if d.FailureThreshold > 0 {
		w.Cite(key.Key, "deployment "+last(d.ARN), "deploymentCircuitBreaker.failureCount, threshold", itoa(d.FailureCount)+", "+itoa(d.FailureThreshold))
	}
	if r.Hook.ID != "" {
		w.Cite(key.Key, "hook "+r.Hook.ID, "status", r.Hook.Status)
	}
	r.Basis = w.Decided()
	r.Revision = revisionOf(v, svc, d)
}

func last(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

func hookOf(d evidence.ServiceDeployment) (h HookFact) {
	for _, s := range d.Hooks {
		if s.Status == "SUCCEEDED" || h.Waiting {
			continue
		}
		h = HookFact{ID: s.ID, Type: s.Type, Target: s.Target, Status: s.Status, Waiting: s.Status == "AWAITING_ACTION", Expires: s.Expires.At, Known: s.Expires.Known}
	}
	return h
}

// saidBy is what the newest failed task said, where one is left.
func saidBy(v *evidence.View, in *Incident) string {
	stopped, _ := evidence.Read(v.Track(), evidence.StoppedTasksKey(in.Cluster, in.Service))
	tasks := slices.Clone(stopped.Tasks)
	newestFirst(tasks)
	for _, t := range tasks {
		if f, bad := judge(t); bad {
			return cmp.Or(f.task.StoppedReason, f.exit.Reason)
		}
	}
	return ""
}

func revisionOf(v *evidence.View, svc evidence.Service, d evidence.ServiceDeployment) RevisionFact {
	w := v.Track()
	key := evidence.ServiceRevisionKey(d.TargetRevision)
	rev, st := evidence.Read(w, key)
	r := RevisionFact{Now: svc.TaskDefinition}
	for _, o := range svc.Deployments {
		if o.Status == "PRIMARY" {
			r.Now = o.TaskDefinition
		}
	}
	if st != evidence.Found {
		r.Basis = w.Undecided("")
		if st == evidence.Absent {
			r.Basis = w.Undecided("ECS no longer knows what that deployment was to run")
		}
		return r
	}
	r.Failed, r.Same = rev.TaskDefinition, rev.TaskDefinition == r.Now
	w.Cite(key.Key, "service revision "+last(rev.ARN), "taskDefinition", rev.TaskDefinition)
	r.Basis = w.Decided()
	return r
}
