package lab

import (
	"github.com/aws/aws-sdk-go-v2/aws"
)

// Probe is what a connection would meet, and Grant what a role would be told: the account's own physics, for whoever compares them with
// another account of the same matter. They change nothing.
type (
	Probe struct {
		OK      bool
		Failure string // dns, timeout or refused; "" where OK
		Blocker string // id of what is in the way, "" where OK
	}
	Grant struct {
		Allowed bool
		Reason  string // the end of AWS's sentence; "" where allowed
	}
)

// Probe tries a TCP connection from where a task with these settings would be. The error says why no task could be there.
func (w *World) Probe(subnet string, groups []string, public bool, host string, port int32) (Probe, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	eni, err := w.createInterface(subnet, groups, public, "probe")
	if err != nil {
		return Probe{}, err
	}
	defer w.deleteInterface(aws.ToString(eni.NetworkInterfaceId))
	r := w.reach(eni, host, port)
	return Probe{r.OK, r.Failure, r.Blocker}, nil
}

// Grant asks IAM what a role's own policies and its boundary say of one action.
func (w *World) Grant(role, action, resource string) Grant {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.authorize(role, action, resource, "", "")
	return Grant{r.Allowed, r.Reason}
}
