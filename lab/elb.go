package lab

import (
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// elbOperations lists what the lab answers of Elastic Load Balancing. Load balancers themselves are part of the base world only.
func (w *World) elbOperations() []wire.Operation {
	const s = "elasticloadbalancing"
	return []wire.Operation{
		wire.Op(s, "DescribeLoadBalancers", reads(w, w.describeLoadBalancers)),
		wire.Op(s, "DescribeLoadBalancerAttributes", reads(w, w.describeLoadBalancerAttributes)),
		wire.Op(s, "ModifyLoadBalancerAttributes", changes(w, w.modifyLoadBalancerAttributes)),
		wire.Op(s, "SetSecurityGroups", changes(w, w.setSecurityGroups)),
		wire.Op(s, "SetSubnets", changes(w, w.setSubnets)),
		wire.Op(s, "DescribeTags", reads(w, w.describeELBTags)),
		wire.Op(s, "DescribeListeners", reads(w, w.describeListeners)),
		wire.Op(s, "CreateListener", changes(w, w.createListener)),
		wire.Op(s, "ModifyListener", changes(w, w.modifyListener)),
		wire.Op(s, "DeleteListener", changes(w, w.deleteListener)),
		wire.Op(s, "DescribeRules", reads(w, w.describeRules)),
		wire.Op(s, "CreateRule", changes(w, w.createRule)),
		wire.Op(s, "ModifyRule", changes(w, w.modifyRule)),
		wire.Op(s, "DeleteRule", changes(w, w.deleteRule)),
		wire.Op(s, "SetRulePriorities", changes(w, w.setRulePriorities)),
		wire.Op(s, "DescribeTargetGroups", reads(w, w.describeTargetGroups)),
		wire.Op(s, "CreateTargetGroup", changes(w, w.createTargetGroup)),
		wire.Op(s, "ModifyTargetGroup", changes(w, w.modifyTargetGroup)),
		wire.Op(s, "DeleteTargetGroup", changes(w, w.deleteTargetGroup)),
		wire.Op(s, "DescribeTargetGroupAttributes", reads(w, w.describeTargetGroupAttributes)),
		wire.Op(s, "ModifyTargetGroupAttributes", changes(w, w.modifyTargetGroupAttributes)),
		wire.Op(s, "DescribeTargetHealth", reads(w, w.describeTargetHealth)),
		wire.Op(s, "RegisterTargets", changes(w, w.registerTargets)),
		wire.Op(s, "DeregisterTargets", changes(w, w.deregisterTargets)),
	}
}

func (w *World) describeLoadBalancers(in *elb.DescribeLoadBalancersInput) (*elb.DescribeLoadBalancersOutput, error) {
	all := []elbtypes.LoadBalancer{}
	for _, arn := range in.LoadBalancerArns {
		b, err := w.balancerNamed(&arn)
		if err != nil {
			return nil, err
		}
		all = append(all, b.LoadBalancer)
	}
	for _, name := range in.Names {
		i := slices.IndexFunc(sorted(w.elb.balancers), func(b *loadBalancer) bool { return aws.ToString(b.LoadBalancerName) == name })
		if i < 0 {
			return nil, wire.Errorf("LoadBalancerNotFound", "Load balancers '[%s]' not found", name)
		}
		all = append(all, sorted(w.elb.balancers)[i].LoadBalancer)
	}
	if len(in.LoadBalancerArns)+len(in.Names) == 0 {
		for _, b := range sorted(w.elb.balancers) {
			all = append(all, b.LoadBalancer)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.Marker), int(aws.ToInt32(in.PageSize)), 400)
	return &elb.DescribeLoadBalancersOutput{LoadBalancers: page, NextMarker: optional(next)}, err
}

func (w *World) describeLoadBalancerAttributes(in *elb.DescribeLoadBalancerAttributesInput) (*elb.DescribeLoadBalancerAttributesOutput, error) {
	b, err := w.balancerNamed(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	return &elb.DescribeLoadBalancerAttributesOutput{Attributes: b.listed()}, nil
}

func (b *loadBalancer) listed() []elbtypes.LoadBalancerAttribute {
	out := []elbtypes.LoadBalancerAttribute{}
	for _, k := range slices.Sorted(maps.Keys(b.attributes)) {
		out = append(out, elbtypes.LoadBalancerAttribute{Key: aws.String(k), Value: aws.String(b.attributes[k])})
	}
	return out
}

func (w *World) modifyLoadBalancerAttributes(in *elb.ModifyLoadBalancerAttributesInput) (*elb.ModifyLoadBalancerAttributesOutput, error) {
	b, err := w.balancerNamed(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	for _, a := range in.Attributes {
		if _, ok := b.attributes[aws.ToString(a.Key)]; !ok {
			return nil, badAttribute("Load balancer", a.Key)
		}
	}
	for _, a := range in.Attributes {
		b.attributes[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	return &elb.ModifyLoadBalancerAttributesOutput{Attributes: b.listed()}, nil
}

func badAttribute(what string, key *string) error {
	return wire.Errorf("ValidationError", "%s attribute key '%s' is not recognized", what, aws.ToString(key))
}

// setSecurityGroups replaces the groups of a load balancer, and of its interfaces.
func (w *World) setSecurityGroups(in *elb.SetSecurityGroupsInput) (*elb.SetSecurityGroupsOutput, error) {
	b, err := w.balancerNamed(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	ids, bad := w.groupIdentifiers(aws.ToString(b.VpcId), in.SecurityGroups)
	if bad != nil {
		return nil, wire.Errorf("InvalidSecurityGroup", "One or more security groups are invalid")
	}
	b.SecurityGroups = slices.Clone(in.SecurityGroups)
	for _, eni := range b.nodes {
		if n := w.interfaces[eni]; n != nil {
			n.Groups = ids
		}
	}
	return &elb.SetSecurityGroupsOutput{SecurityGroupIds: b.SecurityGroups}, nil
}

// setSubnets replaces the subnets of a load balancer: one of each zone, of two zones or more. It takes traffic to targets of these
// zones only.
func (w *World) setSubnets(in *elb.SetSubnetsInput) (*elb.SetSubnetsOutput, error) {
	b, err := w.balancerNamed(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	subnets := slices.Clone(in.Subnets)
	for _, m := range in.SubnetMappings {
		subnets = append(subnets, aws.ToString(m.SubnetId))
	}
	if err := w.placeBalancer(b, subnets); err != nil {
		return nil, err
	}
	return &elb.SetSubnetsOutput{AvailabilityZones: b.AvailabilityZones, IpAddressType: b.IpAddressType}, nil
}

// placeBalancer gives a load balancer an interface in each of the subnets, and takes away those elsewhere.
func (w *World) placeBalancer(b *loadBalancer, subnets []string) error {
	zones := map[string]bool{}
	var placed []elbtypes.AvailabilityZone
	for _, id := range subnets {
		s := w.openSubnet(id)
		if s == nil || aws.ToString(s.VpcId) != aws.ToString(b.VpcId) {
			return wire.Errorf("SubnetNotFound", "The subnet ID '%s' does not exist", id)
		}
		if zones[aws.ToString(s.AvailabilityZone)] {
			return wire.Errorf("InvalidConfigurationRequest", "A load balancer cannot be attached to multiple subnets in the same Availability Zone")
		}
		zones[aws.ToString(s.AvailabilityZone)] = true
		placed = append(placed, elbtypes.AvailabilityZone{SubnetId: s.SubnetId, ZoneName: s.AvailabilityZone, LoadBalancerAddresses: []elbtypes.LoadBalancerAddress{}})
	}
	if len(zones) < 2 {
		return wire.Errorf("InvalidConfigurationRequest", "At least two subnets in two different Availability Zones must be specified")
	}
	for _, id := range slices.Sorted(maps.Keys(b.nodes)) {
		if !slices.Contains(subnets, id) {
			w.deleteInterface(b.nodes[id])
			delete(b.nodes, id)
		}
	}
	for _, id := range subnets {
		if b.nodes[id] != "" {
			continue
		}
		eni, err := w.createInterface(id, b.SecurityGroups, b.Scheme == elbtypes.LoadBalancerSchemeEnumInternetFacing, "ELB "+balancerPath(aws.ToString(b.LoadBalancerArn)))
		if err != nil {
			return wire.Errorf("InvalidSubnet", "Not enough IP space available in %s. ELB requires at least 8 free IP addresses in each subnet.", id)
		}
		eni.RequesterId = aws.String("amazon-elb")
		b.nodes[id] = aws.ToString(eni.NetworkInterfaceId)
	}
	b.AvailabilityZones = placed
	return nil
}

// balancerPath is app/NAME/HASH of a load balancer's ARN.
func balancerPath(arn string) string {
	parts := splitPath(arn)
	return fmt.Sprintf("%s/%s/%s", parts[len(parts)-3], parts[len(parts)-2], parts[len(parts)-1])
}

func (w *World) describeELBTags(in *elb.DescribeTagsInput) (*elb.DescribeTagsOutput, error) {
	out := &elb.DescribeTagsOutput{}
	for _, arn := range in.ResourceArns {
		switch {
		case w.elb.balancers[arn] != nil, w.elb.targetGroups[arn] != nil, w.elb.listeners[arn] != nil, w.elb.rules[arn] != nil:
			out.TagDescriptions = append(out.TagDescriptions, elbtypes.TagDescription{ResourceArn: aws.String(arn), Tags: slices.Clone(w.elb.tags[arn])})
		default:
			return nil, wire.Errorf("LoadBalancerNotFound", "One or more of the resources do not exist: %s", arn)
		}
	}
	return out, nil
}
