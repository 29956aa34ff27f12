package facts

import (
	"fmt"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

const lowerRecently = 30 * time.Minute // an older quarrel over the number is over

// lowered tells whether somebody else set the number back between two steps up: auto scaling had set a number, and its next change, which an
// alarm that asks for more tasks triggered, set a smaller one.
func (a scalingAlarms) lowered(v *evidence.View, in *Incident) Check {
	w := v.Track()
	if !in.Scaling.Exists {
		return Check{Basis: w.Decided()}
	}
	key := evidence.ScalingActivitiesKey(in.Cluster, in.Service)
	list, st := evidence.Read(w, key)
	if st != evidence.Found {
		return Check{Basis: w.Undecided("")}
	}
	c := Check{}
	newer, up, at := 0, false, time.Time{}
	for _, x := range list.Activities {
		n, sets := setsTo(x.Description)
		if !sets || x.Status == "Failed" || x.Status == "Unfulfilled" || !x.StartedAt.Known {
			continue
		}
		if up && n > newer && in.Last.Sub(at) < lowerRecently {
			c.Holds, c.Resource = true, itoa(n)
			c.Detail = fmt.Sprintf("it had set %s at %s, and its next step up at %s set %d", evidence.Counted(n, "task"), evidence.UTC(x.StartedAt.At), evidence.UTC(at), newer)
			w.Cite(key.Key, in.Scaling.Resource, "ScalingActivities", c.Detail)
			break
		}
		newer, up, at = n, a.asksForMore(x.Cause), x.StartedAt.At
	}
	c.Basis = w.Decided()
	return c
}

// asksForMore reports whether the cause of an activity is an alarm of the service that asks for more tasks.
func (a scalingAlarms) asksForMore(cause string) bool {
	for _, x := range a.alarms {
		if x.out() && !x.absent && strings.Contains(cause, "alarm "+x.Name+" in state ALARM") {
			return true
		}
	}
	return false
}
