package lab

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// FireLens: ECS writes the router's configuration from the log options of the other containers; the router is a container like any other,
// which sends what they say to its output, as the task role (ECS developer guide, "Send Amazon ECS logs to an AWS service").

// fluentBitOutputs are the outputs that aws-for-fluent-bit has. Only CloudWatch Logs is played; what goes to another is out of sight.
var fluentBitOutputs = []string{"cloudwatch", "cloudwatch_logs", "datadog", "es", "firehose", "forward", "http", "kafka", "kinesis", "kinesis_firehose", "kinesis_streams", "loki", "newrelic", "nrlogs",
	"null", "opensearch", "s3", "splunk", "stdout"}

// routed tells whether a container logs through FireLens.
func (c *container) routed() bool {
	return c.def.LogConfiguration != nil && c.def.LogConfiguration.LogDriver == ecstypes.LogDriverAwsfirelens
}

// router is the log router of a task; nil = it has none.
func (t *task) router() *container {
	i := slices.IndexFunc(t.containers, func(c *container) bool { return c.def.FirelensConfiguration != nil })
	if i < 0 {
		return nil
	}
	return t.containers[i]
}

// output is the name of the output that a container's log goes to; "" = it names none.
func (c *container) output() string {
	o := c.def.LogConfiguration.Options
	return cmp.Or(o["Name"], o["name"], o["@type"])
}

// routerConfig is what ECS does before the containers start: it writes the router's configuration.
func (w *World) routerConfig(t *task, router *container) *failure {
	const start = "ResourceInitializationError: failed to initialize firelens: "
	o := router.def.FirelensConfiguration.Options
	switch kind := o["config-file-type"]; {
	case kind != "" && o["config-file-value"] == "":
		return &failure{container: router, reason: start + "option config-file-type is specified but config-file-value is not specified"}
	case kind == "s3" && t.LaunchType == ecstypes.LaunchTypeFargate:
		return &failure{container: router, reason: start + "unable to download firelens s3 config file: config-file-type s3 is not supported on Fargate"}
	}
	for _, c := range t.containers {
		if kind := router.def.FirelensConfiguration.Type; c.routed() && c.output() == "" && o["config-file-type"] == "" && len(c.def.LogConfiguration.Options) > 0 {
			key := map[ecstypes.FirelensConfigurationType]string{ecstypes.FirelensConfigurationTypeFluentd: "@type"}[kind]
			return &failure{container: router, reason: start + fmt.Sprintf("missing output key %s which is required for firelens configuration of type %s", cmp.Or(key, "Name"), kind)}
		}
	}
	return nil
}

// unrouted is the failure of a container that logs through FireLens in a task without a router; nil = there is none.
func (t *task) unrouted() *failure {
	for _, c := range t.containers {
		if c.routed() && t.router() == nil {
			return &failure{container: c, reason: "CannotStartContainerError: ResourceInitializationError: failed to initialize logging driver: dial tcp 127.0.0.1:24224: connect: connection refused"}
		}
	}
	return nil
}

// useOutputs is the router reading its configuration. It ends with code 1 where it does not know an output, and ok is false.
func (w *World) useOutputs(t *task, router *container) (ok bool) {
	for _, c := range t.containers {
		if name := ""; c.routed() {
			if name = c.output(); name != "" && !slices.Contains(fluentBitOutputs, name) {
				w.say(t, router, fmt.Sprintf("[error] [config] section '%s' tried to instance a plugin name that does not exist", name), "[error] configuration file contains errors, aborting.")
				w.exit(t, router, 1, "")
				return false
			}
		}
	}
	return true
}

// route takes lines that a container says to the router, which delivers them. Where the router is not there they are lost: the driver of
// FireLens does not wait.
func (w *World) route(t *task, c *container, lines []string) {
	router := t.router()
	if router == nil || router.done || len(lines) == 0 {
		return
	}
	if !router.serving { // the driver keeps them for a moment
		w.later(t, time.Second, func() { w.route(t, c, lines) })
		return
	}
	o := c.def.LogConfiguration.Options
	if name := c.output(); name != "cloudwatch" && name != "cloudwatch_logs" {
		return
	}
	group, stream := o["log_group_name"], cmp.Or(o["log_stream_name"], o["log_stream_prefix"]+aws.ToString(c.def.Name)+"-firelens-"+t.id)
	if wrong := w.openStream(t, group, stream, o["auto_create_group"] == "true"); wrong != "" {
		w.say(t, router, fmt.Sprintf("[error] [output:%s:%s.1] %s", c.output(), c.output(), wrong), fmt.Sprintf("[ warn] [engine] failed to flush chunk '1-%d.flb', retry in 8 seconds: task_id=0, input=forward.1 > output=%s.1", w.now.Unix(), c.output()))
		return
	}
	w.putLog(group, stream, w.now, lines...)
}

// openStream makes the router's log stream, as the task role; "" = it is there and takes lines.
func (w *World) openStream(t *task, group, stream string, create bool) string {
	endpoint, broken := w.dial(t, w.hostOf("logs"), 443)
	if broken != "" {
		return fmt.Sprintf("could not reach %s: %s", w.hostOf("logs"), broken)
	}
	role := lastPart(aws.ToString(t.launch.definition.TaskRoleArn))
	if role == "" {
		return "failed to retrieve credentials: the task has no task role"
	}
	arn := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s:log-stream:", w.Partition, w.Region, w.Account, group)
	actions := []string{"logs:CreateLogStream", "logs:PutLogEvents"}
	if w.logGroups[group] == nil && create {
		actions = append([]string{"logs:CreateLogGroup"}, actions...)
	}
	for _, action := range actions {
		on := arn
		if action != "logs:CreateLogGroup" {
			on += stream
		}
		if r := w.authorize(role, action, on, "", endpoint); !r.Allowed {
			return fmt.Sprintf("%s API responded with error='AccessDeniedException', message='User: arn:%s:sts::%s:assumed-role/%s/%s is not authorized to perform: %s on resource: %s %s'",
				action[len("logs:"):], w.Partition, w.Account, role, t.id, action, on, r.Reason)
		}
	}
	if w.logGroups[group] == nil {
		if !create {
			return "CreateLogStream API responded with error='ResourceNotFoundException', message='The specified log group does not exist.'"
		}
		w.logGroups[group] = &logGroup{Name: group, Created: w.now, Class: "STANDARD", streams: map[string]*logStream{}}
	}
	return ""
}
