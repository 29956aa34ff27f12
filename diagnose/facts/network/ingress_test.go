package network

import (
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

// A load balancer in two subnets, a task in a third; every case changes one thing.
func TestAdmits(t *testing.T) {
	open := []evidence.SGRule{{Protocol: "-1", FromPort: -1, ToPort: -1, CIDR: "0.0.0.0/0"}}
	tcp := func(from, to int, cidr, group string) []evidence.SGRule {
		return []evidence.SGRule{{Protocol: "tcp", FromPort: from, ToPort: to, CIDR: cidr, Group: group}}
	}
	all := []evidence.AclEntry{{Number: 100, Egress: true, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"}, {Number: 100, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"}}
	noAnswers := []evidence.AclEntry{{Number: 100, Egress: true, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", FromPort: 443, ToPort: 443}, {Number: 100, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"}}
	for _, c := range []struct {
		name     string
		ingress  []evidence.SGRule
		egress   []evidence.SGRule // of the load balancer's group
		groups   []string          // of the load balancer
		acl      []evidence.AclEntry
		deny     evidence.Key
		sg, nacl tri
		side     string
	}{
		{"by group", tcp(8080, 8080, "", "sg-lb"), open, []string{"sg-lb"}, all, evidence.Key{}, no, no, ""},
		{"by blocks of both subnets", tcp(8080, 8080, "10.0.0.0/22", ""), open, nil, all, evidence.Key{}, no, no, ""},
		{"one of two subnets", tcp(8080, 8080, "10.0.0.0/24", ""), open, nil, all, evidence.Key{}, unknown, no, ""},
		{"another port", tcp(80, 80, "", "sg-lb"), open, []string{"sg-lb"}, all, evidence.Key{}, yes, no, "task"},
		{"another group", tcp(8080, 8080, "", "sg-other"), open, []string{"sg-lb"}, all, evidence.Key{}, yes, no, "task"},
		{"no way out of the load balancer", tcp(8080, 8080, "", "sg-lb"), tcp(443, 443, "0.0.0.0/0", ""), []string{"sg-lb"}, all, evidence.Key{}, yes, no, "load-balancer"},
		{"out to the task's group", tcp(8080, 8080, "", "sg-lb"), tcp(8080, 8080, "", "sg-task"), []string{"sg-lb"}, all, evidence.Key{}, no, no, ""},
		{"answers are dropped", tcp(8080, 8080, "", "sg-lb"), open, []string{"sg-lb"}, noAnswers, evidence.Key{}, no, yes, ""},
		{"the task's group is denied", nil, open, []string{"sg-lb"}, all, evidence.SecurityGroupKey("sg-task").Key, unknown, no, ""},
		{"the load balancer's group is denied", tcp(8080, 8080, "", "sg-lb"), open, []string{"sg-lb"}, all, evidence.SecurityGroupKey("sg-lb").Key, unknown, no, ""},
		{"but the task's refuses anyway", nil, open, []string{"sg-lb"}, all, evidence.SecurityGroupKey("sg-lb").Key, yes, no, "task"},
		{"ACLs are denied", tcp(8080, 8080, "", "sg-lb"), open, []string{"sg-lb"}, all, evidence.NetworkAclsKey("vpc-1").Key, no, unknown, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := evidence.NewStore()
			put := func(k evidence.Key, v any) {
				if k == c.deny {
					s.PutGap(evidence.Gap{Key: k, Reason: "denied"})
					return
				}
				s.Put(evidence.Item{Key: k, Found: true, Value: v, At: time.Unix(1, 0), Call: "test"})
			}
			for id, cidr := range map[string]string{"subnet-a": "10.0.0.0/24", "subnet-b": "10.0.1.0/24", "subnet-task": "10.0.10.0/24"} {
				put(evidence.SubnetKey(id).Key, evidence.Subnet{ID: id, VpcID: "vpc-1", Owner: "111122223333", CIDR: cidr})
			}
			put(evidence.SecurityGroupKey("sg-task").Key, evidence.SecurityGroup{ID: "sg-task", VpcID: "vpc-1", Ingress: c.ingress})
			put(evidence.SecurityGroupKey("sg-lb").Key, evidence.SecurityGroup{ID: "sg-lb", VpcID: "vpc-1", Egress: c.egress})
			put(evidence.NetworkAclsKey("vpc-1").Key, evidence.NetworkAcls{Acls: []evidence.NetworkAcl{
				{ID: "acl-lb", Subnets: []string{"subnet-a", "subnet-b"}, Entries: all}, {ID: "acl-task", Default: true, Subnets: []string{"subnet-task"}, Entries: c.acl}}})
			got := Admits(evidence.NewView(s), From{Account: "111122223333", Subnet: "subnet-task", SecurityGroups: []string{"sg-task"}},
				Balancer{Vpc: "vpc-1", Groups: c.groups, Subnets: []string{"subnet-a", "subnet-b"}}, []int{8080})
			if a := answerOf(got.SecurityGroup); a != c.sg || a == yes && got.Side != c.side {
				t.Errorf("security groups: %+v at %q, want %d at %q", got.SecurityGroup, got.Side, c.sg, c.side)
			}
			if a := answerOf(got.Nacl); a != c.nacl {
				t.Errorf("ACLs: %+v, want %d", got.Nacl, c.nacl)
			}
		})
	}
}

func answerOf(b Blocker) tri {
	switch {
	case b.Basis.Unknown:
		return unknown
	case b.Blocks:
		return yes
	}
	return no
}
