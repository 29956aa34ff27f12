package lab

const shareDocs = vpcDocs + "vpc-share-limitations.html"

var sharingAssumptions = []Assumption{
	{"sharing.seen", "Of a VPC that another account shares a participant describes the VPC, its attributes and DHCP options, the internet gateway, and the subnets that are shared with it with their route tables and network ACLs.", documented,
		shareDocs, "Describe each kind from a participant, with the VPC's id as filter.", "TestWhatAParticipantSees"},
	{"sharing.nat", "The owner's NAT gateways are not shown, though the route table names them.", observed,
		"public reports of shared networks", "aws ec2 describe-nat-gateways from a participant.", "TestWhatAParticipantSees"},
	{"sharing.hidden", "Nor are the owner's VPC endpoints and security groups, and of network interfaces only the participant's own.", assumed,
		"the guide says that participants cannot view resources of the owner, with exceptions that do not name endpoints; editions of it differ about security groups", "aws ec2 describe-vpc-endpoints, describe-security-groups and describe-network-interfaces from a participant.", "TestWhatAParticipantSees"},
	{"sharing.other-subnets", "Of route tables and ACLs only those of shared subnets are shown, and in them only the associations of shared subnets and the main one.", assumed,
		"the guide says \"in a shared VPC subnet\" and no more", "Share one of two subnets that have the same route table, and describe it from the participant.", "TestWhatAParticipantSees"},
	{"sharing.tags", "The owner's tags are not shown.", documented,
		shareDocs, "Describe a shared subnet from both accounts.", "TestWhatAParticipantSees"},
	{"sharing.refused", "A participant who changes what is the owner's is refused with UnauthorizedOperation; he makes and changes security groups of his own.", assumed,
		"the guide says what participants cannot do, not how EC2 refuses it; another code may be InvalidRouteTableID.NotFound", "Delete a route of a shared subnet's table as a participant.", "TestWhatAParticipantMayChange"},
	{"sharing.block-public-access", "VPC Block Public Access of a participant does not reach a shared VPC; the owner's is not modelled.", assumed,
		"the option is described as one of an account's own VPCs", "Turn it on in a participant and call the internet from a shared subnet.", "TestWhatAParticipantSees"},
	{"sharing.withdrawn", "When a subnet is shared no longer, tasks in it run on, it is not shown any more, and a new task's interface is refused with AuthFailure.", observed,
		"public reports of the stopped reason; " + vpcDocs + "vpc-sharing-stop-share-subnet.html says that resources run on and none can be made", "Take a subnet out of the resource share and scale a service out.", "TestAWithdrawnShare"},
	{"beyond.central", "A hub with interface endpoints shares private hosted zones with its spokes: the names resolve to its addresses, and the transit gateway takes the packets there. No call of the spoke's account shows any of it.", documented,
		"https://docs.aws.amazon.com/whitepapers/latest/building-scalable-secure-multi-vpc-network-infrastructure/centralized-access-to-vpc-private-endpoints.html", "Look up api.ecr.REGION.amazonaws.com in a spoke.", "TestASpokeDependsOnItsHub"},
}
