package wire

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventstypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/xray"
	xraytypes "github.com/aws/aws-sdk-go-v2/service/xray/types"
)

// TestAWSCommandLine reads the server with the aws command line, which shares no code with the Go SDK: a
// call and an error per protocol.
func TestAWSCommandLine(t *testing.T) {
	path, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("SKIPPED, NOT PASSED: the aws command line is not on PATH, so the wire was read by the Go SDK alone; install awscli to run this test")
	}
	day := time.Date(2031, 4, 5, 6, 7, 8, 0, time.UTC)
	endpoint := serve(t, NewServer([]Operation{
		Op("ecs", "DescribeTasks", func(_ *Request, in *ecs.DescribeTasksInput) (*ecs.DescribeTasksOutput, error) {
			if aws.ToString(in.Cluster) == "none" {
				return nil, &ecstypes.ClusterNotFoundException{Message: aws.String("Cluster not found.")}
			}
			return &ecs.DescribeTasksOutput{Tasks: []ecstypes.Task{{
				TaskArn: aws.String(in.Tasks[0]), StopCode: ecstypes.TaskStopCodeTaskFailedToStart, StoppedAt: &day,
				StoppedReason: aws.String(`CannotPullContainerError: "a" <b> & c`),
			}}}, nil
		}),
		Op("ec2", "DescribeSubnets", func(_ *Request, in *ec2.DescribeSubnetsInput) (*ec2.DescribeSubnetsOutput, error) {
			if len(in.SubnetIds) > 0 {
				return nil, Errorf("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", in.SubnetIds[0])
			}
			return &ec2.DescribeSubnetsOutput{Subnets: []ec2types.Subnet{{
				SubnetId: aws.String(aws.ToString(in.Filters[0].Name) + "=" + strings.Join(in.Filters[0].Values, "|")), AvailableIpAddressCount: aws.Int32(0),
				Tags: []ec2types.Tag{{Key: aws.String("Name"), Value: aws.String("<private> & b")}},
			}}}, nil
		}),
		Op("iam", "GetRole", func(_ *Request, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
			if aws.ToString(in.RoleName) == "none" {
				return nil, Errorf("NoSuchEntity", "The role with name none cannot be found.")
			}
			return &iam.GetRoleOutput{Role: &iamtypes.Role{
				RoleName: in.RoleName, CreateDate: &day, Path: aws.String("/"), RoleId: aws.String("AROA"), Arn: aws.String("arn:aws:iam::111122223333:role/a"),
				AssumeRolePolicyDocument: aws.String("%7B%22Version%22%3A%222012-10-17%22%7D"),
			}}, nil
		}),
		Op("sts", "GetCallerIdentity", func(r *Request, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
			return &sts.GetCallerIdentityOutput{Account: aws.String("111122223333"), UserId: aws.String(r.AccessKey)}, nil
		}),
		Op("secretsmanager", "GetSecretValue", func(_ *Request, in *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
			return &secretsmanager.GetSecretValueOutput{Name: in.SecretId, SecretBinary: []byte("a\x00b")}, nil
		}),
		Op("elasticfilesystem", "DescribeMountTargets", func(_ *Request, in *efs.DescribeMountTargetsInput) (*efs.DescribeMountTargetsOutput, error) {
			if aws.ToString(in.FileSystemId) == "fs-00000000" {
				return nil, &efstypes.FileSystemNotFound{Message: aws.String("File system 'fs-00000000' does not exist.")}
			}
			return &efs.DescribeMountTargetsOutput{MountTargets: []efstypes.MountTargetDescription{{FileSystemId: in.FileSystemId, LifeCycleState: efstypes.LifeCycleStateAvailable}}}, nil
		}),
		Op("elasticfilesystem", "ModifyMountTargetSecurityGroups", func(_ *Request, in *efs.ModifyMountTargetSecurityGroupsInput) (*efs.ModifyMountTargetSecurityGroupsOutput, error) {
			if aws.ToString(in.MountTargetId) != "fsmt-12345678" || strings.Join(in.SecurityGroups, " ") != "sg-12345678 sg-87654321" {
				return nil, Errorf("BadRequest", "got %s %q", aws.ToString(in.MountTargetId), in.SecurityGroups)
			}
			return nil, nil
		}),
		Op("scheduler", "GetSchedule", func(_ *Request, in *scheduler.GetScheduleInput) (*scheduler.GetScheduleOutput, error) {
			return &scheduler.GetScheduleOutput{Name: in.Name, GroupName: in.GroupName, CreationDate: &day, State: schedulertypes.ScheduleStateEnabled}, nil
		}),
		Op("xray", "GetEncryptionConfig", func(*Request, *xray.GetEncryptionConfigInput) (*xray.GetEncryptionConfigOutput, error) {
			return &xray.GetEncryptionConfigOutput{EncryptionConfig: &xraytypes.EncryptionConfig{KeyId: aws.String("k")}}, nil
		}),
		Op("monitoring", "GetMetricStatistics", func(_ *Request, in *cloudwatch.GetMetricStatisticsInput) (*cloudwatch.GetMetricStatisticsOutput, error) {
			if aws.ToInt32(in.Period) == 7 {
				return nil, &cwtypes.InvalidParameterValueException{Message: aws.String("The value 7 is no multiple of 60.")}
			}
			return &cloudwatch.GetMetricStatisticsOutput{Label: in.MetricName, Datapoints: []cwtypes.Datapoint{{Timestamp: in.StartTime, Average: aws.Float64(97.25)}}}, nil
		}),
		Op("sqs", "GetQueueUrl", func(_ *Request, in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
			if aws.ToString(in.QueueName) == "none" {
				return nil, &sqstypes.QueueDoesNotExist{Message: aws.String("The specified queue does not exist.")}
			}
			return &sqs.GetQueueUrlOutput{QueueUrl: aws.String("https://q/" + *in.QueueName)}, nil
		}),
		Op("events", "DescribeRule", func(_ *Request, in *eventbridge.DescribeRuleInput) (*eventbridge.DescribeRuleOutput, error) {
			return &eventbridge.DescribeRuleOutput{Name: in.Name, State: eventstypes.RuleStateDisabled}, nil
		}),
		Op("application-autoscaling", "DescribeScalableTargets", func(_ *Request, in *applicationautoscaling.DescribeScalableTargetsInput) (*applicationautoscaling.DescribeScalableTargetsOutput, error) {
			return &applicationautoscaling.DescribeScalableTargetsOutput{ScalableTargets: []scalingtypes.ScalableTarget{{
				ServiceNamespace: in.ServiceNamespace, MaxCapacity: aws.Int32(4), CreationTime: &day,
			}}}, nil
		}),
	}))
	env := cleanEnvironment(endpoint, t.TempDir())
	for _, c := range []struct {
		args string
		want []string
	}{
		{"ecs describe-tasks --tasks arn:t", []string{`"stopCode": "TaskFailedToStart"`, `"stoppedReason": "CannotPullContainerError: \"a\" <b> & c"`, `"failures": []`, `"stoppedAt": `}},
		{"ecs describe-tasks --tasks a --cluster none", []string{"(ClusterNotFoundException) when calling the DescribeTasks operation: Cluster not found."}},
		{"ec2 describe-subnets --filters Name=vpc-id,Values=vpc-1,vpc-2", []string{`"SubnetId": "vpc-id=vpc-1|vpc-2"`, `"AvailableIpAddressCount": 0`, `"Value": "<private> & b"`}},
		{"ec2 describe-subnets --subnet-ids subnet-1", []string{"(InvalidSubnetID.NotFound) when calling the DescribeSubnets operation: The subnet ID 'subnet-1' does not exist"}},
		{"iam get-role --role-name a", []string{`"RoleName": "a"`, `"Version": "2012-10-17"`, `"CreateDate": "2031-04-05T06:07:08`}},
		{"iam get-role --role-name none", []string{"(NoSuchEntity) when calling the GetRole operation: The role with name none cannot be found."}},
		{"sts get-caller-identity", []string{`"UserId": "AKIALAB"`}},
		{"secretsmanager get-secret-value --secret-id s", []string{`"Name": "s"`, `"SecretBinary": `}},
		{"efs describe-mount-targets --file-system-id fs-12345678", []string{`"FileSystemId": "fs-12345678"`, `"LifeCycleState": "available"`}},
		{"efs describe-mount-targets --file-system-id fs-00000000", []string{"(FileSystemNotFound) when calling the DescribeMountTargets operation: File system 'fs-00000000' does not exist."}},
		{"scheduler get-schedule --name " + strings.Repeat("a", 65), []string{"(ValidationException)", "at 'name'"}},
		{"efs modify-mount-target-security-groups --mount-target-id fsmt-12345678 --security-groups sg-12345678 sg-87654321", nil},
		{"efs describe-file-system-policy --file-system-id fs-12345678", []string{"(NotImplemented)", "elasticfilesystem:DescribeFileSystemPolicy"}},
		{"scheduler get-schedule --name a.b-c --group-name g", []string{`"Name": "a.b-c"`, `"GroupName": "g"`, `"CreationDate": 1933135628`}},
		{"xray get-encryption-config", []string{`"KeyId": "k"`}},
		{"cloudwatch get-metric-statistics --namespace AWS/ECS --metric-name CPUUtilization --period 60 --statistics Average --start-time 2031-04-05T06:07:08Z --end-time 2031-04-05T07:07:08Z",
			[]string{`"Label": "CPUUtilization"`, `"Average": 97.25`, `"Timestamp": 1933135628`}},
		{"cloudwatch get-metric-statistics --namespace AWS/ECS --metric-name CPUUtilization --period 7 --statistics Average --start-time 2031-04-05T06:07:08Z --end-time 2031-04-05T07:07:08Z",
			[]string{"(InvalidParameterValue) when calling the GetMetricStatistics operation: The value 7 is no multiple of 60."}},
		// Version 1 of the command line takes no endpoint for sqs from the environment.
		{"sqs get-queue-url --queue-name a --endpoint-url " + endpoint, []string{`"QueueUrl": "https://q/a"`}},
		{"sqs get-queue-url --queue-name none --endpoint-url " + endpoint, []string{"(QueueDoesNotExist) when calling the GetQueueUrl operation: The specified queue does not exist."}},
		{"events describe-rule --name r", []string{`"Name": "r"`, `"State": "DISABLED"`}},
		{"application-autoscaling describe-scalable-targets --service-namespace ecs", []string{`"ServiceNamespace": "ecs"`, `"MaxCapacity": 4`, `"CreationTime": 1933135628`}},
		{"ecs list-clusters", []string{"(NotImplemented) when calling the ListClusters operation"}},
	} {
		cmd := exec.Command(path, strings.Fields(c.args)...)
		cmd.Env = env
		out, _ := cmd.CombinedOutput() // the exit status says no more than the text does
		if c.want == nil && len(out) > 0 {
			t.Errorf("aws %s: expected no output, got:\n%s", c.args, out)
		}
		for _, want := range c.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("aws %s: the output lacks %s:\n%s", c.args, want, out)
			}
		}
	}
}

// cleanEnvironment is the process's own without anything that steers an AWS client, plus the lab's.
func cleanEnvironment(endpoint, home string) []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "AWS_") && !strings.HasPrefix(strings.ToLower(e), "http_proxy=") {
			env = append(env, e)
		}
	}
	return append(env, "AWS_ENDPOINT_URL="+endpoint, "AWS_ACCESS_KEY_ID=AKIALAB", "AWS_SECRET_ACCESS_KEY=lab", "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_CONFIG_FILE="+home+"/config", "AWS_SHARED_CREDENTIALS_FILE="+home+"/credentials", "AWS_MAX_ATTEMPTS=1", "TZ=UTC")
}
