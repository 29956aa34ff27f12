package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
)

var update = flag.Bool("update", false, "rewrite golden files and the published schemas")

// commented are the folders whose comments on fields become the schema's descriptions.
var commented = []string{"..", ".", "../facts", "../facts/network", "../facts/message", "../../evidence"}

func TestSchemas(t *testing.T) {
	comments := fieldComments(t)
	publish(t, "report.schema.json", schemaOf[diagnose.Report](t, "The answer of ecsplain diagnose --format json", diagnose.Schema, comments))
	publish(t, "explanation.schema.json", schemaOf[Explanation](t, "The answer of ecsplain explain --format json", ExplanationSchema, comments))
	publish(t, "preflight.schema.json", schemaOf[diagnose.Preflight](t, "The answer of ecsplain preflight --format json", diagnose.PreflightSchema, comments))
}

// publish compares the schema with both of its copies.
func publish(t *testing.T, name string, s *jsonschema.Schema) {
	t.Helper()
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{name, filepath.Join("..", "..", "docs", name)} {
		if *update {
			if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ := os.ReadFile(path); !bytes.Equal(got, buf.Bytes()) {
			t.Errorf("%s is not what the Go types say; the contract changed: raise its version or run: go test ./diagnose/report -update", path)
		}
	}
}

func schemaOf[T any](t *testing.T, title, version string, comments map[string]string) *jsonschema.Schema {
	t.Helper()
	ref := func(name string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Ref: "#/$defs/" + name}}
	}
	opts := &jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[time.Time]():           {Type: "string", Format: "date-time"},
		reflect.TypeFor[evidence.Moment]():     {Types: []string{"null", "string"}, Format: "date-time"},
		reflect.TypeFor[evidence.Key]():        {Type: "string", Pattern: "^[a-z0-9-]+/", Description: "KIND/ID of the evidence"},
		reflect.TypeFor[facts.Health]():        {Type: "string", Enum: []any{"healthy", "degraded", "down", "unknown"}},
		reflect.TypeFor[diagnose.Verdict]():    {Type: "string", Enum: []any{"confirmed", "changed", "undecided"}},
		reflect.TypeFor[[]diagnose.Finding]():  ref("finding"),
		reflect.TypeFor[[]diagnose.Action]():   ref("action"),
		reflect.TypeFor[[]evidence.Gap]():      ref("gap"),
		reflect.TypeFor[[]CandidateCause]():    ref("cause"),
		reflect.TypeFor[diagnose.SubjectRef](): {Ref: "#/$defs/subject"},
		reflect.TypeFor[diagnose.Owner]():      {Ref: "#/$defs/owner"},
	}}
	defs := map[string]reflect.Type{
		"finding": reflect.TypeFor[diagnose.Finding](), "action": reflect.TypeFor[diagnose.Action](), "gap": reflect.TypeFor[evidence.Gap](),
		"cause": reflect.TypeFor[CandidateCause](), "subject": reflect.TypeFor[diagnose.SubjectRef](), "owner": reflect.TypeFor[diagnose.Owner](),
	}
	make := func(typ reflect.Type) *jsonschema.Schema {
		o := *opts
		o.TypeSchemas = map[reflect.Type]*jsonschema.Schema{}
		for k, v := range opts.TypeSchemas {
			if k != typ {
				o.TypeSchemas[k] = v
			}
		}
		s, err := jsonschema.ForType(typ, &o)
		if err != nil {
			t.Fatal(err)
		}
		describe(s, typ, comments)
		return s
	}
	s := make(reflect.TypeFor[T]())
	s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", title
	s.Properties["schema"].Const = jsonschema.Ptr[any](version)
	used := map[string]*jsonschema.Schema{}
	text := func() string { b, _ := json.Marshal([]any{s, used}); return string(b) }
	for range defs { // a definition may use another one
		for name, typ := range defs {
			if used[name] == nil && strings.Contains(text(), "#/$defs/"+name+`"`) {
				used[name] = make(typ)
			}
		}
	}
	s.Defs = used
	return s
}

// describe writes the comments of a type's fields into its schema, and says that lists are never null.
func describe(s *jsonschema.Schema, typ reflect.Type, comments map[string]string) {
	for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
		if len(s.Types) == 2 && s.Ref == "" {
			s.Type, s.Types = s.Types[1], nil
		}
		next := s.Items
		if typ.Kind() == reflect.Map {
			next = s.AdditionalProperties
		}
		if next == nil {
			return
		}
		s, typ = next, typ.Elem()
	}
	if typ.Kind() != reflect.Struct || s.Properties == nil {
		return
	}
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := s.Properties[name]
		if p == nil {
			continue
		}
		if c := comments[typ.Name()+"."+f.Name]; c != "" && p.Ref == "" {
			p.Description = c
		}
		describe(p, f.Type, comments)
	}
}

// fieldComments reads TYPE.FIELD -> comment from the sources.
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, dir := range commented {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				spec, ok := n.(*ast.TypeSpec)
				if !ok {
					return true
				}
				if st, ok := spec.Type.(*ast.StructType); ok {
					for _, field := range st.Fields.List {
						for _, id := range field.Names {
							if c := strings.Join(strings.Fields(field.Comment.Text()), " "); c != "" {
								out[spec.Name.Name+"."+id.Name] = c
							}
						}
					}
				}
				return true
			})
		}
	}
	return out
}

func TestValidateRefuses(t *testing.T) {
	var good bytes.Buffer
	if err := JSON(&good, noRoute()); err != nil {
		t.Fatal(err)
	}
	if err := Validate(good.Bytes()); err != nil {
		t.Fatalf("a good report: %v", err)
	}
	for name, change := range map[string]func(map[string]any){
		"another version":  func(m map[string]any) { m["schema"] = "ecsplain.report/v0" },
		"a null list":      func(m map[string]any) { m["gaps"] = nil },
		"a missing field":  func(m map[string]any) { delete(m, "targets") },
		"an unknown field": func(m map[string]any) { m["extra"] = 1 },
		"a wrong verdict": func(m map[string]any) {
			m["targets"].([]any)[0].(map[string]any)["findings"].([]any)[0].(map[string]any)["verdict"] = "maybe"
		},
		"a nested wrong verdict": func(m map[string]any) {
			m["targets"].([]any)[0].(map[string]any)["findings"].([]any)[0].(map[string]any)["explained"].([]any)[0].(map[string]any)["verdict"] = "maybe"
		},
	} {
		var m map[string]any
		if err := json.Unmarshal(good.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		change(m)
		bad, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if Validate(bad) == nil {
			t.Errorf("a report with %s passes the schema", name)
		}
	}
}
