package lab

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

func (w *World) findACL(id string) (*ec2types.NetworkAcl, error) {
	if a := w.acls[id]; a != nil {
		return a, nil
	}
	return nil, notFound("InvalidNetworkAclID.NotFound", "networkAcl ID", id)
}

func (w *World) describeNetworkACLs(in *ec2.DescribeNetworkAclsInput) (*ec2.DescribeNetworkAclsOutput, error) {
	rows, next, err := describe(w.seenACLs(), in.NetworkAclIds, in.Filters, in.MaxResults, in.NextToken, notFoundAs("InvalidNetworkAclID.NotFound", "networkAcl ID"), func(a *ec2types.NetworkAcl, f string) ([]string, bool) {
		switch f {
		case "network-acl-id":
			return text(a.NetworkAclId), true
		case "vpc-id":
			return text(a.VpcId), true
		case "owner-id":
			return text(a.OwnerId), true
		case "default":
			return boolText(a.IsDefault), true
		case "association.subnet-id", "association.association-id", "association.network-acl-id":
			var out []string
			for _, x := range a.Associations {
				switch f {
				case "association.subnet-id":
					out = append(out, aws.ToString(x.SubnetId))
				case "association.association-id":
					out = append(out, aws.ToString(x.NetworkAclAssociationId))
				default:
					out = append(out, aws.ToString(x.NetworkAclId))
				}
			}
			return out, true
		}
		return tagAttributes(a.Tags, f)
	})
	return &ec2.DescribeNetworkAclsOutput{NetworkAcls: values(rows), NextToken: next}, err
}

// aclEntry checks an entry and spells it as EC2 does: protocols are numbers there.
func aclEntry(e ec2types.NetworkAclEntry) (ec2types.NetworkAclEntry, error) {
	number := map[string]string{"tcp": "6", "udp": "17", "icmp": "1", "all": "-1"}[aws.ToString(e.Protocol)]
	if number != "" {
		e.Protocol = aws.String(number)
	}
	n := aws.ToInt32(e.RuleNumber)
	switch {
	case n < 1 || n > 32766:
		return e, wire.Errorf("InvalidParameterValue", "Value (%d) for parameter ruleNumber is invalid. Rule number must be between 1 and 32766.", n)
	case e.CidrBlock == nil && e.Ipv6CidrBlock == nil:
		return e, wire.Errorf("MissingParameter", "The request must contain the parameter cidrBlock or ipv6CidrBlock")
	case e.CidrBlock != nil && !isCIDR(*e.CidrBlock):
		return e, wire.Errorf("InvalidParameterValue", "Value (%s) for parameter cidrBlock is invalid. This is not a valid CIDR block.", *e.CidrBlock)
	case (*e.Protocol == "6" || *e.Protocol == "17") && e.PortRange == nil:
		return e, wire.Errorf("MissingParameter", "The request must contain the parameter portRange")
	}
	if e.CidrBlock != nil {
		e.CidrBlock = aws.String(masked(*e.CidrBlock))
	}
	if *e.Protocol == "-1" {
		e.PortRange = nil
	}
	return e, nil
}

func entryAt(a *ec2types.NetworkAcl, number *int32, egress *bool) int {
	return slices.IndexFunc(a.Entries, func(e ec2types.NetworkAclEntry) bool {
		return aws.ToInt32(e.RuleNumber) == aws.ToInt32(number) && aws.ToBool(e.Egress) == aws.ToBool(egress)
	})
}

func noEntry(number *int32) error {
	return wire.Errorf("InvalidNetworkAclEntry.NotFound", "The network acl entry identified by %d does not exist.", aws.ToInt32(number))
}

func (w *World) createACLEntry(in *ec2.CreateNetworkAclEntryInput) (*ec2.CreateNetworkAclEntryOutput, error) {
	a, err := w.findACL(*in.NetworkAclId)
	if err != nil {
		return nil, err
	}
	e, err := aclEntry(ec2types.NetworkAclEntry{CidrBlock: in.CidrBlock, Ipv6CidrBlock: in.Ipv6CidrBlock, Egress: in.Egress, IcmpTypeCode: in.IcmpTypeCode, PortRange: in.PortRange, Protocol: in.Protocol, RuleAction: in.RuleAction, RuleNumber: in.RuleNumber})
	if err != nil {
		return nil, err
	}
	if entryAt(a, e.RuleNumber, e.Egress) >= 0 {
		return nil, wire.Errorf("NetworkAclEntryAlreadyExists", "The network acl entry identified by %d already exists.", *e.RuleNumber)
	}
	a.Entries = append(slices.Clone(a.Entries), e)
	return nil, nil
}

func (w *World) replaceACLEntry(in *ec2.ReplaceNetworkAclEntryInput) (*ec2.ReplaceNetworkAclEntryOutput, error) {
	a, err := w.findACL(*in.NetworkAclId)
	if err != nil {
		return nil, err
	}
	e, err := aclEntry(ec2types.NetworkAclEntry{CidrBlock: in.CidrBlock, Ipv6CidrBlock: in.Ipv6CidrBlock, Egress: in.Egress, IcmpTypeCode: in.IcmpTypeCode, PortRange: in.PortRange, Protocol: in.Protocol, RuleAction: in.RuleAction, RuleNumber: in.RuleNumber})
	if err != nil {
		return nil, err
	}
	i := entryAt(a, e.RuleNumber, e.Egress)
	if i < 0 {
		return nil, noEntry(e.RuleNumber)
	}
	a.Entries = slices.Clone(a.Entries)
	a.Entries[i] = e
	return nil, nil
}

func (w *World) deleteACLEntry(in *ec2.DeleteNetworkAclEntryInput) (*ec2.DeleteNetworkAclEntryOutput, error) {
	a, err := w.findACL(*in.NetworkAclId)
	if err != nil {
		return nil, err
	}
	i := entryAt(a, in.RuleNumber, in.Egress)
	if i < 0 || aws.ToInt32(in.RuleNumber) == 32767 {
		return nil, noEntry(in.RuleNumber)
	}
	a.Entries = slices.Delete(slices.Clone(a.Entries), i, i+1)
	return nil, nil
}

// replaceACLAssociation gives a subnet another ACL.
func (w *World) replaceACLAssociation(in *ec2.ReplaceNetworkAclAssociationInput) (*ec2.ReplaceNetworkAclAssociationOutput, error) {
	a, err := w.findACL(*in.NetworkAclId)
	if err != nil {
		return nil, err
	}
	for _, old := range w.acls {
		i := slices.IndexFunc(old.Associations, func(x ec2types.NetworkAclAssociation) bool {
			return aws.ToString(x.NetworkAclAssociationId) == *in.AssociationId
		})
		if i < 0 {
			continue
		}
		x := ec2types.NetworkAclAssociation{NetworkAclAssociationId: aws.String(w.newID("aclassoc")), NetworkAclId: a.NetworkAclId, SubnetId: old.Associations[i].SubnetId}
		old.Associations = slices.Delete(slices.Clone(old.Associations), i, i+1)
		a.Associations = append(slices.Clone(a.Associations), x)
		return &ec2.ReplaceNetworkAclAssociationOutput{NewAssociationId: x.NetworkAclAssociationId}, nil
	}
	return nil, notFound("InvalidAssociationID.NotFound", "association ID", *in.AssociationId)
}
