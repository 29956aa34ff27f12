package calibrate

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/lab"
	"github.com/ecsplain/ecsplain/lab/wire"
)

// recorder keeps the answers that a person would save about a scenario, on an account that Against does not use.
func answers(t *testing.T, scenario string) []string {
	t.Helper()
	w, s, err := lab.Start(scenario, lab.Options{Seed: 77})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.Handler())
	defer server.Close()
	c := wire.Client{Endpoint: server.URL, Region: w.Region}
	cluster, service, _ := strings.Cut(s.Target, "/")
	call := func(api, operation string, in map[string]any) (out map[string]any, text string) {
		out, err := c.Call(t.Context(), api, operation, in)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		return out, string(b)
	}
	services, text := call("ecs", "DescribeServices", map[string]any{"cluster": cluster, "services": []any{service}})
	saved := []string{text}
	list, _ := call("ecs", "ListTasks", map[string]any{"cluster": cluster, "serviceName": service, "desiredStatus": "STOPPED"})
	if arns, _ := list["taskArns"].([]any); len(arns) > 0 {
		_, text = call("ecs", "DescribeTasks", map[string]any{"cluster": cluster, "tasks": arns})
		saved = append(saved, text)
	}
	for _, g := range groupsOf(services) {
		_, text = call("elasticloadbalancing", "DescribeTargetHealth", map[string]any{"TargetGroupArn": g})
		saved = append(saved, text)
	}
	return saved
}

func compared(t *testing.T, scenario string, saved ...string) Report {
	t.Helper()
	file := filepath.Join(t.TempDir(), "answers.json")
	if err := os.WriteFile(file, []byte(strings.Join(saved, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := lab.FindScenario(scenario)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Against(t.Context(), s, r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What the lab itself shows on another account differs in nothing, though every name and id is another.
func TestTheLabIsLikeItself(t *testing.T) {
	for _, scenario := range []string{"no-way-out", "wrong-hat", "the-137-club", "knock-knock", "the-late-riser"} {
		r := compared(t, scenario, answers(t, scenario)...)
		if r.Differences() > 0 || len(r.Words) < 2 || len(r.Order) == 0 || len(r.Times) == 0 {
			t.Errorf("%s: %+v", scenario, r)
		}
	}
}

// verdictOf finds the lines about something with a verdict.
func verdictOf(lines []Line, what string, v Verdict) (out []Line) {
	for _, l := range lines {
		if strings.Contains(l.What, what) && l.Verdict == v {
			out = append(out, l)
		}
	}
	return out
}

// Each kind of difference is found, where it is.
func TestDifferencesAreFound(t *testing.T) {
	saved := strings.Join(answers(t, "wrong-hat"), "\n")

	r := compared(t, "wrong-hat", strings.ReplaceAll(saved, "is not authorized to perform", "may not perform"))
	if l := verdictOf(r.Words, "stoppedReason", Differs); len(l) != 1 || !strings.Contains(l[0].Lab, "is not authorized to perform") || !strings.Contains(l[0].Recorded, "may not perform") {
		t.Errorf("another wording: %+v", r.Words)
	}
	r = compared(t, "wrong-hat", strings.ReplaceAll(saved, `"stopCode":"TaskFailedToStart"`, `"stopCode":"EssentialContainerExited"`))
	if len(verdictOf(r.Words, "stopCode", OnlyRecorded)) != 1 || len(verdictOf(r.Words, "stopCode", OnlyLab)) != 1 {
		t.Errorf("another stop code: %+v", r.Words)
	}
	r = compared(t, "wrong-hat", answers(t, "no-such-shelf")...)
	if len(verdictOf(r.Words, "stoppedReason", OnlyRecorded)) != 1 {
		t.Errorf("another failure: %+v", r.Words)
	}
	r = compared(t, "wrong-hat", `{"tasks": [{"taskArn": "a", "stopCode": "TaskFailedToStart", "createdAt": 1700000000.0, "pullStartedAt": "2023-11-14T22:13:30+00:00", "connectivityAt": 1700000015, "stoppingAt": 1700010000, "stoppedAt": 1700010050}]}`)
	if l := verdictOf(r.Order, "steps", OnlyRecorded); len(l) != 1 || l[0].Recorded != "createdAt < pullStartedAt < connectivityAt < stoppingAt < stoppedAt" {
		t.Errorf("another order: %+v", r.Order)
	}
	if l := verdictOf(r.Times, "createdAt to stoppedAt", Differs); len(l) != 1 || l[0].Recorded != "2h47m30s (once)" {
		t.Errorf("other times: %+v", r.Times)
	}
}

func TestForm(t *testing.T) {
	for _, x := range []struct{ a, b string }{
		{"(service orders) was unable to place a task.", "(service web-2) was unable to place a task."},
		{"(service web) has reached a steady state.", "(service my_service) has reached a steady state."},
		{"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 111122223333.dkr.ecr.us-east-1.amazonaws.com/a:1: x",
			"CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref 999900001111.dkr.ecr.eu-west-1.amazonaws.com/shop/orders:1.4.2: x"},
		{"ECS was unable to assume the role 'arn:aws:iam::111122223333:role/a' that", "ECS was unable to assume the role 'arn:aws-cn:iam::999900001111:role/path/b-c' that"},
		{"(service a, taskSet ecs-svc/123) has begun draining connections on 2 tasks.", "(service b, taskSet ecs-svc/99) has begun draining connections on 1 tasks."},
		{"dial tcp 10.0.1.2:443: i/o timeout", "dial tcp 172.31.255.255:443: i/o timeout"},
	} {
		if form(x.a) != form(x.b) {
			t.Errorf("%q and %q say the same:\n%s\n%s", x.a, x.b, form(x.a), form(x.b))
		}
	}
	if form("(service a) has stopped 1 running tasks.") == form("(service a) has started 1 tasks.") {
		t.Error("what is said differs, the form does not")
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, x := range []struct{ name, text, want string }{
		{"empty.json", "", "holds no tasks, service events or target health"},
		{"text.json", "TASKS\tarn:aws", "is not JSON"},
		{"cut.json", `{"tasks": [{"taskArn": "a"`, "is not JSON"},
		{"other.json", `{"clusters": []}`, "holds no tasks"},
		{"list.json", `[1, 2]`, "holds no tasks"},
	} {
		if _, err := Read(write(x.name, x.text)); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %s", x.name, err, x.want)
		}
		os.Remove(filepath.Join(dir, x.name))
	}
	if _, err := Read(filepath.Join(dir, "none")); err == nil {
		t.Error("a file that is not there is no error")
	}
	// A folder: the same task twice counts once, as it was last; what is no answer is named.
	write("1.json", `{"tasks": [{"taskArn": "a", "lastStatus": "PENDING"}]} {"tasks": [{"taskArn": "b"}]}`)
	write("2.json", `{"tasks": [{"taskArn": "a", "lastStatus": "STOPPED", "stoppedAt": "2026-01-02T03:04:05Z"}]}`)
	write("3.json", `{"services": [{"serviceName": "s", "events": [{"id": "2", "createdAt": 20, "message": "m"}, {"id": "1", "createdAt": 10, "message": "n"}]}]}`)
	write("4.json", `{"clusters": []}`)
	r, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	// An event is an answer too.
	if e, err := Read(write("5.json", `{"detail-type": "ECS Task State Change", "detail": {"taskArn": "c", "stopCode": "TaskFailedToStart"}}`)); err != nil || len(e.Tasks) != 1 || e.Tasks[0].StopCode != "TaskFailedToStart" {
		t.Errorf("an event: %v %+v", err, e)
	}
	if len(r.Tasks) != 2 || r.Tasks[0].LastStatus+r.Tasks[1].LastStatus != "STOPPED" || len(r.Events) != 2 || r.Events[0].ID != "1" || len(r.Skipped) != 1 {
		t.Errorf("%+v", r)
	}
	if at := r.Events[0].CreatedAt; !at.Equal(time.Unix(10, 0)) {
		t.Errorf("seconds are read as %s", at)
	}
}
