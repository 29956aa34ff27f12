package lab

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func TestKMS(t *testing.T) {
	w, cfg := served(t, Options{})
	c, ctx := kms.NewFromConfig(cfg), context.Background()
	made := must[*kms.CreateKeyOutput](t)(c.CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String("d")})).KeyMetadata
	must[*kms.CreateAliasOutput](t)(c.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/x"), TargetKeyId: made.KeyId}))
	wantCode(t, "AlreadyExistsException")(c.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/x"), TargetKeyId: made.KeyId}))
	wantCode(t, "InvalidAliasNameException")(c.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/aws/x"), TargetKeyId: made.KeyId}))
	state := func(id string) (kmstypes.KeyState, *time.Time) {
		m := must[*kms.DescribeKeyOutput](t)(c.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(id)})).KeyMetadata
		if *m.Arn != *made.Arn {
			t.Errorf("%s is %s, want %s", id, *m.Arn, *made.Arn)
		}
		return m.KeyState, m.DeletionDate
	}
	for _, id := range []string{*made.KeyId, *made.Arn, "alias/x", w.kmsARN("alias/x")} {
		if s, _ := state(id); s != kmstypes.KeyStateEnabled {
			t.Errorf("%s is %s", id, s)
		}
	}
	wantCode(t, "NotFoundException")(c.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("alias/none")}))
	wantCode(t, "NotFoundException")(c.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("arn:aws:kms:eu-west-1:999999999999:key/" + *made.KeyId)}))
	wantCode(t, "InvalidArnException")(c.DisableKey(ctx, &kms.DisableKeyInput{KeyId: aws.String("alias/x")}))

	must[*kms.ScheduleKeyDeletionOutput](t)(c.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: made.KeyId, PendingWindowInDays: aws.Int32(7)}))
	if s, due := state("alias/x"); s != kmstypes.KeyStatePendingDeletion || due == nil || due.Sub(w.Now()).Round(time.Minute) != 7*day {
		t.Errorf("scheduled: %s, %v", s, due)
	}
	wantCode(t, "KMSInvalidStateException")(c.EnableKey(ctx, &kms.EnableKeyInput{KeyId: made.KeyId}))
	must[*kms.CancelKeyDeletionOutput](t)(c.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: made.KeyId}))
	wantCode(t, "KMSInvalidStateException")(c.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: made.KeyId}))
	w.Advance(8 * day)
	if s, due := state("alias/x"); s != kmstypes.KeyStateDisabled || due != nil {
		t.Errorf("after the cancelled deletion: %s, %v", s, due)
	}

	put := func(document string, bypass bool) (*kms.PutKeyPolicyOutput, error) {
		return c.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: made.KeyId, Policy: aws.String(document), BypassPolicyLockoutSafetyCheck: bypass})
	}
	only := doc(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/orders-execution"},"Action":"kms:Decrypt","Resource":"*"}`)
	wantCode(t, "MalformedPolicyDocumentException")(put(only, false))
	must[*kms.PutKeyPolicyOutput](t)(put(only, true))
	wantCode(t, "MalformedPolicyDocumentException")(put("{", true))
	wantCode(t, "MalformedPolicyDocumentException")(put(strings.ReplaceAll(only, "orders-execution", "nobody"), true))
	if got := must[*kms.GetKeyPolicyOutput](t)(c.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: made.KeyId, PolicyName: aws.String("default")})); *got.Policy != only {
		t.Errorf("policy came back as %s", *got.Policy)
	}
	must[*kms.ScheduleKeyDeletionOutput](t)(c.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: made.KeyId}))
	w.Advance(31 * day)
	wantCode(t, "NotFoundException")(c.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: made.KeyId}))
	if a := must[*kms.ListAliasesOutput](t)(c.ListAliases(ctx, &kms.ListAliasesInput{})).Aliases; len(a) != 3 {
		t.Errorf("the key's alias outlived it: %+v", a)
	}
	if w.policyFaults != nil {
		t.Errorf("policies that could not be evaluated: %v", w.policyFaults)
	}
}

// A key that cannot be used encrypts and decrypts nothing, and the key that AWS manages is left out of answers.
func TestKeysOfSecretsAndParameters(t *testing.T) {
	w, cfg := served(t, Options{})
	k, sm, ps, ctx := kms.NewFromConfig(cfg), secretsmanager.NewFromConfig(cfg), ssm.NewFromConfig(cfg), context.Background()
	id := aws.String(w.names["secret:db"])
	key := must[*kms.CreateKeyOutput](t)(k.CreateKey(ctx, &kms.CreateKeyInput{})).KeyMetadata.KeyId
	update := func(key string) (*secretsmanager.UpdateSecretOutput, error) {
		return sm.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: id, KmsKeyId: aws.String(key)})
	}
	keyOf := func() string {
		return aws.ToString(must[*secretsmanager.DescribeSecretOutput](t)(sm.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: id})).KmsKeyId)
	}
	must[*secretsmanager.UpdateSecretOutput](t)(update(*key))
	if keyOf() != *key {
		t.Errorf("the secret's key is %q", keyOf())
	}
	must[*kms.DisableKeyOutput](t)(k.DisableKey(ctx, &kms.DisableKeyInput{KeyId: key}))
	wantCode(t, "DecryptionFailure")(sm.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: id}))
	wantCode(t, "DecryptionFailure")(update("alias/aws/secretsmanager"))
	wantCode(t, "EncryptionFailure")(sm.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: id, SecretString: aws.String("{}")}))
	wantCode(t, "EncryptionFailure")(sm.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("x"), KmsKeyId: key}))
	wantCode(t, "InvalidKeyId")(ps.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("x"), Value: aws.String("v"), Type: ssmtypes.ParameterTypeSecureString, KeyId: key}))
	must[*kms.EnableKeyOutput](t)(k.EnableKey(ctx, &kms.EnableKeyInput{KeyId: key}))
	must[*secretsmanager.UpdateSecretOutput](t)(update("alias/aws/secretsmanager"))
	if keyOf() != "" {
		t.Errorf("the secret's key is %q", keyOf())
	}
}

func TestAKeyPolicyComesFirst(t *testing.T) {
	const (
		root    = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`
		admin   = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:Put*","Resource":"*"}`
		byName  = `{"Effect":"Allow","Principal":{"AWS":"` + roleARN + `"},"Action":"kms:Decrypt","Resource":"*"}`
		deny    = `{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{"StringNotEquals":{"kms:ViaService":"ssm.eu-west-1.amazonaws.com"}}}`
		viaSSM  = `{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"ssm.eu-west-1.amazonaws.com"}}}`
		viaASM  = `{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.eu-west-1.amazonaws.com"}}}`
		decrypt = `{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}`
	)
	for _, c := range []struct{ name, role, key, want string }{
		{"account and role", decrypt, root, ""},
		{"account, role may not", denyRead, root, "because no identity-based policy allows the kms:Decrypt action"},
		{"account for other actions", decrypt, admin, "because no resource-based policy allows the kms:Decrypt action"},
		{"by name", denyRead, admin + "," + byName, ""},
		{"denied", decrypt, root + "," + deny, "with an explicit deny in a resource-based policy"},
		{"by the service", viaASM, root, ""},
		{"by another service", viaSSM, root, "because no identity-based policy allows the kms:Decrypt action"},
	} {
		w := New(Options{})
		w.newRole("r", trustTasks, "", "p", doc(c.role))
		k := w.keyOfAccount("k", "")
		k.policy = doc(c.key)
		got := w.authorizeKey("r", "kms:Decrypt", k, map[string]string{"kms:viaservice": "secretsmanager.eu-west-1.amazonaws.com"})
		if got.Reason != c.want || got.Allowed != (c.want == "") {
			t.Errorf("%s: %+v, want %q", c.name, got, c.want)
		}
	}
}
