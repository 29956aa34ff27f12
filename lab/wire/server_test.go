package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

func post(t *testing.T, endpoint string, h http.Header, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = h
	return do(t, req)
}

func do(t *testing.T, req *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(answer)
}

// listClusters answers two clusters, by Page.
func listClusters(_ *Request, in *ecs.ListClustersInput) (*ecs.ListClustersOutput, error) {
	page, next, err := Page([]string{"a", "b", "c"}, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	if err != nil {
		return nil, err
	}
	out := &ecs.ListClustersOutput{ClusterArns: page}
	if next != "" {
		out.NextToken = &next
	}
	return out, nil
}

func TestHandlerKnowsTheRequest(t *testing.T) {
	var got Request
	endpoint := serve(t, NewServer([]Operation{Op("sts", "GetCallerIdentity", func(r *Request, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
		got = *r
		return &sts.GetCallerIdentityOutput{Account: aws.String("111122223333")}, nil
	})}))
	out, err := sts.NewFromConfig(config(endpoint)).GetCallerIdentity(context.Background(), nil)
	if err != nil || aws.ToString(out.Account) != "111122223333" {
		t.Fatalf("got %v %v", out, err)
	}
	if got.Context == nil || !strings.Contains(got.UserAgent, "aws-sdk-go-v2") || got.ID == "" {
		t.Errorf("context, user agent or id missing: %+v", got)
	}
	got.Context, got.UserAgent, got.ID = nil, "", ""
	mustEqual(t, "request", got, Request{Service: "sts", Operation: "GetCallerIdentity", Region: "eu-west-1", AccessKey: "AKIALAB"})
}

func TestPaginatorOfTheSDK(t *testing.T) {
	endpoint := serve(t, NewServer([]Operation{Op("ecs", "ListClusters", listClusters)}))
	client := ecs.NewFromConfig(config(endpoint))
	var all []string
	for p := ecs.NewListClustersPaginator(client, &ecs.ListClustersInput{MaxResults: aws.Int32(2)}); p.HasMorePages(); {
		out, err := p.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, out.ClusterArns...)
	}
	mustEqual(t, "pages", all, []string{"a", "b", "c"})
	_, err := client.ListClusters(context.Background(), &ecs.ListClustersInput{NextToken: aws.String("made-up")})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "InvalidParameterException" {
		t.Errorf("a made-up token: got %v", err)
	}
}

func TestHooks(t *testing.T) {
	ctx := context.Background()
	day := time.Date(2031, 4, 5, 6, 7, 8, 0, time.UTC)
	var mu sync.Mutex
	var calls []Call
	s := NewServer([]Operation{
		Op("ecs", "ListClusters", listClusters),
		Op("iam", "GetRole", func(*Request, *iam.GetRoleInput) (*iam.GetRoleOutput, error) { panic("boom") }),
	})
	s.Now = func() time.Time { return day }
	s.Before = func(r *Request, in any) error {
		if l, ok := in.(*ecs.ListClustersInput); ok && aws.ToInt32(l.MaxResults) == 7 {
			return &Error{Code: "AccessDeniedException", Message: "no", Status: 403}
		}
		return nil
	}
	s.Mangle = func(r *Request, w http.ResponseWriter) bool {
		if r.Region != "mangle" {
			return false
		}
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"clusterArns":["a"`)
		return true
	}
	s.OnCall = func(c Call) {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, c)
	}
	endpoint := serve(t, s)
	client := ecs.NewFromConfig(config(endpoint))

	if _, err := client.ListClusters(ctx, nil); err != nil {
		t.Fatal(err)
	}
	_, err := client.ListClusters(ctx, &ecs.ListClustersInput{MaxResults: aws.Int32(7)})
	if err == nil || !strings.Contains(err.Error(), "AccessDeniedException: no") {
		t.Errorf("Before: got %v", err)
	}
	if _, err = client.ListClusters(ctx, nil, func(o *ecs.Options) { o.Region = "mangle" }); err == nil {
		t.Error("Mangle: a truncated answer was taken")
	}
	_, err = iam.NewFromConfig(config(endpoint)).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("a")})
	if err == nil || !strings.Contains(err.Error(), "InternalFailure") || !strings.Contains(err.Error(), "boom") {
		t.Errorf("a panic: got %v", err)
	}
	_, err = client.DescribeTasks(ctx, &ecs.DescribeTasksInput{Tasks: []string{"a"}})
	if err == nil || !strings.Contains(err.Error(), "NotImplemented") {
		t.Errorf("an operation without handler: got %v", err)
	}
	mustEqual(t, "Unsupported", s.Unsupported(), map[string]int{"ecs:DescribeTasks": 1})

	mu.Lock()
	defer mu.Unlock()
	var codes []string
	for _, c := range calls {
		codes = append(codes, c.Service+":"+c.Operation+" "+c.Code)
		if !c.Time.Equal(day) || c.RequestID == "" || c.UserAgent == "" || c.AccessKey != "AKIALAB" {
			t.Errorf("call %+v lacks a part", c)
		}
	}
	mustEqual(t, "calls", codes, []string{
		"ecs:ListClusters ", "ecs:ListClusters AccessDeniedException", "ecs:ListClusters Mangled", "iam:GetRole InternalFailure", "ecs:DescribeTasks NotImplemented",
	})
	if _, ok := calls[1].Input.(*ecs.ListClustersInput); !ok {
		t.Errorf("the input of a denied call is %T", calls[1].Input)
	}
	if !strings.Contains(calls[3].Message, "server_test.go") {
		t.Error("the stack of a panic is not in the call's message")
	}
}

func TestDelayEndsWithTheCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan Call, 1)
	s := NewServer([]Operation{Op("ecs", "ListClusters", listClusters)})
	s.Delay = func(*Request) time.Duration { cancel(); return 24 * time.Hour }
	s.OnCall = func(c Call) { done <- c }
	client := ecs.NewFromConfig(config(serve(t, s)))
	if _, err := client.ListClusters(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	mustEqual(t, "code", (<-done).Code, "RequestCanceled")
}

func TestRouting(t *testing.T) {
	day := time.Date(2031, 4, 5, 6, 7, 8, 0, time.UTC)
	identity := func(r *Request, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
		return &sts.GetCallerIdentityOutput{UserId: aws.String(r.AccessKey + "/" + r.Region)}, nil
	}
	s := NewServer([]Operation{Op("ecs", "ListClusters", listClusters), Op("sts", "GetCallerIdentity", identity)})
	s.Now = func() time.Time { return day }
	endpoint := serve(t, s)
	signed := "AWS4-HMAC-SHA256 Credential=AKIA/20310405/us-east-1/%/aws4_request, SignedHeaders=host, Signature=00"
	for _, c := range []struct {
		name, method, path, body string
		header                   map[string]string
		status                   int
		want                     string
	}{
		{"a browser", "GET", "/", "", nil, 200, "simulated AWS account"},
		{"unsigned, by target", "POST", "/", "", map[string]string{"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters"}, 200, `{"clusterArns":["a","b","c"]}`},
		{"unsigned, by version", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 200, "<UserId>/</UserId>"},
		{"presigned", "GET", "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential=AKIA%2F20310405%2Fus-east-1%2Fsts%2Faws4_request", "", nil, 200, "<UserId>AKIA/us-east-1</UserId>"},
		{"the scope wins", "POST", "/", "", map[string]string{"Authorization": strings.Replace(signed, "%", "ecs", 1), "X-Amz-Target": "Whatever.ListClusters"}, 200, `{"clusterArns"`},
		{"an unknown service", "POST", "/", "{}", map[string]string{"Authorization": strings.Replace(signed, "%", "states", 1), "X-Amz-Target": "AWSStepFunctions.ListStateMachines"}, 501, "does not implement states:ListStateMachines"},
		{"an unknown query service", "POST", "/", "Action=ListTopics", map[string]string{"Authorization": strings.Replace(signed, "%", "sns", 1), "Content-Type": "application/x-www-form-urlencoded"}, 501, "<Code>NotImplemented</Code>"},
		{"nothing to go by", "POST", "/", "hello", nil, 404, "not an AWS call this lab can route"},
	} {
		req, err := http.NewRequest(c.method, endpoint+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range c.header {
			req.Header.Set(k, v)
		}
		resp, body := do(t, req)
		if resp.StatusCode != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: got %d %s, want %d and %q", c.name, resp.StatusCode, body, c.status, c.want)
		}
		mustEqual(t, c.name+": Date", resp.Header.Get("Date"), "Sat, 05 Apr 2031 06:07:08 GMT")
	}
}

// TestUnknownMembersAreCounted: JSON services ignore a member they do not know, but the lab says so.
func TestUnknownMembersAreCounted(t *testing.T) {
	s := NewServer([]Operation{Op("ecs", "ListClusters", listClusters)})
	endpoint := serve(t, s)
	for range 2 {
		resp, body := post(t, endpoint, http.Header{"X-Amz-Target": {"AmazonEC2ContainerServiceV20141113.ListClusters"}}, `{"maxResults":1,"newMember":{"a":[1]}}`)
		if resp.StatusCode != 200 || !strings.Contains(body, `{"clusterArns":["a"],`) {
			t.Errorf("got %d %s", resp.StatusCode, body)
		}
	}
	mustEqual(t, "UnknownMembers", s.UnknownMembers(), map[string]int{"ecs:ListClusters.newMember": 2})
}

func TestListDefectsPanic(t *testing.T) {
	for name, ops := range map[string][]Operation{
		"twice":     {Op("ecs", "ListClusters", listClusters), Op("ecs", "ListClusters", listClusters)},
		"no shapes": {Op("ecs", "SubmitTaskStateChange", listClusters)},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			NewServer(ops)
		}()
	}
}
