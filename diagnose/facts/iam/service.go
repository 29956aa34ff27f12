package iam

import (
	"fmt"
	"strings"
)

// ReadServiceRights says what a resource-based policy, such as that of a KMS key, says to a service of AWS that acts in
// its own name ("fargate.amazonaws.com"). Condition keys that are neither derived nor in ctx are unknown.
func ReadServiceRights(doc, service, action, resource string, ctx Context) ResourceDecision {
	if strings.TrimSpace(doc) == "" {
		return ResourceDecision{Decision: ResourceNone}
	}
	p, err := parse(doc, resourceBased)
	if err != nil {
		return ResourceDecision{Decision: ResourceUnknown, Why: fmt.Sprintf("the document is not readable as a policy: %v", err)}
	}
	r := newRequest(action, resource, Context{"aws:PrincipalIsAWSService": {"true"}, "aws:PrincipalServiceName": {service}, "aws:SecureTransport": {"true"}}, ctx)
	matches := r.judge(p, func(s statement) tri {
		if s.NotPrincipal != nil {
			return namesService(*s.NotPrincipal, service).not()
		}
		return namesService(*s.Principal, service)
	})
	denies, denyBy := verdict(matches, "Deny")
	allows, allowBy := verdict(matches, "Allow")
	switch {
	case denies == yes:
		return ResourceDecision{Decision: ResourceDeny, Statement: denyBy.name}
	case denies == unknown:
		return ResourceDecision{Decision: ResourceUnknown, Statement: denyBy.name, Why: denyBy.depends()}
	case allows == yes:
		return ResourceDecision{Decision: ResourceAllow, Statement: allowBy.name}
	case allows == unknown:
		return ResourceDecision{Decision: ResourceUnknown, Statement: allowBy.name, Why: allowBy.depends()}
	}
	return ResourceDecision{Decision: ResourceNone}
}
