package wire

import (
	"strings"
)

// route is what a request's headers and form say about where it goes; empty parts are not known.
type route struct {
	service, operation, region, accessKey string
	protocol                              *protocol // by the look of the request, for answers to unknown services
}

// scope is the credential scope of a SigV4 Authorization header or a presigned URL.
type scope struct{ accessKey, date, region, service string }

// parseScope reads "Credential=KEY/DATE/REGION/SERVICE/aws4_request" out of an Authorization header. The
// signature itself is not looked at. An access key may not hold a slash, so five parts are exact.
func parseScope(authorization string) (scope, bool) {
	algorithm, rest, ok := strings.Cut(strings.TrimSpace(authorization), " ")
	if !ok || !strings.HasPrefix(algorithm, "AWS4-") {
		return scope{}, false
	}
	for _, part := range strings.FieldsFunc(rest, func(r rune) bool { return r == ',' || r == ' ' }) {
		if credential, ok := strings.CutPrefix(part, "Credential="); ok {
			return parseCredential(credential)
		}
	}
	return scope{}, false
}

func parseCredential(credential string) (scope, bool) {
	p := strings.Split(credential, "/")
	switch {
	case len(p) == 5 && p[4] == "aws4_request" && p[0] != "" && p[3] != "":
		return scope{p[0], p[1], p[2], p[3]}, true
	case len(p) == 4 && p[3] == "aws4_request" && p[0] != "" && p[2] != "":
		return scope{p[0], p[1], "", p[2]}, true // SigV4a has no region
	}
	return scope{}, false
}

// routeOf routes by the credential scope, then by X-Amz-Target, Action, an RPC path or a REST path; an
// unsigned request by the target's prefix, by Action and Version, or by what service has the path.
func routeOf(in incoming) route {
	var r route
	h, form := in.header, in.form
	sc, signed := parseScope(h.Get("Authorization"))
	if !signed {
		sc, signed = parseCredential(form.Get("X-Amz-Credential"))
	}
	if signed {
		r.service, r.region, r.accessKey = sc.service, sc.region, sc.accessKey
	}
	target, action := h.Get("X-Amz-Target"), form.Get("Action")
	prefix, name, isTarget := cutLast(target, ".")
	rpcService, rpcOperation, isRPC := rpcNames(in.path)
	switch {
	case isRPC && h.Get("Smithy-Protocol") == rpcProtocol:
		r.operation, r.protocol = rpcOperation, protocolNamed("smithy-rpc-v2-cbor")
		prefix, isTarget = rpcService, true
	case isTarget:
		r.operation, r.protocol = name, protocolNamed("json")
	case action != "":
		r.operation, r.protocol = action, protocolNamed("query")
	}
	if signed {
		r.byPath(in, tables()[r.service])
		return r
	}
	for _, service := range sortedKeys(tables()) {
		s := tables()[service]
		if isTarget && s.TargetPrefix == prefix || !isTarget && action != "" && s.takesForms() && s.APIVersion == form.Get("Version") {
			r.service = service
		}
		if r.service == "" && r.operation == "" && s.restOperation(in) != nil {
			r.service = service
			r.byPath(in, s)
		}
	}
	return r
}

// maxPathName bounds a path that stands for an operation's name.
const maxPathName = 100

// byPath finds the operation of a REST service; method and path stand for one that nobody knows.
func (r *route) byPath(in incoming, s *service) {
	if s == nil || s.Protocol != "rest-json" {
		return
	}
	r.protocol = s.protocol()
	if op := s.restOperation(in); op != nil {
		r.operation = op.name
		return
	}
	r.operation = in.method + " " + in.path[:min(len(in.path), maxPathName)]
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

func protocolNamed(name string) *protocol {
	for i := range protocols {
		if protocols[i].name == name {
			return &protocols[i]
		}
	}
	return nil
}
