package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/evidence"
)

// ConnectFact is how the tasks of a service find other services: by Service Connect, whose proxy stands in each task, or by
// names of Cloud Map.
type ConnectFact struct {
	Enabled   bool   `json:"enabled"`           // Service Connect is on in this service
	Namespace string `json:"namespace"`         // of the service, as ECS names it; "" = none
	Line      string `json:"line"`              // the newest line of the log that speaks of another service; "" = none
	Host      string `json:"host"`              // the name that was not found; "" = the line is not about a name
	Upstream  string `json:"upstream"`          // CLUSTER/SERVICE that is called; "" = not known
	NameIn    string `json:"namespace_of_name"` // the namespace in which the name is offered; "" = not known
	Port      int    `json:"port"`              // where it listens; 0 = not known
	Timeout   int    `json:"timeout"`           // seconds that its proxy gives a request; AWS's default is 15
	Group     string `json:"group"`             // its first security group
	TaskGroup string `json:"task_group"`
	Proxy     string `json:"proxy"`      // the proxy's container in the task; "" = none seen
	MemoryFor int    `json:"memory_for"` // MiB that the containers leave to the proxy
	CPUFor    int    `json:"cpu_for"`    // units
	TLSRole   string `json:"tls_role"`   // name; "" = no TLS
	Authority string `json:"authority"`  // the certificate authority's ARN

	NamespaceMissing Check          `json:"namespace_missing"`
	Shared           Check          `json:"shared"` // the namespace belongs to another account; Detail is that account
	PortMissing      Check          `json:"port_missing"`
	NotJoined        Check          `json:"not_joined"` // the name is offered in a namespace that this service is not in
	StartedBefore    Check          `json:"started_before"`
	SRVOnly          Check          `json:"srv_only"` // the name has SRV records alone
	UpstreamDown     Check          `json:"upstream_down"`
	Closed           Check          `json:"closed"`  // no packet gets to its port; Resource is a security group or network ACL
	OnTask           Check          `json:"on_task"` // it is the caller's own group that is closed
	TimedOut         Check          `json:"timed_out"`
	NoRoom           Check          `json:"no_room"` // for the proxy
	TLSDenied        Check          `json:"tls_denied"`
	NotRegistered    Check          `json:"not_registered"`   // a running task is missing from its Cloud Map service
	RegistryMissing  Check          `json:"registry_missing"` // that service does not exist
	Basis            evidence.Basis `json:"-"`
}

func (c *ConnectFact) checks() []*Check {
	return []*Check{&c.NamespaceMissing, &c.Shared, &c.PortMissing, &c.NotJoined, &c.StartedBefore, &c.SRVOnly, &c.UpstreamDown, &c.Closed, &c.OnTask, &c.TimedOut, &c.NoRoom, &c.TLSDenied, &c.NotRegistered, &c.RegistryMissing}
}

func (c ConnectFact) all(b evidence.Basis) ConnectFact {
	c.Basis = b
	for _, x := range c.checks() {
		x.Basis = b
	}
	return c
}

// connectFact looks at incidents about Service Connect, and at programs whose last words are of another service.
func connectFact(v *evidence.View, in *Incident) {
	w := v.Track()
	crashed := in.Message.Family == "exit"
	if in.Message.Family != "service-connect" && !crashed {
		in.Connect = in.Connect.all(w.Undecided("the incident is not about another service"))
		return
	}
	svc, st := evidence.Read(w, evidence.ServiceKey(in.Cluster, in.Service))
	if in.Service == "" || st != evidence.Found {
		in.Connect = in.Connect.all(w.Undecided(map[bool]string{true: "a task of no service takes no part in Service Connect"}[in.Service == ""]))
		return
	}
	if in.Definition.Basis.Unknown {
		in.Connect = in.Connect.all(in.Definition.Basis)
		return
	}
	c := ConnectFact{Enabled: svc.Connect.Enabled}
	c.Namespace, st = connectNamespace(w, svc)
	if st != evidence.Found {
		in.Connect = c.all(w.Undecided(""))
		return
	}
	w.Cite(evidence.ServiceKey(in.Cluster, in.Service).Key, "service "+svc.Name, "serviceConnectConfiguration", orNone(c.Namespace))
	c = c.all(w.Decided())
	l := in.Launch
	if len(l.SecurityGroups) > 0 {
		c.TaskGroup = l.SecurityGroups[0]
	}
	td, _ := launched(v.Track(), in)
	c.configuration(v, in, svc, td)
	c.proxy(v, in, td)
	c.tls(v, in, svc)
	if in.Kind == KindRunning {
		c.registered(v, in, svc)
	}
	if open, is := c.line(v, in); is {
		c.others(v, in, svc)
	} else {
		for _, x := range []*Check{&c.NotJoined, &c.StartedBefore, &c.SRVOnly, &c.UpstreamDown, &c.Closed, &c.OnTask, &c.TimedOut} {
			x.Basis = open
		}
	}
	in.Connect = c
}

// connectNamespace is the namespace of a service with Service Connect: its own, else the default of its cluster (ECS API reference,
// ClusterServiceConnectDefaults); "" = none. The state tells whether it could be read.
func connectNamespace(w *evidence.View, svc evidence.Service) (string, evidence.State) {
	if !svc.Connect.Enabled || svc.Connect.Namespace != "" {
		return svc.Connect.Namespace, evidence.Found
	}
	key := evidence.ClusterKey(svc.Cluster)
	cluster, st := evidence.Read(w, key)
	if st == evidence.Found {
		w.Cite(key.Key, "cluster "+svc.Cluster, "serviceConnectDefaults.namespace", orNone(cluster.ConnectNamespace))
	}
	return cluster.ConnectNamespace, st
}

// configuration judges the namespace and the names of ports.
func (c *ConnectFact) configuration(v *evidence.View, in *Incident, svc evidence.Service, td evidence.TaskDefinition) {
	w := v.Track()
	arn := c.Namespace
	if said := in.Message.Fields.Resource; strings.Contains(said, ":servicediscovery:") {
		arn = said
	}
	switch account := iam.AccountOf(arn); {
	case account != "":
		w.Cite(evidence.ServiceKey(in.Cluster, in.Service).Key, "service "+svc.Name, "namespace", arn)
		c.Shared = Check{Holds: account != in.Launch.Account, Resource: arn, Detail: account, Basis: w.Decided()}
	case arn != "":
		c.Shared.Basis = w.Undecided("ECS names the namespace by its name, which does not tell its account")
	}
	if c.Enabled && c.Namespace != "" {
		n := v.Track()
		key := evidence.NamespaceKey(c.Namespace)
		_, st := evidence.Read(n, key)
		n.Cite(key.Key, "namespace "+c.Namespace, "Id", map[bool]string{true: "does not exist", false: "exists"}[st == evidence.Absent])
		c.NamespaceMissing = Check{Holds: st == evidence.Absent, Resource: c.Namespace, Basis: n.Decided()}
		if st != evidence.Found && st != evidence.Absent || c.Shared.Holds && st == evidence.Absent {
			c.NamespaceMissing.Basis = n.Undecided(map[bool]string{true: "the namespace belongs to account " + c.Shared.Detail + "; only that account shows it"}[c.Shared.Holds])
		}
	}
	for _, s := range svc.Connect.Services {
		if s.PortName != "" && !c.PortMissing.Holds && portOf(td, s.PortName) == 0 {
			c.PortMissing = Check{Holds: true, Resource: s.PortName, Detail: "no port mapping of " + td.ID + " is named " + s.PortName, Basis: evidence.Basis{Cites: citeDefinition(v, in, "containerDefinitions.portMappings.name", portNames(td))}}
		}
	}
}

// portOf is the container port with a name; 0 = none has it.
func portOf(td evidence.TaskDefinition, name string) int {
	for _, c := range td.Containers {
		for _, p := range c.PortMappings {
			if p.Name == name {
				return p.ContainerPort
			}
		}
	}
	return 0
}

func portNames(td evidence.TaskDefinition) string {
	var out []string
	for _, c := range td.Containers {
		for _, p := range c.PortMappings {
			out = append(out, cmp.Or(p.Name, "(no name)")+" "+itoa(p.ContainerPort))
		}
	}
	return orNone(strings.Join(out, ", "))
}

// What AWS advises to add to a task for the proxy (ECS developer guide, "Service Connect": task size): CPU units, MiB.
const proxyCPU, proxyMemory = 256, 64

// proxyPrefix begins the name of the container that ECS adds to each task of a service with Service Connect.
const proxyPrefix = "ecs-service-connect"

// proxyDied reports whether the proxy was killed while the task's own containers were only told to end.
func proxyDied(t evidence.Task, own ExitFact) bool {
	if own.OOM || own.Known && own.Code != 0 && own.Code != sigterm && own.Code != sigkill {
		return false
	}
	return slices.ContainsFunc(t.Containers, func(c evidence.Container) bool {
		return strings.HasPrefix(c.Name, proxyPrefix) && (strings.Contains(c.Reason, "OutOfMemory") || c.Exit.Known && c.Exit.Code == sigkill)
	})
}

// proxy looks at what the containers leave of the task for the proxy.
func (c *ConnectFact) proxy(v *evidence.View, in *Incident, td evidence.TaskDefinition) {
	cpu, memory := 0, 0
	for _, x := range td.Containers {
		cpu += x.CPU
		memory += max(x.MemoryMiB, x.ReservationMiB)
	}
	c.CPUFor, c.MemoryFor = mib(td.CPU)-cpu, mib(td.Memory)-memory
	w := v.Track()
	w.CiteAll(citeDefinition(v, in, "cpu, memory less those of its containers", fmt.Sprintf("%d units, %d MiB left", c.CPUFor, c.MemoryFor)))
	task, key, known := sampleTask(w, in)
	oom := false
	for _, x := range task.Containers {
		if strings.HasPrefix(x.Name, proxyPrefix) {
			c.Proxy = x.Name
			oom = strings.Contains(x.Reason, "OutOfMemory")
			w.Cite(key, "task "+task.ID, "containers["+x.Name+"]", strings.TrimSpace(x.LastStatus+" "+x.HealthStatus+sayCode(x)+" "+x.Reason))
		}
	}
	c.NoRoom = Check{Holds: oom || c.CPUFor < proxyCPU && cpu > 0 || c.MemoryFor < proxyMemory, Resource: td.ID, Basis: w.Decided(),
		Detail: fmt.Sprintf("the containers of %s leave %d CPU units and %d MiB of the task's %s and %s", td.ID, c.CPUFor, c.MemoryFor, td.CPU, td.Memory)}
	if oom {
		c.NoRoom.Detail = "the proxy ran out of memory; " + c.NoRoom.Detail
	}
	if !known && len(in.Samples) > 0 && !c.NoRoom.Holds {
		c.NoRoom.Basis = w.Undecided("")
	}
}

// tls asks what the role may do with which ECS gets the certificates of the proxies.
func (c *ConnectFact) tls(v *evidence.View, in *Incident, svc evidence.Service) {
	for _, s := range svc.Connect.Services {
		if s.TLSRoleARN == "" || c.TLSRole != "" {
			continue
		}
		c.TLSRole, c.Authority = iam.RoleName(s.TLSRoleARN), s.TLSAuthority
		w := v.Track()
		d := iam.RoleMay(w, s.TLSRoleARN, "acm-pca:IssueCertificate", cmp.Or(s.TLSAuthority, "*"), nil)
		c.TLSDenied = Check{Holds: d.Denied, Resource: c.TLSRole, Detail: d.Says, Basis: d.Basis}
		if d.Basis.Unknown && in.Message.Nature == "permission" && strings.HasPrefix(in.Message.Fields.Action, "acm-pca:") && ownReasons[in.Message.Fields.DenyReason] {
			c.TLSDenied.Holds, c.TLSDenied.Detail = true, "AWS says so itself: "+reasonWords[in.Message.Fields.DenyReason]
			c.TLSDenied.Basis = evidence.Basis{Cites: in.Basis.Cites, Missing: d.Basis.Missing}
		}
		t := iam.TrustedBy(v.Track(), s.TLSRoleARN, "ecs.amazonaws.com")
		if !t.Basis.Unknown && !t.Trusts && !c.TLSDenied.Holds {
			c.TLSDenied = Check{Holds: true, Resource: c.TLSRole, Detail: "ecs.amazonaws.com may not assume role " + c.TLSRole, Basis: t.Basis}
		}
	}
}

// registered compares the running tasks with what is registered under the service's names of Cloud Map.
func (c *ConnectFact) registered(v *evidence.View, in *Incident, svc evidence.Service) {
	for _, r := range svc.Registries {
		id := r.ARN[strings.LastIndexByte(r.ARN, '/')+1:]
		w := v.Track()
		key := evidence.CloudMapInstancesKey(id)
		list, st := evidence.Read(w, key)
		tasks, tst := evidence.Read(w, evidence.RunningTasksKey(in.Cluster, in.Service))
		switch {
		case st == evidence.Absent:
			w.Cite(key.Key, "Cloud Map service "+id, "Id", "does not exist")
			c.RegistryMissing = Check{Holds: true, Resource: id, Detail: "Cloud Map service " + id + " does not exist", Basis: w.Decided()}
			return
		case st != evidence.Found || tst != evidence.Found:
			b := w.Undecided("")
			c.NotRegistered.Basis, c.RegistryMissing.Basis = b, b
			continue
		}
		for _, t := range tasks.Tasks {
			old := t.StartedAt.Known && in.Last.Sub(t.StartedAt.At) > stuckAfter
			if t.LastStatus != "RUNNING" || !old || list.Truncated || slices.ContainsFunc(list.Instances, func(i evidence.CloudMapInstance) bool { return i.ID == t.ID || i.IPv4 != "" && i.IPv4 == t.PrivateIP }) {
				continue
			}
			w.Cite(key.Key, "Cloud Map service "+id, "Instances", strconv.Itoa(len(list.Instances))+", without task "+t.ID)
			c.NotRegistered = Check{Holds: true, Resource: id, Detail: fmt.Sprintf("task %s runs since %s and is not among the %d instances of Cloud Map service %s", t.ID, t.StartedAt.At.UTC().Format("15:04"), len(list.Instances), id), Basis: w.Decided()}
			return
		}
	}
}
