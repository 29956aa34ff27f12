package diagnose

import "testing"

func TestCommand(t *testing.T) {
	for _, c := range []struct {
		name string
		call Call
		want string
	}{
		{"scalars", Call{"ec2", "CreateRoute", map[string]any{"RouteTableId": "rtb-1", "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}},
			"aws ec2 create-route --destination-cidr-block 0.0.0.0/0 --nat-gateway-id nat-1 --route-table-id rtb-1 --region eu-west-1"},
		{"list of scalars", Call{"ec2", "ModifyVpcEndpoint", map[string]any{"VpcEndpointId": "vpce-1", "AddRouteTableIds": []any{"rtb-1", "rtb-2"}, "PrivateDnsEnabled": true}},
			"aws ec2 modify-vpc-endpoint --private-dns-enabled --vpc-endpoint-id vpce-1 --add-route-table-ids rtb-1 rtb-2 --region eu-west-1"},
		{"structures as JSON", Call{"ec2", "ModifyVpcAttribute", map[string]any{"VpcId": "vpc-1", "EnableDnsSupport": map[string]any{"Value": true}}},
			`aws ec2 modify-vpc-attribute --vpc-id vpc-1 --enable-dns-support '{"Value":true}' --region eu-west-1`},
		{"iam is global", Call{"iam", "PutRolePolicy", map[string]any{"RoleName": "r", "PolicyDocument": `{"a":"it's"}`}},
			`aws iam put-role-policy --role-name r --policy-document '{"a":"it'\''s"}'`},
		{"a name that is an attack", Call{"ecs", "UpdateService", map[string]any{"service": "a; rm -rf $HOME"}},
			"aws ecs update-service --service 'a; rm -rf $HOME' --region eu-west-1"},
		{"a name with terminal escapes", Call{"ecs", "UpdateService", map[string]any{"service": "a\x1b]0;' ; reboot #\x07b"}},
			"aws ecs update-service --service ab --region eu-west-1"},
		{"booleans off", Call{"ecs", "UpdateService", map[string]any{"forceNewDeployment": false}},
			"aws ecs update-service --no-force-new-deployment --region eu-west-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Command([]Call{c.call}, "", "eu-west-1"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestKebab(t *testing.T) {
	for in, want := range map[string]string{"taskDefinition": "task-definition", "DNSName": "dns-name", "assignPublicIp": "assign-public-ip", "VpcId": "vpc-id", "GetCallerIdentity": "get-caller-identity"} {
		if got := kebab(in); got != want {
			t.Errorf("kebab(%q) = %q, want %q", in, got, want)
		}
	}
}
