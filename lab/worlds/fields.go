package worlds

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/lab"
)

// A field mutation changes one field of one resource on the service's path, whatever it is. Nobody says beforehand whether that
// breaks anything: the lab's physics decide. What was changed is known by all its names.
type mutation struct {
	name string
	fits func(*Place) bool
	do   func(*Place) (steps []lab.Step, subjects []string, ok bool)
}

func drawField(p *Place) (Fault, bool) {
	m := mutations[p.r.IntN(len(mutations))]
	if m.fits != nil && !m.fits(p) {
		return Fault{}, false
	}
	steps, subjects, ok := m.do(p)
	if !ok {
		return Fault{}, false
	}
	return p.finish(Fault{Kind: "field " + m.name, Family: "field", Steps: append(steps, p.retire()), Subjects: subjects}, false), true
}

func pick[T any](p *Place, of ...T) T { return of[p.r.IntN(len(of))] }

var mutations = []mutation{
	{"of the task definition", nil, ofDefinition},
	{"of the task definition", nil, ofDefinition},
	{"of the task definition", nil, ofDefinition},
	{"of the target group", balanced, ofTargetGroup},
	{"of the listener rule", balanced, ofRule},
	{"of the service", nil, ofService},
	{"of the network of the service", nil, ofServiceNetwork},
	{"of the security group, out", nil, func(p *Place) ([]lab.Step, []string, bool) {
		rule := tcpRule(pick(p, 443, 80, 5432), "IpRanges", input{"CidrIp": pick(p, "0.0.0.0/0", "10."+itoa(p.net.Octet)+".0.0/16", "52.0.0.0/8", "52.94.0.0/16")})
		return []lab.Step{p.revokeEgress(), step("ec2", "AuthorizeSecurityGroupEgress", input{"GroupId": p.group(), "IpPermissions": []any{rule}})}, []string{p.group()}, true
	}},
	{"of the network ACL", nil, func(p *Place) ([]lab.Step, []string, bool) {
		in := input{"NetworkAclId": p.acl(), "RuleNumber": 1 + p.r.IntN(200), "Protocol": pick(p, "6", "17", "-1"), "RuleAction": pick(p, "deny", "deny", "allow"), "Egress": p.chance(0.5),
			"CidrBlock": pick(p, "0.0.0.0/0", "10."+itoa(p.net.Octet)+".0.0/16", "52.0.0.0/8", "52.94.0.0/16", "44.0.0.0/8")}
		if in["Protocol"] != "-1" {
			in["PortRange"] = pick(p, input{"From": 443, "To": 443}, input{"From": 1024, "To": 65535}, input{"From": 0, "To": 65535}, input{"From": 53, "To": 53})
		}
		return []lab.Step{step("ec2", "CreateNetworkAclEntry", in)}, []string{p.acl()}, true
	}},
	{"of the subnet's route table", nil, func(p *Place) ([]lab.Step, []string, bool) {
		to := "${route-table:" + p.net.Name + "-" + pick(p, "main", "public", "private") + "}"
		zone := string(rune('a' + p.r.IntN(p.net.Zones)))
		return []lab.Step{step("ec2", "ReplaceRouteTableAssociation", input{"AssociationId": "${route-table-association:" + p.net.Name + "-" + p.side() + "-" + zone + "}", "RouteTableId": to})},
			[]string{to, "${subnet:" + p.net.Name + "-" + p.side() + "-" + zone + "}", p.table()}, true
	}},
	{"of a route", nil, func(p *Place) ([]lab.Step, []string, bool) {
		return []lab.Step{step("ec2", "CreateRoute", input{"RouteTableId": p.table(), "DestinationCidrBlock": pick(p, "52.94.0.0/16", "52.218.0.0/17", "44.0.0.0/8", "0.0.0.0/1", "192.168.0.0/16"),
			"GatewayId": "${igw:" + p.net.Name + "}"})}, []string{p.table()}, true
	}},
	{"of the VPC", nil, func(p *Place) ([]lab.Step, []string, bool) {
		field := pick(p, "EnableDnsSupport", "EnableDnsHostnames")
		return []lab.Step{step("ec2", "ModifyVpcAttribute", input{"VpcId": p.vpc(), field: input{"Value": false}})}, []string{p.vpc()}, true
	}},
	{"of an endpoint", func(p *Place) bool { return p.usesEndpoints() }, ofEndpoint},
	{"of the execution role", nil, func(p *Place) ([]lab.Step, []string, bool) { return ofRole(p, p.role()) }},
	{"of the task role", nil, func(p *Place) ([]lab.Step, []string, bool) { return ofRole(p, p.name()+"-task") }},
	{"of the repository", ownImage, func(p *Place) ([]lab.Step, []string, bool) {
		repo := "shop/" + p.name()
		doc := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":%q,"Principal":%s,"Action":[%q]}]}`, pick(p, "Deny", "Deny", "Allow"), pick(p, `"*"`, `{"AWS":"${role:`+p.role()+`}"}`),
			pick(p, "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:PutImage", "ecr:DescribeImages"))
		return []lab.Step{step("ecr", "SetRepositoryPolicy", input{"repositoryName": repo, "policyText": doc})}, []string{repo}, true
	}},
	{"of the image", ownImage, func(p *Place) ([]lab.Step, []string, bool) {
		repo := "shop/" + p.name()
		return []lab.Step{step("ecr", "BatchDeleteImage", input{"repositoryName": repo, "imageIds": []any{pick(p, input{"imageTag": "1.0.1"}, input{"imageDigest": "${built:" + repo + ":1.0.1}"})}})},
			[]string{repo, p.image("1.0.1"), "${registry}/" + repo + "@${built:" + repo + ":1.0.1}"}, true
	}},
	{"of the secret", withSecret, func(p *Place) ([]lab.Step, []string, bool) {
		value := pick(p, `{"username":"app","password":"another"}`, `{"username":"app"}`, `plain`, `{"password":""}`, `[]`)
		return []lab.Step{step("secretsmanager", "PutSecretValue", input{"SecretId": p.secret(), "SecretString": value})}, []string{p.secret(), p.now()}, true // a program that finds its variable empty says so: the definition names it
	}},
	{"of the log group", nil, func(p *Place) ([]lab.Step, []string, bool) {
		return []lab.Step{step("logs", "PutRetentionPolicy", input{"logGroupName": "/ecs/" + p.name(), "retentionInDays": pick(p, 1, 7, 365)})}, []string{"/ecs/" + p.name()}, true
	}},
}

// ofDefinition changes one leaf of the task definition, or leaves it out. Of its texts only those count as changed that are new or gone.
func ofDefinition(p *Place) ([]lab.Step, []string, bool) {
	place, subjects := "", []string{p.next()}
	steps, ok := p.release(func(def, _ input) {
		before := texts(def)
		place = p.changeLeaf(def)
		after := texts(def)
		for _, t := range append(before, after...) {
			if slices.Contains(before, t) != slices.Contains(after, t) {
				subjects = append(subjects, t)
				if secret, _, ok := strings.Cut(t, ":password:"); ok || strings.Contains(t, ":token:") { // the secret and the key that is asked of it do not fit
					subjects = append(subjects, strings.TrimSuffix(secret, ":token::"))
				}
			}
		}
	})
	return steps, subjects, ok && place != "" && !strings.HasSuffix(place, "family")
}

// texts lists every text in a value: a role, a secret or a log group that a definition names is what the finding may be about.
func texts(v any) (out []string) {
	switch v := v.(type) {
	case string:
		out = append(out, v)
		if r, ok := strings.CutPrefix(v, "${registry}/"); ok {
			out = append(out, r)
		}
		if i := strings.Index(v, "/shop/"); i > 0 {
			repo, _, _ := strings.Cut(v[i+1:], ":")
			out = append(out, repo)
		}
		if parts := strings.Split(v, ":"); len(parts) > 7 {
			out = append(out, strings.Join(parts[:7], ":"))
		}
	case []any:
		for _, e := range v {
			out = append(out, texts(e)...)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, texts(v[k])...)
		}
	}
	return out
}

// changeLeaf changes one value somewhere in a tree and tells where; "" when there was none.
func (p *Place) changeLeaf(tree input) string {
	type leaf struct {
		path string
		set  func(any)
		drop func()
		old  any
	}
	var all []leaf
	var walk func(path string, v any, set func(any), drop func())
	walk = func(path string, v any, set func(any), drop func()) {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(path+"."+k, v[k], func(n any) { v[k] = n }, func() { delete(v, k) })
			}
		case []any:
			for i := range v {
				walk(fmt.Sprintf("%s.%d", path, i), v[i], func(n any) { v[i] = n }, nil)
			}
		default:
			all = append(all, leaf{path, set, drop, v})
		}
	}
	walk("", tree, nil, nil)
	if len(all) == 0 {
		return ""
	}
	l := all[p.r.IntN(len(all))]
	switch old := l.old.(type) {
	case bool:
		l.set(!old)
	case int64:
		l.set(pick(p, old*2, old/2, 0, old+1))
	case float64:
		l.set(old * 2)
	case string:
		switch n := p.r.IntN(3); {
		case n == 0 && l.drop != nil:
			l.drop()
		case n == 1:
			l.set(old + pick(p, "x", "-2", "/"))
		default:
			l.set(p.other(l.path, old))
		}
	default:
		return ""
	}
	return l.path
}

// other is another value that the field could have.
func (p *Place) other(path, old string) string {
	sizes := []string{"256", "512", "1024", "2048"}
	switch field := path[strings.LastIndex(path, ".")+1:]; field {
	case "cpu", "memory":
		return pick(p, sizes...)
	case "cpuArchitecture":
		return "ARM64"
	case "image":
		return p.image(pick(p, "1.0.0", "1.1.0", "1.1.1", "1.1.2", "1.2.0", "1.2.1", "1.3.0", "1.3.1", "1.9.0"))
	case "executionRoleArn", "taskRoleArn":
		return pick(p, "${role:"+p.name()+"-task}", "${role:"+p.role()+"}")
	case "condition":
		return pick(p, "COMPLETE", "SUCCESS", "HEALTHY")
	case "awslogs-region":
		return "eu-central-1"
	case "valueFrom":
		return strings.Replace(old, ":password:", ":token:", 1)
	}
	return strings.ToUpper(old)
}

func itself(id string, more ...string) []string { return append(more, id) }
