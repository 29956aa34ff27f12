package wire

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Client calls operations of the tables by name, with JSON-like input, over the wire. It signs with a
// dummy secret, so it is for the lab alone. It never retries.
type Client struct {
	Endpoint  string       // http://127.0.0.1:4566
	Region    string       // "" = us-east-1
	AccessKey string       // "" = lab
	HTTP      *http.Client // nil = http.DefaultClient

	protocol string // "" = the service's own
}

// Call calls one operation. Input is what `aws SERVICE OP --cli-input-json` takes: AWS member names; any Go
// kind of number; timestamps as RFC 3339 text, seconds or time.Time; blobs as base64 text or []byte. Output
// has the same form, with int64 or float64 for numbers, RFC 3339 text for timestamps, base64 for blobs, and
// no key for an absent member. An AWS error is an *Error; input that does not fit the model, a service or
// operation without shapes, and an answer that cannot be read are other errors.
func (c *Client) Call(ctx context.Context, service, operation string, input map[string]any) (map[string]any, error) {
	op, err := lookup(service, operation)
	if err != nil {
		return nil, err
	}
	tree, err := fromPlain(op.input, input, "")
	if err != nil {
		return nil, fmt.Errorf("wire: input of %s:%s: %w", service, operation, err)
	}
	p := op.service.speaking(protocolNamed(c.protocol))
	resp, body, err := c.send(ctx, op, tree.(map[string]any), p)
	if err != nil {
		return nil, fmt.Errorf("wire: %s:%s: %w", service, operation, err)
	}
	if resp.StatusCode/100 != 2 {
		if e := p.decodeError(op.service, resp, body); e != nil && e.Code != "" {
			return nil, e
		}
		return nil, fmt.Errorf("wire: %s:%s answered status %d without an AWS error: %.200q", service, operation, resp.StatusCode, body)
	}
	out, err := p.response(op, resp, body)
	if err != nil {
		return nil, fmt.Errorf("wire: %s:%s: the answer cannot be read: %w", service, operation, err)
	}
	return plain(out).(map[string]any), nil
}

func (c *Client) send(ctx context.Context, op *operation, tree map[string]any, p *protocol) (*http.Response, []byte, error) {
	h := http.Header{}
	body, err := p.request(op, tree, h)
	if err != nil {
		return nil, nil, err
	}
	method, target := http.MethodPost, "/"
	if p.target != nil {
		if method, target, err = p.target(op, tree); err != nil {
			return nil, nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Endpoint, "/")+target, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header = h
	req.Header.Set("User-Agent", "ecsplain-lab")
	sum := sha256.Sum256(body)
	credentials := aws.Credentials{AccessKeyID: or(c.AccessKey, "lab"), SecretAccessKey: "lab"}
	if err := v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), op.service.Name, or(c.Region, "us-east-1"), time.Now()); err != nil {
		return nil, nil, err
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp, answer, err
}

func or(s, def string) string {
	if s == "" {
		return def
	}
	return s
}
