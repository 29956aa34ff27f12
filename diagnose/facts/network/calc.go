package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// calc is the computation of one answer: its own window on the evidence, and the reasons why it stays open.
type calc struct {
	v    *evidence.View
	from From
	to   Destination
	ip   netip.Addr // to.IP; not valid where unknown
	udp  bool       // it is called by UDP; else by TCP
	whys []string
	deny *evidence.AclEntry // the entry that stops the packet on the first network ACL that does; nil = none, or a rule is missing
}

func newCalc(v *evidence.View, from From, to Destination) *calc {
	c := &calc{v: v.Track(), from: from, to: to}
	if ip, err := netip.ParseAddr(to.IP); err == nil {
		c.ip = ip.Unmap()
	}
	if c.from.Partition == "" {
		c.from.Partition = "aws"
	}
	if c.to.Port == 0 {
		c.to.Port = 443
	}
	return c
}

// because notes what no read can show.
func (c *calc) because(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(c.whys, s) {
		c.whys = append(c.whys, s)
	}
}

// answer closes the computation.
func (c *calc) answer(blocks tri, resource, detail string) Blocker {
	switch blocks {
	case yes:
		return Blocker{Blocks: true, Resource: resource, Detail: detail, Basis: c.v.Decided()}
	case no:
		return Blocker{Basis: c.v.Decided()}
	}
	return Blocker{Basis: c.v.Undecided(strings.Join(c.whys, "; "))}
}

// subnet reads the task's own subnet.
func (c *calc) subnet() (evidence.Subnet, bool) {
	if c.from.Subnet == "" {
		c.because("the task's subnet is not known")
		return evidence.Subnet{}, false
	}
	s, st := evidence.Read(c.v, evidence.SubnetKey(c.from.Subnet))
	if st == evidence.Absent {
		c.because("%s does not exist, or this account cannot see it", c.from.Subnet)
	}
	return s, st == evidence.Found
}

// owner returns the account that owns the network where it is another one than the task's; what that account did not
// share is not seen, so that nothing found there proves nothing. shared is also true while the owner is not known.
func (c *calc) owner(s evidence.Subnet) (owner string, shared bool) {
	if s.Owner == "" {
		vpc, st := evidence.Read(c.v, evidence.VpcKey(s.VpcID))
		if st != evidence.Found {
			return "", true
		}
		s.Owner = vpc.Owner
	}
	return s.Owner, s.Owner != "" && c.from.Account != "" && s.Owner != c.from.Account
}

func (c *calc) becauseOwner(owner, what string) {
	if owner != "" {
		c.because("account %s owns the network, and %s may be there without being visible from account %s", owner, what, c.from.Account)
	}
}

// vpcBlocks are the IPv4 blocks of the VPC.
func (c *calc) vpcBlocks(s evidence.Subnet) ([]netip.Prefix, bool) {
	vpc, st := evidence.Read(c.v, evidence.VpcKey(s.VpcID))
	return prefixes(vpc.CIDRs), st == evidence.Found
}

// endpoints are all endpoints of the VPC, by id.
func (c *calc) endpoints(s evidence.Subnet) ([]evidence.Endpoint, bool) {
	list, st := evidence.Read(c.v, evidence.VpcEndpointsKey(s.VpcID))
	out := slices.Clone(list.Endpoints)
	slices.SortStableFunc(out, func(a, b evidence.Endpoint) int { return strings.Compare(a.ID, b.ID) })
	return out, st == evidence.Found
}

// table is the route table of a subnet: the one associated with it, else the VPC's main one.
func (c *calc) table(s evidence.Subnet, subnet string) (evidence.RouteTable, bool) {
	list, st := evidence.Read(c.v, evidence.RouteTablesKey(s.VpcID))
	if st != evidence.Found {
		return evidence.RouteTable{}, false
	}
	main := -1
	for i, t := range list.Tables {
		if slices.Contains(t.Subnets, subnet) {
			return t, true
		}
		if t.Main && (t.VpcID == s.VpcID || t.VpcID == "") {
			main = i
		}
	}
	if owner, shared := c.owner(s); shared {
		c.becauseOwner(owner, "the route table of "+subnet)
		return evidence.RouteTable{}, false
	}
	if main < 0 {
		c.because("no route table of %s could be found", subnet)
		return evidence.RouteTable{}, false
	}
	return list.Tables[main], true
}

// acl is the network ACL of a subnet: the one associated with it, else the VPC's default one.
func (c *calc) acl(s evidence.Subnet, subnet string) (evidence.NetworkAcl, bool) {
	list, st := evidence.Read(c.v, evidence.NetworkAclsKey(s.VpcID))
	if st != evidence.Found {
		return evidence.NetworkAcl{}, false
	}
	def := -1
	for i, a := range list.Acls {
		if slices.Contains(a.Subnets, subnet) {
			return a, true
		}
		if a.Default {
			def = i
		}
	}
	if owner, shared := c.owner(s); shared {
		c.becauseOwner(owner, "the network ACL of "+subnet)
		return evidence.NetworkAcl{}, false
	}
	if def < 0 {
		c.because("no network ACL of %s could be found", subnet)
		return evidence.NetworkAcl{}, false
	}
	return list.Acls[def], true
}

// group reads one security group. One that was not found is not known: it was deleted, or is another account's.
func (c *calc) group(id string) (evidence.SecurityGroup, bool) {
	g, st := evidence.Read(c.v, evidence.SecurityGroupKey(id))
	if st == evidence.Absent {
		c.because("%s does not exist, or this account cannot see it", id)
	}
	return g, st == evidence.Found
}

// taskGroups are the groups of the task. known is false where one of them could not be read.
func (c *calc) taskGroups() (groups []evidence.SecurityGroup, known bool) {
	known = true
	if len(c.from.SecurityGroups) == 0 {
		return c.defaultGroup()
	}
	for _, id := range c.from.SecurityGroups {
		g, ok := c.group(id)
		if ok {
			groups = append(groups, g)
		}
		known = known && ok
	}
	return groups, known
}

// defaultGroup is what ECS gives a task without groups of its own (Amazon ECS API, AwsVpcConfiguration).
func (c *calc) defaultGroup() ([]evidence.SecurityGroup, bool) {
	s, ok := c.subnet()
	if !ok {
		return nil, false
	}
	list, st := evidence.Read(c.v, evidence.DefaultSecurityGroupKey(s.VpcID))
	if st == evidence.Found && len(list.Groups) == 0 || st == evidence.Absent {
		c.because("the default security group of %s could not be found", s.VpcID)
		return nil, false
	}
	return list.Groups, st == evidence.Found
}

// listBlocks are the IPv4 blocks of a prefix list, and its name. An absent list holds nothing.
func (c *calc) listBlocks(id string) (name string, blocks []netip.Prefix, known bool) {
	pl, st := evidence.Read(c.v, evidence.PrefixListKey(id))
	return pl.Name, prefixes(pl.CIDRs), st == evidence.Found || st == evidence.Absent
}

// sameService compares service names of endpoints and prefix lists; in China some carry a leading "cn.".
func sameService(a, b string) bool {
	return a != "" && strings.TrimPrefix(a, "cn.") == strings.TrimPrefix(b, "cn.")
}

// awsService reports whether a name is of an AWS service, as endpoint or as prefix list.
func awsService(name string) bool {
	return strings.HasPrefix(strings.TrimPrefix(name, "cn."), "com.amazonaws.")
}

func isInterface(e evidence.Endpoint) bool { return strings.EqualFold(e.Type, "Interface") }
func isGateway(e evidence.Endpoint) bool   { return strings.EqualFold(e.Type, "Gateway") }
func available(e evidence.Endpoint) bool   { return strings.EqualFold(e.State, "available") }
