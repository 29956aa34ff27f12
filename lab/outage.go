package lab

import "github.com/ecsplain/ecsplain/lab/wire"

// Outage takes services down in the account's region, or brings them back: every call of theirs is answered with an error of the server.
// The names are signing names: ec2, ecs, elasticloadbalancing, logs, monitoring, ...
func (w *World) Outage(on bool, services ...string) {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	if w.faults.out == nil {
		w.faults.out = map[string]bool{}
	}
	for _, s := range services {
		w.faults.out[s] = on
	}
}

// down is what a service answers while it is down. The codes are those of the services' lists of common errors.
func down(service string) *wire.Error {
	switch service {
	case "ec2":
		return &wire.Error{Code: "Unavailable", Message: "The service is unavailable. Please try again shortly.", Status: 503}
	case "ecs":
		return &wire.Error{Code: "ServerException", Message: "Service Unavailable. Please try again later.", Status: 500}
	case "iam", "sts", "elasticloadbalancing":
		return &wire.Error{Code: "ServiceUnavailable", Message: "The request has failed due to a temporary failure of the server.", Status: 503}
	}
	return &wire.Error{Code: "ServiceUnavailableException", Message: "The request has failed due to a temporary failure of the server.", Status: 503}
}
