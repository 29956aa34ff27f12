package network

import (
	"slices"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/evidence"
)

func deny(number int, egress bool, cidr string, from, to int) evidence.AclEntry {
	return evidence.AclEntry{Number: number, Egress: egress, Protocol: "6", CIDR: cidr, FromPort: from, ToPort: to}
}

func TestReach(t *testing.T) {
	for _, tc := range []struct {
		name, to, ip string
		change       func(w *world)
		blocks, open []string
		via          string
	}{
		{name: "healthy by NAT", to: "ecr.api", via: "nat-1"},
		{name: "healthy to Docker Hub", to: "docker-hub", via: "nat-1"},
		{name: "healthy by endpoint, no way out", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) { w.isolate("ecr.api", "ecr.dkr") }},
		{name: "healthy to S3 by gateway endpoint", to: "s3", via: "vpce-s3", change: func(w *world) { w.isolate("ecr.api"); w.s3("rtb-private") }},
		{name: "healthy by public address", to: "ecr.api", via: "igw-1", change: func(w *world) { w.toRoute(route("0.0.0.0/0", "igw-1")); w.publicIP = true }},
		{name: "healthy by the main table", to: "logs", via: "nat-1", change: func(w *world) {
			w.tables["rtb-main"].Routes, w.tables["rtb-private"].Subnets = w.tables["rtb-private"].Routes, nil
		}},
		{name: "healthy by a default route in two halves", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.toRoute(route("0.0.0.0/1", "nat-1"))
			w.tables["rtb-private"].Routes = append(w.tables["rtb-private"].Routes, route("128.0.0.0/1", "nat-1"))
		}},
		{name: "healthy by a regional NAT gateway", to: "ecr.api", via: "nat-1", change: func(w *world) { w.nats["nat-1"].SubnetID, w.nats["nat-1"].Availability = "", "regional" }},
		{name: "healthy with the VPC's default group", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.taskSGs = nil
			w.groups["sg-default"] = &evidence.SecurityGroup{ID: "sg-default", Name: "default", VpcID: "vpc-1", Egress: allOut()}
		}},

		{name: "healthy by endpoint with the VPC's default group on both sides", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) {
			w.taskSGs = nil
			w.endpoint("ecr.api").Groups = []string{"sg-default"}
			w.groups["sg-default"] = &evidence.SecurityGroup{ID: "sg-default", Name: "default", VpcID: "vpc-1", Egress: allOut(), Ingress: []evidence.SGRule{{Protocol: "-1", Group: "sg-default"}}}
		}},

		{name: "dns off", to: "ecr.api", via: "nat-1", change: func(w *world) { w.dns.Support = false }, blocks: []string{"dns vpc-1"}},
		{name: "dns off among endpoints", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) { w.isolate("ecr.api"); w.dns = evidence.VpcDNS{VpcID: "vpc-1"} }, blocks: []string{"dns vpc-1"}},
		{name: "no route", to: "ecr.api", change: (*world).noDefault, blocks: []string{"no_route rtb-private"}},
		{name: "no route although S3 has its gateway", to: "ecr.api", change: func(w *world) { w.noDefault(); w.s3("rtb-private") }, blocks: []string{"no_route rtb-private"}},
		{name: "no route to S3 either", to: "s3", change: func(w *world) { w.noDefault(); w.s3("rtb-public") }, blocks: []string{"no_route rtb-private"}},
		{name: "no route to Docker Hub in an isolated VPC", to: "docker-hub", change: func(w *world) { w.isolate("ecr.api") }, blocks: []string{"no_route rtb-private"}},
		{name: "no route to the address dialled", to: "ecr.api", ip: "52.94.1.1", change: func(w *world) { w.toRoute(route("203.0.113.0/24", "nat-1")) }, blocks: []string{"no_route rtb-private"}},
		{name: "blackhole", to: "ecr.api", change: func(w *world) {
			w.toRoute(evidence.Route{DestinationCIDR: "0.0.0.0/0", Target: "nat-gone", State: "blackhole"})
		}, blocks: []string{"blackhole rtb-private"}},
		{name: "blackhole among endpoints for others", to: "ecr.api", change: func(w *world) {
			w.toRoute(evidence.Route{DestinationCIDR: "0.0.0.0/0", Target: "nat-gone", State: "blackhole"})
			w.endpoint("logs")
		}, blocks: []string{"blackhole rtb-private"}},
		{name: "NAT failed", to: "ecr.api", via: "nat-1", change: func(w *world) { w.nats["nat-1"].State, w.nats["nat-1"].FailureCode = "failed", "Gateway.NotAttached" }, blocks: []string{"nat_failed nat-1"}},
		{name: "NAT without internet", to: "ecr.api", via: "nat-1", change: func(w *world) { w.dropRoute("rtb-public", "0.0.0.0/0") }, blocks: []string{"nat_no_internet rtb-public"}},
		{name: "NAT behind itself", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.tables["rtb-private"].Subnets = []string{"subnet-private", "subnet-public"}
			w.tables["rtb-public"].Subnets = nil
		},
			blocks: []string{"nat_no_internet rtb-private"}},
		{name: "private NAT to the internet", to: "ecr.api", via: "nat-1", change: func(w *world) { w.nats["nat-1"].Connectivity = "private" }, blocks: []string{"nat_no_internet nat-1"}},
		{name: "no public address", to: "ecr.api", via: "igw-1", change: func(w *world) { w.toRoute(route("0.0.0.0/0", "igw-1")) }, blocks: []string{"no_public_ip subnet-private"}},
		{name: "a narrower route past the NAT gateway", to: "ecr.api", ip: "52.94.1.1", via: "igw-1", change: func(w *world) {
			w.tables["rtb-private"].Routes = append(w.tables["rtb-private"].Routes, route("52.94.0.0/16", "igw-1"))
		}, blocks: []string{"past_nat rtb-private"}},
		{name: "a narrower route past the NAT gateway for other addresses", to: "ecr.api", ip: "3.1.1.1", via: "nat-1", change: func(w *world) {
			w.tables["rtb-private"].Routes = append(w.tables["rtb-private"].Routes, route("52.94.0.0/16", "igw-1"))
		}},
		{name: "a narrower route, the address is not told", to: "ecr.api", change: func(w *world) {
			w.tables["rtb-private"].Routes = append(w.tables["rtb-private"].Routes, route("52.94.0.0/16", "igw-1"))
		}, open: []string{"past_nat"}},
		{name: "a narrower route past the NAT gateway and the gateway endpoint", to: "s3", ip: "52.218.0.9", via: "igw-1", change: func(w *world) {
			w.s3("rtb-private")
			w.tables["rtb-private"].Routes = append(w.tables["rtb-private"].Routes, route("52.218.0.0/17", "igw-1"))
		}, blocks: []string{"past_nat rtb-private"}},
		{name: "a narrower route past the gateway endpoint alone", to: "s3", ip: "52.218.0.9", via: "igw-1", change: func(w *world) {
			w.noDefault()
			w.s3("rtb-private")
			w.tables["rtb-private"].Routes = append(w.tables["rtb-private"].Routes, route("52.218.0.0/17", "igw-1"))
		}, blocks: []string{"past_nat rtb-private"}},
		{name: "a wider route than the gateway endpoint's", to: "s3", ip: "52.218.0.9", via: "vpce-s3", change: func(w *world) {
			w.s3("rtb-private")
			w.tables["rtb-private"].Routes = append(w.tables["rtb-private"].Routes, route("52.0.0.0/8", "igw-1"))
		}},
		{name: "endpoint missing", to: "logs", change: func(w *world) { w.isolate("ecr.api", "ecr.dkr") }, blocks: []string{"endpoint_missing vpc-1"}},
		{name: "endpoint missing, groups and ACL made for endpoints", to: "logs", change: func(w *world) {
			w.isolate("ecr.api", "ecr.dkr")
			w.groups["sg-task"].Egress = []evidence.SGRule{tcp443(evidence.SGRule{Group: "sg-ep"}), tcp443(evidence.SGRule{PrefixList: "pl-s3"})}
			w.acls["acl-private"].Entries = append([]evidence.AclEntry{}, evidence.AclEntry{Number: 1, Egress: true, Allow: true, Protocol: "-1", CIDR: "10.0.0.0/16"}, evidence.AclEntry{Number: 1, Allow: true, Protocol: "-1", CIDR: "10.0.0.0/16"})
		}, blocks: []string{"endpoint_missing vpc-1"}},
		{name: "endpoint not available", to: "logs", change: func(w *world) { w.isolate("ecr.api"); w.endpoint("logs").State = "rejected" }, blocks: []string{"endpoint_missing vpce-logs"}},
		{name: "endpoint without private DNS", to: "ecr.api", change: func(w *world) { w.isolate("ecr.api"); w.ends[0].PrivateDNS = false }, blocks: []string{"endpoint_private_dns vpce-ecr.api"}},
		{name: "endpoint without private DNS beside a NAT", to: "ecr.api", via: "nat-1", change: func(w *world) { w.endpoint("ecr.api").PrivateDNS = false }},
		{name: "endpoint in a VPC without DNS hostnames", to: "ecr.api", change: func(w *world) { w.isolate("ecr.api"); w.dns.Hostnames = false }, blocks: []string{"endpoint_private_dns vpc-1"}},
		{name: "endpoint in a VPC without DNS hostnames, a public address was dialled", to: "ecr.api", ip: "52.94.1.1", change: func(w *world) { w.isolate("ecr.api"); w.dns.Hostnames = false }, blocks: []string{"endpoint_private_dns vpc-1"}},
		{name: "endpoint group", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) { w.isolate("ecr.api"); w.groups["sg-ep"].Ingress = nil }, blocks: []string{"endpoint_sg sg-ep"}},
		{name: "the detour: a new endpoint although NAT is perfect", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) {
			w.endpoint("ecr.api")
			w.groups["sg-ep"].Ingress = []evidence.SGRule{tcp443(evidence.SGRule{Group: "sg-other"}), {Protocol: "tcp", FromPort: 80, ToPort: 80, CIDR: "0.0.0.0/0"}}
		}, blocks: []string{"endpoint_sg sg-ep"}},
		{name: "the detour, but the address dialled was public", to: "ecr.api", ip: "52.94.1.1", via: "nat-1", change: func(w *world) { w.endpoint("ecr.api"); w.groups["sg-ep"].Ingress = nil }},
		{name: "an endpoint's address was dialled", to: "ecr.api", ip: "10.0.11.9", via: "vpce-ecr.api", change: func(w *world) { w.endpoint("ecr.api"); w.groups["sg-ep"].Ingress = nil }, blocks: []string{"endpoint_sg sg-ep"}},
		{name: "endpoint group by the subnet's block", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) {
			w.endpoint("ecr.api")
			w.groups["sg-ep"].Ingress = []evidence.SGRule{tcp443(evidence.SGRule{CIDR: "10.0.10.0/25"}), tcp443(evidence.SGRule{CIDR: "10.0.10.128/25"})}
		}},
		{name: "endpoint group for half of the subnet", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) {
			w.endpoint("ecr.api")
			w.groups["sg-ep"].Ingress = []evidence.SGRule{tcp443(evidence.SGRule{CIDR: "10.0.10.0/25"})}
		}, open: []string{"endpoint_sg"}},
		{name: "S3 gateway not associated", to: "s3", change: func(w *world) { w.isolate("ecr.api", "ecr.dkr"); w.s3("rtb-main") }, blocks: []string{"s3_gateway_missing vpce-s3"}},
		{name: "S3 gateway not there", to: "s3", change: func(w *world) { w.isolate("ecr.api", "ecr.dkr") }, blocks: []string{"s3_gateway_missing rtb-private"}},
		{name: "S3 by NAT", to: "s3", via: "nat-1", change: func(w *world) { w.endpoint("ecr.api") }},

		{name: "task group", to: "ecr.api", via: "nat-1", change: func(w *world) { w.groups["sg-task"].Egress = nil }, blocks: []string{"task_sg sg-task"}},
		{name: "task group for another port", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.groups["sg-task"].Egress = []evidence.SGRule{{Protocol: "tcp", FromPort: 80, ToPort: 80, CIDR: "0.0.0.0/0"}}
		}, blocks: []string{"task_sg sg-task"}},
		{name: "task group for the VPC only, by NAT", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.groups["sg-task"].Egress = []evidence.SGRule{tcp443(evidence.SGRule{CIDR: "10.0.0.0/16"}), tcp443(evidence.SGRule{PrefixList: "pl-s3"})}
		}, blocks: []string{"task_sg sg-task"}},
		{name: "task group for the VPC, by endpoint", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) {
			w.endpoint("ecr.api")
			w.groups["sg-task"].Egress = []evidence.SGRule{tcp443(evidence.SGRule{CIDR: "10.0.0.0/16"})}
		}},
		{name: "task group for the endpoint's subnet", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) {
			w.endpoint("ecr.api")
			w.groups["sg-task"].Egress = []evidence.SGRule{tcp443(evidence.SGRule{CIDR: "10.0.11.0/24"})}
		}},
		{name: "task group for the endpoint's group", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) {
			w.endpoint("ecr.api")
			w.groups["sg-task"].Egress = []evidence.SGRule{tcp443(evidence.SGRule{Group: "sg-ep"})}
		}},
		{name: "task group for a narrower public block", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.groups["sg-task"].Egress = []evidence.SGRule{tcp443(evidence.SGRule{CIDR: "52.94.0.0/16"})}
		}, open: []string{"task_sg"}},
		{name: "task group for the block of the address dialled", to: "ecr.api", ip: "52.94.1.1", via: "nat-1", change: func(w *world) {
			w.groups["sg-task"].Egress = []evidence.SGRule{tcp443(evidence.SGRule{CIDR: "52.94.0.0/16"})}
		}},
		{name: "second task group lets out", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.groups["sg-task"].Egress = nil
			w.groups["sg-two"] = &evidence.SecurityGroup{ID: "sg-two", Egress: allOut()}
			w.taskSGs = []string{"sg-task", "sg-two"}
		}},
		{name: "S3 prefix list forgotten", to: "s3", via: "vpce-s3", change: func(w *world) {
			w.isolate("ecr.api")
			w.s3("rtb-private")
			w.groups["sg-task"].Egress = []evidence.SGRule{tcp443(evidence.SGRule{CIDR: "10.0.0.0/16"})}
		}, blocks: []string{"egress_prefix_list sg-task"}},
		{name: "S3 prefix list admitted", to: "s3", via: "vpce-s3", change: func(w *world) {
			w.isolate("ecr.api")
			w.s3("rtb-private")
			w.groups["sg-task"].Egress = []evidence.SGRule{tcp443(evidence.SGRule{CIDR: "10.0.0.0/16"}), tcp443(evidence.SGRule{PrefixList: "pl-s3"})}
		}},
		{name: "S3 blocks admitted one by one", to: "s3", via: "vpce-s3", change: func(w *world) {
			w.s3("rtb-private")
			w.groups["sg-task"].Egress = []evidence.SGRule{tcp443(evidence.SGRule{CIDR: "52.0.0.0/8"}), tcp443(evidence.SGRule{CIDR: "3.0.0.0/8"})}
		}},
		{name: "one of the S3 blocks admitted", to: "s3", via: "vpce-s3", change: func(w *world) {
			w.s3("rtb-private")
			w.groups["sg-task"].Egress = []evidence.SGRule{tcp443(evidence.SGRule{CIDR: "52.0.0.0/8"})}
		}, open: []string{"egress_prefix_list"}},
		{name: "S3 with no egress at all", to: "s3", via: "vpce-s3", change: func(w *world) { w.s3("rtb-private"); w.groups["sg-task"].Egress = nil }, blocks: []string{"task_sg sg-task"}},

		{name: "ACL out", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.acls["acl-private"].Entries = append(w.acls["acl-private"].Entries, deny(50, true, "0.0.0.0/0", 443, 443))
		}, blocks: []string{"nacl acl-private"}},
		{name: "ACL out, but a lower number allows", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.acls["acl-private"].Entries = append(w.acls["acl-private"].Entries, deny(150, true, "0.0.0.0/0", 443, 443))
		}},
		{name: "ACL answers", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.acls["acl-private"].Entries = append(w.acls["acl-private"].Entries, deny(50, false, "0.0.0.0/0", 1024, 65535))
		}, blocks: []string{"nacl acl-private"}},
		{name: "ACL answers in part", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.acls["acl-private"].Entries = append(w.acls["acl-private"].Entries, deny(50, false, "0.0.0.0/0", 32768, 65535))
		}, open: []string{"nacl"}},
		{name: "ACL denies private blocks only", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.acls["acl-private"].Entries = append(w.acls["acl-private"].Entries, deny(50, false, "10.0.0.0/8", 1, 65535))
		}},
		{name: "ACL of the NAT gateway's subnet", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.acls["acl-public"].Entries = append(w.acls["acl-public"].Entries, deny(50, false, "10.0.10.0/24", 443, 443))
		}, blocks: []string{"nacl acl-public"}},
		{name: "ACL of the endpoint's subnet", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) {
			w.isolate("ecr.api")
			w.acls["acl-private"].Subnets = []string{"subnet-private"}
			w.acls["acl-ep"] = allowAll("acl-ep", "subnet-private2")
			w.acls["acl-ep"].Entries = append(w.acls["acl-ep"].Entries, deny(50, true, "10.0.0.0/16", 1024, 65535))
		}, blocks: []string{"nacl acl-ep"}},
		{name: "ACL does not matter inside the subnet", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) {
			w.isolate("ecr.api")
			w.ends[0].Subnets = []string{"subnet-private"}
			w.acls["acl-private"].Entries = nil
		}},
		{name: "ACL stops one of two subnets of the endpoint", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) {
			w.isolate("ecr.api")
			w.ends[0].Subnets = []string{"subnet-private", "subnet-private2"}
			w.acls["acl-private"].Entries = nil
		}, open: []string{"nacl"}},
		{name: "ACL stops the subnet dialled", to: "ecr.api", ip: "10.0.11.9", via: "vpce-ecr.api", change: func(w *world) {
			w.isolate("ecr.api")
			w.ends[0].Subnets = []string{"subnet-private", "subnet-private2"}
			w.acls["acl-private"].Entries = nil
		}, blocks: []string{"nacl acl-private"}},

		{name: "Block Public Access, direct", to: "ecr.api", via: "igw-1", change: func(w *world) {
			w.toRoute(route("0.0.0.0/0", "igw-1"))
			w.publicIP = true
			w.vpc.BlockPublicAccess = "block-bidirectional"
		}, blocks: []string{"block_public_access vpc-1"}},
		{name: "Block Public Access, by NAT", to: "ecr.api", via: "nat-1", change: func(w *world) { w.vpc.BlockPublicAccess = "block-bidirectional" }, blocks: []string{"block_public_access vpc-1"}},
		{name: "Block Public Access, subnets excluded", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.vpc.BlockPublicAccess = "block-bidirectional"
			w.subnets["subnet-private"].BlockPublicAccess, w.subnets["subnet-public"].BlockPublicAccess = "off", "off"
		}},
		{name: "Block Public Access for ingress lets NAT out", to: "ecr.api", via: "nat-1", change: func(w *world) { w.vpc.BlockPublicAccess = "block-ingress" }},
		{name: "Block Public Access for ingress, direct", to: "ecr.api", via: "igw-1", change: func(w *world) {
			w.toRoute(route("0.0.0.0/0", "igw-1"))
			w.publicIP = true
			w.vpc.BlockPublicAccess = "block-ingress"
		}, open: []string{"block_public_access"}},
		{name: "Block Public Access does not matter to an endpoint", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) { w.endpoint("ecr.api"); w.vpc.BlockPublicAccess = "block-bidirectional" }},

		{name: "transit gateway", to: "ecr.api", via: "tgw-1", change: func(w *world) { w.toRoute(route("0.0.0.0/0", "tgw-1")) }, open: []string{"beyond"}},
		{name: "firewall endpoint", to: "ecr.api", via: "vpce-fw", change: func(w *world) { w.toRoute(route("0.0.0.0/0", "vpce-fw")) }, open: []string{"beyond"}},
		{name: "firewall behind the NAT gateway", to: "ecr.api", via: "nat-1", change: func(w *world) { w.tables["rtb-public"].Routes = []evidence.Route{route("0.0.0.0/0", "vpce-fw")} }, open: []string{"beyond"}},
		{name: "a customer's prefix list is the way out", to: "ecr.api", via: "tgw-1", change: func(w *world) {
			w.lists["pl-all"] = &evidence.PrefixList{ID: "pl-all", Name: "everything", CIDRs: []string{"0.0.0.0/0"}}
			w.toRoute(listRoute("pl-all", "tgw-1"))
		}, open: []string{"beyond"}},
		{name: "a private prefix list beside the way out", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.lists["pl-lan"] = &evidence.PrefixList{ID: "pl-lan", Name: "lan", CIDRs: []string{"10.0.0.0/8"}}
			w.tables["rtb-private"].Routes = append(w.tables["rtb-private"].Routes, listRoute("pl-lan", "tgw-1"))
		}},
		{name: "the longest match goes elsewhere", to: "ecr.api", ip: "52.94.1.1", via: "tgw-1", change: func(w *world) {
			w.tables["rtb-private"].Routes = append(w.tables["rtb-private"].Routes, route("52.94.0.0/16", "tgw-1"))
		}, open: []string{"beyond"}},
		{name: "a transit gateway does not hide the task's group", to: "ecr.api", via: "tgw-1", change: func(w *world) {
			w.toRoute(route("0.0.0.0/0", "tgw-1"))
			w.groups["sg-task"].Egress = nil
		}, blocks: []string{"task_sg sg-task"}, open: []string{"beyond"}},

		{name: "two faults: no route and the task's group", to: "ecr.api", change: func(w *world) { w.noDefault(); w.groups["sg-task"].Egress = nil }, blocks: []string{"no_route rtb-private", "task_sg sg-task"}},
		{name: "two faults: endpoint group and ACL", to: "ecr.api", via: "vpce-ecr.api", change: func(w *world) {
			w.isolate("ecr.api")
			w.groups["sg-ep"].Ingress = nil
			w.acls["acl-private"].Entries = nil
		}, blocks: []string{"endpoint_sg sg-ep", "nacl acl-private"}},
		{name: "two faults: NAT failed and its subnet's ACL", to: "ecr.api", via: "nat-1", change: func(w *world) {
			w.nats["nat-1"].State = "failed"
			w.acls["acl-public"].Entries = nil
		}, blocks: []string{"nacl acl-public", "nat_failed nat-1"}},
		{name: "two faults: private DNS off and the endpoint's group", to: "ecr.api", change: func(w *world) {
			w.isolate("ecr.api")
			w.ends[0].PrivateDNS = false
			w.groups["sg-ep"].Ingress = nil
		}, blocks: []string{"endpoint_private_dns vpce-ecr.api", "endpoint_sg sg-ep"}},

		{name: "shared network: an absent route is unknown", to: "docker-hub", change: func(w *world) { w.sharedBy(theirs); w.noDefault() },
			open: []string{"beyond", "blackhole", "nacl", "nat_failed", "nat_no_internet", "no_public_ip", "no_route", "past_nat"}},
		{name: "shared network: what is seen stays", to: "docker-hub", change: func(w *world) {
			w.sharedBy(theirs)
			w.toRoute(evidence.Route{DestinationCIDR: "0.0.0.0/0", Target: "nat-gone", State: "blackhole"})
		}, blocks: []string{"blackhole rtb-private"}},
		{name: "shared network: an unseen endpoint may answer", to: "ecr.api", via: "nat-1", change: func(w *world) { w.sharedBy(theirs) }, open: []string{"endpoint_policy", "endpoint_sg"}},
		{name: "IPv6-only subnet", to: "docker-hub", change: func(w *world) { w.subnets["subnet-private"].IPv6Native = true },
			open: []string{"beyond", "blackhole", "nacl", "nat_failed", "nat_no_internet", "no_public_ip", "no_route", "past_nat", "task_sg"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld()
			if tc.change != nil {
				tc.change(w)
			}
			p := w.reachIP(tc.to, tc.ip)
			wantAnswers(t, p, tc.blocks, tc.open)
			if p.Via != tc.via {
				t.Errorf("via %q, want %q", p.Via, tc.via)
			}
			for n, b := range named(&p) {
				if b.Blocks && (b.Detail == "" || len(b.Basis.Cites) == 0) {
					t.Errorf("%s blocks without a detail or a cite: %+v", n, *b)
				}
				if b.Basis.Unknown && b.Basis.Why == "" && len(b.Basis.Missing) == 0 {
					t.Errorf("%s is unknown, and neither a key nor a reason is told", n)
				}
			}
		})
	}
}

// With a kind denied, what depends on it is unknown and names the key; what does not stays decided.
func TestReachDenied(t *testing.T) {
	for _, tc := range []struct {
		denied  string
		change  func(w *world)
		open    []string
		missing string
	}{
		{"route-tables", (*world).noDefault, []string{"beyond", "blackhole", "nacl", "nat_failed", "nat_no_internet", "no_public_ip", "no_route", "past_nat"}, "route-tables/vpc-1"},
		{"network-acls", nil, []string{"nacl"}, "network-acls/vpc-1"},
		{"security-group", nil, []string{"task_sg"}, "security-group/sg-task"},
		{"vpc-dns", nil, []string{"dns"}, "vpc-dns/vpc-1"},
		{"nat-gateway", nil, []string{"beyond", "nacl", "nat_failed", "nat_no_internet"}, "nat-gateway/nat-1"},
		{"vpc-endpoints", func(w *world) { w.dropRoute("rtb-private", "0.0.0.0/0") }, []string{"endpoint_missing", "endpoint_policy", "endpoint_private_dns", "endpoint_sg", "nacl", "no_route"}, "vpc-endpoints/vpc-1"},
	} {
		t.Run(tc.denied, func(t *testing.T) {
			w := newWorld()
			if tc.change != nil {
				tc.change(w)
			}
			p := w.reach("ecr.api", tc.denied)
			wantAnswers(t, p, nil, tc.open)
			if !slices.ContainsFunc(p.Basis.Missing, func(k evidence.Key) bool { return k.String() == tc.missing }) {
				t.Errorf("missing %v, want %s among them", p.Basis.Missing, tc.missing)
			}
		})
	}
}

func TestSharedNamesTheOwner(t *testing.T) {
	w := newWorld()
	w.sharedBy(theirs)
	w.noDefault()
	if why := w.reach("docker-hub").NoRoute.Basis.Why; !strings.Contains(why, theirs) {
		t.Errorf("why %q does not name account %s", why, theirs)
	}
}

// The path asks for what it touches, in few waves, and for nothing else.
func TestWaves(t *testing.T) {
	for _, tc := range []struct {
		name, to string
		change   func(w *world)
		waves    []string
	}{
		{"by NAT", "ecr.api", nil, []string{
			"security-group/sg-task subnet/subnet-private",
			"network-acls/vpc-1 route-tables/vpc-1 vpc/vpc-1 vpc-dns/vpc-1 vpc-endpoints/vpc-1",
			"nat-gateway/nat-1"}},
		{"by endpoint", "ecr.api", func(w *world) { w.endpoint("ecr.api") }, []string{
			"security-group/sg-task subnet/subnet-private",
			"network-acls/vpc-1 route-tables/vpc-1 vpc/vpc-1 vpc-dns/vpc-1 vpc-endpoints/vpc-1",
			"security-group/sg-ep"}},
		{"S3 by gateway", "s3", func(w *world) { w.s3("rtb-private") }, []string{
			"security-group/sg-task subnet/subnet-private",
			"network-acls/vpc-1 route-tables/vpc-1 vpc/vpc-1 vpc-dns/vpc-1 vpc-endpoints/vpc-1"}},
		{"no route, then material for the fix", "ecr.api", (*world).noDefault, []string{
			"security-group/sg-task subnet/subnet-private",
			"network-acls/vpc-1 route-tables/vpc-1 vpc/vpc-1 vpc-dns/vpc-1 vpc-endpoints/vpc-1",
			"nat-gateways/vpc-1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld()
			if tc.change != nil {
				tc.change(w)
			}
			all, part := w.store(), evidence.NewStore()
			var waves []string
			for range 8 {
				missing := Reach(evidence.NewView(part), w.from(), To(tc.to, region, "aws", mine)).Basis.Missing
				if len(missing) == 0 {
					break
				}
				var wave []string
				for _, k := range missing {
					it, _ := all.Lookup(k)
					part.Put(it)
					wave = append(wave, k.String())
				}
				waves = append(waves, strings.Join(wave, " "))
			}
			if !slices.Equal(waves, tc.waves) {
				t.Errorf("waves\n%s\nwant\n%s", strings.Join(waves, "\n"), strings.Join(tc.waves, "\n"))
			}
		})
	}
}

func TestMaterial(t *testing.T) {
	w := newWorld()
	w.isolate("ecr.api", "ecr.dkr")
	w.s3("rtb-main")
	w.nats["nat-0"] = &evidence.NatGateway{ID: "nat-0", SubnetID: "subnet-private2", State: "available"} // no way out of its own subnet
	p := w.reach("s3")
	got := []string{p.NatGateway, p.InternetGateway, p.TaskGroup, p.PrefixList, p.S3Endpoint, p.RouteTable, p.Acl, p.Zone, p.Vpc}
	want := []string{"nat-1", "igw-1", "sg-task", "pl-s3", "vpce-s3", "rtb-private", "acl-private", "eu-west-1a", "vpc-1"}
	if !slices.Equal(got, want) {
		t.Errorf("material %q, want %q", got, want)
	}
	if p := w.reach("ecr.api"); p.EndpointID != "vpce-ecr.api" || p.EndpointGroup != "sg-ep" {
		t.Errorf("endpoint %q, group %q", p.EndpointID, p.EndpointGroup)
	}
}

func TestNearestNAT(t *testing.T) {
	w := newWorld()
	w.noDefault()
	w.subnets["subnet-public2"] = &evidence.Subnet{ID: "subnet-public2", VpcID: "vpc-1", Owner: mine, AvailabilityZone: "eu-west-1b"}
	w.tables["rtb-public"].Subnets = append(w.tables["rtb-public"].Subnets, "subnet-public2")
	w.nats["nat-0"] = &evidence.NatGateway{ID: "nat-0", SubnetID: "subnet-public2", State: "available"}
	if p := w.reach("ecr.api"); p.NatGateway != "nat-1" {
		t.Errorf("NAT gateway %q, want the one in the task's zone", p.NatGateway)
	}
}

func TestHops(t *testing.T) {
	w := newWorld()
	w.nats["nat-1"].State = "failed"
	var got []string
	for _, h := range w.reach("ecr.api").Hops {
		got = append(got, h.Kind+" "+h.ID+" "+h.State)
	}
	want := []string{"task subnet-private ok", "dns vpc-1 ok", "security-group sg-task ok", "network-acl acl-private ok", "route-table rtb-private ok",
		"nat-gateway nat-1 blocked", "internet-gateway igw-1 ok", "destination api.ecr.eu-west-1.amazonaws.com blocked"}
	if !slices.Equal(got, want) {
		t.Errorf("hops\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A public address was dialled although an endpoint with private DNS is there: whether DNS hostnames are off decides why, and while
// that is not known nothing is said of the private name.
func TestPrivateNameWithoutTheVPCsDNS(t *testing.T) {
	w := newWorld()
	w.isolate("ecr.api")
	w.dns.Hostnames = false
	to := To("ecr.api", region, "aws", mine)
	to.IP = "52.94.1.1"
	if p := Reach(evidence.NewView(w.store()), w.from(), to); !p.EndpointPrivateDNS.Blocks {
		t.Errorf("with all: %s", say(&p.EndpointPrivateDNS))
	}
	if p := Reach(evidence.NewView(w.store(string(evidence.KindVpcDNS))), w.from(), to); !p.EndpointPrivateDNS.Basis.Unknown {
		t.Errorf("without the attributes: %s", say(&p.EndpointPrivateDNS))
	}
}
