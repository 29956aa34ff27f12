package main

import "github.com/ecsplain/ecsplain/evidence"

// cost is the least that reading n keys of one kind can take with AWS's API as it is: batch sizes and pages from the
// API models, one call for each thing that has no batch form.
type cost struct {
	perCall int // keys that one call can answer; 0 = any number
	calls   int // calls needed for one batch, one after the other or side by side
	depth   int // how many calls in a row must have been answered before these keys can be known and read
}

// costs by kind. depth counts from the target's name: a service is 1, its tasks are listed and then described, what
// a task definition names can only be read after it, and so on.
var costs = map[evidence.Kind]cost{
	evidence.KindCaller:            {1, 1, 1},
	evidence.KindClusters:          {0, 1, 1},
	evidence.KindCluster:           {100, 1, 2},
	evidence.KindClusterServices:   {1, 1, 2},
	evidence.KindService:           {10, 1, 1},
	evidence.KindStoppedTasks:      {1, 1, 2}, // the describe calls are counted from the tasks found
	evidence.KindRunningTasks:      {1, 1, 3}, // read only once the service looks sick
	evidence.KindTask:              {100, 1, 1},
	evidence.KindTaskDefinition:    {1, 1, 3},
	evidence.KindSubnet:            {200, 1, 3},
	evidence.KindSecurityGroup:     {200, 1, 3},
	evidence.KindVpcSecurityGroups: {200, 1, 4},
	evidence.KindSubnetInterfaces:  {200, 1, 3},
	evidence.KindVpc:               {200, 1, 4},
	evidence.KindVpcDNS:            {1, 2, 4},
	evidence.KindRouteTables:       {200, 1, 4},
	evidence.KindNetworkAcls:       {200, 1, 4},
	evidence.KindVpcEndpoints:      {200, 1, 4},
	evidence.KindNatGateway:        {200, 1, 5},
	evidence.KindNatGateways:       {200, 1, 5}, // wanted only once the route tables show that a route is missing
	evidence.KindInternetGateways:  {200, 1, 4},
	evidence.KindPrefixList:        {200, 1, 5},
	evidence.KindServicePrefixList: {200, 1, 4},
	evidence.KindLogGroup:          {50, 1, 4},
	evidence.KindLogTail:           {1, 1, 4},
	evidence.KindRepository:        {100, 1, 4},
	evidence.KindRepositoryImages:  {1, 1, 5},
	evidence.KindImage:             {1, 1, 4},
	evidence.KindRepositoryPolicy:  {1, 1, 4},
	evidence.KindManifest:          {1, 1, 4},
	evidence.KindRole:              {1, 1, 4},
	evidence.KindRolePolicies:      {1, 2, 4},
	evidence.KindInlinePolicy:      {1, 1, 5},
	evidence.KindManagedPolicy:     {1, 2, 6},
	evidence.KindSecret:            {1, 1, 4},
	evidence.KindParameter:         {50, 1, 4},

	evidence.KindScalableTarget:    {50, 1, 2},
	evidence.KindScalingPolicies:   {1, 1, 3},
	evidence.KindScalingActivities: {1, 1, 4},
	evidence.KindScheduledActions:  {1, 1, 4},
	evidence.KindAlarm:             {100, 1, 4},
	evidence.KindMetric:            {500, 1, 3},
	evidence.KindQuota:             {1, 1, 4},
	evidence.KindQueue:             {1, 2, 5},
	evidence.KindEventRule:         {1, 1, 1},
	evidence.KindEventRuleTargets:  {1, 1, 1},
	evidence.KindSchedule:          {1, 1, 1},
	evidence.KindSamplingRules:     {0, 1, 3},
	evidence.KindFamilyTasks:       {1, 2, 2},
}

// bound returns the least number of calls that could have read what the store holds, and the longest chain of calls
// of which each needs the answer of the one before.
func bound(store *evidence.Store) (calls, chain int) {
	n := map[evidence.Kind]int{}
	tasks, listed := 0, false
	for _, it := range store.Items() {
		n[it.Key.Kind]++
		if l, ok := it.Value.(evidence.TaskList); ok {
			tasks += len(l.Tasks)
			listed = true
			if len(l.Tasks) > 0 && it.Key.Kind == evidence.KindRunningTasks {
				chain = max(chain, 4)
			}
		}
	}
	for _, g := range store.Gaps() {
		n[g.Key.Kind]++
	}
	for kind, count := range n {
		c := costs[kind]
		batches := 1
		if c.perCall > 0 {
			batches = (count + c.perCall - 1) / c.perCall
		}
		calls += batches * max(c.calls, 1)
		chain = max(chain, c.depth)
	}
	if listed && tasks > 0 {
		calls += (tasks + 99) / 100
	}
	return calls, chain
}
