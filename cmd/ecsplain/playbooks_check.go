package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/prove"
)

func (a *app) playbooksCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check FOLDER | FOLDER/ID.yaml",
		Short: "Type-check the playbooks of a folder and run their cases (ID.yaml with ID.txtar)",
		Long: `Type-check the playbooks of a folder, or one of them, and run their cases (ID.yaml with ID.txtar). Each case is put before its
own playbook; each that is confirmed is put before all playbooks at once too, the built-in ones with it, and a note says
which others claim the same failure.

Exit codes: 0 all is well; 3 a playbook is faulty or a case came out otherwise; 2 usage; 1 could not run.`,
		Example: `  ecsplain playbooks check ./my-playbooks
  ecsplain playbooks check ./my-playbooks/log.group-missing.yaml`,
		Args: arguments(1, 1, "one folder of playbooks, or one ID.yaml"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, only, err := checked(args[0])
			if err != nil {
				return err
			}
			own, err := openPlaybooks("", dir)
			if err != nil {
				return err
			}
			return a.check(cmd.Context(), own, only)
		},
	}
}

// checked takes a folder, or one file of a playbook, apart. only is "" for the whole folder.
func checked(path string) (dir, only string, err error) {
	at, err := os.Stat(path)
	if err != nil || at.IsDir() {
		return path, "", nil // openPlaybooks says what is wrong with it
	}
	id, ok := strings.CutSuffix(filepath.Base(path), ".yaml")
	if !ok {
		id, ok = strings.CutSuffix(filepath.Base(path), ".txtar")
	}
	if !ok {
		return "", "", usagef("ecsplain playbooks check "+filepath.Dir(path), "%s is no playbook; want a folder, or a file named FAMILY.CAUSE.yaml", path)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(path), id+".yaml")); err != nil {
		return "", "", usagef("ls "+filepath.Dir(path), "%s has no %s.yaml beside it, whose cases it would be", path, id)
	}
	return filepath.Dir(path), id, nil
}

// check proves the playbooks of own, or only one of them. The built-in ones are there for the names that own mentions.
func (a *app) check(ctx context.Context, own fs.FS, only string) error {
	all, mine, err := joinPlaybooks(own)
	faults := faultsOf(err)
	if only != "" {
		mine = slices.DeleteFunc(mine, func(p *diagnose.Playbook) bool { return p.ID != only })
		faults = slices.DeleteFunc(faults, func(err error) bool {
			var at *diagnose.SourceError
			return errors.As(err, &at) && at.File != only+".yaml"
		})
	}
	if len(faults) > 0 {
		for _, err := range faults {
			fmt.Fprintln(a.stdout, err)
		}
		fmt.Fprintf(a.stdout, "%s; the cases were not run\n", counted(len(faults), "fault"))
		a.code = exitConfirmed
		return nil
	}
	res, err := prove.CheckCases(ctx, mine, own)
	if err != nil {
		return err
	}
	for _, f := range res.Failures {
		fmt.Fprintln(a.stdout, f)
	}
	if err := a.noteRivals(ctx, all, mine, own); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s, %s, %s\n", counted(res.Playbooks, "playbook"), counted(res.Cases, "case"), counted(len(res.Failures), "failure"))
	if len(res.Failures) > 0 {
		a.code = exitConfirmed
	}
	return nil
}

// noteRivals says which confirmed cases of mine are claimed by other playbooks as well: one fault should be one answer.
func (a *app) noteRivals(ctx context.Context, all, mine []*diagnose.Playbook, own fs.FS) error {
	for _, p := range mine {
		cases, err := prove.Cases(p.ID, own)
		if err != nil {
			continue // told among the failures
		}
		for _, c := range cases {
			if c.Verdict != "confirmed" {
				continue
			}
			ids, err := prove.Claims(ctx, all, c)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil && slices.Contains(ids, p.ID) && len(ids) > 1 {
				fmt.Fprintf(a.stdout, "note: %s: %s/%s: all playbooks together confirm %s; one fault should be one answer\n", p.ID, c.Verdict, c.Name, strings.Join(ids, ", "))
			}
		}
	}
	return nil
}

// faultsOf takes a joined error apart.
func faultsOf(err error) (out []error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			out = append(out, faultsOf(e)...)
		}
		return out
	}
	if err != nil {
		out = append(out, err)
	}
	return out
}

// counted is "1 case" or "2 cases".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
