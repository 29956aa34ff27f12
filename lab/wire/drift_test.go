package wire

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// TestDrift compares the tables with the SDK's structs. What the SDK has and a table lacks is listed: the
// lab cannot carry it yet, which is to be known and no defect. What a table has and the SDK lacks fails:
// a handler could never see it.
func TestDrift(t *testing.T) {
	operations, newer := 0, map[string]bool{}
	eachOperation(t, "http://127.0.0.1:1", func(op sdkOperation) {
		operations++
		d := drift{newer: newer, seen: map[reflect.Type]bool{}, service: op.shapes.service.Name}
		d.compare(op.shapes.input, op.input)
		d.compare(op.shapes.output, op.outp)
		for _, m := range d.lost {
			t.Errorf("%s: the table has %s, the SDK does not", op.name(), m)
		}
		for _, m := range d.unfit {
			t.Errorf("%s: %s", op.name(), m)
		}
	})
	for _, m := range sortedKeys(newer) {
		t.Logf("newer in the SDK: %s", m)
	}
	t.Logf("%d operations, %d things newer in the SDK than in the tables", operations, len(newer))
}

type drift struct {
	service     string
	seen        map[reflect.Type]bool
	newer       map[string]bool
	lost, unfit []string
}

func (d *drift) compare(s *shape, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == timeType || t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
	case s.Type == "structure" && t.Kind() == reflect.Struct:
		d.members(s, t)
	case s.Type == "list" && t.Kind() == reflect.Slice:
		d.compare(s.Element.to, t.Elem())
	case s.Type == "map" && t.Kind() == reflect.Map:
		d.compare(s.Value.to, t.Elem())
	case s.Type == "string" && t.Kind() == reflect.String:
		d.enum(s, t)
	}
	if got := fitting(s, t); !got {
		d.unfit = append(d.unfit, fmt.Sprintf("shape %s (%s) against the Go type %s", s.name, s.Type, t))
	}
}

func fitting(s *shape, t reflect.Type) bool {
	k := t.Kind()
	switch s.Type {
	case "structure":
		return k == reflect.Struct
	case "list", "blob":
		return k == reflect.Slice
	case "map":
		return k == reflect.Map
	case "string":
		return k == reflect.String
	case "boolean":
		return k == reflect.Bool
	case "integer":
		return k == reflect.Int32
	case "long":
		return k == reflect.Int64
	case "float", "double":
		return k == reflect.Float32 || k == reflect.Float64
	case "timestamp":
		return t == timeType
	}
	return false
}

func (d *drift) members(s *shape, t reflect.Type) {
	if d.seen[t] {
		return
	}
	d.seen[t] = true
	known := map[string]bool{}
	for _, m := range s.Members {
		known[goName(m.Name)] = true
		f, ok := t.FieldByName(goName(m.Name))
		if !ok {
			d.lost = append(d.lost, s.name+"."+m.Name)
			continue
		}
		d.compare(m.to, f.Type)
	}
	for name := range fieldsOf(t) {
		if !known[name] {
			d.newer[fmt.Sprintf("%s %s.%s", d.service, s.name, name)] = true
		}
	}
}

// enum lists values the SDK knows and the table would refuse.
func (d *drift) enum(s *shape, t reflect.Type) {
	m, ok := t.MethodByName("Values")
	if len(s.Enum) == 0 || !ok {
		return
	}
	values := m.Func.Call([]reflect.Value{reflect.Zero(t)})[0]
	for i := range values.Len() {
		if v := values.Index(i).String(); !slices.Contains(s.Enum, v) {
			d.newer[fmt.Sprintf("%s %s = %q", d.service, s.name, v)] = true
		}
	}
}
