package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/report"
	content "github.com/ecsplain/ecsplain/playbooks"
)

func (a *app) playbooksCommand() *cobra.Command {
	cmd := group(&cobra.Command{Use: "playbooks", Short: "List, show and check playbooks: the causes that ecsplain knows"})
	cmd.AddCommand(a.playbooksList(), a.playbooksShow(), a.playbooksCheck())
	return cmd
}

// listed is a playbook in the JSON list.
type listed struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Case     string   `json:"case"`
	Symptoms []string `json:"symptoms"`
}

func (a *app) playbooksList() *cobra.Command {
	var format, dir string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the causes that ecsplain knows",
		Args:  arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf(cmd, "format", format, "text", "json"); err != nil {
				return err
			}
			all, err := loadPlaybooks(dir)
			if err != nil {
				return err
			}
			if format == "json" {
				out := make([]listed, 0, len(all))
				for _, p := range all {
					out = append(out, listed{p.ID, p.Title, p.Case, p.Symptoms})
				}
				e := json.NewEncoder(a.stdout)
				e.SetIndent("", "  ")
				return e.Encode(out)
			}
			for _, p := range all {
				fmt.Fprintf(a.stdout, "%-34s %-11s %s\n", p.ID, p.Case, p.Title)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	cmd.Flags().StringVar(&dir, "playbooks", "", "folder of playbooks of your own, besides those built in")
	return cmd
}

func (a *app) playbooksShow() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show one cause: how it is proven, how to fix it, and what an interviewer asks",
		Args:  arguments(1, 1, "the id of a playbook, as in ecsplain playbooks list"),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := loadPlaybooks(dir)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(all, func(p *diagnose.Playbook) bool { return p.ID == args[0] })
			if i < 0 {
				var ids []string
				for _, p := range all {
					ids = append(ids, p.ID)
				}
				return usagef("ecsplain playbooks list", "there is no playbook %q%s", args[0], didYouMean(args[0], ids))
			}
			return report.Playbook(a.stdout, all[i], definition(all[i].ID), a.textOptions(false))
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			all, err := loadPlaybooks("")
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			var ids []string
			for _, p := range all {
				ids = append(ids, p.ID+"\t"+p.Title)
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.Flags().StringVar(&dir, "playbooks", "", "folder of playbooks of your own, besides those built in")
	return cmd
}

// definition is what the closed list of ids says of one; "" for an id of one's own.
func definition(id string) string {
	list, err := fs.ReadFile(content.FS, "ids.txt")
	if err != nil {
		return ""
	}
	for _, line := range strings.Split(string(list), "\n") {
		if name, words, ok := strings.Cut(line, " "); ok && strings.TrimSuffix(name, ":") == id {
			return strings.TrimSpace(words)
		}
	}
	return ""
}
