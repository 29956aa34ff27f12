package wire

import (
	"net/http"
	"strconv"
	"strings"
)

// Smithy RPC v2 CBOR: POST /service/NAME/operation/OPERATION with the header "smithy-protocol: rpc-v2-cbor"
// both ways; input, output and errors as CBOR maps by member name.

const rpcProtocol = "rpc-v2-cbor"

func rpcContentType(*service) string { return "application/cbor" }

// rpcNames reads the service's and the operation's name off a path; a client may put a prefix before them.
func rpcNames(path string) (serviceName, operationName string, ok bool) {
	p := strings.Split(path, "/")
	if len(p) < 4 {
		return "", "", false
	}
	p = p[len(p)-4:]
	name := p[1]
	if _, after, ok := cutLast(name, "."); ok {
		name = after // a namespace went before it
	}
	return name, p[3], p[0] == "service" && p[2] == "operation" && name != "" && p[3] != ""
}

func parseRPC(body []byte) (any, error) {
	if len(body) == 0 {
		return map[string]any{}, nil
	}
	return parseCBOR(body)
}

func decodeRPCInput(op *operation, in incoming) (map[string]any, []string, error) {
	v, err := parseRPC(in.body)
	if err != nil {
		return nil, nil, err
	}
	d := objectDecoder{scalar: cborScalar}
	tree, err := d.value(op.input, "", v, "")
	if err != nil {
		return nil, nil, err
	}
	return tree.(map[string]any), d.unknown, nil
}

func cborScalar(s *shape, _ string, v any, path string) (any, error) {
	switch t := v.(type) {
	case bool:
		if s.Type == "boolean" {
			return t, nil
		}
	case string:
		if s.Type == "string" {
			return t, nil
		}
	case []byte:
		if s.Type == "blob" {
			return t, nil
		}
	case float64:
		if isFloat(s) {
			return t, nil
		}
		if isInteger(s) {
			return parseNumber(s, formatFloat(t), path)
		}
	case int64, uint64:
		if isFloat(s) || isInteger(s) {
			return parseNumber(s, cborNumberText(v), path)
		}
	case cborTag:
		if text := cborNumberText(t.value); s.Type == "timestamp" && t.number == cborEpochTag && text != "" {
			return parseEpoch(text, path)
		}
	}
	return nil, wrongType(path, article(s.Type), v)
}

// cborNumberText is a number's text; "" for anything else.
func cborNumberText(v any) string {
	switch t := v.(type) {
	case int64:
		return strconv.FormatInt(t, 10)
	case uint64:
		return strconv.FormatUint(t, 10)
	case float64:
		return formatFloat(t)
	}
	return ""
}

func article(shapeType string) string {
	if shapeType == "integer" {
		return "an integer"
	}
	return "a " + shapeType
}

// encodeRPC makes what appendCBOR writes for a tree: its scalars are CBOR's own already.
func encodeRPC(s *shape, tree any) []byte {
	return appendCBOR(nil, encodeObject(s, "", tree, func(_ string, v any) any { return v }))
}

func encodeRPCOutput(op *operation, tree map[string]any, h http.Header, _ string) ([]byte, error) {
	h.Set("Smithy-Protocol", rpcProtocol)
	return encodeRPC(op.output, tree), nil
}

func encodeRPCError(f failure, h http.Header, _ string) []byte {
	h.Set("Smithy-Protocol", rpcProtocol)
	code, message := errorNames(f)
	body := map[string]any{}
	if f.shape != nil {
		body = encodeObject(f.shape, "", f.fields, func(_ string, v any) any { return v }).(map[string]any)
	}
	body["__type"], body[message] = code, f.message
	return appendCBOR(nil, body)
}

func rpcTarget(op *operation, _ map[string]any) (method, target string, err error) {
	return http.MethodPost, "/service/" + op.service.TargetPrefix + "/operation/" + op.name, nil
}

func encodeRPCInput(op *operation, tree map[string]any, h http.Header) ([]byte, error) {
	h.Set("Smithy-Protocol", rpcProtocol)
	h.Set("Content-Type", rpcContentType(op.service))
	h.Set("Accept", rpcContentType(op.service))
	return encodeRPC(op.input, tree), nil
}

func decodeRPCOutput(op *operation, _ *http.Response, body []byte) (map[string]any, error) {
	tree, _, err := decodeRPCInput(&operation{input: op.output}, incoming{body: body})
	return tree, err
}

func decodeRPCError(s *service, resp *http.Response, body []byte) *Error {
	v, err := parseRPC(body)
	m, ok := v.(map[string]any)
	if err != nil || !ok {
		return nil
	}
	return errorOfObject(s, resp, m, objectDecoder{scalar: cborScalar})
}
