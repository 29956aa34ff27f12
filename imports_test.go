// Package ecsplain_test holds the rules that concern the tree as a whole.
package ecsplain_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/ecsplain/ecsplain/"

// allowed is the package table of docs/design.md: which of our packages each may import. A folder stands for
// everything below it. Tests may import more, see testsMay.
var allowed = map[string][]string{
	"evidence":               {},
	"collectors":             {"evidence"},
	"diagnose/facts/message": {"evidence"},
	"diagnose/facts/iam":     {"evidence"},
	"diagnose/facts/image":   {"evidence"},
	"diagnose/facts/network": {"evidence"},
	"diagnose/facts/logline": {"evidence"},
	"diagnose/facts":         {"evidence", "diagnose/facts"},
	"diagnose":               {"evidence", "diagnose/facts"},
	"diagnose/report":        {"evidence", "diagnose"},
	"diagnose/prove":         {"evidence", "diagnose"},
	"playbooks":              {},
	"lab":                    {"lab"},
	"cmd":                    {"evidence", "collectors", "diagnose", "playbooks", "lab", "cmd"},
}

// outside names modules that only the packages listed may import: what decides must not be able to fetch.
var outside = map[string][]string{
	"github.com/aws/aws-sdk-go-v2/service": {"collectors", "lab"},
	"github.com/aws/aws-sdk-go-v2":         {"collectors", "lab", "cmd"},
	"cel.dev/cel-go":                       {"diagnose"},
	"github.com/spf13/cobra":               {"cmd"},
	"net/http":                             {"collectors", "lab", "cmd"},
}

// testsMay lists what test files may import beyond their package's row: the lab stands in for AWS everywhere.
var testsMay = []string{"lab", "collectors", "playbooks", "diagnose", "evidence", "cmd"}

func TestImports(t *testing.T) {
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || filepath.Dir(path) == "." {
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		row, known := rowOf(pkg)
		if !known {
			t.Errorf("%s: package %s is not in the table; add a row with a reason to docs/design.md and here", path, pkg)
			return nil
		}
		isTest := strings.HasSuffix(path, "_test.go")
		for _, imp := range f.Imports {
			name := strings.Trim(imp.Path.Value, `"`)
			if ours, ok := strings.CutPrefix(name, module); ok {
				if ours != pkg && !covered(ours, row) && !(isTest && covered(ours, testsMay)) {
					t.Errorf("%s imports %s; the table does not allow %s that", path, ours, pkg)
				}
				continue
			}
			if isTest {
				continue
			}
			for mod, users := range outside {
				if (name == mod || strings.HasPrefix(name, mod+"/")) && !moreExact(name, mod) && !covered(pkg, users) {
					t.Errorf("%s imports %s; only %v may", path, name, users)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// rowOf finds the row of a package: the longest folder in the table that holds it.
func rowOf(pkg string) ([]string, bool) {
	for p := pkg; ; {
		if row, ok := allowed[p]; ok {
			return row, true
		}
		i := strings.LastIndex(p, "/")
		if i < 0 {
			return nil, false
		}
		p = p[:i]
	}
}

func covered(pkg string, list []string) bool {
	for _, l := range list {
		if pkg == l || strings.HasPrefix(pkg, l+"/") {
			return true
		}
	}
	return false
}

// moreExact reports whether a longer entry of outside speaks of the import instead.
func moreExact(name, mod string) bool {
	for other := range outside {
		if len(other) > len(mod) && strings.HasPrefix(other, mod) && (name == other || strings.HasPrefix(name, other+"/")) {
			return true
		}
	}
	return false
}
