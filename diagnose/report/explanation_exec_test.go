package report

import (
	"strings"
	"testing"
)

// A diagnosis looks at sessions only where it is told to, so an explanation of their failures tells the flag.
func TestExplainNamesTheFlag(t *testing.T) {
	const plain, flagged = "ecsplain diagnose CLUSTER/SERVICE\n", "ecsplain diagnose CLUSTER/SERVICE --exec\n"
	for text, want := range map[string]string{
		"An error occurred (TargetNotConnectedException) when calling the ExecuteCommand operation: The execute command failed due to an internal error. Try again later.": flagged,
		noAnswer: plain,
	} {
		if _, s := explained(t, text, TextOptions{}); !strings.Contains(s, want) {
			t.Errorf("%q: want %q in\n%s", text, want, s)
		}
	}
}
