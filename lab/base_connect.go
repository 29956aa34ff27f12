package lab

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

func peerApp(name string, port int32, takes time.Duration) App {
	return App{Programs: []string{"/app/" + name, "/bin/sh"}, Boot: time.Second, Memory: 80, Port: port, Paths: map[string]int{"/": 200, "/" + name: 200}, Answers: takes, Says: []string{name + " serves"}}
}

func checkoutApp(calls ...string) App {
	return App{Programs: []string{"/app/checkout", "/bin/sh"}, Boot: 2 * time.Second, Memory: 110, Calls: calls, Says: []string{"checkout is ready"}}
}

// buildConnect adds services that call each other, all in private subnets:
//
//	prices    2 tasks, offers itself by Service Connect in namespace shop as prices:9090
//	stock     2 tasks, registered with Cloud Map as stock.shop.internal, port 9191
//	checkout  2 tasks, a Service Connect client; calls prices and stock
//
// The images of tax, which is not deployed, are there.
func (w *World) buildConnect() {
	w.addRepository("shop/prices", []build{{"3.0.0", anywhere, true, peerApp("prices", 9090, 40*time.Millisecond), 12 * day}, {"3.1.0", anywhere, true, peerApp("prices", 9090, 22*time.Second), 2 * day}})
	w.addRepository("shop/stock", []build{{"1.4.0", anywhere, true, peerApp("stock", 9191, 30*time.Millisecond), 12 * day}})
	w.addRepository("shop/tax", []build{{"1.0.0", anywhere, true, peerApp("tax", 9292, 30*time.Millisecond), day}})
	w.addRepository("shop/checkout", []build{{"4.0.0", anywhere, true, checkoutApp("PRICES_URL", "STOCK_URL"), 12 * day}, {"4.1.0", anywhere, true, checkoutApp("PRICES_URL", "STOCK_URL", "TAX_URL"), day}})
	http, err := w.addNamespace("shop", sdtypes.NamespaceTypeHttp, "")
	w.must(http, err)
	dns, err := w.addNamespace("shop.internal", sdtypes.NamespaceTypeDnsPrivate, w.names["vpc:shop"])
	w.must(dns, err)
	r, err := w.createRegistry(&servicediscovery.CreateServiceInput{Name: aws.String("stock"), NamespaceId: dns.Id, HealthCheckCustomConfig: &sdtypes.HealthCheckCustomConfig{},
		DnsConfig: &sdtypes.DnsConfig{RoutingPolicy: sdtypes.RoutingPolicyMultivalue, DnsRecords: []sdtypes.DnsRecord{{Type: sdtypes.RecordTypeA, TTL: aws.Int64(15)}}}})
	w.must(r, err)
	for _, x := range []struct {
		name  string
		port  int32
		admit string
	}{{"checkout", 0, ""}, {"prices", 9090, "checkout"}, {"stock", 9191, "checkout"}, {"tax", 9292, "checkout"}} {
		w.addPeer(x.name, x.port, x.admit)
	}
	for _, d := range []*ecs.RegisterTaskDefinitionInput{w.peerDefinition("prices", "3.0.0", 9090), w.peerDefinition("stock", "1.4.0", 9191), w.checkoutDefinition("4.0.0")} {
		w.must(w.register(d))
	}
	w.must(w.newService(w.peerService("prices", &ecstypes.ServiceConnectConfiguration{Enabled: true, Namespace: http.Name, Services: []ecstypes.ServiceConnectService{{
		PortName: aws.String("http"), DiscoveryName: aws.String("prices"), ClientAliases: []ecstypes.ServiceConnectClientAlias{{DnsName: aws.String("prices"), Port: aws.Int32(9090)}}}}}, nil)))
	w.must(w.newService(w.peerService("stock", nil, []ecstypes.ServiceRegistry{{RegistryArn: r.Service.Arn}})))
	w.advance(5 * time.Minute)
	w.must(w.newService(w.peerService("checkout", &ecstypes.ServiceConnectConfiguration{Enabled: true, Namespace: http.Name}, nil)))
}

// addPeer makes what a service needs beside its definition: roles, log group, and a security group that admits another one.
func (w *World) addPeer(name string, port int32, admit string) {
	w.logGroups["/ecs/"+name] = &logGroup{Name: "/ecs/" + name, Created: w.now.Add(-40 * day), Retention: 30, Class: "STANDARD", streams: map[string]*logStream{}}
	w.newRole(name+"-execution", trustTasks, w.names["policy:AmazonECSTaskExecutionRolePolicy"], "nothing-more", allow("logs:PutLogEvents", "*"))
	w.newRole(name+"-task", trustTasks, "", "nothing", allow("xray:PutTraceSegments", "*"))
	id := w.call("sg:"+name, "sg")
	in := []ec2types.IpPermission{}
	if admit != "" {
		in = []ec2types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(port), ToPort: aws.Int32(port), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: aws.String(w.names["sg:"+admit]), UserId: aws.String(w.Account)}}}}
	}
	w.groups[id] = &ec2types.SecurityGroup{
		GroupId: aws.String(id), GroupName: aws.String(name), Description: aws.String("tasks of " + name), VpcId: aws.String(w.names["vpc:shop"]), OwnerId: aws.String(w.Account),
		SecurityGroupArn: aws.String(w.ec2ARN("security-group/" + id)), Tags: tagged(name), IpPermissions: in, IpPermissionsEgress: []ec2types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: everywhere()}},
	}
}

func (w *World) peerDefinition(name, tag string, port int32) *ecs.RegisterTaskDefinitionInput {
	d := w.definition(name, tag, port)
	d.ContainerDefinitions[0].PortMappings[0].Name = aws.String("http")
	d.ContainerDefinitions[0].PortMappings[0].AppProtocol = ecstypes.ApplicationProtocolHttp
	return d
}

func (w *World) checkoutDefinition(tag string) *ecs.RegisterTaskDefinitionInput {
	d := w.definition("checkout", tag, 8080)
	d.ContainerDefinitions[0].PortMappings = nil
	d.ContainerDefinitions[0].Environment = []ecstypes.KeyValuePair{
		{Name: aws.String("PRICES_URL"), Value: aws.String("http://prices:9090/prices")}, {Name: aws.String("STOCK_URL"), Value: aws.String("http://stock.shop.internal:9191/stock")},
	}
	return d
}

func (w *World) peerService(name string, connect *ecstypes.ServiceConnectConfiguration, registries []ecstypes.ServiceRegistry) *ecs.CreateServiceInput {
	return &ecs.CreateServiceInput{
		Cluster: aws.String("shop"), ServiceName: aws.String(name), TaskDefinition: aws.String(name), DesiredCount: aws.Int32(2), LaunchType: ecstypes.LaunchTypeFargate,
		ServiceConnectConfiguration: connect, ServiceRegistries: registries,
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
			SecurityGroups: []string{w.names["sg:"+name]}, Subnets: []string{w.names["subnet:private-a"], w.names["subnet:private-b"]}, AssignPublicIp: ecstypes.AssignPublicIpDisabled,
		}},
	}
}
