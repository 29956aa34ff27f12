// Package evidence is the vocabulary of ecsplain: what was asked of AWS, what it answered, and what it
// refused to answer. It holds just the types; collectors fill a Store, facts read it through a View.
//
// Rules every type here keeps (a test checks them by reflection):
//   - no pointers, no interfaces: a value that may be missing says so by a field of its own (Moment, Exit);
//   - the json tag is the name in playbooks, in fixtures and in reports.
package evidence

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Kind names a sort of evidence. The closed list is Kinds.
type Kind string

// Key names one piece of evidence within one account and region. A key is read, gapped or unread.
type Key struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"`
}

// String gives KIND/ID, the form used in fixtures. ParseKey reads it back.
func (k Key) String() string { return string(k.Kind) + "/" + k.ID }

// ParseKey splits at the first slash: a kind never holds one, an id may.
func ParseKey(s string) (Key, error) {
	kind, id, ok := strings.Cut(s, "/")
	if !ok {
		return Key{}, fmt.Errorf("key %q: want KIND/ID, for example subnet/subnet-0a1b", s)
	}
	return Key{Kind(kind), id}, nil
}

// MarshalText lets keys stand as map keys in fixtures.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (k *Key) UnmarshalText(b []byte) (err error) { *k, err = ParseKey(string(b)); return err }

// Less orders keys by kind, then id; waves are sorted by it so that runs repeat.
func (k Key) Less(o Key) bool {
	if k.Kind != o.Kind {
		return k.Kind < o.Kind
	}
	return k.ID < o.ID
}

// Ref is a Key that knows the type of its value.
type Ref[T any] struct{ Key }

// Item is one answer: the value, or (Found false) the certainty that the thing does not exist.
type Item struct {
	Key   Key       `json:"key"`
	Found bool      `json:"found"`
	Value any       `json:"value"` // one of the types in Kinds; nil when not Found
	Call  string    `json:"call"`  // the AWS action that answered, e.g. "ec2:DescribeSubnets"
	At    time.Time `json:"at"`    // the answer's Date header: the time the value describes
}

// Gap is a question that was asked and not answered.
type Gap struct {
	Key     Key    `json:"key"`
	Call    string `json:"call"`    // the AWS action that failed, e.g. "iam:GetRole"
	Reason  string `json:"reason"`  // AWS's error code, or one of the Reason constants
	Message string `json:"message"` // AWS's own words, redacted
	Fix     string `json:"fix"`     // the permission, flag or command that would show it
}

// Reasons of a Gap that are not AWS error codes.
const (
	ReasonDeadline    = "Deadline"    // the run's time was over before the call was made or answered
	ReasonUnreachable = "Unreachable" // no answer: connection refused, reset, timeout, DNS
	ReasonUnreadable  = "Unreadable"  // an answer that could not be decoded
	ReasonMissing     = "Missing"     // the answer did not mention the thing and cannot be trusted to
	ReasonNoCollector = "NoCollector" // this build reads nothing of that kind
)

// Cite points at the exact thing that was read.
type Cite struct {
	Call     string    `json:"call"`
	Resource string    `json:"resource"`
	Field    string    `json:"field"`
	Value    string    `json:"value"`
	At       time.Time `json:"at"`
}

// Moment is a time that may not have happened. It is written as RFC 3339 or null.
type Moment struct {
	Known bool      `json:"known"`
	At    time.Time `json:"at"`
}

// When makes a known Moment; the zero time makes an unknown one.
func When(t time.Time) Moment {
	if t.IsZero() {
		return Moment{}
	}
	return Moment{Known: true, At: t}
}

// Before reports whether both happened and m came first.
func (m Moment) Before(o Moment) bool { return m.Known && o.Known && m.At.Before(o.At) }

func (m Moment) MarshalJSON() ([]byte, error) {
	if !m.Known {
		return []byte("null"), nil
	}
	return json.Marshal(m.At)
}

func (m *Moment) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*m = Moment{}
		return nil
	}
	if err := json.Unmarshal(b, &m.At); err != nil {
		return err
	}
	m.Known = true
	return nil
}
