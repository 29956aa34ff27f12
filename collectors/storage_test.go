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

func TestFileSystems(t *testing.T) {
	fs, targets, groups, point := evidence.FileSystemKey("fs-1"), evidence.MountTargetsKey("fs-1"), evidence.MountTargetGroupsKey("fsmt-00000001"), evidence.AccessPointKey("fsap-1")
	gone := []evidence.Key{evidence.FileSystemKey("fs-9").Key, evidence.MountTargetsKey("fs-9").Key, evidence.MountTargetGroupsKey("fsmt-00000009").Key,
		evidence.AccessPointKey("fsap-9").Key, evidence.FileSystemPolicyKey("fs-9").Key}
	s := serve(t).fetch(t, append([]evidence.Key{fs.Key, targets.Key, groups.Key, point.Key, evidence.FileSystemPolicyKey("fs-1").Key}, gone...)...)
	wantAbsent(t, s, gone...)
	if v := value(t, s, fs); v.AvailabilityZone != "eu-west-1a" || !v.Encrypted || v.State != "available" || v.KmsKey != keyARN {
		t.Errorf("file system reads %+v", v)
	}
	got := value(t, s, targets).Targets
	if len(got) != 2 || got[0].ID != "fsmt-00000001" || got[0].ZoneID != "euw1-az1" || got[1].ID != "fsmt-00000002" || got[1].IP != "10.0.1.9" {
		t.Errorf("mount targets of both pages, by id, read %+v", got)
	}
	if diff := cmp.Diff([]string{"sg-1", "sg-2"}, value(t, s, groups).Names); diff != "" {
		t.Errorf("security groups (-want +got):\n%s", diff)
	}
	want := evidence.AccessPoint{ID: "fsap-1", ARN: "arn:fsap-1", FileSystemID: "fs-1", State: "available", RootPath: "/web", User: evidence.PosixUser{Known: true, UID: 1000},
		Creation: evidence.CreationInfo{Known: true, OwnerUID: 1000, Permissions: "0755"}}
	if diff := cmp.Diff(want, value(t, s, point)); diff != "" {
		t.Errorf("access point (-want +got):\n%s", diff)
	}
}
