package facts

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// PoisonFact is the message that the dead tasks spoke of last.
type PoisonFact struct {
	Holds    bool           `json:"holds"`    // it ended several tasks, or it was received again and again
	Message  string         `json:"message"`  // its id; "" = the log names none
	Receives int            `json:"receives"` // the highest receive count that the logs tell; 0 = none
	Deaths   int            `json:"deaths"`   // tasks whose log ends with it, of those that were read: at most three
	Detail   string         `json:"detail"`
	Basis    evidence.Basis `json:"-"`
}

const poisonReceives = 3 // a message that is received so often was not deleted twice

var (
	messageID    = regexp.MustCompile(`(?i)message[_ ]?id["']?\s*[=:]?\s*["']?([0-9a-z][0-9a-z-]{3,99})`)
	receiveCount = regexp.MustCompile(`(?i)receive[_ ]?count["']?\s*[=:]?\s*["']?([0-9]+)`)
)

// lastMessage reads the last message that a log speaks of; ok is false where it speaks of none.
func lastMessage(lines []string) (id string, receives int, ok bool) {
	for _, line := range slices.Backward(lines) {
		if m := messageID.FindStringSubmatch(line); m != nil {
			if n := receiveCount.FindStringSubmatch(line); n != nil {
				receives, _ = strconv.Atoi(n[1]) // too many digits for a number tell nothing
			}
			return m[1], receives, true
		}
	}
	return "", 0, false
}

// poisonFact tells whether one message ends one task after the other. The log of the newest dead task is there; those of two older
// ones are read only where it names a message whose count does not say enough.
func poisonFact(v *evidence.View, in *Incident, crashes Check) PoisonFact {
	w := v.Track()
	if crashes.Basis.Unknown || !crashes.Holds {
		return PoisonFact{Basis: crashes.Basis}
	}
	id, receives, ok := lastMessage(in.Log.Tail)
	p := PoisonFact{Message: id, Receives: receives, Deaths: 1}
	if !ok {
		p.Deaths, p.Basis = 0, crashes.Basis
		return p
	}
	w.Cite(evidence.LogTailKey(in.Log.Group, in.Log.Stream).Key, "log stream "+in.Log.Stream, "message", crashes.Detail)
	open := false
	for i, other := range in.Samples {
		if i == 0 || p.Receives >= poisonReceives {
			continue
		}
		stream := strings.TrimSuffix(in.Log.Stream, in.Samples[0]) + other
		key := evidence.LogTailKey(in.Log.Group, stream)
		tail, st := evidence.Read(w, key)
		if open = open || st != evidence.Found && st != evidence.Absent; st != evidence.Found {
			continue
		}
		lines := make([]string, 0, len(tail.Lines))
		for _, l := range tail.Lines {
			lines = append(lines, l.Text)
		}
		if theirs, n, ok := lastMessage(lines[max(0, len(lines)-10):]); ok && theirs == id {
			p.Deaths, p.Receives = p.Deaths+1, max(p.Receives, n)
			w.Cite(key.Key, "log stream "+stream, "message", "messageId "+theirs)
		}
	}
	p.Holds = p.Receives >= poisonReceives || p.Deaths > 1
	p.Detail = fmt.Sprintf("message %s", id)
	if p.Deaths > 1 {
		p.Detail += fmt.Sprintf(", the last word of %s that died", evidence.Counted(p.Deaths, "task"))
	}
	if p.Receives > 0 {
		p.Detail += fmt.Sprintf(", received %s and never deleted", evidence.Counted(p.Receives, "time"))
	}
	p.Basis = w.Decided()
	if open && !p.Holds {
		p.Basis = w.Undecided("")
	}
	return p
}
