package evidence

// CloudMapService is a service of AWS Cloud Map: what a service discovery name stands for.
type CloudMapService struct {
	ID          string   `json:"id"`
	ARN         string   `json:"arn"`
	Name        string   `json:"name"`
	NamespaceID string   `json:"namespace_id"`
	Records     []string `json:"dns_records"` // types: A, AAAA, SRV, CNAME; empty = found by the API alone
	TTLSeconds  int      `json:"ttl"`         // of the first record
	Type        string   `json:"type"`        // HTTP, DNS_HTTP, DNS
	CreatedAt   Moment   `json:"created_at"`
}

// CloudMapInstances are what is registered under a Cloud Map service.
type CloudMapInstances struct {
	Instances []CloudMapInstance `json:"instances"`
	Truncated bool               `json:"truncated"`
}

type CloudMapInstance struct {
	ID     string `json:"id"` // of an ECS service: the task id
	IPv4   string `json:"ipv4"`
	Port   int    `json:"port"`   // 0 = none registered
	Health string `json:"health"` // HEALTHY, UNHEALTHY, UNKNOWN; "" = Cloud Map checks nothing
}

// Stream is a Kinesis data stream.
type Stream struct {
	Name   string `json:"name"`
	ARN    string `json:"arn"`
	Status string `json:"status"` // ACTIVE, CREATING, DELETING, UPDATING
	KmsKey string `json:"kms_key"`
}

// CapturedGroup is the log group into which ECS writes the events of a cluster where event capture is on. ECS developer
// guide, "Event capture".
func CapturedGroup(cluster string) string {
	return "/aws/events/ecs/containerinsights/" + cluster + "/performance"
}

// ActionGroup is the log group that the console gives to the Action Logs of a cluster. ECS developer guide, "Action Logs".
func ActionGroup(cluster string) string { return "/aws/vendedlogs/ecs/action-logs/" + cluster }

// ActionLog is what ECS Action Logs say of a service, newest first.
type ActionLog struct {
	Entries   []ActionEntry `json:"entries"`
	Truncated bool          `json:"truncated"`
}

// ActionEntry is one action of ECS that went wrong. AWS documents no fields of its detail, so every text in it is kept.
type ActionEntry struct {
	At    Moment   `json:"at"`
	Level string   `json:"level"` // WARN, ERROR
	Event string   `json:"event"` // eventName
	Texts []string `json:"texts"` // of the detail, longest first
}
