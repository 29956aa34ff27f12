package iam

import "github.com/ecsplain/ecsplain/evidence"

// Combine joins what the role's policies and the resource's policy say. Within one account either may allow; across
// accounts both must. A Deny on either side wins. name is the resource's policy in words ("the policy of repository
// team/app"), resource the Basis on which res rests. IAM user guide, "Policy evaluation logic" and "Cross-account
// policy evaluation logic".
func Combine(identity Decision, res ResourceDecision, name string, resource evidence.Basis, crossAccount bool) Decision {
	own, theirs := effectOf(identity), res.Decision
	if resource.Unknown {
		theirs = ResourceUnknown
	}
	if theirs == ResourceAllow && res.ToAccount && !crossAccount {
		theirs = ResourceNone // it leaves the matter to the account's own policies
	}
	final := own == ResourceDeny || own == ResourceNone && crossAccount // no resource policy lifts it
	what := by(name, res.Statement)
	subject := "role " + identity.Role + " " + identity.Action + onResource(identity.Resource)
	switch {
	case final:
		return identity
	case theirs == ResourceDeny:
		return identity.instead(resource, Decision{Denied: true, Explicit: true, By: what, Says: what + " denies " + subject})
	case theirs == ResourceNone && crossAccount:
		return identity.instead(resource, Decision{Denied: true, Says: name + " does not allow " + subject + "; across accounts it must"})
	case theirs == ResourceNone && own != ResourceUnknown, theirs == ResourceAllow && own == ResourceAllow:
		out := identity
		out.Basis.Cites = append(append([]evidence.Cite(nil), identity.Basis.Cites...), resource.Cites...)
		return out
	case theirs == ResourceAllow && identity.Liftable:
		return identity.instead(resource, Decision{Allowed: true, By: what, Says: what + " allows " + subject + ", by what could be read"})
	}
	return openCombine(identity, res, resource)
}

// effectOf is the decision of the role's side in the words of the other: ResourceDeny is final, ResourceNone is not.
func effectOf(d Decision) string {
	switch {
	case d.Basis.Unknown:
		return ResourceUnknown
	case d.Allowed:
		return ResourceAllow
	case d.Explicit || d.Layer == LayerBoundary:
		return ResourceDeny
	}
	return ResourceNone
}

// instead answers the same question by the resource's policy.
func (d Decision) instead(basis evidence.Basis, by Decision) Decision {
	by.Action, by.Resource, by.Role, by.ChangedAt = d.Action, d.Resource, d.Role, d.ChangedAt
	by.Layer, by.Basis = LayerResource, basis
	return by
}

func by(name, statement string) string {
	if statement == "" {
		return name
	}
	return name + ", " + statement
}

// openCombine is the unknown answer: it misses what either side misses.
func openCombine(d Decision, res ResourceDecision, resource evidence.Basis) Decision {
	out := Decision{Action: d.Action, Resource: d.Resource, Role: d.Role, ChangedAt: d.ChangedAt}
	out.Basis.Unknown = true
	for _, side := range []evidence.Basis{d.Basis, resource} {
		out.Basis.Cites = append(out.Basis.Cites, side.Cites...)
		if side.Unknown {
			out.Basis.Missing = evidence.SortKeys(append(out.Basis.Missing, side.Missing...))
			out.Basis.Why = join(out.Basis.Why, side.Why)
		}
	}
	if !resource.Unknown {
		out.Basis.Why = join(out.Basis.Why, res.Why)
	}
	return out
}

func join(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "" || a == b:
		return a
	}
	return a + "; " + b
}
