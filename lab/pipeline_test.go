package lab

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// release deploys a changed revision of orders, with more of the service changed by input, and answers the first task that was made of it.
func release(t *testing.T, w *World, input map[string]any, change func(*ecs.RegisterTaskDefinitionInput)) *task {
	t.Helper()
	in := w.ordersDefinition("1.4.1")
	change(in)
	if _, err := w.register(in); err != nil {
		t.Fatal(err)
	}
	update := map[string]any{"cluster": "shop", "service": "orders", "taskDefinition": "orders"}
	maps.Copy(update, input)
	apply(t, w, []Step{{Service: "ecs", Operation: "UpdateService", Input: update}})
	w.Advance(20 * time.Second)
	d := w.services["shop/orders"].primary()
	made := w.services["shop/orders"].live(d)
	if len(made) == 0 {
		for _, x := range w.services["shop/orders"].tasks {
			if x.launch.deployment == d {
				made = append(made, x)
			}
		}
	}
	if len(made) == 0 {
		t.Fatal("no task was made of the new revision")
	}
	w.Advance(8 * time.Minute)
	return made[0]
}

func inlinePolicy(role, name, document string) Step {
	return Step{Service: "iam", Operation: "PutRolePolicy", Input: map[string]any{"RoleName": role, "PolicyName": name, "PolicyDocument": document}}
}

func doing(actions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + actions + `,"Resource":"*"}]}`
}

func lab(operation string, input map[string]any) Step {
	return Step{Service: "lab", Operation: operation, Input: input}
}

func TestEnvironmentFiles(t *testing.T) {
	file := lab("PutObject", map[string]any{"Bucket": "shop-settings", "Key": "a.env", "Body": "# settings\nLOG_LEVEL=debug\nREGION_NAME=north=1\n"})
	second := lab("PutObject", map[string]any{"Bucket": "shop-settings", "Key": "b.env", "Body": "REGION_NAME=south\nSTAGE=live\n"})
	may := inlinePolicy("orders-execution", "files", doing(`["s3:GetObject","s3:GetBucketLocation"]`))
	for _, c := range []struct {
		name    string
		options Options
		steps   []Step
		want    string // in the stopped reason; "" = it runs
		minutes bool
	}{
		{"no permission", Options{}, []Step{file, second}, "operation error S3: GetBucketLocation, https response error StatusCode: 403", false},
		{"only the bucket's place", Options{}, []Step{file, second, inlinePolicy("orders-execution", "files", doing(`"s3:GetBucketLocation"`))}, "operation error S3: HeadObject, https response error StatusCode: 403", false},
		{"not there", Options{}, []Step{file, may}, "operation error S3: HeadObject, https response error StatusCode: 403", false},
		{"not there, and may list", Options{}, []Step{file, may, inlinePolicy("orders-execution", "list", doing(`"s3:ListBucket"`))}, "StatusCode: 404", false},
		{"no way", Options{Endpoints: true}, []Step{file, second, may, {Service: "ec2", Operation: "DeleteVpcEndpoints", Input: map[string]any{"VpcEndpointIds": []any{"${endpoint:s3}"}}}}, "There is a connection issue between the task and Amazon S3", true},
		{"the task role's permission", Options{}, []Step{file, second, inlinePolicy("orders-task", "files", doing(`"s3:*"`))}, "StatusCode: 403", false},
		{"all is well", Options{}, []Step{file, second, may}, "", false},
	} {
		c.options.Seed = 3
		w := New(c.options)
		apply(t, w, c.steps)
		x := release(t, w, nil, func(in *ecs.RegisterTaskDefinitionInput) {
			for _, key := range []string{"a.env", "b.env"} {
				in.ContainerDefinitions[0].EnvironmentFiles = append(in.ContainerDefinitions[0].EnvironmentFiles, ecstypes.EnvironmentFile{Type: ecstypes.EnvironmentFileTypeS3, Value: aws.String("arn:aws:s3:::shop-settings/" + key)})
			}
		})
		reason := aws.ToString(x.StoppedReason)
		if c.want == "" {
			env := x.containers[0].env
			if !x.is("RUNNING") || env["LOG_LEVEL"] != "info" || env["REGION_NAME"] != "north=1" || env["STAGE"] != "live" {
				t.Errorf("%s: %s %s, %v", c.name, aws.ToString(x.LastStatus), reason, env)
			}
			continue
		}
		if !strings.HasPrefix(reason, envFileError) || !strings.Contains(reason, c.want) {
			t.Errorf("%s: %q, want %q", c.name, reason, c.want)
		} else if took := x.StoppingAt.Sub(*x.CreatedAt); took > 2*time.Minute != c.minutes {
			t.Errorf("%s: it took %s", c.name, took)
		}
	}
}

func TestTheFirstPullFillsTheCache(t *testing.T) {
	secret := Step{Service: "secretsmanager", Operation: "CreateSecret", As: "login", Input: map[string]any{"Name": "ecr-pullthroughcache/hub", "SecretString": "{}"}}
	rule := Step{Service: "ecr", Operation: "CreatePullThroughCacheRule", Input: map[string]any{"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": "${login.ARN}"}}
	may := inlinePolicy("orders-execution", "fill", doing(`["ecr:CreateRepository","ecr:BatchImportUpstreamImage"]`))
	limited := lab("LimitDockerHub", map[string]any{"Limited": true})
	gone := Step{Service: "secretsmanager", Operation: "DeleteSecret", Input: map[string]any{"SecretId": "${login.ARN}"}}
	for _, c := range []struct {
		name, image string
		steps       []Step
		want        string
	}{
		{"well, past the limit", "hub/library/nginx:1.27", []Step{secret, rule, may, limited}, ""},
		{"no rule", "hub/library/nginx:1.27", []Step{may}, "hub/library/nginx:1.27: not found"},
		{"may not import", "hub/library/nginx:1.27", []Step{secret, rule, inlinePolicy("orders-execution", "fill", doing(`"ecr:CreateRepository"`))}, ": not found"},
		{"no such tag", "hub/library/nginx:0.1", []Step{secret, rule, may}, ": not found"},
		{"without library", "hub/nginx:1.27", []Step{secret, rule, may}, "403 Forbidden"},
		{"the secret is deleted", "hub/library/nginx:1.27", []Step{secret, rule, may, gone}, "UnableToGetUpstreamImageException"},
	} {
		w := New(Options{Seed: 4, Endpoints: true})
		apply(t, w, c.steps)
		x := release(t, w, nil, func(in *ecs.RegisterTaskDefinitionInput) {
			in.ContainerDefinitions = append(in.ContainerDefinitions, ecstypes.ContainerDefinition{Name: aws.String("proxy"), Image: aws.String(w.registryHost() + "/" + c.image), Essential: aws.Bool(true)})
		})
		reason := aws.ToString(x.StoppedReason)
		if c.want != "" && !strings.Contains(reason, c.want) || c.want == "" && !x.is("RUNNING") {
			t.Errorf("%s: %s %q, want %q", c.name, aws.ToString(x.LastStatus), reason, c.want)
		}
		if made := w.repositories["hub/library/nginx"] != nil; made != (c.want == "") {
			t.Errorf("%s: a repository was made: %v", c.name, made)
		}
	}
	w := New(Options{Seed: 4})
	if err := w.Apply([]Step{{Service: "ecr", Operation: "CreatePullThroughCacheRule", Input: map[string]any{"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io"}}}); err == nil {
		t.Error("a rule for Docker Hub without a login is made")
	}
}

func TestTheLogRouterSendsAsTheTaskRole(t *testing.T) {
	well := map[string]string{"Name": "cloudwatch_logs", "log_group_name": "/ecs/orders", "log_stream_prefix": "via-"}
	may := inlinePolicy("orders-task", "log", doing(`["logs:CreateLogStream","logs:PutLogEvents"]`))
	for _, c := range []struct {
		name      string
		options   map[string]string
		firelens  map[string]string
		steps     []Step
		runs      bool
		delivered bool
		says      string // in the router's log, or in the stopped reason
	}{
		{"well", well, nil, []Step{may}, true, true, "fluent bit"},
		{"the execution role's permission is not the router's", well, nil, []Step{inlinePolicy("orders-execution", "log", doing(`"logs:*"`))}, true, false, "is not authorized to perform: logs:CreateLogStream"},
		{"no such group", map[string]string{"Name": "cloudwatch_logs", "log_group_name": "/none"}, nil, []Step{may}, true, false, "ResourceNotFoundException"},
		{"an output elsewhere", map[string]string{"Name": "datadog"}, nil, nil, true, false, "fluent bit"},
		{"no output of that name", map[string]string{"Name": "cloudwatchlogs"}, nil, []Step{may}, false, false, "tried to instance a plugin name that does not exist"},
		{"no output named", map[string]string{"region": "eu-west-1"}, nil, nil, false, false, "missing output key Name which is required for firelens configuration of type fluentbit"},
		{"a file in S3", well, map[string]string{"config-file-type": "s3", "config-file-value": "arn:aws:s3:::a/b.conf"}, nil, false, false, "unable to download firelens s3 config file"},
	} {
		w := New(Options{Seed: 5})
		apply(t, w, c.steps)
		x := release(t, w, nil, func(in *ecs.RegisterTaskDefinitionInput) {
			own := *in.ContainerDefinitions[0].LogConfiguration
			in.ContainerDefinitions[0].LogConfiguration = &ecstypes.LogConfiguration{LogDriver: ecstypes.LogDriverAwsfirelens, Options: c.options}
			in.ContainerDefinitions = append(in.ContainerDefinitions, ecstypes.ContainerDefinition{Name: aws.String("router"), Image: aws.String("public.ecr.aws/aws-observability/aws-for-fluent-bit:stable"),
				Essential: aws.Bool(true), LogConfiguration: &own, FirelensConfiguration: &ecstypes.FirelensConfiguration{Type: ecstypes.FirelensConfigurationTypeFluentbit, Options: c.firelens}})
		})
		if x.is("RUNNING") != c.runs {
			t.Errorf("%s: the task is %s: %s", c.name, aws.ToString(x.LastStatus), aws.ToString(x.StoppedReason))
		}
		streams := w.logGroups["/ecs/orders"].streams
		if s := streams["via-orders-firelens-"+x.id]; (s != nil && len(s.events) > 0) != c.delivered {
			t.Errorf("%s: delivered is not %v", c.name, c.delivered)
		}
		said := aws.ToString(x.StoppedReason)
		if s := streams["orders/router/"+x.id]; s != nil {
			for _, e := range s.events {
				said += "\n" + e.Message
			}
		}
		if !strings.Contains(said, c.says) {
			t.Errorf("%s: nobody says %q:\n%s", c.name, c.says, said)
		}
		if c.name == "well" { // the router ends alone: nothing is lost to the program, and its lines are
			w.exit(x, x.containers[1], 1, "")
			if !x.stopping() {
				t.Error("an essential router ended and the task runs on")
			}
		}
	}
}

func TestVolumesAreMadeByTheInfrastructureRole(t *testing.T) {
	role := func(service string) Step {
		return Step{Service: "iam", Operation: "CreateRole", Input: map[string]any{"RoleName": "volumes",
			"AssumeRolePolicyDocument": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`}}
	}
	may := Step{Service: "iam", Operation: "AttachRolePolicy", Input: map[string]any{"RoleName": "volumes", "PolicyArn": "arn:aws:iam::aws:policy/service-role/AmazonECSInfrastructureRolePolicyForVolumes"}}
	key := Step{Service: "kms", Operation: "CreateKey", As: "key", Input: map[string]any{"Description": "volumes"}}
	for _, c := range []struct {
		name    string
		steps   []Step
		volume  map[string]any
		want    string
		minutes bool
	}{
		{"well", []Step{role("ecs.amazonaws.com"), may}, nil, "", false},
		{"no role", nil, nil, "ECS was unable to assume the configured ECS Infrastructure Role", false},
		{"another service is trusted", []Step{role("ecs-tasks.amazonaws.com"), may}, nil, "ECS was unable to assume the configured ECS Infrastructure Role", false},
		{"it may not", []Step{role("ecs.amazonaws.com")}, nil, "UnauthorizedOperation", false},
		{"it may not use the key", []Step{role("ecs.amazonaws.com"), may, key}, map[string]any{"encrypted": true, "kmsKeyId": "${key.KeyMetadata.Arn}"}, "IdempotentParameterMismatch", false},
		{"it may use the key", []Step{role("ecs.amazonaws.com"), may, key, inlinePolicy("volumes", "key", doing(`"kms:*"`))}, map[string]any{"encrypted": true, "kmsKeyId": "${key.KeyMetadata.Arn}"}, "", false},
		{"no such snapshot", []Step{role("ecs.amazonaws.com"), may}, map[string]any{"snapshotId": "snap-1"}, "InvalidSnapshot.NotFound", false},
		{"another file system", []Step{role("ecs.amazonaws.com"), may, lab("MakeSnapshot", map[string]any{"SnapshotId": "snap-1", "Filesystem": "ext4"})}, map[string]any{"snapshotId": "snap-1", "filesystemType": "xfs"}, "ECS timed out while configuring the EBS volume", true},
	} {
		w := New(Options{Seed: 6})
		volume := map[string]any{"roleArn": "arn:aws:iam::" + w.Account + ":role/volumes", "sizeInGiB": 10}
		maps.Copy(volume, c.volume)
		in := w.ordersDefinition("1.4.1")
		in.Volumes = []ecstypes.Volume{{Name: aws.String("data"), ConfiguredAtLaunch: aws.Bool(true)}}
		if _, err := w.register(in); err != nil {
			t.Fatal(err)
		}
		if err := w.Apply([]Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders", "taskDefinition": "orders"}}}); err == nil {
			t.Error("a volume is left without its configuration")
		}
		apply(t, w, append(c.steps, Step{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders", "taskDefinition": "orders",
			"volumeConfigurations": []any{map[string]any{"name": "data", "managedEBSVolume": volume}}}}))
		w.Advance(20 * time.Second)
		var x *task
		for _, o := range w.services["shop/orders"].tasks {
			if x == nil && len(o.launch.volumes) > 0 {
				x = o
			}
		}
		w.Advance(8 * time.Minute)
		reason := aws.ToString(x.StoppedReason)
		switch {
		case c.want == "" && (!x.is("RUNNING") || aws.ToString(x.Attachments[1].Status) != "ATTACHED"):
			t.Errorf("%s: %s %s", c.name, aws.ToString(x.LastStatus), reason)
		case c.want != "" && (!strings.Contains(reason, c.want) || x.PullStartedAt != nil):
			t.Errorf("%s: %q, want %q before any pull", c.name, reason, c.want)
		case c.want != "" && x.StoppingAt.Sub(*x.CreatedAt) > 2*time.Minute != c.minutes:
			t.Errorf("%s: it took %s", c.name, x.StoppingAt.Sub(*x.CreatedAt))
		}
	}
}

// TestTheLaunchRate: more than a bucket full of tasks is late, not lost, and nobody counts it as a failure.
func TestTheLaunchRate(t *testing.T) {
	w := New(Options{Seed: 7})
	apply(t, w, []Step{lab("SetVcpuQuota", map[string]any{"Count": 100}), {Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders", "desiredCount": 116}}})
	s := w.services["shop/orders"]
	w.Advance(4 * time.Second)
	if n := len(s.live(nil)); n < 100 || n > 110 {
		t.Errorf("%d tasks were launched at once", n)
	}
	w.Advance(2 * time.Minute)
	throttled := 0
	for _, e := range s.events {
		if strings.Contains(*e.Message, "operations are being throttled") {
			throttled++
		}
	}
	if running, _ := count(s.live(nil)); throttled != 1 || running != 116 || s.primary().FailedTasks != 0 {
		t.Errorf("%d events, %d tasks run, %d failed", throttled, running, s.primary().FailedTasks)
	}
}
