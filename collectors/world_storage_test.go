package collectors

import (
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/ecsplain/ecsplain/lab/wire"
)

const (
	keyARN    = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	goneKey   = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000"
	keyPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`
	plainText = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:plain-AbCdEf"
)

// storage is what the ordinary world tells of keys and of the policies of secrets.
var storage = []wire.Operation{
	op("kms", "DescribeKey", func(in *kms.DescribeKeyInput) (*kms.DescribeKeyOutput, error) {
		if *in.KeyId == goneKey {
			return nil, wire.Errorf("NotFoundException", "Key '%s' does not exist", goneKey)
		}
		return &kms.DescribeKeyOutput{KeyMetadata: &kmstypes.KeyMetadata{KeyId: p("1234abcd-12ab-34cd-56ef-1234567890ab"), Arn: p(keyARN), AWSAccountId: p("111122223333"),
			KeyState: kmstypes.KeyStatePendingDeletion, KeyManager: kmstypes.KeyManagerTypeCustomer, DeletionDate: p(answeredAt)}}, nil
	}),
	op("kms", "GetKeyPolicy", func(in *kms.GetKeyPolicyInput) (*kms.GetKeyPolicyOutput, error) {
		if *in.PolicyName != "default" {
			return nil, wire.Errorf("NotFoundException", "No such policy exists")
		}
		return &kms.GetKeyPolicyOutput{Policy: p(keyPolicy)}, nil
	}),
	op("secretsmanager", "GetResourcePolicy", func(in *secretsmanager.GetResourcePolicyInput) (*secretsmanager.GetResourcePolicyOutput, error) {
		out := &secretsmanager.GetResourcePolicyOutput{ARN: in.SecretId, Name: p("db")}
		if *in.SecretId != plainText {
			out.ResourcePolicy = p(`{"Version":"2012-10-17","Statement":[]}`)
		}
		return out, nil
	}),
}
