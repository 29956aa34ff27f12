package message

import (
	"bytes"
	"slices"
	"strings"
)

// Guess is a case that a text without one may be.
type Guess struct {
	Case  string // its id
	Score int    // the more of the layers speak for it, the higher

	begins, nature bool // the text is the beginning of one of its forms; it has the nature of the text
}

// LaunchOf tells where in the launch of a task a step is, for readers; "" for no step.
func LaunchOf(step string) string { return launchOf[step] }

// Cut reports whether a reading without a case stops before it says why: its end is dots, a colon or the middle of what
// AWS goes on to say.
func Cut(r Reading) bool {
	if r.Symptom != "" || r.Text == "" || len(r.Text) > longestCut {
		return false
	}
	end := strings.TrimRight(r.Text, " \"'")
	if strings.HasSuffix(end, "...") || strings.HasSuffix(end, "…") || strings.HasSuffix(end, ":") {
		return true
	}
	q, least := ended(r.Text), leastLead
	if r.Nature != "" { // a reason is there already: only words that can hardly be another's tell that more would follow
		least = sureLead
	}
	return slices.ContainsFunc(load().index.forms, func(f form) bool { return f.rank > rankOuter && f.leads(q) >= least })
}

// Likely are the cases that a reading without one may be, the likeliest first. What counts is whether the words of the
// case begin as the text does up to its end, then step, nature, category and family, then whether the case speaks of the
// action, the host or the registry that the text names. Empty where the layers tell nothing.
func Likely(r Reading) []Guess {
	if r.Symptom != "" || r.Normal {
		return nil
	}
	c := load()
	var q *squeezed
	if len(r.Text) <= longestCut {
		q = ended(r.Text)
	}
	begin := map[int]bool{}
	if q != nil {
		for i := range c.index.forms {
			if f := &c.index.forms[i]; !begin[f.of] && f.rank > rankOuter && f.leads(q) >= leastLead {
				begin[f.of] = true
			}
		}
	}
	hints := hintsOf(r.Fields)
	var out []Guess
	for i, k := range c.cases {
		if g := k.likely(r, begin[i], hints); g.Score > 0 {
			out = append(out, g)
		}
	}
	if slices.ContainsFunc(out, func(g Guess) bool { return g.nature }) { // what kind of failure it is, is known
		out = slices.DeleteFunc(out, func(g Guess) bool { return !g.nature && !g.begins })
	}
	slices.SortStableFunc(out, func(a, b Guess) int { return b.Score - a.Score })
	return out
}

// likely counts what speaks for a case, 0 = too little.
func (k caseFile) likely(r Reading, begins bool, hints []string) Guess {
	if k.Normal || r.Category != "" && len(k.Surfaces) == 1 && k.Surfaces[0] == SurfaceLog {
		return Guess{}
	}
	step := r.Step != "" && k.Step == r.Step
	nature := r.Nature != "" && (k.Nature == r.Nature || r.Nature == "dns" && k.Nature == "network")
	fam := r.Family != "" && family(k.ID) == r.Family
	if !begins && !step && !(nature && (fam || k.hasCategory(r.Category))) {
		return Guess{}
	}
	n := 0
	for _, s := range []struct {
		is bool
		n  int
	}{{begins, 16}, {step, 8}, {nature, 8}, {k.hasCategory(r.Category), 2}, {fam, 2}, {k.AppliesTo != "ec2", 3}} {
		if s.is {
			n += s.n
		}
	}
	for _, h := range hints {
		if k.speaksOf(h) {
			n += 4
		}
	}
	return Guess{Case: k.ID, Score: n, begins: begins, nature: nature}
}

func (k caseFile) hasCategory(category string) bool {
	return category != "" && slices.ContainsFunc(k.Forms, func(w formFile) bool { return strings.HasPrefix(w.Text, category+":") })
}

func (k caseFile) speaksOf(word string) bool {
	return slices.ContainsFunc(k.Forms, func(w formFile) bool { return strings.Contains(asciiLower(w.Text), word) })
}

// hintsOf are words of a text that a case which is meant by it would have, too: in small letters.
func hintsOf(f Fields) []string {
	var out []string
	for _, v := range []string{f.Action, service(f.Host), service(f.Registry)} {
		if v = asciiLower(v); v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// service is the part of a host name that tells whose it is: api.ecr of api.ecr.eu-west-1.amazonaws.com, docker.io of
// registry-1.docker.io.
func service(host string) string {
	name, ok := strings.CutSuffix(strings.TrimSuffix(host, ".cn"), ".amazonaws.com")
	parts := strings.Split(name, ".")
	switch {
	case ok && len(parts) > 1 && strings.Contains(name, "dkr.ecr"):
		return "dkr.ecr"
	case ok && len(parts) > 1:
		return strings.Join(parts[:len(parts)-1], ".")
	case len(parts) > 1:
		return strings.Join(parts[len(parts)-2:], ".")
	}
	return ""
}

// leastLead is how many fixed characters a text must have of a form that it begins with; sureLead leaves no doubt.
const leastLead, sureLead = 24, 80

// ended is a text without the dots or the colon at its end.
func ended(text string) *squeezed {
	var q squeezed
	q.add(text)
	q.low = bytes.TrimRight(q.low, ".:")
	return &q
}

// leads is how many fixed characters of a form the text has when it ends within the form's words, 0 when it ends
// elsewhere: what a placeholder stands for may go on in any way.
func (f *form) leads(q *squeezed) int {
	from, n := 0, 0
	for k, lit := range f.literals {
		i := bytes.Index(q.low[from:], []byte(lit))
		if i >= 0 && (k == 0 || f.holes[k].fits(q.low[from:from+i])) {
			from, n = from+i+len(lit), n+len(lit)
			if from == len(q.low) {
				return n
			}
			continue
		}
		tail := q.low[from:]
		for m := min(len(lit)-1, len(tail)); m >= leastPart; m-- {
			if bytes.HasSuffix(tail, []byte(lit[:m])) && (k == 0 || f.holes[k].fits(tail[:len(tail)-m])) {
				return n + m
			}
		}
		return 0
	}
	return 0
}

// leastPart is how many characters of fixed words must stand at the end of a text to count as their beginning.
const leastPart = 8
