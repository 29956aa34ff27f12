package worlds

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/lab"
)

// Place is the service that a fault is made for, and where it stands.
type Place struct {
	w    *lab.World
	r    *rand.Rand
	top  lab.Topology
	net  lab.Network
	load lab.Workload
}

func (p *Place) chance(odds float64) bool { return p.r.Float64() < odds }

func (p *Place) has(block string) bool { return slices.Contains(p.load.Blocks, block) }

func (p *Place) name() string { return p.load.Name }

func (p *Place) target() string { return p.load.Cluster + "/" + p.load.Name }

func (p *Place) private() bool { return !p.has("public") }

// foreign tells whether the service's own image comes from outside ECR.
func (p *Place) foreign() bool { return p.has("hub-image") || p.has("public-image") }

// usesECR tells whether some image of the service comes from ECR.
func (p *Place) usesECR() bool { return !p.foreign() || p.has("sidecar") }

// usesNAT tells whether a start goes through the NAT gateway. Endpoints with private names take the AWS services off it.
func (p *Place) usesNAT() bool { return p.private() && p.net.NAT && (!p.net.Endpoints || p.foreign()) }

// usesEndpoints tells whether a start depends on the interface endpoints.
func (p *Place) usesEndpoints() bool { return p.net.Endpoints }

// onlyEndpoints tells whether there is no other way.
func (p *Place) onlyEndpoints() bool {
	return p.private() && p.net.Endpoints && !p.net.NAT && !p.net.Hub
}

func (p *Place) role() string {
	if p.has("shared-role") {
		return p.load.Cluster + "-execution"
	}
	return p.name() + "-execution"
}

// table, acl and subnet are placeholders of the parts of the network that the service's tasks are in.
func (p *Place) table() string { return "${route-table:" + p.net.Name + "-" + p.side() + "}" }

func (p *Place) acl() string {
	if p.private() {
		return "${acl:" + p.net.Name + "-private}"
	}
	return "${acl:" + p.net.Name + "-default}"
}

func (p *Place) side() string {
	if p.private() {
		return "private"
	}
	return "public"
}

func (p *Place) subnets() []any {
	var out []any
	for z := range p.net.Zones {
		out = append(out, fmt.Sprintf("${subnet:%s-%s-%c}", p.net.Name, p.side(), 'a'+z))
	}
	return out
}

func (p *Place) vpc() string { return "${vpc:" + p.net.Name + "}" }

func (p *Place) group() string { return "${sg:" + p.name() + "}" }

func (p *Place) awsvpc(subnets []any, public bool) map[string]any {
	assign := "DISABLED"
	if public {
		assign = "ENABLED"
	}
	return map[string]any{"awsvpcConfiguration": map[string]any{"subnets": subnets, "securityGroups": []any{p.group()}, "assignPublicIp": assign}}
}

type input = map[string]any

func step(service, operation string, in input) lab.Step {
	return lab.Step{Service: service, Operation: operation, Input: in}
}

// retire makes the service start all its tasks anew.
func (p *Place) retire() lab.Step { return step("lab", "RetireTasks", input{"Service": p.target()}) }

func advance(d string) lab.Step { return step("lab", "Advance", input{"For": d}) }

// update is an UpdateService of the service.
func (p *Place) update(in input) lab.Step {
	in["cluster"], in["service"] = p.load.Cluster, p.name()
	return step("ecs", "UpdateService", in)
}

// definitionKeys are the parts of a described task definition that RegisterTaskDefinition takes.
var definitionKeys = []string{"family", "taskRoleArn", "executionRoleArn", "networkMode", "containerDefinitions", "volumes", "requiresCompatibilities", "cpu", "memory", "runtimePlatform", "ephemeralStorage"}

// definition is the service's task definition as RegisterTaskDefinition takes it.
func (p *Place) definition() (input, error) {
	out, err := p.w.Look("ecs", "DescribeTaskDefinition", input{"taskDefinition": p.name()})
	if err != nil {
		return nil, err
	}
	described, _ := out["taskDefinition"].(map[string]any)
	def := input{}
	for _, k := range definitionKeys {
		if v, ok := described[k]; ok {
			def[k] = v
		}
	}
	return def, nil
}

// release registers a changed task definition and deploys it. change gets the definition and the service's own container.
func (p *Place) release(change func(def, main input)) ([]lab.Step, bool) {
	def, err := p.definition()
	if err != nil {
		return nil, false
	}
	containers, _ := def["containerDefinitions"].([]any)
	if len(containers) == 0 {
		return nil, false
	}
	change(def, containers[0].(map[string]any))
	return []lab.Step{step("ecs", "RegisterTaskDefinition", def), p.update(input{"taskDefinition": p.name()})}, true
}

// image is the reference of a tag in the service's own repository.
func (p *Place) image(tag string) string { return "${registry}/shop/" + p.name() + ":" + tag }

// now is the revision that the service runs.
func (p *Place) now() string {
	out, err := p.w.Look("ecs", "DescribeServices", input{"cluster": p.load.Cluster, "services": []any{p.name()}})
	if err != nil {
		return ""
	}
	services, _ := out["services"].([]any)
	if len(services) == 0 {
		return ""
	}
	arn := fmt.Sprint(services[0].(input)["taskDefinition"])
	return arn[strings.LastIndex(arn, "/")+1:]
}

// next is the revision that a release makes: the oddities may have registered some.
func (p *Place) next() string {
	out, err := p.w.Look("ecs", "ListTaskDefinitions", input{"familyPrefix": p.name()})
	if err != nil {
		return p.name() + ":?"
	}
	list, _ := out["taskDefinitionArns"].([]any)
	return fmt.Sprintf("%s:%d", p.name(), len(list)+1)
}

// same tells whether two texts name the same resource: an ARN also goes by its end.
func same(a, b string) bool {
	ends := func(arn, name string) bool {
		return strings.HasPrefix(arn, "arn:") && (strings.HasSuffix(arn, "/"+name) || strings.HasSuffix(arn, ":"+name))
	}
	return a != "" && b != "" && (a == b || ends(a, b) || ends(b, a))
}

// Means tells whether two texts name the same resource of a world; the first may hold the lab's placeholders, and one that names nothing
// any more means nothing.
func Means(w *lab.World, subject, found string) bool {
	text, err := w.Resolve(subject)
	return err == nil && same(text, found)
}
