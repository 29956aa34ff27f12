package facts

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

// HealthCheckFact is the container's own health check, of a task that it ended. Times in seconds.
type HealthCheckFact struct {
	Container   string         `json:"container"`
	Command     string         `json:"command"` // as one line, CMD or CMD-SHELL first
	Tool        string         `json:"tool"`    // the program that it calls: curl, wget, ...
	Interval    int            `json:"interval"`
	Timeout     int            `json:"timeout"`
	Retries     int            `json:"retries"`
	StartPeriod int            `json:"start_period"`
	Allowed     int            `json:"allowed"` // startPeriod + retries x interval: so long a start may take
	Lived       int            `json:"lived"`   // of the sample, from its start to its stop; 0 = not known
	Ready       int            `json:"ready"`   // from the start to the line that says that it serves; 0 = none says so
	Basis       evidence.Basis `json:"-"`

	ShellSyntax Check `json:"shell_syntax"` // CMD, with what only a shell understands
	ToolMissing Check `json:"tool_missing"` // the log says that the program is not there
	StartShort  Check `json:"start_short"`  // the application serves, later than the check allows
	Fails       Check `json:"fails"`        // none of these: it started in time and the check fails
}

func (h *HealthCheckFact) undecided(b evidence.Basis) {
	b.Unknown = true
	h.Basis, h.ShellSyntax.Basis, h.ToolMissing.Basis, h.StartShort.Basis, h.Fails.Basis = b, b, b, b, b
}

// unhealthyContainer is the container of a stopped task that AWS calls unhealthy; "" where none.
func unhealthyContainer(t evidence.Task) string {
	for _, c := range t.Containers {
		if c.HealthStatus == "UNHEALTHY" && !injected(c.Name) {
			return c.Name
		}
	}
	return ""
}

// containerBehind is the container that a target group sends to.
func containerBehind(svc evidence.Service, group string) string {
	for _, t := range svc.TargetGroups {
		if t.ARN != "" && (group == "" || groupName(t.ARN) == groupName(group)) {
			return t.Container
		}
	}
	return ""
}

var (
	shellOnly = regexp.MustCompile(`\|\||&&|[|;<>]|\$\(|\$\{?\w|` + "`")
	toolNames = []string{"curl", "wget", "nc", "bash", "python", "python3", "node", "grpc_health_probe", "pg_isready", "redis-cli"}
	notThere  = regexp.MustCompile(`(?i)(?:not found|no such file)`)
)

func healthCheckFact(v *evidence.View, in *Incident) {
	h := &in.Check
	w := v.Track()
	if in.Message.Step != "container-health" {
		h.undecided(w.Undecided("this failure is not of a container's health check"))
		return
	}
	if in.Definition.Basis.Unknown {
		h.undecided(in.Definition.Basis)
		return
	}
	key := evidence.TaskDefinitionKey(in.Definition.ID)
	td, _ := evidence.Read(w, key)
	c := checked(td, in.Launch.Container)
	if len(c.HealthCheck.Command) == 0 {
		h.undecided(w.Undecided("no container of " + td.ID + " has a health check"))
		return
	}
	k := c.HealthCheck
	h.Container, h.Command, h.Interval, h.Timeout, h.Retries, h.StartPeriod = c.Name, strings.Join(k.Command, " "), k.Interval, k.Timeout, k.Retries, k.StartPeriod
	h.Allowed = k.StartPeriod + k.Retries*k.Interval
	for _, word := range strings.FieldsFunc(h.Command, func(r rune) bool { return strings.ContainsRune(" \"'();|&", r) }) {
		if name := word[strings.LastIndexByte(word, '/')+1:]; h.Tool == "" && slices.Contains(toolNames, name) {
			h.Tool = name
		}
	}
	w.Cite(key.Key, "task definition "+td.ID, "containerDefinitions["+c.Name+"].healthCheck.command", h.Command)
	h.Basis = w.Decided()
	h.ShellSyntax = Check{Holds: shellSyntax(k.Command), Basis: h.Basis}
	if h.ShellSyntax.Holds {
		h.ShellSyntax.Resource = td.ID
	}
	h.ToolMissing = toolMissing(v, in)
	startShort(v, in)
	h.Fails = h.remains(in)
}

func checked(td evidence.TaskDefinition, name string) evidence.ContainerDefinition {
	var first evidence.ContainerDefinition
	for _, c := range td.Containers {
		if len(c.HealthCheck.Command) == 0 {
			continue
		}
		if c.Name == name {
			return c
		}
		if first.Name == "" {
			first = c
		}
	}
	return first
}

// shellSyntax reports whether a command that runs without a shell needs one: CMD takes each element as one argument, so a
// whole line in one element is the name of a program that does not exist.
func shellSyntax(command []string) bool {
	if command[0] != "CMD" || len(command) < 2 {
		return false
	}
	args := command[1:]
	shell := args[0][strings.LastIndexByte(args[0], '/')+1:]
	if slices.Contains([]string{"sh", "bash", "ash", "dash"}, shell) {
		return false
	}
	if len(args) == 1 && strings.ContainsAny(strings.TrimSpace(args[0]), " \t") {
		return true
	}
	for _, a := range args {
		if a == "||" || a == "&&" || a == "|" || a == ";" || a == "exit" || len(args) == 1 && shellOnly.MatchString(a) {
			return true
		}
	}
	return false
}

// toolMissing: what a health check prints goes to no log, so only an application that logs it proves that the program is
// not there. Silence proves nothing.
func toolMissing(v *evidence.View, in *Incident) Check {
	h := in.Check
	w := v.Track()
	switch {
	case h.Tool == "":
		return Check{Basis: h.Basis}
	case in.Log.Basis.Unknown:
		return Check{Basis: in.Log.Basis}
	}
	key := evidence.LogTailKey(in.Log.Group, in.Log.Stream)
	tail, _ := evidence.Read(w, key)
	word := regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(h.Tool) + `\b`)
	for _, l := range tail.Lines {
		if word.MatchString(l.Text) && notThere.MatchString(l.Text) {
			w.Cite(key.Key, "log stream "+in.Log.Stream, "message", l.Text)
			return Check{Holds: true, Resource: in.Definition.ID, Detail: l.Text, Basis: w.Decided()}
		}
	}
	return Check{Basis: w.Undecided("the log does not say whether " + h.Tool + " is in the image; what a health check prints goes to no log")}
}

// startShort compares the line that says that the application serves with the time that the check allows.
func startShort(v *evidence.View, in *Incident) {
	h := &in.Check
	w := v.Track()
	stopped, st := evidence.Read(w, evidence.StoppedTasksKey(in.Cluster, in.Service))
	i := slices.IndexFunc(stopped.Tasks, func(t evidence.Task) bool { return len(in.Samples) > 0 && t.ID == in.Samples[0] })
	if st != evidence.Found || i < 0 || !stopped.Tasks[i].StartedAt.Known {
		h.StartShort.Basis = w.Undecided("")
		return
	}
	task := stopped.Tasks[i]
	h.Lived = int(ended(task).Sub(task.StartedAt.At).Seconds())
	w.Cite(evidence.StoppedTasksKey(in.Cluster, in.Service).Key, "task "+task.ID, "stoppingAt", itoa(h.Lived)+" s after its start")
	switch told := !in.Listening.Basis.Unknown && in.Listening.Told; {
	case !told && stillStarting(w, in, task, h.Interval):
		h.Ready, h.StartShort = h.Lived, Check{Holds: true, Resource: in.Definition.ID, Basis: w.Decided()}
		return
	case !told:
		h.StartShort.Basis = in.Listening.Basis
		h.StartShort.Basis.Unknown = true
		h.StartShort.Basis.Why = cmp.Or(in.Listening.Basis.Why, "no line of the log says that the application serves")
		return
	}
	h.Ready = max(1, int(in.Listening.At.Sub(task.StartedAt.At).Seconds()))
	w.CiteAll(in.Listening.Basis.Cites)
	h.StartShort = Check{Holds: h.Ready > h.Allowed-h.Interval, Basis: w.Decided()}
	if h.StartShort.Holds {
		h.StartShort.Resource = in.Definition.ID
	}
}

// stillStarting reports whether the last word of a killed task was that it starts, shortly before its end. It cites the word.
func stillStarting(w *evidence.View, in *Incident, task evidence.Task, interval int) bool {
	key := evidence.LogTailKey(in.Log.Group, in.Log.Stream)
	tail, _ := evidence.Read(w, key)
	if in.Log.Basis.Unknown || len(tail.Lines) == 0 || tail.Truncated {
		return false
	}
	last := tail.Lines[len(tail.Lines)-1]
	if !startingWords.MatchString(last.Text) || ended(task).Sub(last.At) >= time.Duration(2*max(15, interval))*time.Second {
		return false
	}
	w.Cite(key.Key, "log stream "+in.Log.Stream, "message", last.Text)
	return true
}

// remains: the application was up in time and the command is one that can run, so it is the check itself that fails. A
// program that may be missing keeps it open.
func (h HealthCheckFact) remains(in *Incident) Check {
	for _, c := range []Check{h.ShellSyntax, h.ToolMissing, h.StartShort} {
		if !c.Basis.Unknown && c.Holds {
			return Check{Basis: c.Basis}
		}
	}
	for _, c := range []Check{h.StartShort} {
		if c.Basis.Unknown {
			return Check{Basis: c.Basis}
		}
	}
	return Check{Holds: true, Resource: in.Definition.ID, Basis: evidence.Basis{Cites: append(slices.Clone(h.Basis.Cites), h.StartShort.Basis.Cites...)}}
}
