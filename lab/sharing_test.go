package lab

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// sharedWorld has a shared network with a NAT gateway and endpoints, of which only the private subnets are shared, and one of the account's own.
func sharedWorld() *World {
	return New(Options{Seed: 5, Topology: &Topology{
		Networks: []Network{{Name: "net1", Octet: 10, Zones: 2, NAT: true, Endpoints: true, Owner: networkAccount}, {Name: "net2", Octet: 11, Zones: 2, NAT: true}},
		Services: []Workload{{Cluster: "shop", Name: "orders", Count: 2}},
	}})
}

// idsOf lists one member of the rows that a Describe call answers.
func idsOf(t *testing.T, w *World, key, operation, list, id string) []string {
	t.Helper()
	out, err := w.look(key, "ec2", operation, nil)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	rows, _ := out[list].([]any)
	for _, r := range rows {
		ids = append(ids, fmt.Sprint(r.(map[string]any)[id]))
	}
	slices.Sort(ids)
	return ids
}

// TestWhatAParticipantSees: of a shared network everything that the guide names, and nothing else; the owner sees all.
func TestWhatAParticipantSees(t *testing.T) {
	w := sharedWorld()
	for _, c := range []struct {
		operation, list, id string
		hidden, seen        []string
	}{
		{"DescribeVpcs", "Vpcs", "VpcId", nil, []string{"${vpc:net1}", "${vpc:net2}"}},
		{"DescribeSubnets", "Subnets", "SubnetId", []string{"${subnet:net1-public-a}", "${subnet:net1-public-b}"}, []string{"${subnet:net1-private-a}", "${subnet:net2-public-a}"}},
		{"DescribeRouteTables", "RouteTables", "RouteTableId", []string{"${route-table:net1-public}", "${route-table:net1-main}"}, []string{"${route-table:net1-private}", "${route-table:net2-main}"}},
		{"DescribeNetworkAcls", "NetworkAcls", "NetworkAclId", []string{"${acl:net1-default}"}, []string{"${acl:net1-private}", "${acl:net2-default}"}},
		{"DescribeNatGateways", "NatGateways", "NatGatewayId", []string{"${nat:net1}"}, []string{"${nat:net2}"}},
		{"DescribeVpcEndpoints", "VpcEndpoints", "VpcEndpointId", []string{"${endpoint:net1-ecr.api}", "${endpoint:net1-s3}"}, nil},
		{"DescribeInternetGateways", "InternetGateways", "InternetGatewayId", nil, []string{"${igw:net1}", "${igw:net2}"}},
		{"DescribeSecurityGroups", "SecurityGroups", "GroupId", []string{"${sg:net1-endpoints}"}, []string{"${sg:orders}"}},
	} {
		participant, owner := idsOf(t, w, "", c.operation, c.list, c.id), idsOf(t, w, ownerKey, c.operation, c.list, c.id)
		for _, name := range append(c.hidden, c.seen...) {
			id, err := w.Resolve(name)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := slices.Contains(participant, id), slices.Contains(c.seen, name); got != want {
				t.Errorf("%s: the participant sees %s: %t, want %t", c.operation, name, got, want)
			}
			if !slices.Contains(owner, id) {
				t.Errorf("%s: the owner does not see %s", c.operation, name)
			}
		}
	}
	out, err := w.Look("ec2", "DescribeSubnets", map[string]any{"SubnetIds": []any{"${subnet:net1-private-a}"}})
	if err != nil {
		t.Fatal(err)
	}
	if s := out["Subnets"].([]any)[0].(map[string]any); s["OwnerId"] != networkAccount || s["Tags"] != nil {
		t.Errorf("owner %v, tags %v: the owner's id and none of his tags belong there", s["OwnerId"], s["Tags"])
	}
	if err := w.Apply([]Step{{Service: "ec2", Operation: "ModifyVpcBlockPublicAccessOptions", Input: map[string]any{"InternetGatewayBlockMode": "block-bidirectional"}}}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"net1": "off", "net2": "block-bidirectional"} {
		out, err := w.Look("ec2", "DescribeVpcs", map[string]any{"VpcIds": []any{"${vpc:" + name + "}"}})
		if text := fmt.Sprint(out); err != nil || !strings.Contains(text, "InternetGatewayBlockMode:"+want) {
			t.Errorf("%s: %v %s, want %s", name, err, text, want)
		}
	}
	if n := len(idsOf(t, w, "", "DescribeNetworkInterfaces", "NetworkInterfaces", "NetworkInterfaceId")); n != 3 { // two tasks and the NAT gateway of net2
		t.Errorf("%d interfaces are seen, want 3", n)
	}
}

// TestWhatAParticipantMayChange: nothing of the owner's, and his own groups.
func TestWhatAParticipantMayChange(t *testing.T) {
	w := sharedWorld()
	for _, c := range []struct {
		operation string
		input     map[string]any
		owners    bool
	}{
		{"DeleteRoute", map[string]any{"RouteTableId": "${route-table:net1-private}", "DestinationCidrBlock": "0.0.0.0/0"}, true},
		{"CreateNetworkAclEntry", map[string]any{"NetworkAclId": "${acl:net1-private}", "RuleNumber": 7, "Protocol": "-1", "RuleAction": "deny", "Egress": true, "CidrBlock": "0.0.0.0/0"}, true},
		{"ModifyVpcAttribute", map[string]any{"VpcId": "${vpc:net1}", "EnableDnsSupport": map[string]any{"Value": false}}, true},
		{"ReplaceRouteTableAssociation", map[string]any{"AssociationId": "${route-table-association:net1-private-a}", "RouteTableId": "${route-table:net1-main}"}, true},
		{"DeleteNatGateway", map[string]any{"NatGatewayId": "${nat:net1}"}, true},
		{"DeleteVpcEndpoints", map[string]any{"VpcEndpointIds": []any{"${endpoint:net1-logs}"}}, true},
		{"RevokeSecurityGroupEgress", map[string]any{"GroupId": "${sg:net1-endpoints}", "IpPermissions": []any{map[string]any{"IpProtocol": "-1", "IpRanges": []any{map[string]any{"CidrIp": "0.0.0.0/0"}}}}}, true},
		{"CreateSecurityGroup", map[string]any{"GroupName": "mine", "Description": "mine", "VpcId": "${vpc:net1}"}, false},
		{"AuthorizeSecurityGroupIngress", map[string]any{"GroupId": "${sg:orders}", "IpPermissions": []any{map[string]any{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1,
			"UserIdGroupPairs": []any{map[string]any{"GroupId": "${sg:net1-endpoints}"}}}}}, false},
		{"DeleteRoute", map[string]any{"RouteTableId": "${route-table:net2-private}", "DestinationCidrBlock": "0.0.0.0/0"}, false},
	} {
		err := w.Apply([]Step{{Service: "ec2", Operation: c.operation, Input: c.input}})
		if refused := err != nil && strings.Contains(err.Error(), "UnauthorizedOperation"); refused != c.owners || !refused && err != nil {
			t.Errorf("%s by the participant: %v", c.operation, err)
		}
		if c.owners {
			if err := w.Apply([]Step{{Service: "ec2", Operation: c.operation, Input: c.input, Owner: true}}); err != nil {
				t.Errorf("%s by the owner: %v", c.operation, err)
			}
		}
	}
	w.Advance(30 * time.Minute) // CloudTrail is late
	out, err := w.Look("cloudtrail", "LookupEvents", nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(fmt.Sprint(out), "EventName:DeleteNatGateway"); n != 1 {
		t.Errorf("the participant's trail has %d calls of DeleteNatGateway, want his own that was refused", n)
	}
	if _, err := w.Look("ecs", "UpdateService", map[string]any{"cluster": "shop", "service": "orders", "networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{
		"subnets": []any{"${subnet:net1-public-a}"}, "securityGroups": []any{"${sg:orders}"}}}}); err == nil || !strings.Contains(err.Error(), "InvalidSubnetID.NotFound") {
		t.Errorf("a subnet that is not shared: %v", err)
	}
}

// TestAWithdrawnShare: what runs in the subnet runs on, and a new task is refused its interface.
func TestAWithdrawnShare(t *testing.T) {
	w := New(Options{Seed: 5, Topology: &Topology{Networks: []Network{{Name: "net1", Octet: 10, Zones: 2, NAT: true, Owner: networkAccount}}, Services: []Workload{{Cluster: "shop", Name: "orders", Count: 2}}}})
	if err := w.Apply([]Step{{Service: "lab", Operation: "WithdrawShare", Input: map[string]any{"SubnetId": "${subnet:net1-private-a}"}}}); err != nil {
		t.Fatal(err)
	}
	w.Advance(10 * time.Minute)
	if err := w.Healed("shop/orders", 0); err != nil {
		t.Errorf("the tasks that ran do not run on: %v", err)
	}
	if _, err := w.Look("ec2", "DescribeSubnets", map[string]any{"SubnetIds": []any{"${subnet:net1-private-a}"}}); err == nil || !strings.Contains(err.Error(), "InvalidSubnetID.NotFound") {
		t.Errorf("the subnet is still seen: %v", err)
	}
	if err := w.Apply([]Step{{Service: "lab", Operation: "RetireTasks", Input: map[string]any{"Service": "shop/orders"}}}); err != nil {
		t.Fatal(err)
	}
	w.Advance(3 * time.Minute)
	stopped, err := w.Look("ecs", "ListTasks", map[string]any{"cluster": "shop", "serviceName": "orders", "desiredStatus": "STOPPED"})
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.Look("ecs", "DescribeTasks", map[string]any{"cluster": "shop", "tasks": stopped["taskArns"]})
	if text := fmt.Sprint(out); err != nil || !strings.Contains(text, "AuthFailure") {
		t.Errorf("%v: no start was refused: %s", err, text)
	}
}

// TestASpokeDependsOnItsHub: without the attachment, without the hub's way out and without its endpoints starts fail; all is seen or not as AWS shows it.
func TestASpokeDependsOnItsHub(t *testing.T) {
	for _, c := range []struct {
		central bool
		step    Step
	}{
		{false, Step{Service: "ec2", Operation: "DeleteTransitGatewayVpcAttachment", Input: map[string]any{"TransitGatewayAttachmentId": "${tgw-attachment:net1}"}}},
		{false, Step{Service: "lab", Operation: "SetHub", Input: map[string]any{"Internet": false}}},
		{false, Step{Service: "lab", Operation: "SetHub", Input: map[string]any{"Returns": false}}},
		{true, Step{Service: "lab", Operation: "SetHub", Input: map[string]any{"Endpoints": false}}},
	} {
		w := New(Options{Seed: 2, Topology: &Topology{
			Networks: []Network{{Name: "net1", Octet: 10, Zones: 2, Hub: true, Central: c.central}}, Services: []Workload{{Cluster: "shop", Name: "orders", Count: 2}},
		}})
		if err := w.Healed("shop/orders", 0); err != nil {
			t.Fatal(err)
		}
		if err := w.Apply([]Step{c.step, {Service: "lab", Operation: "RetireTasks", Input: map[string]any{"Service": "shop/orders"}}}); err != nil {
			t.Fatal(err)
		}
		w.Advance(10 * time.Minute)
		if w.Healed("shop/orders", 0) == nil {
			t.Errorf("%s %v: the service starts all the same", c.step.Operation, c.step.Input)
		}
	}
}
