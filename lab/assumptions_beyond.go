package lab

const (
	tgwDocs      = "https://docs.aws.amazon.com/vpc/latest/tgw/"
	firewallDocs = "https://docs.aws.amazon.com/network-firewall/latest/developerguide/"
	route53Docs  = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/"
)

var beyondAssumptions = []Assumption{
	{"beyond.zone", "A transit gateway takes packets in by the attachment's interface in the sender's own zone; from a zone without one they are dropped, and the route stays active.", documented,
		tgwDocs + "tgw-vpc-attachments.html", "Take a zone's subnet out of an attachment and call the internet from there.", "TestATransitGatewayTakesPacketsInByZone"},
	{"beyond.attachment-acl", "Into the attachment's subnet packets cross its network ACL; what the gateway sends back is taken to cross the same one.", assumed,
		tgwDocs + "tgw-nacls.html says it for the way in", "Deny the tasks' block in the ACL of the attachment's subnets.", "TestATransitGatewayTakesPacketsInByZone"},
	{"beyond.blackhole", "A route to a transit gateway is a blackhole once the VPC has no attachment to it.", documented,
		vpcDocs + "VPC_Route_Tables.html", "Delete the attachment and describe the route table.", "TestATransitGatewayTakesPacketsInByZone"},
	{"firewall.by-name", "A list of names lets the TCP connection be made and drops the TLS handshake, so that Go programs say \"net/http: TLS handshake timeout\"; aws:drop_strict and 5-tuple rules drop the first packet.", documented,
		firewallDocs + "suricata-rule-evaluation-order.html", "Call a name that is not on the list with curl -v.", "TestAFirewallDropsByNameAndByAddress"},
	{"firewall.order", "In strict order the first rule that names a connection decides, then the default actions do; in the default order whatever lets pass goes first, and an allow list drops every other name.", documented,
		firewallDocs + "stateful-rule-groups-domain-names.html", "Put an allow list and a rule that drops into one policy, once in each order.", "TestAFirewallDropsByNameAndByAddress"},
	{"firewall.way-back", "The way back is taken to lead through the same firewall endpoint; routes back are not looked at.", assumed,
		"AWS asks for symmetric routes, and what else happens differs by rule", "Leave out the route back in the NAT gateway's subnet.", "TestBeyondIsHealthy"},
	{"dns.firewall", "DNS Firewall answers a blocked name as one that does not exist, also where the response is NODATA: a program sees no such host. ALERT lets the next rule be asked.", documented,
		route53Docs + "resolver-dns-firewall-rule-actions.html", "Block a name with each response and look it up with Go.", "TestWhoAnswersANameInTheVPC"},
	{"dns.forward", "The rule with the longest domain takes a name; the private name of an interface endpoint is more exact than every rule but one for that very name. Servers that do not answer are SERVFAIL, \"server misbehaving\" in Go.", documented,
		route53Docs + "resolver-overview-forward-vpc-to-network.html", "Forward \".\" to an address where nobody listens.", "TestWhoAnswersANameInTheVPC"},
	{"dns.options", "Another set of DHCP options holds for the next start of a task; tasks that run keep the servers of theirs.", assumed,
		vpcDocs + "DHCPOptionSetConcepts.html says that instances take it when they renew their lease", "Exchange the set and look a name up in a running task.", "TestScenarios/the-silent-butler"},
	{"files.write", "Past IAM EFS checks the numeric owner and mode of the directory with the access point's user, else the container's; a client without ClientWrite and a read-only mount point are told that the file system is read-only.", observed,
		"public reports; the order of the checks is in " + efsDocs + "enforce-identity-access-points.html", "Write with each of the three and read errno.", "TestWhoMayWrite"},
	{"files.disk", "A task's disk holds each image compressed and unpacked, three times its size in the registry together; the rest of 20 GiB, or of ephemeralStorage, is the program's.", assumed,
		guide + "fargate-task-storage.html says that both lie there, not how large they are", "Fill the disk of a task with dd.", "TestWhatADiskHolds"},
}
