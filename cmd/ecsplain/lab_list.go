package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/lab"
)

// listedScenario is a scenario as lab list --format json shows it.
type listedScenario struct {
	Name   string `json:"name"`
	Ticket string `json:"ticket"`
	Target string `json:"target"`
	Answer string `json:"answer,omitempty"` // with --answers
	Title  string `json:"title,omitempty"`  // with --answers
}

func (a *app) labList() *cobra.Command {
	var answers bool
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the scenarios: broken services, told by their symptom",
		Args:  arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf(cmd, "format", format, "text", "json"); err != nil {
				return err
			}
			all, err := lab.Scenarios()
			if err != nil {
				return err
			}
			out := []listedScenario{}
			for _, s := range all {
				l := listedScenario{Name: s.Name, Ticket: strings.Join(strings.Fields(s.Brief), " "), Target: s.Target}
				if answers {
					l.Answer, l.Title = s.Answer.ID, s.Title
				}
				out = append(out, l)
			}
			if format == "json" {
				e := json.NewEncoder(a.stdout)
				e.SetIndent("", "  ")
				return e.Encode(out)
			}
			a.printScenarios(out)
			return nil
		},
	}
	cmd.Flags().BoolVar(&answers, "answers", false, "give the answers away, too")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

func (a *app) printScenarios(all []listedScenario) {
	width := a.columns()
	fmt.Fprintf(a.stdout, "%d broken services. The name stands first, then the ticket. Start one: ecsplain lab up NAME\n\n", len(all))
	for _, s := range all {
		fmt.Fprintf(a.stdout, "%s\n%s", s.Name, indented(s.Ticket, width))
		if s.Answer != "" {
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
