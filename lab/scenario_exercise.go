package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Exercise is what a scenario has for the person who learns by it. It changes nothing in the account.
type Exercise struct {
	Difficulty int        `yaml:"difficulty"` // 1 (one look tells) to 5 (several services, the loudest symptom is not the cause)
	Par        string     `yaml:"par"`        // the time a practised person needs, as in 12m
	Guide      []string   `yaml:"guide"`      // which parts of the interview guide it trains, of guideParts; may be empty
	Hints      []Hint     `yaml:"hints"`      // from a nudge to the cause, dearer each time
	Followups  []Followup `yaml:"followups"`  // what an interviewer asks next
	Debrief    string     `yaml:"debrief"`    // the model answer: what is broken, why it looks like this, what rules the others out, how to prevent it
}

// Herring is a true and harmless fact that looks guilty.
type Herring struct {
	Looks  string `yaml:"looks"`  // what a person notices
	Fact   string `yaml:"fact"`   // why it has nothing to do with it
	Blames string `yaml:"blames"` // the resource that must not be named as a cause, as a placeholder
	Steps  []Step `yaml:"steps"`  // makes it so, on the healthy account
}

// Hint is one of the hints of a scenario. Cost is in points of a hundred.
type Hint struct {
	Cost int    `yaml:"cost"`
	Text string `yaml:"text"`
}

// Followup is a question after the answer, and what a good reply contains.
type Followup struct {
	Ask    string `yaml:"ask"`
	Answer string `yaml:"answer"`
}

var guideParts = []string{"pending", "memory", "image-pull", "logs", "throttling", "lab-alb", "lab-sqs", "lab-monitoring", "lab-efs"}

// GuideParts are the parts of the interview guide that a scenario may train.
func GuideParts() []string { return slices.Clone(guideParts) }

// check says what is wrong with an exercise, and what to write instead.
func (e Exercise) check(s Scenario) error {
	if e.Difficulty < 1 || e.Difficulty > 5 {
		return fmt.Errorf("difficulty is %d; write 1 to 5", e.Difficulty)
	}
	if d, err := time.ParseDuration(e.Par); err != nil || d <= 0 {
		return fmt.Errorf("par is %q; write the time a practised person needs, as in 12m", e.Par)
	}
	for _, g := range e.Guide {
		if !slices.Contains(guideParts, g) {
			return fmt.Errorf("guide has %q; it can be %s", g, strings.Join(guideParts, ", "))
		}
	}
	if len(s.Herrings) == 0 {
		return fmt.Errorf("herrings is empty; a scenario has at least one true fact that looks guilty and is not")
	}
	for i, h := range s.Herrings {
		if strings.TrimSpace(h.Looks) == "" || strings.TrimSpace(h.Fact) == "" || h.Blames == "" {
			return fmt.Errorf("herrings[%d]: looks, fact and blames are all needed", i)
		}
		if h.Blames == s.Answer.Subject {
			return fmt.Errorf("herrings[%d] blames %s, which is the answer", i, h.Blames)
		}
	}
	return e.checkHints()
}

func (e Exercise) checkHints() error {
	if len(e.Hints) < 3 {
		return fmt.Errorf("hints has %d; write at least 3, from a nudge to the cause", len(e.Hints))
	}
	before := 0
	for i, h := range e.Hints {
		if h.Cost <= before || h.Cost > 40 || strings.TrimSpace(h.Text) == "" {
			return fmt.Errorf("hints[%d] costs %d after %d; each costs more than the one before, at most 40, and has a text", i, h.Cost, before)
		}
		if strings.Contains(h.Text, "aws ") && i < len(e.Hints)-1 {
			return fmt.Errorf("hints[%d] types a command; a hint says where to look", i)
		}
		before = h.Cost
	}
	if len(e.Followups) < 2 {
		return fmt.Errorf("followups has %d; write at least 2", len(e.Followups))
	}
	for i, f := range e.Followups {
		if strings.TrimSpace(f.Ask) == "" || strings.TrimSpace(f.Answer) == "" {
			return fmt.Errorf("followups[%d]: ask and answer are both needed", i)
		}
	}
	if len(strings.Fields(e.Debrief)) < 40 {
		return fmt.Errorf("debrief has %d words; it is the model answer and needs at least 40", len(strings.Fields(e.Debrief)))
	}
	return nil
}
