package collectors

import (
	"context"
	"strings"

	"golang.org/x/time/rate"
)

// bucket is a client-side limit: about half of what AWS publishes, because the buckets are shared with the deployments
// of the same account.
type bucket struct {
	perSecond rate.Limit
	burst     int
}

// The families that share one bucket at AWS (Amazon ECS and Elastic Load Balancing request throttling). All others have one for each action.
var families = map[string]string{
	"ecs:ListClusters":               "ecs cluster read",
	"ecs:DescribeClusters":           "ecs cluster read",
	"ecs:ListServices":               "ecs service read",
	"ecs:DescribeServices":           "ecs service read",
	"ecs:ListTasks":                  "ecs cluster resource read",
	"ecs:DescribeTasks":              "ecs cluster resource read",
	"ecs:ListServiceDeployments":     "ecs service deployment",
	"ecs:DescribeServiceDeployments": "ecs service deployment",

	"elasticloadbalancing:DescribeLoadBalancers":         "elb read",
	"elasticloadbalancing:DescribeTargetGroups":          "elb read",
	"elasticloadbalancing:DescribeTargetGroupAttributes": "elb read",
	"elasticloadbalancing:DescribeTargetHealth":          "elb read",
	"elasticloadbalancing:DescribeListeners":             "elb read",
	"elasticloadbalancing:DescribeRules":                 "elb read",
}

// Published: ECS 50/20 and 100/20 (burst/refill), EC2 reads 100/20 each, DescribeLogGroups 10/s, GetLogEvents 10/s in
// the slow regions, ELB reads 40/10 together, ssm:DescribeParameters 3/s shared with PutParameter. IAM, ECR and STS publish nothing: modest.
var buckets = map[string]bucket{
	"ecs cluster read":           {10, 25},
	"ecs service read":           {10, 50},
	"ecs cluster resource read":  {10, 50},
	"ecs service deployment":     {10, 25},
	"ecs:DescribeTaskDefinition": {10, 25},
	"logs:DescribeLogGroups":     {5, 10},
	"logs:GetLogEvents":          {5, 10},
	"logs:FilterLogEvents":       {2.5, 5}, // published: 10/s, 5 in the slow regions
	"ssm:DescribeParameters":     {1.5, 3},
	"cloudtrail:LookupEvents":    {1, 2}, // published: 2/s for each account and region
	"elb read":                   {5, 20},
	"cloudwatch:DescribeAlarms":  {4.5, 9},
	"cloudwatch:GetMetricData":   {25, 50},
}

var serviceBuckets = map[string]bucket{
	"ec2":            {10, 50},
	"iam":            {10, 20},
	"ecr":            {10, 20},
	"sts":            {5, 10},
	"secretsmanager": {50, 100},
}

var otherwise = bucket{5, 10}

type limits struct{ byFamily map[string]*rate.Limiter }

// newLimits makes one limiter for every family of actions that the collectors use.
func newLimits() *limits {
	l := &limits{byFamily: map[string]*rate.Limiter{}}
	for _, action := range Actions() {
		f := family(action)
		if l.byFamily[f] != nil {
			continue
		}
		b, ok := buckets[f]
		if !ok {
			service, _, _ := strings.Cut(action, ":")
			if b, ok = serviceBuckets[service]; !ok {
				b = otherwise
			}
		}
		l.byFamily[f] = rate.NewLimiter(b.perSecond, b.burst)
	}
	return l
}

func family(action string) string {
	if f, ok := families[action]; ok {
		return f
	}
	return action
}

// wait blocks until action may be tried. It fails at once where ctx would end before.
func (l *limits) wait(ctx context.Context, action string) error {
	if lim := l.byFamily[family(action)]; lim != nil {
		if err := lim.Wait(ctx); err != nil {
			return outOfTime{err}
		}
	}
	return ctx.Err()
}

// outOfTime says that the run's deadline comes before the rate limit allows the next call.
type outOfTime struct{ err error }

func (e outOfTime) Error() string { return "not asked: " + e.err.Error() }
func (e outOfTime) Unwrap() error { return e.err }
