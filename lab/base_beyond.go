package lab

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	fwtypes "github.com/aws/aws-sdk-go-v2/service/networkfirewall/types"
)

// companyCIDR is the company's network behind the transit gateway, with two name servers.
const companyCIDR = "10.20.0.0/16"

var companyServers = []string{"10.20.0.10", "10.20.0.11"}

// buildHub sends the private subnets through a transit gateway of another account, which has the NAT gateway and the company's network. The
// VPC's attachment has a subnet of its own in both zones.
func (w *World) buildHub() {
	w.addSubnet("transit-a", "10.0.20.0/28", "a", 11)
	w.addSubnet("transit-b", "10.0.20.16/28", "b", 11)
	for _, name := range []string{"transit-a", "transit-b"} {
		w.joinDefaultACL(w.names["subnet:"+name], w.names["vpc:shop"])
	}
	w.addRouteTable("transit", []string{"transit-a", "transit-b"})
	gateway, id := w.call("tgw:company", "tgw"), w.call("tgw-attachment:shop", "tgw-attach")
	put(&w.attachments, id, &ec2types.TransitGatewayVpcAttachment{
		TransitGatewayAttachmentId: aws.String(id), TransitGatewayId: aws.String(gateway), VpcId: aws.String(w.names["vpc:shop"]), VpcOwnerId: aws.String(w.Account), State: ec2types.TransitGatewayAttachmentStateAvailable,
		SubnetIds: []string{w.names["subnet:transit-a"], w.names["subnet:transit-b"]}, CreationTime: aws.Time(w.now.Add(-50 * day)), Tags: tagged("shop"),
		Options: &ec2types.TransitGatewayVpcAttachmentOptions{DnsSupport: ec2types.DnsSupportValueEnable, Ipv6Support: ec2types.Ipv6SupportValueDisable, ApplianceModeSupport: ec2types.ApplianceModeSupportValueDisable},
	})
	w.hub = hubNetwork{gateway: gateway, account: networkAccount, cidr: companyCIDR, internet: true, returns: true, servers: map[string]string{companyServers[0]: "all", companyServers[1]: "all"}}
	w.sendPrivate(ec2types.Route{TransitGatewayId: aws.String(gateway)})
}

// buildInspection puts a firewall between the private subnets and the NAT gateway. Its policy asks in strict order and lets pass what a list of
// names has.
func (w *World) buildInspection() {
	w.addSubnet("firewall-a", "10.0.30.0/28", "a", 10)
	w.joinDefaultACL(w.names["subnet:firewall-a"], w.names["vpc:shop"])
	table := w.addRouteTable("firewall", []string{"firewall-a"})
	table.Routes = append(table.Routes, ec2types.Route{DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: aws.String(w.names["nat:shop"]), State: ec2types.RouteStateActive, Origin: ec2types.RouteOriginCreateRoute})
	arn := func(resource string) string {
		return fmt.Sprintf("arn:%s:network-firewall:%s:%s:%s", w.Partition, w.Region, w.Account, resource)
	}
	firewall, policy, rules := arn("firewall/shop-egress"), arn("firewall-policy/shop-egress"), arn("stateful-rulegroup/allowed-names")
	w.names["rule-group:allowed-names"], w.names["firewall-policy:shop-egress"] = rules, policy
	put(&w.ruleSets, rules, &ruleSet{name: "allowed-names", arn: rules, token: w.newUUID(), group: fwtypes.RuleGroup{
		StatefulRuleOptions: &fwtypes.StatefulRuleOptions{RuleOrder: fwtypes.RuleOrderStrictOrder},
		RulesSource: &fwtypes.RulesSource{RulesSourceList: &fwtypes.RulesSourceList{
			GeneratedRulesType: fwtypes.GeneratedRulesTypeAllowlist, TargetTypes: []fwtypes.TargetType{fwtypes.TargetTypeTlsSni, fwtypes.TargetTypeHttpHost}, Targets: []string{".amazonaws.com", "api.payments.example"}}}}})
	put(&w.policySets, policy, &policySet{name: "shop-egress", arn: policy, token: w.newUUID(), policy: fwtypes.FirewallPolicy{
		StatelessDefaultActions: []string{"aws:forward_to_sfe"}, StatelessFragmentDefaultActions: []string{"aws:forward_to_sfe"}, StatefulDefaultActions: []string{"aws:drop_established", "aws:alert_established"},
		StatefulEngineOptions:       &fwtypes.StatefulEngineOptions{RuleOrder: fwtypes.RuleOrderStrictOrder},
		StatefulRuleGroupReferences: []fwtypes.StatefulRuleGroupReference{{ResourceArn: aws.String(rules), Priority: aws.Int32(100)}}}})
	endpoint := w.addFirewallEndpoint(firewall)
	put(&w.firewalls, firewall, &inspector{endpoints: map[string]string{w.names["subnet:firewall-a"]: endpoint}, Firewall: fwtypes.Firewall{
		FirewallArn: aws.String(firewall), FirewallName: aws.String("shop-egress"), FirewallId: aws.String(w.newUUID()), FirewallPolicyArn: aws.String(policy), VpcId: aws.String(w.names["vpc:shop"]),
		SubnetMappings: []fwtypes.SubnetMapping{{SubnetId: aws.String(w.names["subnet:firewall-a"])}}}})
	w.sendPrivate(ec2types.Route{GatewayId: aws.String(endpoint)})
}

// addFirewallEndpoint makes the endpoint by which a firewall stands in its subnet; the tags are those that AWS puts on it.
func (w *World) addFirewallEndpoint(firewall string) string {
	id := w.call("endpoint:firewall", "vpce")
	eni, err := w.createInterface(w.names["subnet:firewall-a"], nil, false, "VPC Endpoint Interface "+id)
	if err != nil {
		panic("lab: the base world has no address for its firewall: " + err.Error())
	}
	eni.InterfaceType = ec2types.NetworkInterfaceTypeGatewayLoadBalancerEndpoint
	w.endpoints[id] = &ec2types.VpcEndpoint{
		VpcEndpointId: aws.String(id), VpcId: aws.String(w.names["vpc:shop"]), ServiceName: aws.String("com.amazonaws.vpce." + w.Region + ".vpce-svc-" + stableHex(17, "firewall")), State: ec2types.StateAvailable,
		VpcEndpointType: ec2types.VpcEndpointTypeGatewayLoadBalancer, OwnerId: aws.String(w.Account), CreationTimestamp: aws.Time(w.now.Add(-50 * day)), RequesterManaged: aws.Bool(true),
		SubnetIds: []string{w.names["subnet:firewall-a"]}, NetworkInterfaceIds: []string{*eni.NetworkInterfaceId}, PrivateDnsEnabled: aws.Bool(false),
		Tags: []ec2types.Tag{{Key: aws.String("AWSNetworkFirewallManaged"), Value: aws.String("true")}, {Key: aws.String("Firewall"), Value: aws.String(firewall)}},
	}
	return id
}

// sendPrivate gives the private subnets another default route.
func (w *World) sendPrivate(r ec2types.Route) {
	r.DestinationCidrBlock, r.State, r.Origin = aws.String("0.0.0.0/0"), ec2types.RouteStateActive, ec2types.RouteOriginCreateRoute
	t := w.routeTables[w.names["route-table:private"]]
	t.Routes[routeTo(t, r)] = r
}

// joinDefaultACL is what happens to a new subnet: without a choice it has the default network ACL of its VPC.
func (w *World) joinDefaultACL(subnet, vpc string) {
	for _, acl := range w.acls {
		if aws.ToBool(acl.IsDefault) && aws.ToString(acl.VpcId) == vpc {
			acl.Associations = append(acl.Associations, ec2types.NetworkAclAssociation{NetworkAclAssociationId: aws.String(w.newID("aclassoc")), NetworkAclId: acl.NetworkAclId, SubnetId: aws.String(subnet)})
		}
	}
}
