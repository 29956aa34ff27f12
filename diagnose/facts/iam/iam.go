// Package iam computes what IAM policies say: whether a role may do a thing, whether a service may take on a role,
// and what AWS's own "not authorized" sentence proves. Pure functions over an evidence.View: no clock, no I/O.
//
// Answers have three sides. A statement whose condition rests on a key that nobody knows, a policy that could not be
// read and a document that is not JSON are unknown, never "no". What removes knowledge can turn an answer into
// unknown, never into its opposite.
//
// Rules of evaluation: IAM user guide, "Policy evaluation logic" and "IAM JSON policy element reference".
package iam

import (
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// Layers: the sort of policy that decided. They are AWS's words, as in its own "not authorized" sentence.
const (
	LayerIdentity        = "identity-based policy"
	LayerResource        = "resource-based policy"
	LayerBoundary        = "permissions boundary"
	LayerSession         = "session policy"
	LayerEndpoint        = "VPC endpoint policy"
	LayerServiceControl  = "service control policy"
	LayerResourceControl = "resource control policy"
)

// Decision is whether a role may do one thing, by what could be read: identity policies and the permissions boundary.
// Service control, session and endpoint policies are out of sight, so Allowed means "allowed by what was read".
// Exactly one of Allowed and Denied is set where the Basis is decided.
type Decision struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
	Role     string `json:"role"` // name
	Allowed  bool   `json:"allowed"`
	Denied   bool   `json:"denied"`
	Explicit bool   `json:"explicit"` // a Deny statement decided
	By       string `json:"by"`       // "inline policy secrets, statement ReadDb"; "" where nothing allows it
	Policy   string `json:"policy"`   // name of an inline policy or ARN of a managed one; "" where nothing allows it
	Layer    string `json:"layer"`    // which sort of policy decided
	Says     string `json:"says"`     // one sentence

	// Liftable is set where Denied and a resource-based policy of the same account that names the role would allow it:
	// nothing denies it for sure or perhaps, and there is no boundary or it allows it.
	Liftable bool `json:"-"`
	// ChangedAt is the newest change that AWS tells of any policy read for this; unknown for inline policies.
	ChangedAt evidence.Moment `json:"-"`
	Basis     evidence.Basis  `json:"-"`
}

// Context holds condition keys of a request, by name (aws:SourceVpc); names match without regard to case. A key with
// an empty list is known to be absent from the request; a key that is not in the map is unknown.
type Context map[string][]string

// ResourceDecision is what one resource-based policy says about a principal.
type ResourceDecision struct {
	Decision  string `json:"decision"`   // one of ResourceAllow, ...
	Statement string `json:"statement"`  // the statement that decided, or that nobody can decide; "" = none speaks
	ToAccount bool   `json:"to_account"` // the allow is for the principal's account as a whole, not for the role itself
	Why       string `json:"why"`        // where unknown: what is not known
}

// Values of ResourceDecision.Decision.
const (
	ResourceAllow   = "allow"
	ResourceDeny    = "deny"
	ResourceNone    = "none" // no statement speaks of it
	ResourceUnknown = "unknown"
)

// Trust is whether a role exists and whether a service may take it on. Trusts is false where Exists is.
type Trust struct {
	Exists     bool           `json:"exists"`
	Trusts     bool           `json:"trusts"`
	Role       string         `json:"role"`       // name
	Principals string         `json:"principals"` // whom the trust policy allows, "ec2.amazonaws.com, account 123456789012"; "" = nobody
	Says       string         `json:"says"`       // one sentence
	Basis      evidence.Basis `json:"-"`
}

// Denial is AWS's own "not authorized" sentence, taken apart. It is proof of what was denied at that moment, even
// where IAM itself cannot be read. Found is false where the text holds no such sentence.
type Denial struct {
	Found     bool   `json:"found"`
	Principal string `json:"principal"` // ARN of the user or session, "" = not told
	Role      string `json:"role"`      // name, "" where the principal is no role session
	Account   string `json:"account"`   // of the principal
	Action    string `json:"action"`
	Resource  string `json:"resource"` // "" = not told
	Layer     string `json:"layer"`    // which sort of policy refused; "" = not told
	Explicit  bool   `json:"explicit"` // a Deny statement refused; otherwise nothing of that layer allowed it
	Policy    string `json:"policy"`   // ARN of the refusing policy, where AWS names it
	Text      string `json:"text"`     // the sentence
}

// RoleName is the name in a role ARN (paths dropped), in an assumed-role session ARN, or in a bare name.
func RoleName(arn string) string {
	if !strings.HasPrefix(arn, "arn:") {
		return arn[strings.LastIndexByte(arn, '/')+1:]
	}
	resource := afterColons(arn, 5)
	if session, ok := strings.CutPrefix(resource, "assumed-role/"); ok {
		name, _, _ := strings.Cut(session, "/")
		return name
	}
	return resource[strings.LastIndexByte(resource, '/')+1:]
}

// AccountOf is the account in an ARN, "" where there is none.
func AccountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		return parts[4]
	}
	return ""
}

// afterColons is what follows the nth colon, "" where there are fewer.
func afterColons(s string, n int) string {
	parts := strings.SplitN(s, ":", n+1)
	if len(parts) <= n {
		return ""
	}
	return parts[n]
}
