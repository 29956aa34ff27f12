package lab

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// sessionPolicy lets a task role open the channels of ECS Exec.
const sessionPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel","ssmmessages:OpenControlChannel","ssmmessages:OpenDataChannel"],"Resource":"*"}]}`

// buildSessions turns ECS Exec on in orders: the setting, the policy of its task role, and, where private subnets have no other way out,
// an endpoint for ssmmessages with a security group of its own.
func (w *World) buildSessions() {
	w.services["shop/orders"].EnableExecuteCommand = true
	w.roles["orders-task"].inline["sessions"] = sessionPolicy
	if w.names["endpoint:ecr.api"] == "" {
		return
	}
	id := w.call("sg:sessions", "sg")
	w.groups[id] = &ec2types.SecurityGroup{
		GroupId: aws.String(id), GroupName: aws.String("sessions"), Description: aws.String("endpoint of sessions"), VpcId: aws.String(w.names["vpc:shop"]), OwnerId: aws.String(w.Account),
		SecurityGroupArn: aws.String(w.ec2ARN("security-group/" + id)), Tags: tagged("sessions"),
		IpPermissions:       []ec2types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), IpRanges: []ec2types.IpRange{{CidrIp: aws.String(shopCIDR)}}}},
		IpPermissionsEgress: []ec2types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: everywhere()}},
	}
	out, err := w.createVpcEndpoint(&ec2.CreateVpcEndpointInput{
		VpcId: aws.String(w.names["vpc:shop"]), ServiceName: aws.String(w.endpointService("ssmmessages")), VpcEndpointType: ec2types.VpcEndpointTypeInterface, PrivateDnsEnabled: aws.Bool(true),
		SubnetIds: []string{w.names["subnet:private-a"], w.names["subnet:private-b"]}, SecurityGroupIds: []string{id},
		TagSpecifications: []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeVpcEndpoint, Tags: tagged("ssmmessages")}},
	})
	w.must(out, err)
	w.endpoints[*out.VpcEndpoint.VpcEndpointId].State = ec2types.StateAvailable
	w.names["endpoint:ssmmessages"] = *out.VpcEndpoint.VpcEndpointId
}
