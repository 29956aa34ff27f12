package collectors

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/evidence"
)

func (w *Wave) groupPage(ctx context.Context, f []types.Filter, token *string) ([]types.SecurityGroup, *string, answer, error) {
	out, from, err := call(ctx, w.ports.ec2.DescribeSecurityGroups, &ec2.DescribeSecurityGroupsInput{Filters: f, MaxResults: aws.Int32(ec2Page), NextToken: token})
	if err != nil {
		return nil, nil, from, err
	}
	return out.SecurityGroups, out.NextToken, from, nil
}

func securityGroups(ctx context.Context, w *Wave, keys []evidence.Key) {
	byFilter(ctx, w, keys, "group-id", nil, w.groupPage, func(g types.SecurityGroup) string { return str(g.GroupId) }, one(w, toSecurityGroup))
}

// defaultSecurityGroups finds the group that tasks get where none is named.
func defaultSecurityGroups(ctx context.Context, w *Wave, keys []evidence.Key) {
	named := []types.Filter{{Name: aws.String("group-name"), Values: []string{"default"}}}
	byFilter(ctx, w, keys, "vpc-id", named, w.groupPage, func(g types.SecurityGroup) string { return str(g.VpcId) },
		all(w, func(rows []types.SecurityGroup) evidence.SecurityGroups {
			return evidence.SecurityGroups{Groups: mapped(rows, toSecurityGroup)}
		}))
}

func toSecurityGroup(g types.SecurityGroup) evidence.SecurityGroup {
	return evidence.SecurityGroup{
		ID:      str(g.GroupId),
		Name:    str(g.GroupName),
		VpcID:   str(g.VpcId),
		Owner:   str(g.OwnerId),
		Ingress: toRules(g.IpPermissions),
		Egress:  toRules(g.IpPermissionsEgress),
		Tags:    mapped(g.Tags, toEC2Tag),
	}
}

// toRules splits each permission into one rule for each peer.
func toRules(permissions []types.IpPermission) []evidence.SGRule {
	var out []evidence.SGRule
	for _, p := range permissions {
		base := evidence.SGRule{Protocol: str(p.IpProtocol), FromPort: -1, ToPort: -1}
		if base.Protocol != "-1" && p.FromPort != nil {
			base.FromPort, base.ToPort = num(p.FromPort), num(p.ToPort)
		}
		add := func(set func(*evidence.SGRule)) {
			r := base
			set(&r)
			out = append(out, r)
		}
		for _, x := range p.IpRanges {
			add(func(r *evidence.SGRule) { r.CIDR = str(x.CidrIp) })
		}
		for _, x := range p.Ipv6Ranges {
			add(func(r *evidence.SGRule) { r.IPv6CIDR = str(x.CidrIpv6) })
		}
		for _, x := range p.PrefixListIds {
			add(func(r *evidence.SGRule) { r.PrefixList = str(x.PrefixListId) })
		}
		for _, x := range p.UserIdGroupPairs {
			add(func(r *evidence.SGRule) { r.Group = str(x.GroupId) })
		}
	}
	return out
}
