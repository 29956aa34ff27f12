package lab

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	resolvertypes "github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// dnsRuleGroup is a rule group of DNS Firewall.
type dnsRuleGroup struct {
	resolvertypes.FirewallRuleGroup
	rules []resolvertypes.FirewallRule
}

// domainList is a list of names for its rules.
type domainList struct {
	resolvertypes.FirewallDomainList
	domains []string
}

// dnsGuard is a rule group in force in a VPC.
type dnsGuard struct {
	resolvertypes.FirewallRuleGroupAssociation
}

// resolverOperations lists what the lab answers of Route 53 Resolver.
func (w *World) resolverOperations() []wire.Operation {
	const service = "route53resolver"
	return []wire.Operation{
		wire.Op(service, "CreateFirewallDomainList", changes(w, w.createDomainList)),
		wire.Op(service, "ListFirewallDomains", reads(w, w.listFirewallDomains)),
		wire.Op(service, "UpdateFirewallDomains", changes(w, w.updateFirewallDomains)),
		wire.Op(service, "CreateFirewallRuleGroup", changes(w, w.createDNSRuleGroup)),
		wire.Op(service, "CreateFirewallRule", changes(w, w.createDNSRule)),
		wire.Op(service, "ListFirewallRules", reads(w, w.listDNSRules)),
		wire.Op(service, "DeleteFirewallRule", changes(w, w.deleteDNSRule)),
		wire.Op(service, "UpdateFirewallRule", changes(w, w.updateDNSRule)),
		wire.Op(service, "AssociateFirewallRuleGroup", changes(w, w.associateDNSRuleGroup)),
		wire.Op(service, "DisassociateFirewallRuleGroup", changes(w, w.disassociateDNSRuleGroup)),
		wire.Op(service, "ListFirewallRuleGroupAssociations", reads(w, w.listDNSGuards)),
		wire.Op(service, "CreateResolverRule", changes(w, w.createResolverRule)),
		wire.Op(service, "GetResolverRule", reads(w, w.getResolverRule)),
		wire.Op(service, "ListResolverRules", reads(w, w.listResolverRules)),
		wire.Op(service, "AssociateResolverRule", changes(w, w.associateResolverRule)),
		wire.Op(service, "DisassociateResolverRule", changes(w, w.disassociateResolverRule)),
		wire.Op(service, "ListResolverRuleAssociations", reads(w, w.listResolverRuleAssociations)),
	}
}

func noResolverThing(what, id string) *wire.Error {
	return wire.Errorf("ResourceNotFoundException", "[RSLVR-00703] %s with the ID \"%s\" doesn't exist.", what, id)
}

func (w *World) resolverARN(resource string) *string {
	return aws.String("arn:" + w.Partition + ":route53resolver:" + w.Region + ":" + w.Account + ":" + resource)
}

func (w *World) createDomainList(in *route53resolver.CreateFirewallDomainListInput) (*route53resolver.CreateFirewallDomainListOutput, error) {
	id := w.newID("rslvr-fdl")
	l := put(&w.domainLists, id, &domainList{FirewallDomainList: resolvertypes.FirewallDomainList{
		Id: aws.String(id), Arn: w.resolverARN("firewall-domain-list/" + id), Name: in.Name, Status: resolvertypes.FirewallDomainListStatusComplete, DomainCount: aws.Int32(0)}})
	w.names["domain-list:"+aws.ToString(in.Name)] = id
	d := l.FirewallDomainList
	return &route53resolver.CreateFirewallDomainListOutput{FirewallDomainList: &d}, nil
}

func (w *World) listFirewallDomains(in *route53resolver.ListFirewallDomainsInput) (*route53resolver.ListFirewallDomainsOutput, error) {
	l := w.domainLists[*in.FirewallDomainListId]
	if l == nil {
		return nil, noResolverThing("Firewall domain list", *in.FirewallDomainListId)
	}
	page, next, err := wire.Page(l.domains, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 5000)
	return &route53resolver.ListFirewallDomainsOutput{Domains: page, NextToken: optional(next)}, err
}

// updateFirewallDomains keeps names as DNS Firewall does: with a dot at their end.
func (w *World) updateFirewallDomains(in *route53resolver.UpdateFirewallDomainsInput) (*route53resolver.UpdateFirewallDomainsOutput, error) {
	l := w.domainLists[*in.FirewallDomainListId]
	if l == nil {
		return nil, noResolverThing("Firewall domain list", *in.FirewallDomainListId)
	}
	var names []string
	for _, d := range in.Domains {
		names = append(names, strings.ToLower(strings.TrimSuffix(d, "."))+".")
	}
	listed := func(d string) bool { return slices.Contains(names, d) }
	switch in.Operation {
	case resolvertypes.FirewallDomainUpdateOperationReplace:
		l.domains = names
	case resolvertypes.FirewallDomainUpdateOperationRemove:
		l.domains = slices.DeleteFunc(slices.Clone(l.domains), listed)
	default:
		l.domains = append(slices.DeleteFunc(slices.Clone(l.domains), listed), names...)
	}
	slices.Sort(l.domains)
	l.DomainCount = aws.Int32(int32(len(l.domains)))
	return &route53resolver.UpdateFirewallDomainsOutput{Id: l.Id, Name: l.Name, Status: l.Status}, nil
}

func (w *World) createDNSRuleGroup(in *route53resolver.CreateFirewallRuleGroupInput) (*route53resolver.CreateFirewallRuleGroupOutput, error) {
	id := w.newID("rslvr-frg")
	g := put(&w.dnsGroups, id, &dnsRuleGroup{FirewallRuleGroup: resolvertypes.FirewallRuleGroup{
		Id: aws.String(id), Arn: w.resolverARN("firewall-rule-group/" + id), Name: in.Name, OwnerId: aws.String(w.Account), Status: resolvertypes.FirewallRuleGroupStatusComplete, RuleCount: aws.Int32(0)}})
	w.names["dns-rule-group:"+aws.ToString(in.Name)] = id
	d := g.FirewallRuleGroup
	return &route53resolver.CreateFirewallRuleGroupOutput{FirewallRuleGroup: &d}, nil
}

func (w *World) dnsGroup(id *string) (*dnsRuleGroup, error) {
	if g := w.dnsGroups[aws.ToString(id)]; g != nil {
		return g, nil
	}
	return nil, noResolverThing("Firewall rule group", aws.ToString(id))
}

// byPriority keeps the rules in the order in which they are asked.
func (g *dnsRuleGroup) set(rules []resolvertypes.FirewallRule) {
	slices.SortStableFunc(rules, func(a, b resolvertypes.FirewallRule) int { return cmp.Compare(*a.Priority, *b.Priority) })
	g.rules, g.RuleCount = rules, aws.Int32(int32(len(rules)))
}

func (w *World) createDNSRule(in *route53resolver.CreateFirewallRuleInput) (*route53resolver.CreateFirewallRuleOutput, error) {
	g, err := w.dnsGroup(in.FirewallRuleGroupId)
	if err != nil {
		return nil, err
	}
	r := resolvertypes.FirewallRule{
		FirewallRuleGroupId: g.Id, FirewallDomainListId: in.FirewallDomainListId, Name: in.Name, Priority: in.Priority, Action: in.Action, BlockResponse: in.BlockResponse,
		FirewallDomainRedirectionAction: cmp.Or(in.FirewallDomainRedirectionAction, resolvertypes.FirewallDomainRedirectionActionInspectRedirectionDomain), CreatorRequestId: in.CreatorRequestId,
	}
	switch {
	case w.domainLists[aws.ToString(in.FirewallDomainListId)] == nil:
		return nil, noResolverThing("Firewall domain list", aws.ToString(in.FirewallDomainListId))
	case slices.ContainsFunc(g.rules, func(o resolvertypes.FirewallRule) bool { return *o.Priority == *r.Priority }):
		return nil, wire.Errorf("ConflictException", "[RSLVR-02204] A firewall rule with priority %d already exists in the rule group.", *r.Priority)
	case in.Action == resolvertypes.ActionBlock && in.BlockResponse == "":
		return nil, wire.Errorf("ValidationException", "[RSLVR-02003] BlockResponse is required for the action BLOCK.")
	}
	g.set(append(slices.Clone(g.rules), r))
	return &route53resolver.CreateFirewallRuleOutput{FirewallRule: &r}, nil
}

func (w *World) listDNSRules(in *route53resolver.ListFirewallRulesInput) (*route53resolver.ListFirewallRulesOutput, error) {
	g, err := w.dnsGroup(in.FirewallRuleGroupId)
	if err != nil {
		return nil, err
	}
	page, next, err := wire.Page(slices.Clone(g.rules), aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &route53resolver.ListFirewallRulesOutput{FirewallRules: page, NextToken: optional(next)}, err
}

// ruleOf finds the rule for a domain list, which names it within its group.
func (g *dnsRuleGroup) ruleOf(list *string) (int, error) {
	i := slices.IndexFunc(g.rules, func(r resolvertypes.FirewallRule) bool {
		return aws.ToString(r.FirewallDomainListId) == aws.ToString(list)
	})
	if i < 0 {
		return 0, noResolverThing("Firewall rule", aws.ToString(list))
	}
	return i, nil
}

func (w *World) deleteDNSRule(in *route53resolver.DeleteFirewallRuleInput) (*route53resolver.DeleteFirewallRuleOutput, error) {
	g, err := w.dnsGroup(in.FirewallRuleGroupId)
	if err != nil {
		return nil, err
	}
	i, err := g.ruleOf(in.FirewallDomainListId)
	if err != nil {
		return nil, err
	}
	r := g.rules[i]
	g.set(slices.Delete(slices.Clone(g.rules), i, i+1))
	return &route53resolver.DeleteFirewallRuleOutput{FirewallRule: &r}, nil
}

func (w *World) updateDNSRule(in *route53resolver.UpdateFirewallRuleInput) (*route53resolver.UpdateFirewallRuleOutput, error) {
	g, err := w.dnsGroup(in.FirewallRuleGroupId)
	if err != nil {
		return nil, err
	}
	i, err := g.ruleOf(in.FirewallDomainListId)
	if err != nil {
		return nil, err
	}
	rules := slices.Clone(g.rules)
	r := &rules[i]
	r.Action, r.BlockResponse = cmp.Or(in.Action, r.Action), cmp.Or(in.BlockResponse, r.BlockResponse)
	r.Name, r.Priority = cmp.Or(in.Name, r.Name), cmp.Or(in.Priority, r.Priority)
	answer := *r
	g.set(rules)
	return &route53resolver.UpdateFirewallRuleOutput{FirewallRule: &answer}, nil
}

func (w *World) associateDNSRuleGroup(in *route53resolver.AssociateFirewallRuleGroupInput) (*route53resolver.AssociateFirewallRuleGroupOutput, error) {
	g, err := w.dnsGroup(in.FirewallRuleGroupId)
	if err != nil {
		return nil, err
	}
	if w.vpcs[*in.VpcId] == nil {
		return nil, noResolverThing("VPC", *in.VpcId)
	}
	id := w.newID("rslvr-frgassoc")
	a := put(&w.dnsGuards, id, &dnsGuard{FirewallRuleGroupAssociation: resolvertypes.FirewallRuleGroupAssociation{
		Id: aws.String(id), Arn: w.resolverARN("firewall-rule-group-association/" + id), FirewallRuleGroupId: g.Id, VpcId: in.VpcId, Name: in.Name, Priority: in.Priority,
		MutationProtection: resolvertypes.MutationProtectionStatusDisabled, Status: resolvertypes.FirewallRuleGroupAssociationStatusComplete}})
	w.names["dns-rule-group-association:"+aws.ToString(in.Name)] = id
	answer := a.FirewallRuleGroupAssociation
	return &route53resolver.AssociateFirewallRuleGroupOutput{FirewallRuleGroupAssociation: &answer}, nil
}

func (w *World) disassociateDNSRuleGroup(in *route53resolver.DisassociateFirewallRuleGroupInput) (*route53resolver.DisassociateFirewallRuleGroupOutput, error) {
	a := w.dnsGuards[*in.FirewallRuleGroupAssociationId]
	if a == nil {
		return nil, noResolverThing("Firewall rule group association", *in.FirewallRuleGroupAssociationId)
	}
	delete(w.dnsGuards, *a.Id)
	answer := a.FirewallRuleGroupAssociation
	answer.Status = resolvertypes.FirewallRuleGroupAssociationStatusDeleting
	return &route53resolver.DisassociateFirewallRuleGroupOutput{FirewallRuleGroupAssociation: &answer}, nil
}

func (w *World) listDNSGuards(in *route53resolver.ListFirewallRuleGroupAssociationsInput) (*route53resolver.ListFirewallRuleGroupAssociationsOutput, error) {
	all := []resolvertypes.FirewallRuleGroupAssociation{}
	for _, a := range w.guardsOf(aws.ToString(in.VpcId)) {
		if in.FirewallRuleGroupId == nil || *in.FirewallRuleGroupId == *a.FirewallRuleGroupId {
			all = append(all, a.FirewallRuleGroupAssociation)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &route53resolver.ListFirewallRuleGroupAssociationsOutput{FirewallRuleGroupAssociations: page, NextToken: optional(next)}, err
}

// guardsOf lists the associations of a VPC, or with "" all of them, in the order in which they are asked.
func (w *World) guardsOf(vpcID string) []*dnsGuard {
	all := slices.DeleteFunc(sorted(w.dnsGuards), func(a *dnsGuard) bool { return vpcID != "" && *a.VpcId != vpcID })
	slices.SortStableFunc(all, func(a, b *dnsGuard) int { return cmp.Compare(aws.ToInt32(a.Priority), aws.ToInt32(b.Priority)) })
	return all
}

// guarded tells whether DNS Firewall blocks a name in a VPC: the first rule that names it decides, ALERT lets the next ones be
// asked (Route 53 developer guide, "Rule actions in DNS Firewall"). The result is the rule group, or "".
func (w *World) guarded(vpcID, host string) string {
	for _, a := range w.guardsOf(vpcID) {
		for _, r := range w.dnsGroups[*a.FirewallRuleGroupId].rules {
			l := w.domainLists[aws.ToString(r.FirewallDomainListId)]
			if l == nil || r.Action == resolvertypes.ActionAlert || !slices.ContainsFunc(l.domains, func(d string) bool { return listedName(d, host) }) {
				continue
			}
			if r.Action == resolvertypes.ActionBlock {
				return *a.FirewallRuleGroupId
			}
			return ""
		}
	}
	return ""
}

// listedName matches an entry of a domain list: a name alone, *. for all below it, * for every name.
func listedName(entry, host string) bool {
	entry = strings.TrimSuffix(entry, ".")
	below, wild := strings.CutPrefix(entry, "*")
	return entry == host || wild && strings.HasSuffix(host, below)
}
