package lab

import (
	"fmt"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Fargate launches an account's on-demand tasks from a bucket (AWS General Reference, "Amazon ECS endpoints and quotas": task launch rate).
// The values are those of the large regions; Spot has a bucket of its own.
const (
	launchBurst  = 100.0
	launchRefill = 20.0            // a second
	launchRetry  = 5 * time.Second // how soon a service that was held back tries again
)

// launchBucket is what is left of a bucket, and when that was.
type launchBucket struct {
	spent float64
	at    time.Time
}

// mayLaunch takes a task from its bucket. Container instances have none.
func (w *World) mayLaunch(p placement) bool {
	if p.launchType != ecstypes.LaunchTypeFargate {
		return true
	}
	b := &w.launches[0]
	if p.provider == "FARGATE_SPOT" {
		b = &w.launches[1]
	}
	b.spent = max(0, b.spent-launchRefill*w.now.Sub(b.at).Seconds())
	b.at = w.now
	if b.spent+1 > launchBurst {
		return false
	}
	b.spent++
	return true
}

// holdBack makes a service wait for the launch rate. It is no failure of its tasks: none was made.
func (w *World) holdBack(s *service, p *deployment) {
	w.event(s, fmt.Sprintf("(service %s) operations are being throttled. Will try again later.", s.name()))
	p.notBefore = w.now.Add(launchRetry)
	w.reconcileIn(s, launchRetry)
}
