package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab"
)

func (a *app) labCalls() *cobra.Command {
	var f labFlags
	var last int
	var format string
	cmd := &cobra.Command{
		Use:   "calls",
		Short: "List the AWS calls that the running lab was asked, and what it answered",
		Args:  arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf(cmd, "format", format, "text", "json"); err != nil {
				return err
			}
			if last < 0 {
				return usagef(cmd.CommandPath()+" --last 50", "--last %d: want 0 (all) or more", last)
			}
			l, err := a.findLab(cmd, f)
			if err != nil {
				return err
			}
			var calls []lab.CallRecord
			if err := l.ask(cmd.Context(), http.MethodGet, "calls", url.Values{"last": {strconv.Itoa(last)}}, &calls); err != nil {
				return err
			}
			if format == "json" {
				e := json.NewEncoder(a.stdout)
				e.SetIndent("", "  ")
				return e.Encode(calls)
			}
			return a.printCalls(l, calls, last)
		},
	}
	f.on(cmd)
	cmd.Flags().IntVar(&last, "last", 50, "how many, the newest; 0 = all that are on record")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

func (a *app) printCalls(l runningLab, calls []lab.CallRecord, last int) error {
	if len(calls) == 0 {
		fmt.Fprintf(a.stdout, "Nobody called the lab yet. Open a shell that does: ecsplain lab shell\n")
		return nil
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "LAB'S TIME\tCALL\tANSWER\tCALLER")
	for _, c := range calls {
		fmt.Fprintf(t, "%s\t%s:%s\t%s\t%s\n", c.Time.UTC().Format(time.TimeOnly), evidence.Clean(c.Service), evidence.Clean(c.Operation), answer(c), caller(c))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(calls) == last {
		fmt.Fprintf(a.stderr, "the newest %d; all of them: ecsplain lab calls --last 0\n", last)
	}
	return nil
}

// answer is the status, and AWS's code for an error.
func answer(c lab.CallRecord) string {
	if c.Status == 0 {
		return "broken on purpose"
	}
	if c.Code == "" {
		return strconv.Itoa(c.Status)
	}
	return strconv.Itoa(c.Status) + " " + evidence.Clean(c.Code)
}

// callers are the words by which programs make themselves known in a user agent, the more telling first.
var callers = []*regexp.Regexp{
	regexp.MustCompile(`\bapp/([\w.-]+)`),
	regexp.MustCompile(`\b((?:aws-cli|Terraform|aws-cdk|Boto3|aws-sdk-[\w-]+|Botocore|ecsplain-lab)(?:/[\w.-]+)?)`),
}

// caller is the program that called, in short, and the access key that it used.
func caller(c lab.CallRecord) string {
	agent := evidence.Clean(c.UserAgent)
	who := agent[:min(len(agent), 30)]
	for _, known := range callers {
		if m := known.FindStringSubmatch(agent); m != nil {
			who = m[1]
			break
		}
	}
	if c.AccessKey == "" {
		return who + ", not signed"
	}
	return who + " as " + evidence.Clean(c.AccessKey)
}
