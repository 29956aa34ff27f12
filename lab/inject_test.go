package lab

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// sdk is the SDK's configuration for an account, over HTTP, without retries.
func sdk(t *testing.T, w *World) aws.Config {
	t.Helper()
	s := httptest.NewServer(w.Handler())
	t.Cleanup(s.Close)
	return aws.Config{
		Region: w.Region, BaseEndpoint: aws.String(s.URL), Credentials: credentials.NewStaticCredentialsProvider("lab", "lab", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// codeOf is the code of an AWS error, "" for none.
func codeOf(t *testing.T, err error) string {
	t.Helper()
	var e smithy.APIError
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &e):
		t.Fatalf("not an AWS error: %v", err)
	}
	return e.ErrorCode()
}

// call is one call of one kind, for tables.
type call struct {
	name string
	do   func(context.Context, aws.Config) error
}

var (
	callVpcs = call{"ec2:DescribeVpcs", func(ctx context.Context, c aws.Config) error {
		_, err := ec2.NewFromConfig(c).DescribeVpcs(ctx, nil)
		return err
	}}
	callGroups = call{"ec2:DescribeSecurityGroups", func(ctx context.Context, c aws.Config) error {
		_, err := ec2.NewFromConfig(c).DescribeSecurityGroups(ctx, nil)
		return err
	}}
	callClusters = call{"ecs:ListClusters", func(ctx context.Context, c aws.Config) error {
		_, err := ecs.NewFromConfig(c).ListClusters(ctx, nil)
		return err
	}}
	callTasks = call{"ecs:ListTasks", func(ctx context.Context, c aws.Config) error {
		_, err := ecs.NewFromConfig(c).ListTasks(ctx, &ecs.ListTasksInput{Cluster: aws.String("shop")})
		return err
	}}
	callOrders  = call{"ecs:DescribeServices", describeService("orders")}
	callCatalog = call{"ecs:DescribeServices", describeService("catalog")}
	callScale   = call{"ecs:UpdateService", func(ctx context.Context, c aws.Config) error {
		_, err := ecs.NewFromConfig(c).UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: aws.String("shop"), Service: aws.String("orders"), DesiredCount: aws.Int32(2)})
		return err
	}}
	callRun = call{"ecs:RunTask", func(ctx context.Context, c aws.Config) error {
		_, err := ecs.NewFromConfig(c).RunTask(ctx, &ecs.RunTaskInput{Cluster: aws.String("shop"), TaskDefinition: aws.String("orders")})
		if err != nil && strings.Contains(err.Error(), "Network Configuration must be provided") {
			return nil // it was let through to ECS, which wants more than this table says
		}
		return err
	}}
	callRegister = call{"ecs:RegisterTaskDefinition", func(ctx context.Context, c aws.Config) error {
		_, err := ecs.NewFromConfig(c).RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{Family: aws.String("x"), TaskRoleArn: aws.String("orders-task"),
			ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("x"), Image: aws.String("x")}}})
		return err
	}}
	callRole = call{"iam:GetRole", func(ctx context.Context, c aws.Config) error {
		_, err := iam.NewFromConfig(c).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("orders-task")})
		return err
	}}
	callRoles = call{"iam:ListRoles", func(ctx context.Context, c aws.Config) error {
		_, err := iam.NewFromConfig(c).ListRoles(ctx, nil)
		return err
	}}
	callGroupsOfLogs = call{"logs:DescribeLogGroups", func(ctx context.Context, c aws.Config) error {
		_, err := cloudwatchlogs.NewFromConfig(c).DescribeLogGroups(ctx, nil)
		return err
	}}
	callEvents = call{"logs:FilterLogEvents", func(ctx context.Context, c aws.Config) error {
		_, err := cloudwatchlogs.NewFromConfig(c).FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/ecs/orders")})
		return err
	}}
	callSecret = call{"secretsmanager:DescribeSecret", func(ctx context.Context, c aws.Config) error {
		_, err := secretsmanager.NewFromConfig(c).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("shop/db")})
		return err
	}}
	callParameters = call{"ssm:DescribeParameters", func(ctx context.Context, c aws.Config) error {
		_, err := ssm.NewFromConfig(c).DescribeParameters(ctx, nil)
		return err
	}}
	callBalancers = call{"elasticloadbalancing:DescribeLoadBalancers", func(ctx context.Context, c aws.Config) error {
		_, err := elb.NewFromConfig(c).DescribeLoadBalancers(ctx, nil)
		return err
	}}
	callHealth = call{"elasticloadbalancing:DescribeTargetGroups", func(ctx context.Context, c aws.Config) error {
		_, err := elb.NewFromConfig(c).DescribeTargetGroups(ctx, nil)
		return err
	}}
	callDeregister = call{"elasticloadbalancing:DeregisterTargets", func(ctx context.Context, c aws.Config) error {
		_, err := elb.NewFromConfig(c).DeregisterTargets(ctx, &elb.DeregisterTargetsInput{TargetGroupArn: aws.String("arn:none"), Targets: []elbtypes.TargetDescription{{Id: aws.String("10.0.0.1")}}})
		return err
	}}
	callWho = call{"sts:GetCallerIdentity", func(ctx context.Context, c aws.Config) error {
		_, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, nil)
		return err
	}}
)

func describeService(name string) func(context.Context, aws.Config) error {
	return func(ctx context.Context, c aws.Config) error {
		_, err := ecs.NewFromConfig(c).DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String("shop"), Services: []string{name}})
		return err
	}
}

// TestThrottlingByBuckets: a full bucket gives its size of calls at once, then what flows in; the buckets are those of the published tables.
func TestThrottlingByBuckets(t *testing.T) {
	for _, c := range []struct {
		call   call
		burst  int
		refill float64 // a second
		code   string
	}{
		{callClusters, 50, 20, "ThrottlingException"},
		{callOrders, 100, 20, "ThrottlingException"},
		{callVpcs, 100, 20, "RequestLimitExceeded"},
		{callGroups, 50, 10, "RequestLimitExceeded"}, // without a filter and a page size
		{callBalancers, 40, 10, "Throttling"},
		{callGroupsOfLogs, 10, 10, "ThrottlingException"},
		{callParameters, 3, 3, "ThrottlingException"},
	} {
		w := New(Options{})
		cfg := sdk(t, w)
		clock := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		w.Limit(true, func() time.Time { return clock })
		most := func(wait time.Duration) int {
			clock = clock.Add(wait)
			for n := 0; n <= 200; n++ {
				switch code := codeOf(t, c.call.do(t.Context(), cfg)); code {
				case "":
				case c.code:
					return n
				default:
					t.Fatalf("%s: %s, want %s", c.call.name, code, c.code)
				}
			}
			t.Fatalf("%s: never throttled", c.call.name)
			return 0
		}
		if got := most(0); got != c.burst {
			t.Errorf("%s: %d calls at once, want %d", c.call.name, got, c.burst)
		}
		if got, want := most(2*time.Second), int(min(2*c.refill, float64(c.burst))); got != want {
			t.Errorf("%s: %d calls after two seconds more, want %d", c.call.name, got, want)
		}
		if got := most(time.Hour); got != c.burst {
			t.Errorf("%s: %d calls after an hour, want %d: a bucket holds no more", c.call.name, got, c.burst)
		}
		w.Limit(false, nil)
		if err := c.call.do(t.Context(), cfg); err != nil {
			t.Errorf("%s: throttled while the buckets are off: %v", c.call.name, err)
		}
	}
}

// TestSharedBuckets: calls that share a bucket at AWS share it here, others do not.
func TestSharedBuckets(t *testing.T) {
	w := New(Options{})
	cfg := sdk(t, w)
	now := w.Now()
	w.Limit(true, func() time.Time { return now })
	drain := func(c call) {
		for c.do(t.Context(), cfg) == nil {
		}
	}
	drain(callOrders)
	if err := callTasks.do(t.Context(), cfg); err != nil {
		t.Errorf("ListTasks takes from the bucket of DescribeServices: %v", err)
	}
	drain(callBalancers)
	if callHealth.do(t.Context(), cfg) == nil {
		t.Error("DescribeTargetGroups has a bucket apart from DescribeLoadBalancers")
	}
	if code := codeOf(t, callDeregister.do(t.Context(), cfg)); code != "Throttling" {
		t.Errorf("a change by ELB does not take from the account's bucket: %q", code)
	}
	drain(callVpcs)
	if err := callGroups.do(t.Context(), cfg); err != nil {
		t.Errorf("two EC2 operations share a bucket: %v", err)
	}
}

// TestTheSDKOutwaitsThrottling: the SDK's own retries take a throttled call for one to be made again.
func TestTheSDKOutwaitsThrottling(t *testing.T) {
	w := New(Options{})
	cfg := sdk(t, w)
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}
	for _, c := range []call{callClusters, callVpcs, callBalancers, callRole} {
		w.Throttle(c.name, 2)
		if err := c.do(t.Context(), cfg); err != nil {
			t.Errorf("%s: the third attempt was not made or failed: %v", c.name, err)
		}
	}
}

// TestCallerPolicies: the caller's own policies decide, by action and resource, in AWS's words.
func TestCallerPolicies(t *testing.T) {
	one := doc(`{"Effect":"Allow","Action":"ecs:DescribeServices","Resource":"arn:aws:ecs:eu-west-1:111122223333:service/shop/orders"}`,
		`{"Effect":"Allow","Action":"iam:GetRole","Resource":"arn:aws:iam::111122223333:role/orders-*"}`)
	for _, c := range []struct {
		policies []string
		call     call
		want     string // code and a part of the message; "" = allowed
	}{
		{nil, callScale, ""},
		{[]string{"ReadOnlyAccess"}, callOrders, ""},
		{[]string{"ReadOnlyAccess"}, callEvents, ""},
		{[]string{"ReadOnlyAccess"}, callRole, ""},
		{[]string{"ReadOnlyAccess"}, callScale, "AccessDeniedException not authorized to perform: ecs:UpdateService on resource: arn:aws:ecs:eu-west-1:111122223333:service/shop/orders because no identity-based policy allows the ecs:UpdateService action"},
		{[]string{"ViewOnlyAccess"}, callOrders, ""},
		{[]string{"ViewOnlyAccess"}, callRoles, ""},
		{[]string{"ViewOnlyAccess"}, callRole, "AccessDenied not authorized to perform: iam:GetRole on resource: arn:aws:iam::111122223333:role/orders-task because"},
		{[]string{"ViewOnlyAccess"}, callEvents, "AccessDeniedException on resource: arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/orders:log-stream: because"},
		{[]string{"arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"}, callRole, "AccessDenied iam:GetRole"},
		{[]string{"ViewOnlyAccess", "CloudWatchLogsReadOnlyAccess"}, callEvents, ""},
		{[]string{"PowerUserAccess"}, callScale, ""},
		{[]string{"PowerUserAccess"}, callRole, "AccessDenied iam:GetRole"},
		{[]string{"PowerUserAccess"}, callRoles, ""},
		{[]string{"PowerUserAccess"}, callRun, "AccessDeniedException perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/orders-execution because"},
		{[]string{"PowerUserAccess", doc(`{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}}`)}, callRun, ""},
		{[]string{"PowerUserAccess", doc(`{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}`)}, callRun, "AccessDeniedException iam:PassRole"},
		{[]string{"PowerUserAccess"}, callRegister, "AccessDeniedException perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/orders-task because"},
		{[]string{one}, callOrders, ""},
		{[]string{one}, callCatalog, "AccessDeniedException on resource: arn:aws:ecs:eu-west-1:111122223333:service/shop/catalog because no identity-based policy"},
		{[]string{one}, callRole, ""},
		{[]string{one}, callVpcs, "UnauthorizedOperation You are not authorized to perform this operation. User: arn:aws:iam::111122223333:user/lab is not authorized to perform: ec2:DescribeVpcs because no identity-based policy allows the ec2:DescribeVpcs action"},
		{[]string{one}, callWho, ""},
		{[]string{"AdministratorAccess", doc(denyRead, `{"Effect":"Deny","Action":"secretsmanager:Describe*","Resource":"arn:aws:secretsmanager:*:*:secret:shop/db-??????"}`)}, callSecret,
			"AccessDeniedException with an explicit deny in an identity-based policy"},
		{[]string{"AmazonECSTaskExecutionRolePolicy"}, callClusters, "AccessDeniedException on resource: * because"},
	} {
		w := New(Options{})
		cfg := sdk(t, w)
		if err := w.LimitCaller(c.policies...); err != nil {
			t.Errorf("%v: %v", c.policies, err)
			continue
		}
		err := c.call.do(t.Context(), cfg)
		code, says, _ := strings.Cut(c.want, " ")
		if codeOf(t, err) != code || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %s: got %v\nwant %s", c.policies, c.call.name, err, c.want)
		}
		if len(w.policyFaults) > 0 {
			t.Errorf("%v: not evaluated: %v", c.policies, w.policyFaults)
		}
	}
}

// TestOutage: one service is down, in its own words, the others are not, and it comes back.
func TestOutage(t *testing.T) {
	w := New(Options{})
	cfg := sdk(t, w)
	w.Outage(true, "ec2", "ecs")
	for _, c := range []struct {
		call call
		code string
	}{{callVpcs, "Unavailable"}, {callClusters, "ServerException"}, {callRoles, ""}, {callGroupsOfLogs, ""}} {
		if got := codeOf(t, c.call.do(t.Context(), cfg)); got != c.code {
			t.Errorf("%s: %q, want %q", c.call.name, got, c.code)
		}
	}
	w.Outage(false, "ec2")
	if err := callVpcs.do(t.Context(), cfg); err != nil {
		t.Errorf("it did not come back: %v", err)
	}
	before := len(w.trail)
	if callScale.do(t.Context(), cfg) == nil || len(w.trail) != before+1 || !strings.Contains(*w.trail[before].CloudTrailEvent, `"errorCode":"ServerException"`) {
		t.Error("a change that was refused must fail and leave a record that says so")
	}
}

// TestInject: every key of the file does what it says, and a wrong one says where and what.
func TestInject(t *testing.T) {
	w := New(Options{})
	cfg := sdk(t, w)
	in, err := ParseInjection([]byte(`
deny: ["ecs:List*"]
caller_policy: [ReadOnlyAccess, {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "ecs:UpdateService", Resource: "*"}]}]
throttle: true
latency: {"*": 1ms, "logs:*": 40ms}
mangle: [ssm:DescribeParameters]
outage: [secretsmanager]
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Inject(in); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		call call
		code string
	}{
		{callClusters, "AccessDeniedException"}, {callTasks, "AccessDeniedException"}, {callOrders, ""}, {callScale, ""}, {callRun, "AccessDeniedException"},
		{callSecret, "ServiceUnavailableException"},
	} {
		if got := codeOf(t, c.call.do(t.Context(), cfg)); got != c.code {
			t.Errorf("%s: %q, want %q", c.call.name, got, c.code)
		}
	}
	if err := callParameters.do(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "deserialization failed") {
		t.Errorf("the broken answer was read: %v", err)
	}
	began := time.Now()
	if err := callGroupsOfLogs.do(t.Context(), cfg); err != nil || time.Since(began) < 40*time.Millisecond {
		t.Errorf("the slow call took %s, %v", time.Since(began), err)
	}
	for range 9 {
		err = callGroupsOfLogs.do(t.Context(), cfg)
	}
	w.Slow(0, "logs:DescribeLogGroups")
	for i := 0; i < 30 && err == nil; i++ {
		err = callGroupsOfLogs.do(t.Context(), cfg)
	}
	if codeOf(t, err) != "ThrottlingException" {
		t.Errorf("many calls at once: %v, want a throttled one", err)
	}
	if err := w.Inject(Injection{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []call{callClusters, callParameters, callSecret, callRun} {
		if err := c.do(t.Context(), cfg); err != nil {
			t.Errorf("%s after the end of it all: %v", c.name, err)
		}
	}
}

func TestInjectionsAreStrict(t *testing.T) {
	w := New(Options{})
	for text, want := range map[string]string{
		"denied: [ecs:*]":                      `unknown field "denied"`,
		"deny: [ecs:ListTask]":                 `deny: the lab answers no call like "ecs:ListTask"; write it as ecs:ListTasks or ecs:*`,
		"mangle: [s3:*]":                       `mangle: the lab answers no call like "s3:*"`,
		`latency: {"ecs:*": fast}`:             `latency: ecs:*: "fast" is no duration; write it as 800ms or 2s`,
		"outage: [s3]":                         `outage: the lab has no service "s3"; it has application-autoscaling, `,
		"caller_policy: ReadOnly":              `caller_policy: there is no managed policy "ReadOnly"; write a document, or one of AWSXRayDaemonWriteAccess, AdministratorAccess,`,
		"caller_policy: {Statement: []}":       "caller_policy: the caller's policy: MalformedPolicyDocument",
		"caller_policy: 7":                     "caller_policy: it is neither a name nor a policy document",
		"caller_policy: [ReadOnlyAccess, oh7]": `there is no managed policy "oh7"`,
	} {
		in, err := ParseInjection([]byte(text))
		if err == nil {
			err = w.Inject(in)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v\nwant %s", text, err, want)
		}
	}
	if err := callRole.do(t.Context(), sdk(t, w)); err != nil {
		t.Errorf("a refused injection changed something: %v", err)
	}
}
