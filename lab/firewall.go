package lab

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/networkfirewall"
	fwtypes "github.com/aws/aws-sdk-go-v2/service/networkfirewall/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// inspector is a firewall of Network Firewall with one endpoint in each of its subnets.
type inspector struct {
	fwtypes.Firewall
	endpoints map[string]string // subnet -> VPC endpoint
}

// policySet is a firewall policy, ruleSet one of its rule groups. Token changes with every change.
type policySet struct {
	policy    fwtypes.FirewallPolicy
	name, arn string
	token     string
}

type ruleSet struct {
	group     fwtypes.RuleGroup
	name, arn string
	token     string
}

// firewallOperations lists what the lab answers of Network Firewall.
func (w *World) firewallOperations() []wire.Operation {
	const service = "network-firewall"
	return []wire.Operation{
		wire.Op(service, "DescribeFirewall", reads(w, w.describeFirewall)),
		wire.Op(service, "DescribeFirewallPolicy", reads(w, w.describeFirewallPolicy)),
		wire.Op(service, "UpdateFirewallPolicy", changes(w, w.updateFirewallPolicy)),
		wire.Op(service, "DescribeRuleGroup", reads(w, w.describeRuleGroup)),
		wire.Op(service, "UpdateRuleGroup", changes(w, w.updateRuleGroup)),
	}
}

func noFirewallThing(what string) *wire.Error {
	return wire.Errorf("ResourceNotFoundException", "%s not found", what)
}

// found looks a thing up by ARN or by name.
func found[T any](m map[string]*T, arn, name *string, nameOf func(*T) string) *T {
	if t := m[aws.ToString(arn)]; t != nil {
		return t
	}
	for _, t := range sorted(m) {
		if arn == nil && nameOf(t) == aws.ToString(name) {
			return t
		}
	}
	return nil
}

func (w *World) describeFirewall(in *networkfirewall.DescribeFirewallInput) (*networkfirewall.DescribeFirewallOutput, error) {
	f := found(w.firewalls, in.FirewallArn, in.FirewallName, func(f *inspector) string { return *f.FirewallName })
	if f == nil {
		return nil, noFirewallThing("Firewall")
	}
	status := &fwtypes.FirewallStatus{Status: fwtypes.FirewallStatusValueReady, ConfigurationSyncStateSummary: fwtypes.ConfigurationSyncStateInSync, SyncStates: map[string]fwtypes.SyncState{}}
	for subnet, endpoint := range f.endpoints {
		status.SyncStates[aws.ToString(w.subnets[subnet].AvailabilityZone)] = fwtypes.SyncState{
			Attachment: &fwtypes.Attachment{SubnetId: aws.String(subnet), EndpointId: aws.String(endpoint), Status: fwtypes.AttachmentStatusReady}}
	}
	answer := f.Firewall
	return &networkfirewall.DescribeFirewallOutput{Firewall: &answer, FirewallStatus: status, UpdateToken: aws.String(stableHex(32, *f.FirewallArn))}, nil
}

func (w *World) findPolicySet(arn, name *string) (*policySet, error) {
	if p := found(w.policySets, arn, name, func(p *policySet) string { return p.name }); p != nil {
		return p, nil
	}
	return nil, noFirewallThing("Firewall policy")
}

func (p *policySet) response() *fwtypes.FirewallPolicyResponse {
	return &fwtypes.FirewallPolicyResponse{FirewallPolicyArn: aws.String(p.arn), FirewallPolicyName: aws.String(p.name), FirewallPolicyId: aws.String(stableHex(32, p.arn)), FirewallPolicyStatus: fwtypes.ResourceStatusActive}
}

func (w *World) describeFirewallPolicy(in *networkfirewall.DescribeFirewallPolicyInput) (*networkfirewall.DescribeFirewallPolicyOutput, error) {
	p, err := w.findPolicySet(in.FirewallPolicyArn, in.FirewallPolicyName)
	if err != nil {
		return nil, err
	}
	answer := p.policy
	return &networkfirewall.DescribeFirewallPolicyOutput{FirewallPolicy: &answer, FirewallPolicyResponse: p.response(), UpdateToken: aws.String(p.token)}, nil
}

const staleToken = "Update token is invalid."

func (w *World) updateFirewallPolicy(in *networkfirewall.UpdateFirewallPolicyInput) (*networkfirewall.UpdateFirewallPolicyOutput, error) {
	p, err := w.findPolicySet(in.FirewallPolicyArn, in.FirewallPolicyName)
	if err != nil {
		return nil, err
	}
	if *in.UpdateToken != p.token {
		return nil, wire.Errorf("InvalidTokenException", staleToken)
	}
	for _, g := range in.FirewallPolicy.StatefulRuleGroupReferences {
		if w.ruleSets[aws.ToString(g.ResourceArn)] == nil {
			return nil, noFirewallThing("Rule group " + aws.ToString(g.ResourceArn))
		}
	}
	p.policy, p.token = *in.FirewallPolicy, w.newUUID()
	return &networkfirewall.UpdateFirewallPolicyOutput{FirewallPolicyResponse: p.response(), UpdateToken: aws.String(p.token)}, nil
}

func (w *World) findRuleSet(arn, name *string) (*ruleSet, error) {
	if g := found(w.ruleSets, arn, name, func(g *ruleSet) string { return g.name }); g != nil {
		return g, nil
	}
	return nil, noFirewallThing("Rule group")
}

func (g *ruleSet) response() *fwtypes.RuleGroupResponse {
	return &fwtypes.RuleGroupResponse{RuleGroupArn: aws.String(g.arn), RuleGroupName: aws.String(g.name), RuleGroupId: aws.String(stableHex(32, g.arn)), Type: fwtypes.RuleGroupTypeStateful,
		RuleGroupStatus: fwtypes.ResourceStatusActive, Capacity: aws.Int32(100)}
}

func (w *World) describeRuleGroup(in *networkfirewall.DescribeRuleGroupInput) (*networkfirewall.DescribeRuleGroupOutput, error) {
	g, err := w.findRuleSet(in.RuleGroupArn, in.RuleGroupName)
	if err != nil {
		return nil, err
	}
	answer := g.group
	return &networkfirewall.DescribeRuleGroupOutput{RuleGroup: &answer, RuleGroupResponse: g.response(), UpdateToken: aws.String(g.token)}, nil
}

// updateRuleGroup replaces the whole group, for connections from now on.
func (w *World) updateRuleGroup(in *networkfirewall.UpdateRuleGroupInput) (*networkfirewall.UpdateRuleGroupOutput, error) {
	g, err := w.findRuleSet(in.RuleGroupArn, in.RuleGroupName)
	if err != nil {
		return nil, err
	}
	switch {
	case *in.UpdateToken != g.token:
		return nil, wire.Errorf("InvalidTokenException", staleToken)
	case in.RuleGroup == nil || in.RuleGroup.RulesSource == nil || in.RuleGroup.RulesSource.RulesString != nil:
		return nil, wire.Errorf("InvalidRequestException", "This lab takes a RuleGroup with a RulesSourceList or with StatefulRules.")
	}
	if !in.DryRun {
		g.group, g.token = *in.RuleGroup, w.newUUID()
	}
	return &networkfirewall.UpdateRuleGroupOutput{RuleGroupResponse: g.response(), UpdateToken: aws.String(g.token)}, nil
}

// inspects tells whether a route's target is the endpoint of a firewall.
func (w *World) inspects(id string) bool { return w.inspectorAt(id) != nil }

func (w *World) inspectorAt(endpoint string) *inspector {
	for _, f := range w.firewalls {
		for _, id := range f.endpoints {
			if id == endpoint {
				return f
			}
		}
	}
	return nil
}

// leadsBeyond completes a route whose target is a transit gateway or a firewall's endpoint of the same VPC.
func (w *World) leadsBeyond(t *ec2types.RouteTable, r *ec2types.Route, id string) bool {
	switch {
	case w.attachmentOf(id, *t.VpcId) != nil:
		r.TransitGatewayId = aws.String(id)
	case w.inspects(id) && *w.endpoints[id].VpcId == *t.VpcId:
		r.GatewayId = aws.String(id)
	default:
		return false
	}
	return true
}

// throughFirewall lets a firewall's endpoint and goes on from its subnet. The way back is taken to lead through the same endpoint.
// The result is the blocker or "", and the gateway endpoint that the way ends at; a blocker with handshake lets the TCP connection be made first.
func (w *World) throughFirewall(id string, eni *ec2types.NetworkInterface, p packet) (blocker, endpoint string, handshake bool) {
	e, f := w.endpoints[id], w.inspectorAt(id)
	if !isState(string(e.State), "available") {
		return id, "", false
	}
	if stop, late := w.inspect(f, p); stop {
		return *f.FirewallArn, "", late
	}
	subnetID := e.SubnetIds[0]
	table := w.tableOf(subnetID)
	if table == nil {
		return subnetID, "", false
	}
	route := w.bestRoute(table, p.to)
	switch {
	case route == nil || route.State == ec2types.RouteStateBlackhole:
		return *table.RouteTableId, "", false
	case route.NatGatewayId != nil:
		blocker, endpoint = w.throughNAT(*route.NatGatewayId, eni, p)
		return blocker, endpoint, false
	case route.TransitGatewayId != nil:
		return w.throughTransit(*route.TransitGatewayId, eni, p), "", false
	case route.GatewayId != nil && w.igws[*route.GatewayId] != nil:
		public := eni.Association != nil && eni.Association.PublicIp != nil
		return w.internet(*route.GatewayId, aws.ToString(eni.VpcId), subnetID, aws.ToString(eni.NetworkInterfaceId), public, false), "", false
	}
	return *table.RouteTableId, "", false
}

// ruling is what rules do with a connection. The order is that of the default evaluation: what lets pass goes before what drops.
type ruling int

const (
	silentRules ruling = iota
	lets
	stops
	stopsByName // after the TCP handshake, for the name stands in the TLS handshake
)

// inspect asks a firewall's rules (Network Firewall developer guide, "Managing evaluation order for Suricata compatible rules"). late: the TCP
// connection is made before the packets are dropped.
func (w *World) inspect(f *inspector, p packet) (stop, late bool) {
	policy := w.policySets[*f.FirewallPolicyArn].policy
	switch d := policy.StatelessDefaultActions; {
	case slices.Contains(d, "aws:pass"):
		return false, false
	case slices.Contains(d, "aws:drop"):
		return true, false
	}
	strict := policy.StatefulEngineOptions != nil && policy.StatefulEngineOptions.RuleOrder == fwtypes.RuleOrderStrictOrder
	refs := slices.Clone(policy.StatefulRuleGroupReferences)
	slices.SortStableFunc(refs, func(a, b fwtypes.StatefulRuleGroupReference) int {
		return cmp.Compare(aws.ToInt32(a.Priority), aws.ToInt32(b.Priority))
	})
	dropped := silentRules
	for _, ref := range refs {
		switch v := w.ruleSets[aws.ToString(ref.ResourceArn)].judge(p, strict); {
		case v == lets:
			return false, false
		case v != silentRules && strict:
			return true, v == stopsByName
		case v != silentRules && dropped == silentRules:
			dropped = v
		}
	}
	switch {
	case dropped != silentRules:
		return true, dropped == stopsByName
	case strict && slices.Contains(policy.StatefulDefaultActions, "aws:drop_strict"):
		return true, false
	case strict && slices.Contains(policy.StatefulDefaultActions, "aws:drop_established"):
		return true, true
	}
	return false, false
}

// judge asks one rule group. The first of its rules that names the connection decides in strict order; else a pass goes first.
func (g *ruleSet) judge(p packet, strict bool) ruling {
	if l := g.group.RulesSource.RulesSourceList; l != nil {
		return judgeNames(l, p, strict)
	}
	out := silentRules
	for _, r := range g.group.RulesSource.StatefulRules {
		if r.Action == fwtypes.StatefulActionAlert || !names(r.Header, p) {
			continue
		}
		v := stops
		if r.Action == fwtypes.StatefulActionPass {
			v = lets
		}
		if strict || v == lets {
			return v
		}
		out = v
	}
	return out
}

// judgeNames asks a list of names, which looks at TLS connections to port 443. In the default order an allow list also drops every other name.
func judgeNames(l *fwtypes.RulesSourceList, p packet, strict bool) ruling {
	if p.protocol != "tcp" || p.port != 443 || !slices.Contains(l.TargetTypes, fwtypes.TargetTypeTlsSni) {
		return silentRules
	}
	named := slices.ContainsFunc(l.Targets, func(t string) bool {
		below, all := strings.CutPrefix(t, ".")
		return t == p.host || all && (p.host == below || strings.HasSuffix(p.host, t))
	})
	switch allow := l.GeneratedRulesType == fwtypes.GeneratedRulesTypeAllowlist; {
	case allow && named:
		return lets
	case allow && !strict, !allow && named:
		return stopsByName
	}
	return silentRules
}

// names tells whether the header of a rule names a connection.
func names(h *fwtypes.Header, p packet) bool {
	any := func(s *string) bool { return strings.EqualFold(aws.ToString(s), "any") }
	if protocol := strings.ToLower(string(h.Protocol)); protocol != "ip" && protocol != p.protocol {
		return false
	}
	if !any(h.DestinationPort) {
		lo, hi, ranged := strings.Cut(aws.ToString(h.DestinationPort), ":")
		from, to := number(lo), number(lo)
		if ranged {
			to = number(hi)
		}
		if int(p.port) < from || int(p.port) > to {
			return false
		}
	}
	if any(h.Destination) {
		return true
	}
	cidr := aws.ToString(h.Destination)
	if a, err := netip.ParseAddr(cidr); err == nil {
		return a == p.to
	}
	return match(cidr, p.to) > 0
}
