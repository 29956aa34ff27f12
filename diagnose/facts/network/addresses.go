package network

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// reserved addresses that AWS keeps in every subnet (Amazon VPC user guide, subnet CIDR blocks).
const reserved = 5

// FreeAddresses counts the free addresses of a subnet and says who holds the others. The interfaces are only wished
// for: Basis and None are decided by the subnet alone, and list them as Missing while they were not read.
func FreeAddresses(v *evidence.View, subnet string) Addresses {
	w := v.Track()
	out := Addresses{Subnet: subnet}
	undecided := func(why string) Addresses {
		out.Basis = w.Undecided(why)
		out.None = Blocker{Basis: out.Basis}
		return out
	}
	if subnet == "" {
		return undecided("the subnet is not known")
	}
	key := evidence.SubnetKey(subnet)
	s, st := evidence.Read(w, key)
	switch st {
	case evidence.Absent:
		return undecided(subnet + " does not exist, or this account cannot see it")
	case evidence.Found:
	default:
		return undecided("")
	}
	out.Free, out.CIDR = s.FreeAddresses, s.CIDR
	if p, ok := prefix(s.CIDR); ok {
		out.Size = 1<<(32-p.Bits()) - reserved
	}
	w.Cite(key.Key, subnet, "AvailableIpAddressCount", fmt.Sprint(s.FreeAddresses))
	list, st := evidence.Read(w, evidence.SubnetInterfacesKey(subnet))
	if st == evidence.Found {
		out.Holders, out.Leaked = holders(list, out.Size-out.Free)
		w.Cite(evidence.SubnetInterfacesKey(subnet).Key, subnet, "NetworkInterfaces", holdersSay(out.Holders))
	}
	out.Basis = w.Decided()
	out.Basis.Missing = w.Missed()
	out.None = Blocker{Basis: out.Basis}
	switch {
	case s.IPv6Native:
		out.None.Basis = w.Undecided(subnet + " is an IPv6-only subnet, whose free addresses are not counted")
	case s.FreeAddresses == 0:
		out.None.Blocks, out.None.Resource = true, subnet
		out.None.Detail = fmt.Sprintf("%s (%s) has no free address", subnet, s.CIDR)
	}
	return out
}

// holders counts addresses by what holds them, and lists the interfaces that are attached to nothing. used is how many
// the subnet says are taken; the difference is held by what this account cannot list.
func holders(list evidence.Interfaces, used int) (out []Holder, leaked []string) {
	counts := map[string]int{}
	seen := 0
	for _, i := range list.Interfaces {
		n := max(1, len(i.Addresses))
		counts[holder(i)] += n
		seen += n
		if i.Status == "available" {
			leaked = append(leaked, i.ID)
		}
	}
	if used > seen {
		counts["not listed"] = used - seen
	}
	for what, n := range counts {
		h := Holder{What: what, Count: n}
		h.Words = h.words()
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b Holder) int { return cmp.Or(b.Count-a.Count, strings.Compare(a.What, b.What)) })
	slices.Sort(leaked)
	return out, leaked
}

// words say how many of what hold addresses. The names of services and states have no plural.
func (h Holder) words() string {
	for _, noun := range []string{"task", "gateway", "endpoint", "balancer", "interface"} {
		if strings.HasSuffix(h.What, noun) {
			return evidence.Counted(h.Count, h.What)
		}
	}
	return fmt.Sprintf("%d %s", h.Count, h.What)
}

func holdersSay(hs []Holder) string {
	var out []string
	for _, h := range hs {
		out = append(out, h.words())
	}
	return strings.Join(out, ", ")
}

// holder names the owner of an interface, by its type where AWS has one for it, else by the words that the service
// which made it put into its description.
func holder(i evidence.Interface) string {
	if i.Status == "available" {
		return "available (unattached)"
	}
	switch i.Type {
	case "nat_gateway", "natGateway":
		return "NAT gateway"
	case "vpc_endpoint":
		return "VPC endpoint"
	case "lambda":
		return "Lambda"
	case "load_balancer", "network_load_balancer", "gateway_load_balancer":
		return "load balancer"
	case "gateway_load_balancer_endpoint":
		return "firewall endpoint"
	case "transit_gateway":
		return "transit gateway"
	}
	for _, k := range []struct{ begins, what string }{
		{"arn:aws:ecs:", "ECS task"}, {"arn:aws-cn:ecs:", "ECS task"}, {"arn:aws-us-gov:ecs:", "ECS task"},
		{"ELB ", "load balancer"}, {"AWS Lambda VPC ENI", "Lambda"}, {"Interface for NAT Gateway", "NAT gateway"}, {"VPC Endpoint Interface", "VPC endpoint"},
		{"RDSNetworkInterface", "RDS"}, {"EFS mount target", "EFS"}, {"ElastiCache", "ElastiCache"}, {"aws-K8S-", "EKS"}, {"Amazon EKS", "EKS"},
		{"Network Interface for Transit Gateway", "transit gateway"},
	} {
		if strings.HasPrefix(i.Description, k.begins) {
			return k.what
		}
	}
	if i.Requester != "" && strings.Contains(i.Requester, "-") { // an account id has none: a service asked for it
		return i.Requester
	}
	return "other interface"
}
