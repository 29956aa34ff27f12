package lab

import (
	"time"

	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// automation is what acts by itself once it is set up: queues and who fills them, metrics, alarms, auto scaling. The zero value is
// ready; nothing of it costs anything in a world that has none.
type automation struct {
	ticking bool // the clock below runs

	queues       map[string]*queue    // by name
	deleted      map[string]time.Time // when a queue of that name was deleted
	producers    map[string]int       // by queue: the generation of what fills it, so that an older one ends
	messageCount int

	work    map[string][]datum // CPU of a consuming service, by CLUSTER/NAME, a datum a minute
	samples map[string][]datum // of metrics that are told as things happen: by PutMetricData, rules and schedules; by metricKey
	metrics map[string]cwtypes.Metric
	alarms  map[string]*alarm // by name

	scalables         map[string]*aastypes.ScalableTarget    // by resource id: service/CLUSTER/NAME
	policiesOfScaling map[string]*scalingPolicy              // by RESOURCE/POLICY NAME
	scheduledActions  map[string]*scheduledAction            // by RESOURCE/ACTION NAME
	activities        map[string][]*aastypes.ScalingActivity // by resource id, newest first
	lastScaled        map[string]scaled                      // by RESOURCE/POLICY NAME: for cooldowns
}

// put writes into a map that may not be made yet, and answers what it wrote.
func put[K comparable, V any](m *map[K]V, k K, v V) V {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
	return v
}

// everyMinute starts the clock of metrics and alarms, at the world's next full minute.
func (w *World) everyMinute() {
	if !w.ticking {
		w.ticking = true
		w.after(w.now.Truncate(time.Minute).Add(time.Minute).Sub(w.now), w.minute)
	}
}

// minute happens at each full minute: first what was is measured, then it is judged.
func (w *World) minute() {
	for _, q := range sorted(w.queues) {
		w.measureQueue(q)
	}
	w.measureWork()
	w.measureTraffic()
	w.measureVisits()
	w.runSchedules()
	w.finishActivities()
	for _, a := range sorted(w.alarms) {
		w.evaluate(a)
	}
	w.watchDeployments()
	w.watchCodeDeploy()
	w.after(time.Minute, w.minute)
}
