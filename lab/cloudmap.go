package lab

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// discovery is AWS Cloud Map.
type discovery struct {
	namespaces map[string]*namespace  // by id
	registries map[string]*mapService // Cloud Map's services, by id
	operations map[string]sdtypes.Operation
}

type namespace struct {
	sdtypes.Namespace
	vpc string // of a private DNS namespace
}

// mapService is a Cloud Map service: a name, and who is registered under it.
type mapService struct {
	sdtypes.Service
	instances map[string]map[string]string // attributes, by instance id
	byECS     bool                         // Service Connect made it and takes it away
}

func newDiscovery() discovery {
	return discovery{namespaces: map[string]*namespace{}, registries: map[string]*mapService{}, operations: map[string]sdtypes.Operation{}}
}

// cloudMapOperations lists what the lab answers of Cloud Map.
func (w *World) cloudMapOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("servicediscovery", "ListNamespaces", reads(w, w.listNamespaces)),
		wire.Op("servicediscovery", "GetNamespace", reads(w, w.getNamespace)),
		wire.Op("servicediscovery", "CreateHttpNamespace", changes(w, w.createHTTPNamespace)),
		wire.Op("servicediscovery", "CreatePrivateDnsNamespace", changes(w, w.createPrivateDNSNamespace)),
		wire.Op("servicediscovery", "DeleteNamespace", changes(w, w.deleteNamespace)),
		wire.Op("servicediscovery", "ListServices", reads(w, w.listRegistries)),
		wire.Op("servicediscovery", "GetService", reads(w, w.getRegistry)),
		wire.Op("servicediscovery", "CreateService", changes(w, w.createRegistry)),
		wire.Op("servicediscovery", "DeleteService", changes(w, w.deleteRegistry)),
		wire.Op("servicediscovery", "ListInstances", reads(w, w.listInstances)),
		wire.Op("servicediscovery", "RegisterInstance", changes(w, w.registerInstance)),
		wire.Op("servicediscovery", "DeregisterInstance", changes(w, w.deregisterInstance)),
		wire.Op("servicediscovery", "GetInstancesHealthStatus", reads(w, w.getInstancesHealthStatus)),
		wire.Op("servicediscovery", "GetOperation", reads(w, w.getOperation)),
	}
}

func (w *World) discoveryARN(resource string) string {
	return fmt.Sprintf("arn:%s:servicediscovery:%s:%s:%s", w.Partition, w.Region, w.Account, resource)
}

// done keeps an operation, which is over as soon as it is asked for, and answers its id.
func (w *World) done(kind sdtypes.OperationType, target sdtypes.OperationTargetType, id string) *string {
	op := strings.ToLower(w.newHex(32))
	w.discovery.operations[op] = sdtypes.Operation{Id: aws.String(op), Type: kind, Status: sdtypes.OperationStatusSuccess, CreateDate: aws.Time(w.now), UpdateDate: aws.Time(w.now), Targets: map[string]string{string(target): id}}
	return aws.String(op)
}

func (w *World) getOperation(in *servicediscovery.GetOperationInput) (*servicediscovery.GetOperationOutput, error) {
	op, ok := w.discovery.operations[aws.ToString(in.OperationId)]
	if !ok {
		return nil, wire.Errorf("OperationNotFound", "Operation not found.")
	}
	return &servicediscovery.GetOperationOutput{Operation: &op}, nil
}

// namespaceOf finds a namespace by name, id or ARN; nil = none.
func (w *World) namespaceOf(ref string) *namespace {
	for _, n := range sorted(w.discovery.namespaces) {
		if ref != "" && (ref == *n.Name || ref == *n.Id || ref == *n.Arn) {
			return n
		}
	}
	return nil
}

func noNamespace(id *string) *wire.Error {
	return wire.Errorf("NamespaceNotFound", "Namespace not found: %s", aws.ToString(id))
}

func noRegistry(id *string) *wire.Error {
	return wire.Errorf("ServiceNotFound", "Service not found: %s", aws.ToString(id))
}

func (w *World) addNamespace(name string, kind sdtypes.NamespaceType, vpc string) (*namespace, error) {
	if n := w.namespaceOf(name); n != nil {
		return nil, wire.Errorf("NamespaceAlreadyExists", "Namespace already exists.")
	}
	id := "ns-" + w.newHex(16)
	n := &namespace{vpc: vpc, Namespace: sdtypes.Namespace{Id: aws.String(id), Arn: aws.String(w.discoveryARN("namespace/" + id)), Name: aws.String(name), Type: kind, CreateDate: aws.Time(w.now),
		Properties: &sdtypes.NamespaceProperties{HttpProperties: &sdtypes.HttpProperties{HttpName: aws.String(name)}}}}
	w.discovery.namespaces[id] = n
	w.names["namespace:"+name] = id
	return n, nil
}

func (w *World) createHTTPNamespace(in *servicediscovery.CreateHttpNamespaceInput) (*servicediscovery.CreateHttpNamespaceOutput, error) {
	n, err := w.addNamespace(aws.ToString(in.Name), sdtypes.NamespaceTypeHttp, "")
	if err != nil {
		return nil, err
	}
	return &servicediscovery.CreateHttpNamespaceOutput{OperationId: w.done(sdtypes.OperationTypeCreateNamespace, sdtypes.OperationTargetTypeNamespace, *n.Id)}, nil
}

func (w *World) createPrivateDNSNamespace(in *servicediscovery.CreatePrivateDnsNamespaceInput) (*servicediscovery.CreatePrivateDnsNamespaceOutput, error) {
	if w.vpcs[aws.ToString(in.Vpc)] == nil {
		return nil, wire.Errorf("InvalidInput", "The VPC %s does not exist.", aws.ToString(in.Vpc))
	}
	n, err := w.addNamespace(aws.ToString(in.Name), sdtypes.NamespaceTypeDnsPrivate, aws.ToString(in.Vpc))
	if err != nil {
		return nil, err
	}
	return &servicediscovery.CreatePrivateDnsNamespaceOutput{OperationId: w.done(sdtypes.OperationTypeCreateNamespace, sdtypes.OperationTargetTypeNamespace, *n.Id)}, nil
}

// deleteNamespace refuses while a service is in it.
func (w *World) deleteNamespace(in *servicediscovery.DeleteNamespaceInput) (*servicediscovery.DeleteNamespaceOutput, error) {
	n := w.namespaceOf(aws.ToString(in.Id))
	if n == nil {
		return nil, noNamespace(in.Id)
	}
	if len(w.registriesOf(*n.Id)) > 0 {
		return nil, wire.Errorf("ResourceInUse", "Namespace is not empty: it contains services.")
	}
	delete(w.discovery.namespaces, *n.Id)
	return &servicediscovery.DeleteNamespaceOutput{OperationId: w.done(sdtypes.OperationTypeDeleteNamespace, sdtypes.OperationTargetTypeNamespace, *n.Id)}, nil
}

func (w *World) registriesOf(namespace string) []*mapService {
	return slices.DeleteFunc(sorted(w.discovery.registries), func(r *mapService) bool { return aws.ToString(r.NamespaceId) != namespace })
}

func (n *namespace) shown(services int) sdtypes.Namespace {
	v := n.Namespace
	v.ServiceCount = aws.Int32(int32(services))
	return v
}

func (w *World) getNamespace(in *servicediscovery.GetNamespaceInput) (*servicediscovery.GetNamespaceOutput, error) {
	n := w.namespaceOf(aws.ToString(in.Id))
	if n == nil {
		return nil, noNamespace(in.Id)
	}
	v := n.shown(len(w.registriesOf(*n.Id)))
	return &servicediscovery.GetNamespaceOutput{Namespace: &v}, nil
}

// listNamespaces knows the filters TYPE, NAME and HTTP_NAME with the condition EQ, and answers nothing for others.
func (w *World) listNamespaces(in *servicediscovery.ListNamespacesInput) (*servicediscovery.ListNamespacesOutput, error) {
	var all []sdtypes.NamespaceSummary
	for _, n := range sorted(w.discovery.namespaces) {
		fits := true
		for _, f := range in.Filters {
			value := map[sdtypes.NamespaceFilterName]string{sdtypes.NamespaceFilterNameName: *n.Name, sdtypes.NamespaceFilterNameHttpName: *n.Name, sdtypes.NamespaceFilterNameType: string(n.Type)}[f.Name]
			fits = fits && slices.Contains(f.Values, value)
		}
		if fits {
			v := n.shown(len(w.registriesOf(*n.Id)))
			all = append(all, sdtypes.NamespaceSummary{Id: v.Id, Arn: v.Arn, Name: v.Name, Type: v.Type, Properties: v.Properties, CreateDate: v.CreateDate, ServiceCount: v.ServiceCount})
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &servicediscovery.ListNamespacesOutput{Namespaces: page, NextToken: optional(next)}, err
}

func (w *World) createRegistry(in *servicediscovery.CreateServiceInput) (*servicediscovery.CreateServiceOutput, error) {
	ref := aws.ToString(in.NamespaceId)
	if in.DnsConfig != nil && ref == "" {
		ref = aws.ToString(in.DnsConfig.NamespaceId) //lint:ignore SA1019 older clients still send it here
	}
	n := w.namespaceOf(ref)
	if n == nil {
		return nil, noNamespace(&ref)
	}
	name := aws.ToString(in.Name)
	for _, r := range w.registriesOf(*n.Id) {
		if *r.Name == name {
			return nil, wire.Errorf("ServiceAlreadyExists", "Service already exists.")
		}
	}
	r := w.addRegistry(n, name)
	r.DnsConfig, r.HealthCheckCustomConfig, r.Description = in.DnsConfig, in.HealthCheckCustomConfig, in.Description
	if in.DnsConfig != nil && len(in.DnsConfig.DnsRecords) > 0 && n.Type != sdtypes.NamespaceTypeHttp {
		r.Type = sdtypes.ServiceTypeDnsHttp
	}
	w.names["cloudmap-service:"+name] = *r.Id
	v := r.shown()
	return &servicediscovery.CreateServiceOutput{Service: &v}, nil
}

func (w *World) addRegistry(n *namespace, name string) *mapService {
	id := "srv-" + w.newHex(16)
	r := &mapService{instances: map[string]map[string]string{}, Service: sdtypes.Service{Id: aws.String(id), Arn: aws.String(w.discoveryARN("service/" + id)), Name: aws.String(name),
		NamespaceId: n.Id, Type: sdtypes.ServiceTypeHttp, CreateDate: aws.Time(w.now)}}
	w.discovery.registries[id] = r
	return r
}

func (r *mapService) shown() sdtypes.Service {
	v := r.Service
	v.InstanceCount = aws.Int32(int32(len(r.instances)))
	return v
}

func (w *World) deleteRegistry(in *servicediscovery.DeleteServiceInput) (*servicediscovery.DeleteServiceOutput, error) {
	r := w.discovery.registries[lastPart(aws.ToString(in.Id))]
	if r == nil {
		return nil, noRegistry(in.Id)
	}
	if len(r.instances) > 0 {
		return nil, wire.Errorf("ResourceInUse", "Service contains registered instances; delete the instances before deleting the service")
	}
	delete(w.discovery.registries, *r.Id)
	return &servicediscovery.DeleteServiceOutput{}, nil
}

func (w *World) getRegistry(in *servicediscovery.GetServiceInput) (*servicediscovery.GetServiceOutput, error) {
	r := w.discovery.registries[lastPart(aws.ToString(in.Id))]
	if r == nil {
		return nil, noRegistry(in.Id)
	}
	v := r.shown()
	return &servicediscovery.GetServiceOutput{Service: &v}, nil
}

// listRegistries knows the filter NAMESPACE_ID.
func (w *World) listRegistries(in *servicediscovery.ListServicesInput) (*servicediscovery.ListServicesOutput, error) {
	var all []sdtypes.ServiceSummary
	for _, r := range sorted(w.discovery.registries) {
		if slices.ContainsFunc(in.Filters, func(f sdtypes.ServiceFilter) bool {
			return f.Name != sdtypes.ServiceFilterNameNamespaceId || !slices.Contains(f.Values, *r.NamespaceId)
		}) {
			continue
		}
		v := r.shown()
		all = append(all, sdtypes.ServiceSummary{Id: v.Id, Arn: v.Arn, Name: v.Name, Type: v.Type, DnsConfig: v.DnsConfig, HealthCheckCustomConfig: v.HealthCheckCustomConfig, InstanceCount: v.InstanceCount, CreateDate: v.CreateDate, Description: v.Description})
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &servicediscovery.ListServicesOutput{Services: page, NextToken: optional(next)}, err
}

func (w *World) listInstances(in *servicediscovery.ListInstancesInput) (*servicediscovery.ListInstancesOutput, error) {
	r := w.discovery.registries[lastPart(aws.ToString(in.ServiceId))]
	if r == nil {
		return nil, noRegistry(in.ServiceId)
	}
	var all []sdtypes.InstanceSummary
	for _, id := range slices.Sorted(maps.Keys(r.instances)) {
		all = append(all, sdtypes.InstanceSummary{Id: aws.String(id), Attributes: maps.Clone(r.instances[id])})
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &servicediscovery.ListInstancesOutput{Instances: page, NextToken: optional(next)}, err
}

func (w *World) registerInstance(in *servicediscovery.RegisterInstanceInput) (*servicediscovery.RegisterInstanceOutput, error) {
	r := w.discovery.registries[lastPart(aws.ToString(in.ServiceId))]
	if r == nil {
		return nil, noRegistry(in.ServiceId)
	}
	r.instances[aws.ToString(in.InstanceId)] = maps.Clone(in.Attributes)
	return &servicediscovery.RegisterInstanceOutput{OperationId: w.done(sdtypes.OperationTypeRegisterInstance, sdtypes.OperationTargetTypeInstance, aws.ToString(in.InstanceId))}, nil
}

func (w *World) deregisterInstance(in *servicediscovery.DeregisterInstanceInput) (*servicediscovery.DeregisterInstanceOutput, error) {
	r, id := w.discovery.registries[lastPart(aws.ToString(in.ServiceId))], aws.ToString(in.InstanceId)
	switch {
	case r == nil:
		return nil, noRegistry(in.ServiceId)
	case r.instances[id] == nil:
		return nil, wire.Errorf("InstanceNotFound", "Instance not found: %s", id)
	}
	delete(r.instances, id)
	return &servicediscovery.DeregisterInstanceOutput{OperationId: w.done(sdtypes.OperationTypeDeregisterInstance, sdtypes.OperationTargetTypeInstance, id)}, nil
}

// getInstancesHealthStatus answers for services with a health check; of others it knows none.
func (w *World) getInstancesHealthStatus(in *servicediscovery.GetInstancesHealthStatusInput) (*servicediscovery.GetInstancesHealthStatusOutput, error) {
	r := w.discovery.registries[lastPart(aws.ToString(in.ServiceId))]
	if r == nil {
		return nil, noRegistry(in.ServiceId)
	}
	out := &servicediscovery.GetInstancesHealthStatusOutput{Status: map[string]sdtypes.HealthStatus{}}
	for id, a := range r.instances {
		if a[initHealth] != "" {
			out.Status[id] = sdtypes.HealthStatus(a[initHealth])
		}
	}
	return out, nil
}

// Attributes of an instance (Cloud Map API reference, RegisterInstance).
const (
	instanceIP   = "AWS_INSTANCE_IPV4"
	instancePort = "AWS_INSTANCE_PORT"
	initHealth   = "AWS_INIT_HEALTH_STATUS"
)

// lookupDiscovered answers a name of a private DNS namespace: an A record of one that is registered; known is false for names outside of
// the VPC's namespaces.
func (w *World) lookupDiscovered(v *vpc, host string) (ip string, known bool) {
	for _, n := range sorted(w.discovery.namespaces) {
		name, ok := strings.CutSuffix(host, "."+strings.ToLower(*n.Name))
		if !ok || n.Type != sdtypes.NamespaceTypeDnsPrivate || n.vpc != *v.VpcId {
			continue
		}
		for _, r := range w.registriesOf(*n.Id) {
			if !strings.EqualFold(*r.Name, name) || r.DnsConfig == nil || !slices.ContainsFunc(r.DnsConfig.DnsRecords, func(d sdtypes.DnsRecord) bool { return d.Type == sdtypes.RecordTypeA }) {
				continue
			}
			for _, id := range slices.Sorted(maps.Keys(r.instances)) {
				if ip := r.instances[id][instanceIP]; ip != "" {
					return ip, true
				}
			}
		}
		return "", true
	}
	return "", false
}
