package worlds

import (
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/lab"
)

// Kind is a way to break a service. A new one is one entry in one of the lists that make up Kinds.
type Kind struct {
	Name   string              // playbook id that it answers to, with a word more where one id has several kinds
	Family string              // row of the table
	Fits   func(p *Place) bool // whether it can be done to this service; nil = to every
	Own    bool                // it touches nothing that other services use
	Hidden bool                // its cause lies where the account sees nothing
	Do     func(p *Place) (steps []lab.Step, answers []Answer, ok bool)
}

// Kinds lists every way.
var Kinds = slices.Concat(networkKinds, endpointKinds, roleKinds, storeKinds, imageKinds, programKinds, balancerKinds, serviceKinds)

func (k Kind) make(p *Place) (Fault, bool) {
	steps, answers, ok := k.Do(p)
	if !ok {
		return Fault{}, false
	}
	f := Fault{Kind: k.Name, Family: k.Family, Steps: steps, Answers: answers}
	if p.has("breaker") && releases(f) {
		// What the circuit breaker took back is told as that, with the cause nested in it or beside it.
		f.Answers = append(f.Answers, Answer{"svc.rolled-back", p.next()}, Answer{"svc.rolled-back", p.now()}, Answer{"svc.circuit-breaker", p.name()})
	}
	return p.finish(f, k.Hidden), true
}

// one is the usual result: steps, one answer.
func one(id, subject string, steps ...lab.Step) ([]lab.Step, []Answer, bool) {
	return steps, []Answer{{id, subject}}, true
}

// released is the result of a kind that deploys a changed task definition. The subject NEXT stands for the new revision.
func (p *Place) released(id, subject string, change func(def, main input)) ([]lab.Step, []Answer, bool) {
	next := p.next()
	steps, ok := p.release(change)
	return steps, []Answer{{id, strings.ReplaceAll(subject, "NEXT", next)}}, ok
}

// withTag deploys another image of the service's own repository.
func (p *Place) withTag(id, subject, tag string, more func(main input)) ([]lab.Step, []Answer, bool) {
	return p.released(id, subject, func(_, main input) {
		main["image"] = p.image(tag)
		if more != nil {
			more(main)
		}
	})
}

func ownImage(p *Place) bool      { return !p.foreign() }
func usesECR(p *Place) bool       { return p.usesECR() }
func usesNAT(p *Place) bool       { return p.usesNAT() }
func balanced(p *Place) bool      { return p.has("balancer") }
func withSecret(p *Place) bool    { return p.has("secret") || p.has("whole-secret") }
func endpointsOnly(p *Place) bool { return p.onlyEndpoints() }

// balancedOwn is for faults that the load balancer sees and a container health check does not hide.
func balancedOwn(p *Place) bool {
	return p.has("balancer") && !p.foreign() && !p.has("container-check")
}

var anyRule = input{"IpProtocol": "-1", "IpRanges": []any{input{"CidrIp": "0.0.0.0/0"}}}

func tcpRule(port int, key string, value input) input {
	return input{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, key: []any{value}}
}

// egressRule is the one rule by which the service's group lets anything out.
func (p *Place) egressRule() input {
	if p.has("narrow-egress") {
		return tcpRule(443, "IpRanges", input{"CidrIp": "0.0.0.0/0"})
	}
	return anyRule
}

func (p *Place) revokeEgress() lab.Step {
	return step("ec2", "RevokeSecurityGroupEgress", input{"GroupId": p.group(), "IpPermissions": []any{p.egressRule()}})
}

var networkKinds = []Kind{
	{Name: "net.no-egress-route", Family: "net", Fits: usesNAT, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("net.no-egress-route", p.table(), step("ec2", "DeleteRoute", input{"RouteTableId": p.table(), "DestinationCidrBlock": "0.0.0.0/0"}), p.retire())
	}},
	{Name: "net.no-egress-route public", Family: "net", Fits: func(p *Place) bool { return !p.private() }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("net.no-egress-route", p.table(), step("ec2", "DeleteRoute", input{"RouteTableId": p.table(), "DestinationCidrBlock": "0.0.0.0/0"}), p.retire())
	}},
	{Name: "net.blackhole-route", Family: "net", Fits: usesNAT, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("net.blackhole-route", p.table(), step("ec2", "DeleteNatGateway", input{"NatGatewayId": "${nat:" + p.net.Name + "}"}), advance("10m"), p.retire())
	}},
	{Name: "net.nat-failed", Family: "net", Fits: usesNAT, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		nat := "${nat:" + p.net.Name + "}"
		return one("net.nat-failed", nat, step("lab", "FailNatGateway", input{"NatGatewayId": nat}), p.retire())
	}},
	{Name: "net.nat-no-internet-route", Family: "net", Fits: usesNAT, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		main := "${route-table:" + p.net.Name + "-main}"
		return one("net.nat-no-internet-route", main, step("ec2", "ReplaceRouteTableAssociation", input{
			"AssociationId": "${route-table-association:" + p.net.Name + "-public-a}", "RouteTableId": main}), p.retire())
	}},
	{Name: "net.security-group-egress", Family: "net", Own: true, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("net.security-group-egress", p.group(), p.revokeEgress(),
			step("ec2", "AuthorizeSecurityGroupEgress", input{"GroupId": p.group(), "IpPermissions": []any{tcpRule(5432, "IpRanges", input{"CidrIp": "10.0.0.0/8"})}}), p.retire())
	}},
	{Name: "net.nacl answers", Family: "net", Fits: func(p *Place) bool { return !p.net.Endpoints || !p.private() }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("net.nacl", p.acl(), p.entry(false, "6", input{"From": 1024, "To": 65535}), p.retire())
	}},
	{Name: "net.nacl out", Family: "net", Fits: func(p *Place) bool { return !p.net.Endpoints || !p.private() }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("net.nacl", p.acl(), p.entry(true, "6", input{"From": 443, "To": 443}), p.retire())
	}},
	{Name: "net.no-public-ip", Family: "net", Own: true, Fits: func(p *Place) bool { return !p.private() }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("net.no-public-ip", p.name(), p.update(input{"networkConfiguration": p.awsvpc(p.subnets(), false)}))
	}},
	{Name: "net.block-public-access", Family: "net", Fits: func(p *Place) bool { return ownNetwork(p) && (p.usesNAT() || !p.private()) }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("net.block-public-access", p.vpc(), step("ec2", "ModifyVpcBlockPublicAccessOptions", input{"InternetGatewayBlockMode": "block-bidirectional"}), p.retire())
	}},
	{Name: "net.subnet-no-free-ips", Family: "net", Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		first := p.subnets()[0].(string)
		return one("net.subnet-no-free-ips", first, step("lab", "LeakInterfaces", input{"SubnetId": first, "Leave": 0}), p.update(input{"desiredCount": p.load.Count + 3}))
	}},
	{Name: "dns.vpc-dns-off", Family: "dns", Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("dns.vpc-dns-off", p.vpc(), step("ec2", "ModifyVpcAttribute", input{"VpcId": p.vpc(), "EnableDnsSupport": input{"Value": false}}), p.retire())
	}},
}

func (p *Place) entry(egress bool, protocol string, ports input) lab.Step {
	return step("ec2", "CreateNetworkAclEntry", input{"NetworkAclId": p.acl(), "RuleNumber": 90, "Protocol": protocol, "RuleAction": "deny", "Egress": egress, "CidrBlock": "0.0.0.0/0", "PortRange": ports})
}

func (p *Place) endpoint(service string) string {
	return "${endpoint:" + p.net.Name + "-" + service + "}"
}

// needed picks an interface endpoint that a start of the service uses.
func (p *Place) needed() string {
	all := []string{"logs"}
	if p.usesECR() {
		all = append(all, "ecr.api", "ecr.dkr")
	}
	if withSecret(p) {
		all = append(all, "secretsmanager")
	}
	if p.has("parameter") {
		all = append(all, "ssm")
	}
	return all[p.r.IntN(len(all))]
}

func endpointsAndECR(p *Place) bool { return p.usesEndpoints() && p.usesECR() }

var endpointKinds = []Kind{
	{Name: "net.endpoint-missing", Family: "net", Fits: endpointsOnly, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("net.endpoint-missing", p.vpc(), step("ec2", "DeleteVpcEndpoints", input{"VpcEndpointIds": []any{p.endpoint(p.needed())}}), p.retire())
	}},
	{Name: "net.endpoint-private-dns", Family: "net", Fits: endpointsOnly, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		e := p.endpoint(p.needed())
		return one("net.endpoint-private-dns", e, step("ec2", "ModifyVpcEndpoint", input{"VpcEndpointId": e, "PrivateDnsEnabled": false}), p.retire())
	}},
	{Name: "net.endpoint-security-group", Family: "net", Fits: func(p *Place) bool { return p.usesEndpoints() }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		g := "${sg:" + p.net.Name + "-endpoints}"
		rule := input{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": []any{input{"CidrIp": "10." + itoa(p.net.Octet) + ".0.0/16"}}}
		return one("net.endpoint-security-group", g, step("ec2", "RevokeSecurityGroupIngress", input{"GroupId": g, "IpPermissions": []any{rule}}), p.retire())
	}},
	{Name: "net.endpoint-policy", Family: "net", Fits: endpointsAndECR, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		e := p.endpoint("ecr.api")
		return one("net.endpoint-policy", e, step("ec2", "ModifyVpcEndpoint", input{"VpcEndpointId": e,
			"PolicyDocument": policy("*", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")}), p.retire())
	}},
	{Name: "net.s3-gateway-missing", Family: "net", Fits: func(p *Place) bool { return p.onlyEndpoints() && p.usesECR() }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("net.s3-gateway-missing", p.table(), step("ec2", "ModifyVpcEndpoint", input{"VpcEndpointId": p.endpoint("s3"), "RemoveRouteTableIds": []any{p.table()}}), p.retire())
	}},
	{Name: "net.egress-prefix-list", Family: "net", Own: true, Fits: func(p *Place) bool { return p.onlyEndpoints() && p.usesECR() }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("net.egress-prefix-list", p.group(), p.revokeEgress(), step("ec2", "AuthorizeSecurityGroupEgress", input{"GroupId": p.group(),
			"IpPermissions": []any{tcpRule(443, "IpRanges", input{"CidrIp": "10." + itoa(p.net.Octet) + ".0.0/16"})}}), p.retire())
	}},
}
