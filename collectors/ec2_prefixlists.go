package collectors

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/evidence"
)

func (w *Wave) prefixListPage(ctx context.Context, f []types.Filter, token *string) ([]types.PrefixList, *string, answer, error) {
	out, from, err := call(ctx, w.ports.ec2.DescribePrefixLists, &ec2.DescribePrefixListsInput{Filters: f, NextToken: token})
	if err != nil {
		return nil, nil, from, err
	}
	return out.PrefixLists, out.NextToken, from, nil
}

func toPrefixList(p types.PrefixList) evidence.PrefixList {
	return evidence.PrefixList{ID: str(p.PrefixListId), Name: str(p.PrefixListName), CIDRs: p.Cidrs}
}

func servicePrefixLists(ctx context.Context, w *Wave, keys []evidence.Key) {
	byFilter(ctx, w, keys, "prefix-list-name", nil, w.prefixListPage, func(p types.PrefixList) string { return str(p.PrefixListName) }, one(w, toPrefixList))
}

// prefixLists looks among AWS's own lists first: that call answers with the CIDRs. What is not there is a customer's
// list, whose entries are another call.
func prefixLists(ctx context.Context, w *Wave, keys []evidence.Key) {
	var mu sync.Mutex
	var rest []evidence.Key
	byFilter(ctx, w, keys, "prefix-list-id", nil, w.prefixListPage, func(p types.PrefixList) string { return str(p.PrefixListId) },
		func(k evidence.Key, from answer, rows []types.PrefixList) {
			if len(rows) > 0 {
				w.found(k, from, toPrefixList(rows[0]))
				return
			}
			mu.Lock()
			defer mu.Unlock()
			rest = append(rest, k)
		})
	if len(rest) == 0 {
		return
	}
	page := func(ctx context.Context, f []types.Filter, token *string) ([]types.ManagedPrefixList, *string, answer, error) {
		out, from, err := call(ctx, w.ports.ec2.DescribeManagedPrefixLists, &ec2.DescribeManagedPrefixListsInput{Filters: f, MaxResults: aws.Int32(smallPage), NextToken: token})
		if err != nil {
			return nil, nil, from, err
		}
		return out.PrefixLists, out.NextToken, from, nil
	}
	var known []evidence.Key
	names := map[string]string{}
	byFilter(ctx, w, rest, "prefix-list-id", nil, page, func(p types.ManagedPrefixList) string { return str(p.PrefixListId) },
		func(k evidence.Key, from answer, rows []types.ManagedPrefixList) {
			if len(rows) == 0 {
				w.absent(k, from)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			known, names[k.ID] = append(known, k), str(rows[0].PrefixListName)
		})
	each(ctx, known, func(ctx context.Context, k evidence.Key) { w.prefixListEntries(ctx, k, names[k.ID]) })
}

func (w *Wave) prefixListEntries(ctx context.Context, k evidence.Key, name string) {
	v := evidence.PrefixList{ID: k.ID, Name: name}
	var last answer
	err := pages(maxEC2Pages, func(token *string) (*string, error) {
		out, from, err := call(ctx, w.ports.ec2.GetManagedPrefixListEntries, &ec2.GetManagedPrefixListEntriesInput{PrefixListId: &k.ID, MaxResults: aws.Int32(smallPage), NextToken: token})
		last = from
		if err != nil {
			return nil, err
		}
		for _, e := range out.Entries {
			v.CIDRs = append(v.CIDRs, str(e.Cidr))
		}
		return out.NextToken, nil
	})
	if err != nil {
		w.gap(last, err, k)
		return
	}
	w.found(k, last, v)
}
