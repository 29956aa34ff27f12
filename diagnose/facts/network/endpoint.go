package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// onEndpoint asks a question about the endpoint that the packet goes to, or should go to. Where the way leads past
// every endpoint the answer is no; in another account's network one may be there unseen, and then it is open.
func (c *calc) onEndpoint(gateways bool, ask func(way) tri) (tri, way) {
	var answers []tri
	var at way
	for _, w := range c.ways() {
		t := no
		switch {
		case w.end == endEndpoint || w.end == endPrivateDNS || gateways && w.end == endGateway:
			t = unknown
			if !w.open && w.endpoint.ID != "" {
				t, at = ask(w), w
			}
		case c.unseen():
			t = unknown
		}
		answers = append(answers, t)
	}
	return agree(answers), at
}

// unseen reports whether another account's endpoint may answer for the name.
func (c *calc) unseen() bool {
	s, ok := c.subnet()
	if !ok || c.to.EndpointService == "" || c.ip.IsValid() && isPublic(c.ip) {
		return false
	}
	owner, shared := c.owner(s)
	if shared {
		c.becauseOwner(owner, "an endpoint for "+c.name())
	}
	return shared
}

// endpointSG: the endpoint's groups must admit the task, by one of its groups or by its subnet's block.
func (c *calc) endpointSG() Blocker {
	blocks, w := c.onEndpoint(false, func(w way) tri { return not(c.endpointAdmits(w.endpoint)) })
	if blocks != yes {
		return c.answer(blocks, "", "")
	}
	s, _ := c.subnet()
	return c.answer(yes, w.endpoint.Groups[0], fmt.Sprintf("%s of the endpoint %s: no ingress rule admits tcp/%d from %s",
		strings.Join(w.endpoint.Groups, ", "), w.endpoint.ID, c.to.Port, strings.Join(append(slices.Clone(c.from.SecurityGroups), s.CIDR), " or ")))
}

func (c *calc) endpointAdmits(e evidence.Endpoint) tri {
	return c.groupsAdmit(e.Groups, e.ID)
}

// groupsAdmit reports whether the security groups of something let the task in on the port, by one of its groups or by its subnet's block.
func (c *calc) groupsAdmit(ids []string, of string) tri {
	s, ok := c.subnet()
	if !ok {
		return unknown
	}
	if len(ids) == 0 {
		c.because("no security group of %s is told", of)
		return unknown
	}
	var rules []evidence.SGRule
	known := true
	for _, id := range ids {
		g, ok := c.group(id)
		known = known && ok
		if ok {
			rules = append(rules, g.Ingress...)
			c.v.Cite(evidence.SecurityGroupKey(id).Key, id, "IpPermissions", rulesSay(g.Ingress))
		}
	}
	var set []netip.Prefix
	if p, ok := prefix(s.CIDR); ok {
		set = append(set, p)
	}
	t := c.admits(rules, peer{set: set, member: c.isTaskGroup})
	if t == no && !known {
		return unknown
	}
	return t
}

// isTaskGroup reports whether the task is a member of a group.
func (c *calc) isTaskGroup(id string) tri {
	if len(c.from.SecurityGroups) > 0 {
		if slices.Contains(c.from.SecurityGroups, id) {
			return yes
		}
		return no
	}
	groups, known := c.defaultGroup()
	switch {
	case !known:
		return unknown
	case slices.ContainsFunc(groups, func(g evidence.SecurityGroup) bool { return g.ID == id }):
		return yes
	}
	return no
}

// endpointPolicy: the policy of the endpoint must allow what the step does.
func (c *calc) endpointPolicy() Blocker {
	detail := ""
	blocks, w := c.onEndpoint(true, func(w way) tri {
		t, says := c.policyBlocks(w.endpoint)
		detail = says
		return t
	})
	if w.endpoint.ID != "" {
		if s, ok := c.subnet(); ok {
			c.v.Cite(evidence.VpcEndpointsKey(s.VpcID).Key, w.endpoint.ID, "PolicyDocument", shorten(w.endpoint.Policy))
		}
	}
	return c.answer(blocks, w.endpoint.ID, detail)
}

func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	switch {
	case s == "":
		return "none (full access)"
	case len(s) > 300:
		return strings.ToValidUTF8(s[:300], "") + "..."
	}
	return s
}

// act is one thing that a step does at an endpoint. The resource ends in * where its name is not known.
type act struct{ action, resource string }

// acts are what a task's start does at the destination; ok is false where that is not known. Secrets, parameters and
// keys may be another account's.
// Source: Amazon ECR user guide, interface VPC endpoints; Amazon ECS developer guide, task execution IAM role.
func (c *calc) acts() (out []act, ok bool) {
	arn := func(service, account, rest string) string {
		begin := "arn:" + c.from.Partition + ":" + service + ":" + c.from.Region + ":"
		if account == "" {
			return begin + "*"
		}
		return begin + account + ":" + rest
	}
	switch c.to.Name {
	case "ecr.api":
		return []act{{"ecr:GetAuthorizationToken", "*"}}, true
	case "ecr.dkr":
		account, _, _ := strings.Cut(c.to.Host, ".dkr.ecr")
		repository := arn("ecr", account, "repository/*")
		return []act{{"ecr:BatchGetImage", repository}, {"ecr:GetDownloadUrlForLayer", repository}}, true
	case "s3":
		bucket := "arn:" + c.from.Partition + ":s3:::"
		if strings.Contains(c.to.Host, "starport-layer-bucket") { // where ECR keeps image layers
			bucket += "prod-" + c.from.Region + "-starport-layer-bucket/"
		}
		return []act{{"s3:GetObject", bucket + "*"}}, true
	case "logs":
		group := arn("logs", c.from.Account, "log-group:*")
		return []act{{"logs:CreateLogStream", group}, {"logs:PutLogEvents", group}}, true
	case "secretsmanager":
		return []act{{"secretsmanager:GetSecretValue", arn("secretsmanager", "", "")}}, true
	case "ssm":
		return []act{{"ssm:GetParameters", arn("ssm", "", "")}}, true
	case "ssmmessages":
		return []act{{"ssmmessages:CreateControlChannel", "*"}, {"ssmmessages:OpenControlChannel", "*"}, {"ssmmessages:CreateDataChannel", "*"}, {"ssmmessages:OpenDataChannel", "*"}}, true
	case "kms":
		return []act{{"kms:Decrypt", arn("kms", "", "")}}, true
	}
	return nil, false
}

func (c *calc) policyBlocks(e evidence.Endpoint) (tri, string) {
	if e.State == "" { // a route names it, but the list of endpoints was not read or does not show it
		if s, ok := c.subnet(); ok && c.v.State(evidence.VpcEndpointsKey(s.VpcID).Key) == evidence.Found {
			c.because("%s is not visible, nor is its policy", e.ID)
		}
		return unknown, ""
	}
	if e.Policy == "" {
		return no, ""
	}
	p, err := parsePolicy(e.Policy)
	if err != nil {
		c.because("the policy of %s could not be read: %v", e.ID, err)
		return unknown, ""
	}
	acts, ok := c.acts()
	if !ok {
		if p.fullAccess() {
			return no, ""
		}
		c.because("%s has a policy, and what it must allow for %s is not known", e.ID, c.name())
		return unknown, ""
	}
	out := no
	for _, a := range acts {
		switch t, says := p.refuses(a); t {
		case yes:
			return yes, fmt.Sprintf("the policy of %s %s %s on %s", e.ID, says, a.action, a.resource)
		case unknown:
			c.because("the policy of %s decides about %s by conditions, principals or names that are not known here", e.ID, a.action)
			out = unknown
		}
	}
	return out, ""
}
