package lab

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// datum is what a metric was like from one moment to the next. n is the number of samples; 0 = none.
type datum struct {
	at                time.Time
	n, sum, low, high float64
}

// add puts one sample more into a datum.
func (d *datum) add(v float64) { d.merge(datum{n: 1, sum: v, low: v, high: v}) }

func (d *datum) merge(o datum) {
	if d.n == 0 {
		d.low, d.high = o.low, o.high
	}
	d.n, d.sum, d.low, d.high = d.n+o.n, d.sum+o.sum, min(d.low, o.low), max(d.high, o.high)
}

// stat is a statistic by AWS's name; ok is false for one that the lab does not compute: percentiles and trimmed means.
func (d datum) stat(name string) (v float64, ok bool) {
	switch name {
	case "Average":
		return d.sum / d.n, true
	case "Sum":
		return d.sum, true
	case "Minimum":
		return d.low, true
	case "Maximum":
		return d.high, true
	case "SampleCount":
		return d.n, true
	}
	return 0, false
}

// source is one metric that follows from the state of the account.
type source struct {
	namespace, name string
	dimensions      []string
	things          func(*World) [][]string                              // the dimension values that there is something of
	minutes         func(*World, []string, time.Time, time.Time) []datum // of one thing, a datum a minute, oldest first
}

// sources lists the metrics that AWS's services publish in the lab. Queue metrics and the CPU of consumers are measured minute by
// minute; all else is computed from what is known of the tasks.
var sources = []source{
	{"AWS/SQS", "ApproximateNumberOfMessagesVisible", []string{"QueueName"}, queueNames, queueMetric(func(m queueMinute) int { return m.visible })},
	{"AWS/SQS", "ApproximateNumberOfMessagesNotVisible", []string{"QueueName"}, queueNames, queueMetric(func(m queueMinute) int { return m.hidden })},
	{"AWS/SQS", "ApproximateAgeOfOldestMessage", []string{"QueueName"}, queueNames, queueMetric(func(m queueMinute) int { return m.age })},
	{"AWS/SQS", "NumberOfMessagesSent", []string{"QueueName"}, queueNames, queueMetric(func(m queueMinute) int { return m.sent })},
	{"AWS/SQS", "NumberOfMessagesReceived", []string{"QueueName"}, queueNames, queueMetric(func(m queueMinute) int { return m.received })},
	{"AWS/SQS", "NumberOfMessagesDeleted", []string{"QueueName"}, queueNames, queueMetric(func(m queueMinute) int { return m.done })},
	{"AWS/Usage", "ResourceCount", []string{"Service", "Type", "Resource", "Class"}, usageClasses, usageOf},
	{"AWS/ECS", "CPUUtilization", []string{"ClusterName", "ServiceName"}, serviceNames, serviceCPU},
	{"AWS/ECS", "MemoryUtilization", []string{"ClusterName", "ServiceName"}, serviceNames, serviceMemory},
}

func queueNames(w *World) (out [][]string) {
	for _, q := range sorted(w.queues) {
		if len(q.minutes) > 0 {
			out = append(out, []string{q.name})
		}
	}
	return out
}

func queueMetric(of func(queueMinute) int) func(*World, []string, time.Time, time.Time) []datum {
	return func(w *World, thing []string, from, to time.Time) (out []datum) {
		q := w.queues[thing[0]]
		if q == nil {
			return nil
		}
		for _, m := range q.minutes {
			if !m.at.Before(from) && m.at.Before(to) {
				d := datum{at: m.at}
				d.add(float64(of(m)))
				out = append(out, d)
			}
		}
		return out
	}
}

func serviceNames(w *World) (out [][]string) {
	for _, s := range sorted(w.services) {
		if len(s.tasks) > 0 {
			out = append(out, []string{s.cluster, s.name()})
		}
	}
	return out
}

func serviceCPU(w *World, thing []string, from, to time.Time) (out []datum) {
	key := thing[0] + "/" + thing[1]
	if work := w.work[key]; len(work) > 0 {
		return between(work, from, to)
	}
	return w.perTask(key, from, to, func(t *task, at time.Time) float64 {
		used := 0
		for _, c := range t.containers {
			if c.image != nil {
				used += c.image.App.cpu()
			}
		}
		return float64(min(used, 100))
	})
}

func serviceMemory(w *World, thing []string, from, to time.Time) []datum {
	return w.perTask(thing[0]+"/"+thing[1], from, to, func(t *task, at time.Time) float64 {
		used := 0
		for _, c := range t.containers {
			if c.image != nil {
				used += c.image.App.memory(c.env, at.Sub(aws.ToTime(t.StartedAt)))
			}
		}
		return min(100, 100*float64(used)/float64(max(1, number(aws.ToString(t.Memory)))))
	})
}

// memory is the MiB that a program uses so long after its task started.
func (a App) memory(env map[string]string, age time.Duration) int {
	grown := 1.0
	if a.Growth > 0 {
		grown = min(1, max(0, float64(age-a.Boot)/float64(a.Growth)))
	}
	return a.Memory + int(grown*float64(a.peak(env)-a.Memory))
}

// perTask computes a metric of a service minute by minute, over the tasks that ran then and are still known.
func (w *World) perTask(service string, from, to time.Time, of func(*task, time.Time) float64) (out []datum) {
	s := w.services[service]
	if s == nil {
		return nil
	}
	first := from
	for _, t := range s.tasks { // nothing ran before the oldest that is known
		if t.StartedAt != nil {
			first = maxTime(from, t.StartedAt.Truncate(time.Minute))
			break
		}
	}
	last := minTime(to, w.now.Truncate(time.Minute))
	for at := first; at.Before(last); at = at.Add(time.Minute) {
		d := datum{at: at}
		for _, t := range s.tasks {
			if t.StartedAt != nil && t.StartedAt.Before(at.Add(time.Minute)) && (t.StoppingAt == nil || t.StoppingAt.After(at)) {
				d.add(of(t, at))
			}
		}
		if d.n > 0 {
			out = append(out, d)
		}
	}
	return out
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// dimensionsOf are the dimensions of a metric as NAME=VALUE, sorted.
func dimensionsOf(ds []cwtypes.Dimension) []string {
	var out []string
	for _, d := range ds {
		out = append(out, aws.ToString(d.Name)+"="+aws.ToString(d.Value))
	}
	slices.Sort(out)
	return out
}

// metricKey tells metrics apart: namespace, name and exactly these dimensions.
func metricKey(namespace, name string, dimensions []cwtypes.Dimension) string {
	return namespace + "|" + name + "|" + strings.Join(dimensionsOf(dimensions), ",")
}

// data are the samples of a metric in [from, to), a datum a minute or less, oldest first. A metric that does not exist has none.
func (w *World) data(namespace, name string, dimensions []cwtypes.Dimension, from, to time.Time) []datum {
	for _, s := range sources {
		if s.namespace != namespace || s.name != name || len(s.dimensions) != len(dimensions) {
			continue
		}
		thing := make([]string, 0, len(dimensions))
		for _, d := range s.dimensions {
			i := slices.IndexFunc(dimensions, func(x cwtypes.Dimension) bool { return aws.ToString(x.Name) == d })
			if i >= 0 {
				thing = append(thing, aws.ToString(dimensions[i].Value))
			}
		}
		if len(thing) == len(s.dimensions) {
			return s.minutes(w, thing, from, to)
		}
	}
	return between(w.samples[metricKey(namespace, name, dimensions)], from, to)
}

// between is the part of data, oldest first, in [from, to).
func between(data []datum, from, to time.Time) []datum {
	return slices.DeleteFunc(slices.Clone(data), func(d datum) bool { return d.at.Before(from) || !d.at.Before(to) })
}

// keepSamples is how long points of a minute are kept (CloudWatch user guide, "Metrics retention").
const keepSamples = 15 * day

// sample keeps a datum of a metric that is told as things happen. It may be older than what is known.
func (w *World) sample(m cwtypes.Metric, d datum) {
	key := metricKey(aws.ToString(m.Namespace), aws.ToString(m.MetricName), m.Dimensions)
	list := w.samples[key]
	for len(list) > 0 && w.now.Sub(list[0].at) > keepSamples {
		list = list[1:]
	}
	late := len(list) > 0 && d.at.Before(list[len(list)-1].at)
	if list = append(list, d); late {
		slices.SortStableFunc(list, func(a, b datum) int { return a.at.Compare(b.at) })
	}
	put(&w.samples, key, list)
	put(&w.metrics, key, m)
}

// periods sums data up over periods that are aligned to the clock.
func periods(data []datum, period time.Duration) []datum {
	by := map[time.Time]*datum{}
	for _, d := range data {
		at := d.at.Truncate(period)
		if by[at] == nil {
			by[at] = &datum{at: at}
		}
		by[at].merge(d)
	}
	out := make([]datum, 0, len(by))
	for _, at := range slices.SortedFunc(maps.Keys(by), time.Time.Compare) {
		out = append(out, *by[at])
	}
	return out
}

// series are the periods of a metric whose beginning lies in [from, to).
func (w *World) series(namespace, name string, dimensions []cwtypes.Dimension, period time.Duration, from, to time.Time) []datum {
	from = from.Truncate(period)
	return periods(w.data(namespace, name, dimensions, from, to), period)
}

// knownMetrics lists the metrics that have data.
func (w *World) knownMetrics() []cwtypes.Metric {
	var out []cwtypes.Metric
	for _, s := range sources {
		for _, thing := range s.things(w) {
			m := cwtypes.Metric{Namespace: aws.String(s.namespace), MetricName: aws.String(s.name)}
			for i, d := range s.dimensions {
				m.Dimensions = append(m.Dimensions, cwtypes.Dimension{Name: aws.String(d), Value: aws.String(thing[i])})
			}
			out = append(out, m)
		}
	}
	out = append(out, sorted(w.metrics)...)
	slices.SortStableFunc(out, func(a, b cwtypes.Metric) int {
		return cmp.Or(cmp.Compare(aws.ToString(a.Namespace), aws.ToString(b.Namespace)), cmp.Compare(aws.ToString(a.MetricName), aws.ToString(b.MetricName)))
	})
	return out
}

// plainNumber writes a number as alarms do: 100.0, 97.25.
func plainNumber(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprint(v)
}
