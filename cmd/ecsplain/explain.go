package main

import (
	"bufio"
	"bytes"
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

// maxInput bounds, in bytes, one text given to explain, and one line with --lines. A message of AWS has at most 1024
// characters; the largest answer of the API that one would hand over whole, a hundred tasks, has some 500,000.
const maxInput = 1 << 20

func (a *app) explainCommand() *cobra.Command {
	var file, format, surface string
	var lines, verbose, all bool
	cmd := &cobra.Command{
		Use:   "explain MESSAGE | -",
		Short: "Say what a stopped reason, service event, RunTask failure or log line means",
		Long: `Say what a message of ECS means: in plain words, where in the launch of a task it arises, what it is not, and
what may be behind it, in the order to check. It looks at no account and needs none.

"-" reads one text from stdin; with --lines each line is a message. A text has at most 1 MiB, and so has a line; a file
with --lines may be of any length.

Exit codes: 0 something was recognised; 4 nothing was recognised in the text, or in any of the lines; 2 usage, also what
is no text or too long; 1 could not run.`,
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
			layout := a.textOptions(verbose)
			layout.All = all
			w := explainer{app: a, ctx: cmd.Context(), out: whileRunning{cmd.Context(), a.stdout}, layout: layout, playbooks: playbooks, surface: surface, json: format == "json", source: file}
			do := w.text
			if lines {
				do = w.lines
			}
			return w.untilStopped(func() error { return do(in) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&file, "file", "", "read the text from a file")
	f.BoolVar(&lines, "lines", false, "each line is a message")
	f.StringVar(&surface, "surface", "", "where it was seen: "+strings.Join(surfaces, ", ")+" (default: told by the text)")
	f.StringVar(&format, "format", "text", "text or json (with --lines: one document a line)")
	f.BoolVar(&all, "all", false, "of new words: every cause that may be behind them")
	f.BoolVar(&verbose, "verbose", false, "also what the message was wrapped in")
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	return cmd
}

// input is the one text to explain: the arguments, a file, or stdin.
func (a *app) input(cmd *cobra.Command, args []string, file string) (io.ReadCloser, error) {
	switch {
	case file != "" && len(args) > 0:
		return nil, usagef(cmd.CommandPath()+" --file "+file, "give a message or --file, not both")
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return nil, usagef("ls "+file, "--file: %s", err)
		}
		if st, err := f.Stat(); err == nil && st.IsDir() {
			f.Close()
			return nil, usagef("ls "+file, "--file: %s is a folder; a file with the text is wanted", file)
		}
		return f, nil
	case len(args) == 1 && args[0] == "-":
		return io.NopCloser(a.stdin), nil
	case len(args) == 0:
		return nil, usagef(cmd.CommandPath()+` "CannotPullContainerError: ..."`, "explain needs a message, --file FILE, or - for stdin")
	}
	return io.NopCloser(strings.NewReader(strings.Join(args, " "))), nil
}

// explainer writes explanations in one format.
type explainer struct {
	*app
	ctx       context.Context
	out       io.Writer
	layout    report.TextOptions
	playbooks []*diagnose.Playbook
	surface   string
	source    string // the file it reads; "" none
	json      bool
}

// untilStopped does the work, and comes back at once when the user stops it, whatever it waits for.
func (e explainer) untilStopped(work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-e.ctx.Done():
		return e.ctx.Err()
	}
}

func (e explainer) text(in io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	switch {
	case err != nil:
		return fmt.Errorf("reading the message: %w", err)
	case len(data) > maxInput:
		return e.tooLong(in)
	case strings.TrimSpace(string(data)) == "":
		return usagef(`ecsplain explain "RESOURCE:MEMORY"`, "the message is empty")
	}
	if why := noText(data); why != "" {
		return usagef(`ecsplain explain "RESOURCE:MEMORY"`, "this is no text: %s", why)
	}
	x := report.Explain(e.surface, string(data), e.playbooks)
	if x.Nothing {
		e.code = exitUnproven
	}
	if e.json {
		return report.ExplanationJSON(e.out, x, "  ")
	}
	return report.ExplanationText(e.out, x, e.layout)
}

// tooLong says how much there is, where that is known, how much may be, and what to type instead.
func (e explainer) tooLong(in io.Reader) error {
	much, log, cut := fmt.Sprintf("more than %d bytes", maxInput), "-", "head -c 100000"
	if f, ok := in.(*os.File); ok && e.source != "" {
		if st, err := f.Stat(); err == nil && st.Size() > maxInput {
			much = fmt.Sprintf("%d bytes", st.Size())
		}
		log, cut = "--file "+e.source, cut+" "+e.source
	}
	return usagef("ecsplain explain --lines "+log+"   (a log: each line is a message); or the part that matters: "+cut+" | ecsplain explain -",
		"the text has %s; explain takes it for one message, which may have %d (1 MiB)", much, maxInput)
}

func (e explainer) lines(in io.Reader) error {
	s := bufio.NewScanner(in)
	s.Buffer(nil, maxInput)
	number, n, recognised := 0, 0, false
	for s.Scan() {
		number++
		if strings.TrimSpace(s.Text()) == "" {
			continue
		}
		if why := noText(s.Bytes()); why != "" {
			return usagef("ecsplain explain --lines --file events.txt", "line %d is no text: %s", number, why)
		}
		n++
		x := report.Explain(e.surface, s.Text(), e.playbooks)
		recognised = recognised || !x.Nothing
		if err := e.line(x, n == 1); err != nil {
			return err
		}
	}
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return usagef("fold -w 100000 FILE | ecsplain explain --lines -", "line %d is longer than 1 MiB (%d bytes); with --lines each line is one message", number+1, maxInput)
	case err != nil:
		return fmt.Errorf("reading the messages: %w", err)
	case n == 0:
		return usagef("ecsplain explain --lines --file events.txt", "there is no line to explain")
	}
	if !recognised {
		e.code = exitUnproven
	}
	return nil
}

func (e explainer) line(x report.Explanation, first bool) error {
	if e.json {
		return report.ExplanationJSON(e.out, x, "")
	}
	if !first {
		fmt.Fprintln(e.out)
	}
	return report.ExplanationLine(e.out, x, e.layout)
}

// noText says why data is no text, "" where it is one. A stray byte of another encoding is forgiven.
func noText(data []byte) string {
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return fmt.Sprintf("byte %d is zero (a binary file, or UTF-16: save it as UTF-8)", i)
	}
	bad, all := 0, 0
	for rest := data; len(rest) > 0; all++ {
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 || r < ' ' && !strings.ContainsRune("\t\n\v\f\r\b\a\x1b", r) {
			bad++
		}
		rest = rest[n:]
	}
	if bad > 2 && bad*20 > all {
		return fmt.Sprintf("%d of %d characters are not printable UTF-8", bad, all)
	}
	return ""
}

// whileRunning writes until the run is stopped.
type whileRunning struct {
	ctx context.Context
	w   io.Writer
}

func (w whileRunning) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.w.Write(p)
}
