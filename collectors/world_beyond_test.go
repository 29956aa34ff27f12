package collectors

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/networkfirewall"
	firewalltypes "github.com/aws/aws-sdk-go-v2/service/networkfirewall/types"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	resolvertypes "github.com/aws/aws-sdk-go-v2/service/route53resolver/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab/wire"
)

const firewallARN = "arn:aws:network-firewall:eu-west-1:111122223333:"

// sampleBeyond is one key of each kind about what stands behind the VPC's own routes and names, in the order of evidence.Kinds.
var sampleBeyond = []evidence.Key{
	evidence.ResolverRulesKey("vpc-1").Key,
	evidence.TransitKey("tgw-1", "vpc-1").Key,
	evidence.FirewallKey(firewallARN + "firewall/edge").Key,
	evidence.FirewallPolicyKey(firewallARN + "firewall-policy/edge").Key,
	evidence.FirewallRulesKey(firewallARN + "stateful-rulegroup/names").Key,
}

var ordinaryBeyond = []wire.Operation{
	op("ec2", "DescribeTransitGatewayVpcAttachments", func(in *ec2.DescribeTransitGatewayVpcAttachmentsInput) (*ec2.DescribeTransitGatewayVpcAttachmentsOutput, error) {
		out := &ec2.DescribeTransitGatewayVpcAttachmentsOutput{}
		if in.Filters[0].Values[0] == "tgw-1" {
			at := func(id string, state ec2types.TransitGatewayAttachmentState) ec2types.TransitGatewayVpcAttachment {
				return ec2types.TransitGatewayVpcAttachment{TransitGatewayAttachmentId: p(id), TransitGatewayId: p("tgw-1"), VpcId: p("vpc-1"), State: state, SubnetIds: []string{"subnet-1"}}
			}
			out.TransitGatewayVpcAttachments = []ec2types.TransitGatewayVpcAttachment{at("tgw-attach-old", ec2types.TransitGatewayAttachmentStateDeleted), at("tgw-attach-1", ec2types.TransitGatewayAttachmentStateAvailable)}
		}
		return out, nil
	}),
	op("route53resolver", "ListResolverRuleAssociations", func(*route53resolver.ListResolverRuleAssociationsInput) (*route53resolver.ListResolverRuleAssociationsOutput, error) {
		at := func(rule string, s resolvertypes.ResolverRuleAssociationStatus) resolvertypes.ResolverRuleAssociation {
			return resolvertypes.ResolverRuleAssociation{ResolverRuleId: p(rule), VPCId: p("vpc-1"), Status: s}
		}
		return &route53resolver.ListResolverRuleAssociationsOutput{ResolverRuleAssociations: []resolvertypes.ResolverRuleAssociation{
			at("rslvr-rr-1", resolvertypes.ResolverRuleAssociationStatusComplete), at("rslvr-rr-gone", resolvertypes.ResolverRuleAssociationStatusDeleting),
			at("rslvr-autodefined-rr-internet-resolver", resolvertypes.ResolverRuleAssociationStatusComplete)}}, nil
	}),
	op("route53resolver", "GetResolverRule", func(in *route53resolver.GetResolverRuleInput) (*route53resolver.GetResolverRuleOutput, error) {
		return &route53resolver.GetResolverRuleOutput{ResolverRule: &resolvertypes.ResolverRule{Id: in.ResolverRuleId, Name: p("office"), DomainName: p("Corp.Example."), OwnerId: p("444455556666"),
			RuleType: resolvertypes.RuleTypeOptionForward, TargetIps: []resolvertypes.TargetAddress{{Ip: p("10.9.9.9")}}}}, nil
	}),
	op("network-firewall", "DescribeFirewall", func(in *networkfirewall.DescribeFirewallInput) (*networkfirewall.DescribeFirewallOutput, error) {
		if *in.FirewallArn != firewallARN+"firewall/edge" {
			return nil, wire.Errorf("ResourceNotFoundException", "no such firewall")
		}
		return &networkfirewall.DescribeFirewallOutput{
			Firewall: &firewalltypes.Firewall{FirewallArn: in.FirewallArn, FirewallName: p("edge"), FirewallId: p("f"), FirewallPolicyArn: p(firewallARN + "firewall-policy/edge"), VpcId: p("vpc-1"),
				SubnetMappings: []firewalltypes.SubnetMapping{{SubnetId: p("subnet-1")}}},
			FirewallStatus: &firewalltypes.FirewallStatus{Status: firewalltypes.FirewallStatusValueReady, ConfigurationSyncStateSummary: firewalltypes.ConfigurationSyncStateInSync,
				SyncStates: map[string]firewalltypes.SyncState{"eu-west-1a": {Attachment: &firewalltypes.Attachment{EndpointId: p("vpce-fw"), SubnetId: p("subnet-1"), Status: firewalltypes.AttachmentStatusReady}}}}}, nil
	}),
	op("network-firewall", "DescribeFirewallPolicy", func(in *networkfirewall.DescribeFirewallPolicyInput) (*networkfirewall.DescribeFirewallPolicyOutput, error) {
		group := func(name string, priority int32) firewalltypes.StatefulRuleGroupReference {
			return firewalltypes.StatefulRuleGroupReference{ResourceArn: p(firewallARN + "stateful-rulegroup/" + name), Priority: p(priority)}
		}
		late := group("late", 20)
		late.Override = &firewalltypes.StatefulRuleGroupOverride{Action: firewalltypes.OverrideActionDropToAlert}
		return &networkfirewall.DescribeFirewallPolicyOutput{UpdateToken: p("t"),
			FirewallPolicyResponse: &firewalltypes.FirewallPolicyResponse{FirewallPolicyArn: in.FirewallPolicyArn, FirewallPolicyId: p("i"), FirewallPolicyName: p("edge")},
			FirewallPolicy: &firewalltypes.FirewallPolicy{StatelessDefaultActions: []string{"aws:forward_to_sfe"}, StatelessFragmentDefaultActions: []string{"aws:drop"},
				StatefulDefaultActions: []string{"aws:drop_strict"}, StatefulEngineOptions: &firewalltypes.StatefulEngineOptions{RuleOrder: firewalltypes.RuleOrderStrictOrder},
				StatefulRuleGroupReferences: []firewalltypes.StatefulRuleGroupReference{late, group("names", 10)}}}, nil
	}),
	op("network-firewall", "DescribeRuleGroup", func(in *networkfirewall.DescribeRuleGroupInput) (*networkfirewall.DescribeRuleGroupOutput, error) {
		source := firewalltypes.RulesSource{RulesSourceList: &firewalltypes.RulesSourceList{GeneratedRulesType: firewalltypes.GeneratedRulesTypeAllowlist,
			Targets: []string{".amazonaws.com"}, TargetTypes: []firewalltypes.TargetType{firewalltypes.TargetTypeTlsSni}}}
		switch *in.RuleGroupArn {
		case firewallARN + "stateful-rulegroup/tuples":
			rule := func(options ...firewalltypes.RuleOption) firewalltypes.StatefulRule {
				return firewalltypes.StatefulRule{Action: firewalltypes.StatefulActionDrop, RuleOptions: options, Header: &firewalltypes.Header{Protocol: firewalltypes.StatefulRuleProtocolTcp,
					Direction: firewalltypes.StatefulRuleDirectionForward, Source: p("ANY"), SourcePort: p("ANY"), Destination: p("ANY"), DestinationPort: p("443")}}
			}
			source = firewalltypes.RulesSource{StatefulRules: []firewalltypes.StatefulRule{rule(firewalltypes.RuleOption{Keyword: p("sid:1")}), rule(firewalltypes.RuleOption{Keyword: p("flow")})}}
		case firewallARN + "stateful-rulegroup/text":
			source = firewalltypes.RulesSource{RulesString: p("drop tcp any any -> any any (sid:1;)")}
		}
		return &networkfirewall.DescribeRuleGroupOutput{UpdateToken: p("t"), RuleGroup: &firewalltypes.RuleGroup{RulesSource: &source},
			RuleGroupResponse: &firewalltypes.RuleGroupResponse{RuleGroupArn: in.RuleGroupArn, RuleGroupId: p("i"), RuleGroupName: p("names")}}, nil
	}),
}

func TestBeyondReads(t *testing.T) {
	w := serve(t)
	gone := evidence.FirewallKey(firewallARN + "firewall/gone")
	tuples, written := evidence.FirewallRulesKey(firewallARN+"stateful-rulegroup/tuples"), evidence.FirewallRulesKey(firewallARN+"stateful-rulegroup/text")
	loose := evidence.TransitKey("tgw-9", "vpc-1")
	s := w.fetch(t, append([]evidence.Key{gone.Key, tuples.Key, written.Key, loose.Key}, sampleBeyond...)...)
	for _, k := range []evidence.Key{gone.Key, loose.Key} {
		if _, state := s.Lookup(k); state != evidence.Absent {
			t.Errorf("%s is %v, want absent", k, state)
		}
	}
	same := func(what string, got, want any) {
		t.Helper()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
	same("attachment", value(t, s, evidence.TransitKey("tgw-1", "vpc-1")), evidence.TransitAttachment{ID: "tgw-attach-1", Gateway: "tgw-1", VpcID: "vpc-1", State: "available", SubnetIDs: []string{"subnet-1"}})
	same("rules of the resolver", value(t, s, evidence.ResolverRulesKey("vpc-1")).Rules, []evidence.ResolverRule{
		{ID: "rslvr-rr-1", Name: "office", Domain: "corp.example", Type: "FORWARD", Owner: "444455556666", Targets: []string{"10.9.9.9"}},
		{ID: "rslvr-autodefined-rr-internet-resolver", Type: "RECURSIVE", Owner: "Route 53 Resolver"}})
	same("firewall", value(t, s, evidence.FirewallKey(firewallARN+"firewall/edge")), evidence.Firewall{ARN: firewallARN + "firewall/edge", Name: "edge", PolicyARN: firewallARN + "firewall-policy/edge", VpcID: "vpc-1",
		Endpoints: []evidence.FirewallEndpoint{{ID: "vpce-fw", Zone: "eu-west-1a", SubnetID: "subnet-1", Status: "READY"}}})
	same("policy", value(t, s, evidence.FirewallPolicyKey(firewallARN+"firewall-policy/edge")), evidence.FirewallPolicy{ARN: firewallARN + "firewall-policy/edge", StatelessDefault: []string{"aws:forward_to_sfe"},
		StatefulDefault: []string{"aws:drop_strict"}, Strict: true, Groups: []evidence.FirewallRuleGroup{{ARN: firewallARN + "stateful-rulegroup/names"}, {ARN: firewallARN + "stateful-rulegroup/late", DropToAlert: true}}})
	same("names", value(t, s, evidence.FirewallRulesKey(firewallARN+"stateful-rulegroup/names")), evidence.FirewallRules{ARN: firewallARN + "stateful-rulegroup/names", Name: "names", List: "ALLOWLIST", Domains: []string{".amazonaws.com"}, TLS: true})
	drop := evidence.FirewallHeader{Action: "DROP", Protocol: "TCP", Source: "ANY", Destination: "ANY", DestinationPort: "443"}
	conditional := drop
	conditional.Options = true
	same("tuples", value(t, s, tuples).Rules, []evidence.FirewallHeader{drop, conditional})
	if v := value(t, s, written); !v.Text || v.Rules != nil {
		t.Errorf("rules in Suricata's language read %+v", v)
	}
}
