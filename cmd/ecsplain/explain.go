package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/diagnose/report"
)

// surfaces a message may be said to come from.
var surfaces = []string{message.SurfaceStoppedReason, message.SurfaceContainerReason, message.SurfaceServiceEvent, message.SurfaceRunTaskFailure, message.SurfaceLog}

// maxInput bounds one text, or one line of --lines: messages of AWS have at most a few thousand characters, the answer
// of describe-tasks for a hundred tasks some hundred thousand.
const maxInput = 1 << 20

func (a *app) explainCommand() *cobra.Command {
	var file, format, surface string
	var lines, verbose, all bool
	cmd := &cobra.Command{
		Use:   "explain MESSAGE | -",
		Short: "Say what a stopped reason, service event, RunTask failure or log line means",
		Long: `Say what a message of ECS means: in plain words, where in the launch of a task it arises, what it is not, and
what may be behind it, in the order to check. It looks at no account and needs none.

"-" reads one text of at most 1 MiB from stdin; with --lines each line is a message, and there may be any number.

Exit codes: 0 the message, or a part of it, was recognised; 4 nothing in it was; 2 usage, such as a file that is not
there or no text.`,
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
			defer in.Close()
			playbooks, err := loadPlaybooks("")
			if err != nil {
				return err
			}
			w := explainer{app: a, playbooks: playbooks, surface: surface, json: format == "json", verbose: verbose, all: all, in: in}
			if lines {
				return w.lines(cmd.Context())
			}
			return w.text(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&file, "file", "", "read the text from a file")
	f.BoolVar(&lines, "lines", false, "each line is a message")
	f.StringVar(&surface, "surface", "", "where it was seen: "+strings.Join(surfaces, ", ")+" (default: told by the text)")
	f.StringVar(&format, "format", "text", "text or json (with --lines: one document a line)")
	f.BoolVar(&all, "all", false, "every possible cause, where a message leaves many")
	f.BoolVar(&verbose, "verbose", false, "also what the message was wrapped in")
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	return cmd
}

// input is what to explain and what to call it in an error.
type input struct {
	io.Reader
	io.Closer
	name string // --file NAME, stdin; "" = the arguments
	file string // the name of the file; "" = none
}

func (a *app) input(cmd *cobra.Command, args []string, file string) (input, error) {
	open := io.NopCloser(nil)
	switch {
	case file != "" && len(args) > 0:
		return input{}, usagef(cmd.CommandPath()+" --file "+file, "give a message or --file, not both")
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return input{}, usagef("ls "+file, "--file: %s", err)
		}
		if st, err := f.Stat(); err == nil && st.IsDir() {
			f.Close()
			return input{}, usagef("ls "+file, "--file %s is a folder, expected a file with a message", file)
		}
		return input{Reader: f, Closer: f, name: "--file " + file, file: file}, nil
	case len(args) == 1 && args[0] == "-":
		return input{Reader: a.stdin, Closer: open, name: "stdin"}, nil
	case len(args) == 0:
		return input{}, usagef(cmd.CommandPath()+` "CannotPullContainerError: ..."`, "explain needs a message, --file FILE, or - for stdin")
	}
	return input{Reader: strings.NewReader(strings.Join(args, " ")), Closer: open}, nil
}

// again is the command line that reads the same input with a flag.
func (in input) again(flag string) string {
	switch {
	case in.file != "":
		return "ecsplain explain " + flag + "--file " + in.file
	case in.name != "":
		return "ecsplain explain " + flag + "-"
	}
	return "ecsplain explain " + flag + `"RESOURCE:MEMORY"`
}

// what calls the input by its name.
func (in input) what() string { return cmp.Or(in.name, "the message") }

// tooLong is the error of a text, or of line n of it, that is longer than what is read at once.
func (in input) tooLong(n int) error {
	if n > 0 {
		return usagef("fold -w 4096 FILE | ecsplain explain --lines -", "line %d of %s has more than %d bytes, the most a line may have", n, in.what(), maxInput)
	}
	return usagef(in.again("--lines ")+"   (for logs: each line is a message), or cut out the message", "%s has more than %d bytes (1 MiB), the most one message may have", in.what(), maxInput)
}

func (in input) notText() error {
	return usagef(in.again(""), "%s is no text: it holds bytes that no message has; expected UTF-8", in.what())
}

// isText reports whether data can be a message: no zero bytes, and next to nothing that is not UTF-8 or printable.
// Colours count as text.
func isText(data string) bool {
	odd, all := 0, 0
	for _, r := range data {
		all++
		switch {
		case r == 0:
			return false
		case r == utf8.RuneError, r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != 0x1b:
			odd++
		}
	}
	return odd*10 <= all
}

// await does work that cannot be stopped, such as reading stdin, and stops waiting for it when ctx ends.
func await[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type answer struct {
		v   T
		err error
	}
	done := make(chan answer, 1)
	go func() {
		v, err := work()
		done <- answer{v, err}
	}()
	select {
	case got := <-done:
		return got.v, got.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// explainer writes explanations in one format.
type explainer struct {
	*app
	in        input
	playbooks []*diagnose.Playbook
	surface   string
	json      bool
	verbose   bool
	all       bool
}

func (e explainer) explain(ctx context.Context, text string) (report.Explanation, error) {
	return await(ctx, func() (report.Explanation, error) { return report.Explain(e.surface, text, e.playbooks), nil })
}

func (e explainer) options() report.TextOptions {
	o := e.textOptions(e.verbose)
	o.AllCauses = e.all
	return o
}

func (e explainer) text(ctx context.Context) error {
	data, err := await(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(e.in, maxInput+1)) })
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("reading %s: %w", e.in.what(), err)
	case !isText(string(data)):
		return e.in.notText()
	case len(data) > maxInput:
		return e.in.tooLong(0)
	case strings.TrimSpace(string(data)) == "":
		return usagef(`ecsplain explain "RESOURCE:MEMORY"`, "the message is empty")
	}
	x, err := e.explain(ctx, string(data))
	if err != nil {
		return err
	}
	if !x.Recognised() {
		e.code = exitUnproven
	}
	if e.json {
		return report.ExplanationJSON(e.stdout, x, "  ")
	}
	return report.ExplanationText(e.stdout, x, e.options())
}

func (e explainer) lines(ctx context.Context) error {
	s := bufio.NewScanner(e.in)
	s.Buffer(nil, maxInput)
	explained, recognised := 0, false
	number := 1
	for ; ; number++ {
		more, err := await(ctx, func() (bool, error) { return s.Scan(), nil })
		if err != nil {
			return err
		}
		if !more {
			break
		}
		line := s.Text()
		if !isText(line) {
			return e.in.notText()
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		x, err := e.explain(ctx, line)
		if err != nil {
			return err
		}
		recognised = recognised || x.Recognised()
		if err := e.line(x, explained > 0); err != nil {
			return err
		}
		explained++
	}
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return e.in.tooLong(number)
	case err != nil:
		return fmt.Errorf("reading %s: %w", e.in.what(), err)
	case explained == 0:
		return usagef("ecsplain explain --lines --file events.txt", "there is no line to explain")
	}
	if !recognised {
		e.code = exitUnproven
	}
	return nil
}

func (e explainer) line(x report.Explanation, follows bool) error {
	if e.json {
		return report.ExplanationJSON(e.stdout, x, "")
	}
	if follows {
		fmt.Fprintln(e.stdout)
	}
	return report.ExplanationLine(e.stdout, x, e.options())
}
