package collectors

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/xray"

	"github.com/ecsplain/ecsplain/evidence"
)

type xrayPort struct {
	GetSamplingRules func(context.Context, *xray.GetSamplingRulesInput, ...func(*xray.Options)) (*xray.GetSamplingRulesOutput, error)
}

const maxSamplingPages = 5

func samplingRules(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		var v evidence.SamplingRules
		var from answer
		err := pages(maxSamplingPages, func(token *string) (*string, error) {
			out, f, err := call(ctx, w.ports.xray.GetSamplingRules, &xray.GetSamplingRulesInput{NextToken: token})
			from = f
			if err != nil {
				return nil, err
			}
			for _, r := range out.SamplingRuleRecords {
				if s := r.SamplingRule; s != nil {
					v.Rules = append(v.Rules, evidence.SamplingRule{Name: text(s.RuleName), Priority: num(s.Priority), FixedRate: s.FixedRate, Reservoir: int(s.ReservoirSize), ServiceName: text(s.ServiceName)})
				}
			}
			return out.NextToken, nil
		})
		w.list(k, from, v, err)
	})
}
