package lab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

func (w *World) findGroup(id *string) (*ec2types.SecurityGroup, error) {
	if g := w.groups[aws.ToString(id)]; g != nil {
		return g, nil
	}
	return nil, wire.Errorf("InvalidGroup.NotFound", "The security group '%s' does not exist", aws.ToString(id))
}

func (w *World) describeSecurityGroups(in *ec2.DescribeSecurityGroupsInput) (*ec2.DescribeSecurityGroupsOutput, error) {
	filters := in.Filters
	if len(in.GroupNames) > 0 { // names are looked up in the default VPC, which this world does not have
		return nil, wire.Errorf("InvalidGroup.NotFound", "The security group '%s' does not exist in default VPC", in.GroupNames[0])
	}
	missing := func(id string) *wire.Error {
		return wire.Errorf("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
	}
	rows, next, err := describe(w.seenGroups(), in.GroupIds, filters, in.MaxResults, in.NextToken, missing, groupAttributes)
	return &ec2.DescribeSecurityGroupsOutput{SecurityGroups: values(rows), NextToken: next}, err
}

func groupAttributes(g *ec2types.SecurityGroup, f string) ([]string, bool) {
	switch f {
	case "group-id":
		return text(g.GroupId), true
	case "group-name":
		return text(g.GroupName), true
	case "vpc-id":
		return text(g.VpcId), true
	case "owner-id":
		return text(g.OwnerId), true
	case "description":
		return text(g.Description), true
	}
	perms, field := g.IpPermissions, strings.TrimPrefix(f, "ip-permission.")
	if rest, ok := strings.CutPrefix(f, "egress.ip-permission."); ok {
		perms, field = g.IpPermissionsEgress, rest
	} else if field == f {
		return tagAttributes(g.Tags, f)
	}
	var out []string
	for _, r := range flatten(perms) {
		switch field {
		case "cidr":
			out = append(out, r.cidr)
		case "group-id":
			out = append(out, r.group)
		case "prefix-list-id":
			out = append(out, r.prefixList)
		case "protocol":
			out = append(out, r.protocol)
		case "from-port":
			out = append(out, portText(r.from))
		case "to-port":
			out = append(out, portText(r.to))
		default:
			return nil, false
		}
	}
	return out, true
}

func (w *World) describeSecurityGroupRules(in *ec2.DescribeSecurityGroupRulesInput) (*ec2.DescribeSecurityGroupRulesOutput, error) {
	all := map[string]*ec2types.SecurityGroupRule{}
	for _, g := range w.seenGroups() {
		for _, egress := range []bool{false, true} {
			for _, r := range flatten(*permissions(g, egress)) {
				rule := w.rule(g, egress, r)
				all[*rule.SecurityGroupRuleId] = &rule
			}
		}
	}
	rows, next, err := describe(all, in.SecurityGroupRuleIds, in.Filters, in.MaxResults, in.NextToken, func(id string) *wire.Error {
		return wire.Errorf("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", id)
	}, func(r *ec2types.SecurityGroupRule, f string) ([]string, bool) {
		switch f {
		case "group-id":
			return text(r.GroupId), true
		case "security-group-rule-id":
			return text(r.SecurityGroupRuleId), true
		}
		return tagAttributes(r.Tags, f)
	})
	return &ec2.DescribeSecurityGroupRulesOutput{SecurityGroupRules: values(rows), NextToken: next}, err
}

// createSecurityGroup makes a group without ingress rules and with the one egress rule that allows everything.
func (w *World) createSecurityGroup(in *ec2.CreateSecurityGroupInput) (*ec2.CreateSecurityGroupOutput, error) {
	v, err := w.findVPC(in.VpcId)
	if err != nil {
		return nil, err
	}
	for _, g := range w.groups {
		if *g.VpcId == *v.VpcId && *g.GroupName == *in.GroupName {
			return nil, wire.Errorf("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", *in.GroupName, *v.VpcId)
		}
	}
	id := w.newID("sg")
	g := &ec2types.SecurityGroup{
		GroupId: aws.String(id), GroupName: in.GroupName, Description: in.Description, VpcId: v.VpcId, OwnerId: aws.String(w.Account), SecurityGroupArn: aws.String(w.ec2ARN("security-group/" + id)),
		IpPermissions: []ec2types.IpPermission{}, IpPermissionsEgress: []ec2types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}},
		Tags: tagsFor(in.TagSpecifications, ec2types.ResourceTypeSecurityGroup),
	}
	if w.byOwner {
		g.OwnerId = v.OwnerId
	}
	w.groups[id] = g
	return &ec2.CreateSecurityGroupOutput{GroupId: g.GroupId, SecurityGroupArn: g.SecurityGroupArn, Tags: g.Tags}, nil
}

func (w *World) authorizeIngress(in *ec2.AuthorizeSecurityGroupIngressInput) (*ec2.AuthorizeSecurityGroupIngressOutput, error) {
	rules, err := w.addRules(in.GroupId, false, slices.Concat(in.IpPermissions, oneLine(in.IpProtocol, in.FromPort, in.ToPort, in.CidrIp)))
	return &ec2.AuthorizeSecurityGroupIngressOutput{Return: aws.Bool(true), SecurityGroupRules: rules}, err
}

func (w *World) authorizeEgress(in *ec2.AuthorizeSecurityGroupEgressInput) (*ec2.AuthorizeSecurityGroupEgressOutput, error) {
	rules, err := w.addRules(in.GroupId, true, slices.Concat(in.IpPermissions, oneLine(in.IpProtocol, in.FromPort, in.ToPort, in.CidrIp)))
	return &ec2.AuthorizeSecurityGroupEgressOutput{Return: aws.Bool(true), SecurityGroupRules: rules}, err
}

func (w *World) revokeIngress(in *ec2.RevokeSecurityGroupIngressInput) (*ec2.RevokeSecurityGroupIngressOutput, error) {
	gone, err := w.removeRules(in.GroupId, false, slices.Concat(in.IpPermissions, oneLine(in.IpProtocol, in.FromPort, in.ToPort, in.CidrIp)), in.SecurityGroupRuleIds)
	return &ec2.RevokeSecurityGroupIngressOutput{Return: aws.Bool(true), RevokedSecurityGroupRules: gone}, err
}

func (w *World) revokeEgress(in *ec2.RevokeSecurityGroupEgressInput) (*ec2.RevokeSecurityGroupEgressOutput, error) {
	gone, err := w.removeRules(in.GroupId, true, slices.Concat(in.IpPermissions, oneLine(in.IpProtocol, in.FromPort, in.ToPort, in.CidrIp)), in.SecurityGroupRuleIds)
	return &ec2.RevokeSecurityGroupEgressOutput{Return: aws.Bool(true), RevokedSecurityGroupRules: gone}, err
}

// oneLine is the older form of a rule, in parameters of its own.
func oneLine(protocol *string, from, to *int32, cidr *string) []ec2types.IpPermission {
	if protocol == nil || cidr == nil {
		return nil
	}
	return []ec2types.IpPermission{{IpProtocol: protocol, FromPort: from, ToPort: to, IpRanges: []ec2types.IpRange{{CidrIp: cidr}}}}
}

func permissions(g *ec2types.SecurityGroup, egress bool) *[]ec2types.IpPermission {
	if egress {
		return &g.IpPermissionsEgress
	}
	return &g.IpPermissions
}

func (w *World) addRules(groupID *string, egress bool, perms []ec2types.IpPermission) ([]ec2types.SecurityGroupRule, error) {
	g, err := w.findGroup(groupID)
	if err != nil {
		return nil, err
	}
	added := flatten(perms)
	have := flatten(*permissions(g, egress))
	if len(added) == 0 {
		return nil, wire.Errorf("MissingParameter", "The request must contain the parameter ipPermissions")
	}
	var rules []ec2types.SecurityGroupRule
	for i, r := range added {
		if err := w.checkRule(r); err != nil {
			return nil, err
		}
		if same := r.same; slices.ContainsFunc(have, same) || slices.ContainsFunc(added[:i], same) {
			return nil, wire.Errorf("InvalidPermission.Duplicate", "the specified rule \"peer: %s, %s, from port: %s, to port: %s, ALLOW\" already exists", r.peer(), strings.ToUpper(r.protocol), portText(r.from), portText(r.to))
		}
		if r.group != "" {
			added[i].account = w.Account
		}
		rules = append(rules, w.rule(g, egress, added[i]))
	}
	*permissions(g, egress) = regroup(append(have, added...))
	return rules, nil
}

func (w *World) checkRule(r sgRule) error {
	switch {
	case (r.protocol == "tcp" || r.protocol == "udp") && (r.from == nil || r.to == nil):
		return wire.Errorf("InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
	case r.from != nil && r.to != nil && *r.from > *r.to && r.protocol != "icmp":
		return wire.Errorf("InvalidParameterValue", "Invalid TCP/UDP port range (%d:%d)", *r.from, *r.to)
	case r.group != "" && w.groups[r.group] == nil:
		return wire.Errorf("InvalidGroup.NotFound", "The security group '%s' does not exist", r.group)
	case r.prefixList != "" && w.prefixLists[r.prefixList] == nil:
		return notFound("InvalidPrefixListID.NotFound", "prefix list ID", r.prefixList)
	case r.cidr != "" && !isCIDR(r.cidr):
		return wire.Errorf("InvalidParameterValue", "CIDR block %s is malformed", r.cidr)
	}
	return nil
}

func (w *World) removeRules(groupID *string, egress bool, perms []ec2types.IpPermission, ids []string) ([]ec2types.RevokedSecurityGroupRule, error) {
	g, err := w.findGroup(groupID)
	if err != nil {
		return nil, err
	}
	have := flatten(*permissions(g, egress))
	var gone []ec2types.RevokedSecurityGroupRule
	drop := func(match func(sgRule) bool) bool {
		i := slices.IndexFunc(have, match)
		if i < 0 {
			return false
		}
		r := w.rule(g, egress, have[i])
		revoked := ec2types.RevokedSecurityGroupRule{SecurityGroupRuleId: r.SecurityGroupRuleId, GroupId: r.GroupId, IsEgress: r.IsEgress, IpProtocol: r.IpProtocol, FromPort: r.FromPort, ToPort: r.ToPort, CidrIpv4: r.CidrIpv4, PrefixListId: r.PrefixListId}
		if r.ReferencedGroupInfo != nil {
			revoked.ReferencedGroupId = r.ReferencedGroupInfo.GroupId
		}
		gone = append(gone, revoked)
		have = slices.Delete(have, i, i+1)
		return true
	}
	for _, r := range flatten(perms) {
		if !drop(r.same) {
			return nil, wire.Errorf("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
		}
	}
	for _, id := range ids {
		if !drop(func(r sgRule) bool { return *w.rule(g, egress, r).SecurityGroupRuleId == id }) {
			return nil, wire.Errorf("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", id)
		}
	}
	*permissions(g, egress) = regroup(have)
	return gone, nil
}

// rule is a rule as DescribeSecurityGroupRules shows it. Its id follows from what it says.
func (w *World) rule(g *ec2types.SecurityGroup, egress bool, r sgRule) ec2types.SecurityGroupRule {
	id := "sgr-0" + stableHex(16, *g.GroupId, fmt.Sprint(egress), r.protocol, portText(r.from), portText(r.to), r.peer())
	out := ec2types.SecurityGroupRule{
		SecurityGroupRuleId: aws.String(id), SecurityGroupRuleArn: aws.String(w.ec2ARN("security-group-rule/" + id)), GroupId: g.GroupId, GroupOwnerId: g.OwnerId, IsEgress: aws.Bool(egress),
		IpProtocol: aws.String(r.protocol), FromPort: r.from, ToPort: r.to, CidrIpv4: optional(r.cidr), CidrIpv6: optional(r.cidr6), PrefixListId: optional(r.prefixList), Description: optional(r.description),
		Tags: []ec2types.Tag{},
	}
	if r.from == nil {
		out.FromPort, out.ToPort = aws.Int32(-1), aws.Int32(-1)
	}
	if r.group != "" {
		out.ReferencedGroupInfo = &ec2types.ReferencedSecurityGroup{GroupId: aws.String(r.group), UserId: aws.String(w.Account)}
	}
	return out
}
