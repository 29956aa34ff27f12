package message

import (
	"slices"
	"strings"
	"testing"
)

const denied = `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf from secrets manager: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/ecsTaskExecutionRole/0123456789abcdef is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf because no identity-based policy allows the secretsmanager:GetSecretValue action`

func TestWrappers(t *testing.T) {
	for _, c := range []struct {
		name, text string
		wrappers   []string
		symptom    string
		clean      string // "" = not looked at
	}{
		{"Terraform", "╷\n│ Error: creating ECS Service (web): operation error ECS: CreateService, https response error StatusCode: 400, RequestID: 6f, InvalidParameterException: The target group with targetGroupArn arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/abc does not have an associated load balancer.\n│ \n│   with aws_ecs_service.web,\n│   on main.tf line 12, in resource \"aws_ecs_service\" \"web\":\n╵",
			[]string{"frame", "sdk-operation-error"}, "config/lb/no-listener", ""},
		{"CloudFormation", `Resource handler returned message: "Invalid request provided: CreateService error: Unable to assume the service linked role. Please verify that the ECS service linked role exists. (Service: AmazonECS; Status Code: 400; Error Code: InvalidParameterException; Request ID: 1; Proxy: null)" (RequestToken: 2, HandlerErrorCode: InvalidRequest)`,
			[]string{"resource-handler"}, "iam/service-linked-role/missing", ""},
		{"CDK", "10:31:05 AM | CREATE_FAILED        | AWS::ECS::Service | Service9571FDD8\nResource handler returned message: \"Invalid request provided: CreateService error: The container web did not have a container port 8080 defined.\"",
			[]string{"timestamp", "resource-handler"}, "config/lb/container-port-missing", ""},
		{"AWS command line", "\nAn error occurred (InvalidParameterException) when calling the RunTask operation: No Container Instances were found in your cluster.\n",
			[]string{"aws-cli"}, "placement/ec2/no-instances", "InvalidParameterException: No Container Instances were found in your cluster."},
		{"botocore", "botocore.errorfactory.InvalidParameterException: An error occurred (InvalidParameterException) when calling the RunTask operation: No Container Instances were found in your cluster.",
			[]string{"aws-cli"}, "placement/ec2/no-instances", ""},
		{"CI log", "2026-01-31T10:00:00.1234567Z ##[error]CannotPullContainerError: context canceled", []string{"timestamp", "log-level"}, "image-pull/context-canceled", "CannotPullContainerError: context canceled"},
		{"quoted mail", "> CannotPullContainerError: pull image manifest has been retried 1 time(s): image Manifest\n> does not contain descriptor matching platform 'linux/amd64'",
			[]string{"quote"}, "image-pull/platform-mismatch", "CannotPullContainerError: pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'"},
		{"colours", "\x1b[31mTask failed container health checks\x1b[0m", []string{"colour"}, "health/container/unhealthy", "Task failed container health checks"},
		{"service event around a stopped reason", "(service web) was unable to place a task. Reason: CannotPullContainerError: invalid reference format", []string{"unable-to-place-a-task"}, "image-pull/invalid-reference", ""},
		{"three deep", "2026-01-31 10:00:00 (service web) was unable to place a task. Reason: TaskFailedToStart: RESOURCE:CPU", []string{"timestamp", "unable-to-place-a-task", "task-failed-to-start"}, "placement/ec2/insufficient-cpu", ""},
		{"an answer of the API", `{"tasks": [{"stopCode": "TaskFailedToStart", "stoppedReason": "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'"}]}`,
			[]string{"json"}, "image-pull/platform-mismatch", "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'"},
	} {
		r := ReadOne("", c.text)
		if r.Symptom != c.symptom {
			t.Errorf("%s: read as %q, want %q", c.name, r.Symptom, c.symptom)
		}
		if !slices.Equal(r.Wrappers, c.wrappers) {
			t.Errorf("%s: wrappers %v, want %v", c.name, r.Wrappers, c.wrappers)
		}
		if c.clean != "" && r.Text != c.clean {
			t.Errorf("%s: text %q, want %q", c.name, r.Text, c.clean)
		}
	}
}

// Hard wraps break words and ARNs; the values come back whole.
func TestValuesOfWrappedTexts(t *testing.T) {
	want := Fields{Role: "ecsTaskExecutionRole", Action: "secretsmanager:GetSecretValue", Secret: "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf", DenyReason: "no-identity-policy"}
	for width := 50; width <= 130; width++ {
		for _, between := range []string{"\n", "\r\n", "\n│ ", "\n> "} {
			text := wrap(denied, width, between)
			if between == "\n│ " {
				text = "│ " + text
			} else if between == "\n> " {
				text = "> " + text
			}
			r := ReadOne("", text)
			if r.Symptom != "secrets/asm/access-denied" {
				t.Fatalf("width %d: read as %q", width, r.Symptom)
			}
			wantFields(t, text, r.Fields, want)
			if r.Text != denied {
				t.Errorf("width %d: text is %q", width, r.Text)
			}
		}
	}
}

func TestJoinedFailures(t *testing.T) {
	const head = `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): `
	for _, c := range []struct {
		name, text string
		want       []string // symptom of each, with the secret or parameter after a space
	}{
		{"two secrets", head + `failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:a-AbCdEf from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.; failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:b-AbCdEf from secrets manager: InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.`,
			[]string{"secrets/asm/not-found secret:a-AbCdEf", "secrets/asm/marked-for-deletion secret:b-AbCdEf"}},
		{"a secret and a parameter", head + `retrieved secret from Secrets Manager did not contain json key A; unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /b`,
			[]string{"secrets/asm/json-key-missing ", "secrets/ssm/invalid-parameters /b"}},
		{"two categories", `CannotPullContainerError: invalid reference format; OutOfMemoryError: Container killed due to memory usage`, []string{"image-pull/invalid-reference ", "exit/137-oom-container "}},
		{"a semicolon that is part of the message", `ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: access denied by server while mounting 127.0.0.1:/' : unsuccessful EFS utils command execution; code: 32`, []string{"storage/efs/access-denied "}},
		{"another one", `DockerTimeoutError: Could not transition to pulled; timed out after waiting 5m0s`, []string{"image-pull/ec2-pull-timeout "}},
	} {
		var got []string
		for _, r := range Read(SurfaceStoppedReason, c.text) {
			name := r.Fields.Parameter
			if i := strings.Index(r.Fields.Secret, "secret:"); i >= 0 {
				name = r.Fields.Secret[i:]
			}
			got = append(got, r.Symptom+" "+name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	r := ReadOne(SurfaceStoppedReason, `ECS is performing maintenance on the underlying infrastructure hosting the task; CannotPullContainerError: invalid reference format`)
	if r.Normal || r.Symptom != "image-pull/invalid-reference" {
		t.Errorf("the most telling is %s, want the failure", r.Symptom)
	}
}

func TestJSONWithSeveralMessages(t *testing.T) {
	text := `{"stoppedReason": "Essential container in task exited", "containers": [{"name": "app", "exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}]}`
	var got []string
	for _, r := range Read("", text) {
		got = append(got, r.Symptom)
	}
	if want := []string{"exit/essential-container-exited", "exit/137-oom-container"}; !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
}

// What is lost by a cut is not made up.
func TestCutBeforeTheReason(t *testing.T) {
	cut := denied[:strings.Index(denied, "AccessDenied")]
	r := ReadOne("", cut+"...")
	if r.Symptom != "" || r.Family != "secrets" || r.Step != "secret" || r.Nature != "" {
		t.Errorf("read as %s (family %s, step %s, nature %s), want only the step", r.Symptom, r.Family, r.Step, r.Nature)
	}
	r = ReadOne("", denied[:strings.Index(denied, " because")-30]+"...")
	if r.Symptom != "secrets/asm/access-denied" {
		t.Errorf("cut after the refusal: read as %s, want the refusal", r.Symptom)
	}
}
