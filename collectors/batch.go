package collectors

import (
	"context"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// batchFunc asks for many keys in one call. It answers all of them, or answers none and returns the error.
type batchFunc func(ctx context.Context, keys []evidence.Key) (answer, error)

// batches asks in batches of at most size keys, all batches at the same time. Where a batch fails because of what was
// asked (not because of who asks, or how often), it is halved to save the healthy keys.
func (w *Wave) batches(ctx context.Context, keys []evidence.Key, size int, ask batchFunc) {
	each(ctx, slices.Collect(slices.Chunk(keys, size)), func(ctx context.Context, chunk []evidence.Key) {
		if from, err := ask(ctx, chunk); err != nil {
			w.halve(ctx, chunk, from, err, ask)
		}
	})
}

// halve asks for both halves of a batch that failed. Where both fail the same way the cause is not one bad key.
func (w *Wave) halve(ctx context.Context, keys []evidence.Key, from answer, err error, ask batchFunc) {
	if len(keys) == 1 || !blamesTheQuestion(err) {
		w.gap(from, err, keys...)
		return
	}
	type half struct {
		keys []evidence.Key
		from answer
		err  error
	}
	halves := []*half{{keys: keys[:len(keys)/2]}, {keys: keys[len(keys)/2:]}}
	each(ctx, halves, func(ctx context.Context, h *half) { h.from, h.err = ask(ctx, h.keys) })
	if halves[0].err != nil && halves[1].err != nil && len(keys) > 2 {
		for _, h := range halves {
			w.gap(h.from, h.err, h.keys...)
		}
		return
	}
	for _, h := range halves {
		if h.err != nil {
			w.halve(ctx, h.keys, h.from, h.err, ask)
		}
	}
}

// grouped runs f for the keys of each group at the same time; of gives the group and the rest of a key's id.
func grouped(ctx context.Context, keys []evidence.Key, of func(id string) string, f func(ctx context.Context, group string, keys []evidence.Key)) {
	groups := map[string][]evidence.Key{}
	var names []string
	for _, k := range keys {
		g := of(k.ID)
		if _, ok := groups[g]; !ok {
			names = append(names, g)
		}
		groups[g] = append(groups[g], k)
	}
	each(ctx, names, func(ctx context.Context, g string) { f(ctx, g, groups[g]) })
}

// head is what stands before the first slash of an id: the cluster, the role. tail is the rest.
// settle answers the keys of a batch: each with what the account has under its name, and absent where it has nothing.
func settle[T, V any](w *Wave, keys []evidence.Key, from answer, got map[string]T, name func(id string) string, value func(T) V) {
	for _, k := range keys {
		if t, ok := got[name(k.ID)]; ok {
			w.found(k, from, value(t))
		} else {
			w.absent(k, from)
		}
	}
}

func head(id string) string { h, _, _ := strings.Cut(id, "/"); return h }
func tail(id string) string { _, t, _ := strings.Cut(id, "/"); return t }

// ids lists what f makes of each key's id.
func ids(keys []evidence.Key, f func(string) string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = f(k.ID)
	}
	return out
}

func whole(id string) string { return id }

// last is the part of an ARN or path behind its last slash.
func last(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }
