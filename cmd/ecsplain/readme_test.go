package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

var portOf = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// The README shows what the demo prints: the first part of the report, then the fix and the healing.
func TestReadmeShowsTheDemo(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run([]string{"demo"}, strings.NewReader(""), &stdout, &stderr, func(string) string { return "" }); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	out := portOf.ReplaceAllString(stdout.String(), "127.0.0.1:PORT")
	head, rest, ok := strings.Cut(out, "\nWhy\n")
	_, tail, ok2 := strings.Cut(rest, "# The fix that the report names:")
	if !ok || !ok2 {
		t.Fatalf("the demo prints no report and fix:\n%s", out)
	}
	shown := head + "\n[... why, every check with what it read, other fixes, what was ruled out ...]\n\n# The fix that the report names:" + tail
	const name = "../../README.md"
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), "```text\n")
	_, after, ok2 := strings.Cut(rest, "```\n<!-- end -->")
	if !ok || !ok2 {
		t.Fatal("the README has no place for the demo's output")
	}
	want := before + "```text\n" + shown + "```\n<!-- end -->" + after
	if want == string(data) {
		return
	}
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("the README shows other output than the demo prints; run go test ./cmd/ecsplain -run Readme -update. The demo prints:\n%s", shown)
}
