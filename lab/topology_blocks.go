package lab

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Block is something that a service of a topology may have. A new kind of service is one entry in Blocks.
type Block struct {
	Name  string
	Odds  float64              // how often the generator of random worlds draws it
	Needs func(n Network) bool // whether it goes in a network; nil = in every
	Not   []string             // blocks earlier in the list that it does not go with
	add   func(*World, *draft) // changes the draft of the service before anything of it exists
	after func(*World, *draft) // for what needs the service; nil = nothing
}

// draft is a service of a topology before it is made.
type draft struct {
	load      Workload
	net       Network
	app       App
	def       *ecs.RegisterTaskDefinitionInput
	svc       *ecs.CreateServiceInput
	ingress   ec2types.IpPermission // who may call its port
	execution string                // role name
	grants    [][2]string           // action and resource that the execution role gets
}

// main is the service's own container.
func (d *draft) main() *ecstypes.ContainerDefinition { return &d.def.ContainerDefinitions[0] }

func (d *draft) network() *ecstypes.AwsVpcConfiguration {
	return d.svc.NetworkConfiguration.AwsvpcConfiguration
}

// Blocks lists what services of a topology can be made of.
var Blocks = []Block{
	{Name: "public", Odds: 0.25, add: func(w *World, d *draft) {
		d.network().Subnets, d.network().AssignPublicIp = w.subnetsOf(d.net, "public"), ecstypes.AssignPublicIpEnabled
	}},
	{Name: "secret", Odds: 0.5, add: (*World).addSecret},
	{Name: "whole-secret", Odds: 0.2, Not: []string{"secret"}, add: (*World).addSecret},
	{Name: "parameter", Odds: 0.4, add: func(w *World, d *draft) {
		name := "/" + d.load.Cluster + "/" + d.load.Name + "/upstream"
		w.parameters[name] = &parameter{Name: name, Type: "String", Value: "https://upstream.internal", Changed: w.now.Add(-40 * day), Version: 1}
		arn := fmt.Sprintf("arn:%s:ssm:%s:%s:parameter%s", w.Partition, w.Region, w.Account, name)
		w.names["parameter:"+d.load.Name] = arn
		d.main().Secrets = append(d.main().Secrets, ecstypes.Secret{Name: aws.String("UPSTREAM"), ValueFrom: aws.String(arn)})
		d.app.Needs = append(d.app.Needs, "UPSTREAM")
		d.grants = append(d.grants, [2]string{"ssm:GetParameters", arn})
	}},
	{Name: "balancer", Odds: 0.35, add: (*World).addBalancerOf},
	{Name: "container-check", Odds: 0.25, add: func(_ *World, d *draft) {
		d.main().HealthCheck = &ecstypes.HealthCheck{
			Command: []string{"CMD-SHELL", "wget -q -O- http://localhost:8080/healthz || exit 1"}, Interval: aws.Int32(10), Retries: aws.Int32(3), StartPeriod: aws.Int32(10),
		}
	}},
	{Name: "sidecar", Odds: 0.2, add: func(w *World, d *draft) {
		d.def.ContainerDefinitions = append(d.def.ContainerDefinitions, ecstypes.ContainerDefinition{
			Name: aws.String("agent"), Image: aws.String(w.registryHost() + "/shop/agent:1.0.0"), Essential: aws.Bool(false), LogConfiguration: d.main().LogConfiguration,
		})
		d.main().DependsOn = []ecstypes.ContainerDependency{{ContainerName: aws.String("agent"), Condition: ecstypes.ContainerConditionStart}}
	}},
	{Name: "hub-image", Odds: 0.08, Not: []string{"balancer", "container-check"}, Needs: func(n Network) bool { return n.NAT || n.Hub }, add: func(_ *World, d *draft) {
		d.main().Image = aws.String("nginx:1.27")
	}},
	{Name: "public-image", Odds: 0.08, Not: []string{"balancer", "container-check", "hub-image"}, Needs: func(n Network) bool { return n.NAT || n.Hub }, add: func(_ *World, d *draft) {
		d.main().Image = aws.String("public.ecr.aws/nginx/nginx:1.27")
	}},
	{Name: "shared-role", Odds: 0.2, add: func(w *World, d *draft) { d.execution = d.load.Cluster + "-execution" }},
	{Name: "spot", Odds: 0.1, add: func(_ *World, d *draft) {
		d.svc.LaunchType = ""
		d.svc.CapacityProviderStrategy = []ecstypes.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE_SPOT"), Weight: 3}, {CapacityProvider: aws.String("FARGATE"), Weight: 1, Base: 1}}
	}},
	{Name: "breaker", Odds: 0.3, add: func(_ *World, d *draft) {
		d.svc.DeploymentConfiguration = &ecstypes.DeploymentConfiguration{DeploymentCircuitBreaker: &ecstypes.DeploymentCircuitBreaker{Enable: true, Rollback: true}}
	}},
	{Name: "narrow-egress", Odds: 0.2, after: func(w *World, d *draft) {
		group := aws.String(w.names["sg:"+d.load.Name])
		w.must(w.revokeEgress(&ec2.RevokeSecurityGroupEgressInput{GroupId: group, IpPermissions: []ec2types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: everywhere()}}}))
		w.must(w.authorizeEgress(&ec2.AuthorizeSecurityGroupEgressInput{GroupId: group, IpPermissions: []ec2types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), IpRanges: everywhere()}}}))
	}},
}

// FindBlock is a block by its name, or nil.
func FindBlock(name string) *Block {
	if i := slices.IndexFunc(Blocks, func(b Block) bool { return b.Name == name }); i >= 0 {
		return &Blocks[i]
	}
	return nil
}

// buildWorkload makes a service with all that it needs.
func (w *World) buildWorkload(t Topology, l Workload) {
	n := t.Networks[l.Network]
	w.addCluster(l.Cluster)
	d := w.draft(n, l)
	for _, name := range l.Blocks {
		b := FindBlock(name)
		if b == nil {
			panic("lab: there is no block " + name)
		}
		if b.add != nil {
			b.add(w, d)
		}
	}
	w.logGroups["/ecs/"+l.Name] = &logGroup{Name: "/ecs/" + l.Name, Created: w.now.Add(-40 * day), Retention: 30, Class: "STANDARD", streams: map[string]*logStream{}}
	w.addRepository("shop/"+l.Name, variants(d.app))
	w.addRolesOf(d)
	d.network().SecurityGroups = []string{w.addGroup(n, l.Name, 8080, d.ingress)}
	for _, name := range l.Blocks {
		if b := FindBlock(name); b.after != nil {
			b.after(w, d)
		}
	}
	w.must(w.register(d.def))
	w.must(w.newService(d.svc))
}

// draft is the plainest service: private subnets, its own roles, an image from ECR.
func (w *World) draft(n Network, l Workload) *draft {
	def := w.definition(l.Name, "1.0.1", 8080)
	return &draft{
		load: l, net: n, def: def, execution: l.Name + "-execution",
		ingress: ec2types.IpPermission{IpRanges: []ec2types.IpRange{{CidrIp: aws.String(fmt.Sprintf("10.%d.0.0/16", n.Octet))}}},
		app: App{
			Programs: []string{"/app/" + l.Name, "/bin/sh", "/usr/bin/wget"}, Boot: 3 * time.Second, Memory: 120, Port: 8080, PortEnv: "PORT", Paths: map[string]int{"/": 200, "/healthz": 200},
			Says: []string{`level=info msg="` + l.Name + ` listens on 0.0.0.0:8080"`},
		},
		svc: &ecs.CreateServiceInput{
			Cluster: aws.String(l.Cluster), ServiceName: aws.String(l.Name), TaskDefinition: aws.String(l.Name), DesiredCount: aws.Int32(l.Count), LaunchType: ecstypes.LaunchTypeFargate,
			NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{Subnets: w.subnetsOf(n, "private"), AssignPublicIp: ecstypes.AssignPublicIpDisabled}},
		},
	}
}

// variants are the releases of a program, good and bad; faults name their tags.
func variants(a App) []build {
	with := func(change func(*App)) App {
		b := a
		b.Needs = slices.Clone(a.Needs)
		change(&b)
		return b
	}
	return []build{
		{"1.0.0", anywhere, true, a, 30 * day},
		{"1.0.1", anywhere, true, a, 9 * day},
		{"1.1.0", anywhere, true, with(func(b *App) { b.Needs = append(b.Needs, "FEATURE_TOKEN") }), 3 * day},
		{"1.1.1", anywhere, true, with(func(b *App) {
			b.Runs, b.Exit = 8*time.Second, 1
			b.LastSays = []string{`level=error msg="migration 0042 failed: column already exists"`, `level=fatal msg="cannot start without a migrated database"`}
		}), 2 * day},
		{"1.1.2", anywhere, true, with(func(b *App) { b.Memory, b.Peak, b.Growth = 300, 900, time.Minute }), 30 * time.Hour},
		{"1.1.3", anywhere, true, with(func(b *App) { b.Runs, b.LastSays = 20*time.Second, []string{`level=info msg="all done"`} }), 28 * time.Hour},
		{"1.2.0", onlyARM, true, a, 20 * time.Hour},
		{"1.2.1", onlyARM, false, a, 16 * time.Hour},
		{"1.3.0", anywhere, true, with(func(b *App) { b.Port, b.Says = 9090, []string{`level=info msg="listens on 0.0.0.0:9090"`} }), 15 * time.Hour},
		{"1.3.1", anywhere, true, with(func(b *App) { b.Local, b.Says = true, []string{`level=info msg="listens on 127.0.0.1:8080"`} }), 14 * time.Hour},
		{"1.3.2", anywhere, true, with(func(b *App) { b.Paths = map[string]int{"/": 200, "/status": 200} }), 13 * time.Hour},
		{"1.3.3", anywhere, true, with(func(b *App) { b.Paths = map[string]int{"/": 301, "/healthz": 301} }), 12 * time.Hour},
		{"1.3.4", anywhere, true, with(func(b *App) {
			b.Boot, b.Warming = 100*time.Second, "starting: loading the price tables"
			b.Says = []string{`level=info msg="warmed 48211 templates in 1m37s"`, `level=info msg="listens on 0.0.0.0:8080"`}
		}), 11 * time.Hour},
	}
}

// addRolesOf makes the service's roles; an execution role that others have already is given what this one needs besides.
func (w *World) addRolesOf(d *draft) {
	name := d.load.Name
	if w.roles[d.execution] == nil {
		w.newRole(d.execution, trustTasks, w.names["policy:AmazonECSTaskExecutionRolePolicy"], "metrics", allow("cloudwatch:PutMetricData", "*"))
	}
	for i, g := range d.grants {
		w.roles[d.execution].inline[fmt.Sprintf("%s-%d", name, i+1)] = allow(g[0], g[1])
	}
	w.newRole(name+"-task", trustTasks, "", "pictures", allow("s3:GetObject", fmt.Sprintf("arn:%s:s3:::shop-pictures/*", w.Partition)))
	d.def.ExecutionRoleArn, d.def.TaskRoleArn = aws.String(d.execution), aws.String(name+"-task")
}

// addSecret gives the service a secret: one key of a JSON value, or the whole value.
func (w *World) addSecret(d *draft) {
	born := w.now.Add(-40 * day)
	arn := fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:%s/%s-%s", w.Partition, w.Region, w.Account, d.load.Cluster, d.load.Name, w.newHex(6))
	w.secrets[arn] = &secret{
		ARN: arn, Name: d.load.Cluster + "/" + d.load.Name, Created: born, Changed: born, tags: map[string]string{"Name": d.load.Name},
		versions: []secretVersion{{ID: w.newUUID(), Stages: []string{"AWSCURRENT"}, Value: `{"username":"app","password":"correct-horse","host":"db.internal"}`}},
	}
	w.names["secret:"+d.load.Name] = arn
	from := arn
	if slices.Contains(d.load.Blocks, "secret") {
		from += ":password::"
	}
	d.main().Secrets = append(d.main().Secrets, ecstypes.Secret{Name: aws.String("DB_PASSWORD"), ValueFrom: aws.String(from)})
	d.app.Needs = append(d.app.Needs, "DB_PASSWORD")
	d.grants = append(d.grants, [2]string{"secretsmanager:GetSecretValue", arn})
}
