package diagnose

import (
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// The texts that stand for a rule or schedule are made of these, a name, and the cluster if one was given.
const (
	rulePrefix     = "--rule "
	schedulePrefix = "--schedule "
)

// RuleText is the target text of an EventBridge rule: NAME, or BUS/NAME where the bus is not the default one. cluster
// may be empty: then it is the one that the rule's target names.
func RuleText(cluster, name string) string {
	return strings.TrimSpace(rulePrefix + name + " " + cluster)
}

// ScheduleText is the target text of a schedule: NAME of the default group, or GROUP/NAME.
func ScheduleText(cluster, name string) string {
	return strings.TrimSpace(schedulePrefix + name + " " + cluster)
}

// rule finds a rule and the target of it that runs a task.
func (r *resolver) rule(name, cluster string) ([]evidence.Target, error) {
	name = strings.TrimPrefix(name, "default/")
	rule, targets := evidence.EventRuleKey(name), evidence.EventRuleTargetsKey(name)
	r.get(rule.Key, targets.Key, evidence.CallerKey().Key)
	v := evidence.NewView(r.store)
	_, st := evidence.Read(v, rule)
	list, tst := evidence.Read(v, targets)
	t := evidence.Target{Kind: evidence.TargetRule, Cluster: cluster, Name: name}
	switch {
	case st == evidence.Absent:
		bus := ""
		if i := strings.LastIndexByte(name, '/'); i >= 0 {
			bus = name[:i]
		}
		names, err := r.names(evidence.EventRulesKey(bus))
		if err != nil {
			names = nil // helps only to find a near name
		}
		e := &TargetError{Text: r.text, Message: "this region has no EventBridge rule of that name", Near: near(afterSlash(name), names)}
		if bus == "" {
			e.Message = "the default event bus has no rule of that name; one of another bus is written BUS/NAME, a schedule of EventBridge Scheduler is --schedule"
		}
		return nil, e
	case st != evidence.Found || tst != evidence.Found:
		return []evidence.Target{t}, nil // the diagnosis itself says what could not be seen
	}
	i := slices.IndexFunc(list.Targets, func(x evidence.RunTarget) bool { return x.Ecs && (cluster == "" || afterSlash(x.ARN) == cluster) })
	if i < 0 {
		i = slices.IndexFunc(list.Targets, func(x evidence.RunTarget) bool { return x.Ecs })
	}
	if i < 0 {
		var kinds []string
		for _, x := range list.Targets {
			kinds = append(kinds, x.ARN)
		}
		return nil, r.fail("rule %s starts no ECS task; its targets: %s", name, orNone(kinds))
	}
	t.Cluster = r.clusterOfTarget(t, list.Targets[i], cluster)
	return []evidence.Target{t}, nil
}

// schedule finds a schedule of EventBridge Scheduler.
func (r *resolver) schedule(name, cluster string) ([]evidence.Target, error) {
	group, bare, ok := strings.Cut(name, "/")
	if !ok {
		group, bare = "default", name
	}
	key := evidence.ScheduleKey(group, bare)
	r.get(key.Key, evidence.CallerKey().Key)
	s, st := evidence.Read(evidence.NewView(r.store), key)
	t := evidence.Target{Kind: evidence.TargetSchedule, Cluster: cluster, Name: group + "/" + bare}
	switch {
	case st == evidence.Absent:
		names, err := r.names(evidence.SchedulesKey())
		if err != nil {
			names = nil // helps only to find a near name
		}
		return nil, &TargetError{Text: r.text, Message: "group " + group + " of EventBridge Scheduler has no schedule of that name; one of another group is written GROUP/NAME, an EventBridge rule is --rule", Near: nearSchedules(bare, names)}
	case st != evidence.Found:
		return []evidence.Target{t}, nil
	case !s.Target.Ecs:
		return nil, r.fail("schedule %s starts no ECS task; its target is %s", t.Name, s.Target.ARN)
	}
	t.Cluster = r.clusterOfTarget(t, s.Target, cluster)
	return []evidence.Target{t}, nil
}

// clusterOfTarget is the cluster in which the task runs, with a note where the user named another one.
func (r *resolver) clusterOfTarget(t evidence.Target, x evidence.RunTarget, typed string) string {
	cluster := afterSlash(x.ARN)
	if typed != "" && cluster != typed {
		r.notes = append(r.notes, t.String()+" runs its task in cluster "+cluster+", not in "+typed)
	}
	return cluster
}

// nearSchedules compares names without their groups.
func nearSchedules(bare string, names []string) (out []string) {
	for _, full := range names {
		_, name, _ := strings.Cut(full, "/")
		if len(out) < 3 && (name == bare || len(near(bare, []string{name})) > 0) {
			out = append(out, full)
		}
	}
	return out
}

func afterSlash(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

func orNone(s []string) string {
	if len(s) == 0 {
		return "none"
	}
	return strings.Join(s, ", ")
}
