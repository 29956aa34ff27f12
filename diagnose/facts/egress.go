package facts

import (
	"slices"

	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
)

// Egress is what the task's security groups must admit besides what they do, for all that the launch needs and not only the step that
// failed: the next step would fail for the same reason.
type Egress struct {
	EndpointGroup string         `json:"endpoint_group"` // a group of the interface endpoints; "" = none is needed
	PrefixList    string         `json:"prefix_list"`    // of S3, by its gateway endpoint; "" = it is not needed
	Anywhere      bool           `json:"anywhere"`       // some of it has addresses that nothing narrower names; the others are then empty
	Basis         evidence.Basis `json:"-"`
}

func egressFact(v *evidence.View, in *Incident) {
	w := v.Track()
	if in.Reach.TaskSG.Basis.Unknown || !in.Reach.TaskSG.Blocks {
		in.Egress.Basis = w.Undecided("the task's security groups are not known to keep the call in")
		return
	}
	in.Egress.admit(in.Reach)
	unread := func(keys []evidence.Key) []evidence.Key {
		return slices.DeleteFunc(slices.Clone(keys), func(k evidence.Key) bool { return w.State(k) != evidence.Unread })
	}
	open := unread(in.Definition.Basis.Missing)
	if !in.Definition.Basis.Unknown {
		for _, name := range launchDestinations(in) {
			p := network.Reach(w, startOf(in), network.To(name, in.Launch.Region, in.Launch.Partition, registryAccount(in)))
			open = append(open, unread(p.TaskSG.Basis.Missing)...)
			if p.TaskSG.Blocks && !p.TaskSG.Basis.Unknown {
				in.Egress.admit(p)
			}
		}
	}
	if len(open) > 0 {
		in.Egress.Basis = evidence.Basis{Unknown: true, Missing: evidence.SortKeys(open)}
		return
	}
	in.Egress.Basis = w.Decided()
}

// admit adds what one path needs.
func (e *Egress) admit(p network.Path) {
	switch {
	case e.Anywhere:
	case p.Means == network.MeansInterfaceEndpoint && p.EndpointGroup != "":
		e.EndpointGroup = p.EndpointGroup
	case p.Means == network.MeansGatewayEndpoint && p.PrefixList != "":
		e.PrefixList = p.PrefixList
	default:
		*e = Egress{Anywhere: true}
	}
}

// startOf is where the launch's connections start.
func startOf(in *Incident) network.From {
	l := in.Launch
	return network.From{Account: l.Account, Region: l.Region, Partition: l.Partition, Subnet: l.Subnet, SecurityGroups: l.SecurityGroups, PublicIP: l.PublicIP}
}
