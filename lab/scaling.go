package lab

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// scalingOperations lists what the lab answers of Application Auto Scaling, for the desired count of ECS services alone.
func (w *World) scalingOperations() []wire.Operation {
	const service = "application-autoscaling"
	return []wire.Operation{
		wire.Op(service, "RegisterScalableTarget", changes(w, w.registerScalableTarget)),
		wire.Op(service, "DeregisterScalableTarget", changes(w, w.deregisterScalableTarget)),
		wire.Op(service, "DescribeScalableTargets", reads(w, w.describeScalableTargets)),
		wire.Op(service, "PutScalingPolicy", changes(w, w.putScalingPolicy)),
		wire.Op(service, "DeleteScalingPolicy", changes(w, w.deleteScalingPolicy)),
		wire.Op(service, "DescribeScalingPolicies", reads(w, w.describeScalingPolicies)),
		wire.Op(service, "DescribeScalingActivities", reads(w, w.describeScalingActivities)),
		wire.Op(service, "PutScheduledAction", changes(w, w.putScheduledAction)),
		wire.Op(service, "DeleteScheduledAction", changes(w, w.deleteScheduledAction)),
		wire.Op(service, "DescribeScheduledActions", reads(w, w.describeScheduledActions)),
	}
}

// scaledService is the service of a resource id: service/CLUSTER/NAME.
func (w *World) scaledService(resource string) *service {
	return w.services[strings.TrimPrefix(resource, "service/")]
}

func onlyECS(ns aastypes.ServiceNamespace) error {
	if ns != aastypes.ServiceNamespaceEcs {
		return wire.Errorf("ValidationException", "The lab scales ECS services only, not %s.", ns)
	}
	return nil
}

func (w *World) noTarget(resource string) error {
	return wire.Errorf("ObjectNotFoundException", "No scalable target registered for service namespace: ecs, resource ID: %s, scalable dimension: ecs:service:DesiredCount", resource)
}

// registerScalableTarget makes a target or changes what is given of one. A desired count outside of the limits is moved into them at once
// (user guide, "Scaling activities": cause "minimum capacity was set to 2").
func (w *World) registerScalableTarget(in *aas.RegisterScalableTargetInput) (*aas.RegisterScalableTargetOutput, error) {
	if err := onlyECS(in.ServiceNamespace); err != nil {
		return nil, err
	}
	id := aws.ToString(in.ResourceId)
	t := w.scalables[id]
	switch {
	case w.scaledService(id) == nil:
		return nil, wire.Errorf("ValidationException", "ECS service doesn't exist: %s", id)
	case t == nil && (in.MinCapacity == nil || in.MaxCapacity == nil):
		return nil, wire.Errorf("ValidationException", "Both MinCapacity and MaxCapacity are required when registering a new scalable target")
	case t == nil:
		t = &aastypes.ScalableTarget{ServiceNamespace: in.ServiceNamespace, ResourceId: in.ResourceId, ScalableDimension: in.ScalableDimension, CreationTime: aws.Time(w.now),
			RoleARN:           aws.String(fmt.Sprintf("arn:%s:iam::%s:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService", w.Partition, w.Account)),
			ScalableTargetARN: aws.String(fmt.Sprintf("arn:%s:application-autoscaling:%s:%s:scalable-target/%s", w.Partition, w.Region, w.Account, stableHex(20, id))),
			SuspendedState:    &aastypes.SuspendedState{DynamicScalingInSuspended: aws.Bool(false), DynamicScalingOutSuspended: aws.Bool(false), ScheduledScalingSuspended: aws.Bool(false)}}
	}
	next := *t
	if in.MinCapacity != nil {
		next.MinCapacity = in.MinCapacity
	}
	if in.MaxCapacity != nil {
		next.MaxCapacity = in.MaxCapacity
	}
	if *next.MinCapacity < 0 || *next.MaxCapacity < *next.MinCapacity {
		return nil, wire.Errorf("ValidationException", "Maximum capacity cannot be less than minimum capacity")
	}
	if s := in.SuspendedState; s != nil {
		state := *next.SuspendedState
		set(&state.DynamicScalingInSuspended, s.DynamicScalingInSuspended)
		set(&state.DynamicScalingOutSuspended, s.DynamicScalingOutSuspended)
		set(&state.ScheduledScalingSuspended, s.ScheduledScalingSuspended)
		next.SuspendedState = &state
	}
	put(&w.scalables, id, &next)
	w.everyMinute()
	w.moveWithin(&next, w.scaledService(id))
	return &aas.RegisterScalableTargetOutput{ScalableTargetARN: next.ScalableTargetARN}, nil
}

// set takes over what was given.
func set[T any](to **T, given *T) {
	if given != nil {
		*to = given
	}
}

// deregisterScalableTarget takes policies, their alarms and scheduled actions with it.
func (w *World) deregisterScalableTarget(in *aas.DeregisterScalableTargetInput) (*aas.DeregisterScalableTargetOutput, error) {
	id := aws.ToString(in.ResourceId)
	if w.scalables[id] == nil {
		return nil, w.noTarget(id)
	}
	for _, p := range sorted(w.policiesOfScaling) {
		if aws.ToString(p.ResourceId) == id {
			w.dropPolicy(p)
		}
	}
	for _, a := range sorted(w.scheduledActions) {
		if aws.ToString(a.ResourceId) == id {
			delete(w.scheduledActions, id+"/"+aws.ToString(a.ScheduledActionName))
		}
	}
	delete(w.scalables, id)
	return nil, nil
}

func (w *World) describeScalableTargets(in *aas.DescribeScalableTargetsInput) (*aas.DescribeScalableTargetsOutput, error) {
	var all []aastypes.ScalableTarget
	for _, t := range sorted(w.scalables) {
		if t.ServiceNamespace == in.ServiceNamespace && (len(in.ResourceIds) == 0 || slices.Contains(in.ResourceIds, aws.ToString(t.ResourceId))) {
			all = append(all, *t)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 50)
	return &aas.DescribeScalableTargetsOutput{ScalableTargets: page, NextToken: token(next)}, err
}

// describeScalingActivities answers the newest first; those that changed nothing only where they are asked for.
func (w *World) describeScalingActivities(in *aas.DescribeScalingActivitiesInput) (*aas.DescribeScalingActivitiesOutput, error) {
	var all []aastypes.ScalingActivity
	for _, id := range slices.Sorted(maps.Keys(w.activities)) {
		if in.ResourceId != nil && *in.ResourceId != id {
			continue
		}
		for _, a := range w.activities[id] {
			if len(a.NotScaledReasons) == 0 || aws.ToBool(in.IncludeNotScaledActivities) {
				all = append(all, *a)
			}
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 50)
	return &aas.DescribeScalingActivitiesOutput{ScalingActivities: page, NextToken: token(next)}, err
}

// scheduledAction is a planned change of the limits of a scalable target.
type scheduledAction struct {
	aastypes.ScheduledAction
	when timetable
	next time.Time // zero = never again
}

func (w *World) putScheduledAction(in *aas.PutScheduledActionInput) (*aas.PutScheduledActionOutput, error) {
	id := aws.ToString(in.ResourceId)
	if w.scalables[id] == nil {
		return nil, w.noTarget(id)
	}
	zone, err := time.LoadLocation(aws.ToString(in.Timezone))
	if err != nil {
		return nil, wire.Errorf("ValidationException", "Invalid timezone %s", aws.ToString(in.Timezone))
	}
	when, err := parseTimetable(aws.ToString(in.Schedule), zone, true)
	if err != nil {
		return nil, wire.Errorf("ValidationException", "%s", err)
	}
	a := &scheduledAction{when: when, ScheduledAction: aastypes.ScheduledAction{ResourceId: in.ResourceId, ServiceNamespace: in.ServiceNamespace, ScalableDimension: in.ScalableDimension, ScheduledActionName: in.ScheduledActionName,
		Schedule: in.Schedule, Timezone: in.Timezone, StartTime: in.StartTime, EndTime: in.EndTime, ScalableTargetAction: in.ScalableTargetAction, CreationTime: aws.Time(w.now),
		ScheduledActionARN: aws.String(fmt.Sprintf("arn:%s:autoscaling:%s:%s:scheduledAction:%s:resource/ecs/%s:scheduledActionName/%s", w.Partition, w.Region, w.Account, stableHex(32, id), id, aws.ToString(in.ScheduledActionName)))}}
	a.plan(w.now)
	put(&w.scheduledActions, id+"/"+aws.ToString(in.ScheduledActionName), a)
	w.everyMinute()
	return nil, nil
}

func (w *World) deleteScheduledAction(in *aas.DeleteScheduledActionInput) (*aas.DeleteScheduledActionOutput, error) {
	key := aws.ToString(in.ResourceId) + "/" + aws.ToString(in.ScheduledActionName)
	if w.scheduledActions[key] == nil {
		return nil, wire.Errorf("ObjectNotFoundException", "No scheduled action found for service namespace: ecs, resource ID: %s, scheduled action name: %s", aws.ToString(in.ResourceId), aws.ToString(in.ScheduledActionName))
	}
	delete(w.scheduledActions, key)
	return nil, nil
}

func (w *World) describeScheduledActions(in *aas.DescribeScheduledActionsInput) (*aas.DescribeScheduledActionsOutput, error) {
	var all []aastypes.ScheduledAction
	for _, a := range sorted(w.scheduledActions) {
		if in.ResourceId == nil || *in.ResourceId == aws.ToString(a.ResourceId) {
			all = append(all, a.ScheduledAction)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 50)
	return &aas.DescribeScheduledActionsOutput{ScheduledActions: page, NextToken: token(next)}, err
}
