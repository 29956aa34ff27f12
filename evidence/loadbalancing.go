package evidence

// TargetGroup is one element of elasticloadbalancing:DescribeTargetGroups.
type TargetGroup struct {
	ARN             string            `json:"arn"`
	Name            string            `json:"name"`
	Protocol        string            `json:"protocol"`         // HTTP, HTTPS, TCP, TLS, UDP, TCP_UDP, ...
	ProtocolVersion string            `json:"protocol_version"` // HTTP1, HTTP2, GRPC; "" for protocols other than HTTP and HTTPS
	Port            int               `json:"port"`             // default of targets registered without one; ECS gives the container's
	TargetType      string            `json:"target_type"`      // ip, instance, lambda, alb
	VpcID           string            `json:"vpc_id"`
	LoadBalancers   []string          `json:"load_balancers"` // ARNs; empty = no listener or rule uses it
	HealthCheck     TargetHealthCheck `json:"health_check"`
}

// TargetHealthCheck is how a load balancer checks the targets of a group. Times in seconds.
type TargetHealthCheck struct {
	Enabled   bool   `json:"enabled"`
	Protocol  string `json:"protocol"`
	Port      string `json:"port"` // a number, or traffic-port
	Path      string `json:"path"` // "" where the check only connects
	Interval  int    `json:"interval"`
	Timeout   int    `json:"timeout"`
	Healthy   int    `json:"healthy_threshold"`
	Unhealthy int    `json:"unhealthy_threshold"`
	Matcher   string `json:"matcher"` // accepted codes: 200, 200-399, 200,301; gRPC codes with GRPC; "" = none
}

// TargetGroupAttributes are what elasticloadbalancing:DescribeTargetGroupAttributes tells. Times in seconds.
type TargetGroupAttributes struct {
	DeregistrationDelay int    `json:"deregistration_delay"`
	SlowStart           int    `json:"slow_start"`         // 0 = off
	CrossZone           string `json:"cross_zone"`         // true, false, use_load_balancer_configuration; "" = not told
	PreserveClientIP    string `json:"preserve_client_ip"` // true, false; "" = not told (application load balancers never do)
}

// TargetHealth are the targets of a group and what the load balancer thinks of each.
type TargetHealth struct {
	Targets []RegisteredTarget `json:"targets"`
}

// RegisteredTarget is one target of a group. Reason is AWS's code ("Target.Timeout"), "" while healthy.
type RegisteredTarget struct {
	ID          string `json:"id"` // its address where the group's target type is ip
	Port        int    `json:"port"`
	Zone        string `json:"zone"`
	CheckPort   string `json:"health_check_port"`
	State       string `json:"state"` // initial, healthy, unhealthy, unhealthy.draining, unused, draining, unavailable
	Reason      string `json:"reason"`
	Description string `json:"description"`
}

// Balancer is an application or network load balancer by its ARN.
type Balancer struct {
	ARN            string         `json:"arn"`
	Name           string         `json:"name"`
	DNSName        string         `json:"dns_name"`
	Type           string         `json:"type"`   // application, network, gateway
	Scheme         string         `json:"scheme"` // internet-facing, internal
	State          string         `json:"state"`  // provisioning, active, active_impaired, failed
	VpcID          string         `json:"vpc_id"`
	SecurityGroups []string       `json:"security_groups"` // empty for a network load balancer made without
	Zones          []BalancerZone `json:"zones"`
}

// BalancerZone is one Availability Zone that a load balancer serves.
type BalancerZone struct {
	Name      string   `json:"name"` // eu-west-1a
	SubnetID  string   `json:"subnet_id"`
	Addresses []string `json:"addresses"` // private IPv4 addresses fixed for a network load balancer; mostly empty
}

// Listeners are the listeners of one load balancer.
type Listeners struct {
	Listeners []Listener `json:"listeners"`
}

type Listener struct {
	ARN      string    `json:"arn"`
	Port     int       `json:"port"`
	Protocol string    `json:"protocol"`
	Forwards []Forward `json:"forwards"` // of the default action; empty where it redirects or answers itself
}

// Forward is one target group that a listener or rule sends requests to.
type Forward struct {
	TargetGroup string `json:"target_group"` // ARN
	Weight      int    `json:"weight"`       // 0 = it gets none
}

// Rules are the rules of one listener in the order of their priority, the default rule last.
type Rules struct {
	Rules []Rule `json:"rules"`
}

type Rule struct {
	ARN        string    `json:"arn"`
	Priority   string    `json:"priority"` // a number, or default
	Default    bool      `json:"default"`
	Conditions []string  `json:"conditions"` // FIELD=VALUE,VALUE in words; several must all hold
	Forwards   []Forward `json:"forwards"`
}
