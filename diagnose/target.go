package diagnose

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// TargetError says which target could not be found and what to type instead.
type TargetError struct {
	Text    string
	Message string
	Near    []string // existing names that come close
}

func (e *TargetError) Error() string {
	s := typed(e.Text) + ": " + e.Message
	if len(e.Near) > 0 {
		s += "; did you mean " + strings.Join(e.Near, ", ") + "?"
	}
	return s
}

// typed is a target's text as a person types it.
func typed(text string) string {
	for _, flag := range []string{rulePrefix, schedulePrefix, execPrefix} {
		if rest, ok := strings.CutPrefix(text, flag); ok && flag != execPrefix {
			name, cluster, _ := strings.Cut(rest, " ")
			return strings.TrimSpace(cluster + " " + flag + name)
		} else if ok {
			return rest + " " + strings.TrimSpace(flag)
		}
	}
	return fmt.Sprintf("%q", text)
}

// All is the target text that stands for every service of every cluster of the region.
const All = "--all"

var (
	taskID      = regexp.MustCompile(`^[0-9a-f]{32}$`)
	loadBalance = regexp.MustCompile(`(?i)^(https?://)?(dualstack\.)?[a-z0-9-]+\.([a-z0-9-]+\.)?elb\.([a-z0-9-]+\.)?amazonaws\.com(\.cn)?(:\d+)?(/.*)?$`)
)

// Resolve turns what a user typed into targets: CLUSTER/SERVICE, CLUSTER, an ARN of a service, task, cluster or target
// group, rule or schedule, a bare task id or service name, a console URL, a load balancer's DNS name, RuleText,
// ScheduleText, ExecText, or All.
// notes say what was assumed. Errors are *TargetError where the text is at fault.
func Resolve(ctx context.Context, text string, store *evidence.Store, fetch Fetch) (targets []evidence.Target, notes []string, err error) {
	r := &resolver{ctx: ctx, text: text, store: store, fetch: fetch}
	text = strings.TrimSpace(text)
	switch {
	case text == All:
		targets, err = r.all()
	case strings.HasPrefix(text, execPrefix):
		targets, err = r.exec(ctx, strings.TrimPrefix(text, execPrefix))
	case strings.HasPrefix(text, rulePrefix):
		name, cluster, _ := strings.Cut(strings.TrimPrefix(text, rulePrefix), " ")
		targets, err = r.rule(name, cluster)
	case strings.HasPrefix(text, schedulePrefix):
		name, cluster, _ := strings.Cut(strings.TrimPrefix(text, schedulePrefix), " ")
		targets, err = r.schedule(name, cluster)
	case strings.HasPrefix(text, "arn:"):
		targets, err = r.arn(text)
	case loadBalance.MatchString(text):
		targets, err = r.loadBalancer(text)
	case strings.Contains(text, "://"):
		targets, err = r.consoleURL(text)
	case taskID.MatchString(text):
		targets, err = r.bareTask(text)
	case strings.Contains(text, "/"):
		cluster, name, _ := strings.Cut(text, "/")
		targets, err = r.clusterAnd(cluster, name)
	case text == "":
		err = r.fail("nothing to look at; type a target, for example my-cluster/my-service")
	default:
		targets, err = r.bareName(text)
	}
	return targets, r.notes, err
}

type resolver struct {
	ctx   context.Context
	text  string
	store *evidence.Store
	fetch Fetch
	notes []string
}

func (r *resolver) fail(format string, args ...any) error {
	return &TargetError{Text: r.text, Message: fmt.Sprintf(format, args...)}
}

// get reads keys, once each.
func (r *resolver) get(keys ...evidence.Key) {
	if need := unread(r.store, keys); len(need) > 0 {
		r.fetch(r.ctx, r.store, need)
	}
}

// gap gives the error of a key that could not be read.
func (r *resolver) gap(k evidence.Key) error {
	g, _ := r.store.Gap(k)
	return fmt.Errorf("%s: %s failed: %s %s\n  %s", typed(r.text), g.Call, g.Reason, g.Message, g.Fix)
}

func (r *resolver) names(ref evidence.Ref[evidence.Names]) ([]string, error) {
	r.get(ref.Key)
	n, st := evidence.Read(evidence.NewView(r.store), ref)
	switch st {
	case evidence.Found:
		return n.Names, nil
	case evidence.Absent:
		return nil, nil
	}
	return nil, r.gap(ref.Key)
}

// clusterAnd is CLUSTER/SERVICE or CLUSTER/TASK-ID.
func (r *resolver) clusterAnd(cluster, name string) ([]evidence.Target, error) {
	if cluster == "" || name == "" || strings.Contains(name, "/") {
		return nil, r.fail("want CLUSTER/SERVICE, for example my-cluster/my-service")
	}
	if taskID.MatchString(name) {
		return r.task(cluster, name)
	}
	return r.service(cluster, name)
}

func (r *resolver) service(cluster, name string) ([]evidence.Target, error) {
	key := evidence.ServiceKey(cluster, name)
	r.get(key.Key, evidence.CallerKey().Key)
	svc, st := evidence.Read(evidence.NewView(r.store), key)
	switch {
	case st == evidence.Gapped:
		// The diagnosis itself says what could not be seen; it needs no resolved name.
		return []evidence.Target{{Kind: evidence.TargetService, Cluster: cluster, Service: name}}, nil
	case st == evidence.Found && svc.Status != "INACTIVE":
		return []evidence.Target{{Kind: evidence.TargetService, Cluster: cluster, Service: name}}, nil
	}
	clusters, err := r.names(evidence.ClustersKey())
	if err != nil {
		return nil, &TargetError{Text: r.text, Message: "there is no service " + name + " in cluster " + cluster}
	}
	if len(clusters) == 0 {
		return nil, r.fail("there is no cluster %q in this region, nor any other", cluster)
	}
	if !slices.Contains(clusters, cluster) {
		return nil, &TargetError{Text: r.text, Message: fmt.Sprintf("there is no cluster %q in this region", cluster), Near: near(cluster, clusters)}
	}
	services, err := r.names(evidence.ClusterServicesKey(cluster))
	if err != nil {
		return nil, &TargetError{Text: r.text, Message: "there is no service " + name + " in cluster " + cluster}
	}
	what := fmt.Sprintf("cluster %s has no service %q", cluster, name)
	if st == evidence.Found {
		what = fmt.Sprintf("service %s of cluster %s was deleted (its status is INACTIVE)", name, cluster)
	}
	return nil, &TargetError{Text: r.text, Message: what, Near: near(name, services)}
}

// near picks up to three names that are close enough to be a slip.
func near(s string, names []string) []string {
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return distance(s, a) - distance(s, b) })
	var out []string
	for _, n := range sorted {
		if len(out) < 3 && (distance(s, n) <= max(2, len(s)/2) || strings.Contains(n, s)) {
			out = append(out, n)
		}
	}
	return out
}

func (r *resolver) cluster(name string) ([]evidence.Target, error) {
	services, err := r.names(evidence.ClusterServicesKey(name))
	if err != nil {
		return nil, err
	}
	if len(services) == 0 {
		r.notes = append(r.notes, "cluster "+name+" has no services")
	}
	var out []evidence.Target
	for _, s := range services {
		out = append(out, evidence.Target{Kind: evidence.TargetService, Cluster: name, Service: s})
	}
	return out, nil
}

func (r *resolver) all() (out []evidence.Target, err error) {
	clusters, err := r.names(evidence.ClustersKey())
	if err != nil {
		return nil, err
	}
	keys := []evidence.Key{}
	for _, c := range clusters {
		keys = append(keys, evidence.ClusterServicesKey(c).Key)
	}
	r.get(keys...)
	for _, c := range clusters {
		ts, err := r.cluster(c)
		if err != nil {
			r.notes = append(r.notes, err.Error())
		}
		out = append(out, ts...)
	}
	if len(out) == 0 {
		return nil, r.fail("this account and region has no ECS services that can be listed; check --profile")
	}
	return out, nil
}

// bareName is a cluster, or a service of exactly one cluster.
func (r *resolver) bareName(name string) ([]evidence.Target, error) {
	clusters, err := r.names(evidence.ClustersKey())
	if err != nil {
		return nil, err
	}
	if slices.Contains(clusters, name) {
		return r.cluster(name)
	}
	keys := []evidence.Key{}
	for _, c := range clusters {
		keys = append(keys, evidence.ClusterServicesKey(c).Key)
	}
	r.get(keys...)
	var found, every []string
	for _, c := range clusters {
		services, err := r.names(evidence.ClusterServicesKey(c))
		if err != nil {
			r.notes = append(r.notes, err.Error())
			continue
		}
		for _, s := range services {
			every = append(every, c+"/"+s)
			if s == name {
				found = append(found, c+"/"+s)
			}
		}
	}
	switch len(found) {
	case 1:
		r.notes = append(r.notes, "taken as "+found[0])
		c, s, _ := strings.Cut(found[0], "/")
		return r.service(c, s)
	case 0:
		return nil, &TargetError{Text: r.text, Message: "no cluster and no service of this region has that name", Near: append(near(name, clusters), nearServices(name, every)...)}
	}
	return nil, &TargetError{Text: r.text, Message: "several clusters have a service of that name; say which", Near: found}
}

func nearServices(name string, every []string) (out []string) {
	for _, full := range every {
		_, s, _ := strings.Cut(full, "/")
		if len(out) < 3 && distance(name, s) <= max(2, len(name)/2) {
			out = append(out, full)
		}
	}
	return out
}

func (r *resolver) task(cluster, id string) ([]evidence.Target, error) {
	key := evidence.TaskKey(cluster, id)
	r.get(key.Key, evidence.CallerKey().Key)
	if _, st := r.store.Lookup(key.Key); st == evidence.Absent {
		return nil, r.fail("cluster %s does not know task %s; AWS forgets stopped tasks after about an hour: diagnose its service instead", cluster, id)
	}
	return []evidence.Target{{Kind: evidence.TargetTask, Cluster: cluster, Task: id}}, nil
}

// bareTask looks for the task in every cluster.
func (r *resolver) bareTask(id string) ([]evidence.Target, error) {
	clusters, err := r.names(evidence.ClustersKey())
	if err != nil {
		return nil, err
	}
	keys := []evidence.Key{evidence.CallerKey().Key}
	for _, c := range clusters {
		keys = append(keys, evidence.TaskKey(c, id).Key)
	}
	r.get(keys...)
	for _, c := range clusters {
		if _, st := r.store.Lookup(evidence.TaskKey(c, id).Key); st == evidence.Found {
			return r.task(c, id)
		}
	}
	return nil, r.fail("no cluster of this region knows that task; AWS forgets stopped tasks after about an hour: diagnose its service instead")
}

// arn reads arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE.
func (r *resolver) arn(text string) ([]evidence.Target, error) {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) != 6 || parts[5] == "" {
		return nil, r.fail("not a whole ARN; want arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE")
	}
	if err := r.sameRegion(parts[3]); err != nil {
		return nil, err
	}
	if err := r.sameAccount(parts[4]); err != nil {
		return nil, err
	}
	kind, rest, _ := strings.Cut(parts[5], "/")
	names := strings.Split(rest, "/")
	switch {
	case parts[2] == "ecs" && kind == "service" && len(names) == 2:
		return r.service(names[0], names[1])
	case parts[2] == "ecs" && kind == "service" && len(names) == 1: // the old form names no cluster
		return r.bareName(names[0])
	case parts[2] == "ecs" && kind == "task" && len(names) == 2:
		return r.task(names[0], names[1])
	case parts[2] == "ecs" && kind == "task" && len(names) == 1:
		return r.bareTask(names[0])
	case parts[2] == "ecs" && kind == "cluster" && len(names) == 1:
		return r.cluster(names[0])
	case parts[2] == "events" && kind == "rule" && rest != "":
		return r.rule(rest, "")
	case parts[2] == "scheduler" && kind == "schedule" && len(names) == 2:
		return r.schedule(rest, "")
	case parts[2] == "elasticloadbalancing" && kind == "targetgroup":
		return r.targetGroups([]string{text})
	}
	return nil, r.fail("an ARN of a service, task, cluster, target group, rule or schedule is wanted")
}

// sameAccount refuses an ARN of an account that the calls do not go to: its names may exist here too and be other things.
func (r *resolver) sameAccount(account string) error {
	r.get(evidence.CallerKey().Key)
	c, st := evidence.Read(evidence.NewView(r.store), evidence.CallerKey())
	if st == evidence.Found && account != "" && c.Account != account {
		return r.fail("it belongs to account %s but the credentials are of account %s; use a --profile of that account", account, c.Account)
	}
	return nil
}

func (r *resolver) sameRegion(region string) error {
	r.get(evidence.CallerKey().Key)
	c, st := evidence.Read(evidence.NewView(r.store), evidence.CallerKey())
	if st == evidence.Found && region != "" && c.Region != region {
		return r.fail("it lives in %s but the calls go to %s; add --region %s", region, c.Region, region)
	}
	return nil
}

// targetGroups finds the services that register with one of the groups.
func (r *resolver) targetGroups(arns []string) ([]evidence.Target, error) {
	every, err := r.all()
	if err != nil {
		return nil, err
	}
	keys := []evidence.Key{}
	for _, t := range every {
		keys = append(keys, evidence.ServiceKey(t.Cluster, t.Service).Key)
	}
	r.get(keys...)
	v := evidence.NewView(r.store)
	var out []evidence.Target
	for _, t := range every {
		svc, st := evidence.Read(v, evidence.ServiceKey(t.Cluster, t.Service))
		if st == evidence.Found && slices.ContainsFunc(svc.TargetGroups, func(g evidence.ServiceTargetGroup) bool { return slices.Contains(arns, g.ARN) }) {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		return nil, r.fail("no ECS service of this region registers with it")
	}
	return out, nil
}

// loadBalancer finds the services behind a load balancer's DNS name.
func (r *resolver) loadBalancer(text string) ([]evidence.Target, error) {
	host := strings.TrimPrefix(strings.TrimPrefix(text, "https://"), "http://")
	host, _, _ = strings.Cut(host, "/")
	host, _, _ = strings.Cut(host, ":")
	host = strings.TrimPrefix(strings.ToLower(host), "dualstack.")
	key := evidence.LoadBalancerKey(host)
	r.get(key.Key)
	lb, st := evidence.Read(evidence.NewView(r.store), key)
	switch st {
	case evidence.Absent:
		return nil, r.fail("no load balancer of this region has that DNS name")
	case evidence.Found:
		return r.targetGroups(lb.TargetGroups)
	}
	return nil, r.gap(key.Key)
}

// consoleURL reads the address of a page of the ECS console:
// https://REGION.console.aws.amazon.com/ecs/v2/clusters/CLUSTER/services/SERVICE/... or .../tasks/TASK-ID/...
func (r *resolver) consoleURL(text string) ([]evidence.Target, error) {
	u, err := url.Parse(text)
	if err != nil || !strings.Contains(u.Path+u.Fragment, "clusters/") {
		return nil, r.fail("not a page of the ECS console; want https://REGION.console.aws.amazon.com/ecs/v2/clusters/CLUSTER/services/SERVICE")
	}
	region := u.Query().Get("region")
	if region == "" && strings.Contains(u.Host, ".console.") {
		region, _, _ = strings.Cut(u.Host, ".")
	}
	if err := r.sameRegion(region); err != nil {
		return nil, err
	}
	parts := strings.Split(strings.Trim(u.Path+"/"+u.Fragment, "/"), "/")
	after := func(word string) string {
		if i := slices.Index(parts, word); i >= 0 && i+1 < len(parts) {
			return parts[i+1]
		}
		return ""
	}
	cluster, service, task := after("clusters"), after("services"), after("tasks")
	switch {
	case task != "":
		return r.task(cluster, task)
	case service != "":
		return r.service(cluster, service)
	}
	return r.cluster(cluster)
}
