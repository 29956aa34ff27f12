package wire

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
)

// apiError is the SDK's own error interface; its typed errors and *Error have it.
type apiError interface {
	error
	ErrorCode() string
	ErrorMessage() string
}

// asError makes the answer for whatever a handler or a hook returned.
func asError(service string, err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	if errors.Is(err, ErrInvalidToken) {
		d := dialectOf(service)
		return Errorf(d.badToken, "%s", d.tokenMessage)
	}
	var bad *inputError
	if errors.As(err, &bad) {
		return Errorf(dialectOf(service).malformed, "%s", bad.Error())
	}
	var typed apiError
	if errors.As(err, &typed) {
		return &Error{Code: typed.ErrorCode(), Message: typed.ErrorMessage(), Fields: fieldsOfError(typed)}
	}
	return &Error{Code: "InternalFailure", Message: err.Error(), Status: 500}
}

// fieldsOfError lists a typed SDK error's exported members but its message, by Go field name.
func fieldsOfError(err error) map[string]any {
	v := reflect.Indirect(reflect.ValueOf(err))
	if v.Kind() != reflect.Struct {
		return nil
	}
	out := map[string]any{}
	for name, i := range fieldsOf(v.Type()) {
		if name != "Message" && name != "ErrorCodeOverride" {
			out[name] = v.Field(i).Interface()
		}
	}
	return out
}

// failureOf looks an error up in the service's model and makes it ready to be written.
func failureOf(s *service, e *Error) failure {
	f := failure{service: s, code: e.Code, message: e.Message, status: e.Status, fields: map[string]any{}}
	if s != nil {
		f.shape = s.errors[e.Code]
	}
	if f.shape != nil {
		if f.shape.Code != "" {
			f.code = f.shape.Code
		}
		if f.status == 0 {
			f.status = f.shape.Status
		}
		if f.status == 0 && f.shape.Fault {
			f.status = 500
		}
		f.addFields(e.Fields)
	}
	if f.status == 0 {
		f.status = 400
	}
	return f
}

// setQueryError repeats the code in a header for clients of services that once spoke awsQuery, where codes
// had other names than shapes have.
func (f *failure) setQueryError(request, answer http.Header) {
	if f.service == nil || f.service.QueryCompatible == nil || request.Get("X-Amzn-Query-Mode") != "true" {
		return
	}
	side := "Sender"
	if f.status >= 500 {
		side = "Receiver"
	}
	answer.Set("X-Amzn-Query-Error", f.code+";"+side)
}

func (f *failure) addFields(fields map[string]any) {
	for _, m := range f.shape.Members {
		if goName(m.Name) == "Message" {
			continue
		}
		v, ok := fields[m.Name]
		if !ok {
			v, ok = fields[goName(m.Name)]
		}
		if !ok || v == nil {
			continue
		}
		tree, present, err := fromStruct(m.to, reflect.ValueOf(v))
		if err != nil { // plain Go values (map[string]any, []any, int) as in a client's JSON input
			tree, err = fromPlain(m.to, v, m.Name)
			present = err == nil
		}
		if err != nil {
			f.message += fmt.Sprintf(" [lab: field %s of the error could not be written: %v]", m.Name, err)
			continue
		}
		if present {
			f.fields[m.Name] = tree
		}
	}
}
