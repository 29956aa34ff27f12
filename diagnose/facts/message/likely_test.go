package message

import (
	"slices"
	"strings"
	"testing"
)

// What new words may be: first what fits the step and the nature, what the host or the action speaks for before that, and
// nothing of another nature where the nature is known.
func TestLikely(t *testing.T) {
	for _, c := range []struct{ name, text, first, not string }{
		{"a refusal in new words", `CannotPullContainerError: ECR would not hand out the image manifest: AccessDenied, ecr:BatchGetImage`, "image-pull/ecr/batchgetimage-denied", "image-pull/docker-hub/rate-limit"},
		{"a limit of another registry", `CannotPullContainerError: failed to resolve ref quay.io/shop/orders:1: 429 Too Many Requests`, "image-pull/docker-hub/rate-limit", "image-pull/ecr/image-not-found"},
		{"cut in the middle of known words", `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 111122223333.dkr.ecr.eu-west-1.amazonaws.com/orders:1: pulling from host 111122223333.dkr.ecr.eu-west-1.amazonaws.com failed with sta`, "image-pull/ecr/batchgetimage-denied", "network/eni/rate-limited"},
		{"nothing but the step", `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s)...`, "image-pull/ecr/registry-auth-network", "storage/efs/dns"},
	} {
		r := ReadOne("", c.text)
		var ids []string
		for _, g := range Likely(r) {
			ids = append(ids, g.Case)
		}
		if r.Symptom != "" || len(ids) == 0 || ids[0] != c.first || slices.Contains(ids, c.not) {
			t.Errorf("%s: read as %q; likely %v, want %s first and no %s", c.name, r.Symptom, ids[:min(len(ids), 5)], c.first, c.not)
		}
	}
	for _, text := range []string{"banana hammock", "(service orders) has reached a steady state.", denied} {
		if got := Likely(ReadOne("", text)); len(got) > 0 {
			t.Errorf("%q: likely %v, want nothing", text, got)
		}
	}
}

// A text is called cut where its end shows it, and not where it has told its reason.
func TestCut(t *testing.T) {
	const head = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: "
	for text, want := range map[string]bool{
		head: true,
		head + "service call has been retried 3 time(s)...":           true,
		head + "service call has been retried 3 time(s): RequestErr…": true,
		denied[:strings.Index(denied, "failed to fetch")+12]:          true,
		denied: false,
		"CannotPullContainerError: failed to resolve ref quay.io/shop/orders:1: 429 Too Many Requests": false,
		"good morning": false,
		"":             false,
	} {
		if r := ReadOne("", text); Cut(r) != want {
			t.Errorf("%q: cut %v, want %v", text, !want, want)
		}
	}
}
