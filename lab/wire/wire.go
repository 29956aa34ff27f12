// Package wire speaks the AWS wire protocols of the simulated account: an HTTP server whose handlers are
// functions over the SDK's own input and output structs, and a small generic client.
//
// One codec serves every protocol. It goes in two steps: bytes to a tree of Go values keyed by AWS member
// names, driven by the shape tables in shapes/ (made from AWS's public API models, see NOTICE and
// internal/genshapes), and the tree to SDK structs, by reflection. A protocol is a struct literal in the
// list protocols; today awsJson1.0/1.1, awsQuery, ec2Query, REST-JSON and
// Smithy RPC v2 CBOR.
package wire

import (
	"context"
	"fmt"
	"reflect"
	"time"
)

// Request is what a handler may know of the HTTP request.
type Request struct {
	Context   context.Context
	Service   string // signing name: ecs, ec2, logs, ecr, iam, sts, secretsmanager, ssm, ...
	Operation string
	Region    string // from the SigV4 credential scope; "" when unsigned
	AccessKey string // from the credential scope; "" when unsigned
	ID        string // request id
	UserAgent string
}

// Error is an AWS error as the service would answer it.
//
// Code is the error's shape name (NoSuchEntityException) or its code on the wire (NoSuchEntity); the table
// knows both and the wire carries the latter. Status 0 means what the model gives for the code, else 400.
// Fields are further members of the error's shape by AWS member name (values as the SDK types or as plain
// Go values); names the shape lacks are left out.
type Error struct {
	Code, Message string
	Status        int
	Fields        map[string]any
}

// Error is AWS's usual one-line form: "Code: message".
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// ErrorCode and ErrorMessage are the SDK's own error interface, which handlers' typed errors share.
func (e *Error) ErrorCode() string    { return e.Code }
func (e *Error) ErrorMessage() string { return e.Message }

// Errorf makes an Error with a formatted message and the model's status.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Operation is one API operation the lab answers. Make one with Op.
type Operation struct {
	Service, Name string

	newInput func() any
	call     func(*Request, any) (any, error)
	output   reflect.Type // struct
}

// Op makes an Operation from a typed handler over the SDK's input and output structs.
//
// The handler gets an input that passed the model's validation (required members, enums, sizes), so a
// member AWS requires is never nil. It answers an output (nil means an empty one) or an error: *Error, one
// of the SDK's typed errors (&types.ClusterNotFoundException{...}), or ErrInvalidToken; any other error is
// a fault of the lab and goes out as status 500. In outputs a nil slice or map is left out of the answer
// and an empty one is sent empty, except that nil lists at the top of an output are sent empty, as AWS does
// ("failures": []). Members the SDK keeps as plain numbers and booleans are always sent.
func Op[I, O any](service, name string, f func(*Request, *I) (*O, error)) Operation {
	return Operation{
		Service: service, Name: name,
		newInput: func() any { return new(I) },
		output:   reflect.TypeFor[O](),
		call: func(r *Request, in any) (any, error) {
			out, err := f(r, in.(*I))
			if err != nil {
				return nil, err
			}
			if out == nil {
				out = new(O)
			}
			return out, nil
		},
	}
}

// Call is one finished call, as Server.OnCall gets it.
type Call struct {
	Service, Operation, Region string
	Input                      any       // pointer to the SDK's input struct; nil when the call never got that far
	Code, Message              string    // the error answered; both empty on success
	Status                     int       // of the HTTP answer; 0 when Server.Mangle wrote it
	Time                       time.Time // Server.Now when the request arrived
	RequestID                  string
	UserAgent, AccessKey       string
}

// mangledCode stands in Call.Code for an answer that Server.Mangle broke.
const mangledCode = "Mangled"
