package wire

import (
	"fmt"
	"net/http"
	"net/url"
)

// incoming is a request as the codecs see it. path is still escaped; form is the query string and, for form
// bodies, the body.
type incoming struct {
	method, path string
	header       http.Header
	body         []byte
	form         url.Values
}

// failure is an error ready to be written: everything the model knows of it looked up.
type failure struct {
	service *service // nil when nobody knows the service
	shape   *shape   // nil when the code is not modelled
	code    string   // on the wire
	message string
	status  int
	fields  map[string]any // tree of the error shape's other members
}

// protocol is one wire protocol, both sides of it. Trees are keyed by AWS member names.
type protocol struct {
	name        string // as the tables say it
	contentType func(*service) string

	// Server side. unknown lists input names that the model lacks.
	decode      func(*operation, incoming) (tree map[string]any, unknown []string, err error)
	encode      func(op *operation, tree map[string]any, h http.Header, requestID string) ([]byte, error)
	encodeError func(f failure, h http.Header, requestID string) []byte

	// Client side. target is the method and the path with its query string; nil stands for POST /.
	target      func(*operation, map[string]any) (method, target string, err error)
	request     func(*operation, map[string]any, http.Header) ([]byte, error)
	response    func(*operation, *http.Response, []byte) (map[string]any, error)
	decodeError func(*service, *http.Response, []byte) *Error
}

// protocols is the one list. A new protocol is another entry.
var protocols = []protocol{
	{
		name: "json", contentType: jsonContentType,
		decode: decodeJSONInput, encode: encodeJSONOutput, encodeError: encodeJSONError,
		request: encodeJSONInput, response: decodeJSONOutput, decodeError: decodeJSONError,
	},
	{
		name: "query", contentType: xmlContentType,
		decode: decodeQueryInput, encode: encodeQueryOutput, encodeError: encodeQueryError,
		request: encodeQueryInput, response: decodeQueryOutput, decodeError: decodeXMLError,
	},
	{
		name: "ec2", contentType: xmlContentType,
		decode: decodeQueryInput, encode: encodeEC2Output, encodeError: encodeEC2Error,
		request: encodeQueryInput, response: decodeEC2Output, decodeError: decodeXMLError,
	},
	{
		name: "rest-json", contentType: restContentType,
		decode: decodeRESTInput, encode: encodeRESTOutput, encodeError: encodeRESTError,
		target: restTarget, request: encodeRESTInput, response: decodeRESTOutput, decodeError: decodeJSONError,
	},
	{
		name: "smithy-rpc-v2-cbor", contentType: rpcContentType,
		decode: decodeRPCInput, encode: encodeRPCOutput, encodeError: encodeRPCError,
		target: rpcTarget, request: encodeRPCInput, response: decodeRPCOutput, decodeError: decodeRPCError,
	},
}

// inputError is input that is not of the model's types; path says where.
type inputError struct{ path, problem string }

func (e *inputError) Error() string {
	if e.path == "" {
		return e.problem
	}
	return fmt.Sprintf("%s: %s", e.path, e.problem)
}

func badInput(path, format string, args ...any) error {
	return &inputError{path, fmt.Sprintf(format, args...)}
}
