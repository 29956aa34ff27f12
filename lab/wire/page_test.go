package wire

import (
	"encoding/base64"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestPagesAreTheWhole walks any list in pages of any size: nothing lost, doubled or reordered.
func TestPagesAreTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOf(rapid.Int()).Draw(t, "items")
		limit := rapid.IntRange(0, 5).Draw(t, "limit")
		def := rapid.IntRange(0, 5).Draw(t, "default")
		size := limit
		if size == 0 {
			size = def
		}
		var got []int
		token := ""
		for {
			page, next, err := Page(items, token, limit, def)
			if err != nil {
				t.Fatal(err)
			}
			if size > 0 && len(page) > size {
				t.Fatalf("a page of %d, at most %d asked", len(page), size)
			}
			got = append(got, page...)
			if next == "" {
				break
			}
			if len(page) == 0 {
				t.Fatal("an empty page with a next one")
			}
			token = next
		}
		if !slices.Equal(got, items) {
			t.Fatalf("got %v, want %v", got, items)
		}
	})
}

func TestPageRefusesTokensItDidNotMake(t *testing.T) {
	enc := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for _, token := range []string{"x", "2", enc("2"), enc("page/"), enc("page/-1"), enc("page/0"), enc("page/x"), enc("page/99999999999999999999")} {
		if _, _, err := Page([]int{1, 2, 3}, token, 1, 1); !errors.Is(err, ErrInvalidToken) {
			t.Errorf("token %q: got %v", token, err)
		}
	}
	if page, next, err := Page([]int{1}, enc("page/5"), 1, 1); len(page) != 0 || next != "" || err != nil {
		t.Errorf("a list that shrank: got %v %q %v", page, next, err)
	}
}
