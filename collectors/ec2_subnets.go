package collectors

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/evidence"
)

func subnets(ctx context.Context, w *Wave, keys []evidence.Key) {
	page := func(ctx context.Context, f []types.Filter, token *string) ([]types.Subnet, *string, answer, error) {
		out, from, err := call(ctx, w.ports.ec2.DescribeSubnets, &ec2.DescribeSubnetsInput{Filters: f, MaxResults: aws.Int32(ec2Page), NextToken: token})
		if err != nil {
			return nil, nil, from, err
		}
		return out.Subnets, out.NextToken, from, nil
	}
	byFilter(ctx, w, keys, "subnet-id", nil, page, func(s types.Subnet) string { return str(s.SubnetId) }, one(w, toSubnet))
}

func toSubnet(s types.Subnet) evidence.Subnet {
	return evidence.Subnet{
		ID:                str(s.SubnetId),
		ARN:               str(s.SubnetArn),
		VpcID:             str(s.VpcId),
		Owner:             str(s.OwnerId),
		AvailabilityZone:  str(s.AvailabilityZone),
		ZoneID:            str(s.AvailabilityZoneId),
		CIDR:              str(s.CidrBlock),
		FreeAddresses:     num(s.AvailableIpAddressCount),
		MapPublicIP:       yes(s.MapPublicIpOnLaunch),
		IPv6Native:        yes(s.Ipv6Native),
		BlockPublicAccess: toBlockMode(s.BlockPublicAccessStates),
		Tags:              mapped(s.Tags, toEC2Tag),
	}
}

func toBlockMode(s *types.BlockPublicAccessStates) string {
	if s == nil {
		return ""
	}
	return string(s.InternetGatewayBlockMode)
}

const maxInterfaces = 1000 // of one subnet: enough to see who fills it

// subnetInterfaces reads one page for each subnet, so that a big subnet does not hide another.
func subnetInterfaces(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.ec2.DescribeNetworkInterfaces, &ec2.DescribeNetworkInterfacesInput{
			Filters:    []types.Filter{{Name: aws.String("subnet-id"), Values: []string{k.ID}}},
			MaxResults: aws.Int32(maxInterfaces),
		})
		if err != nil {
			w.gap(from, err, k)
			return
		}
		w.found(k, from, evidence.Interfaces{Interfaces: mapped(out.NetworkInterfaces, toInterface), Truncated: str(out.NextToken) != ""})
	})
}

func toInterface(n types.NetworkInterface) evidence.Interface {
	v := evidence.Interface{
		ID:          str(n.NetworkInterfaceId),
		SubnetID:    str(n.SubnetId),
		Type:        string(n.InterfaceType),
		Status:      string(n.Status),
		Description: text(n.Description),
		Requester:   str(n.RequesterId),
		Addresses:   mapped(n.PrivateIpAddresses, func(a types.NetworkInterfacePrivateIpAddress) string { return str(a.PrivateIpAddress) }),
		Groups:      mapped(n.Groups, func(g types.GroupIdentifier) string { return str(g.GroupId) }),
	}
	if len(v.Addresses) == 0 && n.PrivateIpAddress != nil {
		v.Addresses = []string{*n.PrivateIpAddress}
	}
	return v
}
