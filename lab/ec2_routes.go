package lab

import (
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

func (w *World) findTable(id *string) (*ec2types.RouteTable, error) {
	if t := w.routeTables[aws.ToString(id)]; t != nil {
		return t, nil
	}
	return nil, notFound("InvalidRouteTableID.NotFound", "routeTable ID", aws.ToString(id))
}

func (w *World) describeRouteTables(in *ec2.DescribeRouteTablesInput) (*ec2.DescribeRouteTablesOutput, error) {
	rows, next, err := describe(w.seenTables(), in.RouteTableIds, in.Filters, in.MaxResults, in.NextToken, notFoundAs("InvalidRouteTableID.NotFound", "routeTable ID"), tableAttributes)
	return &ec2.DescribeRouteTablesOutput{RouteTables: values(rows), NextToken: next}, err
}

func tableAttributes(t *ec2types.RouteTable, f string) ([]string, bool) {
	association := func(field func(ec2types.RouteTableAssociation) []string) ([]string, bool) {
		var out []string
		for _, a := range t.Associations {
			out = append(out, field(a)...)
		}
		return out, true
	}
	route := func(field func(ec2types.Route) *string) ([]string, bool) {
		var out []string
		for _, r := range t.Routes {
			out = append(out, text(field(r))...)
		}
		return out, true
	}
	switch f {
	case "route-table-id":
		return text(t.RouteTableId), true
	case "vpc-id":
		return text(t.VpcId), true
	case "owner-id":
		return text(t.OwnerId), true
	case "association.subnet-id":
		return association(func(a ec2types.RouteTableAssociation) []string { return text(a.SubnetId) })
	case "association.main":
		return association(func(a ec2types.RouteTableAssociation) []string { return boolText(a.Main) })
	case "association.route-table-association-id":
		return association(func(a ec2types.RouteTableAssociation) []string { return text(a.RouteTableAssociationId) })
	case "association.route-table-id":
		return association(func(a ec2types.RouteTableAssociation) []string { return text(a.RouteTableId) })
	case "route.destination-cidr-block":
		return route(func(r ec2types.Route) *string { return r.DestinationCidrBlock })
	case "route.destination-prefix-list-id":
		return route(func(r ec2types.Route) *string { return r.DestinationPrefixListId })
	case "route.gateway-id":
		return route(func(r ec2types.Route) *string { return r.GatewayId })
	case "route.nat-gateway-id":
		return route(func(r ec2types.Route) *string { return r.NatGatewayId })
	case "route.state":
		return route(func(r ec2types.Route) *string { return optional(string(r.State)) })
	case "route.origin":
		return route(func(r ec2types.Route) *string { return optional(string(r.Origin)) })
	}
	return tagAttributes(t.Tags, f)
}

func (w *World) createRouteTable(in *ec2.CreateRouteTableInput) (*ec2.CreateRouteTableOutput, error) {
	v, err := w.findVPC(in.VpcId)
	if err != nil {
		return nil, err
	}
	t := &ec2types.RouteTable{
		RouteTableId: aws.String(w.newID("rtb")), VpcId: v.VpcId, OwnerId: aws.String(w.Account), PropagatingVgws: []ec2types.PropagatingVgw{}, Associations: []ec2types.RouteTableAssociation{},
		Routes: []ec2types.Route{{DestinationCidrBlock: v.CidrBlock, GatewayId: aws.String("local"), State: ec2types.RouteStateActive, Origin: ec2types.RouteOriginCreateRouteTable}},
		Tags:   tagsFor(in.TagSpecifications, ec2types.ResourceTypeRouteTable),
	}
	w.routeTables[*t.RouteTableId] = t
	answer := *t
	return &ec2.CreateRouteTableOutput{RouteTable: &answer}, nil
}

var associated = &ec2types.RouteTableAssociationState{State: ec2types.RouteTableAssociationStateCodeAssociated}

func (w *World) associateRouteTable(in *ec2.AssociateRouteTableInput) (*ec2.AssociateRouteTableOutput, error) {
	t, err := w.findTable(in.RouteTableId)
	if err != nil {
		return nil, err
	}
	s := w.subnets[aws.ToString(in.SubnetId)]
	if s == nil {
		return nil, notFound("InvalidSubnetID.NotFound", "subnet ID", aws.ToString(in.SubnetId))
	}
	if *s.VpcId != *t.VpcId {
		return nil, wire.Errorf("InvalidParameterValue", "Route table %s and subnet %s belong to different networks", *t.RouteTableId, *s.SubnetId)
	}
	if old := w.tableOf(*s.SubnetId); old != nil {
		for _, a := range old.Associations {
			if aws.ToString(a.SubnetId) == *s.SubnetId {
				if old == t {
					return &ec2.AssociateRouteTableOutput{AssociationId: a.RouteTableAssociationId, AssociationState: associated}, nil
				}
				return nil, wire.Errorf("Resource.AlreadyAssociated", "the specified association for route table %s conflicts with an existing association", *t.RouteTableId)
			}
		}
	}
	a := w.associate(t, ec2types.RouteTableAssociation{SubnetId: s.SubnetId, Main: aws.Bool(false)})
	return &ec2.AssociateRouteTableOutput{AssociationId: a.RouteTableAssociationId, AssociationState: associated}, nil
}

func (w *World) associate(t *ec2types.RouteTable, a ec2types.RouteTableAssociation) ec2types.RouteTableAssociation {
	a.RouteTableAssociationId, a.RouteTableId, a.AssociationState = aws.String(w.newID("rtbassoc")), t.RouteTableId, associated
	t.Associations = append(slices.Clone(t.Associations), a)
	return a
}

// findAssociation is an association and the table that has it.
func (w *World) findAssociation(id string) (*ec2types.RouteTable, ec2types.RouteTableAssociation, error) {
	for _, t := range w.routeTables {
		for _, a := range t.Associations {
			if aws.ToString(a.RouteTableAssociationId) == id {
				return t, a, nil
			}
		}
	}
	return nil, ec2types.RouteTableAssociation{}, notFound("InvalidAssociationID.NotFound", "association ID", id)
}

func dissociate(t *ec2types.RouteTable, a ec2types.RouteTableAssociation) {
	t.Associations = slices.DeleteFunc(slices.Clone(t.Associations), func(o ec2types.RouteTableAssociation) bool {
		return *o.RouteTableAssociationId == *a.RouteTableAssociationId
	})
}

func (w *World) disassociateRouteTable(in *ec2.DisassociateRouteTableInput) (*ec2.DisassociateRouteTableOutput, error) {
	t, a, err := w.findAssociation(*in.AssociationId)
	if err != nil {
		return nil, err
	}
	if aws.ToBool(a.Main) {
		return nil, wire.Errorf("InvalidParameterValue", "cannot disassociate the main route table association %s", *in.AssociationId)
	}
	dissociate(t, a)
	return nil, nil
}

func (w *World) replaceRouteTableAssociation(in *ec2.ReplaceRouteTableAssociationInput) (*ec2.ReplaceRouteTableAssociationOutput, error) {
	old, a, err := w.findAssociation(*in.AssociationId)
	if err != nil {
		return nil, err
	}
	t, err := w.findTable(in.RouteTableId)
	if err != nil {
		return nil, err
	}
	dissociate(old, a)
	a = w.associate(t, ec2types.RouteTableAssociation{SubnetId: a.SubnetId, Main: a.Main})
	return &ec2.ReplaceRouteTableAssociationOutput{NewAssociationId: a.RouteTableAssociationId, AssociationState: associated}, nil
}

// wanted is a route as CreateRoute and ReplaceRoute describe it, checked.
func (w *World) wanted(t *ec2types.RouteTable, r ec2types.Route, others ...*string) (ec2types.Route, error) {
	switch {
	case r.DestinationCidrBlock != nil:
		p, err := netip.ParsePrefix(*r.DestinationCidrBlock)
		if err != nil {
			return r, wire.Errorf("InvalidParameterValue", "Value (%s) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.", *r.DestinationCidrBlock)
		}
		r.DestinationCidrBlock = aws.String(p.Masked().String())
	case r.DestinationPrefixListId != nil:
		if w.prefixLists[*r.DestinationPrefixListId] == nil {
			return r, notFound("InvalidPrefixListID.NotFound", "prefix list ID", *r.DestinationPrefixListId)
		}
	default:
		return r, wire.Errorf("MissingParameter", "The request must contain exactly one of the destination parameters")
	}
	targets := 0
	for _, id := range append(others, r.GatewayId, r.NatGatewayId) {
		if id != nil {
			targets++
		}
	}
	if targets != 1 {
		return r, wire.Errorf("InvalidParameterCombination", "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId, egressOnlyInternetGatewayId, transitGatewayId, localGatewayId, carrierGatewayId or instanceId")
	}
	r.State = ec2types.RouteStateActive
	switch {
	case r.NatGatewayId != nil:
		n := w.nats[*r.NatGatewayId]
		if n == nil || n.State == ec2types.NatGatewayStateDeleted {
			return r, notFound("InvalidNatGatewayID.NotFound", "natGateway ID", *r.NatGatewayId)
		}
		if *n.VpcId != *t.VpcId {
			return r, wire.Errorf("InvalidParameterValue", "route table %s and nat gateway %s belong to different networks", *t.RouteTableId, *r.NatGatewayId)
		}
	case r.GatewayId != nil:
		if w.inside(t, r) { // Amazon VPC user guide, "Replace or restore the target for a local route": what may stand there
			return r, wire.Errorf("InvalidParameterValue", "The destination CIDR block %s is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.", *r.DestinationCidrBlock)
		}
		g := w.igws[*r.GatewayId]
		if g == nil {
			return r, notFound("InvalidInternetGatewayID.NotFound", "internetGateway ID", *r.GatewayId)
		}
		if !attachedTo(g, *t.VpcId) {
			return r, wire.Errorf("InvalidParameterValue", "route table %s and network gateway %s belong to different networks", *t.RouteTableId, *r.GatewayId)
		}
	default: // this world has no other targets
		for _, id := range others {
			if id != nil && w.leadsBeyond(t, &r, *id) {
				return r, nil
			}
			if id != nil {
				return r, notFound("InvalidParameterValue", "route target", *id)
			}
		}
	}
	return r, nil
}

// inside tells whether a route's destination lies in the network of its own VPC.
func (w *World) inside(t *ec2types.RouteTable, r ec2types.Route) bool {
	v := w.vpcs[*t.VpcId]
	to, err := netip.ParsePrefix(aws.ToString(r.DestinationCidrBlock))
	own, err2 := netip.ParsePrefix(aws.ToString(v.CidrBlock))
	return err == nil && err2 == nil && own.Contains(to.Addr()) && to.Bits() >= own.Bits()
}

func sameDestination(a, b ec2types.Route) bool {
	return aws.ToString(a.DestinationCidrBlock) == aws.ToString(b.DestinationCidrBlock) && aws.ToString(a.DestinationPrefixListId) == aws.ToString(b.DestinationPrefixListId) &&
		aws.ToString(a.DestinationIpv6CidrBlock) == aws.ToString(b.DestinationIpv6CidrBlock)
}

func destinationOf(r ec2types.Route) string {
	if r.DestinationCidrBlock != nil {
		return *r.DestinationCidrBlock
	}
	return aws.ToString(r.DestinationPrefixListId)
}

func routeTo(t *ec2types.RouteTable, r ec2types.Route) int {
	return slices.IndexFunc(t.Routes, func(o ec2types.Route) bool { return sameDestination(o, r) })
}

func (w *World) createRoute(in *ec2.CreateRouteInput) (*ec2.CreateRouteOutput, error) {
	t, err := w.findTable(in.RouteTableId)
	if err != nil {
		return nil, err
	}
	r, err := w.wanted(t, ec2types.Route{
		DestinationCidrBlock: in.DestinationCidrBlock, DestinationPrefixListId: in.DestinationPrefixListId, GatewayId: in.GatewayId, NatGatewayId: in.NatGatewayId, Origin: ec2types.RouteOriginCreateRoute,
	}, in.InstanceId, in.NetworkInterfaceId, in.TransitGatewayId, in.VpcPeeringConnectionId, in.EgressOnlyInternetGatewayId, in.VpcEndpointId, in.LocalGatewayId, in.CarrierGatewayId)
	if err != nil {
		return nil, err
	}
	if routeTo(t, r) >= 0 {
		return nil, wire.Errorf("RouteAlreadyExists", "The route identified by %s already exists.", destinationOf(r))
	}
	t.Routes = append(slices.Clone(t.Routes), r)
	return &ec2.CreateRouteOutput{Return: aws.Bool(true)}, nil
}

func (w *World) replaceRoute(in *ec2.ReplaceRouteInput) (*ec2.ReplaceRouteOutput, error) {
	t, err := w.findTable(in.RouteTableId)
	if err != nil {
		return nil, err
	}
	r, err := w.wanted(t, ec2types.Route{
		DestinationCidrBlock: in.DestinationCidrBlock, DestinationPrefixListId: in.DestinationPrefixListId, GatewayId: in.GatewayId, NatGatewayId: in.NatGatewayId, Origin: ec2types.RouteOriginCreateRoute,
	}, in.InstanceId, in.NetworkInterfaceId, in.TransitGatewayId, in.VpcPeeringConnectionId, in.EgressOnlyInternetGatewayId, in.VpcEndpointId, in.LocalGatewayId, in.CarrierGatewayId)
	if err != nil {
		return nil, err
	}
	i := routeTo(t, r)
	if i < 0 {
		return nil, wire.Errorf("InvalidParameterValue", "There is no route defined for '%s' in the route table. Use CreateRoute instead.", destinationOf(r))
	}
	t.Routes = slices.Clone(t.Routes)
	t.Routes[i] = r
	return nil, nil
}

func (w *World) deleteRoute(in *ec2.DeleteRouteInput) (*ec2.DeleteRouteOutput, error) {
	t, err := w.findTable(in.RouteTableId)
	if err != nil {
		return nil, err
	}
	r := ec2types.Route{DestinationCidrBlock: in.DestinationCidrBlock, DestinationPrefixListId: in.DestinationPrefixListId, DestinationIpv6CidrBlock: in.DestinationIpv6CidrBlock}
	i := routeTo(t, r)
	switch {
	case i < 0:
		return nil, wire.Errorf("InvalidRoute.NotFound", "no route with destination-cidr-block %s in route table %s", destinationOf(r), *t.RouteTableId)
	case aws.ToString(t.Routes[i].GatewayId) == "local":
		return nil, wire.Errorf("InvalidParameterValue", "cannot remove local route %s in route table %s", destinationOf(r), *t.RouteTableId)
	case w.endpoints[aws.ToString(t.Routes[i].GatewayId)] != nil:
		return nil, wire.Errorf("InvalidParameterValue", "cannot remove VPC endpoint route %s in route table %s", destinationOf(r), *t.RouteTableId)
	}
	t.Routes = slices.Delete(slices.Clone(t.Routes), i, i+1)
	return nil, nil
}

// refreshRoutes sets the state of every route after a target changed: a route to what is no longer there is a blackhole.
func (w *World) refreshRoutes() {
	for _, t := range w.routeTables {
		t.Routes = slices.Clone(t.Routes)
		for i := range t.Routes {
			r := &t.Routes[i]
			alive := true
			if r.NatGatewayId != nil {
				n := w.nats[*r.NatGatewayId]
				alive = n != nil && n.State != ec2types.NatGatewayStateDeleting && n.State != ec2types.NatGatewayStateDeleted
			}
			if g := aws.ToString(r.GatewayId); g != "" && g != "local" && w.endpoints[g] == nil {
				alive = w.igws[g] != nil && attachedTo(w.igws[g], *t.VpcId)
			}
			if r.TransitGatewayId != nil {
				alive = w.attachmentOf(*r.TransitGatewayId, *t.VpcId) != nil
			}
			r.State = ec2types.RouteStateActive
			if !alive {
				r.State = ec2types.RouteStateBlackhole
			}
		}
	}
}
