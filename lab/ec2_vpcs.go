package lab

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

func (w *World) findVPC(id *string) (*vpc, error) {
	if v := w.vpcs[aws.ToString(id)]; v != nil {
		return v, nil
	}
	return nil, notFound("InvalidVpcID.NotFound", "vpc ID", aws.ToString(id))
}

func (w *World) describeVpcs(in *ec2.DescribeVpcsInput) (*ec2.DescribeVpcsOutput, error) {
	rows, next, err := describe(w.seenVPCs(), in.VpcIds, in.Filters, in.MaxResults, in.NextToken, notFoundAs("InvalidVpcID.NotFound", "vpc ID"), func(v *vpc, f string) ([]string, bool) {
		switch f {
		case "vpc-id":
			return text(v.VpcId), true
		case "cidr", "cidr-block", "cidrBlock", "cidr-block-association.cidr-block":
			return text(v.CidrBlock), true
		case "owner-id":
			return text(v.OwnerId), true
		case "is-default", "isDefault":
			return boolText(v.IsDefault), true
		case "dhcp-options-id":
			return text(v.DhcpOptionsId), true
		case "state":
			return []string{string(v.State)}, true
		}
		return tagAttributes(v.Tags, f)
	})
	out := &ec2.DescribeVpcsOutput{NextToken: next}
	for _, v := range rows {
		answer := v.Vpc
		answer.BlockPublicAccessStates = w.blockStates(*v.VpcId)
		out.Vpcs = append(out.Vpcs, answer)
	}
	return out, err
}

func (w *World) describeVpcAttribute(in *ec2.DescribeVpcAttributeInput) (*ec2.DescribeVpcAttributeOutput, error) {
	v, err := w.findVPC(in.VpcId)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeVpcAttributeOutput{VpcId: v.VpcId}
	switch in.Attribute {
	case ec2types.VpcAttributeNameEnableDnsSupport:
		out.EnableDnsSupport = &ec2types.AttributeBooleanValue{Value: aws.Bool(v.dnsSupport)}
	case ec2types.VpcAttributeNameEnableDnsHostnames:
		out.EnableDnsHostnames = &ec2types.AttributeBooleanValue{Value: aws.Bool(v.dnsHostnames)}
	default:
		out.EnableNetworkAddressUsageMetrics = &ec2types.AttributeBooleanValue{Value: aws.Bool(false)}
	}
	return out, nil
}

// modifyVpcAttribute changes one attribute a call, as EC2 asks for.
func (w *World) modifyVpcAttribute(in *ec2.ModifyVpcAttributeInput) (*ec2.ModifyVpcAttributeOutput, error) {
	v, err := w.findVPC(in.VpcId)
	if err != nil {
		return nil, err
	}
	if in.EnableDnsHostnames != nil && in.EnableDnsSupport != nil {
		return nil, wire.Errorf("InvalidParameterCombination", "Only one attribute may be modified at a time.")
	}
	if a := in.EnableDnsSupport; a != nil {
		v.dnsSupport = aws.ToBool(a.Value)
	}
	if a := in.EnableDnsHostnames; a != nil {
		if aws.ToBool(a.Value) && !v.dnsSupport {
			return nil, wire.Errorf("InvalidParameterValue", "DNS hostnames cannot be enabled without DNS support for %s.", *v.VpcId)
		}
		v.dnsHostnames = aws.ToBool(a.Value)
	}
	return nil, nil
}

func (w *World) describeSubnets(in *ec2.DescribeSubnetsInput) (*ec2.DescribeSubnetsOutput, error) {
	rows, next, err := describe(w.seenSubnets(), in.SubnetIds, in.Filters, in.MaxResults, in.NextToken, notFoundAs("InvalidSubnetID.NotFound", "subnet ID"), func(s *ec2types.Subnet, f string) ([]string, bool) {
		switch f {
		case "subnet-id":
			return text(s.SubnetId), true
		case "vpc-id":
			return text(s.VpcId), true
		case "availability-zone", "availabilityZone":
			return text(s.AvailabilityZone), true
		case "availability-zone-id", "availabilityZoneId":
			return text(s.AvailabilityZoneId), true
		case "cidr-block", "cidr", "cidrBlock":
			return text(s.CidrBlock), true
		case "owner-id":
			return text(s.OwnerId), true
		case "state":
			return []string{string(s.State)}, true
		case "map-public-ip-on-launch":
			return boolText(s.MapPublicIpOnLaunch), true
		case "default-for-az", "defaultForAz":
			return boolText(s.DefaultForAz), true
		}
		return tagAttributes(s.Tags, f)
	})
	out := &ec2.DescribeSubnetsOutput{NextToken: next, Subnets: values(rows)}
	for i := range out.Subnets {
		out.Subnets[i].BlockPublicAccessStates = w.blockStates(*out.Subnets[i].VpcId, *out.Subnets[i].SubnetId)
	}
	return out, err
}

func (w *World) createSubnet(in *ec2.CreateSubnetInput) (*ec2.CreateSubnetOutput, error) {
	v, err := w.findVPC(in.VpcId)
	if err != nil {
		return nil, err
	}
	p, bad := netip.ParsePrefix(aws.ToString(in.CidrBlock))
	if bad != nil || p.Bits() < 16 || p.Bits() > 28 {
		return nil, wire.Errorf("InvalidSubnet.Range", "The CIDR '%s' is invalid.", aws.ToString(in.CidrBlock))
	}
	p = p.Masked()
	if whole, err := netip.ParsePrefix(*v.CidrBlock); err != nil || !whole.Overlaps(p) || whole.Bits() > p.Bits() {
		return nil, wire.Errorf("InvalidSubnet.Range", "The CIDR '%s' is invalid.", p)
	}
	for _, s := range sorted(w.subnets) {
		if o, err := netip.ParsePrefix(aws.ToString(s.CidrBlock)); err == nil && *s.VpcId == *v.VpcId && o.Overlaps(p) {
			return nil, wire.Errorf("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", p)
		}
	}
	zone := aws.ToString(in.AvailabilityZone)
	if zone == "" {
		zone = w.Region + "a"
	}
	letter, ok := strings.CutPrefix(zone, w.Region)
	if !ok || !slices.Contains(zones, letter) {
		return nil, wire.Errorf("InvalidParameterValue", "Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: %s.", zone, w.Region+strings.Join(zones, ", "+w.Region))
	}
	id := w.newID("subnet")
	s := &ec2types.Subnet{
		SubnetId: aws.String(id), SubnetArn: aws.String(w.ec2ARN("subnet/" + id)), VpcId: v.VpcId, CidrBlock: aws.String(p.String()), OwnerId: aws.String(w.Account),
		AvailabilityZone: aws.String(zone), AvailabilityZoneId: aws.String(zoneID(w.Region, letter)), State: ec2types.SubnetStateAvailable, MapPublicIpOnLaunch: aws.Bool(false),
		DefaultForAz: aws.Bool(false), AssignIpv6AddressOnCreation: aws.Bool(false), Tags: tagsFor(in.TagSpecifications, ec2types.ResourceTypeSubnet),
	}
	w.subnets[id] = s
	w.joinDefaultACL(id, *v.VpcId)
	w.countAddresses(s)
	if acl := w.aclOf(id); acl != nil { // the default one
		acl.Associations = append(slices.Clone(acl.Associations), ec2types.NetworkAclAssociation{
			NetworkAclAssociationId: aws.String(w.newID("aclassoc")), NetworkAclId: acl.NetworkAclId, SubnetId: s.SubnetId})
	}
	return &ec2.CreateSubnetOutput{Subnet: &values([]*ec2types.Subnet{s})[0]}, nil
}

func (w *World) modifySubnetAttribute(in *ec2.ModifySubnetAttributeInput) (*ec2.ModifySubnetAttributeOutput, error) {
	s := w.subnets[*in.SubnetId]
	if s == nil {
		return nil, notFound("InvalidSubnetID.NotFound", "subnet ID", *in.SubnetId)
	}
	if in.MapPublicIpOnLaunch != nil {
		s.MapPublicIpOnLaunch = aws.Bool(aws.ToBool(in.MapPublicIpOnLaunch.Value))
	}
	return nil, nil
}

func (w *World) describeDhcpOptions(in *ec2.DescribeDhcpOptionsInput) (*ec2.DescribeDhcpOptionsOutput, error) {
	rows, next, err := describe(w.dhcp, in.DhcpOptionsIds, in.Filters, in.MaxResults, in.NextToken, notFoundAs("InvalidDhcpOptionID.NotFound", "dhcpOption ID"), func(d *ec2types.DhcpOptions, f string) ([]string, bool) {
		switch f {
		case "dhcp-options-id":
			return text(d.DhcpOptionsId), true
		case "owner-id":
			return text(d.OwnerId), true
		}
		return tagAttributes(d.Tags, f)
	})
	return &ec2.DescribeDhcpOptionsOutput{DhcpOptions: values(rows), NextToken: next}, err
}

// zones are the letters of every region's availability zones.
var zones = []string{"a", "b", "c"}

func (w *World) describeAvailabilityZones(in *ec2.DescribeAvailabilityZonesInput) (*ec2.DescribeAvailabilityZonesOutput, error) {
	out := &ec2.DescribeAvailabilityZonesOutput{}
	for _, letter := range zones {
		z := ec2types.AvailabilityZone{
			RegionName: aws.String(w.Region), ZoneName: aws.String(w.Region + letter), ZoneId: aws.String(zoneID(w.Region, letter)), State: ec2types.AvailabilityZoneStateAvailable,
			ZoneType: aws.String("availability-zone"), GroupName: aws.String(w.Region), NetworkBorderGroup: aws.String(w.Region), OptInStatus: ec2types.AvailabilityZoneOptInStatusOptInNotRequired,
		}
		ok, err := matches(&z, in.Filters, func(z *ec2types.AvailabilityZone, f string) ([]string, bool) {
			switch f {
			case "zone-name":
				return text(z.ZoneName), true
			case "zone-id":
				return text(z.ZoneId), true
			case "state":
				return []string{string(z.State)}, true
			case "region-name":
				return text(z.RegionName), true
			}
			return nil, false
		})
		if err != nil {
			return nil, err
		}
		asked := len(in.ZoneNames) == 0 || slices.Contains(in.ZoneNames, *z.ZoneName)
		if ok && asked && (len(in.ZoneIds) == 0 || slices.Contains(in.ZoneIds, *z.ZoneId)) {
			out.AvailabilityZones = append(out.AvailabilityZones, z)
		}
	}
	return out, nil
}
