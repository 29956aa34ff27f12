package lab

import (
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// reachResult is the fate of one connection.
type reachResult struct {
	OK        bool
	Failure   string // dns, timeout, refused; "" when OK
	IP        string // address dialled, private for an interface endpoint; "" when the name did not resolve
	Blocker   string // id of the first resource that stopped it, for tests only; "" when nothing has an id: the name or the address does not exist
	Endpoint  string // id of the VPC endpoint that carried it; "" = none
	Server    string // of Failure dns: the name server of one's own that says "no such host"; "" = another story
	Handshake bool   // of Failure timeout: the TCP connection was made, and nobody answered the TLS handshake
	Silent    bool   // of Failure dns: Amazon's resolver waited for a server that does not answer
}

// packet is what the first packet of a connection is filtered by.
type packet struct {
	to       netip.Addr
	protocol string // tcp or udp
	port     int32
	host     string // the name that is asked for, which a TLS handshake shows; "" = an address
}

// portRange is a closed range of ports.
type portRange struct{ from, to int32 }

// Source ports, which answers come back to: Linux's own range for a task (net.ipv4.ip_local_port_range), and the range a NAT
// gateway uses (VPC user guide, "Ephemeral ports").
var (
	taskPorts = portRange{32768, 60999}
	natPorts  = portRange{1024, 65535}
)

// reach decides whether a TCP connection from the interface to host:port works. host is a name of an AWS service, of a
// registry, a private host name, or an address.
func (w *World) reach(eni *ec2types.NetworkInterface, host string, port int32) reachResult {
	if eni == nil {
		return reachResult{Failure: "timeout"}
	}
	d := w.resolve(eni, host)
	if !d.ok {
		return reachResult{Failure: "dns", Blocker: d.blocker, Server: d.server, Silent: d.silent}
	}
	if d.endpoint != nil && !d.ip.IsValid() { // an endpoint without any interface
		return reachResult{Failure: "timeout", Blocker: *d.endpoint.VpcEndpointId}
	}
	r := w.travel(eni, packet{d.ip, "tcp", port, host})
	if r.OK && d.endpoint != nil {
		r.Endpoint = *d.endpoint.VpcEndpointId
	}
	return r
}

// travel follows a connection from an interface to an address, hop by hop. Security groups remember a connection, network
// ACLs do not: the answer is checked too.
func (w *World) travel(eni *ec2types.NetworkInterface, p packet) reachResult {
	blocked := func(by string) reachResult { return reachResult{Failure: "timeout", IP: p.to.String(), Blocker: by} }
	if id := w.groupsBlock(eni, p, nil, true); id != "" {
		return blocked(id)
	}
	vpcID, subnetID := aws.ToString(eni.VpcId), aws.ToString(eni.SubnetId)
	target := w.interfaceAt(vpcID, p.to)
	if target == nil || aws.ToString(target.SubnetId) != subnetID { // inside a subnet there is no ACL
		if id := w.aclBlocks(subnetID, outward(p, p.to, taskPorts)); id != "" {
			return blocked(id)
		}
	}
	table := w.tableOf(subnetID)
	if table == nil {
		return blocked(subnetID)
	}
	route := w.bestRoute(table, p.to)
	if route == nil || route.State == ec2types.RouteStateBlackhole {
		return blocked(*table.RouteTableId)
	}
	arrived := func(by, endpoint string) reachResult {
		if by != "" {
			return blocked(by)
		}
		return reachResult{OK: true, IP: p.to.String(), Endpoint: endpoint}
	}
	switch gateway := aws.ToString(route.GatewayId); {
	case gateway == "local":
		if target == nil {
			return blocked("") // nobody has the address
		}
		return arrived(w.deliver(eni, target, p), "")
	case w.inspects(gateway):
		by, endpoint, handshake := w.throughFirewall(gateway, eni, p)
		r := arrived(by, endpoint)
		r.Handshake = handshake
		return r
	case w.endpoints[gateway] != nil:
		return arrived(w.gatewayEndpoint(gateway), gateway)
	case gateway != "":
		return arrived(w.internet(gateway, vpcID, subnetID, aws.ToString(eni.NetworkInterfaceId), eni.Association != nil && eni.Association.PublicIp != nil, false), "")
	case route.NatGatewayId != nil:
		by, endpoint := w.throughNAT(*route.NatGatewayId, eni, p)
		return arrived(by, endpoint)
	case route.TransitGatewayId != nil:
		return arrived(w.throughTransit(*route.TransitGatewayId, eni, p), "")
	}
	return blocked(other(route)) // peering and appliances are not part of this world
}

// outward is the traffic that crosses an ACL at the border of the subnet a connection leaves, peer on the other side.
func outward(p packet, peer netip.Addr, answers portRange) []aclCheck {
	return []aclCheck{{true, peer, p.protocol, portRange{p.port, p.port}}, {false, peer, p.protocol, answers}}
}

// inward is the same for the subnet a connection enters.
func inward(p packet, peer netip.Addr, answers portRange) []aclCheck {
	return []aclCheck{{false, peer, p.protocol, portRange{p.port, p.port}}, {true, peer, p.protocol, answers}}
}

// deliver brings a packet to an interface of the same VPC. The result is the blocker, or "".
func (w *World) deliver(from, to *ec2types.NetworkInterface, p packet) string {
	if aws.ToString(from.SubnetId) != aws.ToString(to.SubnetId) {
		if id := w.aclBlocks(aws.ToString(to.SubnetId), inward(p, address(from), taskPorts)); id != "" {
			return id
		}
	}
	if to.InterfaceType == ec2types.NetworkInterfaceTypeNatGateway {
		return aws.ToString(to.NetworkInterfaceId) // a NAT gateway serves nobody at its own address
	}
	return w.groupsBlock(to, packet{address(from), p.protocol, p.port, ""}, from, false)
}

func (w *World) gatewayEndpoint(id string) string {
	if !isState(string(w.endpoints[id].State), "available") {
		return id
	}
	return ""
}

// internet passes an internet gateway. Block Public Access: block-bidirectional stops everything, block-ingress lets only the
// traffic of NAT gateways pass (EC2 API, BlockPublicAccessStates). The result is the blocker, or "".
func (w *World) internet(gateway, vpcID, subnetID, sender string, hasPublicIP, nat bool) string {
	g := w.igws[gateway]
	if g == nil {
		return gateway
	}
	if !attachedTo(g, vpcID) {
		return gateway
	}
	switch mode := ec2types.BlockPublicAccessMode(w.blockMode(vpcID, subnetID)); {
	case mode == ec2types.BlockPublicAccessModeBlockBidirectional, mode == ec2types.BlockPublicAccessModeBlockIngress && !nat:
		return vpcID
	}
	if !hasPublicIP {
		return sender
	}
	return ""
}

// throughNAT passes a NAT gateway and goes on from its subnet. The result is the blocker or "", and the gateway endpoint
// that the NAT's subnet leads to.
func (w *World) throughNAT(id string, eni *ec2types.NetworkInterface, p packet) (blocker, endpoint string) {
	n := w.nats[id]
	if n == nil || n.State != ec2types.NatGatewayStateAvailable {
		return id, ""
	}
	subnetID := aws.ToString(n.SubnetId)
	if subnetID != aws.ToString(eni.SubnetId) {
		if by := w.aclBlocks(subnetID, inward(p, address(eni), taskPorts)); by != "" {
			return by, ""
		}
	}
	if by := w.aclBlocks(subnetID, outward(p, p.to, natPorts)); by != "" {
		return by, ""
	}
	table := w.tableOf(subnetID)
	if table == nil {
		return subnetID, ""
	}
	route := w.bestRoute(table, p.to)
	if route == nil || route.State == ec2types.RouteStateBlackhole || route.GatewayId == nil {
		return *table.RouteTableId, ""
	}
	if w.endpoints[*route.GatewayId] != nil {
		return w.gatewayEndpoint(*route.GatewayId), *route.GatewayId
	}
	hasPublicIP := n.ConnectivityType != ec2types.ConnectivityTypePrivate
	return w.internet(*route.GatewayId, aws.ToString(n.VpcId), subnetID, id, hasPublicIP, true), ""
}

// tableOf is the route table of a subnet: its own, else the VPC's main one; nil when there is none.
func (w *World) tableOf(subnetID string) *ec2types.RouteTable {
	s := w.subnets[subnetID]
	if s == nil {
		return nil
	}
	var main *ec2types.RouteTable
	for _, t := range sorted(w.routeTables) {
		for _, a := range t.Associations {
			if aws.ToString(a.SubnetId) == subnetID {
				return t
			}
			if aws.ToBool(a.Main) && aws.ToString(t.VpcId) == aws.ToString(s.VpcId) {
				main = t
			}
		}
	}
	return main
}

// bestRoute is the longest match; of two of the same length the one with a CIDR goes before the one with a prefix list (VPC
// user guide, "Route priority"). nil = no route.
func (w *World) bestRoute(table *ec2types.RouteTable, to netip.Addr) *ec2types.Route {
	var best *ec2types.Route
	longest := 0
	for i := range table.Routes {
		r := &table.Routes[i]
		bits := 0
		if r.DestinationCidrBlock != nil {
			bits = 2 * match(*r.DestinationCidrBlock, to)
		}
		for _, cidr := range w.prefixListCIDRs(aws.ToString(r.DestinationPrefixListId)) {
			bits = max(bits, 2*match(cidr, to)-1)
		}
		if bits > longest {
			best, longest = r, bits
		}
	}
	return best
}

// match is one more than the length of a prefix that holds the address, else 0.
func match(cidr string, a netip.Addr) int {
	p, err := netip.ParsePrefix(cidr)
	if err != nil || !p.Contains(a) {
		return 0
	}
	return p.Bits() + 1
}

func (w *World) prefixListCIDRs(id string) []string {
	if pl := w.prefixLists[id]; pl != nil {
		return pl.Cidrs
	}
	return nil
}

// other names the target of a route that this world has no physics for.
func other(r *ec2types.Route) string {
	for _, id := range []*string{r.TransitGatewayId, r.VpcPeeringConnectionId, r.NetworkInterfaceId, r.InstanceId, r.EgressOnlyInternetGatewayId, r.CarrierGatewayId, r.LocalGatewayId} {
		if id != nil {
			return *id
		}
	}
	return ""
}
