package evidence

// Subnet is one element of ec2:DescribeSubnets.
type Subnet struct {
	ID                string `json:"id"`
	ARN               string `json:"arn"`
	VpcID             string `json:"vpc_id"`
	Owner             string `json:"owner"` // account id; another account's means a shared subnet
	AvailabilityZone  string `json:"availability_zone"`
	ZoneID            string `json:"zone_id"`
	CIDR              string `json:"cidr"`
	FreeAddresses     int    `json:"free_addresses"`
	MapPublicIP       bool   `json:"map_public_ip"`
	IPv6Native        bool   `json:"ipv6_native"`
	BlockPublicAccess string `json:"block_public_access"` // off, block-bidirectional, block-ingress; "" = off
	Tags              []Tag  `json:"tags"`
}

// Interfaces are the network interfaces in one subnet.
type Interfaces struct {
	Interfaces []Interface `json:"interfaces"`
	Truncated  bool        `json:"truncated"`
}

type Interface struct {
	ID          string   `json:"id"`
	SubnetID    string   `json:"subnet_id"`
	Type        string   `json:"type"`
	Status      string   `json:"status"` // available, in-use, ...
	Description string   `json:"description"`
	Requester   string   `json:"requester"` // who asked for it: an account id or a service
	Addresses   []string `json:"addresses"`
	Groups      []string `json:"groups"`
}

type Vpc struct {
	ID                string   `json:"id"`
	Owner             string   `json:"owner"`
	CIDRs             []string `json:"cidrs"`
	DhcpOptionsID     string   `json:"dhcp_options_id"`
	BlockPublicAccess string   `json:"block_public_access"`
	Tags              []Tag    `json:"tags"`
}

// VpcDNS holds the two attributes that ec2:DescribeVpcAttribute answers one at a time.
type VpcDNS struct {
	VpcID     string `json:"vpc_id"`
	Support   bool   `json:"support"`   // enableDnsSupport
	Hostnames bool   `json:"hostnames"` // enableDnsHostnames
}

type RouteTables struct {
	Tables []RouteTable `json:"tables"`
}

type RouteTable struct {
	ID      string   `json:"id"`
	VpcID   string   `json:"vpc_id"`
	Owner   string   `json:"owner"`
	Main    bool     `json:"main"`
	Subnets []string `json:"subnets"` // explicit associations
	Routes  []Route  `json:"routes"`
	Tags    []Tag    `json:"tags"`
}

// Route goes to one of DestinationCIDR (IPv4), DestinationIPv6 or DestinationPrefixList. Target is the id of the
// gateway, interface, ... or "local".
type Route struct {
	DestinationCIDR       string `json:"destination_cidr"`
	DestinationIPv6       string `json:"destination_ipv6"`
	DestinationPrefixList string `json:"destination_prefix_list"`
	Target                string `json:"target"`
	State                 string `json:"state"` // active, blackhole
	Origin                string `json:"origin"`
}

type NetworkAcls struct {
	Acls []NetworkAcl `json:"acls"`
}

type NetworkAcl struct {
	ID      string     `json:"id"`
	Default bool       `json:"default"`
	Owner   string     `json:"owner"`
	Subnets []string   `json:"subnets"`
	Entries []AclEntry `json:"entries"`
}

// AclEntry is one numbered rule; 32767 is the closing deny.
type AclEntry struct {
	Number   int    `json:"number"`
	Egress   bool   `json:"egress"`
	Allow    bool   `json:"allow"`
	Protocol string `json:"protocol"` // -1 all, 6 tcp, 17 udp, 1 icmp
	CIDR     string `json:"cidr"`     // IPv4; "" where the rule is for IPv6
	FromPort int    `json:"from_port"`
	ToPort   int    `json:"to_port"` // 0-0 with protocol -1 means all
}

type SecurityGroups struct {
	Groups []SecurityGroup `json:"groups"`
}

type SecurityGroup struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	VpcID   string   `json:"vpc_id"`
	Owner   string   `json:"owner"`
	Ingress []SGRule `json:"ingress"`
	Egress  []SGRule `json:"egress"`
	Tags    []Tag    `json:"tags"`
}

// SGRule is one permission split so that it names exactly one peer: a CIDR, a prefix list or a group.
type SGRule struct {
	Protocol   string `json:"protocol"` // -1 all, tcp, udp, icmp
	FromPort   int    `json:"from_port"`
	ToPort     int    `json:"to_port"` // -1 with protocol -1
	CIDR       string `json:"cidr"`
	IPv6CIDR   string `json:"ipv6_cidr"`
	PrefixList string `json:"prefix_list"`
	Group      string `json:"group"`
}

type Endpoints struct {
	Endpoints []Endpoint `json:"endpoints"`
}

type Endpoint struct {
	ID          string   `json:"id"`
	Service     string   `json:"service"` // com.amazonaws.eu-west-1.ecr.api
	Type        string   `json:"type"`    // Interface, Gateway, GatewayLoadBalancer
	State       string   `json:"state"`   // available, pending, ...
	VpcID       string   `json:"vpc_id"`
	Owner       string   `json:"owner"`
	PrivateDNS  bool     `json:"private_dns"`
	Subnets     []string `json:"subnets"`
	Groups      []string `json:"groups"`
	RouteTables []string `json:"route_tables"`
	Interfaces  []string `json:"interfaces"`
	Policy      string   `json:"policy"` // JSON text; "" = full access
	Tags        []Tag    `json:"tags"`
}

type NatGateways struct {
	Gateways []NatGateway `json:"gateways"`
}

type NatGateway struct {
	ID             string `json:"id"`
	VpcID          string `json:"vpc_id"`
	SubnetID       string `json:"subnet_id"` // "" for a regional NAT gateway
	State          string `json:"state"`     // pending, failed, available, deleting, deleted
	FailureCode    string `json:"failure_code"`
	FailureMessage string `json:"failure_message"`
	Connectivity   string `json:"connectivity"` // public, private
	Availability   string `json:"availability"` // zonal, regional; "" = zonal
	DeletedAt      Moment `json:"deleted_at"`
	CreatedAt      Moment `json:"created_at"`
	Tags           []Tag  `json:"tags"`
}

type InternetGateways struct {
	Gateways []InternetGateway `json:"gateways"`
}

type InternetGateway struct {
	ID    string `json:"id"`
	VpcID string `json:"vpc_id"`
	State string `json:"state"`
	Owner string `json:"owner"`
}

type PrefixList struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"` // com.amazonaws.eu-west-1.s3 for AWS's own
	CIDRs []string `json:"cidrs"`
}
