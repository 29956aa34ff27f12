package lab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// longPoll is how long a receive waits for a message at most.
const longPoll = 20 * time.Second

// queueMinute is what one minute of a queue was like. At is its beginning.
type queueMinute struct {
	at                   time.Time
	sent, received, done int
	visible, hidden, age int // at its end; age of the oldest message in seconds
}

// seconds is a numeric attribute of a queue as a duration.
func (q *queue) seconds(attribute string) time.Duration {
	n, err := strconv.Atoi(q.attributes[attribute])
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// counts are the messages that can be received, are being worked on, and are delayed.
func (q *queue) counts(now time.Time) (visible, hidden, delayed int) {
	for _, m := range q.messages {
		switch {
		case !m.visible.After(now):
			visible++
		case m.receives > 0:
			hidden++
		default:
			delayed++
		}
	}
	return visible, hidden, delayed
}

// oldest is the age of the message that is in the queue for longest.
func (q *queue) oldest(now time.Time) time.Duration {
	if len(q.messages) == 0 {
		return 0
	}
	return now.Sub(q.messages[0].sent)
}

// waits is how long the oldest of the messages that nobody works on has been there.
func (q *queue) waits(now time.Time) time.Duration {
	for _, m := range q.messages {
		if !m.visible.After(now) {
			return now.Sub(m.sent)
		}
	}
	return 0
}

func (w *World) enqueue(q *queue, body string, delay time.Duration) *message {
	w.messageCount++
	id := stableHex(32, "message", q.name, strconv.Itoa(w.messageCount))
	m := &message{id: id[:8] + "-" + id[8:12] + "-4" + id[13:16] + "-a" + id[17:20] + "-" + id[20:], body: body, sent: w.now, visible: w.now.Add(max(delay, q.seconds("DelaySeconds")))}
	q.messages = append(q.messages, m)
	q.sent++
	q.waiting = slices.DeleteFunc(q.waiting, func(x longWait) bool { return !x.lasts() })
	if len(q.waiting) > 0 {
		next := q.waiting[0]
		q.waiting = q.waiting[1:]
		w.after(m.visible.Sub(w.now), func() {
			if next.lasts() {
				next.again()
			}
		})
	}
	return m
}

// receive hands out up to n messages, oldest first. A message that was handed out as often as the redrive policy allows goes to the
// dead-letter queue instead.
func (w *World) receive(q *queue, n int, hidden time.Duration) []*message {
	if hidden <= 0 {
		hidden = q.seconds("VisibilityTimeout")
	}
	var r redrive
	var dead *queue
	if json.Unmarshal([]byte(q.attributes["RedrivePolicy"]), &r) == nil {
		dead, _ = w.queueAt(&r.Target) // no such queue: nothing is set aside
	}
	var out []*message
	var spent []*message
	for _, m := range q.messages {
		if len(out) == n {
			break
		}
		if m.visible.After(w.now) {
			continue
		}
		if dead != nil && r.most() > 0 && m.receives >= r.most() {
			spent = append(spent, m)
			continue
		}
		m.receives++
		if m.first.IsZero() {
			m.first = w.now
		}
		m.handle, m.visible = "AQEB"+stableHex(64, m.id, strconv.Itoa(m.receives)), w.now.Add(hidden)
		out = append(out, m)
	}
	for _, m := range spent {
		q.messages = slices.DeleteFunc(q.messages, func(o *message) bool { return o == m })
		m.receives, m.visible = 0, w.now
		dead.messages = append(dead.messages, m)
		dead.sent++
	}
	q.received += len(out)
	q.total.received += len(out)
	return out
}

// finish deletes the message that was handed out with a handle. Only its newest handle counts; with an older one nothing happens and
// nobody is told (SQS API reference, DeleteMessage).
func (w *World) finish(q *queue, handle string) {
	i := slices.IndexFunc(q.messages, func(m *message) bool { return m.handle == handle })
	if i < 0 {
		return
	}
	q.messages = slices.Delete(q.messages, i, i+1)
	q.done++
	q.total.done++
}

// nextMessage is how long a receive that found nothing waits: for a message that comes back, at most a long poll.
func (q *queue) nextMessage(now time.Time) time.Duration {
	next := longPoll
	for _, m := range q.messages {
		if d := m.visible.Sub(now); d > 0 {
			next = min(next, d)
		}
	}
	return next
}

// measureQueue closes a minute of a queue and forgets what is older than it keeps.
func (w *World) measureQueue(q *queue) {
	keep := q.seconds("MessageRetentionPeriod")
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return w.now.Sub(m.sent) > keep })
	m := queueMinute{at: w.now.Add(-time.Minute), sent: q.sent, received: q.received, done: q.done, age: int(q.oldest(w.now) / time.Second)}
	m.visible, m.hidden, _ = q.counts(w.now)
	q.sent, q.received, q.done = 0, 0, 0
	q.minutes = append(q.minutes, m)
}

func (w *World) labProduce(in map[string]any) error {
	name := textOf(in, "Queue")
	if w.queues[name] == nil {
		return fmt.Errorf("there is no queue %q", name)
	}
	w.produce(name, numberOf(in, "PerMinute"))
	return nil
}

// produce fills a queue evenly from now on, in place of what filled it before.
func (w *World) produce(name string, perMinute int) {
	put(&w.producers, name, w.producers[name]+1)
	generation := w.producers[name]
	if perMinute <= 0 {
		return
	}
	var next func()
	next = func() {
		if w.producers[name] != generation {
			return
		}
		if q := w.queues[name]; q != nil { // without a queue the producer's calls fail, and it tries on
			w.enqueue(q, fmt.Sprintf(`{"order":%d}`, 100000+w.messageCount), 0)
		}
		w.after(time.Minute/time.Duration(perMinute), next)
	}
	w.after(time.Minute/time.Duration(perMinute), next)
}
