package main

import (
	"bytes"
	"context"
	"errors"
	"testing"

	content "github.com/ecsplain/ecsplain/playbooks"
)

// A check that was told to stop runs no more cases.
func TestCheckStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	a := &app{stdout: &out}
	if err := a.check(ctx, content.FS, ""); !errors.Is(err, context.Canceled) || out.Len() > 0 {
		t.Errorf("%v, and it wrote %q", err, out.String())
	}
}
