package lab

import (
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// The only name that a key policy can have.
const keyPolicyName = "default"

func sortedNames(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

func (w *World) getKeyPolicy(in *kms.GetKeyPolicyInput) (*kms.GetKeyPolicyOutput, error) {
	k, err := w.key(in.KeyId)
	if err != nil {
		return nil, err
	}
	if name := aws.ToString(in.PolicyName); name != "" && name != keyPolicyName {
		return nil, wire.Errorf("NotFoundException", "No such policy exists")
	}
	return &kms.GetKeyPolicyOutput{Policy: aws.String(k.policy), PolicyName: aws.String(keyPolicyName)}, nil
}

func (w *World) listKeyPolicies(in *kms.ListKeyPoliciesInput) (*kms.ListKeyPoliciesOutput, error) {
	_, err := w.key(in.KeyId)
	return &kms.ListKeyPoliciesOutput{PolicyNames: []string{keyPolicyName}}, err
}

func (w *World) putKeyPolicy(in *kms.PutKeyPolicyInput) (*kms.PutKeyPolicyOutput, error) {
	k, err := w.customerKey(in.KeyId)
	if err == nil {
		err = w.checkKeyPolicy(*in.Policy, *k.Arn, in.BypassPolicyLockoutSafetyCheck)
	}
	if err != nil {
		return nil, err
	}
	k.policy = *in.Policy
	return nil, nil
}

// checkKeyPolicy refuses what is no policy, and one that would lock out whoever sets it (KMS API, PutKeyPolicy).
func (w *World) checkKeyPolicy(document, arn string, bypass bool) error {
	if checkDocument(&document) != nil {
		return wire.Errorf("MalformedPolicyDocumentException", "Syntax errors in policy.")
	}
	if name := w.unknownPrincipal(document); name != "" {
		return wire.Errorf("MalformedPolicyDocumentException", "Policy contains a statement with one or more invalid principals.")
	}
	if bypass {
		return nil
	}
	q := query{w: w, action: "kms:PutKeyPolicy", resource: arn, context: map[string]string{"aws:principalarn": w.callerARN(), "kms:calleraccount": w.Account}}
	who := func(p principals) grant {
		if slices.Contains(p["AWS"], w.callerARN()) {
			return granted
		}
		return q.orAccount(p)
	}
	if v := q.ask("the policy of "+arn, document, who); !v.allow || v.deny {
		return wire.Errorf("MalformedPolicyDocumentException", "The new key policy will not allow you to update the key policy in the future.")
	}
	return nil
}

// orAccount counts a statement for the whole account as one for the caller.
func (q query) orAccount(p principals) grant {
	if q.isCaller(p) == notNamed {
		return notNamed
	}
	return granted
}

// mayDecrypt is what KMS answers when a service decrypts in the name of the task's execution role.
type mayDecrypt struct {
	state  kmstypes.KeyState // of a key that cannot be used; "" where it can
	denied string            // IAM's sentence; "" where the role may
	arn    string
}

func (m mayDecrypt) ok() bool { return m.state == "" && m.denied == "" }

// says is KMS's text about a key that cannot be used.
func (m mayDecrypt) says() string {
	switch m.state {
	case keyNotFound:
		return fmt.Sprintf("Key '%s' does not exist", m.arn)
	case kmstypes.KeyStateDisabled:
		return m.arn + " is disabled."
	}
	return m.arn + " is pending deletion."
}

// keyNotFound is our own word for a key that is not there.
const keyNotFound kmstypes.KeyState = "NotFound"

// usableKey tells whether a key is there and enabled.
func (w *World) usableKey(id string) bool {
	k := w.findKey(id)
	return k != nil && k.KeyState == kmstypes.KeyStateEnabled
}

// decrypt asks KMS whether a service may decrypt with a key in the name of the task's execution role. It is the service
// that calls, so the task's network and the VPC's endpoints take no part. KMS looks at the permission before the state.
func (w *World) decrypt(t *task, keyID, service string, encryption map[string]string) mayDecrypt {
	role := lastPart(aws.ToString(t.launch.definition.ExecutionRoleArn))
	k := w.findKey(keyID)
	if k == nil {
		return mayDecrypt{arn: keyID, state: keyNotFound}
	}
	m := mayDecrypt{arn: *k.Arn}
	extra := map[string]string{"kms:calleraccount": w.Account, "kms:viaservice": service + "." + w.Region + ".amazonaws.com"}
	maps.Copy(extra, encryption)
	switch r := w.authorizeKey(role, "kms:Decrypt", k, extra); {
	case !r.Allowed:
		m.denied = fmt.Sprintf("User: %s is not authorized to perform: kms:Decrypt on resource: %s %s", w.session(t), m.arn, r.Reason)
	case k.KeyState != kmstypes.KeyStateEnabled:
		m.state = k.KeyState
	}
	return m
}

// authorizeKey decides what a role may do with a key. KMS differs from other services: the key's policy must let the role
// in by name, or its account, and only in the second case do the role's own policies count (KMS developer guide, "Key
// policies in KMS").
func (w *World) authorizeKey(roleName, action string, k *key, extra map[string]string) authResult {
	q := query{w: w, action: action, resource: *k.Arn, role: roleName, context: w.requestContext(roleName, "")}
	maps.Copy(q.context, extra)
	identity, boundary := q.identity(), q.boundary()
	byKey := q.ask("the policy of "+*k.Arn, k.policy, q.isCaller)
	account := q.ask("the policy of "+*k.Arn, k.policy, q.orAccount)
	switch {
	case identity.deny:
		return authResult{Explicit: true, Reason: "with an explicit deny in an identity-based policy"}
	case boundary.deny:
		return authResult{Explicit: true, Reason: "with an explicit deny in a permissions boundary"}
	case byKey.deny:
		return authResult{Explicit: true, Reason: "with an explicit deny in a resource-based policy"}
	case !account.allow: // the key lets neither the role nor the account in
		return missing("resource-based policy", action)
	case !byKey.allow && !identity.allow:
		return missing("identity-based policy", action)
	case !boundary.allow && !byKey.session:
		return missing("permissions boundary", action)
	}
	return authResult{Allowed: true}
}
