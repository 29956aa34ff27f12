package diagnose_test

import (
	"context"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/prove"
	"github.com/ecsplain/ecsplain/evidence"
)

// Three services with a role each fail in the same way; the policies of one role may not be read. The other two are
// decided all the same, and the third names what is missing.
func TestOneDeniedRoleAmongThree(t *testing.T) {
	refused := "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref " + image + ": pulling from host 111122223333.dkr.ecr.eu-west-1.amazonaws.com failed with status code [manifests 1.4.2]: 403 Forbidden"
	base, err := prove.Fetch(prove.Case{Stopped: refused, Absent: []string{"ecr-repository-policy/111122223333/eu-west-1/shop/orders"},
		Patch: map[string]any{"iam-role-policies/shop-exec": map[string]any{"attached": []any{}}}})
	if err != nil {
		t.Fatal(err)
	}
	fetch := func(ctx context.Context, s *evidence.Store, keys []evidence.Key) {
		for _, k := range keys {
			if k == evidence.RolePoliciesKey("r2").Key {
				s.PutGap(evidence.Gap{Key: k, Call: "iam:ListAttachedRolePolicies", Reason: "AccessDenied", Fix: "allow iam:ListAttachedRolePolicies"})
				continue
			}
			tmp := evidence.NewStore()
			base(ctx, tmp, []evidence.Key{ofOrders(k)})
			it, st := tmp.Lookup(ofOrders(k))
			if st == evidence.Gapped {
				g, _ := tmp.Gap(ofOrders(k))
				g.Key = k
				s.PutGap(g)
				continue
			}
			it.Key = k
			it.Value = asOwn(it.Value, k.ID)
			s.Put(it)
		}
	}
	var targets []evidence.Target
	for _, n := range []string{"s1", "s2", "s3"} {
		targets = append(targets, evidence.Target{Kind: evidence.TargetService, Cluster: "shop", Service: n})
	}
	e := &diagnose.Engine{Playbooks: load(t), Fetch: fetch}
	r, err := e.Run(context.Background(), evidence.NewStore(), targets)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []diagnose.Verdict{diagnose.Confirmed, diagnose.NotClear, diagnose.Confirmed} {
		got := diagnose.Verdict("none")
		missing := ""
		for _, f := range r.Targets[i].Findings {
			if f.ID == "iam.exec-role-ecr-pull" {
				got = f.Verdict
				for _, s := range f.Steps {
					missing += strings.Join(s.Missing, " ")
				}
			}
		}
		if got != want || want == diagnose.NotClear && !strings.Contains(missing, "iam-role-policies/r2") {
			t.Errorf("%s: %s missing %q, want %s\n%s", targets[i], got, missing, want, summary(r.Targets[i]))
		}
	}
}

// ofOrders maps a key of service sN, revision sN:1 or role rN to the base's.
func ofOrders(k evidence.Key) evidence.Key {
	for _, n := range []string{"1", "2", "3"} {
		k.ID = strings.Replace(k.ID, "shop/s"+n, "shop/orders", 1)
		if k.ID == "s"+n+":1" {
			k.ID = "orders:7"
		}
		if strings.HasPrefix(string(k.Kind), "iam-") {
			k.ID = strings.Replace(k.ID, "r"+n, "shop-exec", 1)
		}
	}
	return k
}

// asOwn gives service sN its own name and revision, and revision sN:1 its own role.
func asOwn(value any, id string) any {
	n := strings.TrimPrefix(id, "shop/s")
	switch v := value.(type) {
	case evidence.Service:
		v.Name = "s" + n
		return v
	case evidence.TaskList:
		out := evidence.TaskList{}
		for _, task := range v.Tasks {
			task.TaskDefinition, task.Group = "s"+n+":1", "service:s"+n
			out.Tasks = append(out.Tasks, task)
		}
		return out
	case evidence.TaskDefinition:
		v.ID = id
		v.ExecutionRoleARN = "arn:aws:iam::111122223333:role/r" + strings.TrimSuffix(strings.TrimPrefix(id, "s"), ":1")
		return v
	}
	return value
}
