package collectors

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/evidence"
)

const (
	listPage      = 100 // most of ListClusters, ListServices, ListTasks
	maxListPages  = 100
	clusterBatch  = 100
	reasonMissing = "MISSING" // a failure that says the thing does not exist
)

func clusters(ctx context.Context, w *Wave, keys []evidence.Key) {
	var names []string
	var first answer
	err := pages(maxListPages, func(token *string) (*string, error) {
		out, from, err := call(ctx, w.ports.ecs.ListClusters, &ecs.ListClustersInput{MaxResults: aws.Int32(listPage), NextToken: token})
		if token == nil || err != nil {
			first = from
		}
		if err != nil {
			return nil, err
		}
		names = append(names, mapped(out.ClusterArns, last)...)
		return out.NextToken, nil
	})
	if err != nil {
		w.gap(first, err, keys...)
		return
	}
	for _, k := range keys {
		w.found(k, first, evidence.Names{Names: names})
	}
}

// errTooMany stands where a list that must be whole is longer than what is read.
var errTooMany = errors.New("the list is longer than ecsplain reads")

func clusterServices(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		var names []string
		var first answer
		err := pages(maxListPages, func(token *string) (*string, error) {
			out, from, err := call(ctx, w.ports.ecs.ListServices, &ecs.ListServicesInput{Cluster: &k.ID, MaxResults: aws.Int32(listPage), NextToken: token})
			if token == nil || err != nil {
				first = from
			}
			if err != nil {
				return nil, err
			}
			names = append(names, mapped(out.ServiceArns, last)...)
			return out.NextToken, nil
		})
		switch {
		case is(err, "ClusterNotFoundException"):
			w.absent(k, first)
		case err != nil:
			w.gap(first, err, k)
		default:
			w.found(k, first, evidence.Names{Names: names})
		}
	})
}

func cluster(ctx context.Context, w *Wave, keys []evidence.Key) {
	w.batches(ctx, keys, clusterBatch, func(ctx context.Context, keys []evidence.Key) (answer, error) {
		out, from, err := call(ctx, w.ports.ecs.DescribeClusters, &ecs.DescribeClustersInput{
			Clusters: ids(keys, whole),
			Include:  []types.ClusterField{types.ClusterFieldTags, types.ClusterFieldSettings, types.ClusterFieldConfigurations},
		})
		if err != nil {
			return from, err
		}
		got := map[string]types.Cluster{}
		for _, c := range out.Clusters {
			got[str(c.ClusterName)] = c
		}
		for _, k := range keys {
			c, ok := got[k.ID]
			if ok {
				w.found(k, from, toCluster(c))
			} else {
				w.failed(k, from, k.ID, out.Failures)
			}
		}
		return from, nil
	})
}

// failed answers k by the failure that ECS gives for name: MISSING is absence, any other reason is a gap.
func (w *Wave) failed(k evidence.Key, from answer, name string, failures []types.Failure) {
	for _, f := range failures {
		if last(str(f.Arn)) != name {
			continue
		}
		if str(f.Reason) == reasonMissing {
			w.absent(k, from)
		} else {
			w.gap(from, ecsFailure{f}, k)
		}
		return
	}
	w.missing(k, from)
}

func toCluster(c types.Cluster) evidence.Cluster {
	v := evidence.Cluster{
		Name:              str(c.ClusterName),
		ARN:               str(c.ClusterArn),
		Status:            str(c.Status),
		CapacityProviders: c.CapacityProviders,
		DefaultStrategy:   mapped(c.DefaultCapacityProviderStrategy, toStrategyItem),
		Instances:         int(c.RegisteredContainerInstancesCount),
		RunningTasks:      int(c.RunningTasksCount),
		PendingTasks:      int(c.PendingTasksCount),
		Tags:              mapped(c.Tags, toECSTag),
	}
	for _, s := range c.Settings {
		if s.Name == types.ClusterSettingNameContainerInsights {
			v.ContainerInsights = str(s.Value)
		}
	}
	if c.ServiceConnectDefaults != nil {
		v.ConnectNamespace = str(c.ServiceConnectDefaults.Namespace)
	}
	if c.Configuration == nil {
		return v
	}
	if s := c.Configuration.ManagedStorageConfiguration; s != nil {
		v.StorageKmsKey = str(s.FargateEphemeralStorageKmsKeyId)
	}
	if e := c.Configuration.ExecuteCommandConfiguration; e != nil {
		v.ExecKmsKey, v.ExecLogging = str(e.KmsKeyId), string(e.Logging)
		if l := e.LogConfiguration; l != nil {
			v.ExecLogGroup, v.ExecBucket = str(l.CloudWatchLogGroupName), str(l.S3BucketName)
		}
	}
	return v
}

func toStrategyItem(s types.CapacityProviderStrategyItem) evidence.StrategyItem {
	return evidence.StrategyItem{Provider: str(s.CapacityProvider), Weight: int(s.Weight), Base: int(s.Base)}
}

func toECSTag(t types.Tag) evidence.Tag { return tag(t.Key, t.Value) }
