package collectors

import (
	"context"
	"strconv"
	"strings"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsplain/ecsplain/evidence"
)

// targetsPort are the operations on target groups, load balancers and what ties them.
type targetsPort struct {
	DescribeTargetGroups          func(context.Context, *elb.DescribeTargetGroupsInput, ...func(*elb.Options)) (*elb.DescribeTargetGroupsOutput, error)
	DescribeTargetGroupAttributes func(context.Context, *elb.DescribeTargetGroupAttributesInput, ...func(*elb.Options)) (*elb.DescribeTargetGroupAttributesOutput, error)
	DescribeTargetHealth          func(context.Context, *elb.DescribeTargetHealthInput, ...func(*elb.Options)) (*elb.DescribeTargetHealthOutput, error)
	DescribeLoadBalancers         func(context.Context, *elb.DescribeLoadBalancersInput, ...func(*elb.Options)) (*elb.DescribeLoadBalancersOutput, error)
	DescribeListeners             func(context.Context, *elb.DescribeListenersInput, ...func(*elb.Options)) (*elb.DescribeListenersOutput, error)
	DescribeRules                 func(context.Context, *elb.DescribeRulesInput, ...func(*elb.Options)) (*elb.DescribeRulesOutput, error)
}

func newTargetsPort(c *elb.Client) targetsPort {
	return targetsPort{c.DescribeTargetGroups, c.DescribeTargetGroupAttributes, c.DescribeTargetHealth, c.DescribeLoadBalancers, c.DescribeListeners, c.DescribeRules}
}

// elbBatch is how many ARNs one Describe call takes.
const elbBatch = 20

var (
	noTargetGroup  = []string{"TargetGroupNotFound", "TargetGroupNotFoundException"}
	noLoadBalancer = []string{"LoadBalancerNotFound", "LoadBalancerNotFoundException"}
	noListener     = []string{"ListenerNotFound", "ListenerNotFoundException"}
)

// byARN asks for many ARNs at once. One that does not exist fails the whole call, so then each is asked for alone.
func (w *Wave) byARN(ctx context.Context, keys []evidence.Key, notFound []string, ask batchFunc) {
	w.batches(ctx, keys, elbBatch, func(ctx context.Context, keys []evidence.Key) (answer, error) {
		from, err := ask(ctx, keys)
		switch {
		case !is(err, notFound...):
			return from, err
		case len(keys) == 1:
			w.absent(keys[0], from)
			return from, nil
		}
		each(ctx, keys, func(ctx context.Context, k evidence.Key) {
			from, err := ask(ctx, []evidence.Key{k})
			switch {
			case is(err, notFound...):
				w.absent(k, from)
			case err != nil:
				w.gap(from, err, k)
			}
		})
		return from, nil
	})
}

// answered gives each key the row with its ARN. A row that is not there although nothing was said to be missing is a gap.
func answered[T, V any](w *Wave, keys []evidence.Key, from answer, rows []T, arn func(T) string, convert func(T) V) {
	got := map[string]T{}
	for _, r := range rows {
		got[arn(r)] = r
	}
	for _, k := range keys {
		if r, ok := got[k.ID]; ok {
			w.found(k, from, convert(r))
		} else {
			w.missing(k, from)
		}
	}
}

func targetGroups(ctx context.Context, w *Wave, keys []evidence.Key) {
	w.byARN(ctx, keys, noTargetGroup, func(ctx context.Context, keys []evidence.Key) (answer, error) {
		out, from, err := call(ctx, w.ports.targets.DescribeTargetGroups, &elb.DescribeTargetGroupsInput{TargetGroupArns: ids(keys, whole)})
		if err == nil {
			answered(w, keys, from, out.TargetGroups, func(g types.TargetGroup) string { return str(g.TargetGroupArn) }, toTargetGroup)
		}
		return from, err
	})
}

func toTargetGroup(g types.TargetGroup) evidence.TargetGroup {
	v := evidence.TargetGroup{ARN: str(g.TargetGroupArn), Name: str(g.TargetGroupName), Protocol: string(g.Protocol), ProtocolVersion: str(g.ProtocolVersion),
		Port: num(g.Port), TargetType: string(g.TargetType), VpcID: str(g.VpcId), LoadBalancers: g.LoadBalancerArns,
		HealthCheck: evidence.TargetHealthCheck{Enabled: yes(g.HealthCheckEnabled), Protocol: string(g.HealthCheckProtocol), Port: str(g.HealthCheckPort),
			Path: text(g.HealthCheckPath), Interval: num(g.HealthCheckIntervalSeconds), Timeout: num(g.HealthCheckTimeoutSeconds),
			Healthy: num(g.HealthyThresholdCount), Unhealthy: num(g.UnhealthyThresholdCount)}}
	if g.Matcher != nil {
		v.HealthCheck.Matcher = str(g.Matcher.HttpCode) + str(g.Matcher.GrpcCode)
	}
	return v
}

func targetGroupAttributes(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.targets.DescribeTargetGroupAttributes, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: &k.ID})
		switch {
		case is(err, noTargetGroup...):
			w.absent(k, from)
			return
		case err != nil:
			w.gap(from, err, k)
			return
		}
		v := evidence.TargetGroupAttributes{}
		for _, a := range out.Attributes {
			seconds, _ := strconv.Atoi(str(a.Value))
			switch str(a.Key) {
			case "deregistration_delay.timeout_seconds":
				v.DeregistrationDelay = seconds
			case "slow_start.duration_seconds":
				v.SlowStart = seconds
			case "load_balancing.cross_zone.enabled":
				v.CrossZone = str(a.Value)
			case "preserve_client_ip.enabled":
				v.PreserveClientIP = str(a.Value)
			}
		}
		w.found(k, from, v)
	})
}

func targetHealth(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.targets.DescribeTargetHealth, &elb.DescribeTargetHealthInput{TargetGroupArn: &k.ID})
		switch {
		case is(err, noTargetGroup...):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		default:
			w.found(k, from, evidence.TargetHealth{Targets: mapped(out.TargetHealthDescriptions, toTarget)})
		}
	})
}

func toTarget(d types.TargetHealthDescription) evidence.RegisteredTarget {
	t := evidence.RegisteredTarget{CheckPort: str(d.HealthCheckPort)}
	if d.Target != nil {
		t.ID, t.Port, t.Zone = str(d.Target.Id), num(d.Target.Port), str(d.Target.AvailabilityZone)
	}
	if h := d.TargetHealth; h != nil {
		t.State, t.Reason, t.Description = string(h.State), string(h.Reason), text(h.Description)
	}
	return t
}

func balancers(ctx context.Context, w *Wave, keys []evidence.Key) {
	w.byARN(ctx, keys, noLoadBalancer, func(ctx context.Context, keys []evidence.Key) (answer, error) {
		out, from, err := call(ctx, w.ports.targets.DescribeLoadBalancers, &elb.DescribeLoadBalancersInput{LoadBalancerArns: ids(keys, whole)})
		if err == nil {
			answered(w, keys, from, out.LoadBalancers, func(b types.LoadBalancer) string { return str(b.LoadBalancerArn) }, toBalancer)
		}
		return from, err
	})
}

func toBalancer(b types.LoadBalancer) evidence.Balancer {
	v := evidence.Balancer{ARN: str(b.LoadBalancerArn), Name: str(b.LoadBalancerName), DNSName: str(b.DNSName), Type: string(b.Type), Scheme: string(b.Scheme),
		VpcID: str(b.VpcId), SecurityGroups: b.SecurityGroups}
	if b.State != nil {
		v.State = string(b.State.Code)
	}
	for _, z := range b.AvailabilityZones {
		zone := evidence.BalancerZone{Name: str(z.ZoneName), SubnetID: str(z.SubnetId)}
		for _, a := range z.LoadBalancerAddresses {
			if ip := str(a.PrivateIPv4Address); ip != "" {
				zone.Addresses = append(zone.Addresses, ip)
			}
		}
		v.Zones = append(v.Zones, zone)
	}
	return v
}

func listeners(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		var v evidence.Listeners
		w.rows(k, noLoadBalancer, func(marker *string) (*string, answer, error) {
			out, from, err := call(ctx, w.ports.targets.DescribeListeners, &elb.DescribeListenersInput{LoadBalancerArn: &k.ID, Marker: marker})
			if err != nil {
				return nil, from, err
			}
			for _, l := range out.Listeners {
				v.Listeners = append(v.Listeners, evidence.Listener{ARN: str(l.ListenerArn), Port: num(l.Port), Protocol: string(l.Protocol), Forwards: forwards(l.DefaultActions)})
			}
			return out.NextMarker, from, nil
		}, func() any { return v })
	})
}

func rules(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		var v evidence.Rules
		w.rows(k, noListener, func(marker *string) (*string, answer, error) {
			out, from, err := call(ctx, w.ports.targets.DescribeRules, &elb.DescribeRulesInput{ListenerArn: &k.ID, Marker: marker})
			if err != nil {
				return nil, from, err
			}
			for _, r := range out.Rules {
				rule := evidence.Rule{ARN: str(r.RuleArn), Priority: str(r.Priority), Default: yes(r.IsDefault), Forwards: forwards(r.Actions)}
				for _, c := range r.Conditions {
					rule.Conditions = append(rule.Conditions, condition(c))
				}
				v.Rules = append(v.Rules, rule)
			}
			return out.NextMarker, from, nil
		}, func() any { return v })
	})
}

// rows reads the pages of one thing.
func (w *Wave) rows(k evidence.Key, notFound []string, page func(marker *string) (*string, answer, error), value func() any) {
	var from answer
	err := pages(maxTargetGroupPages, func(marker *string) (next *string, err error) {
		next, from, err = page(marker)
		return next, err
	})
	switch {
	case is(err, notFound...):
		w.absent(k, from)
	case err != nil:
		w.gap(from, err, k)
	default:
		w.found(k, from, value())
	}
}

// forwards are the target groups of the forward actions. A single group without weight gets all requests.
func forwards(actions []types.Action) (out []evidence.Forward) {
	for _, a := range actions {
		switch {
		case a.ForwardConfig != nil && len(a.ForwardConfig.TargetGroups) > 0:
			for _, g := range a.ForwardConfig.TargetGroups {
				f := evidence.Forward{TargetGroup: str(g.TargetGroupArn), Weight: 1}
				if g.Weight != nil {
					f.Weight = num(g.Weight)
				}
				out = append(out, f)
			}
		case a.TargetGroupArn != nil:
			out = append(out, evidence.Forward{TargetGroup: str(a.TargetGroupArn), Weight: 1})
		}
	}
	return out
}

func condition(c types.RuleCondition) string {
	values := c.Values
	switch {
	case c.HostHeaderConfig != nil:
		values = c.HostHeaderConfig.Values
	case c.PathPatternConfig != nil:
		values = c.PathPatternConfig.Values
	case c.SourceIpConfig != nil:
		values = c.SourceIpConfig.Values
	case c.HttpRequestMethodConfig != nil:
		values = c.HttpRequestMethodConfig.Values
	case c.HttpHeaderConfig != nil:
		values = append([]string{str(c.HttpHeaderConfig.HttpHeaderName)}, c.HttpHeaderConfig.Values...)
	}
	return evidence.Clean(str(c.Field) + "=" + strings.Join(values, ","))
}
