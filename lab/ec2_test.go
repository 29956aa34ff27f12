package lab

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
)

// served is a world behind HTTP and the configuration of a real client for it.
func served(t *testing.T, o Options) (*World, aws.Config) {
	t.Helper()
	w := New(o)
	s := httptest.NewServer(w.Handler())
	t.Cleanup(s.Close)
	return w, aws.Config{
		Region: w.Region, BaseEndpoint: aws.String(s.URL), Credentials: credentials.NewStaticCredentialsProvider("AKIALAB", "secret", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// must is the answer of a call that has to work.
func must[T any](t *testing.T) func(out T, err error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// wantCode checks the AWS error code of a call that has to fail.
func wantCode(t *testing.T, code string) func(_ any, err error) {
	return func(_ any, err error) {
		t.Helper()
		var e smithy.APIError
		if !errors.As(err, &e) || e.ErrorCode() != code {
			t.Errorf("got error %v, want %s", err, code)
		}
	}
}

func ec2Filter(name string, values ...string) []ec2types.Filter {
	return []ec2types.Filter{{Name: aws.String(name), Values: values}}
}

func TestEC2Describe(t *testing.T) {
	w, cfg := served(t, Options{})
	c, ctx := ec2.NewFromConfig(cfg), context.Background()
	private := w.names["subnet:private-a"]

	subnets := must[*ec2.DescribeSubnetsOutput](t)(c.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: ec2Filter("subnet-id", private, "subnet-unknown")}))
	if len(subnets.Subnets) != 1 || *subnets.Subnets[0].OwnerId != w.Account || subnets.Subnets[0].BlockPublicAccessStates.InternetGatewayBlockMode != "off" {
		t.Errorf("subnets by filter: %+v", subnets.Subnets)
	}
	held := must[*ec2.DescribeNetworkInterfacesOutput](t)(c.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{Filters: ec2Filter("subnet-id", private)}))
	if free := *subnets.Subnets[0].AvailableIpAddressCount; int(free) != 59-len(held.NetworkInterfaces) {
		t.Errorf("%d addresses free with %d held, of 59", free, len(held.NetworkInterfaces))
	}
	first := must[*ec2.DescribeSubnetsOutput](t)(c.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{MaxResults: aws.Int32(5), Filters: ec2Filter("availability-zone", w.Region+"*")}))
	if len(first.Subnets) != 4 || first.NextToken != nil {
		t.Errorf("%d subnets by wildcard on the first page, token %v", len(first.Subnets), first.NextToken)
	}
	wantCode(t, "InvalidSubnetID.NotFound")(c.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{"subnet-0123456789abcdef0"}}))
	wantCode(t, "InvalidParameterValue")(c.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: ec2Filter("colour", "red")}))

	vpcID := aws.String(w.names["vpc:shop"])
	must[*ec2.ModifyVpcAttributeOutput](t)(c.ModifyVpcAttribute(ctx, &ec2.ModifyVpcAttributeInput{VpcId: vpcID, EnableDnsSupport: &ec2types.AttributeBooleanValue{Value: aws.Bool(false)}}))
	a := must[*ec2.DescribeVpcAttributeOutput](t)(c.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: vpcID, Attribute: ec2types.VpcAttributeNameEnableDnsSupport}))
	if a.EnableDnsSupport == nil || *a.EnableDnsSupport.Value || a.EnableDnsHostnames != nil {
		t.Errorf("attribute: %+v", a)
	}
	must[*ec2.ModifyVpcBlockPublicAccessOptionsOutput](t)(c.ModifyVpcBlockPublicAccessOptions(ctx, &ec2.ModifyVpcBlockPublicAccessOptionsInput{InternetGatewayBlockMode: ec2types.InternetGatewayBlockModeBlockBidirectional}))
	must[*ec2.CreateVpcBlockPublicAccessExclusionOutput](t)(c.CreateVpcBlockPublicAccessExclusion(ctx, &ec2.CreateVpcBlockPublicAccessExclusionInput{SubnetId: aws.String(private), InternetGatewayExclusionMode: ec2types.InternetGatewayExclusionModeAllowEgress}))
	modes := map[string]ec2types.BlockPublicAccessMode{}
	for _, s := range must[*ec2.DescribeSubnetsOutput](t)(c.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{})).Subnets {
		modes[*s.SubnetId] = s.BlockPublicAccessStates.InternetGatewayBlockMode
	}
	if modes[private] != "off" || modes[w.names["subnet:private-b"]] != "block-bidirectional" {
		t.Errorf("block modes: %v", modes)
	}
	if pl := must[*ec2.DescribePrefixListsOutput](t)(c.DescribePrefixLists(ctx, &ec2.DescribePrefixListsInput{Filters: ec2Filter("prefix-list-name", "com.amazonaws.eu-west-1.s3")})).PrefixLists; len(pl) != 1 || len(pl[0].Cidrs) == 0 {
		t.Errorf("prefix lists: %+v", pl)
	}
}

// defaultRoute is the state of a table's default route, or "" without one.
func defaultRoute(t *testing.T, c *ec2.Client, table string) (state string) {
	t.Helper()
	out := must[*ec2.DescribeRouteTablesOutput](t)(c.DescribeRouteTables(context.Background(), &ec2.DescribeRouteTablesInput{RouteTableIds: []string{table}}))
	for _, r := range out.RouteTables[0].Routes {
		if aws.ToString(r.DestinationCidrBlock) == "0.0.0.0/0" {
			state = string(r.State)
		}
	}
	return state
}

// A NAT gateway's life: routes to a deleted one are blackholes, it can be described for an hour, a new one heals.
func TestEC2NATGateway(t *testing.T) {
	w, cfg := served(t, Options{})
	c, ctx := ec2.NewFromConfig(cfg), context.Background()
	old, table := aws.String(w.names["nat:shop"]), w.names["route-table:private"]
	state := func(id *string) string {
		rows := must[*ec2.DescribeNatGatewaysOutput](t)(c.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{Filter: ec2Filter("nat-gateway-id", *id)})).NatGateways
		if len(rows) == 0 {
			return "unknown"
		}
		return string(rows[0].State)
	}
	must[*ec2.DeleteNatGatewayOutput](t)(c.DeleteNatGateway(ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: old}))
	if s := defaultRoute(t, c, table); s != "blackhole" {
		t.Errorf("the route to a deleted NAT gateway is %q", s)
	}
	w.Advance(2 * time.Minute)
	if s := state(old); s != "deleted" {
		t.Errorf("after two minutes: %s", s)
	}
	wantCode(t, "MissingParameter")(c.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{SubnetId: aws.String(w.names["subnet:public-a"])}))
	address := must[*ec2.AllocateAddressOutput](t)(c.AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: ec2types.DomainTypeVpc}))
	made := must[*ec2.CreateNatGatewayOutput](t)(c.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{SubnetId: aws.String(w.names["subnet:public-a"]), AllocationId: address.AllocationId})).NatGateway
	if made.State != ec2types.NatGatewayStatePending {
		t.Errorf("a new NAT gateway is %s", made.State)
	}
	route := &ec2.CreateRouteInput{RouteTableId: aws.String(table), DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: made.NatGatewayId}
	wantCode(t, "RouteAlreadyExists")(c.CreateRoute(ctx, route))
	must[*ec2.ReplaceRouteOutput](t)(c.ReplaceRoute(ctx, &ec2.ReplaceRouteInput{RouteTableId: route.RouteTableId, DestinationCidrBlock: route.DestinationCidrBlock, NatGatewayId: route.NatGatewayId}))
	w.Advance(2 * time.Minute)
	if s, r := state(made.NatGatewayId), defaultRoute(t, c, table); s != "available" || r != "active" {
		t.Errorf("after two minutes the new gateway is %s, the route %s", s, r)
	}
	w.Advance(time.Hour)
	if s := state(old); s != "unknown" {
		t.Errorf("an hour after its deletion the old gateway is %s", s)
	}
	must[*ec2.DeleteRouteOutput](t)(c.DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: aws.String(table), DestinationCidrBlock: aws.String("0.0.0.0/0")}))
	wantCode(t, "InvalidRoute.NotFound")(c.DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: aws.String(table), DestinationCidrBlock: aws.String("0.0.0.0/0")}))
	wantCode(t, "DependencyViolation")(c.DetachInternetGateway(ctx, &ec2.DetachInternetGatewayInput{InternetGatewayId: aws.String(w.names["igw:shop"]), VpcId: aws.String(w.names["vpc:shop"])}))
}

// A gateway endpoint keeps its routes in the route tables; an interface endpoint has an address in each of its subnets.
func TestEC2Endpoints(t *testing.T) {
	w, cfg := served(t, Options{})
	c, ctx := ec2.NewFromConfig(cfg), context.Background()
	vpcID, table := aws.String(w.names["vpc:shop"]), w.names["route-table:private"]
	s3 := must[*ec2.CreateVpcEndpointOutput](t)(c.CreateVpcEndpoint(ctx, &ec2.CreateVpcEndpointInput{VpcId: vpcID, ServiceName: aws.String("com.amazonaws.eu-west-1.s3"), RouteTableIds: []string{table}})).VpcEndpoint
	routed := func() bool {
		out := must[*ec2.DescribeRouteTablesOutput](t)(c.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: ec2Filter("route.gateway-id", *s3.VpcEndpointId)}))
		return len(out.RouteTables) == 1 && *out.RouteTables[0].RouteTableId == table && slices.ContainsFunc(out.RouteTables[0].Routes, func(r ec2types.Route) bool {
			return aws.ToString(r.DestinationPrefixListId) == w.names["prefix-list:s3"]
		})
	}
	if !routed() {
		t.Error("the new gateway endpoint has no route")
	}
	wantCode(t, "InvalidParameterValue")(c.DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: aws.String(table), DestinationPrefixListId: aws.String(w.names["prefix-list:s3"])}))
	must[*ec2.ModifyVpcEndpointOutput](t)(c.ModifyVpcEndpoint(ctx, &ec2.ModifyVpcEndpointInput{VpcEndpointId: s3.VpcEndpointId, RemoveRouteTableIds: []string{table}}))
	if routed() {
		t.Error("the route stayed when the table was removed")
	}
	must[*ec2.ModifyVpcEndpointOutput](t)(c.ModifyVpcEndpoint(ctx, &ec2.ModifyVpcEndpointInput{VpcEndpointId: s3.VpcEndpointId, AddRouteTableIds: []string{table}}))
	if !routed() {
		t.Error("the route did not come back")
	}

	wantCode(t, "InvalidServiceName")(c.CreateVpcEndpoint(ctx, &ec2.CreateVpcEndpointInput{VpcId: vpcID, ServiceName: aws.String("com.amazonaws.eu-west-1.ecr"), VpcEndpointType: ec2types.VpcEndpointTypeInterface}))
	in := &ec2.CreateVpcEndpointInput{
		VpcId: vpcID, ServiceName: aws.String("com.amazonaws.eu-west-1.ecr.api"), VpcEndpointType: ec2types.VpcEndpointTypeInterface,
		SubnetIds: []string{w.names["subnet:private-a"], w.names["subnet:private-b"]}, SecurityGroupIds: []string{w.names["sg:endpoints"]},
	}
	e := must[*ec2.CreateVpcEndpointOutput](t)(c.CreateVpcEndpoint(ctx, in)).VpcEndpoint
	if len(e.NetworkInterfaceIds) != 2 || !aws.ToBool(e.PrivateDnsEnabled) {
		t.Errorf("interface endpoint: %+v", e)
	}
	wantCode(t, "InvalidParameter")(c.CreateVpcEndpoint(ctx, in)) // its private DNS name is taken
	list := func() []ec2types.VpcEndpoint {
		return must[*ec2.DescribeVpcEndpointsOutput](t)(c.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{Filters: ec2Filter("service-name", *in.ServiceName)})).VpcEndpoints
	}
	w.Advance(2 * time.Minute)
	if got := list(); len(got) != 1 || got[0].State != "available" {
		t.Errorf("after two minutes: %+v", got)
	}
	gone := must[*ec2.DeleteVpcEndpointsOutput](t)(c.DeleteVpcEndpoints(ctx, &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{*e.VpcEndpointId, "vpce-unknown"}}))
	if len(gone.Unsuccessful) != 1 || *gone.Unsuccessful[0].Error.Code != "InvalidVpcEndpointId.NotFound" {
		t.Errorf("unsuccessful: %+v", gone.Unsuccessful)
	}
	w.Advance(2 * time.Minute)
	if got := list(); len(got) != 0 {
		t.Errorf("a deleted endpoint is still there: %+v", got)
	}
}

func TestEC2SecurityGroups(t *testing.T) {
	w, cfg := served(t, Options{})
	c, ctx := ec2.NewFromConfig(cfg), context.Background()
	made := must[*ec2.CreateSecurityGroupOutput](t)(c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("new"), Description: aws.String("new"), VpcId: aws.String(w.names["vpc:shop"])}))
	group := func() ec2types.SecurityGroup {
		return must[*ec2.DescribeSecurityGroupsOutput](t)(c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{*made.GroupId}})).SecurityGroups[0]
	}
	if g := group(); len(g.IpPermissions) != 0 || len(g.IpPermissionsEgress) != 1 || *g.IpPermissionsEgress[0].IpProtocol != "-1" {
		t.Errorf("a new group: %+v", g)
	}
	all := []ec2types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}}
	must[*ec2.RevokeSecurityGroupEgressOutput](t)(c.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: made.GroupId, IpPermissions: all}))
	wantCode(t, "InvalidPermission.NotFound")(c.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: made.GroupId, IpPermissions: all}))
	https := []ec2types.IpPermission{{
		IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("10.0.0.0/16")}},
		PrefixListIds: []ec2types.PrefixListId{{PrefixListId: aws.String(w.names["prefix-list:s3"])}},
	}}
	rules := must[*ec2.AuthorizeSecurityGroupEgressOutput](t)(c.AuthorizeSecurityGroupEgress(ctx, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: made.GroupId, IpPermissions: https})).SecurityGroupRules
	wantCode(t, "InvalidPermission.Duplicate")(c.AuthorizeSecurityGroupEgress(ctx, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: made.GroupId, IpPermissions: https}))
	if g := group(); len(rules) != 2 || len(g.IpPermissionsEgress) != 1 || len(g.IpPermissionsEgress[0].PrefixListIds) != 1 {
		t.Errorf("two rules of the same ports: %+v in %+v", rules, g.IpPermissionsEgress)
	}
	must[*ec2.RevokeSecurityGroupEgressOutput](t)(c.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: made.GroupId, SecurityGroupRuleIds: []string{*rules[0].SecurityGroupRuleId}}))
	left := must[*ec2.DescribeSecurityGroupRulesOutput](t)(c.DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{Filters: ec2Filter("group-id", *made.GroupId)})).SecurityGroupRules
	if len(left) != 1 || *left[0].SecurityGroupRuleId != *rules[1].SecurityGroupRuleId {
		t.Errorf("left over: %+v", left)
	}
	wantCode(t, "InvalidGroup.NotFound")(c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{"sg-0123456789abcdef0"}}))
}

func TestEC2NetworkACLAndTables(t *testing.T) {
	w, cfg := served(t, Options{})
	c, ctx := ec2.NewFromConfig(cfg), context.Background()
	find := func() ec2types.NetworkAcl {
		rows := must[*ec2.DescribeNetworkAclsOutput](t)(c.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: ec2Filter("association.subnet-id", w.names["subnet:private-a"])})).NetworkAcls
		if len(rows) != 1 {
			t.Fatalf("a subnet has %d ACLs", len(rows))
		}
		return rows[0]
	}
	acl := find().NetworkAclId
	in := &ec2.CreateNetworkAclEntryInput{NetworkAclId: acl, RuleNumber: aws.Int32(90), Egress: aws.Bool(true), Protocol: aws.String("tcp"), RuleAction: ec2types.RuleActionDeny, CidrBlock: aws.String("0.0.0.0/0"), PortRange: &ec2types.PortRange{From: aws.Int32(443), To: aws.Int32(443)}}
	must[*ec2.CreateNetworkAclEntryOutput](t)(c.CreateNetworkAclEntry(ctx, in))
	wantCode(t, "NetworkAclEntryAlreadyExists")(c.CreateNetworkAclEntry(ctx, in))
	if got := find().Entries; !slices.ContainsFunc(got, func(e ec2types.NetworkAclEntry) bool { return *e.RuleNumber == 90 && *e.Protocol == "6" }) {
		t.Errorf("the new entry is not among the %d of the ACL", len(got))
	}
	must[*ec2.DeleteNetworkAclEntryOutput](t)(c.DeleteNetworkAclEntry(ctx, &ec2.DeleteNetworkAclEntryInput{NetworkAclId: acl, RuleNumber: aws.Int32(90), Egress: aws.Bool(true)}))
	wantCode(t, "InvalidNetworkAclEntry.NotFound")(c.DeleteNetworkAclEntry(ctx, &ec2.DeleteNetworkAclEntryInput{NetworkAclId: acl, RuleNumber: aws.Int32(90), Egress: aws.Bool(true)}))

	made := must[*ec2.CreateSubnetOutput](t)(c.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: aws.String(w.names["vpc:shop"]), CidrBlock: aws.String("10.0.20.0/28"), AvailabilityZone: aws.String(w.Region + "b")})).Subnet
	if *made.AvailableIpAddressCount != 11 {
		t.Errorf("a /28 has %d addresses", *made.AvailableIpAddressCount)
	}
	its := must[*ec2.DescribeNetworkAclsOutput](t)(c.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: []ec2types.Filter{{Name: aws.String("association.subnet-id"), Values: []string{*made.SubnetId}}}})).NetworkAcls
	if len(its) != 1 || !*its[0].IsDefault {
		t.Errorf("a new subnet has %d network ACLs, want the default one", len(its))
	}
	wantCode(t, "InvalidSubnet.Conflict")(c.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: made.VpcId, CidrBlock: aws.String("10.0.20.0/24")}))
	table := must[*ec2.CreateRouteTableOutput](t)(c.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: made.VpcId})).RouteTable
	a := must[*ec2.AssociateRouteTableOutput](t)(c.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: table.RouteTableId, SubnetId: made.SubnetId}))
	wantCode(t, "Resource.AlreadyAssociated")(c.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: aws.String(w.names["route-table:public"]), SubnetId: made.SubnetId}))
	b := must[*ec2.ReplaceRouteTableAssociationOutput](t)(c.ReplaceRouteTableAssociation(ctx, &ec2.ReplaceRouteTableAssociationInput{AssociationId: a.AssociationId, RouteTableId: aws.String(w.names["route-table:public"])}))
	must[*ec2.DisassociateRouteTableOutput](t)(c.DisassociateRouteTable(ctx, &ec2.DisassociateRouteTableInput{AssociationId: b.NewAssociationId}))
	w.mu.Lock()
	defer w.mu.Unlock()
	if got := w.tableOf(*made.SubnetId); *got.RouteTableId != w.names["route-table:main"] {
		t.Errorf("a subnet without a table of its own uses %s", *got.RouteTableId)
	}
}
