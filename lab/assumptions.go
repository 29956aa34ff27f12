package lab

// Assumption is one thing that the lab takes for true of AWS. docs/lab.md is made of them.
type Assumption struct {
	ID    string
	Says  string
	Known string // how it is known: documented, observed (in public reports of real failures), or assumed
	From  string // where: an address of AWS's documentation; or what the reports, or the reason to assume it, are
	Check string // how to find out on a real account
	Test  string // the Go test of package lab that holds the lab to it
}

// How an assumption is known.
const (
	documented = "documented"
	observed   = "observed"
	assumed    = "assumed"
)

const (
	guide   = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
	ecsAPI  = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"
	vpcDocs = "https://docs.aws.amazon.com/vpc/latest/userguide/"
	elbDocs = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
	iamDocs = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
)

// Assumptions lists what the lab takes for true, by subject. None was compared with a real account yet.
func Assumptions() []Assumption {
	out := []Assumption{}
	for _, list := range [][]Assumption{startAssumptions, schedulerAssumptions, networkAssumptions, storageAssumptions, connectAssumptions, callerAssumptions, loadAssumptions, beyondAssumptions, sharingAssumptions, rolloutAssumptions, pipelineAssumptions} {
		out = append(out, list...)
	}
	return out
}

var startAssumptions = []Assumption{
	{"start.refusal", "A start that a service refuses fails within seconds; a connection that nobody answers is tried for about 4 minutes and 20 seconds.", observed,
		"createdAt and stoppedAt in public reports of ResourceInitializationError", "Take the route to the NAT gateway away, start a task, and subtract createdAt from stoppingAt.", "TestARefusalTakesSecondsATimeoutMinutes"},
	{"start.order", "The steps of a start come in the order registry login, secrets and parameters, log stream, EFS volumes, manifest and layers, program; the first that fails decides what AWS says.", assumed,
		"AWS documents the steps, not their order", "Take the permission for the secret and the log group away at once and read which one the stopped reason names.", "TestTheFirstObstacleDecides"},
	{"start.duration", "PROVISIONING takes about 9 seconds, the way from PENDING to RUNNING about 10 and the pull; each give or take a fifth.", assumed,
		"public reports give 20 to 60 seconds for small images", "Start ten tasks and read createdAt, pullStartedAt, pullStoppedAt, startedAt.", "TestAStartTakesHalfAMinute"},
	{"start.pull", "Layers arrive at 60 MB a second, and nothing is cached from one task to the next.", assumed,
		guide + "fargate-pull-behavior.html says that nothing is cached; the rate is a guess", "Start a task with an image of 1 GB twice and compare pullStoppedAt - pullStartedAt.", "TestAStartTakesHalfAMinute"},
	{"start.secrets", "Secrets and parameters are read at the start; a container never sees a later version.", documented,
		guide + "specifying-sensitive-data.html", "Rotate a secret and print the variable in a running container.", "TestSecretsAreFrozenAtStart"},
	{"start.digest", "A tag is resolved once for each deployment, and every later task of it pulls that digest.", documented,
		guide + "deployment-type-ecs.html", "Push another image under the tag, stop a task, and compare imageDigest of its successor.", "TestDigestsArePinnedPerDeployment"},
	{"start.unpinned", "After three failed starts a deployment looks its tags up again.", documented,
		guide + "deployment-type-ecs.html", "Deploy a tag that is not there, let three tasks fail, and push the tag.", "TestScenarios/tag-you-are-not-it"},
	{"start.no-address", "A subnet without a free address fails a start with TaskFailedToStart and EC2's code in the reason.", documented,
		guide + "stopped-task-error-codes.html", "Start tasks in a /28 until its addresses are used up.", "TestScenarios/full-house"},
	{"start.addresses", "A task that stopped gives its interface and address back within a minute.", assumed,
		"AWS says that the interface is deleted with the task, not when", "Compare AvailableIpAddressCount of the subnet with stoppedAt.", "TestFailedTasksGiveTheirAddressesBack"},
	{"start.hour", "A stopped task can be described for an hour and at most five minutes more.", documented,
		ecsAPI + "API_DescribeTasks.html says at least one hour", "Describe a stopped task every minute until it is MISSING.", "TestStoppedTasksVanish"},
	{"start.depends", "dependsOn holds a container back until START, COMPLETE, SUCCESS or HEALTHY of the other is reached.", documented,
		ecsAPI + "API_ContainerDependency.html", "Run a task of two containers with each condition.", "TestContainersStartInOrder"},
	{"start.sizes", "An impossible pair of CPU and memory is refused at registration, with ClientException.", documented,
		guide + "task-cpu-memory-error.html", "Register 512 CPU with 512 MiB.", "TestRegistrationRefusesBadSizes"},
	{"start.kill", "A program gets SIGTERM and, if it does not end, SIGKILL after stopTimeout, 30 seconds by default; its exit code is 137 then, and 0 for one that ends in order.", documented,
		ecsAPI + "API_ContainerDefinition.html", "Stop a task whose program ignores SIGTERM, and read exitCode and executionStoppedAt.", "TestAProgramThatIgnoresSIGTERMIsKilled"},
	{"start.memory", "A container over its limit ends with exit code 137 and the reason OutOfMemoryError: Container killed due to memory usage.", observed,
		"public reports; " + guide + "out-of-memory.html", "Run a program that fills its memory.", "TestScenarios/the-137-club"},
}

var schedulerAssumptions = []Assumption{
	{"service.backoff", "Only tasks that never ran are throttled: the wait doubles from about 20 seconds with each round of the desired count, to 27 minutes.", documented,
		guide + "service-throttle-logic.html gives the 27 minutes and who is throttled; the steps are assumed", "Break a service's image and list createdAt of its tasks for three hours.", "TestStartBackoff"},
	{"service.crashes", "Tasks that end after RUNNING are replaced without a growing wait.", documented,
		guide + "service-throttle-logic.html", "Deploy a program that ends after ten seconds and count its tasks of an hour.", "TestStartBackoff"},
	{"service.backoff-ends", "A new deployment ends the wait.", documented,
		guide + "service-throttle-logic.html", "Force a new deployment of a service that waits.", "TestStartBackoff"},
	{"service.impaired", "The event about inconsistent starts comes after three failed starts, or twice the desired count where that is more.", assumed,
		"AWS does not say when", "Break the image of services with desired counts of 1, 4 and 10 and count stopped tasks before the event.", "TestServiceEventsAreFew"},
	{"service.events", "The latest 100 events are kept, and a repeated message is left out until its cause is gone or six hours passed.", documented,
		guide + "service-event-messages.html", "Leave a service without capacity for seven hours.", "TestServiceEventsAreFew"},
	{"service.breaker", "The circuit breaker trips at half of the desired count, rounded up, at least 3 and at most 200 failed tasks; a healthy task sets the count back to 0.", documented,
		guide + "deployment-circuit-breaker.html", "Read failureCount and threshold in DescribeServiceDeployments while a deployment fails.", "TestCircuitBreakerThreshold"},
	{"service.rollback", "A rollback goes to the last completed deployment; without one it fails and says so.", documented,
		guide + "deployment-circuit-breaker.html", "Deploy a broken revision with rollback on.", "TestCircuitBreaker"},
	{"service.rollout", "At most maximumPercent (rounded down) of the desired count live, and minimumHealthyPercent (rounded up) stay up during a rollout.", documented,
		ecsAPI + "API_DeploymentConfiguration.html", "Roll out with 100/100 and with desired counts that do not divide.", "TestRolloutArithmetic"},
	{"service.healthy", "A task without health checks and load balancer counts as healthy 40 seconds after RUNNING.", documented,
		ecsAPI + "API_DeploymentCircuitBreaker.html and the texts of the SDK's models", "Read rolloutState of a service of one task every second.", "TestATaskCountsAsHealthyAfterFortySeconds"},
	{"service.placement", "A task that could not be placed is tried again every minute.", assumed,
		"AWS does not say how often", "Read the times of TASK_PLACEMENT_FAILURE on EventBridge.", "TestScenarios/a-zone-is-full"},
	{"service.quota", "A new account may run 6 Fargate vCPUs of each kind, On-Demand and Spot; tasks on their way count.", documented,
		"https://docs.aws.amazon.com/general/latest/gr/ecs-service.html", "Read the quotas L-3032A538 and L-36FBB829.", "TestScenarios/the-quota-wall"},
	{"service.stopped-first", "An unhealthy task is stopped before its successor starts.", assumed,
		"since October 2023 ECS may start the successor first where maximumPercent allows it", "Compare createdAt of the successor with stoppingAt.", "TestUnhealthyTasksTripTheCircuitBreaker"},
	{"service.grace", "While the grace period runs, an unhealthy task is left alone; it is stopped when the period ends.", documented,
		ecsAPI + "API_CreateService.html", "Give a service whose targets fail a grace period of 90 seconds.", "TestTheGracePeriodHoldsTheScheduler"},
	{"service.list-stopped", "ListTasks with a service's name and STOPPED finds its stopped tasks; Options.HideStopped turns that off.", assumed,
		"reports disagree", "List the stopped tasks of a service that crashes.", "TestStoppedTasksByService"},
	{"service.list-pending", "ListTasks with PENDING finds nothing.", documented,
		ecsAPI + "API_ListTasks.html", "List PENDING tasks while one is starting.", "TestStoppedTasksByService"},
	{"lb.first-check", "A new target is healthy after one passed check; later changes take as many in a row as the group says.", documented,
		elbDocs + "target-group-health-checks.html", "Register a target and read its health every second.", "TestTheWebIsHealthy"},
	{"lb.reasons", "Each obstacle of a health check has its own state, reason and description.", documented,
		elbDocs + "target-group-health-checks.html", "Break security group, path, protocol and listener one after the other.", "TestWhyATargetFails"},
	{"lb.draining", "A task that is stopped leaves its target groups first, and its program runs on for the deregistration delay.", documented,
		elbDocs + "edit-target-group-attributes.html", "Compare stoppingAt with executionStoppedAt.", "TestARolloutDrains"},
	{"lb.unserved-zone", "A target in a zone that the load balancer does not serve counts as unhealthy for ECS.", assumed,
		"the target is unused to the load balancer; public reports show such tasks replaced", "Take a subnet away from a load balancer.", "TestScenarios/the-new-wing"},
}

var networkAssumptions = []Assumption{
	{"net.state", "Security groups remember connections, so answers need no rule. Network ACLs do not: answers need one, to ports 1024 to 65535.", documented,
		vpcDocs + "vpc-network-acls.html", "Deny inbound ports from 1024 on in the ACL of a task's subnet.", "TestSecurityGroupsRememberNetworkACLsDoNot"},
	{"net.ports", "A task's source ports are 32768 to 60999, a NAT gateway's 1024 to 65535.", documented,
		vpcDocs + "nat-gateway-basics.html; the task's are Linux's default", "Read the flow logs of a task's interface.", "TestReach"},
	{"net.private-dns", "An interface endpoint with private DNS takes all traffic of its service in the VPC; there is no way back to NAT where it fails.", documented,
		"https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html", "Close the security group of an endpoint in a VPC with a NAT gateway.", "TestReach"},
	{"net.dns", "Amazon's resolver is out of reach of security groups and network ACLs, and answers nobody while enableDnsSupport is off.", documented,
		vpcDocs + "vpc-dns.html", "Deny port 53 in the ACL and resolve a name.", "TestReach"},
	{"net.endpoint-up", "An interface endpoint is pending for 60 seconds.", assumed, "reports give one to three minutes", "Create one and read its state every second.", "TestEC2Endpoints"},
	{"net.nat", "A NAT gateway is pending for 100 seconds, deleting for 60, and is described as deleted for an hour.", documented,
		vpcDocs + "nat-gateway-working-with.html gives the hour; the others are assumed", "Create and delete one and read its state.", "TestEC2NATGateway"},
}

var callerAssumptions = []Assumption{
	{"iam.order", "An explicit deny anywhere decides; then endpoint policy, identity or resource policy, and boundary must allow.", documented,
		iamDocs + "reference_policies_evaluation-logic.html", "Ask SimulatePrincipalPolicy the same question.", "TestAuthorize"},
	{"iam.unknown", "What the lab cannot evaluate (policy variables, some condition operators) counts as not there and is noted.", assumed,
		"so that nobody takes a guess for AWS's decision", "Compare with SimulatePrincipalPolicy.", "TestAuthorizeNotesWhatItCannotEvaluate"},
	{"iam.at-once", "A change of a policy works at once.", assumed,
		"AWS's are eventually consistent, most within seconds; waiting would teach nothing", "Change a policy and call in a loop.", "TestAFixShowsAtTheNextStart"},
	{"iam.resources", "Which ARN a call is judged on, and that RegisterTaskDefinition and RunTask need iam:PassRole for the roles of the definition.", documented,
		"https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html", "Read the resource in the refusal.", "TestCallerPolicies"},
	{"calls.buckets", "Calls are throttled by the buckets of the table below, only with throttle: true; they fill by the wall clock.", documented,
		ecsThrottling + ", " + ec2Throttling + ", " + elbThrottling + " and each service's quotas", "Call in a loop and count until the first refusal.", "TestThrottlingByBuckets"},
	{"calls.throttled", "ELB, IAM and STS say Throttling, EC2 RequestLimitExceeded, the others ThrottlingException.", observed,
		"reports; AWS's page on ELB says ThrottlingException", "Call DescribeTargetHealth in a loop.", "TestThrottlingByBuckets"},
	{"calls.outage", "A service that is down answers 500 or 503 with the code of its list of common errors.", assumed,
		"in a real outage calls also time out", "Cannot be made at will.", "TestOutage"},
	{"scaling.repeats", "While an alarm is in ALARM its scaling action is repeated every minute, and the policy's cooldown decides whether something is done.", documented,
		"https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html", "Keep a queue full and look at the scaling activities.", "TestScalingFollowsTheQueue"},
	{"scaling.tracking", "A target tracking policy that is far above its target goes up in proportion and at most to twice as many at once.", assumed,
		"AWS does not publish how far it goes", "Put load on a service of two tasks and read the activities.", "TestScalingFollowsTheQueue"},
	{"queue.redrive", "A message that was received maxReceiveCount times goes to the dead-letter queue at the next receive.", documented,
		"https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html", "Receive a message again and again without deleting it.", "TestRedrive"},
	{"calls.trail", "CloudTrail shows a change five to ten minutes after it was made, for 90 days.", documented,
		"https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html says about 5 minutes; the spread is assumed", "Change a service and look up its name until it is there.", "TestTheTrailIsLate"},
}

// Lesson is a sentence that nobody may learn wrong in the lab.
type Lesson struct {
	Says  string
	Tests []string // of package lab
	Not   string   // why the lab has nothing that could teach it wrong, where there is no test
}

// Lessons lists them.
func Lessons() []Lesson {
	return []Lesson{
		{Says: "A denial fails in seconds, a timeout in minutes.", Tests: []string{"TestARefusalTakesSecondsATimeoutMinutes"}},
		{Says: "Start failures back off, crashes after RUNNING do not.", Tests: []string{"TestStartBackoff"}},
		{Says: "Security groups are stateful, network ACLs are not.", Tests: []string{"TestSecurityGroupsRememberNetworkACLsDoNot"}},
		{Says: "Secrets are frozen at the start.", Tests: []string{"TestSecretsAreFrozenAtStart"}},
		{Says: "Digests are pinned for each deployment.", Tests: []string{"TestDigestsArePinnedPerDeployment"}},
		{Says: "A fix touches no running task and shows at the next start.", Tests: []string{"TestAFixTouchesNoTaskThatRuns", "TestAFixShowsAtTheNextStart"}},
		{Says: "Failed tasks return their addresses.", Tests: []string{"TestFailedTasksGiveTheirAddressesBack"}},
		{Says: "A draining target is no failure.", Tests: []string{"TestADrainingTargetIsNoFailure"}},
		{Says: "A load balancer with no healthy target fails open.", Tests: []string{"TestALoadBalancerFailsOpen"}},
		{Says: "Averages hide peaks.", Tests: []string{"TestAveragesHidePeaks"}},
	}
}
