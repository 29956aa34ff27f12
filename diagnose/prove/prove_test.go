package prove

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ecsplain/ecsplain/diagnose"
)

const playbook = `id: net.example
title: No way out
case: pending
symptoms: [stuck/pending]
over: incidents
as: incident
checks:
  - {name: the route table leads nowhere, if: incident.reach.no_route.blocks}
subject: {kind: route-table, id: "${incident.reach.no_route.resource}"}
say: "${incident.reach.no_route.detail}"
why: because
verify: look
fix: [{say: add a route}]
`

const noRoute = `stuck: PENDING
patch:
  route-tables/vpc-0shop: {tables: [{id: rtb-0private, vpc_id: vpc-0shop, owner: "111122223333", subnets: [subnet-0priva], routes: [{destination_cidr: 10.0.0.0/16, target: local, state: active}]}]}
`

func files(txtar string) fs.FS {
	return fstest.MapFS{"net.example.yaml": {Data: []byte(playbook)}, "net.example.txtar": {Data: []byte(txtar)}}
}

// A case that comes out otherwise fails, whatever the way it is wrong.
func TestCheckFails(t *testing.T) {
	good := "-- confirmed/a.yaml --\n" + noRoute + "-- ruled-out/b.yaml --\nstuck: PENDING\n-- undecided/c.yaml --\nstuck: PENDING\ngap: {route-tables/vpc-0shop: UnauthorizedOperation}\n"
	for _, c := range []struct{ name, old, new, want string }{
		{"good", "", "", ""},
		{"wrong verdict", "confirmed/a.yaml", "ruled-out/a.yaml", "came out confirmed"},
		{"missing kind", "undecided/c.yaml", "ruled-out/c.yaml", "no case under undecided/"},
		{"wrong subject", "-- ruled-out/b", "expect: {subject: rtb-0other}\n-- ruled-out/b", `subject is "rtb-0private"`},
		{"wrong sentence", "-- ruled-out/b", "expect: {says: [a tiger]}\n-- ruled-out/b", `want "a tiger" in it`},
		{"forbidden read", "-- ruled-out/b", "never_reads: [route-tables]\n-- ruled-out/b", "read route-tables"},
		{"unknown field of evidence", "id: rtb-0private,", "idd: rtb-0private,", `unknown field "idd"`},
		{"unknown key", "stuck: PENDING\ngap", "stock: PENDING\ngap", "unknown field"},
		{"unknown verdict", "confirmed/a.yaml", "maybe/a.yaml", "want VERDICT/NAME.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Check(files(strings.Replace(good, c.old, c.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, f := range r.Failures {
				all = append(all, f.String())
			}
			got := strings.Join(all, "\n")
			if c.want == "" && got != "" || c.want != "" && !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A playbook that does not compile fails the case that comes under it, and only that.
func TestAFaultShowsInTheCase(t *testing.T) {
	files := fstest.MapFS{"net.example.yaml": {Data: []byte(strings.Replace(playbook, "no_route.detail}", "no_route.detai}", 1))}}
	all, err := diagnose.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	if got := Run(all[0], Case{Playbook: "net.example", Verdict: "undecided", Stuck: "PENDING", Gap: map[string]string{"route-tables/vpc-0shop": "UnauthorizedOperation"}}); !strings.Contains(got, "undefined field 'detai'") {
		t.Errorf("got %q", got)
	}
	if got := Run(all[0], Case{Playbook: "net.example", Verdict: "ruled-out", Stuck: "PENDING"}); got != "" {
		t.Errorf("a failure that it does not speak of: %q", got)
	}
}
