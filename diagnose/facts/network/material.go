package network

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// material finds what a fix may use. What must still be read for it is added to the Missing of the blocker that needs
// it, which stays decided.
func material(c *calc, p *Path) {
	p.TaskGroup = c.firstTaskGroup()
	s, ok := c.subnet()
	if !ok {
		return
	}
	// Security groups may block before anything else is read; what to admit instead depends on the way.
	c.wishes(evidence.RouteTablesKey(s.VpcID).Key, &p.TaskSG, &p.EgressPrefixList)
	if c.to.EndpointService != "" {
		c.wishes(evidence.VpcEndpointsKey(s.VpcID).Key, &p.TaskSG, &p.EgressPrefixList)
		c.wishes(evidence.VpcDNSKey(s.VpcID).Key, &p.TaskSG, &p.EgressPrefixList)
	}
	list, _ := c.endpoints(s)
	t, _ := c.table(s, s.ID)
	for _, e := range list {
		if isInterface(e) && sameService(e.Service, c.to.EndpointService) && (p.EndpointID == "" || e.PrivateDNS) {
			p.EndpointID, p.EndpointGroup = e.ID, ""
			if len(e.Groups) > 0 {
				p.EndpointGroup = e.Groups[0]
			}
		}
	}
	if t.ID != "" {
		if e, ok := unassociated(list, "com.amazonaws."+c.from.Region+".s3", t); ok {
			p.S3Endpoint = e.ID
		}
	}
	c.materialPrefixList(p, list, t)
	c.materialGateways(p, s)
}

func (c *calc) firstTaskGroup() string {
	if len(c.from.SecurityGroups) > 0 {
		return c.from.SecurityGroups[0]
	}
	if c.v.State(evidence.SubnetKey(c.from.Subnet).Key) != evidence.Found {
		return ""
	}
	if groups, ok := c.defaultGroup(); ok && len(groups) > 0 {
		return groups[0].ID
	}
	return ""
}

// materialPrefixList: the route to the gateway endpoint names the list; else it is asked for by the service's name.
func (c *calc) materialPrefixList(p *Path, list []evidence.Endpoint, t evidence.RouteTable) {
	if !c.to.Gateway {
		return
	}
	for _, r := range t.Routes {
		for _, e := range list {
			if r.DestinationPrefixList != "" && e.ID == r.Target && isGateway(e) && sameService(e.Service, c.to.EndpointService) {
				p.PrefixList = r.DestinationPrefixList
			}
		}
	}
	if p.PrefixList != "" {
		return
	}
	key := evidence.ServicePrefixListKey(c.to.EndpointService)
	if c.v.State(key.Key) == evidence.Found {
		pl, _ := evidence.Read(c.v, key)
		p.PrefixList = pl.ID
		return
	}
	c.wishes(key.Key, &p.EgressPrefixList)
}

// wishes asks for a key on behalf of blockers that block, unless it was answered.
func (c *calc) wishes(k evidence.Key, for_ ...*Blocker) {
	if st := c.v.State(k); st == evidence.Found || st == evidence.Absent {
		return
	}
	for _, b := range for_ {
		if b.Blocks {
			b.Basis.Missing = evidence.SortKeys(append(slices.Clone(b.Basis.Missing), k))
		}
	}
}

// materialGateways: an available NAT gateway with a way out, in the same zone if there is one, and the internet gateway.
func (c *calc) materialGateways(p *Path, s evidence.Subnet) {
	tables, _ := evidence.Read(c.v, evidence.RouteTablesKey(s.VpcID))
	for _, t := range tables.Tables {
		for _, r := range t.Routes {
			if strings.HasPrefix(r.Target, "igw-") && r.State != "blackhole" {
				p.InternetGateway = cmp.Or(p.InternetGateway, r.Target)
			}
		}
	}
	if igw := evidence.InternetGatewaysKey(s.VpcID); p.InternetGateway == "" {
		if c.v.State(igw.Key) == evidence.Found {
			list, _ := evidence.Read(c.v, igw)
			for _, g := range list.Gateways {
				p.InternetGateway = cmp.Or(p.InternetGateway, g.ID)
			}
		}
		c.wishes(igw.Key, &p.NoRoute, &p.Blackhole, &p.NatNoInternet)
	}
	nats := evidence.NatGatewaysKey(s.VpcID)
	c.wishes(nats.Key, &p.NoRoute, &p.Blackhole, &p.NatFailed, &p.NatNoInternet, &p.NoPublicIP)
	if c.v.State(nats.Key) != evidence.Found {
		return
	}
	list, _ := evidence.Read(c.v, nats)
	var working []evidence.NatGateway
	for _, n := range list.Gateways {
		if n.State == "available" && n.Connectivity != "private" && c.leavesNAT(s, n) {
			working = append(working, n)
		}
	}
	p.NatGateway = c.nearest(p, s, working)
}

// leavesNAT reports whether a NAT gateway surely has a way out of its own subnet.
func (c *calc) leavesNAT(s evidence.Subnet, n evidence.NatGateway) bool {
	if n.SubnetID == "" {
		return true
	}
	t, ok := c.table(s, n.SubnetID)
	if !ok {
		return false
	}
	routes := c.lookup(s, t)
	return len(routes) == 1 && strings.HasPrefix(routes[0].Target, "igw-") && routes[0].State != "blackhole"
}

// nearest picks a gateway of the task's zone, a regional one, or the first by id. Zones are looked up only where there
// is a choice.
func (c *calc) nearest(p *Path, s evidence.Subnet, working []evidence.NatGateway) string {
	slices.SortFunc(working, func(a, b evidence.NatGateway) int { return strings.Compare(a.ID, b.ID) })
	if len(working) == 0 {
		return ""
	}
	for _, n := range working {
		key := evidence.SubnetKey(n.SubnetID)
		if n.SubnetID == "" || n.SubnetID == s.ID {
			return n.ID
		}
		if len(working) == 1 {
			continue
		}
		if at, st := evidence.Read(c.v, key); st == evidence.Found && at.AvailabilityZone == s.AvailabilityZone {
			return n.ID
		}
		c.wishes(key.Key, &p.NoRoute, &p.Blackhole, &p.NatFailed, &p.NatNoInternet)
	}
	return working[0].ID
}
