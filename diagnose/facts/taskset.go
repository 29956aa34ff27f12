package facts

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

// TaskSetFact is about services whose deployments are not ECS's own: CodeDeploy's (CODE_DEPLOY) or somebody's (EXTERNAL).
type TaskSetFact struct {
	Controller string         `json:"controller"`
	ID         string         `json:"id"` // the task set it is about: the newest one
	Status     string         `json:"status"`
	Scale      int            `json:"scale"` // per cent of the service's desired count
	Desired    int            `json:"desired"`
	Running    int            `json:"running"`
	Steady     bool           `json:"steady"`
	Count      int            `json:"count"`       // of task sets
	HasPrimary bool           `json:"has_primary"` // one of them is PRIMARY
	ScaledDown bool           `json:"scaled_down"` // all of them together are told to have no task, while the service wants some
	Deploy     CodeDeployFact `json:"deploy"`
	Basis      evidence.Basis `json:"-"`
}

// CodeDeployFact is the deployment of CodeDeploy that was tried last.
type CodeDeployFact struct {
	ID          string         `json:"id"`
	Application string         `json:"application"`
	Group       string         `json:"group"`
	Status      string         `json:"status"`
	Stopped     bool           `json:"stopped"` // it failed or was stopped
	Waiting     bool           `json:"waiting"` // it is ready and waits for somebody to let the traffic go over
	ErrorCode   string         `json:"error_code"`
	Words       string         `json:"words"`       // CodeDeploy's own reason
	RolledBack  string         `json:"rolled_back"` // the deployment that took it back; "" = none
	OnTimeout   string         `json:"on_timeout"`  // what happens when nobody answers
	WaitMinutes int            `json:"wait_minutes"`
	Basis       evidence.Basis `json:"-"`
}

func driven(svc evidence.Service) bool {
	return svc.DeploymentController == "CODE_DEPLOY" || svc.DeploymentController == "EXTERNAL"
}

// taskSetIncidents looks at services that others deploy. CodeDeploy is asked only where task sets moved lately.
func taskSetIncidents(v *evidence.View, g *grouping, _ []Incident) []Incident {
	svc := g.svc
	if !driven(svc) || svc.Status != "ACTIVE" || svc.Desired == 0 {
		return nil
	}
	t := taskSet(svc)
	switch {
	case t.Count == 0 && svc.DeploymentController == "EXTERNAL":
		return []Incident{g.taskSetIncident("deployment/task-set/none", "(no message: the service has no task set)")}
	case t.ScaledDown:
		return []Incident{g.taskSetIncident("deployment/task-set/scale", "(no message: the task sets are scaled to nothing)")}
	case svc.DeploymentController == "EXTERNAL" && t.Count > 0 && !t.HasPrimary:
		return []Incident{g.taskSetIncident("deployment/task-set/none", "(no message: no task set is PRIMARY)")}
	}
	if svc.DeploymentController != "CODE_DEPLOY" || !g.moved() {
		return nil
	}
	d := codeDeploy(v, svc)
	switch {
	case d.Stopped:
		return []Incident{g.taskSetIncident("deployment/codedeploy", cmp.Or(d.Words, "(no message: CodeDeploy stopped the deployment)"))}
	case d.Waiting:
		return []Incident{g.taskSetIncident("deployment/codedeploy/waiting", "(no message: CodeDeploy waits to be told to go on)")}
	case g.inFlight() && g.setAge() > slowCodeDeploy && !slices.ContainsFunc(d.Basis.Missing, func(k evidence.Key) bool { return v.State(k) == evidence.Unread }):
		return []Incident{g.taskSetIncident("deployment/codedeploy", "(no message: the deployment of task sets takes more than an hour)")}
	}
	return nil
}

// slowCodeDeploy is how long CodeDeploy waits for the tasks of a new task set.
const slowCodeDeploy = time.Hour

// inFlight reports whether a deployment of task sets is on its way.
func (g *grouping) inFlight() bool {
	return len(g.svc.TaskSets) > 1 || slices.ContainsFunc(g.svc.TaskSets, func(s evidence.TaskSet) bool { return s.Stability == "STABILIZING" })
}

// setAge is how long the newest task set is there.
func (g *grouping) setAge() time.Duration {
	s, ok := newestSet(g.svc)
	if !ok || !s.CreatedAt.Known {
		return 0
	}
	return g.now.Sub(s.CreatedAt.At)
}

// moved reports whether a deployment of task sets is on its way or was within a day.
func (g *grouping) moved() bool {
	return g.inFlight() ||
		slices.ContainsFunc(g.svc.Events, func(e evidence.ServiceEvent) bool {
			return g.now.Sub(e.At) < 24*time.Hour && strings.Contains(e.Message, "taskSet")
		})
}

func (g *grouping) taskSetIncident(symptom, text string) Incident {
	in := g.rollout(symptom, text, g.now)
	if s, ok := newestSet(g.svc); ok {
		in.Launch.TaskDefinition, in.Launch.Deployment = s.TaskDefinition, s.ID
		in.Launch.Subnets, in.Launch.SecurityGroups, in.Launch.PublicIP = s.Network.Subnets, s.Network.SecurityGroups, s.Network.AssignPublicIP
		if s.CreatedAt.Known {
			in.First = s.CreatedAt.At
		}
	}
	in.Share = 1
	return in
}

func newestSet(svc evidence.Service) (out evidence.TaskSet, ok bool) {
	for _, s := range svc.TaskSets {
		if !ok || out.CreatedAt.Before(s.CreatedAt) || !out.CreatedAt.Known && s.CreatedAt.Known {
			out, ok = s, true
		}
	}
	return out, ok
}

func taskSet(svc evidence.Service) TaskSetFact {
	t := TaskSetFact{Controller: svc.DeploymentController, Count: len(svc.TaskSets)}
	wanted := 0
	for _, s := range svc.TaskSets {
		wanted += s.Desired
		t.HasPrimary = t.HasPrimary || s.Status == "PRIMARY"
	}
	t.ScaledDown = t.Count > 0 && wanted == 0 && svc.Desired > 0
	s, _ := newestSet(svc)
	t.ID, t.Status, t.Scale, t.Desired, t.Running, t.Steady = s.ID, s.Status, int(s.ScalePercent), s.Desired, s.Running, s.Stability == "STEADY_STATE"
	return t
}

func taskSetFact(v *evidence.View, in *Incident) {
	w := v.Track()
	key := evidence.ServiceKey(in.Cluster, in.Service)
	svc, st := evidence.Read(w, key)
	if in.Service == "" || st != evidence.Found {
		b := w.Undecided("")
		in.TaskSet = TaskSetFact{Basis: b, Deploy: CodeDeployFact{Basis: b}}
		return
	}
	in.TaskSet = taskSet(svc)
	w.Cite(key.Key, "service "+svc.Name, "deploymentController.type", svc.DeploymentController)
	for _, s := range svc.TaskSets {
		w.Cite(key.Key, "task set "+s.ID, "status, scale, computedDesiredCount", s.Status+", "+itoa(int(s.ScalePercent))+"%, "+itoa(s.Desired))
	}
	in.TaskSet.Basis = w.Decided()
	if in.Kind != KindRollout || svc.DeploymentController != "CODE_DEPLOY" {
		in.TaskSet.Deploy = CodeDeployFact{Basis: v.Track().Undecided("CodeDeploy has nothing to do with this failure")}
		return
	}
	in.TaskSet.Deploy = codeDeploy(v, svc)
}

// codeDeploy follows a task set's external id to the application, its group to the deployment that was tried last.
func codeDeploy(v *evidence.View, svc evidence.Service) CodeDeployFact {
	w := v.Track()
	set, ok := newestSet(svc)
	if !ok || set.ExternalID == "" {
		return CodeDeployFact{Basis: w.Undecided("no task set names a deployment of CodeDeploy")}
	}
	first, st := evidence.Read(v, evidence.CodeDeploymentKey(set.ExternalID))
	if w.Want(evidence.CodeDeploymentKey(set.ExternalID).Key); st != evidence.Found {
		return CodeDeployFact{Basis: w.Undecided(absentWords(st, "CodeDeploy no longer knows deployment "+set.ExternalID))}
	}
	groupKey := evidence.CodeDeployGroupKey(first.Application, first.Group)
	group, st := evidence.Read(v, groupKey)
	w.Want(groupKey.Key)
	if st == evidence.Unread {
		return CodeDeployFact{Basis: w.Undecided("")}
	}
	d, id := first, cmp.Or(group.LastAttempted, set.ExternalID)
	if id != set.ExternalID {
		key := evidence.CodeDeploymentKey(id)
		last, st := evidence.Read(v, key)
		if w.Want(key.Key); st != evidence.Found {
			return CodeDeployFact{Basis: w.Undecided("")}
		}
		d = last
	}
	f := CodeDeployFact{ID: id, Application: d.Application, Group: d.Group, Status: d.Status, ErrorCode: d.ErrorCode, RolledBack: d.RollbackID, OnTimeout: d.Waits, WaitMinutes: d.WaitMinutes}
	f.Stopped, f.Waiting = d.Status == "Failed" || d.Status == "Stopped", d.Status == "Ready"
	f.Words = strings.TrimSpace(cmp.Or(d.ErrorMessage, d.RollbackMessage))
	w.Cite(evidence.CodeDeploymentKey(id).Key, "CodeDeploy deployment "+id, "status, errorInformation", strings.TrimSpace(d.Status+" "+d.ErrorCode+" "+f.Words))
	f.Basis = w.Decided()
	return f
}

func absentWords(st evidence.State, words string) string {
	if st == evidence.Absent {
		return words
	}
	return ""
}

// Strategy is the capacity provider strategy of the service against what its cluster has.
type Strategy struct {
	Words    string         `json:"words"`     // e.g. FARGATE_SPOT weight 1
	Strange  []string       `json:"strange"`   // providers that the cluster does not have
	NoWeight bool           `json:"no_weight"` // every weight is 0
	Invalid  bool           `json:"invalid"`
	SpotOnly bool           `json:"spot_only"` // Fargate Spot and nothing else with a weight
	HasSpot  bool           `json:"has_spot"`
	Basis    evidence.Basis `json:"-"`
}

func strategyFact(v *evidence.View, in *Incident) {
	w := v.Track()
	key := evidence.ServiceKey(in.Cluster, in.Service)
	svc, st := evidence.Read(w, key)
	if in.Service == "" || st != evidence.Found {
		in.Strategy = Strategy{Basis: w.Undecided("")}
		return
	}
	strategy := svc.Strategy
	if p, ok := primary(svc); ok && len(p.Strategy) > 0 {
		strategy = p.Strategy
	}
	clusterKey := evidence.ClusterKey(in.Cluster)
	cluster, cst := evidence.Read(w, clusterKey)
	if len(strategy) == 0 && svc.LaunchType == "" {
		strategy = cluster.DefaultStrategy
	}
	s := &in.Strategy
	*s = Strategy{NoWeight: len(strategy) > 0}
	others := false
	for _, i := range strategy {
		s.NoWeight = s.NoWeight && i.Weight == 0
		s.HasSpot = s.HasSpot || i.Provider == "FARGATE_SPOT"
		others = others || i.Provider != "FARGATE_SPOT" && i.Weight+i.Base > 0
		s.Words = strings.TrimPrefix(s.Words+", "+i.Provider+" weight "+itoa(i.Weight)+" base "+itoa(i.Base), ", ")
		if !slices.Contains(cluster.CapacityProviders, i.Provider) {
			s.Strange = append(s.Strange, i.Provider)
		}
	}
	s.SpotOnly, s.Invalid = s.HasSpot && !others, s.NoWeight || len(s.Strange) > 0
	w.Cite(key.Key, "service "+svc.Name, "capacityProviderStrategy", cmp.Or(s.Words, "none; launch type "+svc.LaunchType))
	if cst != evidence.Found {
		s.Basis = w.Undecided(absentWords(cst, "the cluster does not exist"))
		return
	}
	w.Cite(clusterKey.Key, "cluster "+in.Cluster, "capacityProviders", strings.Join(cluster.CapacityProviders, ", "))
	s.Basis = w.Decided()
}

// ClusterState is whether the cluster can take tasks.
type ClusterState struct {
	Usable bool           `json:"usable"` // it exists and is ACTIVE
	Status string         `json:"status"` // "" = it does not exist
	Basis  evidence.Basis `json:"-"`
}

func clusterFact(v *evidence.View, in *Incident) {
	w := v.Track()
	key := evidence.ClusterKey(in.Cluster)
	c, st := evidence.Read(w, key)
	switch st {
	case evidence.Found, evidence.Absent:
		w.Cite(key.Key, "cluster "+in.Cluster, "status", cmp.Or(c.Status, "does not exist"))
		in.ClusterState = ClusterState{Usable: c.Status == "ACTIVE", Status: c.Status, Basis: w.Decided()}
	default:
		in.ClusterState = ClusterState{Basis: w.Undecided("")}
	}
}
