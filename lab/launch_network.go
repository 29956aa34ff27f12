package lab

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// patience is how long the platform tries a connection that nobody answers before the task gives up. Seen in public
// reports as four to five minutes in PENDING.
const patience = 4*time.Minute + 20*time.Second

// The words below are AWS's. Where several generations are in use, it is the form of 2025 and 2026, after "Amazon ECS
// stopped tasks error messages updates"; forms seen only in public reports are marked.

// host names of the AWS services that a start talks to.
func (w *World) hostOf(service string) string {
	suffix := "amazonaws.com"
	if w.Partition == "aws-cn" {
		suffix = "amazonaws.com.cn"
	}
	switch service {
	case "ecr":
		service = "api.ecr"
	case "layers":
		service = "prod-" + w.Region + "-starport-layer-bucket.s3"
	}
	return service + "." + w.Region + "." + suffix
}

// dial is a connection from the task to a host; "" when it works, else the text that Go's network library gives.
func (w *World) dial(t *task, host string, port int32) (endpoint, text string) {
	r := w.reach(w.interfaces[t.eni], host, port)
	switch {
	case r.OK:
		return r.Endpoint, ""
	case r.Failure == "dns":
		return "", "dial tcp: lookup " + host + w.unresolved(t, r)
	case r.Failure == "refused":
		return "", fmt.Sprintf("dial tcp %s:%d: connect: connection refused", r.IP, port)
	case r.Handshake:
		return "", "net/http: TLS handshake timeout"
	}
	return "", fmt.Sprintf("dial tcp %s:%d: i/o timeout", r.IP, port)
}

// unresolved is the end of a lookup error: Amazon's resolver knows no such host; a server that the DHCP options name does not answer,
// or knows no such host either; a server that Amazon's resolver forwards to does not answer.
func (w *World) unresolved(t *task, r reachResult) string {
	if r.Server != "" {
		return fmt.Sprintf(" on %s:53: no such host", r.Server)
	}
	s := w.subnets[t.detail("subnetId")]
	if s == nil || w.vpcs[aws.ToString(s.VpcId)] == nil {
		return ": no such host"
	}
	v := w.vpcs[aws.ToString(s.VpcId)]
	server := w.nameServers(v)[0]
	if server != "AmazonProvidedDNS" {
		return fmt.Sprintf(" on %s:53: read udp %s:%d->%s:53: i/o timeout", server, t.detail("privateIPv4Address"), 32768+w.rng.IntN(28000), server)
	}
	resolvers := amazonResolvers(v)
	if r.Silent {
		return fmt.Sprintf(" on %s:53: server misbehaving", resolvers[len(resolvers)-1])
	}
	return fmt.Sprintf(" on %s:53: no such host", resolvers[len(resolvers)-1])
}

// session is how IAM names the task when it acts with its execution role.
func (w *World) session(t *task) string {
	return fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", w.Partition, w.Account, lastPart(aws.ToString(t.launch.definition.ExecutionRoleArn)), t.id)
}

// denied is IAM's sentence when the execution role may not do an action, else "".
func (w *World) denied(t *task, action, resource, resourcePolicy, endpoint string) string {
	r := w.authorize(lastPart(aws.ToString(t.launch.definition.ExecutionRoleArn)), action, resource, resourcePolicy, endpoint)
	if r.Allowed {
		return ""
	}
	return fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", w.session(t), action, resource, r.Reason)
}

const initError = "ResourceInitializationError: unable to pull secrets or registry auth: "

// registryAuth gets the token for ECR.
func (w *World) registryAuth(t *task) *failure {
	host := w.hostOf("ecr")
	endpoint, broken := w.dial(t, host, 443)
	if broken != "" {
		return &failure{patience: patience, reason: initError + "The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. " +
			"Check your task network configuration. operation error ECR: GetAuthorizationToken, exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , " +
			fmt.Sprintf("request send failed, Post \"https://%s/\": %s", host, broken)}
	}
	if no := w.denied(t, "ecr:GetAuthorizationToken", "*", "", endpoint); no != "" {
		return &failure{reason: initError + "execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: " + no}
	}
	return nil
}

// logDriver makes the log stream of a container.
func (w *World) logDriver(t *task, c *container) *failure {
	const start = "ResourceInitializationError: failed to validate logger args: "
	options := c.def.LogConfiguration.Options
	group := options["awslogs-group"]
	// Seen in public reports: the log driver's wait is cut short by a kill, and the text blames the log group first.
	endpoint, broken := w.dial(t, w.hostOf("logs"), 443)
	if broken != "" {
		return &failure{patience: patience, reason: start + "The task cannot find the Amazon CloudWatch log group defined in the task definition. " +
			"There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed"}
	}
	arn := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s:log-stream:", w.Partition, w.Region, w.Account, group)
	stream := c.stream(t)
	if w.logGroups[group] == nil && options["awslogs-create-group"] == "true" {
		if no := w.denied(t, "logs:CreateLogGroup", arn, "", endpoint); no != "" {
			return &failure{reason: start + "create stream has been retried 1 times: failed to create Cloudwatch log group: operation error CloudWatch Logs: CreateLogGroup, " +
				"https response error StatusCode: 400, RequestID: " + w.newUUID() + ", api error AccessDeniedException: " + no}
		}
		w.logGroups[group] = &logGroup{Name: group, Created: w.now, Class: "STANDARD", streams: map[string]*logStream{}}
	}
	if no := w.denied(t, "logs:CreateLogStream", arn+stream, "", endpoint); no != "" {
		return &failure{reason: start + "create stream has been retried 1 times: failed to create Cloudwatch log stream: operation error CloudWatch Logs: CreateLogStream, " +
			"https response error StatusCode: 400, RequestID: " + w.newUUID() + ", api error AccessDeniedException: " + no}
	}
	if w.logGroups[group] == nil {
		return &failure{reason: start + "create stream has been retried 1 times: failed to create Cloudwatch log stream: operation error CloudWatch Logs: CreateLogStream, " +
			"https response error StatusCode: 400, RequestID: " + w.newUUID() + ", ResourceNotFoundException: The specified log group does not exist. : exit status 1"}
	}
	c.logGroup, c.logStream = group, stream
	w.putLog(group, stream, w.now)
	return nil
}

// stream is the name of a container's log stream: PREFIX/CONTAINER/TASK, or the container's runtime id without a prefix.
func (c *container) stream(t *task) string {
	prefix := c.def.LogConfiguration.Options["awslogs-stream-prefix"]
	if prefix == "" {
		return t.id
	}
	return prefix + "/" + aws.ToString(c.def.Name) + "/" + t.id
}
