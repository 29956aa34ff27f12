package lab

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ControlPath is where a running lab answers its own commands. No AWS client asks for a path like it.
//
//	GET  /_lab/status         Status
//	GET  /_lab/calls?last=N   []CallRecord, oldest first; without last all that are on record
//	POST /_lab/time?by=5m     lets time pass; Status
//	POST /_lab/reset          Status
//
// A failed request has a status of 400 or more and {"error": TEXT}.
const ControlPath = "/_lab/"

// ControlHeader must be on every control request. A web page cannot send it to another site without asking first, and is not answered.
const ControlHeader = "X-Ecsplain-Lab"

// CallRecord is one call that reached the lab's endpoint.
type CallRecord struct {
	Time      time.Time `json:"time"` // the lab's
	Service   string    `json:"service"`
	Operation string    `json:"operation"`
	Status    int       `json:"status"` // of HTTP; 0 = the answer was broken on purpose
	Code      string    `json:"code"`   // of AWS's error, "" for none
	Message   string    `json:"message"`
	AccessKey string    `json:"access_key"` // "" when the call was not signed
	UserAgent string    `json:"user_agent"`
	RequestID string    `json:"request_id"`
}

// longestJump bounds how much time one request lets pass: the account is locked meanwhile.
const longestJump = 30 * day

func (r *Running) control(hw http.ResponseWriter, hr *http.Request) {
	answer := func(v any) {
		hw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(hw).Encode(v) // the caller may have gone
	}
	refuse := func(status int, format string, args ...any) {
		hw.Header().Set("Content-Type", "application/json")
		hw.WriteHeader(status)
		_ = json.NewEncoder(hw).Encode(map[string]string{"error": fmt.Sprintf(format, args...)})
	}
	if !local(hr) {
		refuse(http.StatusForbidden, "the lab's control answers its own commands on this machine alone")
		return
	}
	switch what := hr.Method + " " + strings.TrimPrefix(hr.URL.Path, ControlPath); what {
	case "GET status":
		answer(r.Status())
	case "GET calls":
		last, err := strconv.Atoi(hr.URL.Query().Get("last"))
		if hr.URL.Query().Get("last") != "" && (err != nil || last < 0) {
			refuse(http.StatusBadRequest, "last=%s is no number of calls", hr.URL.Query().Get("last"))
			return
		}
		answer(records(r.World().Calls(), last))
	case "POST time":
		d, err := time.ParseDuration(strings.TrimPrefix(hr.URL.Query().Get("by"), "+"))
		if err != nil || d < 0 || d > longestJump {
			refuse(http.StatusBadRequest, "the lab's clock cannot be moved by %q; write 90s, 5m or 2h, at most 720h", hr.URL.Query().Get("by"))
			return
		}
		r.World().Advance(d)
		answer(r.Status())
	case "POST reset":
		if err := r.Reset(); err != nil {
			refuse(http.StatusInternalServerError, "the lab could not be put back: %v", err)
			return
		}
		answer(r.Status())
	default:
		refuse(http.StatusNotFound, "the lab's control has no %s", what)
	}
}

// local tells whether a control request comes from a program on this machine: by its connection, by the host that it asked for (a name that
// somebody else made to lead here is refused), and by a header that no web page can send.
func local(hr *http.Request) bool {
	host, _, err := net.SplitHostPort(hr.Host)
	if err != nil {
		host = hr.Host
	}
	from, _, err := net.SplitHostPort(hr.RemoteAddr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(from)
	return ip != nil && ip.IsLoopback() && (host == "127.0.0.1" || host == "localhost") && hr.Header.Get(ControlHeader) != "" && hr.Header.Get("Origin") == ""
}

func records(calls []Call, last int) []CallRecord {
	if last > 0 && last < len(calls) {
		calls = calls[len(calls)-last:]
	}
	out := make([]CallRecord, len(calls))
	for i, c := range calls {
		out[i] = CallRecord{c.Time, c.Service, c.Operation, c.Status, c.Code, c.Message, c.AccessKey, c.UserAgent, c.RequestID}
	}
	return out
}
