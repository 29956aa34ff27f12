package facts

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
)

// fate is what rules do with a connection.
type fate int8

const (
	fateNone  fate = iota // none of them names it
	fatePass              // let through
	fateStop              // dropped or rejected
	fateMaybe             // cannot be told
)

// firewall judges an endpoint of AWS Network Firewall on the way. Its tags tell which firewall it belongs to (Network Firewall
// developer guide); another appliance behind a Gateway Load Balancer has no answer to be read.
func (f *WayFact) firewall(v *evidence.View, in *Incident, p network.Path) {
	if !strings.HasPrefix(f.Hop, "vpce-") {
		return
	}
	w := v.Track()
	list, st := evidence.Read(w, evidence.VpcEndpointsKey(p.Vpc))
	if st != evidence.Found {
		f.Firewall.Basis = w.Undecided("")
		return
	}
	arn := ""
	if i := slices.IndexFunc(list.Endpoints, func(e evidence.Endpoint) bool { return e.ID == f.Hop }); i >= 0 {
		arn = firewallOf(list.Endpoints[i].Tags)
	}
	if arn == "" {
		return
	}
	fw, st := evidence.Read(w, evidence.FirewallKey(arn))
	if st != evidence.Found {
		f.Firewall.Basis = w.Undecided(unlessRead(st, "firewall "+arn+" cannot be seen from this account"))
		return
	}
	policy, st := evidence.Read(w, evidence.FirewallPolicyKey(fw.PolicyARN))
	if st != evidence.Found {
		f.Firewall.Basis = w.Undecided(unlessRead(st, "the policy "+fw.PolicyARN+" cannot be seen from this account"))
		return
	}
	j := judgement{w: w, policy: policy, host: strings.ToLower(p.Host), port: p.Port}
	if a, err := netip.ParseAddr(in.Peer.Address); err == nil {
		j.ip, j.host = a, ""
	} else if a, err := netip.ParseAddr(in.Message.Fields.IP); err == nil {
		j.ip = a
	}
	switch j.judge() {
	case fateStop:
		w.Cite(evidence.FirewallPolicyKey(fw.PolicyARN).Key, fw.Name, "rules", j.says)
		f.Firewall = Check{Holds: true, Resource: fw.Name, Detail: j.says, Basis: w.Decided()}
		f.Rules, f.List, f.Domains = j.rules, j.list.List, j.list.Domains
	case fateMaybe:
		why := ""
		if len(w.Missed()) == 0 {
			why = "whether firewall " + fw.Name + " lets " + f.Destination + " pass is not told by rules that are read here: " + j.says
		}
		f.Firewall.Basis = w.Undecided(why)
	default:
		w.Cite(evidence.FirewallPolicyKey(fw.PolicyARN).Key, fw.Name, "rules", "none stops "+f.Destination)
		f.Firewall.Basis = w.Decided()
	}
}

func unlessRead(st evidence.State, why string) string {
	if st == evidence.Absent {
		return why
	}
	return ""
}

// firewallOf is the ARN of the firewall that an endpoint belongs to, by the tags that AWS puts on it.
func firewallOf(tags []evidence.Tag) string {
	managed, arn := false, ""
	for _, t := range tags {
		managed = managed || t.Key == "AWSNetworkFirewallManaged" && t.Value == "true"
		if t.Key == "Firewall" {
			arn = t.Value
		}
	}
	if !managed {
		return ""
	}
	return arn
}

// judgement follows one TCP connection, which speaks TLS on port 443, through a firewall policy.
type judgement struct {
	w      *evidence.View
	policy evidence.FirewallPolicy
	host   string     // "" where only an address is known
	ip     netip.Addr // not valid where only a name is known
	port   int

	says  string // what decided, or what left it open
	rules string // ARN that decided
	list  evidence.FirewallRules
}

func (j *judgement) judge() fate {
	if len(j.policy.StatelessGroups) > 0 {
		j.says = "it has stateless rules"
		return fateMaybe
	}
	switch d := j.policy.StatelessDefault; {
	case slices.Contains(d, "aws:pass"):
		return fatePass
	case slices.Contains(d, "aws:drop"):
		j.says, j.rules = "the policy's default drops every packet before a stateful rule sees it", j.policy.ARN
		return fateStop
	}
	if j.policy.Strict {
		return j.strict()
	}
	return j.byAction()
}

// byAction: in the default order all pass rules come before all that drop (Network Firewall developer guide, rule evaluation order).
func (j *judgement) byAction() fate {
	out := fateNone
	maybe, says, rules, list := "", "", "", evidence.FirewallRules{}
	for _, ref := range j.policy.Groups {
		switch j.group(ref, true) {
		case fatePass:
			return fatePass
		case fateStop:
			if out == fateNone {
				out, says, rules, list = fateStop, j.says, j.rules, j.list
			}
		case fateMaybe:
			maybe = j.says
		}
	}
	j.says, j.rules, j.list = says, rules, list
	if maybe != "" {
		j.says = maybe
		return fateMaybe
	}
	return out
}

// strict: the first rule that names the connection decides, by the priority of the groups; then the default actions do.
func (j *judgement) strict() fate {
	for _, ref := range j.policy.Groups {
		if out := j.group(ref, false); out != fateNone {
			return out
		}
	}
	drops := func(s string) bool { return strings.HasPrefix(s, "aws:drop") }
	if i := slices.IndexFunc(j.policy.StatefulDefault, drops); i >= 0 {
		j.says = fmt.Sprintf("no rule lets %s pass, and the policy's default is %s", j.name(), j.policy.StatefulDefault[i])
		if j.rules == "" {
			j.rules = j.policy.ARN
		}
		return fateStop
	}
	return fatePass
}

func (j *judgement) name() string {
	if j.host == "" {
		return j.ip.String()
	}
	return j.host
}

func (j *judgement) group(ref evidence.FirewallRuleGroup, implicit bool) fate {
	g, st := evidence.Read(j.w, evidence.FirewallRulesKey(ref.ARN))
	if st != evidence.Found || g.Text {
		j.says = "rule group " + ref.ARN[strings.LastIndexByte(ref.ARN, '/')+1:] + " is not readable as simple rules"
		return fateMaybe
	}
	out := fateNone
	if g.List != "" {
		out = j.domains(g, implicit)
	} else {
		out = j.headers(g)
	}
	if out == fateStop && ref.DropToAlert {
		return fateNone
	}
	return out
}

// domains judges a list of names. In the default order an allow list also drops every other name; in strict order that is
// left to the policy's default (Network Firewall developer guide, domain list rule groups).
func (j *judgement) domains(g evidence.FirewallRules, implicit bool) fate {
	if !g.TLS {
		return fateNone // it looks at plain HTTP alone, and nothing here speaks that
	}
	if j.host == "" {
		j.says = "rule group " + g.Name + " goes by the server's name, of which the log tells the address only"
		return fateMaybe
	}
	named := slices.ContainsFunc(g.Domains, func(d string) bool { return listed443(d, j.host) })
	if g.List == "ALLOWLIST" {
		j.rules, j.list = g.ARN, g
	}
	switch {
	case g.List == "ALLOWLIST" && named && !implicit && slices.Contains(j.policy.StatefulDefault, "aws:drop_strict"):
		j.says = "rule group " + g.Name + " allows the name, and aws:drop_strict may drop the handshake before the name is seen"
		return fateMaybe
	case g.List == "ALLOWLIST" && named:
		return fatePass
	case g.List == "ALLOWLIST" && implicit:
		j.says = fmt.Sprintf("rule group %s lets only the names of its list pass, and %s is not on it", g.Name, j.host)
		return fateStop
	case (g.List == "DENYLIST" || g.List == "REJECTLIST") && named:
		j.rules, j.list = g.ARN, g
		j.says = fmt.Sprintf("rule group %s stops %s by name", g.Name, j.host)
		return fateStop
	}
	return fateNone
}

// listed443 matches an entry of a domain list: a name, or .example.com for it and all below.
func listed443(entry, host string) bool {
	entry = strings.ToLower(entry)
	if below, ok := strings.CutPrefix(entry, "."); ok {
		return host == below || strings.HasSuffix(host, entry)
	}
	return host == entry
}

// headers judges 5-tuple rules, the first that surely or maybe names the connection.
func (j *judgement) headers(g evidence.FirewallRules) fate {
	stop, maybe := false, false
	for _, r := range g.Rules {
		if r.Action == "ALERT" {
			continue
		}
		switch j.matches(r) {
		case fateMaybe:
			maybe = true
		case fatePass: // it names the connection
			if j.policy.Strict && maybe {
				j.says = "rule group " + g.Name + " has conditions that are not judged"
				return fateMaybe
			}
			if r.Action == "PASS" {
				return fatePass
			}
			if j.policy.Strict {
				return j.stopped(g, r)
			}
			if !stop {
				stop = true
				j.stopped(g, r)
			}
		}
	}
	switch {
	case maybe:
		j.says = "rule group " + g.Name + " has conditions that are not judged"
		return fateMaybe
	case stop:
		return fateStop
	}
	return fateNone
}

func (j *judgement) stopped(g evidence.FirewallRules, r evidence.FirewallHeader) fate {
	j.rules = g.ARN
	j.says = fmt.Sprintf("rule group %s has %s %s from %s to %s port %s", g.Name, r.Action, r.Protocol, r.Source, r.Destination, r.DestinationPort)
	return fateStop
}

// matches answers fatePass where the rule names the connection, fateNone where it does not, else fateMaybe.
func (j *judgement) matches(r evidence.FirewallHeader) fate {
	protocols := []string{"IP", "TCP"}
	if j.port == 443 {
		protocols = append(protocols, "TLS")
	}
	port := portNamed(r.DestinationPort, j.port)
	switch {
	case !slices.Contains(protocols, strings.ToUpper(r.Protocol)) || port == fateNone:
		return fateNone
	case r.Options || port == fateMaybe || !strings.EqualFold(r.Source, "ANY"):
		return fateMaybe
	case strings.EqualFold(r.Destination, "ANY"):
		return fatePass
	}
	p, err := netip.ParsePrefix(r.Destination)
	switch {
	case err != nil || !j.ip.IsValid():
		return fateMaybe
	case p.Contains(j.ip):
		return fatePass
	}
	return fateNone
}

// portNamed reads ANY, a port or a range such as 1024:65535; anything else stays open.
func portNamed(words string, port int) fate {
	if strings.EqualFold(words, "ANY") {
		return fatePass
	}
	lo, hi, ranged := strings.Cut(words, ":")
	from, err := strconv.Atoi(lo)
	to := from
	if ranged && err == nil {
		to, err = strconv.Atoi(hi)
	}
	switch {
	case err != nil:
		return fateMaybe
	case from <= port && port <= to:
		return fatePass
	}
	return fateNone
}
