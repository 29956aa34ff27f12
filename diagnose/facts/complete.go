package facts

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/diagnose/facts/image"
	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
)

// Fact adds one answer to an incident. It asks the view for every key it can name before it returns, and may decide
// although some of them are not there.
type Fact struct {
	Path    string // the field of Incident it fills, as playbooks name it
	Compute func(v *evidence.View, in *Incident)
}

// Facts is the list of all facts in order: later ones may use what earlier ones filled.
var Facts = []Fact{
	{"exits", exitsFact},
	{"definition", definitionFact},
	{"parameters", parametersFact},
	{"placement", placementFact},
	{"size", sizeFact},
	{"rollout", rolloutFact},
	{"arithmetic", arithmeticFact},
	{"desired", desiredFact},
	{"stopper", stopperFact},
	{"leaving", leavingFact},
	{"protection", protectionFact},
	{"task_set", taskSetFact},
	{"strategy", strategyFact},
	{"cluster_state", clusterFact},
	{"reach", reachFact},
	{"egress", egressFact},
	{"addresses", addressesFact},
	{"surge", surgeFact},
	{"net_config", netConfigFact},
	{"eni", eniFact},
	{"trust", trustFact},
	{"permission", permissionFact},
	{"image", imageFact},
	{"pull_through", pullThroughFact},
	{"registry_login", registryLoginFact},
	{"lifecycle", lifecycleFact},
	{"elsewhere", elsewhereFact},
	{"disk", diskFact},
	{"ipv6_only", ipv6OnlyFact},
	{"secret", secretFact},
	{"key", keyFact},
	{"volume", volumeFact},
	{"ebs", ebsFact},
	{"parameter", parameterFact},
	{"log_group", logGroupFact},
	{"log", logFact},
	{"line", lineFact},
	{"dependency", dependencyFact},
	{"peer", peerFact},
	{"resolver", resolverFact},
	{"way", wayFact},
	{"logging", loggingFact},
	{"target", targetFact},
	{"listening", listeningFact},
	{"target.wrong_protocol", wrongProtocolFact},
	{"target.patience", patienceFact},
	{"ingress", ingressFact},
	{"cpu", cpuFact},
	{"listener", listenerFact},
	{"health_check", healthCheckFact},
	{"files", filesFact},
	{"secret_use", secretUseFact},
	{"env_file", envFileFact},
	{"denial", denialFact},
	{"dangling", danglingFact},
	{"queue", queueFact},
	{"scaling", scalingFact},
	{"quota", quotaFact},
	{"schedule", scheduleFact},
	{"exec", execFact},
	{"connect", connectFact},
	{"tracing", tracingFact},
	{"previous", previousFact},
}

// Complete fills every fact of an incident from what the view holds now.
func Complete(v *evidence.View, in *Incident) {
	for _, f := range Facts {
		f.Compute(v, in)
	}
}

// citeDefinition points at one field of the launch's task definition.
func citeDefinition(v *evidence.View, in *Incident, field, value string) []evidence.Cite {
	w := v.Track()
	w.Cite(evidence.TaskDefinitionKey(in.Definition.ID).Key, "task definition "+in.Definition.ID, field, value)
	return w.Cites()
}

func itoa(i int) string { return strconv.Itoa(i) }

func definitionFact(v *evidence.View, in *Incident) {
	w := v.Track()
	id := in.Launch.TaskDefinition
	if id == "" {
		in.Definition = Definition{Basis: w.Undecided("no task definition is known for this failure")}
		return
	}
	key := evidence.TaskDefinitionKey(id)
	td, st := evidence.Read(w, key)
	in.Definition = Definition{ID: id}
	d := &in.Definition
	switch st {
	case evidence.Absent:
		w.Cite(key.Key, "task definition "+id, "status", "does not exist")
		d.Basis = w.Decided()
		return
	case evidence.Found:
	default:
		d.Basis = w.Undecided("")
		return
	}
	w.Cite(key.Key, "task definition "+id, "status", td.Status)
	d.Exists, d.Status = true, td.Status
	d.ExecutionRole, d.TaskRole, d.OS, d.Arch, d.CPU, d.Memory = td.ExecutionRoleARN, td.TaskRoleARN, td.OS, td.Arch, td.CPU, td.Memory
	c := concerned(td, in)
	d.Container, d.Image, d.MemoryMiB, d.EntryPoint, d.Command, d.LogDriver = c.Name, c.Image, c.MemoryMiB, c.EntryPoint, c.Command, c.LogDriver
	d.LogGroup = option(c, "awslogs-group")
	for _, all := range td.Containers {
		for _, s := range all.Secrets {
			d.Secrets = append(d.Secrets, s.ValueFrom)
		}
	}
	d.ReadPolicy = readPolicy(d.Secrets, in.Launch)
	d.Basis = w.Decided()
}

// concerned picks the container the failure is about: the one named, the one whose image the message names, else the
// first essential one.
func concerned(td evidence.TaskDefinition, in *Incident) evidence.ContainerDefinition {
	for _, c := range td.Containers {
		if c.Name == in.Launch.Container && c.Name != "" {
			return c
		}
	}
	if img := in.Message.Fields.Image; img != "" {
		for _, c := range td.Containers {
			if c.Image == img {
				return c
			}
		}
	}
	for _, c := range td.Containers {
		if c.Essential {
			return c
		}
	}
	return evidence.ContainerDefinition{}
}

func option(c evidence.ContainerDefinition, name string) string {
	for _, o := range c.LogOptions {
		if o.Key == name {
			return o.Value
		}
	}
	return ""
}

// fixedDestination are the steps whose destination follows from their name alone: their path can be read before the
// task definition is.
var fixedDestination = map[string]bool{"registry-auth": true, "secret": true, "parameter": true, "env-file": true, "log-driver": true, "exec": true}

// A launch walks these destinations in this order; what a step needs follows from its name.
func destinations(in *Incident) []string {
	switch in.Message.Step {
	case "registry-auth":
		return []string{"ecr.api"}
	case "manifest", "layers", "pull":
		ref := image.Parse(cmp.Or(in.Message.Fields.Image, in.Definition.Image))
		switch {
		case ref.DockerHub:
			return []string{"docker-hub"}
		case ref.Valid && !ref.ECR:
			return []string{"internet"}
		case in.Message.Step == "layers":
			return []string{"s3"}
		case in.Message.Step == "pull": // manifest or layers, nobody says which
			return []string{"ecr.dkr", "s3"}
		}
		return []string{"ecr.dkr"}
	case "secret":
		if in.Message.Fields.Parameter != "" || strings.Contains(in.Symptom, "/ssm/") {
			return []string{"ssm"}
		}
		return []string{"secretsmanager"}
	case "parameter":
		return []string{"ssm"}
	case "env-file":
		return []string{"s3"}
	case "exec":
		return []string{"ssmmessages"}
	case "log-driver":
		if strings.Contains(in.Symptom, "splunk") {
			return []string{"internet"}
		}
		return []string{"logs"}
	}
	return launchDestinations(in)
}

// launchDestinations are all that this launch needs, in the order in which it needs them.
func launchDestinations(in *Incident) []string {
	d := in.Definition
	ref := image.Parse(d.Image)
	var out []string
	if ref.ECR {
		out = append(out, "ecr.api")
	}
	for _, s := range d.Secrets {
		name := "secretsmanager"
		if !strings.Contains(s, ":secretsmanager:") {
			name = "ssm"
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if d.LogDriver == "awslogs" {
		out = append(out, "logs")
	}
	switch {
	case ref.ECR:
		out = append(out, "ecr.dkr", "s3")
	case ref.DockerHub:
		out = append(out, "docker-hub")
	case ref.Valid:
		out = append(out, "internet")
	}
	return out
}

// reachFact follows the path that the failed step needed; where no step is known, the first of the launch's paths that
// is blocked; while none is, a blocker is open as long as it is open on one of them.
func reachFact(v *evidence.View, in *Incident) {
	l := in.Launch
	w := v.Track()
	if l.Subnet == "" || l.Region == "" {
		w.Want(evidence.CallerKey().Key)
		in.Reach = undecidedPath(w.Undecided("the subnet of the failed start is not known"))
		return
	}
	if in.Definition.Basis.Unknown && !fixedDestination[in.Message.Step] {
		in.Reach = undecidedPath(in.Definition.Basis)
		return
	}
	from := startOf(in)
	var paths []network.Path
	for _, name := range destinations(in) {
		to := network.To(name, l.Region, l.Partition, registryAccount(in))
		if host := in.Message.Fields.Host; host != "" && in.Message.Step != "" {
			to.IP = in.Message.Fields.IP
		}
		path := network.Reach(v.Track(), from, to)
		if in.Kind == KindStopped && in.Message.Nature == "network" && in.Message.Step != "" {
			path.Failed()
		}
		paths = append(paths, path)
	}
	if len(paths) == 0 {
		in.Reach = undecidedPath(w.Undecided("no destination is known for this failure"))
		return
	}
	pick := paths[0]
	if i := slices.IndexFunc(paths, func(p network.Path) bool { return !p.Basis.Unknown && p.Blocked }); i >= 0 {
		pick = paths[i]
	} else {
		for _, p := range paths[1:] {
			pick = network.Either(pick, p)
		}
	}
	in.Reach = pick
}

func registryAccount(in *Incident) string {
	if ref := image.Parse(cmp.Or(in.Message.Fields.Image, in.Definition.Image)); ref.ECR {
		return ref.Account
	}
	return in.Launch.Account
}

// undecidedPath is a path of which every blocker is unknown for the same reason.
func undecidedPath(b evidence.Basis) network.Path {
	b.Unknown = true
	x := network.Blocker{Basis: b}
	return network.Path{Basis: b, NoRoute: x, Blackhole: x, NatFailed: x, NatNoInternet: x, NoPublicIP: x, PastNAT: x, EndpointMissing: x, EndpointPrivateDNS: x,
		EndpointSG: x, EndpointPolicy: x, S3GatewayMissing: x, EgressPrefixList: x, TaskSG: x, Nacl: x, DNS: x, BlockPublicAccess: x, Beyond: x}
}

func addressesFact(v *evidence.View, in *Incident) {
	subnet := cmp.Or(in.Message.Fields.Subnet, in.Launch.Subnet)
	w := v.Track()
	if subnet == "" {
		b := w.Undecided("the subnet of the failed start is not known")
		in.Addresses = network.Addresses{None: network.Blocker{Basis: b}, Basis: b}
		return
	}
	in.Addresses = network.FreeAddresses(w, subnet)
}

func trustFact(v *evidence.View, in *Incident) {
	in.Trust = trust(v, in, in.Definition.ExecutionRole)
	in.TaskTrust = trust(v, in, in.Definition.TaskRole)
}

func trust(v *evidence.View, in *Incident, roleARN string) iam.Trust {
	switch {
	case in.Definition.Basis.Unknown:
		return iam.Trust{Basis: in.Definition.Basis}
	case roleARN == "":
		return iam.Trust{Basis: v.Track().Undecided("the task definition names no such role")}
	}
	return iam.TrustedBy(v.Track(), roleARN, "ecs-tasks.amazonaws.com")
}
