// Package diagnose is the engine: it loads and type-checks playbooks, decides them on evidence, asks for what is
// missing, folds what is explained under its cause, and makes the Report. It is given a fetch function and the
// playbooks; it makes no call of its own.
package diagnose

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/ecsplain/ecsplain/diagnose/facts/message"
)

// Playbook is one root cause: how to recognise it, how to prove it, what to do. One YAML file each, named ID.yaml.
type Playbook struct {
	ID       string   `yaml:"id"`
	Title    string   `yaml:"title"`
	Case     string   `yaml:"case"`     // the troubleshooting case it teaches: pending, image-pull, memory, logs, crash, secrets, roles
	Symptoms []string `yaml:"symptoms"` // case ids under which it is considered
	Over     string   `yaml:"over"`     // incidents
	As       string   `yaml:"as"`       // the variable's name in expressions
	Checks   []Check  `yaml:"checks"`   // all true: confirmed; any false: ruled out
	Subject  Subject  `yaml:"subject"`
	Say      string   `yaml:"say"`
	Why      string   `yaml:"why"`
	// Rollback says that the cause lies in the revision, so that going back to the previous one stops the bleeding.
	Rollback bool         `yaml:"rollback"`
	Mitigate []ActionSpec `yaml:"mitigate"`
	Fix      []ActionSpec `yaml:"fix"`
	Verify   string       `yaml:"verify"`
	Explains []string     `yaml:"explains"` // ids of playbooks whose findings this one explains, cause to cause
	// Consequence marks findings that are always the effect of another one, such as start back-off.
	Consequence bool `yaml:"consequence"`
	// Intermittent marks causes under which some starts succeed, so that a sibling that works refutes nothing.
	Intermittent bool `yaml:"intermittent"`
	// OnlyECR marks causes that a pull from another registry cannot meet: endpoints, layers in S3, ECR's permissions.
	OnlyECR   bool  `yaml:"only_ecr"`
	Preflight *bool `yaml:"preflight"` // false: cannot be judged before a failure; nil means true
	Ask       []Ask `yaml:"ask"`
	// Corrects lists what is often said about this cause and is wrong or out of date.
	Corrects []Correction `yaml:"corrects"`
	Docs     []string     `yaml:"docs"`

	file   string
	source []byte
	steps  []string                      // of a launch, in which its symptoms arise; each once
	proof  func() ([]*expression, error) // its checks, compiled when first asked for
	words  func() (*wording, error)      // its sentences and actions, likewise
}

// Check is one step of the proof.
type Check struct {
	Name string `yaml:"name"`
	If   string `yaml:"if"` // CEL, a boolean
}

// Subject is the thing that is broken: what to look at, and what findings merge on.
type Subject struct {
	Kind string `yaml:"kind"`
	ID   string `yaml:"id"` // text with ${CEL}
}

// ActionSpec is one way to mend or to stop the bleeding.
type ActionSpec struct {
	When            string     `yaml:"when"` // CEL; "" = always. The action is offered only where it is true
	Say             string     `yaml:"say"`
	Calls           []CallSpec `yaml:"calls"`
	Type            string     `yaml:"type"`     // lines to type where calls cannot say it, with ${CEL}; "" = none. Each value is quoted for the shell
	Revise          string     `yaml:"revise"`   // a jq filter on the task definition, with ${CEL}, or "by hand"; it becomes the lines that register and deploy a new revision
	Replaces        string     `yaml:"replaces"` // what the calls replace as a whole; "" = nothing
	ReducesCapacity bool       `yaml:"reduces_capacity"`
	Undo            string     `yaml:"undo"`
	NextStarts      string     `yaml:"next_starts"` // why the next task starts; needed by calls that replace tasks which run
}

// CallSpec is one API call: AWS's member names, values with ${CEL}.
type CallSpec struct {
	When      string         `yaml:"when"` // CEL; "" = always. The call is made only where it is true
	Service   string         `yaml:"service"`
	Operation string         `yaml:"operation"`
	Input     map[string]any `yaml:"input"`
}

// Ask is an interviewer's follow-up and what a good answer contains.
type Ask struct {
	Question string `yaml:"q"`
	Answer   string `yaml:"a"`
}

// Correction is a sentence that people learn, why it misleads, and since when or as of when.
type Correction struct {
	Claim  string `yaml:"claim"`
	SaidBy string `yaml:"said_by"` // the interview guide, a page of AWS, a tool
	Right  string `yaml:"right"`
	AsOf   string `yaml:"as_of"`  // YYYY-MM: when the right sentence was last true by its source
	Source string `yaml:"source"` // URL of AWS's own word
}

// Cases is the closed list of troubleshooting cases.
var Cases = []string{"pending", "image-pull", "memory", "logs", "crash", "secrets", "roles"}

var idForm = regexp.MustCompile(`^(net|dns|iam|image|task|log|secret|lb|svc|cap|scale|queue|storage|app|trace|sched|exec|sc|eks)\.[a-z0-9-]+$`)

// SourceError is a fault in a playbook file, with the place.
type SourceError struct {
	File    string
	Line    int // 0 = not known
	Message string
	Excerpt string // source lines with a caret; may be empty
}

func (e *SourceError) Error() string {
	s := e.File
	if e.Line > 0 {
		s += fmt.Sprintf(":%d", e.Line)
	}
	s += ": " + e.Message
	if e.Excerpt != "" {
		s += "\n" + e.Excerpt
	}
	return s
}

// Load is Parse, with every expression compiled: all faults there are, joined, each a *SourceError.
func Load(sources ...fs.FS) ([]*Playbook, error) {
	all, err := Parse(sources...)
	return all, errors.Join(err, Compile(all))
}

// Parse reads every *.yaml of the given file systems, later ones replacing earlier ones of the same id. It returns all
// faults at once, joined, each a *SourceError. The expressions of a playbook are compiled when a failure first comes
// under it, and their faults show then; Compile finds them before.
func Parse(sources ...fs.FS) ([]*Playbook, error) {
	var files []file
	for _, src := range sources {
		names, err := fs.Glob(src, "*.yaml")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			files = append(files, file{src, name})
		}
	}
	envs := &environments{}
	parsed, faults := make([]*Playbook, len(files)), make([]error, len(files))
	inParallel(len(files), func(i int) { parsed[i], faults[i] = files[i].parse(envs) })
	byID := map[string]*Playbook{}
	for i, p := range parsed {
		if faults[i] == nil {
			byID[p.ID] = p
		}
	}
	out := slices.SortedFunc(maps.Values(byID), func(a, b *Playbook) int { return strings.Compare(a.ID, b.ID) })
	return out, errors.Join(append(faults, checkSet(out)...)...)
}

// Compile compiles every expression of the playbooks and returns all faults, joined, each a *SourceError.
func Compile(all []*Playbook) error {
	faults := make([]error, len(all))
	inParallel(len(all), func(i int) {
		if _, faults[i] = all[i].proof(); faults[i] == nil {
			_, faults[i] = all[i].words()
		}
	})
	return errors.Join(faults...)
}

// inParallel calls do with 0 to n-1 on every processor and returns when all are done.
func inParallel(n int, do func(int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

// file is one playbook's source.
type file struct {
	in   fs.FS
	name string
}

func (f file) parse(envs *environments) (*Playbook, error) {
	data, err := fs.ReadFile(f.in, f.name)
	if err != nil {
		return nil, fmt.Errorf("reading playbook %s: %w", f.name, err)
	}
	p := &Playbook{file: f.name, source: data}
	if err := yaml.UnmarshalWithOptions(data, p, yaml.Strict()); err != nil {
		return nil, &SourceError{File: f.name, Message: "not a playbook", Excerpt: yaml.FormatError(err, false, true)}
	}
	if err := p.validate(); err != nil {
		return nil, err
	}
	for _, symptom := range p.Symptoms {
		if k, _ := message.CaseOf(symptom); !slices.Contains(p.steps, k.Step) {
			p.steps = append(p.steps, k.Step)
		}
	}
	p.proof = sync.OnceValues(func() ([]*expression, error) { return compileProof(p, envs) })
	p.words = sync.OnceValues(func() (*wording, error) { return compileWords(p, envs) })
	return p, nil
}

// fault points at the first line that holds text.
func (p *Playbook) fault(text, format string, args ...any) error {
	e := &SourceError{File: p.file, Message: fmt.Sprintf(format, args...)}
	if text != "" {
		first := strings.TrimSpace(strings.SplitN(text, "\n", 2)[0])
		for i, line := range strings.Split(string(p.source), "\n") {
			if col := strings.Index(line, first); col >= 0 {
				e.Line = i + 1
				e.Excerpt = "  " + line + "\n  " + strings.Repeat(" ", col) + "^"
				break
			}
		}
	}
	return e
}

func (p *Playbook) validate() error {
	want := strings.TrimSuffix(path.Base(p.file), ".yaml")
	switch {
	case p.ID != want:
		return p.fault("id:", "id is %q; the file name says %q and both must agree", p.ID, want)
	case !idForm.MatchString(p.ID):
		return p.fault("id:", "id %q: want FAMILY.CAUSE in lower case, with a family of net, dns, sc, iam, image, task, log, secret, lb, svc, cap, scale, queue, storage, app, trace, sched, eks", p.ID)
	case p.Title == "" || p.Say == "" || p.Why == "" || p.Verify == "":
		return p.fault("", "title, say, why and verify must all be there")
	case !slices.Contains(Cases, p.Case):
		return p.fault("case:", "case %q is not one of %s", p.Case, strings.Join(Cases, ", "))
	case p.Over != "incidents":
		return p.fault("over:", "over %q: want incidents", p.Over)
	case p.As == "":
		return p.fault("", "as: name the variable, for example incident")
	case len(p.Checks) == 0:
		return p.fault("", "checks: a playbook without a check would confirm everything")
	case len(p.Symptoms) == 0:
		return p.fault("", "symptoms: name the case ids under which this cause is considered")
	case p.Subject.Kind == "" || p.Subject.ID == "":
		return p.fault("", "subject: name kind and id of the thing that is broken")
	case len(p.Fix) == 0:
		return p.fault("", "fix: say at least one way to mend it")
	}
	for _, s := range p.Symptoms {
		if !message.Known(s) {
			return p.fault(s, "symptom %q is not a known case; did you mean %q?", s, nearest(s, message.Symptoms()))
		}
	}
	for _, c := range p.Checks {
		if c.Name == "" || strings.TrimSpace(c.If) == "" {
			return p.fault("checks:", "every check needs a name and an if")
		}
		if strings.Count(strings.TrimSpace(c.If), "\n") > 1 {
			return p.fault(c.If, "check %q is longer than two lines: compute it once as a fact and give it a name", c.Name)
		}
	}
	for _, c := range p.Corrects {
		if _, err := time.Parse("2006-01", c.AsOf); err != nil || c.Claim == "" || c.SaidBy == "" || c.Right == "" || !strings.HasPrefix(c.Source, "https://") {
			return p.fault(c.Claim, "a correction needs claim, said_by, right, as_of (YYYY-MM) and source (a URL)")
		}
	}
	return nil
}

// checkSet looks at the playbooks together: names in explains exist, and nothing explains itself in a circle.
func checkSet(all []*Playbook) (errs []error) {
	byID := map[string]*Playbook{}
	ids := []string{}
	for _, p := range all {
		byID[p.ID] = p
		ids = append(ids, p.ID)
	}
	for _, p := range all {
		for _, e := range p.Explains {
			if byID[e] == nil {
				errs = append(errs, p.fault(e, "explains %q, which is no playbook; did you mean %q?", e, nearest(e, ids)))
			}
		}
	}
	state := map[string]int{}
	var visit func(p *Playbook) bool
	visit = func(p *Playbook) bool {
		if state[p.ID] == 1 {
			return true
		}
		if state[p.ID] == 2 {
			return false
		}
		state[p.ID] = 1
		for _, e := range p.Explains {
			if q := byID[e]; q != nil && visit(q) {
				return true
			}
		}
		state[p.ID] = 2
		return false
	}
	for _, p := range all {
		if state[p.ID] == 0 && visit(p) {
			errs = append(errs, p.fault("explains:", "%s explains itself in a circle", p.ID))
			break
		}
	}
	return errs
}

// nearest returns the candidate with the smallest edit distance; "" where there is none.
func nearest(s string, candidates []string) string {
	best, dist := "", 1<<30
	for _, c := range candidates {
		if d := distance(s, c); d < dist {
			best, dist = c, d
		}
	}
	return best
}

func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		prev := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cur := row[j]
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j]+1, row[j-1]+1, prev+cost)
			prev = cur
		}
	}
	return row[len(b)]
}
