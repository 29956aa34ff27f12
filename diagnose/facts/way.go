package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts/image"
	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
)

// WayFact is the way out that the failure is about, to what the program called in vain or else to what the start needs,
// as far as something stands on it that neither routes nor groups nor ACLs of the VPC tell.
type WayFact struct {
	Asked       bool   `json:"asked"`       // the failure is about a way at all
	Destination string `json:"destination"` // a host or an address
	Port        int    `json:"port"`
	Via         string `json:"via"`
	Means       string `json:"means"`
	Hop         string `json:"hop"` // behind which nothing can be seen; "" = it does not leave what can
	Subnet      string `json:"subnet"`
	Zone        string `json:"zone"`

	NextHop  Check          `json:"next_hop"`  // the hop does not take the packets; unknown where it takes them and what follows cannot be seen
	Firewall Check          `json:"firewall"`  // a rule of AWS Network Firewall stops them; Resource is the firewall's name
	Rules    string         `json:"rules"`     // ARN of the rule group, or of the policy where its default action stops them
	List     string         `json:"list"`      // of a domain list: ALLOWLIST, DENYLIST, REJECTLIST
	Domains  []string       `json:"domains"`   // of that list
	NatPorts Check          `json:"nat_ports"` // the NAT gateway had no port left for a connection
	Basis    evidence.Basis `json:"-"`
}

func (f WayFact) all(b evidence.Basis) WayFact {
	f.Basis, f.NextHop.Basis, f.Firewall.Basis, f.NatPorts.Basis = b, b, b, b
	return f
}

// waySteps are the steps of a start that call something over the network.
var waySteps = []string{"registry-auth", "manifest", "layers", "pull", "secret", "parameter", "env-file", "log-driver"}

// aboutAWay reports whether the failure is about a way to a destination: no answer came, a task waits, or the next start is judged.
func aboutAWay(in *Incident) bool {
	switch {
	case in.Peer.Address != "":
		return !in.Peer.Inside
	case in.Symptom == SymptomStuckPending, in.Kind == KindForward && slices.Contains(waySteps, in.Message.Step):
		return true
	}
	return slices.Contains(waySteps, in.Message.Step) && in.Message.Nature == "network"
}

func wayFact(v *evidence.View, in *Incident) {
	if in.Peer.Basis.Unknown && !in.Peer.Inside {
		in.Way = WayFact{}.all(in.Peer.Basis)
		return
	}
	if !aboutAWay(in) {
		in.Way = WayFact{}.all(evidence.Basis{Cites: in.Basis.Cites})
		return
	}
	p := in.Reach
	if in.Peer.Address != "" {
		l := in.Launch
		from := network.From{Account: l.Account, Region: l.Region, Partition: l.Partition, Subnet: l.Subnet, SecurityGroups: l.SecurityGroups, PublicIP: l.PublicIP}
		p = network.Reach(v.Track(), from, network.Destination{Name: "internet", Host: in.Peer.Address, IP: in.Peer.Address, Port: in.Peer.Port})
	}
	if p.Host == "" {
		p.Host = cmp.Or(in.Message.Fields.Host, image.Parse(cmp.Or(in.Message.Fields.Image, in.Definition.Image)).Registry)
	}
	f := WayFact{Asked: true, Destination: p.Host, Port: p.Port, Via: p.Via, Means: p.Means, Hop: p.LeavesBy, Subnet: p.LeavesAt, Zone: p.Zone}
	if p.Via == "" && p.NoRoute.Basis.Unknown {
		in.Way = f.all(p.NoRoute.Basis)
		return
	}
	f = f.all(evidence.Basis{Cites: p.NoRoute.Basis.Cites})
	f.natPorts(v, in, p)
	if f.Hop != "" && f.Hop != "local" {
		f.beyond(v, in, p)
	}
	in.Way = f
}

// beyond judges the hop itself: a transit gateway by its attachment, a firewall by its rules. What follows stays unknown.
func (f *WayFact) beyond(v *evidence.View, in *Incident, p network.Path) {
	f.firewall(v, in, p)
	if f.Firewall.Holds || f.Firewall.Basis.Unknown {
		return
	}
	w := v.Track()
	f.NextHop = Check{Resource: f.Hop}
	if strings.HasPrefix(f.Hop, "tgw-") && p.Vpc != "" {
		f.transit(w, p)
		if f.NextHop.Holds || len(w.Missed()) > 0 {
			f.NextHop.Basis = settled(w, f.NextHop.Holds, true)
			return
		}
	}
	f.NextHop.Basis = w.Undecided(fmt.Sprintf("beyond %s the path to %s cannot be seen from this account", f.Hop, f.Destination))
}

// transit: packets enter a transit gateway by the attachment's interface in their own zone; a zone without one drops them
// (transit gateway guide, VPC attachments).
func (f *WayFact) transit(w *evidence.View, p network.Path) {
	key := evidence.TransitKey(f.Hop, p.Vpc)
	a, st := evidence.Read(w, key)
	switch {
	case st == evidence.Absent, st != evidence.Found: // another account's attachment is not shown
		return
	case a.State != "available" && a.State != "modifying":
		f.NextHop.Holds, f.NextHop.Resource = true, a.ID
		f.NextHop.Detail = fmt.Sprintf("%s, the attachment of %s to %s, is %s, not available", a.ID, p.Vpc, f.Hop, a.State)
		w.Cite(key.Key, a.ID, "State", a.State)
		return
	}
	at, st := evidence.Read(w, evidence.SubnetKey(f.Subnet))
	if st != evidence.Found {
		return
	}
	for _, id := range a.SubnetIDs {
		s, st := evidence.Read(w, evidence.SubnetKey(id))
		if st != evidence.Found || s.AvailabilityZone == at.AvailabilityZone {
			return
		}
	}
	f.NextHop.Holds, f.NextHop.Resource, f.Zone = true, a.ID, at.AvailabilityZone
	f.NextHop.Detail = fmt.Sprintf("%s, the attachment of %s to %s, has no subnet in %s, where %s is", a.ID, p.Vpc, f.Hop, at.AvailabilityZone, f.Subnet)
	w.Cite(key.Key, a.ID, "SubnetIds", strings.Join(a.SubnetIDs, " "))
}

// natSlack is how far from the failures a point of the metric may lie: its period, and the time that a start tries.
const natSlack = 10 * time.Minute

// natPorts: a NAT gateway has 64,512 ports for each destination and each of its addresses; what finds none free is counted
// as ErrorPortAllocation (VPC user guide, NAT gateway metrics). The metric is asked for only where a failure has happened.
func (f *WayFact) natPorts(v *evidence.View, in *Incident, p network.Path) {
	if p.Means != network.MeansNAT || in.Kind == KindForward || p.Blocked {
		return
	}
	w := v.Track()
	if _, st := evidence.Read(w, evidence.NatGatewayKey(p.Via)); st == evidence.Absent { // its own account has its metrics
		f.NatPorts.Basis = w.Undecided(p.Via + " cannot be seen from this account, and neither can its metrics")
		return
	}
	m := evidence.MetricName{Namespace: "AWS/NATGateway", Name: "ErrorPortAllocation", Dimensions: []evidence.Tag{{Key: "NatGatewayId", Value: p.Via}}}
	key := evidence.MetricKey(m, "Sum", 300)
	series, st := evidence.Read(w, key)
	if st != evidence.Found {
		f.NatPorts.Basis = w.Undecided("")
		return
	}
	n := 0.0
	for _, pt := range series.Points {
		if pt.At.After(in.First.Add(-natSlack)) && pt.At.Before(in.Last.Add(natSlack)) {
			n += pt.Value
		}
	}
	w.Cite(key.Key, p.Via, "ErrorPortAllocation", fmt.Sprintf("%g while it failed", n))
	f.NatPorts = Check{Holds: n > 0, Resource: p.Via, Detail: fmt.Sprintf("%s found no free port for %g connections while it failed", p.Via, n), Basis: w.Decided()}
}

// forwarded finds the rule of Route 53 Resolver that takes the name: the one with the longest domain that fits. The private
// name of an interface endpoint is a zone of its own, more exact than every rule but one for that very name.
func (r *ResolverFact) forwarded(v *evidence.View, in *Incident) {
	w := v.Track()
	key := evidence.ResolverRulesKey(r.Vpc)
	list, st := evidence.Read(w, key)
	if st != evidence.Found {
		r.Forwarded.Basis = w.Undecided("")
		return
	}
	best := evidence.ResolverRule{Type: "RECURSIVE"}
	found := false
	for _, rule := range list.Rules {
		d := strings.TrimSuffix(strings.ToLower(rule.Domain), ".")
		fits := d == "" || d == r.Host || strings.HasSuffix(r.Host, "."+d)
		if fits && (!found || len(d) > len(best.Domain) || len(d) == len(best.Domain) && best.Type == "RECURSIVE") {
			best, found = rule, true
			best.Domain = d
		}
	}
	w.Cite(key.Key, r.Vpc, "ResolverRules", fmt.Sprintf("%s; for %s: %s %s", evidence.Counted(len(list.Rules), "rule"), r.Host, best.Type, best.ID))
	r.Forwarded = Check{Basis: w.Decided()}
	if best.Type != "FORWARD" {
		return
	}
	if best.Domain != r.Host {
		switch to := in.Reach; {
		case to.Means == network.MeansInterfaceEndpoint:
			return
		case to.Means == "" && to.NoRoute.Basis.Unknown:
			r.Forwarded.Basis = to.NoRoute.Basis
			return
		}
	}
	domain := best.Domain
	if domain == "" {
		domain = "every name"
	}
	r.Forwarded.Holds, r.Forwarded.Resource = true, best.ID
	r.Forwarded.Detail = fmt.Sprintf("rule %s (%s) sends %s to %s", best.ID, best.Name, domain, strings.Join(best.Targets, ", "))
}
