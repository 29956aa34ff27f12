package playbooks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/prove"
	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/playbooks"
)

// inputs are the operations that fixes may call. A new one is a line here, so that its members are checked too.
var inputs = map[string]func() any{
	"ec2:AuthorizeSecurityGroupEgress":               func() any { return &ec2.AuthorizeSecurityGroupEgressInput{} },
	"ec2:AuthorizeSecurityGroupIngress":              func() any { return &ec2.AuthorizeSecurityGroupIngressInput{} },
	"ec2:DeleteNetworkAclEntry":                      func() any { return &ec2.DeleteNetworkAclEntryInput{} },
	"ec2:DeleteRoute":                                func() any { return &ec2.DeleteRouteInput{} },
	"ec2:CreateNetworkAclEntry":                      func() any { return &ec2.CreateNetworkAclEntryInput{} },
	"ec2:CreateRoute":                                func() any { return &ec2.CreateRouteInput{} },
	"ec2:CreateVpcBlockPublicAccessExclusion":        func() any { return &ec2.CreateVpcBlockPublicAccessExclusionInput{} },
	"ec2:CreateVpcEndpoint":                          func() any { return &ec2.CreateVpcEndpointInput{} },
	"ec2:DeleteNetworkInterface":                     func() any { return &ec2.DeleteNetworkInterfaceInput{} },
	"ec2:ModifyVpcAttribute":                         func() any { return &ec2.ModifyVpcAttributeInput{} },
	"ec2:ModifyVpcEndpoint":                          func() any { return &ec2.ModifyVpcEndpointInput{} },
	"ec2:ReplaceRoute":                               func() any { return &ec2.ReplaceRouteInput{} },
	"ecr:DeleteRepositoryPolicy":                     func() any { return &ecr.DeleteRepositoryPolicyInput{} },
	"ecr:SetRepositoryPolicy":                        func() any { return &ecr.SetRepositoryPolicyInput{} },
	"codedeploy:ContinueDeployment":                  func() any { return &codedeploy.ContinueDeploymentInput{} },
	"ecs:ContinueServiceDeployment":                  func() any { return &ecs.ContinueServiceDeploymentInput{} },
	"ecs:CreateCluster":                              func() any { return &ecs.CreateClusterInput{} },
	"ecs:PutClusterCapacityProviders":                func() any { return &ecs.PutClusterCapacityProvidersInput{} },
	"ecs:UpdateServicePrimaryTaskSet":                func() any { return &ecs.UpdateServicePrimaryTaskSetInput{} },
	"ecs:UpdateTaskProtection":                       func() any { return &ecs.UpdateTaskProtectionInput{} },
	"ecs:UpdateTaskSet":                              func() any { return &ecs.UpdateTaskSetInput{} },
	"ecs:UpdateService":                              func() any { return &ecs.UpdateServiceInput{} },
	"elasticloadbalancing:ModifyListener":            func() any { return &elb.ModifyListenerInput{} },
	"elasticloadbalancing:ModifyRule":                func() any { return &elb.ModifyRuleInput{} },
	"elasticloadbalancing:ModifyTargetGroup":         func() any { return &elb.ModifyTargetGroupInput{} },
	"efs:CreateMountTarget":                          func() any { return &efs.CreateMountTargetInput{} },
	"efs:PutFileSystemPolicy":                        func() any { return &efs.PutFileSystemPolicyInput{} },
	"iam:AttachRolePolicy":                           func() any { return &iam.AttachRolePolicyInput{} },
	"iam:CreatePolicyVersion":                        func() any { return &iam.CreatePolicyVersionInput{} },
	"iam:CreateServiceLinkedRole":                    func() any { return &iam.CreateServiceLinkedRoleInput{} },
	"iam:CreateRole":                                 func() any { return &iam.CreateRoleInput{} },
	"iam:PutRolePolicy":                              func() any { return &iam.PutRolePolicyInput{} },
	"iam:UpdateAssumeRolePolicy":                     func() any { return &iam.UpdateAssumeRolePolicyInput{} },
	"kms:CancelKeyDeletion":                          func() any { return &kms.CancelKeyDeletionInput{} },
	"kms:EnableKey":                                  func() any { return &kms.EnableKeyInput{} },
	"kms:PutKeyPolicy":                               func() any { return &kms.PutKeyPolicyInput{} },
	"logs:CreateLogGroup":                            func() any { return &cloudwatchlogs.CreateLogGroupInput{} },
	"kinesis:CreateStream":                           func() any { return &kinesis.CreateStreamInput{} },
	"secretsmanager:PutResourcePolicy":               func() any { return &secretsmanager.PutResourcePolicyInput{} },
	"ssm:UpdateServiceSetting":                       func() any { return &ssm.UpdateServiceSettingInput{} },
	"secretsmanager:RestoreSecret":                   func() any { return &secretsmanager.RestoreSecretInput{} },
	"application-autoscaling:DeleteScheduledAction":  func() any { return &applicationautoscaling.DeleteScheduledActionInput{} },
	"application-autoscaling:PutScalingPolicy":       func() any { return &applicationautoscaling.PutScalingPolicyInput{} },
	"application-autoscaling:RegisterScalableTarget": func() any { return &applicationautoscaling.RegisterScalableTargetInput{} },
	"cloudwatch:EnableAlarmActions":                  func() any { return &cloudwatch.EnableAlarmActionsInput{} },
	"cloudwatch:PutMetricAlarm":                      func() any { return &cloudwatch.PutMetricAlarmInput{} },
	"ecs:UpdateClusterSettings":                      func() any { return &ecs.UpdateClusterSettingsInput{} },
	"servicequotas:RequestServiceQuotaIncrease":      func() any { return &servicequotas.RequestServiceQuotaIncreaseInput{} },
	"events:EnableRule":                              func() any { return &eventbridge.EnableRuleInput{} },
	"sqs:CreateQueue":                                func() any { return &sqs.CreateQueueInput{} },
	"sqs:SetQueueAttributes":                         func() any { return &sqs.SetQueueAttributesInput{} },
}

// Every call that a confirmed case offers has only members that AWS's operation knows, of the right types.
func TestCallsAreAWS(t *testing.T) {
	all, err := diagnose.Load(playbooks.FS)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, p := range all {
		cases, err := prove.Cases(p.ID, playbooks.FS)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			fetch, err := prove.Fetch(c)
			if err != nil {
				t.Fatal(err)
			}
			e := &diagnose.Engine{Playbooks: []*diagnose.Playbook{p}, Fetch: fetch}
			r, err := e.Run(context.Background(), evidence.NewStore(), []evidence.Target{c.Target()})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Targets[0].Findings {
				if f.Verdict != diagnose.Confirmed {
					continue
				}
				for _, a := range slices.Concat(f.Mitigate, f.Fix) {
					for _, call := range a.Calls {
						seen++
						checkCall(t, p.ID+"/"+c.Name, call)
					}
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d calls were looked at", seen)
	}
}

func checkCall(t *testing.T, where string, call diagnose.Call) {
	t.Helper()
	name := call.Service + ":" + call.Operation
	input := inputs[name]
	if input == nil {
		t.Errorf("%s: %s is not on the list of calls that fixes may make", where, name)
		return
	}
	data, err := json.Marshal(call.Input)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := call.Input["networkConfiguration"].(map[string]any); ok {
		vpc, _ := n["awsvpcConfiguration"].(map[string]any)
		for _, m := range []string{"subnets", "securityGroups", "assignPublicIp"} {
			if vpc[m] == nil {
				t.Errorf("%s: %s replaces the network configuration as a whole and leaves out %s", where, name, m)
			}
		}
	}
	if bytes.Contains(data, []byte("not readable")) {
		t.Errorf("%s: %s has a part that was not read: %s", where, name, data)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(input()); err != nil {
		t.Errorf("%s: %s: %v in %s", where, name, err, data)
	}
}
