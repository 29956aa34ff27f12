package network

import (
	"slices"
	"testing"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

// world is a small network, changed by tests and then put into a store. It is healthy by NAT: the task is in
// subnet-private (zone a), the NAT gateway in subnet-public.
type world struct {
	account  string
	publicIP bool
	taskSGs  []string
	subnets  map[string]*evidence.Subnet
	vpc      evidence.Vpc
	dns      evidence.VpcDNS
	tables   map[string]*evidence.RouteTable
	acls     map[string]*evidence.NetworkAcl
	groups   map[string]*evidence.SecurityGroup
	ends     []*evidence.Endpoint
	nats     map[string]*evidence.NatGateway
	igws     []evidence.InternetGateway
	lists    map[string]*evidence.PrefixList
	byName   map[string]string // service prefix lists: name -> id
}

const (
	region = "eu-west-1"
	mine   = "111122223333"
	theirs = "444455556666"
)

func allowAll(id string, subnets ...string) *evidence.NetworkAcl {
	return &evidence.NetworkAcl{ID: id, Subnets: subnets, Entries: []evidence.AclEntry{
		{Number: 100, Egress: true, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"}, {Number: 32767, Egress: true, Protocol: "-1", CIDR: "0.0.0.0/0"},
		{Number: 100, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"}, {Number: 32767, Protocol: "-1", CIDR: "0.0.0.0/0"},
	}}
}

func allOut() []evidence.SGRule {
	return []evidence.SGRule{{Protocol: "-1", FromPort: -1, ToPort: -1, CIDR: "0.0.0.0/0"}}
}

func tcp443(r evidence.SGRule) evidence.SGRule {
	r.Protocol, r.FromPort, r.ToPort = "tcp", 443, 443
	return r
}

func newWorld() *world {
	local := evidence.Route{DestinationCIDR: "10.0.0.0/16", Target: "local", State: "active"}
	sub := func(id, cidr, zone string) *evidence.Subnet {
		return &evidence.Subnet{ID: id, VpcID: "vpc-1", Owner: mine, AvailabilityZone: zone, CIDR: cidr, FreeAddresses: 200}
	}
	return &world{
		account: mine, taskSGs: []string{"sg-task"},
		subnets: map[string]*evidence.Subnet{
			"subnet-private":  sub("subnet-private", "10.0.10.0/24", "eu-west-1a"),
			"subnet-private2": sub("subnet-private2", "10.0.11.0/24", "eu-west-1b"),
			"subnet-public":   sub("subnet-public", "10.0.0.0/24", "eu-west-1a"),
		},
		vpc: evidence.Vpc{ID: "vpc-1", Owner: mine, CIDRs: []string{"10.0.0.0/16"}},
		dns: evidence.VpcDNS{VpcID: "vpc-1", Support: true, Hostnames: true},
		tables: map[string]*evidence.RouteTable{
			"rtb-main":    {ID: "rtb-main", VpcID: "vpc-1", Main: true, Routes: []evidence.Route{local}},
			"rtb-private": {ID: "rtb-private", VpcID: "vpc-1", Subnets: []string{"subnet-private"}, Routes: []evidence.Route{local, route("0.0.0.0/0", "nat-1")}},
			"rtb-public":  {ID: "rtb-public", VpcID: "vpc-1", Subnets: []string{"subnet-public"}, Routes: []evidence.Route{local, route("0.0.0.0/0", "igw-1")}},
		},
		acls:   map[string]*evidence.NetworkAcl{"acl-private": allowAll("acl-private", "subnet-private", "subnet-private2"), "acl-public": allowAll("acl-public", "subnet-public")},
		groups: map[string]*evidence.SecurityGroup{"sg-task": {ID: "sg-task", VpcID: "vpc-1", Egress: allOut()}, "sg-ep": {ID: "sg-ep", VpcID: "vpc-1", Ingress: []evidence.SGRule{tcp443(evidence.SGRule{Group: "sg-task"})}}},
		nats:   map[string]*evidence.NatGateway{"nat-1": {ID: "nat-1", VpcID: "vpc-1", SubnetID: "subnet-public", State: "available", Connectivity: "public"}},
		igws:   []evidence.InternetGateway{{ID: "igw-1", VpcID: "vpc-1", State: "available"}},
		lists:  map[string]*evidence.PrefixList{"pl-s3": {ID: "pl-s3", Name: "com.amazonaws.eu-west-1.s3", CIDRs: []string{"52.218.0.0/17", "3.5.64.0/21"}}},
		byName: map[string]string{"com.amazonaws.eu-west-1.s3": "pl-s3"},
	}
}

func route(cidr, target string) evidence.Route {
	return evidence.Route{DestinationCIDR: cidr, Target: target, State: "active"}
}

func listRoute(list, target string) evidence.Route {
	return evidence.Route{DestinationPrefixList: list, Target: target, State: "active"}
}

// endpoint adds an interface endpoint for a service, in the second private subnet.
func (w *world) endpoint(service string) *evidence.Endpoint {
	e := &evidence.Endpoint{ID: "vpce-" + service, Service: "com.amazonaws." + region + "." + service, Type: "Interface", State: "available", VpcID: "vpc-1",
		PrivateDNS: true, Subnets: []string{"subnet-private2"}, Groups: []string{"sg-ep"}}
	w.ends = append(w.ends, e)
	return e
}

// s3 adds the S3 gateway endpoint and associates it with route tables.
func (w *world) s3(tables ...string) *evidence.Endpoint {
	e := &evidence.Endpoint{ID: "vpce-s3", Service: "com.amazonaws." + region + ".s3", Type: "Gateway", State: "available", VpcID: "vpc-1", RouteTables: tables}
	w.ends = append(w.ends, e)
	for _, t := range tables {
		w.tables[t].Routes = append(w.tables[t].Routes, listRoute("pl-s3", "vpce-s3"))
	}
	return e
}

// isolate takes the way out away and gives the VPC endpoints instead.
func (w *world) isolate(services ...string) {
	w.noDefault()
	for _, s := range services {
		w.endpoint(s)
	}
}

func (w *world) noDefault() { w.dropRoute("rtb-private", "0.0.0.0/0") }

func (w *world) dropRoute(table, cidr string) {
	t := w.tables[table]
	t.Routes = slices.DeleteFunc(slices.Clone(t.Routes), func(r evidence.Route) bool { return r.DestinationCIDR == cidr })
}

// toRoute replaces the private table's default route.
func (w *world) toRoute(r evidence.Route) {
	w.noDefault()
	w.tables["rtb-private"].Routes = append(w.tables["rtb-private"].Routes, r)
}

func (w *world) sharedBy(owner string) {
	for _, s := range w.subnets {
		s.Owner = owner
	}
	w.vpc.Owner = owner
}

// items is everything that the world would answer.
func (w *world) items() []evidence.Item {
	var out []evidence.Item
	put := func(k evidence.Key, call string, v any) {
		out = append(out, evidence.Item{Key: k, Found: true, Value: v, Call: call, At: time.Unix(1700000000, 0).UTC()})
	}
	for id, s := range w.subnets {
		put(evidence.SubnetKey(id).Key, "ec2:DescribeSubnets", *s)
	}
	put(evidence.VpcKey("vpc-1").Key, "ec2:DescribeVpcs", w.vpc)
	put(evidence.VpcDNSKey("vpc-1").Key, "ec2:DescribeVpcAttribute", w.dns)
	var tables evidence.RouteTables
	for _, id := range sorted(w.tables) {
		tables.Tables = append(tables.Tables, *w.tables[id])
	}
	put(evidence.RouteTablesKey("vpc-1").Key, "ec2:DescribeRouteTables", tables)
	var acls evidence.NetworkAcls
	for _, id := range sorted(w.acls) {
		acls.Acls = append(acls.Acls, *w.acls[id])
	}
	put(evidence.NetworkAclsKey("vpc-1").Key, "ec2:DescribeNetworkAcls", acls)
	var ends evidence.Endpoints
	for _, e := range w.ends {
		ends.Endpoints = append(ends.Endpoints, *e)
	}
	put(evidence.VpcEndpointsKey("vpc-1").Key, "ec2:DescribeVpcEndpoints", ends)
	var nats evidence.NatGateways
	for _, id := range sorted(w.nats) {
		put(evidence.NatGatewayKey(id).Key, "ec2:DescribeNatGateways", *w.nats[id])
		nats.Gateways = append(nats.Gateways, *w.nats[id])
	}
	put(evidence.NatGatewaysKey("vpc-1").Key, "ec2:DescribeNatGateways", nats)
	put(evidence.InternetGatewaysKey("vpc-1").Key, "ec2:DescribeInternetGateways", evidence.InternetGateways{Gateways: w.igws})
	for id, g := range w.groups {
		put(evidence.SecurityGroupKey(id).Key, "ec2:DescribeSecurityGroups", *g)
		if g.Name == "default" {
			put(evidence.DefaultSecurityGroupKey("vpc-1").Key, "ec2:DescribeSecurityGroups", evidence.SecurityGroups{Groups: []evidence.SecurityGroup{*g}})
		}
	}
	for id, l := range w.lists {
		put(evidence.PrefixListKey(id).Key, "ec2:DescribePrefixLists", *l)
	}
	for name, id := range w.byName {
		put(evidence.ServicePrefixListKey(name).Key, "ec2:DescribeManagedPrefixLists", *w.lists[id])
	}
	slices.SortFunc(out, func(a, b evidence.Item) int {
		if a.Key.Less(b.Key) {
			return -1
		}
		return 1
	})
	return out
}

func sorted[T any](m map[string]T) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// store puts everything into a store but what was denied: kinds or whole keys.
func (w *world) store(denied ...string) *evidence.Store {
	s := evidence.NewStore()
	for _, it := range w.items() {
		if slices.Contains(denied, string(it.Key.Kind)) || slices.Contains(denied, it.Key.String()) {
			s.PutGap(evidence.Gap{Key: it.Key, Call: it.Call, Reason: "UnauthorizedOperation"})
			continue
		}
		s.Put(it)
	}
	return s
}

func (w *world) from() From {
	return From{Account: w.account, Region: region, Partition: "aws", Subnet: "subnet-private", SecurityGroups: w.taskSGs, PublicIP: w.publicIP}
}

func (w *world) reach(name string, denied ...string) Path { return w.reachIP(name, "", denied...) }

func (w *world) reachIP(name, ip string, denied ...string) Path {
	to := To(name, region, "aws", mine)
	to.IP = ip
	return Reach(evidence.NewView(w.store(denied...)), w.from(), to)
}

// named gives the blockers of a path their names in JSON.
func named(p *Path) map[string]*Blocker {
	return map[string]*Blocker{
		"no_route": &p.NoRoute, "blackhole": &p.Blackhole, "nat_failed": &p.NatFailed, "nat_no_internet": &p.NatNoInternet, "no_public_ip": &p.NoPublicIP, "past_nat": &p.PastNAT,
		"endpoint_missing": &p.EndpointMissing, "endpoint_private_dns": &p.EndpointPrivateDNS, "endpoint_sg": &p.EndpointSG, "endpoint_policy": &p.EndpointPolicy,
		"s3_gateway_missing": &p.S3GatewayMissing, "egress_prefix_list": &p.EgressPrefixList, "task_sg": &p.TaskSG, "nacl": &p.Nacl, "dns": &p.DNS,
		"block_public_access": &p.BlockPublicAccess, "beyond": &p.Beyond,
	}
}

// blocking lists "name resource" of what blocks, and the names of what is unknown.
func blocking(p Path) (blocks, open []string) {
	for n, b := range named(&p) {
		switch {
		case b.Basis.Unknown:
			open = append(open, n)
		case b.Blocks:
			blocks = append(blocks, n+" "+b.Resource)
		}
	}
	slices.Sort(blocks)
	slices.Sort(open)
	return blocks, open
}

func wantAnswers(t *testing.T, p Path, blocks, open []string) {
	t.Helper()
	gotBlocks, gotOpen := blocking(p)
	if !slices.Equal(gotBlocks, blocks) || !slices.Equal(gotOpen, open) {
		t.Errorf("blocks %q, unknown %q; want %q, %q", gotBlocks, gotOpen, blocks, open)
		for n, b := range named(&p) {
			if b.Basis.Unknown || b.Blocks {
				t.Logf("%s: %s | why %q | missing %v", n, b.Detail, b.Basis.Why, b.Basis.Missing)
			}
		}
	}
	if want := len(blocks) > 0; p.Blocked != want {
		t.Errorf("Blocked = %t, want %t", p.Blocked, want)
	}
	if want := len(blocks) == 0 && len(open) > 0; p.Basis.Unknown != want {
		t.Errorf("Basis.Unknown = %t, want %t", p.Basis.Unknown, want)
	}
}
