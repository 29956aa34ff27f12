package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Ctrl-C and SIGTERM end explain at once, also while it waits for a text that does not come.
func TestExplainStopsAtOnce(t *testing.T) {
	for _, args := range [][]string{{"explain", "-"}, {"explain", "--lines", "-"}} {
		in, typing := io.Pipe()
		defer typing.Close()
		ctx, stop := context.WithCancel(context.Background())
		var stdout, stderr bytes.Buffer
		a := &app{stdin: in, stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" }}
		root := a.root()
		root.SetArgs(args)
		done := make(chan error)
		go func() { done <- root.ExecuteContext(ctx) }()
		if _, err := io.WriteString(typing, "RESOURCE:"); err != nil { // it reads: now it waits for the rest
			t.Fatal(err)
		}
		stop()
		err := <-done
		if !errors.Is(err, context.Canceled) || a.fail(ctx, err) != exitFailed || !strings.Contains(stderr.String(), "stopped before the end") {
			t.Errorf("%q: error %v, want that it was stopped; stderr %s", args, err, stderr.String())
		}
	}
}

var readmeExample = regexp.MustCompile(`(?m)^    ecsplain explain "(.*)"$`)

// The README promises of its own example: what it means, what it does not mean, and the commands that tell its causes
// apart. Every cause has one.
func TestReadmeExplainsItsExample(t *testing.T) {
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := readmeExample.FindStringSubmatch(string(data))
	if m == nil {
		t.Fatal("the README has no example of explain")
	}
	for _, text := range []string{m[1], strings.TrimSuffix(m[1], "..."), strings.TrimSuffix(m[1], "...") + "…"} {
		var stdout, stderr bytes.Buffer
		if code := run([]string{"explain", text}, strings.NewReader(""), &stdout, &stderr, func(string) string { return "" }); code != 0 {
			t.Fatalf("%s: exit %d: %s", text, code, stderr.String())
		}
		out := stdout.String()
		causes := regexp.MustCompile(`(?m)^ +\d+\. `).FindAllString(out, -1)
		commands := regexp.MustCompile(`(?m)^     aws [a-z0-9-]+ (describe|list|get|simulate)`).FindAllString(out, -1)
		if !strings.HasPrefix(out, "MEANS ") || !strings.Contains(out, "\nNot ") || len(causes) < 3 || len(causes) > 8 || len(commands) != len(causes) {
			t.Errorf("%s: %d causes, %d commands\n%s", text, len(causes), len(commands), out)
		}
		for _, nature := range []string{"route table", "execution role may not"} {
			if !strings.Contains(strings.Join(strings.Fields(out), " "), nature) {
				t.Errorf("%s: no cause speaks of the %s", text, nature)
			}
		}
	}
}
