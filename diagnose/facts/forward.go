package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts/image"
	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// Forward is the next start of a service, taken apart: one incident of KindForward for each step and thing of it.
type Forward struct {
	Exists   bool // the service is there
	Service  evidence.Service
	Revision string // family:revision that would be started
	Unknown  bool   // there is no such revision
	Now      time.Time
	Steps    []ForwardStep
	Missing  []evidence.Key
}

// ForwardStep is one question to the next start.
type ForwardStep struct {
	Asks     string // in plain words, true when nothing stands in the way
	Open     string // what about it nothing reads yet, so that it is unknown at best; "" = it can be judged
	Incident Incident
}

// Foresee lists the steps of the next start of a service with a revision ("" = the one it is set to). Missing is never
// empty while a read could still add a step.
func Foresee(v *evidence.View, t evidence.Target, revision string) Forward {
	caller, _ := evidence.Read(v, evidence.CallerKey())
	key := evidence.ServiceKey(t.Cluster, t.Service)
	svc, st := evidence.Read(v, key)
	f := Forward{Exists: st != evidence.Absent, Service: svc, Missing: v.Missed()}
	if st != evidence.Found {
		return f
	}
	f.Now = answeredAt(v, key.Key)
	g := grouping{svc: svc, now: f.Now, caller: caller, cite: func(key evidence.Key, resource, field, value string) []evidence.Cite {
		w := v.Track()
		w.Cite(key, resource, field, value)
		return w.Cites()
	}}
	f.Revision, f.Steps = g.foresee(v, revision)
	_, td := evidence.Read(v, evidence.TaskDefinitionKey(f.Revision))
	f.Unknown = td == evidence.Absent
	f.Missing = v.Missed()
	return f
}

func (g *grouping) foresee(v *evidence.View, revision string) (string, []ForwardStep) {
	base := g.eventIncident(message.Reading{}, evidence.ServiceEvent{At: g.now})
	base.Kind, base.Symptom, base.Message = KindForward, "", message.Reading{Text: "(no failure: the next start)"}
	set, _ := nextSet(g.svc)
	base.Launch.TaskDefinition = cmp.Or(revision, set.TaskDefinition, g.svc.TaskDefinition, base.Launch.TaskDefinition)
	td, st := evidence.Read(v, evidence.TaskDefinitionKey(base.Launch.TaskDefinition))
	plan := forwardPlan{base: base, td: td}
	running, _ := evidence.Read(v, evidence.RunningTasksKey(g.svc.Cluster, g.svc.Name))
	stopped, _ := evidence.Read(v, evidence.StoppedTasksKey(g.svc.Cluster, g.svc.Name))
	plan.add("", "api", "Fargate takes the task definition "+base.Launch.TaskDefinition, message.Fields{}, "")
	plan.add("", "placement", "the tasks are sent to Fargate", message.Fields{}, "")
	plan.quota(v)
	if st == evidence.Found {
		plan.add("", "assume-role", "ECS may assume the roles of the task definition", message.Fields{}, "")
		for i, subnet := range slices.Sorted(slices.Values(base.Launch.Subnets)) {
			plan.subnet(subnet, i == 0)
		}
		plan.volumes()
		plan.pinned(slices.Concat(running.Tasks, stopped.Tasks))
		if len(g.svc.TargetGroups) > 0 {
			plan.add("", "target-registration", "the tasks fit their target groups", message.Fields{}, "")
			plan.add("", "target-health", "the load balancer can reach the tasks", message.Fields{}, "")
		}
		plan.add("", "container-health", "the health checks of the containers can succeed", message.Fields{}, "")
	}
	for i := range plan.steps {
		plan.steps[i].Incident.Share = 1 / float64(len(plan.steps))
	}
	return base.Launch.TaskDefinition, plan.steps
}

// quota adds the vCPU quota of Fargate, unless the tasks go elsewhere.
func (p *forwardPlan) quota(v *evidence.View) {
	in := p.base
	placementFact(v, &in)
	if !in.Placement.Basis.Unknown && !in.Placement.OnFargate {
		return
	}
	p.add("", "placement", "the vCPU quota has room for the desired count and a deployment of it", message.Fields{}, "")
	p.steps[len(p.steps)-1].Incident.Message.Nature = "quota"
}

type forwardPlan struct {
	base  Incident
	td    evidence.TaskDefinition
	steps []ForwardStep
}

func (p *forwardPlan) add(subnet, step, asks string, fields message.Fields, container string) {
	in := p.base
	in.Message.Step, in.Message.Fields = step, fields
	in.Launch.Container = container
	in.Launch.Subnet = subnet
	if subnet == "" && len(in.Launch.Subnets) > 0 {
		in.Launch.Subnet = slices.Min(in.Launch.Subnets)
	}
	p.steps = append(p.steps, ForwardStep{Asks: asks, Incident: in})
}

// subnet adds what a start in one subnet does. Things that do not depend on the subnet are asked for in the first only.
func (p *forwardPlan) subnet(subnet string, first bool) {
	p.add(subnet, "eni", subnet+" has an address for the task", message.Fields{}, "")
	if slices.ContainsFunc(p.td.Containers, func(c evidence.ContainerDefinition) bool { return image.Parse(c.Image).ECR }) {
		p.add(subnet, "registry-auth", "a task in "+subnet+" gets its login for ECR", message.Fields{}, "")
	}
	once := map[string]bool{}
	ask := func(kind string) bool { // the way of a kind, once for each further subnet
		if first || !once[kind] {
			once[kind] = true
			return true
		}
		return false
	}
	for _, c := range p.td.Containers {
		for _, s := range c.Secrets {
			p.secret(subnet, c, s, ask)
		}
	}
	for _, c := range p.td.Containers {
		if group := option(c, "awslogs-group"); c.LogDriver == "awslogs" && ask("log-driver") {
			p.add(subnet, "log-driver", fmt.Sprintf("container %s in %s may write to log group %s", c.Name, subnet, group), message.Fields{LogGroup: group}, c.Name)
		}
	}
	for _, vol := range p.td.EFSVolumes {
		p.add(subnet, "efs", fmt.Sprintf("a task in %s mounts %s of volume %s", subnet, vol.FileSystemID, vol.Name), message.Fields{}, "")
		p.steps[len(p.steps)-1].Incident.Launch.Volume = vol.Name
	}
	for _, c := range p.td.Containers {
		ref := image.Parse(c.Image)
		if !ask("image " + ref.Registry) {
			continue
		}
		p.add(subnet, "manifest", fmt.Sprintf("container %s in %s finds its image %s", c.Name, subnet, c.Image), message.Fields{Image: c.Image}, c.Name)
		if ref.ECR {
			p.add(subnet, "layers", fmt.Sprintf("container %s in %s gets the layers of its image", c.Name, subnet), message.Fields{Image: c.Image}, c.Name)
		}
	}
}

func (p *forwardPlan) secret(subnet string, c evidence.ContainerDefinition, s evidence.SecretRef, ask func(string) bool) {
	if strings.Contains(s.ValueFrom, ":secretsmanager:") {
		if ask("secret") {
			p.add(subnet, "secret", fmt.Sprintf("container %s in %s reads secret %s", c.Name, subnet, secretID(s.ValueFrom)), message.Fields{Secret: secretID(s.ValueFrom)}, c.Name)
		}
		return
	}
	if ask("parameter") {
		p.add(subnet, "parameter", fmt.Sprintf("container %s in %s reads parameter %s", c.Name, subnet, parameterName(s.ValueFrom)), message.Fields{Parameter: s.ValueFrom}, c.Name)
	}
}

// pinned asks for the digests that the current deployment holds its images to: a start takes them and not the tag
// (version consistency, on by default since 2024). Tasks that it started tell them.
func (p *forwardPlan) pinned(tasks []evidence.Task) {
	var seen []string
	for _, t := range tasks {
		if t.StartedBy != p.base.Launch.Deployment || t.TaskDefinition != p.base.Launch.TaskDefinition {
			continue
		}
		for _, c := range t.Containers {
			ref := image.Parse(c.Image)
			if c.ImageDigest == "" || ref.Digest != "" || !ref.ECR || slices.Contains(seen, c.Name) {
				continue
			}
			seen = append(seen, c.Name)
			pinned := strings.TrimSuffix(c.Image, ":"+ref.Tag) + "@" + c.ImageDigest
			p.add("", "manifest", fmt.Sprintf("the registry still has the digest that the deployment holds container %s to", c.Name), message.Fields{Image: pinned}, c.Name)
		}
	}
}

// volumes adds the volumes that nothing reads (FSx, S3 Files, Docker drivers), and EBS volumes, which the service configures.
func (p *forwardPlan) volumes() {
	for _, vol := range p.td.Volumes {
		switch vol.Kind {
		case "bind", "efs":
			continue
		case "ebs":
			p.add("", "ebs", fmt.Sprintf("ECS may make and attach volume %s (EBS)", vol.Name), message.Fields{}, "")
			continue
		}
		p.add("", "efs", fmt.Sprintf("the task mounts volume %s (%s)", vol.Name, vol.Kind), message.Fields{}, "")
		p.steps[len(p.steps)-1].Open = "volumes of kind " + vol.Kind + " are not read"
	}
}
