package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/diagnose/report"
	"github.com/ecsplain/ecsplain/lab"
	"github.com/ecsplain/ecsplain/lab/wire"
)

var endpoint = regexp.MustCompile(`AWS_ENDPOINT_URL=(http://127\.0\.0\.1:\d+) AWS_REGION=eu-west-1`)

// lab up answers AWS calls at the address that it prints, until it is told to stop.
func TestLabUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	var stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: in, stderr: &stderr, getenv: func(string) string { return "" }}
	root := a.root()
	root.SetArgs([]string{"lab", "up", "no-way-out", "--port", "0", "--speed", "0"})
	done := make(chan error, 1)
	go func() { done <- root.ExecuteContext(ctx); in.Close() }()
	lines := bufio.NewScanner(out)
	url := ""
	for lines.Scan() {
		if m := endpoint.FindStringSubmatch(lines.Text()); m != nil {
			url = m[1]
		}
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			break
		}
	}
	if url == "" {
		t.Fatal("no address was printed")
	}
	c := wire.Client{Endpoint: url, Region: "eu-west-1"}
	if _, err := c.Call(ctx, "ecs", "ListClusters", nil); err != nil {
		t.Errorf("the lab does not answer: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("it ended with %v", err)
	}
	if _, err := c.Call(t.Context(), "ecs", "ListClusters", nil); err == nil {
		t.Error("the lab answers after its end")
	}
}

func TestLabUpOnATakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	var stdout, stderr bytes.Buffer
	code := run([]string{"lab", "up", "--port", port}, strings.NewReader(""), &stdout, &stderr, os.Getenv)
	if code != exitFailed || !strings.Contains(stderr.String(), "port "+port+" of this machine is taken") {
		t.Errorf("exit %d, %s", code, stderr.String())
	}
}

// reportOn diagnoses a scenario over HTTP, as the demo does.
func reportOn(t *testing.T, s lab.Scenario) diagnose.Report {
	t.Helper()
	w, err := s.Start(lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	url, stop, err := serve(w.Handler(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }}
	r, err := demo{app: a, world: w, scenario: s, url: url}.diagnose(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every scenario's report keeps the published contract, and reads without a hole.
func TestScenarioReports(t *testing.T) {
	all, err := lab.Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		t.Run(s.Name, func(t *testing.T) {
			r := reportOn(t, s)
			var js, text bytes.Buffer
			if err := report.JSON(&js, r); err != nil {
				t.Fatal(err)
			}
			if err := report.Validate(js.Bytes()); err != nil {
				t.Error(err)
			}
			if err := report.Text(&text, r, report.TextOptions{}); err != nil {
				t.Fatal(err)
			}
			for _, hole := range []string{"%!", "${", "<nil>", "0001-01-01", "map["} {
				if strings.Contains(text.String(), hole) {
					t.Errorf("%q in the report:\n%s", hole, text.String())
				}
			}
			if r.ExitCode() == exitConfirmed && r.Targets[0].Health != facts.Healthy {
				firstScreen(t, r, text.String())
			}
		})
	}
}

// firstScreen holds a report on a broken service to the promise of its first 24 rows at 80 columns.
func firstScreen(t *testing.T, r diagnose.Report, text string) {
	t.Helper()
	rows, screen := 0, ""
	for _, l := range strings.Split(text, "\n") {
		if rows += max(1, (len(l)+79)/80); rows > 24 {
			break
		}
		screen += l + "\n"
	}
	f := r.Targets[0].Findings[0]
	want := []string{"Account 111122223333, eu-west-1", "Impact ", "CAUSE ", f.Subject.ID}
	if !strings.Contains(text, "DO NOT OPEN") { // since when no session opens, nobody tells
		want = append(want, "Since ")
	}
	if slices.ContainsFunc(f.Steps, func(s diagnose.Step) bool { return len(s.Cites) > 0 }) {
		want = append(want, "Proof")
	}
	if len(f.Mitigate) > 0 {
		want = append(want, "Do first")
	}
	if len(f.Fix) > 0 && (f.Fix[0].Replaces != "" || f.Fix[0].ReducesCapacity) {
		want = append(want, "Careful ")
	}
	if len(f.Fix) > 0 {
		want = append(want, "Fix ", strings.SplitN(f.Fix[0].Command, "\n", 2)[0])
	}
	for _, w := range want {
		if !strings.Contains(screen, w) {
			t.Errorf("the first screen lacks %q:\n%s", w, screen)
		}
	}
}
