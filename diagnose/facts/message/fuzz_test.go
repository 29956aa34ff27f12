package message

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRead holds what must be true of any text: no panic, at least one reading, only words of the closed lists, and
// the same answer twice.
func FuzzRead(f *testing.F) {
	for _, o := range observed {
		f.Add(o.surface, o.text)
	}
	f.Add("", "╷\n│ Error: x\n╵")
	f.Add("", `{"reason": "a\u2019;b", "stoppedReason": `)
	f.Add("", "An error occurred (")
	f.Add(SurfaceLog, "\x1b[")
	f.Add("", "\\u00")
	f.Add("", "[12:00:00")
	f.Fuzz(func(t *testing.T, surface, text string) {
		all := Read(surface, text)
		if len(all) == 0 {
			t.Fatal("no reading")
		}
		for _, r := range all {
			if !slices.Contains(Steps, r.Step) || !slices.Contains(Natures, r.Nature) || !slices.Contains(Families, r.Family) || !slices.Contains(Categories, r.Category) || !slices.Contains(DenyReasons, r.Fields.DenyReason) {
				t.Fatalf("%q: a word is not on its list: %+v", text, r)
			}
			if r.Symptom != "" && !Known(r.Symptom) {
				t.Fatalf("%q: unknown symptom %q", text, r.Symptom)
			}
			if utf8.ValidString(text) && !utf8.ValidString(r.Text) {
				t.Fatalf("%q: text %q is broken", text, r.Text)
			}
			if strings.ContainsAny(r.Text, "\n\r\t") {
				t.Fatalf("%q: text %q has line breaks", text, r.Text)
			}
		}
		if again := ReadOne(surface, text); again.Symptom != ReadOne(surface, text).Symptom {
			t.Fatalf("%q: read differently twice", text)
		}
	})
}

// BenchmarkRead reads the observed messages in turn.
func BenchmarkRead(b *testing.B) {
	load()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, o := range observed {
			Read(o.surface, o.text)
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkLoad decodes and indexes the catalogue, which the first reading of a process does.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := open(files); err != nil {
			b.Fatal(err)
		}
	}
}
