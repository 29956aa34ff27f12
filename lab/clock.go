package lab

import (
	"container/heap"
	"context"
	"time"
)

// event is something the world does by itself at a time.
type event struct {
	at  time.Time
	seq uint64 // events of the same time happen in the order they were planned
	do  func()
}

// eventQueue is a heap of what is still to happen.
type eventQueue struct {
	events []event
	seq    uint64
}

func (q *eventQueue) Len() int { return len(q.events) }
func (q *eventQueue) Less(i, j int) bool {
	a, b := q.events[i], q.events[j]
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	return a.seq < b.seq
}
func (q *eventQueue) Swap(i, j int) { q.events[i], q.events[j] = q.events[j], q.events[i] }
func (q *eventQueue) Push(x any)    { q.events = append(q.events, x.(event)) }
func (q *eventQueue) Pop() any {
	last := q.events[len(q.events)-1]
	q.events = q.events[:len(q.events)-1]
	return last
}

// after plans f for d from now; f runs with mu held.
func (w *World) after(d time.Duration, f func()) {
	w.queue.seq++
	heap.Push(&w.queue, event{w.now.Add(max(d, 0)), w.queue.seq, f})
}

// advance moves the clock by d and lets everything happen that is due by then.
func (w *World) advance(d time.Duration) {
	end := w.now.Add(d)
	for len(w.queue.events) > 0 && !w.queue.events[0].at.After(end) {
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		e.do()
	}
	w.now = end
}

// about is d give or take a fifth, from the world's seed.
func (w *World) about(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*w.rng.Float64())).Truncate(time.Millisecond)
}

// Now is the world's time. It stands still but for Advance and Run.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Advance moves the world's clock by d; everything due until then has happened when it returns.
func (w *World) Advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advance(d)
}

// Run lets the world's clock follow the wall clock, speed times as fast, until ctx ends.
func (w *World) Run(ctx context.Context, speed float64) {
	const tick = 25 * time.Millisecond
	t := time.NewTicker(tick)
	defer t.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			w.Advance(time.Duration(float64(now.Sub(last)) * speed))
			last = now
		}
	}
}
