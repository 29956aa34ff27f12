package iam

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// comparer compares one value of the policy with one value of the request. A value that is not of the operator's type is
// unknown.
type comparer func(e *evaluation, policy string, request pattern) tri

// operators are the condition operators by their name in small letters, without Not. IAM user guide, "IAM JSON policy
// elements: Condition operators".
var operators = map[string]comparer{
	"stringequals":             stringEquals,
	"stringequalsignorecase":   stringEqualsIgnoreCase,
	"stringlike":               stringLike,
	"arnequals":                arnLike, // AWS: the two behave identically
	"arnlike":                  arnLike,
	"bool":                     stringEqualsIgnoreCase,
	"binaryequals":             stringEquals,
	"ipaddress":                ipAddress,
	"numericequals":            numeric(func(c int) bool { return c == 0 }),
	"numericlessthan":          numeric(func(c int) bool { return c < 0 }),
	"numericlessthanequals":    numeric(func(c int) bool { return c <= 0 }),
	"numericgreaterthan":       numeric(func(c int) bool { return c > 0 }),
	"numericgreaterthanequals": numeric(func(c int) bool { return c >= 0 }),
	"dateequals":               date(func(c int) bool { return c == 0 }),
	"datelessthan":             date(func(c int) bool { return c < 0 }),
	"datelessthanequals":       date(func(c int) bool { return c <= 0 }),
	"dategreaterthan":          date(func(c int) bool { return c > 0 }),
	"dategreaterthanequals":    date(func(c int) bool { return c >= 0 }),
}

// negated maps the operators with Not to those without.
var negated = map[string]string{
	"stringnotequals":           "stringequals",
	"stringnotequalsignorecase": "stringequalsignorecase",
	"stringnotlike":             "stringlike",
	"arnnotequals":              "arnequals",
	"arnnotlike":                "arnlike",
	"notipaddress":              "ipaddress",
	"numericnotequals":          "numericequals",
	"datenotequals":             "dateequals",
}

// condition is yes where every operator and every key agree.
func (e *evaluation) condition(s statement) tri {
	out := yes
	for _, op := range slices.Sorted(maps.Keys(s.Condition)) {
		keys := s.Condition[op]
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			t := e.test(op, key, keys[key])
			if t == unknown && len(e.why) == 0 {
				e.why = append(e.why, key)
			}
			out = min(out, t)
		}
	}
	return out
}

// test judges one line of a condition: operator, key, values.
func (e *evaluation) test(written, key string, values []string) tri {
	op := strings.ToLower(written)
	set, rest, ok := strings.Cut(op, ":")
	if ok && (set == "forallvalues" || set == "foranyvalue") {
		op = rest
	} else {
		set = ""
	}
	op, ifExists := strings.CutSuffix(op, "ifexists")
	base, not := negated[op]
	if !not {
		base = op
	}
	compare := operators[base]
	if compare == nil && op != "null" {
		e.why = append(e.why, "the condition operator "+written)
		return unknown
	}
	requested, st := e.values(key)
	switch {
	case st == notKnown:
		e.why = append(e.why, key)
		return unknown
	case op == "null":
		return anyOf(values, func(v string) tri { return triOf(strings.EqualFold(v, "true") == (st == absent)) })
	case st == absent:
		return triOf(ifExists || set == "forallvalues" || not && set == "")
	}
	one := func(req pattern) tri {
		t := anyOf(values, func(v string) tri { return compare(e, v, req) })
		if not {
			t = t.not()
		}
		return t
	}
	if set == "forallvalues" || set == "" && not {
		return allOf(requested, one)
	}
	return anyOf(requested, one)
}

// values is what the request holds for a key, as patterns: most are texts, some only shapes.
func (e *evaluation) values(key string) ([]pattern, known) {
	if shape, ok := e.shapes[strings.ToLower(key)]; ok {
		return []pattern{shape}, present
	}
	texts, st := e.key(key)
	out := make([]pattern, 0, len(texts))
	for _, t := range texts {
		out = append(out, literal(t))
	}
	return out, st
}

// stringEquals: a literal with * never equals an ARN or a name, so against a shape it is no.
func stringEquals(e *evaluation, policy string, request pattern) tri {
	p := e.compile(policy, false)
	if request.wild() && !p.hole && strings.ContainsAny(policy, "*?") && !strings.Contains(policy, "${") {
		return no
	}
	return p.matches(request)
}

func stringEqualsIgnoreCase(e *evaluation, policy string, request pattern) tri {
	return e.compile(policy, false).fold().matches(request.fold())
}

func stringLike(e *evaluation, policy string, request pattern) tri {
	return e.compile(policy, true).matches(request)
}

func arnLike(e *evaluation, policy string, request pattern) tri {
	return e.compile(policy, true).matchesARN(request)
}

// text is the one text that a pattern stands for.
func (p pattern) text() (string, bool) {
	var b strings.Builder
	for _, t := range p.toks {
		if t.kind != one {
			return "", false
		}
		b.WriteRune(t.char)
	}
	return b.String(), true
}

func ipAddress(e *evaluation, policy string, request pattern) tri {
	text, ok := request.text()
	addr, err := netip.ParseAddr(text)
	block, errBlock := netip.ParsePrefix(policy)
	if errBlock != nil {
		var alone netip.Addr
		if alone, errBlock = netip.ParseAddr(policy); errBlock == nil {
			block = netip.PrefixFrom(alone, alone.BitLen())
		}
	}
	if !ok || err != nil || errBlock != nil {
		return e.unreadable(policy)
	}
	return triOf(block.Contains(addr))
}

func numeric(holds func(int) bool) comparer {
	return func(e *evaluation, policy string, request pattern) tri {
		text, ok := request.text()
		want, err := strconv.ParseFloat(policy, 64)
		have, errHave := strconv.ParseFloat(text, 64)
		if !ok || err != nil || errHave != nil || want != want || have != have {
			return e.unreadable(policy)
		}
		return triOf(holds(cmp.Compare(have, want)))
	}
}

func date(holds func(int) bool) comparer {
	return func(e *evaluation, policy string, request pattern) tri {
		text, ok := request.text()
		want, okWant := readTime(policy)
		have, okHave := readTime(text)
		if !ok || !okWant || !okHave {
			return e.unreadable(policy)
		}
		return triOf(holds(have.Compare(want)))
	}
}

// readTime takes the W3C forms of ISO 8601 and seconds since 1970, as IAM does.
func readTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

// unreadable is a comparison of values that are not of the operator's type.
func (e *evaluation) unreadable(policy string) tri {
	e.why = append(e.why, "the condition value "+policy)
	return unknown
}
