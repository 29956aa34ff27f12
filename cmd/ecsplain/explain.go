package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/diagnose/report"
)

// surfaces a message may be said to come from.
var surfaces = []string{message.SurfaceStoppedReason, message.SurfaceContainerReason, message.SurfaceServiceEvent, message.SurfaceRunTaskFailure, message.SurfaceLog}

// maxInput bounds a text given to explain.
const maxInput = 8 << 20

func (a *app) explainCommand() *cobra.Command {
	var file, format, surface string
	var lines, verbose bool
	cmd := &cobra.Command{
		Use:   "explain MESSAGE | -",
		Short: "Say what a stopped reason, service event, RunTask failure or log line means",
		Long: `Say what a message of ECS means: in plain words, where in the launch of a task it arises, what it is not, and
what may be behind it, in the order to check. It looks at no account and needs none.

"-" reads one text from stdin; with --lines each line is a message.`,
		Example: `  ecsplain explain "RESOURCE:MEMORY"
  aws ecs describe-tasks --cluster shop --tasks ID | ecsplain explain -
  ecsplain explain --lines --file events.txt`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf(cmd, "format", format, "text", "json"); err != nil {
				return err
			}
			if surface != "" {
				if err := oneOf(cmd, "surface", surface, surfaces...); err != nil {
					return err
				}
			}
			in, err := a.input(cmd, args, file)
			if err != nil {
				return err
			}
			playbooks, err := loadPlaybooks("")
			if err != nil {
				return err
			}
			w := explainer{app: a, playbooks: playbooks, surface: surface, json: format == "json", verbose: verbose}
			if lines {
				return w.lines(in)
			}
			return w.text(in)
		},
	}
	f := cmd.Flags()
	f.StringVar(&file, "file", "", "read the text from a file")
	f.BoolVar(&lines, "lines", false, "each line is a message")
	f.StringVar(&surface, "surface", "", "where it was seen: "+strings.Join(surfaces, ", ")+" (default: told by the text)")
	f.StringVar(&format, "format", "text", "text or json (with --lines: one document a line)")
	f.BoolVar(&verbose, "verbose", false, "also what the message was wrapped in")
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	return cmd
}

// input is the one text to explain: the arguments, a file, or stdin.
func (a *app) input(cmd *cobra.Command, args []string, file string) (io.Reader, error) {
	switch {
	case file != "" && len(args) > 0:
		return nil, usagef(cmd.CommandPath()+" --file "+file, "give a message or --file, not both")
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return nil, usagef("ls "+file, "--file: %s", err)
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, maxInput))
		return strings.NewReader(string(data)), err
	case len(args) == 1 && args[0] == "-":
		return io.LimitReader(a.stdin, maxInput), nil
	case len(args) == 0:
		return nil, usagef(cmd.CommandPath()+` "CannotPullContainerError: ..."`, "explain needs a message, --file FILE, or - for stdin")
	}
	return strings.NewReader(strings.Join(args, " ")), nil
}

// explainer writes explanations in one format.
type explainer struct {
	*app
	playbooks []*diagnose.Playbook
	surface   string
	json      bool
	verbose   bool
}

func (e explainer) text(in io.Reader) error {
	data, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("reading the message: %w", err)
	}
	if strings.TrimSpace(string(data)) == "" {
		return usagef(`ecsplain explain "RESOURCE:MEMORY"`, "the message is empty")
	}
	x := report.Explain(e.surface, string(data), e.playbooks)
	if e.json {
		return report.ExplanationJSON(e.stdout, x, "  ")
	}
	return report.ExplanationText(e.stdout, x, e.textOptions(e.verbose))
}

func (e explainer) lines(in io.Reader) error {
	s := bufio.NewScanner(in)
	s.Buffer(nil, 1<<20)
	n := 0
	for s.Scan() {
		if strings.TrimSpace(s.Text()) == "" {
			continue
		}
		n++
		x := report.Explain(e.surface, s.Text(), e.playbooks)
		if e.json {
			if err := report.ExplanationJSON(e.stdout, x, ""); err != nil {
				return err
			}
			continue
		}
		if n > 1 {
			fmt.Fprintln(e.stdout)
		}
		if err := report.ExplanationLine(e.stdout, x, e.textOptions(e.verbose)); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("reading the messages: %w", err)
	}
	if n == 0 {
		return usagef("ecsplain explain --lines --file events.txt", "there is no line to explain")
	}
	return nil
}
