package lab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// CloudTrail's event history: what was changed by calls, by whom, on what. Acts of AWS and of time (labOperations) leave no record, and
// reads are not kept here, though AWS keeps them too.
const (
	trailDelay = 5 * time.Minute // a record cannot be found sooner; each has up to as much again. AWS: "within about 5 minutes of an API call", often later
	keepTrail  = 5000            // records
	keepDays   = 90 * day
)

type trailRecord struct {
	trailtypes.Event
	found time.Time // when LookupEvents first shows it
}

// cloudtrailOperations lists what the lab answers of CloudTrail.
func (w *World) cloudtrailOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("cloudtrail", "LookupEvents", reads(w, w.lookupEvents)),
		wire.Op("cloudtrail", "DescribeTrails", reads(w, func(*cloudtrail.DescribeTrailsInput) (*cloudtrail.DescribeTrailsOutput, error) {
			return &cloudtrail.DescribeTrailsOutput{}, nil // the event history needs no trail
		})),
	}
}

// remember puts a finished call into the event history.
func (w *World) remember(c wire.Call) {
	if readOnly(c.Operation) || c.Input == nil || c.Code == "Mangled" || c.AccessKey == ownerKey {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keep(c, trailCaller{
		name: lastPart(w.callerARN()), address: callerAddress,
		identity: map[string]any{"type": "IAMUser", "arn": w.callerARN(), "accountId": w.Account, "userName": lastPart(w.callerARN())},
	}, nil)
}

// trailCaller is who made a recorded call.
type trailCaller struct {
	name, address string
	identity      map[string]any
}

// keep records a call; answer is its responseElements, nil = left out.
func (w *World) keep(c wire.Call, by trailCaller, answer map[string]any) {
	w.calls++
	id := stableHex(32, "trail", c.Service, c.Operation, fmt.Sprint(w.calls))
	id = strings.Join([]string{id[:8], id[8:12], "4" + id[13:16], "a" + id[17:20], id[20:]}, "-")
	parameters := requestParameters(c.Input)
	record := map[string]any{
		"eventVersion": "1.11", "eventTime": c.Time.UTC().Format(time.RFC3339), "eventSource": c.Service + ".amazonaws.com", "eventName": c.Operation, "awsRegion": w.Region,
		"sourceIPAddress": by.address, "userAgent": c.UserAgent, "requestID": c.RequestID, "eventID": id, "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
		"recipientAccountId": w.Account, "eventCategory": "Management", "requestParameters": parameters,
		"userIdentity": by.identity,
	}
	if answer != nil {
		record["responseElements"] = answer
	}
	if c.Code != "" {
		record["errorCode"], record["errorMessage"] = c.Code, c.Message
	}
	text, err := json.Marshal(record)
	if err != nil {
		panic("lab: a call cannot be recorded: " + err.Error()) // an SDK struct that JSON does not take: a defect of the lab
	}
	late := time.Duration(w.calls*7919%300) * time.Second
	w.trail = append(w.trail[max(0, len(w.trail)-keepTrail+1):], trailRecord{found: c.Time.Add(trailDelay + late), Event: trailtypes.Event{
		EventId: aws.String(id), EventName: aws.String(c.Operation), EventSource: aws.String(c.Service + ".amazonaws.com"), EventTime: aws.Time(c.Time), ReadOnly: aws.String("false"),
		Username: aws.String(by.name), AccessKeyId: optional(c.AccessKey), CloudTrailEvent: aws.String(string(text)), Resources: resourcesOf(parameters),
	}})
}

func readOnly(operation string) bool {
	return slices.ContainsFunc([]string{"Describe", "List", "Get", "BatchGet", "Lookup", "Filter", "Simulate", "Start"}, func(p string) bool { return strings.HasPrefix(operation, p) })
}

// requestParameters is an input as CloudTrail writes it: members with a small first letter, values of secrets left out.
func requestParameters(input any) map[string]any {
	text, err := json.Marshal(input)
	var tree map[string]any
	if err == nil {
		err = json.Unmarshal(text, &tree)
	}
	if err != nil {
		panic("lab: a call cannot be recorded: " + err.Error())
	}
	out, _ := lowered(tree).(map[string]any) // an object by construction
	for _, secret := range []string{"secretString", "secretBinary", "value"} {
		if out[secret] != nil {
			out[secret] = "HIDDEN_DUE_TO_SECURITY_REASONS"
		}
	}
	return out
}

func lowered(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			if e = lowered(e); e != nil && e != "" {
				out[strings.ToLower(k[:1])+k[1:]] = e
			}
		}
		return out
	case []any:
		for i := range v {
			v[i] = lowered(v[i])
		}
	}
	return v
}

// resourceKinds are the members of inputs that name a resource, with CloudTrail's name of its kind.
var resourceKinds = []struct{ member, kind string }{
	{"cluster", "AWS::ECS::Cluster"}, {"service", "AWS::ECS::Service"}, {"serviceName", "AWS::ECS::Service"}, {"taskDefinition", "AWS::ECS::TaskDefinition"}, {"family", "AWS::ECS::TaskDefinition"},
	{"targetGroupArn", "AWS::ElasticLoadBalancingV2::TargetGroup"}, {"listenerArn", "AWS::ElasticLoadBalancingV2::Listener"}, {"ruleArn", "AWS::ElasticLoadBalancingV2::ListenerRule"},
	{"loadBalancerArn", "AWS::ElasticLoadBalancingV2::LoadBalancer"}, {"groupId", "AWS::EC2::SecurityGroup"}, {"routeTableId", "AWS::EC2::RouteTable"}, {"networkAclId", "AWS::EC2::NetworkAcl"},
	{"subnetId", "AWS::EC2::Subnet"}, {"vpcId", "AWS::EC2::VPC"}, {"natGatewayId", "AWS::EC2::NatGateway"}, {"vpcEndpointId", "AWS::EC2::VPCEndpoint"}, {"internetGatewayId", "AWS::EC2::InternetGateway"},
	{"roleName", "AWS::IAM::Role"}, {"policyArn", "AWS::IAM::Policy"}, {"secretId", "AWS::SecretsManager::Secret"}, {"keyId", "AWS::KMS::Key"}, {"fileSystemId", "AWS::EFS::FileSystem"}, {"accessPointId", "AWS::EFS::AccessPoint"}, {"name", ""}, {"repositoryName", "AWS::ECR::Repository"}, {"logGroupName", "AWS::Logs::LogGroup"},
}

func resourcesOf(parameters map[string]any) []trailtypes.Resource {
	out := []trailtypes.Resource{}
	for _, k := range resourceKinds {
		if name, ok := parameters[k.member].(string); ok && name != "" {
			out = append(out, trailtypes.Resource{ResourceName: aws.String(name), ResourceType: optional(k.kind)})
		}
	}
	return out
}

// lookupEvents answers the newest first, 50 a page, by at most one attribute.
func (w *World) lookupEvents(in *cloudtrail.LookupEventsInput) (*cloudtrail.LookupEventsOutput, error) {
	if len(in.LookupAttributes) > 1 {
		return nil, wire.Errorf("InvalidLookupAttributesException", "You can specify only one lookup attribute")
	}
	var all []trailtypes.Event
	for _, r := range slices.Backward(w.trail) {
		switch at := *r.EventTime; {
		case r.found.After(w.now), at.Before(w.now.Add(-keepDays)):
		case in.StartTime != nil && at.Before(*in.StartTime), in.EndTime != nil && at.After(*in.EndTime):
		case len(in.LookupAttributes) == 1 && !r.has(in.LookupAttributes[0]):
		default:
			all = append(all, r.Event)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 50)
	return &cloudtrail.LookupEventsOutput{Events: page, NextToken: optional(next)}, err
}

func (r trailRecord) has(a trailtypes.LookupAttribute) bool {
	want := aws.ToString(a.AttributeValue)
	switch a.AttributeKey {
	case trailtypes.LookupAttributeKeyEventName:
		return aws.ToString(r.EventName) == want
	case trailtypes.LookupAttributeKeyEventSource:
		return aws.ToString(r.EventSource) == want
	case trailtypes.LookupAttributeKeyEventId:
		return aws.ToString(r.EventId) == want
	case trailtypes.LookupAttributeKeyUsername:
		return aws.ToString(r.Username) == want
	case trailtypes.LookupAttributeKeyReadOnly:
		return aws.ToString(r.ReadOnly) == want
	case trailtypes.LookupAttributeKeyAccessKeyId:
		return aws.ToString(r.AccessKeyId) == want
	}
	return slices.ContainsFunc(r.Resources, func(x trailtypes.Resource) bool {
		return a.AttributeKey == trailtypes.LookupAttributeKeyResourceName && aws.ToString(x.ResourceName) == want ||
			a.AttributeKey == trailtypes.LookupAttributeKeyResourceType && aws.ToString(x.ResourceType) == want
	})
}
