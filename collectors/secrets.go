package collectors

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/ecsplain/ecsplain/evidence"
)

// secrets reads what Secrets Manager tells about a secret: never its value.
func secrets(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.secrets.DescribeSecret, &secretsmanager.DescribeSecretInput{SecretId: &k.ID})
		switch {
		case is(err, "ResourceNotFoundException"):
			w.absent(k, from)
			return
		case err != nil:
			w.gap(from, err, k)
			return
		case out.ARN == nil:
			w.missing(k, from)
			return
		}
		v := evidence.Secret{
			ARN:       str(out.ARN),
			Name:      str(out.Name),
			KmsKey:    str(out.KmsKeyId),
			DeletedAt: when(out.DeletedDate),
			ChangedAt: when(out.LastChangedDate),
		}
		for id, stages := range out.VersionIdsToStages {
			v.Versions = append(v.Versions, evidence.SecretVersion{ID: id, Stages: stages})
		}
		slices.SortFunc(v.Versions, func(a, b evidence.SecretVersion) int { return strings.Compare(a.ID, b.ID) })
		for _, t := range out.Tags {
			v.Tags = append(v.Tags, tag(t.Key, t.Value))
		}
		w.found(k, from, v)
	})
}

const (
	parameterBatch    = 50
	maxParameterPages = 10
)

// parameters uses DescribeParameters, the only call that tells of a parameter without telling its value.
func parameters(ctx context.Context, w *Wave, keys []evidence.Key) {
	w.batches(ctx, keys, parameterBatch, func(ctx context.Context, keys []evidence.Key) (answer, error) {
		got := map[string]types.ParameterMetadata{}
		var first answer
		err := pages(maxParameterPages, func(token *string) (*string, error) {
			out, from, err := call(ctx, w.ports.ssm.DescribeParameters, &ssm.DescribeParametersInput{
				MaxResults: aws.Int32(parameterBatch), NextToken: token,
				ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("Name"), Option: aws.String("Equals"), Values: ids(keys, whole)}},
			})
			if token == nil || err != nil {
				first = from
			}
			if err != nil {
				return nil, err
			}
			for _, p := range out.Parameters {
				got[str(p.Name)] = p
			}
			return out.NextToken, nil
		})
		if err != nil {
			return first, err
		}
		settle(w, keys, first, got, whole, func(p types.ParameterMetadata) evidence.Parameter {
			return evidence.Parameter{Name: str(p.Name), Type: string(p.Type), KmsKey: str(p.KeyId), ChangedAt: when(p.LastModifiedDate)}
		})
		return first, nil
	})
}
