package lab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// secret puts the value of one container secret into the container's environment. It stays as it is for the task's life.
func (w *World) fetchSecret(t *task, c *container, s ecstypes.Secret) *failure {
	from := aws.ToString(s.ValueFrom)
	var value string
	var f *failure
	if parts := strings.Split(from, ":"); len(parts) > 5 && parts[2] == "secretsmanager" {
		value, f = w.fromSecretsManager(t, from)
	} else {
		value, f = w.fromParameterStore(t, from)
	}
	if f != nil {
		return f
	}
	c.env[aws.ToString(s.Name)] = value
	return nil
}

// fromSecretsManager reads ARN[:JSON-KEY:VERSION-STAGE:VERSION-ID].
func (w *World) fromSecretsManager(t *task, from string) (string, *failure) {
	parts := strings.Split(from, ":")
	arn := strings.Join(parts[:min(7, len(parts))], ":")
	key, stage := "", "AWSCURRENT"
	if len(parts) > 7 {
		key = parts[7]
	}
	if len(parts) > 8 && parts[8] != "" {
		stage = parts[8]
	}
	host := w.hostOf("secretsmanager")
	endpoint, broken := w.dial(t, host, 443)
	if broken != "" {
		return "", &failure{patience: patience, reason: initError + "unable to retrieve secret from asm: There is a connection issue between the task and AWS Secrets Manager. " +
			"Check your task network configuration. failed to fetch secret " + arn + " from secrets manager: operation error Secrets Manager: GetSecretValue, " +
			"https response error StatusCode: 0, RequestID: , canceled, context deadline exceeded"}
	}
	refused := func(what string) (string, *failure) {
		return "", &failure{reason: initError + "execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): " + what}
	}
	api := "failed to fetch secret " + arn + " from secrets manager: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: " + w.newUUID() + ", "
	found := w.findSecret(arn)
	policy := ""
	if found != nil {
		policy = found.Policy
	}
	if no := w.denied(t, "secretsmanager:GetSecretValue", arn, policy, endpoint); no != "" {
		return refused(api + "api error AccessDeniedException: " + no)
	}
	if found == nil {
		return "", &failure{reason: fmt.Sprintf("ResourceNotFoundException: The task can't retrieve the secret with ARN '%s' from AWS Secrets Manager. Check whether the secret exists in the specified Region. "+
			"ResourceNotFoundException: Fetching secret data from AWS Secrets Manager in region %s: secret %s: ResourceNotFoundException: Secrets Manager can't find the specified secret.", arn, w.Region, arn)}
	}
	if !found.Deleted.IsZero() {
		return refused(api + "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.")
	}
	if found.KmsKey != "" && !w.decrypt(t, found.KmsKey, "secretsmanager", map[string]string{"kms:encryptioncontext:secretarn": found.ARN}).ok() {
		return refused(api + "api error AccessDeniedException: Access to KMS is not allowed") // whatever KMS itself said
	}
	i := slices.IndexFunc(found.versions, func(v secretVersion) bool { return slices.Contains(v.Stages, stage) })
	if i < 0 {
		return refused(api + "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: " + stage)
	}
	value := found.versions[i].Value
	if key == "" {
		return value, nil
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(value), &object); err != nil {
		return refused(err.Error())
	}
	v, ok := object[key]
	if !ok {
		return refused("retrieved secret from Secrets Manager did not contain json key " + key)
	}
	return fmt.Sprint(v), nil
}

// fromParameterStore reads a parameter by its ARN or its name.
func (w *World) fromParameterStore(t *task, from string) (string, *failure) {
	name := from
	if _, after, ok := strings.Cut(from, ":parameter/"); ok {
		name = "/" + after
		if w.parameters[name] == nil && w.parameters[after] != nil {
			name = after
		}
	}
	endpoint, broken := w.dial(t, w.hostOf("ssm"), 443)
	if broken != "" {
		return "", &failure{patience: patience, reason: initError + "unable to retrieve secrets from ssm: The task cannot pull secrets from AWS Systems Manager. " +
			"There is a connection issue between the task and AWS Systems Manager Parameter Store. Check your task network configuration. " +
			"RequestCanceled: request context canceled caused by: context deadline exceeded"}
	}
	refused := func(what string) (string, *failure) {
		return "", &failure{reason: initError + "execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): " + what}
	}
	arn := fmt.Sprintf("arn:%s:ssm:%s:%s:parameter/%s", w.Partition, w.Region, w.Account, strings.TrimPrefix(name, "/"))
	if no := w.denied(t, "ssm:GetParameters", arn, "", endpoint); no != "" {
		return refused("AccessDeniedException: " + no)
	}
	p := w.parameters[name]
	if p == nil {
		return refused("invalid ssm parameters: " + name)
	}
	if p.Type == "SecureString" && p.KmsKey != "" {
		switch m := w.decrypt(t, p.KmsKey, "ssm", map[string]string{"kms:encryptioncontext:parameter_arn": arn}); {
		case m.denied != "":
			return refused("AccessDeniedException: " + m.denied)
		case m.state != "":
			return refused("InvalidKeyId: " + m.says())
		}
	}
	return p.Value, nil
}
