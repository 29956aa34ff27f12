package diagnose

import (
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// ownerOf reads a resource's tags for signs of a tool that manages it.
func ownerOf(tags []evidence.Tag) Owner {
	get := func(keys ...string) string {
		for _, t := range tags {
			for _, k := range keys {
				if strings.EqualFold(t.Key, k) {
					return t.Value
				}
			}
		}
		return ""
	}
	if p := get("aws:cdk:path"); p != "" {
		return Owner{Tool: "CDK", Name: p, Say: "change it in the CDK construct " + p + " too, or the next deploy puts it back"}
	}
	if s := get("aws:cloudformation:stack-name"); s != "" {
		name := s
		if l := get("aws:cloudformation:logical-id"); l != "" {
			name = s + "/" + l
		}
		return Owner{Tool: "CloudFormation", Name: name, Say: "change it in the template of stack " + s + " too, or the next update puts it back"}
	}
	by := strings.ToLower(get("ManagedBy", "managed-by", "managed_by", "terraform", "Terraform"))
	if by == "terraform" || by == "true" && get("terraform") != "" {
		name := get("terraform-module", "module", "workspace")
		return Owner{Tool: "Terraform", Name: name, Say: "change it in the Terraform configuration too, or the next apply puts it back"}
	}
	return Owner{}
}

// tagsOf finds the tags of a subject among the evidence; nil where none were read.
func tagsOf(store *evidence.Store, kind, id string) []evidence.Tag {
	for _, it := range store.Items() {
		switch v := it.Value.(type) {
		case evidence.RouteTables:
			for _, t := range v.Tables {
				if t.ID == id {
					return t.Tags
				}
			}
		case evidence.Endpoints:
			for _, e := range v.Endpoints {
				if e.ID == id {
					return e.Tags
				}
			}
		case evidence.SecurityGroup:
			if v.ID == id {
				return v.Tags
			}
		case evidence.Subnet:
			if v.ID == id {
				return v.Tags
			}
		case evidence.Vpc:
			if v.ID == id {
				return v.Tags
			}
		case evidence.NatGateway:
			if v.ID == id {
				return v.Tags
			}
		case evidence.Role:
			if v.Name == id || v.ARN == id {
				return v.Tags
			}
		case evidence.Secret:
			if v.Name == id || v.ARN == id {
				return v.Tags
			}
		case evidence.Service:
			if kind == "service" && v.Name == id || v.ARN == id {
				return v.Tags
			}
		}
	}
	return nil
}
