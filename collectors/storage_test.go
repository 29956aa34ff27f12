package collectors

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab/wire"
)

func TestKeys(t *testing.T) {
	key, gone, policy := evidence.KmsKeyKey(keyARN), evidence.KmsKeyKey(goneKey), evidence.KeyPolicyKey(keyARN)
	s := serve(t).fetch(t, key.Key, gone.Key, policy.Key)
	want := evidence.Encryption{ID: "1234abcd-12ab-34cd-56ef-1234567890ab", ARN: keyARN, Account: "111122223333", State: "PendingDeletion", Manager: "CUSTOMER", DeletesAt: evidence.When(answeredAt)}
	if diff := cmp.Diff(want, value(t, s, key)); diff != "" {
		t.Errorf("the key (-want +got):\n%s", diff)
	}
	wantAbsent(t, s, gone.Key)
	if v := value(t, s, policy); v.Document != keyPolicy {
		t.Errorf("the key's policy reads %s", v.Document)
	}
}

// A secret without a policy has none; a refused read says nothing of it.
func TestSecretPolicies(t *testing.T) {
	w := serve(t)
	w.Before = func(r *wire.Request, _ any) error {
		if r.Operation == "GetKeyPolicy" {
			return wire.Errorf("AccessDeniedException", "not this one")
		}
		return nil
	}
	with, without := evidence.SecretPolicyKey("arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"), evidence.SecretPolicyKey(plainText)
	s := w.fetch(t, with.Key, without.Key, evidence.KeyPolicyKey(keyARN).Key)
	if v := value(t, s, with); v.Document == "" || v.Name != "db" {
		t.Errorf("the policy reads %+v", v)
	}
	wantAbsent(t, s, without.Key)
	wantGap(t, s, evidence.KeyPolicyKey(keyARN).Key, "AccessDeniedException", "allow kms:GetKeyPolicy")
}
