package lab

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// visit is what became of one request of somebody on the internet to a load balancer.
type visit struct {
	code   int    // of HTTP; 0 = the connection was never made
	target string // address of the target that answered; "" = the load balancer itself did, or nobody
	why    string // what happened, where the program did not answer
}

// idleTimeout is how long a load balancer waits for a target's answer: the default of idle_timeout.timeout_seconds.
const idleTimeout = 60 * time.Second

// visit sends a visitor's request to the load balancer with a DNS name, at its lowest listener; known is false when there is no such load
// balancer. Which target answers goes in turn.
func (w *World) visit(host, path string) (v visit, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range sorted(w.elb.balancers) {
		if strings.EqualFold(aws.ToString(b.DNSName), host) {
			return w.visitAt(b, host, path), true
		}
	}
	return visit{}, false
}

func (w *World) visitAt(b *loadBalancer, host, path string) visit {
	var listener *elbtypes.Listener
	for _, l := range sorted(w.elb.listeners) {
		if aws.ToString(l.LoadBalancerArn) == aws.ToString(b.LoadBalancerArn) && (listener == nil || aws.ToInt32(l.Port) < aws.ToInt32(listener.Port)) {
			listener = l
		}
	}
	if listener == nil {
		return visit{why: "the load balancer has no listener"}
	}
	var node *ec2types.NetworkInterface
	for _, subnet := range slices.Sorted(maps.Keys(b.nodes)) {
		if n := w.interfaces[b.nodes[subnet]]; n != nil && w.admits(n, aws.ToInt32(listener.Port)) {
			node = n
			break
		}
	}
	if node == nil {
		return visit{why: "the connection to the load balancer times out"}
	}
	for _, r := range w.rulesOf(listener) {
		if !fits(r.Conditions, host, path) {
			continue
		}
		for _, a := range r.Actions {
			switch a.Type {
			case elbtypes.ActionTypeEnumFixedResponse:
				return visit{code: number(aws.ToString(a.FixedResponseConfig.StatusCode)), why: "a rule's fixed response"}
			case elbtypes.ActionTypeEnumRedirect:
				return visit{code: 302, why: "a rule's redirect"}
			}
		}
		for _, arn := range forwards(r.Actions) {
			return w.visitTarget(node, w.elb.targetGroups[arn], host, path)
		}
	}
	return visit{code: 503, why: "no rule forwards the request"}
}

// admits tells whether the internet reaches an interface of a load balancer on a port.
func (w *World) admits(n *ec2types.NetworkInterface, port int32) bool {
	from := netip.MustParseAddr(callerAddress)
	p := packet{to: from, protocol: "tcp", port: port}
	return w.groupsBlock(n, p, nil, false) == "" && w.aclBlocks(aws.ToString(n.SubnetId), inward(p, from, natPorts)) == ""
}

// fits tells whether a rule's conditions hold: host names and paths; a rule with others is passed over.
func fits(conditions []elbtypes.RuleCondition, host, path string) bool {
	for _, c := range conditions {
		have, want := "", c.Values
		switch aws.ToString(c.Field) {
		case "path-pattern":
			if have = path; c.PathPatternConfig != nil {
				want = c.PathPatternConfig.Values
			}
		case "host-header":
			if have = strings.ToLower(host); c.HostHeaderConfig != nil {
				want = c.HostHeaderConfig.Values
			}
		}
		if !slices.ContainsFunc(want, func(pattern string) bool { return wildcard(pattern, have) }) {
			return false
		}
	}
	return true
}

// routable lists the targets that get requests: the healthy ones; where there is none, all that are registered and do not drain. A load
// balancer fails open (Elastic Load Balancing user guide, "Health checks for your target groups").
func (g *targetGroup) routable() []*target {
	var healthy, open []*target
	for _, t := range g.targets {
		switch t.state {
		case elbtypes.TargetHealthStateEnumHealthy:
			healthy = append(healthy, t)
		case elbtypes.TargetHealthStateEnumUnhealthy, elbtypes.TargetHealthStateEnumInitial:
			open = append(open, t)
		}
	}
	if len(healthy) > 0 {
		return healthy
	}
	return open
}

func (w *World) visitTarget(node *ec2types.NetworkInterface, g *targetGroup, host, path string) visit {
	if g == nil || len(g.routable()) == 0 {
		return visit{code: 503, why: "the target group has no target that could be asked"}
	}
	w.visits++
	all := g.routable()
	t := all[w.visits%len(all)]
	to, err := netip.ParseAddr(t.ip)
	if err != nil || !w.travel(node, packet{to: to, protocol: "tcp", port: t.port}).OK {
		return visit{code: 504, why: "the load balancer gets no connection to " + t.ip}
	}
	owner := w.taskAt(aws.ToString(g.VpcId), t.ip)
	if owner == nil {
		return visit{code: 504, why: "nobody has the address " + t.ip}
	}
	c := owner.listener(t.port, false)
	if c == nil || c.image.App.TLS != (g.Protocol == elbtypes.ProtocolEnumHttps) {
		return visit{code: 502, why: t.ip + " refuses the connection or does not understand it"}
	}
	if w.answers(owner, c) >= idleTimeout {
		return visit{code: 504, why: t.ip + " does not answer in time"}
	}
	return visit{code: c.image.App.answer(path, host), target: t.ip}
}

// serveVisit answers a visitor who asked for a load balancer's DNS name; false when it is none.
func (w *World) serveVisit(hw http.ResponseWriter, hr *http.Request) bool {
	host, _, _ := strings.Cut(hr.Host, ":")
	if !strings.Contains(host, ".elb.") {
		return false
	}
	v, known := w.visit(host, hr.URL.Path)
	switch {
	case !known:
		return false
	case v.code == 0:
		panic(http.ErrAbortHandler) // the visitor's connection ends without a word
	case v.target != "":
		hw.Header().Set("X-Lab-Target", v.target)
	default:
		hw.Header().Set("Server", "awselb/2.0")
	}
	hw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	hw.WriteHeader(v.code)
	fmt.Fprintf(hw, "%d %s\n", v.code, http.StatusText(v.code))
	return true
}
