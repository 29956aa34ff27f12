package worlds

import (
	"slices"

	"github.com/ecsplain/ecsplain/lab"
)

// oddity is something harmless that real accounts are full of: nobody may blame it.
type oddity struct {
	name string
	odds float64
	do   func(p *Place) ([]lab.Step, bool)
}

var oddities = []oddity{
	{"an earlier deployment", 0.3, func(p *Place) ([]lab.Step, bool) {
		return []lab.Step{p.update(input{"forceNewDeployment": true}), advance("15m")}, true
	}},
	{"scaled out and in again", 0.2, func(p *Place) ([]lab.Step, bool) {
		return []lab.Step{p.update(input{"desiredCount": p.load.Count + 1}), advance("8m"), p.update(input{"desiredCount": p.load.Count}), advance("4m")}, true
	}},
	{"a task stopped by hand", 0.1, func(p *Place) ([]lab.Step, bool) {
		return []lab.Step{step("ecs", "StopTask", input{"cluster": p.load.Cluster, "task": "${task:" + p.name() + "}", "reason": "trying something"}), advance("10m")}, true
	}},
	{"a revision that nobody deployed", 0.2, func(p *Place) ([]lab.Step, bool) {
		steps, ok := p.release(func(_, main input) { main["image"] = "${registry}/shop/nothing:0.0.1" })
		if !ok {
			return nil, false
		}
		old := p.definitionNow()
		// The service keeps its revision: only the family's latest is another one.
		return []lab.Step{steps[0], step("ecs", "RegisterTaskDefinition", old), p.update(input{"taskDefinition": p.name()}), advance("12m")}, true
	}},
	{"a NAT gateway that failed", 0.15, func(p *Place) ([]lab.Step, bool) {
		nat := step("ec2", "CreateNatGateway", input{"SubnetId": "${subnet:" + p.net.Name + "-public-b}", "ConnectivityType": "private"})
		nat.As = "spare"
		return []lab.Step{nat, advance("3m"), step("lab", "FailNatGateway", input{"NatGatewayId": "${spare.NatGateway.NatGatewayId}"})}, true
	}},
	{"a security group that lets nothing out", 0.15, func(p *Place) ([]lab.Step, bool) {
		g := step("ec2", "CreateSecurityGroup", input{"GroupName": "unused", "Description": "unused", "VpcId": p.vpc()})
		g.As = "unused"
		return []lab.Step{g, step("ec2", "RevokeSecurityGroupEgress", input{"GroupId": "${unused.GroupId}", "IpPermissions": []any{anyRule}})}, true
	}},
	{"a route table with a black hole", 0.15, func(p *Place) ([]lab.Step, bool) {
		nat := step("ec2", "CreateNatGateway", input{"SubnetId": "${subnet:" + p.net.Name + "-public-a}", "ConnectivityType": "private"})
		nat.As = "old"
		table := step("ec2", "CreateRouteTable", input{"VpcId": p.vpc()})
		table.As = "table"
		route := step("ec2", "CreateRoute", input{"RouteTableId": "${table.RouteTable.RouteTableId}", "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "${old.NatGateway.NatGatewayId}"})
		return []lab.Step{nat, table, advance("3m"), route, step("ec2", "DeleteNatGateway", input{"NatGatewayId": "${old.NatGateway.NatGatewayId}"}), advance("3m")}, true
	}},
	{"a secret on its way out", 0.15, func(*Place) ([]lab.Step, bool) {
		return []lab.Step{step("secretsmanager", "CreateSecret", input{"Name": "old/token", "SecretString": "x"}), step("secretsmanager", "DeleteSecret", input{"SecretId": "old/token"})}, true
	}},
	{"a role that ECS may not assume", 0.15, func(*Place) ([]lab.Step, bool) {
		return []lab.Step{step("iam", "CreateRole", input{"RoleName": "nightly", "AssumeRolePolicyDocument": trusting("lambda.amazonaws.com")})}, true
	}},
	{"an empty repository", 0.1, func(*Place) ([]lab.Step, bool) {
		return []lab.Step{step("ecr", "CreateRepository", input{"repositoryName": "shop/empty"})}, true
	}},
	{"a target group without a listener", 0.15, func(p *Place) ([]lab.Step, bool) {
		return []lab.Step{step("elasticloadbalancing", "CreateTargetGroup", input{"Name": "unused", "Protocol": "HTTP", "Port": 80, "VpcId": p.vpc(), "TargetType": "ip"})}, true
	}},
	{"somebody else's failing task", 0.15, func(p *Place) ([]lab.Step, bool) {
		def := p.definitionNow()
		if def == nil {
			return nil, false
		}
		def["family"] = "batch"
		def["containerDefinitions"].([]any)[0].(map[string]any)["image"] = "${registry}/shop/batch:1"
		return []lab.Step{step("ecs", "RegisterTaskDefinition", def), step("ecs", "RunTask", input{"cluster": p.load.Cluster, "taskDefinition": "batch", "launchType": "FARGATE",
			"networkConfiguration": p.awsvpc(p.subnets(), !p.private())}), advance("8m")}, true
	}},
	{"another service that is broken", 0.3, otherService},
}

// definitionNow is the service's task definition as RegisterTaskDefinition takes it, or nil.
func (p *Place) definitionNow() input {
	def, err := p.definition()
	if err != nil {
		return nil
	}
	return def
}

// otherService breaks another service in a way that touches nothing the target uses.
func otherService(p *Place) ([]lab.Step, bool) {
	for range 20 {
		l := p.top.Services[p.r.IntN(len(p.top.Services))]
		k := Kinds[p.r.IntN(len(Kinds))]
		q := &Place{w: p.w, r: p.r, top: p.top, net: p.top.Networks[l.Network], load: l}
		if l.Name == p.name() || !k.Own || k.Fits != nil && !k.Fits(q) {
			continue
		}
		if f, ok := k.make(q); ok {
			return append(slices.Clone(f.Steps), advance("6m")), true
		}
	}
	return nil, false
}

// drawOddities draws some of them and applies them to the world that the case is drawn on.
func (c *Case) drawOddities(p *Place) error {
	for _, o := range oddities {
		if !p.chance(o.odds) {
			continue
		}
		steps, ok := o.do(p)
		if !ok {
			continue
		}
		steps = signed(p.top, steps)
		if err := p.w.Apply(steps); err != nil {
			return err
		}
		c.Oddities, c.Before = append(c.Oddities, o.name), append(c.Before, steps...)
	}
	p.w.Advance(pause)
	c.Before = append(c.Before, advance(pause.String()))
	return nil
}
