package lab

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// dhcpOperations lists how a VPC gets other name servers. A set of options cannot be changed, only exchanged.
func (w *World) dhcpOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("ec2", "CreateDhcpOptions", changes(w, w.createDhcpOptions)),
		wire.Op("ec2", "AssociateDhcpOptions", changes(w, w.associateDhcpOptions)),
	}
}

func (w *World) createDhcpOptions(in *ec2.CreateDhcpOptionsInput) (*ec2.CreateDhcpOptionsOutput, error) {
	d := &ec2types.DhcpOptions{DhcpOptionsId: aws.String(w.newID("dopt")), OwnerId: aws.String(w.Account), Tags: tagsFor(in.TagSpecifications, ec2types.ResourceTypeDhcpOptions)}
	for _, c := range in.DhcpConfigurations {
		o := ec2types.DhcpConfiguration{Key: c.Key}
		for _, v := range c.Values {
			o.Values = append(o.Values, ec2types.AttributeValue{Value: aws.String(v)})
		}
		d.DhcpConfigurations = append(d.DhcpConfigurations, o)
	}
	w.dhcp[*d.DhcpOptionsId] = d
	for _, t := range d.Tags {
		if aws.ToString(t.Key) == "Name" {
			w.names["dhcp-options:"+aws.ToString(t.Value)] = *d.DhcpOptionsId
		}
	}
	return &ec2.CreateDhcpOptionsOutput{DhcpOptions: &values([]*ec2types.DhcpOptions{d})[0]}, nil
}

func (w *World) associateDhcpOptions(in *ec2.AssociateDhcpOptionsInput) (*ec2.AssociateDhcpOptionsOutput, error) {
	v, err := w.findVPC(in.VpcId)
	if err != nil {
		return nil, err
	}
	switch id := aws.ToString(in.DhcpOptionsId); {
	case id == "default": // no options at all: nothing in the VPC would resolve names
		return nil, wire.Errorf("UnsupportedOperation", "This lab has no VPC without DHCP options; create a set and associate that.")
	case w.dhcp[id] == nil:
		return nil, notFound("InvalidDhcpOptionID.NotFound", "dhcpOption ID", id)
	}
	v.DhcpOptionsId = in.DhcpOptionsId
	return nil, nil
}
