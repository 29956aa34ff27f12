package message

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Likely is what may be behind a message of which no known form fits.
type Likely struct {
	Cut     bool     // the text stops where known messages go on to say why
	Natures []string // of the cases that come into question, the most likely first
	Causes  []Cause  // the most likely first; empty where nothing in the text tells
}

// candidate is a case that a message may be.
type candidate struct {
	of    int
	score int
	lead  int // how many fixed characters of one of its forms lead up to the end of the text
}

// leastLead is how many fixed characters must lead up to the end of a text before it counts as the beginning of a form.
const leastLead = 20

// categoryLength is about how long AWS's category is, which some forms have and others leave out.
const categoryLength = 30

// near is how far below the best score a case is still likely.
const near = 2

// LikelyOf ranks the causes of all cases that agree with what the layers tell of a reading: its nature, step, category,
// family and registry, and the words it begins with. It is for readings without a symptom.
func LikelyOf(r Reading) Likely {
	c := load()
	s := c.index.pool.Get().(*scratch)
	defer c.index.pool.Put(s)
	s.q.reset()
	s.q.add(r.Text)
	s.q.low = bytes.TrimRight(s.q.low, ".")
	leads := c.leads(s, r)
	var all []candidate
	best := 0
	for i := range c.cases {
		k := candidate{of: i, lead: leads[i]}
		if k.score = c.score(&c.cases[i], r, k.lead); k.score > 0 {
			all = append(all, k)
			best = max(best, k.score)
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Or(b.score-a.score, b.lead-a.lead) })
	return c.likely(all, best, r)
}

// leads tells for each case how far the text goes along with the best of its forms, 0 where another case's goes much
// farther.
func (c *catalogue) leads(s *scratch, r Reading) []int {
	leads := make([]int, len(c.cases))
	most := 0
	for i := range c.index.forms {
		f := &c.index.forms[i]
		if f.rank == rankOuter || f.whole || !c.on(f.of, r.Surface, r.Category) {
			continue
		}
		if n := f.cut(&s.q); n >= leastLead {
			leads[f.of] = max(leads[f.of], n)
			most = max(most, n)
		}
	}
	for i, n := range leads {
		if n+categoryLength < most {
			leads[i] = 0
		}
	}
	return leads
}

// score is how well a case agrees with a reading: 0 = not at all, or it contradicts it.
func (c *catalogue) score(k *caseFile, r Reading, lead int) int {
	if k.Normal || len(k.Causes) == 0 || k.AppliesTo == "ec2" {
		return 0
	}
	if otherNature(k.Nature, r.Nature) || otherStep(k.Step, r.Step) || otherRegistry(k.ID, r.Fields.Registry) {
		return 0
	}
	n := 0
	if k.Nature != "" && k.Nature == r.Nature {
		n += 3
	}
	if k.Step != "" && (k.Step == r.Step || r.Step == "pull") {
		n += 3
	}
	if lead > 0 {
		n += 4
	}
	if r.Category != "" && slices.ContainsFunc(k.Forms, func(f formFile) bool { return strings.HasPrefix(f.Text, r.Category+":") }) {
		n += 2
	}
	if n > 0 && family(k.ID) == r.Family {
		n++
	}
	if n > 0 && r.Fields.Action != "" && slices.ContainsFunc(k.Forms, func(f formFile) bool { return strings.Contains(f.Text, r.Fields.Action) }) {
		n += 2
	}
	return n
}

func otherNature(of, read string) bool {
	return of != "" && read != "" && of != read && !(of == "network" && read == "dns")
}

// pulling are the steps that "pull" may stand for.
var pulling = []string{"pull", "registry-auth", "manifest", "layers"}

func otherStep(of, read string) bool {
	if of == "" || read == "" || of == read {
		return false
	}
	return !(slices.Contains(pulling, of) && slices.Contains(pulling, read) && (of == "pull" || read == "pull"))
}

func otherRegistry(id, registry string) bool {
	ecr := strings.Contains(registry, ".dkr.ecr")
	switch {
	case registry == "":
		return false
	case strings.Contains(id, "/ecr/"):
		return !ecr
	case strings.Contains(id, "/docker-hub/"):
		return registry != "docker.io" && registry != "registry-1.docker.io"
	}
	return false
}

// ranked is a cause with the weight that the cases give which name it.
type ranked struct {
	cause  Cause
	nature string
	weight float64
}

// likely merges the causes of the candidates. Those that are much less likely come after the others.
func (c *catalogue) likely(all []candidate, best int, r Reading) Likely {
	var l Likely
	var causes []ranked
	at := map[string]int{}
	for _, cand := range all {
		k := c.cases[cand.of]
		weight := 1.0
		if cand.score < best-near {
			weight = 0.01
		} else if k.Nature != "" && !slices.Contains(l.Natures, k.Nature) {
			l.Natures = append(l.Natures, k.Nature)
		}
		if cand.lead > 0 && cand.score == best {
			l.Cut = l.Cut || looksCut(r.Text) || r.Nature == ""
		}
		for i, cause := range k.Causes {
			if cause.Look == "" {
				continue // it says only what the rest of another text would say
			}
			w := weight / float64(i+1)
			key := cmp.Or(cause.Playbook, cause.Text)
			if j, ok := at[key]; ok {
				causes[j].weight += w
				continue
			}
			at[key] = len(causes)
			causes = append(causes, ranked{Cause(cause), k.Nature, w})
		}
	}
	slices.SortStableFunc(causes, func(a, b ranked) int { return cmp.Compare(b.weight, a.weight) })
	if r.Nature == "" {
		causes = mixed(causes, l.Natures)
	}
	for _, x := range causes {
		l.Causes = append(l.Causes, x.cause)
	}
	return l
}

// turns is how many natures share the first places.
const turns = 3

// mixed takes turns among the most common natures, so that the first causes show each of them.
func mixed(causes []ranked, natures []string) []ranked {
	slices.SortStableFunc(natures, func(a, b string) int { return commonness(a) - commonness(b) })
	natures = natures[:min(len(natures), turns)]
	var out []ranked
	for len(out) < len(causes) {
		before := len(out)
		for _, n := range natures {
			if i := slices.IndexFunc(causes, func(x ranked) bool { return x.nature == n && x.weight > 0 }); i >= 0 {
				out = append(out, causes[i])
				causes[i].weight = 0
			}
		}
		if len(out) == before {
			break
		}
	}
	for _, x := range causes {
		if x.weight > 0 {
			out = append(out, x)
		}
	}
	return out
}

// common are the natures in the order in which one would check them.
var common = []string{"network", "permission", "not-found", "crash", "unhealthy", "capacity", "quota", "throttled"}

func commonness(nature string) int {
	if i := slices.Index(common, nature); i >= 0 {
		return i
	}
	return len(common)
}
