package lab

import (
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// groupsBlock asks the security groups of an interface. p.to is the other side, and peer its interface where that is
// known. The result is the first group when none allows the packet, else "".
func (w *World) groupsBlock(n *ec2types.NetworkInterface, p packet, peer *ec2types.NetworkInterface, egress bool) string {
	if peer == nil {
		peer = w.interfaceAt(aws.ToString(n.VpcId), p.to)
	}
	first := aws.ToString(n.NetworkInterfaceId)
	for i, id := range n.Groups {
		if i == 0 {
			first = aws.ToString(id.GroupId)
		}
		g := w.groups[aws.ToString(id.GroupId)]
		if g == nil {
			continue
		}
		rules := g.IpPermissions
		if egress {
			rules = g.IpPermissionsEgress
		}
		if slices.ContainsFunc(rules, func(r ec2types.IpPermission) bool { return w.permits(r, p, peer) }) {
			return ""
		}
	}
	return first
}

// permits tells whether one rule of a security group allows a packet.
func (w *World) permits(r ec2types.IpPermission, p packet, peer *ec2types.NetworkInterface) bool {
	switch protocol := aws.ToString(r.IpProtocol); {
	case protocol == "-1":
	case protocolName(protocol) != p.protocol:
		return false
	case p.port < aws.ToInt32(r.FromPort) || p.port > aws.ToInt32(r.ToPort):
		return false
	}
	for _, c := range r.IpRanges {
		if match(aws.ToString(c.CidrIp), p.to) > 0 {
			return true
		}
	}
	for _, l := range r.PrefixListIds {
		if slices.ContainsFunc(w.prefixListCIDRs(aws.ToString(l.PrefixListId)), func(c string) bool { return match(c, p.to) > 0 }) {
			return true
		}
	}
	if peer == nil {
		return false
	}
	for _, pair := range r.UserIdGroupPairs {
		if slices.ContainsFunc(peer.Groups, func(g ec2types.GroupIdentifier) bool { return aws.ToString(g.GroupId) == aws.ToString(pair.GroupId) }) {
			return true
		}
	}
	return false
}

// protocolName reads a protocol that may be given by its number.
func protocolName(s string) string {
	switch s {
	case "6":
		return "tcp"
	case "17":
		return "udp"
	case "1":
		return "icmp"
	}
	return s
}

// aclCheck is one kind of traffic at the border of a subnet: egress or ingress, the address outside, the ports it goes to.
type aclCheck struct {
	egress   bool
	peer     netip.Addr
	protocol string
	ports    portRange
}

// aclBlocks asks the network ACL of a subnet; the result is its id when it stops any of the checks, else "". A subnet
// without an ACL (which AWS does not have) lets everything through.
func (w *World) aclBlocks(subnetID string, checks []aclCheck) string {
	acl := w.aclOf(subnetID)
	if acl == nil {
		return ""
	}
	for _, c := range checks {
		if !aclAllows(acl, c) {
			return *acl.NetworkAclId
		}
	}
	return ""
}

func (w *World) aclOf(subnetID string) *ec2types.NetworkAcl {
	for _, a := range sorted(w.acls) {
		if slices.ContainsFunc(a.Associations, func(x ec2types.NetworkAclAssociation) bool { return aws.ToString(x.SubnetId) == subnetID }) {
			return a
		}
	}
	if s := w.subnets[subnetID]; s != nil {
		for _, a := range sorted(w.acls) {
			if aws.ToBool(a.IsDefault) && aws.ToString(a.VpcId) == aws.ToString(s.VpcId) {
				return a
			}
		}
	}
	return nil
}

// aclAllows walks the entries by rule number. Of the ports to which answers may come a few can be refused: a hundredth at most, since
// the connections of a start are some dozens and each may take any of them. A port that is dialled must be allowed.
func aclAllows(acl *ec2types.NetworkAcl, c aclCheck) bool {
	entries := slices.Clone(acl.Entries)
	slices.SortStableFunc(entries, func(a, b ec2types.NetworkAclEntry) int {
		return int(aws.ToInt32(a.RuleNumber)) - int(aws.ToInt32(b.RuleNumber))
	})
	open := []portRange{c.ports} // what no entry has decided yet
	refused := int32(0)
	for _, e := range entries {
		if aws.ToBool(e.Egress) != c.egress || match(aws.ToString(e.CidrBlock), c.peer) == 0 {
			continue
		}
		covers := portRange{0, 65535}
		if protocol := protocolName(aws.ToString(e.Protocol)); protocol != "-1" {
			if protocol != c.protocol {
				continue
			}
			if e.PortRange != nil {
				covers = portRange{aws.ToInt32(e.PortRange.From), aws.ToInt32(e.PortRange.To)}
			}
		}
		rest, touched := without(open, covers)
		if touched && e.RuleAction == ec2types.RuleActionDeny {
			refused += width(open) - width(rest)
		}
		open = rest
	}
	refused += width(open)
	return refused*100 <= width([]portRange{c.ports})
}

// width is how many ports ranges hold.
func width(ranges []portRange) int32 {
	n := int32(0)
	for _, r := range ranges {
		n += r.to - r.from + 1
	}
	return n
}

// without cuts a range out of ranges.
func without(ranges []portRange, cut portRange) (rest []portRange, touched bool) {
	for _, r := range ranges {
		if cut.to < r.from || cut.from > r.to {
			rest = append(rest, r)
			continue
		}
		touched = true
		if r.from < cut.from {
			rest = append(rest, portRange{r.from, cut.from - 1})
		}
		if r.to > cut.to {
			rest = append(rest, portRange{cut.to + 1, r.to})
		}
	}
	return rest, touched
}
