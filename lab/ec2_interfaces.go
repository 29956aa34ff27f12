package lab

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// reservedAddresses is how many addresses of a subnet AWS keeps: the first four and the last.
const reservedAddresses = 5

// createInterface makes a network interface in use, with the first free address of the subnet. Without groups it gets the
// default group of the VPC. Errors: InvalidSubnetID.NotFound, InvalidGroup.NotFound, InvalidParameterValue (a group of
// another VPC), InsufficientFreeAddressesInSubnet.
func (w *World) createInterface(subnetID string, groups []string, publicIP bool, description string) (*ec2types.NetworkInterface, *wire.Error) {
	s := w.subnets[subnetID]
	if s == nil {
		return nil, notFound("InvalidSubnetID.NotFound", "subnet ID", subnetID)
	}
	ids, err := w.groupIdentifiers(aws.ToString(s.VpcId), groups)
	if err != nil {
		return nil, err
	}
	ip, ok := w.freeAddress(s)
	if !ok {
		return nil, wire.Errorf("InsufficientFreeAddressesInSubnet", "The specified subnet does not have enough free addresses to satisfy the request.")
	}
	n := &ec2types.NetworkInterface{
		NetworkInterfaceId: aws.String(w.newID("eni")), SubnetId: s.SubnetId, VpcId: s.VpcId, OwnerId: aws.String(w.Account),
		AvailabilityZone: s.AvailabilityZone, AvailabilityZoneId: s.AvailabilityZoneId, Description: aws.String(description), Groups: ids,
		InterfaceType: ec2types.NetworkInterfaceTypeInterface, MacAddress: aws.String(w.newMAC()), PrivateIpAddress: aws.String(ip),
		Status: ec2types.NetworkInterfaceStatusInUse, SourceDestCheck: aws.Bool(true), RequesterManaged: aws.Bool(true),
		RequesterId: aws.String(w.Account), TagSet: []ec2types.Tag{},
		Attachment: &ec2types.NetworkInterfaceAttachment{
			AttachmentId: aws.String("eni-attach-0" + w.newHex(16)), AttachTime: aws.Time(w.now), DeviceIndex: aws.Int32(1), DeleteOnTermination: aws.Bool(false),
			InstanceOwnerId: aws.String("amazon-aws"), Status: ec2types.AttachmentStatusAttached,
		},
	}
	if v := w.vpcs[aws.ToString(s.VpcId)]; v != nil && v.dnsHostnames {
		n.PrivateDnsName = aws.String(w.privateName(ip))
	}
	if publicIP {
		n.Association = &ec2types.NetworkInterfaceAssociation{IpOwnerId: aws.String("amazon"), PublicIp: aws.String(w.publicAddress()), PublicDnsName: aws.String("")}
	}
	n.PrivateIpAddresses = []ec2types.NetworkInterfacePrivateIpAddress{{Primary: aws.Bool(true), PrivateIpAddress: n.PrivateIpAddress, PrivateDnsName: n.PrivateDnsName, Association: n.Association}}
	w.interfaces[*n.NetworkInterfaceId] = n
	w.held.add(n)
	w.countAddresses(s)
	return n, nil
}

// deleteInterface gives an interface and its address back; an unknown one is no error.
func (w *World) deleteInterface(id string) {
	n := w.interfaces[id]
	if n == nil {
		return
	}
	delete(w.interfaces, id)
	w.held.remove(n)
	if s := w.subnets[aws.ToString(n.SubnetId)]; s != nil {
		w.countAddresses(s)
	}
}

// groupIdentifiers checks that all groups belong to a VPC; without any it is the VPC's default group.
func (w *World) groupIdentifiers(vpcID string, groups []string) ([]ec2types.GroupIdentifier, *wire.Error) {
	if len(groups) == 0 {
		for _, g := range sorted(w.groups) {
			if aws.ToString(g.VpcId) == vpcID && aws.ToString(g.GroupName) == "default" {
				groups = []string{*g.GroupId}
			}
		}
	}
	var out []ec2types.GroupIdentifier
	for _, id := range groups {
		g := w.groups[id]
		if g == nil {
			return nil, wire.Errorf("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
		}
		if aws.ToString(g.VpcId) != vpcID {
			return nil, wire.Errorf("InvalidParameterValue", "You have specified two resources that belong to different networks.")
		}
		out = append(out, ec2types.GroupIdentifier{GroupId: g.GroupId, GroupName: g.GroupName})
	}
	return out, nil
}

// addressBook finds interfaces by what they hold. An interface keeps its address and its name for life. The zero value is ready.
type addressBook struct {
	inSubnet map[string]map[string]bool            // subnet -> addresses
	byPlace  map[string]*ec2types.NetworkInterface // VPC and address, or VPC and private name
	tasks    map[string]*task                      // whose interface it is, by its id
}

func places(n *ec2types.NetworkInterface) []string {
	vpc := aws.ToString(n.VpcId) + " "
	out := []string{vpc + aws.ToString(n.PrivateIpAddress)}
	if n.PrivateDnsName != nil {
		out = append(out, vpc+*n.PrivateDnsName)
	}
	return out
}

func (b *addressBook) add(n *ec2types.NetworkInterface) {
	if b.byPlace == nil {
		b.inSubnet, b.byPlace, b.tasks = map[string]map[string]bool{}, map[string]*ec2types.NetworkInterface{}, map[string]*task{}
	}
	subnet := aws.ToString(n.SubnetId)
	if b.inSubnet[subnet] == nil {
		b.inSubnet[subnet] = map[string]bool{}
	}
	b.inSubnet[subnet][aws.ToString(n.PrivateIpAddress)] = true
	for _, p := range places(n) {
		b.byPlace[p] = n
	}
}

func (b *addressBook) remove(n *ec2types.NetworkInterface) {
	delete(b.inSubnet[aws.ToString(n.SubnetId)], aws.ToString(n.PrivateIpAddress))
	delete(b.tasks, aws.ToString(n.NetworkInterfaceId))
	for _, p := range places(n) {
		delete(b.byPlace, p)
	}
}

// addressesIn lists the addresses of the interfaces in a subnet. It is not the caller's to change.
func (w *World) addressesIn(subnetID string) map[string]bool { return w.held.inSubnet[subnetID] }

// freeAddress is the lowest address of a subnet that nobody holds.
func (w *World) freeAddress(s *ec2types.Subnet) (string, bool) {
	p, err := netip.ParsePrefix(aws.ToString(s.CidrBlock))
	if err != nil {
		return "", false
	}
	used := w.addressesIn(*s.SubnetId)
	a := p.Masked().Addr()
	for range reservedAddresses - 1 {
		a = a.Next()
	}
	for ; p.Contains(a.Next()); a = a.Next() { // the last address is AWS's
		if !used[a.String()] {
			return a.String(), true
		}
	}
	return "", false
}

// countAddresses keeps a subnet's AvailableIpAddressCount true.
func (w *World) countAddresses(s *ec2types.Subnet) {
	p, err := netip.ParsePrefix(aws.ToString(s.CidrBlock))
	if err != nil {
		return
	}
	size := 1<<(p.Addr().BitLen()-p.Bits()) - reservedAddresses
	s.AvailableIpAddressCount = aws.Int32(int32(max(0, size-len(w.addressesIn(*s.SubnetId)))))
}

func (w *World) newMAC() string {
	h := w.newHex(10)
	return "0a:" + strings.Join([]string{h[:2], h[2:4], h[4:6], h[6:8], h[8:]}, ":")
}

// privateName is the name that the VPC's resolver has for an address: ip-10-0-1-5.eu-west-1.compute.internal.
func (w *World) privateName(ip string) string {
	zone := w.Region + ".compute.internal"
	if w.Region == "us-east-1" {
		zone = "ec2.internal"
	}
	return "ip-" + strings.ReplaceAll(ip, ".", "-") + "." + zone
}

// publicAddress is a fresh address of Amazon's pool.
func (w *World) publicAddress() string {
	return fmt.Sprintf("54.%d.%d.%d", 72+w.rng.IntN(24), w.rng.IntN(256), 1+w.rng.IntN(254))
}

func (w *World) describeNetworkInterfaces(in *ec2.DescribeNetworkInterfacesInput) (*ec2.DescribeNetworkInterfacesOutput, error) {
	rows, next, err := describe(w.seenInterfaces(), in.NetworkInterfaceIds, in.Filters, in.MaxResults, in.NextToken, notFoundAs("InvalidNetworkInterfaceID.NotFound", "networkInterface ID"), w.interfaceAttributes)
	return &ec2.DescribeNetworkInterfacesOutput{NetworkInterfaces: values(rows), NextToken: next}, err
}

func (w *World) interfaceAttributes(n *ec2types.NetworkInterface, filter string) ([]string, bool) {
	switch filter {
	case "network-interface-id":
		return text(n.NetworkInterfaceId), true
	case "subnet-id":
		return text(n.SubnetId), true
	case "vpc-id":
		return text(n.VpcId), true
	case "status":
		return []string{string(n.Status)}, true
	case "availability-zone":
		return text(n.AvailabilityZone), true
	case "description":
		return text(n.Description), true
	case "owner-id":
		return text(n.OwnerId), true
	case "requester-id":
		return text(n.RequesterId), true
	case "interface-type":
		return []string{string(n.InterfaceType)}, true
	case "private-ip-address", "addresses.private-ip-address":
		return text(n.PrivateIpAddress), true
	case "association.public-ip", "addresses.association.public-ip":
		if n.Association != nil {
			return text(n.Association.PublicIp), true
		}
		return nil, true
	case "group-id", "group-name":
		var out []string
		for _, g := range n.Groups {
			if filter == "group-id" {
				out = append(out, aws.ToString(g.GroupId))
			} else {
				out = append(out, aws.ToString(g.GroupName))
			}
		}
		return out, true
	}
	return tagAttributes(n.TagSet, filter)
}

func (w *World) deleteNetworkInterface(in *ec2.DeleteNetworkInterfaceInput) (*ec2.DeleteNetworkInterfaceOutput, error) {
	n := w.interfaces[*in.NetworkInterfaceId]
	if n == nil {
		return nil, notFound("InvalidNetworkInterfaceID.NotFound", "networkInterface ID", *in.NetworkInterfaceId)
	}
	if n.Status == ec2types.NetworkInterfaceStatusInUse {
		return nil, wire.Errorf("InvalidParameterValue", "Network interface '%s' is currently in use.", *in.NetworkInterfaceId)
	}
	w.deleteInterface(*in.NetworkInterfaceId)
	return nil, nil
}
