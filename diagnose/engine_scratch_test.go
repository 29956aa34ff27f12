package diagnose

import (
	"testing"
	"testing/fstest"

	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/goccy/go-yaml"
	"github.com/ecsplain/ecsplain/evidence"
)

func TestScratch(t *testing.T) {
	src := `id: net.x
title: t
case: pending
symptoms: [stuck/pending]
over: incidents
as: incident
checks:
  - name: no route
    if: incident.reach.no_route.blocks && incident.definition.cpu == "256"
subject: {kind: route-table, id: "${incident.reach.no_route.resource}"}
say: The table ${incident.reach.no_route.resource} of ${incident.launch.subnets} ${incident.tasks}
why: w
verify: v
fix:
  - when: incident.reach.nat_gateway != ""
    say: s
    calls:
      - {service: ec2, operation: CreateRoute, input: {RouteTableId: "${incident.reach.no_route.resource}", SecurityGroupIds: "${incident.launch.security_groups}"}}
`
	_ = fstest.MapFS{}
	pb := &Playbook{file: "net.x.yaml", source: []byte(src)}
	if err := yaml.UnmarshalWithOptions([]byte(src), pb, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	cc, err := compile(pb)
	pb.compiled = cc
	p := []*Playbook{pb}
	if err != nil {
		t.Fatal(err)
	}
	in := &facts.Incident{Symptom: "stuck/pending", Tasks: 3}
	in.Launch.Subnets = []string{"a", "b"}
	in.Launch.SecurityGroups = []string{"sg-1"}
	in.Definition.CPU = "256"
	in.Reach.NatGateway = "nat-1"
	in.Reach.NoRoute.Basis = evidence.Basis{Unknown: true, Missing: []evidence.Key{{Kind: "route-tables", ID: "vpc-1"}}}
	s, err := newScene("incident", in)
	if err != nil {
		t.Fatal(err)
	}
	o := s.judge(p[0])
	t.Logf("%+v", o)
	in.Reach.NoRoute.Basis = evidence.Basis{}
	in.Reach.NoRoute.Blocks, in.Reach.NoRoute.Resource = true, "rtb-1"
	in.Ongoing = true
	s, _ = newScene("incident", in)
	o = s.judge(p[0])
	e := &Engine{}
	f, m := e.say(s, &o, evidence.NewStore())
	t.Logf("%+v %v", f, m)
}
