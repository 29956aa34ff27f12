package lab

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const shopCIDR = "10.0.0.0/16"

// buildNetwork makes the VPC: public and private subnets in two zones, and the private ones' way out.
func (w *World) buildNetwork(endpoints bool) {
	id := w.call("vpc:shop", "vpc")
	options := w.newID("dopt")
	w.dhcp[options] = &ec2types.DhcpOptions{DhcpOptionsId: aws.String(options), OwnerId: aws.String(w.Account), DhcpConfigurations: []ec2types.DhcpConfiguration{
		{Key: aws.String("domain-name"), Values: []ec2types.AttributeValue{{Value: aws.String(w.Region + ".compute.internal")}}},
		{Key: aws.String("domain-name-servers"), Values: []ec2types.AttributeValue{{Value: aws.String("AmazonProvidedDNS")}}},
	}}
	w.vpcs[id] = &vpc{dnsSupport: true, dnsHostnames: true, Vpc: ec2types.Vpc{
		VpcId: aws.String(id), CidrBlock: aws.String(shopCIDR), State: ec2types.VpcStateAvailable, OwnerId: aws.String(w.Account), DhcpOptionsId: aws.String(options),
		InstanceTenancy: ec2types.TenancyDefault, IsDefault: aws.Bool(false), Tags: tagged("shop"),
		CidrBlockAssociationSet: []ec2types.VpcCidrBlockAssociation{{AssociationId: aws.String(w.newID("vpc-cidr-assoc")), CidrBlock: aws.String(shopCIDR), CidrBlockState: &ec2types.VpcCidrBlockState{State: ec2types.VpcCidrBlockStateCodeAssociated}}},
	}}
	w.addSubnet("public-a", "10.0.0.0/24", "a", 251)
	w.addSubnet("public-b", "10.0.1.0/24", "b", 251)
	w.addSubnet("private-a", "10.0.10.0/26", "a", 59)
	w.addSubnet("private-b", "10.0.11.0/26", "b", 59)
	w.addGroups()
	w.addACLs()
	w.addPrefixLists()

	igw := w.call("igw:shop", "igw")
	w.igws[igw] = &ec2types.InternetGateway{InternetGatewayId: aws.String(igw), OwnerId: aws.String(w.Account), Tags: tagged("shop"),
		Attachments: []ec2types.InternetGatewayAttachment{{VpcId: aws.String(id), State: ec2types.AttachmentStatus("available")}}}
	w.addRouteTable("main", nil)
	public := w.addRouteTable("public", []string{"public-a", "public-b"})
	public.Routes = append(public.Routes, ec2types.Route{DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: aws.String(igw), State: ec2types.RouteStateActive, Origin: ec2types.RouteOriginCreateRoute})
	private := w.addRouteTable("private", []string{"private-a", "private-b"})
	if endpoints {
		w.addEndpoints(private)
		return
	}
	nat := w.addNAT("shop", "public-a")
	private.Routes = append(private.Routes, ec2types.Route{DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: aws.String(nat), State: ec2types.RouteStateActive, Origin: ec2types.RouteOriginCreateRoute})
}

// call makes an id and remembers what scenarios call it: "subnet:private-a".
func (w *World) call(name, prefix string) string {
	id := w.newID(prefix)
	w.names[name] = id
	return id
}

func (w *World) addSubnet(name, cidr, zone string, free int32) {
	id := w.call("subnet:"+name, "subnet")
	w.subnets[id] = &ec2types.Subnet{
		SubnetId: aws.String(id), SubnetArn: aws.String(w.ec2ARN("subnet/" + id)), VpcId: aws.String(w.names["vpc:shop"]), CidrBlock: aws.String(cidr), OwnerId: aws.String(w.Account),
		AvailabilityZone: aws.String(w.Region + zone), AvailabilityZoneId: aws.String(zoneID(w.Region, zone)), State: ec2types.SubnetStateAvailable,
		AvailableIpAddressCount: aws.Int32(free), MapPublicIpOnLaunch: aws.Bool(false), DefaultForAz: aws.Bool(false), AssignIpv6AddressOnCreation: aws.Bool(false), Tags: tagged(name),
	}
}

func (w *World) ec2ARN(resource string) string {
	return fmt.Sprintf("arn:%s:ec2:%s:%s:%s", w.Partition, w.Region, w.Account, resource)
}

// zoneID is the id of a zone, euw1-az1 for eu-west-1a. AWS maps letters to ids per account; here a is 1.
func zoneID(region, zone string) string {
	short := ""
	parts := strings.Split(region, "-")
	for i, p := range parts {
		switch {
		case i == 0 || i == len(parts)-1:
			short += p
		case strings.HasPrefix(p, "north") && len(p) > 5, strings.HasPrefix(p, "south") && len(p) > 5:
			short += p[:1] + p[5:6]
		default:
			short += p[:1]
		}
	}
	return fmt.Sprintf("%s-az%d", short, zone[0]-'a'+1)
}

func everywhere() []ec2types.IpRange { return []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}} }

func (w *World) addGroups() {
	all := []ec2types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: everywhere()}}
	from := func(port int32) []ec2types.IpPermission {
		return []ec2types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(port), ToPort: aws.Int32(port), IpRanges: []ec2types.IpRange{{CidrIp: aws.String(shopCIDR)}}}}
	}
	for _, g := range []struct {
		name, about string
		ingress     []ec2types.IpPermission
	}{
		{"default", "default VPC security group", nil},
		{"orders", "tasks of orders", from(8080)},
		{"catalog", "tasks of catalog", from(8081)},
		{"endpoints", "VPC endpoints", from(443)},
	} {
		id := w.call("sg:"+g.name, "sg")
		if g.name == "default" {
			g.ingress = []ec2types.IpPermission{{IpProtocol: aws.String("-1"), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: aws.String(id), UserId: aws.String(w.Account)}}}}
		}
		w.groups[id] = &ec2types.SecurityGroup{
			GroupId: aws.String(id), GroupName: aws.String(g.name), Description: aws.String(g.about), VpcId: aws.String(w.names["vpc:shop"]), OwnerId: aws.String(w.Account),
			SecurityGroupArn: aws.String(w.ec2ARN("security-group/" + id)), IpPermissions: g.ingress, IpPermissionsEgress: append([]ec2types.IpPermission(nil), all...), Tags: tagged(g.name),
		}
	}
}

// addACLs makes the default network ACL and one for the private subnets. Both let everything through.
func (w *World) addACLs() {
	for _, a := range []struct {
		name    string
		subnets []string
	}{{"default", []string{"public-a", "public-b"}}, {"private", []string{"private-a", "private-b"}}} {
		id := w.call("acl:"+a.name, "acl")
		acl := &ec2types.NetworkAcl{NetworkAclId: aws.String(id), VpcId: aws.String(w.names["vpc:shop"]), OwnerId: aws.String(w.Account), IsDefault: aws.Bool(a.name == "default"), Tags: tagged(a.name)}
		for _, egress := range []bool{true, false} {
			acl.Entries = append(acl.Entries,
				ec2types.NetworkAclEntry{CidrBlock: aws.String("0.0.0.0/0"), Egress: aws.Bool(egress), Protocol: aws.String("-1"), RuleAction: ec2types.RuleActionAllow, RuleNumber: aws.Int32(100)},
				ec2types.NetworkAclEntry{CidrBlock: aws.String("0.0.0.0/0"), Egress: aws.Bool(egress), Protocol: aws.String("-1"), RuleAction: ec2types.RuleActionDeny, RuleNumber: aws.Int32(32767)})
		}
		for _, name := range a.subnets {
			acl.Associations = append(acl.Associations, ec2types.NetworkAclAssociation{
				NetworkAclAssociationId: aws.String(w.newID("aclassoc")), NetworkAclId: aws.String(id), SubnetId: aws.String(w.names["subnet:"+name]),
			})
		}
		w.acls[id] = acl
	}
}

// addPrefixLists makes AWS's own lists for the gateway endpoints, with addresses of the region's services.
func (w *World) addPrefixLists() {
	for _, p := range []struct {
		service, id string
		cidrs       []string
	}{{"s3", "pl-6da54004", []string{"52.218.0.0/17", "3.5.64.0/21"}}, {"dynamodb", "pl-6fa54006", []string{"52.94.24.0/23"}}} {
		w.names["prefix-list:"+p.service] = p.id
		w.prefixLists[p.id] = &ec2types.PrefixList{PrefixListId: aws.String(p.id), PrefixListName: aws.String("com.amazonaws." + w.Region + "." + p.service), Cidrs: p.cidrs}
	}
}

// addRouteTable makes a table with the local route; without subnets it is the VPC's main table.
func (w *World) addRouteTable(name string, subnets []string) *ec2types.RouteTable {
	id := w.call("route-table:"+name, "rtb")
	t := &ec2types.RouteTable{
		RouteTableId: aws.String(id), VpcId: aws.String(w.names["vpc:shop"]), OwnerId: aws.String(w.Account), Tags: tagged(name), PropagatingVgws: []ec2types.PropagatingVgw{},
		Routes: []ec2types.Route{{DestinationCidrBlock: aws.String(shopCIDR), GatewayId: aws.String("local"), State: ec2types.RouteStateActive, Origin: ec2types.RouteOriginCreateRouteTable}},
	}
	state := &ec2types.RouteTableAssociationState{State: ec2types.RouteTableAssociationStateCodeAssociated}
	for _, s := range subnets {
		t.Associations = append(t.Associations, ec2types.RouteTableAssociation{
			RouteTableAssociationId: aws.String(w.newID("rtbassoc")), RouteTableId: aws.String(id), SubnetId: aws.String(w.names["subnet:"+s]), Main: aws.Bool(false), AssociationState: state,
		})
	}
	if subnets == nil {
		t.Associations = []ec2types.RouteTableAssociation{{RouteTableAssociationId: aws.String(w.newID("rtbassoc")), RouteTableId: aws.String(id), Main: aws.Bool(true), AssociationState: state}}
	}
	w.routeTables[id] = t
	return t
}

// addNAT makes a public NAT gateway with an elastic address in a subnet.
func (w *World) addNAT(name, subnet string) string {
	id := w.call("nat:"+name, "nat")
	eni, err := w.createInterface(w.names["subnet:"+subnet], nil, false, "Interface for NAT Gateway "+id)
	if err != nil {
		panic("lab: the base world has no address for its NAT gateway: " + err.Error())
	}
	eni.InterfaceType = ec2types.NetworkInterfaceTypeNatGateway
	ip := &ec2types.Address{
		AllocationId: aws.String(w.newID("eipalloc")), AssociationId: aws.String(w.newID("eipassoc")), PublicIp: aws.String(w.publicAddress()), Domain: ec2types.DomainTypeVpc,
		NetworkInterfaceId: eni.NetworkInterfaceId, PrivateIpAddress: eni.PrivateIpAddress, NetworkInterfaceOwnerId: aws.String(w.Account), NetworkBorderGroup: aws.String(w.Region),
		PublicIpv4Pool: aws.String("amazon"), Tags: tagged(name),
	}
	w.addresses = map[string]*ec2types.Address{*ip.AllocationId: ip}
	eni.Association = &ec2types.NetworkInterfaceAssociation{AllocationId: ip.AllocationId, AssociationId: ip.AssociationId, PublicIp: ip.PublicIp, IpOwnerId: aws.String(w.Account)}
	w.nats[id] = &ec2types.NatGateway{
		NatGatewayId: aws.String(id), SubnetId: eni.SubnetId, VpcId: eni.VpcId, State: ec2types.NatGatewayStateAvailable, ConnectivityType: ec2types.ConnectivityTypePublic,
		CreateTime: aws.Time(w.now.Add(-60 * day)), Tags: tagged(name),
		NatGatewayAddresses: []ec2types.NatGatewayAddress{{
			NetworkInterfaceId: eni.NetworkInterfaceId, PrivateIp: eni.PrivateIpAddress, AllocationId: ip.AllocationId, AssociationId: ip.AssociationId, PublicIp: ip.PublicIp,
			IsPrimary: aws.Bool(true), Status: ec2types.NatGatewayAddressStatusSucceeded,
		}},
	}
	return id
}

// addEndpoints makes what a start needs without the internet: four interface endpoints and the gateway for S3.
func (w *World) addEndpoints(private *ec2types.RouteTable) {
	born := aws.Time(w.now.Add(-60 * day).Add(time.Minute))
	vpcID := w.names["vpc:shop"]
	base := func(service string, kind ec2types.VpcEndpointType) *ec2types.VpcEndpoint {
		id := w.call("endpoint:"+service, "vpce")
		e := &ec2types.VpcEndpoint{
			VpcEndpointId: aws.String(id), VpcId: aws.String(vpcID), ServiceName: aws.String("com.amazonaws." + w.Region + "." + service), VpcEndpointType: kind, State: ec2types.StateAvailable,
			OwnerId: aws.String(w.Account), CreationTimestamp: born, RequesterManaged: aws.Bool(false), Tags: tagged(service), PrivateDnsEnabled: aws.Bool(kind == ec2types.VpcEndpointTypeInterface),
			PolicyDocument: aws.String(`{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}`),
		}
		w.endpoints[id] = e
		return e
	}
	for _, service := range []string{"ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm"} {
		e := base(service, ec2types.VpcEndpointTypeInterface)
		group := w.names["sg:endpoints"]
		e.Groups = []ec2types.SecurityGroupIdentifier{{GroupId: aws.String(group), GroupName: aws.String("endpoints")}}
		for _, s := range []string{"private-a", "private-b"} {
			subnet := w.names["subnet:"+s]
			eni, err := w.createInterface(subnet, []string{group}, false, "VPC Endpoint Interface "+aws.ToString(e.VpcEndpointId))
			if err != nil {
				panic("lab: the base world has no address for its endpoints: " + err.Error())
			}
			eni.InterfaceType = ec2types.NetworkInterfaceTypeVpcEndpoint
			e.SubnetIds = append(e.SubnetIds, subnet)
			e.NetworkInterfaceIds = append(e.NetworkInterfaceIds, aws.ToString(eni.NetworkInterfaceId))
		}
		e.DnsEntries = []ec2types.DnsEntry{{DnsName: aws.String(fmt.Sprintf("%s.%s.%s.vpce.amazonaws.com", aws.ToString(e.VpcEndpointId), service, w.Region))}}
	}
	s3 := base("s3", ec2types.VpcEndpointTypeGateway)
	s3.RouteTableIds = []string{aws.ToString(private.RouteTableId)}
	private.Routes = append(private.Routes, ec2types.Route{
		DestinationPrefixListId: aws.String(w.names["prefix-list:s3"]), GatewayId: s3.VpcEndpointId, State: ec2types.RouteStateActive, Origin: ec2types.RouteOriginCreateRoute,
	})
}
