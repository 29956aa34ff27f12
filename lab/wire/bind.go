package wire

import (
	"fmt"
	"reflect"
	"sync"
	"time"
)

// A tree is what the wire's bytes become before they are SDK structs: map[string]any for structures (by AWS
// member name) and maps, []any for lists, string, int64, float64, bool, []byte, time.Time. An absent member
// is an absent key.

var timeType = reflect.TypeFor[time.Time]()

// fieldIndex gives, per SDK struct, the field for an AWS member name: the same name with an upper first letter.
var fieldIndex sync.Map // reflect.Type -> map[string]int

func fieldsOf(t reflect.Type) map[string]int {
	if m, ok := fieldIndex.Load(t); ok {
		return m.(map[string]int)
	}
	m := map[string]int{}
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && f.Name != "ResultMetadata" {
			m[f.Name] = i
		}
	}
	fieldIndex.Store(t, m)
	return m
}

// field is the SDK struct's field for a member, or an invalid Value when the struct has none.
func field(v reflect.Value, member string) reflect.Value {
	if i, ok := fieldsOf(v.Type())[goName(member)]; ok {
		return v.Field(i)
	}
	return reflect.Value{}
}

// goName is the SDK's name of a member's field. It keeps the name String free for a method.
func goName(member string) string {
	if member == "string" || member == "String" {
		return "String_"
	}
	if member != "" && member[0] >= 'a' && member[0] <= 'z' {
		return string(member[0]-'a'+'A') + member[1:]
	}
	return member
}

// toStruct fills dst from a tree of shape s.
func toStruct(s *shape, tree any, dst reflect.Value) error {
	if dst.Kind() == reflect.Pointer {
		dst.Set(reflect.New(dst.Type().Elem()))
		return toStruct(s, tree, dst.Elem())
	}
	mismatch := func() error {
		return fmt.Errorf("wire: shape %s (%s) does not fit the Go type %s", s.name, s.Type, dst.Type())
	}
	switch v := tree.(type) {
	case time.Time:
		if dst.Type() != timeType {
			return mismatch()
		}
		dst.Set(reflect.ValueOf(v))
	case []byte:
		if dst.Kind() != reflect.Slice || dst.Type().Elem().Kind() != reflect.Uint8 {
			return mismatch()
		}
		dst.SetBytes(v)
	case string:
		if dst.Kind() != reflect.String {
			return mismatch()
		}
		dst.SetString(v)
	case bool:
		if dst.Kind() != reflect.Bool {
			return mismatch()
		}
		dst.SetBool(v)
	case int64:
		if !dst.CanInt() {
			return mismatch()
		}
		dst.SetInt(v)
	case float64:
		if !dst.CanFloat() {
			return mismatch()
		}
		dst.SetFloat(v)
	case []any:
		if dst.Kind() != reflect.Slice || s.Type != "list" {
			return mismatch()
		}
		out := reflect.MakeSlice(dst.Type(), len(v), len(v))
		for i, e := range v {
			if err := toStruct(s.Element.to, e, out.Index(i)); err != nil {
				return err
			}
		}
		dst.Set(out)
	case map[string]any:
		if s.Type == "map" && dst.Kind() == reflect.Map {
			return toMap(s, v, dst)
		}
		if s.Type != "structure" || dst.Kind() != reflect.Struct {
			return mismatch()
		}
		for name, e := range v {
			f := field(dst, name)
			if !f.IsValid() {
				continue // the table is newer than the SDK; the drift test fails on it
			}
			if err := toStruct(s.member[name].to, e, f); err != nil {
				return err
			}
		}
	default:
		return mismatch()
	}
	return nil
}

func toMap(s *shape, tree map[string]any, dst reflect.Value) error {
	out := reflect.MakeMapWithSize(dst.Type(), len(tree))
	for k, e := range tree {
		v := reflect.New(dst.Type().Elem()).Elem()
		if err := toStruct(s.Value.to, e, v); err != nil {
			return err
		}
		out.SetMapIndex(reflect.ValueOf(k).Convert(dst.Type().Key()), v)
	}
	dst.Set(out)
	return nil
}

// fromStruct makes the tree of an SDK value; ok is false when the value is absent (nil pointer, slice or
// map, empty enum).
func fromStruct(s *shape, src reflect.Value) (tree any, ok bool, err error) {
	mismatch := func() (any, bool, error) {
		return nil, false, fmt.Errorf("wire: Go type %s does not fit the shape %s (%s)", src.Type(), s.name, s.Type)
	}
	switch src.Kind() {
	case reflect.Pointer, reflect.Interface:
		if src.IsNil() {
			return nil, false, nil
		}
		return fromStruct(s, src.Elem())
	case reflect.Slice, reflect.Map:
		if src.IsNil() {
			return nil, false, nil
		}
	}
	switch {
	case s.Type == "timestamp" && src.Type() == timeType:
		return src.Interface().(time.Time), true, nil
	case s.Type == "blob" && src.Kind() == reflect.Slice && src.Type().Elem().Kind() == reflect.Uint8:
		return src.Bytes(), true, nil
	case s.Type == "string" && src.Kind() == reflect.String:
		return src.String(), src.String() != "" || src.Type() == reflect.TypeFor[string](), nil
	case s.Type == "boolean" && src.Kind() == reflect.Bool:
		return src.Bool(), true, nil
	case isInteger(s) && src.CanInt():
		return src.Int(), true, nil
	case isFloat(s) && src.CanFloat():
		return src.Float(), true, nil
	case s.Type == "list" && src.Kind() == reflect.Slice:
		out := make([]any, 0, src.Len())
		for i := range src.Len() {
			e, ok, err := fromStruct(s.Element.to, src.Index(i))
			if err != nil {
				return nil, false, err
			}
			if ok {
				out = append(out, e)
			}
		}
		return out, true, nil
	case s.Type == "map" && src.Kind() == reflect.Map:
		out := map[string]any{}
		for it := src.MapRange(); it.Next(); {
			e, ok, err := fromStruct(s.Value.to, it.Value())
			if err != nil {
				return nil, false, err
			}
			if ok {
				out[it.Key().String()] = e
			}
		}
		return out, true, nil
	case s.Type == "structure" && src.Kind() == reflect.Struct:
		return fromFields(s, src)
	}
	return mismatch()
}

func fromFields(s *shape, src reflect.Value) (any, bool, error) {
	out := map[string]any{}
	for _, m := range s.Members {
		f := field(src, m.Name)
		if !f.IsValid() {
			continue
		}
		e, ok, err := fromStruct(m.to, f)
		if err != nil {
			return nil, false, fmt.Errorf("%s.%s: %w", s.name, m.Name, err)
		}
		if ok {
			out[m.Name] = e
		}
	}
	return out, true, nil
}

func isInteger(s *shape) bool { return s.Type == "integer" || s.Type == "long" }
func isFloat(s *shape) bool   { return s.Type == "float" || s.Type == "double" }
