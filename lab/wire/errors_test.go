package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/aws-sdk-go-v2/service/xray"
	xraytypes "github.com/aws/aws-sdk-go-v2/service/xray/types"
	"github.com/aws/smithy-go"
)

// failing is a server whose every operation answers err, or an empty output when err is nil.
func failing(t *testing.T, err error) (endpoint string) {
	t.Helper()
	s := &Server{}
	endpoint = serve(t, s)
	eachOperation(t, endpoint, func(op sdkOperation) {
		s.Operations = append(s.Operations, op.operation(func(*Request, any) (any, error) {
			return reflect.New(op.outp).Interface(), err
		}))
	})
	return endpoint
}

// is says whether err holds a typed error T with the message.
func is[T interface {
	error
	ErrorMessage() string
}](err error, message string) bool {
	var e T
	return errors.As(err, &e) && e.ErrorMessage() == message
}

func TestModelledErrorsArriveTyped(t *testing.T) {
	ctx := context.Background()
	const message = `no such thing: "a" & <b>`
	describeTasks := func(c aws.Config) error {
		_, err := ecs.NewFromConfig(c).DescribeTasks(ctx, &ecs.DescribeTasksInput{Tasks: []string{"a"}})
		return err
	}
	createService := func(c aws.Config) error {
		_, err := ecs.NewFromConfig(c).CreateService(ctx, &ecs.CreateServiceInput{ServiceName: aws.String("web")})
		return err
	}
	getRole := func(c aws.Config) error {
		_, err := iam.NewFromConfig(c).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("a")})
		return err
	}
	describeImages := func(c aws.Config) error {
		_, err := ecr.NewFromConfig(c).DescribeImages(ctx, &ecr.DescribeImagesInput{RepositoryName: aws.String("web")})
		return err
	}
	getSecret := func(c aws.Config) error {
		_, err := secretsmanager.NewFromConfig(c).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("a")})
		return err
	}
	filterLogs := func(c aws.Config) error {
		_, err := cloudwatchlogs.NewFromConfig(c).FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("a")})
		return err
	}
	getParameter := func(c aws.Config) error {
		_, err := ssm.NewFromConfig(c).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("a")})
		return err
	}
	assumeRole := func(c aws.Config) error {
		_, err := sts.NewFromConfig(c).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::1:role/role-a"), RoleSessionName: aws.String("lab")})
		return err
	}
	mountTargets := func(c aws.Config) error {
		_, err := efs.NewFromConfig(c).DescribeMountTargets(ctx, &efs.DescribeMountTargetsInput{FileSystemId: aws.String("fs-1")})
		return err
	}
	getSchedule := func(c aws.Config) error {
		_, err := scheduler.NewFromConfig(c).GetSchedule(ctx, &scheduler.GetScheduleInput{Name: aws.String("a")})
		return err
	}
	getGroups := func(c aws.Config) error {
		_, err := xray.NewFromConfig(c).GetGroups(ctx, &xray.GetGroupsInput{})
		return err
	}
	deleteAlarms := func(c aws.Config) error {
		_, err := cloudwatch.NewFromConfig(c).DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"a"}})
		return err
	}
	for _, c := range []struct {
		code   string
		call   func(aws.Config) error
		typed  func(err error, message string) bool
		status int
	}{
		{"ClusterNotFoundException", describeTasks, is[*ecstypes.ClusterNotFoundException], 400},
		{"ClientException", describeTasks, is[*ecstypes.ClientException], 400},
		{"ServerException", describeTasks, is[*ecstypes.ServerException], 500},
		{"InvalidParameterException", createService, is[*ecstypes.InvalidParameterException], 400},
		{"NoSuchEntityException", getRole, is[*iamtypes.NoSuchEntityException], 404},
		{"NoSuchEntity", getRole, is[*iamtypes.NoSuchEntityException], 404},
		{"ServiceFailure", getRole, is[*iamtypes.ServiceFailureException], 500},
		{"ImageNotFoundException", describeImages, is[*ecrtypes.ImageNotFoundException], 400},
		{"RepositoryNotFoundException", describeImages, is[*ecrtypes.RepositoryNotFoundException], 400},
		{"ResourceNotFoundException", filterLogs, is[*logstypes.ResourceNotFoundException], 400},
		{"ResourceNotFoundException", getSecret, is[*smtypes.ResourceNotFoundException], 400},
		{"ParameterNotFound", getParameter, is[*ssmtypes.ParameterNotFound], 400},
		{"MalformedPolicyDocument", assumeRole, is[*ststypes.MalformedPolicyDocumentException], 400},
		{"FileSystemNotFound", mountTargets, is[*efstypes.FileSystemNotFound], 404},
		{"ResourceNotFoundException", getSchedule, is[*schedulertypes.ResourceNotFoundException], 404},
		{"ThrottlingException", getSchedule, is[*schedulertypes.ThrottlingException], 429},
		{"ThrottledException", getGroups, is[*xraytypes.ThrottledException], 429},
		{"ResourceNotFound", deleteAlarms, is[*cwtypes.ResourceNotFound], 404},
	} {
		err := c.call(config(failing(t, Errorf(c.code, "%s", message))))
		if !c.typed(err, message) {
			t.Errorf("%s: got %#v %v", c.code, err, err)
		}
		var resp *awshttp.ResponseError
		if !errors.As(err, &resp) || resp.HTTPStatusCode() != c.status || resp.ServiceRequestID() == "" {
			t.Errorf("%s: want status %d and a request id, got %v", c.code, c.status, err)
		}
	}
}

func TestErrorsWithoutAModel(t *testing.T) {
	ctx := context.Background()
	denied := &Error{Code: "AccessDenied", Message: "User: arn is not authorized to perform: x", Status: 403}
	endpoint := failing(t, denied)
	eachOperation(t, endpoint, func(op sdkOperation) {
		_, err := op.call(newGenerator(op.name(), 0).forForm(op).input(op))
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "AccessDenied" || api.ErrorMessage() != denied.Message {
			t.Errorf("%s: got %v", op.name(), err)
		}
	})
	_, err := ec2.NewFromConfig(config(failing(t, Errorf("InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist")))).DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "InvalidVpcID.NotFound" || api.ErrorMessage() != "The vpc ID 'vpc-1' does not exist" {
		t.Errorf("ec2: got %v", err)
	}
}

func TestErrorMembersArrive(t *testing.T) {
	ctx := context.Background()
	for _, err := range []error{
		&ecstypes.ClusterNotFoundException{Message: aws.String("none")},
		fmt.Errorf("wrapped: %w", &ecstypes.ClusterNotFoundException{Message: aws.String("none")}),
	} {
		_, got := ecs.NewFromConfig(config(failing(t, err))).DescribeTasks(ctx, &ecs.DescribeTasksInput{Tasks: []string{"a"}})
		if !is[*ecstypes.ClusterNotFoundException](got, "none") {
			t.Errorf("a typed error from a handler: got %v", got)
		}
	}
	lost := []error{
		&Error{Code: "LayersNotFoundException", Message: "gone"},
		&ecrtypes.ReferencedImagesNotFoundException{Message: aws.String("gone")},
	}
	for _, err := range lost {
		_, got := ecr.NewFromConfig(config(failing(t, err))).PutImage(ctx, &ecr.PutImageInput{RepositoryName: aws.String("web"), ImageManifest: aws.String("{}")})
		var api smithy.APIError
		if !errors.As(got, &api) || api.ErrorMessage() != "gone" {
			t.Errorf("%v: got %v", err, got)
		}
	}
	conflict := &Error{Code: "ConflictException", Message: "busy", Fields: map[string]any{"resourceIds": []string{"a", "b"}, "nothing": 1}}
	_, got := ecs.NewFromConfig(config(failing(t, conflict))).StopServiceDeployment(ctx, &ecs.StopServiceDeploymentInput{ServiceDeploymentArn: aws.String("a")})
	var typed *ecstypes.ConflictException
	if errors.As(got, &typed) {
		mustEqual(t, "resourceIds", typed.ResourceIds, []string{"a", "b"})
	} else {
		t.Errorf("ConflictException: got %v", got)
	}
}

// TestFrontEnd sends by hand what SDKs refuse to send.
func TestFrontEnd(t *testing.T) {
	endpoint := failing(t, nil)
	const json11, form = "application/x-amz-json-1.1", "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, target, contentType, body string
		status                          int
		answer                          []string
	}{
		{"a required member", "AmazonEC2ContainerServiceV20141113.DescribeTasks", json11, `{}`, 400,
			[]string{`"__type":"InvalidParameterException"`, `"message":"Tasks cannot be empty."`}},
		{"two breaches", "secretsmanager.CreateSecret", json11, `{"Name":"","SecretString":"x","Tags":[{"Key":""}]}`, 400,
			[]string{`"__type":"ValidationException"`, "2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.1.member.key'"}},
		{"an enum", "AmazonEC2ContainerServiceV20141113.CreateService", json11, `{"serviceName":"a","launchType":"FARGET"}`, 400,
			[]string{"Value 'FARGET' at 'launchType' failed to satisfy constraint: Member must satisfy enum value set: [EC2, FARGATE"}},
		{"a wrong type", "AmazonEC2ContainerServiceV20141113.CreateService", json11, `{"serviceName":"a","desiredCount":"two"}`, 400,
			[]string{`"__type":"SerializationException"`, "desiredCount: expected a number, got a string"}},
		{"a number too large", "AmazonEC2ContainerServiceV20141113.CreateService", json11, `{"serviceName":"a","desiredCount":3000000000}`, 400,
			[]string{`"__type":"SerializationException"`, "not a whole number of 32 bits"}},
		{"not JSON", "AmazonEC2ContainerServiceV20141113.ListClusters", json11, `{"a":`, 400,
			[]string{`"__type":"SerializationException"`, "not JSON"}},
		{"a range", "Logs_20140328.GetLogEvents", json11, `{"logGroupName":"g","logStreamName":"s","limit":20000}`, 400,
			[]string{`"__type":"InvalidParameterException"`, "Value 20000 at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"}},
		{"null is absent", "AmazonEC2ContainerServiceV20141113.DescribeTasks", json11, `{"tasks":["a"],"cluster":null}`, 200,
			[]string{`{"failures":[],"tasks":[]}`}},
		{"a member of EC2", "", form, "Action=DescribeVpcAttribute&Version=2016-11-15&Attribute=enableDnsSupport", 400,
			[]string{"<Code>MissingParameter</Code><Message>The request must contain the parameter VpcId</Message>", "<RequestID>"}},
		{"an unknown parameter of EC2", "", form, "Action=DescribeVpcs&Version=2016-11-15&Vpc.1=a", 400,
			[]string{"<Code>UnknownParameter</Code><Message>The parameter Vpc.1 is not recognized</Message>"}},
		{"a number of EC2", "", form, "Action=DescribeVpcs&Version=2016-11-15&MaxResults=many", 400,
			[]string{"<Code>InvalidParameterValue</Code>", "MaxResults"}},
		{"an empty set of EC2", "", form, "Action=DescribeVpcs&Version=2016-11-15", 200,
			[]string{`<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15">`, "<vpcSet></vpcSet>"}},
		{"no output of EC2", "", form, "Action=DeleteNetworkInterface&Version=2016-11-15&NetworkInterfaceId=eni-1", 200,
			[]string{"<return>true</return>"}},
		{"a member of IAM", "", form, "Action=GetRole&Version=2010-05-08", 400,
			[]string{"<Type>Sender</Type><Code>ValidationError</Code>", "Value null at &#39;roleName&#39;"}},
		{"no output of IAM", "", form, "Action=DeleteRole&Version=2010-05-08&RoleName=a", 200,
			[]string{`<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>`}},
		{"an operation without shapes", "AmazonEC2ContainerServiceV20141113.SubmitTaskStateChange", json11, `{}`, 501,
			[]string{`"__type":"NotImplemented"`, "the lab does not implement ecs:SubmitTaskStateChange"}},
	} {
		h := http.Header{"Content-Type": {c.contentType}}
		if c.target != "" {
			h.Set("X-Amz-Target", c.target)
		}
		resp, body := post(t, endpoint, h, c.body)
		if resp.StatusCode != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.name, resp.StatusCode, c.status, body)
		}
		for _, want := range c.answer {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the answer lacks %q:\n%s", c.name, want, body)
			}
		}
		wantType := json11
		if c.contentType == form {
			wantType = "text/xml;charset=UTF-8"
		}
		mustEqual(t, c.name+": Content-Type", resp.Header.Get("Content-Type"), wantType)
	}
}

func TestInvalidTokenPerService(t *testing.T) {
	endpoint := failing(t, ErrInvalidToken)
	want := map[string]string{
		"ecs:ListTasks": "InvalidParameterException", "ec2:DescribeVpcs": "InvalidParameterValue", "logs:DescribeLogGroups": "InvalidParameterException",
		"ecr:ListImages": "InvalidParameterException", "iam:ListRoles": "ValidationError", "secretsmanager:ListSecrets": "InvalidNextTokenException", "ssm:DescribeParameters": "InvalidNextToken",
		"elasticfilesystem:DescribeFileSystems": "BadRequest", "scheduler:ListSchedules": "ValidationException", "xray:GetGroups": "InvalidRequestException", "monitoring:GetMetricData": "InvalidNextToken",
	}
	eachOperation(t, endpoint, func(op sdkOperation) {
		code, ok := want[op.name()]
		if !ok {
			return
		}
		_, err := op.call(newGenerator(op.name(), 0).forForm(op).input(op))
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != code {
			t.Errorf("%s: got %v, want %s", op.name(), err, code)
		}
	})
}
