package lab

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func TestIAM(t *testing.T) {
	w, cfg := served(t, Options{})
	c, ctx := iam.NewFromConfig(cfg), context.Background()
	name := aws.String("orders-execution")
	got := must[*iam.GetRoleOutput](t)(c.GetRole(ctx, &iam.GetRoleInput{RoleName: name})).Role
	trust, err := url.PathUnescape(*got.AssumeRolePolicyDocument)
	if err != nil || !json.Valid([]byte(trust)) || *got.AssumeRolePolicyDocument == trust {
		t.Errorf("trust policy %q, %v", *got.AssumeRolePolicyDocument, err)
	}
	wantCode(t, "NoSuchEntity")(c.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("nobody")}))

	simulate := func(action string) string {
		out := must[*iam.SimulatePrincipalPolicyOutput](t)(c.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: got.Arn, ActionNames: []string{action}}))
		return string(out.EvaluationResults[0].EvalDecision)
	}
	if d := simulate("ecr:GetAuthorizationToken"); d != "allowed" {
		t.Errorf("the execution role's token: %s", d)
	}
	must[*iam.PutRolePolicyOutput](t)(c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("a no"), PolicyDocument: aws.String(doc(`{"Effect":"Deny","Action":"ecr:*","Resource":"*"}`))}))
	if d := simulate("ecr:GetAuthorizationToken"); d != "explicitDeny" {
		t.Errorf("after a Deny: %s", d)
	}
	inline := must[*iam.GetRolePolicyOutput](t)(c.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("a no")}))
	if s, err := url.PathUnescape(*inline.PolicyDocument); err != nil || s != doc(`{"Effect":"Deny","Action":"ecr:*","Resource":"*"}`) {
		t.Errorf("inline policy came back as %q, %v", s, err)
	}
	wantCode(t, "MalformedPolicyDocument")(c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("b"), PolicyDocument: aws.String("{")}))
	must[*iam.DeleteRolePolicyOutput](t)(c.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("a no")}))

	attached := must[*iam.ListAttachedRolePoliciesOutput](t)(c.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: name})).AttachedPolicies
	must[*iam.DetachRolePolicyOutput](t)(c.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: attached[0].PolicyArn}))
	if d := simulate("ecr:GetAuthorizationToken"); d != "implicitDeny" {
		t.Errorf("without the managed policy: %s", d)
	}

	p := must[*iam.CreatePolicyOutput](t)(c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("pull"), PolicyDocument: aws.String(doc(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`))})).Policy
	must[*iam.AttachRolePolicyOutput](t)(c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: p.Arn}))
	v2 := must[*iam.CreatePolicyVersionOutput](t)(c.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: p.Arn, PolicyDocument: aws.String(doc(`{"Effect":"Allow","Action":"ecr:*","Resource":"*"}`))})).PolicyVersion
	if d := simulate("ecr:GetAuthorizationToken"); *v2.VersionId != "v2" || d != "implicitDeny" {
		t.Errorf("version %s decides before it is the default: %s", *v2.VersionId, d)
	}
	must[*iam.SetDefaultPolicyVersionOutput](t)(c.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: p.Arn, VersionId: v2.VersionId}))
	if d := simulate("ecr:GetAuthorizationToken"); d != "allowed" {
		t.Errorf("with version 2: %s", d)
	}
	must[*iam.PutRolePermissionsBoundaryOutput](t)(c.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: p.Arn}))
	if b := must[*iam.GetRoleOutput](t)(c.GetRole(ctx, &iam.GetRoleInput{RoleName: name})).Role.PermissionsBoundary; b == nil || *b.PermissionsBoundaryArn != *p.Arn {
		t.Errorf("boundary: %+v", b)
	}
	wantCode(t, "DeleteConflict")(c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}))
	roles := must[*iam.ListRolesOutput](t)(c.ListRoles(ctx, &iam.ListRolesInput{MaxItems: aws.Int32(1)}))
	if len(roles.Roles) != 1 || !roles.IsTruncated || roles.Marker == nil {
		t.Errorf("first page of roles: %+v", roles)
	}
	if v := must[*iam.ListPolicyVersionsOutput](t)(c.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: p.Arn})).Versions; !slices.EqualFunc(v, []string{"v2", "v1"}, func(v iamtypes.PolicyVersion, id string) bool { return *v.VersionId == id }) {
		t.Errorf("versions: %+v", v)
	}
	if w.policyFaults != nil {
		t.Errorf("policies that could not be evaluated: %v", w.policyFaults)
	}
}

func TestSTS(t *testing.T) {
	w, cfg := served(t, Options{})
	c, ctx := sts.NewFromConfig(cfg), context.Background()
	if id := must[*sts.GetCallerIdentityOutput](t)(c.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})); *id.Account != w.Account || !strings.HasPrefix(*id.Arn, "arn:aws:iam::"+w.Account+":") {
		t.Errorf("caller: %+v", id)
	}
	in := &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + w.Account + ":role/deployer"), RoleSessionName: aws.String("test")}
	wantCode(t, "AccessDenied")(c.AssumeRole(ctx, in))
	trust := doc(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + w.Account + `:root"},"Action":"sts:AssumeRole"}`)
	must[*iam.CreateRoleOutput](t)(iam.NewFromConfig(cfg).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("deployer"), AssumeRolePolicyDocument: aws.String(trust)}))
	if out := must[*sts.AssumeRoleOutput](t)(c.AssumeRole(ctx, in)); !strings.HasSuffix(*out.AssumedRoleUser.Arn, ":assumed-role/deployer/test") || !strings.HasPrefix(*out.Credentials.AccessKeyId, "ASIA") {
		t.Errorf("assumed: %+v", out)
	}
}

func TestECR(t *testing.T) {
	w, cfg := served(t, Options{})
	c, ctx := ecr.NewFromConfig(cfg), context.Background()
	repo := aws.String("shop/orders")
	list := must[*ecr.DescribeImagesOutput](t)(c.DescribeImages(ctx, &ecr.DescribeImagesInput{RepositoryName: repo, Filter: &ecrtypes.DescribeImagesFilter{TagStatus: ecrtypes.TagStatusTagged}})).ImageDetails
	one := list[0]
	tag := ecrtypes.ImageIdentifier{ImageTag: aws.String(one.ImageTags[0])}
	_, err := c.DescribeImages(ctx, &ecr.DescribeImagesInput{RepositoryName: repo, ImageIds: []ecrtypes.ImageIdentifier{tag, {ImageTag: aws.String("no-such")}}})
	wantCode(t, "ImageNotFoundException")(nil, err)
	if err == nil || !strings.Contains(err.Error(), "{imageDigest:'null', imageTag:'no-such'} does not exist within the repository with name 'shop/orders'") {
		t.Errorf("the text names the wrong image: %v", err)
	}
	wantCode(t, "RepositoryNotFoundException")(c.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"shop/orders", "shop/none"}}))
	wantCode(t, "AccessDeniedException")(c.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RegistryId: aws.String("444455556666")}))

	both := must[*ecr.BatchGetImageOutput](t)(c.BatchGetImage(ctx, &ecr.BatchGetImageInput{RepositoryName: repo, ImageIds: []ecrtypes.ImageIdentifier{tag, {ImageTag: aws.String("no-such")}}}))
	if len(both.Images) != 1 || len(both.Failures) != 1 || both.Failures[0].FailureCode != ecrtypes.ImageFailureCodeImageNotFound {
		t.Fatalf("BatchGetImage: %+v", both)
	}
	// A manifest under a new tag is the same image; the tag moves; the image goes with its last tag.
	put := func(tag string) (*ecr.PutImageOutput, error) {
		return c.PutImage(ctx, &ecr.PutImageInput{RepositoryName: repo, ImageManifest: both.Images[0].ImageManifest, ImageTag: aws.String(tag)})
	}
	if again := must[*ecr.PutImageOutput](t)(put("rolled-back")); *again.Image.ImageId.ImageDigest != *one.ImageDigest {
		t.Errorf("the re-tagged image has digest %s, not %s", *again.Image.ImageId.ImageDigest, *one.ImageDigest)
	}
	wantCode(t, "ImageAlreadyExistsException")(put("rolled-back"))
	for _, tag := range append(slices.Clone(one.ImageTags), "rolled-back") {
		if w.image(*repo, ":"+tag) == nil {
			t.Fatalf("tag %s was lost too early", tag)
		}
		must[*ecr.BatchDeleteImageOutput](t)(c.BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{RepositoryName: repo, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: aws.String(tag)}}}))
	}
	if w.image(*repo, "@"+*one.ImageDigest) != nil {
		t.Error("the image outlived its last tag")
	}
	wantCode(t, "RepositoryPolicyNotFoundException")(c.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: repo}))
	policy := aws.String(doc(`{"Effect":"Deny","Principal":"*","Action":"ecr:*"}`))
	must[*ecr.SetRepositoryPolicyOutput](t)(c.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{RepositoryName: repo, PolicyText: policy}))
	if got := must[*ecr.GetRepositoryPolicyOutput](t)(c.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: repo})); *got.PolicyText != *policy {
		t.Errorf("policy came back as %s", *got.PolicyText)
	}
	wantCode(t, "RepositoryNotEmptyException")(c.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: repo}))
}

// image is findImage for a test that does not hold the lock.
func (w *World) image(repo, ref string) *image {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, i := w.findImage(repo, ref)
	return i
}

// An index says its platforms, a plain manifest does not; both are JSON that a registry client can read.
func TestManifests(t *testing.T) {
	for _, c := range []struct {
		image     image
		platforms []string
	}{
		{image{Digest: "sha256:1", Platforms: []string{"linux/arm64"}}, nil},
		{image{Digest: "sha256:1", Platforms: []string{"linux/arm64"}, Index: true}, []string{"linux/arm64"}},
		{image{Digest: "sha256:1", Platforms: []string{"linux/amd64", "linux/arm64"}}, []string{"linux/amd64", "linux/arm64"}},
	} {
		var d manifestDocument
		if err := json.Unmarshal([]byte(c.image.manifest()), &d); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range d.Manifests {
			got = append(got, m.Platform.OS+"/"+m.Platform.Architecture)
		}
		if !slices.Equal(got, c.platforms) || (d.Config == nil) == (c.platforms == nil) || d.MediaType != c.image.mediaType() {
			t.Errorf("%v index=%v: manifest %s", c.image.Platforms, c.image.Index, c.image.manifest())
		}
	}
}

func TestLogs(t *testing.T) {
	w, cfg := served(t, Options{})
	c, ctx := cloudwatchlogs.NewFromConfig(cfg), context.Background()
	group, stream := aws.String("/ecs/test"), aws.String("a/b/c")
	must[*cloudwatchlogs.CreateLogGroupOutput](t)(c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group}))
	wantCode(t, "ResourceAlreadyExistsException")(c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group}))
	get := &cloudwatchlogs.GetLogEventsInput{LogGroupName: group, LogStreamName: stream, Limit: aws.Int32(2), StartFromHead: aws.Bool(false)}
	wantCode(t, "ResourceNotFoundException")(c.GetLogEvents(ctx, get))
	must[*cloudwatchlogs.CreateLogStreamOutput](t)(c.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}))
	var events []logstypes.InputLogEvent
	for i, line := range []string{"one", "two", "three", "four", "five"} {
		events = append(events, logstypes.InputLogEvent{Message: aws.String(line), Timestamp: aws.Int64(w.Now().Add(time.Duration(i) * time.Second).UnixMilli())})
	}
	must[*cloudwatchlogs.PutLogEventsOutput](t)(c.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: events}))

	// walk reads pages until the token comes back as it went in, which is how AWS ends.
	walk := func(head bool) string {
		var pages []string
		in := *get
		in.StartFromHead = aws.Bool(head)
		for range 10 {
			out := must[*cloudwatchlogs.GetLogEventsOutput](t)(c.GetLogEvents(ctx, &in))
			var lines []string
			for _, e := range out.Events {
				lines = append(lines, *e.Message)
			}
			pages = append(pages, strings.Join(lines, " "))
			next := out.NextBackwardToken
			if head {
				next = out.NextForwardToken
			}
			if in.NextToken != nil && *next == *in.NextToken {
				return strings.Join(pages, "|")
			}
			in.NextToken = next
		}
		t.Fatal("the tokens never end")
		return ""
	}
	if got := walk(true); got != "one two|three four|five|" {
		t.Errorf("from the head: %q", got)
	}
	if got := walk(false); got != "four five|two three|one|" {
		t.Errorf("from the tail: %q", got)
	}
	in := *get
	in.NextToken = aws.String("f/nonsense")
	wantCode(t, "InvalidParameterException")(c.GetLogEvents(ctx, &in))

	for pattern, want := range map[string]int{"": 5, "o": 3, "one": 1, "?one ?two": 2, "-o": 2, `"four"`: 1, "t -two": 1} {
		out := must[*cloudwatchlogs.FilterLogEventsOutput](t)(c.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group, FilterPattern: aws.String(pattern)}))
		if len(out.Events) != want {
			t.Errorf("pattern %q found %d, want %d", pattern, len(out.Events), want)
		}
	}
	named := must[*cloudwatchlogs.DescribeLogGroupsOutput](t)(c.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupIdentifiers: []string{"/ecs/test", w.logGroupARN("/ecs/orders"), "/ecs/none"}})).LogGroups
	if len(named) != 2 || *named[0].LogGroupName != "/ecs/orders" || *named[1].LogGroupArn != w.logGroupARN("/ecs/test") {
		t.Errorf("by identifier: %+v", named)
	}
	if got := must[*cloudwatchlogs.DescribeLogGroupsOutput](t)(c.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/ecs/te")})).LogGroups; len(got) != 1 {
		t.Errorf("by prefix: %+v", got)
	}
	must[*cloudwatchlogs.DeleteLogGroupOutput](t)(c.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: group}))
	wantCode(t, "ResourceNotFoundException")(c.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: group}))
}

func TestSecretsManager(t *testing.T) {
	w, cfg := served(t, Options{})
	c, ctx := secretsmanager.NewFromConfig(cfg), context.Background()
	made := must[*secretsmanager.CreateSecretOutput](t)(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("shop/api-key"), SecretString: aws.String("one")}))
	wantCode(t, "ResourceExistsException")(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("shop/api-key")}))
	second := must[*secretsmanager.PutSecretValueOutput](t)(c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: made.ARN, SecretString: aws.String("two")}))
	partial := aws.String((*made.ARN)[:len(*made.ARN)-7])
	d := must[*secretsmanager.DescribeSecretOutput](t)(c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: partial}))
	if !slices.Equal(d.VersionIdsToStages[*second.VersionId], []string{"AWSCURRENT"}) || !slices.Equal(d.VersionIdsToStages[*made.VersionId], []string{"AWSPREVIOUS"}) || d.DeletedDate != nil {
		t.Errorf("after a second value: %+v", d)
	}
	id := &secretsmanager.GetSecretValueInput{SecretId: aws.String("shop/api-key")}
	if v := must[*secretsmanager.GetSecretValueOutput](t)(c.GetSecretValue(ctx, id)); *v.SecretString != "two" {
		t.Errorf("value %q", *v.SecretString)
	}
	must[*secretsmanager.DeleteSecretOutput](t)(c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: made.ARN}))
	wantCode(t, "InvalidRequestException")(c.GetSecretValue(ctx, id))
	names := func(planned bool) (out []string) {
		list := must[*secretsmanager.ListSecretsOutput](t)(c.ListSecrets(ctx, &secretsmanager.ListSecretsInput{IncludePlannedDeletion: aws.Bool(planned), Filters: []smtypes.Filter{{Key: smtypes.FilterNameStringTypeName, Values: []string{"shop/a"}}}}))
		for _, s := range list.SecretList {
			out = append(out, *s.Name)
		}
		return out
	}
	if a, b := names(false), names(true); len(a) != 0 || len(b) != 1 {
		t.Errorf("listed %v, with planned deletion %v", a, b)
	}
	must[*secretsmanager.RestoreSecretOutput](t)(c.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: made.ARN}))
	must[*secretsmanager.GetSecretValueOutput](t)(c.GetSecretValue(ctx, id))
	must[*secretsmanager.DeleteSecretOutput](t)(c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: made.ARN, RecoveryWindowInDays: aws.Int64(7)}))
	w.Advance(7*24*time.Hour + time.Minute)
	wantCode(t, "ResourceNotFoundException")(c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: made.ARN}))
}

func TestSSM(t *testing.T) {
	_, cfg := served(t, Options{})
	c, ctx := ssm.NewFromConfig(cfg), context.Background()
	in := &ssm.PutParameterInput{Name: aws.String("/shop/flag"), Value: aws.String("on"), Type: ssmtypes.ParameterTypeSecureString}
	must[*ssm.PutParameterOutput](t)(c.PutParameter(ctx, in))
	wantCode(t, "ParameterAlreadyExists")(c.PutParameter(ctx, in))
	in.Overwrite = aws.Bool(true)
	if v := must[*ssm.PutParameterOutput](t)(c.PutParameter(ctx, in)).Version; v != 2 {
		t.Errorf("version %d", v)
	}
	filter := func(values ...string) *ssm.DescribeParametersInput {
		return &ssm.DescribeParametersInput{ParameterFilters: []ssmtypes.ParameterStringFilter{{Key: aws.String("Name"), Option: aws.String("Equals"), Values: values}}}
	}
	rows := must[*ssm.DescribeParametersOutput](t)(c.DescribeParameters(ctx, filter("/shop/flag", "/shop/search-url", "/shop/none"))).Parameters
	if len(rows) != 2 || *rows[0].KeyId != "alias/aws/ssm" || rows[1].KeyId != nil {
		t.Errorf("by name: %+v", rows)
	}
	plain := must[*ssm.GetParameterOutput](t)(c.GetParameter(ctx, &ssm.GetParameterInput{Name: in.Name, WithDecryption: aws.Bool(true)}))
	sealed := must[*ssm.GetParameterOutput](t)(c.GetParameter(ctx, &ssm.GetParameterInput{Name: in.Name}))
	if *plain.Parameter.Value != "on" || *sealed.Parameter.Value == "on" {
		t.Errorf("decrypted %q, sealed %q", *plain.Parameter.Value, *sealed.Parameter.Value)
	}
	if out := must[*ssm.GetParametersOutput](t)(c.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"/shop/flag", "/shop/none"}})); len(out.Parameters) != 1 || !slices.Equal(out.InvalidParameters, []string{"/shop/none"}) {
		t.Errorf("GetParameters: %+v", out)
	}
	must[*ssm.DeleteParameterOutput](t)(c.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: in.Name}))
	wantCode(t, "ParameterNotFound")(c.GetParameter(ctx, &ssm.GetParameterInput{Name: in.Name}))
}
