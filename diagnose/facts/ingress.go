package facts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
)

// IngressFact is whether the load balancer's packets get into the task, on the traffic port and on that of the check.
type IngressFact struct {
	LoadBalancer  string         `json:"load_balancer"` // name
	LBType        string         `json:"lb_type"`       // application, network
	Scheme        string         `json:"scheme"`
	LBGroup       string         `json:"lb_group"` // its first security group; "" = none
	LBCIDRs       []string       `json:"lb_cidrs"` // of its subnets
	TaskGroup     string         `json:"task_group"`
	TaskCIDR      string         `json:"task_cidr"`
	Port          int            `json:"port"`      // the one to open: the check's
	OnTask        bool           `json:"on_task"`   // the task's group is the one to change; else the load balancer's
	FreeNumber    int            `json:"free_rule"` // a rule number of the ACL that comes before what refuses
	SecurityGroup Check          `json:"security_group"`
	Nacl          Check          `json:"nacl"`
	Open          Check          `json:"open"` // neither stands in the way
	Basis         evidence.Basis `json:"-"`
}

// ListenerFact is what of the load balancer sends requests to the target group.
type ListenerFact struct {
	ARN         string         `json:"arn"`          // of the load balancer's first listener, for a fix
	Rule        string         `json:"rule"`         // the rule with the weight; "" = the default action of the listener
	Other       string         `json:"other"`        // the target group that gets the requests instead
	Subnet      string         `json:"subnet"`       // of the task's zone
	Subnets     []string       `json:"subnets"`      // those of the load balancer and the one of the task's zone
	NotUsed     Check          `json:"not_used"`     // no listener or rule sends to the target group
	ZeroWeight  Check          `json:"zero_weight"`  // all that send to it have the weight 0
	ZoneMissing Check          `json:"zone_missing"` // the load balancer does not serve the task's Availability Zone
	Basis       evidence.Basis `json:"-"`
}

func (i *IngressFact) undecided(b evidence.Basis) {
	b.Unknown = true
	i.Basis, i.SecurityGroup.Basis, i.Nacl.Basis, i.Open.Basis = b, b, b, b
}

func ingressFact(v *evidence.View, in *Incident) {
	f, t := &in.Ingress, in.Target
	w := v.Track()
	switch {
	case t.None:
		f.undecided(t.Basis)
		f.SecurityGroup.Basis, f.Nacl.Basis = t.Missing.Basis, t.Missing.Basis
		return
	case t.Basis.Unknown:
		f.undecided(t.Basis)
		return
	case t.LoadBalancer == "":
		f.undecided(w.Undecided("no load balancer uses the target group"))
		return
	case in.Launch.Subnet == "":
		f.undecided(w.Undecided("the subnet of the task is not known"))
		return
	}
	key := evidence.BalancerKey(t.LoadBalancer)
	lb, st := evidence.Read(w, key)
	w.Want(evidence.SubnetKey(in.Launch.Subnet).Key)
	for _, g := range in.Launch.SecurityGroups {
		w.Want(evidence.SecurityGroupKey(g).Key)
	}
	if st != evidence.Found {
		f.undecided(w.Undecided(""))
		return
	}
	f.LoadBalancer, f.LBType, f.Scheme, f.Port = lb.Name, lb.Type, lb.Scheme, t.CheckPort
	w.Cite(key.Key, "load balancer "+lb.Name, "SecurityGroups", orNone(strings.Join(lb.SecurityGroups, ", ")))
	f.Basis = w.Decided()
	from := network.From{Account: in.Launch.Account, Region: in.Launch.Region, Partition: in.Launch.Partition, Subnet: in.Launch.Subnet, SecurityGroups: in.Launch.SecurityGroups}
	b := network.Balancer{ARN: lb.ARN, Vpc: lb.VpcID, Groups: lb.SecurityGroups}
	if len(lb.SecurityGroups) > 0 {
		f.LBGroup = lb.SecurityGroups[0]
	}
	for _, z := range lb.Zones {
		b.Subnets = append(b.Subnets, z.SubnetID)
	}
	ports := []int{t.CheckPort}
	if t.OwnCheckPort && t.ContainerPort > 0 && in.Symptom == "" {
		ports = append(ports, t.ContainerPort)
	}
	a := network.Admits(v, from, b, ports)
	f.TaskGroup, f.TaskCIDR, f.LBCIDRs, f.OnTask = a.TaskGroup, a.TaskCIDR, a.BalancerCIDRs, a.Side == "task"
	f.SecurityGroup, f.Nacl = checkOf(a.SecurityGroup), checkOf(a.Nacl)
	f.SecurityGroup.Basis.Cites = append(f.SecurityGroup.Basis.Cites, w.Cites()...)
	f.Open = both(f.SecurityGroup, f.Nacl)
	f.FreeNumber = freeNumber(v, in.Launch.Subnet, f.Nacl.Resource)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func checkOf(b network.Blocker) Check {
	return Check{Holds: b.Blocks, Resource: b.Resource, Detail: b.Detail, Basis: b.Basis}
}

// both is the answer that neither of two obstacles is there: no as soon as one is, unknown while one is open.
func both(a, b Check) Check {
	switch {
	case !a.Basis.Unknown && a.Holds, !b.Basis.Unknown && b.Holds:
		return Check{Basis: evidence.Basis{Cites: append(slices.Clone(a.Basis.Cites), b.Basis.Cites...)}}
	case a.Basis.Unknown || b.Basis.Unknown:
		return Check{Basis: evidence.Basis{Unknown: true, Missing: evidence.SortKeys(append(slices.Clone(a.Basis.Missing), b.Basis.Missing...)), Why: strings.Trim(a.Basis.Why+"; "+b.Basis.Why, "; ")}}
	}
	return Check{Holds: true, Basis: evidence.Basis{Cites: append(slices.Clone(a.Basis.Cites), b.Basis.Cites...)}}
}

// freeNumber is a rule number of the ACL below all that it has, for a rule that must come first.
func freeNumber(v *evidence.View, subnet, acl string) int {
	w := v.Track()
	s, _ := evidence.Read(w, evidence.SubnetKey(subnet))
	list, _ := evidence.Read(w, evidence.NetworkAclsKey(s.VpcID))
	number := 100
	for _, a := range list.Acls {
		for _, e := range a.Entries {
			if a.ID == acl && e.Number <= number {
				number = e.Number - 1
			}
		}
	}
	return max(1, number)
}

func (l *ListenerFact) undecided(b evidence.Basis) {
	b.Unknown = true
	l.Basis, l.NotUsed.Basis, l.ZeroWeight.Basis, l.ZoneMissing.Basis = b, b, b, b
}

func listenerFact(v *evidence.View, in *Incident) {
	l, t := &in.Listener, in.Target
	w := v.Track()
	if t.Basis.Unknown {
		l.undecided(t.Basis)
		if t.None {
			l.NotUsed.Basis = t.Missing.Basis
		}
		return
	}
	l.Basis = t.Basis
	key := evidence.TargetGroupKey(t.Group)
	if t.LoadBalancer == "" {
		w.Cite(key.Key, "target group "+t.Name, "LoadBalancerArns", "none")
		l.NotUsed = Check{Holds: true, Resource: t.Group, Basis: w.Decided()}
		l.ZeroWeight.Basis, l.ZoneMissing.Basis = w.Decided(), w.Decided()
		return
	}
	w.Cite(key.Key, "target group "+t.Name, "LoadBalancerArns", t.LoadBalancer)
	l.NotUsed = Check{Basis: w.Decided()}
	zoneFact(v, in)
	weightFact(v, in)
}

// zoneFact: application load balancers need a subnet in each zone that has targets; a network load balancer with
// cross-zone balancing reaches all of its VPC from the zones it has, so for it a missing zone alone is no fault.
func zoneFact(v *evidence.View, in *Incident) {
	l, t := &in.Listener, in.Target
	w := v.Track()
	key := evidence.BalancerKey(t.LoadBalancer)
	lb, st := evidence.Read(w, key)
	if st != evidence.Found || in.Launch.Zone == "" && in.Launch.Subnet == "" {
		l.ZoneMissing.Basis = w.Undecided("")
		return
	}
	zone := in.Launch.Zone
	if zone == "" {
		s, _ := evidence.Read(w, evidence.SubnetKey(in.Launch.Subnet))
		zone = s.AvailabilityZone
	}
	if zone == "" {
		l.ZoneMissing.Basis = w.Undecided("")
		return
	}
	var names []string
	l.Subnet = in.Launch.Subnet
	for _, z := range lb.Zones {
		names = append(names, z.Name)
		l.Subnets = append(l.Subnets, z.SubnetID)
	}
	w.Cite(key.Key, "load balancer "+lb.Name, "AvailabilityZones", strings.Join(names, ", "))
	l.ZoneMissing = Check{Holds: !slices.Contains(names, zone), Basis: w.Decided()}
	if l.ZoneMissing.Holds {
		l.ZoneMissing.Resource, l.ZoneMissing.Detail = lb.ARN, fmt.Sprintf("%s serves %s, not %s", lb.Name, strings.Join(names, ", "), zone)
	}
	l.Subnets = append(l.Subnets, l.Subnet)
}

// weightFact reads the rules only for a target group that gets no requests.
func weightFact(v *evidence.View, in *Incident) {
	l, t := &in.Listener, in.Target
	w := v.Track()
	if t.Answer.Basis.Unknown || t.Answer.Reason != "Target.NotInUse" {
		l.ZeroWeight.Basis = t.Answer.Basis
		if !t.Answer.Basis.Unknown {
			l.ZeroWeight.Basis = w.Undecided("the load balancer checks the targets, so its rules were not read")
		}
		return
	}
	key := evidence.ListenersKey(t.LoadBalancer)
	list, st := evidence.Read(w, key)
	if st != evidence.Found {
		l.ZeroWeight.Basis = w.Undecided("")
		return
	}
	open, some, zero := false, 0, 0
	look := func(key evidence.Key, listener, rule string, forwards []evidence.Forward) {
		for _, f := range forwards {
			if f.TargetGroup != t.Group {
				continue
			}
			some++
			if f.Weight == 0 {
				zero++
				l.ARN, l.Rule = listener, rule
				w.Cite(key, "listener "+listener, "ForwardConfig.TargetGroups.Weight", "0 for "+t.Name)
				for _, o := range forwards {
					if o.Weight > 0 {
						l.Other = o.TargetGroup
					}
				}
			}
		}
	}
	for _, x := range list.Listeners {
		look(key.Key, x.ARN, "", x.Forwards)
		if !strings.HasPrefix(x.Protocol, "HTTP") {
			continue // only application load balancers have rules
		}
		rules, st := evidence.Read(w, evidence.RulesKey(x.ARN))
		open = open || st != evidence.Found
		for _, r := range rules.Rules {
			if !r.Default {
				look(evidence.RulesKey(x.ARN).Key, x.ARN, r.ARN, r.Forwards)
			}
		}
	}
	if open {
		l.ZeroWeight.Basis = w.Undecided("")
		return
	}
	l.ZeroWeight = Check{Holds: some > 0 && zero == some, Basis: w.Decided()}
	if l.ZeroWeight.Holds {
		l.ZeroWeight.Resource = l.ARN
		if l.Rule != "" {
			l.ZeroWeight.Resource = l.Rule
		}
	}
}

// wrongProtocolFact: two protocols cannot be spoken on one port. Either the settings contradict each other, or the log
// complains of the other one.
func wrongProtocolFact(v *evidence.View, in *Incident) {
	c, t := &in.Target.WrongProtocol, in.Target
	w := v.Track()
	if t.Basis.Unknown {
		c.Basis = t.Basis
		return
	}
	key := evidence.TargetGroupKey(t.Group)
	w.Cite(key.Key, "target group "+t.Name, "Protocol", strings.TrimSpace(t.Protocol+" "+t.Version)+", checked by "+t.CheckProtocol)
	secure := map[string]bool{"HTTPS": true, "TLS": true}
	appProtocol := portProtocol(v, in)
	switch {
	case !t.OwnCheckPort && strings.HasPrefix(t.Protocol, "HTTP") && strings.HasPrefix(t.CheckProtocol, "HTTP") && secure[t.Protocol] != secure[t.CheckProtocol]:
		c.Detail = "requests go to port " + itoa(t.CheckPort) + " by " + t.Protocol + " and checks to the same port by " + t.CheckProtocol
	case appProtocol == "grpc" && t.Version == "HTTP1", appProtocol == "http" && t.Version == "GRPC":
		c.Detail = "the container's port " + itoa(t.ContainerPort) + " speaks " + appProtocol + " and the target group " + t.Version
	case !in.Listening.Basis.Unknown && in.Listening.TLS:
		c.Detail = "the log complains: " + in.Listening.TLSLine
		w.CiteAll(in.Listening.Basis.Cites)
	case !in.Listening.Basis.Unknown && in.Listening.Told:
		c.Basis = w.Decided()
		return
	default:
		c.Basis = w.Undecided("the settings agree with each other, and the log says nothing of a protocol")
		if in.Listening.Basis.Unknown {
			c.Basis.Missing = append(c.Basis.Missing, in.Listening.Basis.Missing...)
		}
		return
	}
	c.Holds, c.Resource, c.Basis = true, t.Group, w.Decided()
}

func portProtocol(v *evidence.View, in *Incident) string {
	td, _ := evidence.Read(v.Track(), evidence.TaskDefinitionKey(in.Launch.TaskDefinition))
	for _, c := range td.Containers {
		for _, p := range c.PortMappings {
			if c.Name == in.Target.Container && p.ContainerPort == in.Target.ContainerPort {
				return p.AppProtocol
			}
		}
	}
	return ""
}
