package lab

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A scenario about a rule or schedule has the target that is typed for it: "--rule NAME CLUSTER" or "--schedule GROUP/NAME CLUSTER".
const (
	ruleStart     = "--rule "
	scheduleStart = "--schedule "
)

// Scheduled tells whether a scenario's target is a rule or schedule and not a service.
func Scheduled(target string) bool {
	return strings.HasPrefix(target, ruleStart) || strings.HasPrefix(target, scheduleStart)
}

// starterAt is the rule or schedule of a target, nil where there is none.
func (w *World) starterAt(target string) *starter {
	kind, rest, _ := strings.Cut(target, " ")
	name, _, _ := strings.Cut(rest, " ")
	if kind+" " == ruleStart {
		return w.starterOf("events", name)
	}
	return w.starterOf("scheduler", name)
}

const jobTakes = 20 * time.Minute // how long a task may take to start and end

// healedStarter tells whether the next firing of a rule or schedule starts a task that ends well: it lets the clock run until then. Without
// time to run it judges the last firing since the scenario began.
func (w *World) healedStarter(target string, run bool) error {
	s := w.starterAt(target)
	if s == nil {
		return fmt.Errorf("%s is not there", target)
	}
	since := w.began
	if run {
		since = w.now
		at, ok := s.next(w.now)
		if !ok {
			return fmt.Errorf("%s does not fire any more: it is switched off or its time is over", target)
		}
		w.advance(at.Sub(w.now) + s.window + time.Minute)
	}
	var last []firing
	for _, f := range s.fired {
		if f.at.After(since) && (len(last) == 0 || f.at.Equal(last[0].at)) {
			last = append(last, f)
		} else if f.at.After(since) {
			last = []firing{f}
		}
	}
	if len(last) == 0 {
		return fmt.Errorf("%s has not fired since", target)
	}
	if run {
		w.runOut(last)
	}
	for _, f := range last {
		if err := w.worked(s, f); err != nil {
			return fmt.Errorf("%s fired at %s: %w", target, f.at.Format(time.RFC3339), err)
		}
	}
	return nil
}

// runOut lets the clock run until the tasks of firings have ended.
func (w *World) runOut(firings []firing) {
	for end := w.now.Add(jobTakes); w.now.Before(end); w.advance(10 * time.Second) {
		open := false
		for _, f := range firings {
			for _, t := range f.tasks {
				open = open || !t.is("STOPPED")
			}
		}
		if !open {
			return
		}
	}
}

// worked says what was wrong with a firing, nil when its task ended with 0.
func (w *World) worked(s *starter, f firing) error {
	if f.refused != "" {
		return fmt.Errorf("nothing was started: %s", f.refused)
	}
	if len(f.tasks) == 0 {
		return fmt.Errorf("RunTask started nothing")
	}
	for _, t := range f.tasks {
		if family := aws.ToString(t.launch.definition.Family); w.families[s.id] != "" && w.families[s.id] != family {
			return fmt.Errorf("it started %s and not %s", family, w.families[s.id])
		}
		if !t.is("STOPPED") {
			return fmt.Errorf("task %s is %s", t.id, aws.ToString(t.LastStatus))
		}
		if t.StopCode != ecstypes.TaskStopCodeEssentialContainerExited {
			return fmt.Errorf("task %s: %s", t.id, aws.ToString(t.StoppedReason))
		}
		for _, c := range t.Containers {
			if aws.ToInt32(c.ExitCode) != 0 {
				return fmt.Errorf("task %s: container %s ended with %d", t.id, aws.ToString(c.Name), *c.ExitCode)
			}
		}
	}
	return nil
}
