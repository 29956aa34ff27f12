package main

import (
	"errors"
	"flag"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ecsplain/ecsplain/lab"
)

var update = flag.Bool("update", false, "rewrite what the scripts expect")

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"ecsplain": main}) }

// TestScripts runs the real program as a user types it. Scripts may start a simulated account:
//
//	account [SCENARIO]   starts it and sends the script's AWS calls to it
//	deny ACTION...       refuses the caller these actions, in AWS's words
//	code N COMMAND...    runs a command that must end with exit code N
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Values[worldKey{}] = new(*lab.World)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true") // no machine's role
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"account": account, "deny": deny, "code": code},
	})
}

type worldKey struct{}

func account(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: account [SCENARIO]")
	}
	name := ""
	if len(args) == 1 {
		name = args[0]
	}
	w, _, err := startLab(name, 1)
	ts.Check(err)
	*ts.Value(worldKey{}).(**lab.World) = w
	srv := httptest.NewServer(w.Handler())
	ts.Defer(srv.Close)
	ts.Setenv("AWS_ENDPOINT_URL", srv.URL)
	ts.Setenv("AWS_REGION", w.Region)
}

func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var ended *exec.ExitError
		if !errors.As(err, &ended) {
			ts.Fatalf("%v", err)
		}
		got = ended.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

func deny(ts *testscript.TestScript, neg bool, args []string) {
	w := *ts.Value(worldKey{}).(**lab.World)
	if neg || w == nil || len(args) == 0 {
		ts.Fatalf("usage: account, then deny ACTION...")
	}
	w.Deny(args...)
}
