package diagnose

import (
	"reflect"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
)

// bases indexes every Basis of an incident by its path below the variable ("" is the incident itself) and makes the
// patterns that tell CEL what is unknown.
type bases struct {
	byPath   map[string]*evidence.Basis
	patterns []*cel.AttributePatternType
}

var (
	basisType = reflect.TypeFor[evidence.Basis]()
	timeType  = reflect.TypeFor[time.Time]()
)

func indexBases(as string, in *facts.Incident) bases {
	b := bases{byPath: map[string]*evidence.Basis{}}
	b.walk(as, reflect.ValueOf(in).Elem(), nil, nil)
	return b
}

// walk visits one struct. outer is the Basis that its plain fields rest on: its own, else the enclosing one.
func (b *bases) walk(as string, v reflect.Value, path []string, outer *evidence.Basis) {
	if f := v.FieldByName("Basis"); f.IsValid() && f.Type() == basisType {
		outer = f.Addr().Interface().(*evidence.Basis)
		b.byPath[strings.Join(path, ".")] = outer
	}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		at := append(append([]string{}, path...), name)
		if field.Type.Kind() == reflect.Struct && field.Type != timeType && hasBasis(field.Type) {
			b.walk(as, v.Field(i), at, outer)
			continue
		}
		if outer != nil && outer.Unknown {
			p := cel.AttributePattern(as)
			for _, q := range at {
				p = p.QualString(q)
			}
			b.patterns = append(b.patterns, p)
		}
	}
}

// hasBasis reports whether t or a struct directly inside it answers for itself.
func hasBasis(t reflect.Type) bool {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type == basisType {
			return true
		}
		if f.Type.Kind() == reflect.Struct && f.Type != timeType && hasBasis(f.Type) {
			return true
		}
	}
	return false
}

// at returns the deepest Basis on a path; nil where there is none.
func (b bases) at(path string) *evidence.Basis {
	for {
		if x := b.byPath[path]; x != nil {
			return x
		}
		i := strings.LastIndex(path, ".")
		if i < 0 {
			if path == "" {
				return nil
			}
			path = ""
			continue
		}
		path = path[:i]
	}
}
