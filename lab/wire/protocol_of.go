package wire

// ProtocolOf is the protocol that a service's clients speak by default, in AWS's words, by the service's signing name; "" for a service without
// shapes.
func ProtocolOf(service string) string {
	s := tables()[service]
	if s == nil {
		return ""
	}
	switch s.Protocol {
	case "json":
		return "AWS JSON " + s.JSONVersion
	case "query":
		return "AWS Query"
	case "ec2":
		return "EC2 Query"
	case "rest-json":
		return "REST-JSON"
	case "smithy-rpc-v2-cbor":
		return "RPC v2 CBOR"
	}
	return s.Protocol
}
