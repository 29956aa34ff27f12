package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/evidence"
)

// ExecFact is whether a session of ECS Exec opens in the running tasks of a service.
type ExecFact struct {
	Container   string   `json:"container"`   // the first whose agent does not run, else the first essential one
	TaskID      string   `json:"task_id"`     // the one that is looked at
	Enabled     int      `json:"enabled"`     // running tasks that were started with it
	Running     int      `json:"running"`     // tasks
	Role        string   `json:"role"`        // task role, name; "" = none
	RoleARN     string   `json:"role_arn"`    // "" = none
	LogGroup    string   `json:"log_group"`   // of the cluster's session logging; "" = none
	Bucket      string   `json:"bucket"`      // likewise
	Caller      string   `json:"caller"`      // role of the one who asks, by name; "" = no role
	Lacks       []string `json:"lacks"`       // actions of ssmmessages that the task role may not
	LogLacks    []string `json:"log_lacks"`   // actions that the task role may not, for the session's log
	Memory      int      `json:"memory"`      // MiB of the task
	Limitations string   `json:"limitations"` // what of the task definition shapes a session, in words; "" = nothing

	NotEnabled   Check          `json:"not_enabled"`    // of the service
	StartedPrior Check          `json:"started_before"` // tasks run that were started without it; Resource is one of them
	Starting     Check          `json:"starting"`       // the agent has not come up yet
	AgentStopped Check          `json:"agent_stopped"`  // for another reason than the read-only root file system
	ReadonlyRoot Check          `json:"readonly_root"`
	NoRole       Check          `json:"no_role"`
	RoleDenied   Check          `json:"role_denied"`
	IPv6Only     Check          `json:"ipv6_only"`
	OldPlatform  Check          `json:"old_platform"`
	LogMissing   Check          `json:"log_missing"` // the cluster's log group for sessions
	LogDenied    Check          `json:"log_denied"`
	CallerDenied Check          `json:"caller_denied"`
	CallerKey    Check          `json:"caller_key"` // the one who asks may not use the cluster's key for sessions
	Basis        evidence.Basis `json:"-"`
}

func (e *ExecFact) checks() []*Check {
	return []*Check{&e.NotEnabled, &e.StartedPrior, &e.Starting, &e.AgentStopped, &e.ReadonlyRoot, &e.NoRole, &e.RoleDenied, &e.IPv6Only, &e.OldPlatform, &e.LogMissing, &e.LogDenied, &e.CallerDenied, &e.CallerKey}
}

func (e ExecFact) all(b evidence.Basis) ExecFact {
	e.Basis = b
	for _, c := range e.checks() {
		c.Basis = b
	}
	return e
}

// execFact keeps what the watch found; no other incident is about sessions.
func execFact(v *evidence.View, in *Incident) {
	if in.Kind != KindExec {
		in.Exec = in.Exec.all(v.Track().Undecided("the incident is not about ECS Exec"))
	}
}

// channelActions are what the agent of a session does with the task role (ECS developer guide, "Monitor Amazon ECS
// containers with ECS Exec").
var channelActions = []string{"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"}

// agentStarts is how long the agent may take to come up after its container.
const agentStarts = 90 * time.Second

// sessions are the running tasks of a service, as a session would meet them.
type sessions struct {
	*grouping
	key     evidence.Key
	tasks   []evidence.Task // RUNNING
	td      evidence.TaskDefinition
	cluster evidence.Cluster
}

// look fills everything but the network and the key, which other facts do.
func (s *sessions) look(v *evidence.View, in *Incident) ExecFact {
	e := ExecFact{Running: len(s.tasks), Caller: callerRole(s.caller), Memory: mib(s.td.Memory), Limitations: limitations(s.td)}
	role := cmp.Or(s.tasks[0].TaskRoleARN, s.td.TaskRoleARN)
	e.RoleARN, e.Role = role, iam.RoleName(role)
	s.settings(v, &e)
	s.agents(v, &e)
	s.role(v, in, &e)
	s.place(v, &e)
	s.logs(v, in, &e)
	s.callerMay(v, in, &e)
	return e
}

func mib(s string) int {
	n := 0
	fmt.Sscanf(s, "%d", &n)
	return n
}

// limitations tells of a task definition what a session has to live with.
func limitations(td evidence.TaskDefinition) string {
	var out []string
	if td.PidMode == "task" {
		out = append(out, "pidMode is task, so the containers share one process namespace and only one session at a time opens in the task")
	}
	if !slices.ContainsFunc(td.Containers, func(c evidence.ContainerDefinition) bool { return c.InitProcess }) {
		out = append(out, "initProcessEnabled is off, so ended processes of the agent stay as zombies")
	}
	return strings.Join(out, "; ")
}

// settings: the setting of the service counts for the tasks that it starts afterwards.
func (s *sessions) settings(v *evidence.View, e *ExecFact) {
	e.NotEnabled = s.off(v)
	w := v.Track()
	w.CiteAll(e.NotEnabled.Basis.Cites)
	without := ""
	for _, t := range s.tasks {
		if t.ExecEnabled {
			e.Enabled++
		} else if without == "" {
			without = t.ID
		}
	}
	w.Cite(s.key, "tasks of "+s.svc.Name, "enableExecuteCommand", fmt.Sprintf("true for %d of %d", e.Enabled, len(s.tasks)))
	e.StartedPrior = Check{Holds: s.svc.ExecEnabled && without != "", Resource: without, Basis: w.Decided(),
		Detail: fmt.Sprintf("%d of %d running tasks were started without it", len(s.tasks)-e.Enabled, len(s.tasks))}
	e.Basis = w.Decided()
}

func (s *sessions) off(v *evidence.View) Check {
	w := v.Track()
	w.Cite(evidence.ServiceKey(s.svc.Cluster, s.svc.Name).Key, "service "+s.svc.Name, "enableExecuteCommand", fmt.Sprint(s.svc.ExecEnabled))
	return Check{Holds: !s.svc.ExecEnabled, Resource: s.svc.Name, Basis: w.Decided()}
}

// agents looks at the ExecuteCommandAgent that ECS puts into each container of a task with the setting.
func (s *sessions) agents(v *evidence.View, e *ExecFact) {
	for _, c := range []*Check{&e.Starting, &e.AgentStopped, &e.ReadonlyRoot} {
		c.Basis = e.Basis
	}
	for _, c := range s.td.Containers {
		if c.Essential && e.Container == "" {
			e.Container = c.Name
		}
	}
	for _, t := range s.tasks {
		if e.TaskID == "" {
			e.TaskID = t.ID
		}
		for _, c := range t.Containers {
			if t.ExecEnabled && !injected(c.Name) {
				s.agent(v, e, t, c)
			}
		}
	}
}

func (s *sessions) agent(v *evidence.View, e *ExecFact, t evidence.Task, c evidence.Container) {
	i := slices.IndexFunc(c.Agents, func(a evidence.ManagedAgent) bool { return a.Name == "ExecuteCommandAgent" })
	a := evidence.ManagedAgent{LastStatus: "none"}
	if i >= 0 {
		a = c.Agents[i]
	}
	if a.LastStatus == "RUNNING" {
		return
	}
	def, _ := containerNamed(s.td, c.Name)
	w := v.Track()
	w.Cite(s.key, "task "+t.ID, "containers["+c.Name+"].managedAgents[ExecuteCommandAgent].lastStatus", strings.TrimSpace(a.LastStatus+" "+a.Reason))
	young := t.StartedAt.Known && s.now.Sub(t.StartedAt.At) < agentStarts
	check := &e.AgentStopped
	detail := fmt.Sprintf("the agent in container %s of task %s is %s", c.Name, t.ID, a.LastStatus)
	switch {
	case def.ReadonlyRoot:
		check = &e.ReadonlyRoot
		w.CiteAll(citeDefinition(v, &Incident{Definition: Definition{ID: s.td.ID}}, "containerDefinitions["+c.Name+"].readonlyRootFilesystem", "true"))
	case young && a.LastStatus != "STOPPED":
		check = &e.Starting
		detail = fmt.Sprintf("task %s started %s ago and the agent in container %s is %s", t.ID, evidence.Counted(int(s.now.Sub(t.StartedAt.At).Seconds()), "second"), c.Name, a.LastStatus)
	}
	if a.Reason != "" {
		detail += ": " + a.Reason
	}
	if !check.Holds {
		*check = Check{Holds: true, Resource: c.Name, Detail: detail, Basis: w.Decided()}
		e.Container, e.TaskID = c.Name, t.ID
	}
}

// role asks what the task role may do with the channels over which a session goes.
func (s *sessions) role(v *evidence.View, in *Incident, e *ExecFact) {
	basis := evidence.Basis{Cites: citeDefinition(v, in, "taskRoleArn", orNone(e.RoleARN))}
	e.NoRole = Check{Holds: e.RoleARN == "", Resource: s.td.ID, Basis: basis}
	if e.RoleARN == "" {
		e.RoleDenied.Basis = basis
		return
	}
	e.RoleDenied, e.Lacks = lacks(v, e.RoleARN, channelActions, "*")
}

// lacks tells which of the actions a role may not do: true as soon as one is refused, no once all are allowed.
func lacks(v *evidence.View, role string, actions []string, resource string) (Check, []string) {
	var out []string
	var open, refused, may evidence.Basis
	says := ""
	for _, a := range actions {
		d := iam.RoleMay(v.Track(), role, a, resource, nil)
		switch {
		case d.Basis.Unknown:
			open = joinOpen(open, d.Basis)
		case d.Denied:
			out = append(out, a)
			refused.Cites = append(refused.Cites, d.Basis.Cites...)
			says = d.Says
		default:
			may.Cites = append(may.Cites, d.Basis.Cites...)
		}
	}
	switch {
	case len(out) > 0:
		return Check{Holds: true, Resource: iam.RoleName(role), Detail: says, Basis: refused}, out
	case open.Unknown:
		return Check{Basis: open}, nil
	}
	return Check{Basis: may}, nil
}

func joinOpen(a, b evidence.Basis) evidence.Basis {
	return evidence.Basis{Unknown: true, Missing: evidence.SortKeys(append(slices.Clone(a.Missing), b.Missing...)), Why: cmp.Or(a.Why, b.Why)}
}

// place: what ECS Exec does not work on (ECS developer guide, "ECS Exec": considerations, and "Fargate task networking").
func (s *sessions) place(v *evidence.View, e *ExecFact) {
	t := s.tasks[0]
	w := v.Track()
	w.Cite(s.key, "task "+t.ID, "platformVersion", orNone(t.PlatformVersion))
	old := fargate(t.LaunchType) && slices.ContainsFunc([]string{"1.0.", "1.1.", "1.2.", "1.3."}, func(p string) bool { return strings.HasPrefix(t.PlatformVersion, p) })
	e.OldPlatform = Check{Holds: old, Resource: s.svc.Name, Detail: "task " + t.ID + " runs on platform version " + t.PlatformVersion, Basis: w.Decided()}
	w = v.Track()
	if t.SubnetID == "" {
		e.IPv6Only.Basis = w.Undecided("AWS does not tell the subnet of task " + t.ID)
		return
	}
	key := evidence.SubnetKey(t.SubnetID)
	subnet, st := evidence.Read(w, key)
	if st != evidence.Found {
		e.IPv6Only.Basis = w.Undecided("")
		return
	}
	w.Cite(key.Key, "subnet "+subnet.ID, "ipv6Native", fmt.Sprint(subnet.IPv6Native))
	e.IPv6Only = Check{Holds: subnet.IPv6Native, Resource: subnet.ID, Basis: w.Decided()}
}

// logs: with logging OVERRIDE the agent in the task writes the session's log, with the task role.
func (s *sessions) logs(v *evidence.View, in *Incident, e *ExecFact) {
	w := v.Track()
	key := evidence.ClusterKey(s.svc.Cluster)
	c, st := evidence.Read(w, key)
	if st != evidence.Found {
		b := w.Undecided("")
		e.LogMissing.Basis, e.LogDenied.Basis = b, b
		return
	}
	w.Cite(key.Key, "cluster "+s.svc.Cluster, "executeCommandConfiguration", strings.TrimSpace(fmt.Sprintf("logging %s %s %s", orNone(c.ExecLogging), c.ExecLogGroup, c.ExecBucket)))
	b := w.Decided()
	e.LogMissing.Basis, e.LogDenied.Basis = b, b
	if c.ExecLogging != "OVERRIDE" {
		return
	}
	e.LogGroup, e.Bucket = c.ExecLogGroup, c.ExecBucket
	part := "arn:" + in.Launch.Partition + ":"
	if e.LogGroup != "" {
		group := evidence.LogGroupKey(e.LogGroup)
		_, gst := evidence.Read(w, group)
		w.Cite(group.Key, "log group "+e.LogGroup, "logGroupName", map[bool]string{true: "does not exist", false: "exists"}[gst == evidence.Absent])
		e.LogMissing = Check{Holds: gst == evidence.Absent, Resource: e.LogGroup, Basis: w.Decided()}
		if gst != evidence.Found && gst != evidence.Absent {
			e.LogMissing.Basis = w.Undecided("")
		}
		if e.RoleARN != "" {
			arn := part + "logs:" + in.Launch.Region + ":" + in.Launch.Account + ":log-group:" + e.LogGroup + ":*"
			e.LogDenied, e.LogLacks = lacks(v, e.RoleARN, []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"}, arn)
		}
	}
	if e.Bucket != "" && e.RoleARN != "" && !e.LogDenied.Holds {
		put, more := lacks(v, e.RoleARN, []string{"s3:PutObject"}, part+"s3:::"+e.Bucket+"/*")
		if put.Holds || put.Basis.Unknown && !e.LogDenied.Basis.Unknown || e.LogGroup == "" {
			e.LogDenied, e.LogLacks = put, more
		}
	}
}

// callerRole is the role that the caller has taken on; "" = the caller is a user, or root.
func callerRole(c evidence.Caller) string {
	if strings.Contains(c.ARN, ":assumed-role/") {
		return iam.RoleName(c.ARN)
	}
	return ""
}

// callerMay judges the one who runs the diagnosis, where it is a role: others may open sessions with other rights.
func (s *sessions) callerMay(v *evidence.View, in *Incident, e *ExecFact) {
	if e.Caller == "" {
		b := v.Track().Undecided("what a user or root may do is not read; only the policies of a role are")
		e.CallerDenied.Basis, e.CallerKey.Basis = b, b
		return
	}
	role := "arn:" + in.Launch.Partition + ":iam::" + in.Launch.Account + ":role/" + e.Caller
	cluster := "arn:" + in.Launch.Partition + ":ecs:" + in.Launch.Region + ":" + in.Launch.Account + ":cluster/" + s.svc.Cluster
	task := "arn:" + in.Launch.Partition + ":ecs:" + in.Launch.Region + ":" + in.Launch.Account + ":task/" + s.svc.Cluster + "/" + s.tasks[0].ID
	d := iam.RoleMay(v.Track(), role, "ecs:ExecuteCommand", task, iam.Context{"ecs:cluster": {cluster}, "ecs:container-name": {e.Container}})
	e.CallerDenied = Check{Holds: d.Denied, Resource: e.Caller, Detail: d.Says, Basis: d.Basis}
	uses, b := execKey(v, in)
	e.CallerKey = Check{Resource: e.Caller, Basis: b}
	if len(uses) == 0 {
		return
	}
	uses[0].roleARN, uses[0].actions = role, []string{"kms:GenerateDataKey"}
	k := uses[0].fact(v, in)
	e.CallerKey = Check{Holds: k.RoleDenied.Holds || k.PolicyDenied.Holds, Resource: e.Caller, Detail: cmp.Or(k.RoleDenied.Detail, k.PolicyDenied.Detail), Basis: k.RoleDenied.Basis}
	if k.PolicyDenied.Holds || k.PolicyDenied.Basis.Unknown && !k.RoleDenied.Holds {
		e.CallerKey.Detail, e.CallerKey.Basis = k.PolicyDenied.Detail, k.PolicyDenied.Basis
	}
}

// execKey is the KMS key with which the cluster has the data of sessions encrypted: the agent decrypts with the task role.
func execKey(v *evidence.View, in *Incident) ([]keyUse, evidence.Basis) {
	w := v.Track()
	key := evidence.ClusterKey(in.Cluster)
	c, st := evidence.Read(w, key)
	w.Cite(key.Key, "cluster "+in.Cluster, "executeCommandConfiguration.kmsKeyId", orNone(c.ExecKmsKey))
	u := keyUse{of: "the sessions of cluster " + in.Cluster, thing: in.Cluster, id: c.ExecKmsKey, account: in.Launch.Account, basis: w.Decided(),
		roleARN: in.Definition.TaskRole, actions: []string{"kms:Decrypt"}}
	switch {
	case st != evidence.Found:
		return nil, w.Undecided("")
	case c.ExecKmsKey == "" || in.Definition.TaskRole == "":
		return nil, w.Decided()
	}
	return []keyUse{u}, evidence.Basis{}
}
