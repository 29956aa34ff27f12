package collectors

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

// Wave is one Fetch: the account that is asked and the store that takes the answers.
type Wave struct {
	*Account
	store *evidence.Store

	mu       sync.Mutex
	answered map[evidence.Key]bool // in this wave, by an item or a gap

	done map[evidence.Kind]chan struct{} // closed when a kind of this wave is read
}

// answer is where a value came from.
type answer struct {
	Call string    // IAM action
	At   time.Time // Date header of the answer
	Host string    // of the endpoint asked
}

func (w *Wave) found(k evidence.Key, from answer, value any) {
	w.mark(k)
	w.store.Put(evidence.Item{Key: k, Found: true, Value: value, Call: from.Call, At: from.At})
}

func (w *Wave) absent(k evidence.Key, from answer) {
	w.mark(k)
	w.store.Put(evidence.Item{Key: k, Call: from.Call, At: from.At})
}

// gap records that a call failed with err for each of keys.
func (w *Wave) gap(from answer, err error, keys ...evidence.Key) {
	for _, k := range keys {
		w.mark(k)
		w.store.PutGap(w.explain(k, from, err))
	}
}

// missing records that an answer was read and did not mention k.
func (w *Wave) missing(k evidence.Key, from answer) {
	w.mark(k)
	w.store.PutGap(evidence.Gap{Key: k, Call: from.Call, Reason: evidence.ReasonMissing,
		Message: "the answer does not mention it, neither as found nor as absent", Fix: "run again"})
}

func (w *Wave) mark(k evidence.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answered[k] = true
}

func (w *Wave) unanswered(keys []evidence.Key) (left []evidence.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, k := range keys {
		if !w.answered[k] {
			left = append(left, k)
		}
	}
	return left
}

// collect runs the collector of a kind and sees that every key is answered, whatever happens. It returns how many
// calls had to wait for each other.
func (w *Wave) collect(ctx context.Context, kind evidence.Kind, keys []evidence.Key) (chain int) {
	c, ok := collectorOf(kind)
	if !ok {
		for _, k := range keys {
			w.store.PutGap(evidence.Gap{Key: k, Reason: evidence.ReasonNoCollector, Message: fmt.Sprintf("this build reads nothing of kind %q", kind)})
		}
		return 0
	}
	return w.run(ctx, c, keys)
}

func (w *Wave) run(ctx context.Context, c Collector, keys []evidence.Key) (chain int) {
	lane := &lane{collector: c}
	defer func() {
		chain = int(lane.length.Load())
		from := answer{Call: c.Calls[0]}
		if r := recover(); r != nil {
			w.log.Error().Str("kind", string(c.Kind)).Str("stack", string(debug.Stack())).Msgf("collector failed: %v", r)
			w.gap(from, crash{r}, w.unanswered(keys)...)
		}
		for _, k := range w.unanswered(keys) {
			w.missing(k, from)
		}
	}()
	c.Run(context.WithValue(ctx, laneKey{}, lane), w, keys)
	return 0
}

// crash is a panic of a collector, on its way to become gaps.
type crash struct{ value any }

func (c crash) Error() string { return fmt.Sprintf("ecsplain failed while it read this: %v", c.value) }

// await waits until a kind of the same wave is read; it returns at once where this wave does not read that kind.
func (w *Wave) await(ctx context.Context, kind evidence.Kind) {
	ch, ok := w.done[kind]
	if !ok {
		return
	}
	select {
	case <-ch:
	case <-ctx.Done():
	}
}

// lane counts the calls that follow each other in one thread of a collector.
type lane struct {
	collector Collector
	length    atomic.Int64
}

type laneKey struct{}

func laneOf(ctx context.Context) *lane {
	if l, ok := ctx.Value(laneKey{}).(*lane); ok {
		return l
	}
	return &lane{}
}

// each runs f for every item at the same time and returns when all are done. A panic in f comes out of each.
// How many calls are in flight is bounded where calls are made, not here.
func each[T any](ctx context.Context, items []T, f func(ctx context.Context, item T)) {
	parent := laneOf(ctx)
	start := parent.length.Load()
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		longest = start
		failure any
	)
	for _, item := range items {
		wg.Go(func() {
			child := &lane{collector: parent.collector}
			child.length.Store(start)
			defer func() {
				r := recover()
				mu.Lock()
				defer mu.Unlock()
				longest = max(longest, child.length.Load())
				if r != nil && failure == nil {
					failure = r
				}
			}()
			f(context.WithValue(ctx, laneKey{}, child), item)
		})
	}
	wg.Wait()
	parent.length.Store(longest)
	if failure != nil {
		panic(failure)
	}
}

// call makes one AWS call and tells where and when it was answered, also when it failed.
func call[I, O, P any](ctx context.Context, op func(context.Context, *I, ...func(*P)) (*O, error), in *I) (*O, answer, error) {
	l := laneOf(ctx)
	l.length.Add(1)
	rec := &record{allowed: l.collector.Calls}
	out, err := op(context.WithValue(ctx, recordKey{}, rec), in)
	from := answer{Call: rec.action, At: rec.at, Host: rec.host}
	if from.At.IsZero() {
		from.At = time.Now().UTC()
	}
	return out, from, err
}

// pages reads every page of a list that must be whole. A list that is longer than limit pages is errTooMany.
func pages(limit int, page func(token *string) (next *string, err error)) error {
	more, err := paged(limit, page)
	if err == nil && more {
		err = errTooMany
	}
	return err
}

// paged follows next tokens, at most limit pages. more says that pages were left unread.
func paged(limit int, page func(token *string) (next *string, err error)) (more bool, err error) {
	var token *string
	for range limit {
		next, err := page(token)
		if err != nil {
			return false, err
		}
		if next == nil || *next == "" || token != nil && *next == *token {
			return false, nil
		}
		token = next
	}
	return true, nil
}
