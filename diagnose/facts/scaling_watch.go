package facts

import (
	"slices"

	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// Symptoms of scaling and queues.
const (
	SymptomDemandUnmet    = "autoscaling/demand-unmet"
	SymptomMessagesReturn = "autoscaling/messages-return"
	SymptomSuspended      = "autoscaling/suspended"
	SymptomScalingFailed  = "autoscaling/failed"
	SymptomInBlocked      = "autoscaling/scale-in-blocked"
	SymptomFightsIaC      = "autoscaling/fights-iac"
)

// scalingWatch looks at the scaling of a service whose tasks are well. A service that is under no auto scaling costs one
// key; one that is and whose alarms are quiet its policies and alarms. Queue and CPU of a service without auto scaling
// are read only where it is asked for alone.
func scalingWatch(v *evidence.View, g *grouping, found []Incident) []Incident {
	svc := g.svc
	if len(found) > 0 || svc.Status != "ACTIVE" || svc.SchedulingStrategy == "DAEMON" || svc.Desired == 0 {
		return nil
	}
	target, st := evidence.Read(v, evidence.ScalableTargetKey(svc.Cluster, svc.Name))
	if st != evidence.Found && st != evidence.Absent {
		return nil
	}
	worker := g.alone && len(svc.TargetGroups) == 0 && !svc.Connect.Enabled && len(svc.Registries) == 0
	a := readAlarms(v, svc.Cluster, svc.Name, st == evidence.Found)
	if a.unread || a.state == evidence.Unread {
		return nil
	}
	if st == evidence.Found && !g.off(a, target) && !worker || st == evidence.Absent && !g.alone {
		return nil
	}
	in := g.scalingIncident(v, a, worker)
	off := st == evidence.Absent || g.off(a, target)
	if missing := in.Queue.Backlog.Basis.Missing; !off && slices.ContainsFunc(missing, func(k evidence.Key) bool { return v.State(k) == evidence.Unread }) {
		for _, k := range missing {
			v.Want(k) // the queue first: where nothing waits in it the rest need not be read
		}
		return nil
	}
	quiet := !off && !in.Queue.Backlog.Basis.Unknown && !in.Queue.Backlog.Holds
	if !quiet {
		scalingFact(v, &in)
	}
	s := &in.Scaling
	for _, b := range []evidence.Basis{in.Definition.Basis, in.Queue.Basis, in.Queue.Backlog.Basis, in.Queue.Returning.Basis, s.Needed.Basis, s.Alarm.Basis, s.Activity.Basis} {
		for _, k := range b.Missing {
			v.Want(k)
		}
	}
	switch {
	case quiet && (in.Queue.Returning.Basis.Unknown || !in.Queue.Returning.Holds):
		return nil
	case quiet:
		in.Symptom = SymptomMessagesReturn
	case !g.outOfOrder(&in, st == evidence.Found):
		return nil
	}
	switch refused, ok, waits := g.refusedConsumer(v, &in); {
	case ok:
		return []Incident{refused}
	case waits:
		return nil // the log first: where the tasks are refused more of them do not help
	}
	if s.Alarm.Raised && !s.Alarm.Since.IsZero() {
		in.First = s.Alarm.Since
	}
	in.Message.Symptom, in.Message.Text = in.Symptom, "(no message: "+scalingWords(&in)+")"
	in.Basis.Cites = append(in.Basis.Cites, s.Needed.Basis.Cites...)
	return []Incident{in}
}

// scalingIncident is what an incident about scaling would be, with what the service's queue tells.
func (g *grouping) scalingIncident(v *evidence.View, a scalingAlarms, worker bool) Incident {
	in := g.eventIncident(message.Reading{Family: "autoscaling", Step: "autoscaling"}, evidence.ServiceEvent{At: g.now})
	in.Kind, in.First, in.Tasks = KindScaling, g.now, 0
	if worker || measures(a) {
		definitionFact(v, &in)
		queueFact(v, &in)
	} else {
		in.Queue = openQueue(v.Track().Decided())
	}
	return in
}

// measures reports whether the scaling rests on a queue.
func measures(a scalingAlarms) bool {
	queue := func(m evidence.MetricName) bool { return m.Dimension("QueueName") != "" }
	return slices.ContainsFunc(a.policies, func(p evidence.ScalingPolicy) bool { return slices.ContainsFunc(p.Metrics, queue) }) ||
		slices.ContainsFunc(a.alarms, func(x policyAlarm) bool { return slices.ContainsFunc(x.Metrics, queue) })
}

// off reports whether the scaling of a service deserves a closer look.
func (g *grouping) off(a scalingAlarms, t evidence.ScalableTarget) bool {
	if a.state == evidence.Found && len(a.policies) == 0 && t.Min < t.Max {
		return true
	}
	if a.gapped || a.onlyIn() && t.Min < t.Max || slices.ContainsFunc(a.policies, func(p evidence.ScalingPolicy) bool { return len(p.Alarms) == 0 && p.Type != "PredictiveScaling" }) {
		return true
	}
	return slices.ContainsFunc(a.alarms, func(x policyAlarm) bool {
		waited := !x.StateSince.Known || g.now.Sub(x.StateSince.At) > alarmPatience
		switch {
		case x.absent, x.out() && (!x.ActionsEnabled || x.State == "INSUFFICIENT_DATA" || !x.calls()):
			return true
		case x.out():
			return x.State == "ALARM" && waited
		}
		return x.State == "ALARM" && g.svc.Desired > t.Min && waited
	})
}

// outOfOrder decides whether there is something to find, and names the symptom.
func (g *grouping) outOfOrder(in *Incident, scaled bool) bool {
	s, q := &in.Scaling, &in.Queue
	wanted := s.Needed.Basis.Unknown || s.Needed.Holds
	if !scaled { // a service without auto scaling is as its owner wants it, unless the need shows
		wanted = !s.Needed.Basis.Unknown && s.Needed.Holds
	}
	act := s.Activity
	switch {
	case !act.Basis.Unknown && act.Failed && (s.AtMax || wanted || act.SetTo != s.Desired):
		in.Symptom = SymptomScalingFailed
	case !act.Basis.Unknown && act.Undone && !s.Deploying, !s.Lowered.Basis.Unknown && s.Lowered.Holds:
		in.Symptom = SymptomFightsIaC
	case !s.InBlocked.Basis.Unknown && s.InBlocked.Holds:
		in.Symptom = SymptomInBlocked
	case wanted && scaled && s.OutSuspended:
		in.Symptom = SymptomSuspended
	case wanted && scaled && !s.AtMax && g.answering(in):
		return false
	case wanted:
		in.Symptom = SymptomDemandUnmet
	case !q.Returning.Basis.Unknown && q.Returning.Holds:
		in.Symptom = SymptomMessagesReturn
	default:
		return false
	}
	return true
}

// answering reports whether auto scaling has just done what its alarm asks for, with a cooldown that is not long.
func (g *grouping) answering(in *Incident) bool {
	a := in.Scaling.Activity
	return !a.Basis.Unknown && a.Cooling && in.Scaling.Policies.OutCooldown < longCooldown
}

func scalingWords(in *Incident) string {
	switch in.Symptom {
	case SymptomMessagesReturn:
		return in.Queue.Returning.Detail
	case SymptomScalingFailed:
		return "auto scaling could not change the number of tasks: " + in.Scaling.Activity.Message
	case SymptomFightsIaC:
		if in.Scaling.Lowered.Holds {
			return "somebody else lowers the number of tasks that auto scaling sets: " + in.Scaling.Lowered.Detail
		}
		return "auto scaling set " + itoa(in.Scaling.Activity.SetTo) + " tasks and the service wants " + itoa(in.Scaling.Desired)
	case SymptomInBlocked:
		return in.Scaling.InBlocked.Detail
	}
	if in.Scaling.Needed.Basis.Unknown {
		return "whether more tasks are needed could not be read"
	}
	return in.Scaling.Needed.Detail + ", and the number of tasks stays at " + itoa(in.Scaling.Desired)
}
