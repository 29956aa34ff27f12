package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/diagnose/report"
)

// Exit codes. They are a published contract.
const (
	exitHealthy   = 0
	exitFailed    = 1 // could not run
	exitUsage     = 2
	exitConfirmed = 3 // a cause is confirmed
	exitUnproven  = 4 // something is wrong, or could not be seen, and no cause is confirmed
)

// app is what sub-commands share: where they read and write, and how talkative they are.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	verbosity      int // number of -v
	code           int // exit code of a run that did not fail
}

// run is the program. Results go to stdout; progress, logs and errors to stderr. getenv answers "" for what is not set;
// the AWS SDK reads the environment of the process by itself.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		return a.fail(ctx, err)
	}
	return a.code
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "ecsplain",
		Short: "Find out why containers on AWS Fargate do not run, with proof and the fix",
		Long: `ecsplain finds out why containers on AWS Fargate do not run, says it in plain words, proves it with what AWS
answered, and gives the fix. It only reads.

  ecsplain demo                       see it work; needs no AWS account
  ecsplain diagnose CLUSTER/SERVICE   the main job
  ecsplain preflight CLUSTER/SERVICE  would the next task start?
  ecsplain explain "MESSAGE"          what a stopped reason or service event means

Exit codes: 0 healthy; 3 a cause is confirmed (of a service that is told to run no task, too); 4 something is wrong or
could not be seen, and nothing is confirmed; 2 usage; 1 could not run.`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownCommand(cmd, args[0])
		},
	}
	root.SetVersionTemplate(versionLine() + "\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage{what: err.Error(), try: cmd.CommandPath() + " --help"}
	})
	root.PersistentFlags().CountVarP(&a.verbosity, "log", "v", "log each call to AWS on stderr; -vv: what each wave asks for, too")
	root.AddCommand(a.diagnoseCommand(), a.preflightCommand(), a.explainCommand(), a.demoCommand(), a.labCommand(), a.playbooksCommand(), a.policyCommand(), a.versionCommand())
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			group(cmd)
		}
	}
	return root
}

// group makes a command that only holds others: it shows its help, and refuses a name it does not have.
func group(cmd *cobra.Command) *cobra.Command {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return unknownCommand(cmd, args[0])
	}
	return cmd
}

func (a *app) log() zerolog.Logger {
	level := zerolog.Disabled
	switch {
	case a.verbosity == 1:
		level = zerolog.DebugLevel
	case a.verbosity > 1:
		level = zerolog.TraceLevel
	}
	out := zerolog.ConsoleWriter{Out: a.stderr, NoColor: !a.colour(a.stderr), TimeFormat: "15:04:05.000"}
	return zerolog.New(out).Level(level).With().Timestamp().Logger()
}

// isTerminal reports whether w is one. The null device counts as one too, and does not mind.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

func (a *app) colour(w io.Writer) bool {
	return isTerminal(w) && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
}

// widest is how long a line of prose may be in a terminal that is wider: longer ones are hard to read.
const widest = 100

// textOptions lay text out for stdout: as wide as COLUMNS says, else as the terminal is.
func (a *app) textOptions(verbose bool) report.TextOptions {
	width, err := strconv.Atoi(strings.TrimSpace(a.getenv("COLUMNS")))
	if err != nil || width < 1 {
		width = min(terminalWidth(a.stdout), widest)
	}
	return report.TextOptions{Width: width, Color: a.colour(a.stdout), Verbose: verbose}
}
