package collectors

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/ecsplain/ecsplain/evidence"
)

type kmsPort struct {
	DescribeKey  func(context.Context, *kms.DescribeKeyInput, ...func(*kms.Options)) (*kms.DescribeKeyOutput, error)
	GetKeyPolicy func(context.Context, *kms.GetKeyPolicyInput, ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error)
}

func newKMSPort(cfg aws.Config) kmsPort {
	c := kms.NewFromConfig(cfg)
	return kmsPort{c.DescribeKey, c.GetKeyPolicy}
}

func newSecretsPort(cfg aws.Config) secretsPort {
	c := secretsmanager.NewFromConfig(cfg)
	return secretsPort{GetResourcePolicy: c.GetResourcePolicy, DescribeSecret: c.DescribeSecret}
}

// kmsKeys reads the state of keys. KMS looks a key ARN of another account up there, if that account allows it.
func kmsKeys(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.kms.DescribeKey, &kms.DescribeKeyInput{KeyId: &k.ID})
		switch {
		case is(err, "NotFoundException"):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		case out.KeyMetadata == nil:
			w.missing(k, from)
		default:
			m := out.KeyMetadata
			w.found(k, from, evidence.Encryption{ID: str(m.KeyId), ARN: str(m.Arn), Account: str(m.AWSAccountId), State: string(m.KeyState), Manager: string(m.KeyManager),
				Usage: string(m.KeyUsage), Spec: string(m.KeySpec), DeletesAt: when(m.DeletionDate)})
		}
	})
}

// keyPolicies: every key has exactly one policy, named default.
func keyPolicies(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.kms.GetKeyPolicy, &kms.GetKeyPolicyInput{KeyId: &k.ID, PolicyName: aws.String("default")})
		switch {
		case is(err, "NotFoundException"):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		default:
			w.found(k, from, evidence.PolicyDocument{Name: "default", Document: str(out.Policy)})
		}
	})
}

// secretPolicies reads who beside the owner's account may read a secret: never its value.
func secretPolicies(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.secrets.GetResourcePolicy, &secretsmanager.GetResourcePolicyInput{SecretId: &k.ID})
		switch {
		case is(err, "ResourceNotFoundException"):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		case str(out.ResourcePolicy) == "":
			w.absent(k, from)
		default:
			w.found(k, from, evidence.PolicyDocument{Name: str(out.Name), Document: str(out.ResourcePolicy)})
		}
	})
}
