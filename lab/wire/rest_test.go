package wire

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
)

// restSynthetic has the places for members that REST-JSON knows and today's tables do not use.
const restSynthetic = `{"protocol":"rest-json","operations":{
"Put":{"in":"PutIn","out":"PutOut","method":"PUT","uri":"/things/{Id}/files/{Path+}?mode=x"},
"PutBlob":{"in":"BlobIn","out":"BlobIn","method":"PUT","uri":"/blobs"},
"PutText":{"in":"TextIn","out":"TextIn","method":"PUT","uri":"/texts"},
"PutPart":{"in":"PartIn","out":"PartIn","method":"PUT","uri":"/parts"}},"shapes":{
"PutIn":{"type":"structure","members":[
 {"name":"Id","shape":"String","in":"uri","loc":"Id","req":true},{"name":"Path","shape":"String","in":"uri","loc":"Path","req":true},
 {"name":"Tags","shape":"List","in":"querystring","loc":"tag"},{"name":"When","shape":"Time","in":"querystring","loc":"when"},{"name":"Rest","shape":"Map","in":"querystring","loc":"rest"},
 {"name":"Since","shape":"Time","in":"header","loc":"X-Since"},{"name":"Words","shape":"List","in":"header","loc":"X-Words"},{"name":"Meta","shape":"Map","in":"headers","loc":"x-meta-"},
 {"name":"Made","shape":"Time"},{"name":"Count","shape":"Integer","loc":"count"}]},
"PutOut":{"type":"structure","members":[{"name":"Status","shape":"Integer","in":"statusCode"},{"name":"Tag","shape":"String","in":"header","loc":"ETag"},{"name":"Name","shape":"String"}]},
"BlobIn":{"type":"structure","payload":"Body","members":[{"name":"Body","shape":"Blob"},{"name":"Kind","shape":"String","in":"header","loc":"X-Kind"}]},
"TextIn":{"type":"structure","payload":"Body","members":[{"name":"Body","shape":"String"}]},
"PartIn":{"type":"structure","payload":"Part","members":[{"name":"Part","shape":"Part"}]},
"Part":{"type":"structure","members":[{"name":"A","shape":"String"}]},
"String":{"type":"string"},"Integer":{"type":"integer"},"Blob":{"type":"blob"},"Time":{"type":"timestamp"},
"List":{"type":"list","elem":{"shape":"String"}},"Map":{"type":"map","key":{"shape":"String"},"value":{"shape":"String"}}}}`

func restService(t *testing.T) *service {
	t.Helper()
	s := &service{errors: map[string]*shape{}}
	if err := json.Unmarshal([]byte(restSynthetic), s); err != nil {
		t.Fatal(err)
	}
	s.link()
	return s
}

// restIncoming is what the server sees of the client's request.
func restIncoming(t *testing.T, op *operation, tree map[string]any) incoming {
	t.Helper()
	h := http.Header{}
	body, err := encodeRESTInput(op, tree, h)
	if err != nil {
		t.Fatal(err)
	}
	method, target, err := restTarget(op, tree)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(method, target, strings.NewReader(string(body)))
	r.Header = h
	in, err := readRequest(httptest.NewRecorder(), r)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestRESTPlaces(t *testing.T) {
	day := time.Date(2031, 4, 5, 6, 7, 8, 0, time.UTC)
	s := restService(t)
	for name, tree := range map[string]map[string]any{
		"Put": {
			"Id": "a/b ?%", "Path": "x/y z/é", "Tags": []any{"1", "2&3"}, "When": day.Add(250 * time.Millisecond), "Rest": map[string]any{"q": "r"},
			"Since": day, "Words": []any{"p", "q"}, "Meta": map[string]any{"one": "1"}, "Made": day, "Count": int64(7),
		},
		"PutBlob": {"Body": []byte{0, 255}, "Kind": "k"}, "PutText": {"Body": "te{xt"}, "PutPart": {"Part": map[string]any{"A": "a"}},
	} {
		op := s.Operations[name]
		in := restIncoming(t, op, tree)
		if s.restOperation(in) != op {
			t.Errorf("%s: %s %s leads elsewhere", name, in.method, in.path)
		}
		got, unknown, err := decodeRESTInput(op, in)
		if err != nil || len(unknown) > 0 {
			t.Errorf("%s: %v, unknown %v", name, err, unknown)
		}
		mustEqual(t, name, got, tree)
		if name == "Put" {
			mustEqual(t, "path", in.path, "/things/a%2Fb%20%3F%25/files/x/y%20z/%C3%A9")
			mustEqual(t, "body", string(in.body), `{"Made":1933135628,"count":7}`)
			mustEqual(t, "a timestamp in a header", in.header.Get("X-Since"), "Sat, 05 Apr 2031 06:07:08 GMT")
			mustEqual(t, "a timestamp in a query string", in.form.Get("when"), "2031-04-05T06:07:08.25Z")
			continue
		}
		raw, err := encodeRESTOutput(op, tree, in.header, "")
		if err != nil {
			t.Fatal(err)
		}
		got, err = decodeRESTOutput(op, &http.Response{Header: in.header}, raw)
		if err != nil {
			t.Errorf("%s: output: %v", name, err)
		}
		mustEqual(t, name+": output", got, tree)
	}
	h, out := http.Header{}, map[string]any{"Status": int64(202), "Tag": "t", "Name": "n"}
	raw, err := encodeRESTOutput(s.Operations["Put"], out, h, "")
	mustEqual(t, "output", string(raw), `{"Name":"n"}`)
	mustEqual(t, "status", s.Operations["Put"].statusOf(out), 202)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeRESTOutput(s.Operations["Put"], &http.Response{Header: h, StatusCode: 202}, raw)
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, "output read", got, out)
}

func TestRESTTemplates(t *testing.T) {
	s := &service{Operations: map[string]*operation{}, errors: map[string]*shape{}}
	for name, uri := range map[string]string{
		"Label": "/a/{X}", "Literal": "/a/b", "Longer": "/a/{X}/c", "Deep": "/a/b/{Y}", "Greedy": "/g/{X+}", "Tail": "/g/{X+}/end", "Constant": "/a/{X}?list", "Value": "/a/{X}?list=two",
	} {
		s.Operations[name] = &operation{Method: "GET", URI: uri}
	}
	s.link()
	for target, want := range map[string]string{
		"/a/x": "Label", "/a/b": "Literal", "/a/b%2Fc": "Label", "/a/x/c": "Longer", "/a/b/c": "Deep", "/a/": "", "/a": "", "/": "", "/a/x/d": "", "/a/x/": "",
		"/g/x": "Greedy", "/g/x/y": "Greedy", "/g/x/y/end": "Tail", "/g/end": "Greedy", "/g/": "", "/a/x?list": "Constant", "/a/x?list=two": "Constant", "/a/%zz": "",
	} {
		path, query, _ := strings.Cut(target, "?")
		form, _ := url.ParseQuery(query)
		got := ""
		if op := s.restOperation(incoming{method: "GET", path: path, form: form}); op != nil {
			got = op.name
		}
		if op := s.restOperation(incoming{method: "POST", path: path, form: form}); op != nil {
			t.Errorf("POST %s: %s", target, op.name)
		}
		mustEqual(t, target, got, want)
	}
}

// TestRESTFrontEnd sends by hand what SDKs refuse to send.
func TestRESTFrontEnd(t *testing.T) {
	endpoint := failing(t, nil)
	for _, c := range []struct {
		service, method, target, body string
		status                        int
		errorType                     string
		answer                        []string
	}{
		{"scheduler", "GET", "/schedules", "", 200, "", []string{`{"Schedules":[]}`}},
		{"", "GET", "/schedules", "", 200, "", []string{`{"Schedules":[]}`}},
		{"scheduler", "GET", "/schedules?MaxResults=200", "", 400, "ValidationException", []string{"Value 200 at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100"}},
		{"scheduler", "GET", "/schedules?MaxResults=many", "", 400, "SerializationException", []string{`MaxResults: \"many\" is not a whole number`}},
		{"scheduler", "POST", "/schedules/a", `{"ScheduleExpression":5}`, 400, "SerializationException", []string{"ScheduleExpression: expected a string, got a number"}},
		{"scheduler", "POST", "/schedules/a", `{"a":`, 400, "SerializationException", []string{"not JSON"}},
		{"scheduler", "POST", "/schedules/a", `{}`, 400, "ValidationException", []string{"3 validation errors detected: Value null at 'flexibleTimeWindow'"}},
		{"scheduler", "PUT", "/schedule-groups/a", "", 501, "NotImplemented", []string{"the lab does not implement scheduler:PUT /schedule-groups/a"}},
		{"elasticfilesystem", "GET", "/2015-02-01/mount-targets/a/security-groups", "", 400, "ValidationException", []string{"at 'mountTargetId'"}},
		{"elasticfilesystem", "DELETE", "/2015-02-01/file-systems/fs-12345678", "", 204, "", nil},
		{"elasticfilesystem", "POST", "/2015-02-01/file-systems", `{"CreationToken":"a"}`, 201, "", []string{`"NumberOfMountTargets":0`}},
		{"xray", "POST", "/EncryptionConfig", "", 200, "", []string{`{}`}},
	} {
		req, err := http.NewRequest(c.method, endpoint+c.target, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.service != "" {
			req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20310405/us-east-1/"+c.service+"/aws4_request, SignedHeaders=host, Signature=00")
		}
		resp, body := do(t, req)
		name := c.method + " " + c.target + " " + c.body
		mustEqual(t, name+": error type", resp.Header.Get("X-Amzn-ErrorType"), c.errorType)
		if resp.StatusCode != c.status {
			t.Errorf("%s: status %d, want %d: %s", name, resp.StatusCode, c.status, body)
		}
		for _, want := range c.answer {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the answer lacks %q:\n%s", name, want, body)
			}
		}
		if c.status != 204 {
			mustEqual(t, name+": Content-Type", resp.Header.Get("Content-Type"), "application/json")
		}
	}
}

// TestRESTUnknown: what no operation and no member takes is counted.
func TestRESTUnknown(t *testing.T) {
	s := NewServer([]Operation{
		Op("scheduler", "ListSchedules", func(*Request, *scheduler.ListSchedulesInput) (*scheduler.ListSchedulesOutput, error) { return nil, nil }),
		Op("elasticfilesystem", "CreateFileSystem", func(*Request, *efs.CreateFileSystemInput) (*efs.CreateFileSystemOutput, error) { return nil, nil }),
	})
	endpoint := serve(t, s)
	for method, target := range map[string]string{"GET": "/schedules?New=1", "POST": "/2015-02-01/file-systems"} {
		req, err := http.NewRequest(method, endpoint+target, strings.NewReader(`{"CreationToken":"a","Newer":{}}`))
		if err != nil {
			t.Fatal(err)
		}
		if resp, body := do(t, req); resp.StatusCode/100 != 2 {
			t.Errorf("%s %s: %d %s", method, target, resp.StatusCode, body)
		}
	}
	mustEqual(t, "UnknownMembers", s.UnknownMembers(), map[string]int{
		"scheduler:ListSchedules.New": 1, "scheduler:ListSchedules.CreationToken": 1, "scheduler:ListSchedules.Newer": 1, "elasticfilesystem:CreateFileSystem.Newer": 1,
	})
}

// FuzzREST: any request leads to no operation, is refused, or decodes and then says the same again.
func FuzzREST(f *testing.F) {
	for _, seed := range [][3]string{
		{"PUT", "/things/a%2Fb/files/x/y?mode=x&tag=1&tag=2&when=2031-04-05", `{"Made":1,"count":2}`}, {"PUT", "/things//files/?mode=x", ""},
		{"PUT", "/things/%2e%2e/files/./a?mode=x&%zz", `{"count":null}`}, {"PUT", "/blobs", "\x00"}, {"PUT", "/parts", `{"A":"a"}`}, {"GET", "", "{"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, method, target, body string) {
		s := restService(t)
		path, query, _ := strings.Cut(target, "?")
		form, _ := url.ParseQuery(query) // as net/http: what could be read of it
		in := incoming{method: method, path: path, header: http.Header{}, form: form, body: []byte(body)}
		op := s.restOperation(in)
		if op == nil {
			return
		}
		tree, _, err := decodeRESTInput(op, in)
		if err != nil {
			return
		}
		validate(op.input, tree, "", false)
		again, unknown, err := decodeRESTInput(op, restIncoming(t, op, tree))
		if err != nil || len(unknown) > 0 || !reflect.DeepEqual(tree, again) {
			t.Errorf("%s %s %q: decoded %v, again %v (%v, unknown %v)", method, target, body, tree, again, err, unknown)
		}
	})
}
