package lab

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	resolvertypes "github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// forwarding is a rule of Route 53 Resolver.
type forwarding struct {
	resolvertypes.ResolverRule
}

// forwardedHere is a rule in force in a VPC.
type forwardedHere struct {
	resolvertypes.ResolverRuleAssociation
}

func (w *World) createResolverRule(in *route53resolver.CreateResolverRuleInput) (*route53resolver.CreateResolverRuleOutput, error) {
	forward := in.RuleType == resolvertypes.RuleTypeOptionForward
	if forward && (len(in.TargetIps) == 0 || in.ResolverEndpointId == nil) {
		return nil, wire.Errorf("InvalidRequestException", "[RSLVR-00501] A forwarding rule needs TargetIps and ResolverEndpointId.")
	}
	id := w.newID("rslvr-rr")
	r := put(&w.forwards, id, &forwarding{ResolverRule: resolvertypes.ResolverRule{
		Id: aws.String(id), Arn: w.resolverARN("resolver-rule/" + id), Name: in.Name, DomainName: aws.String(strings.TrimSuffix(aws.ToString(in.DomainName), ".") + "."), RuleType: in.RuleType,
		OwnerId: aws.String(w.Account), ResolverEndpointId: in.ResolverEndpointId, TargetIps: in.TargetIps, ShareStatus: resolvertypes.ShareStatusNotShared, Status: resolvertypes.ResolverRuleStatusComplete}})
	w.names["resolver-rule:"+aws.ToString(in.Name)] = id
	answer := r.ResolverRule
	return &route53resolver.CreateResolverRuleOutput{ResolverRule: &answer}, nil
}

func (w *World) resolverRule(id *string) (*forwarding, error) {
	if r := w.forwards[aws.ToString(id)]; r != nil {
		return r, nil
	}
	return nil, noResolverThing("Resolver rule", aws.ToString(id))
}

func (w *World) getResolverRule(in *route53resolver.GetResolverRuleInput) (*route53resolver.GetResolverRuleOutput, error) {
	r, err := w.resolverRule(in.ResolverRuleId)
	if err != nil {
		return nil, err
	}
	answer := r.ResolverRule
	return &route53resolver.GetResolverRuleOutput{ResolverRule: &answer}, nil
}

func (w *World) listResolverRules(in *route53resolver.ListResolverRulesInput) (*route53resolver.ListResolverRulesOutput, error) {
	all := []resolvertypes.ResolverRule{}
	for _, r := range sorted(w.forwards) {
		all = append(all, r.ResolverRule)
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &route53resolver.ListResolverRulesOutput{ResolverRules: page, NextToken: optional(next)}, err
}

func (w *World) associateResolverRule(in *route53resolver.AssociateResolverRuleInput) (*route53resolver.AssociateResolverRuleOutput, error) {
	r, err := w.resolverRule(in.ResolverRuleId)
	if err != nil {
		return nil, err
	}
	if w.vpcs[*in.VPCId] == nil {
		return nil, noResolverThing("VPC", *in.VPCId)
	}
	for _, a := range w.forwardedIn {
		if *a.VPCId == *in.VPCId && *w.forwards[*a.ResolverRuleId].DomainName == *r.DomainName {
			return nil, wire.Errorf("ResourceExistsException", "[RSLVR-00903] Cannot associate rules with same domain name with same VPC. Conflict with resolver rule \"%s\"", *a.ResolverRuleId)
		}
	}
	id := w.newID("rslvr-rrassoc")
	a := put(&w.forwardedIn, id, &forwardedHere{ResolverRuleAssociation: resolvertypes.ResolverRuleAssociation{
		Id: aws.String(id), Name: in.Name, ResolverRuleId: r.Id, VPCId: in.VPCId, Status: resolvertypes.ResolverRuleAssociationStatusComplete}})
	answer := a.ResolverRuleAssociation
	return &route53resolver.AssociateResolverRuleOutput{ResolverRuleAssociation: &answer}, nil
}

func (w *World) disassociateResolverRule(in *route53resolver.DisassociateResolverRuleInput) (*route53resolver.DisassociateResolverRuleOutput, error) {
	for id, a := range w.forwardedIn {
		if *a.VPCId == *in.VPCId && *a.ResolverRuleId == *in.ResolverRuleId {
			delete(w.forwardedIn, id)
			answer := a.ResolverRuleAssociation
			answer.Status = resolvertypes.ResolverRuleAssociationStatusDeleting
			return &route53resolver.DisassociateResolverRuleOutput{ResolverRuleAssociation: &answer}, nil
		}
	}
	return nil, noResolverThing("Resolver rule association", *in.ResolverRuleId)
}

func (w *World) listResolverRuleAssociations(in *route53resolver.ListResolverRuleAssociationsInput) (*route53resolver.ListResolverRuleAssociationsOutput, error) {
	all := []resolvertypes.ResolverRuleAssociation{}
	for _, a := range sorted(w.forwardedIn) {
		fits := true
		for _, f := range in.Filters {
			switch aws.ToString(f.Name) {
			case "VPCId":
				fits = fits && slices.Contains(f.Values, *a.VPCId)
			case "ResolverRuleId":
				fits = fits && slices.Contains(f.Values, *a.ResolverRuleId)
			default:
				return nil, wire.Errorf("InvalidRequestException", "[RSLVR-00200] The filter %s is not valid.", aws.ToString(f.Name))
			}
		}
		if fits {
			all = append(all, a.ResolverRuleAssociation)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &route53resolver.ListResolverRuleAssociationsOutput{ResolverRuleAssociations: page, NextToken: optional(next)}, err
}

// forwarded finds the rule of a VPC that takes a name, the one with the longest domain; nil when none does or it is of type SYSTEM,
// which leaves the name to Amazon's resolver (Route 53 developer guide, "How Resolver determines whether the domain name in a query matches any rules").
func (w *World) forwarded(vpcID, host string) *forwarding {
	var best *forwarding
	longest := -1
	for _, a := range sorted(w.forwardedIn) {
		r := w.forwards[*a.ResolverRuleId]
		d := strings.ToLower(strings.TrimSuffix(*r.DomainName, "."))
		fits := d == "" || d == host || strings.HasSuffix(host, "."+d)
		if *a.VPCId == vpcID && fits && len(d) > longest {
			best, longest = r, len(d)
		}
	}
	if best == nil || best.RuleType != resolvertypes.RuleTypeOptionForward {
		return nil
	}
	return best
}

// lookupInside is what Amazon's resolver answers inside a VPC: DNS Firewall stands before everything, then the private names that are more exact
// than a rule, then the rules, then the public names.
func (w *World) lookupInside(v *vpc, eni *ec2types.NetworkInterface, host string) destination {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if by := w.guarded(*v.VpcId, host); by != "" {
		return destination{blocker: by}
	}
	rule := w.forwarded(*v.VpcId, host)
	d := w.lookupName(v, eni, host, true)
	if rule == nil || d.endpoint != nil && strings.TrimSuffix(*rule.DomainName, ".") != host {
		return d
	}
	for _, t := range rule.TargetIps {
		switch knows := w.hub.servers[aws.ToString(t.Ip)]; {
		case knows == "all":
			return w.lookupName(v, eni, host, false)
		case knows != "":
			return destination{blocker: *rule.Id}
		}
	}
	return destination{blocker: *rule.Id, silent: true}
}

// companyServer tells whether a name server of the network behind the transit gateway answers, and whether it knows public names.
func (w *World) companyServer(eni *ec2types.NetworkInterface, server netip.Addr) (alive, public bool) {
	knows := w.hub.servers[server.String()]
	return knows != "" && w.travel(eni, packet{to: server, protocol: "udp", port: 53}).OK, knows == "all"
}
