package lab

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// noPrefixList is what all three operations say of an unknown list.
var noPrefixList = notFoundAs("InvalidPrefixListID.NotFound", "prefix list ID")

func (w *World) describePrefixLists(in *ec2.DescribePrefixListsInput) (*ec2.DescribePrefixListsOutput, error) {
	rows, next, err := describe(w.prefixLists, in.PrefixListIds, in.Filters, in.MaxResults, in.NextToken, noPrefixList, func(p *ec2types.PrefixList, f string) ([]string, bool) {
		switch f {
		case "prefix-list-id":
			return text(p.PrefixListId), true
		case "prefix-list-name":
			return text(p.PrefixListName), true
		}
		return nil, false
	})
	return &ec2.DescribePrefixListsOutput{PrefixLists: values(rows), NextToken: next}, err
}

func (w *World) describeManagedPrefixLists(in *ec2.DescribeManagedPrefixListsInput) (*ec2.DescribeManagedPrefixListsOutput, error) {
	all := map[string]*ec2types.ManagedPrefixList{}
	for id, p := range w.prefixLists {
		all[id] = &ec2types.ManagedPrefixList{
			PrefixListId: p.PrefixListId, PrefixListName: p.PrefixListName, AddressFamily: aws.String("IPv4"), OwnerId: aws.String("AWS"),
			State: ec2types.PrefixListStateCreateComplete, PrefixListArn: aws.String("arn:" + w.Partition + ":ec2:" + w.Region + ":aws:prefix-list/" + id),
		}
	}
	rows, next, err := describe(all, in.PrefixListIds, in.Filters, in.MaxResults, in.NextToken, noPrefixList, func(p *ec2types.ManagedPrefixList, f string) ([]string, bool) {
		switch f {
		case "prefix-list-id":
			return text(p.PrefixListId), true
		case "prefix-list-name":
			return text(p.PrefixListName), true
		case "owner-id":
			return text(p.OwnerId), true
		}
		return nil, false
	})
	return &ec2.DescribeManagedPrefixListsOutput{PrefixLists: values(rows), NextToken: next}, err
}

func (w *World) managedPrefixListEntries(in *ec2.GetManagedPrefixListEntriesInput) (*ec2.GetManagedPrefixListEntriesOutput, error) {
	p := w.prefixLists[*in.PrefixListId]
	if p == nil {
		return nil, noPrefixList(*in.PrefixListId)
	}
	cidrs, next, err := wire.Page(p.Cidrs, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	out := &ec2.GetManagedPrefixListEntriesOutput{NextToken: optional(next)}
	for _, c := range cidrs {
		out.Entries = append(out.Entries, ec2types.PrefixListEntry{Cidr: aws.String(c)})
	}
	return out, err
}
