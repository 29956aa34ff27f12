package facts

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
)

// PeerFact is the address that the program called in vain, by the line that decides its log: "dial tcp 10.0.3.4:5432: i/o
// timeout". A refusal is no timeout: then the packets arrived.
type PeerFact struct {
	Address   string `json:"address"` // "" = no line names an address that did not answer
	Port      int    `json:"port"`
	Inside    bool   `json:"inside"`    // the address is of the task's VPC
	Interface string `json:"interface"` // that has it; "" = not known or none
	What      string `json:"what"`      // the interface in words
	Group     string `json:"group"`     // its first security group
	TaskGroup string `json:"task_group"`

	Missing Check              `json:"missing"`  // nobody in the VPC has the address
	Network network.InsidePath `json:"network"`  // to an address inside the VPC
	NoRoute network.Blocker    `json:"no_route"` // to an address outside of it
	Basis   evidence.Basis     `json:"-"`
}

// timedOut are the words of programs and their libraries for a connection that nobody answered.
var timedOut = regexp.MustCompile(`(?i)i/o timeout|timed? ?out|ETIMEDOUT|deadline exceeded`)

// noDial are timeouts of something else than a call: an open connection, the lookup of a name, an address that never leaves the host.
var noDial = regexp.MustCompile(`\b(?:read|write) (?:tcp|udp)\b|\blookup\b|\b169\.254\.`)

// dialledAddress is an IPv4 address with a port, as log lines write it: 10.0.3.4:5432, "10.0.3.4", 5432, (10.0.3.4), port 5432.
var dialledAddress = regexp.MustCompile(`\b(\d{1,3}(?:\.\d{1,3}){3})(?::|"?\)?,? (?:on |TCP/IP )?(?:port |connections on port )?)(\d{2,5})\b`)

func (p PeerFact) all(b evidence.Basis) PeerFact {
	p.Basis, p.Missing.Basis, p.NoRoute.Basis = b, b, b
	for _, c := range []*network.Blocker{&p.Network.TaskSG, &p.Network.TargetSG, &p.Network.Nacl} {
		c.Basis = b
	}
	return p
}

func peerFact(v *evidence.View, in *Incident) {
	text, basis := in.Message.Text, evidence.Basis{Cites: in.Basis.Cites}
	if in.Message.Step == "run" || in.Message.Family == "exit" {
		if in.Log.Basis.Unknown {
			in.Peer = PeerFact{}.all(in.Log.Basis)
			return
		}
		text, basis = in.Log.Deciding.Line, evidence.Basis{Cites: in.Log.Basis.Cites}
	}
	m := dialledAddress.FindStringSubmatch(text)
	if !timedOut.MatchString(text) || noDial.MatchString(text) || m == nil || in.Message.Step != "run" && in.Message.Family != "exit" {
		in.Peer = PeerFact{}.all(basis)
		return
	}
	p := PeerFact{Address: m[1]}.all(basis)
	p.Port, _ = strconv.Atoi(m[2])
	if len(in.Launch.SecurityGroups) > 0 {
		p.TaskGroup = in.Launch.SecurityGroups[0]
	}
	p.judge(v, in)
	in.Peer = p
}

func (p *PeerFact) judge(v *evidence.View, in *Incident) {
	w := v.Track()
	subnet, st := evidence.Read(w, evidence.SubnetKey(in.Launch.Subnet))
	if in.Launch.Subnet == "" || st != evidence.Found {
		*p = p.all(w.Undecided("the subnet of the task is not known"))
		return
	}
	vpc, st := evidence.Read(w, evidence.VpcKey(subnet.VpcID))
	if st != evidence.Found {
		*p = p.all(w.Undecided(""))
		return
	}
	l := in.Launch
	from := network.From{Account: l.Account, Region: l.Region, Partition: l.Partition, Subnet: l.Subnet, SecurityGroups: l.SecurityGroups, PublicIP: l.PublicIP}
	if p.Inside = contains(vpc.CIDRs, p.Address); !p.Inside {
		path := network.Reach(v.Track(), from, network.Destination{Name: "internet", Host: p.Address, IP: p.Address, Port: p.Port})
		p.NoRoute, p.Network.TaskSG, p.Network.Nacl = path.Leads(p.Address), path.TaskSG, path.Nacl
		b := w.Undecided(p.Address + " lies outside of " + vpc.ID + ", where it is not shown whose it is")
		p.Missing.Basis, p.Network.TargetSG.Basis = b, b
		return
	}
	key := evidence.InterfaceAtKey(vpc.ID, p.Address)
	eni, st := evidence.Read(w, key)
	switch st {
	case evidence.Absent:
		if vpc.Owner != "" && l.Account != "" && vpc.Owner != l.Account {
			*p = p.all(w.Undecided("account " + vpc.Owner + " owns the network, and its interfaces are not seen from account " + l.Account))
			return
		}
		w.Cite(key.Key, vpc.ID, "NetworkInterfaces["+p.Address+"]", "none")
		p.Missing = Check{Holds: true, Resource: p.Address, Detail: "no network interface of " + vpc.ID + " has the address " + p.Address, Basis: w.Decided()}
		return
	case evidence.Found:
		w.Cite(key.Key, vpc.ID, "NetworkInterfaces["+p.Address+"]", eni.ID+" "+eni.Description)
		p.Missing.Basis = w.Decided()
	default:
		*p = p.all(w.Undecided(""))
		return
	}
	p.Interface, p.What = eni.ID, eni.ID
	if eni.Description != "" {
		p.What = fmt.Sprintf("%s (%s)", eni.ID, eni.Description)
	}
	if len(eni.Groups) > 0 {
		p.Group = eni.Groups[0]
	}
	p.Network = network.ReachInside(v, from, network.Interface{Name: p.What, IP: p.Address, Subnet: eni.SubnetID, Groups: eni.Groups, Known: true, Port: p.Port})
}

func contains(cidrs []string, address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(cidrs, func(c string) bool {
		p, err := netip.ParsePrefix(strings.TrimSpace(c))
		return err == nil && p.Contains(a)
	})
}
