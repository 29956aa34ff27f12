package lab

import (
	"context"
	"net/http"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// Transport carries the requests of any AWS client to the account inside this process: the account's endpoint without a socket. Injected
// faults and the record of calls are those of Handler.
func (w *World) Transport() http.RoundTripper { return inProcess{w.front} }

// Look calls one operation as Apply does, and gives its answer: AWS's member names, as wire.Client answers. Placeholders in the input
// are filled in.
func (w *World) Look(service, operation string, input map[string]any) (map[string]any, error) {
	return w.look("", service, operation, input)
}

// look is Look with the access key of who calls; "" is the account's own user.
func (w *World) look(key, service, operation string, input map[string]any) (map[string]any, error) {
	filled, err := w.fill(input, nil)
	if err != nil {
		return nil, err
	}
	in, _ := filled.(map[string]any)
	c := wire.Client{Endpoint: "http://lab", Region: w.Region, AccessKey: key, HTTP: &http.Client{Transport: inProcess{w.back}}}
	return c.Call(context.Background(), service, operation, in)
}

// Expect takes what the services are now, desired counts and releases that were rolled back, as what Healed expects of them.
func (w *World) Expect() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rememberCounts()
	w.rememberReleases()
}
