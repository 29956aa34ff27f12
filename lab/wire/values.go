package wire

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// fromPlain makes a tree of JSON-like input: any Go kind of number for numbers, RFC 3339 text or seconds
// or time.Time for timestamps, base64 text or []byte for blobs. A name the model lacks is an error that
// lists the names there are.
func fromPlain(s *shape, v any, path string) (any, error) {
	rv := reflect.ValueOf(v)
	switch s.Type {
	case "structure", "map":
		if rv.Kind() != reflect.Map || rv.Type().Key().Kind() != reflect.String {
			return nil, badInput(path, "expected an object, got %T", v)
		}
		out := map[string]any{}
		for it := rv.MapRange(); it.Next(); {
			name, e := it.Key().String(), it.Value().Interface()
			if e == nil {
				continue
			}
			r := s.Value
			if s.Type == "structure" {
				if r = s.member[name]; r == nil {
					return nil, badInput(join(path, name), "%s has no such member; it has %s", s.name, strings.Join(sortedKeys(s.member), ", "))
				}
			}
			t, err := fromPlain(r.to, e, join(path, name))
			if err != nil {
				return nil, err
			}
			out[name] = t
		}
		return out, nil
	case "list":
		if rv.Kind() != reflect.Slice {
			return nil, badInput(path, "expected an array, got %T", v)
		}
		out := make([]any, rv.Len())
		for i := range out {
			t, err := fromPlain(s.Element.to, rv.Index(i).Interface(), join(path, strconv.Itoa(i+1)))
			if err != nil {
				return nil, err
			}
			out[i] = t
		}
		return out, nil
	}
	return plainScalar(s, v, path)
}

func plainScalar(s *shape, v any, path string) (any, error) {
	rv := reflect.ValueOf(v)
	switch t := v.(type) {
	case time.Time:
		if s.Type == "timestamp" {
			return t.UTC(), nil
		}
	case []byte:
		if s.Type == "blob" {
			return t, nil
		}
	case json.Number:
		if s.Type == "timestamp" {
			return parseEpoch(string(t), path)
		}
		if isInteger(s) || isFloat(s) {
			return parseNumber(s, string(t), path)
		}
	}
	switch {
	case s.Type == "boolean" && rv.Kind() == reflect.Bool:
		return rv.Bool(), nil
	case (isInteger(s) || isFloat(s) || s.Type == "timestamp") && (rv.CanInt() || rv.CanUint() || rv.CanFloat()):
		text := numberText(rv)
		if s.Type == "timestamp" {
			return parseEpoch(text, path)
		}
		return parseNumber(s, text, path)
	case rv.Kind() == reflect.String:
		switch s.Type {
		case "string":
			return rv.String(), nil
		case "timestamp":
			return parseTime("", rv.String(), path)
		case "blob":
			return parseBlob(rv.String(), path)
		}
	}
	return nil, badInput(path, "expected a %s, got %T", s.Type, v)
}

func numberText(v reflect.Value) string {
	switch {
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10)
	}
	if f := v.Float(); f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatInt(int64(f), 10)
	}
	return formatFloat(v.Float())
}

// plain makes JSON-like values of a tree: timestamps as RFC 3339 text in UTC, blobs as base64 text,
// whole numbers as int64, others as float64.
func plain(tree any) any {
	switch v := tree.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = plain(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plain(e)
		}
		return out
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	}
	return tree
}
