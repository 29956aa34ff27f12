package report

import (
	"time"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
)

// at is the time of the evidence of all samples.
var at = time.Date(2026, 11, 20, 9, 30, 12, 0, time.UTC)

func minutesAgo(n int) time.Time { return at.Add(-time.Duration(n) * time.Minute) }

func reportOn(targets ...diagnose.TargetReport) diagnose.Report {
	return diagnose.Report{
		Schema: diagnose.Schema, At: at, Targets: targets,
		Caller: evidence.Caller{Account: "111122223333", ARN: "arn:aws:sts::111122223333:assumed-role/oncall/me", Region: "eu-west-1", Partition: "aws"},
		Calls:  diagnose.Calls{Total: 23, Waves: 4, ByAction: map[string]int{"ecs:DescribeTasks": 2, "ecs:DescribeServices": 1}},
	}
}

func service(name string) evidence.Target {
	return evidence.Target{Kind: evidence.TargetService, Cluster: "shop", Service: name}
}

func cite(call, resource, field, value string) evidence.Cite {
	return evidence.Cite{Call: call, Resource: resource, Field: field, Value: value, At: minutesAgo(0)}
}

const noAnswer = `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post "https://api.ecr.eu-west-1.amazonaws.com/": dial tcp 52.1.2.3:443: i/o timeout`

// noRoute: a new revision cannot start, the old one still serves, and there is much to tell.
func noRoute() diagnose.Report {
	terraform := diagnose.Owner{Tool: "Terraform", Name: "network", Say: "change it in the Terraform configuration too, or the next apply puts it back"}
	f := diagnose.Finding{
		ID: "net.no-egress-route", Verdict: diagnose.Confirmed, Title: "The task's subnet has no way to the registry", Case: "image-pull",
		Subject: diagnose.SubjectRef{Kind: "route-table", ID: "rtb-0a1b", Owner: terraform}, Tasks: 37, Share: 1,
		Says: "Route table rtb-0a1b of subnet-0priva has no route for 52.1.2.3, so api.ecr.eu-west-1.amazonaws.com cannot be reached, and the VPC has no endpoint for it.",
		Why:  "A Fargate task calls ECR through its own network interface. Without a NAT gateway, a public address or endpoints, its packets go nowhere and the call times out after minutes.",
		Steps: []diagnose.Step{
			{Check: "the route table of the task's subnet leads nowhere", Verdict: "true", Cites: []evidence.Cite{
				cite("ec2:DescribeRouteTables", "rtb-0a1b", "routes", "10.0.0.0/16 -> local"),
				cite("ec2:DescribeRouteTables", "rtb-0a1b", "associations", "subnet-0priva"),
			}},
			{Check: "no endpoint answers for the registry", Verdict: "true", Cites: []evidence.Cite{cite("ec2:DescribeVpcEndpoints", "vpc-0shop", "endpoints", "")}},
		},
		Path: []network.Hop{
			{Kind: "task", ID: "subnet-0priva", Says: "the task in subnet-0priva eu-west-1a", State: network.HopOK},
			{Kind: "route-table", ID: "rtb-0a1b", Says: "no route for 52.1.2.3", State: network.HopBlocked},
			{Kind: "destination", ID: "api.ecr.eu-west-1.amazonaws.com", Says: "cannot be reached", State: network.HopBlocked},
		},
		Mitigate: []diagnose.Action{{Say: "Go back to orders:6: it is ACTIVE and 2 of its tasks still serve.",
			Command: "aws ecs update-service --cluster shop --service orders --task-definition orders:6 --region eu-west-1"}},
		Fix: []diagnose.Action{
			{Say: "Send the subnet's traffic to NAT gateway nat-0c2d.", Calls: []diagnose.Call{{Service: "ec2", Operation: "CreateRoute", Input: map[string]any{"RouteTableId": "rtb-0a1b"}}},
				Command: "aws ec2 create-route --destination-cidr-block 0.0.0.0/0 --nat-gateway-id nat-0c2d --route-table-id rtb-0a1b --region eu-west-1",
				Undo:    "aws ec2 delete-route --route-table-id rtb-0a1b --destination-cidr-block 0.0.0.0/0", Owner: terraform},
			{Say: "Run the tasks in the subnet that has a route.", Calls: []diagnose.Call{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{}}},
				Command:  "aws ecs update-service --cluster shop --service orders --region eu-west-1 --network-configuration '{}'",
				Replaces: "the service's whole network configuration", ReducesCapacity: true, Undo: "set the old configuration again"},
		},
		Verify:    "The next task reaches RUNNING within a minute of its start",
		Explained: []diagnose.Finding{{ID: "svc.start-backoff", Verdict: diagnose.Confirmed, Title: "ECS delays further starts", Subject: diagnose.SubjectRef{Kind: "service", ID: "orders"}}},
		Docs:      []string{"https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html"},
	}
	return reportOn(diagnose.TargetReport{
		Target: service("orders"), Health: facts.Degraded,
		Impact: facts.Impact{Desired: 2, Running: 2, NewRevision: "orders:7", OldRevision: "orders:6", OldRunning: 2, Failures: 37,
			Since: evidence.When(minutesAgo(31)), BackingOff: true, Status: "ACTIVE", Rollout: "IN_PROGRESS"},
		Incidents: []diagnose.IncidentInfo{{Kind: facts.KindStopped, Symptom: "image-pull/ecr/registry-auth-network", Message: noAnswer, Tasks: 37,
			Samples: []string{"1f00000000000000000000000000000a"}, First: minutesAgo(31), Last: minutesAgo(2), Share: 1, Ongoing: true,
			Subnet: "subnet-0priva", Revision: "orders:7", ExplainedBy: "net.no-egress-route"}},
		Findings: []diagnose.Finding{f},
		RuledOut: []diagnose.RuledOut{{ID: "net.nacl", By: "the network ACL of the subnet drops the packets", Says: "not so: the network ACL of the subnet drops the packets"},
			{ID: "iam.exec-role-ecr-auth", By: "the role lacks the permission", Says: "not so: the role lacks the permission"},
			{ID: "net.security-group", By: "task 2a started", Says: "task 2a with the same subnet, security groups, role and image passed this stage at 2026-11-20 09:20:00 UTC"},
			{ID: "net.blackhole-route", By: "the route leads to something deleted", Says: "not so: the route leads to something deleted"},
			{ID: "net.nat-failed", By: "the route leads to a NAT gateway that is not available", Says: "not so: the route leads to a NAT gateway that is not available"},
			{ID: "dns.vpc-dns-off", By: "DNS is off", Says: "not so: DNS is off"}},
		Undecided: []diagnose.Undecided{{ID: "net.dns-off", Missing: []string{"vpc-dns/vpc-0shop"}}},
		Gaps: []evidence.Gap{{Key: evidence.Key{Kind: evidence.KindVpcDNS, ID: "vpc-0shop"}, Call: "ec2:DescribeVpcAttribute", Reason: "UnauthorizedOperation",
			Message: "You are not authorized to perform this operation.", Fix: "allow ec2:DescribeVpcAttribute"}},
	})
}

// crashLoop: everything is down and the log says why.
func crashLoop() diagnose.Report {
	return reportOn(diagnose.TargetReport{
		Target: service("orders"), Health: facts.Down,
		Impact: facts.Impact{Desired: 2, NewRevision: "orders:7", Failures: 412, Since: evidence.When(minutesAgo(125)), Status: "ACTIVE"},
		Incidents: []diagnose.IncidentInfo{{Kind: facts.KindStopped, Symptom: "exit/nonzero", Message: "Essential container in task exited", Tasks: 412,
			First: minutesAgo(125), Last: minutesAgo(1), Revision: "orders:7", ExplainedBy: "app.exit"}},
		Findings: []diagnose.Finding{{ID: "app.exit", Verdict: diagnose.Confirmed, Title: "The program ends with an error soon after its start", Case: "crash",
			Subject: diagnose.SubjectRef{Kind: "container", ID: "orders:7 app"},
			Says:    `Container app of orders:7 ends with exit code 1. Its log ends with "FATAL: database orders-db refused the connection".`,
			Why:     "The program started, so image, network interface and roles are fine.",
			Steps: []diagnose.Step{{Check: "the container ended with an exit code of its own", Verdict: "true", Cites: []evidence.Cite{
				cite("ecs:DescribeTasks", "1f0a", "containers[app].exit_code", "1")}},
				{Check: "the log names the reason", Verdict: "true", Cites: []evidence.Cite{cite("logs:GetLogEvents", "/ecs/orders", "line", "FATAL: database orders-db refused the connection")}}},
			Log: []string{"starting", "FATAL: database orders-db refused the connection"},
			Fix: []diagnose.Action{{Say: "Let the program in: see why orders-db refuses it."}}, Verify: "the tasks stay up"}},
	})
}

// tagMissing: the mitigation is the fix.
func tagMissing() diagnose.Report {
	back := diagnose.Action{Say: "Go back to orders:6, whose image is there.", Calls: []diagnose.Call{{Service: "ecs", Operation: "UpdateService", Input: map[string]any{}}},
		Command: "aws ecs update-service --cluster shop --service orders --task-definition orders:6 --region eu-west-1"}
	return reportOn(diagnose.TargetReport{
		Target: service("orders"), Health: facts.Down,
		Impact: facts.Impact{Desired: 2, NewRevision: "orders:7", Failures: 4, Since: evidence.When(minutesAgo(9)), Status: "ACTIVE"},
		Incidents: []diagnose.IncidentInfo{{Kind: facts.KindStopped, Message: "CannotPullContainerError: orders:1.4.3: not found", Tasks: 4,
			First: minutesAgo(9), Last: minutesAgo(1), Revision: "orders:7", ExplainedBy: "image.tag-missing"}},
		Findings: []diagnose.Finding{{ID: "image.tag-missing", Verdict: diagnose.Confirmed, Title: "The image tag is not in the repository", Case: "image-pull",
			Subject: diagnose.SubjectRef{Kind: "image", ID: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/orders:1.4.3"},
			Says:    "orders:7 asks for tag 1.4.3, and repository shop/orders has no such tag.", Why: "A tag is only a name.",
			Steps: []diagnose.Step{{Check: "the repository exists and does not hold the tag", Verdict: "true", Cites: []evidence.Cite{
				cite("ecr:DescribeImages", "shop/orders", "image_tag=1.4.3", "ImageNotFoundException")}}},
			Mitigate: []diagnose.Action{back}, Fix: []diagnose.Action{back}, Verify: "a task runs"}},
	})
}

// denied: what failed is known, why is not, for the calls that would tell are denied.
func denied() diagnose.Report {
	gap := func(kind evidence.Kind, id, call string) evidence.Gap {
		return evidence.Gap{Key: evidence.Key{Kind: kind, ID: id}, Call: call, Reason: "UnauthorizedOperation", Message: "You are not authorized to perform this operation.", Fix: "allow " + call}
	}
	open := func(id, title string) diagnose.Finding {
		return diagnose.Finding{ID: id, Verdict: diagnose.NotClear, Title: title, Steps: []diagnose.Step{
			{Check: "the route table of the task's subnet leads nowhere", Verdict: "unknown", Missing: []string{"route-tables/vpc-0shop"}}}}
	}
	return reportOn(diagnose.TargetReport{
		Target: service("orders"), Health: facts.Down,
		Impact:    facts.Impact{Desired: 2, NewRevision: "orders:7", Failures: 4, Since: evidence.When(minutesAgo(9)), Status: "ACTIVE"},
		Incidents: []diagnose.IncidentInfo{{Kind: facts.KindStopped, Message: noAnswer, Tasks: 4, First: minutesAgo(9), Last: minutesAgo(1), Subnet: "subnet-0priva", Revision: "orders:7"}},
		Findings:  []diagnose.Finding{open("net.no-egress-route", "The task's subnet has no way to the registry"), open("net.blackhole-route", "The route leads to something deleted")},
		Gaps:      []evidence.Gap{gap(evidence.KindRouteTables, "vpc-0shop", "ec2:DescribeRouteTables"), gap(evidence.KindVpcEndpoints, "vpc-0shop", "ec2:DescribeVpcEndpoints")},
	})
}

// changed: the evidence fits, but is newer than the failure.
func changed() diagnose.Report {
	r := crashLoop()
	f := &r.Targets[0].Findings[0]
	f.Verdict, f.ChangedBy = diagnose.Changed, "what was read says that it changed at 2026-11-20T09:29:00Z, after the last failure"
	return r
}

func healthy(name string) diagnose.TargetReport {
	return diagnose.TargetReport{Target: service(name), Health: facts.Healthy,
		Impact: facts.Impact{Desired: 2, Running: 2, NewRevision: name + ":6", NewRunning: 2, Status: "ACTIVE"}}
}

// sweep: two services share a cause, one has its own, one is not readable, two are well.
func sweep() diagnose.Report {
	shared := noRoute().Targets[0]
	other := shared
	other.Target = service("billing")
	own := crashLoop().Targets[0]
	own.Target = service("cart")
	blind := diagnose.TargetReport{Target: service("audit"), Health: facts.Unknown, Gaps: []evidence.Gap{{Key: evidence.Key{Kind: evidence.KindService, ID: "shop/audit"},
		Call: "ecs:DescribeServices", Reason: "AccessDeniedException", Message: "no", Fix: "allow ecs:DescribeServices"}}}
	r := reportOn(healthy("web"), shared, blind, own, other, healthy("mail"))
	r.Shared = []diagnose.Shared{{ID: "net.no-egress-route", Title: "The task's subnet has no way to the registry", Subject: diagnose.SubjectRef{Kind: "route-table", ID: "rtb-0a1b"},
		Services: []string{"shop/orders", "shop/billing"}}}
	return r
}
