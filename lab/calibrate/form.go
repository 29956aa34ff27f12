package calibrate

import (
	"regexp"
	"strings"
)

// What differs from account to account: ids, names in brackets, ARNs, addresses, counts, quoted names.
var varies = []struct {
	what *regexp.Regexp
	form string
}{
	{regexp.MustCompile(`\((service|deployment|task|instance|task set|target-group|port|elb) [^()]*\)`), "($1 *)"},
	{regexp.MustCompile(`arn:[\w-]+:[^\s,;'")\]]+`), "*"},
	{regexp.MustCompile(`\[[^\[\]]*\]`), "[*]"},
	{regexp.MustCompile(`"[^"]*"|'[^']*'`), "*"},
	{regexp.MustCompile(`\S*[/@]\S*[^\s.,;:)]`), "*"},
	{regexp.MustCompile(`\b[0-9a-f]{8,}(-[0-9a-f]{4,})*\b`), "*"},
	{regexp.MustCompile(`\b[a-z]+-[0-9a-f]{8,}\b`), "*"},
	{regexp.MustCompile(`\b[\w-]+(\.[\w-]+){2,}\b`), "*"},
	{regexp.MustCompile(`\d+`), "*"},
	{regexp.MustCompile(`\*(\s*[:,]?\s*\*)+`), "*"},
}

// form is a text without what differs from account to account: two texts of one form say the same of different things.
func form(text string) string {
	for _, v := range varies {
		text = v.what.ReplaceAllString(text, v.form)
	}
	return strings.Join(strings.Fields(text), " ")
}

// alike is the share of words that two forms have in common, in order: 0 to 1.
func alike(a, b string) float64 {
	x, y := strings.Fields(a), strings.Fields(b)
	if len(x)+len(y) == 0 {
		return 1
	}
	row := make([]int, len(y)+1)
	for _, w := range x {
		before := 0
		for j, v := range y {
			old := row[j+1]
			if w == v {
				row[j+1] = before + 1
			} else {
				row[j+1] = max(row[j+1], row[j])
			}
			before = old
		}
	}
	return 2 * float64(row[len(y)]) / float64(len(x)+len(y))
}
