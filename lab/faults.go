package lab

import (
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// Call is one call that reached the account's endpoint.
type Call = wire.Call

// faults are what is wrong with the endpoint itself, not with the account. They touch only calls that come through Handler.
type faults struct {
	mu       sync.Mutex
	calls    []Call
	denied   []string // patterns of actions: ec2:DescribeRouteTables, iam:*
	throttle map[string]int
	failing  map[string]*wire.Error
	mangled  map[string]bool
	latency  time.Duration
	perCall  map[string]time.Duration
	out      map[string]bool // services that are down, by signing name
	meter    *meter          // token buckets; nil = callers are not throttled
	policies []string        // documents that say what the caller may do; nil = everything
}

// keepCalls bounds the record of calls.
const keepCalls = 50_000

// Calls lists the calls that reached the endpoint, oldest first, refused ones too.
func (w *World) Calls() []Call {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	return append([]Call(nil), w.faults.calls...)
}

// ForgetCalls empties the record of calls.
func (w *World) ForgetCalls() {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	w.faults.calls = nil
}

// Deny refuses the caller the actions from now on, in AWS's words: "ec2:DescribeRouteTables", "iam:*". Without arguments everything
// is allowed again.
func (w *World) Deny(actions ...string) {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	if len(actions) == 0 {
		w.faults.denied = nil
	}
	for _, a := range actions {
		w.faults.denied = append(w.faults.denied, iamName(a))
	}
}

// Throttle refuses the next n calls of an action as throttled.
func (w *World) Throttle(action string, n int) {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	if w.faults.throttle == nil {
		w.faults.throttle = map[string]int{}
	}
	w.faults.throttle[iamName(action)] = n
}

// Fail answers every call of an action with an error; nil ends it.
func (w *World) Fail(action string, err *wire.Error) {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	if w.faults.failing == nil {
		w.faults.failing = map[string]*wire.Error{}
	}
	action = iamName(action)
	if w.faults.failing[action] = err; err == nil {
		delete(w.faults.failing, action)
	}
}

// Mangle answers every call of an action with something that no AWS client can read.
func (w *World) Mangle(action string, on bool) {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	if w.faults.mangled == nil {
		w.faults.mangled = map[string]bool{}
	}
	w.faults.mangled[iamName(action)] = on
}

// Slow makes every call take d of the caller's time; with actions, only those.
func (w *World) Slow(d time.Duration, actions ...string) {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	if len(actions) == 0 {
		w.faults.latency = d
	}
	for _, a := range actions {
		if w.faults.perCall == nil {
			w.faults.perCall = map[string]time.Duration{}
		}
		w.faults.perCall[iamName(a)] = d
	}
}

func action(r *wire.Request) string { return iamName(r.Service + ":" + r.Operation) }

// iamName is an action as IAM writes it: CloudWatch signs as monitoring.
func iamName(action string) string {
	if rest, ok := strings.CutPrefix(action, "monitoring:"); ok {
		return "cloudwatch:" + rest
	}
	return action
}

func (w *World) onCall(c wire.Call) {
	w.remember(c)
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	w.faults.calls = append(w.faults.calls[max(0, len(w.faults.calls)-keepCalls+1):], c)
}

func (w *World) delay(r *wire.Request) time.Duration {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	if d, ok := w.faults.perCall[action(r)]; ok {
		return d
	}
	return w.faults.latency
}

func (w *World) mangle(r *wire.Request, hw http.ResponseWriter) bool {
	w.faults.mu.Lock()
	on := w.faults.mangled[action(r)]
	w.faults.mu.Unlock()
	if on {
		hw.Header().Set("Content-Type", "text/plain")
		_, _ = hw.Write([]byte("{\"services\":[<cut")) // whoever reads it is meant to fail
	}
	return on
}

// before answers a call in the handler's stead, where something is wrong with the endpoint or the caller may not make it.
func (w *World) before(r *wire.Request, input any) error {
	if err := w.injected(r, input); err != nil {
		return err
	}
	return w.judge(r, input)
}

// injected is the fault of the endpoint that a call meets, in the order in which AWS's services look: is the service up, is the rate kept,
// may the caller.
func (w *World) injected(r *wire.Request, input any) error {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	a := action(r)
	if w.faults.out[r.Service] {
		return down(r.Service)
	}
	if n := w.faults.throttle[a]; n > 0 {
		w.faults.throttle[a] = n - 1
		return throttled(r.Service)
	}
	if w.faults.meter != nil && !w.faults.meter.take(a, input) {
		return throttled(r.Service)
	}
	if err := w.faults.failing[a]; err != nil {
		return err
	}
	for _, pattern := range w.faults.denied {
		if covers(pattern, a) || covers(pattern, iamAction(r)) {
			return w.refusal(r.Service, iamAction(r), "*", missing("identity-based policy", iamAction(r)).Reason)
		}
	}
	return nil
}

// covers compares an action with a pattern, without regard to case.
func covers(pattern, action string) bool {
	ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(action))
	return err == nil && ok
}

// refusal is AWS's answer to a caller who may not do something, by protocol. because is the end of AWS's sentence.
func (w *World) refusal(service, action, resource, because string) *wire.Error {
	who := "User: " + w.callerARN() + " is not authorized to perform: " + action
	switch service {
	case "ec2":
		if resource != "*" {
			who += " on resource: " + resource
		}
		return &wire.Error{Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation. " + who + " " + because, Status: 403}
	case "iam", "sts", "elasticloadbalancing":
		return &wire.Error{Code: "AccessDenied", Message: who + " on resource: " + resource + " " + because, Status: 403}
	}
	return &wire.Error{Code: "AccessDeniedException", Message: who + " on resource: " + resource + " " + because, Status: 400}
}
