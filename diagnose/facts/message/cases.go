package message

// launchOf tells where in the launch of a task a step is, for readers.
var launchOf = map[string]string{
	"api":                 "Before any task exists: ECS refuses the request itself.",
	"assume-role":         "Before the task gets anything: ECS tries to act as the role the task definition names.",
	"placement":           "Before the task exists: ECS looks for a place to run it.",
	"eni":                 "While PROVISIONING: the task's own network interface is made in its subnet.",
	"ebs":                 "While PROVISIONING: the task's EBS volume is made and attached.",
	"registry-auth":       "While PENDING, before any download: the execution role asks ECR for a login token over the task's network interface.",
	"secret":              "While PENDING, before any download: the execution role reads the secrets over the task's network interface.",
	"parameter":           "While PENDING, before any download: the execution role reads the parameters over the task's network interface.",
	"env-file":            "While PENDING, before the container starts: the execution role downloads the environment files from S3.",
	"manifest":            "While PENDING, after the login: the image's manifest is read from the registry.",
	"layers":              "While PENDING, after login and manifest: the layers are downloaded; those of ECR come from S3.",
	"pull":                "While PENDING: the image is pulled.",
	"log-driver":          "While PENDING, before the container starts: the log driver opens its stream with the execution role.",
	"efs":                 "While PENDING, before the container starts: the file system is mounted, with the task role if IAM is on.",
	"container-start":     "After the pull: the container runtime tries to start the program in the image.",
	"dependency":          "While PENDING: a container waits for another one of its task (dependsOn).",
	"run":                 "After the start: the program in the container was running.",
	"container-health":    "While RUNNING: the health check of the task definition runs inside the container.",
	"target-registration": "While ACTIVATING: the task's address is registered with the target group.",
	"target-health":       "While RUNNING: the load balancer checks the task from outside.",
	"service-connect":     "Around the start: the task's name is registered and its proxy started.",
	"deployment":          "Above single tasks: the service's deployment.",
	"autoscaling":         "Above single tasks: something changes how many tasks the service should have.",
	"exec":                "While RUNNING: someone opens a session into a container.",
	"schedule":            "Before any task exists: a rule or schedule calls RunTask.",
	"stop":                "At the end: the task is being stopped.",
}

// CaseOf returns the case with an id; false if the catalogue has none.
func CaseOf(symptom string) (Case, bool) {
	c := load()
	i, ok := c.byID[symptom]
	if !ok {
		return Case{}, false
	}
	k := c.cases[i]
	out := Case{ID: k.ID, Family: family(k.ID), Says: k.Says, Not: k.Not, Launch: k.Launch, Step: k.Step, AppliesTo: k.AppliesTo, Normal: k.Normal}
	if out.Launch == "" {
		out.Launch = launchOf[k.Step]
	}
	for _, w := range k.Causes {
		out.Causes = append(out.Causes, Cause(w))
	}
	return out, true
}
