package diagnose_test

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ecsplain/ecsplain/collectors"
	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab"
)

// The lab and the facts know how packets travel and how IAM decides, and share no code. Here each is the other's test: on random accounts
// with random edits, what the facts say for sure must be what the lab does. Unknown is no contradiction, but must be rare.

var agreeOn = flag.Uint64("agree", 60, "how many random accounts the facts and the lab are compared on")

// decided reads what a judgement still misses until it misses nothing that can be had.
func decided[T any](t *testing.T, a *collectors.Account, store *evidence.Store, judge func(*evidence.View) T, missing func(T) []evidence.Key) T {
	t.Helper()
	for range 20 {
		out := judge(evidence.NewView(store))
		var want []evidence.Key
		for _, k := range missing(out) {
			if _, st := store.Lookup(k); st == evidence.Unread {
				want = append(want, k)
			}
		}
		if len(want) == 0 {
			return out
		}
		a.Fetch(context.Background(), store, want)
	}
	t.Fatal("the judgement asks for ever more")
	panic("unreachable")
}

type input = map[string]any

// editor makes random edits of an account, by API calls.
type editor struct {
	w *lab.World
	r *rand.Rand
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// ids lists a member of all elements that a call answers.
func (e editor) ids(operation, list, member string) (out []string) {
	answer, err := e.w.Look("ec2", operation, nil)
	if err != nil {
		panic(err) // of the lab, not of the random choice
	}
	elements, _ := answer[list].([]any)
	for _, x := range elements {
		if id, ok := x.(input)[member].(string); ok {
			out = append(out, id)
		}
	}
	return out
}

func (e editor) one(operation, list, member string) string {
	if ids := e.ids(operation, list, member); len(ids) > 0 {
		return pick(e.r, ids...)
	}
	return "none"
}

var blocks = []string{"0.0.0.0/0", "10.0.0.0/8", "10.7.0.0/16", "10.7.10.0/24", "10.7.0.0/20", "52.0.0.0/8", "0.0.0.0/1", "128.0.0.0/1", "169.254.0.0/16"}

func (e editor) ports() (from, to int) {
	from = pick(e.r, 0, 53, 80, 443, 444, 1024, 8080, 32768, 49152)
	return from, max(from, pick(e.r, 80, 443, 8080, 60999, 61000, 65535))
}

// rule is a random rule of a security group.
func (e editor) rule() input {
	from, to := e.ports()
	rule := input{"IpProtocol": pick(e.r, "tcp", "tcp", "tcp", "udp", "-1")}
	if rule["IpProtocol"] != "-1" {
		rule["FromPort"], rule["ToPort"] = from, to
	}
	if e.r.IntN(3) == 0 {
		rule["UserIdGroupPairs"] = []any{input{"GroupId": e.one("DescribeSecurityGroups", "SecurityGroups", "GroupId")}}
	} else if e.r.IntN(4) == 0 {
		rule["PrefixListIds"] = []any{input{"PrefixListId": e.one("DescribeManagedPrefixLists", "PrefixLists", "PrefixListId")}}
	} else {
		rule["IpRanges"] = []any{input{"CidrIp": pick(e.r, blocks...)}}
	}
	return rule
}

// edits are the ways to change a network. Where a call is refused nothing is changed.
var edits = []func(e editor) (operation string, in input){
	func(e editor) (string, input) { // all of a group's rules in one direction are gone
		id, direction := e.one("DescribeSecurityGroups", "SecurityGroups", "GroupId"), pick(e.r, "Egress", "Egress", "Ingress")
		answer, err := e.w.Look("ec2", "DescribeSecurityGroups", input{"GroupIds": []any{id}})
		if err != nil {
			return "", nil
		}
		group := answer["SecurityGroups"].([]any)[0].(input)
		member := "IpPermissions"
		if direction == "Egress" {
			member += direction
		}
		return "RevokeSecurityGroup" + direction, input{"GroupId": id, "IpPermissions": group[member]}
	},
	func(e editor) (string, input) {
		return "AuthorizeSecurityGroupEgress", input{"GroupId": e.one("DescribeSecurityGroups", "SecurityGroups", "GroupId"), "IpPermissions": []any{e.rule()}}
	},
	func(e editor) (string, input) {
		return "AuthorizeSecurityGroupIngress", input{"GroupId": e.one("DescribeSecurityGroups", "SecurityGroups", "GroupId"), "IpPermissions": []any{e.rule()}}
	},
	func(e editor) (string, input) {
		from, to := e.ports()
		return "CreateNetworkAclEntry", input{"NetworkAclId": e.one("DescribeNetworkAcls", "NetworkAcls", "NetworkAclId"), "RuleNumber": 1 + e.r.IntN(200), "Egress": e.r.IntN(2) == 0,
			"Protocol": pick(e.r, "6", "6", "17", "-1"), "RuleAction": pick(e.r, "allow", "deny"), "CidrBlock": pick(e.r, blocks...), "PortRange": input{"From": from, "To": to}}
	},
	func(e editor) (string, input) {
		return "DeleteNetworkAclEntry", input{"NetworkAclId": e.one("DescribeNetworkAcls", "NetworkAcls", "NetworkAclId"), "RuleNumber": 100, "Egress": e.r.IntN(2) == 0}
	},
	func(e editor) (string, input) {
		in := input{"RouteTableId": e.one("DescribeRouteTables", "RouteTables", "RouteTableId"), "DestinationCidrBlock": pick(e.r, blocks...)}
		return pick(e.r, "CreateRoute", "ReplaceRoute"), e.target(in)
	},
	func(e editor) (string, input) {
		return "DeleteRoute", input{"RouteTableId": e.one("DescribeRouteTables", "RouteTables", "RouteTableId"), "DestinationCidrBlock": pick(e.r, blocks[0], blocks[0], blocks[3])}
	},
	func(e editor) (string, input) {
		return "ModifyVpcAttribute", input{"VpcId": e.one("DescribeVpcs", "Vpcs", "VpcId"), pick(e.r, "EnableDnsSupport", "EnableDnsHostnames"): input{"Value": e.r.IntN(2) == 0}}
	},
	func(e editor) (string, input) {
		in := input{"VpcEndpointId": e.one("DescribeVpcEndpoints", "VpcEndpoints", "VpcEndpointId")}
		switch group := e.one("DescribeSecurityGroups", "SecurityGroups", "GroupId"); e.r.IntN(4) {
		case 0:
			in["PrivateDnsEnabled"] = e.r.IntN(2) == 0
		case 1:
			in["AddSecurityGroupIds"] = []any{group}
		case 2:
			in["RemoveSecurityGroupIds"] = []any{group}
		default:
			in[pick(e.r, "AddRouteTableIds", "RemoveRouteTableIds")] = []any{e.one("DescribeRouteTables", "RouteTables", "RouteTableId")}
		}
		return "ModifyVpcEndpoint", in
	},
	func(e editor) (string, input) {
		return "DeleteVpcEndpoints", input{"VpcEndpointIds": []any{e.one("DescribeVpcEndpoints", "VpcEndpoints", "VpcEndpointId")}}
	},
	func(e editor) (string, input) {
		return "DeleteNatGateway", input{"NatGatewayId": e.one("DescribeNatGateways", "NatGateways", "NatGatewayId")}
	},
}

// target gives a route somewhere to go.
func (e editor) target(in input) input {
	switch e.r.IntN(3) {
	case 0:
		in["GatewayId"] = e.one("DescribeInternetGateways", "InternetGateways", "InternetGatewayId")
	case 1:
		in["NatGatewayId"] = e.one("DescribeNatGateways", "NatGateways", "NatGatewayId")
	default:
		in["NetworkInterfaceId"] = e.one("DescribeNetworkInterfaces", "NetworkInterfaces", "NetworkInterfaceId")
	}
	return in
}

var destinations = []string{"ecr.api", "ecr.dkr", "s3", "secretsmanager", "ssm", "logs", "kms", "docker-hub"}

func TestPathsAgreeWithTheLab(t *testing.T) {
	var asked, unknown, blocked, open int
	for seed := range *agreeOn {
		r := rand.New(rand.NewPCG(seed, 0x70617468))
		w := lab.New(lab.Options{Seed: seed, Topology: &lab.Topology{
			Networks: []lab.Network{{Name: "net", Octet: 7, Zones: 2, NAT: r.IntN(4) > 0, Endpoints: r.IntN(2) == 0}},
			Services: []lab.Workload{{Cluster: "c", Name: "one", Count: 1, Blocks: []string{}}},
		}})
		e := editor{w, r}
		done := e.edit(1 + r.IntN(6))
		a, store := serve(t, w), evidence.NewStore()
		for range 6 {
			public := r.IntN(2) == 0
			from := network.From{Account: w.Account, Region: w.Region, Partition: "aws", Subnet: e.one("DescribeSubnets", "Subnets", "SubnetId"),
				SecurityGroups: []string{e.one("DescribeSecurityGroups", "SecurityGroups", "GroupId")}, PublicIP: public}
			to := network.To(pick(r, destinations...), w.Region, "aws", w.Account)
			does, err := w.Probe(from.Subnet, from.SecurityGroups, public, to.Host, int32(cmp.Or(to.Port, 443)))
			if err != nil {
				continue
			}
			says := decided(t, a, store, func(v *evidence.View) network.Path { return network.Reach(v, from, to) },
				func(p network.Path) []evidence.Key { return p.Basis.Missing })
			asked++
			shut := says.Blocked && !onlyPolicy(says)
			switch {
			case says.Basis.Unknown && !says.Blocked:
				unknown++
			case shut == does.OK:
				t.Errorf("seed %d: from %s %v public %t to %s: the lab %+v, the facts blocked %t %s\n  after %s", seed, from.Subnet, from.SecurityGroups, public, to.Host, does, shut, pathText(says), done)
			case shut:
				blocked++
			default:
				open++
			}
		}
	}
	t.Logf("%d paths: both say open %d, both say shut %d, the facts do not know %d", asked, open, blocked, unknown)
	if open < asked/10 || blocked < asked/10 || unknown > asked/4 {
		t.Errorf("of %d paths %d are open, %d shut, %d unknown: the accounts are too much alike, or the facts know too little", asked, open, blocked, unknown)
	}
}

// edit makes n edits and tells which.
func (e editor) edit(n int) (done string) {
	for range n {
		operation, in := pick(e.r, edits...)(e)
		if operation == "" || e.w.Apply([]lab.Step{{Service: "ec2", Operation: operation, Input: in}}) != nil {
			continue
		}
		text, _ := json.Marshal(in)
		done += fmt.Sprintf("\n  %s %s", operation, text)
	}
	return done
}

// onlyPolicy: the policy of an endpoint closes no connection, it refuses what is asked over it.
func onlyPolicy(p network.Path) bool {
	for _, b := range shutBy(p) {
		if b != "endpoint_policy" {
			return false
		}
	}
	return true
}

func shutBy(p network.Path) (out []string) {
	for name, b := range map[string]network.Blocker{"no_route": p.NoRoute, "blackhole": p.Blackhole, "nat_failed": p.NatFailed, "nat_no_internet": p.NatNoInternet, "no_public_ip": p.NoPublicIP,
		"endpoint_missing": p.EndpointMissing, "endpoint_private_dns": p.EndpointPrivateDNS, "endpoint_sg": p.EndpointSG, "endpoint_policy": p.EndpointPolicy, "s3_gateway_missing": p.S3GatewayMissing,
		"egress_prefix_list": p.EgressPrefixList, "task_sg": p.TaskSG, "nacl": p.Nacl, "dns": p.DNS, "block_public_access": p.BlockPublicAccess} {
		if b.Blocks && !b.Basis.Unknown {
			out = append(out, name)
		}
	}
	return out
}

func pathText(p network.Path) string {
	return fmt.Sprintf("by %v, means %s via %s, why %q", shutBy(p), p.Means, p.Via, p.Basis.Why)
}

// What follows is the same for IAM: random policies of a role and its boundary.

var actions = []string{"ecr:GetAuthorizationToken", "ecr:BatchGetImage", "secretsmanager:GetSecretValue", "ssm:GetParameters", "logs:CreateLogStream", "logs:PutLogEvents", "kms:Decrypt", "s3:GetObject", "sqs:ReceiveMessage"}

func resources(account string) []string {
	return []string{"*", "arn:aws:ecr:eu-west-1:" + account + ":repository/shop/orders", "arn:aws:secretsmanager:eu-west-1:" + account + ":secret:shop/db-a1B2c3",
		"arn:aws:ssm:eu-west-1:" + account + ":parameter/shop/search-url", "arn:aws:logs:eu-west-1:" + account + ":log-group:/ecs/orders:log-stream:a", "arn:aws:s3:::bucket/a/b", "arn:aws:sqs:eu-west-1:" + account + ":jobs"}
}

// policy is a random document of one to three statements.
func (e editor) policy(account string) string {
	var statements []any
	for range 1 + e.r.IntN(3) {
		s := input{"Effect": pick(e.r, "Allow", "Allow", "Allow", "Deny")}
		act := func() any {
			x := pick(e.r, append(actions, "*", "ecr:*", "s*:Get*", "logs:Put*", "*:GetObject", "ECR:batchgetimage", "ssm:GetParameter?")...)
			if e.r.IntN(2) == 0 {
				return []any{x, pick(e.r, actions...)}
			}
			return x
		}
		res := func() any {
			return pick(e.r, append(resources(account), "*", "*", "arn:aws:*:*:*:*", "arn:aws:s3:::bucket/*", "arn:aws:secretsmanager:eu-west-1:*:secret:shop/db-??????", "arn:aws:ecr:*:"+account+":repository/*")...)
		}
		s[pick(e.r, "Action", "Action", "Action", "NotAction")] = act()
		s[pick(e.r, "Resource", "Resource", "Resource", "NotResource")] = res()
		if e.r.IntN(4) == 0 {
			s["Condition"] = pick(e.r,
				input{"StringEquals": input{"aws:RequestedRegion": pick(e.r, "eu-west-1", "us-east-1")}},
				input{"StringNotLike": input{"aws:PrincipalArn": pick(e.r, "*:role/one-*", "*:role/other")}},
				input{"Bool": input{"aws:SecureTransport": pick(e.r, "true", "false")}},
				input{"StringEqualsIfExists": input{"aws:PrincipalAccount": account}},
				input{"Null": input{"aws:PrincipalAccount": pick(e.r, "true", "false")}},
				input{"ForAnyValue:StringEquals": input{"aws:TagKeys": "a"}},
			)
		}
		statements = append(statements, s)
	}
	text, err := json.Marshal(input{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestPermissionsAgreeWithTheLab(t *testing.T) {
	var asked, allowed, denied, unknown int
	for seed := range *agreeOn {
		r := rand.New(rand.NewPCG(seed, 0x69616d))
		w := lab.New(lab.Options{Seed: seed, Topology: &lab.Topology{
			Networks: []lab.Network{{Name: "net", Octet: 7, Zones: 2, NAT: true}}, Services: []lab.Workload{{Cluster: "c", Name: "one", Count: 1, Blocks: []string{}}},
		}})
		e, role := editor{w, r}, "one-execution"
		var docs []string
		var steps []lab.Step
		for i := range 1 + r.IntN(2) {
			docs = append(docs, e.policy(w.Account))
			steps = append(steps, lab.Step{Service: "iam", Operation: "PutRolePolicy", Input: input{"RoleName": role, "PolicyName": fmt.Sprint("p", i), "PolicyDocument": docs[i]}})
		}
		if r.IntN(3) == 0 {
			docs = append(docs, "boundary "+e.policy(w.Account))
			steps = append(steps, lab.Step{Service: "iam", Operation: "CreatePolicy", As: "b", Input: input{"PolicyName": "boundary", "PolicyDocument": docs[len(docs)-1][len("boundary "):]}},
				lab.Step{Service: "iam", Operation: "PutRolePermissionsBoundary", Input: input{"RoleName": role, "PermissionsBoundary": "${b.Policy.Arn}"}})
		}
		if err := w.Apply(steps); err != nil {
			t.Fatalf("seed %d: %v\n%v", seed, err, docs)
		}
		a, store := serve(t, w), evidence.NewStore()
		for range 8 {
			action, resource := pick(r, actions...), pick(r, resources(w.Account)...)
			does := w.Grant(role, action, resource)
			says := decided(t, a, store, func(v *evidence.View) iam.Decision {
				return iam.RoleMay(v, "arn:aws:iam::"+w.Account+":role/"+role, action, resource, nil)
			}, func(d iam.Decision) []evidence.Key { return d.Basis.Missing })
			asked++
			switch {
			case says.Basis.Unknown:
				unknown++
			case says.Allowed != does.Allowed:
				t.Errorf("seed %d: may %s do %s on %s: the lab %+v, the facts allowed %t: %s\n  %v", seed, role, action, resource, does, says.Allowed, says.Says, docs)
			case does.Allowed:
				allowed++
			default:
				denied++
			}
		}
	}
	t.Logf("%d questions: both allow %d, both deny %d, the facts do not know %d", asked, allowed, denied, unknown)
	if allowed < asked/10 || denied < asked/10 || unknown > asked/4 {
		t.Errorf("of %d questions %d are allowed, %d denied, %d unknown", asked, allowed, denied, unknown)
	}
}
