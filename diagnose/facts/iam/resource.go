package iam

import (
	"fmt"
	"slices"
	"strings"
)

// ResourceAllows says what a resource-based policy, such as that of an ECR repository, says to a principal: one of
// ResourceAllow, ResourceDeny, ResourceNone and ResourceUnknown, and the statement that decided. An empty document is
// ResourceNone. principalARN is a role or a role session; account is the principal's account, "" = as its ARN says.
// An allow for the principal's whole account counts as allow; what that means is for the caller, see Combine.
func ResourceAllows(doc, principalARN, account, action, resource string) (decision, statement string) {
	d := ReadResource(doc, principalARN, account, action, resource, nil)
	return d.Decision, d.Statement
}

// ReadResource is ResourceAllows with condition keys given and with all that it can tell.
func ReadResource(doc, principalARN, account, action, resource string, ctx Context) ResourceDecision {
	if strings.TrimSpace(doc) == "" {
		return ResourceDecision{Decision: ResourceNone}
	}
	p, err := parse(doc, resourceBased)
	if err != nil {
		return ResourceDecision{Decision: ResourceUnknown, Why: fmt.Sprintf("the document is not readable as a policy: %v", err)}
	}
	who := newPrincipal(principalARN, account)
	r := newRequest(action, resource, who.keys(resource), ctx)
	matches := r.judge(p, who.named)
	denies, denyBy := verdict(matches, "Deny")
	allows, allowBy := verdict(matches, "Allow")
	switch {
	case denies == yes:
		return ResourceDecision{Decision: ResourceDeny, Statement: denyBy.name}
	case denies == unknown:
		return ResourceDecision{Decision: ResourceUnknown, Statement: denyBy.name, Why: denyBy.depends()}
	case allows == yes:
		return ResourceDecision{Decision: ResourceAllow, Statement: allowBy.name, ToAccount: who.onlyAsAccount(p, matches)}
	case allows == unknown:
		return ResourceDecision{Decision: ResourceUnknown, Statement: allowBy.name, Why: allowBy.depends()}
	}
	return ResourceDecision{Decision: ResourceNone}
}

func (m match) depends() string { return m.name + " depends on " + m.why + ", which is not known" }

// principal is a role or a role session, compared with the names that policies give.
type principal struct {
	arn     string
	account string
	role    string // name
	session bool
}

func newPrincipal(arn, account string) principal {
	p := principal{arn: arn, account: account, role: RoleName(arn), session: strings.Contains(arn, ":assumed-role/")}
	if p.account == "" {
		p.account = AccountOf(arn)
	}
	return p
}

func (p principal) keys(resource string) Context {
	c := taskKeys(resource)
	if p.account != "" {
		c["aws:PrincipalAccount"] = []string{p.account}
	}
	if strings.HasPrefix(p.arn, "arn:") && !p.session {
		c["aws:PrincipalArn"] = []string{p.arn}
	}
	return c
}

// named is whether the statement's Principal takes the principal in. NotPrincipal exempts it for sure only where the
// account is named too: AWS evaluates a session as session, role and account. IAM user guide, "AWS JSON policy
// elements: NotPrincipal".
func (p principal) named(s statement) tri {
	if s.Principal != nil {
		return max(p.asItself(*s.Principal), p.asAccount(*s.Principal))
	}
	if s.NotPrincipal == nil {
		return yes
	}
	itself, account := p.asItself(*s.NotPrincipal), p.asAccount(*s.NotPrincipal)
	switch {
	case s.NotPrincipal.Everyone || itself == yes && account == yes:
		return no
	case itself == no && account == no:
		return yes
	}
	return unknown
}

// asItself is whether a list names the role, its session or everyone.
func (p principal) asItself(who principals) tri {
	if who.Everyone {
		return yes
	}
	return anyOf(who.AWS, func(name string) tri {
		switch {
		case name == "*" || name == p.arn:
			return yes
		case p.account == "" || AccountOf(name) != p.account || RoleName(name) != p.role:
			return no
		case strings.Contains(name, ":assumed-role/"):
			if p.session {
				return no // another session of the role
			}
			return unknown // one session of the role; which one asks is not known
		case strings.Contains(name, ":role/") && p.session:
			return yes // a session's ARN has no path, so the name must do
		}
		return no
	})
}

// asAccount is whether a list names the principal's account.
func (p principal) asAccount(who principals) tri {
	return triOf(p.account != "" && slices.ContainsFunc(who.AWS, func(name string) bool {
		return name == p.account || AccountOf(name) == p.account && strings.HasSuffix(name, ":root")
	}))
}

// onlyAsAccount is whether no statement that surely allows names the role itself.
func (p principal) onlyAsAccount(doc policy, ms []match) bool {
	for _, m := range ms {
		s := doc.Statement[m.at]
		if m.effect == "Allow" && m.applies == yes && (s.Principal == nil || p.asItself(*s.Principal) == yes) {
			return false
		}
	}
	return true
}
