package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/lab"
)

const labClock = "2006-01-02 15:04:05 MST"

func (a *app) labTime() *cobra.Command {
	var f labFlags
	cmd := &cobra.Command{
		Use:   "time [+DURATION]",
		Short: "Show the clock of the running lab, or let time pass at once",
		Long: `Show the clock of the running lab, or let time pass at once: everything that is due by then has happened when the
command ends. A task that cannot reach its registry gives up after minutes, start back-off grows to 27 minutes, a stopped
task is forgotten after an hour; +30m saves the wait.`,
		Example: "  ecsplain lab time +5m",
		Args:    arguments(0, 1, "at most one duration, as in +5m"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var by time.Duration
			if len(args) == 1 {
				var err error
				if by, err = jump(cmd, args[0]); err != nil {
					return err
				}
			}
			l, err := a.findLab(cmd, f)
			if err != nil {
				return err
			}
			before, err := l.status(cmd.Context())
			if err != nil {
				return err
			}
			if by == 0 {
				fmt.Fprintf(a.stdout, "%s, %s after the start; %s\n", before.Now.UTC().Format(labClock), since(before), pace(before.Speed))
				return nil
			}
			var after lab.Status
			if err := l.ask(cmd.Context(), http.MethodPost, "time", url.Values{"by": {by.String()}}, &after); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s, %s after the start; it was %s\n", after.Now.UTC().Format(labClock), since(after), before.Now.UTC().Format(time.TimeOnly))
			return nil
		},
	}
	f.on(cmd)
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if negative.MatchString(err.Error()) {
			_, err := jump(cmd, "-1s")
			return err
		}
		return cmd.Root().FlagErrorFunc()(cmd, err)
	})
	return cmd
}

// negative is the complaint about -5m, which looks like a flag.
var negative = regexp.MustCompile(`^unknown shorthand flag: '[0-9.]'`)

// jump reads how much time shall pass.
func jump(cmd *cobra.Command, text string) (time.Duration, error) {
	d, err := time.ParseDuration(strings.TrimPrefix(text, "+"))
	switch {
	case err == nil && d < 0:
		return 0, usagef(cmd.CommandPath()+" +5m", "the lab's time goes forward only; ecsplain lab reset puts it back to its start")
	case err != nil || d == 0:
		return 0, usagef(cmd.CommandPath()+" +5m", "%q is no time to let pass; write +90s, +5m or +2h", text)
	}
	return d, nil
}

func since(s lab.Status) time.Duration { return s.Now.Sub(s.Began).Truncate(time.Second) }

func pace(speed float64) string {
	if speed == 0 {
		return "it stands still until you let time pass: ecsplain lab time +5m"
	}
	return fmt.Sprintf("it runs %g times as fast as yours", speed)
}

func (a *app) labReset() *cobra.Command {
	var f labFlags
	cmd := &cobra.Command{
		Use:   "reset",
		Short: "Put the running lab back to its start: the same scenario, ids and time",
		Args:  arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := a.findLab(cmd, f)
			if err != nil {
				return err
			}
			var s lab.Status
			if err := l.ask(cmd.Context(), http.MethodPost, "reset", nil, &s); err != nil {
				return err
			}
			what := "a healthy account"
			if s.Scenario != "" {
				what = "scenario " + s.Scenario + ", broken again"
			}
			fmt.Fprintf(a.stdout, "The lab is back at its start: %s, %s. Its record of calls is empty.\n", what, s.Now.UTC().Format(labClock))
			return nil
		},
	}
	f.on(cmd)
	return cmd
}
