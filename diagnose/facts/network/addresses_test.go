package network

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ecsplain/ecsplain/evidence"
)

func TestFreeAddresses(t *testing.T) {
	store := func(free int, interfaces ...evidence.Interface) *evidence.Store {
		s := evidence.NewStore()
		s.Put(evidence.Item{Key: evidence.SubnetKey("subnet-1").Key, Found: true, Call: "ec2:DescribeSubnets", Value: evidence.Subnet{ID: "subnet-1", VpcID: "vpc-1", CIDR: "10.0.0.0/28", FreeAddresses: free}})
		if interfaces != nil {
			s.Put(evidence.Item{Key: evidence.SubnetInterfacesKey("subnet-1").Key, Found: true, Call: "ec2:DescribeNetworkInterfaces", Value: evidence.Interfaces{Interfaces: interfaces}})
		}
		return s
	}
	ecs := evidence.Interface{ID: "eni-1", Status: "in-use", Type: "interface", Description: "arn:aws:ecs:eu-west-1:111122223333:attachment/1", Addresses: []string{"10.0.0.4"}}
	leak := evidence.Interface{ID: "eni-2", Status: "available", Type: "interface", Description: "left behind", Addresses: []string{"10.0.0.5", "10.0.0.6", "10.0.0.7"}}
	nat := evidence.Interface{ID: "eni-3", Status: "in-use", Type: "nat_gateway", Addresses: []string{"10.0.0.8"}}

	a := FreeAddresses(evidence.NewView(store(0, ecs, leak, nat)), "subnet-1")
	want := []Holder{{"not listed", 6, "6 not listed"}, {"available (unattached)", 3, "3 available (unattached)"}, {"ECS task", 1, "1 ECS task"}, {"NAT gateway", 1, "1 NAT gateway"}}
	if !slices.Equal(a.Holders, want) || !slices.Equal(a.Leaked, []string{"eni-2"}) || a.Size != 11 || a.Free != 0 || a.Basis.Unknown {
		t.Errorf("got %+v", a)
	}
	if !a.None.Blocks || a.None.Resource != "subnet-1" {
		t.Errorf("none: %+v", a.None)
	}

	a = FreeAddresses(evidence.NewView(store(3)), "subnet-1")
	if a.None.Blocks || a.None.Basis.Unknown || a.Free != 3 || a.Holders != nil {
		t.Errorf("with three free: %+v", a)
	}
	if got := fmt.Sprint(a.Basis.Missing); got != "[subnet-interfaces/subnet-1]" {
		t.Errorf("wishes for %s", got)
	}

	a = FreeAddresses(evidence.NewView(evidence.NewStore()), "subnet-1")
	if !a.None.Basis.Unknown || !a.Basis.Unknown || fmt.Sprint(a.None.Basis.Missing) != "[subnet/subnet-1]" {
		t.Errorf("unread: %+v", a)
	}
}
