package iam

import (
	"slices"
	"strings"
)

// request is one question put to policies.
type request struct {
	action   string
	resource pattern
	keys     map[string][]string // condition keys, small letters; an empty list = known to be absent
	shapes   map[string]pattern  // condition keys of which only the shape is known
}

type known int8

const (
	notKnown known = iota
	absent
	present
)

// newRequest joins derived keys with those of ctx; ctx wins. A resource may hold * and ? where only its shape is known
// ("...:secret:db-??????"); "*" alone is the resource of actions that have none; "" is a resource nobody knows.
func newRequest(action, resource string, derived, ctx Context) request {
	r := request{action: action, keys: map[string][]string{}, shapes: map[string]pattern{}}
	for _, from := range []Context{derived, ctx} {
		for k, v := range from {
			r.keys[strings.ToLower(k)] = v
		}
	}
	switch resource {
	case "*":
		r.resource = literal("*")
	case "":
		r.resource = glob("*")
	default:
		r.resource = glob(resource)
	}
	return r
}

// key looks up a condition key.
func (r request) key(name string) ([]string, known) {
	values, ok := r.keys[strings.ToLower(name)]
	switch {
	case !ok:
		return nil, notKnown
	case len(values) == 0:
		return nil, absent
	}
	return values, present
}

// variable looks up a policy variable: a condition key with one value.
func (r request) variable(name string) (string, known) {
	values, st := r.key(name)
	if st == present && len(values) > 1 {
		return "", absent // AWS: a variable with several values makes no text
	}
	return strings.Join(values, ""), st
}

// match is how one statement of a policy bears on a request.
type match struct {
	effect  string
	applies tri
	name    string // "statement ReadDb"
	at      int    // its place in the document
	why     string // where applies is unknown: what is not known
}

// judge asks every statement. who answers for Principal and NotPrincipal.
func (r request) judge(p policy, who func(statement) tri) []match {
	out := make([]match, 0, len(p.Statement))
	for i, s := range p.Statement {
		e := evaluation{request: r, variables: p.variables()}
		principal := who(s)
		if principal == unknown {
			e.why = append(e.why, "the principal that it exempts")
		}
		m := match{effect: s.Effect, name: p.name(i), at: i}
		m.applies = min(principal, e.action(s), e.resource(s), e.condition(s))
		if m.applies == unknown {
			slices.Sort(e.why)
			m.why = strings.Join(slices.Compact(e.why), ", ")
		}
		out = append(out, m)
	}
	return out
}

// verdict is the strongest answer that statements of one effect give, and the statement that gives it.
func verdict(ms []match, effect string) (tri, match) {
	best, by := no, match{}
	for _, m := range ms {
		if m.effect == effect && m.applies > best {
			best, by = m.applies, m
		}
	}
	return best, by
}

// evaluation is the judging of one statement; it collects what it would have had to know.
type evaluation struct {
	request
	variables bool
	why       []string
}

// compile reads a value of the policy; wild says whether * and ? are wildcards in it.
func (e *evaluation) compile(value string, wild bool) pattern {
	if e.variables {
		return expand(value, wild, func(name string) (string, known) {
			v, st := e.variable(name)
			if st == notKnown {
				e.why = append(e.why, name)
			}
			return v, st
		})
	}
	if wild {
		return glob(value)
	}
	return literal(value)
}

func (e *evaluation) action(s statement) tri {
	hit := func(a string) tri { return glob(a).fold().matches(literal(e.request.action).fold()) }
	if s.NotAction != nil {
		return anyOf(s.NotAction, hit).not()
	}
	return anyOf(s.Action, hit)
}

// resource is yes where the statement names none: resource-based policies speak of what they are attached to.
func (e *evaluation) resource(s statement) tri {
	hit := func(res string) tri {
		t := e.compile(res, true).matches(e.request.resource)
		if t == unknown {
			e.why = append(e.why, "whether "+res+" takes in the resource")
		}
		return t
	}
	switch {
	case s.NotResource != nil:
		return anyOf(s.NotResource, hit).not()
	case s.Resource != nil:
		return anyOf(s.Resource, hit)
	}
	return yes
}
