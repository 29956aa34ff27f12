package collectors

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	maptypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"github.com/ecsplain/ecsplain/evidence"
)

type namesPort struct {
	ListFirewallRuleGroupAssociations func(context.Context, *route53resolver.ListFirewallRuleGroupAssociationsInput, ...func(*route53resolver.Options)) (*route53resolver.ListFirewallRuleGroupAssociationsOutput, error)
	ListFirewallRules                 func(context.Context, *route53resolver.ListFirewallRulesInput, ...func(*route53resolver.Options)) (*route53resolver.ListFirewallRulesOutput, error)
	ListFirewallDomains               func(context.Context, *route53resolver.ListFirewallDomainsInput, ...func(*route53resolver.Options)) (*route53resolver.ListFirewallDomainsOutput, error)
	ListNamespaces                    func(context.Context, *servicediscovery.ListNamespacesInput, ...func(*servicediscovery.Options)) (*servicediscovery.ListNamespacesOutput, error)
}

func newNamesPort(cfg aws.Config) namesPort {
	r, d := route53resolver.NewFromConfig(cfg), servicediscovery.NewFromConfig(cfg)
	return namesPort{r.ListFirewallRuleGroupAssociations, r.ListFirewallRules, r.ListFirewallDomains, d.ListNamespaces}
}

const (
	maxNamespacePages = 5
	firewallPage      = 100  // the largest page of rules
	domainPage        = 1000 // a list may hold 100,000 names; its first thousand are read
)

func interfacesAt(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		vpc, address, _ := strings.Cut(k.ID, "/")
		out, from, err := call(ctx, w.ports.ec2.DescribeNetworkInterfaces, &ec2.DescribeNetworkInterfacesInput{Filters: []ec2types.Filter{
			{Name: aws.String("vpc-id"), Values: []string{vpc}}, {Name: aws.String("addresses.private-ip-address"), Values: []string{address}}}})
		switch {
		case err != nil:
			w.gap(from, err, k)
		case len(out.NetworkInterfaces) == 0:
			w.absent(k, from)
		default:
			w.found(k, from, toInterface(out.NetworkInterfaces[0]))
		}
	})
}

func dhcpOptions(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.ec2.DescribeDhcpOptions, &ec2.DescribeDhcpOptionsInput{Filters: []ec2types.Filter{{Name: aws.String("dhcp-options-id"), Values: []string{k.ID}}}})
		switch {
		case err != nil:
			w.gap(from, err, k)
		case len(out.DhcpOptions) == 0:
			w.absent(k, from)
		default:
			v := evidence.DhcpOptions{ID: k.ID}
			for _, c := range out.DhcpOptions[0].DhcpConfigurations {
				values := mapped(c.Values, func(a ec2types.AttributeValue) string { return text(a.Value) })
				switch str(c.Key) {
				case "domain-name-servers":
					v.Servers = values
				case "domain-name":
					v.Domain = strings.Join(values, " ")
				}
			}
			w.found(k, from, v)
		}
	})
}

// dnsFirewalls reads what stands between a VPC's tasks and names: the rule groups by their priority, the rules of each by theirs.
func dnsFirewalls(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.names.ListFirewallRuleGroupAssociations, &route53resolver.ListFirewallRuleGroupAssociationsInput{VpcId: aws.String(k.ID), MaxResults: aws.Int32(firewallPage)})
		if err != nil {
			w.gap(from, err, k)
			return
		}
		var groups []*firewallGroup
		for _, a := range out.FirewallRuleGroupAssociations {
			if a.Status != types.FirewallRuleGroupAssociationStatusDeleting {
				groups = append(groups, &firewallGroup{id: str(a.FirewallRuleGroupId), priority: num(a.Priority), from: from})
			}
		}
		slices.SortStableFunc(groups, func(a, b *firewallGroup) int { return cmp.Compare(a.priority, b.priority) })
		each(ctx, groups, func(ctx context.Context, g *firewallGroup) { g.read(ctx, w) })
		v := evidence.DNSFirewall{Rules: []evidence.DNSRule{}}
		for _, g := range groups {
			from = g.from
			if g.err != nil {
				w.gap(g.from, g.err, k)
				return
			}
			v.Rules = append(v.Rules, g.rules...)
		}
		if out.NextToken != nil {
			err = errTooMany
		}
		w.list(k, from, v, err)
	})
}

// firewallGroup is a rule group as it is being read.
type firewallGroup struct {
	id       string
	priority int
	rules    []evidence.DNSRule
	from     answer
	err      error
}

func (g *firewallGroup) read(ctx context.Context, w *Wave) {
	var out *route53resolver.ListFirewallRulesOutput
	if out, g.from, g.err = call(ctx, w.ports.names.ListFirewallRules, &route53resolver.ListFirewallRulesInput{FirewallRuleGroupId: &g.id, MaxResults: aws.Int32(firewallPage)}); g.err != nil {
		return
	}
	if out.NextToken != nil {
		g.err = errTooMany
		return
	}
	slices.SortStableFunc(out.FirewallRules, func(a, b types.FirewallRule) int { return cmp.Compare(num(a.Priority), num(b.Priority)) })
	var mu sync.Mutex
	g.rules = make([]evidence.DNSRule, len(out.FirewallRules))
	at := make([]int, len(out.FirewallRules))
	for i := range at {
		at[i] = i
	}
	each(ctx, at, func(ctx context.Context, i int) {
		r := out.FirewallRules[i]
		rule, from, err := firewallDomains(ctx, w, r)
		rule.Name, rule.Group, rule.Action = text(r.Name), g.id, string(r.Action)
		mu.Lock()
		defer mu.Unlock()
		g.rules[i] = rule
		if err != nil {
			g.from, g.err = from, err
		}
	})
}

// firewallDomains reads the names of a rule. What AWS's own lists hold is shown to nobody; a call for one is refused with the words "managed".
func firewallDomains(ctx context.Context, w *Wave, r types.FirewallRule) (rule evidence.DNSRule, from answer, err error) {
	if r.FirewallDomainListId == nil { // a rule of DNS Firewall Advanced, which looks at other things than names
		return evidence.DNSRule{Truncated: true}, from, nil
	}
	out, from, err := call(ctx, w.ports.names.ListFirewallDomains, &route53resolver.ListFirewallDomainsInput{FirewallDomainListId: r.FirewallDomainListId, MaxResults: aws.Int32(domainPage)})
	switch {
	case is(err, "AccessDeniedException") && !strings.Contains(err.Error(), "not authorized to perform"): // IAM's refusals have these words, and this one none of them
		return evidence.DNSRule{Truncated: true}, from, nil
	case err != nil:
		return rule, from, err
	}
	return evidence.DNSRule{Domains: out.Domains, Truncated: out.NextToken != nil}, from, nil
}

// namespaces finds namespaces by name or ARN among those of this account and region.
func namespaces(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		in := &servicediscovery.ListNamespacesInput{}
		if !strings.HasPrefix(k.ID, "arn:") {
			in.Filters = []maptypes.NamespaceFilter{{Name: maptypes.NamespaceFilterNameName, Values: []string{k.ID}, Condition: maptypes.FilterConditionEq}}
		}
		var from answer
		var found []evidence.Namespace
		err := pages(maxNamespacePages, func(token *string) (*string, error) {
			in.NextToken = token
			out, f, err := call(ctx, w.ports.names.ListNamespaces, in)
			from = f
			if err != nil {
				return nil, err
			}
			for _, n := range out.Namespaces {
				if str(n.Arn) == k.ID || str(n.Name) == k.ID {
					found = append(found, evidence.Namespace{ID: str(n.Id), ARN: str(n.Arn), Name: text(n.Name), Type: string(n.Type)})
				}
			}
			return out.NextToken, nil
		})
		switch {
		case len(found) > 0:
			w.found(k, from, found[0])
		case err != nil:
			w.gap(from, err, k)
		default:
			w.absent(k, from)
		}
	})
}
