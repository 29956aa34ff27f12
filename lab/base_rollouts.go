package lab

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	deploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// rolloutBuilds are releases for what is deployed in other ways than rolling.
var rolloutBuilds = []build{
	{"3.4.0", anywhere, true, web(func(a *App) { // its start page is broken, its health page is not
		a.Paths = map[string]int{"/": 500, "/healthz": 200}
	}), 20 * time.Hour},
	{"3.4.1", anywhere, true, webApp(), 10 * time.Hour},
}

const (
	trustECS        = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	trustCodeDeploy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"codedeploy.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

	// infrastructurePolicy and codeDeployPolicy are AWS's managed AmazonECSInfrastructureRolePolicyForLoadBalancers and AWSCodeDeployRoleForECS, without what the lab does not ask for.
	infrastructurePolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["elasticloadbalancing:DescribeListeners","elasticloadbalancing:DescribeRules","elasticloadbalancing:DescribeTargetGroups","elasticloadbalancing:DescribeTargetHealth","elasticloadbalancing:ModifyListener","elasticloadbalancing:ModifyRule","elasticloadbalancing:RegisterTargets","elasticloadbalancing:DeregisterTargets"],"Resource":"*"}]}`
	codeDeployPolicy     = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecs:DescribeServices","ecs:CreateTaskSet","ecs:UpdateServicePrimaryTaskSet","ecs:DeleteTaskSet","elasticloadbalancing:DescribeTargetGroups","elasticloadbalancing:DescribeListeners","elasticloadbalancing:ModifyListener","elasticloadbalancing:DescribeRules","elasticloadbalancing:ModifyRule","lambda:InvokeFunction","cloudwatch:DescribeAlarms","sns:Publish","s3:GetObject","s3:GetObjectVersion"],"Resource":"*"}]}`
)

// buildRollouts adds three services to the shop that are not deployed by rolling:
//
//	web       2 tasks, ECS's own blue/green: rule web of listener web with target groups web and web-green, a bake time of 5 minutes, and function
//	          smoke-test that asks the new tasks for / after the test traffic
//	checkout  2 tasks, CodeDeploy: listener checkout with target groups checkout-blue and checkout-green, application and group checkout/live
//	search    2 tasks in one task set of an external controller
//
// 120 visitors a minute ask web for /; alarm web-5xx is about those who get an error.
func (w *World) buildRollouts() {
	w.managedAs("ANPA"+stableHex(17, "infrastructure"), "/", "AmazonECSInfrastructureRolePolicyForLoadBalancers", infrastructurePolicy)
	w.managedAs("ANPA"+stableHex(17, "codedeploy"), "/", "AWSCodeDeployRoleForECS", codeDeployPolicy)
	for _, name := range []string{"web", "checkout", "search"} {
		w.addRepository("shop/"+name, append(webBuilds[:len(webBuilds):len(webBuilds)], rolloutBuilds...))
		w.logGroups["/ecs/"+name] = &logGroup{Name: "/ecs/" + name, Created: w.now.Add(-40 * day), Retention: 30, Class: "STANDARD", streams: map[string]*logStream{}}
		w.newRole(name+"-execution", trustTasks, w.names["policy:AmazonECSTaskExecutionRolePolicy"], "nothing-more", allow("logs:PutLogEvents", "*"))
		w.newRole(name+"-task", trustTasks, "", "pictures", allow("s3:GetObject", fmt.Sprintf("arn:%s:s3:::shop-pictures/*", w.Partition)))
		w.must(w.register(w.definition(name, "3.0.1", 8080)))
	}
	w.vcpuQuota = 16
	w.addWebGroups()
	blue := w.addWebBalancer()
	w.addStaged(blue)
	w.addDeployed()
	w.addExternal()
	w.visitRule("web", 120)
	w.must(w.putMetricAlarm(&cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("web-5xx"), Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("HTTPCode_Target_5XX_Count"),
		Dimensions: []cwtypes.Dimension{{Name: aws.String("LoadBalancer"), Value: aws.String(balancerPath(w.names["load-balancer:web"]))}},
		Statistic:  cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(2), Threshold: aws.Float64(10), TreatMissingData: aws.String("notBreaching"),
		ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold}))
}

func (w *World) rolloutNetwork() *ecstypes.NetworkConfiguration {
	return &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
		SecurityGroups: []string{w.names["sg:web"]}, Subnets: []string{w.names["subnet:private-a"], w.names["subnet:private-b"]}, AssignPublicIp: ecstypes.AssignPublicIpDisabled,
	}}
}

// addTargetGroup makes a target group like that of web.
func (w *World) addTargetGroup(name string) string {
	g, err := w.createTargetGroup(&elb.CreateTargetGroupInput{
		Name: aws.String(name), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: aws.String(w.names["vpc:shop"]), TargetType: elbtypes.TargetTypeEnumIp,
		HealthCheckPath: aws.String("/healthz"), HealthCheckIntervalSeconds: aws.Int32(15), HealthyThresholdCount: aws.Int32(2), UnhealthyThresholdCount: aws.Int32(2),
	})
	w.must(g, err)
	arn := aws.ToString(g.TargetGroups[0].TargetGroupArn)
	w.elb.targetGroups[arn].attributes["deregistration_delay.timeout_seconds"] = "30"
	w.names["target-group:"+name] = arn
	return arn
}

// addStaged makes web, its second target group and what ECS needs for it.
func (w *World) addStaged(blue string) {
	green := w.addTargetGroup("web-green")
	rule := w.names["rule:web"]
	w.elb.rules[rule].Actions = []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: []elbtypes.TargetGroupTuple{
		{TargetGroupArn: aws.String(blue), Weight: aws.Int32(100)}, {TargetGroupArn: aws.String(green), Weight: aws.Int32(0)}}}}}
	w.putFunction(&function{Name: "smoke-test", Path: "/"})
	w.logGroups["/aws/lambda/smoke-test"] = &logGroup{Name: "/aws/lambda/smoke-test", Created: w.now.Add(-40 * day), Retention: 30, Class: "STANDARD", streams: map[string]*logStream{}}
	w.newRole("web-infrastructure", trustECS, w.names["policy:AmazonECSInfrastructureRolePolicyForLoadBalancers"], "", "")
	w.newRole("web-hook", trustECS, "", "call-the-test", allow("lambda:InvokeFunction", w.names["function:smoke-test"]))
	role := func(name string) *string { return w.roles[name].Arn }
	w.must(w.newService(&ecs.CreateServiceInput{
		Cluster: aws.String("shop"), ServiceName: aws.String("web"), TaskDefinition: aws.String("web:1"), DesiredCount: aws.Int32(2), LaunchType: ecstypes.LaunchTypeFargate,
		HealthCheckGracePeriodSeconds: aws.Int32(30), NetworkConfiguration: w.rolloutNetwork(),
		LoadBalancers: []ecstypes.LoadBalancer{{TargetGroupArn: aws.String(blue), ContainerName: aws.String("web"), ContainerPort: aws.Int32(8080),
			AdvancedConfiguration: &ecstypes.AdvancedConfiguration{AlternateTargetGroupArn: aws.String(green), ProductionListenerRule: aws.String(rule), RoleArn: role("web-infrastructure")}}},
		DeploymentConfiguration: &ecstypes.DeploymentConfiguration{Strategy: ecstypes.DeploymentStrategyBlueGreen, BakeTimeInMinutes: aws.Int32(5),
			LifecycleHooks: []ecstypes.DeploymentLifecycleHook{{HookTargetArn: aws.String(w.names["function:smoke-test"]), RoleArn: role("web-hook"),
				LifecycleStages: []ecstypes.DeploymentLifecycleHookStage{ecstypes.DeploymentLifecycleHookStagePostTestTrafficShift}}}},
	}))
}

// addDeployed makes checkout, and CodeDeploy's application and deployment group, with one deployment behind it.
func (w *World) addDeployed() {
	pair := [2]string{w.addTargetGroup("checkout-blue"), w.addTargetGroup("checkout-green")}
	l, err := w.createListener(&elb.CreateListenerInput{LoadBalancerArn: aws.String(w.names["load-balancer:web"]), Port: aws.Int32(8080), Protocol: elbtypes.ProtocolEnumHttp,
		DefaultActions: []elbtypes.Action{forwardTo(pair[0])}})
	w.must(l, err)
	w.names["listener:checkout"] = aws.ToString(l.Listeners[0].ListenerArn)
	w.newRole("checkout-deploy", trustCodeDeploy, w.names["policy:AWSCodeDeployRoleForECS"], "", "")
	w.must(w.newService(&ecs.CreateServiceInput{
		Cluster: aws.String("shop"), ServiceName: aws.String("checkout"), TaskDefinition: aws.String("checkout:1"), DesiredCount: aws.Int32(2), LaunchType: ecstypes.LaunchTypeFargate,
		HealthCheckGracePeriodSeconds: aws.Int32(30), NetworkConfiguration: w.rolloutNetwork(), DeploymentController: &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeCodeDeploy},
		LoadBalancers: []ecstypes.LoadBalancer{{TargetGroupArn: aws.String(pair[0]), ContainerName: aws.String("checkout"), ContainerPort: aws.Int32(8080)}},
	}))
	put(&w.deployGroups, "checkout/live", &deployGroup{application: "checkout", name: "live", service: "shop/checkout", role: "checkout-deploy", listener: w.names["listener:checkout"], pair: pair, terminate: 5 * time.Minute})
	w.must(w.createDeployment(&codedeploy.CreateDeploymentInput{ApplicationName: aws.String("checkout"), DeploymentGroupName: aws.String("live"), Revision: &deploytypes.RevisionLocation{
		RevisionType:   deploytypes.RevisionLocationTypeAppSpecContent,
		AppSpecContent: &deploytypes.AppSpecContent{Content: aws.String(`{"Resources":[{"TargetService":{"Properties":{"TaskDefinition":"checkout:1","LoadBalancerInfo":{"ContainerName":"checkout","ContainerPort":8080}}}}]}`)}}}))
}

// addExternal makes search with its task set.
func (w *World) addExternal() {
	s, err := w.newService(&ecs.CreateServiceInput{Cluster: aws.String("shop"), ServiceName: aws.String("search"), DesiredCount: aws.Int32(2),
		DeploymentController: &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeExternal}})
	w.must(s, err)
	w.makePrimary(s, w.newTaskSet(s, w.taskDefs["search:1"], w.rolloutNetwork(), nil, taskSet{external: "release-1", scale: 100}))
}
