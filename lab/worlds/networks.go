package worlds

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/lab"
)

// Networks are the kinds of networks that worlds can be drawn with: one's own, shared by another account, or spokes of a hub that another account has.
var Networks = []string{"own", "shared", "hub"}

// networkOwner is the account that shares its networks.
const networkOwner = "222233334444"

// ofKind makes a drawn network one of another kind.
func ofKind(r *rand.Rand, kind string, n lab.Network) lab.Network {
	switch kind {
	case "shared":
		n.Owner = networkOwner
	case "hub":
		n.NAT, n.Hub = false, true
		n.Central = !n.Endpoints && r.IntN(3) == 0
	}
	return n
}

// foreign tells whether networks of a kind belong to another account, or lead to one. Of their worlds half the faults are about the network.
func foreign(kind string) bool { return kind != "" && kind != "own" }

func aboutNetwork(k Kind) bool { return slices.Contains([]string{"net", "dns", "hub"}, k.Family) }

// kinds lists the ways to break a service in networks of a kind.
func kinds(networks string) []Kind {
	switch networks {
	case "hub":
		return slices.Concat(Kinds, hubKinds)
	case "shared":
		return slices.Concat(Kinds, sharedKinds)
	}
	return Kinds
}

// usesHub tells whether a start goes through the transit gateway.
func (p *Place) usesHub() bool { return p.private() && p.net.Hub && (!p.net.Endpoints || p.foreign()) }

func usesHub(p *Place) bool { return p.usesHub() }

// ownNetwork is for faults that are made in the account of the network.
func ownNetwork(p *Place) bool { return p.net.Owner == "" }

func (p *Place) attachment() string { return "${tgw-attachment:" + p.net.Name + "}" }

func setHub(key string) func(*Place) ([]lab.Step, []Answer, bool) {
	return func(p *Place) ([]lab.Step, []Answer, bool) {
		return []lab.Step{step("lab", "SetHub", input{key: false}), p.retire()}, nil, true
	}
}

var hubKinds = []Kind{
	{Name: "hub attachment deleted", Family: "hub", Fits: usesHub, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("net.blackhole-route", p.table(), step("ec2", "DeleteTransitGatewayVpcAttachment", input{"TransitGatewayAttachmentId": p.attachment()}), p.retire())
	}},
	{Name: "hub zone not attached", Family: "hub", Fits: usesHub, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		zone := string(rune('a' + p.r.IntN(p.net.Zones)))
		return one("net.next-hop", p.attachment(), step("ec2", "ModifyTransitGatewayVpcAttachment", input{"TransitGatewayAttachmentId": p.attachment(),
			"RemoveSubnetIds": []any{"${subnet:" + p.net.Name + "-transit-" + zone + "}"}}), p.retire())
	}},
	{Name: "hub route gone", Family: "hub", Fits: usesHub, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("net.no-egress-route", p.table(), step("ec2", "DeleteRoute", input{"RouteTableId": p.table(), "DestinationCidrBlock": "0.0.0.0/0"}), p.retire())
	}},
	{Name: "hub without internet", Family: "hub", Fits: usesHub, Hidden: true, Do: setHub("Internet")},
	{Name: "hub without a way back", Family: "hub", Fits: usesHub, Hidden: true, Do: setHub("Returns")},
	{Name: "hub endpoints down", Family: "hub", Fits: func(p *Place) bool { return p.net.Central }, Hidden: true, Do: setHub("Endpoints")},
}

var sharedKinds = []Kind{
	{Name: "net.share-withdrawn", Family: "net", Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		first := p.subnets()[0].(string)
		return one("net.share-withdrawn", first, step("lab", "WithdrawShare", input{"SubnetId": first}), p.retire())
	}},
}

// hiddenInShared are the kinds whose cause a participant sees nothing of; absentInShared those where he sees that something is not there, which
// may be because it is not shown.
var (
	hiddenInShared = []string{"net.nat-failed", "net.nat-no-internet-route", "net.endpoint-missing", "net.endpoint-private-dns", "net.endpoint-security-group", "net.endpoint-policy"}
	absentInShared = []string{"net.no-egress-route", "net.no-egress-route public", "net.s3-gateway-missing"}
)

// finish says of a fault what of it can be known, and who does its steps.
func (p *Place) finish(f Fault, hidden bool) Fault {
	f.Steps = signed(p.top, f.Steps)
	f.Hidden = hidden
	switch {
	case hidden: // of a hub
		f.Unseen = []string{"${tgw:company}"}
	case p.net.Owner == "":
		return f
	case slices.Contains(hiddenInShared, f.Kind):
		f.Hidden = true
		f.Unseen = []string{networkOwner, "${nat:" + p.net.Name + "}"}
	case slices.Contains(absentInShared, f.Kind), f.Family == "field" && slices.ContainsFunc(f.Steps, func(s lab.Step) bool { return s.Owner }):
		f.Unseen = []string{networkOwner, "${nat:" + p.net.Name + "}", p.table()}
	}
	return f
}

// signed marks the steps that only the owner of a shared network can do: all of EC2, but for what is done to security groups of the account's own.
func signed(t lab.Topology, steps []lab.Step) []lab.Step {
	out := slices.Clone(steps)
	for i, s := range out {
		if t.Networks[0].Owner == "" || s.Service != "ec2" {
			continue
		}
		group := fmt.Sprint(s.Input["GroupId"])
		out[i].Owner = !strings.Contains(s.Operation, "SecurityGroup") || strings.HasSuffix(group, "-endpoints}")
	}
	return out
}

// Signed marks the steps that the owner of the case's networks must do.
func (c *Case) Signed(steps []lab.Step) []lab.Step { return signed(c.Topology, steps) }
