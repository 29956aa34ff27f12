package collectors

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/evidence"
)

func vpcs(ctx context.Context, w *Wave, keys []evidence.Key) {
	page := func(ctx context.Context, f []types.Filter, token *string) ([]types.Vpc, *string, answer, error) {
		out, from, err := call(ctx, w.ports.ec2.DescribeVpcs, &ec2.DescribeVpcsInput{Filters: f, MaxResults: aws.Int32(ec2Page), NextToken: token})
		if err != nil {
			return nil, nil, from, err
		}
		return out.Vpcs, out.NextToken, from, nil
	}
	byFilter(ctx, w, keys, "vpc-id", nil, page, func(v types.Vpc) string { return str(v.VpcId) }, one(w, toVpc))
}

func toVpc(p types.Vpc) evidence.Vpc {
	v := evidence.Vpc{
		ID:                str(p.VpcId),
		Owner:             str(p.OwnerId),
		DhcpOptionsID:     str(p.DhcpOptionsId),
		BlockPublicAccess: toBlockMode(p.BlockPublicAccessStates),
		Tags:              mapped(p.Tags, toEC2Tag),
	}
	for _, c := range p.CidrBlockAssociationSet {
		if c.CidrBlockState == nil || c.CidrBlockState.State == types.VpcCidrBlockStateCodeAssociated {
			v.CIDRs = append(v.CIDRs, str(c.CidrBlock))
		}
	}
	if len(v.CIDRs) == 0 && p.CidrBlock != nil {
		v.CIDRs = []string{*p.CidrBlock}
	}
	return v
}

// vpcDNS reads both attributes of a VPC at the same time: AWS gives one VPC and one attribute for each call.
func vpcDNS(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		type part struct {
			name types.VpcAttributeName
			out  *ec2.DescribeVpcAttributeOutput
			from answer
			err  error
		}
		support, hostnames := &part{name: types.VpcAttributeNameEnableDnsSupport}, &part{name: types.VpcAttributeNameEnableDnsHostnames}
		each(ctx, []*part{support, hostnames}, func(ctx context.Context, p *part) {
			p.out, p.from, p.err = call(ctx, w.ports.ec2.DescribeVpcAttribute, &ec2.DescribeVpcAttributeInput{VpcId: &k.ID, Attribute: p.name})
		})
		for _, p := range []*part{support, hostnames} {
			if p.err == nil {
				continue
			}
			if is(p.err, "InvalidVpcID.NotFound") {
				w.absent(k, p.from)
			} else {
				w.gap(p.from, p.err, k)
			}
			return
		}
		if support.out.EnableDnsSupport == nil || hostnames.out.EnableDnsHostnames == nil {
			w.missing(k, support.from)
			return
		}
		w.found(k, support.from, evidence.VpcDNS{
			VpcID:     k.ID,
			Support:   yes(support.out.EnableDnsSupport.Value),
			Hostnames: yes(hostnames.out.EnableDnsHostnames.Value),
		})
	})
}

func routeTables(ctx context.Context, w *Wave, keys []evidence.Key) {
	page := func(ctx context.Context, f []types.Filter, token *string) ([]types.RouteTable, *string, answer, error) {
		out, from, err := call(ctx, w.ports.ec2.DescribeRouteTables, &ec2.DescribeRouteTablesInput{Filters: f, MaxResults: aws.Int32(smallPage), NextToken: token})
		if err != nil {
			return nil, nil, from, err
		}
		return out.RouteTables, out.NextToken, from, nil
	}
	byFilter(ctx, w, keys, "vpc-id", nil, page, func(t types.RouteTable) string { return str(t.VpcId) },
		all(w, func(rows []types.RouteTable) evidence.RouteTables {
			return evidence.RouteTables{Tables: mapped(rows, toRouteTable)}
		}))
}

func toRouteTable(t types.RouteTable) evidence.RouteTable {
	v := evidence.RouteTable{
		ID:     str(t.RouteTableId),
		VpcID:  str(t.VpcId),
		Owner:  str(t.OwnerId),
		Routes: mapped(t.Routes, toRoute),
		Tags:   mapped(t.Tags, toEC2Tag),
	}
	for _, a := range t.Associations {
		if s := a.AssociationState; s != nil && s.State != "" && s.State != types.RouteTableAssociationStateCodeAssociated && s.State != types.RouteTableAssociationStateCodeAssociating {
			continue
		}
		v.Main = v.Main || yes(a.Main)
		if a.SubnetId != nil {
			v.Subnets = append(v.Subnets, *a.SubnetId)
		}
	}
	return v
}

func toRoute(r types.Route) evidence.Route {
	v := evidence.Route{
		DestinationCIDR:       str(r.DestinationCidrBlock),
		DestinationIPv6:       str(r.DestinationIpv6CidrBlock),
		DestinationPrefixList: str(r.DestinationPrefixListId),
		State:                 string(r.State),
		Origin:                string(r.Origin),
	}
	// A route to an instance names its interface too: the interface is what packets reach.
	for _, target := range []*string{r.GatewayId, r.NatGatewayId, r.TransitGatewayId, r.VpcPeeringConnectionId, r.NetworkInterfaceId, r.InstanceId,
		r.EgressOnlyInternetGatewayId, r.LocalGatewayId, r.CarrierGatewayId, r.CoreNetworkArn, r.OdbNetworkArn} {
		if str(target) != "" {
			v.Target = *target
			break
		}
	}
	return v
}

func networkAcls(ctx context.Context, w *Wave, keys []evidence.Key) {
	page := func(ctx context.Context, f []types.Filter, token *string) ([]types.NetworkAcl, *string, answer, error) {
		out, from, err := call(ctx, w.ports.ec2.DescribeNetworkAcls, &ec2.DescribeNetworkAclsInput{Filters: f, MaxResults: aws.Int32(ec2Page), NextToken: token})
		if err != nil {
			return nil, nil, from, err
		}
		return out.NetworkAcls, out.NextToken, from, nil
	}
	byFilter(ctx, w, keys, "vpc-id", nil, page, func(a types.NetworkAcl) string { return str(a.VpcId) },
		all(w, func(rows []types.NetworkAcl) evidence.NetworkAcls {
			return evidence.NetworkAcls{Acls: mapped(rows, toNetworkAcl)}
		}))
}

func toNetworkAcl(a types.NetworkAcl) evidence.NetworkAcl {
	return evidence.NetworkAcl{
		ID:      str(a.NetworkAclId),
		Default: yes(a.IsDefault),
		Owner:   str(a.OwnerId),
		Subnets: mapped(a.Associations, func(s types.NetworkAclAssociation) string { return str(s.SubnetId) }),
		Entries: mapped(a.Entries, toAclEntry),
	}
}

func toAclEntry(e types.NetworkAclEntry) evidence.AclEntry {
	v := evidence.AclEntry{
		Number:   num(e.RuleNumber),
		Egress:   yes(e.Egress),
		Allow:    e.RuleAction == types.RuleActionAllow,
		Protocol: str(e.Protocol),
		CIDR:     str(e.CidrBlock),
	}
	if e.PortRange != nil {
		v.FromPort, v.ToPort = num(e.PortRange.From), num(e.PortRange.To)
	}
	return v
}
