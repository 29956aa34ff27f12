package collectors

import (
	"context"
	"strings"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsplain/ecsplain/evidence"
)

const maxTargetGroupPages = 10

// loadBalancers finds a load balancer by its DNS name. AWS has no filter for it, but makes the name of the load
// balancer its first part: NAME-HASH, with "internal-" before it for internal application load balancers.
func loadBalancers(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.elb.DescribeLoadBalancers, &elb.DescribeLoadBalancersInput{Names: []string{loadBalancerName(k.ID)}})
		switch {
		case is(err, "LoadBalancerNotFound", "LoadBalancerNotFoundException"):
			w.absent(k, from)
			return
		case err != nil:
			w.gap(from, err, k)
			return
		}
		for _, lb := range out.LoadBalancers {
			if strings.EqualFold(str(lb.DNSName), k.ID) {
				w.loadBalancer(ctx, k, lb)
				return
			}
		}
		w.absent(k, from)
	})
}

func (w *Wave) loadBalancer(ctx context.Context, k evidence.Key, lb types.LoadBalancer) {
	v := evidence.LoadBalancer{ARN: str(lb.LoadBalancerArn), Name: str(lb.LoadBalancerName), DNSName: str(lb.DNSName)}
	if lb.State != nil {
		v.State = string(lb.State.Code)
	}
	var from answer
	err := pages(maxTargetGroupPages, func(marker *string) (*string, error) {
		out, f, err := call(ctx, w.ports.elb.DescribeTargetGroups, &elb.DescribeTargetGroupsInput{LoadBalancerArn: lb.LoadBalancerArn, Marker: marker})
		from = f
		if err != nil {
			return nil, err
		}
		for _, g := range out.TargetGroups {
			v.TargetGroups = append(v.TargetGroups, str(g.TargetGroupArn))
		}
		return out.NextMarker, nil
	})
	if err != nil {
		w.gap(from, err, k)
		return
	}
	w.found(k, from, v)
}

func loadBalancerName(dns string) string {
	label, _, _ := strings.Cut(dns, ".")
	if i := strings.LastIndexByte(label, '-'); i > 0 {
		label = label[:i]
	}
	return strings.TrimPrefix(label, "internal-")
}
