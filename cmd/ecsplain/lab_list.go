package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/lab"
)

// listedScenario is a scenario as lab list --format json shows it.
type listedScenario struct {
	Name       string   `json:"name"`
	Difficulty int      `json:"difficulty"` // 1 to 5; 0 = not graded
	Par        string   `json:"par"`        // the time a practised person needs, as in 12m; "" = not timed
	Guide      []string `json:"guide"`      // parts of the interview guide
	Ticket     string   `json:"ticket"`
	Target     string   `json:"target"`
	Answer     string   `json:"answer,omitempty"` // with --answers
	Title      string   `json:"title,omitempty"`  // with --answers
}

// firstScenarios are the three to start with.
var firstScenarios = []string{"no-way-out", "wrong-hat", "tag-you-are-not-it"}

// listing is what the flags of lab list say.
type listing struct {
	guide            string
	difficulty       int
	tickets, answers bool
	format           string
}

func (a *app) labList() *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the scenarios: broken services, the easiest first",
		Long: `List the scenarios: broken services, the easiest first. DIFFICULTY is 1 (one look tells) to 5 (several services, the loudest
symptom is not the cause), PAR the time that a practised person needs, GUIDE the parts of the interview guide that it
trains: ` + strings.Join(lab.GuideParts(), ", ") + `.`,
		Example: `  ecsplain lab list --difficulty 1
  ecsplain lab list --guide lab-alb --tickets`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := l.check(cmd); err != nil {
				return err
			}
			all, err := lab.Scenarios()
			if err != nil {
				return err
			}
			out := l.choose(all)
			if l.format == "json" {
				e := json.NewEncoder(a.stdout)
				e.SetIndent("", "  ")
				return e.Encode(out)
			}
			a.printScenarios(out, l)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&l.guide, "guide", "", "only those that train this `PART` of the interview guide")
	f.IntVar(&l.difficulty, "difficulty", 0, "only those as difficult as `N`, 1 to 5")
	f.BoolVar(&l.tickets, "tickets", false, "tell each ticket: the symptom, as somebody reports it")
	f.BoolVar(&l.answers, "answers", false, "give the answers away, too")
	f.StringVar(&l.format, "format", "text", "text or json")
	return cmd
}

func (l listing) check(cmd *cobra.Command) error {
	if l.guide != "" {
		if err := oneOf(cmd, "guide", l.guide, lab.GuideParts()...); err != nil {
			return err
		}
	}
	if l.difficulty < 0 || l.difficulty > 5 || l.difficulty == 0 && cmd.Flags().Changed("difficulty") {
		return usagef(cmd.CommandPath()+" --difficulty 1", "--difficulty %d: want 1 to 5", l.difficulty)
	}
	return oneOf(cmd, "format", l.format, "text", "json")
}

// choose are the scenarios that the flags ask for, the easiest and shortest first, those that are not graded last.
func (l listing) choose(all []lab.Scenario) []listedScenario {
	all = slices.DeleteFunc(slices.Clone(all), func(s lab.Scenario) bool {
		return l.guide != "" && !slices.Contains(s.Guide, l.guide) || l.difficulty > 0 && s.Difficulty != l.difficulty
	})
	slices.SortStableFunc(all, func(a, b lab.Scenario) int {
		if (a.Difficulty == 0) != (b.Difficulty == 0) {
			return cmp.Compare(b.Difficulty, a.Difficulty)
		}
		return cmp.Or(cmp.Compare(a.Difficulty, b.Difficulty), cmp.Compare(parOf(a), parOf(b)), cmp.Compare(a.Name, b.Name))
	})
	out := []listedScenario{}
	for _, s := range all {
		one := listedScenario{Name: s.Name, Difficulty: s.Difficulty, Par: s.Par, Guide: append([]string{}, s.Guide...), Ticket: strings.Join(strings.Fields(s.Brief), " "), Target: s.Target}
		if l.answers {
			one.Answer, one.Title = s.Answer.ID, s.Title
		}
		out = append(out, one)
	}
	return out
}

// parOf is 0 for a scenario without one; ParseScenario refuses one that is no time.
func parOf(s lab.Scenario) time.Duration {
	d, _ := time.ParseDuration(s.Par)
	return d
}

func (a *app) printScenarios(all []listedScenario, l listing) {
	width := a.columns()
	fmt.Fprintf(a.stdout, "%s, the easiest first, those without a grade last. Start one: ecsplain lab up NAME\nNew here? Begin with %s.\n\n", counted(len(all), "broken service"), strings.Join(firstScenarios, ", "))
	fmt.Fprintln(a.stdout, "NAME                          DIFFICULTY   PAR  GUIDE")
	for _, s := range all {
		difficulty := ""
		if s.Difficulty > 0 {
			difficulty = strconv.Itoa(s.Difficulty)
		}
		fmt.Fprintln(a.stdout, strings.TrimRight(fmt.Sprintf("%-29s %10s %5s  %s", s.Name, difficulty, s.Par, strings.Join(s.Guide, ", ")), " "))
		if l.tickets {
			fmt.Fprint(a.stdout, indented(s.Ticket, width))
		}
		if l.answers {
			fmt.Fprint(a.stdout, indented("("+s.Answer+": "+s.Title+")", width))
		}
	}
}

// columns is how wide running text is laid out: the terminal's width where it is told and reads well, else 80.
func (a *app) columns() int {
	if w := a.textOptions(false).Width; w >= 40 && w <= 100 {
		return w
	}
	return 80
}

// indented breaks a text into lines of at most width columns, four of them blank.
func indented(text string, width int) string {
	var b strings.Builder
	line := "   "
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width && line != "   " {
			b.WriteString(line + "\n")
			line = "   "
		}
		line += " " + word
	}
	return b.String() + line + "\n"
}
