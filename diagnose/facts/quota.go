package facts

import (
	"fmt"
	"math"
	"slices"

	"github.com/ecsplain/ecsplain/evidence"
)

// QuotaFact is the applied vCPU quota of the Fargate capacity that the launch uses. For a start that has not happened yet it tells besides
// whether the quota has room for a deployment.
type QuotaFact struct {
	Name   string         `json:"name"`
	Code   string         `json:"code"`
	Value  float64        `json:"value"`  // vCPUs that may run at once in the account and region
	Used   float64        `json:"used"`   // vCPUs in use in the account, or the service's own where AWS gives no number; only before a start
	Tasks  int            `json:"tasks"`  // that a deployment may start beside those that run
	Needs  float64        `json:"needs"`  // vCPUs of those
	Left   float64        `json:"left"`   // Value less Used
	Short  bool           `json:"short"`  // Needs is more than is left; false where the start has happened
	Enough float64        `json:"enough"` // a value to ask for that a deployment fits into beside all that runs
	Basis  evidence.Basis `json:"-"`
}

// Quotas of Fargate (AWS documentation: Amazon ECS endpoints and quotas).
const (
	quotaOnDemand = "L-3032A538"
	quotaSpot     = "L-36FBB829"
)

func quotaFact(v *evidence.View, in *Incident) {
	if in.Kind == KindForward {
		in.Quota = quotaAhead(v.Track(), in)
		return
	}
	w := v.Track()
	q := quotaOf(in.Launch.CapacityProvider)
	quota, st := evidence.Read(w, evidence.QuotaKey("fargate", q.Code))
	if st != evidence.Found {
		in.Quota = QuotaFact{Basis: w.Undecided("")}
		return
	}
	q.Value = quota.Value
	if svc, st := evidence.Read(v, evidence.ServiceKey(in.Cluster, in.Service)); st == evidence.Found {
		q.Tasks = surgeOf(svc)
	}
	q.Needs = float64(max(1, q.Tasks)) * vcpus(in)
	q.Enough = math.Ceil(q.Value + q.Needs)
	w.Cite(evidence.QuotaKey("fargate", q.Code).Key, "quota "+q.Code, "Value", fmt.Sprintf("%g", q.Value))
	q.Basis = w.Decided()
	in.Quota = q
}

func quotaOf(provider string) QuotaFact {
	if provider == "FARGATE_SPOT" {
		return QuotaFact{Code: quotaSpot, Name: "Fargate Spot vCPU resource count"}
	}
	return QuotaFact{Code: quotaOnDemand, Name: "Fargate On-Demand vCPU resource count"}
}

// vcpus is the size of one task of the launch, 0 where it is not known.
func vcpus(in *Incident) float64 { return float64(in.Size.CPU) / 1024 }

// quotaAhead asks each quota that the service's capacity counts against. One that is short decides; one that cannot be
// judged leaves the answer open.
func quotaAhead(w *evidence.View, in *Incident) QuotaFact {
	svc, st := evidence.Read(w, evidence.ServiceKey(in.Cluster, in.Service))
	if st != evidence.Found || in.Size.Basis.Unknown || in.Placement.Basis.Unknown {
		for _, k := range slices.Concat(in.Size.Basis.Missing, in.Placement.Basis.Missing) {
			w.Want(k)
		}
		return QuotaFact{Basis: w.Undecided("")}
	}
	shares := fargateShares(w, in, svc)
	var out QuotaFact
	for _, provider := range []string{"FARGATE", "FARGATE_SPOT"} {
		tasks, ok := shares[provider]
		if !ok {
			continue
		}
		q := quotaRoom(w, in, svc, provider, tasks, len(shares) == 1)
		switch {
		case q.Short && !q.Basis.Unknown:
			return q
		case out.Code == "" || q.Basis.Unknown:
			out = q
		}
	}
	if out.Code == "" { // nothing of it runs on Fargate
		out.Basis = evidence.Basis{Cites: in.Placement.Basis.Cites}
	}
	return out
}

// fargateShares is how many tasks a deployment may start at once beside those that run, by Fargate's capacity providers: a strategy gives
// each its base and then its weight's share.
func fargateShares(w *evidence.View, in *Incident, svc evidence.Service) map[string]int {
	strategy := svc.Strategy
	launchType := svc.LaunchType
	if d, ok := primary(svc); ok && (d.LaunchType != "" || len(d.Strategy) > 0) {
		strategy, launchType = d.Strategy, d.LaunchType
	}
	if len(strategy) == 0 && launchType == "" {
		cluster, _ := evidence.Read(w, evidence.ClusterKey(in.Cluster)) // placementFact read it
		strategy = cluster.DefaultStrategy
	}
	n := surgeOf(svc)
	if len(strategy) == 0 {
		if launchType != "FARGATE" {
			return nil
		}
		return map[string]int{"FARGATE": n}
	}
	weights, rest := 0, n
	for _, s := range strategy {
		weights += s.Weight
		rest -= s.Base
	}
	out := map[string]int{}
	for _, s := range strategy {
		if !fargate(s.Provider) || s.Weight == 0 && s.Base == 0 {
			continue
		}
		out[s.Provider] = min(n, s.Base)
		if weights > 0 && rest > 0 {
			out[s.Provider] += int(math.Ceil(float64(rest*s.Weight) / float64(weights)))
		}
	}
	return out
}

// quotaRoom compares what a deployment needs with what a quota leaves. What is in use AWS counts itself (AWS/Usage): it is
// what runs in the whole account, pods of EKS included. Where that number cannot be had, the service's own tasks may alone be too many.
func quotaRoom(w *evidence.View, in *Incident, svc evidence.Service, provider string, tasks int, all bool) QuotaFact {
	w = w.Track()
	q := quotaOf(provider)
	q.Tasks, q.Needs = tasks, float64(tasks)*vcpus(in)
	key, usage := evidence.QuotaKey("fargate", q.Code), fargateUsageKey(provider)
	quota, st := evidence.Read(w, key)
	series, ust := evidence.Read(w, usage)
	if st != evidence.Found {
		q.Basis = w.Undecided("")
		return q
	}
	q.Value = quota.Value
	newest, counted := series.Newest()
	q.Used = newest.Value
	if !counted && all {
		q.Used = float64(svc.Running) * vcpus(in)
	}
	q.Left = q.Value - q.Used
	q.Short = q.Needs > q.Left
	q.Enough = math.Ceil(q.Used + q.Needs)
	switch {
	case q.Short || counted:
	case ust == evidence.Found:
		q.Basis = w.Undecided("AWS/Usage has no number of the Fargate vCPUs in use")
		return q
	default:
		q.Basis = w.Undecided("")
		return q
	}
	w.Cite(key.Key, "quota "+q.Code, "Value", fmt.Sprintf("%g", q.Value))
	if counted {
		w.Cite(usage.Key, "AWS/Usage of Fargate", "ResourceCount", fmt.Sprintf("%g vCPUs in use", newest.Value))
	}
	w.Cite(evidence.ServiceKey(in.Cluster, in.Service).Key, "service "+svc.Name, "desiredCount, maximumPercent", fmt.Sprintf("a deployment may start %s at once, %g vCPUs", evidence.Counted(q.Tasks, "task"), q.Needs))
	q.Basis = w.Decided()
	return q
}

// fargateUsageKey is AWS's own count of Fargate vCPUs (ECS developer guide, "AWS Fargate usage metrics").
func fargateUsageKey(provider string) evidence.Ref[evidence.MetricSeries] {
	class := "Standard/OnDemand"
	if provider == "FARGATE_SPOT" {
		class = "Standard/Spot"
	}
	return evidence.MetricKey(evidence.MetricName{Namespace: "AWS/Usage", Name: "ResourceCount", Dimensions: []evidence.Tag{
		{Key: "Service", Value: "Fargate"}, {Key: "Type", Value: "Resource"}, {Key: "Resource", Value: "vCPU"}, {Key: "Class", Value: class}}}, "Maximum", cpuPeriod)
}
