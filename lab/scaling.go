package lab

import (
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// scalingOperations lists what the lab answers of Application Auto Scaling: nothing in it is scaled yet.
func (w *World) scalingOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("application-autoscaling", "DescribeScalableTargets", reads(w, func(*applicationautoscaling.DescribeScalableTargetsInput) (*applicationautoscaling.DescribeScalableTargetsOutput, error) {
			return &applicationautoscaling.DescribeScalableTargetsOutput{}, nil
		})),
	}
}
