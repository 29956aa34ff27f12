package lab

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// fargateMemory is the memory in MiB that goes with each CPU size: from, to, step. Source: Amazon ECS Developer Guide, "Fargate task
// definition differences"; 32 vCPU has three sizes only.
var fargateMemory = map[int][]int{
	256: {512, 1024, 2048}, 512: sizes(1024, 4096, 1024), 1024: sizes(2048, 8192, 1024), 2048: sizes(4096, 16384, 1024), 4096: sizes(8192, 30720, 1024),
	8192: sizes(16384, 61440, 4096), 16384: sizes(32768, 122880, 8192), 32768: {61440, 122880, 249856},
}

func sizes(from, to, step int) []int {
	var out []int
	for n := from; n <= to; n += step {
		out = append(out, n)
	}
	return out
}

// units reads "1 vCPU", ".5 vcpu", "2 GB" and plain numbers as CPU units or MiB; text AWS would refuse gives 0.
func units(s string) int {
	t := strings.ToLower(strings.ReplaceAll(s, " ", ""))
	for _, unit := range []string{"vcpu", "gb"} {
		if n, ok := strings.CutSuffix(t, unit); ok {
			var f float64
			if _, err := fmt.Sscanf(n, "%g", &f); err != nil {
				return 0
			}
			return int(f * 1024)
		}
	}
	return number(t)
}

// defKey is FAMILY:REVISION of an ARN or of itself.
func defKey(ref *string) string { return lastPart(aws.ToString(ref)) }

// definitionNamed finds an active task definition by FAMILY (its latest revision), FAMILY:REVISION or ARN.
func (w *World) definitionNamed(ref *string) (*ecstypes.TaskDefinition, error) {
	def := w.findDefinition(defKey(ref))
	if def == nil {
		return nil, client("Unable to describe task definition.")
	}
	if def.Status != ecstypes.TaskDefinitionStatusActive {
		return nil, client("TaskDefinition is inactive")
	}
	return def, nil
}

func (w *World) findDefinition(key string) *ecstypes.TaskDefinition {
	if strings.Contains(key, ":") {
		return w.taskDefs[key]
	}
	var latest *ecstypes.TaskDefinition
	for _, d := range w.taskDefs {
		if aws.ToString(d.Family) == key && d.Status == ecstypes.TaskDefinitionStatusActive && (latest == nil || d.Revision > latest.Revision) {
			latest = d
		}
	}
	return latest
}

func (w *World) describeTaskDefinition(_ *wire.Request, in *ecs.DescribeTaskDefinitionInput) (*ecs.DescribeTaskDefinitionOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	def := w.findDefinition(defKey(in.TaskDefinition))
	if def == nil {
		return nil, client("Unable to describe task definition.")
	}
	v := *def
	return &ecs.DescribeTaskDefinitionOutput{TaskDefinition: &v}, nil
}

func (w *World) registerTaskDefinition(_ *wire.Request, in *ecs.RegisterTaskDefinitionInput) (*ecs.RegisterTaskDefinitionOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	def, err := w.register(in)
	if err != nil {
		return nil, err
	}
	v := *def
	return &ecs.RegisterTaskDefinitionOutput{TaskDefinition: &v, Tags: in.Tags}, nil
}

// register checks a definition and makes it the family's next revision.
func (w *World) register(in *ecs.RegisterTaskDefinitionInput) (*ecstypes.TaskDefinition, error) {
	if err := checkDefinition(in); err != nil {
		return nil, err
	}
	family, revision := aws.ToString(in.Family), int32(1)
	for _, d := range w.taskDefs {
		if aws.ToString(d.Family) == family {
			revision = max(revision, d.Revision+1)
		}
	}
	key := fmt.Sprintf("%s:%d", family, revision)
	d := &ecstypes.TaskDefinition{
		Family: in.Family, Revision: revision, TaskDefinitionArn: aws.String(w.ecsARN("task-definition/" + key)), Status: ecstypes.TaskDefinitionStatusActive,
		ContainerDefinitions: in.ContainerDefinitions, Cpu: canonical(in.Cpu), Memory: canonical(in.Memory), ExecutionRoleArn: w.roleARN(in.ExecutionRoleArn), TaskRoleArn: w.roleARN(in.TaskRoleArn),
		NetworkMode: in.NetworkMode, RequiresCompatibilities: in.RequiresCompatibilities, RuntimePlatform: in.RuntimePlatform, EphemeralStorage: in.EphemeralStorage,
		Volumes: in.Volumes, PlacementConstraints: in.PlacementConstraints, ProxyConfiguration: in.ProxyConfiguration, PidMode: in.PidMode, IpcMode: in.IpcMode,
		RegisteredAt: aws.Time(w.now), RegisteredBy: aws.String(w.callerARN()), Compatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityEc2},
	}
	if d.NetworkMode == ecstypes.NetworkModeAwsvpc && len(fargateMemory[number(aws.ToString(d.Cpu))]) > 0 {
		d.Compatibilities = append(d.Compatibilities, ecstypes.CompatibilityFargate)
	}
	for i := range d.ContainerDefinitions {
		c := &d.ContainerDefinitions[i]
		c.Essential = cmp.Or(c.Essential, aws.Bool(true))
		if c.Environment == nil {
			c.Environment = []ecstypes.KeyValuePair{}
		}
	}
	w.taskDefs[key] = d
	return d, nil
}

// canonical is a size as the answers carry it: units as a number.
func canonical(s *string) *string {
	if s == nil {
		return nil
	}
	if n := units(*s); n > 0 {
		return aws.String(fmt.Sprint(n))
	}
	return s
}

// roleARN is the ARN of a role given by ARN or name.
func (w *World) roleARN(role *string) *string {
	if name := aws.ToString(role); name != "" && !strings.HasPrefix(name, "arn:") {
		return aws.String(fmt.Sprintf("arn:%s:iam::%s:role/%s", w.Partition, w.Account, name))
	}
	return role
}

// checkDefinition refuses what ECS refuses at registration.
func checkDefinition(in *ecs.RegisterTaskDefinitionInput) error {
	fargate := slices.Contains(in.RequiresCompatibilities, ecstypes.CompatibilityFargate)
	if len(in.ContainerDefinitions) == 0 {
		return client("Container list cannot be empty.")
	}
	if len(in.ContainerDefinitions) > 10 {
		return client("A task definition can have at most 10 containers.")
	}
	cpu, memory := units(aws.ToString(in.Cpu)), units(aws.ToString(in.Memory))
	if fargate {
		switch {
		case in.NetworkMode != ecstypes.NetworkModeAwsvpc:
			return client("Fargate only supports network mode ‘awsvpc’.")
		case in.Cpu == nil:
			return client("Fargate requires that 'cpu' be defined at the task level.")
		case in.Memory == nil:
			return client("Fargate requires that 'memory' be defined at the task level.")
		case fargateMemory[cpu] == nil:
			return client("Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.")
		case !slices.Contains(fargateMemory[cpu], memory):
			return client("No Fargate configuration exists for given values: %d CPU, %d memory. See the Amazon ECS documentation for the valid values.", cpu, memory)
		}
	}
	essential := false
	names := map[string]bool{}
	for _, c := range in.ContainerDefinitions {
		name := aws.ToString(c.Name)
		if names[name] {
			return client("Duplicate container name: %s.", name)
		}
		names[name] = true
		essential = essential || c.Essential == nil || *c.Essential
		if aws.ToString(c.Image) == "" {
			return client("Container.image should not be null or empty.")
		}
		if memory == 0 && c.Memory == nil && c.MemoryReservation == nil {
			return client("Invalid setting for container '%s'. At least one of 'memory' or 'memoryReservation' must be specified.", name)
		}
		if memory > 0 && int(aws.ToInt32(c.Memory)) > memory {
			return client("Invalid setting for container '%s'. The container's 'memory' must not be larger than the task's 'memory'.", name)
		}
		if err := checkLogOptions(c.LogConfiguration); err != nil {
			return err
		}
		if err := checkHealthTimes(c.HealthCheck); err != nil {
			return err
		}
		if err := checkRoles(in, c, fargate); err != nil {
			return err
		}
	}
	if !essential {
		return client("At least one container must be marked as essential.")
	}
	return checkVolumes(in)
}

// checkLogOptions refuses what the awslogs driver cannot do without, in words seen in aws-cloudformation/cfn-lint issue 1787 and
// terraform-aws-modules/terraform-aws-ecs issue 206.
func checkLogOptions(l *ecstypes.LogConfiguration) error {
	if l == nil || l.LogDriver != ecstypes.LogDriverAwslogs {
		return nil
	}
	var lacks []string
	for _, option := range []string{"awslogs-region", "awslogs-group"} {
		switch value, ok := l.Options[option]; {
		case !ok:
			lacks = append(lacks, option)
		case value == "":
			return client("Log driver awslogs option '%s' should not be null or empty.", option)
		}
	}
	if len(lacks) > 0 {
		return client("Log driver awslogs requires options: %s", strings.Join(lacks, ", "))
	}
	return nil
}

// checkHealthTimes holds the bounds of the ECS API reference, HealthCheck. The words of the refusal are not AWS's.
func checkHealthTimes(h *ecstypes.HealthCheck) error {
	if h == nil {
		return nil
	}
	for _, x := range []struct {
		name        string
		value       *int32
		least, most int32
	}{{"interval", h.Interval, 5, 300}, {"timeout", h.Timeout, 2, 60}, {"retries", h.Retries, 1, 10}, {"startPeriod", h.StartPeriod, 0, 300}} {
		if x.value != nil && (*x.value < x.least || *x.value > x.most) {
			return client("Health check %s must be between %d and %d.", x.name, x.least, x.most)
		}
	}
	return nil
}

// checkRoles refuses a container that needs the execution role where there is none.
func checkRoles(in *ecs.RegisterTaskDefinitionInput, c ecstypes.ContainerDefinition, fargate bool) error {
	l := c.LogConfiguration
	switch {
	case aws.ToString(in.ExecutionRoleArn) != "":
		return nil
	case len(c.Secrets) > 0:
		return client("When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")
	case fargate && parseImage(aws.ToString(c.Image)).account != "":
		return client("Fargate requires task definition to have execution role ARN to support ECR images.")
	case fargate && l != nil && l.LogDriver == ecstypes.LogDriverAwslogs:
		return client("Fargate requires task definition to have execution role ARN to support log driver awslogs.")
	}
	return nil
}

func (w *World) deregisterTaskDefinition(_ *wire.Request, in *ecs.DeregisterTaskDefinitionInput) (*ecs.DeregisterTaskDefinitionOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := defKey(in.TaskDefinition)
	if !strings.Contains(key, ":") {
		return nil, client("Task definition must have a revision: FAMILY:REVISION.")
	}
	def := w.taskDefs[key]
	if def == nil {
		return nil, client("Unable to describe task definition.")
	}
	def.Status, def.DeregisteredAt = ecstypes.TaskDefinitionStatusInactive, aws.Time(w.now)
	v := *def
	return &ecs.DeregisterTaskDefinitionOutput{TaskDefinition: &v}, nil
}

func (w *World) listTaskDefinitions(_ *wire.Request, in *ecs.ListTaskDefinitionsInput) (*ecs.ListTaskDefinitionsOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	status := cmp.Or(in.Status, ecstypes.TaskDefinitionStatusActive)
	var defs []*ecstypes.TaskDefinition
	for _, d := range w.taskDefs {
		if d.Status == status && (in.FamilyPrefix == nil || aws.ToString(d.Family) == *in.FamilyPrefix) {
			defs = append(defs, d)
		}
	}
	slices.SortFunc(defs, func(a, b *ecstypes.TaskDefinition) int {
		return cmp.Or(cmp.Compare(aws.ToString(a.Family), aws.ToString(b.Family)), cmp.Compare(a.Revision, b.Revision))
	})
	if in.Sort == ecstypes.SortOrderDesc {
		slices.Reverse(defs)
	}
	var arns []string
	for _, d := range defs {
		arns = append(arns, aws.ToString(d.TaskDefinitionArn))
	}
	page, next, err := wire.Page(arns, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &ecs.ListTaskDefinitionsOutput{TaskDefinitionArns: page, NextToken: token(next)}, err
}

func (w *World) listTaskDefinitionFamilies(_ *wire.Request, in *ecs.ListTaskDefinitionFamiliesInput) (*ecs.ListTaskDefinitionFamiliesOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	families := map[string]bool{}
	for _, d := range w.taskDefs {
		if f := aws.ToString(d.Family); strings.HasPrefix(f, aws.ToString(in.FamilyPrefix)) {
			families[f] = true
		}
	}
	page, next, err := wire.Page(slices.Sorted(maps.Keys(families)), aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &ecs.ListTaskDefinitionFamiliesOutput{Families: page, NextToken: token(next)}, err
}
