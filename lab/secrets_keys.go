package lab

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// Secrets Manager API reference, the errors EncryptionFailure and DecryptionFailure.
const (
	cannotEncrypt = "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the KMS key is available, enabled, and not in an invalid state."
	cannotDecrypt = "Secrets Manager can't decrypt the protected secret text using the provided KMS key."
)

// secretKey is a secret's key as it is kept: "" for the account's own aws/secretsmanager, which answers leave out.
func (w *World) secretKey(id *string) string {
	if k := w.findKey(aws.ToString(id)); k != nil && *k.KeyId == w.keyring.aliases["alias/aws/secretsmanager"] {
		return ""
	}
	return aws.ToString(id)
}

// mayEncrypt refuses a value for a key that cannot be used. The caller may use every key of the account.
func (w *World) mayEncrypt(key string) error {
	if key != "" && !w.usableKey(key) {
		return wire.Errorf("EncryptionFailure", cannotEncrypt)
	}
	return nil
}

// encryptAgain gives a secret another key. The values that it has are decrypted with the old one for that, unless a new
// value takes their place (Secrets Manager API, UpdateSecret).
func (w *World) encryptAgain(s *secret, key string, newValue bool) error {
	if err := w.mayEncrypt(key); err != nil {
		return err
	}
	if !newValue && s.KmsKey != "" && !w.usableKey(s.KmsKey) {
		return wire.Errorf("DecryptionFailure", cannotDecrypt)
	}
	s.KmsKey, s.Changed = key, w.now
	return nil
}
