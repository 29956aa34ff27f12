package network

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecsplain/ecsplain/evidence"
)

// drawWorld makes a world with anything from no to many faults, some of them odd.
func drawWorld(t *rapid.T) *world {
	w := newWorld()
	flip := func(name string) bool { return rapid.IntRange(0, 3).Draw(t, name) == 0 }
	cidr := func(name string) string {
		return rapid.SampledFrom([]string{"0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/16", "10.0.0.0/8", "10.0.10.0/24", "10.0.11.0/24", "10.0.10.0/25", "52.0.0.0/8", "52.218.0.0/17", "3.5.64.0/21", "52.94.1.0/24", "not a block"}).Draw(t, name)
	}
	list := func(name string) string {
		return rapid.SampledFrom([]string{"pl-s3", "pl-dynamodb", "pl-own", "pl-none"}).Draw(t, name)
	}
	w.lists["pl-dynamodb"] = &evidence.PrefixList{ID: "pl-dynamodb", Name: "com.amazonaws.eu-west-1.dynamodb", CIDRs: []string{"52.119.0.0/16"}}
	w.lists["pl-own"] = &evidence.PrefixList{ID: "pl-own", Name: "own", CIDRs: []string{cidr("own list")}}
	for _, s := range []string{"ecr.api", "ecr.dkr", "logs", "s3"} {
		if flip("endpoint " + s) {
			e := w.endpoint(s)
			e.ID = "vpce-interface-" + s
			e.PrivateDNS = !flip("private dns off")
			e.State = rapid.SampledFrom([]string{"available", "available", "available", "pending"}).Draw(t, "state")
			e.Subnets = rapid.SampledFrom([][]string{{"subnet-private2"}, {"subnet-private"}, {"subnet-private", "subnet-private2"}, nil}).Draw(t, "subnets")
			e.Policy = rapid.SampledFrom([]string{"", "", "{", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"logs:*","Resource":"*"}]}`}).Draw(t, "policy")
		}
	}
	if flip("s3 gateway") {
		w.s3(rapid.SampledFrom([]string{"rtb-private", "rtb-main"}).Draw(t, "s3 table"))
	}
	target := func(name string) string {
		return rapid.SampledFrom([]string{"nat-1", "nat-gone", "igw-1", "tgw-1", "vpce-s3", "vpce-fw", "local", "eni-1", ""}).Draw(t, name)
	}
	for _, table := range []string{"rtb-private", "rtb-public", "rtb-main"} {
		if flip("drop default of " + table) {
			w.dropRoute(table, "0.0.0.0/0")
		}
		for range rapid.IntRange(0, 2).Draw(t, "routes") {
			r := evidence.Route{DestinationCIDR: cidr("route"), Target: target("target"), State: rapid.SampledFrom([]string{"active", "active", "blackhole"}).Draw(t, "route state")}
			if flip("route by list") {
				r.DestinationCIDR, r.DestinationPrefixList = "", list("route list")
			}
			if r.DestinationPrefixList != "" && r.Target == "vpce-s3" {
				r.DestinationPrefixList = "pl-s3" // AWS puts no other list before a gateway endpoint
			}
			w.tables[table].Routes = append(w.tables[table].Routes, r)
		}
	}
	if flip("main") {
		w.tables["rtb-private"].Subnets = nil
	}
	if flip("groups") {
		rules := func(name string) (out []evidence.SGRule) {
			for range rapid.IntRange(0, 3).Draw(t, name) {
				switch rapid.IntRange(0, 2).Draw(t, "peer") {
				case 0:
					out = append(out, tcp443(evidence.SGRule{CIDR: cidr("rule")}))
				case 1:
					out = append(out, tcp443(evidence.SGRule{PrefixList: list("rule list")}))
				default:
					out = append(out, tcp443(evidence.SGRule{Group: rapid.SampledFrom([]string{"sg-task", "sg-ep", "sg-x"}).Draw(t, "rule group")}))
				}
			}
			return out
		}
		w.groups["sg-task"].Egress, w.groups["sg-ep"].Ingress = rules("egress"), rules("ingress")
		w.taskSGs = rapid.SampledFrom([][]string{{"sg-task"}, {"sg-task", "sg-gone"}, nil}).Draw(t, "task groups")
	}
	if flip("default group") {
		w.groups["sg-default"] = &evidence.SecurityGroup{ID: "sg-default", Name: "default", VpcID: "vpc-1", Egress: allOut()}
	}
	for _, id := range []string{"acl-private", "acl-public"} {
		for range rapid.IntRange(0, 2).Draw(t, "entries") {
			lo := rapid.SampledFrom([]int{0, 443, 1024, 32768}).Draw(t, "from")
			w.acls[id].Entries = append(w.acls[id].Entries, evidence.AclEntry{Number: rapid.IntRange(1, 200).Draw(t, "number"), Egress: flip("egress"), Allow: flip("allow"),
				Protocol: rapid.SampledFrom([]string{"-1", "6", "17"}).Draw(t, "protocol"), CIDR: cidr("entry"), FromPort: lo, ToPort: rapid.SampledFrom([]int{lo, 65535}).Draw(t, "to")})
		}
	}
	if flip("acl gone") {
		w.acls["acl-private"].Subnets = nil
	}
	w.dns.Support, w.dns.Hostnames = !flip("support"), !flip("hostnames")
	w.nats["nat-1"].State = rapid.SampledFrom([]string{"available", "available", "failed"}).Draw(t, "nat state")
	w.nats["nat-1"].Connectivity = rapid.SampledFrom([]string{"public", "public", "private"}).Draw(t, "nat kind")
	if flip("regional") {
		w.nats["nat-1"].SubnetID = ""
	}
	mode := func(name string) string {
		return rapid.SampledFrom([]string{"", "", "off", "block-bidirectional", "block-ingress"}).Draw(t, name)
	}
	w.vpc.BlockPublicAccess, w.subnets["subnet-private"].BlockPublicAccess, w.subnets["subnet-public"].BlockPublicAccess = mode("vpc"), mode("private"), mode("public")
	if flip("shared") {
		w.sharedBy(rapid.SampledFrom([]string{theirs, ""}).Draw(t, "owner"))
	}
	w.subnets["subnet-private"].IPv6Native = rapid.IntRange(0, 15).Draw(t, "ipv6") == 0
	w.publicIP = flip("public ip")
	return w
}

// Reach never panics, an unknown always says what would decide it or why nothing can, and what is decided with a part
// of the evidence is what is decided with all of it.
func TestReachIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		to := To(rapid.SampledFrom([]string{"ecr.api", "ecr.dkr", "s3", "logs", "docker-hub"}).Draw(t, "to"), region, "aws", mine)
		to.IP = rapid.SampledFrom([]string{"", "", "", "52.94.1.1", "52.218.0.9", "10.0.11.9", "10.0.10.9", "172.20.0.1", "2600::1", "garbage"}).Draw(t, "ip")

		whole, part := evidence.NewStore(), evidence.NewStore()
		for _, it := range w.items() {
			whole.Put(it)
			switch rapid.IntRange(0, 5).Draw(t, it.Key.String()) {
			case 0:
				part.PutGap(evidence.Gap{Key: it.Key, Call: it.Call, Reason: "UnauthorizedOperation"})
			case 1: // not read yet
			default:
				part.Put(it)
			}
		}
		for _, k := range []evidence.Key{evidence.NatGatewayKey("nat-gone").Key, evidence.SecurityGroupKey("sg-gone").Key, evidence.PrefixListKey("pl-none").Key} {
			whole.Put(evidence.Item{Key: k})
			if rapid.Bool().Draw(t, "absent "+k.String()) {
				part.Put(evidence.Item{Key: k})
			}
		}
		full, less := Reach(evidence.NewView(whole), w.from(), to), Reach(evidence.NewView(part), w.from(), to)
		fullBy, lessBy := named(&full), named(&less)
		for n, a := range lessBy {
			b := fullBy[n]
			for _, x := range []*Blocker{a, b} {
				if x.Basis.Unknown && x.Basis.Why == "" && len(x.Basis.Missing) == 0 {
					t.Fatalf("%s is unknown, and neither a key nor a reason is told", n)
				}
			}
			if a.Basis.Unknown {
				continue
			}
			if b.Basis.Unknown || a.Blocks != b.Blocks || n != "nacl" && a.Resource != b.Resource {
				t.Fatalf("%s: with a part %s, with all %s", n, say(a), say(b))
			}
		}
		if less.Blocked && !full.Blocked {
			t.Fatal("blocked with a part, not blocked with all")
		}
	})
}

// The levels of names and routes explain a path by one fault.
func TestOneRouteFault(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		p := w.reach(rapid.SampledFrom([]string{"ecr.api", "s3", "logs", "docker-hub"}).Draw(t, "to"))
		var faults []string
		for _, n := range []string{"no_route", "blackhole", "nat_failed", "nat_no_internet", "no_public_ip", "past_nat", "endpoint_missing", "endpoint_private_dns", "s3_gateway_missing"} {
			if b := named(&p)[n]; b.Blocks && !b.Basis.Unknown {
				faults = append(faults, n)
			}
		}
		if len(faults) > 1 {
			t.Fatalf("faults %q", faults)
		}
	})
}

func say(b *Blocker) string {
	return fmt.Sprintf("{unknown %t blocks %t %s %q why %q}", b.Basis.Unknown, b.Blocks, b.Resource, b.Detail, b.Basis.Why)
}

func TestPublicSpace(t *testing.T) {
	for _, tc := range []struct {
		ip   string
		want bool
	}{{"52.94.1.1", true}, {"9.255.255.255", true}, {"11.0.0.0", true}, {"10.1.2.3", false}, {"172.31.0.1", false}, {"172.32.0.1", true}, {"169.254.170.2", false}, {"239.1.1.1", false}} {
		p, _ := prefix(tc.ip + "/32")
		if got := isPublic(p.Addr()); got != tc.want {
			t.Errorf("isPublic(%s) = %t", tc.ip, got)
		}
	}
}

func BenchmarkReach(b *testing.B) {
	w := newWorld()
	w.endpoint("logs")
	v := evidence.NewView(w.store())
	for b.Loop() {
		Reach(v, w.from(), To("ecr.api", region, "aws", mine))
	}
}
