package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// Symptoms that have no message of their own: a task that waits is one.
const (
	SymptomStuckProvisioning = "stuck/provisioning"
	SymptomStuckPending      = "stuck/pending"
	SymptomStuckActivating   = "stuck/activating"
)

// maxIncidents bounds how many different failures of one service are looked at in depth, the most frequent first.
const maxIncidents = 12

// grouping sorts the tasks of one service into incidents.
type grouping struct {
	svc          evidence.Service
	now          time.Time
	caller       evidence.Caller
	failed       []failure
	running      []evidence.Task
	view         *evidence.View
	forward      []Incident // the next start, where nothing is left that speaks of the failure
	cite         func(key evidence.Key, resource, field, value string) []evidence.Cite
	targets      targetCounts   // filled by unhealthyTargets
	registeredAt []groupTargets // filled by unhealthyTargets
	recalling    bool           // records of tasks that AWS forgot are still to be read
	source       evidence.Key   // which evidence tells of failed; the zero Key = stopped-tasks
	exec         bool           // whether sessions open is asked for
	alone        bool           // the service is the only target of the run: what costs further calls may be looked at
}

// failure is one stopped task that should not have stopped, and what it said.
type failure struct {
	task    evidence.Task
	reading message.Reading
	exit    ExitFact
}

func (g *grouping) sortOut(tasks []evidence.Task) {
	sorted := slices.Clone(tasks)
	newestFirst(sorted)
	for _, t := range sorted {
		if f, bad := judge(t); bad {
			g.failed = append(g.failed, f)
		}
	}
}

// judge tells whether a stopped task of a service failed, and reads its message. A task of a service is meant to run:
// an exit with code 0 is a failure too.
func judge(t evidence.Task) (failure, bool) {
	f := failure{task: t, exit: firstExit(t)}
	text, surface := t.StoppedReason, message.SurfaceStoppedReason
	if generic(text) && f.exit.Reason != "" {
		text, surface = f.exit.Reason, message.SurfaceContainerReason
	}
	f.reading = message.ReadOne(surface, text)
	switch t.StopCode {
	case "UserInitiated", "SpotInterruption", "TerminationNotice", "InfrastructureHealth":
		return f, false
	case "TaskFailedToStart":
		return f, true
	case "EssentialContainerExited":
		if f.reading.Symptom == "" || generic(text) {
			f.reading.Symptom, f.reading.Family, f.reading.Nature, f.reading.Step = exitSymptom(f.exit), "exit", "crash", "run"
			if f.exit.OOM {
				f.reading.Nature = "memory"
			}
		}
		if proxyDied(t, f.exit) {
			f.reading.Symptom, f.reading.Family, f.reading.Nature, f.reading.Step = SymptomProxyRoom, "service-connect", "memory", "run"
		}
		f.reading.Normal = false
		return f, true
	}
	return f, t.LastStatus == "STOPPED" && !f.reading.Normal && text != ""
}

// generic reports whether a stopped reason is only a wrapper around a container's reason.
func generic(text string) bool {
	return text == "" || strings.HasPrefix(text, "Essential container in task exited") || strings.HasPrefix(text, "Task failed to start")
}

// firstExit picks the container that took the task down: AWS gives no times of single containers, so the one killed
// for memory, else one that ended by itself, else one that was told to end, else one that never ran but has a reason.
func firstExit(t evidence.Task) ExitFact {
	best, rank := ExitFact{}, 0
	for _, c := range t.Containers {
		e := ExitFact{Known: c.Exit.Known, Code: c.Exit.Code, Container: c.Name, Reason: c.Reason, OOM: strings.Contains(c.Reason, "OutOfMemory")}
		r := 0
		switch {
		case e.OOM:
			r = 6
		case e.Known && e.Code != 0 && e.Code != 137 && e.Code != 143:
			r = 5
		case e.Known && e.Code != 0 && e.Code != 143:
			r = 4
		case c.Reason != "":
			r = 3
		case e.Known && e.Code == 0:
			r = 2
		case e.Known:
			r = 1
		}
		if injected(c.Name) {
			r = 0
		}
		if r > rank {
			best, rank = e, r
		}
	}
	return best
}

// injected reports whether AWS put the container there: it is in no task definition.
func injected(name string) bool {
	return strings.HasPrefix(name, "aws-guardduty-agent") || strings.HasPrefix(name, "ecs-service-connect")
}

func exitSymptom(e ExitFact) string {
	switch {
	case e.OOM:
		return "exit/137-oom-container"
	case !e.Known:
		return "exit/absent"
	case e.Code == 0:
		return "exit/0-essential"
	case e.Code == 1:
		return "exit/1-application"
	case e.Code == 2:
		return "exit/2-misuse"
	case e.Code == 126, e.Code == 127, e.Code == 255:
		return fmt.Sprintf("exit/%d", e.Code)
	case e.Code == 137:
		return "exit/137-sigkill-after-stop"
	case e.Code == 139:
		return "exit/139-segfault"
	case e.Code == 143:
		return "exit/143-sigterm"
	case e.Code > 128:
		return "exit/128-plus-n"
	}
	return "exit/1-application"
}

// alike names what makes two failures the same incident.
func (g *grouping) alike(f failure) string {
	what := f.reading.Symptom
	if what == "" {
		what = strings.Join([]string{f.reading.Category, f.reading.Step, f.reading.Nature}, "|")
	}
	if what == "||" {
		what = f.reading.Text
	}
	return strings.Join([]string{what, f.task.TaskDefinition, f.task.SubnetID, f.task.CapacityProvider,
		f.exit.Container, fmt.Sprint(f.exit.Known, f.exit.Code), f.reading.Fields.Secret, f.reading.Fields.Action, f.reading.Fields.Image}, "\x00")
}

// incidents groups the failures that are current; resolved ones are returned in words.
func (g *grouping) incidents() (out []Incident, resolved []string) {
	groups := map[string]*Incident{}
	var order []string
	steady := steadySince(g.svc)
	for _, f := range g.failed {
		k := g.alike(f)
		in := groups[k]
		if in == nil {
			in = g.newIncident(f)
			groups[k] = in
			order = append(order, k)
		}
		in.Tasks++
		at := ended(f.task)
		if at.Before(in.First) {
			in.First = at
		}
		if at.After(in.Last) {
			in.Last = at
		}
		if f.task.CreatedAt.Known && f.task.CreatedAt.At.After(in.made) {
			in.made = f.task.CreatedAt.At
		}
		if len(in.Samples) < samplesPerCase {
			in.Samples = append(in.Samples, f.task.ID)
		}
	}
	total := 0
	for _, k := range order {
		in := groups[k]
		if by := g.resolvedBy(in, steady); by != "" {
			resolved = append(resolved, fmt.Sprintf("%s failed until %s (%s): %s", evidence.Counted(in.Tasks, "task"), evidence.UTC(in.Last), nameOf(*in), by))
			continue
		}
		in.Ongoing = g.short() || g.now.Sub(in.Last) < recentFailure
		in.Anew = g.deployedAnew(in)
		total += in.Tasks
		out = append(out, *in)
	}
	out = g.addStuck(out)
	slices.SortStableFunc(out, func(a, b Incident) int { return cmp.Or(cmp.Compare(b.Tasks, a.Tasks), b.Last.Compare(a.Last)) })
	if len(out) > maxIncidents {
		out = out[:maxIncidents]
	}
	for i := range out {
		out[i].Share = 1
		if total > 0 {
			out[i].Share = float64(out[i].Tasks) / float64(total)
		}
	}
	return out, resolved
}

func nameOf(in Incident) string {
	if in.Symptom != "" {
		return in.Symptom
	}
	return cmp.Or(in.Message.Category, in.StopCode, "no message")
}

func (g *grouping) newIncident(f failure) *Incident {
	at := ended(f.task)
	key := evidence.StoppedTasksKey(g.svc.Cluster, g.svc.Name).Key
	if g.source.Kind != "" {
		key = g.source
	}
	in := &Incident{Kind: KindStopped, Cluster: g.svc.Cluster, Service: g.svc.Name, Symptom: f.reading.Symptom, Message: f.reading,
		StopCode: f.task.StopCode, First: at, Last: at, Exit: f.exit, Launch: g.launchOf(f.task)}
	p, known := primary(g.svc)
	in.TakenBack = known && p.TaskDefinition != "" && p.TaskDefinition != in.Launch.TaskDefinition
	in.Launch.Container = cmp.Or(f.reading.Fields.Container, f.exit.Container)
	if f.reading.Step == "container-health" {
		in.Launch.Container = cmp.Or(f.reading.Fields.Container, unhealthyContainer(f.task))
	}
	if f.reading.Step == "target-health" {
		in.Launch.Container = containerBehind(g.svc, f.reading.Fields.TargetGroup)
	}
	if g.cite != nil {
		field, value := "stoppedReason", f.task.StoppedReason
		if f.reading.Surface == message.SurfaceContainerReason {
			field, value = "containers["+f.exit.Container+"].reason", f.exit.Reason
		}
		in.Basis.Cites = g.cite(key, "task "+f.task.ID, field, value)
		if f.exit.Known {
			in.Basis.Cites = append(in.Basis.Cites, g.cite(key, "task "+f.task.ID, "containers["+f.exit.Container+"].exitCode", fmt.Sprint(f.exit.Code))...)
		}
	}
	return in
}

// launchOf tells how a task of the service was started. Security groups and public IP are not in the task: they are
// the deployment's that started it, else the service's.
func (g *grouping) launchOf(t evidence.Task) Launch {
	net := g.svc.Network
	for _, d := range g.svc.Deployments {
		if d.ID == t.StartedBy && len(d.Network.Subnets) > 0 {
			net = d.Network
		}
	}
	l := Launch{TaskDefinition: t.TaskDefinition, Deployment: t.StartedBy, Subnet: t.SubnetID, Zone: t.AvailabilityZone, Subnets: net.Subnets,
		SecurityGroups: net.SecurityGroups, PublicIP: net.AssignPublicIP, LaunchType: t.LaunchType, CapacityProvider: t.CapacityProvider,
		Account: g.caller.Account, Region: g.caller.Region, Partition: g.caller.Partition}
	for _, c := range t.Containers {
		if c.ImageDigest != "" && !injected(c.Name) {
			l.Digest = c.ImageDigest
		}
	}
	if l.Subnet == "" && len(net.Subnets) == 1 {
		l.Subnet = net.Subnets[0]
	}
	return l
}

// resolvedBy says which later success put an end to the incident; "" = none did.
func (g *grouping) resolvedBy(in *Incident, steady time.Time) string {
	if p, ok := primary(g.svc); ok && in.Launch.Deployment != "" && p.ID != in.Launch.Deployment && p.RolloutState == "COMPLETED" && !g.short() {
		return "deployment " + p.ID + " completed since"
	}
	if in.Last.Before(steady) && !g.recurring(in) {
		return "the service reached a steady state at " + evidence.UTC(steady)
	}
	for _, t := range g.running {
		if t.LastStatus != "RUNNING" || !t.StartedAt.Known || t.TaskDefinition != in.Launch.TaskDefinition || t.SubnetID != in.Launch.Subnet || !t.CreatedAt.Known {
			continue
		}
		crash := afterStart(in)
		if !crash && t.CreatedAt.At.After(in.Last) && !t.CreatedAt.At.Equal(in.Last) {
			return "task " + t.ID + " started on the same path at " + evidence.UTC(t.StartedAt.At)
		}
		if crash && t.StartedAt.At.After(in.Last) && g.now.Sub(t.StartedAt.At) > recentFailure && !g.short() {
			return "task " + t.ID + " runs since " + evidence.UTC(t.StartedAt.At)
		}
	}
	return ""
}

// deployedAnew is when the newest deployment was begun, where that was after the last of the failed tasks was made and it starts other tasks than those that
// failed: of another revision, or with another network configuration. Whether it mends anything its own tasks must show.
func (g *grouping) deployedAnew(in *Incident) evidence.Moment {
	p, ok := primary(g.svc)
	last := in.made
	if last.IsZero() {
		last = in.Last
	}
	if !ok || !p.CreatedAt.Known || !p.CreatedAt.At.After(last) {
		return evidence.Moment{}
	}
	elsewhere := in.Launch.Subnet != "" && len(p.Network.Subnets) > 0 && !slices.Contains(p.Network.Subnets, in.Launch.Subnet)
	pinned := strings.Contains(in.Message.Fields.Image, "@sha256:") // every deployment looks its tags up anew
	if p.TaskDefinition != in.Launch.TaskDefinition || elsewhere || pinned || otherNetwork(p.Network, in.Launch) {
		return p.CreatedAt
	}
	return evidence.Moment{}
}

// otherNetwork reports whether a deployment gives its tasks other security groups or another public address than a launch had.
func otherNetwork(n evidence.NetworkConfiguration, l Launch) bool {
	if len(n.Subnets) == 0 {
		return false
	}
	return n.AssignPublicIP != l.PublicIP || !slices.Equal(slices.Sorted(slices.Values(n.SecurityGroups)), slices.Sorted(slices.Values(l.SecurityGroups)))
}

// recurring reports whether crashes go on in their rhythm. A service whose tasks die minutes after their start reaches a
// steady state between two deaths, which ends nothing.
func (g *grouping) recurring(in *Incident) bool {
	if in.Tasks < 3 || !afterStart(in) {
		return false
	}
	period := in.Last.Sub(in.First) / time.Duration(in.Tasks-1)
	return g.now.Sub(in.Last) < 3*period+2*time.Minute
}

// addStuck adds tasks that wait too long: to the incident of their launch where there is one, else as their own.
func (g *grouping) addStuck(out []Incident) []Incident {
	stuck := map[string]*Incident{}
	var order []string
	for _, t := range g.running {
		symptom, since := waiting(t, g.now)
		if symptom == "" {
			continue
		}
		if i := slices.IndexFunc(out, func(in Incident) bool {
			return in.Kind == KindStopped && in.StopCode == "TaskFailedToStart" && in.Launch.TaskDefinition == t.TaskDefinition && in.Launch.Subnet == t.SubnetID
		}); i >= 0 {
			out[i].Stuck++
			continue
		}
		k := symptom + "\x00" + t.TaskDefinition + "\x00" + t.SubnetID
		in := stuck[k]
		if in == nil {
			in = &Incident{Kind: KindStuck, Cluster: g.svc.Cluster, Service: g.svc.Name, Symptom: symptom, First: since, Last: g.now, Ongoing: true, Launch: g.launchOf(t),
				Message: message.Reading{Family: "stuck", Symptom: symptom, Text: "(no message: the task is " + t.LastStatus + ")"}}
			if g.cite != nil {
				in.Basis.Cites = g.cite(evidence.RunningTasksKey(g.svc.Cluster, g.svc.Name).Key, "task "+t.ID, "lastStatus", t.LastStatus+" since "+evidence.UTC(since))
			}
			stuck[k] = in
			order = append(order, k)
		}
		in.Tasks++
		if since.Before(in.First) {
			in.First = since
		}
		if len(in.Samples) < samplesPerCase {
			in.Samples = append(in.Samples, t.ID)
		}
	}
	for _, k := range order {
		out = append(out, *stuck[k])
	}
	return out
}

// waiting names the symptom of a task that waits longer than a start takes.
func waiting(t evidence.Task, now time.Time) (symptom string, since time.Time) {
	if !t.CreatedAt.Known || t.DesiredStatus != "RUNNING" {
		return "", time.Time{}
	}
	since = t.CreatedAt.At
	limit := stuckAfter
	if t.PullStartedAt.Known && !t.PullStoppedAt.Known {
		limit = stuckPulling
	}
	if now.Sub(since) <= limit {
		return "", since
	}
	switch t.LastStatus {
	case "PROVISIONING":
		return SymptomStuckProvisioning, since
	case "PENDING":
		return SymptomStuckPending, since
	case "ACTIVATING":
		return SymptomStuckActivating, since
	}
	return "", since
}
