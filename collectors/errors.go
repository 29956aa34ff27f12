package collectors

import (
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
)

// ECS and ECR answer some questions of a batch with a failure each, in an answer that itself is a success. These types
// make errors of them, whose code is AWS's reason.

type ecsFailure struct{ f ecstypes.Failure }

func (e ecsFailure) Error() string                 { return e.ErrorCode() + ": " + e.ErrorMessage() }
func (e ecsFailure) ErrorCode() string             { return str(e.f.Reason) }
func (e ecsFailure) ErrorFault() smithy.ErrorFault { return smithy.FaultUnknown }
func (e ecsFailure) ErrorMessage() string {
	if e.f.Detail != nil {
		return *e.f.Detail
	}
	return "ECS answered " + str(e.f.Reason) + " for " + str(e.f.Arn)
}

type imageFailure struct{ f types.ImageFailure }

func (e imageFailure) Error() string                 { return e.ErrorCode() + ": " + e.ErrorMessage() }
func (e imageFailure) ErrorCode() string             { return string(e.f.FailureCode) }
func (e imageFailure) ErrorFault() smithy.ErrorFault { return smithy.FaultUnknown }
func (e imageFailure) ErrorMessage() string          { return str(e.f.FailureReason) }
