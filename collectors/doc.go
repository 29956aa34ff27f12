// Package collectors makes every AWS call of ecsplain and turns the answers into evidence.
//
// A Collector is a struct literal on the list Collectors: one for each kind of evidence. It answers every key it is
// given with an item (found, or certainly absent) or with a gap that says what failed and what would show it. It never
// decides what an answer means.
//
// The account is only ever read: a guard in the SDK's middleware refuses any operation that is not on the list, before
// it is signed. Values of secrets and parameters are never asked for.
package collectors
