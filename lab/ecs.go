package lab

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// ecsOperations lists what the lab answers of ECS.
func (w *World) ecsOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("ecs", "ListClusters", w.listClusters),
		wire.Op("ecs", "DescribeClusters", w.describeClusters),
		wire.Op("ecs", "CreateCluster", w.createCluster),
		wire.Op("ecs", "UpdateCluster", w.updateCluster),
		wire.Op("ecs", "PutClusterCapacityProviders", w.putClusterCapacityProviders),
		wire.Op("ecs", "DescribeCapacityProviders", w.describeCapacityProviders),
		wire.Op("ecs", "ListContainerInstances", w.listContainerInstances),
		wire.Op("ecs", "DescribeContainerInstances", w.describeContainerInstances),
		wire.Op("ecs", "ListServices", w.listServices),
		wire.Op("ecs", "ListServicesByNamespace", w.listServicesByNamespace),
		wire.Op("ecs", "DescribeServices", w.describeServices),
		wire.Op("ecs", "CreateService", w.createService),
		wire.Op("ecs", "UpdateService", w.updateService),
		wire.Op("ecs", "DeleteService", w.deleteService),
		wire.Op("ecs", "ListServiceDeployments", w.listServiceDeployments),
		wire.Op("ecs", "DescribeServiceDeployments", w.describeServiceDeployments),
		wire.Op("ecs", "DescribeServiceRevisions", w.describeServiceRevisions),
		wire.Op("ecs", "ContinueServiceDeployment", w.continueServiceDeployment),
		wire.Op("ecs", "StopServiceDeployment", w.stopServiceDeployment),
		wire.Op("ecs", "CreateTaskSet", w.createTaskSet),
		wire.Op("ecs", "DescribeTaskSets", w.describeTaskSets),
		wire.Op("ecs", "UpdateTaskSet", w.updateTaskSet),
		wire.Op("ecs", "UpdateServicePrimaryTaskSet", w.updateServicePrimaryTaskSet),
		wire.Op("ecs", "DeleteTaskSet", w.deleteTaskSet),
		wire.Op("ecs", "ListTasks", w.listTasks),
		wire.Op("ecs", "DescribeTasks", w.describeTasks),
		wire.Op("ecs", "RunTask", w.runTask),
		wire.Op("ecs", "StopTask", w.stopTask),
		wire.Op("ecs", "ExecuteCommand", w.executeCommand),
		wire.Op("ecs", "RegisterTaskDefinition", w.registerTaskDefinition),
		wire.Op("ecs", "DeregisterTaskDefinition", w.deregisterTaskDefinition),
		wire.Op("ecs", "DescribeTaskDefinition", w.describeTaskDefinition),
		wire.Op("ecs", "ListTaskDefinitions", w.listTaskDefinitions),
		wire.Op("ecs", "ListTaskDefinitionFamilies", w.listTaskDefinitionFamilies),
		wire.Op("ecs", "ListTagsForResource", w.listTagsForResource),
		wire.Op("ecs", "ListAccountSettings", w.listAccountSettings),
	}
}

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf("InvalidParameterException", format, args...)
}

func client(format string, args ...any) *wire.Error {
	return wire.Errorf("ClientException", format, args...)
}

// token is a pagination token as the answers carry it: absent on the last page.
func token(next string) *string {
	if next == "" {
		return nil
	}
	return &next
}

// clusterNamed is the name of an active cluster, by name or ARN; nil and "" mean "default".
func (w *World) clusterNamed(ref *string) (string, error) {
	name := lastPart(aws.ToString(ref))
	if name == "" {
		name = "default"
	}
	if c := w.clusters[name]; c == nil || aws.ToString(c.Status) != "ACTIVE" {
		return "", wire.Errorf("ClusterNotFoundException", "Cluster not found.")
	}
	return name, nil
}

func (w *World) clusterView(name string) ecstypes.Cluster {
	c := *w.clusters[name]
	for _, s := range w.services {
		if s.cluster == name && aws.ToString(s.Status) == "ACTIVE" {
			c.ActiveServicesCount++
		}
	}
	for _, t := range w.tasks {
		if t.launch.cluster != name {
			continue
		}
		if t.is("RUNNING") {
			c.RunningTasksCount++
		} else if !t.stopping() {
			c.PendingTasksCount++
		}
	}
	c.RegisteredContainerInstancesCount = int32(len(w.instancesOf(launch{cluster: name})))
	return c
}

func (w *World) listClusters(_ *wire.Request, in *ecs.ListClustersInput) (*ecs.ListClustersOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var arns []string
	for _, name := range slices.Sorted(maps.Keys(w.clusters)) {
		arns = append(arns, aws.ToString(w.clusters[name].ClusterArn))
	}
	page, next, err := wire.Page(arns, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &ecs.ListClustersOutput{ClusterArns: page, NextToken: token(next)}, err
}

func (w *World) describeClusters(_ *wire.Request, in *ecs.DescribeClustersInput) (*ecs.DescribeClustersOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	refs := in.Clusters
	if len(refs) == 0 {
		refs = []string{"default"}
	}
	if len(refs) > 100 {
		return nil, invalid("Clusters must have at most 100 elements")
	}
	out := &ecs.DescribeClustersOutput{}
	for _, ref := range refs {
		name := lastPart(ref)
		if w.clusters[name] == nil {
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: aws.String(w.ecsARN("cluster/" + name)), Reason: aws.String("MISSING")})
			continue
		}
		c := w.clusterView(name)
		if !slices.Contains(in.Include, ecstypes.ClusterFieldSettings) {
			c.Settings = []ecstypes.ClusterSetting{}
		}
		if !slices.Contains(in.Include, ecstypes.ClusterFieldConfigurations) {
			c.Configuration = nil
		}
		if !slices.Contains(in.Include, ecstypes.ClusterFieldTags) {
			c.Tags = []ecstypes.Tag{}
		}
		out.Clusters = append(out.Clusters, c)
	}
	return out, nil
}

func (w *World) createCluster(_ *wire.Request, in *ecs.CreateClusterInput) (*ecs.CreateClusterOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := aws.ToString(in.ClusterName)
	if name == "" {
		name = "default"
	}
	if w.clusters[name] == nil {
		var defaults *ecstypes.ClusterServiceConnectDefaults
		if d := in.ServiceConnectDefaults; d != nil {
			var err error
			if defaults, err = w.defaultNamespace(aws.ToString(d.Namespace)); err != nil {
				return nil, err
			}
		}
		w.clusters[name] = &ecstypes.Cluster{
			Configuration: in.Configuration, ServiceConnectDefaults: defaults,
			ClusterName: aws.String(name), ClusterArn: aws.String(w.ecsARN("cluster/" + name)), Status: aws.String("ACTIVE"), Settings: in.Settings, Tags: in.Tags,
			CapacityProviders: in.CapacityProviders, DefaultCapacityProviderStrategy: in.DefaultCapacityProviderStrategy,
		}
	}
	c := w.clusterView(name)
	return &ecs.CreateClusterOutput{Cluster: &c}, nil
}

func (w *World) putClusterCapacityProviders(_ *wire.Request, in *ecs.PutClusterCapacityProvidersInput) (*ecs.PutClusterCapacityProvidersOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, err := w.clusterNamed(in.Cluster)
	if err != nil {
		return nil, err
	}
	for _, p := range in.CapacityProviders {
		if w.providers[p] == nil {
			return nil, invalid("The specified capacity provider '%s' was not found. Specify a valid name and try again.", p)
		}
	}
	c := w.clusters[name]
	c.CapacityProviders, c.DefaultCapacityProviderStrategy = in.CapacityProviders, in.DefaultCapacityProviderStrategy
	v := w.clusterView(name)
	return &ecs.PutClusterCapacityProvidersOutput{Cluster: &v}, nil
}

func (w *World) describeCapacityProviders(_ *wire.Request, in *ecs.DescribeCapacityProvidersInput) (*ecs.DescribeCapacityProvidersOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := in.CapacityProviders
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(w.providers))
	}
	out := &ecs.DescribeCapacityProvidersOutput{}
	var found []ecstypes.CapacityProvider
	for _, ref := range names {
		if p := w.providers[lastPart(ref)]; p != nil {
			found = append(found, *p)
		} else {
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: aws.String(w.ecsARN("capacity-provider/" + lastPart(ref))), Reason: aws.String("MISSING")})
		}
	}
	page, next, err := wire.Page(found, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 10)
	out.CapacityProviders, out.NextToken = page, token(next)
	return out, err
}

func (w *World) listContainerInstances(_ *wire.Request, in *ecs.ListContainerInstancesInput) (*ecs.ListContainerInstancesOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, err := w.clusterNamed(in.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, i := range w.instancesOf(launch{cluster: name}) {
		arns = append(arns, aws.ToString(i.ContainerInstanceArn))
	}
	page, next, err := wire.Page(arns, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &ecs.ListContainerInstancesOutput{ContainerInstanceArns: page, NextToken: token(next)}, err
}

func (w *World) describeContainerInstances(_ *wire.Request, in *ecs.DescribeContainerInstancesInput) (*ecs.DescribeContainerInstancesOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, err := w.clusterNamed(in.Cluster)
	if err != nil {
		return nil, err
	}
	out := &ecs.DescribeContainerInstancesOutput{}
	for _, ref := range in.ContainerInstances {
		if i := w.instances[lastPart(ref)]; i != nil && containsCluster(aws.ToString(i.ContainerInstanceArn), name) {
			v := *i
			v.RemainingResources = slices.Clone(i.RemainingResources) // placement changes them in place
			out.ContainerInstances = append(out.ContainerInstances, v)
		} else {
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: aws.String(w.ecsARN("container-instance/" + name + "/" + lastPart(ref))), Reason: aws.String("MISSING")})
		}
	}
	return out, nil
}

func (w *World) listTagsForResource(_ *wire.Request, in *ecs.ListTagsForResourceInput) (*ecs.ListTagsForResourceOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	arn := aws.ToString(in.ResourceArn)
	for _, s := range w.services {
		if aws.ToString(s.ServiceArn) == arn {
			return &ecs.ListTagsForResourceOutput{Tags: s.Tags}, nil
		}
	}
	for _, c := range w.clusters {
		if aws.ToString(c.ClusterArn) == arn {
			return &ecs.ListTagsForResourceOutput{Tags: c.Tags}, nil
		}
	}
	return nil, invalid("The specified resource could not be found: %s", arn)
}

func (w *World) listAccountSettings(*wire.Request, *ecs.ListAccountSettingsInput) (*ecs.ListAccountSettingsOutput, error) {
	return &ecs.ListAccountSettingsOutput{}, nil
}

func splitPath(arn string) []string {
	return strings.FieldsFunc(arn, func(r rune) bool { return r == '/' || r == ':' })
}
