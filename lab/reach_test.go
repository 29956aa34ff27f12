package lab

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const (
	ecrAPI   = "api.ecr.eu-west-1.amazonaws.com"
	registry = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
	layers   = "prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com"
	hub      = "registry-1.docker.io"
)

// network is a world with one more interface, as a task would have it.
func network(t *testing.T, o Options, subnet string, public bool) (*World, *ec2types.NetworkInterface) {
	t.Helper()
	w := New(o)
	w.mu.Lock()
	t.Cleanup(w.mu.Unlock)
	eni, err := w.createInterface(w.names["subnet:"+subnet], []string{w.names["sg:orders"]}, public, "a task of the test")
	if err != nil {
		t.Fatal(err)
	}
	return w, eni
}

func perm(protocol string, from, to int32, cidr string) ec2types.IpPermission {
	return ec2types.IpPermission{IpProtocol: aws.String(protocol), FromPort: aws.Int32(from), ToPort: aws.Int32(to), IpRanges: []ec2types.IpRange{{CidrIp: aws.String(cidr)}}}
}

func entry(number int32, egress bool, action ec2types.RuleAction, protocol, cidr string, from, to int32) ec2types.NetworkAclEntry {
	e := ec2types.NetworkAclEntry{RuleNumber: aws.Int32(number), Egress: aws.Bool(egress), RuleAction: action, Protocol: aws.String(protocol), CidrBlock: aws.String(cidr)}
	if protocol != "-1" {
		e.PortRange = &ec2types.PortRange{From: aws.Int32(from), To: aws.Int32(to)}
	}
	return e
}

// ownACL gives a subnet an ACL with just these entries.
func (w *World) ownACL(subnet string, entries ...ec2types.NetworkAclEntry) string {
	id := w.newID("acl")
	s := w.names["subnet:"+subnet]
	for _, a := range w.acls {
		var rest []ec2types.NetworkAclAssociation
		for _, x := range a.Associations {
			if *x.SubnetId != s {
				rest = append(rest, x)
			}
		}
		a.Associations = rest
	}
	w.acls[id] = &ec2types.NetworkAcl{NetworkAclId: aws.String(id), VpcId: w.subnets[s].VpcId, Entries: entries, Associations: []ec2types.NetworkAclAssociation{{SubnetId: aws.String(s)}}}
	w.names["acl:"+subnet] = id
	return id
}

// via finds the default route of a table and changes it.
func (w *World) via(table string, change func(*ec2types.Route)) {
	t := w.routeTables[w.names["route-table:"+table]]
	for i := range t.Routes {
		if aws.ToString(t.Routes[i].DestinationCidrBlock) == "0.0.0.0/0" {
			change(&t.Routes[i])
		}
	}
}

func (w *World) dropRoute(table string, drop func(ec2types.Route) bool) {
	t := w.routeTables[w.names["route-table:"+table]]
	var kept []ec2types.Route
	for _, r := range t.Routes {
		if !drop(r) {
			kept = append(kept, r)
		}
	}
	t.Routes = kept
}

func isDefault(r ec2types.Route) bool { return aws.ToString(r.DestinationCidrBlock) == "0.0.0.0/0" }

const (
	inbound, outbound = false, true
	accept, refuse    = ec2types.RuleActionAllow, ec2types.RuleActionDeny
)

// TestReach breaks one thing at a time. Each row says what is dialled from where, and names the blocker ("" = it works).
func TestReach(t *testing.T) {
	endpoints := Options{Endpoints: true}
	for _, c := range []struct {
		name    string
		options Options
		subnet  string // default private-a
		public  bool
		host    string
		broken  func(*World, *ec2types.NetworkInterface)
		failure string
		blocker string // a name of the world, or "eni" for the task's own
		through string // name of the endpoint that carries it
	}{
		{name: "NAT to ECR", host: ecrAPI},
		{name: "NAT to the layers", host: layers},
		{name: "NAT to Docker Hub", host: hub},
		{name: "public address", subnet: "public-a", public: true, host: registry},
		{name: "endpoint", options: endpoints, host: ecrAPI, through: "endpoint:ecr.api"},
		{name: "endpoint of the registry", options: endpoints, host: registry, through: "endpoint:ecr.dkr"},
		{name: "S3 gateway", options: endpoints, host: layers, through: "endpoint:s3"},
		{name: "an endpoint in another zone serves too", options: endpoints, host: ecrAPI, through: "endpoint:ecr.api", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.leaveSubnet(w.endpoints[w.names["endpoint:ecr.api"]], w.names["subnet:private-a"])
		}},

		{name: "no DNS support", host: ecrAPI, failure: "dns", blocker: "vpc:shop", broken: func(w *World, _ *ec2types.NetworkInterface) { w.vpcs[w.names["vpc:shop"]].dnsSupport = false }},
		{name: "an address needs no DNS", host: "52.94.1.1", broken: func(w *World, _ *ec2types.NetworkInterface) { w.vpcs[w.names["vpc:shop"]].dnsSupport = false }},
		{name: "unknown host", host: "registry.shop.example", failure: "dns"},
		{name: "resolver that nobody runs", host: ecrAPI, failure: "dns", blocker: "dhcp", broken: func(w *World, _ *ec2types.NetworkInterface) { w.resolvers("10.0.99.99") }},
		{name: "public resolver", host: ecrAPI, broken: func(w *World, _ *ec2types.NetworkInterface) { w.resolvers("8.8.8.8") }},
		{name: "a second resolver helps", host: ecrAPI, broken: func(w *World, _ *ec2types.NetworkInterface) { w.resolvers("10.0.99.99", "AmazonProvidedDNS") }},
		{name: "a public resolver knows no private names", options: endpoints, host: ecrAPI, failure: "dns", blocker: "dhcp", broken: func(w *World, _ *ec2types.NetworkInterface) { w.resolvers("8.8.8.8") }},

		{name: "no egress rule", host: ecrAPI, failure: "timeout", blocker: "sg:orders", broken: func(w *World, _ *ec2types.NetworkInterface) { w.egress() }},
		{name: "egress to another port", host: ecrAPI, failure: "timeout", blocker: "sg:orders", broken: func(w *World, _ *ec2types.NetworkInterface) { w.egress(perm("tcp", 80, 80, "0.0.0.0/0")) }},
		{name: "egress of another protocol", host: ecrAPI, failure: "timeout", blocker: "sg:orders", broken: func(w *World, _ *ec2types.NetworkInterface) { w.egress(perm("udp", 443, 443, "0.0.0.0/0")) }},
		{name: "egress inside only reaches endpoints", options: endpoints, host: ecrAPI, through: "endpoint:ecr.api", broken: func(w *World, _ *ec2types.NetworkInterface) { w.egress(perm("tcp", 443, 443, "10.0.0.0/16")) }},
		{name: "egress inside only does not reach S3", options: endpoints, host: layers, failure: "timeout", blocker: "sg:orders", broken: func(w *World, _ *ec2types.NetworkInterface) { w.egress(perm("tcp", 443, 443, "10.0.0.0/16")) }},
		{name: "egress by prefix list", options: endpoints, host: layers, through: "endpoint:s3", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.egress(ec2types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), PrefixListIds: []ec2types.PrefixListId{{PrefixListId: aws.String(w.names["prefix-list:s3"])}}})
		}},
		{name: "egress by group", options: endpoints, host: ecrAPI, through: "endpoint:ecr.api", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.egress(ec2types.IpPermission{IpProtocol: aws.String("6"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: aws.String(w.names["sg:endpoints"])}}})
		}},

		{name: "no route", host: ecrAPI, failure: "timeout", blocker: "route-table:private", broken: func(w *World, _ *ec2types.NetworkInterface) { w.dropRoute("private", isDefault) }},
		{name: "blackhole", host: ecrAPI, failure: "timeout", blocker: "route-table:private", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.via("private", func(r *ec2types.Route) { r.State = ec2types.RouteStateBlackhole })
		}},
		{name: "a longer prefix wins", host: hub, failure: "timeout", blocker: "route-table:private", broken: func(w *World, _ *ec2types.NetworkInterface) {
			t := w.routeTables[w.names["route-table:private"]]
			t.Routes = append(t.Routes, ec2types.Route{DestinationCidrBlock: aws.String("44.0.0.0/8"), NatGatewayId: aws.String("nat-gone"), State: ec2types.RouteStateBlackhole})
		}},
		{name: "private subnet at the internet gateway without an address", subnet: "public-a", host: ecrAPI, failure: "timeout", blocker: "eni"},
		{name: "internet gateway detached", subnet: "public-a", public: true, host: ecrAPI, failure: "timeout", blocker: "igw:shop", broken: func(w *World, _ *ec2types.NetworkInterface) { w.igws[w.names["igw:shop"]].Attachments = nil }},
		{name: "NAT failed", host: ecrAPI, failure: "timeout", blocker: "nat:shop", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.nats[w.names["nat:shop"]].State = ec2types.NatGatewayStateFailed
		}},
		{name: "NAT without a way out", host: ecrAPI, failure: "timeout", blocker: "route-table:public", broken: func(w *World, _ *ec2types.NetworkInterface) { w.dropRoute("public", isDefault) }},
		{name: "NAT behind a detached gateway", host: ecrAPI, failure: "timeout", blocker: "igw:shop", broken: func(w *World, _ *ec2types.NetworkInterface) { w.igws[w.names["igw:shop"]].Attachments = nil }},
		{name: "private NAT gateway", host: ecrAPI, failure: "timeout", blocker: "nat:shop", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.nats[w.names["nat:shop"]].ConnectivityType = ec2types.ConnectivityTypePrivate
		}},

		{name: "block public access stops NAT", host: ecrAPI, failure: "timeout", blocker: "vpc:shop", broken: func(w *World, _ *ec2types.NetworkInterface) { w.bpaMode = "block-bidirectional" }},
		{name: "block public access stops public addresses", subnet: "public-a", public: true, host: ecrAPI, failure: "timeout", blocker: "vpc:shop", broken: func(w *World, _ *ec2types.NetworkInterface) { w.bpaMode = "block-bidirectional" }},
		{name: "block-ingress lets NAT pass", host: ecrAPI, broken: func(w *World, _ *ec2types.NetworkInterface) { w.bpaMode = "block-ingress" }},
		{name: "block public access leaves endpoints alone", options: endpoints, host: layers, through: "endpoint:s3", broken: func(w *World, _ *ec2types.NetworkInterface) { w.bpaMode = "block-bidirectional" }},

		{name: "ACL: no way out", host: ecrAPI, failure: "timeout", blocker: "acl:private-a", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.ownACL("private-a", entry(100, inbound, accept, "-1", "0.0.0.0/0", 0, 0))
		}},
		{name: "ACL: no way back", host: ecrAPI, failure: "timeout", blocker: "acl:private-a", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.ownACL("private-a", entry(100, outbound, accept, "6", "0.0.0.0/0", 443, 443), entry(100, inbound, accept, "6", "0.0.0.0/0", 443, 443))
		}},
		{name: "ACL: half of the ephemeral ports", host: ecrAPI, failure: "timeout", blocker: "acl:private-a", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.ownACL("private-a", entry(100, outbound, accept, "6", "0.0.0.0/0", 443, 443), entry(100, inbound, accept, "6", "0.0.0.0/0", 1024, 40000))
		}},
		{name: "ACL: two entries make the range", host: ecrAPI, broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.ownACL("private-a", entry(100, outbound, accept, "6", "0.0.0.0/0", 443, 443), entry(110, inbound, accept, "6", "0.0.0.0/0", 40001, 65535), entry(100, inbound, accept, "6", "0.0.0.0/0", 1024, 40000))
		}},
		{name: "ACL: one port of 64512 is refused to the answers", host: ecrAPI, broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.ownACL("public-a", entry(100, outbound, accept, "-1", "0.0.0.0/0", 0, 0), entry(100, inbound, accept, "-1", "0.0.0.0/0", 0, 0), entry(90, inbound, refuse, "6", "0.0.0.0/0", 3389, 3389))
		}},
		{name: "ACL: one port in thirty is refused to the answers", host: ecrAPI, failure: "timeout", blocker: "acl:public-a", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.ownACL("public-a", entry(100, outbound, accept, "-1", "0.0.0.0/0", 0, 0), entry(100, inbound, accept, "-1", "0.0.0.0/0", 0, 0), entry(90, inbound, refuse, "6", "0.0.0.0/0", 3000, 4999))
		}},
		{name: "ACL: the lower number wins", host: ecrAPI, failure: "timeout", blocker: "acl:private-a", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.ownACL("private-a", entry(100, outbound, accept, "-1", "0.0.0.0/0", 0, 0), entry(100, inbound, accept, "-1", "0.0.0.0/0", 0, 0), entry(90, outbound, refuse, "6", "52.0.0.0/8", 443, 443))
		}},
		{name: "ACL of the NAT gateway's subnet", host: ecrAPI, failure: "timeout", blocker: "acl:public-a", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.ownACL("public-a", entry(100, outbound, accept, "-1", "0.0.0.0/0", 0, 0), entry(100, inbound, accept, "-1", "10.0.0.0/16", 0, 0))
		}},
		{name: "ACL of the endpoint's subnet", options: endpoints, host: ecrAPI, failure: "timeout", blocker: "acl:private-b", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.leaveSubnet(w.endpoints[w.names["endpoint:ecr.api"]], w.names["subnet:private-a"])
			w.ownACL("private-b", entry(100, outbound, accept, "-1", "0.0.0.0/0", 0, 0))
		}},
		{name: "no ACL inside a subnet", options: endpoints, host: ecrAPI, through: "endpoint:ecr.api", broken: func(w *World, _ *ec2types.NetworkInterface) { w.ownACL("private-a") }},

		{name: "endpoint's group", options: endpoints, host: ecrAPI, failure: "timeout", blocker: "sg:endpoints", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.groups[w.names["sg:endpoints"]].IpPermissions = []ec2types.IpPermission{perm("tcp", 443, 443, "192.168.0.0/16")}
		}},
		{name: "endpoint's group allows the task's group", options: endpoints, host: ecrAPI, through: "endpoint:ecr.api", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.groups[w.names["sg:endpoints"]].IpPermissions = []ec2types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: aws.String(w.names["sg:orders"])}}}}
		}},
		{name: "endpoint without private DNS", options: endpoints, host: ecrAPI, failure: "timeout", blocker: "route-table:private", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.endpoints[w.names["endpoint:ecr.api"]].PrivateDnsEnabled = aws.Bool(false)
		}},
		{name: "endpoint without DNS host names", options: endpoints, host: ecrAPI, failure: "timeout", blocker: "route-table:private", broken: func(w *World, _ *ec2types.NetworkInterface) { w.vpcs[w.names["vpc:shop"]].dnsHostnames = false }},
		{name: "endpoint pending", options: endpoints, host: ecrAPI, failure: "timeout", blocker: "route-table:private", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.endpoints[w.names["endpoint:ecr.api"]].State = "pending"
		}},
		{name: "S3 gateway not in this route table", options: endpoints, host: layers, failure: "timeout", blocker: "route-table:private", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.dropRoute("private", func(r ec2types.Route) bool { return r.DestinationPrefixListId != nil })
		}},
		{name: "no fall-back from a closed endpoint to NAT", options: endpoints, host: ecrAPI, failure: "timeout", blocker: "sg:endpoints", broken: func(w *World, _ *ec2types.NetworkInterface) {
			w.groups[w.names["sg:endpoints"]].IpPermissions = nil
			nat := w.addNAT("second", "public-a")
			t := w.routeTables[w.names["route-table:private"]]
			t.Routes = append(t.Routes, ec2types.Route{DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: aws.String(nat), State: ec2types.RouteStateActive})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.subnet == "" {
				c.subnet = "private-a"
			}
			w, eni := network(t, c.options, c.subnet, c.public)
			if c.broken != nil {
				c.broken(w, eni)
			}
			want := reachResult{OK: c.failure == "", Failure: c.failure, Endpoint: w.names[c.through]}
			switch c.blocker {
			case "":
			case "eni":
				want.Blocker = *eni.NetworkInterfaceId
			case "dhcp":
				want.Blocker = *w.vpcs[w.names["vpc:shop"]].DhcpOptionsId
			default:
				if want.Blocker = w.names[c.blocker]; want.Blocker == "" {
					t.Fatalf("the world knows no %s", c.blocker)
				}
			}
			got := w.reach(eni, c.host, 443)
			ip := got.IP
			got.IP = ""
			if got != want {
				t.Errorf("reach(%s) = %+v at %q, want %+v", c.host, got, ip, want)
			}
			if (ip == "") != (c.failure == "dns") {
				t.Errorf("reach(%s) dialled %q with failure %q", c.host, ip, c.failure)
			}
			if private := strings.HasPrefix(ip, "10."); c.through != "" && c.through != "endpoint:s3" && !private {
				t.Errorf("reach(%s) went through an endpoint but dialled %s", c.host, ip)
			}
		})
	}
}

// resolvers sets the name servers of the VPC.
func (w *World) resolvers(servers ...string) {
	var values []ec2types.AttributeValue
	for _, s := range servers {
		values = append(values, ec2types.AttributeValue{Value: aws.String(s)})
	}
	d := w.dhcp[*w.vpcs[w.names["vpc:shop"]].DhcpOptionsId]
	d.DhcpConfigurations = []ec2types.DhcpConfiguration{{Key: aws.String("domain-name-servers"), Values: values}}
}

// egress sets the egress rules of the tasks' group.
func (w *World) egress(rules ...ec2types.IpPermission) {
	w.groups[w.names["sg:orders"]].IpPermissionsEgress = rules
}

// TestServiceAddresses: S3 is where its prefix list says, and every service keeps its address.
func TestServiceAddresses(t *testing.T) {
	w, _ := network(t, Options{}, "private-a", false)
	s3 := w.serviceAddress("s3", w.Region)
	if cidrs := w.prefixLists[w.names["prefix-list:s3"]].Cidrs; match(cidrs[0], s3) == 0 {
		t.Errorf("S3 is at %s, outside %v", s3, cidrs)
	}
	if a, b := w.serviceAddress("ecr.api", w.Region), w.serviceAddress("ecr.api", w.Region); a != b || a == w.serviceAddress("ecr.dkr", w.Region) {
		t.Errorf("ecr.api is at %s and %s; ecr.dkr at %s", a, b, w.serviceAddress("ecr.dkr", w.Region))
	}
}

func TestAWSServiceNames(t *testing.T) {
	for host, want := range map[string][2]string{
		ecrAPI: {"ecr.api", "eu-west-1"}, registry: {"ecr.dkr", "eu-west-1"}, layers: {"s3", "eu-west-1"},
		"logs.us-gov-west-1.amazonaws.com":                 {"logs", "us-gov-west-1"},
		"111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn": {"ecr.dkr", "cn-north-1"},
		"secretsmanager.eu-west-1.amazonaws.com":           {"secretsmanager", "eu-west-1"},
		"iam.amazonaws.com":                                {"iam", ""},
		"registry-1.docker.io":                             {"", ""},
	} {
		if service, region := awsService(host); service != want[0] || region != want[1] {
			t.Errorf("awsService(%s) = %s, %s, want %v", host, service, region, want)
		}
	}
}
