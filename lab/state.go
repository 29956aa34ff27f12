package lab

import (
	"math/rand/v2"
	"sync"
	"time"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// World is the state of the simulated account in one region. Every exported method and every API handler takes mu;
// unexported functions expect it held. State is kept in the SDK's own types so that an answer is the state.
type World struct {
	mu        sync.Mutex
	Account   string
	Region    string
	Partition string

	elsewhere regions // the account's other regions

	now   time.Time // the world's clock; it moves only in advance
	queue eventQueue
	rng   *rand.Rand // seeded; the only source of ids and jitter

	clusters map[string]*ecstypes.Cluster        // by name
	services map[string]*service                 // by CLUSTER/NAME
	tasks    map[string]*task                    // by task id; stopped ones stay for an hour
	taskDefs map[string]*ecstypes.TaskDefinition // by FAMILY:REVISION

	instances map[string]*ecstypes.ContainerInstance // container instances of EC2 capacity, by id
	providers map[string]*ecstypes.CapacityProvider  // by name, FARGATE and FARGATE_SPOT among them

	vpcs        map[string]*vpc
	subnets     map[string]*ec2types.Subnet // AvailableIpAddressCount is kept true by createInterface and deleteInterface
	routeTables map[string]*ec2types.RouteTable
	groups      map[string]*ec2types.SecurityGroup
	acls        map[string]*ec2types.NetworkAcl
	interfaces  map[string]*ec2types.NetworkInterface
	endpoints   map[string]*ec2types.VpcEndpoint
	nats        map[string]*ec2types.NatGateway
	igws        map[string]*ec2types.InternetGateway
	prefixLists map[string]*ec2types.PrefixList // AWS's own (s3, dynamodb), by id
	dhcp        map[string]*ec2types.DhcpOptions
	bpaMode     string // VPC Block Public Access of the account: off, block-bidirectional, block-ingress

	repositories map[string]*repository  // ECR, by name
	public       map[string]*publicImage // images outside ECR, by reference without tag: docker.io/library/nginx
	hubLimited   bool                    // Docker Hub answers 429 to anonymous pulls

	roles    map[string]*role          // by name
	policies map[string]*managedPolicy // by ARN

	logGroups  map[string]*logGroup // by name
	secrets    map[string]*secret   // by ARN
	parameters map[string]*parameter

	keyring keyring // KMS
	storage storage // EFS

	elb balancing // load balancers, listeners, rules, target groups

	vcpuQuota     float64         // Fargate On-Demand vCPUs that may run at once
	spotQuota     float64         // the same for Fargate Spot
	azUnavailable map[string]bool // availability zones without Fargate capacity
	traffic       map[string]int  // visitors a second, by service
	spotGone      bool            // Fargate Spot has no capacity anywhere
	pipelines     map[string]int  // by service: how often what a pipeline does to its desired count was changed
	listStopped   bool            // ListTasks(serviceName, STOPPED) finds tasks; sources disagree, so both must work

	resources // further state of the resource handlers, see state_resources.go

	front, back *wire.Server // the callers' endpoint, with injected faults and a record of calls; and the lab's own, without
	faults      faults
	names       map[string]string // what scenarios call things of the base world: "kind:name" -> id or ARN
	releases    map[string]string // releases that were rolled back and that Healed expects, FAMILY:REVISION by CLUSTER/NAME
	counts      map[string]int32  // desired counts that Healed expects, by CLUSTER/NAME
}

type vpc struct {
	ec2types.Vpc
	dnsSupport, dnsHostnames bool
}

// repository is an ECR repository with its images.
type repository struct {
	ecrtypes.Repository
	policy string // JSON text; "" = none
	images []*image
}

// image is what a registry holds, with the behaviour of the program in it.
type image struct {
	Digest    string
	Tags      []string
	Pushed    time.Time
	Size      int64
	Platforms []string // "linux/amd64"; more than one, or Index, means a manifest list
	Index     bool
	App       App
}

type publicImage struct {
	image
	Reference string
}

type role struct {
	iamtypes.Role                   // AssumeRolePolicyDocument is kept as plain JSON text here, URL-encoded only in answers
	attached      []string          // policy ARNs
	inline        map[string]string // name -> JSON text
	boundary      string            // policy ARN; "" = none
}

type managedPolicy struct {
	iamtypes.Policy
	versions []policyVersion
}

type policyVersion struct {
	ID        string // v1, v2, ...
	Document  string // JSON text
	IsDefault bool
	Created   time.Time
}

type logGroup struct {
	Name      string
	Created   time.Time
	Retention int32
	Class     string
	streams   map[string]*logStream
}

type logStream struct {
	Name    string
	Created time.Time
	events  []logEvent
}

type logEvent struct {
	At      time.Time
	Message string
}

type secret struct {
	ARN, Name, KmsKey string
	Created, Changed  time.Time
	Deleted           time.Time // zero = not marked for deletion
	Policy            string
	versions          []secretVersion
	tags              map[string]string
}

type secretVersion struct {
	ID     string
	Stages []string
	Value  string
}

type parameter struct {
	Name, Type, Value, KmsKey string
	Changed                   time.Time
	Version                   int64
}
