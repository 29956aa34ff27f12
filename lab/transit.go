package lab

import (
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// transitOperations lists what the lab answers of a transit gateway that another account shares: the VPC's own attachment.
func (w *World) transitOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("ec2", "DescribeTransitGatewayVpcAttachments", reads(w, w.describeTransitAttachments)),
		wire.Op("ec2", "ModifyTransitGatewayVpcAttachment", changes(w, w.modifyTransitAttachment)),
		wire.Op("ec2", "DeleteTransitGatewayVpcAttachment", changes(w, w.deleteTransitAttachment)),
	}
}

var noTransitAttachment = notFoundAs("InvalidTransitGatewayAttachmentID.NotFound", "transitGatewayAttachment ID")

func (w *World) describeTransitAttachments(in *ec2.DescribeTransitGatewayVpcAttachmentsInput) (*ec2.DescribeTransitGatewayVpcAttachmentsOutput, error) {
	rows, next, err := describe(w.attachments, in.TransitGatewayAttachmentIds, in.Filters, in.MaxResults, in.NextToken, noTransitAttachment, func(a *ec2types.TransitGatewayVpcAttachment, f string) ([]string, bool) {
		switch f {
		case "transit-gateway-attachment-id":
			return text(a.TransitGatewayAttachmentId), true
		case "transit-gateway-id":
			return text(a.TransitGatewayId), true
		case "vpc-id":
			return text(a.VpcId), true
		case "state":
			return []string{string(a.State)}, true
		}
		return tagAttributes(a.Tags, f)
	})
	return &ec2.DescribeTransitGatewayVpcAttachmentsOutput{TransitGatewayVpcAttachments: values(rows), NextToken: next}, err
}

// modifyTransitAttachment adds and removes subnets, one in each zone.
func (w *World) modifyTransitAttachment(in *ec2.ModifyTransitGatewayVpcAttachmentInput) (*ec2.ModifyTransitGatewayVpcAttachmentOutput, error) {
	a := w.attachments[*in.TransitGatewayAttachmentId]
	if a == nil {
		return nil, noTransitAttachment(*in.TransitGatewayAttachmentId)
	}
	ids := slices.DeleteFunc(slices.Clone(a.SubnetIds), func(id string) bool { return slices.Contains(in.RemoveSubnetIds, id) })
	for _, id := range in.AddSubnetIds {
		s := w.subnets[id]
		if s == nil || *s.VpcId != *a.VpcId {
			return nil, notFound("InvalidSubnetID.NotFound", "subnet ID", id)
		}
		if slices.ContainsFunc(ids, func(o string) bool { return *w.subnets[o].AvailabilityZone == *s.AvailabilityZone }) {
			return nil, wire.Errorf("DuplicateSubnetsInSameZone", "Duplicate Subnets for same AZ")
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, wire.Errorf("InvalidParameterValue", "A transit gateway attachment needs at least one subnet")
	}
	a.SubnetIds = ids
	return &ec2.ModifyTransitGatewayVpcAttachmentOutput{TransitGatewayVpcAttachment: &values([]*ec2types.TransitGatewayVpcAttachment{a})[0]}, nil
}

// deleteTransitAttachment: routes to the gateway become blackholes.
func (w *World) deleteTransitAttachment(in *ec2.DeleteTransitGatewayVpcAttachmentInput) (*ec2.DeleteTransitGatewayVpcAttachmentOutput, error) {
	a := w.attachments[*in.TransitGatewayAttachmentId]
	if a == nil {
		return nil, noTransitAttachment(*in.TransitGatewayAttachmentId)
	}
	a.State = ec2types.TransitGatewayAttachmentStateDeleted
	w.refreshRoutes()
	return &ec2.DeleteTransitGatewayVpcAttachmentOutput{TransitGatewayVpcAttachment: &values([]*ec2types.TransitGatewayVpcAttachment{a})[0]}, nil
}

// attachmentOf is the attachment of a VPC to a transit gateway, nil when there is none or only a deleted one.
func (w *World) attachmentOf(gateway, vpcID string) *ec2types.TransitGatewayVpcAttachment {
	for _, a := range sorted(w.attachments) {
		if *a.TransitGatewayId == gateway && *a.VpcId == vpcID && a.State != ec2types.TransitGatewayAttachmentStateDeleted {
			return a
		}
	}
	return nil
}

// throughTransit passes the transit gateway and what is behind it. Packets enter by the attachment's interface in their own
// zone; from a zone without one they are dropped (transit gateway guide, "VPC attachments"). The result is the blocker, or "".
func (w *World) throughTransit(gateway string, eni *ec2types.NetworkInterface, p packet) string {
	a := w.attachmentOf(gateway, aws.ToString(eni.VpcId))
	if a == nil {
		return gateway
	}
	i := slices.IndexFunc(a.SubnetIds, func(id string) bool {
		s := w.subnets[id]
		return s != nil && aws.ToString(s.AvailabilityZone) == aws.ToString(eni.AvailabilityZone)
	})
	if i < 0 || a.State != ec2types.TransitGatewayAttachmentStateAvailable {
		return *a.TransitGatewayAttachmentId
	}
	if at := a.SubnetIds[i]; at != aws.ToString(eni.SubnetId) {
		if by := w.aclBlocks(at, inward(p, address(eni), taskPorts)); by != "" {
			return by
		}
	}
	h := w.hub
	inside := match(h.cidr, p.to) > 0
	switch {
	case !h.returns, inside && !h.answers(p.to), !inside && (p.to.IsPrivate() || !h.internet):
		return gateway
	}
	return ""
}

// insideHub tells whether an address is of the network behind the transit gateway.
func (w *World) insideHub(ip netip.Addr) bool { return match(w.hub.cidr, ip) > 0 }
