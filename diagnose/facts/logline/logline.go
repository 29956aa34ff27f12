// Package logline finds, in the last lines that a container wrote, the line that tells why it ended. It knows the
// crash messages of common runtimes and servers as data. Pure functions: no clock, no I/O.
package logline

// Verdict is the line that tells the cause. Line is "" where there is no line at all.
type Verdict struct {
	Line      string   `json:"line"`      // the deciding line, as written
	Index     int      `json:"index"`     // its place in the lines given
	Signature string   `json:"signature"` // app.db-refused; "" where not Known
	Says      string   `json:"says"`      // one sentence with the names that the line holds
	Means     string   `json:"means"`     // what such a line means
	Mistaken  string   `json:"mistaken"`  // what it is often mistaken for
	Fix       string   `json:"fix"`       // what to do
	Known     bool     `json:"known"`     // a signature matched; otherwise Line is the best candidate
	Trace     []string `json:"trace"`     // the whole trace around the line, as written; empty where the line stands alone
}

// Deciding returns the line that tells the cause.
func Deciding(lines []string) Verdict { return Verdict{} }
