package lab

import (
	"os"
	"strings"
	"testing"
)

// shownScenario is the scenario that docs/scenarios.md shows.
func shownScenario(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(doc), "```yaml\n")
	text, _, closed := strings.Cut(rest, "```\n")
	if !found || !closed {
		t.Fatal("docs/scenarios.md shows no scenario")
	}
	return text
}

// The scenario of the documentation is one: it breaks, heals, and is not cheated.
func TestScenarioOfTheDocumentation(t *testing.T) {
	s, err := ParseScenario("documented", []byte(shownScenario(t)))
	if err != nil {
		t.Fatal(err)
	}
	harmless(t, s, 1)
	try(t, s, 1, "as it is", nil, false)
	try(t, s, 1, "solve", s.Solve, true)
	for _, steps := range s.Cheat {
		try(t, s, 1, "cheat", steps, false)
	}
}

// Every rule for what a scenario teaches has an error that says the rule.
func TestExercisesAreStrict(t *testing.T) {
	good := shownScenario(t)
	for _, c := range []struct{ old, new, want string }{
		{"base: nat ", "base: nut ", `base is "nut"; it can be nat, endpoints, web`},
		{"difficulty: 2", "difficulty: 9", "difficulty is 9; write 1 to 5"},
		{"par: 8m", "par: quick", `par is "quick"; write the time a practised person needs, as in 12m`},
		{"guide: [logs, pending]", "guide: [log]", `guide has "log"; it can be pending, memory`},
		{"    fact: The edit allows one thing more, which no start uses.\n", "", "herrings[0]: looks, fact and blames are all needed"},
		{"blames: orders-execution", "blames: /ecs/orders", "herrings[0] blames /ecs/orders, which is the answer"},
		{"  - {cost: 5,", "  - {cost: 20,", "hints[1] costs 15 after 20; each costs more than the one before"},
		{"{cost: 30,", "{cost: 70,", "hints[2] costs 70"},
		{"text: Which step", "text: Type aws logs and see which step", "hints[0] types a command"},
		{"  - {cost: 15,", "#  - {cost: 15,", "hints has 2; write at least 3"},
		{"  - {ask: What does", "#  - {ask: What does", "followups has 1; write at least 2"},
		{"ask: Can a log driver keep a container from starting?", `ask: ""`, "followups[0]: ask and answer are both needed"},
		{"debrief: |\n", "debrief: a word\nxdebrief: |\n", `unknown field "xdebrief"`},
		{"answer: {id: log.group-missing, subject: /ecs/orders}", "answer: {id: none}", `the answer is "none", so there is nothing to solve`},
		{"cheat: ", "cheat: []\nother: ", `unknown field "other"`},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Errorf("%q is not in the documented scenario", c.old)
			continue
		}
		if _, err := ParseScenario("x", []byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.new, err, c.want)
		}
	}
	short := good[:strings.Index(good, "debrief:")] + "debrief: Too short.\n"
	if _, err := ParseScenario("x", []byte(short)); err == nil || !strings.Contains(err.Error(), "debrief has 2 words") {
		t.Errorf("a short debrief: %v", err)
	}
	bare := good[:strings.Index(good, "herrings:")] + good[strings.Index(good, "mutation:"):]
	if _, err := ParseScenario("x", []byte(bare)); err == nil || !strings.Contains(err.Error(), "herrings is empty") {
		t.Errorf("without herrings: %v", err)
	}
}
