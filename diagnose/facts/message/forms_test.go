package message

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// written draws a text of a form: its placeholders filled at random.
func written(t *rapid.T, text string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '<')
		j := -1
		if i >= 0 {
			j = strings.IndexByte(text[i:], '>')
		}
		if j < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		b.WriteString(value(t, text[i+1:i+j]))
		text = text[i+j+1:]
	}
}

// value draws what a placeholder may stand for.
func value(t *rapid.T, name string) string {
	draw := func(pattern string) string { return rapid.StringMatching(pattern).Draw(t, name) }
	switch name {
	case "N", "n", "i", "s", "cpu", "memory":
		return draw(`[1-9][0-9]{0,4}`)
	case "port":
		return draw(`[1-9][0-9]{1,3}`)
	case "ip", "resolver-ip":
		return draw(`[1-9][0-9]?\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}`)
	case "acct":
		return draw(`[0-9]{12}`)
	case "region":
		return draw(`(us|eu|ap)-(west|north)-[1-9]`)
	case "az":
		return draw(`(us|eu|ap)-(west|north)-[1-9][a-c]`)
	case "digest":
		return draw(`[0-9a-f]{64}`)
	case "repo", "prefix":
		return draw(`[a-z]{2,8}(/[a-z]{2,8})?`)
	case "tag":
		return draw(`v[0-9]\.[0-9]{1,2}(-[a-z]{3})?`)
	case "host", "registry":
		return draw(`[a-z]{3,9}\.[a-z]{3,9}\.(com|io)`)
	case "image":
		return draw(`[a-z]{3,9}\.[a-z]{3,9}\.io/[a-z]{2,8}:v[0-9]`)
	case "url":
		return draw(`https://[a-z]{3,9}\.[a-z]{3,9}\.com/v2/[a-z]{2,8}/[a-z]{2,8}`)
	case "secret-arn":
		return draw(`arn:aws:secretsmanager:eu-west-1:[0-9]{12}:secret:[a-z]{3,8}-[A-Za-z]{6}`)
	case "subnet-id":
		return draw(`subnet-[0-9a-f]{16}[0-9]`)
	case "os-arch":
		return draw(`(linux|windows)/(amd64|arm64)`)
	case "...":
		return draw(`([a-z]{2,9} ){0,4}`)
	case "reason", "err", "error", "msg", "text":
		return draw(`[a-z]{2,9}( [a-z]{2,9}){0,4}`)
	}
	return draw(`[a-z]{2,6}-[0-9a-f]{4,17}`)
}

// Every form of the catalogue, filled at random, is read as its case, or as one that is declared to say the same.
func TestEveryFormIsItsCase(t *testing.T) {
	for _, k := range load().cases {
		for _, w := range k.Forms {
			if w.Text == "" {
				continue
			}
			rapid.Check(t, func(t *rapid.T) {
				text := written(t, w.Text)
				for _, surface := range k.Surfaces {
					r := ReadOne(surface, text)
					if r.Symptom != k.ID && !slices.Contains(w.SameTextAs, r.Symptom) {
						t.Fatalf("form %q\ntext %q on %s\nread as %q, want %q", w.Text, text, surface, r.Symptom, k.ID)
					}
					if r.Symptom == k.ID && r.Normal != k.Normal {
						t.Fatalf("%q: normal %v, want %v", text, r.Normal, k.Normal)
					}
				}
			})
		}
	}
}

// noise is what other tools and people do to a text.
var noise = []struct {
	name string
	do   func(t *rapid.T, s string) string
}{
	{"nothing", func(_ *rapid.T, s string) string { return s }},
	{"upper case", func(_ *rapid.T, s string) string { return strings.ToUpper(s) }},
	{"lower case", func(_ *rapid.T, s string) string { return strings.ToLower(s) }},
	{"wrapped inside words", func(t *rapid.T, s string) string { return wrap(s, rapid.IntRange(40, 120).Draw(t, "width"), "\n") }},
	{"in a Terraform frame", func(t *rapid.T, s string) string {
		return "╷\n│ Error: " + wrap(s, rapid.IntRange(60, 100).Draw(t, "width"), "\n│ ") + "\n│ \n╵"
	}},
	{"quoted", func(t *rapid.T, s string) string {
		return "> " + wrap(s, rapid.IntRange(40, 100).Draw(t, "width"), "\n> ")
	}},
	{"commented", func(t *rapid.T, s string) string {
		return "# " + wrap(s, rapid.IntRange(40, 100).Draw(t, "width"), "\n# ")
	}},
	{"stamped", func(_ *rapid.T, s string) string { return "2026-01-31T10:00:00.1234567Z " + s }},
	{"stamped in brackets", func(_ *rapid.T, s string) string { return "[2026-01-31 10:00:00] " + s }},
	{"coloured", func(_ *rapid.T, s string) string { return "\x1b[31m" + s + "\x1b[0m" }},
	{"curly quotes", func(_ *rapid.T, s string) string {
		return strings.NewReplacer(`'`, "’", `"`, "”").Replace(s)
	}},
	{"console heading", func(_ *rapid.T, s string) string { return "Motivo de la detención\n" + s }},
	{"without brackets", func(_ *rapid.T, s string) string { return strings.NewReplacer("(", "", ")", "").Replace(s) }},
	{"spaces doubled", func(_ *rapid.T, s string) string { return strings.ReplaceAll(s, " ", "  ") }},
	{"escaped", func(_ *rapid.T, s string) string { return strings.ReplaceAll(s, `"`, `\"`) }},
	{"retold", func(_ *rapid.T, s string) string { return "my task stopped with: " + s + " any idea?" }},
}

func wrap(s string, width int, with string) string {
	var b strings.Builder
	for len(s) > width {
		b.WriteString(s[:width])
		b.WriteString(with)
		s = s[width:]
	}
	b.WriteString(s)
	return b.String()
}

// Whatever is done to a text, its family stays. A text that must stand alone is left out where words are added.
func TestNoiseKeepsFamily(t *testing.T) {
	type sample struct {
		of   caseFile
		form formFile
	}
	var samples []sample
	for _, k := range load().cases {
		for _, w := range k.Forms {
			if f, err := w.form(0); w.Text != "" && err == nil && !w.Whole && f.fixed >= 12 {
				samples = append(samples, sample{k, w})
			}
		}
	}
	for _, n := range noise {
		t.Run(n.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				for range 20 {
					s := rapid.SampledFrom(samples).Draw(t, "form")
					plainText := written(t, s.form.Text)
					want := ReadOne(s.of.Surfaces[0], plainText).Family
					noisy := n.do(t, plainText)
					if got := ReadOne(s.of.Surfaces[0], noisy); got.Family != want {
						t.Fatalf("%q\nread as family %q (%s), want %q", noisy, got.Family, got.Symptom, want)
					}
				}
			})
		})
	}
}

// A cut text may be read as its family or as nothing known, but a cut never makes another family of it where the
// first token of AWS is still there.
func TestCutTexts(t *testing.T) {
	for _, k := range load().cases {
		for _, w := range k.Forms {
			f, err := w.form(0)
			if w.Text == "" || err != nil || w.Outer || f.fixed < 60 || !strings.Contains(w.Text, "Error: ") {
				continue
			}
			rapid.Check(t, func(t *rapid.T) {
				text := written(t, w.Text)
				at := rapid.SampledFrom([]int{255, 1024}).Draw(t, "cut")
				if len(text) <= at {
					return
				}
				r := ReadOne(k.Surfaces[0], text[:at])
				if r.Symptom != "" && family(r.Symptom) != family(k.ID) {
					t.Fatalf("cut at %d: %q\nread as %s, want %s or its family", at, text[:at], r.Symptom, k.ID)
				}
				if r.Family != family(k.ID) {
					t.Fatalf("cut at %d: %q\nread as family %q, want %q", at, text[:at], r.Family, family(k.ID))
				}
			})
		}
	}
}
