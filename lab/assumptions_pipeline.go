package lab

const registryGuide = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/"

var pipelineAssumptions = []Assumption{
	{"start.env-files", "Environment files are fetched after the secrets with the execution role, which needs s3:GetBucketLocation and s3:GetObject; a file that is missing is 404 for those who may list the bucket, and 403 for others. The task definition wins over files, and the first file over the next.", documented,
		guide + "use-environment-file.html; that they come after the secrets is assumed", "Take the permission for the secret and the file away at once and read which one the stopped reason names.", "TestEnvironmentFiles"},
	{"start.cache-fill", "The first pull through a cache makes the repository and imports the image in the name of the execution role; without ecr:CreateRepository or ecr:BatchImportUpstreamImage it is a pull of something that is not there.", documented,
		registryGuide + "pull-through-cache-iam.html; the words of Fargate's answer are assumed", "Pull a new image through a cache with a role that has AmazonECSTaskExecutionRolePolicy alone.", "TestTheFirstPullFillsTheCache"},
	{"start.cache-login", "A cache rule with a secret logs in, so the limit for anonymous pulls does not touch it; without its secret a first pull fails, and what is in the cache is served on.", documented,
		registryGuide + "pull-through-cache.html; the words about the secret are assumed", "Delete the secret of a rule, then pull a cached and a new image.", "TestTheFirstPullFillsTheCache"},
	{"start.cache-way", "ECR reaches the registry behind a cache by itself, whatever the task's subnet allows.", assumed,
		registryGuide + "vpc-endpoints.html asks for a way to the internet at a first pull from a VPC with endpoints; what it looks like without is not known", "Pull a new image through a cache from a subnet that has endpoints alone.", "TestTheFirstPullFillsTheCache"},
	{"firelens.role", "A log router sends as the task role; where it may not, it says so, goes on running, and the lines are lost.", documented,
		guide + "using_firelens.html", "Take logs:PutLogEvents from the task role of a task with a router.", "TestTheLogRouterSendsAsTheTaskRole"},
	{"firelens.output", "A router whose configuration names an output that it does not have ends with code 1 within a second.", observed,
		"public reports of Fluent Bit's \"tried to instance a plugin name that does not exist\"", "Name the output cloudwatch-logs.", "TestScenarios/the-new-postman"},
	{"firelens.lost", "A container that logs through FireLens never waits for the router; what it says while the router is gone is lost.", assumed,
		"the driver of FireLens connects in the background; how much it keeps is not told", "Stop a router that is not essential and count lines.", "TestTheLogRouterSendsAsTheTaskRole"},
	{"firelens.from-bucket", "config-file-type s3 fails the start of a task on Fargate.", documented,
		guide + "firelens-taskdef-customconfig.html says that it is not supported; when it is refused, and how, is assumed", "Register and start a task on Fargate with it.", "TestTheLogRouterSendsAsTheTaskRole"},
	{"ebs.first", "A volume is made and attached while the task is in PROVISIONING, after the network interface; trust of the infrastructure role comes first, then ec2:CreateVolume, the key, the snapshot.", assumed,
		guide + "troubleshoot-ebs-volumes-scenarios.html has the texts for trust, key and timeout; the order and the text for a missing permission are assumed", "Break two of them at once and read attachments.details.statusReason.", "TestVolumesAreMadeByTheInfrastructureRole"},
	{"ebs.timeout", "A file system type that does not fit the snapshot ends a start after about four minutes.", assumed,
		guide + "troubleshoot-ebs-volumes-scenarios.html gives the cause, not the time", "Start a task with a snapshot of ext4 and filesystemType xfs.", "TestVolumesAreMadeByTheInfrastructureRole"},
	{"start.rate", "Fargate launches 100 tasks of an account at once and 20 a second after that; a service that is held back says that its operations are being throttled and goes on within seconds.", documented,
		"https://docs.aws.amazon.com/general/latest/gr/ecs-service.html has the rates of the large regions; how soon ECS tries again is assumed", "Scale a service from 0 to 200 and list createdAt of its tasks.", "TestTheLaunchRate"},
	{"app.password", "The database closes what was logged in with an old password and takes new logins with the new one alone, from the moment of the change.", assumed,
		"many databases keep open connections; the lab's program logs in for each order", "Change the password of a user under a running program.", "TestScenarios/the-old-hands"},
}
