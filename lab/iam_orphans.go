package lab

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// When a resource's policy is saved, IAM turns the ARN of a role in it into the role's unique id, and shows the ARN as long as
// the role is there. Once it is deleted the id remains, and a new role of the same name has another one (IAM user guide,
// "AWS JSON policy elements: Principal"). The lab keeps ARNs and changes them to the id when the role goes.
func (w *World) orphan(r *role) {
	for _, document := range w.resourcePolicies() {
		*document = orphaned(*document, aws.ToString(r.Arn), aws.ToString(r.RoleId))
	}
}

// resourcePolicies are the policies of resources that name principals.
func (w *World) resourcePolicies() []*string {
	var out []*string
	for _, k := range w.keyring.keys {
		out = append(out, &k.policy)
	}
	for _, s := range w.secrets {
		out = append(out, &s.Policy)
	}
	for _, r := range w.repositories {
		out = append(out, &r.policy)
	}
	for _, f := range w.storage.fileSystems {
		out = append(out, &f.policy)
	}
	return out
}

// orphaned is a policy with an id in the place of an ARN among its principals. Without that principal the text stays as it is.
func orphaned(document, arn, id string) string {
	var tree map[string]any
	if !strings.Contains(document, arn) || json.Unmarshal([]byte(document), &tree) != nil {
		return document
	}
	list, ok := tree["Statement"].([]any)
	if !ok {
		list = []any{tree["Statement"]}
	}
	for _, s := range list {
		one, _ := s.(map[string]any)
		for _, member := range []string{"Principal", "NotPrincipal"} {
			if p, ok := one[member].(map[string]any); ok && p["AWS"] != nil {
				p["AWS"] = renamed(p["AWS"], arn, id)
			}
		}
	}
	out, err := json.Marshal(tree)
	if err != nil {
		return document
	}
	return string(out)
}

// renamed changes a name in a text or in a list of texts.
func renamed(v any, from, to string) any {
	switch v := v.(type) {
	case string:
		if v == from {
			return to
		}
	case []any:
		for i := range v {
			v[i] = renamed(v[i], from, to)
		}
	}
	return v
}

// unknownPrincipal is a principal of a policy that IAM cannot turn into an id: a role of this account that is not there, or
// the id of a deleted one. "" = all are known.
func (w *World) unknownPrincipal(document string) string {
	var p policy
	if json.Unmarshal([]byte(document), &p) != nil {
		return ""
	}
	ours := fmt.Sprintf("arn:%s:iam::%s:role/", w.Partition, w.Account)
	for _, s := range p.Statement {
		for _, name := range s.Principal["AWS"] {
			gone := strings.HasPrefix(name, ours) && w.roles[lastPart(name)] == nil
			if gone || strings.HasPrefix(name, "AROA") {
				return name
			}
		}
	}
	return ""
}
