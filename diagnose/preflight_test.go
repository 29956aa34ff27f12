package diagnose_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/collectors"
	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab"
)

func preflight(t *testing.T, pbs []*diagnose.Playbook, a *collectors.Account, target, revision string) diagnose.Preflight {
	t.Helper()
	cluster, service, _ := strings.Cut(target, "/")
	e := &diagnose.Engine{Playbooks: pbs, Fetch: a.Fetch}
	p, err := e.Preflight(context.Background(), evidence.NewStore(), evidence.Target{Kind: evidence.TargetService, Cluster: cluster, Service: service}, revision)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func linesOf(p diagnose.Preflight) string {
	var sb strings.Builder
	for _, l := range p.Lines {
		fmt.Fprintf(&sb, "  %s: %s %v %v\n", l.Verdict, l.Asks, l.Causes, l.Missing)
	}
	return sb.String()
}

// On a healthy service every line is true, and no line is without evidence. What the service does not have is not asked.
func TestPreflightOfHealth(t *testing.T) {
	w := lab.New(lab.Options{Seed: 1, Web: true})
	for service, balanced := range map[string]bool{"shop/orders": false, "shop/web": true} {
		p := preflight(t, load(t), serve(t, w), service, "")
		if got := slices.ContainsFunc(p.Lines, func(l diagnose.PreflightLine) bool { return l.Step == "target-health" }); got != balanced {
			t.Errorf("%s: asked of its load balancer: %v", service, got)
		}
		healthy(t, p)
	}
}

func healthy(t *testing.T, p diagnose.Preflight) {
	t.Helper()
	if p.Verdict != "true" || len(p.Lines) < 10 || len(p.Findings) != 0 {
		t.Fatalf("verdict %s, %d findings\n%s", p.Verdict, len(p.Findings), linesOf(p))
	}
	for _, l := range p.Lines {
		if len(l.Cites) == 0 || l.Checked == 0 {
			t.Errorf("%s: %d causes looked at, no evidence cited", l.Asks, l.Checked)
		}
	}
}

// A fault that a start would meet is foreseen: preflight gives the same answer as the diagnosis of the failure, and
// exits 3. Faults that only a failure can show are not held against the next start.
func TestPreflightForesees(t *testing.T) {
	pbs := load(t)
	can := map[string]bool{}
	for _, p := range pbs {
		can[p.ID] = p.Preflight == nil || *p.Preflight
	}
	foreseen := 0
	for _, s := range scenarios(t) {
		if _, ok := lab.Sessions(s.Target); ok || lab.Scheduled(s.Target) {
			continue // preflight is of the starts of services
		}
		t.Run(s.Name, func(t *testing.T) {
			w, err := s.Start(lab.Options{Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			p := preflight(t, pbs, serve(t, w), s.Target, "")
			has := slices.ContainsFunc(p.Findings, func(f diagnose.Finding) bool { return f.ID == s.Answer.ID })
			switch {
			case can[s.Answer.ID] && (!has || p.ExitCode() != 3):
				t.Errorf("want %s foreseen, got %s\n%s", s.Answer.ID, p.Verdict, linesOf(p))
			case !can[s.Answer.ID] && p.Verdict == "false":
				t.Errorf("%s cannot be foreseen; what is?\n%s", s.Answer.ID, linesOf(p))
			case has:
				foreseen++
			}
			later := func(f diagnose.Finding) bool {
				return slices.ContainsFunc(s.Then, func(a lab.Answer) bool { return a.ID == f.ID })
			}
			if slices.ContainsFunc(p.Findings, func(f diagnose.Finding) bool { return f.Subject.ID != p.Findings[0].Subject.ID && !later(f) }) {
				t.Errorf("one fault, %d findings\n%s", len(p.Findings), linesOf(p))
			}
		})
	}
	if foreseen < 25 {
		t.Errorf("%d scenarios are foreseen, want at least 25", foreseen)
	}
}

// The mounts of a healthy service are in order in each of its subnets. Where a call that they are judged by is refused, they are unknown.
func TestPreflightOfMounts(t *testing.T) {
	pbs := load(t)
	mounts := func(p diagnose.Preflight) (out []diagnose.PreflightLine) {
		for _, l := range p.Lines {
			if l.Step == "efs" {
				out = append(out, l)
			}
		}
		return out
	}
	w := lab.New(lab.Options{Seed: 1, Files: true})
	p := preflight(t, pbs, serve(t, w), "shop/invoices", "")
	healthy(t, p)
	if len(mounts(p)) != 2 {
		t.Errorf("want the mounts of two subnets\n%s", linesOf(p))
	}
	for _, action := range []string{"elasticfilesystem:DescribeMountTargets", "elasticfilesystem:DescribeMountTargetSecurityGroups", "elasticfilesystem:DescribeAccessPoints", "elasticfilesystem:DescribeFileSystemPolicy", "iam:GetRolePolicy"} {
		w := lab.New(lab.Options{Seed: 1, Files: true})
		w.Deny(action)
		p := preflight(t, pbs, serve(t, w), "shop/invoices", "")
		for _, l := range mounts(p) {
			if l.Verdict != "unknown" || len(l.Missing) == 0 {
				t.Errorf("without %s: %+v", action, l)
			}
		}
		if len(mounts(p)) == 0 || p.ExitCode() != 4 {
			t.Errorf("without %s: %s\n%s", action, p.Verdict, linesOf(p))
		}
	}
}

// What may not be read is unknown, never in order.
func TestPreflightDenied(t *testing.T) {
	w := lab.New(lab.Options{Seed: 1})
	w.Deny("ec2:DescribeRouteTables")
	p := preflight(t, load(t), serve(t, w), "shop/orders", "")
	if p.Verdict != "unknown" || p.ExitCode() != 4 || len(p.Gaps) == 0 {
		t.Errorf("verdict %s, %d gaps\n%s", p.Verdict, len(p.Gaps), linesOf(p))
	}
}

// A volume that nothing reads is never said to be in order.
func TestPreflightOfVolumes(t *testing.T) {
	w := lab.New(lab.Options{Seed: 1})
	err := w.Apply([]lab.Step{{Service: "ecs", Operation: "RegisterTaskDefinition", Input: map[string]any{
		"family": "orders", "cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": []any{"FARGATE"}, "executionRoleArn": "orders-execution",
		"volumes":              []any{map[string]any{"name": "data", "s3filesVolumeConfiguration": map[string]any{"fileSystemArn": "arn:aws:s3files:eu-west-1:111122223333:file-system/fs-1"}}},
		"containerDefinitions": []any{map[string]any{"name": "orders", "image": "${registry}/shop/orders:1.4.1", "essential": true}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	p := preflight(t, load(t), serve(t, w), "shop/orders", "orders:3")
	if p.Verdict != "unknown" || p.ExitCode() != 4 {
		t.Errorf("verdict %s\n%s", p.Verdict, linesOf(p))
	}
	if l := p.Lines[slices.IndexFunc(p.Lines, func(l diagnose.PreflightLine) bool { return l.Step == "efs" })]; l.Verdict != "unknown" || len(l.Missing) == 0 {
		t.Errorf("%+v", l)
	}
}

// A service whose target health may not be read is not said to be healthy.
func TestUnreadTargetsAreNotHealthy(t *testing.T) {
	w := lab.New(lab.Options{Seed: 1, Web: true})
	a := serve(t, w)
	if r := look(t, context.Background(), load(t), a, "shop/web"); r.Health != facts.Healthy || r.Impact.TargetsHealthy != 2 {
		t.Fatalf("want healthy, got\n%s", summary(r))
	}
	w.Deny("elasticloadbalancing:DescribeTargetHealth")
	if r := look(t, context.Background(), load(t), a, "shop/web"); r.Health != facts.Unknown || len(r.Gaps) == 0 {
		t.Errorf("want unknown, got\n%s", summary(r))
	}
}

// A quota that has no room for the next deployment is foreseen though every task of the service runs, what may not be read is unknown, and a
// granted request puts it right.
func TestPreflightOfQuota(t *testing.T) {
	pbs := load(t)
	quota := func(p diagnose.Preflight) diagnose.PreflightLine {
		i := slices.IndexFunc(p.Lines, func(l diagnose.PreflightLine) bool { return strings.Contains(l.Asks, "quota") })
		if i < 0 {
			t.Fatalf("nothing asks about the quota\n%s", linesOf(p))
		}
		return p.Lines[i]
	}
	small := func() *lab.World {
		w := lab.New(lab.Options{Seed: 1})
		err := w.Apply([]lab.Step{
			{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders", "desiredCount": 4}},
			{Service: "lab", Operation: "SetVcpuQuota", Input: map[string]any{"Count": 2}},
			{Service: "lab", Operation: "Advance", Input: map[string]any{"For": "10m"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := small()
	a := serve(t, w)
	if r := look(t, context.Background(), pbs, a, "shop/orders"); r.Health != facts.Healthy {
		t.Fatalf("want healthy, got\n%s", summary(r))
	}
	p := preflight(t, pbs, a, "shop/orders", "")
	if l := quota(p); l.Verdict != "false" || p.ExitCode() != 3 || len(p.Findings) != 1 || !strings.Contains(l.Says, "4 of them beside those that run, 1 vCPUs; the account uses 1.5 of its 2") {
		t.Fatalf("%s: %s\n%s", l.Verdict, l.Says, linesOf(p))
	}
	steps := append(stepsOf(p.Findings[0].Fix[0].Calls), lab.Step{Service: "lab", Operation: "Advance", Input: map[string]any{"For": "30m"}})
	if err := w.Apply(steps); err != nil {
		t.Fatal(err)
	}
	if p := preflight(t, pbs, a, "shop/orders", ""); p.Verdict != "true" {
		t.Errorf("after the request was granted:\n%s", linesOf(p))
	}
	for _, action := range []string{"servicequotas:GetServiceQuota", "cloudwatch:GetMetricData"} {
		w := lab.New(lab.Options{Seed: 1})
		w.Deny(action)
		p := preflight(t, pbs, serve(t, w), "shop/orders", "")
		if l := quota(p); l.Verdict != "unknown" || p.ExitCode() != 4 || len(l.Missing) == 0 {
			t.Errorf("without %s: %+v", action, l)
		}
	}
}
