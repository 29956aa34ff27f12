package lab

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func webApp() App {
	return App{
		Programs: []string{"/app/web", "/bin/sh", "/usr/bin/wget"}, Boot: 3 * time.Second, Memory: 110, Work: 8 * time.Millisecond, Port: 8080, PortEnv: "PORT",
		Paths: map[string]int{"/": 200, "/healthz": 200}, Says: []string{`level=info msg="web listens on 0.0.0.0:8080"`},
	}
}

func web(change func(*App)) App {
	a := webApp()
	change(&a)
	return a
}

// webBuilds are the releases of web: what is behind the load balancer.
var webBuilds = []build{
	{"3.0.0", anywhere, true, webApp(), 40 * day},
	{"3.0.1", anywhere, true, webApp(), 10 * day},
	{"3.1.0", anywhere, true, web(func(a *App) { // moved its health page
		a.Paths = map[string]int{"/": 200, "/status": 200}
	}), 5 * day},
	{"3.1.1", anywhere, true, web(func(a *App) { // sends everybody to HTTPS
		a.Paths = map[string]int{"/": 301, "/healthz": 301}
	}), 4 * day},
	{"3.2.0", anywhere, true, web(func(a *App) {
		a.Boot, a.Warming = 100*time.Second, "starting: loading the price tables"
		a.Says = []string{`level=info msg="warmed 48211 templates in 1m37s"`, `level=info msg="web listens on 0.0.0.0:8080"`}
	}), 3 * day},
	{"3.3.0", anywhere, true, web(func(a *App) {
		a.Port, a.Says = 9090, []string{`level=info msg="web listens on 0.0.0.0:9090"`}
	}), 2 * day},
	{"3.3.1", anywhere, true, web(func(a *App) {
		a.Local, a.Says = true, []string{`level=info msg="web listens on 127.0.0.1:8080"`}
	}), 36 * time.Hour},
	{"3.3.2", anywhere, true, web(func(a *App) { // wants a port that its user may not take, and goes on without it
		a.Port, a.PortEnv, a.Says = 0, "", []string{`level=error msg="listen tcp :80: bind: permission denied"`, `level=info msg="web: background jobs running"`}
	}), 30 * time.Hour},
}

var edgeBuilds = []build{
	{"1.0.0", anywhere, true, App{
		Programs: []string{"/edge", "/bin/sh", "/usr/bin/wget"}, Boot: 300 * time.Millisecond, Memory: 20, Port: 8080, PortEnv: "EDGE_PORT", Paths: map[string]int{"/ready": 200}, Says: []string{"edge: accepting connections"},
	}, 20 * day},
	{"1.1.0", anywhere, true, App{ // never gets its configuration
		Programs: []string{"/edge", "/bin/sh", "/usr/bin/wget"}, Boot: time.Second, Memory: 20, Port: 9901, Paths: map[string]int{"/ready": 503}, Says: []string{"edge: waiting for the first configuration"},
	}, 6 * day},
}

// slowOrders is a release of orders that fills its cache before it answers.
var slowOrders = []build{{"1.7.0", anywhere, true, orders(func(a *App) {
	a.Warming = "starting: migrating the order book"
	a.Programs, a.Boot, a.Port, a.Paths = append(a.Programs, "/usr/bin/wget"), 75*time.Second, 8080, map[string]int{"/healthz": 200}
}), 10 * time.Hour}}

// buildWeb adds a third service to the shop, with an application load balancer in front of it:
//
//	web  2 tasks in private subnets behind the load balancer web in the public ones
func (w *World) buildWeb() {
	w.addRepository("shop/web", webBuilds)
	w.addRepository("shop/edge", edgeBuilds)
	w.addImages("shop/orders", slowOrders)
	w.logGroups["/ecs/web"] = &logGroup{Name: "/ecs/web", Created: w.now.Add(-40 * day), Retention: 30, Class: "STANDARD", streams: map[string]*logStream{}}
	execution := w.names["policy:AmazonECSTaskExecutionRolePolicy"]
	w.newRole("web-execution", trustTasks, execution, "nothing-more", allow("logs:PutLogEvents", "*"))
	w.newRole("web-task", trustTasks, "", "pictures", allow("s3:GetObject", fmt.Sprintf("arn:%s:s3:::shop-pictures/*", w.Partition)))
	w.addWebGroups()
	group := w.addWebBalancer()
	w.must(w.register(w.definition("web", "3.0.0", 8080)))
	w.must(w.register(w.definition("web", "3.0.1", 8080)))
	w.must(w.newService(&ecs.CreateServiceInput{
		Cluster: aws.String("shop"), ServiceName: aws.String("web"), TaskDefinition: aws.String("web:2"), DesiredCount: aws.Int32(2), LaunchType: ecstypes.LaunchTypeFargate,
		HealthCheckGracePeriodSeconds: aws.Int32(30),
		LoadBalancers:                 []ecstypes.LoadBalancer{{TargetGroupArn: aws.String(group), ContainerName: aws.String("web"), ContainerPort: aws.Int32(8080)}},
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
			SecurityGroups: []string{w.names["sg:web"]}, Subnets: []string{w.names["subnet:private-a"], w.names["subnet:private-b"]}, AssignPublicIp: ecstypes.AssignPublicIpDisabled,
		}},
	}))
}

// addRepository makes an ECR repository with images.
func (w *World) addRepository(name string, builds []build) {
	repo := &repository{Repository: ecrtypes.Repository{
		RepositoryName: aws.String(name), RegistryId: aws.String(w.Account), CreatedAt: aws.Time(w.now.Add(-60 * day)), RepositoryUri: aws.String(w.registryHost() + "/" + name),
		RepositoryArn:      aws.String(fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", w.Partition, w.Region, w.Account, name)),
		ImageTagMutability: ecrtypes.ImageTagMutabilityMutable, ImageScanningConfiguration: &ecrtypes.ImageScanningConfiguration{},
		EncryptionConfiguration: &ecrtypes.EncryptionConfiguration{EncryptionType: ecrtypes.EncryptionTypeAes256},
	}}
	w.repositories[name] = repo
	w.addImages(name, builds)
}

func (w *World) addImages(name string, builds []build) {
	repo := w.repositories[name]
	for _, b := range builds {
		digest := digestOf(name + ":" + b.tag)
		w.names["built:"+name+":"+b.tag] = digest
		repo.images = append(repo.images, &image{Digest: digest, Tags: []string{b.tag}, Pushed: w.now.Add(-b.ago), Size: 60_000_000, Platforms: b.platforms, Index: b.index, App: b.app})
	}
}

// addWebGroups makes the security groups of the load balancer, open to everybody on port 80, and of the tasks, open to the former.
func (w *World) addWebGroups() {
	tcp := func(port int32) ec2types.IpPermission {
		return ec2types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(port), ToPort: aws.Int32(port)}
	}
	for _, name := range []string{"alb", "web"} {
		id := w.call("sg:"+name, "sg")
		in, about := tcp(80), "load balancer of web"
		in.IpRanges = everywhere()
		if name == "web" {
			in, about = tcp(8080), "tasks of web"
			in.UserIdGroupPairs = []ec2types.UserIdGroupPair{{GroupId: aws.String(w.names["sg:alb"]), UserId: aws.String(w.Account)}}
		}
		w.groups[id] = &ec2types.SecurityGroup{
			GroupId: aws.String(id), GroupName: aws.String(name), Description: aws.String(about), VpcId: aws.String(w.names["vpc:shop"]), OwnerId: aws.String(w.Account),
			SecurityGroupArn: aws.String(w.ec2ARN("security-group/" + id)), Tags: tagged(name),
			IpPermissions: []ec2types.IpPermission{in}, IpPermissionsEgress: []ec2types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: everywhere()}},
		}
	}
}

// addWebBalancer makes the load balancer, its listener, a rule that forwards every path, and the target group, whose ARN it answers.
func (w *World) addWebBalancer() string {
	hash := w.newHex(16)
	arn := w.elbARN("loadbalancer/app/web/" + hash)
	b := &loadBalancer{nodes: map[string]string{}, LoadBalancer: elbtypes.LoadBalancer{
		LoadBalancerArn: aws.String(arn), LoadBalancerName: aws.String("web"), DNSName: aws.String(fmt.Sprintf("web-%d.%s.elb.amazonaws.com", 1e9+w.rng.Int64N(1e9), w.Region)),
		CanonicalHostedZoneId: aws.String("Z32O12XQLNTSW2"), CreatedTime: aws.Time(w.now.Add(-40 * day)), Scheme: elbtypes.LoadBalancerSchemeEnumInternetFacing,
		VpcId: aws.String(w.names["vpc:shop"]), State: &elbtypes.LoadBalancerState{Code: elbtypes.LoadBalancerStateEnumActive}, Type: elbtypes.LoadBalancerTypeEnumApplication,
		SecurityGroups: []string{w.names["sg:alb"]}, IpAddressType: elbtypes.IpAddressTypeIpv4,
	}, attributes: map[string]string{
		"idle_timeout.timeout_seconds": "60", "client_keep_alive.seconds": "3600", "deletion_protection.enabled": "false", "access_logs.s3.enabled": "false", "access_logs.s3.bucket": "",
		"access_logs.s3.prefix": "", "load_balancing.cross_zone.enabled": "true", "routing.http2.enabled": "true", "routing.http.preserve_host_header.enabled": "false",
	}}
	if err := w.placeBalancer(b, []string{w.names["subnet:public-a"], w.names["subnet:public-b"]}); err != nil {
		panic("lab: the base world has no place for its load balancer: " + err.Error())
	}
	w.elb.balancers[arn] = b
	w.names["load-balancer:web"] = arn
	g, err := w.createTargetGroup(&elb.CreateTargetGroupInput{
		Name: aws.String("web"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: aws.String(w.names["vpc:shop"]), TargetType: elbtypes.TargetTypeEnumIp,
		HealthCheckPath: aws.String("/healthz"), HealthCheckIntervalSeconds: aws.Int32(15), HealthyThresholdCount: aws.Int32(2), UnhealthyThresholdCount: aws.Int32(2),
	})
	w.must(g, err)
	group := aws.ToString(g.TargetGroups[0].TargetGroupArn)
	w.elb.targetGroups[group].attributes["deregistration_delay.timeout_seconds"] = "30"
	w.names["target-group:web"] = group
	l, err := w.createListener(&elb.CreateListenerInput{LoadBalancerArn: aws.String(arn), Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp, DefaultActions: []elbtypes.Action{{
		Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("404"), ContentType: aws.String("text/plain")},
	}}})
	w.must(l, err)
	w.names["listener:web"] = aws.ToString(l.Listeners[0].ListenerArn)
	r, err := w.createRule(&elb.CreateRuleInput{
		ListenerArn: l.Listeners[0].ListenerArn, Priority: aws.Int32(10), Actions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: aws.String(group)}},
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/*"}}},
	})
	w.must(r, err)
	w.names["rule:web"] = aws.ToString(r.Rules[0].RuleArn)
	return group
}

// unhealthyTargets says which task of a service its load balancers do not serve; "" when they serve all.
func (s *service) unhealthyTargets() string {
	for _, t := range s.live(nil) {
		i := slices.IndexFunc(t.targets, func(r registration) bool {
			return r.target.state != elbtypes.TargetHealthStateEnumHealthy || !slices.Contains(r.group.targets, r.target)
		})
		if i >= 0 {
			x := t.targets[i].target
			return fmt.Sprintf("target %s:%d is %s, %s", x.ip, x.port, x.state, x.reason)
		}
		if len(t.targets) < len(t.launch.balancers) {
			return "task " + t.id + " is in no target group"
		}
	}
	return ""
}
