package collectors

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/ecsplain/ecsplain/evidence"
)

func caller(ctx context.Context, w *Wave, keys []evidence.Key) {
	out, from, err := call(ctx, w.ports.sts.GetCallerIdentity, &sts.GetCallerIdentityInput{})
	if err != nil {
		w.gap(from, err, keys...)
		return
	}
	c := evidence.Caller{Account: str(out.Account), ARN: str(out.Arn), Region: w.region}
	if a, err := arn.Parse(c.ARN); err == nil {
		c.Partition = a.Partition
	}
	for _, k := range keys {
		w.found(k, from, c)
	}
}
