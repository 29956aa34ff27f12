package lab

import (
	"time"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	xraytypes "github.com/aws/aws-sdk-go-v2/service/xray/types"
)

// resources is the part of the state that only the handlers of EC2, IAM, ECR and the like use. The zero value is ready.
type resources struct {
	addresses    map[string]*ec2types.Address                       // elastic addresses, by allocation id
	exclusions   map[string]*ec2types.VpcBlockPublicAccessExclusion // of VPC Block Public Access, by id
	inUse        usage                                              // Fargate vCPUs of tasks that are not STOPPED
	held         addressBook                                        // of interfaces, by address and name
	trail        []trailRecord                                      // of changes by calls, oldest first
	starters     map[string]*starter                                // rules and schedules, see starter.go
	families     map[string]string                                  // what the base world's rules and schedules start, by their names
	began        time.Time                                          // when the scenario was handed over
	usage        []usage                                            // Fargate vCPUs in use, at every change
	increases    []quotaIncrease                                    // of quotas, oldest first
	sampling     []*xraytypes.SamplingRuleRecord                    // X-Ray's sampling rules
	calls        int                                                // how many were ever recorded
	visits       int                                                // that load balancers passed on
	functions    map[string]*function                               // Lambda functions that deployments call, by ARN
	deployGroups map[string]*deployGroup                            // of CodeDeploy, by APPLICATION/GROUP
	visiting     map[string]*visitors                               // who asks for pages all the time, by the name of the rule
	cacheRules   map[string]*ecrtypes.PullThroughCacheRule          // of ECR, by prefix
	snapshots    map[string]string                                  // file systems of EBS snapshots, by id
	launches     [2]launchBucket                                    // of Fargate and Fargate Spot
	objects      objects                                            // of S3, as far as starts read them
	beyond                                                          // what stands on a way behind the VPC
	automation                                                      // queues, metrics, alarms and auto scaling
	discovery    discovery                                          // Cloud Map
	policyFaults []string                                           // what policies ask for that authorize cannot evaluate
}
