package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
)

const (
	maxNeighbours = 20               // services that are looked at as possible upstreams
	recentLine    = 15 * time.Minute // how old a line may be to speak of a service that runs
	connectWaits  = 15               // seconds; AWS's default of perRequestTimeout
)

// unresolved are the phrases before a name that was not found, as libraries of the usual languages write them.
var unresolved = []string{"ENOTFOUND ", "EAI_AGAIN ", "Could not resolve host: ", "Failed to resolve '", "UnknownHostException: ", "lookup "}

// line finds the newest line of the log that says that another service was not found or did not answer. is is false
// where there is none; then open tells whether that is known.
func (c *ConnectFact) line(v *evidence.View, in *Incident) (open evidence.Basis, is bool) {
	if in.Log.Basis.Unknown {
		return in.Log.Basis, false
	}
	w := v.Track()
	key := evidence.LogTailKey(in.Log.Group, in.Log.Stream)
	tail, _ := evidence.Read(w, key)
	for _, l := range slices.Backward(tail.Lines) {
		if in.Kind == KindRunning && in.Last.Sub(l.At) > recentLine {
			break
		}
		host, speaks := aboutAnother(l.Text)
		if !speaks {
			continue
		}
		w.Cite(key.Key, "log stream "+in.Log.Stream, "message", l.Text)
		c.Line, c.Host = l.Text, host
		c.Basis.Cites = append(c.Basis.Cites, w.Cites()...)
		return w.Decided(), true
	}
	w.Cite(key.Key, "log stream "+in.Log.Stream, "message", "no line about another service")
	return w.Decided(), false
}

// aboutAnother reads one line: a name that was not found, which is not one of AWS, or the words of the proxy.
func aboutAnother(line string) (host string, speaks bool) {
	low := strings.ToLower(line)
	if strings.Contains(low, "upstream connect error") || strings.Contains(low, "upstream request timeout") || strings.Contains(low, "no healthy upstream") {
		return "", true
	}
	gone := strings.Contains(line, "ENOTFOUND") || strings.Contains(line, "EAI_AGAIN") || strings.Contains(low, "no such host") || strings.Contains(low, "could not resolve host") ||
		strings.Contains(low, "failed to resolve") || strings.Contains(low, "unknownhostexception") || strings.Contains(low, "name or service not known")
	if !gone {
		return "", false
	}
	host = strings.ToLower(strings.TrimRight(wordAfter(line, unresolved...), "',;:)"))
	host, _, _ = strings.Cut(host, ":")
	return host, host != "" && !strings.Contains(host, "amazonaws.")
}

// offer is one name under which a service can be called.
type offer struct {
	svc       evidence.Service
	entry     evidence.ServiceConnectService
	registry  string // id of the Cloud Map service, for a name of plain service discovery
	namespace string
}

// others finds the service that the line is about, and judges why it was not found or did not answer.
func (c *ConnectFact) others(v *evidence.View, in *Incident, svc evidence.Service) {
	w := v.Track()
	offers, known := c.neighbours(w, in, svc)
	if c.Host == "" {
		c.unanswered(v, w, in, offers, known)
		return
	}
	for _, x := range []*Check{&c.UpstreamDown, &c.Closed, &c.OnTask, &c.TimedOut} {
		x.Basis = w.Decided()
	}
	i := slices.IndexFunc(offers, func(o offer) bool { return o.named(w, c.Host) })
	if i < 0 {
		b := w.Decided()
		if !known || len(w.Missed()) > 0 {
			b = w.Undecided("")
		}
		c.NotJoined.Basis, c.StartedBefore.Basis, c.SRVOnly.Basis = b, b, b
		return
	}
	o := offers[i]
	c.Upstream, c.NameIn = o.svc.Cluster+"/"+o.svc.Name, o.namespace
	w.Cite(evidence.ServiceKey(o.svc.Cluster, o.svc.Name).Key, "service "+o.svc.Name, "serviceConnectConfiguration", "offers "+c.Host+" in "+orNone(o.namespace))
	if o.registry != "" {
		c.srv(w, o)
		return
	}
	joined := c.Enabled && sameNamespace(w, c.Namespace, o.namespace)
	b := w.Decided()
	c.NotJoined = Check{Holds: !joined, Resource: svc.Name, Basis: b, Detail: fmt.Sprintf("%s is offered by %s in namespace %s, and service %s is in %s", c.Host, c.Upstream, o.namespace, svc.Name, cmp.Or(c.Namespace, "none"))}
	c.StartedBefore.Basis, c.SRVOnly.Basis = b, b
	if joined {
		c.before(v, in, svc, o)
	}
}

// sameNamespace compares namespaces that may each be given by name or by ARN (ECS API reference, serviceConnectConfiguration).
func sameNamespace(w *evidence.View, a, b string) bool {
	if a == b {
		return true
	}
	x, _ := evidence.Read(w, evidence.NamespaceKey(a))
	y, _ := evidence.Read(w, evidence.NamespaceKey(b))
	return x.ARN != "" && x.ARN == y.ARN
}

// neighbours are the names that other services of the namespace and of the cluster offer. known is false where not all of
// them could be looked at.
func (c *ConnectFact) neighbours(w *evidence.View, in *Incident, svc evidence.Service) (out []offer, known bool) {
	var names []string
	known = true
	if c.Enabled && c.Namespace != "" {
		list, st := evidence.Read(w, evidence.NamespaceServicesKey(c.Namespace))
		names = append(names, list.Names...)
		known = st == evidence.Found
	}
	if c.Host != "" {
		list, st := evidence.Read(w, evidence.ClusterServicesKey(in.Cluster))
		for _, n := range list.Names {
			if !slices.Contains(names, in.Cluster+"/"+n) {
				names = append(names, in.Cluster+"/"+n)
			}
		}
		known = known && st == evidence.Found
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == svc.Cluster+"/"+svc.Name })
	if len(names) > maxNeighbours {
		names, known = names[:maxNeighbours], false
	}
	for _, n := range names {
		cluster, name, _ := strings.Cut(n, "/")
		o, st := evidence.Read(w, evidence.ServiceKey(cluster, name))
		known = known && (st == evidence.Found || st == evidence.Absent)
		namespace, nst := connectNamespace(w, o)
		known = known && (nst == evidence.Found || st != evidence.Found)
		for _, e := range o.Connect.Services {
			out = append(out, offer{svc: o, entry: e, namespace: namespace})
		}
		for _, r := range o.Registries {
			out = append(out, offer{svc: o, registry: r.ARN[strings.LastIndexByte(r.ARN, '/')+1:]})
		}
	}
	return out, known
}

// named reports whether a service is called by this name.
func (o offer) named(w *evidence.View, host string) bool {
	if o.registry != "" {
		s, _ := evidence.Read(w, evidence.CloudMapServiceKey(o.registry))
		first, _, dots := strings.Cut(host, ".")
		return dots && s.Name != "" && strings.EqualFold(s.Name, first)
	}
	discovery := cmp.Or(o.entry.DiscoveryName, o.entry.PortName)
	namespace := o.namespace
	if ns, st := evidence.Read(w, evidence.NamespaceKey(namespace)); st == evidence.Found {
		namespace = ns.Name
	}
	own := discovery + "." + namespace // the name where no alias gives another one
	for _, a := range o.entry.Aliases {
		if name, _, _ := strings.Cut(a, ":"); strings.EqualFold(cmp.Or(name, own), host) {
			return true
		}
	}
	return len(o.entry.Aliases) == 0 && strings.EqualFold(own, host)
}

// srv: a name with SRV records alone has no address to be looked up by (Cloud Map developer guide, "DNS records").
func (c *ConnectFact) srv(w *evidence.View, o offer) {
	key := evidence.CloudMapServiceKey(o.registry)
	s, st := evidence.Read(w, key)
	if st != evidence.Found {
		c.SRVOnly.Basis = w.Undecided("")
		return
	}
	w.Cite(key.Key, "Cloud Map service "+s.Name, "DnsRecords", orNone(strings.Join(s.Records, ", ")))
	b := w.Decided()
	c.NotJoined.Basis, c.StartedBefore.Basis = b, b
	c.SRVOnly = Check{Holds: len(s.Records) > 0 && !slices.ContainsFunc(s.Records, func(r string) bool { return r != "SRV" }), Resource: o.registry, Basis: b,
		Detail: fmt.Sprintf("Cloud Map service %s has %s records and no A record", s.Name, strings.Join(s.Records, ", "))}
}

// before: a task knows the names that its namespace had at the deployment which it belongs to; one that replaces another later knows no
// more (ECS developer guide, "Service Connect concepts": deployment order).
func (c *ConnectFact) before(v *evidence.View, in *Incident, svc evidence.Service, o offer) {
	w := v.Track()
	task, key, known := sampleTask(w, in)
	if !known || !task.CreatedAt.Known && !task.StartedAt.Known {
		c.StartedBefore.Basis = w.Undecided("")
		return
	}
	began := task.StartedAt
	if !began.Known {
		began = task.CreatedAt
	}
	w.Cite(key, "task "+task.ID, "startedAt", evidence.UTC(began.At))
	i := slices.IndexFunc(svc.Deployments, func(d evidence.Deployment) bool { return d.ID == task.StartedBy })
	if i >= 0 && svc.Deployments[i].CreatedAt.Known && svc.Deployments[i].CreatedAt.At.Before(began.At) {
		began = svc.Deployments[i].CreatedAt
		w.Cite(evidence.ServiceKey(svc.Cluster, svc.Name).Key, "deployment "+task.StartedBy, "createdAt", evidence.UTC(began.At))
	}
	d, _ := primary(o.svc)
	w.Cite(evidence.ServiceKey(o.svc.Cluster, o.svc.Name).Key, "service "+o.svc.Name, "createdAt, its newest deployment", evidence.UTC(o.svc.CreatedAt.At)+", "+evidence.UTC(d.CreatedAt.At))
	switch {
	case o.svc.CreatedAt.Known && began.At.Before(o.svc.CreatedAt.At):
		c.StartedBefore = Check{Holds: true, Resource: task.ID, Basis: w.Decided(),
			Detail: fmt.Sprintf("task %s knows the names of %s, and service %s was made at %s", task.ID, began.At.UTC().Format("2006-01-02 15:04"), c.Upstream, o.svc.CreatedAt.At.UTC().Format("2006-01-02 15:04"))}
	case d.CreatedAt.Known && began.At.Before(d.CreatedAt.At):
		c.StartedBefore.Basis = w.Undecided("service " + c.Upstream + " was deployed later, and ECS does not tell whether it offered the name before")
	case i < 0:
		c.StartedBefore.Basis = w.Undecided("the deployment that the task belongs to is gone, and it decides which names the task knows")
	default:
		c.StartedBefore.Basis = w.Decided()
	}
}

// unanswered: the proxy found the service and got no answer. The line does not say which one was called.
func (c *ConnectFact) unanswered(v, w *evidence.View, in *Incident, offers []offer, known bool) {
	b := w.Decided()
	c.NotJoined.Basis, c.StartedBefore.Basis, c.SRVOnly.Basis = b, b, b
	late := strings.Contains(strings.ToLower(c.Line), "upstream request timeout")
	c.TimedOut = Check{Holds: late, Resource: in.Service, Basis: b}
	c.TimedOut.Basis.Missing = w.Missed() // which service it was may still be read
	offers = slices.DeleteFunc(offers, func(o offer) bool {
		return o.registry != "" || !c.Enabled || !sameNamespace(w, o.namespace, c.Namespace)
	})
	if len(offers) == 1 {
		o := offers[0]
		c.Upstream = o.svc.Cluster + "/" + o.svc.Name
		c.TimedOut.Resource = o.svc.Name
		c.Timeout = o.entry.RequestTimeout
	}
	if c.Timeout == 0 {
		c.Timeout = connectWaits
	}
	c.UpstreamDown.Basis, c.Closed.Basis, c.OnTask.Basis = b, b, b
	if late {
		return // it was reached
	}
	if !known {
		u := w.Undecided("")
		c.UpstreamDown.Basis, c.Closed.Basis, c.OnTask.Basis = u, u, u
	}
	for _, o := range offers {
		name := o.svc.Cluster + "/" + o.svc.Name
		if o.svc.Running == 0 {
			d := v.Track()
			d.Cite(evidence.ServiceKey(o.svc.Cluster, o.svc.Name).Key, "service "+o.svc.Name, "runningCount", "0 of "+itoa(o.svc.Desired))
			c.Upstream = name
			c.UpstreamDown = Check{Holds: true, Resource: o.svc.Name, Detail: fmt.Sprintf("service %s runs no task (%d desired)", name, o.svc.Desired), Basis: d.Decided()}
			c.Closed.Basis, c.OnTask.Basis = d.Decided(), d.Decided()
			return
		}
	}
	for _, o := range offers {
		if c.unhealthy(v, o); c.UpstreamDown.Holds {
			return
		}
	}
	for _, o := range offers {
		if c.closed(v, in, o); c.Closed.Holds {
			c.Upstream = o.svc.Cluster + "/" + o.svc.Name
			return
		}
	}
}

// unhealthy: tasks of the other service run, and every one of them fails its health checks, so that the proxy sends to none.
func (c *ConnectFact) unhealthy(v *evidence.View, o offer) {
	w := v.Track()
	key := evidence.RunningTasksKey(o.svc.Cluster, o.svc.Name)
	list, st := evidence.Read(w, key)
	if st != evidence.Found {
		c.UpstreamDown.Basis = w.Undecided("")
		return
	}
	running, ill := 0, 0
	for _, t := range list.Tasks {
		if t.LastStatus == "RUNNING" {
			running++
			if t.HealthStatus == "UNHEALTHY" {
				ill++
			}
		}
	}
	w.Cite(key.Key, "tasks of "+o.svc.Name, "healthStatus", fmt.Sprintf("UNHEALTHY for %d of %d", ill, running))
	if running == 0 || ill < running {
		c.UpstreamDown.Basis.Cites = append(c.UpstreamDown.Basis.Cites, w.Cites()...)
		return
	}
	c.Upstream = o.svc.Cluster + "/" + o.svc.Name
	c.UpstreamDown = Check{Holds: true, Resource: o.svc.Name, Detail: fmt.Sprintf("all %d running tasks of service %s are UNHEALTHY", running, c.Upstream), Basis: w.Decided()}
	c.Closed.Basis, c.OnTask.Basis = w.Decided(), w.Decided()
}

// closed follows a packet from the task to the port of one task of the other service.
func (c *ConnectFact) closed(v *evidence.View, in *Incident, o offer) {
	w := v.Track()
	td, tst := evidence.Read(w, evidence.TaskDefinitionKey(o.svc.TaskDefinition))
	list, lst := evidence.Read(w, evidence.RunningTasksKey(o.svc.Cluster, o.svc.Name))
	if tst != evidence.Found || lst != evidence.Found {
		c.Closed.Basis, c.OnTask.Basis = w.Undecided(""), w.Undecided("")
		return
	}
	i := slices.IndexFunc(list.Tasks, func(t evidence.Task) bool { return t.LastStatus == "RUNNING" && t.PrivateIP != "" })
	port := cmp.Or(o.entry.IngressPort, portOf(td, o.entry.PortName))
	if i < 0 || port == 0 {
		c.Closed.Basis, c.OnTask.Basis = w.Undecided("no address of a task of "+o.svc.Name+" is told"), w.Undecided("no address of a task of "+o.svc.Name+" is told")
		return
	}
	t, l := list.Tasks[i], in.Launch
	from := network.From{Account: l.Account, Region: l.Region, Partition: l.Partition, Subnet: l.Subnet, SecurityGroups: l.SecurityGroups, PublicIP: l.PublicIP}
	to := network.Interface{Name: "task " + t.ID + " of " + o.svc.Name, IP: t.PrivateIP, Subnet: t.SubnetID, Groups: o.svc.Network.SecurityGroups, Known: len(o.svc.Network.SecurityGroups) > 0, Port: port}
	p := network.ReachInside(v, from, to)
	c.Port = port
	if to.Known {
		c.Group = to.Groups[0]
	}
	for _, b := range []network.Blocker{p.TargetSG, p.TaskSG, p.Nacl} {
		switch {
		case b.Basis.Unknown && !c.Closed.Holds:
			c.Closed.Basis, c.OnTask.Basis = b.Basis, b.Basis
		case b.Blocks:
			c.Closed = checkOf(b)
			c.OnTask = Check{Holds: p.TaskSG.Blocks && !p.TargetSG.Blocks, Resource: c.TaskGroup, Basis: b.Basis}
			return
		}
	}
}
