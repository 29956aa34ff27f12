package message

import "strings"

// silent opens the Text of a Reading where AWS sent no message. Behind it stands what was seen instead, in our words.
const silent = "(no message"

// Seen tells what was seen where AWS sent no message. ok is false where Text is AWS's own.
func (r Reading) Seen() (words string, ok bool) {
	rest, ok := strings.CutPrefix(r.Text, silent)
	return strings.TrimSuffix(strings.TrimPrefix(rest, ": "), ")"), ok
}

// Said is the text of AWS; "" where it said nothing.
func (r Reading) Said() string {
	if _, silent := r.Seen(); silent {
		return ""
	}
	return r.Text
}
