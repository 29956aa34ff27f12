package facts

import "github.com/ecsplain/ecsplain/evidence"

// watch looks for what may be wrong with a service beside tasks that fail, wait or are not placed. It gets the incidents
// found so far and returns further ones. Where it needs evidence that is not there yet it asks the view for it and
// returns nothing: it is asked again once that was read.
type watch struct {
	name      string
	incidents func(v *evidence.View, g *grouping, found []Incident) []Incident
}

// watches is the list of all, in the order in which their incidents stand in a report.
var watches = []watch{
	{"targets of load balancers", unhealthyTargets},
	{"rollout", rolloutIncidents},
	{"task sets", taskSetIncidents},
	{"idle", idleIncidents},
	{"stopped from outside", stopIncidents},
	{"leaving", leavingIncidents},
	{"auto scaling and queues", scalingWatch},
	{"exec", execWatch},
	{"service connect and discovery", connectWatch},
	{"traces", tracingWatch},
}
