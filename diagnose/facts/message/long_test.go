package message

import (
	"encoding/base64"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// long are kinds of text that someone may hand over whole, each of about n bytes.
var long = []struct {
	name string
	make func(n int) string
}{
	{"one line of base64", func(n int) string { return coded(n) }},
	{"lines of base64", func(n int) string { return wrap(coded(n), 76, "\n") }},
	{"a log", func(n int) string {
		return times(n, func(i int) string {
			return "2026-01-31T10:00:00Z INFO request " + strconv.Itoa(i) + " took " + strconv.Itoa(i%977) + "ms\n"
		})
	}},
	{"semicolons", func(n int) string { return times(n, func(int) string { return ";" }) }},
	{"joined failures", func(n int) string {
		return times(n, func(i int) string {
			return "unable to retrieve secret from asm: failed to fetch secret s" + strconv.Itoa(i) + "; "
		})
	}},
	{"an answer of the API", func(n int) string {
		return "{" + times(n, func(i int) string {
			return `"tasks": [{"stoppedReason": "CannotPullContainerError: no ` + strconv.Itoa(i) + `"}], `
		}) + "}"
	}},
	{"objects in objects", func(n int) string { return times(n, func(int) string { return `{"message":` }) }},
	{"links without blanks", func(n int) string { return times(n, func(int) string { return "https://docs." }) }},
	{"colons", func(n int) string { return times(n, func(int) string { return "resourceinitializationerror:" }) }},
	{"beginnings of one form", func(n int) string {
		return times(n, func(int) string { return "unable to pull secrets or registry auth: registry auth " })
	}},
	{"quote marks", func(n int) string { return times(n, func(int) string { return "> " }) }},
}

func times(n int, part func(i int) string) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(part(i))
	}
	return b.String()
}

func coded(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	raw := make([]byte, n*3/4)
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// The work grows with the length of a text, not with its square: two megabytes of any kind are read here, which took
// hours when each line was compared with all the others.
func TestLongTextsAreRead(t *testing.T) {
	for _, l := range long {
		if all := Read("", l.make(2<<20)); len(all) == 0 {
			t.Errorf("%s: no reading", l.name)
		}
	}
}

// What the work is done on does not grow faster than the text: the pieces together are no longer than a few times it.
func TestPiecesTogetherAreNoLongerThanTheText(t *testing.T) {
	for _, l := range long {
		for _, n := range []int{4 << 10, 64 << 10, 512 << 10} {
			sum := 0
			for _, p := range unwrap(l.make(n)) {
				sum += len(p.text)
			}
			if most := 10*n + 4096; sum > most {
				t.Errorf("%s of %d bytes: %d bytes to look at, want at most %d", l.name, n, sum, most)
			}
		}
	}
}

// BenchmarkReadLong shows that the speed is the same at every length: the MB/s of one kind are alike.
func BenchmarkReadLong(b *testing.B) {
	for _, l := range long {
		for _, n := range []int{16 << 10, 256 << 10, 2 << 20} {
			b.Run(l.name+"/"+strconv.Itoa(n>>10)+"KiB", func(b *testing.B) {
				text := l.make(n)
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					Read("", text)
				}
			})
		}
	}
}
