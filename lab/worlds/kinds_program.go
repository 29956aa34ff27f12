package worlds

import "github.com/ecsplain/ecsplain/lab"

// tagOf is a kind that deploys a release which is broken in itself.
func tagOf(id, subject, tag string) func(*Place) ([]lab.Step, []Answer, bool) {
	return func(p *Place) ([]lab.Step, []Answer, bool) {
		if subject == "IMAGE" {
			return p.withTag(id, p.image(tag), tag, nil)
		}
		return p.withTag(id, subject, tag, nil)
	}
}

var imageKinds = []Kind{
	{Name: "image.tag-missing", Family: "image", Own: true, Fits: ownImage, Do: tagOf("image.tag-missing", "IMAGE", "1.9.9")},
	{Name: "image.repository-missing", Family: "image", Own: true, Fits: ownImage, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return p.released("image.repository-missing", "shop/"+p.name()+"-svc", func(_, main input) { main["image"] = "${registry}/shop/" + p.name() + "-svc:1.0.1" })
	}},
	{Name: "image.digest-gone", Family: "image", Own: true, Fits: ownImage, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		repo := "shop/" + p.name()
		old := step("ecr", "BatchGetImage", input{"repositoryName": repo, "imageIds": []any{input{"imageTag": "1.0.0"}}})
		old.As = "old"
		return one("image.digest-gone", "${registry}/"+repo+"@${built:"+repo+":1.0.1}", old,
			step("ecr", "BatchDeleteImage", input{"repositoryName": repo, "imageIds": []any{input{"imageDigest": "${built:" + repo + ":1.0.1}"}}}),
			step("ecr", "PutImage", input{"repositoryName": repo, "imageTag": "1.0.1", "imageManifest": "${old.images.0.imageManifest}"}), p.retire())
	}},
	{Name: "image.wrong-platform", Family: "image", Own: true, Fits: ownImage, Do: tagOf("image.wrong-platform", "IMAGE", "1.2.0")},
	{Name: "app.exec-format", Family: "app", Own: true, Fits: ownImage, Do: tagOf("app.exec-format", "IMAGE", "1.2.1")},
	{Name: "image.docker-hub-limit", Family: "image", Fits: func(p *Place) bool { return p.has("hub-image") && !p.has("public-image") }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("image.docker-hub-limit", "docker.io/library/nginx@${digest:docker.io/library/nginx:1.27}", step("lab", "LimitDockerHub", input{"Limited": true}), p.retire())
	}},
}

var programKinds = []Kind{
	{Name: "app.config-missing", Family: "app", Own: true, Fits: ownImage, Do: tagOf("app.config-missing", "NEXT", "1.1.0")},
	{Name: "app.exit-nonzero", Family: "app", Own: true, Fits: ownImage, Do: tagOf("app.exit-nonzero", "NEXT", "1.1.1")},
	{Name: "app.finished", Family: "app", Own: true, Fits: ownImage, Do: tagOf("app.finished", "NEXT", "1.1.3")},
	{Name: "task.out-of-memory", Family: "task", Own: true, Fits: ownImage, Do: tagOf("task.out-of-memory", "NEXT", "1.1.2")},
	{Name: "app.entry-point-not-found", Family: "app", Own: true, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return p.released("app.entry-point-not-found", "NEXT", func(_, main input) { main["entryPoint"] = []any{"/app/start-" + p.name()} })
	}},
	{Name: "app.port-taken", Family: "app", Own: true, Fits: ownImage, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return p.released("app.port-taken", "NEXT", func(def, main input) {
			twin := input{}
			for k, v := range main {
				twin[k] = v
			}
			twin["name"] = "canary"
			delete(twin, "portMappings")
			delete(twin, "healthCheck")
			delete(twin, "dependsOn")
			twin["essential"] = true
			def["containerDefinitions"] = append(def["containerDefinitions"].([]any), twin)
		})
	}},
	{Name: "app.dependency-unhealthy", Family: "app", Own: true, Fits: func(p *Place) bool { return !p.foreign() && !p.has("sidecar") }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		steps, answers, ok := p.released("app.dependency-unhealthy", "NEXT", func(def, main input) {
			edge := input{
				"name": "edge", "image": p.image("1.0.1"), "essential": false, "startTimeout": 90, "secrets": main["secrets"], "logConfiguration": main["logConfiguration"],
				"environment": []any{input{"name": "PORT", "value": "9901"}},
				"healthCheck": input{"command": []any{"CMD-SHELL", "wget -q -O- http://localhost:9901/ready || exit 1"}, "interval": 10, "retries": 3},
			}
			if edge["secrets"] == nil {
				delete(edge, "secrets")
			}
			main["dependsOn"] = []any{input{"containerName": "edge", "condition": "HEALTHY"}}
			def["containerDefinitions"] = append(def["containerDefinitions"].([]any), edge)
		})
		// Where another fault ends the helper before its check counts, the wait for it runs out.
		return steps, append(answers, Answer{"app.dependency-timeout", p.next()}), ok
	}},
	{Name: "app.health-command", Family: "app", Own: true, Fits: ownImage, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return p.released("app.health-command", "NEXT", func(_, main input) {
			main["healthCheck"] = input{"command": []any{"CMD", "/app/" + p.name() + " --check || exit 1"}, "interval": 10, "retries": 3}
		})
	}},
	{Name: "app.health-start-period", Family: "app", Own: true, Fits: func(p *Place) bool { return !p.foreign() && !p.has("balancer") }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return p.withTag("app.health-start-period", "NEXT", "1.3.4", func(main input) {
			main["healthCheck"] = input{"command": []any{"CMD-SHELL", "wget -q -O- http://localhost:8080/healthz || exit 1"}, "interval": 10, "retries": 3}
		})
	}},
}

func (p *Place) targetGroup() string { return "${target-group:" + p.name() + "}" }

// ofGroup is a kind that changes the health check of the target group.
func ofGroup(id string, change input) func(*Place) ([]lab.Step, []Answer, bool) {
	return func(p *Place) ([]lab.Step, []Answer, bool) {
		in := input{"TargetGroupArn": p.targetGroup()}
		for k, v := range change {
			in[k] = v
		}
		return one(id, p.targetGroup(), step("elasticloadbalancing", "ModifyTargetGroup", in))
	}
}

var balancerKinds = []Kind{
	{Name: "lb.path group", Family: "lb", Own: true, Fits: balanced, Do: ofGroup("lb.path", input{"HealthCheckPath": "/health"})},
	{Name: "lb.path release", Family: "lb", Own: true, Fits: balancedOwn, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return p.withTag("lb.path", p.targetGroup(), "1.3.2", nil)
	}},
	{Name: "lb.wrong-code", Family: "lb", Own: true, Fits: balancedOwn, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return p.withTag("lb.wrong-code", p.targetGroup(), "1.3.3", nil)
	}},
	{Name: "lb.wrong-code matcher", Family: "lb", Own: true, Fits: balanced, Do: ofGroup("lb.wrong-code", input{"Matcher": input{"HttpCode": "204"}})},
	{Name: "lb.wrong-port", Family: "lb", Own: true, Fits: balancedOwn, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		steps, answers, ok := p.withTag("lb.wrong-port", p.targetGroup(), "1.3.0", nil)
		return steps, append(answers, Answer{"lb.wrong-port", p.next()}, Answer{"lb.nothing-listens", p.next()}), ok
	}},
	{Name: "lb.bound-to-localhost", Family: "lb", Own: true, Fits: balancedOwn, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return p.withTag("lb.bound-to-localhost", "NEXT", "1.3.1", nil)
	}},
	{Name: "lb.grace-too-short", Family: "lb", Own: true, Fits: balancedOwn, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return p.withTag("lb.grace-too-short", p.target(), "1.3.4", nil)
	}},
	{Name: "lb.security-group", Family: "lb", Own: true, Fits: balanced, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		rule := tcpRule(8080, "UserIdGroupPairs", input{"GroupId": "${sg:" + p.name() + "-alb}"})
		return one("lb.security-group", p.group(), step("ec2", "RevokeSecurityGroupIngress", input{"GroupId": p.group(), "IpPermissions": []any{rule}}))
	}},
	{Name: "lb.not-on-a-listener", Family: "lb", Own: true, Fits: balanced, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("lb.not-on-a-listener", p.targetGroup(), step("elasticloadbalancing", "DeleteRule", input{"RuleArn": "${rule:" + p.name() + "}"}))
	}},
}

var serviceKinds = []Kind{
	{Name: "svc.desired-zero", Family: "svc", Own: true, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("svc.desired-zero", p.name(), p.update(input{"desiredCount": 0}))
	}},
	{Name: "svc.min-max-deadlock", Family: "svc", Own: true, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		steps, _, ok := p.released("", "", func(def, _ input) { def["cpu"], def["memory"] = "512", "1024" })
		set := p.update(input{"deploymentConfiguration": input{"minimumHealthyPercent": 100, "maximumPercent": 100}})
		return append([]lab.Step{set}, steps...), []Answer{{"svc.min-max-deadlock", p.name()}}, ok
	}},
	{Name: "cap.vcpu-quota", Family: "cap", Fits: func(p *Place) bool { return !p.has("spot") }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("cap.vcpu-quota", "Fargate On-Demand vCPU resource count", step("lab", "SetVcpuQuota", input{"Count": 0}), p.update(input{"desiredCount": p.load.Count + 3}))
	}},
	{Name: "cap.fargate-unavailable", Family: "cap", Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		first := p.subnets()[:1]
		return one("cap.fargate-unavailable", p.name(), p.update(input{"networkConfiguration": p.awsvpc(first, !p.private())}), advance("12m"),
			step("lab", "LoseZone", input{"AvailabilityZone": "${region}a", "Lost": true}), p.retire())
	}},
	{Name: "cap.sent-to-ec2", Family: "cap", Own: true, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("cap.sent-to-ec2", p.name(), step("lab", "RegisterInstances", input{"Cluster": p.load.Cluster, "Count": 2, "Cpu": 512, "Memory": 300, "CapacityProvider": "spare"}),
			p.update(input{"capacityProviderStrategy": []any{input{"capacityProvider": "spare", "weight": 1}}, "forceNewDeployment": true}))
	}},
}
