package report

import (
	"encoding/json"
	"io"
	"reflect"
	"time"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/evidence"
)

// JSON writes a report as docs/report.schema.json describes it: indented, lists never null, no control characters in
// texts, the same report always as the same bytes.
func JSON(w io.Writer, r diagnose.Report) error { return encode(w, r, "  ") }

func encode[T any](w io.Writer, v T, indent string) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // commands hold < > & and are copied from here
	e.SetIndent("", indent)
	return e.Encode(filled(reflect.ValueOf(v)).Interface())
}

var opaque = map[reflect.Type]bool{reflect.TypeFor[time.Time](): true, reflect.TypeFor[evidence.Moment](): true}

// filled copies v with every nil slice and map made empty, so that readers need not tell null from nothing, and every
// string made clean. What stands in an API call's input stays as it is.
func filled(v reflect.Value) reflect.Value {
	if opaque[v.Type()] {
		return v
	}
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(evidence.Clean(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(filled(v.Field(i)))
		}
		if a, ok := v.Interface().(diagnose.Action); ok {
			out.FieldByName("Command").SetString(inert(a.Command))
		}
	case reflect.Slice:
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(filled(v.Index(i)))
		}
	case reflect.Map:
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for it := v.MapRange(); it.Next(); {
			out.SetMapIndex(it.Key(), it.Value())
		}
	default:
		return v
	}
	return out
}
