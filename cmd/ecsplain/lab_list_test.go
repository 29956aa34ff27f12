package main

import (
	"slices"
	"testing"

	"github.com/ecsplain/ecsplain/lab"
)

func TestScenariosAreListedEasiestFirst(t *testing.T) {
	graded := func(name string, difficulty int, par string, guide ...string) lab.Scenario {
		return lab.Scenario{Name: name, Exercise: lab.Exercise{Difficulty: difficulty, Par: par, Guide: guide}}
	}
	all := []lab.Scenario{graded("a", 0, ""), graded("b", 3, "5m", "logs"), graded("c", 1, "1h"), graded("d", 1, "20m", "logs", "memory"), graded("e", 0, ""), graded("f", 1, "20m")}
	for _, c := range []struct {
		l    listing
		want []string
	}{
		{listing{}, []string{"d", "f", "c", "b", "a", "e"}},
		{listing{guide: "logs"}, []string{"d", "b"}},
		{listing{difficulty: 1}, []string{"d", "f", "c"}},
		{listing{guide: "memory", difficulty: 3}, nil},
	} {
		var got []string
		for _, s := range c.l.choose(all) {
			got = append(got, s.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.l, got, c.want)
		}
	}
}

// Those to start with are there, and none of them is hard.
func TestFirstScenarios(t *testing.T) {
	for _, name := range firstScenarios {
		s, err := lab.FindScenario(name)
		if err != nil || s.Difficulty > 2 {
			t.Errorf("%s: difficulty %d, %v", name, s.Difficulty, err)
		}
	}
}
