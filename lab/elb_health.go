package lab

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// What a load balancer finds out about its targets. Source of states, reasons and thresholds: Elastic Load Balancing user guide,
// "Health checks for your target groups": a new target is healthy after one check that passed, and from then on a change takes as
// many checks in a row as the group says.

// Descriptions that go with a reason, in AWS's words.
const (
	sayRegistering = "Target registration is in progress"
	sayInitial     = "Initial health checks in progress"
	sayDraining    = "Target deregistration is in progress"
	sayNoListener  = "Target group is not configured to receive traffic from the load balancer"
	sayZone        = "Target is in an Availability Zone that is not enabled for the load balancer"
	sayTimeout     = "Request timed out"
	sayFailed      = "Health checks failed"
)

// registerTarget puts an address into a group and begins to check it. One that is there already stays as it is, one that drains is
// taken back.
func (w *World) registerTarget(g *targetGroup, ip string, port int32) error {
	addr, err := netip.ParseAddr(ip)
	if err != nil || g.TargetType != elbtypes.TargetTypeEnumIp {
		return wire.Errorf("InvalidTarget", "The IP address '%s' is not valid for this target group", ip)
	}
	zone := ""
	for _, s := range sorted(w.subnets) {
		if aws.ToString(s.VpcId) == aws.ToString(g.VpcId) && match(aws.ToString(s.CidrBlock), addr) > 0 {
			zone = aws.ToString(s.AvailabilityZone)
		}
	}
	if zone == "" {
		return wire.Errorf("InvalidTarget", "The IP address '%s' is not within a valid subnet of the target group VPC '%s'", ip, aws.ToString(g.VpcId))
	}
	if old := g.find(ip, port); old != nil {
		if old.state != elbtypes.TargetHealthStateEnumDraining {
			return nil
		}
		g.drop(old)
	}
	t := &target{ip: ip, port: port, zone: zone, registeredAt: w.now,
		state: elbtypes.TargetHealthStateEnumInitial, reason: elbtypes.TargetHealthReasonEnumRegistrationInProgress, description: sayRegistering}
	g.targets = append(slices.Clip(g.targets), t)
	w.after(w.about(3*time.Second), func() { w.check(g, t) })
	return nil
}

func (g *targetGroup) drop(t *target) {
	g.targets = slices.DeleteFunc(slices.Clone(g.targets), func(x *target) bool { return x == t })
}

// delay is the group's deregistration delay.
func (g *targetGroup) delay() time.Duration {
	n, err := strconv.Atoi(g.attributes["deregistration_delay.timeout_seconds"])
	if err != nil {
		return 5 * time.Minute
	}
	return time.Duration(n) * time.Second
}

// drainTarget ends the traffic to a target: it gets no new requests, and leaves the group after the deregistration delay.
func (w *World) drainTarget(g *targetGroup, t *target) {
	if t.state == elbtypes.TargetHealthStateEnumDraining {
		return
	}
	t.state, t.reason, t.description = elbtypes.TargetHealthStateEnumDraining, elbtypes.TargetHealthReasonEnumDeregistrationInProgress, sayDraining
	w.after(g.delay(), func() { g.drop(t) })
	w.targetChanged(t)
}

// check sends one health check to a target and plans the next.
func (w *World) check(g *targetGroup, t *target) {
	if w.elb.targetGroups[aws.ToString(g.TargetGroupArn)] != g || t.state == elbtypes.TargetHealthStateEnumDraining || !slices.Contains(g.targets, t) {
		return
	}
	w.after(seconds(g.HealthCheckIntervalSeconds), func() { w.check(g, t) })
	before := t.state
	lb := w.balancerOf(aws.ToString(g.TargetGroupArn))
	switch {
	case lb == nil:
		t.unused(sayNoListener)
	case !lb.serves(t.zone):
		t.unused(sayZone)
	default:
		if t.state == elbtypes.TargetHealthStateEnumUnused || t.reason == elbtypes.TargetHealthReasonEnumRegistrationInProgress {
			t.state, t.reason, t.description = elbtypes.TargetHealthStateEnumInitial, elbtypes.TargetHealthReasonEnumInitialHealthChecking, sayInitial
		}
		reason, description := w.probe(lb, g, t)
		t.count(g, reason, description)
	}
	if t.state != before {
		w.targetChanged(t)
	}
}

func (b *loadBalancer) serves(zone string) bool {
	return slices.ContainsFunc(b.AvailabilityZones, func(z elbtypes.AvailabilityZone) bool { return aws.ToString(z.ZoneName) == zone })
}

func (t *target) unused(description string) {
	t.state, t.reason, t.description = elbtypes.TargetHealthStateEnumUnused, elbtypes.TargetHealthReasonEnumNotInUse, description
	t.passed, t.failed = 0, 0
}

// count takes the outcome of a check; reason is "" when it passed.
func (t *target) count(g *targetGroup, reason elbtypes.TargetHealthReasonEnum, description string) {
	if reason == "" {
		t.passed, t.failed = t.passed+1, 0
		if t.state == elbtypes.TargetHealthStateEnumInitial || t.passed >= int(aws.ToInt32(g.HealthyThresholdCount)) {
			t.state, t.reason, t.description = elbtypes.TargetHealthStateEnumHealthy, "", ""
		}
		return
	}
	t.passed, t.failed = 0, t.failed+1
	if t.state == elbtypes.TargetHealthStateEnumUnhealthy || t.failed >= int(aws.ToInt32(g.UnhealthyThresholdCount)) {
		t.state, t.reason, t.description = elbtypes.TargetHealthStateEnumUnhealthy, reason, description
	}
}

// probe is one health check, from every node of the load balancer; the first that fails decides.
func (w *World) probe(lb *loadBalancer, g *targetGroup, t *target) (elbtypes.TargetHealthReasonEnum, string) {
	to, err := netip.ParseAddr(t.ip)
	if err != nil {
		return elbtypes.TargetHealthReasonEnumFailedHealthChecks, sayFailed
	}
	port := g.checkPort(t)
	for _, subnet := range slices.Sorted(maps.Keys(lb.nodes)) {
		node := w.interfaces[lb.nodes[subnet]]
		if node == nil || !w.travel(node, packet{to: to, protocol: "tcp", port: port}).OK {
			return elbtypes.TargetHealthReasonEnumTimeout, sayTimeout
		}
	}
	owner := w.taskAt(aws.ToString(g.VpcId), t.ip)
	if owner == nil {
		return elbtypes.TargetHealthReasonEnumTimeout, sayTimeout // an address that nobody runs on any more
	}
	c := owner.listener(port, false)
	if c == nil {
		return elbtypes.TargetHealthReasonEnumFailedHealthChecks, sayFailed // connection refused
	}
	if g.HealthCheckProtocol == elbtypes.ProtocolEnumTcp {
		return "", ""
	}
	app := c.image.App
	if app.TLS != (g.HealthCheckProtocol == elbtypes.ProtocolEnumHttps) {
		return elbtypes.TargetHealthReasonEnumFailedHealthChecks, sayFailed
	}
	if w.answers(owner, c) >= seconds(g.HealthCheckTimeoutSeconds) {
		return elbtypes.TargetHealthReasonEnumTimeout, sayTimeout
	}
	if code := app.answer(aws.ToString(g.HealthCheckPath), t.ip); !accepts(g.Matcher, code) {
		return elbtypes.TargetHealthReasonEnumResponseCodeMismatch, fmt.Sprintf("%s with these codes: [%d]", sayFailed, code)
	}
	return "", ""
}

// accepts tells whether a code is one of a matcher's: "200", "200,301", "200-299".
func accepts(m *elbtypes.Matcher, code int) bool {
	if m == nil {
		return code == 200
	}
	for _, part := range strings.Split(aws.ToString(m.HttpCode), ",") {
		from, to, ok := strings.Cut(strings.TrimSpace(part), "-")
		if !ok {
			to = from
		}
		if code >= number(from) && code <= number(to) {
			return true
		}
	}
	return false
}

// taskAt is the task whose interface has an address of the VPC; nil when there is none.
func (w *World) taskAt(vpcID, ip string) *task {
	if n := w.held.byPlace[vpcID+" "+ip]; n != nil {
		return w.held.tasks[aws.ToString(n.NetworkInterfaceId)]
	}
	return nil
}

// listener is the container of a task that takes connections on a port; nil means that they are refused. Inside means from the
// task itself, where 127.0.0.1 is reached too.
func (t *task) listener(port int32, inside bool) *container {
	for _, c := range t.containers {
		if c.serving && !c.done && c.port() == port && (inside || !c.image.App.Local) {
			return c
		}
	}
	return nil
}

// targetChanged makes the services look that have a task at a target.
func (w *World) targetChanged(x *target) {
	for _, s := range sorted(w.services) {
		for _, t := range s.tasks {
			if slices.ContainsFunc(t.targets, func(r registration) bool { return r.target == x }) {
				w.assess(t)
			}
		}
	}
}
