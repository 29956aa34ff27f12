package iam

import "testing"

func TestRightsOfAService(t *testing.T) {
	fargate := "fargate.amazonaws.com"
	ctx := Context{"kms:EncryptionContext:aws:ecs:clusterName": {"shop"}}
	for _, c := range []struct{ name, doc, want string }{
		{"none", "", ResourceNone},
		{"the account alone", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`, ResourceNone},
		{"named", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"fargate.amazonaws.com"},"Action":"kms:Generate*","Resource":"*"}]}`, ResourceAllow},
		{"for this cluster", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"fargate.amazonaws.com"},"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:aws:ecs:clusterName":"shop"}}}]}`, ResourceAllow},
		{"for another cluster", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"fargate.amazonaws.com"},"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:aws:ecs:clusterName":"web"}}}]}`, ResourceNone},
		{"on what nobody knows", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"fargate.amazonaws.com"},"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}]}`, ResourceUnknown},
		{"denied to all", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}]}`, ResourceDeny},
		{"not JSON", `{`, ResourceUnknown},
	} {
		if got := ReadServiceRights(c.doc, fargate, "kms:GenerateDataKeyWithoutPlaintext", "*", ctx); got.Decision != c.want {
			t.Errorf("%s: %+v, want %s", c.name, got, c.want)
		}
	}
}
