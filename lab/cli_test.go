package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// commandLine is the real aws command line with a lab.
type commandLine struct {
	aws string
	env []string
	url string
	cfg aws.Config
	w   *World
}

// newCommandLine serves an account and sets aws up for it; it skips the test where there is no aws.
func newCommandLine(t *testing.T, w *World) commandLine {
	t.Helper()
	path, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("SKIPPED, NOT PASSED: the aws command line is not on PATH; install awscli to run this test")
	}
	s := httptest.NewServer(w.Handler())
	t.Cleanup(s.Close)
	dir := t.TempDir()
	config := dir + "/config"
	if err := os.WriteFile(config, []byte("[default]\ncli_timestamp_format = iso8601\noutput = json\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := commandLine{aws: path, url: s.URL, w: w, cfg: aws.Config{Region: w.Region, BaseEndpoint: aws.String(s.URL), Credentials: credentials.NewStaticCredentialsProvider("lab", "lab", "")}}
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "AWS_") && !strings.HasPrefix(strings.ToLower(e), "http_proxy=") {
			c.env = append(c.env, e)
		}
	}
	c.env = append(c.env, "AWS_ENDPOINT_URL="+s.URL, "AWS_ACCESS_KEY_ID=lab", "AWS_SECRET_ACCESS_KEY=lab", "AWS_DEFAULT_REGION="+w.Region, "AWS_REGION="+w.Region, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_PAGER=", "AWS_CONFIG_FILE="+config, "AWS_SHARED_CREDENTIALS_FILE="+dir+"/credentials", "AWS_MAX_ATTEMPTS=1", "TZ=UTC")
	return c
}

// run runs a command; placeholders in it stand for the account's resources.
func (c commandLine) run(t *testing.T, args string) (stdout, stderr string, ok bool) {
	t.Helper()
	args, err := c.w.Resolve(args)
	if err != nil {
		t.Fatal(err)
	}
	return c.words(strings.Fields(args))
}

// words runs a command given word for word.
func (c commandLine) words(words []string) (stdout, stderr string, ok bool) {
	if words[0] == "sqs" { // version 1 takes no address for it from the environment
		words = append(words, "--endpoint-url", c.url)
	}
	cmd := exec.Command(c.aws, words...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = c.env, &out, &errs
	err := cmd.Run()
	return out.String(), strings.TrimSpace(errs.String()), err == nil
}

// one drops the error of a call's answer into any.
func one[T any](out T, err error) (any, error) { return out, err }

// cliRead is a command and the same call through the SDK.
type cliRead struct {
	args string
	sdk  func(context.Context, aws.Config, *World) (any, error)
}

func idOf(w *World, name string) string {
	id, err := w.Resolve("${" + name + "}")
	if err != nil {
		panic(err) // a name of the base world
	}
	return id
}

var cliReads = []cliRead{
	{"ecs list-clusters", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(ecs.NewFromConfig(c).ListClusters(ctx, nil))
	}},
	{"ecs describe-services --cluster shop --services orders web nothing", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(ecs.NewFromConfig(c).DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String("shop"), Services: []string{"orders", "web", "nothing"}}))
	}},
	{"ecs list-tasks --cluster shop --service-name web", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(ecs.NewFromConfig(c).ListTasks(ctx, &ecs.ListTasksInput{Cluster: aws.String("shop"), ServiceName: aws.String("web")}))
	}},
	{"ecs describe-tasks --cluster shop --tasks ${task:orders}", func(ctx context.Context, c aws.Config, w *World) (any, error) {
		return one(ecs.NewFromConfig(c).DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String("shop"), Tasks: []string{idOf(w, "task:orders")}}))
	}},
	{"ecs describe-task-definition --task-definition orders", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(ecs.NewFromConfig(c).DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("orders")}))
	}},
	{"ec2 describe-subnets --filters Name=vpc-id,Values=${vpc:shop}", func(ctx context.Context, c aws.Config, w *World) (any, error) {
		return one(ec2.NewFromConfig(c).DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{idOf(w, "vpc:shop")}}}}))
	}},
	{"ec2 describe-route-tables", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(ec2.NewFromConfig(c).DescribeRouteTables(ctx, nil))
	}},
	{"ec2 describe-security-groups", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(ec2.NewFromConfig(c).DescribeSecurityGroups(ctx, nil))
	}},
	{"ec2 describe-network-interfaces", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(ec2.NewFromConfig(c).DescribeNetworkInterfaces(ctx, nil))
	}},
	{"iam list-roles", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(iam.NewFromConfig(c).ListRoles(ctx, nil))
	}},
	{"iam get-role --role-name orders-execution", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(iam.NewFromConfig(c).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("orders-execution")}))
	}},
	{"iam get-role-policy --role-name orders-execution --policy-name read-db-secret", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(iam.NewFromConfig(c).GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: aws.String("orders-execution"), PolicyName: aws.String("read-db-secret")}))
	}},
	{"sts get-caller-identity", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(sts.NewFromConfig(c).GetCallerIdentity(ctx, nil))
	}},
	{"ecr describe-repositories", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(ecr.NewFromConfig(c).DescribeRepositories(ctx, nil))
	}},
	{"ecr describe-images --repository-name shop/orders", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(ecr.NewFromConfig(c).DescribeImages(ctx, &ecr.DescribeImagesInput{RepositoryName: aws.String("shop/orders")}))
	}},
	{"logs describe-log-groups", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(cloudwatchlogs.NewFromConfig(c).DescribeLogGroups(ctx, nil))
	}},
	{"logs filter-log-events --log-group-name /ecs/orders", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(cloudwatchlogs.NewFromConfig(c).FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/ecs/orders")}))
	}},
	{"secretsmanager list-secrets", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(secretsmanager.NewFromConfig(c).ListSecrets(ctx, nil))
	}},
	{"secretsmanager describe-secret --secret-id shop/db", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(secretsmanager.NewFromConfig(c).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("shop/db")}))
	}},
	{"ssm describe-parameters", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(ssm.NewFromConfig(c).DescribeParameters(ctx, nil))
	}},
	{"ssm get-parameter --name /shop/search-url", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(ssm.NewFromConfig(c).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/shop/search-url")}))
	}},
	{"elbv2 describe-target-groups", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(elb.NewFromConfig(c).DescribeTargetGroups(ctx, nil))
	}},
	{"elbv2 describe-target-health --target-group-arn ${target-group:web}", func(ctx context.Context, c aws.Config, w *World) (any, error) {
		return one(elb.NewFromConfig(c).DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(idOf(w, "target-group:web"))}))
	}},
	{"elbv2 describe-rules --listener-arn ${listener:web}", func(ctx context.Context, c aws.Config, w *World) (any, error) {
		return one(elb.NewFromConfig(c).DescribeRules(ctx, &elb.DescribeRulesInput{ListenerArn: aws.String(idOf(w, "listener:web"))}))
	}},
	{"cloudtrail lookup-events", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(cloudtrail.NewFromConfig(c).LookupEvents(ctx, nil))
	}},
	{"application-autoscaling describe-scalable-targets --service-namespace ecs", func(ctx context.Context, c aws.Config, _ *World) (any, error) {
		return one(applicationautoscaling.NewFromConfig(c).DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: "ecs"}))
	}},
}

// TestCLIReads: the aws command line, which shares no code with the Go SDK, reads the same from the lab as the SDK does.
func TestCLIReads(t *testing.T) {
	t.Parallel()
	w := New(Options{Seed: 1, Web: true})
	apply(t, w, []Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders", "forceNewDeployment": true}}})
	w.Advance(20 * time.Minute) // so that there are stopped tasks, events and a trail
	c := newCommandLine(t, w)
	inPairs(t, cliReads, func(r cliRead) string { return r.args }, func(t *testing.T, r cliRead) {
		stdout, stderr, ok := c.run(t, r.args)
		if !ok {
			t.Fatalf("aws %s: %s", r.args, stderr)
		}
		want, err := r.sdk(t.Context(), c.cfg, w)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tree(t, string(text)), tree(t, stdout)); d != "" {
			t.Errorf("aws %s: SDK (-) and command line (+) differ:\n%s", r.args, d)
		}
	})
}

// TestCLIReadsEveryService: a service without commands of its own above is read by those of its operations that need no input, and compared
// with the lab's generic client.
func TestCLIReadsEveryService(t *testing.T) {
	t.Parallel()
	w := New(Options{Seed: 1, Web: true})
	c := newCommandLine(t, w)
	var todo []wire.Operation
	count := map[string]int{}
	for _, o := range w.front.Operations {
		mine := slices.ContainsFunc(cliReads, func(r cliRead) bool { return strings.HasPrefix(r.args, cliName(o.Service)+" ") })
		if !mine && !strings.HasPrefix(o.Name, "Put") && readOnly(o.Name) && count[o.Service] < 3 {
			todo = append(todo, o)
			count[o.Service]++
		}
	}
	generic := wire.Client{Endpoint: c.url, Region: w.Region}
	inPairs(t, todo, func(o wire.Operation) string { return o.Service + " " + o.Name }, func(t *testing.T, o wire.Operation) {
		want, err := generic.Call(t.Context(), o.Service, o.Name, nil)
		stdout, stderr, _ := c.run(t, cliName(o.Service)+" "+kebab(o.Name))
		if e, ok := err.(*wire.Error); ok {
			if !strings.Contains(stderr, "("+e.Code+")") && !strings.Contains(stderr, "required") {
				t.Errorf("the lab answers %v, aws says %s", e, stderr)
			}
			return
		}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if stdout != "" {
			if d := cmp.Diff(tree(t, string(text)), tree(t, stdout)); d != "" {
				t.Errorf("client (-) and command line (+) differ:\n%s", d)
			}
		} else if strings.Contains(stderr, "error") && !strings.Contains(stderr, "required") {
			t.Errorf("aws: %s", stderr)
		}
	})
}

// TestCLIWrites: what the command line changes is changed, as the SDK reads it, and its errors are AWS's.
func TestCLIWrites(t *testing.T) {
	t.Parallel()
	w := New(Options{Seed: 1, Web: true})
	c := newCommandLine(t, w)
	for _, x := range []struct {
		args, want string // want: in the output, or in the error of a refused command
	}{
		{"ecs update-service --cluster shop --service orders --desired-count 1", `"desiredCount": 1`},
		{"ecs stop-task --cluster shop --task ${task:catalog} --reason look", `"stoppedReason": "look"`},
		{"ecs update-service --cluster shop --service nothing --desired-count 1", "(ServiceNotFoundException) when calling the UpdateService operation"},
		{"ecs describe-services --cluster nothing --services a", "(ClusterNotFoundException) when calling the DescribeServices operation: Cluster not found."},
		{"ec2 create-security-group --group-name cli --description d --vpc-id ${vpc:shop}", `"GroupId": "sg-`},
		{"ec2 authorize-security-group-ingress --group-id ${sg:cli} --protocol tcp --port 443 --cidr 10.0.0.0/16", `"CidrIpv4": "10.0.0.0/16"`},
		{"ec2 describe-security-groups --filters Name=group-name,Values=cli Name=ip-permission.cidr,Values=10.0.0.0/16", `"ToPort": 443`},
		{"ec2 delete-route --route-table-id ${route-table:private} --destination-cidr-block 203.0.113.0/24", "(InvalidRoute.NotFound) when calling the DeleteRoute operation"},
		{`iam put-role-policy --role-name orders-task --policy-name p --policy-document {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}`, ""},
		{"iam get-role-policy --role-name orders-task --policy-name p", `"Action": "s3:Get*"`},
		{"iam detach-role-policy --role-name orders-task --policy-arn arn:aws:iam::aws:policy/AdministratorAccess", "(NoSuchEntity) when calling the DetachRolePolicy operation"},
		{"ecr set-repository-policy --repository-name shop/orders --policy-text {\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"ecr:*\"}]}", `"repositoryName": "shop/orders"`},
		{"ecr get-repository-policy --repository-name shop/orders", `ecr:*`},
		{"logs create-log-group --log-group-name /cli", ""},
		{"logs put-retention-policy --log-group-name /cli --retention-in-days 7", ""},
		{"logs describe-log-groups --log-group-name-prefix /cli", `"retentionInDays": 7`},
		{"logs create-log-group --log-group-name /cli", "(ResourceAlreadyExistsException) when calling the CreateLogGroup operation"},
		{"secretsmanager put-secret-value --secret-id shop/db --secret-string new", `"AWSCURRENT"`},
		{"secretsmanager get-secret-value --secret-id shop/db", `"SecretString": "new"`},
		{"ssm put-parameter --name /shop/search-url --value search.internal --type String --overwrite", `"Version": 2`},
		{"ssm get-parameter --name /shop/search-url", `"Value": "search.internal"`},
		{"ssm get-parameter --name /none", "(ParameterNotFound) when calling the GetParameter operation"},
		{"elbv2 modify-target-group --target-group-arn ${target-group:web} --health-check-path /ready", `"HealthCheckPath": "/ready"`},
		{"elbv2 modify-target-group-attributes --target-group-arn ${target-group:web} --attributes Key=deregistration_delay.timeout_seconds,Value=7", `"Value": "7"`},
		{"sts assume-role --role-arn ${role:orders-task} --role-session-name me", "(AccessDenied) when calling the AssumeRole operation"},
	} {
		stdout, stderr, ok := c.run(t, x.args)
		switch {
		case strings.HasPrefix(x.want, "(") && (ok || !strings.Contains(stderr, x.want)), !strings.HasPrefix(x.want, "(") && (!ok || !strings.Contains(stdout, x.want)):
			t.Errorf("aws %s: ok %t\n%s%s\nwant %s", x.args, ok, stdout, stderr, x.want)
		}
	}
	out, err := ecs.NewFromConfig(c.cfg).DescribeServices(t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("shop"), Services: []string{"orders"}})
	if err != nil || len(out.Services) != 1 || out.Services[0].DesiredCount != 1 {
		t.Errorf("the SDK does not see what the command line changed: %v %+v", err, out)
	}
}

// TestCLIWaits: aws ecs wait services-stable waits for a rollout in an account whose clock runs, and gives up on nothing that is well.
func TestCLIWaits(t *testing.T) {
	t.Parallel()
	w, s := started(t, "wrong-hat", 3)
	c := newCommandLine(t, w)
	apply(t, w, s.Solve)
	apply(t, w, []Step{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": "shop", "service": "orders", "forceNewDeployment": true}}})
	if w.Healed(s.Target, 0) == nil {
		t.Fatal("there is nothing to wait for")
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { // the clock runs once the command has looked, so that it has something to wait for however slowly it starts
		defer close(done)
		for looks(w) == 0 && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		w.Run(ctx, 60)
	}()
	_, stderr, ok := c.run(t, "ecs wait services-stable --cluster shop --services orders")
	cancel()
	<-done
	if !ok || w.Healed(s.Target, 0) != nil {
		t.Errorf("the wait ended with %q; the service: %v", stderr, w.Healed(s.Target, 0))
	}
	if n := looks(w); n < 2 {
		t.Errorf("%d looks at the service: it was not waited for", n)
	}
}

// looks counts the calls that read a service.
func looks(w *World) (n int) {
	for _, call := range w.Calls() {
		if call.Operation == "DescribeServices" {
			n++
		}
	}
	return n
}

// inPairs runs a check for each element as a subtest, two at a time: each starts a process of half a second.
func inPairs[T any](t *testing.T, list []T, name func(T) string, check func(*testing.T, T)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 2)
	for _, e := range list {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wg.Done() }()
			t.Run(name(e), func(t *testing.T) { check(t, e) })
		}()
	}
	wg.Wait()
}

// cliName is what the command line calls a service, by its signing name.
func cliName(service string) string {
	if n := map[string]string{"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch", "elasticfilesystem": "efs", "servicequotas": "service-quotas", "codedeploy": "deploy"}[service]; n != "" {
		return n
	}
	return service
}

var (
	hump    = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	acronym = regexp.MustCompile(`([A-Z]+)([A-Z][a-z])`)
)

// kebab is what the command line calls an operation.
func kebab(operation string) string {
	return strings.ToLower(hump.ReplaceAllString(acronym.ReplaceAllString(operation, "$1-$2"), "$1-$2"))
}

// tree reads an answer into a form that both clients share: small first letters, no zero values, times in UTC, policy documents as objects.
func tree(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
	return common(v)
}

func common(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if e := common(v[k]); e != nil && k != "ResultMetadata" {
				out[strings.ToLower(k[:1])+k[1:]] = e
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case []any:
		if len(v) == 0 {
			return nil
		}
		out := make([]any, len(v))
		for i := range v {
			out[i] = common(v[i])
		}
		return out
	case string:
		if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return at.UTC().Truncate(time.Second).String()
		}
		if doc, err := url.QueryUnescape(v); err == nil && strings.HasPrefix(doc, "{") {
			var policy any
			if json.Unmarshal([]byte(doc), &policy) == nil {
				return common(policy)
			}
		}
		if v == "" {
			return nil
		}
		return v
	case float64:
		if v == 0 {
			return nil
		}
		return fmt.Sprint(v)
	case bool:
		if !v {
			return nil
		}
	}
	return v
}
