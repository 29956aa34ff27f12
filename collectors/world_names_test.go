package collectors

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	resolvertypes "github.com/aws/aws-sdk-go-v2/service/route53resolver/types"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	maptypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab/wire"
)

var sampleNames = []evidence.Key{
	evidence.InterfaceAtKey("vpc-1", "10.0.3.4").Key,
	evidence.DhcpOptionsKey("dopt-1").Key,
	evidence.DNSFirewallKey("vpc-1").Key,
	evidence.NamespaceKey("shop.local").Key,
}

var ordinaryNames = []wire.Operation{
	op("ec2", "DescribeDhcpOptions", func(*ec2.DescribeDhcpOptionsInput) (*ec2.DescribeDhcpOptionsOutput, error) {
		return &ec2.DescribeDhcpOptionsOutput{DhcpOptions: []ec2types.DhcpOptions{{DhcpOptionsId: p("dopt-1"), DhcpConfigurations: []ec2types.DhcpConfiguration{
			{Key: p("domain-name-servers"), Values: []ec2types.AttributeValue{{Value: p("10.9.9.9")}, {Value: p("10.9.9.10")}}}}}}}, nil
	}),
	op("route53resolver", "ListFirewallRuleGroupAssociations", func(*route53resolver.ListFirewallRuleGroupAssociationsInput) (*route53resolver.ListFirewallRuleGroupAssociationsOutput, error) {
		group := func(id string, priority int32, status resolvertypes.FirewallRuleGroupAssociationStatus) resolvertypes.FirewallRuleGroupAssociation {
			return resolvertypes.FirewallRuleGroupAssociation{FirewallRuleGroupId: p(id), Priority: p(priority), Status: status}
		}
		return &route53resolver.ListFirewallRuleGroupAssociationsOutput{FirewallRuleGroupAssociations: []resolvertypes.FirewallRuleGroupAssociation{
			group("late", 200, resolvertypes.FirewallRuleGroupAssociationStatusComplete), group("first", 101, resolvertypes.FirewallRuleGroupAssociationStatusComplete),
			group("gone", 100, resolvertypes.FirewallRuleGroupAssociationStatusDeleting)}}, nil
	}),
	op("route53resolver", "ListFirewallRules", func(in *route53resolver.ListFirewallRulesInput) (*route53resolver.ListFirewallRulesOutput, error) {
		rule := func(name, list string, priority int32) resolvertypes.FirewallRule {
			return resolvertypes.FirewallRule{Name: p(name), FirewallRuleGroupId: in.FirewallRuleGroupId, FirewallDomainListId: p(list), Priority: p(priority), Action: resolvertypes.ActionBlock}
		}
		return &route53resolver.ListFirewallRulesOutput{FirewallRules: []resolvertypes.FirewallRule{rule(*in.FirewallRuleGroupId+"-2", "aws", 2), rule(*in.FirewallRuleGroupId+"-1", "own", 1)}}, nil
	}),
	op("route53resolver", "ListFirewallDomains", func(in *route53resolver.ListFirewallDomainsInput) (*route53resolver.ListFirewallDomainsOutput, error) {
		if *in.FirewallDomainListId == "aws" {
			return nil, wire.Errorf("AccessDeniedException", "you may not see what is on this list")
		}
		return &route53resolver.ListFirewallDomainsOutput{Domains: []string{"*.docker.io."}}, nil
	}),
	op("servicediscovery", "ListNamespaces", func(in *servicediscovery.ListNamespacesInput) (*servicediscovery.ListNamespacesOutput, error) {
		return &servicediscovery.ListNamespacesOutput{Namespaces: []maptypes.NamespaceSummary{{Id: p("ns-1"), Name: p("shop.local"), Arn: p("arn:aws:servicediscovery:eu-west-1:111122223333:namespace/ns-1"), Type: maptypes.NamespaceTypeHttp}}}, nil
	}),
}

func TestNames(t *testing.T) {
	w := serve(t)
	other := evidence.NamespaceKey("arn:aws:servicediscovery:eu-west-1:999988887777:namespace/ns-9")
	s := w.fetch(t, append([]evidence.Key{other.Key}, sampleNames...)...)
	if v := value(t, s, evidence.DhcpOptionsKey("dopt-1")); len(v.Servers) != 2 || v.Servers[0] != "10.9.9.9" {
		t.Errorf("options read %+v", v)
	}
	var names []string
	rules := value(t, s, evidence.DNSFirewallKey("vpc-1")).Rules
	for _, r := range rules {
		names = append(names, r.Name)
	}
	if len(rules) != 4 || names[0] != "first-1" || names[1] != "first-2" || names[3] != "late-2" || rules[0].Domains[0] != "*.docker.io." || !rules[1].Truncated || rules[0].Truncated {
		t.Errorf("rules read %+v, want them in the order in which they are asked", rules)
	}
	if v := value(t, s, evidence.NamespaceKey("shop.local")); v.ID != "ns-1" || v.Type != "HTTP" {
		t.Errorf("namespace reads %+v", v)
	}
	if _, state := s.Lookup(other.Key); state != evidence.Absent {
		t.Errorf("a namespace of another account is %v", state)
	}
	if v := value(t, s, evidence.InterfaceAtKey("vpc-1", "10.0.3.4")); v.ID != "eni-1" {
		t.Errorf("interface reads %+v", v)
	}
}
