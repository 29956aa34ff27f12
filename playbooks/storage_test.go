package playbooks_test

import (
	"context"
	"testing"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/prove"
	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/playbooks"
)

// A start that mounts a file system with IAM and an access point and reads a secret under a key of its own, all in order:
// every question that preflight asks about it is answered, with yes. One closed group turns exactly the mounts to no.
func TestStorageForeseen(t *testing.T) {
	all, err := diagnose.Load(playbooks.FS)
	if err != nil {
		t.Fatal(err)
	}
	patch := map[string]any{
		"task-definition/orders:7": map[string]any{"efs_volumes": []any{map[string]any{"name": "data", "file_system_id": "fs-0data", "transit_encryption": true, "iam": true, "access_point_id": "fsap-0orders"}}},
		"efs-policy/fs-0data": map[string]any{"name": "fs-0data", "document": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/shop-task"},
			"Action":["elasticfilesystem:ClientMount","elasticfilesystem:ClientWrite"]},{"Effect":"Deny","Principal":"*","Action":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`},
		"secret/arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf": map[string]any{"kms_key": "arn:aws:kms:eu-west-1:111122223333:key/k-0shop"},
		"iam-inline-policy/shop-exec/secrets":                                        map[string]any{"document": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["secretsmanager:GetSecretValue","kms:Decrypt"],"Resource":"*"}]}`},
	}
	for _, healthy := range []bool{true, false} {
		if !healthy {
			patch["security-group/sg-0efs"] = map[string]any{"ingress": []any{}}
		}
		fetch, err := prove.Fetch(prove.Case{Patch: patch})
		if err != nil {
			t.Fatal(err)
		}
		e := &diagnose.Engine{Playbooks: all, Fetch: fetch}
		p, err := e.Preflight(context.Background(), evidence.NewStore(), prove.Target, "")
		if err != nil {
			t.Fatal(err)
		}
		mounts := 0
		for _, l := range p.Lines {
			want := "true"
			if l.Step == "efs" {
				mounts++
				if !healthy {
					want = "false"
				}
			}
			if (l.Step == "efs" || l.Step == "secret") && l.Verdict != want {
				t.Errorf("%s: %s, want %s: %v %v %s", l.Asks, l.Verdict, want, l.Causes, l.Missing, l.Says)
			}
		}
		if mounts != 2 {
			t.Errorf("%d mounts were judged, want one for each subnet", mounts)
		}
	}
}
