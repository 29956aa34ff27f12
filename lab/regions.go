package lab

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// The account has one region that something is in. Its other regions are empty: what is read there is not there, and
// nothing can be made. Who somebody is, and IAM, are the same everywhere.

// enabledRegions are those that an account of a partition has from its first day.
var enabledRegions = map[string][]string{
	"aws": {"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1",
		"eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"},
	"aws-cn":     {"cn-north-1", "cn-northwest-1"},
	"aws-us-gov": {"us-gov-east-1", "us-gov-west-1"},
}

// optInRegions of the partition aws know an account's keys only after somebody enabled them.
var optInRegions = []string{"af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
	"ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1", "me-central-1", "me-south-1", "mx-central-1"}

// readVerbs begin the names of operations that change nothing.
var readVerbs = []string{"Describe", "List", "Get", "BatchGet", "BatchCheck", "Search", "Lookup", "Filter"}

// regions are the account's empty regions, each made when it is first asked.
type regions struct {
	mu    sync.Mutex
	empty map[string]*World
}

// where tells who answers a call: nil is the account's own region. The error is for calls that no region takes.
func (w *World) where(r *wire.Request) (*wire.Server, error) {
	switch {
	case r.Region == "" || r.Region == w.Region || r.Service == "iam":
		return nil, nil
	case !slices.Contains(enabledRegions[w.Partition], r.Region):
		return nil, w.unknownKeys(r)
	case r.Service == "sts":
		return nil, nil
	}
	if !slices.ContainsFunc(readVerbs, func(v string) bool { return strings.HasPrefix(r.Operation, v) }) {
		return nil, &wire.Error{Code: "NotImplemented", Status: 501,
			Message: fmt.Sprintf("the lab has one region, %s; its account is empty in %s, and nothing can be made there. It is a gap of the lab, not of your account", w.Region, r.Region)}
	}
	return w.emptyRegion(r.Region).front, nil
}

func (w *World) emptyRegion(name string) *World {
	w.elsewhere.mu.Lock()
	defer w.elsewhere.mu.Unlock()
	if w.elsewhere.empty[name] == nil {
		if w.elsewhere.empty == nil {
			w.elsewhere.empty = map[string]*World{}
		}
		w.elsewhere.empty[name] = New(Options{Account: w.Account, Region: name, Start: w.Now(), empty: true})
	}
	return w.elsewhere.empty[name]
}

// unknownKeys is the answer of a region that does not know the caller's keys: it is not enabled, or of another partition. A region that
// does not exist has no host that could answer; the lab, which answers for all hosts, says so in the same words and names it.
func (w *World) unknownKeys(r *wire.Request) error {
	why := ""
	if known := slices.Concat(optInRegions, enabledRegions["aws"], enabledRegions["aws-cn"], enabledRegions["aws-us-gov"]); !slices.Contains(known, r.Region) {
		why = fmt.Sprintf(" There is no region %q: AWS has no host of that name, and only the lab answers for it.", r.Region)
	}
	switch r.Service {
	case "ec2":
		return &wire.Error{Code: "AuthFailure", Message: "AWS was not able to validate the provided access credentials." + why, Status: 401}
	case "elasticloadbalancing", "sts":
		return &wire.Error{Code: "InvalidClientTokenId", Message: "The security token included in the request is invalid." + why, Status: 403}
	}
	return &wire.Error{Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid." + why, Status: 400}
}
