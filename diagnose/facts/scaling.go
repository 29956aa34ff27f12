package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

// Scaling is what auto scaling may do with the service, and what it does. Without a scalable target Exists is false.
type Scaling struct {
	Resource     string         `json:"resource"` // service/CLUSTER/SERVICE, as Application Auto Scaling names it
	Exists       bool           `json:"exists"`
	Min          int            `json:"min_capacity"`
	Max          int            `json:"max_capacity"`
	Desired      int            `json:"desired"`
	Running      int            `json:"running"`
	AtMax        bool           `json:"at_max"`
	OutSuspended bool           `json:"out_suspended"`
	InSuspended  bool           `json:"in_suspended"`
	Deploying    bool           `json:"deploying"` // a deployment is in progress, so nothing is scaled in
	Needed       Check          `json:"needed"`    // more tasks are wanted; detail says what shows it
	Policies     PolicyFact     `json:"policies"`
	Alarm        AlarmFact      `json:"alarm"`
	Activity     ActivityFact   `json:"activity"`
	Scheduled    Check          `json:"scheduled"` // a scheduled action set the limit of now; resource is its name
	InBlocked    Check          `json:"in_blocked"`
	Lowered      Check          `json:"lowered"` // somebody else set the number back between two steps up; resource is the number before
	Basis        evidence.Basis `json:"-"`
}

// PolicyFact sums up the scaling policies.
type PolicyFact struct {
	Count       int            `json:"count"`
	Names       []string       `json:"names"`
	NoAlarm     string         `json:"no_alarm"`     // a policy that no alarm triggers; "" = none
	OnlyIn      bool           `json:"only_in"`      // all alarms of the policies ask for fewer tasks
	OutCooldown int            `json:"out_cooldown"` // seconds, the longest of all
	Basis       evidence.Basis `json:"-"`
}

// AlarmFact is the alarm that should ask for more tasks: the first that is not as it should be, else the first.
type AlarmFact struct {
	Name           string    `json:"name"`
	Policy         string    `json:"policy"` // that it triggers
	PolicyARN      string    `json:"policy_arn"`
	State          string    `json:"state"`
	Since          time.Time `json:"since"`
	Metric         string    `json:"metric"` // NAMESPACE METRIC NAME=VALUE ...
	Threshold      float64   `json:"threshold"`
	Raised         bool      `json:"raised"`      // it is in ALARM
	NoData         bool      `json:"no_data"`     // it is in INSUFFICIENT_DATA
	Missing        bool      `json:"missing"`     // the policy names it and it does not exist
	ActionsOff     bool      `json:"actions_off"` // its actions are disabled
	NoAction       bool      `json:"no_action"`   // none of its actions is the policy
	WrongDimension Check     `json:"wrong_dimension"`
	RightQueue     string    `json:"right_queue"` // the queue it should measure, where it measures another; "" = not told

	// What a call that changes the alarm has to repeat. Empty where it is an expression.
	Namespace         string         `json:"namespace"`
	MetricName        string         `json:"metric_name"`
	Statistic         string         `json:"statistic"`
	Comparison        string         `json:"comparison"`
	PeriodSeconds     int            `json:"period_seconds"`
	EvaluationPeriods int            `json:"evaluation_periods"`
	Actions           []string       `json:"actions"`
	StepPolicy        bool           `json:"step_policy"` // the alarm is the account's own; target tracking makes and keeps its alarms itself
	Basis             evidence.Basis `json:"-"`
}

// ActivityFact is what auto scaling did last.
type ActivityFact struct {
	Description string         `json:"description"`
	Status      string         `json:"status"`
	Message     string         `json:"message"`
	At          time.Time      `json:"at"`
	Failed      bool           `json:"failed"`     // the newest try did not succeed
	NotScaled   string         `json:"not_scaled"` // the newest reason for doing nothing, "" = none
	LastOut     time.Time      `json:"last_out"`   // newest change to more tasks that succeeded or goes on; zero = none
	SetTo       int            `json:"set_to"`     // the number that the newest change set
	Cooling     bool           `json:"cooling"`    // the newest change is younger than the cooldown
	Undone      bool           `json:"undone"`     // somebody else lowered the number after it
	Basis       evidence.Basis `json:"-"`
}

const (
	alarmPatience  = 5 * time.Minute  // an alarm that has just been raised is being answered
	blockedAfter   = 30 * time.Minute // a scale-in that waits this long behind a deployment is worth a word
	oldMessage     = 300              // seconds; a message that waits longer is a backlog
	backlogAlone   = 100              // waiting messages that are a backlog by themselves
	busyCPU        = 85.0             // percent
	busyPoints     = 6                // of five minutes
	longCooldown   = 600              // seconds
	cpuPeriod      = 300
	outComparison  = "GreaterThan"
	desiredCountTo = "Setting desired count to "
)

// scalingFact is computed for incidents about scaling only: for all others nothing of it is read.
func scalingFact(v *evidence.View, in *Incident) {
	if in.Kind != KindScaling {
		in.Scaling = openScaling(v.Track().Undecided("this failure is not about scaling"))
		return
	}
	w := v.Track()
	svc, _ := evidence.Read(w, evidence.ServiceKey(in.Cluster, in.Service))
	key := evidence.ScalableTargetKey(in.Cluster, in.Service)
	target, st := evidence.Read(w, key)
	if st != evidence.Found && st != evidence.Absent {
		in.Scaling = openScaling(w.Undecided(""))
		return
	}
	in.Scaling = Scaling{Resource: "service/" + in.Cluster + "/" + in.Service, Exists: st == evidence.Found, Min: target.Min, Max: target.Max,
		Desired: svc.Desired, Running: svc.Running, AtMax: st == evidence.Found && svc.Desired >= target.Max, OutSuspended: target.OutSuspended, InSuspended: target.InSuspended}
	s := &in.Scaling
	if p, ok := primary(svc); ok {
		s.Deploying = p.RolloutState == "IN_PROGRESS"
	}
	if !s.Exists {
		w.Cite(key.Key, s.Resource, "ScalableTargets", "none")
	} else {
		w.Cite(key.Key, s.Resource, "MinCapacity, MaxCapacity", fmt.Sprintf("%d, %d", s.Min, s.Max))
		if s.OutSuspended || s.InSuspended {
			w.Cite(key.Key, s.Resource, "SuspendedState", fmt.Sprintf("out %t, in %t", s.OutSuspended, s.InSuspended))
		}
	}
	w.Cite(evidence.ServiceKey(in.Cluster, in.Service).Key, "service "+in.Service, "desiredCount", itoa(s.Desired))
	s.Basis = w.Decided()
	a := readAlarms(v.Track(), in.Cluster, in.Service, s.Exists)
	s.Policies = a.policyFact(v, in)
	s.Alarm = a.alarmFact(v, in)
	s.Needed = a.needed(v, in)
	s.Activity = activityFact(v, in, s.Policies.OutCooldown)
	s.Scheduled = scheduledLimit(v, in)
	s.InBlocked = a.inBlocked(v, in)
	s.Lowered = a.lowered(v, in)
}

func openScaling(b evidence.Basis) Scaling {
	x := Check{Basis: b}
	return Scaling{Basis: b, Needed: x, Policies: PolicyFact{Basis: b}, Alarm: AlarmFact{Basis: b, WrongDimension: x}, Activity: ActivityFact{Basis: b}, Scheduled: x, InBlocked: x, Lowered: x}
}

// scalingAlarms are the policies of a service and the alarms that they name.
type scalingAlarms struct {
	key      evidence.Key
	state    evidence.State
	policies []evidence.ScalingPolicy
	alarms   []policyAlarm
	gapped   bool // an alarm could not be read, or was not yet
	unread   bool // an alarm was not read yet
	missing  []evidence.Key
}

type policyAlarm struct {
	evidence.Alarm
	policy evidence.ScalingPolicy
	absent bool
}

// out reports whether the alarm asks for more tasks.
func (a policyAlarm) out() bool { return a.absent || strings.HasPrefix(a.Comparison, outComparison) }

// calls reports whether the policy is among the alarm's actions. The alarms of target tracking name it with a suffix that
// describe-scaling-policies leaves out: ARN:createdBy/ID (seen in public reports).
func (a policyAlarm) calls() bool {
	return slices.ContainsFunc(a.Actions, func(action string) bool {
		return action == a.policy.ARN || strings.HasPrefix(action, a.policy.ARN+":createdBy/")
	})
}

func readAlarms(w *evidence.View, cluster, service string, exists bool) scalingAlarms {
	key := evidence.ScalingPoliciesKey(cluster, service)
	a := scalingAlarms{key: key.Key, state: evidence.Found}
	if !exists {
		return a
	}
	var list evidence.ScalingPolicies
	list, a.state = evidence.Read(w, key)
	a.policies = list.Policies
	for _, p := range a.policies {
		for _, name := range p.Alarms {
			alarm, st := evidence.Read(w, evidence.AlarmKey(name))
			alarm.Name = name
			switch st {
			case evidence.Found, evidence.Absent:
				a.alarms = append(a.alarms, policyAlarm{alarm, p, st == evidence.Absent})
			default:
				a.gapped, a.unread = true, a.unread || st == evidence.Unread
			}
		}
	}
	a.missing = w.Missed()
	return a
}

func (a scalingAlarms) policyFact(v *evidence.View, in *Incident) PolicyFact {
	w := v.Track()
	if a.state != evidence.Found {
		w.Want(a.key)
		return PolicyFact{Basis: w.Undecided("")}
	}
	p := PolicyFact{Count: len(a.policies)}
	for _, x := range a.policies {
		p.Names = append(p.Names, x.Name)
		p.OutCooldown = max(p.OutCooldown, x.ScaleOutCooldown)
		if len(x.Alarms) == 0 && x.Type != "PredictiveScaling" && p.NoAlarm == "" {
			p.NoAlarm = x.Name
		}
	}
	p.OnlyIn = !a.gapped && a.onlyIn() // an alarm that could not be read may ask for more
	w.Cite(a.key, in.Scaling.Resource, "ScalingPolicies", cmp.Or(strings.Join(p.Names, ", "), "none"))
	p.Basis = w.Decided()
	return p
}

// onlyIn reports whether there are alarms and none asks for more tasks.
func (a scalingAlarms) onlyIn() bool {
	return len(a.alarms) > 0 && !slices.ContainsFunc(a.alarms, policyAlarm.out)
}

// pick is the alarm to speak of: one that is not as it should be before one that is.
func (a scalingAlarms) pick() (policyAlarm, bool) {
	rank := func(x policyAlarm) int {
		switch {
		case !x.out():
			return 9
		case x.absent:
			return 0
		case !x.ActionsEnabled, !x.calls():
			return 1
		case x.State == "INSUFFICIENT_DATA":
			return 2
		case x.State == "ALARM":
			return 3
		}
		return 4
	}
	if len(a.alarms) == 0 {
		return policyAlarm{}, false
	}
	best := slices.MinFunc(a.alarms, func(x, y policyAlarm) int { return cmp.Compare(rank(x), rank(y)) })
	return best, best.out()
}

func (a scalingAlarms) alarmFact(v *evidence.View, in *Incident) AlarmFact {
	w := v.Track()
	x, ok := a.pick()
	if a.state != evidence.Found || a.gapped {
		for _, k := range a.missing {
			w.Want(k)
		}
		b := w.Undecided("")
		return AlarmFact{Basis: b, WrongDimension: Check{Basis: b}}
	}
	if !ok {
		b := w.Decided()
		return AlarmFact{Basis: b, WrongDimension: Check{Basis: b}}
	}
	key := evidence.AlarmKey(x.Name)
	f := AlarmFact{Name: x.Name, Policy: x.policy.Name, PolicyARN: x.policy.ARN, State: x.State, Since: x.StateSince.At, Metric: metricWords(x.Metrics), Threshold: x.Threshold,
		Raised: x.State == "ALARM", NoData: x.State == "INSUFFICIENT_DATA", Missing: x.absent}
	if x.absent {
		w.Cite(key.Key, "alarm "+x.Name, "MetricAlarms", "does not exist")
	} else {
		f.ActionsOff, f.NoAction = !x.ActionsEnabled, !x.calls()
		w.Cite(key.Key, "alarm "+x.Name, "StateValue", x.State)
		w.Cite(key.Key, "alarm "+x.Name, "ActionsEnabled", fmt.Sprint(x.ActionsEnabled))
	}
	f.PeriodSeconds, f.EvaluationPeriods, f.Comparison, f.Actions, f.StepPolicy = x.PeriodSeconds, x.EvaluationPeriods, x.Comparison, x.Actions, x.policy.Type == "StepScaling"
	if len(x.Metrics) == 1 && x.Expression == "" {
		f.Namespace, f.MetricName, f.Statistic = x.Metrics[0].Namespace, x.Metrics[0].Name, x.Metrics[0].Stat
	}
	f.Basis = w.Decided()
	f.WrongDimension, f.RightQueue = wrongDimension(v, in, x)
	return f
}

func metricWords(metrics []evidence.MetricName) string {
	var out []string
	for _, m := range metrics {
		s := m.Namespace + " " + m.Name
		for _, d := range m.Dimensions {
			s += " " + d.Key + "=" + d.Value
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

// wrongDimension tells whether the alarm measures something other than what this service does.
func wrongDimension(v *evidence.View, in *Incident, x policyAlarm) (c Check, right string) {
	w := v.Track()
	c.Resource = x.Name
	if x.absent {
		c.Basis = w.Decided()
		return c, ""
	}
	svc, _ := evidence.Read(w, evidence.ServiceKey(in.Cluster, in.Service))
	open := false
	for _, m := range x.Metrics {
		cluster, service, queue, group := m.Dimension("ClusterName"), m.Dimension("ServiceName"), m.Dimension("QueueName"), m.Dimension("TargetGroup")
		switch {
		case service != "" && service != in.Service || cluster != "" && cluster != in.Cluster:
			c.Holds, c.Detail = true, fmt.Sprintf("it measures service %s of cluster %s", cmp.Or(service, "(any)"), cmp.Or(cluster, "(any)"))
		case group != "" && len(svc.TargetGroups) > 0 && !slices.ContainsFunc(svc.TargetGroups, func(g evidence.ServiceTargetGroup) bool {
			return strings.HasSuffix(g.ARN, group) || strings.HasSuffix(g.AlternateARN, group) && g.AlternateARN != ""
		}):
			c.Holds, c.Detail = true, "it measures "+group+", which is no target group of this service"
		case queue != "":
			_, st := evidence.Read(w, evidence.QueueKey(queue))
			own, known := roleQueues(w, in.Definition.TaskRole, in.Definition.Basis)
			if len(own) == 1 && own[0] != queue {
				right = own[0]
			}
			switch {
			case st == evidence.Absent:
				c.Holds, c.Detail = true, "it measures queue "+queue+", which does not exist in this account and region"
				w.Cite(evidence.QueueKey(queue).Key, "queue "+queue, "QueueUrl", "does not exist")
			case st != evidence.Found:
				open = true
			default:
				open = open || !known
				if known && len(own) > 0 && !slices.Contains(own, queue) {
					c.Holds, c.Detail = true, "it measures queue "+queue+" while the tasks may receive from "+strings.Join(own, ", ")
				}
			}
		}
	}
	w.Cite(evidence.AlarmKey(x.Name).Key, "alarm "+x.Name, "Metric", metricWords(x.Metrics))
	c.Basis = w.Decided()
	if open && !c.Holds {
		c.Basis = w.Undecided("")
	}
	return c, right
}

// needed tells whether more tasks are wanted: an alarm that asks for them, a queue that backs up, or a busy CPU.
func (a scalingAlarms) needed(v *evidence.View, in *Incident) Check {
	w := v.Track()
	for _, x := range a.alarms {
		if x.out() && x.State == "ALARM" {
			w.Cite(evidence.AlarmKey(x.Name).Key, "alarm "+x.Name, "StateReason", x.StateReason)
			return Check{Holds: true, Resource: x.Name, Detail: "alarm " + x.Name + " is in ALARM", Basis: w.Decided()}
		}
	}
	q := in.Queue.Backlog
	if !q.Basis.Unknown && q.Holds {
		return q
	}
	cpu := evidence.MetricKey(serviceMetric(in.Cluster, in.Service, "CPUUtilization"), "Average", cpuPeriod)
	series, st := evidence.Read(w, cpu)
	if busy, average := busyNow(series); st == evidence.Found && busy {
		w.Cite(cpu.Key, "service "+in.Service, "CPUUtilization", fmt.Sprintf("%.0f %% on average", average))
		return Check{Holds: true, Resource: in.Service, Detail: fmt.Sprintf("its CPU stands at %.0f %% on average", average), Basis: w.Decided()}
	}
	if a.gapped || a.state != evidence.Found || st != evidence.Found || q.Basis.Unknown && in.Queue.Name != "" {
		for _, k := range append(slices.Clone(a.missing), q.Basis.Missing...) {
			w.Want(k)
		}
		return Check{Basis: w.Undecided("")}
	}
	w.Cite(cpu.Key, "service "+in.Service, "CPUUtilization", fmt.Sprintf("%d points, %.0f %% on average", len(series.Points), series.Average()))
	return Check{Basis: w.Decided()}
}

func serviceMetric(cluster, service, name string) evidence.MetricName {
	return evidence.MetricName{Namespace: "AWS/ECS", Name: name, Dimensions: []evidence.Tag{{Key: "ClusterName", Value: cluster}, {Key: "ServiceName", Value: service}}}
}

// busyNow looks at the last half hour.
func busyNow(s evidence.MetricSeries) (busy bool, average float64) {
	if len(s.Points) < busyPoints {
		return false, s.Average()
	}
	last := evidence.MetricSeries{Points: s.Points[len(s.Points)-busyPoints:]}
	return last.Average() >= busyCPU, last.Average()
}

// inBlocked tells whether a deployment holds a scale-in back for long: Application Auto Scaling lets a service grow and
// never shrink while one is in progress (AWS documentation: service auto scaling considerations).
func (a scalingAlarms) inBlocked(v *evidence.View, in *Incident) Check {
	w := v.Track()
	s := in.Scaling
	svc, _ := evidence.Read(w, evidence.ServiceKey(in.Cluster, in.Service))
	c := Check{}
	if p, ok := primary(svc); ok && s.Deploying && s.Desired > s.Min {
		for _, x := range a.alarms {
			if !x.out() && x.State == "ALARM" && x.StateSince.Known && in.Last.Sub(x.StateSince.At) > blockedAfter {
				w.Cite(evidence.AlarmKey(x.Name).Key, "alarm "+x.Name, "StateValue", x.State+" since "+evidence.UTC(x.StateSince.At))
				w.Cite(evidence.ServiceKey(in.Cluster, in.Service).Key, "deployment "+p.ID, "rolloutState", p.RolloutState)
				c.Holds, c.Resource, c.Detail = true, p.ID, "alarm "+x.Name+" asks for fewer tasks since "+evidence.UTC(x.StateSince.At)
			}
		}
	}
	c.Basis = w.Decided()
	if a.gapped && !c.Holds {
		for _, k := range a.missing {
			w.Want(k)
		}
		c.Basis = w.Undecided("")
	}
	return c
}
