package wire

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
)

// TestCBORExamples reads examples of RFC 8949, appendix A, and writes the shortest form of each.
func TestCBORExamples(t *testing.T) {
	for _, c := range []struct {
		hex     string
		want    any
		written string // "" = the same
	}{
		{"00", int64(0), ""}, {"17", int64(23), ""}, {"1818", int64(24), ""}, {"1903e8", int64(1000), ""}, {"1a000f4240", int64(1000000), ""}, {"1b000000e8d4a51000", int64(1000000000000), ""},
		{"1bffffffffffffffff", uint64(math.MaxUint64), ""}, {"20", int64(-1), ""}, {"3903e7", int64(-1000), ""}, {"3b7fffffffffffffff", int64(math.MinInt64), ""},
		{"f93c00", 1.0, "fb3ff0000000000000"}, {"f97bff", 65504.0, "fb40effc0000000000"}, {"f90001", 5.960464477539063e-8, "fb3e70000000000000"}, {"f9c400", -4.0, "fbc010000000000000"},
		{"f97c00", math.Inf(1), "fb7ff0000000000000"}, {"f9fc00", math.Inf(-1), "fbfff0000000000000"}, {"fa47c35000", 100000.0, "fb40f86a0000000000"}, {"fbc010666666666666", -4.1, ""},
		{"f4", false, ""}, {"f5", true, ""}, {"f6", nil, ""}, {"f7", nil, "f6"}, {"c11a514b67b0", cborTag{1, int64(1363896240)}, ""}, {"c1fb41d452d9ec200000", cborTag{1, 1363896240.5}, ""},
		{"4401020304", []byte{1, 2, 3, 4}, ""}, {"40", []byte{}, ""}, {"6449455446", "IETF", ""}, {"62c3bc", "ü", ""}, {"80", []any{}, ""}, {"83010203", []any{int64(1), int64(2), int64(3)}, ""},
		{"a26161016162820203", map[string]any{"a": int64(1), "b": []any{int64(2), int64(3)}}, ""}, {"5f42010243030405ff", []byte{1, 2, 3, 4, 5}, "450102030405"},
		{"7f657374726561646d696e67ff", "streaming", "6973747265616d696e67"}, {"9fff", []any{}, "80"}, {"9f018202039f0405ffff", []any{int64(1), []any{int64(2), int64(3)}, []any{int64(4), int64(5)}}, "8301820203820405"},
		{"bf6346756ef563416d7421ff", map[string]any{"Fun": true, "Amt": int64(-2)}, "a263416d74216346756ef5"},
	} {
		raw, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseCBOR(raw)
		if err != nil {
			t.Errorf("%s: %v", c.hex, err)
		}
		mustEqual(t, c.hex, got, c.want)
		want := c.written
		if want == "" {
			want = c.hex
		}
		mustEqual(t, c.hex+": written", hex.EncodeToString(appendCBOR(nil, got)), want)
	}
	if v, err := parseCBOR([]byte{0xf9, 0x7e, 0}); err != nil || !math.IsNaN(v.(float64)) {
		t.Errorf("not a number: got %v %v", v, err)
	}
}

func TestCBORRefusals(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"empty": {"", "1 bytes are missing"}, "more": {"\x00\x00", "goes on"}, "a reserved head": {"\x1c", "begins no item"}, "an indefinite number": {"\x1f", "begins no item"},
		"a long text": {"\x7b\xff\xff\xff\xff\xff\xff\xff\xffa", "missing"}, "a long array": {"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "missing"}, "a bare break": {"\xff", "a break"}, "a break in an array": {"\x82\x00\xff", "shorter"},
		"a break for a value": {"\xbf\x61a\xff", "a break"}, "a break in a map": {"\xa1\xff", "not text"}, "a number as key": {"\xa1\x00\x00", "not text"}, "a key twice": {"\xa2\x61a\x00\x61a\x00", "twice"},
		"text not UTF-8": {"\x61\xff", "UTF-8"}, "a chunk of bytes in text": {"\x7f\x41a\xff", "chunk"}, "a chunk in a chunk": {"\x7f\x7f\xff\xff", "chunk"}, "a simple value": {"\xe0", "simple value 0"},
		"too small": {"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", "below 64 bits"}, "deep": {strings.Repeat("\x81", 100) + "\x00", "deeper"}, "deep tags": {strings.Repeat("\xc1", 100) + "\x00", "deeper"},
		"many": {"\x9f" + strings.Repeat("\x00", maxCBORItems) + "\xff", "more than"},
	} {
		v, err := parseCBOR([]byte(c.body))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v %v, want %q", name, v, err, c.want)
		}
	}
}

// TestCloudWatchProtocols: one handler answers CBOR, JSON and form clients, each in its own protocol.
func TestCloudWatchProtocols(t *testing.T) {
	endpoint := serve(t, NewServer([]Operation{Op("monitoring", "ListMetrics", func(_ *Request, in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
		if aws.ToString(in.Namespace) == "bad" {
			return nil, &cwtypes.InvalidParameterValueException{Message: aws.String("no")}
		}
		return &cloudwatch.ListMetricsOutput{Metrics: []cwtypes.Metric{{Namespace: in.Namespace}}}, nil
	})}))
	const json10, form, rpc = "application/x-amz-json-1.0", "application/x-www-form-urlencoded", "application/cbor"
	const target, path = "GraniteServiceVersion20100801.ListMetrics", "/service/GraniteServiceVersion20100801/operation/ListMetrics"
	cbor := func(namespace any) string { return string(appendCBOR(nil, map[string]any{"Namespace": namespace})) }
	for _, c := range []struct {
		name, path, target, contentType, body string
		status                                int
		answerType, queryError, answer        string
	}{
		{"json", "", target, json10, `{"Namespace":"AWS/ECS"}`, 200, json10, "", `{"Metrics":[{"Namespace":"AWS/ECS"}],"OwningAccounts":[]}`},
		{"json error", "", target, json10, `{"Namespace":"bad"}`, 400, json10, "InvalidParameterValue;Sender", `"__type":"InvalidParameterValueException"`},
		{"form", "", "", form, "Action=ListMetrics&Version=2010-08-01&Namespace=AWS%2FECS", 200, "text/xml;charset=UTF-8", "", "<ListMetricsResult><Metrics><member><Namespace>AWS/ECS</Namespace>"},
		{"form error", "", "", form, "Action=ListMetrics&Version=2010-08-01&Namespace=bad", 400, "text/xml;charset=UTF-8", "InvalidParameterValue;Sender", "<Code>InvalidParameterValue</Code>"},
		{"cbor", path, "", rpc, cbor("AWS/ECS"), 200, rpc, "", cbor("AWS/ECS")[1:]},
		{"cbor below a prefix, with a namespace", "/lab" + strings.Replace(path, "Granite", "com.amazonaws.Granite", 1), "", rpc, cbor("AWS/ECS"), 200, rpc, "", cbor("AWS/ECS")[1:]},
		{"cbor without input", path, "", rpc, "", 200, rpc, "", "gMetrics"},
		{"cbor error", path, "", rpc, cbor("bad"), 400, rpc, "InvalidParameterValue;Sender", "f__typex\x1eInvalidParameterValueException"},
		{"cbor of a wrong type", path, "", rpc, cbor(int64(5)), 400, rpc, "SerializationException;Sender", "Namespace: expected a string, got a number"},
		{"not cbor", path, "", rpc, "\xff", 400, rpc, "SerializationException;Sender", "not CBOR"},
		{"cbor outside the model", path, "", rpc, cbor(""), 400, rpc, "ValidationError;Sender", "Value '' at 'namespace'"},
		{"cbor of nobody", "/service/GraniteServiceVersion20100801/operation/TagResource", "", rpc, "", 501, rpc, "NotImplemented;Receiver", "does not implement monitoring:TagResource"},
	} {
		h := http.Header{"Content-Type": {c.contentType}, "X-Amzn-Query-Mode": {"true"}}
		if c.target != "" {
			h.Set("X-Amz-Target", c.target)
		}
		if c.path != "" {
			h.Set("Smithy-Protocol", rpcProtocol)
		}
		resp, body := post(t, endpoint+c.path, h, c.body)
		if resp.StatusCode != c.status || !strings.Contains(body, c.answer) {
			t.Errorf("%s: got %d %q, want %d and %q", c.name, resp.StatusCode, body, c.status, c.answer)
		}
		mustEqual(t, c.name+": type", resp.Header.Get("Content-Type"), c.answerType)
		mustEqual(t, c.name+": query error", resp.Header.Get("X-Amzn-Query-Error"), c.queryError)
		mustEqual(t, c.name+": protocol", resp.Header.Get("Smithy-Protocol"), map[bool]string{true: rpcProtocol}[c.path != ""])
	}
}

// TestInjectedFaultsOnNewProtocols: what hooks answer arrives as with the other protocols.
func TestInjectedFaultsOnNewProtocols(t *testing.T) {
	ctx := context.Background()
	s := NewServer([]Operation{Op("monitoring", "ListMetrics", func(*Request, *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) { return nil, nil })})
	s.Before = func(*Request, any) error { return &Error{Code: "Throttling", Message: "Rate exceeded", Status: 400} }
	_, err := cloudwatch.NewFromConfig(config(serve(t, s))).ListMetrics(ctx, nil)
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "Throttling" || api.ErrorMessage() != "Rate exceeded" {
		t.Errorf("Throttling: got %v", err)
	}
	mangled := &Server{Operations: s.Operations, Mangle: func(_ *Request, w http.ResponseWriter) bool {
		_, _ = w.Write([]byte{0xbf, 0x67}) // a map that ends in its first key
		return true
	}}
	if _, err = cloudwatch.NewFromConfig(config(serve(t, mangled))).ListMetrics(ctx, nil); err == nil {
		t.Error("Mangle: a truncated answer was taken")
	}
}

// TestCompressedInput: the SDK packs long inputs of PutMetricData.
func TestCompressedInput(t *testing.T) {
	values := 0
	endpoint := serve(t, NewServer([]Operation{Op("monitoring", "PutMetricData", func(_ *Request, in *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
		values = len(in.MetricData)
		return nil, nil
	})}))
	data := make([]cwtypes.MetricDatum, 900)
	for i := range data {
		data[i] = cwtypes.MetricDatum{MetricName: aws.String("a name that is long enough"), Value: aws.Float64(float64(i)), Timestamp: aws.Time(time.Unix(1933135628, 0))}
	}
	if _, err := cloudwatch.NewFromConfig(config(endpoint)).PutMetricData(context.Background(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("n"), MetricData: data}); err != nil {
		t.Fatal(err)
	}
	mustEqual(t, "values", values, 900)
	var packed bytes.Buffer
	zw := gzip.NewWriter(&packed)
	_, _ = zw.Write(make([]byte, maxBody+1)) // a bytes.Buffer never fails
	_ = zw.Close()
	if _, err := unzip(packed.Bytes()); err == nil {
		t.Error("a body that unpacks beyond the limit was taken")
	}
}

// FuzzCBOR: any bytes are refused or read, and what was read and written is read the same again.
func FuzzCBOR(f *testing.F) {
	for _, seed := range []string{"\xbf\x61a\x9f\x01\xff\xff", "\xc1\xfb\x41\xd4\x52\xd9\xec\x20\x00\x00", "\xf9\x7e\x00", "\x7f\x61a\x61b\xff", "\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", "\xf7"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := parseCBOR(body)
		if err != nil {
			return
		}
		raw := appendCBOR(nil, v)
		again, err := parseCBOR(raw)
		if err != nil {
			t.Fatalf("%x was written as %x: %v", body, raw, err)
		}
		if twice := appendCBOR(nil, again); !bytes.Equal(raw, twice) { // bytes, as NaN differs from itself
			t.Errorf("%x: written %x, again %x", body, raw, twice)
		}
	})
}

// FuzzRPCDecoder: any body decodes or is refused; what decodes says the same again.
func FuzzRPCDecoder(f *testing.F) {
	op, err := lookup("monitoring", "PutMetricData")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(nil))
	f.Add(appendCBOR(nil, map[string]any{"Namespace": "n", "MetricData": []any{map[string]any{"MetricName": "a", "Value": int64(1), "Timestamp": time.Unix(1, 5e8), "Counts": []any{1.5}}}}))
	f.Fuzz(func(t *testing.T, body []byte) {
		tree, _, err := decodeRPCInput(op, incoming{body: body})
		if err != nil {
			return
		}
		validate(op.input, tree, "", false)
		raw := encodeRPC(op.input, tree)
		again, _, err := decodeRPCInput(op, incoming{body: raw})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(tree, again) && !bytes.Equal(raw, encodeRPC(op.input, again)) { // NaN differs from itself
			t.Errorf("%x: decoded %v, again %v", body, tree, again)
		}
	})
}
