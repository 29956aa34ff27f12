// Package network computes whether a task can reach a destination: hop by hop, with every way in which the path can
// be closed, and who holds the addresses of its subnet. Pure functions over an evidence.View: no clock, no I/O.
//
// A path is judged on the way that the packet really takes. The name is resolved first (VPC DNS; a private DNS name
// of an interface endpoint captures it, and there is no way back to the route), then the route table of the task's
// subnet picks the longest match, then security groups and network ACLs of everything passed are asked.
//
// What is true at the level of names and routes (dns, endpoint_private_dns, endpoint_missing, s3_gateway_missing,
// no_route, blackhole, nat_failed, nat_no_internet, no_public_ip, past_nat) excludes each other where one of them explains the
// whole, so that one fault is one answer. Security groups, network ACLs, endpoint policy and Block Public Access are
// decided beside them, each by itself: two faults show as two.
package network

import "github.com/ecsplain/ecsplain/evidence"

// From is where a connection starts.
type From struct {
	Account        string   `json:"account"`   // of the task
	Region         string   `json:"region"`    // of the task
	Partition      string   `json:"partition"` // aws, aws-us-gov, aws-cn; "" = aws
	Subnet         string   `json:"subnet"`
	SecurityGroups []string `json:"security_groups"` // empty = the VPC's default group
	PublicIP       bool     `json:"public_ip"`
}

// Destination is what must be reached. To makes the well-known ones.
type Destination struct {
	Name            string `json:"name"` // ecr.api, ecr.dkr, s3, logs, secretsmanager, ssm, kms, docker-hub, internet
	Host            string `json:"host"`
	Port            int    `json:"port"`             // TCP
	EndpointService string `json:"endpoint_service"` // com.amazonaws.REGION.ecr.api; "" = no endpoint exists for it
	Gateway         bool   `json:"gateway"`          // a gateway endpoint exists for it (S3)
	IP              string `json:"ip"`               // the address that was dialled, where a message names one; "" = unknown
}

// Blocker is one way in which a path can be closed. Where its Basis is Unknown the other fields mean nothing.
type Blocker struct {
	Blocks   bool           `json:"blocks"`
	Resource string         `json:"resource"` // id of the thing to change; "" where it does not block
	Detail   string         `json:"detail"`   // one sentence of fact, e.g. "rtb-0a has no route for 0.0.0.0/0"
	Basis    evidence.Basis `json:"-"`
}

// Means of a Path: what carries the packet out of the subnet.
const (
	MeansNAT               = "nat"
	MeansInternetGateway   = "internet-gateway"
	MeansInterfaceEndpoint = "interface-endpoint"
	MeansGatewayEndpoint   = "gateway-endpoint"
	MeansTransitGateway    = "transit-gateway"
	MeansPeering           = "peering"
	MeansVirtualGateway    = "virtual-private-gateway"
	MeansFirewall          = "firewall-endpoint" // a Gateway Load Balancer endpoint: firewall or appliance
	MeansAppliance         = "appliance"         // a network interface or an instance
	MeansOther             = "other"             // local gateway, carrier gateway, core network, ...
	MeansLocal             = "local"             // inside the VPC
)

// States of a Hop.
const (
	HopOK      = "ok"
	HopBlocked = "blocked"
	HopUnknown = "unknown"
)

// Hop is one station of a path, for drawing.
type Hop struct {
	Kind  string `json:"kind"` // task, security-group, network-acl, dns, route-table, nat-gateway, internet-gateway, vpc-endpoint, ...
	ID    string `json:"id"`   // "" where nothing is there
	Says  string `json:"says"`
	State string `json:"state"`
}

// Path is the way from a task to one destination. Every Blocker is decided by itself: two faults show as two.
// Basis is Unknown where no blocker blocks and one of them is unknown; it then names everything still missing.
type Path struct {
	Destination string `json:"destination"`
	Host        string `json:"host"`
	Port        int    `json:"port"`
	Subnet      string `json:"subnet"`
	Vpc         string `json:"vpc"`
	RouteTable  string `json:"route_table"`
	Acl         string `json:"acl"`
	Zone        string `json:"zone"`
	Via         string `json:"via"`       // id of what carries the packet out (nat-, igw-, vpce-, tgw-, ...); "" when nothing does
	Means       string `json:"means"`     // one of the Means constants; "" when nothing does
	LeavesBy    string `json:"leaves_by"` // id of the hop behind which nothing can be seen (tgw-, pcx-, vpce-, eni-, ...); "" where it does not leave
	LeavesAt    string `json:"leaves_at"` // the subnet from which it reaches that hop: the task's, or its NAT gateway's

	// Material for fixes; "" = none found, or not known.
	NatGateway      string `json:"nat_gateway"`      // an available NAT gateway of the same VPC that has a way out, the same zone first
	InternetGateway string `json:"internet_gateway"` // attached to the VPC
	EndpointID      string `json:"endpoint_id"`      // of the interface endpoint for the destination's service
	EndpointGroup   string `json:"endpoint_group"`   // its first security group
	TaskGroup       string `json:"task_group"`       // the task's first security group
	PrefixList      string `json:"prefix_list"`      // of S3, where a route or a rule names it
	S3Endpoint      string `json:"s3_endpoint"`      // an S3 gateway endpoint of the VPC, not associated with this route table
	DenyRule        int    `json:"deny_rule"`        // number of the entry without which the blocking network ACL would let the packet pass; 0 = there is none
	DenyEgress      bool   `json:"deny_egress"`      // it is about outbound packets
	DenySays        string `json:"deny_says"`        // it in words: "NUMBER deny PROTOCOL FROM-TO BLOCK"
	NarrowRoute     string `json:"narrow_route"`     // the destination block of the route that leads past the NAT gateway, for some of the addresses at least
	NarrowTarget    string `json:"narrow_target"`    // the internet gateway that it leads to

	past Blocker // as PastNAT, for some of the addresses that may be dialled

	Hops    []Hop          `json:"hops"`
	Blocked bool           `json:"blocked"`
	Basis   evidence.Basis `json:"-"`

	NoRoute            Blocker `json:"no_route"`
	Blackhole          Blocker `json:"blackhole"`
	NatFailed          Blocker `json:"nat_failed"`
	NatNoInternet      Blocker `json:"nat_no_internet"`
	NoPublicIP         Blocker `json:"no_public_ip"`
	PastNAT            Blocker `json:"past_nat"`
	EndpointMissing    Blocker `json:"endpoint_missing"`
	EndpointPrivateDNS Blocker `json:"endpoint_private_dns"`
	EndpointSG         Blocker `json:"endpoint_sg"`
	EndpointPolicy     Blocker `json:"endpoint_policy"`
	S3GatewayMissing   Blocker `json:"s3_gateway_missing"`
	EgressPrefixList   Blocker `json:"egress_prefix_list"`
	TaskSG             Blocker `json:"task_sg"`
	Nacl               Blocker `json:"nacl"`
	DNS                Blocker `json:"dns"`
	BlockPublicAccess  Blocker `json:"block_public_access"`
	Beyond             Blocker `json:"beyond"` // never blocks: unknown where the path leaves what this account can see
}

// Holder is one sort of thing that holds addresses of a subnet.
type Holder struct {
	What  string `json:"what"`  // "ECS task", "NAT gateway", "load balancer", "available (unattached)", "Lambda", ...
	Count int    `json:"count"` // addresses
	Words string `json:"words"` // "2 ECS tasks"
}

// Addresses tells how many addresses of a subnet are free and who holds the others.
type Addresses struct {
	Subnet  string         `json:"subnet"`
	Free    int            `json:"free"`
	CIDR    string         `json:"cidr"`
	Size    int            `json:"size"`    // usable addresses: the block less the five that AWS keeps; 0 = not known
	Holders []Holder       `json:"holders"` // largest first; nil where they were not read
	Leaked  []string       `json:"leaked"`  // ids of interfaces that are attached to nothing
	None    Blocker        `json:"none"`    // blocks when no address is free
	Basis   evidence.Basis `json:"-"`
}
