package worlds

import (
	"encoding/json"
	"strconv"

	"github.com/ecsplain/ecsplain/lab"
)

func itoa(n int) string { return strconv.Itoa(n) }

const managedExecution = "${policy:AmazonECSTaskExecutionRolePolicy}"

// policy is a document that allows actions on a resource. It is of an endpoint where the resource is "*", of a role else.
func policy(resource string, actions ...string) string {
	s := map[string]any{"Effect": "Allow", "Action": actions, "Resource": resource}
	if resource == "*" {
		s["Principal"] = "*"
	}
	out, _ := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{s}}) // strings and maps always marshal
	return string(out)
}

func grant(actions ...string) string {
	out, _ := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": actions, "Resource": "*"}}})
	return string(out)
}

func trusting(service string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
}

// onlyGrants takes the managed policy off the execution role and allows some actions instead.
func (p *Place) onlyGrants(actions ...string) []lab.Step {
	return []lab.Step{
		step("iam", "DetachRolePolicy", input{"RoleName": p.role(), "PolicyArn": managedExecution}),
		step("iam", "PutRolePolicy", input{"RoleName": p.role(), "PolicyName": "start", "PolicyDocument": grant(actions...)}),
		p.retire(),
	}
}

// secretPolicies lists the inline policies by which the execution role reads what the service needs.
func (p *Place) secretPolicies() []string {
	var out []string
	if withSecret(p) {
		out = append(out, p.name()+"-1")
	}
	if p.has("parameter") {
		out = append(out, p.name()+"-"+itoa(len(out)+1))
	}
	return out
}

func logsOnly(p *Place) ([]lab.Step, []Answer, bool) {
	return p.onlyGrants("logs:CreateLogStream", "logs:PutLogEvents"), []Answer{{"iam.exec-role-ecr-auth", p.role()}}, true
}

var pullActions = []string{"ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"}

var roleKinds = []Kind{
	{Name: "iam.exec-role-ecr-auth", Family: "iam", Fits: usesECR, Do: logsOnly},
	{Name: "iam.exec-role-ecr-pull", Family: "iam", Fits: usesECR, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return p.onlyGrants("ecr:GetAuthorizationToken", "logs:CreateLogStream", "logs:PutLogEvents"), []Answer{{"iam.exec-role-ecr-pull", p.role()}}, true
	}},
	{Name: "iam.exec-role-logs", Family: "iam", Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return p.onlyGrants(pullActions...), []Answer{{"iam.exec-role-logs", p.role()}}, true
	}},
	{Name: "iam.exec-role-secret", Family: "iam", Fits: func(p *Place) bool { return len(p.secretPolicies()) > 0 }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		names := p.secretPolicies()
		return one("iam.exec-role-secret", p.role(), step("iam", "DeleteRolePolicy", input{"RoleName": p.role(), "PolicyName": names[p.r.IntN(len(names))]}), p.retire())
	}},
	{Name: "iam.role-confusion", Family: "iam", Fits: withSecret, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		doc := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["secretsmanager:GetSecretValue"],"Resource":"${secret:` + p.name() + `}"}]}`
		return one("iam.role-confusion", p.role(), step("iam", "DeleteRolePolicy", input{"RoleName": p.role(), "PolicyName": p.name() + "-1"}),
			step("iam", "PutRolePolicy", input{"RoleName": p.name() + "-task", "PolicyName": "read", "PolicyDocument": doc}), p.retire())
	}},
	{Name: "iam.exec-role-trust", Family: "iam", Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("iam.exec-role-trust", p.role(), step("iam", "UpdateAssumeRolePolicy", input{"RoleName": p.role(), "PolicyDocument": trusting("ec2.amazonaws.com")}), p.retire())
	}},
	{Name: "iam.task-role-trust", Family: "iam", Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("iam.task-role-trust", p.name()+"-task", step("iam", "UpdateAssumeRolePolicy", input{"RoleName": p.name() + "-task", "PolicyDocument": trusting("lambda.amazonaws.com")}), p.retire())
	}},
	{Name: "iam.exec-role-missing", Family: "iam", Own: true, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return p.released("iam.exec-role-missing", p.name()+"-start", func(def, _ input) { def["executionRoleArn"] = p.name() + "-start" })
	}},
	{Name: "iam.task-role-missing", Family: "iam", Own: true, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return p.released("iam.task-role-missing", p.name()+"-app", func(def, _ input) { def["taskRoleArn"] = p.name() + "-app" })
	}},
	{Name: "iam.repository-policy", Family: "iam", Own: true, Fits: ownImage, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		doc := `{"Version":"2012-10-17","Statement":[{"Sid":"lockdown","Effect":"Deny","Principal":{"AWS":"${role:` + p.role() + `}"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`
		return one("iam.repository-policy", "shop/"+p.name(), step("ecr", "SetRepositoryPolicy", input{"repositoryName": "shop/" + p.name(), "policyText": doc}), p.retire())
	}},
	{Name: "iam.boundary", Family: "iam", Fits: usesECR, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		steps := []lab.Step{step("iam", "PutRolePermissionsBoundary", input{"RoleName": p.role(), "PermissionsBoundary": "${policy:SecretsManagerReadWrite}"}), p.retire()}
		return steps, []Answer{{"iam.boundary", p.role()}, {"iam.exec-role-ecr-auth", p.role()}, {"iam.exec-role-secret", p.role()}, {"iam.exec-role-logs", p.role()}}, true
	}},
}

func (p *Place) secret() string { return "${secret:" + p.name() + "}" }

var storeKinds = []Kind{
	{Name: "secret.missing", Family: "secret", Own: true, Fits: withSecret, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("secret.missing", p.secret(), step("secretsmanager", "DeleteSecret", input{"SecretId": p.secret(), "ForceDeleteWithoutRecovery": true}), p.retire())
	}},
	{Name: "secret.marked-for-deletion", Family: "secret", Own: true, Fits: withSecret, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("secret.marked-for-deletion", p.secret(), step("secretsmanager", "DeleteSecret", input{"SecretId": p.secret()}), p.retire())
	}},
	{Name: "secret.json-key", Family: "secret", Own: true, Fits: func(p *Place) bool { return p.has("secret") }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("secret.json-key", p.secret(), step("secretsmanager", "PutSecretValue", input{"SecretId": p.secret(), "SecretString": `{"username":"app","pass":"battery-staple"}`}), p.retire())
	}},
	{Name: "secret.not-json", Family: "secret", Own: true, Fits: func(p *Place) bool { return p.has("secret") }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("secret.not-json", p.secret(), step("secretsmanager", "PutSecretValue", input{"SecretId": p.secret(), "SecretString": "battery-staple"}), p.retire())
	}},
	{Name: "secret.parameter-missing", Family: "secret", Own: true, Fits: func(p *Place) bool { return p.has("parameter") }, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		name := "/" + p.target() + "/upstream"
		return one("secret.parameter-missing", name, step("ssm", "DeleteParameter", input{"Name": name}), p.retire())
	}},
	{Name: "log.group-missing", Family: "log", Own: true, Do: func(p *Place) ([]lab.Step, []Answer, bool) {
		return one("log.group-missing", "/ecs/"+p.name(), step("logs", "DeleteLogGroup", input{"logGroupName": "/ecs/" + p.name()}), p.retire())
	}},
}
