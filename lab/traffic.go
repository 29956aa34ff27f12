package lab

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// overloaded is how long an answer takes of a program that gets more work than its CPU can do: the queue grows, nobody waits so long.
const overloaded = time.Hour

func (w *World) labVisit(in map[string]any) error {
	name := textOf(in, "Service")
	if s := w.services[name]; s == nil || len(s.LoadBalancers) == 0 {
		return fmt.Errorf("there is no service %q behind a load balancer; write CLUSTER/SERVICE, one of %s", name, strings.Join(slices.Sorted(maps.Keys(w.services)), ", "))
	}
	put(&w.traffic, name, numberOf(in, "PerSecond"))
	w.everyMinute()
	return nil
}

// demand is the share of a task's CPU that its part of the visitors asks for: above 1 is more than there is. A load balancer divides requests
// evenly among the targets that it sends to.
func (w *World) demand(t *task, c *container) float64 {
	s := t.launch.service
	if s == nil || c.image == nil || c.image.App.Work == 0 {
		return 0
	}
	rate := float64(w.traffic[s.cluster+"/"+s.name()])
	for _, r := range t.targets {
		if all := r.group.routable(); rate > 0 && slices.Contains(all, r.target) {
			vcpu := float64(max(1, number(aws.ToString(t.Cpu)))) / 1024
			return rate / float64(len(all)) * c.image.App.Work.Seconds() / vcpu
		}
	}
	return 0
}

// answers is how long a program takes for one answer now: the nearer its work comes to its CPU the longer, as in any queue with one server.
func (w *World) answers(t *task, c *container) time.Duration {
	app := c.image.App
	switch u := w.demand(t, c); {
	case u >= 1:
		return overloaded
	case u > 0:
		vcpu := float64(max(1, number(aws.ToString(t.Cpu)))) / 1024
		return app.Answers + time.Duration(float64(app.Work)/vcpu/(1-u))
	}
	return app.Answers
}

// measureTraffic closes a minute of every service that has visitors: the CPU of its tasks.
func (w *World) measureTraffic() {
	for name := range w.traffic {
		s := w.services[name]
		if s == nil {
			continue
		}
		var d datum
		for _, t := range s.tasks {
			for _, c := range t.containers {
				if t.is("RUNNING") && !c.done && c.image != nil && c.image.App.Work > 0 {
					d.add(min(100, float64(c.image.App.cpu())+100*w.demand(t, c)))
				}
			}
		}
		if d.n > 0 {
			d.at = w.now.Add(-time.Minute)
			put(&w.work, name, append(w.work[name], d))
		}
	}
}
