package lab

import (
	"net/netip"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	fwtypes "github.com/aws/aws-sdk-go-v2/service/networkfirewall/types"
)

// TestBeyondIsHealthy: the shop runs as well through a transit gateway and through a firewall.
func TestBeyondIsHealthy(t *testing.T) {
	for seed := range uint64(2) {
		for _, o := range []Options{{Hub: true}, {Inspected: true}} {
			o.Seed = seed
			w := New(o)
			apply(t, w, []Step{{Service: "lab", Operation: "RetireTasks", Input: map[string]any{"Service": "shop/orders"}}, {Service: "lab", Operation: "Advance", Input: map[string]any{"For": "5m"}}})
			for _, target := range []string{"shop/orders", "shop/catalog"} {
				if err := w.Healed(target, 10*time.Minute); err != nil {
					t.Errorf("%+v: %v%s", o, err, story(w, target))
				}
			}
		}
	}
}

// eniOf is the network interface of a task of orders in a zone.
func eniOf(t *testing.T, w *World, zone string) *ec2types.NetworkInterface {
	t.Helper()
	for _, x := range w.services["shop/orders"].live(nil) {
		if n := w.interfaces[x.eni]; n != nil && *n.AvailabilityZone == w.Region+zone {
			return n
		}
	}
	t.Fatalf("no task of orders in zone %s", zone)
	return nil
}

func TestATransitGatewayTakesPacketsInByZone(t *testing.T) {
	w := New(Options{Hub: true})
	a, b := eniOf(t, w, "a"), eniOf(t, w, "b")
	ok := func(what string, n *ec2types.NetworkInterface, host string, want bool) {
		t.Helper()
		if r := w.reach(n, host, 443); r.OK != want {
			t.Errorf("%s: %s is reached: %v, want %v (%s)", what, host, r.OK, want, r.Blocker)
		}
	}
	ok("as it is", a, "example.com", true)
	ok("a private address of nobody", a, "10.99.0.1", false)
	ok("a name server", a, companyServers[0], true)
	ok("an address of the company where nobody is", a, "10.20.9.9", false)
	attachment := map[string]any{"TransitGatewayAttachmentId": "${tgw-attachment:shop}", "RemoveSubnetIds": []any{"${subnet:transit-b}"}}
	apply(t, w, []Step{{Service: "ec2", Operation: "ModifyTransitGatewayVpcAttachment", Input: attachment}})
	ok("zone a keeps its subnet", a, "example.com", true)
	ok("zone b has none", b, "example.com", false)
	apply(t, w, []Step{{Service: "ec2", Operation: "CreateNetworkAclEntry", Input: map[string]any{"NetworkAclId": "${acl:default}", "RuleNumber": 10, "Protocol": "-1", "RuleAction": "deny", "Egress": false, "CidrBlock": "10.0.10.0/23"}}})
	ok("the attachment's ACL", a, "example.com", false)
	apply(t, w, []Step{{Service: "ec2", Operation: "DeleteTransitGatewayVpcAttachment", Input: map[string]any{"TransitGatewayAttachmentId": "${tgw-attachment:shop}"}}})
	table := w.routeTables[w.names["route-table:private"]]
	if r := w.bestRoute(table, netip.MustParseAddr("44.205.1.1")); r == nil || r.State != ec2types.RouteStateBlackhole {
		t.Errorf("the route without an attachment is %+v, want a blackhole", r)
	}
}

func TestAFirewallDropsByNameAndByAddress(t *testing.T) {
	list := func(kind fwtypes.GeneratedRulesType, names ...string) *fwtypes.RulesSource {
		return &fwtypes.RulesSource{RulesSourceList: &fwtypes.RulesSourceList{GeneratedRulesType: kind, TargetTypes: []fwtypes.TargetType{fwtypes.TargetTypeTlsSni}, Targets: names}}
	}
	rule := func(action fwtypes.StatefulAction, protocol, destination, port string) fwtypes.StatefulRule {
		return fwtypes.StatefulRule{Action: action, Header: &fwtypes.Header{Protocol: fwtypes.StatefulRuleProtocol(protocol), Source: aws.String("ANY"), SourcePort: aws.String("ANY"),
			Destination: aws.String(destination), DestinationPort: aws.String(port), Direction: fwtypes.StatefulRuleDirectionForward}}
	}
	rules := func(r ...fwtypes.StatefulRule) *fwtypes.RulesSource { return &fwtypes.RulesSource{StatefulRules: r} }
	for _, c := range []struct {
		what      string
		strict    bool
		defaults  string
		source    *fwtypes.RulesSource
		ok, later bool
	}{
		{"on the allow list", true, "aws:drop_established", list("ALLOWLIST", ".com"), true, false},
		{"not on it, strict", true, "aws:drop_established", list("ALLOWLIST", "example.org"), false, true},
		{"not on it, and every packet needs a rule", true, "aws:drop_strict", list("ALLOWLIST", "example.org"), false, false},
		{"not on it, strict, and nothing drops", true, "aws:alert_strict", list("ALLOWLIST", "example.org"), true, false},
		{"not on it, default order", false, "", list("ALLOWLIST", "example.org"), false, true},
		{"on the deny list", false, "", list("DENYLIST", "example.com"), false, true},
		{"not on the deny list", false, "", list("DENYLIST", ".example.org"), true, false},
		{"a name is no suffix without a dot", false, "", list("DENYLIST", "ample.com"), true, false},
		{"dropped by port", false, "", rules(rule("DROP", "TCP", "ANY", "1:1000")), false, false},
		{"dropped on another port", false, "", rules(rule("DROP", "TCP", "ANY", "80")), true, false},
		{"dropped for UDP", false, "", rules(rule("DROP", "UDP", "ANY", "443")), true, false},
		{"default order: what lets pass goes first", false, "", rules(rule("DROP", "TCP", "ANY", "443"), rule("PASS", "IP", "ANY", "ANY")), true, false},
		{"strict order: the first goes first", true, "aws:alert_strict", rules(rule("DROP", "TCP", "ANY", "443"), rule("PASS", "IP", "ANY", "ANY")), false, false},
		{"another address", true, "aws:alert_strict", rules(rule("DROP", "TCP", "10.0.0.0/8", "443")), true, false},
		{"this address", true, "aws:alert_strict", rules(rule("REJECT", "IP", "44.205.0.0/16", "ANY")), false, false},
	} {
		w := New(Options{Inspected: true})
		w.ruleSets[w.names["rule-group:allowed-names"]].group.RulesSource = c.source
		p := &w.policySets[w.names["firewall-policy:shop-egress"]].policy
		p.StatefulDefaultActions = []string{c.defaults}
		if !c.strict {
			p.StatefulEngineOptions = nil
		}
		if r := w.reach(eniOf(t, w, "a"), "example.com", 443); r.OK != c.ok || r.Handshake != c.later {
			t.Errorf("%s: reached %v, after the handshake %v; want %v, %v", c.what, r.OK, r.Handshake, c.ok, c.later)
		}
	}
}

func TestWhoAnswersANameInTheVPC(t *testing.T) {
	guard := func(action, block string, names ...any) []Step {
		rule := map[string]any{"CreatorRequestId": "3", "FirewallRuleGroupId": "${g.FirewallRuleGroup.Id}", "FirewallDomainListId": "${l.FirewallDomainList.Id}", "Priority": 1, "Action": action, "Name": "r"}
		if block != "" {
			rule["BlockResponse"] = block
		}
		return []Step{
			{Service: "route53resolver", Operation: "CreateFirewallDomainList", Input: map[string]any{"CreatorRequestId": "1", "Name": "l"}, As: "l"},
			{Service: "route53resolver", Operation: "UpdateFirewallDomains", Input: map[string]any{"FirewallDomainListId": "${l.FirewallDomainList.Id}", "Operation": "ADD", "Domains": names}},
			{Service: "route53resolver", Operation: "CreateFirewallRuleGroup", Input: map[string]any{"CreatorRequestId": "2", "Name": "g"}, As: "g"},
			{Service: "route53resolver", Operation: "CreateFirewallRule", Input: rule},
			{Service: "route53resolver", Operation: "AssociateFirewallRuleGroup", Input: map[string]any{"CreatorRequestId": "4", "FirewallRuleGroupId": "${g.FirewallRuleGroup.Id}", "VpcId": "${vpc:shop}", "Priority": 101, "Name": "a"}},
		}
	}
	forward := func(domain, kind, target string) []Step {
		in := map[string]any{"CreatorRequestId": domain, "Name": domain, "DomainName": domain, "RuleType": kind}
		if kind == "FORWARD" {
			in["ResolverEndpointId"], in["TargetIps"] = "rslvr-out-1", []any{map[string]any{"Ip": target, "Port": 53}}
		}
		return []Step{{Service: "route53resolver", Operation: "CreateResolverRule", Input: in, As: "r"},
			{Service: "route53resolver", Operation: "AssociateResolverRule", Input: map[string]any{"ResolverRuleId": "${r.ResolverRule.Id}", "VPCId": "${vpc:shop}"}}}
	}
	const host = "api.ecr.eu-west-1.amazonaws.com"
	for _, c := range []struct {
		what       string
		steps      []Step
		ok, silent bool
	}{
		{"nothing in between", nil, true, false},
		{"blocked", guard("BLOCK", "NODATA", host), false, false},
		{"blocked below a domain", guard("BLOCK", "NXDOMAIN", "*.amazonaws.com"), false, false},
		{"the domain itself is not below it", guard("BLOCK", "NXDOMAIN", "*."+host), true, false},
		{"only alerted", guard("ALERT", "", host), true, false},
		{"forwarded to a server that knows it", forward(".", "FORWARD", companyServers[0]), true, false},
		{"forwarded to nobody", forward(".", "FORWARD", "10.20.3.3"), false, true},
		{"another domain forwarded to nobody", forward("ecr.us-east-1.amazonaws.com", "FORWARD", "10.20.3.3"), true, false},
		{"a more exact rule leaves it to Amazon", append(forward(".", "FORWARD", "10.20.3.3"), forward("amazonaws.com", "SYSTEM", "")...), true, false},
	} {
		w := New(Options{Hub: true})
		apply(t, w, c.steps)
		r := w.reach(eniOf(t, w, "a"), host, 443)
		if r.OK != c.ok || r.Silent != c.silent {
			t.Errorf("%s: %+v, want %v, silent %v", c.what, r, c.ok, c.silent)
		}
	}
	w := New(Options{Endpoints: true}) // a private name is more exact than a rule for everything
	apply(t, w, forward(".", "FORWARD", "10.20.3.3"))
	if r := w.reach(eniOf(t, w, "a"), host, 443); !r.OK {
		t.Errorf("the private name of an endpoint: %+v", r)
	}
}

func TestWhoMayWrite(t *testing.T) {
	for _, c := range []struct {
		mode     string
		uid, gid int64
		want     bool
	}{{"0750", 1000, 1, true}, {"0750", 2000, 1000, false}, {"0770", 2000, 1000, true}, {"0750", 2000, 2000, false}, {"0757", 2000, 2000, true}, {"0000", 0, 0, true}, {"550", 1000, 1000, false}} {
		if got := (owner{1000, 1000, c.mode}).allows(c.uid, c.gid); got != c.want {
			t.Errorf("mode %s lets %d:%d write: %v, want %v", c.mode, c.uid, c.gid, got, c.want)
		}
	}
	w := New(Options{Files: true})
	x := w.services["shop/invoices"].live(nil)[0]
	c := x.containers[0]
	if got := w.openFile(x, c, "/data/a"); got != "" {
		t.Errorf("on the volume: %q", got)
	}
	f := w.storage.fileSystems[*x.efsVolumes()[0].FileSystemId]
	f.owners["/invoices"] = owner{7, 7, "0750"}
	if got := w.openFile(x, c, "/data/a"); got != "permission denied" {
		t.Errorf("of another owner: %q", got)
	}
	apply(t, w, []Step{{Service: "iam", Operation: "DeleteRolePolicy", Input: map[string]any{"RoleName": "invoices-task", "PolicyName": "files"}}})
	if got := w.openFile(x, c, "/data/a"); got != "read-only file system" {
		t.Errorf("without ClientWrite: %q", got)
	}
	if got := w.openFile(x, c, "/tmp/a"); got != "" {
		t.Errorf("on the task's own disk: %q", got)
	}
}

func TestWhatADiskHolds(t *testing.T) {
	w := New(Options{Files: true})
	x := w.services["shop/invoices"].live(nil)[0]
	x.containers[0].image = &image{Size: 2 << 30}
	if got := x.freeDisk(); got != 20*1024-3*2*1024 {
		t.Errorf("beside an image of 2 GiB %d MiB are free", got)
	}
	d := *x.launch.definition
	d.EphemeralStorage = &ecstypes.EphemeralStorage{SizeInGiB: 50}
	x.launch.definition = &d
	if got := x.freeDisk(); got != 50*1024-3*2*1024 {
		t.Errorf("with ephemeralStorage 50 %d MiB are free", got)
	}
}
