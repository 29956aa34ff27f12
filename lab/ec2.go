package lab

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// attributes gives the values that a filter sees on a resource; ok is false for a filter the resource does not have.
type attributes[T any] func(item *T, filter string) (vals []string, ok bool)

// describe is what all Describe operations of EC2 have in common: ids that must all exist, filters that simply leave out
// what does not fit, pages in the order of ids.
func describe[T any](all map[string]*T, ids []string, filters []ec2types.Filter, limit *int32, token *string, missing func(id string) *wire.Error, attrs attributes[T]) ([]*T, *string, error) {
	var rows []*T
	if len(ids) > 0 && limit != nil {
		return nil, nil, wire.Errorf("InvalidParameterCombination", "The parameter MaxResults cannot be used with a list of ids.")
	}
	for _, id := range ids {
		if all[id] == nil {
			return nil, nil, missing(id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if len(ids) > 0 && !slices.Contains(ids, id) {
			continue
		}
		ok, err := matches(all[id], filters, attrs)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			rows = append(rows, all[id])
		}
	}
	page, next, err := wire.Page(rows, aws.ToString(token), int(aws.ToInt32(limit)), 1000)
	return page, optional(next), err
}

// matches applies filters: all filters, any value of each, with * and ? as wildcards. (A nil item still checks the names.)
func matches[T any](item *T, filters []ec2types.Filter, attrs attributes[T]) (bool, error) {
	fits := true
	for _, f := range filters {
		have, ok := attrs(item, aws.ToString(f.Name))
		if !ok {
			return false, wire.Errorf("InvalidParameterValue", "The filter '%s' is invalid", aws.ToString(f.Name))
		}
		if len(f.Values) > 200 {
			return false, wire.Errorf("FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200")
		}
		fits = fits && slices.ContainsFunc(have, func(h string) bool {
			return slices.ContainsFunc(f.Values, func(v string) bool { return wildcard(v, h) })
		})
	}
	return fits, nil
}

// wildcard matches a pattern with * (any run) and ? (any one character) against the whole of s.
func wildcard(pattern, s string) bool {
	if !strings.ContainsAny(pattern, "*?") {
		return pattern == s
	}
	q := regexp.QuoteMeta(pattern)
	q = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(q)
	return regexp.MustCompile(`(?s)\A` + q + `\z`).MatchString(s)
}

// tagAttributes are the filters that every tagged resource has.
func tagAttributes(tags []ec2types.Tag, filter string) ([]string, bool) {
	key, byKey := strings.CutPrefix(filter, "tag:")
	if !byKey && filter != "tag-key" {
		return nil, false
	}
	var out []string
	for _, t := range tags {
		if !byKey {
			out = append(out, aws.ToString(t.Key))
		} else if aws.ToString(t.Key) == key {
			out = append(out, aws.ToString(t.Value))
		}
	}
	return out, true
}

// notFound is EC2's usual text for an id that does not exist.
func notFound(code, what, id string) *wire.Error {
	return wire.Errorf(code, "The %s '%s' does not exist", what, id)
}

func notFoundAs(code, what string) func(string) *wire.Error {
	return func(id string) *wire.Error { return notFound(code, what, id) }
}

// sorted lists a map's values in the order of its keys.
func sorted[T any](m map[string]T) []T {
	out := make([]T, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

// values copies rows for an answer, so that the state may change while the answer is written.
func values[T any](rows []*T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = *r
	}
	return out
}

// text is a string pointer as filter values.
func text(s *string) []string {
	if s == nil {
		return nil
	}
	return []string{*s}
}

// optional is nil for "".
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func boolText(b *bool) []string {
	if aws.ToBool(b) {
		return []string{"true"}
	}
	return []string{"false"}
}

// tagsFor picks the tags a Create call gives to one kind of resource.
func tagsFor(specs []ec2types.TagSpecification, kind ec2types.ResourceType) []ec2types.Tag {
	out := []ec2types.Tag{}
	for _, s := range specs {
		if s.ResourceType == kind {
			out = append(out, s.Tags...)
		}
	}
	return out
}
