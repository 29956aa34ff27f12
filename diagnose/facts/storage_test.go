package facts

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecsplain/ecsplain/evidence"
)

func TestReferencesToSecrets(t *testing.T) {
	secret := "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf"
	for ref, good := range map[string]bool{
		secret: true, secret + ":password::": true, secret + ":::": true, secret + ":password:AWSPREVIOUS:": true, secret + ":::v1": true,
		secret + ":password": false, secret + ":password:": false, secret + ":a:b:c:d": false, "arn:aws:secretsmanager:eu-west-1:111122223333:shop/db": false,
		"arn:aws:secretsmanager:eu-west-1:111122223333:secret:": false, "/shop/mode": true, "mode": true,
		"arn:aws:ssm:eu-west-1:111122223333:parameter/shop/mode": true, "arn:aws:ssm:eu-west-1:111122223333:shop/mode": false, "arn:aws:s3:::x/y": false, "arn:": false,
	} {
		if why := badReference(ref); (why == "") != good {
			t.Errorf("%s: %q, want good %t", ref, why, good)
		}
	}
}

func TestReferencesToEnvironmentFiles(t *testing.T) {
	for arn, good := range map[string]bool{
		"arn:aws:s3:::config/orders.env": true, "arn:aws-cn:s3:::config/a/b.env": true, "arn:aws:s3:::config/orders.txt": false, "arn:aws:s3:::orders.env": false,
		"arn:aws:s3:eu-west-1::config/orders.env": false, "s3://config/orders.env": false, "": false,
	} {
		if validEnvFile(arn) != good {
			t.Errorf("%s: want good %t", arn, good)
		}
	}
}

func TestSizedPathsOfLines(t *testing.T) {
	td := evidence.TaskDefinition{Volumes: []evidence.Volume{{Name: "data", Kind: "efs"}, {Name: "cache", Kind: "bind"}}}
	c := evidence.ContainerDefinition{MountPoints: []evidence.MountPoint{{Volume: "data", ContainerPath: "/data"}, {Volume: "cache", ContainerPath: "/data/cache/"}}}
	for _, x := range []struct{ line, path, volume string }{
		{"Error: EACCES: permission denied, open '/data/a.db'", "/data/a.db", "data"},
		{"mkdir: cannot create directory '/data/cache/x': Permission denied", "/data/cache/x", "cache"},
		{"open /database/x: permission denied", "/database/x", ""},
		{"at /app/index.js:12: EROFS: read-only file system, mkdir '/data'", "/data", "data"},
		{"disk is full", "", ""},
	} {
		f := FilesFact{Line: x.line}
		f.place(td, c)
		if f.Path != x.path || f.Volume != x.volume {
			t.Errorf("%s: path %q on volume %q, want %q on %q", x.line, f.Path, f.Volume, x.path, x.volume)
		}
	}
}

// Whatever the policy, the mended one is JSON, keeps every other statement and holds the new one; only a Deny is ever
// taken out.
func TestMendedPoliciesKeepTheirStatements(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5).Draw(t, "statements")
		var list []any
		for i := range n {
			s := map[string]any{"Effect": rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, "effect"), "Action": rapid.StringMatching(`[a-z]{2,5}:[A-Z]{1,3}`).Draw(t, "action")}
			if rapid.Bool().Draw(t, "named") {
				s["Sid"] = "S" + string(rune('A'+i))
			}
			list = append(list, s)
		}
		at := rapid.IntRange(-1, n-1).Draw(t, "which refuses")
		by, gone := "", 0
		if at >= 0 {
			s := list[at].(map[string]any)
			by = "the policy, statement " + string(rune('1'+at))
			if sid, ok := s["Sid"].(string); ok {
				by = "the policy, statement " + sid
			}
			if s["Effect"] == "Deny" {
				gone = 1
			}
		}
		text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": list})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Version   string
			Statement []map[string]any
		}
		if err := json.Unmarshal([]byte(addAllow(string(text), by, map[string]any{"Sid": "New", "Effect": "Allow"})), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Statement) != n-gone+1 || got.Version != "2012-10-17" || got.Statement[n-gone]["Sid"] != "New" {
			t.Fatalf("%d statements of %d (%q refuses): %v", len(got.Statement), n, by, got)
		}
		for i, k := 0, 0; i < n; i++ {
			if i == at && gone == 1 {
				continue
			}
			if got.Statement[k]["Action"] != list[i].(map[string]any)["Action"] {
				t.Fatalf("statement %d changed: %v", i+1, got.Statement[k])
			}
			k++
		}
	})
	if addAllow("not JSON", "", nil) != "" || !strings.Contains(addAllow(`{"Statement":{"Effect":"Allow"}}`, "", map[string]any{"Sid": "New"}), "New") {
		t.Error("a document that is no JSON has no mended form; one statement alone has")
	}
}
