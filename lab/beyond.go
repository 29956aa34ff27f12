package lab

import (
	"fmt"
	"strings"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// beyond is what stands on a way behind the VPC's own routes and names. The zero value is ready: there is none of it.
type beyond struct {
	attachments  map[string]*ec2types.TransitGatewayVpcAttachment // by id
	hub          hubNetwork
	sharing                                // what another account shares
	firewalls    map[string]*inspector     // by the firewall's ARN
	policySets   map[string]*policySet     // firewall policies, by ARN
	ruleSets     map[string]*ruleSet       // rule groups of Network Firewall, by ARN
	domainLists  map[string]*domainList    // of DNS Firewall, by id
	dnsGroups    map[string]*dnsRuleGroup  // by id
	dnsGuards    map[string]*dnsGuard      // associations of a rule group with a VPC, by id
	forwards     map[string]*forwarding    // rules of Route 53 Resolver, by id
	forwardedIn  map[string]*forwardedHere // associations of a rule with a VPC, by id
	password     string                    // of user orders in the database; "" = it takes any
	privateNames map[string]string         // names of a private hosted zone of the VPC: the network interface
}

// hubNetwork is the network behind the transit gateway. Another account owns it, so that no call shows any of it.
type hubNetwork struct {
	gateway  string // id of the transit gateway; "" = there is none
	account  string
	cidr     string            // the company's own network
	internet bool              // its NAT gateway and default route work
	returns  bool              // the gateway's route table leads back to the VPC
	servers  map[string]string // name servers by address: all = knows every public name, company = only the company's
	zones    map[string]bool   // VPCs in which the names of central endpoints resolve, by id
	central  bool              // the central endpoints answer
}

// nameServerKinds are what a name server of the company may know.
var nameServerKinds = []string{"all", "company"}

const networkAccount = "222233334444"

// labSetHub changes what the account of the network does.
func (w *World) labSetHub(in map[string]any) error {
	h := &w.hub
	if h.gateway == "" {
		return fmt.Errorf("this account has no transit gateway; the base hub has one")
	}
	if v := textOf(in, "Internet"); v != "" {
		h.internet = v == "true"
	}
	if v := textOf(in, "Returns"); v != "" {
		h.returns = v == "true"
	}
	if v := textOf(in, "Endpoints"); v != "" {
		h.central = v == "true"
	}
	return nil
}

// labSetNameServer starts, changes or stops a name server of the company.
func (w *World) labSetNameServer(in map[string]any) error {
	address, knows := textOf(in, "Address"), textOf(in, "Knows")
	switch {
	case w.hub.servers == nil:
		return fmt.Errorf("this account has no network with name servers; the base hub has one")
	case knows == "":
		delete(w.hub.servers, address)
		return nil
	}
	for _, k := range nameServerKinds {
		if k == knows {
			w.hub.servers[address] = knows
			return nil
		}
	}
	return fmt.Errorf("input Knows is %q; it can be %v, or empty for a server that is gone", knows, nameServerKinds)
}

// splitPort takes HOST:PORT apart.
func splitPort(s string) (host string, port int32) {
	host, digits, _ := strings.Cut(s, ":")
	return host, int32(number(digits))
}
