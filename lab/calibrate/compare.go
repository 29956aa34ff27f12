package calibrate

import (
	"maps"
	"slices"
	"time"
)

// Verdict of a comparison. Not every difference is a fault: what is only in one of the two may be chance.
type Verdict string

const (
	Same         Verdict = "same"
	Differs      Verdict = "differs"
	OnlyRecorded Verdict = "only recorded"
	OnlyLab      Verdict = "only the lab"
)

// Line compares one thing.
type Line struct {
	What     string  `json:"what"` // where AWS says it, or the two steps between which the time is
	Verdict  Verdict `json:"verdict"`
	Recorded string  `json:"recorded,omitempty"`
	Lab      string  `json:"lab,omitempty"`
}

// Report is a comparison. Lines are in a fixed order for the same input.
type Report struct {
	Scenario string `json:"scenario"`
	Tasks    int    `json:"recorded_tasks"`
	Events   int    `json:"recorded_events"`
	Targets  int    `json:"recorded_targets"`
	Words    []Line `json:"words"`
	Order    []Line `json:"order"`
	Times    []Line `json:"times"`

	Skipped []string `json:"skipped,omitempty"`
}

// Differences counts the lines that are not the same, leaving out what only the lab shows: a recording is a part of what happened.
func (r Report) Differences() (n int) {
	for _, l := range slices.Concat(r.Words, r.Order, r.Times) {
		if l.Verdict == Differs || l.Verdict == OnlyRecorded {
			n++
		}
	}
	return n
}

// near is how alike two forms must be to be taken for one text that AWS words in another way.
const near = 0.5

// words compares what was said, place by place, form by form.
func words(recorded Recording, lab []Recording) (out []Line) {
	theirs, ours := recorded.said(), map[string][]string{}
	for _, r := range lab {
		for place, texts := range r.said() {
			ours[place] = append(ours[place], texts...)
		}
	}
	places := slices.Sorted(maps.Keys(theirs))
	for p := range ours {
		if !slices.Contains(places, p) {
			places = append(places, p)
		}
	}
	slices.Sort(places)
	for _, place := range places {
		out = append(out, wordsAt(place, byForm(place, theirs[place]), byForm(place, ours[place]))...)
	}
	return out
}

func wordsAt(place string, theirs, ours map[string]string) (out []Line) {
	used := map[string]bool{}
	for _, f := range slices.Sorted(maps.Keys(theirs)) {
		l := Line{What: place, Verdict: OnlyRecorded, Recorded: theirs[f]}
		if text, ok := ours[f]; ok {
			l.Verdict, l.Lab, used[f] = Same, text, true
		} else if g := nearest(f, ours, theirs); g != "" {
			l.Verdict, l.Lab, used[g] = Differs, ours[g], true
		}
		out = append(out, l)
	}
	for _, f := range slices.Sorted(maps.Keys(ours)) {
		if !used[f] {
			out = append(out, Line{What: place, Verdict: OnlyLab, Lab: ours[f]})
		}
	}
	return out
}

// nearest is the form of the lab's that is most like f, among those that the recording does not have; "" where none is near.
func nearest(f string, ours, theirs map[string]string) (best string) {
	most := near
	for _, g := range slices.Sorted(maps.Keys(ours)) {
		if _, taken := theirs[g]; !taken && alike(f, g) > most {
			best, most = g, alike(f, g)
		}
	}
	return best
}

// byForm is one text of each form. Codes are compared as they are.
func byForm(place string, texts []string) map[string]string {
	out := map[string]string{}
	for _, t := range texts {
		f := t
		if place != "stopCode" && place != "containers[].exitCode" {
			f = form(t)
		}
		if _, ok := out[f]; !ok {
			out[f] = t
		}
	}
	return out
}

// step is a moment in the life of a task.
type step struct {
	name string
	at   func(Task) time.Time
}

// steps are the times of a task in the order in which the ECS API reference tells them.
var steps = []step{
	{"createdAt", func(t Task) time.Time { return t.CreatedAt.Time }},
	{"connectivityAt", func(t Task) time.Time { return t.ConnectivityAt.Time }},
	{"pullStartedAt", func(t Task) time.Time { return t.PullStartedAt.Time }},
	{"pullStoppedAt", func(t Task) time.Time { return t.PullStoppedAt.Time }},
	{"startedAt", func(t Task) time.Time { return t.StartedAt.Time }},
	{"stoppingAt", func(t Task) time.Time { return t.StoppingAt.Time }},
	{"executionStoppedAt", func(t Task) time.Time { return t.ExecutionStoppedAt.Time }},
	{"stoppedAt", func(t Task) time.Time { return t.StoppedAt.Time }},
}
