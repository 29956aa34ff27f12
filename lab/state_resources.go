package lab

import (
	"time"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// resources is the part of the state that only the handlers of EC2, IAM, ECR and the like use. The zero value is ready.
type resources struct {
	addresses    map[string]*ec2types.Address                       // elastic addresses, by allocation id
	exclusions   map[string]*ec2types.VpcBlockPublicAccessExclusion // of VPC Block Public Access, by id
	trail        []trailRecord                                      // of changes by calls, oldest first
	calls        int                                                // how many were ever recorded
	began        time.Time                                          // when the account was handed over: the start of a scenario
	visits       int                                                // that load balancers passed on
	policyFaults []string                                           // what policies ask for that authorize cannot evaluate
}
