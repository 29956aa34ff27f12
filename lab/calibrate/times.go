package calibrate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// order compares in which order tasks passed their steps, and in which order events of different kinds first came.
func order(recorded Recording, lab []Recording) []Line {
	return append(sequences("steps of a stopped task", taskOrders([]Recording{recorded}), taskOrders(lab)), eventOrder(recorded, lab)...)
}

// sequences compares the kinds of sequences that occur.
func sequences(what string, theirs, ours []string) (out []Line) {
	for _, s := range theirs {
		l := Line{What: what, Verdict: OnlyRecorded, Recorded: s}
		if slices.Contains(ours, s) {
			l.Verdict, l.Lab = Same, s
		}
		out = append(out, l)
	}
	for _, s := range ours {
		if !slices.Contains(theirs, s) {
			out = append(out, Line{What: what, Verdict: OnlyLab, Lab: s})
		}
	}
	return out
}

// taskOrders are the orders in which stopped tasks passed the steps they have a time for, each once.
func taskOrders(recordings []Recording) (out []string) {
	for _, r := range recordings {
		for _, t := range r.Tasks {
			if o := t.order(); !t.StoppedAt.IsZero() && !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	slices.Sort(out)
	return out
}

func (t Task) order() string {
	passed := slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return s.at(t).IsZero() })
	slices.SortStableFunc(passed, func(a, b step) int { return a.at(t).Compare(b.at(t)) })
	var names []string
	for _, s := range passed {
		names = append(names, s.name)
	}
	return strings.Join(names, " < ")
}

// manyEvents is how many events a service keeps; where there are so many the first of a kind is gone.
const manyEvents = 100

// eventOrder compares the first occurrence of each kind of event that both have. It says nothing where events were forgotten.
func eventOrder(recorded Recording, lab []Recording) []Line {
	if len(recorded.Events) >= manyEvents || len(lab[0].Events) >= manyEvents {
		return nil
	}
	theirs, ours := firsts(recorded), firsts(lab[0])
	theirs = slices.DeleteFunc(theirs, func(f string) bool { return !slices.Contains(ours, f) })
	ours = slices.DeleteFunc(ours, func(f string) bool { return !slices.Contains(theirs, f) })
	if len(theirs) < 2 {
		return nil
	}
	l := Line{What: "first service events", Verdict: Same, Recorded: strings.Join(theirs, " < "), Lab: strings.Join(ours, " < ")}
	if !slices.Equal(theirs, ours) {
		l.Verdict = Differs
	}
	return []Line{l}
}

func firsts(r Recording) (out []string) {
	for _, e := range r.Events {
		if f := form(e.Message); !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

const rhythm = "between events"

// within is how far a recorded time may lie outside of what the lab usually shows, as a factor.
const within = 2

// times compares how long the steps took, for each stop code by itself, and how far apart events of one kind are.
func times(recorded Recording, lab []Recording) (out []Line) {
	theirs, ours := durations([]Recording{recorded}), durations(lab)
	for _, what := range slices.Sorted(maps.Keys(theirs)) {
		t, o := theirs[what], ours[what]
		if strings.HasPrefix(what, rhythm) && len(t) < 3 {
			continue // two events are no rhythm
		}
		l := Line{What: what, Verdict: OnlyRecorded, Recorded: span(t), Lab: span(o)}
		if len(o) > 0 {
			l.Verdict = Differs
			low, high := usual(o)
			if middle := t[len(t)/2]; middle >= low/within && middle <= high*within {
				l.Verdict = Same
			}
		}
		out = append(out, l)
	}
	return out
}

// durations are sorted, by what they lie between. Those of nothing at all are left out: a step that takes no time has no time to compare.
func durations(recordings []Recording) map[string][]time.Duration {
	out := map[string][]time.Duration{}
	add := func(what string, d time.Duration) {
		if d > 0 {
			out[what] = append(out[what], d.Round(time.Second/10))
		}
	}
	for _, r := range recordings {
		for _, t := range r.Tasks {
			t.durations(add)
		}
		last := map[string]time.Time{}
		for _, e := range r.Events {
			f := form(e.Message)
			if before, ok := last[f]; ok {
				add(rhythm+" \""+f+"\"", e.CreatedAt.Sub(before))
			}
			last[f] = e.CreatedAt.Time
		}
	}
	for _, d := range out {
		slices.Sort(d)
	}
	return out
}

func (t Task) durations(add func(what string, d time.Duration)) {
	if t.StoppedAt.IsZero() {
		return
	}
	for i, s := range steps[1:] {
		if from := steps[i]; !s.at(t).IsZero() && !from.at(t).IsZero() {
			add(t.StopCode+": "+from.name+" to "+s.name, s.at(t).Sub(from.at(t)))
		}
	}
	add(t.StopCode+": createdAt to stoppedAt", t.StoppedAt.Sub(t.CreatedAt.Time))
}

// usual are the bounds of sorted durations without the tenth at either end: a task that ran for an hour before it failed is among them, and
// says nothing of the others.
func usual(d []time.Duration) (low, high time.Duration) {
	return d[len(d)/10], d[len(d)-1-len(d)/10]
}

// span is "40s (12s to 1m10s, 5 times)".
func span(d []time.Duration) string {
	if len(d) == 0 {
		return ""
	}
	if len(d) == 1 {
		return d[0].String() + " (once)"
	}
	low, high := usual(d)
	return fmt.Sprintf("%s (%s to %s, %d times)", d[len(d)/2], low, high, len(d))
}
