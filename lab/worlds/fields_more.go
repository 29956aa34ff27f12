package worlds

import "github.com/ecsplain/ecsplain/lab"

func ofTargetGroup(p *Place) ([]lab.Step, []string, bool) {
	in := pick(p,
		input{"HealthCheckPath": pick(p, "/", "/status", "/health", "/healthz/")},
		input{"HealthCheckPort": pick(p, "8081", "80", "traffic-port")},
		input{"HealthCheckProtocol": "HTTPS"},
		input{"Matcher": input{"HttpCode": pick(p, "200-299", "204", "301", "200,404")}},
		input{"HealthCheckIntervalSeconds": pick(p, 10, 60, 300)},
		input{"HealthyThresholdCount": pick(p, 2, 10), "UnhealthyThresholdCount": pick(p, 2, 10)},
	)
	in["TargetGroupArn"] = p.targetGroup()
	return []lab.Step{step("elasticloadbalancing", "ModifyTargetGroup", in)}, []string{p.targetGroup()}, true
}

func ofRule(p *Place) ([]lab.Step, []string, bool) {
	rule := "${rule:" + p.name() + "}"
	change := pick(p,
		step("elasticloadbalancing", "ModifyRule", input{"RuleArn": rule, "Conditions": []any{input{"Field": "path-pattern", "Values": []any{"/api/*"}}}}),
		step("elasticloadbalancing", "SetRulePriorities", input{"RulePriorities": []any{input{"RuleArn": rule, "Priority": 77}}}),
		step("elasticloadbalancing", "ModifyListener", input{"ListenerArn": "${listener:" + p.name() + "}", "Port": 8000}),
		step("elasticloadbalancing", "DeleteListener", input{"ListenerArn": "${listener:" + p.name() + "}"}),
		step("elasticloadbalancing", "SetSecurityGroups", input{"LoadBalancerArn": "${load-balancer:" + p.name() + "}", "SecurityGroups": []any{p.group()}}),
	)
	return []lab.Step{change}, []string{rule, "${listener:" + p.name() + "}", p.targetGroup(), "${load-balancer:" + p.name() + "}", p.group()}, true
}

func ofService(p *Place) ([]lab.Step, []string, bool) {
	in := pick(p,
		input{"desiredCount": p.load.Count + int32(p.r.IntN(5))},
		input{"desiredCount": 0},
		input{"deploymentConfiguration": input{"minimumHealthyPercent": pick(p, 0, 50, 100), "maximumPercent": pick(p, 100, 150, 200)}},
		input{"forceNewDeployment": true},
		input{"platformVersion": pick(p, "1.3.0", "1.4.0", "LATEST")},
		input{"healthCheckGracePeriodSeconds": pick(p, 0, 5, 600)},
		input{"enableExecuteCommand": true},
		input{"capacityProviderStrategy": []any{input{"capacityProvider": pick(p, "FARGATE", "FARGATE_SPOT"), "weight": 1}}, "forceNewDeployment": true},
	)
	return []lab.Step{p.update(in)}, []string{p.name(), p.target()}, true
}

// ofServiceNetwork puts the service elsewhere: other subnets, groups, or without its public addresses.
func ofServiceNetwork(p *Place) ([]lab.Step, []string, bool) {
	network := p.awsvpc(p.subnets(), !p.private())
	c := network["awsvpcConfiguration"].(input)
	switch p.r.IntN(4) {
	case 0:
		c["subnets"] = p.subnets()[:1]
	case 1:
		c["assignPublicIp"] = pick(p, "ENABLED", "DISABLED")
	case 2:
		c["subnets"] = []any{"${subnet:" + p.net.Name + "-" + pick(p, "public", "private") + "-a}"}
	default:
		other := pick(p, p.top.Services...)
		if p.top.Networks[other.Network].Name != p.net.Name {
			return nil, nil, false
		}
		c["securityGroups"] = []any{"${sg:" + other.Name + "}"}
		return []lab.Step{p.update(input{"networkConfiguration": network})}, []string{p.name(), p.target(), "${sg:" + other.Name + "}"}, true
	}
	return []lab.Step{p.update(input{"networkConfiguration": network})}, []string{p.name(), p.target(), p.table(), "${route-table:" + p.net.Name + "-public}", "${route-table:" + p.net.Name + "-private}"}, true
}

func ofEndpoint(p *Place) ([]lab.Step, []string, bool) {
	service := p.needed()
	e := p.endpoint(service)
	in := input{"VpcEndpointId": e}
	subjects := itself(e, p.vpc())
	switch p.r.IntN(4) {
	case 0:
		in["PrivateDnsEnabled"] = false
	case 1:
		in["RemoveSubnetIds"] = []any{"${subnet:" + p.net.Name + "-private-a}"}
	case 2:
		in["AddSecurityGroupIds"], in["RemoveSecurityGroupIds"] = []any{p.group()}, []any{"${sg:" + p.net.Name + "-endpoints}"}
		subjects = append(subjects, p.group())
	default:
		in["PolicyDocument"] = policy("*", pick(p, "ecr:*", "logs:*", "secretsmanager:GetSecretValue", "ssm:*", "ecr:BatchGetImage"))
	}
	return []lab.Step{step("ec2", "ModifyVpcEndpoint", in)}, subjects, true
}

// ofRole changes one thing of a role: what it may do, who may assume it, or its boundary.
func ofRole(p *Place, role string) ([]lab.Step, []string, bool) {
	deny := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"` + pick(p, "ecr:*", "logs:*", "logs:PutLogEvents", "secretsmanager:*", "ssm:GetParameters", "s3:*", "ecr:GetAuthorizationToken") + `","Resource":"*"}]}`
	change := pick(p,
		step("iam", "PutRolePolicy", input{"RoleName": role, "PolicyName": "restrict", "PolicyDocument": deny}),
		step("iam", "PutRolePolicy", input{"RoleName": role, "PolicyName": "restrict", "PolicyDocument": deny}),
		step("iam", "UpdateAssumeRolePolicy", input{"RoleName": role, "PolicyDocument": trusting(pick(p, "ec2.amazonaws.com", "ecs.amazonaws.com", "ecs-tasks.amazonaws.com"))}),
		step("iam", "PutRolePermissionsBoundary", input{"RoleName": role, "PermissionsBoundary": "${policy:" + pick(p, "AdministratorAccess", "AmazonEC2ContainerRegistryReadOnly", "SecretsManagerReadWrite") + "}"}),
		step("iam", "DeleteRole", input{"RoleName": role}),
	)
	return []lab.Step{change}, []string{role}, true
}
