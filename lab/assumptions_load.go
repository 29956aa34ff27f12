package lab

var loadAssumptions = []Assumption{
	{"load.cpu", "Visitors are divided evenly among the targets that a load balancer sends to; a task whose share asks for more than its CPU answers nobody in time, its health check neither.", assumed,
		"a queue with one server; real programs answer some requests and drop others", "Put load on a task of 256 CPU units until CPUUtilization is 100 % and read TargetResponseTime.", "TestScenarios/the-treadmill"},
	{"load.poison", "A message that ends its receiver comes back when its visibility timeout is over, and ends the next one.", documented,
		"https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html", "Send a message that the program cannot parse to a queue without a redrive policy.", "TestScenarios/deja-vu"},
	{"load.pipeline", "UpdateService with a desired count overwrites what auto scaling set, and auto scaling makes no activity of it.", documented,
		guide + "service-auto-scaling.html", "Set the number by hand after a scaling activity and list the activities.", "TestScenarios/two-hands-on-the-wheel"},
	{"load.spot", "Where Fargate Spot takes a task back its programs get SIGTERM at once and stopTimeout, at most two minutes; ECS does not fall back to on-demand.", documented,
		guide + "fargate-capacity-providers.html", "Run a service on FARGATE_SPOT alone and wait for an interruption.", "TestScenarios/spare-seats-only"},
	{"trace.refused", "A program whose collector is not there drops its traces, writes a line about it and goes on.", observed,
		"logs of OpenTelemetry exporters in public reports", "Take the collector out of a task definition and read the log of a running task.", "TestScenarios/letters-to-nobody"},
}
