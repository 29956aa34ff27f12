package lab

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// Apply runs API calls one after the other, over the wire but inside the process. They are not in Calls and injected faults do not
// touch them. The error names the step.
func (w *World) Apply(steps []Step) error {
	c := wire.Client{Endpoint: "http://lab", Region: w.Region, HTTP: &http.Client{Transport: inProcess{w.back}}}
	kept := map[string]any{}
	for i, s := range steps {
		at := fmt.Sprintf("step %d, %s:%s", i+1, s.Service, s.Operation)
		input, err := w.fill(s.Input, kept)
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		in, _ := input.(map[string]any) // nil input is an empty one
		var out map[string]any
		if s.Service == "lab" {
			err = w.labOperation(s.Operation, in)
		} else {
			c.AccessKey = ""
			if s.Owner {
				c.AccessKey = ownerKey
			}
			out, err = c.Call(context.Background(), signingName(s.Service), s.Operation, in)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if s.As != "" {
			kept[s.As] = out
		}
	}
	return nil
}

// signingName is a service's name on the wire by the name that the aws command line has for it.
func signingName(service string) string {
	switch service {
	case "efs":
		return "elasticfilesystem"
	case "elbv2":
		return "elasticloadbalancing"
	case "cloudwatch":
		return "monitoring"
	case "service-quotas":
		return "servicequotas"
	case "deploy":
		return "codedeploy"
	}
	return service
}

// inProcess hands requests to a handler without a network.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	p.handler.ServeHTTP(rec, r)
	return &http.Response{
		StatusCode: rec.status, Status: http.StatusText(rec.status), Header: rec.header, Body: io.NopCloser(&rec.body), ContentLength: int64(rec.body.Len()),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
	}, nil
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

var placeholder = regexp.MustCompile(`\$\{([^}]+)\}`)

// Resolve replaces placeholders in a text: ${account}, ${region}, ${registry}, ${KIND:NAME} for a resource by its Name tag or name (vpc,
// subnet, route-table, route-table-association, sg, acl, acl-association, igw, nat, endpoint, prefix-list, secret, parameter, role,
// key by its alias, file-system and access-point by their Name tag, mount-target FILE-SYSTEM/SUBNET by both names, policy, load-balancer, listener, rule, target-group, task, instance (a task by its id, one that is in Cloud Map if any is), namespace, cloudmap-service, queue, scaling-policy, function, service-deployment (the newest of a service), hook (its last lifecycle hook), task-set (the newest of a service), code-deployment (the last of APPLICATION/GROUP), digest for what REPOSITORY:TAG is now, built for what it was at first).
func (w *World) Resolve(text string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.expand(text, nil)
}

// fill replaces the placeholders in an input of any depth.
func (w *World) fill(v any, kept map[string]any) (any, error) {
	switch v := v.(type) {
	case string:
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.expand(v, kept)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			var err error
			if out[i], err = w.fill(e, kept); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) { // of two faults always the same one is told
			var err error
			if out[k], err = w.fill(v[k], kept); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

func (w *World) expand(text string, kept map[string]any) (string, error) {
	var failed error
	out := placeholder.ReplaceAllStringFunc(text, func(m string) string {
		v, err := w.lookUp(m[2:len(m)-1], kept)
		if err != nil && failed == nil {
			failed = err
		}
		return v
	})
	return out, failed
}

// lookUp is the value of one placeholder.
func (w *World) lookUp(name string, kept map[string]any) (string, error) {
	switch name {
	case "account":
		return w.Account, nil
	case "region":
		return w.Region, nil
	case "partition":
		return w.Partition, nil
	case "registry":
		return w.registryHost(), nil
	}
	kind, rest, ok := strings.Cut(name, ":")
	if !ok {
		return pick(name, kept)
	}
	if id := w.resource(kind, rest); id != "" {
		return id, nil
	}
	return "", fmt.Errorf("${%s}: the account has no %s of that name", name, kind)
}

// pick is a part of a kept answer: nat.NatGateway.NatGatewayId, or list.Items.0.Id.
func pick(path string, kept map[string]any) (string, error) {
	var v any = kept
	for _, key := range strings.Split(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(at) {
				return "", fmt.Errorf("${%s}: there is no element %s", path, key)
			}
			v = at[i]
		default:
			v = nil
		}
		if v == nil {
			return "", fmt.Errorf("${%s}: there is no %s", path, key)
		}
	}
	return fmt.Sprint(v), nil
}

// resource is the id (or the ARN, where that is what calls take) of a resource by its name, or "".
func (w *World) resource(kind, name string) string {
	switch kind {
	case "role":
		if r := w.roles[name]; r != nil {
			return aws.ToString(r.Arn)
		}
	case "task":
		for _, s := range w.services {
			if s.name() == name {
				for _, t := range s.tasks {
					if !t.stopping() {
						return aws.ToString(t.TaskArn)
					}
				}
			}
		}
	case "namespace":
		if n := w.namespaceOf(name); n != nil {
			return *n.Id
		}
	case "instance":
		return w.instanceOf(name)
	case "queue":
		if q := w.queues[name]; q != nil {
			return q.url
		}
	case "scaling-policy":
		for _, p := range sorted(w.policiesOfScaling) {
			if aws.ToString(p.PolicyName) == name {
				return aws.ToString(p.PolicyARN)
			}
		}
	case "hook", "service-deployment", "code-deployment", "task-set":
		return w.rolloutName(kind, name)
	case "key", "file-system", "access-point", "mount-target":
		return w.storedName(kind, name)
	case "digest":
		repo, tag, _ := strings.Cut(name, ":")
		if p := w.public[repo]; p != nil {
			return p.Digest
		}
		if _, i := w.findImage(repo, ":"+tag); i != nil {
			return i.Digest
		}
	case "acl-association":
		for _, acl := range sorted(w.acls) {
			for _, a := range acl.Associations {
				if aws.ToString(a.SubnetId) == w.names["subnet:"+name] {
					return aws.ToString(a.NetworkAclAssociationId)
				}
			}
		}
	case "route-table-association":
		for _, t := range sorted(w.routeTables) {
			for _, a := range t.Associations {
				if a.SubnetId != nil && aws.ToString(a.SubnetId) == w.names["subnet:"+name] {
					return aws.ToString(a.RouteTableAssociationId)
				}
			}
		}
	}
	if id := w.names[kind+":"+name]; id != "" {
		return id
	}
	return w.byTag(kind, name)
}

// byTag finds what somebody made since, by its Name tag or a security group's name.
func (w *World) byTag(kind, name string) string {
	is := func(tags []ec2types.Tag) bool {
		return slices.ContainsFunc(tags, func(t ec2types.Tag) bool { return aws.ToString(t.Key) == "Name" && aws.ToString(t.Value) == name })
	}
	switch kind {
	case "sg":
		for _, g := range sorted(w.groups) {
			if is(g.Tags) || aws.ToString(g.GroupName) == name {
				return aws.ToString(g.GroupId)
			}
		}
	case "endpoint":
		for _, e := range sorted(w.endpoints) {
			if is(e.Tags) && !isState(string(e.State), "deleted") {
				return aws.ToString(e.VpcEndpointId)
			}
		}
	case "target-group":
		for _, g := range sorted(w.elb.targetGroups) {
			if aws.ToString(g.TargetGroupName) == name {
				return aws.ToString(g.TargetGroupArn)
			}
		}
	case "nat":
		for _, n := range sorted(w.nats) {
			if is(n.Tags) && n.State == ec2types.NatGatewayStateAvailable {
				return aws.ToString(n.NatGatewayId)
			}
		}
	case "subnet":
		for _, s := range sorted(w.subnets) {
			if is(s.Tags) {
				return aws.ToString(s.SubnetId)
			}
		}
	}
	return ""
}

// Healed tells whether a service (CLUSTER/SERVICE) runs what it should and goes on doing so: it lets the world's clock run for sustain and
// then answers nil, or what is wrong. Healed means: the service is there and active, its desired count is not below what it
// was when the scenario began, the primary rollout is complete with all its tasks running, nothing of an older rollout is left, and no task failed
// meanwhile, and traces arrive where a collector sends them or a program is told to hand them over. Of a rule or schedule (see Scheduled): its next firing, however far, starts a task that ends
// with code 0; with sustain 0 the last firing did. Of sessions (see Sessions): the service is well and ExecuteCommand opens one in every container of its running tasks.
func (w *World) Healed(target string, sustain time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if Scheduled(target) {
		return w.healedStarter(target, sustain > 0)
	}
	if name, ok := Sessions(target); ok {
		return w.healedSessions(name, sustain)
	}
	if err := w.well(target); err != nil {
		return err
	}
	began := w.now
	q, _ := w.queueOf(w.services[target])
	var received, done int
	if q != nil {
		received, done = q.total.received, q.total.done
	}
	w.advance(sustain)
	if q != nil {
		if err := q.wasted(received, done); err != nil {
			return err
		}
	}
	if err := w.well(target); err != nil {
		return fmt.Errorf("it did not last for %s: %w", sustain, err)
	}
	for _, t := range w.services[target].tasks {
		failed := t.StopCode == ecstypes.TaskStopCodeTaskFailedToStart || t.StopCode == ecstypes.TaskStopCodeEssentialContainerExited ||
			strings.HasPrefix(aws.ToString(t.StoppedReason), "Task failed ") // its health checks
		if failed && t.StoppingAt != nil && t.StoppingAt.After(began) {
			return fmt.Errorf("task %s failed meanwhile: %s", t.id, aws.ToString(t.StoppedReason))
		}
	}
	return nil
}

// Has tells whether the target of a scenario exists.
func (w *World) Has(target string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if Scheduled(target) {
		return w.starterAt(target) != nil
	}
	if name, ok := Sessions(target); ok {
		target = name
	}
	return w.services[target] != nil
}

// rememberCounts takes the desired counts of now, or the least that auto scaling may want, as what Healed expects.
func (w *World) rememberCounts() {
	for name, s := range w.services {
		least := s.DesiredCount
		if t := w.scalables["service/"+name]; t != nil {
			least = *t.MinCapacity
		}
		w.counts[name] = max(w.counts[name], least)
	}
}

// scaling tells whether auto scaling changed the number of a service's tasks a moment ago, so that tasks come and go by its will.
func (w *World) scaling(target string) bool {
	for _, a := range w.activities["service/"+target] {
		if len(a.NotScaledReasons) == 0 {
			return w.now.Sub(*a.StartTime) < 3*time.Minute
		}
	}
	return false
}

func (w *World) well(target string) error {
	s := w.services[target]
	if s == nil || aws.ToString(s.Status) != "ACTIVE" {
		return fmt.Errorf("service %s is not there or not active", target)
	}
	if want := w.counts[target]; s.DesiredCount < want {
		return fmt.Errorf("the desired count of %s is %d, below the %d it had", target, s.DesiredCount, want)
	}
	p := s.primary()
	if p == nil {
		return fmt.Errorf("%s has no primary deployment or task set", target)
	}
	if running, pending := count(s.live(p)); (running != s.DesiredCount || pending > 0) && !w.scaling(target) {
		return fmt.Errorf("%s runs %d of %d tasks of its primary deployment", target, running, s.DesiredCount)
	}
	if len(s.deployments) > 1 || p.RolloutState != ecstypes.DeploymentRolloutStateCompleted {
		return fmt.Errorf("the rollout of %s is %s with %d deployments", target, p.RolloutState, len(s.deployments))
	}
	if err := w.released(target, s); err != nil {
		return err
	}
	if err := w.queueWorked(s); err != nil {
		return err
	}
	if away := w.turnedAway(s); away != "" {
		return fmt.Errorf("%s: %s", target, away)
	}
	if unfound := w.unfound(s); unfound != "" {
		return fmt.Errorf("%s: %s", target, unfound)
	}
	if untraced := w.untraced(s); untraced != "" {
		return fmt.Errorf("%s: %s", target, untraced)
	}
	if untaken := w.untaken(s); untaken != "" {
		return fmt.Errorf("%s: %s", target, untaken)
	}
	if err := w.served(s, p); err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	if unserved := s.unhealthyTargets(); unserved != "" {
		return fmt.Errorf("the load balancer does not serve all of %s: %s", target, unserved)
	}
	return nil
}
