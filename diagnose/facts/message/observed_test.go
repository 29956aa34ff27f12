package message

import (
	"slices"
	"testing"
)

// observed are messages as AWS shows them, in several of its generations of words.
var observed = []struct {
	surface, text, symptom, step, nature string
	fields                               Fields // those that must be found; others are not looked at
}{
	{"", `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post https://api.ecr.us-east-1.amazonaws.com/: dial tcp 52.46.146.144:443: i/o timeout`,
		"image-pull/ecr/registry-auth-network", "registry-auth", "network", Fields{Host: "api.ecr.us-east-1.amazonaws.com", IP: "52.46.146.144", Port: "443"}},
	{"", `ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed caused by: Post "https://api.ecr.eu-central-1.amazonaws.com/": dial tcp 10.0.11.8:443: i/o timeout`,
		"image-pull/ecr/registry-auth-network", "registry-auth", "network", Fields{IP: "10.0.11.8"}},
	{"", `ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. operation error ECR: GetAuthorizationToken, exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, Post "https://api.ecr.eu-west-1.amazonaws.com/": dial tcp: lookup api.ecr.eu-west-1.amazonaws.com on 10.0.0.2:53: read udp 10.0.1.5:38277->10.0.0.2:53: i/o timeout`,
		"image-pull/ecr/registry-auth-network", "registry-auth", "dns", Fields{Host: "api.ecr.eu-west-1.amazonaws.com"}},
	{"", `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/shop-exec/6f1c8e is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action status code: 400, request id: 0a1b`,
		"image-pull/ecr/registry-auth-denied", "registry-auth", "permission", Fields{Role: "shop-exec", Action: "ecr:GetAuthorizationToken", Resource: "*", DenyReason: "no-identity-policy"}},
	{"", `CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web:2.3.9: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web:2.3.9: not found`,
		"image-pull/ecr/image-not-found", "manifest", "not-found", Fields{Image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web:2.3.9", Registry: "123456789012.dkr.ecr.us-east-1.amazonaws.com", Repository: "shop/web", Tag: "2.3.9"}},
	{"", `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/nginx:nope: docker.io/library/nginx:nope: not found`,
		"image-pull/ecr/image-not-found", "manifest", "not-found", Fields{Registry: "docker.io", Repository: "library/nginx", Tag: "nope"}},
	{"", `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web@sha256:7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web@sha256:7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730: not found`,
		"image-pull/ecr/digest-gone", "manifest", "not-found", Fields{Repository: "shop/web", Digest: "sha256:7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730"}},
	{"", `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref public.ecr.aws/nginx/nginx:latest: failed to do request: Head "https://public.ecr.aws/v2/nginx/nginx/manifests/latest": dial tcp 75.2.101.78:443: i/o timeout`,
		"image-pull/ecr/manifest-unreachable", "manifest", "network", Fields{Host: "public.ecr.aws", IP: "75.2.101.78", Image: "public.ecr.aws/nginx/nginx:latest"}},
	{"", `CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/ab/cd?X-Amz-Security-Token=IQo": dial tcp 52.216.1.2:443: i/o timeout`,
		"image-pull/ecr/layers-unreachable", "layers", "network", Fields{Host: "prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com"}},
	{"", `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 210987654321.dkr.ecr.us-east-1.amazonaws.com/web:1: pulling from host 210987654321.dkr.ecr.us-east-1.amazonaws.com failed with status code [manifests 1]: 403 Forbidden`,
		"image-pull/ecr/batchgetimage-denied", "manifest", "permission", Fields{Registry: "210987654321.dkr.ecr.us-east-1.amazonaws.com"}},
	{"", `CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve ref "docker.io/acme/private:1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`,
		"image-pull/private-registry/auth-failed", "manifest", "permission", Fields{Image: "docker.io/acme/private:1"}},
	{"", `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/redis:7: failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/redis/manifests/sha256:ab: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit`,
		"image-pull/docker-hub/rate-limit", "manifest", "throttled", Fields{Image: "docker.io/library/redis:7"}},
	{"", `CannotPullContainerError: pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'`,
		"image-pull/platform-mismatch", "manifest", "platform", Fields{Platform: "linux/amd64"}},
	{SurfaceServiceEvent, `(service web) was unable to place a task. Reason: CannotPullContainerError: pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform 'linux/arm64'.`,
		"image-pull/platform-mismatch", "manifest", "platform", Fields{Platform: "linux/arm64"}},
	{"", `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf from secrets manager: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/ecsTaskExecutionRole/0123456789abcdef is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf because no identity-based policy allows the secretsmanager:GetSecretValue action status code: 400, request id: 1-2-3`,
		"secrets/asm/access-denied", "secret", "permission", Fields{Role: "ecsTaskExecutionRole", Action: "secretsmanager:GetSecretValue", Secret: "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf", DenyReason: "no-identity-policy"}},
	{"", `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key DB_PASSWORD`,
		"secrets/asm/json-key-missing", "secret", "not-found", Fields{JSONKey: "DB_PASSWORD"}},
	{"", `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-AbCdEf from secrets manager: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: 9f, ResourceNotFoundException: Secrets Manager can't find the specified secret.`,
		"secrets/asm/not-found", "secret", "not-found", Fields{Secret: "arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-AbCdEf"}},
	{"", `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/exec/0123 is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:us-east-1:123456789012:parameter/prod/db because no identity-based policy allows the ssm:GetParameters action`,
		"secrets/ssm/access-denied", "parameter", "permission", Fields{Parameter: "arn:aws:ssm:us-east-1:123456789012:parameter/prod/db", Role: "exec"}},
	{"", `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /prod/db/password,/prod/key`,
		"secrets/ssm/invalid-parameters", "parameter", "not-found", Fields{Parameter: "/prod/db/password"}},
	{"", `ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: operation error CloudWatch Logs: CreateLogStream, https response error StatusCode: 400, RequestID: 8f, ResourceNotFoundException: The specified log group does not exist. : exit status 1`,
		"logging/awslogs/group-missing", "log-driver", "not-found", Fields{}},
	{"", `ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/exec/abc is not authorized to perform: logs:CreateLogStream on resource: arn:aws:logs:us-east-1:123456789012:log-group:/ecs/web:log-stream:ecs/app/abc because no identity-based policy allows the logs:CreateLogStream action status code: 400, request id: x : exit status 1`,
		"logging/awslogs/stream-denied", "log-driver", "permission", Fields{LogGroup: "/ecs/web", LogStream: "ecs/app/abc"}},
	{SurfaceContainerReason, `CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/app/run.sh": stat /app/run.sh: no such file or directory: unknown`,
		"container-start/entrypoint-not-found", "container-start", "not-found", Fields{EntryPoint: "/app/run.sh"}},
	{SurfaceServiceEvent, `(service web) was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.`,
		"placement/ec2/no-instances", "placement", "capacity", Fields{}},
	{SurfaceServiceEvent, `service web was unable to place a task because no container instance met all of its requirements. The closest matching container-instance 9f3b has insufficient memory available. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.`,
		"placement/ec2/insufficient-memory", "placement", "capacity", Fields{}},
	{"", `RESOURCE:MEMORY`, "placement/ec2/insufficient-memory", "placement", "capacity", Fields{}},
	{"", `An error occurred (ClientException) when calling the RegisterTaskDefinition operation: No Fargate configuration exists for given values.`,
		"config/cpu-memory/invalid", "api", "malformed", Fields{}},
	{"", `An error occurred (InvalidParameterException) when calling the CreateService operation: The provided target group arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/abc has target type instance, which is incompatible with the awsvpc network mode specified in the task definition.`,
		"config/lb/target-type", "api", "malformed", Fields{TargetGroup: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/abc"}},
	{SurfaceContainerReason, `OutOfMemoryError: Container killed due to memory usage`, "exit/137-oom-container", "run", "memory", Fields{}},
	{SurfaceServiceEvent, `(service web) (task 0f9de17a6465404e8b1b2356dc13c2f8) (port 80) is unhealthy in (target-group arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123) due to (reason Request timed out).`,
		"health/elb/timeout", "target-health", "network", Fields{Task: "0f9de17a6465404e8b1b2356dc13c2f8", Port: "80", TargetGroup: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123"}},
	{SurfaceServiceEvent, `service web (port 8080) is unhealthy in target-group web due to (reason Health checks failed with these codes: [404])`,
		"health/elb/code-mismatch", "target-health", "unhealthy", Fields{Port: "8080", TargetGroup: "web"}},
	{"", `Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123)`,
		"health/elb/task-killed", "target-health", "unhealthy", Fields{}},
	{"", `Task failed container health checks`, "health/container/unhealthy", "container-health", "unhealthy", Fields{}},
	{SurfaceServiceEvent, `(service web) failed to launch a task with (error ECS was unable to assume the role 'arn:aws:iam::123456789012:role/ecs/taskRole' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.).`,
		"iam/task-role/assume-failed", "assume-role", "permission", Fields{Role: "taskRole"}},
	{"", `Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-0abc1234def567890': InsufficientFreeAddressesInSubnet`,
		"network/eni/no-free-ips", "eni", "capacity", Fields{Subnet: "subnet-0abc1234def567890"}},
	{"", `Timeout waiting for network interface provisioning to complete.`, "network/eni/attach-timeout", "eni", "transient", Fields{}},
	{SurfaceServiceEvent, `(service web) was unable to place a task. Reason: You’ve reached the limit on the number of vCPUs you can run concurrently. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.`,
		"capacity/fargate/vcpu-quota", "placement", "quota", Fields{}},
	{SurfaceServiceEvent, `(service web) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.`,
		"capacity/fargate/unavailable", "placement", "capacity", Fields{}},
	{SurfaceLog, `exec /usr/local/bin/docker-entrypoint.sh: exec format error`, "container-start/exec-format", "container-start", "platform", Fields{EntryPoint: "/usr/local/bin/docker-entrypoint.sh"}},
	{"", `ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve "fs-0abc.efs.us-east-1.amazonaws.com" - check that your file system ID is correct, and ensure that the VPC has an EFS mount target for this file system ID. See https://docs.aws.amazon.com/console/efs/mount-dns-name for more detail. : unsuccessful EFS utils command execution; code: 1`,
		"storage/efs/dns", "efs", "dns", Fields{Host: "fs-0abc.efs.us-east-1.amazonaws.com"}},
	{SurfaceServiceEvent, `(service web) (deployment ecs-svc/1234567890) deployment failed: tasks failed to start.`, "deployment/circuit-breaker/failed", "deployment", "crash", Fields{Deployment: "ecs-svc/1234567890"}},
	{SurfaceServiceEvent, `(service web) is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.`,
		"deployment/start-impaired", "deployment", "crash", Fields{}},
	{SurfaceServiceEvent, `(service web) was unable to reach steady state because (taskSet ecs-svc/42) was unable to scale in due to (reason 2 tasks under protection)`, "deployment/protected-tasks", "deployment", "conflict", Fields{}},
	{"", `exit code 137`, "exit/137", "run", "crash", Fields{ExitCode: "137"}},
}

func TestObserved(t *testing.T) {
	for _, o := range observed {
		r := ReadOne(o.surface, o.text)
		if r.Symptom != o.symptom || r.Step != o.step || r.Nature != o.nature || r.Family != family(o.symptom) {
			t.Errorf("%s\nread as %s (family %s, step %s, nature %s), want %s (step %s, nature %s)", o.text, r.Symptom, r.Family, r.Step, r.Nature, o.symptom, o.step, o.nature)
		}
		if r.Normal {
			t.Errorf("%s\nread as normal", o.text)
		}
		if r.Text != o.text && !slices.Contains(r.Wrappers, "aws-cli") {
			t.Errorf("text changed: %q", r.Text)
		}
		wantFields(t, o.text, r.Fields, o.fields)
	}
}

func wantFields(t *testing.T, text string, got, want Fields) {
	t.Helper()
	g, w := fieldList(got), fieldList(want)
	for i := range w {
		if w[i].value != "" && g[i].value != w[i].value {
			t.Errorf("%s\n%s = %q, want %q", text, w[i].name, g[i].value, w[i].value)
		}
	}
}

type namedField struct{ name, value string }

func fieldList(f Fields) []namedField {
	return []namedField{{"host", f.Host}, {"ip", f.IP}, {"port", f.Port}, {"role", f.Role}, {"action", f.Action}, {"resource", f.Resource}, {"image", f.Image},
		{"registry", f.Registry}, {"repository", f.Repository}, {"tag", f.Tag}, {"digest", f.Digest}, {"secret", f.Secret}, {"json_key", f.JSONKey}, {"parameter", f.Parameter},
		{"subnet", f.Subnet}, {"security_group", f.SecurityGroup}, {"target_group", f.TargetGroup}, {"log_group", f.LogGroup}, {"log_stream", f.LogStream},
		{"platform", f.Platform}, {"exit_code", f.ExitCode}, {"entry_point", f.EntryPoint}, {"deny_reason", f.DenyReason}, {"deployment", f.Deployment}, {"task", f.Task}, {"container", f.Container}}
}

// Messages that mislead: what one would take them for is not what they say.
func TestTraps(t *testing.T) {
	for _, c := range []struct{ why, surface, text, symptom, nature, not string }{
		{"speaks of the log group, is the network", SurfaceStoppedReason,
			`ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed`,
			"logging/awslogs/network", "network", "logging/awslogs/group-missing"},
		{"killed by a deadline, not by memory", SurfaceStoppedReason,
			`ResourceInitializationError: unable to pull secrets or registry auth: pull command failed: : signal: killed`,
			"image-pull/ecr/registry-auth-killed", "network", "exit/137-oom-container"},
		{"the same in the logger", SurfaceStoppedReason, `ResourceInitializationError: failed to validate logger args: : signal: killed`, "logging/awslogs/network", "network", "exit/137-oom-container"},
		{"looks like a crash, is no way to S3", SurfaceStoppedReason,
			`CannotPullContainerError: pull command failed: panic: runtime error: invalid memory address or nil pointer dereference`,
			"image-pull/nil-pointer-panic", "network", "exit/2-misuse"},
		{"137 alone is not memory", "", `Essential container in task exited (exitCode 137)`, "exit/137", "crash", "exit/137-oom-container"},
		{"not a missing group but no room in the cluster's kind", SurfaceServiceEvent, `(service web) was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.`,
			"placement/ec2/no-instances", "capacity", "capacity/fargate/unavailable"},
		{"says EFS, is S3 Files", SurfaceStoppedReason,
			`ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve "euw1-az1.fs-0abc.s3files.eu-west-1.on.aws" - check that your file system ID is correct, and ensure that the VPC has an S3 Files mount target for this file system ID. : unsuccessful EFS utils command execution; code: 1`,
			"storage/s3files/mount", "dns", "storage/efs/dns"},
		{"access to the key, not to the secret", SurfaceStoppedReason,
			`ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:a-AbCdEf from secrets manager: AccessDeniedException: Access to KMS is not allowed`,
			"secrets/asm/kms-denied", "permission", "secrets/asm/access-denied"},
		{"the names are invalid, the call was allowed", SurfaceStoppedReason,
			`ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /x`,
			"secrets/ssm/invalid-parameters", "not-found", "secrets/ssm/access-denied"},
		{"a status code of 0 never reached AWS", SurfaceStoppedReason,
			`ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: There is a connection issue between the task and AWS Secrets Manager. Check your task network configuration. failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:a-AbCdEf from secrets manager: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 0, RequestID: , canceled, context deadline exceeded`,
			"secrets/asm/network", "network", "secrets/asm/access-denied"},
		{"no space in the image, not in the application", SurfaceStoppedReason,
			`CannotPullContainerError: ref pull has been retried 1 time(s): failed to extract layer sha256:8f3c: mount callback failed on /tmp/containerd-mount1: write /tmp/containerd-mount1/x: no space left on device: unknown`,
			"image-pull/no-space", "disk", "storage/ephemeral/full"},
		{"the digest is gone, the tag may be there", SurfaceStoppedReason,
			`CannotPullContainerError: failed to resolve ref 123456789012.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:0a1b2c3d: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:0a1b2c3d: not found`,
			"image-pull/ecr/digest-gone", "not-found", "image-pull/ecr/image-not-found"},
		{"a throttled call that names a subnet", SurfaceRunTaskFailure, `Rate limit exceeded while preparing network interface to be attached to instance`, "network/eni/rate-limited", "throttled", "capacity/fargate/launch-throttled"},
		{"a task killed by its load balancer is not out of memory", SurfaceStoppedReason, `Task failed ELB health checks in (target-group web)`, "health/elb/task-killed", "unhealthy", "exit/137-oom-container"},
		{"an AWS text with the words of a log line", SurfaceStoppedReason, `CannotPullContainerError: a new wording: no such host`, "", "dns", "network/dns/vpc-dns-disabled"},
	} {
		r := ReadOne(c.surface, c.text)
		if r.Symptom != c.symptom || r.Nature != c.nature {
			t.Errorf("%s: %s\nread as %s (%s), want %s (%s), surely not %s", c.why, c.text, r.Symptom, r.Nature, c.symptom, c.nature, c.not)
		}
	}
}

// Messages of healthy operation raise no alarm.
func TestNormal(t *testing.T) {
	for _, c := range []struct{ surface, text string }{
		{SurfaceServiceEvent, `(service web) has reached a steady state.`},
		{SurfaceServiceEvent, `service web has reached a steady state.`},
		{SurfaceServiceEvent, `(service web, taskSet ecs-svc/42) has reached a steady state.`},
		{SurfaceServiceEvent, `(service web) has started 2 tasks: (task 0f9de17a) (task 1f9de17a).`},
		{SurfaceServiceEvent, `(service web) has stopped 1 running tasks: (task 0f9de17a6465404e8b1b2356dc13c2f8).`},
		{SurfaceServiceEvent, `(service web) stopped 3 pending tasks.`},
		{SurfaceServiceEvent, `(service web) registered 2 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123)`},
		{SurfaceServiceEvent, `(service web) deregistered 2 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123)`},
		{SurfaceServiceEvent, `(service web) has begun draining connections on 1 tasks.`},
		{SurfaceServiceEvent, `(service web) (deployment ecs-svc/42) deployment completed.`},
		{SurfaceServiceEvent, `(service web) is AZ balanced with 2 tasks in eu-west-1a, 2 tasks in eu-west-1b.`},
		{SurfaceServiceEvent, `(service web) is not AZ balanced with 3 tasks in eu-west-1a, 1 tasks in eu-west-1b. AZ Rebalancing in progress.`},
		{SurfaceServiceEvent, `(service web) has started 1 tasks in eu-west-1a to AZ Rebalance: (task 0f9de17a).`},
		{SurfaceServiceEvent, `(service web) has stopped 1 running tasks in eu-west-1b due to AZ rebalancing: (task 0f9de17a).`},
		{SurfaceStoppedReason, `Scaling activity initiated by (deployment ecs-svc/1234567890)`},
		{SurfaceStoppedReason, `Scaling activity initiated by deployment ecs-svc/1234567890`},
		{SurfaceStoppedReason, `Service scheduler initiated action by (deployment ecs-svc/1234567890)`},
		{SurfaceStoppedReason, `ECS is performing maintenance on the underlying infrastructure hosting the task.`},
		{SurfaceStoppedReason, `Task stopped by user`},
		{SurfaceStoppedReason, `Your Spot Task was interrupted.`},
		{"", `ECS deployment ecs-svc/1234567890 completed.`},
		{"", `ECS deployment ecs-svc/1234567890 in progress.`},
	} {
		if r := ReadOne(c.surface, c.text); !r.Normal || r.Nature != "normal" {
			t.Errorf("%s\nread as %s (normal %v, nature %s), want normal", c.text, r.Symptom, r.Normal, r.Nature)
		}
	}
}

// Texts as people pass them on: cut, redacted, half quoted.
func TestPassedOn(t *testing.T) {
	for _, c := range []struct{ text, symptom, step, nature string }{
		{`ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 5 time(s): RequestError: send request failed caused by: Post https://api.ecr....`, "image-pull/ecr/registry-auth-network", "registry-auth", "network"},
		{`ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s)`, "", "registry-auth", ""},
		{`ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 5 time(s): RequestCanceled: request context canceled caused by: context deadli...`, "secrets/ssm/network", "parameter", "network"},
		{`TaskFailedToStart: ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:eu-west-1:123456789...`, "", "secret", ""},
		{`ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to get registry auth from asm: service call has been retried 5 time(s): asm fetching secret from the service for ...`, "", "secret", ""},
		{"CannotPullContainerError: pull image manifest has been retried 1 time(s):\nfailed to resolve ref \"123456789012.dkr.ecr.eu-west-3.amazonaws.com/web:abc1234\":\nunexpected status code 403 Forbidden", "image-pull/ecr/batchgetimage-denied", "manifest", "permission"},
		{`CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ***.dkr.ecr.us-east-1.amazonaws.com/web-***:v1: not found`, "image-pull/ecr/image-not-found", "manifest", "not-found"},
		{`CannotPullContainerError: pull image manifest has been retried`, "", "manifest", ""},
		{`STOPPED (Task failed to start)`, "container-start/task-failed-to-start-generic", "container-start", ""},
		{`STOPPED(Essential container in task exited)`, "exit/essential-container-exited", "run", "crash"},
		{`service [web] was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.`, "placement/ec2/no-instances", "placement", "capacity"},
		{"Status reason\tCannotStartContainerError: ResourceInitializationError: unable to create new container: mount callback failed on /tmp/containerd-mount1: open /tmp/containerd-mount1/etc/passwd: no such file or directory", "container-start/generic", "container-start", "not-found"},
	} {
		r := ReadOne("", c.text)
		if r.Symptom != c.symptom || r.Step != c.step || r.Nature != c.nature {
			t.Errorf("%s\nread as %q step %q nature %q, want %q %q %q", c.text, r.Symptom, r.Step, r.Nature, c.symptom, c.step, c.nature)
		}
	}
}

// A wording that nobody has seen still gives its layers.
func TestUnknownWordings(t *testing.T) {
	for _, c := range []struct{ text, family, step, nature string }{
		{`CannotPullContainerError: some new words about 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1: the request ended in i/o timeout`, "image-pull", "pull", "network"},
		{`ResourceInitializationError: the secret in Secrets Manager cannot be handed out: AccessDenied, says the service`, "secrets", "secret", "permission"},
		{`ResourceInitializationError: parameters from AWS Systems Manager: quota of requests: ThrottlingException`, "secrets", "parameter", "throttled"},
		{`CannotStartContainerError: the program is of another world: exec format error of some kind`, "container-start", "container-start", "platform"},
		{`ResourceInitializationError: log driver refused: the log group was not found`, "logging", "log-driver", "not-found"},
		{`Unexpected fault while the network interface was made: there are not enough free addresses`, "network", "eni", "capacity"},
	} {
		r := ReadOne(SurfaceStoppedReason, c.text)
		if r.Family != c.family || r.Step != c.step || r.Nature != c.nature {
			t.Errorf("%s\nread as family %q step %q nature %q (%s), want %q %q %q", c.text, r.Family, r.Step, r.Nature, r.Symptom, c.family, c.step, c.nature)
		}
		if r.Recalled || r.Normal {
			t.Errorf("%s: recalled %v normal %v", c.text, r.Recalled, r.Normal)
		}
	}
	if r := ReadOne("", "good morning"); r.Symptom != "" || r.Family != "" || r.Step != "" || r.Nature != "" || r.Normal || r.Wrappers == nil {
		t.Errorf("small talk was read as %+v", r)
	}
	if r := ReadOne(SurfaceLog, ""); r.Text != "" || r.Symptom != "" || r.Surface != SurfaceLog {
		t.Errorf("nothing was read as %+v", r)
	}
}

// A form from memory never wins over a confirmed one.
func TestRecalledIsLast(t *testing.T) {
	recalled, _ := formFile{Text: "something quite long and specific went wrong here", Recalled: true}.form(0)
	confirmed, _ := formFile{Text: "quite long and specific"}.form(1)
	shape, _ := formFile{Text: "quite <...> specific went", Shape: true}.form(2)
	outer, _ := formFile{Text: "something quite long and specific went wrong", Outer: true}.form(3)
	text := "something quite long and specific went wrong here"
	for _, c := range []struct {
		forms []form
		want  int
	}{
		{[]form{recalled, confirmed, shape, outer}, 1},
		{[]form{recalled, shape, outer}, 2},
		{[]form{outer, recalled}, 0},
	} {
		x := newIndex(c.forms)
		s := x.pool.Get().(*scratch)
		s.q.reset()
		s.q.add(text)
		f, _ := x.best(s, func(*form) bool { return true })
		if f == nil || f.of != c.want {
			t.Errorf("%v won, want form %d", f, c.want)
		}
	}
	r := ReadOne(SurfaceStoppedReason, "CannotPullContainerError: web: toomanyrequests: Rate exceeded")
	if r.Symptom != "image-pull/ecr/throttled" || !r.Recalled {
		t.Errorf("got %s recalled %v, want a recalled image-pull/ecr/throttled", r.Symptom, r.Recalled)
	}
}

func TestSurfaceOfUnknown(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`(service web) has reached a steady state.`, SurfaceServiceEvent},
		{`service web was unable to place a task. Reason: Internal error.`, SurfaceServiceEvent},
		{`CannotPullContainerError: context canceled`, SurfaceStoppedReason},
		{`An error occurred (ClientException) when calling the RunTask operation: TaskDefinition is inactive`, SurfaceRunTaskFailure},
		{`Connection timed out`, SurfaceUnknown},
	} {
		if r := ReadOne("", c.text); r.Surface != c.want {
			t.Errorf("%s: surface %q, want %q", c.text, r.Surface, c.want)
		}
	}
	if !slices.Contains(surfaces, SurfaceLog) || slices.Contains(surfaces, SurfaceUnknown) {
		t.Errorf("surfaces = %v", surfaces)
	}
}
