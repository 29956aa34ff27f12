package lab

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// balancing is the state of Elastic Load Balancing: application load balancers with what hangs on them. All maps are by ARN.
type balancing struct {
	balancers    map[string]*loadBalancer
	listeners    map[string]*elbtypes.Listener
	rules        map[string]*listenerRule
	targetGroups map[string]*targetGroup
	tags         map[string][]elbtypes.Tag // of all four kinds
}

type loadBalancer struct {
	elbtypes.LoadBalancer
	nodes      map[string]string // subnet id -> id of the interface that the load balancer has there
	attributes map[string]string
}

type listenerRule struct {
	elbtypes.Rule
	listener string // ARN
}

type targetGroup struct {
	elbtypes.TargetGroup // LoadBalancerArns is filled in by groupView
	attributes           map[string]string
	targets              []*target // in order of registration
}

// target is one address and port of a target group, with what the health checks of it said.
type target struct {
	ip           string
	port         int32
	zone         string // availability zone of the address; "" when it is in no subnet of the VPC
	state        elbtypes.TargetHealthStateEnum
	reason       elbtypes.TargetHealthReasonEnum // "" when healthy
	description  string
	passed       int // checks in a row that passed
	failed       int // checks in a row that failed
	registeredAt time.Time
}

func newBalancing() balancing {
	return balancing{
		balancers: map[string]*loadBalancer{}, listeners: map[string]*elbtypes.Listener{}, rules: map[string]*listenerRule{},
		targetGroups: map[string]*targetGroup{}, tags: map[string][]elbtypes.Tag{},
	}
}

func (w *World) elbARN(resource string) string {
	return fmt.Sprintf("arn:%s:elasticloadbalancing:%s:%s:%s", w.Partition, w.Region, w.Account, resource)
}

// seconds is a number of seconds as a duration.
func seconds(n *int32) time.Duration { return time.Duration(aws.ToInt32(n)) * time.Second }

// forwards lists the target groups that actions send requests to.
func forwards(actions []elbtypes.Action) []string {
	var out []string
	for _, a := range actions {
		if a.Type != elbtypes.ActionTypeEnumForward {
			continue
		}
		if a.TargetGroupArn != nil {
			out = append(out, *a.TargetGroupArn)
		}
		if a.ForwardConfig != nil {
			for _, g := range a.ForwardConfig.TargetGroups {
				out = append(out, aws.ToString(g.TargetGroupArn))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// balancerOf is the load balancer whose listeners or rules send requests to a target group; nil when none does.
func (w *World) balancerOf(group string) *loadBalancer {
	for _, l := range sorted(w.elb.listeners) {
		if slices.Contains(forwards(l.DefaultActions), group) {
			return w.elb.balancers[aws.ToString(l.LoadBalancerArn)]
		}
	}
	for _, r := range sorted(w.elb.rules) {
		if l := w.elb.listeners[r.listener]; l != nil && slices.Contains(forwards(r.Actions), group) {
			return w.elb.balancers[aws.ToString(l.LoadBalancerArn)]
		}
	}
	return nil
}

func (w *World) groupView(g *targetGroup) elbtypes.TargetGroup {
	v := g.TargetGroup
	v.LoadBalancerArns = []string{}
	if b := w.balancerOf(aws.ToString(g.TargetGroupArn)); b != nil {
		v.LoadBalancerArns = []string{aws.ToString(b.LoadBalancerArn)}
	}
	return v
}

func noTargetGroup() error {
	return wire.Errorf("TargetGroupNotFound", "One or more target groups not found")
}

func (w *World) groupNamed(arn *string) (*targetGroup, error) {
	if g := w.elb.targetGroups[aws.ToString(arn)]; g != nil {
		return g, nil
	}
	return nil, noTargetGroup()
}

func (w *World) balancerNamed(arn *string) (*loadBalancer, error) {
	if b := w.elb.balancers[aws.ToString(arn)]; b != nil {
		return b, nil
	}
	return nil, wire.Errorf("LoadBalancerNotFound", "One or more load balancers not found")
}

func (w *World) listenerNamed(arn *string) (*elbtypes.Listener, error) {
	if l := w.elb.listeners[aws.ToString(arn)]; l != nil {
		return l, nil
	}
	return nil, wire.Errorf("ListenerNotFound", "One or more listeners not found")
}

// checkActions refuses actions that name a target group that is not there.
func (w *World) checkActions(actions []elbtypes.Action) error {
	for _, arn := range forwards(actions) {
		if w.elb.targetGroups[arn] == nil {
			return noTargetGroup()
		}
	}
	return nil
}

// find is a target by address and port; nil when it is not registered.
func (g *targetGroup) find(ip string, port int32) *target {
	for _, t := range g.targets {
		if t.ip == ip && t.port == port {
			return t
		}
	}
	return nil
}
