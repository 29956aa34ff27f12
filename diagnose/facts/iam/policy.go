package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// policy is a policy document as written.
type policy struct {
	Version   string
	Statement statements
}

// variables reports whether ${...} is a variable here: only since 2012-10-17, and a missing Version means 2008-10-17.
func (p policy) variables() bool { return p.Version == "2012-10-17" }

type statement struct {
	Sid          string
	Effect       string
	Principal    *principals
	NotPrincipal *principals
	Action       list
	NotAction    list
	Resource     list
	NotResource  list
	Condition    map[string]map[string]list
}

// name is "statement ReadDb", or "statement 2" where it has no Sid.
func (p policy) name(i int) string {
	if sid := p.Statement[i].Sid; sid != "" {
		return "statement " + sid
	}
	return fmt.Sprintf("statement %d", i+1)
}

// list is a value that may be written alone or as an array; nil = not written. Numbers and booleans become text.
type list []string

func (l *list) UnmarshalJSON(b []byte) error {
	var many []json.RawMessage
	if len(b) > 0 && b[0] == '[' {
		if err := json.Unmarshal(b, &many); err != nil {
			return err
		}
	} else {
		many = []json.RawMessage{b}
	}
	out := make(list, 0, len(many))
	for _, raw := range many {
		text := string(raw)
		switch {
		case strings.HasPrefix(text, `"`):
			if err := json.Unmarshal(raw, &text); err != nil {
				return err
			}
		case text == "null", strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
			return fmt.Errorf("%.40q: want a string or an array of strings", text)
		}
		out = append(out, text)
	}
	*l = out
	return nil
}

// statements is one statement or an array of them.
type statements []statement

func (s *statements) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]statement)(s))
	}
	var alone statement
	if err := json.Unmarshal(b, &alone); err != nil {
		return err
	}
	*s = statements{alone}
	return nil
}

// principals is the value of Principal or NotPrincipal.
type principals struct {
	Everyone bool // written "*"
	AWS      list
	Service  list
	Other    list // Federated and CanonicalUser, as written
}

func (p *principals) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		if s != "*" {
			return fmt.Errorf("principal %q: want \"*\" or an object", s)
		}
		p.Everyone = true
		return nil
	}
	var m map[string]list
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	for kind, names := range m {
		switch kind {
		case "AWS":
			p.AWS = names
		case "Service":
			p.Service = names
		case "Federated", "CanonicalUser":
			p.Other = append(p.Other, names...)
		default:
			return fmt.Errorf("principal of kind %q: want AWS, Service, Federated or CanonicalUser", kind)
		}
	}
	return nil
}

// sort is what a document is attached to; it decides which elements must be there.
type sort int8

const (
	identity      sort = iota // a role, as policy or boundary
	resourceBased             // a resource or, as trust policy, a role
)

// parse reads a policy document. What AWS would not have stored is an error, so that nobody reads an answer into it.
func parse(doc string, sort sort) (policy, error) {
	var p policy
	if err := json.Unmarshal([]byte(doc), &p); err != nil {
		return policy{}, err
	}
	if p.Statement == nil {
		return policy{}, errors.New("no Statement")
	}
	for i, s := range p.Statement {
		switch {
		case s.Effect != "Allow" && s.Effect != "Deny":
			return policy{}, fmt.Errorf("%s: Effect %q: want Allow or Deny", p.name(i), s.Effect)
		case (s.Action == nil) == (s.NotAction == nil):
			return policy{}, fmt.Errorf("%s: want one of Action and NotAction", p.name(i))
		case sort == identity && s.Resource == nil && s.NotResource == nil:
			return policy{}, fmt.Errorf("%s: want one of Resource and NotResource", p.name(i))
		case sort == resourceBased && s.Principal == nil && s.NotPrincipal == nil:
			return policy{}, fmt.Errorf("%s: want one of Principal and NotPrincipal", p.name(i))
		case s.Resource != nil && s.NotResource != nil:
			return policy{}, fmt.Errorf("%s: both Resource and NotResource", p.name(i))
		case s.Principal != nil && s.NotPrincipal != nil:
			return policy{}, fmt.Errorf("%s: both Principal and NotPrincipal", p.name(i))
		}
	}
	return p, nil
}
