package facts

import (
	"fmt"

	"github.com/ecsplain/ecsplain/evidence"
)

// Surge is whether the subnets have room for the most tasks that a deployment may start beside those that run: a rolling
// deployment takes up to maximumPercent of the desired count at once (AWS documentation: deployment-type-ecs).
type Surge struct {
	Needs int            `json:"needs"` // addresses
	Free  int            `json:"free"`  // in all subnets that the service may use
	Short bool           `json:"short"`
	Basis evidence.Basis `json:"-"`
}

func surgeFact(v *evidence.View, in *Incident) {
	w := v.Track()
	if in.Kind != KindForward {
		in.Surge = Surge{Basis: w.Undecided("the deployment has begun")}
		return
	}
	key := evidence.ServiceKey(in.Cluster, in.Service)
	svc, st := evidence.Read(w, key)
	known := st == evidence.Found
	s := &in.Surge
	for _, id := range in.Launch.Subnets {
		subnet, st := evidence.Read(w, evidence.SubnetKey(id))
		known = known && st == evidence.Found
		s.Free += subnet.FreeAddresses
		w.Cite(evidence.SubnetKey(id).Key, "subnet "+id, "AvailableIpAddressCount", itoa(subnet.FreeAddresses))
	}
	if !known {
		s.Basis = w.Undecided("")
		return
	}
	s.Needs = surgeOf(svc)
	s.Short = s.Needs > s.Free
	w.Cite(key.Key, "service "+svc.Name, "maximumPercent", fmt.Sprintf("%d%% of %d desired, %d running: up to %d more at once", svc.Maximum, svc.Desired, svc.Running, s.Needs))
	s.Basis = w.Decided()
}

// surgeOf is how many tasks a deployment may start at once beside those that run.
func surgeOf(svc evidence.Service) int {
	most := svc.Desired * svc.Maximum / 100
	if svc.Maximum == 0 {
		most = svc.Desired * 2 // the default of a rolling deployment
	}
	return max(0, most-svc.Running)
}
