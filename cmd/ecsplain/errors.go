package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/evidence"
)

// usage is an error in what was typed: what is wrong, and what to type instead.
type usage struct{ what, try string }

func (u usage) Error() string { return u.what }

func usagef(try, format string, args ...any) error {
	return usage{what: fmt.Sprintf(format, args...), try: try}
}

// unknownCommand offers the names that come close.
func unknownCommand(cmd *cobra.Command, name string) error {
	cmd.SuggestionsMinimumDistance = 2
	what := fmt.Sprintf("%s has no command %q", cmd.CommandPath(), name)
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		what += "; did you mean " + strings.Join(near, ", ") + "?"
	}
	return usage{what: what, try: cmd.CommandPath() + " --help"}
}

// arguments is a cobra check of the number of arguments, with our words. most < 0 means no limit.
func arguments(least, most int, want string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef(cmd.CommandPath()+" --help", "%s needs %s", cmd.CommandPath(), want)
		case most >= 0 && len(args) > most:
			return usagef(cmd.CommandPath()+" --help", "%s does not know what to do with %q; it takes %s", cmd.CommandPath(), args[most], want)
		}
		return nil
	}
}

// oneOf refuses a flag's value that is not on its list.
func oneOf(cmd *cobra.Command, flag, value string, list ...string) error {
	for _, l := range list {
		if value == l {
			return nil
		}
	}
	return usagef(cmd.CommandPath()+" --help", "--%s %q is not one of %s", flag, value, strings.Join(list, ", "))
}

// fail says on stderr what went wrong, where, and what to type, and gives the exit code. It is the only place that does.
func (a *app) fail(ctx context.Context, err error) int {
	code, try := exitFailed, ""
	what := err.Error()
	var (
		u      usage
		target *diagnose.TargetError
	)
	switch {
	case errors.As(err, &u):
		code, try = exitUsage, u.try
	case errors.As(err, &target):
		code = exitUsage
	case errors.Is(err, context.Canceled) || ctx.Err() != nil:
		what = "stopped before the end; nothing was changed"
	case errors.Is(err, context.DeadlineExceeded):
		what, try = "the time of this run was over: "+what, "ecsplain diagnose ... --deadline 3m"
	case errors.Is(err, os.ErrPermission):
		try = "check that you may read it"
	}
	fmt.Fprintln(a.stderr, "ecsplain: "+strings.TrimSpace(evidence.Clean(what)))
	if try != "" {
		fmt.Fprintln(a.stderr, "  try: "+try)
	}
	return code
}
