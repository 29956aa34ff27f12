package message

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed catalogue/*.yaml
var files embed.FS

// The shape of catalogue/FAMILY.yaml.
type familyFile struct {
	Family string     `yaml:"family"`
	Cases  []caseFile `yaml:"cases"`
}

type caseFile struct {
	ID        string      `yaml:"id"`
	Surfaces  []string    `yaml:"surfaces"`
	AppliesTo string      `yaml:"applies_to"`
	Step      string      `yaml:"step"`
	Nature    string      `yaml:"nature"`
	Normal    bool        `yaml:"normal"`
	Forms     []formFile  `yaml:"forms"`
	Says      string      `yaml:"says"`
	Not       []string    `yaml:"not"`
	Launch    string      `yaml:"launch"`
	Causes    []causeFile `yaml:"causes"`
}

// formFile has exactly one of text, field and state.
type formFile struct {
	Text       string   `yaml:"text"`     // AWS's words, <placeholders> for what varies
	Field      string   `yaml:"field"`    // path=value of an API answer or event; read by others, never searched in texts
	State      string   `yaml:"state"`    // a symptom without any message, in our words
	Recalled   bool     `yaml:"recalled"` // no source confirms this wording
	Shape      bool     `yaml:"shape"`    // our own: the words that several wordings share
	Outer      bool     `yaml:"outer"`    // says that something failed, not what: anything inside it tells more
	Whole      bool     `yaml:"whole"`    // only when it is the entire text, save for dots at its end and AWS's words before every reason
	SameTextAs []string `yaml:"same_text_as"`
}

type causeFile struct {
	Text        string `yaml:"text"`
	Look        string `yaml:"look"` // a name of looks.yaml or a command
	Playbook    string `yaml:"playbook"`
	Undecidable string `yaml:"undecidable"`
}

type catalogue struct {
	cases []caseFile
	byID  map[string]int
	looks map[string]string
	index *index
}

var load = sync.OnceValue(func() *catalogue {
	c, err := open(files)
	if err != nil {
		panic("message: the embedded catalogue is broken: " + err.Error()) // a test reads it
	}
	return c
})

func open(fsys fs.FS) (*catalogue, error) {
	c := &catalogue{byID: map[string]int{}}
	names, err := fs.Glob(fsys, "catalogue/*.yaml")
	if err != nil {
		return nil, err
	}
	families := make([]familyFile, len(names))
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names { // decoding takes most of the time of a start
		wg.Go(func() {
			if path.Base(name) == "looks.yaml" {
				errs[i] = strict(fsys, name, &c.looks)
			} else {
				errs[i] = strict(fsys, name, &families[i])
			}
		})
	}
	wg.Wait()
	for i, name := range names {
		if errs[i] != nil {
			return nil, fmt.Errorf("%s: %w", name, errs[i])
		}
		if want := strings.TrimSuffix(path.Base(name), ".yaml"); want != "looks" && families[i].Family != want {
			return nil, fmt.Errorf("%s: family is %q, want the file's name", name, families[i].Family)
		}
		c.cases = append(c.cases, families[i].Cases...)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

func strict(fsys fs.FS, name string, into any) error {
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	return yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(into)
}

// check holds every case against the closed lists, and files its forms.
func (c *catalogue) check() error {
	var forms []form
	for i, k := range c.cases {
		if _, twice := c.byID[k.ID]; twice {
			return fmt.Errorf("case %s: is there twice", k.ID)
		}
		c.byID[k.ID] = i
		for _, on := range []struct {
			what, value string
			list        []string
		}{{"family", strings.SplitN(k.ID, "/", 2)[0], Families}, {"step", k.Step, Steps}, {"nature", k.Nature, Natures}, {"applies_to", k.AppliesTo, []string{"fargate", "fargate+ec2", "ec2"}}} {
			if !slices.Contains(on.list, on.value) {
				return fmt.Errorf("case %s: %s %q is not one of %s", k.ID, on.what, on.value, strings.Join(on.list, ", "))
			}
		}
		for _, s := range k.Surfaces {
			if !slices.Contains(surfaces, s) {
				return fmt.Errorf("case %s: surface %q is not one of %s", k.ID, s, strings.Join(surfaces, ", "))
			}
		}
		for j, cause := range k.Causes {
			if look, ok := c.looks[cause.Look]; ok {
				k.Causes[j].Look = look
			} else if cause.Look != "" && !strings.HasPrefix(cause.Look, "aws ") {
				return fmt.Errorf("case %s: look %q is neither a name of looks.yaml nor an aws command", k.ID, cause.Look)
			}
		}
		for _, w := range k.Forms {
			f, err := w.form(i)
			if err != nil {
				return fmt.Errorf("case %s: %w", k.ID, err)
			}
			if w.Text != "" {
				forms = append(forms, f)
			}
		}
	}
	c.index = newIndex(forms)
	return nil
}

var surfaces = []string{SurfaceStoppedReason, SurfaceContainerReason, SurfaceServiceEvent, SurfaceRunTaskFailure, SurfaceLog}

// Ranks of forms: a confirmed wording beats our own summary of wordings, which beats a wording from memory; whatever
// says only that something failed comes last.
const (
	rankOuter = iota
	rankRecalled
	rankShape
	rankConfirmed
)

func (w formFile) form(of int) (form, error) {
	n := 0
	for _, s := range []string{w.Text, w.Field, w.State} {
		if s != "" {
			n++
		}
	}
	if n != 1 {
		return form{}, fmt.Errorf("a form has %d of text, field and state, want one", n)
	}
	if w.Text == "" {
		return form{}, nil
	}
	f, err := parseForm(bare(w.Text))
	f.text, f.of, f.recalled, f.whole, f.rank = w.Text, of, w.Recalled, w.Whole, rankConfirmed
	switch {
	case w.Outer:
		f.rank = rankOuter
	case w.Recalled:
		f.rank = rankRecalled
	case w.Shape:
		f.rank = rankShape
	}
	return f, err
}

// bare takes AWS's category off a form that is distinct without it: tools that quote a message often leave it out.
func bare(text string) string {
	head, rest, ok := strings.Cut(text, ": ")
	if !ok || categoryOf[squeeze(head)] == "" {
		return text
	}
	if f, err := parseForm(rest); err != nil || f.fixed < 30 || f.holes[0].name != "" {
		return text
	}
	return rest
}
