package wire

import (
	"bytes"
	"net/http"
	"net/url"
	"reflect"
	"testing"
)

// FuzzQueryDecoder: any form either decodes, and then says the same again when encoded, or is refused; it
// never panics. The corpus covers lists, structures in lists and recursion guards.
func FuzzQueryDecoder(f *testing.F) {
	for _, seed := range []string{
		"Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1&Filter.1.Value.2=vpc-2&MaxResults=5",
		"SubnetId.2=b&SubnetId.10=c&SubnetId.1=a", "SubnetId=", "Filter=", "Filter.1=", "Filter..=&.=&=", "MaxResults=5&MaxResults.1=2",
		"RoleName=a&Tags.member.1.Key=k&Tags.member.1.Value=v", "Tags.member.=x", "Tags.member.-1.Key=k",
		"IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0&IpPermissions.1.FromPort=1e1",
	} {
		f.Add(seed, uint8(0))
		f.Add(seed, uint8(1))
		f.Add(seed, uint8(2))
	}
	ops := [][2]string{{"ec2", "DescribeSubnets"}, {"iam", "CreateRole"}, {"ec2", "AuthorizeSecurityGroupIngress"}}
	f.Fuzz(func(t *testing.T, body string, which uint8) {
		o := ops[int(which)%len(ops)]
		op, err := lookup(o[0], o[1])
		if err != nil {
			t.Fatal(err)
		}
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		tree, _, err := decodeQueryInput(op, incoming{form: form})
		if err != nil {
			return
		}
		validate(op.input, tree, "", o[0] == "ec2")
		once := encodeAndDecode(t, op, tree)
		twice := encodeAndDecode(t, op, once)
		if !reflect.DeepEqual(once, twice) {
			t.Errorf("%q: decoded %v, again %v", body, once, twice)
		}
	})
}

func encodeAndDecode(t *testing.T, op *operation, tree map[string]any) map[string]any {
	t.Helper()
	raw, err := encodeQueryInput(op, tree, http.Header{})
	if err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	again, unknown, err := decodeQueryInput(op, incoming{form: form})
	if err != nil || len(unknown) > 0 {
		t.Fatalf("what was encoded does not decode: %s: %v, unknown %v", raw, err, unknown)
	}
	return again
}

// FuzzJSONDecoder: any body decodes or is refused; what decodes says the same again.
func FuzzJSONDecoder(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"serviceName":"a","desiredCount":2}`, `{"desiredCount":1e400}`, `{"tags":[{"key":"a","value":null}]}`,
		`{"deploymentConfiguration":{"alarms":{"alarmNames":["a"],"enable":true,"rollback":false}}}`, `{"tags":[null]}`,
	} {
		f.Add([]byte(seed))
	}
	op, err := lookup("ecs", "CreateService")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		tree, _, err := decodeJSONInput(op, incoming{body: body})
		if err != nil {
			return
		}
		validate(op.input, tree, "", false)
		raw, err := encodeJSONInput(op, tree, http.Header{})
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := decodeJSONInput(op, incoming{body: raw})
		if err != nil || !reflect.DeepEqual(tree, again) {
			t.Errorf("%q: decoded %v, again %v (%v)", body, tree, again, err)
		}
	})
}

// FuzzScope: a header is read as a scope only if it holds that very credential.
func FuzzScope(f *testing.F) {
	for _, seed := range []string{
		"AWS4-HMAC-SHA256 Credential=AKIA/20310405/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=00",
		"AWS4-HMAC-SHA256 Credential=AKIA/20310405/us-east-1/ecs/aws4_request,SignedHeaders=host,Signature=00",
		"AWS4-ECDSA-P256-SHA256 Credential=AKIA/20310405/sts/aws4_request, SignedHeaders=host, Signature=00",
		"Bearer x", "", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=", "AWS4-HMAC-SHA256 Credential=////aws4_request",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		sc, ok := parseScope(header)
		if !ok {
			if sc != (scope{}) {
				t.Errorf("%q: no scope, yet %+v", header, sc)
			}
			return
		}
		credential := "Credential=" + sc.accessKey + "/" + sc.date + "/" + sc.region + "/" + sc.service + "/aws4_request"
		if sc.region == "" {
			credential = "Credential=" + sc.accessKey + "/" + sc.date + "/" + sc.service + "/aws4_request"
		}
		if sc.accessKey == "" || sc.service == "" {
			t.Errorf("%q: an empty key or service: %+v", header, sc)
		}
		if !bytes.Contains([]byte(header), []byte(credential)) && !bytes.Contains([]byte(header), []byte("Credential="+sc.accessKey+"/"+sc.date+"//"+sc.service)) {
			t.Errorf("%q: read as %+v", header, sc)
		}
	})
}
