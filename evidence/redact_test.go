package evidence

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRedactHidesSecrets(t *testing.T) {
	// Every line holds the word Hunter2Swordfish9 (or the secret named beside it); nothing of it may be left.
	const s = "Hunter2Swordfish9"
	lines := []string{
		"DB_PASSWORD=" + s,
		"password: " + s,
		"password:" + s,
		`{"level":"error","db":{"user":"app","password":"` + s + `"}}`,
		`{\"password\":\"` + s + `\"}`,
		`{'api_key': '` + s + `', 'x': 1}`,
		"connecting to postgres://app:" + s + "@db.internal:5432/shop",
		"redis://:" + s + "@cache:6379/0 and amqp://u:" + s + "@mq//",
		"GET /v1/items?token=" + s + "&limit=5",
		"Authorization: Bearer " + s,
		"authorization: Basic " + s + "==",
		`{"Authorization":"Bearer ` + s + `"}`,
		"sending bearer " + s + " upstream",
		"exec: app --db-password " + s + " --verbose",
		"exec: app --api-key=" + s,
		"aws_secret_access_key = " + s,
		"AWS_SESSION_TOKEN=" + s,
		"X-Amz-Signature=" + s,
		"client_secret=" + s + ";grant_type=x",
		"secret: " + s + ", retrying",
		`password="` + s + ` with spaces"`,
		`password="` + s + ` cut off`,
		"-----BEGIN RSA PRIVATE KEY-----\n" + s + "\n-----END RSA PRIVATE KEY-----",
		"-----BEGIN PRIVATE KEY----- " + s,
		`{"auths":{"registry":{"auth":"` + s + `"}}}`,
		"jwt eyJhbGciOiJIUzI1NiJ9.eyJ" + s + ".sig" + s,
		"token=arnish-" + s,
	}
	for _, line := range lines {
		got := Redact(line)
		if strings.Contains(got, "Swordfish") {
			t.Errorf("Redact(%q)\n   = %q", line, got)
		}
		if !strings.Contains(got, Redacted) {
			t.Errorf("Redact(%q) = %q: it does not say that something is gone", line, got)
		}
	}
	for secret, line := range map[string]string{
		"IOSFODNN7EXAMPLE":     "using AKIAIOSFODNN7EXAMPLE of account 111122223333",
		"ABCDEFGHIJKLMNOPQRST": "token ghp_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 used",
		"EXAMPLEEXAMPLE":       "got IQoJb3JpZ2luX2VjEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLE//// as token",
	} {
		if got := Redact(line); strings.Contains(got, secret) {
			t.Errorf("Redact(%q) = %q", line, got)
		}
	}
}

func TestRedactKeepsTheRest(t *testing.T) {
	for _, line := range []string{
		// AWS's sentences about secrets and tokens must stay readable: messages are classified from them.
		"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-password-AbCdEf from secrets manager: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/exec/abc is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-password-AbCdEf because no identity-based policy allows the secretsmanager:GetSecretValue action",
		"operation error ECR: GetAuthorizationToken, exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , request send failed",
		"AccessDeniedException: not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action",
		"The security token included in the request is expired",
		"failed to validate logger args: The specified log group does not exist.",
		"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 111122223333.dkr.ecr.eu-west-1.amazonaws.com/token-service:v1: not found",
		"pull image docker.io/library/nginx@sha256:6af79ae5de407283dcea8b00d5c37ace95441fd58a8b1d2aa1ed93f5511bb18c",
		"InvalidIdentityToken: Couldn't retrieve verification key from your identity provider",
		"invalid token: signature is wrong", "FATAL:  password authentication failed for user \"app\"",
		"dial tcp 10.0.1.17:5432: connect: connection refused", "secret: arn:aws:ssm:eu-west-1:111122223333:parameter/db",
		"SECRET_NAME=prod/db", "tokens=512", "PWD=/usr/src/app", "password=", `"token": null`, "basic authentication is off",
		"s3://bucket/key and https://host:8443/path?x=1",
	} {
		if got := Redact(line); got != line {
			t.Errorf("Redact changed a line without a secret\n  was %q\n  got %q", line, got)
		}
	}
}

func TestRedactIsIdempotent(t *testing.T) {
	word := rapid.SampledFrom([]string{"password", "token", "=", ":", " ", `"`, `\"`, "'", "{", "}", ",", "secret", "arn:aws:x", "--", "a", "9Z", "://", "@", "/", "\n", "Bearer ", "[redacted]", "AKIAABCDEFGHIJKLMNOP", "auth", "eyJaaaaaaaa.bbbbbbbb."})
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(word, 0, 14).Draw(t, "words"), "")
		once := Redact(s)
		if twice := Redact(once); twice != once {
			t.Fatalf("Redact(%q) = %q, and again %q", s, once, twice)
		}
	})
}

func TestRedactLinesHidesPEMOverManyLines(t *testing.T) {
	got := RedactLines([]string{"loading key", "-----BEGIN EC PRIVATE KEY-----", "MHcCAQEE", "AwEHoUQ=", "-----END EC PRIVATE KEY-----", "listening on :8080"})
	if got[0] != "loading key" || got[5] != "listening on :8080" {
		t.Errorf("lines around the block changed: %q", got)
	}
	if all := strings.Join(got[1:5], ""); strings.Contains(all, "MHcC") || strings.Contains(all, "AwEH") {
		t.Errorf("key material is left: %q", all)
	}
}

func TestRedactArgs(t *testing.T) {
	got := strings.Join(RedactArgs([]string{"app", "--db-password", "hunter2", "--port", "80", "--api-key=xyzzy1", "-token", "abc"}), " ")
	if want := "app --db-password [redacted] --port 80 --api-key=[redacted] -token [redacted]"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestCleanMovesNoCursor(t *testing.T) {
	for in, want := range map[string]string{
		"\x1b[31mred\x1b[0m":                         "red",
		"a\x1b]0;title\x07b":                         "ab",
		"a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b": "alinkb",
		"over\rwrite":                                "overwrite",
		"line\r\nnext\tcol":                          "line\nnext\tcol",
		"bell\a null\x00 c1\u009b2J":                 "bell null c1",
		"\x1b":                                       "",
		"bad \xff utf8":                              "bad \uFFFD utf8",
		"rtl \u202egnp.exe":                          "rtl gnp.exe",
		"ümlaut 漢字 ok":                               "ümlaut 漢字 ok",
		"\x1bP+q544e\x1b\\after and \x1b]unterminated x": "after and ",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		got := Clean(s)
		if strings.ContainsFunc(got, unprintable) || Clean(got) != got {
			t.Fatalf("Clean(%q) = %q", s, got)
		}
	})
}
