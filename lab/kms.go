package lab

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// keyring is KMS: keys by id, and alias names ("alias/shop") with the id of their key.
type keyring struct {
	keys    map[string]*key
	aliases map[string]string
}

type key struct {
	kmstypes.KeyMetadata
	policy string // JSON text; every key has exactly one, named default
}

// kmsOperations lists what the lab answers of KMS.
func (w *World) kmsOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("kms", "DescribeKey", reads(w, w.describeKey)),
		wire.Op("kms", "ListKeys", reads(w, w.listKeys)),
		wire.Op("kms", "ListAliases", reads(w, w.listAliases)),
		wire.Op("kms", "ListGrants", reads(w, w.listGrants)),
		wire.Op("kms", "GetKeyPolicy", reads(w, w.getKeyPolicy)),
		wire.Op("kms", "ListKeyPolicies", reads(w, w.listKeyPolicies)),
		wire.Op("kms", "CreateKey", changes(w, w.createKey)),
		wire.Op("kms", "CreateAlias", changes(w, w.createAlias)),
		wire.Op("kms", "DeleteAlias", changes(w, w.deleteAlias)),
		wire.Op("kms", "EnableKey", changes(w, w.enableKey)),
		wire.Op("kms", "DisableKey", changes(w, w.disableKey)),
		wire.Op("kms", "ScheduleKeyDeletion", changes(w, w.scheduleKeyDeletion)),
		wire.Op("kms", "CancelKeyDeletion", changes(w, w.cancelKeyDeletion)),
		wire.Op("kms", "PutKeyPolicy", changes(w, w.putKeyPolicy)),
	}
}

// newKeyring holds the keys that AWS manages for the account. Their ids do not come from the world's seed, so that the
// account's other ids stay what they are.
func (w *World) newKeyring() keyring {
	r := keyring{keys: map[string]*key{}, aliases: map[string]string{}}
	for _, service := range []string{"secretsmanager", "ssm", "elasticfilesystem"} {
		h := stableHex(32, "kms", w.Account, w.Region, service)
		id := strings.Join([]string{h[:8], h[8:12], "4" + h[13:16], "a" + h[17:20], h[20:]}, "-")
		k := w.keyOfAccount(id, "Default key that protects my "+service+" data when no other key is defined")
		k.KeyManager, k.CreationDate = kmstypes.KeyManagerTypeAws, aws.Time(w.now.Add(-300*day))
		k.policy = fmt.Sprintf(`{"Version":"2012-10-17","Id":"auto-%s-1","Statement":[{"Sid":"Allow access through %s for all principals in the account that are authorized to use it","Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"],"Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":%q,"kms:ViaService":"%s.%s.amazonaws.com"}}}]}`,
			service, service, w.Account, service, w.Region)
		r.keys[id], r.aliases["alias/aws/"+service] = k, id
	}
	return r
}

func (w *World) keyOfAccount(id, about string) *key {
	return &key{KeyMetadata: kmstypes.KeyMetadata{
		KeyId: aws.String(id), Arn: aws.String(w.kmsARN("key/" + id)), AWSAccountId: aws.String(w.Account), CreationDate: aws.Time(w.now), Description: aws.String(about),
		Enabled: true, KeyState: kmstypes.KeyStateEnabled, KeyManager: kmstypes.KeyManagerTypeCustomer, KeyUsage: kmstypes.KeyUsageTypeEncryptDecrypt, KeySpec: kmstypes.KeySpecSymmetricDefault,
		EncryptionAlgorithms: []kmstypes.EncryptionAlgorithmSpec{kmstypes.EncryptionAlgorithmSpecSymmetricDefault},
		Origin:               kmstypes.OriginTypeAwsKms, MultiRegion: aws.Bool(false),
	}}
}

func (w *World) kmsARN(resource string) string {
	return fmt.Sprintf("arn:%s:kms:%s:%s:%s", w.Partition, w.Region, w.Account, resource)
}

// findKey looks a key up by id, ARN, alias name or alias ARN; nil when this account and region have none.
func (w *World) findKey(id string) *key {
	if rest, ok := strings.CutPrefix(id, w.kmsARN("")); ok {
		id = strings.TrimPrefix(rest, "key/")
	}
	if strings.HasPrefix(id, "alias/") {
		id = w.keyring.aliases[id]
	}
	return w.keyring.keys[id]
}

func (w *World) key(id *string) (*key, error) {
	if k := w.findKey(*id); k != nil {
		return k, nil
	}
	switch {
	case strings.HasPrefix(*id, "alias/"):
		return nil, wire.Errorf("NotFoundException", "Alias %s is not found.", w.kmsARN(*id))
	case strings.Contains(*id, ":alias/"):
		return nil, wire.Errorf("NotFoundException", "Alias %s is not found.", *id)
	case strings.HasPrefix(*id, "arn:"):
		return nil, wire.Errorf("NotFoundException", "Key '%s' does not exist", *id)
	}
	return nil, wire.Errorf("NotFoundException", "Key '%s' does not exist", w.kmsARN("key/"+*id))
}

// customerKey is a key of the customer's, by its id or ARN: what may be changed. Aliases are refused, as KMS does here.
func (w *World) customerKey(id *string) (*key, error) {
	if strings.Contains(*id, "alias/") {
		return nil, wire.Errorf("InvalidArnException", "Invalid keyId %s", *id)
	}
	k, err := w.key(id)
	if err == nil && k.KeyManager == kmstypes.KeyManagerTypeAws {
		return nil, &wire.Error{Code: "AccessDeniedException", Status: 400, Message: fmt.Sprintf("User: %s is not authorized to perform this operation on resource: %s because no resource-based policy allows it", w.callerARN(), *k.Arn)}
	}
	return k, err
}

func (w *World) describeKey(in *kms.DescribeKeyInput) (*kms.DescribeKeyOutput, error) {
	k, err := w.key(in.KeyId)
	if err != nil {
		return nil, err
	}
	m := k.KeyMetadata
	return &kms.DescribeKeyOutput{KeyMetadata: &m}, nil
}

func (w *World) listKeys(in *kms.ListKeysInput) (*kms.ListKeysOutput, error) {
	var all []kmstypes.KeyListEntry
	for _, k := range sorted(w.keyring.keys) {
		all = append(all, kmstypes.KeyListEntry{KeyId: k.KeyId, KeyArn: k.Arn})
	}
	page, next, err := wire.Page(all, aws.ToString(in.Marker), int(aws.ToInt32(in.Limit)), 100)
	return &kms.ListKeysOutput{Keys: page, NextMarker: optional(next), Truncated: next != ""}, err
}

func (w *World) listAliases(in *kms.ListAliasesInput) (*kms.ListAliasesOutput, error) {
	only := ""
	if in.KeyId != nil {
		k, err := w.key(in.KeyId)
		if err != nil {
			return nil, err
		}
		only = *k.KeyId
	}
	all := []kmstypes.AliasListEntry{}
	for _, name := range sortedNames(w.keyring.aliases) {
		if id := w.keyring.aliases[name]; only == "" || only == id {
			all = append(all, kmstypes.AliasListEntry{AliasName: aws.String(name), AliasArn: aws.String(w.kmsARN(name)), TargetKeyId: aws.String(id), CreationDate: w.keyring.keys[id].CreationDate})
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.Marker), int(aws.ToInt32(in.Limit)), 50)
	return &kms.ListAliasesOutput{Aliases: page, NextMarker: optional(next), Truncated: next != ""}, err
}

// listGrants answers none: nothing in this account makes grants.
func (w *World) listGrants(in *kms.ListGrantsInput) (*kms.ListGrantsOutput, error) {
	_, err := w.key(in.KeyId)
	return &kms.ListGrantsOutput{Grants: []kmstypes.GrantListEntry{}}, err
}

func (w *World) createKey(in *kms.CreateKeyInput) (*kms.CreateKeyOutput, error) {
	k := w.keyOfAccount(w.newUUID(), aws.ToString(in.Description))
	k.policy = fmt.Sprintf(`{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:%s:iam::%s:root"},"Action":"kms:*","Resource":"*"}]}`, w.Partition, w.Account)
	if in.Policy != nil {
		if err := w.checkKeyPolicy(*in.Policy, *k.Arn, in.BypassPolicyLockoutSafetyCheck); err != nil {
			return nil, err
		}
		k.policy = *in.Policy
	}
	w.keyring.keys[*k.KeyId] = k
	m := k.KeyMetadata
	return &kms.CreateKeyOutput{KeyMetadata: &m}, nil
}

func (w *World) createAlias(in *kms.CreateAliasInput) (*kms.CreateAliasOutput, error) {
	name := *in.AliasName
	switch {
	case !strings.HasPrefix(name, "alias/") || strings.HasPrefix(name, "alias/aws/"):
		return nil, wire.Errorf("InvalidAliasNameException", "Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/latest/developerguide/programming-aliases.html")
	case w.keyring.aliases[name] != "":
		return nil, wire.Errorf("AlreadyExistsException", "An alias with the name %s already exists", w.kmsARN(name))
	}
	k, err := w.customerKey(in.TargetKeyId)
	if err == nil {
		err = k.notDeleted()
	}
	if err != nil {
		return nil, err
	}
	w.keyring.aliases[name] = *k.KeyId
	return nil, nil
}

func (w *World) deleteAlias(in *kms.DeleteAliasInput) (*kms.DeleteAliasOutput, error) {
	if w.keyring.aliases[*in.AliasName] == "" {
		return nil, wire.Errorf("NotFoundException", "Alias %s is not found.", w.kmsARN(*in.AliasName))
	}
	delete(w.keyring.aliases, *in.AliasName)
	return nil, nil
}

// notDeleted refuses a key that waits for its deletion.
func (k *key) notDeleted() error {
	if k.KeyState == kmstypes.KeyStatePendingDeletion {
		return wire.Errorf("KMSInvalidStateException", "%s is pending deletion.", *k.Arn)
	}
	return nil
}

func (k *key) enable(on bool) {
	k.Enabled, k.KeyState, k.DeletionDate = on, kmstypes.KeyStateDisabled, nil
	if on {
		k.KeyState = kmstypes.KeyStateEnabled
	}
}

func (w *World) enableKey(in *kms.EnableKeyInput) (*kms.EnableKeyOutput, error) {
	k, err := w.customerKey(in.KeyId)
	if err == nil {
		err = k.notDeleted()
	}
	if err == nil {
		k.enable(true)
	}
	return nil, err
}

func (w *World) disableKey(in *kms.DisableKeyInput) (*kms.DisableKeyOutput, error) {
	k, err := w.customerKey(in.KeyId)
	if err == nil {
		err = k.notDeleted()
	}
	if err == nil {
		k.enable(false)
	}
	return nil, err
}

// scheduleKeyDeletion lets a key go after 7 to 30 days, 30 unless asked. Until then nobody can use it.
func (w *World) scheduleKeyDeletion(in *kms.ScheduleKeyDeletionInput) (*kms.ScheduleKeyDeletionOutput, error) {
	k, err := w.customerKey(in.KeyId)
	if err == nil {
		err = k.notDeleted()
	}
	if err != nil {
		return nil, err
	}
	days := int32(30)
	if in.PendingWindowInDays != nil {
		days = *in.PendingWindowInDays
	}
	if days < 7 || days > 30 {
		return nil, wire.Errorf("ValidationException", "PendingWindowInDays must be between 7 and 30 days (inclusive)")
	}
	wait := time.Duration(days) * day
	due := w.now.Add(wait)
	k.enable(false)
	k.KeyState, k.DeletionDate = kmstypes.KeyStatePendingDeletion, &due
	w.after(wait, func() {
		if k.DeletionDate == &due {
			w.dropKey(*k.KeyId)
		}
	})
	return &kms.ScheduleKeyDeletionOutput{KeyId: k.Arn, KeyState: k.KeyState, DeletionDate: &due, PendingWindowInDays: aws.Int32(days)}, nil
}

func (w *World) dropKey(id string) {
	delete(w.keyring.keys, id)
	for name, target := range w.keyring.aliases {
		if target == id {
			delete(w.keyring.aliases, name)
		}
	}
}

// cancelKeyDeletion leaves the key disabled.
func (w *World) cancelKeyDeletion(in *kms.CancelKeyDeletionInput) (*kms.CancelKeyDeletionOutput, error) {
	k, err := w.customerKey(in.KeyId)
	if err != nil {
		return nil, err
	}
	if k.KeyState != kmstypes.KeyStatePendingDeletion {
		return nil, wire.Errorf("KMSInvalidStateException", "%s is not pending deletion.", *k.Arn)
	}
	k.enable(false)
	return &kms.CancelKeyDeletionOutput{KeyId: k.Arn}, nil
}
