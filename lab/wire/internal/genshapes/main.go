// Command genshapes makes lab/wire's shape tables from botocore's public API models.
//
// A table holds what a codec must know of the operations in the list (operations.go): protocol, method and
// path, names on the wire, list and map forms, required members, enums, sizes, error codes. Documentation is left out.
// Building the module never needs this program; run it after editing the list:
//
//	go run ./lab/wire/internal/genshapes -botocore DIR -out lab/wire/shapes
//
// DIR is the data folder of an installed botocore (python3 -c 'import botocore; print(botocore.__path__[0])'
// plus /data). The same list and the same botocore always give the same bytes.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("genshapes: ")
	data := flag.String("botocore", "", "data folder of an installed botocore")
	out := flag.String("out", "lab/wire/shapes", "folder to write SERVICE.json into")
	flag.Parse()
	if *data == "" {
		log.Fatal("no model folder given; type: genshapes -botocore $(python3 -c 'import botocore; print(botocore.__path__[0])')/data")
	}
	for _, s := range services {
		m, err := readModel(filepath.Join(*data, s.Folder))
		if err != nil {
			log.Fatal(err)
		}
		table, err := trim(m, strings.Fields(s.Operations))
		if err != nil {
			log.Fatalf("%s: %v", s.Folder, err)
		}
		if err := os.WriteFile(filepath.Join(*out, s.SigningName+".json"), table, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// readModel reads the newest service-2.json under dir (folders are named by API version, so the last sorts newest).
func readModel(dir string) (*model, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*", "service-2.json*"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("no service-2.json or service-2.json.gz in a version folder of %s", dir)
	}
	slices.Sort(paths)
	path := paths[len(paths)-1]
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(path, ".gz") {
		zr, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(zr); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		raw = b.Bytes()
	}
	m := new(model)
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// trim keeps the named operations, every shape they reach, and every exception of the service
// (handlers may answer any of them). One operation or shape a line, so that a diff can be read.
func trim(m *model, operations []string) ([]byte, error) {
	m.dropInterfaces()
	m.narrow()
	slices.Sort(operations)
	seen := map[string]bool{}
	ops := map[string]outOperation{}
	for _, name := range operations {
		op, ok := m.Operations[name]
		if !ok {
			return nil, fmt.Errorf("the model has no operation %s", name)
		}
		o := outOperation{}
		if m.isREST() {
			o.Method, o.URI, o.Status = op.HTTP.Method, op.HTTP.RequestURI, op.HTTP.ResponseCode
		}
		if op.Input != nil {
			o.Input = op.Input.Shape
			m.reach(op.Input.Shape, seen)
		}
		if op.Output != nil {
			o.Output, o.Wrapper = op.Output.Shape, op.Output.ResultWrapper
			m.reach(op.Output.Shape, seen)
		}
		ops[name] = o
	}
	for name, s := range m.Shapes {
		if s.Exception {
			m.reach(name, seen)
		}
	}

	var b bytes.Buffer
	meta, err := json.Marshal(m.Metadata)
	if err != nil {
		return nil, err
	}
	b.WriteString("{" + strings.TrimSuffix(string(meta[1:]), "}") + ",\n\"operations\":{\n")
	for i, name := range operations {
		line(&b, name, ops[name], i == len(operations)-1)
	}
	b.WriteString("},\n\"shapes\":{\n")
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	slices.Sort(names)
	for i, name := range names {
		line(&b, name, m.Shapes[name].out(), i == len(names)-1)
	}
	b.WriteString("}}\n")
	if !json.Valid(b.Bytes()) {
		return nil, fmt.Errorf("made a table that is not JSON")
	}
	return b.Bytes(), nil
}

func line(b *bytes.Buffer, name string, v any, last bool) {
	enc, err := json.Marshal(v)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(b, "%q:%s", name, enc)
	if !last {
		b.WriteByte(',')
	}
	b.WriteByte('\n')
}
