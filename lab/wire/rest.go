package wire

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// REST-JSON: the operation is the method and the path; members lie in the path, the query string, headers,
// the status, or in a JSON object as body. One member may be the whole body (the payload). Lists in headers
// are split at every comma, as no table has text with commas in them.

func restContentType(*service) string { return "application/json" }

// uriTemplate is a model's request URI: "/schedules/{Name}", "/a/{Rest+}?constant=x".
type uriTemplate struct {
	segments []uriSegment
	query    url.Values // constants that must be there; an empty value stands for any
}

// uriSegment is literal text, or one label, or a greedy label that takes at least one segment.
type uriSegment struct {
	literal, label string
	greedy         bool
}

func parseTemplate(uri string) uriTemplate {
	path, query, _ := strings.Cut(uri, "?")
	t := uriTemplate{}
	t.query, _ = url.ParseQuery(query) // of the tables, hence well formed
	for _, part := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		s := uriSegment{literal: part}
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name, s.greedy = strings.CutSuffix(strings.TrimSuffix(name, "}"), "+")
			s.literal, s.label = "", name
		}
		t.segments = append(t.segments, s)
	}
	return t
}

// match gives the labels' values; path is still escaped.
func (t uriTemplate) match(path string, query url.Values) (map[string]string, bool) {
	for name, want := range t.query {
		if !query.Has(name) || want[0] != "" && query.Get(name) != want[0] {
			return nil, false
		}
	}
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if at := slices.IndexFunc(t.segments, func(s uriSegment) bool { return s.greedy }); at >= 0 {
		n := len(parts) - len(t.segments) + 1
		if n < 1 {
			return nil, false
		}
		parts = slices.Replace(parts, at, at+n, strings.Join(parts[at:at+n], "/"))
	}
	if len(parts) != len(t.segments) {
		return nil, false
	}
	labels := map[string]string{}
	for i, s := range t.segments {
		text, err := url.PathUnescape(parts[i])
		if err != nil || text == "" && s.label != "" || s.label == "" && text != s.literal {
			return nil, false
		}
		if s.label != "" {
			labels[s.label] = text
		}
	}
	return labels, true
}

// compareTemplates puts the more literal template first: at the first segment where two differ in kind
// literal text wins over a label and a label over a greedy one; then more segments, then more constants.
func compareTemplates(a, b uriTemplate) int {
	rank := func(s uriSegment) int {
		switch {
		case s.greedy:
			return 2
		case s.label != "":
			return 1
		}
		return 0
	}
	for i := range min(len(a.segments), len(b.segments)) {
		if c := cmp.Compare(rank(a.segments[i]), rank(b.segments[i])); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(b.segments), len(a.segments)), cmp.Compare(len(b.query), len(a.query)))
}

// restOperation is the operation that a method and a path name; nil for none.
func (s *service) restOperation(in incoming) *operation {
	for _, op := range s.routes {
		if op.Method != in.method {
			continue
		}
		if _, ok := op.template.match(in.path, in.form); ok {
			return op
		}
	}
	return nil
}

// Where a member lies, as the models say it; "" is the body.
const (
	inURI     = "uri"
	inQuery   = "querystring"
	inHeader  = "header"
	inHeaders = "headers" // a map; the location name is the headers' prefix
	inStatus  = "statusCode"
)

func decodeRESTInput(op *operation, in incoming) (map[string]any, []string, error) {
	d := objectDecoder{scalar: jsonScalar}
	tree, err := d.restBody(op.input, in.body)
	if err != nil {
		return nil, nil, err
	}
	labels, _ := op.template.match(in.path, in.form)
	left := url.Values{} // what nobody read of the query string
	for name, values := range in.form {
		if _, constant := op.template.query[name]; !constant && !strings.HasPrefix(name, "X-Amz-") {
			left[name] = values
		}
	}
	for _, m := range op.input.Members {
		var v any
		switch m.In {
		case inURI:
			if text, ok := labels[m.wireName()]; ok {
				v, err = textScalar(m.to, m.timestampFormat(), text, m.Name)
			}
		case inQuery:
			if values, ok := left[m.wireName()]; ok && m.to.Type != "map" {
				v, err = queryValue(m, values)
				delete(left, m.wireName())
			}
		case inHeader, inHeaders:
			v, err = headerValue(m, in.header)
		}
		if err != nil {
			return nil, nil, err
		}
		if v != nil {
			tree[m.Name] = v
		}
	}
	for _, m := range op.input.Members {
		if m.In == inQuery && m.to.Type == "map" && len(left) > 0 {
			if tree[m.Name], err = queryMap(m, left); err != nil {
				return nil, nil, err
			}
			left = nil
		}
	}
	return tree, append(d.unknown, sortedKeys(left)...), nil
}

// restBody reads the members of s that lie in the body.
func (d *objectDecoder) restBody(s *shape, body []byte) (map[string]any, error) {
	p := s.member[s.Payload]
	switch {
	case p != nil && len(body) == 0:
		return map[string]any{}, nil
	case p != nil && p.to.Type == "blob":
		return map[string]any{p.Name: body}, nil
	case p != nil && p.to.Type == "string":
		return map[string]any{p.Name: string(body)}, nil
	}
	v, err := parseJSON(body)
	if err != nil {
		return nil, err
	}
	if p != nil {
		tree, err := d.value(p.to, p.timestampFormat(), v, p.Name)
		return map[string]any{p.Name: tree}, err
	}
	tree, err := d.value(s, "", v, "")
	if err != nil {
		return nil, err
	}
	return tree.(map[string]any), nil
}

func queryValue(m *ref, values []string) (any, error) {
	if m.to.Type != "list" {
		return textScalar(m.to, m.timestampFormat(), values[0], m.Name)
	}
	return textList(m, values)
}

func textList(m *ref, values []string) (any, error) {
	out := make([]any, len(values))
	for i, text := range values {
		e := m.to.Element
		v, err := textScalar(e.to, e.timestampFormat(), text, join(m.Name, strconv.Itoa(i+1)))
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func queryMap(m *ref, left url.Values) (any, error) {
	out := map[string]any{}
	for name, values := range left {
		v, err := queryValue(&ref{Name: join(m.Name, name), to: m.to.Value.to}, values)
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

// headerValue reads a member from headers; nil when it is absent.
func headerValue(m *ref, h http.Header) (any, error) {
	if m.In == inHeaders {
		out := map[string]any{}
		for name, values := range h {
			if rest, ok := strings.CutPrefix(strings.ToLower(name), strings.ToLower(m.Location)); ok {
				out[rest] = values[0]
			}
		}
		if len(out) == 0 {
			return nil, nil
		}
		return out, nil
	}
	values := h.Values(m.wireName())
	if len(values) == 0 {
		return nil, nil
	}
	if m.to.Type != "list" {
		return textScalar(m.to, m.timestampFormat(), values[0], m.Name)
	}
	parts := strings.Split(strings.Join(values, ","), ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return textList(m, parts)
}

// placedText is a scalar's text outside the body, where timestamps have other defaults.
func placedText(m *ref, v any) string {
	format := m.timestampFormat()
	if format == "" && m.In == inHeader {
		format = "rfc822"
	}
	return scalarText(format, v)
}

func setHeader(m *ref, v any, h http.Header) {
	switch t := v.(type) {
	case []any:
		for _, e := range t {
			h.Add(m.wireName(), placedText(m.to.Element, e))
		}
	case map[string]any:
		for k, e := range t {
			h.Set(m.Location+k, placedText(m.to.Value, e))
		}
	default:
		h.Set(m.wireName(), placedText(m, v))
	}
}

// encodeREST writes headers into h and gives the body; nil when no member lies there.
func encodeREST(s *shape, tree map[string]any, h http.Header) ([]byte, error) {
	inBody := false
	for _, m := range s.Members {
		inBody = inBody || m.In == ""
		if v, ok := tree[m.Name]; ok && (m.In == inHeader || m.In == inHeaders) {
			setHeader(m, v, h)
		}
	}
	if p := s.member[s.Payload]; p != nil {
		switch v := tree[p.Name].(type) {
		case nil:
			return nil, nil
		case []byte:
			return v, nil
		case string:
			return []byte(v), nil
		default:
			return marshalJSON(encodeJSON(p.to, p.timestampFormat(), v))
		}
	}
	if !inBody {
		return nil, nil
	}
	return marshalJSON(encodeJSON(s, "", tree))
}

func encodeRESTOutput(op *operation, tree map[string]any, h http.Header, _ string) ([]byte, error) {
	if op.emptyOutput && op.Out != "" {
		return []byte("{}"), nil
	}
	return encodeREST(op.output, tree, h)
}

// encodeRESTError names the error in a header. EFS has its code in the body besides, as a member.
func encodeRESTError(f failure, h http.Header, _ string) []byte {
	code, body := errorObject(f)
	if f.shape != nil && f.shape.member["ErrorCode"] != nil && body["ErrorCode"] == nil {
		body["ErrorCode"] = code
	}
	h.Set("X-Amzn-ErrorType", code)
	return errorJSON(code, body)
}

// restTarget is the method and the escaped path and query string of a request.
func restTarget(op *operation, tree map[string]any) (method, target string, err error) {
	query := url.Values{}
	for name, values := range op.template.query {
		query[name] = values
	}
	text := map[string]string{}
	for _, m := range op.input.Members {
		v, ok := tree[m.Name]
		switch {
		case ok && m.In == inURI:
			text[m.wireName()] = placedText(m, v)
		case ok && m.In == inQuery:
			addQuery(query, m.wireName(), m, v)
		}
	}
	for _, s := range op.template.segments {
		part := s.literal
		if s.label != "" {
			if part = url.PathEscape(text[s.label]); part == "" {
				return "", "", badInput(s.label, "it is part of the path, so it must be given and not be empty")
			}
			if s.greedy {
				part = strings.ReplaceAll(part, "%2F", "/")
			}
		}
		target += "/" + part
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	return op.Method, target, nil
}

func addQuery(query url.Values, name string, m *ref, v any) {
	switch t := v.(type) {
	case []any:
		for _, e := range t {
			query.Add(name, placedText(m.to.Element, e))
		}
	case map[string]any:
		for k, e := range t {
			addQuery(query, k, m.to.Value, e)
		}
	default:
		query.Add(name, placedText(m, v))
	}
}

func encodeRESTInput(op *operation, tree map[string]any, h http.Header) ([]byte, error) {
	body, err := encodeREST(op.input, tree, h)
	if body != nil {
		h.Set("Content-Type", restContentType(op.service))
	}
	return body, err
}

// statusOf is the status of a success: a member's where the model has one for it, else the operation's own.
func (op *operation) statusOf(tree map[string]any) int {
	for _, m := range op.output.Members {
		if status, ok := tree[m.Name].(int64); ok && m.In == inStatus && status >= 200 && status < 600 {
			return int(status)
		}
	}
	return cmp.Or(op.Status, http.StatusOK)
}

func decodeRESTOutput(op *operation, resp *http.Response, body []byte) (map[string]any, error) {
	d := objectDecoder{scalar: jsonScalar}
	tree, err := d.restBody(op.output, body)
	if err != nil {
		return nil, fmt.Errorf("wire: %w", err)
	}
	for _, m := range op.output.Members {
		switch m.In {
		case inHeader, inHeaders:
			v, err := headerValue(m, resp.Header)
			if err != nil {
				return nil, err
			}
			if v != nil {
				tree[m.Name] = v
			}
		case inStatus:
			tree[m.Name] = int64(resp.StatusCode)
		}
	}
	return tree, nil
}
