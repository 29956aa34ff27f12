package diagnose

import (
	"slices"

	"github.com/ecsplain/ecsplain/evidence"
)

// sharedBy tells of a resource in a network that another account shares with the caller's: that one manages it, and a participant may not change it
// (Amazon VPC user guide, "Responsibilities and permissions for owners and participants"). The zero Owner where it is the caller's own, or not known.
func sharedBy(store *evidence.Store, id string) Owner {
	caller, owner := "", ""
	for _, it := range store.Items() {
		switch v := it.Value.(type) {
		case evidence.Caller:
			caller = v.Account
		case evidence.Vpc:
			if v.ID == id {
				owner = v.Owner
			}
		case evidence.Subnet:
			if v.ID == id {
				owner = v.Owner
			}
		case evidence.RouteTables:
			for _, t := range v.Tables {
				if t.ID == id {
					owner = t.Owner
				}
			}
		case evidence.NetworkAcls:
			for _, a := range v.Acls {
				if a.ID == id {
					owner = a.Owner
				}
			}
		}
	}
	if owner == "" || caller == "" || owner == caller {
		return Owner{}
	}
	return Owner{Tool: "account " + owner, Say: "account " + caller + " may not change it, so hand this on"}
}

// notTheirs takes the owner of a network off actions that change something else.
func notTheirs(actions []Action) {
	for i, a := range actions {
		if len(a.Calls) > 0 && !slices.ContainsFunc(a.Calls, func(c Call) bool { return c.Service == "ec2" }) {
			actions[i].Owner = Owner{}
		}
	}
}
