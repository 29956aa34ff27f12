package collectors

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/evidence"
)

func vpcEndpoints(ctx context.Context, w *Wave, keys []evidence.Key) {
	page := func(ctx context.Context, f []types.Filter, token *string) ([]types.VpcEndpoint, *string, answer, error) {
		out, from, err := call(ctx, w.ports.ec2.DescribeVpcEndpoints, &ec2.DescribeVpcEndpointsInput{Filters: f, MaxResults: aws.Int32(ec2Page), NextToken: token})
		if err != nil {
			return nil, nil, from, err
		}
		return out.VpcEndpoints, out.NextToken, from, nil
	}
	byFilter(ctx, w, keys, "vpc-id", nil, page, func(e types.VpcEndpoint) string { return str(e.VpcId) },
		all(w, func(rows []types.VpcEndpoint) evidence.Endpoints {
			return evidence.Endpoints{Endpoints: mapped(rows, toEndpoint)}
		}))
}

func toEndpoint(e types.VpcEndpoint) evidence.Endpoint {
	return evidence.Endpoint{
		ID:          str(e.VpcEndpointId),
		Service:     str(e.ServiceName),
		Type:        string(e.VpcEndpointType),
		State:       string(e.State),
		VpcID:       str(e.VpcId),
		Owner:       str(e.OwnerId),
		PrivateDNS:  yes(e.PrivateDnsEnabled),
		Subnets:     e.SubnetIds,
		Groups:      mapped(e.Groups, func(g types.SecurityGroupIdentifier) string { return str(g.GroupId) }),
		RouteTables: e.RouteTableIds,
		Interfaces:  e.NetworkInterfaceIds,
		Policy:      str(e.PolicyDocument),
		Tags:        mapped(e.Tags, toEC2Tag),
	}
}

func (w *Wave) natPage(ctx context.Context, f []types.Filter, token *string) ([]types.NatGateway, *string, answer, error) {
	out, from, err := call(ctx, w.ports.ec2.DescribeNatGateways, &ec2.DescribeNatGatewaysInput{Filter: f, MaxResults: aws.Int32(ec2Page), NextToken: token})
	if err != nil {
		return nil, nil, from, err
	}
	return out.NatGateways, out.NextToken, from, nil
}

func natGateways(ctx context.Context, w *Wave, keys []evidence.Key) {
	byFilter(ctx, w, keys, "nat-gateway-id", nil, w.natPage, func(n types.NatGateway) string { return str(n.NatGatewayId) }, one(w, toNatGateway))
}

func vpcNatGateways(ctx context.Context, w *Wave, keys []evidence.Key) {
	byFilter(ctx, w, keys, "vpc-id", nil, w.natPage, func(n types.NatGateway) string { return str(n.VpcId) },
		all(w, func(rows []types.NatGateway) evidence.NatGateways {
			return evidence.NatGateways{Gateways: mapped(rows, toNatGateway)}
		}))
}

func toNatGateway(n types.NatGateway) evidence.NatGateway {
	return evidence.NatGateway{
		ID:             str(n.NatGatewayId),
		VpcID:          str(n.VpcId),
		SubnetID:       str(n.SubnetId),
		State:          string(n.State),
		FailureCode:    str(n.FailureCode),
		FailureMessage: text(n.FailureMessage),
		Connectivity:   string(n.ConnectivityType),
		Availability:   string(n.AvailabilityMode),
		DeletedAt:      when(n.DeleteTime),
		CreatedAt:      when(n.CreateTime),
		Tags:           mapped(n.Tags, toEC2Tag),
	}
}

func internetGateways(ctx context.Context, w *Wave, keys []evidence.Key) {
	page := func(ctx context.Context, f []types.Filter, token *string) ([]evidence.InternetGateway, *string, answer, error) {
		out, from, err := call(ctx, w.ports.ec2.DescribeInternetGateways, &ec2.DescribeInternetGatewaysInput{Filters: f, MaxResults: aws.Int32(ec2Page), NextToken: token})
		if err != nil {
			return nil, nil, from, err
		}
		var rows []evidence.InternetGateway
		for _, g := range out.InternetGateways {
			for _, a := range g.Attachments {
				rows = append(rows, evidence.InternetGateway{ID: str(g.InternetGatewayId), VpcID: str(a.VpcId), State: string(a.State), Owner: str(g.OwnerId)})
			}
		}
		return rows, out.NextToken, from, nil
	}
	byFilter(ctx, w, keys, "attachment.vpc-id", nil, page, func(g evidence.InternetGateway) string { return g.VpcID },
		all(w, func(rows []evidence.InternetGateway) evidence.InternetGateways {
			return evidence.InternetGateways{Gateways: rows}
		}))
}
