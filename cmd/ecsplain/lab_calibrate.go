package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab/calibrate"
)

func (a *app) labCalibrate() *cobra.Command {
	var from, format string
	cmd := &cobra.Command{
		Use:   "calibrate SCENARIO --from RECORDING",
		Short: "Compare the lab's words, order and times with a recording of a real failure",
		Long: `Breaks the lab as the scenario says, on five accounts, and compares what it answers with what AWS answered when the same thing was
broken on a real account. RECORDING is a file or a folder of what these print with --output json, each as often as you like:

  aws ecs describe-services --cluster CLUSTER --services SERVICE
  aws ecs describe-tasks --cluster CLUSTER --tasks ... (of list-tasks --desired-status STOPPED)
  aws elbv2 describe-target-health --target-group-arn ARN

Names, ids, ARNs, addresses and numbers are not compared. A time is the same within a factor of two of what the lab shows.
Exit code 3 if anything differs.`,
		Args: arguments(1, 1, "the scenario that breaks the lab in the same way, as in: ecsplain lab calibrate no-way-out --from answers.json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf(cmd, "format", format, "text", "json"); err != nil {
				return err
			}
			if from == "" {
				return usagef(cmd.CommandPath()+" --help", "which recording? --from is missing")
			}
			s, err := findScenario(args[0])
			if err != nil {
				return err
			}
			recorded, err := calibrate.Read(from)
			if err != nil {
				return usage{what: err.Error(), try: cmd.CommandPath() + " --help"}
			}
			r, err := calibrate.Against(cmd.Context(), s, recorded)
			if err != nil {
				return err
			}
			if format == "json" {
				e := json.NewEncoder(a.stdout)
				e.SetIndent("", "  ")
				err = e.Encode(r)
			} else {
				a.printCalibration(r)
			}
			if err == nil && r.Differences() > 0 {
				a.code = exitConfirmed
			}
			return err
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "file or folder with AWS's answers about the real failure")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

// printCalibration shows differences first to last, and what only the lab shows in one line each.
func (a *app) printCalibration(r calibrate.Report) {
	fmt.Fprintf(a.stdout, "Recorded: %d tasks, %d service events, %d targets. Compared with the lab's %s on five accounts.\n", r.Tasks, r.Events, r.Targets, r.Scenario)
	for _, part := range []struct {
		title string
		lines []calibrate.Line
	}{{"Words", r.Words}, {"Order", r.Order}, {"Times", r.Times}} {
		fmt.Fprintf(a.stdout, "\n%s\n", part.title)
		if len(part.lines) == 0 {
			fmt.Fprintf(a.stdout, "  nothing to compare in the recording\n")
		}
		for _, l := range part.lines {
			if l.Verdict == calibrate.OnlyLab {
				fmt.Fprintf(a.stdout, "  %-13s  %s: %s\n", l.Verdict, shown(l.What), shown(l.Lab))
				continue
			}
			fmt.Fprintf(a.stdout, "  %-13s  %s\n       recorded  %s\n", l.Verdict, shown(l.What), shown(l.Recorded))
			if l.Lab != "" && (l.Verdict != calibrate.Same || l.Lab != l.Recorded) {
				fmt.Fprintf(a.stdout, "            lab  %s\n", shown(l.Lab))
			}
		}
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(a.stdout, "\nnot read: %s holds no tasks, services or target health\n", shown(s))
	}
	switch n := r.Differences(); n {
	case 0:
		fmt.Fprintf(a.stdout, "\nThe lab shows all that was recorded.\n")
	case 1:
		fmt.Fprintf(a.stdout, "\n1 thing was recorded that the lab does not show in the same way.\n")
	default:
		fmt.Fprintf(a.stdout, "\n%d things were recorded that the lab does not show in the same way.\n", n)
	}
}

// shown makes a recorded text safe for the terminal.
func shown(text string) string { return evidence.Redact(evidence.Clean(text)) }
