package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
)

// healthWords is the first word on a target.
var healthWords = map[facts.Health]struct{ word, style string }{
	facts.Healthy:  {"healthy", green},
	facts.Degraded: {"DEGRADED", yellow},
	facts.Down:     {"DOWN", red},
	facts.Unknown:  {"UNKNOWN", yellow},
}

// impactWords says what users of the target feel; "" where nothing of it could be read.
func impactWords(t diagnose.TargetReport) string {
	im := t.Impact
	if im.Status == "" {
		return ""
	}
	if t.Target.Kind == evidence.TargetTask {
		return fmt.Sprintf("The task of %s is %s.", orWord(im.NewRevision, "an unknown revision"), clean(im.Status))
	}
	if t.Target.Kind == evidence.TargetRule || t.Target.Kind == evidence.TargetSchedule {
		end := "."
		if t.Health == facts.Healthy {
			end = "" // the sentence goes on
		}
		if im.Ended {
			return fmt.Sprintf("The %s has ended: it starts %s in cluster %s no more%s", t.Target.Kind, orWord(im.NewRevision, "an unknown revision"), orWord(t.Target.Cluster, "(not told)"), end)
		}
		return fmt.Sprintf("The %s is %s and runs %s in cluster %s%s", t.Target.Kind, clean(im.Status), orWord(im.NewRevision, "an unknown revision"), orWord(t.Target.Cluster, "(not told)"), end)
	}
	s := fmt.Sprintf("%d of %s %s", im.Running, plural(im.Desired, "task"), runWord(im.Desired))
	if im.Pending > 0 && t.Health != facts.Healthy {
		s += fmt.Sprintf(", %d waiting", im.Pending)
	}
	if t.Health == facts.Healthy {
		return s
	}
	switch {
	case im.OldRevision != "" && im.NewRunning == 0:
		s += fmt.Sprintf("; %s (new) runs none; %s (old) still serves %d", clean(im.NewRevision), clean(im.OldRevision), im.OldRunning)
	case im.OldRevision != "":
		s += fmt.Sprintf("; %s (new) runs %d; %s (old) still serves %d", clean(im.NewRevision), im.NewRunning, clean(im.OldRevision), im.OldRunning)
	case im.Running == 0 && im.Desired > 0:
		s += "; none of " + clean(im.NewRevision) + " stays up and nothing else serves"
	case im.Running < im.Desired:
		s += "; the rest does not come up"
	case im.Failures > 0 && im.NewRevision != "":
		s += fmt.Sprintf(", and %s of %s failed", plural(im.Failures, "task"), clean(im.NewRevision))
	}
	if im.TargetsKnown {
		s += fmt.Sprintf("; targets healthy %d of %d", im.TargetsHealthy, im.Targets)
	}
	return s + "."
}

// runWord agrees with a number of tasks.
func runWord(n int) string {
	if n == 1 {
		return "runs"
	}
	return "run"
}

// sinceWords says since when, absolute and relative to the evidence.
func sinceWords(t diagnose.TargetReport, at time.Time) string {
	im := t.Impact
	var parts []string
	if im.Since.Known {
		parts = append(parts, stamp(im.Since.At)+" ("+ago(im.Since.At, at)+")")
	} else {
		parts = append(parts, "not known")
	}
	if im.Failures > 0 {
		parts = append(parts, plural(im.Failures, "failed task"))
	}
	if im.Stuck > 0 {
		parts = append(parts, fmt.Sprintf("%d stuck", im.Stuck))
	}
	if im.BackingOff {
		parts = append(parts, "AWS now delays each new try")
	}
	return strings.Join(parts, ", ")
}

func stamp(t time.Time) string { return evidence.UTC(t) }

// ago says how long before now t was.
func ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < 0:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min ago", int(d.Hours()), int(d.Minutes())%60)
	}
	return plural(int(d.Hours()/24), "day") + " ago"
}

func plural(n int, noun string) string { return evidence.Counted(n, noun) }

func orWord(s, otherwise string) string {
	if s = clean(s); s == "" {
		return otherwise
	}
	return s
}

// callerWords names the account, the region and who asked.
func callerWords(c evidence.Caller) string {
	if c.Account == "" {
		return "Account not known (sts:GetCallerIdentity was not answered)"
	}
	who := clean(c.ARN)
	if parts := strings.SplitN(who, ":", 6); len(parts) == 6 {
		who = parts[5]
	}
	s := "Account " + clean(c.Account) + ", " + clean(c.Region)
	if who != "" {
		s += ", as " + who
	}
	return s
}

// who names the account and who asked, and the time of the evidence.
func who(r diagnose.Report) string {
	s := callerWords(r.Caller) + "."
	if !r.At.IsZero() {
		s += " Read " + stamp(r.At) + "."
	}
	return s
}

func subjectWords(s diagnose.SubjectRef) string {
	return strings.TrimSpace(clean(s.Kind) + " " + clean(s.ID))
}

// verdictWords are the words for a finding's verdict.
var verdictWords = map[diagnose.Verdict]string{
	diagnose.Confirmed: "confirmed",
	diagnose.Changed:   "fits, but changed since",
	diagnose.NotClear:  "not decided",
}

// citeWords is one cited fact in a line: who said it, of what, and what.
func citeWords(c evidence.Cite, limit int) string {
	s := clean(c.Call)
	if r := clean(c.Resource); r != "" {
		s += " " + r
	}
	value := clean(c.Value)
	if limit > 0 {
		value = short(value, limit)
	}
	if f := clean(c.Field); f != "" {
		return s + ": " + f + " = " + orWord(value, "(none)")
	}
	return s + ": " + orWord(value, "(none)")
}

func keyWords(k evidence.Key) string { return strings.TrimSuffix(clean(k.String()), "/") }

// gapWords says what could not be read, and what would show it.
func gapWords(g evidence.Gap) string {
	s := keyWords(g.Key) + ": " + orWord(g.Call, "no call") + " gave " + orWord(g.Reason, "no answer")
	if m := short(g.Message, 200); m != "" {
		s += " (" + m + ")"
	}
	if g.Fix != "" {
		s += ". To see it: " + clean(g.Fix)
	}
	return s
}
