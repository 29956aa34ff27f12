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
	d := objectDecoder{scalar: jsonScalar}
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

// objectDecoder makes a tree of parsed objects and arrays; the protocols differ in their scalars.
type objectDecoder struct {
	scalar  func(s *shape, format string, v any, path string) (any, error)
	unknown []string
}

func (d *objectDecoder) value(s *shape, format string, v any, path string) (any, error) {
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
	return d.scalar(s, format, v, path)
}

func (d *objectDecoder) structure(s *shape, m map[string]any, path string) (any, error) {
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
	case json.Number, int64, uint64, float64:
		kind = "a number"
	case []byte:
		kind = "bytes"
	case cborTag:
		kind = "a tagged value"
	}
	return badInput(path, "expected %s, got %s", want, kind)
}

// encodeJSON makes what encoding/json writes for a tree.
func encodeJSON(s *shape, format string, tree any) any {
	return encodeObject(s, format, tree, encodeJSONScalar)
}

// encodeObject names a tree's members as the wire does, but those that lie elsewhere than in the body, and
// replaces its scalars.
func encodeObject(s *shape, format string, tree any, scalar func(format string, v any) any) any {
	switch v := tree.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if s.Type == "map" {
				out[k] = encodeObject(s.Value.to, s.Value.timestampFormat(), e, scalar)
			} else if r := s.member[k]; r != nil && r.In == "" {
				out[r.wireName()] = encodeObject(r.to, r.timestampFormat(), e, scalar)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = encodeObject(s.Element.to, s.Element.timestampFormat(), e, scalar)
		}
		return out
	}
	return scalar(format, tree)
}

func encodeJSONScalar(format string, v any) any {
	switch v := v.(type) {
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
	return v
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

func encodeJSONOutput(op *operation, tree map[string]any, _ http.Header, _ string) ([]byte, error) {
	if op.emptyOutput && op.Out == "" {
		return nil, nil // AWS answers nothing at all where the model has no output
	}
	return marshalJSON(encodeJSON(op.output, "", tree))
}

func encodeJSONError(f failure, h http.Header, _ string) []byte {
	code, body := errorObject(f)
	body["__type"] = code
	h.Set("X-Amzn-ErrorType", code)
	return errorJSON(code, body)
}

// errorNames is the name of an error's shape (its code where it has none), and its message's name.
func errorNames(f failure) (code, message string) {
	code, message = f.code, "message"
	if f.shape != nil {
		code = f.shape.name
		for _, m := range f.shape.Members {
			if strings.EqualFold(m.Name, "message") {
				message = m.wireName()
			}
		}
	}
	return code, message
}

// errorObject is an error's shape name and its body but for that name.
func errorObject(f failure) (code string, body map[string]any) {
	code, message := errorNames(f)
	body = map[string]any{}
	if f.shape != nil {
		body = encodeJSON(f.shape, "", f.fields).(map[string]any)
	}
	body[message] = f.message
	return code, body
}

func errorJSON(code string, body map[string]any) []byte {
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

func decodeJSONOutput(op *operation, _ *http.Response, body []byte) (map[string]any, error) {
	v, err := parseJSON(body)
	if err != nil {
		return nil, err
	}
	d := objectDecoder{scalar: jsonScalar}
	tree, err := d.value(op.output, "", v, "")
	if err != nil {
		return nil, err
	}
	return tree.(map[string]any), nil
}

func decodeJSONError(s *service, resp *http.Response, body []byte) *Error {
	v, err := parseJSON(body)
	m, ok := v.(map[string]any)
	if err != nil || !ok {
		return nil
	}
	return errorOfObject(s, resp, m, objectDecoder{scalar: jsonScalar})
}

// errorOfObject reads an error's parsed body, and its code from the header where the body has none.
func errorOfObject(s *service, resp *http.Response, m map[string]any, d objectDecoder) *Error {
	e := &Error{Status: resp.StatusCode, Code: bareCode(resp.Header.Get("X-Amzn-ErrorType")), Fields: map[string]any{}}
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
