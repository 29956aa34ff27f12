// Package calibrate compares what the lab makes of a failure with a recording of a real one: the words, the order and the times. It judges
// nothing by itself: it lists what is the same, what differs, and what only one of the two shows, so that a person can mend the lab.
package calibrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Recording is what AWS answered about one failing service: the documents that `aws ecs describe-tasks`, `aws ecs describe-services` and
// `aws elbv2 describe-target-health` print, and task state change events that EventBridge delivered.
type Recording struct {
	Tasks   []Task
	Events  []Event // oldest first
	Targets []Target
	Skipped []string // files, or documents in them, that are none of these
}

// Task has the members of a task that say how it failed and when. Times are zero where the answer has none.
type Task struct {
	TaskArn       string
	LastStatus    string
	StopCode      string
	StoppedReason string
	Containers    []struct {
		Name, Reason string
		ExitCode     *int
	}
	CreatedAt, ConnectivityAt, PullStartedAt, PullStoppedAt, StartedAt, StoppingAt, ExecutionStoppedAt, StoppedAt Time
}

// Event is a service event.
type Event struct {
	ID        string
	CreatedAt Time
	Message   string
}

// Target is a target of a load balancer with what its health check says.
type Target struct {
	TargetHealth struct{ State, Reason, Description string }
}

// Time is a time as the command line prints it: ISO 8601, or seconds since 1970.
type Time struct{ time.Time }

// UnmarshalJSON reads either form.
func (t *Time) UnmarshalJSON(text []byte) error {
	var seconds float64
	if err := json.Unmarshal(text, &seconds); err == nil {
		t.Time = time.UnixMilli(int64(seconds * 1000)).UTC()
		return nil
	}
	return json.Unmarshal(text, &t.Time)
}

// document is any of the answers, or an event.
type document struct {
	Tasks    []Task
	Services []struct {
		ServiceName string
		Events      []Event
	}
	TargetHealthDescriptions []Target
	Detail                   Task // of an event
}

// maxFile is the largest file that is read, in bytes; a hundred described tasks take half a megabyte.
const maxFile = 64 << 20

// Read reads a recording from a file, or from all files of a folder. A file holds one answer, or several one after the other. The same
// task or event in several answers counts once, as it was last.
func Read(path string) (Recording, error) {
	var r Recording
	err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return r.file(name)
	})
	if err != nil {
		return Recording{}, err
	}
	r.order()
	if len(r.Tasks)+len(r.Events)+len(r.Targets) == 0 {
		return Recording{}, fmt.Errorf("%s holds no tasks, service events or target health; save what `aws ecs describe-tasks`, `aws ecs describe-services` and `aws elbv2 describe-target-health` print", path)
	}
	return r, nil
}

func (r *Recording) file(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > maxFile {
		return errors.Join(err, fmt.Errorf("%s has more than %d MB; a recording is the answers about one service", name, maxFile>>20))
	}
	dec := json.NewDecoder(f)
	for n := 1; ; n++ {
		var raw json.RawMessage
		if err := dec.Decode(&raw); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s is not JSON: %w; save the answers with --output json", name, err)
		}
		var d document
		err := json.Unmarshal(raw, &d)
		if d.Detail.TaskArn != "" {
			d.Tasks = append(d.Tasks, d.Detail)
		}
		if err != nil || len(d.Tasks)+len(d.Services)+len(d.TargetHealthDescriptions) == 0 {
			r.Skipped = append(r.Skipped, fmt.Sprintf("%s, document %d", name, n))
			continue
		}
		r.add(d)
	}
}

func (r *Recording) add(d document) {
	r.Tasks = append(r.Tasks, d.Tasks...)
	for _, s := range d.Services {
		r.Events = append(r.Events, s.Events...)
	}
	r.Targets = append(r.Targets, d.TargetHealthDescriptions...)
}

// order drops what was told twice and sorts by time.
func (r *Recording) order() {
	r.Tasks = lastOf(r.Tasks, func(t Task) string { return t.TaskArn })
	r.Events = lastOf(r.Events, func(e Event) string { return e.ID })
	slices.SortStableFunc(r.Tasks, func(a, b Task) int { return a.CreatedAt.Compare(b.CreatedAt.Time) })
	slices.SortStableFunc(r.Events, func(a, b Event) int { return a.CreatedAt.Compare(b.CreatedAt.Time) })
}

// lastOf keeps the last element of each id; elements without one are all kept.
func lastOf[T any](list []T, id func(T) string) []T {
	at := map[string]int{}
	var out []T
	for _, e := range list {
		key := id(e)
		if i, seen := at[key]; seen && key != "" {
			out[i] = e
			continue
		}
		at[key] = len(out)
		out = append(out, e)
	}
	return out
}

// said is every text of a recording in which AWS says something about the failure, by where it stands.
func (r Recording) said() map[string][]string {
	out := map[string][]string{}
	add := func(place, text string) {
		if strings.TrimSpace(text) != "" {
			out[place] = append(out[place], text)
		}
	}
	for _, t := range r.Tasks {
		add("stopCode", t.StopCode)
		add("stoppedReason", t.StoppedReason)
		for _, c := range t.Containers {
			add("containers[].reason", c.Reason)
			if c.ExitCode != nil {
				add("containers[].exitCode", fmt.Sprint(*c.ExitCode))
			}
		}
	}
	for _, e := range r.Events {
		add("service event", e.Message)
	}
	for _, t := range r.Targets {
		add("target health", strings.TrimSpace(t.TargetHealth.Reason+" "+t.TargetHealth.Description))
	}
	return out
}
