package lab

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	trustTasks = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

	// executionPolicy is AWS's managed AmazonECSTaskExecutionRolePolicy.
	executionPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`

	// xrayPolicy is AWS's managed AWSXRayDaemonWriteAccess.
	xrayPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["xray:PutTraceSegments","xray:PutTelemetryRecords","xray:GetSamplingRules","xray:GetSamplingTargets","xray:GetSamplingStatisticSummaries"],"Resource":["*"]}]}`
)

// buildManagedPolicies makes the AWS managed policies that roles use or may be given.
func (w *World) buildManagedPolicies() {
	for _, p := range []struct{ path, name, document string }{
		{"/service-role/", "AmazonECSTaskExecutionRolePolicy", executionPolicy},
		{"/", "AdministratorAccess", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`},
		{"/", "AmazonEC2ContainerRegistryReadOnly", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:GetRepositoryPolicy","ecr:DescribeRepositories","ecr:ListImages","ecr:DescribeImages","ecr:BatchGetImage","ecr:GetLifecyclePolicy","ecr:GetLifecyclePolicyPreview","ecr:ListTagsForResource","ecr:DescribeImageScanFindings"],"Resource":"*"}]}`},
		{"/", "SecretsManagerReadWrite", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["secretsmanager:*"],"Resource":"*"}]}`},
	} {
		w.managed(p.path, p.name, p.document)
	}
	w.managedAs("ANPA"+strings.ToUpper(stableHex(17, "volumes")), "/service-role/", "AmazonECSInfrastructureRolePolicyForVolumes", infrastructureVolumes)
	w.managedAs("ANPA"+strings.ToUpper(stableHex(17, "xray")), "/", "AWSXRayDaemonWriteAccess", xrayPolicy)
}

// buildRoles makes an execution role and a task role for each service.
func (w *World) buildRoles() {
	w.buildManagedPolicies()
	execution := w.names["policy:AmazonECSTaskExecutionRolePolicy"]
	w.newRole("orders-execution", trustTasks, execution, "read-db-secret", allow("secretsmanager:GetSecretValue", w.names["secret:db"]))
	w.newRole("catalog-execution", trustTasks, execution, "read-search-url", allow("ssm:GetParameters", w.names["parameter:search-url"]))
	w.newRole("orders-task", trustTasks, "", "queue", allow("sqs:SendMessage", fmt.Sprintf("arn:%s:sqs:%s:%s:shop-orders", w.Partition, w.Region, w.Account)))
	w.newRole("catalog-task", trustTasks, "", "pictures", allow("s3:GetObject", fmt.Sprintf("arn:%s:s3:::shop-pictures/*", w.Partition)))
}

func allow(action, resource string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":%q,"Resource":%q}]}`, action, resource)
}

func (w *World) managed(path, name, document string) {
	w.managedAs(w.newIAMID("ANPA"), path, name, document)
}

func (w *World) managedAs(id, path, name, document string) {
	arn := fmt.Sprintf("arn:%s:iam::aws:policy%s%s", w.Partition, path, name)
	born := time.Date(2017, 11, 16, 18, 48, 22, 0, time.UTC)
	w.policies[arn] = &managedPolicy{
		Policy: iamtypes.Policy{
			Arn: aws.String(arn), PolicyName: aws.String(name), Path: aws.String(path), PolicyId: aws.String(id), DefaultVersionId: aws.String("v1"),
			CreateDate: aws.Time(born), UpdateDate: aws.Time(born), IsAttachable: true,
		},
		versions: []policyVersion{{ID: "v1", Document: document, IsDefault: true, Created: born}},
	}
	w.names["policy:"+name] = arn
}

func (w *World) newRole(name, trust, attached, inlineName, inline string) {
	r := &role{
		Role: iamtypes.Role{
			RoleName: aws.String(name), Arn: aws.String(fmt.Sprintf("arn:%s:iam::%s:role/%s", w.Partition, w.Account, name)), Path: aws.String("/"), RoleId: aws.String(w.newIAMID("AROA")),
			CreateDate: aws.Time(w.now.Add(-60 * day)), AssumeRolePolicyDocument: aws.String(trust), MaxSessionDuration: aws.Int32(3600),
		},
		inline: map[string]string{inlineName: inline},
	}
	if inlineName == "" {
		r.inline = map[string]string{}
	}
	if attached != "" {
		r.attached = []string{attached}
	}
	w.roles[name] = r
}
