package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/lab"
)

func (a *app) labShell() *cobra.Command {
	var f labFlags
	cmd := &cobra.Command{
		Use:   "shell [-- COMMAND ARG...]",
		Short: "Open a shell whose AWS settings lead to the running lab alone, so that a slip cannot hit a real account",
		Long: `Open a shell whose AWS settings lead to the running lab alone, or run one command with them.

All AWS_* variables are removed. What stands there instead: AWS_ENDPOINT_URL and AWS_REGION of the lab; a configuration and
a credentials file of its own with dummy keys, so that no profile of yours can be reached, not even by --profile;
AWS_EC2_METADATA_DISABLED. A tool that does not look at AWS_ENDPOINT_URL goes to AWS with keys that open nothing. What you
type with an address or keys of your own (--endpoint-url, exported keys) is yours.

aws of version 1 leaves out AWS_ENDPOINT_URL for sqs, and aws before 1.29 and 2.13 for every service. Where such a version
is found, the shell has an aws in front of it that adds --endpoint-url.

The shell is $SHELL if it is bash or zsh, else sh. Its prompt begins with (lab).`,
		Example: `  ecsplain lab shell
  ecsplain lab shell -- aws ecs list-services --cluster shop`,
		Args: arguments(0, -1, "a command, after --"),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := a.findLab(cmd, f)
			if err != nil {
				return err
			}
			s, err := l.status(cmd.Context())
			if err != nil {
				return err
			}
			dir, err := os.MkdirTemp("", "ecsplain-lab-")
			if err != nil {
				return fmt.Errorf("the shell's AWS configuration has no place: %w", err)
			}
			defer os.RemoveAll(dir)
			sh := labShell{dir: dir, url: l.url, region: s.Region, environ: os.Environ()}
			if err := sh.write(); err != nil {
				return err
			}
			return a.enter(sh, s, args)
		},
	}
	f.on(cmd)
	return cmd
}

// enter runs the shell, or a command in it. Its exit code becomes ours.
func (a *app) enter(sh labShell, s lab.Status, command []string) error {
	interactive := len(command) == 0
	env := sh.env()
	if interactive {
		var more []string
		command, more = sh.interactive(a.getenv("SHELL"))
		env = append(env, more...)
		a.welcome(sh, s)
	}
	path, err := lookIn(command[0], sh.path())
	if err != nil {
		return fmt.Errorf("there is no program %s on PATH", command[0])
	}
	c := exec.Command(path, command[1:]...) // not bound to our context: Ctrl-C is for what runs in the shell
	c.Env, c.Stdin, c.Stdout, c.Stderr = env, a.stdin, a.stdout, a.stderr
	hangup := make(chan os.Signal, 1) // ends the shell, and we clean up after it
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	err = c.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return fmt.Errorf("%s cannot be run: %w", command[0], err)
	}
	if interactive {
		fmt.Fprintln(a.stderr, "out of the lab's shell; your own AWS settings are as they were")
		return nil
	}
	if ended != nil {
		a.code = max(ended.ExitCode(), 1)
	}
	return nil
}

func (a *app) welcome(sh labShell, s lab.Status) {
	fmt.Fprintf(a.stderr, "A shell for the lab on %s (account %s, %s).\nAll AWS settings in it lead there; exit leaves it.\n", sh.url, s.Account, s.Region)
	if s.Ticket != "" {
		fmt.Fprintf(a.stderr, "The ticket:\n%s", indented(s.Ticket, a.columns()))
	}
	if sh.wrapped != "" {
		fmt.Fprintf(a.stderr, "aws is %s, which does not send every service to AWS_ENDPOINT_URL: here it gets --endpoint-url.\n", sh.wrapped)
	}
}
