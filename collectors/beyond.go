package collectors

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/networkfirewall"
	"github.com/aws/aws-sdk-go-v2/service/networkfirewall/types"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	resolvertypes "github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/ecsplain/ecsplain/evidence"
)

// beyondPort are the calls about what stands on a way behind the VPC's own routes and names.
type beyondPort struct {
	DescribeFirewall                     func(context.Context, *networkfirewall.DescribeFirewallInput, ...func(*networkfirewall.Options)) (*networkfirewall.DescribeFirewallOutput, error)
	DescribeFirewallPolicy               func(context.Context, *networkfirewall.DescribeFirewallPolicyInput, ...func(*networkfirewall.Options)) (*networkfirewall.DescribeFirewallPolicyOutput, error)
	DescribeRuleGroup                    func(context.Context, *networkfirewall.DescribeRuleGroupInput, ...func(*networkfirewall.Options)) (*networkfirewall.DescribeRuleGroupOutput, error)
	ListResolverRuleAssociations         func(context.Context, *route53resolver.ListResolverRuleAssociationsInput, ...func(*route53resolver.Options)) (*route53resolver.ListResolverRuleAssociationsOutput, error)
	GetResolverRule                      func(context.Context, *route53resolver.GetResolverRuleInput, ...func(*route53resolver.Options)) (*route53resolver.GetResolverRuleOutput, error)
	DescribeTransitGatewayVpcAttachments func(context.Context, *ec2.DescribeTransitGatewayVpcAttachmentsInput, ...func(*ec2.Options)) (*ec2.DescribeTransitGatewayVpcAttachmentsOutput, error)
}

func newBeyondPort(cfg aws.Config) beyondPort {
	f, r := networkfirewall.NewFromConfig(cfg), route53resolver.NewFromConfig(cfg)
	return beyondPort{f.DescribeFirewall, f.DescribeFirewallPolicy, f.DescribeRuleGroup, r.ListResolverRuleAssociations, r.GetResolverRule,
		ec2.NewFromConfig(cfg).DescribeTransitGatewayVpcAttachments}
}

const (
	maxResolverPages = 5
	maxFirewallNames = 10000 // of a domain list; AWS takes no more in a rule group
)

func transitAttachments(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		gateway, vpc, _ := strings.Cut(k.ID, "/")
		out, from, err := call(ctx, w.ports.beyond.DescribeTransitGatewayVpcAttachments, &ec2.DescribeTransitGatewayVpcAttachmentsInput{Filters: []ec2types.Filter{
			{Name: aws.String("transit-gateway-id"), Values: []string{gateway}}, {Name: aws.String("vpc-id"), Values: []string{vpc}}}})
		if err != nil {
			w.gap(from, err, k)
			return
		}
		// Deleted attachments stay listed for a while beside the one that took their place.
		live := slices.DeleteFunc(out.TransitGatewayVpcAttachments, func(a ec2types.TransitGatewayVpcAttachment) bool {
			return a.State == ec2types.TransitGatewayAttachmentStateDeleted
		})
		if len(live) == 0 {
			w.absent(k, from)
			return
		}
		a := live[0]
		w.found(k, from, evidence.TransitAttachment{ID: str(a.TransitGatewayAttachmentId), Gateway: str(a.TransitGatewayId), VpcID: str(a.VpcId), State: string(a.State), SubnetIDs: a.SubnetIds})
	})
}

// resolverRules reads the associations of a VPC and each of their rules.
func resolverRules(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		var from answer
		var rules []string
		err := pages(maxResolverPages, func(token *string) (*string, error) {
			out, f, err := call(ctx, w.ports.beyond.ListResolverRuleAssociations, &route53resolver.ListResolverRuleAssociationsInput{
				Filters: []resolvertypes.Filter{{Name: aws.String("VPCId"), Values: []string{k.ID}}}, MaxResults: aws.Int32(firewallPage), NextToken: token})
			from = f
			if err != nil {
				return nil, err
			}
			for _, a := range out.ResolverRuleAssociations {
				if a.Status == resolvertypes.ResolverRuleAssociationStatusComplete || a.Status == resolvertypes.ResolverRuleAssociationStatusOverridden {
					rules = append(rules, str(a.ResolverRuleId))
				}
			}
			return out.NextToken, nil
		})
		if err != nil {
			w.gap(from, err, k)
			return
		}
		type part struct {
			rule evidence.ResolverRule
			from answer
			err  error
		}
		parts := make([]*part, len(rules))
		for i, id := range rules {
			parts[i] = &part{rule: evidence.ResolverRule{ID: id}}
		}
		each(ctx, parts, func(ctx context.Context, p *part) { p.from, p.err = w.resolverRule(ctx, &p.rule) })
		v := evidence.ResolverRules{Rules: []evidence.ResolverRule{}}
		for _, p := range parts {
			if p.err != nil {
				w.gap(p.from, p.err, k)
				return
			}
			if p.from.Call != "" {
				from = p.from
			}
			v.Rules = append(v.Rules, p.rule)
		}
		w.found(k, from, v)
	})
}

// resolverRule reads one rule; of AWS's own one it knows all without a call.
func (w *Wave) resolverRule(ctx context.Context, v *evidence.ResolverRule) (answer, error) {
	if strings.HasPrefix(v.ID, "rslvr-autodefined-") { // AWS's own rule "Internet Resolver" for every name that no other rule takes
		v.Type, v.Owner = "RECURSIVE", "Route 53 Resolver"
		return answer{}, nil
	}
	out, from, err := call(ctx, w.ports.beyond.GetResolverRule, &route53resolver.GetResolverRuleInput{ResolverRuleId: &v.ID})
	if err != nil || out.ResolverRule == nil {
		return from, err
	}
	r := out.ResolverRule
	v.Name, v.Type, v.Owner = text(r.Name), string(r.RuleType), str(r.OwnerId)
	v.Domain = strings.ToLower(strings.TrimSuffix(text(r.DomainName), "."))
	v.Targets = mapped(r.TargetIps, func(t resolvertypes.TargetAddress) string { return cmp.Or(str(t.Ip), str(t.Ipv6)) })
	return from, nil
}

func firewalls(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.beyond.DescribeFirewall, &networkfirewall.DescribeFirewallInput{FirewallArn: &k.ID})
		if w.notThere(k, from, err) || out.Firewall == nil {
			return
		}
		f := out.Firewall
		v := evidence.Firewall{ARN: str(f.FirewallArn), Name: str(f.FirewallName), PolicyARN: str(f.FirewallPolicyArn), VpcID: str(f.VpcId)}
		if out.FirewallStatus != nil {
			for zone, s := range out.FirewallStatus.SyncStates {
				if a := s.Attachment; a != nil {
					v.Endpoints = append(v.Endpoints, evidence.FirewallEndpoint{ID: str(a.EndpointId), Zone: zone, SubnetID: str(a.SubnetId), Status: string(a.Status)})
				}
			}
		}
		slices.SortFunc(v.Endpoints, func(a, b evidence.FirewallEndpoint) int { return cmp.Compare(a.Zone, b.Zone) })
		w.found(k, from, v)
	})
}

// notThere answers a key whose call failed: absent where Network Firewall does not know it, else a gap.
func (w *Wave) notThere(k evidence.Key, from answer, err error) bool {
	switch {
	case is(err, "ResourceNotFoundException"):
		w.absent(k, from)
	case err != nil:
		w.gap(from, err, k)
	}
	return err != nil
}

func firewallPolicies(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.beyond.DescribeFirewallPolicy, &networkfirewall.DescribeFirewallPolicyInput{FirewallPolicyArn: &k.ID})
		if w.notThere(k, from, err) {
			return
		}
		if out.FirewallPolicy == nil {
			w.missing(k, from)
			return
		}
		p := out.FirewallPolicy
		v := evidence.FirewallPolicy{ARN: k.ID, StatelessDefault: p.StatelessDefaultActions, StatefulDefault: p.StatefulDefaultActions, TLSInspection: p.TLSInspectionConfigurationArn != nil}
		v.Strict = p.StatefulEngineOptions != nil && p.StatefulEngineOptions.RuleOrder == types.RuleOrderStrictOrder
		for _, g := range p.StatelessRuleGroupReferences {
			v.StatelessGroups = append(v.StatelessGroups, str(g.ResourceArn))
		}
		refs := slices.Clone(p.StatefulRuleGroupReferences)
		slices.SortStableFunc(refs, func(a, b types.StatefulRuleGroupReference) int { return cmp.Compare(num(a.Priority), num(b.Priority)) })
		for _, g := range refs {
			v.Groups = append(v.Groups, evidence.FirewallRuleGroup{ARN: str(g.ResourceArn), DropToAlert: g.Override != nil && g.Override.Action == types.OverrideActionDropToAlert})
		}
		w.found(k, from, v)
	})
}

func firewallRules(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.beyond.DescribeRuleGroup, &networkfirewall.DescribeRuleGroupInput{RuleGroupArn: &k.ID})
		if w.notThere(k, from, err) {
			return
		}
		v := evidence.FirewallRules{ARN: k.ID, Name: last(k.ID), Text: true} // what AWS manages comes without its rules
		if out.RuleGroup != nil && out.RuleGroup.RulesSource != nil {
			v = toFirewallRules(v, *out.RuleGroup.RulesSource)
		}
		w.found(k, from, v)
	})
}

func toFirewallRules(v evidence.FirewallRules, s types.RulesSource) evidence.FirewallRules {
	switch l := s.RulesSourceList; {
	case l != nil && len(l.Targets) <= maxFirewallNames:
		v.Text, v.List, v.Domains = false, string(l.GeneratedRulesType), mapped(l.Targets, evidence.Clean)
		v.TLS, v.HTTP = slices.Contains(l.TargetTypes, types.TargetTypeTlsSni), slices.Contains(l.TargetTypes, types.TargetTypeHttpHost)
	case len(s.StatefulRules) > 0:
		v.Text, v.Rules = false, mapped(s.StatefulRules, toFirewallHeader)
	}
	return v
}

// toFirewallHeader: the options sid and msg are names; any other one is a further condition.
func toFirewallHeader(r types.StatefulRule) evidence.FirewallHeader {
	v := evidence.FirewallHeader{Action: string(r.Action)}
	if h := r.Header; h != nil {
		v.Protocol, v.Source, v.Destination, v.DestinationPort = string(h.Protocol), str(h.Source), str(h.Destination), str(h.DestinationPort)
	}
	v.Options = slices.ContainsFunc(r.RuleOptions, func(o types.RuleOption) bool {
		name, _, _ := strings.Cut(str(o.Keyword), ":")
		return name != "sid" && name != "msg" && name != "rev"
	})
	return v
}
