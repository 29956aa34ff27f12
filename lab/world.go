// Package lab is a simulated AWS account with one healthy shop in it. Callers reach it over HTTP with any AWS client, break and
// mend it with AWS's own API calls, and see what AWS would show: every symptom follows from the state of the account.
package lab

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// Options say which account to make. The zero Options give account 111122223333 in eu-west-1 on a fixed day, seed 0, with a NAT
// gateway.
type Options struct {
	Seed      uint64
	Account   string    // 12 digits
	Region    string    // decides the partition: us-gov-... and cn-...
	Start     time.Time // the world's first moment; the shop has settled half an hour later
	Endpoints bool      // private subnets without a way to the internet, with VPC endpoints instead of the NAT gateway

	Database  bool // what Worker adds, and a database that it needs
	Hub       bool // private subnets go out through a transit gateway of another account
	Inspected bool // private subnets go out through a firewall of Network Firewall

	Files bool // one more service, invoices, which keeps its files on EFS
	Jobs  bool // rules and a schedule that start tasks, see buildJobs

	Web      bool // a third service, web, behind an application load balancer
	Rollouts bool // three services that are not deployed by rolling, see buildRollouts
	Worker   bool // a third service, worker, that works on a queue and is scaled by its length

	Sessions bool // ECS Exec is on in orders; together with Endpoints there is one for its sessions
	Connect  bool // four more services that call each other by Service Connect and by a name of Cloud Map, see buildConnect

	empty bool // nothing is in it

	Topology *Topology // builds this account instead of the shop; Endpoints and Web are not looked at then

	// HideStopped makes ListTasks(serviceName, STOPPED) find nothing. Sources disagree on what AWS does.
	HideStopped bool
}

// New makes an account with the shop in it, deployed and steady.
func New(o Options) *World {
	o.Account, o.Region = cmp.Or(o.Account, "111122223333"), cmp.Or(o.Region, "eu-west-1")
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 11, 2, 8, 30, 0, 0, time.UTC)
	}
	w := &World{
		Account: o.Account, Region: o.Region, Partition: partition(o.Region), now: o.Start, rng: rand.New(rand.NewPCG(o.Seed, 0x6c6162)),
		clusters: map[string]*ecstypes.Cluster{}, services: map[string]*service{}, tasks: map[string]*task{}, taskDefs: map[string]*ecstypes.TaskDefinition{},
		instances: map[string]*ecstypes.ContainerInstance{}, providers: map[string]*ecstypes.CapacityProvider{},
		vpcs: map[string]*vpc{}, subnets: map[string]*ec2types.Subnet{}, routeTables: map[string]*ec2types.RouteTable{}, groups: map[string]*ec2types.SecurityGroup{},
		acls: map[string]*ec2types.NetworkAcl{}, interfaces: map[string]*ec2types.NetworkInterface{}, endpoints: map[string]*ec2types.VpcEndpoint{},
		nats: map[string]*ec2types.NatGateway{}, igws: map[string]*ec2types.InternetGateway{}, prefixLists: map[string]*ec2types.PrefixList{},
		dhcp: map[string]*ec2types.DhcpOptions{}, bpaMode: "off",
		repositories: map[string]*repository{}, public: map[string]*publicImage{}, roles: map[string]*role{}, policies: map[string]*managedPolicy{},
		logGroups: map[string]*logGroup{}, secrets: map[string]*secret{}, parameters: map[string]*parameter{},
		storage: newStorage(),
		elb:     newBalancing(), releases: map[string]string{},
		vcpuQuota: 6, spotQuota: 6, azUnavailable: map[string]bool{}, listStopped: !o.HideStopped, names: map[string]string{}, counts: map[string]int32{},
	}
	ops := slices.Concat(w.ecsOperations(), w.ec2Operations(), w.iamOperations(), w.stsOperations(), w.ecrOperations(), w.logsOperations(),
		w.secretsOperations(), w.ssmOperations(), w.kmsOperations(), w.efsOperations(), w.elbOperations(), w.codedeployOperations(), w.cloudtrailOperations(),
		w.scalingOperations(), w.cloudwatchOperations(), w.sqsOperations(), w.eventsOperations(), w.schedulerOperations(), w.quotasOperations(), w.xrayOperations(),
		w.dhcpOperations(), w.transitOperations(), w.resolverOperations(), w.firewallOperations(), w.cloudMapOperations())
	w.discovery = newDiscovery()
	w.front, w.back = wire.NewServer(ops), wire.NewServer(ops)
	w.front.Now, w.back.Now = w.Now, w.Now
	w.front.Before, w.front.Delay, w.front.Mangle, w.front.OnCall = w.before, w.delay, w.mangle, w.onCall
	w.front.Region, w.front.Where = w.Region, w.where
	w.back.OnCall = w.remember
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keyring = w.newKeyring()
	switch {
	case o.empty:
	case o.Topology != nil:
		w.buildTopology(*o.Topology)
	default:
		w.buildShop(o.Endpoints)
		if o.Web {
			w.buildWeb()
		}
	}
	if o.Jobs {
		w.buildJobs()
	}
	if o.Sessions {
		w.buildSessions()
	}
	if o.Connect {
		w.buildConnect()
	}
	switch {
	case o.Database:
		w.buildWorker(databaseWorker[0].tag)
		w.buildDatabase()
	case o.Worker:
		w.buildWorker("2.4.0")
	}
	if o.Rollouts {
		w.buildRollouts()
	}
	if o.Files {
		w.buildFiles()
	}
	switch {
	case o.Hub:
		w.buildHub()
	case o.Inspected:
		w.buildInspection()
	}
	w.advance(30 * time.Minute)
	w.rememberCounts()
	w.began = w.now
	return w
}

func partition(region string) string {
	switch {
	case len(region) > 2 && region[:3] == "cn-":
		return "aws-cn"
	case len(region) > 6 && region[:7] == "us-gov-":
		return "aws-us-gov"
	}
	return "aws"
}

// Handler is the account's HTTP endpoint, for every AWS service it knows. It is safe for concurrent use.
func (w *World) Handler() http.Handler { return w.front }

// callerARN is who calls: the lab has one user.
func (w *World) callerARN() string {
	return fmt.Sprintf("arn:%s:iam::%s:user/lab", w.Partition, w.Account)
}

// touch is called after every change of a resource. Everything that waits looks again by itself, so there is nothing to do.
func (w *World) touch() {}

// tagged is a Name tag.
func tagged(name string) []ec2types.Tag {
	return []ec2types.Tag{{Key: aws.String("Name"), Value: aws.String(name)}}
}
