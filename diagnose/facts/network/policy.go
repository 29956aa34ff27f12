package network

import (
	"encoding/json"
	"errors"
	"strings"
)

// policy is the part of an endpoint policy that decides: an IAM policy document with principals.
type policy struct{ statements []statement }

type statement struct {
	deny                    bool
	actions, notActions     texts
	resources, notResources texts
	anyone                  bool // the principal is everybody
	conditions              bool
}

// texts is a JSON string or a list of them.
type texts []string

func (t *texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = texts{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(b, &many); err != nil {
		return err
	}
	*t = many
	return nil
}

type wireStatement struct {
	Effect       string
	Action       texts
	NotAction    texts
	Resource     texts
	NotResource  texts
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Condition    map[string]json.RawMessage
}

func parsePolicy(text string) (policy, error) {
	var doc struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return policy{}, err
	}
	if len(doc.Statement) == 0 {
		return policy{}, errors.New("it has no Statement")
	}
	var list []wireStatement
	if err := json.Unmarshal(doc.Statement, &list); err != nil {
		var one wireStatement
		if json.Unmarshal(doc.Statement, &one) != nil {
			return policy{}, err
		}
		list = []wireStatement{one}
	}
	var p policy
	for _, w := range list {
		p.statements = append(p.statements, statement{
			deny:    strings.EqualFold(w.Effect, "Deny"),
			actions: w.Action, notActions: w.NotAction,
			resources: w.Resource, notResources: w.NotResource,
			anyone:     len(w.NotPrincipal) == 0 && isAnyone(w.Principal),
			conditions: len(w.Condition) > 0,
		})
	}
	return p, nil
}

// isAnyone reports whether a Principal is everybody: "*", {"AWS": "*"} or left out.
func isAnyone(raw json.RawMessage) bool {
	if len(raw) == 0 || string(raw) == "null" {
		return true
	}
	var one texts
	if json.Unmarshal(raw, &one) == nil {
		return len(one) == 1 && one[0] == "*"
	}
	var kinds map[string]texts
	if json.Unmarshal(raw, &kinds) != nil {
		return false
	}
	for _, names := range kinds {
		for _, n := range names {
			if n == "*" {
				return true
			}
		}
	}
	return false
}

// fullAccess reports whether everything is allowed and nothing denied.
func (p policy) fullAccess() bool {
	t, _ := p.refuses(act{"*", "*"})
	return t == no
}

// refuses reports whether the policy does not let an act pass, and how it says so.
func (p policy) refuses(a act) (tri, string) {
	allowed, denied := no, no
	for _, s := range p.statements {
		if s.deny {
			denied = or(denied, s.covers(a))
		} else {
			allowed = or(allowed, s.covers(a))
		}
	}
	if denied == yes {
		return yes, "denies"
	}
	return or(denied, not(allowed)), "does not allow"
}

// covers reports whether a statement speaks of an act; conditions and named principals leave it open.
func (s statement) covers(a act) tri {
	action := matchAny(s.actions, strings.ToLower(a.action), true)
	if len(s.notActions) > 0 {
		action = not(matchAny(s.notActions, strings.ToLower(a.action), true))
	}
	resource := matchAny(s.resources, a.resource, false)
	if len(s.notResources) > 0 {
		resource = not(matchAny(s.notResources, a.resource, false))
	}
	rest := yes
	if s.conditions || !s.anyone {
		rest = unknown
	}
	return and(action, resource, rest)
}

func matchAny(patterns texts, what string, fold bool) tri {
	out := no
	for _, p := range patterns {
		if fold {
			p = strings.ToLower(p)
		}
		out = or(out, match(p, what))
	}
	return out
}

// match holds an IAM pattern (* and ?) against a name. A name that ends in * stands for names of which only the
// beginning is known: yes where the pattern takes all of them, no where it takes none, else unknown. The name "*"
// itself is one name: what is asked for by actions that know no resource.
func match(pattern, name string) tri {
	begins, open := strings.CutSuffix(name, "*")
	if name == "*" {
		begins, open = "*", false
	}
	at := map[int]bool{} // positions in the pattern after what was read
	step(pattern, 0, at)
	for i := range len(begins) {
		next := map[int]bool{}
		for p := range at {
			switch {
			case p == len(pattern):
			case pattern[p] == '*':
				step(pattern, p, next)
			case pattern[p] == '?' || pattern[p] == begins[i]:
				step(pattern, p+1, next)
			}
		}
		at = next
	}
	if len(at) == 0 {
		return no
	}
	if !open {
		if at[len(pattern)] {
			return yes
		}
		return no
	}
	for p := range at {
		if p < len(pattern) && strings.Trim(pattern[p:], "*") == "" {
			return yes
		}
	}
	if len(at) == 1 && at[len(pattern)] {
		return no // the pattern ends where the unknown part begins, which is never empty
	}
	return unknown
}

// step adds a position, and the one past a star, which may stand for nothing.
func step(pattern string, p int, at map[int]bool) {
	at[p] = true
	if p < len(pattern) && pattern[p] == '*' {
		step(pattern, p+1, at)
	}
}
