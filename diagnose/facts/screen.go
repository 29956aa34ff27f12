package facts

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// Health is arithmetic over counts, tasks and deployment state, never over findings.
type Health string

const (
	Healthy  Health = "healthy"
	Degraded Health = "degraded"
	Down     Health = "down"
	Unknown  Health = "unknown"
)

// Impact is what users of the service feel.
type Impact struct {
	Desired        int             `json:"desired"`
	Running        int             `json:"running"`
	Pending        int             `json:"pending"`
	NewRevision    string          `json:"new_revision"` // of the PRIMARY deployment
	NewRunning     int             `json:"new_running"`  // its tasks that run
	OldRevision    string          `json:"old_revision"` // of the newest other deployment that still has tasks; "" = none
	OldRunning     int             `json:"old_running"`
	Failures       int             `json:"failures"`    // current failed tasks that AWS still shows
	Stuck          int             `json:"stuck"`       // tasks waiting longer than a start takes
	Since          evidence.Moment `json:"since"`       // first current failure, else the start of the stuck deployment
	BackingOff     bool            `json:"backing_off"` // AWS said that it delays further starts
	Status         string          `json:"status"`
	Ended          bool            `json:"ended"` // a schedule is past its EndDate, whatever its State
	Rollout        string          `json:"rollout"`
	RolloutWords   string          `json:"rollout_words"` // AWS's rolloutStateReason
	TargetsKnown   bool            `json:"targets_known"` // the service has target groups, and their health was read
	Targets        int             `json:"targets"`       // registered with its target groups, without those that are leaving
	TargetsHealthy int             `json:"targets_healthy"`
}

// Screening is the first look at one service: is it healthy, and if not, which failures are there.
type Screening struct {
	Target    evidence.Target
	Exists    bool
	Service   evidence.Service
	Health    Health
	Impact    Impact
	Incidents []Incident // without the facts that Complete adds
	Forward   []Incident // the steps of the next start, where every trace of the failed ones has expired
	Resolved  []string   // failures that a later start on the same path put an end to, in words
	StoodIn   string     // what spoke where stopped tasks have expired; "" = they did themselves
	Missing   []evidence.Key
	Now       time.Time // the time of the answer about the service
	Running   []evidence.Task
}

// How long a start may take before the task counts as stuck. Fargate starts in well under a minute once the image
// is there; a pull may take minutes.
const (
	stuckAfter     = 2 * time.Minute
	stuckPulling   = 6 * time.Minute
	recentFailure  = 10 * time.Minute
	samplesPerCase = 3
)

// Screen reads the service and, only where something may be wrong, its tasks.
// Missing is never empty while a read could still change the answer.
func Screen(v *evidence.View, t evidence.Target) Screening {
	s := Screening{Target: t, Health: Unknown}
	caller, _ := evidence.Read(v, evidence.CallerKey())
	svc, st := evidence.Read(v, evidence.ServiceKey(t.Cluster, t.Service))
	stopped, stoppedState := evidence.Read(v, evidence.StoppedTasksKey(t.Cluster, t.Service))
	if st != evidence.Found {
		s.Missing = v.Missed()
		s.Exists = st != evidence.Absent
		return s
	}
	s.Exists, s.Service, s.Now = true, svc, answeredAt(v, evidence.ServiceKey(t.Cluster, t.Service).Key)
	g := grouping{svc: svc, now: s.Now, caller: caller, view: v, alone: t.Alone, exec: t.Exec}
	g.sortOut(stopped.Tasks)
	sick := g.short() || len(g.failed) > 0 || len(currentEvents(svc, s.Now)) > 0
	var running evidence.TaskList
	if sick {
		running, _ = evidence.Read(v, evidence.RunningTasksKey(t.Cluster, t.Service))
		s.Running = running.Tasks
	}
	g.running = running.Tasks
	s.Missing = v.Missed()
	g.cite = func(key evidence.Key, resource, field, value string) []evidence.Cite {
		w := v.Track()
		w.Cite(key, resource, field, value)
		return w.Cites()
	}
	s.Incidents, s.Resolved = g.incidents()
	placeless, stoodIn := g.fromEvents(stoppedState, s.Incidents)
	s.Incidents, s.StoodIn = append(s.Incidents, placeless...), stoodIn
	s.Forward = g.forward
	for _, look := range watches {
		if g.recalling {
			break // what failed decides what else is worth reading
		}
		s.Incidents = append(s.Incidents, look.incidents(v, &g, s.Incidents)...)
	}
	s.Missing = v.Missed()
	s.Impact = g.impact(s.Incidents)
	s.Health = g.health(s.Incidents, stoppedState == evidence.Found)
	return s
}

func answeredAt(v *evidence.View, k evidence.Key) time.Time {
	w := v.Track()
	w.Cite(k, "", "", "")
	if c := w.Cites(); len(c) > 0 {
		return c[0].At
	}
	return time.Time{}
}

// primary is the deployment that the service wants to be at.
func primary(svc evidence.Service) (evidence.Deployment, bool) {
	for _, d := range svc.Deployments {
		if d.Status == "PRIMARY" {
			return d, true
		}
	}
	return evidence.Deployment{}, false
}

// nextSet is the task set that the next tasks of a service come from: the newest that is scaled up. Services whose deployments ECS itself makes
// have none.
func nextSet(svc evidence.Service) (out evidence.TaskSet, ok bool) {
	for _, s := range svc.TaskSets {
		if s.Status != "DRAINING" && s.ScalePercent > 0 && (!ok || s.CreatedAt.At.After(out.CreatedAt.At)) {
			out, ok = s, true
		}
	}
	return out, ok
}

// older is the newest deployment beside the primary one that still has running tasks.
func older(svc evidence.Service) (evidence.Deployment, bool) {
	for _, d := range svc.Deployments {
		if d.Status != "PRIMARY" && d.Running > 0 {
			return d, true
		}
	}
	return evidence.Deployment{}, false
}

// steadySince is the last time at which all was well: the service said so, or its newest deployment completed and no
// task is missing now. (A completed deployment stays COMPLETED when its tasks die later, so it proves nothing then.)
func steadySince(svc evidence.Service) time.Time {
	var t time.Time
	for _, e := range svc.Events {
		if strings.Contains(e.Message, "has reached a steady state") && e.At.After(t) {
			t = e.At
		}
	}
	for _, d := range svc.Deployments {
		whole := svc.Running >= svc.Desired && d.Running >= d.Desired
		if d.Status == "PRIMARY" && d.RolloutState == "COMPLETED" && whole && d.UpdatedAt.Known && d.UpdatedAt.At.After(t) {
			t = d.UpdatedAt.At
		}
	}
	return t
}

// currentEvents are the service events after the last steady state that speak of a failure.
func currentEvents(svc evidence.Service, now time.Time) []evidence.ServiceEvent {
	steady := steadySince(svc)
	var out []evidence.ServiceEvent
	for _, e := range svc.Events {
		if !e.At.After(steady) || now.Sub(e.At) > 24*time.Hour {
			continue
		}
		if r := message.ReadOne(message.SurfaceServiceEvent, e.Message); !r.Normal && (r.Symptom != "" || r.Nature != "" || r.Category != "") {
			out = append(out, e)
		}
	}
	return out
}

// impact sums up.
func (g *grouping) impact(incidents []Incident) Impact {
	svc := g.svc
	im := Impact{Desired: svc.Desired, Running: svc.Running, Pending: svc.Pending, Status: svc.Status,
		TargetsKnown: g.targets.known, Targets: g.targets.registered, TargetsHealthy: g.targets.healthy}
	if p, ok := primary(svc); ok {
		im.NewRevision, im.NewRunning, im.Rollout, im.RolloutWords = p.TaskDefinition, p.Running, p.RolloutState, p.RolloutReason
	}
	if o, ok := older(svc); ok {
		im.OldRevision, im.OldRunning = o.TaskDefinition, o.Running
	}
	for _, in := range incidents {
		if in.Kind != KindUnhealthy {
			im.Failures += in.Tasks
		}
		if in.Kind == KindStuck {
			im.Failures -= in.Tasks
			im.Stuck += in.Tasks
		}
		im.Stuck += in.Stuck
		if in.Kind != KindExec && (!im.Since.Known || in.First.Before(im.Since.At)) { // sessions are tried now; since when they fail is not told
			im.Since = evidence.When(in.First)
		}
	}
	for _, e := range svc.Events {
		if e.At.After(steadySince(svc)) && strings.Contains(e.Message, "unable to consistently start tasks") {
			im.BackingOff = true
		}
	}
	return im
}

// health never says healthy of a service that is on its way somewhere while its tasks could not be read, nor of one
// behind a load balancer while its targets could not be.
func (g *grouping) health(incidents []Incident, tasksRead bool) Health {
	svc := g.svc
	p, _ := primary(svc)
	switch {
	case svc.Desired > 0 && svc.Running == 0 && (len(incidents) > 0 || g.overdue()):
		return Down
	case g.targets.known && g.targets.healthy == 0 && len(incidents) > 0:
		return Down
	case len(incidents) > 0 && (g.short() || ongoing(incidents)):
		return Degraded
	case p.RolloutState == "FAILED", g.short() && g.overdue(), g.short() && p.Failed > 0:
		return Degraded
	case !tasksRead && (g.short() || p.RolloutState == "IN_PROGRESS" || len(currentEvents(svc, g.now)) > 0):
		return Unknown
	case g.targets.unread && svc.Desired > 0:
		return Unknown
	}
	return Healthy
}

func ongoing(incidents []Incident) bool {
	return slices.ContainsFunc(incidents, func(in Incident) bool { return in.Ongoing && !harmless(in) })
}

// short reports whether tasks are missing, of the service or of its newest deployment.
func (g *grouping) short() bool {
	p, ok := primary(g.svc)
	return g.svc.Running < g.svc.Desired || ok && p.Running < p.Desired
}

// overdue reports whether the newest deployment has had time enough to start its tasks.
func (g *grouping) overdue() bool {
	p, ok := primary(g.svc)
	return !ok || !p.CreatedAt.Known || g.now.Sub(p.CreatedAt.At) > stuckPulling
}

func newestFirst(tasks []evidence.Task) {
	slices.SortStableFunc(tasks, func(a, b evidence.Task) int { return cmp.Or(ended(b).Compare(ended(a)), cmp.Compare(a.ID, b.ID)) })
}

// ended is when the task's fate was known: its stop, else its creation.
func ended(t evidence.Task) time.Time {
	for _, m := range []evidence.Moment{t.StoppingAt, t.ExecutionStoppedAt, t.StoppedAt, t.CreatedAt} {
		if m.Known {
			return m.At
		}
	}
	return time.Time{}
}
