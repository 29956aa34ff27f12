package evidence

// DhcpOptions is a DHCP option set, as far as tasks feel it.
type DhcpOptions struct {
	ID      string   `json:"id"`
	Servers []string `json:"domain_name_servers"` // AmazonProvidedDNS, or addresses
	Domain  string   `json:"domain_name"`
}

// DNSFirewall are the rules of Route 53 Resolver DNS Firewall that are in force in a VPC, in the order in which they are asked.
type DNSFirewall struct {
	Rules []DNSRule `json:"rules"`
}

// DNSRule is one rule of a rule group.
type DNSRule struct {
	Name      string   `json:"name"`
	Group     string   `json:"group"`  // id of its rule group
	Action    string   `json:"action"` // ALLOW, BLOCK, ALERT
	Domains   []string `json:"domains"`
	Truncated bool     `json:"truncated"` // its list is longer than was read, or was not shown: AWS's own lists are shown to nobody
}

// Namespace is a namespace of Cloud Map.
type Namespace struct {
	ID   string `json:"id"`
	ARN  string `json:"arn"`
	Name string `json:"name"`
	Type string `json:"type"` // DNS_PUBLIC, DNS_PRIVATE, HTTP
}
