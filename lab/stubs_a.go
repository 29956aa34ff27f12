package lab

// Stand-ins until the other half of the package is there.

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

type reachResult struct {
	OK                             bool
	Failure, IP, Blocker, Endpoint string
}
type authResult struct {
	Allowed, Explicit bool
	Reason            string
}

func (w *World) reach(eni *ec2types.NetworkInterface, host string, port int32) reachResult {
	for _, t := range w.routeTables {
		for _, a := range t.Associations {
			if aws.ToString(a.SubnetId) == aws.ToString(eni.SubnetId) {
				for _, r := range t.Routes {
					if aws.ToString(r.DestinationCidrBlock) == "0.0.0.0/0" {
						return reachResult{OK: true}
					}
				}
			}
		}
	}
	return reachResult{Failure: "timeout", IP: "52.94.5.9"}
}
func (w *World) authorize(roleName, action, resource string, resourcePolicy, endpointID string) authResult {
	return authResult{Allowed: true}
}
func (w *World) canAssume(roleName, service string) (ok bool, exists bool) { return true, true }
func (w *World) findImage(repo, ref string) (*repository, *image) {
	r := w.repositories[repo]
	if r == nil {
		return nil, nil
	}
	for _, i := range r.images {
		if "@"+i.Digest == ref {
			return r, i
		}
		for _, t := range i.Tags {
			if ":"+t == ref {
				return r, i
			}
		}
	}
	return r, nil
}
func (w *World) putLog(group, stream string, at time.Time, lines ...string) {}
func (w *World) findSecret(id string) *secret                               { return w.secrets[id] }
func (w *World) ec2Operations() []wire.Operation                            { return nil }
func (w *World) iamOperations() []wire.Operation                            { return nil }
func (w *World) stsOperations() []wire.Operation                            { return nil }
func (w *World) ecrOperations() []wire.Operation                            { return nil }
func (w *World) logsOperations() []wire.Operation                           { return nil }
func (w *World) secretsOperations() []wire.Operation                        { return nil }
func (w *World) ssmOperations() []wire.Operation                            { return nil }
