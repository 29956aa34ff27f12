package facts

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
)

// ResolverFact is whom the tasks ask for names, for failures of a name that was not resolved.
type ResolverFact struct {
	Host    string   `json:"host"` // the name that was asked for; "" = not told, or the failure is not about a name
	Vpc     string   `json:"vpc"`
	Options string   `json:"dhcp_options"`
	Servers []string `json:"servers"` // as the option set names them

	Custom    Check           `json:"custom"`    // the option set names other servers than AWS's
	Ours      bool            `json:"aws_name"`  // the name is one of AWS's, which any working resolver knows
	Known     bool            `json:"known"`     // it is one of AWS's or of a public registry, which exist for certain
	NoName    bool            `json:"no_name"`   // the server answered that there is no such name; false = it did not answer, or something else
	Egress    network.Blocker `json:"egress"`    // the task's security groups let no DNS query out to those servers
	Nacl      network.Blocker `json:"nacl"`      // the network ACL of the task's subnet drops the queries to all of those servers, or their answers
	Firewall  Check           `json:"firewall"`  // a rule of DNS Firewall blocks the name
	Forwarded Check           `json:"forwarded"` // a rule of Route 53 Resolver sends the name elsewhere; Resource is the rule
	Rule      string          `json:"rule"`
	RuleGroup string          `json:"rule_group"`
	Basis     evidence.Basis  `json:"-"`
}

func (r ResolverFact) all(b evidence.Basis) ResolverFact {
	r.Basis, r.Custom.Basis, r.Egress.Basis, r.Firewall.Basis, r.Forwarded.Basis, r.Nacl.Basis = b, b, b, b, b, b
	return r
}

// publicRegistries are hosts of registries that everybody pulls from.
var publicRegistries = []string{"registry-1.docker.io", "auth.docker.io", "docker.io", "index.docker.io", "production.cloudflare.docker.com", "public.ecr.aws", "ghcr.io", "quay.io", "gcr.io",
	"mcr.microsoft.com", "registry.k8s.io", "registry.gitlab.com", "registry.access.redhat.com", "nvcr.io"}

const amazonDNS = "AmazonProvidedDNS"

func resolverFact(v *evidence.View, in *Incident) {
	asked := in.Message.Nature == "dns" || strings.Contains(in.Message.Text, "lookup ")
	if !asked || in.Message.Fields.Host == "" {
		in.Resolver = ResolverFact{}.all(evidence.Basis{Cites: in.Basis.Cites})
		return
	}
	r := ResolverFact{Host: strings.ToLower(strings.TrimSuffix(in.Message.Fields.Host, "."))}
	r.Ours = strings.HasSuffix(r.Host, ".amazonaws.com") || strings.HasSuffix(r.Host, ".amazonaws.com.cn") || strings.HasSuffix(r.Host, ".api.aws")
	r.Known = r.Ours || slices.Contains(publicRegistries, r.Host)
	r.NoName = strings.Contains(strings.ToLower(in.Message.Text), "no such host")
	w := v.Track()
	subnet, st := evidence.Read(w, evidence.SubnetKey(in.Launch.Subnet))
	if in.Launch.Subnet == "" || st != evidence.Found {
		in.Resolver = r.all(w.Undecided("the subnet of the failed start is not known"))
		return
	}
	r.Vpc = subnet.VpcID
	vpc, st := evidence.Read(w, evidence.VpcKey(subnet.VpcID))
	if st != evidence.Found {
		in.Resolver = r.all(w.Undecided(""))
		return
	}
	r = r.all(w.Decided())
	r.firewall(v)
	r.forwarded(v, in)
	r.servers(v, in, vpc)
	in.Resolver = r
}

// servers judges the option set. "default" is AWS's word for no set at all; then nothing answers names (EC2 user guide).
func (r *ResolverFact) servers(v *evidence.View, in *Incident, vpc evidence.Vpc) {
	w := v.Track()
	r.Options = vpc.DhcpOptionsID
	if vpc.DhcpOptionsID == "" {
		r.Custom.Basis, r.Egress.Basis, r.Nacl.Basis = w.Undecided("the VPC names no DHCP options"), w.Undecided(""), w.Undecided("")
		return
	}
	key := evidence.DhcpOptionsKey(vpc.DhcpOptionsID)
	o, st := evidence.Read(w, key)
	if st != evidence.Found {
		r.Custom.Basis, r.Egress.Basis, r.Nacl.Basis = w.Undecided(""), w.Undecided(""), w.Undecided("")
		return
	}
	r.Servers = o.Servers
	w.Cite(key.Key, o.ID, "domain-name-servers", strings.Join(o.Servers, ", "))
	own := len(o.Servers) > 0 && !slices.ContainsFunc(o.Servers, func(s string) bool { return s == amazonDNS || amazonAddress(s, vpc) })
	r.Custom = Check{Holds: own, Resource: o.ID, Detail: fmt.Sprintf("%s sends them to %s", o.ID, strings.Join(o.Servers, ", ")), Basis: w.Decided()}
	r.Egress.Basis = w.Decided()
	if own {
		r.onTheWay(v, in)
	}
}

// onTheWay judges what stands between the task and servers of one's own; queries to AWS's resolver pass neither groups nor ACLs (VPC
// user guide). Each holds where it stands in the way of every server.
func (r *ResolverFact) onTheWay(v *evidence.View, in *Incident) {
	l := in.Launch
	from := network.From{Account: l.Account, Region: l.Region, Partition: l.Partition, Subnet: l.Subnet, SecurityGroups: l.SecurityGroups}
	all := func(query func(*evidence.View, network.From, string, int) network.Blocker) (b network.Blocker) {
		for _, s := range r.Servers {
			if b = query(v.Track(), from, s, 53); b.Basis.Unknown || !b.Blocks {
				return b
			}
		}
		return b
	}
	r.Egress, r.Nacl = all(network.QueryEgress), all(network.QueryNacl)
}

// amazonAddress reports whether a server is AWS's own resolver under another name: 169.254.169.253, or the second address of the VPC.
func amazonAddress(s string, vpc evidence.Vpc) bool {
	if s == "169.254.169.253" {
		return true
	}
	return slices.ContainsFunc(vpc.CIDRs, func(c string) bool {
		p, err := netip.ParsePrefix(c)
		return err == nil && p.Masked().Addr().Next().Next().String() == s
	})
}

// firewall asks the rules in their order; the first that names the host decides. A rule whose names are not shown leaves those after it open.
func (r *ResolverFact) firewall(v *evidence.View) {
	w := v.Track()
	key := evidence.DNSFirewallKey(r.Vpc)
	f, st := evidence.Read(w, key)
	if st != evidence.Found {
		r.Firewall.Basis = w.Undecided("")
		return
	}
	hidden := ""
	for _, rule := range f.Rules {
		if slices.ContainsFunc(rule.Domains, func(d string) bool { return namesHost(d, r.Host) }) {
			w.Cite(key.Key, "rule "+rule.Name, "Action", rule.Action)
			if rule.Action == "ALERT" {
				continue
			}
			if hidden != "" && rule.Action != "BLOCK" {
				break
			}
			r.Firewall = Check{Holds: rule.Action == "BLOCK", Resource: rule.Group, Detail: fmt.Sprintf("rule %s of %s blocks %s", rule.Name, rule.Group, r.Host), Basis: w.Decided()}
			r.Rule, r.RuleGroup = rule.Name, rule.Group
			return
		}
		if rule.Truncated && rule.Action == "BLOCK" && hidden == "" {
			hidden = rule.Name
		}
	}
	w.Cite(key.Key, r.Vpc, "FirewallRuleGroupAssociations", evidence.Counted(len(f.Rules), "rule"))
	r.Firewall.Basis = w.Decided()
	if hidden != "" {
		r.Firewall.Basis = w.Undecided("what names rule " + hidden + " blocks is not shown")
	}
}

// namesHost matches a pattern of DNS Firewall: a name, *.name for what is below it, or * for all.
func namesHost(pattern, host string) bool {
	pattern = strings.ToLower(strings.TrimSuffix(pattern, "."))
	below, wild := strings.CutPrefix(pattern, "*")
	return pattern == host || wild && strings.HasSuffix(host, below)
}
