package message

import "testing"

func TestSilentReadings(t *testing.T) {
	for _, c := range []struct{ text, said, seen string }{
		{"Scaling activity initiated by deployment", "Scaling activity initiated by deployment", ""},
		{"(no message: the task is PENDING)", "", "the task is PENDING"},
		{"(no message: 2 of 2 tasks (both old) wait)", "", "2 of 2 tasks (both old) wait"},
		{"", "", ""},
	} {
		r := Reading{Text: c.text}
		seen, ok := r.Seen()
		if r.Said() != c.said || seen != c.seen && ok || ok != (c.seen != "") {
			t.Errorf("%q: said %q, seen %q (%v)", c.text, r.Said(), seen, ok)
		}
	}
}
