package collectors

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/ecsplain/ecsplain/evidence"
)

const (
	logGroupBatch = 50
	tailLines     = 100
	tailPages     = 5    // GetLogEvents may answer empty pages before the last lines
	maxLine       = 8192 // bytes of one line
)

// logGroups asks for exact names in batches. Where that form is refused it asks for each by prefix: the name itself
// sorts first among all names that begin with it, so one page is enough.
func logGroups(ctx context.Context, w *Wave, keys []evidence.Key) {
	w.batches(ctx, keys, logGroupBatch, func(ctx context.Context, keys []evidence.Key) (answer, error) {
		out, from, err := call(ctx, w.ports.logs.DescribeLogGroups, &cloudwatchlogs.DescribeLogGroupsInput{
			LogGroupIdentifiers: ids(keys, whole), Limit: aws.Int32(logGroupBatch)})
		if blamesTheQuestion(err) {
			each(ctx, keys, w.logGroupByPrefix)
			return from, nil
		}
		if err != nil {
			return from, err
		}
		got := byName(out.LogGroups)
		for _, k := range keys {
			w.logGroup(k, from, got)
		}
		return from, nil
	})
}

func (w *Wave) logGroupByPrefix(ctx context.Context, k evidence.Key) {
	out, from, err := call(ctx, w.ports.logs.DescribeLogGroups, &cloudwatchlogs.DescribeLogGroupsInput{
		LogGroupNamePrefix: &k.ID, Limit: aws.Int32(logGroupBatch)})
	switch {
	case is(err, "ResourceNotFoundException"):
		w.absent(k, from)
	case err != nil:
		w.gap(from, err, k)
	default:
		w.logGroup(k, from, byName(out.LogGroups))
	}
}

func byName(groups []types.LogGroup) map[string]types.LogGroup {
	got := map[string]types.LogGroup{}
	for _, g := range groups {
		got[str(g.LogGroupName)] = g
	}
	return got
}

func (w *Wave) logGroup(k evidence.Key, from answer, got map[string]types.LogGroup) {
	g, ok := got[k.ID]
	if !ok {
		w.absent(k, from)
		return
	}
	v := evidence.LogGroup{
		Name:          str(g.LogGroupName),
		ARN:           str(g.LogGroupArn),
		Class:         string(g.LogGroupClass),
		RetentionDays: num(g.RetentionInDays),
		CreatedAt:     millis(g.CreationTime),
	}
	if v.ARN == "" {
		v.ARN = strings.TrimSuffix(str(g.Arn), ":*")
	}
	if v.Class == "" {
		v.Class = string(types.LogGroupClassStandard)
	}
	w.found(k, from, v)
}

// logTails reads the last lines of each stream.
func logTails(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		group, stream, _ := strings.Cut(k.ID, ":")
		var events []types.OutputLogEvent
		var from answer
		more, err := paged(tailPages, func(token *string) (*string, error) {
			out, f, err := call(ctx, w.ports.logs.GetLogEvents, &cloudwatchlogs.GetLogEventsInput{
				LogGroupName: &group, LogStreamName: &stream, Limit: aws.Int32(tailLines), StartFromHead: aws.Bool(false), NextToken: token})
			from = f
			if err != nil {
				return nil, err
			}
			events = out.Events
			if len(events) > 0 {
				return nil, nil
			}
			return out.NextBackwardToken, nil // the same token again: nothing lies before
		})
		switch {
		case is(err, "ResourceNotFoundException"):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		default:
			w.found(k, from, evidence.LogTail{Group: group, Stream: stream, Lines: toLines(events), Truncated: more || len(events) >= tailLines})
		}
	})
}

// toLines cleans and redacts; lines follow each other, so that a key block over many lines goes as a whole.
func toLines(events []types.OutputLogEvent) []evidence.LogLine {
	texts := make([]string, len(events))
	for i, e := range events {
		s := str(e.Message)
		if len(s) > maxLine {
			s = strings.ToValidUTF8(s[:maxLine], "") + " [cut]"
		}
		texts[i] = evidence.Clean(s)
	}
	texts = evidence.RedactLines(texts)
	lines := make([]evidence.LogLine, len(events))
	for i, e := range events {
		lines[i] = evidence.LogLine{At: millis(e.Timestamp).At, Text: texts[i]}
	}
	return lines
}
