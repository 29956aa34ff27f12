package facts

import (
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

// A deployment that starts tasks in another network, or of another revision, ends an incident whose tasks were all made before it, also
// where the last of them ended after it.
func TestDeployedAnew(t *testing.T) {
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	network := evidence.NetworkConfiguration{Subnets: []string{"subnet-a"}, SecurityGroups: []string{"sg-b", "sg-a"}}
	with := func(change func(*evidence.NetworkConfiguration)) evidence.NetworkConfiguration {
		n := network
		change(&n)
		return n
	}
	for _, tc := range []struct {
		name    string
		network evidence.NetworkConfiguration
		td      string
		made    time.Time
		want    bool
	}{
		{"the same again", network, "web:1", at.Add(-time.Minute), false},
		{"the same groups in another order", with(func(n *evidence.NetworkConfiguration) { n.SecurityGroups = []string{"sg-a", "sg-b"} }), "web:1", at.Add(-time.Minute), false},
		{"a public address", with(func(n *evidence.NetworkConfiguration) { n.AssignPublicIP = true }), "web:1", at.Add(-time.Minute), true},
		{"another group", with(func(n *evidence.NetworkConfiguration) { n.SecurityGroups = []string{"sg-a"} }), "web:1", at.Add(-time.Minute), true},
		{"another subnet", with(func(n *evidence.NetworkConfiguration) { n.Subnets = []string{"subnet-b"} }), "web:1", at.Add(-time.Minute), true},
		{"another revision", network, "web:2", at.Add(-time.Minute), true},
		{"another revision, and a task of the old one made since", network, "web:2", at.Add(time.Minute), false},
	} {
		g := &grouping{svc: evidence.Service{Deployments: []evidence.Deployment{{Status: "PRIMARY", TaskDefinition: tc.td, Network: tc.network, CreatedAt: evidence.When(at)}}}}
		in := &Incident{Last: at.Add(2 * time.Minute), made: tc.made, Launch: Launch{TaskDefinition: "web:1", Subnet: "subnet-a", SecurityGroups: network.SecurityGroups}}
		if got := g.deployedAnew(in); got.Known != tc.want {
			t.Errorf("%s: %t, want %t", tc.name, got.Known, tc.want)
		}
	}
}

func TestAccepts(t *testing.T) {
	for _, tc := range []struct {
		matcher, code string
		want          bool
	}{{"200", "200", true}, {"200", "301", false}, {"200,404", "404", true}, {"200-399", "301", true}, {"200-299, 301", "301", true}, {"200-299", "404", false}, {"", "200", false}, {"200", "", false}} {
		if got := accepts(tc.matcher, tc.code); got != tc.want {
			t.Errorf("accepts(%q, %q) = %t", tc.matcher, tc.code, got)
		}
	}
}

func TestReadPolicy(t *testing.T) {
	l := Launch{Partition: "aws", Region: "eu-west-1", Account: "111122223333"}
	secret := "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"
	if got := readPolicy(nil, l); got != "" {
		t.Errorf("nothing named: %s", got)
	}
	want := `{"Statement":[{"Action":"secretsmanager:GetSecretValue","Effect":"Allow","Resource":["` + secret + `"]},{"Action":"ssm:GetParameters","Effect":"Allow","Resource":["arn:aws:ssm:eu-west-1:111122223333:parameter/shop/mode"]}],"Version":"2012-10-17"}`
	if got := readPolicy([]string{secret + ":user::", secret + ":password::", "/shop/mode"}, l); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
