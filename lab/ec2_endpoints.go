package lab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// endpointComesUp is how long an interface endpoint is pending; a deleted one is deleting for as long.
const endpointComesUp = 60 * time.Second

const fullAccess = `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}`

// endpointServices are the services that a VPC can have an endpoint for here. Gateway endpoints are s3 and dynamodb alone.
var endpointServices = []string{"ecr.api", "ecr.dkr", "s3", "dynamodb", "logs", "secretsmanager", "ssm", "ssmmessages", "kms", "sts", "ecs", "ecs-agent", "ecs-telemetry",
	"sqs", "sns", "events", "monitoring", "xray", "elasticfilesystem", "execute-api", "ec2", "guardduty-data"}

func (w *World) describeVpcEndpoints(in *ec2.DescribeVpcEndpointsInput) (*ec2.DescribeVpcEndpointsOutput, error) {
	rows, next, err := describe(w.seenEndpoints(), in.VpcEndpointIds, in.Filters, in.MaxResults, in.NextToken, noEndpoint, func(e *ec2types.VpcEndpoint, f string) ([]string, bool) {
		switch f {
		case "vpc-endpoint-id":
			return text(e.VpcEndpointId), true
		case "vpc-id":
			return text(e.VpcId), true
		case "service-name":
			return text(e.ServiceName), true
		case "vpc-endpoint-type":
			return []string{string(e.VpcEndpointType)}, true
		case "vpc-endpoint-state":
			return []string{strings.ToLower(string(e.State))}, true
		}
		return tagAttributes(e.Tags, f)
	})
	out := &ec2.DescribeVpcEndpointsOutput{VpcEndpoints: values(rows), NextToken: next}
	for i := range out.VpcEndpoints { // EC2 answers states in lower case, whatever the SDK's constants say
		out.VpcEndpoints[i].State = ec2types.State(strings.ToLower(string(out.VpcEndpoints[i].State)))
	}
	return out, err
}

func noEndpoint(id string) *wire.Error {
	return wire.Errorf("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '%s' does not exist", id)
}

func (w *World) createVpcEndpoint(in *ec2.CreateVpcEndpointInput) (*ec2.CreateVpcEndpointOutput, error) {
	v, err := w.findVPC(in.VpcId)
	if err != nil {
		return nil, err
	}
	kind := in.VpcEndpointType
	if kind == "" {
		kind = ec2types.VpcEndpointTypeGateway
	}
	service := w.endpointKey(aws.ToString(in.ServiceName))
	gateway := kind == ec2types.VpcEndpointTypeGateway
	if service == "" || gateway && service != "s3" && service != "dynamodb" || !gateway && kind != ec2types.VpcEndpointTypeInterface {
		return nil, wire.Errorf("InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist", aws.ToString(in.ServiceName))
	}
	e := &ec2types.VpcEndpoint{
		VpcEndpointId: aws.String(w.newID("vpce")), VpcEndpointType: kind, VpcId: v.VpcId, ServiceName: in.ServiceName, State: "available", OwnerId: aws.String(w.Account),
		CreationTimestamp: aws.Time(w.now), RequesterManaged: aws.Bool(false), PolicyDocument: aws.String(fullAccess), PrivateDnsEnabled: aws.Bool(false),
		IpAddressType: ec2types.IpAddressTypeIpv4, Tags: tagsFor(in.TagSpecifications, ec2types.ResourceTypeVpcEndpoint),
	}
	change := ec2.ModifyVpcEndpointInput{PolicyDocument: in.PolicyDocument, AddRouteTableIds: in.RouteTableIds}
	if !gateway {
		change.PrivateDnsEnabled = aws.Bool(in.PrivateDnsEnabled == nil || *in.PrivateDnsEnabled) // on by default
		change.AddSubnetIds, change.AddSecurityGroupIds = in.SubnetIds, in.SecurityGroupIds
		if len(in.SecurityGroupIds) == 0 {
			groups, err := w.groupIdentifiers(*v.VpcId, nil)
			if err != nil {
				return nil, err
			}
			for _, g := range groups {
				change.AddSecurityGroupIds = append(change.AddSecurityGroupIds, *g.GroupId)
			}
		}
		e.DnsEntries = []ec2types.DnsEntry{{DnsName: aws.String(fmt.Sprintf("%s-%s.%s.%s.vpce.amazonaws.com", *e.VpcEndpointId, w.newHex(8), service, w.Region))}}
	}
	if err := w.changeEndpoint(e, &change); err != nil {
		return nil, err
	}
	w.endpoints[*e.VpcEndpointId] = e
	if !gateway {
		e.State = "pending"
		w.after(endpointComesUp, func() {
			if isState(string(e.State), "pending") {
				e.State = "available"
				w.touch()
			}
		})
	}
	answer := *e
	return &ec2.CreateVpcEndpointOutput{VpcEndpoint: &answer}, nil
}

// endpointKey is the service of an endpoint service's name in this region: "com.amazonaws.eu-west-1.ecr.api" is ecr.api; ""
// when there is no such service.
func (w *World) endpointKey(name string) string {
	i := slices.IndexFunc(endpointServices, func(s string) bool { return w.endpointService(s) == name })
	if i < 0 {
		return ""
	}
	return endpointServices[i]
}

func (w *World) modifyVpcEndpoint(in *ec2.ModifyVpcEndpointInput) (*ec2.ModifyVpcEndpointOutput, error) {
	e := w.endpoints[*in.VpcEndpointId]
	if e == nil {
		return nil, noEndpoint(*in.VpcEndpointId)
	}
	if err := w.changeEndpoint(e, in); err != nil {
		return nil, err
	}
	return &ec2.ModifyVpcEndpointOutput{Return: aws.Bool(true)}, nil
}

// changeEndpoint checks everything before it changes anything.
func (w *World) changeEndpoint(e *ec2types.VpcEndpoint, in *ec2.ModifyVpcEndpointInput) error {
	gateway := e.VpcEndpointType == ec2types.VpcEndpointTypeGateway
	if gateway && (len(in.AddSubnetIds)+len(in.AddSecurityGroupIds) > 0 || aws.ToBool(in.PrivateDnsEnabled)) || !gateway && len(in.AddRouteTableIds) > 0 {
		return wire.Errorf("InvalidParameter", "The parameters do not fit an endpoint of type %s.", e.VpcEndpointType)
	}
	if in.PolicyDocument != nil && *in.PolicyDocument != "" && !json.Valid([]byte(*in.PolicyDocument)) {
		return wire.Errorf("InvalidPolicyDocument", "The specified policy document is not valid JSON.")
	}
	if err := w.checkPrivateDNS(e, in.PrivateDnsEnabled); err != nil {
		return err
	}
	groups, bad := w.groupIdentifiers(*e.VpcId, in.AddSecurityGroupIds)
	if len(in.AddSecurityGroupIds) > 0 && bad != nil {
		return bad
	}
	for _, id := range in.AddSubnetIds {
		if s := w.subnets[id]; s == nil || *s.VpcId != *e.VpcId {
			return notFound("InvalidSubnetId.NotFound", "subnet ID", id)
		}
	}
	for _, id := range in.AddRouteTableIds {
		t := w.routeTables[id]
		if t == nil || *t.VpcId != *e.VpcId {
			return notFound("InvalidRouteTableId.NotFound", "routeTable ID", id)
		}
		if routeTo(t, w.endpointRoute(e)) >= 0 && !slices.Contains(e.RouteTableIds, id) {
			return wire.Errorf("RouteAlreadyExists", "route table %s already has a route with destination-prefix-list-id %s", id, *w.endpointRoute(e).DestinationPrefixListId)
		}
	}

	if in.PrivateDnsEnabled != nil {
		e.PrivateDnsEnabled = aws.Bool(*in.PrivateDnsEnabled)
	}
	if aws.ToBool(in.ResetPolicy) {
		e.PolicyDocument = aws.String(fullAccess)
	} else if aws.ToString(in.PolicyDocument) != "" {
		e.PolicyDocument = in.PolicyDocument
	}
	if len(in.AddSecurityGroupIds)+len(in.RemoveSecurityGroupIds) > 0 {
		w.regroupEndpoint(e, groups, in.AddSecurityGroupIds, in.RemoveSecurityGroupIds)
	}
	for _, id := range in.RemoveRouteTableIds {
		w.unroute(e, id)
	}
	for _, id := range in.AddRouteTableIds {
		if !slices.Contains(e.RouteTableIds, id) {
			t := w.routeTables[id]
			t.Routes = append(slices.Clone(t.Routes), w.endpointRoute(e))
			e.RouteTableIds = append(slices.Clone(e.RouteTableIds), id)
		}
	}
	for _, id := range in.RemoveSubnetIds {
		w.leaveSubnet(e, id)
	}
	for _, id := range in.AddSubnetIds {
		if err := w.enterSubnet(e, id); err != nil {
			return err
		}
	}
	return nil
}

// checkPrivateDNS refuses private DNS where the VPC cannot serve it, or where another endpoint has the name.
func (w *World) checkPrivateDNS(e *ec2types.VpcEndpoint, on *bool) error {
	v := w.vpcs[*e.VpcId]
	if !aws.ToBool(on) || v == nil {
		return nil
	}
	if !v.dnsSupport || !v.dnsHostnames {
		return wire.Errorf("InvalidParameter", "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for %s", *e.VpcId)
	}
	for _, o := range w.endpoints {
		if o != e && *o.VpcId == *e.VpcId && *o.ServiceName == *e.ServiceName && aws.ToBool(o.PrivateDnsEnabled) && !isState(string(o.State), "deleting") {
			return wire.Errorf("InvalidParameter", "private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s.%s.amazonaws.com in the VPC %s",
				w.endpointKey(*e.ServiceName), w.Region, *e.VpcId)
		}
	}
	return nil
}

// endpointRoute is the route that a gateway endpoint puts into its route tables.
func (w *World) endpointRoute(e *ec2types.VpcEndpoint) ec2types.Route {
	r := ec2types.Route{GatewayId: e.VpcEndpointId, State: ec2types.RouteStateActive, Origin: ec2types.RouteOriginCreateRoute}
	for id, p := range w.prefixLists {
		if aws.ToString(p.PrefixListName) == aws.ToString(e.ServiceName) {
			r.DestinationPrefixListId = aws.String(id)
		}
	}
	return r
}

// unroute takes an endpoint's route out of a table.
func (w *World) unroute(e *ec2types.VpcEndpoint, id string) {
	e.RouteTableIds = slices.DeleteFunc(slices.Clone(e.RouteTableIds), func(o string) bool { return o == id })
	if t := w.routeTables[id]; t != nil {
		t.Routes = slices.DeleteFunc(slices.Clone(t.Routes), func(r ec2types.Route) bool { return aws.ToString(r.GatewayId) == *e.VpcEndpointId })
	}
}

func (w *World) regroupEndpoint(e *ec2types.VpcEndpoint, groups []ec2types.GroupIdentifier, add, remove []string) {
	kept := slices.DeleteFunc(slices.Clone(e.Groups), func(g ec2types.SecurityGroupIdentifier) bool {
		return slices.Contains(remove, *g.GroupId) || slices.Contains(add, *g.GroupId)
	})
	if len(add) > 0 {
		for _, g := range groups {
			kept = append(kept, ec2types.SecurityGroupIdentifier{GroupId: g.GroupId, GroupName: g.GroupName})
		}
	}
	e.Groups = kept
	for _, id := range e.NetworkInterfaceIds {
		if n := w.interfaces[id]; n != nil {
			n.Groups = nil
			for _, g := range kept {
				n.Groups = append(n.Groups, ec2types.GroupIdentifier{GroupId: g.GroupId, GroupName: g.GroupName})
			}
		}
	}
}

// enterSubnet gives an interface endpoint an interface in a subnet.
func (w *World) enterSubnet(e *ec2types.VpcEndpoint, subnet string) error {
	if slices.Contains(e.SubnetIds, subnet) {
		return nil
	}
	var groups []string
	for _, g := range e.Groups {
		groups = append(groups, *g.GroupId)
	}
	n, err := w.createInterface(subnet, groups, false, "VPC Endpoint Interface "+*e.VpcEndpointId)
	if err != nil {
		return err
	}
	n.InterfaceType = ec2types.NetworkInterfaceTypeVpcEndpoint
	e.SubnetIds = append(slices.Clone(e.SubnetIds), subnet)
	e.NetworkInterfaceIds = append(slices.Clone(e.NetworkInterfaceIds), *n.NetworkInterfaceId)
	return nil
}

func (w *World) leaveSubnet(e *ec2types.VpcEndpoint, subnet string) {
	e.SubnetIds = slices.DeleteFunc(slices.Clone(e.SubnetIds), func(o string) bool { return o == subnet })
	e.NetworkInterfaceIds = slices.DeleteFunc(slices.Clone(e.NetworkInterfaceIds), func(id string) bool {
		n := w.interfaces[id]
		if n == nil || aws.ToString(n.SubnetId) != subnet {
			return false
		}
		w.deleteInterface(id)
		return true
	})
}

// deleteVpcEndpoints deletes what it can and lists the rest. The routes of gateway endpoints go at once.
func (w *World) deleteVpcEndpoints(in *ec2.DeleteVpcEndpointsInput) (*ec2.DeleteVpcEndpointsOutput, error) {
	out := &ec2.DeleteVpcEndpointsOutput{Unsuccessful: []ec2types.UnsuccessfulItem{}}
	for _, id := range in.VpcEndpointIds {
		e := w.endpoints[id]
		if e == nil {
			no := noEndpoint(id)
			out.Unsuccessful = append(out.Unsuccessful, ec2types.UnsuccessfulItem{ResourceId: aws.String(id), Error: &ec2types.UnsuccessfulItemError{Code: aws.String(no.Code), Message: aws.String(no.Message)}})
			continue
		}
		for _, t := range e.RouteTableIds {
			w.unroute(e, t)
		}
		for _, s := range e.SubnetIds {
			w.leaveSubnet(e, s)
		}
		e.State = "deleting"
		w.after(endpointComesUp, func() { delete(w.endpoints, id) })
	}
	return out, nil
}
