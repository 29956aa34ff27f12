package lab

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// blockMode is the mode of VPC Block Public Access that holds for a VPC or subnet; an exclusion of any of the ids lifts it.
func (w *World) blockMode(ids ...string) string {
	for _, e := range w.exclusions {
		if i := strings.LastIndex(aws.ToString(e.ResourceArn), "/"); slices.Contains(ids, aws.ToString(e.ResourceArn)[i+1:]) {
			return string(ec2types.BlockPublicAccessModeOff)
		}
	}
	if w.bpaMode == "" || slices.ContainsFunc(ids, func(id string) bool { return w.owners[id] != "" }) { // the option is of one account's own VPCs
		return string(ec2types.BlockPublicAccessModeOff)
	}
	return w.bpaMode
}

func (w *World) blockStates(ids ...string) *ec2types.BlockPublicAccessStates {
	return &ec2types.BlockPublicAccessStates{InternetGatewayBlockMode: ec2types.BlockPublicAccessMode(w.blockMode(ids...))}
}

func (w *World) blockOptions() *ec2types.VpcBlockPublicAccessOptions {
	state := ec2types.VpcBlockPublicAccessStateUpdateComplete
	if w.bpaMode == string(ec2types.BlockPublicAccessModeOff) {
		state = ec2types.VpcBlockPublicAccessStateDefaultState
	}
	return &ec2types.VpcBlockPublicAccessOptions{
		AwsAccountId: aws.String(w.Account), AwsRegion: aws.String(w.Region), InternetGatewayBlockMode: ec2types.InternetGatewayBlockMode(w.blockMode()),
		State: state, ManagedBy: ec2types.ManagedByAccount, ExclusionsAllowed: ec2types.VpcBlockPublicAccessExclusionsAllowedAllowed,
	}
}

func (w *World) describeBPAOptions(*ec2.DescribeVpcBlockPublicAccessOptionsInput) (*ec2.DescribeVpcBlockPublicAccessOptionsOutput, error) {
	return &ec2.DescribeVpcBlockPublicAccessOptionsOutput{VpcBlockPublicAccessOptions: w.blockOptions()}, nil
}

func (w *World) modifyBPAOptions(in *ec2.ModifyVpcBlockPublicAccessOptionsInput) (*ec2.ModifyVpcBlockPublicAccessOptionsOutput, error) {
	w.bpaMode = string(in.InternetGatewayBlockMode)
	return &ec2.ModifyVpcBlockPublicAccessOptionsOutput{VpcBlockPublicAccessOptions: w.blockOptions()}, nil
}

func (w *World) describeBPAExclusions(in *ec2.DescribeVpcBlockPublicAccessExclusionsInput) (*ec2.DescribeVpcBlockPublicAccessExclusionsOutput, error) {
	rows, next, err := describe(w.exclusions, in.ExclusionIds, in.Filters, in.MaxResults, in.NextToken, notFoundAs("InvalidVpcBlockPublicAccessExclusionId.NotFound", "exclusion ID"),
		func(e *ec2types.VpcBlockPublicAccessExclusion, f string) ([]string, bool) {
			switch f {
			case "resource-arn":
				return text(e.ResourceArn), true
			case "state":
				return []string{string(e.State)}, true
			case "internet-gateway-exclusion-mode":
				return []string{string(e.InternetGatewayExclusionMode)}, true
			}
			return tagAttributes(e.Tags, f)
		})
	return &ec2.DescribeVpcBlockPublicAccessExclusionsOutput{VpcBlockPublicAccessExclusions: values(rows), NextToken: next}, err
}

func (w *World) createBPAExclusion(in *ec2.CreateVpcBlockPublicAccessExclusionInput) (*ec2.CreateVpcBlockPublicAccessExclusionOutput, error) {
	arn := ""
	switch {
	case (in.VpcId == nil) == (in.SubnetId == nil):
		return nil, wire.Errorf("InvalidParameterCombination", "Specify either a VPC or a subnet.")
	case in.VpcId != nil:
		if _, err := w.findVPC(in.VpcId); err != nil {
			return nil, err
		}
		arn = w.ec2ARN("vpc/" + *in.VpcId)
	default:
		if w.subnets[*in.SubnetId] == nil {
			return nil, notFound("InvalidSubnetID.NotFound", "subnet ID", *in.SubnetId)
		}
		arn = w.ec2ARN("subnet/" + *in.SubnetId)
	}
	e := &ec2types.VpcBlockPublicAccessExclusion{
		ExclusionId: aws.String(w.newID("vpcbpa-exclude")), ResourceArn: aws.String(arn), InternetGatewayExclusionMode: in.InternetGatewayExclusionMode,
		State: ec2types.VpcBlockPublicAccessExclusionStateCreateComplete, CreationTimestamp: aws.Time(w.now), LastUpdateTimestamp: aws.Time(w.now),
		Tags: tagsFor(in.TagSpecifications, ec2types.ResourceTypeVpcBlockPublicAccessExclusion),
	}
	if w.exclusions == nil {
		w.exclusions = map[string]*ec2types.VpcBlockPublicAccessExclusion{}
	}
	w.exclusions[*e.ExclusionId] = e
	answer := *e
	return &ec2.CreateVpcBlockPublicAccessExclusionOutput{VpcBlockPublicAccessExclusion: &answer}, nil
}
