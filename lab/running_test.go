package lab

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// control asks the control of a running lab; change may make the request another one.
func control(t *testing.T, r *Running, method, path string, out any, change func(*http.Request)) int {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:4566"+ControlPath+path, nil)
	req.RemoteAddr = "127.0.0.1:50000"
	req.Header.Set(ControlHeader, "1")
	if change != nil {
		change(req)
	}
	rec := httptest.NewRecorder()
	r.Handler().ServeHTTP(rec, req)
	if out != nil {
		if err := json.Unmarshal(rec.Body.Bytes(), out); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, rec.Body)
		}
	}
	return rec.Code
}

func running(t *testing.T, name string, in Injection) *Running {
	t.Helper()
	var s Scenario
	if name != "" {
		var err error
		if s, err = FindScenario(name); err != nil {
			t.Fatal(err)
		}
	}
	r, err := StartRunning(s, Options{Seed: 4}, in, 0)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func callsOf(r *Running) *wire.Client {
	return &wire.Client{Endpoint: "http://127.0.0.1:4566", Region: r.World().Region, HTTP: &http.Client{Transport: inProcess{r.Handler()}}}
}

// TestResetIsTheStart: after calls, time and a fix, reset gives the very account of the start: same ids, tasks, time, fault, and what is injected.
func TestResetIsTheStart(t *testing.T) {
	r := running(t, "no-way-out", Injection{Deny: []string{"iam:GetRole"}})
	first := transcript(t, r.World())
	var began, now Status
	control(t, r, "GET", "status", &began, nil)
	if err := r.World().Apply(r.scenario.Solve); err != nil {
		t.Fatal(err)
	}
	if code := control(t, r, "POST", "time?by=%2B40m", &now, nil); code != 200 || now.Now.Sub(began.Now) != 40*time.Minute {
		t.Fatalf("time: %d, %s after the start", code, now.Now.Sub(began.Now))
	}
	if err := r.World().Healed("shop/orders", 0); err != nil {
		t.Fatalf("the fix was not made: %v", err)
	}
	if code := control(t, r, "POST", "reset", &now, nil); code != 200 || now.Resets != 1 || !now.Now.Equal(began.Now) || now.Calls != 0 {
		t.Errorf("reset: %d, %+v", code, now)
	}
	if second := transcript(t, r.World()); first != second {
		t.Error("the account after a reset is another than at the start")
	}
	_, err := callsOf(r).Call(t.Context(), "iam", "GetRole", map[string]any{"RoleName": "orders-task"})
	if e, ok := err.(*wire.Error); !ok || e.Code != "AccessDenied" {
		t.Errorf("after the reset nothing is injected: %v", err)
	}
}

// TestControlIsForThisMachine: a web page, a name that somebody made to lead here, and a caller from elsewhere are refused, and change nothing.
func TestControlIsForThisMachine(t *testing.T) {
	r := running(t, "", Injection{})
	before := r.World()
	for what, change := range map[string]func(*http.Request){
		"another host":          func(q *http.Request) { q.Host = "evil.example:4566" },
		"a caller elsewhere":    func(q *http.Request) { q.RemoteAddr = "192.0.2.7:50000" },
		"a page without header": func(q *http.Request) { q.Header.Del(ControlHeader) },
		"a page":                func(q *http.Request) { q.Header.Set("Origin", "http://evil.example") },
	} {
		var no map[string]string
		if code := control(t, r, "POST", "reset", &no, change); code != 403 || no["error"] == "" || r.World() != before {
			t.Errorf("%s: %d %v", what, code, no)
		}
	}
	for path, want := range map[string]int{"POST time?by=-5m": 400, "POST time?by=soon": 400, "POST time?by=9000h": 400, "GET time?by=5m": 404, "GET calls?last=x": 400, "GET what": 404} {
		method, path, _ := strings.Cut(path, " ")
		now := r.World().Now()
		if code := control(t, r, method, path, nil, nil); code != want || !r.World().Now().Equal(now) {
			t.Errorf("%s %s: %d, want %d and the clock where it was", method, path, code, want)
		}
	}
}

// TestCallsAreOnRecord: what was asked, what was answered, by whom; the lab's own requests are not among it.
func TestCallsAreOnRecord(t *testing.T) {
	r := running(t, "", Injection{Deny: []string{"iam:ListRoles"}, Mangle: []string{"ssm:DescribeParameters"}})
	c := callsOf(r)
	for _, x := range []struct{ service, operation string }{{"ecs", "ListClusters"}, {"iam", "ListRoles"}, {"ssm", "DescribeParameters"}, {"xray", "GetGroups"}} {
		_, _ = c.Call(t.Context(), x.service, x.operation, nil) // the answers are looked at below
	}
	var status Status
	control(t, r, "GET", "status", &status, nil)
	var calls []CallRecord
	control(t, r, "GET", "calls", &calls, nil)
	want := []CallRecord{
		{Service: "ecs", Operation: "ListClusters", Status: 200}, {Service: "iam", Operation: "ListRoles", Status: 403, Code: "AccessDenied"},
		{Service: "ssm", Operation: "DescribeParameters", Status: 0, Code: "Mangled"}, {Service: "xray", Operation: "GetGroups", Status: 501, Code: "NotImplemented"},
	}
	if len(calls) != len(want) || status.Calls != len(want) {
		t.Fatalf("%d calls, %d in the status, want %d", len(calls), status.Calls, len(want))
	}
	for i, w := range want {
		c := calls[i]
		if c.Service != w.Service || c.Operation != w.Operation || c.Status != w.Status || c.Code != w.Code || c.AccessKey != "lab" || c.UserAgent != "ecsplain-lab" || !c.Time.Equal(r.World().Now()) {
			t.Errorf("call %d: %+v, want %+v", i, c, w)
		}
	}
	control(t, r, "GET", "calls?last=1", &calls, nil)
	if len(calls) != 1 || calls[0].Service != "xray" {
		t.Errorf("the newest call: %+v", calls)
	}
}

// TestTheClockOutlivesAReset: the new account's clock runs as the old one's did.
func TestTheClockOutlivesAReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, "", Injection{})
		r.speed = 60
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.Run(ctx); close(done) }()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := r.Status().Now.Sub(r.Status().Began); got < 55*time.Second || got > time.Minute {
			t.Errorf("a second at 60 times the speed is %s", got)
		}
		if err := r.Reset(); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := r.Status().Now.Sub(r.Status().Began); got < 110*time.Second || got > 2*time.Minute {
			t.Errorf("two seconds after the reset are %s", got)
		}
		cancel()
		<-done
	})
}

// TestTheRecordOfCallsIsBounded: the newest stay.
func TestTheRecordOfCallsIsBounded(t *testing.T) {
	w := New(Options{})
	for i := range keepCalls + 10 {
		w.onCall(wire.Call{Service: "ecs", Operation: "ListClusters", Status: i, Code: "Mangled"})
	}
	if calls := w.Calls(); len(calls) != keepCalls || calls[0].Status != 10 || calls[keepCalls-1].Status != keepCalls+9 {
		t.Errorf("%d calls, from %d", len(calls), calls[0].Status)
	}
}
