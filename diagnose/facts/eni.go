package facts

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

// ENIFact is what EC2 said when ECS made the task's network interface, from the message and from CloudTrail.
type ENIFact struct {
	Throttled Check   `json:"throttled"` // EC2 answered that it is called too often
	Refused   Check   `json:"refused"`   // EC2 answered that ECS may not, although the subnet is there
	Limit     Check   `json:"limit"`     // the account's interfaces are used up
	Withdrawn Check   `json:"withdrawn"` // EC2 answered that ECS may not, and the subnet cannot be seen any more
	Quota     ENIMost `json:"quota"`     // of interfaces in the region
}

// ENIMost is the applied quota of network interfaces.
type ENIMost struct {
	Value int            `json:"value"` // interfaces in the account and region
	Basis evidence.Basis `json:"-"`
}

// quotaInterfaces is "Network interfaces per Region" of service vpc (Amazon VPC user guide, quotas).
const quotaInterfaces = "L-DF5E4CA3"

// trailLate is how late a record of CloudTrail may be there (CloudTrail user guide: typically within 5, at most about 15 minutes).
const trailLate = 15 * time.Minute

// waitsForInterface tells the symptoms that the making of a network interface may explain.
func waitsForInterface(in *Incident) bool {
	return strings.HasPrefix(in.Symptom, "network/eni/") || in.Symptom == SymptomStuckProvisioning
}

func eniFact(v *evidence.View, in *Incident) {
	e := &in.ENI
	if !waitsForInterface(in) {
		b := v.Track().Decided() // no interface is in question
		*e = ENIFact{Throttled: Check{Basis: b}, Refused: Check{Basis: b}, Limit: Check{Basis: b}, Withdrawn: Check{Basis: b},
			Quota: ENIMost{Basis: v.Track().Undecided("the number of network interfaces is not in question")}}
		return
	}
	text := in.Message.Text
	says := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	e.Throttled = e.fromTrail(v, in, says("RequestLimitExceeded", "Throttling"), "RequestLimitExceeded", "Throttling")
	e.Limit = e.fromTrail(v, in, says("NetworkInterfaceLimitExceeded", "maximum number of network interfaces"), "NetworkInterfaceLimitExceeded")
	e.Refused = e.fromTrail(v, in, says("UnauthorizedOperation", "AuthFailure"), "UnauthorizedOperation", "AuthFailure")
	e.shared(v, in, says("AuthFailure"))
	w := v.Track()
	if !e.Limit.Holds || e.Limit.Basis.Unknown {
		e.Quota = ENIMost{Basis: w.Undecided("the number of network interfaces is not in question")}
		return
	}
	q, st := evidence.Read(w, evidence.QuotaKey("vpc", quotaInterfaces))
	e.Quota = ENIMost{Value: int(q.Value), Basis: settled(w, false, st != evidence.Found)}
}

// shared tells a subnet that was shared with the account apart from a refusal: it cannot be seen any more. EC2 says
// AuthFailure then; a subnet of one's own that was deleted is "not found".
func (e *ENIFact) shared(v *evidence.View, in *Incident, authFailure bool) {
	w := v.Track()
	id := cmp.Or(in.Message.Fields.Subnet, in.Launch.Subnet)
	if !authFailure || id == "" {
		e.Withdrawn = Check{Basis: w.Decided()}
		return
	}
	key := evidence.SubnetKey(id)
	_, st := evidence.Read(w, key)
	switch st {
	case evidence.Absent:
		w.Cite(key.Key, id, "SubnetId", "not found")
		e.Withdrawn = Check{Holds: true, Resource: id, Detail: id + " cannot be seen from account " + in.Launch.Account + " any more", Basis: w.Decided()}
		e.Refused = Check{Basis: w.Decided()}
	case evidence.Found:
		w.Cite(key.Key, id, "SubnetId", "found")
		e.Withdrawn = Check{Basis: w.Decided()}
	default:
		e.Withdrawn, e.Refused = Check{Basis: w.Undecided("")}, Check{Basis: w.Undecided("")}
	}
}

// fromTrail holds where the message itself says so, or where CloudTrail has such an error of a CreateNetworkInterface that
// ECS called while the tasks failed. CloudTrail's silence is a no once its record of the time must be there.
func (e *ENIFact) fromTrail(v *evidence.View, in *Incident, said bool, codes ...string) Check {
	w := v.Track()
	c := Check{Resource: cmp.Or(in.Launch.Subnet, in.Service)}
	if said {
		w.CiteAll(in.Basis.Cites)
		c.Holds, c.Detail, c.Basis = true, in.Message.Text, w.Decided()
		return c
	}
	key := evidence.TrailEventsKey("EventName", "CreateNetworkInterface")
	trail, st := evidence.Read(w, key)
	if st != evidence.Found {
		c.Basis = w.Undecided("")
		return c
	}
	seen := answeredAt(v, key.Key).Sub(in.Last) > trailLate && !trail.Truncated
	for _, ev := range trail.Events {
		byECS := ev.InvokedBy == "ecs.amazonaws.com" || strings.Contains(ev.Who, "AWSServiceRoleForECS")
		if !byECS || !ev.At.Known || ev.At.At.Before(in.First.Add(-startAhead)) {
			continue
		}
		seen = seen || !ev.At.At.Before(in.Last.Add(-startAhead))
		for _, code := range codes {
			if strings.Contains(ev.ErrorCode, code) {
				w.Cite(key.Key, "CloudTrail CreateNetworkInterface", "errorCode", strings.TrimSpace(ev.ErrorCode+" "+ev.ErrorMessage))
				c.Holds, c.Detail, c.Basis = true, strings.TrimSpace(fmt.Sprintf("EC2 answered %s at %s: %s", ev.ErrorCode, evidence.UTC(ev.At.At), ev.ErrorMessage)), w.Decided()
				return c
			}
		}
	}
	if !seen {
		c.Basis = w.Undecided("CloudTrail has no record of this start yet; its records arrive up to 15 minutes late")
		return c
	}
	w.Cite(key.Key, "CloudTrail CreateNetworkInterface", "errorCode", "no "+codes[0]+" of ECS while the tasks failed")
	c.Basis = w.Decided()
	return c
}

// startAhead is how long before its verdict a start may have asked for its interface.
const startAhead = 10 * time.Minute
