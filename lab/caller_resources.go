package lab

import (
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// namedResource tells how calls of a service name a resource: the member, and the ARN that IAM sees, with * where the name stands. The formats
// are those of AWS's service authorization reference. Operations that begin with a word of but are judged on no such resource.
type namedResource struct {
	service, member string
	arn             string // without arn:PARTITION: ; ACCOUNT and REGION stand for themselves
	but             []string
}

// namedResources lists them, the more special first: a call concerns the first that it names.
var namedResources = []namedResource{
	{"ecs", "tasks", "ecs:REGION:ACCOUNT:task/CLUSTER/*", nil},
	{"ecs", "task", "ecs:REGION:ACCOUNT:task/CLUSTER/*", nil},
	{"ecs", "services", "ecs:REGION:ACCOUNT:service/CLUSTER/*", nil},
	{"ecs", "service", "ecs:REGION:ACCOUNT:service/CLUSTER/*", nil},
	{"ecs", "serviceName", "ecs:REGION:ACCOUNT:service/CLUSTER/*", []string{"List"}},
	{"ecs", "serviceDeploymentArns", "*", nil},
	{"ecs", "serviceRevisionArns", "*", nil},
	{"ecs", "taskDefinition", "ecs:REGION:ACCOUNT:task-definition/*", []string{"Describe"}},
	{"ecs", "clusters", "ecs:REGION:ACCOUNT:cluster/*", nil},
	{"ecs", "cluster", "ecs:REGION:ACCOUNT:cluster/*", []string{"List"}},
	{"iam", "roleName", "iam::ACCOUNT:role/*", nil},
	{"iam", "policyArn", "*", nil},
	{"sts", "roleArn", "*", nil},
	{"ecr", "repositoryName", "ecr:REGION:ACCOUNT:repository/*", nil},
	{"ecr", "repositoryNames", "ecr:REGION:ACCOUNT:repository/*", nil},
	{"logs", "logGroupName", "logs:REGION:ACCOUNT:log-group:*:log-stream:", nil},
	{"logs", "logGroupIdentifier", "*", nil},
	{"secretsmanager", "secretId", "secretsmanager:REGION:ACCOUNT:secret:*", nil},
	{"ssm", "name", "ssm:REGION:ACCOUNT:parameter/*", nil},
	{"ssm", "names", "ssm:REGION:ACCOUNT:parameter/*", nil},
	{"elasticloadbalancing", "ruleArn", "*", []string{"Describe"}},
	{"elasticloadbalancing", "listenerArn", "*", []string{"Describe"}},
	{"elasticloadbalancing", "targetGroupArn", "*", []string{"Describe"}},
	{"elasticloadbalancing", "loadBalancerArn", "*", []string{"Describe"}},
	{"ec2", "groupId", "ec2:REGION:ACCOUNT:security-group/*", []string{"Describe"}},
	{"ec2", "routeTableId", "ec2:REGION:ACCOUNT:route-table/*", []string{"Describe"}},
	{"ec2", "networkAclId", "ec2:REGION:ACCOUNT:network-acl/*", []string{"Describe"}},
	{"ec2", "natGatewayId", "ec2:REGION:ACCOUNT:natgateway/*", []string{"Describe"}},
	{"ec2", "vpcEndpointId", "ec2:REGION:ACCOUNT:vpc-endpoint/*", []string{"Describe"}},
	{"ec2", "vpcEndpointIds", "ec2:REGION:ACCOUNT:vpc-endpoint/*", []string{"Describe"}},
	{"ec2", "internetGatewayId", "ec2:REGION:ACCOUNT:internet-gateway/*", []string{"Describe"}},
	{"ec2", "networkInterfaceId", "ec2:REGION:ACCOUNT:network-interface/*", []string{"Describe"}},
	{"ec2", "subnetId", "ec2:REGION:ACCOUNT:subnet/*", []string{"Describe"}},
	{"ec2", "vpcId", "ec2:REGION:ACCOUNT:vpc/*", []string{"Describe"}},
	{"kms", "keyId", "kms:REGION:ACCOUNT:key/*", nil},
	{"sqs", "queueUrl", "sqs:REGION:ACCOUNT:*", nil},
	{"sqs", "queueName", "sqs:REGION:ACCOUNT:*", nil},
	{"elasticfilesystem", "fileSystemId", "elasticfilesystem:REGION:ACCOUNT:file-system/*", nil},
	{"events", "rule", "events:REGION:ACCOUNT:rule/*", nil},
	{"events", "name", "events:REGION:ACCOUNT:rule/*", nil},
	{"scheduler", "name", "scheduler:REGION:ACCOUNT:schedule/default/*", nil},
	{"servicequotas", "quotaCode", "servicequotas:REGION:ACCOUNT:fargate/*", []string{"Get"}},
}

// unnamedResources are what IAM sees where a call lists and names nothing, as AWS's refusals show it.
var unnamedResources = map[string]string{
	"logs:DescribeLogGroups":   "logs:REGION:ACCOUNT:log-group::log-stream:",
	"ssm:DescribeParameters":   "ssm:REGION:ACCOUNT:*",
	"ecr:DescribeRepositories": "ecr:REGION:ACCOUNT:repository/*",
}

// resourcesOfCall lists the ARNs that IAM sees for a call, "*" where it sees none.
func (w *World) resourcesOfCall(r *wire.Request, parameters map[string]any) []string {
	cluster := lastPart(textOf(parameters, "cluster"))
	if cluster == "" {
		cluster = "default"
	}
	full := strings.NewReplacer("REGION", w.Region, "ACCOUNT", w.Account, "CLUSTER", cluster)
	arn := func(format string) string { return "arn:" + w.Partition + ":" + full.Replace(format) }
	for _, n := range namedResources {
		if n.service != r.Service || slices.ContainsFunc(n.but, func(verb string) bool { return strings.HasPrefix(r.Operation, verb) }) {
			continue
		}
		var out []string
		for _, name := range listOf(parameters[n.member]) {
			switch before, after, _ := strings.Cut(n.arn, "*"); {
			case strings.HasPrefix(name, "arn:"), n.arn == "*":
				out = append(out, w.exactARN(r.Service, name))
			case n.service == "secretsmanager":
				out = append(out, w.exactARN(r.Service, name))
			case n.service == "iam":
				out = append(out, w.exactARN(r.Service, name))
			case n.service == "ecs", n.service == "sqs":
				out = append(out, arn(before+lastPart(name)+after))
			case n.service == "ssm":
				out = append(out, arn(before+strings.TrimPrefix(name, "/")+after))
			default:
				out = append(out, arn(before+name+after))
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	if format := unnamedResources[action(r)]; format != "" {
		return []string{arn(format)}
	}
	return []string{"*"}
}

// exactARN is the ARN of a resource that exists, for names that are not all of it: a secret's ARN ends in six letters more, a role's has its path.
func (w *World) exactARN(service, name string) string {
	switch service {
	case "secretsmanager":
		for arn, s := range w.secrets {
			if s.Name == name {
				return arn
			}
		}
	case "iam":
		if r := w.roles[name]; r != nil {
			return *r.Arn
		}
	}
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	kind := map[string]string{"secretsmanager": ":secretsmanager:" + w.Region + ":" + w.Account + ":secret:", "iam": ":iam::" + w.Account + ":role/"}[service]
	return "arn:" + w.Partition + kind + name
}

// listOf reads a text or a list of texts.
func listOf(v any) []string {
	switch v := v.(type) {
	case string:
		if v != "" {
			return []string{v}
		}
	case []any:
		var out []string
		for _, e := range v {
			if s, ok := e.(string); ok && s != "" {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
