package collectors

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/evidence"
)

const (
	filterValues = 200  // most values of one filter
	ec2Page      = 1000 // most rows of a page, but for route tables and managed prefix lists (100)
	smallPage    = 100
	maxEC2Pages  = 50
)

// describePage reads one page of a Describe call: its rows and the token of the next.
type describePage[T any] func(ctx context.Context, filters []types.Filter, token *string) (rows []T, next *string, from answer, err error)

// byFilter asks for many ids in one call through a filter. With filters (and not with id lists) EC2 leaves out what does
// not exist instead of failing the whole call. of names the id that a row belongs to; each key gets its rows, maybe none.
func byFilter[T any](ctx context.Context, w *Wave, keys []evidence.Key, filter string, more []types.Filter, page describePage[T],
	of func(T) string, give func(k evidence.Key, from answer, rows []T)) {
	w.batches(ctx, keys, filterValues, func(ctx context.Context, keys []evidence.Key) (answer, error) {
		filters := append([]types.Filter{{Name: aws.String(filter), Values: ids(keys, whole)}}, more...)
		rows := map[string][]T{}
		var first answer
		err := pages(maxEC2Pages, func(token *string) (*string, error) {
			got, next, from, err := page(ctx, filters, token)
			if token == nil || err != nil {
				first = from
			}
			for _, r := range got {
				rows[of(r)] = append(rows[of(r)], r)
			}
			return next, err
		})
		if err != nil {
			return first, err
		}
		for _, k := range keys {
			give(k, first, rows[k.ID])
		}
		return first, nil
	})
}

// one gives a key the single row that has its id; no row means that it does not exist.
func one[T, V any](w *Wave, convert func(T) V) func(evidence.Key, answer, []T) {
	return func(k evidence.Key, from answer, rows []T) {
		if len(rows) == 0 {
			w.absent(k, from)
			return
		}
		w.found(k, from, convert(rows[0]))
	}
}

// all gives a key the list of its rows; an empty list is an answer.
func all[T, V any](w *Wave, convert func([]T) V) func(evidence.Key, answer, []T) {
	return func(k evidence.Key, from answer, rows []T) { w.found(k, from, convert(rows)) }
}

func toEC2Tag(t types.Tag) evidence.Tag { return tag(t.Key, t.Value) }
