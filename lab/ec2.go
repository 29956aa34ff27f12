package lab

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// ec2Operations lists what the lab answers of EC2.
func (w *World) ec2Operations() []wire.Operation {
	return []wire.Operation{
		wire.Op("ec2", "DescribeVpcs", reads(w, w.describeVpcs)),
		wire.Op("ec2", "DescribeVpcAttribute", reads(w, w.describeVpcAttribute)),
		wire.Op("ec2", "ModifyVpcAttribute", changes(w, w.modifyVpcAttribute)),
		wire.Op("ec2", "DescribeSubnets", reads(w, w.describeSubnets)),
		wire.Op("ec2", "CreateSubnet", changes(w, w.createSubnet)),
		wire.Op("ec2", "ModifySubnetAttribute", changes(w, w.modifySubnetAttribute)),
		wire.Op("ec2", "DescribeDhcpOptions", reads(w, w.describeDhcpOptions)),
		wire.Op("ec2", "DescribeAvailabilityZones", reads(w, w.describeAvailabilityZones)),
		wire.Op("ec2", "DescribeVpcBlockPublicAccessOptions", reads(w, w.describeBPAOptions)),
		wire.Op("ec2", "ModifyVpcBlockPublicAccessOptions", changes(w, w.modifyBPAOptions)),
		wire.Op("ec2", "DescribeVpcBlockPublicAccessExclusions", reads(w, w.describeBPAExclusions)),
		wire.Op("ec2", "CreateVpcBlockPublicAccessExclusion", changes(w, w.createBPAExclusion)),
		wire.Op("ec2", "DescribeRouteTables", reads(w, w.describeRouteTables)),
		wire.Op("ec2", "CreateRouteTable", changes(w, w.createRouteTable)),
		wire.Op("ec2", "AssociateRouteTable", changes(w, w.associateRouteTable)),
		wire.Op("ec2", "DisassociateRouteTable", changes(w, w.disassociateRouteTable)),
		wire.Op("ec2", "ReplaceRouteTableAssociation", changes(w, w.replaceRouteTableAssociation)),
		wire.Op("ec2", "CreateRoute", changes(w, w.createRoute)),
		wire.Op("ec2", "ReplaceRoute", changes(w, w.replaceRoute)),
		wire.Op("ec2", "DeleteRoute", changes(w, w.deleteRoute)),
		wire.Op("ec2", "DescribeSecurityGroups", reads(w, w.describeSecurityGroups)),
		wire.Op("ec2", "DescribeSecurityGroupRules", reads(w, w.describeSecurityGroupRules)),
		wire.Op("ec2", "CreateSecurityGroup", changes(w, w.createSecurityGroup)),
		wire.Op("ec2", "AuthorizeSecurityGroupIngress", changes(w, w.authorizeIngress)),
		wire.Op("ec2", "AuthorizeSecurityGroupEgress", changes(w, w.authorizeEgress)),
		wire.Op("ec2", "RevokeSecurityGroupIngress", changes(w, w.revokeIngress)),
		wire.Op("ec2", "RevokeSecurityGroupEgress", changes(w, w.revokeEgress)),
		wire.Op("ec2", "DescribeNetworkAcls", reads(w, w.describeNetworkACLs)),
		wire.Op("ec2", "CreateNetworkAclEntry", changes(w, w.createACLEntry)),
		wire.Op("ec2", "ReplaceNetworkAclEntry", changes(w, w.replaceACLEntry)),
		wire.Op("ec2", "DeleteNetworkAclEntry", changes(w, w.deleteACLEntry)),
		wire.Op("ec2", "ReplaceNetworkAclAssociation", changes(w, w.replaceACLAssociation)),
		wire.Op("ec2", "DescribeNetworkInterfaces", reads(w, w.describeNetworkInterfaces)),
		wire.Op("ec2", "DeleteNetworkInterface", changes(w, w.deleteNetworkInterface)),
		wire.Op("ec2", "DescribeVpcEndpoints", reads(w, w.describeVpcEndpoints)),
		wire.Op("ec2", "CreateVpcEndpoint", changes(w, w.createVpcEndpoint)),
		wire.Op("ec2", "ModifyVpcEndpoint", changes(w, w.modifyVpcEndpoint)),
		wire.Op("ec2", "DeleteVpcEndpoints", changes(w, w.deleteVpcEndpoints)),
		wire.Op("ec2", "DescribeNatGateways", reads(w, w.describeNatGateways)),
		wire.Op("ec2", "CreateNatGateway", changes(w, w.createNatGateway)),
		wire.Op("ec2", "DeleteNatGateway", changes(w, w.deleteNatGateway)),
		wire.Op("ec2", "DescribeInternetGateways", reads(w, w.describeInternetGateways)),
		wire.Op("ec2", "CreateInternetGateway", changes(w, w.createInternetGateway)),
		wire.Op("ec2", "AttachInternetGateway", changes(w, w.attachInternetGateway)),
		wire.Op("ec2", "DetachInternetGateway", changes(w, w.detachInternetGateway)),
		wire.Op("ec2", "DescribeAddresses", reads(w, w.describeAddresses)),
		wire.Op("ec2", "AllocateAddress", changes(w, w.allocateAddress)),
		wire.Op("ec2", "DescribePrefixLists", reads(w, w.describePrefixLists)),
		wire.Op("ec2", "DescribeManagedPrefixLists", reads(w, w.describeManagedPrefixLists)),
		wire.Op("ec2", "GetManagedPrefixListEntries", reads(w, w.managedPrefixListEntries)),
		wire.Op("ec2", "CreateTags", changes(w, w.createTags)),
	}
}

// reads makes a handler that looks at the world and leaves it as it is.
func reads[I, O any](w *World, f func(*I) (*O, error)) func(*wire.Request, *I) (*O, error) {
	return func(r *wire.Request, in *I) (*O, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.byOwner = r.AccessKey == ownerKey
		return f(in)
	}
}

// changes makes a handler that changes the world. What a handler answers must not be written to later: the answer is sent
// without the lock, so handlers replace slices and never change them in place.
func changes[I, O any](w *World, f func(*I) (*O, error)) func(*wire.Request, *I) (*O, error) {
	return func(r *wire.Request, in *I) (*O, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.byOwner = r.AccessKey == ownerKey
		if r.Service == "ec2" {
			if err := w.mayChange(r.Operation, in); err != nil {
				return nil, err
			}
		}
		out, err := f(in)
		if err == nil {
			w.touch()
		}
		return out, err
	}
}

// attributes gives the values that a filter sees on a resource; ok is false for a filter the resource does not have.
type attributes[T any] func(item *T, filter string) (vals []string, ok bool)

// describe is what all Describe operations of EC2 have in common: ids that must all exist, filters that simply leave out
// what does not fit, pages in the order of ids.
func describe[T any](all map[string]*T, ids []string, filters []ec2types.Filter, limit *int32, token *string, missing func(id string) *wire.Error, attrs attributes[T]) ([]*T, *string, error) {
	var rows []*T
	if len(ids) > 0 && limit != nil {
		return nil, nil, wire.Errorf("InvalidParameterCombination", "The parameter MaxResults cannot be used with a list of ids.")
	}
	for _, id := range ids {
		if all[id] == nil {
			return nil, nil, missing(id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if len(ids) > 0 && !slices.Contains(ids, id) {
			continue
		}
		ok, err := matches(all[id], filters, attrs)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			rows = append(rows, all[id])
		}
	}
	page, next, err := wire.Page(rows, aws.ToString(token), int(aws.ToInt32(limit)), 1000)
	return page, optional(next), err
}

// matches applies filters: all filters, any value of each, with * and ? as wildcards. (A nil item still checks the names.)
func matches[T any](item *T, filters []ec2types.Filter, attrs attributes[T]) (bool, error) {
	fits := true
	for _, f := range filters {
		have, ok := attrs(item, aws.ToString(f.Name))
		if !ok {
			return false, wire.Errorf("InvalidParameterValue", "The filter '%s' is invalid", aws.ToString(f.Name))
		}
		if len(f.Values) > 200 {
			return false, wire.Errorf("FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200")
		}
		fits = fits && slices.ContainsFunc(have, func(h string) bool {
			return slices.ContainsFunc(f.Values, func(v string) bool { return wildcard(v, h) })
		})
	}
	return fits, nil
}

// wildcard matches a pattern with * (any run) and ? (any one byte) against the whole of s.
func wildcard(pattern, s string) bool {
	star, mark := -1, 0 // where the last * stands in the pattern, and what of s it has taken
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// tagAttributes are the filters that every tagged resource has.
func tagAttributes(tags []ec2types.Tag, filter string) ([]string, bool) {
	key, byKey := strings.CutPrefix(filter, "tag:")
	if !byKey && filter != "tag-key" {
		return nil, false
	}
	var out []string
	for _, t := range tags {
		if !byKey {
			out = append(out, aws.ToString(t.Key))
		} else if aws.ToString(t.Key) == key {
			out = append(out, aws.ToString(t.Value))
		}
	}
	return out, true
}

// notFound is EC2's usual text for an id that does not exist.
func notFound(code, what, id string) *wire.Error {
	return wire.Errorf(code, "The %s '%s' does not exist", what, id)
}

func notFoundAs(code, what string) func(string) *wire.Error {
	return func(id string) *wire.Error { return notFound(code, what, id) }
}

// sorted lists a map's values in the order of its keys.
func sorted[T any](m map[string]T) []T {
	out := make([]T, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

// values copies rows for an answer, so that the state may change while the answer is written.
func values[T any](rows []*T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = *r
	}
	return out
}

// text is a string pointer as filter values.
func text(s *string) []string {
	if s == nil {
		return nil
	}
	return []string{*s}
}

// optional is nil for "".
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func boolText(b *bool) []string {
	if aws.ToBool(b) {
		return []string{"true"}
	}
	return []string{"false"}
}

// createTags sets tags on any resources of EC2.
func (w *World) createTags(in *ec2.CreateTagsInput) (*ec2.CreateTagsOutput, error) {
	for _, id := range in.Resources {
		if w.tagsOf(id) == nil {
			return nil, wire.Errorf("InvalidID", "The ID '%s' is not valid", id)
		}
	}
	for _, id := range in.Resources {
		tags := w.tagsOf(id)
		*tags = slices.Clone(*tags)
		for _, t := range in.Tags {
			*tags = append(slices.DeleteFunc(*tags, func(o ec2types.Tag) bool { return aws.ToString(o.Key) == aws.ToString(t.Key) }), t)
		}
	}
	return nil, nil
}

// tagsOf is where the tags of a resource are kept; nil for an unknown id.
func (w *World) tagsOf(id string) *[]ec2types.Tag {
	switch prefix, _, _ := strings.Cut(id, "-"); {
	case prefix == "vpc" && w.vpcs[id] != nil:
		return &w.vpcs[id].Tags
	case w.subnets[id] != nil:
		return &w.subnets[id].Tags
	case w.routeTables[id] != nil:
		return &w.routeTables[id].Tags
	case w.groups[id] != nil:
		return &w.groups[id].Tags
	case w.acls[id] != nil:
		return &w.acls[id].Tags
	case w.interfaces[id] != nil:
		return &w.interfaces[id].TagSet
	case w.endpoints[id] != nil:
		return &w.endpoints[id].Tags
	case w.nats[id] != nil:
		return &w.nats[id].Tags
	case w.igws[id] != nil:
		return &w.igws[id].Tags
	case w.dhcp[id] != nil:
		return &w.dhcp[id].Tags
	case w.addresses[id] != nil:
		return &w.addresses[id].Tags
	}
	return nil
}

// tagsFor picks the tags a Create call gives to one kind of resource.
func tagsFor(specs []ec2types.TagSpecification, kind ec2types.ResourceType) []ec2types.Tag {
	out := []ec2types.Tag{}
	for _, s := range specs {
		if s.ResourceType == kind {
			out = append(out, s.Tags...)
		}
	}
	return out
}
