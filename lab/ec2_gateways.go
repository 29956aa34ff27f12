package lab

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// A NAT gateway takes a minute or two to come up, and a deleted one is described for about an hour (VPC user guide).
const (
	natComesUp   = 100 * time.Second
	natGoesAway  = 60 * time.Second
	natForgotten = time.Hour
)

func (w *World) describeNatGateways(in *ec2.DescribeNatGatewaysInput) (*ec2.DescribeNatGatewaysOutput, error) {
	missing := func(id string) *wire.Error {
		return wire.Errorf("NatGatewayNotFound", "The Nat Gateway %s was not found", id)
	}
	rows, next, err := describe(w.seenNATs(), in.NatGatewayIds, in.Filter, in.MaxResults, in.NextToken, missing, func(n *ec2types.NatGateway, f string) ([]string, bool) {
		switch f {
		case "nat-gateway-id":
			return text(n.NatGatewayId), true
		case "vpc-id":
			return text(n.VpcId), true
		case "subnet-id":
			return text(n.SubnetId), true
		case "state":
			return []string{string(n.State)}, true
		}
		return tagAttributes(n.Tags, f)
	})
	return &ec2.DescribeNatGatewaysOutput{NatGateways: values(rows), NextToken: next}, err
}

func (w *World) createNatGateway(in *ec2.CreateNatGatewayInput) (*ec2.CreateNatGatewayOutput, error) {
	s := w.subnets[aws.ToString(in.SubnetId)]
	kind := in.ConnectivityType
	if kind == "" {
		kind = ec2types.ConnectivityTypePublic
	}
	switch {
	case in.SubnetId == nil:
		return nil, wire.Errorf("MissingParameter", "The request must contain the parameter subnetId")
	case s == nil:
		return nil, notFound("InvalidSubnetID.NotFound", "subnet ID", *in.SubnetId)
	case kind == ec2types.ConnectivityTypePublic && in.AllocationId == nil:
		return nil, wire.Errorf("MissingParameter", "The request must include the AllocationId parameter. Add the required parameter and retry the request.")
	}
	var elastic *ec2types.Address
	if in.AllocationId != nil {
		elastic = w.addresses[*in.AllocationId]
		if elastic == nil {
			return nil, notFound("InvalidAllocationID.NotFound", "allocation ID", *in.AllocationId)
		}
		if elastic.AssociationId != nil {
			return nil, wire.Errorf("Resource.AlreadyAssociated", "Elastic IP address [%s] is already associated", *in.AllocationId)
		}
	}
	id := w.newID("nat")
	n := &ec2types.NatGateway{
		NatGatewayId: aws.String(id), SubnetId: s.SubnetId, VpcId: s.VpcId, State: ec2types.NatGatewayStatePending, ConnectivityType: kind, CreateTime: aws.Time(w.now),
		Tags: tagsFor(in.TagSpecifications, ec2types.ResourceTypeNatgateway),
	}
	eni, err := w.createInterface(*s.SubnetId, nil, false, "Interface for NAT Gateway "+id)
	if err != nil {
		return nil, err
	}
	eni.InterfaceType = ec2types.NetworkInterfaceTypeNatGateway
	a := ec2types.NatGatewayAddress{NetworkInterfaceId: eni.NetworkInterfaceId, PrivateIp: eni.PrivateIpAddress, IsPrimary: aws.Bool(true), Status: ec2types.NatGatewayAddressStatusSucceeded, AllocationId: in.AllocationId}
	if elastic != nil {
		elastic.AssociationId, elastic.NetworkInterfaceId, elastic.PrivateIpAddress = aws.String(w.newID("eipassoc")), eni.NetworkInterfaceId, eni.PrivateIpAddress
		elastic.NetworkInterfaceOwnerId = aws.String(w.Account)
		a.AssociationId, a.PublicIp = elastic.AssociationId, elastic.PublicIp
		eni.Association = &ec2types.NetworkInterfaceAssociation{AllocationId: elastic.AllocationId, AssociationId: elastic.AssociationId, PublicIp: elastic.PublicIp, IpOwnerId: aws.String(w.Account)}
	}
	n.NatGatewayAddresses = []ec2types.NatGatewayAddress{a}
	w.nats[id] = n
	w.after(natComesUp, func() { w.natUp(n) })
	answer := *n
	return &ec2.CreateNatGatewayOutput{NatGateway: &answer}, nil
}

// natUp ends the creation of a NAT gateway: a public one needs a VPC with an internet gateway.
func (w *World) natUp(n *ec2types.NatGateway) {
	if n.State != ec2types.NatGatewayStatePending {
		return
	}
	if n.ConnectivityType == ec2types.ConnectivityTypePublic && w.gatewayOf(*n.VpcId) == nil {
		n.State, n.FailureCode = ec2types.NatGatewayStateFailed, aws.String("Gateway.NotAttached")
		n.FailureMessage = aws.String("Network " + *n.VpcId + " has no Internet gateway attached")
		w.releaseNAT(n)
		return
	}
	n.State = ec2types.NatGatewayStateAvailable
	w.refreshRoutes()
	w.touch()
}

// releaseNAT gives back what a NAT gateway held: its interface and its elastic address, which stays allocated.
func (w *World) releaseNAT(n *ec2types.NatGateway) {
	for _, a := range n.NatGatewayAddresses {
		w.deleteInterface(aws.ToString(a.NetworkInterfaceId))
		if e := w.addresses[aws.ToString(a.AllocationId)]; e != nil {
			e.AssociationId, e.NetworkInterfaceId, e.PrivateIpAddress, e.NetworkInterfaceOwnerId = nil, nil, nil, nil
		}
	}
}

func (w *World) deleteNatGateway(in *ec2.DeleteNatGatewayInput) (*ec2.DeleteNatGatewayOutput, error) {
	n := w.nats[*in.NatGatewayId]
	if n == nil || n.State == ec2types.NatGatewayStateDeleted {
		return nil, wire.Errorf("NatGatewayNotFound", "The Nat Gateway %s was not found", *in.NatGatewayId)
	}
	if n.State != ec2types.NatGatewayStateDeleting {
		n.State = ec2types.NatGatewayStateDeleting
		w.refreshRoutes()
		w.after(natGoesAway, func() {
			n.State, n.DeleteTime = ec2types.NatGatewayStateDeleted, aws.Time(w.now)
			w.releaseNAT(n)
			w.after(natForgotten, func() { delete(w.nats, *n.NatGatewayId) })
		})
	}
	return &ec2.DeleteNatGatewayOutput{NatGatewayId: n.NatGatewayId}, nil
}

// attachedTo tells whether an internet gateway is attached to a VPC.
func attachedTo(g *ec2types.InternetGateway, vpcID string) bool {
	return slices.ContainsFunc(g.Attachments, func(a ec2types.InternetGatewayAttachment) bool {
		return aws.ToString(a.VpcId) == vpcID && (isState(string(a.State), "available") || isState(string(a.State), "attached"))
	})
}

// gatewayOf is the internet gateway that is attached to a VPC, or nil.
func (w *World) gatewayOf(vpcID string) *ec2types.InternetGateway {
	for _, g := range sorted(w.igws) {
		if attachedTo(g, vpcID) {
			return g
		}
	}
	return nil
}

func (w *World) describeInternetGateways(in *ec2.DescribeInternetGatewaysInput) (*ec2.DescribeInternetGatewaysOutput, error) {
	rows, next, err := describe(w.seenIGWs(), in.InternetGatewayIds, in.Filters, in.MaxResults, in.NextToken, notFoundAs("InvalidInternetGatewayID.NotFound", "internetGateway ID"), func(g *ec2types.InternetGateway, f string) ([]string, bool) {
		var vpcs, states []string
		for _, a := range g.Attachments {
			vpcs, states = append(vpcs, aws.ToString(a.VpcId)), append(states, string(a.State))
		}
		switch f {
		case "internet-gateway-id":
			return text(g.InternetGatewayId), true
		case "attachment.vpc-id":
			return vpcs, true
		case "attachment.state":
			return states, true
		case "owner-id":
			return text(g.OwnerId), true
		}
		return tagAttributes(g.Tags, f)
	})
	return &ec2.DescribeInternetGatewaysOutput{InternetGateways: values(rows), NextToken: next}, err
}

func (w *World) createInternetGateway(in *ec2.CreateInternetGatewayInput) (*ec2.CreateInternetGatewayOutput, error) {
	g := &ec2types.InternetGateway{InternetGatewayId: aws.String(w.newID("igw")), OwnerId: aws.String(w.Account), Attachments: []ec2types.InternetGatewayAttachment{}, Tags: tagsFor(in.TagSpecifications, ec2types.ResourceTypeInternetGateway)}
	w.igws[*g.InternetGatewayId] = g
	answer := *g
	return &ec2.CreateInternetGatewayOutput{InternetGateway: &answer}, nil
}

func (w *World) attachInternetGateway(in *ec2.AttachInternetGatewayInput) (*ec2.AttachInternetGatewayOutput, error) {
	g, err := w.gatewayAndVPC(*in.InternetGatewayId, in.VpcId)
	switch {
	case err != nil:
		return nil, err
	case len(g.Attachments) > 0:
		return nil, wire.Errorf("Resource.AlreadyAssociated", "resource %s is already attached to network %s", *g.InternetGatewayId, aws.ToString(g.Attachments[0].VpcId))
	case w.gatewayOf(*in.VpcId) != nil:
		return nil, wire.Errorf("InvalidParameterValue", "Network %s already has an internet gateway attached", *in.VpcId)
	}
	g.Attachments = []ec2types.InternetGatewayAttachment{{VpcId: in.VpcId, State: "available"}}
	w.refreshRoutes()
	return nil, nil
}

// detachInternetGateway refuses while public addresses are mapped in the VPC, as EC2 does: those of NAT gateways and tasks too.
func (w *World) detachInternetGateway(in *ec2.DetachInternetGatewayInput) (*ec2.DetachInternetGatewayOutput, error) {
	g, err := w.gatewayAndVPC(*in.InternetGatewayId, in.VpcId)
	if err != nil {
		return nil, err
	}
	if !attachedTo(g, *in.VpcId) {
		return nil, wire.Errorf("Gateway.NotAttached", "resource %s is not attached to network %s", *g.InternetGatewayId, *in.VpcId)
	}
	for _, n := range w.interfaces {
		if aws.ToString(n.VpcId) == *in.VpcId && n.Association != nil && n.Association.PublicIp != nil {
			return nil, wire.Errorf("DependencyViolation", "Network %s has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.", *in.VpcId)
		}
	}
	g.Attachments = []ec2types.InternetGatewayAttachment{}
	w.refreshRoutes()
	return nil, nil
}

func (w *World) gatewayAndVPC(id string, vpcID *string) (*ec2types.InternetGateway, error) {
	g := w.igws[id]
	if g == nil {
		return nil, notFound("InvalidInternetGatewayID.NotFound", "internetGateway ID", id)
	}
	_, err := w.findVPC(vpcID)
	return g, err
}

func (w *World) allocateAddress(in *ec2.AllocateAddressInput) (*ec2.AllocateAddressOutput, error) {
	a := &ec2types.Address{
		AllocationId: aws.String(w.newID("eipalloc")), PublicIp: aws.String(w.publicAddress()), Domain: ec2types.DomainTypeVpc, NetworkBorderGroup: aws.String(w.Region),
		PublicIpv4Pool: aws.String("amazon"), Tags: tagsFor(in.TagSpecifications, ec2types.ResourceTypeElasticIp),
	}
	if w.addresses == nil {
		w.addresses = map[string]*ec2types.Address{}
	}
	w.addresses[*a.AllocationId] = a
	return &ec2.AllocateAddressOutput{AllocationId: a.AllocationId, PublicIp: a.PublicIp, Domain: a.Domain, NetworkBorderGroup: a.NetworkBorderGroup, PublicIpv4Pool: a.PublicIpv4Pool}, nil
}

// describeAddresses lists the elastic addresses: the allocated ones, and those that NAT gateways were born with.
func (w *World) describeAddresses(in *ec2.DescribeAddressesInput) (*ec2.DescribeAddressesOutput, error) {
	all := map[string]*ec2types.Address{}
	for _, n := range w.seenNATs() {
		for _, a := range n.NatGatewayAddresses {
			if a.AllocationId != nil && a.PublicIp != nil && n.State != ec2types.NatGatewayStateDeleted {
				all[*a.AllocationId] = &ec2types.Address{
					AllocationId: a.AllocationId, AssociationId: a.AssociationId, PublicIp: a.PublicIp, PrivateIpAddress: a.PrivateIp, NetworkInterfaceId: a.NetworkInterfaceId,
					NetworkInterfaceOwnerId: aws.String(w.Account), Domain: ec2types.DomainTypeVpc, NetworkBorderGroup: aws.String(w.Region), PublicIpv4Pool: aws.String("amazon"), Tags: []ec2types.Tag{},
				}
			}
		}
	}
	for id, a := range w.addresses {
		if n := w.interfaces[aws.ToString(a.NetworkInterfaceId)]; n == nil || !w.hides(n.VpcId) || !w.ownersInterface(n) {
			all[id] = a
		}
	}
	rows, _, err := describe(all, in.AllocationIds, in.Filters, nil, nil, notFoundAs("InvalidAllocationID.NotFound", "allocation ID"), func(a *ec2types.Address, f string) ([]string, bool) {
		switch f {
		case "allocation-id":
			return text(a.AllocationId), true
		case "public-ip":
			return text(a.PublicIp), true
		case "association-id":
			return text(a.AssociationId), true
		case "network-interface-id":
			return text(a.NetworkInterfaceId), true
		case "domain":
			return []string{string(a.Domain)}, true
		}
		return tagAttributes(a.Tags, f)
	})
	out := &ec2.DescribeAddressesOutput{}
	for _, a := range rows {
		if len(in.PublicIps) == 0 || slices.Contains(in.PublicIps, *a.PublicIp) {
			out.Addresses = append(out.Addresses, *a)
		}
	}
	return out, err
}
