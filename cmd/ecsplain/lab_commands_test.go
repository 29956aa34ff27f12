package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/lab"
	"github.com/ecsplain/ecsplain/lab/wire"
)

// upLab runs a lab as lab up does, with its clock standing still, and gives its address.
func upLab(t *testing.T, scenario string) string {
	t.Helper()
	var s lab.Scenario
	if scenario != "" {
		var err error
		if s, err = lab.FindScenario(scenario); err != nil {
			t.Fatal(err)
		}
	}
	r, err := lab.StartRunning(s, lab.Options{}, lab.Injection{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	url, stop, err := serve(r.Handler(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return url
}

// typed runs a command line as in a shell of the lab at url.
func typed(url, stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	getenv := func(name string) string {
		if name == labEnv {
			return url
		}
		return os.Getenv(name)
	}
	code = run(args, strings.NewReader(stdin), &out, &errs, getenv)
	return code, out.String(), errs.String()
}

func TestLabTimeCallsReset(t *testing.T) {
	url := upLab(t, "no-way-out")
	for _, c := range []struct {
		args string
		want string
	}{
		{"lab time", "2026-11-02 09:18:00 UTC, 0s after the start; it stands still until you let time pass: ecsplain lab time +5m\n"},
		{"lab time +5m", "2026-11-02 09:23:00 UTC, 5m0s after the start; it was 09:18:00\n"},
		{"lab time 90s", "2026-11-02 09:24:30 UTC, 6m30s after the start; it was 09:23:00\n"},
		{"lab calls", "Nobody called the lab yet. Open a shell that does: ecsplain lab shell\n"},
		{"lab reset", "The lab is back at its start: scenario no-way-out, broken again, 2026-11-02 09:18:00 UTC. Its record of calls is empty.\n"},
		{"lab time", "2026-11-02 09:18:00 UTC, 0s after the start; it stands still until you let time pass: ecsplain lab time +5m\n"},
	} {
		if code, out, errs := typed(url, "", strings.Fields(c.args)...); code != 0 || out != c.want {
			t.Errorf("%s: exit %d\n%s%swant\n%s", c.args, code, out, errs, c.want)
		}
	}
	w := wire.Client{Endpoint: url, Region: "eu-west-1"}
	for _, call := range [][2]string{{"ecs", "ListClusters"}, {"xray", "GetGroups"}} {
		_, _ = w.Call(t.Context(), call[0], call[1], nil) // what came of it is in the list
	}
	want := "LAB'S TIME  CALL              ANSWER              CALLER\n" +
		"09:18:00    ecs:ListClusters  200                 ecsplain-lab as lab\n" +
		"09:18:00    xray:GetGroups    501 NotImplemented  ecsplain-lab as lab\n"
	if _, out, _ := typed(url, "", "lab", "calls"); out != want {
		t.Errorf("lab calls:\n%swant\n%s", out, want)
	}
	var calls []lab.CallRecord
	_, out, _ := typed(url, "", "lab", "calls", "--format", "json", "--last", "1")
	if err := json.Unmarshal([]byte(out), &calls); err != nil || len(calls) != 1 || calls[0].Code != "NotImplemented" {
		t.Errorf("lab calls --format json: %v\n%s", err, out)
	}
}

// A slip says what, where, and what to type.
func TestLabSlips(t *testing.T) {
	stranger, stop, err := serve(wire.NewServer(nil), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	gone, stopNow, err := serve(wire.NewServer(nil), 0)
	if err != nil {
		t.Fatal(err)
	}
	stopNow()
	bad := filepath.Join(t.TempDir(), "inject.yaml")
	if err := os.WriteFile(bad, []byte("deny: [ecs:ListTask]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		url, args string
		code      int
		want      string
	}{
		{gone, "lab time", exitFailed, "no lab listens on " + gone + "\n  try: ecsplain lab up, in another terminal"},
		{gone, "lab shell", exitFailed, "no lab listens on " + gone},
		{stranger, "lab calls", exitFailed, "what listens on " + stranger + " is no lab of this version"},
		{"http://evil.example:80", "lab reset", exitUsage, `ECSPLAIN_LAB is "http://evil.example:80"; want http://127.0.0.1:PORT`},
		{gone, "lab time -- -5m", exitUsage, "the lab's time goes forward only"},
		{gone, "lab time soon", exitUsage, `"soon" is no time to let pass`},
		{gone, "lab calls --last -1", exitUsage, "--last -1: want 0 (all) or more"},
		{gone, "lab calls --format xml", exitUsage, `--format "xml" is not one of text, json`},
		{gone, "lab reset --port 70000", exitUsage, "--port 70000: want 1 to 65535"},
		{gone, "lab up --speed fast", exitUsage, "--speed fast: want 0 (the clock stands still) to 10000, as in 10x"},
		{gone, "lab up --speed -3x", exitUsage, "want 0 (the clock stands still) to 10000, as in 10x"},
		{gone, "lab up --inject " + bad, exitUsage, bad + `: deny: the lab answers no call like "ecs:ListTask"`},
		{gone, "lab up --inject /no/such.yaml", exitFailed, "--inject: open /no/such.yaml"},
		{gone, "lab up no-such-thing", exitUsage, "try: ecsplain lab list"},
	} {
		if code, _, errs := typed(c.url, "", strings.Fields(c.args)...); code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%s: exit %d, want %d\n%swant %s", c.args, code, c.code, errs, c.want)
		}
	}
}

func TestSpeeds(t *testing.T) {
	for text, want := range map[string]float64{"10": 10, "10x": 10, "0.5X": 0.5, "0": 0, "10000x": fastest} {
		if got, err := readSpeed(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "NaN", "Inf", "10xx", "-1", "10001"} {
		if got, err := readSpeed(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

// fakeAWS is a PATH with an aws on it that says its version, and else its arguments and its address. "" = no aws at all.
func fakeAWS(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	if version != "" {
		text := "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'aws-cli/" + version + " Python/3'; else echo \"aws: $*\"; fi\n"
		if err := os.WriteFile(filepath.Join(dir, "aws"), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir + ":/usr/bin:/bin"
}

// In the shell nothing of the caller's AWS settings is left, and everything leads to the lab; so it is after start-up files that say otherwise.
func TestLabShellLeadsToTheLabAlone(t *testing.T) {
	url := upLab(t, "")
	home := t.TempDir()
	for _, rc := range []string{".bashrc", ".zshrc"} {
		if err := os.WriteFile(filepath.Join(home, rc), []byte("export AWS_PROFILE=prod AWS_ACCESS_KEY_ID=AKIAREAL AWS_ENDPOINT_URL=https://real.example\nalias aws='aws --profile prod'\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"HOME": home, "PATH": fakeAWS(t, ""), "AWS_PROFILE": "prod", "AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SESSION_TOKEN": "real", "AWS_WEB_IDENTITY_TOKEN_FILE": "/real", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://real",
		"AWS_ENDPOINT_URL_ECS": "https://real.example", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "HTTP_PROXY": "http://proxy.example:3128", "NO_PROXY": "corp.example",
	} {
		t.Setenv(name, value)
	}
	const look = "env | grep -E '^(AWS_|ECSPLAIN_LAB|NO_PROXY)' | sort; cat \"$AWS_CONFIG_FILE\" \"$AWS_SHARED_CREDENTIALS_FILE\"\n"
	for _, shell := range []string{"", "bash", "zsh", "sh"} {
		args, in := []string{"lab", "shell"}, look
		if shell == "" {
			args, in = append(args, "--", "sh", "-c", look), ""
		} else if at, err := exec.LookPath(shell); err != nil {
			t.Logf("SKIPPED, NOT PASSED: %s is not on PATH", shell)
			continue
		} else {
			t.Setenv("SHELL", at)
		}
		code, out, errs := typed(url, in, args...)
		if code != 0 {
			t.Errorf("%q: exit %d %s", shell, code, errs)
		}
		for _, real := range []string{"AKIAREAL", "real", "prod", "=/real"} {
			if strings.Contains(out, real) {
				t.Errorf("%q: %s is left of the caller's settings:\n%s", shell, real, out)
			}
		}
		for _, want := range []string{"AWS_ENDPOINT_URL=" + url + "\n", "AWS_PROFILE=lab\n", "AWS_REGION=eu-west-1\n", "AWS_EC2_METADATA_DISABLED=true\n", "AWS_PAGER=\n", labEnv + "=" + url + "\n",
			"NO_PROXY=corp.example,127.0.0.1,localhost\n", "[profile lab]\nregion = eu-west-1\nendpoint_url = " + url, "[lab]\naws_access_key_id = lab\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q: it lacks %q:\n%s", shell, want, out)
			}
		}
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "ecsplain-lab-*")); err != nil || slices.ContainsFunc(left, func(d string) bool { return strings.Contains(fileText(d+"/config"), url+"\n") }) {
		t.Errorf("files are left behind: %v %v", left, err)
	}
}

func fileText(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text)
}

// An aws that does not look at AWS_ENDPOINT_URL gets the address with each command, another is left alone; exit codes pass through.
func TestLabShellWrapsOldAWS(t *testing.T) {
	url := upLab(t, "")
	for version, want := range map[string]string{
		"1.45.11": "aws: --endpoint-url " + url + " sqs list-queues\n", "1.20.0": "aws: --endpoint-url " + url + " sqs list-queues\n", "2.9.1": "aws: --endpoint-url " + url + " sqs list-queues\n",
		"2.13.0": "aws: sqs list-queues\n", "2.31.4": "aws: sqs list-queues\n", "x": "aws: --endpoint-url " + url + " sqs list-queues\n",
	} {
		t.Setenv("PATH", fakeAWS(t, version))
		if code, out, errs := typed(url, "", "lab", "shell", "--", "aws", "sqs", "list-queues"); code != 0 || out != want {
			t.Errorf("%s: exit %d %s%s want %s", version, code, out, errs, want)
		}
	}
	t.Setenv("PATH", fakeAWS(t, "1.45.11"))
	if _, out, _ := typed(url, "", "lab", "shell", "--", "aws", "--endpoint-url=http://x", "sqs", "list-queues"); out != "aws: --endpoint-url=http://x sqs list-queues\n" {
		t.Errorf("an address that was typed is not kept: %s", out)
	}
	if code, _, _ := typed(url, "", "lab", "shell", "--", "sh", "-c", "exit 7"); code != 7 {
		t.Errorf("exit %d, want the command's 7", code)
	}
	if code, _, errs := typed(url, "", "lab", "shell", "--", "no-such-program"); code != exitFailed || !strings.Contains(errs, "there is no program no-such-program on PATH") {
		t.Errorf("exit %d %s", code, errs)
	}
}

// The real aws in the shell: sqs, which its version 1 would send elsewhere, is asked of the lab; a profile of the caller's is not there.
func TestLabShellWithTheRealAWS(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("SKIPPED, NOT PASSED: the aws command line is not on PATH; install awscli to run this test")
	}
	url := upLab(t, "")
	t.Setenv("AWS_PROFILE", "prod")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	for _, c := range []struct{ args, call, says string }{
		{"sts get-caller-identity --query Arn", "sts:GetCallerIdentity", "user/lab"},
		{"sqs list-queues", "sqs:ListQueues", ""},
		{"ecs list-clusters --profile prod", "", "prod"},
	} {
		_, out, errs := typed(url, "", append(strings.Fields("lab shell -- aws"), strings.Fields(c.args)...)...)
		var calls []lab.CallRecord
		if _, js, _ := typed(url, "", "lab", "calls", "--format", "json", "--last", "0"); json.Unmarshal([]byte(js), &calls) != nil {
			t.Fatal(js)
		}
		reached := slices.ContainsFunc(calls, func(r lab.CallRecord) bool { return r.Service+":"+r.Operation == c.call })
		if c.call != "" && !reached || c.call == "" && slices.ContainsFunc(calls, func(r lab.CallRecord) bool { return r.Service == "ecs" }) || !strings.Contains(out+errs, c.says) {
			t.Errorf("aws %s: reached the lab %t\n%s%s", c.args, reached, out, errs)
		}
	}
}

func TestLabList(t *testing.T) {
	code, out, _ := typed("", "", "lab", "list")
	if code != 0 || !strings.Contains(out, "\nno-way-out  ") || strings.Contains(out, "net.no-egress-route") {
		t.Errorf("exit %d:\n%s", code, out)
	}
	for _, line := range strings.Split(out, "\n") {
		if len(line) > 100 {
			t.Errorf("a line of %d columns: %s", len(line), line)
		}
	}
	if _, out, _ = typed("", "", "lab", "list", "--answers"); !strings.Contains(out, "(net.no-egress-route: ") {
		t.Error("--answers gives no answer away")
	}
	var all []listedScenario
	_, out, _ = typed("", "", "lab", "list", "--format", "json")
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) < 50 || all[0].Ticket == "" || all[0].Answer != "" {
		t.Errorf("--format json: %v, %d scenarios", err, len(all))
	}
}
