package collectors

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/rs/zerolog"

	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab/wire"
)

// answeredAt is the Date header of every answer in these tests.
var answeredAt = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// world is an AWS endpoint made of typed handlers. Handlers given to serve come before those of ordinary.
type world struct {
	*wire.Server
	url   string
	spoil func(rw http.ResponseWriter, good *httptest.ResponseRecorder) // sends the good answer, or something else

	mu       sync.Mutex
	requests []string // actions in order of arrival, every attempt
}

func serve(t *testing.T, special ...wire.Operation) *world {
	t.Helper()
	ops := special
	for _, o := range ordinary {
		if !slices.ContainsFunc(special, func(s wire.Operation) bool { return s.Service == o.Service && s.Name == o.Name }) {
			ops = append(ops, o)
		}
	}
	w := &world{Server: wire.NewServer(ops), spoil: func(rw http.ResponseWriter, good *httptest.ResponseRecorder) {
		maps.Copy(rw.Header(), good.Header())
		rw.WriteHeader(good.Code)
		rw.Write(good.Body.Bytes())
	}}
	w.Now = func() time.Time { return answeredAt }
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		good := httptest.NewRecorder() // so that a call is counted before its answer goes out
		w.Server.ServeHTTP(good, r)
		w.spoil(rw, good)
	}))
	t.Cleanup(srv.Close)
	w.OnCall = func(c wire.Call) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.requests = append(w.requests, actionNamed(c.Service, c.Operation))
	}
	w.url = srv.URL
	return w
}

// actionNamed is the IAM action of an operation. Requests to CloudWatch are signed for monitoring; IAM calls it cloudwatch.
func actionNamed(service, operation string) string {
	if service == "monitoring" {
		service = "cloudwatch"
	}
	return service + ":" + operation
}

func (w *world) seen() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requests)
}

// count is how many requests of an action arrived.
func (w *world) count(action string) (n int) {
	for _, a := range w.seen() {
		if a == action {
			n++
		}
	}
	return n
}

func testConfig(url string, attempts int) aws.Config {
	return aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: &url,
		Credentials:  credentials.NewStaticCredentialsProvider("AKIATEST", "test", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = attempts
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
}

func (w *world) account() *Account { return New(testConfig(w.url, 1), Options{Log: zerolog.Nop()}) }

// fetch reads keys in one wave of a new account.
func (w *world) fetch(t *testing.T, keys ...evidence.Key) *evidence.Store {
	t.Helper()
	store := evidence.NewStore()
	w.account().Fetch(context.Background(), store, keys)
	for _, k := range keys {
		if _, state := store.Lookup(k); state == evidence.Unread {
			t.Errorf("%s was left unread", k)
		}
	}
	return store
}

func value[T any](t *testing.T, s *evidence.Store, k evidence.Ref[T]) T {
	t.Helper()
	it, state := s.Lookup(k.Key)
	v, ok := it.Value.(T)
	if state != evidence.Found || !ok {
		g, _ := s.Gap(k.Key)
		t.Fatalf("%s: state %d, value %T, gap %+v; want it found", k.Key, state, it.Value, g)
	}
	return v
}

func wantAbsent(t *testing.T, s *evidence.Store, keys ...evidence.Key) {
	t.Helper()
	for _, k := range keys {
		if _, state := s.Lookup(k); state != evidence.Absent {
			g, _ := s.Gap(k)
			t.Errorf("%s: state %d, gap %+v; want it absent", k, state, g)
		}
	}
}

func wantGap(t *testing.T, s *evidence.Store, k evidence.Key, reason, fix string) {
	t.Helper()
	g, ok := s.Gap(k)
	if !ok {
		_, state := s.Lookup(k)
		t.Errorf("%s: state %d, want a gap with reason %s", k, state, reason)
		return
	}
	if g.Reason != reason || !strings.Contains(g.Fix, fix) {
		t.Errorf("%s: gap %+v, want reason %q and fix %q", k, g, reason, fix)
	}
}

// sample is one key of every kind that the ordinary world knows.
var sample = slices.Concat([]evidence.Key{
	evidence.CallerKey().Key,
	evidence.ClustersKey().Key,
	evidence.ClusterKey("shop").Key,
	evidence.ClusterServicesKey("shop").Key,
	evidence.ServiceKey("shop", "web").Key,
	evidence.StoppedTasksKey("shop", "web").Key,
	evidence.RunningTasksKey("shop", "web").Key,
	evidence.TaskKey("shop", "t1").Key,
	evidence.TaskDefinitionKey("web:7").Key,
	evidence.ServiceDeploymentsKey("shop", "web").Key,
	evidence.ServiceRevisionKey(revisionARN).Key,
	evidence.TaskProtectionKey("shop", "t1").Key,
	evidence.TrailEventsKey("EventName", "UpdateService").Key,
	evidence.CodeDeploymentKey("d-1").Key,
	evidence.CodeDeployGroupKey("web", "blue-green").Key,
	evidence.SubnetKey("subnet-1").Key,
	evidence.SubnetInterfacesKey("subnet-1").Key,
	evidence.VpcKey("vpc-1").Key,
	evidence.VpcDNSKey("vpc-1").Key,
	evidence.RouteTablesKey("vpc-1").Key,
	evidence.NetworkAclsKey("vpc-1").Key,
	evidence.SecurityGroupKey("sg-1").Key,
	evidence.DefaultSecurityGroupKey("vpc-1").Key,
	evidence.VpcEndpointsKey("vpc-1").Key,
	evidence.NatGatewayKey("nat-1").Key,
	evidence.NatGatewaysKey("vpc-1").Key,
	evidence.InternetGatewaysKey("vpc-1").Key,
	evidence.PrefixListKey("pl-own").Key,
	evidence.ServicePrefixListKey("com.amazonaws.eu-west-1.s3").Key,
	evidence.LogGroupKey("/ecs/web").Key,
	evidence.LogTailKey("/ecs/web", "web/web/t1").Key,
	evidence.RepositoryKey(repo).Key,
	evidence.RepositoryImagesKey(repo).Key,
	evidence.ImageKey(repo, ":v7").Key,
	evidence.RepositoryPolicyKey(repo).Key,
	evidence.PullThroughRulesKey("111122223333", "eu-west-1").Key,
	evidence.LifecyclePolicyKey(repo).Key,
	evidence.ManifestKey(repo, ":v7").Key,
	evidence.RoleKey("web-exec").Key,
	evidence.RolePoliciesKey("web-exec").Key,
	evidence.InlinePolicyKey("web-exec", "read-secret").Key,
	evidence.ManagedPolicyKey("arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy").Key,
	evidence.SecretKey("arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf").Key,
	evidence.SecretPolicyKey("arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf").Key,
	evidence.KmsKeyKey(keyARN).Key,
	evidence.KeyPolicyKey(keyARN).Key,
	evidence.FileSystemKey("fs-1").Key,
	evidence.MountTargetsKey("fs-1").Key,
	evidence.MountTargetGroupsKey("fsmt-00000001").Key,
	evidence.AccessPointKey("fsap-1").Key,
	evidence.FileSystemPolicyKey("fs-1").Key,
	evidence.ParameterKey("/web/flag").Key,
	evidence.LoadBalancerKey("internal-web-lb-1234567890.eu-west-1.elb.amazonaws.com").Key,
	evidence.TargetGroupKey(webTargets).Key,
	evidence.TargetGroupAttributesKey(webTargets).Key,
	evidence.TargetHealthKey(webTargets).Key,
	evidence.BalancerKey("arn:lb").Key,
	evidence.ListenersKey("arn:lb").Key,
	evidence.RulesKey("arn:listener").Key,
}, sampleScaling, sampleNames, sampleBeyond)

const repo = "111122223333/eu-west-1/team/web"
