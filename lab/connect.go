package lab

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// Service Connect: a proxy in each task of a service that has it on. It knows the names that the namespace offered when the task's
// deployment was made, and to which tasks each leads now.

// connection is what a deployment has of Service Connect.
type connection struct {
	config    *ecstypes.ServiceConnectConfiguration // nil or not enabled = none
	namespace string                                // its id
	known     map[string]peer                       // by NAME:PORT, what the proxies of its tasks know
}

// peer is where a name leads, as the proxy of a client has it.
type peer struct {
	discovery string        // name in the namespace
	http      bool          // the proxy understands the requests
	timeout   time.Duration // that a request is given; 0 = no limit
}

func on(c *ecstypes.ServiceConnectConfiguration) bool { return c != nil && c.Enabled }

// requestTimeout is perRequestTimeoutSeconds where a service gives none (ECS API reference, TimeoutConfiguration).
const requestTimeout = 15 * time.Second

func noECSNamespace() *wire.Error {
	return wire.Errorf("NamespaceNotFoundException", "The specified namespace wasn't found.")
}

// defaultNamespace is what a cluster keeps as its default; a name that there is none of gets a namespace.
func (w *World) defaultNamespace(ref string) (*ecstypes.ClusterServiceConnectDefaults, error) {
	if ref == "" {
		return nil, nil
	}
	n := w.namespaceOf(ref)
	if n == nil && strings.HasPrefix(ref, "arn:") {
		return nil, noECSNamespace()
	}
	if n == nil {
		var err error
		if n, err = w.addNamespace(ref, "HTTP", ""); err != nil {
			return nil, err
		}
	}
	return &ecstypes.ClusterServiceConnectDefaults{Namespace: n.Arn}, nil
}

// namespaceFor is the namespace of a service's configuration, or the default of its cluster.
func (w *World) namespaceFor(cluster string, c *ecstypes.ServiceConnectConfiguration) *namespace {
	ref := aws.ToString(c.Namespace)
	if d := w.clusters[cluster].ServiceConnectDefaults; ref == "" && d != nil {
		ref = aws.ToString(d.Namespace)
	}
	return w.namespaceOf(ref)
}

// checkConnect refuses a configuration whose namespace does not exist, or that names a port which the task definition does not have.
func (w *World) checkConnect(cluster string, c *ecstypes.ServiceConnectConfiguration, registries []ecstypes.ServiceRegistry, def *ecstypes.TaskDefinition) error {
	for _, r := range registries {
		if w.discovery.registries[lastPart(aws.ToString(r.RegistryArn))] == nil {
			return invalid("The specified service registry does not exist: %s", aws.ToString(r.RegistryArn))
		}
	}
	if !on(c) {
		return nil
	}
	if w.namespaceFor(cluster, c) == nil {
		return noECSNamespace()
	}
	for _, s := range c.Services {
		if _, port := portNamed(def, aws.ToString(s.PortName)); port == 0 {
			return invalid("The serviceConnectConfiguration portName %s is not defined in the task definition", aws.ToString(s.PortName))
		}
	}
	return nil
}

// portNamed is the port mapping of a name: its protocol for the proxy, and the container's port; 0 = none.
func portNamed(def *ecstypes.TaskDefinition, name string) (ecstypes.ApplicationProtocol, int32) {
	for _, c := range def.ContainerDefinitions {
		for _, p := range c.PortMappings {
			if aws.ToString(p.Name) == name {
				return p.AppProtocol, aws.ToInt32(p.ContainerPort)
			}
		}
	}
	return "", 0
}

func discoveryName(s ecstypes.ServiceConnectService) string {
	return cmp.Or(aws.ToString(s.DiscoveryName), aws.ToString(s.PortName))
}

// connect gives a deployment what it has of Service Connect: its names in the namespace, and the names that its tasks will know.
func (w *World) connect(s *service, d *deployment) {
	d.connection = connection{config: s.connect, known: map[string]peer{}}
	d.ServiceConnectConfiguration = s.connect
	if !on(s.connect) {
		return
	}
	n := w.namespaceFor(s.cluster, s.connect)
	if n == nil {
		return
	}
	d.connection.namespace = *n.Id
	for _, x := range s.connect.Services {
		r := w.registryNamed(n, discoveryName(x))
		d.ServiceConnectResources = append(d.ServiceConnectResources, ecstypes.ServiceConnectServiceResource{DiscoveryName: aws.String(discoveryName(x)), DiscoveryArn: r.Arn})
	}
	for _, other := range sorted(w.services) {
		if p := other.primary(); p != nil && p.connection.namespace == *n.Id && on(p.connection.config) || other == s {
			w.learn(d, n, other)
		}
	}
}

// learn adds the names that a service offers to those that a deployment knows.
func (w *World) learn(d *deployment, n *namespace, other *service) {
	def := w.taskDefs[defKey(other.TaskDefinition)]
	for _, x := range other.connect.Services {
		protocol, port := portNamed(def, aws.ToString(x.PortName))
		p := peer{discovery: discoveryName(x), http: protocol != "", timeout: requestTimeout}
		if x.Timeout != nil && x.Timeout.PerRequestTimeoutSeconds != nil {
			p.timeout = time.Duration(*x.Timeout.PerRequestTimeoutSeconds) * time.Second
		}
		own := p.discovery + "." + *n.Name
		if len(x.ClientAliases) == 0 {
			d.connection.known[fmt.Sprintf("%s:%d", own, port)] = p
		}
		for _, a := range x.ClientAliases {
			d.connection.known[fmt.Sprintf("%s:%d", cmp.Or(aws.ToString(a.DnsName), own), aws.ToInt32(a.Port))] = p
		}
	}
}

// registryNamed is the Cloud Map service that Service Connect keeps for a discovery name; it makes it where there is none.
func (w *World) registryNamed(n *namespace, name string) *mapService {
	for _, r := range w.registriesOf(*n.Id) {
		if *r.Name == name {
			return r
		}
	}
	r := w.addRegistry(n, name)
	r.byECS = true
	return r
}

// offers lists where a task is registered: the Cloud Map service and the port.
func (w *World) offers(t *task) map[*mapService]int32 {
	out := map[*mapService]int32{}
	d := t.launch.deployment
	if d == nil {
		return out
	}
	if n := w.discovery.namespaces[d.connection.namespace]; n != nil && on(d.connection.config) {
		for _, x := range d.connection.config.Services {
			_, port := portNamed(t.launch.definition, aws.ToString(x.PortName))
			out[w.registryNamed(n, discoveryName(x))] = cmp.Or(aws.ToInt32(x.IngressPortOverride), port)
		}
	}
	for _, x := range d.registries {
		if r := w.discovery.registries[lastPart(aws.ToString(x.RegistryArn))]; r != nil {
			out[r] = cmp.Or(aws.ToInt32(x.ContainerPort), aws.ToInt32(x.Port))
		}
	}
	return out
}

// announce registers a task that runs with Cloud Map.
func (w *World) announce(t *task) {
	ip := t.detail("privateIPv4Address")
	if ip == "" {
		return
	}
	for r, port := range w.offers(t) {
		a := map[string]string{
			instanceIP: ip, "ECS_CLUSTER_NAME": t.launch.cluster, "ECS_SERVICE_NAME": t.launch.service.name(), "ECS_TASK_DEFINITION_FAMILY": aws.ToString(t.launch.definition.Family),
			"AVAILABILITY_ZONE": aws.ToString(t.AvailabilityZone), "REGION": w.Region,
		}
		if port > 0 {
			a[instancePort] = fmt.Sprint(port)
		}
		if r.HealthCheckCustomConfig != nil {
			a[initHealth] = "HEALTHY"
		}
		r.instances[t.id] = a
	}
}

// withdraw takes a task out of Cloud Map, and the names away that nobody offers any more.
func (w *World) withdraw(t *task) {
	if len(w.discovery.registries) == 0 {
		return
	}
	for _, r := range w.discovery.registries {
		delete(r.instances, t.id)
	}
	w.sweep()
}

// sweep takes away the Cloud Map services that Service Connect made and that no deployment offers any more.
func (w *World) sweep() {
	if len(w.discovery.registries) == 0 {
		return
	}
	offered := map[string]bool{}
	for _, s := range w.services {
		for _, d := range s.deployments {
			for _, x := range d.ServiceConnectResources {
				offered[lastPart(aws.ToString(x.DiscoveryArn))] = true
			}
		}
	}
	maps.DeleteFunc(w.discovery.registries, func(id string, r *mapService) bool { return r.byECS && !offered[id] && len(r.instances) == 0 })
}

// addProxy puts the proxy's container into a task of a service with Service Connect.
func (w *World) addProxy(t *task) {
	d := t.launch.deployment
	if d == nil || !on(d.connection.config) {
		return
	}
	t.Containers = append(t.Containers, ecstypes.Container{
		ContainerArn: aws.String(w.ecsARN("container/" + t.launch.cluster + "/" + t.id + "/" + w.newUUID())), TaskArn: t.TaskArn,
		Name: aws.String("ecs-service-connect-" + w.newHex(5)), LastStatus: aws.String("PENDING"), HealthStatus: ecstypes.HealthStatusUnknown, Cpu: aws.String("0"), NetworkInterfaces: []ecstypes.NetworkInterface{},
	})
}

// startProxy: the proxy runs before the programs do.
func (t *task) startProxy() {
	if n := len(t.Containers); n > len(t.containers) {
		p := &t.Containers[n-1]
		p.LastStatus, p.HealthStatus, p.RuntimeId = aws.String("RUNNING"), ecstypes.HealthStatusHealthy, aws.String(t.id+"-0527074092")
	}
}

const callEvery = 15 * time.Second

// callOthers is a program that calls other services from now on: those whose addresses stand in the variables that App.Calls names.
func (w *World) callOthers(t *task, c *container) {
	if c.done || !c.serving {
		return
	}
	c.unanswered = ""
	for _, name := range c.image.App.Calls {
		u, err := url.Parse(c.env[name])
		if c.env[name] == "" || err != nil || u.Port() == "" {
			continue
		}
		if bad := w.request(t, u); bad != "" {
			w.say(t, c, fmt.Sprintf(`level=error msg="call failed" peer=%s error="%s"`, name, bad))
			c.unanswered = name + ": " + bad
		}
	}
	w.later(t, w.about(callEvery), func() { w.callOthers(t, c) })
}

// request is a call of one program to another; "" when it is answered, else what the caller's library says.
func (w *World) request(t *task, u *url.URL) string {
	at := fmt.Sprintf("Get %s: ", u)
	if d := t.launch.deployment; d != nil && on(d.connection.config) {
		if p, ok := d.connection.known[u.Host]; ok {
			if bad := w.throughProxy(t, d, p, u); bad != "" {
				return at + bad
			}
			return ""
		}
	}
	port := int32(number(u.Port()))
	r := w.reach(w.interfaces[t.eni], u.Hostname(), port)
	switch {
	case r.Failure == "dns":
		return at + "dial tcp: lookup " + u.Hostname() + w.unresolved(t, r)
	case !r.OK:
		return at + fmt.Sprintf("dial tcp %s:%d: i/o timeout", r.IP, port)
	}
	other := w.taskAt(aws.ToString(w.interfaces[t.eni].VpcId), r.IP)
	if other == nil || other.listener(port, false) == nil {
		return at + fmt.Sprintf("dial tcp %s:%d: connect: connection refused", r.IP, port)
	}
	return ""
}

// throughProxy sends a request by the proxy of the task. Each failure has the words of the proxy (Envoy).
func (w *World) throughProxy(t *task, d *deployment, p peer, u *url.URL) string {
	say := func(code, body string) string {
		if !p.http {
			return "EOF" // the proxy moves bytes, and closes the connection
		}
		return code + ": " + body
	}
	hosts := w.hostsOf(d.connection.namespace, p.discovery)
	if len(hosts) == 0 {
		return say("503 Service Unavailable", "no healthy upstream")
	}
	bad := ""
	for _, h := range hosts {
		ip, err := netip.ParseAddr(h.ip)
		other := h.task.listener(h.port, false)
		switch {
		case err != nil || !w.travel(w.interfaces[t.eni], packet{ip, "tcp", h.port, ""}).OK:
			bad = say("503 Service Unavailable", "upstream connect error or disconnect/reset before headers. reset reason: connection timeout")
		case other == nil:
			bad = say("503 Service Unavailable", "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused")
		case p.http && p.timeout > 0 && other.image.App.Answers > p.timeout:
			return say("504 Gateway Timeout", "upstream request timeout")
		default:
			return ""
		}
	}
	return bad
}

// host is a task to which a proxy may send.
type host struct {
	task *task
	ip   string
	port int32
}

// hostsOf lists the tasks that offer a name of a namespace and run, and are not known to be unhealthy.
func (w *World) hostsOf(namespace, name string) []host {
	var out []host
	for _, s := range sorted(w.services) {
		for _, t := range s.tasks {
			if !t.is("RUNNING") || t.stopping() || slices.ContainsFunc(t.Containers, func(c ecstypes.Container) bool { return c.HealthStatus == ecstypes.HealthStatusUnhealthy }) {
				continue
			}
			d := t.launch.deployment
			if d == nil || d.connection.namespace != namespace || !on(d.connection.config) {
				continue
			}
			for _, x := range d.connection.config.Services {
				if _, port := portNamed(t.launch.definition, aws.ToString(x.PortName)); discoveryName(x) == name {
					out = append(out, host{t, t.detail("privateIPv4Address"), cmp.Or(aws.ToInt32(x.IngressPortOverride), port)})
				}
			}
		}
	}
	return out
}

// unfound says which running task of a service gets no answer of the others it calls, or is not found by its name; "" = none.
func (w *World) unfound(s *service) string {
	for _, t := range s.live(nil) {
		for _, c := range t.containers {
			if c.unanswered != "" && !c.done {
				return "task " + t.id + " calls in vain: " + c.unanswered
			}
		}
		for _, x := range t.launch.deployment.registries {
			r := w.discovery.registries[lastPart(aws.ToString(x.RegistryArn))]
			if r == nil {
				return "the Cloud Map service " + aws.ToString(x.RegistryArn) + " does not exist"
			}
			if t.is("RUNNING") && r.instances[t.id] == nil {
				return "task " + t.id + " is not registered with Cloud Map service " + *r.Id
			}
		}
	}
	return ""
}

// listServicesByNamespace lists the services that have Service Connect on in a namespace.
func (w *World) listServicesByNamespace(_ *wire.Request, in *ecs.ListServicesByNamespaceInput) (*ecs.ListServicesByNamespaceOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.namespaceOf(aws.ToString(in.Namespace))
	if n == nil {
		return nil, noECSNamespace()
	}
	arns := []string{}
	for _, s := range sorted(w.services) {
		if p := s.primary(); p != nil && on(p.connection.config) && p.connection.namespace == *n.Id {
			arns = append(arns, aws.ToString(s.ServiceArn))
		}
	}
	page, next, err := wire.Page(arns, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 10)
	return &ecs.ListServicesByNamespaceOutput{ServiceArns: page, NextToken: token(next)}, err
}

// instanceOf is the id of a running task of a service: of those that are registered with Cloud Map, if any is, the first by id.
func (w *World) instanceOf(service string) string {
	registered, any := "", ""
	for _, s := range sorted(w.services) {
		for _, t := range s.live(nil) {
			if s.name() != service {
				continue
			}
			if any == "" || t.id < any {
				any = t.id
			}
			for _, r := range w.discovery.registries {
				if r.instances[t.id] != nil && (registered == "" || t.id < registered) {
					registered = t.id
				}
			}
		}
	}
	return cmp.Or(registered, any)
}
