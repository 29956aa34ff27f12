package main

import (
	"fmt"
	"strings"

	"github.com/ecsplain/ecsplain/collectors"
)

// caller is somebody with fewer permissions than ours. lacks lists what of our reads is refused, as IAM names them.
type caller struct {
	name  string
	about string
	lacks func() []string
}

func without(actions ...string) func() []string { return func() []string { return actions } }

// callers are AWS's managed policies as they stood when their version was read, and one that people write themselves.
var callers = []caller{
	{"full", "everything that `ecsplain policy` lists", without()},
	{"ReadOnlyAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess v182", without("ecs:GetTaskProtection")},
	{"ViewOnlyAccess", "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess v45: lists and describes, and sees no contents", without(
		"application-autoscaling:*", "cloudwatch:DescribeAlarms", "ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries",
		"ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribePullThroughCacheRules", "ecr:GetLifecyclePolicy", "ecr:GetRepositoryPolicy", "ecs:GetTaskProtection",
		"elasticfilesystem:DescribeAccessPoints", "elasticfilesystem:DescribeFileSystemPolicy", "elasticfilesystem:DescribeMountTargetSecurityGroups", "elasticfilesystem:DescribeMountTargets",
		"elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTargetGroupAttributes", "events:DescribeRule",
		"iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:GetRolePolicy", "kms:DescribeKey", "kms:GetKeyPolicy", "logs:GetLogEvents",
		"scheduler:GetSchedule", "scheduler:ListSchedules", "secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "servicequotas:GetServiceQuota", "ssm:DescribeParameters")},
	{"PowerUserAccess", "arn:aws:iam::aws:policy/PowerUserAccess v12: everything but IAM", without("iam:Get*", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies")},
	{"ecs+logs", "ecs:* and logs:* alone", func() (out []string) {
		for _, a := range collectors.Actions() {
			if service, _, _ := strings.Cut(a, ":"); service != "ecs" && service != "logs" && a != "sts:GetCallerIdentity" { // that one needs no permission
				out = append(out, a)
			}
		}
		return out
	}},
}

func findCaller(name string) (caller, error) {
	var names []string
	for _, c := range callers {
		if c.name == name {
			return c, nil
		}
		names = append(names, c.name)
	}
	return caller{}, fmt.Errorf("-caller is %q; it can be %s", name, strings.Join(names, ", "))
}

// wireNames are actions as the lab's endpoint knows them: by the service's name in the signature.
func wireNames(actions []string) (out []string) {
	for _, a := range actions {
		out = append(out, strings.Replace(a, "cloudwatch:", "monitoring:", 1))
	}
	return out
}
