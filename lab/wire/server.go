package wire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxBody bounds a request's body; the largest AWS takes here is PutLogEvents with 1 MiB.
const maxBody = 16 << 20

// Server is the HTTP side of the simulated account. Set the fields before it serves.
//
// A call goes: route, Delay, Where, decode, validate, Before, Mangle, handler, answer, OnCall. Signatures are not
// checked. Calls are served concurrently; the handlers do their own locking.
type Server struct {
	Operations []Operation                              // the explicit list
	Now        func() time.Time                         // for the Date header and Call.Time; nil = time.Now
	Region     string                                   // told to a browser as the one to type
	Where      func(*Request) (*Server, error)          // the server whose handler runs instead; nil = this one. Its error is answered before the input is looked at
	Before     func(*Request, any) error                // asked before each handler, with a valid input (pointer to the SDK struct); its error is answered instead (access denied, throttling)
	Delay      func(*Request) time.Duration             // injected latency before anything else; ends early when the caller goes away; nil = none
	Mangle     func(*Request, http.ResponseWriter) bool // nil = none; true = it wrote a broken answer itself and the handler does not run
	OnCall     func(Call)                               // every finished call, also failed and unsupported ones; called from the serving goroutine

	once  sync.Once
	index map[string]handler // "ecs:DescribeTasks"
	calls atomic.Uint64

	mu          sync.Mutex
	unsupported map[string]int
	unknown     map[string]int
}

// handler is an operation with its shapes.
type handler struct {
	Operation
	shapes *operation
}

// NewServer makes a server of a list of operations. An operation without shapes, or listed twice, is a
// defect of the list and panics with what to do.
func NewServer(ops []Operation) *Server {
	s := &Server{Operations: ops}
	s.prepare()
	return s
}

func (s *Server) prepare() {
	s.once.Do(func() {
		s.index = map[string]handler{}
		s.unsupported, s.unknown = map[string]int{}, map[string]int{}
		for _, op := range s.Operations {
			shapes, err := lookup(op.Service, op.Name)
			if err != nil {
				panic(err)
			}
			op.Service = signingName(op.Service)
			key := op.Service + ":" + op.Name
			if _, twice := s.index[key]; twice {
				panic("wire: operation " + key + " is listed twice")
			}
			s.index[key] = handler{op, shapes}
		}
	})
}

// Unsupported counts calls to operations that the server has no handler for, as "service:Operation".
func (s *Server) Unsupported() map[string]int {
	s.prepare()
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.unsupported)
}

// UnknownMembers counts input members that the shape tables lack, as "service:Operation.member"; handlers
// never saw them. EC2 calls with one are refused besides, as AWS refuses them.
func (s *Server) UnknownMembers() map[string]int {
	s.prepare()
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.unknown)
}

func (s *Server) count(m map[string]int, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m[key]++
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

const greeting = `This is the ecsplain lab: a simulated AWS account.
It speaks the AWS wire protocols, so point an AWS client at this address:
  export AWS_ENDPOINT_URL=http://%s AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab AWS_REGION=%s AWS_EC2_METADATA_DISABLED=true
  aws ecs list-clusters
`

// ServeHTTP answers one AWS call, or says what this is to a browser.
func (s *Server) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	s.prepare()
	arrived := s.now()
	w.Header().Set("Date", arrived.UTC().Format(http.TimeFormat))
	in, err := readRequest(w, hr)
	rt := routeOf(in)
	if rt.operation == "" && (hr.Method == http.MethodGet || hr.Method == http.MethodHead) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(w, greeting, hr.Host, or(s.Region, "us-east-1"))
		return
	}
	r := &Request{
		Context: hr.Context(), Service: rt.service, Operation: rt.operation, Region: rt.region, AccessKey: rt.accessKey,
		ID: fmt.Sprintf("00000000-0000-4000-8000-%012x", s.calls.Add(1)), UserAgent: hr.UserAgent(),
	}
	call := Call{
		Service: r.Service, Operation: r.Operation, Region: r.Region, Time: arrived,
		RequestID: r.ID, UserAgent: r.UserAgent, AccessKey: r.AccessKey,
	}
	if s.OnCall != nil {
		defer func() { s.OnCall(call) }()
	}
	w.Header().Set("X-Amzn-RequestId", r.ID)
	w.Header().Set("X-Amz-Request-Id", r.ID)
	p := rt.protocol
	if t := tables()[r.Service]; t != nil {
		p = t.speaking(rt.protocol)
	}
	if p == nil {
		p = protocolNamed("json")
	}

	var body []byte
	status := http.StatusOK
	if err == nil {
		body, status, err = s.answer(w, r, p, in, &call)
	}
	if err == errMangled {
		call.Code = mangledCode
		return
	}
	if err != nil {
		e := asError(r.Service, err)
		f := failureOf(tables()[r.Service], e)
		call.Code, status = f.code, f.status
		if call.Message == "" {
			call.Message = f.message
		}
		body = p.encodeError(f, w.Header(), r.ID)
		f.setQueryError(in.header, w.Header())
	}
	if status != http.StatusNoContent {
		w.Header().Set("Content-Type", p.contentType(tables()[r.Service]))
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	call.Status = status
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may have gone; there is nobody left to tell
}

var errMangled = errors.New("mangled")

// answer runs the call up to its encoded output. It fills call's input, and its message where that says
// more than the error answered.
func (s *Server) answer(w http.ResponseWriter, r *Request, p *protocol, in incoming, call *Call) (body []byte, status int, err error) {
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler {
				panic(v)
			}
			err = &Error{Code: "InternalFailure", Message: fmt.Sprintf("the lab's handler of %s:%s panicked: %v", r.Service, r.Operation, v), Status: 500}
			call.Message = fmt.Sprintf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	if s.Delay != nil {
		if err := sleep(r, s.Delay(r)); err != nil {
			return nil, 0, err
		}
	}
	name := r.Service + ":" + r.Operation
	h, ok := s.index[name]
	if !ok {
		return nil, 0, s.refuse(r)
	}
	if s.Where != nil {
		other, err := s.Where(r)
		if err != nil {
			return nil, 0, err
		}
		if other != nil {
			h = other.index[name]
		}
	}
	tree, unknown, err := p.decode(h.shapes, in)
	if err != nil {
		return nil, 0, err
	}
	ec2 := h.shapes.service.Protocol == "ec2"
	for _, m := range unknown {
		s.count(s.unknown, name+"."+m)
		if ec2 {
			return nil, 0, Errorf("UnknownParameter", "The parameter %s is not recognized", m)
		}
	}
	if bad := validate(h.shapes.input, tree, "", ec2); len(bad) > 0 {
		return nil, 0, dialectOf(r.Service).refusal(bad)
	}
	input := h.newInput()
	if err := toStruct(h.shapes.input, tree, reflect.ValueOf(input).Elem()); err != nil {
		return nil, 0, err
	}
	call.Input = input
	if s.Before != nil {
		if err := s.Before(r, input); err != nil {
			return nil, 0, err
		}
	}
	if s.Mangle != nil && s.Mangle(r, w) {
		return nil, 0, errMangled
	}
	out, err := h.call(r, input)
	if err != nil {
		return nil, 0, err
	}
	tree, err = outputTree(h, out)
	if err != nil {
		return nil, 0, err
	}
	body, err = p.encode(h.shapes, tree, w.Header(), r.ID)
	return body, h.shapes.statusOf(tree), err
}

func outputTree(h handler, out any) (map[string]any, error) {
	v, _, err := fromStruct(h.shapes.output, reflect.ValueOf(out))
	if err != nil {
		return nil, err
	}
	tree := v.(map[string]any)
	for _, m := range h.shapes.output.Members {
		if _, there := tree[m.Name]; !there && m.to.Type == "list" && m.In == "" {
			tree[m.Name] = []any{}
		}
	}
	return tree, nil
}

// refuse is the answer to an operation nobody wrote.
func (s *Server) refuse(r *Request) error {
	service, operation := r.Service, r.Operation
	if service == "" && operation == "" {
		return &Error{Code: "UnknownOperationException", Message: "not an AWS call this lab can route: no credential scope, no X-Amz-Target, no Action, no known path", Status: 404}
	}
	if service == "" {
		service = "?"
	}
	if operation == "" {
		operation = "?"
	}
	s.count(s.unsupported, service+":"+operation)
	return &Error{
		Code:    "NotImplemented",
		Message: fmt.Sprintf("the lab does not implement %s:%s; it is a gap of the lab, not of your account", service, operation),
		Status:  501,
	}
}

func sleep(r *Request, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-r.Context.Done():
		return &Error{Code: "RequestCanceled", Message: "the caller went away: " + r.Context.Err().Error(), Status: 499}
	}
}

func unzip(body []byte) ([]byte, error) {
	zr, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(zr, maxBody+1))
	if err == nil && len(out) > maxBody {
		err = fmt.Errorf("more than %d bytes unpacked", maxBody)
	}
	return out, err
}

// readRequest reads the body and the form. What could be read is there even with an error, for routing.
func readRequest(w http.ResponseWriter, hr *http.Request) (incoming, error) {
	in := incoming{method: hr.Method, path: hr.URL.EscapedPath(), header: hr.Header, form: hr.URL.Query()}
	body, err := io.ReadAll(http.MaxBytesReader(w, hr.Body, maxBody))
	if err == nil && hr.Header.Get("Content-Encoding") == "gzip" {
		body, err = unzip(body) // CloudWatch's clients compress long requests
	}
	if err != nil {
		return in, badInput("", "the body could not be read: %v", err)
	}
	in.body = body
	if strings.HasPrefix(hr.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(body))
		for k, v := range form {
			in.form[k] = append(v, in.form[k]...)
		}
		if err != nil {
			return in, badInput("", "the body is not a form: %v", err)
		}
	}
	return in, nil
}
