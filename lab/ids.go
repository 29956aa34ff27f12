package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// newHex is n hexadecimal digits, from the world's seed.
func (w *World) newHex(n int) string { return w.random(n, "0123456789abcdef") }

func (w *World) random(n int, alphabet string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[w.rng.IntN(len(alphabet))]
	}
	return string(b)
}

// newID is an id as EC2 makes them: newID("eni") is "eni-0" and 16 hexadecimal digits.
func (w *World) newID(prefix string) string {
	return strings.TrimSuffix(prefix, "-") + "-0" + w.newHex(16)
}

// newIAMID is a unique id as IAM makes them: AROA (roles) or ANPA (managed policies) and 17 letters and digits.
func (w *World) newIAMID(prefix string) string {
	return prefix + w.random(17, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
}

// stableHex is n (at most 64) hexadecimal digits that depend on the parts alone: ids of things that are derived from
// the state and not kept in it, such as security group rules.
func stableHex(n int, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:n]
}

// newUUID has the form of a random UUID.
func (w *World) newUUID() string {
	h := w.newHex(30)
	return h[:8] + "-" + h[8:12] + "-4" + h[12:15] + "-" + string("89ab"[w.rng.IntN(4)]) + h[15:18] + "-" + h[18:30]
}
