package collectors

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab/wire"
)

// dialect gives the code that a service uses for what others call something else.
func dialect(service, denied string) string {
	codes := map[string]map[string]string{
		"denied":    {"ec2": "UnauthorizedOperation", "iam": "AccessDenied", "sts": "AccessDenied", "elasticloadbalancing": "AccessDenied", "": "AccessDeniedException"},
		"throttled": {"ec2": "RequestLimitExceeded", "iam": "Throttling", "sts": "Throttling", "elasticloadbalancing": "Throttling", "": "ThrottlingException"},
		"expired":   {"ec2": "RequestExpired", "iam": "ExpiredToken", "sts": "ExpiredToken", "elasticloadbalancing": "ExpiredToken", "": "ExpiredTokenException"},
	}[denied]
	if c, ok := codes[service]; ok {
		return c
	}
	return codes[""]
}

func answers(kind string) func(*wire.Request, any) error {
	return func(r *wire.Request, _ any) error { return wire.Errorf(dialect(r.Service, kind), "no, for today") }
}

func page(status int, contentType, body string) func(http.ResponseWriter, *httptest.ResponseRecorder) {
	return func(rw http.ResponseWriter, _ *httptest.ResponseRecorder) {
		rw.Header().Set("Content-Type", contentType)
		rw.WriteHeader(status)
		fmt.Fprint(rw, body)
	}
}

// Whatever happens to its calls, a collector answers its key with a gap that says why: never with a panic, never with
// "found", never with "it does not exist".
func TestBadDaysAreGaps(t *testing.T) {
	code := func(kind string) func(Collector) string {
		return func(c Collector) string { s, _, _ := strings.Cut(c.Calls[0], ":"); return dialect(s, kind) }
	}
	always := func(reason string) func(Collector) string { return func(Collector) string { return reason } }
	for _, day := range []struct {
		name    string
		arrange func(w *world, cancel func())
		reason  func(Collector) string
		fix     string
	}{
		{"denied", func(w *world, _ func()) { w.Before = answers("denied") }, code("denied"), "allow "},
		{"throttled", func(w *world, _ func()) { w.Before = answers("throttled") }, code("throttled"), "run again later"},
		{"expired", func(w *world, _ func()) { w.Before = answers("expired") }, code("expired"), "aws sso login"},
		{"empty answer", func(w *world, _ func()) { w.spoil = page(200, "text/xml", "") }, always(evidence.ReasonUnreadable), "proxy"},
		{"a login page", func(w *world, _ func()) { w.spoil = page(200, "text/html", "<html><body>Please log in</body></html>") }, always(evidence.ReasonUnreadable), "proxy"},
		{"noise", func(w *world, _ func()) { w.spoil = page(200, "application/json", "\x00\x01garbage") }, always(evidence.ReasonUnreadable), "proxy"},
		{"a proxy's error", func(w *world, _ func()) { w.spoil = page(502, "text/html", "<html>bad gateway</html>") }, always(evidence.ReasonUnreadable), "proxy"},
		{"an error without a body", func(w *world, _ func()) { w.spoil = page(500, "text/plain", "") }, always(evidence.ReasonUnreadable), "proxy"},
		{"the connection breaks", func(w *world, _ func()) {
			w.spoil = func(rw http.ResponseWriter, good *httptest.ResponseRecorder) {
				rw.Header().Set("Content-Length", fmt.Sprint(good.Body.Len()))
				rw.Write(good.Body.Bytes()[:good.Body.Len()/2])
				rw.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}
		}, always(evidence.ReasonUnreadable), "proxy"},
		{"no answer at all", func(w *world, _ func()) {
			w.spoil = func(http.ResponseWriter, *httptest.ResponseRecorder) { panic(http.ErrAbortHandler) }
		}, always(evidence.ReasonUnreachable), "127.0.0.1"},
		{"the run ends meanwhile", func(w *world, cancel func()) {
			w.Delay = func(*wire.Request) time.Duration { cancel(); return time.Minute }
		}, always(evidence.ReasonDeadline), "--deadline"},
		{"the run was over", func(_ *world, cancel func()) { cancel() }, always(evidence.ReasonDeadline), "--deadline"},
	} {
		t.Run(day.name, func(t *testing.T) {
			for i, c := range Collectors {
				w := serve(t)
				ctx, cancel := context.WithCancel(context.Background())
				day.arrange(w, cancel)
				store := evidence.NewStore()
				w.account().Fetch(ctx, store, []evidence.Key{sample[i]})
				fix := day.fix
				if fix == "allow " {
					fix += c.Calls[0]
				}
				if c.Kind == evidence.KindCaller && day.name == "denied" {
					fix = "" // needs no permission
				}
				wantGap(t, store, sample[i], day.reason(c), fix)
				cancel()
			}
		})
	}
}

// Each call of each collector alone is denied: its absence must not turn into an answer.
func TestEveryCallDeniedAlone(t *testing.T) {
	for i, c := range Collectors {
		for _, call := range c.Calls {
			w := serve(t)
			w.Before = func(r *wire.Request, _ any) error {
				if actionNamed(r.Service, r.Operation) == call {
					return wire.Errorf(dialect(r.Service, "denied"), "User: arn:aws:iam::111122223333:user/ana is not authorized to perform: %s", call)
				}
				return nil
			}
			store := w.fetch(t, sample[i])
			g, ok := store.Gap(sample[i])
			if !ok || g.Call != call || !strings.Contains(g.Message, "is not authorized to perform: "+call) {
				t.Errorf("%s without %s: gap %v %+v", c.Kind, call, ok, g)
			}
			if want := "allow " + call; c.Kind != evidence.KindCaller && g.Fix != want {
				t.Errorf("%s without %s: fix %q, want %q", c.Kind, call, g.Fix, want)
			}
		}
	}
}

// An answer cut anywhere is no answer.
func TestTruncatedAnswersAreGaps(t *testing.T) {
	for i := range Collectors {
		for _, eighths := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8} {
			w := serve(t)
			w.spoil = func(rw http.ResponseWriter, good *httptest.ResponseRecorder) {
				body := []byte(strings.TrimSpace(good.Body.String()))
				rw.Header().Set("Content-Type", good.Header().Get("Content-Type"))
				rw.Write(body[:min(len(body)*eighths/8, len(body)-1)])
			}
			store := w.fetch(t, sample[i])
			wantGap(t, store, sample[i], evidence.ReasonUnreadable, "run again")
		}
	}
}

func TestUnreachableEndpointIsNamed(t *testing.T) {
	w := serve(t)
	srv := httptest.NewServer(nil)
	w.url = srv.URL
	srv.Close()
	k := evidence.RoleKey("web-exec").Key
	wantGap(t, w.fetch(t, k), k, evidence.ReasonUnreachable, strings.TrimPrefix(srv.URL, "http://"))
}

func TestPanicBecomesGapsOfWhatIsLeft(t *testing.T) {
	a, store := serve(t).account(), evidence.NewStore()
	one, two, three := evidence.RoleKey("one").Key, evidence.RoleKey("two").Key, evidence.RoleKey("three").Key
	w := &Wave{Account: a, store: store, answered: map[evidence.Key]bool{}}
	w.run(context.Background(), Collector{evidence.KindRole, []string{"iam:GetRole"}, func(ctx context.Context, w *Wave, keys []evidence.Key) {
		each(ctx, keys, func(_ context.Context, k evidence.Key) {
			switch k.ID {
			case "one":
				w.found(k, answer{Call: "iam:GetRole"}, evidence.Role{Name: "one"})
			case "two":
				panic("index out of range")
			}
		})
	}}, []evidence.Key{one, two, three})
	value(t, store, evidence.RoleKey("one"))
	wantGap(t, store, two, ReasonDefect, "report")
	wantGap(t, store, three, ReasonDefect, "report")
	if g, _ := store.Gap(two); !strings.Contains(g.Message, "index out of range") {
		t.Errorf("the gap does not tell the panic: %+v", g)
	}
}

func TestUnansweredKeysBecomeGaps(t *testing.T) {
	a, store := serve(t).account(), evidence.NewStore()
	k := evidence.RoleKey("one").Key
	w := &Wave{Account: a, store: store, answered: map[evidence.Key]bool{}}
	w.run(context.Background(), Collector{evidence.KindRole, []string{"iam:GetRole"}, func(context.Context, *Wave, []evidence.Key) {}}, []evidence.Key{k})
	wantGap(t, store, k, evidence.ReasonMissing, "")
}

func TestGapsHoldNoSecretsAndNoEscapes(t *testing.T) {
	w := serve(t)
	w.Before = func(*wire.Request, any) error {
		return wire.Errorf("UnauthorizedOperation", "You are not authorized. token=hunter2hunter2 Encoded authorization failure message: %s", strings.Repeat("x", 3000))
	}
	k := evidence.SubnetKey("subnet-1").Key
	g, _ := w.fetch(t, k).Gap(k)
	if want := "You are not authorized. token=[redacted]"; g.Message != want {
		t.Errorf("message %q, want %q", g.Message, want)
	}
}

func TestRetriesAndThrottlesAreCounted(t *testing.T) {
	w := serve(t)
	left := 2
	w.Before = func(*wire.Request, any) error {
		if left--; left >= 0 {
			return wire.Errorf("ThrottlingException", "Rate exceeded")
		}
		return nil
	}
	a, store := New(testConfig(w.url, 4), Options{}), evidence.NewStore()
	a.Fetch(context.Background(), store, []evidence.Key{evidence.ServiceKey("shop", "web").Key})
	value(t, store, evidence.ServiceKey("shop", "web"))
	if s := a.Stats(); s.Total != 1 || s.Retries != 2 || s.Throttled != 2 || s.ByAction["ecs:DescribeServices"] != 1 {
		t.Errorf("stats %+v; want one call, two retries, two throttled attempts", s)
	}
}
