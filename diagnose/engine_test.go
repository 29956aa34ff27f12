package diagnose_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/diagnose/prove"
	"github.com/ecsplain/ecsplain/evidence"
)

const (
	image        = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/orders:1.4.2"
	notFound     = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref " + image + ": " + image + ": not found"
	loginTimeout = `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post "https://api.ecr.eu-west-1.amazonaws.com/": dial tcp 52.94.10.1:443: i/o timeout. Please check your task network configuration.`
	loginDenied  = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/shop-exec/1f00000000000000000000000000000a is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action"
)

// withoutDefaultRoute is a patch: the private route table leads nowhere.
var withoutDefaultRoute = map[string]any{"route-tables/vpc-0shop": map[string]any{"tables": []any{map[string]any{
	"id": "rtb-0private", "vpc_id": "vpc-0shop", "owner": "111122223333", "subnets": []any{"subnet-0priva", "subnet-0privb"},
	"routes": []any{map[string]any{"destination_cidr": "10.0.0.0/16", "target": "local", "state": "active"}},
}}}}

func load(t *testing.T) []*diagnose.Playbook {
	t.Helper()
	all, err := diagnose.Load(os.DirFS("../playbooks"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// journal remembers what was fetched.
type journal struct {
	waves int
	keys  map[evidence.Key]int
}

func (j *journal) kinds() (out []evidence.Kind) {
	for k := range j.keys {
		if !slices.Contains(out, k.Kind) {
			out = append(out, k.Kind)
		}
	}
	slices.Sort(out)
	return out
}

func (j *journal) record(f diagnose.Fetch) diagnose.Fetch {
	j.keys = map[evidence.Key]int{}
	return func(ctx context.Context, s *evidence.Store, keys []evidence.Key) {
		j.waves++
		for _, k := range keys {
			j.keys[k]++
		}
		f(ctx, s, keys)
	}
}

func run(t *testing.T, c prove.Case) (diagnose.TargetReport, *journal) {
	t.Helper()
	f, err := prove.Fetch(c)
	if err != nil {
		t.Fatal(err)
	}
	j := &journal{}
	e := &diagnose.Engine{Playbooks: load(t), Fetch: j.record(f)}
	r, err := e.Run(context.Background(), evidence.NewStore(), []evidence.Target{prove.Target})
	if err != nil {
		t.Fatal(err)
	}
	for k, n := range j.keys {
		if n != 1 {
			t.Errorf("%s was read %d times", k, n)
		}
	}
	return r.Targets[0], j
}

func first(t *testing.T, r diagnose.TargetReport) diagnose.Finding {
	t.Helper()
	if len(r.Findings) == 0 {
		t.Fatalf("no finding; incidents %+v, ruled out %+v, undecided %+v", r.Incidents, r.RuledOut, r.Undecided)
	}
	return r.Findings[0]
}

// A healthy service costs itself, its stopped tasks, and the question whether it is under auto scaling. Where it is the only
// target it was asked about for a reason: load and tracing are looked at too.
func TestHealthyServiceCostsOnlyTheScreening(t *testing.T) {
	screening := []evidence.Kind{evidence.KindCaller, evidence.KindScalableTarget, evidence.KindService, evidence.KindStoppedTasks}
	f, err := prove.Fetch(prove.Case{})
	if err != nil {
		t.Fatal(err)
	}
	for alone, want := range map[bool][]evidence.Kind{
		false: screening,
		true:  append([]evidence.Kind{evidence.KindTaskDefinition, evidence.KindRolePolicies, evidence.KindMetric}, screening...),
	} {
		targets := []evidence.Target{prove.Target}
		if !alone {
			targets = append(targets, prove.Target)
		}
		j := &journal{}
		e := &diagnose.Engine{Playbooks: load(t), Fetch: j.record(f)}
		r, err := e.Run(context.Background(), evidence.NewStore(), targets)
		if err != nil {
			t.Fatal(err)
		}
		if r.Targets[0].Health != facts.Healthy || len(r.Targets[0].Findings) != 0 {
			t.Errorf("health %s, findings %v", r.Targets[0].Health, r.Targets[0].Findings)
		}
		slices.Sort(want)
		if !slices.Equal(j.kinds(), want) {
			t.Errorf("alone %t: read %v, want only %v", alone, j.kinds(), want)
		}
	}
}

func TestAbsentSymptomNeverCostsACall(t *testing.T) {
	for _, c := range []struct {
		name  string
		c     prove.Case
		want  string
		never []evidence.Kind
	}{
		{"missing image", prove.Case{Stopped: notFound, Absent: []string{"ecr-image/111122223333/eu-west-1/shop/orders:1.4.2"}}, "image.tag-missing",
			[]evidence.Kind{evidence.KindRouteTables, evidence.KindSecurityGroup, evidence.KindRolePolicies, evidence.KindLogTail, evidence.KindSecret}},
		{"no route", prove.Case{Stopped: loginTimeout, Patch: withoutDefaultRoute}, "net.no-egress-route",
			[]evidence.Kind{evidence.KindRolePolicies, evidence.KindImage, evidence.KindLogTail, evidence.KindSecret, evidence.KindManifest}},
		{"denied login", prove.Case{Stopped: loginDenied, Patch: map[string]any{"iam-role-policies/shop-exec": map[string]any{"attached": []any{}}}}, "iam.exec-role-ecr-auth",
			[]evidence.Kind{evidence.KindRouteTables, evidence.KindImage, evidence.KindLogTail, evidence.KindSecret}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, j := run(t, c.c)
			if f := first(t, r); f.ID != c.want || f.Verdict != diagnose.Confirmed {
				t.Errorf("first finding is %s (%s), want %s confirmed", f.ID, f.Verdict, c.want)
			}
			for _, k := range c.never {
				if slices.Contains(j.kinds(), k) {
					t.Errorf("read %s; all of %v", k, j.kinds())
				}
			}
		})
	}
}

func TestEveryStepOfAConfirmedFindingIsCited(t *testing.T) {
	r, _ := run(t, prove.Case{Stopped: loginTimeout, Patch: withoutDefaultRoute})
	for _, s := range first(t, r).Steps {
		if len(s.Cites) == 0 {
			t.Errorf("step %q cites nothing", s.Check)
		}
		for _, c := range s.Cites {
			if c.Call == "" || c.Resource == "" || c.Field == "" || c.At.IsZero() {
				t.Errorf("step %q: incomplete cite %+v", s.Check, c)
			}
		}
	}
}

func TestDeniedReadEndsUndecidedWithoutLooping(t *testing.T) {
	r, j := run(t, prove.Case{Stopped: loginTimeout, Patch: withoutDefaultRoute, Gap: map[string]string{"route-tables/vpc-0shop": "UnauthorizedOperation"}})
	for _, f := range r.Findings {
		if f.Verdict == diagnose.Confirmed {
			t.Errorf("%s is confirmed although the route tables could not be read", f.ID)
		}
	}
	if j.waves > 8 {
		t.Errorf("%d waves", j.waves)
	}
	if !slices.ContainsFunc(r.Gaps, func(g evidence.Gap) bool { return g.Key.Kind == evidence.KindRouteTables }) {
		t.Errorf("the gap is not in the report: %+v", r.Gaps)
	}
}

// A service that failed and then started on the same path is resolved, and no alarm.
func TestThenIsNotNowResolved(t *testing.T) {
	task := map[string]any{"id": "2f0000000000000000000000000000aa", "group": "service:orders", "task_definition": "orders:7", "last_status": "RUNNING", "desired_status": "RUNNING",
		"subnet_id": "subnet-0priva", "created_at": "2026-11-20T09:28:00Z", "started_at": "2026-11-20T09:29:00Z"}
	r, _ := run(t, prove.Case{Stopped: loginTimeout, Patch: map[string]any{
		"service/shop/orders":       map[string]any{"running": 2, "deployments": []any{map[string]any{"id": "ecs-svc/7000000000000000007", "status": "PRIMARY", "task_definition": "orders:7", "desired": 2, "running": 2, "rollout_state": "IN_PROGRESS", "created_at": "2026-11-20T09:05:00Z"}}},
		"running-tasks/shop/orders": map[string]any{"tasks": []any{task}},
	}})
	if r.Health != facts.Healthy || len(r.Findings) != 0 || len(r.Resolved) == 0 {
		t.Errorf("health %s, findings %+v, resolved %v", r.Health, r.Findings, r.Resolved)
	}
}

// The evidence fits, but it is of now and the failure is over: never "confirmed".
func TestThenIsNotNowChanged(t *testing.T) {
	r, _ := run(t, prove.Case{Stopped: notFound, Patch: map[string]any{"ecr-image/111122223333/eu-west-1/shop/orders:1.4.2": map[string]any{"pushed_at": "2026-11-20T09:29:30Z"}}})
	if f := first(t, r); f.ID != "image.tag-missing" || f.Verdict != diagnose.Changed || !f.ChangedAt.Known {
		t.Errorf("first finding %s is %s, changed at %v", f.ID, f.Verdict, f.ChangedAt)
	}
}

// Another task on the same path passed the stage between the first and the last failure.
func TestControlsRefute(t *testing.T) {
	sibling := map[string]any{"id": "2f0000000000000000000000000000aa", "group": "service:orders", "task_definition": "orders:7", "last_status": "RUNNING", "desired_status": "RUNNING",
		"subnet_id": "subnet-0priva", "created_at": "2026-11-20T09:26:20Z", "started_at": "2026-11-20T09:26:50Z"}
	c := prove.Case{Stopped: loginTimeout, Patch: map[string]any{"running-tasks/shop/orders": map[string]any{"tasks": []any{sibling}}}}
	for k, v := range withoutDefaultRoute {
		c.Patch[k] = v
	}
	r, _ := run(t, c)
	for _, f := range r.Findings {
		if f.Verdict == diagnose.Confirmed {
			t.Errorf("%s is confirmed although a sibling works", f.ID)
		}
	}
	if !slices.ContainsFunc(r.RuledOut, func(x diagnose.RuledOut) bool {
		return x.ID == "net.no-egress-route" && strings.Contains(x.By, "2f0000000000000000000000000000aa")
	}) {
		t.Errorf("ruled out: %+v", r.RuledOut)
	}
}

// What another account shares is changed there: the finding and its command say so.
func TestFixOfASharedNetwork(t *testing.T) {
	const owner = "999900001111"
	route := func(target, state string) map[string]any {
		return map[string]any{"destination_cidr": "0.0.0.0/0", "target": target, "state": state}
	}
	for _, c := range []struct{ owner, want string }{{owner, "account " + owner}, {"111122223333", ""}} {
		r, _ := run(t, prove.Case{Stopped: loginTimeout, Patch: map[string]any{
			"vpc/vpc-0shop": map[string]any{"owner": c.owner}, "subnet/subnet-0priva": map[string]any{"owner": c.owner},
			"route-tables/vpc-0shop": map[string]any{"tables": []any{map[string]any{"id": "rtb-0private", "vpc_id": "vpc-0shop", "owner": c.owner, "subnets": []any{"subnet-0priva"}, "routes": []any{route("nat-0gone", "blackhole")}}}},
		}})
		f := first(t, r)
		if f.ID != "net.blackhole-route" || f.Verdict != diagnose.Confirmed || len(f.Fix) == 0 {
			t.Fatalf("%s %s with %d fixes", f.ID, f.Verdict, len(f.Fix))
		}
		if f.Subject.Owner.Tool != c.want || f.Fix[0].Owner.Tool != c.want {
			t.Errorf("the subject is of %q, its fix of %q, want %q", f.Subject.Owner.Tool, f.Fix[0].Owner.Tool, c.want)
		}
	}
	r, _ := run(t, prove.Case{Stopped: "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-0priva': InsufficientFreeAddressesInSubnet", Patch: map[string]any{
		"vpc/vpc-0shop": map[string]any{"owner": owner}, "subnet/subnet-0priva": map[string]any{"owner": owner, "free_addresses": 0},
	}})
	if f := first(t, r); f.Subject.Owner.Tool == "" || len(f.Fix) == 0 || f.Fix[0].Owner.Tool != "" {
		t.Errorf("the service's own configuration is said to be another account's: %+v", f.Fix)
	}
}

// A task that never got a network interface has no message and no subnet of its own.
func TestStuckTaskWithoutNetworkInterface(t *testing.T) {
	r, _ := run(t, prove.Case{Stuck: "PROVISIONING", Patch: map[string]any{"subnet/subnet-0priva": map[string]any{"free_addresses": 0}}})
	if f := first(t, r); f.ID != "net.subnet-no-free-ips" || f.Subject.ID != "subnet-0priva" {
		t.Errorf("first finding %s %s on %s", f.ID, f.Verdict, f.Subject.ID)
	}
}

// 500 services share subnets and roles: each shared key is read once, and the waves do not grow with the services.
func TestFiveHundredServicesShareEvidence(t *testing.T) {
	base, err := prove.Fetch(prove.Case{Stopped: loginTimeout, Patch: withoutDefaultRoute})
	if err != nil {
		t.Fatal(err)
	}
	var targets []evidence.Target
	for i := range 500 {
		targets = append(targets, evidence.Target{Kind: evidence.TargetService, Cluster: "shop", Service: fmt.Sprintf("s%03d", i)})
	}
	j := &journal{}
	e := &diagnose.Engine{Playbooks: load(t), Fetch: j.record(clones(base))}
	r, err := e.Run(context.Background(), evidence.NewStore(), targets)
	if err != nil {
		t.Fatal(err)
	}
	shared := 0
	for k, n := range j.keys {
		if n != 1 {
			t.Errorf("%s was read %d times", k, n)
		}
		if !strings.Contains(k.ID, "shop/s") {
			shared++
		}
	}
	if shared > 20 || j.waves > 8 {
		t.Errorf("%d shared keys in %d waves", shared, j.waves)
	}
	if len(r.Shared) != 1 || len(r.Shared[0].Services) != 500 || r.Shared[0].ID != "net.no-egress-route" {
		t.Errorf("shared findings: %d", len(r.Shared))
	}
	for _, target := range r.Targets {
		if len(target.Findings) != 1 || target.Findings[0].Subject.ID != "rtb-0private" {
			t.Fatalf("%s: %+v", target.Target, target.Findings)
		}
	}
}

// clones answers for every service of the cluster what base answers for orders.
func clones(base diagnose.Fetch) diagnose.Fetch {
	return func(ctx context.Context, s *evidence.Store, keys []evidence.Key) {
		tmp := evidence.NewStore()
		for _, k := range keys {
			asked := k
			if cluster, name, ok := strings.Cut(k.ID, "/"); ok && cluster == "shop" && strings.HasPrefix(name, "s") {
				asked.ID = "shop/orders"
			}
			base(ctx, tmp, []evidence.Key{asked})
			if it, st := tmp.Lookup(asked); st == evidence.Found || st == evidence.Absent {
				it.Key = k
				if svc, ok := it.Value.(evidence.Service); ok {
					svc.Name = k.ID[len("shop/"):]
					it.Value = svc
				}
				s.Put(it)
				continue
			}
			g, _ := tmp.Gap(asked)
			g.Key = k
			s.PutGap(g)
		}
	}
}
