package wire

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
)

// TestClientRoundTrip sends random JSON input of every operation through Client, as text from a file would
// come, and reads the answer back: same normalisation as TestRoundTrip, but no SDK client in between.
func TestClientRoundTrip(t *testing.T) {
	const rounds = 6
	var got, answer any
	server := &Server{}
	endpoint := serve(t, server)
	var ops []sdkOperation
	eachOperation(t, endpoint, func(op sdkOperation) {
		ops = append(ops, op)
		server.Operations = append(server.Operations, op.operation(func(_ *Request, in any) (any, error) {
			got = in
			return answer, nil
		}))
	})
	client := &Client{Endpoint: endpoint}
	for _, op := range ops {
		for round := range rounds {
			g := newGenerator(op.name(), round)
			in := g.forForm(op).input(op)
			want := g.value(op.shapes.output, reflect.PointerTo(op.outp), 0)
			answer = want.Interface()
			if names := op.shapes.service.Protocols; len(names) > 0 {
				client.protocol = names[round%len(names)]
				g = newGenerator(op.name(), round)
				g.filled = client.protocol == "query"
				in = g.input(op)
			}
			out, err := client.Call(context.Background(), op.shapes.service.Name, op.shapes.name, jsonOf(t, op.shapes.input, in))
			if err != nil {
				t.Fatalf("%s round %d: %v", op.name(), round, err)
			}
			if d := cmp.Diff(in.Interface(), got, sameValue); d != "" {
				t.Fatalf("%s round %d: the handler got another input (-sent +got):\n%s", op.name(), round, d)
			}
			back := reflect.New(op.outp)
			tree, err := fromPlain(op.shapes.output, out, "")
			if err == nil {
				err = toStruct(op.shapes.output, tree, back.Elem())
			}
			if err != nil {
				t.Fatalf("%s round %d: %v", op.name(), round, err)
			}
			if d := cmp.Diff(answer, back.Interface(), sameValue); d != "" {
				t.Fatalf("%s round %d: the caller got another output (-answered +got):\n%s", op.name(), round, d)
			}
		}
	}
}

func jsonOf(t *testing.T, s *shape, v reflect.Value) map[string]any {
	t.Helper()
	tree, _, err := fromStruct(s, v)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(plain(tree))
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	if err := dec.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestClientTakesWhatPeopleWrite(t *testing.T) {
	var got *ecs.CreateServiceInput
	endpoint := serve(t, NewServer([]Operation{Op("ecs", "CreateService", func(_ *Request, in *ecs.CreateServiceInput) (*ecs.CreateServiceOutput, error) {
		got = in
		return &ecs.CreateServiceOutput{Service: &ecstypes.Service{
			ServiceName: in.ServiceName, CreatedAt: aws.Time(time.Date(2031, 4, 5, 6, 7, 8, 250e6, time.UTC)), DesiredCount: 2,
		}}, nil
	})}))
	client := &Client{Endpoint: endpoint + "/"}
	out, err := client.Call(context.Background(), "ecs", "CreateService", map[string]any{
		"serviceName": "web", "desiredCount": uint64(2), "enableExecuteCommand": true, "cluster": nil,
		"networkConfiguration":    map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []string{"subnet-1"}, "assignPublicIp": "ENABLED"}},
		"deploymentConfiguration": map[string]any{"maximumPercent": 200.0},
	})
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, "desired count", aws.ToInt32(got.DesiredCount), int32(2))
	mustEqual(t, "percent", aws.ToInt32(got.DeploymentConfiguration.MaximumPercent), int32(200))
	mustEqual(t, "subnets", got.NetworkConfiguration.AwsvpcConfiguration.Subnets, []string{"subnet-1"})
	service := out["service"].(map[string]any)
	mustEqual(t, "created", service["createdAt"], any("2031-04-05T06:07:08.25Z"))
	mustEqual(t, "desired count answered", service["desiredCount"], any(int64(2)))
	if _, there := service["taskDefinition"]; there {
		t.Error("an absent member has a key")
	}
}

func TestClientErrors(t *testing.T) {
	ctx := context.Background()
	endpoint := failing(t, &Error{Code: "NoSuchEntity", Message: "gone"})
	client := &Client{Endpoint: endpoint}
	var e *Error
	_, err := client.Call(ctx, "iam", "GetRole", map[string]any{"RoleName": "a"})
	if !errors.As(err, &e) || e.Code != "NoSuchEntity" || e.Message != "gone" || e.Status != 404 {
		t.Errorf("iam: got %#v", err)
	}
	_, err = client.Call(ctx, "ec2", "DescribeVpcs", nil)
	if !errors.As(err, &e) || e.Code != "NoSuchEntity" || e.Status != 400 {
		t.Errorf("ec2: got %#v", err)
	}
	conflict := failing(t, &ecstypes.ConflictException{Message: aws.String("busy"), ResourceIds: []string{"a"}})
	_, err = (&Client{Endpoint: conflict}).Call(ctx, "ecs", "ListClusters", nil)
	if !errors.As(err, &e) || e.Message != "busy" {
		t.Fatalf("ecs: got %#v", err)
	}
	mustEqual(t, "fields", e.Fields, map[string]any{"resourceIds": []any{"a"}})
	for _, c := range []struct{ service, operation, input, want string }{
		{"states", "ListStateMachines", `{}`, "no shape table for service \"states\"; there are application-autoscaling, cloudtrail"},
		{"ecs", "SubmitTaskStateChange", `{}`, "no shapes for ecs:SubmitTaskStateChange"},
		{"ecs", "DescribeTasks", `{"task":["a"]}`, "task: DescribeTasksRequest has no such member; it has cluster, include, tasks"},
		{"ecs", "DescribeTasks", `{"tasks":"a"}`, "tasks: expected an array"},
		{"ecs", "CreateService", `{"desiredCount":1.5}`, `desiredCount: "1.5" is not a whole number`},
	} {
		var input map[string]any
		if err := json.Unmarshal([]byte(c.input), &input); err != nil {
			t.Fatal(err)
		}
		_, err := client.Call(ctx, c.service, c.operation, input)
		if err == nil || errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:%s %s: got %v, want %q", c.service, c.operation, c.input, err, c.want)
		}
	}
}
