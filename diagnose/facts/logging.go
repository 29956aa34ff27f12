package facts

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/evidence"
)

// Logging is the log configuration of the container the incident is about, and of the log router of its task.
type Logging struct {
	Driver            string         `json:"driver"` // awslogs, splunk, awsfirelens; "" = none
	Region            string         `json:"region"` // awslogs-region
	Mode              string         `json:"mode"`   // blocking, non-blocking; "" = the account's default, non-blocking since June 2025
	CreatesGroup      bool           `json:"creates_group"`
	Router            string         `json:"router"` // the FireLens router of the task; "" = none
	Options           Check          `json:"options"`
	Blocking          Check          `json:"blocking"`
	OtherRegion       Check          `json:"other_region"`
	CreateGroupDenied Check          `json:"create_group_denied"`
	RouterConfig      Check          `json:"router_config"`
	RouterOrder       Check          `json:"router_order"`
	Destination       Check          `json:"destination"`    // the task role may not send where the router sends
	StreamMissing     Check          `json:"stream_missing"` // the Kinesis stream to which the router sends does not exist
	Basis             evidence.Basis `json:"-"`
}

// awslogsOptions are the options of the awslogs driver (AWS documentation, using_awslogs; Docker's own list). The value
// says whether Fargate wants it.
var awslogsOptions = map[string]bool{
	"awslogs-group": true, "awslogs-region": true, "awslogs-stream-prefix": true, "awslogs-create-group": false, "awslogs-datetime-format": false,
	"awslogs-multiline-pattern": false, "mode": false, "max-buffer-size": false, "awslogs-endpoint": false, "awslogs-format": false,
	"awslogs-create-stream": false, "awslogs-force-flush-interval-seconds": false, "awslogs-max-buffered-events": false, "awslogs-stream": false, "tag": false,
}

func loggingFact(v *evidence.View, in *Incident) {
	w := v.Track()
	td, known := launched(w, in)
	if !known {
		b := w.Undecided("")
		in.Logging = Logging{Basis: b}
		l := &in.Logging
		for _, c := range []*Check{&l.Options, &l.Blocking, &l.OtherRegion, &l.CreateGroupDenied, &l.RouterConfig, &l.RouterOrder, &l.Destination, &l.StreamMissing} {
			c.Basis = b
		}
		return
	}
	c := concernedContainer(td, in)
	say := func(field, value string) evidence.Basis {
		return evidence.Basis{Cites: citeDefinition(v, in, "containerDefinitions["+c.Name+"].logConfiguration"+field, value)}
	}
	l := Logging{Driver: c.LogDriver, Region: option(c, "awslogs-region"), Mode: option(c, "mode"), CreatesGroup: option(c, "awslogs-create-group") == "true", Basis: say("", cmp.Or(c.LogDriver, "none"))}
	l.Options = Check{Resource: c.Name, Detail: optionFault(c), Basis: say(".options", optionNames(c))}
	l.Options.Holds = l.Options.Detail != ""
	l.Blocking = Check{Holds: l.Mode == "blocking", Resource: c.Name, Basis: say(".options.mode", cmp.Or(l.Mode, "not set"))}
	l.OtherRegion = Check{Holds: l.Driver == "awslogs" && l.Region != "" && l.Region != in.Launch.Region, Resource: l.Region, Basis: say(".options.awslogs-region", l.Region)}
	if in.Launch.Region == "" {
		l.OtherRegion.Basis = w.Undecided("the region of the task is not known")
	}
	l.CreateGroupDenied = createGroupDenied(v, in, l, td)
	l.router(v, in, td, c)
	in.Logging = l
}

func optionNames(c evidence.ContainerDefinition) string {
	var out []string
	for _, o := range c.LogOptions {
		out = append(out, o.Key)
	}
	return strings.Join(out, ", ")
}

// optionFault says what is wrong with the options of the awslogs driver; "" = nothing, or another driver.
func optionFault(c evidence.ContainerDefinition) string {
	if c.LogDriver != "awslogs" {
		return ""
	}
	for _, o := range c.LogOptions {
		if _, ok := awslogsOptions[o.Key]; !ok {
			return "awslogs has no option " + o.Key
		}
	}
	for _, must := range []string{"awslogs-group", "awslogs-region", "awslogs-stream-prefix"} {
		if option(c, must) == "" {
			return "option " + must + " is missing"
		}
	}
	if option(c, "awslogs-datetime-format") != "" && option(c, "awslogs-multiline-pattern") != "" {
		return "awslogs-datetime-format and awslogs-multiline-pattern exclude each other"
	}
	if m := option(c, "mode"); m != "" && m != "blocking" && m != "non-blocking" {
		return "mode is " + m + ", and only blocking and non-blocking exist"
	}
	return ""
}

// createGroupDenied asks what the execution role may do only where the driver is told to make the group.
func createGroupDenied(v *evidence.View, in *Incident, l Logging, td evidence.TaskDefinition) Check {
	role := td.ExecutionRoleARN
	c := Check{Resource: iam.RoleName(role), Basis: l.Basis}
	if !l.CreatesGroup || role == "" {
		return c
	}
	if in.Message.Fields.Action == "logs:CreateLogGroup" && in.Permission.Denied.Basis.Missing == nil && !in.Permission.Denied.Basis.Unknown {
		c.Holds, c.Detail, c.Basis = in.Permission.Denied.Holds, in.Permission.Denied.Detail, in.Permission.Denied.Basis
		return c
	}
	d := iam.RoleMay(v.Track(), role, "logs:CreateLogGroup", "arn:"+in.Launch.Partition+":logs:"+in.Launch.Region+":"+in.Launch.Account+":log-group:"+in.Definition.LogGroup+":log-stream:", nil)
	c.Holds, c.Detail, c.Basis = d.Denied, d.Says, d.Basis
	if d.Basis.Unknown && in.Message.Fields.Action == "logs:CreateLogGroup" && ownReasons[in.Message.Fields.DenyReason] {
		c.Holds, c.Detail, c.Basis = true, "AWS says so itself: "+reasonWords[in.Message.Fields.DenyReason], evidence.Basis{Cites: in.Basis.Cites, Missing: d.Basis.Missing}
	}
	return c
}

// router looks at the FireLens router of the task, if there is one.
func (l *Logging) router(v *evidence.View, in *Incident, td evidence.TaskDefinition, c evidence.ContainerDefinition) {
	var router evidence.ContainerDefinition
	for _, r := range td.Containers {
		if r.FirelensType != "" {
			router = r
		}
	}
	l.Router = router.Name
	cite := func(name, field, value string) evidence.Basis {
		return evidence.Basis{Cites: citeDefinition(v, in, "containerDefinitions["+name+"]."+field, value)}
	}
	get := func(name string) string {
		i := slices.IndexFunc(router.FirelensOptions, func(t evidence.Tag) bool { return t.Key == name })
		if i < 0 {
			return ""
		}
		return router.FirelensOptions[i].Value
	}
	kind, value := get("config-file-type"), get("config-file-value")
	l.RouterConfig = Check{Resource: router.Name, Basis: cite(router.Name, "firelensConfiguration.options", cmp.Or(strings.TrimSpace(kind+" "+value), "none"))}
	switch {
	case kind == "s3" && fargate(in.Launch.LaunchType):
		l.RouterConfig.Holds, l.RouterConfig.Detail = true, "config-file-type is s3, which Fargate does not have: only a file in the router's image"
	case kind != "" && value == "":
		l.RouterConfig.Holds, l.RouterConfig.Detail = true, "config-file-type is "+kind+" and config-file-value is missing"
	}
	waits := slices.ContainsFunc(c.DependsOn, func(d evidence.ContainerDependency) bool { return d.Container == router.Name })
	l.RouterOrder = Check{Holds: c.LogDriver == "awsfirelens" && !waits, Resource: c.Name, Basis: cite(c.Name, "dependsOn", map[bool]string{true: router.Name, false: "not " + cmp.Or(router.Name, "a log router")}[waits])}
	l.Destination = destinationDenied(v, in, td, cite)
	l.StreamMissing = streamMissing(v, in, td, cite)
}

// plugins are the outputs of Fluent Bit whose permission is known: the action, and the option that names the resource.
var plugins = map[string]struct{ action, option, resource string }{
	"cloudwatch":       {"logs:PutLogEvents", "log_group_name", "logs:REGION:ACCOUNT:log-group:NAME:log-stream:*"},
	"cloudwatch_logs":  {"logs:PutLogEvents", "log_group_name", "logs:REGION:ACCOUNT:log-group:NAME:log-stream:*"},
	"firehose":         {"firehose:PutRecordBatch", "delivery_stream", "firehose:REGION:ACCOUNT:deliverystream/NAME"},
	"kinesis_firehose": {"firehose:PutRecordBatch", "delivery_stream", "firehose:REGION:ACCOUNT:deliverystream/NAME"},
	"kinesis":          {"kinesis:PutRecords", "stream", "kinesis:REGION:ACCOUNT:stream/NAME"},
	"kinesis_streams":  {"kinesis:PutRecords", "stream", "kinesis:REGION:ACCOUNT:stream/NAME"},
	"s3":               {"s3:PutObject", "bucket", "s3:::NAME/*"},
}

// destinationDenied asks whether the task role may send where the options of awsfirelens say: Fluent Bit is a container
// and uses the task role, not the execution role.
func destinationDenied(v *evidence.View, in *Incident, td evidence.TaskDefinition, cite func(name, field, value string) evidence.Basis) Check {
	none := Check{Basis: cite("", "logConfiguration", "no output of FireLens whose permission is known")}
	for _, c := range td.Containers {
		p, ok := plugins[strings.ToLower(cmp.Or(option(c, "Name"), option(c, "name")))]
		if c.LogDriver != "awsfirelens" || !ok {
			continue
		}
		name := option(c, p.option)
		if td.TaskRoleARN == "" {
			return Check{Holds: true, Resource: in.Launch.TaskDefinition, Detail: "the task definition has no task role, which the router would send with", Basis: cite(c.Name, "logConfiguration.options", p.action)}
		}
		region := cmp.Or(option(c, "region"), in.Launch.Region)
		if name == "" || strings.Contains(name, "$") {
			name = "*"
		}
		arn := "arn:" + in.Launch.Partition + ":" + strings.NewReplacer("REGION", region, "ACCOUNT", in.Launch.Account, "NAME", name).Replace(p.resource)
		if strings.HasPrefix(p.resource, "s3") {
			arn = "arn:" + in.Launch.Partition + ":s3:::" + name + "/*"
		}
		d := iam.RoleMay(v.Track(), td.TaskRoleARN, p.action, arn, nil)
		return Check{Holds: d.Denied, Resource: iam.RoleName(td.TaskRoleARN), Detail: "task role " + iam.RoleName(td.TaskRoleARN) + " may not " + p.action + " on " + name, Basis: d.Basis}
	}
	return none
}
