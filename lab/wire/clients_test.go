package wire

import (
	"context"
	"errors"
	"net"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/networkfirewall"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/xray"
)

// sdkClients makes the real SDK clients for an endpoint, boxed so that a test can walk every operation.
// Only tests may box a client: in a binary the linker would then keep all of its operations.
func sdkClients(endpoint string) map[string]any {
	cfg := config(endpoint)
	return map[string]any{
		"ecs": ecs.NewFromConfig(cfg), "ec2": ec2.NewFromConfig(cfg), "logs": cloudwatchlogs.NewFromConfig(cfg),
		"ecr": ecr.NewFromConfig(cfg), "iam": iam.NewFromConfig(cfg), "sts": sts.NewFromConfig(cfg),
		"secretsmanager": secretsmanager.NewFromConfig(cfg), "ssm": ssm.NewFromConfig(cfg), "elasticloadbalancing": elb.NewFromConfig(cfg),
		"application-autoscaling": applicationautoscaling.NewFromConfig(cfg), "cloudtrail": cloudtrail.NewFromConfig(cfg), "codedeploy": codedeploy.NewFromConfig(cfg),
		"events": eventbridge.NewFromConfig(cfg), "kinesis": kinesis.NewFromConfig(cfg), "kms": kms.NewFromConfig(cfg),
		"network-firewall": networkfirewall.NewFromConfig(cfg), "route53resolver": route53resolver.NewFromConfig(cfg),
		"servicediscovery": servicediscovery.NewFromConfig(cfg), "servicequotas": servicequotas.NewFromConfig(cfg), "sqs": sqs.NewFromConfig(cfg, noChecksums),
		"elasticfilesystem": efs.NewFromConfig(cfg), "scheduler": scheduler.NewFromConfig(cfg), "xray": xray.NewFromConfig(cfg), "monitoring": cloudwatch.NewFromConfig(cfg),
	}
}

// noChecksums: random answers do not carry the MD5 of their bodies.
func noChecksums(o *sqs.Options) { o.DisableMessageChecksumValidation = true }

// sdkOperation is one operation of a table with the SDK's method and types for it.
type sdkOperation struct {
	shapes      *operation
	method      reflect.Value // func(ctx, *In, ...func(*Options)) (*Out, error)
	input, outp reflect.Type  // structs
}

// eachOperation walks every operation of every table in order.
func eachOperation(t *testing.T, endpoint string, f func(op sdkOperation)) {
	t.Helper()
	clients := sdkClients(endpoint)
	for _, s := range sortedKeys(tables()) {
		client, ok := clients[s]
		if !ok {
			t.Errorf("no SDK client for the table %s; add it to sdkClients", s)
			continue
		}
		for _, name := range sortedKeys(tables()[s].Operations) {
			m := reflect.ValueOf(client).MethodByName(name)
			if !m.IsValid() {
				t.Errorf("the SDK has no %s:%s", s, name)
				continue
			}
			f(sdkOperation{tables()[s].Operations[name], m, m.Type().In(1).Elem(), m.Type().Out(0).Elem()})
		}
	}
}

func (op sdkOperation) name() string { return op.shapes.service.Name + ":" + op.shapes.name }

// call calls through the SDK client. A server as near as this one may answer before net/http took its last look at the
// request's body; where the SDK has closed it by then, net/http closes the connection under the answer. Then it asks again.
func (op sdkOperation) call(in reflect.Value) (reflect.Value, error) {
	for try := 1; ; try++ {
		out := op.method.Call([]reflect.Value{reflect.ValueOf(context.Background()), in})
		err, _ := out[1].Interface().(error)
		if try == 5 || !errors.Is(err, net.ErrClosed) {
			return out[0], err
		}
	}
}

// operation is what Op would make, for types known only at run time.
func (op sdkOperation) operation(f func(r *Request, in any) (any, error)) Operation {
	return Operation{
		Service: op.shapes.service.Name, Name: op.shapes.name, output: op.outp,
		newInput: func() any { return reflect.New(op.input).Interface() },
		call:     f,
	}
}

// serve starts a server on loopback for the test's life.
func serve(t testing.TB, s *Server) string {
	t.Helper()
	hs := httptest.NewServer(s)
	t.Cleanup(hs.Close)
	return hs.URL
}

// config is an SDK configuration for a test's own typed client.
func config(endpoint string) aws.Config {
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(endpoint),
		Credentials: credentials.NewStaticCredentialsProvider("AKIALAB", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func mustEqual(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}
