package lab

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// secretsOperations lists what the lab answers of Secrets Manager.
func (w *World) secretsOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("secretsmanager", "DescribeSecret", reads(w, w.describeSecret)),
		wire.Op("secretsmanager", "ListSecrets", reads(w, w.listSecrets)),
		wire.Op("secretsmanager", "ListSecretVersionIds", reads(w, w.listSecretVersions)),
		wire.Op("secretsmanager", "GetSecretValue", reads(w, w.getSecretValue)),
		wire.Op("secretsmanager", "CreateSecret", changes(w, w.createSecret)),
		wire.Op("secretsmanager", "PutSecretValue", changes(w, w.putSecretValue)),
		wire.Op("secretsmanager", "UpdateSecret", changes(w, w.updateSecret)),
		wire.Op("secretsmanager", "DeleteSecret", changes(w, w.deleteSecret)),
		wire.Op("secretsmanager", "RestoreSecret", changes(w, w.restoreSecret)),
		wire.Op("secretsmanager", "GetResourcePolicy", reads(w, w.getSecretPolicy)),
		wire.Op("secretsmanager", "PutResourcePolicy", changes(w, w.putSecretPolicy)),
		wire.Op("secretsmanager", "DeleteResourcePolicy", changes(w, w.deleteSecretPolicy)),
	}
}

const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
)

// findSecret looks a secret up by name, by ARN, or by an ARN without the six random characters at its end, as Secrets
// Manager does; nil when there is none. Secrets marked for deletion are found.
func (w *World) findSecret(idOrARN string) *secret {
	if s := w.secrets[idOrARN]; s != nil {
		return s
	}
	for _, s := range sorted(w.secrets) {
		if s.Name == idOrARN || len(s.ARN) > 7 && s.ARN[:len(s.ARN)-7] == idOrARN {
			return s
		}
	}
	return nil
}

func (w *World) secret(id *string) (*secret, error) {
	if s := w.findSecret(aws.ToString(id)); s != nil {
		return s, nil
	}
	return nil, wire.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

// usable is a secret that is not marked for deletion.
func (w *World) usable(id *string) (*secret, error) {
	s, err := w.secret(id)
	if err == nil && !s.Deleted.IsZero() {
		return nil, wire.Errorf("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
	}
	return s, err
}

func (s *secret) stages() map[string][]string {
	out := map[string][]string{}
	for _, v := range s.versions {
		if len(v.Stages) > 0 {
			out[v.ID] = slices.Clone(v.Stages)
		}
	}
	return out
}

func (s *secret) tagList() []smtypes.Tag {
	var out []smtypes.Tag
	for _, k := range slices.Sorted(maps.Keys(s.tags)) {
		out = append(out, smtypes.Tag{Key: aws.String(k), Value: aws.String(s.tags[k])})
	}
	return out
}

// moment is nil for a time that is not known.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (w *World) describeSecret(in *secretsmanager.DescribeSecretInput) (*secretsmanager.DescribeSecretOutput, error) {
	s, err := w.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	return &secretsmanager.DescribeSecretOutput{
		ARN: aws.String(s.ARN), Name: aws.String(s.Name), KmsKeyId: optional(s.KmsKey), CreatedDate: moment(s.Created), LastChangedDate: moment(s.Changed), DeletedDate: moment(s.Deleted),
		VersionIdsToStages: s.stages(), Tags: s.tagList(),
	}, nil
}

func (w *World) listSecrets(in *secretsmanager.ListSecretsInput) (*secretsmanager.ListSecretsOutput, error) {
	var all []smtypes.SecretListEntry
	for _, s := range sorted(w.secrets) {
		if !s.Deleted.IsZero() && !aws.ToBool(in.IncludePlannedDeletion) || slices.ContainsFunc(in.Filters, func(f smtypes.Filter) bool { return !s.fits(f) }) {
			continue
		}
		all = append(all, smtypes.SecretListEntry{
			ARN: aws.String(s.ARN), Name: aws.String(s.Name), KmsKeyId: optional(s.KmsKey), CreatedDate: moment(s.Created), LastChangedDate: moment(s.Changed), DeletedDate: moment(s.Deleted),
			SecretVersionsToStages: s.stages(), Tags: s.tagList(),
		})
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &secretsmanager.ListSecretsOutput{SecretList: page, NextToken: optional(next)}, err
}

// fits applies one filter: a value matches by prefix, one with ! before it excludes.
func (s *secret) fits(f smtypes.Filter) bool {
	have := []string{s.Name}
	switch f.Key {
	case smtypes.FilterNameStringTypeTagKey:
		have = slices.Collect(maps.Keys(s.tags))
	case smtypes.FilterNameStringTypeTagValue:
		have = slices.Collect(maps.Values(s.tags))
	case smtypes.FilterNameStringTypeName, smtypes.FilterNameStringTypeAll:
	default:
		return false
	}
	return slices.ContainsFunc(f.Values, func(v string) bool {
		want, not := strings.CutPrefix(v, "!")
		return slices.ContainsFunc(have, func(h string) bool { return strings.HasPrefix(h, want) }) != not
	})
}

func (w *World) listSecretVersions(in *secretsmanager.ListSecretVersionIdsInput) (*secretsmanager.ListSecretVersionIdsOutput, error) {
	s, err := w.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	var all []smtypes.SecretVersionsListEntry
	for _, v := range s.versions {
		if len(v.Stages) > 0 || aws.ToBool(in.IncludeDeprecated) {
			all = append(all, smtypes.SecretVersionsListEntry{VersionId: aws.String(v.ID), VersionStages: slices.Clone(v.Stages), CreatedDate: moment(s.Changed)})
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &secretsmanager.ListSecretVersionIdsOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name), Versions: page, NextToken: optional(next)}, err
}

func (w *World) getSecretValue(in *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
	s, err := w.usable(in.SecretId)
	if err != nil {
		return nil, err
	}
	if s.KmsKey != "" && !w.usableKey(s.KmsKey) {
		return nil, wire.Errorf("DecryptionFailure", cannotDecrypt)
	}
	stage := current
	if in.VersionStage != nil {
		stage = *in.VersionStage
	}
	for _, v := range s.versions {
		if in.VersionId != nil && v.ID == *in.VersionId || in.VersionId == nil && slices.Contains(v.Stages, stage) {
			return &secretsmanager.GetSecretValueOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name), VersionId: aws.String(v.ID), VersionStages: slices.Clone(v.Stages), SecretString: aws.String(v.Value), CreatedDate: moment(s.Changed)}, nil
		}
	}
	if in.VersionId != nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: %s", *in.VersionId)
	}
	return nil, wire.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: %s", stage)
}

// put adds a version and moves the stages to it.
func (w *World) put(s *secret, value string, stages []string) string {
	if len(stages) == 0 {
		stages = []string{current}
	}
	for i := range s.versions {
		v := &s.versions[i]
		wasCurrent := slices.Contains(v.Stages, current)
		isTaken := func(stage string) bool {
			return slices.Contains(stages, stage) || stage == previous && slices.Contains(stages, current)
		}
		v.Stages = slices.DeleteFunc(slices.Clone(v.Stages), isTaken)
		if wasCurrent && slices.Contains(stages, current) {
			v.Stages = append(v.Stages, previous)
		}
	}
	v := secretVersion{ID: w.newUUID(), Stages: slices.Clone(stages), Value: value}
	s.versions = append(s.versions, v)
	s.Changed = w.now
	return v.ID
}

func (w *World) createSecret(in *secretsmanager.CreateSecretInput) (*secretsmanager.CreateSecretOutput, error) {
	for _, s := range w.secrets {
		if s.Name == *in.Name && s.Deleted.IsZero() {
			return nil, wire.Errorf("ResourceExistsException", "The operation failed because the secret %s already exists.", *in.Name)
		}
		if s.Name == *in.Name {
			return nil, wire.Errorf("InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
		}
	}
	if err := w.mayEncrypt(w.secretKey(in.KmsKeyId)); err != nil {
		return nil, err
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	s := &secret{
		ARN:  fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:%s-%s", w.Partition, w.Region, w.Account, *in.Name, w.random(6, alphabet)),
		Name: *in.Name, KmsKey: w.secretKey(in.KmsKeyId), Created: w.now, Changed: w.now, tags: map[string]string{},
	}
	for _, t := range in.Tags {
		s.tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	w.secrets[s.ARN] = s
	out := &secretsmanager.CreateSecretOutput{ARN: aws.String(s.ARN), Name: in.Name}
	if in.SecretString != nil {
		out.VersionId = aws.String(w.put(s, *in.SecretString, nil))
	}
	return out, nil
}

func (w *World) putSecretValue(in *secretsmanager.PutSecretValueInput) (*secretsmanager.PutSecretValueOutput, error) {
	s, err := w.usable(in.SecretId)
	if err == nil {
		err = w.mayEncrypt(s.KmsKey)
	}
	if err != nil {
		return nil, err
	}
	id := w.put(s, aws.ToString(in.SecretString), in.VersionStages)
	return &secretsmanager.PutSecretValueOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name), VersionId: aws.String(id), VersionStages: slices.Clone(s.versions[len(s.versions)-1].Stages)}, nil
}

func (w *World) updateSecret(in *secretsmanager.UpdateSecretInput) (*secretsmanager.UpdateSecretOutput, error) {
	s, err := w.usable(in.SecretId)
	if err != nil {
		return nil, err
	}
	out := &secretsmanager.UpdateSecretOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name)}
	if in.KmsKeyId != nil {
		if err := w.encryptAgain(s, w.secretKey(in.KmsKeyId), in.SecretString != nil); err != nil {
			return nil, err
		}
	} else if err := w.mayEncrypt(s.KmsKey); in.SecretString != nil && err != nil {
		return nil, err
	}
	if in.SecretString != nil {
		out.VersionId = aws.String(w.put(s, *in.SecretString, nil))
	}
	return out, nil
}

// deleteSecret marks a secret; it is gone after the recovery window of 30 days or as asked, at once when forced.
func (w *World) deleteSecret(in *secretsmanager.DeleteSecretInput) (*secretsmanager.DeleteSecretOutput, error) {
	s, err := w.usable(in.SecretId)
	if err != nil {
		return nil, err
	}
	window := 30 * 24 * time.Hour
	if in.RecoveryWindowInDays != nil {
		if n := *in.RecoveryWindowInDays; n < 7 || n > 30 || aws.ToBool(in.ForceDeleteWithoutRecovery) {
			return nil, wire.Errorf("InvalidParameterException", "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive), and cannot be used together with ForceDeleteWithoutRecovery.")
		}
		window = time.Duration(*in.RecoveryWindowInDays) * 24 * time.Hour
	}
	if aws.ToBool(in.ForceDeleteWithoutRecovery) {
		delete(w.secrets, s.ARN)
		return &secretsmanager.DeleteSecretOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name), DeletionDate: aws.Time(w.now)}, nil
	}
	marked := w.now
	s.Deleted = marked
	w.after(window, func() {
		if s.Deleted.Equal(marked) {
			delete(w.secrets, s.ARN)
		}
	})
	return &secretsmanager.DeleteSecretOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name), DeletionDate: aws.Time(w.now.Add(window))}, nil
}

func (w *World) restoreSecret(in *secretsmanager.RestoreSecretInput) (*secretsmanager.RestoreSecretOutput, error) {
	s, err := w.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	s.Deleted = time.Time{}
	return &secretsmanager.RestoreSecretOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name)}, nil
}

func (w *World) getSecretPolicy(in *secretsmanager.GetResourcePolicyInput) (*secretsmanager.GetResourcePolicyOutput, error) {
	s, err := w.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	return &secretsmanager.GetResourcePolicyOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name), ResourcePolicy: optional(s.Policy)}, nil
}

func (w *World) putSecretPolicy(in *secretsmanager.PutResourcePolicyInput) (*secretsmanager.PutResourcePolicyOutput, error) {
	s, err := w.usable(in.SecretId)
	if err != nil {
		return nil, err
	}
	if checkDocument(in.ResourcePolicy) != nil {
		return nil, wire.Errorf("MalformedPolicyDocumentException", "This resource policy contains a syntax error.")
	}
	s.Policy = *in.ResourcePolicy
	return &secretsmanager.PutResourcePolicyOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name)}, nil
}

func (w *World) deleteSecretPolicy(in *secretsmanager.DeleteResourcePolicyInput) (*secretsmanager.DeleteResourcePolicyOutput, error) {
	s, err := w.usable(in.SecretId)
	if err != nil {
		return nil, err
	}
	s.Policy = ""
	return &secretsmanager.DeleteResourcePolicyOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name)}, nil
}
