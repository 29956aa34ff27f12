package collectors

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab/wire"
)

// describeServices answers ok-N, gone-N (MISSING), old-N (INACTIVE), odd-N (another failure), and refuses a batch with bad.
func describeServices(in *ecs.DescribeServicesInput) (*ecs.DescribeServicesOutput, error) {
	if *in.Cluster != "shop" {
		return nil, &ecstypes.ClusterNotFoundException{Message: p("Cluster not found.")}
	}
	out := &ecs.DescribeServicesOutput{}
	for _, name := range in.Services {
		arn := p(arnPrefix + "service/shop/" + name)
		switch {
		case name == "bad":
			return nil, &ecstypes.InvalidParameterException{Message: p("Invalid identifier")}
		case strings.HasPrefix(name, "gone"):
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: arn, Reason: p("MISSING")})
		case strings.HasPrefix(name, "odd"):
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: arn, Reason: p("TIMEOUT"), Detail: p("try later")})
		case strings.HasPrefix(name, "lost"): // neither here nor there
		default:
			status := "ACTIVE"
			if strings.HasPrefix(name, "old") {
				status = "INACTIVE"
			}
			out.Services = append(out.Services, ecstypes.Service{ServiceName: &name, ServiceArn: arn, Status: &status})
		}
	}
	return out, nil
}

func TestServicesAreReadTenAtATime(t *testing.T) {
	w := serve(t, op("ecs", "DescribeServices", describeServices))
	var keys []evidence.Key
	for i := range 23 {
		keys = append(keys, evidence.ServiceKey("shop", fmt.Sprintf("ok-%d", i)).Key)
	}
	s := w.fetch(t, keys...)
	if n := w.count("ecs:DescribeServices"); n != 3 || len(s.Gaps()) != 0 {
		t.Errorf("%d calls for 23 services, want 3; gaps %+v", n, s.Gaps())
	}
}

func TestServiceAnswers(t *testing.T) {
	w := serve(t, op("ecs", "DescribeServices", describeServices))
	gone, odd, lost, nowhere := evidence.ServiceKey("shop", "gone"), evidence.ServiceKey("shop", "odd"), evidence.ServiceKey("shop", "lost"), evidence.ServiceKey("x", "web")
	s := w.fetch(t, gone.Key, odd.Key, lost.Key, nowhere.Key, evidence.ServiceKey("shop", "old").Key)
	wantAbsent(t, s, gone.Key, nowhere.Key)
	wantGap(t, s, odd.Key, "TIMEOUT", "")
	wantGap(t, s, lost.Key, evidence.ReasonMissing, "")
	if v := value(t, s, evidence.ServiceKey("shop", "old")); v.Status != "INACTIVE" || v.Cluster != "shop" || v.DeploymentController != "ECS" {
		t.Errorf("an inactive service reads %+v", v)
	}
}

func TestOneBadNameDoesNotCostTheBatch(t *testing.T) {
	w := serve(t, op("ecs", "DescribeServices", describeServices))
	bad := evidence.ServiceKey("shop", "bad")
	keys := []evidence.Key{bad.Key}
	for i := range 9 {
		keys = append(keys, evidence.ServiceKey("shop", fmt.Sprintf("ok-%d", i)).Key)
	}
	s := w.fetch(t, keys...)
	wantGap(t, s, bad.Key, "InvalidParameterException", "")
	if n := len(s.Items()); n != 9 {
		t.Errorf("%d of the 9 healthy services were read", n)
	}
}

// What has nothing to do with the keys is not tried again with fewer of them.
func TestDeniedBatchIsNotHalved(t *testing.T) {
	w := serve(t)
	w.Before = answers("denied")
	var keys []evidence.Key
	for i := range 10 {
		keys = append(keys, evidence.ServiceKey("shop", fmt.Sprint(i)).Key)
	}
	s := w.fetch(t, keys...)
	if len(s.Gaps()) != 10 || len(w.seen()) != 1 {
		t.Errorf("%d gaps by %d calls, want 10 gaps by one call", len(s.Gaps()), len(w.seen()))
	}
}

func TestHopelessBatchIsHalvedOnce(t *testing.T) {
	w := serve(t, op("ecs", "DescribeServices", func(*ecs.DescribeServicesInput) (*ecs.DescribeServicesOutput, error) {
		return nil, &ecstypes.InvalidParameterException{Message: p("no")}
	}))
	var keys []evidence.Key
	for i := range 10 {
		keys = append(keys, evidence.ServiceKey("shop", fmt.Sprint(i)).Key)
	}
	s := w.fetch(t, keys...)
	if len(s.Gaps()) != 10 || len(w.seen()) != 3 {
		t.Errorf("%d gaps by %d calls, want 10 gaps by 3 calls", len(s.Gaps()), len(w.seen()))
	}
}

// cluster is an ECS of one cluster. byName says whether ListTasks finds stopped tasks by service name; family "web" holds
// own tasks of service web and foreign ones of a batch job.
type taskWorld struct {
	byName       bool
	own, foreign int
	service      ecstypes.Service
	failure      string // reason that DescribeTasks gives for own task 0
	lists        atomic.Int32
}

func (c *taskWorld) ids(in *ecs.ListTasksInput) (arns []string) {
	if in.ServiceName != nil && !c.byName {
		return nil
	}
	for i := range c.own {
		arns = append(arns, taskARN(fmt.Sprintf("own%d", i)))
	}
	if in.ServiceName == nil {
		for i := range c.foreign {
			arns = append(arns, taskARN(fmt.Sprintf("foreign%d", i)))
		}
	}
	return arns
}

func (c *taskWorld) operations() []wire.Operation {
	return []wire.Operation{
		op("ecs", "DescribeServices", func(*ecs.DescribeServicesInput) (*ecs.DescribeServicesOutput, error) {
			return &ecs.DescribeServicesOutput{Services: []ecstypes.Service{c.service}}, nil
		}),
		op("ecs", "ListTasks", func(in *ecs.ListTasksInput) (*ecs.ListTasksOutput, error) {
			c.lists.Add(1)
			if in.DesiredStatus != ecstypes.DesiredStatusStopped {
				return &ecs.ListTasksOutput{}, nil
			}
			list, next, err := wire.Page(c.ids(in), aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
			out := &ecs.ListTasksOutput{TaskArns: list}
			if next != "" {
				out.NextToken = &next
			}
			return out, err
		}),
		op("ecs", "DescribeTasks", func(in *ecs.DescribeTasksInput) (*ecs.DescribeTasksOutput, error) {
			out := &ecs.DescribeTasksOutput{}
			for i, a := range in.Tasks {
				id, group := last(a), "service:web"
				if strings.HasPrefix(id, "foreign") {
					group = "family:web"
				}
				if id == "own0" && c.failure != "" {
					out.Failures = append(out.Failures, ecstypes.Failure{Arn: &a, Reason: &c.failure})
					continue
				}
				out.Tasks = append(out.Tasks, stoppedTask(id, group, i))
			}
			return out, nil
		}),
	}
}

var (
	webKey     = evidence.ServiceKey("shop", "web")
	webStopped = evidence.StoppedTasksKey("shop", "web")
)

func TestStoppedTasksByServiceName(t *testing.T) {
	c := &taskWorld{byName: true, own: 3, foreign: 500, service: webService()}
	s := serve(t, c.operations()...).fetch(t, webKey.Key, webStopped.Key)
	v := value(t, s, webStopped)
	if len(v.Tasks) != 3 || v.Truncated || c.lists.Load() != 1 {
		t.Errorf("%d tasks, truncated %v, %d lists; want 3 tasks by one list", len(v.Tasks), v.Truncated, c.lists.Load())
	}
	for i := 1; i < len(v.Tasks); i++ {
		if v.Tasks[i-1].StoppedAt.Before(v.Tasks[i].StoppedAt) {
			t.Errorf("not newest first: %v before %v", v.Tasks[i-1].StoppedAt, v.Tasks[i].StoppedAt)
		}
	}
	got := v.Tasks[0]
	if got.SubnetID != "subnet-1" || got.PrivateIP != "10.0.1.9" || !got.Containers[0].Exit.Known || got.Containers[1].Exit.Known {
		t.Errorf("task reads %+v", got)
	}
}

// Where AWS does not find stopped tasks by service name, they are found by family, also when service and tasks are asked
// for in the same wave; tasks of others stay out.
func TestStoppedTasksByFamily(t *testing.T) {
	c := &taskWorld{own: 3, foreign: 150, service: webService()}
	s := serve(t, c.operations()...).fetch(t, webKey.Key, webStopped.Key)
	v := value(t, s, webStopped)
	if len(v.Tasks) != 3 || v.Truncated || !strings.Contains(v.How, "family web") {
		t.Errorf("%d tasks, truncated %v, how %q; want the 3 of the service", len(v.Tasks), v.Truncated, v.How)
	}
	for _, task := range v.Tasks {
		if task.Group != "service:web" {
			t.Errorf("a task of group %s", task.Group)
		}
	}
}

func TestStoppedTasksAreBoundedAmongThousands(t *testing.T) {
	c := &taskWorld{own: 3, foreign: 5000, service: webService()}
	w := serve(t, c.operations()...)
	v := value(t, w.fetch(t, webKey.Key, webStopped.Key), webStopped)
	if len(v.Tasks) != 3 || !v.Truncated {
		t.Errorf("%d tasks, truncated %v; want the 3 found and the rest marked unread", len(v.Tasks), v.Truncated)
	}
	if lists, describes := w.count("ecs:ListTasks"), w.count("ecs:DescribeTasks"); lists != 11 || describes != 10 {
		t.Errorf("%d lists and %d describes; want 1 + 10 and 10", lists, describes)
	}
}

func TestHealthyServiceIsNotSearchedByFamily(t *testing.T) {
	healthy := webService()
	healthy.RunningCount, healthy.Deployments[0].FailedTasks = 2, 0
	healthy.Events = []ecstypes.ServiceEvent{{Id: aws.String("e"), Message: aws.String("(service web) has reached a steady state.")}}
	c := &taskWorld{own: 3, foreign: 3, service: healthy}
	v := value(t, serve(t, c.operations()...).fetch(t, webKey.Key, webStopped.Key), webStopped)
	if len(v.Tasks) != 0 || c.lists.Load() != 1 {
		t.Errorf("%d tasks by %d lists; want none by one", len(v.Tasks), c.lists.Load())
	}
}

// Between two crashes all tasks run: the service's last word tells that it is not at rest.
func TestServiceBetweenCrashesIsSearchedByFamily(t *testing.T) {
	restless := webService()
	restless.RunningCount, restless.Deployments[0].FailedTasks = 2, 0
	restless.Events = []ecstypes.ServiceEvent{{Id: aws.String("e"), Message: aws.String("(service web) has started 2 tasks: (task a) (task b).")}}
	c := &taskWorld{own: 3, foreign: 3, service: restless}
	if v := value(t, serve(t, c.operations()...).fetch(t, webKey.Key, webStopped.Key), webStopped); len(v.Tasks) != 3 {
		t.Errorf("%d tasks; want the 3 that stopped", len(v.Tasks))
	}
}

func TestTasksForgottenMeanwhileAreNoGap(t *testing.T) {
	c := &taskWorld{byName: true, own: 3, service: webService(), failure: "MISSING"}
	if v := value(t, serve(t, c.operations()...).fetch(t, webStopped.Key), webStopped); len(v.Tasks) != 2 {
		t.Errorf("%d tasks, want the 2 that AWS still knows", len(v.Tasks))
	}
	c = &taskWorld{byName: true, own: 3, service: webService(), failure: "ACCESS_DENIED"}
	wantGap(t, serve(t, c.operations()...).fetch(t, webStopped.Key), webStopped.Key, "ACCESS_DENIED", "")
}

func TestTasksOfManyServicesAreDescribedTogether(t *testing.T) {
	c := &taskWorld{byName: true, own: 3, service: webService()}
	w := serve(t, c.operations()...)
	var keys []evidence.Key
	for i := range 12 {
		keys = append(keys, evidence.StoppedTasksKey("shop", fmt.Sprintf("web%d", i)).Key)
	}
	s := w.fetch(t, keys...)
	if lists, describes := w.count("ecs:ListTasks"), w.count("ecs:DescribeTasks"); lists != 12 || describes != 1 {
		t.Errorf("%d lists and %d describes for 12 services, want 12 and 1", lists, describes)
	}
	if len(s.Items()) != 12 {
		t.Errorf("%d of 12 keys answered", len(s.Items()))
	}
}

func TestTaskDefinitionKeepsNamesAndDropsValues(t *testing.T) {
	k := evidence.TaskDefinitionKey("web:7")
	v := value(t, serve(t).fetch(t, k.Key), k)
	c := v.Containers[0]
	if v.OS != "LINUX" || v.Arch != "X86_64" || v.ID != "web:7" || !c.Essential {
		t.Errorf("defaults: %+v", v)
	}
	if strings.Join(c.Command, " ") != "serve --token [redacted]" || c.EnvironmentNames[0] != "DB_PASSWORD" || len(c.Secrets) != 2 {
		t.Errorf("container reads %+v", c)
	}
	if fmt.Sprint(c.LogOptions) != "[{splunk-token } {splunk-url https://splunk}]" {
		t.Errorf("log options %v", c.LogOptions)
	}
}

func TestTaskDefinitionThatDoesNotExist(t *testing.T) {
	k := evidence.TaskDefinitionKey("web:99").Key
	w := serve(t, op("ecs", "DescribeTaskDefinition", func(*ecs.DescribeTaskDefinitionInput) (*ecs.DescribeTaskDefinitionOutput, error) {
		return nil, &ecstypes.ClientException{Message: p("Unable to describe task definition.")}
	}))
	wantAbsent(t, w.fetch(t, k), k)
}

func TestEndlessListIsAGap(t *testing.T) {
	n := 0
	w := serve(t, op("ecs", "ListClusters", func(*ecs.ListClustersInput) (*ecs.ListClustersOutput, error) {
		n++
		return &ecs.ListClustersOutput{NextToken: p(fmt.Sprint(n))}, nil
	}))
	a, store, k := w.account(), evidence.NewStore(), evidence.ClustersKey().Key
	for _, l := range a.limits.byFamily {
		l.SetLimit(1e9)
	}
	a.Fetch(context.Background(), store, []evidence.Key{k})
	if g, ok := store.Gap(k); !ok || n != maxListPages {
		t.Errorf("gap %+v after %d pages, want one after %d", g, n, maxListPages)
	}
}
