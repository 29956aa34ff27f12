package playbooks_test

import (
	"regexp"
	"testing"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/playbooks"
)

// optioned is a command of aws with an option: what somebody would type.
var optioned = regexp.MustCompile(`\baws [a-z0-9-]+ [a-z-]+ --`)

// In prose a command is wrapped, ends in a full stop and lacks the region: it belongs into calls, type or revise.
func TestNoCommandInProse(t *testing.T) {
	all, err := diagnose.Load(playbooks.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		for _, a := range append(p.Mitigate, p.Fix...) {
			if c := optioned.FindString(a.Say); c != "" {
				t.Errorf("%s: %q stands in the prose of a fix: %s", p.ID, c, a.Say)
			}
		}
	}
}
