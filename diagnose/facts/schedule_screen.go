package facts

import (
	"fmt"

	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// Symptoms of rules and schedules.
const (
	SymptomNothingStarted = "scheduled/nothing-started"
	SymptomTaskDied       = "scheduled/task-stopped-after-start"
)

// ScreenSchedule looks at a rule or schedule and at the tasks it started. Since no task need exist, what stands in the
// way of its next start is looked for as well.
func ScreenSchedule(v *evidence.View, t evidence.Target) Screening {
	s := Screening{Target: t, Health: Unknown}
	sch, st := readScheduled(v, t)
	if st != evidence.Found {
		s.Missing, s.Exists = v.Missed(), st != evidence.Absent
		if st == evidence.Gapped { // every cause is open, and names what could not be read
			w := v.Track()
			for _, k := range s.Missing {
				w.Want(k)
			}
			in := sch.incident(t)
			in.Schedule = openSchedule(w.Undecided(""))
			s.Incidents = []Incident{in}
		}
		return s
	}
	s.Exists, s.Now = true, sch.now
	sch.complete(v)
	f := &sch.fact
	s.Impact = Impact{Status: f.State, NewRevision: sch.definition().ID, Ended: f.Expired}
	if f.Expired {
		s.Impact.Since = evidence.When(f.EndAt)
	}
	s.Missing = append(v.Missed(), f.missing()...)
	s.Incidents = sch.incidents(v)
	for _, in := range s.Incidents {
		s.Impact.Failures += in.Tasks
	}
	switch {
	case f.wrong() || !f.TasksFailed.Basis.Unknown && f.TasksFailed.Holds:
		s.Health = Down
	case !f.open():
		s.Health = Healthy
	}
	return s
}

func (f *ScheduleFact) checks() []Check {
	return []Check{f.Untrusted, f.RunTask, f.PassRole, f.Inactive, f.Network, f.ClusterGone, f.WithoutTask}
}

// missing are the keys that would decide what is still open.
func (f *ScheduleFact) missing() (keys []evidence.Key) {
	for _, c := range append(f.checks(), f.TasksFailed) {
		keys = append(keys, c.Basis.Missing...)
	}
	return append(keys, f.Failed.Basis.Missing...)
}

// open reports whether something could not be read that could show a fault.
func (f *ScheduleFact) open() bool {
	for _, c := range append(f.checks(), f.TasksFailed) {
		if c.Basis.Unknown && c.Basis.Why == "" {
			return true
		}
	}
	return f.Failed.Basis.Unknown
}

// wrong reports whether something stands in the way of a start, or something of it may.
func (f *ScheduleFact) wrong() bool {
	if f.Disabled || f.Expired || !f.Failed.Basis.Unknown && f.Failed.Count > 0 {
		return true
	}
	for _, c := range f.checks() {
		if c.Holds && !c.Basis.Unknown {
			return true
		}
	}
	return false
}

func (s *scheduled) launch() Launch {
	n := s.target.Network
	l := Launch{TaskDefinition: s.definition().ID, Subnets: n.Subnets, SecurityGroups: n.SecurityGroups, PublicIP: n.AssignPublicIP, LaunchType: s.target.LaunchType,
		Account: s.caller.Account, Region: s.caller.Region, Partition: s.caller.Partition}
	if len(s.target.Strategy) == 1 {
		l.CapacityProvider = s.target.Strategy[0].Provider
	}
	if len(n.Subnets) == 1 {
		l.Subnet = n.Subnets[0]
	}
	return l
}

// incidents are one for what keeps it from starting tasks, or else one that says that its tasks die beside those of the
// tasks themselves.
func (s *scheduled) incidents(v *evidence.View) []Incident {
	base := s.incident(evidence.Target{Kind: s.fact.Kind, Cluster: s.fact.Cluster, Name: s.fact.Name})
	base.Schedule, base.Launch, base.Basis.Cites = s.fact, s.launch(), s.fact.Basis.Cites
	died := s.fact.TasksFailed
	switch {
	case s.fact.wrong() || s.fact.open() && !died.Holds:
		if !s.fact.wrong() && s.unreadYet(v) {
			return nil
		}
		return []Incident{base}
	case died.Basis.Unknown || !died.Holds:
		return nil
	}
	base.Symptom, base.Message.Symptom = SymptomTaskDied, SymptomTaskDied
	return append(s.taskIncidents(v), base)
}

// incident is one of a rule or schedule of which nothing is known yet.
func (s *scheduled) incident(t evidence.Target) Incident {
	return Incident{Kind: KindSchedule, Cluster: t.Cluster, Symptom: SymptomNothingStarted, First: s.now, Last: s.now, Ongoing: true, Share: 1,
		Message: message.Reading{Family: "scheduled", Step: "schedule", Symptom: SymptomNothingStarted, Text: fmt.Sprintf("(no message: %s %s starts no task, or one that fails)", t.Kind, t.Name)}}
}

// unreadYet reports whether a read that is still to come may show that nothing is wrong.
func (s *scheduled) unreadYet(v *evidence.View) bool {
	for _, k := range s.fact.missing() {
		if v.State(k) == evidence.Unread {
			return true
		}
	}
	return false
}

// taskIncidents groups the tasks that failed, like those of a service.
func (s *scheduled) taskIncidents(v *evidence.View) []Incident {
	tasks, _ := s.tasks(v.Track())
	key := evidence.FamilyTasksKey(s.fact.Cluster, s.fact.Family).Key
	g := grouping{svc: evidence.Service{Cluster: s.fact.Cluster, Network: s.target.Network}, now: s.now, caller: s.caller}
	g.cite = func(_ evidence.Key, resource, field, value string) []evidence.Cite {
		w := v.Track()
		w.Cite(key, resource, field, value)
		return w.Cites()
	}
	for _, t := range tasks {
		if f, bad := judgeBatch(t); bad {
			g.failed = append(g.failed, f)
		}
	}
	out, _ := g.incidents()
	for i := range out {
		out[i].Ongoing = true // the next run meets the same
	}
	return out
}
