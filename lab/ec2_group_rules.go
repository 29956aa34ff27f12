package lab

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// sgRule is one rule of a security group: one protocol, one range of ports, one peer.
type sgRule struct {
	protocol                       string // tcp, udp, icmp, -1 (everything) or a number
	from, to                       *int32 // nil for protocols without ports
	cidr, cidr6, group, prefixList string // one of them is set
	account, description           string // account: of group
}

func (r sgRule) peer() string { return r.cidr + r.cidr6 + r.group + r.prefixList }

// same compares what two rules allow.
func (r sgRule) same(o sgRule) bool {
	return r.protocol == o.protocol && portText(r.from) == portText(o.from) && portText(r.to) == portText(o.to) && r.peer() == o.peer()
}

func portText(p *int32) string {
	if p == nil {
		return "-1"
	}
	return fmt.Sprint(*p)
}

func isCIDR(s string) bool {
	_, err := netip.ParsePrefix(s)
	return err == nil
}

// flatten takes permissions apart, in EC2's own spelling of protocols.
func flatten(perms []ec2types.IpPermission) []sgRule {
	var out []sgRule
	for _, p := range perms {
		base := sgRule{protocol: protocolName(aws.ToString(p.IpProtocol)), from: p.FromPort, to: p.ToPort}
		if base.protocol == "all" {
			base.protocol = "-1"
		}
		if base.protocol == "-1" {
			base.from, base.to = nil, nil
		}
		add := func(description *string, set func(*sgRule)) {
			r := base
			r.description = aws.ToString(description)
			set(&r)
			out = append(out, r)
		}
		for _, c := range p.IpRanges {
			add(c.Description, func(r *sgRule) { r.cidr = masked(aws.ToString(c.CidrIp)) })
		}
		for _, c := range p.Ipv6Ranges {
			add(c.Description, func(r *sgRule) { r.cidr6 = masked(aws.ToString(c.CidrIpv6)) })
		}
		for _, g := range p.UserIdGroupPairs {
			add(g.Description, func(r *sgRule) { r.group, r.account = aws.ToString(g.GroupId), aws.ToString(g.UserId) })
		}
		for _, l := range p.PrefixListIds {
			add(l.Description, func(r *sgRule) { r.prefixList = aws.ToString(l.PrefixListId) })
		}
	}
	return out
}

// masked is a CIDR without host bits; what is no CIDR stays as it is.
func masked(s string) string {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked().String()
	}
	return s
}

// regroup puts rules of the same protocol and ports into one permission, as EC2 describes them.
func regroup(rules []sgRule) []ec2types.IpPermission {
	out := []ec2types.IpPermission{}
	for _, r := range rules {
		i := slices.IndexFunc(out, func(p ec2types.IpPermission) bool {
			return *p.IpProtocol == r.protocol && portText(p.FromPort) == portText(r.from) && portText(p.ToPort) == portText(r.to)
		})
		if i < 0 {
			i = len(out)
			out = append(out, ec2types.IpPermission{IpProtocol: aws.String(r.protocol), FromPort: r.from, ToPort: r.to})
		}
		p, about := &out[i], optional(r.description)
		switch {
		case r.cidr != "":
			p.IpRanges = append(p.IpRanges, ec2types.IpRange{CidrIp: aws.String(r.cidr), Description: about})
		case r.cidr6 != "":
			p.Ipv6Ranges = append(p.Ipv6Ranges, ec2types.Ipv6Range{CidrIpv6: aws.String(r.cidr6), Description: about})
		case r.group != "":
			p.UserIdGroupPairs = append(p.UserIdGroupPairs, ec2types.UserIdGroupPair{GroupId: aws.String(r.group), UserId: optional(r.account), Description: about})
		case r.prefixList != "":
			p.PrefixListIds = append(p.PrefixListIds, ec2types.PrefixListId{PrefixListId: aws.String(r.prefixList), Description: about})
		}
	}
	return out
}
