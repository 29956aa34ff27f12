package evidence

// ResolverRules are the rules of Route 53 Resolver that hold in a VPC.
type ResolverRules struct {
	Rules []ResolverRule `json:"rules"`
}

// ResolverRule is one element of route53resolver:GetResolverRule that is associated with a VPC.
type ResolverRule struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Domain  string   `json:"domain"` // lower case, without the dot at its end; "" = every name
	Type    string   `json:"type"`   // FORWARD, SYSTEM, RECURSIVE, DELEGATE
	Owner   string   `json:"owner"`
	Targets []string `json:"targets"` // addresses that queries are sent to
}

// TransitAttachment is the attachment of a VPC to a transit gateway, from ec2:DescribeTransitGatewayVpcAttachments.
type TransitAttachment struct {
	ID        string   `json:"id"`
	Gateway   string   `json:"gateway"`
	VpcID     string   `json:"vpc_id"`
	State     string   `json:"state"` // available, pending, pendingAcceptance, modifying, deleting, failed, rejected, ...
	SubnetIDs []string `json:"subnet_ids"`
}

// Firewall is network-firewall:DescribeFirewall.
type Firewall struct {
	ARN       string             `json:"arn"`
	Name      string             `json:"name"`
	PolicyARN string             `json:"policy_arn"`
	VpcID     string             `json:"vpc_id"`
	Endpoints []FirewallEndpoint `json:"endpoints"`
}

// FirewallEndpoint is the firewall's endpoint in one zone.
type FirewallEndpoint struct {
	ID       string `json:"id"` // vpce-...
	Zone     string `json:"zone"`
	SubnetID string `json:"subnet_id"`
	Status   string `json:"status"` // READY, CREATING, FAILED, ERROR, ...
}

// FirewallPolicy is network-firewall:DescribeFirewallPolicy.
type FirewallPolicy struct {
	ARN              string              `json:"arn"`
	StatelessDefault []string            `json:"stateless_default"` // aws:pass, aws:drop, aws:forward_to_sfe
	StatelessGroups  []string            `json:"stateless_groups"`  // ARNs
	StatefulDefault  []string            `json:"stateful_default"`  // aws:drop_strict, aws:drop_established, ...
	Strict           bool                `json:"strict"`            // STRICT_ORDER; else pass, drop, reject, alert in that order
	Groups           []FirewallRuleGroup `json:"groups"`            // stateful ones, by priority where it is strict
	TLSInspection    bool                `json:"tls_inspection"`
}

// FirewallRuleGroup is a reference to a stateful rule group.
type FirewallRuleGroup struct {
	ARN         string `json:"arn"`
	DropToAlert bool   `json:"drop_to_alert"` // what it would drop only raises an alert
}

// FirewallRules is network-firewall:DescribeRuleGroup of a stateful group. One of Domains, Rules and Text tells its rules.
type FirewallRules struct {
	ARN     string           `json:"arn"`
	Name    string           `json:"name"`
	List    string           `json:"list"`    // ALLOWLIST, DENYLIST, REJECTLIST, ALERTLIST: of a domain list; "" = no domain list
	Domains []string         `json:"domains"` // a name, or .example.com for it and all below
	TLS     bool             `json:"tls"`     // the domain list looks at TLS's server name
	HTTP    bool             `json:"http"`    // the domain list looks at HTTP's host
	Rules   []FirewallHeader `json:"rules"`   // 5-tuple rules
	Text    bool             `json:"text"`    // rules in Suricata's language, which are not read
}

// FirewallHeader is a stateful 5-tuple rule. Addresses and ports are AWS's own words: ANY, a CIDR, a list, a $VARIABLE, a range.
type FirewallHeader struct {
	Action          string `json:"action"`   // PASS, DROP, REJECT, ALERT
	Protocol        string `json:"protocol"` // IP, TCP, UDP, TLS, HTTP, ...
	Source          string `json:"source"`
	Destination     string `json:"destination"`
	DestinationPort string `json:"destination_port"`
	Options         bool   `json:"options"` // it has further conditions than these
}
