package facts

import (
	"fmt"

	"github.com/ecsplain/ecsplain/evidence"
)

// CPUFact is what the CPU of a service does whose tasks do not answer in time.
type CPUFact struct {
	Full    bool           `json:"full"`    // the busiest task has used all of its CPU in the last minutes
	Units   string         `json:"units"`   // CPU units of a task
	Desired int            `json:"desired"` // tasks that the service wants
	Detail  string         `json:"detail"`
	Basis   evidence.Basis `json:"-"`
}

const (
	fullCPU    = 95.0 // percent of the busiest task
	fullPoints = 2    // of the newest three, five minutes each
)

// cpuFact reads the CPU only where the load balancer's check times out. It takes the maximum, for an average hides the task that is used up.
func cpuFact(v *evidence.View, in *Incident) {
	w := v.Track()
	answer := in.Target.Answer
	if answer.Basis.Unknown {
		in.CPU = CPUFact{Basis: answer.Basis}
		return
	}
	if answer.Reason != "Target.Timeout" {
		in.CPU = CPUFact{Basis: w.Decided()}
		return
	}
	svc, _ := evidence.Read(w, evidence.ServiceKey(in.Cluster, in.Service))
	key := evidence.MetricKey(serviceMetric(in.Cluster, in.Service, "CPUUtilization"), "Maximum", cpuPeriod)
	series, st := evidence.Read(w, key)
	if st != evidence.Found || in.Definition.Basis.Unknown {
		in.CPU = CPUFact{Basis: w.Undecided("")}
		return
	}
	c := CPUFact{Units: in.Definition.CPU, Desired: svc.Desired}
	last, full, most := series.Points[max(0, len(series.Points)-3):], 0, 0.0
	for _, p := range last {
		most = max(most, p.Value)
		if p.Value >= fullCPU {
			full++
		}
	}
	c.Full = full >= fullPoints
	c.Detail = fmt.Sprintf("its busiest task stands at %.0f %% of its CPU", most)
	w.Cite(key.Key, "service "+in.Service, "CPUUtilization", fmt.Sprintf("%.0f %% at most in %d points", most, len(last)))
	c.Basis = w.Decided()
	in.CPU = c
}
