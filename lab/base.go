package lab

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// buildShop makes the healthy account: one VPC over two zones, two services, and all that they need.
//
//	orders   2 tasks in private subnets, out through the NAT gateway or, with endpoints, to VPC endpoints; reads a secret
//	catalog  2 tasks in public subnets with public addresses; reads a parameter
func (w *World) buildShop(endpoints bool) {
	w.buildNetwork(endpoints)
	w.buildRegistry()
	w.buildStores()
	w.buildRoles()
	w.buildCluster()
}

func (w *World) buildCluster() {
	for _, name := range []string{"FARGATE", "FARGATE_SPOT"} {
		w.providers[name] = &ecstypes.CapacityProvider{
			Name: aws.String(name), CapacityProviderArn: aws.String(w.ecsARN("capacity-provider/" + name)), Status: ecstypes.CapacityProviderStatusActive,
		}
	}
	w.clusters["shop"] = &ecstypes.Cluster{
		ClusterName: aws.String("shop"), ClusterArn: aws.String(w.ecsARN("cluster/shop")), Status: aws.String("ACTIVE"), CapacityProviders: []string{"FARGATE", "FARGATE_SPOT"},
		Settings: []ecstypes.ClusterSetting{{Name: ecstypes.ClusterSettingNameContainerInsights, Value: aws.String("disabled")}}, Tags: []ecstypes.Tag{},
	}
	w.must(w.register(w.ordersDefinition("1.4.0")))
	w.must(w.register(w.ordersDefinition("1.4.1")))
	w.must(w.register(w.catalogDefinition("2.3.1")))
	for _, s := range []struct {
		name, definition string
		public           ecstypes.AssignPublicIp
		subnets          []string
	}{
		{"orders", "orders:2", ecstypes.AssignPublicIpDisabled, []string{"subnet:private-a", "subnet:private-b"}},
		{"catalog", "catalog:1", ecstypes.AssignPublicIpEnabled, []string{"subnet:public-a", "subnet:public-b"}},
	} {
		network := ecstypes.AwsVpcConfiguration{SecurityGroups: []string{w.names["sg:"+s.name]}, AssignPublicIp: s.public}
		for _, n := range s.subnets {
			network.Subnets = append(network.Subnets, w.names[n])
		}
		w.must(w.newService(&ecs.CreateServiceInput{
			Cluster: aws.String("shop"), ServiceName: aws.String(s.name), TaskDefinition: aws.String(s.definition), DesiredCount: aws.Int32(2),
			LaunchType: ecstypes.LaunchTypeFargate, NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &network},
		}))
	}
}

// must stops the construction of a base world that does not fit together: a defect of the lab.
func (w *World) must(_ any, err error) {
	if err != nil {
		panic("lab: the base world is not consistent: " + err.Error())
	}
}

// definition is a task of 0.25 vCPU and 512 MiB with one container that logs to /ecs/NAME.
func (w *World) definition(name, tag string, port int32) *ecs.RegisterTaskDefinitionInput {
	return &ecs.RegisterTaskDefinitionInput{
		Family: aws.String(name), Cpu: aws.String("256"), Memory: aws.String("512"), NetworkMode: ecstypes.NetworkModeAwsvpc,
		RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate},
		RuntimePlatform:         &ecstypes.RuntimePlatform{CpuArchitecture: ecstypes.CPUArchitectureX8664, OperatingSystemFamily: ecstypes.OSFamilyLinux},
		ExecutionRoleArn:        aws.String(name + "-execution"), TaskRoleArn: aws.String(name + "-task"),
		ContainerDefinitions: []ecstypes.ContainerDefinition{{
			Name: aws.String(name), Image: aws.String(w.registryHost() + "/shop/" + name + ":" + tag), Essential: aws.Bool(true),
			PortMappings: []ecstypes.PortMapping{{ContainerPort: aws.Int32(port), HostPort: aws.Int32(port), Protocol: ecstypes.TransportProtocolTcp}},
			LogConfiguration: &ecstypes.LogConfiguration{LogDriver: ecstypes.LogDriverAwslogs, Options: map[string]string{
				"awslogs-group": "/ecs/" + name, "awslogs-region": w.Region, "awslogs-stream-prefix": name,
			}},
		}},
	}
}

func (w *World) ordersDefinition(tag string) *ecs.RegisterTaskDefinitionInput {
	d := w.definition("orders", tag, 8080)
	d.ContainerDefinitions[0].Environment = []ecstypes.KeyValuePair{{Name: aws.String("LOG_LEVEL"), Value: aws.String("info")}}
	d.ContainerDefinitions[0].Secrets = []ecstypes.Secret{{Name: aws.String("DB_PASSWORD"), ValueFrom: aws.String(w.names["secret:db"] + ":password::")}}
	return d
}

func (w *World) catalogDefinition(tag string) *ecs.RegisterTaskDefinitionInput {
	d := w.definition("catalog", tag, 8081)
	d.ContainerDefinitions[0].Secrets = []ecstypes.Secret{{Name: aws.String("SEARCH_URL"), ValueFrom: aws.String(w.names["parameter:search-url"])}}
	return d
}

func (w *World) registryHost() string {
	suffix := "amazonaws.com"
	if w.Partition == "aws-cn" {
		suffix = "amazonaws.com.cn"
	}
	return fmt.Sprintf("%s.dkr.ecr.%s.%s", w.Account, w.Region, suffix)
}

// buildStores makes log groups, the secret and the parameter.
func (w *World) buildStores() {
	born := w.now.Add(-40 * 24 * time.Hour)
	for _, name := range []string{"/ecs/orders", "/ecs/catalog"} {
		w.logGroups[name] = &logGroup{Name: name, Created: born, Retention: 30, Class: "STANDARD", streams: map[string]*logStream{}}
	}
	arn := fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:shop/db-%s", w.Partition, w.Region, w.Account, w.newHex(6))
	w.secrets[arn] = &secret{
		ARN: arn, Name: "shop/db", Created: born, Changed: born, tags: map[string]string{"Name": "db"},
		versions: []secretVersion{{ID: w.newUUID(), Stages: []string{"AWSCURRENT"}, Value: `{"username":"orders","password":"correct-horse","host":"db.shop.internal"}`}},
	}
	w.names["secret:db"] = arn
	w.parameters["/shop/search-url"] = &parameter{Name: "/shop/search-url", Type: "String", Value: "https://search.shop.internal", Changed: born, Version: 1}
	w.names["parameter:search-url"] = fmt.Sprintf("arn:%s:ssm:%s:%s:parameter/shop/search-url", w.Partition, w.Region, w.Account)
}
