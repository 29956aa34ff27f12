package lab

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/lab/wire"
)

var update = flag.Bool("update", false, "rewrite the generated sections of docs/lab.md")

const labDoc = "../docs/lab.md"

// generatedSections are the parts of docs/lab.md that are made here; each stands between its two comments.
var generatedSections = []struct {
	name string
	text func() string
}{
	{"lessons", lessonsSection},
	{"operations", operationsSection},
	{"assumptions", assumptionsSection},
	{"buckets", bucketsSection},
}

// TestDocIsCurrent: docs/lab.md says what the lab does, assumes and answers.
func TestDocIsCurrent(t *testing.T) {
	raw, err := os.ReadFile(labDoc)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	for _, s := range generatedSections {
		begin, end := "<!-- generated: "+s.name+" -->\n", "<!-- end of "+s.name+" -->\n"
		before, rest, ok := strings.Cut(doc, begin)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("%s lacks the section %s", labDoc, s.name)
		}
		doc = before + begin + s.text() + end + after
	}
	if *update {
		if err := os.WriteFile(labDoc, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if doc != string(raw) {
		t.Errorf("%s is not what the lab says; run: make update", labDoc)
	}
	first := strings.SplitN(strings.SplitN(doc, "\n\n", 3)[1], ". ", 3)
	if len(first) < 2 || !strings.Contains(first[1], "not") {
		t.Errorf("the second sentence does not say what the lab does not do: %q", first)
	}
}

func lessonsSection() string {
	var b strings.Builder
	b.WriteString("| nobody learns otherwise than | held by |\n| --- | --- |\n")
	for _, l := range Lessons() {
		by := "`" + strings.Join(l.Tests, "`, `") + "`"
		if len(l.Tests) == 0 {
			by = "no test yet: " + l.Not
		}
		fmt.Fprintf(&b, "| %s | %s |\n", l.Says, by)
	}
	return b.String()
}

func operationsSection() string {
	byService := map[string][]string{}
	total := 0
	for _, o := range New(Options{}).front.Operations {
		byService[o.Service] = append(byService[o.Service], o.Name)
		total++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d operations of %d services.\n\n| service | `aws` calls it | protocol | operations |\n| --- | --- | --- | --- |\n", total, len(byService))
	for _, s := range New(Options{}).serviceNames() {
		slices.Sort(byService[s])
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", s, cliName(s), wire.ProtocolOf(s), strings.Join(byService[s], ", "))
	}
	return b.String()
}

func assumptionsSection() string {
	var b strings.Builder
	count := map[string]int{}
	for _, a := range Assumptions() {
		count[a.Known]++
	}
	fmt.Fprintf(&b, "%d are documented, %d observed, %d assumed.\n\n| id | the lab does so | known | source | on a real account | held by |\n| --- | --- | --- | --- | --- | --- |\n",
		count[documented], count[observed], count[assumed])
	for _, a := range Assumptions() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | `%s` |\n", a.ID, a.Says, a.Known, a.From, a.Check, a.Test)
	}
	return b.String()
}

func bucketsSection() string {
	var b strings.Builder
	b.WriteString("| bucket | size | a second | calls |\n| --- | --- | --- | --- |\n")
	for _, l := range limits {
		note := ""
		if l.each {
			note = "each: "
		}
		fmt.Fprintf(&b, "| [%s](%s) | %g | %g | %s%s |\n", l.name, l.source, l.size, l.refill, note, strings.Join(l.calls, ", "))
	}
	return b.String()
}

// TestAssumptionsAreHeld: every assumption says how it is known and how to check it, and it and every lesson name tests that there are.
func TestAssumptionsAreHeld(t *testing.T) {
	tests := testsHere(t)
	id := regexp.MustCompile(`^[a-z]+\.[a-z-]+$`)
	seen := map[string]bool{}
	for _, a := range Assumptions() {
		if !id.MatchString(a.ID) || seen[a.ID] {
			t.Errorf("%q is no id, or there twice", a.ID)
		}
		seen[a.ID] = true
		if a.Says == "" || a.From == "" || a.Check == "" || !slices.Contains([]string{documented, observed, assumed}, a.Known) {
			t.Errorf("%s lacks something: %+v", a.ID, a)
		}
		if a.Known == documented && !strings.Contains(a.From, "https://") {
			t.Errorf("%s is documented and gives no address", a.ID)
		}
		name, scenario, one := strings.Cut(a.Test, "/")
		if _, err := FindScenario(scenario); one && (name != "TestScenarios" || err != nil) {
			t.Errorf("%s is held by %q, which is no scenario", a.ID, a.Test)
		}
		if !tests[name] {
			t.Errorf("%s is held by %q, which is no test of this package", a.ID, a.Test)
		}
		if strings.Contains(a.Says+a.From+a.Check, "|") {
			t.Errorf("%s has a |, which breaks the table", a.ID)
		}
	}
	for _, l := range Lessons() {
		if (len(l.Tests) == 0) == (l.Not == "") {
			t.Errorf("%q needs tests, or why there can be none", l.Says)
		}
		for _, name := range l.Tests {
			if !tests[name] {
				t.Errorf("%q is held by %q, which is no test of this package", l.Says, name)
			}
		}
	}
}

// TestLimitsAreUsed: every bucket names calls of services that AWS has, and a call's first bucket is the special one.
func TestLimitsAreUsed(t *testing.T) {
	names := map[string]bool{}
	for _, l := range limits {
		if names[l.name] || l.size < 1 || l.refill <= 0 || l.refill > l.size || !strings.HasPrefix(l.source, "https://") {
			t.Errorf("%+v", l)
		}
		names[l.name] = true
		for _, c := range l.calls {
			if service, _, ok := strings.Cut(c, ":"); !ok || wire.ProtocolOf(service) == "" {
				t.Errorf("%s: %s is no call", l.name, c)
			}
		}
	}
}

// testsHere lists the tests of this package.
func testsHere(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, file := range files {
		f, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				out[fn.Name.Name] = true
			}
		}
	}
	return out
}
