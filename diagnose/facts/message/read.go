package message

import (
	"slices"
	"strings"
)

// Read reads a text seen on a surface. It returns at least one reading, several where AWS joined several failures or
// where the text is JSON with several messages.
func Read(surface, text string) []Reading {
	c := load()
	pieces := unwrap(text)
	out := make([]Reading, 0, len(pieces))
	for _, p := range pieces {
		out = append(out, c.read(surface, p))
	}
	return out
}

// ReadOne returns the most telling reading of a text.
func ReadOne(surface, text string) Reading {
	all := Read(surface, text)
	return all[MostTelling(all)]
}

// MostTelling is the number of the most telling of readings: one of a known case rather than none, a confirmed form
// rather than a recalled one, a failure rather than a normal message, the first of equals.
func MostTelling(all []Reading) int {
	best := 0
	for i := range all {
		if telling(all[i]) > telling(all[best]) {
			best = i
		}
	}
	return best
}

func telling(r Reading) int {
	n := 0
	if r.Symptom != "" {
		n += 4
	}
	if r.Nature != "" {
		n += 2
	}
	if !r.Recalled {
		n++
	}
	if r.Normal {
		n -= 5
	}
	return n
}

// Symptoms returns every case id, sorted.
func Symptoms() []string {
	c := load()
	ids := make([]string, 0, len(c.cases))
	for _, k := range c.cases {
		ids = append(ids, k.ID)
	}
	slices.Sort(ids)
	return ids
}

// Known reports whether a case id is in the catalogue.
func Known(symptom string) bool {
	_, ok := load().byID[symptom]
	return ok
}

func (c *catalogue) read(surface string, p piece) Reading {
	s := c.index.pool.Get().(*scratch)
	defer c.index.pool.Put(s)
	s.q.reset()
	s.q.add(p.text)
	r := Reading{Text: p.text, Surface: surface, Wrappers: p.wrappers, Category: category(&s.q)}
	if r.Wrappers == nil {
		r.Wrappers = []string{}
	}
	guessed := r.Surface == SurfaceUnknown
	if guessed {
		r.Surface = guessSurface(p.text, r.Category)
	}
	anywhere := guessed && r.Surface == SurfaceRunTaskFailure // an API's refusal is shown by whatever called it
	f, holes := c.index.best(s, func(f *form) bool { return anywhere || c.on(f.of, r.Surface) })
	r.Fields = fieldsOf(p.text, s.q.low)
	if f != nil {
		k := c.cases[f.of]
		r.Symptom, r.Family, r.Step, r.Nature, r.Normal, r.Recalled = k.ID, family(k.ID), k.Step, k.Nature, k.Normal, f.recalled
		r.Fields.fill(f, holes, &s.q, p.wrapped)
		if anywhere && !slices.Contains(k.Surfaces, r.Surface) {
			r.Surface = k.Surfaces[0]
		}
	}
	if r.Normal {
		return r
	}
	c.layers(&r, s, f)
	return r
}

// layers adds what the text gives away apart from its exact form.
func (c *catalogue) layers(r *Reading, s *scratch, f *form) {
	step, nature := r.Step, r.Nature
	vague := f == nil || f.rank == rankOuter
	if step == "" && (vague || r.Symptom == "iam/access-denied/suffix") {
		r.Step = find(stepLayers, s.q.low)
	}
	switch {
	case nature == "":
		r.Nature = find(natureLayers, s.q.low)
	case nature == "network" && find(natureLayers[dnsLayer:dnsLayer+1], s.q.low) != "":
		r.Nature = "dns"
	}
	if f == nil && r.Nature != "" && len(r.Text) < longestCut && looksCut(r.Text) {
		c.guessCut(r, s)
	}
	if r.Family == "" {
		r.Family = stepFamily[r.Step]
		if r.Family == "capacity" && r.Nature == "permission" {
			r.Family = "iam"
		}
	}
}

var dnsLayer = slices.IndexFunc(natureLayers, func(l layer) bool { return l.says == "dns" })

// on reports whether a form is looked for on a surface. Only log lines are kept apart: an application may print
// anything, so what counts in a log says nothing in AWS's own texts.
func (c *catalogue) on(of int, surface string) bool {
	if surface == SurfaceUnknown || surface == SurfaceLog {
		return true
	}
	at := c.cases[of].Surfaces
	return len(at) == 0 || len(at) > 1 || at[0] != SurfaceLog
}

// guessSurface tells where a text without a surface must come from.
func guessSurface(text, category string) string {
	low := asciiLower(text[:min(len(text), 400)])
	switch {
	case strings.HasPrefix(low, "(service ") || strings.HasPrefix(low, "service ") && (strings.Contains(low, " was unable to ") || strings.Contains(low, " has ") || strings.Contains(low, "deployment") || strings.Contains(low, " is ")):
		return SurfaceServiceEvent
	case strings.HasSuffix(category, "Error") || category == "TaskFailedToStart":
		return SurfaceStoppedReason
	case strings.HasSuffix(category, "Exception") && category != "AccessDeniedException" && category != "ThrottlingException" && category != "ResourceNotFoundException":
		return SurfaceRunTaskFailure
	}
	return SurfaceUnknown
}

// longestCut bounds, in bytes, a text of which one may tell by its end what it would have said.
const longestCut = 8 << 10

// looksCut reports whether the end of a text may be missing: AWS cuts at 255 or 1024 characters, people write dots.
func looksCut(text string) bool {
	n := len([]rune(text))
	return n >= 250 && n <= 256 || n >= 1000 && n <= 1024 || strings.HasSuffix(text, "...") || strings.HasSuffix(text, "…")
}

// leastCut is how many fixed characters of a form must be there before a cut text counts as that form.
const leastCut = 40

// guessCut finds the case of a text that was cut short: the one whose form leads up to the end, if what can be read
// already shows the same nature and no other case fits as well.
func (c *catalogue) guessCut(r *Reading, s *scratch) {
	end := len(s.q.low)
	for end > 0 && s.q.low[end-1] == '.' { // the dots of whoever cut it
		end--
	}
	s.q.low = s.q.low[:end]
	best, of := leastCut, -1
	for i := range c.index.forms {
		f := &c.index.forms[i]
		k := c.cases[f.of]
		if f.rank == rankOuter || k.Nature != r.Nature && !(k.Nature == "network" && r.Nature == "dns") || !c.on(f.of, r.Surface) {
			continue
		}
		switch n := f.cut(&s.q); {
		case n > best:
			best, of = n, f.of
		case n == best && of >= 0 && f.of != of:
			of = -2 // two cases fit as well: none is told
		}
	}
	if of < 0 {
		return
	}
	k := c.cases[of]
	r.Symptom, r.Family = k.ID, family(k.ID)
	if k.Step != "" {
		r.Step = k.Step
	}
}

func family(id string) string {
	f, _, _ := strings.Cut(id, "/")
	return f
}
