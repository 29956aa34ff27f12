package lab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// sharing is what another account shares with this one by AWS RAM. The zero value is ready: nothing.
type sharing struct {
	owners  map[string]string // owner of every VPC that is not the account's own, by VPC id
	shared  map[string]bool   // subnets of these VPCs that the account may use
	byOwner bool              // the call at hand is the owner's, not the participant's; set at the begin of each call of EC2
}

// ownerKey is the access key that the owner of a shared network signs with. It stands for all his permissions.
const ownerKey = "LABNETWORKOWNER"

// share gives a VPC and all that is in it so far to another account, which lets this one use some of the subnets.
func (w *World) share(vpcID, owner string, subnets []string) {
	put(&w.owners, vpcID, owner)
	for _, id := range subnets {
		put(&w.shared, id, true)
	}
	w.vpcs[vpcID].OwnerId = aws.String(owner)
	for _, s := range w.subnets {
		if *s.VpcId == vpcID {
			s.OwnerId = aws.String(owner)
			s.SubnetArn = aws.String(strings.Replace(*s.SubnetArn, ":"+w.Account+":", ":"+owner+":", 1))
		}
	}
	for _, g := range w.groups {
		if *g.VpcId == vpcID {
			g.OwnerId = aws.String(owner)
		}
	}
}

// openSubnet is a subnet that the account may start tasks and load balancers in: its own, or one that is shared with it. nil = none.
func (w *World) openSubnet(id string) *ec2types.Subnet {
	s := w.subnets[id]
	if s != nil && w.owners[aws.ToString(s.VpcId)] != "" && !w.shared[id] {
		return nil
	}
	return s
}

// withdrawn is what EC2 says to a participant who makes an interface in a subnet that is shared no longer.
var withdrawn = wire.Errorf("AuthFailure", "You do not have permission to access the specified resource.")

func (w *World) labWithdrawShare(in map[string]any) error {
	id := textOf(in, "SubnetId")
	if !w.shared[id] {
		return fmt.Errorf("no subnet %q is shared with this account", id)
	}
	delete(w.shared, id)
	return nil
}

// hides tells whether resources of a VPC are to be looked at one by one, because the caller is not their owner.
func (w *World) hides(vpcID *string) bool { return !w.byOwner && w.owners[aws.ToString(vpcID)] != "" }

// seen is what the caller is shown of a kind of resource. show gives the resource, what can be seen of it, or nil.
func seen[T any](w *World, all map[string]*T, show func(*T) *T) map[string]*T {
	if len(w.owners) == 0 || w.byOwner {
		return all
	}
	out := map[string]*T{}
	for id, x := range all {
		if y := show(x); y != nil {
			out[id] = y
		}
	}
	return out
}

// A participant describes the VPC with its attributes, the subnets that are shared with him, and the route tables and network ACLs of these, all
// without the owner's tags. He does not see the owner's other subnets, NAT gateways, endpoints, interfaces and security groups
// (Amazon VPC user guide, "Responsibilities and permissions for owners and participants").

func (w *World) seenVPCs() map[string]*vpc {
	return seen(w, w.vpcs, func(v *vpc) *vpc {
		if !w.hides(v.VpcId) {
			return v
		}
		out := *v
		out.Tags = nil
		return &out
	})
}

func (w *World) seenSubnets() map[string]*ec2types.Subnet {
	return seen(w, w.subnets, func(s *ec2types.Subnet) *ec2types.Subnet {
		if !w.hides(s.VpcId) {
			return s
		}
		if !w.shared[*s.SubnetId] {
			return nil
		}
		out := *s
		out.Tags = nil
		return &out
	})
}

func (w *World) seenTables() map[string]*ec2types.RouteTable {
	used := map[string]bool{}
	for id := range w.shared {
		if t := w.tableOf(id); t != nil {
			used[*t.RouteTableId] = true
		}
	}
	return seen(w, w.routeTables, func(t *ec2types.RouteTable) *ec2types.RouteTable {
		switch {
		case !w.hides(t.VpcId):
			return t
		case !used[*t.RouteTableId]:
			return nil
		}
		out := *t
		out.Tags, out.OwnerId = nil, aws.String(w.owners[*t.VpcId])
		out.Associations = nil
		for _, a := range t.Associations {
			if aws.ToBool(a.Main) || w.shared[aws.ToString(a.SubnetId)] {
				out.Associations = append(out.Associations, a)
			}
		}
		return &out
	})
}

func (w *World) seenACLs() map[string]*ec2types.NetworkAcl {
	return seen(w, w.acls, func(a *ec2types.NetworkAcl) *ec2types.NetworkAcl {
		if !w.hides(a.VpcId) {
			return a
		}
		out := *a
		out.Tags, out.OwnerId = nil, aws.String(w.owners[*a.VpcId])
		out.Associations = nil
		for _, x := range a.Associations {
			if w.shared[aws.ToString(x.SubnetId)] {
				out.Associations = append(out.Associations, x)
			}
		}
		if len(out.Associations) == 0 {
			return nil
		}
		return &out
	})
}

func (w *World) seenGroups() map[string]*ec2types.SecurityGroup {
	return seen(w, w.groups, func(g *ec2types.SecurityGroup) *ec2types.SecurityGroup {
		if w.hides(g.VpcId) && aws.ToString(g.OwnerId) != w.Account {
			return nil
		}
		return g
	})
}

func (w *World) seenNATs() map[string]*ec2types.NatGateway {
	return seen(w, w.nats, func(n *ec2types.NatGateway) *ec2types.NatGateway {
		if w.hides(n.VpcId) {
			return nil
		}
		return n
	})
}

func (w *World) seenEndpoints() map[string]*ec2types.VpcEndpoint {
	return seen(w, w.endpoints, func(e *ec2types.VpcEndpoint) *ec2types.VpcEndpoint {
		if w.hides(e.VpcId) {
			return nil
		}
		return e
	})
}

func (w *World) seenIGWs() map[string]*ec2types.InternetGateway {
	return seen(w, w.igws, func(g *ec2types.InternetGateway) *ec2types.InternetGateway {
		for _, a := range g.Attachments {
			if w.hides(a.VpcId) {
				out := *g
				out.Tags, out.OwnerId = nil, aws.String(w.owners[*a.VpcId])
				return &out
			}
		}
		return g
	})
}

func (w *World) seenInterfaces() map[string]*ec2types.NetworkInterface {
	return seen(w, w.interfaces, func(n *ec2types.NetworkInterface) *ec2types.NetworkInterface {
		if w.hides(n.VpcId) && w.ownersInterface(n) {
			return nil
		}
		return n
	})
}

// ownersInterface tells whether an interface in a shared VPC is not this account's: of a gateway or endpoint, or of somebody unknown.
func (w *World) ownersInterface(n *ec2types.NetworkInterface) bool {
	switch n.InterfaceType {
	case ec2types.NetworkInterfaceTypeNatGateway, ec2types.NetworkInterfaceTypeVpcEndpoint, ec2types.NetworkInterfaceTypeTransitGateway:
		return true
	}
	return aws.ToString(n.Description) == leaked
}

// mayChange refuses a participant what only the owner of a shared network may change. He may make security groups in the VPC, and change
// those that he made; rules may name any other.
func (w *World) mayChange(operation string, input any) error {
	if len(w.owners) == 0 || w.byOwner {
		return nil
	}
	parameters := requestParameters(input)
	for _, id := range idsIn(parameters) {
		if operation == "CreateSecurityGroup" && strings.HasPrefix(id, "vpc-") {
			continue
		}
		if strings.HasPrefix(id, "sg-") && textOf(parameters, "groupId") != id {
			continue
		}
		if w.ownersThing(id) {
			return wire.Errorf("UnauthorizedOperation", "You are not authorized to perform this operation.")
		}
	}
	return nil
}

// ownersThing tells whether an id is of something in a shared VPC that belongs to the VPC's owner.
func (w *World) ownersThing(id string) bool {
	kind, _, _ := strings.Cut(id, "-")
	var vpcID *string
	switch kind {
	case "vpc":
		vpcID = aws.String(id)
	case "subnet":
		if s := w.subnets[id]; s != nil {
			vpcID = s.VpcId
		}
	case "rtb":
		if t := w.routeTables[id]; t != nil {
			vpcID = t.VpcId
		}
	case "acl":
		if a := w.acls[id]; a != nil {
			vpcID = a.VpcId
		}
	case "nat":
		if n := w.nats[id]; n != nil {
			vpcID = n.VpcId
		}
	case "vpce":
		if e := w.endpoints[id]; e != nil {
			vpcID = e.VpcId
		}
	case "igw":
		if g := w.igws[id]; g != nil && len(g.Attachments) > 0 {
			vpcID = g.Attachments[0].VpcId
		}
	case "sg":
		if g := w.groups[id]; g != nil && aws.ToString(g.OwnerId) != w.Account {
			vpcID = g.VpcId
		}
	case "eni":
		if n := w.interfaces[id]; n != nil && w.ownersInterface(n) {
			vpcID = n.VpcId
		}
	case "rtbassoc":
		if t, _, err := w.findAssociation(id); err == nil {
			vpcID = t.VpcId
		}
	case "aclassoc":
		for _, a := range w.acls {
			if slices.ContainsFunc(a.Associations, func(x ec2types.NetworkAclAssociation) bool { return aws.ToString(x.NetworkAclAssociationId) == id }) {
				vpcID = a.VpcId
			}
		}
	}
	return w.owners[aws.ToString(vpcID)] != ""
}

// idsIn lists every text in a value of any depth.
func idsIn(v any) (out []string) {
	switch v := v.(type) {
	case string:
		out = append(out, v)
	case []any:
		for _, e := range v {
			out = append(out, idsIn(e)...)
		}
	case map[string]any:
		for _, e := range v {
			out = append(out, idsIn(e)...)
		}
	}
	return out
}
