// Package prove runs the cases of playbooks: ID.txtar beside ID.yaml. A case patches the raw evidence of a shared
// healthy account (base.yaml, or isolated.yaml on top of it) and says which verdict must follow. docs/playbooks.md
// tells the format.
package prove

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/tools/txtar"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/evidence"
)

// Now is the time of all evidence in the base: the moment at which the cases are judged.
var Now = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// Target is the service that every case is about.
var Target = evidence.Target{Kind: evidence.TargetService, Cluster: "shop", Service: "orders"}

//go:embed base.yaml
var baseYAML []byte

//go:embed isolated.yaml
var isolatedYAML []byte

//go:embed scaled.yaml
var scaledYAML []byte

//go:embed scheduled.yaml
var scheduledYAML []byte

//go:embed connect.yaml
var connectYAML []byte

//go:embed exec.yaml
var execYAML []byte

// Case is one file inside ID.txtar. Its name is VERDICT/NAME.yaml with a verdict of confirmed, ruled-out, undecided,
// changed or silent (the symptom is another cause's, so nothing is judged).
type Case struct {
	Playbook string `yaml:"-"`
	Verdict  string `yaml:"-"`
	Name     string `yaml:"-"`

	Base    string         `yaml:"base"`    // "", isolated (endpoints instead of a NAT gateway), balanced (behind a load balancer), scaled (auto scaling on a queue), connect (Service Connect to another service), exec (sessions are asked for and open) and exec-isolated, rule or schedule (the target is one)
	Stopped string         `yaml:"stopped"` // two tasks failed to start with this stopped reason
	Subnet  string         `yaml:"subnet"`  // where they failed; "" = subnet-0priva
	Event   string         `yaml:"event"`   // the service places no task and says this
	Stuck   string         `yaml:"stuck"`   // a task sits in this status: PROVISIONING, PENDING, ACTIVATING
	Expired bool           `yaml:"expired"` // the service is short of tasks and nothing of the failed ones is left: the next start is judged
	Exit    *Exit          `yaml:"exit"`    // two tasks ran and ended so
	Log     []string       `yaml:"log"`     // the end of the newest of their logs
	Rollout map[string]any `yaml:"rollout"` // the newest deployment, of orders:8, laid over one that was rolled back; status IN_PROGRESS: it still goes on

	Others    map[string]Other `yaml:"others"`    // further containers of these tasks, by name
	Unhealthy *Unhealthy       `yaml:"unhealthy"` // both tasks run, and the load balancer finds them unhealthy
	Killed    *Killed          `yaml:"killed"`    // two tasks were killed for their health

	Patch  map[string]any    `yaml:"patch"`  // KIND/ID: merged into the value there (maps merge, lists and scalars replace)
	Absent []string          `yaml:"absent"` // KIND/ID that does not exist
	Gap    map[string]string `yaml:"gap"`    // KIND/ID: reason that could not be read, e.g. AccessDenied
	Expect Expect            `yaml:"expect"`
	Unread []string          `yaml:"never_reads"` // kinds that must not be asked for
}

// Target is what the case is about: the service, or the rule or schedule that starts a task.
func (c Case) Target() evidence.Target {
	switch c.Base {
	case "exec", "exec-isolated":
		t := Target
		t.Exec = true
		return t
	case "rule":
		return evidence.Target{Kind: evidence.TargetRule, Cluster: "shop", Name: "nightly"}
	case "schedule":
		return evidence.Target{Kind: evidence.TargetSchedule, Cluster: "shop", Name: "default/nightly"}
	}
	return Target
}

// Exit is how a container ended.
type Exit struct {
	Code   *int   `yaml:"code"` // nil: AWS reports none
	Reason string `yaml:"reason"`
	Waited int    `yaml:"waited"` // seconds from the order to stop to the end; 0 = AWS tells none
}

// Other is a container beside app, as DescribeTasks shows it.
type Other struct {
	Code   *int   `yaml:"code"` // nil: AWS reports none
	Reason string `yaml:"reason"`
	Status string `yaml:"status"` // last status; "" = STOPPED
	Health string `yaml:"health"`
}

// Expect is what the finding must hold beside its verdict.
type Expect struct {
	Subject string   `yaml:"subject"`
	Says    []string `yaml:"says"`    // parts of the sentence
	Command []string `yaml:"command"` // parts of the first fix's command
	By      string   `yaml:"by"`      // for ruled-out: the check that refutes
	Missing string   `yaml:"missing"` // for undecided: what would decide it
}

// Failure is a case that did not come out as it says.
type Failure struct {
	Playbook, Case, Message string
}

func (f Failure) String() string { return f.Playbook + ": " + f.Case + ": " + f.Message }

// Result sums up a run.
type Result struct {
	Playbooks, Cases int
	Failures         []Failure
}

// verdicts that every playbook must have a case for.
var required = []string{"confirmed", "ruled-out", "undecided"}

// Check type-checks every playbook of the sources and runs the cases beside them. The error joins the faults of
// playbooks that do not load; cases of the others run all the same.
func Check(sources ...fs.FS) (Result, error) {
	playbooks, err := diagnose.Load(sources...)
	res, late := CheckCases(context.Background(), playbooks, sources...)
	return res, errors.Join(err, late)
}

// CheckCases runs the cases of some playbooks, read from the last source that has them, on every processor. Its failures
// are in the order of the playbooks and their cases. It ends early with the error of ctx.
func CheckCases(ctx context.Context, playbooks []*diagnose.Playbook, sources ...fs.FS) (Result, error) {
	res := Result{Playbooks: len(playbooks)}
	type run struct {
		playbook *diagnose.Playbook
		of       Case
		message  string
	}
	var runs []run
	for _, p := range playbooks {
		cases, err := Cases(p.ID, sources...)
		if err != nil {
			res.Failures = append(res.Failures, Failure{p.ID, p.ID + ".txtar", err.Error()})
			continue
		}
		for _, want := range required {
			if !slices.ContainsFunc(cases, func(c Case) bool { return c.Verdict == want }) {
				res.Failures = append(res.Failures, Failure{p.ID, p.ID + ".txtar", "no case under " + want + "/: every playbook shows confirmed, ruled-out and undecided"})
			}
		}
		for _, c := range cases {
			runs = append(runs, run{playbook: p, of: c})
		}
	}
	res.Cases = len(runs)
	work := make(chan *run)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for r := range work {
				r.message = Run(r.playbook, r.of)
			}
		})
	}
	for i := 0; i < len(runs) && ctx.Err() == nil; i++ {
		work <- &runs[i]
	}
	close(work)
	wg.Wait()
	for _, r := range runs {
		if r.message != "" {
			res.Failures = append(res.Failures, Failure{r.playbook.ID, r.of.Verdict + "/" + r.of.Name, r.message})
		}
	}
	slices.SortStableFunc(res.Failures, func(a, b Failure) int { return strings.Compare(a.Playbook, b.Playbook) })
	return res, ctx.Err()
}

// Claims lists the ids that all playbooks together confirm on a case, first finding first. What a finding explains is
// nested in it and does not count.
func Claims(ctx context.Context, all []*diagnose.Playbook, c Case) (ids []string, err error) {
	fetch, err := Fetch(c)
	if err != nil {
		return nil, err
	}
	e := &diagnose.Engine{Playbooks: all, Fetch: fetch}
	r, err := e.Run(ctx, evidence.NewStore(), []evidence.Target{c.Target()})
	if err != nil {
		return nil, err
	}
	for _, f := range r.Targets[0].Findings {
		if f.Verdict == diagnose.Confirmed {
			ids = append(ids, f.ID)
		}
	}
	return ids, ctx.Err()
}

// Cases reads ID.txtar from the last source that has it.
func Cases(id string, sources ...fs.FS) ([]Case, error) {
	var data []byte
	err := error(fs.ErrNotExist)
	for _, src := range slices.Backward(sources) {
		if data, err = fs.ReadFile(src, id+".txtar"); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s.txtar is missing: write one case each under confirmed/, ruled-out/ and undecided/", id)
	}
	var out []Case
	for _, f := range txtar.Parse(data).Files {
		verdict, name := path.Split(f.Name)
		c := Case{Playbook: id, Verdict: strings.TrimSuffix(verdict, "/"), Name: strings.TrimSuffix(name, ".yaml")}
		if !slices.Contains([]string{"confirmed", "ruled-out", "undecided", "changed", "silent"}, c.Verdict) {
			return nil, fmt.Errorf("%s: want VERDICT/NAME.yaml with confirmed, ruled-out, undecided, changed or silent", f.Name)
		}
		if err := yaml.UnmarshalWithOptions(f.Data, &c, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("%s: %s", f.Name, yaml.FormatError(err, false, true))
		}
		out = append(out, c)
	}
	return out, nil
}

// Fetch answers from the evidence of a case: items, gaps, and a gap of reason Missing for what it does not speak of.
func Fetch(c Case) (diagnose.Fetch, error) {
	w, err := build(c)
	return func(_ context.Context, s *evidence.Store, keys []evidence.Key) {
		for _, k := range keys {
			w.answer(s, k)
		}
	}, err
}

// Run judges one case with one playbook. It returns "" or what came out otherwise.
func Run(p *diagnose.Playbook, c Case) string {
	world, err := build(c)
	if err != nil {
		return err.Error()
	}
	asked := map[evidence.Kind]bool{}
	store := evidence.NewStore()
	e := &diagnose.Engine{Playbooks: []*diagnose.Playbook{p}, Fetch: func(_ context.Context, s *evidence.Store, keys []evidence.Key) {
		for _, k := range keys {
			asked[k.Kind] = true
			world.answer(s, k)
		}
	}}
	r, err := e.Run(context.Background(), store, []evidence.Target{c.Target()})
	if err != nil {
		return err.Error()
	}
	for _, k := range c.Unread {
		if asked[evidence.Kind(k)] {
			return "read " + k + ", which it must not need"
		}
	}
	return compare(c, r.Targets[0])
}

func compare(c Case, t diagnose.TargetReport) string {
	got, finding, detail := "silent", diagnose.Finding{}, ""
	for _, f := range t.Findings {
		if f.ID == c.Playbook {
			finding = f
			got = map[diagnose.Verdict]string{diagnose.Confirmed: "confirmed", diagnose.Changed: "changed", diagnose.NotClear: "undecided"}[f.Verdict]
			for _, s := range f.Steps {
				detail += fmt.Sprintf("\n    %s: %s %v", s.Check, s.Verdict, s.Missing)
			}
		}
	}
	by := ""
	for _, r := range t.RuledOut {
		if r.ID == c.Playbook {
			got, by = "ruled-out", r.By
			detail = "\n    by: " + r.By
		}
	}
	if got != c.Verdict {
		var seen []string
		for _, in := range t.Incidents {
			seen = append(seen, fmt.Sprintf("%s %q (%s)", in.Symptom, in.Message, in.Kind))
		}
		return fmt.Sprintf("came out %s%s\n    incidents: %s\n    resolved: %v", got, detail, strings.Join(seen, "; "), t.Resolved)
	}
	return expect(c, finding, by)
}

func expect(c Case, f diagnose.Finding, by string) string {
	if c.Expect.Subject != "" && f.Subject.ID != c.Expect.Subject {
		return fmt.Sprintf("subject is %q, want %q", f.Subject.ID, c.Expect.Subject)
	}
	for _, s := range c.Expect.Says {
		if !strings.Contains(f.Says, s) {
			return fmt.Sprintf("says %q, want %q in it", f.Says, s)
		}
	}
	for _, s := range c.Expect.Command {
		if len(f.Fix) == 0 || !strings.Contains(f.Fix[0].Command, s) {
			return fmt.Sprintf("first fix is %+v, want %q in its command", f.Fix, s)
		}
	}
	if c.Expect.By != "" && by != c.Expect.By {
		return fmt.Sprintf("ruled out by %q, want %q", by, c.Expect.By)
	}
	if c.Expect.Missing != "" && !slices.ContainsFunc(f.Steps, func(s diagnose.Step) bool {
		return slices.ContainsFunc(s.Missing, func(m string) bool { return strings.Contains(m, c.Expect.Missing) })
	}) {
		return fmt.Sprintf("steps %+v do not miss %q", f.Steps, c.Expect.Missing)
	}
	if c.Verdict == "confirmed" && (strings.Contains(f.Says, "(not readable") || f.Subject.ID == "" || len(f.Fix) == 0) {
		return fmt.Sprintf("confirmed without a subject, a fix or a whole sentence: subject %q, %d fixes, says %q", f.Subject.ID, len(f.Fix), f.Says)
	}
	return ""
}
