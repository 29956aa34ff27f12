package collectors

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"github.com/ecsplain/ecsplain/evidence"
)

// discoveryPort reads AWS Cloud Map, and the services that ECS ties to a namespace of it.
type discoveryPort struct {
	GetService               func(context.Context, *servicediscovery.GetServiceInput, ...func(*servicediscovery.Options)) (*servicediscovery.GetServiceOutput, error)
	ListInstances            func(context.Context, *servicediscovery.ListInstancesInput, ...func(*servicediscovery.Options)) (*servicediscovery.ListInstancesOutput, error)
	GetInstancesHealthStatus func(context.Context, *servicediscovery.GetInstancesHealthStatusInput, ...func(*servicediscovery.Options)) (*servicediscovery.GetInstancesHealthStatusOutput, error)
	ListServicesByNamespace  func(context.Context, *ecs.ListServicesByNamespaceInput, ...func(*ecs.Options)) (*ecs.ListServicesByNamespaceOutput, error)
}

func newDiscoveryPort(c *servicediscovery.Client, e *ecs.Client) discoveryPort {
	return discoveryPort{c.GetService, c.ListInstances, c.GetInstancesHealthStatus, e.ListServicesByNamespace}
}

type kinesisPort struct {
	DescribeStreamSummary func(context.Context, *kinesis.DescribeStreamSummaryInput, ...func(*kinesis.Options)) (*kinesis.DescribeStreamSummaryOutput, error)
}

const (
	discoveryPage     = 100
	maxDiscoveryPages = 5
)

// namespaceServices lists the ECS services of a namespace, in every cluster, as CLUSTER/SERVICE.
func namespaceServices(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		v := evidence.Names{Names: []string{}}
		var from answer
		err := pages(maxDiscoveryPages, func(token *string) (*string, error) {
			out, f, err := call(ctx, w.ports.discovery.ListServicesByNamespace, &ecs.ListServicesByNamespaceInput{Namespace: aws.String(k.ID), MaxResults: aws.Int32(discoveryPage), NextToken: token})
			from = f
			if err != nil {
				return nil, err
			}
			for _, arn := range out.ServiceArns {
				if _, name, ok := strings.Cut(arn, ":service/"); ok && strings.Contains(name, "/") {
					v.Names = append(v.Names, name)
				}
			}
			return out.NextToken, nil
		})
		if is(err, "NamespaceNotFoundException") {
			w.absent(k, from)
			return
		}
		w.list(k, from, v, err)
	})
}

func cloudMapServices(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		id := k.ID
		out, from, err := call(ctx, w.ports.discovery.GetService, &servicediscovery.GetServiceInput{Id: &id})
		switch {
		case is(err, "ServiceNotFound"):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		case out.Service == nil:
			w.missing(k, from)
		default:
			s := out.Service
			v := evidence.CloudMapService{ID: str(s.Id), ARN: str(s.Arn), Name: text(s.Name), NamespaceID: str(s.NamespaceId), Type: string(s.Type), CreatedAt: when(s.CreateDate)}
			if s.DnsConfig != nil {
				v.Records = mapped(s.DnsConfig.DnsRecords, func(r types.DnsRecord) string { return string(r.Type) })
				if len(s.DnsConfig.DnsRecords) > 0 {
					v.TTLSeconds = int(aws.ToInt64(s.DnsConfig.DnsRecords[0].TTL))
				}
			}
			w.found(k, from, v)
		}
	})
}

// cloudMapInstances reads what is registered, and the health that Cloud Map holds of it where it holds one.
func cloudMapInstances(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		v := evidence.CloudMapInstances{Instances: []evidence.CloudMapInstance{}}
		var from answer
		id := k.ID
		more, err := paged(maxDiscoveryPages, func(token *string) (*string, error) {
			out, f, err := call(ctx, w.ports.discovery.ListInstances, &servicediscovery.ListInstancesInput{ServiceId: &id, MaxResults: aws.Int32(discoveryPage), NextToken: token})
			from = f
			if err != nil {
				return nil, err
			}
			for _, i := range out.Instances {
				port, _ := strconv.Atoi(i.Attributes["AWS_INSTANCE_PORT"]) // 0 = none
				v.Instances = append(v.Instances, evidence.CloudMapInstance{ID: text(i.Id), IPv4: evidence.Clean(i.Attributes["AWS_INSTANCE_IPV4"]), Port: port, Health: evidence.Clean(i.Attributes["AWS_INIT_HEALTH_STATUS"])})
			}
			return out.NextToken, nil
		})
		v.Truncated = more
		switch {
		case is(err, "ServiceNotFound"):
			w.absent(k, from)
			return
		case err != nil:
			w.gap(from, err, k)
			return
		}
		if from, err := w.instanceHealth(ctx, id, &v); err != nil {
			w.gap(from, err, k)
			return
		}
		w.found(k, from, v)
	})
}

// instanceHealth asks only where instances are registered with a health of their own.
func (w *Wave) instanceHealth(ctx context.Context, id string, v *evidence.CloudMapInstances) (answer, error) {
	if len(v.Instances) == 0 || v.Instances[0].Health == "" {
		return answer{}, nil
	}
	out, from, err := call(ctx, w.ports.discovery.GetInstancesHealthStatus, &servicediscovery.GetInstancesHealthStatusInput{ServiceId: &id, MaxResults: aws.Int32(discoveryPage)})
	if is(err, "InstanceNotFound", "ServiceNotFound") {
		return from, nil // gone since the list: what the list said of it stands
	}
	if err != nil {
		return from, err
	}
	for i := range v.Instances {
		if h, ok := out.Status[v.Instances[i].ID]; ok {
			v.Instances[i].Health = string(h)
		}
	}
	return from, nil
}

func streams(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		out, from, err := call(ctx, w.ports.kinesis.DescribeStreamSummary, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String(k.ID)})
		switch {
		case is(err, "ResourceNotFoundException"):
			w.absent(k, from)
		case err != nil:
			w.gap(from, err, k)
		case out.StreamDescriptionSummary == nil:
			w.missing(k, from)
		default:
			s := out.StreamDescriptionSummary
			w.found(k, from, evidence.Stream{Name: str(s.StreamName), ARN: str(s.StreamARN), Status: string(s.StreamStatus), KmsKey: str(s.KeyId)})
		}
	})
}
