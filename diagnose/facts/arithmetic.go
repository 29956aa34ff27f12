package facts

import (
	"fmt"

	"github.com/ecsplain/ecsplain/evidence"
)

// Arithmetic is how many tasks a rolling deployment may have at least and at most. minimumHealthyPercent is rounded up and
// maximumPercent rounded down to whole tasks (AWS documentation: DeploymentConfiguration).
type Arithmetic struct {
	Desired  int            `json:"desired"`
	Minimum  int            `json:"minimum_percent"`
	Maximum  int            `json:"maximum_percent"`
	Lower    int            `json:"lower"` // tasks that must stay
	Upper    int            `json:"upper"` // tasks that there may be
	Running  int            `json:"running"`
	New      int            `json:"new"`      // tasks of the newest deployment
	Deadlock bool           `json:"deadlock"` // none may be started and none stopped
	Breaker  bool           `json:"circuit_breaker"`
	Rollback bool           `json:"rollback"`
	Basis    evidence.Basis `json:"-"`
}

// arithmetic computes it from the service's own answer. Deadlock is told only of a deployment that is on its way: there is
// an older one, the newer has fewer tasks than it should, neither a start nor a stop is allowed, and no task is on its way that would change that.
func arithmetic(svc evidence.Service) Arithmetic {
	a := Arithmetic{Desired: svc.Desired, Minimum: svc.MinimumHealthy, Maximum: svc.Maximum, Running: svc.Running, Breaker: svc.CircuitBreaker, Rollback: svc.Rollback}
	a.Lower = (svc.Desired*svc.MinimumHealthy + 99) / 100
	a.Upper = svc.Desired * svc.Maximum / 100
	p, ok := primary(svc)
	a.New = p.Running + p.Pending
	onItsWay := ok && len(svc.Deployments) > 1 && a.New < p.Desired && p.RolloutState == "IN_PROGRESS" && svc.DeploymentStrategy != "BLUE_GREEN" && svc.DeploymentStrategy != "LINEAR" && svc.DeploymentStrategy != "CANARY"
	a.Deadlock = onItsWay && svc.Maximum > 0 && svc.Desired > 0 && svc.Pending == 0 && svc.Running >= a.Upper && svc.Running <= a.Lower
	return a
}

func arithmeticFact(v *evidence.View, in *Incident) {
	w := v.Track()
	key := evidence.ServiceKey(in.Cluster, in.Service)
	svc, st := evidence.Read(w, key)
	if in.Service == "" || st != evidence.Found {
		in.Arithmetic = Arithmetic{Basis: w.Undecided("")}
		return
	}
	a := arithmetic(svc)
	w.Cite(key.Key, "service "+svc.Name, "deploymentConfiguration.minimumHealthyPercent, maximumPercent",
		fmt.Sprintf("%d%%, %d%% of %d desired: at least %d, at most %d", a.Minimum, a.Maximum, a.Desired, a.Lower, a.Upper))
	w.Cite(key.Key, "service "+svc.Name, "runningCount", fmt.Sprintf("%d, %d of the new deployment", a.Running, a.New))
	a.Basis = w.Decided()
	in.Arithmetic = a
}
