package lab

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// centralServices are those that a hub has interface endpoints for, with a private hosted zone that it shares with its spokes.
var centralServices = []string{"ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm"}

// joinHub makes a network a spoke: the private subnets' default route leads to the transit gateway of the company. With central endpoints the names of
// the services resolve to addresses of the hub, and the public subnets have a route to them too.
func (w *World) joinHub(n Network) {
	vpcID := w.names["vpc:"+n.Name]
	gateway := w.names["tgw:company"]
	if gateway == "" {
		gateway = w.call("tgw:company", "tgw")
		w.hub = hubNetwork{gateway: gateway, account: networkAccount, cidr: companyCIDR, internet: true, returns: true, servers: map[string]string{}}
	}
	var ids []string
	for z := range n.Zones {
		zone := string(rune('a' + z))
		name := n.Name + "-transit-" + zone
		w.addSubnetOf(vpcID, name, fmt.Sprintf("10.%d.240.%d/28", n.Octet, 16*z), zone, n.Name+"-default")
		ids = append(ids, w.names["subnet:"+name])
	}
	w.addTable(n, "transit")
	id := w.call("tgw-attachment:"+n.Name, "tgw-attach")
	put(&w.attachments, id, &ec2types.TransitGatewayVpcAttachment{
		TransitGatewayAttachmentId: aws.String(id), TransitGatewayId: aws.String(gateway), VpcId: aws.String(vpcID), VpcOwnerId: aws.String(w.Account), State: ec2types.TransitGatewayAttachmentStateAvailable,
		SubnetIds: ids, CreationTime: aws.Time(w.now.Add(-50 * day)), Tags: tagged(n.Name),
		Options: &ec2types.TransitGatewayVpcAttachmentOptions{DnsSupport: ec2types.DnsSupportValueEnable, Ipv6Support: ec2types.Ipv6SupportValueDisable, ApplianceModeSupport: ec2types.ApplianceModeSupportValueDisable},
	})
	w.must(w.createRoute(&ec2.CreateRouteInput{RouteTableId: aws.String(w.names["route-table:"+n.Name+"-private"]), DestinationCidrBlock: aws.String("0.0.0.0/0"), TransitGatewayId: aws.String(gateway)}))
	if n.Central {
		put(&w.hub.zones, vpcID, true)
		w.hub.central = true
		w.must(w.createRoute(&ec2.CreateRouteInput{RouteTableId: aws.String(w.names["route-table:"+n.Name+"-public"]), DestinationCidrBlock: aws.String(companyCIDR), TransitGatewayId: aws.String(gateway)}))
	}
}

// centralAddress is the address of a hub's endpoint for a service, in a VPC that the hub shares its zones with.
func (h *hubNetwork) centralAddress(vpcID, service string) (netip.Addr, bool) {
	i := slices.Index(centralServices, service)
	if i < 0 || !h.zones[vpcID] {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte{10, 20, 1, byte(10 + i)}), true
}

// answers tells whether something answers at an address of the hub's own network.
func (h *hubNetwork) answers(ip netip.Addr) bool {
	if h.servers[ip.String()] != "" {
		return true
	}
	a := ip.As4()
	return h.central && a[2] == 1 && a[3] >= 10 && int(a[3]) < 10+len(centralServices)
}
