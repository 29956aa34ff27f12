package lab

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// schedule is a schedule of EventBridge Scheduler, as GetSchedule shows it.
type schedule struct{ scheduler.GetScheduleOutput }

// schedulerOperations lists what the lab answers of EventBridge Scheduler.
func (w *World) schedulerOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("scheduler", "CreateSchedule", changes(w, w.createSchedule)),
		wire.Op("scheduler", "UpdateSchedule", changes(w, w.updateSchedule)),
		wire.Op("scheduler", "DeleteSchedule", changes(w, w.deleteSchedule)),
		wire.Op("scheduler", "GetSchedule", reads(w, w.getSchedule)),
		wire.Op("scheduler", "ListSchedules", reads(w, w.listSchedules)),
		wire.Op("scheduler", "ListScheduleGroups", reads(w, w.listScheduleGroups)),
	}
}

const defaultGroup = "default" // the one group of the lab

func (w *World) scheduleNamed(group, name *string) (*starter, error) {
	id := cmp.Or(aws.ToString(group), defaultGroup) + "/" + aws.ToString(name)
	if s := w.starterOf("scheduler", id); s != nil {
		return s, nil
	}
	return nil, wire.Errorf("ResourceNotFoundException", "Schedule %s does not exist.", aws.ToString(name))
}

func (w *World) createSchedule(in *scheduler.CreateScheduleInput) (*scheduler.CreateScheduleOutput, error) {
	if g := cmp.Or(aws.ToString(in.GroupName), defaultGroup); g != defaultGroup {
		return nil, wire.Errorf("ResourceNotFoundException", "Schedule group %s does not exist.", g)
	}
	if s, err := w.scheduleNamed(in.GroupName, in.Name); err == nil {
		return nil, wire.Errorf("ConflictException", "Schedule %s already exists.", aws.ToString(s.schedule.Name))
	}
	update := scheduler.UpdateScheduleInput{
		Name: in.Name, GroupName: in.GroupName, ScheduleExpression: in.ScheduleExpression, ScheduleExpressionTimezone: in.ScheduleExpressionTimezone, State: in.State,
		StartDate: in.StartDate, EndDate: in.EndDate, FlexibleTimeWindow: in.FlexibleTimeWindow, Target: in.Target, Description: in.Description, KmsKeyArn: in.KmsKeyArn,
		ActionAfterCompletion: in.ActionAfterCompletion,
	}
	s := &starter{id: defaultGroup + "/" + aws.ToString(in.Name), service: "scheduler", schedule: &schedule{}}
	s.schedule.CreationDate = aws.Time(w.now)
	if err := w.setSchedule(s, &update); err != nil {
		return nil, err
	}
	w.addStarter(s)
	w.replan(s)
	return &scheduler.CreateScheduleOutput{ScheduleArn: s.schedule.Arn}, nil
}

// updateSchedule replaces a schedule as a whole: what the call leaves out goes back to its default.
func (w *World) updateSchedule(in *scheduler.UpdateScheduleInput) (*scheduler.UpdateScheduleOutput, error) {
	s, err := w.scheduleNamed(in.GroupName, in.Name)
	if err != nil {
		return nil, err
	}
	if err := w.setSchedule(s, in); err != nil {
		return nil, err
	}
	w.replan(s)
	return &scheduler.UpdateScheduleOutput{ScheduleArn: s.schedule.Arn}, nil
}

// setSchedule checks a schedule as EventBridge Scheduler does when it is saved: its expression, its time zone, and that the role can be
// taken on now. What the role may do and what the target names is not looked at.
func (w *World) setSchedule(s *starter, in *scheduler.UpdateScheduleInput) error {
	zone, err := time.LoadLocation(cmp.Or(aws.ToString(in.ScheduleExpressionTimezone), "UTC"))
	if err != nil {
		return wire.Errorf("ValidationException", "Provided ScheduleExpressionTimezone is invalid: %s", aws.ToString(in.ScheduleExpressionTimezone))
	}
	table, err := parseTimetable(aws.ToString(in.ScheduleExpression), zone, true)
	if err != nil {
		return wire.Errorf("ValidationException", "Invalid Schedule Expression %s.", aws.ToString(in.ScheduleExpression))
	}
	if in.StartDate != nil && in.EndDate != nil && !in.EndDate.After(*in.StartDate) {
		return wire.Errorf("ValidationException", "The EndDate must be after the StartDate.")
	}
	source := fmt.Sprintf("arn:%s:scheduler:%s:%s:schedule-group/%s", w.Partition, w.Region, w.Account, defaultGroup)
	if ok, _ := w.canAssumeFor(lastPart(aws.ToString(in.Target.RoleArn)), "scheduler.amazonaws.com", source); !ok {
		return wire.Errorf("ValidationException", "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
	}
	created := s.schedule.CreationDate
	s.schedule.GetScheduleOutput = scheduler.GetScheduleOutput{
		Arn: aws.String(fmt.Sprintf("arn:%s:scheduler:%s:%s:schedule/%s", w.Partition, w.Region, w.Account, s.id)), Name: in.Name, GroupName: aws.String(defaultGroup),
		ScheduleExpression: in.ScheduleExpression, ScheduleExpressionTimezone: cmp.Or(in.ScheduleExpressionTimezone, aws.String("UTC")), State: cmp.Or(in.State, schedulertypes.ScheduleStateEnabled),
		StartDate: in.StartDate, EndDate: in.EndDate, FlexibleTimeWindow: in.FlexibleTimeWindow, Target: in.Target, Description: in.Description, KmsKeyArn: in.KmsKeyArn,
		ActionAfterCompletion: cmp.Or(in.ActionAfterCompletion, schedulertypes.ActionAfterCompletionNone), CreationDate: created, LastModificationDate: aws.Time(w.now),
	}
	s.source, s.table, s.from, s.to, s.window = source, table, aws.ToTime(in.StartDate), aws.ToTime(in.EndDate), 0
	s.on = s.schedule.State == schedulertypes.ScheduleStateEnabled
	s.since = cmp.Or(aws.ToTime(in.StartDate), aws.ToTime(created))
	if f := in.FlexibleTimeWindow; f.Mode == schedulertypes.FlexibleTimeWindowModeFlexible {
		s.window = time.Duration(aws.ToInt32(f.MaximumWindowInMinutes)) * time.Minute
	}
	s.targets = []runTarget{scheduleTarget(in.Target)}
	return nil
}

func scheduleTarget(t *schedulertypes.Target) runTarget {
	r := runTarget{role: aws.ToString(t.RoleArn)}
	p := t.EcsParameters
	if p == nil {
		return r
	}
	r.input = ecs.RunTaskInput{
		Cluster: t.Arn, TaskDefinition: p.TaskDefinitionArn, Count: cmp.Or(p.TaskCount, aws.Int32(1)), LaunchType: ecstypes.LaunchType(p.LaunchType), Group: p.Group,
		PlatformVersion: p.PlatformVersion, EnableECSManagedTags: aws.ToBool(p.EnableECSManagedTags), EnableExecuteCommand: aws.ToBool(p.EnableExecuteCommand), Overrides: overridesOf(t.Input),
	}
	for _, i := range p.CapacityProviderStrategy {
		r.input.CapacityProviderStrategy = append(r.input.CapacityProviderStrategy, ecstypes.CapacityProviderStrategyItem{CapacityProvider: i.CapacityProvider, Base: i.Base, Weight: i.Weight})
	}
	if n := p.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil {
		r.input.NetworkConfiguration = &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
			Subnets: n.AwsvpcConfiguration.Subnets, SecurityGroups: n.AwsvpcConfiguration.SecurityGroups, AssignPublicIp: ecstypes.AssignPublicIp(n.AwsvpcConfiguration.AssignPublicIp),
		}}
	}
	return r
}

func (w *World) deleteSchedule(in *scheduler.DeleteScheduleInput) (*scheduler.DeleteScheduleOutput, error) {
	s, err := w.scheduleNamed(in.GroupName, in.Name)
	if err == nil {
		w.dropStarter(s)
	}
	return nil, err
}

func (w *World) getSchedule(in *scheduler.GetScheduleInput) (*scheduler.GetScheduleOutput, error) {
	s, err := w.scheduleNamed(in.GroupName, in.Name)
	if err != nil {
		return nil, err
	}
	out := s.schedule.GetScheduleOutput
	return &out, nil
}

func (w *World) listSchedules(in *scheduler.ListSchedulesInput) (*scheduler.ListSchedulesOutput, error) {
	var all []schedulertypes.ScheduleSummary
	for _, s := range w.startersOf("scheduler") {
		x := s.schedule
		if in.GroupName != nil && *in.GroupName != *x.GroupName || in.State != "" && in.State != x.State || !strings.HasPrefix(*x.Name, aws.ToString(in.NamePrefix)) {
			continue
		}
		all = append(all, schedulertypes.ScheduleSummary{Arn: x.Arn, Name: x.Name, GroupName: x.GroupName, State: x.State, CreationDate: x.CreationDate,
			LastModificationDate: x.LastModificationDate, Target: &schedulertypes.TargetSummary{Arn: x.Target.Arn}})
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &scheduler.ListSchedulesOutput{Schedules: page, NextToken: optional(next)}, err
}

func (w *World) listScheduleGroups(*scheduler.ListScheduleGroupsInput) (*scheduler.ListScheduleGroupsOutput, error) {
	return &scheduler.ListScheduleGroupsOutput{ScheduleGroups: []schedulertypes.ScheduleGroupSummary{{
		Name: aws.String(defaultGroup), State: schedulertypes.ScheduleGroupStateActive,
		Arn: aws.String(fmt.Sprintf("arn:%s:scheduler:%s:%s:schedule-group/%s", w.Partition, w.Region, w.Account, defaultGroup)),
	}}}, nil
}
