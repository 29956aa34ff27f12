package lab

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// policy is an IAM policy document.
type policy struct {
	Version   string
	ID        string `json:"Id"`
	Statement statements
}

type statement struct {
	Sid          string
	Effect       string
	Principal    principals
	NotPrincipal principals
	Action       oneOrMore
	NotAction    oneOrMore
	Resource     oneOrMore
	NotResource  oneOrMore
	Condition    map[string]map[string]oneOrMore // operator -> key -> values
}

// statements may be a list or a single one.
type statements []statement

func (s *statements) UnmarshalJSON(b []byte) error {
	if strings.HasPrefix(strings.TrimSpace(string(b)), "{") {
		b = slices.Concat([]byte("["), b, []byte("]"))
	}
	return json.Unmarshal(b, (*[]statement)(s))
}

// oneOrMore is a text or a list of texts; nil = absent. Conditions may give booleans and numbers too.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(b []byte) error {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	*o = oneOrMore{}
	for _, e := range list {
		switch e.(type) {
		case string, bool, float64:
			*o = append(*o, fmt.Sprint(e))
		default:
			return fmt.Errorf("%s is not a text or a list of texts", b)
		}
	}
	return nil
}

// principals maps AWS, Service, Federated, CanonicalUser to names; "*" alone is under "*". nil = absent.
type principals map[string]oneOrMore

func (p *principals) UnmarshalJSON(b []byte) error {
	if strings.TrimSpace(string(b)) == `"*"` {
		*p = principals{"*": {"*"}}
		return nil
	}
	m := map[string]oneOrMore{}
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	if slices.Contains(m["AWS"], "*") {
		m["*"] = oneOrMore{"*"}
	}
	*p = m
	return nil
}

// operators are the condition operators of this world. Each compares one value of the request with one of the policy.
var operators = []struct {
	name    string
	negated bool // true when the value equals none of the policy's
	same    func(have, want string) bool
}{
	{"StringEquals", false, func(h, v string) bool { return h == v }},
	{"StringNotEquals", true, func(h, v string) bool { return h == v }},
	{"StringEqualsIgnoreCase", false, strings.EqualFold},
	{"StringNotEqualsIgnoreCase", true, strings.EqualFold},
	{"StringLike", false, func(h, v string) bool { return wildcard(v, h) }},
	{"StringNotLike", true, func(h, v string) bool { return wildcard(v, h) }},
	{"ArnEquals", false, sameARN}, // IAM treats it as ArnLike
	{"ArnLike", false, sameARN},
	{"ArnNotEquals", true, sameARN},
	{"ArnNotLike", true, sameARN},
	{"Bool", false, strings.EqualFold},
	{"IpAddress", false, inNetwork},
	{"NotIpAddress", true, inNetwork},
}

// sameARN compares the six parts of ARNs one by one, so that a * does not run over a colon of the first five.
func sameARN(have, want string) bool {
	h, v := strings.SplitN(have, ":", 6), strings.SplitN(want, ":", 6)
	if len(h) != 6 || len(v) != 6 {
		return wildcard(want, have)
	}
	for i := range h {
		if !wildcard(v[i], h[i]) {
			return false
		}
	}
	return true
}

func inNetwork(have, want string) bool {
	a, err := netip.ParseAddr(have)
	if err != nil {
		return false
	}
	if !strings.Contains(want, "/") {
		return have == want
	}
	return match(want, a) > 0
}

// holds tells whether all conditions of a statement are true. A key that the request does not have makes a condition false,
// or true for the negated operators and for ...IfExists (IAM user guide, "Condition operators").
func (q query) holds(where string, conditions map[string]map[string]oneOrMore) bool {
	all := true
	for name, keys := range conditions {
		for key, want := range keys {
			ok, known := q.condition(name, key, want)
			if !known {
				q.w.notePolicy(where, "condition "+name+" on "+key+" is not supported")
			}
			all = all && ok
		}
	}
	return all
}

func (q query) condition(name, key string, want oneOrMore) (ok, known bool) {
	have, present := q.context[strings.ToLower(key)]
	if name == "Null" {
		return slices.ContainsFunc(want, func(v string) bool { return strings.EqualFold(v, fmt.Sprint(!present)) }), true
	}
	base, ifExists := strings.CutSuffix(name, "IfExists")
	set, rest, isSet := strings.Cut(base, ":")
	if isSet { // every key of this world has one value at most
		base = rest
	}
	for _, op := range operators {
		if op.name != base || isSet && set != "ForAnyValue" && set != "ForAllValues" {
			continue
		}
		if slices.ContainsFunc(want, func(v string) bool { return strings.Contains(v, "${") }) {
			return false, false // policy variables
		}
		if !present {
			return ifExists || set == "ForAllValues" || op.negated && set != "ForAnyValue", true
		}
		return slices.ContainsFunc(want, func(v string) bool { return op.same(have, v) }) != op.negated, true
	}
	return false, false
}
