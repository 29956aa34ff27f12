package lab

import (
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

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

// cloudwatchOperations lists what the lab answers of CloudWatch: no metric has a data point yet.
func (w *World) cloudwatchOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("monitoring", "GetMetricData", reads(w, func(in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
			out := &cloudwatch.GetMetricDataOutput{}
			for _, q := range in.MetricDataQueries {
				out.MetricDataResults = append(out.MetricDataResults, cwtypes.MetricDataResult{Id: q.Id, Label: q.Label, StatusCode: cwtypes.StatusCodeComplete})
			}
			return out, nil
		})),
	}
}
