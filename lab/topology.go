package lab

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Topology describes a healthy account other than the shop: its networks, and the services in them. It is plain data: the same
// topology and the same seed give the same world.
type Topology struct {
	Networks []Network
	Services []Workload
}

// Network is one VPC. Its parts are called vpc:NAME, igw:NAME, nat:NAME, subnet:NAME-private-a and -public-a, route-table:NAME-private and
// -public, acl:NAME-private, sg:NAME-endpoints and endpoint:NAME-ecr.api and so on.
type Network struct {
	Name      string
	Octet     int  // 10.OCTET.0.0/16
	Zones     int  // 2 or 3
	Wide      bool // subnets of 4,096 addresses instead of 256
	NAT       bool
	Endpoints bool // interface endpoints for what a start needs, and the gateway for S3

	// Owner is the account that shares the network; "" = the account's own. Private subnets are shared, public ones where a workload needs them.
	Owner   string
	Hub     bool // private subnets go out through a transit gateway and the hub behind it, which belong to another account; not together with NAT
	Central bool // of Hub: it has interface endpoints for its spokes, whose names resolve to its addresses
}

// Workload is one service: 0.25 vCPU and 512 MiB a task, one container that logs to /ecs/NAME, and what its blocks add. Its own parts are called
// sg:NAME, role:NAME-execution, role:NAME-task, target-group:NAME, secret:NAME, parameter:NAME.
type Workload struct {
	Cluster string
	Name    string
	Network int // index in Topology.Networks
	Count   int32
	Blocks  []string // names of Blocks
}

// buildTopology makes an account from its description.
func (w *World) buildTopology(t Topology) {
	w.addPrefixLists()
	w.buildManagedPolicies()
	w.buildPublicImages()
	w.vcpuQuota, w.spotQuota = 4000, 4000
	for i := range t.Networks {
		w.buildVPC(t.Networks[i])
		if n := t.Networks[i]; n.Owner != "" {
			w.share(w.names["vpc:"+n.Name], n.Owner, w.sharedOf(t, i))
		}
	}
	w.addProviders()
	w.addRepository("shop/agent", []build{{"1.0.0", anywhere, true, App{Programs: []string{"/agent", "/bin/sh"}, Boot: 300 * time.Millisecond, Memory: 20, Says: []string{"agent is up"}}, 20 * day}})
	for _, l := range t.Services {
		w.buildWorkload(t, l)
	}
}

func (w *World) addProviders() {
	for _, name := range []string{"FARGATE", "FARGATE_SPOT"} {
		w.providers[name] = &ecstypes.CapacityProvider{
			Name: aws.String(name), CapacityProviderArn: aws.String(w.ecsARN("capacity-provider/" + name)), Status: ecstypes.CapacityProviderStatusActive,
		}
	}
}

func (w *World) addCluster(name string) {
	if w.clusters[name] != nil {
		return
	}
	w.clusters[name] = &ecstypes.Cluster{
		ClusterName: aws.String(name), ClusterArn: aws.String(w.ecsARN("cluster/" + name)), Status: aws.String("ACTIVE"), CapacityProviders: []string{"FARGATE", "FARGATE_SPOT"},
		Settings: []ecstypes.ClusterSetting{{Name: ecstypes.ClusterSettingNameContainerInsights, Value: aws.String("disabled")}}, Tags: []ecstypes.Tag{},
	}
}

// buildVPC makes one network with public and private subnets.
func (w *World) buildVPC(n Network) {
	cidr := fmt.Sprintf("10.%d.0.0/16", n.Octet)
	id := w.addVPC(n.Name, cidr)
	w.addACL(n.Name+"-default", id, true)
	w.addACL(n.Name+"-private", id, false)
	for z := range n.Zones {
		zone := string(rune('a' + z))
		public, private := fmt.Sprintf("10.%d.%d.0/24", n.Octet, z), fmt.Sprintf("10.%d.%d.0/24", n.Octet, 10+z)
		if n.Wide {
			public, private = fmt.Sprintf("10.%d.%d.0/20", n.Octet, 16*z), fmt.Sprintf("10.%d.%d.0/20", n.Octet, 128+16*z)
		}
		w.addSubnetOf(id, n.Name+"-public-"+zone, public, zone, n.Name+"-default")
		w.addSubnetOf(id, n.Name+"-private-"+zone, private, zone, n.Name+"-private")
	}
	igw, err := w.createInternetGateway(&ec2.CreateInternetGatewayInput{TagSpecifications: nameTag(ec2types.ResourceTypeInternetGateway, n.Name)})
	w.must(igw, err)
	w.names["igw:"+n.Name] = *igw.InternetGateway.InternetGatewayId
	w.must(w.attachInternetGateway(&ec2.AttachInternetGatewayInput{InternetGatewayId: igw.InternetGateway.InternetGatewayId, VpcId: aws.String(id)}))
	w.addTable(n, "main")
	w.must(w.createRoute(&ec2.CreateRouteInput{RouteTableId: w.addTable(n, "public"), DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: igw.InternetGateway.InternetGatewayId}))
	private := w.addTable(n, "private")
	if n.NAT {
		nat := w.addNATOf(n)
		w.must(w.createRoute(&ec2.CreateRouteInput{RouteTableId: private, DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: aws.String(nat)}))
	}
	if n.Endpoints {
		w.addEndpointsOf(n, cidr)
	}
	if n.Hub {
		w.joinHub(n)
	}
}

// sharedOf lists the subnets of a network that its owner shares.
func (w *World) sharedOf(t Topology, network int) []string {
	n := t.Networks[network]
	out := w.subnetsOf(n, "private")
	if slices.ContainsFunc(t.Services, func(l Workload) bool {
		return l.Network == network && (slices.Contains(l.Blocks, "public") || slices.Contains(l.Blocks, "balancer"))
	}) {
		out = append(out, w.subnetsOf(n, "public")...)
	}
	return out
}

func (w *World) addVPC(name, cidr string) string {
	id := w.call("vpc:"+name, "vpc")
	options := w.newID("dopt")
	w.dhcp[options] = &ec2types.DhcpOptions{DhcpOptionsId: aws.String(options), OwnerId: aws.String(w.Account), DhcpConfigurations: []ec2types.DhcpConfiguration{
		{Key: aws.String("domain-name"), Values: []ec2types.AttributeValue{{Value: aws.String(w.Region + ".compute.internal")}}},
		{Key: aws.String("domain-name-servers"), Values: []ec2types.AttributeValue{{Value: aws.String("AmazonProvidedDNS")}}},
	}}
	w.vpcs[id] = &vpc{dnsSupport: true, dnsHostnames: true, Vpc: ec2types.Vpc{
		VpcId: aws.String(id), CidrBlock: aws.String(cidr), State: ec2types.VpcStateAvailable, OwnerId: aws.String(w.Account), DhcpOptionsId: aws.String(options),
		InstanceTenancy: ec2types.TenancyDefault, IsDefault: aws.Bool(false), Tags: tagged(name),
		CidrBlockAssociationSet: []ec2types.VpcCidrBlockAssociation{{AssociationId: aws.String(w.newID("vpc-cidr-assoc")), CidrBlock: aws.String(cidr), CidrBlockState: &ec2types.VpcCidrBlockState{State: ec2types.VpcCidrBlockStateCodeAssociated}}},
	}}
	return id
}

// addACL makes a network ACL that lets everything through.
func (w *World) addACL(name, vpcID string, isDefault bool) {
	id := w.call("acl:"+name, "acl")
	acl := &ec2types.NetworkAcl{NetworkAclId: aws.String(id), VpcId: aws.String(vpcID), OwnerId: aws.String(w.Account), IsDefault: aws.Bool(isDefault), Tags: tagged(name)}
	for _, egress := range []bool{true, false} {
		acl.Entries = append(acl.Entries,
			ec2types.NetworkAclEntry{CidrBlock: aws.String("0.0.0.0/0"), Egress: aws.Bool(egress), Protocol: aws.String("-1"), RuleAction: ec2types.RuleActionAllow, RuleNumber: aws.Int32(100)},
			ec2types.NetworkAclEntry{CidrBlock: aws.String("0.0.0.0/0"), Egress: aws.Bool(egress), Protocol: aws.String("-1"), RuleAction: ec2types.RuleActionDeny, RuleNumber: aws.Int32(32767)})
	}
	w.acls[id] = acl
}

func (w *World) addSubnetOf(vpcID, name, cidr, zone, acl string) {
	id := w.call("subnet:"+name, "subnet")
	w.subnets[id] = &ec2types.Subnet{
		SubnetId: aws.String(id), SubnetArn: aws.String(w.ec2ARN("subnet/" + id)), VpcId: aws.String(vpcID), CidrBlock: aws.String(cidr), OwnerId: aws.String(w.Account),
		AvailabilityZone: aws.String(w.Region + zone), AvailabilityZoneId: aws.String(zoneID(w.Region, zone)), State: ec2types.SubnetStateAvailable,
		AvailableIpAddressCount: aws.Int32(1<<(32-netip.MustParsePrefix(cidr).Bits()) - 5), MapPublicIpOnLaunch: aws.Bool(false), DefaultForAz: aws.Bool(false), AssignIpv6AddressOnCreation: aws.Bool(false), Tags: tagged(name),
	}
	a := w.acls[w.names["acl:"+acl]]
	a.Associations = append(a.Associations, ec2types.NetworkAclAssociation{NetworkAclAssociationId: aws.String(w.newID("aclassoc")), NetworkAclId: a.NetworkAclId, SubnetId: aws.String(id)})
}

// addTable makes a route table for the subnets of a kind; "main" is the VPC's main table.
func (w *World) addTable(n Network, kind string) *string {
	t, err := w.createRouteTable(&ec2.CreateRouteTableInput{VpcId: aws.String(w.names["vpc:"+n.Name]), TagSpecifications: nameTag(ec2types.ResourceTypeRouteTable, n.Name+"-"+kind)})
	w.must(t, err)
	id := t.RouteTable.RouteTableId
	w.names["route-table:"+n.Name+"-"+kind] = *id
	if kind == "main" {
		w.associate(w.routeTables[*id], ec2types.RouteTableAssociation{Main: aws.Bool(true)})
		return id
	}
	for z := range n.Zones {
		w.must(w.associateRouteTable(&ec2.AssociateRouteTableInput{RouteTableId: id, SubnetId: aws.String(w.names[fmt.Sprintf("subnet:%s-%s-%c", n.Name, kind, 'a'+z)])}))
	}
	return id
}

func (w *World) addNATOf(n Network) string {
	ip, err := w.allocateAddress(&ec2.AllocateAddressInput{Domain: ec2types.DomainTypeVpc})
	w.must(ip, err)
	nat, err := w.createNatGateway(&ec2.CreateNatGatewayInput{
		SubnetId: aws.String(w.names["subnet:"+n.Name+"-public-a"]), AllocationId: ip.AllocationId, TagSpecifications: nameTag(ec2types.ResourceTypeNatgateway, n.Name),
	})
	w.must(nat, err)
	id := *nat.NatGateway.NatGatewayId
	w.names["nat:"+n.Name] = id
	w.nats[id].CreateTime = aws.Time(w.now.Add(-60 * day))
	w.natUp(w.nats[id]) // it has been there for long
	return id
}

func (w *World) addEndpointsOf(n Network, cidr string) {
	vpcID, group := aws.String(w.names["vpc:"+n.Name]), w.addGroup(n, n.Name+"-endpoints", 443, ec2types.IpPermission{IpRanges: []ec2types.IpRange{{CidrIp: aws.String(cidr)}}})
	for _, service := range []string{"ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm"} {
		e, err := w.createVpcEndpoint(&ec2.CreateVpcEndpointInput{
			VpcId: vpcID, ServiceName: aws.String("com.amazonaws." + w.Region + "." + service), VpcEndpointType: ec2types.VpcEndpointTypeInterface, SecurityGroupIds: []string{group},
			SubnetIds: w.subnetsOf(n, "private"), PrivateDnsEnabled: aws.Bool(true), TagSpecifications: nameTag(ec2types.ResourceTypeVpcEndpoint, n.Name+"-"+service),
		})
		w.must(e, err)
		id := *e.VpcEndpoint.VpcEndpointId
		w.names["endpoint:"+n.Name+"-"+service] = id
		w.endpoints[id].State, w.endpoints[id].CreationTimestamp = "available", aws.Time(w.now.Add(-60*day))
	}
	e, err := w.createVpcEndpoint(&ec2.CreateVpcEndpointInput{
		VpcId: vpcID, ServiceName: aws.String("com.amazonaws." + w.Region + ".s3"), VpcEndpointType: ec2types.VpcEndpointTypeGateway,
		RouteTableIds: []string{w.names["route-table:"+n.Name+"-private"]}, TagSpecifications: nameTag(ec2types.ResourceTypeVpcEndpoint, n.Name+"-s3"),
	})
	w.must(e, err)
	w.names["endpoint:"+n.Name+"-s3"] = *e.VpcEndpoint.VpcEndpointId
	w.endpoints[*e.VpcEndpoint.VpcEndpointId].CreationTimestamp = aws.Time(w.now.Add(-60 * day))
}

// subnetsOf lists the public or private subnets of a network.
func (w *World) subnetsOf(n Network, kind string) (ids []string) {
	for z := range n.Zones {
		ids = append(ids, w.names[fmt.Sprintf("subnet:%s-%s-%c", n.Name, kind, 'a'+z)])
	}
	return ids
}

// addGroup makes a security group that lets one TCP port in from a source, and everything out.
func (w *World) addGroup(n Network, name string, port int32, from ec2types.IpPermission) string {
	g, err := w.createSecurityGroup(&ec2.CreateSecurityGroupInput{
		GroupName: aws.String(name), Description: aws.String(name), VpcId: aws.String(w.names["vpc:"+n.Name]), TagSpecifications: nameTag(ec2types.ResourceTypeSecurityGroup, name),
	})
	w.must(g, err)
	from.IpProtocol, from.FromPort, from.ToPort = aws.String("tcp"), aws.Int32(port), aws.Int32(port)
	w.must(w.authorizeIngress(&ec2.AuthorizeSecurityGroupIngressInput{GroupId: g.GroupId, IpPermissions: []ec2types.IpPermission{from}}))
	w.names["sg:"+name] = *g.GroupId
	return *g.GroupId
}

func nameTag(kind ec2types.ResourceType, name string) []ec2types.TagSpecification {
	return []ec2types.TagSpecification{{ResourceType: kind, Tags: tagged(name)}}
}
