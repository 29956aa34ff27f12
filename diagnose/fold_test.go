package diagnose

import (
	"testing"

	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
)

func draftOf(id string, v Verdict, share float64, explains ...string) *draft {
	return &draft{Finding: Finding{ID: id, Verdict: v, Share: share}, pb: &Playbook{ID: id, Explains: explains}}
}

func ids(all []*draft) (out []string) {
	for _, d := range all {
		s := d.ID
		for _, e := range d.Explained {
			s += ">" + e.ID
		}
		out = append(out, s)
	}
	return out
}

func TestFoldAndRank(t *testing.T) {
	consequence := func(d *draft) *draft { d.pb.Consequence = true; return d }
	for _, c := range []struct {
		name string
		in   []*draft
		want []string
	}{
		{"by share", []*draft{draftOf("b", Confirmed, 0.2), draftOf("a", Confirmed, 0.8)}, []string{"a", "b"}},
		{"confirmed, changed, undecided", []*draft{draftOf("u", NotClear, 1), draftOf("c", Changed, 1), draftOf("y", Confirmed, 0.1)}, []string{"y", "c", "u"}},
		{"cause over effect", []*draft{draftOf("effect", Confirmed, 1), draftOf("cause", Confirmed, 0.5, "effect")}, []string{"cause>effect"}},
		{"a cause that is not confirmed explains nothing", []*draft{draftOf("effect", Confirmed, 1), draftOf("cause", Changed, 1, "effect")}, []string{"effect", "cause"}},
		{"undecided is never folded", []*draft{draftOf("effect", NotClear, 1), draftOf("cause", Confirmed, 1, "effect")}, []string{"cause", "effect"}},
		{"a consequence folds under anything", []*draft{consequence(draftOf("backoff", Confirmed, 1)), draftOf("cause", Confirmed, 1)}, []string{"cause>backoff"}},
		{"a consequence alone comes last", []*draft{consequence(draftOf("backoff", Confirmed, 1)), draftOf("open", NotClear, 0.1)}, []string{"open", "backoff"}},
		{"under the larger share", []*draft{draftOf("e", Confirmed, 0.1), draftOf("small", Confirmed, 0.2, "e"), draftOf("large", Confirmed, 0.7, "e")}, []string{"large>e", "small"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ids(fold(c.in))
			if len(got) != len(c.want) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("got %v, want %v", got, c.want)
				}
			}
		})
	}
}

// A consequence is no answer: the exit code stays that of a service whose cause is not confirmed.
func TestConsequenceIsNoAnswer(t *testing.T) {
	for consequence, want := range map[bool]int{true: 4, false: 3} {
		r := Report{Targets: []TargetReport{{Health: "down", Findings: []Finding{{ID: "svc.start-backoff", Verdict: Confirmed, Consequence: consequence}}}}}
		if got := r.ExitCode(); got != want {
			t.Errorf("consequence %v: exit code %d, want %d", consequence, got, want)
		}
	}
}

// A confirmed cause never passes for health: a service that is told to run nothing exits 3.
func TestConfirmedIsNeverHealthy(t *testing.T) {
	for _, c := range []struct {
		findings []Finding
		want     int
	}{
		{nil, 0},
		{[]Finding{{Verdict: Changed}}, 0},
		{[]Finding{{Verdict: Confirmed}}, 3},
		{[]Finding{{Verdict: Confirmed, Consequence: true}}, 4},
	} {
		r := Report{Targets: []TargetReport{{Health: "healthy", Findings: c.findings}, {Health: "healthy"}}}
		if got := r.ExitCode(); got != c.want {
			t.Errorf("%+v: exit code %d, want %d", c.findings, got, c.want)
		}
	}
}

// An incident whose own finding is folded under another one is explained by that.
func TestEffectsExplainTheirIncidents(t *testing.T) {
	c := &targetCase{incidents: make([]facts.Incident, 3)}
	cause, effect, far := draftOf("cause", Confirmed, 1, "effect"), draftOf("effect", Confirmed, 1, "a-far"), draftOf("a-far", Confirmed, 1)
	cause.incidents, effect.incidents, far.incidents = []*facts.Incident{&c.incidents[0]}, []*facts.Incident{&c.incidents[1]}, []*facts.Incident{&c.incidents[2]}
	by, via := explainedBy(c, fold([]*draft{cause, effect, far}))
	for i, want := range []string{"", "effect", "a-far"} {
		if in := &c.incidents[i]; by[in] != "cause" || via[in] != want {
			t.Errorf("incident %d: explained by %q via %q, want cause via %q", i, by[in], via[in], want)
		}
	}
}

func TestOwner(t *testing.T) {
	for _, c := range []struct {
		tags []evidence.Tag
		want string
	}{
		{nil, ""},
		{[]evidence.Tag{{Key: "Name", Value: "x"}}, ""},
		{[]evidence.Tag{{Key: "aws:cloudformation:stack-name", Value: "net"}}, "CloudFormation"},
		{[]evidence.Tag{{Key: "aws:cloudformation:stack-name", Value: "net"}, {Key: "aws:cdk:path", Value: "Net/Rt"}}, "CDK"},
		{[]evidence.Tag{{Key: "ManagedBy", Value: "Terraform"}}, "Terraform"},
		{[]evidence.Tag{{Key: "terraform", Value: "true"}}, "Terraform"},
	} {
		if got := ownerOf(c.tags); got.Tool != c.want {
			t.Errorf("%v: got %q, want %q", c.tags, got.Tool, c.want)
		}
	}
}

// A cause that still holds also accounts for failures before a change of something else: it stands once.
func TestOneOfEachCause(t *testing.T) {
	on := func(d *draft, subject string, tasks int) *draft { d.Subject.ID, d.Tasks = subject, tasks; return d }
	got := oneOfEach([]*draft{on(draftOf("a", Changed, 1), "x", 3), on(draftOf("a", Confirmed, 1), "x", 4), on(draftOf("a", Changed, 1), "y", 1), on(draftOf("b", Changed, 1), "x", 1)})
	if len(got) != 3 || got[0].Verdict != Confirmed || got[0].Tasks != 7 || got[1].Subject.ID != "y" || got[2].ID != "b" {
		t.Errorf("got %d findings: %+v", len(got), got)
	}
}
