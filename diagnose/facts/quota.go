package facts

import (
	"fmt"

	"github.com/ecsplain/ecsplain/evidence"
)

// QuotaFact is the applied vCPU quota of the Fargate capacity that the launch uses.
type QuotaFact struct {
	Name  string         `json:"name"`
	Code  string         `json:"code"`
	Value float64        `json:"value"` // vCPUs that may run at once in the account and region
	Basis evidence.Basis `json:"-"`
}

// Quota codes of Fargate (AWS documentation: Amazon ECS endpoints and quotas).
const (
	quotaOnDemand = "L-3032A538"
	quotaSpot     = "L-36FBB829"
)

func quotaFact(v *evidence.View, in *Incident) {
	w := v.Track()
	q := QuotaFact{Code: quotaOnDemand}
	if in.Launch.CapacityProvider == "FARGATE_SPOT" {
		q.Code = quotaSpot
	}
	key := evidence.QuotaKey("fargate", q.Code)
	quota, st := evidence.Read(w, key)
	if st != evidence.Found {
		in.Quota = QuotaFact{Basis: w.Undecided("")}
		return
	}
	q.Name, q.Value = quota.Name, quota.Value
	w.Cite(key.Key, "quota "+q.Code, "Value", fmt.Sprintf("%g", q.Value))
	q.Basis = w.Decided()
	in.Quota = q
}
