package iam

import (
	"slices"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/evidence"
	"pgregory.net/rapid"
)

// drawStatement draws a statement over few words, so that statements often meet.
func drawStatement(t *rapid.T) string {
	pick := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, what) }
	cond := pick("condition", "", "", "", `,"Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`, `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}`,
		`,"Condition":{"StringNotLike":{"aws:PrincipalTag/team":"a*"}}`, `,"Condition":{"Null":{"aws:SourceVpc":"true"}}`)
	return `{"Effect":"` + pick("effect", "Allow", "Allow", "Deny") + `","` + pick("a", "Action", "NotAction") + `":"` + pick("action", "*", "ecr:*", "ecr:Batch*", "logs:*") +
		`","` + pick("r", "Resource", "NotResource") + `":"` + pick("resource", "*", repoARN, "arn:aws:ecr:*:*:repository/*", "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*") + `"` + cond + `}`
}

func drawDocument(t *rapid.T) string {
	if rapid.IntRange(0, 19).Draw(t, "broken") == 0 {
		return `{"Version"`
	}
	return doc("[" + strings.Join(rapid.SliceOfN(rapid.Custom(drawStatement), 0, 3).Draw(t, "statements"), ",") + "]")
}

func drawAccount(t *rapid.T) account {
	a := account{inline: map[string]string{}, attached: map[string]string{}}
	for _, name := range []string{"a", "b"} {
		if rapid.Bool().Draw(t, "inline") {
			a.inline[name] = drawDocument(t)
		}
	}
	if rapid.Bool().Draw(t, "attached") {
		a.attached["arn:aws:iam::123456789012:policy/m"] = drawDocument(t)
	}
	if rapid.Bool().Draw(t, "fenced") {
		a.boundary = drawDocument(t)
	}
	if rapid.Bool().Draw(t, "tagged") {
		a.tags = []evidence.Tag{{Key: "team", Value: "team"}}
	}
	return a
}

func drawContext(t *rapid.T) Context {
	return rapid.SampledFrom([]Context{nil, {"aws:SourceVpc": {"vpc-1"}}, {"aws:SourceVpc": {"vpc-2"}}, {"aws:SourceVpc": {}}}).Draw(t, "context")
}

// What is not read may make an answer unknown; it never turns it round.
func TestLessEvidenceNeverTurnsAnAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, ctx := drawAccount(t), drawContext(t)
		resource := rapid.SampledFrom([]string{repoARN, "*", "", "arn:aws:ecr:eu-west-1:123456789012:repository/*"}).Draw(t, "resource")
		full := a.store()
		before := RoleMay(evidence.NewView(full), roleARN, "ecr:BatchGetImage", resource, ctx)
		var keys []evidence.Key
		for _, it := range full.Items() {
			keys = append(keys, it.Key)
		}
		drop := rapid.SliceOfN(rapid.SampledFrom(keys), 1, 3).Draw(t, "drop")
		less := without(full, func(k evidence.Key) bool { return slices.Contains(drop, k) })
		after := RoleMay(evidence.NewView(less), roleARN, "ecr:BatchGetImage", resource, ctx)
		if b, l := answer(before), answer(after); l != "unknown" && l != b {
			t.Fatalf("%s with everything, %s without %v", b, l, drop)
		}
		if after.Basis.Unknown && len(after.Basis.Missing) == 0 && after.Basis.Why == "" {
			t.Fatalf("unknown for no reason: %+v", after)
		}
	})
}

// A condition key that becomes known may decide an answer; it never turns a decided one.
func TestKnowingAKeyNeverTurnsAnAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawAccount(t).store()
		blind := answer(RoleMay(evidence.NewView(s), roleARN, "ecr:BatchGetImage", repoARN, nil))
		known := answer(RoleMay(evidence.NewView(s), roleARN, "ecr:BatchGetImage", repoARN, drawContext(t)))
		if blind != "unknown" && known != blind {
			t.Fatalf("%s without the key, %s with it", blind, known)
		}
	})
}

// A resource of which only the shape is known is decided only as each of its instances is.
func TestShapeAgreesWithItsInstances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, ctx := drawAccount(t).store(), drawContext(t)
		on := func(repository string) string {
			return answer(RoleMay(evidence.NewView(s), roleARN, "ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:123456789012:repository/"+repository, ctx))
		}
		name := rapid.StringMatching(`t[a-z/]{0,6}|team/app`).Draw(t, "name")
		if shape, instance := on("t*"), on(name); shape != "unknown" && instance != shape {
			t.Fatalf("t* is %s, %s is %s", shape, name, instance)
		}
	})
}

func TestDenyAllAlwaysDenies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawAccount(t)
		a.inline["z"] = doc(`{"Effect":"Deny","Action":"*","Resource":"*"}`)
		d := RoleMay(evidence.NewView(a.store()), roleARN, "ecr:BatchGetImage", repoARN, drawContext(t))
		if answer(d) != "denied" || !d.Explicit {
			t.Fatalf("%s with a statement that denies everything: %+v", answer(d), d)
		}
	})
}

// matches agrees with a slow and obvious matcher.
func TestGlob(t *testing.T) {
	var slow func(p, s string) bool
	slow = func(p, s string) bool {
		switch {
		case p == "":
			return s == ""
		case p[0] == '*':
			return slow(p[1:], s) || s != "" && slow(p, s[1:])
		}
		return s != "" && (p[0] == '?' || p[0] == s[0]) && slow(p[1:], s[1:])
	}
	word := func(chars string, n int) *rapid.Generator[string] {
		return rapid.StringOfN(rapid.SampledFrom([]rune(chars)), 0, n, -1)
	}
	rapid.Check(t, func(t *rapid.T) {
		p, s := word("ab*?", 7).Draw(t, "pattern"), word("ab", 8).Draw(t, "text")
		if got := glob(p).matches(literal(s)); got != triOf(slow(p, s)) {
			t.Fatalf("%q on %q: %d", p, s, got)
		}
		shape := word("ab*?", 6).Draw(t, "shape")
		if !slow(shape, s) {
			return
		}
		switch glob(p).matches(glob(shape)) {
		case yes:
			if !slow(p, s) {
				t.Fatalf("%q is said to take in all of %q, but not %q", p, shape, s)
			}
		case no:
			if slow(p, s) {
				t.Fatalf("%q is said to take in nothing of %q, but %q", p, shape, s)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(doc(`{"Effect":"Allow","Action":"ecr:*","Resource":"${aws:username, 'x'}${*}","Condition":{"ForAnyValue:StringLikeIfExists":{"a":["b",1,true]}}}`))
	f.Add(doc(`[{"Effect":"Deny","NotPrincipal":{"AWS":["1"]},"NotAction":["*"],"NotResource":"?","Condition":{"DateLessThan":{"d":"2026-01-01"},"IpAddress":{"ip":"::/0"}}}]`))
	f.Add(`{"Version":"2012-10-17","Statement":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		a := account{inline: map[string]string{"p": text}, trust: text}
		ctx := Context{"d": {"1"}, "ip": {"10.0.0.1"}, "a": {"b"}}
		alone := RoleMay(evidence.NewView(a.store()), roleARN, "ecr:BatchGetImage", repoARN, ctx)
		if strings.HasPrefix(answer(alone), "both") {
			t.Fatal(answer(alone))
		}
		a.inline["q"] = doc(`{"Effect":"Deny","Action":"*","Resource":"*"}`)
		if got := answer(RoleMay(evidence.NewView(a.store()), roleARN, "ecr:BatchGetImage", repoARN, ctx)); got != "denied" {
			t.Fatalf("%s beside a statement that denies everything", got)
		}
		ResourceAllows(text, roleARN, "", "ecr:BatchGetImage", repoARN)
		TrustedBy(evidence.NewView(a.store()), roleARN, TasksService)
	})
}
