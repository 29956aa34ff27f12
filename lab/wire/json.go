package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// awsJson1.0 and awsJson1.1: the operation in X-Amz-Target, input and output as JSON objects, timestamps as
// seconds since 1970 with a fraction, blobs as base64.

func jsonContentType(s *service) string {
	version := "1.1"
	if s != nil && s.JSONVersion != "" {
		version = s.JSONVersion
	}
	return "application/x-amz-json-" + version
}

func decodeJSONInput(op *operation, in incoming) (map[string]any, []string, error) {
	v, err := parseJSON(in.body)
	if err != nil {
		return nil, nil, err
	}
	d := jsonDecoder{}
	tree, err := d.value(op.input, "", v, "")
	if err != nil {
		return nil, nil, err
	}
	return tree.(map[string]any), d.unknown, nil
}

// parseJSON reads one JSON object; an empty body is an empty object, as AWS takes it.
func parseJSON(body []byte) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return map[string]any{}, nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, badInput("", "the body is not JSON: %v", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, badInput("", "the body goes on after the JSON object")
	}
	return v, nil
}

type jsonDecoder struct{ unknown []string }

func (d *jsonDecoder) value(s *shape, format string, v any, path string) (any, error) {
	switch s.Type {
	case "structure":
		m, ok := v.(map[string]any)
		if !ok {
			return nil, wrongType(path, "an object", v)
		}
		return d.structure(s, m, path)
	case "map":
		m, ok := v.(map[string]any)
		if !ok {
			return nil, wrongType(path, "an object", v)
		}
		out := make(map[string]any, len(m))
		for k, e := range m {
			if e == nil {
				continue
			}
			t, err := d.value(s.Value.to, s.Value.timestampFormat(), e, join(path, k))
			if err != nil {
				return nil, err
			}
			out[k] = t
		}
		return out, nil
	case "list":
		l, ok := v.([]any)
		if !ok {
			return nil, wrongType(path, "an array", v)
		}
		out := make([]any, 0, len(l))
		for i, e := range l {
			at := join(path, strconv.Itoa(i+1))
			if e == nil {
				return nil, badInput(at, "null in a list")
			}
			t, err := d.value(s.Element.to, s.Element.timestampFormat(), e, at)
			if err != nil {
				return nil, err
			}
			out = append(out, t)
		}
		return out, nil
	}
	return jsonScalar(s, format, v, path)
}

func (d *jsonDecoder) structure(s *shape, m map[string]any, path string) (any, error) {
	out := make(map[string]any, len(m))
	for _, name := range sortedKeys(m) {
		if m[name] == nil {
			continue
		}
		r := s.wire[name]
		if r == nil {
			if name != "__type" {
				d.unknown = append(d.unknown, join(path, name))
			}
			continue
		}
		t, err := d.value(r.to, r.timestampFormat(), m[name], join(path, name))
		if err != nil {
			return nil, err
		}
		out[r.Name] = t
	}
	return out, nil
}

func jsonScalar(s *shape, format string, v any, path string) (any, error) {
	switch s.Type {
	case "boolean":
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return nil, wrongType(path, "a boolean", v)
	case "integer", "long", "float", "double":
		if n, ok := v.(json.Number); ok {
			return parseNumber(s, string(n), path)
		}
		if t, ok := v.(string); ok && isFloat(s) && (t == "NaN" || t == "Infinity" || t == "-Infinity") {
			return parseNumber(s, t, path)
		}
		return nil, wrongType(path, "a number", v)
	case "timestamp":
		switch n := v.(type) {
		case json.Number:
			return parseEpoch(string(n), path)
		case string:
			return parseTime(format, n, path)
		}
		return nil, wrongType(path, "a timestamp", v)
	}
	t, ok := v.(string)
	if !ok {
		return nil, wrongType(path, "a string", v)
	}
	if s.Type == "blob" {
		return parseBlob(t, path)
	}
	return t, nil
}

func wrongType(path, want string, got any) error {
	kind := "null"
	switch got.(type) {
	case map[string]any:
		kind = "an object"
	case []any:
		kind = "an array"
	case string:
		kind = "a string"
	case bool:
		kind = "a boolean"
	case json.Number:
		kind = "a number"
	}
	return badInput(path, "expected %s, got %s", want, kind)
}

// encodeJSON makes what encoding/json writes for a tree.
func encodeJSON(s *shape, format string, tree any) any {
	switch v := tree.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if s.Type == "map" {
				out[k] = encodeJSON(s.Value.to, s.Value.timestampFormat(), e)
			} else if r := s.member[k]; r != nil {
				out[r.wireName()] = encodeJSON(r.to, r.timestampFormat(), e)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = encodeJSON(s.Element.to, s.Element.timestampFormat(), e)
		}
		return out
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case time.Time:
		if format == "" || format == "unixTimestamp" {
			return json.Number(epoch(v))
		}
		return formatTime(format, v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return formatFloat(v)
		}
	}
	return tree
}

func marshalJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func encodeJSONOutput(op *operation, tree map[string]any, _ string) ([]byte, error) {
	if op.emptyOutput && op.Out == "" {
		return nil, nil // AWS answers nothing at all where the model has no output
	}
	return marshalJSON(encodeJSON(op.output, "", tree))
}

func encodeJSONError(f failure, h http.Header, _ string) []byte {
	body := map[string]any{}
	message, code := "message", f.code
	if f.shape != nil {
		code = f.shape.name
		body = encodeJSON(f.shape, "", f.fields).(map[string]any)
		for _, m := range f.shape.Members {
			if strings.EqualFold(m.Name, "message") {
				message = m.wireName()
			}
		}
	}
	body["__type"], body[message] = code, f.message
	h.Set("X-Amzn-ErrorType", code)
	raw, err := marshalJSON(body)
	if err != nil {
		return []byte(fmt.Sprintf(`{"__type":%q}`, code))
	}
	return raw
}

func encodeJSONInput(op *operation, tree map[string]any, h http.Header) ([]byte, error) {
	h.Set("Content-Type", jsonContentType(op.service))
	h.Set("X-Amz-Target", op.service.TargetPrefix+"."+op.name)
	return marshalJSON(encodeJSON(op.input, "", tree))
}

func decodeJSONOutput(op *operation, body []byte) (map[string]any, error) {
	v, err := parseJSON(body)
	if err != nil {
		return nil, err
	}
	d := jsonDecoder{}
	tree, err := d.value(op.output, "", v, "")
	if err != nil {
		return nil, err
	}
	return tree.(map[string]any), nil
}

func decodeJSONError(s *service, resp *http.Response, body []byte) *Error {
	e := &Error{Status: resp.StatusCode, Code: bareCode(resp.Header.Get("X-Amzn-ErrorType")), Fields: map[string]any{}}
	v, err := parseJSON(body)
	m, ok := v.(map[string]any)
	if err != nil || !ok {
		return nil
	}
	if t, ok := m["__type"].(string); ok {
		e.Code = bareCode(t)
	}
	for name, f := range m {
		if text, ok := f.(string); ok && strings.EqualFold(name, "message") {
			e.Message = text
			delete(m, name)
		}
	}
	if sh := s.errors[e.Code]; sh != nil {
		d := jsonDecoder{}
		if tree, err := d.value(sh, "", m, ""); err == nil {
			e.Fields = plain(tree).(map[string]any)
		}
	}
	return e
}

// bareCode takes the namespace before and the URL after an error type away: "ns#Code:http://...".
func bareCode(t string) string {
	if _, after, ok := strings.Cut(t, "#"); ok {
		t = after
	}
	t, _, _ = strings.Cut(t, ":")
	return t
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
