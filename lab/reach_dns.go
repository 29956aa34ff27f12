package lab

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// destination is what a host name resolves to.
type destination struct {
	ip       netip.Addr
	endpoint *ec2types.VpcEndpoint // the interface endpoint whose address it is; nil = none
	blocker  string                // why there is no address: a VPC, a set of DHCP options, a subnet; "" when the name does not exist
	server   string                // the name server of one's own that answered "no such host"; "" = another story
	silent   bool                  // the resolver waited for a server that does not answer
	ok       bool
}

// publicResolvers answer on the internet, and know nothing of a VPC's private names.
var publicResolvers = []string{"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9"}

// publicHosts exist outside AWS besides the registries of the world's public images.
var publicHosts = []string{"registry-1.docker.io", "auth.docker.io", "docker.io", "production.cloudflare.docker.com",
	"public.ecr.aws", "ghcr.io", "quay.io", "gcr.io", "mcr.microsoft.com", "registry.k8s.io", "github.com", "example.com"}

// resolve looks a host up as a task does: with the servers that the VPC's DHCP options name. Amazon's resolver needs
// enableDnsSupport and is out of reach of security groups and network ACLs (VPC user guide, "DNS attributes in your VPC").
func (w *World) resolve(eni *ec2types.NetworkInterface, host string) destination {
	if ip, err := netip.ParseAddr(host); err == nil {
		return destination{ip: ip, ok: true}
	}
	v := w.vpcs[aws.ToString(eni.VpcId)]
	if v == nil {
		return destination{}
	}
	blocker := ""
	for _, server := range w.nameServers(v) {
		private := server == "AmazonProvidedDNS"
		if private {
			if !v.dnsSupport {
				blocker = *v.VpcId
				continue
			}
			return w.lookupInside(v, eni, host)
		} else if ip, err := netip.ParseAddr(server); err == nil && w.insideHub(ip) {
			switch alive, public := w.companyServer(eni, ip); {
			case !alive:
				blocker = aws.ToString(v.DhcpOptionsId)
				continue
			case !public:
				return destination{blocker: aws.ToString(v.DhcpOptionsId), server: server}
			}
		} else {
			var alive bool
			if alive, private = w.nameServerAnswers(eni, v, server); !alive {
				blocker = aws.ToString(v.DhcpOptionsId)
				continue
			}
		}
		return w.lookupName(v, eni, host, private)
	}
	return destination{blocker: blocker}
}

// nameServers lists the resolvers that the DHCP options of a VPC give; without options, or without that option in
// them, it is Amazon's.
func (w *World) nameServers(v *vpc) []string {
	options := w.dhcp[aws.ToString(v.DhcpOptionsId)]
	var servers []string
	if options != nil {
		for _, c := range options.DhcpConfigurations {
			if aws.ToString(c.Key) == "domain-name-servers" {
				for _, value := range c.Values {
					servers = append(servers, aws.ToString(value.Value))
				}
			}
		}
	}
	amazon := amazonResolvers(v)
	for i, s := range servers {
		if slices.Contains(amazon, s) {
			servers[i] = "AmazonProvidedDNS"
		}
	}
	if len(servers) == 0 {
		return []string{"AmazonProvidedDNS"}
	}
	return servers
}

// amazonResolvers are the addresses of Amazon's resolver: the VPC's base plus two, and a link-local one.
func amazonResolvers(v *vpc) []string {
	out := []string{"169.254.169.253"}
	if p, err := netip.ParsePrefix(aws.ToString(v.CidrBlock)); err == nil {
		out = append(out, p.Masked().Addr().Next().Next().String())
	}
	return out
}

// nameServerAnswers tells whether somebody answers at a resolver's address. One inside the VPC is taken to forward to
// Amazon's, so it knows the private names while enableDnsSupport is on.
func (w *World) nameServerAnswers(eni *ec2types.NetworkInterface, v *vpc, server string) (alive, private bool) {
	ip, err := netip.ParseAddr(server)
	if err != nil {
		return false, false
	}
	if w.interfaceAt(aws.ToString(v.VpcId), ip) != nil {
		return w.travel(eni, packet{to: ip, protocol: "udp", port: 53}).OK, v.dnsSupport
	}
	return slices.Contains(publicResolvers, server) && w.travel(eni, packet{to: ip, protocol: "udp", port: 53}).OK, false
}

// lookupName answers a name, with the VPC's private names where private is true.
func (w *World) lookupName(v *vpc, eni *ec2types.NetworkInterface, host string, private bool) destination {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if n := w.held.byPlace[*v.VpcId+" "+host]; private && n != nil {
		return destination{ip: address(n), ok: true}
	}
	if n := w.interfaces[w.privateNames[host]]; private && n != nil {
		return destination{ip: address(n), ok: true}
	}
	if id := w.fileSystemOf(host); id != "" {
		return w.lookupFileSystem(v, eni, id, private)
	}
	if ip, known := w.lookupDiscovered(v, host); private && known {
		found, err := netip.ParseAddr(ip)
		return destination{ip: found, ok: err == nil}
	}
	service, region := awsService(host)
	if service == "" {
		if slices.Contains(publicHosts, host) || w.hostsPublicImages(host) {
			return destination{ip: outsideAddress(host), ok: true}
		}
		return destination{}
	}
	if private && v.dnsSupport && v.dnsHostnames && region == w.Region {
		if e := w.privateEndpoint(*v.VpcId, service, host); e != nil {
			return destination{ip: w.endpointAddress(e, eni), endpoint: e, ok: true}
		}
		if ip, ok := w.hub.centralAddress(*v.VpcId, service); ok {
			return destination{ip: ip, ok: true}
		}
	}
	return destination{ip: w.serviceAddress(service, region), ok: true}
}

// awsService takes a service's host name apart: "api.ecr.eu-west-1.amazonaws.com" is ecr.api in eu-west-1. The names are
// those of endpoint services. "" for a host outside AWS.
func awsService(host string) (service, region string) {
	name, ok := strings.CutSuffix(host, ".amazonaws.com")
	if !ok {
		if name, ok = strings.CutSuffix(host, ".amazonaws.com.cn"); !ok {
			return "", ""
		}
	}
	parts := strings.Split(name, ".")
	if len(parts) < 2 {
		return name, "" // a global service: iam.amazonaws.com
	}
	region = parts[len(parts)-1]
	labels := parts[:len(parts)-1]
	last := labels[len(labels)-1]
	switch {
	case last == "ecr" && len(labels) > 1 && labels[len(labels)-2] == "dkr":
		return "ecr.dkr", region
	case last == "ecr" && len(labels) > 1 && labels[len(labels)-2] == "api":
		return "ecr.api", region
	}
	return last, region
}

// privateEndpoint is the interface endpoint that answers for a service's public name in a VPC.
func (w *World) privateEndpoint(vpcID, service, host string) *ec2types.VpcEndpoint {
	for _, e := range sorted(w.endpoints) {
		if aws.ToString(e.VpcId) != vpcID || e.VpcEndpointType != ec2types.VpcEndpointTypeInterface || !aws.ToBool(e.PrivateDnsEnabled) || !isState(string(e.State), "available") {
			continue
		}
		if e.DnsOptions != nil && aws.ToBool(e.DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint) {
			continue // S3's private names are then for on-premises callers alone
		}
		if aws.ToString(e.ServiceName) == w.endpointService(service) {
			return e
		}
	}
	return nil
}

// endpointService is the name of a service as an endpoint service.
func (w *World) endpointService(service string) string {
	prefix := "com.amazonaws."
	if w.Partition == "aws-cn" && service != "s3" && service != "dynamodb" {
		prefix = "cn.com.amazonaws."
	}
	return prefix + w.Region + "." + service
}

// endpointAddress is the address of an interface endpoint that a caller uses: the one in its own subnet, else in its
// zone, else any; the regional name of an endpoint works from every zone.
func (w *World) endpointAddress(e *ec2types.VpcEndpoint, eni *ec2types.NetworkInterface) netip.Addr {
	var best netip.Addr
	rank := 0
	for _, id := range e.NetworkInterfaceIds {
		n := w.interfaces[id]
		if n == nil {
			continue
		}
		r := 1
		if aws.ToString(n.AvailabilityZone) == aws.ToString(eni.AvailabilityZone) {
			r = 2
		}
		if aws.ToString(n.SubnetId) == aws.ToString(eni.SubnetId) {
			r = 3
		}
		if r > rank {
			best, rank = address(n), r
		}
	}
	return best
}

// serviceAddress is the stable public address of an AWS service; S3's lies in its prefix list.
func (w *World) serviceAddress(service, region string) netip.Addr {
	if region == w.Region {
		for _, pl := range sorted(w.prefixLists) {
			if aws.ToString(pl.PrefixListName) == "com.amazonaws."+region+"."+service && len(pl.Cidrs) > 0 {
				if p, err := netip.ParsePrefix(pl.Cidrs[0]); err == nil {
					return p.Masked().Addr().Next()
				}
			}
		}
	}
	h := []byte(stableHex(8, service, region))
	return netip.AddrFrom4([4]byte{52, 94, h[0] + h[1], 1 + h[2] + h[3]%50})
}

// outsideAddress is the stable public address of a host outside AWS.
func outsideAddress(host string) netip.Addr {
	h := []byte(stableHex(8, host))
	return netip.AddrFrom4([4]byte{44, 205, h[0] + h[1], 1 + h[2] + h[3]%50})
}

func (w *World) hostsPublicImages(host string) bool {
	for reference := range w.public {
		if registry, _, _ := strings.Cut(reference, "/"); registry == host {
			return true
		}
	}
	return false
}

func address(n *ec2types.NetworkInterface) netip.Addr {
	a, _ := netip.ParseAddr(aws.ToString(n.PrivateIpAddress))
	return a
}

func (w *World) interfaceAt(vpcID string, ip netip.Addr) *ec2types.NetworkInterface {
	return w.held.byPlace[vpcID+" "+ip.String()]
}

// isState compares a state whatever its case: the SDK's constant says Available where EC2 answers available.
func isState(state, want string) bool { return strings.EqualFold(state, want) }
