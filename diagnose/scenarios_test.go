package diagnose_test

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/collectors"
	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab"
)

// serve puts a world on a loopback port and opens it with the real AWS SDK.
func serve(t *testing.T, w *lab.World) *collectors.Account {
	t.Helper()
	srv := httptest.NewServer(w.Handler())
	t.Cleanup(srv.Close)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	a, err := collectors.Open(context.Background(), collectors.Options{Region: w.Region, EndpointURL: srv.URL, MaxAttempts: 2})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// look diagnoses one target of a world.
func look(t *testing.T, ctx context.Context, pbs []*diagnose.Playbook, a *collectors.Account, target string) diagnose.TargetReport {
	t.Helper()
	cluster, service, _ := strings.Cut(target, "/")
	targets, store := []evidence.Target{{Kind: evidence.TargetService, Cluster: cluster, Service: service}}, evidence.NewStore()
	if _, ok := lab.Sessions(target); ok || lab.Scheduled(target) {
		var err error
		if targets, _, err = diagnose.Resolve(ctx, target, store, a.Fetch); err != nil {
			t.Fatal(err)
		}
	}
	e := &diagnose.Engine{Playbooks: pbs, Fetch: a.Fetch}
	r, err := e.Run(ctx, store, targets)
	if err != nil {
		t.Fatal(err)
	}
	return r.Targets[0]
}

func summary(r diagnose.TargetReport) string {
	var sb strings.Builder
	fmt.Fprintf(&sb, "health %s, %d of %d run\n", r.Health, r.Impact.Running, r.Impact.Desired)
	for _, in := range r.Incidents {
		fmt.Fprintf(&sb, "  incident %s %s x%d: %s\n", in.Kind, in.Symptom, in.Tasks, in.Message)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&sb, "  finding %s %s on %s\n", f.ID, f.Verdict, f.Subject.ID)
		for _, s := range f.Steps {
			fmt.Fprintf(&sb, "    %s: %s %v\n", s.Verdict, s.Check, s.Missing)
		}
	}
	for _, x := range r.RuledOut {
		fmt.Fprintf(&sb, "  ruled out %s by %s\n", x.ID, x.By)
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(&sb, "  gap %s: %s %s %s\n", g.Key, g.Call, g.Reason, g.Message)
	}
	for _, s := range r.Resolved {
		fmt.Fprintf(&sb, "  resolved %s\n", s)
	}
	return sb.String()
}

func scenarios(t *testing.T) []lab.Scenario {
	t.Helper()
	all, err := lab.Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var seeds = flag.Uint64("seeds", 1, "how many accounts each scenario is diagnosed on")

// On every seed each scenario's first finding is its answer, and the report's own fix heals it where it is made of calls.
func TestScenarios(t *testing.T) {
	pbs := load(t)
	byCalls := 0
	for s, seed := range onSeeds(scenarios(t)) {
		t.Run(fmt.Sprintf("%s/%d", s.Name, seed), func(t *testing.T) {
			w, err := s.Start(lab.Options{Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			a := serve(t, w)
			if s.Answer.ID == lab.NoFault {
				if r := look(t, context.Background(), pbs, a, s.Target); r.Health != facts.Healthy || len(r.Findings) > 0 {
					t.Errorf("nothing is wrong, got\n%s", summary(r))
				}
				return
			}
			for i, answer := range append([]lab.Answer{s.Answer}, s.Then...) {
				r := look(t, context.Background(), pbs, a, s.Target)
				answered(t, w, s, answer, r)
				if i > 0 && t.Failed() {
					return
				}
				f := r.Findings[0]
				if len(f.Fix) == 0 || len(f.Fix[0].Calls) == 0 {
					return
				}
				if err := w.Apply(stepsOf(f.Fix[0].Calls)); err != nil {
					t.Fatalf("the fix %q cannot be applied: %v", f.Fix[0].Command, err)
				}
				w.Advance(45 * time.Minute) // the start back-off may take up to 27 minutes to try again
				if i < len(s.Then) {
					continue
				}
				byCalls++
				if err := w.Healed(s.Target, 5*time.Minute); err != nil {
					t.Errorf("the fix %q does not heal: %v", f.Fix[0].Command, err)
				}
			}
		})
	}
	if byCalls < 16 {
		t.Errorf("only %d scenarios were healed by the report's own fix", byCalls)
	}
}

// onSeeds gives each scenario on each seed, the first being 1.
func onSeeds(all []lab.Scenario) iter.Seq2[lab.Scenario, uint64] {
	return func(yield func(lab.Scenario, uint64) bool) {
		for _, s := range all {
			for seed := uint64(1); seed <= *seeds; seed++ {
				if !yield(s, seed) {
					return
				}
			}
		}
	}
}

// answered wants the scenario's answer as the first finding, and none after it but what the fault brings about.
func answered(t *testing.T, w *lab.World, s lab.Scenario, answer lab.Answer, r diagnose.TargetReport) {
	t.Helper()
	// A service that is told to run nothing runs nothing: that is healthy by arithmetic, and a finding all the same.
	if r.Health == facts.Healthy && r.Impact.Desired > 0 || len(r.Findings) == 0 {
		t.Fatalf("want %s, got\n%s", answer.ID, summary(r))
	}
	want, err := w.Resolve(answer.Subject)
	if err != nil {
		t.Fatal(err)
	}
	f := r.Findings[0]
	if f.ID != answer.ID || f.Verdict != diagnose.Confirmed || f.Subject.ID != want {
		t.Fatalf("want %s on %s, got\n%s", answer.ID, want, summary(r))
	}
	for _, f := range r.Findings[1:] {
		if !slices.Contains(s.Effects, f.ID) {
			t.Errorf("%s beside the answer:\n%s", f.ID, summary(r))
		}
	}
	for _, step := range f.Steps {
		for _, c := range step.Cites {
			if c.Value == "" {
				t.Errorf("%q is proven by %s of %s, which says nothing about %s", step.Check, c.Call, c.Resource, c.Field)
			}
		}
	}
}

// A scenario's red herrings alone are no finding: the same account without the mutation is healthy.
func TestHerringsAreNotBlamed(t *testing.T) {
	pbs := load(t)
	for s, seed := range onSeeds(scenarios(t)) {
		if len(s.Herrings) == 0 {
			continue
		}
		t.Run(fmt.Sprintf("%s/%d", s.Name, seed), func(t *testing.T) {
			s.Mutation = nil
			w, err := s.Start(lab.Options{Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			target := s.Target
			if !w.Has(target) {
				target = "shop/orders"
			}
			if r := look(t, context.Background(), pbs, serve(t, w), target); r.Health != facts.Healthy || len(r.Findings) > 0 {
				t.Errorf("%s:\n%s", target, summary(r))
			}
		})
	}
}

func stepsOf(calls []diagnose.Call) (out []lab.Step) {
	for _, c := range calls {
		out = append(out, lab.Step{Service: c.Service, Operation: c.Operation, Input: c.Input})
	}
	return out
}

// The healthy account has no finding, whatever the variant and the way AWS lists stopped tasks.
func TestHealthyWorldHasNoFinding(t *testing.T) {
	pbs := load(t)
	for _, o := range []lab.Options{{}, {Endpoints: true}, {HideStopped: true}, {Seed: 7}} {
		w := lab.New(o)
		a := serve(t, w)
		for _, target := range []string{"shop/orders", "shop/catalog"} {
			if r := look(t, context.Background(), pbs, a, target); r.Health != facts.Healthy || len(r.Findings) > 0 {
				t.Errorf("%+v %s:\n%s", o, target, summary(r))
			}
		}
	}
	worker := lab.New(lab.Options{Worker: true})
	worker.Advance(4 * time.Hour)
	if r := look(t, context.Background(), pbs, serve(t, worker), "shop/worker"); r.Health != facts.Healthy || len(r.Findings) > 0 {
		t.Errorf("shop/worker:\n%s", summary(r))
	}
	files := serve(t, lab.New(lab.Options{Files: true}))
	if r := look(t, context.Background(), pbs, files, "shop/invoices"); r.Health != facts.Healthy || len(r.Findings) > 0 {
		t.Errorf("shop/invoices:\n%s", summary(r))
	}
	if p := preflight(t, pbs, files, "shop/invoices", ""); p.Verdict != "true" || !slices.ContainsFunc(p.Lines, func(l diagnose.PreflightLine) bool { return l.Step == "efs" }) {
		t.Errorf("preflight of shop/invoices:\n%s", linesOf(p))
	}
	sessions := serve(t, lab.New(lab.Options{Endpoints: true, Sessions: true}))
	if r := look(t, context.Background(), pbs, sessions, "--exec shop/orders"); r.Health != facts.Healthy || len(r.Findings) > 0 {
		t.Errorf("--exec shop/orders:\n%s", summary(r))
	}
	connected := serve(t, lab.New(lab.Options{Connect: true}))
	for _, target := range []string{"shop/prices", "shop/stock", "shop/checkout"} {
		if r := look(t, context.Background(), pbs, connected, target); r.Health != facts.Healthy || len(r.Findings) > 0 {
			t.Errorf("%s:\n%s", target, summary(r))
		}
	}
	w := lab.New(lab.Options{Jobs: true})
	a := serve(t, w)
	for _, target := range []string{"--rule nightly-report shop", "--rule stock-sync shop", "--schedule default/cleanup shop"} {
		if r := look(t, context.Background(), pbs, a, target); r.Health != facts.Healthy || len(r.Findings) > 0 {
			t.Errorf("%s:\n%s", target, summary(r))
		}
	}
}

// Sources disagree whether stopped tasks can be listed by service name: the answer must not depend on it.
func TestStoppedTasksAreFoundEitherWay(t *testing.T) {
	pbs := load(t)
	for _, hide := range []bool{false, true} {
		w, s, err := lab.Start("no-way-out", lab.Options{Seed: 1, HideStopped: hide})
		if err != nil {
			t.Fatal(err)
		}
		r := look(t, context.Background(), pbs, serve(t, w), s.Target)
		if len(r.Findings) == 0 || r.Findings[0].ID != s.Answer.ID || len(r.Incidents) == 0 || r.Incidents[0].Kind != facts.KindStopped {
			t.Errorf("hidden %v:\n%s", hide, summary(r))
		}
	}
}

// badDays are scenarios of different families, each walked through every call failing.
var badDays = []string{"no-way-out", "tag-you-are-not-it", "wrong-hat", "crash-on-arrival", "one-door-short", "every-other-minute"}

// A call that is denied or answers nothing costs knowledge and nothing else: no panic, never "healthy", never a cause that
// was not there.
func TestEveryCallDenied(t *testing.T) {
	eachCall(t, func(w *lab.World, action string) { w.Deny(action) }, 20*time.Second)
}

func TestEveryCallWithoutAnswer(t *testing.T) {
	eachCall(t, func(w *lab.World, action string) { w.Slow(time.Hour, action) }, 700*time.Millisecond)
}

func TestEveryCallBroken(t *testing.T) {
	eachCall(t, func(w *lab.World, action string) { w.Mangle(action, true) }, 20*time.Second)
}

func eachCall(t *testing.T, spoil func(w *lab.World, action string), within time.Duration) {
	pbs := load(t)
	for _, name := range badDays {
		w, s, err := lab.Start(name, lab.Options{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		a := serve(t, w)
		look(t, context.Background(), pbs, a, s.Target)
		var made []string
		for _, c := range w.Calls() {
			if x := c.Service + ":" + c.Operation; !slices.Contains(made, x) {
				made = append(made, x)
			}
		}
		for _, action := range made {
			t.Run(name+"/"+action, func(t *testing.T) {
				w, s, err := lab.Start(name, lab.Options{Seed: 1})
				if err != nil {
					t.Fatal(err)
				}
				spoil(w, action)
				ctx, cancel := context.WithTimeout(context.Background(), within)
				defer cancel()
				r := look(t, ctx, pbs, serve(t, w), s.Target)
				if r.Health == facts.Healthy {
					t.Errorf("healthy\n%s", summary(r))
				}
				for _, f := range r.Findings {
					if f.Verdict == diagnose.Confirmed && f.ID != s.Answer.ID && !f.Consequence {
						t.Errorf("confirmed %s, which is not the cause\n%s", f.ID, summary(r))
					}
				}
				if len(r.Gaps) == 0 && action != "sts:GetCallerIdentity" {
					t.Errorf("no gap tells that %s failed\n%s", action, summary(r))
				}
			})
		}
	}
}

// Between typing the right fix and the next start nothing can be proven: the report says so, and refutes nothing of the past.
func TestFixedButNotTriedYet(t *testing.T) {
	pbs := load(t)
	w, s, err := lab.Start("no-way-out", lab.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	a := serve(t, w)
	r := look(t, context.Background(), pbs, a, s.Target)
	if len(r.Findings) == 0 || r.Findings[0].ID != s.Answer.ID || len(r.Untried) > 0 {
		t.Fatalf("before the fix:\n%s untried %v", summary(r), r.Untried)
	}
	if err := w.Apply(stepsOf(r.Findings[0].Fix[0].Calls)); err != nil {
		t.Fatal(err)
	}
	r = look(t, context.Background(), pbs, a, s.Target)
	if len(r.Untried) == 0 || r.Health == facts.Healthy || len(r.Findings) > 0 {
		t.Errorf("just after the fix:\n%s untried %v", summary(r), r.Untried)
	}
}

// What explains failures of an earlier release is no answer to those of the newest, however little is known of these.
func TestTheNewestFailureLeads(t *testing.T) {
	pbs := load(t)
	w, s, err := lab.Start("the-137-club", lab.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	definition, err := w.Look("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": "orders"})
	if err != nil {
		t.Fatal(err)
	}
	td := definition["taskDefinition"].(map[string]any)
	in := map[string]any{}
	for _, key := range []string{"family", "taskRoleArn", "executionRoleArn", "networkMode", "containerDefinitions", "requiresCompatibilities", "cpu", "memory", "runtimePlatform"} {
		in[key] = td[key]
	}
	td["containerDefinitions"].([]any)[0].(map[string]any)["image"] = "registry.nowhere.example/shop/orders:1"
	if err := w.Apply([]lab.Step{{Service: "ecs", Operation: "RegisterTaskDefinition", Input: in},
		{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders", "taskDefinition": "orders"}}}); err != nil {
		t.Fatal(err)
	}
	w.Advance(5 * time.Minute)
	w.Deny("route53resolver:ListFirewallRuleGroupAssociations")
	r := look(t, context.Background(), pbs, serve(t, w), s.Target)
	if len(r.Findings) == 0 || r.Findings[0].ID != "image.registry-unknown" || r.Findings[0].Verdict != diagnose.NotClear || len(r.Past) != 1 || r.Past[0].ID != s.Answer.ID {
		t.Errorf("past %v of\n%s", r.Past, summary(r))
	}
}

// A rule or schedule that was mended and fired since is healthy, whatever CloudWatch still counts of the days before.
func TestMendedSchedulesAreHealthy(t *testing.T) {
	pbs := load(t)
	for _, name := range []string{"a-new-coat", "wrong-guest-list", "the-clockwork-runs"} {
		w, s, err := lab.Start(name, lab.Options{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Apply(s.Solve); err != nil {
			t.Fatal(err)
		}
		w.Advance(2 * time.Hour) // the failed tasks are forgotten
		if err := w.Healed(s.Target, time.Minute); err != nil {
			t.Fatal(err)
		}
		w.Advance(10 * time.Minute)
		if r := look(t, context.Background(), pbs, serve(t, w), s.Target); r.Health != facts.Healthy || len(r.Findings) > 0 {
			t.Errorf("%s:\n%s", name, summary(r))
		}
	}
}
