package facts

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

// TargetFact is the target group that an incident is about, as it is set now.
type TargetFact struct {
	None          bool           `json:"-"`     // the service has no target group at all
	Group         string         `json:"group"` // ARN
	Name          string         `json:"name"`
	Protocol      string         `json:"protocol"`
	Version       string         `json:"protocol_version"` // HTTP1, HTTP2, GRPC
	Type          string         `json:"target_type"`
	Vpc           string         `json:"vpc"`
	LoadBalancer  string         `json:"load_balancer"` // ARN of the first; "" = none
	Container     string         `json:"container"`     // of the service's setting
	ContainerPort int            `json:"container_port"`
	CheckProtocol string         `json:"health_check_protocol"`
	CheckPort     int            `json:"health_check_port"` // the port that is really called
	OwnCheckPort  bool           `json:"own_health_check_port"`
	Path          string         `json:"path"`
	Matcher       string         `json:"matcher"`
	Interval      int            `json:"interval"` // seconds, as Timeout
	Timeout       int            `json:"timeout"`
	Healthy       int            `json:"healthy_threshold"`
	Unhealthy     int            `json:"unhealthy_threshold"`
	Basis         evidence.Basis `json:"-"`

	Answer        TargetAnswer `json:"answer"`
	Missing       Check        `json:"missing"`        // the target group does not exist
	WrongType     Check        `json:"wrong_type"`     // its type is not ip
	OtherVPC      Check        `json:"other_vpc"`      // it is in another VPC than the task's subnet
	WrongProtocol Check        `json:"wrong_protocol"` // the check or the group speaks another protocol than what answers on the port
	Undeclared    Check        `json:"undeclared"`     // the task definition has no such container, or the container no such port
	OtherPath     Check        `json:"other_path"`     // the container's own health check calls another path: Detail
	Patience      Patience     `json:"patience"`
	Deregistered  Check        `json:"deregistered"` // a running task is not in it, and its registration did not fail
}

// TargetAnswer is what the load balancer got from the task: from target health, else from the newest service event.
type TargetAnswer struct {
	Reason      string         `json:"reason"` // AWS's code: Target.Timeout, ...; "" = no target is sick now and no event says
	Code        string         `json:"code"`   // the first status code answered; "" = none
	Description string         `json:"description"`
	NotFound    bool           `json:"not_found"`    // 404 or 405: nothing serves the path
	Redirect    bool           `json:"redirect"`     // 3xx, or 2xx that the matcher leaves out
	Refused     bool           `json:"refused"`      // another 4xx: the application refuses the check
	ServerError bool           `json:"server_error"` // 5xx
	Silent      bool           `json:"silent"`       // no answer at all: it timed out, or the check failed without a code
	Basis       evidence.Basis `json:"-"`
}

// final reports whether the answer, or that no listener asks for one, stays the same however long the task may live.
func (a TargetAnswer) final() bool {
	return !a.Basis.Unknown && (a.NotFound || a.Redirect || a.Refused || a.Reason == "Target.NotInUse")
}

// Patience is how long tasks have until the load balancer's verdict ends them, against how long they lived. Seconds.
type Patience struct {
	Grace      int            `json:"grace"`       // healthCheckGracePeriodSeconds
	Threshold  int            `json:"threshold"`   // interval x unhealthy threshold
	Lived      int            `json:"lived"`       // of a killed sample, from its start to its stop; 0 = not known
	Ready      int            `json:"ready"`       // from the start to the line in the log that says that it serves; 0 = it says none
	ReadyLine  string         `json:"ready_line"`  // that line
	Needed     int            `json:"needed"`      // a grace period that would do
	GraceShort bool           `json:"grace_short"` // the application came up, later than the grace period and the threshold allow
	Basis      evidence.Basis `json:"-"`
}

// targetGroupOf picks the target group of an incident: the one its message names, else the service's only one.
func targetGroupOf(svc evidence.Service, in *Incident) (evidence.ServiceTargetGroup, bool) {
	named := in.Message.Fields.TargetGroup
	var all []evidence.ServiceTargetGroup
	for _, t := range svc.TargetGroups {
		if t.ARN == "" {
			continue
		}
		if named != "" && (t.ARN == named || t.AlternateARN == named || groupName(t.ARN) == groupName(named)) {
			return t, true
		}
		all = append(all, t)
	}
	if strings.HasPrefix(named, "arn:") {
		return evidence.ServiceTargetGroup{ARN: named}, true
	}
	if len(all) == 0 || len(all) > 1 && named != "" {
		return evidence.ServiceTargetGroup{}, false
	}
	return all[0], true
}

func (t *TargetFact) undecided(b evidence.Basis) {
	b.Unknown = true
	t.Basis, t.Answer.Basis, t.Missing.Basis, t.WrongType.Basis, t.OtherVPC.Basis = b, b, b, b, b
	t.WrongProtocol.Basis, t.Undeclared.Basis, t.Patience.Basis, t.Deregistered.Basis, t.OtherPath.Basis = b, b, b, b, b
}

// unbalanced: without a target group nothing of it can be wrong.
func (t *TargetFact) unbalanced(w *evidence.View, why string) {
	t.undecided(w.Undecided(why))
	b := w.Decided()
	t.None = true
	t.Missing.Basis, t.WrongType.Basis, t.OtherVPC.Basis, t.Undeclared.Basis = b, b, b, b
}

func targetFact(v *evidence.View, in *Incident) {
	t := &in.Target
	w := v.Track()
	if in.Service == "" {
		t.unbalanced(w, "the task belongs to no service, so no load balancer checks it")
		return
	}
	svc, st := evidence.Read(w, evidence.ServiceKey(in.Cluster, in.Service))
	if st == evidence.Found && len(svc.TargetGroups) == 0 && in.Message.Fields.TargetGroup == "" {
		w.Cite(evidence.ServiceKey(in.Cluster, in.Service).Key, "service "+in.Service, "loadBalancers", "none")
		t.unbalanced(w, "the service has no target group")
		return
	}
	tg, ok := targetGroupOf(svc, in)
	if st != evidence.Found || !ok {
		t.undecided(w.Undecided("no target group of the service is known for this failure"))
		return
	}
	key := evidence.TargetGroupKey(tg.ARN)
	group, st := evidence.Read(w, key)
	t.Group, t.Name, t.Container, t.ContainerPort = tg.ARN, groupName(tg.ARN), tg.Container, tg.ContainerPort
	switch st {
	case evidence.Absent:
		w.Cite(key.Key, "target group "+t.Name, "TargetGroupArn", "does not exist")
		t.undecided(w.Undecided("the target group does not exist"))
		t.Missing = Check{Holds: true, Resource: tg.ARN, Detail: t.Name, Basis: w.Decided()}
		return
	case evidence.Found:
	default:
		t.undecided(w.Undecided(""))
		t.Answer = answerFact(v, in, tg.ARN)
		t.Undeclared, t.Deregistered = undeclared(v, in), deregistered(v, in)
		return
	}
	h := group.HealthCheck
	t.Protocol, t.Version, t.Type, t.Vpc = group.Protocol, group.ProtocolVersion, group.TargetType, group.VpcID
	if len(group.LoadBalancers) > 0 {
		t.LoadBalancer = group.LoadBalancers[0]
	}
	t.CheckProtocol, t.Path, t.Matcher, t.Interval, t.Timeout, t.Healthy, t.Unhealthy = h.Protocol, h.Path, h.Matcher, h.Interval, h.Timeout, h.Healthy, h.Unhealthy
	t.CheckPort = cmp.Or(tg.ContainerPort, group.Port)
	if n, err := strconv.Atoi(h.Port); err == nil {
		t.CheckPort, t.OwnCheckPort = n, n != tg.ContainerPort
	}
	w.Cite(key.Key, "target group "+t.Name, "HealthCheck", strings.TrimSpace(h.Protocol+" port "+h.Port+" "+h.Path+" "+h.Matcher))
	t.Basis = w.Decided()
	t.Missing = Check{Basis: w.Decided()}
	t.OtherPath = otherPath(v, in, t.Path)
	t.Answer = answerFact(v, in, tg.ARN)
	if accepts(t.Matcher, t.Answer.Code) { // now; then it did not
		t.Answer.Basis.Changed = evidence.When(newest(t.Basis.Cites))
	}
	t.WrongType = wrongType(v, in, group)
	t.OtherVPC = otherVPC(v, in, group)
	t.Undeclared, t.Deregistered = undeclared(v, in), deregistered(v, in)
}

var pathIn = regexp.MustCompile(`(?i)(?:localhost|127\.0\.0\.1)(?::\d+)?(/[^\s"'|;)]*)`)

// otherPath finds what the container's own health check calls: the best guess at a path that the application serves.
func otherPath(v *evidence.View, in *Incident, path string) Check {
	w := v.Track()
	key := evidence.TaskDefinitionKey(in.Launch.TaskDefinition)
	td, st := evidence.Read(w, key)
	if in.Launch.TaskDefinition == "" || st != evidence.Found {
		return Check{Basis: w.Undecided("")}
	}
	for _, c := range td.Containers {
		command := strings.Join(c.HealthCheck.Command, " ")
		if m := pathIn.FindStringSubmatch(command); c.Name == in.Target.Container && m != nil && m[1] != path {
			w.Cite(key.Key, "task definition "+td.ID, "healthCheck.command", command)
			return Check{Holds: true, Resource: td.ID, Detail: m[1], Basis: w.Decided()}
		}
	}
	return Check{Basis: w.Decided()}
}

var codesIn = regexp.MustCompile(`codes?: \[(\d{1,3})`)

// answerFact reads what the load balancer got: from the incident itself, else from a target that is sick now, else from
// the newest event that tells.
func answerFact(v *evidence.View, in *Incident, group string) TargetAnswer {
	a := TargetAnswer{}
	if reason := reasonOf(in.Symptom); reason != "" {
		a.say(reason, in.Message.Text)
		a.Basis = in.Basis
		return a
	}
	w := v.Track()
	key := evidence.TargetHealthKey(group)
	health, st := evidence.Read(w, key)
	for _, t := range health.Targets {
		if reasonSymptoms[t.Reason] != "" && t.State != "initial" {
			a.say(t.Reason, t.Description)
			w.Cite(key.Key, "target "+t.ID, "TargetHealth", t.State+" "+t.Reason+" "+t.Description)
			a.Basis = w.Decided()
			return a
		}
	}
	svc, _ := evidence.Read(w, evidence.ServiceKey(in.Cluster, in.Service))
	for _, e := range svc.Events { // newest first
		if !strings.Contains(e.Message, "is unhealthy in") || !strings.Contains(e.Message, groupName(group)) {
			continue
		}
		_, why, _ := strings.Cut(e.Message, "(reason ")
		a.say(reasonInEvent(why), strings.TrimRight(why, ")."))
		w.Cite(evidence.ServiceKey(in.Cluster, in.Service).Key, "service "+in.Service, "events.message", e.Message)
		a.Basis = w.Decided()
		return a
	}
	if st != evidence.Found && st != evidence.Absent {
		a.Basis = w.Undecided("")
		return a
	}
	a.Basis = w.Undecided("no target is sick now and no service event says what the check got")
	return a
}

func reasonOf(symptom string) string {
	switch symptom {
	case "health/elb/timeout":
		return "Target.Timeout"
	case "health/elb/code-mismatch":
		return "Target.ResponseCodeMismatch"
	case "health/elb/failed":
		return "Target.FailedHealthChecks"
	case "health/elb/not-in-use":
		return "Target.NotInUse"
	case "health/elb/not-registered":
		return "Target.NotRegistered"
	}
	return ""
}

func reasonInEvent(why string) string {
	switch {
	case strings.Contains(why, "timed out"):
		return "Target.Timeout"
	case strings.Contains(why, "codes:"):
		return "Target.ResponseCodeMismatch"
	}
	return "Target.FailedHealthChecks"
}

func (a *TargetAnswer) say(reason, text string) {
	a.Reason, a.Description = reason, text
	if m := codesIn.FindStringSubmatch(text); m != nil {
		a.Code = m[1]
	}
	n, _ := strconv.Atoi(a.Code)
	a.NotFound = n == 404 || n == 405
	a.Redirect = n >= 200 && n < 400
	a.Refused = n >= 400 && n < 500 && !a.NotFound
	a.ServerError = n >= 500
	a.Silent = reason == "Target.Timeout" || reason == "Target.FailedHealthChecks"
}

// accepts reports whether a matcher ("200", "200,404", "200-299") holds a code.
func accepts(matcher, code string) bool {
	n, err := strconv.Atoi(code)
	if err != nil {
		return false
	}
	for _, part := range strings.Split(matcher, ",") {
		low, high, is := strings.Cut(strings.TrimSpace(part), "-")
		a, err := strconv.Atoi(low)
		b := a
		if is {
			b, _ = strconv.Atoi(high)
		}
		if err == nil && a <= n && n <= b {
			return true
		}
	}
	return false
}

// wrongType: Fargate tasks have addresses of their own, so only targets of the type ip can be they.
func wrongType(v *evidence.View, in *Incident, g evidence.TargetGroup) Check {
	w := v.Track()
	w.Cite(evidence.TargetGroupKey(g.ARN).Key, "target group "+g.Name, "TargetType", g.TargetType)
	c := Check{Holds: g.TargetType != "ip" && in.Launch.LaunchType != "EC2", Basis: w.Decided()}
	if c.Holds {
		c.Resource = g.ARN
	}
	return c
}

func otherVPC(v *evidence.View, in *Incident, g evidence.TargetGroup) Check {
	w := v.Track()
	subnet := in.Launch.Subnet
	if subnet == "" && len(in.Launch.Subnets) > 0 {
		subnet = in.Launch.Subnets[0]
	}
	s, st := evidence.Read(w, evidence.SubnetKey(subnet))
	if subnet == "" || st != evidence.Found {
		return Check{Basis: w.Undecided("")}
	}
	w.Cite(evidence.TargetGroupKey(g.ARN).Key, "target group "+g.Name, "VpcId", g.VpcID)
	w.Cite(evidence.SubnetKey(subnet).Key, subnet, "VpcId", s.VpcID)
	c := Check{Holds: g.VpcID != "" && g.VpcID != s.VpcID, Basis: w.Decided()}
	if c.Holds {
		c.Resource, c.Detail = g.ARN, g.VpcID+" instead of "+s.VpcID
	}
	return c
}

// undeclared: the service names a container or a port that the task definition does not have. ECS refuses that when the
// service is made or changed, so it can only be a revision that was never rolled out, or the message itself.
func undeclared(v *evidence.View, in *Incident) Check {
	w := v.Track()
	t := in.Target
	td, st := evidence.Read(w, evidence.TaskDefinitionKey(in.Launch.TaskDefinition))
	if in.Launch.TaskDefinition == "" || t.Container == "" || st != evidence.Found {
		return Check{Basis: w.Undecided("")}
	}
	w.Cite(evidence.TaskDefinitionKey(td.ID).Key, "task definition "+td.ID, "portMappings", portsSay(td))
	for _, c := range td.Containers {
		if c.Name == t.Container && (slices.Contains(c.Ports, t.ContainerPort) || slices.ContainsFunc(c.PortMappings, func(p evidence.PortMapping) bool { return p.ContainerPort == t.ContainerPort })) {
			return Check{Basis: w.Decided()}
		}
	}
	return Check{Holds: true, Resource: td.ID, Detail: td.ID + " has " + portsSay(td), Basis: w.Decided()}
}

func portsSay(td evidence.TaskDefinition) string {
	var out []string
	for _, c := range td.Containers {
		ports := append([]int{}, c.Ports...)
		for _, p := range c.PortMappings {
			if !slices.Contains(ports, p.ContainerPort) {
				ports = append(ports, p.ContainerPort)
			}
		}
		words := "no port"
		if len(ports) > 0 {
			words = "port"
			for _, p := range ports {
				words += " " + itoa(p)
			}
		}
		out = append(out, c.Name+" with "+words)
	}
	return strings.Join(out, ", ")
}

// deregistered: a running task is missing from its target group and no event says that its registration failed.
func deregistered(v *evidence.View, in *Incident) Check {
	if in.Symptom != "health/elb/not-registered" {
		return Check{Basis: v.Track().Undecided("this failure is not about a task that its target group lacks")}
	}
	w := v.Track()
	key := evidence.ServiceKey(in.Cluster, in.Service)
	svc, _ := evidence.Read(w, key)
	for _, e := range svc.Events {
		if e.At.After(in.First.Add(-time.Minute)) && strings.Contains(e.Message, "failed to register targets") {
			w.Cite(key.Key, "service "+in.Service, "events.message", e.Message)
			return Check{Basis: w.Decided()}
		}
	}
	return Check{Holds: true, Resource: in.Target.Group, Basis: in.Basis}
}
