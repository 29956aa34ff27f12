package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/lab"
)

// maxNear is how many names are offered instead of one that is not there.
const maxNear = 3

// didYouMean is "; did you mean A, B?" with the names that come close to what was typed, the closest first; "" where none
// does. A name comes close that begins or ends with what was typed, shares a whole word with it, or is a slip of the fingers away.
func didYouMean(typed string, names []string) string {
	type candidate struct {
		name                    string
		whole                   bool // what was typed is its beginning or its end
		shared, apart, position int
	}
	words := wordsOf(typed)
	var near []candidate
	for i, n := range names {
		c := candidate{name: n, apart: distance(typed, n), position: i}
		c.whole = typed != "" && (strings.HasSuffix(n, "."+typed) || strings.HasSuffix(n, "-"+typed) || strings.HasPrefix(n, typed+"-"))
		for _, w := range words {
			if slices.Contains(wordsOf(n), w) {
				c.shared++
			}
		}
		if c.whole || c.shared > 0 || c.apart <= max(2, len(typed)/4) || len(typed) > 2 && strings.HasPrefix(n, typed) {
			near = append(near, c)
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		switch {
		case a.whole && !b.whole:
			return -1
		case b.whole && !a.whole:
			return 1
		}
		return cmp.Or(cmp.Compare(score(b.shared, b.apart), score(a.shared, a.apart)), cmp.Compare(a.position, b.position))
	})
	if len(near) == 0 {
		return ""
	}
	var out []string
	for _, c := range near[:min(len(near), maxNear)] {
		out = append(out, c.name)
	}
	return "; did you mean " + strings.Join(out, ", ") + "?"
}

// score is higher for a name that is closer: a shared word is worth four letters.
func score(shared, apart int) int { return 4*shared - apart }

// wordsOf are the words of a name that tell something: articles and the like do not.
func wordsOf(name string) (out []string) {
	for _, w := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '.' || r == '-' || r == '_' || r == ' ' }) {
		if len(w) > 2 && w != "the" && w != "and" {
			out = append(out, w)
		}
	}
	return out
}

// distance is how many letters must be put in, taken out or replaced to make one text the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0]++
		for j := range len(b) {
			replaced := before
			if a[i] != b[j] {
				replaced++
			}
			before = row[j+1]
			row[j+1] = min(row[j+1]+1, row[j]+1, replaced)
		}
	}
	return row[len(b)]
}

// findScenario finds a scenario by name; the error offers names that come close.
func findScenario(name string) (lab.Scenario, error) {
	s, err := lab.FindScenario(name)
	var unknown *lab.UnknownScenario
	if errors.As(err, &unknown) {
		return s, usagef("ecsplain lab list", "%v%s", err, didYouMean(name, unknown.Names))
	}
	return s, err
}
