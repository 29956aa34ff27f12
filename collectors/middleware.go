package collectors

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/rs/zerolog"
)

// record is what the middleware learns about one call.
type record struct {
	allowed   []string  // actions of the collector that calls; nil = of all collectors
	action    string    // IAM action
	host      string    // of the endpoint
	at        time.Time // Date header of the last answer
	requestID string
	attempts  int
	throttled int
}

type recordKey struct{}

func recordOf(ctx context.Context) (context.Context, *record) {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		return ctx, r
	}
	r := &record{}
	return context.WithValue(ctx, recordKey{}, r), r
}

// prefixes are the IAM prefixes of the services that are read, by the SDK's service id.
var prefixes = map[string]string{
	"ECS":             "ecs",
	"EC2":             "ec2",
	"CloudWatch Logs": "logs",
	"ECR":             "ecr",
	"IAM":             "iam",
	"STS":             "sts",
	"Secrets Manager": "secretsmanager",
	"SSM":             "ssm",
	"EFS":             "elasticfilesystem",

	"Network Firewall":          "network-firewall",
	"Elastic Load Balancing v2": "elasticloadbalancing",
	"Application Auto Scaling":  "application-autoscaling",
	"EventBridge":               "events",
	"XRay":                      "xray",
}

func actionOf(ctx context.Context) string {
	service := middleware.GetServiceID(ctx) // of the stack: newer clients register the other one too late for the guard
	prefix, ok := prefixes[service]
	if !ok {
		prefix = strings.ToLower(strings.ReplaceAll(service, " ", ""))
	}
	return prefix + ":" + middleware.GetOperationName(ctx)
}

// Refused is the error of an operation that the guard did not let out.
type Refused struct{ Action string }

func (r Refused) Error() string {
	return "ecsplain only reads: " + r.Action + " is not on the list of its calls and was not sent"
}

// middleware returns what every client's stack gets on top.
func (a *Account) middleware(version string) []func(*middleware.Stack) error {
	if version == "" {
		version = "dev"
	}
	all := Actions()
	return []func(*middleware.Stack) error{
		awsmiddleware.AddUserAgentKeyValue("ecsplain", version),
		func(s *middleware.Stack) error { return s.Initialize.Add(guard{a, all}, middleware.Before) },
		func(s *middleware.Stack) error { return s.Finalize.Insert(pace{a}, "Retry", middleware.After) },
		func(s *middleware.Stack) error { return s.Deserialize.Add(reader{}, middleware.After) },
	}
}

// guard refuses every operation that is not on the list, before anything is signed or sent, and keeps the call log.
type guard struct {
	account *Account
	all     []string
}

func (guard) ID() string { return "ecsplain.guard" }

func (g guard) HandleInitialize(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	ctx, rec := recordOf(ctx)
	rec.action = actionOf(ctx)
	allowed := rec.allowed
	if allowed == nil {
		allowed = g.all
	}
	if !slices.Contains(allowed, rec.action) {
		return middleware.InitializeOutput{}, middleware.Metadata{}, Refused{rec.action}
	}
	g.account.say(rec.action)
	start := time.Now()
	out, metadata, err := next.HandleInitialize(ctx, in)
	if id, ok := awsmiddleware.GetRequestIDMetadata(metadata); ok {
		rec.requestID = id
	}
	g.account.note(rec, time.Since(start), err)
	return out, metadata, err
}

// note counts a call and writes it to the call log.
func (a *Account) note(rec *record, took time.Duration, err error) {
	retries := max(0, rec.attempts-1)
	if rec.attempts > 0 { // else nothing was sent
		a.mu.Lock()
		a.stats.Total++
		a.stats.ByAction[rec.action]++
		a.stats.Retries += retries
		a.stats.Throttled += rec.throttled
		a.mu.Unlock()
	}
	a.log.Debug().Str("action", rec.action).Dur("ms", took).Str("request", rec.requestID).Int("retries", retries).AnErr("error", err).Msg("call")
}

// pace makes each attempt wait for its rate limit and for a free slot.
type pace struct{ account *Account }

func (pace) ID() string { return "ecsplain.pace" }

func (p pace) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	ctx, rec := recordOf(ctx)
	if err := p.account.limits.wait(ctx, rec.action); err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, err
	}
	select {
	case p.account.slots <- struct{}{}:
		defer func() { <-p.account.slots }()
	case <-ctx.Done():
		return middleware.FinalizeOutput{}, middleware.Metadata{}, ctx.Err()
	}
	rec.attempts++
	out, metadata, err := next.HandleFinalize(ctx, in)
	if throttled(err) {
		rec.throttled++
	}
	return out, metadata, err
}

func throttled(err error) bool {
	return err != nil && retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
}

// reader notes when and where an answer came from, and refuses answers that are not whole: the SDK would take an empty
// or foreign body for an empty list, and "nothing there" is an answer that must be earned.
type reader struct{}

func (reader) ID() string { return "ecsplain.reader" }

func (reader) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	_, rec := recordOf(ctx)
	if req, ok := in.Request.(*smithyhttp.Request); ok && req.URL != nil {
		rec.host = req.URL.Host
	}
	out, metadata, err := next.HandleDeserialize(ctx, in)
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	if !ok || err != nil {
		return out, metadata, err
	}
	if t, err := smithyhttp.ParseTime(resp.Header.Get("Date")); err == nil {
		rec.at = t.UTC()
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return out, metadata, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if err == nil {
		if resp.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" {
			err = completeCBOR(body)
		} else {
			err = complete(body, awsmiddleware.GetOperationName(ctx))
		}
	}
	if err != nil {
		return out, metadata, &smithy.DeserializationError{Err: err, Snapshot: body[:min(len(body), 200)]}
	}
	return out, metadata, nil
}

const maxBody = 64 << 20

// complete reports whether body is a whole answer to operation: a JSON document, or XML from its root element to its end.
func complete(body []byte, operation string) error {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0:
		return errors.New("the answer is empty")
	case body[0] == '{':
		if !json.Valid(body) {
			return errors.New("the answer is cut off or is not JSON")
		}
		return nil
	case body[0] == '<':
		root := operation + "Response"
		if !bytes.Contains(body[:min(len(body), 512)], []byte("<"+root)) {
			return fmt.Errorf("the answer is not a %s", root)
		}
		if !bytes.HasSuffix(body, []byte("</"+root+">")) {
			return errors.New("the answer is cut off")
		}
		return nil
	}
	return errors.New("the answer is neither JSON nor XML")
}

// completeCBOR reports whether body can be an answer in CBOR: a map, which is major type 5 (RFC 8949 section 3). That it
// does not break off in the middle is seen by the SDK's decoder.
func completeCBOR(body []byte) error {
	switch {
	case len(body) == 0:
		return errors.New("the answer is empty")
	case body[0]>>5 != 5:
		return errors.New("the answer is not a CBOR map")
	}
	return nil
}

// sdkLog passes the SDK's own remarks to the call log.
type sdkLog struct{ log zerolog.Logger }

func (l sdkLog) Logf(c logging.Classification, format string, v ...any) {
	l.log.Debug().Str("from", "aws-sdk").Str("class", string(c)).Msgf(format, v...)
}
