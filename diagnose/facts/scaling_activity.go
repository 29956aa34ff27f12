package facts

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

// activityFact reads what auto scaling did last and whether it held.
func activityFact(v *evidence.View, in *Incident, cooldown int) ActivityFact {
	w := v.Track()
	if !in.Scaling.Exists {
		return ActivityFact{Basis: w.Decided()}
	}
	key := evidence.ScalingActivitiesKey(in.Cluster, in.Service)
	list, st := evidence.Read(w, key)
	if st != evidence.Found {
		return ActivityFact{Basis: w.Undecided("")}
	}
	f := ActivityFact{}
	for _, a := range list.Activities {
		if f.NotScaled == "" && f.Description == "" && len(a.NotScaled) > 0 {
			f.NotScaled = a.NotScaled[0].Code
			w.Cite(key.Key, in.Scaling.Resource, "NotScaledReasons.Code", f.NotScaled)
			continue
		}
		n, sets := setsTo(a.Description)
		if !sets {
			continue
		}
		if f.Description == "" {
			f.Description, f.Status, f.Message, f.At, f.SetTo = a.Description, a.Status, a.StatusMessage, a.StartedAt.At, n
			f.Failed = a.Status == "Failed" || a.Status == "Unfulfilled"
			f.Cooling = !f.Failed && in.Last.Sub(f.At) < time.Duration(cooldown)*time.Second
			f.Undone = a.Status == "Successful" && n > in.Scaling.Desired && !in.Scaling.InSuspended
			w.Cite(key.Key, in.Scaling.Resource, "ScalingActivities.Description", a.Description+" ("+a.Status+", "+evidence.UTC(f.At)+")")
			if f.Failed {
				w.Cite(key.Key, in.Scaling.Resource, "ScalingActivities.StatusMessage", a.StatusMessage)
			}
		}
		if f.LastOut.IsZero() && a.Status != "Failed" && a.Status != "Unfulfilled" && !strings.Contains(a.Cause, "AlarmLow") {
			f.LastOut = a.StartedAt.At
		}
	}
	if len(list.Activities) == 0 {
		w.Cite(key.Key, in.Scaling.Resource, "ScalingActivities", "none")
	}
	f.Basis = w.Decided()
	return f
}

// setsTo reads "Setting desired count to 4."
func setsTo(description string) (n int, ok bool) {
	rest, ok := strings.CutPrefix(description, desiredCountTo)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimRight(strings.TrimSpace(rest), "."))
	return n, err == nil
}

// scheduledLimit tells whether a scheduled action set the largest number that holds now: it is the newest change of the
// limits among the activities.
func scheduledLimit(v *evidence.View, in *Incident) Check {
	w := v.Track()
	if !in.Scaling.Exists {
		return Check{Basis: w.Decided()}
	}
	actionsKey, activitiesKey := evidence.ScheduledActionsKey(in.Cluster, in.Service), evidence.ScalingActivitiesKey(in.Cluster, in.Service)
	actions, st := evidence.Read(w, actionsKey)
	activities, ast := evidence.Read(w, activitiesKey)
	if st != evidence.Found || ast != evidence.Found {
		return Check{Basis: w.Undecided("")}
	}
	for _, a := range activities.Activities {
		if !strings.Contains(a.Description, "max capacity to") && !strings.Contains(a.Description, "min capacity to") {
			continue
		}
		for _, s := range actions.Actions {
			if strings.Contains(a.Cause, s.Name) && s.Max.Set && s.Max.N == in.Scaling.Max {
				w.Cite(activitiesKey.Key, in.Scaling.Resource, "ScalingActivities.Cause", a.Cause)
				return Check{Holds: true, Resource: s.Name, Detail: fmt.Sprintf("scheduled action %s (%s, %s) set the limit to %d at %s", s.Name, s.Schedule, cmp.Or(s.TimeZone, "UTC"), s.Max.N, evidence.UTC(a.StartedAt.At)), Basis: w.Decided()}
			}
		}
		break // only the newest change of the limits counts
	}
	w.Cite(actionsKey.Key, in.Scaling.Resource, "ScheduledActions", fmt.Sprintf("%d, none set the limit of now", len(actions.Actions)))
	return Check{Basis: w.Decided()}
}
