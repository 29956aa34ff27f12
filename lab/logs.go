package lab

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// logsOperations lists what the lab answers of CloudWatch Logs.
func (w *World) logsOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("logs", "DescribeLogGroups", reads(w, w.describeLogGroups)),
		wire.Op("logs", "DescribeLogStreams", reads(w, w.describeLogStreams)),
		wire.Op("logs", "GetLogEvents", reads(w, w.getLogEvents)),
		wire.Op("logs", "FilterLogEvents", reads(w, w.filterLogEvents)),
		wire.Op("logs", "CreateLogGroup", changes(w, w.createLogGroup)),
		wire.Op("logs", "DeleteLogGroup", changes(w, w.deleteLogGroup)),
		wire.Op("logs", "CreateLogStream", changes(w, w.createLogStream)),
		wire.Op("logs", "PutLogEvents", changes(w, w.putLogEvents)),
		wire.Op("logs", "PutRetentionPolicy", changes(w, w.putRetentionPolicy)),
	}
}

// putLog writes lines to a log stream and makes the stream when it is not there. A group that does not exist takes nothing.
func (w *World) putLog(group, stream string, at time.Time, lines ...string) {
	g := w.logGroups[group]
	if g == nil {
		return
	}
	s := g.stream(stream, at)
	for _, line := range lines {
		s.events = append(s.events, logEvent{at, line})
	}
}

// stream is a stream of the group, made when it is not there.
func (g *logGroup) stream(name string, at time.Time) *logStream {
	if g.streams == nil {
		g.streams = map[string]*logStream{}
	}
	if g.streams[name] == nil {
		g.streams[name] = &logStream{Name: name, Created: at}
	}
	return g.streams[name]
}

func (w *World) logGroupARN(name string) string {
	return fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", w.Partition, w.Region, w.Account, name)
}

// findLogGroup takes a name, or an identifier: a name or an ARN.
func (w *World) findLogGroup(name, identifier *string) (*logGroup, error) {
	id := aws.ToString(name)
	if id == "" {
		id = w.logGroupName(aws.ToString(identifier))
	}
	if g := w.logGroups[id]; g != nil {
		return g, nil
	}
	return nil, wire.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
}

func (w *World) logGroupName(identifier string) string {
	return strings.TrimSuffix(strings.TrimPrefix(identifier, w.logGroupARN("")), ":*")
}

func (g *logGroup) find(stream string) (*logStream, error) {
	if s := g.streams[stream]; s != nil {
		return s, nil
	}
	return nil, wire.Errorf("ResourceNotFoundException", "The specified log stream does not exist.")
}

func millis(t time.Time) *int64 { return aws.Int64(t.UnixMilli()) }

func (w *World) describeLogGroups(in *cloudwatchlogs.DescribeLogGroupsInput) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	if len(in.LogGroupIdentifiers) > 0 && (in.LogGroupNamePrefix != nil || in.LogGroupNamePattern != nil) || in.LogGroupNamePrefix != nil && in.LogGroupNamePattern != nil {
		return nil, invalid("Only one of logGroupIdentifiers, logGroupNamePattern and logGroupNamePrefix may be given.")
	}
	var wanted []string
	for _, id := range in.LogGroupIdentifiers {
		wanted = append(wanted, w.logGroupName(id))
	}
	var all []logstypes.LogGroup
	for _, g := range sorted(w.logGroups) {
		pattern := strings.ToLower(aws.ToString(in.LogGroupNamePattern))
		if len(wanted) > 0 && !slices.Contains(wanted, g.Name) || !strings.HasPrefix(g.Name, aws.ToString(in.LogGroupNamePrefix)) || !strings.Contains(strings.ToLower(g.Name), pattern) {
			continue
		}
		d := logstypes.LogGroup{
			LogGroupName: aws.String(g.Name), Arn: aws.String(w.logGroupARN(g.Name) + ":*"), LogGroupArn: aws.String(w.logGroupARN(g.Name)), CreationTime: millis(g.Created),
			LogGroupClass: logstypes.LogGroupClass(cmp.Or(g.Class, "STANDARD")), MetricFilterCount: aws.Int32(0), StoredBytes: aws.Int64(0),
		}
		if g.Retention > 0 {
			d.RetentionInDays = aws.Int32(g.Retention)
		}
		all = append(all, d)
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.Limit)), 50)
	return &cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: page, NextToken: optional(next)}, err
}

func (w *World) describeLogStreams(in *cloudwatchlogs.DescribeLogStreamsInput) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
	g, err := w.findLogGroup(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	byTime := in.OrderBy == logstypes.OrderByLastEventTime
	if byTime && in.LogStreamNamePrefix != nil {
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	var all []logstypes.LogStream
	for _, s := range sorted(g.streams) {
		if !strings.HasPrefix(s.Name, aws.ToString(in.LogStreamNamePrefix)) {
			continue
		}
		d := logstypes.LogStream{LogStreamName: aws.String(s.Name), Arn: aws.String(w.logGroupARN(g.Name) + ":log-stream:" + s.Name), CreationTime: millis(s.Created)}
		if n := len(s.events); n > 0 {
			d.FirstEventTimestamp, d.LastEventTimestamp, d.LastIngestionTime = millis(s.events[0].At), millis(s.events[n-1].At), millis(s.events[n-1].At)
		}
		all = append(all, d)
	}
	if byTime {
		slices.SortStableFunc(all, func(a, b logstypes.LogStream) int {
			return cmp.Compare(aws.ToInt64(a.LastEventTimestamp), aws.ToInt64(b.LastEventTimestamp))
		})
	}
	if aws.ToBool(in.Descending) {
		slices.Reverse(all)
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.Limit)), 50)
	return &cloudwatchlogs.DescribeLogStreamsOutput{LogStreams: page, NextToken: optional(next)}, err
}

// within keeps the events of a closed start and an open end, in milliseconds; nil = no limit.
func within(events []logEvent, start, end *int64) []logEvent {
	var out []logEvent
	for _, e := range events {
		if at := e.At.UnixMilli(); (start == nil || at >= *start) && (end == nil || at < *end) {
			out = append(out, e)
		}
	}
	return out
}

// getLogEvents walks a stream in both directions. A token names a place in it; at either end the same token comes back.
func (w *World) getLogEvents(in *cloudwatchlogs.GetLogEventsInput) (*cloudwatchlogs.GetLogEventsOutput, error) {
	g, err := w.findLogGroup(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	s, err := g.find(*in.LogStreamName)
	if err != nil {
		return nil, err
	}
	events := within(s.events, in.StartTime, in.EndTime)
	limit := 10000
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	from, to := max(0, len(events)-limit), len(events)
	if aws.ToBool(in.StartFromHead) {
		from, to = 0, min(limit, len(events))
	}
	if in.NextToken != nil {
		direction, place, _ := strings.Cut(*in.NextToken, "/")
		n, err := strconv.Atoi(place)
		switch {
		case err != nil || n < 0 || n > len(events) || direction != "f" && direction != "b":
			return nil, wire.ErrInvalidToken
		case direction == "f":
			from, to = n, min(n+limit, len(events))
		default:
			from, to = max(0, n-limit), n
		}
	}
	out := &cloudwatchlogs.GetLogEventsOutput{NextForwardToken: aws.String(fmt.Sprintf("f/%056d", to)), NextBackwardToken: aws.String(fmt.Sprintf("b/%056d", from))}
	for _, e := range events[from:to] {
		out.Events = append(out.Events, logstypes.OutputLogEvent{Timestamp: millis(e.At), IngestionTime: millis(e.At), Message: aws.String(e.Message)})
	}
	return out, nil
}

func (w *World) filterLogEvents(in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	g, err := w.findLogGroup(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	if len(in.LogStreamNames) > 0 && in.LogStreamNamePrefix != nil {
		return nil, invalid("The logStreamNames and logStreamNamePrefix parameters are mutually exclusive.")
	}
	fits, err := filterPattern(aws.ToString(in.FilterPattern))
	if err != nil {
		return nil, err
	}
	var all []logstypes.FilteredLogEvent
	for _, s := range sorted(g.streams) {
		if len(in.LogStreamNames) > 0 && !slices.Contains(in.LogStreamNames, s.Name) || !strings.HasPrefix(s.Name, aws.ToString(in.LogStreamNamePrefix)) {
			continue
		}
		for i, e := range within(s.events, in.StartTime, in.EndTime) {
			if fits(e.Message) {
				all = append(all, logstypes.FilteredLogEvent{
					LogStreamName: aws.String(s.Name), Timestamp: millis(e.At), IngestionTime: millis(e.At), Message: aws.String(e.Message), EventId: aws.String(stableHex(56, g.Name, s.Name, fmt.Sprint(i, e.At))),
				})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b logstypes.FilteredLogEvent) int { return cmp.Compare(*a.Timestamp, *b.Timestamp) })
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.Limit)), 10000)
	return &cloudwatchlogs.FilterLogEventsOutput{Events: page, NextToken: optional(next)}, err
}

// filterPattern reads the unstructured filter syntax: all words must be there, one of the ?words, none of the -words;
// a phrase stands in quotes.
func filterPattern(pattern string) (func(string) bool, error) {
	pattern = strings.TrimSpace(pattern)
	if strings.HasPrefix(pattern, "{") || strings.HasPrefix(pattern, "[") || strings.HasPrefix(pattern, "%") {
		return nil, invalid("The lab reads plain filter patterns only: words, \"phrases\", ?either and -not.")
	}
	var all, any, none []string
	for pattern != "" {
		list := &all
		if rest, ok := strings.CutPrefix(pattern, "?"); ok {
			list, pattern = &any, rest
		} else if rest, ok := strings.CutPrefix(pattern, "-"); ok {
			list, pattern = &none, rest
		}
		end := " "
		if rest, ok := strings.CutPrefix(pattern, `"`); ok {
			end, pattern = `"`, rest
		}
		word, rest, _ := strings.Cut(pattern, end)
		*list = append(*list, word)
		pattern = strings.TrimSpace(rest)
	}
	return func(line string) bool {
		has := func(word string) bool { return strings.Contains(line, word) }
		missing := func(word string) bool { return !has(word) }
		return !slices.ContainsFunc(all, missing) && !slices.ContainsFunc(none, has) && (len(any) == 0 || slices.ContainsFunc(any, has))
	}, nil
}

func (w *World) createLogGroup(in *cloudwatchlogs.CreateLogGroupInput) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	if w.logGroups[*in.LogGroupName] != nil {
		return nil, wire.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	w.logGroups[*in.LogGroupName] = &logGroup{Name: *in.LogGroupName, Created: w.now, Class: cmp.Or(string(in.LogGroupClass), "STANDARD"), streams: map[string]*logStream{}}
	return nil, nil
}

func (w *World) deleteLogGroup(in *cloudwatchlogs.DeleteLogGroupInput) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
	g, err := w.findLogGroup(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	delete(w.logGroups, g.Name)
	return nil, nil
}

func (w *World) createLogStream(in *cloudwatchlogs.CreateLogStreamInput) (*cloudwatchlogs.CreateLogStreamOutput, error) {
	g, err := w.findLogGroup(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	if g.streams[*in.LogStreamName] != nil {
		return nil, wire.Errorf("ResourceAlreadyExistsException", "The specified log stream already exists")
	}
	g.stream(*in.LogStreamName, w.now)
	return nil, nil
}

func (w *World) putLogEvents(in *cloudwatchlogs.PutLogEventsInput) (*cloudwatchlogs.PutLogEventsOutput, error) {
	g, err := w.findLogGroup(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	s, err := g.find(*in.LogStreamName)
	if err != nil {
		return nil, err
	}
	for _, e := range in.LogEvents {
		s.events = append(s.events, logEvent{time.UnixMilli(*e.Timestamp).UTC(), *e.Message})
	}
	slices.SortStableFunc(s.events, func(a, b logEvent) int { return a.At.Compare(b.At) })
	return &cloudwatchlogs.PutLogEventsOutput{NextSequenceToken: aws.String(stableHex(56, g.Name, s.Name, fmt.Sprint(len(s.events))))}, nil
}

func (w *World) putRetentionPolicy(in *cloudwatchlogs.PutRetentionPolicyInput) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
	g, err := w.findLogGroup(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	g.Retention = *in.RetentionInDays
	return nil, nil
}
