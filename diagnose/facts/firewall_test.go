package facts

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/evidence"
)

const groupPrefix = "arn:aws:network-firewall:eu-west-1:111122223333:stateful-rulegroup/"

// What a policy does with one connection to port 443, by name or by address.
func TestFirewallJudges(t *testing.T) {
	allow := func(names ...string) evidence.FirewallRules {
		return evidence.FirewallRules{List: "ALLOWLIST", TLS: true, Domains: names}
	}
	deny := func(names ...string) evidence.FirewallRules {
		return evidence.FirewallRules{List: "DENYLIST", TLS: true, Domains: names}
	}
	tuple := func(action, protocol, to, port string) evidence.FirewallRules {
		return evidence.FirewallRules{Rules: []evidence.FirewallHeader{{Action: action, Protocol: protocol, Source: "ANY", Destination: to, DestinationPort: port}}}
	}
	fromOne := tuple("DROP", "TCP", "ANY", "443")
	fromOne.Rules[0].Source = "10.0.10.0/24"
	optional := tuple("DROP", "TCP", "ANY", "443")
	optional.Rules[0].Options = true
	plain := allow(".example.com")
	plain.TLS, plain.HTTP = false, true
	forward := []string{"aws:forward_to_sfe"}
	established := func(p *evidence.FirewallPolicy) { p.Strict, p.StatefulDefault = true, []string{"aws:drop_established"} }
	dropStrict := func(p *evidence.FirewallPolicy) { p.Strict, p.StatefulDefault = true, []string{"aws:drop_strict"} }
	open := func(p *evidence.FirewallPolicy) { p.Strict = true }
	for _, c := range []struct {
		name   string
		change func(*evidence.FirewallPolicy)
		groups []evidence.FirewallRules
		want   fate
		says   string
	}{
		{"no rules", nil, nil, fateNone, ""},
		{"no rules in strict order", open, nil, fatePass, ""},
		{"no rules and a default drop", established, nil, fateStop, "aws:drop_established"},
		{"stateless pass", func(p *evidence.FirewallPolicy) { p.StatelessDefault = []string{"aws:pass"} }, []evidence.FirewallRules{deny(".amazonaws.com")}, fatePass, ""},
		{"stateless drop", func(p *evidence.FirewallPolicy) { p.StatelessDefault = []string{"aws:drop"} }, []evidence.FirewallRules{allow(".amazonaws.com")}, fateStop, "before a stateful rule"},
		{"stateless rules are not judged", func(p *evidence.FirewallPolicy) { p.StatelessGroups = []string{"arn:x"} }, nil, fateMaybe, "stateless rules"},
		{"allowed by name", nil, []evidence.FirewallRules{allow("api.ecr.eu-west-1.amazonaws.com")}, fatePass, ""},
		{"allowed below a name", nil, []evidence.FirewallRules{allow(".AMAZONAWS.com")}, fatePass, ""},
		{"a name without a dot is that name alone", nil, []evidence.FirewallRules{allow("amazonaws.com")}, fateStop, "is not on it"},
		{"no name ends within a label", nil, []evidence.FirewallRules{deny(".naws.com")}, fateNone, ""},
		{"denied by name", nil, []evidence.FirewallRules{deny(".amazonaws.com")}, fateStop, "by name"},
		{"a list for plain HTTP", nil, []evidence.FirewallRules{plain}, fateNone, ""},
		{"pass comes before drop by action", nil, []evidence.FirewallRules{deny(".amazonaws.com"), tuple("PASS", "TCP", "ANY", "443")}, fatePass, ""},
		{"the first decides in strict order", open, []evidence.FirewallRules{deny(".amazonaws.com"), tuple("PASS", "TCP", "ANY", "443")}, fateStop, "by name"},
		{"an allow list alone drops nothing in strict order", open, []evidence.FirewallRules{allow(".example.com")}, fatePass, ""},
		{"it does with the default", established, []evidence.FirewallRules{allow(".example.com")}, fateStop, "aws:drop_established"},
		{"allowed and the handshake may be dropped", dropStrict, []evidence.FirewallRules{allow(".amazonaws.com")}, fateMaybe, "handshake"},
		{"rules in text may pass it", nil, []evidence.FirewallRules{deny(".amazonaws.com"), {Text: true}}, fateMaybe, "not readable"},
		{"rules in text come first", established, []evidence.FirewallRules{{Text: true}, deny(".amazonaws.com")}, fateMaybe, "not readable"},
		{"another port", nil, []evidence.FirewallRules{tuple("DROP", "TCP", "ANY", "5432")}, fateNone, ""},
		{"a range of ports", nil, []evidence.FirewallRules{tuple("REJECT", "TCP", "ANY", "400:500")}, fateStop, "REJECT TCP"},
		{"ports by a variable", nil, []evidence.FirewallRules{tuple("DROP", "TCP", "ANY", "$PORTS")}, fateMaybe, "conditions"},
		{"another protocol", nil, []evidence.FirewallRules{tuple("DROP", "UDP", "ANY", "ANY")}, fateNone, ""},
		{"TLS is spoken there", nil, []evidence.FirewallRules{tuple("DROP", "TLS", "ANY", "ANY")}, fateStop, "DROP TLS"},
		{"to another address", nil, []evidence.FirewallRules{tuple("DROP", "IP", "203.0.113.0/24", "ANY")}, fateNone, ""},
		{"to its address", nil, []evidence.FirewallRules{tuple("DROP", "IP", "54.239.0.0/16", "ANY")}, fateStop, "54.239.0.0/16"},
		{"from one subnet", nil, []evidence.FirewallRules{fromOne}, fateMaybe, "conditions"},
		{"with further conditions", nil, []evidence.FirewallRules{optional}, fateMaybe, "conditions"},
		{"an alert", nil, []evidence.FirewallRules{tuple("ALERT", "IP", "ANY", "ANY")}, fateNone, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := evidence.NewStore()
			policy := evidence.FirewallPolicy{ARN: "arn:policy", StatelessDefault: forward}
			for i, g := range c.groups {
				g.ARN = groupPrefix + string(rune('a'+i))
				store.Put(evidence.Item{Key: evidence.FirewallRulesKey(g.ARN).Key, Found: true, Value: g})
				policy.Groups = append(policy.Groups, evidence.FirewallRuleGroup{ARN: g.ARN})
			}
			if c.change != nil {
				c.change(&policy)
			}
			j := judgement{w: evidence.NewView(store), policy: policy, host: "api.ecr.eu-west-1.amazonaws.com", ip: netip.MustParseAddr("54.239.35.29"), port: 443}
			if got := j.judge(); got != c.want || c.want != fateNone && c.want != fatePass && !strings.Contains(j.says, c.says) {
				t.Errorf("fate %d (%s), want %d (%s)", got, j.says, c.want, c.says)
			}
			for i := range policy.Groups {
				policy.Groups[i].DropToAlert = true
			}
			j = judgement{w: evidence.NewView(store), policy: policy, host: j.host, ip: j.ip, port: 443}
			if got := j.judge(); got == fateStop && !strings.Contains(j.says, "default") {
				t.Errorf("groups that only raise alerts stop it: %s", j.says)
			}
		})
	}
}

// While a rule group was not read, nothing is decided that it could change, and the read is asked for.
func TestFirewallAsksForItsRules(t *testing.T) {
	key := evidence.FirewallRulesKey(groupPrefix + "a")
	w := evidence.NewView(evidence.NewStore())
	j := judgement{w: w, policy: evidence.FirewallPolicy{Groups: []evidence.FirewallRuleGroup{{ARN: key.ID}}}, host: "example.com", port: 443}
	if got := j.judge(); got != fateMaybe || len(w.Missed()) != 1 || w.Missed()[0] != key.Key {
		t.Errorf("fate %d, missed %v", got, w.Missed())
	}
}

// A name that only its address is known of cannot be judged by a list of names.
func TestFirewallByAddressAlone(t *testing.T) {
	store := evidence.NewStore()
	g := evidence.FirewallRules{ARN: groupPrefix + "a", Name: "a", List: "ALLOWLIST", TLS: true, Domains: []string{".example.com"}}
	store.Put(evidence.Item{Key: evidence.FirewallRulesKey(g.ARN).Key, Found: true, Value: g})
	j := judgement{w: evidence.NewView(store), policy: evidence.FirewallPolicy{Groups: []evidence.FirewallRuleGroup{{ARN: g.ARN}}}, ip: netip.MustParseAddr("203.0.113.9"), port: 443}
	if got := j.judge(); got != fateMaybe || !strings.Contains(j.says, "address only") {
		t.Errorf("fate %d (%s)", got, j.says)
	}
}
