package collectors

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab/wire"
)

// awsHome makes a home with this shared configuration and no other source of credentials.
func awsHome(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		"AWS_ENDPOINT_URL", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	t.Setenv("HOME", dir)
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return dir
}

const keysOf = "aws_access_key_id = AKIATEST\naws_secret_access_key = test\n"

func TestOpenSaysWhatToType(t *testing.T) {
	sso := "[profile work]\nregion = eu-west-1\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = ReadOnly\n" +
		"[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n"
	for _, tt := range []struct {
		name, config string
		options      Options
		want         []string
	}{
		{"no region", "[default]\n" + keysOf, Options{}, []string{"no AWS region", "--region", "AWS_REGION"}},
		{"unknown profile", "[default]\n" + keysOf, Options{Profile: "prodd"}, []string{`no AWS profile "prodd"`, "aws configure list-profiles"}},
		{"no credentials", "[default]\nregion = eu-west-1\n", Options{}, []string{"no AWS credentials", "aws sso login", "AWS_ACCESS_KEY_ID", "ecsplain demo"}},
		{"no login", sso, Options{Profile: "work"}, []string{"IAM Identity Center", "aws sso login --profile work"}},
		{"broken process", "[profile p]\nregion = eu-west-1\ncredential_process = false\n", Options{Profile: "p"}, []string{"credential_process", "profile p"}},
		{"bad endpoint", "[default]\nregion = eu-west-1\n" + keysOf, Options{EndpointURL: "127.0.0.1:4566"}, []string{"--endpoint-url", "http://127.0.0.1:4566"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			awsHome(t, tt.config)
			_, err := Open(context.Background(), tt.options)
			if err == nil {
				t.Fatal("opened")
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the error does not say %q:\n%v", w, err)
				}
			}
		})
	}
}

// A lab on this machine needs no login, even where the default profile wants one.
func TestOpenTheLabWithoutCredentials(t *testing.T) {
	awsHome(t, "[default]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = ReadOnly\n[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n")
	w := serve(t)
	var agent string
	w.Before = func(r *wire.Request, _ any) error { agent = r.UserAgent; return nil }
	a, err := Open(context.Background(), Options{EndpointURL: w.url, Region: "eu-west-1", Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	store := evidence.NewStore()
	a.Fetch(context.Background(), store, []evidence.Key{evidence.CallerKey().Key})
	if v := value(t, store, evidence.CallerKey()); v.Account != "111122223333" || v.Region != "eu-west-1" || v.Partition != "aws-cn" {
		t.Errorf("caller reads %+v", v)
	}
	if !strings.Contains(agent, "ecsplain/1.2.3") {
		t.Errorf("user agent %q does not name ecsplain/1.2.3", agent)
	}
}

// An expired session of a named profile, found out in the middle of a run, names the command that renews it.
func TestExpiredTokenNamesTheProfile(t *testing.T) {
	awsHome(t, "[profile work]\nregion = eu-west-1\n"+keysOf)
	w := serve(t)
	w.Before = answers("expired")
	a, err := Open(context.Background(), Options{Profile: "work", EndpointURL: w.url, MaxAttempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	store, k := evidence.NewStore(), evidence.RoleKey("r").Key
	a.Fetch(context.Background(), store, []evidence.Key{k})
	wantGap(t, store, k, "ExpiredToken", "aws sso login --profile work")
}

func TestMFAIsAskedFor(t *testing.T) {
	awsHome(t, "[profile base]\nregion = eu-west-1\n"+keysOf+
		"[profile admin]\nregion = eu-west-1\nsource_profile = base\nrole_arn = arn:aws:iam::111122223333:role/admin\nmfa_serial = arn:aws:iam::111122223333:mfa/ana\n")
	asked := 0
	_, err := Open(context.Background(), Options{Profile: "admin", EndpointURL: "http://localhost.invalid:1", MFA: func() (string, error) {
		asked++
		return "", os.ErrClosed
	}})
	if asked != 1 || err == nil {
		t.Errorf("asked %d times, error %v; want one prompt whose failure ends Open", asked, err)
	}
}
