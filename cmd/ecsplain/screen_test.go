package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/diagnose/report"
	"github.com/ecsplain/ecsplain/lab"
)

// The first 24 lines at 80 columns of three diagnoses: a network cause, a release that cannot start while the old one
// serves, a crash loop.
func TestFirstScreen(t *testing.T) {
	for _, name := range []string{"no-way-out", "tag-you-are-not-it", "crash-on-arrival"} {
		t.Run(name, func(t *testing.T) {
			s, err := lab.FindScenario(name)
			if err != nil {
				t.Fatal(err)
			}
			r := reportOn(t, s)
			var text bytes.Buffer
			if err := report.Text(&text, r, report.TextOptions{Width: 80}); err != nil {
				t.Fatal(err)
			}
			lines := strings.SplitAfter(text.String(), "\n")
			got := strings.Join(lines[:min(24, len(lines))], "")
			golden := filepath.Join("testdata", "screen", name+".txt")
			if *update {
				if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the first screen changed; run make update if that is meant\n%s", got)
			}
		})
	}
}
